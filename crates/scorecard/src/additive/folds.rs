//! Cross-validation: how much each pair more is worth on rows that were not fitted on.

use super::backfit::Rows;
use super::fine::Fine;
use super::mains;
use super::options::Options;
use super::select::Grid;
use crate::dice::{deal, mix};

/// A number of pairs and the mean loss that it had on rows kept aside.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PathPoint {
    /// How many pairs.
    pub pairs: usize,
    /// The negative log-likelihood of a mean row in folds that were kept aside.
    pub loss: f64,
    /// By how much the loss is above the least of the path.
    pub above: f64,
    /// The standard error of that difference, from the rows' own differences.
    pub error: f64,
}

/// Fewer rows of a kind than this are no basis for choosing anything.
const FEWEST: usize = 20;

/// On few rows one division into folds says little; so many rows are looked at in all, at most five times each.
const LOOKED_AT: usize = 4000;

/// The loss at each number of pairs up to `most`; empty when there are too few good or bad rows to tell.
pub(super) fn path(rows: &Rows, fines: &[Fine], options: &Options, most: usize) -> Vec<PathPoint> {
    let bad = rows.bad.iter().filter(|bad| **bad).count();
    if bad.min(rows.bad.len() - bad) < FEWEST || most == 0 {
        return vec![];
    }
    let counts: Vec<usize> =
        (0..=most).filter(|count| *count <= 10 || count % 2 == 0 || *count == most).collect();
    let mut losses: Vec<Vec<f64>> = vec![vec![0.0; rows.bad.len()]; counts.len()];
    let turns = (LOOKED_AT / rows.bad.len()).clamp(1, 5);
    for turn in 0..turns {
        let seed = mix(options.seed.wrapping_add(turn as u64));
        let fold_of = deal(&rows.bad, options.folds, |row| mix(seed ^ row as u64));
        for fold in 0..options.folds {
            let inside = |row: &usize| fold_of[*row] == fold;
            let mut order: Vec<usize> = (0..fold_of.len()).filter(|row| !inside(row)).collect();
            let train = order.len();
            order.extend((0..fold_of.len()).filter(inside));
            let part = part(rows, &order, train);
            one_fold(&part, fines, options, &counts, |place, row, loss| {
                losses[place][order[train + row]] += loss / turns as f64;
            });
        }
    }
    points(&counts, &losses, &rows.weight)
}

/// Fits one fold and reports the loss of each row kept aside at each number of pairs.
fn one_fold(
    part: &Rows,
    fines: &[Fine],
    options: &Options,
    counts: &[usize],
    mut report: impl FnMut(usize, usize, f64),
) {
    let mut model = mains::fit(part, fines, options);
    let grid = Grid::new(&model, part, fines, options);
    let mut growing = true;
    for (place, count) in counts.iter().enumerate() {
        growing = growing && (*count == 0 || grid.grow(&mut model, part, *count));
        for (row, loss) in part.losses(&model.log_odds).into_iter().enumerate() {
            report(place, row, loss);
        }
    }
}

fn points(counts: &[usize], losses: &[Vec<f64>], weight: &[f64]) -> Vec<PathPoint> {
    let all: f64 = weight.iter().sum();
    let mean =
        |values: &[f64]| values.iter().zip(weight).map(|(value, weight)| value * weight).sum::<f64>() / all;
    let means: Vec<f64> = losses.iter().map(|losses| mean(losses)).collect();
    let best = (0..means.len()).min_by(|a, b| means[*a].total_cmp(&means[*b])).unwrap_or(0);
    let point = |place: usize| {
        let above = means[place] - means[best];
        let square = |((loss, least), weight): ((&f64, &f64), &f64)| {
            let difference = weight * (loss - least - above);
            difference * difference
        };
        let sum: f64 = losses[place].iter().zip(&losses[best]).zip(weight).map(square).sum();
        PathPoint { pairs: counts[place], loss: means[place], above, error: sum.sqrt() / all }
    };
    (0..counts.len()).map(point).collect()
}

/// How near the least loss is near enough, in standard errors of the difference.
const NEAR: f64 = 0.5;

/// The fewest pairs whose loss is near the least.
pub(super) fn choose(path: &[PathPoint]) -> usize {
    path.iter().find(|point| point.above <= NEAR * point.error).map_or(0, |point| point.pairs)
}

/// The rows in another order, of which the first `train` are fitted on.
fn part(rows: &Rows, order: &[usize], train: usize) -> Rows {
    Rows {
        train,
        bad: order.iter().map(|row| rows.bad[*row]).collect(),
        weight: order.iter().map(|row| rows.weight[*row]).collect(),
        offset: order.iter().map(|row| rows.offset[*row]).collect(),
        codes: rows.codes.iter().map(|codes| order.iter().map(|row| codes[*row]).collect()).collect(),
    }
}
