//! What can be said on the command line.

use super::backtest_args::BacktestArgs;
use super::dataset_args::DatasetArgs;
use super::decide_args::{DecideArgs, DecisionsArgs, ReplayArgs};
use super::language::Language;
use super::learning_args::{ApproveArgs, CompareArgs, MonitorArgs, TrainArgs, ValidateArgs};
use super::rehearse_args::{DetectArgs, WhatifArgs};
use super::sanction_args::{NoticesArgs, SanctionCommand, SanctionsArgs};
use super::scorecard_args::ScorecardCommand;
use super::trial_args::{ShadowArgs, SplitArgs, TrialArgs};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// An open integrity system for online commerce: one credit record for every merchant and every buyer.
#[derive(Debug, Parser)]
#[command(
    name = "probity",
    version,
    after_help = "Examples:\n  probity demo\n  probity --data ./data import --mapping olist ./olist\n  probity --data ./data score merchant:abc --as-of latest\n  probity --data ./data scores --of merchant --as-of 2018-01-31T23:59:59Z --csv > scores.csv\n  probity --data ./data serve\n\nExit codes: 0 it worked, 1 it failed, 2 the command line or an input was wrong, 3 it worked and something was set aside."
)]
pub struct Arguments {
    /// The data folder; made when it does not exist.
    #[arg(long, global = true, env = "PROBITY_DATA", default_value = "probity-data", value_name = "DIR")]
    pub data: PathBuf,
    /// A catalogue folder instead of the starter catalogue in the binary (default: DIR/catalogue when it exists).
    #[arg(long, global = true, env = "PROBITY_CATALOGUE", value_name = "DIR")]
    pub catalogue_dir: Option<PathBuf>,
    /// Look at the past under a catalogue that was in force on this folder, by its hash (`catalogue versions` lists them).
    /// For commands that read; nothing is settled or written.
    #[arg(long, global = true, value_name = "HASH", conflicts_with = "catalogue_dir")]
    pub catalogue_version: Option<String>,
    /// The reporting currency, instead of that of the catalogue's rates.toml.
    #[arg(long, global = true, env = "PROBITY_CURRENCY", value_name = "CODE")]
    pub currency: Option<String>,
    /// Answer in JSON on standard output.
    #[arg(long, global = true)]
    pub json: bool,
    /// How log lines look.
    #[arg(long, global = true, value_enum, default_value_t = LogFormat::Text)]
    pub log_format: LogFormat,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Answer HTTP requests and show the page.
    Serve(ServeArgs),
    /// Take in files of events, or foreign tables through a mapping.
    #[command(
        after_help = "Examples:\n  probity --data ./data import events.jsonl more.csv.gz\n  probity --data ./data import --mapping olist ./olist\n  probity --data ./data import --dry-run events.csv\n\nEvery row ends as taken, known before, or set aside with its line and reason (see `probity set-aside`).\nThe same files can be imported again: what is known is skipped."
    )]
    Import(ImportArgs),
    /// Make a marketplace with known cheats: events in Probity's vocabulary, and the truth about them.
    #[command(
        args_conflicts_with_subcommands = true,
        subcommand_negates_reqs = true,
        after_help = "Examples:\n  probity simulate --merchants 5000 --buyers 100000 --days 540 --seed 7 --out world\n  probity simulate --only exit_scam,refund_abuser --format jsonl --out world --verify\n  probity simulate verify world\n  probity --data ./data import world/events.parquet\n\nThe same command gives the same bytes, on every machine and with any number of threads.\nThe folder holds a whole world or nothing: a run that was cut off leaves nothing that a command would take."
    )]
    Simulate(SimulateArgs),
    /// Bring in a sample, or let a small marketplace happen, and show scores in the terminal and on a page.
    Demo(DemoArgs),
    /// A party's score as of a moment.
    #[command(
        after_help = "Example:\n  probity --data ./data score merchant:abc --as-of 2018-01-31T23:59:59Z --json"
    )]
    Score(PartyArgs),
    /// Why a party's score is what it is, and what would change it.
    Explain(ExplainArgs),
    /// A party's indicators as of a moment.
    Indicators(PartyArgs),
    /// A party's scores on record.
    History(PartyArgs),
    /// The scores of all parties of a role.
    #[command(
        after_help = "Example:\n  probity --data ./data scores --of merchant --as-of latest --csv > scores.csv"
    )]
    Scores(ScoresArgs),
    /// May this payment, payout, listing or credit line go ahead?
    #[command(
        after_help = "Examples:\n  probity --data ./data decide payment --merchant m-1 --buyer b-1 --amount 12.30 --order o-1\n  probity --data ./data decide payout --merchant m-1 --amount 500.00 --currency EUR --json\n  probity --data ./data decide credit_line --buyer b-1 --amount 300.00 --lang zh\n\nThe answer is on record before it is shown. An approved payment holds its amount until it is paid or too old."
    )]
    Decide(DecideArgs),
    /// A party's decisions.
    Decisions(DecisionsArgs),
    /// Make decisions again, under the definitions that made them, and say whether they come out the same.
    #[command(
        after_help = "Examples:\n  probity --data ./data replay dec_0123\n  probity --data ./data replay --all --from 2026-01-01T00:00:00Z\n\nThe exit code is 1 when one comes out differently."
    )]
    Replay(ReplayArgs),
    /// What a challenger in shadow would have answered otherwise, how the arms of a split compare, and what then happened.
    #[command(
        after_help = "Examples:\n  probity --data ./data catalogue shadow 5dce6e09 --by alice\n  probity --data ./data shadow\n  probity --data ./data shadow --trial 7 --within 60 --json\n\nIt reads the log to say what then happened. Of what the challenger would have stopped, the share that went badly is\nits precision; what nobody let go ahead cannot be known."
    )]
    Shadow(TrialArgs),
    /// What each tier grants.
    Terms,
    /// How well the merchant score foretold orders that went badly, beside the plain mean rating.
    #[command(
        after_help = "Example:\n  probity --data ./data foretell --from 2017-03-31 --to 2018-01-31 --weight delivered=18.65 --out docs/FORETELL.md"
    )]
    Foretell(ForetellArgs),
    /// What a policy does to losses, sales, honest parties and cheats: the same simulated worlds under two of them.
    #[command(
        after_help = "Examples:\n  probity whatif --policy none --policy starter --seeds 20\n  probity whatif --policy starter --policy my-merchant-card.toml --seeds 20 --out report.md --svg pictures\n  probity whatif --policy ./catalogue --policy ./catalogue-next --merchants 100 --buyers 2000 --days 180 --without ring,brusher\n\nWhat buyers see of a tier (its badge) stands in the world's file. Sanctions that rules ask for are started and lifted\nby nobody. The same seeds give the same numbers on every machine, whatever the number of\nthreads. No data folder is needed."
    )]
    Whatif(WhatifArgs),
    /// A policy on the platform's own past: every decision made again as of its moment, beside what was decided and what became of it.
    #[command(
        after_help = "Examples:\n  probity --data ./data backtest --policy payment-next.toml --from 2026-01-01 --to 2026-06-30\n  probity --data ./data backtest --policy payment-next.toml --segment \"merchant_orders_365d > 10\" --out report.md --svg pictures\n  probity --data ./data backtest --policy payment-next.toml --requests orders\n  probity --data ./data backtest --terms buyer-next.toml --json\n\nOnly reads; a server may have the folder meanwhile. Without any file the catalogue in force (or --catalogue-dir) is\ntried on its own past. Exit codes: 0 it worked, 1 it failed, 2 an input was wrong or there is nothing to decide again."
    )]
    Backtest(BacktestArgs),
    /// A training set from the log: parties as they were known at past moments, and what became of them.
    #[command(
        after_help = "Examples:\n  probity --data ./data dataset --label merchant_bad_90d --out train.parquet\n  probity --data ./data dataset --label merchant_bad_90d --from 2024-01-01 --to 2024-12-31 --every 30d --out train.csv\n  probity --data ./data dataset --label buyer_bad_90d --at 2024-03-31,2024-06-30 --indicators all --keep-good 0.1 --out train.parquet\n\nA row has the party, the moment, the label (bad: 0 or 1), score and tier as of then, and the indicators exactly as they\nwere known then. Moments whose label lies in the future are left out and counted; one that --at names is refused.\nOnly reads the folder; a server may have it meanwhile. docs/guides/learning.md explains labels."
    )]
    Dataset(DatasetArgs),
    /// Learn a scorecard from a training set: fitted on its early moments, judged on its late ones.
    #[command(
        after_help = "Examples:\n  probity train --label merchant_bad_90d --dataset train.parquet --out merchant-trained.toml\n  probity train --label buyer_bad_90d --dataset train.parquet --test other.parquet --indicators orders_365d --out buyer-trained.toml --report buyer.html\n\nWhat is written is a scorecard of the catalogue: scale, tiers, gates and reasons are those of the one in force, points are\nlearned. Each indicator may only go the way in which it is better. docs/guides/learning.md walks the whole way."
    )]
    Train(TrainArgs),
    /// How well a scorecard tells bad from good on a training set, by moment and segment; what drifts, what leaks.
    #[command(
        after_help = "Examples:\n  probity validate merchant-trained.toml --dataset test.parquet\n  probity validate --of buyer --dataset test.parquet\n  probity validate merchant-trained.toml --dataset test.parquet --segment \"distinct_buyers_365d > 20\" --report card.html --model-card card.md"
    )]
    Validate(ValidateArgs),
    /// Two scorecards on the same rows: which is better, who reaches which tier, who changes it.
    #[command(
        after_help = "Examples:\n  probity compare merchant-trained.toml --dataset test.parquet\n  probity compare challenger.toml champion.toml --dataset test.parquet --json"
    )]
    Compare(CompareArgs),
    /// Propose a scorecard for the catalogue in force; a second person approves it with the same command.
    #[command(
        after_help = "Examples:\n  probity --data ./data approve merchant-trained.toml --by alice\n  probity --data ./data approve merchant-trained.toml --by bob --activate\n  probity --data ./data catalogue rollback --by bob\n\nOne that does not say how it did on rows it was not fitted on is proposed only with --force-reason."
    )]
    Approve(ApproveArgs),
    /// Whether parties, decisions and bad rates still are what the scorecard in force was made for.
    #[command(
        after_help = "Examples:\n  probity --data ./data monitor\n  probity --data ./data monitor --of buyer --label buyer_bad_90d --alarm --report monitor.html\n  probity --data ./data monitor --reference 2025-06-30\n\nAlarms: a stability index of 0.1 is to be watched, of 0.25 acted on; AUC below what was validated; bad rates outside what\nthe scores foretold. With --alarm the exit code is 1 when there is one."
    )]
    Monitor(MonitorArgs),
    /// What the score sees of known cheats, in simulated worlds in which it watches and nothing follows.
    #[command(
        after_help = "Examples:\n  probity detect --seeds 1,2,3\n  probity detect --seeds 101,102 --tuned-seeds 1,2 --merchants 400 --buyers 6000 --out docs/DETECTION.md --svg docs/pictures\n  probity detect --policy my-merchant-card.toml --policy my-payments.toml --only exit_scam,whitewasher\n  probity detect --policy none --seeds 1,2,3\n\nEach world happens twice: watched by the score while nothing follows, then with the policies in force (not with\n--policy none). The same seeds give the same numbers on every machine, whatever the number of threads. No data folder is needed."
    )]
    Detect(DetectArgs),
    /// Fit the simulator's honest marketplace to a sample of a real one, and show how well it fits.
    #[command(
        after_help = "Examples:\n  probity calibrate --sample ./olist --weight delivered=18.65\n  probity calibrate --sample ./olist --weight delivered=18.65 --out catalogue/worlds/honest.toml --report docs/CALIBRATION.md\n\nThe sample goes through the mapping into a store of its own that is removed again; nothing of it is kept but the\nfitted figures. Without --out and --report the fit is only shown."
    )]
    Calibrate(CalibrateArgs),
    /// Scorecards on any table: fit one, score with it, look at it. No data folder is needed.
    #[command(subcommand)]
    Scorecard(ScorecardCommand),
    /// A party's sanctions, and what it may do, as of a moment.
    #[command(
        after_help = "Example:\n  probity --data ./data sanctions merchant:abc --as-of 2018-01-31T23:59:59Z --json"
    )]
    Sanctions(SanctionsArgs),
    /// Propose, approve, appeal, end or show a sanction.
    #[command(subcommand)]
    Sanction(SanctionCommand),
    /// The outbox: what subjects and members have to be told.
    #[command(after_help = "Example:\n  probity --data ./data notices --to members --json")]
    Notices(NoticesArgs),
    /// Events of the log.
    #[command(
        after_help = "Examples:\n  probity --data ./data events --count --json\n  probity --data ./data events --from 1 --limit 5\n  probity --data ./data events --party merchant:abc"
    )]
    Events(EventsArgs),
    /// Write the events of the log into a file.
    Export(ExportArgs),
    /// What could not be taken, with line and reason.
    #[command(
        after_help = "Example:\n  probity --data ./data set-aside --retry\n\nA retry takes what can be taken now: events whose moment has come, types that were declared since."
    )]
    SetAside(SetAsideArgs),
    /// Check and show the catalogue.
    Catalogue(CatalogueArgs),
    /// Audit the log.
    Audit(AuditArgs),
    /// Look at the data folder, the catalogue and the machine, and say what is wrong.
    Doctor,
    /// Copy the data folder into a new one, while others read and write.
    Backup {
        /// The new folder.
        to: PathBuf,
    },
    /// Bring a backup into the (empty) data folder.
    Restore {
        /// The folder of the backup.
        from: PathBuf,
    },
    /// Shell completions.
    Completions {
        /// For which shell.
        shell: clap_complete::Shell,
    },
}

/// Options of `serve`.
#[derive(Debug, Args)]
pub struct ServeArgs {
    /// Where to listen.
    #[arg(long, env = "PROBITY_LISTEN", default_value = "127.0.0.1:7400")]
    pub listen: SocketAddr,
    /// Largest request body in MiB, after decompression.
    #[arg(long, default_value_t = 16)]
    pub body_limit: usize,
    /// Answer requests for decisions before they are on disk: quicker, but a crash loses the last moments' answers.
    #[arg(long)]
    pub decide_before_recording: bool,
}

/// Options of `import`.
#[derive(Debug, Args)]
pub struct ImportArgs {
    /// Files (.csv, .jsonl, .ndjson, these as .gz, .parquet), or with a mapping a folder.
    #[arg(required = true)]
    pub paths: Vec<PathBuf>,
    /// A mapping of the catalogue by name, or a mapping file.
    #[arg(long)]
    pub mapping: Option<String>,
    /// Source of events that name none.
    #[arg(long)]
    pub source: Option<String>,
    /// Write nothing; say what would be taken, is known already, contradicts what stands, or would be set aside.
    #[arg(long)]
    pub dry_run: bool,
}

/// Options of `simulate`.
#[derive(Debug, Args)]
pub struct SimulateArgs {
    /// Check a world instead of making one.
    #[command(subcommand)]
    pub what: Option<SimulateCommand>,
    /// The folder to write; must not exist or be empty.
    #[arg(long, required = true, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Merchants, instead of the world file's number.
    #[arg(long, value_name = "N")]
    pub merchants: Option<u32>,
    /// Buyers, instead of the world file's number.
    #[arg(long, value_name = "N")]
    pub buyers: Option<u32>,
    /// Days, instead of the world file's number.
    #[arg(long, value_name = "N")]
    pub days: Option<u32>,
    /// What chance begins with.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Of the archetypes that cheat, only these.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub only: Option<Vec<String>>,
    /// None of these archetypes.
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub without: Vec<String>,
    /// The form of the events.
    #[arg(long, value_enum, default_value_t = WorldFormat::Parquet)]
    pub format: WorldFormat,
    /// Threads; default is as many as the machine has.
    #[arg(long, value_name = "N")]
    pub threads: Option<usize>,
    /// Who lives in the world, instead of the catalogue's worlds/marketplace.toml.
    #[arg(long, value_name = "FILE")]
    pub world: Option<PathBuf>,
    /// What honest trade looks like in numbers, instead of the catalogue's worlds/honest.toml.
    #[arg(long, value_name = "FILE")]
    pub honest: Option<PathBuf>,
    /// Read everything back and check it against the laws that every world keeps.
    #[arg(long)]
    pub verify: bool,
}

/// What to do with a world.
#[derive(Debug, Subcommand)]
pub enum SimulateCommand {
    /// Read a world back and check it: its hashes, nothing before its cause, no money from nowhere.
    Verify {
        /// Its folder.
        folder: PathBuf,
    },
}

/// The form of a world's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum WorldFormat {
    /// events.parquet.
    Parquet,
    /// events.jsonl.
    Jsonl,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub struct DemoArgs {
    /// Folder of the Olist sample; without it a small data set is made.
    #[arg(long)]
    pub sample: Option<PathBuf>,
    /// Where the page is shown.
    #[arg(long, default_value = "127.0.0.1:7400")]
    pub listen: SocketAddr,
    /// End after showing the scores in the terminal.
    #[arg(long)]
    pub no_serve: bool,
}

/// A party and a moment.
#[derive(Debug, Args)]
pub struct PartyArgs {
    /// `merchant:ID` or `buyer:ID`.
    pub party: String,
    /// `latest` (the newest event), `now`, or a moment such as 2018-01-31T23:59:59Z.
    #[arg(long, default_value = "latest")]
    pub as_of: String,
}

/// Options of `explain`.
#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// Of whom, and when.
    #[command(flatten)]
    pub of: PartyArgs,
    /// The language of the reasons (JSON has both).
    #[arg(long, value_enum, default_value_t)]
    pub lang: Language,
}

/// Options of `scores`.
#[derive(Debug, Args)]
pub struct ScoresArgs {
    /// `merchant` or `buyer`.
    #[arg(long)]
    pub of: String,
    /// `latest`, `now`, or a moment.
    #[arg(long, default_value = "latest")]
    pub as_of: String,
    /// CSV: party, score, tier, range, one column per dimension and indicator.
    #[arg(long)]
    pub csv: bool,
    /// At most so many, the lowest scores first (CSV and JSON give all in the order of their names).
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
}

/// Options of `foretell`.
#[derive(Debug, Args)]
pub struct ForetellArgs {
    /// The first date; default is the end of the history's fourth month.
    #[arg(long)]
    pub from: Option<String>,
    /// The last date; default is one horizon before the newest event.
    #[arg(long)]
    pub to: Option<String>,
    /// A score is taken at the end of every so much.
    #[arg(long, value_enum, default_value_t = Every::Month)]
    pub every: Every,
    /// How long after a date orders are looked at.
    #[arg(long, default_value = "90d")]
    pub horizon: String,
    /// Orders of the market that a delivered order of a sample stands for, as delivered=NUMBER.
    #[arg(long, default_value = "delivered=1")]
    pub weight: String,
    /// Write the tables into this Markdown file and the picture beside it, as pictures/foretell.svg.
    #[arg(long)]
    pub out: Option<PathBuf>,
}

/// Options of `calibrate`.
#[derive(Debug, Args)]
pub struct CalibrateArgs {
    /// Folder of the sample's tables.
    #[arg(long)]
    pub sample: PathBuf,
    /// The mapping that reads them: of the catalogue by name, or a file.
    #[arg(long, default_value = "olist")]
    pub mapping: String,
    /// Orders of the market that a delivered order of the sample stands for, as delivered=NUMBER.
    #[arg(long, default_value = "delivered=1")]
    pub weight: String,
    /// Where the sample is from and under which licence, for the head of the file.
    #[arg(long, default_value = "the Olist tables (Brazilian marketplace, on Kaggle), CC BY-NC-SA 4.0")]
    pub origin: String,
    /// Write the fitted parameters into this TOML file.
    #[arg(long)]
    pub out: Option<PathBuf>,
    /// Write the comparison into this Markdown file and its pictures beside it, as pictures/calibration-NAME.svg.
    #[arg(long)]
    pub report: Option<PathBuf>,
    /// Seed of the fit; the comparison uses others.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// Simulated worlds that the sample is compared with.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=100))]
    pub worlds: u64,
}

/// How often scores are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Every {
    /// At the end of each month.
    Month,
    /// At the end of each quarter.
    Quarter,
}

/// Options of `events`.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// Only count them, in all and by type; of one party with --party.
    #[arg(long)]
    pub count: bool,
    /// The first row.
    #[arg(long, default_value_t = 1)]
    pub from: u64,
    /// At most so many.
    #[arg(long, default_value_t = 20)]
    pub limit: usize,
    /// Only events about this party, newest first.
    #[arg(long)]
    pub party: Option<String>,
}

/// Options of `export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The file: .jsonl (exact, can be imported again; what Probity derived itself is skipped then) or .csv.
    pub to: PathBuf,
    /// Leave out what Probity derived itself.
    #[arg(long)]
    pub without_derived: bool,
}

/// Options of `set-aside`.
#[derive(Debug, Args)]
pub struct SetAsideArgs {
    /// Try everything again whose content is kept; what is taken now is set aside no longer.
    #[arg(long)]
    pub retry: bool,
}

/// Options of `catalogue`.
#[derive(Debug, Args)]
pub struct CatalogueArgs {
    /// What to do with it.
    #[command(subcommand)]
    pub what: CatalogueCommand,
}

/// What to do with the catalogue.
#[derive(Debug, Subcommand)]
pub enum CatalogueCommand {
    /// Check a catalogue: every definition, every expression.
    Check {
        /// The folder; default is the catalogue in force.
        folder: Option<PathBuf>,
    },
    /// List the event types.
    Events {
        /// As a page in Markdown, with every field: type, unit, required, sensitivity, meaning.
        #[arg(long)]
        markdown: bool,
    },
    /// List the indicators.
    Indicators,
    /// List the labels.
    Labels,
    /// The JSON Schema of an event type.
    Schema {
        /// The type, for example order.placed.
        event_type: String,
    },
    /// List the catalogues that were ever in force on the data folder, or challenged what was.
    Versions,
    /// Propose a catalogue: it is loaded, its cases are checked, and it is kept with the folder.
    Propose {
        /// The folder with its files.
        folder: PathBuf,
        /// Who proposes it.
        #[arg(long, value_name = "NAME")]
        by: String,
        /// Why.
        #[arg(long)]
        note: Option<String>,
    },
    /// Say what differs between two catalogues, file by file; one alone is compared with what is in force.
    Diff {
        /// The hash of one that was proposed or in force, or its beginning.
        #[arg(value_name = "HASH")]
        first: String,
        /// Another.
        #[arg(value_name = "HASH")]
        second: Option<String>,
    },
    /// Approve a tested catalogue: a second person, and for 72 hours.
    Approve {
        /// Its hash, or the beginning.
        hash: String,
        /// Who approves it.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Put an approved catalogue in force, from the next start on.
    Activate {
        /// Its hash, or the beginning.
        hash: String,
        /// Who activates it.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Let a tested catalogue answer every request after the one in force, without effect; or end that.
    #[command(
        after_help = "Examples:\n  probity catalogue shadow 5dce6e09f27a --by alice\n  probity catalogue shadow --stop --by alice\n\nIt takes effect at once and lasts through restarts until it is stopped, or a catalogue is activated. The challenger\nmay differ in scorecards, tiers, terms and policies alone. `probity shadow` tells what comes of it."
    )]
    Shadow(ShadowArgs),
    /// Let an approved catalogue answer for a share of the parties; or end that.
    #[command(
        after_help = "Examples:\n  probity catalogue split 5dce6e09f27a --share 20% --by bob\n  probity catalogue split 5dce6e09f27a --share 5% --of merchant --by bob\n  probity catalogue split --stop --by bob\n\nOn which side a party falls follows from its name and the challenger's hash: always the same one, and a larger share\nonly adds parties. It needs the approval of a second person, less than 72 hours old, as activating does."
    )]
    Split(SplitArgs),
    /// Go back to the catalogue that was in force before; needs no second person.
    Rollback {
        /// The hash of an earlier one, instead of the last.
        #[arg(long, value_name = "HASH")]
        to: Option<String>,
        /// Who goes back.
        #[arg(long, value_name = "NAME")]
        by: String,
    },
    /// Tell who proposed, approved and activated what, and when.
    Log,
    /// Write the starter catalogue into a folder, to be changed there; or one that was once in force.
    Write {
        /// One that was in force on the data folder, by its hash.
        #[arg(long, value_name = "HASH")]
        version: Option<String>,
        /// The folder.
        to: PathBuf,
    },
}

/// Options of `audit`.
#[derive(Debug, Args)]
pub struct AuditArgs {
    /// What to do.
    #[command(subcommand)]
    pub what: AuditCommand,
}

/// What to audit.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check every row of the log against its hash, the chain and the checkpoints.
    Verify,
}
