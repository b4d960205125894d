//! Credit lines: drawn, due, repaid, missed when income fails.

use super::state::{Action, World};
use crate::course::{days, hours};
use crate::dice::Purpose;
use crate::event::{Field, Kind, Named, Number, Value};
use crate::party::NO_LINE;
use crate::platform::Platform;
use probity_primitives::Timestamp;

/// Days after which an instalment that was not paid counts as missed, and the steps at which it is told again.
const STAGES: [u32; 4] = [7, 30, 60, 90];

impl<P: Platform> World<'_, P> {
    fn line(&self, buyer: Number) -> (Field, Value) {
        (Field::Line, Value::Id(Named::Line, u64::from(buyer)))
    }

    /// A line is granted.
    pub(super) fn grant(&mut self, buyer: Number, at: Timestamp) -> Result<(), P::Error> {
        let line = self.buyers[buyer as usize].line;
        if line == NO_LINE {
            return Ok(());
        }
        let limit = self.lines[line as usize].limit;
        let fields =
            [self.line(buyer), (Field::Change, Value::Minor(limit)), (Field::Requested, Value::Truth(true))];
        self.tell(Kind::CreditLimitChanged, at, (None, Some(buyer)), &fields)
    }

    /// An order is paid with the line; the instalments fall due month by month.
    pub(super) fn draw(&mut self, slot: u32, at: Timestamp, value: i64) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let line = self.buyers[order.buyer as usize].line as usize;
        self.lines[line].outstanding += value;
        let fields = [
            self.line(order.buyer),
            (Field::Value, Value::Minor(value)),
            (Field::Order, Value::Id(Named::Order, order.id)),
        ];
        self.tell(Kind::CreditDrawn, at, (None, Some(order.buyer)), &fields)?;
        let count = i64::from(self.setting.world.credit.instalments);
        for nth in 0..count {
            // The first carries what does not divide.
            let amount = value / count + if nth == 0 { value % count } else { 0 };
            let due = self.fresh();
            let when = at.plus(days(30.0 * (nth + 1) as f64));
            self.calendar.plan(when, Action::Due { buyer: order.buyer, due, amount });
        }
        Ok(())
    }

    /// An instalment falls due: paid, forgotten for some days, or missed for want of money.
    pub(super) fn due(
        &mut self,
        buyer: Number,
        due: u64,
        amount: i64,
        at: Timestamp,
    ) -> Result<(), P::Error> {
        let credit = &self.setting.world.credit;
        let customer = self.customer(buyer);
        let short = self.in_shock(buyer, at);
        let mut dice = self.dice(Purpose::Credit, buyer, due);
        let (fate, days_late) = (dice.unit(), dice.exponential(4.0));
        let missed = if short { credit.missed_in_shock } else { 0.0 } + customer.defaults;
        if fate < missed {
            // Most recover later; who never meant to pay does not.
            let (at_first, late) = (at.plus(days(f64::from(STAGES[0]))), STAGES[0]);
            self.calendar.plan(at_first, Action::Missed { buyer, due, amount, late });
        } else {
            let late = if fate < missed + credit.forgotten { 1 + days_late.min(5.0) as u32 } else { 0 };
            let paid = at.plus(days(f64::from(late))).plus(hours(if late > 0 { 0.0 } else { dice.unit() }));
            self.calendar.plan(paid, Action::Repaid { buyer, due, amount, late });
        }
        let fields = [
            self.line(buyer),
            (Field::Due, Value::Id(Named::Due, due)),
            (Field::Value, Value::Minor(amount)),
        ];
        self.tell(Kind::CreditDue, at, (None, Some(buyer)), &fields)
    }

    pub(super) fn repaid(
        &mut self,
        buyer: Number,
        due: u64,
        amount: i64,
        late: u32,
        at: Timestamp,
    ) -> Result<(), P::Error> {
        let line = self.buyers[buyer as usize].line as usize;
        self.lines[line].outstanding -= amount;
        let fields = [
            self.line(buyer),
            (Field::Due, Value::Id(Named::Due, due)),
            (Field::Value, Value::Minor(amount)),
            (Field::DaysPastDue, Value::Count(i64::from(late))),
        ];
        self.tell(Kind::CreditRepaid, at, (None, Some(buyer)), &fields)
    }

    /// An instalment is missed, told again as it ages, and repaid late or written off in the end.
    pub(super) fn missed(
        &mut self,
        buyer: Number,
        due: u64,
        amount: i64,
        late: u32,
        at: Timestamp,
    ) -> Result<(), P::Error> {
        let credit = &self.setting.world.credit;
        let line = self.buyers[buyer as usize].line as usize;
        if late >= credit.write_off_days {
            self.lines[line].outstanding -= amount;
            let fields = [self.line(buyer), (Field::Value, Value::Minor(amount))];
            return self.tell(Kind::CreditWrittenOff, at, (None, Some(buyer)), &fields);
        }
        let fields = [
            self.line(buyer),
            (Field::Due, Value::Id(Named::Due, due)),
            (Field::Value, Value::Minor(amount)),
            (Field::DaysPastDue, Value::Count(i64::from(late))),
            (Field::First, Value::Truth(late == STAGES[0])),
        ];
        self.tell(Kind::CreditMissed, at, (None, Some(buyer)), &fields)?;
        let next =
            STAGES.into_iter().find(|stage| *stage > late).unwrap_or(credit.write_off_days).max(late + 1);
        let mut dice = self.dice(Purpose::Credit, buyer, due ^ (u64::from(late) << 40));
        let able = !self.in_shock(buyer, at) && !dice.chance(self.customer(buyer).defaults);
        let wait = if able && dice.chance(0.7) { 1 + dice.below(u64::from(next - late)) as u32 } else { 0 };
        if wait > 0 && late + wait < next {
            let late = late + wait;
            self.calendar.plan(at.plus(days(f64::from(wait))), Action::Repaid { buyer, due, amount, late });
        } else {
            let then = at.plus(days(f64::from(next - late)));
            self.calendar.plan(then, Action::Missed { buyer, due, amount, late: next });
        }
        Ok(())
    }

    /// Whether the buyer's income fails at a moment; chance decides once a month.
    fn in_shock(&mut self, buyer: Number, at: Timestamp) -> bool {
        let credit = &self.setting.world.credit;
        let (month, place) = (at.day().month(), self.buyers[buyer as usize].line as usize);
        let chance = (credit.shock_a_month * self.customer(buyer).shocks).min(1.0);
        let mut dice = self.dice(Purpose::Credit, buyer, month.unsigned_abs());
        let line = &mut self.lines[place];
        if line.decided != month {
            line.decided = month;
            if at > line.shock_until && dice.chance(chance) {
                line.shock_until = at.plus(days(30.0 * (0.5 + dice.exponential(credit.shock_months))));
            }
        }
        at <= line.shock_until
    }
}
