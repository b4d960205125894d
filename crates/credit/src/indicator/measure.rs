//! A measure: what one event contributes, by compiled expressions. Several indicators may share one.

use super::definition::Aggregate;
use crate::event::{Event, Placed, Placing, Rates, Role, Vocabulary};
use probity_expression::{Expression, Faults, Type, Value};
use probity_primitives::Digest;

/// What one event adds to one measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Contribution {
    /// Numerator, or the sum's value.
    pub numerator: i64,
    /// Denominator (weights).
    pub denominator: i64,
    /// Base rows: 1, or 0 for a row that only counts in the numerator.
    pub rows: i32,
    /// The value, or the hash of the value, for multisets.
    pub value: i64,
    /// Hash of the category, where the measure keeps a mix.
    pub category: u64,
}

/// Contributions of one event: measure slot and what it adds.
pub type Contributions = Vec<(u16, Contribution)>;

/// Largest size of one contribution; larger ones are faults, counted and left out, so that a day's sum cannot overflow.
const LARGEST: i64 = 1_000_000_000_000_000;

/// What a party's tiles keep of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Keeping {
    /// Numerator, denominator and rows per bucket.
    Sums,
    /// Every value and how often, per bucket.
    Values,
    /// When each different value was met.
    Distinct,
}

/// What is measured, and how its tiles are kept.
#[derive(Debug, Clone)]
pub struct Measure {
    /// Whose tiles it feeds.
    pub role: Role,
    pub(super) placing: Placing,
    pub(super) filter: Option<Expression>,
    pub(super) value: Option<Expression>,
    pub(super) base: Option<Expression>,
    pub(super) weight: Option<Expression>,
    pub(super) shape: Shape,
    pub(super) scale: Option<i64>,
    pub(super) category: Option<usize>,
    /// What tiles keep.
    pub keeping: Keeping,
    /// Rows of a pair and month that count.
    pub pair_cap: Option<u16>,
    /// Buckets are hours, not days.
    pub hourly: bool,
    /// Buckets kept behind the newest; `None` keeps all.
    pub retention: Option<i32>,
    /// Some indicator needs buckets (not only the total).
    pub bucketed: bool,
    /// Some indicator needs the total over the whole life.
    pub total: bool,
    /// Some indicator is pulled to the platform's or a category's mean.
    pub prior: bool,
    /// Some indicator is pulled to category means.
    pub mix: bool,
}

/// How a row becomes numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    Rows,
    Sum,
    Mean,
    Share,
    Value,
    Distinct,
}

impl Shape {
    pub(super) fn of(aggregate: Aggregate) -> Self {
        match aggregate {
            Aggregate::Count | Aggregate::DaysSinceFirst | Aggregate::DaysSinceLast => Self::Rows,
            Aggregate::Sum | Aggregate::DecayedSum => Self::Sum,
            Aggregate::Mean => Self::Mean,
            Aggregate::Share => Self::Share,
            Aggregate::Min | Aggregate::Max | Aggregate::Quantile => Self::Value,
            Aggregate::Distinct => Self::Distinct,
        }
    }

    pub(super) fn keeping(self) -> Keeping {
        match self {
            Self::Value => Keeping::Values,
            Self::Distinct => Keeping::Distinct,
            _ => Keeping::Sums,
        }
    }
}

impl Measure {
    /// What an event contributes; `None` when it does not concern this measure.
    pub fn contribution(
        &self,
        vocabulary: &Vocabulary,
        rates: &Rates,
        event: &Event,
        faults: &mut Faults,
    ) -> Option<Contribution> {
        let places = self.placing.places(event.kind)?;
        let row = Placed { event, kind: vocabulary.get(event.kind), places, rates };
        if let Some(filter) = &self.filter
            && filter.evaluate(&row, faults) != Value::Boolean(true)
        {
            return None;
        }
        let contribution = self.numbers(&row, faults)?;
        let category = match self.category {
            None => 0,
            Some(column) => match probity_expression::Row::value(&row, column) {
                Value::Text(text) => hash(text.as_bytes()),
                _ => 0,
            },
        };
        Some(Contribution { category, ..contribution })
    }

    fn numbers(&self, row: &Placed<'_>, faults: &mut Faults) -> Option<Contribution> {
        let none = Contribution::default();
        match self.shape {
            Shape::Rows => Some(Contribution { rows: 1, ..none }),
            Shape::Sum => Some(Contribution { numerator: self.integer(row, faults)?, rows: 1, ..none }),
            Shape::Value => Some(Contribution { value: self.integer(row, faults)?, rows: 1, ..none }),
            Shape::Distinct => {
                let value = match self.value.as_ref()?.evaluate(row, faults) {
                    Value::Null => return None,
                    Value::Text(text) => hash(text.as_bytes()),
                    Value::Boolean(value) => u64::from(value),
                    Value::Integer(value) => hash(&value.to_le_bytes()),
                    Value::Double(value) => hash(&value.to_bits().to_le_bytes()),
                };
                Some(Contribution { value: value as i64, rows: 1, ..none })
            }
            Shape::Share => {
                let value = match self.value.as_ref()?.evaluate(row, faults) {
                    Value::Boolean(value) => Some(value),
                    _ => None,
                };
                let base = self.based(row, value.is_some(), faults);
                if value != Some(true) && !base {
                    return None;
                }
                let weight = self.weight_of(row, faults)?;
                let numerator = if value == Some(true) { weight } else { 0 };
                Some(Contribution {
                    numerator,
                    denominator: if base { weight } else { 0 },
                    rows: i32::from(base),
                    ..none
                })
            }
            Shape::Mean => {
                let value = self.integer(row, faults)?;
                if !self.based(row, true, faults) {
                    return None;
                }
                let weight = self.weight_of(row, faults)?;
                let Some(numerator) = value
                    .checked_mul(weight)
                    .filter(|product| product.unsigned_abs() <= LARGEST.unsigned_abs())
                else {
                    faults.overflows += 1;
                    return None;
                };
                Some(Contribution { numerator, denominator: weight, rows: 1, ..none })
            }
        }
    }

    fn based(&self, row: &Placed<'_>, otherwise: bool, faults: &mut Faults) -> bool {
        match &self.base {
            None => otherwise,
            Some(base) => base.evaluate(row, faults) == Value::Boolean(true),
        }
    }

    /// A weight that is null, negative or beyond bounds leaves the row out.
    fn weight_of(&self, row: &Placed<'_>, faults: &mut Faults) -> Option<i64> {
        let Some(weight) = &self.weight else { return Some(1) };
        match weight.evaluate(row, faults) {
            Value::Integer(weight) if (0..=LARGEST).contains(&weight) => Some(weight),
            Value::Null => None,
            _ => {
                faults.overflows += 1;
                None
            }
        }
    }

    fn integer(&self, row: &Placed<'_>, faults: &mut Faults) -> Option<i64> {
        let value = match self.value.as_ref()?.evaluate(row, faults) {
            Value::Integer(value) => value,
            Value::Boolean(value) => i64::from(value),
            Value::Double(value) => {
                let scaled = value * self.scale? as f64;
                // Half away from zero; `as` is exact below 2^53, which the bound ensures.
                if scaled.abs() > LARGEST as f64 {
                    faults.overflows += 1;
                    return None;
                }
                scaled.round() as i64
            }
            _ => return None,
        };
        if value.unsigned_abs() > LARGEST.unsigned_abs() {
            faults.overflows += 1;
            return None;
        }
        Some(value)
    }

    /// The type of the measured value.
    pub(super) fn value_type(&self) -> Option<Type> {
        self.value.as_ref().map(Expression::result_type)
    }
}

/// 64 bits of SHA-256: a hostile id cannot be made to collide with another.
pub(super) fn hash(bytes: &[u8]) -> u64 {
    let digest = Digest::of(&[bytes]);
    let mut first = [0; 8];
    first.copy_from_slice(&digest.0[..8]);
    u64::from_le_bytes(first)
}
