//! Bins that tell good from bad as well as bins can, under constraints: the best there are among pre-bins, not merely good ones.
//!
//! A column is first cut into many narrow pre-bins ([`Constraints::prebins`]), counted without sorting its rows; dynamic
//! programming then finds the best way to join neighbours, and does so again with narrower ones around the cuts it found. The
//! optimum among the pre-bins of each look is proven; among all places in between, it is very nearly reached. The bins of a column depend on its values, the target and the
//! weights alone: the order of the rows does not matter, and a row of weight 2 is the same as two rows.

mod constraints;
mod count;
mod optimal;
mod trend;
mod prebin;
mod grid;
mod categories;
mod stability;
mod table;

#[cfg(test)]
mod tests;

pub use constraints::{Constraints, Groups, MOST_PREBINS, Objective, Trend};
pub use count::Count;
pub use stability::{Period, bin_column_over_time, over_time};
pub use table::{BinnedTable, bin_table};

use crate::bins::{Bins, Special, Split};
use crate::table::{Column, MISSING, Values};
use crate::{Error, Sample};
use count::{Weights, Whole, information};
use grid::Sums;
use optimal::Periods;
use prebin::{Run, cut_between};
use stability::Time;

/// How often the surroundings of the cuts are looked at again, each time several times finer.
const CLOSER_LOOKS: usize = 3;

/// The bins of a column and what they tell.
#[derive(Debug, Clone, PartialEq)]
pub struct Binned {
    /// The bins.
    pub bins: Bins,
    /// The weights of each bin, in their numbering: regular, special, missing.
    pub counts: Vec<Count>,
    /// The information value of all bins, special and missing ones included. A bin with rows but no good or no bad ones
    /// counts as if it had half a unit of weight more of each.
    pub information_value: f64,
    /// The trend of the regular bins; [`Trend::Any`] for one bin and for categories.
    pub trend: Trend,
    /// What could not be done as asked.
    pub remarks: Vec<Remark>,
}

/// Why bins are not what was asked for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Remark {
    /// No row has a value that is neither missing nor special.
    NoValues,
    /// There is one value only.
    OneValue,
    /// There are fewer bins than `min_bins`, since there is no partition with as many that satisfies the other constraints.
    FewerBins {
        /// How many were asked for.
        wanted: usize,
        /// How many there are.
        found: usize,
    },
    /// All rows with a value are in one bin, and even it weighs less than a bin must: `min_good` and `min_bad` are weights.
    TooFewRows,
    /// All rows with a value are in one bin; without the trend there would be more.
    NoTrend {
        /// The trend that was asked for.
        trend: Trend,
        /// How many bins there would be without it.
        apart: usize,
    },
    /// There are fewer bins than there would be if the order of their bad rates did not have to hold in each period.
    UnstableOrder {
        /// How many regular bins there were before.
        found: usize,
        /// How many are left.
        left: usize,
    },
}

impl std::fmt::Display for Remark {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Remark::NoValues => write!(out, "no row has a regular value"),
            Remark::OneValue => write!(out, "it has one value only"),
            Remark::FewerBins { wanted, found } => {
                write!(out, "{found} bins instead of {wanted}: no {wanted} satisfy the constraints")
            }
            Remark::NoTrend { trend, apart } => {
                write!(out, "no two bins have the trend {trend:?}; without it there would be {apart}")
            }
            Remark::UnstableOrder { found, left } => {
                write!(out, "{left} bins instead of {found}, whose order does not hold over time")
            }
            Remark::TooFewRows => {
                write!(out, "the rows with a value are too few for even one bin of min-good and min-bad")
            }
        }
    }
}

/// The best bins of a column for the target of a sample. The column need not be one of the sample's own, but its rows are.
///
/// # Errors
/// When the column has not the sample's number of rows, the sample has no good or no bad rows, a constraint is out of its
/// range, or cuts are given for a column of texts or groups for one of numbers.
pub fn bin_column(column: &Column, sample: &Sample, constraints: &Constraints) -> Result<Binned, Error> {
    constraints.check()?;
    let weights = checked_weights(column, sample)?;
    bin_with(column, sample, &weights, constraints, None)
}

fn checked_weights(column: &Column, sample: &Sample) -> Result<Weights, Error> {
    if column.rows() == sample.rows() {
        return Weights::of(sample);
    }
    let (name, rows, wanted) = (&column.name, column.rows(), sample.rows());
    Err(Error::Table(format!("column {name:?} has {rows} rows, the sample has {wanted}")))
}

fn bin_with(
    column: &Column,
    sample: &Sample,
    weights: &Weights,
    constraints: &Constraints,
    time: Option<&Time>,
) -> Result<Binned, Error> {
    if let Some(bins) = given(column, constraints)? {
        let codes = bins.find_all(column);
        let codes = codes.into_iter().map(usize::from);
        let counts = weights.by_code(codes, &sample.bad, bins.count());
        let counts = counts.into_iter().map(|whole| weights.count(whole)).collect();
        return Ok(finished(bins, counts, weights, vec![]));
    }
    match &column.values {
        Values::Numbers(numbers) => bin_numbers(numbers, sample, weights, constraints, time),
        Values::Categories { codes, levels } => {
            bin_categories((codes, levels), sample, weights, constraints, time)
        }
    }
}

/// The bins given by hand.
fn given(column: &Column, constraints: &Constraints) -> Result<Option<Bins>, Error> {
    let name = &column.name;
    let refuse = |option, reason: String| Err(Error::Option { option, reason });
    let (split, specials) = match (&column.values, &constraints.cuts, &constraints.groups) {
        (_, None, None) => return Ok(None),
        (Values::Numbers(_), Some(cuts), None) => (Split::Cuts(cuts.clone()), constraints.specials.clone()),
        (Values::Categories { .. }, None, Some(Groups { groups, other })) => {
            (Split::Groups { groups: groups.clone(), other: *other }, vec![])
        }
        (Values::Numbers(_), ..) => {
            return refuse("groups", format!("column {name:?} holds numbers; give cuts for it"));
        }
        (Values::Categories { .. }, ..) => {
            return refuse("cuts", format!("column {name:?} holds texts; give groups for it"));
        }
    };
    let option = if matches!(split, Split::Cuts(_)) { "cuts" } else { "groups" };
    checked_specials(&specials)?;
    Bins::try_new(split, specials).map(Some).map_err(|error| named(option, error))
}

/// Bins of special values alone; refuses those that contradict each other before they are used.
fn checked_specials(specials: &[Special]) -> Result<Bins, Error> {
    Bins::try_new(Split::Cuts(vec![]), specials.to_vec()).map_err(|error| named("special", error))
}

/// Of bins that were asked for, it is the option that is refused, not a scorecard.
fn named(option: &'static str, error: Error) -> Error {
    match error {
        Error::Card(reason) => Error::Option { option, reason },
        other => other,
    }
}

/// A column of numbers, counted.
struct Counted {
    runs: Vec<Run>,
    specials: Vec<Whole>,
    missing: Whole,
}

fn numbers_counted(
    numbers: &[f64],
    sample: &Sample,
    weights: &Weights,
    constraints: &Constraints,
) -> Result<Counted, Error> {
    let specials = &constraints.specials;
    let lookup = checked_specials(specials)?;
    let special = |number: &f64| specials.iter().any(|special| special.values.contains(number));
    if !numbers.iter().any(special) {
        let (runs, missing) = prebin::runs(numbers, &sample.bad, weights);
        return Ok(Counted { runs, specials: vec![[0; 2]; specials.len()], missing });
    }
    let codes = numbers.iter().map(|number| lookup.find_number(*number));
    let counts = weights.by_code(codes, &sample.bad, lookup.count());
    let regular: Vec<f64> =
        numbers.iter().map(|number| if special(number) { f64::NAN } else { *number }).collect();
    let (runs, _) = prebin::runs(&regular, &sample.bad, weights);
    let missing = lookup.missing();
    Ok(Counted { runs, specials: counts[1..missing].to_vec(), missing: counts[missing] })
}

fn bin_numbers(
    numbers: &[f64],
    sample: &Sample,
    weights: &Weights,
    constraints: &Constraints,
    time: Option<&Time>,
) -> Result<Binned, Error> {
    let Counted { runs, specials, missing } = numbers_counted(numbers, sample, weights, constraints)?;
    let over_time = time.map(|time| {
        // Each row's run; what is no regular value is counted behind the last one.
        let special =
            |number: f64| constraints.specials.iter().any(|special| special.values.contains(&number));
        let run = |number: f64| runs.partition_point(|run| run.low <= number).saturating_sub(1);
        let outside = |number: f64| number.is_nan() || special(number);
        let code = |number: &f64| if outside(*number) { runs.len() } else { run(*number) };
        OverTime::new(time, numbers.iter().map(code), runs.len(), sample, weights)
    });
    let (ends, remarks) = best_ends(&runs, weights, constraints, over_time.as_ref());
    let bins = Bins::try_new(Split::Cuts(cuts(&runs, &ends)), constraints.specials.clone())?;
    let sums = Sums::new(runs.iter().map(|run| run.whole));
    let mut counts: Vec<Count> = sums.joined(&ends).map(|whole| weights.count(whole)).collect();
    counts.extend(specials.into_iter().chain([missing]).map(|whole| weights.count(whole)));
    Ok(finished(bins, counts, weights, remarks))
}

/// Where the bins end among the runs: the best among pre-bins of about the same weight, then the best among finer and finer
/// ones around the cuts found, with the trend found. Each look has the last one's bins before it, so it can only gain.
fn best_ends(
    runs: &[Run],
    weights: &Weights,
    constraints: &Constraints,
    time: Option<&OverTime>,
) -> (Vec<usize>, Vec<Remark>) {
    let sums = Sums::new(runs.iter().map(|run| run.whole));
    let [good, bad] = sums.whole(0, runs.len());
    let lightest = constraints.min_share.max(1.0 / constraints.prebins as f64);
    let mut grid = sums.first_ends(constraints.prebins, (lightest * (good + bad) as f64).ceil() as u64);
    let items = |grid: &[usize]| sums.joined(grid).map(|whole| weights.count(whole)).collect::<Vec<_>>();
    let periods = |grid: &[usize]| time.map(|time| time.periods(grid, weights));
    let (places, trend, remarks) = ends(&items(&grid), weights.total, constraints, || periods(&grid));
    let on = |places: &[usize], grid: &[usize]| -> Vec<usize> {
        places.iter().map(|place| place.checked_sub(1).map_or(0, |place| grid[place])).collect()
    };
    let mut found = on(&places, &grid);
    if runs.len() == grid.len() {
        return (found, remarks);
    }
    let same = Constraints { trend, ..constraints.clone() };
    for _ in 0..CLOSER_LOOKS {
        let closer = sums.closer_ends(&grid, &found);
        let (places, ..) = ends(&items(&closer), weights.total, &same, || periods(&closer));
        grid = closer;
        let moved = on(&places, &grid);
        if moved == found {
            break;
        }
        found = moved;
    }
    (found, remarks)
}

fn bin_categories(
    (codes, levels): (&[u32], &[String]),
    sample: &Sample,
    weights: &Weights,
    constraints: &Constraints,
    time: Option<&Time>,
) -> Result<Binned, Error> {
    let (counts, missing) = levels_counted(codes, levels, sample, weights);
    let items = categories::items(&counts, levels, weights, constraints, constraints.prebins);
    let free = Constraints { trend: Trend::Any, ..constraints.clone() };
    let over_time = time.map(|time| {
        // What no item lists is rare, or missing and counted behind the last item.
        let rare = items.iter().position(|item| item.rare).unwrap_or(items.len());
        let mut item_of = vec![rare; levels.len()];
        for (place, item) in items.iter().enumerate() {
            item.levels.iter().for_each(|level| item_of[*level] = place);
        }
        let code = |code: &u32| item_of.get(*code as usize).copied().unwrap_or(items.len());
        OverTime::new(time, codes.iter().map(code), items.len(), sample, weights)
    });
    let all: Vec<usize> = (1..=items.len()).collect();
    let periods = || over_time.as_ref().map(|time| time.periods(&all, weights));
    let counts = categories::counts(&items, weights);
    let (ends, _, remarks) = ends(&counts, weights.total, &free, periods);
    let (bins, groups) = grouped(&items, &ends, levels, weights)?;
    let mut counts = categories::counts(&groups, weights);
    counts.push(weights.count(missing));
    Ok(Binned { trend: Trend::Any, ..finished(bins, counts, weights, remarks) })
}

/// The counts of each level and of what is missing.
fn levels_counted(
    codes: &[u32],
    levels: &[String],
    sample: &Sample,
    weights: &Weights,
) -> (Vec<Whole>, Whole) {
    let of = |code: &u32| if *code == MISSING { levels.len() } else { *code as usize };
    let mut counts = weights.by_code(codes.iter().map(of), &sample.bad, levels.len() + 1);
    let missing = counts.pop().unwrap_or_default();
    (counts, missing)
}

/// The groups that end at `ends`, their categories in the order of their texts, and the bins of them.
fn grouped(
    items: &[categories::Item],
    ends: &[usize],
    levels: &[String],
    weights: &Weights,
) -> Result<(Bins, Vec<categories::Item>), Error> {
    let groups = categories::joined(items, ends);
    let texts = |group: &categories::Item| {
        let mut texts: Vec<String> = group.levels.iter().map(|level| levels[*level].clone()).collect();
        texts.sort_unstable();
        texts
    };
    let other = categories::other(&groups, weights);
    let split = Split::Groups { groups: groups.iter().map(texts).collect(), other };
    Ok((Bins::try_new(split, vec![])?, groups))
}

/// The runs of a column, or its items, in each period.
struct OverTime {
    sums: Vec<Sums>,
    tolerance: f64,
}

impl OverTime {
    /// `codes` are the rows' runs, and `runs` for a row that is in none.
    fn new(
        time: &Time,
        codes: impl Iterator<Item = usize>,
        runs: usize,
        sample: &Sample,
        weights: &Weights,
    ) -> Self {
        let counts = time.counts(codes, runs + 1, sample, weights);
        let sums = counts.iter().map(|counts| Sums::new(counts[..runs].iter().copied())).collect();
        OverTime { sums, tolerance: time.tolerance }
    }

    fn periods(&self, ends: &[usize], weights: &Weights) -> Periods {
        let counts = |sums: &Sums| sums.up_to(ends).map(|whole| weights.count(whole)).collect();
        Periods { sums: self.sums.iter().map(counts).collect(), tolerance: self.tolerance }
    }
}

/// Where the best bins end among the pre-bins, and the trend they were found with. There is one bin, if an empty one, where
/// there is nothing to part.
fn ends(
    items: &[Count],
    total: Count,
    constraints: &Constraints,
    periods: impl Fn() -> Option<Periods>,
) -> (Vec<usize>, Trend, Vec<Remark>) {
    let mut remarks = Vec::new();
    match items.len() {
        0 => return (vec![0], Trend::Any, vec![Remark::NoValues]),
        1 => remarks.push(Remark::OneValue),
        _ => {}
    }
    let Some((solution, trend)) = trend::partition(items, total, constraints, periods) else {
        remarks.push(Remark::TooFewRows);
        return (vec![items.len()], Trend::Any, remarks);
    };
    let (wanted, found) = (constraints.min_bins, solution.ends.len());
    if found < wanted {
        remarks.push(Remark::FewerBins { wanted, found });
    }
    (solution.ends, trend, remarks)
}

fn cuts(runs: &[Run], ends: &[usize]) -> Vec<f64> {
    let inner = ends.iter().filter(|end| **end < runs.len());
    inner.map(|&end| cut_between(runs[end - 1].high, runs[end].low)).collect()
}

fn finished(bins: Bins, counts: Vec<Count>, weights: &Weights, remarks: Vec<Remark>) -> Binned {
    let trend = match bins.split() {
        Split::Cuts(_) => trend::trend_of(&counts[..bins.regular()]),
        Split::Groups { .. } => Trend::Any,
    };
    let information_value = counts.iter().map(|count| information(*count, weights.total)).sum();
    Binned { bins, counts, information_value, trend, remarks }
}
