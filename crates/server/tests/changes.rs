//! Change control through the binary and over HTTP: who proposes, who approves, what is in force.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, sample};
use std::fs;

#[test]
fn a_catalogue_comes_into_force_and_goes_again() {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(300))).exits(0);
    let folder = house.path("mine");
    house.run(["catalogue".as_ref(), "write".as_ref(), folder.as_os_str()]).exits(0);
    let card = folder.join("scorecards/merchant.toml");
    let text = fs::read_to_string(&card).unwrap();
    fs::write(&card, text.replace("base_points = 600", "base_points = 620")).unwrap();
    let before = house.run(["doctor"]).exits(0);
    assert!(before.out.contains("the starter, because"), "{before:?}");
    let folder = folder.to_str().unwrap().to_owned();
    let proposed = house
        .run(["--json", "catalogue", "propose", &folder, "--by", "alice", "--note", "more"])
        .exits(0)
        .json();
    assert_eq!(proposed["state"], "tested");
    let hash = proposed["catalogue"].as_str().unwrap().to_owned();
    let differs = house.run(["catalogue", "diff", &hash]).exits(0);
    assert!(differs.out.contains("scorecards/merchant.toml") && differs.out.contains("+1"), "{differs:?}");
    assert_eq!(differs.out.matches(".toml").count(), 1, "{differs:?}");
    house.run(["catalogue", "approve", &hash, "--by", "Alice"]).refused(1, "catalogue-change-refused");
    house.run(["catalogue", "activate", &hash, "--by", "bob"]).refused(1, "catalogue-change-refused");
    house.run(["catalogue", "approve", &hash, "--by", "bob"]).exits(0);
    house.run(["catalogue", "activate", &hash, "--by", "bob"]).exits(0);
    let in_force = || {
        let list = house.run(["--json", "catalogue", "versions"]).exits(0).json();
        let in_force = list.as_array().unwrap().iter().find(|one| one["in_force"] == true).cloned();
        in_force.map(|one| one["hash"].as_str().unwrap().to_owned())
    };
    let doctor = house.run(["doctor"]).exits(0);
    assert!(doctor.out.contains("was activated for this data folder"), "{doctor:?}");
    assert_eq!(in_force(), Some(hash.clone()));
    // What was activated wins over a folder that lies there, and a named one over both.
    fs::create_dir_all(house.data()).unwrap();
    let own = house.data().join("catalogue");
    house.run(["catalogue".as_ref(), "write".as_ref(), own.as_os_str()]).exits(0);
    assert_eq!(in_force(), Some(hash.clone()));
    let named = house.run(["--catalogue-dir", own.to_str().unwrap(), "doctor"]).exits(0);
    assert!(named.out.contains("because --catalogue-dir names it"), "{named:?}");
    house.run(["catalogue", "rollback", "--by", "bob"]).exits(0);
    let doctor = house.run(["doctor"]).exits(0);
    assert!(doctor.out.contains("was activated for this data folder"), "{doctor:?}");
    assert_ne!(in_force(), Some(hash));
    let log = house.run(["catalogue", "log"]).exits(0);
    for wanted in ["proposed, tested", "approved", "activated", "rolled back to", "alice", "more"] {
        assert!(log.out.contains(wanted), "{wanted}: {log:?}");
    }
    house.run(["audit", "verify"]).exits(0);
}

#[test]
fn a_catalogue_whose_cases_fail_is_refused_with_the_reasons() {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(50))).exits(0);
    let folder = house.path("mine");
    house.run(["catalogue".as_ref(), "write".as_ref(), folder.as_os_str()]).exits(0);
    let policy = folder.join("policies/payment.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("amount('400.00')", "amount('300.00')")).unwrap();
    let folder = folder.to_str().unwrap().to_owned();
    house.run(["catalogue", "check", &folder]).refused(2, "case-failed");
    let proposed = house.run(["catalogue", "propose", &folder, "--by", "alice"]).exits(1);
    assert!(proposed.out.contains("refused") && proposed.out.contains("limit is"), "{proposed:?}");
}
