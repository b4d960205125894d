//! What a training set holds, in numbers.

use serde::Serialize;
use std::ops::AddAssign;

/// A training set that was written.
#[derive(Debug, Clone, Serialize)]
pub struct Dataset {
    /// The file.
    pub out: String,
    /// The label.
    pub label: LabelShown,
    /// The content hash of all definitions.
    pub catalogue: String,
    /// The indicators, in the order of their columns.
    pub indicators: Vec<String>,
    /// The share of good rows that was kept.
    pub keep_good: f64,
    /// The moment of the newest event from outside.
    pub latest: String,
    /// All moments together.
    pub total: Counts,
    /// Moment by moment.
    pub moments: Vec<MomentRow>,
    /// Moments whose label is not over yet.
    pub left_out: Vec<LeftOut>,
    /// Changes of what was known that the rows' states went through.
    pub changes: u64,
}

/// A label and what made it.
#[derive(Debug, Clone, Serialize)]
pub struct LabelShown {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// Whom it is about.
    pub of: &'static str,
    /// Days of the performance window.
    pub within_days: i64,
    /// Days that facts of the window are waited for.
    pub report_days: i64,
    /// The declaring file.
    pub file: String,
    /// The content hash of that file.
    pub hash: String,
}

/// The parties of one moment.
#[derive(Debug, Clone, Serialize)]
pub struct MomentRow {
    /// The moment.
    pub as_of: String,
    /// How many of which kind.
    #[serde(flatten)]
    pub counts: Counts,
}

/// How parties end: `known` = `not_eligible` + `excluded` + `indeterminate` + `not_kept` + `rows`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Parties that anything was known of.
    pub known: u64,
    /// Without what the label wants to have observed.
    pub not_eligible: u64,
    /// Excluded by the label.
    pub excluded: u64,
    /// Neither good nor bad.
    pub indeterminate: u64,
    /// Good, and not kept because only a share of them is.
    pub not_kept: u64,
    /// Rows of the file.
    pub rows: u64,
    /// Of these, bad.
    pub bads: u64,
    /// Of those that were judged, how many for whom `bad` was null and counted as not bad.
    pub bad_unknown: u64,
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.known += other.known;
        self.not_eligible += other.not_eligible;
        self.excluded += other.excluded;
        self.indeterminate += other.indeterminate;
        self.not_kept += other.not_kept;
        self.rows += other.rows;
        self.bads += other.bads;
        self.bad_unknown += other.bad_unknown;
    }
}

/// A moment whose label lies in the future.
#[derive(Debug, Clone, Serialize)]
pub struct LeftOut {
    /// The moment.
    pub as_of: String,
    /// When its label will be known.
    pub label_known_at: String,
}
