//! A condition as a formula over atoms, for proofs. An atom that compares one column with constants depends on nothing but
//! where the column's value lies among them; any other part of a condition is a question of its own, with three answers.

use super::fields::{Domain, Fields};
use probity_expression::{Comparison, Literal, Node, Truth, Type};
use std::collections::BTreeSet;

/// Where a column's value can lie, as a value that stands for the whole stretch.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Point {
    Null,
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// A variable of a formula.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Variable {
    /// A column.
    Column(usize),
    /// A part of a condition that is no simple comparison, by its text.
    Question(String),
}

/// One simple comparison of a column with constants.
#[derive(Debug, Clone)]
pub(super) enum Test {
    Compare(Comparison, Point),
    Between(Point, Point),
    In {
        among: Vec<Point>,
        null: bool,
    },
    Is(Truth),
    /// A column of truths by itself.
    Holds,
}

/// A formula; negations stand where the condition has them.
#[derive(Debug, Clone)]
pub(super) enum Formula {
    Known(Option<bool>),
    Test { variable: Variable, test: Test, negated: bool },
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
}

fn point(literal: &Literal) -> Option<Point> {
    Some(match literal {
        Literal::Boolean(value) => Point::Boolean(*value),
        Literal::Integer(value) | Literal::Timestamp(value) | Literal::Duration(value) => {
            Point::Number(*value as f64)
        }
        Literal::Double(value) => Point::Number(*value),
        Literal::Text(value) => Point::Text(value.clone()),
        Literal::Amount { minor, .. } => Point::Number(*minor as f64),
    })
}

fn column(node: &Node) -> Option<usize> {
    match node {
        Node::Column { index, .. } => Some(*index),
        Node::Widen(operand) => column(operand),
        _ => None,
    }
}

fn constant(node: &Node) -> Option<Point> {
    match node {
        Node::Literal(literal) => point(literal),
        Node::Widen(operand) => constant(operand),
        _ => None,
    }
}

const fn mirrored(operator: Comparison) -> Comparison {
    match operator {
        Comparison::Less => Comparison::Greater,
        Comparison::LessOrEqual => Comparison::GreaterOrEqual,
        Comparison::Greater => Comparison::Less,
        Comparison::GreaterOrEqual => Comparison::LessOrEqual,
        same => same,
    }
}

impl Formula {
    /// The formula of a condition.
    pub(super) fn of(node: &Node) -> Self {
        match node {
            Node::Literal(Literal::Boolean(value)) => Self::Known(Some(*value)),
            Node::Null(_) => Self::Known(None),
            Node::Not(operand) => Self::Not(Box::new(Self::of(operand))),
            Node::And(all) => Self::And(all.iter().map(Self::of).collect()),
            Node::Or(all) => Self::Or(all.iter().map(Self::of).collect()),
            node => Self::simple(node).unwrap_or_else(|| Self::Test {
                variable: Variable::Question(node.to_string()),
                test: Test::Holds,
                negated: false,
            }),
        }
    }

    fn simple(node: &Node) -> Option<Self> {
        let (place, test, negated) = match node {
            Node::Column { index, .. } => (*index, Test::Holds, false),
            Node::Compare { operator, left, right } => match (column(left), constant(right)) {
                (Some(place), Some(value)) => (place, Test::Compare(*operator, value), false),
                _ => (column(right)?, Test::Compare(mirrored(*operator), constant(left)?), false),
            },
            Node::Between { operand, low, high, negated } => {
                (column(operand)?, Test::Between(constant(low)?, constant(high)?), *negated)
            }
            Node::In { operand, among, null, negated } => {
                let among = among.iter().map(point).collect::<Option<Vec<_>>>()?;
                (column(operand)?, Test::In { among, null: *null }, *negated)
            }
            Node::Is { operand, truth, negated } => (column(operand)?, Test::Is(*truth), *negated),
            _ => return None,
        };
        Some(Self::Test { variable: Variable::Column(place), test, negated })
    }

    /// The variables it asks about.
    pub(super) fn variables(&self, found: &mut BTreeSet<Variable>) {
        match self {
            Self::Known(_) => {}
            Self::Test { variable, .. } => drop(found.insert(variable.clone())),
            Self::Not(operand) => operand.variables(found),
            Self::And(all) | Self::Or(all) => all.iter().for_each(|part| part.variables(found)),
        }
    }

    /// Constants that a column is compared with.
    pub(super) fn constants(&self, of: usize, found: &mut Vec<Point>) {
        match self {
            Self::Known(_) => {}
            Self::Test { variable: Variable::Column(place), test, .. } if *place == of => match test {
                Test::Compare(_, value) => found.push(value.clone()),
                Test::Between(low, high) => found.extend([low.clone(), high.clone()]),
                Test::In { among, .. } => found.extend(among.iter().cloned()),
                Test::Is(_) | Test::Holds => {}
            },
            Self::Test { .. } => {}
            Self::Not(operand) => operand.constants(of, found),
            Self::And(all) | Self::Or(all) => all.iter().for_each(|part| part.constants(of, found)),
        }
    }

    /// Its truth as far as `known` says where variables lie: `None` while that does not settle it; inside, `None` is SQL's
    /// unknown.
    pub(super) fn truth<'p>(&self, known: &impl Fn(&Variable) -> Option<&'p Point>) -> Option<Option<bool>> {
        match self {
            Self::Known(truth) => Some(*truth),
            Self::Test { variable, test, negated } => {
                known(variable).map(|point| test.truth(point).map(|truth| truth != *negated))
            }
            Self::Not(operand) => operand.truth(known).map(|truth| truth.map(|truth| !truth)),
            Self::And(all) => joined(all, false, known),
            Self::Or(all) => joined(all, true, known),
        }
    }
}

/// AND and OR: `settles` is the truth that decides alone.
fn joined<'p>(
    all: &[Formula],
    settles: bool,
    known: &impl Fn(&Variable) -> Option<&'p Point>,
) -> Option<Option<bool>> {
    let (mut open, mut unknown) = (false, false);
    for part in all {
        match part.truth(known) {
            Some(Some(truth)) if truth == settles => return Some(Some(settles)),
            Some(Some(_)) => {}
            Some(None) => unknown = true,
            None => open = true,
        }
    }
    if open { None } else { Some(if unknown { None } else { Some(!settles) }) }
}

fn order(a: &Point, b: &Point) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Point::Number(a), Point::Number(b)) => a.partial_cmp(b),
        (Point::Text(a), Point::Text(b)) => Some(a.cmp(b)),
        (Point::Boolean(a), Point::Boolean(b)) => Some(a.cmp(b)),
        _ => None,
    }
}

impl Test {
    fn truth(&self, at: &Point) -> Option<bool> {
        match self {
            Self::Is(truth) => Some(match truth {
                Truth::Null => *at == Point::Null,
                Truth::True => *at == Point::Boolean(true),
                Truth::False => *at == Point::Boolean(false),
            }),
            Self::Holds => match at {
                Point::Boolean(truth) => Some(*truth),
                _ => None,
            },
            Self::Compare(operator, value) => order(at, value).map(|order| operator.holds(order)),
            Self::Between(low, high) => {
                let (from, to) = (order(at, low)?, order(at, high)?);
                Some(from.is_ge() && to.is_le())
            }
            Self::In { among, null } => {
                if *at == Point::Null {
                    return None;
                }
                match among.contains(at) {
                    true => Some(true),
                    false if *null => None,
                    false => Some(false),
                }
            }
        }
    }
}

/// Points that stand for every stretch in which a variable can lie.
pub(super) fn points(variable: &Variable, fields: &Fields, constants: &[Point]) -> Vec<Point> {
    let Variable::Column(place) = variable else {
        return vec![Point::Boolean(true), Point::Boolean(false), Point::Null];
    };
    let (mut points, nullable, floor) = match fields.domain(*place) {
        Domain::Absent => return vec![Point::Null],
        Domain::Words { words, nullable } => {
            (words.iter().map(|word| Point::Text(word.clone())).collect(), *nullable, None)
        }
        Domain::Any { nullable } => (stretches(fields.type_of(*place), constants), *nullable, None),
        Domain::NotNegative { nullable } => {
            (stretches(fields.type_of(*place), constants), *nullable, Some(0.0))
        }
    };
    points.retain(|point| !matches!((point, floor), (Point::Number(value), Some(floor)) if *value < floor));
    if points.is_empty() && floor.is_some() {
        points.push(Point::Number(0.0));
    }
    if nullable {
        points.push(Point::Null);
    }
    points
}

fn stretches(of: Type, constants: &[Point]) -> Vec<Point> {
    match of {
        Type::Boolean => vec![Point::Boolean(true), Point::Boolean(false)],
        Type::Text => {
            let mut texts: Vec<String> = constants
                .iter()
                .filter_map(|point| if let Point::Text(text) = point { Some(text.clone()) } else { None })
                .collect();
            texts.sort_unstable();
            texts.dedup();
            // Before the first, after each: texts are ordered by code point, so this lies right behind.
            let behind: Vec<String> = texts.iter().map(|text| format!("{text}\u{1}")).collect();
            let all = std::iter::once(String::new()).chain(texts).chain(behind);
            all.map(Point::Text).collect()
        }
        of => {
            let mut numbers: Vec<f64> = constants
                .iter()
                .filter_map(|point| if let Point::Number(value) = point { Some(*value) } else { None })
                .collect();
            numbers.sort_by(f64::total_cmp);
            numbers.dedup();
            let mut all = Vec::with_capacity(numbers.len() * 2 + 1);
            all.push(numbers.first().map_or(0.0, |first| first - 1.0));
            for (at, value) in numbers.iter().enumerate() {
                all.push(*value);
                all.push(match numbers.get(at + 1) {
                    None => value + 1.0,
                    Some(next) if of == Type::Double => value + (next - value) / 2.0,
                    // Whole numbers have nothing between neighbours; the next one stands in for itself.
                    Some(next) => (value + 1.0).min(*next),
                });
            }
            all.into_iter().map(Point::Number).collect()
        }
    }
}
