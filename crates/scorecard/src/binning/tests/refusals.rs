//! What cannot be meant, what is given by hand, and what is hard.

use super::super::*;
use super::columns::{bin, loose, sample};
use crate::bins::Special;
use crate::dice::even;

#[test]
fn constraints_that_cannot_be_meant_are_refused_by_name() {
    fn check(change: impl FnOnce(&mut Constraints), wanted: &str) {
        let mut constraints = Constraints::default();
        change(&mut constraints);
        let column = Column::numbers("x", vec![0.0, 1.0]);
        let sample = sample(column.clone(), &[true, false], None);
        let error = bin_column(&column, &sample, &constraints).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    check(|given| given.min_bins = 0, "option max-bins: 0 to 12 bins");
    check(|given| given.min_bins = 13, "option max-bins: 13 to 12 bins");
    check(|given| given.prebins = 0, "option prebins: 0");
    check(|given| given.prebins = MOST_PREBINS + 1, "option prebins: 251; it must lie between 1 and 250");
    check(|given| given.min_share = 1.5, "option min-share: 1.5; it must be between 0 and 1");
    check(|given| given.min_difference = -0.1, "option min-difference: -0.1");
    check(|given| given.penalty = f64::NAN, "option penalty: NaN; it must be a number from 0 up");
    check(|given| given.smoothing = f64::INFINITY, "option smoothing: inf");
    check(|given| given.groups = Some(Groups::default()), "option groups: column \"x\" holds numbers");
    check(|given| given.cuts = Some(vec![2.0, 1.0]), "option cuts: cuts must ascend, but 1 follows 2");
    let twice = Special { name: "s".to_owned(), values: vec![1.0, 1.0] };
    check(|given| given.specials = vec![twice], "option special: the special value 1 comes twice");
}

#[test]
fn a_column_must_fit_its_sample() {
    fn check(column: &Column, bad: &[bool], weight: Option<Vec<f64>>, wanted: &str) {
        let sample = sample(Column::numbers("x", vec![0.0; bad.len()]), bad, weight);
        let error = bin_column(column, &sample, &Constraints::default()).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let column = Column::numbers("x", vec![0.0, 1.0]);
    check(&column, &[true, false, true], None, "column \"x\" has 2 rows, the sample has 3");
    check(&column, &[true, true], None, "both good and bad rows");
    check(&column, &[true, false], Some(vec![1.0, 0.0]), "both good and bad rows");
    check(&column, &[true, false], Some(vec![1.0]), "1 weights for 2 rows");
    check(&column, &[true, false], Some(vec![1.0, -1.0]), "a number from 0 up");
    let texts = Column::categories("x", [Some("a"), Some("b")]);
    let by_hand = Constraints { cuts: Some(vec![1.0]), ..Constraints::default() };
    let sample = sample(texts.clone(), &[true, false], None);
    let error = bin_column(&texts, &sample, &by_hand).unwrap_err().to_string();
    assert!(error.contains("option cuts: column \"x\" holds texts"), "{error}");
}

#[test]
fn bins_given_by_hand_are_kept_and_counted() {
    let numbers = vec![1.0, 1.0, 5.0, 5.0, 5.0, 9.0, -9.0, f64::NAN];
    let bad = [true, false, true, false, false, false, true, false];
    let specials = vec![Special { name: "none".to_owned(), values: vec![-9.0] }];
    let constraints = Constraints { cuts: Some(vec![4.0, 7.0, 20.0]), specials, ..Constraints::default() };
    let binned = bin(Column::numbers("x", numbers), &bad, None, &constraints);
    assert_eq!(binned.bins.split(), &Split::Cuts(vec![4.0, 7.0, 20.0]));
    let weights: Vec<f64> = binned.counts.iter().map(Count::weight).collect();
    assert_eq!(weights, [2.0, 3.0, 1.0, 0.0, 1.0, 1.0]);
    let texts = ["a", "b", "c", "a", "b", "c", "d", "d"].map(Some);
    let groups = vec![vec!["a".to_owned(), "c".to_owned()], vec!["b".to_owned()]];
    let groups = Some(Groups { groups: groups.clone(), other: 1 });
    let binned =
        bin(Column::categories("x", texts), &bad, None, &Constraints { groups, ..Constraints::default() });
    assert_eq!(binned.counts.iter().map(Count::weight).collect::<Vec<_>>(), [4.0, 4.0, 0.0]);
}

#[test]
fn ten_thousand_categories_become_few_groups() {
    let mut noise = even(2);
    let names: Vec<String> = (0..10_000).map(|name| format!("shop {name}")).collect();
    let mut codes: Vec<usize> = (0..30_000).map(|row| row % 10_000).collect();
    codes.extend((0..3_000).map(|row| row % 3));
    let bad: Vec<bool> = codes.iter().map(|code| noise() < [0.6, 0.02, 0.3, 0.1][(*code).min(3)]).collect();
    let column = Column::categories("shop", codes.iter().map(|code| Some(names[*code].as_str())));
    let binned = bin(column, &bad, None, &Constraints::default());
    let texts: Vec<String> = (0..binned.bins.count()).map(|bin| binned.bins.text(bin)).collect();
    assert_eq!(texts, ["shop 1", "any other", "shop 2", "shop 0", "missing"]);
}

#[test]
fn weights_of_any_size_do_not_break_the_sums() {
    let numbers: Vec<f64> = (0..600).map(|row| f64::from(row % 20)).collect();
    let bad: Vec<bool> = (0..600).map(|row| row % 20 * 13 % 29 > 14 || row % 31 == 0).collect();
    let plain = bin(Column::numbers("x", numbers.clone()), &bad, None, &loose());
    for scale in [1e-300, 2f64.powi(-40), 1.0, 1e12, 1e300] {
        let column = Column::numbers("x", numbers.clone());
        let table = sample(column, &bad, Some(vec![scale; 600]));
        let least = Constraints { min_good: scale, min_bad: scale, ..loose() };
        let binned = bin_column(&table.table.columns()[0], &table, &least).unwrap();
        assert_eq!(binned.bins, plain.bins, "weights of {scale}");
        let away = (binned.information_value - plain.information_value).abs();
        assert!(away < 1e-9, "{} for weights of {scale}", binned.information_value);
    }
}
