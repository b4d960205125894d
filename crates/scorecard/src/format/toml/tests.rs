//! What is written comes back; what people write wrong is told with its place; what is hostile is refused.

use super::super::json;
use super::super::samples::{Texts, card};
use super::*;
use crate::format::document::MOST_BYTES;
use proptest::prelude::*;

const GOOD: &str = r#"
[scorecard]
name = "first"
target = "bad"
method = "woe"
intercept = -2.63
base_points = 612
scale = { score = 600, odds = 30, points_to_double = 50 }

[[calibration]]
log_odds = -3
counts_as = -2.5
[[calibration]]
log_odds = 3
counts_as = 2.5

[[characteristic]]
name = "age"
reason = "too young"
attributes = [
  { below = 25, points = -12, log_odds = 0.31, weight = 1200, bad = 130 },
  { below = inf, points = 0, log_odds = 0 },
  { points = 9, log_odds = -0.12 }, # all that is left
]
special = [ { name = "no record", values = [-9, -inf], points = 3, log_odds = -0.04 } ]
missing = { points = 0, log_odds = 0 }

[[characteristic]]
name = "home"
attributes = [
  { values = ["own", "mortgage"], points = 8, log_odds = -0.11 },
  { values = ["rent"], other = true, points = -7, log_odds = 0.1 },
]
missing = { points = 0, log_odds = 0 }

[[pair]]
first = { name = "age", cuts = [30] }
second = { name = "home", groups = [{ values = ["own"] }, { values = [], other = true }] }
points = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
log_odds = [[0, 0, 0], [0, 0, 0], [0.5, 0, 0]]

[[provenance]]
name = "rows"
value = "105000"
"#;

/// Equal to the last bit: `==` alone takes −0 for 0.
fn same(first: &Scorecard, second: &Scorecard) {
    assert_eq!(first, second);
    assert_eq!(format!("{first:?}"), format!("{second:?}"));
}

#[test]
fn a_file_of_a_person_is_read() {
    let card = read(GOOD).unwrap();
    assert_eq!(card.inputs(), ["age", "home"]);
    let row = [crate::table::Value::Number(24.0), crate::table::Value::Category("boat")];
    assert_eq!(card.score_row(&row).score, 612 - 12 - 7 + 2);
    same(&read(&write(&card)).unwrap(), &card);
    same(&json::read(&json::write(&card).unwrap()).unwrap(), &card);
    let windows = GOOD.replace('\n', "\r\n");
    same(&read(&format!("\u{feff}{windows}")).unwrap(), &card);
    same(&json::read(&format!("\u{feff}{}", json::write(&card).unwrap())).unwrap(), &card);
}

#[test]
fn changed_points_change_the_score_and_not_the_probability() {
    let row = [crate::table::Value::Number(24.0), crate::table::Value::Category("rent")];
    let before = read(GOOD).unwrap().score_row(&row);
    let after = read(&GOOD.replace("points = -12", "points = -20")).unwrap().score_row(&row);
    assert_eq!(after.score, before.score - 8);
    assert_eq!(after.probability(), before.probability());
}

/// The good file with one text replaced: the error begins with the place and says the words.
fn check(from: &str, to: &str, wanted_place: &str, wanted: &str) {
    assert!(GOOD.contains(from), "{from}");
    let text = GOOD.replacen(from, to, 1);
    let error = read(&text).unwrap_err().to_string();
    let error = error.strip_prefix("scorecard: ").unwrap();
    assert!(error.starts_with(wanted_place), "{from} -> {to}: {error}");
    assert!(error.contains(wanted), "{from} -> {to}: {error}");
}

#[test]
fn a_mistake_is_told_with_its_line() {
    for (from, to, place, wanted) in [
        ("points = -12", "points = -12.5", "line 21, column 26", "i32"),
        ("points = -12", "points = 99999999999", "line 21, column 26", "i32"),
        ("points = -12, ", "", "line 21, column 3", "missing field `points`"),
        ("points = -12", "point = -12", "line 21, column 17", "unknown field `point`"),
        ("below = 25", "below = nan", "line 21, column 3", "\"age\": bounds must ascend: NaN"),
        ("below = inf", "below = 25", "line 22, column 3", "bounds must ascend: 25, 25"),
        ("below = inf, ", "", "line 22, column 3", "`below` is missing"),
        ("{ points = 9", "{ below = inf, points = 9", "line 23, column 3", "remove its `below`"),
        ("{ points = 9", "{ other = true, points = 9", "line 23, column 3", "`other` belongs"),
        ("log_odds = -0.12", "log_odds = nan", "line 23, column 3", "finite"),
        ("values = [-9, -inf]", "values = [-9, nan]", "line 25, column 11", "not a number"),
        ("values = [-9, -inf]", "values = [-9, -9]", "line 25, column 11", "-9 comes twice"),
        ("values = [-9, -inf]", "values = [\"-9\"]", "line 25, column 45", "invalid value: string \"-9\""),
        ("missing = { points = 0, log_odds = 0 }", "", "line 17, column 1", "missing field `missing`"),
        (
            "missing = { points = 0, log_odds = 0 }",
            "missing = { points = 0, log_odds = inf }",
            "line 26, column 11",
            "finite",
        ),
        ("\"mortgage\"", "\"rent\"", "line 30, column 14", "\"rent\" is in two groups"),
        (", other = true, points", ", points", "line 30, column 14", "no group takes"),
        ("[\"own\", \"mortgage\"], ", "[\"own\"], other = true, ", "line 32, column 3", "only one"),
        (
            "{ values = [\"rent\"], other = true,",
            "{ other = true,",
            "line 32, column 3",
            "`values` is missing",
        ),
        ("[4, 5, 6]", "[4, 5]", "line 39, column 22", "2 figures in a row instead of 3"),
        (", [7, 8, 9]", "", "line 39, column 10", "2 rows instead of 3"),
        ("[0.5,", "[nan,", "line 40, column 36", "finite"),
        ("cuts = [30] ", "", "line 37, column 9", "either `cuts` or `groups`"),
        ("counts_as = 2.5", "counts_as = -9", "line 10, column 1", "must not fall"),
        ("intercept = -2.63", "intercept = inf", "line 6, column 13", "finite"),
        ("odds = 30", "odds = 0", "line 8, column 9", "above zero"),
        ("name = \"home\"", "name = \"age\"", "two characteristics", "\"age\""),
        ("[scorecard]", "[scorecard", "line 2", ""),
        ("target = \"bad\"", "target = \"bad\"\ntarget = \"bad\"", "line 5, column 1", "duplicate key"),
    ] {
        check(from, to, place, wanted);
    }
}

#[test]
fn a_mistake_in_json_is_told_with_its_place() {
    let good = json::write(&read(GOOD).unwrap()).unwrap();
    for (from, to, wanted) in [
        ("\"points\": -12", "\"points\": 0.5", "line 31 column 23"),
        ("\"below\": \"inf\"", "\"below\": 25", "/characteristic/0/attributes/1: characteristic \"age\""),
        ("\"below\": \"inf\"", "\"below\": \"ing\"", "\"inf\" or \"-inf\""),
        ("\"below\": \"inf\"", "\"beyond\": \"inf\"", "unknown field `beyond`"),
    ] {
        assert!(good.contains(from), "{from} in {good}");
        let error = json::read(&good.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains(wanted), "{from} -> {to}: {error}");
    }
}

#[test]
fn hostile_files_are_refused_and_quickly() {
    let head = &GOOD[..GOOD.find("[[calibration]]").unwrap()];
    let table = |attributes: &str, special: &str| {
        format!(
            "{head}[[characteristic]]\nname = \"x\"\nattributes = [{attributes}]\nspecial = [{special}]\nmissing = {{ points = 0, log_odds = 0 }}\n"
        )
    };
    let million: String = (0..1_000_000).map(|cut| format!("{{below={cut},points=0,log_odds=0}},")).collect();
    let specials = (0..200_000).map(|value| format!("{value},")).collect::<String>();
    let specials = format!("{{name=\"s\",values=[{specials}0],points=0,log_odds=0}}");
    let many =
        "[[characteristic]]\nname=\"x\"\nattributes=[]\nmissing={points=0,log_odds=0}\n".repeat(20_000);
    for (text, wanted) in [
        (table(&(million + "{points=0,log_odds=0}"), ""), "are too many"),
        (table("{points=0,log_odds=0}", &specials), "0 comes twice"),
        (table("", ""), "no attributes"),
        (format!("{head}{many}"), "20000 are too many"),
        (format!("{head}x = {}", "[".repeat(100_000)), "recursion depth"),
        (format!("{head}x = {}", "{a=".repeat(100_000)), "recursion depth"),
        (" ".repeat(MOST_BYTES + 1), "too long"),
        (String::new(), "missing field `scorecard`"),
        (format!("{head}{} = 1", "x".repeat(1_000_000)), "unknown field"),
    ] {
        let error = read(&text).unwrap_err().to_string();
        assert!(error.contains(wanted) && error.len() < 1_000, "{wanted}: {error}");
    }
    let deep = format!("{{\"scorecard\":{}", "[".repeat(100_000));
    assert!(json::read(&deep).is_err());
}

proptest! {
    #[test]
    fn what_is_written_comes_back_to_the_last_bit(card in card(Texts::Any)) {
        let text = write(&card);
        same(&read(&text).map_err(|error| TestCaseError::fail(format!("{error}\n{text}")))?, &card);
        same(&json::read(&json::write(&card).unwrap()).unwrap(), &card);
        // A second writing changes nothing: files can be compared line by line.
        prop_assert_eq!(write(&read(&text).unwrap()), text);
    }

    #[test]
    fn no_text_makes_the_reader_panic(cut in 0..GOOD.len(), length in 0..30usize, put in ".{0,12}", noise in any::<String>()) {
        let end = (cut + length).min(GOOD.len());
        // The sample is plain ASCII, so every place is one between characters.
        let text = format!("{}{put}{}", &GOOD[..cut], &GOOD[end..]);
        let _ = read(&text);
        let _ = read(&noise);
        let _ = json::read(&noise);
        let json = json::write(&read(GOOD).unwrap()).unwrap();
        let (cut, end) = (cut % json.len(), end % json.len());
        let _ = json::read(&format!("{}{put}{}", &json[..cut], &json[end.max(cut)..]));
    }
}
