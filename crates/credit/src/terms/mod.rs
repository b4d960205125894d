//! Terms: what a tier grants. Published, and uniform within a tier.

mod definition;
#[cfg(test)]
mod tests;

pub use definition::{TERMS_INVALID, Terms, TierTerms};
