//! What is committed and what is durable: batches can be handed over, so that the disk works on one while the next is written.

use crate::contract::{HANDED_OVER, Syncer};
use crate::error::StoreError;
use crate::folder;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How far a store has come.
#[derive(Debug, Default)]
struct Marks {
    /// Batches committed since the store was opened.
    committed: u64,
    /// Of these, batches known to be durable.
    durable: u64,
    /// The last row of the log that is committed.
    row: u64,
    /// Why nothing more is written.
    failed: Option<StoreError>,
}

/// Shared by the writer, its readers and its syncers.
#[derive(Debug)]
pub(crate) struct Durable {
    marks: Mutex<Marks>,
    /// The last row of the log that is durable: readers see no further.
    row: AtomicU64,
    /// The write-ahead log.
    file: File,
    path: PathBuf,
}

impl Durable {
    /// Of a database that was just opened for writing and is durable as it stands, up to a row of the log.
    pub(crate) fn new(database: &Path, row: u64) -> Result<Self, StoreError> {
        let path = folder::wal_of(database);
        // SQLite makes the file when it opens the database, and keeps it while the writer lives.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| StoreError::io(&path, &error))?;
        let marks = Mutex::new(Marks { row, ..Marks::default() });
        Ok(Self { marks, row: AtomicU64::new(row), file, path })
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last row of the log that is durable.
    pub(crate) fn row(&self) -> u64 {
        self.row.load(Ordering::Acquire)
    }

    /// Why nothing more is written, if so.
    pub(crate) fn failed(&self) -> Option<StoreError> {
        self.marks().failed.clone()
    }

    /// Notes an error; one that stops the writing stays.
    pub(crate) fn fail(&self, error: &StoreError) {
        let mut marks = self.marks();
        if error.stops_writing() && marks.failed.is_none() {
            marks.failed = Some(error.clone());
        }
    }

    /// A batch was committed that ends with a row. True when no further one can be handed over.
    pub(crate) fn committed(&self, row: u64) -> bool {
        let mut marks = self.marks();
        marks.committed += 1;
        marks.row = row;
        marks.committed - marks.durable > HANDED_OVER
    }

    /// Makes durable what is committed by now.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        let (committed, row) = {
            let marks = self.marks();
            if let Some(error) = &marks.failed {
                return Err(error.clone());
            }
            if marks.durable == marks.committed {
                return Ok(());
            }
            (marks.committed, marks.row)
        };
        if let Err(error) = self.file.sync_data() {
            let error = StoreError::Failed(format!("{}: {error}", self.path.display()));
            self.fail(&error);
            return Err(error);
        }
        let mut marks = self.marks();
        // Another thread may have failed meanwhile: what is on disk is not known then.
        if let Some(error) = &marks.failed {
            return Err(error.clone());
        }
        marks.durable = marks.durable.max(committed);
        self.row.fetch_max(row, Ordering::AcqRel);
        Ok(())
    }
}

/// Makes batches of a [`SqliteStore`](crate::SqliteStore) durable.
#[derive(Debug, Clone)]
pub struct SqliteSyncer(pub(crate) Arc<Durable>);

impl Syncer for SqliteSyncer {
    fn sync(&self) -> Result<(), StoreError> {
        self.0.sync()
    }
}
