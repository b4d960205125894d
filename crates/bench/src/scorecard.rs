//! Scorecards and their challengers beside OptBinning and LightGBM, on the same rows and folds, one thread each.
//!
//! As with the peers, each measurement of ours is a process of its own (`probity-bench scorecard-measure …`), so that memory
//! is that of the work alone. Its lines are of the same form as theirs.

use crate::client::Folder;
use crate::figures::{Figure, median, scale};
use crate::python::{Peers, Told, find, told};
use crate::set::{FOLDS, Set, auc};
use probity_challenger::fit::fit;
use probity_challenger::options::{Options, Stopping};
use probity_scorecard::{Sample, Table};
use serde_json::json;
use std::hint::black_box;
use std::path::Path;
use std::process::Command;

/// Where the real data sets lie beside the repository.
const DATA: &str = "../../../shared/data";

/// The data sets, as the peers call them.
const SETS: [&str; 5] = ["give-me-some-credit", "taiwan", "heloc", "german", "synthetic"];
const SYNTHETIC: &str = "synthetic";
/// The smallest, for a quick run.
const QUICK: &str = "german";
const REPEATS: usize = 3;

/// What scores a table.
type Scorer = Box<dyn Fn(&Table) -> Result<Vec<f64>, String>>;

/// One way of ours to come from a sample to scores: its name, and the way.
type Way = (&'static str, fn(&Sample) -> Result<Scorer, String>);

const CHALLENGER: &str = "our challenger";
/// As many trees of as many leaves as the peer whose scoring is timed.
const CHALLENGER_200: &str = "our challenger, 200 × 31";

const WAYS: [Way; 2] = [
    (CHALLENGER, |sample| challenger(sample, &Options::default())),
    (CHALLENGER_200, |sample| {
        let of_the_peer = Options {
            stopping: Stopping::Never,
            rounds: 200,
            learning_rate: 0.1,
            leaves: 31,
            depth: 64,
            row_share: 1.0,
            column_share: 1.0,
            ..Options::default()
        };
        challenger(sample, &of_the_peer)
    }),
];

fn challenger(sample: &Sample, options: &Options) -> Result<Scorer, String> {
    let model = fit(sample, options).map_err(|error| error.to_string())?;
    Ok(Box::new(move |table| model.score(table).map_err(|error| error.to_string())))
}

/// What is measured of each way: kind, way, set, repeats.
fn plan(work: &Path) -> Vec<(&'static str, &'static str, &'static str, usize)> {
    let quick = scale() < 1.0;
    let repeats = if quick { 1 } else { REPEATS };
    // A quick run of the peers takes the same two.
    let wanted = |name: &&&str| !quick || [QUICK, SYNTHETIC].contains(*name);
    let there = |name: &&&str| wanted(name) && work.join(name).join("columns.json").is_file();
    let mut plan = Vec::new();
    for name in SETS.iter().filter(there) {
        plan.extend([("fit", CHALLENGER, *name, repeats), ("auc", CHALLENGER, *name, 1)]);
    }
    if there(&&SYNTHETIC) {
        plan.extend([("fit", CHALLENGER_200, SYNTHETIC, 1), ("score", CHALLENGER_200, SYNTHETIC, repeats)]);
    }
    plan
}

/// Seconds for which this process, which has one thread, has had a processor.
fn cpu() -> Result<f64, String> {
    let text = std::fs::read_to_string("/proc/self/schedstat").map_err(|error| error.to_string())?;
    let nanos = text.split(' ').next().and_then(|word| word.parse::<f64>().ok());
    nanos.map(|nanos| nanos / 1e9).ok_or_else(|| format!("'{text}' is no time"))
}

/// Resident megabytes: now (`VmRSS`) or at their peak since that was last cleared (`VmHWM`).
fn resident(field: &str) -> Result<f64, String> {
    let text = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = text.lines().find(|line| line.starts_with(field));
    let kilobytes =
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|word| word.parse::<f64>().ok());
    kilobytes.map(|kilobytes| kilobytes / 1024.0).ok_or_else(|| format!("there is no {field}"))
}

/// One measurement, in the process that was started for it: a line for each figure.
pub(crate) fn measure(words: &[String]) -> Result<(), String> {
    let [work, kind, way, name] = words else { return Err("WORK KIND WAY SET are needed".to_owned()) };
    let set = Set::read(&Path::new(work).join(name))?;
    let found = WAYS.iter().find(|known| known.0 == way).ok_or_else(|| format!("there is no way '{way}'"))?;
    let figures = match kind.as_str() {
        "fit" => measure_fit(&set, found.1)?,
        "auc" => measure_auc(&set, found.1)?,
        "score" => measure_score(&set, found.1)?,
        other => return Err(format!("there is no measurement '{other}'")),
    };
    for (figure, value, unit, spread) in figures {
        let spread = spread.map(|(low, high)| [low, high]);
        println!(
            "{}",
            json!({"peer": way, "data": name, "figure": figure, "value": value, "unit": unit, "spread": spread})
        );
    }
    Ok(())
}

/// A figure: its name, its value, its unit, and the lowest and the highest.
type Measured = (&'static str, f64, &'static str, Option<(f64, f64)>);

fn measure_fit(set: &Set, way: fn(&Sample) -> Result<Scorer, String>) -> Result<Vec<Measured>, String> {
    std::fs::write("/proc/self/clear_refs", "5").map_err(|error| error.to_string())?;
    let (before, begun) = (resident("VmRSS")?, cpu()?);
    let scorer = black_box(way(&set.sample)?);
    let seconds = cpu()? - begun;
    drop(scorer);
    Ok(vec![
        ("fit", seconds, "CPU s", None),
        ("fit, memory before", before, "MB", None),
        ("fit, memory at peak", resident("VmHWM")?, "MB", None),
    ])
}

fn measure_auc(set: &Set, way: fn(&Sample) -> Result<Scorer, String>) -> Result<Vec<Measured>, String> {
    // As the peers have it: a million rows tell enough in one fold.
    let folds = if set.sample.rows() > 500_000 { 1 } else { FOLDS };
    let mut found = Vec::new();
    for fold in 0..folds {
        let (rest, held) = set.fold(fold);
        found.push(auc(&way(&rest)?(&held.table)?, &held.bad));
    }
    let mean = found.iter().sum::<f64>() / f64::from(folds);
    let low = found.iter().copied().fold(f64::INFINITY, f64::min);
    let high = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    Ok(vec![("AUC", mean, "", Some((low, high)))])
}

fn measure_score(set: &Set, way: fn(&Sample) -> Result<Scorer, String>) -> Result<Vec<Measured>, String> {
    let first: Vec<usize> = (0..set.sample.rows().min(100_000)).collect();
    let scorer = way(&set.sample.take(&first))?;
    black_box(scorer(&set.sample.table.take(&first[..1_000.min(first.len())]))?);
    let begun = cpu()?;
    black_box(scorer(&set.sample.table)?);
    let rate = set.sample.rows() as f64 / (cpu()? - begun);
    let calls = 2_000.min(first.len());
    let single: Vec<Table> = (0..calls).map(|row| set.sample.table.take(&[row])).collect();
    let begun = cpu()?;
    for row in &single {
        black_box(scorer(black_box(row))?);
    }
    let one = (cpu()? - begun) / calls as f64 * 1e6;
    Ok(vec![("score, all rows", rate, "rows per CPU s", None), ("score, one row", one, "CPU µs", None)])
}

/// All of ours, a process each.
fn ours(work: &Path) -> Result<Vec<Told>, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for (kind, way, name, repeats) in plan(work) {
        let mut rounds: Vec<Vec<Told>> = Vec::new();
        for _ in 0..repeats {
            let done = Command::new(&own)
                .arg("scorecard-measure")
                .arg(work)
                .args([kind, way, name])
                .output()
                .map_err(|error| error.to_string())?;
            if !done.status.success() {
                let why = String::from_utf8_lossy(&done.stderr);
                return Err(format!("{kind} of {way} on {name} failed: {why}"));
            }
            rounds.push(String::from_utf8_lossy(&done.stdout).lines().map(told).collect::<Result<_, _>>()?);
        }
        all.extend(middle(rounds));
    }
    Ok(all)
}

/// The median of each figure over the rounds, with the lowest and the highest.
fn middle(mut rounds: Vec<Vec<Told>>) -> Vec<Told> {
    let Some(mut last) = rounds.pop() else { return Vec::new() };
    for (place, told) in last.iter_mut().enumerate() {
        let of_round = |round: &Vec<Told>| round.get(place).and_then(|told| told.value.as_f64());
        let mut values: Vec<f64> = rounds.iter().filter_map(of_round).collect();
        values.extend(told.value.as_f64());
        let low = values.iter().copied().fold(f64::INFINITY, f64::min);
        let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        told.value = json!(median(&values));
        told.spread = told.spread.or(Some((low, high)));
    }
    last
}

/// A figure in words, or that it was not measured.
fn shown(told: Option<&Told>) -> String {
    let Some((told, value)) = told.and_then(|told| Some((told, told.value.as_f64()?))) else {
        return "not measured".to_owned();
    };
    let digits = match (told.unit.as_str(), value) {
        ("", _) => 4,
        (_, 100.0..) => 0,
        (_, 10.0..) => 1,
        _ => 2,
    };
    let unit = if told.unit.is_empty() { String::new() } else { format!(" {}", told.unit) };
    match told.spread {
        Some((low, high)) if low < high => {
            format!("{value:.digits$}{unit} ({low:.digits$} to {high:.digits$})")
        }
        _ => format!("{value:.digits$}{unit}"),
    }
}

/// The part: both sides on the same rows, one after the other.
pub(crate) fn scorecard() -> Result<Vec<Figure>, String> {
    let peers = Peers::ready()?;
    let folder = Folder::new("scorecard")?;
    peers.prepare(&Path::new(env!("CARGO_MANIFEST_DIR")).join(DATA), &folder.0)?;
    let mut told = peers.run(&folder.0)?;
    told.extend(ours(&folder.0)?);
    Ok(figures(&told))
}

const CARDS: [&str; 2] = ["optbinning", "optbinning, monotone"];
const BOOSTED: [&str; 2] = ["lightgbm", "lightgbm, tuned"];

/// The table: ours, and beside it the peers on the same set.
fn figures(told: &[Told]) -> Vec<Figure> {
    let beside = |peers: &[&str], data: &str, figure: &str| {
        let peer = |peer: &&str| {
            find(told, peer, data, figure).map(|found| format!("{peer}: {}", shown(Some(found))))
        };
        peers.iter().filter_map(peer).collect::<Vec<_>>().join("; ")
    };
    let mut figures = Vec::new();
    let mut row = |what: String, way: &str, data: &str, figure: &str, peers: &[&str]| {
        let (ours, beside) = (find(told, way, data, figure), beside(peers, data, figure));
        if ours.is_some() || !beside.is_empty() {
            figures.push(Figure::told(&what, shown(ours), beside));
        }
    };
    let both: Vec<&str> = BOOSTED.iter().chain(&CARDS).copied().collect();
    for data in SETS {
        row(format!("{data}: AUC of a challenger, five folds"), CHALLENGER, data, "AUC", &both);
        row(format!("{data}: fit of a challenger"), CHALLENGER, data, "fit", &both);
        row(format!("{data}: its memory before"), CHALLENGER, data, "fit, memory before", &both);
        row(format!("{data}: its memory at peak"), CHALLENGER, data, "fit, memory at peak", &both);
    }
    let fixed = ["lightgbm, 200 × 31"];
    row("fit of 200 trees of 31 leaves".to_owned(), CHALLENGER_200, SYNTHETIC, "fit", &fixed);
    let scored = [fixed[0], CARDS[0]];
    row("200 trees score 1,000,000 × 20".to_owned(), CHALLENGER_200, SYNTHETIC, "score, all rows", &scored);
    row("200 trees score one row".to_owned(), CHALLENGER_200, SYNTHETIC, "score, one row", &scored);
    figures
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::figures::table;

    fn line(peer: &str, value: f64) -> Told {
        Told {
            peer: peer.to_owned(),
            data: "heloc".to_owned(),
            figure: "AUC".to_owned(),
            value: json!(value),
            unit: String::new(),
            spread: None,
        }
    }

    #[test]
    fn rounds_become_their_median_and_stand_beside_the_peers() {
        let rounds = [0.3, 0.1, 0.2].map(|value| vec![line(CHALLENGER, value)]);
        let mut told = middle(rounds.into());
        assert_eq!((told[0].value.as_f64(), told[0].spread), (Some(0.2), Some((0.1, 0.3))));
        told.push(line("lightgbm", 0.25));
        let text = table(&figures(&told));
        assert!(text.contains("| 0.2000 (0.1000 to 0.3000) | lightgbm: 0.2500 |"), "{text}");
        assert_eq!(figures(&told).len(), 1);
    }
}
