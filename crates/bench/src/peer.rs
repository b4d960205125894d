//! The limit that ingest is held against: a bare SQLite loop that inserts the same bytes with the same unique key and the
//! same durability, and does nothing else.

use rusqlite::Connection;
use std::path::Path;
use std::time::Instant;

/// Rows per second of the bare loop: bodies of `length` bytes, `batch` rows a transaction.
pub(crate) fn bare_loop(folder: &Path, rows: u64, batch: u64, length: usize) -> Result<f64, String> {
    let run = || -> rusqlite::Result<f64> {
        let mut connection = Connection::open(folder.join("bare.db"))?;
        connection.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-131072;
             CREATE TABLE log (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, recorded_at INTEGER NOT NULL, hash BLOB NOT NULL, body BLOB NOT NULL) STRICT;",
        )?;
        let body = vec![7_u8; length];
        let begun = Instant::now();
        let mut seq = 0_u64;
        while seq < rows {
            let transaction = connection.transaction()?;
            {
                let mut insert = transaction.prepare_cached("INSERT INTO log VALUES (?, ?, ?, ?, ?)")?;
                for _ in 0..batch {
                    seq += 1;
                    let key =
                        u128::from(seq).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835).to_be_bytes();
                    let hash = [key, key].concat();
                    insert.execute((
                        seq as i64,
                        key.as_slice(),
                        1_700_000_000_000_i64,
                        hash.as_slice(),
                        body.as_slice(),
                    ))?;
                }
            }
            transaction.commit()?;
        }
        Ok(seq as f64 / begun.elapsed().as_secs_f64())
    };
    run().map_err(|error| error.to_string())
}
