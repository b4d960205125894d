//! Scores over HTTP.

use crate::client::{Folder, Server};
use crate::crowd::{Met, ask};
use crate::data::{open, parties};
use crate::figures::{Figure, median, middle, rank, scaled};
use crate::import::SHOPS;
use crate::score::filled;
use probity_credit::event::Role;
use std::path::Path;
use std::time::Duration;

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
/// How long each question is asked in a round.
const LONG: Duration = Duration::from_secs(3);

/// Addresses of scores of all merchants, or of as many merchants as buyers.
fn scores(data: &Path, roles: &[Role], query: &str) -> Result<Vec<String>, String> {
    let probity = open(data)?;
    let mut paths = Vec::new();
    for role in roles {
        let names = parties(&probity, *role)?;
        paths.extend(names.iter().map(|party| format!("/v1/parties/{party}/score{query}")));
    }
    probity.close();
    Ok(paths)
}

/// A steady crowd, the trivial handler and the question in turn.
#[derive(Default)]
struct Steady {
    rates: Vec<f64>,
    ratios: Vec<f64>,
    tails: Vec<f64>,
    /// Microseconds of the server's processor time for an answer: hardly touched by what else runs on the machine.
    work: Vec<f64>,
    trivial: Vec<f64>,
    trivial_tails: Vec<f64>,
    trivial_work: Vec<f64>,
}

impl Steady {
    fn add(
        &mut self,
        (trivial, trivial_work): &(Met, f64),
        (asked, work): &(Met, f64),
    ) -> Result<(), String> {
        if asked.refused > 0 {
            return Err(format!("{} of {} questions were refused", asked.refused, asked.waits.len()));
        }
        self.rates.push(asked.rate());
        self.ratios.push(asked.rate() / trivial.rate() * 100.0);
        self.tails.push(rank(&asked.waits, 0.99));
        self.work.push(*work);
        self.trivial.push(trivial.rate());
        self.trivial_work.push(*trivial_work);
        self.trivial_tails.push(rank(&trivial.waits, 0.99));
        Ok(())
    }

    fn figures(&self, what: &str) -> Vec<Figure> {
        let ratio = median(&self.ratios);
        vec![
            Figure::new(
                what,
                format!("{} requests/s, {} %", middle(&self.rates, 0), middle(&self.ratios, 0)),
                format!(
                    "trivial handler of the same server (/livez): {} requests/s; the server's processor time a request: {:.1} µs against {:.1} µs",
                    middle(&self.trivial, 0),
                    median(&self.work),
                    median(&self.trivial_work)
                ),
                "≥ 60 % of the trivial handler",
                ratio >= 60.0,
            ),
            Figure::new(
                "its p99",
                format!("{} ms", middle(&self.tails, 1)),
                format!("trivial handler p99 {} ms", middle(&self.trivial_tails, 1)),
                "< 5 ms",
                median(&self.tails) < 5.0,
            ),
        ]
    }
}

/// `GET score` of now and of `latest` against a trivial handler of the same server.
pub(crate) fn steady() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("http")?;
    let data = filled(&folder, 200_000, SHOPS)?;
    let now = scores(&data, &Role::ALL, "")?;
    let latest = scores(&data, &Role::ALL, "?as_of=latest")?;
    let trivial = ["/livez".to_owned()];
    let server = Server::start(&data)?;
    let ask = |paths: &[String]| {
        let before = server.worked();
        let met = ask(server.address, paths, CLIENTS, LONG, usize::MAX)?;
        let work = (server.worked() - before) * 1e6 / met.waits.len() as f64;
        Ok::<_, String>((met, work))
    };
    ask(&now)?;
    ask(&latest)?;
    let (mut of_now, mut of_latest) = (Steady::default(), Steady::default());
    for _ in 0..ROUNDS {
        let bare = ask(&trivial)?;
        of_now.add(&bare, &ask(&now)?)?;
        of_latest.add(&bare, &ask(&latest)?)?;
    }
    let mut figures = of_now.figures("GET score over HTTP, 64 clients");
    figures.extend(of_latest.figures("GET score?as_of=latest over HTTP, 64 clients"));
    Ok(figures)
}

/// A crowd that comes to a server which has just started, and asks about large merchants at `latest`: each past has to be
/// read once.
pub(crate) fn first_crowd() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("crowd")?;
    let data = filled(&folder, 765_000, 51)?;
    let latest = scores(&data, &[Role::Merchant], "?as_of=latest")?;
    let server = Server::start(&data)?;
    let crowd = |time| ask(server.address, &latest, CLIENTS, time, 6);
    let (first, second) = (crowd(Duration::from_secs(60))?, crowd(Duration::from_secs(60))?);
    let told = |met: &Met| {
        format!("median {:.1} ms, the longest {:.1} ms", median(&met.waits), rank(&met.waits, 1.0))
    };
    Ok(vec![Figure::new(
        &format!(
            "`latest` of 51 merchants of {} events each, asked by 64 clients of a server just started",
            scaled(765_000) / 51
        ),
        format!("{} of {} refused; {}", first.refused, first.waits.len(), told(&first)),
        format!("the same again: {}", told(&second)),
        "none refused",
        first.refused + second.refused == 0,
    )])
}
