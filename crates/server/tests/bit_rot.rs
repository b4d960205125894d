//! One flipped bit in any file of a data folder, through the binary: noticed and named, or harmless; never another answer.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Random, command, rounds, run, sample};
use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

const FILES: [&str; 3] = ["probity.db", "probity.db-wal", "checkpoints"];

/// A folder whose process died in the middle of an import, so that the write-ahead log holds something: a checkpoint was
/// made before.
fn died() -> House {
    let house = House::new();
    house.import(&house.file("first.jsonl", sample(600))).exits(0);
    let second = house.file("second.jsonl", sample(12_000));
    let mut import = command(&house.data(), ["import".as_ref(), second.as_os_str()]);
    let mut child = import.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let wal = house.data().join("probity.db-wal");
    let begun = Instant::now();
    while commits(&wal) < 6 {
        assert!(child.try_wait().unwrap().is_none(), "the import ended before it was killed");
        assert!(begun.elapsed() < Duration::from_secs(60), "no write-ahead log came about");
        std::thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    house
}

/// Batches in a write-ahead log: frames of 4 KiB pages whose header names the size of the database after a commit.
fn commits(wal: &Path) -> usize {
    let bytes = fs::read(wal).unwrap_or_default();
    let frames = bytes.get(32..).unwrap_or_default().chunks_exact(24 + 4096);
    frames.filter(|frame| frame[4..8] != [0; 4]).count()
}

/// Copies a folder with one bit of one file flipped.
fn flipped(from: &Path, to: &Path, file: &str, bit: u64) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir_all(to).unwrap();
    for name in FILES {
        let mut bytes = fs::read(from.join(name)).unwrap();
        if name == file {
            bytes[usize::try_from(bit / 8).unwrap()] ^= 1 << (bit % 8);
        }
        fs::write(to.join(name), bytes).unwrap();
    }
}

/// Events by their row, as the folder tells them. When a row was recorded is left out: each start writes the facts that the
/// dead process owed, at its own moment.
fn told(data: &Path) -> Result<Vec<String>, String> {
    let ran = run(data, ["--json", "events", "--limit", "100000"]);
    assert!(!ran.err.contains("panicked"), "{ran:?}");
    match ran.code {
        0 => Ok(ran.json().as_array().unwrap().iter().map(statement).collect()),
        _ => Err(ran.err),
    }
}

fn statement(row: &serde_json::Value) -> String {
    let mut row = row.clone();
    row.as_object_mut().unwrap().remove("recorded_at");
    row.to_string()
}

#[test]
fn a_flipped_bit_in_any_file_is_noticed_or_harmless() {
    let house = died();
    let whole = house.path("whole");
    fs::create_dir(&whole).unwrap();
    for name in FILES {
        fs::copy(house.data().join(name), whole.join(name)).unwrap();
    }
    let rows = told(&house.data()).unwrap();
    let mut random = Random(rounds("PROBITY_SEED", 7));
    for file in FILES {
        let bits = fs::metadata(whole.join(file)).unwrap().len() * 8;
        let (mut refused, mut cut) = (0, 0);
        for _ in 0..rounds("PROBITY_FILE_FLIPS", 4) {
            let (bit, data) = (random.below(bits), house.path("flipped"));
            flipped(&whole, &data, file, bit);
            let context = format!("{file}, bit {bit}");
            match told(&data) {
                Err(why) => {
                    assert!(why.contains("\"code\":\"store-"), "{context}: {why}");
                    refused += 1;
                }
                // A flip in the last few batches of the write-ahead log looks as a power cut does.
                Ok(told) if file == "probity.db-wal" && told.len() < rows.len() => cut += 1,
                Ok(told) => assert!(told == rows, "{context}: {} rows of {}", told.len(), rows.len()),
            }
        }
        println!("{file}: {refused} refused, {cut} taken for a power cut");
        assert!(file == "probity.db" || refused > 0, "{file}: nothing was noticed");
    }
}
