//! SQLite keeps the contract; folders that are not fit are refused with the exact cause; backups; the audit.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

use probity_primitives::{Digest, Timestamp};
use probity_store::{
    Appended, Batch, Broken, Reader, SqliteReader, SqliteStore, Store, StoreError, Subject, Syncer, restore,
};
use rusqlite::Connection;
use std::cell::RefCell;
use std::fs;
use std::path::Path;

#[test]
fn sqlite_keeps_the_contract() {
    // The folders are removed when the whole suite is through.
    let folders = RefCell::new(Vec::new());
    probity_store::conformance::check(|| {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open_or_create(folder.path()).unwrap();
        folders.borrow_mut().push(folder);
        store
    });
}

fn fill(folder: &Path, rows: u64) {
    let mut store = SqliteStore::open_or_create(folder).unwrap();
    let first = store.reader().unwrap().event_count().unwrap() + 1;
    let mut batch = store.begin().unwrap();
    for n in first..first + rows {
        let key = Digest::of(&[&n.to_be_bytes()]);
        let at = Timestamp::from_millis(n as i64);
        assert_eq!(batch.append(key.half(), at, &key.0).unwrap(), Appended::Taken(n));
        let party = batch.party(1, &format!("m{}", n % 5)).unwrap();
        batch.put_postings(Subject::Party(party), &[n]).unwrap();
    }
    (1..4).for_each(|piece| batch.put_exposure(piece, b"open").unwrap());
    batch.checkpoint(Timestamp::from_millis(0)).unwrap();
    batch.commit().unwrap();
}

fn refusal(folder: &Path) -> &'static str {
    SqliteStore::open_or_create(folder).unwrap_err().code().as_str()
}

#[test]
fn a_second_process_is_refused_and_readers_are_not() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 5);
    let store = SqliteStore::open(folder.path()).unwrap();
    assert_eq!(refusal(folder.path()), "store-in-use");
    assert_eq!(SqliteReader::open(folder.path()).unwrap().event_count().unwrap(), 5);
    drop(store);
    SqliteStore::open(folder.path()).unwrap();
}

#[test]
fn the_write_ahead_log_begins_anew_while_others_read_and_write() {
    const PAGES: u32 = 200;
    let folder = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open_or_create(folder.path()).unwrap();
    store.drain_at(PAGES);
    store.drain_aside().unwrap();
    let (syncer, wal) = (store.syncer().unwrap(), folder.path().join("probity.db-wal"));
    for first in (0..80_000_u64).step_by(40) {
        let mut batch = store.begin().unwrap();
        for n in first..first + 40 {
            let key = Digest::of(&[&n.to_be_bytes()]);
            batch.append(key.half(), Timestamp::from_millis(0), &key.0.repeat(8)).unwrap();
        }
        // Whatever drains meanwhile ends in the middle of a batch, as it mostly does.
        std::thread::sleep(std::time::Duration::from_micros(500));
        batch.hand_over().unwrap();
        if first % 200 == 0 {
            syncer.sync().unwrap();
        }
    }
    // Of some 60 MiB that went through it.
    let length = fs::metadata(&wal).unwrap().len();
    assert!(length < u64::from(PAGES) * 4_096 * 20, "{length} bytes");
}

#[test]
fn a_folder_that_does_not_exist_is_made_only_where_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b");
    assert_eq!(SqliteStore::open(&path).unwrap_err().code().as_str(), "store-missing");
    assert_eq!(SqliteReader::open(&path).unwrap_err().code().as_str(), "store-missing");
    assert!(!path.exists());
    SqliteStore::open_or_create(&path).unwrap();
    SqliteStore::open(&path).unwrap();
}

#[test]
fn a_folder_of_somebody_else_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("holiday.jpg"), b"x").unwrap();
    assert_eq!(refusal(folder.path()), "store-not-ours");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);

    let folder = tempfile::tempdir().unwrap();
    let theirs = Connection::open(folder.path().join("probity.db")).unwrap();
    theirs.execute_batch("CREATE TABLE theirs (x)").unwrap();
    assert_eq!(refusal(folder.path()), "store-not-ours");
    assert_eq!(SqliteReader::open(folder.path()).unwrap_err().code().as_str(), "store-not-ours");
}

#[test]
fn a_half_copied_store_is_refused() {
    let whole = tempfile::tempdir().unwrap();
    fill(whole.path(), 500);
    let database = fs::read(whole.path().join("probity.db")).unwrap();
    let copy = |database: Option<&[u8]>, checkpoints: bool| {
        let folder = tempfile::tempdir().unwrap();
        if let Some(bytes) = database {
            fs::write(folder.path().join("probity.db"), bytes).unwrap();
        }
        if checkpoints {
            fs::copy(whole.path().join("checkpoints"), folder.path().join("checkpoints")).unwrap();
        }
        folder
    };
    for (length, checkpoints) in
        [(Some(0), true), (Some(50), true), (Some(5_000), true), (Some(40_960), true), (None, true)]
    {
        let folder = copy(length.map(|length| &database[..length]), checkpoints);
        assert_eq!(refusal(folder.path()), "store-damaged", "{length:?}");
    }
    let folder = copy(Some(&database), false);
    assert_eq!(refusal(folder.path()), "store-damaged");
    assert!(matches!(
        SqliteReader::open(folder.path()).unwrap().verify(&mut |_, _| ()),
        Err(Broken::Elsewhere { place, .. }) if place == "checkpoints"
    ));
    // The way out that the message names.
    fs::write(folder.path().join("checkpoints"), b"").unwrap();
    SqliteStore::open(folder.path()).unwrap();
    let folder = copy(Some(&database), true);
    SqliteStore::open(folder.path()).unwrap();
}

#[test]
fn a_newer_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 5);
    Connection::open(folder.path().join("probity.db"))
        .unwrap()
        .pragma_update(None, "user_version", 99)
        .unwrap();
    assert_eq!(refusal(folder.path()), "store-newer");
    assert_eq!(SqliteReader::open(folder.path()).unwrap_err().code().as_str(), "store-newer");
}

#[test]
fn a_creation_that_was_killed_is_taken_up_again() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("lock"), b"").unwrap();
    fs::write(folder.path().join("probity.db"), b"").unwrap();
    fill(folder.path(), 5);
}

#[test]
fn a_backup_under_writes_is_whole_and_restores() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 3_000);
    let to = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(folder.path()).unwrap();
    let mut reader = store.reader().unwrap();
    let path = to.path().to_owned();
    let backup = std::thread::spawn(move || {
        let mut steps = 0;
        reader.backup(&path, &mut |_, _| steps += 1).unwrap();
        steps
    });
    for n in 0..200_u64 {
        let mut batch = store.begin().unwrap();
        batch
            .append(Digest::of(&[b"late", &n.to_be_bytes()]).half(), Timestamp::from_millis(0), &[1; 500])
            .unwrap();
        batch.commit().unwrap();
    }
    assert!(backup.join().unwrap() >= 1);
    assert_eq!(
        store.backup(to.path(), &mut |_, _| ()).unwrap_err().code().as_str(),
        "store-target-not-empty"
    );

    let restored = tempfile::tempdir().unwrap();
    restore(to.path(), restored.path(), &mut |_, _| ()).unwrap();
    let mut backup = SqliteReader::open(restored.path()).unwrap();
    let (last, hash) = backup.last().unwrap();
    assert!((3_000..=3_200).contains(&last));
    assert_eq!(store.reader().unwrap().row(last).unwrap().unwrap().hash, hash);
    assert_eq!(backup.last_checkpoint().unwrap().unwrap().seq, 3_000);
    backup.verify(&mut |_, _| ()).unwrap();
    fill(restored.path(), 5);
    assert_eq!(
        restore(to.path(), restored.path(), &mut |_, _| ()).unwrap_err().code().as_str(),
        "store-target-not-empty"
    );
}

#[test]
fn a_damaged_backup_is_not_restored() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 100);
    tamper(folder.path(), "UPDATE log SET body = x'00' WHERE seq = 50");
    let to = tempfile::tempdir().unwrap();
    let refused = restore(folder.path(), to.path(), &mut |_, _| ()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { place, .. } if place == "log 50"));
    assert_eq!(fs::read_dir(to.path()).unwrap().count(), 0);
}

fn tamper(folder: &Path, sql: &str) {
    let connection = Connection::open(folder.join("probity.db")).unwrap();
    connection.execute_batch(sql).unwrap();
}

fn audit(sql: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..4 {
        fill(folder.path(), 50);
    }
    tamper(folder.path(), sql);
    match SqliteReader::open(folder.path()).unwrap().verify(&mut |_, _| ()) {
        Ok(verified) => format!("{} rows", verified.rows),
        Err(broken) => broken.to_string(),
    }
}

#[test]
fn the_audit_names_what_was_done_to_the_database() {
    let swap = |a: u64, b: u64| {
        format!(
            "UPDATE log SET seq = 9999 WHERE seq = {a}; UPDATE log SET seq = {a} WHERE seq = {b}; UPDATE log SET seq = {b} WHERE seq = 9999"
        )
    };
    let swapped = [swap(20, 21), swap(20, 120)];
    let cases = [
        ("SELECT 1", "200 rows"),
        ("UPDATE log SET body = x'00' WHERE seq = 70", "row 70 of the log was changed"),
        ("UPDATE log SET recorded_at = recorded_at + 1 WHERE seq = 1", "row 1 of the log was changed"),
        (
            "UPDATE log SET key = x'00112233445566778899aabbccddeeff' WHERE seq = 200",
            "row 200 of the log was changed",
        ),
        ("UPDATE log SET hash = zeroblob(32) WHERE seq = 100", "row 100 of the log was changed"),
        ("UPDATE log SET hash = x'00' WHERE seq = 100", "row 100 of the log was changed"),
        ("DELETE FROM log WHERE seq = 30", "row 30 of the log is missing"),
        ("DELETE FROM log WHERE seq = 1", "row 1 of the log is missing"),
        ("DELETE FROM log WHERE seq > 170", "the log ends at row 170, but a checkpoint"),
        (
            "DELETE FROM log WHERE seq > 120; DELETE FROM checkpoint WHERE seq > 120",
            "the log ends at row 120, but",
        ),
        ("DELETE FROM log; DELETE FROM checkpoint", "the log ends at row 0, but"),
        (swapped[0].as_str(), "row 20 of the log stands at row 21"),
        (swapped[1].as_str(), "row 20 of the log stands at row 120"),
        ("UPDATE party SET role = 2 WHERE number = 3", "party 3 is damaged"),
        ("DELETE FROM party WHERE number = 2", "party 2 is damaged"),
        ("UPDATE party_posting SET seqs = x'00' WHERE party = 2", "postings of party 2, chunk 0 is damaged"),
        ("UPDATE party_posting SET chunk = 1 WHERE party = 2", "postings of party 2, chunk 1 is damaged"),
        ("INSERT INTO state (party, seq, bytes) VALUES (1, 1, zeroblob(9))", "state 1 is damaged"),
        ("UPDATE exposure SET bytes = x'00' WHERE number = 2", "exposure 2 is damaged"),
        ("DELETE FROM exposure WHERE number = 2", "exposure 2 is damaged: the row is missing"),
        ("UPDATE checkpoint SET at = 5 WHERE seq = 100", "checkpoint 100 is damaged"),
    ];
    for (sql, finding) in cases {
        let found = audit(sql);
        assert!(found.contains(finding), "{sql}: {found}");
    }
}

#[test]
fn a_piece_that_is_missing_among_others_is_noticed_by_whoever_reads_them() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 1);
    tamper(folder.path(), "DELETE FROM exposure WHERE number = 2");
    let mut reader = SqliteReader::open(folder.path()).unwrap();
    assert_eq!(reader.exposure(3, 9).unwrap(), [(3, b"open".to_vec())]);
    let refused = reader.exposure(0, 9).unwrap_err().to_string();
    assert!(refused.contains("damaged at exposure 2: the row is missing"), "{refused}");
}

#[test]
fn a_chain_written_anew_from_the_middle_is_seen_against_the_checkpoints() {
    // A forger with the algorithm at hand can make a chain that fits itself; the file of checkpoints holds the old one.
    let (folder, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fill(folder.path(), 50);
    let mut store = SqliteStore::open_or_create(other.path()).unwrap();
    let mut batch = store.begin().unwrap();
    for n in 0..50_u64 {
        batch
            .append(Digest::of(&[b"forged", &n.to_be_bytes()]).half(), Timestamp::from_millis(0), b"forged")
            .unwrap();
    }
    batch.commit().unwrap();
    drop(store);
    fs::copy(other.path().join("probity.db"), folder.path().join("probity.db")).unwrap();
    let broken = SqliteReader::open(folder.path()).unwrap().verify(&mut |_, _| ()).unwrap_err();
    assert!(matches!(broken, Broken::Changed { seq: 50, .. }), "{broken}");
}

#[test]
fn a_cut_tail_is_never_written_over() {
    let folder = tempfile::tempdir().unwrap();
    fill(folder.path(), 50);
    tamper(folder.path(), "DELETE FROM log WHERE seq > 40; DELETE FROM checkpoint");
    let refused = SqliteStore::open(folder.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged { place, .. } if place == "log 50"));
}
