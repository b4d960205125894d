//! Labels: what became of a party after a moment, in SQL over its indicators.
//!
//! A label says of which parties it speaks (`observe`, `exclude`, over what was known as of the moment) and what counts as
//! bad (`bad`, `indeterminate`, over the *performance window* that follows). At a moment T with `within` W and `report` R
//! the window holds the events with T < `occurred_at` ≤ T + W that stand as of T + R + W: an event at T itself belongs to
//! what was known, one at T + W to the label. What happened by T and was told later belongs to neither.
//!
//! A condition that is null is not true, as in a `WHERE`: who is not known to be bad is good. How often `bad` was null is
//! told. Who is both bad and indeterminate is bad.

mod definition;
mod observed;
mod window;
mod judge;
#[cfg(test)]
mod tests;

pub(crate) use definition::Ground;
pub use definition::{LABEL_INVALID, Label, Labels};
pub use judge::{Judged, Verdict};
pub use observed::Observed;
pub use window::Window;
