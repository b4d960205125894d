//! The additive model on four public credit sets: AUC and log loss by repeated 5-fold cross-validation, with and without
//! pairs, and the time of a fit. The sets lie beside the checkout, in `../shared/data`; they are not part of it.
//!
//! `cargo bench -p probity-scorecard --bench additive -- [german] [heloc] [taiwan] [gmsc] [--tables] [--trend] [--pairs=8]`
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a benchmark reads files and the clock, and may stop where it stands"
)]

mod sets;

use probity_scorecard::Sample;
use probity_scorecard::additive::{Options, Pairs, fit};
use probity_scorecard::binning::Trend;
use probity_scorecard::bins::Special;
use sets::{auc, read};
use std::time::Instant;

const FOLDS: usize = 5;

/// A set: its name, its folder, how often it is divided into folds, and its special values.
const SETS: [(&str, &str, u64, &[f64]); 4] = [
    ("german", "german-credit", 4, &[]),
    ("heloc", "heloc", 1, &[-9.0, -8.0, -7.0]),
    ("taiwan", "taiwan-default", 1, &[]),
    ("gmsc", "give-me-some-credit", 1, &[]),
];

fn main() {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let flag = |name: &str| asked.iter().any(|word| word == name);
    let none = !SETS.iter().any(|set| flag(set.0));
    for (name, folder, turns, specials) in SETS.into_iter().filter(|set| none || flag(set.0)) {
        let Some(sample) = read(folder) else {
            println!("{name} is not there");
            continue;
        };
        let special = |value: &f64| Special { name: value.to_string(), values: vec![*value] };
        let trend = if flag("--trend") { Trend::Auto } else { Trend::Any };
        let options =
            Options { trend, specials: specials.iter().map(special).collect(), ..Options::default() };
        let given = asked.iter().find_map(|word| word.strip_prefix("--pairs="));
        let pairs = given.map_or(options.pairs, |count| Pairs::Exactly(count.parse().unwrap()));
        for pairs in [Pairs::Exactly(0), pairs] {
            cross_validate(name, &sample, &Options { pairs, ..options.clone() }, turns);
        }
        if flag("--tables") {
            print_tables(&sample, &options);
        }
    }
}

fn cross_validate(name: &str, sample: &Sample, options: &Options, turns: u64) {
    let mut figures: Vec<[f64; 4]> = Vec::new();
    let mut pairs = Vec::new();
    for turn in 0..turns {
        let fold_of = folds(&sample.bad, 100 + turn);
        for fold in 0..FOLDS {
            let rows = |inside: bool| -> Vec<usize> {
                (0..sample.rows()).filter(|row| (fold_of[*row] == fold) == inside).collect()
            };
            let (train, held) = (sample.take(&rows(false)), sample.take(&rows(true)));
            let begun = Instant::now();
            let fitted = fit(&train, options).unwrap();
            let seconds = begun.elapsed().as_secs_f64();
            let scored = fitted.card.score(&held.table).unwrap();
            let exact: Vec<f64> = scored.iter().map(|scored| scored.log_odds).collect();
            let points: Vec<f64> = scored.iter().map(|scored| -f64::from(scored.score)).collect();
            pairs.push(fitted.report.pairs.len());
            let loss = scored.iter().zip(&held.bad).map(|(scored, bad)| {
                let chance = scored.probability();
                -f64::ln(if *bad { chance } else { 1.0 - chance })
            });
            let loss = loss.sum::<f64>() / held.rows() as f64;
            figures.push([auc(&exact, &held.bad), auc(&points, &held.bad), loss, seconds]);
        }
    }
    let mean = |place: usize| figures.iter().map(|figure| figure[place]).sum::<f64>() / figures.len() as f64;
    let square = figures.iter().map(|figure| (figure[0] - mean(0)).powi(2)).sum::<f64>();
    let error = (square / (figures.len() * (figures.len() - 1)) as f64).sqrt();
    println!(
        "{name} {:?}: AUC {:.5} ± {error:.5}, of points {:.5}, log loss {:.5}, {:.2} s a fit, pairs {pairs:?}",
        options.pairs,
        mean(0),
        mean(1),
        mean(2),
        mean(3)
    );
    let each: Vec<String> = figures.iter().map(|figure| format!("{:.6}", figure[0])).collect();
    println!("  each fold: {}", each.join(" "));
}

fn print_tables(sample: &Sample, options: &Options) {
    let begun = Instant::now();
    let fitted = fit(sample, options).unwrap();
    println!("fitted on all rows in {:.2} s", begun.elapsed().as_secs_f64());
    let parts = fitted.card.parts();
    for characteristic in &parts.characteristics {
        println!("{}", characteristic.name);
        for (bin, attribute) in characteristic.attributes.iter().enumerate() {
            let text = characteristic.bins.text(bin);
            println!(
                "  {text:40} {:8.4} {:5} {:9.0} {:8.0}",
                attribute.log_odds, attribute.points, attribute.weight, attribute.bad
            );
        }
    }
    for pair in &parts.pairs {
        println!("{} × {}", pair.first, pair.second);
        for (row, cells) in pair.cells.chunks(pair.columns.count()).enumerate() {
            let points: Vec<String> = cells.iter().map(|cell| format!("{:5}", cell.points)).collect();
            println!("  {:30} {}", pair.rows.text(row), points.join(" "));
        }
    }
    println!("{:#?}", fitted.report);
}

/// Good and bad rows dealt out evenly, in the order of SplitMix64's values; peers are measured in the same folds.
fn folds(bad: &[bool], seed: u64) -> Vec<usize> {
    let mix = |seed: u64| {
        let mut mixed = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    let mut fold_of = vec![0; bad.len()];
    for kind in [false, true] {
        let mut rows: Vec<usize> = (0..bad.len()).filter(|row| bad[*row] == kind).collect();
        rows.sort_by_key(|row| (mix(mix(seed) ^ *row as u64), *row));
        rows.iter().enumerate().for_each(|(place, row)| fold_of[*row] = place % FOLDS);
    }
    fold_of
}
