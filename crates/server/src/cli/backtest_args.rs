//! What can be said of a backtest.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// Options of `backtest`.
#[derive(Debug, Args)]
pub struct BacktestArgs {
    /// A policy file; it takes the place of the policy in force for what it decides, and only such requests are decided again.
    /// One for each kind of request.
    #[arg(long = "policy", value_name = "FILE")]
    pub policies: Vec<PathBuf>,
    /// A file of terms in place of those in force for its role.
    #[arg(long, value_name = "FILE")]
    pub terms: Vec<PathBuf>,
    /// A scorecard in place of the one in force for its role; states are rebuilt from the log.
    #[arg(long = "scorecard", value_name = "FILE")]
    pub scorecards: Vec<PathBuf>,
    /// A file of tiers in place of those in force for its role; states are rebuilt from the log.
    #[arg(long, value_name = "FILE")]
    pub tiers: Vec<PathBuf>,
    /// From this moment or day on (default: the beginning).
    #[arg(long, value_name = "T")]
    pub from: Option<String>,
    /// Up to this moment or day, the day included; `latest` is the end of the log.
    #[arg(long, default_value = "latest", value_name = "T")]
    pub to: String,
    /// How long after a decision it is looked at what became of it.
    #[arg(long, default_value = "90d", value_name = "DURATION")]
    pub within: String,
    /// Which requests are decided again.
    #[arg(long, value_enum, default_value_t = RequestsAsked::Recorded)]
    pub requests: RequestsAsked,
    /// Group requests by an expression over the columns of the policy, too: "merchant_orders_365d > 10".
    #[arg(long, value_name = "SQL")]
    pub segment: Option<String>,
    /// Rebuild states from the log also where the records would do: slower, and the same.
    #[arg(long)]
    pub from_states: bool,
    /// Examples of each kind of change.
    #[arg(long, default_value_t = 3, value_name = "N")]
    pub examples: usize,
    /// Write the report into this Markdown file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write the pictures into this folder, as backtest-groups.svg and backtest-outcomes.svg.
    #[arg(long, value_name = "FOLDER")]
    pub svg: Option<PathBuf>,
}

/// Which requests are decided again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RequestsAsked {
    /// Those whose decisions stand in the log.
    Recorded,
    /// The first payment of every order, as if it had been asked for.
    Orders,
}
