//! What everything else is written in, and nothing of commerce: no party, no order, no score.
//!
//! The modules stand in the order in which they build on each other; a module names only modules above it.

pub mod problem;
pub mod wire;
pub mod digest;
pub mod id;
pub mod time;
pub mod money;
pub mod ratio;

pub use digest::Digest;
pub use id::ExternalId;
pub use money::{Currency, Money};
pub use problem::{Code, Problem};
pub use ratio::BasisPoints;
pub use time::{Day, Duration, Timestamp};
