//! A made-up marketplace as events: words known late, words taken back or objected to.

use super::Random;
use probity_primitives::{Duration, Timestamp};
use serde_json::{Value, json};

/// So many hours after the first of January 2023.
pub(crate) fn hour(hours: u64) -> Timestamp {
    Timestamp::parse("2023-01-01T00:00:00Z").unwrap().plus(Duration(hours as i64 * 3_600_000))
}

/// An event of the shop, so many hours after the beginning.
pub(crate) fn event(id: &str, kind: &str, at: u64, more: Value) -> Value {
    let mut event = json!({"id": id, "source": "shop", "type": kind, "occurred_at": hour(at).to_string()});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

/// An event of an order of the first merchant and buyer.
pub(crate) fn of_order(id: &str, order: &str, kind: &str, at: u64) -> Value {
    let mut more = json!({"merchant": "m0", "buyer": "b0", "order": order});
    let own = match kind {
        "order.placed" => json!({"value": "259.71", "currency": "BRL"}),
        "order.paid" => json!({"value": "259.71", "currency": "BRL", "method": "card"}),
        "review.posted" => json!({"rating": 1, "verified": true}),
        _ => json!({}),
    };
    more.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    event(id, kind, at, more)
}

/// A mark about an event of the shop.
pub(crate) fn mark(id: &str, kind: &str, at: u64, target: &str) -> Value {
    let own =
        if kind == "objection.closed" { json!({"outcome": "rejected"}) } else { json!({"reason": "wrong"}) };
    let mut mark = event(id, kind, at, own);
    mark["target"] = json!(target);
    mark
}

/// A marketplace of some orders: words known late, words taken back or objected to, retractions taken back.
pub(crate) fn marketplace(random: &mut Random, orders: u64) -> Vec<Value> {
    let mut events: Vec<Value> = Vec::new();
    for order in 0..orders {
        let start = random.below(300 * 24);
        let merchant = format!("m{}", [0, 0, 0, 1, 2][random.below(5) as usize]);
        let buyer = format!("b{}", random.below(5));
        let mut own = Vec::new();
        for (kind, chance, earliest, latest) in [
            ("order.placed", 100, 0, 1),
            ("order.paid", 90, 0, 20),
            ("order.cancelled", 12, 1, 200),
            ("order.shipped", 80, 2, 170),
            ("order.delivered", 70, 30, 800),
            ("review.posted", 60, 100, 1_200),
        ] {
            if random.below(100) >= chance {
                continue;
            }
            let at = start + earliest + random.below(latest - earliest);
            let id = format!("e{}", events.len());
            let mut told = of_order(&id, &format!("o{order}"), kind, at);
            told["merchant"] = json!(merchant);
            told["buyer"] = json!(buyer);
            match kind {
                "order.placed" => told["value"] = json!(format!("{}.50", 1 + random.below(300))),
                "order.cancelled" => {
                    told["by"] = json!(["buyer", "seller", "platform"][random.below(3) as usize])
                }
                "review.posted" => told["rating"] = json!(1 + random.below(5)),
                _ => {}
            }
            events.push(known_late(random, told, at));
            own.push(id);
        }
        for id in own {
            marks(random, &mut events, &id, start);
        }
    }
    events
}

/// Some events become known late.
pub(crate) fn known_late(random: &mut Random, mut event: Value, at: u64) -> Value {
    if random.below(10) < 4 {
        event["known_at"] = json!(hour(at + 24 * [0, 1, 10, 45][random.below(4) as usize]).to_string());
    }
    event
}

fn marks(random: &mut Random, events: &mut Vec<Value>, target: &str, start: u64) {
    let mut add = |random: &mut Random, kind: &str, at: u64, target: &str| {
        let id = format!("e{}", events.len());
        let mut told = mark(&id, kind, at, target);
        if kind == "objection.closed" {
            told["outcome"] = json!(["corrected", "rejected", "undetermined"][random.below(3) as usize]);
        }
        events.push(known_late(random, told, at));
        id
    };
    let at = start + 500 + random.below(2_500);
    match random.below(100) {
        0..8 => {
            let retraction = add(random, "event.retracted", at, target);
            if random.below(3) == 0 {
                let later = at + random.below(500);
                add(random, "event.retracted", later, &retraction);
            }
        }
        8..16 => {
            add(random, "objection.opened", at, target);
            if random.below(3) > 0 {
                let later = at + 10 + random.below(900);
                add(random, "objection.closed", later, target);
            }
        }
        _ => {}
    }
}
