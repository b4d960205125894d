//! The runs that columns of numbers are counted in, against sorted rows; and the places where cuts are looked for.

use super::super::count::Weights;
use super::super::grid::Sums;
use super::super::prebin::{Run, runs};
use crate::dice::even;
use crate::table::Column;
use crate::{Sample, Table};

fn check(what: &str, numbers: &[f64], weight: Option<Vec<f64>>, distinct: bool) -> Vec<Run> {
    let bad: Vec<bool> = (0..numbers.len()).map(|row| row % 7 < 2).collect();
    let table = Table::try_new(vec![Column::numbers("x", numbers.to_vec())]).unwrap();
    let sample = Sample { table, target: "bad".to_owned(), bad: bad.clone(), weight, offset: None };
    let weights = Weights::of(&sample).unwrap();
    let (found, missing) = runs(numbers, &bad, &weights);
    let count = |chosen: &dyn Fn(f64) -> bool| {
        let mut count = [0.0; 2];
        for row in (0..numbers.len()).filter(|row| chosen(numbers[*row])) {
            count[usize::from(bad[row])] += sample.weight_of(row);
        }
        count
    };
    let near = |whole: [u64; 2], wanted: [f64; 2]| {
        let count = weights.count(whole);
        assert!((count.good - wanted[0]).abs() + (count.bad - wanted[1]).abs() < 1e-6, "{what}: {count:?}");
    };
    near(missing, count(&f64::is_nan));
    for pair in found.windows(2) {
        assert!(pair[0].high < pair[1].low, "{what}: {pair:?}");
    }
    for run in &found {
        assert!(!distinct || run.low == run.high, "{what}: {run:?}");
        near(run.whole, count(&|number| run.low <= number && number <= run.high));
        let heavy = |end| {
            numbers.iter().enumerate().any(|(row, number)| *number == end && sample.weight_of(row) > 0.0)
        };
        assert!(heavy(run.low) && heavy(run.high), "{what}: {run:?}");
    }
    let all: f64 = found.iter().map(|run| weights.count(run.whole).weight()).sum();
    let wanted = count(&|number: f64| !number.is_nan());
    assert!((all - wanted[0] - wanted[1]).abs() < 1e-6, "{what}: {all}");
    found
}

#[test]
fn runs_hold_every_row_once_in_order() {
    let mut noise = even(11);
    let mut many =
        |rows: usize, value: &dyn Fn(f64) -> f64| -> Vec<f64> { (0..rows).map(|_| value(noise())).collect() };
    let zeros = [0.0, -0.0];
    let cases: [(&str, Vec<f64>, bool); 9] = [
        ("few values", many(2_000, &|x| (x * 50.0).round() - 20.0), true),
        (
            "both zeros and both infinities",
            many(500, &|x| {
                if x < 0.5 { zeros[usize::from(x < 0.2)] } else { 1.0 / zeros[usize::from(x < 0.7)] }
            }),
            true,
        ),
        ("even", many(2_400, &|x| x), false),
        ("both signs over many sizes", many(2_400, &|x| libm::sinh(60.0 * (x - 0.5))), false),
        ("a third at zero", many(2_400, &|x| if x < 0.3 { 0.0 } else { x * 1e5 }), false),
        (
            "milliseconds of a day, and zero",
            many(2_000, &|x| if x < 0.1 { 0.0 } else { 1.7e12 + (x * 8e7).round() }),
            false,
        ),
        ("some missing", many(2_000, &|x| if x < 0.4 { f64::NAN } else { 1.0 / (x - 0.4) }), false),
        ("one apart", many(2_000, &|x| if x < 0.001 { f64::INFINITY } else { x }), false),
        ("all missing", vec![f64::NAN; 100], true),
    ];
    for (what, numbers, distinct) in &cases {
        let found = check(what, numbers, None, *distinct);
        assert!(*distinct || found.len() > 1_000, "{what}: {} runs", found.len());
        let weight = (0..numbers.len()).map(|row| (row % 4) as f64 * 0.3).collect();
        check(what, numbers, Some(weight), *distinct);
    }
    let zeros = check("both zeros", &cases[1].1, None, true);
    assert_eq!(zeros.iter().map(|run| run.low).collect::<Vec<_>>(), [f64::NEG_INFINITY, 0.0, f64::INFINITY]);
}

#[test]
fn even_ends_are_few_and_leave_a_heavy_run_alone() {
    fn check(runs: &[u64], most: usize, wanted: &[usize]) {
        let sums = Sums::new(runs.iter().map(|weight| [*weight, 0]));
        assert_eq!(sums.even_ends(0, runs.len(), most), wanted, "{runs:?} to {most}");
    }
    check(&[], 3, &[]);
    check(&[5], 3, &[1]);
    check(&[1, 1, 1], 3, &[1, 2, 3]);
    check(&[1, 1, 1, 1, 1, 1], 3, &[2, 4, 6]);
    check(&[1, 1, 90, 1, 1, 1], 3, &[2, 3, 6]);
    check(&[1, 1, 1, 1, 1], 1, &[5]);
}

#[test]
fn a_tree_cuts_where_the_rate_changes() {
    let runs = (0..200).map(|place| if (60..75).contains(&place) { [1, 9] } else { [9, 1] });
    let sums = Sums::new(runs);
    let mut ends = sums.tree_ends(100);
    ends.sort_unstable();
    assert_eq!(ends, [60, 75]);
    assert_eq!(sums.tree_ends(1_500), Vec::<usize>::new());
    let closer = sums.closer_ends(&[50, 55, 60, 65, 200], &[60, 200]);
    assert!(closer.contains(&60) && closer.contains(&58) && closer.contains(&78), "{closer:?}");
}
