//! Every refusal as a problem document (RFC 9457), the framework's own refusals included.

use crate::app::{AppError, Class};
use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use probity_primitives::{Code, Problem};
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

pub(crate) const NOT_FOUND: Code = Code::new("not-found");
pub(crate) const METHOD_NOT_ALLOWED: Code = Code::new("method-not-allowed");
pub(crate) const REQUEST_INVALID: Code = Code::new("request-invalid");
pub(crate) const PARAMETER_INVALID: Code = Code::new("parameter-invalid");
pub(crate) const BODY_TOO_LARGE: Code = Code::new("body-too-large");
pub(crate) const BODY_UNREADABLE: Code = Code::new("body-unreadable");
pub(crate) const BATCH_TOO_LARGE: Code = Code::new("batch-too-large");
pub(crate) const MEDIA_TYPE: Code = Code::new("media-type-unsupported");
pub(crate) const REQUEST_TIMEOUT: Code = Code::new("request-timeout");
pub(crate) const BUSY: Code = Code::new("server-busy");
pub(crate) const INTERNAL: Code = Code::new("internal");

/// Codes of questions that are wrong in themselves, whatever the log holds: 400, not 422.
const MALFORMED: [&str; 7] = [
    "as-of-invalid",
    "as-of-in-future",
    "cursor-invalid",
    "event-json",
    "id-invalid",
    "parameter-invalid",
    "time-invalid",
];

/// Why a request was not done. The frame around all handlers writes it out, with the request's id.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) status: StatusCode,
    /// At least one.
    pub(crate) problems: Vec<Problem>,
}

impl Failure {
    pub(crate) fn new(status: StatusCode, code: Code, detail: impl Into<String>) -> Self {
        Self { status, problems: vec![Problem::new(code, detail)] }
    }

    /// A parameter that cannot be read.
    pub(crate) fn parameter(name: &str, detail: impl Into<String>) -> Self {
        let problem = Problem::new(PARAMETER_INVALID, detail).at(format!("/{name}"));
        Self { status: StatusCode::BAD_REQUEST, problems: vec![problem] }
    }

    /// Something that should not be: told in the log, not to the asker.
    pub(crate) fn internal(detail: impl Into<String>) -> Self {
        AppError::internal(detail).into()
    }

    /// What a bare status of the framework means.
    fn of_status(status: StatusCode) -> Self {
        let (code, detail) = match status.as_u16() {
            404 => (NOT_FOUND, "there is nothing at this address; /openapi.json lists what there is"),
            405 => (METHOD_NOT_ALLOWED, "this address does not take that method; see the Allow header"),
            408 => (REQUEST_TIMEOUT, "the request did not arrive in time"),
            413 => (BODY_TOO_LARGE, "the request is larger than this server takes"),
            415 => (MEDIA_TYPE, "the content type or encoding is not understood"),
            503 => (BUSY, "the server has too much to do; try again later"),
            400..=499 => (REQUEST_INVALID, "the request cannot be read"),
            _ => (INTERNAL, "something went wrong inside; the server's log says what"),
        };
        Self::new(status, code, detail)
    }

    /// The document.
    pub(crate) fn document(&self, trace_id: &str) -> ProblemDocument {
        let code = self.problems.first().map_or(INTERNAL, |problem| problem.code);
        let inside = self.status.is_server_error();
        let detail = match self.problems.as_slice() {
            _ if inside && self.status != StatusCode::SERVICE_UNAVAILABLE => {
                "the server could not do this; its log says why under the trace id".to_owned()
            }
            [one] => one.detail.clone(),
            [first, ..] => format!("{} problems, the first: {}", self.problems.len(), first.detail),
            [] => String::new(),
        };
        let errors = if inside { Vec::new() } else { self.problems.iter().map(ErrorItem::from).collect() };
        ProblemDocument {
            r#type: format!("/docs/errors/{code}"),
            title: sentence(code.as_str()),
            status: self.status.as_u16(),
            detail,
            code: code.to_string(),
            errors,
            trace_id: trace_id.to_owned(),
        }
    }
}

/// `event-id-reused` as `Event id reused`.
fn sentence(code: &str) -> String {
    let words = code.replace('-', " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let malformed = |problem: &Problem| MALFORMED.contains(&problem.code.as_str());
        let status = match error.class {
            Class::Invalid if error.problems.iter().all(malformed) => StatusCode::BAD_REQUEST,
            Class::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Class::Missing => StatusCode::NOT_FOUND,
            Class::Conflict => StatusCode::CONFLICT,
            Class::Full => StatusCode::INSUFFICIENT_STORAGE,
            Class::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Class::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if status.is_server_error() {
            tracing::error!(%error, "a request could not be done");
        }
        let mut problems = error.problems;
        if status == StatusCode::SERVICE_UNAVAILABLE {
            // The store's words name files of this machine; our own do not.
            let own = |problem: &&mut Problem| !matches!(problem.code.as_str(), "busy" | "stopping");
            for problem in problems.iter_mut().filter(own) {
                problem.detail = "the store takes nothing now; the server's log says why".into();
            }
        }
        Self { status, problems }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(Arc::new(self));
        response
    }
}

/// Gives a refusal its document, whoever refused: a handler of ours or the framework.
pub(crate) fn documented(response: Response, trace_id: &str) -> Response {
    let status = response.status();
    if !status.is_client_error() && !status.is_server_error() {
        return response;
    }
    let (mut parts, _) = response.into_parts();
    let failure = parts
        .extensions
        .remove::<Arc<Failure>>()
        .map_or_else(|| Failure::of_status(status), Arc::unwrap_or_clone);
    let document = serde_json::to_vec(&failure.document(trace_id)).unwrap_or_default();
    parts.headers.remove(axum::http::header::CONTENT_LENGTH);
    parts.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        parts.headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    Response::from_parts(parts, Body::from(document))
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemDocument {
    /// Where the page about the code is, relative to the server; stable.
    #[schema(example = "/docs/errors/party-unknown")]
    r#type: String,
    /// The code in words.
    #[schema(example = "Party unknown")]
    title: String,
    /// The HTTP status.
    #[schema(example = 404)]
    status: u16,
    /// What is wrong here.
    #[schema(example = "no event names merchant:nobody")]
    detail: String,
    /// Stable code.
    #[schema(example = "party-unknown")]
    code: String,
    /// Every single thing that is wrong.
    errors: Vec<ErrorItem>,
    /// The request's id, as in the header `x-request-id` and in the server's log.
    #[schema(example = "req_01890a5d-ac96-774b-bcce-b302099a8057")]
    trace_id: String,
}

/// One thing that is wrong.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorItem {
    /// JSON pointer to it in the body, or the parameter; empty when the whole is meant.
    #[schema(example = "/value")]
    pointer: String,
    /// Stable code, with a page at `/docs/errors/CODE`.
    #[schema(example = "event-field-invalid")]
    code: String,
    /// What is wrong.
    #[schema(example = "-5 is not within 0 to 9000000000000000")]
    detail: String,
    /// How to mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
}

impl From<&Problem> for ErrorItem {
    fn from(problem: &Problem) -> Self {
        Self {
            pointer: problem.at.clone(),
            code: problem.code.to_string(),
            detail: problem.detail.clone(),
            hint: problem.hint.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_wrong_inside_stays_inside() {
        let failure = Failure::from(AppError::internal("secret path"));
        let document = failure.document("req_1");
        assert_eq!((document.status, document.code.as_str()), (500, "internal"));
        assert!(!serde_json::to_string(&document).unwrap().contains("secret"));
        assert_eq!(document.title, "Internal");
    }

    #[test]
    fn an_answer_not_given_now_says_why_without_naming_files() {
        for (code, said, told) in [
            ("busy", "ask again in a moment", "ask again in a moment"),
            ("stopping", "the keeper has ended", "the keeper has ended"),
            ("store-failed", "/secret/probity.db", "the store takes nothing now; the server's log says why"),
        ] {
            let error = AppError::new(Class::Unavailable, Problem::new(Code::new(code), said));
            let document = Failure::from(error).document("req_1");
            assert_eq!((document.status, document.detail.as_str()), (503, told), "{code}");
        }
    }

    #[test]
    fn classes_become_statuses() {
        let cases = [
            (Class::Invalid, "as-of-invalid", 400),
            (Class::Invalid, "event-field-invalid", 422),
            (Class::Missing, "party-unknown", 404),
            (Class::Conflict, "event-id-reused", 409),
            (Class::Full, "store-full", 507),
            (Class::Unavailable, "store-failed", 503),
            (Class::Internal, "internal", 500),
        ];
        for (class, code, status) in cases {
            let problem =
                Problem { code: Code::new(code), at: String::new(), detail: String::new(), hint: None };
            assert_eq!(Failure::from(AppError::new(class, problem)).status.as_u16(), status, "{code}");
        }
    }
}
