//! Estimates with intervals, from few and independent things: worlds, parties.

use super::ranking::Measured;

/// 97.5th percentiles of Student's t for 1 to 30 degrees of freedom (any statistics table).
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
];
/// The same of the normal distribution.
const NORMAL: f64 = 1.959_964;

/// The 97.5th percentile of Student's t; beyond the table by its expansion in 1/df (Abramowitz and Stegun 26.7.5), which is
/// exact to three decimals there.
fn student(df: usize) -> f64 {
    let beyond = || {
        let (z, n) = (NORMAL, df as f64);
        z + (z.powi(3) + z) / (4.0 * n)
    };
    df.checked_sub(1).and_then(|place| STUDENT.get(place)).copied().unwrap_or_else(beyond)
}

/// The mean of independent values and its 95 % interval by Student's t; `None` without a value, no width with one alone.
pub(super) fn mean(values: &[f64]) -> Option<Measured> {
    let n = values.len();
    let value = values.iter().sum::<f64>() / if n == 0 { return None } else { n as f64 };
    let squares: f64 = values.iter().map(|one| (one - value).powi(2)).sum();
    let half = match n {
        1 => 0.0,
        _ => student(n - 1) * (squares / (n - 1) as f64 / n as f64).sqrt(),
    };
    Some(Measured { value, low: value - half, high: value + half })
}

/// A share and its 95 % interval (Wilson 1927), which stays within 0 and 1 and has a width also at its ends.
pub(super) fn share(hits: usize, of: usize) -> Option<Measured> {
    if of == 0 {
        return None;
    }
    let (n, z2) = (of as f64, NORMAL * NORMAL);
    let value = hits as f64 / n;
    let (middle, below) = ((value + z2 / (2.0 * n)), 1.0 + z2 / n);
    let half = NORMAL * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
    let (low, high) = (((middle - half) / below).max(0.0), ((middle + half) / below).min(1.0));
    Some(Measured { value, low: low.min(value), high: high.max(value) })
}

/// The middle value; of an even number the mean of the two in the middle.
pub(super) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2)?;
    let lower = if values.len().is_multiple_of(2) { values.get(values.len() / 2 - 1)? } else { upper };
    Some((lower + upper) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(measured: Option<Measured>, expected: [f64; 3]) {
        let measured = measured.unwrap();
        for (got, expected) in [measured.value, measured.low, measured.high].into_iter().zip(expected) {
            assert!((got - expected).abs() < 5e-4, "{measured:?} is not {expected:?}");
        }
    }

    #[test]
    fn estimates_are_those_of_the_textbook() {
        close(mean(&[1.0, 2.0, 3.0, 4.0, 5.0]), [3.0, 1.0369, 4.9631]);
        close(mean(&[7.0]), [7.0, 7.0, 7.0]);
        assert_eq!(mean(&[]), None);
        close(share(8, 10), [0.8, 0.4902, 0.9433]);
        close(share(0, 10), [0.0, 0.0, 0.2775]);
        close(share(10, 10), [1.0, 0.7225, 1.0]);
        assert_eq!(share(0, 0), None);
        for (values, expected) in
            [(vec![], None), (vec![3.0, 1.0], Some(2.0)), (vec![5.0, 1.0, 2.0], Some(2.0))]
        {
            let mut own = values.clone();
            assert_eq!(median(&mut own), expected, "{values:?}");
        }
        for (df, expected) in [(1, 12.706), (19, 2.093), (40, 2.021), (99, 1.984)] {
            assert!((student(df) - expected).abs() < 2e-3, "{df}: {}", student(df));
        }
    }
}
