//! Bins over time: how the shares of the bins and the order of their bad rates hold from period to period.

use super::constraints::Constraints;
use super::count::{Count, Weights, Whole, reversed};
use super::{Binned, Remark, bin_with, checked_weights};
use crate::bins::Bins;
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
    let time = Time::new(periods, tolerance);
    let width = bins.count();
    let codes = bins.find_all(column).into_iter().map(usize::from);
    let counts: Vec<Vec<Count>> = time
        .counts(codes, width, sample, &weights)
        .iter()
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
    Ok(time.names.into_iter().zip(counts).map(tell).collect())
}

/// The period of each row.
pub(super) struct Time {
    names: Vec<u32>,
    /// Each row's place in `names`.
    places: Vec<u32>,
    pub(super) tolerance: f64,
}

impl Time {
    fn new(periods: &[u32], tolerance: f64) -> Self {
        let mut names = periods.to_vec();
        names.sort_unstable();
        names.dedup();
        let place = |period: &u32| names.partition_point(|name| name < period) as u32;
        Time { places: periods.iter().map(place).collect(), tolerance, names }
    }

    /// In each period, the counts of each of `width` codes.
    pub(super) fn counts(
        &self,
        codes: impl Iterator<Item = usize>,
        width: usize,
        sample: &Sample,
        weights: &Weights,
    ) -> Vec<Vec<Whole>> {
        let cells = codes.zip(&self.places).map(|(code, place)| *place as usize * width + code);
        let counts = weights.by_code(cells, &sample.bad, self.names.len() * width);
        counts.chunks(width).map(<[Whole]>::to_vec).collect()
    }
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

/// The best bins of a column whose order of bad rates holds in each period, and what each period shows of them: in no period
/// do neighbours stand the other way round than over all. `periods` holds one for each row; `tolerance` is by how many
/// standard errors a period may differ before it counts (0: not at all; 2 lets pass what chance does). Bins given by hand are
/// kept, and told of only.
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
    let time = Time::new(periods, tolerance);
    let mut binned = bin_with(column, sample, &weights, constraints, Some(&time))?;
    let (found, left) =
        (bin_with(column, sample, &weights, constraints, None)?.bins.regular(), binned.bins.regular());
    if left < found {
        binned.remarks.push(Remark::UnstableOrder { found, left });
    }
    let shown = over_time(&binned.bins, column, sample, periods, tolerance)?;
    Ok((binned, shown))
}
