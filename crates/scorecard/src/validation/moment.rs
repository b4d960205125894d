//! Moments in texts: years, quarters, months, days and times, in ISO 8601's order.

/// Milliseconds since 1970 at the beginning of what a text names, in UTC; none when it names no moment. Taken are `2024`,
/// `2024Q1`, `2024-Q1`, `2024-03`, `2024-03-31`, `20240331`, and a day with a time: `2024-03-31T23:59:59.5+01:00`.
pub(super) fn moment(text: &str) -> Option<i64> {
    let text = text.trim();
    let (day, time) = match text.find(['T', 't', ' ']) {
        Some(place) => (&text[..place], Some(&text[place + 1..])),
        None => (text, None),
    };
    let (year, month, date, whole) = day_of(day)?;
    let days = days_since_1970(year, month, date)?;
    let time = match time {
        None => 0,
        Some(_) if !whole => return None,
        Some(time) => time_of(time)?,
    };
    Some(days * 86_400_000 + time)
}

/// Year, month and day, and whether the text names a day.
fn day_of(text: &str) -> Option<(i64, i64, i64, bool)> {
    let number = |text: &str| -> Option<i64> {
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
    };
    if !text.is_ascii() || text.len() < 4 {
        return None;
    }
    let (year, rest) = (number(&text[..4])?, &text[4..]);
    let quarter = rest.strip_prefix('-').unwrap_or(rest);
    if let Some(quarter) = quarter.strip_prefix(['Q', 'q']) {
        let quarter = number(quarter).filter(|quarter| (1..=4).contains(quarter))?;
        return Some((year, quarter * 3 - 2, 1, false));
    }
    let rest = rest.strip_prefix('-').map_or_else(|| rest.to_owned(), |rest| rest.replacen('-', "", 1));
    match rest.len() {
        0 if text.len() == 4 => Some((year, 1, 1, false)),
        2 if text.len() == 7 => Some((year, number(&rest)?, 1, false)),
        4 if text.len() == 8 || text.len() == 10 => {
            Some((year, number(&rest[..2])?, number(&rest[2..])?, true))
        }
        _ => None,
    }
}

/// Days from 1970-01-01 to a day of the Gregorian calendar (Hinnant, chrono-compatible low-level date algorithms, 2013).
fn days_since_1970(year: i64, month: i64, day: i64) -> Option<i64> {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let most = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if leap => 29,
        2 => 28,
        _ => return None,
    };
    if !(1..=most).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// Milliseconds since midnight in UTC of `HH:MM[:SS[.fff]]` with `Z`, `±HH:MM` or no offset.
fn time_of(text: &str) -> Option<i64> {
    let text = text.trim_end_matches(['Z', 'z']);
    let (clock, offset) = match text.find(['+', '-']) {
        Some(place) => (&text[..place], Some(&text[place..])),
        None => (text, None),
    };
    let part = |text: &str, below: f64| -> Option<f64> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
        text.parse().ok().filter(|value| digits && (0.0..below).contains(value))
    };
    let mut parts = clock.trim().split(':');
    let (hours, minutes) = (part(parts.next()?, 24.0)?, part(parts.next()?, 60.0)?);
    // A leap second counts as the next one.
    let seconds = parts.next().map_or(Some(0.0), |text| part(text, 61.0))?;
    if parts.next().is_some() {
        return None;
    }
    let shift = match offset {
        None => 0.0,
        Some(offset) => {
            let digits = offset[1..].replace(':', "");
            let minutes = match digits.len() {
                2 => part(&digits, 24.0)? * 60.0,
                4 => part(&digits[..2], 24.0)? * 60.0 + part(&digits[2..], 60.0)?,
                _ => return None,
            };
            if offset.starts_with('-') { -minutes } else { minutes }
        }
    };
    Some(((hours * 60.0 + minutes - shift) * 60_000.0 + seconds * 1000.0) as i64)
}

/// The year and the month of a moment.
pub(super) fn month(milliseconds: i64) -> (i64, i64) {
    let days = milliseconds.div_euclid(86_400_000) + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + years + i64::from(month <= 2), month)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_as_written() {
        for (text, wanted) in [
            ("1970-01-01", Some(0)),
            ("1970", Some(0)),
            ("1970Q2", Some(90 * 86_400_000)),
            ("1970-q4", Some(273 * 86_400_000)),
            ("1970-02", Some(31 * 86_400_000)),
            ("19700202", Some(32 * 86_400_000)),
            ("2024-02-29", Some(19_782 * 86_400_000)),
            (" 2000-03-01 ", Some(11_017 * 86_400_000)),
            ("1969-12-31T23:59:59.5Z", Some(-500)),
            ("1970-01-01 01:30", Some(5_400_000)),
            ("1970-01-01T01:30:00+01:30", Some(0)),
            ("1970-01-01T00:00:00-0100", Some(3_600_000)),
            ("2023-02-29", None),
            ("2024-13", None),
            ("2024-00", None),
            ("2024Q5", None),
            ("01/02/2024", None),
            ("1.2.2024", None),
            ("202403", None),
            ("2024-03T10:00", None),
            ("2024-03-01T25:00", None),
            ("2024-03-01T10", None),
            ("2024-3-1", None),
            ("20240", None),
            ("２０２４", None),
            ("", None),
        ] {
            assert_eq!(moment(text), wanted, "{text}");
        }
    }

    #[test]
    fn months_hold_their_days() {
        for days in -800_000..800_000_i64 {
            let (year, of_year) = month(days * 86_400_000);
            let first = days_since_1970(year, of_year, 1).unwrap();
            assert!((0..31).contains(&(days - first)), "{days}");
        }
    }
}
