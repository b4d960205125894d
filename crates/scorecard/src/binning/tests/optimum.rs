//! The dynamic programming against every partition there is.

use super::super::constraints::{Constraints, Objective, Trend};
use super::super::count::{Count, information, likelihood};
use super::super::optimal::{Blocks, Rules, rises};
use super::super::trend::{partition, trend_of};
use proptest::prelude::*;

/// What a partition reaches; None: it breaks a rule.
fn value(bins: &[Count], total: Count, rules: &Rules, trend: Trend) -> Option<f64> {
    let small = |bin: &Count| {
        bin.weight() < rules.min_weight
            || bin.good < rules.min_good
            || bin.bad < rules.min_bad
            || bin.weight() == 0.0
            || (rules.objective == Objective::InformationValue && (bin.good == 0.0 || bin.bad == 0.0))
    };
    if bins.iter().any(small) || bins.len() < rules.min_bins || bins.len() > rules.max_bins {
        return None;
    }
    let least = rules.min_difference;
    let up: Vec<bool> = bins.windows(2).map(|pair| rises(pair[0].rate(), pair[1].rate(), least)).collect();
    let down: Vec<bool> = bins.windows(2).map(|pair| rises(pair[1].rate(), pair[0].rate(), least)).collect();
    let all = |steps: &[bool]| steps.iter().all(|step| *step);
    let bends = |first: &[bool], then: &[bool]| {
        (0..=first.len()).any(|turn| all(&first[..turn]) && all(&then[turn..]))
    };
    let kept = match trend {
        Trend::Any => up.iter().zip(&down).all(|(up, down)| *up || *down),
        Trend::Ascending => all(&up),
        Trend::Descending => all(&down),
        Trend::Peak => bends(&up, &down),
        Trend::Valley => bends(&down, &up),
        Trend::Monotone | Trend::Auto => unreachable!("made of the others"),
    };
    let sum: f64 = bins
        .iter()
        .map(|bin| match rules.objective {
            Objective::InformationValue => information(*bin, total),
            Objective::Likelihood => likelihood(*bin, total),
        })
        .sum();
    kept.then_some(sum - rules.penalty * bins.len() as f64)
}

fn bins_of(items: &[Count], ends: &[usize]) -> Vec<Count> {
    let mut start = 0;
    let sum = |end: &usize| {
        let sum = items[start..*end].iter().fold(Count::default(), |a, b| a.and(*b));
        start = *end;
        sum
    };
    ends.iter().map(sum).collect()
}

/// The best of all 2^(n−1) partitions, but for those in which `cut` finds a bin.
fn brute(
    items: &[Count],
    total: Count,
    rules: &Rules,
    trend: Trend,
    cut: impl Fn(usize, usize) -> bool,
) -> Option<f64> {
    let n = items.len();
    let mut best: Option<f64> = None;
    for mask in 0..1u32 << (n - 1) {
        let ends: Vec<usize> = (1..=n).filter(|end| *end == n || mask >> (end - 1) & 1 == 1).collect();
        let starts = [0].into_iter().chain(ends.iter().copied());
        if starts.zip(&ends).any(|(from, to)| cut(from, *to)) {
            continue;
        }
        let reached = value(&bins_of(items, &ends), total, rules, trend);
        best = reached.into_iter().chain(best).reduce(f64::max);
    }
    best
}

fn check(items: &[Count], total: Count, rules: Rules, trend: Trend) {
    let wanted = brute(items, total, &rules, trend, |_, _| false);
    let found = Blocks::new(items, total, rules, None).best(trend);
    match (&found, wanted) {
        (None, None) => {}
        (Some(found), Some(wanted)) => {
            let scale = 1e-9 * wanted.abs().max(1.0);
            assert!((found.value - wanted).abs() < scale, "{found:?} instead of {wanted}");
            let bins = bins_of(items, &found.ends);
            let own = value(&bins, total, &rules, trend);
            assert!(own.is_some_and(|own| (own - wanted).abs() < scale), "{bins:?} break a rule");
        }
        _ => panic!("{found:?} instead of {wanted:?}"),
    }
}

const TRENDS: [Trend; 5] = [Trend::Any, Trend::Ascending, Trend::Descending, Trend::Peak, Trend::Valley];

fn count(good: u32, bad: u32) -> Count {
    Count { good: f64::from(good), bad: f64::from(bad) }
}

prop_compose! {
    fn items()(pairs in prop::collection::vec((0u32..40, 0u32..12), 1..=11)) -> Vec<Count> {
        pairs.into_iter().map(|(good, bad)| count(good, bad)).collect()
    }
}

prop_compose! {
    fn rules()(
        min_bins in prop_oneof![3 => Just(1usize), 1 => 2usize..4],
        more in prop_oneof![2 => 0usize..5, 1 => Just(20)],
        min_weight in prop_oneof![1 => Just(0.0), 2 => (1u32..60).prop_map(f64::from)],
        min_good in (0u32..20).prop_map(f64::from),
        min_bad in (0u32..5).prop_map(f64::from),
        min_difference in prop_oneof![2 => Just(0.0), 1 => 0.0..0.3],
        likely in any::<bool>(),
        penalty in prop_oneof![1 => Just(0.0), 1 => 0.0..0.2],
    ) -> Rules {
        let objective = if likely { Objective::Likelihood } else { Objective::InformationValue };
        let max_bins = min_bins + more;
        Rules { min_bins, max_bins, min_weight, min_good, min_bad, min_difference, objective, penalty }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn nothing_beats_the_best(items in items(), rules in rules(), outside in (1u32..50, 1u32..50)) {
        let all = items.iter().fold(count(outside.0, outside.1), |a, b| a.and(*b));
        for trend in TRENDS {
            check(&items, all, rules, trend);
        }
    }

    #[test]
    fn the_trend_that_is_told_is_the_one_there_is(items in items()) {
        let least = Rules {
            min_bins: 1, max_bins: 20, min_weight: 0.0, min_good: 0.0, min_bad: 0.0, min_difference: 0.0,
            objective: Objective::Likelihood, penalty: 0.0,
        };
        let items: Vec<Count> = items.into_iter().filter(|item| item.weight() > 0.0).collect();
        prop_assume!(!items.is_empty());
        let told = trend_of(&items);
        let has = |trend| value(&items, count(9, 9), &least, trend).is_some();
        prop_assert!(has(told));
        let narrower: &[Trend] = match told {
            _ if items.len() < 2 => &[],
            Trend::Any => &TRENDS[1..],
            Trend::Peak | Trend::Valley => &TRENDS[1..3],
            _ => &[],
        };
        prop_assert!(!narrower.iter().any(|trend| has(*trend)), "{items:?}: {told:?}");
    }
}

/// OptBinning lets no pre-bin be a bin of its own when the next one's rate is lower (for an ascending trend). With a minimum
/// size that is wrong: the bin after it must reach further, and has a higher rate again.
#[test]
fn a_single_pre_bin_before_a_lower_one_may_be_part_of_the_best() {
    let items = [count(40, 10), count(19, 1), count(2, 10)];
    let all = items.iter().fold(Count::default(), |a, b| a.and(*b));
    let rules = Rules {
        min_bins: 1,
        max_bins: 20,
        min_weight: 15.0,
        min_good: 0.0,
        min_bad: 0.0,
        min_difference: 0.0,
        objective: Objective::InformationValue,
        penalty: 0.0,
    };
    check(&items, all, rules, Trend::Ascending);
    let best = Blocks::new(&items, all, rules, None).best(Trend::Ascending).unwrap();
    let unsound =
        |from: usize, to: usize| to == from + 1 && to < items.len() && items[to].rate() < items[from].rate();
    let without = brute(&items, all, &rules, Trend::Ascending, unsound).unwrap();
    assert_eq!(best.ends, [1, 3]);
    assert!(best.value > without + 0.01, "{best:?} against {without}");
}

#[test]
fn auto_bends_only_for_a_clear_gain() {
    fn check(bads: &[u32], wanted: Trend) {
        let items: Vec<Count> = bads.iter().map(|bad| count(1_000 - bad, *bad)).collect();
        let all = items.iter().fold(Count::default(), |a, b| a.and(*b));
        let constraints = Constraints { trend: Trend::Auto, ..Constraints::default() };
        let found = partition(&items, all, &constraints, || None).unwrap();
        assert_eq!(trend_of(&bins_of(&items, &found.0.ends)), wanted, "{bads:?}");
    }
    check(&[50, 100, 150, 200], Trend::Ascending);
    check(&[50, 100, 200, 190], Trend::Ascending);
    check(&[200, 110, 100, 50], Trend::Descending);
    check(&[50, 100, 200, 100], Trend::Peak);
    check(&[150, 60, 50, 100], Trend::Valley);
    check(&[50, 50, 50, 50], Trend::Any);
}
