//! Policies: versioned rules that turn score, tier, indicators and a request into an outcome and its terms.
//!
//! A policy is a list of tables; a table is a list of rules whose conditions are SQL expressions over `fields`. There is no
//! default outcome: a table whose rules leave a case open is refused when it is loaded, with the case as an example
//! (`cover`). Which rule held is part of the answer, always.

mod request;
mod fields;
mod formula;
mod cover;
mod index;
mod definition;
mod shape;
mod parse;
mod apply;
#[cfg(test)]
mod tests;

pub use apply::{Applied, Held, Imposing};
pub use definition::{Effect, Hit, Outcome, Policy, Reason, Rule, Table};
pub use fields::{Domain, Facts, Fields, Side};
pub use parse::{FieldsOf, POLICY_INVALID, decides};
pub use request::{Attribute, Request, RequestKind, Takes};
