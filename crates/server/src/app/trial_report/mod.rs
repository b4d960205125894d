//! What came of trials: counts, the answers that would have been others, and what then happened.

mod rate;
mod counts;
mod differences;
mod afterwards;

pub use afterwards::{Afterwards, ArmFared, Fared, FaredCounts};
pub use counts::{ArmCount, DecisionsCounted, DifferenceCount, SplitShown, TrialShown, share_text};
pub use differences::{AnswerShown, Difference, DifferencePage, Direction};
pub use rate::Rate;
