//! Files of other systems in, rows out: CSV, JSON Lines and Parquet, row by row in bounded memory, each row with its place.
//!
//! A row that cannot be taken is *set aside* with its place and the reason, and reading goes on behind it; only a file that
//! cannot be read any further (I/O, a bomb, a damaged Parquet file) ends in an error. So for every file read to its end:
//! `rows + set aside = rows of the file`, and [`Counts`] says so. No reader panics, whatever the bytes.
//!
//! The modules stand in pipeline order; a module names only modules above it.

pub mod row;
pub mod source;
mod lines;
pub mod jsonl;
pub mod csv;
pub mod parquet;
pub mod parquet_out;
pub mod file;
pub mod export;
pub mod hashed;
pub mod mapping;

pub use file::{FileReader, Options, look, open};
pub use mapping::Mapping;
pub use row::{Aside, Cell, Counts, Item, Row};
