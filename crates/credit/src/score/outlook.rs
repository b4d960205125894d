//! What stands beside the reasons: what could be better still, and what is not known. Neither is held against anybody.

use super::compute::{Chosen, Scored};
use super::definition::Scorecard;
use super::reasons::{Change, NOTHING_KNOWN, told_missing};
use serde::Serialize;

/// A characteristic that costs nothing and has a better attribute.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Better {
    /// The indicator.
    pub indicator: String,
    /// Its name for people (see [`super::Explanation::named`]).
    pub title: String,
    /// Where its value falls, in words.
    pub attribute: String,
    /// The points that gives, never below neutral.
    pub points: i32,
    /// The most points an attribute gives.
    pub best: i32,
    /// What the party can do.
    pub advice: String,
    /// The same in Chinese; empty in a scorecard that has no Chinese.
    pub advice_zh: String,
    /// The nearest better attribute and its effect.
    pub change: Option<Change>,
}

/// A characteristic without a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Unknown {
    /// The indicator.
    pub indicator: String,
    /// Its name for people (see [`super::Explanation::named`]).
    pub title: String,
    /// That nothing is known, and over which span.
    pub text: String,
    /// The points of a missing value. Below neutral they are a loss like any other and stand among the reasons, too.
    pub points: i32,
    /// The most points an attribute gives.
    pub best: i32,
}

impl Scorecard {
    /// What costs nothing and could be better, the farthest from its best first; ties in the order of the scorecard.
    pub(super) fn better(&self, values: &[Option<f64>], scored: &Scored) -> Vec<Better> {
        let mut list = Vec::new();
        for (of, chosen) in self.characteristics.iter().zip(&scored.chosen) {
            if *chosen == Chosen::Missing || of.loss(*chosen) > 0 || of.shortfall(*chosen) == 0 {
                continue;
            }
            list.push(Better {
                title: of.indicator.replace('_', " "),
                indicator: of.indicator.clone(),
                attribute: of.text(*chosen),
                points: of.points(*chosen),
                best: of.best(),
                advice: of.reason.advice.clone(),
                advice_zh: of.reason.advice_zh.clone(),
                change: self.change(of, *chosen, values, scored),
            });
        }
        list.sort_by_key(|one| std::cmp::Reverse(one.best - one.points));
        list
    }

    /// The characteristics without a value.
    pub(super) fn unknown(&self, scored: &Scored) -> Vec<Unknown> {
        let placed = self.characteristics.iter().zip(&scored.chosen);
        let missing = placed.filter(|(_, chosen)| **chosen == Chosen::Missing);
        let one = |(of, chosen): (&super::definition::Characteristic, &Chosen)| {
            let title = of.indicator.replace('_', " ");
            Unknown {
                text: told_missing(&title, NOTHING_KNOWN),
                title,
                indicator: of.indicator.clone(),
                points: of.points(*chosen),
                best: of.best(),
            }
        };
        missing.map(one).collect()
    }
}
