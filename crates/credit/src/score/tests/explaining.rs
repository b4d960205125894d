use super::scoring::{any_values, values};
use super::{CARD, card, parsed};
use crate::score::explain::{Explanation, MOST_REASONS, ReasonSource, StepKind};
use proptest::prelude::*;

fn explained(of: &[(&str, f64)]) -> Explanation {
    card().explain(&values(of))
}

fn codes(explanation: &Explanation) -> Vec<&str> {
    explanation.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

/// What would change the first reason: in words, and the score it makes.
fn first_change(of: &[(&str, f64)]) -> (String, i32) {
    let change = explained(of).reasons.first().and_then(|reason| reason.change.clone()).unwrap();
    (change.to, change.score)
}

#[test]
fn reasons_stand_in_the_order_of_what_they_cost() {
    let cases: [(&[(&str, f64)], &[&str]); 7] = [
        // late −20 of 30: 50 short; rating 0 of 40: 40; tenure 30 of 40: 10.
        (&[("late", 0.05), ("rating", 3.0), ("tenure", 40.0)], &["M01", "M02", "M03"]),
        // late 10 of 30: 20 short; tenure −10 of 40: 50; rating at its best is no reason.
        (&[("late", 0.03), ("rating", 4.5), ("tenure", 25.0)], &["M03", "M01"]),
        // Equal shortfalls of 40 stand in the order of the scorecard.
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 5.0), ("findings", 0.0)], &["G03", "M02", "M03"]),
        // The ceiling is reached: nothing lowers the score.
        (&[("late", 0.0), ("rating", 4.5), ("tenure", 40.0)], &[]),
        // At the floor the caps cut nothing; the gates with a tier still hold the tier down.
        (
            &[("late", 0.5), ("rating", 1.0), ("tenure", 5.0), ("findings", 9.0)],
            &["G03", "M02", "M01", "M03"],
        ),
        (
            &[("late", 0.05), ("rating", 3.0), ("tenure", 5.0), ("findings", 9.0)],
            &["G02", "G01", "G03", "M01"],
        ),
        (&[("late", 0.0), ("rating", 4.5), ("tenure", 17.0), ("findings", 2.0)], &["G01"]),
    ];
    for (of, expected) in cases {
        let explanation = explained(of);
        assert_eq!(codes(&explanation), expected, "{of:?}");
    }
}

#[test]
fn what_would_change_it_is_the_nearest_better_attribute() {
    let cases: [(&[(&str, f64)], &str, i32); 7] = [
        (&[("late", 0.2), ("rating", 4.0), ("tenure", 15.0)], "0.04 to 0.10", 660),
        (&[("late", 0.05), ("rating", 4.0), ("tenure", 15.0)], "0.01 to 0.04", 690),
        (&[("late", 0.0), ("rating", 1.0), ("tenure", 15.0)], "2.5 to 4.0", 670),
        // Both neighbours of 20 to 30 are better; the nearer bound wins, at equal distance the one with more points.
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 22.0)], "10 to 20", 670),
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 28.0)], "30 and above", 660),
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 25.0)], "10 to 20", 670),
        // The gate that cuts most; what is left then.
        (
            &[("late", 0.0), ("rating", 3.0), ("tenure", 25.0), ("findings", 5.0)],
            "no longer: findings > 3",
            400,
        ),
    ];
    for (of, to, score) in cases {
        assert_eq!(first_change(of), (to.to_owned(), score), "{of:?}");
    }
}

#[test]
fn a_change_counts_the_ends_and_the_gates() {
    // −150 → 0 for the rating, but the total stays below the floor.
    let text = CARD.replace("points = -160", "points = -400");
    let of = values(&[("late", 1.0), ("rating", 1.0), ("tenure", 15.0)]);
    let explanation = parsed(&text).unwrap().explain(&of);
    let change = explanation.reasons[1].change.as_ref().unwrap();
    assert_eq!(
        (change.points, change.score, change.at_least, change.below),
        (150, 350, Some(2.5), Some(4.0))
    );
    // Under a gate a better attribute changes nothing yet, and the explanation says so.
    let explanation = explained(&[("late", 0.05), ("rating", 4.0), ("tenure", 15.0), ("findings", 1.0)]);
    assert_eq!(codes(&explanation), ["G01", "M01"]);
    assert_eq!(explanation.reasons[0].points_lost, 260);
    assert_eq!(explanation.reasons[1].change.as_ref().unwrap().score, 400);
    // A better attribute may open a gate: tenure leaves `tenure < 15`, which here caps.
    let text = CARD.replace("tier = \"standard\"", "cap = 500").replace("tenure < 15", "tenure < 10");
    let explanation =
        parsed(&text).unwrap().explain(&values(&[("late", 0.0), ("rating", 4.0), ("tenure", 5.0)]));
    assert_eq!(codes(&explanation), ["G03", "M03"]);
    assert_eq!(explanation.reasons[1].change.as_ref().unwrap().score, 700);
}

#[test]
fn missing_and_special_values_are_told_as_what_they_are() {
    let explanation = explained(&[("rating", 0.0), ("tenure", 15.0)]);
    assert_eq!(explanation.lines[0].value, None);
    assert_eq!(explanation.lines[0].attribute, "missing");
    let texts: Vec<&str> = explanation.reasons.iter().map(|reason| reason.text.as_str()).collect();
    assert_eq!(texts, ["Ratings switched off", "Not known yet: late"]);
    assert_eq!(explanation.reasons[0].change.as_ref().unwrap().to, "2.5 to 4.0");
    let titled = explanation.titled(|name| (name == "late").then(|| "Late shipments".to_owned()));
    assert_eq!(titled.reasons[1].text, "Not known yet: Late shipments");
    assert_eq!(titled.reasons[0].text, "Ratings switched off");
    assert_eq!(titled.lines[0].title.as_deref(), Some("Late shipments"));
}

#[test]
fn the_trace_is_golden() {
    let explanation =
        explained(&[("orders", 30.0), ("late", 0.05), ("rating", 3.5), ("tenure", 40.0), ("findings", 1.0)]);
    let steps: Vec<(StepKind, &str, i32)> =
        explanation.steps.iter().map(|step| (step.kind, step.label.as_str(), step.delta)).collect();
    assert_eq!(
        steps,
        [
            (StepKind::Base, "Base points", 600),
            (StepKind::Characteristic, "late: 0.04 to 0.10", -20),
            (StepKind::Characteristic, "tenure: 30 and above", 30),
            (StepKind::Gate, "A fraud finding is open: at most 400", -210),
        ]
    );
    let shares: Vec<f64> = explanation.lines.iter().map(|line| line.shortfall_share).collect();
    assert_eq!(shares, [0.5, 0.4, 0.1]);
    let json = serde_json::to_value(&explanation).unwrap();
    assert_eq!(json["lines"][0]["indicator"], "late");
    assert_eq!(json["lines"][0]["value"], 0.05);
    assert_eq!(json["reasons"][0]["source"], "gate");
    assert_eq!(json["steps"][0]["kind"], "base");
    assert_eq!(json["history"]["thin"], false);
    assert_eq!(json["scorecard_hash"], card().hash().to_string());
}

proptest! {
    #[test]
    fn the_waterfall_sums_to_the_score(values in any_values()) {
        let explanation = card().explain(&values);
        prop_assert_eq!(explanation.steps.iter().map(|step| step.delta).sum::<i32>(), explanation.score);
        prop_assert_eq!(explanation.score, card().score(&values).score);
        let total: f64 = explanation.lines.iter().map(|line| line.shortfall_share).sum();
        prop_assert!(total == 0.0 || (total - 1.0).abs() < 1e-12);
    }

    /// Model: the score with one characteristic at its best attribute, everything else (gates too) as it is.
    #[test]
    fn reasons_are_the_true_drivers(values in any_values()) {
        let card = card();
        let (scored, explanation) = (card.score(&values), card.explain(&values));
        prop_assert!(explanation.reasons.len() <= MOST_REASONS);
        let cap = explanation.gates.iter().filter_map(|gate| gate.cap).min().unwrap_or(i32::MAX);
        let rise = |shortfall: i32| (scored.points_total + shortfall).clamp(350, 700).min(cap) - scored.score;
        let named = |indicator: &str| explanation.reasons.iter().any(|reason| {
            reason.source == ReasonSource::Characteristic && reason.name == indicator
        });
        let room = explanation.reasons.len() < MOST_REASONS;
        for line in &explanation.lines {
            prop_assert_eq!(line.best, card.characteristics().iter().find(|it| it.indicator == line.indicator)
                .map(|it| it.best()).unwrap_or_default());
            if named(&line.indicator) {
                prop_assert!(line.shortfall > 0);
                for other in explanation.lines.iter().filter(|other| !named(&other.indicator)) {
                    prop_assert!(rise(line.shortfall) >= rise(other.shortfall));
                }
            } else if room {
                prop_assert_eq!(rise(line.shortfall), 0, "{} is left out though there is room", line.indicator);
            }
        }
        for reason in &explanation.reasons {
            let characteristic = reason.source == ReasonSource::Characteristic;
            prop_assert!(!characteristic || reason.change.as_ref().is_some_and(|change| change.points > 0));
        }
    }
}
