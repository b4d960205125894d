//! Columns whose table runs against their own bins: it gives more where fewer rows are bad. Beside another column that tells the
//! same, that is what is left over, and true only beside it: of two with the same limit the one with the larger bill pays
//! worse, though large bills stand for large limits and good payers. On its own such a table misleads whoever reads it, and
//! reasons drawn from it surprise. So it goes into the table of a pair, where it stands beside the other column.

use super::backfit::{Joint, Rows};

/// The log-odds of each of some bins by the rows in it alone. Half a row more of each kind keeps them finite.
fn own(weight: &[f64], bad: &[f64]) -> Vec<f64> {
    weight.iter().zip(bad).map(|(weight, bad)| libm::log((bad + 0.5) / (weight - bad + 0.5))).collect()
}

/// The weighted correlation of what a table gives with what its bins say on their own, −1 to 1: below zero when it runs against
/// them. Only bins of the same of `count` groups are compared.
fn agreement_within(
    values: &[f64],
    (weight, bad): (&[f64], &[f64]),
    count: usize,
    group: impl Fn(usize) -> usize,
) -> f64 {
    let own = own(weight, bad);
    let groups: Vec<u8> = (0..values.len()).map(|bin| group(bin) as u8).collect();
    let (given, owned) = (by_group(values, weight, &groups, count), by_group(&own, weight, &groups, count));
    let (mut both, mut of_values, mut of_own) = (0.0, 0.0, 0.0);
    for bin in 0..values.len() {
        let group = usize::from(groups[bin]);
        let (value, own) = (values[bin] - given[group], own[bin] - owned[group]);
        both += weight[bin] * value * own;
        of_values += weight[bin] * value * value;
        of_own += weight[bin] * own * own;
    }
    let spread = (of_values * of_own).sqrt();
    if spread > 0.0 { both / spread } else { 0.0 }
}

/// The same for the table of a column.
pub(super) fn agreement(values: &[f64], weight: &[f64], bad: &[f64]) -> f64 {
    agreement_within(values, (weight, bad), 1, |_| 0)
}

/// The mean of a table's values in each of `count` groups; `groups` says the group of each value.
pub(super) fn by_group(values: &[f64], weight: &[f64], groups: &[u8], count: usize) -> Vec<f64> {
    let (mut sums, mut weights) = (vec![0.0; count], vec![0.0; count]);
    for ((value, weight), group) in values.iter().zip(weight).zip(groups) {
        sums[usize::from(*group)] += weight * value;
        weights[usize::from(*group)] += weight;
    }
    sums.iter().zip(&weights).map(|(sum, weight)| if *weight > 0.0 { sum / weight } else { 0.0 }).collect()
}

/// The table of a pair of `width` columns with `added` to each of its rows (to each of its columns when `across`), and how far it
/// agrees with its own cells along that axis, whatever the other column holds.
pub(super) fn with(joint: &Joint, rows: &Rows, width: usize, added: &[f64], across: bool) -> (Vec<f64>, f64) {
    let mut values = joint.term.values.clone();
    let (weight, bad) = joint.counts(rows);
    let lines = (|cell: usize| cell / width, |cell: usize| cell % width);
    for (cell, value) in values.iter_mut().enumerate() {
        *value += added[if across { lines.1(cell) } else { lines.0(cell) }];
    }
    let (height, of) = (values.len() / width.max(1), (weight.as_slice(), bad.as_slice()));
    let agreement = if across {
        agreement_within(&values, of, height, lines.0)
    } else {
        agreement_within(&values, of, width, lines.1)
    };
    (values, agreement)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_agrees_with_its_bins_or_runs_against_them() {
        let (weight, bad) = ([100.0, 100.0, 0.0], [10.0, 30.0, 0.0]);
        assert!((agreement(&[-1.0, 1.0, 7.0], &weight, &bad) - 1.0).abs() < 1e-12);
        assert!((agreement(&[1.0, -1.0, 7.0], &weight, &bad) + 1.0).abs() < 1e-12);
        assert_eq!(agreement(&[0.0; 3], &weight, &bad), 0.0);
    }
}
