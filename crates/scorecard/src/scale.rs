//! What a score means: odds of good to bad.

use crate::Error;

/// A scale of scores: `score` stands for `odds` good to one bad, and `points_to_double` more stand for twice the odds.
///
/// score = offset + factor · ln(odds), with factor = points to double / ln 2 (Siddiqi, Intelligent Credit Scoring, 2017).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scale {
    /// The score of the anchor.
    pub score: f64,
    /// Good rows per bad one at the anchor.
    pub odds: f64,
    /// Points by which the odds double.
    pub points_to_double: f64,
}

impl Default for Scale {
    /// 600 at 30 : 1, 50 points double the odds.
    fn default() -> Self {
        Scale { score: 600.0, odds: 30.0, points_to_double: 50.0 }
    }
}

impl Scale {
    /// A scale.
    ///
    /// # Errors
    /// When one of the three is not finite, or odds or points to double are not above zero.
    pub fn try_new(score: f64, odds: f64, points_to_double: f64) -> Result<Self, Error> {
        let positive = |value: f64| value.is_finite() && value > 0.0;
        if score.is_finite() && positive(odds) && positive(points_to_double) {
            return Ok(Scale { score, odds, points_to_double });
        }
        Err(Error::Option {
            option: "scale",
            reason: format!(
                "score {score}, odds {odds} and points to double {points_to_double} must be finite, the last two above zero"
            ),
        })
    }

    /// Points per unit of log-odds.
    pub fn factor(&self) -> f64 {
        self.points_to_double / std::f64::consts::LN_2
    }

    /// The score at odds of one to one.
    pub fn offset(&self) -> f64 {
        self.score - self.factor() * libm::log(self.odds)
    }

    /// The exact score at log-odds of **bad**: the higher they are, the lower the score.
    pub fn score_at(&self, log_odds: f64) -> f64 {
        self.offset() - self.factor() * log_odds
    }

    /// The log-odds of bad at a score.
    pub fn log_odds_at(&self, score: f64) -> f64 {
        (self.offset() - score) / self.factor()
    }
}

/// The probability at log-odds: 1 / (1 + e^−x), without overflow at either end.
pub fn probability(log_odds: f64) -> f64 {
    if log_odds >= 0.0 {
        1.0 / (1.0 + libm::exp(-log_odds))
    } else {
        let odds = libm::exp(log_odds);
        odds / (1.0 + odds)
    }
}

/// The log-odds of a probability above 0 and below 1.
pub(crate) fn logit(probability: f64) -> f64 {
    libm::log(probability / (1.0 - probability))
}

/// The negative log-likelihood of a row at log-odds of bad: ln(1 + e^±log-odds), the sign by how it turned out, without
/// overflow and without a probability that is rounded to 0 or 1.
pub(crate) fn loss(log_odds: f64, bad: bool) -> f64 {
    let against = if bad { -log_odds } else { log_odds };
    against.max(0.0) + libm::log1p(libm::exp(-against.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_anchor_and_each_doubling_lie_where_they_are_said_to() {
        let scale = Scale::default();
        for (odds, score) in [(30.0, 600.0), (60.0, 650.0), (15.0, 550.0)] {
            let log_odds: f64 = -f64::ln(odds);
            assert!((scale.score_at(log_odds) - score).abs() < 1e-9);
            assert!((scale.log_odds_at(score) - log_odds).abs() < 1e-12);
            assert!((probability(log_odds) - 1.0 / (1.0 + odds)).abs() < 1e-15);
        }
        assert_eq!([probability(-1000.0), probability(0.0), probability(1000.0)], [0.0, 0.5, 1.0]);
        for log_odds in [-3.0, 0.0, 0.7] {
            let chance = probability(log_odds);
            assert!((logit(chance) - log_odds).abs() < 1e-12);
            assert!((loss(log_odds, true) + chance.ln()).abs() < 1e-12);
            assert!((loss(log_odds, false) + (1.0 - chance).ln()).abs() < 1e-12);
        }
        assert_eq!([loss(-1000.0, true), loss(1000.0, true)], [1000.0, 0.0]);
        for wrong in [(f64::NAN, 30.0, 50.0), (600.0, 0.0, 50.0), (600.0, 30.0, -1.0)] {
            assert!(Scale::try_new(wrong.0, wrong.1, wrong.2).is_err());
        }
    }
}
