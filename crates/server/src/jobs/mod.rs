//! Work that nobody asks for: timers go off, scores go on record.

mod tick;

pub use tick::{Ticker, Waiting, run};
