//! `probity backtest` through the real binary, on histories whose answers are known, and its two ways against each other.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Flat};
use probity_primitives::{Duration, Timestamp};
use probity_server::app::{
    BacktestOptions, Backtested, Clock, Form, Probity, Requests, Settling, Way, backtest, embedded_catalogue,
};
use process::{House, Ran, Random, rounds};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

type Texts = BTreeMap<String, String>;

fn start() -> Timestamp {
    Timestamp::parse("2025-03-01T12:00:00Z").unwrap()
}

/// A running Probity whose clock the test turns.
struct Desk {
    probity: Probity,
    now: Arc<AtomicI64>,
}

impl Desk {
    fn open(folder: &Path, texts: Texts) -> Self {
        let now = Arc::new(AtomicI64::new(start().millis()));
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
        self.probity.settle_and_wait().unwrap();
    }

    /// Asks for a payment; what was answered.
    fn asks(&self, merchant: &str, buyer: &str, amount: &str, order: Option<&str>) -> String {
        let form = Form {
            kind: "payment".into(),
            merchant: Some(merchant.into()),
            buyer: Some(buyer.into()),
            amount: Some(amount.into()),
            order: order.map(Into::into),
            ..Form::default()
        };
        let key = format!("k-{}-{}-{amount}", self.now().millis(), order.unwrap_or(buyer));
        let asked = self.probity.asked(&form, Some(&key), "test").unwrap();
        let decided = self.probity.decide_and_wait(vec![asked]).unwrap().pop().unwrap().unwrap();
        decided.record.outcome.clone()
    }

    fn tells(&self, kind: &str, id: &str, more: &Value) {
        let mut event = json!({"id": id, "type": kind, "occurred_at": self.now().to_string()});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = event.to_string();
        let flat = Flat::from_json(text.as_bytes()).unwrap();
        let event = self
            .probity
            .prepare(flat, "shop", Arrival::Live)
            .unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
        self.probity.take_and_wait(vec![event], Settling::Soon).unwrap();
    }

    /// A payment that is asked for, made when it may be, and delivered or not.
    fn trades(&self, order: &str, merchant: &str, buyer: &str, amount: &str, arrives: bool) {
        if self.asks(merchant, buyer, amount, Some(order)) == "decline" {
            return;
        }
        let own = json!({"merchant": merchant, "buyer": buyer, "order": order});
        let with = |more: &Value| {
            let mut own = own.clone();
            own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            own
        };
        self.tells(
            "order.placed",
            &format!("{order}.placed"),
            &with(&json!({"value": amount, "currency": "EUR"})),
        );
        let paid = json!({"value": amount, "currency": "EUR", "method": "card"});
        self.tells("order.paid", &format!("{order}.paid"), &with(&paid));
        if arrives {
            self.tells("order.delivered", &format!("{order}.delivered"), &own);
        }
    }
}

fn eur() -> Texts {
    let mut texts = embedded_catalogue();
    texts.insert("rates.toml".into(), "reporting = \"EUR\"\n".into());
    texts
}

/// The catalogue as a folder beside the data, for the binary.
fn write(house: &House, texts: &Texts) -> std::path::PathBuf {
    for (path, text) in texts {
        house.file(&format!("catalogue/{path}"), text);
    }
    house.path("catalogue")
}

/// The payment policy with one rule more before everybody may trade.
fn declines(texts: &Texts, when: &str) -> String {
    let policy = &texts["policies/payment.toml"];
    let place = "[[table.rule]]\nname    = \"may_trade\"";
    assert!(policy.contains(place));
    let rule = format!(
        "[[table.rule]]\nname = \"tried\"\nwhen = \"{when}\"\noutcome = \"decline\"\nreason = \"P06\"\n\n"
    );
    policy.replacen(place, &format!("{rule}{place}"), 1)
}

fn runs(house: &House, policy: Option<&str>, more: &[&str]) -> Ran {
    let catalogue = house.path("catalogue");
    let mut words = vec!["--catalogue-dir".to_owned(), catalogue.display().to_string(), "backtest".into()];
    if let Some(policy) = policy {
        let file = house.file("next.toml", policy);
        words.extend(["--policy".into(), file.display().to_string()]);
    }
    words.extend(more.iter().map(|word| (*word).to_owned()));
    house.run(words)
}

/// Three trades with known ends: a large one that is lost, a large and a small one that arrive; and a buyer that is asked
/// for too much and trades well otherwise.
fn known_history(house: &House) {
    let texts = eur();
    write(house, &texts);
    let desk = Desk::open(&house.data(), texts);
    desk.trades("lost", "m1", "b1", "300.00", false);
    desk.trades("large", "m2", "b2", "250.00", true);
    desk.later(Duration::hours(2));
    desk.trades("small", "m3", "b3", "20.00", true);
    desk.later(Duration::days(120));
    // What is known today reaches beyond all windows.
    desk.trades("today", "m3", "b3", "20.00", true);
    desk.probity.close();
}

#[test]
fn known_histories_give_known_answers() {
    let house = House::new();
    known_history(&house);
    let policy = declines(&eur(), "amount > amount('200.00')");
    let range = ["--from", "2025-03-01", "--to", "2025-03-31"];
    let ran = runs(&house, Some(&policy), &[&range[..], &["--json"]].concat()).exits(0);
    let found = ran.json();
    assert_eq!((&found["compared"], &found["way"]), (&json!(3), &json!("records")), "{found}");
    let overall = &found["overall"];
    assert_eq!((&overall["then"]["granted"], &overall["now"]["granted"]), (&json!(3), &json!(1)), "{found}");
    assert_eq!((&overall["then"]["loss"], &overall["now"]["loss"]), (&json!(30_000), &json!(0)), "{found}");
    assert_eq!((&overall["then"]["through"], &overall["now"]["through"]), (&json!(57_000), &json!(2_000)));
    let stopped = &found["stopped"];
    assert_eq!((&stopped["requests"], &stopped["bad"], &stopped["good"]), (&json!(2), &json!(1), &json!(1)));
    assert_eq!((&stopped["loss"], &stopped["precision"]["value"]), (&json!(30_000), &json!(0.5)));
    assert_eq!(overall["now"]["good_blocked"], json!(1));
    assert_eq!(found["checked"]["answers"], json!(3));
    assert_eq!(found["checked"]["answers_differ"], json!(0));
    let examples = found["examples"].as_array().unwrap();
    assert_eq!(examples.len(), 2);
    assert_eq!(
        (&examples[0]["order"], &examples[0]["verdict"]["harm"]),
        (&json!("lost"), &json!("undelivered"))
    );
    assert_eq!(examples[0]["reason_now"][0], json!("P06"));
    let group = |by: &str, group: &str| {
        let groups = found["groups"].as_array().unwrap();
        groups.iter().find(|one| one["by"] == by && one["group"] == group).cloned().unwrap_or_default()
    };
    assert_eq!(group("amount", "200 to 1000")["now"]["granted"], json!(0));
    assert_eq!(group("amount", "10 to 50")["now"]["granted"], json!(1));
    assert_eq!(group("merchant_history", "thin")["requests"], json!(3));

    // Rebuilt states say the same.
    let states =
        runs(&house, Some(&policy), &[&range[..], &["--json", "--from-states"]].concat()).exits(0).json();
    assert_eq!(states["way"], json!("states"));
    assert_eq!(states["checked"]["seen_differ"], json!(0), "{states}");
    assert_eq!(states["checked"]["seen"], json!(3));
    for part in ["overall", "stopped", "outcomes", "became_now", "groups", "reasons", "examples"] {
        assert_eq!(states[part], found[part], "{part}");
    }

    // For people, as a page, as pictures.
    let (page, pictures) = (house.path("report.md"), house.path("pictures"));
    let words =
        ["--out", page.to_str().unwrap(), "--svg", pictures.to_str().unwrap(), "--segment", "buyer_thin"];
    let ran = runs(&house, Some(&policy), &[&range[..], &words].concat()).exits(0);
    assert!(ran.out.contains("Newly stopped") && ran.out.contains("segment"), "{ran:?}");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("probity backtest --policy next.toml --from 2025-03-01"), "{page}");
    assert!(page.contains("| Loss let through | 300.00 | 0.00 | -300.00 |"), "{page}");
    for picture in ["backtest-groups.svg", "backtest-outcomes.svg"] {
        let svg = std::fs::read_to_string(pictures.join(picture)).unwrap();
        assert!(svg.ends_with("</svg>\n") && !svg.contains("NaN"), "{svg}");
    }
}

#[test]
fn what_comes_later_or_becomes_known_later_changes_no_answer() {
    let house = House::new();
    let texts = eur();
    write(&house, &texts);
    let desk = Desk::open(&house.data(), texts.clone());
    let policy = declines(&texts, "buyer_orders_30d >= 1");
    desk.trades("o1", "m1", "b1", "20.00", true);
    desk.later(Duration::days(1));
    desk.trades("o2", "m1", "b1", "20.00", true);
    let look = || {
        // The desk has the folder: a backtest only reads.
        let found = runs(&house, Some(&policy), &["--json"]).exits(0).json();
        assert_eq!(found["way"], json!("states"), "the number of orders stands on no record");
        assert_eq!(found["checked"]["seen_differ"], json!(0), "{found}");
        found["examples"].as_array().unwrap().iter().map(|one| one["order"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(look(), [json!("o2")]);
    // An order of long before that is told only now, and a finding against the buyer.
    let before = json!({"merchant": "m2", "buyer": "b1", "order": "o0", "value": "9.00", "currency": "EUR",
        "occurred_at": "2025-02-25T08:00:00Z"});
    desk.tells("order.placed", "o0.placed", &before);
    desk.tells(
        "violation.found",
        "v",
        &json!({"buyer": "b1", "violation": "v", "kind": "fraud", "severity": 5}),
    );
    assert_eq!(look(), [json!("o2")]);
    desk.later(Duration::days(1));
    desk.asks("m1", "b1", "20.00", Some("o3"));
    // Under the live policy the finding declines it already, so it is no change.
    assert_eq!(look(), [json!("o2")]);
    desk.probity.close();
    assert_eq!(look(), [json!("o2")]);
}

/// Lines of an imported history: three orders of one buyer, told in an order in which nothing happened.
fn imported() -> String {
    let line = |day: u32, kind: &str, order: &str, more: &str| {
        format!(
            "{{\"id\":\"{order}.{kind}\",\"type\":\"{kind}\",\"occurred_at\":\"2025-03-{day:02}T08:00:00Z\",\"merchant\":\"m\",\"buyer\":\"b\",\"order\":\"{order}\"{more}}}\n"
        )
    };
    let money = ",\"value\":\"40.00\",\"currency\":\"EUR\"";
    let paid = format!("{money},\"method\":\"card\",\"category\":\"toys\"");
    let order = |day: u32, order: &str, arrives: bool| {
        let mut lines = line(day, "order.placed", order, money) + &line(day, "order.paid", order, &paid);
        if arrives {
            lines += &line(day + 2, "order.delivered", order, "");
        }
        lines
    };
    order(20, "third", false) + &order(1, "first", true) + &order(10, "second", true)
}

#[test]
fn payments_of_an_imported_history_are_asked_for_in_the_order_in_which_they_became_known() {
    let house = House::new();
    let texts = eur();
    write(&house, &texts);
    house
        .run([
            "--catalogue-dir",
            house.path("catalogue").to_str().unwrap(),
            "import",
            house.file("events.jsonl", imported()).to_str().unwrap(),
        ])
        .exits(0);
    let asked = |when: &str, more: &[&str]| runs(&house, Some(&declines(&texts, when)), more);
    asked("amount > amount('1.00')", &[]).refused(2, "backtest-impossible");
    let orders = ["--requests", "orders", "--json"];
    let stopped = |when: &str| {
        let found = asked(when, &orders).exits(0).json();
        assert_eq!((&found["compared"], &found["overall"]["then"]["granted"]), (&json!(3), &json!(3)));
        let examples = found["examples"].as_array().unwrap();
        examples.iter().map(|one| one["order"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    // The order itself was placed before it is paid, and counts.
    assert_eq!(stopped("buyer_orders_30d = 1"), ["first"]);
    assert_eq!(stopped("buyer_orders_30d >= 2"), ["second", "third"]);
    assert_eq!(stopped("merchant_orders_30d >= 3"), ["third"]);
    assert_eq!(
        stopped("method = 'card' AND category = 'toys' AND at > TIMESTAMP '2025-03-15T00:00:00Z'"),
        ["third"]
    );
    let found = asked("buyer_orders_30d >= 3", &orders).exits(0).json();
    let row = &found["stopped"];
    assert_eq!((&row["bad"], &row["good"], &row["loss"]), (&json!(1), &json!(0), &json!(4_000)), "{found}");
    let only = asked(
        "amount > amount('1.00')",
        &[&orders[..], &["--from", "2025-03-05", "--to", "2025-03-15"]].concat(),
    );
    assert_eq!(only.exits(0).json()["compared"], json!(1));
}

#[test]
fn what_cannot_be_asked_is_refused_with_its_place() {
    let house = House::new();
    known_history(&house);
    let texts = eur();
    let fine = declines(&texts, "amount > amount('200.00')");
    let broken = declines(&texts, "amont > amount('200.00')");
    let ran = runs(&house, Some(&broken), &[]).exits(2);
    assert!(ran.err.contains("next.toml:") && ran.err.contains("amont"), "{ran:?}");
    runs(&house, Some(&fine.replace("\"payment\"", "\"loan\"")), &[]).refused(2, "policy-invalid");
    runs(&house, Some(&texts["terms/buyer.toml"]), &[]).refused(2, "backtest-invalid");
    runs(&house, Some(&fine), &["--from", "2025-03-02", "--to", "2025-03-01"]).refused(2, "backtest-invalid");
    runs(&house, Some(&fine), &["--from", "soon"]).refused(2, "backtest-invalid");
    runs(&house, Some(&fine), &["--within", "0d"]).refused(2, "backtest-invalid");
    runs(&house, Some(&fine), &["--segment", "nobody > 1"]).refused(2, "expression-unknown-column");
    runs(&house, Some(&fine), &["--from", "2030-01-01"]).refused(2, "backtest-impossible");
    runs(&house, Some(&texts["policies/payout.toml"]), &[]).refused(2, "backtest-impossible");
    runs(&house, Some(&texts["policies/payout.toml"]), &["--requests", "orders"])
        .refused(2, "backtest-invalid");
    // The starter reads no method, so no record tells it.
    let ran = runs(&house, Some(&declines(&texts, "method = 'card'")), &[]).refused(2, "backtest-impossible");
    assert!(ran.err.contains("method is not on record"), "{ran:?}");
    runs(&House::new(), None, &[]).exits(2);
}

#[test]
fn other_terms_scorecards_and_the_catalogue_itself_are_tried() {
    let house = House::new();
    known_history(&house);
    let texts = eur();
    let same = runs(&house, None, &["--json"]).exits(0).json();
    assert_eq!(
        (&same["changed"], &same["other_terms"], &same["compared"]),
        (&json!(0), &json!(0), &json!(4))
    );
    let tighter =
        texts["terms/buyer.toml"].replace("payment_limit = \"2500.00\"", "payment_limit = \"200.00\"");
    let tighter = tighter.replace("payment_limit = \"800.00\"", "payment_limit = \"200.00\"");
    let terms = house.file("terms.toml", tighter).display().to_string();
    let found = runs(&house, None, &["--terms", &terms, "--json"]).exits(0).json();
    assert_eq!((&found["way"], &found["cut"]["requests"]), (&json!("records"), &json!(2)), "{found}");
    // 300 and 250 are cut to 200 each: of 300 that were lost 200 still are.
    assert_eq!((&found["cut"]["amount"], &found["cut"]["loss"]), (&json!(15_000), &json!(10_000)), "{found}");
    let card = texts["scorecards/merchant.toml"].replace("base_points = 600", "base_points = 400");
    assert_ne!(card, texts["scorecards/merchant.toml"]);
    let card = house.file("card.toml", card).display().to_string();
    // In the lowest tier, to which these terms grant nothing.
    let nothing =
        texts["terms/merchant.toml"].replace("payment_limit = \"300.00\"", "payment_limit = \"0.00\"");
    assert_ne!(nothing, texts["terms/merchant.toml"]);
    let nothing = house.file("nothing.toml", nothing).display().to_string();
    let found = runs(&house, None, &["--scorecard", &card, "--terms", &nothing, "--json"]).exits(0).json();
    assert_eq!(found["way"], json!("states"));
    assert!(found["overall"]["now"]["granted"].as_u64() < Some(4), "nobody trusts such merchants: {found}");
    runs(&house, None, &["--terms", &card]).refused(2, "backtest-invalid");
}

#[test]
fn each_decision_is_read_by_what_made_it() {
    let house = House::new();
    let mut texts = eur();
    write(&house, &texts);
    let first = Desk::open(&house.data(), texts.clone());
    first.trades("o1", "m1", "b1", "20.00", true);
    first.probity.close();
    let rule = "[[table]]\nname = \"looks\"\ntitle = \"Looks\"\nhit = \"all\"\nadds_only = true\n[[table.rule]]\nname = \"look\"\nwhen = \"method = 'wallet' AND merchant_orders_30d > 1000\"\nreserve = 1\n";
    *texts.get_mut("policies/payment.toml").unwrap() += rule;
    let second = Desk::open(&house.data(), texts.clone());
    second.later(Duration::hours(1));
    second.trades("o2", "m1", "b1", "20.00", true);
    second.later(Duration::hours(1));
    second.trades("o3", "m1", "b2", "20.00", true);
    second.probity.close();
    write(&house, &texts);
    let found =
        |texts: &Texts, when: &str| runs(&house, Some(&declines(texts, when)), &["--json"]).exits(0).json();
    // The first policy did not look at the method, so what it was told is not known.
    let by_method = found(&eur(), "method IS NULL");
    assert_eq!((&by_method["compared"], &by_method["changed"]), (&json!(2), &json!(2)), "{by_method}");
    assert_eq!(by_method["undecided"], json!([{"missing": "method", "requests": 1}]));
    // What it did not look at of the parties follows from their states.
    let by_orders = found(&eur(), "merchant_orders_30d = 1");
    assert_eq!((&by_orders["way"], &by_orders["compared"]), (&json!("states"), &json!(3)), "{by_orders}");
    assert_eq!(by_orders["examples"].as_array().unwrap().len(), 1);
    assert_eq!(by_orders["examples"][0]["order"], json!("o2"));
    assert_eq!((&by_orders["checked"]["seen"], &by_orders["checked"]["seen_differ"]), (&json!(3), &json!(0)));
}

#[test]
fn a_request_asked_again_counts_once_and_what_was_declined_is_judged_by_the_party() {
    let house = House::new();
    let texts = eur();
    let strict = {
        let mut texts = texts.clone();
        texts.insert("policies/payment.toml".into(), declines(&texts, "amount > amount('100.00')"));
        texts
    };
    write(&house, &strict);
    let desk = Desk::open(&house.data(), strict);
    // Declined, asked again with less, and paid; declined for good, by one that trades well and by one nobody knows.
    desk.trades("o1", "m1", "b1", "120.00", true);
    desk.later(Duration::hours(1));
    desk.trades("o1", "m1", "b1", "90.00", true);
    assert_eq!(desk.asks("m2", "b1", "150.00", None), "decline");
    assert_eq!(desk.asks("m2", "b2", "150.00", None), "decline");
    desk.later(Duration::hours(1));
    desk.trades("o2", "m1", "b1", "50.00", true);
    desk.later(Duration::days(120));
    desk.trades("o3", "m1", "b1", "50.00", true);
    desk.probity.close();
    let policy = &texts["policies/payment.toml"];
    let words = ["--to", "2025-03-31", "--json"];
    let found = runs(&house, Some(policy), &words).exits(0).json();
    assert_eq!((&found["compared"], &found["repeated"]), (&json!(4), &json!(1)), "{found}");
    let let_through = &found["let_through"];
    assert_eq!(
        (&let_through["requests"], &let_through["good"], &let_through["unknown"]),
        (&json!(2), &json!(1), &json!(1))
    );
    let overall = &found["overall"];
    assert_eq!((&overall["then"]["good_blocked"], &overall["now"]["good_blocked"]), (&json!(1), &json!(0)));
    assert_eq!(
        (&overall["then"]["good_blocked_amount"], &found["judged_by_party"]),
        (&json!(15_000), &json!(2))
    );
    assert_eq!(found["reasons"][0]["change"], json!("let_through"));
}

/// A live policy that looks at a few indicators, which then stand on record.
fn looking(texts: &mut Texts) {
    let rules: String = LOOKED_AT
        .iter()
        .enumerate()
        .map(|(n, name)| {
            format!("[[table.rule]]\nname = \"look_{n}\"\nwhen = \"{name} > 1000000\"\nreserve = 1\n")
        })
        .collect();
    let policy = texts.get_mut("policies/payment.toml").unwrap();
    *policy +=
        &format!("[[table]]\nname = \"looks\"\ntitle = \"Looks\"\nhit = \"all\"\nadds_only = true\n{rules}");
}

const LOOKED_AT: [&str; 5] = [
    "merchant_orders_30d",
    "buyer_orders_30d",
    "merchant_orders_matured",
    "buyer_tenure_days",
    "merchant_tenure_days",
];

struct Life {
    desk: Desk,
    random: Random,
    orders: Vec<(String, String, String)>,
    told: Vec<String>,
}

impl Life {
    fn happens(&mut self, step: u64) {
        let (merchant, buyer) = (format!("m{}", self.random.below(3)), format!("b{}", self.random.below(4)));
        let amount = format!("{}.00", 1 + self.random.below(600));
        let own = |order: &str, more: &Value| {
            let mut own = json!({"merchant": merchant, "buyer": buyer, "order": order});
            own.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            own
        };
        let desk = &self.desk;
        match self.random.below(12) {
            0..=4 => {
                let order = format!("o{step}");
                desk.trades(&order, &merchant, &buyer, &amount, self.random.below(3) > 0);
                self.told.push(format!("{order}.placed"));
                self.orders.push((order, merchant, buyer));
            }
            5 => drop(desk.asks(&merchant, &buyer, &amount, None)),
            // Told late.
            6 => {
                let day = desk.now().plus(Duration::days(-9)).to_string();
                let more = json!({"value": amount, "currency": "EUR", "occurred_at": day});
                desk.tells("order.placed", &format!("late{step}"), &own(&format!("late{step}"), &more));
                self.told.push(format!("late{step}"));
            }
            // Told by a clock that is ahead: for whoever asks now it is not known yet.
            7 => {
                let ahead = desk.now().plus(Duration(120_000)).to_string();
                let more = json!({"value": amount, "currency": "EUR", "known_at": ahead});
                desk.tells("order.placed", &format!("ahead{step}"), &own(&format!("ahead{step}"), &more));
                drop(desk.asks(&merchant, &buyer, &amount, None));
            }
            8 if !self.told.is_empty() => {
                let target = self
                    .told
                    .swap_remove(usize::try_from(self.random.below(self.told.len() as u64)).unwrap());
                let more = json!({"target": target, "target_source": "shop", "reason": "mistake"});
                desk.tells("event.retracted", &format!("back{step}"), &more);
            }
            9 if !self.orders.is_empty() => {
                let at = usize::try_from(self.random.below(self.orders.len() as u64)).unwrap();
                let (order, merchant, buyer) = self.orders[at].clone();
                let more = json!({"merchant": merchant, "buyer": buyer, "order": order, "value": "30.00",
                    "currency": "EUR", "dispute": format!("d{step}"), "lost_by": "merchant"});
                desk.tells("card_dispute.decided", &format!("dispute{step}"), &more);
            }
            10 => {
                let now = desk.now();
                desk.probity.record_scores(now, &mut |_, _| {}).unwrap();
            }
            _ => desk.later(Duration::hours(i64::try_from(self.random.below(200)).unwrap())),
        }
    }
}

fn tried(folder: &Path, texts: &Texts, policy: &str, from_states: bool) -> Backtested {
    let mut texts = texts.clone();
    texts.insert("policies/payment.toml".into(), policy.to_owned());
    let options = BacktestOptions {
        from: Timestamp::EARLIEST,
        to: Timestamp::LATEST,
        within: Duration::days(60),
        kinds: Vec::new(),
        requests: Requests::Recorded,
        from_states,
        segment: None,
        examples: 1_000,
    };
    backtest(folder, Catalogue::load(texts).unwrap(), &options, &mut |_, _, _| {}).unwrap()
}

/// Both ways must say the same, and find everybody as they were found.
fn both_ways(folder: &Path, texts: &Texts, policy: &str) -> Backtested {
    let (records, states) = (tried(folder, texts, policy, false), tried(folder, texts, policy, true));
    assert_eq!((records.way, states.way), (Way::Records, Way::States));
    assert_eq!((states.checked.answers_differ, states.checked.seen_differ), (0, 0), "{:?}", states.checked);
    assert_eq!(states.checked.seen, states.checked.answers);
    assert_eq!(records.examples, states.examples);
    assert_eq!((&records.overall, &records.groups), (&states.overall, &states.groups));
    assert_eq!((&records.outcomes, &records.became_now), (&states.outcomes, &states.became_now));
    records
}

#[test]
fn records_and_rebuilt_states_say_the_same_in_any_life() {
    let mut changed = 0;
    for seed in 0..rounds("PROBITY_BACKTEST_LIVES", 6) {
        let folder = tempfile::tempdir().unwrap();
        let mut texts = eur();
        looking(&mut texts);
        let desk = Desk::open(folder.path(), texts.clone());
        let mut life = Life { desk, random: Random(seed), orders: Vec::new(), told: Vec::new() };
        (0..90).for_each(|step| life.happens(step));
        // Before the last checkpoint and after it, with the keeper at work and without.
        let same = both_ways(folder.path(), &texts, &texts["policies/payment.toml"]);
        assert_eq!((same.changed, same.other_terms), (0, 0), "{seed}");
        assert!(same.compared > 10, "{seed}");
        life.desk.probity.close();
        for when in [
            "merchant_orders_30d >= 3",
            "buyer_orders_30d >= 2 OR merchant_orders_matured > 2",
            "buyer_tenure_days > 20 AND buyer_score < 610",
            "merchant_tenure_days < 15 OR pair_exposure > amount('500.00')",
        ] {
            changed += both_ways(folder.path(), &texts, &declines(&texts, when)).changed;
        }
    }
    assert!(changed > 30, "{changed}");
}
