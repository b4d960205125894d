//! The page at `/`: its files, as they are.

use super::answer::bytes_of;
use super::site::Site;
use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use axum::routing::get;
use include_dir::{Dir, File, include_dir};

static PAGE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/page");

/// Headers of every answer: nothing from elsewhere is loaded, no type is guessed, no address is passed on.
pub(crate) fn guarded(headers: &mut HeaderMap) {
    headers.insert(
        CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'self'; frame-ancestors 'none'"),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn kind(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "application/octet-stream",
    }
}

fn shown(file: &'static File<'static>) -> Response {
    let path = file.path().to_str().unwrap_or_default();
    let mut response = bytes_of(kind(path), file.contents());
    // The files change with the binary: asked for again each time, and they are small.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

/// A route for each file; `index.html` also stands at `/`.
pub(crate) fn routes() -> Router<Site> {
    let mut router = Router::new();
    for file in PAGE.files() {
        let Some(path) = file.path().to_str() else { continue };
        router = router.route(&format!("/{path}"), get(move || async move { shown(file) }));
        if path == "index.html" {
            router = router.route("/", get(move || async move { shown(file) }));
        }
    }
    router
}
