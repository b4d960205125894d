use super::*;
use crate::format;
use probity_scorecard::table::Column;
use probity_scorecard::{Table, validation};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Numbers that look random and are the same everywhere: a linear congruential generator (Knuth's MMIX constants).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Rows whose log-odds rise with `income` missing or low, with `debt`, and differ by `home`; `noise` says nothing.
fn sample(rows: usize, seed: u64) -> Sample {
    let mut dice = Dice(seed);
    let (mut income, mut debt, mut noise, mut home, mut bad) = (vec![], vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let (earned, owed) = (dice.next(), dice.next());
        let known = dice.next() > 0.1;
        let lives = (dice.next() * 4.0) as usize;
        let log_odds =
            2.0 * owed - if known { 3.0 * earned } else { 0.0 } + [0.0, 1.0, -1.0, 0.0][lives] - 0.5;
        income.push(if known { earned } else { f64::NAN });
        debt.push(owed);
        noise.push(dice.next());
        home.push([Some("own"), Some("rent"), Some("free"), None][lives]);
        bad.push(if dice.next() < 1.0 / (1.0 + libm::exp(-log_odds)) { 1.0 } else { 0.0 });
    }
    let columns = vec![
        Column::numbers("income", income),
        Column::numbers("debt", debt),
        Column::numbers("noise", noise),
        Column::categories("home", home),
        Column::numbers("bad", bad),
    ];
    Sample::try_new(&Table::try_new(columns).unwrap(), "bad", None).unwrap()
}

fn auc(model: &Model, sample: &Sample) -> f64 {
    let risk = model.score(&sample.table).unwrap();
    validation::auc(&risk, &sample.bad, None).unwrap().value
}

fn quick() -> Options {
    Options {
        rounds: 300,
        learning_rate: 0.1,
        leaves: 8,
        depth: 4,
        leaf_weight: 1.0,
        l2: 1.0,
        row_share: 1.0,
        column_share: 1.0,
        ..Options::default()
    }
}

#[test]
fn it_learns_and_stops_in_time_whatever_the_way() {
    let (fitted, other) = (sample(3_000, 1), sample(3_000, 2));
    for (stopping, categories) in [
        (Stopping::Validation { share: 0.25, patience: 20 }, Categories::Rate { strength: 20.0 }),
        (Stopping::Folds { count: 3, patience: 20 }, Categories::ColumnEach { most: 10 }),
        (Stopping::Never, Categories::Rate { strength: 5.0 }),
    ] {
        let rounds = if stopping == Stopping::Never { 40 } else { 300 };
        let model = fit(&fitted, &Options { stopping, categories, rounds, ..quick() }).unwrap();
        let trees = model.ensemble().trees().len();
        assert!(if rounds == 40 { trees == 40 } else { (5..300).contains(&trees) }, "{stopping:?}: {trees}");
        // The true log-odds reach about 0.78 on such rows.
        let auc = auc(&model, &other);
        assert!(auc > 0.74, "{stopping:?}: {auc}");
    }
    let beside = fit_beside(&fitted, &other, 20, &quick()).unwrap();
    assert!(beside.ensemble().trees().len() < 300 && auc(&beside, &other) > 0.74);
}

#[test]
fn the_same_sample_gives_the_same_model_on_any_number_of_threads() {
    let fitted = sample(2_000, 3);
    let options = Options { row_share: 0.7, column_share: 0.5, seed: 5, ..quick() };
    let model = |options: &Options| format::write(&fit(&fitted, options).unwrap()).unwrap();
    let first = model(&options);
    assert_eq!(first, model(&options));
    assert_eq!(first, model(&Options { parallel: true, ..options.clone() }));
    assert_ne!(first, model(&Options { seed: 6, ..options }));
}

#[test]
fn what_each_column_adds_sums_to_the_log_odds_and_survives_saving() {
    let fitted = sample(2_000, 4);
    let model = fit(&fitted, &quick()).unwrap();
    let back = format::read(&format::write(&model).unwrap()).unwrap();
    let rows: Vec<usize> = (0..200).collect();
    let explained = model.explain(&fitted.table, &rows).unwrap();
    assert_eq!(explained, back.explain(&fitted.table, &rows).unwrap());
    for row in &explained {
        let sum = row.base + row.added.iter().sum::<f64>();
        assert!((sum - row.log_odds).abs() < 1e-12 * model.ensemble().trees().len() as f64, "{row:?}");
        let reasons = model.reasons(row, 4);
        assert!(reasons.windows(2).all(|pair| pair[0].1 >= pair[1].1));
    }
    let weight = |column: usize| explained.iter().map(|row| row.added[column].abs()).sum::<f64>();
    let noise = model.columns().iter().position(|name| name == "noise").unwrap();
    for column in (0..4).filter(|column| *column != noise) {
        assert!(weight(column) > 2.0 * weight(noise), "{}", model.columns()[column]);
    }
}

#[test]
fn a_trend_holds_for_every_row() {
    let fitted = sample(1_500, 5);
    for (direction, sign) in [(Direction::Ascending, 1.0), (Direction::Descending, -1.0)] {
        let trends = [("income", direction), ("noise", direction), ("debt", direction)]
            .map(|(name, direction)| (name.to_owned(), direction));
        let options = Options { stopping: Stopping::Never, rounds: 60, trends: trends.into(), ..quick() };
        let model = fit(&fitted, &options).unwrap();
        for name in ["income", "noise", "debt"] {
            let mut before: Option<Vec<f64>> = None;
            for step in 0..=40 {
                let columns = fitted.table.columns().iter().map(|column| match column.name == name {
                    true => Column::numbers(name, vec![f64::from(step) / 40.0; column.rows()]),
                    false => column.clone(),
                });
                let now = model.score(&Table::try_new(columns.collect()).unwrap()).unwrap();
                if let Some(before) = before {
                    // Rounding keeps the order of sums, so not even the last digit may go the wrong way.
                    assert!(
                        before.iter().zip(&now).all(|(b, n)| sign * (n - b) >= 0.0),
                        "{name} {direction:?}"
                    );
                }
                before = Some(now);
            }
        }
    }
}

#[test]
fn a_weight_counts_as_so_many_rows_and_its_unit_does_not() {
    let once = sample(800, 6);
    let mut weighed = once.clone();
    let weight: Vec<f64> = (0..800).map(|row| f64::from(row % 3)).collect();
    weighed.weight = Some(weight.clone());
    let repeated: Vec<usize> = (0..800).flat_map(|row| vec![row; row % 3]).collect();
    let options = |part: f64| Options {
        stopping: Stopping::Never,
        rounds: 30,
        bins: 1_000,
        leaf_weight: 4.0 * part,
        l2: part,
        categories: Categories::Rate { strength: 20.0 * part },
        ..quick()
    };
    let scores = |sample: &Sample, part| fit(sample, &options(part)).unwrap().score(&once.table).unwrap();
    let mut tiny = weighed.clone();
    tiny.weight = Some(weight.iter().map(|weight| weight * 0.5f64.powi(40)).collect());
    assert_eq!(scores(&weighed, 1.0), scores(&tiny, 1.0));
    // The same sums over more rows: what is held against them is larger by as much.
    let part = repeated.len() as f64 / weight.iter().filter(|weight| **weight > 0.0).count() as f64;
    for (one, other) in scores(&weighed, 1.0).into_iter().zip(scores(&once.take(&repeated), part)) {
        assert!((one - other).abs() < 1e-3, "{one} {other}");
    }
}

#[test]
fn an_offset_is_added_to_and_not_learned_again() {
    let plain = sample(2_000, 8);
    let options = Options { stopping: Stopping::Never, rounds: 60, ..quick() };
    let known = fit(&plain, &options).unwrap().score(&plain.table).unwrap();
    let mut with_offset = plain.clone();
    with_offset.offset = Some(known.clone());
    let options = Options { stopping: Stopping::Validation { share: 0.3, patience: 10 }, ..options };
    let rest = fit(&with_offset, &options).unwrap().score(&plain.table).unwrap();
    let spread = |values: &[f64]| {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / values.len() as f64
    };
    assert!(spread(&rest) < 0.1 * spread(&known), "{} {}", spread(&rest), spread(&known));
}

#[test]
fn options_out_of_bounds_are_refused() {
    fn check(change: impl FnOnce(&mut Options, &mut Sample), wanted: &str) {
        let (mut options, mut sample) = (quick(), sample(50, 7));
        change(&mut options, &mut sample);
        let error = fit(&sample, &options).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let trend = |name: &str| BTreeMap::from([(name.to_owned(), Direction::Ascending)]);
    check(|options, _| options.learning_rate = 0.0, "learning-rate: 0 is not");
    check(|options, _| options.row_share = f64::NAN, "row-share: NaN is not");
    check(|options, _| options.column_share = 1.5, "column-share: 1.5 is not");
    check(|options, _| options.l2 = -1.0, "l2: -1 is not");
    check(|options, _| options.rounds = 0, "rounds: 0 is not");
    check(|options, _| options.leaves = 1, "leaves: 1 is not");
    check(|options, _| options.depth = 65, "depth: 65 is not");
    check(|options, _| options.bins = 1, "bins: 1 is not");
    check(|options, _| options.stopping = Stopping::Folds { count: 1, patience: 1 }, "folds: 1");
    check(
        |options, _| options.stopping = Stopping::Validation { share: 1.0, patience: 1 },
        "validation-share",
    );
    check(|options, _| options.stopping = Stopping::Validation { share: 0.5, patience: 0 }, "patience");
    check(|options, _| options.categories = Categories::Rate { strength: 0.0 }, "strength");
    check(|options, _| options.trends = trend("home"), "no order");
    check(|options, _| options.trends = trend("age"), "no column \"age\"");
    check(
        |_, sample| {
            let first_bad = sample.bad.iter().position(|bad| *bad).unwrap();
            sample.bad.iter_mut().enumerate().for_each(|(row, bad)| *bad = row == first_bad);
        },
        "no bad ones",
    );
    check(
        |_, sample| sample.table = Table::try_new(vec![Column::numbers("x", vec![1.0; 50])]).unwrap(),
        "varies",
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn columns_of_any_shape_are_fitted_or_refused(
        numbers in prop::collection::vec(
            prop_oneof![
                Just(f64::NAN), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(0.0), Just(-0.0), Just(f64::MAX),
                Just(f64::MIN_POSITIVE), -1e3..1e3
            ],
            20..60,
        ),
        texts in prop::collection::vec(prop::option::of("[ab]?"), 60),
        bad in prop::collection::vec(any::<bool>(), 60),
        weights in prop::collection::vec(prop_oneof![Just(0.0), Just(1e-30), Just(1.0), Just(1e30)], 60),
        weighed in any::<bool>(),
    ) {
        let rows = numbers.len();
        let table = Table::try_new(vec![
            Column::numbers("numbers", numbers.clone()),
            Column::numbers("missing", vec![f64::NAN; rows]),
            Column::numbers("one", (0..rows).map(|row| if row % 2 == 0 { 7.0 } else { f64::NAN }).collect()),
            Column::categories("texts", texts[..rows].iter().map(Option::as_deref)),
        ]).unwrap();
        let sample = Sample {
            table,
            target: "bad".to_owned(),
            bad: bad[..rows].to_vec(),
            weight: weighed.then(|| weights[..rows].to_vec()),
            offset: None,
        };
        for stopping in [Stopping::Never, Stopping::Validation { share: 0.3, patience: 3 }] {
            let options = Options { rounds: 10, leaf_weight: 0.1, bins: 5, stopping, ..quick() };
            match fit(&sample, &options) {
                Ok(model) => prop_assert!(model.score(&sample.table).unwrap().iter().all(|odds| odds.is_finite())),
                Err(error) => prop_assert!(!error.to_string().is_empty()),
            }
        }
    }
}
