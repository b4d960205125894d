//! Bad input gets a clear answer, and the server goes on.

use crate::house::{House, Reply, placed};
use flate2::Compression;
use flate2::write::GzEncoder;
use probity_server::http::ServeOptions;
use serde_json::{Value, json};
use std::io::Write;
use std::time::Duration;

/// An event with one field set to something.
fn with(field: &str, value: Value) -> String {
    let mut event = placed("x1", "m1", "b1", "2018-06-01T10:00:00Z");
    event[field] = value;
    event.to_string()
}

/// An event whose amount stands there word for word.
fn amount(text: &str) -> String {
    with("value", json!("AMOUNT")).replace("\"AMOUNT\"", text)
}

fn check(house: &House, what: &str, reply: &Reply, status: u16, code: &str, pointer: &str) {
    assert_eq!((reply.status, reply.code().as_str()), (status, code), "{what}: {}", reply.text());
    let errors = reply.json()["errors"].clone();
    assert_eq!(errors[0]["pointer"], pointer, "{what}: {errors}");
    let page = house.get(&format!("/docs/errors/{code}"));
    assert_eq!((page.status, page.header("content-type")), (200, "text/markdown; charset=utf-8"), "{code}");
}

#[test]
fn events_that_cannot_be() {
    let house = House::new();
    let long = "x".repeat(1 << 20);
    let cases: Vec<(&str, String, &str, &str)> = vec![
        (
            "10 minutes ahead",
            with("occurred_at", json!("2018-06-15T12:10:00Z")),
            "event-in-future",
            "/occurred_at",
        ),
        (
            "10 years ahead",
            with("occurred_at", json!("2028-06-15T12:00:00Z")),
            "event-in-future",
            "/occurred_at",
        ),
        ("no offset", with("occurred_at", json!("2018-06-01T10:00:00")), "time-invalid", "/occurred_at"),
        ("no such day", with("occurred_at", json!("2018-02-30T10:00:00Z")), "time-invalid", "/occurred_at"),
        ("epoch", with("occurred_at", json!(1_527_847_200)), "event-field-invalid", "/occurred_at"),
        ("negative", amount("\"-1.00\""), "event-field-invalid", "/value"),
        ("negative minor", amount("-1"), "event-field-invalid", "/value"),
        ("1e308", amount("1e308"), "event-field-invalid", "/value"),
        ("float", amount("12.3"), "event-field-invalid", "/value"),
        ("NaN", amount("\"NaN\""), "amount-invalid", "/value"),
        ("Infinity", amount("\"Infinity\""), "amount-invalid", "/value"),
        ("grouped", amount("\"1,000\""), "amount-invalid", "/value"),
        ("underscored", amount("\"1_000\""), "amount-invalid", "/value"),
        ("full width", amount("\"１００\""), "amount-invalid", "/value"),
        ("31 digits", amount("\"1234567890123456789012345678901\""), "amount-invalid", "/value"),
        ("three decimals", amount("\"1.234\""), "amount-invalid", "/value"),
        ("2^63", amount("9223372036854775808"), "event-field-invalid", "/value"),
        ("unknown currency", with("currency", json!("XXQ")), "currency-unknown", "/currency"),
        ("lower case", with("currency", json!("brl")), "currency-unknown", "/currency"),
        (
            "two currencies",
            with("value", json!({"amount": "1.00", "currency": "EUR"})),
            "event-field-invalid",
            "/value",
        ),
        ("bidi id", with("id", json!("a\u{202e}b")), "id-invalid", "/id"),
        ("zero width", with("merchant", json!("m\u{200b}1")), "id-invalid", "/merchant"),
        ("homoglyph", with("merchant", json!("m\u{0430}1")), "id-invalid", "/merchant"),
        ("NUL", with("buyer", json!("b\u{0}1")), "id-invalid", "/buyer"),
        ("1 MB id", with("id", json!(long)), "id-invalid", "/id"),
        ("unknown field", with("amonut", json!("1.00")), "event-unknown-field", "/amonut"),
        ("unknown type", with("type", json!("order.plcaed")), "event-unknown-type", "/type"),
        ("derived type", with("type", json!("order.unpaid")), "", ""),
        ("our source", with("source", json!("probity")), "event-derived", "/source"),
        ("prohibited", with("religion", json!("x")), "field-prohibited", "/religion"),
    ];
    for (what, body, code, pointer) in &cases {
        let reply = house.post(body);
        if code.is_empty() {
            assert_eq!(reply.status, 422, "{what}: {}", reply.text());
        } else {
            check(&house, what, &reply, 422, code, pointer);
        }
    }
    // All lie aside; what may not be kept, without its content.
    let aside = house.json("/v1/set-aside?limit=1000");
    let items = aside["items"].as_array().unwrap();
    assert_eq!(items.len(), cases.len());
    let of = |code: &str| items.iter().find(|item| item["code"] == code).unwrap();
    assert_eq!(of("field-prohibited")["content"], "");
    assert_ne!(of("amount-invalid")["content"], "");
    assert_eq!(house.json("/v1/events")["items"], json!([]));
    // A ten-year-old event is late, not wrong.
    assert_eq!(
        house.post(with("occurred_at", json!("2008-06-01T10:00:00Z"))).status,
        422,
        "no rate reaches back"
    );
    let old = json!({"id": "old", "type": "account.opened", "occurred_at": "2008-06-01T10:00:00Z"});
    assert_eq!(house.post(old.to_string()).status, 201);
}

#[test]
fn bodies_that_cannot_be_read() {
    let house = House::new();
    let event = with("id", json!("x2"));
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("nothing", Vec::new()),
        ("not JSON", b"hello".to_vec()),
        ("cut", event.as_bytes()[..40].to_vec()),
        (
            "invalid UTF-8",
            event
                .replace("x2", "A")
                .into_bytes()
                .iter()
                .map(|b| if *b == b'A' { 0xff } else { *b })
                .collect(),
        ),
        ("lone surrogate", event.replace("x2", "\\ud800").into_bytes()),
        ("byte order mark", [b"\xef\xbb\xbf", event.as_bytes()].concat()),
        ("deep objects", format!("{}1{}", "{\"a\":".repeat(1_000_000), "}".repeat(1_000_000)).into_bytes()),
        ("deep lists", [vec![b'['; 1_000_000], vec![b']'; 1_000_000]].concat()),
        ("unclosed deep lists", vec![b'['; 1_000_000]),
        ("a key twice", event.replacen('{', "{\"id\":\"y\",", 1).into_bytes()),
        ("NaN", event.replace("\"12.30\"", "NaN").into_bytes()),
        ("two events", [event.as_bytes(), event.as_bytes()].concat()),
        ("a text", b"\"order.placed\"".to_vec()),
    ];
    for (what, body) in cases {
        let reply = house.post(&body);
        if what == "deep lists" {
            // A list of one item that is no event.
            assert_eq!(reply.status, 207, "{what}");
        } else {
            assert_eq!(
                (reply.status, reply.code().as_str()),
                (400, "event-json"),
                "{what}: {}",
                reply.text()
            );
        }
    }
    assert_eq!(house.post(event).status, 201, "the server goes on");
}

#[test]
fn requests_that_are_not_taken() {
    let house = House::new();
    let json_type = [("content-type", "application/json")];
    let many = format!("[{}]", vec!["1"; 5_001].join(","));
    let send = |method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]| {
        house.send(method, path, headers, body)
    };
    let cases: Vec<(Reply, u16, &str)> = vec![
        (send("GET", "/nowhere", &[], b""), 404, "not-found"),
        (send("GET", "/v1/parties/merchant:nobody/score?as_of=now", &[], b""), 404, "party-unknown"),
        // Without a moment the newest event's is meant, and there is none.
        (send("GET", "/v1/parties/merchant:nobody/score", &[], b""), 404, "log-empty"),
        (send("GET", "/v1/events/none", &[], b""), 404, "event-unknown"),
        (send("GET", "/v1/catalogue/files/none.toml", &[], b""), 404, "catalogue-unknown"),
        (send("GET", "/v1/catalogue/events/no.such", &[], b""), 404, "catalogue-unknown"),
        (send("GET", "/docs/errors/no-such", &[], b""), 404, "not-found"),
        (send("GET", "/v1/parties/merchant:m/score?as_of=latest", &[], b""), 404, "log-empty"),
        (send("DELETE", "/v1/events", &[], b""), 405, "method-not-allowed"),
        (send("POST", "/livez", &[], b""), 405, "method-not-allowed"),
        (send("POST", "/v1/events", &[("content-type", "text/csv")], b"a,b"), 415, "media-type-unsupported"),
        (send("POST", "/v1/events", &[], b"{}"), 415, "media-type-unsupported"),
        (send("POST", "/v1/events", &json_type, many.as_bytes()), 413, "batch-too-large"),
        (send("POST", "/v1/events?source=a%20b", &json_type, b"{}"), 400, "id-invalid"),
        (send("POST", "/v1/events?arrival=soon", &json_type, b"{}"), 400, "parameter-invalid"),
        (send("POST", "/v1/events?breif=1", &json_type, b"{}"), 400, "parameter-invalid"),
        (send("GET", "/v1/parties", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties?of=bank", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties?of=buyer&sort=age", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties?of=buyer&tier=none", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties?of=buyer&limit=0", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties?of=buyer&limit=1001", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties?of=buyer&limit=1&limit=2", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties?of=buyer&cursor=abc", &[], b""), 400, "cursor-invalid"),
        (send("GET", "/v1/parties/m1/score", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties/merchant:%E2%80%AE/score", &[], b""), 400, "parameter-invalid"),
        (send("GET", "/v1/parties/%ff/score", &[], b""), 400, "request-invalid"),
        (send("GET", "/v1/parties/merchant:m/score?as_of=yesterday", &[], b""), 400, "as-of-invalid"),
        (
            send("GET", "/v1/parties/merchant:m/score?as_of=2030-01-01T00:00:00Z", &[], b""),
            400,
            "as-of-in-future",
        ),
    ];
    for (reply, status, code) in cases {
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{}", reply.text());
    }
    assert_eq!(house.send("DELETE", "/v1/events", &[], b"").header("allow"), "POST,GET,HEAD");
}

#[test]
fn large_bodies_and_bombs_are_stopped_early() {
    let house = House::new();
    let json_type = ("content-type", "application/json");
    // Refused by its declared length, and, chunked, as soon as the bound is passed.
    let large = vec![b' '; (16 << 20) + 1];
    assert_eq!(house.post(&large).code(), "body-too-large");
    let mut stream = house.connect();
    let head = "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                transfer-encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
    let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 1 << 20], b"\r\n"].concat();
    for _ in 0..17 {
        if stream.write_all(&chunk).is_err() {
            break;
        }
    }
    assert_eq!(Reply::read(&mut stream).code(), "body-too-large");

    // 64 members of 16 MiB each: 1 GiB of blanks in a megabyte.
    let mut member = GzEncoder::new(Vec::new(), Compression::best());
    member.write_all(&vec![b' '; 16 << 20]).unwrap();
    let bomb = member.finish().unwrap().repeat(64);
    assert!(bomb.len() < 2 << 20);
    let before = resident();
    let reply = house.send("POST", "/v1/events", &[json_type, ("content-encoding", "gzip")], &bomb);
    assert_eq!((reply.status, reply.code().as_str()), (413, "body-too-large"));
    // Peak of the whole process, the other tests included.
    let peak = resident_peak();
    assert!(peak.saturating_sub(before) < 128 << 20, "{before} to {peak}");
}

fn status_of(key: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(key)).unwrap_or("0 kB").trim().to_owned();
    line.trim_end_matches("kB").trim().parse::<u64>().unwrap() * 1024
}

fn resident() -> u64 {
    status_of("VmRSS:")
}

fn resident_peak() -> u64 {
    status_of("VmHWM:")
}

#[test]
fn slow_and_too_many_bodies_are_shed() {
    let options = ServeOptions {
        request_timeout: Duration::from_millis(400),
        body_room: 64 << 10,
        ..ServeOptions::default()
    };
    let house = House::with(options);
    // A body that never comes.
    let mut slow = house.connect();
    let head = "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                content-length: 1000\r\n\r\n{";
    slow.write_all(head.as_bytes()).unwrap();
    let reply = Reply::read(&mut slow);
    assert_eq!((reply.status, reply.code().as_str()), (408, "request-timeout"));

    let patient = House::with(ServeOptions { body_room: 64 << 10, ..ServeOptions::default() });
    // One that takes all the room and does not go on: the next is turned away after a while.
    let mut greedy = patient.connect();
    let head = "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
                content-length: 100000\r\n\r\n";
    greedy.write_all(head.as_bytes()).unwrap();
    greedy.write_all(&vec![b' '; 64 << 10]).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    let reply = patient.post("[]");
    assert_eq!((reply.status, reply.code().as_str()), (503, "server-busy"));
    assert_eq!(reply.header("retry-after"), "1");
    drop(greedy);
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(patient.post("[]").status, 200, "room again");
}
