//! Developer commands: demo, test, bench, tidy. `cargo xtask --help` lists them.

mod terminal;
mod usage;
mod finding;
mod rust_text;
mod checkout;
mod tidy;
mod tally;
mod python;
mod programs;
mod check_run;
mod program;

use check_run::Which;
use std::path::PathBuf;
use std::process::ExitCode;
use terminal::{note, say};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(message) => {
            note(&format!("xtask: {message}"));
            ExitCode::from(2)
        }
    }
}

/// Runs one command; whether it passed, or why it could not run.
fn run(arguments: &[String]) -> Result<bool, String> {
    let Some((command, rest)) = arguments.split_first() else { return help(usage::OVERVIEW) };
    let asks_help = rest.iter().any(|word| word == "--help" || word == "-h");
    match command.as_str() {
        "demo" if asks_help => help(usage::DEMO),
        "demo" => program::demo(&root()?, rest),
        "test" if asks_help => help(usage::TEST),
        "test" => match rest {
            [] => check_run::run(&root()?, Which::All),
            [flag] if flag == "--quick" => check_run::run(&root()?, Which::Quick),
            [flag, step] if flag == "--only" => check_run::run(&root()?, Which::Only(step)),
            _ => Err(format!("test does not understand `{}`; see cargo xtask test --help", rest.join(" "))),
        },
        "bench" if asks_help => help(usage::BENCH),
        "bench" => program::bench(&root()?, rest),
        "tidy" if asks_help => help(usage::TIDY),
        "tidy" => match rest {
            [] => tidy::run(&root()?),
            [flag, folder] if flag == "--root" => tidy::run(&PathBuf::from(folder)),
            _ => Err(format!("tidy does not understand `{}`; see cargo xtask tidy --help", rest.join(" "))),
        },
        "--help" | "-h" | "help" => help(usage::OVERVIEW),
        other => Err(format!("there is no command `{other}`\n\n{}", usage::OVERVIEW)),
    }
}

fn help(text: &str) -> Result<bool, String> {
    say(text.trim_end());
    Ok(true)
}

/// The workspace around the current folder.
fn root() -> Result<PathBuf, String> {
    let current = std::env::current_dir().map_err(|error| format!("no current folder: {error}"))?;
    let is_root = |folder: &&std::path::Path| {
        std::fs::read_to_string(folder.join("Cargo.toml")).is_ok_and(|text| text.contains("[workspace]"))
    };
    let found = current.ancestors().find(is_root).map(std::path::Path::to_owned);
    found.ok_or_else(|| format!("no workspace around {}", current.display()))
}
