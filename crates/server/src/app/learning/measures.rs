//! How good scores are, in numbers: each AUC with two intervals, one that takes rows as independent (DeLong) and one that
//! knows that a party's rows of several moments are not.

use super::super::error::AppError;
use super::super::ranking::{Judged as Ranked, Measured, rank};
use super::judging::Judged;
use super::rows::{Rows, refused};
use probity_credit::score::Scorecard;
use probity_scorecard::validation::{self, Estimate};
use serde::Serialize;

/// A figure with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    /// The figure.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl From<Estimate> for Interval {
    fn from(estimate: Estimate) -> Self {
        Self { value: estimate.value, low: estimate.low, high: estimate.high }
    }
}

impl From<validation::Auc> for Interval {
    fn from(auc: validation::Auc) -> Self {
        Self { value: auc.value, low: auc.low, high: auc.high }
    }
}

impl From<Measured> for Interval {
    fn from(measured: Measured) -> Self {
        // Few parties can give resamplings that all lie on one side of the figure itself.
        let Measured { value, low, high } = measured;
        Self { value, low: low.min(value), high: high.max(value) }
    }
}

impl Interval {
    /// As it stands in a scorecard's file: four digits, which keep their order.
    pub(super) fn rounded(self) -> [f64; 3] {
        [self.value, self.low, self.high].map(|figure| (figure * 1e4).round() / 1e4)
    }
}

/// How well a card's scores tell bad from good, and how true the odds are that they stand for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Performance {
    /// Rows.
    pub rows: usize,
    /// The bad ones.
    pub bad: usize,
    /// AUC with DeLong's interval.
    pub auc: Interval,
    /// AUC with the interval of resampled parties.
    pub auc_by_party: Interval,
    /// Gini: twice the AUC less one.
    pub gini: Interval,
    /// Kolmogorov–Smirnov.
    pub ks: f64,
    /// Brier's score.
    pub brier: f64,
    /// By how much it is better than that of the overall bad rate; negative: worse.
    pub brier_skill: Option<f64>,
    /// Log loss.
    pub log_loss: f64,
    /// The observed bad rate.
    pub bad_rate: Interval,
    /// The bad rate that the scores foretold.
    pub predicted: f64,
    /// The slope of the calibration line: 1 is true, below it the odds are spread too far.
    pub slope: Option<Interval>,
    /// By how much the log-odds are off on the whole; 0 is true.
    pub in_the_large: Interval,
}

/// Two cards on the same rows: the first less the second.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Paired {
    /// Difference of the AUC with the interval of DeLong's paired test.
    pub difference: Interval,
    /// The probability of so large a difference by chance, by that test.
    pub p: f64,
    /// The same difference with the interval of resampled parties.
    pub by_party: Interval,
}

fn ranked(rows: &Rows, first: &Judged, second: &Judged) -> Vec<Ranked> {
    let said = |judged: &Judged, row: usize| judged.score.get(row).map(|score| f64::from(*score));
    let one = |row: usize| {
        Some(Ranked {
            merchant: *rows.party.get(row)?,
            stratum: 0,
            said: [said(first, row)?, said(second, row)?],
            bad: *rows.bad.get(row)?,
            weight: rows.weight_of(row),
        })
    };
    (0..rows.len()).filter_map(one).collect()
}

/// Measures a card's scores.
///
/// # Errors
/// `training-refused` when the rows are all good or all bad.
pub(super) fn performance(rows: &Rows, judged: &Judged, card: &Scorecard) -> Result<Performance, AppError> {
    let found = validation::Performance::of_log_odds(&judged.log_odds(card), &rows.bad, rows.weights())
        .map_err(|error| refused(&error))?;
    let (risk, weight) = (judged.risk(), rows.weights());
    let delong = validation::auc(&risk, &rows.bad, weight).map_err(|error| refused(&error))?;
    let ks = validation::Ranked::try_new(&risk, &rows.bad, weight).map_err(|error| refused(&error))?.ks();
    let by_party = rank(&ranked(rows, judged, judged));
    let auc = Interval::from(delong);
    Ok(Performance {
        rows: found.rows,
        bad: found.bad_rows,
        auc,
        auc_by_party: by_party.map_or(auc, |ranked| ranked.score.into()),
        gini: delong.gini().into(),
        ks: ks.value,
        brier: found.brier.score.value,
        brier_skill: found.brier.skill,
        log_loss: found.log_loss.value,
        bad_rate: found.bad_rate.into(),
        predicted: found.predicted,
        slope: found.line.slope.map(Interval::from),
        in_the_large: found.line.in_the_large.into(),
    })
}

/// Compares two cards on the same rows.
///
/// # Errors
/// As [`performance`].
pub(super) fn paired(rows: &Rows, first: &Judged, second: &Judged) -> Result<Paired, AppError> {
    let delong = validation::compare(&first.risk(), &second.risk(), &rows.bad, rows.weights())
        .map_err(|error| refused(&error))?;
    let difference = Interval::from(delong.difference);
    let by_party = rank(&ranked(rows, first, second)).map_or(difference, |ranked| ranked.difference.into());
    Ok(Paired { difference, p: delong.p, by_party })
}
