//! A scorecard as it was read and checked; nothing in it can be wrong any more.

use super::fitted::{Fitted, Training};
use super::scale::Scale;
use probity_expression::Expression;
use probity_primitives::Digest;
use serde::Serialize;

/// The most characteristics of a scorecard.
pub const MOST_CHARACTERISTICS: usize = 200;
/// The most attributes of a characteristic.
pub const MOST_ATTRIBUTES: usize = 50;
/// The most special values of a characteristic.
pub const MOST_SPECIALS: usize = 20;
/// The most dimensions of a scorecard.
pub const MOST_DIMENSIONS: usize = 50;
/// The most gates of a scorecard.
pub const MOST_GATES: usize = 100;
/// The most points an attribute gives or takes; with the bounds above no sum can leave 32 bits.
pub const MOST_POINTS: i32 = 10_000;
/// The highest ceiling of a scale.
pub const HIGHEST_SCORE: i32 = 100_000;

/// What a neutral party gets from each characteristic: the base points are its score, so its points are none. Fewer points
/// are a loss and may be told as a defect; as many or more never are, however far the best attribute lies above.
pub const NEUTRAL: i32 = 0;

/// A checked scorecard for one role, over a fixed list of indicators.
#[derive(Debug)]
pub struct Scorecard {
    pub(super) name: String,
    pub(super) of: &'static str,
    pub(super) title: String,
    pub(super) reasoning: String,
    pub(super) base_points: i32,
    pub(super) scale: Scale,
    pub(super) history: History,
    pub(super) dimensions: Vec<Dimension>,
    pub(super) characteristics: Vec<Characteristic>,
    pub(super) gates: Vec<Gate>,
    pub(super) fitted: Option<Fitted>,
    pub(super) hash: Digest,
}

/// How much history a party needs, and how sure its score is before it has it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct History {
    /// The indicator that says how much history there is.
    pub measure: String,
    /// Its place in the list of indicators.
    #[serde(skip)]
    pub position: usize,
    /// Less history than this is a thin file.
    pub minimum: f64,
    /// The highest tier a thin file is shown in.
    pub thin_tier: String,
    /// Half the confidence range of a party without any history, in points.
    pub half_width: f64,
    /// History at which the range has shrunk by 1/√2.
    pub k: f64,
}

impl History {
    /// Points by which the score may lie off on either side with `history`: half_width · √(k / (k + history)), rounded.
    pub fn margin(&self, history: f64) -> i32 {
        let margin = self.half_width * (self.k / (self.k + history.max(0.0))).sqrt();
        // half_width is at most HIGHEST_SCORE and the root at most 1, so the cast is exact.
        margin.round() as i32
    }
}

/// A group of characteristics with a sub-score of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Dimension {
    /// Its name in this scorecard.
    pub name: String,
    /// Its name for people.
    pub title: String,
}

/// A reason as it is told to the party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable code, unique in the scorecard.
    pub code: String,
    /// What lowered the score.
    pub text: String,
    /// What the party can do.
    pub advice: String,
    /// What lowered the score, in Chinese; empty in a scorecard that has no Chinese.
    pub text_zh: String,
    /// What the party can do, in Chinese.
    pub advice_zh: String,
}

/// An indicator as the scorecard uses it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Characteristic {
    /// The indicator's name.
    pub indicator: String,
    /// Its place in the list of indicators.
    #[serde(skip)]
    pub position: usize,
    /// Its place in the scorecard's dimensions.
    pub dimension: usize,
    /// Why a score is lowered by it; true only of attributes below [`NEUTRAL`].
    pub reason: Reason,
    /// Points when there is no value.
    pub missing: i32,
    /// The training rows without a value.
    #[serde(skip)]
    pub missing_training: Option<Training>,
    /// The bins in ascending order; the last has no upper bound. Never empty.
    pub attributes: Vec<Attribute>,
    /// Values that stand outside the bins.
    pub special: Vec<Special>,
}

/// A bin: the values from the previous bound up to, and without, its own.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Attribute {
    /// Values below this, as far as no earlier attribute holds them; none for the last.
    pub below: Option<f64>,
    /// Points it gives.
    pub points: i32,
    /// The bin in words, with the bounds as their author wrote them: `0.04 to 0.10`.
    pub text: String,
    /// The same in Chinese.
    #[serde(skip)]
    pub text_zh: String,
    /// The training rows in it, in a fitted scorecard.
    #[serde(skip)]
    pub training: Option<Training>,
}

/// A value with a meaning of its own, outside the order of the others.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Special {
    /// The value.
    pub value: f64,
    /// Points it gives.
    pub points: i32,
    /// What it means.
    pub title: String,
    /// The training rows with it, in a fitted scorecard.
    #[serde(skip)]
    pub training: Option<Training>,
}

/// A hard condition that no number of points can buy off.
#[derive(Debug, Serialize)]
pub struct Gate {
    /// Its name in this scorecard.
    pub name: String,
    /// The condition as it was written: SQL over the party's indicators. It holds when true; null (a missing indicator) is not true.
    pub when: String,
    /// The condition, checked.
    #[serde(skip)]
    pub condition: Expression,
    /// While it holds the score is at most this.
    pub cap: Option<i32>,
    /// While it holds the tier is at most this.
    pub tier: Option<String>,
    /// Why the score or tier is held down.
    pub reason: Reason,
}

impl Characteristic {
    /// The training rows of each of its places: attributes, special values, and no value.
    pub fn training(&self) -> Vec<Option<Training>> {
        let attributes = self.attributes.iter().map(|attribute| attribute.training);
        let special = self.special.iter().map(|special| special.training);
        attributes.chain(special).chain([self.missing_training]).collect()
    }

    /// The most points a value can reach; a special value or a missing one is nothing to strive for.
    pub fn best(&self) -> i32 {
        self.attributes.iter().map(|attribute| attribute.points).max().unwrap_or(self.missing)
    }

    /// The lowest value an attribute holds; none for the first.
    pub(super) fn lower(&self, attribute: usize) -> Option<f64> {
        self.attributes.get(attribute.checked_sub(1)?)?.below
    }
}

impl Scorecard {
    /// Its name, unique in the catalogue.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whom it scores: `merchant` or `buyer`.
    pub fn of(&self) -> &'static str {
        self.of
    }

    /// Its name for people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Why it has these characteristics and points.
    pub fn reasoning(&self) -> &str {
        &self.reasoning
    }

    /// The points of a party with every characteristic at its neutral attribute.
    pub fn base_points(&self) -> i32 {
        self.base_points
    }

    /// What its scores mean.
    pub fn scale(&self) -> &Scale {
        &self.scale
    }

    /// Thin files and confidence.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// Its dimensions, in the order of the file.
    pub fn dimensions(&self) -> &[Dimension] {
        &self.dimensions
    }

    /// Its characteristics, in the order of the file.
    pub fn characteristics(&self) -> &[Characteristic] {
        &self.characteristics
    }

    /// Its gates, in the order of the file.
    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// How it was fitted; none for an expert's.
    pub fn fitted(&self) -> Option<&Fitted> {
        self.fitted.as_ref()
    }

    /// The digest of the file's content: the version that made a score.
    pub fn hash(&self) -> Digest {
        self.hash
    }
}
