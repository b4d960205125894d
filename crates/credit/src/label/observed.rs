//! What `observe` and `exclude` may read: the party as of the moment.

use crate::score::Scored;
use probity_expression::{Columns, Row, Type, Value};

/// A party as it was known at the moment.
#[derive(Debug, Clone, Copy)]
pub struct Observed<'a> {
    /// Its indicators, in the order of the plan's names.
    pub values: &'a [Option<f64>],
    /// Its score.
    pub scored: &'a Scored,
    /// Its tier.
    pub tier: &'a str,
    /// A suspension was in force.
    pub suspended: bool,
    /// The relation had ended.
    pub terminated: bool,
}

const FIXED: [(&str, Type); 5] = [
    ("score", Type::Integer),
    ("tier", Type::Text),
    ("thin", Type::Boolean),
    ("suspended", Type::Boolean),
    ("terminated", Type::Boolean),
];

/// The columns: those above by name, then the indicators of the role.
pub(super) struct ObservedColumns<'a>(pub(super) &'a [String]);

impl Columns for ObservedColumns<'_> {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        if let Some(place) = FIXED.iter().position(|(known, _)| *known == name) {
            return FIXED.get(place).map(|(_, of)| (place, *of));
        }
        let place = self.0.iter().position(|known| known == name)?;
        Some((FIXED.len() + place, Type::Double))
    }

    fn names(&self) -> Vec<String> {
        FIXED.iter().map(|(name, _)| (*name).to_owned()).chain(self.0.iter().cloned()).collect()
    }
}

impl Row for Observed<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        match column {
            0 => Value::Integer(self.scored.score.into()),
            1 => Value::Text(self.tier),
            2 => Value::Boolean(self.scored.thin),
            3 => Value::Boolean(self.suspended),
            4 => Value::Boolean(self.terminated),
            column => number(self.values, column - FIXED.len()),
        }
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        // Indicators are numbers already; there are no amounts.
        None
    }
}

/// Columns of `bad` and `indeterminate`: indicators over the window.
pub(super) struct AfterwardsColumns<'a>(pub(super) &'a [String]);

impl Columns for AfterwardsColumns<'_> {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        self.0.iter().position(|known| known == name).map(|place| (place, Type::Double))
    }

    fn names(&self) -> Vec<String> {
        self.0.to_vec()
    }
}

/// Indicators over the window.
pub(super) struct Afterwards<'a>(pub(super) &'a [Option<f64>]);

impl Row for Afterwards<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        number(self.0, column)
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        None
    }
}

fn number(values: &[Option<f64>], place: usize) -> Value<'static> {
    let value = values.get(place).copied().flatten();
    value.filter(|value| value.is_finite()).map_or(Value::Null, Value::Double)
}
