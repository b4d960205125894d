//! Day after day.

use super::state::{Action, World};
use crate::platform::{Change, Platform};
use crate::setting::Setting;
use crate::truth::PartyTruth;
use probity_primitives::{Day, Timestamp};

/// Told at the end of each day: days done, days in all, events so far.
pub type Progress<'a> = &'a mut dyn FnMut(u32, u32, u64);

/// Lets a world happen. The same setting and seed give the same events, as long as the platform does the same.
///
/// # Errors
/// Those of the platform.
pub fn run<P: Platform>(
    setting: &Setting,
    seed: u64,
    platform: &mut P,
    progress: Progress<'_>,
) -> Result<u64, P::Error> {
    let begin = setting.begin().unwrap_or(Day(0));
    let mut world = World::new(setting, seed, begin, platform);
    let mean_season = world.mean_season();
    world.populate()?;
    let mut changes = Vec::new();
    loop {
        let day = world.calendar.day();
        let mut opened = false;
        while let Some((at, action)) = world.calendar.next() {
            // On the first day those come first who joined before it; the shops among them open with the others.
            if !opened && at >= day.start() {
                world.open_shops();
                opened = true;
            }
            world.act(action, at, mean_season)?;
        }
        world.platform.day_ended(day, &mut changes)?;
        changes.drain(..).for_each(|change| world.heed(change));
        progress((day.0 - begin.0 + 1).unsigned_abs(), setting.world.size.days, world.events);
        if !world.calendar.turn() {
            break;
        }
    }
    world.end()
}

impl<P: Platform> World<'_, P> {
    fn act(&mut self, action: Action, at: Timestamp, mean_season: f64) -> Result<(), P::Error> {
        match action {
            Action::MerchantJoins(number) => self.merchant_joins(number, at),
            Action::BuyerJoins(number) => {
                self.buyer_joins(number, at)?;
                // Nobody visits before the first day: there is no marketplace yet.
                self.comes_again(number, at.max(self.begin.start()), mean_season);
                Ok(())
            }
            Action::SchemeBegins(number) => self.scheme_begins(number, at),
            Action::SchemeActs(number) => self.scheme_acts(number, at),
            Action::Fake(number, nth) => self.fake(number, nth, at),
            Action::SchemeEnds(number) => self.scheme_ends(number, at),
            Action::MerchantFound(number) => self.merchant_found(number, at),
            Action::BuyerFound(number) => self.buyer_found(number, at),
            Action::Visit(number) => self.visit(number, at, mean_season),
            Action::Order(slot, step) => self.step(slot, step, at),
            Action::Payout(number) => self.payout(number, at),
            Action::Recourse(number) => self.recourse_due(number, at),
            Action::Due { buyer, due, amount } => self.due(buyer, due, amount, at),
            Action::Repaid { buyer, due, amount, late } => self.repaid(buyer, due, amount, late, at),
            Action::Missed { buyer, due, amount, late } => self.missed(buyer, due, amount, late, at),
            Action::ReserveFree { merchant, amount } => self.reserve_free(merchant, amount, at),
        }
    }

    fn heed(&mut self, change: Change) {
        let place = change.number as usize;
        match change.merchant {
            true => self.merchants.get_mut(place).map(|party| party.standing = change.standing),
            false => self.buyers.get_mut(place).map(|party| party.standing = change.standing),
        };
    }

    /// The truth about everything that is still open, and about everybody; how many events there were.
    fn end(self) -> Result<u64, P::Error> {
        for order in self.orders.iter().filter(|order| order.used) {
            self.platform.order(&order.truth())?;
        }
        for (number, merchant) in (0..).zip(&self.merchants) {
            let (archetype, kind) = self.merchant_kinds[usize::from(merchant.kind)];
            self.platform.party(&PartyTruth {
                number,
                merchant: true,
                archetype: archetype.to_owned(),
                cheats: kind.cheats,
                person: merchant.person,
                ring: merchant.ring,
                opened_at: merchant.opened,
                first_bad_at: merchant.first_bad,
                closed_at: merchant.closed,
                balance: merchant.balance + merchant.reserved,
                reserved: merchant.reserved,
                topped_up: merchant.topped_up,
                outstanding: 0,
            })?;
        }
        for (number, buyer) in (0..).zip(&self.buyers) {
            let (archetype, kind) = self.buyer_kinds[usize::from(buyer.kind)];
            self.platform.party(&PartyTruth {
                number,
                merchant: false,
                archetype: archetype.to_owned(),
                cheats: kind.cheats,
                person: buyer.person,
                ring: buyer.ring,
                opened_at: buyer.opened,
                first_bad_at: buyer.first_bad,
                closed_at: None,
                balance: 0,
                reserved: 0,
                topped_up: 0,
                outstanding: self.lines.get(buyer.line as usize).map_or(0, |line| line.outstanding),
            })?;
        }
        Ok(self.events)
    }
}
