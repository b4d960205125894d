//! Dated exchange rates into the platform's reporting currency.

use crate::source::Source;
use probity_primitives::{Code, Currency, Day, Problem, Timestamp};
use serde::Deserialize;
use std::collections::HashMap;
use toml::Spanned;

/// The code of rates that cannot be read.
pub(super) const RATES_INVALID: Code = Code::new("rates-invalid");

/// Rates have ten decimals.
const ONE: i128 = 10_000_000_000;

/// The reporting currency and, for each other currency, dated rates: reporting units for one unit.
#[derive(Debug, Clone)]
pub struct Rates {
    /// The currency in which money of different currencies is added up.
    pub reporting: Currency,
    /// Minor units in a major one of the reporting currency.
    up: i128,
    dated: HashMap<Currency, Dated>,
}

/// The rates of one currency, by ascending days.
#[derive(Debug, Clone)]
struct Dated {
    /// What a product of minor units and a rate is divided by: minor units in a major one, times the decimals of rates.
    down: i128,
    rates: Vec<(Day, i128)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    reporting: Spanned<String>,
    #[serde(default)]
    rate: Vec<RateText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RateText {
    currency: Spanned<String>,
    date: Spanned<String>,
    rate: Spanned<String>,
}

impl Rates {
    /// Only the reporting currency itself.
    pub fn only(reporting: Currency) -> Self {
        Self { reporting, up: 10_i128.pow(reporting.exponent()), dated: HashMap::new() }
    }

    /// Reads `rates.toml`.
    ///
    /// # Errors
    /// `definition-invalid`, `currency-unknown` or `rates-invalid`, with the place.
    pub fn parse(source: &Source<'_>) -> Result<Self, Problem> {
        let file: File = source.read()?;
        let currency = |text: &Spanned<String>| {
            Currency::try_new(text.get_ref()).map_err(|problem| problem.at(source.at(&text.span())))
        };
        let mut rates = Self::only(currency(&file.reporting)?);
        for entry in file.rate {
            let refuse = |text: &Spanned<String>, why: &str| {
                let detail = format!("{} of {}: {why}", entry.currency.get_ref(), entry.date.get_ref());
                source.problem(RATES_INVALID, &text.span(), detail)
            };
            let currency = currency(&entry.currency)?;
            let day = Timestamp::parse(&format!("{}T00:00:00Z", entry.date.get_ref()))
                .map_err(|_| refuse(&entry.date, "not a date"))?
                .day();
            let rate = parse_rate(entry.rate.get_ref()).ok_or_else(|| {
                refuse(&entry.rate, "not a positive decimal text with at most ten decimals")
            })?;
            let down = 10_i128.pow(currency.exponent()) * ONE;
            let list =
                &mut rates.dated.entry(currency).or_insert_with(|| Dated { down, rates: Vec::new() }).rates;
            if list.iter().any(|(known, _)| *known == day) {
                return Err(refuse(&entry.date, "stands twice"));
            }
            list.push((day, rate));
            list.sort_unstable_by_key(|(day, _)| *day);
        }
        Ok(rates)
    }

    /// Minor units of the reporting currency, by the newest rate not after the moment's day; half away from zero.
    /// `None` when there is no such rate, or beyond 64 bits.
    pub fn to_reporting(&self, minor: i64, currency: Currency, at: Timestamp) -> Option<i64> {
        if currency == self.reporting {
            return Some(minor);
        }
        let Dated { down, rates } = self.dated.get(&currency)?;
        let day = at.day();
        let upto = rates.partition_point(|(known, _)| *known <= day);
        let (_, rate) = rates.get(upto.checked_sub(1)?)?;
        let product = i128::from(minor).checked_mul(*rate)?.checked_mul(self.up)?;
        let half = if product < 0 { -*down / 2 } else { *down / 2 };
        i64::try_from(product.checked_add(half)? / down).ok()
    }
}

fn parse_rate(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || fraction.len() > 10 || !digits(whole) || !digits(fraction) {
        return None;
    }
    format!("{whole}{fraction:0<10}").parse().ok().filter(|rate| *rate > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_rate_not_after_the_day_counts() {
        let text = "reporting = \"EUR\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2018-01-02\"\nrate = \"0.25\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2018-02-01\"\nrate = \"0.2\"\n[[rate]]\ncurrency = \"JPY\"\ndate = \"2018-01-01\"\nrate = \"0.0074\"\n";
        let rates = Rates::parse(&Source { file: "rates.toml", text }).unwrap();
        let cases = [
            ("BRL", "2018-01-01", 100, None),
            ("BRL", "2018-01-02", 100, Some(25)),
            ("BRL", "2018-03-01", 1002, Some(200)),
            ("BRL", "2018-03-01", -1003, Some(-201)),
            ("JPY", "2018-03-01", 1000, Some(740)),
            ("EUR", "1999-01-01", 7, Some(7)),
            ("USD", "2018-03-01", 7, None),
        ];
        for (currency, date, minor, expected) in cases {
            let at = Timestamp::parse(&format!("{date}T12:00:00Z")).unwrap();
            assert_eq!(
                rates.to_reporting(minor, Currency::try_new(currency).unwrap(), at),
                expected,
                "{currency} {date}"
            );
        }
    }
}
