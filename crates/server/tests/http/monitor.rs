//! A scorecard watched over HTTP: a look is kept, and says why something is missing.

use crate::house::{House, placed};

#[test]
fn a_look_is_kept_and_says_what_it_cannot_say() {
    let house = House::new();
    let empty = house.json("/v1/monitor?of=merchant");
    assert!(empty["as_of"].is_null() && empty["parties"] == 0 && empty["drift"] == serde_json::json!([]));
    assert!(empty["remarks"].to_string().contains("nobody of this role"), "{empty}");

    let order = |id: &str, merchant: &str| {
        let event = placed(id, merchant, "b-1", "2018-06-01T10:00:00Z");
        assert_eq!(house.post(event.to_string()).status, 201);
    };
    order("e-1", "m-1");
    // Within a minute nobody is scored again, whatever comes in.
    assert_eq!(house.json("/v1/monitor?of=merchant"), empty);
    let buyers = house.json("/v1/monitor?of=buyer");
    assert_eq!(buyers["parties"], 1, "a role that nobody looked at yet");
    assert_eq!(buyers["card"]["hash"], house.json("/v1/catalogue/scorecards/buyer")["hash"]);
    assert!(buyers["against"].is_null() && buyers["alarms"] == serde_json::json!([]));
    assert!(buyers["remarks"].to_string().contains("an expert's card"), "{buyers}");
    let held: u64 =
        buyers["tiers"].as_array().unwrap().iter().map(|tier| tier["parties"].as_u64().unwrap()).sum();
    assert_eq!(held, 1);
    // Without an index there is no gauge.
    assert!(!house.get("/metrics").text().contains("probity_score_psi"));

    // After a start nothing is kept.
    let house = house.restarted();
    assert_eq!(house.json("/v1/monitor?of=merchant")["parties"], 1);
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let house = House::new();
    for path in ["/v1/monitor", "/v1/monitor?of=bank", "/v1/monitor?of=merchant&as_of=now"] {
        assert_eq!(
            (house.get(path).status, house.get(path).code()),
            (400, "parameter-invalid".to_owned()),
            "{path}"
        );
    }
}
