//! The OpenAPI document: what is common to all operations is added here, once.

use super::problem::{ErrorItem, ProblemDocument};
use utoipa::OpenApi;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

/// The frame of the document.
#[derive(OpenApi)]
#[openapi(
    info(title = "Probity", description = "Events go in, explained scores come out. Errors are problem documents (RFC 9457) with stable codes, each with a page at /docs/errors/CODE. Moments are RFC 3339 with offset; pages are followed by cursors."),
    tags(
        (name = "events", description = "What happened: taken in once, kept for good"),
        (name = "parties", description = "Merchants and buyers: scores, indicators, reasons, history"),
        (name = "sanctions", description = "Limits, suspensions and terminations, their appeals, and what has to be told"),
        (name = "decisions", description = "What trust is for: requests answered, held, closed, made again; terms"),
        (name = "catalogue", description = "The definitions in force"),
        (name = "operations", description = "Health, metrics, versions"),
    ),
    components(schemas(ProblemDocument, ErrorItem)),
)]
pub(crate) struct Document;

/// Refusals that any operation may give.
const ANYWHERE: [(&str, &str); 5] = [
    ("400", "The request cannot be read: a parameter, a cursor, malformed JSON"),
    ("405", "The address does not take this method"),
    ("408", "The request did not arrive in time"),
    ("500", "Something went wrong inside; the log has it under the trace id"),
    ("503", "Too much to do, or the store cannot be used; try again after Retry-After"),
];
/// Refusals of an address with a name in it.
const NAMED: [(&str, &str); 1] = [("404", "What was asked for does not exist")];
/// Refusals of what is sent.
const SENT: [(&str, &str); 4] = [
    ("413", "The body, or the batch, is too large"),
    ("415", "The content type or encoding is not understood"),
    (
        "422",
        "What was sent is wrong: an event that does not fit its type (it was set aside), a request for a decision",
    ),
    ("507", "No room left on the disk; nothing was taken"),
];

/// Writes the document: common refusals in every operation, wildcards as OpenAPI has them.
pub(crate) fn document(mut api: utoipa::openapi::OpenApi) -> utoipa::openapi::OpenApi {
    let paths = std::mem::take(&mut api.paths.paths);
    for (path, mut item) in paths {
        for (operation, sends) in operations(&mut item) {
            let mut refusals = ANYWHERE.to_vec();
            refusals.extend(NAMED.iter().filter(|_| path.contains('{') || path == "/v1/parties"));
            refusals.extend(SENT.iter().filter(|_| sends));
            for (status, description) in refusals {
                let responses = &mut operation.responses.responses;
                responses.entry(status.to_owned()).or_insert_with(|| RefOr::T(refusal(description)));
            }
        }
        api.paths.paths.insert(path.replace("{*", "{"), item);
    }
    api
}

/// The operations of a path, each with whether it takes a body.
fn operations(item: &mut PathItem) -> Vec<(&mut Operation, bool)> {
    let reads = item.get.as_mut().map(|operation| (operation, false));
    reads.into_iter().chain(item.post.as_mut().map(|operation| (operation, true))).collect()
}

fn refusal(description: &str) -> Response {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    ResponseBuilder::new().description(description).content("application/problem+json", content).build()
}
