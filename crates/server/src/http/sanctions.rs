//! Sanctions and notices: proposed, approved, appealed, ended; looked at.

use super::answer::{Answer, json, json_with};
use super::body;
use super::cursor::Question;
use super::params::{Params, limit, party};
use super::problem::{Failure, MEDIA_TYPE, PARAMETER_INVALID, ProblemDocument, REQUEST_INVALID};
use super::site::Site;
use crate::app::{
    Appeal, Approval, AsOf, Ending, Notice, Probity, Proposal, SanctionFile, SanctionShown, SanctionsOf,
    StandingShown,
};
use axum::extract::{Path, Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use probity_credit::event::Party;
use probity_primitives::problem::shown;
use probity_primitives::{Digest, Problem};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// A sanction to be proposed: against `party`, or against all of `cluster`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProposeBody {
    /// An id of your choice (A-Z a-z 0-9 - _), so that this can be sent again safely; the header `Idempotency-Key` does the same.
    id: Option<String>,
    /// Whom it is against.
    #[schema(example = "merchant:m-1")]
    party: Option<String>,
    /// Several that are linked; they are sanctioned all or none.
    cluster: Option<Vec<String>>,
    /// `limit`, `suspend` or `terminate`.
    #[schema(example = "suspend")]
    kind: String,
    /// `fraud`, `legal_order`, `rules_broken`, `risk` or `debt`; it decides the notice that is due.
    #[schema(example = "risk")]
    ground: String,
    /// Code of the reason.
    #[schema(example = "R7")]
    reason: String,
    /// Statement of reasons, as the party will be given it.
    statement: String,
    /// The most that may be open, for a limit; a decimal text in the reporting currency.
    #[schema(example = "500.00")]
    limit: Option<String>,
    /// The currency of `limit`.
    currency: Option<String>,
    /// When it ends by itself.
    ends_at: Option<String>,
    /// Who proposes it.
    #[schema(example = "ann")]
    by: String,
}

/// An approval, by another person than the proposer.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ApproveBody {
    /// `content` of the proposal: what is approved is what was read.
    content: String,
    /// Who approves it.
    #[schema(example = "bob")]
    by: String,
}

/// An appeal, by the party whom the sanction is against.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AppealBody {
    /// Who appeals.
    #[schema(example = "merchant:m-1")]
    party: String,
    /// What it says.
    statement: String,
}

/// The answer to an appeal, or a lift: by two persons.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EndBody {
    /// `appeal_upheld`, `appeal_rejected` (which leaves it in force) or `lifted`.
    #[schema(example = "appeal_upheld")]
    how: String,
    /// Why.
    statement: String,
    /// Who decides; of an appeal neither who proposed nor who approved the sanction.
    #[schema(example = "cleo")]
    decided_by: String,
    /// Who approves that: another person.
    #[schema(example = "dan")]
    approved_by: String,
}

/// A sanction as it stands at a moment. What has not happened is null.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sanction {
    /// Its id.
    id: String,
    /// The cluster that it was started for.
    cluster: Option<String>,
    /// Whom it is against.
    party: String,
    /// `proposed`, `lapsed` (not approved in time), `coming`, `in_force`, `appealed` or `ended`.
    #[schema(example = "in_force")]
    status: &'static str,
    /// It holds at the moment asked about.
    in_force: bool,
    /// `limit`, `suspend` or `terminate`.
    kind: String,
    /// `fraud`, `legal_order`, `rules_broken`, `risk` or `debt`.
    ground: String,
    /// Code of the reason.
    reason: String,
    /// Statement of reasons.
    statement: String,
    /// The most that may be open, for a limit.
    limit: Option<String>,
    /// The currency of `limit` and `open_value`.
    currency: Option<String>,
    /// `rule` or `hand`.
    cause: Option<String>,
    /// The decision whose rule started it.
    decision: Option<String>,
    /// Hash of what was proposed.
    content: Option<String>,
    /// Who proposed it.
    proposed_by: Option<String>,
    /// When.
    proposed_at: Option<String>,
    /// Until when it may be approved.
    expires_at: Option<String>,
    /// Who approved it.
    approved_by: Option<String>,
    /// When it was decided and told.
    told_at: Option<String>,
    /// When it takes effect.
    starts_at: Option<String>,
    /// When it ends by itself.
    ends_at: Option<String>,
    /// Until when the party may appeal.
    appeal_by: Option<String>,
    /// Orders that were open when it was decided; they stay owed.
    open_orders: Option<i64>,
    /// What they came to.
    open_value: Option<String>,
    /// When the party appealed.
    appealed_at: Option<String>,
    /// What it said.
    appeal: Option<String>,
    /// When it was lifted, its time had passed, or the appeal was rejected.
    answered_at: Option<String>,
    /// `lifted`, `appeal_upheld`, `appeal_rejected` or `expired`.
    how: Option<String>,
    /// Why.
    answer: Option<String>,
    /// Who decided that.
    decided_by: Option<String>,
}

impl From<SanctionShown> for Sanction {
    fn from(it: SanctionShown) -> Self {
        Self {
            id: it.id,
            cluster: it.cluster,
            party: it.party,
            status: it.status,
            in_force: it.in_force,
            kind: it.kind,
            ground: it.ground,
            reason: it.reason,
            statement: it.statement,
            limit: it.limit,
            currency: it.currency,
            cause: it.cause,
            decision: it.decision,
            content: it.content,
            proposed_by: it.proposed_by,
            proposed_at: it.proposed_at,
            expires_at: it.expires_at,
            approved_by: it.approved_by,
            told_at: it.told_at,
            starts_at: it.starts_at,
            ends_at: it.ends_at,
            appeal_by: it.appeal_by,
            open_orders: it.open_orders,
            open_value: it.open_value,
            appealed_at: it.appealed_at,
            appeal: it.appeal,
            answered_at: it.answered_at,
            how: it.how,
            answer: it.answer,
            decided_by: it.decided_by,
        }
    }
}

/// One sanction, or those of a cluster.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Sanctioned {
    /// The id: of the sanction, or of the cluster.
    id: String,
    /// The moment.
    as_of: String,
    /// Hash of what was proposed, for the approval; null when a rule started it.
    content: Option<String>,
    /// The sanctions.
    sanctions: Vec<Sanction>,
}

impl From<SanctionFile> for Sanctioned {
    fn from(it: SanctionFile) -> Self {
        let sanctions = it.sanctions.into_iter().map(Sanction::from).collect();
        Self { id: it.id, as_of: it.as_of, content: it.content, sanctions }
    }
}

/// What a party may do at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MayDo {
    /// The most that may be open, when a limit is in force.
    limit: Option<String>,
    /// Its currency.
    currency: Option<String>,
    /// It may not trade.
    suspended: bool,
    /// The relation has ended.
    terminated: bool,
}

impl From<StandingShown> for MayDo {
    fn from(it: StandingShown) -> Self {
        Self { limit: it.limit, currency: it.currency, suspended: it.suspended, terminated: it.terminated }
    }
}

/// A party's sanctions at a moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PartySanctions {
    /// The party.
    party: String,
    /// The moment.
    as_of: String,
    /// What it may do.
    standing: MayDo,
    /// All that were known, oldest first.
    sanctions: Vec<Sanction>,
}

impl From<SanctionsOf> for PartySanctions {
    fn from(it: SanctionsOf) -> Self {
        let sanctions = it.sanctions.into_iter().map(Sanction::from).collect();
        Self { party: it.party, as_of: it.as_of, standing: it.standing.into(), sanctions }
    }
}

/// A notice of the outbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct QueuedNotice {
    /// Its row in the log.
    seq: u64,
    /// Its id.
    id: String,
    /// `subject` or `members`.
    to: String,
    /// `decision`, `sanction_started`, `appeal_answered` or `sanction_ended`.
    about: String,
    /// Whom it is about.
    party: String,
    /// The sanction.
    sanction: Option<String>,
    /// The decision.
    decision: Option<String>,
    /// Since when it is to be told.
    queued_at: String,
    /// In English.
    text_en: String,
    /// In Chinese.
    text_zh: String,
}

impl From<Notice> for QueuedNotice {
    fn from(it: Notice) -> Self {
        Self {
            seq: it.seq,
            id: it.id,
            to: it.to,
            about: it.about,
            party: it.party,
            sanction: it.sanction,
            decision: it.decision,
            queued_at: it.queued_at,
            text_en: it.text_en,
            text_zh: it.text_zh,
        }
    }
}

/// A page of the outbox.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notices {
    /// Oldest first.
    items: Vec<QueuedNotice>,
    /// Where the next page begins; null at the end.
    next_cursor: Option<String>,
}

/// The moment of a question about sanctions.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StandingParams {
    /// `now` (when left out: what holds, holds now), `latest`, or a moment (RFC 3339 with offset).
    as_of: Option<String>,
}

impl StandingParams {
    fn moment(&self) -> Result<AsOf, Failure> {
        self.as_of.as_deref().map_or(Ok(AsOf::Now), |text| Ok(AsOf::parse(text)?))
    }
}

/// Which notices.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct NoticesParams {
    /// `subject` or `members`.
    #[param(example = "subject")]
    to: String,
    /// Notices on the page.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Reads a body of JSON, strictly.
async fn sent<T: DeserializeOwned>(site: &Site, request: Request) -> Result<(T, HeaderMap), Failure> {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        let detail = "this takes application/json";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, MEDIA_TYPE, detail));
    }
    let read = body::read(site, &parts.headers, body).await?;
    let value = serde_json::from_slice(&read.bytes)
        .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, REQUEST_INVALID, shown(&error.to_string())))?;
    Ok((value, parts.headers))
}

/// The parties of a proposal.
fn parties(body: &ProposeBody) -> Result<Vec<Party>, Failure> {
    let refuse = |at: String, detail: String| Failure {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        problems: vec![Problem::new(PARAMETER_INVALID, detail).at(at)],
    };
    let named = match (&body.party, &body.cluster) {
        (Some(one), None) => vec![("/party".to_owned(), one)],
        (None, Some(list)) => {
            list.iter().enumerate().map(|(n, one)| (format!("/cluster/{n}"), one)).collect()
        }
        _ => return Err(refuse("/party".into(), "name either a party or a cluster of several".into())),
    };
    let parse = |(at, text): (String, &String)| {
        Party::parse(text)
            .ok_or_else(|| refuse(at, format!("'{}' is not merchant:ID or buyer:ID", shown(text))))
    };
    named.into_iter().map(parse).collect()
}

/// The id that a header asks for: any key becomes one of ours.
fn id_of_key(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    if key.is_empty() || key.len() > 255 {
        return Err(Failure::parameter("idempotency-key", "a key has 1 to 255 bytes"));
    }
    let hash = Digest::of(&[b"sanction", key.as_bytes()]).to_string();
    Ok(Some(format!("sanc_{}", hash.get(..32).unwrap_or_default())))
}

async fn write<T: Send + 'static>(
    site: &Site,
    work: impl FnOnce(&Probity) -> Result<T, crate::app::AppError> + Send + 'static,
) -> Result<T, Failure> {
    // What timers bring belongs to what is open.
    site.settled().await;
    let result = site.blocking(move |probity| Ok(work(probity))).await?;
    site.wrote(&result);
    Ok(result?)
}

/// Proposes a sanction; it has no effect before another person approves it within 72 hours.
///
/// Sent again under the same id, it is answered with 200 and the first proposal.
#[utoipa::path(post, path = "/v1/sanctions", tag = "sanctions", operation_id = "proposeSanction",
    request_body = ProposeBody,
    responses((status = 201, description = "It is proposed", body = Sanctioned),
        (status = 200, description = "It was proposed before", body = Sanctioned),
        (status = 404, description = "A party is not known", body = ProblemDocument, content_type = "application/problem+json"),
        (status = 409, description = "The id stands for another sanction", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn propose(State(site): State<Site>, request: Request) -> Answer {
    let (body, headers) = sent::<ProposeBody>(&site, request).await?;
    let parties = parties(&body)?;
    let id = match body.id {
        Some(id) => Some(id),
        None => id_of_key(&headers)?,
    };
    let proposal = Proposal {
        id,
        parties,
        kind: body.kind,
        ground: body.ground,
        reason: body.reason,
        statement: body.statement,
        limit: body.limit,
        currency: body.currency,
        ends_at: body.ends_at,
        by: body.by,
    };
    let (file, new) = write(&site, move |probity| probity.propose_sanction(&proposal)).await?;
    json_with(if new { StatusCode::CREATED } else { StatusCode::OK }, &Sanctioned::from(file))
}

/// Approves a proposal: its sanctions start and their notices go to the outbox, all or none.
#[utoipa::path(post, path = "/v1/sanctions/{id}/approve", tag = "sanctions", operation_id = "approveSanction",
    params(("id" = String, Path, description = "The proposal", example = "s-1")), request_body = ApproveBody,
    responses((status = 200, description = "The sanctions as they start", body = Sanctioned),
        (status = 409, description = "The same person, other content, or too late", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn approve(State(site): State<Site>, Path(id): Path<String>, request: Request) -> Answer {
    let (body, _) = sent::<ApproveBody>(&site, request).await?;
    let approval = Approval { content: body.content, by: body.by };
    let file = write(&site, move |probity| probity.approve_sanction(&id, &approval)).await?;
    json(&Sanctioned::from(file))
}

/// The party appeals, once and in time; the sanction stays as it is meanwhile.
#[utoipa::path(post, path = "/v1/sanctions/{id}/appeal", tag = "sanctions", operation_id = "appealSanction",
    params(("id" = String, Path, description = "The sanction", example = "s-1")), request_body = AppealBody,
    responses((status = 200, description = "The sanction under appeal", body = Sanctioned),
        (status = 409, description = "Too late, over, or appealed before", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn appeal(State(site): State<Site>, Path(id): Path<String>, request: Request) -> Answer {
    let (body, _) = sent::<AppealBody>(&site, request).await?;
    let appeal = Appeal { party: body.party, statement: body.statement };
    let file = write(&site, move |probity| probity.appeal_sanction(&id, &appeal)).await?;
    json(&Sanctioned::from(file))
}

/// Answers an appeal, or lifts a sanction; the notices go to the outbox.
#[utoipa::path(post, path = "/v1/sanctions/{id}/end", tag = "sanctions", operation_id = "endSanction",
    params(("id" = String, Path, description = "The sanction", example = "s-1")), request_body = EndBody,
    responses((status = 200, description = "The sanction as it stands now", body = Sanctioned),
        (status = 409, description = "One person alone, somebody who was involved, no appeal, or over", body = ProblemDocument, content_type = "application/problem+json")))]
pub(crate) async fn end(State(site): State<Site>, Path(id): Path<String>, request: Request) -> Answer {
    let (body, _) = sent::<EndBody>(&site, request).await?;
    let ending = Ending {
        how: body.how,
        statement: body.statement,
        decided_by: body.decided_by,
        approved_by: body.approved_by,
    };
    let file = write(&site, move |probity| probity.end_sanction(&id, &ending)).await?;
    json(&Sanctioned::from(file))
}

/// A sanction, or those of a cluster, as of a moment.
#[utoipa::path(get, path = "/v1/sanctions/{id}", tag = "sanctions", operation_id = "getSanction",
    params(("id" = String, Path, description = "A sanction or a cluster", example = "s-1"), StandingParams),
    responses((status = 200, description = "It", body = Sanctioned)))]
pub(crate) async fn get_sanction(
    State(site): State<Site>,
    Path(id): Path<String>,
    Params(query): Params<StandingParams>,
) -> Answer {
    let as_of = query.moment()?;
    json(&Sanctioned::from(site.blocking(move |probity| probity.sanction(&id, as_of)).await?))
}

/// A party's sanctions and what it may do as of a moment. Neither score nor tier change by them.
#[utoipa::path(get, path = "/v1/parties/{party}/sanctions", tag = "sanctions", operation_id = "getSanctions",
    params(("party" = String, Path, description = "`merchant:ID` or `buyer:ID`", example = "merchant:m-1"), StandingParams),
    responses((status = 200, description = "They", body = PartySanctions)))]
pub(crate) async fn get_sanctions(
    State(site): State<Site>,
    Path(name): Path<String>,
    Params(query): Params<StandingParams>,
) -> Answer {
    let (party, as_of) = (party(&name)?, query.moment()?);
    json(&PartySanctions::from(site.blocking(move |probity| probity.sanctions_of(&party, as_of)).await?))
}

/// The outbox: what has to be told, oldest first.
#[utoipa::path(get, path = "/v1/notices", tag = "sanctions", operation_id = "listNotices", params(NoticesParams),
    responses((status = 200, description = "A page of notices", body = Notices)))]
pub(crate) async fn list_notices(State(site): State<Site>, Params(query): Params<NoticesParams>) -> Answer {
    if !matches!(query.to.as_str(), "subject" | "members") {
        let detail = format!("'{}' is neither subject nor members", shown(&query.to));
        return Err(Failure::parameter("to", detail));
    }
    let most = limit(query.limit)?;
    let question = Question::of(&["notices", &query.to]);
    let cursor = query.cursor.filter(|cursor| !cursor.is_empty());
    let after = cursor.map(|cursor| question.number(&cursor)).transpose()?.unwrap_or(0);
    let page = site.blocking(move |probity| probity.outbox(&query.to, after, most)).await?;
    json(&Notices {
        items: page.items.into_iter().map(QueuedNotice::from).collect(),
        next_cursor: page.next.map(|next| question.cursor(&next.to_string())),
    })
}
