//! Keys in memory, in the index and in the log's tail: one answer from all, whatever came between.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod workload;

use probity_store::{Appended, Batch, Reader, SqliteReader, SqliteStore, Store};
use rusqlite::Connection;
use std::path::Path;
use workload::{Random, at, body, key, open, rounds};

/// Appends `rows` rows behind `last` in one batch.
fn append(store: &mut SqliteStore, last: u64, rows: u64) {
    let mut batch = store.begin().unwrap();
    for n in last + 1..=last + rows {
        assert_eq!(batch.append(key(n), at(n), &body(n)).unwrap(), Appended::Taken(n));
    }
    batch.commit().unwrap();
}

fn number(folder: &Path, sql: &str) -> u64 {
    let connection = Connection::open(folder.join("probity.db")).unwrap();
    connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap() as u64
}

#[test]
fn every_key_is_found_once_whatever_comes_between() {
    let seed = rounds("PROBITY_SEED", 11);
    let mut random = Random(seed);
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    let mut alone = SqliteReader::open(folder.path()).unwrap();
    let mut last = 0;
    for step in 0..rounds("PROBITY_KEY_STEPS", 400) {
        match random.below(12) {
            // Opened again: what waited is read from the log, and a sweep begins anew.
            0 => {
                drop(store);
                store = open(folder.path()).unwrap();
            }
            // Lost: nothing of it is there, and all of it can be written.
            1 | 2 => {
                let mut batch = store.begin().unwrap();
                for n in last + 1..=last + 1 + random.below(30) {
                    assert_eq!(batch.append(key(n), at(n), &body(n)).unwrap(), Appended::Taken(n));
                }
            }
            _ => {
                let rows = random.below(30);
                append(&mut store, last, rows);
                last += rows;
            }
        }
        let mut beside = store.reader().unwrap();
        for _ in 0..40 {
            let n = 1 + random.below(last + 20);
            let stands = (n <= last).then_some(n);
            let found = [beside.find(&key(n)).unwrap(), alone.find(&key(n)).unwrap()];
            assert_eq!(found, [stands, stands], "seed {seed}, step {step}, key {n} of {last}");
        }
        if last > 0 {
            let n = 1 + random.below(last);
            let mut batch = store.begin().unwrap();
            assert_eq!(batch.append(key(n), at(0), b"again").unwrap(), Appended::Known(n));
        }
    }
    assert_eq!(store.reader().unwrap().verify(&mut |_, _| ()).unwrap().rows, last);
    let indexed = number(folder.path(), "SELECT count(*) FROM log_key");
    let complete_to = number(folder.path(), "SELECT seq FROM log_keyed");
    assert!(0 < complete_to && complete_to <= indexed && indexed < last, "{complete_to} {indexed} {last}");
}

#[test]
fn a_store_that_is_always_opened_for_one_row_does_not_fall_behind() {
    let folder = tempfile::tempdir().unwrap();
    // More than four times as many as wait, and each time a sweep begins anew.
    let mut last = 16_500;
    append(&mut SqliteStore::open_or_create(folder.path()).unwrap(), 0, last);
    for _ in 0..3 {
        append(&mut SqliteStore::open(folder.path()).unwrap(), last, 1);
        last += 1;
    }
    assert_eq!(number(folder.path(), "SELECT seq FROM log_keyed"), 16_500);
    let mut reader = SqliteReader::open(folder.path()).unwrap();
    let found: Vec<_> = [1, 16_500, last].map(|n| reader.find(&key(n)).unwrap()).into();
    assert_eq!(found, [Some(1), Some(16_500), Some(last)]);
    assert_eq!(reader.verify(&mut |_, _| ()).unwrap().rows, last);
}

#[test]
fn the_audit_names_what_was_done_to_the_keys() {
    let prepared = tempfile::tempdir().unwrap();
    let mut store = open(prepared.path()).unwrap();
    (0..60).for_each(|batch| append(&mut store, batch * 5, 5));
    drop(store);
    let complete_to = number(prepared.path(), "SELECT seq FROM log_keyed");
    assert!(complete_to > 100);
    let later = number(prepared.path(), "SELECT seq FROM log_key ORDER BY seq DESC LIMIT 1");
    assert!(later > complete_to);
    let of_later = [
        format!("UPDATE log_key SET seq = 9000 WHERE seq = {later}"),
        format!("that of row {later} leads to row 9000"),
    ];
    let cases = [
        ("SELECT 1", "300 rows"),
        ("DELETE FROM log_keyed", "it is not known how far"),
        ("UPDATE log_keyed SET seq = 299, again = ~299", "is missing"),
        ("DELETE FROM log_key WHERE seq = 7", "that of row 7 is missing"),
        ("UPDATE log_key SET seq = 8 WHERE seq = 7", "that of row 7 leads to row 8"),
        (&of_later[0], &of_later[1]),
        ("INSERT INTO log_key (key, seq) VALUES (zeroblob(16), 3)", "one leads to a row that has another"),
    ];
    for (sql, finding) in cases {
        let folder = tempfile::tempdir().unwrap();
        for file in ["probity.db", "checkpoints"] {
            std::fs::copy(prepared.path().join(file), folder.path().join(file)).unwrap();
        }
        Connection::open(folder.path().join("probity.db")).unwrap().execute_batch(sql).unwrap();
        let found = match SqliteReader::open(folder.path()).unwrap().verify(&mut |_, _| ()) {
            Ok(verified) => format!("{} rows", verified.rows),
            Err(broken) => broken.to_string(),
        };
        assert!(found.contains(finding), "{sql}: {found}");
    }
}
