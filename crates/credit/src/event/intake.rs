//! From the flat form to an event, by the declared schema. Nothing is guessed, rounded or defaulted in silence.

use super::card_number::{CARD_NUMBER, holds_card_number, may_hold_card_number};
use super::fact::{Event, FieldValue};
use super::flat::{Cell, Flat};
use super::rates::Rates;
use super::schema::{EventType, Field, FieldKind, LONGEST_DURATION, TypeIndex, Vocabulary};
use probity_primitives::id::check_text;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Currency, Duration, ExternalId, Money, Problem, Timestamp};
use std::borrow::Cow;

const EVENT_UNKNOWN_TYPE: Code = Code::new("event-unknown-type");
const EVENT_UNKNOWN_FIELD: Code = Code::new("event-unknown-field");
const EVENT_FIELD_MISSING: Code = Code::new("event-field-missing");
const EVENT_FIELD_INVALID: Code = Code::new("event-field-invalid");
const EVENT_DERIVED: Code = Code::new("event-derived");
const EVENT_IN_FUTURE: Code = Code::new("event-in-future");
const EVENT_KNOWN_EARLY: Code = Code::new("event-known-before-it-happened");
const CURRENCY_WITHOUT_RATE: Code = Code::new("currency-without-rate");

/// How far ahead of ours another clock may run before its events are set aside.
pub const SKEW: Duration = Duration(5 * 60_000);

/// How events come in, which decides what an absent `known_at` means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// Told as it happens: known now.
    Live,
    /// A past told afterwards: known when it occurred, unless the source says otherwise.
    History,
}

impl Vocabulary {
    /// Makes an event of its flat form.
    ///
    /// `now` is the moment of arrival; `source` stands in where the form names none.
    ///
    /// # Errors
    /// All problems of the form, each with the JSON pointer of its field.
    pub fn event(
        &self,
        mut flat: Flat<'_>,
        source: &str,
        arrival: Arrival,
        now: Timestamp,
        rates: &Rates,
    ) -> Result<Event, Vec<Problem>> {
        let kind = self.kind_of(&mut flat).map_err(|problem| vec![problem])?;
        let declared = self.get(kind);
        let table = flat.from_table;
        let mut problems = Vec::new();

        let id = kept(required_id(flat.take("id"), "id", table), &mut problems);
        let from = optional(flat.take("source"))
            .map_or_else(|| ExternalId::try_new(source), |cell| read_id(cell, "source", table));
        let from = kept(from, &mut problems);
        let occurred = optional(flat.take("occurred_at"))
            .ok_or_else(|| missing("occurred_at"))
            .and_then(|cell| read_moment(&cell, "occurred_at"));
        let occurred = kept(occurred, &mut problems);
        let known = optional(flat.take("known_at"))
            .and_then(|cell| kept(read_moment(&cell, "known_at"), &mut problems));
        let merchant = read_party(flat.take("merchant"), "merchant", declared.merchant, table);
        let merchant = kept(merchant, &mut problems).flatten();
        let buyer = read_party(flat.take("buyer"), "buyer", declared.buyer, table);
        let buyer = kept(buyer, &mut problems).flatten();
        let (currency, fields) = self.fields(declared, flat, &mut problems);

        let (Some(id), Some(source), Some(occurred_at)) = (id, from, occurred) else { return Err(problems) };
        let known_given = known.is_some();
        let known_at = known.unwrap_or(match arrival {
            Arrival::Live => now,
            Arrival::History => occurred_at,
        });
        check_moments(occurred_at, known_at, known_given, now, &mut problems);
        check_rate(currency, occurred_at, rates, &mut problems);
        if !problems.is_empty() {
            return Err(problems);
        }
        // A sender's clock may run ahead a little: nothing is known before it happens.
        let known_at = known_at.max(occurred_at);
        Ok(Event { id, source, kind, occurred_at, known_at, known_given, merchant, buyer, currency, fields })
    }

    fn kind_of(&self, flat: &mut Flat<'_>) -> Result<TypeIndex, Problem> {
        let Some(Cell::Text(word)) = flat.take("type") else { return Err(missing("type")) };
        self.find(&word).ok_or_else(|| {
            let detail = format!("'{}' is not a declared event type", shown(&word));
            Problem::new(EVENT_UNKNOWN_TYPE, detail).at("/type").hint("GET /v1/catalogue/events lists them")
        })
    }

    /// The currency and the declared fields; what is left over is refused.
    fn fields(
        &self,
        declared: &EventType,
        mut flat: Flat<'_>,
        problems: &mut Vec<Problem>,
    ) -> (Option<Currency>, Vec<Option<FieldValue>>) {
        let table = flat.from_table;
        let read = kept(read_currency(&mut flat, declared), problems);
        let currency = read.flatten();
        let mut fields = vec![None; declared.fields.len()];
        for (field, value) in declared.fields.iter().zip(&mut fields) {
            match optional(flat.take(&field.name)) {
                // Without their currency amounts cannot be read; that was told already.
                Some(_) if read.is_none() && matches!(field.kind, FieldKind::Money(..)) => {}
                Some(cell) => *value = kept(read_value(field, cell, currency, table), problems),
                None if field.required => problems.push(missing(&field.name)),
                None => {}
            }
        }
        problems.extend(flat.pairs.iter().map(|(name, _)| self.unknown_field(declared, name)));
        (currency, fields)
    }

    /// The same, for what comes from outside: types that Probity derives itself are refused.
    ///
    /// # Errors
    /// As [`Vocabulary::event`], and `event-derived`.
    pub fn event_from_outside(
        &self,
        flat: Flat<'_>,
        source: &str,
        arrival: Arrival,
        now: Timestamp,
        rates: &Rates,
    ) -> Result<Event, Vec<Problem>> {
        let event = self.event(flat, source, arrival, now, rates)?;
        if self.get(event.kind).derived {
            let detail = format!("'{}' is derived by Probity itself", self.get(event.kind).name);
            return Err(vec![Problem::new(EVENT_DERIVED, detail).at("/type")]);
        }
        Ok(event)
    }

    fn unknown_field(&self, declared: &EventType, name: &str) -> Problem {
        if let Some(reason) = self.prohibited.reason(name) {
            return Problem::new(
                super::schema::FIELD_PROHIBITED,
                format!("'{}' may not be kept: {reason}", shown(name)),
            )
            .at(pointer(name));
        }
        let names: Vec<_> = declared.fields.iter().map(|field| field.name.as_str()).collect();
        Problem::new(EVENT_UNKNOWN_FIELD, format!("{} has no field '{}'", declared.name, shown(name)))
            .at(pointer(name))
            .hint(format!("its fields: {}", names.join(", ")))
    }
}

/// The value, or nothing and one more problem.
fn kept<T>(result: Result<T, Problem>, problems: &mut Vec<Problem>) -> Option<T> {
    result.map_err(|problem| problems.push(problem)).ok()
}

fn check_rate(currency: Option<Currency>, occurred: Timestamp, rates: &Rates, problems: &mut Vec<Problem>) {
    let Some(currency) = currency else { return };
    if rates.to_reporting(0, currency, occurred).is_none() {
        let detail =
            format!("there is no rate from {currency} to {} for {}", rates.reporting, occurred.day());
        problems.push(
            Problem::new(CURRENCY_WITHOUT_RATE, detail)
                .at("/currency")
                .hint("add a dated rate to rates.toml"),
        );
    }
}

fn check_moments(
    occurred: Timestamp,
    known: Timestamp,
    known_given: bool,
    now: Timestamp,
    problems: &mut Vec<Problem>,
) {
    let latest = now.plus(SKEW);
    for (at, name) in [(occurred, "occurred_at"), (known, "known_at")] {
        if at > latest {
            let detail = format!("{at} lies more than five minutes ahead of {now}");
            problems.push(
                Problem::new(EVENT_IN_FUTURE, detail).at(pointer(name)).hint("check the sender's clock"),
            );
        }
    }
    if known_given && known.plus(SKEW) < occurred {
        let detail = format!("known at {known}, before it occurred at {occurred}");
        problems.push(Problem::new(EVENT_KNOWN_EARLY, detail).at("/known_at"));
    }
}

fn pointer(name: &str) -> String {
    format!("/{}", shown(name).replace('~', "~0").replace('/', "~1"))
}

fn missing(name: &str) -> Problem {
    Problem::new(EVENT_FIELD_MISSING, format!("'{name}' is missing")).at(pointer(name))
}

fn invalid(name: &str, detail: impl Into<String>) -> Problem {
    Problem::new(EVENT_FIELD_INVALID, detail).at(pointer(name))
}

fn card_number(name: &str, detail: &str) -> Problem {
    Problem::new(CARD_NUMBER, detail)
        .at(pointer(name))
        .hint("never send card numbers; a token and the last four digits do")
}

/// A value that is there: null, and a blank cell of a table, are not.
fn optional(cell: Option<Cell<'_>>) -> Option<Cell<'_>> {
    cell.filter(|cell| !matches!(cell, Cell::Null))
}

fn required_id(cell: Option<Cell<'_>>, name: &str, table: bool) -> Result<ExternalId, Problem> {
    optional(cell).ok_or_else(|| missing(name)).and_then(|cell| read_id(cell, name, table))
}

fn read_id(cell: Cell<'_>, name: &str, _table: bool) -> Result<ExternalId, Problem> {
    match cell {
        Cell::Text(text) => ExternalId::try_new(&text).map_err(|problem| problem.at(pointer(name))),
        _ => Err(invalid(name, "an id is a text").hint("write numbers as texts: \"42\"")),
    }
}

fn read_moment(cell: &Cell<'_>, name: &str) -> Result<Timestamp, Problem> {
    match cell {
        Cell::Text(text) => Timestamp::parse(text).map_err(|problem| problem.at(pointer(name))),
        _ => Err(invalid(name, "a moment is a text")
            .hint("RFC 3339 with an offset, for example 2018-04-30T23:38:41Z")),
    }
}

fn read_party(
    cell: Option<Cell<'_>>,
    name: &str,
    declared: Option<bool>,
    table: bool,
) -> Result<Option<ExternalId>, Problem> {
    match (optional(cell), declared) {
        (None, Some(true)) => Err(missing(name)),
        (None, _) => Ok(None),
        (Some(_), None) => {
            Err(Problem::new(EVENT_UNKNOWN_FIELD, format!("this type is not about a {name}"))
                .at(pointer(name)))
        }
        (Some(cell), Some(_)) => read_id(cell, name, table).map(Some),
    }
}

/// The currency of an event: its `currency`, or the one that all its money objects name.
fn read_currency(flat: &mut Flat<'_>, declared: &EventType) -> Result<Option<Currency>, Problem> {
    let given = match optional(flat.take("currency")) {
        None => None,
        Some(Cell::Text(code)) => Some(Currency::try_new(&code).map_err(|problem| problem.at("/currency"))?),
        Some(_) => return Err(invalid("currency", "a currency is a text")),
    };
    if !declared.has_money() {
        return match given {
            None => Ok(None),
            Some(_) => Err(Problem::new(EVENT_UNKNOWN_FIELD, "this type carries no money").at("/currency")),
        };
    }
    let mut found = given;
    let mut any = false;
    for field in declared.fields.iter().filter(|field| matches!(field.kind, FieldKind::Money(..))) {
        match flat.get(&field.name) {
            None | Some(Cell::Null) => {}
            Some(Cell::Object(object)) => {
                any = true;
                let Some(Cell::Text(code)) = object.get("currency") else {
                    return Err(missing(&format!("{}/currency", field.name)));
                };
                let own = Currency::try_new(code)
                    .map_err(|problem| problem.at(format!("/{}/currency", field.name)))?;
                if found.is_some_and(|found| found != own) {
                    let detail = format!("{own} beside {}: an event has one currency", found.unwrap_or(own));
                    return Err(invalid(&field.name, detail));
                }
                found = Some(own);
            }
            Some(_) => any = true,
        }
    }
    if any && found.is_none() { Err(missing("currency")) } else { Ok(found) }
}

/// An id of something other than a party. Tokens of cards and accounts are not the numbers themselves; ids of other things
/// are often long numbers, and one in ten passes the check digit by chance.
fn read_token(field: &Field, cell: Cell<'_>, table: bool) -> Result<FieldValue, Problem> {
    let id = read_id(cell, &field.name, table)?;
    if field.sensitivity == "financial" && holds_card_number(id.as_str()) {
        return Err(card_number(&field.name, "the token is a card number"));
    }
    Ok(FieldValue::Text(id.as_str().into()))
}

fn read_value(
    field: &Field,
    cell: Cell<'_>,
    currency: Option<Currency>,
    table: bool,
) -> Result<FieldValue, Problem> {
    let name = field.name.as_str();
    let wants = |what: &str| invalid(name, format!("'{name}' takes {what}"));
    let within = |value: i64, min: i64, max: i64| {
        if (min..=max).contains(&value) {
            Ok(FieldValue::Integer(value))
        } else {
            Err(invalid(name, format!("{value} is not within {min} to {max}")))
        }
    };
    if matches!(cell, Cell::Float) && !matches!(field.kind, FieldKind::Text(_)) {
        return Err(invalid(name, "a number with a fraction or exponent does not hold what was meant")
            .hint("write a decimal text, or an integer"));
    }
    match (&field.kind, cell) {
        (FieldKind::Id, cell) => read_token(field, cell, table),
        (FieldKind::Text(most), Cell::Text(text)) => {
            check_text(&text, *most).map_err(|problem| problem.at(pointer(name)))?;
            if may_hold_card_number(&text) {
                return Err(card_number(name, "the text holds what looks like a card number"));
            }
            Ok(FieldValue::Text(text.into()))
        }
        (FieldKind::Boolean, Cell::Boolean(value)) => Ok(FieldValue::Boolean(value)),
        (FieldKind::Boolean, Cell::Text(text)) if table => match &*text {
            "true" | "1" => Ok(FieldValue::Boolean(true)),
            "false" | "0" => Ok(FieldValue::Boolean(false)),
            _ => Err(wants("true or false")),
        },
        (FieldKind::Integer(min, max), Cell::Integer(value)) => within(value, *min, *max),
        (FieldKind::Integer(min, max), Cell::Text(text)) if table => {
            within(text.parse().map_err(|_| wants("a whole number"))?, *min, *max)
        }
        (FieldKind::Money(min, max), cell) => {
            let currency = currency.ok_or_else(|| missing("currency"))?;
            let money = read_money(name, cell, currency)?;
            within(money.minor, *min, *max)
        }
        (FieldKind::Timestamp, cell) => {
            read_moment(&cell, name).map(|moment| FieldValue::Integer(moment.millis()))
        }
        (FieldKind::Duration, Cell::Text(text)) => {
            let duration = Duration::parse(&text).map_err(|problem| problem.at(pointer(name)))?;
            within(duration.0, 0, LONGEST_DURATION.0)
        }
        (FieldKind::Decimal(scale), Cell::Text(text)) => {
            read_decimal(&text, *scale).map(FieldValue::Integer).ok_or_else(|| wants("a decimal text"))
        }
        (FieldKind::Choice(values), Cell::Text(text)) => match values.iter().position(|value| *value == text)
        {
            Some(at) => Ok(FieldValue::Choice(u16::try_from(at).unwrap_or(u16::MAX))),
            None => Err(invalid(name, format!("'{}' is not one of {}", shown(&text), values.join(", ")))),
        },
        (FieldKind::Country, Cell::Text(text))
            if text.len() == 2 && text.bytes().all(|b| b.is_ascii_uppercase()) =>
        {
            Ok(FieldValue::Text(text.into()))
        }
        (kind, _) => Err(wants(wanted(kind))),
    }
}

/// What a field of a kind takes, in words.
fn wanted(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text(_) => "a text",
        FieldKind::Boolean => "true or false",
        FieldKind::Integer(..) => "a whole number",
        FieldKind::Duration => "a duration text such as \"36h\"",
        FieldKind::Decimal(_) => "a decimal text such as \"0.25\"",
        FieldKind::Country => "an ISO 3166 country code in capitals",
        _ => "a text from the list",
    }
}

fn read_money(name: &str, cell: Cell<'_>, currency: Currency) -> Result<Money, Problem> {
    let place = |problem: Problem| problem.at(pointer(name));
    match cell {
        Cell::Integer(minor) => Money::try_new(minor, currency).map_err(place),
        Cell::Text(text) => Money::parse(&text, currency).map_err(place),
        Cell::Object(mut object) => {
            let amount = object.take("amount");
            object.take("currency");
            if let Some((key, _)) = object.pairs.first() {
                return Err(invalid(name, format!("a money object has no key '{}'", shown(key))));
            }
            match amount {
                Some(Cell::Text(text)) => {
                    Money::parse(&text, currency).map_err(|problem| problem.at(format!("/{name}/amount")))
                }
                _ => Err(invalid(name, "a money object's amount is a decimal text")),
            }
        }
        _ => {
            Err(invalid(name, "an amount is a decimal text such as \"12.30\", or an integer of minor units"))
        }
    }
}

fn read_decimal(text: &str, scale: u32) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty()
        || !all_digits(whole)
        || !all_digits(fraction)
        || fraction.len() > scale as usize
        || digits.ends_with('.')
    {
        return None;
    }
    let width = scale as usize;
    let size: i64 = format!("{whole}{fraction:0<width$}").parse().ok()?;
    Some(if negative { -size } else { size })
}

impl<'a> Flat<'a> {
    /// The flat form of a table row: blank cells are absent. Texts of a table may stand for numbers and truths; a number of
    /// a typed table is what it is, so an integer amount is in minor units.
    pub fn from_row(columns: &'a [String], cells: impl IntoIterator<Item = Cell<'a>>) -> Self {
        let pairs = columns
            .iter()
            .zip(cells)
            .filter(|(_, cell)| *cell != Cell::Null)
            .map(|(column, cell)| (Cow::Borrowed(column.as_str()), cell))
            .collect();
        Self { pairs, from_table: true }
    }
}
