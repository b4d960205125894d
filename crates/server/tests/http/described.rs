//! The description is the server, and the server is the description.

use crate::house::{House, placed};
use serde_json::Value;

/// Every operation there is.
const OPERATIONS: [&str; 54] = [
    "get /docs/errors/{code}",
    "get /livez",
    "get /metrics",
    "get /openapi.json",
    "get /readyz",
    "get /terms.html",
    "get /v1/catalogue",
    "get /v1/catalogue/events",
    "get /v1/catalogue/events/{type}",
    "get /v1/catalogue/files/{path}",
    "get /v1/catalogue/indicators",
    "get /v1/catalogue/scorecards/{of}",
    "get /v1/catalogue/tiers/{of}",
    "get /v1/catalogue/versions",
    "get /v1/decisions/{id}",
    "get /v1/events",
    "get /v1/events/{id}",
    "get /v1/monitor",
    "get /v1/notices",
    "get /v1/parties",
    "get /v1/parties/{party}",
    "get /v1/parties/{party}/decisions",
    "get /v1/parties/{party}/explanation",
    "get /v1/parties/{party}/exposure",
    "get /v1/parties/{party}/history",
    "get /v1/parties/{party}/indicators",
    "get /v1/parties/{party}/sanctions",
    "get /v1/parties/{party}/score",
    "get /v1/parties/{party}/timeline",
    "get /v1/platform",
    "get /v1/sanctions/{id}",
    "get /v1/set-aside",
    "get /v1/terms",
    "get /v1/trials",
    "get /v1/trials/afterwards",
    "get /v1/trials/differences",
    "get /version",
    "post /v1/catalogue/activate",
    "post /v1/catalogue/approve",
    "post /v1/catalogue/propose",
    "post /v1/catalogue/rollback",
    "post /v1/catalogue/shadow",
    "post /v1/catalogue/split",
    "post /v1/catalogue/stop-trial",
    "post /v1/decisions",
    "post /v1/decisions/batch",
    "post /v1/decisions/{id}/confirm",
    "post /v1/decisions/{id}/release",
    "post /v1/decisions/{id}/replay",
    "post /v1/events",
    "post /v1/sanctions",
    "post /v1/sanctions/{id}/appeal",
    "post /v1/sanctions/{id}/approve",
    "post /v1/sanctions/{id}/end",
];

#[test]
fn every_described_operation_answers_and_no_other_is_described() {
    let house = House::new();
    let mut event = placed("e-1", "m-1", "b-1", "2018-06-01T10:00:00Z");
    event["source"] = "api".into();
    assert_eq!(house.post(event.to_string()).status, 201);
    let sanction = serde_json::json!({"id": "s-1", "party": "merchant:m-1", "kind": "suspend", "ground": "fraud",
        "reason": "R1", "statement": "Empty parcels.", "by": "ann"});
    let headers = [("content-type", "application/json")];
    let proposed = house.send("POST", "/v1/sanctions", &headers, sanction.to_string().as_bytes());
    assert_eq!(proposed.status, 201, "{}", proposed.text());
    let approval = serde_json::json!({"content": proposed.json()["content"], "by": "bob"}).to_string();
    let approved = house.send("POST", "/v1/sanctions/s-1/approve", &headers, approval.as_bytes());
    assert_eq!(approved.status, 200, "{}", approved.text());
    let asked = br#"{"kind": "payment", "merchant": "m-1", "buyer": "b-1", "amount": "12.30"}"#;
    assert_eq!(house.send("POST", "/v1/decisions", &[("idempotency-key", "k-1")], asked).status, 200);
    crate::trials::shadow(&house);
    let document = house.json("/openapi.json");
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            found.push(format!("{method} {path}"));
            check_operation(&document, path, operation);
            if method == "get" {
                let reply = house.get(&example(path, operation));
                assert_eq!(reply.status, 200, "{path}: {}", reply.text());
                let described = operation["responses"]["200"]["content"].as_object().unwrap();
                assert_eq!(described.keys().next().unwrap(), reply.header("content-type"), "{path}");
                check_shape(&document, path, operation, &reply.body);
            }
        }
    }
    found.sort_unstable();
    assert_eq!(found, OPERATIONS);
}

fn check_operation(document: &Value, path: &str, operation: &Value) {
    for key in ["operationId", "summary"] {
        assert!(operation[key].is_string(), "{path} has no {key}");
    }
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    assert!(tags.contains(&&operation["tags"][0]), "{path}");
    let responses = operation["responses"].as_object().unwrap();
    for status in ["400", "405", "408", "500", "503"] {
        let content = &responses[status]["content"]["application/problem+json"]["schema"]["$ref"];
        assert_eq!(content, "#/components/schemas/Problem", "{path} {status}");
    }
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        assert!(parameter["description"].is_string(), "{path} {parameter}");
    }
}

/// The address with its parameters' examples.
fn example(path: &str, operation: &Value) -> String {
    let (mut path, mut query) = (path.to_owned(), String::new());
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let name = parameter["name"].as_str().unwrap();
        let text = parameter["example"].as_str();
        match parameter["in"].as_str().unwrap() {
            "path" => path = path.replace(&format!("{{{name}}}"), text.expect("an example")),
            _ if parameter["required"] == true => query = format!("?{name}={}", text.expect("an example")),
            _ => {}
        }
    }
    path + &query
}

/// The answer has the properties of its schema: all required ones, and no other.
fn check_shape(document: &Value, path: &str, operation: &Value, body: &[u8]) {
    let Some(reference) =
        operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].as_str()
    else {
        return;
    };
    let schema = document.pointer(reference.trim_start_matches('#')).unwrap();
    let answer: Value = serde_json::from_slice(body).unwrap();
    let known = schema["properties"].as_object().unwrap();
    for name in answer.as_object().unwrap().keys() {
        assert!(known.contains_key(name), "{path}: {name} is not described");
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(answer.get(name.as_str().unwrap()).is_some(), "{path}: {name} is missing");
    }
}

#[test]
fn the_page_is_served_guarded() {
    let house = House::new();
    let cases = [
        ("/", "text/html; charset=utf-8"),
        ("/index.html", "text/html; charset=utf-8"),
        ("/api.html", "text/html; charset=utf-8"),
        ("/page.css", "text/css; charset=utf-8"),
        ("/page.js", "text/javascript; charset=utf-8"),
        ("/favicon.svg", "image/svg+xml"),
    ];
    for (path, kind) in cases {
        let reply = house.get(path);
        assert_eq!((reply.status, reply.header("content-type")), (200, kind), "{path}");
        assert!(reply.header("content-security-policy").starts_with("default-src 'self'"));
        assert_eq!(reply.header("x-content-type-options"), "nosniff");
        assert_eq!(reply.header("referrer-policy"), "no-referrer");
    }
    assert_eq!(house.get("/../Cargo.toml").code(), "not-found");
}
