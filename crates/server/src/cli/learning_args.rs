//! What can be said of scorecards that the platform's own history teaches.

use super::scorecard_args::MethodAsked;
use clap::Args;
use std::path::PathBuf;

/// Options of `train`.
#[derive(Debug, Args)]
pub struct TrainArgs {
    /// The label that the set was made with (`probity catalogue labels` lists them).
    #[arg(long, value_name = "NAME")]
    pub label: String,
    /// The training set, as `probity dataset` writes it.
    #[arg(long, value_name = "FILE")]
    pub dataset: PathBuf,
    /// Judge by this set instead of the late moments of the other one.
    #[arg(long, value_name = "FILE")]
    pub test: Option<PathBuf>,
    /// The kind of model.
    #[arg(long, value_enum, default_value_t = MethodAsked::Auto)]
    pub method: MethodAsked,
    /// Indicators beside those that the scorecard in force reads.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub indicators: Vec<String>,
    /// Indicators that are not to be used.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub without: Vec<String>,
    /// The share of rows at the late end that the card is judged by; 0: it is not judged.
    #[arg(long, value_name = "SHARE", default_value_t = 0.3)]
    pub holdout: f64,
    /// Leave out rows so close before the late ones (default: as long as the label looks ahead; 0d: none).
    #[arg(long, value_name = "DURATION")]
    pub embargo: Option<String>,
    /// Keep the odds of the scale in force, and let tiers fall where they fall; else scores are moved so that their mean is
    /// that of the scorecard in force, and the scale says what odds they stand for.
    #[arg(long)]
    pub keep_scale: bool,
    /// What chance begins with.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// The scorecard's name (default: merchant-trained or buyer-trained).
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// The scorecard's file.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A page about it, in HTML.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// Options of `validate`.
#[derive(Debug, Args)]
pub struct ValidateArgs {
    /// The scorecard's file; without it the scorecard in force.
    pub card: Option<PathBuf>,
    /// Whose scorecard in force, without a file: merchant or buyer.
    #[arg(long, default_value = "merchant", value_name = "ROLE")]
    pub of: String,
    /// The rows it is validated on.
    #[arg(long, value_name = "FILE")]
    pub dataset: PathBuf,
    /// A condition over the set's columns, such as "orders_365d > 10"; may be given more than once.
    #[arg(long, value_name = "SQL")]
    pub segment: Vec<String>,
    /// A page with all figures and pictures, in HTML.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// A model card, in Markdown.
    #[arg(long, value_name = "FILE")]
    pub model_card: Option<PathBuf>,
}

/// Options of `compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The challenger's file.
    pub first: PathBuf,
    /// The champion's file; without it the scorecard in force.
    pub second: Option<PathBuf>,
    /// The rows that both score.
    #[arg(long, value_name = "FILE")]
    pub dataset: PathBuf,
    /// Parties that change tier are listed up to this number.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

/// Options of `approve`.
#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The scorecard's file.
    pub card: PathBuf,
    /// Who proposes it or, once it is proposed, approves it.
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Put it in force when it is approved, from the next start on.
    #[arg(long)]
    pub activate: bool,
    /// Why it is proposed although it was not validated.
    #[arg(long, value_name = "TEXT")]
    pub force_reason: Option<String>,
}

/// Options of `monitor`.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// Whose scorecard: merchant or buyer.
    #[arg(long, default_value = "merchant", value_name = "ROLE")]
    pub of: String,
    /// `latest`, `now`, or a moment.
    #[arg(long, default_value = "latest")]
    pub as_of: String,
    /// The label that says what became of parties (default: the one that the scorecard was fitted on).
    #[arg(long, value_name = "NAME")]
    pub label: Option<String>,
    /// From one vintage to the next.
    #[arg(long, value_name = "DURATION", default_value = "30d")]
    pub every: String,
    /// The first vintage, a day or a moment (default: after the rows that the scorecard was fitted on).
    #[arg(long, value_name = "T")]
    pub from: Option<String>,
    /// Hold parties against those of this moment instead of the rows that the scorecard was fitted on.
    #[arg(long, value_name = "T")]
    pub reference: Option<String>,
    /// Exit with 1 when something wants looking at.
    #[arg(long)]
    pub alarm: bool,
    /// A page with pictures, in HTML.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}
