use super::*;
use crate::catalogue::tests::starter;
use crate::event::{Arrival, Event, Flat};
use crate::source::Source;
use probity_primitives::Timestamp;
use probity_primitives::wire::{Reader, Writer};

fn at(day: i64) -> Timestamp {
    Timestamp::from_millis(1_735_689_600_000 + day * 86_400_000)
}

fn event(kind: &str, id: &str, day: i64, rest: &str) -> Event {
    let catalogue = starter();
    let json = format!(
        r#"{{"id":"{kind}.{id}.{day}","type":"{kind}","occurred_at":"{}","merchant":"m","sanction":"{id}"{rest}}}"#,
        at(day)
    );
    let flat = Flat::from_json(json.as_bytes()).unwrap();
    catalogue.vocabulary.event(flat, "probity", Arrival::History, at(10_000), &catalogue.rates).unwrap()
}

fn started(id: &str, kind: &str, day: i64, starts: i64, rest: &str) -> Event {
    let rest = format!(
        r#","kind":"{kind}","cause":"rule","ground":"risk","reason":"R1","statement":"so","starts_at":"{}","appeal_by":"{}"{rest}"#,
        at(starts),
        at(day + 183)
    );
    event("sanction.started", id, day, &rest)
}

fn ended(id: &str, day: i64, how: &str) -> Event {
    event("sanction.ended", id, day, &format!(r#","how":"{how}","statement":"so""#))
}

#[test]
fn what_a_party_may_do_follows_from_the_events_in_any_order() {
    let catalogue = starter();
    let limit = r#","limit":"50.00","currency":"EUR""#;
    let low = r#","limit":"20.00","currency":"EUR""#;
    let ends = format!(r#","ends_at":"{}""#, at(20));
    let appeal = event("sanction.appealed", "s3", 6, r#","statement":"no""#);
    let events = [
        started("s1", "limit", 1, 1, limit),
        started("s2", "limit", 2, 2, low),
        ended("s2", 4, "lifted"),
        started("s3", "suspend", 5, 5, &ends),
        appeal,
        ended("s3", 7, "appeal_rejected"),
        started("s4", "terminate", 8, 38, ""),
        ended("s4", 30, "appeal_upheld"),
        started("s5", "terminate", 50, 50, ""),
    ];
    let standing = |limit, suspended, terminated| Standing { limit, suspended, terminated };
    let expected = [
        (0, standing(None, false, false)),
        (1, standing(Some(5_000), false, false)),
        (3, standing(Some(2_000), false, false)),
        (4, standing(Some(5_000), false, false)),
        (7, standing(Some(5_000), true, false)),
        (20, standing(Some(5_000), false, false)),
        (40, standing(Some(5_000), false, false)),
        (51, standing(Some(5_000), false, true)),
    ];
    for turn in 0..events.len() {
        let mut sanctions = Sanctions::default();
        for event in events.iter().cycle().skip(turn).take(events.len()) {
            sanctions.add(&catalogue.vocabulary, &catalogue.sanctions, event);
            let mut writer = Writer::new();
            sanctions.encode(&mut writer);
            let mut reader = Reader::new(&writer.bytes);
            assert_eq!(Sanctions::decode(&mut reader).unwrap(), sanctions, "turned by {turn}");
            assert!(reader.is_empty());
        }
        for (day, standing) in expected {
            assert_eq!(sanctions.standing(at(day)), standing, "turned by {turn}, day {day}");
        }
        assert_eq!(sanctions.next_change(at(8)), Some(at(20)));
        assert_eq!(sanctions.list().len(), 5);
    }
}

#[test]
fn terminations_wait_for_their_notice_but_not_for_fraud() {
    let notices = starter().notices;
    let starts = |kind, ground| notices.procedure(kind, ground, at(0)).starts_at;
    assert_eq!(starts(Sanction::Terminate, Ground::RulesBroken), at(30));
    assert_eq!(starts(Sanction::Terminate, Ground::Fraud), at(0));
    assert_eq!(starts(Sanction::Suspend, Ground::RulesBroken), at(0));
    assert_eq!(notices.procedure(Sanction::Limit, Ground::Debt, at(0)).appeal_by, at(183));
}

#[test]
fn notices_are_filled_once_and_in_both_languages() {
    let notices = starter().notices;
    let places = [
        ("party", "merchant:{reasons}"),
        ("limit", "50.00 EUR"),
        ("reasons", "R1 Late"),
        ("starts", "today"),
    ];
    let english = notices.told("sanction", "limit", false, &places);
    assert!(english.contains("To merchant:{reasons}\n"), "{english}");
    assert!(
        english.contains("payments with you are limited to 50.00 EUR") && english.contains("R1 Late"),
        "{english}"
    );
    assert!(!english.contains("{what}") && !english.contains("{appeal_by}"));
    let told = |name: &str, what: &str| notices.told(name, what, false, &[("orders", "3"), ("limit", "9")]);
    assert!(told("members", "limit_members").contains("payments with this party are limited to 9"));
    assert!(told("ended", "appeal_upheld").contains("your appeal was upheld"));
    assert!(told("open", "").contains("decided: 3, "));
    for ground in Ground::ALL {
        for chinese in [false, true] {
            assert!(
                !notices.ground(ground, chinese).is_empty() && !notices.advice(ground, chinese).is_empty()
            );
        }
        assert!(notices.tells_members(Sanction::Terminate, ground));
        assert_eq!(notices.tells_members(Sanction::Suspend, ground), ground == Ground::Fraud);
        assert!(!notices.tells_members(Sanction::Limit, ground));
    }
    assert_eq!(notices.quiet_until(at(1)), at(31));
    assert!(notices.told("decision", "decline", true, &places).contains("您的请求未获批准"));
}

#[test]
fn broken_notices_are_refused() {
    let starter = include_str!("../../../../catalogue/notices.toml");
    let check = |from: &str, to: &str, told: &str| {
        let text = starter.replacen(from, to, 1);
        let refused = Notices::parse(&Source { file: "notices.toml", text: &text }).unwrap_err().to_string();
        assert!(refused.contains(told), "{told}: {refused}");
    };
    check("terminate = 30", "terminate = -1", "notice_days.terminate");
    check("terminate = 30", "", "notice_days.terminate");
    check("days = 183", "days = 0", "appeal.days");
    check("\"legal_order\"", "\"whim\"", "'whim' is no ground");
    check("To {party}", "To {name}", "sanction_en holds {name}");
    check("decline_zh", "decline_jp", "the text decline_zh is missing");
    check("[appeal]", "[appeal]\nfree = 1", "free");
    check("quiet_days = 30", "quiet_days = -1", "rule.quiet_days");
    check("\"suspend for fraud\"", "\"suspend for fun\"", "'suspend for fun' is not such as");
    check("lifted_members_zh", "lifted_members_jp", "the text lifted_members_zh is missing");
    check("About {party}", "About {name}", "members_en holds {name}");
    check("risk_zh         = \"请", "risk_jp         = \"请", "the text risk_zh is missing");
}
