//! Scorecards from data, and nothing of commerce: a table with a target goes in, a scorecard that people can read comes out.
//!
//! The way through, in the order of the modules: a [`table`] of columns → a [`sample`] (its rows with target and weight) →
//! [`bins`] for each column → contributions to the log-odds → a [`card`] with points, which scores any other table.
//! [`woe`] goes the whole way for the classical scorecard, [`additive`] for one with pairs that is as accurate as boosted trees; [`explain`] tells why a row has its score.
//!
//! Everything here is a pure function: no files, no clock, no randomness but a seed that is passed in, and the same digits
//! for the same input on every machine.

mod error;
pub mod table;
pub mod sample;
pub mod bins;
pub mod scale;
pub mod card;
pub mod explain;
pub mod binning;
pub mod logistic;
pub mod points;
pub mod woe;
pub mod additive;

pub use card::Scorecard;
pub use error::Error;
pub use sample::Sample;
pub use table::Table;
