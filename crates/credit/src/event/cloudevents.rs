//! CloudEvents 1.0, JSON format: the envelope is folded into the flat form.
//!
//! `id`, `source`, `type` and `time` are the specification's; `time` is when the event occurred. The extension attribute
//! `knowntime` is when it was known. `subject` may name the party (`merchant:ID`), `data` holds everything else.

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
