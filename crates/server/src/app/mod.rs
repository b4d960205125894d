//! Use cases: what Probity does, whoever asks. One file each.
//!
//! One thread, the `keeper`, owns the store's writer. It takes events in groups: appended, their orders brought up to
//! date, committed; then applied to the parties' states in memory, then acknowledged. Readers see only what is committed.

mod error;
mod clock;
mod files;
mod prepare;
mod shared;
mod party;
mod orders;
mod taking;
mod keeper;
mod open;
mod read;
mod score;
mod record;
mod ranking;
mod foretell;
mod calibrate;
mod import;

pub use clock::Clock;
pub use error::{AppError, Class};
pub use files::{embedded_catalogue, folder_catalogue};
pub use foretell::{ForetellOptions, ForetellProgress, Foretold, ForetoldAt};
pub use import::{AsideShown, ImportOptions, ImportProgress, Imported, Stage, TableCount};
pub use keeper::{Outcome, Settling};
pub use open::{Opening, Probity};
pub use prepare::Prepared;
pub use ranking::{Measured, Rankings};
pub use read::{AsOf, EventRow, IndicatorValue, Indicators, TimelinePage};
pub use record::{Period, RecordProgress};
pub use score::{DimensionShown, Explained, HistoryPoint, ScoreAt, TierShown, Versions};
