//! Events through codec, intake and publication, for every type of the starter catalogue.

use super::sample::{Dice, at_least, event};
use super::*;
use crate::catalogue::Catalogue;
use crate::catalogue::tests::starter;
use probity_primitives::{Problem, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::borrow::Cow;
use std::sync::OnceLock;

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(starter)
}

fn now() -> Timestamp {
    Timestamp::parse("2030-01-01T00:00:00Z").unwrap()
}

fn take(flat: Flat<'_>, arrival: Arrival) -> Result<Event, Vec<Problem>> {
    let catalogue = catalogue();
    catalogue.vocabulary.event_from_outside(flat, "shop", arrival, now(), &catalogue.rates)
}

fn take_json(json: &str) -> Result<Event, Vec<Problem>> {
    take(Flat::from_json(json.as_bytes()).map_err(|problem| vec![problem])?, Arrival::Live)
}

proptest! {
    #![proptest_config(at_least(16))]

    #[test]
    fn what_is_encoded_is_decoded(seed: u64) {
        let vocabulary = &catalogue().vocabulary;
        let mut symbols = Symbols::default();
        symbols.number("known before");
        let codec = Codec::new(vocabulary, &mut symbols);
        let mut again = Symbols::decode(&symbols.encode()).unwrap();
        prop_assert_eq!(&again, &symbols);
        let reread = Codec::new(vocabulary, &mut again);
        let mut dice = Dice(seed);
        for (kind, _) in vocabulary.iter() {
            let event = event(vocabulary, kind, "e1", &mut dice);
            let bytes = codec.encode(&event);
            prop_assert_eq!(&codec.decode(vocabulary, &bytes).unwrap(), &event);
            prop_assert_eq!(reread.decode(vocabulary, &bytes).unwrap(), event);
        }
    }

    #[test]
    fn what_is_published_is_taken_in_again(seed: u64) {
        let catalogue = catalogue();
        let vocabulary = &catalogue.vocabulary;
        let mut dice = Dice(seed);
        for (kind, declared) in vocabulary.iter() {
            let mut event = event(vocabulary, kind, "e1", &mut dice);
            // Ten years ago there was no rate for any other.
            event.currency = event.currency.map(|_| catalogue.rates.reporting);
            let json = to_json(vocabulary, &event);
            let text = json.to_string();
            let flat = Flat::from_json(text.as_bytes()).unwrap();
            let again = vocabulary.event(flat, "other", Arrival::Live, now(), &catalogue.rates);
            let again = again.unwrap_or_else(|problems| panic!("{text}: {problems:?}"));
            prop_assert!(again.same_statement(&event), "{}: {:?} and {:?}", text, again, event);
            if let Err(why) = fits(&json_schema(declared), &json) {
                return Err(TestCaseError::fail(format!("{text}: {why}")));
            }
        }
    }

    #[test]
    fn no_bytes_bring_the_decoder_down(seed: u64, noise: Vec<u8>, places in prop::collection::vec(any::<(u16, u8)>(), 1..6)) {
        let vocabulary = &catalogue().vocabulary;
        let codec = Codec::new(vocabulary, &mut Symbols::default());
        drop(codec.decode(vocabulary, &noise));
        drop(Symbols::decode(&noise));
        let mut dice = Dice(seed);
        for (kind, _) in vocabulary.iter() {
            let mut bytes = codec.encode(&event(vocabulary, kind, "e1", &mut dice));
            for (place, byte) in &places {
                let place = usize::from(*place) % bytes.len();
                bytes[place] ^= byte;
            }
            drop(codec.decode(vocabulary, &bytes));
            bytes.truncate(dice.roll(bytes.len() as u64) as usize);
            drop(codec.decode(vocabulary, &bytes));
        }
    }
}

/// A light check of a value against a schema: required keys, known keys, kinds, constants, lists of words.
fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let properties = schema["properties"].as_object().ok_or("no properties")?;
    let value = value.as_object().ok_or("no object")?;
    for required in schema["required"].as_array().ok_or("no required")? {
        if !value.contains_key(required.as_str().unwrap()) {
            return Err(format!("{required} is missing"));
        }
    }
    for (key, own) in value {
        let property = properties.get(key).ok_or_else(|| format!("{key} is not known"))?;
        let kind = property.get("type").and_then(Value::as_str);
        let right = match kind {
            Some("string") => own.is_string(),
            Some("boolean") => own.is_boolean(),
            Some("integer") => own.is_i64(),
            _ => property.get("const").map_or(property.get("oneOf").is_some(), |wanted| wanted == own),
        };
        let listed = property.get("enum").and_then(Value::as_array).is_none_or(|words| words.contains(own));
        if !right || !listed {
            return Err(format!("{key} is {own}, which {property} does not allow"));
        }
    }
    Ok(())
}

const GOOD: &str = r#"{"id":"e1","type":"order.placed","occurred_at":"2024-01-01T00:00:00Z","merchant":"m1","buyer":"b1","order":"o1","value":"12.30","currency":"EUR"}"#;

fn told(result: Result<Event, Vec<Problem>>) -> Vec<(String, String)> {
    match result {
        Ok(_) => Vec::new(),
        Err(problems) => {
            problems.into_iter().map(|problem| (problem.code.as_str().to_owned(), problem.at)).collect()
        }
    }
}

/// Replaces a text of the good event; the code and the pointer it is refused with, or nothing.
type Change<'a> = (&'a str, &'a str, Option<(&'a str, &'a str)>);

#[test]
fn events_taken_and_refused() {
    let cases: [Change<'_>; 44] = [
        ("", "", None),
        ("\"id\":\"e1\",", "", Some(("event-field-missing", "/id"))),
        ("\"id\":\"e1\",", "\"id\":null,", Some(("event-field-missing", "/id"))),
        ("\"id\":\"e1\",", "\"id\":7,", Some(("event-field-invalid", "/id"))),
        ("\"e1\"", "\"e 1\"", Some(("id-invalid", "/id"))),
        ("\"e1\",", "\"e1\",\"source\":\"pos\",", None),
        ("\"e1\",", "\"e1\",\"source\":\"é\",", Some(("id-invalid", "/source"))),
        ("\"type\":\"order.placed\",", "", Some(("event-field-missing", "/type"))),
        ("order.placed", "order.eaten", Some(("event-unknown-type", "/type"))),
        ("2024-01-01T00:00:00Z", "2024-01-01", Some(("time-invalid", "/occurred_at"))),
        ("\"2024-01-01T00:00:00Z\"", "1704067200", Some(("event-field-invalid", "/occurred_at"))),
        ("2024-01-01T00:00:00Z", "2030-01-01T00:04:59Z", None),
        ("\"e1\",", "\"e1\",\"known_at\":\"2024-01-02T00:00:00Z\",", None),
        ("\"e1\",", "\"e1\",\"known_at\":\"soon\",", Some(("time-invalid", "/known_at"))),
        (
            "\"e1\",",
            "\"e1\",\"known_at\":\"2023-12-31T23:54:59Z\",",
            Some(("event-known-before-it-happened", "/known_at")),
        ),
        ("\"e1\",", "\"e1\",\"known_at\":\"2023-12-31T23:55:01Z\",", None),
        ("\"e1\",", "\"e1\",\"known_at\":\"2030-01-01T00:06:00Z\",", Some(("event-in-future", "/known_at"))),
        ("\"merchant\":\"m1\",", "", None),
        ("\"buyer\":\"b1\",", "", Some(("event-field-missing", "/buyer"))),
        ("\"order\":\"o1\",", "", Some(("event-field-missing", "/order"))),
        ("\"o1\"", "\"o1\",\"ordr\":\"o1\"", Some(("event-unknown-field", "/ordr"))),
        ("\"o1\"", "\"o1\",\"a/b~\":1", Some(("event-unknown-field", "/a~1b~0"))),
        ("\"o1\"", "\"o1\",\"buyer_religion\":\"x\"", Some(("field-prohibited", "/buyer_religion"))),
        ("\"o1\"", "\"o1\",\"buyerReligion\":\"x\"", Some(("field-prohibited", "/buyerReligion"))),
        ("\"12.30\"", "1230", None),
        ("\"12.30\"", "12.30", Some(("event-field-invalid", "/value"))),
        ("\"12.30\"", "\"12.301\"", Some(("amount-invalid", "/value"))),
        ("\"12.30\"", "\"-1\"", Some(("event-field-invalid", "/value"))),
        ("\"12.30\"", "[1]", Some(("event-field-invalid", "/value"))),
        ("\"12.30\"", "{\"amount\":\"1\",\"currency\":\"EUR\"}", None),
        ("\"12.30\"", "{\"amount\":\"1\",\"currency\":\"BRL\"}", Some(("event-field-invalid", "/value"))),
        (
            "\"12.30\"",
            "{\"amount\":\"1\",\"currency\":\"EUR\",\"x\":1}",
            Some(("event-field-invalid", "/value")),
        ),
        ("\"12.30\"", "{\"amount\":\"x\",\"currency\":\"EUR\"}", Some(("amount-invalid", "/value/amount"))),
        (",\"currency\":\"EUR\"", "", Some(("event-field-missing", "/currency"))),
        ("\"EUR\"", "\"eur\"", Some(("currency-unknown", "/currency"))),
        ("\"EUR\"", "\"USD\"", Some(("currency-without-rate", "/currency"))),
        ("\"o1\"", "\"o1\",\"items\":0", Some(("event-field-invalid", "/items"))),
        ("\"o1\"", "\"o1\",\"items\":\"2\"", Some(("event-field-invalid", "/items"))),
        ("\"o1\"", "\"o1\",\"category\":\"toys\\u202e\"", Some(("text-invalid", "/category"))),
        ("\"o1\"", "\"o1\",\"category\":\"4111 1111-1111 1111\"", Some(("card-number", "/category"))),
        ("\"o1\"", "\"o1\",\"category\":\"4111 1111-1111 1112\"", None),
        ("\"o1\"", "\"o1\",\"ship_by\":\"3d\"", Some(("time-invalid", "/ship_by"))),
        ("\"o1\"", "\"o1\",\"order\":\"o2\"", Some(("event-json", ""))),
        ("{\"id\"", "[{\"id\"", Some(("event-json", ""))),
    ];
    for (old, new, expected) in cases {
        let json = GOOD.replacen(old, new, 1);
        let expected: Vec<_> =
            expected.into_iter().map(|(code, at)| (code.to_owned(), at.to_owned())).collect();
        assert_eq!(told(take_json(&json)), expected, "{json}");
    }
}

#[test]
fn other_kinds_of_fields_taken_and_refused() {
    let at = r#""id":"e1","occurred_at":"2024-01-01T00:00:00Z","buyer":"b1""#;
    let cases = [
        (r#""type":"account.opened","country":"PT""#, None),
        (r#""type":"account.opened","country":"pt""#, Some(("event-field-invalid", "/country"))),
        (r#""type":"account.opened","channel":"fax""#, Some(("event-field-invalid", "/channel"))),
        (r#""type":"account.opened","currency":"EUR""#, Some(("event-unknown-field", "/currency"))),
        (r#""type":"claim.answered","order":"o","claim":"c","response_time":"36h""#, None),
        (
            r#""type":"claim.answered","order":"o","claim":"c","response_time":"1w""#,
            Some(("time-invalid", "/response_time")),
        ),
        (
            r#""type":"claim.answered","order":"o","claim":"c","response_time":36"#,
            Some(("event-field-invalid", "/response_time")),
        ),
        (r#""type":"review.posted","rating":5,"verified":true"#, None),
        (
            r#""type":"review.posted","rating":5,"verified":"true""#,
            Some(("event-field-invalid", "/verified")),
        ),
        (
            r#""type":"payout.made","merchant":"m","value":1,"currency":"EUR""#,
            Some(("event-unknown-field", "/buyer")),
        ),
        (r#""type":"order.unpaid","order":"o","value":1,"currency":"EUR""#, Some(("event-derived", "/type"))),
    ];
    for (fields, expected) in cases {
        let json = format!("{{{at},{fields}}}");
        let expected: Vec<_> =
            expected.into_iter().map(|(code, at)| (code.to_owned(), at.to_owned())).collect();
        assert_eq!(told(take_json(&json)), expected, "{json}");
    }
}

#[test]
fn all_problems_are_told_at_once() {
    let json = r#"{"type":"order.placed","occurred_at":"x","value":1.5,"currency":"EUR","nope":1}"#;
    let mut places: Vec<_> = told(take_json(json)).into_iter().map(|(_, at)| at).collect();
    places.sort();
    assert_eq!(places, ["/buyer", "/id", "/nope", "/occurred_at", "/order", "/value"]);
}

#[test]
fn when_an_event_was_known_depends_on_how_it_came() {
    let with = GOOD.replacen("\"e1\",", "\"e1\",\"known_at\":\"2024-02-01T00:00:00Z\",", 1);
    let ahead = GOOD.replacen("2024-01-01T00:00:00Z", "2030-01-01T00:03:00Z", 1);
    let cases = [
        (GOOD, Arrival::Live, "2030-01-01T00:00:00Z", false),
        (GOOD, Arrival::History, "2024-01-01T00:00:00Z", false),
        (&with, Arrival::Live, "2024-02-01T00:00:00Z", true),
        (&with, Arrival::History, "2024-02-01T00:00:00Z", true),
        // Nothing is known before it happens, even when the sender's clock runs ahead.
        (&ahead, Arrival::Live, "2030-01-01T00:03:00Z", false),
    ];
    for (json, arrival, known_at, given) in cases {
        let event = take(Flat::from_json(json.as_bytes()).unwrap(), arrival).unwrap();
        assert_eq!((event.known_at.to_string().as_str(), event.known_given), (known_at, given), "{json}");
    }
}

#[test]
fn tables_are_read_as_text() {
    let row = |columns: &[&str], cells: &[Option<&str>]| {
        let columns: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
        let flat = Flat::from_row(
            &columns,
            cells.iter().map(|cell| cell.map_or(Cell::Null, |text| Cell::Text(Cow::Borrowed(text)))),
        );
        told(take(flat, Arrival::History))
    };
    let columns = ["id", "type", "occurred_at", "buyer", "rating", "verified", "category"];
    let good =
        [Some("1"), Some("review.posted"), Some("2024-01-01T00:00:00Z"), Some("b"), Some("5"), Some("1")];
    let cases = [
        (4, Some("5"), None),
        (4, Some("5.0"), Some(("event-field-invalid", "/rating"))),
        (4, Some("6"), Some(("event-field-invalid", "/rating"))),
        (4, None, Some(("event-field-missing", "/rating"))),
        (5, Some("false"), None),
        (5, Some("yes"), Some(("event-field-invalid", "/verified"))),
        (0, Some("1 2"), Some(("id-invalid", "/id"))),
    ];
    for (at, cell, expected) in cases {
        let mut cells = good.to_vec();
        cells[at] = cell;
        cells.push(None);
        let expected: Vec<_> =
            expected.into_iter().map(|(code, at)| (code.to_owned(), at.to_owned())).collect();
        assert_eq!(row(&columns, &cells), expected, "{at} {cell:?}");
    }
}

#[test]
fn cloudevents_taken_and_refused() {
    let envelope = json!({
        "specversion": "1.0", "id": "e1", "source": "shop", "type": "order.placed", "time": "2024-01-01T00:00:00Z",
        "subject": "buyer:b1", "datacontenttype": "application/json",
        "data": {"order": "o1", "value": "1.00", "currency": "EUR"},
    });
    let cases: [(&str, Value, Option<&str>); 15] = [
        ("knowntime", json!("2024-01-02T00:00:00Z"), None),
        ("dataschema", json!("https://example.org/x"), None),
        ("subject", json!("merchant:m1"), Some("/buyer")),
        ("subject", json!("m1"), Some("/subject")),
        ("specversion", json!("0.3"), Some("/specversion")),
        ("specversion", json!(1), Some("/specversion")),
        ("datacontenttype", json!("text/xml"), Some("/datacontenttype")),
        ("datacontenttype", json!("application/json; charset=utf-8"), None),
        ("data", json!("x"), Some("/data")),
        ("data", json!(null), Some("/order")),
        ("data", json!({"id": "e2", "order": "o1"}), Some("/data/id")),
        ("data", json!({"buyer": "b2", "order": "o1"}), Some("/subject")),
        ("data", json!({"buyer": "b1", "order": "o1", "value": 1, "currency": "EUR"}), None),
        ("traceparent", json!("00"), Some("")),
        ("time", json!("yesterday"), Some("/occurred_at")),
    ];
    for (key, value, expected) in cases {
        let mut envelope = envelope.clone();
        envelope[key] = value;
        let text = envelope.to_string();
        let flat = Flat::from_json(text.as_bytes()).unwrap();
        let told = match flatten_cloudevent(flat) {
            Ok(flat) => told(take(flat, Arrival::Live)),
            Err(problem) => {
                assert_eq!(problem.code, CLOUDEVENTS_INVALID);
                told(Err(vec![problem]))
            }
        };
        assert_eq!(told.first().map(|(_, at)| at.as_str()), expected, "{text}");
    }
}

#[test]
fn prohibited_names_are_met_however_they_are_joined() {
    let prohibited = &catalogue().vocabulary.prohibited;
    let cases = [
        ("religion", true),
        ("Religion", true),
        ("buyer_religion", true),
        ("buyer-age", true),
        ("buyerAge", true),
        ("age", true),
        ("average", false),
        ("message", false),
        ("package_weight", false),
        ("", false),
    ];
    for (name, met) in cases {
        assert_eq!(prohibited.reason(name).is_some(), met, "{name}");
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "reads the page that it holds against the catalogue")]
fn the_page_of_fields_is_what_the_catalogue_says() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/catalogue/event-fields.md");
    let found = std::fs::read_to_string(page).unwrap_or_default();
    assert!(
        found.trim_end() == fields_page(&catalogue().vocabulary).trim_end(),
        "docs/catalogue/event-fields.md is stale; write it anew with:\n    cargo run -p probity-server --bin probity -- catalogue events --markdown > docs/catalogue/event-fields.md"
    );
}

#[test]
fn every_quantity_has_a_unit_and_the_schema_says_it() {
    for (_, kind) in catalogue().vocabulary.iter() {
        let schema = json_schema(kind);
        for field in &kind.fields {
            let published = &schema["properties"][&field.name];
            let quantity = matches!(
                field.kind,
                FieldKind::Integer(..) | FieldKind::Money(..) | FieldKind::Timestamp | FieldKind::Duration
            );
            assert_eq!(published["x-unit"].is_string(), quantity, "{}.{}", kind.name, field.name);
            assert_eq!(
                published["x-sensitivity"],
                field.sensitivity.as_str(),
                "{}.{}",
                kind.name,
                field.name
            );
        }
    }
}

#[test]
fn units_are_declared_where_they_are_not_implied_and_nowhere_else() {
    fn check(field: &str, expected: Result<Option<&str>, &str>) {
        let text = format!(
            "[event.\"thing.done\"]\ntitle = \"x\"\nabout = []\n[event.\"thing.done\".fields]\nf = {{ {field}, title = \"x\" }}\n"
        );
        let source = crate::source::Source { file: "events/x.toml", text: &text };
        match (Vocabulary::parse(&[source], Prohibited::default()), expected) {
            (Ok(vocabulary), Ok(unit)) => {
                let kind = vocabulary.find("thing.done").unwrap();
                assert_eq!(vocabulary.get(kind).fields[0].unit.as_deref(), unit, "{field}");
            }
            (Err(problems), Err(why)) => {
                assert!(problems[0].to_string().contains(why), "{field}: {}", problems[0]);
            }
            (found, _) => panic!("{field}: {found:?}"),
        }
    }
    check("type = \"integer\", unit = \"days\"", Ok(Some("days")));
    check("type = \"integer\"", Ok(Some("count")));
    check("type = \"decimal\", scale = 2, unit = \"kg\"", Ok(Some("kg")));
    check("type = \"decimal\", scale = 2", Ok(None));
    check("type = \"duration\"", Ok(Some("ms")));
    check("type = \"money\"", Ok(Some("minor units of currency")));
    check("type = \"text\"", Ok(None));
    check("type = \"money\", unit = \"euros\"", Err("only an integer or a decimal"));
    check("type = \"boolean\", unit = \"count\"", Err("only an integer or a decimal"));
    check("type = \"integer\", unit = \"\"", Err("is not a unit"));
    check("type = \"integer\", unit = \"da|ys\"", Err("is not a unit"));
}
