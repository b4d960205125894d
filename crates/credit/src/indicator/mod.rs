//! Indicators: named measures of one party, as of a moment.
//!
//! A definition (TOML with SQL expressions) is compiled into *measures*: what one event contributes, and into which kind
//! of tile. Live, past and replay all go through the same [`PartyState`]; only where the events come from differs.
//!
//! Windows are whole UTC days (hours for windows given in hours): a window of 30 days at T holds the days
//! `day(T) − 29 … day(T)` by `occurred_at`. What is added up is an exact integer, and ratios are formed once at the end,
//! so neither the order of arrival nor the split of the work can change a digit.
//!
//! Platform means ignore pair caps: which rows of a pair come first may change with what becomes known later, and the
//! platform's value at the end of a past day must not.

mod definition;
mod measure;
mod compile;
mod tile;
mod state;
mod platform;
mod evaluate;
mod gap;
mod afterwards;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

pub use compile::Plan;
pub use definition::{
    Aggregate, Better, Definition, INDICATOR_INVALID, Prior, Unit, Window, parse as parse_definitions,
};
pub use measure::{Contribution, Contributions, Measure};
pub use platform::{Platform, Priors};
pub use state::PartyState;
