//! From what was sent to what the keeper takes: pure work that any thread may do ahead.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Codec, Event};
use probity_credit::indicator::Contributions;
use probity_expression::Faults;

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
}

impl Prepared {
    /// Computes what can be computed ahead.
    pub fn of(catalogue: &Catalogue, codec: &Codec, event: Event, faults: &mut Faults) -> Self {
        let contributions =
            catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, &event, faults);
        Self { key: event.key(), body: codec.encode(&event), contributions, event }
    }
}
