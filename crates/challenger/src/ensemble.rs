//! Trees whose leaves add up.

use crate::Error;
use serde::{Deserialize, Serialize};

/// The most splits between a root and a leaf. Libraries stop far earlier; walking down a tree never goes deeper than this.
pub const MOST_DEPTH: usize = 256;

/// A sum of trees: a row's value is the base plus one leaf of each tree.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ensemble {
    base: f64,
    trees: Vec<Tree>,
}

/// A binary tree. Its first node is the root, and a node's children come after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tree {
    /// The nodes.
    pub nodes: Vec<Node>,
    /// How much of what the tree was fitted on passed through each node. Only their proportions count.
    pub covers: Vec<f64>,
}

/// A place in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    /// The end of a way: what it adds.
    Leaf(f64),
    /// A fork.
    Split(Split),
}

/// A fork: which way a row goes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// The place of the column that is looked at.
    pub column: u32,
    /// What its value is compared with.
    pub threshold: f64,
    /// A row goes left when its value equals the threshold; otherwise when it is below it.
    pub equals: bool,
    /// A row without a value goes left; otherwise right.
    pub missing_left: bool,
    /// The node on the left.
    pub left: u32,
    /// The node on the right.
    pub right: u32,
}

impl Split {
    /// The node to which a value leads; NaN is missing.
    pub fn next(&self, value: f64) -> u32 {
        let left = if value.is_nan() {
            self.missing_left
        } else if self.equals {
            value == self.threshold
        } else {
            value < self.threshold
        };
        if left { self.left } else { self.right }
    }
}

impl Tree {
    /// The node in which a row ends, and what it adds.
    fn leaf(&self, row: &[f64]) -> (usize, f64) {
        let mut place = 0;
        loop {
            match self.nodes[place] {
                Node::Leaf(value) => return (place, value),
                Node::Split(split) => place = split.next(row[split.column as usize]) as usize,
            }
        }
    }

    /// Checks that it is a tree over so many columns, and gives its depth.
    fn check(&self, columns: usize) -> Result<usize, String> {
        if self.nodes.is_empty() {
            return Err("it has no nodes".to_owned());
        }
        if self.covers.len() != self.nodes.len() {
            return Err(format!("it has {} nodes but {} covers", self.nodes.len(), self.covers.len()));
        }
        if let Some(cover) = self.covers.iter().find(|cover| !cover.is_finite() || **cover < 0.0) {
            return Err(format!("a cover is {cover}; it must be a number from 0 up"));
        }
        // Depth of each node below the root; 0 for those that no split has named yet.
        let mut depths = vec![0; self.nodes.len()];
        for (place, node) in self.nodes.iter().enumerate() {
            if place > 0 && depths[place] == 0 {
                return Err(format!("no split before it leads to node {place}"));
            }
            match node {
                Node::Leaf(value) if !value.is_finite() => return Err(format!("a leaf is {value}")),
                Node::Leaf(_) => {}
                Node::Split(split) => {
                    if split.threshold.is_nan() {
                        return Err(format!("node {place} compares with no number"));
                    }
                    if split.column as usize >= columns {
                        let column = split.column;
                        return Err(format!("node {place} looks at column {column}; there are {columns}"));
                    }
                    for child in [split.left as usize, split.right as usize] {
                        if child <= place || child >= depths.len() || depths[child] != 0 {
                            return Err(format!(
                                "node {place} leads to node {child}; each node must come once, after its parent"
                            ));
                        }
                        depths[child] = depths[place] + 1;
                    }
                }
            }
        }
        match depths.into_iter().max() {
            Some(depth) if depth > MOST_DEPTH => {
                Err(format!("it is {depth} splits deep; at most {MOST_DEPTH}"))
            }
            depth => Ok(depth.unwrap_or(0)),
        }
    }
}

impl Ensemble {
    /// Trees over rows of so many columns.
    ///
    /// # Errors
    /// When one of them is no tree, looks at a column that is not there, or holds a figure that is not finite.
    pub fn try_new(base: f64, trees: Vec<Tree>, columns: usize) -> Result<Self, Error> {
        if !base.is_finite() {
            return Err(Error::Model(format!("the base is {base}; it must be finite")));
        }
        for (place, tree) in trees.iter().enumerate() {
            tree.check(columns).map_err(|reason| Error::Model(format!("tree {place}: {reason}")))?;
        }
        Ok(Ensemble { base, trees })
    }

    /// What every row has before any tree counts.
    pub fn base(&self) -> f64 {
        self.base
    }

    /// The trees.
    pub fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The sum for a row: a number for each column, NaN where it is missing.
    ///
    /// # Panics
    /// When the row is shorter than the columns that the trees were checked for.
    pub fn sum(&self, row: &[f64]) -> f64 {
        self.trees.iter().fold(self.base, |sum, tree| sum + tree.leaf(row).1)
    }

    /// The sums for a block of rows that stand one behind the other, each of so many numbers: the same digits as [`Ensemble::sum`],
    /// sooner, because a tree stays in the nearest cache while all rows go down it.
    ///
    /// # Panics
    /// As [`Ensemble::sum`].
    pub fn sums(&self, rows: &[f64], width: usize) -> Vec<f64> {
        let mut sums = vec![self.base; rows.len() / width];
        for tree in &self.trees {
            for (row, sum) in rows.chunks_exact(width).zip(&mut sums) {
                *sum += tree.leaf(row).1;
            }
        }
        sums
    }

    /// The same trees with the other sign.
    #[must_use]
    pub fn negated(&self) -> Self {
        let mut trees = self.trees.clone();
        for node in trees.iter_mut().flat_map(|tree| &mut tree.nodes) {
            if let Node::Leaf(value) = node {
                *value = -*value;
            }
        }
        Ensemble { base: -self.base, trees }
    }

    /// The same trees with the covers of other rows: how many of them pass through each node.
    #[must_use]
    pub fn with_covers_of<'a>(&self, rows: impl IntoIterator<Item = &'a [f64]>) -> Self {
        let mut trees = self.trees.clone();
        trees.iter_mut().for_each(|tree| tree.covers.fill(0.0));
        for row in rows {
            for tree in &mut trees {
                let leaf = tree.leaf(row).0;
                tree.covers[leaf] += 1.0;
            }
        }
        for tree in &mut trees {
            // Children come after their parents, so from the back each node is complete when it is reached.
            for place in (0..tree.nodes.len()).rev() {
                if let Node::Split(split) = tree.nodes[place] {
                    tree.covers[place] = tree.covers[split.left as usize] + tree.covers[split.right as usize];
                }
            }
        }
        Ensemble { base: self.base, trees }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(column: u32, threshold: f64, left: u32, right: u32) -> Node {
        Node::Split(Split { column, threshold, equals: false, missing_left: true, left, right })
    }

    fn tree(nodes: Vec<Node>) -> Tree {
        let covers = vec![1.0; nodes.len()];
        Tree { nodes, covers }
    }

    fn small() -> Tree {
        tree(vec![
            split(0, 1.5, 1, 2),
            Node::Leaf(1.0),
            split(1, 0.0, 3, 4),
            Node::Leaf(10.0),
            Node::Leaf(100.0),
        ])
    }

    #[test]
    fn a_row_gets_a_leaf_of_each_tree() {
        let equal = Split { column: 1, threshold: 2.0, equals: true, missing_left: false, left: 1, right: 2 };
        let second = tree(vec![Node::Split(equal), Node::Leaf(0.25), Node::Leaf(0.5)]);
        let ensemble = Ensemble::try_new(1000.0, vec![small(), second], 2).unwrap();
        for (row, wanted) in [
            ([1.0, 2.0], 1001.25),
            ([1.5, -1.0], 1010.5),
            ([2.0, 0.0], 1100.5),
            ([f64::NAN, f64::NAN], 1001.5),
            ([f64::INFINITY, f64::NEG_INFINITY], 1010.5),
        ] {
            assert_eq!(ensemble.sum(&row).to_bits(), f64::to_bits(wanted), "{row:?}");
        }
        assert_eq!(ensemble.negated().sum(&[1.0, 2.0]).to_bits(), f64::to_bits(-1001.25));
        assert_eq!(ensemble.sums(&[1.0, 2.0, 1.5, -1.0], 2), [1001.25, 1010.5]);
        let counted = ensemble.with_covers_of([&[1.0, 2.0][..], &[2.0, 5.0], &[2.0, -5.0]]);
        assert_eq!(counted.trees()[0].covers, [3.0, 1.0, 2.0, 1.0, 1.0]);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        fn check(change: impl FnOnce(&mut Tree), wanted: &str) {
            let mut tree = small();
            change(&mut tree);
            let error = Ensemble::try_new(0.0, vec![tree], 2).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        check(|tree| tree.nodes.clear(), "no nodes");
        check(|tree| tree.covers.truncate(1), "5 nodes but 1 covers");
        check(|tree| tree.covers[1] = -1.0, "a cover is -1");
        check(|tree| tree.nodes[1] = Node::Leaf(f64::NAN), "a leaf is NaN");
        check(|tree| tree.nodes[0] = split(2, 1.0, 1, 2), "column 2; there are 2");
        check(|tree| tree.nodes[0] = split(0, f64::NAN, 1, 2), "no number");
        check(|tree| tree.nodes[2] = split(0, 1.0, 0, 4), "leads to node 0");
        check(|tree| tree.nodes[2] = split(0, 1.0, 3, 9), "leads to node 9");
        check(|tree| tree.nodes[2] = split(0, 1.0, 3, 3), "each node must come once");
        check(|tree| tree.nodes[0] = split(0, 1.0, 1, 3), "leads to node 2");
        check(|tree| tree.nodes.push(Node::Leaf(0.0)), "6 nodes but 5");
        assert!(Ensemble::try_new(f64::NAN, vec![], 2).is_err());

        let mut nodes = Vec::new();
        for place in 0..300 {
            nodes.extend([
                split(0, f64::from(place), 2 * place as u32 + 1, 2 * place as u32 + 2),
                Node::Leaf(0.0),
            ]);
        }
        // Each split's left child is the leaf beside it, its right one the next split.
        nodes.push(Node::Leaf(0.0));
        let error = Ensemble::try_new(0.0, vec![tree(nodes)], 1).unwrap_err().to_string();
        assert!(error.contains("300 splits deep"), "{error}");
    }
}
