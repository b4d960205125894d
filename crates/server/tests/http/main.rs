//! Through real HTTP on a loopback port.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "tests")]

#[path = "../process/mod.rs"]
mod process;
mod house;
mod ingest;
mod monitor;
mod hostile;
mod reading;
mod sanctions;
mod changes;
mod described;
mod decisions;
mod running;
mod full;
mod browser;
mod trials;
