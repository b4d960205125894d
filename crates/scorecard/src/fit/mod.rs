//! A whole fit, as it is asked for on the command line or in Python: options → a card with points, and what is to be said.

mod options;
mod choose;
#[cfg(test)]
mod tests;

pub use choose::Compared;
pub use options::{Asked, Method, Options, PerColumn, trend};

use crate::additive::{self, Pairs};
use crate::binning::{Constraints, Trend};
use crate::bins::{self, Special};
use crate::points::{self, Centre};
use crate::scale::logit;
use crate::table::Column;
use crate::woe::{self, Weighed};
use crate::{Error, Sample, Scorecard};
use std::collections::BTreeMap;

/// A fitted scorecard and what is to be said about it.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The scorecard.
    pub card: Scorecard,
    /// How the kind of model was chosen, where that was left open and both were tried.
    pub compared: Option<Compared>,
    /// Columns that were left out and why, trends that could not be kept, bounds of rounding; a sentence each.
    pub notes: Vec<String>,
}

/// What a fit is doing, and how far it is: a word, steps done, steps in all.
pub type Progress<'a> = dyn FnMut(&'static str, u64, u64) + 'a;

/// Fits a scorecard.
///
/// # Errors
/// When an option names a column that is not there or contradicts another, or the sample cannot be learned from.
pub fn fit(sample: &Sample, options: &Options, progress: &mut Progress<'_>) -> Result<Fitted, Error> {
    check(sample, options)?;
    let (method, compared) = match options.method {
        Method::Woe | Method::Additive => (options.method, None),
        // Bins given by hand and a least share of rows are kept to the letter by the classical scorecard only.
        Method::Auto if !options.cuts.is_empty() || options.min_share.is_some() => (Method::Woe, None),
        Method::Auto => choose::choose(sample, options, progress)?,
    };
    progress("fitting", 0, 1);
    let (card, mut notes) = match method {
        Method::Woe => by_woe(sample, options)?,
        Method::Additive | Method::Auto => by_additive(sample, options)?,
    };
    if method == Method::Woe && options.pairs != Pairs::Exactly(0) {
        notes.push(
            "no pairs: a scorecard of weights of evidence has none (--method additive does)".to_owned(),
        );
    }
    progress("fitting", 1, 1);
    if card.inputs().is_empty() {
        notes
            .push("no column tells good from bad beyond chance, so every row gets the same score".to_owned());
    }
    Ok(Fitted { card, compared, notes })
}

fn check(sample: &Sample, options: &Options) -> Result<(), Error> {
    let named = options.specials.of.keys().chain(options.trends.of.keys()).chain(options.cuts.keys());
    for name in named {
        sample.table.column(name)?;
    }
    let refuse = |option, reason: &str| Err(Error::Option { option, reason: reason.to_owned() });
    if !options.cuts.is_empty() && options.method == Method::Additive {
        return refuse("cuts", "an additive model merges bins of its own; take --method woe");
    }
    if options.min_share.is_some() && options.method == Method::Additive {
        return refuse(
            "min-share",
            "an additive model shrinks small bins instead; take --method woe, or --max-bins",
        );
    }
    Ok(())
}

/// The special values of a column.
fn specials_of(column: &Column, options: &Options) -> Vec<Special> {
    let own = options.specials.of.get(&column.name).map(Vec::as_slice);
    bins::specials_of(column, own, &options.specials.every)
}

/// What is asked of a fit by weights of evidence.
fn woe_options(sample: &Sample, options: &Options) -> woe::Options {
    let usual = woe::Options::for_rows(sample.rows());
    let constraints = |column: &Column| {
        let mut constraints = Constraints {
            specials: specials_of(column, options),
            cuts: options.cuts.get(&column.name).cloned(),
            max_bins: options.max_bins.unwrap_or(usual.constraints.max_bins),
            min_share: options.min_share.unwrap_or(usual.constraints.min_share),
            ..usual.constraints.clone()
        };
        // Where nothing is asked, the trend is the one that such samples bear best.
        if let Some(trend) = options.trend_of(&column.name) {
            constraints.trend = trend;
        }
        (column.name.clone(), constraints)
    };
    let own: BTreeMap<String, Constraints> = sample.table.columns().iter().map(constraints).collect();
    woe::Options { name: options.name.clone(), own, bad_rate: options.prior, scale: options.scale, ..usual }
}

/// The weights of evidence of every column, under the bins that [`fit`] with [`Method::Woe`] begins with.
///
/// # Errors
/// When an option names a column that is not there or contradicts another, or the sample cannot be learned from.
pub fn weigh(sample: &Sample, options: &Options) -> Result<Vec<Weighed>, Error> {
    let options = Options { method: Method::Woe, ..options.clone() };
    check(sample, &options)?;
    woe::weigh(sample, &woe_options(sample, &options))
}

fn by_woe(sample: &Sample, options: &Options) -> Result<(Scorecard, Vec<String>), Error> {
    let fitted = woe::fit(sample, &woe_options(sample, options))?;
    let mut notes: Vec<String> =
        fitted.remarks.iter().map(|(column, remark)| format!("{column}: {remark}")).collect();
    notes.extend(
        fitted.dropped.iter().map(|dropped| format!("{} is left out: {}", dropped.name, dropped.reason)),
    );
    notes.push(bounded(fitted.most_error));
    Ok((fitted.card, notes))
}

fn by_additive(sample: &Sample, options: &Options) -> Result<(Scorecard, Vec<String>), Error> {
    let fitted = additive::fit(sample, &additive_options(sample, options))?;
    let mut notes: Vec<String> =
        fitted.report.left_out.iter().map(|(column, why)| format!("{column} is left out: {why}")).collect();
    let Some(prior) = options.prior else {
        notes.push(bounded(fitted.report.points_error));
        return Ok((fitted.card, notes));
    };
    let (good, bad) = sample.good_and_bad();
    let mut parts = fitted.card.parts().clone();
    parts.intercept += logit(prior) - libm::log(bad / good);
    parts.provenance.push(("bad rate of the population".to_owned(), prior.to_string()));
    let rounded = points::round(parts, Centre::Kept, Some(&sample.table))?;
    notes.push(bounded(rounded.most_error));
    Ok((Scorecard::try_new(rounded.parts)?, notes))
}

fn additive_options(sample: &Sample, options: &Options) -> additive::Options {
    let column = |column: &Column| {
        let own = additive::ColumnOptions {
            specials: Some(specials_of(column, options)),
            trend: Some(options.trend_of(&column.name).unwrap_or(Trend::Any)),
        };
        (column.name.clone(), own)
    };
    let usual = additive::Options::default();
    let attributes = options.max_bins.unwrap_or(usual.attributes);
    additive::Options {
        name: options.name.clone(),
        scale: options.scale,
        columns: sample.table.columns().iter().map(column).collect(),
        pairs: options.pairs,
        attributes,
        rows: usual.rows.min(attributes),
        seed: options.seed,
        ..usual
    }
}

fn bounded(most_error: f64) -> String {
    format!("rounding to whole points moves no score by more than {most_error:.2} points")
}
