//! Parquet out: batches of rows become the row groups of a flat file, encoded on other threads where some are given.
//!
//! Each batch is encoded alone and the groups are put down in the order of their batches, so the bytes depend on what was
//! written and not on how many threads did it. A sparse column costs next to nothing: what is absent is noted in bulk.

mod batch;
mod encode;
mod file;

pub use batch::{Batch, Word, push_number};
pub use encode::{Column, ColumnKind, Table};
pub use file::ParquetWriter;
