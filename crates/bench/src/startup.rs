//! Start-up on a large log.

use crate::client::{Folder, Server, post};
use crate::crowd;
use crate::data::open;
use crate::figures::{Figure, middle, rank, scaled};
use crate::import::{self, SHOPS};
use crate::world::World;
use probity_primitives::Timestamp;

/// Starts of each kind.
const STARTS: u64 = 3;
/// Events a request, requests a client, clients: more rows than between two checkpoints.
const TAIL: (usize, u64, u64) = (500, 30, 8);

/// Ten million events in the log, derived facts and recorded scores among them.
pub(crate) fn startup() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("startup")?;
    let (file, data) = (folder.0.join("events.jsonl"), folder.0.join("data"));
    // Each event makes about 1.7 rows.
    let events = scaled(6_000_000);
    eprintln!("  importing {events} events");
    import::write(&file, events, SHOPS)?;
    let (report, peak) = import::run(&data, &file)?;
    eprintln!("  {report}, at most {} MB", peak / 1_024);
    std::fs::remove_file(&file).map_err(|error| error.to_string())?;
    let probity = open(&data)?;
    let held = probity.event_count();
    probity.close();
    let ready = |kill: bool| -> Result<Vec<f64>, String> {
        let mut times = Vec::new();
        for round in 0..STARTS {
            if kill {
                leave_a_tail(&data, round)?;
            }
            times.push(Server::start(&data)?.ready_after.as_secs_f64());
        }
        Ok(times)
    };
    let (after_a_stop, after_a_kill) = (ready(false)?, ready(true)?);
    let size = import::size(&data) / 1_000_000;
    let figure = |what: &str, times: &[f64]| {
        Figure::new(
            &format!("start-up with {held} events in the log, {what}"),
            format!("{} s to ready", middle(times, 2)),
            format!("data folder {size} MB, in the system's file cache; the worst counts"),
            "< 3 s",
            rank(times, 1.0) < 3.0,
        )
    };
    Ok(vec![
        figure("its server having been stopped", &after_a_stop),
        figure("its server having been killed after it took batches", &after_a_kill),
    ])
}

/// A server takes batches and is killed: what came after its last checkpoint is the tail.
fn leave_a_tail(data: &std::path::Path, round: u64) -> Result<(), String> {
    let (batch, requests, clients) = TAIL;
    let now = Timestamp::parse("2026-07-01T00:00:00Z").map_err(|problem| problem.to_string())?;
    let requests: Vec<Vec<Vec<u8>>> = (0..clients)
        .map(|client| {
            let seed = 1 + round * clients + client;
            let mut world = World::live(requests * batch as u64 / 6, now, seed);
            (0..requests).map(|_| post("/v1/events?brief=1", &world.batch(batch))).collect()
        })
        .collect();
    let server = Server::start(data)?;
    crowd::send(server.address, &requests)?;
    server.kill();
    Ok(())
}
