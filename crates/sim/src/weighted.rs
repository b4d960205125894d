//! Weighted samples: quantiles, and how far two lie apart.

use crate::dice::inverse_normal;
use crate::shape::{COUNT, KNOTS, Shape};

/// Numbers with weights, in their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Weighted {
    /// The numbers and their weights.
    pub pairs: Vec<(f64, f64)>,
    total: f64,
}

impl Weighted {
    /// Those numbers that are numbers, with weights above 0.
    pub fn new(pairs: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let sound = |(value, weight): &(f64, f64)| value.is_finite() && *weight > 0.0;
        let mut pairs: Vec<(f64, f64)> = pairs.into_iter().filter(sound).collect();
        pairs.sort_by(|a, b| a.0.total_cmp(&b.0));
        let total = pairs.iter().map(|(_, weight)| weight).sum();
        Self { pairs, total }
    }

    /// Nothing at all.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The sum of the weights.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The smallest number below or at which at least the share `p` of the weight lies; 0 when there is none.
    pub fn quantile(&self, p: f64) -> f64 {
        let mut below = 0.0;
        for (value, weight) in &self.pairs {
            below += weight;
            if below >= p * self.total {
                return *value;
            }
        }
        self.pairs.last().map_or(0.0, |(value, _)| *value)
    }

    /// The share of the weight at numbers above `at`.
    pub fn above(&self, at: f64) -> f64 {
        let above: f64 = self.pairs.iter().filter(|(value, _)| *value > at).map(|(_, weight)| weight).sum();
        if self.total > 0.0 { above / self.total } else { 0.0 }
    }

    /// Kolmogorov and Smirnov's distance: the largest difference between the two shares at or below a number.
    pub fn kolmogorov_smirnov(&self, other: &Self) -> f64 {
        if self.is_empty() || other.is_empty() {
            return if self.is_empty() && other.is_empty() { 0.0 } else { 1.0 };
        }
        let (mut own, mut others, mut most) = (0.0, 0.0, 0.0_f64);
        let (mut a, mut b) = (0, 0);
        while a < self.pairs.len() && b < other.pairs.len() {
            let at = self.pairs[a].0.min(other.pairs[b].0);
            while self.pairs.get(a).is_some_and(|(value, _)| *value <= at) {
                own += self.pairs[a].1;
                a += 1;
            }
            while other.pairs.get(b).is_some_and(|(value, _)| *value <= at) {
                others += other.pairs[b].1;
                b += 1;
            }
            most = most.max((own / self.total - others / other.total).abs());
        }
        most
    }
}

/// Half the sum of the differences between shares: the share of the weight that lies in another class.
pub fn total_variation(one: &[f64], other: &[f64]) -> f64 {
    let (a, b) = (one.iter().sum::<f64>(), other.iter().sum::<f64>());
    if a <= 0.0 || b <= 0.0 {
        return if a <= 0.0 && b <= 0.0 { 0.0 } else { 1.0 };
    }
    let at = |weights: &[f64], place: usize| weights.get(place).copied().unwrap_or(0.0);
    let places = 0..one.len().max(other.len());
    places.map(|place| (at(one, place) / a - at(other, place) / b).abs()).sum::<f64>() / 2.0
}

/// The share of a standard normal below `z`.
pub(crate) fn normal_share(z: f64) -> f64 {
    0.5 * libm::erfc(-z / core::f64::consts::SQRT_2)
}

/// A quantity's median, spread and shape.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Form {
    pub(crate) median: f64,
    pub(crate) spread: f64,
    pub(crate) shape: Shape,
}

/// Points in which a distribution is worked out.
const POINTS: usize = 301;
/// Rounds of correction. What cannot be reached in so many would be noise made larger.
const ROUNDS: usize = 10;

/// The form which, multiplied by something else, gives what was seen. `sample` holds logarithms; `beside` the something
/// else's logarithms with their shares. With `[(0, 1)]` the form is that of the sample itself.
///
/// Begins with a form as wide as variances say, and moves each knot by what the mixture's quantile is off there, smoothed
/// over its neighbours and held near the form that it began with: unmixing makes noise larger, and jagged forms come of it.
pub(crate) fn form(sample: &Weighted, beside: &[(f64, f64)]) -> Form {
    let wanted = KNOTS.map(|z| sample.quantile(normal_share(z)));
    let (shift, other) = moments(beside);
    let whole = half_width(&wanted);
    let narrowed = if whole > 0.0 { libm::sqrt((1.0 - other / (whole * whole)).max(0.05)) } else { 1.0 };
    let mut knots = wanted.map(|knot| wanted[MIDDLE] + (knot - wanted[MIDDLE]) * narrowed - shift);
    let begun = knots;
    let rounds = if other > 0.0 { ROUNDS } else { 0 };
    for _ in 0..rounds {
        let mixed = mixture(&knots, beside);
        let off: Vec<f64> =
            wanted.iter().zip(KNOTS).map(|(wanted, z)| wanted - mixed.quantile(normal_share(z))).collect();
        let at = |place: usize| off[place.min(COUNT - 1)];
        for (place, knot) in knots.iter_mut().enumerate() {
            *knot += 0.25 * at(place.saturating_sub(1)) + 0.5 * at(place) + 0.25 * at(place + 1);
        }
        like(&mut knots, &begun);
    }
    let (spread, median) = (half_width(&knots), libm::exp(knots[MIDDLE]));
    if spread < 1e-6 {
        return Form { median, spread: 0.0, shape: Shape::default() };
    }
    // Four digits are more than any sample tells.
    let digits = |value: f64| libm::round(value * 1e4) / 1e4;
    let middle = knots[MIDDLE];
    Form { median, spread, shape: Shape::new(&knots.map(|knot| digits((knot - middle) / spread))) }
}

/// Lets knots rise from one to the next at least half and at most twice as much as others do, from the middle outwards:
/// steps and leaps explain nothing, they are noise made larger.
fn like(knots: &mut [f64; COUNT], others: &[f64; COUNT]) {
    let rise = |rise: f64, other: f64| rise.clamp(other / 2.0, other * 2.0);
    for place in MIDDLE + 1..COUNT {
        let (before, other) = (knots[place - 1], others[place] - others[place - 1]);
        knots[place] = before + rise(knots[place] - before, other);
    }
    for place in (0..MIDDLE).rev() {
        let (behind, other) = (knots[place + 1], others[place + 1] - others[place]);
        knots[place] = behind - rise(behind - knots[place], other);
    }
}

/// The knot of the median, and how far from it those one standard deviation away are.
const MIDDLE: usize = COUNT / 2;
const ONE: usize = 4;

fn half_width(knots: &[f64; COUNT]) -> f64 {
    (knots[MIDDLE + ONE] - knots[MIDDLE - ONE]) / 2.0
}

/// Mean and variance of points with shares.
fn moments(points: &[(f64, f64)]) -> (f64, f64) {
    let all: f64 = points.iter().map(|(_, share)| share).sum();
    let mean = points.iter().map(|(point, share)| point * share).sum::<f64>() / all.max(1e-300);
    let squares = points.iter().map(|(point, share)| (point - mean) * (point - mean) * share).sum::<f64>();
    (mean, squares / all.max(1e-300))
}

fn mixture(knots: &[f64; COUNT], beside: &[(f64, f64)]) -> Weighted {
    let shape = Shape::new(knots);
    let own = (0..POINTS).map(|at| shape.bend(inverse_normal((at as f64 + 0.5) / POINTS as f64)));
    let own: Vec<f64> = own.collect();
    Weighted::new(
        beside.iter().flat_map(|(shift, share)| own.iter().map(move |value| (value + shift, *share))),
    )
}

/// A normal distribution with this standard deviation, in some points.
pub(crate) fn normal_points(spread: f64) -> Vec<(f64, f64)> {
    const COUNT_OF_POINTS: usize = 21;
    let share = 1.0 / COUNT_OF_POINTS as f64;
    if spread <= 0.0 {
        return vec![(0.0, 1.0)];
    }
    let points: Vec<f64> =
        (0..COUNT_OF_POINTS).map(|at| inverse_normal((at as f64 + 0.5) * share) * spread).collect();
    // Points in the middle of their shares vary a little less than the whole.
    let variance = points.iter().map(|point| point * point).sum::<f64>() * share;
    let stretch = spread / libm::sqrt(variance);
    points.into_iter().map(|point| (point * stretch, share)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::{Dice, Purpose};

    fn of(values: &[f64]) -> Weighted {
        Weighted::new(values.iter().map(|value| (*value, 1.0)))
    }

    #[test]
    fn distances_are_those_of_the_books() {
        for (one, other, expected) in [
            (&[1.0, 2.0, 3.0, 4.0][..], &[1.0, 2.0, 3.0, 4.0][..], 0.0),
            (&[1.0, 2.0], &[3.0, 4.0], 1.0),
            (&[1.0, 2.0, 3.0, 4.0], &[2.5], 0.5),
            (&[1.0, 1.0, 2.0], &[1.0, 2.0, 2.0], 1.0 / 3.0),
            (&[], &[], 0.0),
            (&[1.0], &[], 1.0),
        ] {
            let (one, other) = (of(one), of(other));
            assert!((one.kolmogorov_smirnov(&other) - expected).abs() < 1e-12, "{one:?} {other:?}");
            assert!((other.kolmogorov_smirnov(&one) - expected).abs() < 1e-12);
        }
        for (one, other, expected) in [
            (&[1.0, 1.0][..], &[2.0, 2.0][..], 0.0),
            (&[1.0], &[0.0, 5.0], 1.0),
            (&[3.0, 1.0], &[1.0, 3.0], 0.5),
            (&[0.0], &[1.0], 1.0),
            (&[], &[], 0.0),
        ] {
            assert!((total_variation(one, other) - expected).abs() < 1e-12, "{one:?} {other:?}");
        }
    }

    #[test]
    fn weights_count_as_so_many_of_the_same() {
        let heavy = Weighted::new([(1.0, 3.0), (2.0, 1.0), (f64::NAN, 9.0), (7.0, 0.0)]);
        let many = of(&[1.0, 1.0, 1.0, 2.0]);
        assert_eq!(heavy.kolmogorov_smirnov(&many), 0.0);
        assert_eq!((heavy.quantile(0.5), heavy.quantile(0.75), heavy.quantile(0.76)), (1.0, 1.0, 2.0));
        assert_eq!((heavy.above(1.0), Weighted::default().quantile(0.5)), (0.25, 0.0));
    }

    #[test]
    fn a_form_is_found_behind_what_it_was_mixed_with() {
        let mut dice = Dice::new(3, Purpose::Visit, 0, 0);
        for (median, spread, other) in [(7.0, 0.5, 0.0), (40.0, 0.8, 0.5), (0.2, 1.2, 0.9)] {
            let draws = (0..60_000).map(|_| {
                let value = dice.log_normal(median, spread) * dice.log_normal(1.0, other);
                (libm::log(value), 1.0)
            });
            let found = form(&Weighted::new(draws.collect::<Vec<_>>()), &normal_points(other));
            // A twenty-fifth of the whole spread: unmixing makes noise larger.
            let whole = libm::sqrt(spread * spread + other * other);
            assert!(libm::log(found.median / median).abs() < whole / 25.0, "{found:?}");
            assert!((found.spread - spread).abs() < 0.04, "{found:?}");
            let bent = KNOTS[4..17].iter().map(|z| (found.shape.bend(*z) - z).abs()).fold(0.0, f64::max);
            assert!(bent < 0.12, "{found:?}");
        }
    }
}
