//! Events go in.

use crate::house::{House, placed};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use serde_json::{Value, json};
use std::io::Write;

#[test]
fn one_event_is_taken_once() {
    let house = House::new();
    let event = placed("e1", "m1", "b1", "2018-06-14T10:00:00Z");
    let reply = house.post(event.to_string());
    assert_eq!((reply.status, reply.json()["status"].as_str()), (201, Some("taken")), "{}", reply.text());
    let seq = reply.json()["seq"].as_u64().unwrap();

    let again = house.post(event.to_string());
    assert_eq!(again.status, 200);
    assert_eq!(again.json(), json!({"status": "duplicate", "seq": seq}));

    let mut other = event.clone();
    other["value"] = json!("99.00");
    let conflict = house.post(other.to_string());
    assert_eq!((conflict.status, conflict.code().as_str()), (409, "event-id-reused"));
    let kept = house.json("/v1/set-aside");
    assert_eq!(kept["items"][0]["code"], "event-id-reused", "{kept}");

    // What was acknowledged is read at once.
    let stored = house.json("/v1/events/e1?source=shop");
    assert_eq!((&stored["seq"], &stored["fields"]["value"]), (&json!(seq), &json!("12.30")));
    for party in ["merchant:m1", "buyer:b1"] {
        let score = house.json(&format!("/v1/parties/{party}/score"));
        assert_eq!((&score["party"], &score["events"]), (&json!(party), &json!(1)), "{score}");
    }
}

#[test]
fn many_senders_of_the_same_events_have_one_effect() {
    let house = House::new();
    let batch: Vec<Value> =
        (0..20).map(|n| placed(&format!("e{n}"), "m1", "b1", "2018-06-14T10:00:00Z")).collect();
    let bodies = [batch[0].to_string(), Value::from(batch.clone()).to_string()];
    let start = std::sync::Barrier::new(12);
    let send = |body: &str| {
        start.wait();
        let reply = house.post(body);
        assert!(matches!(reply.status, 200 | 201), "{}", reply.text());
        reply.json()
    };
    let replies: Vec<Value> = std::thread::scope(|scope| {
        let send = &send;
        let senders: Vec<_> =
            (0..6).flat_map(|_| &bodies).map(|body| scope.spawn(move || send(body))).collect();
        senders.into_iter().map(|sender| sender.join().unwrap()).collect()
    });
    // Each event was new to one of them, and to all others a duplicate of the same row.
    let (mut taken, mut rows) = ([0; 20], [(); 20].map(|()| std::collections::BTreeSet::new()));
    for reply in &replies {
        let alone = [reply.clone()];
        for (at, item) in reply["items"].as_array().map_or(&alone[..], Vec::as_slice).iter().enumerate() {
            taken[at] += i32::from(item["status"] == "taken");
            assert!(item["status"] == "taken" || item["status"] == "duplicate", "{item}");
            rows[at].insert(item["seq"].as_u64().unwrap());
        }
    }
    assert_eq!(taken, [1; 20]);
    assert!(rows.iter().all(|rows| rows.len() == 1), "{rows:?}");
    assert_eq!(house.json("/v1/parties/merchant:m1/score")["events"], 20);
    assert_eq!(house.json("/v1/set-aside")["items"], json!([]));
}

#[test]
fn a_mark_about_a_mark_is_none_whichever_comes_first() {
    let mark = |id: &str, kind: &str, day: u32, target: &str| {
        json!({"id": id, "source": "shop", "type": kind, "occurred_at": format!("2018-06-{day:02}T10:00:00Z"),
            "known_at": format!("2018-06-{day:02}T10:00:00Z"), "target": target, "reason": "x"})
    };
    let fact = placed("e1", "m1", "b1", "2018-06-01T10:00:00Z");
    let first = mark("x1", "event.retracted", 2, "e1");
    let itself = mark("x3", "event.retracted", 4, "x3");
    for second in [mark("x2", "event.retracted", 3, "x1"), mark("x2", "objection.opened", 3, "x1"), itself] {
        for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
            let house = House::new();
            let told = [&fact, &first, &second];
            for at in order {
                let reply = house.post(told[at].to_string());
                let refused = reply.status == 422 && reply.code() == "target-is-mark";
                assert!(reply.status == 201 || (at == 2 && refused), "{order:?}: {}", reply.text());
            }
            let score = house.json("/v1/parties/merchant:m1/score?as_of=latest");
            assert_eq!(
                (&score["as_of"], &score["events"]),
                (&json!("2018-06-02T10:00:00Z"), &json!(0)),
                "{order:?}"
            );
            let aside = house.json("/v1/set-aside");
            let codes: Vec<&Value> =
                aside["items"].as_array().unwrap().iter().map(|item| &item["code"]).collect();
            assert_eq!(codes, ["target-is-mark"], "{order:?}: {aside}");
            let again = house.restarted();
            assert_eq!(again.json("/v1/parties/merchant:m1/score?as_of=latest"), score, "{order:?}");
        }
    }
}

#[test]
fn the_newest_event_may_be_a_mark() {
    let fact = placed("e1", "m1", "b1", "2018-06-01T10:00:00Z");
    let closed = json!({"id": "x1", "source": "shop", "type": "objection.closed", "target": "e1",
        "occurred_at": "2018-06-05T10:00:00Z", "known_at": "2018-06-05T10:00:00Z", "outcome": "rejected"});
    let path = "/v1/parties/merchant:m1/score?as_of=latest";
    for told in [[&fact, &closed], [&closed, &fact]] {
        let house = House::new();
        assert_eq!(house.get(path).code(), "log-empty");
        house.post(told[0].to_string());
        if told[0] == &closed {
            assert_eq!(house.get(path).code(), "party-unknown", "the log is not empty");
        } else {
            assert_eq!(house.json(path)["as_of"], "2018-06-01T10:00:00Z");
        }
        house.post(told[1].to_string());
        assert_eq!(house.json(path)["as_of"], "2018-06-05T10:00:00Z");
        assert_eq!(house.restarted().json(path)["as_of"], "2018-06-05T10:00:00Z");
    }
}

#[test]
fn a_batch_tells_item_by_item() {
    let house = House::new();
    let at = "2018-06-01T10:00:00Z";
    house.post(placed("e0", "m1", "b1", at).to_string());
    let mut other = placed("e0", "m1", "b1", at);
    other["value"] = json!("1.00");
    let batch = json!([
        placed("e1", "m1", "b1", at),
        placed("e0", "m1", "b1", at),
        {"id": "e2", "type": "no.such", "occurred_at": at},
        other,
        placed("e1", "m1", "b1", at),
        placed("e3", "m2", "b1", "2018-06-15T12:06:00Z"),
        7,
        placed("e4", "m2", "b2", at),
    ]);
    let reply = house.post(batch.to_string());
    assert_eq!(reply.status, 207);
    let answer = reply.json();
    assert_eq!(
        (&answer["taken"], &answer["duplicates"], &answer["refused"]),
        (&json!(2), &json!(2), &json!(4))
    );
    let items: Vec<(u64, &str, Option<&str>)> = answer["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["index"].as_u64().unwrap(),
                item["status"].as_str().unwrap(),
                item["problems"][0]["code"].as_str(),
            )
        })
        .collect();
    let expected = [
        (0, "taken", None),
        (1, "duplicate", None),
        (2, "refused", Some("event-unknown-type")),
        (3, "conflict", Some("event-id-reused")),
        (4, "duplicate", None),
        (5, "refused", Some("event-in-future")),
        (6, "refused", Some("event-json")),
        (7, "taken", None),
    ];
    assert_eq!(items, expected);

    // Nothing is lost: what was refused lies aside with its reason, content and place.
    let aside = house.json("/v1/set-aside?limit=1000");
    let of = |code: &str| {
        let items = aside["items"].as_array().unwrap();
        items.iter().find(|item| item["code"] == code).unwrap_or_else(|| panic!("{code}: {aside}")).clone()
    };
    assert_eq!(of("event-unknown-type")["line"], 3);
    assert!(of("event-in-future")["content"].as_str().unwrap().contains("\"e3\""));

    let brief = house.send(
        "POST",
        "/v1/events?brief=1",
        &[("content-type", "application/json")],
        json!([placed("e1", "m1", "b1", at), placed("e9", "m1", "b1", at)]).to_string().as_bytes(),
    );
    assert_eq!(brief.status, 200);
    assert_eq!(brief.json()["items"].as_array().unwrap().len(), 1, "only the duplicate");
    assert_eq!(house.post("[]").json(), json!({"taken": 0, "duplicates": 0, "refused": 0, "items": []}));
}

#[test]
fn cloud_events_of_both_kinds() {
    let house = House::new();
    let event = |id: &str| {
        json!({"specversion": "1.0", "id": id, "source": "shop", "type": "order.placed",
            "time": "2018-06-01T10:00:00Z", "subject": "merchant:m1",
            "data": {"buyer": "b1", "order": "o1", "value": "12.30", "currency": "BRL"}})
    };
    let (one, many) = ("application/cloudevents+json", "application/cloudevents-batch+json; charset=utf-8");
    let send = |kind: &str, body: Value| {
        house.send("POST", "/v1/events", &[("content-type", kind)], body.to_string().as_bytes())
    };
    assert_eq!(send(one, event("c1")).status, 201);
    assert_eq!(send(one, event("c1")).status, 200);
    let batch = send(many, json!([event("c1"), event("c2"), {"specversion": "0.3"}]));
    assert_eq!((batch.status, &batch.json()["taken"], &batch.json()["refused"]), (207, &json!(1), &json!(1)));
    assert_eq!(send(one, json!([event("c3")])).code(), "event-json");
    assert_eq!(send(many, event("c3")).code(), "event-json");
    let mut extended = event("c4");
    extended["partitionkey"] = json!("x");
    let refused = send(one, extended);
    assert_eq!((refused.status, refused.code().as_str()), (422, "cloudevents-invalid"));
    assert_eq!(house.json("/v1/events/c2?source=shop")["fields"]["merchant"], "m1");
}

#[test]
fn compressed_bodies() {
    let house = House::new();
    let batch = json!([placed("z1", "m1", "b1", "2018-06-01T10:00:00Z")]).to_string();
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(batch.as_bytes()).unwrap();
    let gzip = gzip.finish().unwrap();
    let mut zlib = ZlibEncoder::new(Vec::new(), Compression::fast());
    zlib.write_all(batch.as_bytes()).unwrap();
    let zlib = zlib.finish().unwrap();
    let cut = &gzip[..gzip.len() - 9];
    let cases: [(&str, &[u8], u16); 7] = [
        ("gzip", &gzip, 200),
        ("deflate", &zlib, 200),
        ("identity", batch.as_bytes(), 200),
        ("gzip", cut, 400),
        ("gzip", batch.as_bytes(), 400),
        ("deflate", &gzip, 400),
        ("br", &gzip, 415),
    ];
    for (encoding, body, status) in cases {
        let headers = [("content-type", "application/json"), ("content-encoding", encoding)];
        let reply = house.send("POST", "/v1/events", &headers, body);
        assert_eq!(reply.status, status, "{encoding}: {}", reply.text());
    }
}

#[test]
fn a_history_is_known_when_it_occurred_and_its_timers_wait_for_the_next_reader() {
    let house = House::new();
    let mut event = placed("h1", "m1", "b1", "2018-01-01T10:00:00Z");
    event.as_object_mut().unwrap().remove("known_at");
    let headers = [("content-type", "application/json")];
    let reply = house.send("POST", "/v1/events?arrival=history", &headers, event.to_string().as_bytes());
    assert_eq!(reply.status, 201);
    assert_eq!(house.json("/v1/events/h1?source=shop")["known_at"], "2018-01-01T10:00:00Z");
    // Never paid: the fact that it was not stands at the moment at which it fell due.
    house.json("/v1/parties/merchant:m1/score");
    let timeline = house.json("/v1/parties/merchant:m1/timeline");
    let unpaid = timeline["items"].as_array().unwrap().iter().find(|item| item["type"] == "order.unpaid");
    assert_eq!(unpaid.unwrap_or_else(|| panic!("{timeline}"))["known_at"], "2018-01-08T10:00:00Z");
}
