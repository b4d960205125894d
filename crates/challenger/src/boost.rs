//! Trees grown one after the other on the logistic loss.
//!
//! forust-ml cuts columns into bins and grows each tree. The loop around it is ours, for four reasons: a trend must hold for
//! every row (its grower lets a split on a free column below a bound one step over the bound), rows may bring log-odds
//! of their own, its log loss is no number once a row is certain, and its `exp` differs between platforms.

use crate::Error;
use crate::ensemble::{Node, Split, Tree};
use crate::options::{Direction, Options};
use crate::parts::mixed;
use forust_ml::Matrix;
use forust_ml::binning::bin_matrix;
use forust_ml::constraints::{Constraint, ConstraintMap};
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::sampler::SampleMethod;
use forust_ml::splitter::MissingImputerSplitter;

/// Rows as the trees see them.
pub(crate) struct Rows {
    /// The columns, one behind the other.
    pub(crate) data: Vec<f64>,
    pub(crate) bad: Vec<bool>,
    /// Mean 1, none 0.
    pub(crate) weights: Vec<f64>,
    pub(crate) offset: Option<Vec<f64>>,
}

/// What came of it.
pub(crate) struct Boosted {
    pub(crate) base: f64,
    /// Those up to the best round.
    pub(crate) trees: Vec<Tree>,
}

impl Rows {
    fn count(&self) -> usize {
        self.bad.len()
    }

    /// Log-odds before the first tree.
    fn start(&self, base: f64) -> Vec<f64> {
        let offset = |row: usize| self.offset.as_ref().map_or(0.0, |offset| offset[row]);
        (0..self.count()).map(|row| base + offset(row)).collect()
    }

    /// The base at which the rows are as bad on the whole as they were, by Newton's method.
    fn base(&self) -> f64 {
        let mut base = 0.0;
        for _ in 0..50 {
            let (mut slope, mut curve) = (0.0, 0.0);
            for ((log_odds, bad), weight) in self.start(base).into_iter().zip(&self.bad).zip(&self.weights) {
                let chance = probability(log_odds);
                slope += weight * (f64::from(u8::from(*bad)) - chance);
                curve += weight * chance * (1.0 - chance);
            }
            let step = (slope / curve.max(f64::MIN_POSITIVE)).clamp(-2.0, 2.0);
            base += step;
            if step.abs() < 1e-12 {
                break;
            }
        }
        base
    }

    /// The mean log loss at these log-odds.
    fn loss(&self, log_odds: &[f64]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for ((log_odds, bad), weight) in log_odds.iter().zip(&self.bad).zip(&self.weights) {
            // log(1 + e^x) − x for a bad row, without overflow.
            let certain = if *bad { -log_odds } else { *log_odds };
            sum += weight * (certain.max(0.0) + libm::log1p(libm::exp(-certain.abs())));
            total += weight;
        }
        sum / total
    }

    /// Adds a tree's leaves to the log-odds of rows.
    fn add(&self, tree: &Tree, log_odds: &mut [f64]) {
        let count = self.count();
        for (row, log_odds) in log_odds.iter_mut().enumerate() {
            let mut place = 0;
            *log_odds += loop {
                match tree.nodes[place] {
                    Node::Leaf(value) => break value,
                    Node::Split(split) => {
                        place = split.next(self.data[split.column as usize * count + row]) as usize;
                    }
                }
            };
        }
    }
}

fn probability(log_odds: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-log_odds))
}

/// Grows at most so many trees over columns with these trends; with other rows and a patience, no more than their loss asks.
pub(crate) fn boost(
    rows: &Rows,
    beside: Option<(&Rows, usize)>,
    trends: &[Option<Direction>],
    options: &Options,
    rounds: usize,
) -> Result<Boosted, Error> {
    let columns = trends.len();
    let data = Matrix::new(&rows.data, rows.count(), columns);
    let binned = bin_matrix(&data, &rows.weights, options.bins, f64::NAN, options.parallel)
        .map_err(|error| Error::Fit(error.to_string()))?;
    let bins = Matrix::new(&binned.binned_data, rows.count(), columns);
    let splitter = splitter(trends, options);
    let base = rows.base();
    let mut log_odds = rows.start(base);
    let mut there = beside.map(|(rows, _)| rows.start(base));
    let (mut trees, mut best, mut least) = (Vec::new(), 0, f64::INFINITY);
    for round in 0..rounds {
        let (gradients, curves) = derivatives(rows, &log_odds);
        let (index, sampled) = drawn_rows(rows.count(), round, options);
        let method = if sampled { SampleMethod::Random } else { SampleMethod::None };
        let columns = drawn_columns(columns, round, options);
        let mut grown = forust_ml::tree::Tree::new();
        let ends = grown.fit(
            &bins,
            index,
            &columns,
            &binned.cuts,
            &gradients,
            &curves,
            &splitter,
            options.leaves,
            options.depth,
            options.parallel,
            &method,
            &GrowPolicy::LossGuide,
        );
        let tree = taken_over(&grown, trends);
        match ends.filter(|_| !sampled) {
            Some(ends) => {
                for (place, node) in tree.nodes.iter().enumerate() {
                    if let Node::Leaf(value) = node {
                        let (from, to) = ends.ranges[place];
                        ends.index[from..to].iter().for_each(|row| log_odds[*row] += value);
                    }
                }
            }
            None => rows.add(&tree, &mut log_odds),
        }
        let stump = tree.nodes.len() == 1;
        if let (Some((other, patience)), Some(there)) = (beside, &mut there) {
            other.add(&tree, there);
            let loss = other.loss(there);
            if loss < least {
                (best, least) = (round, loss);
            } else if round - best >= patience {
                break;
            }
        }
        trees.push(tree);
        // Without draws every further tree would be the same single leaf, or a smaller one.
        if stump && !sampled && options.column_share >= 1.0 {
            break;
        }
    }
    if beside.is_some() {
        trees.truncate(best + 1);
    }
    Ok(Boosted { base, trees })
}

fn splitter(trends: &[Option<Direction>], options: &Options) -> MissingImputerSplitter {
    let constraint = |direction: &Direction| match direction {
        Direction::Ascending => Constraint::Positive,
        Direction::Descending => Constraint::Negative,
    };
    let constraints: ConstraintMap = trends
        .iter()
        .enumerate()
        .filter_map(|(place, trend)| trend.as_ref().map(|direction| (place, constraint(direction))))
        .collect();
    MissingImputerSplitter {
        l1: options.l1 as f32,
        l2: options.l2 as f32,
        max_delta_step: 0.0,
        gamma: 0.0,
        min_leaf_weight: options.leaf_weight as f32,
        learning_rate: options.learning_rate as f32,
        allow_missing_splits: true,
        constraints_map: constraints,
    }
}

/// The first and the second derivative of each row's log loss in its log-odds.
fn derivatives(rows: &Rows, log_odds: &[f64]) -> (Vec<f32>, Vec<f32>) {
    let of_row = |((log_odds, bad), weight): ((&f64, &bool), &f64)| {
        let chance = probability(*log_odds);
        let gradient = (chance - f64::from(u8::from(*bad))) * weight;
        (gradient as f32, (chance * (1.0 - chance) * weight) as f32)
    };
    log_odds.iter().zip(&rows.bad).zip(&rows.weights).map(of_row).unzip()
}

/// The rows that a round's tree sees, and whether that is a draw.
fn drawn_rows(count: usize, round: usize, options: &Options) -> (Vec<usize>, bool) {
    if options.row_share >= 1.0 {
        return ((0..count).collect(), false);
    }
    let seed = mixed(options.seed, round as u64);
    // Each row by a throw of its own; 2^53 steps are as fine as a share can say.
    let below = (options.row_share * (1_u64 << 53) as f64) as u64;
    let drawn: Vec<usize> = (0..count).filter(|row| mixed(seed, *row as u64) >> 11 < below).collect();
    if drawn.is_empty() { ((0..count).collect(), true) } else { (drawn, true) }
}

/// The columns that a round's tree sees: at least one.
fn drawn_columns(count: usize, round: usize, options: &Options) -> Vec<usize> {
    let wanted = ((count as f64 * options.column_share).round() as usize).clamp(1, count);
    let seed = mixed(!options.seed, round as u64);
    let mut columns: Vec<usize> = (0..count).collect();
    if wanted < count {
        columns.sort_by_key(|column| (mixed(seed, *column as u64), *column));
        columns.truncate(wanted);
        columns.sort_unstable();
    }
    columns
}

/// A tree of forust's as one of ours. Its nodes are numbered by their places, children after parents.
///
/// A leaf below splits on columns with trends may lie only between bounds: at each such split, the middle of its two sides
/// bounds both. forust holds a split on a column with a trend to the bounds from above, but not one on a free column.
fn taken_over(tree: &forust_ml::tree::Tree, trends: &[Option<Direction>]) -> Tree {
    let mut bounds = vec![(f64::NEG_INFINITY, f64::INFINITY); tree.nodes.len()];
    let mut taken = Tree { nodes: Vec::new(), covers: Vec::new() };
    for (place, node) in tree.nodes.iter().enumerate() {
        taken.covers.push(f64::from(node.hessian_sum).max(0.0));
        let (low, high) = bounds[place];
        if node.is_leaf {
            taken.nodes.push(Node::Leaf(f64::from(node.weight_value).clamp(low, high)));
            continue;
        }
        let value = |child: usize| f64::from(tree.nodes[child].weight_value).clamp(low, high);
        let middle = (value(node.left_child) + value(node.right_child)) / 2.0;
        let (left, right) = match trends[node.split_feature] {
            None => ((low, high), (low, high)),
            Some(Direction::Ascending) => ((low, middle), (middle, high)),
            Some(Direction::Descending) => ((middle, high), (low, middle)),
        };
        bounds[node.left_child] = left;
        bounds[node.right_child] = right;
        taken.nodes.push(Node::Split(Split {
            column: node.split_feature as u32,
            threshold: node.split_value,
            equals: false,
            missing_left: node.missing_node == node.left_child,
            left: node.left_child as u32,
            right: node.right_child as u32,
        }));
    }
    taken
}
