//! Scores in process.

use crate::client::Folder;
use crate::data::{open, parties};
use crate::figures::{Figure, median, rank, scaled};
use crate::import::{self, SHOPS};
use probity_credit::event::Role;
use probity_server::app::{AsOf, Probity};
use std::path::PathBuf;
use std::time::Instant;

/// A data folder with a history of so many events about so many merchants.
pub(crate) fn filled(folder: &Folder, events: u64, shops: u64) -> Result<PathBuf, String> {
    let (file, data) = (folder.0.join("events.jsonl"), folder.0.join("data"));
    import::write(&file, scaled(events), shops)?;
    import::run(&data, &file)?;
    Ok(data)
}

/// Microseconds of each kind of question.
#[derive(Default)]
struct Times {
    cold: Vec<f64>,
    hot: Vec<f64>,
    unchanged: Vec<f64>,
    latest_first: Vec<f64>,
    latest_again: Vec<f64>,
}

/// One score with all indicators, of each role.
pub(crate) fn in_process() -> Result<Vec<Figure>, String> {
    let folder = Folder::new("score")?;
    let probity = open(&filled(&folder, 200_000, SHOPS)?)?;
    let mut figures = Vec::new();
    for (role, name) in [(Role::Merchant, "merchant"), (Role::Buyer, "buyer")] {
        let times = timed(&probity, role)?;
        figures.push(Figure::new(
            &format!("one score with all indicators, {name} in memory"),
            format!("{:.1} µs, p99 {:.1} µs", median(&times.hot), rank(&times.hot, 0.99)),
            format!("asked again unchanged {:.1} µs", median(&times.unchanged)),
            "< 50 µs",
            median(&times.hot) < 50.0,
        ));
        figures.push(Figure::new(
            &format!("one score with all indicators, {name} from a cold store"),
            format!("{:.0} µs, p99 {:.0} µs", median(&times.cold), rank(&times.cold, 0.99)),
            "the store was just opened; the system's own cache of the file is warm".into(),
            "< 1 ms",
            median(&times.cold) < 1_000.0,
        ));
        figures.push(Figure::told(
            &format!("a {name}'s score at `latest`, timers having gone off after it"),
            format!(
                "first {:.0} µs, then {:.1} µs",
                median(&times.latest_first),
                median(&times.latest_again)
            ),
            String::new(),
        ));
    }
    probity.close();
    Ok(figures)
}

fn timed(probity: &Probity, role: Role) -> Result<Times, String> {
    let mut times = Times::default();
    let end = AsOf::At(probity.clock.now().day().end());
    for party in parties(probity, role)? {
        let timed = |as_of: AsOf| {
            let begun = Instant::now();
            let score = probity.score(&party, as_of).map_err(|error| error.to_string())?;
            std::hint::black_box(score);
            Ok::<f64, String>(begun.elapsed().as_secs_f64() * 1e6)
        };
        times.cold.push(timed(AsOf::Now)?);
        // Another hour of the same day: the values are computed again from the tiles in memory.
        times.hot.push(timed(end)?);
        times.unchanged.push(timed(end)?);
        times.latest_first.push(timed(AsOf::Latest)?);
        times.latest_again.push(timed(AsOf::Latest)?);
    }
    Ok(times)
}
