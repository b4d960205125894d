//! Why a score is as low as it is: the true drivers, at most four, each with what would change it.
//!
//! A reason states a defect, so it is given only for what costs points: a gate, or a characteristic below neutral. What
//! could be better still and what is not known stand apart, in `outlook`.

use super::compute::{Chosen, Scored, value_at};
use super::definition::{Attribute, Characteristic, Gate, NEUTRAL, Scorecard};
use probity_expression::Faults;
use serde::Serialize;

/// The most reasons given for a score; more blur the message (the usual limit of credit reporting).
pub const MOST_REASONS: usize = 4;

/// A reason as it is given for one score.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReasonGiven {
    /// The reason's code in the scorecard.
    pub code: String,
    /// What lowers the score. For a missing value that it is not known, for a special one what it means.
    pub text: String,
    /// What the party can do.
    pub advice: String,
    /// What lowers the score, in Chinese; empty in a scorecard that has no Chinese.
    pub text_zh: String,
    /// What the party can do, in Chinese.
    pub advice_zh: String,
    /// Whether a gate or a characteristic is meant.
    pub source: ReasonSource,
    /// The gate or the indicator.
    pub name: String,
    /// Points below neutral, or points that the gate cuts off.
    pub points_lost: i32,
    /// What would change it; none when no attribute is better by itself.
    pub change: Option<Change>,
}

/// What a reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonSource {
    /// A hard condition.
    Gate,
    /// An indicator with fewer points than a neutral party gets.
    Characteristic,
}

/// The nearest better attribute and its effect, everything else as it is.
///
/// Other indicators computed from the same events may move along in truth; here they stand still.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// What must hold then, in words.
    pub to: String,
    /// The same in Chinese.
    pub to_zh: String,
    /// The value must be at least this.
    pub at_least: Option<f64>,
    /// The value must be below this.
    pub below: Option<f64>,
    /// Points gained before the ends of the scale and the gates.
    pub points: i32,
    /// The score it would make, the ends of the scale and the gates included.
    pub score: i32,
}

impl Scorecard {
    /// The reasons of a score. Gates come first, the strictest cap first; then the characteristics by their loss below
    /// neutral. Ties stand in the order of the scorecard. When the points reach the ceiling no characteristic lowers the
    /// score.
    pub(super) fn reasons(&self, values: &[Option<f64>], scored: &Scored) -> Vec<ReasonGiven> {
        let mut gates: Vec<usize> = scored.gates.clone();
        gates.retain(|place| self.gates.get(*place).is_some_and(|gate| holds_down(gate, scored)));
        gates.sort_by_key(|place| self.gates.get(*place).and_then(|gate| gate.cap).unwrap_or(i32::MAX));
        let mut reasons: Vec<ReasonGiven> =
            gates.iter().filter_map(|place| self.gate_reason(*place, scored)).collect();

        let mut losses: Vec<(i32, &Characteristic, Chosen)> = Vec::new();
        if scored.points_total < self.scale.ceiling {
            let placed = self.characteristics.iter().zip(&scored.chosen);
            losses.extend(placed.map(|(of, chosen)| (of.loss(*chosen), of, *chosen)));
            losses.retain(|(loss, _, _)| *loss > 0);
        }
        // The sort is stable, so ties keep the scorecard's order.
        losses.sort_by_key(|(loss, _, _)| std::cmp::Reverse(*loss));
        for (loss, characteristic, chosen) in losses {
            if reasons.len() >= MOST_REASONS {
                break;
            }
            reasons.push(ReasonGiven {
                code: characteristic.reason.code.clone(),
                text: characteristic.reason_text(chosen),
                advice: characteristic.reason.advice.clone(),
                text_zh: characteristic.reason_text_zh(chosen),
                advice_zh: characteristic.reason.advice_zh.clone(),
                source: ReasonSource::Characteristic,
                name: characteristic.indicator.clone(),
                points_lost: loss,
                change: self.change(characteristic, chosen, values, scored),
            });
        }
        reasons.truncate(MOST_REASONS);
        reasons
    }

    fn gate_reason(&self, place: usize, scored: &Scored) -> Option<ReasonGiven> {
        let gate = self.gates.get(place)?;
        let others: Vec<usize> = scored.gates.iter().copied().filter(|other| *other != place).collect();
        Some(ReasonGiven {
            code: gate.reason.code.clone(),
            text: gate.reason.text.clone(),
            advice: gate.reason.advice.clone(),
            text_zh: gate.reason.text_zh.clone(),
            advice_zh: gate.reason.advice_zh.clone(),
            source: ReasonSource::Gate,
            name: gate.name.clone(),
            points_lost: gate.points_lost(scored),
            change: Some(Change {
                to: format!("no longer: {}", gate.when),
                to_zh: format!("不再成立：{}", gate.when),
                at_least: None,
                below: None,
                points: 0,
                score: scored.ungated.min(self.cap(&others)),
            }),
        })
    }

    /// The nearest attribute that is better, and what it would make of the score.
    pub(super) fn change(
        &self,
        characteristic: &Characteristic,
        chosen: Chosen,
        values: &[Option<f64>],
        scored: &Scored,
    ) -> Option<Change> {
        let value = value_at(values, characteristic.position);
        let place = characteristic.nearest_better(chosen, value)?;
        let attribute = characteristic.attributes.get(place)?;
        let at_least = characteristic.lower(place);
        let points = attribute.points - characteristic.points(chosen);
        let mut imagined = values.to_vec();
        imagined.resize(values.len().max(characteristic.position + 1), None);
        if let Some(slot) = imagined.get_mut(characteristic.position) {
            *slot = Some(edge(value, at_least, attribute.below));
        }
        let cap = self.cap(&self.gates_that_hold(&imagined, &mut Faults::default()));
        Some(Change {
            to: attribute.text.clone(),
            to_zh: attribute.text_zh.clone(),
            at_least,
            below: attribute.below,
            points,
            score: self.scale.clamp(scored.points_total + points).min(cap),
        })
    }
}

/// Whether a gate that holds lowers the score or may lower the tier.
fn holds_down(gate: &Gate, scored: &Scored) -> bool {
    gate.points_lost(scored) > 0 || gate.tier.is_some()
}

/// The value nearest to the party's own inside `at_least..below`; for a missing value the lower end, or the last below the upper.
fn edge(value: Option<f64>, at_least: Option<f64>, below: Option<f64>) -> f64 {
    match (value, at_least, below) {
        (Some(value), _, Some(below)) if value >= below => below.next_down(),
        (Some(value), Some(at_least), _) => value.max(at_least),
        (Some(value), None, _) => value,
        (None, Some(at_least), _) => at_least,
        (None, None, Some(below)) => below.next_down(),
        (None, None, None) => 0.0,
    }
}

/// Why a value is missing, where nobody said more.
pub(super) const NOTHING_KNOWN: &str = "nothing known";

/// What is told of a missing value.
pub(super) fn told_missing(title: &str, gap: &str) -> String {
    format!("{title}: {gap}")
}

/// What is told of a missing value in Chinese; indicators have names in English alone.
pub(super) fn told_missing_zh(title: &str) -> String {
    format!("暂无数据：{title}")
}

impl Gate {
    /// Points that the gate alone cuts off a score.
    pub(super) fn points_lost(&self, scored: &Scored) -> i32 {
        self.cap.map_or(0, |cap| (scored.ungated - cap).max(0))
    }
}

impl Characteristic {
    /// Points below neutral, never negative.
    pub(super) fn loss(&self, chosen: Chosen) -> i32 {
        (NEUTRAL - self.points(chosen)).max(0)
    }

    /// Points short of the best attribute; a missing or special value that gives more than that is short of nothing.
    pub(super) fn shortfall(&self, chosen: Chosen) -> i32 {
        (self.best() - self.points(chosen)).max(0)
    }

    /// The place in words.
    pub(super) fn text(&self, chosen: Chosen) -> String {
        match chosen {
            Chosen::Missing => "missing".to_owned(),
            Chosen::Special(place) => self.special.get(place).map_or_else(String::new, |it| it.title.clone()),
            Chosen::Attribute(place) => {
                self.attributes.get(place).map_or_else(String::new, |it| it.text.clone())
            }
        }
    }

    /// The scorecard's text speaks of a bad value; of a missing or special one it would be untrue.
    fn reason_text(&self, chosen: Chosen) -> String {
        match chosen {
            Chosen::Missing => told_missing(&self.indicator.replace('_', " "), NOTHING_KNOWN),
            Chosen::Special(_) => self.text(chosen),
            Chosen::Attribute(_) => self.reason.text.clone(),
        }
    }

    /// The same in Chinese, where the scorecard has any.
    fn reason_text_zh(&self, chosen: Chosen) -> String {
        match chosen {
            _ if self.reason.text_zh.is_empty() => String::new(),
            Chosen::Missing => told_missing_zh(&self.indicator.replace('_', " ")),
            Chosen::Special(_) => format!("特殊值：{}", self.text(chosen)),
            Chosen::Attribute(_) => self.reason.text_zh.clone(),
        }
    }

    /// The nearest attribute with more points: by distance of the value to its near bound, at equal distance the one with
    /// more points, then the lower one. Without a value in the bins, the smallest step up in points.
    fn nearest_better(&self, chosen: Chosen, value: Option<f64>) -> Option<usize> {
        let points = self.points(chosen);
        let better = |attribute: &Attribute| attribute.points > points;
        let (Chosen::Attribute(place), Some(value)) = (chosen, value) else {
            let up = self.attributes.iter().enumerate().filter(|(_, attribute)| better(attribute));
            return up.min_by_key(|(_, attribute)| attribute.points).map(|(place, _)| place);
        };
        let (down, up) = self.attributes.split_at_checked(place)?;
        let left = down.iter().rposition(better);
        let right = up.iter().position(better).map(|step| place + step);
        let (Some(left), Some(right)) = (left, right) else { return left.or(right) };
        let far_left = self.attributes.get(left)?.below.map_or(0.0, |below| value - below);
        let far_right = self.lower(right).map_or(0.0, |lower| lower - value);
        let gains_more = self.attributes.get(right)?.points > self.attributes.get(left)?.points;
        let go_right = far_right < far_left || (far_right == far_left && gains_more);
        Some(if go_right { right } else { left })
    }
}
