//! How well risks tell bad rows from good ones, how true they are as probabilities, and whether they stay so: over time, in
//! every segment, for every group of people.
//!
//! Measures take slices: `risk` (higher means more likely bad), `bad`, and `weight` (none: each row counts once). A weight
//! says for how much of the population its row stands. It is no number of identical rows: a sample of 100 rows that weigh
//! 10 each is as uncertain as one of 100 rows that weigh 1, and the intervals here say so. Where a formula wants a number of
//! rows they take the effective one, (Σw)² / Σw² (Kish, Survey Sampling, 1965). Rows that weigh zero are as if not there.
//!
//! Every interval is one of 95 %. No rows, rows of one class only where both are needed, risks that are not finite and
//! weights below zero are refused.

mod estimate;
mod rows;
mod ranked;
mod auc;
mod probabilities;
mod performance;
mod drift;
mod moment;
mod division;
mod split;
mod by_part;
mod fairness;
mod shape;
mod sensitivity;
mod leakage;
#[cfg(test)]
pub(crate) mod card_for_tests;

pub use auc::{Auc, Comparison, auc, compare};
pub use by_part::{FEW, Part, by_part};
pub use division::{Division, MOST_PARTS};
pub use drift::{CharacteristicDrift, Drift, DriftCell, EMPTY, ScoreBins, Verdict, csi, psi};
pub use estimate::{Estimate, mean, share};
pub use fairness::{Fairness, Gap, Group, Smallest, fairness};
pub use leakage::{Finding, Limits, Suspicion, leakage};
pub use performance::Performance;
pub use probabilities::{Brier, CalibrationBin, CalibrationLine, Spiegelhalter};
pub use probabilities::{brier, calibration_bins, calibration_line, log_loss, spiegelhalter};
pub use ranked::{Confusion, Gain, Ks, Ranked, RocPoint};
pub(crate) use sensitivity::gains;
pub use sensitivity::{Influence, Step, sensitivity};
pub use shape::{Shape, TrendCheck, shape_of, trends};
pub use split::{SplitOptions, Splitted, split};
