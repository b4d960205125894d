//! The life of sanctions: proposed, approved, told, in force, appealed, ended; and everything that must not be.

use crate::house::{House, Reply, placed};
use serde_json::{Value, json};

const JSON: (&str, &str) = ("content-type", "application/json");

/// Three merchants and a buyer; the first merchant has an open order of 12.30 BRL (3.10 EUR), and one that was delivered.
fn house() -> House {
    let house = House::new();
    let at = |day: u8| format!("2018-06-{day:02}T10:00:00Z");
    let paid = |order: &str| {
        json!({"id": format!("paid-{order}"), "source": "shop", "type": "order.paid", "occurred_at": at(2),
            "known_at": at(2), "merchant": "m-1", "buyer": "b-1", "order": order, "value": "12.30",
            "currency": "BRL", "method": "card"})
    };
    let delivered = json!({"id": "d", "source": "shop", "type": "order.delivered", "occurred_at": at(5),
        "known_at": at(5), "merchant": "m-1", "buyer": "b-1", "order": "order-e-2"});
    let events = json!([
        placed("e-1", "m-1", "b-1", &at(1)),
        placed("e-2", "m-1", "b-1", &at(1)),
        placed("e-3", "m-2", "b-1", &at(1)),
        placed("e-4", "m-3", "b-1", &at(1)),
        paid("order-e-1"),
        paid("order-e-2"),
        delivered,
    ]);
    let reply = house.post(events.to_string());
    assert_eq!(reply.status, 200, "{}", reply.text());
    house
}

impl House {
    fn tell(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, &[JSON], body.to_string().as_bytes())
    }

    /// A step that is done.
    fn done(&self, path: &str, body: &Value) -> Value {
        let reply = self.tell(path, body);
        assert!(matches!(reply.status, 200 | 201), "{path} {body}: {}", reply.text());
        reply.json()
    }

    /// A step that is refused.
    fn refused(&self, path: &str, body: &Value, status: u16, code: &str) {
        let events = self.json("/version");
        let reply = self.tell(path, body);
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{path} {body}: {}", reply.text());
        assert_eq!(events, self.json("/version"));
    }

    /// Proposes and approves; the id.
    fn sanction(&self, body: &Value) -> String {
        let proposed = self.done("/v1/sanctions", body);
        let id = proposed["id"].as_str().unwrap().to_owned();
        self.done(
            &format!("/v1/sanctions/{id}/approve"),
            &json!({"content": proposed["content"], "by": "Bob"}),
        );
        id
    }

    fn standing(&self, party: &str, as_of: &str) -> (Value, bool, bool) {
        let of = self.json(&format!("/v1/parties/{party}/sanctions?as_of={as_of}"));
        let standing = &of["standing"];
        let is = |name: &str| standing[name].as_bool().unwrap();
        (standing["limit"].clone(), is("suspended"), is("terminated"))
    }

    fn status(&self, id: &str) -> (String, bool) {
        let one = self.json(&format!("/v1/sanctions/{id}"))["sanctions"][0].clone();
        (one["status"].as_str().unwrap().to_owned(), one["in_force"].as_bool().unwrap())
    }

    fn notices(&self, to: &str) -> Vec<Value> {
        self.json(&format!("/v1/notices?to={to}"))["items"].as_array().unwrap().clone()
    }
}

fn proposal(party: &str, kind: &str, ground: &str) -> Value {
    json!({"party": party, "kind": kind, "ground": ground, "reason": "R7", "statement": "Parcels were empty.",
        "by": "Ann"})
}

fn with(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

fn without(mut body: Value, field: &str) -> Value {
    body.as_object_mut().unwrap().remove(field);
    body
}

#[test]
fn a_termination_waits_for_its_notice_and_an_upheld_appeal_lifts_it() {
    let house = house();
    let score = house.json("/v1/parties/merchant:m-1/score");
    let now = || without(house.json("/v1/parties/merchant:m-1/score?as_of=now"), "events");
    let before = now();
    let indicators = house.json("/v1/parties/merchant:m-1/indicators");
    let proposed = house.done("/v1/sanctions", &proposal("merchant:m-1", "terminate", "rules_broken"));
    let id = proposed["id"].as_str().unwrap();
    let content = &proposed["content"];
    assert_eq!(house.status(id), ("proposed".into(), false));
    assert_eq!(house.notices("subject").len(), 0);
    let step = |name: &str| format!("/v1/sanctions/{id}/{name}");
    let (approve, appeal, end) = (step("approve"), step("appeal"), step("end"));
    for own in ["Ann", " ann ", "ANN", "a\u{200b}nn"] {
        let code =
            if own.contains('\u{200b}') { (422, "sanction-invalid") } else { (409, "sanction-same-person") };
        house.refused(&approve, &json!({"content": content, "by": own}), code.0, code.1);
    }
    house.refused(&approve, &json!({"content": "0".repeat(64), "by": "Bob"}), 409, "sanction-changed");
    house.refused(&appeal, &json!({"party": "merchant:m-1", "statement": "No."}), 409, "sanction-state");

    let approved = house.done(&approve, &json!({"content": content, "by": "Bob"}));
    let one = &approved["sanctions"][0];
    assert_eq!((&one["status"], &one["in_force"]), (&json!("coming"), &json!(false)));
    assert_eq!(one["starts_at"], "2018-07-15T12:00:00.000Z".replace(".000", ""));
    assert_eq!((&one["open_orders"], &one["open_value"]), (&json!(1), &json!("3.10")));
    assert!(one["statement"].as_str().unwrap().contains("decided: 1, 3.10 EUR"), "{one}");
    assert_eq!(now(), before, "a sanction changed the score");
    // The same once more is the same; somebody else comes too late.
    assert_eq!(house.done(&approve, &json!({"content": content, "by": "bob"})), approved);
    house.refused(&approve, &json!({"content": content, "by": "Cleo"}), 409, "sanction-state");
    assert_eq!((house.notices("subject").len(), house.notices("members").len()), (1, 1));

    // In force from its start only, and a past moment still sees what held then.
    assert_eq!(house.standing("merchant:m-1", "now"), (Value::Null, false, false));
    house.wait_until("2018-07-15T11:59:59Z");
    assert!(!house.standing("merchant:m-1", "now").2);
    house.wait_until("2018-07-15T12:00:00Z");
    assert!(house.standing("merchant:m-1", "now").2);
    assert_eq!(house.status(id), ("in_force".into(), true));
    assert!(!house.standing("merchant:m-1", "2018-07-14T00:00:00Z").2);

    owes_what_it_owed(&house);
    let upheld = appealed_and_upheld(&house, id);

    // Nothing of all this touched what the score says, and a start anew changes nothing.
    let at = "as_of=2018-06-05T10:00:00Z";
    assert_eq!(house.json(&format!("/v1/parties/merchant:m-1/score?{at}"))["score"], score["score"]);
    assert_eq!(
        house.json(&format!("/v1/parties/merchant:m-1/indicators?{at}"))["indicators"],
        indicators["indicators"]
    );
    let all = ["/v1/notices?to=subject", "/v1/notices?to=members"].map(|path| house.json(path));
    let (of, at) = ("/v1/parties/merchant:m-1/sanctions?as_of=2018-10-01T00:00:00Z", "2018-12-01T00:00:00Z");
    let before = house.json(of);
    let house = house.restarted_at(at);
    assert_eq!(house.json(of), before);
    assert_eq!(["/v1/notices?to=subject", "/v1/notices?to=members"].map(|path| house.json(path)), all);
    assert_eq!(house.done(&end, &ending("appeal_upheld", "Cleo", "Dan"))["sanctions"], upheld["sanctions"]);
}

/// It trades no more, and what it owes goes on: its order comes to its end, with all that follows.
fn owes_what_it_owed(house: &House) {
    let delivered = json!({"id": "d-2", "source": "shop", "type": "order.delivered",
        "occurred_at": "2018-07-15T11:00:00Z", "known_at": "2018-07-15T11:00:00Z", "merchant": "m-1",
        "buyer": "b-1", "order": "order-e-1"});
    assert_eq!(house.post(delivered.to_string()).status, 201);
    let before =
        house.json("/v1/parties/merchant:m-1/timeline?limit=1000")["items"].as_array().unwrap().len();
    house.wait_until("2018-12-01T00:00:00Z");
    house.json("/v1/parties/merchant:m-1/score?as_of=now");
    let timeline = house.json("/v1/parties/merchant:m-1/timeline?limit=1000");
    let facts = timeline["items"].as_array().unwrap();
    assert!(facts.len() > before && facts.iter().any(|fact| fact["type"] == "order.matured"), "{timeline}");
}

/// By the party, once; decided by two who had no part in it.
fn appealed_and_upheld(house: &House, id: &str) -> Value {
    let step = |name: &str| format!("/v1/sanctions/{id}/{name}");
    let (appeal, end) = (step("appeal"), step("end"));
    house.refused(&appeal, &json!({"party": "merchant:m-2", "statement": "No."}), 422, "sanction-invalid");
    house.refused(&end, &ending("appeal_upheld", "Cleo", "Dan"), 409, "sanction-state");
    let said = json!({"party": "merchant:m-1", "statement": "They were <b>full</b>."});
    let appealed = house.done(&appeal, &said);
    assert_eq!(house.done(&appeal, &said), appealed);
    house.refused(&appeal, &with(said, "statement", json!("Once more.")), 409, "sanction-state");
    assert_eq!(house.status(id), ("appealed".into(), true));
    for involved in ["ann", "BOB"] {
        house.refused(&end, &ending("appeal_upheld", involved, "Dan"), 409, "sanction-same-person");
    }
    house.refused(&end, &ending("appeal_upheld", "Cleo", "cleo"), 409, "sanction-same-person");
    house.refused(&end, &ending("expired", "Cleo", "Dan"), 422, "sanction-invalid");
    let upheld = house.done(&end, &ending("appeal_upheld", "Cleo", "Dan"));
    assert_eq!(house.done(&end, &ending("appeal_upheld", "Cleo", "Dan")), upheld);
    house.refused(&end, &ending("lifted", "Cleo", "Dan"), 409, "sanction-state");
    assert!(!house.standing("merchant:m-1", "now").2);
    assert!(house.standing("merchant:m-1", "2018-10-01T00:00:00Z").2);
    assert_eq!((house.notices("subject").len(), house.notices("members").len()), (2, 2));
    upheld
}

fn ending(how: &str, decided_by: &str, approved_by: &str) -> Value {
    json!({"how": how, "statement": "The parcels were weighed.", "decided_by": decided_by, "approved_by": approved_by})
}

#[test]
fn every_notice_holds_reasons_deadlines_appeal_and_reference_in_both_languages() {
    let house = house();
    let limit = with(proposal("merchant:m-1", "limit", "risk"), "limit", json!("500.00"));
    let mut ids = vec![house.sanction(&limit)];
    for ground in ["fraud", "legal_order", "rules_broken", "debt"] {
        ids.push(house.sanction(&proposal("merchant:m-2", "suspend", ground)));
        ids.push(house.sanction(&proposal("merchant:m-3", "terminate", ground)));
    }
    let told = house.notices("subject");
    assert_eq!(told.len(), ids.len());
    for (notice, id) in told.iter().zip(&ids) {
        let one = house.json(&format!("/v1/sanctions/{id}"))["sanctions"][0].clone();
        for text in ["text_en", "text_zh"].map(|name| notice[name].as_str().unwrap()) {
            let moments = ["starts_at", "appeal_by"].map(|name| one[name].as_str().unwrap());
            for part in
                [id.as_str(), "R7 Parcels were empty.", one["party"].as_str().unwrap()].iter().chain(&moments)
            {
                assert!(text.contains(part), "no {part:?} in {text}");
            }
            assert!(!text.contains('{') && !text.contains('}'), "{text}");
        }
        assert!(notice["text_zh"].as_str().unwrap().contains("申诉"), "{notice}");
    }
    assert!(told[0]["text_en"].as_str().unwrap().contains("limited to 500.00 EUR"), "{}", told[0]);
    // Terminations, and suspensions for fraud; members are told the code and not what was said to the party.
    let members = house.notices("members");
    assert_eq!(members.len(), 5);
    for notice in &members {
        for text in ["text_en", "text_zh"].map(|name| notice[name].as_str().unwrap()) {
            let parts = ["R7", notice["sanction"].as_str().unwrap(), notice["party"].as_str().unwrap()];
            assert!(parts.iter().all(|part| text.contains(part)) && !text.contains("empty"), "{text}");
        }
    }
    // A page at a time.
    let first = house.json("/v1/notices?to=members&limit=2");
    let next = first["next_cursor"].as_str().unwrap();
    let second = house.json(&format!("/v1/notices?to=members&limit=3&cursor={next}"));
    assert_eq!([&first, &second].map(|page| page["items"].as_array().unwrap().len()), [2, 3]);
    assert!(second["next_cursor"].is_null());
    assert_eq!(house.get(&format!("/v1/notices?to=subject&cursor={next}")).status, 400);
    assert_eq!(house.get("/v1/notices?to=everybody").status, 400);
}

#[test]
fn a_cluster_is_sanctioned_as_a_whole_or_not_at_all() {
    let house = house();
    let body = |parties: Value| with(without(proposal("", "suspend", "fraud"), "party"), "cluster", parties);
    house.refused("/v1/sanctions", &body(json!(["merchant:m-1", "merchant:nobody"])), 404, "party-unknown");
    house.refused("/v1/sanctions", &body(json!(["merchant:m-1", "merchant:m-1"])), 422, "sanction-invalid");
    house.refused("/v1/sanctions", &body(json!([])), 422, "sanction-invalid");
    house.refused("/v1/sanctions", &body(json!(["merchant:m-1", "shop:2"])), 422, "parameter-invalid");
    assert_eq!(house.json("/v1/parties/merchant:m-1/sanctions")["sanctions"], json!([]));
    let ring = with(body(json!(["merchant:m-2", "buyer:b-1", "merchant:m-1"])), "id", json!("ring"));
    let id = house.sanction(&ring);
    assert_eq!(id, "ring");
    let file = house.json("/v1/sanctions/ring");
    let all = file["sanctions"].as_array().unwrap();
    assert_eq!(
        all.iter().map(|one| one["party"].as_str().unwrap()).collect::<Vec<_>>(),
        ["merchant:m-1", "merchant:m-2", "buyer:b-1"]
    );
    assert!(all.iter().all(|one| one["cluster"] == "ring" && one["in_force"] == true));
    for party in ["merchant:m-1", "merchant:m-2", "buyer:b-1"] {
        assert!(house.standing(party, "now").1, "{party}");
    }
    assert!(!house.standing("merchant:m-3", "now").1);
    // One of them is lifted for itself.
    house.refused("/v1/sanctions/ring/end", &ending("lifted", "Cleo", "Dan"), 409, "sanction-state");
    house.refused(
        "/v1/sanctions/ring.1/approve",
        &json!({"content": file["content"], "by": "Bob"}),
        409,
        "sanction-state",
    );
    house.done("/v1/sanctions/ring.3/end", &ending("lifted", "Cleo", "Dan"));
    assert!(!house.standing("buyer:b-1", "now").1 && house.standing("merchant:m-1", "now").1);
    let file = house.json("/v1/sanctions/ring");
    assert_eq!([0, 1, 2].map(|n| file["sanctions"][n]["status"].clone()), ["in_force", "in_force", "ended"]);
}

#[test]
fn a_proposal_sent_again_is_the_same_and_lapses_after_three_days() {
    let house = house();
    let body = proposal("merchant:m-1", "suspend", "risk");
    let named = with(body.clone(), "id", json!("s-1"));
    let first = house.tell("/v1/sanctions", &named);
    assert_eq!(first.status, 201);
    let again = house.tell("/v1/sanctions", &named);
    assert_eq!((again.status, again.json()), (200, first.json()));
    house.refused("/v1/sanctions", &with(named.clone(), "reason", json!("R8")), 409, "sanction-id-reused");
    let headers = [JSON, ("idempotency-key", "any key ♥ at all")];
    let keyed = |body: &Value| house.send("POST", "/v1/sanctions", &headers, body.to_string().as_bytes());
    let (one, two) = (keyed(&body), keyed(&body));
    assert_eq!((one.status, two.status, &one.json()["id"]), (201, 200, &two.json()["id"]));
    assert_eq!(keyed(&with(body, "by", json!("Eve"))).code(), "sanction-id-reused");

    let house = house.restarted();
    let approval = json!({"content": first.json()["content"], "by": "Bob"});
    house.wait_until("2018-06-18T12:00:00Z");
    assert_eq!(house.status("s-1"), ("lapsed".into(), false));
    house.refused("/v1/sanctions/s-1/approve", &approval, 409, "sanction-state");
    house.wait_until("2018-06-18T11:59:59Z");
    house.done("/v1/sanctions/s-1/approve", &approval);
    assert!(house.standing("merchant:m-1", "now").1);
    house.refused("/v1/sanctions/nothing/approve", &approval, 404, "sanction-unknown");
    assert_eq!(house.get("/v1/sanctions/nothing").code(), "sanction-unknown");
    assert_eq!(house.get("/v1/parties/merchant:nobody/sanctions").code(), "party-unknown");
}

#[test]
fn what_makes_no_sense_is_refused_with_its_place() {
    let house = house();
    let good = || proposal("merchant:m-1", "suspend", "risk");
    let limit = || with(with(good(), "kind", json!("limit")), "limit", json!("5.00"));
    let check = |body: Value, status: u16, code: &str, pointer: &str| {
        let reply = house.tell("/v1/sanctions", &body);
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{body}: {}", reply.text());
        assert_eq!(reply.json()["errors"][0]["pointer"], pointer, "{body}");
    };
    let invalid = "sanction-invalid";
    check(with(good(), "kind", json!("ban")), 422, invalid, "/kind");
    check(with(good(), "ground", json!("mood")), 422, invalid, "/ground");
    check(with(good(), "reason", json!("much too long a code")), 422, invalid, "/reason");
    check(with(good(), "reason", json!("")), 422, invalid, "/reason");
    check(with(good(), "statement", json!(" \n ")), 422, invalid, "/statement");
    check(with(good(), "statement", json!("a\u{202e}b")), 422, "text-invalid", "/statement");
    check(with(good(), "statement", json!("x".repeat(3_001))), 422, "text-invalid", "/statement");
    check(with(good(), "statement", json!("card 4111 1111 1111 1111")), 422, "card-number", "/statement");
    check(with(good(), "by", json!("")), 422, invalid, "/by");
    check(with(good(), "by", json!("<script>")), 422, invalid, "/by");
    check(with(good(), "id", json!("../1")), 422, "text-invalid", "/id");
    check(without(limit(), "limit"), 422, invalid, "/limit");
    check(with(good(), "limit", json!("5.00")), 422, invalid, "/limit");
    check(with(limit(), "limit", json!("5.001")), 422, "amount-invalid", "/limit");
    check(with(limit(), "limit", json!("-5.00")), 422, invalid, "/limit");
    check(with(limit(), "currency", json!("BRL")), 422, invalid, "/currency");
    check(with(good(), "ends_at", json!("soon")), 400, "time-invalid", "/ends_at");
    check(with(good(), "ends_at", json!("2018-06-15T12:00:00Z")), 422, invalid, "/ends_at");
    let ends = with(good(), "ends_at", json!("2018-09-01T00:00:00Z"));
    check(with(ends, "kind", json!("terminate")), 422, invalid, "/ends_at");
    check(with(good(), "party", json!("m-1")), 422, "parameter-invalid", "/party");
    check(with(good(), "cluster", json!(["merchant:m-1"])), 422, "parameter-invalid", "/party");
    for (body, headers, status, code) in [
        ("{", [JSON], 400, "request-invalid"),
        ("{\"extra\":1}", [JSON], 400, "request-invalid"),
        ("{}", [("content-type", "text/plain")], 415, "media-type-unsupported"),
    ] {
        let reply = house.send("POST", "/v1/sanctions", &headers, body.as_bytes());
        assert_eq!((reply.status, reply.code().as_str()), (status, code), "{body}");
    }
    assert_eq!(house.json("/v1/parties/merchant:m-1/sanctions")["sanctions"], json!([]));
}

#[test]
fn a_sanction_ends_by_itself_once_and_an_appeal_can_come_too_late() {
    let house = house();
    let body = with(proposal("merchant:m-1", "limit", "debt"), "limit", json!("20.00"));
    let id = house.sanction(&with(body, "ends_at", json!("2018-06-20T00:00:00Z")));
    let lasting = house.sanction(&proposal("merchant:m-2", "suspend", "risk"));
    assert_eq!(house.standing("merchant:m-1", "now").0, "20.00");
    house.wait_until("2018-06-20T00:00:00Z");
    assert_eq!(house.standing("merchant:m-1", "now").0, Value::Null);
    assert_eq!(house.status(&id), ("ended".into(), false));
    let ended = |house: &House| {
        let told = house.notices("subject");
        told.iter().filter(|notice| notice["about"] == "sanction_ended").count()
    };
    let waited = std::time::Instant::now();
    while ended(&house) == 0 && waited.elapsed().as_secs() < 30 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert_eq!(ended(&house), 1);
    let one = house.json(&format!("/v1/sanctions/{id}"))["sanctions"][0].clone();
    assert_eq!((&one["how"], &one["answered_at"]), (&json!("expired"), &json!("2018-06-20T00:00:00Z")));
    let appeal = json!({"party": "merchant:m-1", "statement": "No."});
    house.refused(&format!("/v1/sanctions/{id}/appeal"), &appeal, 409, "sanction-state");
    let house = house.restarted_at("2018-12-16T00:00:00Z");
    std::thread::sleep(std::time::Duration::from_millis(1_500));
    assert_eq!(ended(&house), 1, "it ends once, also after a start");
    // 183 days have passed.
    let appeal = json!({"party": "merchant:m-2", "statement": "No."});
    house.refused(&format!("/v1/sanctions/{lasting}/appeal"), &appeal, 409, "sanction-state");
    assert!(house.standing("merchant:m-2", "now").1);
    // An appeal that is rejected leaves it in force.
    let house = house.restarted_at("2018-12-14T00:00:00Z");
    house.done(&format!("/v1/sanctions/{lasting}/appeal"), &appeal);
    house.done(&format!("/v1/sanctions/{lasting}/end"), &ending("appeal_rejected", "Cleo", "Dan"));
    assert_eq!(house.status(&lasting), ("in_force".into(), true));
    house.done(&format!("/v1/sanctions/{lasting}/end"), &ending("lifted", "Ann", "Dan"));
    assert_eq!(house.status(&lasting), ("ended".into(), false));
}

#[test]
fn the_command_line_takes_every_step() {
    use crate::process::run;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let file = folder.path().join("events.jsonl");
    std::fs::write(&file, placed("e-1", "m-1", "b-1", "2018-06-01T10:00:00Z").to_string()).unwrap();
    run(&data, ["import", file.to_str().unwrap(), "--currency", "BRL"]).exits(0);
    let step = |arguments: &[&str]| run(&data, arguments.iter().chain(&["--json"]));
    let propose =
        ["sanction", "propose", "merchant:m-1", "--kind", "limit", "--limit", "7.50", "--ground", "fraud"];
    let said = ["--reason", "R1", "--statement", "Say \"so\".", "--by", "ann", "--id", "s-1"];
    let proposed = step(&[&propose[..], &said[..]].concat()).exits(0).json();
    let content = proposed["content"].as_str().unwrap();
    let shown = run(&data, ["sanction", "show", "s-1"]).exits(0);
    assert!(shown.out.contains(&format!("sanction approve s-1 --content {content}")), "{shown:?}");
    let approve = ["sanction", "approve", "s-1", "--content", content, "--by"];
    run(&data, approve.iter().chain(&["Ann"])).refused(1, "sanction-same-person");
    step(&[&approve[..], &["bob"]].concat()).exits(0);
    let of = step(&["sanctions", "merchant:m-1"]).exits(0).json();
    assert_eq!(of["standing"]["limit"], "7.50");
    let shown = run(&data, ["sanctions", "merchant:m-1"]).exits(0);
    assert!(shown.out.contains("limited to 7.50 BRL"), "{shown:?}");
    step(&["sanction", "appeal", "s-1", "--party", "merchant:m-1", "--statement", "No."]).exits(0);
    let end =
        ["sanction", "end", "s-1", "--how", "appeal_upheld", "--statement", "Yes.", "--decided-by", "cleo"];
    run(&data, end.iter().chain(&["--approved-by", "CLEO"])).refused(1, "sanction-same-person");
    step(&[&end[..], &["--approved-by", "dan"]].concat()).exits(0);
    assert!(run(&data, ["sanctions", "merchant:m-1"]).exits(0).out.contains("nothing is in force"));
    let told = step(&["notices"]).exits(0).json();
    assert_eq!(told["items"].as_array().unwrap().len(), 2, "{told}");
    assert!(run(&data, ["notices"]).exits(0).out.contains("申诉"));
    run(&data, ["notices", "--to", "all"]).refused(2, "parameter-invalid");
    run(&data, ["sanction", "show", "nothing"]).refused(1, "sanction-unknown");
    run(&data, ["audit", "verify"]).exits(0);
}
