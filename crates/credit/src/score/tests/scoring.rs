use super::{INDICATORS, card};
use crate::score::{Chosen, Scored};
use proptest::prelude::*;

pub(super) fn values(of: &[(&str, f64)]) -> Vec<Option<f64>> {
    INDICATORS.map(|name| of.iter().find(|(at, _)| *at == name).map(|(_, value)| *value)).to_vec()
}

fn check(of: &[(&str, f64)], expected: (i32, i32, i32, i32, bool)) -> Scored {
    let scored = card().score(&values(of));
    let got = (scored.points_total, scored.score, scored.low, scored.high, scored.thin);
    assert_eq!(got, expected, "{of:?}");
    scored
}

#[test]
fn points_ends_gates_and_confidence() {
    // Nothing known: 600 − 5 for the missing rating; ± 120 without any history.
    check(&[], (595, 595, 475, 700, true));
    // n = 30: 120 · √(10/40) = 60.
    check(&[("orders", 30.0), ("rating", 3.0)], (600, 600, 540, 660, false));
    // n = 5 is enough: 120 · √(10/15) = 97.98.
    check(&[("orders", 5.0), ("rating", 3.0)], (600, 600, 502, 698, false));
    // 600 + 30 + 40 + 40 is above the ceiling.
    check(
        &[("orders", 990.0), ("late", 0.0), ("rating", 5.0), ("tenure", 12.0)],
        (710, 700, 688, 700, false),
    );
    // 600 − 160 − 150 is below the floor.
    check(&[("orders", 990.0), ("late", 1.0), ("rating", 1.0)], (290, 350, 350, 362, false));
    // A gate caps the score and its range.
    check(&[("orders", 990.0), ("rating", 3.0), ("findings", 1.0)], (600, 400, 400, 400, false));
    check(&[("orders", 990.0), ("rating", 3.0), ("findings", 4.0)], (600, 350, 350, 350, false));
    // Negative history counts as none.
    check(&[("orders", -3.0), ("rating", 3.0)], (600, 600, 480, 700, true));
}

#[test]
fn bounds_belong_to_the_upper_attribute() {
    let card = card();
    let late = &card.characteristics()[0];
    let rating = &card.characteristics()[1];
    let cases = [
        (late, Some(-1.0), Chosen::Attribute(0), 30),
        (late, Some(0.01_f64.next_down()), Chosen::Attribute(0), 30),
        (late, Some(0.01), Chosen::Attribute(1), 10),
        (late, Some(0.1), Chosen::Attribute(3), -160),
        (late, Some(f64::MAX), Chosen::Attribute(3), -160),
        (late, Some(f64::NAN), Chosen::Missing, 0),
        (late, Some(f64::INFINITY), Chosen::Missing, 0),
        (late, None, Chosen::Missing, 0),
        (rating, Some(0.0), Chosen::Special(0), -1),
        (rating, Some(-0.0), Chosen::Special(0), -1),
        (rating, Some(0.1), Chosen::Attribute(0), -150),
        (rating, None, Chosen::Missing, -5),
    ];
    for (characteristic, value, chosen, points) in cases {
        assert_eq!(characteristic.choose(value), chosen, "{value:?}");
        assert_eq!(characteristic.points(chosen), points, "{value:?}");
    }
}

#[test]
fn a_dimension_scores_as_if_the_others_were_neutral() {
    let scored = check(
        &[("orders", 990.0), ("late", 0.2), ("rating", 5.0), ("tenure", 40.0)],
        (510, 510, 498, 522, false),
    );
    let dimensions: Vec<(i32, i32)> = scored.dimensions.iter().map(|it| (it.points, it.score)).collect();
    assert_eq!(dimensions, [(-160, 440), (70, 670)]);
    assert_eq!(scored.dimensions.iter().map(|it| it.score - 600).sum::<i32>(), scored.points_total - 600);
}

#[test]
fn gates_name_their_tiers() {
    let card = card();
    let scored = card.score(&values(&[("findings", 9.0), ("tenure", 3.0)]));
    assert_eq!(scored.gates, [0, 1, 2]);
    assert_eq!(card.gate_tiers(&scored).collect::<Vec<_>>(), ["blocked", "standard"]);
    let clean = card.score(&values(&[("findings", 0.0), ("tenure", 15.0)]));
    assert!(clean.gates.is_empty());
}

#[test]
fn values_beyond_the_end_are_missing() {
    let card = card();
    assert_eq!(card.score(&[]), card.score(&[None; 5]));
    assert_eq!(card.score(&[Some(7.0)]), card.score(&[Some(7.0), None, None, None, None, Some(1.0)]));
}

pub(super) fn any_values() -> impl Strategy<Value = Vec<Option<f64>>> {
    let near = |bounds: &'static [f64]| {
        prop_oneof![
            1 => Just(None),
            4 => proptest::sample::select(bounds).prop_map(Some),
            4 => (-1.0..50.0_f64).prop_map(Some),
            1 => any::<f64>().prop_map(Some),
        ]
    };
    (
        near(&[0.0, 4.0, 5.0, 100.0]),
        near(&[0.0, 0.01, 0.04, 0.05, 0.1, 0.5]),
        near(&[0.0, 1.0, 2.5, 3.0, 4.0, 5.0]),
        near(&[5.0, 10.0, 15.0, 20.0, 25.0, 30.0]),
        near(&[0.0, 0.0, 0.0, 1.0, 4.0]),
    )
        .prop_map(|(a, b, c, d, e)| vec![a, b, c, d, e])
}

proptest! {
    #[test]
    fn a_score_lies_in_its_range_and_the_range_in_the_scale(values in any_values()) {
        let scored = card().score(&values);
        prop_assert!(350 <= scored.low && scored.low <= scored.score);
        prop_assert!(scored.score <= scored.high && scored.high <= 700);
        let points: i32 = scored.dimensions.iter().map(|it| it.points).sum();
        prop_assert_eq!(600 + points, scored.points_total);
    }

    #[test]
    fn a_better_attribute_never_lowers_the_score(values in any_values(), late in 0.0..0.3_f64) {
        // `late` stands in no gate, so only its points can change.
        let card = card();
        let mut other = values.clone();
        other[1] = Some(late);
        let points = |values: &[Option<f64>]| {
            let characteristic = &card.characteristics()[0];
            characteristic.points(characteristic.choose(values[1]))
        };
        let (a, b) = (card.score(&values), card.score(&other));
        match points(&values).cmp(&points(&other)) {
            std::cmp::Ordering::Less => prop_assert!(a.score <= b.score && a.low <= b.low && a.high <= b.high),
            std::cmp::Ordering::Equal => prop_assert_eq!(a.score, b.score),
            std::cmp::Ordering::Greater => prop_assert!(a.score >= b.score),
        }
    }
}
