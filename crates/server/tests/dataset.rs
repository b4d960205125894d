//! `probity dataset` through the real binary: no row knows more than its moment did, and no label more than its window.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use probity_intake::{Item, Options, open};
use probity_primitives::{Duration, Timestamp};
use process::marketplace::{event, hour, known_late, mark, marketplace};
use process::{House, Ran, Random, rounds};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A label that takes everybody: the tests look at each of them.
const LABELS: &str = r#"
[[label]]
name = "two_frauds"
of = "merchant"
title = "Two findings of fraud"
reasoning = "For tests."
within = "20d"
report = "10d"
bad = "fraud_findings_365d >= 2"

[[label]]
name = "a_fraud"
of = "merchant"
title = "A finding of fraud"
reasoning = "For tests."
within = "20d"
report = "10d"
bad = "fraud_findings_365d > 0"

[[label]]
name = "unpaid"
of = "buyer"
title = "An order left unpaid"
reasoning = "For tests."
within = "20d"
report = "10d"
bad = "unpaid_orders_365d > 0"
"#;

/// The starter with these labels, in a folder.
fn catalogue(house: &House) -> PathBuf {
    let folder = house.path("catalogue");
    house.run(["catalogue", "write", folder.to_str().unwrap()]).exits(0);
    house.file("catalogue/labels/tests.toml", LABELS);
    folder
}

fn take(house: &House, events: &[Value]) {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let ran = house.import(&house.file("events.jsonl", lines));
    let refused = ran.json()["reasons"].as_object().unwrap().keys().all(|code| code == "target-is-mark");
    assert!(refused && matches!(ran.code, 0 | 3), "{ran:?}");
}

fn dataset(house: &House, catalogue: &Path, label: &str, at: &str, more: &[&str]) -> Ran {
    let out = house.path("rows.csv");
    let mut all = vec!["--catalogue-dir", catalogue.to_str().unwrap(), "dataset", "--json"];
    all.extend(["--label", label, "--at", at, "--out", out.to_str().unwrap()]);
    all.extend(more);
    house.run(all)
}

/// Rows as maps from column to text, by party.
type Rows = BTreeMap<String, BTreeMap<String, String>>;

/// The lines of a CSV, without quoted cells.
fn table(text: &str) -> Vec<BTreeMap<String, String>> {
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let row = |line: &str| {
        let cells: Vec<&str> = line.split(',').collect();
        assert_eq!(cells.len(), header.len(), "{line}");
        header.iter().zip(cells).map(|(name, cell)| ((*name).to_owned(), cell.to_owned())).collect()
    };
    lines.map(row).collect()
}

fn by_party(rows: Vec<BTreeMap<String, String>>) -> Rows {
    rows.into_iter().map(|row| (row["party"].clone(), row)).collect()
}

/// The rows of one moment.
fn rows_of(house: &House, at: &str) -> Rows {
    let rows = table(&std::fs::read_to_string(house.path("rows.csv")).unwrap());
    by_party(rows.into_iter().filter(|row| row["as_of"] == at).collect())
}

fn known_at(event: &Value) -> Timestamp {
    let text = event.get("known_at").unwrap_or(&event["occurred_at"]).as_str().unwrap();
    Timestamp::parse(text).unwrap()
}

/// Scores and indicators as of a moment, of a folder that was told nothing that became known after it.
fn as_it_was(events: &[Value], at: Timestamp, role: &str) -> Rows {
    let cut = House::new();
    let told: Vec<Value> = events.iter().filter(|event| known_at(event) <= at).cloned().collect();
    take(&cut, &told);
    by_party(table(&cut.run(["scores", "--of", role, "--csv", "--as-of", &at.to_string()]).exits(0).out))
}

/// Every column of the one that the other has too says the same; they are of the same parties.
fn same_rows(have: &Rows, want: &Rows, what: &str) {
    let parties = |rows: &Rows| rows.keys().cloned().collect::<Vec<_>>();
    assert_eq!(parties(have), parties(want), "{what}");
    for (party, want) in want {
        let mut both = 0;
        for (name, have) in &have[party] {
            if let Some(want) = want.get(name) {
                assert_eq!(have, want, "{what}: {name} of {party}");
                both += 1;
            }
        }
        assert!(both > 50, "{what}: only {both} columns in common");
    }
}

/// Findings of fraud, some known late, some taken back.
fn findings(random: &mut Random, events: &mut Vec<Value>) {
    for nth in 0..120 {
        let at = random.below(300 * 24);
        let merchant = format!("m{}", random.below(3));
        let kind = ["fraud", "other"][random.below(2) as usize];
        let own = json!({"merchant": merchant, "violation": format!("v{nth}"), "kind": kind, "severity": 3});
        let id = format!("f{nth}");
        events.push(known_late(random, event(&id, "violation.found", at, own), at));
        if random.below(4) == 0 {
            let later = at + random.below(30 * 24);
            events.push(known_late(random, mark(&format!("r{nth}"), "event.retracted", later, &id), later));
        }
    }
}

/// The label counted by hand: findings of the window, known in time and not taken back by then.
fn findings_after(events: &[Value], merchant: &str, at: Timestamp) -> usize {
    let (upto, known_by) = (at.plus(Duration::days(20)), at.plus(Duration::days(30)));
    let taken_back = |id: &Value| {
        let about = |event: &&Value| event["type"] == "event.retracted" && event["target"] == *id;
        events.iter().filter(about).any(|event| known_at(event) <= known_by)
    };
    let counts = |event: &&Value| {
        let occurred = Timestamp::parse(event["occurred_at"].as_str().unwrap()).unwrap();
        event["type"] == "violation.found"
            && event["kind"] == "fraud"
            && event["merchant"] == merchant
            && (occurred > at && occurred <= upto && known_at(event) <= known_by)
            && !taken_back(&event["id"])
    };
    events.iter().filter(counts).count()
}

#[test]
fn no_row_knows_what_its_moment_did_not_and_no_label_what_its_window_did_not() {
    let mut bads = 0;
    for seed in 0..rounds("PROBITY_DATASET_ROUNDS", 3) {
        let mut random = Random(seed + 1);
        let mut events = marketplace(&mut random, 40);
        findings(&mut random, &mut events);
        // Nobody of whom anything is asked; it carries the log far enough.
        let end = |at| event("end", "account.opened", at, json!({"merchant": "zz"}));
        random.shuffle(&mut events);
        let moments: Vec<Timestamp> = (0..3)
            .map(|_| hour(random.below(280 * 24)).plus(Duration(random.below(3_600_000) as i64)))
            .collect();
        let at: Vec<String> = moments.iter().map(ToString::to_string).collect();

        let whole = House::new();
        let definitions = catalogue(&whole);
        take(&whole, &[events.clone(), vec![end(400 * 24)]].concat());
        for (role, label) in [("buyer", "unpaid"), ("merchant", "two_frauds")] {
            let ran = dataset(&whole, &definitions, label, &at.join(","), &["--indicators", "all"]).exits(0);
            assert_eq!(ran.json()["moments"].as_array().unwrap().len(), 3, "{ran:?}");
            for (moment, at) in moments.iter().zip(&at) {
                let want = as_it_was(&events, *moment, role);
                same_rows(&rows_of(&whole, at), &want, &format!("seed {seed}, {role} at {at}"));
            }
        }
        for (moment, at) in moments.iter().zip(&at) {
            let rows = rows_of(&whole, at);
            for (party, row) in &rows {
                let count = findings_after(&events, party.trim_start_matches("merchant:"), *moment);
                assert_eq!(row["bad"], u8::from(count >= 2).to_string(), "seed {seed}, {party} at {at}");
                bads += u64::from(count >= 2);
            }
            // What becomes known after the window and its lag changes nothing, neither label nor row.
            let known_by = moment.plus(Duration::days(30));
            let cut = House::new();
            let mut told: Vec<Value> =
                events.iter().filter(|event| known_at(event) <= known_by).cloned().collect();
            let mut last = end(0);
            last["occurred_at"] = json!(known_by.to_string());
            told.push(last);
            take(&cut, &told);
            dataset(&cut, &definitions, "two_frauds", at, &["--indicators", "all"]).exits(0);
            assert_eq!(rows_of(&cut, at), rows, "seed {seed} at {at}");
        }
    }
    assert!(bads > 0, "nothing is said of bad merchants");
}

#[test]
fn each_moment_lies_on_its_side() {
    let at = Timestamp::parse("2024-03-01T12:00:00Z").unwrap();
    let (upto, known_by) = (at.plus(Duration::days(20)), at.plus(Duration::days(30)));
    let after = |moment: Timestamp, millis: i64| moment.plus(Duration(millis));
    // Occurred, known, taken back; known to the row, counted by the label.
    type Case = (Timestamp, Timestamp, Option<Timestamp>, u8, u8);
    let cases: [Case; 10] = [
        (at, at, None, 1, 0),
        (after(at, 1), after(at, 1), None, 0, 1),
        (upto, upto, None, 0, 1),
        (after(upto, 1), after(upto, 1), None, 0, 0),
        (upto, known_by, None, 0, 1),
        (upto, after(known_by, 1), None, 0, 0),
        (upto, upto, Some(known_by), 0, 0),
        (upto, upto, Some(after(known_by, 1)), 0, 1),
        // Told late about a time before the moment: part of neither.
        (at, after(at, 1), None, 0, 0),
        (at, at, Some(at), 0, 0),
    ];
    let mut events = vec![event("end", "account.opened", 9_000 + 8_760, json!({"merchant": "zz"}))];
    for (nth, (occurred, known, back, ..)) in cases.iter().enumerate() {
        let merchant = format!("m{nth}");
        events.push(event(&format!("a{nth}"), "account.opened", 24, json!({"merchant": merchant})));
        let own = json!({"merchant": merchant, "violation": "v", "kind": "fraud", "severity": 3});
        let mut found = event(&format!("f{nth}"), "violation.found", 0, own);
        (found["occurred_at"], found["known_at"]) = (json!(occurred.to_string()), json!(known.to_string()));
        events.push(found);
        if let Some(back) = back {
            let mut retracted = mark(&format!("r{nth}"), "event.retracted", 0, &format!("f{nth}"));
            retracted["occurred_at"] = json!(back.to_string());
            events.push(retracted);
        }
    }
    let house = House::new();
    let definitions = catalogue(&house);
    take(&house, &events);
    let at = at.to_string();
    let ran =
        dataset(&house, &definitions, "a_fraud", &at, &["--indicators", "fraud_findings_365d"]).exits(0);
    let rows = rows_of(&house, &at);
    for (nth, (.., seen, bad)) in cases.iter().enumerate() {
        let row = &rows[&format!("merchant:m{nth}")];
        assert_eq!(
            (&row["fraud_findings_365d"], &row["bad"]),
            (&seen.to_string(), &bad.to_string()),
            "case {nth}"
        );
    }
    let total = &ran.json()["total"];
    assert_eq!((&total["rows"], &total["bads"]), (&json!(10), &json!(4)), "{ran:?}");
}

/// The rows of a file of any form, as maps from column to text.
fn read(path: &Path) -> Vec<BTreeMap<String, String>> {
    let mut reader = open(path, Options::default()).unwrap();
    let names = reader.columns().to_vec();
    let mut rows = Vec::new();
    while let Some(item) = reader.read().unwrap() {
        let Item::Row(row) = item else { panic!("{item:?}") };
        let text = |cell: probity_intake::Cell<'_>| {
            cell.text().map(std::borrow::Cow::into_owned).unwrap_or_default()
        };
        rows.push(names.iter().cloned().zip(row.cells().map(text)).collect::<BTreeMap<_, _>>());
    }
    rows
}

#[test]
fn a_simulated_marketplace_becomes_a_training_set() {
    let house = House::new();
    let path = |name: &str| house.path(name).to_str().unwrap().to_owned();
    let world = path("world");
    let size = ["--merchants", "40", "--buyers", "500", "--days", "300", "--seed", "7"];
    house.run([&["simulate", "--out", &world][..], &size].concat()).exits(0);
    house.run(["import", &format!("{world}/events.parquet")]).exits(0);
    let build = |out: &str, more: &[&str]| {
        house.run([&["--json", "dataset", "--label", "merchant_bad_90d", "--out", out][..], more].concat())
    };
    let ran = build(&path("all.parquet"), &["--indicators", "all"]).exits(0);
    let said = ran.json();
    let again = build(&path("all.csv"), &["--indicators", "all"]).exits(0).json();
    assert_eq!(said["total"], again["total"]);
    let (rows, in_text) = (read(&house.path("all.parquet")), read(&house.path("all.csv")));
    let millis = |mut row: BTreeMap<String, String>| {
        let at = Timestamp::parse(&row["as_of"]).unwrap();
        row.insert("as_of".into(), at.to_string());
        row
    };
    let rows: Vec<_> = rows.into_iter().map(millis).collect();
    assert!(rows == in_text, "Parquet and CSV differ");
    assert_eq!(said["total"]["rows"], json!(rows.len()));
    assert_eq!(said["total"]["bads"], json!(rows.iter().filter(|row| row["bad"] == "1").count()));
    assert!(said["total"]["bads"].as_u64().unwrap() > 0 && !said["left_out"].as_array().unwrap().is_empty());
    for moment in said["moments"].as_array().unwrap() {
        let sum: u64 = ["not_eligible", "excluded", "indeterminate", "not_kept", "rows"]
            .iter()
            .map(|name| moment[name].as_u64().unwrap())
            .sum();
        assert_eq!(moment["known"], json!(sum), "{moment}");
    }

    // The last moment, on a folder that was told no more than was known by then.
    let at = rows.last().unwrap()["as_of"].clone();
    house.run(["export", &path("log.jsonl"), "--without-derived"]).exits(0);
    let log = std::fs::read_to_string(house.path("log.jsonl")).unwrap();
    let events: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let want = as_it_was(&events, Timestamp::parse(&at).unwrap(), "merchant");
    let have = by_party(rows.into_iter().filter(|row| row["as_of"] == at).collect());
    assert!(have.len() > 10);
    let want = want.into_iter().filter(|(party, _)| have.contains_key(party)).collect();
    same_rows(&have, &want, &at);

    // A share of the good: the bad ones all stay, and weights make up for the others.
    let kept = build(&path("kept.csv"), &["--keep-good", "0.25"]).exits(0).json();
    let kept_rows = read(&house.path("kept.csv"));
    assert_eq!(kept["total"]["bads"], said["total"]["bads"]);
    let good = kept_rows.iter().filter(|row| row["bad"] == "0").count();
    assert!(good > 0 && good < in_text.len() / 2, "{good} of {}", in_text.len());
    assert!(kept_rows.iter().all(|row| row["weight"] == if row["bad"] == "0" { "4" } else { "1" }));
}

#[test]
fn what_cannot_be_is_refused_and_leaves_what_stood() {
    let house = House::new();
    let definitions = catalogue(&house);
    let out = house.file("rows.csv", "as it was\n");
    let at = "2023-02-01";
    take(&house, &[event("a", "account.opened", 0, json!({"merchant": "m"}))]);
    let check = |label: &str, at: &str, more: &[&str], code: i32, reason: &str| {
        let mut all = vec!["--catalogue-dir", definitions.to_str().unwrap(), "dataset", "--label", label];
        all.extend(more);
        if !at.is_empty() {
            all.extend(["--at", at]);
        }
        if !more.contains(&"--out") {
            all.extend(["--out", out.to_str().unwrap()]);
        }
        house.run(all).refused(code, reason);
        assert_eq!(std::fs::read_to_string(&out).unwrap(), "as it was\n");
    };
    check("bad_luck", at, &[], 1, "label-unknown");
    check("a_fraud", at, &[], 2, "label-in-future");
    check("a_fraud", "", &[], 2, "label-in-future");
    check("a_fraud", "", &["--every", "0d"], 2, "dataset-invalid");
    check("a_fraud", "", &["--every", "1ms", "--to", "2024-01-01"], 2, "dataset-invalid");
    check("a_fraud", "", &["--from", "2024-01-01", "--to", "2023-01-01"], 2, "dataset-invalid");
    check("a_fraud", "yesterday", &[], 2, "dataset-invalid");
    check("a_fraud", at, &["--indicators", "orders_3d"], 2, "dataset-invalid");
    check("a_fraud", at, &["--indicators", "orders_30d,orders_30d"], 2, "dataset-invalid");
    check("a_fraud", at, &["--keep-good", "0"], 2, "dataset-invalid");
    check("a_fraud", at, &["--keep-good", "NaN"], 2, "dataset-invalid");
    check("a_fraud", at, &["--out", "rows.xlsx"], 2, "dataset-invalid");
    take(&house, &[event("b", "account.opened", 9_000, json!({"merchant": "n"}))]);
    let nowhere = house.path("nowhere/rows.csv");
    check("a_fraud", at, &["--out", nowhere.to_str().unwrap()], 2, "export-failed");
    let beside = std::fs::read_dir(house.path("")).unwrap();
    let left =
        beside.filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().contains("unfinished"));
    assert_eq!(left.count(), 0);
    dataset(&house, &definitions, "a_fraud", at, &[]).exits(0);
    assert_eq!(rows_of(&house, "2023-02-01T23:59:59.999Z").len(), 1);
    let empty = House::new();
    let asked = ["dataset", "--label", "a_fraud", "--at", at, "--out", out.to_str().unwrap()];
    let with = ["--catalogue-dir", definitions.to_str().unwrap()];
    empty.run(with.into_iter().chain(asked)).refused(1, "store-missing");
    assert!(!empty.data().exists(), "nothing is made where nothing is");
}
