//! Boosted trees from a sample.
//!
//! Trees are grown one after the other, each on the gradient of the logistic loss at the sum of those before it (Friedman,
//! "Greedy function approximation: a gradient boosting machine", 2001; second derivatives as in Chen and Guestrin,
//! "XGBoost", 2016). The growing is forust-ml's; how columns become numbers, when to stop, scoring and explaining are ours.
//! The same sample and options give the same model, on any number of threads.

use crate::ensemble::{Ensemble, Node, Split, Tree};
use crate::input::{Encoding, Input};
use crate::parts::{deal, draw};
use crate::{Error, Model};
use forust_ml::constraints::{Constraint, ConstraintMap};
use forust_ml::gradientbooster::GrowPolicy;
use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use forust_ml::{GradientBooster, Matrix};
use probity_scorecard::Sample;
use probity_scorecard::table::{Column, MISSING, Values};
use std::collections::BTreeMap;

/// How trees are grown.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The most trees.
    pub rounds: usize,
    /// When to stop before that.
    pub stopping: Stopping,
    /// What part of a tree's answer counts, above 0 and at most 1. Smaller takes more trees and errs less.
    pub learning_rate: f64,
    /// The most leaves of a tree, at least 2. The split that gains most comes first.
    pub leaves: usize,
    /// The most splits between root and leaf, 1 to 64.
    pub depth: usize,
    /// The least weight of a leaf: the sum of p (1 − p) over its rows, where the mean row weighs 1.
    pub leaf_weight: f64,
    /// Penalty on the size of leaves (L1), from 0 up.
    pub l1: f64,
    /// Penalty on the square of leaves (L2), from 0 up.
    pub l2: f64,
    /// Between how many values of a column a split may choose, 2 to 10,000.
    pub bins: u16,
    /// The share of rows that each tree sees, above 0 and at most 1.
    pub row_share: f64,
    /// The share of columns that each tree sees, above 0 and at most 1.
    pub column_share: f64,
    /// What the draws of rows and columns come from.
    pub seed: u64,
    /// Columns of numbers whose rising value may only raise the log-odds of bad, or only lower them. Missing values are
    /// outside this order.
    pub trends: BTreeMap<String, Direction>,
    /// What is made of columns of categories.
    pub categories: Categories,
    /// How many threads grow a tree together; at least 1.
    pub threads: usize,
}

/// When to stop adding trees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stopping {
    /// After all rounds.
    Never,
    /// When the log loss on a part of the sample that no tree has seen has not fallen for so many rounds. The model keeps
    /// the trees up to the best round, grown without that part.
    Validation {
        /// The share of that part, above 0 and below 1.
        share: f64,
        /// The rounds, at least 1.
        patience: usize,
    },
    /// As many rounds as were best on the mean over so many folds, each held back once; then all rows are used.
    Folds {
        /// How many folds, at least 2.
        count: usize,
        /// For how many rounds the loss on a fold may fail to fall, at least 1.
        patience: usize,
    },
}

/// Which way the log-odds of bad may go as a value rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// They may only rise.
    Ascending,
    /// They may only fall.
    Descending,
}

/// What is made of a column of categories.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Categories {
    /// One column of the category's bad rate, drawn to that of all rows as if so much weight of them were added to each category
    /// (m-estimate: Micci-Barreca, 2001). The rate knows the target of its own rows, so a column of very many categories
    /// looks better in the fit than it is; more strength tempers that.
    Rate {
        /// That weight, above 0, where the mean row weighs 1.
        strength: f64,
    },
    /// A column for each category, 1 or 0.
    ColumnEach {
        /// The most categories of one column, the heaviest; the others get none.
        most: usize,
    },
}

impl Default for Options {
    fn default() -> Self {
        Options {
            rounds: 2_000,
            stopping: Stopping::Validation { share: 0.2, patience: 50 },
            learning_rate: 0.05,
            leaves: 31,
            depth: 6,
            leaf_weight: 1.0,
            l1: 0.0,
            l2: 1.0,
            bins: 256,
            row_share: 1.0,
            column_share: 1.0,
            seed: 0,
            trends: BTreeMap::new(),
            categories: Categories::Rate { strength: 20.0 },
            threads: 1,
        }
    }
}

/// Fits a model.
///
/// # Errors
/// When an option is out of its bounds or names a column that is not there, the sample has an offset, no column varies, or
/// a part of the sample that is needed has no good or no bad rows.
pub fn fit(sample: &Sample, options: &Options) -> Result<Model, Error> {
    check(sample, options)?;
    // Rows without weight say nothing; in forust they would still move the cuts.
    let rows: Vec<usize> = (0..sample.rows()).filter(|row| sample.weight_of(*row) > 0.0).collect();
    let sample = &sample.take(&rows);
    match options.stopping {
        Stopping::Never => grown(sample, None, options, options.rounds),
        Stopping::Validation { share, patience } => {
            let held = draw(&sample.bad, share, options.seed);
            let (rest, part) = divided(sample, &held)?;
            grown(&rest, Some((&part, patience)), options, options.rounds)
        }
        Stopping::Folds { count, patience } => {
            let folds = deal(&sample.bad, count, options.seed);
            let mut best = 0;
            for fold in 0..count {
                let held: Vec<bool> = folds.iter().map(|of_row| *of_row == fold).collect();
                let (rest, part) = divided(sample, &held)?;
                best +=
                    grown(&rest, Some((&part, patience)), options, options.rounds)?.ensemble().trees().len();
            }
            // The mean, to the nearest round.
            grown(sample, None, options, (2 * best + count) / (2 * count))
        }
    }
}

/// Fits a model that stops when the log loss on another sample has not fallen for so many rounds, whatever
/// [`Options::stopping`] says.
///
/// # Errors
/// As [`fit`], and when the other sample lacks a column.
pub fn fit_beside(
    sample: &Sample,
    other: &Sample,
    patience: usize,
    options: &Options,
) -> Result<Model, Error> {
    check(sample, options)?;
    let rows: Vec<usize> = (0..sample.rows()).filter(|row| sample.weight_of(*row) > 0.0).collect();
    grown(&sample.take(&rows), Some((other, patience.max(1))), options, options.rounds)
}

fn check(sample: &Sample, options: &Options) -> Result<(), Error> {
    let refuse = |option, reason: String| Err(Error::Option { option, reason });
    let shares = [("row-share", options.row_share), ("column-share", options.column_share)];
    for (option, share) in shares.into_iter().chain([("learning-rate", options.learning_rate)]) {
        if !(share > 0.0 && share <= 1.0) {
            return refuse(option, format!("{share} is not above 0 and at most 1"));
        }
    }
    for (option, value) in [("leaf-weight", options.leaf_weight), ("l1", options.l1), ("l2", options.l2)] {
        if !(0.0..=1e9).contains(&value) {
            return refuse(option, format!("{value} is not between 0 and a thousand million"));
        }
    }
    for (option, value, least, most) in [
        ("rounds", options.rounds, 1, 1_000_000),
        ("leaves", options.leaves, 2, 1_000_000),
        ("depth", options.depth, 1, 64),
        ("bins", usize::from(options.bins), 2, 10_000),
        ("threads", options.threads, 1, 4_096),
    ] {
        if !(least..=most).contains(&value) {
            return refuse(option, format!("{value} is not between {least} and {most}"));
        }
    }
    match options.stopping {
        Stopping::Validation { share, .. } if !(share > 0.0 && share < 1.0) => {
            return refuse("validation-share", format!("{share} is not above 0 and below 1"));
        }
        Stopping::Folds { count, .. } if count < 2 => {
            return refuse("folds", format!("{count} is too few; at least 2"));
        }
        Stopping::Validation { patience: 0, .. } | Stopping::Folds { patience: 0, .. } => {
            return refuse("patience", "0 rounds are too few; at least 1".to_owned());
        }
        _ => {}
    }
    if let Categories::Rate { strength } = options.categories
        && !(strength > 0.0 && strength.is_finite())
    {
        return refuse("strength", format!("{strength} is not above 0"));
    }
    if sample.offset.is_some() {
        return refuse(
            "offset",
            "trees cannot add to log-odds that are known already; leave it out".to_owned(),
        );
    }
    for name in options.trends.keys() {
        if matches!(sample.table.column(name)?.values, Values::Categories { .. }) {
            return refuse("trend", format!("{name:?} holds categories, which have no order; leave it out"));
        }
    }
    Ok(())
}

/// The rows that are not held back, and those that are.
fn divided(sample: &Sample, held: &[bool]) -> Result<(Sample, Sample), Error> {
    let rows = |held_back: bool| -> Vec<usize> {
        (0..sample.rows()).filter(|row| held[*row] == held_back).collect()
    };
    let parts = (sample.take(&rows(false)), sample.take(&rows(true)));
    for part in [&parts.0, &parts.1] {
        let (good, bad) = part.good_and_bad();
        if good <= 0.0 || bad <= 0.0 {
            return Err(Error::Fit(format!(
                "there are too few rows to hold some back: a part of {} would have no {} ones; stop after fixed rounds",
                part.rows(),
                if bad > 0.0 { "good" } else { "bad" },
            )));
        }
    }
    Ok(parts)
}

fn grown(
    sample: &Sample,
    beside: Option<(&Sample, usize)>,
    options: &Options,
    rounds: usize,
) -> Result<Model, Error> {
    let weights = weights(sample);
    let inputs = inputs(sample, &weights, options);
    if inputs.is_empty() {
        return Err(Error::Fit("no column varies, so there is nothing to tell rows apart by".to_owned()));
    }
    let numbers = |sample: &Sample| -> Result<(Vec<f64>, Vec<f64>), Error> {
        let mut numbers = Vec::with_capacity(inputs.len() * sample.rows());
        for input in &inputs {
            numbers.extend(input.numbers(&sample.table)?);
        }
        Ok((numbers, sample.bad.iter().map(|bad| f64::from(u8::from(*bad))).collect()))
    };
    let (data, target) = numbers(sample)?;
    let data = Matrix::new(&data, sample.rows(), inputs.len());
    let mut booster = booster(&inputs, options, rounds);
    let fitted = match beside {
        None => booster.fit(&data, &target, &weights, None),
        Some((other, patience)) => {
            booster.early_stopping_rounds = Some(patience);
            let (data_there, target_there) = numbers(other)?;
            let data_there = Matrix::new(&data_there, other.rows(), inputs.len());
            let weights_there = self::weights(other);
            booster.fit(&data, &target, &weights, Some(vec![(data_there, &target_there, &weights_there)]))
        }
    };
    fitted.map_err(|error| Error::Fit(error.to_string()))?;
    let best = booster.best_iteration.map_or(booster.trees.len(), |best| best + 1);
    let trees = booster.trees.iter().take(best).map(taken_over).collect();
    let ensemble = Ensemble::try_new(booster.base_score, trees, inputs.len())?;
    let (good, bad) = sample.good_and_bad();
    let provenance = [
        ("method", "boosted trees".to_owned()),
        ("rows", sample.rows().to_string()),
        ("weight of good", good.to_string()),
        ("weight of bad", bad.to_string()),
        ("rounds", best.to_string()),
        ("learning rate", options.learning_rate.to_string()),
        ("leaves", options.leaves.to_string()),
        ("depth", options.depth.to_string()),
        ("seed", options.seed.to_string()),
    ];
    let provenance = provenance.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Model::try_new(sample.target.clone(), inputs, ensemble, provenance)
}

/// Weights whose mean is 1, so that what a leaf must weigh does not depend on their unit.
fn weights(sample: &Sample) -> Vec<f64> {
    let (good, bad) = sample.good_and_bad();
    let mean = (good + bad) / sample.rows() as f64;
    (0..sample.rows()).map(|row| sample.weight_of(row) / mean).collect()
}

/// What is made of each column that varies.
fn inputs(sample: &Sample, weights: &[f64], options: &Options) -> Vec<Input> {
    let mut inputs = Vec::new();
    for column in sample.table.columns() {
        let input = |encoding| Input { column: column.name.clone(), encoding };
        match &column.values {
            Values::Numbers(numbers) => {
                let (mut least, mut most, mut missing) = (f64::INFINITY, f64::NEG_INFINITY, false);
                for number in numbers {
                    missing |= number.is_nan();
                    least = least.min(*number);
                    most = most.max(*number);
                }
                if least < most {
                    inputs.push(input(Encoding::Number));
                } else if least == most && missing {
                    inputs.push(input(Encoding::Known));
                }
            }
            Values::Categories { codes, levels } => {
                let levels = levels_of(codes, levels, sample, weights);
                inputs.extend(encodings(column, levels, sample, weights, options.categories).map(input));
            }
        }
    }
    inputs
}

/// A category with the weight of its rows and that of the bad ones among them.
type Level<'a> = (&'a str, f64, f64);

/// The categories that some row has, the heaviest first.
fn levels_of<'a>(codes: &[u32], levels: &'a [String], sample: &Sample, weights: &[f64]) -> Vec<Level<'a>> {
    let mut found: Vec<Level<'a>> = levels.iter().map(|text| (text.as_str(), 0.0, 0.0)).collect();
    for ((code, bad), weight) in codes.iter().zip(&sample.bad).zip(weights) {
        if *code != MISSING {
            let level = &mut found[*code as usize];
            level.1 += weight;
            level.2 += if *bad { *weight } else { 0.0 };
        }
    }
    found.retain(|level| level.1 > 0.0);
    found.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
    found
}

fn encodings(
    column: &Column,
    levels: Vec<Level<'_>>,
    sample: &Sample,
    weights: &[f64],
    categories: Categories,
) -> std::vec::IntoIter<Encoding> {
    let missing = matches!(&column.values, Values::Categories { codes, .. } if codes.contains(&MISSING));
    let varied: Vec<Encoding> = match (levels.len(), categories) {
        (0, _) => vec![],
        (1, _) if missing => vec![Encoding::Known],
        (1, _) => vec![],
        (_, Categories::Rate { strength }) => {
            let bad: f64 =
                sample.bad.iter().zip(weights).map(|(bad, weight)| if *bad { *weight } else { 0.0 }).sum();
            let other = bad / weights.iter().sum::<f64>();
            let rate = |level: &Level<'_>| (level.2 + strength * other) / (level.1 + strength);
            let rates: Vec<(String, f64)> =
                levels.iter().map(|level| (level.0.to_owned(), rate(level))).collect();
            let one_rate = rates.windows(2).all(|pair| pair[0].1 == pair[1].1);
            if one_rate { vec![] } else { vec![Encoding::Rate { levels: rates, other }] }
        }
        (_, Categories::ColumnEach { most }) => {
            levels.iter().take(most).map(|level| Encoding::Level(level.0.to_owned())).collect()
        }
    };
    varied.into_iter()
}

fn booster(inputs: &[Input], options: &Options, rounds: usize) -> GradientBooster {
    let mut constraints = ConstraintMap::new();
    for (place, input) in inputs.iter().enumerate() {
        let trend = options.trends.get(&input.column).filter(|_| input.encoding == Encoding::Number);
        if let Some(direction) = trend {
            constraints.insert(
                place,
                match direction {
                    Direction::Ascending => Constraint::Positive,
                    Direction::Descending => Constraint::Negative,
                },
            );
        }
    }
    // A tree sees at least one column.
    let column_share = options.column_share.max(1.0 / inputs.len() as f64).min(1.0);
    let mut booster = GradientBooster::default();
    booster.objective_type = ObjectiveType::LogLoss;
    booster.iterations = rounds;
    booster.learning_rate = options.learning_rate as f32;
    booster.max_depth = options.depth;
    booster.max_leaves = options.leaves;
    booster.l1 = options.l1 as f32;
    booster.l2 = options.l2 as f32;
    booster.min_leaf_weight = options.leaf_weight as f32;
    booster.nbins = options.bins;
    booster.parallel = options.threads > 1;
    booster.num_threads = Some(options.threads);
    booster.monotone_constraints = Some(constraints);
    booster.subsample = options.row_share as f32;
    booster.sample_method = if options.row_share < 1.0 { SampleMethod::Random } else { SampleMethod::None };
    booster.colsample_bytree = column_share;
    booster.seed = options.seed;
    booster.grow_policy = GrowPolicy::LossGuide;
    booster.initialize_base_score = true;
    booster
}

/// A tree of forust's as one of ours; its nodes are numbered by their places, children after parents.
fn taken_over(tree: &forust_ml::tree::Tree) -> Tree {
    let mut taken = Tree { nodes: Vec::new(), covers: Vec::new() };
    for node in &tree.nodes {
        taken.covers.push(f64::from(node.hessian_sum));
        taken.nodes.push(if node.is_leaf {
            Node::Leaf(f64::from(node.weight_value))
        } else {
            Node::Split(Split {
                column: node.split_feature as u32,
                threshold: node.split_value,
                equals: false,
                missing_left: node.missing_node == node.left_child,
                left: node.left_child as u32,
                right: node.right_child as u32,
            })
        });
    }
    taken
}

#[cfg(test)]
mod tests;
