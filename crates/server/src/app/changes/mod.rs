//! Change control: draft → tested → approved by a second person → live → retired.
//!
//! Everything is an event in the log, under ids that count up, so that the history of changes is found without reading
//! anything else, is chained with the rest, and goes wherever the log goes. The running process keeps the catalogue that it
//! was opened with; what was activated counts from the next start on. A trial of a proposed one begins and ends at once.

mod history;
mod difference;
mod steps;
mod trial;
#[cfg(test)]
mod tests;

pub use difference::{FileChange, difference};
pub use history::{
    APPROVAL_HOURS, ActivatedCatalogue, Change, ChangeState, Changed, activated, change_texts, changes,
};
pub(super) use history::{state_of, step_id};
pub use steps::{Activation, ProposedCatalogue};
