//! How fast the log takes rows, beside a bare SQLite loop with the same table, bytes, key and durability.
//!
//! Prints one line per round and the medians; `PROBITY_BENCH_ROWS` sets the rows of a round, `PROBITY_BENCH_BATCH` those
//! of a batch. Keys are random, so that each row of a batch dirties a page of the key's index of its own: on a disk, the
//! rate is that of writing those pages; with `TMPDIR` on a memory file system, it is the processor's.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark: it fails by panicking and prints its table"
)]

use probity_primitives::{Digest, Timestamp};
use probity_store::{Batch, SqliteStore, Store};
use rusqlite::Connection;
use std::time::Instant;

const BODY: usize = 150;
const ROUNDS: usize = 5;

struct Event {
    key: [u8; 16],
    body: Vec<u8>,
}

fn events(rows: u64) -> Vec<Event> {
    (0..rows)
        .map(|n| {
            let digest = Digest::of(&[&n.to_be_bytes()]);
            let mut body = digest.0.repeat(BODY.div_ceil(32));
            body.truncate(BODY);
            Event { key: digest.half(), body }
        })
        .collect()
}

/// Seconds for all events through the store.
fn ours(events: &[Event], batch_rows: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open_or_create(folder.path()).unwrap();
    let start = Instant::now();
    for part in events.chunks(batch_rows) {
        let mut batch = store.begin().unwrap();
        for event in part {
            batch.append(event.key, Timestamp::from_millis(1_500_000_000_000), &event.body).unwrap();
        }
        batch.commit().unwrap();
    }
    start.elapsed().as_secs_f64()
}

/// Seconds for all events through a bare loop: no chain, no seq of our own, SQLite's own checkpoints.
fn bare(events: &[Event], batch_rows: usize) -> f64 {
    let folder = tempfile::tempdir().unwrap();
    let mut connection = Connection::open(folder.path().join("bare.db")).unwrap();
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())).unwrap();
    connection.pragma_update(None, "synchronous", 2).unwrap();
    connection.pragma_update(None, "cache_size", -(128 << 10)).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE log (seq INTEGER PRIMARY KEY, key BLOB NOT NULL UNIQUE, recorded_at INTEGER NOT NULL,
             hash BLOB NOT NULL, body BLOB NOT NULL) STRICT",
        )
        .unwrap();
    let start = Instant::now();
    for part in events.chunks(batch_rows) {
        let transaction = connection.transaction().unwrap();
        {
            let mut insert = transaction
                .prepare_cached(
                    "INSERT INTO log (key, recorded_at, hash, body) VALUES (?1, ?2, ?3, ?4) ON CONFLICT (key) DO NOTHING",
                )
                .unwrap();
            for event in part {
                insert.execute((event.key, 1_500_000_000_000_i64, [7_u8; 32], &event.body)).unwrap();
            }
        }
        transaction.commit().unwrap();
    }
    start.elapsed().as_secs_f64()
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

fn main() {
    let rows = setting("PROBITY_BENCH_ROWS", 200_000);
    let batch = setting("PROBITY_BENCH_BATCH", 2_000) as usize;
    let events = events(rows);
    let (mut store, mut loop_) = (Vec::new(), Vec::new());
    for round in 1..=ROUNDS {
        let (ours, bare) = (rows as f64 / ours(&events, batch), rows as f64 / bare(&events, batch));
        println!("round {round}: store {ours:>9.0} rows/s, bare loop {bare:>9.0} rows/s");
        store.push(ours);
        loop_.push(bare);
    }
    let (store, bare) = (median(store), median(loop_));
    println!(
        "median of {ROUNDS}, {rows} rows of {BODY} bytes in batches of {batch}: store {store:.0} rows/s, bare loop {bare:.0} rows/s, ratio {:.2}",
        store / bare
    );
}
