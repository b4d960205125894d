//! What can be said of a training set.

use clap::Args;
use std::path::PathBuf;

/// Options of `dataset`.
#[derive(Debug, Args)]
pub struct DatasetArgs {
    /// The label, by its name (`probity catalogue labels` lists them).
    #[arg(long, value_name = "NAME")]
    pub label: String,
    /// The first moment (default: the end of the log's first day). A day stands for its end.
    #[arg(long, value_name = "T", conflicts_with = "at")]
    pub from: Option<String>,
    /// No moment is later (default: the last whose label is over). A day stands for its end; `latest` is the end of the log.
    #[arg(long, value_name = "T", conflicts_with = "at")]
    pub to: Option<String>,
    /// From one moment to the next.
    #[arg(long, value_name = "DURATION", default_value = "30d", conflicts_with = "at")]
    pub every: String,
    /// These moments instead; a day stands for its end.
    #[arg(long, value_name = "T", value_delimiter = ',')]
    pub at: Vec<String>,
    /// `scorecard` (what the role's scorecard reads), `all`, or names of indicators.
    #[arg(long, value_name = "NAMES", value_delimiter = ',', default_value = "scorecard")]
    pub indicators: Vec<String>,
    /// Keep only this share of the good rows; a column `weight` then says how many each stands for.
    #[arg(long, value_name = "SHARE", default_value_t = 1.0)]
    pub keep_good: f64,
    /// The file, .csv or .parquet. It takes its name when it is whole.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}
