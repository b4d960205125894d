//! The life of an order, step by step.

use super::state::{Action, Step, World};
use crate::course::{Complaint, days, hours};
use crate::dice::Purpose;
use crate::event::{Field, Kind, Named, Value};
use crate::party::NO_LINE;
use crate::platform::Platform;
use crate::truth::{Ending, Intent};
use probity_primitives::{Duration, Timestamp};

impl<P: Platform> World<'_, P> {
    /// Does a step; the order is let go with its last one.
    pub(super) fn step(&mut self, slot: u32, step: Step, at: Timestamp) -> Result<(), P::Error> {
        self.orders[slot as usize].planned -= 1;
        match step {
            Step::Pay => self.pay(slot, at)?,
            Step::Leave => self.leave(slot, at)?,
            Step::Scan => self.scan(slot, at)?,
            Step::Arrive => self.arrive(slot, at)?,
            Step::Confirm => self.confirm(slot, at)?,
            Step::Review => self.review(slot, at)?,
            Step::AskBack => self.ask_back(slot, at)?,
            Step::GoBack => self.go_back(slot, at)?,
            Step::Complain => self.complain(slot, at)?,
            Step::AnswerClaim => self.answer_claim(slot, at)?,
            Step::DecideClaim => self.decide_claim(slot, at)?,
            Step::DecideDispute => self.decide_dispute(slot, at)?,
            Step::Notice => self.notice(slot, at)?,
            Step::Release => self.release(slot, at)?,
            Step::Ask => self.ask(slot, at)?,
            Step::Answer => self.answer(slot, at, true)?,
            Step::Unanswered => self.answer(slot, at, false)?,
            Step::Close => {}
        }
        if self.orders[slot as usize].planned == 0 { self.close(slot) } else { Ok(()) }
    }

    fn pay(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let course = order.course;
        if !self.merchants[order.merchant as usize].sells() {
            self.orders[slot as usize].did = Ending::Stopped;
            let fields =
                [(Field::By, Value::Word("platform")), (Field::Reason, Value::Word("suspected_fraud"))];
            return self.tell_of(slot, Kind::OrderCancelled, at, &fields);
        }
        let (card, own) = (self.buyers[order.buyer as usize].token, order.value - order.voucher);
        let mut fields = vec![
            (Field::Value, Value::Minor(own)),
            (Field::Method, Value::Word(course.method.word())),
            (Field::Category, Value::Category(order.category)),
        ];
        if order.voucher > 0 {
            fields.push((Field::Sequence, Value::Count(1)));
        }
        if course.method.by_card() {
            fields.push((Field::Instalments, Value::Count(i64::from(course.instalments))));
            fields.push((Field::Card, Value::Id(Named::Card, card)));
        }
        self.tell_of(slot, Kind::OrderPaid, at, &fields)?;
        if order.voucher > 0 {
            let fields = [
                (Field::Value, Value::Minor(order.voucher)),
                (Field::Method, Value::Word("voucher")),
                (Field::Sequence, Value::Count(2)),
            ];
            self.tell_of(slot, Kind::OrderPaid, at, &fields)?;
        }
        let paid = &mut self.orders[slot as usize];
        (paid.paid, paid.paid_at) = (order.value, Some(at));
        self.merchant(order.merchant).waiting += 1;
        if self.buyers[order.buyer as usize].line != NO_LINE && course.method.word() == "credit_line" {
            self.draw(slot, at, own)?;
        }
        if course.intent != Intent::Honest {
            self.bad_act(order.merchant, order.buyer, course.intent, order.placed);
        }
        if course.intent == Intent::PromotionAbuse {
            self.suspect(order.buyer, at)?;
        }
        let release_at = self.release_at(slot, at);
        self.orders[slot as usize].release_at = release_at;
        self.plan(slot, release_at, Step::Release);
        if course.would == Ending::NeverSent {
            self.orders[slot as usize].did = Ending::NeverSent;
            self.without_goods(slot, at);
        } else {
            self.plan(slot, at.plus(course.ships_after), Step::Leave);
        }
        self.after_payment(slot, at)
    }

    /// A buyer without goods rates and complains after the promised day.
    fn without_goods(&mut self, slot: u32, at: Timestamp) {
        let course = self.orders[slot as usize].course;
        let from = course.deliver_by.max(at);
        if let Some((_, after)) = course.rating {
            self.plan(slot, from.plus(after), Step::Review);
        }
        if let Complaint::Claim { after, .. } | Complaint::Dispute { after, .. } = course.complaint {
            self.plan(slot, from.plus(after), Step::Complain);
        }
    }

    fn leave(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let course = order.course;
        let merchant = self.merchant(order.merchant);
        merchant.waiting = merchant.waiting.saturating_sub(1);
        if matches!(course.would, Ending::SellerCancelled | Ending::BuyerCancelled) {
            self.orders[slot as usize].did = course.would;
            let (by, reason) = match course.would {
                Ending::SellerCancelled => ("seller", "out_of_stock"),
                _ => ("buyer", "changed_mind"),
            };
            let fields = [(Field::By, Value::Word(by)), (Field::Reason, Value::Word(reason))];
            self.tell_of(slot, Kind::OrderCancelled, at, &fields)?;
            if let Some((_, after)) = course.rating {
                self.plan(slot, at.plus(after), Step::Review);
            }
            return self.refund(slot, at, order.value, "cancellation");
        }
        self.orders[slot as usize].shipped_at = Some(at);
        let paid_at = order.paid_at.unwrap_or(at);
        let fields = [
            (Field::Carrier, Value::Carrier(order.carrier)),
            (Field::Tracking, Value::Id(Named::Tracking, order.id)),
            (Field::PaidAt, Value::Moment(paid_at)),
            (Field::ShipBy, Value::Moment(course.ship_by)),
        ];
        self.tell_of(slot, Kind::OrderShipped, at, &fields)?;
        let arrives = at.plus(course.arrives_after);
        if course.tracked {
            let scan = at.plus(hours(self.setting.world.service.scan_hours));
            self.plan(slot, if scan < arrives { scan } else { at }, Step::Scan);
        }
        if course.would == Ending::Lost {
            self.orders[slot as usize].did = Ending::Lost;
            self.without_goods(slot, at);
        } else {
            self.plan(slot, arrives, Step::Arrive);
        }
        Ok(())
    }

    fn scan(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let since_paid = at.since(order.paid_at.unwrap_or(at)).0;
        let fields = [
            (Field::Tracking, Value::Id(Named::Tracking, order.id)),
            (Field::Stage, Value::Word("accepted")),
            (Field::First, Value::Truth(true)),
            (Field::SincePaid, Value::Span(since_paid)),
        ];
        self.tell_of(slot, Kind::ShipmentScanned, at, &fields)
    }

    fn arrive(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let course = order.course;
        let late = at > course.deliver_by;
        let now = &mut self.orders[slot as usize];
        (now.did, now.delivered_at) = (if late { Ending::Late } else { Ending::OnTime }, Some(at));
        let proof = if course.tracked { "carrier_scan" } else { "none" };
        let fields = [
            (Field::Proof, Value::Word(proof)),
            (Field::DeliverBy, Value::Moment(course.deliver_by)),
            (Field::PlacedAt, Value::Moment(order.placed)),
        ];
        self.tell_of(slot, Kind::OrderDelivered, at, &fields)?;
        self.release_after_delivery(slot, at);
        if !late && course.intent == Intent::Honest {
            self.buyers[order.buyer as usize].favourite = order.merchant;
        }
        let timeout = days(self.setting.world.service.confirm_timeout_days);
        let confirms =
            if course.forgets { timeout } else { Duration(course.confirms_after.0.min(timeout.0)) };
        self.plan(slot, at.plus(confirms), Step::Confirm);
        if let Some((_, after)) = course.rating {
            self.plan(slot, at.plus(after), Step::Review);
        }
        if let Some((after, _)) = course.returns {
            self.plan(slot, at.plus(after), Step::AskBack);
        }
        if let Complaint::Claim { after, .. } | Complaint::Dispute { after, .. } = course.complaint {
            self.plan(slot, at.plus(after), Step::Complain);
        }
        Ok(())
    }

    fn confirm(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = &self.orders[slot as usize];
        let delivered = order.delivered_at.unwrap_or(at);
        let timeout = at.since(delivered) >= days(self.setting.world.service.confirm_timeout_days);
        let fields = [
            (Field::By, Value::Word(if timeout { "timeout" } else { "buyer" })),
            (Field::DeliveredAt, Value::Moment(delivered)),
        ];
        self.tell_of(slot, Kind::OrderConfirmed, at, &fields)
    }

    fn review(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let Some((rating, _)) = order.course.rating else { return Ok(()) };
        let merchant = self.merchant(order.merchant);
        merchant.stars += u32::from(rating);
        merchant.ratings += 1;
        let rating = i64::from(rating);
        // The logistics mark follows the delivery more than the goods.
        let logistics = if order.did == Ending::OnTime { (rating + 1).min(5) } else { (rating - 1).max(1) };
        let fields = [
            (Field::Rating, Value::Count(rating)),
            (Field::Described, Value::Count(rating)),
            (Field::Logistics, Value::Count(logistics)),
            (Field::Category, Value::Category(order.category)),
            (Field::Verified, Value::Truth(true)),
        ];
        self.tell_of(slot, Kind::ReviewPosted, at, &fields)?;
        // Whoever was threatened may report it once the rating is there.
        if order.course.intent == Intent::Extortion {
            self.suspect(order.buyer, at)?;
        }
        self.reconsider(order.merchant, at)
    }

    fn ask_back(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let travel = self.setting.world.returns.travel_days;
        let mut dice = self.dice(Purpose::Sample, self.orders[slot as usize].id, 1_u64);
        self.plan(slot, at.plus(days(1.0 + dice.exponential(travel).min(40.0))), Step::GoBack);
        let fields = [(Field::WithinRight, Value::Truth(true)), (Field::Reason, Value::Word("changed_mind"))];
        self.tell_of(slot, Kind::ReturnRequested, at, &fields)
    }

    fn go_back(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let condition = order.course.returns.map_or("as_sent", |(_, condition)| condition);
        let spoilt = order.course.intent == Intent::SpoiltReturn;
        let mut dice = self.dice(Purpose::Sample, order.id, 2_u64);
        // What was swapped is not always noticed; the money goes back when it is not.
        let noticed = spoilt && dice.chance(self.setting.world.claims.seen_through);
        let condition = if spoilt && !noticed { "opened" } else { condition };
        let fields =
            [(Field::WithinRight, Value::Truth(!noticed)), (Field::Condition, Value::Word(condition))];
        self.tell_of(slot, Kind::ReturnReceived, at, &fields)?;
        if noticed {
            return self.suspect(order.buyer, at);
        }
        self.refund(slot, at, order.goods, "withdrawal")
    }

    fn ask(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let fields =
            [(Field::Thread, Value::Id(Named::Thread, order.id)), (Field::First, Value::Truth(true))];
        match order.course.question {
            Some(Some(after)) => self.plan(slot, at.plus(after), Step::Answer),
            _ => self.plan(slot, at.plus(days(self.setting.world.service.unanswered_days)), Step::Unanswered),
        }
        self.tell_of(slot, Kind::MessageReceived, at, &fields)
    }

    fn answer(&mut self, slot: u32, at: Timestamp, answered: bool) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let thread = (Field::Thread, Value::Id(Named::Thread, order.id));
        let first = (Field::First, Value::Truth(true));
        let parties = (Some(order.merchant), Some(order.buyer));
        if !answered {
            return self.tell(Kind::MessageUnanswered, at, parties, &[thread, first]);
        }
        let span = order.course.question.flatten().map_or(0, |after| after.0);
        let fields = [thread, first, (Field::ResponseTime, Value::Span(span))];
        self.tell(Kind::MessageAnswered, at, parties, &fields)
    }

    /// Steps after payment that do not depend on the parcel.
    fn after_payment(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        if order.course.question.is_some() {
            self.plan(slot, at.plus(hours(5.0)), Step::Ask);
        }
        if order.noticed {
            let mut dice = self.dice(Purpose::Sample, order.id, 3_u64);
            self.plan(slot, at.plus(days(3.0 + dice.exponential(12.0).min(60.0))), Step::Notice);
        }
        self.buy_elsewhere(slot, at)
    }

    /// A buyer's bad act may lead to an established violation.
    pub(super) fn suspect(&mut self, buyer: crate::event::Number, at: Timestamp) -> Result<(), P::Error> {
        let found = self.customer(buyer).found;
        let mut dice = self.dice(Purpose::Scheme, u64::from(buyer) << 32, at.millis() as u64);
        if dice.chance(found) {
            self.calendar.plan(at.plus(days(1.0 + dice.exponential(10.0))), Action::BuyerFound(buyer));
        }
        Ok(())
    }
}
