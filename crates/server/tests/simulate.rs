//! Simulated worlds through the binary: the same bytes always, imported whole, checked, and never half there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod process;

use probity_primitives::Digest;
use process::{House, Ran, SmallDisk, command, missing, same_scores};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

/// A world small enough for a test, with some of most kinds of parties.
const SMALL: [&str; 6] = ["--merchants", "40", "--buyers", "500", "--days", "150"];

/// The SHA-256 of [`SMALL`] with seed 7 as JSON Lines, then of the truth about it. Both change when the simulator draws another
/// number anywhere, or when `catalogue/worlds/` changes. Where that is meant, put what the failing test shows here, and say
/// in the change log that worlds of one seed are other worlds from now on.
const GOLDEN: [&str; 2] = [
    "c833e0112d94863b25120b40e7ba3e3f8fdf3787851b2aee47725c2af688df65",
    "86d5c53d8b273e65c1dbcbe98a764dee4aee9e3bd23715fd86187967352b1d0c",
];

/// Runs `simulate` into a folder beside the data folder; what `more` says of the size counts.
fn simulate(house: &House, out: &str, more: &[&str]) -> Ran {
    let folder = house.path(out);
    let given = ["simulate", "--out", folder.to_str().unwrap()];
    let size = SMALL.chunks(2).filter(|pair| !more.contains(&pair[0])).flatten();
    house.run(given.iter().chain(size).chain(more))
}

/// The same, answered in JSON.
fn told(house: &House, out: &str, more: &[&str]) -> Value {
    simulate(house, out, &[more, &["--json"]].concat()).exits(0).json()
}

fn verify(house: &House, folder: &str) -> Ran {
    house.run(["simulate", "verify", house.path(folder).to_str().unwrap()])
}

/// Name and digest of each file in a folder.
fn digests(folder: &Path) -> BTreeMap<String, String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    files
        .map(|file| {
            let bytes = fs::read(file.path()).unwrap();
            (file.file_name().into_string().unwrap(), Digest::of(&[&bytes]).to_string())
        })
        .collect()
}

#[test]
fn the_same_command_gives_the_same_bytes_with_any_number_of_threads() {
    let house = House::new();
    // Enough events for several row groups, so that threads have something to overtake each other with.
    let large = ["--buyers", "4000", "--days", "400"];
    let mut first = None;
    for (at, threads) in ["1", "1", "2", "4"].into_iter().enumerate() {
        let out = format!("world{at}");
        simulate(&house, &out, &[&large[..], &["--threads", threads]].concat()).exits(0);
        let found = digests(&house.path(&out));
        assert_eq!(found.len(), 6, "{found:?}");
        assert_eq!(first.get_or_insert_with(|| found.clone()), &found, "run {at} with {threads} threads");
    }
    simulate(&house, "other", &[&large[..], &["--seed", "8"]].concat()).exits(0);
    let other = digests(&house.path("other"));
    assert_ne!(other.get("events.parquet"), first.unwrap().get("events.parquet"));
}

#[test]
fn a_known_world_has_not_changed() {
    let house = House::new();
    simulate(&house, "world", &["--format", "jsonl"]).exits(0);
    let found = digests(&house.path("world"));
    assert_eq!([found["events.jsonl"].as_str(), &found["truth.parquet"]], GOLDEN);
}

#[test]
fn both_forms_are_taken_whole_and_score_alike() {
    let mut scores = Vec::new();
    for (format, file) in [("parquet", "events.parquet"), ("jsonl", "events.jsonl")] {
        let house = House::new();
        let told = told(&house, "world", &["--format", format, "--verify"]);
        let events = told["world"]["counts"]["events"].as_u64().unwrap();
        let import = house.import(&house.path("world").join(file)).exits(0);
        assert_eq!(
            [import.number("rows"), import.number("taken"), import.number("set_aside")],
            [events, events, 0],
            "{import:?}"
        );
        scores.push(house.scores(&["latest", "2025-04-15T12:00:00Z"]));
    }
    same_scores(&scores[0], &scores[1], "Parquet beside JSON Lines");
}

#[test]
fn archetypes_can_be_turned_off_and_on() {
    let counts = |house: &House, out: &str, more: &[&str]| {
        told(house, out, more)["world"]["counts"]["by_archetype"].clone()
    };
    let house = House::new();
    let (all, only, without) = (
        counts(&house, "all", &[]),
        counts(&house, "only", &["--only", "brusher"]),
        counts(&house, "without", &["--without", "brusher,refund_abuser"]),
    );
    let of = |counts: &Value, name: &str| counts[name].as_u64().unwrap_or(0);
    for (name, there) in [("brusher", [true, true, false]), ("refund_abuser", [true, false, false])] {
        for (counts, there) in [&all, &only, &without].into_iter().zip(there) {
            assert_eq!(of(counts, name) > 0, there, "{name} in {counts}");
        }
    }
}

#[test]
fn impossible_parameters_are_refused_with_the_reason() {
    let house = House::new();
    let world =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../catalogue/worlds/marketplace.toml"));
    let bad_share =
        house.file("bad.toml", world.unwrap().replacen("asks                 = 0.12", "asks = 1.2", 1));
    let broken = house.file("broken.toml", "title = ");
    let (bad_share, broken) = (bad_share.to_str().unwrap(), broken.to_str().unwrap());
    for (given, code, said) in [
        (&["--merchants", "0"][..], "world-invalid", "0 merchants"),
        (&["--buyers", "0"], "world-invalid", "0 buyers"),
        (&["--days", "0"], "world-invalid", "0 days"),
        (&["--days", "99999"], "world-invalid", "99999 days"),
        (&["--only", "nobody"], "world-invalid", "no archetype 'nobody'"),
        (&["--without", "exit_scam,x"], "world-invalid", "no archetype 'x'"),
        (&["--threads", "0"], "simulate-invalid", "0 threads"),
        (&["--world", bad_share], "world-invalid", "service.asks = 1.2"),
        (&["--world", broken], "world-invalid", "marketplace.toml:1"),
        (&["--honest", "/nowhere.toml"], "world-unreadable", "/nowhere.toml"),
    ] {
        let folder = house.path("refused");
        let base = ["simulate", "--out", folder.to_str().unwrap()];
        let ran = house.run(base.iter().chain(given)).refused(2, code);
        assert!(ran.err.contains(said), "{given:?}: {ran:?}");
        assert!(!folder.exists(), "{given:?} left something");
    }
    for given in [&["--seed", "x"][..], &["--seed=-1"], &["--merchants=-5"], &["--format", "csv"]] {
        let ran = house.run(["simulate", "--out", "x"].iter().chain(given));
        let option = given[0].split('=').next().unwrap();
        assert!(ran.code == 2 && ran.err.contains(option), "{ran:?}");
    }
    assert_eq!(house.run(["simulate"]).code, 2, "without a folder");
}

#[test]
fn a_folder_holds_a_whole_world_or_nothing() {
    let house = House::new();
    let full = house.path("full");
    house.file("full/kept", "mine");
    simulate(&house, "full", &[]).refused(1, "simulate-folder-taken");
    assert_eq!(fs::read(full.join("kept")).unwrap(), b"mine");
    assert_eq!(fs::read_dir(&full).unwrap().count(), 1);
    house.file("file", "mine");
    assert_eq!(simulate(&house, "file", &[]).code, 1);
    // An empty folder is taken; a world is not written over.
    fs::create_dir(house.path("empty")).unwrap();
    simulate(&house, "empty", &[]).exits(0);
    verify(&house, "empty").exits(0);
    simulate(&house, "empty", &[]).refused(1, "simulate-folder-taken");
    assert!(hidden(&house).is_empty(), "{:?}", hidden(&house));
}

/// Hidden things beside the data folder.
fn hidden(house: &House) -> Vec<PathBuf> {
    let entries = fs::read_dir(house.path("")).unwrap().map(|entry| entry.unwrap().path());
    entries.filter(|path| path.file_name().unwrap().to_string_lossy().starts_with('.')).collect()
}

#[test]
fn two_at_once_do_not_mix_and_a_killed_one_leaves_nothing_to_take() {
    for format in ["parquet", "jsonl"] {
        let house = House::new();
        let folder = house.path("world");
        let base = ["simulate", "--out", folder.to_str().unwrap(), "--format", format];
        let large = ["--buyers", "200000", "--days", "2000", "--merchants", "1000"];
        let mut long = command(&house.data(), base.iter().chain(&large));
        let mut first = long.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        // At work once its hidden folder has a file with something in it.
        let unfinished = || {
            let files = hidden(&house).into_iter().flat_map(|folder| fs::read_dir(folder).unwrap());
            files.map(|file| file.unwrap().path()).collect::<Vec<_>>()
        };
        let begun = std::time::Instant::now();
        while !unfinished().iter().any(|file| file.metadata().is_ok_and(|meta| meta.len() > 1_000_000)) {
            assert!(first.try_wait().unwrap().is_none() && begun.elapsed() < Duration::from_secs(120));
            std::thread::sleep(Duration::from_millis(5));
        }
        simulate(&house, "world", &[]).refused(1, "simulate-folder-taken");
        assert!(first.try_wait().unwrap().is_none(), "the first was disturbed");
        first.kill().unwrap();
        first.wait().unwrap();

        // Neither what lies in the folder nor what lies hidden is a world, and no file of it can be imported.
        verify(&house, "world").refused(1, "simulate-world-missing");
        for file in unfinished() {
            let import = house.import(&file);
            assert!(import.code == 2 || import.code == 1, "{file:?} was taken: {import:?}");
        }
        let left = hidden(&house).remove(0);
        house.run(["simulate", "verify", left.to_str().unwrap()]).refused(1, "simulate-world-missing");
        // The next run clears it away and is a whole one.
        simulate(&house, "world", &["--verify"]).exits(0);
        assert!(hidden(&house).is_empty());
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing() {
    let house = House::new();
    let Some(_disk) = SmallDisk::mount(&house.path("disk"), "2m") else { return missing("mount") };
    let more = ["--merchants", "200", "--buyers", "20000", "--days", "400"];
    let ran = simulate(&house, "disk/world", &more);
    assert!(ran.code == 1 && ran.err.contains("simulate-write-failed"), "{ran:?}");
    assert_eq!(fs::read_dir(house.path("disk")).unwrap().count(), 0);
}

/// Writes the manifest's figures about a file anew, so that only the laws can tell.
fn admit(folder: &Path, name: &str) {
    let bytes = fs::read(folder.join(name)).unwrap();
    let path = folder.join("world.json");
    let mut manifest: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let (digest, len) = (Digest::of(&[&bytes]).to_string(), bytes.len());
    manifest["files"][name]["bytes"] = len.into();
    manifest["files"][name]["sha256"] = digest.clone().into();
    if !name.ends_with(".sha256") {
        let beside = format!("{name}.sha256");
        fs::write(folder.join(&beside), format!("{digest}  {name}\n")).unwrap();
        fs::write(&path, manifest.to_string()).unwrap();
        return admit(folder, &beside);
    }
    fs::write(&path, manifest.to_string()).unwrap();
}

/// The lines of a world, one of them changed.
fn changed(text: &str, which: &str, change: impl Fn(&str) -> String) -> String {
    let at = text.lines().position(|line| line.contains(which)).unwrap_or_else(|| panic!("no {which}"));
    let lines = text.lines().enumerate();
    lines.map(|(n, line)| if n == at { change(line) } else { format!("{line}\n") }).collect()
}

#[test]
fn a_tampered_world_is_found_out() {
    let house = House::new();
    simulate(&house, "world", &["--format", "jsonl"]).exits(0);
    let text = fs::read_to_string(house.path("world").join("events.jsonl")).unwrap();
    let same = |line: &str| format!("{line}\n");
    let drop = |_: &str| String::new();
    let swap =
        |from: &'static str, to: &'static str| move |line: &str| format!("{}\n", line.replacen(from, to, 1));
    let tampered = [
        ("a payment left out", changed(&text, "\"order.paid\"", drop), "without a payment|by the truth"),
        (
            "a line twice",
            changed(&text, "\"order.shipped\"", |line| format!("{line}\n{line}\n")),
            "ids count the events",
        ),
        (
            "a year later",
            changed(&text, "\"order.paid\"", swap("\"occurred_at\":\"2025", "\"occurred_at\":\"2026")),
            "before the event above it",
        ),
        (
            "before it was placed",
            changed(&text, "\"order.shipped\"", swap("\"occurred_at\":\"2025", "\"occurred_at\":\"2023")),
            "before it was placed",
        ),
        (
            "never shipped",
            changed(&text, "\"order.shipped\"", swap("order.shipped", "order.disputed")),
            "before it was shipped",
        ),
        (
            "another buyer",
            changed(&text, "\"order.shipped\"", swap("\"buyer\":\"b", "\"buyer\":\"b9")),
            "between other parties",
        ),
        (
            "a larger refund",
            changed(&text, "\"refund.issued\"", swap("\"value\":\"", "\"value\":\"9")),
            "refunded",
        ),
        (
            "a larger payout",
            changed(&text, "\"payout.made\"", swap("\"value\":\"", "\"value\":\"9")),
            "paid out",
        ),
        (
            "a larger repayment",
            changed(&text, "\"credit.repaid\"", swap("\"value\":\"", "\"value\":\"9")),
            "credit line",
        ),
        ("cut", text[..text.len() / 2].into(), "in the files"),
        (
            "somebody unknown",
            changed(&text, "\"account.opened\"", drop),
            "has not joined|ids count the events",
        ),
    ];
    let events = house.path("world").join("events.jsonl");
    for (what, text, said) in tampered {
        fs::write(&events, text).unwrap();
        let seen = verify(&house, "world").refused(1, "simulate-world-broken");
        assert!(seen.err.contains("events.jsonl: ") && seen.err.contains("SHA-256"), "{what}: {seen:?}");
        admit(&house.path("world"), "events.jsonl");
        let seen = verify(&house, "world").refused(1, "simulate-world-broken");
        assert!(said.split('|').any(|said| seen.err.contains(said)), "{what}: {}", seen.err);
    }
    fs::write(&events, changed(&text, "", same)).unwrap();
    admit(&house.path("world"), "events.jsonl");
    verify(&house, "world").exits(0);
}

#[test]
fn a_cut_or_missing_file_is_found_out() {
    let house = House::new();
    simulate(&house, "world", &[]).exits(0);
    for name in ["events.parquet", "truth.parquet", "honest.toml"] {
        let path = house.path("world").join(name);
        let bytes = fs::read(&path).unwrap();
        fs::write(&path, &bytes[..bytes.len() - 9]).unwrap();
        let seen = verify(&house, "world").refused(1, "simulate-world-broken");
        assert!(seen.err.contains(name), "{seen:?}");
        fs::remove_file(&path).unwrap();
        verify(&house, "world").refused(1, "simulate-world-broken");
        fs::write(&path, &bytes).unwrap();
    }
    let manifest = house.path("world").join("world.json");
    let text = fs::read_to_string(&manifest).unwrap();
    for (bad, why) in [
        ("{}".to_owned(), "no fields"),
        (text.replace("\"truth.parquet\"", "\"../truth.parquet\""), "outside"),
        (text[..text.len() / 2].to_owned(), "cut"),
    ] {
        fs::write(&manifest, bad).unwrap();
        let seen = verify(&house, "world");
        assert!(seen.code == 1 && seen.err.contains("simulate-world-missing"), "{why}: {seen:?}");
    }
    fs::remove_file(&manifest).unwrap();
    verify(&house, "world").refused(1, "simulate-world-missing");
}
