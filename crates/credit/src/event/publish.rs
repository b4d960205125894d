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

fn duration_text(duration: Duration) -> String {
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
    }
    schema
}
