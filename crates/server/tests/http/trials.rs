//! Trials over HTTP: begun, told, ended; and told to those whose terms they touch.

use crate::house::{House, Reply};
use serde_json::{Value, json};

fn send(house: &House, path: &str, body: &Value) -> Reply {
    house.send("POST", path, &[("content-type", "application/json")], body.to_string().as_bytes())
}

/// Proposes the catalogue in force with smaller single payments to newcomers; its hash.
pub(crate) fn propose(house: &House) -> String {
    let mut texts = serde_json::Map::new();
    for file in house.json("/v1/catalogue")["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let text = house.get(&format!("/v1/catalogue/files/{path}")).text();
        texts.insert(path.to_owned(), text.replace("amount('400.00')", "amount('100.00')").into());
    }
    let proposed = send(house, "/v1/catalogue/propose", &json!({"by": "alice", "texts": texts}));
    assert_eq!(proposed.json()["state"], "tested", "{}", proposed.text());
    proposed.json()["catalogue"].as_str().unwrap().to_owned()
}

/// Begins a trial in shadow.
pub(crate) fn shadow(house: &House) {
    let hash = propose(house);
    let begun = send(house, "/v1/catalogue/shadow", &json!({"by": "alice", "catalogue": hash}));
    assert_eq!((begun.status, &begun.json()["what"]), (201, &json!("shadowed")), "{}", begun.text());
}

fn pay(house: &House, key: &str, buyer: &str, amount: &str) -> Value {
    let body = json!({"kind": "payment", "merchant": "m-1", "buyer": buyer, "amount": amount});
    let headers = [("content-type", "application/json"), ("idempotency-key", key)];
    let reply = house.send("POST", "/v1/decisions", &headers, body.to_string().as_bytes());
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[test]
fn a_shadow_is_begun_told_and_ended() {
    let house = House::new();
    assert_eq!(house.json("/v1/trials"), json!({"items": []}));
    assert_eq!(house.get("/v1/trials/differences").code(), "trial-unknown");
    assert_eq!(send(&house, "/v1/catalogue/stop-trial", &json!({"by": "alice"})).status, 409);
    shadow(&house);
    let answers: Vec<Value> = (0..3).map(|n| pay(&house, &format!("k-{n}"), "b-1", "120.00")).collect();
    assert!(
        answers.iter().all(|one| one["outcome"] == "approve" && one.get("trial").is_none()),
        "{answers:?}"
    );
    let house = house.restarted();
    pay(&house, "k-0", "b-1", "120.00");
    let list = house.json("/v1/trials");
    let trial = &list["items"][0];
    let counts = ["compared", "same", "different", "failed"].map(|name| trial[name].as_u64().unwrap());
    assert_eq!((counts, &trial["running"]), ([3, 0, 3, 0], &json!(true)), "{list}");
    let count =
        json!([{"kind": "payment", "live": "approve", "challenger": "approve_with_limit", "count": 3}]);
    assert_eq!(trial["differences"], count);
    let page = house.json("/v1/trials/differences?limit=2");
    let newest = &page["items"][0];
    assert_eq!((&newest["decision"], &newest["direction"]), (&answers[2]["id"], &json!("cut")), "{page}");
    assert_eq!(
        (&newest["challenger"]["terms"]["limit"], &newest["amount"]),
        (&json!("100.00"), &json!("120.00"))
    );
    assert_eq!(newest["challenger"]["reasons"][0], "P07", "{page}");
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = house.json(&format!("/v1/trials/differences?limit=2&cursor={cursor}"));
    assert_eq!((&rest["items"][0]["decision"], &rest["next_cursor"]), (&answers[0]["id"], &Value::Null));
    assert_eq!(house.get(&format!("/v1/trials/differences?trial=2&cursor={cursor}")).status, 400);
    let then = house.json("/v1/trials/afterwards?within_days=30");
    assert_eq!(then["differences"][0]["fared"]["unknown"], 3, "{then}");
    assert_eq!(house.get("/v1/trials/afterwards?within_days=0").status, 400);
    assert_eq!(house.get("/v1/trials/afterwards?trial=9").status, 404);
    let path = format!("/v1/decisions/{}.shadow/replay", answers[0]["id"].as_str().unwrap());
    let again = send(&house, &path, &json!({})).json();
    assert_eq!((&again["same_answer"], &again["same_seen"]), (&json!(true), &json!(true)), "{again}");
    assert_eq!(house.json("/v1/terms")["trial"], Value::Null);
    assert_eq!(send(&house, "/v1/catalogue/stop-trial", &json!({"by": "bob"})).status, 201);
    pay(&house, "k-9", "b-1", "120.00");
    assert_eq!(house.json("/v1/trials")["items"][0]["compared"], 3);
    let metrics = house.get("/metrics").text();
    // One decision since the restart, after the trial; before it they belong to another process.
    for wanted in [
        "probity_decisions_total{request=\"payment\",outcome=\"approve\"} 1",
        "probity_shadow_compared_total{challenger=\"different\"} 0",
    ] {
        assert!(metrics.contains(wanted), "{wanted}: {metrics}");
    }
}

#[test]
fn a_split_needs_a_second_person_and_is_told_with_the_terms() {
    let house = House::new();
    let hash = propose(&house);
    let split = |share: u32| {
        send(&house, "/v1/catalogue/split", &json!({"by": "bob", "catalogue": hash, "share_bp": share}))
    };
    assert_eq!(split(5_000).status, 409);
    assert_eq!(send(&house, "/v1/catalogue/approve", &json!({"by": "bob", "catalogue": hash})).status, 201);
    let wrong = json!({"by": "bob", "catalogue": hash, "share_bp": 5_000, "of": "bank"});
    assert_eq!(send(&house, "/v1/catalogue/split", &wrong).status, 400);
    assert_eq!(split(0).status, 422);
    let begun = split(5_000);
    assert_eq!(
        (begun.status, &begun.json()["detail"]),
        (201, &json!("50.00 % of the buyers")),
        "{}",
        begun.text()
    );
    assert_eq!(house.json("/v1/terms")["trial"], json!({"of": "buyer", "share_bp": 5_000}));
    assert!(house.get("/terms.html").text().contains("A trial runs"));
    let mut arms = [0; 2];
    for n in 0..20 {
        let answer = pay(&house, &format!("k-{n}"), &format!("b-{n}"), "120.00");
        let theirs = answer["trial"]["arm"] == "challenger";
        arms[usize::from(theirs)] += 1;
        assert_eq!(answer["versions"]["catalogue"] == hash.as_str(), theirs, "{answer}");
        assert_eq!(answer["outcome"] == "approve_with_limit", theirs, "{answer}");
        let id = answer["id"].as_str().unwrap();
        assert_eq!(house.json(&format!("/v1/decisions/{id}"))["trial"], answer["trial"]);
    }
    assert!(arms.iter().all(|count| *count > 2), "{arms:?}");
    let then = house.json("/v1/trials/afterwards");
    let told: u64 =
        then["arms"].as_array().unwrap().iter().map(|one| one["decisions"].as_u64().unwrap()).sum();
    assert_eq!((told, &then["arms"][0]["approval"]["value"]), (20, &json!(1.0)), "{then}");
}
