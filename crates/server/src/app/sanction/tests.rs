use super::*;
use crate::app::{AsOf, Clock, Probity, Settling, embedded_catalogue};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Flat, Party};
use probity_credit::sanction::{Ground, Sanction};
use probity_primitives::Timestamp;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

#[test]
fn a_rule_starts_a_sanction_once_and_not_soon_after_people_lifted_it() {
    let folder = tempfile::tempdir().unwrap();
    let day = |day: i64| 1_735_689_600_000 + day * 86_400_000;
    let now = Arc::new(AtomicI64::new(day(0)));
    let told = Arc::clone(&now);
    let clock = Clock::of(move || Timestamp::from_millis(told.load(Ordering::SeqCst)));
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    let probity = Probity::open(folder.path(), catalogue, clock, &mut |_, _| {}).unwrap();
    for merchant in ["m", "twin"] {
        let json = format!(
            r#"{{"id":"{merchant}","type":"order.placed","occurred_at":"2024-12-01T00:00:00Z","merchant":"{merchant}","buyer":"b","order":"{merchant}","value":"1.00","currency":"EUR"}}"#
        );
        let flat = Flat::from_json(json.as_bytes()).unwrap();
        let event = probity.prepare(flat, "shop", Arrival::History).unwrap();
        probity.take_and_wait(vec![event], Settling::Soon).unwrap();
    }
    let party = Party::parse("merchant:m").unwrap();
    let start = |decision: &str, kind, ground, limit| {
        let start =
            RuleStart { decision, party: &party, kind, ground, reason: "R1", statement: "So.", limit };
        probity.start_by_rule(&start)
    };
    let suspend = |decision: &str| start(decision, Sanction::Suspend, Ground::Risk, None).unwrap();
    assert!(suspend("dec_1"));
    assert!(!suspend("dec_1") && !suspend("dec_2"), "it is there already");
    assert!(start("dec_2", Sanction::Suspend, Ground::Debt, None).unwrap(), "on another ground");
    assert!(start("dec_2", Sanction::Limit, Ground::Risk, None).is_err(), "a limit without its amount");
    assert!(start("dec_2", Sanction::Limit, Ground::Risk, Some(500)).unwrap());
    assert!(start("dec_3", Sanction::Limit, Ground::Risk, Some(400)).unwrap(), "a tighter one");
    let of = probity.sanctions_of(&party, AsOf::Now).unwrap();
    assert_eq!((of.standing.limit.as_deref(), of.standing.suspended), (Some("4.00"), true));
    assert_eq!(of.sanctions[0].decision.as_deref(), Some("dec_1"));
    assert_eq!(of.sanctions[0].cause.as_deref(), Some("rule"));
    let lift = Ending {
        how: "lifted".into(),
        statement: "So.".into(),
        decided_by: "ann".into(),
        approved_by: "bob".into(),
    };
    probity.end_sanction(&of.sanctions[0].id, &lift).unwrap();
    now.store(day(29), Ordering::SeqCst);
    assert!(!suspend("dec_4"), "people have just lifted it");
    now.store(day(30), Ordering::SeqCst);
    assert!(suspend("dec_5"));
    // Whoever was never sanctioned has the same scores on record, at the same moments.
    now.store(day(95), Ordering::SeqCst);
    probity.settle_and_wait().unwrap();
    probity.record_scores(probity.clock.now(), &mut |_, _| {}).unwrap();
    let on_record = |name: &str| {
        let history = probity.history(&Party::parse(name).unwrap(), AsOf::Now).unwrap();
        history.into_iter().map(|point| (point.as_of, point.score, point.tier)).collect::<Vec<_>>()
    };
    assert_eq!(on_record("merchant:m"), on_record("merchant:twin"));
    assert!(!on_record("merchant:m").is_empty());
    // What the state in memory says is what its bytes say after a start.
    let number = probity.number(&party).unwrap();
    let held = |probity: &Probity| {
        probity.snapshot(number, party.role, probity.clock.now()).unwrap();
        probity.shared.shard(number).get(&number).map(|hot| hot.sanctions.clone()).unwrap()
    };
    let before = held(&probity);
    assert_eq!(before.list().len(), 5);
    let clock = probity.clock.clone();
    probity.close();
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    let probity = Probity::open(folder.path(), catalogue, clock, &mut |_, _| {}).unwrap();
    assert_eq!(held(&probity), before);
    probity.close();
}
