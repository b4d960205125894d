//! A marketplace of made-up parties whose intentions are known: **setting → world → events and truth**.
//!
//! Pure and deterministic: no I/O, no clock; the same setting and seed give the same events on every machine. Whoever runs a
//! world is its [`platform::Platform`]: sees each event as it happens, says at the end of a day who may trade and what badge
//! buyers see, and is told the truth about each order and party when it is over.

pub mod dice;
pub mod shape;
pub mod honest;
pub mod archetype;
pub mod setting;
pub mod event;
pub mod truth;
pub mod platform;
mod calendar;
mod party;
mod course;
pub mod world;
pub mod conserve;
pub mod observed;
pub mod weighted;
pub mod marginal;
pub mod fit;
