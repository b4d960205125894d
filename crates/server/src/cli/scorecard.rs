//! Scorecards on any table: options, files, and what is said of them.

use super::args::Arguments;
use super::out::{self, Bar};
use super::rehearse::write;
use super::scorecard_args::{CardForm, ExportArgs, FitArgs, MethodAsked, ReportArgs, ScoreArgs, ScorecardCommand, ShowArgs};
use super::{Done, OK, PARTIAL};
use crate::app::{AppError, Guide, TableFile, read_table};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use probity_scorecard::fit::{Asked, Fitted, Options, fit};
use probity_scorecard::table::Value;
use probity_scorecard::{Error, Sample, Scorecard, Table, format};
use std::fmt::Write as _;
use std::path::Path;

const INVALID: Code = Code::new("scorecard-fit-invalid");

/// The largest scorecard file that is read, in bytes.
const LARGEST_CARD: u64 = 64 << 20;
/// Problems of rows that are shown; the rest is counted.
const MOST_PROBLEMS: usize = 10;

/// Answers `scorecard`.
pub(super) fn scorecard(arguments: &Arguments, command: &ScorecardCommand) -> Done {
    match command {
        ScorecardCommand::Fit(asked) => fit_card(arguments, asked),
        ScorecardCommand::Score(asked) => score(asked),
        ScorecardCommand::Report(asked) => report(arguments, asked),
        ScorecardCommand::Show(asked) => show(arguments, asked),
        ScorecardCommand::Export(asked) => export(asked),
        ScorecardCommand::Import(asked) => import(asked),
    }
}

fn refused(error: &Error) -> AppError {
    Problem::new(INVALID, error.to_string()).into()
}
