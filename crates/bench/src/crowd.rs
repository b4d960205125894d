//! Many clients at once.

use crate::client::{Connection, get};
use std::net::SocketAddr;
use std::sync::{Barrier, OnceLock};
use std::time::{Duration, Instant};

/// What the clients met together.
pub(crate) struct Met {
    /// Milliseconds until each answer.
    pub(crate) waits: Vec<f64>,
    /// Answers that were no success.
    pub(crate) refused: u64,
    /// Seconds from the first request to the last answer.
    pub(crate) seconds: f64,
}

impl Met {
    /// Answers per second.
    pub(crate) fn rate(&self) -> f64 {
        self.waits.len() as f64 / self.seconds
    }
}

/// Each client sends its own requests, one after another.
pub(crate) fn send(address: SocketAddr, requests: &[Vec<Vec<u8>>]) -> Result<Met, String> {
    together(requests.len(), |client, _| {
        let mut connection = Connection::open(address)?;
        let mine = requests.get(client).map_or(&[][..], Vec::as_slice);
        let mut waits = Vec::with_capacity(mine.len());
        for request in mine {
            let sent = Instant::now();
            match connection.send(request)? {
                200 | 201 => waits.push(sent.elapsed().as_secs_f64() * 1_000.0),
                status => return Err(format!("status {status}: {}", connection.text())),
            }
        }
        Ok((waits, 0))
    })
}

/// Each client sends its own requests at moments that are set before, so that all together make a rate. A wait counts from
/// the moment at which the request was due, also when the answer before it was late.
pub(crate) fn paced(address: SocketAddr, requests: &[Vec<Vec<u8>>], rate: f64) -> Result<Met, String> {
    let clients = requests.len();
    let between = clients as f64 / rate;
    let (connected, start) = (Barrier::new(clients), OnceLock::new());
    together(clients, |client, _| {
        let connection = Connection::open(address);
        connected.wait();
        let (mut connection, begun) = (connection?, *start.get_or_init(Instant::now));
        let mine = requests.get(client).map_or(&[][..], Vec::as_slice);
        let mut waits = Vec::with_capacity(mine.len());
        for (n, request) in mine.iter().enumerate() {
            let due = begun + Duration::from_secs_f64(between * (n as f64 + client as f64 / clients as f64));
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            match connection.send(request)? {
                200 | 201 => waits.push(due.elapsed().as_secs_f64() * 1_000.0),
                status => return Err(format!("status {status}: {}", connection.text())),
            }
        }
        Ok((waits, 0))
    })
}

/// Clients ask for one of some paths after the other, each from another place on, until the time is over or each has
/// asked so often.
pub(crate) fn ask(
    address: SocketAddr,
    paths: &[String],
    clients: usize,
    time: Duration,
    most: usize,
) -> Result<Met, String> {
    together(clients, |client, begun| {
        let mut connection = Connection::open(address)?;
        let (mut waits, mut refused) = (Vec::new(), 0);
        let mut at = client * 7_919;
        while begun.elapsed() < time && waits.len() < most {
            at += 1;
            let Some(path) = paths.get(at % paths.len()) else { break };
            let sent = Instant::now();
            refused += u64::from(connection.send(&get(path))? != 200);
            waits.push(sent.elapsed().as_secs_f64() * 1_000.0);
        }
        Ok((waits, refused))
    })
}

fn together(
    clients: usize,
    work: impl Fn(usize, Instant) -> Result<(Vec<f64>, u64), String> + Sync,
) -> Result<Met, String> {
    let begun = Instant::now();
    let mut met = Met { waits: Vec::new(), refused: 0, seconds: 0.0 };
    std::thread::scope(|scope| {
        let work = &work;
        let workers: Vec<_> = (0..clients).map(|client| scope.spawn(move || work(client, begun))).collect();
        for worker in workers {
            let (waits, refused) = worker.join().unwrap_or_else(|_| Err("a client panicked".into()))?;
            met.waits.extend(waits);
            met.refused += refused;
        }
        Ok::<(), String>(())
    })?;
    met.seconds = begun.elapsed().as_secs_f64();
    Ok(met)
}
