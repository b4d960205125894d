//! Moments, days and durations. Nothing here reads a clock.

use crate::problem::{Code, Problem, shown};
use std::fmt;
use std::ops::Range;

/// The code of every refused moment.
pub const TIME_INVALID: Code = Code::new("time-invalid");

const MS_A_DAY: i64 = 86_400_000;
const MS_AN_HOUR: i64 = 3_600_000;

/// A moment: milliseconds since 1970-01-01T00:00:00Z. Parsed from RFC 3339 with an offset, shown in UTC.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest moment taken: 1900-01-01T00:00:00Z.
    pub const EARLIEST: Self = Self(-2_208_988_800_000);
    /// The latest moment taken: 2199-12-31T23:59:59.999Z.
    pub const LATEST: Self = Self(7_258_118_399_999);

    /// From milliseconds since the epoch, unchecked against the accepted range.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The UTC day that holds this moment.
    pub const fn day(self) -> Day {
        Day(self.0.div_euclid(MS_A_DAY) as i32)
    }

    /// The UTC hour that holds this moment, counted from the epoch.
    pub const fn hour(self) -> i64 {
        self.0.div_euclid(MS_AN_HOUR)
    }

    /// This moment moved by a duration, held inside the range of `i64`.
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration.0))
    }

    /// What lies between an earlier moment and this one.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration(self.0.saturating_sub(earlier.0))
    }

    /// Parses RFC 3339 with an offset: `2018-04-30T23:38:41-03:00`. Fractions of a millisecond are cut off.
    ///
    /// # Errors
    /// `time-invalid` for anything else: no offset, a day that does not exist, a number, a moment outside 1900 to 2199,
    /// the other forms of ISO 8601 and what RFC 9557 adds to them.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = |why: String| {
            Problem::new(TIME_INVALID, format!("'{}' is not a moment: {why}", shown(text)))
                .hint("RFC 3339 with an offset, for example 2018-04-30T23:38:41Z")
        };
        if text.len() > 64 {
            return Err(refuse("too long".into()));
        }
        let fraction = rfc3339(text).map_err(|why| refuse(why.into()))?;
        // No fraction that RFC 3339 allows is too long; below the millisecond nothing is kept anyway.
        let cut = (fraction.len() > 9).then(|| {
            format!(
                "{}{}",
                text.get(..fraction.start + 9).unwrap_or(""),
                text.get(fraction.end..).unwrap_or("")
            )
        });
        let text = cut.as_deref().unwrap_or(text);
        let moment: jiff::Timestamp = text.parse().map_err(|error: jiff::Error| refuse(error.to_string()))?;
        let moment = Self(moment.as_millisecond());
        if moment < Self::EARLIEST || moment > Self::LATEST {
            return Err(refuse("outside 1900 to 2199".into()));
        }
        Ok(moment)
    }
}

/// Checks the shape `2018-04-30T23:38:41.5-03:00`, where `T` and `Z` may be small and a blank may stand for `T` (RFC 3339,
/// section 5.6); what the numbers mean is checked behind it. Gives the digits of the fraction.
fn rfc3339(text: &str) -> Result<Range<usize>, &'static str> {
    let bytes = text.as_bytes();
    let shaped = |part: &[u8], shape: &[u8]| {
        part.len() == shape.len()
            && part.iter().zip(shape).all(|(byte, want)| match want {
                b'0' => byte.is_ascii_digit(),
                b'T' => matches!(byte, b'T' | b't' | b' '),
                want => byte == want,
            })
    };
    let (moment, rest) = bytes.split_at_checked(19).unwrap_or((bytes, b""));
    if !shaped(moment, b"0000-00-00T00:00:00") {
        return Err("not of the form 2018-04-30T23:38:41Z");
    }
    let digits =
        rest.strip_prefix(b".").map_or(0, |rest| rest.iter().take_while(|b| b.is_ascii_digit()).count());
    let fraction = if rest.starts_with(b".") { 20..20 + digits } else { 19..19 };
    let offset = bytes.get(fraction.end..).unwrap_or(b"");
    if rest.starts_with(b".") && digits == 0 {
        return Err("a fraction without digits");
    }
    if matches!(offset, b"Z" | b"z") {
        return Ok(fraction);
    }
    if !shaped(offset, b"+00:00") && !shaped(offset, b"-00:00") {
        return Err("its offset is neither Z nor of the form +01:00");
    }
    let beyond = |at: Range<usize>, most: u8| {
        offset.get(at).is_some_and(|two| two.iter().fold(0, |sum, b| sum * 10 + (b - b'0')) > most)
    };
    if beyond(1..3, 23) || beyond(4..6, 59) { Err("its offset is a day or more") } else { Ok(fraction) }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A UTC day, counted from 1970-01-01.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(pub i32);

impl Day {
    /// The first moment of the day.
    pub const fn start(self) -> Timestamp {
        Timestamp(self.0 as i64 * MS_A_DAY)
    }

    /// The last millisecond of the day.
    pub const fn end(self) -> Timestamp {
        Timestamp(self.0 as i64 * MS_A_DAY + MS_A_DAY - 1)
    }

    /// This day moved by whole days.
    #[must_use]
    pub const fn plus(self, days: i32) -> Self {
        Self(self.0.saturating_add(days))
    }

    /// The calendar month as `year × 12 + month − 1`.
    pub fn month(self) -> i32 {
        // Civil-from-days by Howard Hinnant ("chrono-compatible low-level date algorithms"): months begin in March.
        let shifted = i64::from(self.0) + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 2 } else { from_march - 10 };
        let year = year_of_era + era * 400 + i64::from(month <= 1);
        (year * 12 + month) as i32
    }
}

impl fmt::Display for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.start().to_string().get(..10).unwrap_or("?"))
    }
}

impl fmt::Debug for Day {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A length of time in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Duration(pub i64);

impl Duration {
    /// Whole days.
    pub const fn days(days: i64) -> Self {
        Self(days.saturating_mul(MS_A_DAY))
    }

    /// Whole hours.
    pub const fn hours(hours: i64) -> Self {
        Self(hours.saturating_mul(MS_AN_HOUR))
    }

    /// Parses `30d`, `24h`, `15m`, `10s` or `250ms`.
    ///
    /// # Errors
    /// `time-invalid` for anything else, negative or longer than 200 years.
    pub fn parse(text: &str) -> Result<Self, Problem> {
        let refuse = || {
            Problem::new(TIME_INVALID, format!("'{}' is not a duration", shown(text)))
                .hint("a whole number and a unit: 30d, 24h, 15m, 10s or 250ms")
        };
        let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = text.split_at(digits);
        let unit = match unit {
            "d" => MS_A_DAY,
            "h" => MS_AN_HOUR,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return Err(refuse()),
        };
        let millis =
            number.parse::<i64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(refuse)?;
        if millis > 200 * 366 * MS_A_DAY { Err(refuse()) } else { Ok(Self(millis)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_taken_and_refused() {
        let cases = [
            ("2018-04-30T23:38:41Z", Some(1_525_131_521_000)),
            ("2018-04-30T23:38:41-03:00", Some(1_525_142_321_000)),
            ("2016-12-31T23:59:60Z", Some(1_483_228_799_000)),
            ("2018-04-30T23:38:41", None),
            ("2018-02-30T00:00:00Z", None),
            ("1525131521", None),
            ("9999-01-01T00:00:00Z", None),
            ("", None),
            // What RFC 3339 allows beside its usual look.
            ("2018-04-30t23:38:41z", Some(1_525_131_521_000)),
            ("2018-04-30 23:38:41Z", Some(1_525_131_521_000)),
            ("2018-04-30T23:38:41-00:00", Some(1_525_131_521_000)),
            ("2018-04-30T23:38:41.5Z", Some(1_525_131_521_500)),
            ("2018-04-30T23:38:41.0019999999999999Z", Some(1_525_131_521_001)),
            ("2018-04-30T23:38:41+23:59", Some(1_525_045_181_000)),
            // What others write and RFC 3339 does not.
            ("2018-04-30T23:38:41+25:00", None),
            ("2018-04-30T23:38:41+24:00", None),
            ("2018-04-30T23:38:41+01:60", None),
            ("2018-04-30T23:38:41+0100", None),
            ("2018-04-30T23:38:41+01", None),
            ("2018-04-30T23:38:41\u{2212}03:00", None),
            ("20180430T233841Z", None),
            ("2018-04-30T23Z", None),
            ("2018-04-30T23:38Z", None),
            ("2018-04-30T23:38:41.Z", None),
            ("2018-04-30T23:38:41,5Z", None),
            ("+002018-04-30T23:38:41Z", None),
            ("2018-W18-1T23:38:41Z", None),
            ("2018-04-30T23:38:41+02:00[Europe/Paris]", None),
            ("2018-04-30T24:00:00Z", None),
            ("2018-04-30T23:38:61Z", None),
            (" 2018-04-30T23:38:41Z", None),
            ("2018-04-30T23:38:41Z\n", None),
        ];
        for (text, millis) in cases {
            assert_eq!(Timestamp::parse(text).ok().map(Timestamp::millis), millis, "{text}");
        }
    }

    #[test]
    fn months_are_those_of_the_calendar() {
        for (text, year, month) in [
            ("1970-01-01", 1970, 1),
            ("2016-02-29", 2016, 2),
            ("2017-12-31", 2017, 12),
            ("1969-12-31", 1969, 12),
        ] {
            let day = Timestamp::parse(&format!("{text}T12:00:00Z")).unwrap().day();
            assert_eq!(day.month(), year * 12 + month - 1, "{text}");
            assert_eq!(day.to_string(), text);
        }
    }

    #[test]
    fn durations_taken_and_refused() {
        for (text, millis) in [
            ("30d", Some(2_592_000_000)),
            ("24h", Some(86_400_000)),
            ("5ms", Some(5)),
            ("d", None),
            ("-1d", None),
            ("1w", None),
            ("99999999999999999999d", None),
        ] {
            assert_eq!(Duration::parse(text).ok().map(|d| d.0), millis, "{text}");
        }
    }
}
