//! Scorecards and their challengers beside OptBinning and LightGBM, on the same rows and folds, one thread each.
//!
//! As with the peers, each measurement of ours is a process of its own (`probity-bench scorecard-measure …`), so that memory
//! is that of the work alone. Its lines are of the same form as theirs.

mod ways;
mod measure;
mod judged;

pub(crate) use measure::measure;

use crate::client::Folder;
use crate::figures::{Figure, median, scale};
use crate::python::{Peers, Told, told};
use serde_json::json;
use std::path::Path;
use std::process::Command;
use std::time::Instant;
use ways::{CHALLENGER, CHALLENGER_200, CHOSEN, CLASSICAL, HELD, PAIRED, READABLE, SINGLE};

/// Where the real data sets lie beside the repository.
const DATA: &str = "../../../shared/data";

/// The data sets of people, as the peers call them.
const SETS: [&str; 4] = ["give-me-some-credit", "taiwan", "heloc", "german"];
const SYNTHETIC: &str = "synthetic";
/// The part of it on which fits are timed.
const SYNTHETIC_FIT: &str = "synthetic-fit";
/// The smallest, for a quick run.
const QUICK: &str = "german";
const REPEATS: usize = 3;

/// What is measured of each way: kind, way, set, repeats.
fn plan(work: &Path) -> Vec<(&'static str, &'static str, &'static str, usize)> {
    let quick = scale() < 1.0;
    let repeats = if quick { 1 } else { REPEATS };
    // A quick run of the peers takes the same two.
    let there = |name: &str| work.join(name).join("columns.json").is_file();
    let mut plan = Vec::new();
    for name in SETS.into_iter().filter(|name| there(name) && (!quick || *name == QUICK)) {
        for way in [CLASSICAL, HELD, SINGLE, READABLE, CHOSEN, CHALLENGER] {
            plan.push(("fit", way, name, repeats));
            if way != HELD {
                plan.push(("auc", way, name, 1));
            }
        }
    }
    if there(SYNTHETIC) {
        for way in [CLASSICAL, HELD, READABLE, CHALLENGER] {
            plan.push(("fit", way, SYNTHETIC_FIT, repeats));
        }
        plan.extend([CLASSICAL, READABLE, CHALLENGER].map(|way| ("auc", way, SYNTHETIC, 1)));
        plan.push(("fit", CHALLENGER_200, SYNTHETIC_FIT, 1));
        plan.extend([CLASSICAL, PAIRED, CHALLENGER_200].map(|way| ("score", way, SYNTHETIC, repeats)));
    }
    plan
}

/// All of ours, a process each.
fn ours(work: &Path) -> Result<Vec<Told>, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for (kind, way, name, repeats) in plan(work) {
        let begun = Instant::now();
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
        eprintln!("{kind} of {way} on {name}: {:.0} s", begun.elapsed().as_secs_f64());
    }
    Ok(all)
}

/// The median of each figure over the rounds, with the lowest and the highest; what is no number is as the last round has it.
fn middle(mut rounds: Vec<Vec<Told>>) -> Vec<Told> {
    let Some(mut last) = rounds.pop() else { return Vec::new() };
    for (place, told) in last.iter_mut().enumerate().filter(|(_, told)| told.value.is_number()) {
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

/// The part: both sides on the same rows, one after the other.
pub(crate) fn scorecard() -> Result<Vec<Figure>, String> {
    let peers = Peers::ready()?;
    let folder = Folder::new("scorecard")?;
    peers.prepare(&Path::new(env!("CARGO_MANIFEST_DIR")).join(DATA), &folder.0)?;
    let mut told = peers.run(&folder.0)?;
    told.extend(ours(&folder.0)?);
    Ok(judged::figures(&told))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    fn line(value: Value) -> Told {
        Told {
            peer: CHALLENGER.to_owned(),
            data: "heloc".to_owned(),
            figure: "AUC".to_owned(),
            value,
            unit: String::new(),
            spread: None,
        }
    }

    #[test]
    fn rounds_become_their_median() {
        let told = middle(vec![0.3, 0.1, 0.2].into_iter().map(|value| vec![line(json!(value))]).collect());
        assert_eq!((told[0].value.as_f64(), told[0].spread), (Some(0.2), Some((0.1, 0.3))));
        let told = middle(vec![vec![line(json!([1, 2]))], vec![line(json!([3, 4]))]]);
        assert_eq!((told[0].value.clone(), told[0].spread), (json!([3, 4]), None));
    }

    #[test]
    fn every_planned_way_is_known() {
        let work = std::env::temp_dir().join(format!("probity-bench-plan-{}", std::process::id()));
        for name in SETS.into_iter().chain([SYNTHETIC]) {
            std::fs::create_dir_all(work.join(name)).unwrap();
            std::fs::write(work.join(name).join("columns.json"), "{}").unwrap();
        }
        let planned = plan(&work);
        assert!(planned.len() > 40, "{planned:?}");
        for (_, way, ..) in planned {
            assert!(ways::WAYS.iter().any(|known| known.0 == way), "{way}");
        }
        std::fs::remove_dir_all(&work).unwrap();
    }
}
