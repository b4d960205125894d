//! What can go wrong with a store, each with a code, a page and a word on how to mend it.

use probity_primitives::{Code, Problem};
use std::io;
use std::path::Path;

/// Another process has the folder open.
pub const STORE_IN_USE: Code = Code::new("store-in-use");
/// No room left on the disk.
pub const STORE_FULL: Code = Code::new("store-full");
/// The disk refused a read, a write or a synchronisation.
pub const STORE_FAILED: Code = Code::new("store-failed");
/// What stands in the store is not what was written.
pub const STORE_DAMAGED: Code = Code::new("store-damaged");
/// The folder may not be written to.
pub const STORE_READ_ONLY: Code = Code::new("store-read-only");
/// The folder holds something else.
pub const STORE_NOT_OURS: Code = Code::new("store-not-ours");
/// The store was written by a newer release.
pub const STORE_NEWER: Code = Code::new("store-newer");
/// The store was written by an older release and must be opened for writing once.
pub const STORE_OLDER: Code = Code::new("store-older");
/// There is no store in the folder.
pub const STORE_MISSING: Code = Code::new("store-missing");
/// The target of a backup or a restore holds something already.
pub const STORE_TARGET_NOT_EMPTY: Code = Code::new("store-target-not-empty");
/// Something that no store can hold.
pub const STORE_REFUSED: Code = Code::new("store-refused");

/// Why the store did not do what was asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another process holds the lock of the folder.
    #[error("the data folder {0} is open in another process")]
    InUse(String),
    /// The disk is full; the batch was rolled back, the store works again when there is room.
    #[error("no room left on the disk of the data folder: {0}")]
    Full(String),
    /// An I/O error. Nothing more is written until the store is opened again: a failed synchronisation is never retried,
    /// because the operating system may have dropped the pages and report success the second time.
    #[error("the disk of the data folder failed: {0}")]
    Failed(String),
    /// A row is not what was written, or is missing.
    #[error("damaged at {place}: {why}")]
    Damaged {
        /// The row (`log 17`, `state 3`), or `database` when SQLite itself found its pages damaged.
        place: String,
        /// What does not fit.
        why: String,
    },
    /// The folder or a file of it may not be written to.
    #[error("the data folder {0} cannot be written to")]
    ReadOnly(String),
    /// The folder holds files, but no store.
    #[error("{0} is not a Probity data folder: {1}")]
    NotOurs(String, String),
    /// Schema of a newer release.
    #[error("the store has schema {found}, this release knows schemas up to {known}")]
    Newer {
        /// The version that was found.
        found: u32,
        /// The newest version known here.
        known: u32,
    },
    /// Schema of an older release, met by a read-only connection.
    #[error("the store has schema {found}, this release reads schema {known}")]
    Older {
        /// The version that was found.
        found: u32,
        /// The version that is read here.
        known: u32,
    },
    /// No such folder, or no store in it.
    #[error("there is no store in {0}")]
    Missing(String),
    /// The target of a backup or a restore is not an empty folder.
    #[error("the target folder {0} is not empty")]
    TargetNotEmpty(String),
    /// Something that no store can hold: a body of more than 16 MiB, a party beyond number 2³²−1.
    #[error("{0}")]
    Refused(String),
}

/// The place of damage that SQLite itself noticed.
pub(crate) const DATABASE: &str = "database";

impl StoreError {
    /// Damage of one row.
    pub(crate) fn damaged(place: impl Into<String>, why: impl Into<String>) -> Self {
        Self::Damaged { place: place.into(), why: why.into() }
    }

    /// The stable code; its page is `docs/errors/<code>.md`.
    pub fn code(&self) -> Code {
        match self {
            Self::InUse(_) => STORE_IN_USE,
            Self::Full(_) => STORE_FULL,
            Self::Failed(_) => STORE_FAILED,
            Self::Damaged { .. } => STORE_DAMAGED,
            Self::ReadOnly(_) => STORE_READ_ONLY,
            Self::NotOurs(..) => STORE_NOT_OURS,
            Self::Newer { .. } => STORE_NEWER,
            Self::Older { .. } => STORE_OLDER,
            Self::Missing(_) => STORE_MISSING,
            Self::TargetNotEmpty(_) => STORE_TARGET_NOT_EMPTY,
            Self::Refused(_) => STORE_REFUSED,
        }
    }

    fn hint(&self) -> &'static str {
        match self {
            Self::InUse(_) => "stop the other process, or give this one a folder of its own",
            Self::Full(_) => "make room; nothing acknowledged is lost",
            Self::Failed(_) => "look at the disk and the system log, then start again",
            Self::Damaged { .. } => "run `probity audit verify`, then restore a backup",
            Self::ReadOnly(_) => "check owner, permissions and mount options",
            Self::NotOurs(..) => "name an empty folder, or one made by Probity",
            Self::Newer { .. } => "use the newer release; schemas do not go back",
            Self::Older { .. } => "start the server once: it migrates the store",
            Self::Missing(_) => "check the path, or import something to make a store there",
            Self::TargetNotEmpty(_) => "name a folder that is empty or does not exist",
            Self::Refused(_) => "see the page of this code",
        }
    }

    /// True when nothing more may be written through the connection that met this.
    pub(crate) fn stops_writing(&self) -> bool {
        matches!(self, Self::Failed(_)) || matches!(self, Self::Damaged { place, .. } if place == DATABASE)
    }

    /// An I/O error of our own files.
    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let path = path.display().to_string();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(path),
            io::ErrorKind::NotFound => Self::Missing(path),
            _ => Self::Failed(format!("{path}: {error}")),
        }
    }

    /// An error of SQLite met while it worked on `place`.
    pub(crate) fn sqlite(place: impl FnOnce() -> String, error: &rusqlite::Error) -> Self {
        use rusqlite::ErrorCode as Sqlite;
        let text = error.to_string();
        let Some(failure) = error.sqlite_error() else {
            // A value of the wrong kind or out of range: the row's header is damaged.
            return Self::damaged(place(), text);
        };
        match failure.code {
            Sqlite::DiskFull => Self::Full(text),
            // The shared index of the write-ahead log could not grow.
            Sqlite::SystemIoFailure if failure.extended_code == rusqlite::ffi::SQLITE_IOERR_SHMSIZE => {
                Self::Full(text)
            }
            Sqlite::DatabaseCorrupt | Sqlite::NotADatabase => {
                Self::damaged(DATABASE, format!("{text}, met at {}", place()))
            }
            Sqlite::ReadOnly => Self::ReadOnly(text),
            Sqlite::TooBig => Self::Refused(text),
            _ => Self::Failed(format!("{text} (code {})", failure.extended_code)),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.to_string()).hint(error.hint())
    }
}

/// Names the place at which SQLite was working when it failed.
pub(crate) trait AtPlace<T> {
    fn at(self, place: impl FnOnce() -> String) -> Result<T, StoreError>;
}

impl<T> AtPlace<T> for rusqlite::Result<T> {
    fn at(self, place: impl FnOnce() -> String) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::sqlite(place, &error))
    }
}
