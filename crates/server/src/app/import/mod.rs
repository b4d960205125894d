//! Importing: files of flat events, or foreign tables through a mapping. Every row ends as taken, known before, or set
//! aside with its line and reason.

mod rehearsal;
mod sink;
mod files;
mod mapped;
mod retry;

pub use mapped::mapping_currency;
pub use retry::Retried;

use super::clock::Clock;
use super::error::AppError;
use super::open::Probity;
use probity_credit::catalogue::Catalogue;
use probity_primitives::Timestamp;
use rehearsal::Rehearsal;
use serde::Serialize;
use sink::{Sink, Target};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What to import, and how.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// Name of a mapping of the catalogue, or path of a mapping file.
    pub mapping: Option<String>,
    /// Source of events that name none.
    pub source: Option<String>,
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
    /// Rows that Probity derived itself, from an exported log; they are made anew.
    pub derived: u64,
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
    /// Why it ended before everything was read; what was taken until then stays taken.
    #[serde(skip)]
    pub stopped: Option<AppError>,
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

/// Imports what is named into a sink, as far as it goes.
fn fill(
    mut sink: Sink<'_>,
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: ImportProgress<'_>,
) -> Result<Imported, AppError> {
    let went = match &options.mapping {
        None => files::import(&mut sink, paths, options, progress),
        Some(mapping) => {
            paths.iter().try_for_each(|path| mapped::import(&mut sink, path, mapping, options, progress))
        }
    };
    // Also when it was cut short: what was read goes in, and the report says so.
    sink.finish()?;
    let mut report = sink.report;
    match went {
        Err(error) if report.rows == 0 => return Err(error),
        went => report.stopped = went.err(),
    }
    Ok(report)
}

impl Probity {
    /// Imports files of flat events, or a folder of foreign tables through a mapping. At the end timers go off that fell
    /// due meanwhile, and scores are recorded for the months that the history covers.
    ///
    /// When a file cannot be read any further, the report says so in `stopped`, beside what went in before; the same
    /// import can be run again and takes the rest.
    ///
    /// # Errors
    /// When no row could be read at all, a mapping is wrong, or the store fails.
    pub fn import(
        &self,
        paths: &[PathBuf],
        options: &ImportOptions,
        progress: ImportProgress<'_>,
    ) -> Result<Imported, AppError> {
        let begun = self.clock.now();
        let sink = Sink::new(Target::Log(self), self.catalogue(), &self.clock);
        let mut report = fill(sink, paths, options, progress)?;
        let seconds = |from: Timestamp| self.clock.now().since(from).0 as f64 / 1_000.0;
        report.seconds = seconds(begun);
        // Also when all was known before: the import that took it may have been cut off before this point.
        if report.taken + report.duplicates > 0 {
            let after = self.clock.now();
            (report.settled_orders, report.scores_recorded) = self.conclude(progress)?;
            report.seconds_after = seconds(after);
        }
        Ok(report)
    }

    /// What follows from a history that came in: timers that fell due, scores on record, a checkpoint.
    fn conclude(&self, progress: ImportProgress<'_>) -> Result<(u64, u64), AppError> {
        progress(Stage::Settling, 0, 1);
        let settled = self.settle_and_wait()?;
        // Up to now, as a server would have done month by month: what a history says must not depend on who took it in.
        let recorded =
            self.record_scores(self.clock.now(), &mut |done, of| progress(Stage::Recording, done, of))?;
        self.checkpoint_and_wait()?;
        Ok((settled, recorded))
    }
}

/// Says what an import would take, know and set aside, and writes nothing: the store of the folder is only read, and
/// need not be there.
///
/// # Errors
/// As [`Probity::import`].
pub fn rehearse(
    folder: &Path,
    catalogue: &Catalogue,
    clock: &Clock,
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: ImportProgress<'_>,
) -> Result<Imported, AppError> {
    let begun = clock.now();
    let rehearsal = Rehearsal::new(folder, catalogue)?;
    let sink = Sink::new(Target::Rehearsal(Box::new(rehearsal)), catalogue, clock);
    let mut report = fill(sink, paths, options, progress)?;
    report.seconds = clock.now().since(begun).0 as f64 / 1_000.0;
    Ok(report)
}
