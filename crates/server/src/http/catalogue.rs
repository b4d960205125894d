//! The definitions in force: event types, indicators, scorecards, tiers, and the files they stand in.

use super::answer::{Answer, bytes_of, json};
use super::params::role;
use super::problem::Failure;
use super::site::Site;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use probity_credit::event::{EventType, json_schema};
use probity_credit::indicator::{Better, Definition, Unit};
use probity_credit::score::Scorecard;
use probity_primitives::Code;
use probity_primitives::problem::shown;
use serde::Serialize;
use serde_json::json as value;
use utoipa::ToSchema;

const CATALOGUE_UNKNOWN: Code = Code::new("catalogue-unknown");

fn unknown(what: &str, name: &str) -> Failure {
    let detail = format!("the catalogue has no {what} '{}'", shown(name));
    Failure::new(StatusCode::NOT_FOUND, CATALOGUE_UNKNOWN, detail)
}

/// A file that counts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueFile {
    /// Its path.
    #[schema(example = "scorecards/merchant.toml")]
    path: String,
    /// SHA-256 of its content.
    hash: String,
}

/// What the catalogue is made of.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CatalogueFiles {
    /// The hash over all files: the catalogue's version.
    hash: String,
    /// The files, by path.
    files: Vec<CatalogueFile>,
}

/// The catalogue's files with their hashes.
#[utoipa::path(get, path = "/v1/catalogue", tag = "catalogue", operation_id = "getCatalogue",
    responses((status = 200, description = "The files", body = CatalogueFiles)))]
pub(crate) async fn get_catalogue(State(site): State<Site>) -> Answer {
    let catalogue = site.probity.catalogue();
    let file = |(path, hash): (&String, &probity_primitives::Digest)| CatalogueFile {
        path: path.clone(),
        hash: hash.to_string(),
    };
    json(&CatalogueFiles {
        hash: catalogue.hash.to_string(),
        files: catalogue.files.iter().map(file).collect(),
    })
}

/// The text of a file of the catalogue.
#[utoipa::path(get, path = "/v1/catalogue/files/{*path}", tag = "catalogue", operation_id = "getCatalogueFile",
    params(("path" = String, Path, description = "The file's path, slashes as they are", example = "scorecards/merchant.toml")),
    responses((status = 200, description = "The text, TOML", body = String, content_type = "text/plain; charset=utf-8")))]
pub(crate) async fn get_file(State(site): State<Site>, Path(path): Path<String>) -> Answer {
    let text = site.probity.catalogue().texts.get(&path).ok_or_else(|| unknown("file", &path))?;
    Ok(bytes_of("text/plain; charset=utf-8", text.clone()))
}

/// An event type in short.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypeItem {
    /// Its name.
    #[schema(example = "order.placed")]
    name: String,
    /// Its name for people.
    title: String,
    /// What it says.
    description: String,
    /// Carries a merchant: `always`, `when known` or `never`.
    merchant: &'static str,
    /// Carries a buyer, likewise.
    buyer: &'static str,
    /// Speaks against the party.
    adverse: bool,
    /// Written by Probity itself, refused from outside.
    derived: bool,
}

impl From<&EventType> for EventTypeItem {
    fn from(kind: &EventType) -> Self {
        let carried = |always: Option<bool>| match always {
            Some(true) => "always",
            Some(false) => "when known",
            None => "never",
        };
        Self {
            name: kind.name.clone(),
            title: kind.title.clone(),
            description: kind.description.clone(),
            merchant: carried(kind.merchant),
            buyer: carried(kind.buyer),
            adverse: kind.adverse,
            derived: kind.derived,
        }
    }
}

/// A list of event types.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EventTypes {
    /// In the catalogue's order.
    items: Vec<EventTypeItem>,
}

/// The event types.
#[utoipa::path(get, path = "/v1/catalogue/events", tag = "catalogue", operation_id = "listEventTypes",
    responses((status = 200, description = "The types", body = EventTypes)))]
pub(crate) async fn list_event_types(State(site): State<Site>) -> Answer {
    let types = site.probity.catalogue().vocabulary.iter();
    json(&EventTypes { items: types.map(|(_, kind)| EventTypeItem::from(kind)).collect() })
}

/// The JSON Schema of an event type.
#[utoipa::path(get, path = "/v1/catalogue/events/{type}", tag = "catalogue", operation_id = "getEventType",
    params(("type" = String, Path, description = "The type's name", example = "order.placed")),
    responses((status = 200, description = "Its JSON Schema (2020-12)", body = Object, content_type = "application/schema+json")))]
pub(crate) async fn get_event_type(State(site): State<Site>, Path(name): Path<String>) -> Answer {
    let vocabulary = &site.probity.catalogue().vocabulary;
    let kind = vocabulary.find(&name).ok_or_else(|| unknown("event type", &name))?;
    let schema = serde_json::to_vec(&json_schema(vocabulary.get(kind))).unwrap_or_default();
    Ok(bytes_of("application/schema+json", schema))
}

/// An indicator's definition.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IndicatorDefinition {
    /// Its name.
    #[schema(example = "late_shipment_rate")]
    name: String,
    /// Its name for people.
    title: String,
    /// Whose it is: `merchant` or `buyer`.
    of: &'static str,
    /// The dimension it belongs to.
    dimension: String,
    /// Its unit.
    #[schema(value_type = String, example = "share")]
    unit: Unit,
    /// `higher`, `lower` or `neutral`.
    #[schema(value_type = String, example = "lower")]
    better: Better,
    /// What it means.
    description: String,
    /// Where the idea comes from.
    source: String,
    /// The file with its whole definition: GET /v1/catalogue/files/{path}.
    #[schema(example = "indicators/merchant/fulfilment.toml")]
    file: String,
    /// Where its name stands, `file:line:column`.
    at: String,
}

impl From<&Definition> for IndicatorDefinition {
    fn from(it: &Definition) -> Self {
        Self {
            name: it.name.clone(),
            title: it.title.clone(),
            of: it.of.as_str(),
            dimension: it.dimension.clone(),
            unit: it.unit,
            better: it.better,
            description: it.description.clone(),
            source: it.source.clone(),
            file: it.file.clone(),
            at: it.at.clone(),
        }
    }
}

/// A list of indicators.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct IndicatorDefinitions {
    /// Merchants' first, in the catalogue's order.
    items: Vec<IndicatorDefinition>,
}

/// The indicators.
#[utoipa::path(get, path = "/v1/catalogue/indicators", tag = "catalogue", operation_id = "listIndicators",
    responses((status = 200, description = "The indicators", body = IndicatorDefinitions)))]
pub(crate) async fn list_indicators(State(site): State<Site>) -> Answer {
    let plan = &site.probity.catalogue().plan;
    let all = probity_credit::event::Role::ALL.into_iter().flat_map(|role| plan.definitions(role));
    json(&IndicatorDefinitions { items: all.map(IndicatorDefinition::from).collect() })
}

/// The scorecard of merchants or buyers.
#[utoipa::path(get, path = "/v1/catalogue/scorecards/{of}", tag = "catalogue", operation_id = "getScorecard",
    params(("of" = String, Path, description = "`merchant` or `buyer`", example = "merchant")),
    responses((status = 200, description = "The scorecard", body = Object)))]
pub(crate) async fn get_scorecard(State(site): State<Site>, Path(of): Path<String>) -> Answer {
    json(&scorecard(site.probity.catalogue().scorecard(role("of", &of)?)))
}

fn scorecard(card: &Scorecard) -> serde_json::Value {
    let gate = |gate: &probity_credit::score::definition::Gate| value!({"name": gate.name, "when": gate.when, "cap": gate.cap, "tier": gate.tier, "reason": gate.reason});
    value!({
        "name": card.name(),
        "of": card.of(),
        "title": card.title(),
        "reasoning": card.reasoning(),
        "hash": card.hash().to_string(),
        "base_points": card.base_points(),
        "scale": card.scale(),
        "history": card.history(),
        "dimensions": card.dimensions(),
        "characteristics": card.characteristics(),
        "gates": card.gates().iter().map(gate).collect::<Vec<_>>(),
    })
}

/// The tiers of merchants or buyers, from the worst to the best.
#[utoipa::path(get, path = "/v1/catalogue/tiers/{of}", tag = "catalogue", operation_id = "getTiers",
    params(("of" = String, Path, description = "`merchant` or `buyer`", example = "merchant")),
    responses((status = 200, description = "The tiers", body = Object)))]
pub(crate) async fn get_tiers(State(site): State<Site>, Path(of): Path<String>) -> Answer {
    let tiers = site.probity.catalogue().tiers(role("of", &of)?);
    json(&value!({"of": tiers.of(), "hash": tiers.hash().to_string(), "tiers": tiers.list()}))
}
