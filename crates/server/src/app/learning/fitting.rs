//! The fit itself: which way each column may go, and which kind of model the rows are better told by.
//!
//! It asks `woe` and `additive` themselves and not `probity_scorecard::fit`, which serves tables whose rows are strangers to
//! each other: that one deals out single rows for the comparison and takes the number of rows for the evidence, where here a
//! party's rows stay together and may count as one. It also tells columns that are left out only in sentences.

use super::super::error::AppError;
use super::rows::{Rows, refused};
use super::train::{LeftColumn, TriedRow};
use probity_primitives::Digest;
use probity_scorecard::bins::Special;
use probity_scorecard::fit::Method;
use probity_scorecard::points::{self, Centre};
use probity_scorecard::scale::{Scale, probability};
use probity_scorecard::{Error, Sample, Scorecard, additive, binning, validation, woe};
use std::collections::BTreeMap;

/// Parts of the parties that are held out in turn to choose the kind of model.
const FOLDS: u64 = 5;
/// By which share the loss must be lower before the additive model, whose tables are longer, is taken.
const CLEARLY: f64 = 0.002;
/// The most attributes of a table: they are printed in a row.
const MOST_ATTRIBUTES: usize = 12;

/// What is known of a column before it is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Known {
    /// More of it is worse.
    pub(super) lower_is_better: bool,
    /// Values with a meaning of their own.
    pub(super) specials: Vec<Special>,
}

/// What is fitted, and how.
pub(super) struct Wanted<'a> {
    pub(super) columns: &'a BTreeMap<String, Known>,
    pub(super) method: Method,
    pub(super) scale: Scale,
    pub(super) seed: u64,
}

/// A fit.
pub(super) struct Fit {
    pub(super) card: Scorecard,
    pub(super) method: &'static str,
    /// Columns that are not in it, each with the reason.
    pub(super) left_out: Vec<LeftColumn>,
    /// What was tried by cross-validation, the one that was taken first.
    pub(super) tried: Vec<TriedRow>,
}

/// A way of fitting: the kind of model, and how much the rows of one party count together.
#[derive(Debug, Clone, Copy)]
struct Way {
    additive: bool,
    /// A party counts once, whatever its rows; else each row does.
    by_party: bool,
}

impl Way {
    fn method(self) -> &'static str {
        if self.additive { "additive" } else { "woe" }
    }
}

/// Fits a card to rows.
///
/// Rows of one party at several moments tell much the same, so evidence lies between the number of rows and that of parties.
/// Which of the two, and which kind of model, is chosen by the log loss on parties that the fit did not see.
///
/// # Errors
/// `training-refused`.
pub(super) fn fitted(rows: &Rows, wanted: &Wanted<'_>) -> Result<Fit, AppError> {
    let names: Vec<String> = wanted.columns.keys().cloned().collect();
    let ways = [(false, true), (false, false), (true, true), (true, false)];
    let ways = ways.into_iter().map(|(additive, by_party)| Way { additive, by_party }).filter(|way| {
        match wanted.method {
            Method::Auto => true,
            Method::Woe => !way.additive,
            Method::Additive => way.additive,
        }
    });
    let mut tried: Vec<(Way, TriedRow)> = ways.map(|way| (way, tried(rows, &names, wanted, way))).collect();
    // One that could not be tried comes last; the simpler one first where they are alike.
    let loss = |row: &TriedRow| {
        row.log_loss
            .map_or(f64::INFINITY, |loss| loss * if row.method == "woe" { 1.0 - CLEARLY } else { 1.0 })
    };
    tried.sort_by(|(_, a), (_, b)| loss(a).total_cmp(&loss(b)));
    let way = tried.first().map_or(Way { additive: false, by_party: true }, |(way, _)| *way);
    let sample = sample_of(rows, &names, way)?;
    let (card, left_out) = once(&sample, wanted, way).map_err(|error| refused(&error))?;
    if card.inputs().is_empty() {
        // Any table may have a card that scores all rows alike; the catalogue has no place for one.
        return Err(refused(&Error::Fit("no column tells good from bad".to_owned())));
    }
    Ok(Fit { card, method: way.method(), left_out, tried: tried.into_iter().map(|(_, row)| row).collect() })
}

/// The rows as they count.
fn sample_of(rows: &Rows, names: &[String], way: Way) -> Result<Sample, AppError> {
    let mut sample = rows.sample(names)?;
    if way.by_party {
        // All alike, so that neither parties of many rows nor bad rates count otherwise.
        let each = rows.parties() as f64 / rows.len().max(1) as f64;
        let weights = sample.weight.unwrap_or_else(|| vec![1.0; rows.len()]);
        sample.weight = Some(weights.into_iter().map(|weight| weight * each).collect());
    }
    Ok(sample)
}

/// How a way of fitting foretells parties that it did not see, all folds together. All rows of a party are in one fold, so
/// that nobody is foretold from an own later row.
fn tried(rows: &Rows, names: &[String], wanted: &Wanted<'_>, way: Way) -> TriedRow {
    let counts = if way.by_party { "parties" } else { "rows" };
    let risk = foretold(rows, names, wanted, way);
    let loss = risk.as_ref().and_then(|risk| {
        let chance: Vec<f64> = risk.iter().map(|risk| probability(*risk)).collect();
        validation::log_loss(&chance, &rows.bad, rows.weights()).ok().map(|loss| loss.value)
    });
    let auc =
        risk.and_then(|risk| validation::auc(&risk, &rows.bad, rows.weights()).ok().map(|auc| auc.value));
    TriedRow { method: way.method(), counts, log_loss: loss, auc }
}

fn foretold(rows: &Rows, names: &[String], wanted: &Wanted<'_>, way: Way) -> Option<Vec<f64>> {
    let seed = wanted.seed.to_le_bytes();
    let fold = |party: &u32| {
        let name = rows.parties.get(*party as usize).map_or("", String::as_str);
        let digest = Digest::of(&[&seed, name.as_bytes()]);
        digest.0.iter().take(8).fold(0_u64, |all, byte| (all << 8) | u64::from(*byte)) % FOLDS
    };
    let folds: Vec<u64> = rows.party.iter().map(fold).collect();
    let mut risk = vec![0.0; rows.len()];
    for held in 0..FOLDS {
        let (test, fit): (Vec<usize>, Vec<usize>) =
            (0..rows.len()).partition(|row| folds.get(*row) == Some(&held));
        let sample = sample_of(&rows.take(&fit), names, way).ok()?;
        let (card, _) = once(&sample, wanted, way).ok()?;
        let scored = card.score(&rows.take(&test).table).ok()?;
        for (row, scored) in test.iter().zip(scored) {
            *risk.get_mut(*row)? = scored.log_odds;
        }
    }
    Some(risk)
}

fn once(sample: &Sample, wanted: &Wanted<'_>, way: Way) -> Result<(Scorecard, Vec<LeftColumn>), Error> {
    if way.additive { by_additive(sample, wanted) } else { by_woe(sample, wanted) }
}

fn by_woe(sample: &Sample, wanted: &Wanted<'_>) -> Result<(Scorecard, Vec<LeftColumn>), Error> {
    let (good, bad) = sample.good_and_bad();
    let mut options = woe::Options::for_rows((good + bad) as usize);
    options.scale = wanted.scale;
    options.constraints.max_bins = MOST_ATTRIBUTES;
    let own = |known: &Known| binning::Constraints {
        trend: if known.lower_is_better { binning::Trend::Ascending } else { binning::Trend::Descending },
        specials: known.specials.clone(),
        ..options.constraints.clone()
    };
    options.own = wanted.columns.iter().map(|(name, known)| (name.clone(), own(known))).collect();
    let fitted = woe::fit(sample, &options)?;
    let left =
        fitted.dropped.into_iter().map(|one| LeftColumn { indicator: one.name, why: one.reason.to_string() });
    Ok((fitted.card, left.collect()))
}

fn by_additive(sample: &Sample, wanted: &Wanted<'_>) -> Result<(Scorecard, Vec<LeftColumn>), Error> {
    let own = |known: &Known| additive::ColumnOptions {
        specials: Some(known.specials.clone()),
        trend: Some(if known.lower_is_better {
            binning::Trend::Ascending
        } else {
            binning::Trend::Descending
        }),
    };
    let options = additive::Options {
        scale: wanted.scale,
        columns: wanted.columns.iter().map(|(name, known)| (name.clone(), own(known))).collect(),
        // A scorecard of the catalogue has no tables of pairs.
        pairs: additive::Pairs::Exactly(0),
        attributes: MOST_ATTRIBUTES,
        seed: wanted.seed,
        ..additive::Options::default()
    };
    let options = additive::Options { rows: options.rows.min(options.attributes), ..options };
    let fitted = additive::fit(sample, &options)?;
    let rounded = points::round(fitted.card.parts().clone(), Centre::Mean, Some(&sample.table))?;
    let left = fitted.report.left_out.into_iter().map(|(indicator, why)| LeftColumn { indicator, why });
    Ok((Scorecard::try_new(rounded.parts)?, left.collect()))
}
