//! Scorecards: base points plus points per attribute give a score, its dimensions, its reasons.
//!
//! Definition (TOML) + indicator values → pure function → [`compute::Scored`], and with the whole trace
//! [`explain::Explanation`].

pub mod scale;
pub(crate) mod findings;
pub mod fitted;
pub mod definition;
mod shape;
mod parse;
pub mod compute;
mod reasons;
mod outlook;
pub mod explain;

#[cfg(test)]
mod tests;

pub use compute::{Chosen, DimensionScore, Scored};
pub use definition::Scorecard;
pub use explain::{Explanation, Naming};
pub use fitted::{Fitted, HeldOut, Training};
pub use parse::SCORECARD_INVALID;
pub use scale::Scale;
