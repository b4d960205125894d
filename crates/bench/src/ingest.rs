//! Durable ingest over HTTP.

use crate::client::{Connection, Folder, Server, post};
use crate::figures::{Figure, median, rank, scaled, spread};
use crate::peer::bare_loop;
use crate::world::World;
use probity_primitives::Timestamp;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// Rounds, of which the median counts.
const ROUNDS: u64 = 5;
/// Events a request.
const BATCH: usize = 500;
/// Bytes of a body in the log, for the bare loop: what an event of the made-up world takes on average.
const BODY: usize = 130;

fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(0))
}

/// Batches of 500 from a few clients at once.
pub(crate) fn batches() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("ingest")?;
    let server = Server::start(&folder.0.join("data"))?;
    let address = server.address;
    let clients = 8_u64;
    let each = (scaled(400_000) / BATCH as u64 / clients).max(2);
    let mut rates = Vec::new();
    for round in 0..ROUNDS {
        // Written out before the clock runs: the client's own work is sending.
        let requests: Vec<Vec<Vec<u8>>> = (0..clients)
            .map(|client| {
                let mut world = World::live(each * BATCH as u64 / 6, now(), 1 + round * clients + client);
                (0..each).map(|_| post("/v1/events?brief=1", &world.batch(BATCH))).collect()
            })
            .collect();
        let begun = Instant::now();
        std::thread::scope(|scope| {
            let workers: Vec<_> = requests
                .iter()
                .map(|requests| {
                    scope.spawn(move || {
                        let mut connection = Connection::open(address)?;
                        for request in requests {
                            match connection.send(request)? {
                                200 => {}
                                status => return Err(format!("status {status}: {}", connection.text())),
                            }
                        }
                        Ok(())
                    })
                })
                .collect();
            workers
                .into_iter()
                .try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a client panicked".into())))
        })?;
        rates.push((each * clients * BATCH as u64) as f64 / begun.elapsed().as_secs_f64());
    }
    drop(server);
    let mut bare = Vec::new();
    for round in 0..3 {
        let own = folder.0.join(format!("bare{round}"));
        std::fs::create_dir_all(&own).map_err(|error| error.to_string())?;
        bare.push(bare_loop(&own, each * clients * BATCH as u64, BATCH as u64, BODY)?);
    }
    let (seen, bare_seen) = (spread(&rates), spread(&bare));
    let (rate, limit) = (median(&mut rates), median(&mut bare));
    Ok(vec![
        Figure::new(
            "durable ingest over HTTP, batches of 500, indicators updated",
            format!("{rate:.0} events/s ({seen})"),
            String::new(),
            "≥ 60,000 events/s",
            rate >= 60_000.0,
        ),
        Figure::new(
            "its ratio to a bare SQLite loop",
            format!("{:.2}", rate / limit),
            format!("bare loop {limit:.0} rows/s ({bare_seen})"),
            "≥ 0.3",
            rate / limit >= 0.3,
        ),
    ])
}

/// One event a request, 64 clients.
pub(crate) fn singles() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("single")?;
    let server = Server::start(&folder.0.join("data"))?;
    let address = server.address;
    let (clients, each) = (64_u64, (scaled(64_000) / 64).max(20));
    let mut rates = Vec::new();
    let mut tails = Vec::new();
    for round in 0..ROUNDS {
        let requests: Vec<Vec<Vec<u8>>> = (0..clients)
            .map(|client| {
                let mut world = World::live(each, now(), 1 + round * clients + client);
                (0..each).map(|_| post("/v1/events", &world.event())).collect()
            })
            .collect();
        let done = AtomicU64::new(0);
        let begun = Instant::now();
        let mut waits: Vec<f64> = std::thread::scope(|scope| {
            let workers: Vec<_> = requests
                .iter()
                .map(|requests| {
                    let done = &done;
                    scope.spawn(move || {
                        let mut connection = Connection::open(address)?;
                        let mut waits = Vec::with_capacity(requests.len());
                        for request in requests {
                            let sent = Instant::now();
                            match connection.send(request)? {
                                200 | 201 => waits.push(sent.elapsed().as_secs_f64() * 1_000.0),
                                status => return Err(format!("status {status}: {}", connection.text())),
                            }
                            done.fetch_add(1, Ordering::Relaxed);
                        }
                        Ok(waits)
                    })
                })
                .collect();
            let mut all = Vec::new();
            for worker in workers {
                all.extend(worker.join().unwrap_or_else(|_| Err("a client panicked".into()))?);
            }
            Ok::<_, String>(all)
        })?;
        rates.push(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64());
        tails.push(rank(&mut waits, 0.99));
    }
    let seen = spread(&rates);
    let (rate, tail) = (median(&mut rates), median(&mut tails));
    Ok(vec![
        Figure::new(
            "single-event ingest, 64 clients",
            format!("{rate:.0} events/s ({seen})"),
            String::new(),
            "≥ 8,000 events/s",
            rate >= 8_000.0,
        ),
        Figure::new("its p99", format!("{tail:.1} ms"), String::new(), "< 10 ms", tail < 10.0),
    ])
}
