//! The pure pipeline of Probity: **event → order → indicator → score → tier → policy → decision**, and the labels that say
//! what became of a party.
//!
//! No I/O, no clock, no async, no randomness: time is an argument. So the same code runs live, in a replay, in a test.
//! The modules stand in the order of the flow; a module names only modules above it.

pub mod source;
pub mod event;
pub mod order;
pub mod indicator;
pub mod score;
pub mod tier;
pub mod terms;
pub mod sanction;
pub mod exposure;
pub mod policy;
pub mod decision;
pub mod label;
pub mod catalogue;
