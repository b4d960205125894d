//! The page in a real browser: what a person sees, and that nothing hostile runs.

use crate::house::{House, placed};
use serde_json::{Value, json};
use std::process::Command;

/// What the browser made of an address after everything had loaded, and what it complained of.
struct Shown {
    dom: String,
    complaints: String,
}

/// `None` where no browser is installed; `cargo xtask test` sees to it that one is.
fn show(house: &House, place: &str) -> Option<Shown> {
    let profile = tempfile::tempdir().unwrap();
    let mut browser = Command::new("timeout");
    browser.args(["60", "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic"]);
    browser.args(["--no-first-run", "--disable-background-networking", "--disable-component-update"]);
    browser.args(["--disable-sync", "--disable-dev-shm-usage", "--enable-logging=stderr"]);
    browser.args(["--virtual-time-budget=20000", "--dump-dom"]);
    browser.arg(format!("--user-data-dir={}", profile.path().display()));
    browser.arg(format!("http://{}/{place}", house.addr));
    let out = browser.output().ok().filter(|out| out.status.success());
    let Some(out) = out else {
        assert!(std::env::var_os("PROBITY_TEST_PROGRAMS").is_none(), "chromium is missing or does not work");
        println!("skipped: chromium is not installed");
        return None;
    };
    let complaints = String::from_utf8_lossy(&out.stderr);
    let complaints =
        complaints.lines().filter(|line| line.contains("CONSOLE")).collect::<Vec<_>>().join("\n");
    Some(Shown { dom: String::from_utf8_lossy(&out.stdout).into_owned(), complaints })
}

/// A marketplace of three merchants; what one of them sells has a name that is a script.
fn marketplace() -> House {
    let house = House::new();
    let mut batch: Vec<Value> = Vec::new();
    for n in 0..12 {
        let (merchant, at) = (format!("shop{}", n % 3), format!("2018-05-{:02}T10:00:00Z", n + 1));
        let mut order = placed(&format!("e{n}"), &merchant, &format!("ada{n}"), &at);
        order["category"] = json!("<img src=x onerror=document.title='owned'>");
        let review = json!({
            "id": format!("r{n}"), "source": "shop", "type": "review.posted", "occurred_at": at, "known_at": at,
            "merchant": merchant, "buyer": format!("ada{n}"), "order": format!("order-e{n}"), "rating": 1 + n % 5,
            "verified": true,
        });
        batch.extend([order, review]);
    }
    assert_eq!(house.post(Value::from(batch).to_string()).status, 200);
    house
}

/// Asserts that each text is in what was shown, and that the browser had nothing to complain of.
fn holds(shown: &Shown, place: &str, texts: &[&str]) {
    for text in texts {
        assert!(shown.dom.contains(text), "{place}: no {text:?} in\n{}", shown.dom);
    }
    assert_eq!(shown.complaints, "", "{place}");
    assert!(
        !shown.dom.contains("<img src=\"x\"") && !shown.dom.contains("<title>owned"),
        "{place}: a script ran"
    );
}

#[test]
fn a_person_sees_sanctions_and_nothing_in_their_words_runs() {
    let house = marketplace();
    let headers = [("content-type", "application/json")];
    let script = "<img src=x onerror=document.title='owned'> **empty** parcels";
    let body = json!({"id": "s-1", "party": "merchant:shop1", "kind": "suspend", "ground": "fraud", "reason": "R7",
        "statement": script, "by": "ann"});
    let proposed = house.send("POST", "/v1/sanctions", &headers, body.to_string().as_bytes());
    let approval = json!({"content": proposed.json()["content"], "by": "bob"}).to_string();
    let approved = house.send("POST", "/v1/sanctions/s-1/approve", &headers, approval.as_bytes());
    assert_eq!(approved.status, 200, "{}", approved.text());
    let Some(shown) = show(&house, "#/party/merchant:shop1") else { return };
    let texts =
        ["Suspended from 2018-06-15", "&lt;img src=x onerror", "may be appealed until", "sanction.started"];
    holds(&shown, "shop1", &texts);
    let Some(shown) = show(&house, "#/party/merchant:shop0") else { return };
    assert!(!shown.dom.contains("Suspended from"));
    let Some(shown) = show(&house, "#/party/merchant:shop1?as_of=2018-05-20") else { return };
    assert!(!shown.dom.contains("Suspended from"), "a past date knows nothing of it");
}

#[test]
fn a_person_finds_ranking_score_and_operations() {
    let house = marketplace();
    let cases: [(&str, &[&str]); 6] = [
        (
            "",
            &[
                "<h1 tabindex=\"-1\">Merchants</h1>",
                "shop0",
                "shop1",
                "shop2",
                "<svg",
                "3 merchants",
                "All tiers",
            ],
        ),
        ("#/buyers", &["<h1 tabindex=\"-1\">Buyers</h1>", "ada0", "12 buyers"]),
        (
            "#/party/merchant:shop1",
            &[
                "How the points add up",
                "What costs points",
                "What could be better still",
                "nothing known in the last",
                "Base points",
                "Score over time",
                "Indicators",
                "&lt;img src=x",
                "review.posted",
            ],
        ),
        ("#/party/merchant:shop1?as_of=2018-05-02", &["Not known yet at that date", "as of 2018-05-02"]),
        ("#/party/merchant:nobody", &["party-unknown"]),
        ("api.html", &["/v1/events", "/v1/parties/{party}/score"]),
    ];
    for (place, texts) in cases {
        let Some(shown) = show(&house, place) else { return };
        let unknown = place.ends_with("nobody");
        // The console tells of the answer 404, which is what was asked for.
        let shown = if unknown { Shown { complaints: String::new(), ..shown } } else { shown };
        holds(&shown, place, texts);
    }
}
