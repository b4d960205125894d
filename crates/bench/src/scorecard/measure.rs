//! One measurement of ours, in a process of its own.

use super::ways::{HELD, Model, WAYS, Way, held};
use crate::set::{FOLDS, Set};
use probity_scorecard::card::{Attribute, Pair};
use probity_scorecard::explain::explain;
use probity_scorecard::table::Value as Cell;
use probity_scorecard::validation::Ranked;
use probity_scorecard::{Sample, Scorecard, Table, binning};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::hint::black_box;
use std::path::Path;

/// A figure: its name, its value, its unit, and the lowest and the highest.
type Measured = (&'static str, Value, &'static str, Option<(f64, f64)>);

/// Rows on which a model is fitted whose scoring is timed, as the peers have it.
const ROWS_TO_FIT: usize = 100_000;
const ROWS_ALONE: usize = 100_000;
const ROWS_EXPLAINED: usize = 2_000;

/// One measurement, in the process that was started for it: a line for each figure.
pub(crate) fn measure(words: &[String]) -> Result<(), String> {
    let [work, kind, way, name] = words else { return Err("WORK KIND WAY SET are needed".to_owned()) };
    let set = Set::read(&Path::new(work).join(name))?;
    let found = WAYS.iter().find(|known| known.0 == way).ok_or_else(|| format!("there is no way '{way}'"))?;
    let figures = match kind.as_str() {
        "fit" => measure_fit(&set, *found)?,
        "auc" => measure_auc(&set, *found)?,
        "score" => measure_score(&set, *found)?,
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

fn measure_fit(set: &Set, way: Way) -> Result<Vec<Measured>, String> {
    std::fs::write("/proc/self/clear_refs", "5").map_err(|error| error.to_string())?;
    let (before, begun) = (resident("VmRSS")?, cpu()?);
    let model = black_box((way.1)(&set.sample)?);
    let (seconds, peak) = (cpu()? - begun, resident("VmHWM")?);
    let mut figures = vec![
        ("fit", json!(seconds), "CPU s", None),
        ("fit, memory before", json!(before), "MB", None),
        ("fit, memory at peak", json!(peak), "MB", None),
    ];
    if let Some(card) = model.card() {
        figures.push(("wrong-signed coefficients", json!(wrong_signed(card) as f64), "", None));
        figures.push(("its tables", tables(card), "", None));
    }
    if way.0 == HELD {
        let columns = information(&set.sample)?;
        figures.push(("information value", json!(columns.values().sum::<f64>()), "nats", None));
        figures.push(("information value by column", json!(columns), "nats", None));
    }
    Ok(figures)
}

/// How many columns give more where there are fewer bad: the log-odds that they add and those of their own bins lie on opposite
/// sides of their means. In a card by weights of evidence these are the coefficients below zero. A column without a table
/// of its own is told by one of its pairs at least as its cells have it, among those with the same of the other column.
fn wrong_signed(card: &Scorecard) -> usize {
    let parts = card.parts();
    let alone =
        parts.characteristics.iter().filter(|one| together([one.attributes.as_slice()]) < 0.0).count();
    let has_table = |name: &str| parts.characteristics.iter().any(|one| one.name == name);
    let in_pairs = parts.pairs.iter().flat_map(|pair| [pair.first.as_str(), pair.second.as_str()]);
    let in_pairs: BTreeSet<&str> = in_pairs.filter(|name| !has_table(name)).collect();
    let misled = |name: &&&str| {
        let told = |pair: &Pair| {
            let width = pair.columns.count();
            if pair.first == **name {
                let line =
                    |column| pair.cells.iter().skip(column).step_by(width).copied().collect::<Vec<_>>();
                (0..width).map(|column| together([line(column).as_slice()])).sum::<f64>()
            } else {
                together(pair.cells.chunks(width))
            }
        };
        let of_it = parts.pairs.iter().filter(|pair| pair.first == **name || pair.second == **name);
        of_it.map(told).all(|told| told <= 0.0)
    };
    alone + in_pairs.iter().filter(misled).count()
}

/// How far what bins give and their own log-odds go together: the sum over some tables of the covariance in each.
fn together<'a>(tables: impl IntoIterator<Item = &'a [Attribute]>) -> f64 {
    // Half a row more of each keeps the log-odds of a bin without good or bad rows finite.
    let own = |one: &Attribute| ((one.bad + 0.5) / (one.weight - one.bad + 0.5)).ln();
    let covariance = |attributes: &[Attribute]| {
        let all: f64 = attributes.iter().map(|one| one.weight).sum::<f64>().max(f64::MIN_POSITIVE);
        let mean = |of: &dyn Fn(&Attribute) -> f64| {
            attributes.iter().map(|one| one.weight * of(one)).sum::<f64>() / all
        };
        let (given, owned) = (mean(&|one| one.log_odds), mean(&own));
        all * mean(&|one| (one.log_odds - given) * (own(one) - owned))
    };
    tables.into_iter().map(covariance).sum()
}

/// Characteristics, pairs, the attributes of the longest table, rows and columns of the largest pair, points in all.
fn tables(card: &Scorecard) -> Value {
    let parts = card.parts();
    let longest = parts.characteristics.iter().map(|one| one.attributes.len()).max().unwrap_or(0);
    let sizes = parts.pairs.iter().map(|pair| (pair.rows.count(), pair.columns.count()));
    let largest = sizes.max_by_key(|size| size.0 * size.1).unwrap_or((0, 0));
    let singles: usize = parts.characteristics.iter().map(|one| one.attributes.len()).sum();
    let cells: usize = parts.pairs.iter().map(|pair| pair.cells.len()).sum();
    json!([parts.characteristics.len(), parts.pairs.len(), longest, largest.0, largest.1, singles + cells])
}

/// The information value of each column in bins under OptBinning's constraints. As there, a bin without good or bad rows
/// counts nothing.
fn information(sample: &Sample) -> Result<BTreeMap<String, f64>, String> {
    let table = binning::bin_table(sample, &held(), &BTreeMap::new()).map_err(|error| error.to_string())?;
    let (good, bad) = sample.good_and_bad();
    let of = |count: &binning::Count| {
        let (good, bad) = (count.good / good, count.bad / bad);
        if good > 0.0 && bad > 0.0 { (good - bad) * (good / bad).ln() } else { 0.0 }
    };
    Ok(table.columns.into_iter().map(|(name, binned)| (name, binned.counts.iter().map(of).sum())).collect())
}

fn measure_auc(set: &Set, way: Way) -> Result<Vec<Measured>, String> {
    // As the peers have it: a million rows tell enough in one fold.
    let folds = if set.sample.rows() > 500_000 { 1 } else { FOLDS };
    let (mut found, mut of_points) = (Vec::new(), Vec::new());
    for fold in 0..folds {
        let (rest, held) = set.fold(fold);
        let model = (way.1)(&rest)?;
        found.push(auc(&model.log_odds(&held.table)?, &held.bad)?);
        if let Some(card) = model.card() {
            let scored = card.score(&held.table).map_err(|error| error.to_string())?;
            let risk: Vec<f64> = scored.iter().map(|scored| -f64::from(scored.score)).collect();
            of_points.push(auc(&risk, &held.bad)?);
        }
    }
    let mut figures = vec![mean("AUC", &found), ("AUC by fold", json!(found), "", None)];
    if !of_points.is_empty() {
        figures.push(mean("AUC of whole points", &of_points));
    }
    Ok(figures)
}

fn auc(risk: &[f64], bad: &[bool]) -> Result<f64, String> {
    Ranked::try_new(risk, bad, None).map(|ranked| ranked.auc()).map_err(|error| error.to_string())
}

fn mean(figure: &'static str, found: &[f64]) -> Measured {
    let low = found.iter().copied().fold(f64::INFINITY, f64::min);
    let high = found.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let mean = found.iter().sum::<f64>() / found.len() as f64;
    (figure, json!(mean), "", Some((low, high)))
}

fn measure_score(set: &Set, way: Way) -> Result<Vec<Measured>, String> {
    let table = &set.sample.table;
    let first: Vec<usize> = (0..table.rows().min(ROWS_TO_FIT)).collect();
    let model = (way.1)(&set.sample.take(&first))?;
    black_box(model.log_odds(&table.take(&first[..1_000.min(first.len())]))?);
    let begun = cpu()?;
    match &model {
        Model::Card(card) => drop(black_box(card.score(table).map_err(|error| error.to_string())?)),
        Model::Trees(trees) => drop(black_box(trees.score(table).map_err(|error| error.to_string())?)),
    }
    let rate = table.rows() as f64 / (cpu()? - begun);
    let mut figures = vec![("score, all rows", json!(rate), "rows per CPU s", None)];
    match &model {
        Model::Card(card) => figures.extend(one_by_one(card, table)?),
        Model::Trees(trees) => {
            let rows = first.iter().take(ROWS_EXPLAINED);
            let single: Vec<Table> = rows.map(|row| table.take(&[*row])).collect();
            let one = each(&single, |row| {
                black_box(trees.score(black_box(row)).map_err(|error| error.to_string())?);
                Ok(())
            })?;
            figures.push(("score, one row", json!(one), "CPU µs", None));
        }
    }
    Ok(figures)
}

/// Rows that come one at a time, as a decision asks for them.
fn one_by_one(card: &Scorecard, table: &Table) -> Result<Vec<Measured>, String> {
    let columns: Vec<_> = card
        .inputs()
        .iter()
        .map(|name| table.column(name))
        .collect::<Result<_, _>>()
        .map_err(|error| error.to_string())?;
    let rows: Vec<Vec<Cell<'_>>> = (0..table.rows().min(ROWS_ALONE))
        .map(|row| columns.iter().map(|column| column.value(row)).collect())
        .collect();
    let one = each(&rows, |row| {
        black_box(card.score_row(black_box(row)));
        Ok(())
    })?;
    let reasons = each(&rows[..rows.len().min(ROWS_EXPLAINED)], |row| {
        black_box(explain(card, black_box(row)));
        Ok(())
    })?;
    Ok(vec![
        ("score, one row", json!(one), "CPU µs", None),
        ("score, one row with reasons", json!(reasons), "CPU µs", None),
    ])
}

/// Microseconds that each of some takes.
fn each<T>(items: &[T], mut work: impl FnMut(&T) -> Result<(), String>) -> Result<f64, String> {
    let begun = cpu()?;
    items.iter().try_for_each(&mut work)?;
    Ok((cpu()? - begun) / items.len() as f64 * 1e6)
}

/// Seconds for which this process, which has one thread, has had a processor.
fn cpu() -> Result<f64, String> {
    // The system brings the figure up to date at every tick, some milliseconds apart, and when a thread yields.
    std::thread::yield_now();
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
