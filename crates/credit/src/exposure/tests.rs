use super::*;
use crate::catalogue::Catalogue;
use crate::catalogue::tests::starter;
use crate::event::{Arrival, Event, Flat};
use probity_primitives::{Day, Timestamp};
use proptest::prelude::*;
use std::sync::LazyLock;

static STARTER: LazyLock<Catalogue> = LazyLock::new(starter);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_735_689_600_000 + minute * 60_000)
}

fn event(kind: &str, thing: &str, value: i64) -> Event {
    let id = match kind.split('.').next().unwrap() {
        "claim" if kind == "claim.withdrawn" => format!(r#""claim":"{thing}","order":"o""#),
        "claim" => format!(r#""claim":"{thing}","order":"o","kind":"other""#),
        "credit" => format!(r#""line":"{thing}""#),
        _ => format!(r#""order":"{thing}""#),
    };
    let extra = match kind {
        "order.paid" => r#","method":"card""#,
        "order.cancelled" => r#","by":"buyer""#,
        "claim.decided" => r#","fault":"none""#,
        "credit.repaid" => r#","days_past_due":0"#,
        _ => "",
    };
    let money = match kind {
        "order.delivered" | "order.cancelled" | "claim.withdrawn" => String::new(),
        _ => format!(r#","value":{value},"currency":"EUR""#),
    };
    let merchant = if kind.starts_with("credit") { "" } else { r#""merchant":"m","# };
    let json = format!(
        r#"{{"id":"{kind}.{thing}.{value}","type":"{kind}","occurred_at":"2025-01-01T00:00:00Z",{merchant}"buyer":"b",{id}{extra}{money}}}"#
    );
    let flat = Flat::from_json(json.as_bytes()).unwrap();
    STARTER.vocabulary.event(flat, "shop", Arrival::History, at(1_000_000), &STARTER.rates).unwrap()
}

fn apply(exposure: &mut Exposure, event: &Event, sign: i32) -> Option<Box<str>> {
    let types = ExposureTypes::resolve(&STARTER.vocabulary);
    let parties = (event.merchant.as_ref().map(|_| 1), Some(2));
    exposure
        .apply(&STARTER.vocabulary, &types, &STARTER.rates, event, parties, sign)
        .map(|(decision, _)| decision)
}

fn sums(exposure: &Exposure) -> (i64, i64, i64) {
    (exposure.of(1), exposure.of(2), exposure.of_pair(1, 2))
}

#[test]
fn what_is_open_follows_the_life_of_orders_lines_and_claims() {
    let mut exposure = Exposure::default();
    let mut check = |kind: &str, thing: &str, value: i64, sign: i32, open: (i64, i64, i64)| {
        apply(&mut exposure, &event(kind, thing, value), sign);
        assert_eq!(sums(&exposure), open, "{kind} {thing} {value} {sign}");
    };
    check("order.paid", "o1", 500, 1, (500, 500, 500));
    check("order.paid", "o2", 300, 1, (800, 800, 800));
    check("refund.issued", "o1", 100, 1, (700, 700, 700));
    let orders = exposure.open_orders(1);
    assert_eq!((orders, exposure.open_orders(2), exposure.open_orders(3)), ((2, 700), (2, 700), (0, 0)));
    let mut check = |kind: &str, thing: &str, value: i64, sign: i32, open: (i64, i64, i64)| {
        apply(&mut exposure, &event(kind, thing, value), sign);
        assert_eq!(sums(&exposure), open, "{kind} {thing} {value} {sign}");
    };
    check("order.delivered", "o1", 0, 1, (300, 300, 300));
    check("order.delivered", "o1", 0, -1, (700, 700, 700));
    check("order.cancelled", "o2", 0, 1, (400, 400, 400));
    check("credit.drawn", "l1", 1_000, 1, (400, 1_400, 400));
    check("credit.repaid", "l1", 400, 1, (400, 1_000, 400));
    check("claim.opened", "c1", 250, 1, (650, 1_000, 400));
    check("claim.decided", "c1", 250, 1, (400, 1_000, 400));
    check("order.paid", "o1", 500, -1, (0, 600, 0));
    assert_eq!((exposure.open_orders(1), exposure.open_orders(2)), ((0, 0), (0, 0)));
    let (size, open) = (exposure.encode().len(), sums(&exposure));
    exposure.forget_before(at(0).day());
    assert_eq!(exposure.encode().len(), size);
    exposure.forget_before(at(2_000).day());
    assert!(exposure.encode().len() < size / 2);
    assert_eq!(sums(&exposure), open);
}

#[test]
fn reservations_count_until_they_are_used_given_up_or_too_old() {
    let mut exposure = Exposure::default();
    let hold = |amount, minute, order: Option<&str>| Reservation {
        merchant: Some(1),
        buyer: Some(2),
        amount,
        expires_at: at(minute),
        order: order.map(Into::into),
        confirmed: false,
    };
    exposure.reserve("d1", hold(100, 10, Some("o1")));
    exposure.reserve("d1", hold(900, 10, Some("o1")));
    exposure.reserve("d2", hold(50, 5, None));
    exposure.reserve("d3", hold(7, 20, Some("o3")));
    assert_eq!(sums(&exposure), (157, 157, 157));
    // The payment of its order uses a reservation up, in the same stroke.
    assert_eq!(apply(&mut exposure, &event("order.paid", "o1", 120), 1).as_deref(), Some("d1"));
    assert_eq!(sums(&exposure), (177, 177, 177));
    assert_eq!((exposure.expired(at(4)).len(), exposure.next_expiry()), (0, Some(at(5))));
    assert_eq!(exposure.expired(at(5)), ["d2".into()]);
    assert!(exposure.close("d2").is_some() && exposure.close("d2").is_none());
    assert_eq!(sums(&exposure), (127, 127, 127));
    let again = Exposure::decode(&exposure.encode()).unwrap();
    assert_eq!((sums(&again), again.encode()), (sums(&exposure), exposure.encode()));
    assert_eq!(again.reservation("d3"), exposure.reservation("d3"));
    // Confirmed, an amount stays held until the payment comes, or a bound; without an order it is let go of at once.
    exposure.reserve("d4", hold(40, 20, None));
    assert!(exposure.confirm("d4", None, at(90)).is_some() && exposure.confirm("d4", None, at(90)).is_none());
    assert!(exposure.confirm("d3", None, at(90)).is_some());
    assert_eq!((sums(&exposure), exposure.next_expiry()), ((127, 127, 127), Some(at(90))));
    assert_eq!(apply(&mut exposure, &event("order.paid", "o3", 7), 1).as_deref(), Some("d3"));
    assert_eq!((sums(&exposure), exposure.next_expiry()), ((127, 127, 127), None));
}

const KINDS: [&str; 10] = [
    "order.paid",
    "refund.issued",
    "order.delivered",
    "order.cancelled",
    "credit.drawn",
    "credit.repaid",
    "credit.written_off",
    "claim.opened",
    "claim.decided",
    "claim.withdrawn",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn neither_order_nor_retractions_leave_a_trace(
        picks in prop::collection::vec((0_usize..10, 0_usize..3, 1_i64..1_000, any::<bool>()), 0..40),
        turn in 0_usize..40,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        let events: Vec<(Event, bool)> = picks
            .into_iter()
            .filter(|(kind, thing, value, _)| seen.insert((*kind, *thing, *value)))
            .map(|(kind, thing, value, taken_back)| (event(KINDS[kind], &format!("t{thing}"), value), taken_back))
            .collect();
        let mut one = Exposure::default();
        for (event, taken_back) in &events {
            apply(&mut one, event, 1);
            if *taken_back {
                apply(&mut one, event, -1);
            }
        }
        let mut other = Exposure::default();
        let kept = events.iter().filter(|(_, taken_back)| !taken_back);
        let turn = turn % events.len().max(1);
        kept.clone().cycle().skip(turn).take(kept.count()).for_each(|(event, _)| drop(apply(&mut other, event, 1)));
        prop_assert_eq!(sums(&one), sums(&other));
        prop_assert_eq!(one.encode(), other.encode());
        // One that forgets orders of which nothing is open, and recalls them when there is news.
        let mut forgetful = Exposure::default();
        let types = ExposureTypes::resolve(&STARTER.vocabulary);
        let mut past: Vec<&Event> = Vec::new();
        for (n, (event, taken_back)) in events.iter().enumerate() {
            for sign in if *taken_back { &[1, -1][..] } else { &[1] } {
                if (n + turn).is_multiple_of(3) {
                    forgetful.forget_over(Day(0));
                }
                if let Some(order) = forgetful.lacks(&STARTER.vocabulary, &types, &STARTER.rates, event) {
                    let own = |past: &&&Event| past.text(STARTER.vocabulary.get(past.kind), "order") == Some(order);
                    let own = past.iter().filter(own).map(|past| (*past, (Some(1), Some(2))));
                    forgetful.recall(&STARTER.vocabulary, &types, &STARTER.rates, own);
                }
                apply(&mut forgetful, event, *sign);
                if *sign > 0 { past.push(event) } else { past.retain(|known| known.key() != event.key()) }
            }
            prop_assert!(forgetful.of(1) >= 0 && forgetful.of(2) >= 0);
        }
        prop_assert_eq!(sums(&forgetful), sums(&one));
        prop_assert!(one.of(1) >= 0 && one.of(2) >= 0);
        prop_assert_eq!(sums(&Exposure::decode(&one.encode()).unwrap()), sums(&one));
    }

    #[test]
    fn no_bytes_bring_the_decoder_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Exposure::decode(&bytes);
    }
}
