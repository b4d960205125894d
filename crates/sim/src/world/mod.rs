//! The world itself: parties, what is planned, and how a day goes by.
//!
//! Everything happens in the order of its moments. What chance decides about an order is drawn when it is placed
//! ([`crate::truth::Ending`] says how it would end); what happens then depends on what the platform lets happen.

mod state;
mod populate;
mod money;
mod ask;
mod pursue;
mod life;
mod credit;
mod shop;
mod scheme;
mod run;

pub use run::{Progress, run};
