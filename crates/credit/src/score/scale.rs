//! What a score means: odds of good to bad.

use serde::Serialize;

/// The scale of a scorecard: an anchor (`score` stands for `odds`), the points that double the odds, and the two ends.
///
/// The convention is score = offset + factor · ln(odds) with factor = points to double / ln 2, the usual one of
/// points-based credit scorecards. An expert scorecard states the odds its author aims at; only a fitted one has earned them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Scale {
    /// The score of the anchor.
    pub score: i32,
    /// Good parties per bad one at the anchor.
    pub odds: f64,
    /// Points by which the odds double.
    pub points_to_double: f64,
    /// The lowest score there is.
    pub floor: i32,
    /// The highest score there is.
    pub ceiling: i32,
}

impl Scale {
    /// Points per unit of ln(odds).
    pub fn factor(&self) -> f64 {
        self.points_to_double / std::f64::consts::LN_2
    }

    /// The score at odds of one to one.
    pub fn offset(&self) -> f64 {
        f64::from(self.score) - self.factor() * self.odds.ln()
    }

    /// Good parties per bad one at a score. Scores beyond the ends are taken as they are.
    pub fn odds_at(&self, score: i32) -> f64 {
        ((f64::from(score) - self.offset()) / self.factor()).exp()
    }

    /// The share of bad parties at a score: 1 / (1 + odds).
    pub fn bad_share_at(&self, score: i32) -> f64 {
        1.0 / (1.0 + self.odds_at(score))
    }

    /// The nearest score inside the scale.
    pub fn clamp(&self, score: i32) -> i32 {
        score.max(self.floor).min(self.ceiling)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_scale_has_its_published_factor_and_offset() {
        let scale = Scale { score: 600, odds: 30.0, points_to_double: 50.0, floor: 350, ceiling: 950 };
        assert!((scale.factor() - 72.134_752).abs() < 1e-6);
        assert!((scale.offset() - 354.655_5).abs() < 1e-3, "{}", scale.offset());
        for (score, odds) in [(600, 30.0), (650, 60.0), (550, 15.0), (700, 120.0), (400, 1.875)] {
            assert!((scale.odds_at(score) / odds - 1.0).abs() < 1e-12, "{score}");
        }
        assert!((scale.bad_share_at(600) - 1.0 / 31.0).abs() < 1e-12);
        assert_eq!([scale.clamp(0), scale.clamp(600), scale.clamp(2000)], [350, 600, 950]);
    }
}
