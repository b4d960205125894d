//! Decisions against a simple model, through restarts, under other catalogues, out of backups, and when a process is killed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Flat, Party};
use probity_primitives::{Duration, Timestamp};
use probity_server::app::{
    Clock, Closing, Decided, Form, Probity, Settling, embedded_catalogue, kept_catalogue,
};
use process::{House, Random, rounds};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

/// What a new buyer may have open, and what a merchant without history may take at once.
const BUYER_LIMIT: i64 = 250_000;
const AT_ONCE: i64 = 40_000;

fn start() -> Timestamp {
    Timestamp::parse("2025-03-01T12:00:00Z").unwrap()
}

struct Desk {
    probity: Probity,
    now: Arc<AtomicI64>,
}

impl Desk {
    fn open(folder: &Path, texts: BTreeMap<String, String>, now: Timestamp) -> Self {
        let now = Arc::new(AtomicI64::new(now.millis()));
        let told = Arc::clone(&now);
        let clock = Clock::of(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
        let catalogue = Catalogue::load(texts).unwrap();
        Self { probity: Probity::open(folder, catalogue, clock, &mut |_, _| {}).unwrap(), now }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }

    fn later(&self, by: Duration) {
        self.now.store(self.now().plus(by).millis(), Ordering::SeqCst);
    }

    fn decide(&self, key: &str, merchant: &str, minor: i64, order: &str) -> Decided {
        let form = Form {
            kind: "payment".into(),
            merchant: Some(merchant.into()),
            buyer: Some("b".into()),
            amount: Some(format!("{}.{:02}", minor / 100, minor % 100)),
            order: Some(order.into()),
            ..Form::default()
        };
        let asked = self.probity.asked(&form, Some(key), "test").unwrap();
        self.probity.decide_and_wait(vec![asked]).unwrap().pop().unwrap().unwrap()
    }

    fn tell(&self, kind: &str, id: &str, merchant: &str, more: &Value) {
        let mut event = json!({"id": id, "type": kind, "occurred_at": self.now().to_string(), "merchant": merchant, "buyer": "b"});
        if kind.starts_with("event.") {
            event = json!({"id": id, "type": kind, "occurred_at": self.now().to_string()});
        }
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = event.to_string();
        let flat = Flat::from_json(text.as_bytes()).unwrap();
        let event = self
            .probity
            .prepare(flat, "shop", Arrival::Live)
            .unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        self.probity.take_and_wait(vec![event], Settling::Soon).unwrap();
    }

    fn open_of(&self, party: &str) -> i64 {
        self.probity.settle_and_wait().unwrap();
        self.probity.exposure_and_wait(&Party::parse(party).unwrap()).unwrap()
    }

    fn all_replay(&self) -> usize {
        let mut replayed = Vec::new();
        self.probity
            .replay_decisions(Timestamp::EARLIEST, Timestamp::LATEST, &mut |one| replayed.push(one))
            .unwrap();
        for one in &replayed {
            assert!(one.same_answer && one.same_seen, "{one:?}");
        }
        replayed.len()
    }
}

/// The book as simple as can be.
#[derive(Default)]
struct Model {
    /// Decision → what it holds, until when, its order, whether it was confirmed.
    held: HashMap<String, (i64, Timestamp, usize, bool)>,
    /// Order → paid, delivered.
    orders: HashMap<usize, (i64, bool)>,
}

impl Model {
    fn expire(&mut self, now: Timestamp) {
        self.held.retain(|_, (_, until, _, _)| *until > now);
    }

    fn open(&self, merchant: Option<usize>) -> i64 {
        let of = |order: &usize| merchant.is_none_or(|merchant| order % 3 == merchant);
        let held: i64 = self.held.values().filter(|(_, _, order, _)| of(order)).map(|(held, ..)| held).sum();
        let paid = self.orders.iter().filter(|(order, (_, delivered))| of(order) && !delivered);
        held + paid.map(|(_, (paid, _))| (*paid).max(0)).sum::<i64>()
    }
}

fn money(minor: i64, order: usize) -> Value {
    json!({"order": format!("o{order}"), "value": format!("{}.{:02}", minor / 100, minor % 100), "currency": "EUR"})
}

#[expect(clippy::too_many_lines, reason = "one arm for each thing that can happen")]
fn one_life(seed: u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut desk = Desk::open(folder.path(), embedded_catalogue(), start());
    let mut random = Random(seed);
    let mut model = Model::default();
    let mut ids: Vec<String> = Vec::new();
    // Payments that can be taken back: id, order, amount.
    let mut paid: Vec<(String, usize, i64)> = Vec::new();
    let mut next_order = 0;
    for step in 0..60 {
        let pick = usize::try_from(random.below(ids.len().max(1) as u64)).unwrap();
        let before = model.open(None);
        let mut from_outside = false;
        match random.below(10) {
            0..=3 => {
                let (amount, order) = (1 + i64::try_from(random.below(60_000)).unwrap(), next_order);
                next_order += 1;
                model.expire(desk.now());
                let room = (BUYER_LIMIT - model.open(None)).max(0);
                let decided = desk.decide(
                    &format!("k{step}"),
                    &format!("m{}", order % 3),
                    amount,
                    &format!("o{order}"),
                );
                let record = decided.record;
                if record.merchant.as_ref().is_some_and(|seen| seen.thin)
                    && record.buyer.as_ref().is_some_and(|seen| seen.tier == "new")
                {
                    let wanted = if record.step_up.is_empty() && record.outcome != "decline" {
                        amount.min(room).min(AT_ONCE)
                    } else {
                        record.held
                    };
                    assert!(record.held <= wanted, "{seed} {step}: {record:?}, room {room}");
                    assert!(
                        record.held > 0 || room == 0 || record.terms.limit == Some(0),
                        "{seed} {step}: {record:?}, room {room}"
                    );
                }
                if record.held > 0 {
                    let until = Timestamp::parse(&record.expires_at).unwrap();
                    model.held.insert(record.id.clone(), (record.held, until, order, false));
                    ids.push(record.id.clone());
                }
            }
            4 if !ids.is_empty() => {
                let id = ids[pick].clone();
                let closed = desk.probity.close_decision_and_wait(id.clone(), Closing::Released, None);
                model.expire(desk.now());
                if closed.is_ok() && !model.held.get(&id).is_some_and(|held| held.3) {
                    model.held.remove(&id);
                } else {
                    assert!(closed.is_err() || !model.held.contains_key(&id));
                }
            }
            5 if !ids.is_empty() => {
                let id = ids[pick].clone();
                let closed = desk.probity.close_decision_and_wait(id.clone(), Closing::Confirmed, None);
                model.expire(desk.now());
                if let Some(held) = model.held.get_mut(&id).filter(|held| closed.is_ok() && !held.3) {
                    held.1 = held.1.max(desk.now().plus(Duration::days(7)));
                    held.3 = true;
                }
            }
            6 if next_order > 0 => {
                let order = usize::try_from(random.below(next_order as u64)).unwrap();
                let amount = 1 + i64::try_from(random.below(30_000)).unwrap();
                let mut event = money(amount, order);
                event["method"] = "card".into();
                desk.tell("order.paid", &format!("p{step}"), &format!("m{}", order % 3), &event);
                model.expire(desk.now());
                model.held.retain(|_, (_, _, own, _)| *own != order);
                model.orders.entry(order).or_default().0 += amount;
                paid.push((format!("p{step}"), order, amount));
                from_outside = true;
            }
            7 if !paid.is_empty() => {
                let (id, order, amount) = paid.swap_remove(pick % paid.len());
                if random.below(2) == 0 {
                    desk.tell(
                        "event.retracted",
                        &format!("r{step}"),
                        "",
                        &json!({"target": id, "target_source": "shop", "reason": "mistake"}),
                    );
                } else {
                    desk.tell(
                        "refund.issued",
                        &format!("f{step}"),
                        &format!("m{}", order % 3),
                        &money(amount, order),
                    );
                }
                model.orders.entry(order).or_default().0 -= amount;
            }
            8 if next_order > 0 => {
                let order = usize::try_from(random.below(next_order as u64)).unwrap();
                desk.tell(
                    "order.delivered",
                    &format!("d{step}"),
                    &format!("m{}", order % 3),
                    &json!({"order": format!("o{order}")}),
                );
                model.orders.entry(order).or_default().1 = true;
            }
            _ => {
                desk.later(Duration(i64::try_from(random.below(40 * 60_000)).unwrap()));
                if random.below(4) == 0 {
                    let now = desk.now();
                    desk.probity.close();
                    desk = Desk::open(folder.path(), embedded_catalogue(), now);
                }
            }
        }
        model.expire(desk.now());
        assert_eq!(desk.open_of("buyer:b"), model.open(None), "{seed} {step}");
        for merchant in 0..3 {
            assert_eq!(
                desk.open_of(&format!("merchant:m{merchant}")),
                model.open(Some(merchant)),
                "{seed} {step}"
            );
        }
        assert!(from_outside || model.open(None) <= before.max(BUYER_LIMIT), "{seed} {step}: past the limit");
    }
    assert!(desk.all_replay() > 5);
    desk.probity.close();
}

#[test]
fn limits_hold_under_any_interleaving_and_sums_are_those_of_a_simple_model() {
    for seed in 0..rounds("PROBITY_DECISION_LIVES", 8) {
        one_life(seed);
    }
}

#[test]
fn decisions_come_out_the_same_after_restart_upgrade_and_restore() {
    let house = tempfile::tempdir().unwrap();
    let (data, backup, other) =
        (house.path().join("data"), house.path().join("backup"), house.path().join("other"));
    let desk = Desk::open(&data, embedded_catalogue(), start());
    let decide = |desk: &Desk, from: usize| {
        for n in from..from + 6 {
            desk.later(Duration::hours(7));
            let order = format!("o{n}");
            desk.decide(&format!("k{n}"), "m0", 15_000 + i64::try_from(n).unwrap() * 9_000, &order);
            desk.tell("order.placed", &format!("e{n}"), "m0", &money(12_300, n));
            if n % 2 == 0 {
                desk.tell("order.delivered", &format!("d{n}"), "m0", &json!({"order": order}));
            }
        }
    };
    decide(&desk, 0);
    // What comes in late says what was known earlier; the decision did not know it.
    let text = json!({"id": "late", "type": "order.placed", "occurred_at": "2025-02-01T00:00:00Z", "known_at": "2025-02-01T00:00:00Z", "merchant": "m0", "buyer": "x", "order": "late", "value": "9.00", "currency": "EUR"}).to_string();
    let late =
        desk.probity.prepare(Flat::from_json(text.as_bytes()).unwrap(), "shop", Arrival::History).unwrap();
    desk.probity.take_and_wait(vec![late], Settling::Soon).unwrap();
    assert_eq!(desk.all_replay(), 6);
    let now = desk.now();
    desk.probity.close();
    // Another card, other rules, other terms: what was decided under the old ones stays what it was.
    let mut texts = embedded_catalogue();
    let policy = texts.get_mut("policies/payment.toml").unwrap();
    *policy = policy.replace("amount('400.00')", "amount('300.00')");
    let terms = texts.get_mut("terms/buyer.toml").unwrap();
    *terms = terms.replace("\"2500.00\"", "\"2000.00\"");
    let desk = Desk::open(&data, texts.clone(), now);
    assert_eq!(desk.all_replay(), 6);
    decide(&desk, 6);
    assert_eq!(desk.all_replay(), 12);
    desk.probity
        .with_reader(|reader| Ok(probity_store::Reader::backup(reader, &backup, &mut |_, _| {})?))
        .unwrap();
    let now = desk.now();
    desk.probity.close();
    assert!(kept_catalogue(&backup, &Catalogue::load(texts.clone()).unwrap().hash.to_string()).is_ok());
    process::run(&other, ["restore".as_ref(), backup.as_os_str()]).exits(0);
    let desk = Desk::open(&other, texts, now);
    assert_eq!(desk.all_replay(), 12);
    desk.probity.close();
}

#[test]
fn a_decision_that_was_answered_outlives_a_kill() {
    let house = House::new();
    let mut random = Random(rounds("PROBITY_SEED", 1));
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    for life in 0..rounds("PROBITY_DECISION_KILLS", 4) {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let listen = format!("127.0.0.1:{port}");
        let mut server = process::command(&house.data(), ["serve", "--listen", &listen]).spawn().unwrap();
        let killed_at = std::time::Instant::now() + std::time::Duration::from_millis(400 + random.below(600));
        let answers: Vec<(String, String)> = std::thread::scope(|scope| {
            let ask = |client: u64| {
                let listen = listen.clone();
                move || {
                    let mut mine = Vec::new();
                    for n in 0.. {
                        // Whoever gets no answer asks again with the same key.
                        let key = format!("k-{life}-{client}-{n}");
                        while std::time::Instant::now() < killed_at {
                            if let Some(id) = ask_once(&listen, &key) {
                                mine.push((key, id));
                                break;
                            }
                        }
                        if std::time::Instant::now() >= killed_at {
                            return mine;
                        }
                    }
                    mine
                }
            };
            let clients: Vec<_> = (0..4).map(|client| scope.spawn(ask(client))).collect();
            std::thread::sleep(killed_at.saturating_duration_since(std::time::Instant::now()));
            server.kill().unwrap();
            server.wait().unwrap();
            clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
        });
        acknowledged.extend(answers);
    }
    assert!(acknowledged.len() > 10, "only {} answers", acknowledged.len());
    let listed = house.run(["decisions", "buyer:b", "--limit", "1000000", "--json"]).exits(0).json();
    let ids: Vec<&str> =
        listed.as_array().unwrap().iter().map(|item| item["record"]["id"].as_str().unwrap()).collect();
    let once: std::collections::BTreeSet<&str> = ids.iter().copied().collect();
    assert_eq!(once.len(), ids.len(), "none is doubled");
    for id in acknowledged.values() {
        assert!(once.contains(id.as_str()), "{id} was lost");
    }
    house.run(["replay", "--all"]).exits(0);
    house.run(["audit", "verify"]).exits(0);
}

/// Asks once; the id, when an answer came.
fn ask_once(listen: &str, key: &str) -> Option<String> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(listen).ok()?;
    stream.set_read_timeout(Some(std::time::Duration::from_secs(5))).ok()?;
    let body = r#"{"kind":"payment","merchant":"m","buyer":"b","amount":"1.00"}"#;
    let head = format!(
        "POST /v1/decisions HTTP/1.1\r\nhost: t\r\nconnection: close\r\nidempotency-key: {key}\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).ok()?;
    let (head, body) = text.split_once("\r\n\r\n")?;
    let answer: Value = serde_json::from_str(body).ok().filter(|_| head.starts_with("HTTP/1.1 200"))?;
    Some(answer["id"].as_str()?.to_owned())
}
