//! What people are told about a score: that it is true, and that the README's first score is the one they get.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Ran, command, sample};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

/// The lines of the human explanation under a heading.
fn under<'a>(shown: &'a str, heading: &str) -> Vec<&'a str> {
    let lines = shown.lines().skip_while(|line| !line.starts_with(heading)).skip(1);
    lines.take_while(|line| !line.is_empty()).collect()
}

/// A buyer with a low score asks for credit: the score drives the answer, and its reasons are told in both languages.
#[test]
fn a_decision_tells_the_reasons_of_a_score_in_the_language_asked_for() {
    let house = House::new();
    let written_off = |n: u8| {
        format!(
            r#"{{"id":"w{n}","source":"shop","type":"credit.written_off","occurred_at":"2026-01-0{n}T10:00:00Z","buyer":"b1","line":"l{n}","value":"90.00","currency":"EUR"}}"#
        )
    };
    let events = [written_off(1), written_off(2)].join("\n");
    house.import(&house.file("events.jsonl", events)).exits(0);
    let buyer = "b1";
    let ask = |more: &[&str]| {
        let words = ["decide", "credit_line", "--buyer", buyer, "--amount", "300.00", "--key", "k"];
        let words = [&words[..], more].concat();
        house.run(words.iter().copied()).exits(0)
    };
    let it = ask(&["--json"]).json();
    let reasons = it["decision"]["reasons"].as_array().unwrap().clone();
    let (english, chinese) = (ask(&[]).out, ask(&["--lang", "zh"]).out);
    assert!(reasons.iter().any(|reason| reason["whence"] == "score"), "{it}");
    for reason in &reasons {
        for (name, shown) in
            [("text", &english), ("advice", &english), ("text_zh", &chinese), ("advice_zh", &chinese)]
        {
            let text = reason[name].as_str().unwrap();
            assert!(!text.is_empty() && shown.contains(text), "{name} '{text}': {shown}");
        }
    }
}

#[test]
fn no_reason_is_given_for_what_costs_nothing_and_each_has_its_line() {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(usize::MAX))).exits(0);
    let told = process::reasons::check(&house.data());
    assert!(told.reasons > 20 && told.better > 20 && told.unknown > 20, "{told:?}");
    let parties = house.run(["--json", "scores", "--of", "merchant"]).exits(0).json();
    for party in parties.as_array().unwrap().iter().take(5) {
        let party = party["party"].as_str().unwrap();
        let it = house.run(["--json", "explain", party]).exits(0).json();
        let shown = house.run(["explain", party]).exits(0).out;
        let chinese = house.run(["explain", party, "--lang", "zh"]).exits(0).out;
        for reason in it["reasons"].as_array().unwrap() {
            for (text, lang) in [("text", &shown), ("text_zh", &chinese), ("advice_zh", &chinese)] {
                let text = reason[text].as_str().unwrap();
                assert!(!text.is_empty() && lang.contains(text), "{text}: {lang}");
            }
            assert!(!reason["text_zh"].as_str().unwrap().is_ascii());
        }
        for version in ["scorecard", "catalogue"] {
            let hash = &it["versions"][version].as_str().unwrap()[..12];
            assert!(shown.contains(&format!("{version} {hash}")), "{version} of {shown}");
        }
        let sum = under(&shown, "How it adds up");
        for line in it["lines"].as_array().unwrap() {
            let title = line["title"].as_str().unwrap();
            let row = sum.iter().find(|row| row.starts_with(title)).expect(title);
            let cells: Vec<&str> = row.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
            let signed = |name: &str| format!("{:+}", line[name].as_i64().unwrap());
            let expected = [
                line["attribute"].as_str().unwrap(),
                &signed("points"),
                &signed("best"),
                &line["shortfall"].to_string(),
            ];
            assert_eq!(cells[2..6], expected, "{shown}");
        }
        let last = sum.last().unwrap();
        assert!(last.starts_with("Score") && last.ends_with(&it["score"].to_string()), "{shown}");
        let codes = it["reasons"].as_array().unwrap().iter().map(|reason| reason["code"].as_str().unwrap());
        let told = under(&shown, "What costs points");
        assert!(codes.clone().all(|code| told.iter().any(|line| line.trim().starts_with(code))), "{shown}");
        assert!(codes.count() > 0 || told[0].contains("Nothing"), "{shown}");
        for (list, heading) in [("better", "What could be better"), ("unknown", "What is not known")] {
            assert_eq!(
                under(&shown, heading).len(),
                it[list].as_array().unwrap().len(),
                "{heading}: {shown}"
            );
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A step of the README's section "A first score in five minutes".
fn step(number: u8) -> String {
    let text = std::fs::read_to_string(root().join("README.md")).unwrap();
    let start = text.find(&format!("**{number}. ")).expect("a step");
    let rest = &text[start..];
    let end = ["\n**", "\n## "].iter().filter_map(|next| rest.find(next)).min().unwrap();
    rest[..end].to_owned()
}

/// The blocks of code of a language.
fn blocks(step: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    step.split(&begin).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// Runs a line of the README that begins with `probity --data my-data`, on this house's folder.
fn run_line(house: &House, line: &str) -> Ran {
    let words = line.strip_prefix("probity --data my-data ").expect(line).split_whitespace();
    let word = |word: &str| match root().join(word) {
        file if file.is_file() => file.to_str().unwrap().to_owned(),
        _ => word.to_owned(),
    };
    house.run(words.map(word)).exits(0)
}

/// The whole numbers of a text, a minus before them included.
fn numbers(text: &str) -> Vec<i64> {
    let digits = |c: char| c.is_ascii_digit() || c == '−';
    let words = text.split(|c: char| !digits(c)).filter(|word| word.chars().any(|c| c.is_ascii_digit()));
    words.map(|word| word.replace('−', "-").parse().unwrap()).collect()
}

#[test]
fn the_first_score_of_the_readme_is_the_one_that_comes_out() {
    let (step4, step5) = (step(4), step(5));
    let example = std::fs::read_to_string(root().join("docs/examples/first-order.csv")).unwrap();
    assert_eq!(blocks(&step4, "csv"), [example]);
    let house = House::new();
    let commands = blocks(&step4, "sh").concat();
    let ran: Vec<Ran> = commands.lines().map(|line| run_line(&house, line)).collect();
    let explain = commands.lines().find(|line| line.contains(" explain ")).unwrap();
    let it = run_line(&house, &format!("{explain} --json")).json();

    // What the prose says.
    let prose = step4.rsplit("```").next().unwrap().split_whitespace().collect::<Vec<_>>().join(" ");
    let (said, rest) = prose.split_once("*thin file*:").unwrap().1.split_once("tier \"").unwrap();
    let tier = rest.split('"').next().unwrap();
    let reasons = it["reasons"].as_array().unwrap();
    assert_eq!(numbers(said), ["score", "low", "high"].map(|name| it[name].as_i64().unwrap()), "{said}");
    assert_eq!((&it["thin"], it["tier"]["title"].as_str().unwrap()), (&true.into(), tier));
    let costs: Vec<i64> = numbers(rest).into_iter().filter(|number| *number < 0).collect();
    let lost: Vec<i64> = reasons.iter().map(|reason| -reason["points_lost"].as_i64().unwrap()).collect();
    assert_eq!(costs, lost, "{rest}");
    let first = format!("{}  ({} to {}, thin file)  tier {tier} by", it["score"], it["low"], it["high"]);
    assert!(ran.last().unwrap().out.contains(&first), "{ran:?}");
    let late = it["lines"].as_array().unwrap().iter().find(|line| line["indicator"] == "late_shipment_index");
    assert_eq!(late.unwrap()["points"], 0, "the late parcel cost none");
    assert!(run_line(&house, "probity --data my-data events").out.contains("order.shipped_late"));

    live(&house, &blocks(&step5, "sh").concat());
}

/// Step 5: the server, one event sent thrice, the score; the end in order.
fn live(house: &House, commands: &str) {
    assert!(commands.starts_with("probity --data my-data serve &"), "{commands}");
    let before = house.run(["--json", "score", "merchant:tea-house"]).exits(0).number("events");
    let mut serve = command(&house.data(), ["serve", "--listen", "127.0.0.1:0"]);
    serve.env("PROBITY_LOG", "info").env("NO_COLOR", "1").stdout(Stdio::null()).stderr(Stdio::piped());
    let mut server = serve.spawn().unwrap();
    let mut lines = BufReader::new(server.stderr.take().unwrap()).lines().map_while(Result::ok);
    let told = lines.find_map(|line| Some(line.split_once("addr=")?.1.split_whitespace().next()?.to_owned()));
    let ask = |head: &str, body: &str| answer(told.as_deref().expect("where it listens"), head, body);

    let event = commands.split("-d '").nth(1).unwrap().split('\'').next().unwrap();
    let post = |body: &str| ask("POST /v1/events", body);
    let (first, again) = (post(event), post(event));
    let other = post(&event.replace("12.50", "12.60"));
    let path = commands.split("7400").nth(2).unwrap().split('\'').next().unwrap();
    let score = ask(&format!("GET {path}"), "");
    let ended = Command::new("kill").arg(server.id().to_string()).status().unwrap();
    let status = server.wait().unwrap();

    assert_eq!((first.0, &first.1["status"]), (201, &"taken".into()), "{first:?}");
    assert_eq!((again.0, &again.1["status"]), (200, &"duplicate".into()), "{again:?}");
    assert_eq!((other.0, &other.1["code"]), (409, &"event-id-reused".into()), "{other:?}");
    assert_eq!((score.0, &score.1["party"]), (200, &"merchant:tea-house".into()), "{score:?}");
    assert!(score.1["events"].as_u64() > Some(before), "the event counts already: {before}, {score:?}");
    assert!(ended.success() && status.success(), "{status}");
}

/// Status and JSON of one request.
fn answer(addr: &str, head: &str, body: &str) -> (u16, Value) {
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let length = body.len();
    let kind = "content-type: application/json\r\nconnection: close";
    let text = format!("{head} HTTP/1.1\r\nhost: test\r\n{kind}\r\ncontent-length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}
