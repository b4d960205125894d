//! From a trend that is asked for to the steps that a shape may take.

use super::isotonic::{Steps, pool};
use crate::binning::Trend;

/// A trend that was settled and the steps it allows over the regular bins.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settled {
    pub(super) trend: Trend,
    pub(super) steps: Steps,
}

/// Settles a trend by a shape that was fitted without one: `values` of the regular bins with the `curvature` of the loss in
/// each, and the number of free values that the shape has.
pub(super) fn settle(trend: Trend, values: &[f64], curvature: &[f64], freedom: f64) -> Settled {
    let last = values.len().saturating_sub(1);
    let line = |trend: Trend, step: i8| Settled { trend, steps: vec![step; last] };
    let turning = |trend: Trend, first: i8| {
        let turns = (0..=last).map(|turn| {
            let steps = (0..last).map(|step| if step < turn { first } else { -first }).collect();
            Settled { trend, steps }
        });
        nearest(turns.collect(), values, curvature)
    };
    let monotone =
        || nearest(vec![line(Trend::Ascending, 1), line(Trend::Descending, -1)], values, curvature);
    let bent = || {
        let both = vec![turning(Trend::Peak, 1), turning(Trend::Valley, -1)];
        nearest(both, values, curvature)
    };
    match trend {
        Trend::Any => Settled { trend, steps: vec![] },
        Trend::Ascending => line(trend, 1),
        Trend::Descending => line(trend, -1),
        Trend::Monotone => monotone(),
        Trend::Peak => turning(trend, 1),
        Trend::Valley => turning(trend, -1),
        Trend::Auto => [monotone(), bent()]
            .into_iter()
            .find(|settled| deviance(settled, values, curvature) <= freedom)
            .unwrap_or(Settled { trend: Trend::Any, steps: vec![] }),
    }
}

/// The trend that steps keep.
pub(super) fn trend_of(steps: &[i8]) -> Trend {
    match (steps.first(), steps.last()) {
        (Some(1), Some(-1)) => Trend::Peak,
        (Some(-1), Some(1)) => Trend::Valley,
        (Some(1), _) => Trend::Ascending,
        (Some(-1), _) => Trend::Descending,
        _ => Trend::Any,
    }
}

/// By how much a trend raises the deviance, on the quadratic of the loss.
fn deviance(settled: &Settled, values: &[f64], curvature: &[f64]) -> f64 {
    let mut pooled = values.to_vec();
    pool(&mut pooled, |bin| curvature[bin], &settled.steps);
    let square =
        |((pooled, value), curvature): ((&f64, &f64), &f64)| curvature * (pooled - value) * (pooled - value);
    pooled.iter().zip(values).zip(curvature).map(square).sum()
}

/// The first of those that raise the deviance least.
fn nearest(choices: Vec<Settled>, values: &[f64], curvature: &[f64]) -> Settled {
    let rated = choices.into_iter().map(|settled| (deviance(&settled, values, curvature), settled));
    let best = rated.reduce(|best, other| if other.0 < best.0 { other } else { best });
    best.map_or(Settled { trend: Trend::Any, steps: vec![] }, |(_, settled)| settled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(asked: Trend, values: &[f64], wanted: Trend, steps: &[i8]) {
        let settled = settle(asked, values, &vec![10.0; values.len()], 3.0);
        assert_eq!(settled, Settled { trend: wanted, steps: steps.to_vec() }, "{asked:?} {values:?}");
    }

    #[test]
    fn the_simplest_trend_that_is_not_contradicted_is_settled() {
        let (up, hill, dale) = ([0.0, 0.5, 0.4, 2.0], [0.0, 1.0, 2.0, 0.0], [1.0, -1.0, 0.0, 1.0]);
        check(Trend::Auto, &up, Trend::Ascending, &[1, 1, 1]);
        check(Trend::Auto, &hill, Trend::Peak, &[1, 1, -1]);
        check(Trend::Auto, &dale, Trend::Valley, &[-1, 1, 1]);
        check(Trend::Auto, &[0.0, 2.0, 0.0, 2.0, 0.0], Trend::Any, &[]);
        check(Trend::Auto, &[0.0, -1.0, -2.0, -2.1], Trend::Descending, &[-1, -1, -1]);
        check(Trend::Monotone, &hill, Trend::Ascending, &[1, 1, 1]);
        check(Trend::Descending, &up, Trend::Descending, &[-1, -1, -1]);
        check(Trend::Peak, &[0.5, -1.0, 0.0, 1.0], Trend::Peak, &[1, 1, 1]);
        check(Trend::Any, &up, Trend::Any, &[]);
        check(Trend::Auto, &[1.0], Trend::Ascending, &[]);
    }
}
