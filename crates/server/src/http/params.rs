//! Parameters of the query, read strictly: an unknown one is refused, not overlooked.

use super::problem::{Failure, PARAMETER_INVALID};
use crate::app::AsOf;
use axum::extract::rejection::QueryRejection;
use axum::extract::{FromRequestParts, Query};
use axum::http::StatusCode;
use axum::http::request::Parts;
use probity_credit::event::{Party, Role};
use probity_primitives::problem::shown;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::error::Error;
use utoipa::IntoParams;

/// The most items of a page.
pub(crate) const MOST_ITEMS: usize = 1_000;
/// Items of a page when nothing is said.
const USUAL_ITEMS: usize = 50;

/// The query as `T`.
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Params<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        Query::try_from_uri(&parts.uri).map(|Query(value)| Self(value)).map_err(
            |rejection: QueryRejection| {
                let why = rejection.source().map_or_else(|| rejection.body_text(), ToString::to_string);
                Failure::new(StatusCode::BAD_REQUEST, PARAMETER_INVALID, shown(&why))
            },
        )
    }
}

/// `as_of` alone.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AsOfParams {
    /// `latest` (the moment of the newest event; when left out), `now`, or a moment (RFC 3339 with offset).
    #[param(example = "latest")]
    as_of: Option<String>,
}

impl AsOfParams {
    pub(crate) fn moment(&self) -> Result<AsOf, Failure> {
        as_of(self.as_of.as_deref())
    }
}

/// Reads `as_of`. Left out, it is the moment that the command line takes, too.
pub(crate) fn as_of(text: Option<&str>) -> Result<AsOf, Failure> {
    text.map_or(Ok(AsOf::Latest), |text| Ok(AsOf::parse(text)?))
}

/// A page's size and place.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    /// Items on the page.
    #[param(minimum = 1, maximum = 1000, default = 50)]
    pub(crate) limit: Option<usize>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// Checks `limit`.
pub(crate) fn limit(given: Option<usize>) -> Result<usize, Failure> {
    match given.unwrap_or(USUAL_ITEMS) {
        limit @ 1..=MOST_ITEMS => Ok(limit),
        other => Err(Failure::parameter("limit", format!("{other} is not within 1 to {MOST_ITEMS}"))),
    }
}

/// Reads `merchant` or `buyer`.
pub(crate) fn role(name: &str, text: &str) -> Result<Role, Failure> {
    Role::parse(text)
        .ok_or_else(|| Failure::parameter(name, format!("'{}' is neither merchant nor buyer", shown(text))))
}

/// Reads a party of the address.
pub(crate) fn party(text: &str) -> Result<Party, Failure> {
    Party::parse(text).ok_or_else(|| {
        Failure::parameter(
            "party",
            format!(
                "'{}' is not a party; write merchant:ID or buyer:ID, with an ID of 1 to 128 of A-Z a-z 0-9 . _ : @ - /",
                shown(text)
            ),
        )
    })
}
