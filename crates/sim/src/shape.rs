//! How a quantity is spread about its median: like a log-normal, or bent as a real one was found to be.

use crate::dice::Dice;
use serde::{Deserialize, Serialize};

/// Where a shape is told: standard normal numbers from far below the median to far above.
pub const KNOTS: [f64; COUNT] = [
    -2.5, -2.25, -2.0, -1.75, -1.5, -1.25, -1.0, -0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5,
    1.75, 2.0, 2.25, 2.5,
];
/// How many there are.
pub const COUNT: usize = 21;
const STEP: f64 = 0.25;
/// A normal number further out is taken as this one: the tails are drawn out, but not for ever.
const FURTHEST: f64 = 3.5;
/// Spreads that a knot may lie from the median.
const MOST: f64 = 50.0;

/// What a standard normal number is bent to before it is spread: one number for each of [`KNOTS`], straight lines between
/// them. Without numbers nothing is bent, and the quantity is log-normal.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Shape(Vec<f64>);

impl Shape {
    /// A shape through these numbers, made to rise where they fall.
    pub fn new(knots: &[f64; COUNT]) -> Self {
        let mut most = f64::NEG_INFINITY;
        let rising = knots.iter().map(|knot| {
            most = most.max(*knot);
            most
        });
        Self(rising.collect())
    }

    /// That of a log-normal.
    pub fn is_plain(&self) -> bool {
        self.0.is_empty()
    }

    /// What a standard normal number becomes. Beyond the last knots the last lines go on.
    pub fn bend(&self, z: f64) -> f64 {
        let last = COUNT - 1;
        if self.0.len() != COUNT {
            return z;
        }
        let along = (z.clamp(-FURTHEST, FURTHEST) - KNOTS[0]) / STEP;
        let at = (along.max(0.0) as usize).min(last - 1);
        let (low, high) = (self.0[at], self.0[at + 1]);
        low + (high - low) * (along - at as f64)
    }

    /// What is wrong with it, if anything.
    pub(crate) fn impossible(&self) -> bool {
        let numbers = self.0.iter().all(|knot| (-MOST..=MOST).contains(knot));
        let rises = self.0.windows(2).all(|pair| pair[0] <= pair[1]);
        !(self.is_plain() || (self.0.len() == COUNT && numbers && rises))
    }
}

/// Draws a quantity with this median and spread.
pub(crate) fn draw(dice: &mut Dice, median: f64, spread: f64, shape: &Shape) -> f64 {
    if spread == 0.0 { median } else { bent(median, spread, shape, dice.normal()) }
}

/// The quantity that belongs to a standard normal number.
pub(crate) fn bent(median: f64, spread: f64, shape: &Shape, z: f64) -> f64 {
    median * libm::exp(spread * shape.bend(z))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_bend_between_and_beyond_their_knots() {
        // Twice as far below the median, half as far above, and a leap at the end.
        let bent = Shape::new(&KNOTS.map(|z| match z {
            _ if z < 0.0 => 2.0 * z,
            _ if z < 2.5 => z / 2.0,
            _ => 2.125,
        }));
        for (shape, z, expected) in [
            (&Shape::default(), 1.7, 1.7),
            (&Shape::default(), -9.0, -9.0),
            (&bent, 0.0, 0.0),
            (&bent, 0.75, 0.375),
            (&bent, -0.25, -0.5),
            (&bent, 2.5, 2.125),
            (&bent, 3.0, 4.125),
            (&bent, 9.0, 6.125),
            (&bent, -9.0, -7.0),
        ] {
            assert!((shape.bend(z) - expected).abs() < 1e-12, "{z}: {} not {expected}", shape.bend(z));
        }
    }

    #[test]
    fn shapes_that_cannot_be_are_told() {
        for (numbers, wrong) in [
            (vec![], false),
            (KNOTS.to_vec(), false),
            (vec![0.0; COUNT], false),
            (vec![0.0; COUNT - 1], true),
            (KNOTS.iter().map(|knot| -knot).collect(), true),
            ([&KNOTS[..COUNT - 1], &[f64::NAN]].concat(), true),
            ([&KNOTS[..COUNT - 1], &[51.0]].concat(), true),
        ] {
            assert_eq!(Shape(numbers.clone()).impossible(), wrong, "{numbers:?}");
        }
    }
}
