//! kill -9 at random moments of an import, again and again: nothing is lost, nothing counts twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod process;

use process::{House, Random, kill_import, rounds, same_scores, sample};
use std::time::Duration;

const MOMENTS: [&str; 2] = ["latest", "2025-04-10T12:00:00Z"];

/// Lives of a folder; in each the import is killed over and over before it is let run to its end.
#[test]
fn an_import_killed_again_and_again_ends_as_an_unbroken_one() {
    let (kills, lives) = (rounds("PROBITY_IMPORT_KILLS", 100), rounds("PROBITY_IMPORT_LIVES", 5));
    let text = sample(6_000);
    let unbroken = House::new();
    let file = unbroken.file("events.jsonl", &text);
    let begun = std::time::Instant::now();
    unbroken.import(&file).exits(0);
    let whole = u64::try_from(begun.elapsed().as_millis()).unwrap();
    let (events, scores) = (unbroken.events(), unbroken.scores(&MOMENTS));
    assert_eq!(events, text.lines().count() as u64);

    let mut random = Random(rounds("PROBITY_SEED", 1));
    let (mut met, mut between) = (0, 0);
    for life in 0..lives {
        let house = House::new();
        // Some lives are short all along, so that events come in over many starts; in others scores are being recorded.
        let longest = whole * (life + 1) / lives;
        for round in 0..kills.div_ceil(lives) {
            let after = Duration::from_millis(random.below(longest));
            met += u64::from(kill_import(&house.data(), &file, after));
            // Somebody looks in between: timers go off that the rest of the file takes back.
            if round % 8 == 5 && house.data().join("probity.db").exists() {
                let looked = house.run(["events", "--count", "--json"]);
                between += u64::from(looked.code == 0);
            }
        }
        house.import(&file).exits(0);
        assert_eq!(house.events(), events, "life {life}");
        house.run(["audit", "verify"]).exits(0);
        same_scores(&house.scores(&MOMENTS), &scores, &format!("life {life}"));
    }
    println!("{met} imports were killed at work, {between} looks in between");
    assert!(met * 4 >= kills, "only {met} of {kills} kills met an import at work");
}
