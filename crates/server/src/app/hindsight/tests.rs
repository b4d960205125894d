//! Small lives, told in a few events, and what became of a decision at the beginning of January.

use super::super::{Clock, Probity, Settling, embedded_catalogue};
use super::{Became, Harm, Hindsight, JudgedBy, Matter, Verdict};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Flat};
use probity_credit::policy::RequestKind;
use probity_primitives::{Duration, Timestamp};
use serde_json::{Value, json};

fn at(day: i64) -> Timestamp {
    Timestamp::parse("2025-01-01T12:00:00Z").unwrap().plus(Duration::days(day))
}

/// What comes after an order was paid: day, type, fields.
type Then<'a> = (i64, &'a str, Value);

/// An event of a merchant `m` and a buyer `b` on a day.
fn event(day: i64, kind: &str, more: &Value) -> Value {
    let about = more["order"].as_str().unwrap_or("-");
    let mut event = json!({"id": format!("{kind}.{day}.{about}"), "type": kind, "occurred_at": at(day).to_string(),
        "merchant": "m", "buyer": "b"});
    if kind.starts_with("event.") {
        event = json!({"id": format!("{kind}.{day}"), "type": kind, "occurred_at": at(day).to_string()});
    }
    if kind.starts_with("credit.") {
        event.as_object_mut().unwrap().remove("merchant");
    }
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

fn money(value: &str, more: &Value) -> Value {
    let mut out = json!({"value": value, "currency": "EUR"});
    out.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    out
}

/// An order that is paid, and what comes after it.
fn order(id: &str, day: i64, then: &[Then<'_>]) -> Vec<Value> {
    let own = json!({"order": id});
    let mut events = vec![
        event(day, "order.placed", &money("80.00", &own)),
        event(day, "order.paid", &money("80.00", &json!({"order": id, "method": "card"}))),
    ];
    for (day, kind, more) in then {
        let mut more = more.clone();
        more.as_object_mut().unwrap().insert("order".into(), json!(id));
        events.push(event(*day, kind, &more));
    }
    events
}

fn hindsight(events: &[Value], today: i64) -> Hindsight {
    let folder = tempfile::tempdir().unwrap();
    let mut texts = embedded_catalogue();
    texts.insert("rates.toml".into(), "reporting = \"EUR\"\n".into());
    let catalogue = Catalogue::load(texts).unwrap();
    let now = at(today);
    let probity = Probity::open(folder.path(), catalogue, Clock::of(move || now), &mut |_, _| {}).unwrap();
    let prepared = events.iter().map(|event| {
        let text = event.to_string();
        let flat = Flat::from_json(text.as_bytes()).unwrap();
        probity
            .prepare(flat, "shop", Arrival::History)
            .unwrap_or_else(|problems| panic!("{text}: {problems:?}"))
    });
    probity.take_and_wait(prepared.collect(), Settling::Later).unwrap();
    probity.settle_and_wait().unwrap();
    let shared = &probity.shared;
    let upto = probity.event_count();
    let found = shared.read(|reader| Hindsight::of_log(shared, reader, at(0), upto, &mut |_, _| {})).unwrap();
    probity.close();
    found
}

fn matter(order: Option<&str>, granted: bool) -> Matter<'_> {
    Matter {
        decision: "d",
        kind: RequestKind::Payment,
        at: at(1),
        order,
        merchant: Some("m"),
        buyer: Some("b"),
        granted,
    }
}

fn by_order(became: Became) -> Verdict {
    Verdict { became, judged_by: JudgedBy::Order }
}

fn by_party(became: Became) -> Verdict {
    Verdict { became, judged_by: JudgedBy::Party }
}

fn bad(harm: Harm, loss: i64) -> Became {
    Became::Bad { harm, loss }
}

#[test]
fn an_order_is_judged_by_its_own_life() {
    let arrives = |day: i64| (day, "order.delivered", json!({}));
    let claim = |day: i64, kind: &str, fault: &str, more: &Value| {
        let mut said = money("60.00", &json!({"claim": "c", "kind": kind, "fault": fault}));
        said.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        (day, "claim.decided", said)
    };
    let dispute = |day: i64, lost_by: &str, abusive: bool| {
        let more = json!({"dispute": "x", "lost_by": lost_by, "abusive": abusive});
        (day, "card_dispute.decided", money("75.00", &more))
    };
    let refund = |day: i64, cause: &str| (day, "refund.issued", money("70.00", &json!({"cause": cause})));
    let fraud = (20, "fraud.reported", money("80.00", &json!({"reporter": "issuer"})));
    let found = (
        25,
        "violation.found",
        money("65.00", &json!({"violation": "v", "kind": "counterfeit", "severity": 4})),
    );
    let cases: [(&str, Vec<Then<'_>>, Became); 16] = [
        ("arrived and matured", vec![arrives(5)], Became::Good),
        ("never delivered", vec![], bad(Harm::Undelivered, 8_000)),
        (
            "a claim upheld",
            vec![arrives(5), claim(20, "damaged", "seller", &json!({}))],
            bad(Harm::ClaimUpheld, 6_000),
        ),
        (
            "a claim for counterfeits",
            vec![arrives(5), claim(20, "counterfeit", "seller", &json!({}))],
            bad(Harm::Counterfeit, 6_000),
        ),
        ("the carrier's fault", vec![arrives(5), claim(20, "damaged", "carrier", &json!({}))], Became::Good),
        (
            "deceit",
            vec![arrives(5), claim(20, "not_received", "buyer", &json!({"good_faith": false}))],
            bad(Harm::FalseClaim, 6_000),
        ),
        ("a dispute lost", vec![arrives(5), dispute(40, "merchant", false)], bad(Harm::DisputeLost, 7_500)),
        ("a dispute won", vec![arrives(5), dispute(40, "buyer", false)], Became::Good),
        ("a dispute abused", vec![arrives(5), dispute(40, "buyer", true)], bad(Harm::DisputeAbused, 0)),
        ("refunded for damage", vec![arrives(5), refund(12, "damaged")], bad(Harm::Refunded, 7_000)),
        ("sent back within the right", vec![arrives(5), refund(12, "withdrawal")], Became::Good),
        (
            "fraud, and the dispute about it",
            vec![arrives(5), fraud, dispute(40, "merchant", false)],
            bad(Harm::FraudReported, 8_000),
        ),
        ("found counterfeit", vec![arrives(5), found], bad(Harm::Counterfeit, 6_500)),
        (
            "the seller cancels",
            vec![(3, "order.cancelled", json!({"by": "seller"}))],
            bad(Harm::SellerCancelled, 0),
        ),
        ("the buyer cancels", vec![(3, "order.cancelled", json!({"by": "buyer"}))], Became::Nothing),
        ("a dispute after the window", vec![arrives(5), dispute(95, "merchant", false)], Became::Good),
    ];
    for (case, then, expected) in cases {
        let found = hindsight(&order("o", 1, &then), 120);
        let verdict = found.judge(&matter(Some("o"), true), Duration::days(90));
        assert_eq!(verdict, by_order(expected), "{case}");
        // An answer that was no yes is judged the same way when the order went ahead after all.
        assert_eq!(found.judge(&matter(Some("o"), false), Duration::days(90)), verdict, "{case}");
    }
}

#[test]
fn what_is_not_known_yet_is_not_guessed_and_what_was_taken_back_does_not_count() {
    let fraud = event(20, "fraud.reported", &money("80.00", &json!({"order": "o", "reporter": "issuer"})));
    let arrived = order("o", 1, &[(5, "order.delivered", json!({}))]);
    let within = Duration::days(90);
    let check = |case: &str, more: &[Value], today: i64, order: Option<&str>, expected: Became| {
        let found = hindsight(&[arrived.clone(), more.to_vec()].concat(), today);
        assert_eq!(found.judge(&matter(order, true), within).became, expected, "{case}");
    };
    check("the claim window is open", &[], 20, Some("o"), Became::Unknown);
    check("it closed", &[], 40, Some("o"), Became::Good);
    check("another order: not used yet", &[], 40, Some("p"), Became::Unknown);
    check("another order: never used", &order("q", 100, &[]), 120, Some("p"), Became::Nothing);
    check("fraud", std::slice::from_ref(&fraud), 120, Some("o"), bad(Harm::FraudReported, 8_000));
    let id = fraud["id"].as_str().unwrap();
    let taken_back =
        event(100, "event.retracted", &json!({"target": id, "target_source": "shop", "reason": "wrong"}));
    check("fraud, taken back long after", &[fraud.clone(), taken_back], 120, Some("o"), Became::Good);
}

#[test]
fn without_an_order_the_parties_are_judged() {
    let good = |id: &str, day: i64| order(id, day, &[(day + 2, "order.delivered", json!({}))]);
    let lost = |id: &str, day: i64| order(id, day, &[]);
    let abuse =
        event(30, "violation.found", &json!({"violation": "v", "kind": "refund_abuse", "severity": 2}));
    let of_buyer = |event: &Value| {
        let mut event = event.clone();
        event.as_object_mut().unwrap().remove("merchant");
        event
    };
    let cases: [(&str, Vec<Value>, Became); 7] = [
        ("nothing else", vec![], Became::Unknown),
        ("one good order", good("a", 3), Became::Good),
        ("one before the decision only", good("a", -60), Became::Unknown),
        ("one lost: chance", [good("a", 3), lost("b", 4)].concat(), Became::Good),
        ("two of three lost", [good("a", 3), lost("b", 4), lost("c", 5)].concat(), bad(Harm::Defects, 0)),
        ("a finding", [good("a", 3), vec![of_buyer(&abuse)]].concat(), bad(Harm::Violation, 0)),
        (
            "a finding long after",
            [
                good("a", 3),
                vec![of_buyer(&{
                    let mut late = abuse.clone();
                    late["occurred_at"] = json!(at(100).to_string());
                    late
                })],
            ]
            .concat(),
            Became::Good,
        ),
    ];
    for (case, events, expected) in cases {
        let found = hindsight(&events, 120);
        let verdict = found.judge(&matter(None, false), Duration::days(90));
        assert_eq!(verdict, by_party(expected), "{case}");
    }
}

#[test]
fn a_credit_line_is_judged_by_its_repayment() {
    let line = |day: i64, kind: &str, more: &Value| {
        let mut said = money("50.00", more);
        said.as_object_mut().unwrap().insert("line".into(), json!("l"));
        event(day, kind, &said)
    };
    let missed = |days: i64| line(70, "credit.missed", &json!({"due": "1", "days_past_due": days}));
    let cases = [
        (vec![line(30, "credit.repaid", &json!({"days_past_due": 0}))], Became::Good),
        (vec![missed(30)], Became::Unknown),
        (vec![missed(90)], bad(Harm::Overdue, 0)),
        (vec![missed(90), line(80, "credit.written_off", &json!({}))], bad(Harm::WrittenOff, 5_000)),
    ];
    for (events, expected) in cases {
        let found = hindsight(&[vec![line(2, "credit.drawn", &json!({}))], events].concat(), 120);
        let matter = Matter { kind: RequestKind::CreditLine, merchant: None, ..matter(Some("l"), true) };
        let verdict = found.judge(&matter, Duration::days(90)).became;
        assert_eq!(verdict, expected);
    }
}
