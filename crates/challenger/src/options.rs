//! How boosted trees are to be grown.

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
    /// The most leaves of a tree, at least 2. The leaf that says most, as it is, is split first.
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
    /// Whether all threads of the process grow a tree together. The model is the same.
    pub parallel: bool,
}

/// When to stop adding trees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Stopping {
    /// After all rounds.
    Never,
    /// As many rounds as were best on a part of the sample that no tree had seen: until the log loss there had not fallen
    /// for so many rounds. Then all rows are used.
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
            rounds: 3_000,
            stopping: Stopping::Validation { share: 0.2, patience: 50 },
            learning_rate: 0.03,
            leaves: 15,
            depth: 6,
            leaf_weight: 5.0,
            l1: 0.0,
            l2: 5.0,
            bins: 256,
            row_share: 0.8,
            column_share: 0.7,
            seed: 0,
            trends: BTreeMap::new(),
            categories: Categories::Rate { strength: 20.0 },
            parallel: false,
        }
    }
}
