//! The log and the live records: the only place that speaks SQL. Knows bytes, not events.
//!
//! One data folder holds `probity.db` (SQLite), `checkpoints` (what the log's tail must contain) and `lock` (one process
//! per folder). What is written goes through one [`Store`] in batches that are on disk when `commit` returns; what is read
//! is checked: a row of the log against its chain hash, everything else against a checksum of its own, because SQLite
//! itself does not notice a flipped bit on an ordinary read.
//!
//! The modules stand in the order in which they build on each other; a module names only modules above it.

pub mod error;
pub mod contract;
mod seal;
mod schema;
mod wal;
mod folder;
mod checkpoints;
mod reads;
mod recent;
mod verify;
mod backup;
mod durable;
mod drain;
mod reader;
mod restore;
mod writer;
pub mod staging;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;

pub use contract::{
    Appended, Batch, Broken, CatalogueVersion, Checkpoint, HANDED_OVER, Key, LogRow, Progress, Reader,
    SetAside, Store, Subject, Syncer, Verified,
};
pub use durable::SqliteSyncer;
pub use error::StoreError;
pub use reader::SqliteReader;
pub use restore::restore;
pub use writer::{SqliteBatch, SqliteStore};
