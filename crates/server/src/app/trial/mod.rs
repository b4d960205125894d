//! Trials: a proposed catalogue, the challenger, beside the one in force. In shadow it answers every request without effect;
//! in a split it answers for a share of the parties.
//!
//! Which trial runs and what came of it follows from the log: from the steps of change control, and from what the events of
//! decisions say of their part in it. The keeper follows both, so a decision has a part in a trial exactly when its row
//! stands between the step that began the trial and the one that ended it.

mod tally;
mod running;
mod challenger;
mod keeping;
#[cfg(test)]
mod tests;

pub(super) use challenger::Challenger;
pub(super) use keeping::{DecisionCounts, Trying, check_fit};
pub(super) use running::Trials;
pub(super) use tally::{DIFFERENT, FAILED, SAME, SHADOWED};
pub(super) use tally::{Tally, Trial};
