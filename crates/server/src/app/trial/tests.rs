//! What is known of trials is what the log tells of them.

use super::super::inbox::Command;
use super::super::shared::lock;
use super::super::{Clock, Form, Probity, embedded_catalogue};
use super::running::Trials;
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::Split;
use probity_credit::event::Role;
use probity_primitives::Timestamp;

fn open(home: &std::path::Path) -> Probity {
    let now = Timestamp::parse("2025-03-01T12:00:00Z").unwrap();
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    Probity::open(home, catalogue, Clock::of(move || now), &mut |_, _| {}).unwrap()
}

#[test]
fn a_challenger_that_fails_fails_alone() {
    let home = tempfile::tempdir().unwrap();
    let probity = open(home.path());
    // Only what was checked to fit may begin; here one begins that does not.
    let lacking = || {
        let mut texts = embedded_catalogue();
        texts.retain(|path, _| !path.starts_with("policies/payment."));
        Catalogue::load(texts).unwrap()
    };
    let hash = lacking().hash.to_string();
    let ask = |key: &str| {
        let (merchant, buyer, amount) = (Some("m".into()), Some("b".into()), Some("10.00".into()));
        let form = Form { kind: "payment".into(), merchant, buyer, amount, ..Form::default() };
        let asked = probity.asked(&form, Some(key), "test").unwrap();
        probity.decide_and_wait(vec![asked]).unwrap().pop().unwrap().unwrap().record
    };
    let began = |step: u64, kind: &str, more: &[(&str, &str)], numbers: &[(&str, i64)]| {
        let texts = [&[("catalogue", hash.as_str()), ("by", "alice")], more].concat();
        let begun =
            probity.own(kind, &format!("catalogue.change.{step}"), probity.clock.now(), &texts, numbers);
        let begun = Box::new(begun.unwrap());
        let challenger = Box::new(lacking());
        probity.ask_and_wait(|reply| Command::Try { challenger, begun, reply }).unwrap();
    };
    began(1, "catalogue.shadowed", &[], &[]);
    assert_eq!((ask("k1").outcome.as_str(), &ask("k2").trial), ("approve", &None));
    began(2, "catalogue.split", &[("of", "buyer")], &[("share", 10_000)]);
    let answer = ask("k3");
    assert_eq!((answer.outcome.as_str(), &answer.trial), ("approve", &None));
    assert_eq!(answer.versions.catalogue, probity.catalogue().hash.to_string());
    let failed: Vec<u64> = lock(&probity.shared.trials).all().map(|tally| tally.failed).collect();
    assert_eq!(failed, [2, 1]);
    probity.close();
}

#[test]
fn trials_are_made_anew_from_the_log_and_read_back_from_bytes() {
    let home = tempfile::tempdir().unwrap();
    let probity = open(home.path());
    let mut texts = embedded_catalogue();
    let policy = texts.get_mut("policies/payment.toml").unwrap();
    *policy = policy.replace("amount('400.00')", "amount('100.00')");
    texts.remove("policies/payment.cases.toml");
    let hash = probity.propose(texts, "alice", "").unwrap().catalogue;
    let mut key = 0;
    let mut some = |kind: &str| {
        for amount in ["90.00", "120.00", "9000.00"] {
            key += 1;
            let buyer = (kind == "payment").then(|| format!("b{key}"));
            let (kind, merchant, amount) = (kind.into(), Some("m".into()), Some(amount.into()));
            let form = Form { kind, merchant, buyer, amount, ..Form::default() };
            let asked = probity.asked(&form, Some(&format!("k{key}")), "test").unwrap();
            probity.decide_and_wait(vec![asked]).unwrap().pop().unwrap().unwrap();
        }
    };
    some("payment");
    probity.shadow(&hash, "alice").unwrap();
    some("payment");
    some("payout");
    probity.stop_trial("alice").unwrap();
    some("payment");
    probity.approve(&hash, "bob").unwrap();
    let step = probity.split(&hash, Split { of: Role::Buyer, share: 5_000 }, "bob").unwrap();
    some("payment");
    some("payout");
    let kept = lock(&probity.shared.trials).clone();
    let bytes = kept.encode();
    assert_eq!(kept.running().map(|trial| trial.number), Some(step.number));
    let compared: Vec<u64> = kept.all().map(super::Tally::compared).collect();
    assert_eq!(compared, [6, 0]);
    let in_arms: Vec<u64> = kept.all().map(|tally| tally.arms.values().sum()).collect();
    assert_eq!(in_arms, [0, 3]);
    assert_eq!(Trials::decode(&bytes).unwrap().encode(), bytes);
    let upto = probity.event_count();
    let anew = probity.with_reader(|reader| Trials::make_anew(&probity.shared, reader, upto, &mut |_, _| {}));
    assert_eq!(anew.unwrap().encode(), bytes);
    for cut in 0..bytes.len() {
        assert!(Trials::decode(&bytes[..cut]).is_err(), "{cut} of {} bytes", bytes.len());
    }
    probity.close();
}
