//! The pure way from facts to a standing: event → indicator → score → tier.
//!
//! No input or output, no clock, no randomness; the modules stand in the order in which they build on each other.

pub mod score;
pub mod tier;
