//! Exposure: what each party has open at a moment, and what approvals hold until they are used.
//!
//! Open are orders that were paid and neither delivered nor ended, credit drawn and not repaid (the buyer's), claims not
//! decided (the merchant's), and what reservations hold. Sums are exact and follow from the events, in whatever order they
//! come; a retraction takes back what its target added.

mod item;
mod book;
mod pieces;
#[cfg(test)]
mod tests;

pub use book::{Exposure, Reservation};
pub use item::{Change, ExposureTypes};
pub use pieces::Pieces;
