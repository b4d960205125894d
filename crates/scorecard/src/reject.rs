//! Reject inference: a scorecard learned from accepted rows alone knows nothing of those that were turned away. Two ways to
//! let them speak, each giving a new weighted sample to fit on.
//!
//! - **Augmentation** ([`augmented`], [`reweighted`]): an accepted row also stands for the rejected ones like it, so it weighs
//!   one over its probability of having been accepted (Hsia, Credit Scoring and the Equal Credit Opportunity Act, 1978).
//!   Right when acceptance depended on nothing but what the table shows.
//! - **Parcelling** ([`parcelled`]): a rejected row enters twice, as bad and as good, with weights by the bad rate of accepted
//!   rows in its band of scores, its odds multiplied by a stated uplift (Siddiqi, Intelligent Credit Scoring, 2017, chapter on
//!   reject inference). The uplift is a judgement about what the table does not show; data cannot tell it.
//!
//! Neither replaces accepting a few rejects at random and waiting.

use crate::table::{Column, Value, Values};
use crate::{Error, Sample, Scorecard, Table};

/// Rows that were turned away; what became of them is not known.
#[derive(Debug, Clone, Copy)]
pub struct Rejects<'a> {
    /// Their columns: at least those of the accepted rows.
    pub table: &'a Table,
    /// How much each counts; None: each once.
    pub weight: Option<&'a [f64]>,
}

/// How rejected rows are parcelled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Parcelling {
    /// How many bands of scores, of about equal weight among all rows.
    pub bands: usize,
    /// How many times the odds of bad of accepted rows those of rejected ones in the same band are taken to be; 1: the same.
    pub uplift: f64,
}

impl Default for Parcelling {
    /// Ten bands, twice the odds.
    fn default() -> Self {
        Parcelling { bands: 10, uplift: 2.0 }
    }
}

/// A score by a card's log-odds, for the functions here.
pub fn by_card(card: &Scorecard) -> impl Fn(&Table) -> Result<Vec<f64>, Error> + '_ {
    |table| Ok(card.score(table)?.iter().map(|row| row.log_odds).collect())
}

/// The accepted rows, reweighted so that in each of `bands` bands of a score they weigh as much as accepted and rejected ones
/// together. `score` is what acceptance went by: the old card, or a model of acceptance. Bands without accepted rows are
/// joined with a neighbour.
///
/// # Errors
/// When there are no bands, a score is not finite or weights are not usable.
pub fn augmented(
    accepted: &Sample,
    rejects: Rejects<'_>,
    score: impl Fn(&Table) -> Result<Vec<f64>, Error>,
    bands: usize,
) -> Result<Sample, Error> {
    let banded = Banded::try_new(accepted, rejects, score, bands)?;
    let totals = banded.totals(accepted);
    let weigh = |row: usize| {
        let total = &totals[banded.accepted[row]];
        accepted.weight_of(row) * (1.0 + total.rejected / (total.good + total.bad))
    };
    Ok(Sample { weight: Some((0..accepted.rows()).map(weigh).collect()), ..accepted.clone() })
}

/// The accepted rows, each weighing one over its probability of having been accepted. Probabilities below `least` are taken
/// for it, so that no row stands for a crowd.
///
/// # Errors
/// When a probability is not one, is missing for a row, or `least` is not between 0 and 1.
pub fn reweighted(accepted: &Sample, probability: &[f64], least: f64) -> Result<Sample, Error> {
    if !(least > 0.0 && least <= 1.0) {
        return Err(refused(&format!("the least probability is {least}; it must lie between 0 and 1")));
    }
    if probability.len() != accepted.rows() {
        let (has, rows) = (probability.len(), accepted.rows());
        return Err(refused(&format!("there are {has} probabilities for {rows} accepted rows")));
    }
    if let Some(row) = probability.iter().position(|p| !(*p >= 0.0 && *p <= 1.0)) {
        let found = probability[row];
        return Err(refused(&format!("row {} was accepted with a probability of {found}", row + 1)));
    }
    let weigh = |(row, p): (usize, &f64)| accepted.weight_of(row) / p.max(least);
    Ok(Sample { weight: Some(probability.iter().enumerate().map(weigh).collect()), ..accepted.clone() })
}

/// The accepted rows, followed by the rejected ones as bad, followed by the rejected ones as good. `score` is the log-odds of
/// bad by a card fitted on accepted rows. Bands without accepted rows are joined with a neighbour; a band whose accepted rows
/// are all good or all bad is taken half a row off it.
///
/// # Errors
/// When there are no bands, the uplift is not above zero, a score is not finite, weights are not usable, the rejects lack a
/// column or have another kind of values in it, or the accepted rows have an offset.
pub fn parcelled(
    accepted: &Sample,
    rejects: Rejects<'_>,
    score: impl Fn(&Table) -> Result<Vec<f64>, Error>,
    options: Parcelling,
) -> Result<Sample, Error> {
    if !(options.uplift > 0.0 && options.uplift.is_finite()) {
        return Err(refused(&format!("the uplift is {}; it must be a number above zero", options.uplift)));
    }
    if accepted.offset.is_some() {
        return Err(refused("the accepted rows have an offset, which rejected ones have not"));
    }
    let banded = Banded::try_new(accepted, rejects, score, options.bands)?;
    let bad_share: Vec<f64> =
        banded.totals(accepted).iter().map(|total| total.bad_share(options.uplift)).collect();
    let count = rejects.table.rows();
    let weigh = |bad: bool| {
        let bands = banded.rejected.iter().enumerate();
        let bad_share = &bad_share;
        bands.map(move |(row, band)| {
            let share = if bad { bad_share[*band] } else { 1.0 - bad_share[*band] };
            rejects.weight_of(row) * share
        })
    };
    let own = (0..accepted.rows()).map(|row| accepted.weight_of(row));
    let weight = own.chain(weigh(true)).chain(weigh(false)).collect();
    let mut bad = accepted.bad.clone();
    bad.extend(std::iter::repeat_n(true, count));
    bad.extend(std::iter::repeat_n(false, count));
    let table = stacked(&accepted.table, rejects.table)?;
    Ok(Sample { table, target: accepted.target.clone(), bad, weight: Some(weight), offset: None })
}

impl Rejects<'_> {
    fn weight_of(&self, row: usize) -> f64 {
        self.weight.map_or(1.0, |weight| weight[row])
    }
}

/// What lies in a band.
#[derive(Debug, Clone, Copy, Default)]
struct Total {
    good: f64,
    bad: f64,
    rejected: f64,
}

impl Total {
    /// The share of bad among rejected rows, at a multiple of the odds of the accepted ones.
    fn bad_share(&self, uplift: f64) -> f64 {
        let (good, bad) = match (self.good > 0.0, self.bad > 0.0) {
            (true, true) => (self.good, self.bad),
            _ => (self.good + 0.5, self.bad + 0.5),
        };
        let odds = uplift * bad / good;
        odds / (1.0 + odds)
    }
}

/// The band of each row.
struct Banded {
    accepted: Vec<usize>,
    rejected: Vec<usize>,
    bands: usize,
    rejected_weight: Vec<f64>,
}

impl Banded {
    fn try_new(
        accepted: &Sample,
        rejects: Rejects<'_>,
        score: impl Fn(&Table) -> Result<Vec<f64>, Error>,
        bands: usize,
    ) -> Result<Self, Error> {
        if !(1..=10_000).contains(&bands) {
            return Err(refused(&format!("there are to be {bands} bands; from 1 to 10000 will do")));
        }
        let rows = rejects.table.rows();
        if rejects.weight.is_some_and(|weight| weight.len() != rows) {
            return Err(refused(&format!("the weights of rejects are not {rows}, as their rows are")));
        }
        let rejected_weight: Vec<f64> = (0..rows).map(|row| rejects.weight_of(row)).collect();
        if let Some(row) = rejected_weight.iter().position(|weight| !(weight.is_finite() && *weight >= 0.0)) {
            return Err(refused(&format!("rejected row {} weighs {}", row + 1, rejected_weight[row])));
        }
        let own = scores(&accepted.table, &score, "accepted")?;
        let other = scores(rejects.table, &score, "rejected")?;
        // A band needs accepted rows that weigh something.
        let mut all: Vec<(f64, f64, f64)> = (0..accepted.rows())
            .map(|row| (own[row], accepted.weight_of(row), accepted.weight_of(row)))
            .chain(other.iter().zip(&rejected_weight).map(|(score, weight)| (*score, *weight, 0.0)))
            .collect();
        all.sort_by(|first, second| first.0.total_cmp(&second.0));
        let cuts = cuts(&all, bands);
        let band = |score: &f64| cuts.partition_point(|cut| cut <= score);
        Ok(Banded {
            accepted: own.iter().map(band).collect(),
            rejected: other.iter().map(band).collect(),
            bands: cuts.len() + 1,
            rejected_weight,
        })
    }

    fn totals(&self, accepted: &Sample) -> Vec<Total> {
        let mut totals = vec![Total::default(); self.bands];
        for (row, band) in self.accepted.iter().enumerate() {
            let total = &mut totals[*band];
            *if accepted.bad[row] { &mut total.bad } else { &mut total.good } += accepted.weight_of(row);
        }
        for (band, weight) in self.rejected.iter().zip(&self.rejected_weight) {
            totals[*band].rejected += weight;
        }
        totals
    }
}

fn scores(
    table: &Table,
    score: impl Fn(&Table) -> Result<Vec<f64>, Error>,
    of: &str,
) -> Result<Vec<f64>, Error> {
    let scores = score(table)?;
    if scores.len() != table.rows() {
        return Err(refused(&format!("{} scores for {} {of} rows", scores.len(), table.rows())));
    }
    match scores.iter().position(|score| !score.is_finite()) {
        None => Ok(scores),
        Some(row) => Err(refused(&format!("{of} row {} scores {}", row + 1, scores[row]))),
    }
}

/// Where bands of about equal weight begin, each with accepted rows in it. `rows` are sorted: score, weight, and the weight as
/// an accepted row.
fn cuts(rows: &[(f64, f64, f64)], bands: usize) -> Vec<f64> {
    let size = rows.iter().map(|row| row.1).sum::<f64>() / bands as f64;
    let mut accepted_left: f64 = 0.0;
    // Backwards sums are compared with zero only: a sum of weights is zero when each is.
    let left: Vec<bool> = rows
        .iter()
        .rev()
        .map(|row| {
            accepted_left += row.2;
            accepted_left > 0.0
        })
        .collect();
    let (mut cuts, mut weight, mut accepted) = (Vec::new(), 0.0, 0.0);
    for (place, pair) in rows.windows(2).enumerate() {
        weight += pair[0].1;
        accepted += pair[0].2;
        let accepted_follow = left[rows.len() - 2 - place];
        if weight >= size && accepted > 0.0 && accepted_follow && pair[0].0 < pair[1].0 {
            cuts.push(pair[1].0);
            (weight, accepted) = (0.0, 0.0);
        }
    }
    cuts
}

/// The rows of the first table, then those of the second twice, in the columns of the first.
fn stacked(first: &Table, second: &Table) -> Result<Table, Error> {
    let columns = first.columns().iter().map(|column| {
        let other = second.column(&column.name)?;
        let rows = |column: &Column| (0..column.rows()).collect::<Vec<_>>();
        let cells = || {
            let own = rows(column).into_iter().map(|row| column.value(row));
            own.chain(rows(other).into_iter().chain(rows(other)).map(|row| other.value(row)))
        };
        let empty = |column: &Column| rows(column).iter().all(|row| column.value(*row) == Value::Missing);
        let number = |column: &Column| matches!(column.values, Values::Numbers(_));
        // A column without any value has no kind of its own.
        if number(column) != number(other) && !empty(column) && !empty(other) {
            return Err(refused(&format!(
                "column {:?} holds numbers on one side and texts on the other",
                column.name
            )));
        }
        let texts = (!number(column) && !empty(column)) || (!number(other) && !empty(other));
        Ok(if texts {
            let text = |value| match value {
                Value::Category(text) => Some(text),
                _ => None,
            };
            Column::categories(column.name.clone(), cells().map(text))
        } else {
            let number = |value| match value {
                Value::Number(number) => number,
                _ => f64::NAN,
            };
            Column::numbers(column.name.clone(), cells().map(number).collect())
        })
    });
    Table::try_new(columns.collect::<Result<_, _>>()?)
}

fn refused(what: &str) -> Error {
    Error::Sample(format!("reject inference: {what}"))
}

#[cfg(test)]
mod tests;
