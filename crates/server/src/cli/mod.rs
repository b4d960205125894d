//! The command line. One file per group of commands; all printing goes through `out`.

mod rehearse_args;
mod backtest_args;
mod dataset_args;
mod sanction_args;
mod scorecard_args;
mod learning_args;
mod language;
mod decide_args;
mod trial_args;
mod args;
mod out;
mod data;
mod look;
mod decide;
mod lists;
mod sanction;
mod foretell_page;
mod foretell;
mod rehearse;
mod picture;
mod detect_tables;
mod detect_stopped;
mod detect_words;
mod detect_page;
mod detect;
mod whatif_page;
mod whatif;
mod backtest_tables;
mod backtest_picture;
mod backtest;
mod dataset;
mod plot;
mod calibrate_page;
mod calibrate;
mod keep;
mod changes;
mod learning_tables;
mod learning;
mod monitor_page;
mod monitor;
mod trial;
mod scorecard_files;
mod scorecard_report;
mod scorecard_fit;
mod scorecard_challenge;
mod scorecard;
mod check;
mod simulate;
mod demo;

pub use args::{Arguments, Command};

use crate::app::{AppError, Class};
use std::process::ExitCode;

/// It worked.
pub const OK: u8 = 0;
/// It failed.
pub const FAILED: u8 = 1;
/// The command line was wrong.
pub const USAGE: u8 = 2;
/// It worked in part: something was set aside.
pub const PARTIAL: u8 = 3;

/// Runs a command and says how it went.
pub fn run(mut arguments: Arguments) -> ExitCode {
    // Of an amount that is asked about `--currency` says what it is in; the folder's own currency stays.
    if let Command::Decide(asked) = &mut arguments.command {
        let currency = arguments.currency.take();
        asked.currency_of_amount = asked.currency_of_amount.take().or(currency);
    }
    out::logging(&arguments);
    let done = match &arguments.command {
        Command::Serve(serve) => data::serve(&arguments, serve),
        Command::Import(import) => data::import(&arguments, import),
        Command::Simulate(simulate) => simulate::simulate(&arguments, simulate),
        Command::Demo(demo) => demo::demo(&arguments, demo),
        Command::Score(of) => look::score(&arguments, of),
        Command::Explain(of) => look::explain(&arguments, of),
        Command::Indicators(of) => look::indicators(&arguments, of),
        Command::History(of) => look::history(&arguments, of),
        Command::Scores(scores) => lists::scores(&arguments, scores),
        Command::Decide(asked) => decide::decide(&arguments, asked),
        Command::Decisions(of) => decide::decisions(&arguments, of),
        Command::Replay(asked) => decide::replay(&arguments, asked),
        Command::Shadow(asked) => trial::report(&arguments, asked),
        Command::Terms => decide::terms(&arguments),
        Command::Foretell(foretell) => foretell::foretell(&arguments, foretell),
        Command::Whatif(asked) => whatif::whatif(&arguments, asked),
        Command::Backtest(asked) => backtest::backtest(&arguments, asked),
        Command::Dataset(asked) => dataset::dataset(&arguments, asked),
        Command::Train(asked) => learning::train(&arguments, asked),
        Command::Validate(asked) => learning::validate(&arguments, asked),
        Command::Compare(asked) => learning::compare(&arguments, asked),
        Command::Approve(asked) => learning::approve(&arguments, asked),
        Command::Monitor(asked) => monitor::monitor(&arguments, asked),
        Command::Detect(asked) => detect::detect(&arguments, asked),
        Command::Calibrate(calibrate) => calibrate::calibrate(&arguments, calibrate),
        Command::Scorecard(command) => scorecard::scorecard(&arguments, command),
        Command::Sanctions(asked) => sanction::sanctions(&arguments, asked),
        Command::Sanction(command) => sanction::sanction(&arguments, command),
        Command::Notices(asked) => sanction::notices(&arguments, asked),
        Command::Events(events) => lists::events(&arguments, events),
        Command::Export(export) => lists::export(&arguments, export),
        Command::SetAside(asked) => lists::set_aside(&arguments, asked),
        Command::Catalogue(catalogue) => check::catalogue(&arguments, catalogue),
        Command::Audit(audit) => check::audit(&arguments, audit),
        Command::Doctor => check::doctor(&arguments),
        Command::Backup { to } => keep::backup(&arguments, to),
        Command::Restore { from } => keep::restore(&arguments, from),
        Command::Completions { shell } => out::completions(*shell),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            out::failure(&arguments, &error);
            ExitCode::from(if error.class == Class::Invalid { USAGE } else { FAILED })
        }
    }
}

type Done = Result<u8, AppError>;
