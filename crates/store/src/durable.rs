//! What is committed and what is durable: batches can be handed over, so that the disk works on one while the next is written.

use crate::checkpoints;
use crate::contract::{Checkpoint, HANDED_OVER, Syncer};
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
    /// Checkpoints of which the file has no line yet, and how many batches were committed with each.
    promised: Vec<(u64, Checkpoint)>,
    /// The file of checkpoints may lack a line, or end in a half one (the disk was full).
    file_behind: bool,
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
    /// The database. Closed with the last connection of the writer and its readers, not before: to close a file takes away
    /// all locks that the process has on it.
    database: File,
    /// Where the file of checkpoints is; held by whoever writes it.
    folder: Mutex<PathBuf>,
}

impl Durable {
    /// Of a database that was just opened for writing and is durable as it stands, up to a row of the log.
    pub(crate) fn new(folder: &Path, row: u64) -> Result<Self, StoreError> {
        let database = folder.join(folder::DATABASE_FILE);
        let path = folder::wal_of(&database);
        // SQLite makes the file when it opens the database, and keeps it while the writer lives.
        let file = OpenOptions::new().write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| StoreError::io(&path, &error))?;
        let opened = OpenOptions::new().write(true).open(&database);
        let database = opened.map_err(|error| StoreError::io(&database, &error))?;
        let marks = Mutex::new(Marks { row, ..Marks::default() });
        Ok(Self {
            marks,
            row: AtomicU64::new(row),
            file,
            path,
            database,
            folder: Mutex::new(folder.to_owned()),
        })
    }

    fn marks(&self) -> MutexGuard<'_, Marks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn folder(&self) -> MutexGuard<'_, PathBuf> {
        self.folder.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// A batch was committed that ends with a row, perhaps with a checkpoint. True when no further one can be handed over.
    pub(crate) fn committed(&self, row: u64, checkpoint: Option<Checkpoint>) -> bool {
        let mut marks = self.marks();
        marks.committed += 1;
        marks.row = row;
        let committed = marks.committed;
        marks.promised.extend(checkpoint.map(|checkpoint| (committed, checkpoint)));
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
        drop(marks);
        self.tell_file();
        Ok(())
    }

    /// Makes durable what was written into the database so far.
    pub(crate) fn sync_database(&self) -> Result<(), StoreError> {
        let synced = self.database.sync_data();
        synced.map_err(|error| StoreError::Failed(format!("{}: {error}", folder::DATABASE_FILE)))
    }

    /// Gives the file of checkpoints its lines, which must not be durable before the rows that they promise. What goes wrong
    /// can no longer undo a batch: a line that could not be written is written with all others at the next commit.
    fn tell_file(&self) {
        let folder = self.folder();
        let told: Vec<Checkpoint> = {
            let mut marks = self.marks();
            let durable = marks.durable;
            marks.promised.extract_if(.., |(batch, _)| *batch <= durable).map(|(_, told)| told).collect()
        };
        for checkpoint in told {
            if let Err(error) = checkpoints::append(&folder, &checkpoint) {
                self.marks().file_behind = true;
                self.fail(&error);
            }
        }
    }

    /// Makes the file of checkpoints anew when it lacks a line.
    ///
    /// # Errors
    /// `store-full`, `store-failed`; those of `all`, which reads the checkpoints that are committed.
    pub(crate) fn mend_file(
        &self,
        all: impl FnOnce() -> Result<Vec<Checkpoint>, StoreError>,
    ) -> Result<(), StoreError> {
        if !self.marks().file_behind {
            return Ok(());
        }
        self.sync()?;
        let folder = self.folder();
        checkpoints::replace(&folder, &all()?)?;
        let mut marks = self.marks();
        marks.file_behind = false;
        // All that are committed are durable and in the file now; whoever made them so may not have come to tell it.
        marks.promised.clear();
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

#[cfg(test)]
mod tests {
    use super::*;
    use probity_primitives::{Digest, Timestamp};

    #[test]
    fn a_line_stands_once_in_a_file_that_was_made_anew_before_it_was_told() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(folder::DATABASE_FILE), b"").unwrap();
        let durable = Durable::new(folder.path(), 0).unwrap();
        let all: Vec<Checkpoint> =
            [5, 9].map(|seq| Checkpoint { seq, hash: Digest::ZERO, at: Timestamp::from_millis(0) }).into();
        for checkpoint in &all {
            durable.committed(checkpoint.seq, Some(*checkpoint));
        }
        // A thread has made both durable and not told the file yet, which the writer finds behind.
        durable.marks().durable = 2;
        durable.marks().file_behind = true;
        durable.mend_file(|| Ok(all.clone())).unwrap();
        durable.tell_file();
        assert_eq!(checkpoints::read(folder.path()).unwrap(), Some(all));
    }
}
