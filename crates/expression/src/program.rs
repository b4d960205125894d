//! The compiled form: one kind of step for each kind of run-time value, so that evaluation never asks for a type.

use crate::pattern::Pattern;
use crate::tree::{Arithmetic, Comparison};

/// A compiled expression.
#[derive(Debug)]
pub(crate) enum Step {
    Boolean(BooleanStep),
    Integer(IntegerStep),
    Double(DoubleStep),
    Text(TextStep),
}

/// What every kind of step has: constants, columns, CASE, COALESCE, NULLIF, LEAST and GREATEST.
#[derive(Debug)]
pub(crate) enum Choice<S> {
    Case { branches: Vec<(BooleanStep, S)>, otherwise: Option<S> },
    Coalesce(Vec<S>),
    NullIf(S, S),
    Least(Vec<S>),
    Greatest(Vec<S>),
}

/// Two operands.
pub(crate) type Pair<S> = Box<(S, S)>;

/// Operand, low, high.
pub(crate) type Bounds<S> = Box<(S, S, S)>;

#[derive(Debug)]
pub(crate) enum BooleanStep {
    Constant(Option<bool>),
    Column(usize),
    Not(Box<Self>),
    And(Vec<Self>),
    Or(Vec<Self>),
    CompareBoolean { operator: Comparison, of: Pair<Self> },
    CompareInteger { operator: Comparison, of: Pair<IntegerStep> },
    CompareDouble { operator: Comparison, of: Pair<DoubleStep> },
    CompareText { operator: Comparison, of: Pair<TextStep> },
    /// `column = 'literal'`, the commonest condition of all.
    TextIs { column: usize, literal: Box<str>, negated: bool },
    IsNull { operand: Box<Step>, negated: bool },
    Is { operand: Box<Self>, wanted: bool, negated: bool },
    BetweenInteger { of: Bounds<IntegerStep>, negated: bool },
    BetweenDouble { of: Bounds<DoubleStep>, negated: bool },
    BetweenText { of: Bounds<TextStep>, negated: bool },
    /// The sets are sorted and without duplicates.
    InInteger { operand: IntegerStep, among: Box<[i64]>, null: bool, negated: bool },
    /// No NaN and no negative zero is among them.
    InDouble { operand: DoubleStep, among: Box<[f64]>, null: bool, negated: bool },
    InText { operand: TextStep, among: Box<[Box<str>]>, null: bool, negated: bool },
    Like { operand: TextStep, pattern: Pattern, negated: bool },
    StartsWith(Pair<TextStep>),
    Choice(Box<Choice<Self>>),
}

#[derive(Debug)]
pub(crate) enum IntegerStep {
    Constant(Option<i64>),
    Column(usize),
    Negate(Box<Self>),
    Arithmetic { operator: Arithmetic, of: Pair<Self> },
    Abs(Box<Self>),
    Length(TextStep),
    Hour(Box<Self>),
    Reporting(Box<Self>),
    OfBoolean(Box<BooleanStep>),
    Truncate(Box<DoubleStep>),
    Choice(Box<Choice<Self>>),
}

#[derive(Debug)]
pub(crate) enum DoubleStep {
    Constant(Option<f64>),
    Column(usize),
    Widen(Box<IntegerStep>),
    OfBoolean(Box<BooleanStep>),
    Negate(Box<Self>),
    Arithmetic { operator: Arithmetic, of: Pair<Self> },
    /// A division whose zero divisor is no fault.
    Share(Pair<Self>),
    /// A duration divided by the milliseconds of a day or an hour.
    Scaled { operand: Box<IntegerStep>, by: f64 },
    Apply { function: Unary, operand: Box<Self> },
    Power(Pair<Self>),
    Choice(Box<Choice<Self>>),
}

/// Functions from one float to one float.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Unary {
    Abs,
    Ceil,
    Exp,
    Floor,
    Ln,
    Round,
    Sqrt,
}

#[derive(Debug)]
pub(crate) enum TextStep {
    Constant(Option<Box<str>>),
    Column(usize),
    Lower(Box<Self>),
    Upper(Box<Self>),
    Choice(Box<Choice<Self>>),
}
