//! Events as JSON Lines.

use super::columns::SOURCE_NAME;
use probity_intake::parquet_out::push_number;
use probity_primitives::{Currency, Timestamp};
use probity_sim::event::{Event, Value};
use probity_sim::setting::Setting;
use std::fmt::Write as _;

/// Writes events as lines.
pub(super) struct EventLines {
    currency: String,
    /// Digits behind the point.
    digits: u32,
    categories: Vec<String>,
    carriers: Vec<String>,
    moment: String,
}

impl EventLines {
    pub(super) fn new(setting: &Setting, currency: Currency) -> Self {
        let world = &setting.world;
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        Self {
            currency: quoted(&world.currency),
            digits: currency.exponent(),
            categories: world.categories.iter().map(|category| quoted(&category.name)).collect(),
            carriers: world.carriers.iter().map(|carrier| quoted(carrier)).collect(),
            moment: String::new(),
        }
    }

    /// Adds an event's line.
    pub(super) fn add(&mut self, out: &mut Vec<u8>, event: &Event) {
        out.extend_from_slice(b"{\"id\":\"e");
        push_number(out, event.serial);
        for (key, value) in [("\",\"source\":\"", SOURCE_NAME), ("\",\"type\":\"", event.kind.name())] {
            out.extend_from_slice(key.as_bytes());
            out.extend_from_slice(value.as_bytes());
        }
        out.extend_from_slice(b"\",\"occurred_at\":");
        self.moment(out, event.at);
        for (key, number) in [(",\"merchant\":\"m", event.merchant), (",\"buyer\":\"b", event.buyer)] {
            if let Some(number) = number {
                out.extend_from_slice(key.as_bytes());
                push_number(out, u64::from(number));
                out.push(b'"');
            }
        }
        let mut money = false;
        for (field, value) in event.fields() {
            money |= matches!(value, Value::Minor(_));
            out.extend_from_slice(b",\"");
            out.extend_from_slice(field.name().as_bytes());
            out.extend_from_slice(b"\":");
            self.value(out, *value);
        }
        if money {
            out.extend_from_slice(b",\"currency\":");
            out.extend_from_slice(self.currency.as_bytes());
        }
        out.extend_from_slice(b"}\n");
    }

    fn value(&mut self, out: &mut Vec<u8>, value: Value) {
        match value {
            Value::Id(named, number) => {
                out.push(b'"');
                out.extend_from_slice(named.prefix().as_bytes());
                push_number(out, number);
                out.push(b'"');
            }
            Value::Minor(minor) => self.amount(out, minor),
            Value::Count(number) => signed(out, number),
            Value::Word(word) => {
                out.push(b'"');
                out.extend_from_slice(word.as_bytes());
                out.push(b'"');
            }
            Value::Truth(truth) => out.extend_from_slice(if truth { b"true" } else { b"false" }),
            Value::Moment(at) => self.moment(out, at),
            Value::Span(millis) => {
                out.push(b'"');
                push_number(out, millis.unsigned_abs());
                out.extend_from_slice(b"ms\"");
            }
            Value::Category(place) => out.extend_from_slice(self.categories[usize::from(place)].as_bytes()),
            Value::Carrier(place) => out.extend_from_slice(self.carriers[usize::from(place)].as_bytes()),
        }
    }

    fn amount(&self, out: &mut Vec<u8>, minor: i64) {
        out.push(b'"');
        if minor < 0 {
            out.push(b'-');
        }
        let (unit, amount) = (10_u64.pow(self.digits), minor.unsigned_abs());
        push_number(out, amount / unit);
        if self.digits > 0 {
            out.push(b'.');
            let rest = amount % unit;
            for place in (0..self.digits).rev() {
                out.push(b'0' + (rest / 10_u64.pow(place) % 10) as u8);
            }
        }
        out.push(b'"');
    }

    fn moment(&mut self, out: &mut Vec<u8>, at: Timestamp) {
        self.moment.clear();
        // Writing into a string cannot fail.
        let _ = write!(self.moment, "\"{at}\"");
        out.extend_from_slice(self.moment.as_bytes());
    }
}

fn signed(out: &mut Vec<u8>, number: i64) {
    if number < 0 {
        out.push(b'-');
    }
    push_number(out, number.unsigned_abs());
}
