//! What then happened: of a decision of the past, what the log tells of its order, or of its parties where it had none.
//!
//! Facts are gathered from the log once ([`Gathering`]) and then asked about as often as one likes ([`Hindsight`]). A fact
//! counts when it became known within a window after the decision. What went badly counts no more once it was taken back, be it
//! after the window: for what became of things, unlike for the decision itself, everything known today is used.

mod verdict;
mod facts;
mod judging;
mod gathering;
#[cfg(test)]
mod tests;

pub(super) use gathering::Gathering;
pub(super) use judging::{Hindsight, Matter};
pub use verdict::{Became, Harm, JudgedBy, Verdict};
