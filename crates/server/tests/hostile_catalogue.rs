//! Catalogues that nobody should have written are refused at their place, at once; changed ones take effect and can be taken back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod process;

use process::{House, same_scores, sample};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const MOMENTS: [&str; 2] = ["latest", "2025-02-10T12:00:00Z"];
const FILE: &str = "indicators/merchant/hostile.toml";

/// The starter catalogue in a folder.
fn written(house: &House) -> PathBuf {
    let folder = house.path("catalogue");
    house.run(["catalogue".as_ref(), "write".as_ref(), folder.as_os_str()]).exits(0);
    folder
}

/// An indicator of this name over orders with this line in it.
fn indicator(name: &str, line: &str) -> String {
    let derived = line.starts_with("derive");
    let measured =
        if derived { "" } else { "on = [\"order.paid\"]\naggregate = \"sum\"\nwindow = \"30d\"\n" };
    format!(
        "[[indicator]]\nname = \"{name}\"\ntitle = \"Hostile\"\nof = \"merchant\"\ndimension = \"quality\"\nbetter = \"lower\"\n\
         unit = \"index\"\n{measured}{line}\ndescription = \"Hostile.\"\nsource = \"None.\"\n\n"
    )
}

#[test]
fn hostile_catalogues_are_refused_at_their_place_within_a_second() {
    let house = House::new();
    let folder = written(&house);
    let check = |what: &str, text: &str| {
        fs::write(folder.join(FILE), text).unwrap();
        let ran = house.run(["catalogue".as_ref(), "check".as_ref(), folder.as_os_str()]);
        fs::remove_file(folder.join(FILE)).unwrap();
        (what.to_owned(), ran)
    };
    let good = house.run(["catalogue".as_ref(), "check".as_ref(), folder.as_os_str()]).exits(0);

    let nested =
        |open: &str, close: &str, n: usize| format!("value = \"{}1{}\"", open.repeat(n), close.repeat(n));
    let ring = |n: usize| -> String {
        (0..n).map(|i| indicator(&format!("h{i}"), &format!("derive = \"h{} + 1\"", (i + 1) % n))).collect()
    };
    let cases = [
        ("5,000 terms", indicator("h", &format!("value = \"1{}\"", "+1".repeat(5_000)))),
        ("1,000 terms", indicator("h", &format!("value = \"1{}\"", "+1".repeat(1_000)))),
        ("brackets", indicator("h", &nested("(", ")", 10_000))),
        ("few bytes, deep", indicator("h", &nested("(", ")", 2_000))),
        ("NOT", indicator("h", &format!("value = \"{}true\"", "NOT ".repeat(1_000)))),
        ("minus", indicator("h", &format!("value = \"{}1\"", "- ".repeat(2_000)))),
        ("CASE", indicator("h", &nested("CASE WHEN true THEN ", " END", 150))),
        ("functions", indicator("h", &nested("abs(", ")", 600))),
        ("unknown function", indicator("h", "value = \"load_extension('x')\"")),
        ("subquery", indicator("h", "value = \"(SELECT 1)\"")),
        ("statement", indicator("h", "value = \"1; DROP TABLE log\"")),
        ("unknown column", indicator("h", "value = \"wealth\"")),
        ("text as number", indicator("h", "value = \"category + 1\"")),
        ("refers to itself", indicator("h", "derive = \"h + 1\"")),
        ("ring of two", ring(2)),
        ("ring of 300", ring(300)),
        ("unknown indicator", indicator("h", "derive = \"nothing_like_it * 2\"")),
        ("twice", indicator("h", "derive = \"orders * 1\"").repeat(2)),
        ("NUL", indicator("h", "value = \"1\\u0000\"")),
        ("open text", indicator("h", "value = \"'never closed\"")),
        ("no TOML", "[[indicator]\nname = ".to_owned()),
        ("deep TOML", format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000))),
        ("deep keys", format!("{}a = 1", "a.".repeat(100_000))),
        ("many tables", "[[indicator]]\n".repeat(100_000)),
    ];
    let mut wrong = Vec::new();
    for (what, text) in &cases {
        let (what, ran) = check(what, text);
        let first = ran.err.lines().find(|line| line.starts_with("error[")).unwrap_or_default();
        let place = first.split(FILE).nth(1).is_some_and(|rest| {
            let mut parts = rest.trim_start_matches(':').splitn(3, ':');
            let number = |part: Option<&str>| {
                part.is_some_and(|part| {
                    part.trim()
                        .split(|c: char| !c.is_ascii_digit())
                        .next()
                        .is_some_and(|n| n.parse::<u64>().is_ok())
                })
            };
            number(parts.next()) && number(parts.next())
        });
        // The TOML reader does not say where its nesting went too deep.
        let place = place || (what == "deep keys" && first.contains(FILE));
        let quick = ran.took < good.took + Duration::from_secs(1);
        if ran.code != 2 || !place || !quick || ran.err.contains("panicked") || ran.most_kib > 300 << 10 {
            wrong.push(format!(
                "{what}: code {}, {:?}, {} KiB, {}",
                ran.code,
                ran.took,
                ran.most_kib,
                first.chars().take(200).collect::<String>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");

    let (_, large) = check("large", &"# nothing but a remark\n".repeat((4 << 20) / 22));
    large.refused(2, "catalogue-unreadable");
    let (_, bytes) = {
        fs::write(folder.join(FILE), b"# \xff\xfe\n").unwrap();
        (0, house.run(["catalogue".as_ref(), "check".as_ref(), folder.as_os_str()]))
    };
    bytes.refused(2, "catalogue-unreadable");
}

#[test]
fn changed_definitions_take_effect_and_the_old_ones_give_the_old_scores() {
    let house = House::new();
    let folder = written(&house);
    let (first, second): (Vec<String>, Vec<String>) = {
        let lines: Vec<String> = sample(3_500).lines().map(|line| format!("{line}\n")).collect();
        (lines[..2_500].to_vec(), lines[2_500..].to_vec())
    };
    house.import(&house.file("first.jsonl", first.concat())).exits(0);
    let old = house.scores(&MOMENTS);
    let with = |rest: &[&str]| {
        let mut arguments = vec!["--catalogue-dir".to_owned(), folder.display().to_string()];
        arguments.extend(rest.iter().map(|part| (*part).to_owned()));
        house.run(&arguments)
    };
    let list = |moment: &str| with(&["scores", "--of", "merchant", "--csv", "--as-of", moment]).exits(0).out;
    assert_eq!(list("latest"), old[0], "the written catalogue is the built-in one");

    let path = folder.join("indicators/merchant/fulfilment.toml");
    let text = fs::read_to_string(&path).unwrap();
    let changed = text.replacen("strength = 10 }", "strength = 200 }", 1).replacen(
        "type = 'order.shipped_late'",
        "NOT type = 'order.shipped_late'",
        1,
    );
    assert_ne!(changed, text);
    fs::write(&path, changed).unwrap();
    let new = [list("latest"), list(MOMENTS[1])];
    assert_ne!(new[0], old[0]);
    assert_ne!(new[1], old[2]);
    // The new definitions give what a folder gives that never knew the old ones, past and present.
    let fresh = House::new();
    let import = |house: &House, name: &str, text: &str| {
        let file = house.file(name, text);
        house
            .run(["--catalogue-dir".as_ref(), folder.as_os_str(), "import".as_ref(), file.as_os_str()])
            .exits(0);
    };
    import(&fresh, "first.jsonl", &first.concat());
    let indicators = |csv: &str| -> Vec<String> {
        // Tiers look back on scores that were recorded under the definitions of their time; they and the rows may differ.
        csv.lines()
            .map(|line| {
                line.split(',')
                    .enumerate()
                    .filter(|(at, _)| *at != 2 && *at != 6)
                    .map(|(_, cell)| cell)
                    .collect::<Vec<_>>()
                    .join(",")
            })
            .collect()
    };
    for (moment, have) in MOMENTS.iter().zip(&new) {
        let want = fresh
            .run([
                "--catalogue-dir".as_ref(),
                folder.as_os_str(),
                "scores".as_ref(),
                "--of".as_ref(),
                "merchant".as_ref(),
                "--csv".as_ref(),
                "--as-of".as_ref(),
                moment.as_ref(),
            ])
            .exits(0)
            .out;
        assert_eq!(indicators(have), indicators(&want), "{moment}");
    }
    same_scores(&house.scores(&MOMENTS), &old, "the old catalogue again");

    // The same after more came in while the other catalogue was in force, and states were stored under it.
    import(&house, "second.jsonl", &second.concat());
    let unbroken = House::new();
    unbroken.import(&unbroken.file("all.jsonl", [first.concat(), second.concat()].concat())).exits(0);
    let (have, want) = (house.scores(&MOMENTS), unbroken.scores(&MOMENTS));
    for (have, want) in have.iter().zip(&want) {
        assert_eq!(indicators(have), indicators(want));
    }
}
