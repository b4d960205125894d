//! From the checked tree to steps: columns resolved, sets sorted, patterns read, constants folded.

use crate::evaluate::Evaluate;
use crate::pattern::Pattern;
use crate::program::{BooleanStep, Choice, DoubleStep, IntegerStep, Pair, Step, TextStep, Unary};
use crate::tree::{Comparison, Function, Literal, Node, Truth};
use crate::value::{Faults, Row, Type, Value};

const MS_AN_HOUR: f64 = 3_600_000.0;
const MS_A_DAY: f64 = 86_400_000.0;

/// Compiles a tree that the checker made. A tree that breaks the node's own rules compiles to null where it does.
pub(crate) fn compile(node: &Node) -> Step {
    match storage(node) {
        Type::Boolean => Step::Boolean(BooleanStep::of(node)),
        Type::Double => Step::Double(DoubleStep::of(node)),
        Type::Text => Step::Text(TextStep::of(node)),
        _ => Step::Integer(IntegerStep::of(node)),
    }
}

/// The type as which values are held: integers for timestamps, durations and money.
fn storage(node: &Node) -> Type {
    match node.result_type() {
        of @ (Type::Boolean | Type::Double | Type::Text) => of,
        Type::Integer | Type::Timestamp | Type::Duration | Type::Money(_) => Type::Integer,
    }
}

/// The row of a constant.
struct NoRow;

impl Row for NoRow {
    fn value(&self, _: usize) -> Value<'_> {
        Value::Null
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        None
    }
}

fn reads_columns(node: &Node) -> bool {
    let mut reads = false;
    node.visit_columns(&mut |_| reads = true);
    reads
}

/// A step made from a node, folded where it is constant. A constant that faults stays, to be counted at every row.
trait Compile: Evaluate + Sized {
    fn of(node: &Node) -> Self {
        let step = Self::step(node);
        if reads_columns(node) {
            return step;
        }
        let mut faults = Faults::default();
        let folded = step.evaluate(&NoRow, &mut faults).map(Self::keep);
        if faults == Faults::default() { Self::constant(folded) } else { step }
    }

    /// The step of one node.
    fn step(node: &Node) -> Self;

    /// A value that outlives the step it came from.
    fn keep(value: Self::Value<'_>) -> Self::Kept;

    /// A value of its own.
    type Kept;

    fn constant(value: Option<Self::Kept>) -> Self;

    fn pair(left: &Node, right: &Node) -> Pair<Self> {
        Box::new((Self::of(left), Self::of(right)))
    }

    /// CASE, COALESCE, NULLIF, LEAST, GREATEST; `None` for any other node.
    fn choice(node: &Node) -> Option<Box<Choice<Self>>> {
        Some(Box::new(match node {
            Node::Case { branches, otherwise, .. } => Choice::Case {
                branches: branches
                    .iter()
                    .map(|(condition, result)| (BooleanStep::of(condition), Self::of(result)))
                    .collect(),
                otherwise: otherwise.as_deref().map(Self::of),
            },
            Node::Call { function, arguments, .. } => match (function, arguments.as_slice()) {
                (Function::Coalesce, all) => Choice::Coalesce(all.iter().map(Self::of).collect()),
                (Function::Least, all) => Choice::Least(all.iter().map(Self::of).collect()),
                (Function::Greatest, all) => Choice::Greatest(all.iter().map(Self::of).collect()),
                (Function::NullIf, [left, right]) => Choice::NullIf(Self::of(left), Self::of(right)),
                _ => return None,
            },
            _ => return None,
        }))
    }
}

impl Compile for BooleanStep {
    type Kept = bool;

    fn keep(value: bool) -> bool {
        value
    }

    fn constant(value: Option<bool>) -> Self {
        Self::Constant(value)
    }

    fn step(node: &Node) -> Self {
        if let Some(choice) = Self::choice(node) {
            return Self::Choice(choice);
        }
        match node {
            Node::Literal(Literal::Boolean(truth)) => Self::Constant(Some(*truth)),
            Node::Column { index, .. } => Self::Column(*index),
            Node::Not(operand) => Self::Not(Box::new(Self::of(operand))),
            Node::And(terms) => Self::And(terms.iter().map(Self::of).collect()),
            Node::Or(terms) => Self::Or(terms.iter().map(Self::of).collect()),
            Node::Compare { operator, left, right } => comparison(*operator, left, right),
            Node::Is { operand, truth: Truth::Null, negated } => {
                Self::IsNull { operand: Box::new(compile_null_test(operand)), negated: *negated }
            }
            Node::Is { operand, truth, negated } => {
                Self::Is { operand: Box::new(Self::of(operand)), wanted: *truth == Truth::True, negated: *negated }
            }
            Node::Between { operand, low, high, negated } => {
                let negated = *negated;
                match storage(operand) {
                    Type::Double => Self::BetweenDouble {
                        of: Box::new((DoubleStep::of(operand), DoubleStep::of(low), DoubleStep::of(high))),
                        negated,
                    },
                    Type::Text => Self::BetweenText {
                        of: Box::new((TextStep::of(operand), TextStep::of(low), TextStep::of(high))),
                        negated,
                    },
                    _ => Self::BetweenInteger {
                        of: Box::new((IntegerStep::of(operand), IntegerStep::of(low), IntegerStep::of(high))),
                        negated,
                    },
                }
            }
            Node::In { operand, among, null, negated } => within(operand, among, *null, *negated),
            Node::Like { operand, pattern, negated } => match Pattern::parse(pattern) {
                Some(pattern) => Self::Like { operand: TextStep::of(operand), pattern, negated: *negated },
                None => Self::Constant(None),
            },
            Node::Call { function: Function::StartsWith, arguments, .. } => match arguments.as_slice() {
                [text, prefix] => Self::StartsWith(TextStep::pair(text, prefix)),
                _ => Self::Constant(None),
            },
            _ => Self::Constant(None),
        }
    }
}

/// The operand of IS NULL. A text made by LOWER is null where its own operand is.
fn compile_null_test(operand: &Node) -> Step {
    match operand {
        Node::Call { function: Function::Lower | Function::Upper, arguments, .. } => {
            arguments.first().map_or(Step::Text(TextStep::Constant(None)), compile_null_test)
        }
        _ if storage(operand) == Type::Text => {
            // LOWER may hide deeper, under CASE or COALESCE: its length is null exactly where it is.
            Step::Integer(IntegerStep::Length(TextStep::of(operand)))
        }
        _ => compile(operand),
    }
}

fn comparison(operator: Comparison, left: &Node, right: &Node) -> BooleanStep {
    let equality = match operator {
        Comparison::Equal => Some(false),
        Comparison::NotEqual => Some(true),
        _ => None,
    };
    match (left, right, equality) {
        (Node::Column { index, of: Type::Text, .. }, Node::Literal(Literal::Text(text)), Some(negated))
        | (Node::Literal(Literal::Text(text)), Node::Column { index, of: Type::Text, .. }, Some(negated)) => {
            return BooleanStep::TextIs { column: *index, literal: text.as_str().into(), negated };
        }
        _ => {}
    }
    match storage(left) {
        Type::Boolean => BooleanStep::CompareBoolean { operator, of: BooleanStep::pair(left, right) },
        Type::Double => BooleanStep::CompareDouble { operator, of: DoubleStep::pair(left, right) },
        Type::Text => BooleanStep::CompareText { operator, of: TextStep::pair(left, right) },
        _ => BooleanStep::CompareInteger { operator, of: IntegerStep::pair(left, right) },
    }
}

fn within(operand: &Node, among: &[Literal], null: bool, negated: bool) -> BooleanStep {
    match storage(operand) {
        Type::Double => {
            let doubles = among.iter().filter_map(|one| if let Literal::Double(d) = one { Some(*d + 0.0) } else { None });
            let mut among: Vec<f64> = doubles.collect();
            among.sort_by(f64::total_cmp);
            BooleanStep::InDouble { operand: DoubleStep::of(operand), among: among.into(), null, negated }
        }
        Type::Text => {
            let texts = among.iter().filter_map(|one| if let Literal::Text(t) = one { Some(t.as_str().into()) } else { None });
            let mut among: Vec<Box<str>> = texts.collect();
            among.sort();
            among.dedup();
            BooleanStep::InText { operand: TextStep::of(operand), among: among.into(), null, negated }
        }
        _ => {
            let mut among: Vec<i64> = among.iter().filter_map(integer).collect();
            among.sort_unstable();
            among.dedup();
            BooleanStep::InInteger { operand: IntegerStep::of(operand), among: among.into(), null, negated }
        }
    }
}

const fn integer(literal: &Literal) -> Option<i64> {
    match literal {
        Literal::Integer(n) | Literal::Timestamp(n) | Literal::Duration(n) => Some(*n),
        Literal::Amount { minor, .. } => Some(*minor),
        Literal::Boolean(_) | Literal::Double(_) | Literal::Text(_) => None,
    }
}

impl Compile for IntegerStep {
    type Kept = i64;

    fn keep(value: i64) -> i64 {
        value
    }

    fn constant(value: Option<i64>) -> Self {
        Self::Constant(value)
    }

    fn step(node: &Node) -> Self {
        if let Some(choice) = Self::choice(node) {
            return Self::Choice(choice);
        }
        match node {
            Node::Literal(literal) => Self::Constant(integer(literal)),
            Node::Column { index, .. } => Self::Column(*index),
            Node::Negate(operand) => Self::Negate(Box::new(Self::of(operand))),
            Node::Arithmetic { operator, left, right, .. } => {
                Self::Arithmetic { operator: *operator, of: Self::pair(left, right) }
            }
            Node::Cast { operand, .. } if storage(operand) == Type::Boolean => {
                Self::OfBoolean(Box::new(BooleanStep::of(operand)))
            }
            Node::Cast { operand, .. } => Self::Truncate(Box::new(DoubleStep::of(operand))),
            Node::Call { function, arguments, .. } => match (function, arguments.as_slice()) {
                (Function::Abs, [operand]) => Self::Abs(Box::new(Self::of(operand))),
                (Function::Round | Function::Floor | Function::Ceil, [operand]) => Self::of(operand),
                (Function::Length, [operand]) => Self::Length(TextStep::of(operand)),
                (Function::Hour, [operand]) => Self::Hour(Box::new(Self::of(operand))),
                (Function::Reporting, [operand]) => Self::Reporting(Box::new(Self::of(operand))),
                _ => Self::Constant(None),
            },
            _ => Self::Constant(None),
        }
    }
}

impl Compile for DoubleStep {
    type Kept = f64;

    fn keep(value: f64) -> f64 {
        value
    }

    fn constant(value: Option<f64>) -> Self {
        Self::Constant(value)
    }

    fn step(node: &Node) -> Self {
        if let Some(choice) = Self::choice(node) {
            return Self::Choice(choice);
        }
        match node {
            Node::Literal(Literal::Double(double)) => Self::Constant(Some(*double)),
            Node::Column { index, .. } => Self::Column(*index),
            Node::Widen(operand) => Self::Widen(Box::new(IntegerStep::of(operand))),
            Node::Negate(operand) => Self::Negate(Box::new(Self::of(operand))),
            Node::Arithmetic { operator, left, right, .. } => {
                Self::Arithmetic { operator: *operator, of: as_doubles(left, right) }
            }
            Node::Cast { operand, .. } => Self::OfBoolean(Box::new(BooleanStep::of(operand))),
            Node::Call { function, arguments, .. } => match (function, arguments.as_slice()) {
                (Function::Share, [left, right]) => Self::Share(as_doubles(left, right)),
                (Function::Power, [left, right]) => Self::Power(as_doubles(left, right)),
                (Function::InDays, [operand]) => scaled(operand, MS_A_DAY),
                (Function::InHours, [operand]) => scaled(operand, MS_AN_HOUR),
                (function, [operand]) => match unary(*function) {
                    Some(function) => Self::Apply { function, operand: Box::new(Self::of(operand)) },
                    None => Self::Constant(None),
                },
                _ => Self::Constant(None),
            },
            _ => Self::Constant(None),
        }
    }
}

/// Money / money and duration / duration divide integers as floats.
fn as_doubles(left: &Node, right: &Node) -> Pair<DoubleStep> {
    let double = |node: &Node| match storage(node) {
        Type::Integer => DoubleStep::Widen(Box::new(IntegerStep::of(node))),
        _ => DoubleStep::of(node),
    };
    Box::new((double(left), double(right)))
}

fn scaled(operand: &Node, by: f64) -> DoubleStep {
    DoubleStep::Scaled { operand: Box::new(IntegerStep::of(operand)), by }
}

const fn unary(function: Function) -> Option<Unary> {
    Some(match function {
        Function::Abs => Unary::Abs,
        Function::Ceil => Unary::Ceil,
        Function::Exp => Unary::Exp,
        Function::Floor => Unary::Floor,
        Function::Ln => Unary::Ln,
        Function::Round => Unary::Round,
        Function::Sqrt => Unary::Sqrt,
        _ => return None,
    })
}

impl Compile for TextStep {
    type Kept = Box<str>;

    fn keep(value: std::borrow::Cow<'_, str>) -> Box<str> {
        value.into()
    }

    fn constant(value: Option<Box<str>>) -> Self {
        Self::Constant(value)
    }

    fn step(node: &Node) -> Self {
        if let Some(choice) = Self::choice(node) {
            return Self::Choice(choice);
        }
        match node {
            Node::Literal(Literal::Text(text)) => Self::Constant(Some(text.as_str().into())),
            Node::Column { index, .. } => Self::Column(*index),
            Node::Call { function, arguments, .. } => match (function, arguments.as_slice()) {
                (Function::Lower, [operand]) => Self::Lower(Box::new(Self::of(operand))),
                (Function::Upper, [operand]) => Self::Upper(Box::new(Self::of(operand))),
                _ => Self::Constant(None),
            },
            _ => Self::Constant(None),
        }
    }
}
