//! A past answer never moves: not by starting again, not by what comes later, not by a copy, not by the clock.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use probity_primitives::Timestamp;
use process::{House, command, missing, same_scores, sample};
use serde_json::Value;
use std::process::{Command, Stdio};

const MOMENTS: [&str; 6] = [
    "2025-01-10T00:00:00Z",
    "2025-01-31T23:59:59.999Z",
    "2025-02-01T00:00:00Z",
    "2025-02-28T12:34:56Z",
    "2025-03-15T10:00:00Z",
    "2025-03-31T23:59:59.999Z",
];
/// Everything known before this is in the first file.
const CUT: &str = "2025-04-02";

fn occurred(line: &str) -> &str {
    line.split("\"occurred_at\":\"").nth(1).unwrap().split('"').next().unwrap()
}

/// What was known by the cut, and what became known after it: later events, reviews and a delivery of long before among them.
fn halves() -> (String, String) {
    let text = sample(6_000);
    let (mut early, mut late) = (String::new(), String::new());
    for (n, line) in text.lines().enumerate() {
        let told_late = n % 11 == 0 && occurred(line) < CUT;
        match (told_late, occurred(line) < CUT) {
            (true, _) => {
                let at = format!("{{\"known_at\":\"2025-05-{:02}T08:00:00Z\",", n % 28 + 1);
                late.push_str(&line.replacen('{', &at, 1));
                late.push('\n');
            }
            (false, true) => early.extend([line, "\n"]),
            (false, false) => late.extend([line, "\n"]),
        }
    }
    (early, late)
}

#[test]
fn past_scores_stay_bit_for_bit() {
    let (early, late) = halves();
    let house = House::new();
    house.import(&house.file("early.jsonl", &early)).exits(0);
    let scores = house.scores(&MOMENTS);
    assert!(scores.iter().all(|list| list.lines().count() > 10));
    same_scores(&house.scores(&MOMENTS), &scores, "started again");

    for (n, part) in late.lines().collect::<Vec<_>>().chunks(1_500).enumerate() {
        house.import(&house.file(&format!("late{n}.jsonl"), part.join("\n"))).exits(0);
    }
    same_scores(&house.scores(&MOMENTS), &scores, "after later imports");

    let copy = house.path("copy");
    house.run(["backup".as_ref(), copy.as_os_str()]).exits(0);
    let other = House::new();
    other.run(["restore".as_ref(), copy.as_os_str()]).exits(0);
    same_scores(&other.scores(&MOMENTS), &scores, "restored");

    // One log made at once by another machine gives the same past.
    let once = House::new();
    once.import(&once.file("all.jsonl", late + &early)).exits(0);
    same_scores(&once.scores(&MOMENTS), &scores, "all at once");

    // And so does what the log itself says, exported and imported again.
    let exported = house.path("log.jsonl");
    house.run(["export".as_ref(), "--without-derived".as_ref(), exported.as_os_str()]).exits(0);
    let again = House::new();
    again.import(&exported).exits(0);
    assert_eq!(again.events(), house.events());
    same_scores(&again.scores(&MOMENTS), &scores, "exported and imported");
}

/// Runs the binary under a clock that lies; its code and what it wrote to standard error.
fn lying(clock: &str, house: &House, words: &[&str]) -> (i32, String) {
    let inner = command(&house.data(), words);
    let mut outer = Command::new("faketime");
    outer.env("PROBITY_LOG", "warn").args(["-f", clock]).arg(inner.get_program()).args(inner.get_args());
    let ran = outer.stdin(Stdio::null()).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stderr).into_owned() + &String::from_utf8_lossy(&ran.stdout);
    assert!(!told.contains("panicked"), "{clock}: {told}");
    (ran.status.code().unwrap_or(-1), told)
}

#[test]
fn under_clocks_that_lie_nothing_is_lost_and_the_past_is_the_same() {
    let there = Command::new("faketime").arg("--help").output().is_ok_and(|out| out.status.success());
    if !there {
        return missing("faketime");
    }
    let text = sample(500);
    let right = House::new();
    right.import(&right.file("events.jsonl", &text)).exits(0);
    let (events, scores) = (right.events(), right.scores(&MOMENTS[1..3]));
    // The clock, what an import of last year's events ends with, and whether the right clock is behind afterwards.
    for (clock, code, behind) in [
        ("@1970-01-02 00:00:00", 3, false),
        ("@2038-01-19 03:14:09", 0, true),
        ("-1h", 0, false),
        ("+1d", 0, true),
    ] {
        let house = House::new();
        let file = house.file("events.jsonl", &text);
        let (ended, told) = lying(clock, &house, &["import", file.to_str().unwrap()]);
        assert_eq!(ended, code, "{clock}: {told}");
        if code == 3 {
            // For that clock all of it lies in the future: set aside, not lost, and taken when it is sent again.
            assert_eq!(house.events(), 0, "{clock}");
            assert!(told.contains("event-in-future"), "{clock}: {told}");
        }
        house.import(&file).exits(0);
        assert_eq!(house.events(), events, "{clock}");
        same_scores(&house.scores(&MOMENTS[1..3]), &scores, clock);
        house.run(["audit", "verify"]).exits(0);
        let rows = house.run(["--json", "events", "--limit", "100000"]).exits(0).json();
        // As moments: as texts, one on a whole second would stand behind those after it.
        let recorded = |row: &Value| Timestamp::parse(row["recorded_at"].as_str().unwrap()).unwrap();
        let moments: Vec<Timestamp> = rows.as_array().unwrap().iter().map(recorded).collect();
        assert!(moments.is_sorted(), "{clock}: recorded_at goes back");
        // A clock that is behind the log is told of, in the log and by the doctor.
        let (_, warned) = lying("+0", &house, &["events", "--count"]);
        assert_eq!(warned.contains("the clock stands behind"), behind, "{clock}: {warned}");
        let doctor = house.run(["doctor"]);
        assert_eq!(
            (doctor.code, doctor.out.contains("FAIL  clock")),
            (i32::from(behind), behind),
            "{doctor:?}"
        );
    }
}

#[test]
fn a_clock_set_back_or_forward_changes_no_past() {
    let there = Command::new("faketime").arg("--help").output().is_ok_and(|out| out.status.success());
    if !there {
        return missing("faketime");
    }
    let (early, late) = halves();
    let house = House::new();
    let import = |offset: &str, name: &str, text: &str| {
        let file = house.file(name, text);
        let inner = command(&house.data(), ["import".as_ref(), file.as_os_str()]);
        let mut outer = Command::new("faketime");
        outer.args(["-f", offset]).arg(inner.get_program()).args(inner.get_args());
        assert!(outer.stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().success(), "{offset}");
    };
    import("+1d", "early.jsonl", &early);
    let scores = house.scores(&MOMENTS);
    import("-1h", "late.jsonl", &late);
    same_scores(&house.scores(&MOMENTS), &scores, "an hour back");
    house.run(["audit", "verify"]).exits(0);
}
