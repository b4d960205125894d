//! Calibrations against a slow search, against the definition of isotonic regression, and on a scorecard.

use super::*;
use crate::dice::even;
use crate::table::{Column, Table};
use proptest::collection::vec;
use proptest::prelude::*;

/// Rows whose true log-odds are a line over the told ones.
fn drawn(rows: usize, truth: impl Fn(f64) -> f64) -> (Vec<f64>, Vec<bool>) {
    let mut die = even(7);
    (0..rows)
        .map(|_| {
            let told = 6.0 * die() - 4.0;
            (told, die() < probability(truth(told)))
        })
        .unzip()
}

#[test]
fn a_line_finds_what_made_the_rows() {
    let (told, bad) = drawn(40_000, |told| 0.5 + 0.7 * told);
    let found = line(&told, &bad, None).unwrap();
    assert!((found.intercept - 0.5).abs() < 0.05 && (found.slope - 0.7).abs() < 0.03, "{found:?}");
    // Calibration in the large: the mean probability is the bad rate.
    let mean = told.iter().map(|told| probability(found.at(*told))).sum::<f64>() / 40_000.0;
    let rate = bad.iter().filter(|bad| **bad).count() as f64 / 40_000.0;
    assert!((mean - rate).abs() < 1e-9, "{mean} {rate}");
}

#[test]
fn an_isotonic_table_follows_a_shape_that_is_no_line() {
    let truth = |told: f64| if told < -1.0 { -3.0 } else { told.powi(3) / 2.0 - 0.5 };
    let (told, bad) = drawn(60_000, truth);
    let curve = isotonic(&told, &bad, None).unwrap();
    let error = |of: &dyn Fn(f64) -> f64| {
        told.iter().map(|told| (probability(of(*told)) - probability(truth(*told))).abs()).sum::<f64>()
            / 60_000.0
    };
    let found = line(&told, &bad, None).unwrap();
    let (by_curve, by_line) = (error(&|told| curve.at(told)), error(&|told| found.at(told)));
    assert!(by_curve < 0.01 && by_line > 3.0 * by_curve, "{by_curve} {by_line}");
}

fn samples() -> impl Strategy<Value = Vec<(f64, bool, f64)>> {
    vec(
        ((-8..8i32).prop_map(|told| f64::from(told) / 4.0), any::<bool>(), (0..4u8).prop_map(f64::from)),
        2..40,
    )
}

fn split(rows: &[Row]) -> (Vec<f64>, Vec<bool>, Vec<f64>) {
    let told = rows.iter().map(|row| row.0).collect();
    (told, rows.iter().map(|row| row.1).collect(), rows.iter().map(|row| row.2).collect())
}

/// Bad and good rows have the same mean, so the likeliest line is level: not up or down as the last bit falls.
#[test]
fn a_level_line_is_refused_whatever_the_rounding() {
    let rows =
        [(-1.0, 4.0, false), (0.25, 2.0, true), (-2.0, 1.0, true), (-1.75, 2.0, false), (0.5, 1.0, false)];
    let rows = rows.into_iter().chain([(-1.5, 1.0, true), (-0.25, 2.0, false), (-1.0, 2.0, true)]);
    let once: Vec<(f64, f64, bool)> = rows.collect();
    let twice =
        once.iter().flat_map(|row| std::iter::repeat_n((row.0, 1.0, row.2), row.1 as usize)).collect();
    for rows in [once.clone(), twice] {
        let told: Vec<f64> = rows.iter().map(|row| row.0).collect();
        let bad: Vec<bool> = rows.iter().map(|row| row.2).collect();
        let weight: Vec<f64> = rows.iter().map(|row| row.1).collect();
        assert_eq!(line(&told, &bad, Some(&weight)), Err(refused(NOT_WORSE)));
    }
}

proptest! {
    #[test]
    fn no_line_near_the_one_found_is_likelier(rows in samples()) {
        let (told, bad, weight) = split(&rows);
        let Ok(found) = line(&told, &bad, Some(&weight)) else { return Ok(()) };
        let least = log_loss(&rows, found);
        for (dx, dy) in [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
            for size in [1e-3, 1e-1, 1.0] {
                let other = Line { intercept: found.intercept + size * dx, slope: found.slope + size * dy };
                prop_assert!(log_loss(&rows, other) >= least * (1.0 - 1e-12), "{found:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_weight_of_two_is_a_row_twice(rows in samples()) {
        let (told, bad, weight) = split(&rows);
        let twice: Vec<Row> =
            rows.iter().flat_map(|row| std::iter::repeat_n((row.0, row.1, 1.0), row.2 as usize)).collect();
        let (told_twice, bad_twice, _) = split(&twice);
        match (line(&told, &bad, Some(&weight)), line(&told_twice, &bad_twice, None)) {
            (Ok(first), Ok(second)) => {
                prop_assert!((first.slope - second.slope).abs() <= 1e-6 * first.slope.max(1.0));
            }
            (first, second) => prop_assert_eq!(first.is_ok(), second.is_ok()),
        }
        prop_assert_eq!(isotonic(&told, &bad, Some(&weight)).ok(), isotonic(&told_twice, &bad_twice, None).ok());
    }

    /// The isotonic rate of a value is max over starts below it of min over ends above it of the rate in between.
    #[test]
    fn the_isotonic_rates_are_those_of_the_definition(rows in samples()) {
        let (told, bad, weight) = split(&rows);
        let Ok(curve) = isotonic(&told, &bad, Some(&weight)) else { return Ok(()) };
        let rate = |from: f64, to: f64| {
            let inside = rows.iter().filter(|row| row.0 >= from && row.0 <= to);
            let sums = inside.fold((0.0, 0.0), |sums, row| (sums.0 + row.2, sums.1 + if row.1 { row.2 } else { 0.0 }));
            sums.1 / sums.0
        };
        for row in rows.iter().filter(|row| row.2 > 0.0) {
            let at = |wanted: fn(f64, f64) -> bool| {
                rows.iter().filter(move |other| other.2 > 0.0 && wanted(other.0, row.0)).map(|other| other.0)
            };
            let of_start = |from: f64| at(|to, own| to >= own).map(|to| rate(from, to)).fold(f64::INFINITY, f64::min);
            let wanted = at(|from, own| from <= own).map(of_start).fold(f64::NEG_INFINITY, f64::max);
            let got = probability(curve.at(row.0));
            if wanted > 0.0 && wanted < 1.0 {
                prop_assert!((got - wanted).abs() < 1e-9, "{got} {wanted} {row:?}");
            } else {
                prop_assert!((got - wanted).abs() <= 0.5, "{got} {wanted} {row:?}");
            }
        }
    }
}

fn card() -> Scorecard {
    crate::format::toml::read(
        r#"
        scorecard = { name = "", target = "bad", method = "", intercept = -1, base_points = 400, scale = { score = 600, odds = 30, points_to_double = 50 } }
        [[characteristic]]
        name = "x"
        attributes = [
            { below = 0, points = 40, log_odds = -0.55 },
            { below = 1, points = 5, log_odds = -0.07 },
            { points = -60, log_odds = 0.83 },
        ]
        missing = { points = 0, log_odds = 0 }
        [[pair]]
        first = { name = "x", cuts = [0] }
        second = { name = "y", cuts = [] }
        points = [[10, 0], [-10, 0], [0, 0]]
        log_odds = [[-0.14, 0], [0.14, 0], [0, 0]]
        "#,
    )
    .unwrap()
}

fn sample(truth: impl Fn(f64) -> f64) -> Sample {
    let mut die = even(3);
    let x: Vec<f64> = (0..20_000).map(|_| 4.0 * die() - 2.0).collect();
    let table =
        Table::try_new(vec![Column::numbers("x", x), Column::numbers("y", vec![1.0; 20_000])]).unwrap();
    let scored = card().score(&table).unwrap();
    let bad = scored.iter().map(|row| die() < probability(truth(row.log_odds))).collect();
    Sample { table, target: "bad".to_owned(), bad, weight: None, offset: None }
}

#[test]
fn a_line_is_folded_into_the_scorecard_and_its_points_stay() {
    let sample = sample(|told| 0.4 + 1.6 * told);
    let before = card();
    let after = calibrated(&before, &sample, Method::Line).unwrap();
    assert!(after.parts().calibration.is_none());
    let found = line(
        &before.score(&sample.table).unwrap().iter().map(|row| row.log_odds).collect::<Vec<_>>(),
        &sample.bad,
        None,
    )
    .unwrap();
    for (first, second) in
        before.score(&sample.table).unwrap().iter().zip(after.score(&sample.table).unwrap())
    {
        assert_eq!(first.score, second.score);
        assert!((found.at(first.log_odds) - second.log_odds).abs() < 1e-12);
        // The scale says for the changed log-odds what it said for the old ones.
        let (old, new) = (before.parts().scale, after.parts().scale);
        assert!((old.score_at(first.log_odds) - new.score_at(second.log_odds)).abs() < 1e-9);
    }
    // A second time there is nothing left to correct.
    let again = calibrated(&after, &sample, Method::Line).unwrap();
    assert!((again.parts().intercept - after.parts().intercept).abs() < 1e-6);
}

#[test]
fn a_table_is_kept_beside_the_attributes_and_a_line_goes_on_top() {
    let sample = sample(|told| if told < -1.0 { -4.0 } else { 1.0 });
    let after = calibrated(&card(), &sample, Method::Isotonic).unwrap();
    let scored = after.score(&sample.table).unwrap();
    let mean = scored.iter().map(|row| row.probability()).sum::<f64>() / 20_000.0;
    let rate = sample.bad.iter().filter(|bad| **bad).count() as f64 / 20_000.0;
    assert!((mean - rate).abs() < 1e-9, "{mean} {rate}");
    let moved = with_prior(&after, 0.2, 0.1).unwrap();
    assert_eq!(moved.parts().characteristics, after.parts().characteristics);
    let shift = f64::ln(0.1 / 0.9) - f64::ln(0.2 / 0.8);
    for (first, second) in scored.iter().zip(moved.score(&sample.table).unwrap()) {
        assert!((second.calibrated - first.calibrated - shift).abs() < 1e-12);
    }
}

#[test]
fn a_prior_gives_the_population_its_bad_rate() {
    // One attribute that says nothing: the probability is the bad rate.
    let plain = with_prior(&card(), 0.5, 0.02).unwrap();
    let before = probability(card().parts().intercept);
    let after = probability(plain.parts().intercept);
    let odds = |p: f64| p / (1.0 - p);
    assert!((odds(after) / odds(before) - 0.02 / 0.98).abs() < 1e-12);
    for (sample, population) in [(0.0, 0.5), (0.5, 1.0), (f64::NAN, 0.5)] {
        assert!(with_prior(&card(), sample, population).is_err());
    }
}

#[test]
fn what_cannot_be_calibrated_on_is_refused() {
    fn check(told: &[f64], bad: &[bool], weight: Option<&[f64]>, wanted: &str, also_isotonic: bool) {
        let error = line(told, bad, weight).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
        assert_eq!(isotonic(told, bad, weight).is_err(), also_isotonic, "{wanted}");
    }
    check(&[1.0], &[true, false], None, "differ in length", true);
    check(&[1.0, f64::NAN], &[true, false], None, "row 2 has log-odds NaN", true);
    check(&[1.0, 2.0], &[true, false], Some(&[1.0, -1.0]), "weight -1", true);
    check(&[1.0, 2.0], &[true, false], Some(&[1.0, 0.0]), "both good and bad", true);
    check(&[1.0, 2.0], &[true, true], None, "both good and bad", true);
    check(&[1.0, 2.0, 3.0, 1.5], &[true, false, false, true], None, "not worse", true);
    check(&[1.0, 2.0, 3.0, 4.0], &[false, false, true, true], None, "separate", false);
}
