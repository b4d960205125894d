//! Decisions: policy, tier terms and exposure together give the answer to a request, with its reasons.
//!
//! [`rule`] makes the answer; [`Record`] is everything it was made of, as it goes into the log, and makes it again.

mod ruling;
mod record;
mod arm;
mod again;
#[cfg(test)]
mod tests;

pub use arm::{Arm, Split};
pub use record::{DECISION_UNREADABLE, InTrial, Input, Record, SideSeen, Versions};
pub use ruling::{Granted, PartyLimits, Ruling, Sanctioning, Told, Whence, rule};
