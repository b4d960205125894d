//! Restoring a backup.

use crate::contract::{Progress, Reader};
use crate::error::StoreError;
use crate::folder;
use crate::reader::SqliteReader;
use std::path::Path;

/// Audits the backup in `from`, then copies it into the new or empty folder `to`. `progress` counts the audit's rows,
/// then the copy's pages.
///
/// # Errors
/// `store-target-not-empty`; `store-damaged` when the backup is not whole; the errors of opening and writing.
pub fn restore(from: &Path, to: &Path, progress: Progress<'_>) -> Result<(), StoreError> {
    if !folder::is_vacant(to)? {
        return Err(StoreError::TargetNotEmpty(to.display().to_string()));
    }
    let mut backup = SqliteReader::open(from)?;
    backup.verify(&mut *progress)?;
    backup.backup(to, progress)
}
