//! A simulated marketplace under the real pipeline: events become indicators, scores and tiers with the very code that runs
//! live, in memory alone, and the tiers say who may trade and what badge buyers see.

mod translate;
mod books;
mod policy;
mod sanctioned;
mod answers;
mod told;
mod platform;
mod runs;
#[cfg(test)]
mod tests;

pub use policy::{Policy, Scoring};
pub use runs::{RehearseProgress, Rehearsed, Worlds};
pub(super) use told::Trade;
pub use told::{Lived, Reviewed, Totals, Watched};

pub(super) use runs::rehearse;
