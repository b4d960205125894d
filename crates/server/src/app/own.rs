//! Events in Probity's own name.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Event, FieldKind, FieldValue};
use probity_credit::order::DERIVED_SOURCE;
use probity_primitives::{ExternalId, Timestamp};

/// An event of Probity's own about nobody yet; `None` when the catalogue does not declare the type or a field of it.
pub(super) fn own_event(
    catalogue: &Catalogue,
    kind: &str,
    id: &str,
    at: Timestamp,
    fields: &[(&str, FieldValue)],
) -> Option<Event> {
    let vocabulary = &catalogue.vocabulary;
    let index = vocabulary.find(kind)?;
    let declared = vocabulary.get(index);
    let mut values = vec![None; declared.fields.len()];
    for (name, value) in fields {
        // A catalogue of somebody's own may be older than the field.
        let Some(place) = declared.field(name) else {
            if *name == "catalogue" { continue } else { return None }
        };
        let value = match (value, declared.fields.get(place).map(|field| &field.kind)) {
            (FieldValue::Text(text), Some(FieldKind::Choice(words))) => {
                FieldValue::Choice(u16::try_from(words.iter().position(|word| **word == **text)?).ok()?)
            }
            _ => value.clone(),
        };
        if let Some(slot) = values.get_mut(place) {
            *slot = Some(value);
        }
    }
    Some(Event {
        id: ExternalId::try_new(id).ok()?,
        source: ExternalId::try_new(DERIVED_SOURCE).ok()?,
        kind: index,
        occurred_at: at,
        known_at: at,
        known_given: true,
        merchant: None,
        buyer: None,
        currency: None,
        fields: values,
    })
}

/// True for events that tell of an answer: they feed no score and make nobody known.
pub(super) fn is_answer(catalogue: &Catalogue, event: &Event) -> bool {
    let name = catalogue.vocabulary.get(event.kind).name.as_str();
    matches!(name, "decision.made" | "decision.closed" | "decision.shadowed")
}
