//! Durable ingest over HTTP: in batches, and one event a request.

use crate::client::{Folder, Server, post};
use crate::crowd;
use crate::figures::{Figure, median, middle, rank, scaled};
use crate::machine::synced_writes;
use crate::peer::{bare_loop, rows};
use crate::world::World;
use probity_primitives::Timestamp;
use std::time::{SystemTime, UNIX_EPOCH};

/// Rounds, of which the median counts.
const ROUNDS: u64 = 5;
/// Events a request.
const BATCH: usize = 500;
/// Clients that send batches.
const SENDERS: u64 = 8;
/// Clients that send single events.
const CLIENTS: u64 = 64;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(0))
}

/// Batches of 500 from a few clients at once.
pub(crate) fn batches() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("ingest")?;
    let data = folder.0.join("data");
    let server = Server::start(&data)?;
    let each = (scaled(400_000) / BATCH as u64 / SENDERS).max(2);
    let events = each * SENDERS * BATCH as u64;
    let mut rates = Vec::new();
    for round in 0..ROUNDS {
        // Written out before the clock runs: the client's own work is sending.
        let requests: Vec<Vec<Vec<u8>>> = (0..SENDERS)
            .map(|client| {
                let mut world = World::live(each * BATCH as u64 / 6, now(), 1 + round * SENDERS + client);
                (0..each).map(|_| post("/v1/events?brief=1", &world.batch(BATCH))).collect()
            })
            .collect();
        rates.push(events as f64 / crowd::send(server.address, &requests)?.seconds);
    }
    let held = server.held();
    drop(server);
    let last = rows(&data, events)?;
    let mut bare = Vec::new();
    for _ in 0..ROUNDS {
        bare.push(bare_loop(&folder.0, &last, BATCH)?.rate);
    }
    let (rate, limit) = (median(&rates), median(&bare));
    let ratio: Vec<f64> = rates.iter().map(|rate| rate / limit).collect();
    let all = rows_per_event(held, events * ROUNDS);
    Ok(vec![
        Figure::new(
            "durable ingest over HTTP, batches of 500, indicators updated",
            format!("{} events/s", middle(&rates, 0)),
            format!("bare SQLite loop, the same rows, 500 a commit: {} rows/s", middle(&bare, 0)),
            "≥ 60,000 events/s",
            rate >= 60_000.0,
        ),
        Figure::new(
            "its ratio to the bare loop",
            format!(
                "{} (each event makes {all:.2} rows; rows over rows {:.2})",
                middle(&ratio, 2),
                rate * all / limit
            ),
            "1 would be inserting and nothing else".into(),
            "≥ 0.3",
            rate / limit >= 0.3,
        ),
    ])
}

fn rows_per_event(held: Result<u64, String>, events: u64) -> f64 {
    held.map_or(f64::NAN, |held| held as f64 / events as f64)
}

/// What single events are held against.
#[derive(Default)]
struct Beside {
    trivial: Vec<f64>,
    trivial_tails: Vec<f64>,
    synced: Vec<f64>,
}

/// One event a request, 64 clients.
pub(crate) fn singles() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("single")?;
    let data = folder.0.join("data");
    let server = Server::start(&data)?;
    let each = (scaled(64_000) / CLIENTS).max(20);
    let (mut rates, mut tails, mut worst) = (Vec::new(), Vec::new(), Vec::new());
    let mut beside = Beside::default();
    for round in 0..ROUNDS {
        // A body of the same size that is read, parsed and answered, and asks for nothing.
        let nothing = post("/v1/events", &format!("[{}]", " ".repeat(300)));
        let met = crowd::send(server.address, &vec![vec![nothing; each as usize]; CLIENTS as usize])?;
        beside.trivial.push(met.rate());
        beside.trivial_tails.push(rank(&met.waits, 0.99));
        beside.synced.extend(synced_writes(&folder.0, 200)?);
        let requests: Vec<Vec<Vec<u8>>> = (0..CLIENTS)
            .map(|client| {
                let mut world = World::live(each, now(), 1 + round * CLIENTS + client);
                (0..each).map(|_| post("/v1/events", &world.event())).collect()
            })
            .collect();
        let met = crowd::send(server.address, &requests)?;
        rates.push(met.rate());
        tails.push(rank(&met.waits, 0.99));
        worst.push(rank(&met.waits, 1.0));
    }
    drop(server);
    let last = rows(&data, scaled(64_000))?;
    let (mut bare, mut commits) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        let replayed = bare_loop(&folder.0, &last, CLIENTS as usize)?;
        bare.push(replayed.rate);
        commits.extend(replayed.commits);
    }
    let (rate, tail) = (median(&rates), median(&tails));
    Ok(vec![
        Figure::new(
            "single-event ingest, 64 clients",
            format!("{} events/s", middle(&rates, 0)),
            format!(
                "the same server's POST of nothing: {} requests/s; bare SQLite loop, the same rows, 64 a commit: {} rows/s",
                middle(&beside.trivial, 0),
                middle(&bare, 0)
            ),
            "≥ 8,000 events/s",
            rate >= 8_000.0,
        ),
        Figure::new(
            "its p99",
            format!("{} ms; the longest {:.0} ms", middle(&tails, 1), rank(&worst, 1.0)),
            format!(
                "POST of nothing p99 {:.1} ms; a bare commit of 64 rows median {:.1} ms, p99 {:.1} ms; a synchronised write median {:.2} ms, p99 {:.2} ms",
                median(&beside.trivial_tails),
                median(&commits),
                rank(&commits, 0.99),
                median(&beside.synced),
                rank(&beside.synced, 0.99)
            ),
            "< 10 ms",
            tail < 10.0,
        ),
    ])
}
