//! What the figures were measured on: cores, processor, memory, and how long this disk takes to make a write durable.

use crate::client::Folder;
use crate::figures::{median, rank, scale};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// A table of facts. What is not told by the system is left out.
pub(crate) fn facts() -> Result<String, String> {
    let folder = Folder::new("machine")?;
    let waits = synced_writes(&folder.0, 500)?;
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    let mut rows = vec![("cores", format!("{cores}, shared by server and clients"))];
    rows.extend(line("/proc/cpuinfo", "model name").map(|model| ("processor", model)));
    rows.extend(line("/proc/meminfo", "MemTotal").map(|memory| ("memory", memory)));
    rows.push((
        "a write of 4 KiB made durable (fdatasync)",
        format!("median {:.2} ms, p99 {:.2} ms (500 times)", median(&waits), rank(&waits, 0.99)),
    ));
    if let Ok(load) = std::fs::read_to_string("/proc/loadavg") {
        let load = load.split(' ').next().unwrap_or_default().to_owned();
        rows.push((
            "load before the run",
            format!("{load} (0 on a quiet machine; above 0.5 the figures suffer)"),
        ));
    }
    if scale() != 1.0 {
        rows.push(("scale", format!("{}: not the sizes that the figures are about", scale())));
    }
    let rows: String = rows.iter().map(|(what, how)| format!("| {what} | {how} |\n")).collect();
    Ok(format!("| machine | |\n|---|---|\n{rows}"))
}

/// Milliseconds that each of some small writes took until it was durable.
pub(crate) fn synced_writes(folder: &Path, times: usize) -> Result<Vec<f64>, String> {
    let run = || {
        let mut file = File::create(folder.join("synced"))?;
        let page = [7_u8; 4_096];
        let mut waits = Vec::with_capacity(times);
        for _ in 0..times {
            let begun = Instant::now();
            file.write_all(&page)?;
            file.sync_data()?;
            waits.push(begun.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok(waits)
    };
    run().map_err(|error: std::io::Error| error.to_string())
}

/// Resident memory of this process in KiB, where the system tells.
pub(crate) fn resident_kib() -> Option<u64> {
    line("/proc/self/status", "VmRSS")?.strip_suffix("kB")?.trim().parse().ok()
}

fn line(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix(':'))?;
    Some(found.trim().to_owned())
}
