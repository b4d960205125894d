use super::*;
use crate::Table;
use crate::table::Column as Values;
use proptest::prelude::*;

/// Numbers from 0 to 1, the same for the same seed.
fn random(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    }
}

/// A number, one that copies it with noise, a category, noise, a constant, a column all missing.
fn sample(rows: usize, seed: u64) -> Sample {
    let mut random = random(seed);
    let mut numbers = vec![vec![]; 5];
    let (mut homes, mut bad) = (vec![], vec![]);
    for _ in 0..rows {
        let x = random();
        let home = if random() < 0.5 {
            "own"
        } else if random() < 0.5 {
            "rent"
        } else {
            "other"
        };
        let eta = -2.5 + 3.0 * x + if home == "own" { -0.8 } else { 0.3 };
        numbers[0].push(if random() < 0.05 { f64::NAN } else { (x * 100.0).floor() });
        numbers[1].push(((x + 0.05 * random()) * 100.0).floor());
        numbers[2].push((random() * 50.0).floor());
        numbers[3].push(7.0);
        numbers[4].push(f64::NAN);
        homes.push(Some(home));
        bad.push(if random() < 1.0 / (1.0 + f64::exp(-eta)) { 1.0 } else { 0.0 });
    }
    let mut columns: Vec<Values> = ["x", "twin", "noise", "constant", "missing"]
        .iter()
        .zip(numbers)
        .map(|(name, numbers)| Values::numbers(*name, numbers))
        .collect();
    columns.push(Values::categories("home", homes));
    columns.push(Values::numbers("bad", bad));
    Sample::try_new(&Table::try_new(columns).unwrap(), "bad", None).unwrap()
}

#[test]
fn a_card_tells_good_from_bad_and_everything_left_out_has_its_reason() {
    let sample = sample(4000, 1);
    let fitted = fit(&sample, &Options::for_rows(sample.rows())).unwrap();
    let parts = fitted.card.parts();
    assert_eq!((parts.method.as_str(), parts.target.as_str()), ("woe", "bad"));
    let told: BTreeMap<&str, String> =
        fitted.dropped.iter().map(|dropped| (dropped.name.as_str(), dropped.reason.to_string())).collect();
    assert!(told["constant"].contains("same value"), "{told:?}");
    assert!(told["missing"].contains("same value"), "{told:?}");
    let names: Vec<&str> = parts.characteristics.iter().map(|one| one.name.as_str()).collect();
    assert!(names.contains(&"home") && (names.contains(&"x") || names.contains(&"twin")), "{names:?}");
    assert_eq!(names.len() + told.len(), sample.table.columns().len());
    assert!(fitted.characteristics.iter().all(|one| one.coefficient > 0.0 && one.standard_error.is_some()));
    assert!(fitted.remarks.iter().any(|(name, _)| name == "constant"));
    let scored = fitted.card.score(&sample.table).unwrap();
    let mean: f64 = scored.iter().map(|one| one.probability()).sum::<f64>() / 4000.0;
    let bad = sample.good_and_bad().1 / 4000.0;
    assert!((mean - bad).abs() < 1e-6, "a logistic fit gives the mean back: {mean} and {bad}");
    for one in &scored {
        let exact = parts.scale.score_at(one.log_odds);
        assert!((f64::from(one.score) - exact).abs() <= fitted.most_error + 1e-9);
    }
    assert_eq!(
        fitted,
        fit(&sample, &Options::for_rows(sample.rows())).unwrap(),
        "the same sample, the same card"
    );
}

#[test]
fn weight_two_is_the_row_twice_and_the_order_of_rows_does_not_matter() {
    let sample = sample(600, 2);
    let options = Options::for_rows(600);
    let mut weighted = sample.clone();
    weighted.weight = Some((0..600).map(|row| if row % 3 == 0 { 2.0 } else { 1.0 }).collect());
    let twice: Vec<usize> =
        (0..600).rev().flat_map(|row| vec![row; if row % 3 == 0 { 2 } else { 1 }]).collect();
    let one = fit(&weighted, &options).unwrap();
    let other = fit(&sample.take(&twice), &options).unwrap();
    for (one, other) in one.characteristics.iter().zip(&other.characteristics) {
        assert_eq!(one.name, other.name);
        assert!((one.coefficient - other.coefficient).abs() < 1e-6, "{one:?} {other:?}");
    }
}

#[test]
fn the_prior_moves_the_intercept_alone() {
    let sample = sample(1500, 3);
    let plain = fit(&sample, &Options::default()).unwrap();
    let (good, bad) = sample.good_and_bad();
    let moved = fit(&sample, &Options { bad_rate: Some(0.01), ..Options::default() }).unwrap();
    let by = moved.card.parts().intercept - plain.card.parts().intercept;
    assert!((by - (f64::ln(0.01 / 0.99) - f64::ln(bad / good))).abs() < 1e-9);
    assert_eq!(moved.characteristics, plain.characteristics);
    let told = &moved.card.parts().provenance;
    assert!(told.iter().any(|(name, value)| name == "bad rate of the population" && value == "0.01"));
}

#[test]
fn offsets_given_coefficients_forced_columns_and_p_values_are_heeded() {
    let mut sample = sample(1500, 4);
    let fixed = Options { fixed: BTreeMap::from([("home".to_owned(), 0.5)]), ..Options::default() };
    let fitted = fit(&sample, &fixed).unwrap();
    let home = fitted.characteristics.iter().find(|one| one.name == "home").unwrap();
    assert_eq!((home.coefficient, home.standard_error), (0.5, None));
    let mut strict = Options { max_p_value: 0.01, ..Options::default() };
    strict.selection.max_correlation = 1.0;
    strict.selection.max_inflation = 1e9;
    let fitted = fit(&sample, &strict).unwrap();
    assert!(fitted.characteristics.iter().all(|one| one.p_value.unwrap() <= 0.01));
    assert!(fitted.dropped.iter().any(|dropped| dropped.name == "noise"), "{:?}", fitted.dropped);
    // With the truth as offset nothing is left to tell but chance.
    let card = fit(&sample, &Options::default()).unwrap().card;
    sample.offset = Some(card.score(&sample.table).unwrap().iter().map(|one| one.log_odds).collect());
    let rest = fit(&sample, &Options::default());
    assert!(rest.is_err() || rest.unwrap().characteristics.iter().all(|one| one.coefficient < 0.2));
}

#[test]
fn what_cannot_be_fitted_is_refused_in_words() {
    fn check(sample: &Sample, change: impl FnOnce(&mut Options), wanted: &str) {
        let mut options = Options::default();
        change(&mut options);
        let error = fit(sample, &options).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let sample = sample(300, 5);
    check(&sample, |options| options.shrinkage = -1.0, "shrinkage: -1");
    check(&sample, |options| options.max_p_value = f64::NAN, "max-p-value");
    check(&sample, |options| options.bad_rate = Some(1.0), "bad-rate: 1");
    check(&sample, |options| options.fixed = BTreeMap::from([("home".to_owned(), -1.0)]), "not negative");
    check(&sample, |options| options.fixed = BTreeMap::from([("car".to_owned(), 1.0)]), "no column \"car\"");
    check(&sample, |options| options.selection.forced_in = vec!["car".to_owned()], "no column \"car\"");
    check(&sample, |options| options.penalty = Penalty::Fixed(f64::NAN), "l2: NaN");
    let mut dull = sample.clone();
    dull.table = sample.table.without(&["x", "twin", "noise", "home"]);
    check(&dull, |_| (), "no column tells good from bad (constant");
}

/// Fifty rows that a column tells apart without error, and a column that is its copy: finite log-odds all the same.
#[test]
fn separation_and_duplicated_columns_have_a_defined_result() {
    let x: Vec<f64> = (0..50).map(f64::from).collect();
    let bad = x.iter().map(|x| if *x >= 35.0 { 1.0 } else { 0.0 }).collect();
    let table = Table::try_new(vec![
        Values::numbers("x", x.clone()),
        Values::numbers("copy", x),
        Values::numbers("infinite", vec![f64::INFINITY; 50]),
        Values::numbers("bad", bad),
    ]);
    let sample = Sample::try_new(&table.unwrap(), "bad", None).unwrap();
    let fitted = fit(&sample, &Options::for_rows(50)).unwrap();
    assert_eq!(fitted.characteristics.len(), 1);
    assert!(fitted.remarks.iter().any(|(name, told)| name == "x" && told.contains("knows the future")));
    let copy = fitted.dropped.iter().find(|dropped| dropped.name == "copy").unwrap();
    assert!(copy.reason.to_string().contains("correlation with x is 1.000"), "{copy:?}");
    let scored = fitted.card.score(&sample.table).unwrap();
    assert!(scored[0].log_odds < scored[49].log_odds);
    assert!(scored.iter().all(|one| one.log_odds.abs() < 6.0), "{scored:?}");
    let chosen = Penalty::Chosen(PathOptions::default());
    let fitted = fit(&sample, &Options { penalty: chosen, ..Options::for_rows(50) }).unwrap();
    assert!(fitted.path.is_some() && fitted.l2 > 0.0);
}

proptest! {
    #[test]
    fn weights_of_evidence_are_finite_in_the_order_of_the_odds_and_zero_when_empty(
        counts in prop::collection::vec((0u8..50, 0u8..50), 2..8),
        shrinkage in 0u8..40,
    ) {
        let mut counts: Vec<Count> =
            counts.iter().map(|count| Count { good: f64::from(count.0), bad: f64::from(count.1) }).collect();
        counts.push(Count { good: 1.0, bad: 1.0 });
        counts.push(Count::default());
        let woe = weights_of_evidence(&counts, f64::from(shrinkage));
        prop_assert!(woe.iter().all(|woe| woe.is_finite()));
        prop_assert_eq!(woe[woe.len() - 1], 0.0);
        let bad: f64 = counts.iter().map(|count| count.bad).sum();
        let good: f64 = counts.iter().map(|count| count.good).sum();
        let plain = weights_of_evidence(&counts, 0.0);
        for ((woe, plain), count) in woe.iter().zip(plain).zip(&counts) {
            if count.good > 0.0 && count.bad > 0.0 {
                let exact = f64::ln((count.bad / bad) / (count.good / good));
                prop_assert!((plain - exact).abs() < 1e-9);
                prop_assert!(woe.abs() <= exact.abs() + 1e-9, "shrunk to zero");
                prop_assert!(woe * exact >= -1e-12, "and not beyond");
            }
        }
    }
}
