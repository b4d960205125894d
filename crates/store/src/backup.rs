//! A copy of the whole store as it stands at one moment, made while others read and write.

use crate::checkpoints;
use crate::contract::Progress;
use crate::error::{AtPlace, StoreError};
use crate::folder::{self, DATABASE_FILE};
use crate::reads::log;
use rusqlite::Connection;
use rusqlite::backup::{Backup, StepResult};
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Pages of one step: about 4 MiB.
const STEP: i32 = 1_024;
/// How long to wait when the source is busy.
const WAIT: Duration = Duration::from_millis(20);

fn place() -> String {
    "backup".into()
}

/// Copies what `connection` sees now into the folder `to`. Under its final name the copy is whole, or not there.
pub(crate) fn copy(
    connection: &Connection,
    folder: &Path,
    to: &Path,
    progress: Progress<'_>,
) -> Result<(), StoreError> {
    if !folder::is_vacant(to)? {
        return Err(StoreError::TargetNotEmpty(to.display().to_string()));
    }
    fs::create_dir_all(to).map_err(|error| StoreError::io(to, &error))?;
    let file = checkpoints::read(folder)?.unwrap_or_default();
    let half = to.join("probity.db.part");
    // A transaction of its own holds the snapshot: without it, every write of others would begin the copy anew.
    connection.execute_batch("BEGIN").at(place)?;
    let copied = log::last(connection, u64::MAX).and_then(|_| copy_pages(connection, &half, progress));
    let ended = connection.execute_batch("COMMIT").at(place);
    if let Err(error) = copied.and(ended) {
        // A half copy must not stand in the way of the next attempt; the first error is the one to tell.
        let _ = fs::remove_file(&half);
        return Err(error);
    }
    let path = to.join(DATABASE_FILE);
    checkpoints::replace(to, &file)?;
    fs::rename(&half, &path).map_err(|error| StoreError::io(&path, &error))?;
    folder::sync_folder(to)
}

fn copy_pages(connection: &Connection, half: &Path, progress: Progress<'_>) -> Result<(), StoreError> {
    let mut target = Connection::open(half).at(place)?;
    target.pragma_update(None, "synchronous", 2).at(place)?;
    {
        let backup = Backup::new(connection, &mut target).at(place)?;
        loop {
            let step = backup.step(STEP).at(place)?;
            let done = backup.progress();
            let pages = u64::try_from(done.pagecount).unwrap_or(0);
            progress(pages.saturating_sub(u64::try_from(done.remaining).unwrap_or(0)), pages);
            match step {
                StepResult::Done => break,
                StepResult::More => {}
                _ => std::thread::sleep(WAIT),
            }
        }
    }
    // Without a write-ahead log the copy is one file, and can be read from a medium that cannot be written to.
    target.pragma_update_and_check(None, "journal_mode", "delete", |_| Ok(())).at(place)?;
    target.close().map_err(|(_, error)| error).at(place)
}
