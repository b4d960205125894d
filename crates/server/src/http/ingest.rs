//! Taking events in: one, a list, or CloudEvents of both kinds. What cannot be taken is set aside, item by item.

use super::answer::{Answer, json, json_with};
use super::body;
use super::metrics::Became;
use super::params::Params;
use super::problem::{BATCH_TOO_LARGE, ErrorItem, Failure, MEDIA_TYPE, ProblemDocument};
use super::site::Site;
use crate::app::{Content, Outcome, Place, Prepared, Settling, kept, reason, with_source};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use probity_credit::event::{Arrival, EVENT_JSON, Flat, flatten_cloudevent};
use probity_primitives::problem::shown;
use probity_primitives::{ExternalId, Problem};
use probity_store::SetAside;
use serde::de::{Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use utoipa::{IntoParams, ToSchema};

/// The most events of one request.
pub(crate) const MOST_EVENTS: usize = 5_000;
/// The source of events that name none, in a request that names none.
pub(crate) const USUAL_SOURCE: &str = "api";

/// How events come in.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct IngestParams {
    /// Stands in for events that name no source themselves.
    #[param(default = "api")]
    source: Option<String>,
    /// `live`: told as it happens, so an event without `known_at` is known now. `history`: a past told afterwards, known
    /// when it occurred; timers wait until it is over.
    #[param(default = "live")]
    arrival: Option<String>,
    /// `1`: list only the items of a batch that were not taken.
    brief: Option<String>,
}

/// What became of one event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTaken {
    /// `taken` or `duplicate`.
    #[schema(example = "taken")]
    status: &'static str,
    /// Its row in the log.
    #[schema(example = 1284114)]
    seq: u64,
}

/// What became of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BatchTaken {
    /// Events that went into the log now.
    #[schema(example = 498)]
    taken: u64,
    /// Events that stood there already, word for word.
    #[schema(example = 1)]
    duplicates: u64,
    /// Events that were refused and set aside.
    #[schema(example = 1)]
    refused: u64,
    /// One by one, in the order of the batch.
    items: Vec<ItemTaken>,
}

/// What became of one event of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ItemTaken {
    /// Its place in the batch, from 0.
    index: usize,
    /// `taken`, `duplicate`, `conflict` (the id stands for another event) or `refused`.
    #[schema(example = "taken")]
    status: &'static str,
    /// The row in the log: its own, or that of the event that stood there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    /// Why it was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    problems: Vec<ErrorItem>,
}

/// The forms in which a body may come.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Our own: an object or a list.
    Own,
    /// One structured CloudEvent.
    Cloud,
    /// A list of them.
    CloudBatch,
}

impl Form {
    fn of(content_type: Option<&str>) -> Option<Self> {
        let kind = content_type?.split(';').next()?.trim();
        let is = |name: &str| kind.eq_ignore_ascii_case(name);
        if is("application/json") {
            Some(Self::Own)
        } else if is("application/cloudevents+json") {
            Some(Self::Cloud)
        } else if is("application/cloudevents-batch+json") {
            Some(Self::CloudBatch)
        } else {
            None
        }
    }
}

/// How the events of one request are to be read.
struct Reading<'a> {
    site: &'a Site,
    form: Form,
    source: &'a str,
    arrival: Arrival,
}

impl Reading<'_> {
    fn event(&self, line: u64, json: &[u8]) -> Result<Prepared, Vec<Problem>> {
        let flat = Flat::from_json(json).map_err(|problem| vec![problem])?;
        let flat = match self.form {
            Form::Own => flat,
            Form::Cloud | Form::CloudBatch => flatten_cloudevent(flat).map_err(|problem| vec![problem])?,
        };
        let prepared = self.site.probity.prepare(flat, self.source, self.arrival)?;
        let place = Place { source: self.place().into(), line, lasting: false };
        Ok(Prepared { place: Some(place), ..prepared })
    }

    /// Where set-aside events of this request come from.
    fn place(&self) -> String {
        match self.arrival {
            Arrival::Live => format!("POST /v1/events ({})", self.source),
            Arrival::History => format!("POST /v1/events?arrival=history ({})", self.source),
        }
    }

    fn settling(&self) -> Settling {
        match self.arrival {
            Arrival::Live => Settling::Soon,
            Arrival::History => Settling::Later,
        }
    }

    /// What is kept of a refused event. What may not be kept is not kept here either.
    fn aside(&self, line: u64, json: &[u8], problems: &[Problem]) -> SetAside {
        let sourceless = Flat::from_json(json).is_ok_and(|flat| flat.get("source").is_none());
        let content = match std::str::from_utf8(json) {
            Ok(text) if sourceless => Cow::Owned(with_source(text, self.source).into_bytes()),
            _ => Cow::Borrowed(json),
        };
        SetAside {
            source: self.place(),
            line,
            code: problems.first().map_or(EVENT_JSON, |problem| problem.code).to_string(),
            reason: reason(problems),
            content: kept(self.site.probity.catalogue(), Content::Json(&content)),
            at: self.site.probity.clock.now(),
        }
    }

    async fn set_aside(&self, items: Vec<SetAside>) -> Result<(), Failure> {
        if items.is_empty() {
            return Ok(());
        }
        self.site.metrics.events(Became::Refused, items.len() as u64);
        let result = self.site.probity.set_aside(items).await;
        self.site.wrote(&result);
        Ok(result?)
    }

    async fn take(&self, items: Vec<Prepared>) -> Result<Vec<Outcome>, Failure> {
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let outcomes = self.site.take(items, self.settling()).await?;
        if self.arrival == Arrival::History {
            self.site.waiting.told(self.site.probity.clock.now());
        }
        Ok(outcomes)
    }
}

/// Takes events in.
///
/// The answer comes when they are on disk. Each counts once: the same id and source with the same content is a
/// duplicate and changes nothing; with another content it is a conflict, and the first stands. In a batch every item
/// is taken or refused by itself.
#[utoipa::path(
    post, path = "/v1/events", tag = "events", operation_id = "takeEvents", params(IngestParams),
    request_body(
        description = "One event, or a list of at most 5,000. Its fields are those of its type: GET /v1/catalogue/events/{type}. May be compressed with gzip or deflate; 16 MiB at most after decompression.",
        content(
            (serde_json::Value = "application/json", example = json!({"id": "e-1", "source": "shop", "type": "order.placed", "occurred_at": "2018-01-01T12:00:00Z", "merchant": "m-1", "buyer": "b-1", "order": "o-1", "value": "12.30", "currency": "BRL"})),
            (serde_json::Value = "application/cloudevents+json", example = json!({"specversion": "1.0", "id": "e-1", "source": "shop", "type": "order.placed", "time": "2018-01-01T12:00:00Z", "data": {"merchant": "m-1", "buyer": "b-1", "order": "o-1", "value": "12.30", "currency": "BRL"}})),
            (Vec<serde_json::Value> = "application/cloudevents-batch+json"),
        )
    ),
    responses(
        (status = 200, description = "A batch, all of it taken or there before; or one event that was there before", body = BatchTaken),
        (status = 201, description = "One event, taken", body = EventTaken),
        (status = 207, description = "A batch of which some items were refused", body = BatchTaken),
        (status = 409, description = "One event whose id stands for another event", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn take_events(
    State(site): State<Site>,
    Params(query): Params<IngestParams>,
    request: Request,
) -> Answer {
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let form = Form::of(content_type).ok_or_else(|| {
        let detail = format!(
            "the content type '{}' is not understood; send application/json, application/cloudevents+json or application/cloudevents-batch+json",
            shown(content_type.unwrap_or("none"))
        );
        Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, MEDIA_TYPE, detail)
    })?;
    let source = query.source.as_deref().unwrap_or(USUAL_SOURCE);
    if let Err(problem) = ExternalId::try_new(source) {
        return Err(Failure { status: StatusCode::BAD_REQUEST, problems: vec![problem.at("/source")] });
    }
    let arrival = match query.arrival.as_deref() {
        None | Some("live") => Arrival::Live,
        Some("history") => Arrival::History,
        Some(other) => {
            let detail = format!("'{}' is neither live nor history", shown(other));
            return Err(Failure::parameter("arrival", detail));
        }
    };
    let brief = match query.brief.as_deref() {
        None | Some("0" | "false") => false,
        Some("" | "1" | "true") => true,
        Some(other) => {
            return Err(Failure::parameter("brief", format!("'{}' is neither 1 nor 0", shown(other))));
        }
    };
    // Held until the events are on disk: its room is what keeps memory bounded.
    let read = body::read(&site, &parts.headers, body).await?;
    let reading = Reading { site: &site, form, source, arrival };
    let is_list = read.bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    match (form, is_list) {
        (Form::Own | Form::CloudBatch, true) => take_batch(&reading, &read.bytes, brief).await,
        (Form::Own | Form::Cloud, false) => take_one(&reading, &read.bytes).await,
        (Form::Cloud, true) => {
            Err(malformed("one CloudEvent is an object; send a list as application/cloudevents-batch+json"))
        }
        (Form::CloudBatch, false) => Err(malformed("a batch of CloudEvents is a list")),
    }
}

fn malformed(detail: &str) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, EVENT_JSON, detail)
}

async fn take_one(reading: &Reading<'_>, body: &[u8]) -> Answer {
    reading.site.metrics.batch(1);
    let prepared = match reading.event(0, body) {
        Ok(prepared) => prepared,
        Err(problems) => {
            let unreadable = problems.iter().any(|problem| problem.code == EVENT_JSON);
            if unreadable {
                return Err(Failure { status: StatusCode::BAD_REQUEST, problems });
            }
            reading.set_aside(vec![reading.aside(0, body, &problems)]).await?;
            return Err(Failure { status: StatusCode::UNPROCESSABLE_ENTITY, problems });
        }
    };
    match reading.take(vec![prepared]).await?.pop() {
        Some(Outcome::Taken(seq)) => json_with(StatusCode::CREATED, &EventTaken { status: "taken", seq }),
        Some(Outcome::Duplicate(seq)) => json(&EventTaken { status: "duplicate", seq }),
        Some(Outcome::Conflict(_, problem)) => {
            Err(Failure { status: StatusCode::CONFLICT, problems: vec![problem] })
        }
        Some(Outcome::Refused(problem)) => {
            Err(Failure { status: StatusCode::UNPROCESSABLE_ENTITY, problems: vec![problem] })
        }
        None => Err(Failure::internal("the keeper gave no outcome")),
    }
}

async fn take_batch(reading: &Reading<'_>, body: &[u8], brief: bool) -> Answer {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let split = deserializer.deserialize_seq(ListVisitor).and_then(|list| {
        deserializer.end()?;
        Ok(list)
    });
    let items = match split {
        Ok(items) => items,
        Err(error) if error.to_string().starts_with(TOO_MANY) => return Err(too_many()),
        Err(error) => return Err(malformed(&error.to_string())),
    };
    reading.site.metrics.batch(items.len());
    let mut ready = Vec::with_capacity(items.len());
    let mut refused: Vec<(usize, Vec<Problem>)> = Vec::new();
    let mut aside = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let json = item.get().as_bytes();
        match reading.event(index as u64 + 1, json) {
            Ok(prepared) => ready.push(prepared),
            Err(problems) => {
                aside.push(reading.aside(index as u64 + 1, json, &problems));
                refused.push((index, problems));
            }
        }
    }
    reading.set_aside(aside).await?;
    let outcomes = reading.take(ready).await?;
    batch_answer(items.len(), outcomes, refused, brief)
}

const TOO_MANY: &str = "more than 5,000 events";

fn too_many() -> Failure {
    let detail = format!("{TOO_MANY} in one batch; send several batches");
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, BATCH_TOO_LARGE, detail)
}

/// Puts outcomes and refusals back into the order of the batch.
fn batch_answer(
    count: usize,
    outcomes: Vec<Outcome>,
    refused: Vec<(usize, Vec<Problem>)>,
    brief: bool,
) -> Answer {
    let mut answer = BatchTaken { taken: 0, duplicates: 0, refused: 0, items: Vec::new() };
    answer.items.reserve(if brief { refused.len() } else { count });
    let mut outcomes = outcomes.into_iter();
    let mut refused = refused.into_iter().peekable();
    for index in 0..count {
        let item = |status, seq, problems: &[Problem]| ItemTaken {
            index,
            status,
            seq,
            problems: problems.iter().map(ErrorItem::from).collect(),
        };
        if let Some((_, problems)) = refused.next_if(|(place, _)| *place == index) {
            answer.refused += 1;
            answer.items.push(item("refused", None, &problems));
            continue;
        }
        match outcomes.next() {
            Some(Outcome::Taken(seq)) => {
                answer.taken += 1;
                if !brief {
                    answer.items.push(item("taken", Some(seq), &[]));
                }
            }
            Some(Outcome::Duplicate(seq)) => {
                answer.duplicates += 1;
                answer.items.push(item("duplicate", Some(seq), &[]));
            }
            Some(Outcome::Conflict(seq, problem)) => {
                answer.refused += 1;
                answer.items.push(item("conflict", Some(seq), &[problem]));
            }
            Some(Outcome::Refused(problem)) => {
                answer.refused += 1;
                answer.items.push(item("refused", None, &[problem]));
            }
            None => return Err(Failure::internal("the keeper gave fewer outcomes than events")),
        }
    }
    let status = if answer.refused > 0 { StatusCode::MULTI_STATUS } else { StatusCode::OK };
    json_with(status, &answer)
}

/// A list of items with their own bytes; too many are noticed before they take memory.
struct ListVisitor;

impl<'de> Visitor<'de> for ListVisitor {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of events")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::with_capacity(512);
        while let Some(item) = list.next_element::<&'de RawValue>()? {
            if items.len() == MOST_EVENTS {
                return Err(serde::de::Error::custom(TOO_MANY));
            }
            items.push(item);
        }
        Ok(items)
    }
}
