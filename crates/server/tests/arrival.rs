//! However a history arrives, at once or in pieces, in order or not, told by file or over HTTP, looked at in between or not:
//! every moment of it says the same afterwards. Through the binary, so the keeper, states in memory and the store are all
//! in it.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::marketplace::{mark, marketplace, of_order};
use process::{House, Random, command, rounds, same_scores};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};

/// Before, within and long after the histories told here, ends of months among them.
const MOMENTS: [&str; 8] = [
    "2023-01-12T00:00:00Z",
    "2023-02-15T06:00:00Z",
    "2023-05-31T23:59:59.999Z",
    "2023-08-02T12:00:00Z",
    "2023-11-10T05:00:00Z",
    "2024-03-31T23:59:59.999Z",
    "latest",
    "2025-06-01T00:00:00Z",
];
/// Around the turns of the short histories.
const TURNS: [&str; 4] =
    ["2023-06-12T00:00:00Z", "2023-08-31T23:59:59.999Z", "latest", "2025-06-01T00:00:00Z"];
const PARTIES: [&str; 3] = ["merchant:m0", "merchant:m1", "buyer:b0"];

/// All that can be read of a history: scores, tiers and indicators of everybody at each moment, and what is on record.
fn told(house: &House, moments: &[&str]) -> Vec<String> {
    let mut all = house.scores(moments);
    for party in PARTIES {
        // Which of them there are depends on the history, too.
        let history = house.run(["history", party, "--as-of", "now", "--json"]);
        all.push(if history.code == 0 { history.out } else { history.err });
    }
    all
}

fn take(house: &House, name: &str, events: &[Value]) {
    let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
    let ran = house.import(&house.file(name, lines));
    // Marks about marks are set aside, where that can be known.
    let refused = ran.json()["reasons"].as_object().unwrap().keys().all(|code| code == "target-is-mark");
    assert!(refused && matches!(ran.code, 0 | 3), "{ran:?}");
}

fn once(events: &[Value], moments: &[&str]) -> Vec<String> {
    let house = House::new();
    take(&house, "all.jsonl", events);
    told(&house, moments)
}

#[test]
fn halves_that_once_made_a_difference() {
    let by = |merchant: &str, mut event: Value| {
        event["merchant"] = json!(merchant);
        event
    };
    // Never paid, and known to be shipped only long after that had fallen due.
    let mut early = vec![by("m1", of_order("a1", "a", "order.placed", 3_600))];
    let mut late = vec![by("m1", of_order("a2", "a", "order.shipped", 4_080))];
    // Paid for and matured, and objected to after that.
    early.push(by("m2", of_order("b1", "b", "order.placed", 3_600)));
    early.push(by("m2", of_order("b2", "b", "order.paid", 3_601)));
    late.push(mark("b3", "objection.opened", 7_000, "b1"));
    // The later half first: the months on record of it were made without what came before them.
    for order in 0..40 {
        let (at, name) = (order * 200, format!("o{order}"));
        for (kind, after) in [("order.placed", 0), ("order.paid", 1), ("review.posted", 180)] {
            let half = if order < 20 { &mut early } else { &mut late };
            half.push(of_order(&format!("{kind}-{order}"), &name, kind, at + after));
        }
    }
    let want = once(&[early.clone(), late.clone()].concat(), &TURNS);
    assert!(["m0", "m1", "m2"].iter().all(|name| want[0].contains(name)), "{want:?}");
    for [first, second] in [[&early, &late], [&late, &early]] {
        let house = House::new();
        take(&house, "first.jsonl", first);
        take(&house, "second.jsonl", second);
        same_scores(&told(&house, &TURNS), &want, &format!("first {}", first[0]["id"]));
    }
}

/// In pieces, some of it twice, and looked at in between.
fn piecemeal(random: &mut Random, events: &[Value]) -> Vec<String> {
    let house = House::new();
    for (at, piece) in events.chunks(events.len() / 4 + 1).enumerate() {
        let mut piece = piece.to_vec();
        piece.extend((0..10).map(|_| events[random.below(events.len() as u64) as usize].clone()));
        take(&house, &format!("{at}.jsonl"), &piece);
        if random.below(2) == 0 {
            house.scores(&["latest", "2023-06-01T00:00:00Z"]);
        }
    }
    told(&house, &MOMENTS)
}

/// A server on a folder, killed at the end: the log's tail is replayed after it.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(house: &House) -> Self {
        let mut child = command(&house.data(), ["serve", "--listen", "127.0.0.1:0", "--log-format", "json"])
            .env("PROBITY_LOG", "info")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("\"addr\"") {
            line.clear();
            assert!(log.read_line(&mut line).unwrap() > 0, "the server ended");
        }
        let told: Value = serde_json::from_str(&line).unwrap();
        let address = told.pointer("/fields/addr").or(told.get("addr")).unwrap().as_str().unwrap().to_owned();
        std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
        Self { child, address }
    }

    fn send(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
        let head = format!(
            "{method} {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Over HTTP in small batches, with readers in between, so that states in memory take every step.
fn over_http(random: &mut Random, events: &[Value]) -> Vec<String> {
    let house = House::new();
    let server = Server::start(&house);
    let mut rest = events;
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(rest.len().min([1, 3, 20][random.below(3) as usize]));
        rest = after;
        let answer = server.send("POST", "/v1/events?arrival=history", &Value::from(piece).to_string());
        let taken = answer.contains(" 200 OK")
            || (answer.contains("target-is-mark") && !answer.contains("\"status\":\"conflict\""));
        assert!(taken, "{answer}");
        if random.below(4) == 0 {
            let at = ["now", "latest", "2023-06-01T00:00:00Z"][random.below(3) as usize];
            let party = PARTIES[random.below(3) as usize];
            server.send("GET", &format!("/v1/parties/{party}/score?as_of={at}"), "");
        }
    }
    drop(server);
    told(&house, &MOMENTS)
}

#[test]
fn no_arrival_changes_what_was() {
    let seed = rounds("PROBITY_ARRIVAL_SEED", 1);
    for seed in seed..seed + rounds("PROBITY_ARRIVAL_ROUNDS", 1) {
        let mut random = Random(seed);
        let mut events = marketplace(&mut random, 40);
        let want = once(&events, &MOMENTS);
        let told = want.iter().filter(|list| list.lines().count() > 1).count();
        assert!(told > want.len() / 2, "seed {seed}: too little is told");
        random.shuffle(&mut events);
        same_scores(&piecemeal(&mut random, &events), &want, &format!("seed {seed}, in pieces"));
        random.shuffle(&mut events);
        same_scores(&over_http(&mut random, &events), &want, &format!("seed {seed}, over HTTP"));
    }
}

#[test]
fn what_is_on_record_is_what_that_moment_says() {
    let mut random = Random(5);
    let mut events = marketplace(&mut random, 30);
    random.shuffle(&mut events);
    let house = House::new();
    for (at, piece) in events.chunks(events.len() / 2 + 1).enumerate() {
        take(&house, &format!("{at}.jsonl"), piece);
    }
    for party in PARTIES {
        let history = house.run(["history", party, "--as-of", "now", "--json"]).exits(0).json();
        let points = history.as_array().unwrap();
        assert!(points.len() > 5, "{history}");
        assert!(points.is_sorted_by_key(|point| point["as_of"].as_str().unwrap().to_owned()), "{history}");
        for point in points.iter().step_by(4) {
            let at = point["as_of"].as_str().unwrap();
            let score = house.run(["score", party, "--as-of", at, "--json"]).exits(0).json();
            assert_eq!(
                (&score["score"], &score["low"], &score["high"], &score["tier"]["name"]),
                (&point["score"], &point["low"], &point["high"], &point["tier"]),
                "{party} at {at}"
            );
        }
    }
}
