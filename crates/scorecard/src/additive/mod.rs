//! An additive model with pairwise terms: a scorecard that is as accurate as boosted trees where the data allow, and still
//! prints as tables.
//!
//! The way through, in the order of the modules: what is asked (`options`) → fine bins of each column (`fine`) and coarse
//! ones for pairs (`coarse`) → terms with a prior (`term`) fitted round by round (`backfit`), none of which makes the fit worse (`descent`), held to trends (`trend`,
//! `isotonic`): the columns alone (`mains`), then pairs (`select`), as many as cross-validation asks for (`folds`) → merged
//! (`merge`), what runs against its own bins told in pairs (`against`, `compress`) → a card and what is to be said about it (`assemble`).
//!
//! The model is log-odds of bad = intercept + Σ shape(column) + Σ table(column, column), with a normal prior on the steps
//! between neighbouring bins whose strength is found by marginal likelihood. In effect it is a generalized additive model
//! (Hastie and Tibshirani, 1990) with pairs found as in GA2M (Lou, Caruana, Gehrke and Hooker, Accurate intelligible models
//! with pairwise interactions, 2013), without boosting: some twenty rounds over the rows do what boosting does in thousands.
//!
//! A column with a trend keeps it **with its pairs**: whatever the other columns hold, the sum of all tables in which the
//! column stands steps the way that was asked for, to the last digit of the log-odds. Its own table keeps it, and so does
//! each pair along it before row means are taken out. Points are whole numbers: each table keeps its order in them, but a sum
//! of several tables may be off by what [`Report::points_error`] says.
//!
//! `docs/SCORECARDS.md` holds what 5-fold cross-validation on four public credit sets gives beside LightGBM and OptBinning, all in
//! one run (`cargo xtask bench scorecard`): from some thousand rows on this is the better card; with some hundred, a card of
//! weights of evidence ([`crate::woe`]) is as good and shorter.
//!
//! A weight says how many rows a row stands for: weights that sum to much more than there are rows make the fit too sure.

mod options;
mod band;
mod isotonic;
mod trend;
mod fine;
mod term;
mod coarse;
mod backfit;
mod descent;
mod mains;
mod select;
mod folds;
mod merge;
mod against;
mod compress;
mod assemble;
#[cfg(test)]
mod tests;

pub use assemble::{Additive, PairReport, Report, TermReport};
pub use folds::PathPoint;
pub use options::{ColumnOptions, Options, Pairs};

use crate::bins::specials_of;
use crate::{Error, Sample};
use backfit::{Model, Rows};
use fine::Fine;
use select::Grid;

/// Fits an additive model with pairwise terms.
///
/// Rows that weigh nothing are not looked at. Columns that do not vary are left out and named in the report. What was never
/// seen in the sample (a missing value, a new category) counts nothing.
///
/// # Errors
/// When an option is out of its range or names a column that is not there, an offset is not finite, or no column varies.
pub fn fit(sample: &Sample, options: &Options) -> Result<Additive, Error> {
    options.check(sample)?;
    let kept: Vec<usize> = (0..sample.rows()).filter(|row| sample.weight_of(*row) > 0.0).collect();
    let weight: Vec<f64> = kept.iter().map(|row| sample.weight_of(*row)).collect();
    let bad: Vec<bool> = kept.iter().map(|row| sample.bad[*row]).collect();
    let offset: Vec<f64> =
        kept.iter().map(|row| sample.offset.as_ref().map_or(0.0, |offset| offset[*row])).collect();
    if let Some(row) = offset.iter().position(|offset| !offset.is_finite()) {
        let row = kept[row] + 1;
        return Err(Error::Sample(format!("the offset in row {row} is not a finite number")));
    }
    let table = if kept.len() == sample.rows() { sample.table.clone() } else { sample.table.take(&kept) };
    let mut fines = Vec::new();
    let mut left_out = Vec::new();
    for column in table.columns() {
        let own = options.columns.get(&column.name).and_then(|column| column.specials.as_deref());
        let specials = specials_of(column, own, &options.specials);
        let fine = Fine::try_new(column, &specials, &weight, &bad, options.prebins)?;
        if fine.varies() {
            fines.push(fine);
        } else {
            left_out.push((column.name.clone(), "it does not vary".to_owned()));
        }
    }
    if fines.is_empty() {
        return Err(Error::Fit("no column varies, so none can tell good from bad".to_owned()));
    }
    let codes = fines.iter_mut().map(|fine| std::mem::take(&mut fine.codes)).collect();
    let rows = Rows { train: bad.len(), bad, weight, offset, codes };
    run(sample, options, rows, fines, left_out)
}

fn run(
    sample: &Sample,
    options: &Options,
    mut rows: Rows,
    mut fines: Vec<Fine>,
    mut left_out: Vec<(String, String)>,
) -> Result<Additive, Error> {
    let path = match options.pairs {
        Pairs::Automatic(most) => folds::path(&rows, &fines, options, most),
        Pairs::Exactly(_) => vec![],
    };
    let wanted = match options.pairs {
        Pairs::Automatic(_) => folds::choose(&path),
        Pairs::Exactly(count) => count,
    };
    let (before, grid, compressed) = loop {
        let (model, grid) = grow(&rows, &fines, options, wanted);
        let before = rows.mean_loss(&model.log_odds);
        let fine_codes = rows.codes.clone();
        let compressed = compress::compress(model, &mut rows, &fines, &grid, options);
        let mut out = compressed.to_leave_out();
        if out.is_empty() || out.len() >= fines.len() {
            break (before, grid, compressed);
        }
        // The others are fitted without them, and may take up what they told.
        rows.codes = fine_codes;
        out.sort_unstable();
        for place in out.into_iter().rev() {
            rows.codes.remove(place);
            left_out.push((fines.remove(place).name, compress::AGAINST.to_owned()));
        }
    };
    let fines = fines.as_slice();
    assemble::assemble(assemble::Fitted {
        sample,
        options,
        rows,
        fines,
        grid,
        compressed,
        path,
        before,
        left_out,
    })
}

/// Fits the columns, then pairs beside them, as many as are wanted.
fn grow(rows: &Rows, fines: &[Fine], options: &Options, wanted: usize) -> (Model, Grid) {
    let mut model = mains::fit(rows, fines, options);
    let grid = Grid::new(&model, rows, fines, options);
    // As in the folds: few at a time, for each pair changes what the next one promises.
    for count in 1..=wanted {
        if !grid.grow(&mut model, rows, count) {
            break;
        }
    }
    (model, grid)
}
