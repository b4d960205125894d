//! Files as they come: broken rows, cut, twice, shuffled, contradicting, hostile, packed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Ran, Random, rounds, same_scores, sample, with_hole};
use serde_json::Value;
use std::collections::BTreeMap;

const MOMENTS: [&str; 3] = ["latest", "2025-02-20T12:00:00Z", "2025-01-31T23:59:59.999Z"];

/// Rows read are rows taken, known before or set aside; nothing is without a fate.
fn adds_up(ran: &Ran) -> (u64, u64, u64) {
    let (taken, known, aside) = (ran.number("taken"), ran.number("duplicates"), ran.number("set_aside"));
    assert_eq!(taken + known + aside, ran.number("rows"), "{ran:?}");
    (taken, known, aside)
}

/// What was set aside: line and code, in the order of the lines.
fn aside(house: &House) -> Vec<(u64, String)> {
    let list = house.run(["--json", "set-aside"]).exits(0).json();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    let mut rows: Vec<(u64, String)> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (text(item, "line").parse().unwrap(), text(item, "code")))
        .collect();
    rows.sort();
    rows
}

const HEADER: &str = "id,type,occurred_at,merchant,buyer,order,value,currency,category";

fn row(n: u64) -> String {
    format!(
        "p{n},order.placed,2025-01-{:02}T10:00:00Z,m{},b{},o{n},12.{:02},EUR,toys",
        n % 28 + 1,
        n % 7,
        n % 50,
        n % 100
    )
}

#[test]
fn poison_in_the_middle_of_many_rows_costs_exactly_those_rows() {
    let mut file = format!("{HEADER}\n").into_bytes();
    let poison: [&[u8]; 6] = [
        b"short,order.placed,2025-01-01T10:00:00Z",
        b"open,order.placed,2025-01-01T10:00:00Z,m1,b1,o1,1.00,EUR,\"never closed",
        b"bytes,order.placed,2025-01-01T10:00:00Z,m1,b1,o1,1.00,EUR,\xff\xfe",
        b"nul,order.placed,2025-01-01T10:00:00Z,m1,b1,o1,1.00,EUR,a\0b",
        HEADER.as_bytes(),
        b"unknown,order.plaecd,2025-01-01T10:00:00Z,m1,b1,o1,1.00,EUR,toys",
    ];
    let (mut line, mut expected) = (1, Vec::new());
    for n in 0..3_000 {
        file.extend_from_slice(row(n).as_bytes());
        file.push(b'\n');
        line += 1;
        if n % 400 == 399
            && let Some(poison) = poison.get(usize::try_from(n / 400).unwrap())
        {
            file.extend_from_slice(poison);
            file.extend_from_slice(b"\r\n");
            line += 1;
            let code =
                if poison.starts_with(b"unknown") { "event-unknown-type" } else { "intake-row-invalid" };
            expected.push((line, code.to_owned()));
        }
    }
    let house = House::new();
    let file = house.file("orders.csv", file);
    let ran = house.import(&file).exits(3);
    assert_eq!(adds_up(&ran), (3_000, 0, 6));
    assert_eq!(aside(&house), expected);
    for shown in ran.json()["first_set_aside"].as_array().unwrap() {
        assert!(shown["reason"].as_str().unwrap().len() > 10, "{shown}");
    }
    assert_eq!(house.events(), 3_000);
}

#[test]
fn a_file_cut_in_the_middle_then_whole_ends_as_the_whole_file_alone() {
    let text = sample(2_500);
    let whole = House::new();
    whole.import(&whole.file("events.jsonl", &text)).exits(0);
    let (events, scores) = (whole.events(), whole.scores(&MOMENTS));
    let mut random = Random(rounds("PROBITY_SEED", 2));
    for round in 0..rounds("PROBITY_CUTS", 3) {
        let house = House::new();
        let cut = usize::try_from(random.below(text.len() as u64)).unwrap();
        let ran = house.import(&house.file("events.jsonl", &text[..cut]));
        assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
        adds_up(&ran);
        let ran = house.import(&house.file("events.jsonl", &text)).exits(0);
        adds_up(&ran);
        assert_eq!(house.events(), events);
        same_scores(&house.scores(&MOMENTS), &scores, &format!("round {round}, cut at {cut}"));
    }
}

#[test]
fn the_same_file_twice_changes_nothing() {
    let house = House::new();
    let text = sample(1_500);
    let file = house.file("events.jsonl", &text);
    assert_eq!(adds_up(&house.import(&file).exits(0)), (1_500, 0, 0));
    let (scores, hash) =
        (house.scores(&MOMENTS), house.run(["--json", "audit", "verify"]).exits(0).json()["hash"].clone());
    assert_eq!(adds_up(&house.import(&file).exits(0)), (0, 1_500, 0));
    same_scores(&house.scores(&MOMENTS), &scores, "twice");
    assert_eq!(house.run(["--json", "audit", "verify"]).exits(0).json()["hash"], hash);

    // Each event several times in one file, too.
    let doubled: String = text.lines().flat_map(|line| [line, "\n", line, "\n"]).collect();
    let other = House::new();
    assert_eq!(adds_up(&other.import(&other.file("events.jsonl", doubled)).exits(0)), (1_500, 1_500, 0));
    same_scores(&other.scores(&MOMENTS), &scores, "doubled");
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let text = sample(2_500);
    let sorted = House::new();
    sorted.import(&sorted.file("events.jsonl", &text)).exits(0);
    let scores = sorted.scores(&MOMENTS);
    let mut random = Random(rounds("PROBITY_SEED", 3));
    for round in 0..rounds("PROBITY_SHUFFLES", 3) {
        let mut lines: Vec<&str> = text.lines().collect();
        if round == 0 {
            lines.reverse()
        } else {
            random.shuffle(&mut lines)
        }
        let house = House::new();
        assert_eq!(
            adds_up(&house.import(&house.file("events.jsonl", lines.join("\n"))).exits(0)),
            (2_500, 0, 0)
        );
        same_scores(&house.scores(&MOMENTS), &scores, &format!("permutation {round}"));
    }
}

#[test]
fn twenty_orders_of_arrival_give_the_same_scores() {
    let text = sample(250);
    let mut lines: Vec<&str> = text.lines().collect();
    let whole = House::new();
    whole.import(&whole.file("events.jsonl", &text)).exits(0);
    let scores = whole.scores(&MOMENTS[..1]);
    let mut random = Random(rounds("PROBITY_SEED", 14));
    for round in 0..rounds("PROBITY_PERMUTATIONS", 20) {
        random.shuffle(&mut lines);
        let house = House::new();
        house.import(&house.file("events.jsonl", lines.join("\n"))).exits(0);
        same_scores(&house.scores(&MOMENTS[..1]), &scores, &format!("permutation {round}"));
    }
}

#[test]
fn a_quote_that_is_never_closed_costs_one_row_of_a_hundred_thousand() {
    let rows = rounds("PROBITY_ROWS", 100_000);
    let (house, line) = (House::new(), rows / 2);
    let mut file = format!("{HEADER}\n");
    for n in 0..rows {
        // The same thousand orders over and over: what is known already costs little.
        file.push_str(&row(n % 1_000));
        file.push('\n');
        if n + 1 == line {
            file.push_str("open,order.placed,2025-01-01T10:00:00Z,m1,b1,o1,1.00,EUR,\"never closed\n");
        }
    }
    let ran = house.import(&house.file("orders.csv", file)).exits(3);
    assert_eq!(adds_up(&ran), (1_000, rows - 1_000, 1));
    assert_eq!(aside(&house), [(line + 2, "intake-row-invalid".to_owned())]);
    println!("{rows} rows in {:?}, at most {} MiB", ran.took, ran.most_kib >> 10);
}

#[test]
fn a_retraction_may_come_before_what_it_takes_back() {
    let mut lines: Vec<String> = sample(1_500).lines().map(str::to_owned).collect();
    let taken_back: Vec<usize> =
        (0..lines.len()).filter(|n| lines[*n].contains("\"review.posted\"")).step_by(3).collect();
    let held: Vec<String> = taken_back.iter().rev().map(|n| lines.remove(*n)).collect();
    let id = |line: &str| line.split('"').nth(3).unwrap().to_owned();
    let moment = |line: &str| line.split("\"occurred_at\":\"").nth(1).unwrap()[..10].to_owned();
    for line in &held {
        lines.push(format!(
            r#"{{"id":"r.{}","type":"event.retracted","occurred_at":"{}T23:59:00Z","target":"{}","reason":"wrong"}}"#,
            id(line), moment(line), id(line)
        ));
    }
    let house = House::new();
    let first = house.file("first.jsonl", lines.join("\n"));
    let second = house.file("second.jsonl", held.join("\n"));
    house.import(&first).exits(0);
    house.import(&second).exits(0);
    let other = House::new();
    let all = other.file("all.jsonl", [held, lines].concat().join("\n"));
    other.import(&all).exits(0);
    same_scores(&house.scores(&MOMENTS), &other.scores(&MOMENTS), "retracted before");
    // A third start reads what the second stored.
    same_scores(&house.scores(&MOMENTS), &other.scores(&MOMENTS), "read again");
}

#[test]
fn the_first_of_two_bodies_under_one_id_stands() {
    let house = House::new();
    let event = |value: &str| {
        format!(
            r#"{{"id":"x","type":"order.placed","occurred_at":"2025-01-01T10:00:00Z","merchant":"m","buyer":"b","order":"o","value":"{value}","currency":"EUR"}}"#
        )
    };
    let file = house.file("a.jsonl", format!("{}\n{}\n{}\n", event("10.00"), event("20.00"), event("10.00")));
    let ran = house.import(&file).exits(3);
    assert_eq!(adds_up(&ran), (1, 1, 1));
    assert_eq!(ran.json()["reasons"]["event-id-reused"], 1);
    let again = house.file("b.jsonl", format!("{}\n", event("30.00")));
    assert_eq!(adds_up(&house.import(&again).exits(3)), (0, 0, 1));
    let stands = house.run(["--json", "events", "--party", "buyer:b"]).exits(0).json();
    let placed = stands.as_array().unwrap().iter().find(|event| event["id"] == "x").unwrap();
    assert_eq!(placed["fields"]["value"], "10.00", "{placed}");
    assert_eq!(aside(&house).len(), 2);
}

/// One line of an otherwise good event; `*` stands for what the case is about.
fn check(cases: &[(&str, Vec<u8>, &str)]) {
    let house = House::new();
    let mut file = Vec::new();
    for (_, line, _) in cases {
        file.extend_from_slice(line);
        file.push(b'\n');
    }
    let ran = house.import(&house.file("cases.jsonl", file));
    adds_up(&ran);
    let codes: BTreeMap<u64, String> = aside(&house).into_iter().collect();
    let wrong: Vec<String> = cases
        .iter()
        .zip(1..)
        .filter_map(|((name, _, expected), line)| {
            let got = codes.get(&line).map_or("taken", String::as_str);
            (got != *expected).then(|| format!("{name}: expected {expected}, got {got}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(ran.code, if codes.is_empty() { 0 } else { 3 });
    assert_eq!(house.events(), (cases.len() - codes.len()) as u64);
    house.run(["scores", "--of", "buyer"]).exits(0);
}

fn placed(n: usize, with: &str) -> Vec<u8> {
    let (value, currency) = (r#","value":"1.00""#, r#","currency":"EUR""#);
    let value = if with.contains("\"value\"") { "" } else { value };
    let currency = if with.contains("\"currency\"") { "" } else { currency };
    let buyer = if with.contains("\"buyer\"") { "" } else { r#","buyer":"b""# };
    let when = if with.contains("occurred_at") { "" } else { r#","occurred_at":"2025-01-01T10:00:00Z""# };
    let id = if with.contains("\"id\"") { String::new() } else { format!(r#""id":"c{n}","#) };
    format!(r#"{{{id}"type":"order.placed","order":"o{n}"{when}{buyer}{value}{currency},{with}}}"#)
        .into_bytes()
}

#[test]
fn amounts_are_exact_or_refused() {
    let digits = format!("\"value\":\"{}\"", "9".repeat(31));
    let cases = [
        (r#""value":1e308"#, "event-field-invalid"),
        (r#""value":1e309"#, "event-json"),
        (r#""value":"1e308""#, "amount-invalid"),
        (r#""value":"NaN""#, "amount-invalid"),
        (r#""value":"Infinity""#, "amount-invalid"),
        (r#""value":NaN"#, "event-json"),
        (r#""value":"1,000""#, "amount-invalid"),
        (r#""value":"1_000""#, "amount-invalid"),
        (r#""value":"１００""#, "amount-invalid"),
        (r#""value":"−0""#, "amount-invalid"),
        (r#""value":"-0.01""#, "event-field-invalid"),
        (r#""value":-1"#, "event-field-invalid"),
        (r#""value":1.5"#, "event-field-invalid"),
        (r#""value":"1.005""#, "amount-invalid"),
        (r#""value":"1.5","currency":"JPY""#, "amount-invalid"),
        (r#""value":" 1.00""#, "amount-invalid"),
        (r#""value":"""#, "amount-invalid"),
        (r#""value":true"#, "event-field-invalid"),
        (&digits, "amount-invalid"),
        (r#""value":9223372036854775808"#, "event-field-invalid"),
        (r#""value":{"amount":"1.00","currency":"USD"},"currency":"EUR""#, "event-field-invalid"),
        (r#""currency":"eur""#, "currency-unknown"),
        (r#""currency":"XXQ""#, "currency-unknown"),
        (r#""currency":"JPY","value":"15""#, "currency-without-rate"),
        (r#""value":1230"#, "taken"),
        (r#""value":9007199254740993"#, "amount-invalid"),
        (r#""value":999999999999999"#, "taken"),
        (r#""value":"0""#, "taken"),
        (r#""value":{"amount":"1.00","currency":"EUR"}"#, "taken"),
    ];
    let cases: Vec<_> =
        cases.iter().enumerate().map(|(n, (with, code))| (*with, placed(n, with), *code)).collect();
    check(&cases);
}

#[test]
fn texts_moments_and_forms_are_taken_or_refused() {
    let (long, deep) = ("x".repeat(1 << 19), "{\"a\":".repeat(10_000) + "1" + &"}".repeat(10_000));
    let long = format!(r#""buyer":"{long}""#);
    let (name, future) = (r#""buyer":"e\u0301""#, r#""occurred_at":"2199-01-01T00:00:00Z""#);
    let cases = [
        ("\"buyer\":\"b\u{202e}x\"", "id-invalid"),
        (r#""buyer":"b\u202ex""#, "id-invalid"),
        ("\"buyer\":\"b\u{200b}\"", "id-invalid"),
        (r#""buyer":"b\u0000""#, "id-invalid"),
        (r#""buyer":"""#, "id-invalid"),
        (r#""buyer":42"#, "event-field-invalid"),
        (r#""buyer":"\ud800""#, "event-json"),
        (&long, "id-invalid"),
        (name, "id-invalid"),
        (future, "event-in-future"),
        (r#""occurred_at":"2025-02-30T00:00:00Z""#, "time-invalid"),
        (r#""occurred_at":"2025-01-01T00:00:00""#, "time-invalid"),
        (r#""occurred_at":1735689600"#, "event-field-invalid"),
        (r#""known_at":"2024-01-01T00:00:00Z""#, "event-known-before-it-happened"),
        (r#""colour":"red""#, "event-unknown-field"),
        (r#""religion":"none""#, "field-prohibited"),
        (r#""order":"again""#, "event-json"),
        (r#""source":"probity""#, "event-derived"),
        (r#""category":["a"]"#, "event-field-invalid"),
        (r#""category":"4111 1111 1111 1111""#, "card-number"),
        (r#""occurred_at":"2015-01-01T00:00:00+03:00""#, "taken"),
        (r#""occurred_at":"2016-12-31T23:59:60Z""#, "taken"),
        (r#""category":"\u003d1+1""#, "taken"),
    ];
    let mut cases: Vec<_> =
        cases.iter().enumerate().map(|(n, (with, code))| (*with, placed(n, with), *code)).collect();
    cases.push(("deep", deep.into_bytes(), "event-json"));
    cases.push(("no object", b"[1,2]".to_vec(), "event-json"));
    cases.push(("no json", b"hello".to_vec(), "event-json"));
    cases.push(("bytes", b"{\"id\":\"\xff\"}".to_vec(), "intake-row-invalid"));
    cases.push(("derived", br#"{"id":"d","type":"tier.changed","occurred_at":"2025-01-01T00:00:00Z","buyer":"b","to":"trusted"}"#.to_vec(), "event-derived"));
    check(&cases);
}

#[test]
fn a_line_of_2_gib_is_set_aside_in_little_memory() {
    // Unoptimised, the binary reads such a line at a tenth of its speed.
    let mib = rounds("PROBITY_LONG_LINE_MIB", if cfg!(debug_assertions) { 64 } else { 2_048 });
    let house = House::new();
    let small = house.import(&house.file("small.jsonl", sample(200))).exits(0);
    for name in ["long.jsonl", "long.csv"] {
        let path = house.path(name);
        let (before, after) = match name {
            "long.csv" => (format!("{HEADER}\n{}\n", row(1)), format!("\n{}\n", row(2))),
            _ => (
                String::from_utf8(placed(1, r#""id":"j1""#)).unwrap() + "\n",
                format!("\n{}\n", String::from_utf8(placed(2, r#""id":"j2""#)).unwrap()),
            ),
        };
        with_hole(&path, &before, mib << 20, &after);
        let ran = house.import(&path).exits(3);
        assert_eq!(adds_up(&ran), (2, 0, 1), "{name}");
        assert!(
            ran.most_kib < small.most_kib + (100 << 10),
            "{name}: {} KiB beside {}",
            ran.most_kib,
            small.most_kib
        );
        assert!(ran.most_kib < 300 << 10, "{name}: {} KiB", ran.most_kib);
    }
}

#[test]
fn a_dry_run_stores_nothing() {
    let house = House::new();
    let file = house.file("events.jsonl", sample(300) + "{}\n");
    let ran =
        house.run(["--json".as_ref(), "import".as_ref(), "--dry-run".as_ref(), file.as_os_str()]).exits(3);
    assert_eq!(adds_up(&ran), (300, 0, 1));
    assert!(!house.data().exists());
    assert_eq!(adds_up(&house.import(&file)), (300, 0, 1));
}

#[test]
fn packed_files_are_read_and_bombs_are_not() {
    use std::io::Write;
    let pack = |bytes: &[u8]| {
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::new(6));
        packer.write_all(bytes).unwrap();
        packer.finish().unwrap()
    };
    let house = House::new();
    let packed = pack(sample(300).as_bytes());
    assert_eq!(adds_up(&house.import(&house.file("events.jsonl.gz", &packed)).exits(0)), (300, 0, 0));
    let ran = house.import(&house.file("cut.jsonl.gz", &packed[..packed.len() / 2]));
    assert!(ran.code == 1 || ran.code == 2, "{ran:?}");
    assert!(ran.err.contains("intake-file-unreadable"), "{ran:?}");
    let bomb = pack(&vec![b'x'; 256 << 20]);
    let ran = house.import(&house.file("bomb.jsonl.gz", bomb));
    assert!(ran.err.contains("bomb") && ran.most_kib < 300 << 10, "{ran:?}");
    assert_eq!(house.events(), 300);
}
