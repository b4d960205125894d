//! Coarse rows of a column for the tables of its pairs: its fine bins, grouped.

use super::fine::Fine;
use super::isotonic::Steps;
use super::term::Axis;

/// The most rows of a table: its cells are then numbered in a byte.
pub(super) const MOST: usize = 16;

/// How a column's fine bins are grouped: regular rows, then a row for each special value, then the one of missing values.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Coarse {
    /// The row of each fine bin.
    pub(super) of_fine: Vec<u8>,
    /// How many regular rows there are.
    pub(super) regular: usize,
    pub(super) size: usize,
}

impl Coarse {
    /// Groups of about the same weight; categories are put in the order of `effect` first. None: special and missing values
    /// leave no two rows for the others, or there are not two rows in all.
    pub(super) fn new(fine: &Fine, effect: &[f64], most: usize) -> Option<Self> {
        let regular = fine.regular();
        let most = most.checked_sub(fine.specials.len() + usize::from(fine.has_missing()))?;
        if most < 2 {
            return None;
        }
        let mut order: Vec<usize> = (0..regular).collect();
        if !fine.ordered() {
            order.sort_by(|a, b| effect[*a].total_cmp(&effect[*b]).then(a.cmp(b)));
        }
        let weights: Vec<f64> = order.iter().map(|bin| fine.weight[*bin]).collect();
        let groups = quantiles(&weights, most);
        let count = groups.last().map_or(1, |last| last + 1);
        let mut of_fine = vec![0; fine.count()];
        for (bin, group) in order.iter().zip(&groups) {
            of_fine[*bin] = *group as u8;
        }
        of_fine.iter_mut().skip(regular).enumerate().for_each(|(bin, row)| *row = (count + bin) as u8);
        let size = count + fine.count() - regular;
        // A row for missing values that nobody misses comes on top.
        (size <= MOST && count > 1).then_some(Coarse { of_fine, regular: count, size })
    }

    pub(super) fn axis(&self) -> Axis {
        Axis { ordered: self.regular, size: self.size }
    }

    /// The coarse row of each row of the sample.
    pub(super) fn codes(&self, fine: &[u8]) -> Vec<u8> {
        let mut table = [0; 256];
        table[..self.of_fine.len()].copy_from_slice(&self.of_fine);
        fine.iter().map(|code| table[usize::from(*code)]).collect()
    }

    /// The steps from row to row, given those from fine bin to fine bin: a table that keeps them, added to a column that
    /// keeps its own, keeps them too.
    pub(super) fn steps(&self, fine: &[i8]) -> Steps {
        if fine.is_empty() {
            return vec![];
        }
        let border = |bin: &usize| self.of_fine[*bin] != self.of_fine[*bin + 1];
        (0..fine.len()).filter(border).map(|bin| fine[bin]).collect()
    }
}

/// The least share of the weight in a group: a row of cells with fewer rows of the sample would say nothing of its own.
const LEAST: f64 = 0.005;

/// The group of each of some bins in order: at most `most` groups of about the same weight, none of less than [`LEAST`].
fn quantiles(weights: &[f64], most: usize) -> Vec<usize> {
    let mut left: f64 = weights.iter().sum();
    let least = LEAST * left;
    let (mut groups_left, mut filled, mut group) = (most, 0.0, 0);
    let mut groups = Vec::with_capacity(weights.len());
    for weight in weights {
        let full = filled + 0.5 * weight >= left / groups_left as f64;
        if full && filled > least && left - filled > least && groups_left > 1 {
            left -= filled;
            (filled, group, groups_left) = (0.0, group + 1, groups_left - 1);
        }
        filled += weight;
        groups.push(group);
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    #[test]
    fn groups_have_about_the_same_weight_and_specials_stand_alone() {
        let values: Vec<f64> =
            (0..40).map(|row| if row < 4 { f64::NAN } else { f64::from(row % 12) }).collect();
        let fine = Fine::try_new(&Column::numbers("x", values), &[], &[1.0; 40], &[true; 40], 100).unwrap();
        let coarse = Coarse::new(&fine, &[], 5).unwrap();
        assert_eq!(coarse.of_fine, [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4]);
        assert_eq!((coarse.regular, coarse.size), (4, 5));
        assert_eq!(coarse.steps(&[1, 1, 1, 1, 1, 0, -1, -1, -1, -1, -1]), [1, 0, -1]);
        assert_eq!(Coarse::new(&fine, &[], 2), None);
        assert_eq!(quantiles(&[0.0, 5.0, 0.0, 1.0, 1.0, 0.0], 3), [0, 0, 1, 1, 2, 2]);
    }
}
