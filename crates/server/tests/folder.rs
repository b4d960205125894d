//! The data folder as the world may leave it: in use, read-only, foreign, cut, newer, tampered with, full.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod process;

use process::{House, Ran, SmallDisk, command, run, same_scores, sample};
use std::fs;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const MOMENTS: [&str; 2] = ["latest", "2025-02-10T12:00:00Z"];

/// A folder with the events of some orders.
fn filled(lines: usize) -> House {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(lines))).exits(0);
    house
}

/// A server on a folder, ended with the test.
struct Server(Child);

impl Server {
    fn start(house: &House) -> Self {
        let child = command(&house.data(), ["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self(child);
        let begun = Instant::now();
        // The lock is taken before anything is opened; while it can be had, the server is not there yet.
        let lock = house.data().join("lock");
        loop {
            assert!(server.0.try_wait().unwrap().is_none(), "the server ended");
            assert!(begun.elapsed() < Duration::from_secs(60), "the server did not start");
            let free = fs::File::options().write(true).open(&lock).is_ok_and(|file| file.try_lock().is_ok());
            if lock.exists() && !free {
                return server;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_second_process_is_refused_at_once_and_copies_are_not() {
    let house = filled(400);
    let (scores, events) = (house.scores(&MOMENTS), house.events());
    let server = Server::start(&house);
    for arguments in
        [vec!["events", "--count"], vec!["scores", "--of", "buyer"], vec!["serve", "--listen", "127.0.0.1:0"]]
    {
        let ran = house.run(&arguments).refused(1, "store-in-use");
        assert!(ran.took < Duration::from_secs(2), "{arguments:?}: {ran:?}");
    }
    house.run(["audit", "verify"]).exits(0);
    let copy = house.path("copy");
    house.run(["backup".as_ref(), copy.as_os_str()]).exits(0);
    drop(server);
    assert_eq!(house.events(), events);

    let other = House::new();
    other.run(["restore".as_ref(), copy.as_os_str()]).exits(0);
    same_scores(&other.scores(&MOMENTS), &scores, "restored");
    other.run(["restore".as_ref(), copy.as_os_str()]).refused(2, "store-target-not-empty");
    house.run(["backup".as_ref(), copy.as_os_str()]).refused(2, "store-target-not-empty");
    same_scores(&other.scores(&MOMENTS), &scores, "after a refused restore");
}

#[test]
fn folders_that_are_not_fit_are_refused_with_their_cause() {
    let score = ["score", "buyer:buyer1"];
    let none = House::new();
    none.run(score).refused(1, "store-missing");
    assert!(!none.data().exists(), "looking made a folder");

    none.file("data/letter.txt", "not yours");
    none.run(score).refused(2, "store-not-ours");
    none.run(["import".as_ref(), none.file("x.jsonl", sample(10)).as_os_str()]).refused(2, "store-not-ours");
    assert_eq!(
        fs::read_dir(none.data())
            .unwrap()
            .filter(|entry| entry.as_ref().unwrap().file_name() != "lock")
            .count(),
        1
    );

    let half = filled(400);
    let database = half.data().join("probity.db");
    let whole = fs::read(&database).unwrap();
    for keep in [0, 100, 4096, whole.len() / 2, whole.len() - 4096] {
        fs::write(&database, &whole[..keep]).unwrap();
        let ran = half.run(["audit", "verify"]);
        assert!(ran.code == 1 || ran.code == 2, "cut to {keep}: {ran:?}");
        assert!(ran.err.contains("error[") && !ran.err.contains("panicked"), "cut to {keep}: {ran:?}");
        let ran = half.run(["scores", "--of", "merchant", "--csv"]);
        assert!(ran.code == 1 || ran.code == 2, "cut to {keep}: {ran:?}");
        assert!(ran.err.contains("error[store-") && !ran.err.contains("panicked"), "cut to {keep}: {ran:?}");
    }
    fs::write(&database, &whole).unwrap();
    half.run(["audit", "verify"]).exits(0);
    fs::remove_file(&database).unwrap();
    let ran = half.run(score).refused(1, "store-damaged");
    assert!(ran.err.contains("probity.db"), "{ran:?}");
}

#[test]
fn a_newer_folder_is_left_as_it_is() {
    let house = filled(100);
    let database = house.data().join("probity.db");
    rusqlite::Connection::open(&database).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&database).unwrap();
    for arguments in [vec!["score", "buyer:buyer1"], vec!["audit", "verify"], vec!["import", "x.jsonl"]] {
        house.run(&arguments).refused(2, "store-newer");
    }
    assert_eq!(fs::read(&database).unwrap(), before);
}

/// What the audit says after something was done to the log.
fn audit(sql: &str) -> Ran {
    let house = filled(300);
    rusqlite::Connection::open(house.data().join("probity.db")).unwrap().execute_batch(sql).unwrap();
    house.run(["audit", "verify"])
}

#[test]
fn the_audit_names_the_first_row_that_was_touched() {
    for (sql, names) in [
        ("UPDATE log SET recorded_at = recorded_at - 1 WHERE seq = 77", "row 77"),
        ("DELETE FROM log WHERE seq = 31", "row 31"),
        (
            "UPDATE log SET seq = -1 WHERE seq = 12; UPDATE log SET seq = 12 WHERE seq = 40; UPDATE log SET seq = 40 WHERE seq = -1",
            "row 12",
        ),
        ("DELETE FROM log WHERE seq > 250; DELETE FROM checkpoint", "row 250"),
    ] {
        let ran = audit(sql).refused(1, "log-broken");
        assert!(ran.err.contains(names), "{sql}: {ran:?}");
    }
}

#[test]
fn one_flipped_bit_in_the_log_is_named() {
    let house = filled(300);
    let database = house.data().join("probity.db");
    let body: Vec<u8> = rusqlite::Connection::open(&database)
        .unwrap()
        .query_row("SELECT body FROM log WHERE seq = 123", [], |row| row.get(0))
        .unwrap();
    let mut bytes = fs::read(&database).unwrap();
    let at = bytes.windows(body.len()).position(|window| window == body).unwrap();
    bytes[at + body.len() / 2] ^= 0x10;
    fs::write(&database, bytes).unwrap();
    let ran = house.run(["audit", "verify"]).refused(1, "log-broken");
    assert!(ran.err.contains("row 123"), "{ran:?}");
    // Whoever reads the row is told, too; nobody gets a wrong answer.
    house.run(["events", "--from", "123", "--limit", "1"]).refused(1, "store-damaged");
    house.run(["events", "--from", "1", "--limit", "100"]).exits(0);
}

#[test]
fn a_full_disk_fails_the_import_and_room_lets_it_complete() {
    let lines = 4_500;
    let unbroken = filled(lines);
    let (scores, events) = (unbroken.scores(&MOMENTS), unbroken.events());
    let mut failed = 0;
    for kib in [300, 900, 1_800, 3_000, 4_500] {
        let house = House::new();
        let Some(disk) = SmallDisk::mount(&house.data(), &format!("{kib}k")) else { return };
        let file = house.file("events.jsonl", sample(lines));
        let ran = house.import(&file);
        if ran.code != 0 {
            failed += 1;
            assert_eq!(ran.code, 1, "{kib} KiB: {ran:?}");
            assert!(ran.err.contains("store-full") && !ran.err.contains("panicked"), "{kib} KiB: {ran:?}");
        }
        assert!(disk.remount("size=64m"));
        house.import(&file).exits(0);
        assert_eq!(house.events(), events, "{kib} KiB");
        house.run(["audit", "verify"]).exits(0);
        same_scores(&house.scores(&MOMENTS), &scores, &format!("{kib} KiB"));
    }
    assert!(failed >= 3, "only {failed} imports met a full disk");
}

#[test]
fn a_read_only_folder_is_refused_and_can_be_audited() {
    let house = House::new();
    let Some(disk) = SmallDisk::mount(&house.data(), "64m") else { return };
    let file = house.file("events.jsonl", sample(200));
    house.import(&file).exits(0);
    assert!(disk.remount("ro"));
    house.run(["import".as_ref(), file.as_os_str()]).refused(1, "store-read-only");
    house.run(["audit", "verify"]).exits(0);
    let copy = house.path("copy");
    house.run(["backup".as_ref(), copy.as_os_str()]).exits(0);
    run(&copy, ["audit", "verify"]).exits(0);
}
