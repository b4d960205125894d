//! Changes of the catalogue over HTTP.

use crate::house::House;
use serde_json::json;

#[test]
fn a_change_is_proposed_approved_and_told_to_take_effect_later() {
    let house = House::new();
    let files = house.json("/v1/catalogue");
    let mut texts = serde_json::Map::new();
    for file in files["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        let mut text = house.get(&format!("/v1/catalogue/files/{path}")).text();
        if path == "scorecards/merchant.toml" {
            text = text.replace("base_points = 600", "base_points = 620");
        }
        texts.insert(path.to_owned(), text.into());
    }
    let send = |step: &str, body: serde_json::Value| {
        let headers = [("content-type", "application/json")];
        house.send("POST", &format!("/v1/catalogue/{step}"), &headers, body.to_string().as_bytes())
    };
    let proposed = send("propose", json!({"by": "alice", "texts": texts}));
    assert_eq!(proposed.status, 200, "{}", proposed.text());
    let proposed = proposed.json();
    assert_eq!(proposed["state"], "tested", "{proposed}");
    let hash = proposed["catalogue"].as_str().unwrap();
    let step = |by: &str| json!({"by": by, "catalogue": hash});
    assert_eq!(send("approve", step("alice")).status, 409);
    assert_eq!(send("activate", step("bob")).status, 409);
    assert_eq!(send("approve", json!({"by": "bob", "catalogue": "000000000000"})).status, 404);
    assert_eq!(send("approve", json!({"by": "bob"})).status, 400);
    assert_eq!(send("approve", step("bob")).status, 201);
    let activated = send("activate", step("bob"));
    assert_eq!(activated.status, 201);
    assert!(activated.text().contains("at the next start"), "{}", activated.text());
    let list = house.json("/v1/catalogue/versions");
    let of = |wanted: &str| {
        let versions = list["versions"].as_array().unwrap();
        versions.iter().find(|one| one["catalogue"] == wanted).cloned().unwrap_or_else(|| panic!("{list}"))
    };
    assert_eq!((&of(hash)["state"], &of(hash)["in_force"]), (&json!("live"), &json!(false)));
    assert_eq!(of(files["hash"].as_str().unwrap())["in_force"], true);
    assert_eq!(list["changes"].as_array().unwrap().len(), 3);
    assert_eq!(send("rollback", json!({"by": "bob"})).status, 201);
}
