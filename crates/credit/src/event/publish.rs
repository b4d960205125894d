//! Events and their schema as others read them.

use super::fact::{Event, FieldValue};
use super::schema::{EventType, Field, FieldKind, Vocabulary};
use probity_primitives::{Duration, Money, Timestamp};
use serde_json::{Map, Value, json};

/// An event in its flat JSON form, the same that is taken in; amounts as decimal texts.
pub fn to_json(vocabulary: &Vocabulary, event: &Event) -> Value {
    let kind = vocabulary.get(event.kind);
    let mut out = Map::new();
    let mut put = |key: &str, value: Value| out.insert(key.to_owned(), value);
    put("id", json!(event.id.as_str()));
    put("source", json!(event.source.as_str()));
    put("type", json!(kind.name));
    put("occurred_at", json!(event.occurred_at.to_string()));
    put("known_at", json!(event.known_at.to_string()));
    for (role, id) in [("merchant", &event.merchant), ("buyer", &event.buyer)] {
        if let Some(id) = id {
            put(role, json!(id.as_str()));
        }
    }
    if let Some(currency) = &event.currency {
        put("currency", json!(currency.code()));
    }
    for (field, value) in kind.fields.iter().zip(&event.fields) {
        if let Some(value) = value {
            put(&field.name, value_json(event, field, value));
        }
    }
    Value::Object(out)
}

fn value_json(event: &Event, field: &Field, value: &FieldValue) -> Value {
    match (value, &field.kind) {
        (FieldValue::Boolean(value), _) => json!(value),
        (FieldValue::Text(text), _) => json!(text),
        (FieldValue::Choice(choice), FieldKind::Choice(values)) => json!(values.get(usize::from(*choice))),
        (FieldValue::Integer(minor), FieldKind::Money(..)) => match event.currency {
            Some(currency) => json!(Money { minor: *minor, currency }.decimal()),
            None => json!(minor),
        },
        (FieldValue::Integer(millis), FieldKind::Timestamp) => {
            json!(Timestamp::from_millis(*millis).to_string())
        }
        (FieldValue::Integer(millis), FieldKind::Duration) => json!(duration_text(Duration(*millis))),
        (FieldValue::Integer(value), FieldKind::Decimal(scale)) => json!(decimal_text(*value, *scale)),
        (FieldValue::Integer(value), _) => json!(value),
        (FieldValue::Choice(_), _) => Value::Null,
    }
}

/// A duration in its largest whole unit: `30m`, `7d`.
pub fn duration_text(duration: Duration) -> String {
    let millis = duration.0;
    let units = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1_000, "s"), (1, "ms")];
    let (unit, name) = units.into_iter().find(|(unit, _)| millis % unit == 0).unwrap_or((1, "ms"));
    format!("{}{name}", millis / unit)
}

fn decimal_text(value: i64, scale: u32) -> String {
    let scale = scale as usize;
    let sign = if value < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", value.unsigned_abs(), width = scale + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale);
    if scale == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

/// The JSON Schema (2020-12) of one event type in the flat form.
pub fn json_schema(kind: &EventType) -> Value {
    let id = json!({"type": "string", "pattern": "^[A-Za-z0-9._:@/-]{1,128}$"});
    let moment = json!({"type": "string", "format": "date-time"});
    let mut properties = Map::new();
    let mut required = vec!["id", "type", "occurred_at"];
    for key in ["id", "source"] {
        properties.insert(key.into(), id.clone());
    }
    properties.insert("type".into(), json!({"const": kind.name}));
    for key in ["occurred_at", "known_at"] {
        properties.insert(key.into(), moment.clone());
    }
    for (role, carried) in [("merchant", kind.merchant), ("buyer", kind.buyer)] {
        if let Some(always) = carried {
            properties.insert(role.into(), id.clone());
            if always {
                required.push(role);
            }
        }
    }
    if kind.has_money() {
        properties.insert("currency".into(), json!({"type": "string", "pattern": "^[A-Z]{3}$"}));
    }
    for field in &kind.fields {
        properties.insert(field.name.clone(), field_schema(field, &id, &moment));
        if field.required {
            required.push(&field.name);
        }
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.title,
        "description": kind.description,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn field_schema(field: &Field, id: &Value, moment: &Value) -> Value {
    let mut schema = match &field.kind {
        FieldKind::Id => id.clone(),
        FieldKind::Text(most) => json!({"type": "string", "maxLength": most}),
        FieldKind::Boolean => json!({"type": "boolean"}),
        FieldKind::Integer(min, max) => json!({"type": "integer", "minimum": min, "maximum": max}),
        FieldKind::Money(min, max) => json!({
            "description": "minor units as an integer, a decimal text, or an object with amount and currency",
            "oneOf": [
                {"type": "integer", "minimum": min, "maximum": max},
                {"type": "string", "pattern": "^-?[0-9]+(\\.[0-9]+)?$"},
                {"type": "object", "properties": {"amount": {"type": "string"}, "currency": {"type": "string"}}, "required": ["amount", "currency"]},
            ],
        }),
        FieldKind::Timestamp => moment.clone(),
        FieldKind::Duration => json!({"type": "string", "pattern": "^[0-9]+(d|h|m|s|ms)$"}),
        FieldKind::Decimal(scale) => {
            json!({"type": "string", "pattern": format!("^-?[0-9]+(\\.[0-9]{{1,{scale}}})?$")})
        }
        FieldKind::Choice(values) => json!({"type": "string", "enum": values}),
        FieldKind::Country => json!({"type": "string", "pattern": "^[A-Z]{2}$"}),
    };
    if let Value::Object(map) = &mut schema {
        map.insert("title".into(), json!(field.title));
        map.insert("x-sensitivity".into(), json!(field.sensitivity));
        map.extend(field.unit.as_ref().map(|unit| ("x-unit".to_owned(), json!(unit))));
    }
    schema
}

/// The page of all types and their fields, in Markdown.
pub fn fields_page(vocabulary: &Vocabulary) -> String {
    let mut out = PAGE_HEAD.to_owned();
    for (_, kind) in vocabulary.iter() {
        out.push_str(&format!("\n## `{}`\n\n{}\n\n{}\n", kind.name, about(kind), kind.description));
        if kind.fields.is_empty() {
            continue;
        }
        out.push_str(
            "\n| field | type | unit | required | sensitivity | meaning |\n|---|---|---|---|---|---|\n",
        );
        for field in &kind.fields {
            let unit = field.unit.as_deref().unwrap_or_default();
            let required = if field.required { "yes" } else { "" };
            let (name, what, title) = (&field.name, kind_text(&field.kind), field.title.replace('|', "\\|"));
            out.push_str(&format!(
                "| `{name}` | {what} | {unit} | {required} | {} | {title} |\n",
                field.sensitivity
            ));
        }
    }
    out
}

const PAGE_HEAD: &str = "\
# Event types and their fields

Written by `probity catalogue events --markdown` from `catalogue/events/`; a test fails when this page is not what it writes.
Why the types are as they are: [event types](events.md). Per type, the same as JSON Schema: `probity catalogue schema TYPE`.

Every event has `id`, `type` and `occurred_at`, and may have `source` and `known_at`; one with money has a `currency`
(ISO 4217). These are left out of the tables. Amounts are kept in minor units of the event's `currency`, durations in
milliseconds (written `90m`, `3d`), moments in UTC.
";

/// Whom an event is about, and what kind of type it is, in one line.
fn about(kind: &EventType) -> String {
    let role = |name: &str, carried: Option<bool>| {
        carried.map(|always| format!("{name} {}", if always { "(required)" } else { "(when known)" }))
    };
    let roles: Vec<String> =
        [role("merchant", kind.merchant), role("buyer", kind.buyer)].into_iter().flatten().collect();
    let nobody = if roles.is_empty() { "nobody by itself".to_owned() } else { roles.join(", ") };
    let adverse = if kind.adverse { "; adverse" } else { "" };
    let derived = if kind.derived { "; written by Probity itself" } else { "" };
    format!("**{}.** About: {nobody}{adverse}{derived}.", kind.title)
}

/// A kind of value in words.
fn kind_text(kind: &FieldKind) -> String {
    let bounds = |min: i64, max: i64, least: i64, most: i64| match (min > least, max < most) {
        (true, true) => format!(", {min} to {max}"),
        (true, false) => format!(", at least {min}"),
        (false, true) => format!(", at most {max}"),
        (false, false) => String::new(),
    };
    match kind {
        FieldKind::Id => "id".into(),
        FieldKind::Text(most) => format!("text, at most {most} bytes"),
        FieldKind::Boolean => "boolean".into(),
        FieldKind::Integer(min, max) => format!("integer{}", bounds(*min, *max, i64::MIN, i64::MAX)),
        FieldKind::Money(min, max) => {
            format!("money{}", bounds(*min, *max, -Money::LARGEST, Money::LARGEST))
        }
        FieldKind::Timestamp => "timestamp".into(),
        FieldKind::Duration => "duration".into(),
        FieldKind::Decimal(scale) => format!("decimal, {scale} digits after the point"),
        FieldKind::Choice(values) => format!("one of `{}`", values.join("`, `")),
        FieldKind::Country => "country, ISO 3166 alpha-2".into(),
    }
}
