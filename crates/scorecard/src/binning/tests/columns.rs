//! Whole columns: what goes in, what comes out.

use super::super::*;
use crate::Table;
use crate::bins::Special;
use crate::dice::even;
use proptest::prelude::*;

pub(super) fn sample(column: Column, bad: &[bool], weight: Option<Vec<f64>>) -> Sample {
    let table = Table::try_new(vec![column]).unwrap();
    Sample { table, target: "bad".to_owned(), bad: bad.to_vec(), weight, offset: None }
}

pub(super) fn bin(
    column: Column,
    bad: &[bool],
    weight: Option<Vec<f64>>,
    constraints: &Constraints,
) -> Binned {
    let sample = sample(column, bad, weight);
    let binned = bin_column(&sample.table.columns()[0], &sample, constraints).unwrap();
    // What is told is what counting again gives.
    let column = &sample.table.columns()[0];
    let mut counts = vec![Count::default(); binned.bins.count()];
    for row in 0..sample.rows() {
        let count = &mut counts[binned.bins.find(column.value(row))];
        *if sample.bad[row] { &mut count.bad } else { &mut count.good } += sample.weight_of(row);
    }
    for (told, counted) in binned.counts.iter().zip(&counts) {
        assert!((told.good - counted.good).abs() < 1e-6 && (told.bad - counted.bad).abs() < 1e-6);
    }
    assert_eq!(binned.counts.len(), counts.len());
    binned
}

pub(super) fn loose() -> Constraints {
    Constraints { min_share: 0.0, min_good: 1.0, min_bad: 1.0, penalty: 0.0, ..Constraints::default() }
}

/// Many rows with a rate that rises in the value.
fn many(rows: usize, value: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<bool>) {
    let mut noise = even(7);
    (0..rows)
        .map(|_| {
            let place = noise();
            (value(place), noise() < 0.05 + 0.3 * place)
        })
        .unzip()
}

#[test]
fn a_column_of_many_values_is_parted_where_the_rate_changes() {
    let (numbers, _) = many(20_000, |place| place * 100.0);
    let mut noise = even(3);
    let bad: Vec<bool> =
        numbers.iter().map(|value| noise() < if *value < 30.0 { 0.05 } else { 0.3 }).collect();
    let binned = bin(Column::numbers("x", numbers), &bad, None, &Constraints { max_bins: 2, ..loose() });
    let Split::Cuts(cuts) = binned.bins.split() else { panic!("cuts") };
    assert!(cuts.len() == 1 && (cuts[0] - 30.0).abs() < 1.5, "{cuts:?}");
    assert_eq!((binned.trend, binned.remarks), (Trend::Ascending, vec![]));
}

#[test]
fn the_order_of_the_rows_does_not_matter() {
    for weighted in [false, true] {
        let (numbers, bad) = many(5_000, |place| (place - 0.3) * 1e3);
        let mut noise = even(5);
        let weight: Vec<f64> = bad.iter().map(|_| (noise() * 3.0 - 0.2).max(0.0)).collect();
        let mut order: Vec<usize> = (0..bad.len()).collect();
        order.sort_by_key(|row| row.wrapping_mul(7_919) % 5_003);
        let taken = |rows: &[usize]| {
            let column = Column::numbers("x", rows.iter().map(|row| numbers[*row]).collect());
            let bad: Vec<bool> = rows.iter().map(|row| bad[*row]).collect();
            let weight = weighted.then(|| rows.iter().map(|row| weight[*row]).collect());
            bin(column, &bad, weight, &Constraints::default())
        };
        let first = taken(&(0..bad.len()).collect::<Vec<_>>());
        assert!(first.bins.regular() > 3, "{first:?}");
        assert_eq!(first, taken(&order));
        if weighted {
            // Rows without weight are as good as not there.
            let heavy: Vec<usize> = order.into_iter().filter(|row| weight[*row] > 0.0).collect();
            let without = taken(&heavy);
            assert_eq!(without.bins, first.bins);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn two_rows_are_one_of_weight_two(
        rows in prop::collection::vec((-20i32..20, any::<bool>(), 1u32..3), 20..200),
        texts in any::<bool>(),
    ) {
        let column = |rows: &[(i32, bool, u32)]| {
            if texts {
                let names: Vec<String> = rows.iter().map(|row| row.0.to_string()).collect();
                return Column::categories("x", names.iter().map(|name| Some(name.as_str())));
            }
            Column::numbers("x", rows.iter().map(|row| f64::from(row.0)).collect())
        };
        let bad = |rows: &[(i32, bool, u32)]| rows.iter().map(|row| row.1).collect::<Vec<_>>();
        let mut rows = rows;
        rows[0].1 = true;
        rows[1].1 = false;
        let twice: Vec<_> =
            rows.iter().flat_map(|row| (0..row.2).map(|_| *row)).rev().collect();
        let weight = rows.iter().map(|row| f64::from(row.2)).collect();
        let constraints = Constraints { min_share: 0.05, min_bad: 2.0, ..loose() };
        let heavy = bin(column(&rows), &bad(&rows), Some(weight), &constraints);
        let twice = bin(column(&twice), &bad(&twice), None, &constraints);
        prop_assert_eq!(heavy, twice);
    }
}

#[test]
fn categories_are_grouped_by_rate_and_the_rare_ones_together() {
    let rows = [("rent", 100, 30), ("own", 200, 10), ("free", 50, 15), ("tent", 1, 1), ("boat", 1, 0)];
    let mut texts = vec![];
    let mut bad = vec![];
    for (text, goods, bads) in rows {
        texts.extend(vec![Some(text); goods + bads]);
        bad.extend((0..goods + bads).map(|row| row < bads));
    }
    texts.push(None);
    bad.push(true);
    let constraints = Constraints { rare: 0.01, ..loose() };
    let binned = bin(Column::categories("home", texts), &bad, None, &constraints);
    let texts: Vec<String> = (0..binned.bins.count()).map(|bin| binned.bins.text(bin)).collect();
    assert_eq!(texts, ["own", "any other", "free, rent", "missing"].map(str::to_owned));
}

#[test]
fn special_values_keep_their_own_bins() {
    let (mut numbers, bad) = many(3_000, |place| place * 10.0);
    numbers[5] = -9.0;
    numbers[6] = f64::NAN;
    let specials = vec![
        Special { name: "none".to_owned(), values: vec![-9.0] },
        Special { name: "unusable".to_owned(), values: vec![-8.0, -7.0] },
    ];
    let binned =
        bin(Column::numbers("x", numbers), &bad, None, &Constraints { specials, ..Constraints::default() });
    let rest: Vec<f64> = binned.counts[binned.bins.regular()..].iter().map(Count::weight).collect();
    assert_eq!(rest, [1.0, 0.0, 1.0]);
    assert!(binned.bins.regular() > 2);
}

#[test]
fn bad_input_has_a_defined_result() {
    fn check(numbers: Vec<f64>, constraints: &Constraints, regular: usize, remarks: &[Remark]) {
        let bad: Vec<bool> = (0..numbers.len()).map(|row| row % 3 == 0).collect();
        let binned = bin(Column::numbers("x", numbers), &bad, None, constraints);
        assert_eq!((binned.bins.regular(), binned.remarks.as_slice()), (regular, remarks));
        assert!(binned.information_value.is_finite());
    }
    let default = Constraints::default();
    let ramp = |rows: usize| (0..rows).map(|row| row as f64).collect::<Vec<_>>();
    check(vec![5.0; 60], &default, 1, &[Remark::OneValue]);
    check(vec![f64::NAN; 60], &default, 1, &[Remark::NoValues]);
    check(vec![f64::INFINITY; 60], &default, 1, &[Remark::OneValue]);
    check(ramp(9), &default, 1, &[Remark::TooFewRows]);
    check(ramp(60), &default, 1, &[]);
    let wanted = Constraints { min_bins: 4, min_share: 0.3, min_good: 1.0, min_bad: 1.0, ..default.clone() };
    check(ramp(60), &wanted, 3, &[Remark::FewerBins { wanted: 4, found: 3 }]);
    let ends = [f64::NEG_INFINITY, f64::INFINITY];
    let infinite: Vec<f64> =
        (0..60).map(|row| ends[usize::from(row % 3 == 0 && row > 20 || row > 50)]).collect();
    check(infinite, &default, 2, &[]);
}

#[test]
fn cuts_have_few_digits() {
    for (below, from, wanted) in [
        (3.0, 4.0, 4.0),
        (0.49993, 0.50001, 0.5),
        (-1.0, 1.0, 0.0),
        (-3.0, -2.0, -2.0),
        (1_234.0, 1_567.0, 1_500.0),
        (999.0, 1_001.0, 1_000.0),
        (f64::NEG_INFINITY, 5.0, 0.0),
        (f64::NEG_INFINITY, -5.0, -5.0),
        (5.0, f64::INFINITY, 10.0),
        (f64::NEG_INFINITY, f64::INFINITY, 0.0),
        (0.0, 5e-324, 5e-324),
        (f64::MAX, f64::INFINITY, f64::INFINITY),
        (-1e-300, -1e-301, -1e-301),
        (0.1, 0.1f64.next_up(), 0.1f64.next_up()),
    ] {
        let cut = cut_between(below, from);
        assert_eq!(cut, wanted, "between {below} and {from}");
        assert!(below < cut && cut <= from);
    }
}
