//! What must be true of every world, whatever happens in it: nothing before its cause, no money from nowhere.
//!
//! [`Books`] are fed with what stands in a world's files, read back as text and numbers by whoever can read them: all
//! events in the order of the file, then the truth about orders and parties. They keep figures by order and party, so memory
//! grows with those and not with the events.

mod seen;
mod books;
mod close;

pub use books::Books;
pub use close::{Audit, Money};
pub use seen::{EventSeen, OrderSeen, PartySeen, Violation};
