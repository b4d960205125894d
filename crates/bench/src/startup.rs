//! Start-up on a large log.

use crate::client::{Folder, Server};
use crate::figures::{Figure, middle, rank, scaled};
use crate::import::{self, SHOPS};

/// Ten million events.
pub(crate) fn startup() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("startup")?;
    let (file, data) = (folder.0.join("events.jsonl"), folder.0.join("data"));
    let events = scaled(10_000_000);
    eprintln!("  making a log of {events} events");
    import::write(&file, events, SHOPS)?;
    import::run(&data, &file)?;
    std::fs::remove_file(&file).map_err(|error| error.to_string())?;
    let mut times = Vec::new();
    for _ in 0..3 {
        let server = Server::start(&data)?;
        times.push(server.ready_after.as_secs_f64());
    }
    let worst = rank(&times, 1.0);
    Ok(vec![Figure::new(
        &format!("start-up with {events} events in the log"),
        format!("{} s to ready", middle(&times, 2)),
        format!(
            "data folder {} MB, in the system's file cache; the worst counts",
            import::size(&data) / 1_000_000
        ),
        "< 3 s",
        worst < 3.0,
    )])
}
