//! What happens around every request: its id, its time limit, panics, refusals as documents, counting, the log.

use super::page::guarded;
use super::problem::{BUSY, Failure, documented};
use super::site::Site;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;
use std::time::{Duration, Instant};
use uuid::Uuid;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The longest id that is taken over, in characters.
const LONGEST_ID: usize = 128;
/// Reading the body has the whole time limit; what follows gets this much more.
const GRACE: Duration = Duration::from_secs(5);

/// The request's own id where it is harmless to write down, else a new one.
fn request_id(headers: &HeaderMap) -> (String, HeaderValue) {
    let harmless = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    if let Some(given) = headers.get(REQUEST_ID)
        && (1..=LONGEST_ID).contains(&given.len())
        && given.as_bytes().iter().all(harmless)
        && let Ok(text) = given.to_str()
    {
        return (text.to_owned(), given.clone());
    }
    let id = format!("req_{}", Uuid::now_v7());
    // Letters, digits and hyphens only: always a header's value.
    let value = HeaderValue::from_str(&id).unwrap_or_else(|_| HeaderValue::from_static("req_"));
    (id, value)
}

/// The frame.
pub(crate) async fn frame(State(site): State<Site>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (id, id_value) = request_id(request.headers());
    // Handlers that write it down find it where the asker may have put it.
    request.headers_mut().insert(REQUEST_ID, id_value.clone());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let method = request.method().clone();
    let limit = site.options.request_timeout + GRACE;
    let response = match tokio::time::timeout(limit, unbroken(next.run(request))).await {
        Ok(Some(response)) => response,
        Ok(None) => Failure::internal(format!("a panic while {id} was answered")).into_response(),
        Err(_) => {
            let detail = "this took too long; what was sent may have been taken all the same: send it again, \
                          each event counts once";
            Failure::new(StatusCode::SERVICE_UNAVAILABLE, BUSY, detail).into_response()
        }
    };
    let mut response = documented(response, &id);
    response.headers_mut().insert(REQUEST_ID, id_value);
    guarded(response.headers_mut());
    let took = started.elapsed();
    let route = route.as_ref().map(MatchedPath::as_str);
    let status = response.status().as_u16();
    site.metrics.answered(route, method.as_str(), status, took);
    let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    // Routes, not addresses: the log holds no party's id.
    if status >= 500 {
        tracing::error!(request = %id, %method, route, status, micros, "answered");
    } else {
        tracing::debug!(request = %id, %method, route, status, micros, "answered");
    }
    response
}

/// A future whose panic does not tear the connection down; none when it panicked.
async fn unbroken<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // After a panic the future is never polled again.
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        polled.map_or(Poll::Ready(None), |poll| poll.map(Some))
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_that_could_forge_a_log_line_are_not_taken_over() {
        for (given, kept) in [("abc-1", true), ("", false), ("a b", false), ("a\tb", false), ("x{}", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(REQUEST_ID, HeaderValue::from_str(given).unwrap());
            assert_eq!(request_id(&headers).0 == given, kept, "{given}");
        }
        let long = "x".repeat(LONGEST_ID + 1);
        let mut headers = HeaderMap::new();
        headers.insert(REQUEST_ID, HeaderValue::from_str(&long).unwrap());
        assert!(request_id(&headers).0.starts_with("req_"));
    }

    #[tokio::test]
    async fn a_panic_is_an_answer() {
        assert_eq!(unbroken(async { 1 }).await, Some(1));
        let broken: Option<()> = unbroken(async { panic!("in a test") }).await;
        assert_eq!(broken, None);
    }
}
