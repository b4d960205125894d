//! The report and the model card.

use crate::data::{Stream, batches};
use crate::refused;
use probity_scorecard::report::{self, Named};
use probity_scorecard::validation::Division;
use probity_scorecard::{Error, Sample, Scorecard, Table};
use pyo3::prelude::*;

/// A sample to judge by: a table that holds its target, and its weight where one is named.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Rows {
    name: String,
    table: Stream,
    target: String,
    weight: Option<String>,
}

/// What the report says that no figure knows, and columns by which the last sample is looked at apart.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Asked {
    title: String,
    moment: String,
    purpose: String,
    limits: Vec<String>,
    cut_off: Option<i32>,
    /// The columns that the next three name.
    beside: Option<Stream>,
    time: Option<String>,
    segments: Vec<String>,
    groups: Vec<String>,
}

/// Writes the HTML page, or the model card.
pub(crate) fn write(
    py: Python<'_>,
    card: &Scorecard,
    samples: Vec<Rows>,
    asked: Asked,
    model_card: bool,
) -> PyResult<String> {
    let mut read = Vec::with_capacity(samples.len());
    for rows in samples {
        read.push((rows.name, batches(rows.table)?, rows.target, rows.weight));
    }
    let beside = asked.beside.map(batches).transpose()?;
    let options = report::Options {
        title: asked.title,
        moment: asked.moment,
        purpose: asked.purpose,
        limits: asked.limits,
        cut_off: asked.cut_off,
        ..report::Options::default()
    };
    let work = || {
        let mut scored = Vec::with_capacity(read.len());
        for (name, batches, target, weight) in &read {
            let sample = Sample::try_new(&Table::from_batches(batches)?, target, weight.as_deref())?;
            let scores = card.score(&sample.table)?;
            scored.push((name, sample, scores));
        }
        let mut named: Vec<Named<'_>> =
            scored.iter().map(|(name, sample, scores)| Named::new(name, sample, scores)).collect();
        if let (Some(beside), Some(last)) = (beside, named.last_mut()) {
            let table = Table::from_batches(&beside)?;
            let divided = |names: &[String]| -> Result<Vec<(String, Division)>, Error> {
                names
                    .iter()
                    .map(|name| Ok((name.clone(), Division::of_column(table.column(name)?))))
                    .collect()
            };
            last.segments = divided(&asked.segments)?;
            last.groups = divided(&asked.groups)?;
            if let Some(name) = &asked.time {
                last.periods = Some(Division::periods(table.column(name)?)?);
            }
        }
        match model_card {
            true => report::model_card(card, &named, &options),
            false => report::html(card, &named, &options),
        }
    };
    py.detach(work).map_err(refused)
}
