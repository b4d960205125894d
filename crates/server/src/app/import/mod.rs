//! Importing: files of flat events, or foreign tables through a mapping. Every row ends as taken, known before, or set
//! aside with its line and reason.

mod files;
mod mapped;

use super::error::AppError;
use super::keeper::{Outcome, Settling};
use super::open::Probity;
use super::prepare::Prepared;
use probity_primitives::{Problem, Timestamp};
use probity_store::SetAside;
use serde::Serialize;
use std::collections::{BTreeMap, VecDeque};
use tokio::sync::oneshot;

/// Events handed to the keeper at a time.
const AT_ONCE: usize = 4_096;
/// Batches that may wait for the keeper.
const AHEAD: usize = 3;
/// Set-aside rows handed to the keeper at a time.
const ASIDE_AT_ONCE: usize = 500;
/// Set-aside rows that a report shows.
const SHOWN: usize = 20;

/// What to import, and how.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Name of a mapping of the catalogue, or path of a mapping file.
    pub mapping: Option<String>,
    /// Source of events that name none.
    pub source: Option<String>,
    /// Only say what would be taken and set aside.
    pub dry_run: bool,
}

/// A row that was set aside, as a report shows it.
#[derive(Debug, Clone, Serialize)]
pub struct AsideShown {
    /// File or table.
    pub source: String,
    /// Line or row.
    pub line: u64,
    /// Code of the reason.
    pub code: String,
    /// The reason.
    pub reason: String,
}

/// What became of each table of a mapping.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TableCount {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that events account for.
    pub imported: u64,
    /// Rows set aside.
    pub set_aside: u64,
}

/// What became of everything.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Imported {
    /// Nothing was stored.
    pub dry_run: bool,
    /// Rows read (flat files) or events made (mappings).
    pub rows: u64,
    /// Events taken.
    pub taken: u64,
    /// Events that were known before.
    pub duplicates: u64,
    /// Rows set aside.
    pub set_aside: u64,
    /// Set aside by code.
    pub reasons: BTreeMap<String, u64>,
    /// The first few, with line and reason.
    pub first_set_aside: Vec<AsideShown>,
    /// Per table of a mapping.
    pub tables: BTreeMap<String, TableCount>,
    /// Orders whose timers went off.
    pub settled_orders: u64,
    /// Scores put on record.
    pub scores_recorded: u64,
    /// Seconds it took to take the events.
    pub seconds: f64,
    /// Seconds that settling and recording took after that.
    pub seconds_after: f64,
}

/// Told while it goes on: what is done, of how much, in which unit.
pub type ImportProgress<'a> = &'a mut dyn FnMut(Stage, u64, u64);

/// What an import is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Reading foreign tables; bytes.
    Staging,
    /// Taking events; bytes of the file, or events.
    Taking,
    /// Letting timers go off.
    Settling,
    /// Putting scores on record; parties.
    Recording,
}

/// Where events and set-aside rows go during an import.
struct Sink<'a> {
    probity: &'a Probity,
    report: Imported,
    waiting: Vec<Prepared>,
    /// Rows that each waiting event stands for, for the answer.
    ahead: VecDeque<oneshot::Receiver<Result<Vec<Outcome>, AppError>>>,
    aside: Vec<SetAside>,
    /// What became of events, in the order in which they were given; only kept when asked for.
    fates: Option<Vec<bool>>,
}

impl<'a> Sink<'a> {
    fn new(probity: &'a Probity, dry_run: bool) -> Self {
        let report = Imported { dry_run, ..Imported::default() };
        Self {
            probity,
            report,
            waiting: Vec::with_capacity(AT_ONCE),
            ahead: VecDeque::new(),
            aside: Vec::new(),
            fates: None,
        }
    }

    fn give(&mut self, event: Prepared) -> Result<(), AppError> {
        if self.report.dry_run {
            self.report.taken += 1;
            self.fates.iter_mut().for_each(|fates| fates.push(true));
            return Ok(());
        }
        self.waiting.push(event);
        if self.waiting.len() >= AT_ONCE { self.hand_over() } else { Ok(()) }
    }

    fn hand_over(&mut self) -> Result<(), AppError> {
        if !self.waiting.is_empty() {
            let items = std::mem::replace(&mut self.waiting, Vec::with_capacity(AT_ONCE));
            self.ahead.push_back(self.probity.take_later(items, Settling::Later)?);
        }
        while self.ahead.len() > AHEAD {
            self.await_one()?;
        }
        Ok(())
    }

    fn await_one(&mut self) -> Result<(), AppError> {
        let Some(answer) = self.ahead.pop_front() else { return Ok(()) };
        let outcomes = answer.blocking_recv().map_err(|_| AppError::internal("the keeper has ended"))??;
        for outcome in outcomes {
            let good = !matches!(outcome, Outcome::Conflict(..) | Outcome::Refused(_));
            match outcome {
                Outcome::Taken(_) => self.report.taken += 1,
                Outcome::Duplicate(_) => self.report.duplicates += 1,
                // The keeper has set these aside already.
                Outcome::Conflict(row, problem) => self.count_aside("log row", row, &problem),
                Outcome::Refused(problem) => self.count_aside("log row", 0, &problem),
            }
            self.fates.iter_mut().for_each(|fates| fates.push(good));
        }
        Ok(())
    }

    fn count_aside(&mut self, source: &str, line: u64, problem: &Problem) {
        self.report.set_aside += 1;
        *self.report.reasons.entry(problem.code.to_string()).or_default() += 1;
        self.show(source, line, problem.code.as_str(), &problem.to_string());
    }

    fn show(&mut self, source: &str, line: u64, code: &str, reason: &str) {
        if self.report.first_set_aside.len() < SHOWN {
            let shown = AsideShown { source: source.into(), line, code: code.into(), reason: reason.into() };
            self.report.first_set_aside.push(shown);
        }
    }

    fn set_aside(
        &mut self,
        source: &str,
        line: u64,
        problem: &Problem,
        content: &[u8],
    ) -> Result<(), AppError> {
        self.count_aside(source, line, problem);
        self.keep_aside(source, line, problem.code.as_str(), &problem.to_string(), content)
    }

    fn keep_aside(
        &mut self,
        source: &str,
        line: u64,
        code: &str,
        reason: &str,
        content: &[u8],
    ) -> Result<(), AppError> {
        if self.report.dry_run {
            return Ok(());
        }
        let at = self.probity.clock.now();
        self.aside.push(SetAside {
            source: source.into(),
            line,
            code: code.into(),
            reason: reason.into(),
            content: content.to_vec(),
            at,
        });
        if self.aside.len() >= ASIDE_AT_ONCE {
            self.probity.set_aside_and_wait(std::mem::take(&mut self.aside))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), AppError> {
        self.hand_over()?;
        while !self.ahead.is_empty() {
            self.await_one()?;
        }
        if self.aside.is_empty() {
            Ok(())
        } else {
            self.probity.set_aside_and_wait(std::mem::take(&mut self.aside))
        }
    }
}

impl Probity {
    /// Imports files of flat events, or a folder of foreign tables through a mapping. At the end timers go off that fell
    /// due meanwhile, and scores are recorded for the months that the history covers.
    ///
    /// # Errors
    /// When a file cannot be read at all, a mapping is wrong, or the store fails. What was taken before stays taken; the
    /// same import can be run again and takes the rest.
    pub fn import(
        &self,
        paths: &[std::path::PathBuf],
        options: &ImportOptions,
        progress: ImportProgress<'_>,
    ) -> Result<Imported, AppError> {
        let begun = self.clock.now();
        let mut sink = Sink::new(self, options.dry_run);
        match &options.mapping {
            None => files::import(&mut sink, paths, options, progress)?,
            Some(mapping) => {
                for path in paths {
                    mapped::import(&mut sink, path, mapping, options, progress)?;
                }
            }
        }
        sink.finish()?;
        let mut report = sink.report;
        let seconds = |from: Timestamp| self.clock.now().since(from).0 as f64 / 1_000.0;
        report.seconds = seconds(begun);
        // Also when all was known before: the import that took it may have been cut off before this point.
        if !options.dry_run && report.taken + report.duplicates > 0 {
            let after = self.clock.now();
            progress(Stage::Settling, 0, 1);
            report.settled_orders = self.settle_and_wait()?;
            // Up to now, as a server would have done month by month: what a history says must not depend on who took it in.
            report.scores_recorded =
                self.record_scores(self.clock.now(), &mut |done, of| progress(Stage::Recording, done, of))?;
            self.checkpoint_and_wait()?;
            report.seconds_after = seconds(after);
        }
        Ok(report)
    }
}
