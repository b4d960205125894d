//! Import of a large file, and what an event takes on disk.

use crate::client::{Folder, probity};
use crate::figures::{Figure, scaled};
use crate::world::World;
use probity_primitives::Timestamp;
use std::io::Write;
use std::path::Path;
use std::process::Command;

/// End of the made-up history.
const END: &str = "2026-06-30T00:00:00Z";

/// Writes a file of events.
pub(crate) fn write(path: &Path, events: u64) -> Result<(), String> {
    let failed = |error: std::io::Error| error.to_string();
    let end = Timestamp::parse(END).map_err(|problem| problem.to_string())?;
    let mut world = World::history(events / 6, end);
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

/// Imports a file with the real binary; its report, and the most memory it held.
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
        .find_map(|line| line.strip_prefix("peak memory: ")?.strip_suffix(" kB")?.parse().ok())
        .unwrap_or(0);
    Ok((report, peak))
}

/// A million events.
pub(crate) fn import() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("import")?;
    let file = folder.0.join("events.jsonl");
    let events = scaled(1_000_000);
    write(&file, events)?;
    let data = folder.0.join("data");
    let (report, peak) = run(&data, &file)?;
    let number = |name: &str| report.get(name).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    let rate = number("taken") / number("seconds");
    let log = number("taken") + number("scores_recorded");
    let each = size(&data) as f64 / log;
    Ok(vec![
        Figure::new(
            "import of a file of a million events",
            format!("{rate:.0} events/s"),
            format!(
                "settling and recording after it {:.1} s; file {} MB",
                number("seconds_after"),
                size(&folder.0) / 1_000_000
            ),
            "≥ 100,000 events/s",
            rate >= 100_000.0,
        ),
        Figure::new(
            "its memory",
            format!("{} MB at most", peak / 1024),
            "hot state included".into(),
            "< 300 MB above the hot state",
            peak / 1024 < 1_324,
        ),
        Figure::new(
            "storage",
            format!("{each:.0} bytes an event"),
            "all files, index, hashes and derived facts included; derived order facts not counted as events"
                .into(),
            "< 300 bytes",
            each < 300.0,
        ),
    ])
}
