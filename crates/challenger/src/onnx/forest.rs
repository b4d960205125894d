//! The tree ensembles of ONNX as ours.

use super::graph::Node as Operator;
use crate::Error;
use crate::ensemble::{Ensemble, Node, Split, Tree};
use std::collections::HashMap;

/// Trees for each of at most two outputs, and how their sums are turned into them.
pub(super) struct Forest {
    /// One for each class or target that leaves have weights for.
    pub(super) sums: Vec<Ensemble>,
    /// No leaf's weight is negative.
    pub(super) positive: bool,
    /// Divides the sums; 1 unless they are to be averaged.
    pub(super) divisor: f64,
    /// The number of columns that they look at, at least.
    pub(super) width: usize,
}

/// The trees of a `TreeEnsembleClassifier` (`class`) or a `TreeEnsembleRegressor` (`target`).
pub(super) fn forest(operator: &Operator, leaves: &str) -> Result<Forest, Error> {
    let refused = |reason: String| operator.refused(reason);
    let shape = shape(operator)?;
    let weights = weights(operator, leaves)?;
    let mut outputs: Vec<i64> = weights.iter().map(|weight| weight.output).collect();
    outputs.sort_unstable();
    outputs.dedup();
    if outputs.is_empty() || outputs.len() > 2 {
        return Err(refused(format!(
            "its leaves count for {} outputs; one or two are understood",
            outputs.len()
        )));
    }
    let base = numbers(operator, "base_values");
    let width = operator.integers("nodes_featureids").iter().max().map_or(0, |most| *most as usize + 1);
    let mut sums = Vec::new();
    for (place, output) in outputs.iter().enumerate() {
        let mut trees: Vec<Tree> = shape.trees.clone();
        for weight in weights.iter().filter(|weight| weight.output == *output) {
            let found = shape.places.get(&(weight.tree, weight.node));
            let (tree, node) = found.ok_or_else(|| refused("a weight is that of no node".to_owned()))?;
            match &mut trees[*tree].nodes[*node] {
                Node::Leaf(value) => *value += weight.value,
                Node::Split(_) => return Err(refused("a node that is no leaf has a weight".to_owned())),
            }
        }
        // A single sum is that of the second class, whatever number its leaves bear.
        let base = match (outputs.len(), base.len()) {
            (_, 0) => 0.0,
            (1, length) => base[length - 1],
            (_, 2) => base[place],
            (_, length) => return Err(refused(format!("it has {length} base values for two outputs"))),
        };
        sums.push(Ensemble::try_new(base, trees, width).map_err(|error| refused(error.to_string()))?);
    }
    let divisor = match operator.text("aggregate_function") {
        "" | "SUM" => 1.0,
        "AVERAGE" => shape.trees.len() as f64,
        other => return Err(refused(format!("the aggregate function {other:?} is not understood"))),
    };
    Ok(Forest { sums, positive: weights.iter().all(|weight| weight.value >= 0.0), divisor, width })
}

struct Weight {
    tree: i64,
    node: i64,
    output: i64,
    value: f64,
}

fn weights(operator: &Operator, leaves: &str) -> Result<Vec<Weight>, Error> {
    let trees = operator.integers(&format!("{leaves}_treeids"));
    let nodes = operator.integers(&format!("{leaves}_nodeids"));
    let outputs = operator.integers(&format!("{leaves}_ids"));
    let values = numbers(operator, &format!("{leaves}_weights"));
    if [nodes.len(), outputs.len(), values.len()].iter().any(|length| *length != trees.len()) {
        return Err(operator.refused("its lists of weights differ in length"));
    }
    let weight = |place: usize| Weight {
        tree: trees[place],
        node: nodes[place],
        output: outputs[place],
        value: values[place],
    };
    Ok((0..trees.len()).map(weight).collect())
}

/// A list of floats, or of doubles in a tensor.
fn numbers<'a>(operator: &'a Operator, name: &str) -> &'a [f64] {
    let doubles = operator.attribute(&format!("{name}_as_tensor")).and_then(|found| found.tensor.as_ref());
    doubles.map_or_else(|| operator.floats(name), |tensor| &tensor.numbers)
}

/// Trees whose leaves are all 0, and where each node went.
struct Shape {
    trees: Vec<Tree>,
    /// Of a tree's number and a node's number: the places of both.
    places: HashMap<(i64, i64), (usize, usize)>,
}

/// A node as the file has it.
struct Listed<'a> {
    mode: &'a str,
    column: i64,
    value: f64,
    yes: i64,
    no: i64,
    missing_yes: bool,
    hits: f64,
}

fn shape(operator: &Operator) -> Result<Shape, Error> {
    let refused = |reason: String| operator.refused(reason);
    let trees = operator.integers("nodes_treeids");
    let nodes = operator.integers("nodes_nodeids");
    let modes = operator.texts("nodes_modes");
    let columns = operator.integers("nodes_featureids");
    let values = numbers(operator, "nodes_values");
    let yes = operator.integers("nodes_truenodeids");
    let no = operator.integers("nodes_falsenodeids");
    let missing = operator.integers("nodes_missing_value_tracks_true");
    let hits = numbers(operator, "nodes_hitrates");
    let lengths = [nodes.len(), modes.len(), columns.len(), values.len(), yes.len(), no.len()];
    let optional = [missing.len(), hits.len()];
    if lengths.iter().any(|length| *length != trees.len())
        || optional.iter().any(|length| *length != 0 && *length != trees.len())
    {
        return Err(refused("its lists of nodes differ in length".to_owned()));
    }
    let listed = |place: usize| Listed {
        mode: &modes[place],
        column: columns[place],
        value: values[place],
        yes: yes[place],
        no: no[place],
        missing_yes: missing.get(place).is_some_and(|tracks| *tracks != 0),
        hits: hits.get(place).copied().unwrap_or(1.0),
    };
    let mut order: Vec<i64> = Vec::new();
    let mut of_tree: HashMap<i64, Vec<usize>> = HashMap::new();
    for (place, tree) in trees.iter().enumerate() {
        of_tree
            .entry(*tree)
            .or_insert_with(|| {
                order.push(*tree);
                Vec::new()
            })
            .push(place);
    }
    let mut shape = Shape { trees: Vec::new(), places: HashMap::new() };
    for number in order {
        let listed: Vec<(i64, Listed<'_>)> =
            of_tree[&number].iter().map(|place| (nodes[*place], listed(*place))).collect();
        let (tree, places) = tree(&listed).map_err(|reason| refused(format!("tree {number}: {reason}")))?;
        let at = shape.trees.len();
        shape.places.extend(places.into_iter().map(|(node, place)| ((number, node), (at, place))));
        shape.trees.push(tree);
    }
    Ok(shape)
}

/// Puts a tree's nodes in order, parents first: the root is the first that no other leads to.
fn tree(listed: &[(i64, Listed<'_>)]) -> Result<(Tree, HashMap<i64, usize>), String> {
    let by_number: HashMap<i64, &Listed<'_>> = listed.iter().map(|(number, node)| (*number, node)).collect();
    if by_number.len() != listed.len() {
        return Err("two nodes have the same number".to_owned());
    }
    let inner = || listed.iter().filter(|(_, node)| node.mode != "LEAF");
    let children: std::collections::HashSet<i64> =
        inner().flat_map(|(_, node)| [node.yes, node.no]).collect();
    let root = listed.iter().map(|(number, _)| *number).find(|number| !children.contains(number));
    let root = root.ok_or("it has no root")?;
    let (mut tree, mut places) = (Tree { nodes: Vec::new(), covers: Vec::new() }, HashMap::new());
    let mut waiting = std::collections::VecDeque::from([root]);
    let mut next = 1;
    while let Some(number) = waiting.pop_front() {
        let node = by_number.get(&number).ok_or_else(|| format!("there is no node {number}"))?;
        if places.insert(number, tree.nodes.len()).is_some() {
            return Err(format!("two ways lead to node {number}"));
        }
        tree.covers.push(if node.hits.is_finite() { node.hits.max(0.0) } else { 0.0 });
        if node.mode == "LEAF" {
            tree.nodes.push(Node::Leaf(0.0));
        } else {
            tree.nodes.push(Node::Split(split(node, next)?));
            // A node's places were given to its sides in the order in which they wait: left, right.
            let left_is_yes = matches!(node.mode, "BRANCH_LEQ" | "BRANCH_LT" | "BRANCH_EQ");
            waiting.extend(if left_is_yes { [node.yes, node.no] } else { [node.no, node.yes] });
            next += 2;
        }
    }
    if tree.nodes.len() < listed.len() {
        return Err("not all of its nodes hang together".to_owned());
    }
    Ok((tree, places))
}

/// A fork whose left side is at `next` and whose right side is behind it.
fn split(node: &Listed<'_>, next: u32) -> Result<Split, String> {
    let column = u32::try_from(node.column).map_err(|_| format!("there is no column {}", node.column))?;
    // Up to and with a value is below the next number.
    let (threshold, equals, missing_left) = match node.mode {
        "BRANCH_LEQ" => (node.value.next_up(), false, node.missing_yes),
        "BRANCH_LT" => (node.value, false, node.missing_yes),
        "BRANCH_GT" => (node.value.next_up(), false, !node.missing_yes),
        "BRANCH_GTE" => (node.value, false, !node.missing_yes),
        "BRANCH_EQ" => (node.value, true, node.missing_yes),
        // What is missing equals nothing.
        "BRANCH_NEQ" => (node.value, true, false),
        other => return Err(format!("the comparison {other:?} is not understood")),
    };
    Ok(Split { column, threshold, equals, missing_left, left: next, right: next + 1 })
}
