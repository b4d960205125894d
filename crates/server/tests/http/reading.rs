//! What was taken is read back: lists, pages, past moments.

use crate::house::{House, placed};
use serde_json::{Value, json};

/// Orders of `merchants` merchants, the n-th with n + 1 orders, each by a buyer of its own.
fn filled(merchants: usize) -> House {
    let house = House::new();
    let mut batch = Vec::new();
    for merchant in 0..merchants {
        for order in 0..=merchant {
            let at = format!("2018-05-{:02}T10:00:00Z", 1 + (merchant + order) % 28);
            batch.push(placed(
                &format!("e{merchant}-{order}"),
                &format!("m{merchant:02}"),
                &format!("b{merchant}/{order}"),
                &at,
            ));
        }
    }
    assert_eq!(house.post(Value::from(batch).to_string()).status, 200);
    house
}

/// All items of a list, page by page.
fn all(house: &House, path: &str, limit: usize) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    for _ in 0..1_000 {
        let page = house.json(&format!("{path}limit={limit}{cursor}"));
        let found = page["items"].as_array().unwrap();
        assert!(found.len() <= limit);
        items.extend(found.iter().cloned());
        match page["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
    panic!("{path} never ends");
}

#[test]
fn pages_hold_everything_once() {
    let house = filled(20);
    for sort in ["score", "-score", "id"] {
        for limit in [1, 7, 20, 1_000] {
            let items = all(&house, &format!("/v1/parties?of=merchant&sort={sort}&"), limit);
            let mut ids: Vec<&str> = items.iter().map(|item| item["party"].as_str().unwrap()).collect();
            let scores: Vec<i64> = items.iter().map(|item| item["score"].as_i64().unwrap()).collect();
            match sort {
                "score" => assert!(scores.is_sorted()),
                "-score" => assert!(scores.is_sorted_by(|a, b| a >= b)),
                _ => assert!(ids.is_sorted()),
            }
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), 20, "{sort} {limit}");
        }
    }
    assert_eq!(all(&house, "/v1/parties?of=buyer&", 50).len(), 210);
    let timeline = all(&house, "/v1/parties/merchant:m19/timeline?", 7);
    assert_eq!(timeline.iter().filter(|item| item["type"] == "order.placed").count(), 20);
    assert_eq!(timeline, all(&house, "/v1/parties/merchant:m19/timeline?", 1_000));
    assert_eq!(house.json("/v1/parties?of=merchant&q=m1&limit=3")["total"], 10);
    let tier = house.json("/v1/parties?of=merchant&limit=1")["items"][0]["tier"].clone();
    let of_tier = all(&house, &format!("/v1/parties?of=merchant&tier={}&", tier.as_str().unwrap()), 6);
    assert!(!of_tier.is_empty() && of_tier.iter().all(|item| item["tier"] == tier));

    // A cursor answers the question that it came from, and no other.
    let cursor = house.json("/v1/parties?of=merchant&limit=1")["next_cursor"].as_str().unwrap().to_owned();
    for other in
        ["of=buyer", "of=merchant&sort=id", "of=merchant&q=m", "of=merchant&as_of=2018-05-20T00:00:00Z"]
    {
        assert_eq!(
            house.get(&format!("/v1/parties?{other}&cursor={cursor}")).code(),
            "cursor-invalid",
            "{other}"
        );
    }

    // The log, by rows.
    let rows: Vec<u64> =
        all(&house, "/v1/events?", 100).iter().map(|row| row["seq"].as_u64().unwrap()).collect();
    assert!(rows.len() >= 210, "{rows:?}");
    assert!(rows.iter().zip(1..).all(|(row, expected)| *row == expected), "{rows:?}");
    let cursor = house.json("/v1/set-aside?limit=1")["next_cursor"].clone();
    assert_eq!(cursor, Value::Null);
    let cursor = house.json("/v1/events?limit=1")["next_cursor"].as_str().unwrap().to_owned();
    assert_eq!(house.get(&format!("/v1/set-aside?cursor={cursor}")).code(), "cursor-invalid");
    // An id with a slash is one piece of the path when it is encoded.
    assert_eq!(house.json("/v1/parties/buyer:b3%2F0")["id"], "b3/0");
}

#[test]
fn the_platform_adds_up() {
    let house = filled(20);
    let platform = house.json("/v1/platform");
    assert_eq!((&platform["merchants"], &platform["buyers"]), (&json!(20), &json!(210)));
    for of in ["merchant", "buyer"] {
        for part in ["tiers", "score_histogram"] {
            let list = platform[part][of].as_array().unwrap();
            let sum: u64 = list.iter().map(|one| one["parties"].as_u64().unwrap()).sum();
            assert_eq!(Some(sum), platform[&format!("{of}s")].as_u64(), "{part} of {of}");
        }
    }
    let empty = House::new();
    assert_eq!(empty.json("/v1/platform")["as_of"], Value::Null);
    assert_eq!(
        empty.json("/v1/parties?of=buyer"),
        json!({"items": [], "next_cursor": null, "as_of": null, "total": 0})
    );
}

#[test]
fn explanations_add_up_to_the_score() {
    let house = filled(8);
    for party in ["merchant:m07", "buyer:b3%2F0"] {
        for as_of in ["now", "latest", "2018-05-15T00:00:00Z"] {
            let it = house.json(&format!("/v1/parties/{party}/explanation?as_of={as_of}"));
            let sum: i64 =
                it["steps"].as_array().unwrap().iter().map(|step| step["delta"].as_i64().unwrap()).sum();
            assert_eq!(Some(sum), it["score"].as_i64(), "{it}");
            assert_eq!(it["steps"][0]["label"], "base");
            let titles: Vec<&Value> =
                it["lines"].as_array().unwrap().iter().map(|line| &line["title"]).collect();
            for step in it["steps"].as_array().unwrap().iter().filter(|step| step["indicator"].is_string()) {
                assert!(titles.contains(&&step["label"]), "{step}");
            }
            assert!(it["reasons"].as_array().unwrap().len() <= 4);
            for reason in it["reasons"].as_array().unwrap() {
                assert!(reason["points_lost"].as_i64().unwrap() > 0, "{reason}");
            }
            let lists = it["better"].as_array().unwrap().len() + it["unknown"].as_array().unwrap().len();
            assert!(lists > 0, "{it}");
            let score = house.json(&format!("/v1/parties/{party}/score?as_of={as_of}"));
            for key in ["score", "low", "high", "tier", "thin", "as_of", "dimensions", "versions"] {
                assert_eq!(it[key], score[key], "{key}");
            }
            let values = house.json(&format!("/v1/parties/{party}/indicators?as_of={as_of}"));
            let values = values["indicators"].as_array().unwrap();
            for line in it["lines"].as_array().unwrap() {
                let found = values.iter().find(|one| one["name"] == line["indicator"]).unwrap();
                assert_eq!((&found["value"], &found["shown"]), (&line["value"], &line["shown"]));
            }
        }
    }
}

#[test]
fn a_past_moment_knows_nothing_of_later_ones() {
    let house = House::new();
    house.post(placed("e1", "m1", "b1", "2018-06-01T10:00:00Z").to_string());
    let then = house.json("/v1/parties/merchant:m1/score?as_of=2018-06-02T00:00:00Z");
    house.post(placed("e2", "m1", "b2", "2018-06-05T10:00:00Z").to_string());
    house.post(placed("e3", "m2", "b2", "2018-06-06T10:00:00Z").to_string());
    assert_eq!(house.json("/v1/parties/merchant:m1/score?as_of=2018-06-02T00:00:00Z"), then);
    assert_eq!(then["events"], 1);
    assert_eq!(house.json("/v1/parties/merchant:m1/score?as_of=latest")["as_of"], "2018-06-06T10:00:00Z");
    let early = house.json("/v1/parties?of=merchant&as_of=2018-06-02T00:00:00Z");
    assert_eq!((&early["total"], &early["items"][0]["score"]), (&json!(1), &then["score"]));
    assert_eq!(house.json("/v1/parties/merchant:m1/history")["items"], json!([]));
}

#[test]
fn timers_go_off_before_the_next_reader() {
    let house = House::new();
    house.post(placed("e1", "m1", "b1", "2018-06-15T11:00:00Z").to_string());
    let events =
        |house: &House| house.json("/v1/parties/merchant:m1/score?as_of=now")["events"].as_i64().unwrap();
    let before = events(&house);
    house.wait_until("2018-06-25T00:00:00Z");
    assert!(events(&house) > before, "the order was not paid within seven days");
}

/// Whoever reads while another lets timers go off: either waits for them, or finds that they have gone off.
#[test]
fn no_reader_sees_timers_that_are_half_gone_off() {
    let house = House::new();
    let batch: Vec<Value> = (16..30)
        .map(|n| placed(&format!("e{n}"), "m1", &format!("b{n}"), &format!("2018-06-{n}T11:00:00Z")))
        .collect();
    house.wait_until("2018-06-30T00:00:00Z");
    house.post(Value::from(batch).to_string());
    for day in 1..=30 {
        house.wait_until(&format!("2018-07-{day:02}T00:00:00Z"));
        // Not the count of events: at the end of a month a score may go on record meanwhile, which is one.
        let read = || house.json("/v1/parties/merchant:m1/indicators?as_of=now")["indicators"].clone();
        let seen: Vec<Value> = std::thread::scope(|scope| {
            let reads: Vec<_> = (0..8).map(|_| scope.spawn(read)).collect();
            reads.into_iter().map(|read| read.join().unwrap()).collect()
        });
        let settled = read();
        assert!(seen.iter().all(|seen| *seen == settled), "on day {day}: {seen:?}");
    }
}

#[test]
fn latest_holds_what_was_known_then_however_often_and_by_however_many_it_is_asked() {
    let mut house = filled(12);
    // The orders' timers go off long after the newest event: `latest` lies before what is known of each party.
    house.wait_until("2018-07-15T00:00:00Z");
    let path = |party: &str, as_of: &str| format!("/v1/parties/{party}/score?as_of={as_of}");
    let parties = ["merchant:m11", "merchant:m10", "buyer:b11%2F8"];
    let at = house.json(&path(parties[0], "now"))["as_of"].clone();
    assert_eq!(at, "2018-07-15T00:00:00Z");
    // What is kept must equal what a server says that has kept nothing.
    let check = |house: House, latest: &str| {
        let kept: Vec<Value> = parties.map(|party| house.json(&path(party, "latest"))).into();
        let again: Vec<Value> = parties.map(|party| house.json(&path(party, "latest"))).into();
        assert_eq!(kept, again);
        let house = house.restarted();
        house.wait_until("2018-07-15T00:00:00Z");
        let fresh: Vec<Value> = parties.map(|party| house.json(&path(party, latest))).into();
        assert_eq!(kept, fresh);
        let now = parties.map(|party| house.json(&path(party, "now"))["events"].as_i64());
        assert!(kept.iter().zip(now).all(|(kept, now)| kept["events"].as_i64() < now), "{kept:?} {now:?}");
        (house, kept)
    };
    let before;
    (house, before) = check(house, "2018-05-23T10:00:00Z");
    // A row about a party goes in, known before `latest`.
    house.post(placed("late", "m11", "b-new", "2018-05-20T10:00:00Z").to_string());
    let after;
    (house, after) = check(house, "2018-05-23T10:00:00Z");
    let events = |of: &[Value]| of.iter().map(|one| one["events"].as_i64().unwrap()).collect::<Vec<_>>();
    assert_eq!(events(&after), [events(&before)[0] + 1, events(&before)[1], events(&before)[2]]);
    // `latest` moves on, past the day at which some facts fell due.
    house.post(placed("new", "m05", "b-new", "2018-05-25T10:00:00Z").to_string());
    let moved;
    (house, moved) = check(house, "2018-05-25T10:00:00Z");
    assert_eq!(moved[0]["as_of"], "2018-05-25T10:00:00Z");

    // A crowd on a server that has nothing at hand.
    let house = house.restarted();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let asks: Vec<_> = (0..64)
            .map(|n| {
                let (house, path) = (&house, path(parties[n % 3], "latest"));
                scope.spawn(move || house.get(&path).status)
            })
            .collect();
        asks.into_iter().map(|ask| ask.join().unwrap()).collect()
    });
    assert_eq!(statuses, [200; 64]);
}
