//! Set-aside inputs once more: what can be taken now goes in and is set aside no longer.

use super::files::cell_of;
use super::{ImportProgress, Stage};
use crate::app::aside::MOST_KEPT;
use crate::app::error::AppError;
use crate::app::open::Probity;
use crate::app::outcome::{Outcome, Settling};
use crate::app::prepare::{Place, Prepared};
use crate::app::taking::EVENT_ID_REUSED;
use probity_credit::event::{Arrival, Flat, flatten_cloudevent};
use probity_intake::Item;
use probity_intake::csv::CsvReader;
use probity_intake::source::stream;
use probity_primitives::Problem;
use probity_store::{Reader, SetAside};
use serde::Serialize;
use std::io::Cursor;

/// Inputs tried at a time.
const AT_ONCE: usize = 1_000;
/// What the place of an input of the HTTP interface begins with.
const REQUEST: &str = "POST ";

/// What became of everything that lay aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Retried {
    /// Inputs that lay aside.
    pub tried: u64,
    /// Events taken now.
    pub taken: u64,
    /// Events that the log held already.
    pub duplicates: u64,
    /// Refused once more.
    pub refused: u64,
    /// Of which nothing is kept that could be tried.
    pub without_content: u64,
    /// Still set aside.
    pub left: u64,
}

impl Probity {
    /// Tries every set-aside input again whose content is kept. Those that the log holds afterwards are set aside no longer.
    ///
    /// # Errors
    /// Those of the store.
    pub fn retry_set_aside(&self, progress: ImportProgress<'_>) -> Result<Retried, AppError> {
        let begun = self.clock.now();
        let mut report = Retried::default();
        let mut after = 0;
        loop {
            let page = self.with_reader(|reader| Ok(reader.set_asides(after, AT_ONCE)?))?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            // What is set aside meanwhile, because it contradicts what stands, is not tried once more.
            let before = page.into_iter().filter(|(_, item)| item.at < begun).collect();
            self.retry_some(before, &mut report)?;
            progress(Stage::Taking, report.tried, report.tried);
        }
        report.left = report.tried - report.taken - report.duplicates;
        if report.taken + report.duplicates > 0 {
            self.conclude(progress)?;
        }
        Ok(report)
    }

    fn retry_some(&self, page: Vec<(u64, SetAside)>, report: &mut Retried) -> Result<(), AppError> {
        report.tried += page.len() as u64;
        let mut ready = Vec::new();
        let mut tried = Vec::new();
        for (number, item) in page {
            // A content that was cut is not what was sent.
            if item.content.is_empty() || item.content.len() >= MOST_KEPT {
                report.without_content += 1;
                continue;
            }
            // What its id stands for stays in the log.
            if item.code == EVENT_ID_REUSED.as_str() {
                report.refused += 1;
                continue;
            }
            match self.prepare_again(&item) {
                Ok(prepared) => {
                    ready.push(prepared);
                    tried.push((number, item));
                }
                Err(_) => report.refused += 1,
            }
        }
        let outcomes = self.take_and_wait(ready, Settling::Later)?;
        let mut done = Vec::new();
        for (entry, outcome) in tried.into_iter().zip(outcomes) {
            match outcome {
                Outcome::Taken(_) => report.taken += 1,
                Outcome::Duplicate(_) => report.duplicates += 1,
                // The keeper has set it aside anew, for that reason.
                Outcome::Conflict(..) | Outcome::Refused(_) => report.refused += 1,
            }
            done.push(entry);
        }
        if done.is_empty() { Ok(()) } else { self.drop_set_aside(done) }
    }

    fn prepare_again(&self, item: &SetAside) -> Result<Prepared, Vec<Problem>> {
        // What came as it happened is known now; a past that came in files was known when it occurred.
        let live = item.source.starts_with(REQUEST) && !item.source.contains("arrival=history");
        let arrival = if live { Arrival::Live } else { Arrival::History };
        let place = Place { source: item.source.as_str().into(), line: item.line, lasting: true };
        let alone = |problem: Problem| vec![problem];
        if item.content.first() == Some(&b'{') {
            let mut flat = Flat::from_json(&item.content).map_err(alone)?;
            if flat.get("specversion").is_some() {
                flat = flatten_cloudevent(flat).map_err(alone)?;
            }
            return Ok(Prepared { place: Some(place), ..self.prepare(flat, "", arrival)? });
        }
        let (bytes, _) = stream(Cursor::new(item.content.clone()), false);
        let mut reader = CsvReader::new(bytes, &item.source, b',').map_err(alone)?;
        let columns = reader.columns().to_vec();
        match reader.read().map_err(alone)? {
            Some(Item::Row(row)) => {
                let flat = Flat::from_row(&columns, row.cells().map(cell_of));
                Ok(Prepared { place: Some(place), ..self.prepare(flat, "", arrival)? })
            }
            _ => Err(Vec::new()),
        }
    }
}
