//! The card, and what is to be said about how it came about.

use super::backfit::{Joint, Rows};
use super::coarse::Coarse;
use super::compress::{AGAINST, Compressed, NOTHING, Told};
use super::fine::{Fine, Regular};
use super::folds::PathPoint;
use super::options::Options;
use super::select::{Grid, spread};
use crate::binning::Trend;
use crate::bins::{Bins, Split};
use crate::card::{Attribute, Characteristic, Pair, Parts};
use crate::points::{self, Centre};
use crate::{Error, Sample, Scorecard};

/// A fitted additive model.
#[derive(Debug, Clone, PartialEq)]
pub struct Additive {
    /// The card: method `additive`.
    pub card: Scorecard,
    /// How it came about.
    pub report: Report,
}

/// How an additive model came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The columns that have a table of their own, the most important first.
    pub terms: Vec<TermReport>,
    /// The pairs, in the order in which they were taken.
    pub pairs: Vec<PairReport>,
    /// The loss on rows kept aside at each number of pairs; empty when the number was given or the rows were too few.
    pub path: Vec<PathPoint>,
    /// The negative log-likelihood of a mean row before bins were merged, on the rows that were fitted on.
    pub loss_before: f64,
    /// The same for the card.
    pub loss: f64,
    /// No row's points are further than this from the exact score.
    pub points_error: f64,
    /// Columns that are not in the card, each with the reason.
    pub left_out: Vec<(String, String)>,
}

/// What is to be said about a column.
#[derive(Debug, Clone, PartialEq)]
pub struct TermReport {
    /// Its name.
    pub name: String,
    /// The standard deviation over the rows of what it adds to the log-odds.
    pub importance: f64,
    /// How many free values its shape had before bins were merged.
    pub freedom: f64,
    /// The trend that it keeps.
    pub trend: Trend,
    /// How many attributes its table has, those that were never seen left out.
    pub attributes: usize,
}

/// What is to be said about a pair.
#[derive(Debug, Clone, PartialEq)]
pub struct PairReport {
    /// The first column.
    pub first: String,
    /// The second column.
    pub second: String,
    /// The standard deviation over the rows of what it adds to the log-odds.
    pub importance: f64,
    /// By how much, beyond noise, it was expected to raise the log-likelihood when it was taken: why it was. 0: it was taken
    /// to tell what a column would tell against its own bins.
    pub promise: f64,
}

/// All that a fit has come to.
pub(super) struct Fitted<'a> {
    pub(super) sample: &'a Sample,
    pub(super) options: &'a Options,
    pub(super) rows: Rows,
    pub(super) fines: &'a [Fine],
    pub(super) grid: Grid,
    pub(super) compressed: Compressed,
    pub(super) path: Vec<PathPoint>,
    pub(super) before: f64,
    pub(super) left_out: Vec<(String, String)>,
}

pub(super) fn assemble(mut fitted: Fitted<'_>) -> Result<Additive, Error> {
    let mut characteristics = Vec::new();
    let mut terms = Vec::new();
    for place in 0..fitted.fines.len() {
        let term = fitted.term_report(place);
        if fitted.compressed.told[place] == Told::InPair {
            continue;
        }
        if let Told::Nowhere(_) = fitted.compressed.told[place] {
            fitted.left_out.push((term.name, AGAINST.to_owned()));
        } else if fitted.counts(place) {
            characteristics.push((term.importance, fitted.characteristic(place)?));
            terms.push(term);
        } else {
            let reason = format!("it moves the log-odds by less than {NOTHING}");
            fitted.left_out.push((term.name, reason));
        }
    }
    let pairs = fitted.compressed.model.pairs.iter();
    let (pairs, pair_reports): (Vec<Pair>, Vec<PairReport>) = pairs
        .filter_map(|joint| fitted.pair(joint).transpose())
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .unzip();
    characteristics.sort_by(|a, b| b.0.total_cmp(&a.0));
    terms.sort_by(|a, b| b.importance.total_cmp(&a.importance));
    let loss = fitted.rows.mean_loss(&fitted.compressed.model.log_odds);
    let intercept = fitted.compressed.model.intercept;
    let parts = Parts {
        name: fitted.options.name.clone(),
        target: fitted.sample.target.clone(),
        method: "additive".to_owned(),
        scale: fitted.options.scale,
        intercept,
        base_points: 0,
        characteristics: characteristics.into_iter().map(|(_, characteristic)| characteristic).collect(),
        pairs,
        calibration: None,
        provenance: fitted.provenance(loss),
    };
    // The tables are centred already, on numbers whose sums are exact.
    let rounded = points::round(parts, Centre::Kept, Some(&fitted.sample.table))?;
    let card = Scorecard::try_new(rounded.parts)?;
    let Fitted { path, before, left_out, .. } = fitted;
    let points_error = rounded.most_error;
    let report =
        Report { terms, pairs: pair_reports, path, loss_before: before, loss, points_error, left_out };
    Ok(Additive { card, report })
}

impl Fitted<'_> {
    fn paired(&self, place: usize) -> bool {
        self.compressed.model.pairs.iter().any(|joint| joint.first == place || joint.second == place)
    }

    fn counts(&self, place: usize) -> bool {
        let moves = |value: &f64| value.abs() >= NOTHING;
        self.paired(place) || self.compressed.model.mains[place].values.iter().any(moves)
    }

    fn term_report(&self, place: usize) -> TermReport {
        let column = &self.compressed.columns[place];
        let term = &self.compressed.model.mains[place];
        TermReport {
            name: self.fines[place].name.clone(),
            importance: spread(&term.values, &column.weight),
            freedom: term.freedom,
            trend: self.compressed.trends[place],
            attributes: column.weight.iter().filter(|weight| **weight > 0.0).count(),
        }
    }

    fn characteristic(&self, place: usize) -> Result<Characteristic, Error> {
        let (fine, column) = (&self.fines[place], &self.compressed.columns[place]);
        let values = &self.compressed.model.mains[place].values;
        let figures = values.iter().zip(&column.weight).zip(&column.bad);
        Ok(Characteristic {
            name: fine.name.clone(),
            dimension: String::new(),
            reason: String::new(),
            bins: bins(fine, &column.of_fine, column.regular)?,
            attributes: figures.map(|((value, weight), bad)| attribute(*value, *weight, *bad)).collect(),
        })
    }

    /// The table of a pair and what is to be said about it.
    fn pair(&self, joint: &Joint) -> Result<Option<(Pair, PairReport)>, Error> {
        let coarse = |place: usize| self.grid.coarse[place].as_ref();
        let (Some(down), Some(across)) = (coarse(joint.first), coarse(joint.second)) else { return Ok(None) };
        let (weight, bad) = joint.counts(&self.rows);
        let values = &joint.term.values;
        let cells = values.iter().zip(&weight).zip(&bad);
        let of_axis =
            |place: usize, coarse: &Coarse| bins(&self.fines[place], &coarse.of_fine, coarse.regular);
        let pair = Pair {
            first: self.fines[joint.first].name.clone(),
            second: self.fines[joint.second].name.clone(),
            rows: of_axis(joint.first, down)?,
            columns: of_axis(joint.second, across)?,
            cells: cells.map(|((value, weight), bad)| attribute(*value, *weight, *bad)).collect(),
        };
        let report = PairReport {
            first: pair.first.clone(),
            second: pair.second.clone(),
            importance: spread(values, &weight),
            promise: joint.promise,
        };
        Ok(Some((pair, report)))
    }

    fn provenance(&self, loss: f64) -> Vec<(String, String)> {
        let (good, bad) = self.sample.good_and_bad();
        let mut facts = vec![
            ("rows".to_owned(), self.rows.bad.len().to_string()),
            ("weight of good rows".to_owned(), good.to_string()),
            ("weight of bad rows".to_owned(), bad.to_string()),
            ("log loss".to_owned(), format!("{loss:.6}")),
            ("seed".to_owned(), self.options.seed.to_string()),
        ];
        let chosen = self.path.iter().find(|point| point.pairs == self.compressed.grown);
        if let Some(point) = chosen {
            facts.push(("cross-validated log loss".to_owned(), format!("{:.6}", point.loss)));
        }
        facts
    }
}

/// An attribute whose points are yet to come.
fn attribute(log_odds: f64, weight: f64, bad: f64) -> Attribute {
    Attribute { log_odds, points: 0, weight, bad }
}

/// Bins of groups of fine bins; `of_fine` says the group of each.
fn bins(fine: &Fine, of_fine: &[u8], regular: usize) -> Result<Bins, Error> {
    let split = match &fine.regular {
        Regular::Cuts(cuts) => {
            let border = |place: &usize| of_fine[*place] != of_fine[*place + 1];
            Split::Cuts((0..cuts.len()).filter(border).map(|place| cuts[place]).collect())
        }
        Regular::Levels(levels) => {
            let mut groups = vec![vec![]; regular];
            for (level, group) in levels.iter().zip(of_fine) {
                groups[usize::from(*group)].extend(level.iter().cloned());
            }
            Split::Groups { groups, other: usize::from(of_fine[levels.len() - 1]) }
        }
    };
    Bins::try_new(split, fine.specials.clone())
}
