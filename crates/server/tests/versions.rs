//! An old score is made again, bit for bit, from the data folder alone.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Ran, same_scores, sample};
use std::fs;
use std::path::Path;

const MOMENTS: [&str; 2] = ["2025-01-31T23:59:59.999Z", "2025-02-10T12:00:00Z"];

/// Other points for everybody.
const POINTS: (&str, &str, &str) = ("scorecards/merchant.toml", "base_points = 600", "base_points = 620");

/// The scores under a catalogue that was in force.
fn under(house: &House, version: &str) -> Vec<String> {
    let mut all = Vec::new();
    for moment in MOMENTS {
        for of in ["merchant", "buyer"] {
            let ran =
                house.run(["--catalogue-version", version, "scores", "--csv", "--of", of, "--as-of", moment]);
            all.push(ran.exits(0).out);
        }
    }
    all
}

/// Hashes of the kept catalogues, and which of them are in force.
fn versions(house: &House) -> Vec<(String, bool)> {
    let list = house.run(["--json", "catalogue", "versions"]).exits(0).json();
    let item = |item: &serde_json::Value| {
        (item["hash"].as_str().unwrap().to_owned(), item["in_force"].as_bool().unwrap())
    };
    list.as_array().unwrap().iter().map(item).collect()
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{}: no {from:?}", file.display());
    fs::write(file, text.replace(from, to)).unwrap();
}

/// Puts a catalogue of the folder's own in force: the one it has now, changed.
fn change(house: &House, changes: &[(&str, &str, &str)]) {
    let own = house.data().join("catalogue");
    if !own.exists() {
        house.run(["catalogue".as_ref(), "write".as_ref(), own.as_os_str()]).exits(0);
    }
    changes.iter().for_each(|(file, from, to)| edit(&own.join(file), from, to));
}

#[test]
fn a_score_is_made_again_under_each_catalogue_that_was_in_force() {
    let house = House::new();
    let occurred =
        |line: &str| line.split("\"occurred_at\":\"").nth(1).is_some_and(|rest| rest < "2025-02-15");
    let (early, mut more): (Vec<String>, Vec<String>) =
        sample(2_600).lines().map(str::to_owned).partition(|line| occurred(line));
    assert!(early.len() > 300 && more.len() > 50, "{} and {}", early.len(), more.len());
    house.import(&house.file("first.jsonl", early.join("\n"))).exits(0);
    let first = house.scores(&MOMENTS);
    let a = versions(&house)[0].0.clone();

    // Other points: other scores from the same tiles.
    change(&house, &[POINTS]);
    let second = house.scores(&MOMENTS);
    assert!(first.iter().zip(&second).any(|(first, second)| first != second));
    let b = versions(&house)[1].0.clone();
    same_scores(&under(&house, &a), &first, "under the first");

    // Other windows and a type and a field that the first two do not know, with events that use them.
    let events = "[event.\"gift.sent\"]\ntitle = \"Gift\"\nabout = [\"buyer\"]\n[event.\"order.placed\"]";
    change(
        &house,
        &[
            ("indicators/merchant/quality.toml", "90d", "60d"),
            ("events/orders.toml", "[event.\"order.placed\"]", events),
            (
                "events/orders.toml",
                "\ncarrier ",
                "\ncolour = { type = \"text\", title = \"Colour\" }\ncarrier ",
            ),
        ],
    );
    for (n, moment) in MOMENTS.iter().enumerate() {
        let known = "2025-06-01T00:00:00Z";
        more.push(format!(
            r#"{{"id":"g{n}","type":"gift.sent","occurred_at":"{moment}","known_at":"{known}","buyer":"buyer1"}}"#
        ));
        more.push(format!(
            r#"{{"id":"s{n}","type":"order.shipped","occurred_at":"{known}","buyer":"buyer1","order":"gone{n}","colour":"red"}}"#
        ));
    }
    let ran: Ran = house.import(&house.file("more.jsonl", more.join("\n"))).exits(0);
    assert_eq!(ran.number("taken"), more.len() as u64);
    let third = house.scores(&MOMENTS);
    let [_, _, c] = &versions(&house)[..] else { panic!("{:?}", versions(&house)) };
    assert!(c.1);

    for (version, scores, what) in [(&a, &first, "first"), (&b, &second, "second"), (&c.0, &third, "third")] {
        // Only what became known since may differ, and the moments are all before it.
        same_scores(&under(&house, version), scores, what);
    }
    same_scores(&house.scores(&MOMENTS), &third, "the catalogue in force is still in force");
    house.run(["audit", "verify"]).exits(0);

    // From a copy of the folder as well.
    let copy = house.path("copy");
    house.run(["backup".as_ref(), copy.as_os_str()]).exits(0);
    let other = House::new();
    other.run(["restore".as_ref(), copy.as_os_str()]).exits(0);
    same_scores(&under(&other, &a[..8]), &first, "from a copy");
}

#[test]
fn an_old_catalogue_is_written_out_and_put_in_force_again() {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(1_200))).exits(0);
    let scores = house.scores(&MOMENTS);
    let old = versions(&house)[0].0.clone();
    // Scores on record say under which catalogue they were made.
    let rows = house.run(["--json", "events", "--limit", "100000"]).exits(0).json();
    let recorded: Vec<_> =
        rows.as_array().unwrap().iter().filter(|row| row["type"] == "score.recorded").collect();
    assert!(!recorded.is_empty());
    assert!(recorded.iter().all(|row| row["fields"]["catalogue"] == old.as_str()), "{}", recorded[0]);

    change(&house, &[POINTS]);
    house.run(["events", "--count"]).exits(0);
    assert_eq!(versions(&house).iter().map(|(_, now)| *now).collect::<Vec<_>>(), [false, true]);
    let written = house.path("written");
    house
        .run([
            "catalogue".as_ref(),
            "write".as_ref(),
            "--version".as_ref(),
            old.as_ref(),
            written.as_os_str(),
        ])
        .exits(0);
    let dir = written.to_str().unwrap();
    let found = house.run(["--catalogue-dir", dir, "--json", "catalogue", "check"]).exits(0).json();
    assert_eq!(found["hash"], old.as_str());
    let of = |of: &str, moment: &str| {
        house.run(["--catalogue-dir", dir, "scores", "--csv", "--of", of, "--as-of", moment]).exits(0).out
    };
    let again: Vec<String> =
        MOMENTS.iter().flat_map(|moment| ["merchant", "buyer"].map(|role| of(role, moment))).collect();
    same_scores(&again, &scores, "from the files");
}

#[test]
fn what_was_never_in_force_is_refused_and_the_past_is_only_looked_at() {
    let house = House::new();
    let file = house.file("events.jsonl", sample(300));
    house.import(&file).exits(0);
    let (hash, rows) = (versions(&house)[0].0.clone(), house.events());
    for name in ["0000000000", &hash[..7], "", "latest"] {
        house
            .run(["--catalogue-version", name, "scores", "--of", "buyer"])
            .refused(1, "catalogue-version-unknown");
    }
    for words in
        [vec!["import", "x.jsonl"], vec!["serve", "--listen", "127.0.0.1:0"], vec!["demo", "--no-serve"]]
    {
        let all = [vec!["--catalogue-version", hash.as_str()], words].concat();
        house.run(all).refused(2, "catalogue-version-reads-only");
    }
    assert_eq!(house.events(), rows);
    let there = house.path("there");
    fs::create_dir(&there).unwrap();
    house
        .run(["catalogue".as_ref(), "write".as_ref(), "--version".as_ref(), hash.as_ref(), there.as_os_str()])
        .refused(2, "catalogue-unwritable");
}
