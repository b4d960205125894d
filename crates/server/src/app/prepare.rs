//! From what was sent to what the keeper takes: pure work that any thread may do ahead.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Codec, Event, Flat};
use probity_credit::indicator::Contributions;
use probity_credit::order::DERIVED_SOURCE;
use probity_expression::Faults;
use probity_primitives::{Code, Problem, Timestamp};
use std::sync::Arc;

const EVENT_DERIVED: Code = Code::new("event-derived");

/// Where an input stands, for whoever has to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A file's name, a table, an endpoint.
    pub source: Arc<str>,
    /// Line, row or item there, from 1; 0 when the whole is meant.
    pub line: u64,
    /// It is met there again when the same is read again: what is set aside from there is kept once.
    pub lasting: bool,
}

/// An event with everything that can be computed without knowing what stands.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// The event.
    pub event: Event,
    /// Its key in the log.
    pub key: [u8; 16],
    /// Its bytes in the log.
    pub body: Vec<u8>,
    /// What it adds to indicators.
    pub contributions: Contributions,
    /// Where it stood, when that is known.
    pub place: Option<Place>,
}

impl Prepared {
    /// Computes what can be computed ahead.
    pub fn of(catalogue: &Catalogue, codec: &Codec, event: Event, faults: &mut Faults) -> Self {
        let contributions =
            catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, &event, faults);
        Self { key: event.key(), body: codec.encode(&event), contributions, event, place: None }
    }
}

/// Makes an event of what others sent. Nobody else speaks in Probity's own name.
pub(super) fn event_of(
    catalogue: &Catalogue,
    flat: Flat<'_>,
    source: &str,
    arrival: Arrival,
    now: Timestamp,
) -> Result<Event, Vec<Problem>> {
    let event = catalogue.vocabulary.event_from_outside(flat, source, arrival, now, &catalogue.rates)?;
    let kind = catalogue.vocabulary.get(event.kind);
    if event.source.as_str() == DERIVED_SOURCE || event.text(kind, "target_source") == Some(DERIVED_SOURCE) {
        let detail = format!("the source '{DERIVED_SOURCE}' is Probity's own");
        return Err(vec![Problem::new(EVENT_DERIVED, detail).at("/source")]);
    }
    Ok(event)
}
