//! From a training set to a scorecard of the catalogue, and what is known of it afterwards.
//!
//! A training set ([`super::dataset`]) → [`train`]: fitted on its early moments, judged on its late ones → [`validate`] and
//! [`compare_cards`] on any other set → [`Probity::approve_card`] by two persons, through the change control that there is →
//! [`monitor`], when it is in force, and [`Probity::stability`] in a running server. Everything is measured on the scores that the card would have given, gates and
//! ends of the scale included, and by the code that gives them live.

mod rows;
mod judging;
mod measures;
mod drift;
mod vintages;
mod bridge;
mod fitting;
mod writing;
mod train;
mod validate;
mod pages;
mod compare;
mod approve;
mod answered;
mod present;
mod monitor;
mod live;
#[cfg(test)]
mod tests;

pub use answered::OutcomeCount;
pub use approve::{Approved, Step};
pub use compare::{Compared, MovedRow, SwapRow, compare_cards};
pub use drift::{Alarm, Drifted};
pub use judging::CardShown;
pub use live::Stability;
pub use measures::{Interval, Paired, Performance};
pub use monitor::{MonitorOptions, Monitored, monitor};
pub use pages::{CardPages, card_report};
pub use rows::DatasetShown;
pub use train::{LeftColumn, TermRow, TrainOptions, Trained, TriedRow, train};
pub use validate::{LeakShown, ScoreColumn, TrendShown, ValidateOptions, Validated, validate};
pub use vintages::PartRow;
