//! HTTP under `/v1`, the page at `/`, health, metrics and the OpenAPI document. Only this module knows the wire form.
//!
//! The modules stand in the order in which they build on each other; a module names only modules above it.

mod problem;
mod answer;
mod cursor;
mod params;
mod metrics;
mod ranking;
mod stability;
mod site;
mod body;
mod ingest;
mod events;
mod parties;
mod platform;
mod party;
mod explanation;
mod sanctions;
mod catalogue;
mod decision_shape;
mod terms;
mod trials;
mod changes;
mod monitor;
mod operations;
mod page;
mod openapi;
mod frame;
mod decisions;
mod routes;
mod server;

pub use server::{ServeOptions, Server, serve};
