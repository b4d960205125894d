//! Reading from SQLite: every answer is checked before it is given.

pub(crate) mod log;
pub(crate) mod keys;
pub(crate) mod parties;
pub(crate) mod postings;
pub(crate) mod live;
pub(crate) mod pieces;
pub(crate) mod catalogues;

use crate::error::{AtPlace, StoreError};
use rusqlite::{CachedStatement, Connection};

/// A prepared statement, kept by the connection.
pub(crate) fn statement<'c>(
    connection: &'c Connection,
    sql: &str,
) -> Result<CachedStatement<'c>, StoreError> {
    connection.prepare_cached(sql).at(|| "schema".into())
}

/// A number as SQLite holds it. Nothing in a store is ever numbered beyond 2⁶³−1, so such a number finds nothing.
pub(crate) fn stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number out of SQLite; a negative one is damage.
pub(crate) fn number(stored: i64, place: impl FnOnce() -> String) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| StoreError::damaged(place(), "a negative number"))
}
