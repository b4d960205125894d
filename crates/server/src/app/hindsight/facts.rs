//! What an event says about how things went.

use super::verdict::Harm;
use probity_credit::event::{Event, FieldValue, TypeIndex, Vocabulary, key_of};
use probity_store::Key;

/// Days past due from which an instalment counts as lost: the usual mark of default (Basel II, paragraph 452).
const DEFAULTED: i64 = 90;

/// What a credit line is kept under, beside orders.
pub(super) fn line_key(line: &str) -> Key {
    // No source can hold a NUL, so a line never shares a key with an event or an order.
    key_of("\0line", line)
}

/// What is said of an order, a credit line or a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    /// It came to be: paid, or drawn.
    Began,
    /// It went well to its end.
    Well,
    /// It came to nothing.
    Void,
    /// It went badly.
    Ill(Harm),
}

/// What an event says, at most once of each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Sayings {
    pub(super) order: Option<Said>,
    pub(super) merchant: Option<Said>,
    pub(super) buyer: Option<Said>,
    /// What was lost of the order, in the event's own currency.
    pub(super) loss: Option<i64>,
    /// The id is that of a credit line.
    pub(super) line: bool,
}

/// Types that say anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Paid,
    Drawn,
    Matured,
    Defective,
    Undelivered,
    SellerCancelled,
    DisputeDecided,
    FraudReported,
    ClaimDecided,
    RefundIssued,
    ViolationFound,
    CreditRepaid,
    CreditMissed,
    CreditWrittenOff,
}

const TYPES: [(&str, Type); 14] = [
    ("order.paid", Type::Paid),
    ("credit.drawn", Type::Drawn),
    ("order.matured", Type::Matured),
    ("order.defective", Type::Defective),
    ("order.undelivered", Type::Undelivered),
    ("order.seller_cancelled", Type::SellerCancelled),
    ("card_dispute.decided", Type::DisputeDecided),
    ("fraud.reported", Type::FraudReported),
    ("claim.decided", Type::ClaimDecided),
    ("refund.issued", Type::RefundIssued),
    ("violation.found", Type::ViolationFound),
    ("credit.repaid", Type::CreditRepaid),
    ("credit.missed", Type::CreditMissed),
    ("credit.written_off", Type::CreditWrittenOff),
];

/// The types of a vocabulary that say anything.
pub(super) struct Types(Vec<Option<Type>>);

impl Types {
    pub(super) fn resolve(vocabulary: &Vocabulary) -> Self {
        let of = |index: TypeIndex| {
            let name = &vocabulary.get(index).name;
            TYPES.iter().find(|(known, _)| known == name).map(|(_, found)| *found)
        };
        Self(vocabulary.iter().map(|(index, _)| of(index)).collect())
    }

    /// What an event says; none for most.
    pub(super) fn read(&self, vocabulary: &Vocabulary, event: &Event) -> Option<Sayings> {
        let found = self.0.get(usize::from(event.kind.0)).copied().flatten()?;
        let fields = Fields { vocabulary, event };
        let loss = fields.integer("value");
        let said = Sayings { loss, ..Sayings::default() };
        let ill = |harm| Sayings { order: Some(Said::Ill(harm)), ..said };
        Some(match found {
            Type::Paid => Sayings { order: Some(Said::Began), ..Sayings::default() },
            Type::Drawn => Sayings { order: Some(Said::Began), line: true, ..Sayings::default() },
            Type::Matured => fields.matured(),
            Type::Defective => Sayings { merchant: Some(Said::Ill(Harm::Defects)), ..Sayings::default() },
            Type::Undelivered => ill(Harm::Undelivered),
            Type::SellerCancelled => Sayings { loss: None, ..ill(Harm::SellerCancelled) },
            Type::DisputeDecided => fields.dispute(loss)?,
            Type::FraudReported => {
                Sayings { buyer: Some(Said::Ill(Harm::FraudReported)), ..ill(Harm::FraudReported) }
            }
            Type::ClaimDecided => fields.claim(loss)?,
            Type::RefundIssued => match fields.text("cause") {
                Some("not_received" | "not_as_described" | "damaged") => ill(Harm::Refunded),
                _ => return None,
            },
            Type::ViolationFound => {
                let counterfeit = fields.text("kind") == Some("counterfeit");
                let found = Said::Ill(if counterfeit { Harm::Counterfeit } else { Harm::Violation });
                Sayings { order: Some(found), merchant: Some(found), buyer: Some(found), ..said }
            }
            Type::CreditRepaid => Sayings { order: Some(Said::Well), line: true, ..Sayings::default() },
            Type::CreditMissed if fields.integer("days_past_due")? < DEFAULTED => return None,
            Type::CreditMissed => {
                let missed = Some(Said::Ill(Harm::Overdue));
                Sayings { order: missed, buyer: missed, line: true, ..Sayings::default() }
            }
            Type::CreditWrittenOff => {
                let lost = Some(Said::Ill(Harm::WrittenOff));
                Sayings { order: lost, buyer: lost, line: true, ..said }
            }
        })
    }
}

struct Fields<'a> {
    vocabulary: &'a Vocabulary,
    event: &'a Event,
}

impl Fields<'_> {
    fn integer(&self, name: &str) -> Option<i64> {
        self.event.integer(self.vocabulary.get(self.event.kind), name)
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.event.text(self.vocabulary.get(self.event.kind), name)
    }

    fn boolean(&self, name: &str) -> Option<bool> {
        let place = self.vocabulary.get(self.event.kind).field(name)?;
        match self.event.field(place)? {
            FieldValue::Boolean(value) => Some(*value),
            _ => None,
        }
    }

    /// A defect was told by facts of its own; of what ended otherwise this says how.
    fn matured(&self) -> Sayings {
        let is = |name: &str| self.boolean(name) == Some(true);
        if is("defective") {
            return Sayings::default();
        }
        if is("unpaid") || is("buyer_cancelled") {
            return Sayings { order: Some(Said::Void), ..Sayings::default() };
        }
        let well = Some(Said::Well);
        Sayings { order: well, merchant: well, buyer: well, ..Sayings::default() }
    }

    fn dispute(&self, loss: Option<i64>) -> Option<Sayings> {
        let abused = self.boolean("abusive") == Some(true);
        let lost = self.text("lost_by") == Some("merchant");
        let harm = match (abused, lost) {
            (false, false) => return None,
            (true, _) => Harm::DisputeAbused,
            (false, true) => Harm::DisputeLost,
        };
        let buyer = abused.then_some(Said::Ill(harm));
        let loss = loss.filter(|_| lost);
        Some(Sayings { order: Some(Said::Ill(harm)), buyer, loss, ..Sayings::default() })
    }

    fn claim(&self, loss: Option<i64>) -> Option<Sayings> {
        if self.boolean("good_faith") == Some(false) {
            let deceit = Some(Said::Ill(Harm::FalseClaim));
            return Some(Sayings { order: deceit, buyer: deceit, loss, ..Sayings::default() });
        }
        if self.text("fault") != Some("seller") {
            return None;
        }
        let counterfeit = self.text("kind") == Some("counterfeit");
        let harm = if counterfeit { Harm::Counterfeit } else { Harm::ClaimUpheld };
        Some(Sayings { order: Some(Said::Ill(harm)), loss, ..Sayings::default() })
    }
}
