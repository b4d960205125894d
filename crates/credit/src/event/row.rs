//! An event as a row of columns, for expressions.

use super::fact::{Event, FieldValue};
use super::rates::Rates;
use super::schema::{EventType, FieldKind, TypeIndex, Vocabulary};
use probity_expression::{Columns, MoneyIn, Row, Type, Value};

/// Envelope columns that every expression sees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Envelope {
    /// The event's id.
    Id,
    /// Its source.
    Source,
    /// Its type's name.
    Type,
    /// When it occurred.
    OccurredAt,
    /// When it was known.
    KnownAt,
    /// The merchant's id.
    Merchant,
    /// The buyer's id.
    Buyer,
}

const ENVELOPE: [(&str, Envelope, Type); 7] = [
    ("id", Envelope::Id, Type::Text),
    ("source", Envelope::Source, Type::Text),
    ("type", Envelope::Type, Type::Text),
    ("occurred_at", Envelope::OccurredAt, Type::Timestamp),
    ("known_at", Envelope::KnownAt, Type::Timestamp),
    ("merchant", Envelope::Merchant, Type::Text),
    ("buyer", Envelope::Buyer, Type::Text),
];

/// Where a column's value stands in an event of one type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// In the envelope.
    Envelope(Envelope),
    /// The n-th field.
    Field(u16),
    /// The type has no such field: null.
    Absent,
}

/// The columns of one or several event types, and where each stands in each type.
#[derive(Debug, Clone)]
pub struct Placing {
    columns: Vec<(String, Type)>,
    places: Vec<(TypeIndex, Vec<Place>)>,
}

fn column_type(kind: &FieldKind) -> Type {
    match kind {
        FieldKind::Id | FieldKind::Text(_) | FieldKind::Choice(_) | FieldKind::Country => Type::Text,
        FieldKind::Boolean => Type::Boolean,
        FieldKind::Integer(..) => Type::Integer,
        FieldKind::Money(..) => Type::Money(MoneyIn::Event),
        FieldKind::Timestamp => Type::Timestamp,
        FieldKind::Duration => Type::Duration,
        FieldKind::Decimal(_) => Type::Double,
    }
}

impl Placing {
    /// The union of the columns of some types. `Err` names a column that has different types in two of them.
    ///
    /// # Errors
    /// The name of the column in conflict.
    pub fn of(vocabulary: &Vocabulary, types: &[TypeIndex]) -> Result<Self, String> {
        let mut columns: Vec<(String, Type)> =
            ENVELOPE.iter().map(|(name, _, kind)| ((*name).to_owned(), *kind)).collect();
        for kind in types {
            for field in &vocabulary.get(*kind).fields {
                let found = column_type(&field.kind);
                match columns.iter().find(|(name, _)| *name == field.name) {
                    Some((_, known)) if *known != found => return Err(field.name.clone()),
                    Some(_) => {}
                    None => columns.push((field.name.clone(), found)),
                }
            }
        }
        let places = types.iter().map(|kind| (*kind, places(vocabulary.get(*kind), &columns))).collect();
        Ok(Self { columns, places })
    }

    /// The places for an event of a type; `None` when the type is not one of these.
    pub fn places(&self, kind: TypeIndex) -> Option<&[Place]> {
        self.places.iter().find(|(known, _)| *known == kind).map(|(_, places)| places.as_slice())
    }
}

fn places(kind: &EventType, columns: &[(String, Type)]) -> Vec<Place> {
    columns
        .iter()
        .map(|(name, _)| match ENVELOPE.iter().find(|(known, ..)| known == name) {
            Some((_, envelope, _)) => Place::Envelope(*envelope),
            None => {
                kind.field(name).and_then(|at| u16::try_from(at).ok()).map_or(Place::Absent, Place::Field)
            }
        })
        .collect()
}

impl Columns for Placing {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        let at = self.columns.iter().position(|(known, _)| known == name)?;
        self.columns.get(at).map(|(_, kind)| (at, *kind))
    }

    fn names(&self) -> Vec<String> {
        self.columns.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// An event seen through a [`Placing`].
#[derive(Debug, Clone, Copy)]
pub struct Placed<'a> {
    /// The event.
    pub event: &'a Event,
    /// Its type.
    pub kind: &'a EventType,
    /// Where each column stands in it.
    pub places: &'a [Place],
    /// Exchange rates.
    pub rates: &'a Rates,
}

impl Row for Placed<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        match self.places.get(column) {
            Some(Place::Field(at)) => self.field(usize::from(*at)),
            Some(Place::Envelope(envelope)) => self.envelope(*envelope),
            Some(Place::Absent) | None => Value::Null,
        }
    }

    fn to_reporting(&self, minor: i64) -> Option<i64> {
        self.rates.to_reporting(minor, self.event.currency?, self.event.occurred_at)
    }
}

impl Placed<'_> {
    fn field(&self, at: usize) -> Value<'_> {
        match self.event.field(at) {
            None => Value::Null,
            Some(FieldValue::Boolean(value)) => Value::Boolean(*value),
            Some(FieldValue::Text(text)) => Value::Text(text),
            Some(FieldValue::Integer(value)) => match self.kind.fields.get(at).map(|field| &field.kind) {
                // A decimal is fixed point in the event and a double in expressions: exact up to 2^53.
                Some(FieldKind::Decimal(scale)) => Value::Double(*value as f64 / 10_f64.powi(*scale as i32)),
                _ => Value::Integer(*value),
            },
            Some(FieldValue::Choice(choice)) => match self.kind.fields.get(at).map(|field| &field.kind) {
                Some(FieldKind::Choice(values)) => {
                    values.get(usize::from(*choice)).map_or(Value::Null, |text| Value::Text(text))
                }
                _ => Value::Null,
            },
        }
    }

    fn envelope(&self, envelope: Envelope) -> Value<'_> {
        match envelope {
            Envelope::Id => Value::Text(self.event.id.as_str()),
            Envelope::Source => Value::Text(self.event.source.as_str()),
            Envelope::Type => Value::Text(&self.kind.name),
            Envelope::OccurredAt => Value::Integer(self.event.occurred_at.millis()),
            Envelope::KnownAt => Value::Integer(self.event.known_at.millis()),
            Envelope::Merchant => {
                self.event.merchant.as_ref().map_or(Value::Null, |id| Value::Text(id.as_str()))
            }
            Envelope::Buyer => self.event.buyer.as_ref().map_or(Value::Null, |id| Value::Text(id.as_str())),
        }
    }
}
