//! A folder of an earlier schema under this release: brought forward whole, or left as it was.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod process;

use process::{House, Ran, SmallDisk, command, missing, rounds, run};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const MOMENTS: [&str; 3] = ["latest", "2025-02-28T23:59:59.999Z", "2025-02-10T12:00:00Z"];

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/v1").join(name)
}

/// Lays the old folder out.
fn lay_out(data: &Path) {
    fs::create_dir_all(data).unwrap();
    for name in ["probity.db", "checkpoints"] {
        fs::copy(fixture(name), data.join(name)).unwrap();
    }
}

fn schema(data: &Path) -> i64 {
    let connection = rusqlite::Connection::open(data.join("probity.db")).unwrap();
    connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

/// The hash of the last row that the old folder had; scores of later months may stand behind it. The whole log is audited.
fn hash(data: &Path) -> Vec<u8> {
    let last = |folder: &Path| -> (i64, Vec<u8>) {
        let connection = rusqlite::Connection::open(folder.join("probity.db")).unwrap();
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        connection.query_row("SELECT seq, hash FROM log ORDER BY seq DESC LIMIT 1", [], row).unwrap()
    };
    let old = House::new();
    lay_out(&old.data());
    let (rows, _) = last(&old.data());
    run(data, ["audit", "verify"]).exits(0);
    let connection = rusqlite::Connection::open(data.join("probity.db")).unwrap();
    connection.query_row("SELECT hash FROM log WHERE seq = ?1", [rows], |row| row.get(0)).unwrap()
}

fn scores(data: &Path, of: &str, moment: &str) -> Ran {
    let catalogue = fixture("catalogue");
    let catalogue = catalogue.to_str().unwrap();
    run(data, ["--catalogue-dir", catalogue, "scores", "--csv", "--of", of, "--as-of", moment])
}

/// Asserts that the folder says what it said under the release that made it, and was brought forward.
fn is_as_it_was(data: &Path, context: &str) {
    let of = |role| MOMENTS.map(|moment| scores(data, role, moment).exits(0).out).concat();
    let said = of("merchant") + &of("buyer");
    assert_eq!(said, fs::read_to_string(fixture("scores.csv")).unwrap(), "{context}");
    assert_eq!(schema(data), 4, "{context}");
    assert_eq!(run(data, ["--json", "set-aside"]).exits(0).json().as_array().unwrap().len(), 1, "{context}");
}

#[test]
fn an_old_folder_is_brought_forward_and_says_the_same() {
    let house = House::new();
    lay_out(&house.data());
    // Before: audited and copied as it stands, and the copy restores.
    let before = hash(&house.data());
    let copy = house.path("copy");
    house.run(["backup".as_ref(), copy.as_os_str()]).exits(0);
    assert_eq!((schema(&house.data()), schema(&copy)), (1, 1));
    assert_eq!(house.run(["--json", "catalogue", "versions"]).exits(0).json(), serde_json::json!([]));

    is_as_it_was(&house.data(), "brought forward");
    assert_eq!(hash(&house.data()), before);
    let versions = house.run(["--json", "catalogue", "versions"]).exits(0).json();
    assert!(!versions.as_array().unwrap().is_empty(), "{versions}");

    let other = House::new();
    other.run(["restore".as_ref(), copy.as_os_str()]).exits(0);
    is_as_it_was(&other.data(), "restored from a copy of the old");
    assert_eq!(hash(&other.data()), before);
}

#[test]
fn killed_at_any_write_of_the_migration_the_next_start_completes_it() {
    let probe = Command::new("strace").args(["-f", "-e", "trace=none", "true"]).output();
    if !probe.is_ok_and(|out| out.status.success()) {
        return missing("strace");
    }
    let whole = House::new();
    lay_out(&whole.data());
    let before = hash(&whole.data());
    let (mut killed, mut half_way) = (0, 0);
    for round in 1..=rounds("PROBITY_MIGRATION_KILLS", 24) {
        let house = House::new();
        lay_out(&house.data());
        let inner = command(&house.data(), ["scores", "--of", "buyer"]);
        let mut outer = Command::new("strace");
        let inject = format!("inject=pwrite64,ftruncate,fsync,fdatasync:signal=KILL:when={round}");
        outer.args(["-f", "-qq", "-o", "/dev/null", "-e", "trace=pwrite64,ftruncate,fsync,fdatasync"]);
        outer.args(["-e", &inject]).arg(inner.get_program()).args(inner.get_args());
        let status = outer.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap();
        killed += u64::from(!status.success());
        // Looking may fold the write-ahead log, so look at a copy.
        let look = house.path("look");
        fs::create_dir_all(&look).unwrap();
        for file in fs::read_dir(house.data()).unwrap() {
            let file = file.unwrap();
            fs::copy(file.path(), look.join(file.file_name())).unwrap();
        }
        half_way += u64::from(schema(&look) == 1);
        let first = scores(&house.data(), "buyer", "latest").exits(0).out;
        assert!(
            fs::read_to_string(fixture("scores.csv")).unwrap().contains(&first),
            "write {round}: {first}"
        );
        assert_eq!((schema(&house.data()), hash(&house.data())), (4, before.clone()), "write {round}");
    }
    println!("{killed} killed, {half_way} of them before the migration was durable");
    assert!(killed > 3 && half_way > 0);
}

#[test]
fn a_full_disk_stops_the_migration_and_room_lets_it_complete() {
    let house = House::new();
    let mut refused = 0;
    for kib in [108, 128, 200] {
        let at = house.path(&format!("disk{kib}"));
        let Some(disk) = SmallDisk::mount(&at, &format!("{kib}k")) else { return };
        let data = at.join("data");
        lay_out(&data);
        let ran = scores(&data, "buyer", "latest");
        if ran.code != 0 {
            refused += 1;
            ran.refused(1, "store-full");
        }
        assert!(disk.remount("size=32m"));
        is_as_it_was(&data, &format!("{kib} KiB"));
    }
    assert!(refused >= 2, "only {refused} met a full disk");
}
