//! Which facts hold of an order at each moment, given what was known then.

use super::book::{Book, Detail, Placed, Said};
use super::clocks::Clocks;
use super::words::Saying;
use crate::event::{Event, FieldValue, Vocabulary};
use probity_primitives::{Currency, Duration, ExternalId, Timestamp};

/// A derived fact's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FactKind {
    /// The claim window closed, or there is nothing left to wait for.
    Matured,
    /// The first defect.
    Defective,
    /// Not shipped when promised.
    ShippedLate,
    /// Delivered after the promised day.
    DeliveredLate,
    /// Not delivered long after the promised day.
    Undelivered,
    /// Cancelled by its seller.
    SellerCancelled,
    /// Not paid in time.
    Unpaid,
}

impl FactKind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Matured,
        Self::Defective,
        Self::ShippedLate,
        Self::DeliveredLate,
        Self::Undelivered,
        Self::SellerCancelled,
        Self::Unpaid,
    ];

    /// The event type that carries it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Matured => "order.matured",
            Self::Defective => "order.defective",
            Self::ShippedLate => "order.shipped_late",
            Self::DeliveredLate => "order.delivered_late",
            Self::Undelivered => "order.undelivered",
            Self::SellerCancelled => "order.seller_cancelled",
            Self::Unpaid => "order.unpaid",
        }
    }

    /// The fields it needs beside `order`, `value` and `category`.
    pub(super) const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Matured => &[
                "order",
                "value",
                "category",
                "items",
                "defective",
                "undelivered",
                "seller_cancelled",
                "buyer_cancelled",
                "unpaid",
                "shipped_late",
                "delivered_late",
                "refunded",
                "rating",
            ],
            Self::Defective => &["order", "value", "category", "cause"],
            Self::ShippedLate => &["order", "value", "category", "ship_by", "unshipped"],
            Self::DeliveredLate => &["order", "value", "category", "deliver_by", "delay"],
            Self::Undelivered | Self::SellerCancelled | Self::Unpaid => &["order", "value", "category"],
        }
    }
}

/// Why an order is defective; the earliest counts, and of one moment the first in this order.
const CAUSES: [&str; 4] = ["seller_fault_claim", "chargeback_lost", "seller_cancelled", "undelivered"];

/// What every fact repeats of the order as it was placed, by the placing that stood when the fact was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Terms {
    pub(super) order: Box<str>,
    pub(super) merchant: Option<ExternalId>,
    pub(super) buyer: Option<ExternalId>,
    pub(super) value: i64,
    pub(super) currency: Option<Currency>,
    pub(super) category: Option<Box<str>>,
    /// Only matured orders tell it.
    pub(super) items: Option<i64>,
}

impl Terms {
    fn of(placed: &Placed, kind: FactKind) -> Self {
        Self {
            order: placed.order.clone(),
            merchant: placed.merchant.clone(),
            buyer: placed.buyer.clone(),
            value: placed.value,
            currency: placed.currency,
            category: placed.category.clone(),
            items: placed.items.filter(|_| kind == FactKind::Matured),
        }
    }
}

/// A fact: what, when it happened, and between which moments it was known to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// What.
    pub kind: FactKind,
    /// When it happened (for a timer, when it fell due).
    pub occurred_at: Timestamp,
    /// Since when it was known.
    pub known_at: Timestamp,
    /// When it turned out not to hold any more.
    pub until: Option<Timestamp>,
    /// What it repeats of the order.
    pub(super) terms: Terms,
    /// Its own field values by name.
    pub(super) content: Vec<(&'static str, FieldValue)>,
}

impl Fact {
    /// Reads a fact back from the log.
    pub(super) fn read(vocabulary: &Vocabulary, kind: FactKind, event: &Event) -> Self {
        let declared = vocabulary.get(event.kind);
        let own =
            kind.fields().iter().filter(|name| !matches!(**name, "order" | "value" | "category" | "items"));
        let content = own
            .filter_map(|name| {
                let value = event.field(declared.field(name)?)?.clone();
                let value = if *name == "cause" {
                    FieldValue::Text(event.text(declared, name)?.into())
                } else {
                    value
                };
                Some((*name, value))
            })
            .collect();
        let terms = Terms {
            order: event.text(declared, "order").unwrap_or_default().into(),
            merchant: event.merchant.clone(),
            buyer: event.buyer.clone(),
            value: event.integer(declared, "value").unwrap_or(0),
            currency: event.currency,
            category: event.text(declared, "category").map(Into::into),
            items: event.integer(declared, "items"),
        };
        let (occurred_at, known_at) = (event.occurred_at, event.known_at);
        Self { kind, occurred_at, known_at, until: None, terms, content }
    }

    /// True for a fact that only a timer brings: in the log it proves that timers were let go off up to its moment.
    pub(super) const fn is_timed(&self) -> bool {
        matches!(
            self.kind,
            FactKind::Matured | FactKind::ShippedLate | FactKind::Undelivered | FactKind::Unpaid
        )
    }

    /// True when both say the same, whenever it was known.
    pub(super) fn same(&self, other: &Self) -> bool {
        self.kind == other.kind
            && self.occurred_at == other.occurred_at
            && self.terms == other.terms
            && self.content == other.content
    }
}

/// The events that stand at one moment, by what they say: of several the earliest counts.
struct Standing<'a> {
    said: Vec<&'a Said>,
}

impl<'a> Standing<'a> {
    fn at(book: &'a Book, moment: Timestamp) -> Self {
        let stands = |said: &Said| {
            said.standing.iter().rev().find(|(from, _)| *from <= moment).is_some_and(|(_, stands)| *stands)
        };
        let mut said: Vec<&Said> = book.said.iter().filter(|said| stands(said)).collect();
        said.sort_by_key(|said| (said.occurred_at, said.key));
        Self { said }
    }

    fn first(&self, saying: Saying) -> Option<&'a Said> {
        self.said.iter().find(|said| said.saying == saying).copied()
    }

    fn when(&self, saying: Saying) -> Option<Timestamp> {
        self.first(saying).map(|said| said.occurred_at)
    }

    fn who(&self, saying: Saying, who: &str) -> Option<Timestamp> {
        let says = |said: &&&Said| {
            said.saying == saying && matches!(&said.detail, Detail::Who(named) if **named == *who)
        };
        self.said.iter().find(says).map(|said| said.occurred_at)
    }

    fn placed(&self) -> Option<(Timestamp, &'a Placed)> {
        self.first(Saying::Placed).and_then(|said| match &said.detail {
            Detail::Placed(placed) => Some((said.occurred_at, &**placed)),
            _ => None,
        })
    }

    fn rating(&self) -> Option<i64> {
        let rating =
            |said: &&Said| if let Detail::Rating(rating) = said.detail { Some(rating) } else { None };
        self.said.iter().rev().find_map(rating)
    }
}

/// The moments that matter for an order whose standing events are these.
struct Dues {
    ship_by: Option<Timestamp>,
    deliver_by: Timestamp,
    undelivered: Option<Timestamp>,
    unpaid: Option<Timestamp>,
    mature: Option<Timestamp>,
}

impl Dues {
    fn of(standing: &Standing<'_>, placed_at: Timestamp, placed: &Placed, clocks: &Clocks) -> Self {
        let paid = standing.when(Saying::Paid);
        let shipped = standing.when(Saying::Shipped);
        let cancelled = standing.when(Saying::Cancelled);
        let arrived =
            [standing.when(Saying::Delivered), standing.when(Saying::Confirmed)].into_iter().flatten().min();
        let deliver_by = placed.deliver_by.unwrap_or_else(|| placed_at.plus(clocks.deliver_within));
        // A promise that had passed before the money came binds nobody: the default runs from the payment.
        let ship_by = paid.map(|paid| {
            placed.ship_by.filter(|by| *by >= paid).unwrap_or_else(|| paid.plus(clocks.ship_within))
        });
        let on_time =
            |due: Timestamp| shipped.is_some_and(|at| at <= due) || cancelled.is_some_and(|at| at <= due);
        let ship_by = ship_by.filter(|due| !on_time(*due));
        let undelivered = match (paid, arrived, cancelled) {
            (Some(paid), None, None) => Some(deliver_by.max(paid).plus(clocks.undelivered_after)),
            _ => None,
        };
        let began = paid.is_some() || shipped.is_some() || arrived.is_some() || cancelled.is_some();
        let unpaid = (!began).then(|| placed_at.plus(clocks.pay_within));
        let mature = match (arrived, cancelled) {
            (Some(arrived), _) => Some(arrived.plus(clocks.claim_window)),
            (None, Some(cancelled)) => Some(cancelled),
            (None, None) => undelivered.or(unpaid),
        };
        Self { ship_by, deliver_by, undelivered, unpaid, mature }
    }

    fn moments(&self) -> impl Iterator<Item = Timestamp> {
        [self.ship_by, self.undelivered, self.unpaid, self.mature].into_iter().flatten()
    }
}

/// The facts that hold at a moment, by what stands then and which timers have gone off.
fn facts(standing: &Standing<'_>, clocks: &Clocks, clock: Timestamp, known_at: Timestamp) -> Vec<Fact> {
    let Some((placed_at, placed)) = standing.placed() else { return Vec::new() };
    let dues = Dues::of(standing, placed_at, placed, clocks);
    let mut facts = Vec::new();
    let mut hold = |kind, occurred_at, content| {
        let terms = Terms::of(placed, kind);
        facts.push(Fact { kind, occurred_at, known_at, until: None, terms, content });
    };
    let due = |moment: Option<Timestamp>| moment.filter(|moment| *moment <= clock);
    let seller_cancelled = standing.who(Saying::Cancelled, "seller");
    let (shipped_late, undelivered, unpaid) = (due(dues.ship_by), due(dues.undelivered), due(dues.unpaid));
    let delivered_late = standing.when(Saying::Delivered).filter(|at| *at > dues.deliver_by);
    if let Some(at) = shipped_late {
        // What is late at the due moment stays so whatever happens later: the fact says what was so then.
        hold(
            FactKind::ShippedLate,
            at,
            vec![("ship_by", FieldValue::Integer(at.millis())), ("unshipped", FieldValue::Boolean(true))],
        );
    }
    if let Some(at) = delivered_late {
        let Duration(delay) = at.since(dues.deliver_by);
        hold(
            FactKind::DeliveredLate,
            at,
            vec![
                ("deliver_by", FieldValue::Integer(dues.deliver_by.millis())),
                ("delay", FieldValue::Integer(delay)),
            ],
        );
    }
    for (kind, at) in [
        (FactKind::Undelivered, undelivered),
        (FactKind::SellerCancelled, seller_cancelled),
        (FactKind::Unpaid, unpaid),
    ] {
        if let Some(at) = at {
            hold(kind, at, Vec::new());
        }
    }
    let defect = first_defect(standing, seller_cancelled, undelivered);
    if let Some((at, cause)) = defect {
        hold(FactKind::Defective, at, vec![("cause", FieldValue::Text(cause.into()))]);
    }
    if let Some(at) = due(dues.mature) {
        let truth = FieldValue::Boolean;
        let mut content = vec![
            ("defective", truth(defect.is_some())),
            ("undelivered", truth(undelivered.is_some())),
            ("seller_cancelled", truth(seller_cancelled.is_some())),
            ("buyer_cancelled", truth(standing.who(Saying::Cancelled, "buyer").is_some())),
            ("unpaid", truth(unpaid.is_some())),
            ("shipped_late", truth(shipped_late.is_some())),
            ("delivered_late", truth(delivered_late.is_some())),
            ("refunded", truth(standing.when(Saying::Refunded).is_some())),
        ];
        content.extend(standing.rating().map(|rating| ("rating", FieldValue::Integer(rating))));
        hold(FactKind::Matured, at, content);
    }
    facts
}

/// When and why an order became defective.
fn first_defect(
    standing: &Standing<'_>,
    seller_cancelled: Option<Timestamp>,
    undelivered: Option<Timestamp>,
) -> Option<(Timestamp, &'static str)> {
    let causes = [
        standing.who(Saying::ClaimDecided, "seller"),
        standing.who(Saying::DisputeDecided, "merchant"),
        seller_cancelled,
        undelivered,
    ];
    let known = causes.into_iter().zip(CAUSES).filter_map(|(at, cause)| at.map(|at| (at, cause)));
    known.min_by_key(|(at, _)| *at)
}

/// All facts of an order as they were known, moment by moment: what each change of knowledge and each timer up to
/// `settled` brought and took. And the next moment at which a timer goes off, if any.
pub(super) fn timeline(
    book: &Book,
    clocks: &Clocks,
    settled: Option<Timestamp>,
) -> (Vec<Fact>, Option<Timestamp>) {
    let mut moments: Vec<Timestamp> =
        book.said.iter().flat_map(|said| said.standing.iter().map(|(at, _)| *at)).collect();
    moments.sort_unstable();
    moments.dedup();
    let mut closed: Vec<Fact> = Vec::new();
    let mut open: Vec<Fact> = Vec::new();
    let mut next_due: Option<Timestamp> = None;
    for (at, moment) in moments.iter().enumerate() {
        let standing = Standing::at(book, *moment);
        let until = moments.get(at + 1).copied();
        let dues =
            standing.placed().map(|(placed_at, placed)| Dues::of(&standing, placed_at, placed, clocks));
        let mut clock_moments: Vec<Timestamp> = dues
            .iter()
            .flat_map(Dues::moments)
            .filter(|due| until.is_none_or(|until| *due < until))
            .collect();
        clock_moments.sort_unstable();
        clock_moments.dedup();
        // Also one that fell due before something more was known: what was believed in between is part of the past.
        let waiting = clock_moments.iter().copied().find(|due| settled.is_none_or(|settled| *due > settled));
        next_due = [next_due, waiting].into_iter().flatten().min();
        clock_moments.retain(|due| settled.is_some_and(|settled| *due <= settled));
        // A timer that went off before this was known counts from now on; the others each at their own moment.
        let passed = clock_moments.iter().copied().filter(|due| due <= moment).max();
        let clock = passed.unwrap_or(Timestamp::EARLIEST);
        step(&mut open, &mut closed, facts(&standing, clocks, clock, *moment), *moment);
        for due in clock_moments.into_iter().filter(|due| due > moment) {
            step(&mut open, &mut closed, facts(&standing, clocks, due, due), due);
        }
    }
    closed.append(&mut open);
    (closed, next_due)
}

/// Facts that no longer hold are closed, new ones opened; what holds as before keeps the moment since when it was known.
fn step(open: &mut Vec<Fact>, closed: &mut Vec<Fact>, now: Vec<Fact>, moment: Timestamp) {
    let (still, gone): (Vec<_>, Vec<_>) =
        open.drain(..).partition(|fact| now.iter().any(|new| new.same(fact)));
    for mut fact in gone {
        fact.until = Some(moment);
        closed.push(fact);
    }
    let new: Vec<_> = now.into_iter().filter(|fact| !still.iter().any(|known| known.same(fact))).collect();
    open.extend(still);
    open.extend(new);
}
