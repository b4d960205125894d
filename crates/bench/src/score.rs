//! Scores: in process, and over HTTP.

use crate::client::{Connection, Folder, Server, get};
use crate::figures::{Figure, median, rank, scaled, spread};
use crate::import;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Party, Role};
use probity_server::app::{AsOf, Clock, Probity, embedded_catalogue};
use std::path::Path;
use std::time::Instant;

fn open(data: &Path) -> Result<Probity, String> {
    let catalogue = Catalogue::load(embedded_catalogue()).map_err(|problems| format!("{problems:?}"))?;
    Probity::open(data, catalogue, Clock::system(), &mut |_, _| {}).map_err(|error| error.to_string())
}

fn filled(folder: &Folder) -> Result<std::path::PathBuf, String> {
    let (file, data) = (folder.0.join("events.jsonl"), folder.0.join("data"));
    import::write(&file, scaled(200_000))?;
    import::run(&data, &file)?;
    Ok(data)
}

fn parties(probity: &Probity) -> Result<Vec<Party>, String> {
    let mut parties = Vec::new();
    for role in Role::ALL {
        let page = probity.parties(role, 0, 1_000).map_err(|error| error.to_string())?;
        parties.extend(page.into_iter().map(|(_, party)| party));
    }
    Ok(parties)
}

/// One score with all indicators.
pub(crate) fn in_process() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("score")?;
    let data = filled(&folder)?;
    let probity = open(&data)?;
    let names = parties(&probity)?;
    let (mut cold, mut hot, mut ready) = (Vec::new(), Vec::new(), Vec::new());
    let now = probity.clock.now();
    for party in &names {
        let timed = |as_of: AsOf| {
            let begun = Instant::now();
            let score = probity.score(party, as_of).map_err(|error| error.to_string())?;
            std::hint::black_box(score);
            Ok::<f64, String>(begun.elapsed().as_secs_f64() * 1e6)
        };
        cold.push(timed(AsOf::Now)?);
        // Another hour of the same day: the values are computed again from the tiles in memory.
        hot.push(timed(AsOf::At(now.day().end()))?);
        ready.push(timed(AsOf::At(now.day().end()))?);
    }
    probity.close();
    let tail = rank(&mut cold.clone(), 0.99);
    let (cold, hot, ready) = (median(&mut cold), median(&mut hot), median(&mut ready));
    Ok(vec![
        Figure::new(
            "one score with all indicators, party in memory",
            format!("{hot:.1} µs"),
            format!("asked again unchanged {ready:.1} µs"),
            "< 50 µs",
            hot < 50.0,
        ),
        Figure::new(
            "the same from a cold store",
            format!("{cold:.0} µs"),
            format!("p99 {tail:.0} µs"),
            "< 1 ms",
            cold < 1_000.0,
        ),
    ])
}

/// Requests a second of 64 clients that ask for one of some paths.
fn load(server: &Server, paths: &[String], seconds: u64) -> Result<(f64, f64), String> {
    let begun = Instant::now();
    let answers: Result<Vec<Vec<f64>>, String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..64_usize)
            .map(|client| {
                scope.spawn(move || {
                    let mut connection = Connection::open(server.address)?;
                    let mut waits = Vec::new();
                    let mut at = client * 7_919;
                    while begun.elapsed().as_secs() < seconds {
                        at += 1;
                        let Some(path) = paths.get(at % paths.len()) else { continue };
                        let sent = Instant::now();
                        match connection.send(&get(path))? {
                            200 => waits.push(sent.elapsed().as_secs_f64() * 1_000.0),
                            status => return Err(format!("status {status}: {}", connection.text())),
                        }
                    }
                    Ok(waits)
                })
            })
            .collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err("a client panicked".into())))
            .collect()
    });
    let mut waits: Vec<f64> = answers?.concat();
    let rate = waits.len() as f64 / begun.elapsed().as_secs_f64();
    Ok((rate, rank(&mut waits, 0.99)))
}

/// GET score against a trivial handler of the same server.
pub(crate) fn over_http() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("http")?;
    let data = filled(&folder)?;
    let probity = open(&data)?;
    let names = parties(&probity)?;
    probity.close();
    let server = Server::start(&data)?;
    let scores: Vec<String> = names.iter().map(|party| format!("/v1/parties/{party}/score")).collect();
    let trivial = vec!["/livez".to_owned()];
    let (mut ratios, mut rates, mut tails, mut trivials) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    load(&server, &scores, 2)?;
    for _ in 0..3 {
        let (bare, _) = load(&server, &trivial, 3)?;
        let (rate, tail) = load(&server, &scores, 3)?;
        ratios.push(rate / bare * 100.0);
        rates.push(rate);
        tails.push(tail);
        trivials.push(bare);
    }
    let seen = spread(&ratios);
    let (ratio, rate, tail, bare) =
        (median(&mut ratios), median(&mut rates), median(&mut tails), median(&mut trivials));
    Ok(vec![
        Figure::new(
            "GET score over HTTP, 64 clients",
            format!("{rate:.0} requests/s, {ratio:.0} % ({seen})"),
            format!("trivial handler {bare:.0} requests/s"),
            "≥ 60 % of the trivial handler",
            ratio >= 60.0,
        ),
        Figure::new("its p99", format!("{tail:.1} ms"), String::new(), "< 5 ms", tail < 5.0),
    ])
}
