use super::*;
use crate::bins::Split;
use crate::card::{Characteristic, Pair};
use crate::scale::Scale;
use crate::table::{Column, Value};
use proptest::prelude::*;

fn attribute(log_odds: f64, weight: f64) -> Attribute {
    Attribute { log_odds, points: 0, weight, bad: 0.0 }
}

fn bins(regular: usize) -> Bins {
    Bins::try_new(Split::Cuts((1..regular).map(|cut| cut as f64).collect()), vec![]).unwrap()
}

/// A card whose tables hold these log-odds, the last of each for missing values; the pair is of the first two columns.
fn parts(tables: &[Vec<f64>], pair: Option<&[f64]>) -> Parts {
    let characteristic = |(place, log_odds): (usize, &Vec<f64>)| Characteristic {
        name: format!("x{place}"),
        dimension: String::new(),
        reason: String::new(),
        bins: bins(log_odds.len() - 1),
        attributes: log_odds.iter().enumerate().map(|(bin, value)| attribute(*value, bin as f64)).collect(),
    };
    let pairs = pair.map(|cells| Pair {
        first: "x0".to_owned(),
        second: "x1".to_owned(),
        rows: bins(2),
        columns: bins(2),
        cells: cells.iter().map(|value| attribute(*value, 1.0)).collect(),
    });
    Parts {
        name: "test".to_owned(),
        target: "bad".to_owned(),
        method: "woe".to_owned(),
        scale: Scale::default(),
        intercept: -2.345,
        base_points: 0,
        characteristics: tables.iter().enumerate().map(characteristic).collect(),
        pairs: pairs.into_iter().collect(),
        provenance: vec![],
    }
}

/// Rows that lie in every bin, also in the missing ones.
fn rows(tables: usize) -> Table {
    let value = |row: usize, place: usize| match (row * (place + 3) + row / 7 + place) % 6 {
        5 => f64::NAN,
        bin => bin as f64,
    };
    let column =
        |place: usize| Column::numbers(format!("x{place}"), (0..500).map(|row| value(row, place)).collect());
    Table::try_new((0..tables).map(column).collect()).unwrap()
}

fn errors(parts: &Parts, table: &Table) -> Vec<f64> {
    let card = crate::Scorecard::try_new(parts.clone()).unwrap();
    let scored = card.score(table).unwrap();
    scored.iter().map(|one| f64::from(one.score) - parts.scale.score_at(one.log_odds)).collect()
}

/// The same card with every attribute rounded alone.
fn naive(parts: &Parts) -> Parts {
    let mut parts = parts.clone();
    let factor = parts.scale.factor();
    for table in tables_mut(&mut parts) {
        table.iter_mut().for_each(|one| one.points = (-factor * one.log_odds).round() as i32);
    }
    parts.base_points = parts.scale.score_at(parts.intercept).round() as i32;
    parts
}

fn square(errors: &[f64]) -> f64 {
    // What all rows have in common changes no rank.
    let mean = errors.iter().sum::<f64>() / errors.len() as f64;
    errors.iter().map(|error| (error - mean) * (error - mean)).sum::<f64>() / errors.len() as f64
}

fn tables() -> impl Strategy<Value = Vec<Vec<f64>>> {
    let value = (-200i32..200).prop_map(|value| f64::from(value) / 100.0);
    prop::collection::vec(prop::collection::vec(value, 2..7), 2..8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_stated_bounds_hold_and_orders_are_kept(
        tables in tables(),
        pair in prop::collection::vec(-1.0..1.0f64, 9),
        centre in prop::sample::select(vec![Centre::Mean, Centre::Best, Centre::Worst, Centre::Kept]),
        seen in any::<bool>(),
    ) {
        let before = parts(&tables, Some(&pair));
        let table = rows(tables.len());
        let rounded = round(before.clone(), centre, seen.then_some(&table)).unwrap();
        let errors = errors(&rounded.parts, &table);
        for error in &errors {
            prop_assert!(error.abs() <= rounded.most_error + 1e-9, "{error} beyond {}", rounded.most_error);
        }
        let ends = errors.iter().fold((f64::MAX, f64::MIN), |ends, error| (ends.0.min(*error), ends.1.max(*error)));
        prop_assert!(ends.1 - ends.0 <= rounded.never_swapped + 1e-9);
        prop_assert!(rounded.never_swapped <= (tables.len() + 1) as f64 * 2.0);
        let card = |parts: &Parts| crate::Scorecard::try_new(parts.clone()).unwrap().score(&table).unwrap();
        for (one, other) in card(&before).iter().zip(card(&rounded.parts)) {
            prop_assert!((one.log_odds - other.log_odds).abs() < 1e-9, "centring changes no log-odds");
        }
        let mut after = rounded.parts.clone();
        for table in tables_mut(&mut after) {
            for one in table.iter() {
                for other in table.iter() {
                    prop_assert!(one.log_odds >= other.log_odds || one.points >= other.points);
                    prop_assert!(one.log_odds != other.log_odds || one.points == other.points);
                }
            }
        }
    }
}

/// Over many cards the error's mean square is well below that of rounding each attribute alone; rows seen lower it further.
#[test]
fn it_loses_less_than_rounding_each_attribute_alone() {
    let mut sums = [0.0; 3];
    let mut swapped = [0usize; 2];
    for seed in 0..40u32 {
        let value =
            |place: u32| f64::from((seed * 7919 + place * 104_729 + place * place * 31) % 1000) / 500.0 - 1.0;
        let tables: Vec<Vec<f64>> = (0..8).map(|j| (0..6).map(|bin| value(j * 6 + bin)).collect()).collect();
        let before = parts(&tables, None);
        let table = rows(8);
        let alone = naive(&before);
        let apart = round(before.clone(), Centre::Kept, None).unwrap();
        let seen = round(before, Centre::Kept, Some(&table)).unwrap();
        for (sum, parts) in sums.iter_mut().zip([&alone, &apart.parts, &seen.parts]) {
            *sum += square(&errors(parts, &table));
        }
        for (sum, parts) in swapped.iter_mut().zip([&alone, &seen.parts]) {
            let card = crate::Scorecard::try_new(parts.clone()).unwrap();
            let scored = card.score(&table).unwrap();
            for (place, one) in scored.iter().enumerate() {
                let worse =
                    |other: &&crate::card::Scored| one.log_odds < other.log_odds && one.score < other.score;
                *sum += scored[..place].iter().filter(worse).count();
                let better =
                    |other: &&crate::card::Scored| one.log_odds > other.log_odds && one.score > other.score;
                *sum += scored[..place].iter().filter(better).count();
            }
        }
    }
    assert!(
        sums[2] < 0.5 * sums[0],
        "mean squares: alone {}, together {}, seen {}",
        sums[0],
        sums[1],
        sums[2]
    );
    assert!(sums[2] <= sums[1]);
    assert!(swapped[1] < swapped[0], "pairs of rows swapped: {swapped:?}");
}

#[test]
fn the_zero_lies_where_it_was_asked_for() {
    let before = parts(&[vec![-0.5, 0.5, 0.1]], None);
    let check = |centre: Centre, base: i32, points: [i32; 3]| {
        let parts = round(before.clone(), centre, None).unwrap().parts;
        let found: Vec<i32> = parts.characteristics[0].attributes.iter().map(|one| one.points).collect();
        assert_eq!((parts.base_points, found), (base, points.to_vec()), "{centre:?}");
        let told = &parts.provenance[0];
        assert!(told.0 == "points" && told.1.contains("never swapped"), "{told:?}");
    };
    let exact = Scale::default().score_at(-2.345);
    assert_eq!(exact.round(), 524.0);
    check(Centre::Kept, 524, [36, -36, -7]);
    check(Centre::Best, 560, [0, -72, -43]);
    check(Centre::Worst, 488, [72, 0, 29]);
    // Weights 0, 1 and 2: the mean log-odds are 0.7 / 3.
    check(Centre::Mean, 507, [53, -19, 10]);
    let mut value = before.clone();
    value.scale.points_to_double = 1e12;
    assert!(round(value, Centre::Kept, None).unwrap_err().to_string().contains("fewer points"));
    let card = crate::Scorecard::try_new(round(before, Centre::Kept, None).unwrap().parts).unwrap();
    assert_eq!(card.score_row(&[Value::Missing]).score, 517);
}
