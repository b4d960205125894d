//! Training sets: for every eligible party and moment a row with its indicators as they were known then, and the label that
//! the time after it gave.
//!
//! The log is gone over twice in the order in which things became known, once for the labels of all moments and once for the
//! rows, so that memory holds the parties' states of one moment, whatever the number of moments. What a row says comes from
//! the states and the code that scores live; what a label says only from what occurred after the moment. Nothing is written
//! but the file, and that takes its name when it is whole.

mod asking;
mod report;
mod sheet;
mod carried;
mod labelling;
mod rows;
mod run;

pub(super) use asking::label_of;
pub use asking::{DatasetOptions, Wanted, When};
pub(super) use carried::{Carried, Parties};
pub use report::{Counts, Dataset, LabelShown, LeftOut, MomentRow};
pub use run::dataset;
pub(super) use run::{Sink, gathered, known};
pub(super) use sheet::SheetRow;
