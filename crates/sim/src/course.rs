//! What would become of an order if nobody stepped in: drawn when it is placed, and then lived step by step.

use crate::archetype::{BuyerKind, MerchantKind};
use crate::dice::Dice;
use crate::honest::{Fulfilment, Payment};
use crate::party::Merchant;
use crate::setting::Setting;
use crate::shape::{bent, draw};
use crate::truth::{Ending, Intent};
use probity_primitives::{Duration, Timestamp};

const HOUR: f64 = 3_600_000.0;
const DAY: f64 = 24.0 * HOUR;

/// A length of time from a number of days.
pub(crate) fn days(days: f64) -> Duration {
    Duration((days * DAY) as i64)
}

/// A length of time from a number of hours.
pub(crate) fn hours(hours: f64) -> Duration {
    Duration((hours * HOUR) as i64)
}

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    Card,
    Boleto,
    Voucher,
    DebitCard,
    CreditLine,
}

impl Method {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Card => "card",
            Self::Boleto => "boleto",
            Self::Voucher => "voucher",
            Self::DebitCard => "debit_card",
            Self::CreditLine => "credit_line",
        }
    }

    /// A card issuer stands behind it.
    pub(crate) const fn by_card(self) -> bool {
        matches!(self, Self::Card | Self::DebitCard)
    }
}

/// What a buyer does about an order that went wrong, or says went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Complaint {
    None,
    /// A claim with the platform: why, and whether it is true.
    Claim {
        why: &'static str,
        true_one: bool,
        after: Duration,
    },
    /// A dispute at the bank: why, and whether it is true.
    Dispute {
        why: &'static str,
        true_one: bool,
        after: Duration,
    },
}

/// What would become of an order. Times count from the step before.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Course {
    pub(crate) intent: Intent,
    pub(crate) would: Ending,
    pub(crate) method: Method,
    pub(crate) instalments: u8,
    /// The first attempt to pay fails.
    pub(crate) fails_first: bool,
    /// From placing to payment.
    pub(crate) pays_after: Duration,
    /// From payment to dispatch, or to the cancellation.
    pub(crate) ships_after: Duration,
    /// The carrier scans it.
    pub(crate) tracked: bool,
    /// From dispatch to the door.
    pub(crate) arrives_after: Duration,
    /// From delivery to confirmation; never by the buyer itself when `forgets`.
    pub(crate) confirms_after: Duration,
    pub(crate) forgets: bool,
    /// The rating, if one is given, and when: from delivery, or from the promised day.
    pub(crate) rating: Option<(u8, Duration)>,
    /// Sent back within the right: when, and in what condition.
    pub(crate) returns: Option<(Duration, &'static str)>,
    pub(crate) complaint: Complaint,
    /// A question, and the hours to its answer if there is one.
    pub(crate) question: Option<Option<Duration>>,
    pub(crate) ship_by: Timestamp,
    pub(crate) deliver_by: Timestamp,
}

/// Handling takes at least this long.
pub(crate) const SHORTEST_HANDLING: Duration = Duration(600_000);
/// A buyer does not wait for ever.
pub(crate) const LONGEST_HANDLING: Duration = Duration(90 * 24 * 3_600_000);
/// Days that a parcel travels at least and at most: the carrier's contract ends.
pub(crate) const TRANSIT_DAYS: (f64, f64) = (0.1, 120.0);

/// From placing to payment.
fn approval(payment: &Payment, method: Method, dice: &mut Dice) -> Duration {
    match method {
        Method::Boleto => hours(
            draw(dice, payment.slow_hours, payment.slow_spread, &payment.slow_shape).min(LONGEST_APPROVAL),
        ),
        _ => hours(
            (draw(dice, payment.quick_minutes, payment.quick_spread, &payment.quick_shape) / 60.0)
                .min(LONGEST_APPROVAL),
        ),
    }
}

/// Hours after which an approval comes, at most.
const LONGEST_APPROVAL: f64 = 30.0 * 24.0;

/// Days of transit, and days promised from order to door: far parcels are promised late.
pub(crate) fn journey(sent: &Fulfilment, dice: &mut Dice) -> (f64, f64) {
    let (far, own) = (dice.normal(), dice.normal());
    let follows = sent.promise_follows;
    let promise = follows * far + libm::sqrt(1.0 - follows * follows) * own;
    let transit = bent(sent.transit_days, sent.transit_spread, &sent.transit_shape, far);
    let promise = bent(sent.promise_days, sent.promise_spread, &sent.promise_shape, promise);
    (transit.clamp(TRANSIT_DAYS.0, TRANSIT_DAYS.1), promise)
}

/// Who deals with whom, and when.
pub(crate) struct Deal<'a> {
    pub(crate) setting: &'a Setting,
    pub(crate) merchant: &'a Merchant,
    pub(crate) seller: &'a MerchantKind,
    pub(crate) customer: &'a BuyerKind,
    pub(crate) placed: Timestamp,
    /// The merchant means to keep the money of this order.
    pub(crate) theft: bool,
    /// The share of orders paid with a credit line.
    pub(crate) on_credit: f64,
    /// Handling takes this much longer than usual.
    pub(crate) strain: f64,
}

impl Deal<'_> {
    /// Draws the course of an ordinary order.
    pub(crate) fn course(&self, dice: &mut Dice) -> Course {
        let Self { setting, seller, customer, placed, .. } = *self;
        let (honest, sent) = (&setting.honest, &setting.honest.fulfilment);
        let method = self.method(dice);
        let pays_after = approval(&honest.payment, method, dice);
        let instalments = if method == Method::Card { dice.pick(&honest.payment.instalments) + 1 } else { 1 };
        let paid = placed.plus(pays_after);
        let ship_by = paid.plus(days(dice.pick(&sent.ship_promise_days) as f64 + 1.0));
        let (transit, promise) = journey(sent, dice);
        let promised = placed.plus(days(promise));
        // A promise is a day, meant until its end.
        let deliver_by = promised.day().end();
        let median = self.merchant.handling_hours * self.strain;
        let handling = draw(dice, median, sent.handling_within, &sent.handling_shape);
        let (would, mut ships_after) = self.ending(dice, hours(handling));
        let arrives_after = days(transit);
        ships_after.0 = ships_after.0.clamp(SHORTEST_HANDLING.0, LONGEST_HANDLING.0);
        let would = match would {
            Ending::OnTime if paid.plus(ships_after).plus(arrives_after) > deliver_by => Ending::Late,
            would => would,
        };
        let delivered = matches!(would, Ending::OnTime | Ending::Late);
        let intent = self.intent(dice, delivered, method);
        let mut course = Course {
            intent,
            would,
            method,
            instalments: instalments as u8,
            fails_first: dice.chance(setting.world.service.payment_fails),
            pays_after,
            ships_after,
            tracked: dice.chance(0.97),
            arrives_after,
            confirms_after: days(dice.exponential(setting.world.service.confirm_days)),
            forgets: dice.chance(customer.forgets),
            rating: None,
            returns: None,
            complaint: Complaint::None,
            question: None,
            ship_by,
            deliver_by,
        };
        course.rating = self.rating(dice, &course);
        course.returns = self.returns(dice, &course);
        course.complaint = self.complaint(dice, &course);
        course.question = self.question(dice);
        if seller.cheats && would == Ending::NeverSent {
            // A cheat that sends nothing often invents a number that no carrier ever scans.
            course.tracked = false;
        }
        course
    }

    fn method(&self, dice: &mut Dice) -> Method {
        if dice.chance(self.on_credit) {
            return Method::CreditLine;
        }
        let mix = &self.setting.honest.payment;
        match dice.pick(&[mix.card, mix.boleto, mix.voucher, mix.debit_card]) {
            0 => Method::Card,
            1 => Method::Boleto,
            2 => Method::Voucher,
            _ => Method::DebitCard,
        }
    }

    /// How it ends, and when the parcel leaves or the order is cancelled.
    fn ending(&self, dice: &mut Dice, handling: Duration) -> (Ending, Duration) {
        let sent = &self.setting.honest.fulfilment;
        let (seller, customer) = (self.seller, self.customer);
        let stock = (sent.out_of_stock * seller.out_of_stock).min(0.95);
        let stuck = (sent.stuck * seller.stuck).min(0.95);
        let fate = dice.unit();
        let early = hours(dice.between(2.0, 60.0));
        if dice.chance(customer.unpaid) {
            return (Ending::Unpaid, handling);
        }
        if self.theft {
            return (Ending::NeverSent, handling);
        }
        let mut edge = stock;
        if fate < edge {
            return (Ending::SellerCancelled, early);
        }
        edge += sent.changed_mind;
        if fate < edge {
            return (Ending::BuyerCancelled, early);
        }
        edge += stuck;
        if fate < edge {
            return (Ending::NeverSent, handling);
        }
        edge += sent.lost;
        if fate < edge { (Ending::Lost, handling) } else { (Ending::OnTime, handling) }
    }

    fn intent(&self, dice: &mut Dice, delivered: bool, method: Method) -> Intent {
        let (seller, customer) = (self.seller, self.customer);
        if self.theft {
            return Intent::Theft;
        }
        let (fate, other) = (dice.unit(), dice.unit());
        if !delivered {
            return Intent::Honest;
        }
        if fate < seller.counterfeit {
            return Intent::Counterfeit;
        }
        if fate < seller.counterfeit + seller.misdescribed {
            return Intent::Misdescribed;
        }
        let returned = (self.setting.world.returns.share * customer.returns).min(1.0);
        let disputes = if method.by_card() { customer.disputes } else { 0.0 };
        let acts = [
            (Intent::FalseClaim, customer.denies_receipt + customer.invents_faults),
            (Intent::FriendlyFraud, disputes),
            (Intent::Extortion, customer.extorts),
            (Intent::SpoiltReturn, returned * customer.spoils),
        ];
        let mut edge = 0.0;
        for (intent, share) in acts {
            edge += share;
            if other < edge {
                return intent;
            }
        }
        Intent::Honest
    }

    /// The rating by how the order went, moved by how good the shop is.
    fn rating(&self, dice: &mut Dice, course: &Course) -> Option<(u8, Duration)> {
        let said = &self.setting.honest.reviews;
        let after = days(draw(dice, said.after_days, said.after_spread, &said.after_shape).min(60.0));
        if !dice.chance(said.share) || course.would == Ending::Unpaid {
            return None;
        }
        let paid = self.placed.plus(course.pays_after);
        let late = paid.plus(course.ships_after).plus(course.arrives_after).since(course.deliver_by).0;
        let marks = match course.would {
            Ending::OnTime => &said.on_time,
            Ending::Late if late <= days(3.0).0 => &said.late_3,
            Ending::Late if late <= days(7.0).0 => &said.late_7,
            Ending::Late => &said.later,
            _ => &said.undelivered,
        };
        let mut rating = dice.pick(marks) as i64 + 1;
        let quality = self.seller.quality;
        if dice.chance(quality.abs()) {
            rating += if quality > 0.0 { 1 } else { -1 };
        }
        match course.intent {
            Intent::Counterfeit | Intent::Misdescribed if dice.chance(0.7) => {
                rating = 1 + dice.below(2) as i64
            }
            Intent::Extortion => rating = 1,
            _ => {}
        }
        Some((rating.clamp(1, 5) as u8, after))
    }

    fn returns(&self, dice: &mut Dice, course: &Course) -> Option<(Duration, &'static str)> {
        let returns = &self.setting.world.returns;
        let share = returns.share * self.customer.returns * (1.0 - self.customer.spoils);
        let (wants, after) = (dice.chance(share.min(1.0)), days(dice.between(0.5, returns.right_days)));
        let word = match dice.below(10) {
            0..=7 => "as_sent",
            _ => "opened",
        };
        match (course.would, course.intent) {
            (Ending::OnTime | Ending::Late, Intent::SpoiltReturn) => {
                Some((after, if dice.chance(0.5) { "swapped" } else { "used" }))
            }
            (Ending::OnTime | Ending::Late, Intent::Honest) if wants => Some((after, word)),
            _ => None,
        }
    }

    fn complaint(&self, dice: &mut Dice, course: &Course) -> Complaint {
        let claims = &self.setting.world.claims;
        let (fate, bank) = (dice.unit(), dice.unit());
        let after = days(dice.exponential(claims.not_received_days).min(60.0) + 0.5);
        let soon = days(dice.between(0.5, 12.0));
        let late = days(dice.between(5.0, 60.0));
        let about = |share: f64, why: &'static str, after: Duration| {
            if fate < share {
                Complaint::Claim { why, true_one: true, after }
            } else if course.method.by_card() && bank < claims.disputes {
                let why = if why == "not_received" { why } else { "not_as_described" };
                Complaint::Dispute { why, true_one: true, after: Duration(after.0 + late.0) }
            } else {
                Complaint::None
            }
        };
        match (course.would, course.intent) {
            (Ending::NeverSent | Ending::Lost, _) => about(claims.not_received, "not_received", after),
            (_, Intent::Counterfeit) => about(claims.not_as_described, "counterfeit", soon),
            (_, Intent::Misdescribed) => about(claims.not_as_described, "not_as_described", soon),
            (_, Intent::FalseClaim) => {
                let denies = self.customer.denies_receipt;
                let lies = denies + self.customer.invents_faults;
                let why = if fate * lies < denies { "not_received" } else { "not_as_described" };
                Complaint::Claim { why, true_one: false, after: soon }
            }
            (_, Intent::FriendlyFraud) => Complaint::Dispute { why: "fraud", true_one: false, after: late },
            _ => Complaint::None,
        }
    }

    fn question(&self, dice: &mut Dice) -> Option<Option<Duration>> {
        let service = &self.setting.world.service;
        let (asks, answered) = (dice.chance(service.asks), dice.chance(0.95 * self.seller.answers));
        let after = dice.log_normal(service.answer_hours * self.seller.answer_time, service.answer_spread);
        asks.then_some(answered.then_some(hours(after.min(service.unanswered_days * 23.0))))
    }
}

/// The place of the heaviest weight.
fn usual_place(weights: &[f64]) -> f64 {
    let most = weights.iter().copied().fold(0.0, f64::max);
    weights.iter().position(|weight| *weight >= most).unwrap_or(0) as f64
}

/// What an order for show is like: paid at once, "delivered" fast, praised.
pub(crate) fn show(setting: &Setting, intent: Intent, placed: Timestamp, dice: &mut Dice) -> Course {
    let credit = intent == Intent::CashOut;
    let stolen = intent == Intent::StolenCard;
    let pays_after = hours(dice.between(0.02, 0.5));
    let sent = &setting.honest.fulfilment;
    let promised = placed.plus(days(sent.promise_days)).day().end();
    Course {
        intent,
        would: Ending::OnTime,
        method: if credit { Method::CreditLine } else { Method::Card },
        instalments: 1,
        fails_first: stolen && dice.chance(0.2),
        pays_after,
        ships_after: hours(dice.between(1.0, 8.0)),
        // An empty parcel is scanned; a trade for cash has no parcel at all.
        tracked: !credit && dice.chance(0.8),
        arrives_after: days(dice.between(1.0, 3.0)),
        confirms_after: hours(dice.between(0.1, 3.0)),
        forgets: false,
        rating: (!stolen && dice.chance(0.95))
            .then(|| (if dice.chance(0.97) { 5 } else { 4 }, hours(dice.between(1.0, 24.0)))),
        returns: None,
        complaint: Complaint::None,
        question: None,
        ship_by: placed.plus(days(usual_place(&sent.ship_promise_days) + 1.0)),
        deliver_by: promised,
    }
}
