//! CloudEvents 1.0, JSON format: the envelope is folded into the flat form.
//!
//! `id`, `source`, `type` and `time` are the specification's; `time` is when the event occurred. The extension attribute
//! `knowntime` is when it was known. `subject` may name the party (`merchant:ID`), `data` holds everything else.
//!
//! A `source` there is a URI-reference and may hold characters that no id does: each of them, and each `@`, becomes `@` and
//! its two hexadecimal digits (`/shop?eu` is `/shop@3Feu`). A source without such characters stays as it is, unless it holds
//! `@` before two such digits; so no two sources become one.

use super::fact::Party;
use super::flat::{Cell, Flat};
use probity_primitives::{Code, Problem};
use std::borrow::Cow;

/// The code of an envelope that is not a CloudEvent.
pub const CLOUDEVENTS_INVALID: Code = Code::new("cloudevents-invalid");

/// Folds a structured CloudEvent into the flat form.
///
/// # Errors
/// `cloudevents-invalid` for another version, unknown attributes, data that is not an object, or keys that stand in both.
pub fn flatten(mut envelope: Flat<'_>) -> Result<Flat<'_>, Problem> {
    let refuse = |at: &str, detail: &str| Err(Problem::new(CLOUDEVENTS_INVALID, detail).at(at));
    match envelope.take("specversion") {
        Some(Cell::Text(version)) if version == "1.0" => {}
        _ => return refuse("/specversion", "specversion must be \"1.0\""),
    }
    match envelope.take("datacontenttype") {
        None | Some(Cell::Null) => {}
        Some(Cell::Text(kind)) if kind.starts_with("application/json") => {}
        Some(_) => return refuse("/datacontenttype", "only application/json is understood"),
    }
    envelope.take("dataschema");
    let mut flat = match envelope.take("data") {
        None | Some(Cell::Null) => Flat::default(),
        Some(Cell::Object(data)) => data,
        Some(_) => return refuse("/data", "data is a JSON object"),
    };
    for key in ["id", "source", "type", "occurred_at", "known_at"] {
        if flat.get(key).is_some() {
            return refuse(&format!("/data/{key}"), "belongs to the envelope, not to data");
        }
    }
    if let Some(Cell::Text(subject)) = envelope.take("subject") {
        let Some(party) = Party::parse(&subject) else {
            return refuse("/subject", "a subject is merchant:ID or buyer:ID");
        };
        let role = party.role.as_str();
        match flat.get(role) {
            None => flat.pairs.push((Cow::Borrowed(role), Cell::Text(party.id.as_str().to_owned().into()))),
            Some(Cell::Text(same)) if *same == party.id.as_str() => {}
            Some(_) => return refuse("/subject", "names another party than data"),
        }
    }
    for (attribute, key) in [
        ("id", "id"),
        ("source", "source"),
        ("type", "type"),
        ("time", "occurred_at"),
        ("knowntime", "known_at"),
    ] {
        if let Some(cell) = envelope.take(attribute) {
            let cell = match cell {
                Cell::Text(uri) if attribute == "source" => Cell::Text(source_of(uri)),
                other => other,
            };
            flat.pairs.push((Cow::Borrowed(key), cell));
        }
    }
    match envelope.pairs.first() {
        None => Ok(flat),
        Some((name, _)) => {
            let detail =
                format!("the attribute '{}' is not understood", probity_primitives::problem::shown(name));
            Err(Problem::new(CLOUDEVENTS_INVALID, detail).hint("extension attributes: knowntime"))
        }
    }
}

/// The source that stands for a URI-reference. What is none stays as it is and is refused as an id.
fn source_of(uri: Cow<'_, str>) -> Cow<'_, str> {
    let only_in_uris = |b: &u8| {
        matches!(
            b,
            b'~' | b'?' | b'#' | b'[' | b']' | b'!' | b'$' | b'&' | b'\'' | b'('..=b',' | b';' | b'=' | b'%'
        )
    };
    let in_ids = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b':' | b'@' | b'-' | b'/');
    let digit = |b: &u8| b.is_ascii_digit() || (b'A'..=b'F').contains(b);
    let bytes = uri.as_bytes();
    let looks_written_so =
        bytes.windows(3).any(|three| matches!(three, [b'@', a, b] if digit(a) && digit(b)));
    let written = bytes.iter().any(only_in_uris) || looks_written_so;
    if !written || !bytes.iter().all(|b| in_ids(b) || only_in_uris(b)) {
        return uri;
    }
    let mut out = String::with_capacity(uri.len() + 8);
    for c in uri.chars() {
        if c == '@' || !in_ids(&(c as u8)) {
            out.push_str(&format!("@{:02X}", c as u8));
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_reference_becomes_a_source_and_no_two_become_one() {
        let cases = [
            ("/shop", "/shop"),
            ("https://shop.example/eu", "https://shop.example/eu"),
            ("mailto:a@shop.example", "mailto:a@shop.example"),
            ("/shop?eu", "/shop@3Feu"),
            ("/shop@3Feu", "/shop@403Feu"),
            ("/shop@3feu", "/shop@3feu"),
            ("a@b?c", "a@40b@3Fc"),
            ("/a%20b#c", "/a@2520b@23c"),
            // No URI-reference; refused as an id.
            ("a b?", "a b?"),
            ("ü?", "ü?"),
        ];
        for (uri, source) in cases {
            assert_eq!(source_of(Cow::Borrowed(uri)), source);
        }
    }
}
