//! What is known of a scorecard, to be looked at: one HTML file with pictures, and a model card in Markdown.
//!
//! Both are the same text for the same input on every machine: nothing is read, not even a clock. The HTML file is complete
//! in itself; it asks for no script, font or picture from elsewhere, and every name and value from the data is escaped.

mod text;
mod facts;
mod warnings;
mod svg;
mod charts;
mod tables;
mod terms;
mod page;
mod model_card;
#[cfg(test)]
mod tests;

use crate::card::Scored;
use crate::validation::{Division, Limits, Shape};
use crate::{Error, Sample, Scorecard};

/// A sample that a card has scored.
#[derive(Debug, Clone)]
pub struct Named<'a> {
    /// What it is called: `fit`, `test`, `2024`.
    pub name: &'a str,
    /// Its rows.
    pub sample: &'a Sample,
    /// What the card gives them, in their order.
    pub scored: &'a [Scored],
    /// When each row was observed, if that is known.
    pub periods: Option<Division>,
    /// Segments to look at apart, by name.
    pub segments: Vec<(String, Division)>,
    /// Groups of people, by name, where the regime lets them be held.
    pub groups: Vec<(String, Division)>,
}

impl<'a> Named<'a> {
    /// A sample without periods, segments and groups.
    pub fn new(name: &'a str, sample: &'a Sample, scored: &'a [Scored]) -> Self {
        Named { name, sample, scored, periods: None, segments: Vec::new(), groups: Vec::new() }
    }
}

/// What a report says that no figure knows.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Its title; empty: the card's name.
    pub title: String,
    /// When it was made, as it is to stand there; empty: not said.
    pub moment: String,
    /// What the card is for, and what not.
    pub purpose: String,
    /// What is known to limit it, a sentence each.
    pub limits: Vec<String>,
    /// The lowest score that is approved. None: where good and bad rows of the last sample lie furthest apart.
    pub cut_off: Option<i32>,
    /// Trends that the card is said to keep.
    pub trends: Vec<(String, Shape)>,
    /// From where on a column is suspicious of knowing the future.
    pub leakage: Limits,
    /// Provenance beside the card's own: hashes, versions.
    pub provenance: Vec<(String, String)>,
}

/// The report as one HTML file. The first sample is the one that others are held against (what the card was fitted on), the
/// last the one by which the card is judged; they may be the same.
///
/// # Errors
/// When there is no sample, two are of the same name, one has not a score for each row or cannot be measured (it lacks good
/// or bad rows, or a column that the card reads), or a trend is stated of a characteristic that can have none.
pub fn html(card: &Scorecard, samples: &[Named<'_>], options: &Options) -> Result<String, Error> {
    Ok(page::page(&facts::Facts::new(card, samples, options)?))
}

/// The model card in Markdown: purpose, data, method, performance, stability, fairness, limits and provenance. Samples as
/// for [`html`].
///
/// # Errors
/// As those of [`html`].
pub fn model_card(card: &Scorecard, samples: &[Named<'_>], options: &Options) -> Result<String, Error> {
    Ok(model_card::model_card(&facts::Facts::new(card, samples, options)?))
}
