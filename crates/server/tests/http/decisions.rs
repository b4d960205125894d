//! Decisions over HTTP: answered, held, replayed, refused, never past a limit.

use crate::house::{House, Reply};
use probity_server::http::ServeOptions;
use serde_json::{Value, json};

fn payment(merchant: &str, buyer: &str, amount: &str) -> Value {
    json!({"kind": "payment", "merchant": merchant, "buyer": buyer, "amount": amount})
}

fn decide(house: &House, key: &str, body: &Value) -> Reply {
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    let headers = if key.is_empty() { &headers[..1] } else { &headers[..] };
    house.send("POST", "/v1/decisions", headers, body.to_string().as_bytes())
}

fn decided(house: &House, key: &str, body: &Value) -> Value {
    let reply = decide(house, key, body);
    assert_eq!(reply.status, 200, "{body}: {}", reply.text());
    reply.json()
}

fn close(house: &House, id: &str, how: &str, body: &str) -> Reply {
    house.send("POST", &format!("/v1/decisions/{id}/{how}"), &[], body.as_bytes())
}

fn open(house: &House, party: &str) -> String {
    house.json(&format!("/v1/parties/{party}/exposure"))["open"].as_str().unwrap().to_owned()
}

fn event(kind: &str, id: &str, at: &str, more: Value) -> Value {
    let mut event = json!({"id": id, "source": "shop", "type": kind, "occurred_at": at, "merchant": "m-1", "buyer": "b-1"});
    event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    event
}

#[test]
fn a_party_that_nobody_knows_is_answered_by_the_terms_of_newcomers() {
    let house = House::new();
    let answer = decided(&house, "k-1", &payment("m-1", "b-1", "100.00"));
    assert_eq!((&answer["outcome"], &answer["held"]), (&json!("approve"), &json!("100.00")), "{answer}");
    assert_eq!((&answer["buyer"]["tier"], &answer["time_to_live"]), (&json!("new"), &json!("30m")));
    assert_eq!(answer["terms"]["limit"], "400.00");
    assert_eq!((open(&house, "buyer:b-1"), open(&house, "merchant:m-1")), ("100.00".into(), "100.00".into()));
    // More than a merchant without history may take at once.
    let more = decided(&house, "k-2", &payment("m-1", "b-1", "500.00"));
    assert_eq!((&more["outcome"], &more["held"]), (&json!("approve_with_limit"), &json!("400.00")), "{more}");
    assert_eq!(more["reasons"][0]["code"], "P07", "{more}");
    for key in ["text", "advice", "text_zh", "advice_zh"] {
        assert!(!more["reasons"][0][key].as_str().unwrap().is_empty());
    }
    assert!(more["reasons"].as_array().unwrap().len() <= 4);
    // Payouts hold nothing and need no key.
    let payout = decided(&house, "", &json!({"kind": "payout", "merchant": "m-9", "amount": "5.00"}));
    assert_eq!((&payout["outcome"], &payout["held"]), (&json!("approve"), &json!("0.00")));
    let page = house.json("/v1/parties/buyer:b-1/decisions?limit=1");
    assert_eq!(page["items"][0]["id"], more["id"]);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = house.json(&format!("/v1/parties/buyer:b-1/decisions?limit=1&cursor={cursor}"));
    assert_eq!((&rest["items"][0]["id"], &rest["next_cursor"]), (&answer["id"], &Value::Null));
    let shown = house.json(&format!("/v1/decisions/{}", answer["id"].as_str().unwrap()));
    assert_eq!((&shown["status"], &shown["rules"]), (&json!("held"), &answer["rules"]));
}

#[test]
fn what_is_wrong_is_refused_with_its_field() {
    let house = House::new();
    let check = |key: &str, change: Value, status: u16, code: &str, pointer: &str| {
        let mut body = payment("m-1", "b-1", "10.00");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let reply = decide(&house, key, &body);
        assert_eq!((reply.status, reply.code()), (status, code.to_owned()), "{body}: {}", reply.text());
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{}", reply.text());
    };
    check("k", json!({"amount": "-1.00"}), 422, "amount-invalid", "/amount");
    check("k", json!({"amount": "1.005"}), 422, "amount-invalid", "/amount");
    check("k", json!({"amount": null}), 422, "decision-request-invalid", "/amount");
    check("k", json!({"currency": "JPY"}), 422, "currency-without-rate", "/currency");
    check("k", json!({"currency": "eur"}), 422, "currency-unknown", "/currency");
    check("k", json!({"kind": "gift"}), 422, "decision-request-invalid", "/kind");
    check("k", json!({"buyer": null}), 422, "decision-request-invalid", "/buyer");
    check("k", json!({"kind": "payout"}), 422, "decision-request-invalid", "/buyer");
    check("k", json!({"merchant": "a b"}), 400, "id-invalid", "/merchant");
    check(
        "k",
        json!({"attributes": {"shoe_size": 4}}),
        422,
        "decision-attribute-invalid",
        "/attributes/shoe_size",
    );
    check(
        "k",
        json!({"attributes": {"second_factor": "yes"}}),
        422,
        "decision-attribute-invalid",
        "/attributes/second_factor",
    );
    check("k", json!({"at": "2018-06-15T12:05:01Z"}), 422, "decision-in-future", "/at");
    check("k", json!({"at": "soon"}), 400, "time-invalid", "/at");
    check("k", json!({"method": "4111111111111111"}), 422, "card-number", "/method");
    check("k", json!({"colour": "red"}), 422, "decision-request-invalid", "");
    check("", json!({}), 422, "decision-key-missing", "/Idempotency-Key");
    check("a b", json!({}), 400, "id-invalid", "/Idempotency-Key");
    assert_eq!(decide(&house, "k", &json!("text")).status, 422);
    assert_eq!(house.send("POST", "/v1/decisions", &[], b"{").status, 400);
    assert_eq!(house.get("/v1/decisions/dec_none").code(), "decision-unknown");
    assert_eq!(close(&house, "dec_none", "confirm", "").code(), "decision-unknown");
    // Nothing of it was recorded, and a clock that is a little ahead is no reason to refuse.
    assert_eq!(house.json("/v1/platform")["events"], 0);
    let mut body = payment("m-1", "b-1", "10.00");
    body["at"] = json!("2018-06-15T12:04:59Z");
    body["attributes"] = json!({"second_factor": null});
    assert_eq!(decided(&house, "k", &body)["outcome"], "approve");
}

#[test]
fn a_key_stands_for_one_request_for_thirty_days() {
    let house = House::new();
    let body = payment("m-1", "b-1", "100.00");
    let first = decide(&house, "k-1", &body);
    assert_eq!((first.status, first.header("idempotency-replayed")), (200, ""));
    let again = decide(
        &house,
        "\"k-1\"",
        &json!({"amount": {"amount": "100.00"}, "buyer": "b-1", "kind": "payment", "merchant": "m-1"}),
    );
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"));
    assert_eq!(again.body, first.body);
    assert_eq!(open(&house, "buyer:b-1"), "100.00");
    let other = decide(&house, "k-1", &payment("m-1", "b-1", "100.01"));
    assert_eq!((other.status, other.code()), (422, "decision-key-reused".into()));
    let house = house.restarted_at("2018-07-15T11:59:59Z");
    assert_eq!(decide(&house, "k-1", &body).body, first.body);
    house.wait_until("2018-07-15T12:00:01Z");
    let fresh = decide(&house, "k-1", &body);
    assert_eq!((fresh.status, fresh.header("idempotency-replayed")), (200, ""));
    assert_ne!(fresh.json()["id"], first.json()["id"]);
    assert_eq!(decide(&house, "k-1", &body).body, fresh.body);
}

#[test]
fn what_is_held_ends_once() {
    let mut house = House::new();
    let mut body = payment("m-1", "b-1", "100.00");
    body["order"] = json!("o-1");
    let ids: Vec<String> = (0..4)
        .map(|n| {
            body["order"] = json!(format!("o-{n}"));
            decided(&house, &format!("k-{n}"), &body)["id"].as_str().unwrap().to_owned()
        })
        .collect();
    house = house.restarted();
    assert_eq!(open(&house, "buyer:b-1"), "400.00", "a restart keeps what is held");
    let released = close(&house, &ids[0], "release", "");
    assert_eq!((released.status, &released.json()["status"]), (200, &json!("released")));
    assert_eq!(close(&house, &ids[0], "release", "").status, 200);
    let reply = close(&house, &ids[0], "confirm", "");
    assert_eq!((reply.status, reply.code()), (409, "decision-closed".into()));
    assert_eq!(open(&house, "buyer:b-1"), "300.00");
    // Confirmed, it stays held until its payment is told; then the order counts instead.
    assert_eq!(close(&house, &ids[1], "confirm", "").json()["status"], "confirmed");
    assert_eq!(open(&house, "buyer:b-1"), "300.00");
    let paid = |n: u32, value: &str| {
        event(
            "order.paid",
            &format!("paid-{n}"),
            "2018-06-15T12:00:00Z",
            json!({"order": format!("o-{n}"), "value": value, "currency": "EUR", "method": "card"}),
        )
    };
    assert_eq!(house.post(paid(1, "90.00").to_string()).status, 201);
    assert_eq!(open(&house, "buyer:b-1"), "290.00");
    // A payment confirms by itself.
    assert_eq!(house.post(paid(2, "100.00").to_string()).status, 201);
    assert_eq!(house.json(&format!("/v1/decisions/{}", ids[2]))["status"], "confirmed");
    assert_eq!(open(&house, "merchant:m-1"), "290.00");
    // Too old, the last one ends by itself, whoever looks.
    house.wait_until("2018-06-15T12:30:00Z");
    assert_eq!(house.json(&format!("/v1/decisions/{}", ids[3]))["status"], "expired");
    let reply = close(&house, &ids[3], "confirm", "");
    assert_eq!((reply.status, reply.code()), (409, "decision-closed".into()));
    assert_eq!(open(&house, "buyer:b-1"), "190.00");
    let nothing = decided(&house, "", &json!({"kind": "payout", "merchant": "m-1", "amount": "1.00"}));
    let reply = close(&house, nothing["id"].as_str().unwrap(), "release", "");
    assert_eq!((reply.status, reply.code()), (409, "decision-holds-nothing".into()));
    house = house.restarted_at("2018-06-15T12:31:00Z");
    assert_eq!(open(&house, "buyer:b-1"), "190.00");
    for id in &ids {
        let replayed = close(&house, id, "replay", "").json();
        assert_eq!(
            (&replayed["same_answer"], &replayed["same_seen"]),
            (&json!(true), &json!(true)),
            "{replayed}"
        );
    }
}

#[test]
fn a_batch_is_answered_item_by_item_and_in_order() {
    let house = House::new();
    let mut items: Vec<Value> = (0..8)
        .map(|n| {
            let mut item = payment(&format!("m-{n}"), "b-1", "400.00");
            item["key"] = json!(format!("k-{n}"));
            item
        })
        .collect();
    items[3]["amount"] = json!("-1");
    let reply =
        house.send("POST", "/v1/decisions/batch", &[], Value::from(items.clone()).to_string().as_bytes());
    assert_eq!(reply.status, 207, "{}", reply.text());
    let answer = reply.json();
    let held: Vec<&str> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["decision"]["held"].as_str().unwrap_or("refused"))
        .collect();
    // Together they may hold what a new buyer may have open: 2500.
    assert_eq!(held, ["400.00", "400.00", "400.00", "refused", "400.00", "400.00", "400.00", "100.00"]);
    assert_eq!(answer["items"][3]["problems"][0]["pointer"], "/amount");
    items.remove(3);
    let again = house.send("POST", "/v1/decisions/batch", &[], Value::from(items).to_string().as_bytes());
    assert!(again.json()["items"].as_array().unwrap().iter().all(|item| item["replayed"] == true));
    assert_eq!(open(&house, "buyer:b-1"), "2500.00");
    let many = vec![payment("m", "b", "1.00"); 501];
    let reply = house.send("POST", "/v1/decisions/batch", &[], Value::from(many).to_string().as_bytes());
    assert_eq!((reply.status, reply.code()), (413, "batch-too-large".into()));
}

#[test]
fn sixteen_clients_together_never_pass_a_limit() {
    let house = House::new();
    let cents = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
    std::thread::scope(|scope| {
        for client in 0..16 {
            let house = &house;
            scope.spawn(move || {
                let mut random = crate::process::Random(client);
                let mut mine = Vec::new();
                for n in 0..25 {
                    let amount = format!("{}.00", 1 + random.below(400));
                    let answer = decided(
                        house,
                        &format!("k-{client}-{n}"),
                        &payment(&format!("m-{}", random.below(40)), "b-1", &amount),
                    );
                    if cents(&answer["held"]) > 0 {
                        mine.push(answer["id"].as_str().unwrap().to_owned());
                    }
                    if random.below(3) == 0
                        && let Some(id) = mine.pop()
                    {
                        assert_eq!(close(house, &id, "release", "").status, 200);
                    }
                    let of = house.json("/v1/parties/buyer:b-1/exposure");
                    assert!(cents(&of["open"]) <= cents(&of["limit"]), "{of}");
                }
            });
        }
    });
    let (mut held, mut cursor) = (0, String::new());
    loop {
        let page = house.json(&format!("/v1/parties/buyer:b-1/decisions?limit=100{cursor}"));
        let items = page["items"].as_array().unwrap();
        held += items
            .iter()
            .filter(|item| item["status"] == "held")
            .map(|item| cents(&item["held"]))
            .sum::<i64>();
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(held, cents(&json!(open(&house, "buyer:b-1"))), "what stands in the log is what is counted");
    assert!(held <= 250_000 && held > 0);
}

#[test]
fn the_terms_are_published() {
    let house = House::new();
    let terms = house.json("/v1/terms");
    assert_eq!(terms["buyer"]["tiers"][2]["payment_limit"], "2500.00");
    let page = house.get("/terms.html");
    assert!(page.text().contains("<td>2500.00 EUR</td>"), "{}", page.text());
}

#[test]
fn answers_before_recording_are_recorded_all_the_same() {
    let house = House::with(ServeOptions { decide_before_recording: true, ..ServeOptions::default() });
    let body = payment("m-1", "b-1", "100.00");
    let first = decided(&house, "k-1", &body);
    assert_eq!(open(&house, "buyer:b-1"), "100.00");
    assert_eq!(decide(&house, "k-1", &body).header("idempotency-replayed"), "true");
    let house = house.restarted();
    let shown = house.json(&format!("/v1/decisions/{}", first["id"].as_str().unwrap()));
    assert_eq!((&shown["status"], open(&house, "buyer:b-1")), (&json!("held"), "100.00".into()));
}
