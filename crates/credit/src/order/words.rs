//! The event types and fields that an order's life is read from and written in.

use super::timeline::FactKind;
use crate::event::{TypeIndex, Vocabulary};
use probity_primitives::{Code, Problem};

/// The code of a vocabulary that lacks a type or field which the order module needs.
pub const ORDER_WORDS_MISSING: Code = Code::new("order-words-missing");

/// What an event says about an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Saying {
    Placed,
    Paid,
    Shipped,
    Delivered,
    Confirmed,
    Cancelled,
    Refunded,
    Reviewed,
    ClaimDecided,
    DisputeDecided,
}

const SAYINGS: [(&str, Saying, &[&str]); 10] = [
    ("order.placed", Saying::Placed, &["order", "value"]),
    ("order.paid", Saying::Paid, &["order"]),
    ("order.shipped", Saying::Shipped, &["order"]),
    ("order.delivered", Saying::Delivered, &["order"]),
    ("order.confirmed", Saying::Confirmed, &["order"]),
    ("order.cancelled", Saying::Cancelled, &["order", "by"]),
    ("refund.issued", Saying::Refunded, &["order"]),
    ("review.posted", Saying::Reviewed, &["order", "rating"]),
    ("claim.decided", Saying::ClaimDecided, &["order", "fault"]),
    ("card_dispute.decided", Saying::DisputeDecided, &["order", "lost_by"]),
];

/// Resolved types.
#[derive(Debug, Clone)]
pub struct Words {
    said: Vec<Option<Saying>>,
    facts: [TypeIndex; FactKind::ALL.len()],
    pub(super) retracted: TypeIndex,
}

impl Words {
    /// Finds the types in a vocabulary.
    ///
    /// # Errors
    /// `order-words-missing` for each type or field that is not declared.
    pub fn resolve(vocabulary: &Vocabulary) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let mut find = |name: &str, fields: &[&str]| {
            let missing = |what: String| {
                Problem::new(ORDER_WORDS_MISSING, format!("the catalogue does not declare {what}"))
            };
            let Some(kind) = vocabulary.find(name) else {
                problems.push(missing(name.to_owned()));
                return TypeIndex(u16::MAX);
            };
            for field in fields {
                if vocabulary.get(kind).field(field).is_none() {
                    problems.push(missing(format!("{name}.{field}")));
                }
            }
            kind
        };
        let facts = FactKind::ALL.map(|kind| find(kind.name(), kind.fields()));
        let retracted = find("event.retracted", &["target", "target_source"]);
        let mut said = vec![None; vocabulary.len()];
        for (name, saying, fields) in SAYINGS {
            let kind = find(name, fields);
            if let Some(slot) = said.get_mut(usize::from(kind.0)) {
                *slot = Some(saying);
            }
        }
        if problems.is_empty() { Ok(Self { said, facts, retracted }) } else { Err(problems) }
    }

    pub(super) fn saying(&self, kind: TypeIndex) -> Option<Saying> {
        self.said.get(usize::from(kind.0)).copied().flatten()
    }

    pub(super) fn fact(&self, kind: TypeIndex) -> Option<FactKind> {
        FactKind::ALL.into_iter().zip(self.facts).find(|(_, known)| *known == kind).map(|(fact, _)| fact)
    }

    pub(super) fn type_of(&self, fact: FactKind) -> TypeIndex {
        let at = FactKind::ALL.into_iter().position(|known| known == fact).unwrap_or(0);
        self.facts.get(at).copied().unwrap_or(TypeIndex(u16::MAX))
    }

    /// True when events of this type speak about an order's life, or are facts derived from it.
    pub fn concerns(&self, kind: TypeIndex) -> bool {
        self.saying(kind).is_some() || self.fact(kind).is_some()
    }
}
