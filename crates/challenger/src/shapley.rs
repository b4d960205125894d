//! What each column adds to a row's sum: exact Shapley values.
//!
//! The game: a coalition of columns is worth what the trees give when only those columns are known, where at a split on an
//! unknown column both sides count in proportion to their covers. The values are computed in polynomial time by Algorithm 2
//! of Lundberg, Erion and Lee, "Consistent individualized feature attribution for tree ensembles" (2018), arXiv 1802.03888.
//! They add up to the sum less its expectation.

use crate::ensemble::{Ensemble, Node, Tree};

/// The expectation of the sum when no column is known.
pub fn expectation(ensemble: &Ensemble) -> f64 {
    ensemble.trees().iter().fold(ensemble.base(), |sum, tree| sum + expected(tree))
}

/// The Shapley value of each of so many columns for a row.
///
/// # Panics
/// When the row has fewer columns than the trees were checked for.
pub fn values(ensemble: &Ensemble, row: &[f64]) -> Vec<f64> {
    let mut values = vec![0.0; row.len()];
    let mut walk = Walk { tree: &NO_TREE, row, values: &mut values, path: Vec::new() };
    for tree in ensemble.trees() {
        walk.tree = tree;
        walk.path.clear();
        walk.visit(0, 0, Step { column: NO_COLUMN, zero: 1.0, one: 1.0 });
    }
    values
}

static NO_TREE: Tree = Tree { nodes: Vec::new(), covers: Vec::new() };

/// The column of a path's first element, which stands for no column.
const NO_COLUMN: u32 = u32::MAX;

fn expected(tree: &Tree) -> f64 {
    let mut means = vec![0.0; tree.nodes.len()];
    // Children come after their parents.
    for place in (0..tree.nodes.len()).rev() {
        means[place] = match tree.nodes[place] {
            Node::Leaf(value) => value,
            Node::Split(split) => {
                let (left, right) = (split.left as usize, split.right as usize);
                let share = share(tree, left, right);
                share * means[left] + (1.0 - share) * means[right]
            }
        };
    }
    means.first().copied().unwrap_or(0.0)
}

/// The share of a split's rows that goes to the first of its children; half where nothing passed through it.
fn share(tree: &Tree, child: usize, other: usize) -> f64 {
    let both = tree.covers[child] + tree.covers[other];
    if both > 0.0 { tree.covers[child] / both } else { 0.5 }
}

/// How a walk came to a node: the last split's column, and the share of rows that goes this way when the column is
/// unknown (`zero`) and when it is known (`one`: 1 or 0).
#[derive(Clone, Copy)]
struct Step {
    column: u32,
    zero: f64,
    one: f64,
}

/// A column on the path, with the weight of all coalitions that have so many of the path's columns as its place says.
#[derive(Clone, Copy)]
struct Element {
    step: Step,
    weight: f64,
}

struct Walk<'a> {
    tree: &'a Tree,
    row: &'a [f64],
    values: &'a mut [f64],
    /// The paths of all nodes from the root to where the walk is, one behind the other.
    path: Vec<Element>,
}

impl Walk<'_> {
    /// Visits a node whose parent's path begins at `parent`; its own is put behind it and taken off again.
    fn visit(&mut self, place: usize, parent: usize, step: Step) {
        let begin = self.path.len();
        self.path.extend_from_within(parent..);
        let mut step = step;
        // A column that is on the path already is taken off, and its shares multiply.
        let found = self.path[begin..].iter().position(|element| element.step.column == step.column);
        if let Some(known) = found {
            let before = self.path[begin + known].step;
            unwind(&mut self.path, begin, known);
            step = Step { column: step.column, zero: step.zero * before.zero, one: step.one * before.one };
        }
        // Where neither a known nor an unknown column leads, nothing is added.
        if step.zero != 0.0 || step.one != 0.0 {
            extend(&mut self.path, begin, step);
            match self.tree.nodes[place] {
                Node::Leaf(value) => self.add(begin, value),
                Node::Split(split) => {
                    let (left, right) = (split.left as usize, split.right as usize);
                    let hot = split.next(self.row[split.column as usize]) as usize;
                    let cold = if hot == left { right } else { left };
                    let zero = share(self.tree, hot, cold);
                    self.visit(hot, begin, Step { column: split.column, zero, one: 1.0 });
                    self.visit(cold, begin, Step { column: split.column, zero: 1.0 - zero, one: 0.0 });
                }
            }
        }
        self.path.truncate(begin);
    }

    fn add(&mut self, begin: usize, value: f64) {
        let path = &self.path[begin..];
        for (place, element) in path.iter().enumerate().skip(1) {
            let weight = unwound_sum(path, place);
            self.values[element.step.column as usize] +=
                weight * (element.step.one - element.step.zero) * value;
        }
    }
}

/// Puts a column at the end of a path.
fn extend(path: &mut Vec<Element>, begin: usize, step: Step) {
    let depth = path.len() - begin;
    path.push(Element { step, weight: if depth == 0 { 1.0 } else { 0.0 } });
    let path = &mut path[begin..];
    let length = (depth + 1) as f64;
    for place in (0..depth).rev() {
        let weight = path[place].weight;
        path[place + 1].weight += step.one * weight * (place + 1) as f64 / length;
        path[place].weight = step.zero * weight * (depth - place) as f64 / length;
    }
}

/// Takes a column off a path: the inverse of [`extend`].
fn unwind(path: &mut Vec<Element>, begin: usize, known: usize) {
    let elements = &mut path[begin..];
    let depth = elements.len() - 1;
    let length = elements.len() as f64;
    let Step { zero, one, .. } = elements[known].step;
    let mut next = elements[depth].weight;
    for place in (0..depth).rev() {
        if one != 0.0 {
            let weight = elements[place].weight;
            elements[place].weight = next * length / ((place + 1) as f64 * one);
            next = weight - elements[place].weight * zero * (depth - place) as f64 / length;
        } else {
            elements[place].weight = elements[place].weight * length / (zero * (depth - place) as f64);
        }
    }
    for place in known..depth {
        elements[place].step = elements[place + 1].step;
    }
    path.pop();
}

/// The sum of a path's weights once a column is taken off it.
fn unwound_sum(path: &[Element], known: usize) -> f64 {
    let depth = path.len() - 1;
    let length = path.len() as f64;
    let Step { zero, one, .. } = path[known].step;
    let (mut next, mut sum) = (path[depth].weight, 0.0);
    for place in (0..depth).rev() {
        if one != 0.0 {
            let weight = next * length / ((place + 1) as f64 * one);
            sum += weight;
            next = path[place].weight - weight * zero * (depth - place) as f64 / length;
        } else {
            sum += path[place].weight * length / (zero * (depth - place) as f64);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::Split;
    use proptest::prelude::*;

    const COLUMNS: usize = 4;

    /// What a coalition of columns is worth, by the definition.
    fn worth(tree: &Tree, row: &[f64], known: usize, place: usize) -> f64 {
        match tree.nodes[place] {
            Node::Leaf(value) => value,
            Node::Split(split) if known >> split.column & 1 == 1 => {
                worth(tree, row, known, split.next(row[split.column as usize]) as usize)
            }
            Node::Split(split) => {
                let (left, right) = (split.left as usize, split.right as usize);
                let share = share(tree, left, right);
                share * worth(tree, row, known, left) + (1.0 - share) * worth(tree, row, known, right)
            }
        }
    }

    /// Shapley's formula over all coalitions.
    fn slow(ensemble: &Ensemble, row: &[f64]) -> Vec<f64> {
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let worth = |known| ensemble.trees().iter().map(|tree| worth(tree, row, known, 0)).sum::<f64>();
        let mut values = vec![0.0; COLUMNS];
        for (column, value) in values.iter_mut().enumerate() {
            for known in (0..1_usize << COLUMNS).filter(|known| known >> column & 1 == 0) {
                let size = known.count_ones();
                let weight =
                    factorial(size) * factorial(COLUMNS as u32 - size - 1) / factorial(COLUMNS as u32);
                *value += weight * (worth(known | 1 << column) - worth(known));
            }
        }
        values
    }

    /// A tree grown from random choices: each splits a leaf.
    fn grown(choices: &[(u8, u8, f64, bool, u8)]) -> Tree {
        let mut nodes = vec![Node::Leaf(1.0)];
        let mut shares = vec![1.0];
        for (which, column, threshold, missing_left, cover) in choices {
            let leaves: Vec<usize> =
                (0..nodes.len()).filter(|place| matches!(nodes[*place], Node::Leaf(_))).collect();
            let place = leaves[usize::from(*which) % leaves.len()];
            let (left, right) = (nodes.len() as u32, nodes.len() as u32 + 1);
            nodes[place] = Node::Split(Split {
                column: u32::from(*column) % COLUMNS as u32,
                threshold: *threshold,
                equals: false,
                missing_left: *missing_left,
                left,
                right,
            });
            nodes.extend([Node::Leaf(f64::from(left) - 3.0), Node::Leaf(0.5 - f64::from(right))]);
            let part = f64::from(*cover % 5) / 4.0;
            shares.extend([shares[place] * part, shares[place] * (1.0 - part)]);
        }
        Tree { nodes, covers: shares }
    }

    proptest! {
        #[test]
        fn they_are_those_of_the_definition_and_add_up(
            trees in prop::collection::vec(
                prop::collection::vec((any::<u8>(), any::<u8>(), -1.0..1.0, any::<bool>(), any::<u8>()), 0..9),
                1..4,
            ),
            row in prop::collection::vec(prop_oneof![4 => -1.0..1.0, 1 => Just(f64::NAN)], COLUMNS),
        ) {
            let trees = trees.iter().map(|choices| grown(choices)).collect();
            let ensemble = Ensemble::try_new(0.5, trees, COLUMNS).unwrap();
            let fast = values(&ensemble, &row);
            for (fast, slow) in fast.iter().zip(slow(&ensemble, &row)) {
                prop_assert!((fast - slow).abs() < 1e-9, "{fast} {slow}");
            }
            let sum = expectation(&ensemble) + fast.iter().sum::<f64>();
            prop_assert!((sum - ensemble.sum(&row)).abs() < 1e-9);
        }
    }
}
