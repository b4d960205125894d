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
    AsOf, Clock, Closing, Decided, Form, Probity, Settling, embedded_catalogue, kept_catalogue,
};
use process::{House, Random, rounds};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

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

/// A desk and its model, through one random life.
struct Life {
    folder: tempfile::TempDir,
    desk: Option<Desk>,
    random: Random,
    model: Model,
    ids: Vec<String>,
    /// Payments that can be taken back: id, order, amount.
    paid: Vec<(String, usize, i64)>,
    orders: usize,
    step: usize,
}

impl Life {
    fn new(seed: u64) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let desk = Some(Desk::open(folder.path(), embedded_catalogue(), start()));
        let (model, random) = (Model::default(), Random(seed));
        Self { folder, desk, random, model, ids: Vec::new(), paid: Vec::new(), orders: 0, step: 0 }
    }

    fn desk(&self) -> &Desk {
        self.desk.as_ref().unwrap()
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.random.below(bound as u64)).unwrap()
    }

    fn amount(&mut self, most: usize) -> i64 {
        1 + i64::try_from(self.below(most)).unwrap()
    }

    /// One thing that happens; true when it may raise what is open past a limit.
    fn happens(&mut self) -> bool {
        let held = !self.ids.is_empty();
        match self.below(10) {
            0..=3 => self.ask(),
            4 if held => self.close(Closing::Released),
            5 if held => self.close(Closing::Confirmed),
            6 if self.orders > 0 => {
                self.pay();
                return true;
            }
            7 if !self.paid.is_empty() => self.take_back(),
            8 if self.orders > 0 => {
                let order = self.below(self.orders);
                self.tell("order.delivered", "d", order, &json!({"order": format!("o{order}")}));
                self.model.orders.entry(order).or_default().1 = true;
            }
            _ => self.wait(),
        }
        false
    }

    fn tell(&self, kind: &str, word: &str, order: usize, more: &Value) {
        self.desk().tell(kind, &format!("{word}{}", self.step), &format!("m{}", order % 3), more);
    }

    fn ask(&mut self) {
        let (amount, order) = (self.amount(60_000), self.orders);
        self.orders += 1;
        self.model.expire(self.desk().now());
        let room = (BUYER_LIMIT - self.model.open(None)).max(0);
        let key = format!("k{}", self.step);
        let record =
            self.desk().decide(&key, &format!("m{}", order % 3), amount, &format!("o{order}")).record;
        let (merchant, buyer) = (record.merchant.as_ref().unwrap(), record.buyer.as_ref().unwrap());
        if merchant.thin && buyer.tier == "new" {
            let granted = record.outcome != "decline" && record.outcome != "review";
            let most = if granted { amount.min(room).min(AT_ONCE) } else { 0 };
            assert!(record.held <= most, "{}: {record:?}, room {room}", self.step);
            assert!(record.held > 0 || room == 0 || record.terms.limit == Some(0), "{record:?}, room {room}");
        }
        if record.held > 0 {
            let until = Timestamp::parse(&record.expires_at).unwrap();
            self.model.held.insert(record.id.clone(), (record.held, until, order, false));
            self.ids.push(record.id.clone());
        }
    }

    fn close(&mut self, how: Closing) {
        let pick = self.below(self.ids.len());
        let id = self.ids[pick].clone();
        let closed = self.desk().probity.close_decision_and_wait(id.clone(), how, None).is_ok();
        let now = self.desk().now();
        self.model.expire(now);
        let Some(held) = self.model.held.get_mut(&id).filter(|held| !held.3) else { return };
        assert!(closed, "what is held can be closed");
        if how == Closing::Confirmed {
            (held.1, held.3) = (held.1.max(now.plus(Duration::days(7))), true);
        } else {
            self.model.held.remove(&id);
        }
    }

    fn pay(&mut self) {
        let (order, amount) = (self.below(self.orders), self.amount(30_000));
        let mut event = money(amount, order);
        event["method"] = "card".into();
        self.tell("order.paid", "p", order, &event);
        self.model.expire(self.desk().now());
        self.model.held.retain(|_, (_, _, own, _)| *own != order);
        self.model.orders.entry(order).or_default().0 += amount;
        self.paid.push((format!("p{}", self.step), order, amount));
    }

    fn take_back(&mut self) {
        let pick = self.below(self.paid.len());
        let (id, order, amount) = self.paid.swap_remove(pick);
        if self.below(2) == 0 {
            let target = json!({"target": id, "target_source": "shop", "reason": "mistake"});
            self.tell("event.retracted", "r", order, &target);
        } else {
            self.tell("refund.issued", "f", order, &money(amount, order));
        }
        self.model.orders.entry(order).or_default().0 -= amount;
    }

    fn wait(&mut self) {
        let by = self.amount(40 * 60_000);
        self.desk().later(Duration(by));
        if self.below(4) == 0 {
            let desk = self.desk.take().unwrap();
            let now = desk.now();
            if self.below(2) == 0 {
                // What is on disk now is what a kill would leave: the last rows are in no checkpoint.
                let copy = copied(self.folder.path());
                desk.probity.close();
                self.folder = copy;
            } else {
                desk.probity.close();
            }
            self.desk = Some(Desk::open(self.folder.path(), embedded_catalogue(), now));
        }
    }
}

fn copied(folder: &Path) -> tempfile::TempDir {
    let copy = tempfile::tempdir().unwrap();
    for file in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    copy
}

fn one_life(seed: u64) {
    let mut life = Life::new(seed);
    for step in 0..60 {
        life.step = step;
        let before = life.model.open(None);
        let from_outside = life.happens();
        life.model.expire(life.desk().now());
        let open = life.model.open(None);
        assert_eq!(life.desk().open_of("buyer:b"), open, "{seed} {step}");
        for merchant in 0..3 {
            let party = format!("merchant:m{merchant}");
            assert_eq!(life.desk().open_of(&party), life.model.open(Some(merchant)), "{seed} {step}");
        }
        assert!(from_outside || open <= before.max(BUYER_LIMIT), "{seed} {step}: past the limit");
    }
    assert!(life.desk().all_replay() > 5);
    life.desk.take().unwrap().probity.close();
}

#[test]
fn limits_hold_under_any_interleaving_and_sums_are_those_of_a_simple_model() {
    for seed in 0..rounds("PROBITY_DECISION_LIVES", 8) {
        one_life(seed);
    }
}

#[test]
fn a_rule_starts_its_sanction_before_the_answer_and_once() {
    let folder = tempfile::tempdir().unwrap();
    let mut texts = embedded_catalogue();
    let policy = texts.get_mut("policies/payment.toml").unwrap();
    let rule = "outcome = \"step_up\"\nstep_up = \"second_factor\"\nreason  = \"P06\"";
    assert!(policy.contains(rule));
    *policy = policy.replace(rule, &format!("{rule}\nsanction = \"suspend merchant for risk\""));
    let desk = Desk::open(folder.path(), texts, start());
    let started = || {
        let party = Party::parse("merchant:m0").unwrap();
        desk.probity.sanctions_of(&party, AsOf::Now).map_or(0, |found| found.sanctions.len())
    };
    assert!(desk.decide("small", "m0", 1_000, "o1").record.sanctions.is_empty());
    desk.tell("order.placed", "e1", "m0", &money(1_000, 1));
    assert_eq!(started(), 0);
    let large = desk.decide("large", "m0", 150_000, "o2").record;
    assert_eq!(
        large.sanctions.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["suspend merchant for risk"]
    );
    assert_eq!(started(), 1);
    // Asked again, and asked anew: it stands already.
    assert!(desk.decide("large", "m0", 150_000, "o2").replayed);
    desk.later(Duration::hours(1));
    let stopped = desk.decide("small-again", "m0", 1_000, "o3").record;
    assert_eq!((stopped.outcome.as_str(), stopped.reasons[0].code.as_str()), ("decline", "P01"));
    desk.decide("large-again", "m0", 150_000, "o4");
    assert_eq!(started(), 1);
    // Nobody knows this one yet: it is no reason to fail.
    assert_eq!(desk.decide("unknown", "m9", 150_000, "o5").record.sanctions.len(), 1);
    assert_eq!(desk.all_replay(), 5);
    desk.probity.close();
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
        // The moment of the kill counts from the first answers, however long a busy machine takes to give them.
        let (answered, over) = (AtomicU64::new(0), AtomicBool::new(false));
        let answers: Vec<(String, String)> = std::thread::scope(|scope| {
            let ask = |client: u64| {
                let (listen, answered, over) = (listen.clone(), &answered, &over);
                move || {
                    let mut mine = Vec::new();
                    for n in 0.. {
                        // Whoever gets no answer asks again with the same key.
                        let key = format!("k-{life}-{client}-{n}");
                        while !over.load(Ordering::Relaxed) {
                            if let Some(id) = ask_once(&listen, &key) {
                                mine.push((key, id));
                                answered.fetch_add(1, Ordering::Relaxed);
                                break;
                            }
                        }
                        if over.load(Ordering::Relaxed) {
                            return mine;
                        }
                    }
                    mine
                }
            };
            let clients: Vec<_> = (0..4).map(|client| scope.spawn(ask(client))).collect();
            let begun = std::time::Instant::now();
            while answered.load(Ordering::Relaxed) < 5 && begun.elapsed() < process::LIMIT {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            std::thread::sleep(std::time::Duration::from_millis(random.below(600)));
            server.kill().unwrap();
            server.wait().unwrap();
            over.store(true, Ordering::Relaxed);
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

/// Asks as a client does that need not wait for the record.
fn decide_early(probity: &Probity, key: &str, merchant: &str, buyer: &str, order: &str) -> Decided {
    let form = Form {
        kind: "payment".into(),
        merchant: Some(merchant.into()),
        buyer: Some(buyer.into()),
        amount: Some("3.00".into()),
        order: Some(order.into()),
        ..Form::default()
    };
    let asked = probity.asked(&form, Some(key), "test").unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(probity.decide(vec![asked], true)).unwrap().pop().unwrap().unwrap()
}

#[test]
fn what_was_decided_while_batches_were_landing_is_made_again_from_what_it_saw() {
    let house = tempfile::tempdir().unwrap();
    let desk = Desk::open(&house.path().join("data"), embedded_catalogue(), start());
    let (clients, each) = (3, rounds("PROBITY_DECISIONS", 60));
    std::thread::scope(|scope| {
        for client in 0..clients {
            let desk = &desk;
            // Everybody trades with the same few, so that most decisions have news of their parties before and behind them.
            scope.spawn(move || {
                for n in 0..each {
                    let (order, id) = (format!("o{client}.{n}"), format!("{client}.{n}"));
                    let order_told = json!({"order": order, "value": "12.00", "currency": "EUR"});
                    desk.tell("order.placed", &format!("p{id}"), "m0", &order_told);
                    let delivered = json!({"order": order});
                    desk.tell("order.delivered", &format!("d{id}"), "m0", &delivered);
                    if n % 16 == 0 {
                        desk.probity.checkpoint_and_wait().unwrap();
                    }
                }
            });
            scope.spawn(move || {
                for n in 0..each {
                    let (key, order) = (format!("k{client}.{n}"), format!("r{client}.{n}"));
                    decide_early(&desk.probity, &key, "m0", "b", &order);
                    desk.later(Duration(1_000));
                }
            });
        }
    });
    assert_eq!(desk.all_replay() as u64, clients * each);
    let now = desk.now();
    desk.probity.close();
    let desk = Desk::open(&house.path().join("data"), embedded_catalogue(), now);
    assert_eq!(desk.all_replay() as u64, clients * each);
    desk.probity.close();
}

#[test]
fn long_work_is_broken_off_at_a_stop_and_taken_up_at_the_next_start() {
    let house = tempfile::tempdir().unwrap();
    let data = house.path().join("data");
    let desk = Desk::open(&data, embedded_catalogue(), start());
    desk.tell("order.placed", "p1", "m0", &money(12_300, 1));
    desk.later(Duration::days(70));
    desk.probity.stop_long_work();
    let code = |result: Result<u64, probity_server::app::AppError>| {
        result.map_err(|error| error.problems[0].code.to_string())
    };
    let (now, stopping) = (desk.now(), Err("stopping".to_owned()));
    assert_eq!(code(desk.probity.settle_and_wait()), stopping);
    assert_eq!(code(desk.probity.record_scores(now, &mut |_, _| {})), stopping);
    // What is short goes on to the end.
    desk.tell("order.placed", "p2", "m0", &money(12_300, 2));
    desk.probity.close();
    let desk = Desk::open(&data, embedded_catalogue(), now);
    assert!(desk.probity.is_due() && desk.probity.is_recording_due());
    assert_eq!(code(desk.probity.settle_and_wait()), Ok(1));
    assert!(code(desk.probity.record_scores(now, &mut |_, _| {})).unwrap() > 0);
    desk.probity.close();
}
