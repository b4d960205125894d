//! The limit that ingest is held against: a bare SQLite loop that inserts the same rows as the log that was just made
//! holds (key, moment, hash, body), with the same unique key, the same durability and the same settings, and does nothing
//! else.

use rusqlite::{Connection, OpenFlags, params};
use std::path::Path;
use std::time::Instant;

/// Pages in the write-ahead log at which it is written into the database, as the server has it.
const DRAIN_AT: i64 = 16_384;

/// A row of the log.
pub(crate) struct Row {
    key: Vec<u8>,
    recorded_at: i64,
    hash: Vec<u8>,
    body: Vec<u8>,
}

/// The last rows of a log that no server holds, at most so many, in their order.
pub(crate) fn rows(data: &Path, most: u64) -> Result<Vec<Row>, String> {
    let run = || -> rusqlite::Result<Vec<Row>> {
        let connection =
            Connection::open_with_flags(data.join("probity.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut statement = connection.prepare(
            "SELECT key, recorded_at, hash, body FROM log
             WHERE seq > (SELECT max(seq) FROM log) - ? ORDER BY seq",
        )?;
        let row = |row: &rusqlite::Row<'_>| {
            Ok(Row { key: row.get(0)?, recorded_at: row.get(1)?, hash: row.get(2)?, body: row.get(3)? })
        };
        statement.query_map([most as i64], row)?.collect()
    };
    run().map_err(|error| error.to_string())
}

/// A bare reading of a log.
pub(crate) struct Read {
    pub(crate) rows: u64,
    pub(crate) seconds: f64,
}

/// Reads every row of a log in order and does nothing with it: the limit of whatever goes over the whole log.
pub(crate) fn read_bare(data: &Path) -> Result<Read, String> {
    let run = || -> rusqlite::Result<Read> {
        let connection =
            Connection::open_with_flags(data.join("probity.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let begun = Instant::now();
        let mut statement = connection.prepare("SELECT key, hash, body FROM log ORDER BY seq")?;
        let mut found = statement.query([])?;
        let (mut rows, mut bytes) = (0, 0);
        while let Some(row) = found.next()? {
            let body: Vec<u8> = row.get(2)?;
            bytes += body.len();
            rows += 1;
        }
        std::hint::black_box(bytes);
        Ok(Read { rows, seconds: begun.elapsed().as_secs_f64() })
    };
    run().map_err(|error| error.to_string())
}

/// What the bare loop did.
pub(crate) struct Replayed {
    /// Rows per second.
    pub(crate) rate: f64,
    /// Milliseconds of each transaction.
    pub(crate) commits: Vec<f64>,
}

/// Inserts rows into a new database, so many a transaction.
pub(crate) fn bare_loop(folder: &Path, rows: &[Row], group: usize) -> Result<Replayed, String> {
    let path = folder.join("bare.db");
    let run = || -> rusqlite::Result<Replayed> {
        let mut connection = Connection::open(&path)?;
        connection.execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-131072;
             CREATE TABLE log (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, recorded_at INTEGER NOT NULL,
                               hash BLOB NOT NULL, body BLOB NOT NULL) STRICT;",
        )?;
        connection.pragma_update(None, "wal_autocheckpoint", DRAIN_AT)?;
        let mut commits = Vec::with_capacity(rows.len() / group + 1);
        let (mut seq, begun) = (0_i64, Instant::now());
        for rows in rows.chunks(group) {
            let started = Instant::now();
            let transaction = connection.transaction()?;
            {
                let mut insert = transaction.prepare_cached("INSERT INTO log VALUES (?, ?, ?, ?, ?)")?;
                for row in rows {
                    seq += 1;
                    insert.execute(params![seq, row.key, row.recorded_at, row.hash, row.body])?;
                }
            }
            transaction.commit()?;
            commits.push(started.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(Replayed { rate: seq as f64 / begun.elapsed().as_secs_f64(), commits })
    };
    let replayed = run().map_err(|error| error.to_string());
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", path.display()));
    }
    replayed
}
