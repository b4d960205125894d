//! On made-up applicants whose fate is known, also of the rejected ones, both ways bring the sample nearer to the truth.

use super::*;
use crate::bins::{Bins, Split};
use crate::dice::even;
use crate::scale::probability;

/// Everybody who applied, and who of them was accepted.
struct Applicants {
    all: Sample,
    accepted: Sample,
    rejected: Table,
}

/// Risk lies in `income` and, as far as `hidden` says, in something that the officers saw and the table does not show.
fn applicants(hidden: f64) -> Applicants {
    let mut die = even(11);
    let (mut income, mut home, mut bad, mut taken) = (vec![], vec![], vec![], vec![]);
    for _ in 0..40_000 {
        let (own, unseen) = (4.0 * die() - 2.0, hidden * (4.0 * die() - 2.0));
        income.push(own);
        home.push(if die() < 0.3 + 0.1 * own { "own" } else { "rent" });
        bad.push(die() < probability(-1.5 - own + unseen));
        taken.push(die() < probability(1.5 * own - 1.5 * unseen));
    }
    let table = Table::try_new(vec![
        Column::numbers("income", income),
        Column::categories("home", home.iter().map(|home| Some(*home))),
    ])
    .unwrap();
    let all = Sample { table, target: "bad".to_owned(), bad, weight: None, offset: None };
    let rows = |wanted: bool| (0..40_000).filter(|row| taken[*row] == wanted).collect::<Vec<_>>();
    Applicants { accepted: all.take(&rows(true)), rejected: all.table.take(&rows(false)), all }
}

fn risk(table: &Table) -> Result<Vec<f64>, Error> {
    let income = table.column("income")?;
    Ok((0..table.rows())
        .map(|row| match income.value(row) {
            Value::Number(income) => -income,
            _ => 0.0,
        })
        .collect())
}

fn bad_rate(sample: &Sample) -> f64 {
    let (good, bad) = sample.good_and_bad();
    bad / (good + bad)
}

/// Mean distance of the bad rates in five bins of income, weighed by the truth's rows.
fn distance(sample: &Sample, truth: &Sample) -> f64 {
    let bins = Bins::try_new(Split::Cuts(vec![-1.2, -0.4, 0.4, 1.2]), vec![]).unwrap();
    let rates = |sample: &Sample| {
        let mut sums = [(0.0, 0.0); 5];
        for (row, bin) in bins.find_all(sample.table.column("income").unwrap()).into_iter().enumerate() {
            let sum = &mut sums[usize::from(bin)];
            sum.0 += sample.weight_of(row);
            sum.1 += if sample.bad[row] { sample.weight_of(row) } else { 0.0 };
        }
        sums.map(|sum| sum.1 / sum.0)
    };
    rates(sample).iter().zip(rates(truth)).map(|(got, wanted)| (got - wanted).abs()).sum::<f64>() / 5.0
}

#[test]
fn augmentation_shows_the_whole_population_where_the_table_shows_what_decided() {
    let Applicants { all, accepted, rejected } = applicants(0.0);
    let truth = bad_rate(&all);
    let rejects = Rejects { table: &rejected, weight: None };
    let augmented = augmented(&accepted, rejects, risk, 20).unwrap();
    let probabilities: Vec<f64> =
        risk(&accepted.table).unwrap().iter().map(|risk| probability(-1.5 * risk)).collect();
    let reweighted = reweighted(&accepted, &probabilities, 0.01).unwrap();
    let before = (bad_rate(&accepted) - truth).abs();
    for after in [&augmented, &reweighted] {
        let error = (bad_rate(after) - truth).abs();
        assert!(error < before / 10.0, "{error} after, {before} before");
    }
    // They weigh as much as all that applied; and more than each other's figures nothing changes.
    let weight: f64 = augmented.weight.as_ref().unwrap().iter().sum();
    assert!((weight - 40_000.0).abs() < 1e-6, "{weight}");
    assert_eq!(augmented.bad, accepted.bad);
}

#[test]
fn parcelling_with_an_uplift_comes_nearer_where_officers_saw_more() {
    let Applicants { all, accepted, rejected } = applicants(0.7);
    let rejects = Rejects { table: &rejected, weight: None };
    let parcel = |uplift| parcelled(&accepted, rejects, risk, Parcelling { bands: 20, uplift }).unwrap();
    let (plain, lifted) = (parcel(1.0), parcel(2.5));
    let error = |sample: &Sample| (bad_rate(sample) - bad_rate(&all)).abs();
    assert!(error(&plain) < error(&accepted) && error(&lifted) < error(&plain) / 3.0);
    let (none, same, more) = (distance(&accepted, &all), distance(&plain, &all), distance(&lifted, &all));
    // Without an uplift a band's rejects are as its accepted rows: its rate cannot move, only the mix of bands.
    assert!(more < none / 2.0 && more < same / 2.0, "{none} {same} {more}");
    // Each reject counts once in all; columns are those of the accepted rows.
    let weight: f64 = lifted.weight.as_ref().unwrap().iter().sum();
    assert!((weight - 40_000.0).abs() < 1e-6, "{weight}");
    assert_eq!(lifted.rows(), accepted.rows() + 2 * rejected.rows());
    assert_eq!(lifted.table.names().collect::<Vec<_>>(), ["income", "home"]);
    let home = |table: &Table, row: usize| format!("{:?}", table.column("home").unwrap().value(row));
    for row in [0, 5] {
        let first = accepted.rows() + row;
        assert_eq!(home(&lifted.table, first), home(&rejected, row));
        assert_eq!(home(&lifted.table, first + rejected.rows()), home(&rejected, row));
        assert_eq!((lifted.bad[first], lifted.bad[first + rejected.rows()]), (true, false));
    }
}

#[test]
fn a_card_scores_and_bands_without_accepted_rows_are_joined() {
    let card = crate::format::toml::read(
        r#"
        scorecard = { name = "", target = "bad", method = "", intercept = 0, base_points = 0, scale = { score = 600, odds = 30, points_to_double = 50 } }
        [[characteristic]]
        name = "x"
        attributes = [{ below = 1, points = 0, log_odds = -1 }, { below = 2, points = 0, log_odds = 0 }, { points = 0, log_odds = 1 }]
        missing = { points = 0, log_odds = 2 }
        "#,
    )
    .unwrap();
    let accepted = Sample {
        table: Table::try_new(vec![Column::numbers("x", vec![0.0, 0.0, 1.5, 1.5])]).unwrap(),
        target: "bad".to_owned(),
        bad: vec![false, true, false, true],
        weight: Some(vec![1.0, 1.0, 3.0, 1.0]),
        offset: None,
    };
    let rejected = Table::try_new(vec![
        Column::numbers("unused", vec![0.0; 4]),
        Column::numbers("x", vec![0.0, 5.0, f64::NAN, f64::NAN]),
    ])
    .unwrap();
    let rejects = Rejects { table: &rejected, weight: Some(&[2.0, 1.0, 1.0, 2.0]) };
    let sample = augmented(&accepted, rejects, by_card(&card), 4).unwrap();
    assert_eq!(sample.weight.unwrap(), [2.0, 2.0, 6.0, 2.0]);
    let options = Parcelling { bands: 4, uplift: 3.0 };
    let sample = parcelled(&accepted, rejects, by_card(&card), options).unwrap();
    // Odds of 1 : 1 become 3 : 1, those of 1 : 3 become 1 : 1.
    let wanted = [1.0, 1.0, 3.0, 1.0, 1.5, 0.5, 0.5, 1.0, 0.5, 0.5, 0.5, 1.0];
    assert_eq!(sample.weight.unwrap(), wanted);
}

#[test]
fn what_cannot_be_inferred_from_is_refused() {
    let table = |name: &str, values: Vec<f64>| Table::try_new(vec![Column::numbers(name, values)]).unwrap();
    let accepted = Sample {
        table: table("income", vec![0.0, 1.0]),
        target: "bad".to_owned(),
        bad: vec![false, true],
        weight: None,
        offset: None,
    };
    let check = |rejected: &Table, weight: Option<&[f64]>, options: Parcelling, wanted: &str| {
        let rejects = Rejects { table: rejected, weight };
        let error = parcelled(&accepted, rejects, risk, options).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    };
    let good = table("income", vec![0.0]);
    let options = Parcelling::default();
    check(&good, None, Parcelling { bands: 0, ..options }, "0 bands");
    check(&good, None, Parcelling { uplift: f64::NAN, ..options }, "uplift is NaN");
    check(&good, Some(&[]), options, "not 1");
    check(&good, Some(&[-1.0]), options, "row 1 weighs -1");
    check(&table("age", vec![0.0]), None, options, "no column \"income\"");
    check(&table("income", vec![f64::INFINITY]), None, options, "row 1 scores -inf");
    let texts = Table::try_new(vec![Column::categories("income", [Some("much")])]).unwrap();
    check(&texts, None, options, "numbers on one side");
    for (probability, least, wanted) in
        [(&[0.5][..], 0.1, "1 probabilities for 2"), (&[0.5, 1.5], 0.1, "row 2"), (&[0.5, 0.5], 0.0, "least")]
    {
        let error = reweighted(&accepted, probability, least).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}
