//! Figures as they are written, and texts of others made harmless.

use crate::card::Parts;
use crate::validation::{Estimate, Group};

/// Text that may stand in HTML, also inside an attribute's quotes. Characters that no document may hold are left out.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            '\n' | '\r' | '\t' => safe.push(' '),
            // Controls, and marks that turn the direction of what follows.
            control if control.is_control() => (),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => (),
            other => safe.push(other),
        }
    }
    safe
}

/// Text that may stand in a cell of a Markdown table.
pub(super) fn in_markdown(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    // An apostrophe is harmless here, and its entity holds a mark that must not be escaped.
    for character in escaped(text).replace("&#39;", "'").chars() {
        if matches!(character, '|' | '*' | '_' | '`' | '[' | ']' | '\\' | '#' | '~') {
            safe.push('\\');
        }
        safe.push(character);
    }
    safe
}

/// At most so many characters, the last one an ellipsis where some are cut off.
pub(super) fn short(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars().take(most.saturating_sub(1)).chain(['…']).collect()
}

/// Without a sign before a zero, and with a proper minus.
fn signed(text: String) -> String {
    match text.strip_prefix('-') {
        Some(rest) if rest.chars().all(|digit| matches!(digit, '0' | '.')) => rest.to_owned(),
        Some(rest) => format!("−{rest}"),
        None => text,
    }
}

/// A number with so many decimals.
pub(super) fn decimal(value: f64, decimals: usize) -> String {
    if value.is_finite() { signed(format!("{value:.decimals$}")) } else { "–".to_owned() }
}

/// A share in percent, with a decimal more where it is small.
pub(super) fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "–".to_owned();
    }
    format!("{} %", decimal(share * 100.0, if share.abs() < 0.1 { 2 } else { 1 }))
}

/// A number of points with its sign.
pub(super) fn points(points: i32) -> String {
    if points > 0 { format!("+{points}") } else { signed(points.to_string()) }
}

/// A count or weight, its thousands apart.
pub(super) fn count(value: f64) -> String {
    let text = if value.fract() == 0.0 { format!("{value:.0}") } else { format!("{value:.1}") };
    let (whole, rest) = text.split_once('.').map_or((text.as_str(), ""), |(whole, rest)| (whole, rest));
    let mut grouped = String::new();
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    if rest.is_empty() { grouped } else { format!("{grouped}.{rest}") }
}

/// The ends of an interval, as `write` writes them.
pub(super) fn interval(estimate: &Estimate, write: impl Fn(f64) -> String) -> String {
    if estimate.low.is_finite() && estimate.high.is_finite() {
        return format!("{} to {}", write(estimate.low), write(estimate.high));
    }
    "not known".to_owned()
}

/// The ends of an interval with so many decimals.
pub(super) fn ends(estimate: &Estimate, decimals: usize) -> String {
    interval(estimate, |value| decimal(value, decimals))
}

/// What stands behind the name of a group that is too small to be judged; nothing behind that of another.
pub(super) fn too_few(group: &Group) -> String {
    if group.too_few.is_empty() { String::new() } else { format!(" (too few {})", group.too_few.join(", ")) }
}

/// How points are to be read.
pub(super) fn how_to_read(parts: &Parts) -> String {
    let scale = parts.scale;
    format!(
        "A score is {} base points plus the points of the bins that a row falls into. A score of {} stands for {} good to one bad; every {} points double these odds. Higher is better.",
        parts.base_points,
        decimal(scale.score, 0),
        decimal(scale.odds, 1),
        decimal(scale.points_to_double, 1)
    )
}

/// A probability of chance.
pub(super) fn p_value(p: f64) -> String {
    if p < 0.001 { "< 0.001".to_owned() } else { decimal(p, 3) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_people() {
        for (got, wanted) in [
            (decimal(-0.0004, 3), "0.000"),
            (decimal(-1.25, 2), "−1.25"),
            (decimal(f64::INFINITY, 2), "–"),
            (percent(0.0123), "1.23 %"),
            (percent(0.5), "50.0 %"),
            (points(12), "+12"),
            (points(-12), "−12"),
            (points(0), "0"),
            (count(1_234_567.0), "1,234,567"),
            (count(999.0), "999"),
            (count(1234.5), "1,234.5"),
            (p_value(0.0), "< 0.001"),
            (short("abcdef", 4), "abc…"),
            (escaped("<a href='x'>\u{7}&\"\u{202e}"), "&lt;a href=&#39;x&#39;&gt;&amp;&quot;"),
            (in_markdown("a|b<_'#"), "a\\|b&lt;\\_'\\#"),
        ] {
            assert_eq!(got, wanted);
        }
    }
}
