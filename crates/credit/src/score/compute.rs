//! From indicator values to a score: pure, exact, the same for ever.

use super::definition::{Characteristic, Scorecard};
use probity_expression::{Faults, Row, Value};
use serde::Serialize;

/// A score with what it was made of. Names stand in the scorecard; this holds their places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Scored {
    /// Base points plus the points of all attributes, before the ends of the scale and the gates.
    pub points_total: i32,
    /// `points_total` within the ends of the scale, before the gates.
    pub ungated: i32,
    /// The score.
    pub score: i32,
    /// The lower end of the confidence range.
    pub low: i32,
    /// The upper end of the confidence range; a gate holds it down as it does the score.
    pub high: i32,
    /// Whether the party has less history than the scorecard asks for.
    pub thin: bool,
    /// Per dimension of the scorecard, in its order.
    pub dimensions: Vec<DimensionScore>,
    /// The gates that hold, in the order of the scorecard.
    pub gates: Vec<usize>,
    /// How often a gate's condition could not be computed (division by zero and the like) and became null, which does not hold.
    pub gate_faults: u64,
    /// The attribute of each characteristic, in the order of the scorecard.
    pub chosen: Vec<Chosen>,
}

/// What one dimension contributes.
///
/// `score` is the score that the party would have if every characteristic outside the dimension stood at zero points:
/// base points plus the dimension's points, within the ends of the scale, without gates. So a sub-score reads on the same
/// scale as the score, and (unless an end cuts) the deviations of all dimensions from the base points sum to that of the total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct DimensionScore {
    /// Sum of the points of its characteristics.
    pub points: i32,
    /// The sub-score.
    pub score: i32,
}

/// Where the value of a characteristic falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Chosen {
    /// There is no value.
    Missing,
    /// A special value, by its place.
    Special(usize),
    /// An attribute, by its place.
    Attribute(usize),
}

impl Characteristic {
    /// Where a value falls. A value that is not a finite number is missing.
    pub fn choose(&self, value: Option<f64>) -> Chosen {
        let Some(value) = value.filter(|value| value.is_finite()) else { return Chosen::Missing };
        if let Some(place) = self.special.iter().position(|special| special.value == value) {
            return Chosen::Special(place);
        }
        let passed = |bound: Option<f64>| bound.is_some_and(|bound| bound <= value);
        Chosen::Attribute(self.attributes.partition_point(|attribute| passed(attribute.below)))
    }

    /// The points of a place given by [`Characteristic::choose`].
    pub fn points(&self, chosen: Chosen) -> i32 {
        let found = match chosen {
            Chosen::Missing => None,
            Chosen::Special(place) => self.special.get(place).map(|special| special.points),
            Chosen::Attribute(place) => self.attributes.get(place).map(|attribute| attribute.points),
        };
        found.unwrap_or(self.missing)
    }
}

/// The values of a party as a row for the conditions of gates.
struct Indicators<'a>(&'a [Option<f64>]);

impl Row for Indicators<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        value_at(self.0, column).map_or(Value::Null, Value::Double)
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        // Indicators are plain numbers; none is money in an event's own currency.
        None
    }
}

pub(super) fn value_at(values: &[Option<f64>], position: usize) -> Option<f64> {
    values.get(position).copied().flatten().filter(|value| value.is_finite())
}

impl Scorecard {
    /// Scores a party. `values` stand in the order of the indicators given to [`Scorecard::parse`]; values that are not
    /// finite numbers, and those beyond the end of `values`, are missing.
    pub fn score(&self, values: &[Option<f64>]) -> Scored {
        let mut chosen = Vec::with_capacity(self.characteristics.len());
        let mut dimensions = vec![DimensionScore { points: 0, score: 0 }; self.dimensions.len()];
        let mut points_total = self.base_points;
        for characteristic in &self.characteristics {
            let place = characteristic.choose(value_at(values, characteristic.position));
            let points = characteristic.points(place);
            points_total += points;
            if let Some(dimension) = dimensions.get_mut(characteristic.dimension) {
                dimension.points += points;
            }
            chosen.push(place);
        }
        for dimension in &mut dimensions {
            dimension.score = self.scale.clamp(self.base_points + dimension.points);
        }
        let mut faults = Faults::default();
        let gates = self.gates_that_hold(values, &mut faults);
        let cap = self.cap(&gates);
        let ungated = self.scale.clamp(points_total);
        let history = self.history_of(values).unwrap_or(0.0);
        let margin = self.history.margin(history);
        Scored {
            points_total,
            ungated,
            score: ungated.min(cap),
            low: self.scale.clamp(ungated - margin).min(cap),
            high: self.scale.clamp(ungated + margin).min(cap),
            thin: history < self.history.minimum,
            dimensions,
            gates,
            gate_faults: faults.total(),
            chosen,
        }
    }

    /// How much history the values say there is; none when that indicator is missing.
    pub fn history_of(&self, values: &[Option<f64>]) -> Option<f64> {
        value_at(values, self.history.position)
    }

    /// The tiers that the gates of a score allow at most.
    pub fn gate_tiers<'a>(&'a self, scored: &'a Scored) -> impl Iterator<Item = &'a str> {
        scored.gates.iter().filter_map(|gate| self.gates.get(*gate)?.tier.as_deref())
    }

    /// The gates that hold for the values, by their places.
    pub(super) fn gates_that_hold(&self, values: &[Option<f64>], faults: &mut Faults) -> Vec<usize> {
        let row = Indicators(values);
        let mut holding = Vec::new();
        for (place, gate) in self.gates.iter().enumerate() {
            if gate.condition.evaluate(&row, faults) == Value::Boolean(true) {
                holding.push(place);
            }
        }
        holding
    }

    /// The strictest cap of some gates, the ceiling when none caps.
    pub(super) fn cap(&self, gates: &[usize]) -> i32 {
        let caps = gates.iter().filter_map(|gate| self.gates.get(*gate)?.cap);
        caps.min().unwrap_or(self.scale.ceiling)
    }
}
