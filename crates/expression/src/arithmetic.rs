//! Arithmetic that cannot fail: what has no result is null and counted.

use crate::program::Unary;
use crate::tree::Arithmetic;
use crate::value::Faults;

/// A result that must fit.
pub(crate) fn fitting<T>(result: Option<T>, faults: &mut Faults) -> Option<T> {
    if result.is_none() {
        faults.overflows += 1;
    }
    result
}

/// A result that must be finite.
pub(crate) fn finite(result: f64, faults: &mut Faults) -> Option<f64> {
    fitting(result.is_finite().then_some(result), faults)
}

/// Integers; division truncates toward zero, the remainder has the sign of the dividend.
pub(crate) fn integers(operator: Arithmetic, left: i64, right: i64, faults: &mut Faults) -> Option<i64> {
    if right == 0 && matches!(operator, Arithmetic::Divide | Arithmetic::Remainder) {
        faults.divisions_by_zero += 1;
        return None;
    }
    let result = match operator {
        Arithmetic::Add => left.checked_add(right),
        Arithmetic::Subtract => left.checked_sub(right),
        Arithmetic::Multiply => left.checked_mul(right),
        Arithmetic::Divide => left.checked_div(right),
        // The only remainder that "overflows" is that of the least integer and -1: it is 0.
        Arithmetic::Remainder => Some(left.wrapping_rem(right)),
    };
    fitting(result, faults)
}

/// Floats.
pub(crate) fn doubles(operator: Arithmetic, left: f64, right: f64, faults: &mut Faults) -> Option<f64> {
    if right == 0.0 && matches!(operator, Arithmetic::Divide | Arithmetic::Remainder) {
        faults.divisions_by_zero += 1;
        return None;
    }
    let result = match operator {
        Arithmetic::Add => left + right,
        Arithmetic::Subtract => left - right,
        Arithmetic::Multiply => left * right,
        Arithmetic::Divide => left / right,
        Arithmetic::Remainder => left % right,
    };
    finite(result, faults)
}

/// A function of one float. `libm` gives the same digits on every machine; the others are exact by IEEE 754.
pub(crate) fn apply(function: Unary, x: f64, faults: &mut Faults) -> Option<f64> {
    let result = match function {
        Unary::Abs => x.abs(),
        Unary::Ceil => x.ceil(),
        Unary::Exp => libm::exp(x),
        Unary::Floor => x.floor(),
        Unary::Ln => libm::log(x),
        // Half away from zero.
        Unary::Round => x.round(),
        Unary::Sqrt => x.sqrt(),
    };
    finite(result, faults)
}

/// x to the power of y.
pub(crate) fn power(x: f64, y: f64, faults: &mut Faults) -> Option<f64> {
    finite(libm::pow(x, y), faults)
}

/// A float cut to an integer; outside of BIGINT there is none.
pub(crate) fn truncated(x: f64, faults: &mut Faults) -> Option<i64> {
    // 2^63 as a float is exact; every float below it fits.
    const BOUND: f64 = 9_223_372_036_854_775_808.0;
    fitting((-BOUND..BOUND).contains(&x).then_some(x as i64), faults)
}
