//! Which trend is taken, and which one bins turned out to have.

use super::constraints::{Constraints, Objective, Trend};
use super::count::Count;
use super::optimal::{Blocks, Periods, Rules, Solution};

/// By which share of the monotone objective a peak or a valley must be better to be taken by [`Trend::Auto`].
const CLEARLY: f64 = 0.05;

/// And by how much deviance: chi-squared with one degree of freedom exceeds it once in two hundred times.
const DEVIANCE: f64 = 8.0;

/// What a unit of deviance is in the unit of an objective; see [`Constraints::penalty`].
pub(super) fn unit_of_deviance(objective: Objective, total: Count) -> f64 {
    match objective {
        Objective::InformationValue => 1.0 / total.good + 1.0 / total.bad,
        Objective::Likelihood => 0.5,
    }
}

/// The best partition of pre-bins under constraints, fewer bins than `min_bins` where there is none with as many; None: not
/// even one bin is allowed. `total` are all rows, missing and special ones included.
pub(super) fn partition(
    items: &[Count],
    total: Count,
    constraints: &Constraints,
    periods: impl Fn() -> Option<Periods>,
) -> Option<(Solution, Trend)> {
    let regular: f64 = items.iter().map(Count::weight).sum();
    let mut rules = Rules {
        min_bins: constraints.min_bins,
        max_bins: constraints.max_bins,
        min_weight: constraints.min_share * regular,
        min_good: constraints.min_good,
        min_bad: constraints.min_bad,
        min_difference: constraints.min_difference,
        objective: constraints.objective,
        penalty: constraints.penalty * unit_of_deviance(constraints.objective, total),
    };
    loop {
        let blocks = Blocks::new(items, total, rules, periods());
        let found = by_trend(&blocks, constraints.trend, total, rules.objective);
        if found.is_some() || rules.min_bins == 1 {
            return found;
        }
        // As many bins as there can be, now that there cannot be enough.
        rules.min_bins = (rules.min_bins - 1).min(items.len().max(1));
    }
}

fn by_trend(blocks: &Blocks, trend: Trend, total: Count, objective: Objective) -> Option<(Solution, Trend)> {
    let best = |trend| blocks.best(trend).map(|found| (found, trend));
    match trend {
        Trend::Monotone => better(best(Trend::Ascending), best(Trend::Descending)),
        Trend::Auto => {
            let [rise, peak] = blocks.straight_and_bent(Trend::Peak);
            let [fall, valley] = blocks.straight_and_bent(Trend::Valley);
            let with = |found: Option<Solution>, trend| found.map(|found| (found, trend));
            let monotone = better(with(rise, Trend::Ascending), with(fall, Trend::Descending));
            let bent = better(with(peak, Trend::Peak), with(valley, Trend::Valley));
            let (Some(straight), Some(bend)) = (&monotone, &bent) else { return monotone.or(bent) };
            let gain = bend.0.value - straight.0.value;
            let least = DEVIANCE * unit_of_deviance(objective, total);
            if gain > (CLEARLY * straight.0.value).max(least) { bent } else { monotone }
        }
        other => best(other),
    }
}

/// The first, unless the second is better.
fn better(first: Option<(Solution, Trend)>, second: Option<(Solution, Trend)>) -> Option<(Solution, Trend)> {
    match (first, second) {
        (Some(first), Some(second)) => Some(if second.0.value > first.0.value { second } else { first }),
        (first, second) => first.or(second),
    }
}

/// The narrowest trend that the bins have; one bin has none: [`Trend::Any`].
pub(super) fn trend_of(bins: &[Count]) -> Trend {
    let rates: Vec<f64> = bins.iter().map(|bin| bin.rate()).collect();
    let turn = |up: bool| {
        let goes = |pair: &&[f64]| if up { pair[0] <= pair[1] } else { pair[0] >= pair[1] };
        rates.windows(2).take_while(goes).count()
    };
    let steps = rates.len().saturating_sub(1);
    let rest = |from: usize, up: bool| {
        rates[from..].windows(2).all(|pair| if up { pair[0] <= pair[1] } else { pair[0] >= pair[1] })
    };
    let (rising, falling) = (turn(true), turn(false));
    match () {
        () if steps == 0 => Trend::Any,
        () if rising == steps => Trend::Ascending,
        () if falling == steps => Trend::Descending,
        () if rest(rising, false) => Trend::Peak,
        () if rest(falling, true) => Trend::Valley,
        () => Trend::Any,
    }
}
