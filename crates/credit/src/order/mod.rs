//! The life of an order, turned into facts that count once: it matured, it was defective, it shipped late, it was never
//! delivered, its seller cancelled it, nobody paid it.
//!
//! Facts are a pure function of what was known of the order at each moment (`timeline`). Whatever the order in which
//! events arrive, [`Book::reconcile`] says which facts and retractions the log still lacks.

mod clocks;
mod words;
mod book;
mod timeline;
mod reconcile;
#[cfg(test)]
mod tests;

pub use book::{Book, Concern};
pub use clocks::Clocks;
pub use reconcile::{DERIVED_SOURCE, order_key};
pub use timeline::{Fact, FactKind};
pub use words::{ORDER_WORDS_MISSING, Words};
