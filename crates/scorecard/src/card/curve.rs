//! A curve from a scorecard's log-odds to calibrated ones.

use crate::Error;

/// The most points of a curve.
const MOST_POINTS: usize = 10_000;

/// A rising curve of straight pieces through given points, level beyond the first and the last one. It keeps the order of
/// rows: who had higher log-odds does not have lower ones afterwards.
#[derive(Debug, Clone, PartialEq)]
pub struct Curve {
    points: Vec<(f64, f64)>,
}

impl Curve {
    /// A curve through points: the log-odds that the scorecard's attributes add up to, and what they are to count as.
    ///
    /// # Errors
    /// When there are fewer than two points or more than 10,000, one is not finite, the first figures do not ascend
    /// strictly, or the second ones fall somewhere.
    pub fn try_new(points: Vec<(f64, f64)>) -> Result<Self, Error> {
        let refused = |what: &str| Err(Error::Card(format!("the calibration curve {what}")));
        if !(2..=MOST_POINTS).contains(&points.len()) {
            return refused(&format!("has {} points; it must have from 2 to {MOST_POINTS}", points.len()));
        }
        if points.iter().any(|point| !point.0.is_finite() || !point.1.is_finite()) {
            return refused("holds a figure that is not finite");
        }
        if points.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
            return refused("must go through log-odds in strictly ascending order");
        }
        if points.windows(2).any(|pair| pair[0].1 > pair[1].1) {
            return refused("must not fall: a riskier row would count as a safer one");
        }
        Ok(Curve { points })
    }

    /// The points it goes through.
    pub fn points(&self) -> &[(f64, f64)] {
        &self.points
    }

    /// What log-odds count as.
    pub fn at(&self, log_odds: f64) -> f64 {
        let above = self.points.partition_point(|point| point.0 <= log_odds);
        // A curve has at least two points.
        if above == 0 {
            return self.points[0].1;
        }
        let from = self.points[above - 1];
        let Some(to) = self.points.get(above) else { return from.1 };
        let value = from.1 + (log_odds - from.0) * ((to.1 - from.1) / (to.0 - from.0));
        // Rounding must not lift a piece above the point where it ends.
        value.min(to.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_straight_between_its_points_and_level_beyond_them() {
        let curve = Curve::try_new(vec![(-2.0, -1.0), (0.0, 0.0), (1.0, 0.0), (2.0, 3.0)]).unwrap();
        for (log_odds, wanted) in [
            (f64::NEG_INFINITY, -1.0),
            (-9.0, -1.0),
            (-2.0, -1.0),
            (-1.0, -0.5),
            (0.5, 0.0),
            (1.0, 0.0),
            (1.5, 1.5),
            (2.0, 3.0),
            (99.0, 3.0),
        ] {
            assert_eq!(curve.at(log_odds), wanted, "{log_odds}");
        }
    }

    #[test]
    fn points_that_are_no_rising_curve_are_refused() {
        for (points, wanted) in [
            (vec![(0.0, 0.0)], "1 points"),
            (vec![(0.0, 0.0), (f64::NAN, 1.0)], "not finite"),
            (vec![(0.0, 0.0), (0.0, 1.0)], "strictly ascending"),
            (vec![(0.0, 0.0), (1.0, -1.0)], "must not fall"),
        ] {
            let error = Curve::try_new(points).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }
}
