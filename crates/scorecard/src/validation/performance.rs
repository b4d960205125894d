//! Everything that is measured of one sample at once.

use super::auc::{Auc, auc};
use super::estimate::Estimate;
use super::probabilities::{
    Brier, CalibrationLine, Spiegelhalter, brier, calibration_line, log_loss, spiegelhalter,
};
use super::ranked::{Ks, Ranked};
use super::rows::Rows;
use crate::Error;
use crate::scale::probability;

/// How well log-odds tell bad rows from good ones, and how true they are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Performance {
    /// Rows that weigh something.
    pub rows: usize,
    /// The effective number of rows.
    pub effective_rows: f64,
    /// Their weight.
    pub weight: f64,
    /// The bad ones among them.
    pub bad_rows: usize,
    /// The observed bad rate.
    pub bad_rate: Estimate,
    /// The mean predicted probability of bad.
    pub predicted: f64,
    /// AUC; its Gini comes with it.
    pub auc: Auc,
    /// Kolmogorov–Smirnov; its risk is a log-odds.
    pub ks: Ks,
    /// Brier's score over ten bins.
    pub brier: Brier,
    /// Log loss.
    pub log_loss: Estimate,
    /// The calibration line.
    pub line: CalibrationLine,
    /// Spiegelhalter's test.
    pub spiegelhalter: Option<Spiegelhalter>,
}

impl Performance {
    /// Measures log-odds of bad.
    ///
    /// # Errors
    /// When the rows are not fit for measuring, or are all good or all bad.
    pub fn of_log_odds(log_odds: &[f64], bad: &[bool], weight: Option<&[f64]>) -> Result<Self, Error> {
        let rows = Rows::of_both(log_odds, bad, weight)?;
        let risk: Vec<f64> = log_odds.iter().map(|log_odds| probability(*log_odds)).collect();
        Ok(Performance {
            rows: rows.count(),
            effective_rows: rows.effective(),
            weight: rows.weight(),
            bad_rows: rows.bad_mass.rows,
            bad_rate: rows.bad_rate(),
            predicted: rows.predicted(),
            // By log-odds, not by probability: the latter are equal where they are rounded to 1.
            auc: auc(log_odds, bad, weight)?,
            ks: Ranked::try_new(log_odds, bad, weight)?.ks(),
            brier: brier(&risk, bad, weight, 10)?,
            log_loss: log_loss(&risk, bad, weight)?,
            line: calibration_line(&risk, bad, weight)?,
            spiegelhalter: spiegelhalter(&risk, bad, weight)?,
        })
    }
}
