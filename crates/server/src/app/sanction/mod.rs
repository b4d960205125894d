//! Sanctions: proposed by one person and approved by another, or started by a rule; appealed, answered, lifted, over.
//!
//! Every step is an event, and what a party may do follows from the events alone. A step is checked and written under one
//! lock, and its events are one batch: a cluster is sanctioned as a whole or not at all.

mod asked;
mod course;
mod read;
mod effects;
mod step;
mod start;
mod propose;
mod appeal;
mod rule;
mod outbox;
#[cfg(test)]
mod tests;

pub use appeal::{Appeal, Ending};
pub use course::SanctionShown;
pub use outbox::{Notice, NoticePage};
pub use propose::{Approval, Proposal};
pub use read::{SanctionFile, SanctionsOf, StandingShown};
pub use rule::RuleStart;
