//! Walks the compiled steps over one row. Total: recursion follows the tree, at most 32 levels.

use crate::arithmetic::{apply, doubles, finite, fitting, integers, power, truncated};
use crate::program::{BooleanStep, Bounds, Choice, DoubleStep, IntegerStep, Step, TextStep};
use crate::tree::Comparison;
use crate::value::{Faults, Row, Value};
use std::borrow::Cow;
use std::cmp::Ordering;

const MS_AN_HOUR: i64 = 3_600_000;

/// A step that gives a value of its kind, or null.
pub(crate) trait Evaluate {
    type Value<'a>
    where
        Self: 'a;

    fn evaluate<'a, R: Row>(&'a self, row: &'a R, faults: &mut Faults) -> Option<Self::Value<'a>>;

    /// The order of two values.
    fn order(left: &Self::Value<'_>, right: &Self::Value<'_>) -> Ordering;
}

/// The value of a whole expression.
pub(crate) fn evaluate<'a, R: Row>(step: &'a Step, row: &'a R, faults: &mut Faults) -> Value<'a> {
    let value = match step {
        Step::Boolean(step) => step.evaluate(row, faults).map(Value::Boolean),
        Step::Integer(step) => step.evaluate(row, faults).map(Value::Integer),
        Step::Double(step) => step.evaluate(row, faults).map(Value::Double),
        Step::Text(step) => step.evaluate(row, faults).and_then(|text| match text {
            Cow::Borrowed(text) => Some(Value::Text(text)),
            // The checker refuses LOWER and UPPER as a result.
            Cow::Owned(_) => None,
        }),
    };
    value.unwrap_or(Value::Null)
}

fn choose<'a, S: Evaluate, R: Row>(choice: &'a Choice<S>, row: &'a R, faults: &mut Faults) -> Option<S::Value<'a>> {
    match choice {
        Choice::Case { branches, otherwise } => {
            for (condition, result) in branches {
                if condition.evaluate(row, faults) == Some(true) {
                    return result.evaluate(row, faults);
                }
            }
            otherwise.as_ref()?.evaluate(row, faults)
        }
        Choice::Coalesce(all) => all.iter().find_map(|step| step.evaluate(row, faults)),
        Choice::NullIf(left, right) => {
            let left = left.evaluate(row, faults)?;
            match right.evaluate(row, faults) {
                Some(right) if S::order(&left, &right).is_eq() => None,
                _ => Some(left),
            }
        }
        Choice::Least(all) => extreme::<S, R>(all, Ordering::Less, row, faults),
        Choice::Greatest(all) => extreme::<S, R>(all, Ordering::Greater, row, faults),
    }
}

/// The first of the values that stand foremost in this order; nulls are left out.
fn extreme<'a, S: Evaluate, R: Row>(
    all: &'a [S],
    foremost: Ordering,
    row: &'a R,
    faults: &mut Faults,
) -> Option<S::Value<'a>> {
    let mut found: Option<S::Value<'a>> = None;
    for step in all {
        if let Some(value) = step.evaluate(row, faults)
            && found.as_ref().is_none_or(|found| S::order(&value, found) == foremost)
        {
            found = Some(value);
        }
    }
    found
}

fn compare<S: Evaluate, R: Row>(
    operator: Comparison,
    (left, right): &(S, S),
    row: &R,
    faults: &mut Faults,
) -> Option<bool> {
    let left = left.evaluate(row, faults)?;
    let right = right.evaluate(row, faults)?;
    Some(operator.holds(S::order(&left, &right)))
}

/// `low <= x AND x <= high`, three-valued: a bound that excludes x decides even if the other is null.
fn between<S: Evaluate, R: Row>(of: &Bounds<S>, negated: bool, row: &R, faults: &mut Faults) -> Option<bool> {
    let (operand, low, high) = &**of;
    let value = operand.evaluate(row, faults)?;
    let above = low.evaluate(row, faults).map(|low| S::order(&low, &value).is_le());
    if above == Some(false) {
        return Some(negated);
    }
    let below = high.evaluate(row, faults).map(|high| S::order(&value, &high).is_le());
    match (above, below) {
        (_, Some(false)) => Some(negated),
        (Some(true), Some(true)) => Some(!negated),
        _ => None,
    }
}

/// What IN answers: not found in a list that holds NULL is unknown.
const fn found(found: bool, null: bool, negated: bool) -> Option<bool> {
    match (found, null) {
        (true, _) => Some(!negated),
        (false, false) => Some(negated),
        (false, true) => None,
    }
}

/// AND (`stop` = false) and OR (`stop` = true): the first term that decides ends it; nulls leave it unknown.
fn joined<R: Row>(terms: &[BooleanStep], stop: bool, row: &R, faults: &mut Faults) -> Option<bool> {
    let mut result = Some(!stop);
    for term in terms {
        match term.evaluate(row, faults) {
            Some(truth) if truth == stop => return Some(stop),
            Some(_) => {}
            None => result = None,
        }
    }
    result
}

impl Evaluate for BooleanStep {
    type Value<'a> = bool;

    fn order(left: &bool, right: &bool) -> Ordering {
        left.cmp(right)
    }

    fn evaluate<'a, R: Row>(&'a self, row: &'a R, faults: &mut Faults) -> Option<bool> {
        match self {
            Self::Constant(constant) => *constant,
            Self::Column(column) => match row.value(*column) {
                Value::Boolean(truth) => Some(truth),
                _ => None,
            },
            Self::Not(operand) => operand.evaluate(row, faults).map(|truth| !truth),
            Self::And(terms) => joined(terms, false, row, faults),
            Self::Or(terms) => joined(terms, true, row, faults),
            Self::CompareBoolean { operator, of } => compare(*operator, of, row, faults),
            Self::CompareInteger { operator, of } => compare(*operator, of, row, faults),
            Self::CompareDouble { operator, of } => compare(*operator, of, row, faults),
            Self::CompareText { operator, of } => compare(*operator, of, row, faults),
            Self::TextIs { column, literal, negated } => match row.value(*column) {
                Value::Text(text) => Some((text == &**literal) != *negated),
                _ => None,
            },
            Self::IsNull { operand, negated } => Some((evaluate(operand, row, faults) == Value::Null) != *negated),
            Self::Is { operand, wanted, negated } => {
                Some((operand.evaluate(row, faults) == Some(*wanted)) != *negated)
            }
            Self::BetweenInteger { of, negated } => between(of, *negated, row, faults),
            Self::BetweenDouble { of, negated } => between(of, *negated, row, faults),
            Self::BetweenText { of, negated } => between(of, *negated, row, faults),
            Self::InInteger { operand, among, null, negated } => {
                let value = operand.evaluate(row, faults)?;
                found(among.binary_search(&value).is_ok(), *null, *negated)
            }
            Self::InDouble { operand, among, null, negated } => {
                // Negative zero equals zero; adding zero makes it so for the total order.
                let value = operand.evaluate(row, faults)? + 0.0;
                found(among.binary_search_by(|one| one.total_cmp(&value)).is_ok(), *null, *negated)
            }
            Self::InText { operand, among, null, negated } => {
                let value = operand.evaluate(row, faults)?;
                found(among.binary_search_by(|one| (**one).cmp(&*value)).is_ok(), *null, *negated)
            }
            Self::Like { operand, pattern, negated } => {
                Some(pattern.matches(&operand.evaluate(row, faults)?) != *negated)
            }
            Self::StartsWith(of) => {
                let text = of.0.evaluate(row, faults)?;
                let prefix = of.1.evaluate(row, faults)?;
                Some(text.starts_with(&*prefix))
            }
            Self::Choice(choice) => choose(choice, row, faults),
        }
    }
}

impl Evaluate for IntegerStep {
    type Value<'a> = i64;

    fn order(left: &i64, right: &i64) -> Ordering {
        left.cmp(right)
    }

    fn evaluate<'a, R: Row>(&'a self, row: &'a R, faults: &mut Faults) -> Option<i64> {
        match self {
            Self::Constant(constant) => *constant,
            Self::Column(column) => match row.value(*column) {
                Value::Integer(integer) => Some(integer),
                _ => None,
            },
            Self::Negate(operand) => {
                let value = operand.evaluate(row, faults)?;
                fitting(value.checked_neg(), faults)
            }
            Self::Arithmetic { operator, of } => {
                let left = of.0.evaluate(row, faults)?;
                let right = of.1.evaluate(row, faults)?;
                integers(*operator, left, right, faults)
            }
            Self::Abs(operand) => {
                let value = operand.evaluate(row, faults)?;
                fitting(value.checked_abs(), faults)
            }
            Self::Length(operand) => i64::try_from(operand.evaluate(row, faults)?.chars().count()).ok(),
            Self::Hour(operand) => Some(operand.evaluate(row, faults)?.div_euclid(MS_AN_HOUR).rem_euclid(24)),
            Self::Reporting(operand) => {
                let converted = row.to_reporting(operand.evaluate(row, faults)?);
                if converted.is_none() {
                    faults.conversions += 1;
                }
                converted
            }
            Self::OfBoolean(operand) => operand.evaluate(row, faults).map(i64::from),
            Self::Truncate(operand) => {
                let value = operand.evaluate(row, faults)?;
                truncated(value, faults)
            }
            Self::Choice(choice) => choose(choice, row, faults),
        }
    }
}

impl Evaluate for DoubleStep {
    type Value<'a> = f64;

    fn order(left: &f64, right: &f64) -> Ordering {
        // Nothing here is NaN: columns, constants and results are finite.
        left.partial_cmp(right).unwrap_or(Ordering::Equal)
    }

    fn evaluate<'a, R: Row>(&'a self, row: &'a R, faults: &mut Faults) -> Option<f64> {
        match self {
            Self::Constant(constant) => *constant,
            Self::Column(column) => match row.value(*column) {
                Value::Double(double) => finite(double, faults),
                _ => None,
            },
            Self::Widen(operand) => operand.evaluate(row, faults).map(|integer| integer as f64),
            Self::OfBoolean(operand) => operand.evaluate(row, faults).map(f64::from),
            Self::Negate(operand) => operand.evaluate(row, faults).map(|double| -double),
            Self::Arithmetic { operator, of } => {
                let left = of.0.evaluate(row, faults)?;
                let right = of.1.evaluate(row, faults)?;
                doubles(*operator, left, right, faults)
            }
            Self::Share(of) => {
                let left = of.0.evaluate(row, faults)?;
                let right = of.1.evaluate(row, faults)?;
                if right == 0.0 { None } else { finite(left / right, faults) }
            }
            Self::Scaled { operand, by } => operand.evaluate(row, faults).map(|millis| millis as f64 / by),
            Self::Apply { function, operand } => {
                let value = operand.evaluate(row, faults)?;
                apply(*function, value, faults)
            }
            Self::Power(of) => {
                let left = of.0.evaluate(row, faults)?;
                let right = of.1.evaluate(row, faults)?;
                power(left, right, faults)
            }
            Self::Choice(choice) => choose(choice, row, faults),
        }
    }
}

impl Evaluate for TextStep {
    type Value<'a> = Cow<'a, str>;

    fn order(left: &Cow<'_, str>, right: &Cow<'_, str>) -> Ordering {
        (**left).cmp(&**right)
    }

    fn evaluate<'a, R: Row>(&'a self, row: &'a R, faults: &mut Faults) -> Option<Cow<'a, str>> {
        match self {
            Self::Constant(constant) => constant.as_deref().map(Cow::Borrowed),
            Self::Column(column) => match row.value(*column) {
                Value::Text(text) => Some(Cow::Borrowed(text)),
                _ => None,
            },
            Self::Lower(operand) => Some(Cow::Owned(operand.evaluate(row, faults)?.to_lowercase())),
            Self::Upper(operand) => Some(Cow::Owned(operand.evaluate(row, faults)?.to_uppercase())),
            Self::Choice(choice) => choose(choice, row, faults),
        }
    }
}
