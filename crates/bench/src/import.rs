//! Import of a large file, its memory, and what an event takes on disk.

use crate::client::{Folder, probity};
use crate::data::open;
use crate::figures::{Figure, median, middle, rank, scaled};
use crate::machine::resident_kib;
use crate::peer::{bare_loop, rows};
use crate::world::World;
use probity_credit::event::Role;
use probity_primitives::Timestamp;
use probity_server::app::AsOf;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// End of the made-up history.
const END: &str = "2026-06-30T00:00:00Z";
/// Merchants of the usual history.
pub(crate) const SHOPS: u64 = 2_000;
/// Rounds, of which the median counts.
const ROUNDS: usize = 3;

/// Writes a file of events about some merchants.
pub(crate) fn write(path: &Path, events: u64, shops: u64) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let end = Timestamp::parse(END).map_err(|problem| problem.to_string())?;
    let mut world = World::history(events / 6, shops, end);
    let mut out = std::io::BufWriter::new(std::fs::File::create(path).map_err(failed)?);
    for _ in 0..events {
        writeln!(out, "{}", world.event()).map_err(failed)?;
    }
    out.flush().map_err(failed)
}

/// Bytes of the files in a folder.
pub(crate) fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.metadata().ok()).map(|meta| meta.len()).sum()
}

/// Imports a file with the real binary; its report, and the most memory it held in KiB.
pub(crate) fn run(data: &Path, file: &Path) -> Result<(serde_json::Value, u64), String> {
    let output = Command::new(probity()?)
        .args(["--data".as_ref(), data.as_os_str(), "--json".as_ref(), "import".as_ref(), file.as_os_str()])
        .env("PROBITY_LOG", "warn")
        .env("PROBITY_REPORT_MEMORY", "1")
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let report = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let peak = said
        .lines()
        .find_map(|line| line.strip_prefix("peak memory: ")?.strip_suffix(" kB")?.trim().parse().ok())
        .ok_or("the import did not say how much memory it held")?;
    Ok((report, peak))
}

/// Prints the KiB that the hot state of a data folder takes: by how much this process, new and empty, grows when it opens
/// the folder and every party's state is read. The process does nothing else.
pub(crate) fn print_hot_state(data: &Path) -> Result<(), String> {
    let told = || resident_kib().ok_or_else(|| "the system does not tell resident memory".to_owned());
    // Definitions and code are no state: an empty folder is opened before the first look.
    let empty = Folder::new("empty")?;
    open(&empty.0.join("data"))?.close();
    let before = told()?;
    let probity = open(data)?;
    for role in Role::ALL {
        let mut after = 0;
        loop {
            let page = probity.parties(role, after, 1_000).map_err(|error| error.to_string())?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            for (_, party) in &page {
                probity.score(party, AsOf::Now).map_err(|error| error.to_string())?;
            }
        }
    }
    println!("{}", told()?.saturating_sub(before));
    probity.close();
    Ok(())
}

fn hot_state_kib(data: &Path) -> Result<u64, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let output = Command::new(own).arg("hot-state").arg(data).output().map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
}

/// A million events.
pub(crate) fn import() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("import")?;
    let file = folder.0.join("events.jsonl");
    let events = scaled(1_000_000);
    write(&file, events, SHOPS)?;
    let data = folder.0.join("data");
    let (mut taking, mut after, mut whole, mut peaks) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut taken = 0.0;
    for _ in 0..ROUNDS {
        let _ = std::fs::remove_dir_all(&data);
        let (report, peak) = run(&data, &file)?;
        let number = |name: &str| report.get(name).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
        taken = number("taken");
        taking.push(taken / number("seconds"));
        after.push(number("seconds_after"));
        whole.push(taken / (number("seconds") + number("seconds_after")));
        peaks.push(peak as f64 / 1_024.0);
    }
    let hot = hot_state_kib(&data)? as f64 / 1_024.0;
    let held = open(&data).map(|probity| {
        let held = probity.event_count();
        probity.close();
        held
    })?;
    let log = rows(&data, events)?;
    let bare: Result<Vec<f64>, String> =
        (0..ROUNDS).map(|_| Ok(bare_loop(&folder.0, &log, 8_192)?.rate)).collect();
    let bytes = size(&data) as f64;
    Ok(vec![
        Figure::new(
            &format!("import of a file of {events} events: taking them"),
            format!("{} events/s", middle(&taking, 0)),
            format!("bare SQLite loop, the same rows, 8,192 a commit: {} rows/s", middle(&bare?, 0)),
            "≥ 100,000 events/s",
            median(&taking) >= 100_000.0,
        ),
        Figure::told(
            "settling timers and recording scores after it",
            format!("{} s", middle(&after, 1)),
            format!("{:.0} further rows", held as f64 - taken),
        ),
        // What is taken is durable and read from; scores of past months go on record behind it, as a server does at leisure.
        Figure::told(
            "the whole import, both together",
            format!("{} events/s", middle(&whole, 0)),
            format!("{:.0} rows/s", median(&whole) * held as f64 / taken),
        ),
        Figure::new(
            "its memory above the hot state",
            format!("{:.0} MB (at most {} MB in all)", rank(&peaks, 1.0) - hot, middle(&peaks, 0)),
            format!("hot state {hot:.0} MB: what a new process grows by when it reads all states"),
            "< 300 MB",
            rank(&peaks, 1.0) - hot < 300.0,
        ),
        Figure::new(
            "storage for each event of the log, index, hashes and everything else included",
            format!("{:.0} bytes", bytes / held as f64),
            format!(
                "{:.0} bytes for each event from outside, which makes {:.2} with derived facts and recorded scores",
                bytes / taken,
                held as f64 / taken
            ),
            "< 300 bytes",
            bytes / (held as f64) < 300.0,
        ),
    ])
}
