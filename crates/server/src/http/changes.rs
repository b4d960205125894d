//! Changes of the catalogue over HTTP: what was proposed and in force, and the steps from one to the other. The running server
//! keeps the catalogue that it started with; what is activated counts from the next start on, and every answer says so.

use super::answer::{Answer, json, json_with};
use super::body;
use super::problem::{Failure, ProblemDocument, REQUEST_INVALID};
use super::site::Site;
use crate::app::{
    Activation, AppError, Change, Changed, Probity, ProposedCatalogue, chosen_currency, report_in,
};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use probity_store::Reader;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What an activation takes.
const TAKES_EFFECT: &str = "at the next start of the server";

/// A step somebody took.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChangeItem {
    /// Counted from 1.
    number: u64,
    /// When.
    at: String,
    /// Hash of the catalogue.
    catalogue: String,
    /// Who.
    by: String,
    /// `tested`, `refused` (both proposals), `approved`, `activated`, `rolled_back`, `shadowed`, `split` or `trial_stopped`.
    what: &'static str,
    /// The note of a proposal, the reasons of a refusal, the hash of the catalogue before, the share of a split; or empty.
    detail: String,
}

/// A catalogue that was proposed or in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VersionItem {
    /// Its hash.
    catalogue: String,
    /// `tested`, `refused`, `approved`, `live` (in force from the next start on) or `retired`; missing for one that was never
    /// proposed here.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    /// When it was first in force on this folder, or first challenged what was.
    #[serde(skip_serializing_if = "Option::is_none")]
    first_used: Option<String>,
    /// The running server uses it.
    in_force: bool,
}

/// Catalogues and their changes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueVersions {
    /// The catalogues: those that were in force, the first used first, then those that were only proposed.
    versions: Vec<VersionItem>,
    /// The steps, oldest first.
    changes: Vec<ChangeItem>,
}

/// What is proposed.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Proposing {
    /// Who proposes it.
    by: String,
    /// Why.
    #[serde(default)]
    note: String,
    /// The files: path below the catalogue's folder, and text.
    texts: BTreeMap<String, String>,
}

/// Which catalogue a step is about.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Stepping {
    /// Who takes the step.
    by: String,
    /// Hash of the catalogue, or its first eight characters or more.
    catalogue: String,
}

/// Going back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GoingBack {
    /// Who goes back.
    by: String,
    /// Hash of an earlier catalogue, instead of the one before.
    #[serde(default)]
    to: Option<String>,
}

/// What came of a proposal.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Proposed {
    /// Hash of the catalogue.
    catalogue: String,
    /// `tested` or `refused`.
    state: &'static str,
    /// Why it was refused.
    reasons: Vec<String>,
}

/// What will be in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Activated {
    /// Hash of the catalogue.
    catalogue: String,
    /// The one before.
    before: String,
    /// When it takes effect.
    takes_effect: &'static str,
}

impl ChangeItem {
    pub(super) fn of(change: &Change) -> Self {
        let (what, detail) = match &change.changed {
            Changed::Tested { note } => ("tested", note.clone()),
            Changed::Refused { reasons } => ("refused", reasons.clone()),
            Changed::Approved => ("approved", String::new()),
            Changed::Activated { before, back: false } => ("activated", before.clone()),
            Changed::Activated { before, back: true } => ("rolled_back", before.clone()),
            Changed::Shadowed => ("shadowed", String::new()),
            Changed::Split { of, share } => ("split", crate::app::share_text(*share, of)),
            Changed::TrialStopped => ("trial_stopped", String::new()),
        };
        let Change { number, at, catalogue, by, .. } = change.clone();
        Self { number, at: at.to_string(), catalogue, by, what, detail }
    }
}

/// The catalogues that were proposed or in force, and the steps between them.
#[utoipa::path(get, path = "/v1/catalogue/versions", tag = "catalogue", operation_id = "listCatalogueVersions",
    responses((status = 200, description = "Catalogues and changes", body = CatalogueVersions)))]
pub(crate) async fn list_versions(State(site): State<Site>) -> Answer {
    json(&site.blocking(versions).await?)
}

fn versions(probity: &Probity) -> Result<CatalogueVersions, AppError> {
    let (changes, now) = (probity.changes()?, probity.clock.now());
    let used = probity.with_reader(|reader| Ok(reader.catalogue_versions()?))?;
    let in_force = probity.catalogue().hash.to_string();
    let state = |hash: &str| {
        let change = changes.iter().find(|change| change.catalogue == hash)?;
        Some(change.state(&changes, now)?.as_str())
    };
    let item = |catalogue: String, first_used: Option<String>| VersionItem {
        state: state(&catalogue),
        in_force: catalogue == in_force,
        catalogue,
        first_used,
    };
    let mut versions: Vec<VersionItem> = Vec::new();
    versions.extend(used.iter().map(|one| item(one.hash.to_string(), Some(one.first_used.to_string()))));
    for change in &changes {
        if versions.iter().all(|known| known.catalogue != change.catalogue) {
            versions.push(item(change.catalogue.clone(), None));
        }
    }
    Ok(CatalogueVersions { versions, changes: changes.iter().map(ChangeItem::of).collect() })
}

/// Proposes a catalogue.
///
/// It is loaded, its cases are checked, and it is kept. One whose cases do not hold is refused with the reasons.
#[utoipa::path(post, path = "/v1/catalogue/propose", tag = "catalogue", operation_id = "proposeCatalogue",
    request_body(content = Proposing, example = json!({"by": "alice", "note": "Smaller limits for new merchants", "texts": {"tiers/buyer.toml": "…"}})),
    responses((status = 200, description = "Tested, or refused with reasons", body = Proposed)))]
pub(crate) async fn propose(State(site): State<Site>, request: Request<Body>) -> Answer {
    let mut asked: Proposing = read(&site, request).await?;
    let ProposedCatalogue { catalogue, state, reasons, .. } = site
        .blocking(move |probity| {
            if let (Some(currency), _) = chosen_currency(probity.folder())? {
                report_in(&mut asked.texts, currency);
            }
            probity.propose(asked.texts, &asked.by, &asked.note)
        })
        .await?;
    json(&Proposed { catalogue, state: state.as_str(), reasons })
}

/// Approves a tested catalogue: a second person, and for 72 hours.
#[utoipa::path(post, path = "/v1/catalogue/approve", tag = "catalogue", operation_id = "approveCatalogue",
    request_body(content = Stepping, example = json!({"by": "bob", "catalogue": "5dce6e09f27a"})),
    responses(
        (status = 201, description = "Approved", body = ChangeItem),
        (status = 409, description = "It is not tested, or the same person proposed it", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn approve(State(site): State<Site>, request: Request<Body>) -> Answer {
    let asked: Stepping = read(&site, request).await?;
    let change = site.blocking(move |probity| probity.approve(&asked.catalogue, &asked.by)).await?;
    json_with(StatusCode::CREATED, &ChangeItem::of(&change))
}

/// Puts an approved catalogue in force, from the next start of the server on.
#[utoipa::path(post, path = "/v1/catalogue/activate", tag = "catalogue", operation_id = "activateCatalogue",
    request_body(content = Stepping, example = json!({"by": "bob", "catalogue": "5dce6e09f27a"})),
    responses(
        (status = 201, description = "Activated", body = Activated),
        (status = 409, description = "It is not approved, or the approval is older than 72 hours", body = ProblemDocument, content_type = "application/problem+json"),
    ))]
pub(crate) async fn activate(State(site): State<Site>, request: Request<Body>) -> Answer {
    let asked: Stepping = read(&site, request).await?;
    activated(site.blocking(move |probity| probity.activate(&asked.catalogue, &asked.by)).await?)
}

/// Goes back to a catalogue that was in force, from the next start of the server on.
#[utoipa::path(post, path = "/v1/catalogue/rollback", tag = "catalogue", operation_id = "rollBackCatalogue",
    request_body(content = GoingBack, example = json!({"by": "bob"})),
    responses((status = 201, description = "Activated", body = Activated)))]
pub(crate) async fn roll_back(State(site): State<Site>, request: Request<Body>) -> Answer {
    let asked: GoingBack = read(&site, request).await?;
    activated(site.blocking(move |probity| probity.roll_back(asked.to.as_deref(), &asked.by)).await?)
}

fn activated(activation: Activation) -> Answer {
    let Activation { catalogue, before } = activation;
    json_with(StatusCode::CREATED, &Activated { catalogue, before, takes_effect: TAKES_EFFECT })
}

pub(super) async fn read<T: DeserializeOwned>(site: &Site, request: Request<Body>) -> Result<T, Failure> {
    let (parts, body) = request.into_parts();
    let read = body::read(site, &parts.headers, body).await?;
    serde_json::from_slice(&read.bytes)
        .map_err(|error| Failure::new(StatusCode::BAD_REQUEST, REQUEST_INVALID, error.to_string()))
}
