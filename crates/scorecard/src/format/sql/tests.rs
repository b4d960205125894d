//! The query is run by SQLite on every row worth trying and gives what the scorecard gives.

use super::super::samples::{Cell, Texts, card, rows, value};
use super::*;
use crate::bins::Special;
use crate::card::{Characteristic, Parts};
use crate::scale::Scale;
use crate::table::Value;
use proptest::prelude::*;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::Value as Stored;

/// What SQLite says of the rows: score, log-odds and probability, in their order.
fn run(card: &Scorecard, rows: &[Vec<Option<Cell>>]) -> Vec<(i64, f64, f64)> {
    let database = rusqlite::Connection::open_in_memory().unwrap();
    // The SQLite that is compiled in has no mathematical functions.
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    database.create_scalar_function("exp", 1, flags, |row| Ok(row.get::<f64>(0)?.exp())).unwrap();
    let columns: String =
        card.inputs().iter().map(|name| format!(", \"{}\"", name.replace('"', "\"\""))).collect();
    database.execute(&format!("CREATE TABLE \"my \"\"rows\"(\"the id\"{columns})"), []).unwrap();
    let places = ", ?".repeat(card.inputs().len());
    let mut insert = database.prepare(&format!("INSERT INTO \"my \"\"rows\" VALUES (?{places})")).unwrap();
    for (number, row) in rows.iter().enumerate() {
        let cells = row.iter().map(|cell| match cell {
            None => Stored::Null,
            Some(Cell::Number(number)) => Stored::Real(*number),
            Some(Cell::Text(text)) => Stored::Text(text.clone()),
        });
        let values = std::iter::once(Stored::Integer(number as i64)).chain(cells);
        insert.execute(rusqlite::params_from_iter(values)).unwrap();
    }
    let query = select(card, "main.my \"rows", &["the id"]).unwrap();
    let mut query = database.prepare(&format!("{query} ORDER BY \"the id\"")).unwrap();
    let scored = query.query_map([], |row| Ok((row.get(1)?, row.get(2)?, row.get(3)?))).unwrap();
    scored.collect::<Result<_, _>>().unwrap()
}

fn check(card: &Scorecard, rows: &[Vec<Option<Cell>>]) -> Result<(), TestCaseError> {
    for (row, (score, log_odds, probability)) in rows.iter().zip(run(card, rows)) {
        let values: Vec<Value<'_>> = row.iter().map(value).collect();
        let wanted = card.score_row(&values);
        prop_assert_eq!(score, i64::from(wanted.score), "{:?}", row);
        prop_assert!((log_odds - wanted.log_odds).abs() < 1e-13, "{log_odds} {wanted:?} {row:?}");
        prop_assert!((probability - wanted.probability()).abs() < 1e-13, "{probability} {wanted:?} {row:?}");
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn sqlite_gives_the_same_scores(card in card(Texts::Tame)) {
        check(&card, &rows(&card))?;
    }

    #[test]
    fn long_bounds_are_met_to_the_last_bit(cuts in proptest::collection::vec(-1e3..1e3f64, 1..20)) {
        let mut cuts = cuts;
        cuts.sort_by(f64::total_cmp);
        cuts.dedup();
        let card = numbers(cuts);
        check(&card, &rows(&card))?;
    }
}

/// One characteristic of numbers whose bins give 0, 1, 2, … points.
fn numbers(cuts: Vec<f64>) -> Scorecard {
    let special = Special { name: "s".to_owned(), values: vec![0.1 + 0.2, f64::INFINITY] };
    let bins = Bins::try_new(Split::Cuts(cuts), vec![special]).unwrap();
    let attributes =
        (0..bins.count()).map(|bin| Attribute { points: bin as i32, ..Attribute::default() }).collect();
    let characteristic = Characteristic {
        name: "x".to_owned(),
        dimension: String::new(),
        reason: String::new(),
        bins,
        attributes,
    };
    Scorecard::try_new(Parts {
        name: String::new(),
        target: String::new(),
        method: String::new(),
        scale: Scale::default(),
        intercept: -0.1,
        base_points: 0,
        characteristics: vec![characteristic],
        pairs: vec![],
        calibration: None,
        provenance: vec![],
    })
    .unwrap()
}

#[test]
fn a_steep_scorecard_overflows_nowhere() {
    for intercept in [-2000.0, -700.0, 0.0, 700.0, 2000.0] {
        let parts = Parts { intercept, ..numbers(vec![1.0]).parts().clone() };
        check(&Scorecard::try_new(parts).unwrap(), &[vec![Some(Cell::Number(0.5))]]).unwrap();
    }
}

#[test]
fn what_sql_cannot_say_is_refused() {
    fn check(change: impl FnOnce(&mut Parts), table: &str, keys: &[&str], wanted: &str) {
        let mut parts = numbers(vec![1.0]).parts().clone();
        change(&mut parts);
        let error = select(&Scorecard::try_new(parts).unwrap(), table, keys).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    check(|_| (), "a..b", &[], "\"\" is no name");
    check(|_| (), "t", &["score"], "key \"score\"");
    check(|_| (), "t", &["id", "id"], "key \"id\"");
    check(|parts| parts.characteristics[0].name = "a\0b".to_owned(), "t", &[], "is no name");
    check(|parts| parts.base_points = i32::MAX, "t", &[], "32 bits");
    let nul = Split::Groups { groups: vec![vec!["\0".to_owned()], vec![]], other: 1 };
    let nul = Bins::try_new(nul, vec![Special { name: String::new(), values: vec![] }]).unwrap();
    check(|parts| parts.characteristics[0].bins = nul, "t", &[], "NUL");
}
