//! The server of Probity: use cases (`app`), background work (`jobs`), HTTP (`http`) and the command line (`cli`).
//!
//! The modules stand in the order in which they build on each other; a module names only modules above it.

pub mod app;
pub mod jobs;
pub mod http;
pub mod cli;
