//! Decisions: requests checked, answered on the keeper's thread, recorded, closed, read and made again.

mod asked;
mod telling;
mod holding;
mod weighing;
mod trying;
mod deciding;
mod sanctioning;
mod read;
mod replay;

pub use asked::{Asked, Form, KEY_DAYS};
pub(super) use deciding::{Answers, Ask, Deciding};
pub use deciding::{Closing, Decided};
pub(super) use holding::Holding;
pub use read::{DecisionPage, DecisionState, ExposureOf};
pub use replay::Replayed;
pub(super) use replay::beside;
pub use sanctioning::starts_any;
pub(super) use telling::{MADE, answer_of, record_of};
pub(super) use weighing::{Seen, used_up};
