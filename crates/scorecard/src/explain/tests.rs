use super::*;
use crate::bins::Special;
use crate::card::{Characteristic, Pair, Parts};
use crate::scale::Scale;
use proptest::prelude::*;

fn cuts(cuts: &[f64]) -> Bins {
    Bins::try_new(Split::Cuts(cuts.to_vec()), vec![]).unwrap()
}

fn attributes(points: &[i32]) -> Vec<Attribute> {
    points.iter().map(|points| Attribute { points: *points, ..Attribute::default() }).collect()
}

fn characteristic(name: &str, dimension: &str, bins: Bins, points: &[i32]) -> Characteristic {
    Characteristic {
        name: name.to_owned(),
        dimension: dimension.to_owned(),
        reason: if name == "debt" { "high debt".to_owned() } else { String::new() },
        bins,
        attributes: attributes(points),
    }
}

/// Two numbers, a category, a pair of the second number and a column that has no table of its own, and more columns of two
/// bins.
fn card(tables: [&[i32]; 3], cells: &[i32], more: &[Vec<i32>]) -> Scorecard {
    let groups = [["own"], ["rent"], ["other"]].map(|group| group.map(str::to_owned).to_vec()).to_vec();
    let home = Bins::try_new(Split::Groups { groups, other: 2 }, vec![]).unwrap();
    let mut characteristics = vec![
        characteristic("age", "person", cuts(&[25.0, 40.0, 60.0]), tables[0]),
        characteristic("debt", "finance", cuts(&[0.5]), tables[1]),
        characteristic("home", "person", home, tables[2]),
    ];
    for (place, points) in more.iter().enumerate() {
        characteristics.push(characteristic(&format!("more{place}"), "", cuts(&[1.0]), points));
    }
    Scorecard::try_new(Parts {
        name: "test".to_owned(),
        target: "bad".to_owned(),
        method: "additive".to_owned(),
        scale: Scale::default(),
        intercept: 0.0,
        base_points: 500,
        characteristics,
        pairs: vec![Pair {
            first: "debt".to_owned(),
            second: "loans".to_owned(),
            rows: cuts(&[0.8]),
            columns: cuts(&[3.0]),
            cells: attributes(cells),
        }],
        calibration: None,
        provenance: vec![],
    })
    .unwrap()
}

fn fixed() -> Scorecard {
    card([&[-30, 0, 10, 5, -1], &[12, -12, 0], &[8, -20, -8, 0]], &[2, -2, 0, 0, -9, 0, 0, 0, 0], &[])
}

#[test]
fn lines_add_up_and_reasons_tell_what_would_change() {
    let values = [Value::Number(20.0), Value::Number(0.9), Value::Category("rent"), Value::Number(5.0)];
    let told = explain(&fixed(), &values);
    assert_eq!(told.score, 500 - 30 - 12 - 20 - 9);
    assert_eq!(told.base_points + told.lines.iter().map(|line| line.points).sum::<i32>(), told.score);
    let shortfalls: Vec<i32> = told.lines.iter().map(|line| line.shortfall).collect();
    assert_eq!(shortfalls, [40, 24, 28, 11]);
    assert!((told.lines.iter().map(|line| line.share).sum::<f64>() - 1.0).abs() < 1e-12);
    let reasons: Vec<(&str, i32, &str, i32)> = told
        .reasons
        .iter()
        .map(|reason| {
            let change = reason.change.as_ref().unwrap();
            (reason.text.as_str(), reason.gain, change.bin.as_str(), change.gain)
        })
        .collect();
    // Debt below 0.8 alone already gains the pair's 7; below 0.5 its own 24 too. Loans gain 9 below 3, debt as it is.
    assert_eq!(
        reasons,
        [
            ("age", 40, "25 to 40", 30),
            ("high debt", 31, "0.5 to 0.8", 7),
            ("home", 28, "own", 28),
            ("loans", 9, "below 3", 9)
        ]
    );
    assert_eq!(told.reasons[1].bin, "0.5 or more");
    let scores: Vec<(&str, f64, f64, f64)> = told
        .sub_scores
        .iter()
        .map(|score| (score.dimension.as_str(), score.points, score.least, score.most))
        .collect();
    // The pair counts half for debt's dimension; loans have none.
    assert_eq!(scores, [("person", -50.0, -50.0, 18.0), ("finance", -16.5, -16.5, 13.0)]);
}

#[test]
fn a_row_at_its_best_has_no_reasons_and_a_missing_value_may_have_one() {
    let best = [Value::Number(45.0), Value::Number(0.1), Value::Category("own"), Value::Number(1.0)];
    assert_eq!(explain(&fixed(), &best).reasons, []);
    let none = explain(&fixed(), &[]);
    let names: Vec<&str> = none.reasons.iter().map(|reason| reason.column.as_str()).collect();
    assert_eq!(names, ["debt", "age", "home"]);
    assert_eq!(none.reasons[1].change, Some(Change { bin: "40 to 60".to_owned(), gain: 11 }));
    assert_eq!(none.reasons[1].bin, "missing");
}

/// A special value that begins a stretch does not stand for it, neither as what is better nor as what hides it.
#[test]
fn a_special_value_is_not_held_up_as_better() {
    let told = |special: f64, cuts: &[f64], points: &[i32], value: f64| {
        let specials = vec![Special { name: "none".to_owned(), values: vec![special] }];
        let bins = Bins::try_new(Split::Cuts(cuts.to_vec()), specials).unwrap();
        let mut parts = fixed().parts().clone();
        parts.pairs.clear();
        parts.characteristics = vec![characteristic("x", "", bins, points)];
        explain(&Scorecard::try_new(parts).unwrap(), &[Value::Number(value)]).reasons
    };
    let change = |reasons: &[Reason]| reasons[0].change.clone().unwrap();
    // The special value gives 50: who has 7 cannot get there.
    assert_eq!(told(0.0, &[], &[1, 50, 0], 7.0), []);
    assert_eq!(told(5.0, &[5.0, 9.0], &[3, 2, 1, 50, 0], 7.0)[0].gain, 1);
    // And who has it could get to the others, which give more.
    let better = told(0.0, &[], &[1, -50, 0], 0.0);
    assert_eq!(change(&better), Change { bin: "any value".to_owned(), gain: 51 });
}

fn points(count: usize) -> impl Strategy<Value = Vec<i32>> {
    prop::collection::vec(-50i32..50, count)
}

proptest! {
    #[test]
    fn no_column_unnamed_would_raise_the_score_more(
        tables in (points(5), points(3), points(4), points(9)),
        more in prop::collection::vec(points(3), 3),
        row in (0..5usize, 0..4usize, 0..4usize, 0..3usize, 0..3usize),
    ) {
        let card = card([&tables.0, &tables.1, &tables.2], &tables.3, &more);
        let ages = [10.0, 30.0, 50.0, 70.0].map(Value::Number);
        let debts = [0.1, 0.6, 0.9].map(Value::Number);
        let homes = ["own", "rent", "other"].map(Value::Category);
        let twos = [0.0, 5.0].map(Value::Number);
        // In the order of the inputs: loans, which only the pair reads, come last.
        let all: [&[Value<'_>]; 7] = [&ages, &debts, &homes, &twos, &twos, &twos, &twos];
        let places = [row.0, row.1, row.2, row.3, row.4, (row.3 + row.4) % 3, row.3];
        let mut values = [Value::Missing; 7];
        for ((value, all), place) in values.iter_mut().zip(all).zip(places) {
            *value = all.get(place).copied().unwrap_or(Value::Missing);
        }
        let told = explain(&card, &values);
        let score = card.score_row(&values).score;
        prop_assert_eq!(told.base_points + told.lines.iter().map(|line| line.points).sum::<i32>(), score);
        // The truth by trying every value of each column.
        let raise = |column: usize| {
            let tries = all[column].iter().map(|value| {
                let mut other = values;
                other[column] = *value;
                card.score_row(&other).score - score
            });
            tries.fold(0, i32::max)
        };
        let mut last = i32::MAX;
        for reason in &told.reasons {
            let column = card.inputs().iter().position(|input| *input == reason.column).unwrap();
            prop_assert_eq!(reason.gain, raise(column));
            prop_assert!(reason.gain <= last && reason.gain > 0);
            let change = reason.change.as_ref().unwrap();
            prop_assert!(change.gain > 0 && change.gain <= reason.gain);
            last = reason.gain;
        }
        let full = told.reasons.len() == MOST_REASONS;
        let bound = if full { last } else { 0 };
        for (column, name) in card.inputs().iter().enumerate() {
            let named = told.reasons.iter().any(|reason| reason.column == *name);
            prop_assert!(named || raise(column) <= bound, "{name} would raise by more than {bound}");
        }
    }
}
