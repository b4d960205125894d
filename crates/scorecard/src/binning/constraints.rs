//! What is asked of the bins of a column.

use crate::Error;
use crate::bins::Special;

/// The most pre-bins that can be asked for: work and memory grow with their square.
pub const MOST_PREBINS: usize = 250;

/// How the bad rate may move over ascending values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trend {
    /// As it will.
    Any,
    /// It never falls.
    Ascending,
    /// It never rises.
    Descending,
    /// It never falls or it never rises, whichever serves the objective better.
    Monotone,
    /// It rises, then falls; it need not do both.
    Peak,
    /// It falls, then rises; it need not do both.
    Valley,
    /// Monotone, unless a peak or a valley (the better of them) reaches clearly more: a twentieth of the monotone objective, and
    /// a gain in deviance of 8, which chance reaches once in two hundred times.
    Auto,
}

/// What is made as large as it can be; both are sums over the bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Objective {
    /// The information value `Σ (g/G − b/B) · ln((g/G)/(b/B))` over the bins' shares of good and bad (Kullback's divergence J).
    InformationValue,
    /// The log-likelihood of the bins' bad rates, less that of the overall one.
    Likelihood,
}

/// Groups of categories, given by hand.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Groups {
    /// The categories of each group.
    pub groups: Vec<Vec<String>>,
    /// The group of every category that no group lists.
    pub other: usize,
}

/// What is asked of the bins of a column. Counts are sums of weights.
///
/// Missing and special values have bins of their own, to which no constraint applies. What cannot be had together is given up
/// in a fixed order, and the result says so ([`super::Remark`]): first `min_bins`, then everything but the number of bins: one
/// bin is left.
#[derive(Debug, Clone, PartialEq)]
pub struct Constraints {
    /// How the bad rate may move over ascending values. Of categories, which have no order but that of their rate, nothing is
    /// asked.
    pub trend: Trend,
    /// The fewest regular bins.
    pub min_bins: usize,
    /// The most regular bins.
    pub max_bins: usize,
    /// The least share of a regular bin in the weight of the rows with a regular value.
    pub min_share: f64,
    /// The least weight of good rows in a regular bin.
    pub min_good: f64,
    /// The least weight of bad rows in a regular bin.
    pub min_bad: f64,
    /// By how much the bad rates of neighbouring regular bins must differ at least.
    pub min_difference: f64,
    /// What is made as large as it can be.
    pub objective: Objective,
    /// What a further bin must gain, in units of deviance (twice the log-likelihood): 2 is Akaike's criterion, the logarithm
    /// of the rows Schwarz's. For the information value it counts `penalty · (1/G + 1/B)`, since by chance alone a further bin
    /// gains `1/G + 1/B` on average (Kullback, *Information Theory and Statistics*, 1959, chapter 6).
    pub penalty: f64,
    /// Among how many pre-bins of about the same weight cuts are first looked for; their places are then refined. Where a
    /// column has no more different values, each is a pre-bin.
    pub prebins: usize,
    /// Values with bins of their own, in columns of numbers.
    pub specials: Vec<Special>,
    /// Categories with a smaller share than this in the rows with a category count as one, which is in the group `other`.
    pub rare: f64,
    /// Categories are put in the order of `(bad + smoothing · overall rate) / (weight + smoothing)`.
    pub smoothing: f64,
    /// Cuts given by hand, for a column of numbers: they are kept, and only counted.
    pub cuts: Option<Vec<f64>>,
    /// Groups given by hand, for a column of categories: they are kept, and only counted.
    pub groups: Option<Groups>,
}

impl Default for Constraints {
    fn default() -> Self {
        Constraints {
            trend: Trend::Auto,
            min_bins: 1,
            max_bins: 12,
            min_share: 0.02,
            min_good: 5.0,
            min_bad: 5.0,
            min_difference: 0.0,
            objective: Objective::InformationValue,
            penalty: 2.0,
            prebins: 100,
            specials: Vec::new(),
            rare: 0.002,
            smoothing: 10.0,
            cuts: None,
            groups: None,
        }
    }
}

impl Constraints {
    /// Whether they can be meant.
    ///
    /// # Errors
    /// When a number is out of its range; the error names the option.
    pub fn check(&self) -> Result<(), Error> {
        let refuse = |option, reason: String| Err(Error::Option { option, reason });
        let bins = (self.min_bins, self.max_bins);
        if bins.0 == 0 || bins.1 < bins.0 {
            return refuse(
                "max-bins",
                format!("{} to {} bins; at least 1, and not below min-bins", bins.0, bins.1),
            );
        }
        if self.prebins == 0 || self.prebins > MOST_PREBINS {
            return refuse("prebins", format!("{}; it must lie between 1 and {MOST_PREBINS}", self.prebins));
        }
        for (option, value, most) in [
            ("min-share", self.min_share, 1.0),
            ("min-good", self.min_good, f64::MAX),
            ("min-bad", self.min_bad, f64::MAX),
            ("min-difference", self.min_difference, 1.0),
            ("penalty", self.penalty, f64::MAX),
            ("rare", self.rare, 1.0),
            ("smoothing", self.smoothing, f64::MAX),
        ] {
            if !(0.0..=most).contains(&value) {
                let range = if most == 1.0 { "between 0 and 1" } else { "a number from 0 up" };
                return refuse(option, format!("{value}; it must be {range}"));
            }
        }
        Ok(())
    }
}
