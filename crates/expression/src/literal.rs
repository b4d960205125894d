//! Numbers, moments, durations and amounts as they are written.

use crate::refusal::TYPE;
use crate::tree::Literal;
use probity_primitives::problem::shown;
use probity_primitives::{Problem, Timestamp};

/// A number: BIGINT without point and exponent, else DOUBLE. `negative` is the sign before it.
pub(crate) fn number(text: &str, negative: bool) -> Result<Literal, Problem> {
    let signed = if negative { format!("-{text}") } else { text.to_owned() };
    let beyond = || {
        let hint = "BIGINT goes to 9223372036854775807, DOUBLE to 1.8e308";
        Problem::new(TYPE, format!("{} is out of range", shown(&signed))).hint(hint)
    };
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return signed.parse().map(Literal::Integer).map_err(|_| beyond());
    }
    match signed.parse::<f64>() {
        Ok(double) if double.is_finite() => Ok(Literal::Double(double)),
        _ => Err(beyond()),
    }
}

/// `TIMESTAMP '2018-01-01T00:00:00Z'`
pub(crate) fn timestamp(text: &str) -> Result<Literal, Problem> {
    match Timestamp::parse(text) {
        Ok(moment) => Ok(Literal::Timestamp(moment.millis())),
        Err(problem) => Err(Problem { code: TYPE, ..problem }),
    }
}

/// `INTERVAL '1 day 12 hours'`: pairs of a whole number and a unit of fixed length.
pub(crate) fn interval(text: &str) -> Result<Literal, Problem> {
    let refuse = || {
        Problem::new(TYPE, format!("'{}' is not a duration", shown(text)))
            .hint("whole weeks, days, hours, minutes, seconds: INTERVAL '30 days'; months have no fixed length")
    };
    let mut words = text.split_ascii_whitespace();
    let mut total: Option<i64> = None;
    while let Some(count) = words.next() {
        let unit: i64 = match words.next().map(str::to_ascii_lowercase).as_deref() {
            Some("week" | "weeks") => 7 * 86_400_000,
            Some("day" | "days") => 86_400_000,
            Some("hour" | "hours") => 3_600_000,
            Some("minute" | "minutes") => 60_000,
            Some("second" | "seconds") => 1000,
            Some("millisecond" | "milliseconds") => 1,
            _ => return Err(refuse()),
        };
        let count: i64 = count.parse().map_err(|_| refuse())?;
        let part = count.checked_mul(unit).ok_or_else(refuse)?;
        total = Some(total.unwrap_or_default().checked_add(part).ok_or_else(refuse)?);
    }
    total.map(Literal::Duration).ok_or_else(refuse)
}

/// `amount('12.30')` in a currency with so many digits after the point.
pub(crate) fn amount(text: &str, exponent: u32) -> Result<Literal, Problem> {
    let refuse = || {
        Problem::new(TYPE, format!("'{}' is not an amount with {exponent} digits after the point", shown(text)))
            .hint("write it like amount('12.30')")
    };
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let fits = part.len() <= exponent as usize && !(unsigned.contains('.') && part.is_empty());
    if whole.is_empty() || !digits(whole) || !digits(part) || !fits || exponent > 9 {
        return Err(refuse());
    }
    let padding = "0".repeat(exponent as usize - part.len());
    let sign = if negative { "-" } else { "" };
    let minor = format!("{sign}{whole}{part}{padding}").parse().map_err(|_| refuse())?;
    Ok(Literal::Amount { minor, exponent })
}

/// The same constant with the other sign; `None` where that has no meaning or does not fit.
pub(crate) fn negated(literal: &Literal) -> Option<Literal> {
    Some(match literal {
        Literal::Integer(integer) => Literal::Integer(integer.checked_neg()?),
        Literal::Double(double) => Literal::Double(-double),
        Literal::Duration(millis) => Literal::Duration(millis.checked_neg()?),
        Literal::Amount { minor, exponent } => {
            Literal::Amount { minor: minor.checked_neg()?, exponent: *exponent }
        }
        Literal::Boolean(_) | Literal::Text(_) | Literal::Timestamp(_) => return None,
    })
}
