//! Models that challenge a scorecard, on the scorecard's own tables: what does the card give away for being readable?
//!
//! [`fit`](fit::fit) grows boosted trees from a sample. A [`model`] gives log-odds of bad for any table and, for each row, what
//! each column added to them: exact Shapley values, which add up to the log-odds. A model can be saved and read back to
//! the last digit ([`mod@format`]). Models that other programs fitted come in as ONNX files ([`onnx`]) and score the same tables.
//!
//! Nothing here touches files, clocks or dice: bytes, texts and seeds are arguments.

mod error;
pub mod ensemble;
pub mod shapley;
pub mod input;
pub mod model;
pub mod format;
pub mod options;
mod parts;
mod boost;
pub mod fit;
pub mod onnx;

pub use error::Error;
pub use model::Model;
