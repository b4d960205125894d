//! What those who run the server ask: is it alive, is it ready, what does it do.

use super::answer::{Answer, bytes_of, json};
use super::metrics::{Gauges, Moved, resident_bytes};
use super::problem::{BUSY, Failure, NOT_FOUND};
use super::site::Site;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use include_dir::{Dir, include_dir};
use probity_credit::event::Role;
use probity_primitives::problem::shown;
use probity_store::Reader;
use serde::Serialize;
use utoipa::ToSchema;

static ERROR_PAGES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../docs/errors");

/// A state.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Standing {
    /// `alive` or `ready`.
    #[schema(example = "alive")]
    status: &'static str,
}

/// Answers as long as the process runs; touches nothing else.
#[utoipa::path(get, path = "/livez", tag = "operations", operation_id = "livez",
    responses((status = 200, description = "It runs", body = Standing)))]
pub(crate) async fn livez() -> Answer {
    json(&Standing { status: "alive" })
}

/// Answers 200 when the store reads and its last write did not fail, 503 otherwise.
#[utoipa::path(get, path = "/readyz", tag = "operations", operation_id = "readyz",
    responses((status = 200, description = "It takes events and answers questions", body = Standing)))]
pub(crate) async fn readyz(State(site): State<Site>) -> Answer {
    let read = site.blocking(|probity| probity.with_reader(|reader| Ok(reader.event_count()?))).await;
    if read.is_err() || site.has_failed() {
        let detail = if read.is_err() { "the store does not read" } else { "the last write failed" };
        return Err(Failure::new(StatusCode::SERVICE_UNAVAILABLE, BUSY, detail));
    }
    json(&Standing { status: "ready" })
}

/// What runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Version {
    /// `probity`.
    name: &'static str,
    /// The program's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
    /// The hash of all definitions in force.
    catalogue: String,
}

/// The program's and the catalogue's version.
#[utoipa::path(get, path = "/version", tag = "operations", operation_id = "version",
    responses((status = 200, description = "The versions", body = Version)))]
pub(crate) async fn version(State(site): State<Site>) -> Answer {
    let catalogue = site.probity.catalogue().hash.to_string();
    json(&Version { name: "probity", version: env!("CARGO_PKG_VERSION"), catalogue })
}

/// Counters and histograms in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "operations", operation_id = "metrics",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain; version=0.0.4; charset=utf-8")))]
pub(crate) async fn metrics(State(site): State<Site>) -> Answer {
    let probity = &site.probity;
    let now = probity.clock.now().millis();
    let gauges = Gauges {
        log_events: probity.event_count(),
        faults: probity.fault_count(),
        decisions: probity.decisions_counted(),
        // A timer lies at most years ahead: exact as a float.
        stability: Role::ALL.into_iter().filter_map(|of| moved(&site, of)).collect(),
        next_due_seconds: probity.next_due().map(|due| (due.millis() - now) as f64 / 1e3),
        resident_bytes: resident_bytes(),
        store_failed: site.has_failed(),
        clock_behind_seconds: probity
            .clock_behind()
            .ok()
            .map(|behind| behind.map_or(0.0, |behind| behind.0 as f64 / 1e3)),
    };
    Ok(bytes_of("text/plain; version=0.0.4; charset=utf-8", site.metrics.text(&gauges)))
}

/// The indices of the last look at a role; none without one, or for an expert's scorecard.
fn moved(site: &Site, of: Role) -> Option<Moved> {
    let look = site.looks.last(of).filter(|look| !look.found.drift.is_empty())?;
    let age = site.probity.clock.now().millis() - look.looked_at.millis();
    let drift = &look.found.drift;
    let value = |one: &crate::app::Drifted| (one.of.clone(), one.value);
    Some(Moved {
        of: of.as_str(),
        age_seconds: age as f64 / 1e3,
        score: drift.first().map(|score| score.value)?,
        characteristics: drift.iter().skip(1).map(value).collect(),
    })
}

/// This API's description, OpenAPI 3.1.
#[utoipa::path(get, path = "/openapi.json", tag = "operations", operation_id = "openapi",
    responses((status = 200, description = "The document", body = Object)))]
pub(crate) async fn openapi(State(site): State<Site>) -> Answer {
    Ok(bytes_of("application/json", site.openapi.clone()))
}

/// What an error code means and what to do about it.
#[utoipa::path(get, path = "/docs/errors/{code}", tag = "operations", operation_id = "errorPage",
    params(("code" = String, Path, description = "The code", example = "event-id-reused")),
    responses((status = 200, description = "The page, Markdown", body = String, content_type = "text/markdown; charset=utf-8")))]
pub(crate) async fn error_page(Path(code): Path<String>) -> Answer {
    let page = ERROR_PAGES.get_file(format!("{code}.md")).ok_or_else(|| {
        let detail = format!("there is no error code '{}'", shown(&code));
        Failure::new(StatusCode::NOT_FOUND, NOT_FOUND, detail)
    })?;
    Ok(bytes_of("text/markdown; charset=utf-8", page.contents()))
}
