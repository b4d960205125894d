use super::*;
use crate::table::{Column, Table};

/// Rows whose truth is known: the risk rises with `x`, jumps where `y` is above 1, and differs by `home`; `y` is -9 now and
/// then, and `x` missing.
fn sample(rows: usize) -> Sample {
    let mut state = 7_u64;
    let mut dice = move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1_u64 << 53) as f64
    };
    let (mut x, mut y, mut home, mut bad) = (vec![], vec![], vec![], vec![]);
    for _ in 0..rows {
        let (a, b, c) = (4.0 * dice() - 2.0, 2.0 * dice(), if dice() < 0.5 { "own" } else { "rent" });
        let log_odds = -1.5 + a + if b > 1.0 { 1.0 } else { 0.0 } + if c == "rent" { 0.7 } else { 0.0 };
        bad.push(if dice() < crate::scale::probability(log_odds) { 1.0 } else { 0.0 });
        x.push(if dice() < 0.05 { f64::NAN } else { a });
        y.push(if dice() < 0.05 { -9.0 } else { b });
        home.push(c);
    }
    let columns = vec![
        Column::numbers("x", x),
        Column::numbers("y", y),
        Column::categories("home", home.into_iter().map(Some)),
        Column::numbers("bad", bad),
    ];
    Sample::try_new(&Table::try_new(columns).unwrap(), "bad", None).unwrap()
}

fn options(method: &str, special: &[&str], monotone: &[&str], pairs: Option<&str>) -> Options {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let (special, monotone) = (texts(special), texts(monotone));
    let asked = Asked {
        name: "card",
        method,
        pairs,
        special: &special,
        monotone: &monotone,
        scale: (600.0, 30.0, 50.0),
        seed: 7,
        ..Asked::default()
    };
    Options::try_from_asked(&asked).unwrap()
}

fn fitted(sample: &Sample, options: &Options) -> Fitted {
    fit(sample, options, &mut |_, _, _| ()).unwrap()
}

/// The share of pairs of a bad and a good row in which the bad one has the lower score.
fn auc(card: &Scorecard, sample: &Sample) -> f64 {
    let scored = card.score(&sample.table).unwrap();
    let of = |bad: bool| -> Vec<i32> {
        scored.iter().zip(&sample.bad).filter(|(_, is)| **is == bad).map(|(scored, _)| scored.score).collect()
    };
    let (good, bad) = (of(false), of(true));
    let pairs = bad.iter().flat_map(|bad| good.iter().map(move |good| f64::from(bad.cmp(good) as i8)));
    let sum: f64 = pairs.map(|order| 0.5 - 0.5 * order).sum();
    sum / (good.len() * bad.len()) as f64
}

#[test]
fn every_method_finds_what_is_there_and_keeps_specials_apart() {
    let (train, test) = (sample(4_000), sample(6_000).take(&(4_000..6_000).collect::<Vec<_>>()));
    for method in ["woe", "additive", "auto"] {
        let fitted = fitted(&train, &options(method, &["-9"], &["auto"], None));
        let reached = auc(&fitted.card, &test);
        assert!(reached > 0.78, "{method}: {reached}");
        let y = fitted.card.parts().characteristics.iter().find(|column| column.name == "y").unwrap();
        assert_eq!(y.bins.specials().len(), 1, "{method}");
        assert_eq!(fitted.compared.is_some(), method == "auto");
        assert!(fitted.notes.iter().any(|note| note.contains("rounding")), "{:?}", fitted.notes);
    }
}

#[test]
fn the_same_fit_comes_out_again_and_the_population_shifts_it() {
    let train = sample(2_000);
    for method in ["woe", "additive"] {
        let plain = options(method, &[], &[], None);
        let card = fitted(&train, &plain).card;
        assert_eq!(card, fitted(&train, &plain).card);
        let rare = fitted(&train, &Options { prior: Some(0.01), ..plain }).card;
        let mean = |card: &Scorecard| {
            let scored = card.score(&train.table).unwrap();
            scored.iter().map(crate::card::Scored::probability).sum::<f64>() / scored.len() as f64
        };
        assert!((mean(&card) - 0.37).abs() < 0.06 && mean(&rare) < 0.03, "{} {}", mean(&card), mean(&rare));
    }
}

#[test]
fn what_contradicts_itself_is_refused() {
    let train = sample(500);
    let refused = |options: Options| fit(&train, &options, &mut |_, _, _| ()).unwrap_err().to_string();
    let mut cuts = options("additive", &[], &[], None);
    cuts.cuts.insert("x".to_owned(), vec![0.0]);
    assert!(refused(cuts).contains("--method woe"));
    assert!(refused(options("auto", &["nowhere=-1"], &[], None)).contains("no column \"nowhere\""));
    assert!(refused(options("auto", &[], &["nowhere=up"], None)).contains("no column \"nowhere\""));
}

#[test]
fn cuts_given_by_hand_are_kept() {
    let train = sample(500);
    let mut by_hand = options("auto", &[], &[], None);
    by_hand.cuts.insert("x".to_owned(), vec![-1.0, 0.25]);
    let card = fitted(&train, &by_hand).card;
    let x = card.parts().characteristics.iter().find(|column| column.name == "x").unwrap();
    assert_eq!(x.bins.split(), &crate::bins::Split::Cuts(vec![-1.0, 0.25]));
}

#[test]
fn a_least_share_is_kept_where_the_method_is_left_open() {
    let train = sample(4_000);
    let asked = Options { min_share: Some(0.3), ..options("auto", &[], &[], None) };
    let card = fitted(&train, &asked).card;
    let x = card.parts().characteristics.iter().find(|column| column.name == "x").unwrap();
    let regular = &x.attributes[..x.bins.regular()];
    let all: f64 = regular.iter().map(|attribute| attribute.weight).sum();
    assert!(regular.iter().all(|attribute| attribute.weight >= 0.3 * all), "{regular:?}");
}

#[test]
fn weights_of_evidence_are_those_that_a_card_is_fitted_to() {
    let sample = sample(3_000);
    let options = options("woe", &["y=-9"], &["auto"], None);
    let weighed = weigh(&sample, &options).unwrap();
    assert_eq!(
        weighed.iter().map(|one| one.characteristic.name.as_str()).collect::<Vec<_>>(),
        ["x", "y", "home"]
    );
    let card = fitted(&sample, &options).card;
    for characteristic in &card.parts().characteristics {
        let weighed = weighed.iter().find(|one| one.characteristic.name == characteristic.name).unwrap();
        assert_eq!(weighed.characteristic.bins, characteristic.bins);
        assert!(weighed.information_value > 0.0);
        // Rounding to points moves the zero of a table, so differences are compared.
        let difference =
            |of: &crate::card::Characteristic| of.attributes[1].log_odds - of.attributes[0].log_odds;
        let coefficient = difference(characteristic) / difference(&weighed.characteristic);
        for (own, given) in characteristic.attributes.iter().zip(&weighed.characteristic.attributes) {
            let moved = own.log_odds - characteristic.attributes[0].log_odds;
            let wanted = coefficient * (given.log_odds - weighed.characteristic.attributes[0].log_odds);
            assert!((moved - wanted).abs() < 1e-12, "{}: {moved} is not {wanted}", characteristic.name);
        }
    }
    let error = weigh(&sample, &self::options("woe", &["z=-9"], &[], None)).unwrap_err().to_string();
    assert!(error.contains("no column \"z\""), "{error}");
}

#[test]
fn fifty_rows_give_a_card_or_a_clear_refusal() {
    let few = sample(400).take(&(0..50).collect::<Vec<_>>());
    for method in ["woe", "additive", "auto"] {
        match fit(&few, &options(method, &[], &[], None), &mut |_, _, _| ()) {
            Ok(fitted) => says_when_it_tells_nothing(&fitted, &few),
            Err(error) => {
                assert!(error.to_string().contains("no column tells good from bad"), "{method}: {error}")
            }
        }
    }
    // What chance alone drew tells nothing, whatever is tried.
    let mut noise = sample(60);
    let dice = Column::numbers("dice", (0..60).map(|row| f64::from((row * 37) % 11)).collect());
    noise.table = Table::try_new(vec![dice]).unwrap();
    for method in ["woe", "additive", "auto"] {
        match fit(&noise, &options(method, &[], &[], None), &mut |_, _, _| ()) {
            Ok(fitted) => says_when_it_tells_nothing(&fitted, &noise),
            Err(error) => assert!(error.to_string().contains("good from bad"), "{method}: {error}"),
        }
    }
}

/// A card that reads no column scores all the same, and the fit says so.
fn says_when_it_tells_nothing(fitted: &Fitted, sample: &Sample) {
    let scored = fitted.card.score(&sample.table).unwrap();
    let same = scored.iter().all(|row| row.score == scored[0].score);
    let said = fitted.notes.iter().any(|note| note.contains("every row gets the same score"));
    assert_eq!(fitted.card.inputs().is_empty(), said, "{:?}", fitted.notes);
    assert!(same || !said);
}
