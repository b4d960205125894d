//! Sanctions: limits, suspensions and terminations. Events say when one starts and ends; what a party may do at a moment
//! follows from them alone.

mod kind;
mod notice;
mod standing;
mod stored;
#[cfg(test)]
mod tests;

pub use kind::{Ground, Sanction};
pub use notice::{NOTICES_INVALID, Notices, Procedure};
pub use standing::{Imposed, SanctionTypes, Sanctions, Standing};
