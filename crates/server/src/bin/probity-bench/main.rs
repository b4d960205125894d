//! `cargo xtask bench`: every figure with its peer or limit measured in the same run.
//!
//! `probity-bench [NAME …]` runs the named parts, or all. Medians over rounds; the machine's noise is in the spread.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod world;
mod client;
mod peer;
mod figures;
mod ingest;
mod import;
mod score;
mod startup;
mod sim;

use figures::Figure;
use std::process::ExitCode;

/// A part: its name, what it measures, and the work.
type Part = (&'static str, &'static str, fn() -> Result<Vec<Figure>, String>);

const PARTS: [Part; 7] = [
    ("ingest", "durable ingest over HTTP in batches of 500, and the bare SQLite loop", ingest::batches),
    ("single", "single events over HTTP, 64 clients", ingest::singles),
    ("import", "import of a file of 1,000,000 events; storage", import::import),
    ("score", "one score in process, hot and cold", score::in_process),
    ("http", "GET score over HTTP against a trivial handler, 64 clients", score::over_http),
    ("startup", "start-up with 10 million events in the log", startup::startup),
    ("sim", "a simulated world to Parquet on one core; memory of a large one", sim::worlds),
];

fn main() -> ExitCode {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    if asked.iter().any(|word| word == "--help" || word == "-h") {
        println!("probity-bench [NAME …]\n");
        PARTS.iter().for_each(|(name, what, _)| println!("  {name:<8} {what}"));
        println!("\nPROBITY_BENCH_SCALE=0.1 makes everything a tenth as large.");
        return ExitCode::SUCCESS;
    }
    if let Some(unknown) = asked.iter().find(|word| PARTS.iter().all(|(name, ..)| name != word)) {
        eprintln!("there is no part '{unknown}'; see --help");
        return ExitCode::from(2);
    }
    let mut figures = Vec::new();
    for (name, what, run) in PARTS {
        if !asked.is_empty() && !asked.iter().any(|word| word == name) {
            continue;
        }
        eprintln!("{name}: {what}");
        match run() {
            Ok(found) => {
                figures::print(&found);
                figures.extend(found);
            }
            Err(why) => {
                eprintln!("{name} failed: {why}");
                return ExitCode::FAILURE;
            }
        }
    }
    println!();
    figures::print(&figures);
    ExitCode::SUCCESS
}
