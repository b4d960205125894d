//! Functions that mappings need and SQLite lacks: exact amounts. SQLite would take the text `abc` for 0 and sum decimals as floats.

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

/// Registers `minor_units(text, digits)` and `amount(minor, digits)`.
pub(super) fn register(connection: &Connection) -> rusqlite::Result<()> {
    let flags =
        FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC | FunctionFlags::SQLITE_INNOCUOUS;
    connection.create_scalar_function("minor_units", 2, flags, |context| {
        let ValueRef::Text(text) = context.get_raw(0) else { return Ok(None) };
        let digits: u8 = context.get(1)?;
        Ok(std::str::from_utf8(text).ok().and_then(|text| minor_units(text, digits)))
    })?;
    connection.create_scalar_function("amount", 2, flags, |context| {
        let minor: Option<i64> = context.get(0)?;
        let digits: u8 = context.get(1)?;
        Ok(minor.map(|minor| amount(minor, digits)))
    })
}

/// `"12.5"` with 2 digits is 1250; `None` for anything that is not a plain decimal with at most that many digits (trailing zeros apart).
fn minor_units(text: &str, digits: u8) -> Option<i64> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, "0"));
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let fraction = if plain(fraction) { fraction.trim_end_matches('0') } else { return None };
    let digits = usize::from(digits.min(18));
    if !plain(whole) || fraction.len() > digits {
        return None;
    }
    let minor: i64 = format!("{whole}{fraction:0<digits$}").parse().ok()?;
    Some(if negative { -minor } else { minor })
}

/// 1250 with 2 digits is `"12.50"`.
fn amount(minor: i64, digits: u8) -> String {
    let digits = usize::from(digits.min(18));
    let all = format!("{:0>width$}", minor.unsigned_abs(), width = digits + 1);
    let sign = if minor < 0 { "-" } else { "" };
    match all.split_at_checked(all.len() - digits) {
        Some((whole, fraction)) if digits > 0 => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{all}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_exact_or_nothing() {
        for (text, digits, minor) in [
            ("12.5", 2, Some(1250)),
            ("225.0", 2, Some(22500)),
            ("0.07", 2, Some(7)),
            ("-3", 2, Some(-300)),
            ("1.500", 2, Some(150)),
            ("1.505", 2, None),
            ("5.0", 0, Some(5)),
            ("abc", 2, None),
            ("", 2, None),
            (".5", 2, None),
            ("1.", 2, None),
            ("1,000", 2, None),
            ("1e3", 2, None),
            ("+1", 2, None),
            ("99999999999999999999", 2, None),
        ] {
            assert_eq!(minor_units(text, digits), minor, "{text}");
        }
        assert_eq!(
            (amount(1250, 2), amount(-7, 2), amount(5, 0)),
            ("12.50".into(), "-0.07".into(), "5".into())
        );
        assert_eq!(amount(i64::MIN, 2), "-92233720368547758.08");
    }
}
