//! The simulator: events a second into a Parquet file on one core, and the memory of a large world.

use crate::client::{Folder, probity};
use crate::figures::{Figure, scaled};
use probity_server::app::{
    EventFormat, SimulateOptions, WorldFiles, embedded_catalogue, simulate, simulate_nowhere,
};
use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::Path;
use std::process::Command;
use std::time::Instant;

/// Rounds, of which the one in the middle counts.
const ROUNDS: usize = 3;

fn options(buyers: u64) -> SimulateOptions {
    SimulateOptions {
        merchants: Some((buyers / 20) as u32),
        buyers: Some(buyers as u32),
        days: Some(540),
        seed: 7,
        only: None,
        without: Vec::new(),
        format: EventFormat::Parquet,
        threads: 1,
    }
}

/// Seconds that writing the same bytes takes when nothing else is done, made durable as a world is.
fn copied(file: &Path, to: &Path) -> Result<f64, String> {
    let failed = |error: std::io::Error| error.to_string();
    let (mut bytes, mut copy) = (Vec::new(), File::create(to).map_err(failed)?);
    File::open(file).and_then(|mut file| file.read_to_end(&mut bytes)).map_err(failed)?;
    let begun = Instant::now();
    for chunk in bytes.chunks(1 << 18) {
        copy.write_all(chunk).map_err(failed)?;
    }
    copy.sync_all().map_err(failed)?;
    Ok(begun.elapsed().as_secs_f64())
}

/// A world into Parquet, and where its time goes.
pub(crate) fn worlds() -> Result<Vec<Figure>, String> {
    let (folder, buyers) = (Folder::new("simulate")?, scaled(50_000));
    let (files, options) = (WorldFiles::of(&embedded_catalogue()), options(buyers));
    let told = |error: probity_server::app::AppError| error.to_string();
    let (mut written, mut unwritten, mut encoded, mut copies) = (vec![], vec![], vec![], vec![]);
    let (mut events, mut size) = (0, 0);
    for round in 0..ROUNDS {
        let (world, begun) = (folder.0.join(format!("world{round}")), Instant::now());
        events = simulate(&files, &options, &world, &mut |_, _| {}).map_err(told)?.counts.events;
        written.push(begun.elapsed().as_secs_f64());
        for (encodes, seconds) in [(false, &mut unwritten), (true, &mut encoded)] {
            let begun = Instant::now();
            simulate_nowhere(&files, &options, encodes).map_err(told)?;
            seconds.push(begun.elapsed().as_secs_f64());
        }
        let file = world.join("events.parquet");
        size = file.metadata().map_err(|error| error.to_string())?.len();
        copies.push(copied(&file, &folder.0.join("copy"))?);
        fs::remove_dir_all(&world).map_err(|error| error.to_string())?;
    }
    let rate = |seconds: &mut Vec<f64>| {
        seconds.sort_by(f64::total_cmp);
        events as f64 / seconds[ROUNDS / 2]
    };
    let [written, unwritten, encoded, copies] =
        [written, unwritten, encoded, copies].map(|mut all| rate(&mut all));
    let mut figures = vec![Figure::new(
        &format!("a world of {buyers} buyers and {events} events to Parquet, one thread"),
        format!("{written:.0} events/s, {:.1} bytes an event", size as f64 / events as f64),
        format!(
            "without a disk {encoded:.0}; without writing {unwritten:.0}; a loop that copies the same bytes {copies:.0} events/s"
        ),
        "≥ 400,000 events/s",
        written >= 400_000.0,
    )];
    if scaled(1_000_000) >= 1_000_000 {
        figures.push(memory(&folder)?);
    }
    Ok(figures)
}

/// The memory of a world of a million buyers.
fn memory(folder: &Folder) -> Result<Figure, String> {
    let world = folder.0.join("large");
    let size = ["--merchants", "50000", "--buyers", "1000000", "--days", "365", "--threads", "1"];
    let output = Command::new(probity()?)
        .args(["--json", "simulate", "--out"])
        .arg(&world)
        .args(size)
        .env("PROBITY_REPORT_MEMORY", "1")
        .output()
        .map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stderr);
    let peak = said
        .lines()
        .find_map(|line| line.strip_prefix("peak memory: ")?.strip_suffix(" kB")?.trim().parse::<u64>().ok())
        .ok_or_else(|| said.clone().into_owned())?;
    let report: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    let events = report.pointer("/world/counts/events").and_then(serde_json::Value::as_u64).unwrap_or(0);
    let bytes: u64 = fs::read_dir(&world)
        .map_err(|error| error.to_string())?
        .flatten()
        .filter_map(|file| file.metadata().ok())
        .map(|meta| meta.len())
        .sum();
    Ok(Figure::new(
        "memory of a world of 1,000,000 buyers, 50,000 merchants and 365 days",
        format!("{} MB resident at most", peak / 1_024),
        format!("{events} events in files of {} MB", bytes / 1_000_000),
        "< 4,096 MB",
        peak / 1_024 < 4_096,
    ))
}
