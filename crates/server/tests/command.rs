//! The command line beyond the straight way: what it keeps of refused rows, what it remembers, what it says and how it ends.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Ran, command, same_scores, sample};
use serde_json::Value;
use std::ffi::OsStr;
use std::io::Read;
use std::process::Stdio;

const MOMENTS: [&str; 2] = ["latest", "2025-02-10T12:00:00Z"];

fn placed(id: &str, with: &str) -> String {
    format!(
        r#"{{"id":"{id}","type":"order.placed","occurred_at":"2025-01-01T10:00:00Z","merchant":"m","buyer":"b","order":"o-{id}","value":"1.00","currency":"EUR"{with}}}"#
    ) + "\n"
}

fn import(house: &House, arguments: &[&OsStr]) -> Ran {
    house.run(["--json".as_ref(), "import".as_ref()].into_iter().chain(arguments.iter().copied()))
}

fn aside(house: &House) -> Vec<Value> {
    house.run(["--json", "set-aside"]).exits(0).json().as_array().unwrap().clone()
}

/// Whether any file of the data folder holds this text.
fn holds(house: &House, text: &str) -> bool {
    std::fs::read_dir(house.data()).unwrap().any(|entry| {
        let bytes = std::fs::read(entry.unwrap().path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn nothing_prohibited_is_kept_whichever_way_it_came() {
    const FAITH: &str = "Zoroastrian";
    let cards = ["4111 1111 1111 1111", "4111111111111111", "5555-5555-5555-4444"];
    let header = "id,type,occurred_at,merchant,buyer,order,value,currency,category";
    let row =
        |id: &str, rest: &str| format!("{id},order.placed,2025-01-01T10:00:00Z,m,b,o,1.00,EUR,{rest}\n");
    let files = [
        ("field.jsonl", placed("1", &format!(r#","religion":"{FAITH}""#))),
        (
            "unknown_type.jsonl",
            placed("2", &format!(r#","customer_religion":"{FAITH}""#)).replace("placed", "plaecd"),
        ),
        ("broken.jsonl", format!("{{\"id\":\"3\",\"religion\":\"{FAITH}\"\n")),
        ("text.jsonl", placed("4", &format!(r#","category":"{}""#, cards[0]))),
        ("other_fault.jsonl", placed("5", &format!(r#","category":"{}","value":"1""#, cards[0]))),
        ("id.jsonl", placed("6", "").replace("\"m\"", &format!("\"{}\"", cards[0]))),
        (
            "token.jsonl",
            placed("7", &format!(r#","card":"{}","method":"card""#, cards[1])).replace("placed", "paid"),
        ),
        ("column.csv", format!("{header},religion\n{}", row("8", &format!("toys,{FAITH}")))),
        ("cells.csv", format!("{header},religion\n{}", row("9", &format!("toys,{FAITH},more")))),
        ("card.csv", format!("{header}\n{}", row("10", cards[2]))),
        ("card_cells.csv", format!("{header}\n{}", row("11", &format!("{},more", cards[0])))),
    ];
    for (name, text) in files {
        let house = House::new();
        let ran = import(&house, &[house.file(name, text).as_os_str()]).exits(3);
        let list = aside(&house);
        assert_eq!((ran.number("set_aside"), list.len()), (1, 1), "{name}: {ran:?}");
        for secret in cards.iter().chain([&FAITH]) {
            assert!(!holds(&house, secret), "{name}: {secret} was kept, {list:?}");
            assert!(!ran.out.contains(secret), "{name}: {secret} is shown, {ran:?}");
        }
        // The place and the reason are.
        let line = if name.ends_with(".csv") { "2" } else { "1" };
        assert_eq!((&list[0]["source"], &list[0]["line"]), (&name.into(), &line.into()), "{list:?}");
        assert!(list[0]["reason"].as_str().unwrap().len() > 10, "{list:?}");
    }
    // Any other content is.
    let house = House::new();
    import(&house, &[house.file("good.jsonl", placed("1", r#","colour":"Vermilion""#)).as_os_str()]).exits(3);
    assert!(holds(&house, "Vermilion"));
}

#[test]
fn a_row_set_aside_is_kept_once_and_can_be_tried_again() {
    let house = House::new();
    let soon = "2025-01-01T10:00:00Z";
    let text = [
        placed("1", ""),
        placed("1", "").replace("1.00", "2.00"),
        placed("2", r#","colour":"red""#),
        "no json\n".to_owned(),
    ]
    .concat();
    let file = house.file("events.jsonl", &text);
    let table = "id,type,occurred_at,buyer,shade\nv,shop.visited,2025-01-01T10:00:00Z,b,\"a, \"\"b\"\"\"\nw,shop.visited,2025-01-01T10:00:00Z,b,\n";
    let table = house.file("visits.csv", table);
    for round in 0..3 {
        let ran = import(&house, &[file.as_os_str(), table.as_os_str()]).exits(3);
        assert_eq!(ran.number("set_aside"), 5, "{ran:?}");
        assert_eq!(aside(&house).len(), 5, "round {round}");
        let shown = &ran.json()["first_set_aside"];
        let conflict =
            shown.as_array().unwrap().iter().find(|one| one["code"] == "event-id-reused").unwrap().clone();
        assert_eq!(
            (&conflict["source"], &conflict["line"]),
            (&"events.jsonl".into(), &2.into()),
            "{conflict}"
        );
    }
    for item in aside(&house) {
        // A place and a hint stand once.
        let reason = item["reason"].as_str().unwrap();
        assert!(!reason.contains("events.jsonl:"), "{reason}");
        assert!(reason.matches("first stands").count() <= 1, "{reason}");
    }
    let ran = house.run(["--json", "set-aside", "--retry"]).exits(3);
    assert_eq!((ran.number("tried"), ran.number("taken"), ran.number("left")), (5, 0, 5), "{ran:?}");

    // Once the types and fields are declared, what lay aside goes in.
    let folder = house.data().join("catalogue");
    house.run(["catalogue".as_ref(), "write".as_ref(), folder.as_os_str()]).exits(0);
    let orders = folder.join("events/orders.toml");
    let declared = std::fs::read_to_string(&orders).unwrap().replacen(
        "[event.\"order.placed\".fields]",
        "[event.\"order.placed\".fields]\ncolour = { type = \"text\", title = \"Colour\" }",
        1,
    );
    assert!(declared.contains("colour"), "{declared}");
    std::fs::write(&orders, declared).unwrap();
    std::fs::write(
        folder.join("events/visits.toml"),
        "[event.\"shop.visited\"]\ntitle = \"Visit\"\nabout = [\"buyer\"]\nfields.shade = { type = \"text\", title = \"Shade\" }\n",
    )
    .unwrap();
    let ran = house.run(["--json", "set-aside", "--retry"]).exits(3);
    assert_eq!((ran.number("tried"), ran.number("taken"), ran.number("left")), (5, 3, 2), "{ran:?}");
    let left: Vec<_> = aside(&house).iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        left,
        ["event-json", "event-id-reused"].map(str::to_owned).into_iter().rev().collect::<Vec<_>>()
    );
    let events = house.run(["--json", "events", "--limit", "100"]).exits(0).json();
    let visit = events.as_array().unwrap().iter().find(|event| event["id"] == "v").unwrap();
    assert_eq!(
        (&visit["fields"]["shade"], &visit["fields"]["source"], &visit["known_at"]),
        (&"a, \"b\"".into(), &"import".into(), &soon.into())
    );
    // And nothing changes by another import of the same.
    let ran = import(&house, &[file.as_os_str(), table.as_os_str()]).exits(3);
    assert_eq!((ran.number("duplicates"), ran.number("set_aside")), (4, 2), "{ran:?}");
    assert_eq!(aside(&house).len(), 2);
    house.run(["audit", "verify"]).exits(0);
}

#[test]
fn an_exported_log_comes_in_again_and_scores_the_same() {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(2_000))).exits(0);
    let (scores, events) = (house.scores(&MOMENTS), house.events());
    for name in ["log.jsonl", "log.csv"] {
        let file = house.path(name);
        house.run(["export".as_ref(), file.as_os_str()]).exits(0);
        let other = House::new();
        let ran = other.import(&file).exits(0);
        assert!(ran.number("derived") > 0, "{ran:?}");
        assert_eq!(ran.number("taken") + ran.number("derived"), ran.number("rows"), "{ran:?}");
        assert_eq!(other.events(), events);
        same_scores(&other.scores(&MOMENTS), &scores, name);
        // Into the same folder it is known.
        let again = house.import(&file).exits(0);
        assert_eq!((again.number("taken"), again.number("duplicates")), (0, events), "{again:?}");
    }
}

#[test]
fn a_rehearsal_says_what_an_import_would_do_and_writes_nothing() {
    let house = House::new();
    let text = [
        placed("1", ""),
        placed("1", ""),
        placed("1", "").replace("1.00", "2.00"),
        placed("2", ""),
        "no json\n".into(),
    ]
    .concat();
    let file = house.file("events.jsonl", text);
    let rehearse = || import(&house, &["--dry-run".as_ref(), file.as_os_str()]);
    let numbers = |ran: &Ran| (ran.number("taken"), ran.number("duplicates"), ran.number("set_aside"));
    let ran = rehearse().exits(3);
    assert_eq!(numbers(&ran), (2, 1, 2), "{ran:?}");
    assert!(!house.data().exists());
    let real = import(&house, &[file.as_os_str()]).exits(3);
    assert_eq!(numbers(&real), numbers(&ran));
    assert_eq!(real.json()["reasons"], ran.json()["reasons"]);
    let files = || {
        // SQLite keeps files of its own beside the database while somebody reads.
        let own = |path: &std::path::PathBuf| {
            !path.to_str().unwrap().ends_with("-wal") && !path.to_str().unwrap().ends_with("-shm")
        };
        let names = std::fs::read_dir(house.data()).unwrap().map(|entry| entry.unwrap().path()).filter(own);
        let mut files: Vec<_> = names.map(|path| (std::fs::read(&path).unwrap(), path)).collect();
        files.sort_by(|(_, a), (_, b)| a.cmp(b));
        files
    };
    let before = files();
    let ran = rehearse().exits(3);
    assert_eq!(numbers(&ran), (0, 3, 2), "{ran:?}");
    assert!(before == files(), "a rehearsal wrote");
}

#[test]
fn a_file_that_is_not_there_costs_nothing_of_the_others() {
    let house = House::new();
    let good = house.file("good.csv", "id,type,occurred_at,merchant,buyer,order,value,currency\n1,order.placed,2025-01-01T10:00:00Z,m,b,o,1.00,EUR\n");
    let none = house.path("none.csv");
    let ran = import(&house, &[good.as_os_str(), none.as_os_str()]).exits(2);
    assert!(ran.err.contains("none.csv") && ran.out.is_empty(), "{ran:?}");
    assert_eq!(house.events(), 0, "told before anything goes in");
    // What cannot be seen beforehand: the report says what went in until then.
    let packed = {
        use std::io::Write;
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        packer.write_all(sample(300).as_bytes()).unwrap();
        packer.finish().unwrap()
    };
    let cut = house.file("cut.jsonl.gz", &packed[..packed.len() / 2]);
    let ran = import(&house, &[good.as_os_str(), cut.as_os_str()]).exits(2);
    let report = ran.json();
    assert_eq!(report["stopped"][0]["code"], "intake-file-unreadable", "{ran:?}");
    assert!(report["taken"].as_u64().unwrap() > 1, "{ran:?}");
    assert_eq!(house.events(), report["taken"].as_u64().unwrap());
}

const MAPPING: &str = r#"
[mapping]
name = "feira"
title = "A small market"
source = "feira"
currency = "BRL"

[table.orders]
file = "orders.csv"
required = true
account = true
columns = ["no", "value"]

[[event]]
type = "order.placed"
sql = "SELECT no AS id, '2018-03-01T10:00:00Z' AS occurred_at, 'm' AS merchant, 'b' AS buyer, no AS \"order\", value, line AS \"rows:orders\" FROM orders"
"#;

#[test]
fn the_reporting_currency_is_remembered() {
    let currency = |house: &House| {
        let server = Serving::start(house);
        let platform = server.get("/v1/platform");
        platform.split("\"reporting_currency\":\"").nth(1).unwrap()[..3].to_owned()
    };
    let house = House::new();
    let mapping = house.file("feira.toml", MAPPING);
    house.file("tables/orders.csv", "no,value\n1,10.00\n2,20.00\n");
    let folder = house.path("tables");
    let mapped = ["--mapping".as_ref(), mapping.as_os_str(), folder.as_os_str()];
    import(&house, &mapped).exits(0);
    assert_eq!(currency(&house), "BRL", "that of the mapping");
    // A row that contradicts what stands is one row, at its line.
    house.file("tables/orders.csv", "no,value\n1,10.00\n2,99.00\n");
    let ran = import(&house, &mapped).exits(3);
    assert_eq!((ran.number("duplicates"), ran.number("set_aside")), (1, 1), "{ran:?}");
    let conflict = &ran.json()["first_set_aside"][0];
    assert_eq!((&conflict["source"], &conflict["line"]), (&"orders".into(), &3.into()), "{conflict}");
    house.file("tables/orders.csv", "no,value\n1,10.00\n2,20.00\n");
    // Rates of the starter are examples; none is needed and none is used: dollars have none into reais.
    let dollars = placed("1", "").replace("EUR", "USD");
    let ran = import(&house, &[house.file("usd.jsonl", dollars).as_os_str()]).exits(3);
    assert_eq!(ran.json()["reasons"]["currency-without-rate"], 1, "{ran:?}");
    // A change is said, and kept.
    let ran = house.run(["--currency", "EUR", "events", "--count"]).exits(0);
    assert!(ran.err.contains("from BRL to EUR") && ran.err.contains("rebuilt"), "{ran:?}");
    let ran = house.run(["events", "--count"]).exits(0);
    assert_eq!(ran.err, "");
    assert_eq!(currency(&house), "EUR");

    // A folder in use keeps its own currency whatever a mapping says.
    let other = House::new();
    other.import(&other.file("events.jsonl", placed("1", ""))).exits(0);
    import(&other, &mapped).exits(0);
    assert_eq!(currency(&other), "EUR");
    let named = House::new();
    let ran = named.run(["--currency", "USD", "events", "--count"]);
    assert_eq!(ran.code, 1, "there is no folder yet: {ran:?}");
    let dollars = named.file("usd.jsonl", placed("1", "").replace("EUR", "USD"));
    named.run(["--currency".as_ref(), "USD".as_ref(), "import".as_ref(), dollars.as_os_str()]).exits(0);
    assert_eq!(currency(&named), "USD");
}

/// A server on a folder, ended with the test.
struct Serving(std::process::Child, String);

impl Serving {
    fn start(house: &House) -> Self {
        let child = command(&house.data(), ["serve", "--listen", "127.0.0.1:0"])
            .env("PROBITY_LOG", "info")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut server = Self(child, String::new());
        let mut said = String::new();
        let mut err = server.0.stderr.take().unwrap();
        // It says where it listens.
        while server.1.is_empty() {
            let mut byte = [0; 256];
            let count = err.read(&mut byte).unwrap();
            assert!(count > 0, "the server ended: {said}");
            said.push_str(&String::from_utf8_lossy(&byte[..count]));
            if let Some(at) = said.find("127.0.0.1:")
                && let Some(end) = said[at..].find(|c: char| c.is_whitespace())
            {
                server.1 = said[at..at + end].trim_end_matches(|c: char| !c.is_ascii_digit()).to_owned();
            }
        }
        server
    }

    fn get(&self, path: &str) -> String {
        use std::io::Write;
        let mut stream = std::net::TcpStream::connect(&self.1).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn everything_answers_in_json() {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(200))).exits(0);
    let (copy, export, catalogue) = (house.path("copy"), house.path("log.jsonl"), house.path("catalogue"));
    let doctor = house.run(["--json", "doctor"]).exits(0).json();
    assert_eq!(doctor["good"], true, "{doctor}");
    assert_eq!(doctor["checks"].as_array().unwrap().last().unwrap()["what"], "opens for writing");
    for (arguments, number) in [
        (vec!["backup".as_ref(), copy.as_os_str()], "rows"),
        (vec!["export".as_ref(), export.as_os_str()], "events"),
        (vec!["catalogue".as_ref(), "write".as_ref(), catalogue.as_os_str()], "files"),
    ] {
        let ran = house.run(["--json".as_ref()].into_iter().chain(arguments.clone())).exits(0);
        assert!(ran.number(number) >= 10, "{arguments:?}: {ran:?}");
    }
    let other = House::new();
    assert!(
        other.run(["--json".as_ref(), "restore".as_ref(), copy.as_os_str()]).exits(0).number("rows") >= 200
    );

    // Beside a running process the doctor reads, and finds nothing wrong.
    let server = Serving::start(&house);
    let doctor = house.run(["--json", "doctor"]).exits(0).json();
    assert_eq!(doctor["good"], true, "{doctor}");
    assert_eq!(doctor["checks"].as_array().unwrap().last().unwrap()["what"], "in use");
    drop(server);
    std::fs::write(house.data().join("catalogue"), "").unwrap();
    std::fs::remove_file(house.data().join("catalogue")).unwrap();
    std::fs::create_dir(house.data().join("catalogue")).unwrap();
    let doctor = house.run(["--json", "doctor"]).exits(1).json();
    assert_eq!(doctor["good"], false, "{doctor}");
}

#[test]
fn refusals_say_what_is_meant() {
    let house = House::new();
    let text = sample(200);
    let file = house.file("events.jsonl", &text);
    house.import(&file).exits(0);
    let nowhere = house.path("nowhere/log.jsonl");
    let nowhere = nowhere.to_str().unwrap();
    let (file, folder) = (file.to_str().unwrap(), house.data());
    let folder = folder.to_str().unwrap();
    let cases: [(&[&str], i32, &str); 9] = [
        (&["--data", file, "events", "--count"], 2, "it is a file"),
        (&["--data", file, "audit", "verify"], 2, "it is a file"),
        (&["import", "--mapping", "olist", "no-such-folder"], 2, "there is no such folder"),
        (&["import", "--mapping", "olist", file], 2, "this is not a folder"),
        (&["score", "merchant:a b"], 2, "1 to 128 of A-Z a-z 0-9"),
        (&["export", nowhere], 1, "export-failed"),
        (&["export", file], 2, "exists"),
        (&["catalogue", "write", "/proc/no/such"], 1, "catalogue-unwritable"),
        (&["--data", folder, "import", "no-such.csv"], 2, "intake-file-unreadable"),
    ];
    for (arguments, code, says) in cases {
        // The first --data is that of the house.
        let at = arguments.iter().position(|word| *word == "--data");
        let data = at.map_or_else(|| house.data(), |at| arguments[at + 1].into());
        let rest: Vec<&str> = arguments.iter().skip(if at.is_some() { 2 } else { 0 }).copied().collect();
        let ran = process::run(&data, &rest).exits(code);
        assert!(ran.err.to_lowercase().contains(&says.to_lowercase()), "{arguments:?}: {ran:?}");
    }
    let help = house.run(["--help"]).exits(0).out;
    assert!(help.starts_with("An open integrity system"), "{help}");
}

#[test]
fn events_of_a_party_are_counted_and_a_closed_pipe_is_no_failure() {
    let house = House::new();
    house.import(&house.file("events.jsonl", sample(600))).exits(0);
    let scores = house.run(["--json", "scores", "--of", "buyer"]).exits(0).json();
    let party = scores[0]["party"].as_str().unwrap();
    let counted = house.run(["--json", "events", "--count", "--party", party]).exits(0);
    let listed = house.run(["--json", "events", "--limit", "1000", "--party", party]).exits(0).json();
    let listed = listed.as_array().unwrap().len() as u64;
    assert_eq!(counted.number("events"), listed, "{counted:?}");
    assert!(listed > 0 && listed < house.events());

    for arguments in [
        ["scores", "--of", "buyer", "--csv"].as_slice(),
        &["--json", "scores", "--of", "buyer"],
        &["completions", "bash"],
    ] {
        let mut child =
            command(&house.data(), arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn the_demo_shows_reasons_and_history() {
    let house = House::new();
    let ran = house.run(["demo", "--no-serve"]).exits(0);
    for says in [
        "main reason",
        "The lowest merchant, explained",
        "The lowest buyer, explained",
        "Its scores on record",
    ] {
        assert!(ran.out.contains(says), "{says}: {ran:?}");
    }
    let record = ran.out.split("Its scores on record").nth(1).unwrap();
    assert!(record.contains("-31T23:59:59.999Z"), "{record}");
}
