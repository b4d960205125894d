use super::scoring::{any_values, values};
use super::{CARD, card, parsed};
use crate::score::Naming;
use crate::score::explain::{Explanation, MOST_REASONS, ReasonSource, StepKind};
use proptest::prelude::*;

/// The indicators that have a value.
type Known<'a> = &'a [(&'a str, f64)];

fn explained(of: Known<'_>) -> Explanation {
    card().explain(&values(of))
}

fn codes(explanation: &Explanation) -> Vec<&str> {
    explanation.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

/// What would change the first reason, or what could be better when there is none: in words, and the score it makes.
fn first_change(of: Known<'_>) -> (String, i32) {
    let it = explained(of);
    let reason = it.reasons.first().and_then(|reason| reason.change.clone());
    let change = reason.or_else(|| it.better.first().and_then(|better| better.change.clone())).unwrap();
    (change.to, change.score)
}

#[test]
fn reasons_are_what_costs_points_in_the_order_of_what_it_costs() {
    let cases: [(Known<'_>, &[&str]); 11] = [
        // Points of 10, 0 and 30 cost nothing, however far their best lies above.
        (&[("late", 0.03), ("rating", 3.0), ("tenure", 40.0)], &[]),
        (&[("late", 0.05), ("rating", 3.0), ("tenure", 40.0)], &["M01"]),
        (&[("late", 0.03), ("rating", 4.5), ("tenure", 25.0)], &["M03"]),
        (&[("late", 0.05), ("rating", 1.0), ("tenure", 25.0)], &["M02", "M01", "M03"]),
        // A missing value counts as its points say: late 0, rating −5.
        (&[("tenure", 25.0)], &["M03", "M02"]),
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 5.0), ("findings", 0.0)], &["G03"]),
        // The ceiling is reached: nothing lowers the score.
        (&[("late", 0.0), ("rating", 4.5), ("tenure", 40.0)], &[]),
        // At the floor the caps cut nothing; the gates with a tier still hold the tier down.
        (
            &[("late", 0.5), ("rating", 1.0), ("tenure", 5.0), ("findings", 9.0)],
            &["G01", "G03", "M01", "M02"],
        ),
        // Gates first, the strictest cap first; no more than four.
        (&[("late", 0.03), ("rating", 4.5), ("tenure", 5.0), ("findings", 9.0)], &["G02", "G01", "G03"]),
        (
            &[("late", 0.05), ("rating", 1.0), ("tenure", 5.0), ("findings", 9.0)],
            &["G02", "G01", "G03", "M02"],
        ),
        (&[("late", 0.0), ("rating", 4.5), ("tenure", 17.0), ("findings", 2.0)], &["G01"]),
    ];
    for (of, expected) in cases {
        let explanation = explained(of);
        assert_eq!(codes(&explanation), expected, "{of:?}");
    }
    // Equal losses stand in the order of the scorecard.
    let text = CARD.replace("points = -10 }", "points = -20 }").replace("missing = -5", "missing = -20");
    let equal = parsed(&text).unwrap().explain(&values(&[("late", 0.05), ("tenure", 25.0)]));
    assert_eq!(codes(&equal), ["M01", "M02", "M03"]);
}

#[test]
fn what_could_be_better_and_what_is_unknown_stand_apart() {
    let cases: [(Known<'_>, &[&str], &[&str]); 4] = [
        (&[], &[], &["late", "rating", "tenure"]),
        // 20, 40 and 10 short of the best.
        (&[("late", 0.03), ("rating", 3.0), ("tenure", 40.0)], &["rating", "late", "tenure"], &[]),
        // A loss is a reason and nothing else; the best is nothing to mend.
        (&[("late", 0.05), ("rating", 4.5)], &[], &["tenure"]),
        (&[("late", 0.0), ("tenure", 5.0)], &["tenure"], &["rating"]),
    ];
    for (of, better, unknown) in cases {
        let it = explained(of);
        let found: Vec<&str> = it.better.iter().map(|one| one.indicator.as_str()).collect();
        assert_eq!(found, better, "{of:?}");
        let found: Vec<&str> = it.unknown.iter().map(|one| one.indicator.as_str()).collect();
        assert_eq!(found, unknown, "{of:?}");
    }
}

#[test]
fn what_would_change_it_is_the_nearest_better_attribute() {
    let cases: [(Known<'_>, &str, i32); 8] = [
        (&[("late", 0.2), ("rating", 4.0), ("tenure", 15.0)], "0.04 to 0.10", 660),
        (&[("late", 0.05), ("rating", 4.0), ("tenure", 15.0)], "0.01 to 0.04", 690),
        (&[("late", 0.0), ("rating", 1.0), ("tenure", 15.0)], "2.5 to 4.0", 670),
        // Both neighbours of 20 to 30 are better; the nearer bound wins, at equal distance the one with more points.
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 22.0)], "10 to 20", 670),
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 28.0)], "30 and above", 660),
        (&[("late", 0.0), ("rating", 3.0), ("tenure", 25.0)], "10 to 20", 670),
        // Nothing costs points: the step that is left upwards, cut at the ceiling.
        (&[("late", 0.03), ("rating", 4.5), ("tenure", 15.0)], "below 0.01", 700),
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
    assert_eq!(codes(&explanation), ["G03"]);
    assert_eq!(explanation.better[0].change.as_ref().unwrap().score, 700);
}

#[test]
fn missing_and_special_values_are_told_as_what_they_are() {
    let explanation = explained(&[("rating", 0.0), ("tenure", 15.0)]);
    assert_eq!(explanation.lines[0].value, None);
    assert_eq!(explanation.lines[0].attribute, "missing");
    assert_eq!(explanation.reasons.len(), 1);
    assert_eq!(explanation.reasons[0].text, "Ratings switched off");
    assert_eq!(explanation.reasons[0].change.as_ref().unwrap().to, "2.5 to 4.0");
    assert_eq!(explanation.unknown[0].text, "late: nothing known");
    let naming =
        |title: &str| Some(Naming { title: title.into(), gap: "nothing known in the last day".into() });
    let late = |name: &str| if name == "late" { naming("Late shipments") } else { None };
    let named = explanation.named(late);
    assert_eq!(named.unknown[0].text, "Late shipments: nothing known in the last day");
    assert_eq!(named.reasons[0].text, "Ratings switched off");
    assert_eq!(named.lines[0].title.as_deref(), Some("Late shipments"));
    // Where a missing value costs points it is a reason, and told as what it is.
    let unrated = explained(&[("late", 0.0), ("tenure", 15.0)]);
    assert_eq!(unrated.reasons[0].text, "rating: nothing known");
    let named = unrated.named(|name| naming(if name == "rating" { "Ratings" } else { name }));
    assert_eq!(named.reasons[0].text, "Ratings: nothing known in the last day");
    assert_eq!(named.unknown[0].text, named.reasons[0].text);
    assert_eq!(named.steps[1].label, "late: below 0.01");
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
    assert_eq!(
        (&json["reasons"][1]["code"], &json["reasons"][1]["points_lost"]),
        (&"M01".into(), &20.into())
    );
    let better: Vec<_> =
        explanation.better.iter().map(|it| (it.indicator.as_str(), it.points, it.best)).collect();
    assert_eq!(better, [("rating", 0, 40), ("tenure", 30, 40)]);
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

    /// Model: the score with one characteristic taken out, that is at neutral, everything else (gates too) as it is.
    #[test]
    fn reasons_are_the_true_drivers(values in any_values()) {
        let card = card();
        let (scored, explanation) = (card.score(&values), card.explain(&values));
        prop_assert!(explanation.reasons.len() <= MOST_REASONS);
        let cap = explanation.gates.iter().filter_map(|gate| gate.cap).min().unwrap_or(i32::MAX);
        let without = |points: i32| (scored.points_total - points).clamp(350, 700).min(cap);
        let given = |indicator: &str| explanation.reasons.iter().find(|reason| {
            reason.source == ReasonSource::Characteristic && reason.name == indicator
        });
        let room = explanation.reasons.len() < MOST_REASONS;
        for line in &explanation.lines {
            prop_assert_eq!(line.best, card.characteristics().iter().find(|it| it.indicator == line.indicator)
                .map(|it| it.best()).unwrap_or_default());
            if let Some(reason) = given(&line.indicator) {
                prop_assert!(line.points < 0);
                prop_assert_eq!(reason.points_lost, -line.points);
                for other in explanation.lines.iter().filter(|other| given(&other.indicator).is_none()) {
                    prop_assert!(line.points <= other.points);
                    prop_assert!(without(line.points) >= without(other.points));
                }
            } else if room && line.points < 0 {
                prop_assert_eq!(without(line.points), scored.score, "{} is left out", line.indicator);
            }
            // What costs nothing is told as what it is, and nothing is told twice.
            let better = explanation.better.iter().any(|it| it.indicator == line.indicator);
            let unknown = explanation.unknown.iter().any(|it| it.indicator == line.indicator);
            prop_assert_eq!(better, line.points >= 0 && line.shortfall > 0 && line.value.is_some());
            prop_assert_eq!(unknown, line.value.is_none());
        }
        let gates = explanation.reasons.iter().take_while(|reason| reason.source == ReasonSource::Gate).count();
        prop_assert!(explanation.reasons.iter().skip(gates).all(|reason| reason.source != ReasonSource::Gate));
        for reason in &explanation.reasons {
            let characteristic = reason.source == ReasonSource::Characteristic;
            prop_assert!(!characteristic || reason.change.as_ref().is_some_and(|change| change.points > 0));
        }
    }
}
