//! What the world knows.

use crate::archetype::{BuyerKind, MerchantKind};
use crate::calendar::Calendar;
use crate::course::Course;
use crate::dice::{Dice, Purpose, Urn};
use crate::event::{Event, Field, Kind, Named, Number, Value};
use crate::party::{Buyer, Line, Merchant};
use crate::platform::Platform;
use crate::setting::Setting;
use crate::truth::{Ending, Intent, OrderTruth};
use probity_primitives::{Day, Timestamp};

/// What happens to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Step {
    Pay,
    Leave,
    Scan,
    Arrive,
    Confirm,
    Review,
    AskBack,
    GoBack,
    Complain,
    AnswerClaim,
    DecideClaim,
    DecideDispute,
    Notice,
    Release,
    Ask,
    Answer,
    Unanswered,
    Close,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Action {
    MerchantJoins(Number),
    BuyerJoins(Number),
    SchemeBegins(Number),
    SchemeActs(Number),
    Fake(Number, u32),
    SchemeEnds(Number),
    MerchantFound(Number),
    BuyerFound(Number),
    Visit(Number),
    Order(u32, Step),
    Payout(Number),
    Recourse(Number),
    Due { buyer: Number, due: u64, amount: i64 },
    Repaid { buyer: Number, due: u64, amount: i64, late: u32 },
    Missed { buyer: Number, due: u64, amount: i64, late: u32 },
    ReserveFree { merchant: Number, amount: i64 },
}

/// An order that is not over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) id: u64,
    pub(super) merchant: Number,
    pub(super) buyer: Number,
    pub(super) category: u16,
    pub(super) carrier: u16,
    pub(super) placed: Timestamp,
    pub(super) value: i64,
    /// Before the platform limited it.
    pub(super) wanted: i64,
    /// The buyer's discount, in basis points.
    pub(super) discount: u16,
    pub(super) goods: i64,
    /// Paid with a voucher of the platform.
    pub(super) voucher: i64,
    pub(super) course: Course,
    pub(super) did: Ending,
    pub(super) paid_at: Option<Timestamp>,
    pub(super) shipped_at: Option<Timestamp>,
    pub(super) delivered_at: Option<Timestamp>,
    pub(super) paid: i64,
    pub(super) refunded: i64,
    pub(super) charged_back: i64,
    /// Of what was refunded or taken back, what came from money still held.
    pub(super) from_held: i64,
    pub(super) released: i64,
    pub(super) fee: i64,
    /// When what is left goes to the merchant, unless a claim is open.
    pub(super) release_at: Timestamp,
    /// Released, or never will be.
    pub(super) settled: bool,
    /// Number of the claim or dispute that is open, 0 for none.
    pub(super) claim: u64,
    pub(super) answered: bool,
    pub(super) complained_at: Timestamp,
    /// A stolen card's holder will notice.
    pub(super) noticed: bool,
    /// Steps planned.
    pub(super) planned: u16,
    pub(super) used: bool,
}

/// The world.
pub(super) struct World<'a, P> {
    pub(super) setting: &'a Setting,
    pub(super) seed: u64,
    pub(super) platform: &'a mut P,
    pub(super) calendar: Calendar<Action>,
    pub(super) begin: Day,
    pub(super) merchant_kinds: Vec<(&'a str, &'a MerchantKind)>,
    pub(super) buyer_kinds: Vec<(&'a str, &'a BuyerKind)>,
    pub(super) merchants: Vec<Merchant>,
    pub(super) buyers: Vec<Buyer>,
    pub(super) lines: Vec<Line>,
    pub(super) orders: Vec<Open>,
    pub(super) free: Vec<u32>,
    /// By category: who sells, and how much each is seen.
    pub(super) shops: Vec<(Vec<Number>, Urn)>,
    pub(super) category_shares: Vec<f64>,
    pub(super) events: u64,
    pub(super) order_count: u64,
    /// How often the platform was asked.
    pub(super) asked: u64,
    pub(super) rings: u32,
    /// Claims, disputes, threads and whatever else is numbered through.
    pub(super) numbered: u64,
}

impl<'a, P: Platform> World<'a, P> {
    pub(super) fn dice(&self, purpose: Purpose, first: impl Into<u64>, second: impl Into<u64>) -> Dice {
        Dice::new(self.seed, purpose, first.into(), second.into())
    }

    pub(super) fn seller(&self, merchant: Number) -> &'a MerchantKind {
        self.merchant_kinds[usize::from(self.merchants[merchant as usize].kind)].1
    }

    pub(super) fn customer(&self, buyer: Number) -> &'a BuyerKind {
        self.buyer_kinds[usize::from(self.buyers[buyer as usize].kind)].1
    }

    pub(super) fn merchant(&mut self, merchant: Number) -> &mut Merchant {
        &mut self.merchants[merchant as usize]
    }

    /// A number that nothing else has.
    pub(super) fn fresh(&mut self) -> u64 {
        self.numbered += 1;
        self.numbered
    }

    /// Tells the platform of an event. What happens before the first day (somebody who joined earlier) is told too.
    pub(super) fn tell(
        &mut self,
        kind: Kind,
        at: Timestamp,
        parties: (Option<Number>, Option<Number>),
        fields: &[(Field, Value)],
    ) -> Result<(), P::Error> {
        self.events += 1;
        let mut event = Event::new(kind, at, parties, fields);
        event.serial = self.events;
        self.platform.event(&event)
    }

    /// Tells of an event of an order; the order's number comes first among its fields.
    pub(super) fn tell_of(
        &mut self,
        slot: u32,
        kind: Kind,
        at: Timestamp,
        fields: &[(Field, Value)],
    ) -> Result<(), P::Error> {
        let order = &self.orders[slot as usize];
        let (merchant, buyer) = (order.merchant, order.buyer);
        let mut all = [(Field::Order, Value::Id(Named::Order, order.id)); crate::event::MOST_FIELDS];
        let count = (fields.len() + 1).min(all.len());
        all[1..count].copy_from_slice(&fields[..count - 1]);
        self.tell(kind, at, (Some(merchant), Some(buyer)), &all[..count])
    }

    /// Plans a step of an order.
    pub(super) fn plan(&mut self, slot: u32, at: Timestamp, step: Step) {
        self.orders[slot as usize].planned += 1;
        self.calendar.plan(at, Action::Order(slot, step));
    }

    /// Takes an order in.
    pub(super) fn open(&mut self, order: Open) -> u32 {
        match self.free.pop() {
            Some(slot) => {
                self.orders[slot as usize] = order;
                slot
            }
            None => {
                self.orders.push(order);
                (self.orders.len() - 1) as u32
            }
        }
    }

    /// Lets an order go and tells the truth about it.
    pub(super) fn close(&mut self, slot: u32) -> Result<(), P::Error> {
        let order = &mut self.orders[slot as usize];
        order.used = false;
        let truth = order.truth();
        self.free.push(slot);
        self.platform.order(&truth)
    }

    /// Notes that a merchant stands behind an order meant ill that its buyer answers for: a stolen card is the buyer's act in
    /// the order's intent, whoever sent the buyer.
    pub(super) fn behind(&mut self, merchant: Number, at: Timestamp) {
        let first = &mut self.merchants[merchant as usize].first_bad;
        *first = Some(first.unwrap_or(at));
    }

    /// Notes that a party did something meant ill.
    pub(super) fn bad_act(&mut self, merchant: Number, buyer: Number, intent: Intent, at: Timestamp) {
        if intent.by_merchant() {
            let first = &mut self.merchants[merchant as usize].first_bad;
            *first = Some(first.unwrap_or(at));
        }
        if intent.by_buyer() {
            let first = &mut self.buyers[buyer as usize].first_bad;
            *first = Some(first.unwrap_or(at));
        }
    }
}

impl Open {
    /// What is still held of what was paid.
    pub(super) fn held(&self) -> i64 {
        self.paid - self.released - self.fee - self.from_held
    }

    /// What could still be given back.
    pub(super) fn refundable(&self) -> i64 {
        self.paid - self.refunded - self.charged_back
    }

    pub(super) fn truth(&self) -> OrderTruth {
        let intent = self.course.intent;
        let harm = match intent {
            Intent::Theft
            | Intent::Misdescribed
            | Intent::Counterfeit
            | Intent::CashOut
            | Intent::StolenCard => self.paid,
            Intent::FalseClaim | Intent::SpoiltReturn => self.refunded,
            Intent::FriendlyFraud => self.charged_back,
            Intent::PromotionAbuse => self.voucher,
            Intent::Honest | Intent::Fake | Intent::Extortion => 0,
        };
        OrderTruth {
            order: self.id,
            merchant: self.merchant,
            buyer: self.buyer,
            placed_at: self.placed,
            intent,
            would: self.course.would,
            did: self.did,
            value: self.value,
            wanted: self.wanted,
            discount: self.refundable() * i64::from(self.discount) / 10_000,
            paid: self.paid,
            refunded: self.refunded,
            charged_back: self.charged_back,
            released: self.released,
            fee: self.fee,
            held: self.held(),
            harm,
        }
    }
}
