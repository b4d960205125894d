//! Tiers: named bands of the score, with hysteresis so that a small fall does not move a party to and fro.

pub mod definition;
pub mod assign;

#[cfg(test)]
mod tests;

pub use assign::{GivenBy, TierGiven, assign};
pub use definition::{TIERS_INVALID, Tier, Tiers};
