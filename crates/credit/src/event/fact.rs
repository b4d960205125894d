//! One event, as it stands in memory.

use super::schema::{EventType, FieldKind, TypeIndex};
use probity_primitives::{Currency, Digest, ExternalId, Timestamp};
use std::fmt;

/// Which side of a trade a party stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// Sells.
    Merchant,
    /// Buys.
    Buyer,
}

impl Role {
    /// Both roles.
    pub const ALL: [Self; 2] = [Self::Merchant, Self::Buyer];

    /// `merchant` or `buyer`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Merchant => "merchant",
            Self::Buyer => "buyer",
        }
    }

    /// The role's number in stored data.
    pub const fn number(self) -> u8 {
        match self {
            Self::Merchant => 0,
            Self::Buyer => 1,
        }
    }

    /// The role of a stored number.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => Some(Self::Merchant),
            1 => Some(Self::Buyer),
            _ => None,
        }
    }

    /// The role of a word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }
}

/// A party as people write it: `merchant:ID` or `buyer:ID`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Party {
    /// Which side it stands on.
    pub role: Role,
    /// The platform's id.
    pub id: ExternalId,
}

impl Party {
    /// Parses `merchant:ID` or `buyer:ID`.
    pub fn parse(text: &str) -> Option<Self> {
        let (role, id) = text.split_once(':')?;
        Some(Self { role: Role::parse(role)?, id: ExternalId::try_new(id).ok()? })
    }
}

impl fmt::Display for Party {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.role.as_str(), self.id)
    }
}

/// A field's value. Money is minor units; moments and durations are milliseconds; decimals are fixed point.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// True or false.
    Boolean(bool),
    /// Everything that is counted.
    Integer(i64),
    /// Ids, texts, countries.
    Text(Box<str>),
    /// The n-th of the declared words.
    Choice(u16),
}

/// A fact with an id, a type, when it occurred and when it was known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Idempotency id, unique within its source.
    pub id: ExternalId,
    /// The system that told.
    pub source: ExternalId,
    /// Its declared type.
    pub kind: TypeIndex,
    /// When it happened.
    pub occurred_at: Timestamp,
    /// When the platform knew it.
    pub known_at: Timestamp,
    /// The source said when it was known (otherwise the arrival did).
    pub known_given: bool,
    /// The merchant it is about.
    pub merchant: Option<ExternalId>,
    /// The buyer it is about.
    pub buyer: Option<ExternalId>,
    /// Currency of its money fields.
    pub currency: Option<Currency>,
    /// Values in the declared order of the type's fields.
    pub fields: Vec<Option<FieldValue>>,
}

impl Event {
    /// The store's key of this event.
    pub fn key(&self) -> [u8; 16] {
        key_of(self.source.as_str(), self.id.as_str())
    }

    /// The id of the party in a role.
    pub fn party(&self, role: Role) -> Option<&ExternalId> {
        match role {
            Role::Merchant => self.merchant.as_ref(),
            Role::Buyer => self.buyer.as_ref(),
        }
    }

    /// A field's value by the field's index in its type.
    pub fn field(&self, index: usize) -> Option<&FieldValue> {
        self.fields.get(index).and_then(Option::as_ref)
    }

    /// A field that counts something, by name.
    pub fn integer(&self, kind: &EventType, name: &str) -> Option<i64> {
        match self.field(kind.field(name)?)? {
            FieldValue::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// A text or choice, by name.
    pub fn text<'a>(&'a self, kind: &'a EventType, name: &str) -> Option<&'a str> {
        let index = kind.field(name)?;
        match self.field(index)? {
            FieldValue::Text(text) => Some(text),
            FieldValue::Choice(choice) => match &kind.fields.get(index)?.kind {
                FieldKind::Choice(values) => values.get(usize::from(*choice)).map(String::as_str),
                _ => None,
            },
            _ => None,
        }
    }

    /// True when both say the same, whenever they arrived: the arrival's own moment is not part of what was said. An
    /// export tells it all the same, so where one names a moment and the other does not, the moments are compared.
    pub fn same_statement(&self, other: &Self) -> bool {
        let unsaid = !self.known_given && !other.known_given;
        (unsaid || self.known_at == other.known_at)
            && self.kind == other.kind
            && self.occurred_at == other.occurred_at
            && self.id == other.id
            && self.source == other.source
            && self.merchant == other.merchant
            && self.buyer == other.buyer
            && self.currency == other.currency
            && self.fields == other.fields
    }
}

/// The store's key of an id within a source: 16 bytes of SHA-256 over both, the source's length first.
pub fn key_of(source: &str, id: &str) -> [u8; 16] {
    let length = [u8::try_from(source.len()).unwrap_or(u8::MAX)];
    Digest::of(&[&length, source.as_bytes(), id.as_bytes()]).half()
}
