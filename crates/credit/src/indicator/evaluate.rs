//! Reading values from tiles.

use super::compile::{Kind, Plan, Read};
use super::definition::{Aggregate, Prior, Window};
use super::platform::Priors;
use super::state::PartyState;
use super::tile::{Cell, Sums, Tiles, Values};
use probity_expression::{Faults, Row, Value};
use probity_primitives::Timestamp;

impl Plan {
    /// The values of a party's indicators at a moment, in the order of [`Plan::names`] of its role; `None` = missing.
    ///
    /// The state must not know anything that became known after `at`.
    pub fn values(&self, state: &PartyState, at: Timestamp, priors: &Priors) -> Vec<Option<f64>> {
        let mut values = vec![None; self.names(state.role).len()];
        let mut faults = Faults::default();
        for index in self.order(state.role) {
            let Some(indicator) = self.indicators().get(*index) else { continue };
            let value = match &indicator.kind {
                Kind::Measured(read) => self.read(*index, read, state, at, priors),
                Kind::Derived(expression) => match expression.evaluate(&Siblings(&values), &mut faults) {
                    Value::Double(value) => Some(value),
                    Value::Integer(value) => Some(value as f64),
                    Value::Boolean(value) => Some(f64::from(u8::from(value))),
                    Value::Null | Value::Text(_) => None,
                },
            };
            if let Some(place) = self.place.get(*index)
                && let Some(slot) = values.get_mut(*place)
            {
                *slot = value;
            }
        }
        values
    }

    fn read(
        &self,
        index: usize,
        read: &Read,
        state: &PartyState,
        at: Timestamp,
        priors: &Priors,
    ) -> Option<f64> {
        let hourly = self.measure(read.slot)?.hourly;
        let last = if hourly { i32::try_from(at.hour()).unwrap_or(i32::MAX) } else { at.day().0 };
        match state.tiles(read.slot) {
            None => nothing(read),
            Some(Tiles::Sums(sums)) => read_sums(index, read, sums, last, priors),
            Some(Tiles::Values(values)) => read_values(read, values, last),
            Some(Tiles::Distinct(distinct)) => {
                let count = match read.window {
                    Window::Lifetime => i64::try_from(distinct.len()).unwrap_or(i64::MAX),
                    Window::Days(n) | Window::Hours(n) => {
                        distinct.latest.within(last - (n - 1), i32::MAX).map(|(_, count)| count).sum()
                    }
                    Window::Switched { short, long, switch_at } => {
                        let within = |n: i32| {
                            distinct
                                .latest
                                .within(last - (n - 1), i32::MAX)
                                .map(|(_, count)| count)
                                .sum::<i64>()
                        };
                        if within(short) >= switch_at { within(short) } else { within(long) }
                    }
                };
                enough(read, count).then_some(count as f64)
            }
        }
    }
}

/// The value of a party without a single row: none at all for counts, nothing for the rest.
fn nothing(read: &Read) -> Option<f64> {
    let counts = matches!(
        read.aggregate,
        Aggregate::Count | Aggregate::Sum | Aggregate::Distinct | Aggregate::DecayedSum
    );
    (counts && read.minimum == 0).then_some(0.0)
}

fn enough(read: &Read, rows: i64) -> bool {
    rows >= read.minimum
}

/// First and last bucket of the window that speaks at a moment.
fn span(window: Window, last: i32, rows_within: impl Fn(i32) -> i64) -> (i32, i32) {
    let first = |n: i32| last.saturating_sub(n - 1);
    match window {
        Window::Days(n) | Window::Hours(n) => (first(n), last),
        Window::Switched { short, long, switch_at } => {
            if rows_within(first(short)) >= switch_at {
                (first(short), last)
            } else {
                (first(long), last)
            }
        }
        Window::Lifetime => (i32::MIN, i32::MAX),
    }
}

fn read_sums(index: usize, read: &Read, sums: &Sums, last: i32, priors: &Priors) -> Option<f64> {
    let within = |first: i32, last: i32| {
        let mut sum = Cell::default();
        sums.buckets.within(first, last).for_each(|(_, cell)| sum.merge(cell));
        sum
    };
    let (first, upto) = span(read.window, last, |first| within(first, last).rows);
    match read.aggregate {
        Aggregate::DaysSinceFirst | Aggregate::DaysSinceLast => {
            if !enough(read, within(first, upto).rows) {
                return None;
            }
            let mut days =
                sums.buckets.within(first, upto).filter(|(_, cell)| cell.rows > 0).map(|(day, _)| *day);
            let day = if read.aggregate == Aggregate::DaysSinceFirst { days.next() } else { days.last() };
            return day.map(|day| f64::from(last) - f64::from(day));
        }
        Aggregate::DecayedSum => {
            // What has decayed to nothing is as if it were not there.
            let reach = i32::try_from(read.decay.len()).unwrap_or(i32::MAX);
            let first = first.max(last.saturating_sub(reach.saturating_sub(1)));
            return enough(read, within(first, last).rows).then(|| decayed(read, sums, first, last));
        }
        _ => {}
    }
    let sum = if read.window == Window::Lifetime { sums.total } else { within(first, upto) };
    if !enough(read, sum.rows) {
        return None;
    }
    match read.aggregate {
        Aggregate::Count => Some(sum.rows as f64),
        Aggregate::Sum => Some(sum.numerator as f64 / read.divisor),
        _ => {
            let mix = || {
                sums.mix.iter().map(move |(category, series)| {
                    (*category, series.within(first, upto).map(|(_, rows)| rows).sum::<i64>())
                })
            };
            ratio(index, read, &sum, mix, priors)
        }
    }
}

/// A share or mean, pulled towards its prior: (x + s·p) / (n + s) where x is the raw ratio times n rows.
fn ratio<I: Iterator<Item = (u64, i64)>>(
    index: usize,
    read: &Read,
    sum: &Cell,
    mix: impl Fn() -> I,
    priors: &Priors,
) -> Option<f64> {
    if sum.rows <= 0 || sum.denominator <= 0 {
        return None;
    }
    let raw = sum.numerator as f64 / sum.denominator as f64 / read.divisor;
    let (mean, strength) = match read.prior {
        None => return Some(raw),
        Some(Prior::Given(mean, strength)) => (Some(mean), strength),
        Some(Prior::Platform(strength)) => (priors.mean(index), strength),
        Some(Prior::Category(strength)) => (category_mean(index, mix(), priors), strength),
    };
    let Some(mean) = mean else { return Some(raw) };
    let rows = sum.rows as f64;
    Some((raw * rows + strength * mean) / (rows + strength))
}

/// The mean of the categories a party trades in, weighed by its rows in each, added up in the order of their hashes.
fn category_mean(index: usize, mix: impl Iterator<Item = (u64, i64)>, priors: &Priors) -> Option<f64> {
    let (mut sum, mut rows_known) = (0.0, 0.0);
    for (category, rows) in mix.filter(|(_, rows)| *rows > 0) {
        if let Some(mean) = priors.mean_in(index, category) {
            sum += mean * rows as f64;
            rows_known += rows as f64;
        }
    }
    if rows_known > 0.0 { Some(sum / rows_known) } else { priors.mean(index) }
}

fn decayed(read: &Read, sums: &Sums, first: i32, last: i32) -> f64 {
    let mut sum = 0_i128;
    for (day, cell) in sums.buckets.within(first, last) {
        let age = usize::try_from(last.saturating_sub(*day)).unwrap_or(usize::MAX);
        let weight = read.decay.get(age).copied().unwrap_or(0);
        sum = sum.saturating_add(cell.numerator.saturating_mul(i128::from(weight)));
    }
    sum as f64 / 4_294_967_296.0 / read.divisor
}

fn read_values(read: &Read, values: &Values, last: i32) -> Option<f64> {
    if read.window == Window::Lifetime {
        return ranked(read, || values.total.iter());
    }
    let rows_within =
        |first: i32| values.buckets.within(first, last).flat_map(|(_, counts)| counts.values()).sum::<i64>();
    let (first, upto) = span(read.window, last, rows_within);
    ranked(read, || values.buckets.within(first, upto).flat_map(|(_, counts)| counts))
}

/// The least or greatest value, or the one at a rank, of values and how often each.
fn ranked<'a, I: Iterator<Item = (&'a i64, &'a i64)>>(read: &Read, all: impl Fn() -> I) -> Option<f64> {
    let rows: i64 = all().map(|(_, count)| count).sum();
    if rows <= 0 || !enough(read, rows) {
        return None;
    }
    let value = match read.aggregate {
        Aggregate::Min => all().map(|(value, _)| *value).min()?,
        Aggregate::Max => all().map(|(value, _)| *value).max()?,
        _ => {
            // Nearest rank: the smallest value with at least the rank's share of the rows at or below it.
            let rank = ((read.quantile * rows as f64).ceil() as usize).max(1);
            let mut each: Vec<i64> = Vec::with_capacity(usize::try_from(rows).ok()?);
            for (value, count) in all() {
                each.extend(std::iter::repeat_n(*value, usize::try_from(*count).unwrap_or(0)));
            }
            let place = rank.min(each.len()).checked_sub(1)?;
            *each.select_nth_unstable(place).1
        }
    };
    Some(value as f64 / read.divisor)
}

struct Siblings<'a>(&'a [Option<f64>]);

impl Row for Siblings<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        self.0.get(column).copied().flatten().map_or(Value::Null, Value::Double)
    }

    fn to_reporting(&self, minor: i64) -> Option<i64> {
        Some(minor)
    }
}
