//! One party: summary, score, indicators, history and timeline.

use super::answer::{Answer, json};
use super::cursor::Question;
use super::events::LogEvent;
use super::params::{AsOfParams, PageParams, Params, limit, party};
use super::site::Site;
use crate::app::{DimensionShown, HistoryPoint, IndicatorValue, Probity, ScoreAt, TierShown, Versions};
use axum::extract::{Path, State};
use probity_credit::indicator::{Better, Unit};
use serde::Serialize;
use utoipa::ToSchema;

/// A tier as given.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GivenTier {
    /// Its name.
    #[schema(example = "gold")]
    name: String,
    /// Its name for people.
    title: String,
    /// What decided it: `score`, `kept` (hysteresis), `thin` (little history) or `gate`.
    #[schema(example = "score")]
    by: String,
}

impl From<TierShown> for GivenTier {
    fn from(tier: TierShown) -> Self {
        Self { name: tier.name, title: tier.title, by: tier.by }
    }
}

/// A dimension's part of a score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DimensionScore {
    /// Its name.
    #[schema(example = "fulfilment")]
    name: String,
    /// Its name for people.
    title: String,
    /// Sum of its points.
    points: i32,
    /// The sub-score, on the score's scale.
    score: i32,
}

impl From<DimensionShown> for DimensionScore {
    fn from(it: DimensionShown) -> Self {
        Self { name: it.name, title: it.title, points: it.points, score: it.score }
    }
}

/// Content hashes of the definitions that made a score.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MadeBy {
    /// Of the scorecard's file.
    scorecard: String,
    /// Of all definitions.
    catalogue: String,
}

impl From<Versions> for MadeBy {
    fn from(it: Versions) -> Self {
        Self { scorecard: it.scorecard, catalogue: it.catalogue }
    }
}

/// A score as of a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Score {
    /// The party.
    #[schema(example = "merchant:m-1")]
    party: String,
    /// The moment.
    as_of: String,
    /// The score.
    #[schema(example = 642)]
    score: i32,
    /// Lower end of its confidence range.
    low: i32,
    /// Upper end of its confidence range.
    high: i32,
    /// The tier.
    tier: GivenTier,
    /// Less history than the scorecard asks for.
    thin: bool,
    /// Events that count.
    events: i64,
    /// Sub-scores.
    dimensions: Vec<DimensionScore>,
    /// What made it.
    versions: MadeBy,
}

impl From<ScoreAt> for Score {
    fn from(it: ScoreAt) -> Self {
        Self {
            party: it.party,
            as_of: it.as_of,
            score: it.score,
            low: it.low,
            high: it.high,
            tier: it.tier.into(),
            thin: it.thin,
            events: it.events,
            dimensions: it.dimensions.into_iter().map(DimensionScore::from).collect(),
            versions: it.versions.into(),
        }
    }
}

/// A party in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartySummary {
    /// The party.
    #[schema(example = "merchant:m-1")]
    party: String,
    /// `merchant` or `buyer`.
    of: &'static str,
    /// The platform's id of it.
    #[schema(example = "m-1")]
    id: String,
    /// The moment.
    as_of: String,
    /// The score.
    score: i32,
    /// Lower end of its confidence range.
    low: i32,
    /// Upper end of its confidence range.
    high: i32,
    /// The tier.
    tier: GivenTier,
    /// Less history than the scorecard asks for.
    thin: bool,
    /// Events that count.
    events: i64,
}

/// A party in short, as of a moment.
#[utoipa::path(get, path = "/v1/parties/{party}", tag = "parties", operation_id = "getParty",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), AsOfParams),
    responses((status = 200, description = "The party", body = PartySummary)))]
pub(crate) async fn get_party(
    State(site): State<Site>,
    Path(name): Path<String>,
    Params(query): Params<AsOfParams>,
) -> Answer {
    let (party, as_of) = (party(&name)?, query.moment()?);
    let (of, id) = (party.role.as_str(), party.id.to_string());
    let it = site.read_party(party, as_of, Probity::score).await?;
    json(&PartySummary {
        party: it.party,
        of,
        id,
        as_of: it.as_of,
        score: it.score,
        low: it.low,
        high: it.high,
        tier: it.tier.into(),
        thin: it.thin,
        events: it.events,
    })
}

/// A party's score as of a moment.
#[utoipa::path(get, path = "/v1/parties/{party}/score", tag = "parties", operation_id = "getScore",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), AsOfParams),
    responses((status = 200, description = "The score", body = Score)))]
pub(crate) async fn get_score(
    State(site): State<Site>,
    Path(name): Path<String>,
    Params(query): Params<AsOfParams>,
) -> Answer {
    let (party, as_of) = (party(&name)?, query.moment()?);
    let score = site.read_party(party, as_of, Probity::score).await?;
    json(&Score::from(score))
}

/// One indicator's value with what it means.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Indicator {
    /// Its name.
    #[schema(example = "late_shipment_rate")]
    name: String,
    /// Its name for people.
    title: String,
    /// The dimension it belongs to.
    dimension: String,
    /// The value; null when there is no data.
    value: Option<f64>,
    /// The value in words.
    #[schema(example = "2.5 %")]
    shown: String,
    /// The value's unit: `share`, `count`, `days`, `hours`, `money`, `rating`, `ratio` or `index`.
    #[schema(value_type = String, example = "share")]
    unit: Unit,
    /// `higher`, `lower` or `neutral`.
    #[schema(value_type = String, example = "lower")]
    better: Better,
    /// What it means.
    description: String,
}

impl From<IndicatorValue> for Indicator {
    fn from(it: IndicatorValue) -> Self {
        Self {
            name: it.name,
            title: it.title,
            dimension: it.dimension,
            value: it.value,
            shown: it.shown,
            unit: it.unit,
            better: it.better,
            description: it.description,
        }
    }
}

/// A party's indicators as of a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Indicators {
    /// The party.
    party: String,
    /// The moment.
    as_of: String,
    /// In the catalogue's order.
    indicators: Vec<Indicator>,
}

/// A party's indicators as of a moment.
#[utoipa::path(get, path = "/v1/parties/{party}/indicators", tag = "parties", operation_id = "getIndicators",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), AsOfParams),
    responses((status = 200, description = "The indicators", body = Indicators)))]
pub(crate) async fn get_indicators(
    State(site): State<Site>,
    Path(name): Path<String>,
    Params(query): Params<AsOfParams>,
) -> Answer {
    let (party, as_of) = (party(&name)?, query.moment()?);
    let it = site.read_party(party, as_of, Probity::indicators).await?;
    let indicators = it.indicators.into_iter().map(Indicator::from).collect();
    json(&Indicators { party: it.party, as_of: it.as_of, indicators })
}

/// A score on record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecordedScore {
    /// When.
    as_of: String,
    /// The score.
    score: i64,
    /// Lower end of its confidence range.
    low: i64,
    /// Upper end of its confidence range.
    high: i64,
    /// The tier's name.
    tier: String,
}

impl From<HistoryPoint> for RecordedScore {
    fn from(it: HistoryPoint) -> Self {
        Self { as_of: it.as_of, score: it.score, low: it.low, high: it.high, tier: it.tier }
    }
}

/// The scores on record.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct History {
    /// Oldest first.
    items: Vec<RecordedScore>,
}

/// A party's scores on record: one for the end of each month with news.
#[utoipa::path(get, path = "/v1/parties/{party}/history", tag = "parties", operation_id = "getHistory",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), AsOfParams),
    responses((status = 200, description = "The history", body = History)))]
pub(crate) async fn get_history(
    State(site): State<Site>,
    Path(name): Path<String>,
    Params(query): Params<AsOfParams>,
) -> Answer {
    let (party, as_of) = (party(&name)?, query.moment()?);
    let points = site.read_party(party, as_of, Probity::history).await?;
    json(&History { items: points.into_iter().map(RecordedScore::from).collect() })
}

/// A page of a party's events.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Timeline {
    /// Newest rows of the log first.
    items: Vec<LogEvent>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// A party's events, the newest first.
#[utoipa::path(get, path = "/v1/parties/{party}/timeline", tag = "parties", operation_id = "getTimeline",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), PageParams),
    responses((status = 200, description = "A page of the events", body = Timeline)))]
pub(crate) async fn get_timeline(
    State(site): State<Site>,
    Path(name): Path<String>,
    Params(query): Params<PageParams>,
) -> Answer {
    let party = party(&name)?;
    let most = limit(query.limit)?;
    let question = Question::of(&["timeline", &name]);
    let before = query.cursor.as_deref().map(|cursor| question.number(cursor)).transpose()?;
    site.settled().await;
    let page = site.blocking(move |probity| probity.timeline(&party, before, most)).await?;
    json(&Timeline {
        items: page.items.into_iter().map(LogEvent::from).collect(),
        next_cursor: page.next.map(|next| question.cursor(&next.to_string())),
    })
}
