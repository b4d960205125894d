//! Fits on data whose truth is known, and on data that hardly anything can be learned from.

use super::*;
use crate::Table;
use crate::binning::Trend;
use crate::bins::{Bins, Special};
use crate::dice::even;
use crate::scale::probability;
use crate::table::{Column, Value};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// A sample whose log-odds are known: a wave over `a`, a jump in `b`, categories `c`, special and missing values of `d`, and
/// the product of `a` and `b`.
fn known(rows: usize, seed: u64) -> (Sample, Vec<f64>) {
    let mut dice = even(seed);
    let (mut a, mut b, mut c, mut d) = (vec![], vec![], vec![], vec![]);
    let (mut noise, mut truth, mut bad) = (vec![], vec![], vec![]);
    for _ in 0..rows {
        let (x, y) = (dice(), dice());
        let category = ["red", "green", "blue"][(dice() * 3.0) as usize];
        let held = dice();
        let z = if held < 0.1 {
            -9.0
        } else if held < 0.2 {
            f64::NAN
        } else {
            dice()
        };
        let mut odds = -1.5 + (6.0 * x).sin() + if y > 0.6 { 1.0 } else { 0.0 };
        odds += match category {
            "red" => 0.7,
            "green" => -0.7,
            _ => 0.0,
        };
        odds += if z == -9.0 {
            0.8
        } else if z.is_nan() {
            -0.8
        } else {
            0.0
        };
        odds += 6.0 * (x - 0.5) * (y - 0.5);
        bad.push(dice() < probability(odds));
        a.push(x);
        b.push(y);
        c.push(Some(category));
        d.push(z);
        noise.push(dice());
        truth.push(odds);
    }
    let columns = vec![
        Column::numbers("a", a),
        Column::numbers("b", b),
        Column::categories("c", c),
        Column::numbers("d", d),
        Column::numbers("noise", noise),
    ];
    (sample(columns, bad), truth)
}

fn sample(columns: Vec<Column>, bad: Vec<bool>) -> Sample {
    let table = Table::try_new(columns).unwrap();
    Sample { table, target: "bad".to_owned(), bad, weight: None, offset: None }
}

fn special() -> Vec<Special> {
    vec![Special { name: "no record".to_owned(), values: vec![-9.0] }]
}

fn log_odds(fitted: &Additive, table: &Table) -> Vec<f64> {
    fitted.card.score(table).unwrap().iter().map(|scored| scored.log_odds).collect()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    (a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / a.len() as f64).sqrt()
}

#[test]
fn a_known_truth_is_found_with_its_pair() {
    let (train, truth) = known(20_000, 1);
    let options = Options { specials: special(), ..Options::default() };
    let fitted = fit(&train, &options).unwrap();
    let report = &fitted.report;
    assert_eq!((report.pairs[0].first.as_str(), report.pairs[0].second.as_str()), ("a", "b"), "{report:#?}");
    let others = report.pairs.iter().skip(1);
    assert!(others.clone().count() <= 5 && others.clone().all(|pair| pair.importance < 0.08), "{report:#?}");
    assert!(report.pairs[0].promise > 100.0 && report.path.len() > 5);
    let found = distance(&log_odds(&fitted, &train.table), &truth);
    assert!(found < 0.22, "{found}");
    // The same on rows that were never seen; without the pair it is far off.
    let (test, truth) = known(5_000, 2);
    let found = distance(&log_odds(&fitted, &test.table), &truth);
    assert!(found < 0.22, "{found}");
    let alone = fit(&train, &Options { pairs: Pairs::Exactly(0), ..options }).unwrap();
    assert!(distance(&log_odds(&alone, &test.table), &truth) > 0.5);
    // The noise counts least.
    let place = report.terms.iter().position(|term| term.name == "noise");
    assert!(place.is_none_or(|place| place + 1 == report.terms.len()), "{report:#?}");
}

#[test]
fn tables_stay_within_their_bounds_and_lose_next_to_nothing() {
    let (train, _) = known(8_000, 3);
    for (attributes, rows, bound) in [(30, 10, 0.0015), (12, 8, 0.005), (5, 5, 0.03)] {
        let pairs = Pairs::Exactly(3);
        let options = Options { specials: special(), attributes, rows, pairs, ..Options::default() };
        let fitted = fit(&train, &options).unwrap();
        let parts = fitted.card.parts();
        assert_eq!(parts.pairs.len(), 3);
        for characteristic in &parts.characteristics {
            let used = characteristic.attributes.iter().filter(|attribute| attribute.weight > 0.0).count();
            assert!(used <= attributes, "{} has {used}", characteristic.name);
            let mean: f64 =
                characteristic.attributes.iter().map(|attribute| attribute.weight * attribute.log_odds).sum();
            assert!((mean / 8_000.0).abs() < 1e-8, "{} is not centred", characteristic.name);
        }
        for pair in &parts.pairs {
            let used = |bins: &Bins, column: &str| {
                let column = train.table.column(column).unwrap();
                let mut seen = bins.find_all(column);
                seen.sort_unstable();
                seen.dedup();
                seen.len()
            };
            assert!(used(&pair.rows, &pair.first) <= rows && used(&pair.columns, &pair.second) <= rows);
        }
        let lost = fitted.report.loss - fitted.report.loss_before;
        assert!(lost < bound, "{attributes} attributes lose {lost}");
    }
}

#[test]
fn the_same_comes_out_every_time_and_a_weight_of_two_is_a_row_twice() {
    let (once, _) = known(1_500, 4);
    let options = Options { specials: special(), pairs: Pairs::Exactly(2), ..Options::default() };
    assert_eq!(fit(&once, &options).unwrap(), fit(&once, &options).unwrap());
    let automatic = Options { pairs: Pairs::Automatic(2), ..options.clone() };
    assert_eq!(fit(&once, &automatic).unwrap(), fit(&once, &automatic).unwrap());
    let twice: Vec<usize> = (0..once.rows()).chain((0..once.rows()).step_by(3)).collect();
    let weight = (0..once.rows()).map(|row| if row % 3 == 0 { 2.0 } else { 1.0 }).collect();
    let weighted = Sample { weight: Some(weight), ..once.clone() };
    let (weighted, doubled) = (fit(&weighted, &options).unwrap(), fit(&once.take(&twice), &options).unwrap());
    let apart = distance(&log_odds(&weighted, &once.table), &log_odds(&doubled, &once.table));
    assert!(apart < 1e-6, "{apart}");
    // A row that weighs nothing is no row.
    let weight = (0..once.rows()).map(|row| if row < 1_000 { 1.0 } else { 0.0 }).collect();
    let weightless = fit(&Sample { weight: Some(weight), ..once.clone() }, &options).unwrap();
    let without = fit(&once.take(&(0..1_000).collect::<Vec<_>>()), &options).unwrap();
    assert_eq!(log_odds(&weightless, &once.table), log_odds(&without, &once.table));
}

#[test]
fn what_an_offset_knows_is_not_learned_again() {
    let (train, truth) = known(6_000, 5);
    let options = Options { specials: special(), pairs: Pairs::Automatic(4), ..Options::default() };
    let fitted = fit(&Sample { offset: Some(truth), ..train.clone() }, &options).unwrap();
    let left = log_odds(&fitted, &train.table);
    let left = distance(&left, &vec![0.0; left.len()]);
    assert!(left < 0.2, "{left}");
}

#[test]
fn what_was_never_seen_counts_nothing() {
    let (train, _) = known(2_000, 6);
    let options = Options { pairs: Pairs::Exactly(1), ..Options::default() };
    let fitted = fit(&train, &options).unwrap();
    let card = &fitted.card;
    let nothing = card.score_row(&[]);
    let at = card.inputs().iter().position(|name| name == "d").unwrap();
    let mut values = vec![Value::Missing; card.inputs().len()];
    for (place, name) in card.inputs().iter().enumerate() {
        if name == "c" {
            values[place] = Value::Category("violet");
        }
    }
    assert_eq!(card.score_row(&values), nothing, "a new category");
    let missing = card.parts().characteristics[at].attributes.last().unwrap().log_odds;
    assert!(missing < -0.4, "d knows what missing means: {missing}");
    assert!((nothing.log_odds - card.parts().intercept - missing).abs() < 1e-12, "a, b and c do not");
}

/// Every number just below and at each cut of a column, in order.
fn around_cuts(fitted: &Additive, name: &str) -> Vec<f64> {
    let parts = fitted.card.parts();
    let mut cuts: Vec<f64> = Vec::new();
    let own = parts.characteristics.iter().filter(|own| own.name == name).map(|own| &own.bins);
    let first = parts.pairs.iter().filter(|pair| pair.first == name).map(|pair| &pair.rows);
    let second = parts.pairs.iter().filter(|pair| pair.second == name).map(|pair| &pair.columns);
    for bins in own.chain(first).chain(second) {
        if let crate::bins::Split::Cuts(found) = bins.split() {
            cuts.extend(found);
        }
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let mut values = vec![-1e9];
    values.extend(cuts);
    values
}

/// The exact log-odds over ascending values of `name`, all else as given, step the way of the trend.
fn keeps(fitted: &Additive, name: &str, trend: Trend, others: &[f64]) -> Result<(), String> {
    let inputs = fitted.card.inputs();
    let Some(at) = inputs.iter().position(|input| input == name) else { return Ok(()) };
    let scores = around_cuts(fitted, name).into_iter().map(|value| {
        let values: Vec<Value<'_>> = (0..inputs.len())
            .map(|place| Value::Number(if place == at { value } else { others[place] }))
            .collect();
        fitted.card.score_row(&values).log_odds
    });
    let scores: Vec<f64> = scores.collect();
    let signs = scores.windows(2).map(|pair| pair[1] - pair[0]).filter(|step| *step != 0.0);
    let mut signs: Vec<i8> = signs.map(|step| if step > 0.0 { 1 } else { -1 }).collect();
    signs.dedup();
    let right = match trend {
        Trend::Ascending => signs.is_empty() || signs == [1],
        Trend::Descending => signs.is_empty() || signs == [-1],
        Trend::Peak => signs.len() < 2 || signs == [1, -1],
        Trend::Valley => signs.len() < 2 || signs == [-1, 1],
        Trend::Any | Trend::Monotone | Trend::Auto => signs.len() < 2,
    };
    if right { Ok(()) } else { Err(format!("{name} {trend:?}: {scores:?}")) }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn a_trend_holds_whatever_the_other_columns_hold(
        seed in 0u64..1_000_000,
        trends in prop::collection::vec(0usize..5, 3),
        places in prop::collection::vec((0.0f64..1.0, 0.0f64..1.0, 0.0f64..1.0), 6),
    ) {
        let known_trends = [Trend::Ascending, Trend::Descending, Trend::Peak, Trend::Valley, Trend::Monotone];
        let mut dice = even(seed);
        let mut columns = vec![vec![], vec![], vec![]];
        let mut bad = Vec::new();
        for _ in 0..400 {
            let x: Vec<f64> = (0..3).map(|_| (dice() * 40.0).floor() / 40.0).collect();
            let odds = (5.0 * x[0]).sin() + 3.0 * (x[1] - 0.5) * (x[2] - 0.5) * 4.0 - x[2];
            bad.push(dice() < probability(odds));
            columns.iter_mut().zip(x).for_each(|(column, x)| column.push(x));
        }
        let names = ["p", "q", "r"];
        let columns = names.iter().zip(columns).map(|(name, values)| Column::numbers(*name, values)).collect();
        let asked = names.iter().zip(&trends).map(|(name, trend)| {
            let column = ColumnOptions { trend: Some(known_trends[*trend]), specials: None };
            ((*name).to_owned(), column)
        });
        let options = Options { columns: asked.collect(), pairs: Pairs::Exactly(3), ..Options::default() };
        let fitted = fit(&sample(columns, bad), &options).unwrap();
        for (name, trend) in names.iter().zip(&trends) {
            for (a, b, c) in &places {
                // The inputs may stand in any order; each gets one of the three.
                prop_assert_eq!(keeps(&fitted, name, known_trends[*trend], &[*a, *b, *c]), Ok(()));
            }
        }
    }
}

/// A card comes out, and no row's log-odds are beyond what so few rows can say; or the error holds a text.
fn check(what: &str, columns: Vec<Column>, bad: Vec<bool>, wanted: Result<f64, &str>) {
    let sample = sample(columns, bad);
    match (fit(&sample, &Options::default()), wanted) {
        (Ok(fitted), Ok(bound)) => {
            let far = log_odds(&fitted, &sample.table).into_iter().map(f64::abs).fold(0.0, f64::max);
            assert!(far < bound, "{what}: {far}");
        }
        (Err(error), Err(text)) => assert!(error.to_string().contains(text), "{what}: {error}"),
        (got, wanted) => panic!("{what}: {got:?}, not {wanted:?}"),
    }
}

#[test]
fn data_that_teach_little_have_a_defined_result() {
    let bad = |rows: usize| -> Vec<bool> { (0..rows).map(|row| row % 3 == 0).collect() };
    let count = |rows: usize| (0..rows).map(|row| row as f64).collect::<Vec<f64>>();
    let number = |values: Vec<f64>| Column::numbers("x", values);
    check("constant", vec![number(vec![1.0; 90])], bad(90), Err("no column varies"));
    check("all missing", vec![number(vec![f64::NAN; 90])], bad(90), Err("no column varies"));
    let constant = Column::numbers("constant", vec![7.0; 90]);
    check("one constant", vec![constant, number(count(90))], bad(90), Ok(3.0));
    let infinite = |row: usize| [f64::INFINITY, f64::NEG_INFINITY, 0.5, 1e308, -1e308][row % 5];
    check("infinite", vec![number((0..90).map(infinite).collect())], bad(90), Ok(3.0));
    check("50 rows", vec![number(count(50))], bad(50), Ok(3.0));
    check("two rows", vec![number(count(2))], vec![true, false], Ok(3.0));
    let halves: Vec<bool> = (0..2_000).map(|row| row >= 1_000).collect();
    check("separated", vec![number(count(2_000))], halves, Ok(12.0));
    let same = |name: &str| Column::numbers(name, (0..600).map(|row| f64::from(row % 7)).collect());
    check("twice the same", vec![same("x"), same("y"), same("z")], bad(600), Ok(3.0));
    let texts: Vec<String> = (0..10_000).map(|row| format!("category {row}")).collect();
    let many = Column::categories("x", texts.iter().map(|text| Some(text.as_str())));
    check("10,000 categories", vec![many], bad(10_000), Ok(3.0));
}

#[test]
fn options_that_cannot_be_are_refused() {
    let (train, _) = known(200, 7);
    let check = |options: Options, wanted: &str| {
        let error = fit(&train, &options).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    };
    let options = Options::default;
    check(Options { attributes: 1, ..options() }, "attributes: 1 is not within 2 to 250");
    check(Options { rows: 17, ..options() }, "rows: 17");
    check(Options { rows: 10, attributes: 9, ..options() }, "at least as many attributes");
    check(Options { prebins: 256, ..options() }, "prebins: 256");
    check(Options { folds: 1, ..options() }, "folds: 1");
    check(Options { pairs: Pairs::Exactly(101), ..options() }, "pairs: 101");
    let unknown = BTreeMap::from([("e".to_owned(), ColumnOptions::default())]);
    check(Options { columns: unknown, ..options() }, "no column \"e\"");
    let endless = Sample { offset: Some(vec![f64::NAN; 200]), ..train.clone() };
    assert!(fit(&endless, &options()).unwrap_err().to_string().contains("offset in row 1"));
}

/// Of two with the same limit the one with the larger bill pays worse; but whoever has a large bill has a large limit, and pays
/// well.
fn bills(rows: usize, seed: u64) -> (Sample, Vec<f64>) {
    let mut dice = even(seed);
    let (mut limits, mut bills, mut truth, mut bad) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let limit = dice();
        let bill = limit * dice();
        let odds = 0.5 - 6.0 * limit + 3.0 * bill;
        bad.push(dice() < probability(odds));
        truth.push(odds);
        limits.push(limit);
        bills.push(bill);
    }
    let columns = vec![Column::numbers("limit", limits), Column::numbers("bill", bills)];
    (sample(columns, bad), truth)
}

#[test]
fn a_column_that_tells_the_opposite_beside_another_stands_in_their_pair() {
    let (sample, truth) = bills(20_000, 3);
    let fitted = fit(&sample, &Options { pairs: Pairs::Exactly(1), ..Options::default() }).unwrap();
    let parts = fitted.card.parts();
    let names: Vec<&str> = parts.characteristics.iter().map(|one| one.name.as_str()).collect();
    assert_eq!((names, parts.pairs.len()), (vec!["limit"], 1));
    assert_eq!(fitted.report.left_out, []);
    let far = distance(&log_odds(&fitted, &sample.table), &truth);
    assert!(far < 0.2, "{far}");
    // The same limit, a larger bill: worse.
    let chance = |bill: f64| {
        let row = [("limit", 0.7), ("bill", bill)].map(|(name, value)| Column::numbers(name, vec![value]));
        log_odds(&fitted, &Table::try_new(row.into()).unwrap())[0]
    };
    assert!(chance(0.1) + 0.5 < chance(0.6));
}

#[test]
fn without_a_pair_it_is_left_out() {
    let (sample, _) = bills(20_000, 3);
    let fitted = fit(&sample, &Options { pairs: Pairs::Exactly(0), ..Options::default() }).unwrap();
    let names: Vec<&str> = fitted.card.parts().characteristics.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["limit"]);
    assert!(fitted.report.left_out[0].1.contains("against its own bins"));
    // Held to a trend it stays, whatever its bins say.
    let held = ColumnOptions { trend: Some(Trend::Ascending), ..ColumnOptions::default() };
    let columns = BTreeMap::from([("bill".to_owned(), held)]);
    let fitted = fit(&sample, &Options { pairs: Pairs::Exactly(0), columns, ..Options::default() }).unwrap();
    assert_eq!(fitted.card.parts().characteristics.len(), 2);
}

/// A sample that is hard to fit: rare bad rows, a column that tells nearly all and its double, ties, a constant, missing values.
fn hostile(rows: usize, seed: u64, rate: f64, copies: usize, spread: f64) -> Sample {
    let mut dice = even(seed);
    let bad: Vec<bool> = (0..rows).map(|row| row == 0 || (row > 1 && dice() < rate)).collect();
    let tells: Vec<f64> = bad.iter().map(|bad| if *bad { 3.0 } else { (dice() * 3.0).floor() }).collect();
    let mut columns = vec![Column::numbers("constant", vec![1.0; rows])];
    for copy in 0..copies {
        let factor = (copy + 1) as f64;
        columns.push(Column::numbers(
            format!("copy {copy}"),
            tells.iter().map(|value| value * factor).collect(),
        ));
    }
    let patchy = |value: f64, chance: f64| if chance < 0.8 { f64::NAN } else { (4.0 * value).floor() };
    columns.push(Column::numbers("patchy", (0..rows).map(|_| patchy(dice(), dice())).collect()));
    columns.push(Column::numbers("noise", (0..rows).map(|_| dice()).collect()));
    let weight = (0..rows).map(|_| libm::pow(10.0, spread * (dice() - 0.5))).collect();
    Sample { weight: Some(weight), ..sample(columns, bad) }
}

fn never_badly_wrong(sample: &Sample, trend: Trend) {
    let options = Options { trend, pairs: Pairs::Exactly(1), ..Options::default() };
    let fitted = fit(sample, &options).unwrap();
    let (mut loss, mut good, mut bad) = (0.0, 0.0, 0.0);
    for (row, log_odds) in log_odds(&fitted, &sample.table).iter().enumerate() {
        let margin = if sample.bad[row] { *log_odds } else { -log_odds };
        loss += sample.weight_of(row) * (libm::log1p((-margin.abs()).exp()) + (-margin).max(0.0));
        *(if sample.bad[row] { &mut bad } else { &mut good }) += sample.weight_of(row);
    }
    let all = good + bad;
    // Nothing of a kind loses nothing.
    let of = |kind: f64| if kind > 0.0 { -kind / all * (kind / all).ln() } else { 0.0 };
    let null = of(good) + of(bad);
    assert!(loss / all <= null + 1e-4, "{} above {null}: {:#?}", loss / all, fitted.report);
    let parts = fitted.card.parts();
    let mains = parts.characteristics.iter().flat_map(|characteristic| &characteristic.attributes);
    let cells = parts.pairs.iter().flat_map(|pair| &pair.cells);
    for value in mains.chain(cells).map(|attribute| attribute.log_odds).chain([parts.intercept]) {
        assert!(value.abs() <= 60.0, "{value}");
    }
}

#[test]
fn rare_bad_rows_told_by_many_copies_of_a_column_do_not_make_the_fit_leap() {
    for trend in [Trend::Any, Trend::Ascending, Trend::Descending] {
        never_badly_wrong(&hostile(3000, 7, 0.01, 12, 0.0), trend);
        never_badly_wrong(&hostile(3000, 8, 0.001, 30, 6.0), trend);
    }
}

#[test]
fn a_card_whose_column_runs_against_its_bins_is_not_worse_than_none_without_it() {
    never_badly_wrong(&hostile(173, 550_658_867_914_062_972, 0.02, 1, 16.0), Trend::Any);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_card_is_worse_than_none(
        rows in 2usize..300,
        seed in any::<u64>(),
        rate in prop::sample::select(vec![0.0, 0.003, 0.02, 0.5, 1.0]),
        copies in 1usize..8,
        spread in prop::sample::select(vec![0.0, 3.0, 16.0]),
        trend in prop::sample::select(vec![Trend::Any, Trend::Auto, Trend::Ascending, Trend::Descending]),
    ) {
        never_badly_wrong(&hostile(rows, seed, rate, copies, spread), trend);
    }
}
