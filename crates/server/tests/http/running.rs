//! The server as it runs: ids, counters, ending and starting again.

use crate::house::{House, Reply, placed};
use serde_json::{Value, json};
use std::io::Write;
use std::sync::atomic::Ordering;
use std::time::Duration;

#[test]
fn every_answer_carries_an_id() {
    let house = House::new();
    let own = house.send("GET", "/livez", &[("x-request-id", "mine-1")], b"");
    assert_eq!(own.header("x-request-id"), "mine-1");
    for path in ["/livez", "/nowhere", "/page.css"] {
        let made = house.send("GET", path, &[("x-request-id", "not {harmless}")], b"");
        assert!(made.header("x-request-id").starts_with("req_"), "{path}");
    }
}

#[test]
fn health_versions_and_counters() {
    let house = House::new();
    // A timer of it lies ahead, so that there is a next one whether the first tick comes before or after this.
    house.post(json!([placed("e1", "m1", "b1", "2018-06-15T10:00:00Z"), 1]).to_string());
    house.get("/nowhere");
    assert_eq!(house.json("/livez"), json!({"status": "alive"}));
    assert_eq!(house.json("/readyz"), json!({"status": "ready"}));
    assert_eq!(house.json("/version")["catalogue"], house.json("/v1/catalogue")["hash"]);
    let text = house.get("/metrics").text();
    for line in [
        "probity_requests_total{route=\"/v1/events\",method=\"POST\",status=\"207\"} 1",
        "probity_requests_total{route=\"none\",method=\"GET\",status=\"404\"} 1",
        "probity_ingest_events_total{became=\"taken\"} 1",
        "probity_ingest_events_total{became=\"refused\"} 1",
        "probity_store_failed 0",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\n{text}");
    }
    for name in ["probity_next_timer_seconds ", "process_resident_memory_bytes ", "probity_faults_total "] {
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}");
    }
}

#[test]
fn a_clock_that_went_back_is_told_and_rows_do_not_follow_it() {
    let house = House::new();
    let behind = || {
        let text = house.get("/metrics").text();
        let line = text.lines().find_map(|line| line.strip_prefix("probity_clock_behind_seconds "));
        line.unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(house.post(placed("e1", "m1", "b1", "2018-06-01T10:00:00Z").to_string()).status, 201);
    assert!(behind() == 0.0);
    house.wait_until("2018-06-15T11:00:00Z");
    assert!(behind() == 3_600.0);
    assert_eq!(house.post(placed("e2", "m1", "b1", "2018-06-01T10:00:00Z").to_string()).status, 201);
    let recorded = |id: &str| house.json(&format!("/v1/events/{id}?source=shop"))["recorded_at"].clone();
    assert_eq!(recorded("e2"), recorded("e1"));
    house.wait_until("2018-06-15T12:00:01Z");
    assert!(behind() == 0.0);
}

#[test]
fn a_restart_keeps_everything() {
    let mut house = House::new();
    let batch: Vec<Value> = (0..300)
        .map(|n| {
            placed(&format!("e{n}"), &format!("m{}", n % 7), &format!("b{}", n % 50), "2018-06-01T10:00:00Z")
        })
        .collect();
    assert_eq!(house.post(Value::from(batch.clone()).to_string()).status, 200);
    let paths = [
        "/v1/parties?of=merchant&limit=100",
        "/v1/parties/merchant:m3/explanation",
        "/v1/parties/buyer:b3/indicators",
        "/v1/parties/merchant:m3/timeline?limit=1000",
        "/v1/platform",
        "/v1/events?limit=1000",
    ];
    let before: Vec<Value> = paths.iter().map(|path| house.json(path)).collect();
    house = house.restarted();
    for (path, before) in paths.iter().zip(before) {
        assert_eq!(house.json(path), before, "{path}");
    }
    let again = house.post(Value::from(batch).to_string());
    assert_eq!((&again.json()["taken"], &again.json()["duplicates"]), (&json!(0), &json!(300)));
}

#[test]
fn a_request_that_runs_is_finished_before_the_end() {
    let mut house = House::new();
    let event = placed("e1", "m1", "b1", "2018-06-01T10:00:00Z").to_string();
    let mut idle = house.connect();
    let mut running = house.connect();
    let head = format!(
        "POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        event.len()
    );
    running.write_all(head.as_bytes()).unwrap();
    running.write_all(&event.as_bytes()[..10]).unwrap();
    std::thread::sleep(Duration::from_millis(200));
    house.begin_to_stop();
    std::thread::sleep(Duration::from_millis(200));
    running.write_all(&event.as_bytes()[10..]).unwrap();
    let reply = Reply::read(&mut running);
    assert_eq!(reply.status, 201, "{}", reply.text());
    let _ = idle.write_all(b"GET /livez HTTP/1.1\r\nhost: x\r\n\r\n");
    let house = house.restarted();
    assert_eq!(house.json("/v1/events/e1?source=shop")["type"], "order.placed");
}

/// What is on record of a party once there is as much as that; it is put there in the background.
fn on_record(house: &House, months: usize) -> Vec<Value> {
    for _ in 0..300 {
        let items =
            house.json("/v1/parties/merchant:m1/history?as_of=now")["items"].as_array().unwrap().clone();
        if items.len() >= months {
            return items;
        }
        // Between two recordings there is a pause, by the house's clock.
        house.now.fetch_add(1_000, Ordering::SeqCst);
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{months} months never were on record");
}

#[test]
fn months_that_ended_meanwhile_go_on_record_at_the_start() {
    let house = House::new();
    house.post(placed("e1", "m1", "b1", "2018-06-10T10:00:00Z").to_string());
    let house = house.restarted_at("2018-07-02T08:00:00Z");
    let first = on_record(&house, 1);
    assert_eq!(first[0]["as_of"], "2018-06-30T23:59:59.999Z", "{first:?}");
    // A month that ends while it runs, and one whose past came in later.
    house.wait_until("2018-07-21T00:00:00Z");
    house.post(placed("e2", "m1", "b1", "2018-07-20T10:00:00Z").to_string());
    house.wait_until("2018-08-01T00:00:10Z");
    let second = on_record(&house, 2);
    assert_eq!(second[1]["as_of"], "2018-07-31T23:59:59.999Z", "{second:?}");
    house.post(placed("e0", "m1", "b2", "2018-05-20T10:00:00Z").to_string());
    let third = on_record(&house, 3);
    assert_eq!(third[0]["as_of"], "2018-05-31T23:59:59.999Z", "{third:?}");
    assert_eq!(third.len(), 3);
}
