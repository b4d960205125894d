//! Decisions: asked for, looked at, closed, made again.

use super::answer::{Answer, json, json_with};
use super::body;
use super::cursor::Question;
use super::decision_shape::{Decision, DecisionAsked, unreadable};
use super::frame::REQUEST_ID;
use super::params::{PageParams, Params, limit, party as party_of};
use super::problem::{BATCH_TOO_LARGE, ErrorItem, Failure, ProblemDocument};
use super::site::Site;
use crate::app::{Asked, Closing, Decided, starts_any};
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use probity_primitives::{ExternalId, Money};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// The most requests of one batch.
const MOST_ASKED: usize = 500;

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Asks for a decision.
///
/// The answer is on record before it is sent. An approval that holds an amount counts against the limits of both parties
/// until it is confirmed, released or too old; a key makes sure that a request that is repeated is answered once: the same
/// key with the same body brings the first answer again (`Idempotency-Replayed: true`), with another body it is refused.
/// Keys stand for 30 days. A party that no event names is no error: it is answered by the terms of newcomers.
#[utoipa::path(
    post, path = "/v1/decisions", tag = "decisions", operation_id = "decide",
    params(("Idempotency-Key" = Option<String>, Header, description = "Required where an approval holds an amount (payment, credit_line): 1 to 128 of A-Z a-z 0-9 . _ : @ - /", example = "k-1")),
    request_body(content = DecisionAsked, example = json!({"kind": "payment", "merchant": "m-1", "buyer": "b-1", "amount": "12.30", "order": "o-1"})),
    responses((status = 200, description = "The answer", body = Decision)))]
pub(crate) async fn decide(State(site): State<Site>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let read = body::read(&site, &parts.headers, body).await?;
    let (own_key, form) = DecisionAsked::read(&read.bytes)?.form();
    let key = text(&parts.headers, &KEY).or(own_key);
    let trace = text(&parts.headers, &REQUEST_ID).unwrap_or_default();
    let asked = site.probity.asked(&form, key.as_deref(), &trace)?;
    let decided = ask(&site, vec![asked]).await?.pop();
    let decided = decided.ok_or_else(|| Failure::internal("the keeper gave no answer"))??;
    let mut response = json(&Decision::of(&decided.record, site.probity.catalogue().rates.reporting))?;
    if decided.replayed {
        response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

async fn ask(site: &Site, asked: Vec<Asked>) -> Result<Vec<Result<Decided, Failure>>, Failure> {
    let result = site.probity.decide(asked, site.options.decide_before_recording).await;
    site.wrote(&result);
    let mut decided = result?;
    if starts_any(&decided) {
        decided = site.blocking(move |probity| probity.start_sanctions(&decided).map(|()| decided)).await?;
    }
    Ok(decided.into_iter().map(|one| one.map_err(Failure::from)).collect())
}

/// What became of one request of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionItem {
    /// Its place in the batch, from 0.
    index: usize,
    /// The answer, if there is one.
    decision: Option<Decision>,
    /// The answer was given before, to the same request.
    replayed: bool,
    /// Why it was refused.
    problems: Vec<ErrorItem>,
}

/// The answers of a batch.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionBatch {
    /// One by one, in the order of the batch.
    items: Vec<DecisionItem>,
}

/// Asks for up to 500 decisions.
///
/// Each is answered or refused by itself, in order, and each carries its key in `key`.
#[utoipa::path(
    post, path = "/v1/decisions/batch", tag = "decisions", operation_id = "decideBatch",
    request_body(content = Vec<DecisionAsked>, example = json!([{"kind": "payout", "merchant": "m-1", "amount": "12.30"}])),
    responses(
        (status = 200, description = "All were answered", body = DecisionBatch),
        (status = 207, description = "Some were refused", body = DecisionBatch),
    ))]
pub(crate) async fn decide_batch(State(site): State<Site>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let read = body::read(&site, &parts.headers, body).await?;
    let trace = text(&parts.headers, &REQUEST_ID).unwrap_or_default();
    let items: Vec<&RawValue> = serde_json::from_slice(&read.bytes).map_err(|error| unreadable(&error))?;
    if items.len() > MOST_ASKED {
        let detail = format!("more than {MOST_ASKED} requests in one batch; send several batches");
        return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, BATCH_TOO_LARGE, detail));
    }
    let (mut asked, mut checked) = (Vec::new(), Vec::with_capacity(items.len()));
    for item in items {
        let read = DecisionAsked::read(item.get().as_bytes()).and_then(|item| {
            let (key, form) = item.form();
            Ok(site.probity.asked(&form, key.as_deref(), &trace)?)
        });
        checked.push(read.map(|one| asked.push(one)));
    }
    let mut answers = if asked.is_empty() { Vec::new() } else { ask(&site, asked).await? }.into_iter();
    let currency = site.probity.catalogue().rates.reporting;
    let mut items = Vec::with_capacity(checked.len());
    for (index, checked) in checked.into_iter().enumerate() {
        let missing = || Err(Failure::internal("the keeper gave fewer answers than requests"));
        let answer = checked.and_then(|()| answers.next().unwrap_or_else(missing));
        items.push(match answer {
            Ok(decided) => DecisionItem {
                index,
                decision: Some(Decision::of(&decided.record, currency)),
                replayed: decided.replayed,
                problems: Vec::new(),
            },
            Err(failure) => DecisionItem {
                index,
                decision: None,
                replayed: false,
                problems: failure.problems.iter().map(ErrorItem::from).collect(),
            },
        });
    }
    let refused = items.iter().any(|item| item.decision.is_none());
    json_with(if refused { StatusCode::MULTI_STATUS } else { StatusCode::OK }, &DecisionBatch { items })
}

/// A decision and what became of it.
#[utoipa::path(get, path = "/v1/decisions/{id}", tag = "decisions", operation_id = "getDecision",
    params(("id" = String, Path, description = "The decision's id", example = "dec_e7dd7a3d766dcebbbabd4e0360faffd3")),
    responses((status = 200, description = "The decision", body = Decision)))]
pub(crate) async fn get_decision(State(site): State<Site>, Path(id): Path<String>) -> Answer {
    shown(&site, id).await
}

async fn shown(site: &Site, id: String) -> Answer {
    site.settled().await;
    let state = site.blocking(move |probity| probity.decision(&id)).await?;
    json(&Decision::now(&state, site.probity.catalogue().rates.reporting))
}

/// What an approval was used for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Confirmation {
    /// The order (for credit: the line) that used it, if the request did not name it. Its amount stays held until its
    /// payment is told, for at most seven days; without an order it is let go of at once.
    order: Option<String>,
}

/// An approval was used.
///
/// Confirming again changes nothing. The payment of its order (`order.paid`, `credit.drawn`) confirms an approval by itself.
#[utoipa::path(post, path = "/v1/decisions/{id}/confirm", tag = "decisions", operation_id = "confirmDecision",
    params(("id" = String, Path, description = "The decision's id")),
    request_body(content = Option<Confirmation>),
    responses(
        (status = 200, description = "It is confirmed", body = Decision),
        (status = 409, description = "It holds nothing, or ended otherwise", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn confirm(State(site): State<Site>, Path(id): Path<String>, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let read = body::read(&site, &parts.headers, body).await?;
    let confirmation: Confirmation = if read.bytes.is_empty() {
        Confirmation::default()
    } else {
        serde_json::from_slice(&read.bytes).map_err(|error| unreadable(&error))?
    };
    let order = confirmation.order.as_deref().map(ExternalId::try_new).transpose();
    let order = order.map_err(|problem| Failure {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        problems: vec![problem.at("/order")],
    })?;
    close(&site, id, Closing::Confirmed, order).await
}

/// An approval is given up; what it held is free again.
#[utoipa::path(post, path = "/v1/decisions/{id}/release", tag = "decisions", operation_id = "releaseDecision",
    params(("id" = String, Path, description = "The decision's id")),
    responses(
        (status = 200, description = "It is released", body = Decision),
        (status = 409, description = "It holds nothing, or ended otherwise", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn release(State(site): State<Site>, Path(id): Path<String>) -> Answer {
    close(&site, id, Closing::Released, None).await
}

async fn close(site: &Site, id: String, how: Closing, order: Option<ExternalId>) -> Answer {
    let result = site.probity.close_decision(id.clone(), how, order).await;
    site.wrote(&result);
    result?;
    shown(site, id).await
}

/// What came of making a decision again.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionReplay {
    /// The decision.
    decision: String,
    /// From what was recorded, the policy that made it gives the same outcome, terms and rules, to the last digit.
    same_answer: bool,
    /// The log gives the same scores, tiers and indicators as of its moment.
    same_seen: bool,
    /// What came out differently.
    differences: Vec<String>,
}

/// Makes a decision again, under the definitions that made it, and says whether it comes out the same.
#[utoipa::path(post, path = "/v1/decisions/{id}/replay", tag = "decisions", operation_id = "replayDecision",
    params(("id" = String, Path, description = "The decision's id")),
    responses((status = 200, description = "What came of it", body = DecisionReplay)))]
pub(crate) async fn replay(State(site): State<Site>, Path(id): Path<String>) -> Answer {
    let replayed = site.blocking(move |probity| probity.replay_decision(&id)).await?;
    json(&DecisionReplay {
        decision: replayed.decision,
        same_answer: replayed.same_answer,
        same_seen: replayed.same_seen,
        differences: replayed.differences,
    })
}

/// A page of a party's decisions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionList {
    /// Newest first.
    items: Vec<Decision>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// A party's decisions, newest first.
#[utoipa::path(get, path = "/v1/parties/{party}/decisions", tag = "decisions", operation_id = "listDecisions",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), PageParams),
    responses((status = 200, description = "A page of them", body = DecisionList)))]
pub(crate) async fn list_decisions(
    State(site): State<Site>,
    Path(party): Path<String>,
    Params(query): Params<PageParams>,
) -> Answer {
    let most = limit(query.limit)?;
    let question = Question::of(&["decisions", &party]);
    let party = party_of(&party)?;
    let before = query.cursor.as_deref().map(|cursor| question.number(cursor)).transpose()?;
    site.settled().await;
    let page = site.blocking(move |probity| probity.decisions(&party, before, most)).await?;
    let currency = site.probity.catalogue().rates.reporting;
    let items = page.items.iter().map(|state| Decision::now(state, currency)).collect();
    json(&DecisionList { items, next_cursor: page.next.map(|row| question.cursor(&row.to_string())) })
}

/// What a party has open, against what it may.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Exposure {
    /// The party.
    party: String,
    /// The moment.
    at: String,
    /// What is open: undelivered paid orders, credit drawn, open claims, and what approvals hold.
    #[schema(example = "120.00")]
    open: String,
    /// The most that may be open: of its tier, or of a sanction when that is lower.
    #[schema(example = "2500.00")]
    limit: String,
    /// Currency of both.
    currency: String,
    /// Its tier.
    tier: String,
}

/// What a party has open now.
#[utoipa::path(get, path = "/v1/parties/{party}/exposure", tag = "decisions", operation_id = "getExposure",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1")),
    responses((status = 200, description = "What is open", body = Exposure)))]
pub(crate) async fn get_exposure(State(site): State<Site>, Path(party): Path<String>) -> Answer {
    let party = party_of(&party)?;
    site.settled().await;
    let open = site.probity.exposure(&party).await?;
    let of = site.blocking(move |probity| probity.exposure_of(&party, open)).await?;
    let currency = site.probity.catalogue().rates.reporting;
    let text = |minor: i64| Money { minor, currency }.decimal();
    json(&Exposure {
        party: of.party,
        at: of.at,
        open: text(of.open),
        limit: text(of.limit),
        currency: currency.to_string(),
        tier: of.tier,
    })
}
