//! Bins over time: how the shares of the bins and the order of their bad rates hold from period to period.

use super::constraints::Constraints;
use super::count::{Count, Weights};
use super::{Binned, Remark, bin_with, checked_weights};
use crate::bins::{Bins, Split};
use crate::table::Column;
use crate::{Error, Sample};

/// What a period of time shows of some bins.
#[derive(Debug, Clone, PartialEq)]
pub struct Period {
    /// The period's number.
    pub period: u32,
    /// The weights of each bin in it.
    pub counts: Vec<Count>,
    /// The population stability index against all other periods together: `Σ (a − e) · ln(a/e)` over the shares `a` of the
    /// bins in this period and `e` in the others; a share below 0.0001 counts as that. 0 where there is no other period.
    pub stability_index: f64,
    /// Neighbouring regular bins, each by its first, whose bad rates here stand the other way round than over all periods.
    pub reversed: Vec<usize>,
}

/// The least share that a stability index reckons with: a bin that is empty in one period must not make it infinite.
const LEAST_SHARE: f64 = 1e-4;

/// What each period shows of the bins of a column, in the order of the periods. `periods` holds one for each row. Rates stand
/// the other way round when they differ by more than `tolerance` standard errors of their difference.
///
/// # Errors
/// When the column, the periods and the sample differ in their rows, or the sample has no good or no bad rows.
pub fn over_time(
    bins: &Bins,
    column: &Column,
    sample: &Sample,
    periods: &[u32],
    tolerance: f64,
) -> Result<Vec<Period>, Error> {
    let weights = checked_weights(column, sample)?;
    check_periods(periods, sample)?;
    let mut names = periods.to_vec();
    names.sort_unstable();
    names.dedup();
    let width = bins.count();
    let place = |period: &u32| names.partition_point(|name| name < period);
    let cells = bins.find_all(column).into_iter().zip(periods);
    let cells = cells.map(|(bin, period)| place(period) * width + usize::from(bin));
    let counts = weights.by_code(cells, &sample.bad, names.len() * width);
    let counts: Vec<Vec<Count>> = counts
        .chunks(width)
        .map(|period| period.iter().map(|whole| weights.count(*whole)).collect())
        .collect();
    let all: Vec<Count> = (0..width)
        .map(|bin| counts.iter().map(|period| period[bin]).fold(Count::default(), Count::and))
        .collect();
    let tell = |(period, counts): (u32, Vec<Count>)| {
        let others: Vec<f64> =
            all.iter().zip(&counts).map(|(all, own)| (all.weight() - own.weight()).max(0.0)).collect();
        let own: Vec<f64> = counts.iter().map(Count::weight).collect();
        let reversed = reversals(&all[..bins.regular()], &counts[..bins.regular()], tolerance);
        Period { period, stability_index: stability_index(&own, &others), counts, reversed }
    };
    Ok(names.into_iter().zip(counts).map(tell).collect())
}

fn check_periods(periods: &[u32], sample: &Sample) -> Result<(), Error> {
    if periods.len() == sample.rows() {
        return Ok(());
    }
    let (rows, wanted) = (periods.len(), sample.rows());
    Err(Error::Option { option: "period", reason: format!("{rows} periods for {wanted} rows; one each") })
}

fn stability_index(own: &[f64], others: &[f64]) -> f64 {
    let (all_own, all_others): (f64, f64) = (own.iter().sum(), others.iter().sum());
    if all_own <= 0.0 || all_others <= 0.0 {
        return 0.0;
    }
    let part = |(own, others): (&f64, &f64)| {
        let (own, others) = ((own / all_own).max(LEAST_SHARE), (others / all_others).max(LEAST_SHARE));
        (own - others) * libm::log(own / others)
    };
    own.iter().zip(others).map(part).sum()
}

fn reversals(all: &[Count], own: &[Count], tolerance: f64) -> Vec<usize> {
    let reversed = |first: &usize| {
        let rises = all[first + 1].rate() >= all[*first].rate();
        let (low, high) = if rises { (own[*first], own[first + 1]) } else { (own[first + 1], own[*first]) };
        reversed(low, high, tolerance)
    };
    (0..all.len().saturating_sub(1)).filter(reversed).collect()
}

/// Whether a rate that should be the lower one is higher by more than `tolerance` standard errors of the difference of two
/// shares with a common rate. Bins without rows show nothing.
fn reversed(low: Count, high: Count, tolerance: f64) -> bool {
    if low.weight() <= 0.0 || high.weight() <= 0.0 {
        return false;
    }
    let common = low.and(high).rate();
    let error = (common * (1.0 - common) * (1.0 / low.weight() + 1.0 / high.weight())).sqrt();
    low.rate() - high.rate() > tolerance * error
}

/// The best bins of a column whose order of bad rates holds in each period, and what each period shows of them: neighbours
/// that stand the other way round in some period are joined, the worst first, until none is left. `periods` holds one for
/// each row; `tolerance` is by how many standard errors a period may differ before it counts (0: not at all; 2 lets pass what
/// chance does). Bins given by hand are kept, and told of only.
///
/// # Errors
/// As [`super::bin_column`]; when there is not one period for each row; or the tolerance is negative.
pub fn bin_column_over_time(
    column: &Column,
    sample: &Sample,
    constraints: &Constraints,
    periods: &[u32],
    tolerance: f64,
) -> Result<(Binned, Vec<Period>), Error> {
    constraints.check()?;
    if tolerance.is_nan() || tolerance < 0.0 {
        let reason = format!("{tolerance}; it must be a number from 0 up");
        return Err(Error::Option { option: "period-tolerance", reason });
    }
    check_periods(periods, sample)?;
    let weights = checked_weights(column, sample)?;
    let mut binned = bin_with(column, sample, &weights, constraints)?;
    let by_hand = constraints.cuts.is_some() || constraints.groups.is_some();
    let found = binned.bins.regular();
    loop {
        let shown = over_time(&binned.bins, column, sample, periods, tolerance)?;
        let Some(first) = worst(&shown).filter(|_| !by_hand) else {
            if binned.bins.regular() < found {
                let left = binned.bins.regular();
                binned.remarks.push(Remark::UnstableOrder { found, left });
            }
            return Ok((binned, shown));
        };
        binned = joined(binned, first, &weights)?;
    }
}

/// The pair of bins that is reversed in most periods; the first of several.
fn worst(shown: &[Period]) -> Option<usize> {
    let mut reversed: Vec<usize> = shown.iter().flat_map(|period| period.reversed.iter().copied()).collect();
    reversed.sort_unstable();
    let often = |first: usize| reversed.iter().filter(|other| **other == first).count();
    reversed.iter().copied().max_by_key(|first| (often(*first), std::cmp::Reverse(*first)))
}

/// The bins with the regular bins `first` and `first + 1` joined.
fn joined(binned: Binned, first: usize, weights: &Weights) -> Result<Binned, Error> {
    let Binned { bins, mut counts, remarks, .. } = binned;
    let split = match bins.split().clone() {
        Split::Cuts(mut cuts) => {
            cuts.remove(first);
            Split::Cuts(cuts)
        }
        Split::Groups { mut groups, other } => {
            let next = groups.remove(first + 1);
            groups[first].extend(next);
            groups[first].sort_unstable();
            Split::Groups { groups, other: if other > first { other - 1 } else { other } }
        }
    };
    let next = counts.remove(first + 1);
    counts[first] = counts[first].and(next);
    let bins = Bins::try_new(split, bins.specials().to_vec())?;
    Ok(super::finished(bins, counts, weights, remarks))
}
