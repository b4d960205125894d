//! Why a score is what it is, and what would change it.

use super::answer::{Answer, json};
use super::params::{AsOfParams, Params, party};
use super::party::{DimensionScore, GivenTier, MadeBy};
use super::site::Site;
use crate::app::Explained;
use axum::extract::{Path, State};
use probity_credit::score::explain::{
    Better, Change, DimensionLine, Explanation as Trace, GateLine, Line, ReasonGiven, Step, StepKind, Unknown,
};
use serde::Serialize;
use utoipa::ToSchema;

/// A score with its whole trace. The deltas of the steps add up to the score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Explanation {
    /// The party.
    #[schema(example = "merchant:m-1")]
    party: String,
    /// The moment.
    as_of: String,
    /// The score.
    score: i32,
    /// Lower end of its confidence range.
    low: i32,
    /// Upper end of its confidence range.
    high: i32,
    /// Less history than the scorecard asks for.
    thin: bool,
    /// How much is known about the party.
    history: HistoryKnown,
    /// The tier.
    tier: GivenTier,
    /// Sub-scores.
    dimensions: Vec<DimensionScore>,
    /// The waterfall from the base points to the score.
    steps: Vec<StepShown>,
    /// One line per characteristic, in the scorecard's order.
    lines: Vec<LineShown>,
    /// The gates that hold.
    gates: Vec<GateShown>,
    /// What costs points: gates that hold and characteristics below neutral, at most four, the dearest first.
    reasons: Vec<ReasonShown>,
    /// What costs nothing and could be better still, the farthest from its best first.
    better: Vec<BetterShown>,
    /// What is not known, in the scorecard's order.
    unknown: Vec<UnknownShown>,
    /// What made it.
    versions: MadeBy,
}

/// How much history a party has, against what the scorecard asks for.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HistoryKnown {
    /// The indicator that measures it.
    #[schema(example = "orders_lifetime")]
    measure: String,
    /// Its value; null when there is no data.
    value: Option<f64>,
    /// What the scorecard asks for.
    minimum: f64,
}

/// One bar of the waterfall.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepShown {
    /// `base`, or what makes the bar, in words.
    label: String,
    /// Points added or taken.
    delta: i32,
    /// The indicator behind it.
    #[serde(skip_serializing_if = "Option::is_none")]
    indicator: Option<String>,
}

/// One characteristic: value, attribute, points, distance to the best.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LineShown {
    /// The indicator.
    #[schema(example = "late_shipment_rate")]
    indicator: String,
    /// Its name for people.
    title: String,
    /// The dimension it belongs to.
    dimension: String,
    /// Its value; null when there is no data.
    value: Option<f64>,
    /// The value in words.
    shown: String,
    /// Where the value falls, in words.
    attribute: String,
    /// The points that gives.
    points: i32,
    /// The most points there are to have.
    best: i32,
    /// Points short of the best.
    shortfall: i32,
    /// Share of the sum of all shortfalls, 0 to 1.
    share: f64,
}

/// A gate that holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GateShown {
    /// Its name.
    name: String,
    /// The score is at most this.
    cap: Option<i32>,
    /// Why.
    reason: GateReason,
}

/// Why a gate holds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GateReason {
    /// Stable code.
    code: String,
    /// What holds.
    text: String,
    /// What the party can do.
    advice: String,
    /// What holds, in Chinese; empty where there is no translation.
    text_zh: String,
    /// What the party can do, in Chinese.
    advice_zh: String,
}

/// A reason for the score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReasonShown {
    /// Stable code within the scorecard.
    code: String,
    /// What lowers the score.
    text: String,
    /// What the party can do.
    advice: String,
    /// What lowers the score, in Chinese; empty where there is no translation.
    text_zh: String,
    /// What the party can do, in Chinese.
    advice_zh: String,
    /// The indicator, or the gate.
    indicator: String,
    /// Points below neutral, or points that the gate cuts off.
    points_lost: i32,
    /// The nearest better attribute and its effect, everything else as it is.
    change: Option<ChangeShown>,
}

/// A characteristic that costs nothing and has a better attribute.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BetterShown {
    /// The indicator.
    indicator: String,
    /// Its name for people.
    title: String,
    /// Where its value falls, in words.
    attribute: String,
    /// The points that gives, never below zero.
    points: i32,
    /// The most points there are to have.
    best: i32,
    /// What the party can do.
    advice: String,
    /// The same in Chinese; empty where there is no translation.
    advice_zh: String,
    /// The nearest better attribute and its effect, everything else as it is.
    change: Option<ChangeShown>,
}

/// A characteristic without a value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UnknownShown {
    /// The indicator.
    indicator: String,
    /// Its name for people.
    title: String,
    /// That nothing is known, and over which span.
    #[schema(example = "Handling time: nothing known in the last 180 days")]
    text: String,
    /// The points of a missing value; below zero it stands among the reasons, too.
    points: i32,
    /// The most points there are to have.
    best: i32,
}

/// What would change a score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeShown {
    /// What must hold then, in words.
    to: String,
    /// The same in Chinese.
    to_zh: String,
    /// Points gained.
    points: i32,
    /// The score it would make.
    score: i32,
}

impl From<Explained> for Explanation {
    fn from(it: Explained) -> Self {
        let trace = it.explanation;
        let steps = steps(&trace);
        let dimension = |line: DimensionLine| {
            crate::app::DimensionShown {
                name: line.name,
                title: line.title,
                points: line.points,
                score: line.score,
            }
            .into()
        };
        let line = |(line, shown): (Line, String)| LineShown {
            title: line.title.unwrap_or_else(|| line.indicator.clone()),
            indicator: line.indicator,
            dimension: line.dimension,
            value: line.value,
            shown,
            attribute: line.attribute,
            points: line.points,
            best: line.best,
            shortfall: line.shortfall,
            share: line.shortfall_share,
        };
        let gate = |gate: GateLine| GateShown {
            name: gate.name,
            cap: gate.cap,
            reason: GateReason {
                code: gate.code,
                text: gate.text,
                advice: gate.advice,
                text_zh: gate.text_zh,
                advice_zh: gate.advice_zh,
            },
        };
        Self {
            party: it.party,
            as_of: it.as_of,
            score: trace.score,
            low: trace.low,
            high: trace.high,
            thin: it.thin,
            history: HistoryKnown {
                measure: trace.history.measure,
                value: trace.history.value,
                minimum: trace.history.minimum,
            },
            tier: it.tier.into(),
            dimensions: trace.dimensions.into_iter().map(dimension).collect(),
            steps,
            lines: trace.lines.into_iter().zip(it.shown).map(line).collect(),
            gates: trace.gates.into_iter().map(gate).collect(),
            reasons: trace.reasons.into_iter().map(ReasonShown::from).collect(),
            better: trace.better.into_iter().map(BetterShown::from).collect(),
            unknown: trace.unknown.into_iter().map(UnknownShown::from).collect(),
            versions: it.versions.into(),
        }
    }
}

/// The bars: the first is labelled `base`, a characteristic's bar with its name for people.
fn steps(trace: &Trace) -> Vec<StepShown> {
    let title = |indicator: &str| {
        let line = trace.lines.iter().find(|line| line.indicator == indicator);
        line.and_then(|line| line.title.clone()).unwrap_or_else(|| indicator.to_owned())
    };
    let step = |step: &Step| match step.kind {
        StepKind::Base => StepShown { label: "base".into(), delta: step.delta, indicator: None },
        StepKind::Characteristic => {
            StepShown { label: title(&step.name), delta: step.delta, indicator: Some(step.name.clone()) }
        }
        StepKind::Scale | StepKind::Gate => {
            StepShown { label: step.label.clone(), delta: step.delta, indicator: None }
        }
    };
    trace.steps.iter().map(step).collect()
}

impl From<Change> for ChangeShown {
    fn from(it: Change) -> Self {
        Self { to: it.to, to_zh: it.to_zh, points: it.points, score: it.score }
    }
}

impl From<ReasonGiven> for ReasonShown {
    fn from(it: ReasonGiven) -> Self {
        Self {
            code: it.code,
            text: it.text,
            advice: it.advice,
            text_zh: it.text_zh,
            advice_zh: it.advice_zh,
            indicator: it.name,
            points_lost: it.points_lost,
            change: it.change.map(ChangeShown::from),
        }
    }
}

impl From<Better> for BetterShown {
    fn from(it: Better) -> Self {
        Self {
            indicator: it.indicator,
            title: it.title,
            attribute: it.attribute,
            points: it.points,
            best: it.best,
            advice: it.advice,
            advice_zh: it.advice_zh,
            change: it.change.map(ChangeShown::from),
        }
    }
}

impl From<Unknown> for UnknownShown {
    fn from(it: Unknown) -> Self {
        Self { indicator: it.indicator, title: it.title, text: it.text, points: it.points, best: it.best }
    }
}

/// Why a party's score is what it is as of a moment, and what would change it.
#[utoipa::path(get, path = "/v1/parties/{party}/explanation", tag = "parties", operation_id = "getExplanation",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), AsOfParams),
    responses((status = 200, description = "The explanation", body = Explanation)))]
pub(crate) async fn get_explanation(
    State(site): State<Site>,
    Path(name): Path<String>,
    Params(query): Params<AsOfParams>,
) -> Answer {
    let (party, as_of) = (party(&name)?, query.moment()?);
    let explained = site.read(as_of, move |probity| probity.explain(&party, as_of)).await?;
    json(&Explanation::from(explained))
}
