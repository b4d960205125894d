//! The index of keys. It lacks those of the newest rows: they come into it later, many at a time and sorted.

use crate::contract::Key;
use crate::error::{AtPlace, StoreError};
use crate::reads::{number, statement, stored};
use crate::schema;
use rusqlite::Connection;

/// The schema's version that brought the index; before it, the log had one of its own that lacked nothing.
const SINCE: u32 = 4;

/// How the index is called in an error.
pub(crate) fn place() -> String {
    "the keys of the log".into()
}

/// True when the store was brought forward far enough to have the index; a reader may meet an older one.
pub(crate) fn are_apart(connection: &Connection) -> Result<bool, StoreError> {
    schema::has_reached(connection, SINCE)
}

/// Where the index says that a key stands.
pub(crate) fn indexed(connection: &Connection, key: &Key) -> Result<Option<u64>, StoreError> {
    seq_of(connection, "SELECT seq FROM log_key WHERE key = ?1", key)
}

/// The same in a store of before there was one.
pub(crate) fn indexed_by_log(connection: &Connection, key: &Key) -> Result<Option<u64>, StoreError> {
    seq_of(connection, "SELECT seq FROM log WHERE key = ?1", key)
}

fn seq_of(connection: &Connection, sql: &str, key: &Key) -> Result<Option<u64>, StoreError> {
    let mut select = statement(connection, sql)?;
    let mut rows = select.query([key]).at(place)?;
    let Some(found) = rows.next().at(place)? else { return Ok(None) };
    number(found.get(0).at(place)?, place).map(Some)
}

/// The row up to which the index lacks nothing.
pub(crate) fn complete_to(connection: &Connection) -> Result<u64, StoreError> {
    let mut select = statement(connection, "SELECT seq, again FROM log_keyed")?;
    let mut rows = select.query([]).at(place)?;
    let Some(row) = rows.next().at(place)? else {
        return Err(StoreError::damaged(place(), "it is not known how far they are indexed"));
    };
    let (seq, again): (i64, i64) = (row.get(0).at(place)?, row.get(1).at(place)?);
    if seq != !again {
        return Err(StoreError::damaged(place(), "how far they are indexed does not match its double"));
    }
    number(seq, place)
}

/// A set of keys and the rows where they stand, in a number that does not depend on the order: two sets that differ have the same
/// one by accident alone.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    pub(crate) fn add(&mut self, key: &Key, seq: u64) {
        let key = u128::from_be_bytes(*key);
        let mixed = mix(mix(mix(seq) ^ key as u64) ^ (key >> 64) as u64);
        self.0 = self.0.wrapping_add(mixed);
    }
}

/// Spreads each bit over all (the finalizer of splitmix64).
fn mix(bits: u64) -> u64 {
    let bits = bits.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}

/// Calls `look` with the key and the seq of each row behind a row. The rows themselves are not checked.
pub(crate) fn after(
    connection: &Connection,
    row: u64,
    mut look: impl FnMut(Key, u64),
) -> Result<(), StoreError> {
    let mut select = statement(connection, "SELECT key, seq FROM log WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = select.query([stored(row)]).at(place)?;
    while let Some(found) = rows.next().at(place)? {
        look(found.get(0).at(place)?, number(found.get(1).at(place)?, place)?);
    }
    Ok(())
}
