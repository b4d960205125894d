//! The platform is asked before an order is placed, and buyers do something about its answer.

use super::shop::Wish;
use super::state::World;
use crate::course::Course;
use crate::dice::Purpose;
use crate::event::Number;
use crate::platform::{Answer, Asked, Platform};
use crate::truth::{Ending, Intent, OrderTruth};
use probity_primitives::Timestamp;

impl<P: Platform> World<'_, P> {
    /// What comes of a wish once the platform has answered; none if the order does not happen.
    pub(super) fn let_through(
        &mut self,
        merchant: Number,
        buyer: Number,
        wish: &Wish,
        course: &Course,
        at: Timestamp,
    ) -> Option<Wish> {
        self.asked += 1;
        let value = wish.goods + wish.freight;
        let answer = self.platform.asked(&Asked {
            order: self.order_count + 1,
            merchant,
            buyer,
            at,
            value,
            category: wish.category,
            method: course.method.word(),
        });
        let Answer::Approve { most, proof } = answer else { return None };
        let most = most.unwrap_or(value);
        if most >= value && !proof {
            return Some(*wish);
        }
        let customs = &self.setting.world.payments;
        let mut dice = self.dice(Purpose::Answer, buyer, self.asked);
        let (proven, settles) = (dice.unit(), dice.unit());
        // Who pays with another's card rarely has the second factor, too.
        let passes =
            if course.intent == Intent::StolenCard { customs.step_up_thief } else { customs.step_up_honest };
        if proof && proven >= passes {
            return None;
        }
        // A cheat takes what it can get; an honest buyer may have wanted just this article.
        let chance = if self.customer(buyer).cheats { 1.0 } else { customs.settles };
        if most >= value { Some(*wish) } else { wish.within(most, settles < chance) }
    }

    /// The truth about an order that does not happen.
    pub(super) fn turned_away(
        &self,
        merchant: Number,
        buyer: Number,
        wish: &Wish,
        course: &Course,
        at: Timestamp,
    ) -> OrderTruth {
        let value = wish.goods + wish.freight;
        OrderTruth {
            order: 0,
            merchant,
            buyer,
            placed_at: at,
            intent: course.intent,
            would: course.would,
            did: Ending::Stopped,
            value,
            wanted: value,
            discount: 0,
            paid: 0,
            refunded: 0,
            charged_back: 0,
            released: 0,
            fee: 0,
            held: 0,
            harm: 0,
        }
    }
}

/// Less than this is no order, in minor units.
const SMALLEST: i64 = 100;

impl Wish {
    /// As many items as a limit allows; else, for whoever settles for it, something cheaper.
    fn within(&self, most: i64, settles: bool) -> Option<Self> {
        let items = i64::from(self.items.max(1));
        let fit = most / ((self.goods + self.freight) / items).max(1);
        if fit >= 1 {
            let items_left = fit.min(items);
            let part = |amount: i64| amount / items * items_left;
            let (goods, freight) = (part(self.goods), part(self.freight));
            return Some(Self { items: items_left as u8, goods, freight, ..*self });
        }
        let freight = self.freight / items;
        let goods = most - freight;
        (settles && goods >= SMALLEST).then_some(Self { items: 1, goods, freight, ..*self })
    }
}
