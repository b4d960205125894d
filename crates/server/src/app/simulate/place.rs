//! Where a world is written: a folder that either holds a whole world or nothing.
//!
//! The folder itself is locked, empty as it is, while its world grows in a hidden folder beside it under names that no
//! command takes. At the end the hidden folder takes its place in one step. Whatever dies on the way leaves an empty folder
//! and a hidden one that the next run clears away.

use crate::app::error::{AppError, Class};
use probity_primitives::{Code, Problem};
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

pub(super) const FOLDER_TAKEN: Code = Code::new("simulate-folder-taken");
pub(super) const WRITE_FAILED: Code = Code::new("simulate-write-failed");

/// What the names of unfinished files end with.
const UNFINISHED: &str = ".unfinished";

/// A failure to write, said with the place.
pub(super) fn failed(at: &Path, error: &io::Error) -> AppError {
    let class = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Class::Full,
        io::ErrorKind::NotADirectory | io::ErrorKind::InvalidInput => Class::Invalid,
        _ => Class::Unavailable,
    };
    AppError::new(class, Problem::new(WRITE_FAILED, error.to_string()).at(at.display().to_string()))
}

fn taken(at: &Path, why: &str) -> AppError {
    AppError::new(Class::Conflict, Problem::new(FOLDER_TAKEN, why).at(at.display().to_string()))
}

/// A folder that is being filled.
pub(super) struct Place {
    target: PathBuf,
    hidden: PathBuf,
    /// Held until the end; goes with the process.
    _lock: File,
    /// The target was not there before.
    made: bool,
    complete: bool,
}

impl Place {
    /// Takes a folder that does not exist or is empty, for this process alone.
    pub(super) fn take(target: &Path) -> Result<Self, AppError> {
        let made = !target.exists();
        fs::create_dir_all(target).map_err(|error| failed(target, &error))?;
        // `out/..` and the like have no name of their own; the real path has.
        let target = fs::canonicalize(target).map_err(|error| failed(target, &error))?;
        let lock = File::open(&target).map_err(|error| failed(&target, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(taken(&target, "another run is writing a world into this folder"));
            }
            Err(TryLockError::Error(error)) => return Err(failed(&target, &error)),
        }
        // Only now, so that a world that another run has just completed is seen.
        if fs::read_dir(&target).map_err(|error| failed(&target, &error))?.next().is_some() {
            return Err(taken(&target, "the folder is not empty"));
        }
        let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
            return Err(taken(&target, "the root of a file system cannot hold a world"));
        };
        let hidden = parent.join(format!(".{}{UNFINISHED}", name.to_string_lossy()));
        match fs::remove_dir_all(&hidden) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&hidden, &error)),
            _ => {}
        }
        fs::create_dir(&hidden).map_err(|error| failed(&hidden, &error))?;
        Ok(Self { target, hidden, _lock: lock, made, complete: false })
    }

    /// The path of a file that is being written.
    pub(super) fn unfinished(&self, name: &str) -> PathBuf {
        self.hidden.join(format!("{name}{UNFINISHED}"))
    }

    /// Begins a file.
    pub(super) fn create(&self, name: &str) -> Result<File, AppError> {
        let path = self.unfinished(name);
        File::create_new(&path).map_err(|error| failed(&path, &error))
    }

    /// All files are written and durable: they get their names, and the folder takes its place.
    pub(super) fn complete(mut self, names: &[&str]) -> Result<(), AppError> {
        for name in names {
            let (from, to) = (self.unfinished(name), self.hidden.join(name));
            fs::rename(&from, &to).map_err(|error| failed(&to, &error))?;
        }
        let durable = |folder: &Path| File::open(folder).and_then(|folder| folder.sync_all());
        durable(&self.hidden).map_err(|error| failed(&self.hidden, &error))?;
        // An empty folder is replaced; one that somebody else filled meanwhile is not.
        fs::rename(&self.hidden, &self.target).map_err(|error| failed(&self.target, &error))?;
        self.complete = true;
        let parent = self.target.parent().unwrap_or(&self.target);
        durable(parent).map_err(|error| failed(parent, &error))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.complete {
            // What cannot be cleared away now is cleared by the next run.
            let _ = fs::remove_dir_all(&self.hidden);
            if self.made {
                let _ = fs::remove_dir(&self.target);
            }
        }
    }
}
