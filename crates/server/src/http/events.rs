//! Events as they stand in the log, and inputs that were set aside.

use super::answer::{Answer, json};
use super::cursor::Question;
use super::ingest::USUAL_SOURCE;
use super::params::{PageParams, Params, limit};
use super::site::Site;
use crate::app::EventRow;
use axum::extract::{Path, State};
use probity_store::Reader;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// An event as it stands in the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogEvent {
    /// Its row.
    seq: u64,
    /// Its id.
    #[schema(example = "e-1")]
    id: String,
    /// Its type.
    #[schema(example = "order.placed")]
    r#type: String,
    /// The type's title.
    title: String,
    /// When it happened.
    occurred_at: String,
    /// When the platform knew it.
    known_at: String,
    /// When the log took it.
    recorded_at: String,
    /// The whole event in the form in which it is sent.
    #[schema(value_type = Object)]
    fields: serde_json::Value,
    /// `retracted` or `disputed` when another event leaves it out.
    mark: Option<&'static str>,
    /// The other party, in a party's timeline.
    counterparty: Option<String>,
}

impl From<EventRow> for LogEvent {
    fn from(row: EventRow) -> Self {
        Self {
            seq: row.seq,
            id: row.id,
            r#type: row.r#type,
            title: row.title,
            occurred_at: row.occurred_at,
            known_at: row.known_at,
            recorded_at: row.recorded_at,
            fields: row.fields,
            mark: row.mark,
            counterparty: row.counterparty,
        }
    }
}

/// A stretch of the log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct LogPage {
    /// Events, oldest first.
    items: Vec<LogEvent>,
    /// Where the next stretch begins; null at the end of the log.
    next_cursor: Option<String>,
}

/// The source of an event.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SourceParams {
    /// The system that told of it.
    #[param(default = "api")]
    source: Option<String>,
}

/// The log, oldest events first.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "listEvents", params(PageParams),
    responses((status = 200, description = "A stretch of the log", body = LogPage)))]
pub(crate) async fn list_events(State(site): State<Site>, Params(query): Params<PageParams>) -> Answer {
    let most = limit(query.limit)?;
    let question = Question::of(&["events"]);
    let from = query.cursor.as_deref().map_or(Ok(1), |cursor| question.number(cursor))?;
    let mut rows = site.blocking(move |probity| probity.events(from, most + 1)).await?;
    let next = if rows.len() > most { rows.pop() } else { None };
    let next_cursor = next.map(|row| question.cursor(&row.seq.to_string()));
    json(&LogPage { items: rows.into_iter().map(LogEvent::from).collect(), next_cursor })
}

/// One event by its source and id.
#[utoipa::path(get, path = "/v1/events/{id}", tag = "events", operation_id = "getEvent",
    params(("id" = String, Path, description = "The event's id", example = "e-1"), SourceParams),
    responses((status = 200, description = "The event", body = LogEvent)))]
pub(crate) async fn get_event(
    State(site): State<Site>,
    Path(id): Path<String>,
    Params(query): Params<SourceParams>,
) -> Answer {
    let source = query.source.unwrap_or_else(|| USUAL_SOURCE.to_owned());
    let row = site.blocking(move |probity| probity.event(&source, &id)).await?;
    json(&LogEvent::from(row))
}

/// An input that could not be taken.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Aside {
    /// Its number.
    number: u64,
    /// Where it came from.
    source: String,
    /// Its line or place there, from 1; 0 when the whole is meant.
    line: u64,
    /// Code of the refusal.
    #[schema(example = "event-in-future")]
    code: String,
    /// The refusal in words.
    reason: String,
    /// The input itself, cut when it is long; empty when it may not be kept.
    content: String,
    /// When it was set aside.
    at: String,
}

/// A page of inputs that were set aside.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AsidePage {
    /// Oldest first.
    items: Vec<Aside>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// Inputs that could not be taken, oldest first, each with the reason.
#[utoipa::path(get, path = "/v1/set-aside", tag = "events", operation_id = "listSetAside", params(PageParams),
    responses((status = 200, description = "A page of them", body = AsidePage)))]
pub(crate) async fn list_set_aside(State(site): State<Site>, Params(query): Params<PageParams>) -> Answer {
    let most = limit(query.limit)?;
    let question = Question::of(&["set-aside"]);
    let after = query.cursor.as_deref().map_or(Ok(0), |cursor| question.number(cursor))?;
    let mut rows = site
        .blocking(move |probity| probity.with_reader(|reader| Ok(reader.set_asides(after, most + 1)?)))
        .await?;
    let more = rows.len() > most;
    rows.truncate(most);
    let next_cursor = rows.last().filter(|_| more).map(|(number, _)| question.cursor(&number.to_string()));
    let items = rows.into_iter().map(|(number, row)| Aside {
        number,
        source: row.source,
        line: row.line,
        code: row.code,
        reason: row.reason,
        content: String::from_utf8_lossy(&row.content).into_owned(),
        at: row.at.to_string(),
    });
    json(&AsidePage { items: items.collect(), next_cursor })
}
