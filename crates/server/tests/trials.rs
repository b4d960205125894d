//! Challengers on live traffic: in shadow they change nothing and are counted exactly, with a share they answer for it;
//! through restarts, and made again to the last digit.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use probity_credit::catalogue::Catalogue;
use probity_credit::decision::{Arm, Record, Split};
use probity_credit::event::{Arrival, Flat, Party, Role};
use probity_primitives::{Duration, Timestamp};
use probity_server::app::{
    AppError, AsOf, Clock, Closing, Direction, Form, Probity, Settling, activated, embedded_catalogue,
};
use process::Random;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

type Texts = BTreeMap<String, String>;

/// The starter with something changed, and without the case tables of what was changed.
fn changed(changes: &[(&str, &str, &str)]) -> Texts {
    let mut texts = embedded_catalogue();
    for (file, from, to) in changes {
        let text = texts.get_mut(*file).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        *text = text.replacen(from, to, 1);
        texts.remove(&file.replace(".toml", ".cases.toml"));
    }
    texts
}

/// Merchants without history may take 100 at once instead of 400, and none of 50 or more from a buyer of whom nothing is known.
fn stricter() -> Texts {
    let stop = "[[table.rule]]\nname = \"unknown_buyer\"\nwhen = \"NOT buyer_known AND amount >= amount('50.00') AND amount < amount('60.00')\"\noutcome = \"decline\"\nreason = \"P02\"\n\n[[table.rule]]\nname    = \"may_trade\"";
    changed(&[
        ("policies/payment.toml", "amount('400.00')", "amount('100.00')"),
        ("policies/payment.toml", "[[table.rule]]\nname    = \"may_trade\"", stop),
    ])
}

struct Desk {
    probity: Probity,
    now: Arc<AtomicI64>,
}

impl Desk {
    /// With the catalogue that the folder says, as the command line does.
    fn open(folder: &Path, now: i64) -> Self {
        let texts = activated(folder).unwrap().map_or_else(embedded_catalogue, |(_, texts)| texts);
        Self::under(folder, texts, now)
    }

    fn under(folder: &Path, texts: Texts, now: i64) -> Self {
        let now = Arc::new(AtomicI64::new(now));
        let told = Arc::clone(&now);
        let clock = Clock::of(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
        let catalogue = Catalogue::load(texts).unwrap();
        Self { probity: Probity::open(folder, catalogue, clock, &mut |_, _| {}).unwrap(), now }
    }

    fn new(folder: &Path) -> Self {
        Self::open(folder, Timestamp::parse("2025-03-01T12:00:00Z").unwrap().millis())
    }

    fn again(self, folder: &Path) -> Self {
        let now = self.now.load(Ordering::SeqCst);
        self.probity.close();
        Self::open(folder, now)
    }

    fn later(&self, by: Duration) {
        self.now.fetch_add(by.0, Ordering::SeqCst);
    }

    fn propose(&self, texts: Texts) -> String {
        let proposal = self.probity.propose(texts, "alice", "").unwrap();
        assert!(proposal.reasons.is_empty(), "{proposal:?}");
        proposal.catalogue
    }

    fn ask(&self, key: &str, kind: &str, parties: [Option<&str>; 2], amount: i64) -> Record {
        let form = Form {
            kind: kind.into(),
            merchant: parties[0].map(Into::into),
            buyer: parties[1].map(Into::into),
            amount: Some(format!("{}.{:02}", amount / 100, amount % 100)),
            order: Some(format!("o-{key}")),
            ..Form::default()
        };
        let asked = self.probity.asked(&form, Some(key), "test").unwrap();
        let decided = self.probity.decide_and_wait(vec![asked]).unwrap().pop().unwrap().unwrap();
        (*decided.record).clone()
    }

    fn pay(&self, key: &str, merchant: &str, buyer: &str, amount: i64) -> Record {
        self.ask(key, "payment", [Some(merchant), Some(buyer)], amount)
    }

    fn tell(&self, kind: &str, order: &str, more: &Value) {
        let now = Timestamp::from_millis(self.now.load(Ordering::SeqCst));
        let mut event = json!({"id": format!("{kind}.{order}"), "type": kind, "occurred_at": now.to_string(), "order": order});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let text = event.to_string();
        let flat = Flat::from_json(text.as_bytes()).unwrap();
        let event =
            self.probity.prepare(flat, "shop", Arrival::Live).unwrap_or_else(|why| panic!("{text}: {why:?}"));
        self.probity.take_and_wait(vec![event], Settling::Soon).unwrap();
    }

    /// Makes everything again; how many answers there were.
    fn all_replay(&self) -> usize {
        let mut replayed = Vec::new();
        let all = (Timestamp::EARLIEST, Timestamp::LATEST);
        self.probity.replay_decisions(all.0, all.1, &mut |one| replayed.push(one)).unwrap();
        for one in &replayed {
            assert!(one.same_answer && one.same_seen, "{one:?}");
        }
        replayed.len()
    }

    fn split(&self, hash: &str, of: Role, share: u32) -> Result<u64, AppError> {
        self.probity.split(hash, Split { of, share }, "bob").map(|change| change.number)
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, AppError>) -> String {
    result.unwrap_err().problems[0].code.to_string()
}

/// How many differences are listed of each direction, on three pages that begin with the newest.
fn listed(desk: &Desk, newest: &str) -> BTreeMap<Direction, u64> {
    let mut listed = BTreeMap::new();
    let (mut before, mut pages) = (None, 0);
    loop {
        let page = desk.probity.trial_differences(None, before, 50).unwrap();
        if before.is_none() {
            assert_eq!(page.items[0].decision, newest);
        }
        page.items.iter().for_each(|one| *listed.entry(one.direction).or_default() += 1);
        (before, pages) = (page.next, pages + 1);
        if before.is_none() {
            assert_eq!(pages, 3);
            return listed;
        }
    }
}

/// A trial has rows of its own, so the same answer stands further on.
fn wherever_in_the_log(record: Record) -> Record {
    Record { seen: None, ..record }
}

#[test]
fn in_shadow_nothing_changes_and_every_difference_is_counted() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (mut alone, mut beside) = (Desk::new(first.path()), Desk::new(second.path()));
    let hash = beside.propose(stricter());
    assert_eq!(code(beside.probity.stop_trial("alice")), "catalogue-change-refused");
    let (one, other) = (beside.pay("before", "m", "b", 20_000), alone.pay("before", "m", "b", 20_000));
    assert_eq!(wherever_in_the_log(one), wherever_in_the_log(other));
    let trial = beside.probity.shadow(&hash[..12], "alice").unwrap().number;
    let mut random = Random(11);
    let mut expected = BTreeMap::<(Direction, &str, &str), u64>::new();
    let mut last = String::new();
    for step in 0..120_u64 {
        let amount = i64::try_from(random.below(12_000)).unwrap() + 1;
        let (key, merchant, buyer) = (format!("k{step}"), format!("m{}", step % 7), format!("b{step}"));
        let record = beside.pay(&key, &merchant, &buyer, amount);
        let other = alone.pay(&key, &merchant, &buyer, amount);
        assert_eq!(wherever_in_the_log(record.clone()), wherever_in_the_log(other), "{step}");
        assert_eq!(
            record,
            beside.pay(&key, &merchant, &buyer, amount),
            "a repeated request is not counted again"
        );
        assert_eq!((record.outcome.as_str(), &record.trial), ("approve", &None));
        match amount {
            5_000..6_000 => *expected.entry((Direction::Stopped, "approve", "decline")).or_default() += 1,
            10_001.. => *expected.entry((Direction::Cut, "approve", "approve_with_limit")).or_default() += 1,
            // Another limit, of which this request needs nothing.
            _ => *expected.entry((Direction::Otherwise, "approve", "approve")).or_default() += 1,
        }
        last = record.id;
        for desk in [&alone, &beside] {
            desk.later(Duration(3_600_000));
        }
        if step % 50 == 20 {
            (alone, beside) = (alone.again(first.path()), beside.again(second.path()));
        }
    }
    // Payouts are decided alike: the challenger's policy for them is the same.
    for step in 0..5 {
        let ask = |desk: &Desk| {
            wherever_in_the_log(desk.ask(&format!("p{step}"), "payout", [Some("m1"), None], 1_000))
        };
        assert_eq!(ask(&beside), ask(&alone));
    }
    let shown = beside.probity.trial(None).unwrap();
    assert_eq!((shown.number, shown.running, shown.split.is_none()), (trial, true, true));
    assert_eq!((shown.compared, shown.same, shown.failed, shown.different), (125, 5, 0, 120), "{shown:?}");
    let found = shown.differences.iter().map(|one| ((one.live, one.challenger), one.count));
    let wanted = expected.iter().map(|((_, live, challenger), count)| ((*live, *challenger), *count));
    assert_eq!(found.collect::<BTreeMap<_, _>>(), wanted.collect());
    assert_eq!(
        listed(&beside, &last),
        expected.iter().map(|((direction, ..), count)| (*direction, *count)).collect()
    );
    // One before, 125 since, and 120 other answers.
    assert_eq!((beside.all_replay(), alone.all_replay()), (246, 126));
    let again = beside.probity.replay_decision(&format!("{last}.shadow")).unwrap();
    assert!(again.same_answer && again.same_seen, "{again:?}");
    beside.probity.stop_trial("carol").unwrap();
    beside.pay("after", "m1", "b1", 20_000);
    let ended = beside.probity.trial(Some(trial)).unwrap();
    assert_eq!((ended.compared, ended.running, ended.until.is_some()), (125, false, true));
    let beside = beside.again(second.path());
    assert_eq!(beside.probity.trial(None).unwrap(), ended);
    beside.probity.close();
    alone.probity.close();
}

#[test]
fn what_the_challenger_would_have_stopped_is_judged_by_what_came_of_it() {
    let home = tempfile::tempdir().unwrap();
    let desk = Desk::new(home.path());
    let hash = desk.propose(stricter());
    desk.probity.shadow(&hash, "alice").unwrap();
    let both = |buyer: &str| json!({"merchant": "m", "buyer": buyer});
    let with = |buyer: &str, more: Value| {
        let mut event = both(buyer);
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    for (buyer, arrives) in [("b1", true), ("b2", false), ("b3", true), ("b4", true)] {
        let amount = if buyer == "b4" { 1_000 } else { 5_500 };
        let record = desk.pay(buyer, "m", buyer, amount);
        assert_eq!(record.outcome, "approve", "{record:?}");
        let order = format!("o-{buyer}");
        let money = json!({"value": "55.00", "currency": "EUR"});
        let days = |days: i64| {
            let now = Timestamp::from_millis(desk.now.load(Ordering::SeqCst));
            now.plus(Duration::days(days)).to_string()
        };
        let mut placed = with(buyer, money.clone());
        placed["ship_by"] = days(2).into();
        placed["deliver_by"] = days(6).into();
        desk.tell("order.placed", &order, &placed);
        let mut paid = with(buyer, money);
        paid["method"] = "card".into();
        desk.tell("order.paid", &order, &paid);
        if arrives {
            desk.tell("order.shipped", &order, &both(buyer));
            desk.tell("order.delivered", &order, &both(buyer));
        }
    }
    desk.pay("open", "m", "b5", 5_900);
    for _ in 0..80 {
        desk.later(Duration::days(1));
        desk.probity.settle_and_wait().unwrap();
    }
    let found = desk.probity.trial_afterwards(None, 90, &mut |_, _| {}).unwrap();
    let stopped = found.differences.iter().find(|one| one.direction == Direction::Stopped).unwrap();
    let counts = &stopped.counted;
    assert_eq!((counts.decisions, counts.good, counts.bad), (4, 2, 1), "{found:?}");
    assert_eq!((counts.nothing + counts.unknown, counts.amount), (1, 3 * 5_500 + 5_900), "{found:?}");
    assert!(counts.loss >= 5_500, "{found:?}");
    let rate = stopped.bad_rate.unwrap();
    assert!((rate.value - 1.0 / 3.0).abs() < 1e-9 && rate.low > 0.0 && rate.high < 1.0, "{rate:?}");
    assert!(found.arms.is_empty());
    assert_eq!(code(desk.probity.trial_afterwards(Some(99), 90, &mut |_, _| {})), "trial-unknown");
    desk.probity.close();
}

#[test]
fn what_cannot_be_compared_is_refused_with_what_differs() {
    let home = tempfile::tempdir().unwrap();
    let desk = Desk::new(home.path());
    let check = |texts: Texts, wanted: &str| {
        let hash = desk.propose(texts);
        let error = desk.probity.shadow(&hash, "alice").unwrap_err();
        assert_eq!(error.problems[0].code.as_str(), "challenger-unfit", "{error}");
        assert!(
            error.to_string().contains(wanted) && error.to_string().contains("backtest"),
            "{wanted}: {error}"
        );
        desk.probity.approve(&hash, "bob").unwrap();
        assert_eq!(code(desk.split(&hash, Role::Buyer, 100)), "challenger-unfit");
    };
    let file = "indicators/merchant/history.toml";
    let window = embedded_catalogue()[file].clone();
    let (from, to) = ("window      = \"30d\"", "window      = \"60d\"");
    assert!(window.contains(from), "{file}");
    let mut other = embedded_catalogue();
    other.insert(file.into(), window.replacen(from, to, 1));
    other.retain(|path, _| !path.ends_with(".cases.toml"));
    check(other, &format!("{file} differs"));
    let attribute = (
        "policies/payment.toml",
        "second_factor = \"boolean\"",
        "second_factor = \"boolean\"\nage_of_device = \"integer\"",
    );
    check(changed(&[attribute]), "its policy for payment declares other attributes");
    let holds = ("policies/payment.toml", "reserves     = true", "reserves     = false");
    check(changed(&[holds]), "its policy for payment holds amounts");
    let mut without = embedded_catalogue();
    without.retain(|path, _| !path.starts_with("policies/listing."));
    check(without, "it has no policy for listing");
    let live = desk.propose(embedded_catalogue());
    assert_eq!(code(desk.probity.shadow(&live, "alice")), "challenger-unfit");
    // Nor without approval, of nobody, of nothing, of no share.
    let hash = desk.propose(stricter());
    assert_eq!(code(desk.split(&hash, Role::Buyer, 2_000)), "catalogue-change-refused");
    assert_eq!(code(desk.probity.shadow(&hash, "")), "catalogue-change-refused");
    assert_eq!(code(desk.probity.shadow("0123456789ab", "alice")), "catalogue-change-refused");
    desk.probity.approve(&hash, "bob").unwrap();
    for share in [0, 10_001] {
        assert_eq!(code(desk.split(&hash, Role::Buyer, share)), "catalogue-change-refused");
    }
    desk.later(Duration::days(4));
    assert_eq!(
        code(desk.split(&hash, Role::Buyer, 2_000)),
        "catalogue-change-refused",
        "the approval is too old"
    );
    assert_eq!(code(desk.probity.trial(None)), "trial-unknown");
    assert!(desk.probity.trials().is_empty());
    desk.probity.close();
}

#[test]
fn a_share_is_answered_by_the_challenger_until_a_rollback() {
    let home = tempfile::tempdir().unwrap();
    let desk = Desk::new(home.path());
    // Something to go back from.
    let starter = desk.probity.catalogue().hash.to_string();
    let next = desk.propose(changed(&[(
        "policies/listing.toml",
        "time_to_live = \"",
        "# Changed.\ntime_to_live = \"",
    )]));
    desk.probity.approve(&next, "bob").unwrap();
    desk.probity.activate(&next, "bob").unwrap();
    let desk = desk.again(home.path());
    let hash = desk.propose(stricter());
    desk.probity.approve(&hash, "bob").unwrap();
    let trial = desk.split(&hash, Role::Buyer, 4_000).unwrap();
    let ask = |desk: &Desk, key: &str, buyer: u32, share: u32| {
        let name = format!("b{buyer}");
        let record = desk.pay(&format!("{key}{buyer}"), "m", &name, 5_500);
        let arm = Split { of: Role::Buyer, share }.arm(&hash, &format!("buyer:{name}"));
        let part = record.trial.as_ref().unwrap();
        assert_eq!(
            (part.arm.as_str(), part.share, part.challenger.as_str()),
            (arm.as_str(), share, hash.as_str())
        );
        let (outcome, catalogue) = match arm {
            Arm::Challenger => ("decline", hash.as_str()),
            Arm::Live => ("approve", next.as_str()),
        };
        assert_eq!(
            (record.outcome.as_str(), record.versions.catalogue.as_str()),
            (outcome, catalogue),
            "{record:?}"
        );
        if record.held > 0 {
            desk.probity.close_decision_and_wait(record.id.clone(), Closing::Released, None).unwrap();
        }
        arm
    };
    let first: Vec<Arm> = (0..60).map(|buyer| ask(&desk, "x", buyer, 4_000)).collect();
    let theirs = first.iter().filter(|arm| **arm == Arm::Challenger).count();
    assert!((12..40).contains(&theirs), "{theirs}");
    // No buyer takes part: nobody to divide.
    assert_eq!(desk.ask("payout", "payout", [Some("m"), None], 100).trial, None);
    let desk = desk.again(home.path());
    let shown = desk.probity.trial(None).unwrap();
    assert_eq!((shown.number, shown.running, shown.compared), (trial, true, 0));
    let counted =
        |arm: &str| shown.arms.iter().filter(|one| one.arm == arm).map(|one| one.count).sum::<u64>();
    assert_eq!((counted("challenger"), counted("live")), (theirs as u64, 60 - theirs as u64));
    assert_eq!(desk.probity.split_running().unwrap().share_bp, 4_000);
    assert_eq!(desk.all_replay(), 61);
    // A larger share keeps whom it had.
    desk.split(&hash, Role::Buyer, 7_000).unwrap();
    let second: Vec<Arm> = (0..60).map(|buyer| ask(&desk, "y", buyer, 7_000)).collect();
    assert!(first.iter().zip(&second).all(|(before, now)| before <= now));
    let found = desk.probity.trial_afterwards(Some(trial), 30, &mut |_, _| {}).unwrap();
    let arm = |name: &str| found.arms.iter().find(|one| one.arm == name).unwrap();
    assert_eq!((arm("challenger").decisions, arm("challenger").parties), (theirs as u64, theirs as u64));
    assert_eq!(arm("live").approval.unwrap().value, 1.0);
    assert_eq!(arm("challenger").approval.unwrap().value, 0.0);
    desk.probity.roll_back(Some(&starter), "carol").unwrap();
    let after = desk.pay("z", "m", "b1", 5_500);
    assert_eq!((&after.trial, desk.probity.split_running().is_none()), (&None, true), "{after:?}");
    let desk = desk.again(home.path());
    assert_eq!(desk.probity.catalogue().hash.to_string(), starter);
    assert!(!desk.probity.trial(None).unwrap().running);
    assert_eq!(desk.all_replay(), 122);
    desk.probity.close();
}

#[test]
fn sanctions_stay_with_the_catalogue_in_force() {
    let rule = |name: &str, reason: &str, sanction: &str| {
        format!(
            "[[table.rule]]\nname = \"{name}\"\nwhen = \"amount = amount('13.00')\"\noutcome = \"decline\"\nsanction = \"{sanction}\"\nreason = \"{reason}\"\n\n[[table.rule]]\nname    = \"may_trade\""
        )
    };
    let may_trade = "[[table.rule]]\nname    = \"may_trade\"";
    let live =
        changed(&[("policies/payment.toml", may_trade, &rule("live", "P01", "suspend merchant for risk"))]);
    let other =
        changed(&[("policies/payment.toml", may_trade, &rule("other", "P02", "suspend buyer for risk"))]);
    let home = tempfile::tempdir().unwrap();
    let desk = Desk::under(home.path(), live, Timestamp::parse("2025-03-01T12:00:00Z").unwrap().millis());
    let hash = desk.propose(other);
    desk.probity.shadow(&hash, "alice").unwrap();
    let suspended = |party: &str| {
        let party = Party::parse(party).unwrap();
        let of = desk.probity.sanctions_of(&party, AsOf::Now);
        of.map(|of| of.standing.suspended).unwrap_or(false)
    };
    for number in ["1", "2"] {
        let parties = json!({"merchant": format!("m{number}"), "buyer": format!("b{number}"), "value": "1.00", "currency": "EUR"});
        desk.tell("order.placed", number, &parties);
    }
    let record = desk.pay("k1", "m1", "b1", 1_300);
    assert_eq!(record.sanctions.len(), 1, "{record:?}");
    assert_eq!((suspended("merchant:m1"), suspended("buyer:b1")), (true, false));
    assert_eq!(desk.probity.trial_differences(None, None, 5).unwrap().items.len(), 1);
    // With all parties on the challenger's side it is still the live rule that sanctions.
    desk.probity.approve(&hash, "bob").unwrap();
    desk.split(&hash, Role::Buyer, 10_000).unwrap();
    let record = desk.pay("k2", "m2", "b2", 1_300);
    assert_eq!(record.rules[0].1, "other", "{record:?}");
    assert_eq!((suspended("merchant:m2"), suspended("buyer:b2")), (true, false));
    assert_eq!(desk.all_replay(), 3);
    desk.probity.close();
}

#[test]
fn a_challenger_that_no_longer_fits_stands_aside_and_says_why() {
    let home = tempfile::tempdir().unwrap();
    let desk = Desk::new(home.path());
    let hash = desk.propose(stricter());
    desk.probity.shadow(&hash, "alice").unwrap();
    desk.pay("k1", "m", "b", 5_500);
    let now = desk.now.load(Ordering::SeqCst);
    desk.probity.close();
    // Somebody starts with a catalogue of their own that measures otherwise.
    let mut other = embedded_catalogue();
    other.insert("rates.toml".into(), format!("{}\n# Other.\n", other["rates.toml"]));
    let desk = Desk::under(home.path(), other, now);
    let shown = desk.probity.trial(None).unwrap();
    assert!(!shown.running && shown.fault.as_ref().unwrap().contains("rates.toml differs"), "{shown:?}");
    assert_eq!(desk.pay("k2", "m", "b", 5_500).outcome, "approve");
    assert_eq!(desk.probity.trial(None).unwrap().compared, 1);
    let desk = desk.again(home.path());
    assert!(desk.probity.trial(None).unwrap().running);
    desk.pay("k3", "m", "b9", 5_500);
    assert_eq!(desk.probity.trial(None).unwrap().compared, 2);
    desk.probity.close();
}

#[test]
fn counts_outlive_a_power_cut() {
    let (home, copy) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let desk = Desk::new(home.path());
    let hash = desk.propose(stricter());
    desk.probity.shadow(&hash, "alice").unwrap();
    (0..10).for_each(|n| drop(desk.pay(&format!("a{n}"), "m", &format!("b{n}"), 5_500)));
    desk.probity.checkpoint_and_wait().unwrap();
    (0..7).for_each(|n| drop(desk.pay(&format!("b{n}"), "m", &format!("b{n}"), 5_500)));
    // What is on disk now is what a power cut would leave: the last rows are in no checkpoint.
    for file in std::fs::read_dir(home.path()).unwrap().map(Result::unwrap) {
        std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
    }
    let now = desk.now.load(Ordering::SeqCst);
    let after = Desk::open(copy.path(), now);
    let shown = after.probity.trial(None).unwrap();
    assert_eq!((shown.compared, shown.running), (17, true));
    assert_eq!(shown, desk.probity.trial(None).unwrap());
    after.pay("c", "m", "c", 5_500);
    assert_eq!(after.probity.trial(None).unwrap().compared, 18);
    after.probity.close();
    desk.probity.close();
}

#[test]
fn trials_are_begun_told_and_ended_on_the_command_line() {
    let house = process::House::new();
    house.import(&house.file("events.jsonl", process::sample(50))).exits(0);
    let folder = house.path("mine");
    for (path, text) in stricter() {
        house.file(&format!("mine/{path}"), text);
    }
    let folder = folder.to_str().unwrap();
    let proposed = house.run(["--json", "catalogue", "propose", folder, "--by", "alice"]).exits(0).json();
    let hash = proposed["catalogue"].as_str().unwrap().to_owned();
    house.run(["shadow"]).refused(1, "trial-unknown");
    house.run(["catalogue", "shadow", "--by", "alice"]).exits(2);
    house.run(["catalogue", "shadow", &hash, "--by", "alice"]).exits(0);
    let pay = ["decide", "payment", "--merchant", "new", "--buyer", "new", "--amount", "55.00", "--key"];
    house.run(pay.into_iter().chain(["k1"])).exits(0);
    let told = house.run(["shadow"]).exits(0);
    for wanted in ["in shadow", "begun by alice; runs", "1 decisions compared", "decline", "stopped", "P02"] {
        assert!(told.out.contains(wanted), "{wanted}: {told:?}");
    }
    let told = house.run(["--json", "shadow"]).exits(0).json();
    let decision = told["latest"][0]["decision"].as_str().unwrap();
    assert_eq!(
        (&told["trial"]["different"], &told["afterwards"]["differences"][0]["unknown"]),
        (&json!(1), &json!(1))
    );
    let replayed = house.run(["replay", &format!("{decision}.shadow")]).exits(0);
    assert!(replayed.out.contains("answer the same, scores and indicators the same"), "{replayed:?}");
    let split = ["catalogue", "split", &hash, "--share", "20%", "--by", "bob"];
    house.run(split).refused(1, "catalogue-change-refused");
    house.run(["catalogue", "approve", &hash, "--by", "bob"]).exits(0);
    house.run(["catalogue", "split", &hash, "--share", "20", "--by", "bob"]).exits(2);
    house.run(split).exits(0);
    house.run(["decide", "payment", "--merchant", "new", "--buyer", "b", "--amount", "5.00"]).exits(0);
    let told = house.run(["shadow"]).exits(0);
    assert!(told.out.contains("20.00 % of the buyers") && told.out.contains("both arms"), "{told:?}");
    house.run(["catalogue", "split", "--stop", "--by", "carol"]).exits(0);
    house.run(["catalogue", "shadow", "--stop", "--by", "carol"]).refused(1, "catalogue-change-refused");
    let all = house.run(["shadow", "--all"]).exits(0);
    assert_eq!(all.out.matches("ended").count(), 2, "{all:?}");
    let log = house.run(["catalogue", "log"]).exits(0);
    for wanted in ["in shadow", "given a share", "20.00 % of the buyers", "trial stopped"] {
        assert!(log.out.contains(wanted), "{wanted}: {log:?}");
    }
    assert_eq!(house.run(["replay", "--all"]).exits(0).out.lines().count(), 1);
    house.run(["audit", "verify"]).exits(0);
}
