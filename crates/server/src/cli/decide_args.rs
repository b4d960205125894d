//! What can be said about decisions.

use super::language::Language;
use clap::Args;

/// Options of `decide`.
#[derive(Debug, Args)]
pub struct DecideArgs {
    /// `payment`, `payout`, `listing`, `credit_line`, `onboarding` or `claim_cover`.
    pub kind: String,
    /// The merchant's id.
    #[arg(long, value_name = "ID")]
    pub merchant: Option<String>,
    /// The buyer's id.
    #[arg(long, value_name = "ID")]
    pub buyer: Option<String>,
    /// The amount, for example 12.30.
    #[arg(long, allow_hyphen_values = true)]
    pub amount: Option<String>,
    /// Its currency, the same as --currency here; the reporting currency when left out.
    #[arg(long = "in", value_name = "CODE")]
    pub currency_of_amount: Option<String>,
    /// Main category of what is traded.
    #[arg(long)]
    pub category: Option<String>,
    /// Payment method.
    #[arg(long)]
    pub method: Option<String>,
    /// The order it is about; for credit the line.
    #[arg(long, value_name = "ID")]
    pub order: Option<String>,
    /// An attribute that the policy declares, as NAME=VALUE.
    #[arg(long, value_name = "NAME=VALUE")]
    pub attribute: Vec<String>,
    /// The idempotency key; a new one when left out.
    #[arg(long)]
    pub key: Option<String>,
    /// The language of the reasons (JSON has both).
    #[arg(long, value_enum, default_value_t)]
    pub lang: Language,
}

/// Options of `decisions`.
#[derive(Debug, Args)]
pub struct DecisionsArgs {
    /// `merchant:ID` or `buyer:ID`.
    pub party: String,
    /// At most so many, newest first.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

/// Options of `replay`.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The decision.
    #[arg(required_unless_present = "all", conflicts_with = "all")]
    pub decision: Option<String>,
    /// All decisions.
    #[arg(long)]
    pub all: bool,
    /// From this moment on.
    #[arg(long, requires = "all", value_name = "MOMENT")]
    pub from: Option<String>,
    /// Up to this moment.
    #[arg(long, requires = "all", value_name = "MOMENT")]
    pub to: Option<String>,
}
