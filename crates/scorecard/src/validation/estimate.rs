//! Estimates with their intervals.

use super::rows::Rows;
use crate::Error;

/// The standard normal quantile of 97.5 %: intervals are of 95 %.
pub(super) const Z: f64 = 1.959_963_984_540_054;

/// A figure with its interval of 95 %.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The figure.
    pub value: f64,
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Estimate {
    /// Wilson's interval of a share of so many (effective) rows (Wilson, JASA 22, 1927); from 0 to 1 when there are none.
    pub(super) fn wilson(share: f64, rows: f64) -> Estimate {
        if rows <= 0.0 {
            return Estimate { value: share, low: 0.0, high: 1.0 };
        }
        let z2 = Z * Z;
        let middle = (share + z2 / (2.0 * rows)) / (1.0 + z2 / rows);
        let spread = share * (1.0 - share) / rows + z2 / (4.0 * rows * rows);
        let half = Z / (1.0 + z2 / rows) * spread.max(0.0).sqrt();
        // At a share of 0 or 1 the formula's end is that share, but for rounding.
        let low = if share <= 0.0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if share >= 1.0 { 1.0 } else { (middle + half).min(1.0) };
        Estimate { value: share, low, high }
    }

    /// A normal interval.
    pub(super) fn normal(value: f64, variance: f64) -> Estimate {
        let half = Z * variance.max(0.0).sqrt();
        Estimate { value, low: value - half, high: value + half }
    }
}

/// The probability that a standard normal lies at least so far from zero, on either side.
pub(super) fn two_sided(z: f64) -> f64 {
    libm::erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// Sums of weights, from which the effective number of rows follows.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Mass {
    pub(super) rows: usize,
    pub(super) weight: f64,
    pub(super) squares: f64,
}

impl Mass {
    pub(super) fn add(&mut self, weight: f64) {
        if weight > 0.0 {
            self.rows += 1;
            self.weight += weight;
            self.squares += weight * weight;
        }
    }

    pub(super) fn effective(&self) -> f64 {
        if self.squares > 0.0 { self.weight * self.weight / self.squares } else { 0.0 }
    }
}

/// The weighted mean of values and the variance of that mean, linearised: Σ w² (x − mean)² / (Σw)² · n / (n − 1), n the
/// effective number of rows; s² / n when all weigh the same. No variance of one row.
pub(super) fn mean_and_variance(pairs: impl Iterator<Item = (f64, f64)> + Clone) -> (f64, Option<f64>) {
    let (mut mass, mut sum) = (Mass::default(), 0.0);
    for (value, weight) in pairs.clone() {
        mass.add(weight);
        sum += value * weight;
    }
    let mean = sum / mass.weight;
    let effective = mass.effective();
    if effective <= 1.0 + 1e-9 {
        return (mean, None);
    }
    let squares: f64 =
        pairs.map(|(value, weight)| (weight * (value - mean)) * (weight * (value - mean))).sum();
    (mean, Some(squares / (mass.weight * mass.weight) * effective / (effective - 1.0)))
}

/// The share of bad rows with Wilson's interval.
///
/// # Errors
/// When there are no rows or they weigh nothing.
pub fn share(bad: &[bool], weight: Option<&[f64]>) -> Result<Estimate, Error> {
    let risk = vec![0.0; bad.len()];
    Rows::try_new(&risk, bad, weight).map(|rows| rows.bad_rate())
}

/// The weighted mean of finite values with its normal interval, infinitely wide for a single row.
///
/// # Errors
/// When there are no values, one is not finite, or they weigh nothing.
pub fn mean(values: &[f64], weight: Option<&[f64]>) -> Result<Estimate, Error> {
    let bad = vec![false; values.len()];
    let rows = Rows::try_new(values, &bad, weight)?;
    let (mean, variance) = mean_and_variance(rows.iter().map(|row| (row.risk, row.weight)));
    Ok(Estimate::normal(mean, variance.unwrap_or(f64::INFINITY)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_gives_the_published_interval() {
        // Newcombe, Statistics in Medicine 17 (1998), table I, method 3.
        for (bad, rows, low, high) in [
            (81.0, 263.0, 0.2553, 0.3662),
            (15.0, 148.0, 0.0624, 0.1605),
            (0.0, 20.0, 0.0, 0.1611),
            (1.0, 29.0, 0.0061, 0.1718),
        ] {
            let got = Estimate::wilson(bad / rows, rows);
            assert!(
                (got.low - low).abs() < 5e-5 && (got.high - high).abs() < 5e-5,
                "{bad} of {rows}: {got:?}"
            );
        }
        assert_eq!(Estimate::wilson(1.0, 5.0).high, 1.0);
        assert_eq!(Estimate::wilson(0.0, 0.0), Estimate { value: 0.0, low: 0.0, high: 1.0 });
    }

    #[test]
    fn a_weight_scales_nothing_but_shares() {
        let values = [1.0, 2.0, 4.0];
        let plain = mean(&values, None).unwrap();
        // s² = 7/3, so the mean's standard error is √(7/9).
        assert!((plain.high - plain.value - Z * (7.0_f64 / 9.0).sqrt()).abs() < 1e-12);
        let tenfold = mean(&values, Some(&[10.0, 10.0, 10.0])).unwrap();
        assert!((plain.low - tenfold.low).abs() < 1e-12);
        let without = mean(&[1.0, 2.0, 99.0], Some(&[1.0, 1.0, 0.0])).unwrap();
        assert_eq!(without, mean(&values[..2], None).unwrap());
        assert_eq!(mean(&[3.0], None).unwrap().high, f64::INFINITY);
    }

    #[test]
    fn p_values_are_those_of_the_tables() {
        for (z, p) in [(0.0, 1.0), (Z, 0.05), (-2.575_829_303_548_9, 0.01)] {
            assert!((two_sided(z) - p).abs() < 1e-12);
        }
    }
}
