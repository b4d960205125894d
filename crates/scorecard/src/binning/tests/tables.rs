//! Whole tables, and bins over time.

use super::super::*;
use crate::Table;
use crate::dice::even;
use std::collections::BTreeMap;

fn sample(columns: Vec<Column>, bad: Vec<bool>) -> Sample {
    let table = Table::try_new(columns).unwrap();
    Sample { table, target: "bad".to_owned(), bad, weight: None, offset: None }
}

#[test]
fn every_column_of_a_table_is_binned_or_named_with_the_reason() {
    let mut noise = even(1);
    let rows = 4_000;
    let place: Vec<f64> = (0..rows).map(|_| noise()).collect();
    let bad: Vec<bool> = place.iter().map(|place| noise() < 0.05 + 0.3 * place).collect();
    let columns = vec![
        Column::numbers("up", place.clone()),
        Column::numbers("constant", vec![1.0; rows]),
        Column::numbers("none", vec![f64::NAN; rows]),
        Column::numbers("down", place.iter().map(|place| -place).collect()),
    ];
    let sample = sample(columns, bad);
    let all = Constraints { trend: Trend::Ascending, ..Constraints::default() };
    let binned = bin_table(&sample, &all, &BTreeMap::new()).unwrap();
    let names: Vec<&str> = binned.failed.iter().map(|failed| failed.0.as_str()).collect();
    assert_eq!(names, ["constant", "none", "down"]);
    let reason = &binned.failed[2].1;
    assert!(matches!(reason, Remark::NoTrend { trend: Trend::Ascending, apart: 2.. }), "{reason}");
    let own = BTreeMap::from([("down".to_owned(), Constraints { trend: Trend::Monotone, ..all.clone() })]);
    let binned = bin_table(&sample, &all, &own).unwrap();
    assert_eq!(binned.failed.len(), 2);
    assert_eq!(binned.columns[3].1.trend, Trend::Descending);
    let unknown = BTreeMap::from([("sideways".to_owned(), all.clone())]);
    assert!(bin_table(&sample, &all, &unknown).unwrap_err().to_string().contains("sideways"));
}

#[test]
fn an_order_that_does_not_hold_in_each_period_is_given_up() {
    // Value 2 is worse than 1 in the first period, better in the second; value 3 is the worst in both.
    let rates = [[(1.0, 10), (2.0, 30), (3.0, 60)], [(1.0, 20), (2.0, 10), (3.0, 50)]];
    let mut numbers = vec![];
    let mut bad = vec![];
    let mut periods = vec![];
    for (period, rates) in rates.iter().enumerate() {
        for (value, percent) in rates {
            numbers.extend([*value; 100]);
            bad.extend((0..100).map(|row| row < *percent));
            periods.extend([period as u32 + 7; 100]);
        }
    }
    let sample = sample(vec![Column::numbers("x", numbers)], bad);
    let column = &sample.table.columns()[0];
    let constraints = Constraints::default();
    assert_eq!(bin_column(column, &sample, &constraints).unwrap().bins.regular(), 3);
    let (stable, shown) = bin_column_over_time(column, &sample, &constraints, &periods, 0.0).unwrap();
    assert_eq!(stable.bins.split(), &Split::Cuts(vec![3.0]));
    assert_eq!(stable.remarks, [Remark::UnstableOrder { found: 3, left: 2 }]);
    assert_eq!(stable.counts[..2], [Count { good: 330.0, bad: 70.0 }, Count { good: 90.0, bad: 110.0 }]);
    assert_eq!(shown.iter().map(|shown| shown.period).collect::<Vec<_>>(), [7, 8]);
    assert!(shown.iter().all(|shown| shown.reversed.is_empty() && shown.stability_index == 0.0));
    // A difference of two standard errors is what chance does: 20 of 100 against 10 of 100 is one of 1.98.
    let (patient, shown) = bin_column_over_time(column, &sample, &constraints, &periods, 2.0).unwrap();
    assert_eq!((patient.bins.regular(), patient.remarks.len()), (3, 0));
    assert_eq!(over_time(&patient.bins, column, &sample, &periods, 0.0).unwrap()[1].reversed, [0]);
    assert!(shown[1].reversed.is_empty());
    let short = over_time(&patient.bins, column, &sample, &periods[1..], 0.0).unwrap_err().to_string();
    assert!(short.contains("599 periods for 600 rows"), "{short}");
}

#[test]
fn the_stability_index_is_the_sum_over_the_shares() {
    let numbers = vec![1.0, 1.0, 1.0, 2.0, 1.0, 2.0, 2.0, 2.0];
    let sample = sample(vec![Column::numbers("x", numbers)], [true, false].repeat(4));
    let bins = Bins::try_new(Split::Cuts(vec![2.0]), vec![]).unwrap();
    let column = &sample.table.columns()[0];
    let shown = over_time(&bins, column, &sample, &[0, 0, 0, 0, 1, 1, 1, 1], 0.0).unwrap();
    // Shares 3/4 and 1/4 against 1/4 and 3/4: 2 · (1/2 · ln 3).
    assert!(shown.iter().all(|shown| (shown.stability_index - 3f64.ln()).abs() < 1e-12), "{shown:?}");
    let alone = over_time(&bins, column, &sample, &[0; 8], 0.0).unwrap();
    assert_eq!((alone.len(), alone[0].stability_index), (1, 0.0));
}

#[test]
fn no_period_shows_another_order_than_all_together() {
    let mut noise = even(9);
    let rows = 6_000;
    let place: Vec<f64> = (0..rows).map(|_| noise()).collect();
    let bad: Vec<bool> = place.iter().map(|place| noise() < 0.1 + 0.2 * place).collect();
    let periods: Vec<u32> = (0..rows).map(|row| row as u32 * 3 / rows as u32 * 100).collect();
    let names: Vec<String> = place.iter().map(|place| format!("c{:.0}", place * place * 400.0)).collect();
    let numbers = place.iter().map(|place| match (place * 1e3) as u64 % 17 {
        0 => f64::NAN,
        1 => -9.0,
        _ => place.powi(3),
    });
    let columns = vec![
        Column::numbers("number", numbers.collect()),
        Column::categories("name", names.iter().map(|name| Some(name.as_str()))),
    ];
    let specials = vec![crate::bins::Special { name: "none".to_owned(), values: vec![-9.0] }];
    let constraints = Constraints { specials, rare: 0.002, ..Constraints::default() };
    let sample = sample(columns, bad);
    for column in sample.table.columns() {
        let free = bin_column(column, &sample, &constraints).unwrap();
        let mut left = 0;
        for tolerance in [0.0, 1.0, 50.0] {
            let (found, shown) =
                bin_column_over_time(column, &sample, &constraints, &periods, tolerance).unwrap();
            assert!(shown.iter().all(|shown| shown.reversed.is_empty()), "{shown:?}");
            assert!(found.bins.regular() >= left.max(2), "{found:?}");
            assert!(found.information_value <= free.information_value + 1e-9);
            left = found.bins.regular();
        }
        assert_eq!(left, free.bins.regular(), "{}", column.name);
    }
}
