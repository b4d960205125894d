//! The starter catalogue loads, every case of its indicators holds, and broken catalogues are refused at their place.
#![expect(clippy::disallowed_methods, reason = "tests read the starter catalogue's files and the clock")]

use super::Catalogue;
use super::cases::{check_cases, meet_cases};
use crate::event::Role;
use crate::policy::RequestKind;
use std::collections::BTreeMap;
use std::path::Path;

pub(crate) fn texts() -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, texts);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                texts.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue");
    let mut texts = BTreeMap::new();
    walk(&root, &root, &mut texts);
    texts
}

/// The starter catalogue with the reporting currency of case tables.
pub(crate) fn starter() -> Catalogue {
    let mut texts = texts();
    let rates = texts.get_mut("rates.toml").unwrap();
    *rates =
        "reporting = \"EUR\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2016-01-01\"\nrate = \"0.25\"\n".into();
    Catalogue::load(texts).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

#[test]
fn every_indicator_of_the_starter_has_a_case_and_every_case_holds() {
    let (catalogue, met) = (starter(), meet_cases(&texts()));
    let wrong: Vec<String> = met.problems.iter().map(ToString::to_string).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for role in Role::ALL {
        for name in catalogue.plan.names(role) {
            assert!(met.indicators.contains(&(role, name.clone())), "{} {name} has no case", role.as_str());
        }
    }
}

#[test]
fn every_rule_of_the_starter_has_a_case() {
    let (catalogue, met) = (starter(), meet_cases(&texts()));
    for policy in catalogue.policies() {
        let kind = policy.kind().as_str();
        for table in policy.tables() {
            for rule in &table.rules {
                let name = format!("{kind}: {}.{}", table.name, rule.name);
                assert!(met.rules.contains(&name), "no case for {name}");
            }
        }
    }
    assert_eq!(catalogue.policies().count(), RequestKind::ALL.len());
}

#[test]
fn a_case_that_does_not_hold_is_told_with_its_place() {
    let check = |file: &str, from: &str, to: &str, wanted: &str| {
        let mut texts = texts();
        let text = texts.get_mut(file).unwrap_or_else(|| panic!("there is no {file}"));
        assert!(text.contains(from), "{file} has no {from}");
        *text = text.replacen(from, to, 1);
        let problems = check_cases(&Catalogue::load(texts).unwrap());
        let told = problems.first().unwrap_or_else(|| panic!("{file}: {from} to {to} is no problem"));
        assert!(
            told.at.starts_with(file.trim_end_matches(".toml")) && told.detail.contains(wanted),
            "{told}"
        );
    };
    check(
        "policies/payment.cases.toml",
        "outcome = \"decline\"",
        "outcome = \"review\"",
        "outcome is decline, not review",
    );
    check("policies/payment.cases.toml", "amount = ", "amuont = ", "there is no column 'amuont'");
    check("policies/payment.cases.toml", "reasons", "raisons", "raisons");
    check(
        "policies/payment.toml",
        "amount('400.00')",
        "amount('300.00')",
        "limit is Some(30000), not Some(40000)",
    );
    let file = "indicators/buyer/integrity.cases.toml";
    check(file, "value = 1", "value = 7", "not 7");
    check(file, "party = \"buyer:", "party = \"rider:", "is no party");
    check(file, "indicator = \"", "indicator = \"un", "is not defined");
}

/// The starter catalogue with one more file of indicators, or with one file changed.
fn refused(file: &str, text: &str) -> Vec<(String, String)> {
    let mut texts = texts();
    texts.insert(file.to_owned(), text.to_owned());
    match Catalogue::load(texts) {
        Ok(_) => Vec::new(),
        Err(problems) => {
            problems.into_iter().map(|problem| (problem.code.as_str().to_owned(), problem.at)).collect()
        }
    }
}

/// A definition whose last lines are these; they begin on line 7.
fn indicator(lines: &str) -> String {
    let head =
        "[[indicator]]\nname = \"broken\"\ntitle = \"Broken\"\nof = \"merchant\"\ndimension = \"quality\"\n";
    format!("{head}better = \"lower\"\n{lines}")
}

#[test]
fn broken_indicators_are_refused_at_their_place() {
    const FILE: &str = "indicators/merchant/zz.toml";
    let placed = r#"unit = "count"
on = ["order.placed"]
window = "30d"
"#;
    let cases = [
        (r#"aggregate = "count""#, None),
        (
            r#"aggregate = "count"
where = "valeu IS NULL""#,
            Some(("expression-unknown-column", "11:10")),
        ),
        (
            r#"aggregate = "count"
where = """
items > 1
  AND iems > 2""""#,
            Some(("expression-unknown-column", "13:7")),
        ),
        (
            r#"aggregate = "count"
where = "items >""#,
            Some(("expression-syntax", "11:17")),
        ),
        (
            r#"aggregate = "count"
where = "items + 1""#,
            Some(("indicator-invalid", "2:8")),
        ),
        (
            r#"aggregate = "sum"
value = "value""#,
            Some(("expression-currency", "2:8")),
        ),
        (
            r#"aggregate = "sum"
value = "items * 1.5""#,
            Some(("indicator-invalid", "2:8")),
        ),
        (
            r#"aggregate = "count"
pair_cap = 0"#,
            Some(("indicator-invalid", "2:8")),
        ),
        (
            r#"aggregate = "count"
prior = { mean = 0.5, strength = 1 }"#,
            Some(("indicator-invalid", "2:8")),
        ),
        (r#"aggregate = "counted""#, Some(("definition-invalid", "10:13"))),
        (
            r#"aggregate = "count"
filter = "TRUE""#,
            Some(("definition-invalid", "11:1")),
        ),
    ];
    for (lines, expected) in cases {
        let expected: Vec<_> =
            expected.into_iter().map(|(code, at)| (code.to_owned(), format!("{FILE}:{at}"))).collect();
        assert_eq!(refused(FILE, &indicator(&format!("{placed}{lines}\n"))), expected, "{lines}");
    }
}

#[test]
fn indicators_of_the_wrong_events_are_refused_at_their_place() {
    const FILE: &str = "indicators/merchant/zz.toml";
    let alone = [
        (
            r#"unit = "count"
on = ["order.plaed"]
aggregate = "count"
window = "30d""#,
            ("indicator-invalid", "8:7"),
        ),
        (
            r#"unit = "count"
on = ["order.placed", "order.placed"]
aggregate = "count"
window = "30d""#,
            ("indicator-invalid", "8:23"),
        ),
        (
            r#"unit = "count"
on = ["order.defective"]
aggregate = "count"
window = "lifetime""#,
            ("indicator-invalid", "8:7"),
        ),
        (
            r#"unit = "count"
on = ["order.defective"]
aggregate = "count"
window = "1826d""#,
            ("indicator-invalid", "8:7"),
        ),
        (
            r#"unit = "days"
on = ["order.placed"]
aggregate = "days_since_last"
window = "24h""#,
            ("indicator-invalid", "2:8"),
        ),
        (
            r#"unit = "ratio"
derive = "broken + 1""#,
            ("indicator-invalid", "2:8"),
        ),
        (
            r#"unit = "ratio"
derive = "orders_placd + 1""#,
            ("expression-unknown-column", "8:11"),
        ),
    ];
    for (lines, (code, at)) in alone {
        let expected = vec![(code.to_owned(), format!("{FILE}:{at}"))];
        assert_eq!(refused(FILE, &indicator(&format!("{lines}\n"))), expected, "{lines}");
    }
}

#[test]
fn a_circle_of_derived_indicators_is_told_of_each() {
    const FILE: &str = "indicators/merchant/zz.toml";
    let one = |name: &str, from: &str| {
        indicator(&format!("unit = \"ratio\"\nderive = \"{from} * 2\"\n")).replace("broken", name)
    };
    let text = format!("{}{}{}", one("one", "two"), one("two", "three"), one("three", "one"));
    let place = |line: usize| ("indicator-invalid".to_owned(), format!("{FILE}:{line}:8"));
    assert_eq!(refused(FILE, &text), [place(2), place(10), place(18)]);
}

#[test]
fn broken_files_are_refused_at_their_place() {
    let events = "[event.\"zebra.seen\"]\ntitle = \"Z\"\nabout = [\"buyer\"]\n";
    let cases = [
        ("events/zz.toml", events.to_owned(), None),
        (
            "events/zz.toml",
            events.replace("zebra.seen", "Zebra"),
            Some(("event-type-invalid", "events/zz.toml:1:8")),
        ),
        (
            "events/zz.toml",
            events.replace("zebra.seen", "order.placed"),
            Some(("event-type-invalid", "events/zz.toml:1:8")),
        ),
        (
            "events/zz.toml",
            events.replace("\"buyer\"", "\"rider\""),
            Some(("event-type-invalid", "events/zz.toml:3:10")),
        ),
        (
            "events/zz.toml",
            format!("{events}fields.gender = {{ type = \"text\", title = \"G\" }}\n"),
            Some(("field-prohibited", "events/zz.toml:1:8")),
        ),
        (
            "events/zz.toml",
            format!("{events}fields.x = {{ type = \"txt\", title = \"X\" }}\n"),
            Some(("event-type-invalid", "events/zz.toml:1:8")),
        ),
        (
            "events/zz.toml",
            format!("{events}fields = 1\n"),
            Some(("definition-invalid", "events/zz.toml:4:10")),
        ),
        ("events/zz.toml", "[event".to_owned(), Some(("definition-invalid", "events/zz.toml:1:7"))),
    ];
    for (file, text, expected) in cases {
        let expected: Vec<_> =
            expected.into_iter().map(|(code, at)| (code.to_owned(), at.to_owned())).collect();
        assert_eq!(refused(file, &text), expected, "{file}: {text}");
    }
    let mut missing = texts();
    missing.remove("regime.toml");
    assert_eq!(Catalogue::load(missing).unwrap_err()[0].code, super::CATALOGUE_FILE_MISSING);
    let mut wordless = texts();
    wordless.remove("events/derived.toml");
    let problems = Catalogue::load(wordless).unwrap_err();
    assert!(problems.iter().all(|problem| problem.code == crate::order::ORDER_WORDS_MISSING), "{problems:?}");
}

#[test]
fn broken_settings_are_refused_at_their_place() {
    let cases = [
        (
            "rates.toml",
            "reporting = \"EUR\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2018-01-01\"\nrate = \"-1\"\n"
                .to_owned(),
            ("rates-invalid", "rates.toml:5:8"),
        ),
        ("rates.toml", "reporting = \"eur\"\n".to_owned(), ("currency-unknown", "rates.toml:1:13")),
        ("orders.toml", "claim_window = \"30d\"\n".to_owned(), ("definition-invalid", "orders.toml:1:1")),
        (
            "orders.toml",
            ["claim_window", "undelivered_after", "deliver_within", "ship_within", "pay_within"]
                .map(|name| format!("{name} = \"{}\"\n", if name == "ship_within" { "-30d" } else { "30d" }))
                .concat(),
            ("time-invalid", "orders.toml:4:15"),
        ),
        (
            "rates.toml",
            "reporting = \"EUR\"\n[[rate]]\ncurrency = \"XXQ\"\ndate = \"2018-01-01\"\nrate = \"1\"\n"
                .to_owned(),
            ("currency-unknown", "rates.toml:3:12"),
        ),
        (
            "rates.toml",
            "reporting = \"EUR\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2018-13-01\"\nrate = \"1\"\n"
                .to_owned(),
            ("rates-invalid", "rates.toml:4:8"),
        ),
        ("regime.toml", "score_use_days = -5\n".to_owned(), ("definition-invalid", "regime.toml:1:18")),
        (
            "regime.toml",
            "score_use_days = 5\n[[prohibited]]\nfield = \"\"\nreason = \"\"\n".to_owned(),
            ("definition-invalid", "regime.toml:3:9"),
        ),
    ];
    for (file, text, (code, at)) in cases {
        assert_eq!(refused(file, &text), [(code.to_owned(), at.to_owned())], "{file}: {text}");
    }
}

#[test]
fn hostile_expressions_are_refused_quickly() {
    const FILE: &str = "indicators/merchant/zz.toml";
    let many = |term: &str, by: &str| vec![term; 5_000].join(by);
    let hostile = [
        many("items > 1", " OR "),
        many("1", " + ") + " > items",
        "(".repeat(5_000) + "TRUE" + &")".repeat(5_000),
        "NOT ".repeat(5_000) + "TRUE",
        "- ".repeat(5_000) + "items > 1",
        "CASE WHEN TRUE THEN ".repeat(5_000) + "TRUE" + &" END".repeat(5_000),
        format!("items IN ({})", many("1", ", ")),
    ];
    for text in hostile {
        let lines = format!(
            "unit = \"count\"\non = [\"order.placed\"]\nwindow = \"30d\"\naggregate = \"count\"\nwhere = \"{text}\"\n"
        );
        let begun = std::time::Instant::now();
        let problems = refused(FILE, &indicator(&lines));
        let shown = &text[..40];
        assert_eq!(problems.len(), 1, "{shown}");
        assert!(problems[0].0.starts_with("expression-too-"), "{shown}: {problems:?}");
        assert!(problems[0].1.starts_with(&format!("{FILE}:11:")), "{shown}: {problems:?}");
        assert!(begun.elapsed().as_secs() < 3, "{shown} took {:?}", begun.elapsed());
    }
}

#[test]
fn a_missing_value_says_over_which_span_nothing_is_known() {
    let plan = starter().plan;
    let none = vec![None; plan.names(Role::Merchant).len()];
    let all: Vec<_> = none.iter().map(|_| Some(1.0)).collect();
    let cases = [
        ("handling_time_mean", &none, "nothing known in the last 180 days"),
        ("delivery_delay_p90", &none, "too little known in the last 180 days"),
        ("undelivered_rate", &none, "nothing known in the last 365 days"),
        ("tenure_days", &none, "nothing known yet"),
        // Derived: the span of the part that is missing; none when the formula itself has no result.
        ("late_shipment_index", &none, "nothing known in the last 365 days"),
        ("late_shipment_index", &all, "nothing known"),
        ("no_such_indicator", &none, "nothing known"),
    ];
    for (name, values, expected) in cases {
        assert_eq!(plan.gap(Role::Merchant, name, values), expected, "{name}");
    }
}
