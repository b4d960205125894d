//! A card and a sample by hand, for the tests of this module.

use crate::bins::{Bins, Special, Split};
use crate::card::{Attribute, Characteristic, Pair, Parts};
use crate::scale::Scale;
use crate::table::Column;
use crate::{Sample, Scorecard, Table};

fn attribute(log_odds: f64) -> Attribute {
    Attribute { log_odds, points: (-log_odds * 100.0) as i32, weight: 10.0, bad: 1.0 }
}

fn cuts(cuts: &[f64]) -> Bins {
    let specials = vec![Special { name: "no record".to_owned(), values: vec![-9.0] }];
    Bins::try_new(Split::Cuts(cuts.to_vec()), specials).unwrap()
}

/// `age` (30, 50; descending risk), `home` (own, rent), and the pair `age × debt` (40; 1).
pub(crate) fn parts() -> Parts {
    let groups = Split::Groups { groups: vec![vec!["own".to_owned()], vec!["rent".to_owned()]], other: 1 };
    let characteristic = |name: &str, bins: Bins, log_odds: &[f64]| Characteristic {
        name: name.to_owned(),
        dimension: String::new(),
        reason: String::new(),
        bins,
        attributes: log_odds.iter().map(|log_odds| attribute(*log_odds)).collect(),
    };
    let mut cells = vec![attribute(0.0); 16];
    cells[0] = attribute(0.5);
    Parts {
        name: "test".to_owned(),
        target: "bad".to_owned(),
        method: "woe".to_owned(),
        scale: Scale::default(),
        intercept: -1.0,
        base_points: 500,
        characteristics: vec![
            characteristic("age", cuts(&[30.0, 50.0]), &[0.75, 0.25, -0.5, 0.1, 0.0]),
            characteristic("home", Bins::try_new(groups, vec![]).unwrap(), &[-0.25, 0.25, 0.0]),
        ],
        pairs: vec![Pair {
            first: "age".to_owned(),
            second: "debt".to_owned(),
            rows: cuts(&[40.0]),
            columns: cuts(&[1.0]),
            cells,
        }],
        provenance: vec![("rows".to_owned(), "12".to_owned())],
    }
}

pub(crate) fn changed(change: impl FnOnce(&mut Parts)) -> Scorecard {
    let mut parts = parts();
    change(&mut parts);
    Scorecard::try_new(parts).unwrap()
}

pub(crate) fn card() -> Scorecard {
    changed(|_| ())
}

/// Twelve rows.
pub(crate) fn sample() -> Sample {
    let age = vec![20.0, 25.0, 35.0, 45.0, 55.0, 60.0, -9.0, f64::NAN, 29.0, 49.0, 70.0, 20.0];
    let bad = vec![1.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0];
    let debt = vec![0.0, 2.0, 0.5, 3.0, 0.0, f64::NAN, 1.0, 1.0, 0.0, 2.0, -9.0, 0.0];
    let home = ["own", "rent", "rent", "own", "own", "own", "new", "rent", "own", "rent", "own", "own"];
    let columns = vec![
        Column::numbers("age", age),
        Column::numbers("debt", debt),
        Column::categories("home", home.map(Some)),
        Column::numbers("bad", bad),
    ];
    Sample::try_new(&Table::try_new(columns).unwrap(), "bad", None).unwrap()
}
