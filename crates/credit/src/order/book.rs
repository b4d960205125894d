//! What is known of one order: the events about it, since when each stands, and the facts already in the log.

use super::timeline::{Fact, FactKind};
use super::words::{Saying, Words};
use crate::event::{Event, Vocabulary};
use probity_primitives::{Currency, ExternalId, Timestamp};

/// One event about an order, reduced to what facts depend on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said {
    pub(super) key: [u8; 16],
    pub(super) saying: Saying,
    pub(super) occurred_at: Timestamp,
    /// Moments from which the event stands (true) or no longer does (false), ascending.
    pub(super) standing: Vec<(Timestamp, bool)>,
    /// What the saying adds: who cancelled, whose fault, the rating.
    pub(super) detail: Detail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Detail {
    None,
    Placed(Box<Placed>),
    /// `by`, `fault` or `lost_by`.
    Who(Box<str>),
    Rating(i64),
}

/// What the order's placing said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) order: Box<str>,
    pub(super) merchant: Option<ExternalId>,
    pub(super) buyer: Option<ExternalId>,
    pub(super) value: i64,
    pub(super) currency: Option<Currency>,
    pub(super) category: Option<Box<str>>,
    pub(super) items: Option<i64>,
    pub(super) ship_by: Option<Timestamp>,
    pub(super) deliver_by: Option<Timestamp>,
}

/// A fact that the log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Logged {
    pub(super) id: Box<str>,
    pub(super) generation: u32,
    pub(super) fact: Fact,
    /// Retractions of it in the log.
    pub(super) retractions: u32,
}

/// How an event concerns an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Concern {
    /// Not at all.
    None,
    /// It went into the book; facts may have changed.
    Life,
    /// It is a fact that was derived before, and the book did not have it.
    Fact,
}

/// What is known of one order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Book {
    pub(super) said: Vec<Said>,
    pub(super) logged: Vec<Logged>,
    /// Timers were let go off up to this moment.
    pub(super) settled: Option<Timestamp>,
}

impl Book {
    /// The order's id as an event names it.
    pub fn order_of<'a>(vocabulary: &'a Vocabulary, event: &'a Event) -> Option<&'a str> {
        event.text(vocabulary.get(event.kind), "order")
    }

    /// True when it holds another event than this one that is about money or ends the order: a payment, a refund, a
    /// delivery, a cancellation. So what is open of it did not begin with this one.
    pub fn had_money_or_an_end_beside(&self, key: [u8; 16]) -> bool {
        let bears = |saying: Saying| {
            matches!(saying, Saying::Paid | Saying::Refunded | Saying::Delivered | Saying::Cancelled)
        };
        self.said.iter().any(|said| said.key != key && bears(said.saying))
    }

    /// Takes an event in.
    pub fn add(&mut self, vocabulary: &Vocabulary, words: &Words, event: &Event) -> Concern {
        if let Some(fact) = words.fact(event.kind) {
            return if self.add_fact(vocabulary, fact, event) { Concern::Fact } else { Concern::None };
        }
        let Some(saying) = words.saying(event.kind) else { return Concern::None };
        let key = event.key();
        if self.said.iter().any(|said| said.key == key) {
            return Concern::None;
        }
        let kind = vocabulary.get(event.kind);
        let moment = |name: &str| event.integer(kind, name).map(Timestamp::from_millis);
        let detail = match saying {
            Saying::Placed => Detail::Placed(Box::new(Placed {
                order: event.text(kind, "order").unwrap_or_default().into(),
                merchant: event.merchant.clone(),
                buyer: event.buyer.clone(),
                value: event.integer(kind, "value").unwrap_or(0),
                currency: event.currency,
                category: event.text(kind, "category").map(Into::into),
                items: event.integer(kind, "items"),
                ship_by: moment("ship_by"),
                deliver_by: moment("deliver_by"),
            })),
            Saying::Cancelled => Detail::Who(event.text(kind, "by").unwrap_or_default().into()),
            Saying::ClaimDecided => Detail::Who(event.text(kind, "fault").unwrap_or_default().into()),
            Saying::DisputeDecided => Detail::Who(event.text(kind, "lost_by").unwrap_or_default().into()),
            Saying::Reviewed => event.integer(kind, "rating").map_or(Detail::None, Detail::Rating),
            _ => Detail::None,
        };
        self.said.push(Said {
            key,
            saying,
            occurred_at: event.occurred_at,
            standing: vec![(event.known_at, true)],
            detail,
        });
        Concern::Life
    }

    fn add_fact(&mut self, vocabulary: &Vocabulary, kind: FactKind, event: &Event) -> bool {
        if self.logged.iter().any(|logged| *logged.id == *event.id.as_str()) {
            return false;
        }
        let generation = event.id.as_str().rsplit('.').next().and_then(|last| last.parse().ok()).unwrap_or(0);
        let fact = Fact::read(vocabulary, kind, event);
        if fact.is_timed() {
            self.settled = self.settled.max(Some(fact.occurred_at));
        }
        self.logged.push(Logged { id: event.id.as_str().into(), generation, fact, retractions: 0 });
        true
    }

    /// Sets since when the event with this key stands, after a mark (retraction, objection) about it: ascending moments,
    /// each with whether it stands from there on. True when the event is in the book.
    pub fn mark(&mut self, key: [u8; 16], standing: &[(Timestamp, bool)]) -> bool {
        match self.said.iter_mut().find(|said| said.key == key) {
            Some(said) => {
                said.standing = standing.to_vec();
                true
            }
            None => false,
        }
    }

    /// Notes a retraction of a derived fact that the log holds. True when the fact is in the book.
    pub fn mark_fact(&mut self, id: &str, known_at: Timestamp) -> bool {
        match self.logged.iter_mut().find(|logged| *logged.id == *id) {
            Some(logged) => {
                logged.retractions += 1;
                logged.fact.until = Some(logged.fact.until.map_or(known_at, |until| until.min(known_at)));
                true
            }
            None => false,
        }
    }

    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.said.is_empty() && self.logged.is_empty()
    }

    /// Says up to when timers were let go off before this book was read back from the log. The facts themselves tell as
    /// much as matters: a book that holds all of them needs no call.
    pub fn settled_until(&mut self, moment: Option<Timestamp>) {
        self.settled = self.settled.max(moment);
    }
}
