//! The fit itself: which way each column may go, and which kind of model the rows are better told by.

use super::super::error::AppError;
use super::rows::{Rows, refused};
use super::train::{LeftColumn, Method};
use probity_primitives::Digest;
use probity_scorecard::bins::Special;
use probity_scorecard::points::{self, Centre};
use probity_scorecard::scale::Scale;
use probity_scorecard::{Error, Sample, Scorecard, additive, binning, validation, woe};
use std::collections::BTreeMap;

/// Parts of the parties that are held out in turn to choose the kind of model.
const FOLDS: u64 = 5;
/// By how much AUC must be higher before the additive model, whose tables are longer, is taken.
const CLEARLY: f64 = 0.001;
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
    /// AUC by cross-validation of both kinds of model, where one was to be chosen.
    pub(super) tried: Option<[f64; 2]>,
}

/// Fits a card to rows.
///
/// # Errors
/// `training-refused`.
pub(super) fn fitted(rows: &Rows, wanted: &Wanted<'_>) -> Result<Fit, AppError> {
    let names: Vec<String> = wanted.columns.keys().cloned().collect();
    let sample = rows.sample(&names)?;
    let (method, tried) = match wanted.method {
        Method::Woe => (Method::Woe, None),
        Method::Additive => (Method::Additive, None),
        Method::Auto => {
            let tried = [Method::Woe, Method::Additive].map(|method| tried(rows, &names, wanted, method));
            let [by_woe, by_additive] = &tried;
            match (by_woe, by_additive) {
                (Some(woe), Some(additive)) if *additive > woe + CLEARLY => (Method::Additive, Some([*woe, *additive])),
                (Some(woe), Some(additive)) => (Method::Woe, Some([*woe, *additive])),
                (None, Some(_)) => (Method::Additive, None),
                _ => (Method::Woe, None),
            }
        }
    };
    let (card, left_out) = once(&sample, wanted, method).map_err(|error| refused(&error))?;
    let method = if method == Method::Additive { "additive" } else { "woe" };
    Ok(Fit { card, method, left_out, tried })
}

/// AUC on parties that the fit did not see, all folds together; none where a fold cannot be fitted. All rows of a party are in
/// one fold, so that nobody is foretold from an own later row.
fn tried(rows: &Rows, names: &[String], wanted: &Wanted<'_>, method: Method) -> Option<f64> {
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
        let sample = rows.take(&fit).sample(names).ok()?;
        let (card, _) = once(&sample, wanted, method).ok()?;
        let scored = card.score(&rows.take(&test).table).ok()?;
        for (row, scored) in test.iter().zip(scored) {
            *risk.get_mut(*row)? = scored.log_odds;
        }
    }
    validation::auc(&risk, &rows.bad, rows.weights()).ok().map(|auc| auc.value)
}

fn once(sample: &Sample, wanted: &Wanted<'_>, method: Method) -> Result<(Scorecard, Vec<LeftColumn>), Error> {
    if method == Method::Additive { by_additive(sample, wanted) } else { by_woe(sample, wanted) }
}

fn by_woe(sample: &Sample, wanted: &Wanted<'_>) -> Result<(Scorecard, Vec<LeftColumn>), Error> {
    let mut options = woe::Options::for_rows(sample.rows());
    options.scale = wanted.scale;
    options.constraints.max_bins = MOST_ATTRIBUTES;
    let own = |known: &Known| binning::Constraints {
        trend: if known.lower_is_better { binning::Trend::Ascending } else { binning::Trend::Descending },
        specials: known.specials.clone(),
        ..options.constraints.clone()
    };
    options.own = wanted.columns.iter().map(|(name, known)| (name.clone(), own(known))).collect();
    let fitted = woe::fit(sample, &options)?;
    let left = fitted.dropped.into_iter().map(|one| LeftColumn { indicator: one.name, why: one.reason.to_string() });
    Ok((fitted.card, left.collect()))
}

fn by_additive(sample: &Sample, wanted: &Wanted<'_>) -> Result<(Scorecard, Vec<LeftColumn>), Error> {
    let own = |known: &Known| additive::ColumnOptions {
        specials: Some(known.specials.clone()),
        trend: Some(if known.lower_is_better { additive::Trend::Ascending } else { additive::Trend::Descending }),
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
