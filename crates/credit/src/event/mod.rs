//! Events: facts with an id, a type, when they occurred and when they were known.
//!
//! The vocabulary is data (`catalogue/events/`); nothing here knows one type from another but by its declaration.

mod card_number;
mod schema;
mod fact;
mod flat;
mod intake;
mod cloudevents;
mod codec;
mod rates;
mod row;
mod publish;
mod mark;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use card_number::{CARD_NUMBER, holds_card_number, may_hold_card_number, without_card_numbers};
pub use cloudevents::{CLOUDEVENTS_INVALID, flatten as flatten_cloudevent};
pub use codec::{Codec, DECODE, Symbols};
pub use fact::{Event, FieldValue, Party, Role, key_of};
pub use flat::{Cell, EVENT_JSON, Flat};
pub use intake::{Arrival, SKEW};
pub use mark::{Mark, MarkTypes, Marking, standing, stands_at};
pub use publish::{duration_text, fields_page, json_schema, to_json};
pub use rates::Rates;
pub use row::{Envelope, Place, Placed, Placing};
pub use schema::{EventType, Field, FieldKind, Prohibited, TypeIndex, Vocabulary};
