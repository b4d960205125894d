//! Scorecards from data, and nothing of commerce: a table with a target goes in, a scorecard that people can read comes out.
//!
//! The way through, in the order of the modules: a [`table`] of columns → a [`sample`] (its rows with target and weight) →
//! [`bins`] for each column → contributions to the log-odds → a [`card`] with points, which scores any other table →
//! [`validation`] of what it says → a [`report`] to be looked at. [`woe`] goes the whole way for the classical scorecard,
//! [`additive`] for a model with pairs of columns, and [`fit`] for whichever is asked for; [`explain`] tells why a row has
//! its score.
//!
//! Everything here is a pure function: no files, no clock, no randomness but a seed that is passed in, and the same digits
//! for the same input on every machine.

mod error;
mod dice;
pub mod table;
pub mod sample;
pub mod bins;
pub mod scale;
pub mod card;
pub mod explain;
pub mod format;
pub mod validation;
pub mod binning;
pub mod logistic;
pub mod points;
pub mod woe;
pub mod additive;
pub mod calibration;
pub mod reject;
pub mod fit;
pub mod report;

pub use card::Scorecard;
pub use error::Error;
pub use sample::Sample;
pub use table::Table;
