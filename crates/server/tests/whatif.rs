//! `probity whatif` and `probity detect` through the real binary, on tiny worlds.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Ran};

const TINY: [&str; 6] = ["--merchants", "30", "--buyers", "200", "--days", "90"];

fn run(house: &House, command: &str, more: &[&str]) -> Ran {
    let words: Vec<&str> = command.split(' ').chain(TINY).chain(more.iter().copied()).collect();
    house.run(words)
}

fn starter(house: &House) -> std::path::PathBuf {
    let folder = house.path("catalogue");
    house.run(["catalogue".as_ref(), "write".as_ref(), folder.as_os_str()]).exits(0);
    folder
}

#[test]
fn two_policies_are_compared_with_the_same_numbers_whatever_the_threads() {
    let house = House::new();
    let (report, pictures) = (house.path("deep/report.md"), house.path("pictures"));
    let more = ["--out", report.to_str().unwrap(), "--svg", pictures.to_str().unwrap()];
    let told = run(&house, "whatif --policy none --policy starter --seeds 2", &more).exits(0);
    assert!(told.out.contains("Paid for honest orders"), "{told:?}");
    let page = std::fs::read_to_string(&report).unwrap();
    for wanted in ["# What if: starter in place of none", "## Losses", "## Cheats caught", "whatif.svg)"] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert!(!page.contains(house.path("").to_str().unwrap()), "nothing of this machine: {page}");
    let picture = std::fs::read_to_string(pictures.join("whatif.svg")).unwrap();
    assert!(picture.starts_with("<svg ") && picture.ends_with("</svg>\n"), "{picture}");

    let json = |threads: &str| {
        let command = format!("whatif --json --policy none --policy starter --seeds 2 --threads {threads}");
        run(&house, &command, &[]).exits(0).json()
    };
    let one = json("1");
    assert_eq!(one, json("3"));
    assert_eq!(one["policies"], serde_json::json!(["none", "starter"]));
    let measure = |name: &str| {
        let measures = one["measures"].as_array().unwrap();
        measures.iter().find(|measure| measure["name"] == name).unwrap_or_else(|| panic!("{name}: {one}"))
    };
    // Without a score nobody is caught and nobody stopped.
    assert_eq!(measure("cheating_merchants_caught")["by_policy"][0]["value"], 0.0);
    assert_eq!(measure("honest_merchants_stopped")["by_policy"][0]["value"], 0.0);
    assert!(measure("paid_honest")["difference"]["value"] != 0.0, "badges move sales");
    assert!(!house.data().exists(), "no data folder is needed, and none is made");
}

#[test]
fn a_scorecard_takes_the_place_of_the_starters() {
    let house = House::new();
    let card = std::fs::read_to_string(starter(&house).join("scorecards/merchant.toml")).unwrap();
    // Nobody passes: the gate holds for everybody and stops all trade once everybody was scored.
    let gate = "\n[[gate]]\nname = \"nobody\"\nwhen = \"tenure_days > -1 OR tenure_days IS NULL\"\ncap = 350\ntier = \"restricted\"\nreason = { code = \"M99\", text = \"Nobody\", advice = \"None\", text_zh = \"无人\", advice_zh = \"无\" }\n";
    let strict = house.file("strict.toml", card + gate);
    let command = format!("whatif --json --policy starter --policy {} --seeds 2", strict.display());
    let told = run(&house, &command, &[]).exits(0).json();
    let stopped =
        told["measures"].as_array().unwrap().iter().find(|one| one["name"] == "honest_merchants_stopped");
    assert_eq!(stopped.unwrap()["by_policy"][1]["value"], 1.0, "{told}");
    let paid = told["measures"].as_array().unwrap().iter().find(|one| one["name"] == "paid").unwrap();
    let paid = [0, 1].map(|policy| paid["by_policy"][policy]["value"].as_f64().unwrap());
    assert!(paid[1] < paid[0] / 5.0, "{paid:?}");
}

#[test]
fn a_policy_takes_the_place_of_the_starters() {
    let house = House::new();
    let policy = std::fs::read_to_string(starter(&house).join("policies/payment.toml")).unwrap();
    // Nothing above 40.00 goes through.
    let least = "[[table.rule]]\nname   = \"one_pair\"\nlimit  = \"amount('40.00')\"";
    let at = policy.find("[[table.rule]]\nname   = \"one_pair\"").unwrap();
    let end = policy[at..].find("\nreason").unwrap() + at;
    let strict = house.file("strict.toml", format!("{}{least}{}", &policy[..at], &policy[end..]));
    let command = format!("whatif --json --policy starter --policy {} --seeds 2", strict.display());
    let told = run(&house, &command, &[]).exits(0).json();
    let by_policy = |name: &str| {
        let measure = told["measures"].as_array().unwrap().iter().find(|one| one["name"] == name);
        let measure = measure.unwrap_or_else(|| panic!("{name}: {told}"));
        [0, 1].map(|policy| measure["by_policy"][policy]["value"].as_f64().unwrap())
    };
    let [paid, away] = ["paid_honest", "turned_away_honest"].map(by_policy);
    assert!(paid[1] < paid[0] / 2.0 && away[1] > away[0] * 2.0, "{paid:?} {away:?}");
}

#[test]
fn detection_is_reported_for_both_lists_of_seeds() {
    let house = House::new();
    let (report, pictures) = (house.path("docs/D.md"), house.path("docs/pictures"));
    let more = ["--out", report.to_str().unwrap(), "--svg", pictures.to_str().unwrap()];
    let told = run(&house, "detect --seeds 5 --tuned-seeds 3", &more).exits(0);
    assert!(told.out.contains("Honest buyers"), "{told:?}");
    let page = std::fs::read_to_string(&report).unwrap();
    for wanted in [
        "| tuning |",
        "| other |",
        "pictures/detection-buyers.svg",
        "all honest",
        "## In plain words",
        "in force: `starter`",
    ] {
        assert!(page.contains(wanted), "{wanted}: {page}");
    }
    assert!(pictures.join("detection-merchants.svg").exists());
    let sets = run(&house, "detect --json --seeds 5 --tuned-seeds 3 --threads 2", &[]).exits(0).json();
    let sets = sets.as_array().unwrap().clone();
    assert_eq!((&sets[0]["seeds"], &sets[1]["seeds"]), (&serde_json::json!([3]), &serde_json::json!([5])));
    for kind in sets.iter().flat_map(|set| set["merchants"]["cheats"].as_array().unwrap()) {
        assert!(kind["harm_until"].as_i64() <= kind["harm"].as_i64(), "{kind}");
        assert_eq!(kind["separation"].as_array().unwrap().len(), 4, "{kind}");
    }
    // The worlds in which nothing follows are those under `none`: no more harm by buyers than there is in all.
    let none = run(&house, "whatif --json --policy none --policy starter --seeds 2 --first-seed 5", &[])
        .exits(0)
        .json();
    let harm = none["measures"].as_array().unwrap().iter().find(|one| one["name"] == "harm").unwrap();
    let seen = run(&house, "detect --json --seeds 5,6", &[]).exits(0).json();
    for side in [0, 1] {
        let ours = seen[0]["in_force"][1]["harm"][side]["value"].as_f64().unwrap();
        assert!(ours > 0.0 && ours <= harm["by_policy"][side]["value"].as_f64().unwrap(), "{ours} {harm}");
    }
    let watching = run(&house, "detect --json --seeds 5 --policy none", &[]).exits(0).json();
    assert_eq!(
        (&watching[0]["in_force"], &watching[0]["buyers"]),
        (&serde_json::Value::Null, &sets[1]["buyers"])
    );
    // Only one archetype of cheats among merchants.
    let only = run(&house, "detect --json --seeds 5 --only counterfeiter", &[]).exits(0).json();
    let cheats = only[0]["merchants"]["cheats"].as_array().unwrap();
    assert!(cheats.iter().all(|kind| kind["archetype"] == "counterfeiter"), "{only}");
}

#[test]
fn what_cannot_be_rehearsed_is_refused_with_the_reason() {
    let house = House::new();
    let folder = starter(&house);
    let card = std::fs::read_to_string(folder.join("scorecards/merchant.toml")).unwrap();
    let broken = house.file("broken.toml", card.replacen("base_points = 600", "base_points = \"many\"", 1));
    let torn = house.file("torn.toml", "[scorecard\nname = 1\n");
    for file in ["tiers/buyer.toml", "terms/buyer.toml"] {
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        house.file(&format!("catalogue/{file}"), text.replace("\"outstanding\"", "\"golden\""));
    }
    let policy = std::fs::read_to_string(folder.join("policies/payment.toml")).unwrap();
    let odd = policy.replacen("merchant_terminated OR", "merchant_gone OR", 1);
    let odd = house.file("odd.toml", odd).display().to_string();
    let (broken, torn, golden) =
        (broken.display().to_string(), torn.display().to_string(), folder.display().to_string());
    let line = card.lines().position(|line| line.starts_with("base_points")).unwrap() + 1;
    let cases = [
        (
            "whatif --policy none --policy /nowhere/at/all",
            "rehearsal-policy-invalid",
            "/nowhere/at/all".to_owned(),
        ),
        ("whatif --policy none", "rehearsal-invalid", "one policy".to_owned()),
        ("whatif --policy none --policy starter --policy none", "rehearsal-invalid", "3 policies".to_owned()),
        ("whatif --policy none --policy none", "rehearsal-invalid", "both policies are 'none'".to_owned()),
        ("whatif --policy none --policy starter --seeds 0", "rehearsal-invalid", "--seeds 0".to_owned()),
        ("whatif --policy none --policy starter --seeds 1", "rehearsal-invalid", "at least 2".to_owned()),
        ("whatif --policy none --policy starter --seeds 1001", "rehearsal-invalid", "1001 seeds".to_owned()),
        (
            "whatif --policy none --policy starter --review-days 0",
            "rehearsal-invalid",
            "--review-days".to_owned(),
        ),
        ("whatif --policy none --policy starter --threads 0", "rehearsal-invalid", "--threads".to_owned()),
        ("whatif --policy none --policy starter --without nobody", "world-invalid", "'nobody'".to_owned()),
        (
            &format!("whatif --policy none --policy {broken}"),
            "scorecard-invalid",
            format!("{broken}:{line}:"),
        ),
        (&format!("whatif --policy none --policy {torn}"), "scorecard-invalid", format!("{torn}:1:")),
        (
            &format!("whatif --policy none --policy {golden}"),
            "rehearsal-policy-invalid",
            "'golden'".to_owned(),
        ),
        (&format!("whatif --policy none --policy {odd}"), "expression-unknown-column", format!("{odd}:")),
        ("detect --policy none --policy starter", "rehearsal-policy-invalid", "'none' is no file".to_owned()),
        ("detect --seeds 1,2,1", "rehearsal-invalid", "seed 1 stands twice".to_owned()),
        ("detect --seeds 1,2 --tuned-seeds 2", "rehearsal-invalid", "seed 2 stands twice".to_owned()),
    ];
    for (command, code, wanted) in cases {
        let ran = run(&house, command, &[]).refused(2, code);
        assert!(ran.err.contains(&wanted), "{command}: wanted {wanted}: {ran:?}");
    }
    let size = house.run(["whatif", "--policy", "none", "--policy", "starter", "--merchants", "0"]);
    assert!(size.refused(2, "world-invalid").err.contains("0 merchants"));
    let words = house.run(["detect", "--seeds", "1,x"]);
    assert_eq!(words.code, 2, "{words:?}");
}
