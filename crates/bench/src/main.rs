//! `cargo xtask bench`: every figure with its peer or limit measured in the same run.
//!
//! `probity-bench [NAME …] [--out PAGE]` runs the named parts, or all but those that must be named. Medians over rounds;
//! the machine's noise is in the spread. It ends with 1 when a figure is not met.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a benchmark prints its table")]

mod world;
mod client;
mod crowd;
mod peer;
mod figures;
mod machine;
mod data;
mod ingest;
mod import;
mod score;
mod http;
mod decide;
mod backtest;
mod tables;
mod startup;
mod sim;
mod set;
mod python;
mod scorecard;

use figures::{Figure, Verdict};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// That of the binary, since what is measured in process stands for it.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A part: its name, what it measures, and the work.
type Part = (&'static str, &'static str, fn() -> Result<Vec<Figure>, String>);

const PARTS: [Part; 12] = [
    ("ingest", "durable ingest over HTTP in batches of 500, and the bare SQLite loop", ingest::batches),
    ("single", "single events over HTTP, 64 clients", ingest::singles),
    ("import", "import of a file of 1,000,000 events; memory; storage", import::import),
    ("score", "one score in process, hot, cold and at latest", score::in_process),
    ("http", "GET score against a trivial handler, 64 clients", http::steady),
    ("crowd", "64 clients that ask a new server for latest", http::first_crowd),
    ("decide", "decisions in process and over HTTP, recorded before and after the answer", decide::decisions),
    ("backtest", "a policy on a past of 1,000,000 decisions, both ways", backtest::past),
    (
        "tables",
        "decision tables of 100 and 16,369 rows beside zen-engine, which is built for it",
        tables::tables,
    ),
    ("startup", "start-up with 10 million events in the log", startup::startup),
    (
        "scorecard",
        "challengers and scorecards beside OptBinning and LightGBM, which are installed once",
        scorecard::scorecard,
    ),
    ("sim", "a simulated world to Parquet on one core; memory of a large one", sim::worlds),
];

/// Parts that run only when they are named: this one needs Python, a package registry once, and half an hour.
const BY_NAME: [&str; 1] = ["scorecard"];

/// What was asked for.
struct Asked {
    names: Vec<String>,
    out: Option<PathBuf>,
}

fn asked(words: &[String]) -> Result<Asked, String> {
    let mut asked = Asked { names: Vec::new(), out: None };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--out" => asked.out = Some(words.next().ok_or("--out needs a page to write into")?.into()),
            name if PARTS.iter().any(|(known, ..)| *known == name) => asked.names.push(word.clone()),
            other => return Err(format!("there is no part '{other}'; see --help")),
        }
    }
    Ok(asked)
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if words.iter().any(|word| word == "--help" || word == "-h") {
        println!("probity-bench [NAME …] [--out PAGE]\n");
        PARTS.iter().for_each(|(name, what, _)| println!("  {name:<9} {what}"));
        println!("\nWithout names all run, except: {}.", BY_NAME.join(", "));
        println!("--out writes the table into a page, between its marks: docs/BENCHMARKS.md has them.");
        println!(
            "PROBITY_BENCH_SCALE=0.1 makes everything a tenth as large. It ends with 1 when a figure is not met."
        );
        return ExitCode::SUCCESS;
    }
    // Processes of their own that `import` and `scorecard` start.
    let done = if let [word, data] = words.as_slice()
        && word == "hot-state"
    {
        import::print_hot_state(Path::new(data)).map(|()| true)
    } else if let [word, rest @ ..] = words.as_slice()
        && word == "scorecard-measure"
    {
        scorecard::measure(rest).map(|()| true)
    } else {
        match asked(&words) {
            Ok(asked) => run(&asked),
            Err(why) => {
                eprintln!("{why}");
                return ExitCode::from(2);
            }
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the parts; true when every figure is met.
fn run(asked: &Asked) -> Result<bool, String> {
    asked.out.as_deref().map_or(Ok(()), figures::is_marked)?;
    let facts = machine::facts()?;
    println!("{facts}");
    let (mut figures, mut failed) = (Vec::new(), false);
    for (name, what, part) in PARTS {
        let named = asked.names.iter().any(|asked| asked == name);
        if !named && (!asked.names.is_empty() || BY_NAME.contains(&name)) {
            continue;
        }
        eprintln!("{name}: {what}");
        match part() {
            Ok(found) => {
                println!("{}", figures::table(&found));
                figures.extend(found);
            }
            Err(why) => {
                eprintln!("{name} failed: {why}");
                failed = true;
            }
        }
    }
    let missed = figures.iter().filter(|figure| figure.verdict == Verdict::NotMet).count();
    if let Some(page) = &asked.out {
        if failed {
            return Err("a part failed; the page stays as it was".into());
        }
        figures::write_into(page, &format!("{facts}\n{}", figures::table(&figures)))?;
    }
    println!("{} figures, {missed} not met", figures.len());
    Ok(missed == 0 && !failed)
}
