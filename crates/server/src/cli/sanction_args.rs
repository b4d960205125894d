//! What can be said on the command line about sanctions.

use clap::{Args, Subcommand};

/// A step of a sanction.
#[derive(Debug, Subcommand)]
pub enum SanctionCommand {
    /// Propose a sanction; it has no effect before another person approves it.
    #[command(
        after_help = "Examples:\n  probity sanction propose merchant:abc --kind suspend --ground fraud --reason R7 --statement 'Parcels were empty.' --by ann\n  probity sanction propose merchant:abc buyer:xyz --kind limit --limit 500.00 --ground risk --reason R3 --statement 'Linked to an open case.' --ends-at 2026-12-31T00:00:00Z --by ann\n\nSeveral parties are a cluster: sanctioned all or none."
    )]
    Propose(ProposeArgs),
    /// Approve a proposal: its sanctions start.
    #[command(after_help = "Example:\n  probity sanction approve sanc_0192 --content HASH --by bob")]
    Approve {
        /// The id of the proposal.
        id: String,
        /// The hash that the proposal was shown with: what is approved is what was read.
        #[arg(long)]
        content: String,
        /// Who approves: another person than the proposer.
        #[arg(long)]
        by: String,
    },
    /// Appeal a sanction in the name of its party.
    #[command(
        after_help = "Example:\n  probity sanction appeal sanc_0192 --party merchant:abc --statement 'They were full.'"
    )]
    Appeal {
        /// The id of the sanction.
        id: String,
        /// Who appeals: the party whom it is against.
        #[arg(long)]
        party: String,
        /// What it says.
        #[arg(long)]
        statement: String,
    },
    /// Answer an appeal, or lift a sanction.
    #[command(
        after_help = "Example:\n  probity sanction end sanc_0192 --how appeal_upheld --statement 'The parcels were weighed.' --decided-by cleo --approved-by dan"
    )]
    End {
        /// The id of the sanction.
        id: String,
        /// appeal_upheld, appeal_rejected (which leaves it in force) or lifted.
        #[arg(long)]
        how: String,
        /// Why.
        #[arg(long)]
        statement: String,
        /// Who decides; of an appeal neither who proposed nor who approved the sanction.
        #[arg(long)]
        decided_by: String,
        /// Who approves that: another person.
        #[arg(long)]
        approved_by: String,
    },
    /// Show a sanction, or those of a cluster.
    Show {
        /// The id.
        id: String,
        /// `now`, `latest`, or a moment.
        #[arg(long, default_value = "now")]
        as_of: String,
    },
}

/// Options of `sanction propose`.
#[derive(Debug, Args)]
pub struct ProposeArgs {
    /// `merchant:ID` or `buyer:ID`; several are a cluster.
    #[arg(required = true)]
    pub parties: Vec<String>,
    /// limit, suspend or terminate.
    #[arg(long)]
    pub kind: String,
    /// fraud, legal_order, rules_broken, risk or debt.
    #[arg(long)]
    pub ground: String,
    /// Code of the reason.
    #[arg(long)]
    pub reason: String,
    /// Statement of reasons, as the party will be given it.
    #[arg(long)]
    pub statement: String,
    /// The most that may be open, for a limit, in the reporting currency.
    #[arg(long)]
    pub limit: Option<String>,
    /// When it ends by itself.
    #[arg(long)]
    pub ends_at: Option<String>,
    /// Who proposes it.
    #[arg(long)]
    pub by: String,
    /// An id of your choice, for saying the same again safely.
    #[arg(long)]
    pub id: Option<String>,
}

/// Options of `sanctions`.
#[derive(Debug, Args)]
pub struct SanctionsArgs {
    /// `merchant:ID` or `buyer:ID`.
    pub party: String,
    /// `now`, `latest` (the newest event), or a moment.
    #[arg(long, default_value = "now")]
    pub as_of: String,
}

/// Options of `notices`.
#[derive(Debug, Args)]
pub struct NoticesArgs {
    /// `subject` or `members`.
    #[arg(long, default_value = "subject")]
    pub to: String,
    /// After this row of the log.
    #[arg(long, default_value_t = 0)]
    pub after: u64,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}
