//! A score with its whole trace, ready to be shown or kept.

use super::compute::{Chosen, Scored, value_at};
use super::definition::Scorecard;
pub use super::outlook::{Better, Unknown};
pub use super::reasons::{Change, MOST_REASONS, ReasonGiven, ReasonSource};
use super::reasons::{told_missing, told_missing_zh};
use serde::Serialize;

/// Everything about one score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Explanation {
    /// The scorecard's name.
    pub scorecard: String,
    /// The digest of the scorecard's file.
    pub scorecard_hash: String,
    /// Whom it scores.
    pub of: &'static str,
    /// The score.
    pub score: i32,
    /// The lower end of the confidence range.
    pub low: i32,
    /// The upper end of the confidence range.
    pub high: i32,
    /// Good parties per bad one that the scorecard's scale gives for the score.
    pub odds: f64,
    /// Where the points start.
    pub base_points: i32,
    /// Base points plus all points, before the ends of the scale and the gates.
    pub points_total: i32,
    /// How much is known about the party.
    pub history: HistoryLine,
    /// Per dimension.
    pub dimensions: Vec<DimensionLine>,
    /// Per characteristic, in the order of the scorecard.
    pub lines: Vec<Line>,
    /// The gates that hold.
    pub gates: Vec<GateLine>,
    /// What costs points: the true drivers, at most [`MOST_REASONS`].
    pub reasons: Vec<ReasonGiven>,
    /// What costs nothing and could be better still, the farthest from its best first.
    pub better: Vec<Better>,
    /// What is not known, in the order of the scorecard.
    pub unknown: Vec<Unknown>,
    /// The waterfall: the deltas sum to the score exactly.
    pub steps: Vec<Step>,
}

/// How much history a party has and whether that is enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HistoryLine {
    /// The indicator that measures it.
    pub measure: String,
    /// Its value; none when missing, which counts as no history.
    pub value: Option<f64>,
    /// What the scorecard asks for.
    pub minimum: f64,
    /// Whether it is less than that.
    pub thin: bool,
    /// The highest tier shown for a thin file.
    pub thin_tier: String,
}

/// A dimension's sub-score (see [`super::DimensionScore`]).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DimensionLine {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub title: String,
    /// Sum of the points of its characteristics.
    pub points: i32,
    /// The sub-score.
    pub score: i32,
}

/// One characteristic: value → attribute → points → distance to the best.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Line {
    /// The indicator.
    pub indicator: String,
    /// Its name for people, where given (see [`Explanation::named`]).
    pub title: Option<String>,
    /// The dimension it belongs to.
    pub dimension: String,
    /// Its value; none when missing.
    pub value: Option<f64>,
    /// Where the value falls, in words.
    pub attribute: String,
    /// The points that gives.
    pub points: i32,
    /// The most points an attribute gives.
    pub best: i32,
    /// Points short of the best, never negative.
    pub shortfall: i32,
    /// The share of the sum of all shortfalls, 0 to 1; 0 when nothing is short.
    pub shortfall_share: f64,
}

/// A gate that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GateLine {
    /// Its name.
    pub name: String,
    /// Its condition as written.
    pub when: String,
    /// The score is at most this.
    pub cap: Option<i32>,
    /// The tier is at most this.
    pub tier: Option<String>,
    /// Points that it alone cuts off.
    pub points_lost: i32,
    /// The reason's code.
    pub code: String,
    /// The reason.
    pub text: String,
    /// What the party can do.
    pub advice: String,
    /// Why it holds, in Chinese; empty in a scorecard that has no Chinese.
    pub text_zh: String,
    /// What the party can do, in Chinese.
    pub advice_zh: String,
}

/// One bar of the waterfall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What makes the bar.
    pub kind: StepKind,
    /// The indicator or gate; empty for the base points and the ends of the scale.
    pub name: String,
    /// The bar's text.
    pub label: String,
    /// Points added or taken.
    pub delta: i32,
}

/// What makes a bar of the waterfall.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// The base points.
    Base,
    /// A characteristic with points other than zero.
    Characteristic,
    /// The floor or ceiling of the scale.
    Scale,
    /// A gate; what it cuts off beyond the gates before it.
    Gate,
}

impl Scorecard {
    /// Scores a party (as [`Scorecard::score`] does) and says why the score is what it is and what would change it.
    pub fn explain(&self, values: &[Option<f64>]) -> Explanation {
        let scored = self.score(values);
        Explanation {
            scorecard: self.name.clone(),
            scorecard_hash: self.hash.to_string(),
            of: self.of,
            score: scored.score,
            low: scored.low,
            high: scored.high,
            odds: self.scale.odds_at(scored.score),
            base_points: self.base_points,
            points_total: scored.points_total,
            history: HistoryLine {
                measure: self.history.measure.clone(),
                value: self.history_of(values),
                minimum: self.history.minimum,
                thin: scored.thin,
                thin_tier: self.history.thin_tier.clone(),
            },
            dimensions: self.dimension_lines(&scored),
            lines: self.lines(values, &scored),
            gates: self.gate_lines(&scored),
            reasons: self.reasons(values, &scored),
            better: self.better(values, &scored),
            unknown: self.unknown(&scored),
            steps: self.steps(&scored),
        }
    }

    fn dimension_lines(&self, scored: &Scored) -> Vec<DimensionLine> {
        let line =
            |(dimension, score): (&super::definition::Dimension, &super::DimensionScore)| DimensionLine {
                name: dimension.name.clone(),
                title: dimension.title.clone(),
                points: score.points,
                score: score.score,
            };
        self.dimensions.iter().zip(&scored.dimensions).map(line).collect()
    }

    fn lines(&self, values: &[Option<f64>], scored: &Scored) -> Vec<Line> {
        let placed = || self.characteristics.iter().zip(&scored.chosen);
        let total: i32 = placed().map(|(of, chosen)| of.shortfall(*chosen)).sum();
        let line = |(of, chosen): (&super::definition::Characteristic, &Chosen)| {
            let shortfall = of.shortfall(*chosen);
            Line {
                indicator: of.indicator.clone(),
                title: None,
                dimension: self.dimensions.get(of.dimension).map_or_else(String::new, |it| it.name.clone()),
                value: value_at(values, of.position),
                attribute: of.text(*chosen),
                points: of.points(*chosen),
                best: of.best(),
                shortfall,
                shortfall_share: if total == 0 { 0.0 } else { f64::from(shortfall) / f64::from(total) },
            }
        };
        placed().map(line).collect()
    }

    fn gate_lines(&self, scored: &Scored) -> Vec<GateLine> {
        let line = |place: &usize| {
            let gate = self.gates.get(*place)?;
            Some(GateLine {
                name: gate.name.clone(),
                when: gate.when.clone(),
                cap: gate.cap,
                tier: gate.tier.clone(),
                points_lost: gate.points_lost(scored),
                code: gate.reason.code.clone(),
                text: gate.reason.text.clone(),
                advice: gate.reason.advice.clone(),
                text_zh: gate.reason.text_zh.clone(),
                advice_zh: gate.reason.advice_zh.clone(),
            })
        };
        scored.gates.iter().filter_map(line).collect()
    }

    fn steps(&self, scored: &Scored) -> Vec<Step> {
        let step =
            |kind, name: &str, label: String, delta| Step { kind, name: name.to_owned(), label, delta };
        let mut steps = vec![step(StepKind::Base, "", "Base points".to_owned(), self.base_points)];
        for (of, chosen) in self.characteristics.iter().zip(&scored.chosen) {
            let points = of.points(*chosen);
            if points != 0 {
                let label = format!("{}: {}", of.indicator, of.text(*chosen));
                steps.push(step(StepKind::Characteristic, &of.indicator, label, points));
            }
        }
        let cut = scored.ungated - scored.points_total;
        if cut != 0 {
            let end = if cut < 0 { "Ceiling" } else { "Floor" };
            steps.push(step(StepKind::Scale, "", format!("{end} of the scale {}", scored.ungated), cut));
        }
        // From the mildest cap to the strictest, so that each bar shows what this gate cuts off beyond the ones before.
        let mut caps: Vec<(i32, usize)> = Vec::new();
        caps.extend(scored.gates.iter().filter_map(|place| Some((self.gates.get(*place)?.cap?, *place))));
        caps.sort_by_key(|(cap, place)| (std::cmp::Reverse(*cap), *place));
        let mut score = scored.ungated;
        for (cap, place) in caps {
            if let Some(gate) = self.gates.get(place).filter(|_| cap < score) {
                let label = format!("{}: at most {cap}", gate.reason.text);
                steps.push(step(StepKind::Gate, &gate.name, label, cap - score));
                score = cap;
            }
        }
        steps
    }
}

/// How people are told of an indicator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// Its name for people.
    pub title: String,
    /// Why it would have no value: `nothing known in the last 180 days`.
    pub gap: String,
}

impl Explanation {
    /// The reasons that move the score by themselves: while a gate cuts it, points alone change nothing, so only gates do.
    pub fn drivers(&self) -> impl Iterator<Item = &ReasonGiven> {
        let cut = self.gates.iter().any(|gate| gate.points_lost > 0);
        self.reasons.iter().filter(move |reason| !cut || reason.source == ReasonSource::Gate)
    }

    /// The same explanation with the indicators' names for people in lines, bars and lists, and why values are missing.
    #[must_use]
    pub fn named(mut self, naming: impl Fn(&str) -> Option<Naming>) -> Self {
        for line in &mut self.lines {
            let Some(Naming { title, gap }) = naming(&line.indicator) else { continue };
            if let Some(step) = self
                .steps
                .iter_mut()
                .find(|step| step.kind == StepKind::Characteristic && step.name == line.indicator)
            {
                step.label = format!("{title}: {}", line.attribute);
            }
            let missing = line.value.is_none();
            if let Some(reason) = self.reasons.iter_mut().find(|reason| {
                missing && reason.source == ReasonSource::Characteristic && reason.name == line.indicator
            }) {
                reason.text = told_missing(&title, &gap);
                if !reason.text_zh.is_empty() {
                    reason.text_zh = told_missing_zh(&title);
                }
            }
            if let Some(better) = self.better.iter_mut().find(|better| better.indicator == line.indicator) {
                better.title.clone_from(&title);
            }
            if let Some(unknown) = self.unknown.iter_mut().find(|unknown| unknown.indicator == line.indicator)
            {
                unknown.text = told_missing(&title, &gap);
                unknown.title.clone_from(&title);
            }
            line.title = Some(title);
        }
        self
    }
}
