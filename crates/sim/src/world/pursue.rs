//! Claims, card disputes and fraud reports: what is asked, answered and decided.

use super::state::{Action, Step, World};
use crate::course::{Complaint, days};
use crate::dice::Purpose;
use crate::event::{Field, Kind, Named, Value};
use crate::platform::Platform;
use crate::truth::Ending;
use probity_primitives::Timestamp;

impl<P: Platform> World<'_, P> {
    pub(super) fn complain(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        if order.refundable() <= 0 || order.claim != 0 {
            return Ok(());
        }
        let number = self.fresh();
        let now = &mut self.orders[slot as usize];
        (now.claim, now.complained_at) = (number, at);
        let claims = &self.setting.world.claims;
        let mut dice = self.dice(Purpose::Sample, order.id, 4_u64);
        match order.course.complaint {
            Complaint::Claim { why, .. } => {
                let seller = self.seller(order.merchant);
                let there = self.merchants[order.merchant as usize].open;
                let after = 0.2 + dice.exponential(claims.answer_days).min(20.0);
                if there && dice.chance(seller.answers) {
                    self.plan(slot, at.plus(days(after)), Step::AnswerClaim);
                }
                let decided = after + 1.0 + dice.exponential(claims.decide_days).min(40.0);
                self.plan(slot, at.plus(days(decided)), Step::DecideClaim);
                let fields = [
                    (Field::Claim, Value::Id(Named::Claim, number)),
                    (Field::OfKind, Value::Word(why)),
                    (Field::Value, Value::Minor(order.refundable())),
                ];
                self.tell_of(slot, Kind::ClaimOpened, at, &fields)
            }
            Complaint::Dispute { why, .. } => self.dispute(slot, at, why),
            Complaint::None => Ok(()),
        }
    }

    /// The bank questions the payment.
    fn dispute(&mut self, slot: u32, at: Timestamp, why: &'static str) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let mut dice = self.dice(Purpose::Sample, order.id, 5_u64);
        let after = 5.0 + dice.exponential(self.setting.world.claims.dispute_days).min(60.0);
        self.plan(slot, at.plus(days(after)), Step::DecideDispute);
        let fields = [
            (Field::Dispute, Value::Id(Named::Dispute, order.claim)),
            (Field::Value, Value::Minor(order.refundable())),
            (Field::Reason, Value::Word(why)),
            (Field::Card, Value::Id(Named::Card, self.buyers[order.buyer as usize].token)),
        ];
        self.tell_of(slot, Kind::DisputeOpened, at, &fields)
    }

    pub(super) fn answer_claim(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = &mut self.orders[slot as usize];
        order.answered = true;
        let fields = [
            (Field::Claim, Value::Id(Named::Claim, order.claim)),
            (Field::ResponseTime, Value::Span(at.since(order.complained_at).0)),
        ];
        self.tell_of(slot, Kind::ClaimAnswered, at, &fields)
    }

    pub(super) fn decide_claim(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let Complaint::Claim { why, true_one, .. } = order.course.complaint else { return Ok(()) };
        let mut dice = self.dice(Purpose::Sample, order.id, 6_u64);
        let claim = (Field::Claim, Value::Id(Named::Claim, order.claim));
        if !order.answered || dice.chance(0.3) {
            self.tell_of(slot, Kind::ClaimEscalated, at, &[claim])?;
        }
        let delivered = order.delivered_at.is_some();
        let proven = why == "not_received" && delivered && order.course.tracked;
        // A false claim is seen through more often where the carrier's proof speaks against it.
        let chance = self.setting.world.claims.seen_through + if proven { 0.3 } else { 0.0 };
        let seen_through = !true_one && dice.chance(chance.min(1.0));
        let fault = match (true_one, seen_through, order.did) {
            (true, _, Ending::Lost) => "carrier",
            (false, true, _) => "buyer",
            (false, false, _) if why == "not_received" => "carrier",
            _ => "seller",
        };
        let award = if seen_through { 0 } else { order.refundable() };
        let fields = [
            claim,
            (Field::OfKind, Value::Word(why)),
            (Field::Fault, Value::Word(fault)),
            (Field::Value, Value::Minor(award)),
            (Field::SellerAnswered, Value::Truth(order.answered)),
            (Field::GoodFaith, Value::Truth(!seen_through)),
            (Field::ProofOfDelivery, Value::Truth(seen_through && proven)),
        ];
        self.tell_of(slot, Kind::ClaimDecided, at, &fields)?;
        let cause = match why {
            "not_received" => "not_received",
            _ => "not_as_described",
        };
        self.refund(slot, at, award, cause)?;
        self.orders[slot as usize].claim = 0;
        if seen_through {
            self.suspect(order.buyer, at)?;
        } else if true_one && fault == "seller" {
            self.suspect_merchant(slot, at);
        }
        self.resume_release(slot, at)
    }

    pub(super) fn decide_dispute(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let mut dice = self.dice(Purpose::Sample, order.id, 7_u64);
        let true_one =
            order.noticed || matches!(order.course.complaint, Complaint::Dispute { true_one: true, .. });
        let seen_through = !true_one && dice.chance(self.setting.world.claims.seen_through);
        let fields = [
            (Field::Dispute, Value::Id(Named::Dispute, order.claim)),
            (Field::Value, Value::Minor(order.refundable())),
            (Field::LostBy, Value::Word(if seen_through { "buyer" } else { "merchant" })),
            (Field::Abusive, Value::Truth(seen_through)),
            (Field::Card, Value::Id(Named::Card, self.buyers[order.buyer as usize].token)),
        ];
        self.tell_of(slot, Kind::DisputeDecided, at, &fields)?;
        if seen_through {
            self.suspect(order.buyer, at)?;
        } else {
            self.charge_back(slot, at);
        }
        self.orders[slot as usize].claim = 0;
        self.resume_release(slot, at)
    }

    /// The holder of a stolen card notices: its bank reports the fraud and takes the payment back.
    pub(super) fn notice(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = self.orders[slot as usize];
        let card = Value::Id(Named::Card, self.buyers[order.buyer as usize].token);
        let fields = [
            (Field::Value, Value::Minor(order.value)),
            (Field::Reporter, Value::Word("issuer")),
            (Field::Card, card),
        ];
        self.tell_of(slot, Kind::FraudReported, at, &fields)?;
        if order.refundable() <= 0 || order.claim != 0 {
            return Ok(());
        }
        let number = self.fresh();
        self.orders[slot as usize].claim = number;
        self.dispute(slot, at, "fraud")
    }

    /// What was withheld because of a claim is released once it is decided, if its time has come.
    fn resume_release(&mut self, slot: u32, at: Timestamp) -> Result<(), P::Error> {
        let order = &self.orders[slot as usize];
        if order.paid_at.is_some() && order.release_at <= at { self.release(slot, at) } else { Ok(()) }
    }

    /// A claim that the merchant lost may lead to an established violation.
    fn suspect_merchant(&mut self, slot: u32, at: Timestamp) {
        let order = &self.orders[slot as usize];
        let (merchant, id) = (order.merchant, order.id);
        let mut dice = self.dice(Purpose::Sample, id, 8_u64);
        if dice.chance(self.seller(merchant).found) {
            self.calendar.plan(at.plus(days(1.0 + dice.exponential(10.0))), Action::MerchantFound(merchant));
        }
    }
}
