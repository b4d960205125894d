//! What the crate tells, as dictionaries of Python.

use probity_scorecard::explain;
use probity_scorecard::validation::{self, Performance};
use pyo3::prelude::*;

/// A score, taken apart.
#[derive(IntoPyObject)]
pub(crate) struct Explanation {
    score: i32,
    probability: f64,
    base_points: i32,
    lines: Vec<Line>,
    reasons: Vec<Reason>,
    sub_scores: Vec<SubScore>,
}

#[derive(IntoPyObject)]
struct Line {
    columns: Vec<String>,
    bins: Vec<String>,
    points: i32,
    best: i32,
    shortfall: i32,
    share: f64,
}

/// A column that costs points.
#[derive(IntoPyObject)]
pub(crate) struct Reason {
    column: String,
    text: String,
    bin: String,
    gain: i32,
    change: Option<Change>,
}

#[derive(IntoPyObject)]
struct Change {
    bin: String,
    gain: i32,
}

#[derive(IntoPyObject)]
struct SubScore {
    dimension: String,
    points: f64,
    most: f64,
    least: f64,
}

impl Explanation {
    pub(crate) fn new(told: explain::Explanation, probability: f64) -> Self {
        let line = |line: explain::Line| Line {
            columns: line.columns,
            bins: line.bins,
            points: line.points,
            best: line.best,
            shortfall: line.shortfall,
            share: line.share,
        };
        let sub_score = |part: explain::SubScore| SubScore {
            dimension: part.dimension,
            points: part.points,
            most: part.most,
            least: part.least,
        };
        Self {
            score: told.score,
            probability,
            base_points: told.base_points,
            lines: told.lines.into_iter().map(line).collect(),
            reasons: told.reasons.into_iter().map(Reason::from).collect(),
            sub_scores: told.sub_scores.into_iter().map(sub_score).collect(),
        }
    }
}

impl From<explain::Reason> for Reason {
    fn from(reason: explain::Reason) -> Self {
        let change = reason.change.map(|change| Change { bin: change.bin, gain: change.gain });
        Self { column: reason.column, text: reason.text, bin: reason.bin, gain: reason.gain, change }
    }
}

/// A figure with its interval of 95 %.
#[derive(IntoPyObject)]
pub(crate) struct Estimate {
    value: f64,
    low: f64,
    high: f64,
}

impl From<validation::Estimate> for Estimate {
    fn from(of: validation::Estimate) -> Self {
        Self { value: of.value, low: of.low, high: of.high }
    }
}

impl From<validation::Auc> for Estimate {
    fn from(of: validation::Auc) -> Self {
        Self { value: of.value, low: of.low, high: of.high }
    }
}

/// Two risks compared.
#[derive(IntoPyObject)]
pub(crate) struct Comparison {
    first: Estimate,
    second: Estimate,
    difference: Estimate,
    z: Option<f64>,
    p: f64,
}

impl From<validation::Comparison> for Comparison {
    fn from(of: validation::Comparison) -> Self {
        let (first, second, difference) = (of.first.into(), of.second.into(), of.difference.into());
        Self { first, second, difference, z: of.z, p: of.p }
    }
}

/// How well scores tell bad rows from good ones, and how true their probabilities are.
#[derive(IntoPyObject)]
pub(crate) struct Figures {
    rows: usize,
    bad_rows: usize,
    bad_rate: Estimate,
    predicted: f64,
    auc: Estimate,
    gini: Estimate,
    ks: f64,
    brier: f64,
    log_loss: Estimate,
    calibration_slope: Option<Estimate>,
    calibration_in_the_large: Estimate,
}

impl From<Performance> for Figures {
    fn from(of: Performance) -> Self {
        Self {
            rows: of.rows,
            bad_rows: of.bad_rows,
            bad_rate: of.bad_rate.into(),
            predicted: of.predicted,
            auc: of.auc.into(),
            gini: of.auc.gini().into(),
            ks: of.ks.value,
            brier: of.brier.score.value,
            log_loss: of.log_loss.into(),
            calibration_slope: of.line.slope.map(Estimate::from),
            calibration_in_the_large: of.line.in_the_large.into(),
        }
    }
}
