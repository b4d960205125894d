//! Whether parties still are what they were: the stability index of the score (PSI) and of each characteristic (CSI), against
//! the rows that a card was fitted on or against a moment that it is compared with.

use super::super::error::AppError;
use super::rows::refused;
use probity_credit::score::Scorecard;
use probity_scorecard::validation::{ScoreBins, psi};
use serde::Serialize;

/// From here on an index is to be watched, and from here on something is to be done (Siddiqi, Intelligent Credit Scoring, 2017).
const WATCH: f64 = 0.1;
const ACT: f64 = 0.25;
/// Bins of a reference's scores.
const SCORE_BINS: usize = 10;

/// The index of a score or a characteristic.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drifted {
    /// `score`, or the indicator.
    pub of: String,
    /// The index: Σ (now − then) · ln(now / then) over shares.
    pub value: f64,
    /// `stable`, `watch` (from 0.1), `act` (from 0.25), or `few`: no more than twice what chance gives with so few rows.
    pub verdict: &'static str,
    /// What chance alone gives on average with so many rows.
    pub by_chance: f64,
    /// What the move did to the mean score, in points.
    pub points: f64,
}

/// Something that wants looking at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Alarm {
    /// `psi`, `csi`, `auc`, `bad_rate` or `calibration`.
    pub what: &'static str,
    /// `watch` or `act`.
    pub level: &'static str,
    /// In words.
    pub detail: String,
}

/// How rows are spread.
#[derive(Debug, Clone)]
pub(super) struct Spread {
    /// How many rows (the effective number where they are weighed).
    pub(super) rows: f64,
    /// Weight by bins of the score.
    pub(super) score: Vec<f64>,
    /// Weight by the places of each characteristic.
    places: Vec<Vec<f64>>,
}

/// Rows whose spread is wanted: scores before gates, and weights by place.
pub(super) struct Seen<'a> {
    pub(super) scores: &'a [i32],
    pub(super) weight: Option<&'a [f64]>,
    pub(super) places: &'a [Vec<f64>],
}

impl Seen<'_> {
    /// Their spread over the bins between cuts.
    pub(super) fn spread(&self, cuts: &[f64]) -> Spread {
        let mut score = vec![0.0; cuts.len() + 1];
        let (mut all, mut squares) = (0.0, 0.0);
        for (row, value) in self.scores.iter().enumerate() {
            let weight = self.weight.and_then(|weight| weight.get(row).copied()).unwrap_or(1.0);
            all += weight;
            squares += weight * weight;
            let place = cuts.partition_point(|cut| *cut <= f64::from(*value));
            if let Some(sum) = score.get_mut(place) {
                *sum += weight;
            }
        }
        let rows = if squares > 0.0 { all * all / squares } else { 0.0 };
        Spread { rows, score, places: self.places.to_vec() }
    }

    /// Cuts between bins of about as many of them each.
    ///
    /// # Errors
    /// `training-refused` when there are no rows.
    pub(super) fn cuts(&self) -> Result<Vec<f64>, AppError> {
        let scores: Vec<f64> = self.scores.iter().map(|score| f64::from(*score)).collect();
        let bins = ScoreBins::try_new(&scores, self.weight, SCORE_BINS).map_err(|error| refused(&error))?;
        Ok(bins.cuts)
    }
}

/// The spread of the rows that a card was fitted on, with the cuts of their scores; none for an expert's card.
pub(super) fn of_training(card: &Scorecard) -> Option<(Spread, Vec<f64>)> {
    let fitted = card.fitted()?;
    let share =
        |training: &Option<probity_credit::score::Training>| training.map_or(0.0, |training| training.share);
    let places = card.characteristics().iter().map(|one| one.training().iter().map(share).collect());
    let spread =
        Spread { rows: fitted.rows as f64, score: fitted.score_shares.clone(), places: places.collect() };
    Some((spread, fitted.score_cuts.clone()))
}

/// The index of the score, then that of each characteristic.
///
/// # Errors
/// `training-refused` when either side has no rows.
pub(super) fn drifted(card: &Scorecard, then: &Spread, now: &Spread) -> Result<Vec<Drifted>, AppError> {
    let one = |of: &str, then_weights: &[f64], now_weights: &[f64], points: &[i32]| {
        let found = psi(then_weights, now_weights).map_err(|error| refused(&error))?;
        let bins = found.cells.iter().filter(|cell| cell.expected > 0.0 || cell.actual > 0.0).count();
        // Yurdakul and Naranjo, Journal of Risk Model Validation 14 (2020).
        let by_chance = bins.saturating_sub(1) as f64 * (1.0 / then.rows + 1.0 / now.rows);
        let verdict = match found.value {
            value if value < WATCH => "stable",
            value if value <= 2.0 * by_chance => "few",
            value if value < ACT => "watch",
            _ => "act",
        };
        let moved = found.cells.iter().zip(points);
        let points = moved.map(|(cell, points)| (cell.actual - cell.expected) * f64::from(*points)).sum();
        Ok::<Drifted, AppError>(Drifted { of: of.to_owned(), value: found.value, verdict, by_chance, points })
    };
    let mut all = vec![one("score", &then.score, &now.score, &[])?];
    for ((characteristic, then), now) in card.characteristics().iter().zip(&then.places).zip(&now.places) {
        let attributes = characteristic.attributes.iter().map(|attribute| attribute.points);
        let special = characteristic.special.iter().map(|special| special.points);
        let points: Vec<i32> = attributes.chain(special).chain([characteristic.missing]).collect();
        all.push(one(&characteristic.indicator, then, now, &points)?);
    }
    let moved: f64 = all.iter().map(|one| one.points).sum();
    if let Some(score) = all.first_mut() {
        score.points = moved;
    }
    Ok(all)
}

/// Indices that want looking at, the score's first.
pub(super) fn moved(drift: &[Drifted]) -> Vec<Alarm> {
    let worth = drift.iter().filter(|one| matches!(one.verdict, "watch" | "act"));
    let alarm = |one: &Drifted| {
        let what = if one.of == "score" { "psi" } else { "csi" };
        let limit = if one.verdict == "act" { ACT } else { WATCH };
        let detail = format!(
            "{} moved: {:.3}, from {limit} on; {:+.1} points on average",
            one.of, one.value, one.points
        );
        Alarm { what, level: one.verdict, detail }
    };
    worth.map(alarm).collect()
}
