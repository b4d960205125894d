//! AUC with DeLong's variance, and two scores compared on the same rows.

use super::estimate::{Estimate, mean_and_variance, two_sided};
use super::rows::Rows;
use crate::Error;

/// The area under the ROC curve with its interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Auc {
    /// The probability that a bad row has a higher risk than a good one, ties by half.
    pub value: f64,
    /// DeLong's variance; none when one class has a single (effective) row.
    pub variance: Option<f64>,
    /// The lower end of the interval; 0 without a variance.
    pub low: f64,
    /// The upper end of the interval; 1 without a variance.
    pub high: f64,
}

impl Auc {
    /// The area with its interval, without the variance.
    pub fn estimate(&self) -> Estimate {
        Estimate { value: self.value, low: self.low, high: self.high }
    }

    /// Gini with its interval: 2 · AUC − 1.
    pub fn gini(&self) -> Estimate {
        let gini = |auc: f64| 2.0 * auc - 1.0;
        Estimate { value: gini(self.value), low: gini(self.low), high: gini(self.high) }
    }
}

/// Two risks of the same rows compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// AUC of the first.
    pub first: Auc,
    /// AUC of the second.
    pub second: Auc,
    /// First minus second with its interval, which knows that both saw the same rows.
    pub difference: Estimate,
    /// Standard errors by which they differ; none when the difference has no spread.
    pub z: Option<f64>,
    /// Probability of so large a difference by chance (two-sided), if both were equally good.
    pub p: f64,
}

/// For each row the weighted share of rows of the other class that it is ranked right against, ties by half (DeLong's
/// structural components); 0 for rows that weigh nothing.
fn placements(rows: &Rows<'_>) -> Vec<f64> {
    let mut order: Vec<_> = rows.iter().collect();
    order.sort_by(|a, b| a.risk.total_cmp(&b.risk));
    let mut placements = vec![0.0; rows.bad.len()];
    let (all_good, all_bad) = (rows.good_mass.weight, rows.bad_mass.weight);
    let (mut good_below, mut bad_below) = (0.0, 0.0);
    let mut from = 0;
    while from < order.len() {
        let tied = order[from..].partition_point(|row| row.risk == order[from].risk);
        let group = &order[from..from + tied];
        let (mut good, mut bad) = (0.0, 0.0);
        for row in group {
            *if row.bad { &mut bad } else { &mut good } += row.weight;
        }
        for row in group {
            placements[row.place] = if row.bad {
                (good_below + 0.5 * good) / all_good
            } else {
                1.0 - (bad_below + 0.5 * bad) / all_bad
            };
        }
        good_below += good;
        bad_below += bad;
        from += tied;
    }
    placements
}

/// The mean of a component over bad rows, and the variance that both classes give it.
fn mean_of(rows: &Rows<'_>, component: &[f64]) -> (f64, Option<f64>) {
    let of = |bad: bool| {
        rows.iter().filter(move |row| row.bad == bad).map(|row| (component[row.place], row.weight))
    };
    let (mean, over_bad) = mean_and_variance(of(true));
    let (_, over_good) = mean_and_variance(of(false));
    (mean, over_bad.zip(over_good).map(|(bad, good)| bad + good))
}

fn from_placements(rows: &Rows<'_>, placements: &[f64]) -> Auc {
    let (value, variance) = mean_of(rows, placements);
    let (low, high) = match variance {
        None => (0.0, 1.0),
        Some(variance) => {
            let normal = Estimate::normal(value, variance);
            (normal.low.max(0.0), normal.high.min(1.0))
        }
    };
    Auc { value, variance, low, high }
}

/// AUC with DeLong's variance (DeLong, DeLong and Clarke-Pearson, Biometrics 44, 1988) in O(n log n) by midranks (Sun and Xu,
/// IEEE Signal Processing Letters 21, 2014), and a normal interval kept within 0 to 1. Weighted: components are shares of
/// weight, and the variance of their weighted mean is linearised; for equal weights both are DeLong's exactly.
///
/// # Errors
/// When the rows are not fit for measuring, or are all good or all bad.
pub fn auc(risk: &[f64], bad: &[bool], weight: Option<&[f64]>) -> Result<Auc, Error> {
    let rows = Rows::of_both(risk, bad, weight)?;
    Ok(from_placements(&rows, &placements(&rows)))
}

/// Compares the AUC of two risks of the same rows by DeLong's paired test, weighted as in [`auc`].
///
/// # Errors
/// When the rows are not fit for measuring, or are all good or all bad.
pub fn compare(
    first: &[f64],
    second: &[f64],
    bad: &[bool],
    weight: Option<&[f64]>,
) -> Result<Comparison, Error> {
    let (rows, others) = (Rows::of_both(first, bad, weight)?, Rows::of_both(second, bad, weight)?);
    let (one, other) = (placements(&rows), placements(&others));
    let apart: Vec<f64> = one.iter().zip(&other).map(|(one, other)| one - other).collect();
    let (value, variance) = mean_of(&rows, &apart);
    let difference = Estimate::normal(value, variance.unwrap_or(f64::INFINITY));
    let z = variance.filter(|variance| *variance > 0.0).map(|variance| value / variance.sqrt());
    let p = match (z, variance) {
        (Some(z), _) => two_sided(z),
        // Every pair of rows speaks alike: either nothing differs, or no chance is in it.
        (None, Some(_)) if value != 0.0 => 0.0,
        _ => 1.0,
    };
    Ok(Comparison {
        first: from_placements(&rows, &one),
        second: from_placements(&others, &other),
        difference,
        z,
        p,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_variance_worked_by_hand() {
        let risk = [0.8, 0.6, 0.4, 0.7, 0.3, 0.2, 0.1];
        let bad = [true, true, true, false, false, false, false];
        let got = auc(&risk, &bad, None).unwrap();
        // Components of bad rows 1, 3/4, 3/4 (variance 1/48), of good rows 1/3, 1, 1, 1 (variance 1/9).
        assert!((got.value - 5.0 / 6.0).abs() < 1e-15);
        assert!((got.variance.unwrap() - (1.0 / 48.0 / 3.0 + 1.0 / 9.0 / 4.0)).abs() < 1e-15);
        assert!((got.low - (5.0 / 6.0 - 1.959_963_984_540_054 * (5.0_f64 / 144.0).sqrt())).abs() < 1e-12);
        assert_eq!(got.high, 1.0);
        assert!((got.gini().low - (2.0 * got.low - 1.0)).abs() < 1e-15);
    }

    #[test]
    fn the_ends_are_defined() {
        let perfect = auc(&[1.0, 2.0, 3.0, 4.0], &[false, false, true, true], None).unwrap();
        assert_eq!((perfect.value, perfect.variance, perfect.low), (1.0, Some(0.0), 1.0));
        let single = auc(&[1.0, 2.0, 3.0], &[false, false, true], None).unwrap();
        assert_eq!((single.value, single.variance, single.low, single.high), (1.0, None, 0.0, 1.0));
        let ties = auc(&[1.0; 4], &[false, false, true, true], None).unwrap();
        assert_eq!((ties.value, ties.variance), (0.5, Some(0.0)));
        let risk = [0.3, 0.9, 0.4, 0.1];
        let bad = [true, true, false, false];
        let same = compare(&risk, &risk, &bad, None).unwrap();
        assert_eq!((same.difference.value, same.z, same.p), (0.0, None, 1.0));
        let turned = compare(&[3.0, 4.0, 1.0, 2.0], &[1.0, 2.0, 3.0, 4.0], &bad, None).unwrap();
        assert_eq!((turned.difference.value, turned.z, turned.p), (1.0, None, 0.0));
    }

    /// DeLong's own definition: S10 / m + S01 / n from every pair of rows, for each pair of scores.
    fn covariance(scores: [&[f64]; 2], bad: &[bool]) -> [f64; 3] {
        let bads: Vec<usize> = (0..bad.len()).filter(|&row| bad[row]).collect();
        let goods: Vec<usize> = (0..bad.len()).filter(|&row| !bad[row]).collect();
        let psi = |score: &[f64], one: usize, other: usize| match score[one].total_cmp(&score[other]) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        };
        let of_bad = |score: &[f64]| -> Vec<f64> {
            bads.iter()
                .map(|&one| {
                    goods.iter().map(|&other| psi(score, one, other)).sum::<f64>() / goods.len() as f64
                })
                .collect()
        };
        let of_good = |score: &[f64]| -> Vec<f64> {
            goods
                .iter()
                .map(|&other| bads.iter().map(|&one| psi(score, one, other)).sum::<f64>() / bads.len() as f64)
                .collect()
        };
        let cov = |x: &[f64], y: &[f64]| {
            let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
            let (mx, my) = (mean(x), mean(y));
            x.iter().zip(y).map(|(x, y)| (x - mx) * (y - my)).sum::<f64>()
                / (x.len() - 1) as f64
                / x.len() as f64
        };
        [(0, 0), (1, 1), (0, 1)].map(|(a, b)| {
            cov(&of_bad(scores[a]), &of_bad(scores[b])) + cov(&of_good(scores[a]), &of_good(scores[b]))
        })
    }

    proptest! {
        #[test]
        fn agrees_with_delongs_definition(rows in prop::collection::vec((0..9_u8, 0..9_u8, any::<bool>()), 4..50), scale in 1..9_u8) {
            let first: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let second: Vec<f64> = rows.iter().map(|row| f64::from(row.1)).collect();
            let bad: Vec<bool> = rows.iter().map(|row| row.2).collect();
            let bads = bad.iter().filter(|bad| **bad).count();
            prop_assume!(bads >= 2 && bads + 2 <= bad.len());
            let [v1, v2, both] = covariance([&first, &second], &bad);
            let got = compare(&first, &second, &bad, None).unwrap();
            prop_assert!((got.first.variance.unwrap() - v1).abs() < 1e-12);
            prop_assert!((got.second.variance.unwrap() - v2).abs() < 1e-12);
            let spread = (got.difference.high - got.difference.value) / 1.959_963_984_540_054;
            prop_assert!((spread * spread - (v1 + v2 - 2.0 * both)).abs() < 1e-10);
            // Neither the scale of weights nor rows that weigh nothing change anything.
            let mut weight = vec![f64::from(scale); bad.len()];
            weight.push(0.0);
            let (mut first, mut bad) = (first, bad);
            first.push(99.0);
            bad.push(false);
            let weighted = auc(&first, &bad, Some(&weight)).unwrap();
            prop_assert!((weighted.value - got.first.value).abs() < 1e-12);
            prop_assert!((weighted.variance.unwrap() - v1).abs() < 1e-12);
        }

        #[test]
        fn the_value_is_that_of_the_ranking(rows in prop::collection::vec((0..9_u8, any::<bool>(), 0..4_u8), 2..50)) {
            let risk: Vec<f64> = rows.iter().map(|row| f64::from(row.0)).collect();
            let bad: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let weight: Vec<f64> = rows.iter().map(|row| f64::from(row.2)).collect();
            let Ok(got) = auc(&risk, &bad, Some(&weight)) else { return Ok(()) };
            let ranked = crate::validation::Ranked::try_new(&risk, &bad, Some(&weight)).unwrap();
            prop_assert!((got.value - ranked.auc()).abs() < 1e-12);
            prop_assert!(0.0 <= got.low && got.low <= got.value + 1e-12 && got.value <= got.high + 1e-12 && got.high <= 1.0);
        }
    }
}
