use super::{CARD, card, parsed};
use proptest::prelude::*;

/// Replaces once and expects problems that hold the given words, in this order and no others.
fn check(from: &str, to: &str, expected: &[&str]) {
    assert!(CARD.contains(from), "{from}");
    let problems = parsed(&CARD.replacen(from, to, 1)).err().unwrap_or_default();
    assert_eq!(problems.len(), expected.len(), "{to}: {problems:#?}");
    for (problem, words) in problems.iter().zip(expected) {
        assert!(problem.contains(words), "{to}: {problem} has no '{words}'");
    }
}

#[test]
fn the_test_scorecard_reads() {
    let card = card();
    assert_eq!((card.name(), card.of(), card.title()), ("merchant-test", "merchant", "Test"));
    let texts: Vec<&str> = card.characteristics()[0].attributes.iter().map(|it| it.text.as_str()).collect();
    assert_eq!(texts, ["below 0.01", "0.01 to 0.04", "0.04 to 0.10", "0.10 and above"]);
    assert_eq!(card.hash(), probity_primitives::Digest::of(&[CARD.as_bytes()]));
    assert!((card.scale().offset() - 354.655_5).abs() < 1e-3);
}

/// What is replaced, by what, and the problems that must come of it.
const WRONG: &[(&str, &str, &[&str])] = &[
    ("title = \"Test\"", "titel = \"Test\"", &["m.toml:5:1: unknown field `titel`"]),
    ("reasoning = \"For tests.\"\n", "", &["missing field `reasoning`"]),
    ("of = \"merchant\"", "of = \"bank\"", &["m.toml:4:6: 'bank' is neither"]),
    ("merchant-test", "Merchant Test", &["m.toml:3:8: 'Merchant Test' is not a name"]),
    ("\"Test\"", "\"a\u{202e}b\"", &["m.toml:5:9: a text holds"]),
    ("\"Test\"", "\" \"", &["m.toml:5:9: the text is empty"]),
    ("base_points = 600", "base_points = 6.5", &["m.toml:7:15: invalid type: floating point"]),
    ("base_points = 600", "base_points = 1200", &["base_points is 1200, not between 350 and 700"]),
    ("floor = 350", "floor = 700", &["m.toml:12:9: the floor 700 is not below"]),
    ("odds = 30", "odds = nan", &["m.toml:10:8: odds is NaN"]),
    ("odds = 30", "odds = 0", &["odds is 0, not between"]),
    ("points_to_double = 50", "points_to_double = inf", &["points_to_double is inf"]),
    ("\"orders\"", "\"order\"", &["m.toml:15:11: there is no indicator 'order'"]),
    ("k = 10", "k = 0", &["k is 0, not between"]),
    ("minimum = 5", "minimum = -1", &["minimum is -1"]),
    (
        "name = \"voice\"",
        "name = \"fulfilment\"",
        &["a second dimension", "no dimension 'voice'", "no dimension 'voice'"],
    ),
    ("dimension = \"voice\"", "dimension = \"vioce\"", &["there is no dimension 'vioce'"]),
    ("indicator = \"late\"", "indicator = \"lates\"", &["there is no indicator 'lates'"]),
    ("indicator = \"late\"", "indicator = \"rating\"", &["a second characteristic over 'rating'"]),
    ("\"M02\"", "\"M01\"", &["a second reason with the code 'M01'"]),
    ("\"G01\"", "\"M01\"", &["a second reason with the code 'M01'"]),
    ("\"M02\"", "\"m 2\"", &["'m 2' is not a reason code"]),
    ("missing = -5\n", "", &["missing field `missing`"]),
    (
        "below = 0.04",
        "below = 0.01",
        &["m.toml:33:57: the bound 0.01 is not above the one before (write the"],
    ),
    ("below = 0.04", "below = nan", &["the bound NaN is not a number"]),
    ("below = 2.5", "below = -inf", &["the bound -inf is not a number"]),
    ("below = 0.04, ", "", &["an attribute without 'below'"]),
    ("{ points = -160 }", "{ below = 1.0, points = -160 }", &["the last attribute has a bound"]),
    ("points = 30 }", "points = 30.5 }", &["invalid type: floating point `30.5`, expected i64"]),
    ("points = 30 }", "points = 10_001 }", &["points is 10001, not between"]),
    ("points = 30 }", "points = 9223372036854775808 }", &["scorecard-invalid m.toml:33:"]),
    ("points = 30 }", "points = 30, up = 1 }", &["unknown field `up`"]),
    ("{ value = 0,", "{ value = nan,", &["the special value NaN"]),
    ("special = [", "special = [ { value = 0, points = 1, title = \"x\" },", &["a second special value 0"]),
    // One language in all reasons, or both in each.
    (
        "advice = \"Dispatch by the promised day\"",
        "advice = \"Dispatch by the promised day\", text_zh = \"迟\", advice_zh = \"快\"",
        &[
            "the reason 'M02' is not in Chinese",
            "'M03' is not",
            "'G01' is not",
            "'G02' is not",
            "'G03' is not",
        ],
    ),
    (
        "advice = \"Dispatch by the promised day\"",
        "advice = \"Dispatch by the promised day\", text_zh = \"迟\"",
        &["the reason 'M01' is not in Chinese", "'M02'", "'M03'", "'G01'", "'G02'", "'G03'"],
    ),
    ("cap = 400\ntier = \"blocked\"\n", "", &["the gate holds nothing down"]),
    ("cap = 400", "cap = 349", &["cap is 349, not between 350 and 700"]),
    ("\"many_findings\"", "\"open_finding\"", &["a second gate 'open_finding'"]),
    ("findings > 0", "findings", &["m.toml:50:8: the condition is DOUBLE, not BOOLEAN"]),
    ("findings > 0", "find > 0", &["expression-unknown-column m.toml:50:9"]),
    ("[[gate]]", "[gate]", &["scorecard-invalid m.toml:54:3: duplicate key", "duplicate key"]),
    (
        "[[dimension]]\nname = \"fulfilment\"\ntitle = \"Fulfilment\"",
        "dimension = 3",
        &["m.toml:21:1: unknown field `dimension`", "m.toml:28:13: there is no dimension"],
    ),
    ("[scorecard]", "[scorecard", &["scorecard-invalid m.toml:2:"]),
    ("[scorecard]", "extra = 1\n[scorecard]", &["m.toml:2:1: unknown field `extra`"]),
];

#[test]
fn what_is_wrong_is_refused_at_its_place() {
    for (from, to, expected) in WRONG {
        check(from, to, expected);
    }
}

#[test]
fn all_problems_are_found_at_once() {
    let text = CARD
        .replace("missing = -5", "missing = \"none\"")
        .replace("below = 0.04", "below = 0.01")
        .replace("k = 10", "k = -1")
        .replace("cap = 350", "cap = 1");
    assert_eq!(parsed(&text).unwrap_err().len(), 4);
}

#[test]
fn too_much_is_refused_quickly() {
    let many = |n: usize, item: &str| item.repeat(n);
    let attributes = many(1_000_000, "{ below = 1, points = 1 }, ");
    let some = many(20_000, "{ below = 1, points = 1 }, ");
    let characteristics = many(201, "[[characteristic]]\nindicator = \"late\"\n");
    let deep = format!("x = {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let cases = [
        (CARD.replacen("attributes = [", &format!("attributes = [ {attributes}"), 1), "bytes, more than"),
        (
            CARD.replacen("attributes = [", &format!("attributes = [ {some}"), 1),
            "20004 attributes, not between 1 and 50",
        ),
        (format!("{CARD}{characteristics}"), "204 items of 'characteristic', more than 200"),
        (deep, "scorecard-invalid"),
        ("dimension = 3".to_owned(), "m.toml:1:13: 'dimension' is not a list (write [[dimension]])"),
        (String::new(), "missing field `scorecard`"),
    ];
    for (text, words) in cases {
        let problems = parsed(&text).unwrap_err();
        assert!(problems.len() <= 100);
        assert!(problems[0].contains(words), "{}", problems[0]);
    }
}

proptest! {
    #[test]
    fn no_mutilated_file_brings_the_reader_down(at in 0..CARD.len(), cut in 0_usize..40, put in "[ -~]{0,12}") {
        let at = (0..=at).rev().find(|at| CARD.is_char_boundary(*at)).unwrap_or(0);
        let end = (at + cut).min(CARD.len());
        let text = format!("{}{put}{}", &CARD[..at], &CARD[end..]);
        match parsed(&text) {
            Ok(card) => { card.explain(&[Some(1.0); 5]); }
            Err(problems) => prop_assert!(!problems.is_empty() && problems.iter().all(|it| it.contains("m.toml:"))),
        }
    }
}
