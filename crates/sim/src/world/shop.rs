//! Buyers come, choose a merchant by price, badge and reviews, and order.

use super::state::{Action, Open, Step, World};
use crate::archetype::Scheme;
use crate::course::{Complaint, Course, Deal, Method, days, hours};
use crate::dice::{Dice, Purpose, Urn};
use crate::event::{Field, Kind, Named, Number, Value};
use crate::party::{NO_LINE, NOBODY};
use crate::platform::Platform;
use crate::shape::draw;
use crate::truth::{Ending, Intent};
use probity_primitives::{Day, Timestamp};

/// What an order is about, before its course is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wish {
    pub(super) category: u16,
    pub(super) items: u8,
    pub(super) goods: i64,
    pub(super) freight: i64,
}

/// Month of the year from 0, and day of the week from Monday = 0.
fn month_and_weekday(day: Day) -> (usize, usize) {
    // 1970-01-01 was a Thursday.
    (day.month().rem_euclid(12) as usize, (day.0 + 3).rem_euclid(7) as usize)
}

impl<P: Platform> World<'_, P> {
    /// How often orders are placed on a day, relative to the best possible one.
    fn season(&self, day: Day) -> f64 {
        let demand = &self.setting.honest.demand;
        let (month, weekday) = month_and_weekday(day);
        let share = |weights: &[f64], at: usize| {
            weights[at] / weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max)
        };
        share(&demand.month_weights, month) * share(&demand.weekday_weights, weekday)
    }

    /// The mean of [`World::season`] over a year, so that rates come out as they are set.
    pub(super) fn mean_season(&self) -> f64 {
        let demand = &self.setting.honest.demand;
        let mean = |weights: &[f64]| {
            let most = weights.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
            weights.iter().sum::<f64>() / weights.len() as f64 / most
        };
        mean(&demand.month_weights) * mean(&demand.weekday_weights)
    }

    /// Plans a buyer's next visit.
    pub(super) fn comes_again(&mut self, number: Number, at: Timestamp, mean_season: f64) {
        let buyer = &self.buyers[number as usize];
        if buyer.rate <= 0.0 {
            return;
        }
        let mut dice = self.dice(Purpose::Return, number, buyer.visits);
        // A discount brings a buyer more often.
        let off = buyer.standing.grants.map_or(0.0, |grants| f64::from(grants.discount) / 10_000.0);
        let rate = buyer.rate * (1.0 + self.setting.world.market.discount_response * off);
        let gap = dice.exponential(365.0 * mean_season / rate);
        if gap > 5_000.0 {
            return;
        }
        let then = at.plus(days(gap));
        let hour = dice.pick(&self.setting.honest.demand.hour_weights) as f64;
        let at_hour = then.day().start().plus(hours(hour + dice.unit()));
        self.calendar.plan(if at_hour > at { at_hour } else { then }, Action::Visit(number));
    }

    /// A visit: perhaps an order, and in any case the next visit.
    pub(super) fn visit(&mut self, number: Number, at: Timestamp, mean_season: f64) -> Result<(), P::Error> {
        let buyer = &mut self.buyers[number as usize];
        buyer.visits += 1;
        let (visits, trades, favourite, token) =
            (buyer.visits, buyer.standing.trades, buyer.favourite, buyer.token);
        self.comes_again(number, at, mean_season);
        let mut dice = self.dice(Purpose::Visit, number, visits);
        if !dice.chance(self.season(at.day())) || !trades {
            return Ok(());
        }
        let market = &self.setting.world.market;
        if dice.chance(self.setting.world.service.logins) {
            let fields =
                [(Field::Device, Value::Id(Named::Device, token)), (Field::NewDevice, Value::Truth(false))];
            self.tell(Kind::LoginSucceeded, at, (None, Some(number)), &fields)?;
        }
        let loyal = dice.chance(market.loyalty) && favourite != NOBODY;
        let category = dice.pick(&self.category_shares) as u16;
        let merchant =
            match loyal.then(|| &self.merchants[favourite as usize]).filter(|merchant| merchant.sells()) {
                Some(_) => Some(favourite),
                None => self.choose(category, &mut dice),
            };
        let Some(merchant) = merchant else { return Ok(()) };
        let wish = self.wish(merchant, &mut dice);
        self.place(merchant, number, &wish, at, &mut dice)
    }

    /// Among some merchants of a category that catch the eye, the one of most utility (a logit choice).
    pub(super) fn choose(&self, category: u16, dice: &mut Dice) -> Option<Number> {
        let market = &self.setting.world.market;
        let (members, urn) = &self.shops[usize::from(category)];
        let mut best: Option<(f64, Number)> = None;
        for _ in 0..market.candidates {
            let number = members[urn.draw(dice)? as usize];
            let merchant = &self.merchants[number as usize];
            let noise = dice.gumbel();
            if !merchant.sells() {
                continue;
            }
            let rating = merchant.shown_rating(market.rating_prior, market.rating_mean) - market.rating_mean;
            let utility = market.rating_weight * rating
                + market.badge_weight * f64::from(merchant.standing.badge)
                - market.price_weight * libm::log(merchant.shown_price(market.passed_on))
                + noise;
            if best.is_none_or(|(most, _)| utility > most) {
                best = Some((utility, number));
            }
        }
        best.map(|(_, number)| number)
    }

    /// What the buyer wants of a merchant.
    pub(super) fn wish(&self, merchant: Number, dice: &mut Dice) -> Wish {
        let basket = &self.setting.honest.basket;
        let merchant = &self.merchants[merchant as usize];
        let category = &self.setting.world.categories[usize::from(merchant.category)];
        let items = dice.pick(&basket.items) + 1;
        let level = merchant.shown_price(self.setting.world.market.passed_on);
        let median = basket.price_median * category.price * level * merchant.ticket;
        let price = draw(dice, median, basket.price_spread, &basket.price_shape).clamp(100.0, 1e8);
        let freight =
            draw(dice, basket.freight_median, basket.freight_spread, &basket.freight_shape).clamp(0.0, 1e7);
        Wish {
            category: merchant.category,
            items: items as u8,
            goods: price as i64 * items as i64,
            freight: freight as i64 * items as i64,
        }
    }

    /// Places an ordinary order.
    pub(super) fn place(
        &mut self,
        merchant: Number,
        buyer: Number,
        wish: &Wish,
        at: Timestamp,
        dice: &mut Dice,
    ) -> Result<(), P::Error> {
        let (seller, customer) = (self.seller(merchant), self.customer(buyer));
        let value = wish.goods + wish.freight;
        let credit = &self.setting.world.credit;
        let room = |line: u32| self.lines[line as usize].limit - self.lines[line as usize].outstanding;
        let line = self.buyers[buyer as usize].line;
        let on_credit = if line != NO_LINE && room(line) >= value {
            (credit.used * customer.draws).min(1.0)
        } else {
            0.0
        };
        let deal = Deal {
            setting: self.setting,
            merchant: &self.merchants[merchant as usize],
            seller,
            customer,
            placed: at,
            theft: self.steals(merchant, wish, dice),
            on_credit,
            strain: self.strain(merchant),
        };
        let mut course = deal.course(dice);
        let promotions = &self.setting.world.promotions;
        let uses = dice.chance((promotions.share * customer.promotions).min(1.0));
        let voucher =
            if uses { ((wish.goods as f64 * promotions.value) as i64).min(promotions.most) } else { 0 };
        if voucher > 0 && customer.cheats && customer.accounts[1] > 1 && course.intent == Intent::Honest {
            course.intent = Intent::PromotionAbuse;
        }
        self.order(merchant, buyer, wish, voucher, course, at)?;
        Ok(())
    }

    /// The merchant means to keep the money of this order.
    fn steals(&self, merchant: Number, wish: &Wish, dice: &mut Dice) -> bool {
        let fate = dice.unit();
        if self.merchants[merchant as usize].harvests {
            return true;
        }
        match &self.seller(merchant).scheme {
            Some(Scheme::ValueImbalance { above, cheats }) => {
                let category = &self.setting.world.categories[usize::from(wish.category)];
                let large = above * self.setting.honest.basket.price_median * category.price;
                wish.goods as f64 > large && fate < *cheats
            }
            Some(Scheme::Whitewash { cheats, .. }) => fate < *cheats,
            _ => false,
        }
    }

    /// How much longer than usual handling takes.
    fn strain(&self, merchant: Number) -> f64 {
        match &self.seller(merchant).scheme {
            Some(Scheme::Overwhelmed { capacity }) => {
                1.0 + f64::from(self.merchants[merchant as usize].waiting) / capacity
            }
            _ => 1.0,
        }
    }

    /// Asks the platform for an order; takes it in, tells of it and plans its payment. Its place among the open orders, or
    /// none if it does not happen.
    pub(super) fn order(
        &mut self,
        merchant: Number,
        buyer: Number,
        wanted: &Wish,
        voucher: i64,
        course: Course,
        at: Timestamp,
    ) -> Result<Option<u32>, P::Error> {
        let Some(wish) = self.let_through(merchant, buyer, wanted, &course, at) else {
            self.platform.order(&self.turned_away(merchant, buyer, wanted, &course, at))?;
            return Ok(None);
        };
        // A smaller order takes a smaller voucher.
        let voucher = voucher.min(wish.goods);
        self.order_count += 1;
        self.merchant(merchant).orders += 1;
        let (id, carriers) = (self.order_count, self.setting.world.carriers.len() as u64);
        let unpaid = course.would == Ending::Unpaid;
        let slot = self.open(Open {
            id,
            merchant,
            buyer,
            category: wish.category,
            carrier: (id % carriers) as u16,
            placed: at,
            value: wish.goods + wish.freight,
            wanted: wanted.goods + wanted.freight,
            discount: self.buyers[buyer as usize].standing.grants.map_or(0, |grants| grants.discount),
            goods: wish.goods,
            voucher,
            course,
            did: if unpaid { Ending::Unpaid } else { Ending::Open },
            paid_at: None,
            shipped_at: None,
            delivered_at: None,
            paid: 0,
            refunded: 0,
            charged_back: 0,
            from_held: 0,
            released: 0,
            fee: 0,
            release_at: at,
            settled: false,
            claim: 0,
            answered: false,
            complained_at: at,
            noticed: false,
            planned: 0,
            used: true,
        });
        self.tell_placed(slot, &wish, at)?;
        if unpaid {
            self.plan(slot, at.plus(days(8.0)), Step::Close);
        } else {
            self.plan(slot, at.plus(course.pays_after), Step::Pay);
        }
        Ok(Some(slot))
    }

    /// Tells of an order's placing, of a voucher used with it, and of a first payment that failed.
    fn tell_placed(&mut self, slot: u32, wish: &Wish, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let (course, token) = (order.course, self.buyers[order.buyer as usize].token);
        let fields = [
            (Field::Value, Value::Minor(order.value)),
            (Field::GoodsValue, Value::Minor(wish.goods)),
            (Field::Items, Value::Count(i64::from(wish.items))),
            (Field::Category, Value::Category(wish.category)),
            (Field::ShipBy, Value::Moment(course.ship_by)),
            (Field::DeliverBy, Value::Moment(course.deliver_by)),
            (Field::Device, Value::Id(Named::Device, token)),
            (Field::Address, Value::Id(Named::Address, token)),
        ];
        self.tell_of(slot, Kind::OrderPlaced, at, &fields)?;
        if order.voucher > 0 {
            let month = u64::from(at.day().month().unsigned_abs());
            let promotion = (Field::Promotion, Value::Id(Named::Promotion, month));
            self.tell_of(
                slot,
                Kind::PromotionRedeemed,
                at,
                &[promotion, (Field::Value, Value::Minor(order.voucher))],
            )?;
        }
        if !course.fails_first || course.would == Ending::Unpaid {
            return Ok(());
        }
        let fields = [
            (Field::Value, Value::Minor(order.value)),
            (Field::Method, Value::Word(course.method.word())),
            (Field::Reason, Value::Word("declined")),
        ];
        self.tell_of(slot, Kind::PaymentFailed, at, &fields)
    }

    /// A triangulator buys what it sold elsewhere, with a stolen card.
    pub(super) fn buy_elsewhere(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let Some(Scheme::Triangulation { noticed, noticed_days, .. }) = &self.seller(order.merchant).scheme
        else {
            return Ok(());
        };
        let mut dice = self.dice(Purpose::Scheme, order.id, 9_u64);
        let (first, last) = self.merchants[order.merchant as usize].accomplices;
        if first > last || order.course.would == Ending::Unpaid {
            return Ok(());
        }
        let account = first + dice.below(u64::from(last - first + 1)) as Number;
        let Some(shop) = self.choose(order.category, &mut dice).filter(|shop| *shop != order.merchant) else {
            return Ok(());
        };
        let wish = self.wish(shop, &mut dice);
        let deal = Deal {
            setting: self.setting,
            merchant: &self.merchants[shop as usize],
            seller: self.seller(shop),
            customer: self.customer(account),
            placed: at,
            theft: false,
            on_credit: 0.0,
            strain: 1.0,
        };
        let mut course = deal.course(&mut dice);
        course.method = Method::Card;
        (course.intent, course.complaint, course.rating) = (Intent::StolenCard, Complaint::None, None);
        let Some(shadow) = self.order(shop, account, &wish, 0, course, at)? else { return Ok(()) };
        self.behind(order.merchant, at);
        if dice.chance(*noticed) {
            let after = days(5.0 + dice.exponential(*noticed_days).min(90.0));
            self.plan(shadow, at.plus(after), Step::Notice);
        }
        Ok(())
    }

    /// Who is seen how much today.
    pub(super) fn open_shops(&mut self) {
        let (month, _) = month_and_weekday(self.calendar.day());
        for category in 0..self.shops.len() {
            let weights: Vec<f64> =
                self.shops[category].0.iter().map(|number| self.seen(*number, month)).collect();
            self.shops[category].1 = Urn::new(&weights);
        }
    }

    fn seen(&self, number: Number, month: usize) -> f64 {
        let merchant = &self.merchants[number as usize];
        if !merchant.sells() {
            return 0.0;
        }
        match &self.seller(number).scheme {
            Some(Scheme::Seasonal { months, factor }) => {
                let on = months.contains(&(month as u32 + 1));
                merchant.visibility * if on { *factor } else { 0.1 }
            }
            _ => merchant.visibility,
        }
    }
}
