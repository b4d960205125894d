//! All routes, registered once: for the server and for its description.

use super::openapi::{Document, document};
use super::site::Site;
use super::{
    catalogue, changes, decisions, events, explanation, ingest, monitor, operations, parties, party,
    platform, sanctions, terms, trials,
};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Description;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The routes of the API, and their description.
pub(crate) fn api() -> (axum::Router<Site>, Vec<String>, Description) {
    let (router, api) = OpenApiRouter::with_openapi(Document::openapi())
        .routes(routes!(ingest::take_events, events::list_events))
        .routes(routes!(events::get_event))
        .routes(routes!(events::list_set_aside))
        .routes(routes!(parties::list_parties))
        .routes(routes!(platform::get_platform))
        .routes(routes!(party::get_party))
        .routes(routes!(party::get_score))
        .routes(routes!(party::get_indicators))
        .routes(routes!(explanation::get_explanation))
        .routes(routes!(party::get_history))
        .routes(routes!(party::get_timeline))
        .routes(routes!(sanctions::get_sanctions))
        .routes(routes!(sanctions::propose))
        .routes(routes!(sanctions::get_sanction))
        .routes(routes!(sanctions::approve))
        .routes(routes!(sanctions::appeal))
        .routes(routes!(sanctions::end))
        .routes(routes!(sanctions::list_notices))
        .routes(routes!(catalogue::get_catalogue))
        .routes(routes!(catalogue::get_file))
        .routes(routes!(changes::list_versions))
        .routes(routes!(changes::propose))
        .routes(routes!(changes::approve))
        .routes(routes!(changes::activate))
        .routes(routes!(changes::roll_back))
        .routes(routes!(trials::shadow))
        .routes(routes!(trials::split))
        .routes(routes!(trials::stop))
        .routes(routes!(catalogue::list_event_types))
        .routes(routes!(catalogue::get_event_type))
        .routes(routes!(catalogue::list_indicators))
        .routes(routes!(catalogue::get_scorecard))
        .routes(routes!(catalogue::get_tiers))
        .routes(routes!(decisions::decide))
        .routes(routes!(decisions::decide_batch))
        .routes(routes!(decisions::get_decision))
        .routes(routes!(decisions::confirm))
        .routes(routes!(decisions::release))
        .routes(routes!(decisions::replay))
        .routes(routes!(decisions::list_decisions))
        .routes(routes!(decisions::get_exposure))
        .routes(routes!(trials::list_trials))
        .routes(routes!(trials::list_differences))
        .routes(routes!(trials::get_afterwards))
        .routes(routes!(monitor::get_monitor))
        .routes(routes!(terms::get_terms))
        .routes(routes!(terms::terms_page))
        .routes(routes!(operations::livez))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::version))
        .routes(routes!(operations::metrics))
        .routes(routes!(operations::openapi))
        .routes(routes!(operations::error_page))
        .split_for_parts();
    let paths = api.paths.paths.keys().cloned().collect();
    (router, paths, document(api))
}
