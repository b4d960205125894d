//! The only SQL of Probity.

pub mod staging;
