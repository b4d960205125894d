//! A policy tried on the platform's own past: every request of a stretch of time is decided again as of its moment, and the
//! answers are compared with those that were given and with what then happened.
//!
//! Nothing is written; the log is read beside whoever writes it. Where a candidate reads only what stands on record of each
//! decision, it is answered from that (`records`); otherwise both parties' states are rebuilt row by row, in the order in which
//! the platform learned things (`sweep`, `states`), so that nothing later can leak in. A history that was imported without
//! decisions is gone over in the order in which things became known, and its payments are asked for (`orders`).

mod asking;
mod case;
mod answering;
mod on_record;
mod records;
mod sweep;
mod states;
mod orders;
mod tally;
mod report;
mod run;
#[cfg(test)]
mod tests;

pub use asking::{BacktestOptions, BacktestProgress, Requests};
pub use report::{
    Backtested, BecameRow, Checked, Example, Grouped, OutcomeRow, Policed, Reasoned, Undecided, Way,
};
pub use run::backtest;
pub use tally::{Stood, Switched, Tally};
