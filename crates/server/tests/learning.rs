//! The learning loop through the real binary: a training set, a card that is learned from it, validated, compared, approved by
//! a second person, in force, watched, and gone again.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use process::{House, Ran, command};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::Duration;

/// A small marketplace with cheats that has been going for more than a year.
fn house() -> House {
    let house = House::new();
    let world = house.path("world");
    let world = world.to_str().unwrap();
    let size = ["--merchants", "100", "--buyers", "1500", "--days", "400", "--seed", "7"];
    house.run(["simulate"].into_iter().chain(size).chain(["--out", world])).exits(0);
    house.import(&house.path("world/events.parquet")).exits(0);
    house
}

/// Runs a command on the house's files: words that begin with @ are paths beside its data folder.
fn say(house: &House, words: &str) -> Ran {
    let word = |word: &str| match word.strip_prefix('@') {
        Some(name) => house.path(name).to_str().unwrap().to_owned(),
        None => word.to_owned(),
    };
    house.run(words.split_whitespace().map(word))
}

fn training_set(house: &House) {
    let words = "dataset --label merchant_bad_90d --from 2025-01-31 --every 30d --out @train.parquet";
    say(house, words).exits(0);
}

fn trained(house: &House, out: &str) -> Value {
    let words = "--json train --label merchant_bad_90d --dataset @train.parquet --method woe --embargo 30d";
    say(house, &format!("{words} --out {out} --report @trained.html")).exits(0).json()
}

/// The hash of the scorecard that scores now.
fn scored_by(house: &House) -> String {
    let list = say(house, "--json scores --of merchant").exits(0).json();
    let party = list[0]["party"].as_str().unwrap().to_owned();
    let shown = say(house, &format!("--json score {party}")).exits(0).json();
    shown["versions"]["scorecard"].as_str().unwrap().to_owned()
}

#[test]
fn a_card_is_learned_put_in_force_watched_and_taken_back() {
    let house = house();
    training_set(&house);
    let card = trained(&house, "@card.toml");
    let hash = card["hash"].as_str().unwrap().to_owned();
    // Late moments are judged by what never saw them, and the same rows give the same card.
    assert!(card["fitted_on"]["to"].as_str() < card["held_out"]["from"].as_str(), "{card}");
    assert_eq!(trained(&house, "@again.toml")["hash"], card["hash"]);
    let page = std::fs::read_to_string(house.path("trained.html")).unwrap();
    assert!(page.contains("<svg") && !page.contains("<script"), "a page of its own");

    let words =
        "--json validate @card.toml --dataset @train.parquet --segment tenure_days>200 --model-card @card.md";
    let found = say(&house, words).exits(0).json();
    assert_eq!((&found["card"]["hash"], &found["score_column"]["differ"]), (&card["hash"], &0.into()));
    assert!(found["remarks"].to_string().contains("fitted on rows of this very file"), "{found}");
    let rows = |part: &Value| part["rows"].as_u64().unwrap();
    let all: u64 = found["segments"].as_array().unwrap().iter().map(rows).sum();
    assert_eq!(all, rows(&found["performance"]));
    assert_eq!(
        found["trends"].as_array().unwrap().iter().filter(|trend| !trend["broken"].is_null()).count(),
        0
    );
    assert!(std::fs::read_to_string(house.path("card.md")).unwrap().contains("merchant\\_bad\\_90d"));
    let compared = say(&house, "--json compare @card.toml --dataset @train.parquet").exits(0).json();
    assert_eq!(compared["second"]["in_force"], true);
    let difference = |of: &Value| of["difference"]["value"].as_f64().unwrap();
    assert!((difference(&compared["paired"]) - difference(&found["paired"])).abs() < 1e-12);

    let before = scored_by(&house);
    put_in_force(&house, &hash, &before);
    let watched = say(&house, "--json monitor --report @watched.html").exits(0).json();
    assert_eq!(watched["card"]["hash"], card["hash"]);
    let drift = watched["drift"].as_array().unwrap();
    assert_eq!(drift.len(), card["terms"].as_array().unwrap().len() + 1);
    let first = watched["vintages"][0]["part"].as_str();
    assert!(
        card["fitted_on"]["to"].as_str() < first,
        "vintages are those that the card has not seen: {watched}"
    );
    assert!(std::fs::read_to_string(house.path("watched.html")).unwrap().contains("<svg"));
    // The world ended long ago, and was decided about today.
    let now = say(&house, "--json monitor --as-of now").exits(0).json();
    assert_eq!(now["decisions"].as_array().unwrap().len(), 1, "{now}");
    assert_eq!(now["decisions"][0]["decisions"], 1);
    let alarms = !watched["alarms"].as_array().unwrap().is_empty();
    beside_a_server(&house, &watched);
    say(&house, "monitor --alarm").exits(i32::from(alarms));

    say(&house, "catalogue rollback --by carol").exits(0);
    assert_eq!(scored_by(&house), before);
    say(&house, "audit verify").exits(0);

    refusals(&house);
}

/// While a server has the folder: the command says what it says without one, and the server says the same of stability.
fn beside_a_server(house: &House, watched: &Value) {
    let server = Server::start(house);
    say(house, "scores --of merchant").refused(1, "store-in-use");
    let gauge = |start: &str| {
        let text = server.get("/metrics");
        text.lines()
            .find_map(|line| line.strip_prefix(start).map(|value| value.trim().parse::<f64>().unwrap()))
    };
    let psi = r#"probity_score_psi{of="merchant"}"#;
    assert_eq!(gauge(psi), None, "nobody looked yet");
    let beside = say(house, "--json monitor").exits(0).json();
    assert_eq!(&beside, watched);
    let live: Value = serde_json::from_str(&server.get("/v1/monitor?of=merchant")).unwrap();
    for name in ["drift", "parties", "against", "as_of"] {
        assert_eq!(live[name], watched[name], "{name}");
    }
    assert_eq!(live["card"]["hash"], watched["card"]["hash"]);
    let tiers: Vec<Value> = live["tiers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tier| serde_json::json!([tier["tier"], tier["parties"]]))
        .collect();
    assert_eq!(Value::from(tiers), watched["tiers"]);
    let moved = |alarm: &&Value| matches!(alarm["what"].as_str(), Some("psi" | "csi"));
    let (all, those) = (live["alarms"].as_array().unwrap(), watched["alarms"].as_array().unwrap());
    assert!(all.iter().all(|alarm| those.contains(alarm)));
    assert_eq!(all.len(), those.iter().filter(moved).count());
    assert_eq!(gauge(psi), live["drift"][0]["value"].as_f64());
    let csi = format!(r#"probity_characteristic_csi{{of="merchant",indicator={}}}"#, live["drift"][1]["of"]);
    assert_eq!(gauge(&csi), live["drift"][1]["value"].as_f64());

    // An expert's card does not say what its rows were like: no index, and no gauge.
    let buyers: Value = serde_json::from_str(&server.get("/v1/monitor?of=buyer")).unwrap();
    assert_eq!((&buyers["against"], &buyers["drift"]), (&Value::Null, &serde_json::json!([])));
    assert!(buyers["remarks"].to_string().contains("an expert's card"), "{buyers}");
    assert_eq!(gauge(r#"probity_score_psi{of="buyer"}"#), None);
    let words = "--json monitor --of buyer --reference 2025-06-30";
    let held = say(house, words).exits(0).json();
    assert!(held["against"].as_str().unwrap().contains("of 2025-06-30"), "{held}");
    assert_eq!(held["parties"], buyers["parties"]);
}

/// A server on a folder, ended with the test.
struct Server {
    child: Child,
    addr: String,
}

impl Server {
    fn start(house: &House) -> Self {
        let mut serve = command(&house.data(), ["serve", "--listen", "127.0.0.1:0"]);
        serve.env("PROBITY_LOG", "info").env("NO_COLOR", "1").stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = serve.spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let told =
            lines.find_map(|line| Some(line.split_once("addr=")?.1.split_whitespace().next()?.to_owned()));
        // What is logged later must not fill the pipe.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, addr: told.unwrap() }
    }

    /// The body of an answer.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.addr).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(120))).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {answer}");
        body.to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A card answers beside the one in force first; then a second person lets it.
fn put_in_force(house: &House, hash: &str, before: &str) {
    let proposed = say(house, "--json approve @card.toml --by alice").exits(0).json();
    assert_eq!(proposed["step"], "proposed");
    assert!(proposed["note"].as_str().unwrap().contains("held out"), "{proposed}");
    let catalogue = proposed["catalogue"].as_str().unwrap().to_owned();
    say(house, &format!("catalogue shadow {catalogue} --by alice")).exits(0);
    let list = say(house, "--json scores --of merchant").exits(0).json();
    let party = list[0]["party"].as_str().unwrap().strip_prefix("merchant:").unwrap().to_owned();
    say(house, &format!("decide payout --merchant {party} --amount 100.00")).exits(0);
    let shadow = say(house, "--json shadow").exits(0).json();
    assert_eq!(shadow["trial"]["compared"], 1, "{shadow}");
    say(house, "approve @card.toml --by ALICE --activate").refused(1, "catalogue-change-refused");
    assert_eq!(scored_by(house), before);
    let activated = say(house, "--json approve @card.toml --by bob --activate").exits(0).json();
    assert_eq!((&activated["step"], &activated["catalogue"]), (&"activated".into(), &catalogue.into()));
    assert_eq!(scored_by(house), hash);
    say(house, "approve @card.toml --by carol").refused(1, "catalogue-change-refused");
}

/// What cannot be right is refused, by name.
fn refusals(house: &House) {
    let words =
        "train --label merchant_bad_90d --dataset @train.parquet --method woe --out @blind.toml --holdout 0";
    say(house, words).exits(0);
    say(house, "approve @blind.toml --by alice").refused(1, "scorecard-not-validated");
    let forced = house.path("blind.toml");
    let forced = ["approve", forced.to_str().unwrap(), "--by", "alice", "--force-reason", "a drill"];
    assert!(house.run(forced).exits(0).out.contains("forced: a drill"));

    let buyers = "dataset --label buyer_bad_90d --at 2025-06-30 --indicators tenure_days --out @buyers.csv";
    say(house, buyers).exits(0);
    let text = std::fs::read_to_string(house.path("card.toml")).unwrap();
    house.file("broken.toml", text.replacen("share = 0.", "share = 9.", 1));
    house.file("nothing.csv", "party,as_of,bad\nmerchant:a,2025-06-30T23:59:59.999Z,0\n");
    let train = "train --out @x.toml --label merchant_bad_90d --dataset @train.parquet";
    for (words, code, reason) in [
        ("train --out @x.toml --label none --dataset @train.parquet".to_owned(), 1, "label-unknown"),
        (
            "train --out @x.toml --label merchant_bad_90d --dataset @buyers.csv".to_owned(),
            2,
            "training-set-invalid",
        ),
        (
            "train --out @x.toml --label merchant_bad_90d --dataset @nothing.csv".to_owned(),
            2,
            "training-set-invalid",
        ),
        (format!("{train} --holdout 1"), 2, "training-set-invalid"),
        (format!("{train} --embargo 900d"), 2, "training-set-invalid"),
        (format!("{train} --indicators average_order_value"), 2, "training-set-invalid"),
        (format!("{train} --indicators no_such_thing"), 2, "training-set-invalid"),
        ("validate @broken.toml --dataset @train.parquet".to_owned(), 2, "scorecard-invalid"),
        ("validate @card.toml --dataset @buyers.csv".to_owned(), 2, "training-set-invalid"),
        (
            "validate @card.toml --dataset @train.parquet --segment tenure_days+1".to_owned(),
            2,
            "training-set-invalid",
        ),
        (
            "validate @card.toml --dataset @train.parquet --segment tenure>1".to_owned(),
            2,
            "expression-unknown-column",
        ),
        ("monitor --label buyer_bad_90d".to_owned(), 2, "training-set-invalid"),
        ("monitor --of bank".to_owned(), 2, "role-invalid"),
    ] {
        say(house, &words).refused(code, reason);
    }
    assert!(!house.path("x.toml").exists(), "nothing is written by a training that is refused");
}
