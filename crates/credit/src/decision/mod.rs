//! Decisions: policy, tier terms and exposure together give the answer to a request, with its reasons.
//!
//! [`rule`] makes the answer; [`Record`] is everything it was made of, as it goes into the log, and makes it again.

mod ruling;
mod record;
mod again;
#[cfg(test)]
mod tests;

pub use record::{DECISION_UNREADABLE, Input, Record, SideSeen, Versions};
pub use ruling::{Granted, PartyLimits, Ruling, Sanctioning, Told, Whence, rule};
