//! Money: released to merchants, paid out, given back, recovered.

use super::state::{Action, Step, World};
use crate::course::days;
use crate::dice::Purpose;
use crate::event::{Field, Kind, Named, Number, Value};
use crate::party::Recourse;
use crate::platform::Platform;
use probity_primitives::Timestamp;

impl<P: Platform> World<'_, P> {
    /// What is left of a payment goes to the merchant, less the fee.
    pub(super) fn release(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let grants = self.merchants[self.orders[slot as usize].merchant as usize].standing.grants;
        let off = grants.map_or(0, |grants| i64::from(grants.discount));
        let rate = (self.setting.world.payouts.fee_basis_points - off).max(0);
        let order = &mut self.orders[slot as usize];
        if order.settled || order.claim != 0 {
            return Ok(());
        }
        order.settled = true;
        let amount = order.held();
        order.fee = amount * rate / 10_000;
        order.released = amount - order.fee;
        let (number, released) = (order.merchant, order.released);
        let merchant = self.merchant(number);
        merchant.balance += released;
        // Whoever owes pays that first; a reserve is kept from what is left.
        let part = grants.map_or(0, |grants| released * i64::from(grants.reserve) / 10_000);
        let kept = part.min(merchant.balance).max(0);
        merchant.balance -= kept;
        merchant.reserved += kept;
        if kept > 0 {
            let free = at.plus(days(self.setting.world.payouts.reserve_days));
            self.calendar.plan(free, Action::ReserveFree { merchant: number, amount: kept });
        }
        self.recover(number, at)
    }

    /// What was kept in reserve long enough is the merchant's to have, as far as nothing was taken from it.
    pub(super) fn reserve_free(
        &mut self,
        number: Number,
        amount: i64,
        at: Timestamp,
    ) -> Result<(), P::Error> {
        let merchant = self.merchant(number);
        let free = amount.min(merchant.reserved);
        merchant.reserved -= free;
        merchant.balance += free;
        self.recover(number, at)
    }

    /// When money paid at a moment goes to the merchant if no delivery is told.
    pub(super) fn release_at(&self, slot: u32, paid: Timestamp) -> Timestamp {
        let order = &self.orders[slot as usize];
        match self.merchants[order.merchant as usize].standing.grants {
            Some(grants) => order.course.deliver_by.max(paid).plus(days(f64::from(grants.payout_days))),
            None => paid.plus(days(self.setting.world.payouts.release_days)),
        }
    }

    /// Under terms a delivery brings the release nearer.
    pub(super) fn release_after_delivery(&mut self, slot: u32, delivered: Timestamp) {
        let order = &mut self.orders[slot as usize];
        let Some(grants) = self.merchants[order.merchant as usize].standing.grants else { return };
        let at = delivered.plus(days(f64::from(grants.payout_days)));
        if at < order.release_at {
            order.release_at = at;
            self.plan(slot, at, Step::Release);
        }
    }

    /// Recourse is met as soon as the balance allows.
    fn recover(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let merchant = &self.merchants[number as usize];
        let Some(recourse) = merchant.recourse.filter(|_| merchant.balance >= 0) else { return Ok(()) };
        self.tell_due(number, at)?;
        self.merchant(number).recourse = None;
        let fields = [
            (Field::Recourse, Value::Id(Named::Recourse, recourse.id)),
            (Field::Value, Value::Minor(recourse.value)),
            (Field::DaysPastDue, Value::Count(at.since(recourse.due).0.max(0) / 86_400_000)),
        ];
        self.tell(Kind::RecoursePaid, at, (Some(number), None), &fields)
    }

    /// Tells that a recourse fell due, or is met before it did.
    fn tell_due(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let Some(recourse) = self.merchant(number).recourse.as_mut().filter(|recourse| !recourse.told) else {
            return Ok(());
        };
        recourse.told = true;
        let fields = [
            (Field::Recourse, Value::Id(Named::Recourse, recourse.id)),
            (Field::Value, Value::Minor(recourse.value)),
            (Field::Claim, Value::Id(Named::Claim, recourse.claim)),
        ];
        let fields = if recourse.claim == 0 { &fields[..2] } else { &fields[..] };
        self.tell(Kind::RecourseDue, at, (Some(number), None), fields)
    }

    /// A recourse falls due: an honest merchant pays from outside what its sales have not covered.
    pub(super) fn recourse_due(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        self.tell_due(number, at)?;
        let repays = self.setting.world.claims.repays;
        let honest = !self.seller(number).cheats;
        let mut dice = self.dice(Purpose::Scheme, number, at.millis() as u64);
        let merchant = self.merchant(number);
        if merchant.recourse.is_none() || merchant.balance >= 0 || !honest || !dice.chance(repays) {
            return Ok(());
        }
        merchant.topped_up -= merchant.balance;
        merchant.balance = 0;
        self.recover(number, at)
    }

    /// Gives money of an order back. What was released already is taken from the merchant's balance; what that does not hold
    /// the platform lays out and the merchant owes.
    pub(super) fn refund(
        &mut self,
        slot: u32,
        at: Timestamp,
        amount: i64,
        cause: &'static str,
    ) -> Result<(), P::Error> {
        let amount = amount.min(self.orders[slot as usize].refundable());
        if amount <= 0 {
            return Ok(());
        }
        let laid_out = self.take_back(slot, amount);
        self.orders[slot as usize].refunded += amount;
        // Who bore what is told apart.
        for (part, by) in [(amount - laid_out, "merchant"), (laid_out, "guarantee_fund")] {
            if part > 0 {
                let fields = [
                    (Field::Value, Value::Minor(part)),
                    (Field::PaidBy, Value::Word(by)),
                    (Field::Cause, Value::Word(cause)),
                ];
                self.tell_of(slot, Kind::RefundIssued, at, &fields)?;
            }
        }
        self.call_in(slot, at, laid_out);
        Ok(())
    }

    /// The card issuer takes the payment back.
    pub(super) fn charge_back(&mut self, slot: u32, at: Timestamp) {
        let amount = self.orders[slot as usize].refundable();
        let laid_out = self.take_back(slot, amount);
        self.orders[slot as usize].charged_back += amount;
        self.call_in(slot, at, laid_out);
    }

    /// Takes an amount from what is held, else from the merchant's balance and its reserve; says how much of it nothing
    /// covered, which the platform lays out.
    fn take_back(&mut self, slot: u32, amount: i64) -> i64 {
        let order = &mut self.orders[slot as usize];
        let from_held = amount.min(order.held());
        order.from_held += from_held;
        if order.held() == 0 {
            order.settled = true;
        }
        let number = order.merchant;
        let merchant = self.merchant(number);
        let rest = amount - from_held;
        let missing = rest - rest.min(merchant.balance.max(0));
        let from_reserve = missing.min(merchant.reserved);
        merchant.reserved -= from_reserve;
        merchant.balance -= rest - from_reserve;
        missing - from_reserve
    }

    /// What was laid out is to be repaid.
    fn call_in(&mut self, slot: u32, at: Timestamp, laid_out: i64) {
        let (number, claim) = (self.orders[slot as usize].merchant, self.orders[slot as usize].claim);
        if laid_out == 0 || self.merchants[number as usize].recourse.is_some() {
            return;
        }
        let id = self.fresh();
        let due = at.plus(days(self.setting.world.claims.recourse_days));
        let merchant = self.merchant(number);
        merchant.recourse = Some(Recourse { id, claim, due, value: -merchant.balance, told: false });
        self.calendar.plan(due, Action::Recourse(number));
    }

    /// A payout, and the next one.
    pub(super) fn payout(&mut self, number: Number, at: Timestamp) -> Result<(), P::Error> {
        let every = self.setting.world.payouts.every_days;
        let merchant = &self.merchants[number as usize];
        let (value, token) = (merchant.balance, merchant.token);
        if merchant.closed.is_none() {
            self.calendar.plan(at.plus(days(f64::from(every))), Action::Payout(number));
        }
        let standing = self.merchants[number as usize].standing;
        if value <= 0 || merchant.recourse.is_some() || !standing.trades || !standing.paid_out {
            return Ok(());
        }
        self.merchant(number).balance = 0;
        let release_days = self.setting.world.payouts.release_days;
        let dwell = days(standing.grants.map_or(release_days, |grants| f64::from(grants.payout_days))).0;
        let fields = [
            (Field::Value, Value::Minor(value)),
            (Field::PayoutAccount, Value::Id(Named::Account, token)),
            (Field::Dwell, Value::Span(dwell)),
        ];
        self.tell(Kind::PayoutMade, at, (Some(number), None), &fields)
    }
}
