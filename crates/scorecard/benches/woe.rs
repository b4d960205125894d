//! Processor time of a whole fit, and AUC on rows held out: `cargo bench -p probity-scorecard --bench woe`.
//!
//! The tables are read from ../shared/data beside the repository where they are. German credit, which is small, is dealt to
//! five folds four times over, the others once.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench reads files and clocks, prints, and stops when it cannot go on"
)]

use probity_scorecard::bins::Special;
use probity_scorecard::card::Scored;
use probity_scorecard::logistic::folds;
use probity_scorecard::table::Column;
use probity_scorecard::woe::{Options, fit};
use probity_scorecard::{Sample, Table};
use std::path::Path;

const FOLDS: usize = 5;

/// Milliseconds of processor time of this thread, or of the clock where the system does not tell.
fn milliseconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = told.and_then(|text| text.split(' ').next().and_then(|first| first.parse::<f64>().ok()));
    spent.map_or_else(
        || std::time::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_secs_f64() * 1e3),
        |nanoseconds| nanoseconds / 1e6,
    )
}

/// The cells of a line; one in quotes may hold commas.
fn split(line: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    line.split(move |letter| {
        quoted ^= letter == '"';
        letter == ',' && !quoted
    })
}

fn read(folder: &str) -> Option<Sample> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder).join("train.csv");
    let text = std::fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next()?.split(',').collect();
    let mut cells: Vec<Vec<Option<&str>>> = vec![vec![]; names.len()];
    for line in lines {
        for (column, cell) in cells.iter_mut().zip(split(line)) {
            column.push(Some(cell).filter(|cell| !cell.is_empty()));
        }
    }
    let columns = names.iter().zip(cells).map(|(name, cells)| {
        let number = |cell: &Option<&str>| cell.map_or(Some(f64::NAN), |cell| cell.parse().ok());
        match cells.iter().map(number).collect() {
            Some(numbers) => Column::numbers(*name, numbers),
            None => Column::categories(*name, cells),
        }
    });
    let table = Table::try_new(columns.collect()).expect("a table");
    Some(Sample::try_new(&table, "bad", None).expect("a target"))
}

/// The chance that a bad row has more risk than a good one; equal ones count half.
fn area(risk: &[f64], bad: &[bool]) -> f64 {
    let mut order: Vec<usize> = (0..risk.len()).collect();
    order.sort_by(|&one, &other| risk[one].total_cmp(&risk[other]));
    let (mut goods, mut bads, mut won) = (0.0, 0.0, 0.0);
    for equal in order.chunk_by(|&one, &other| risk[one] == risk[other]) {
        let more = equal.iter().filter(|&&row| bad[row]).count() as f64;
        let good = equal.len() as f64 - more;
        won += more * (goods + good / 2.0);
        (goods, bads) = (goods + good, bads + more);
    }
    won / goods / bads
}

fn report(name: &str, sample: &Sample, specials: &[Special], rounds: u64) {
    let mut options = Options::for_rows(sample.rows());
    options.constraints.specials = specials.to_vec();
    let begun = milliseconds();
    let fitted = fit(sample, &options).expect("a card");
    let spent = milliseconds() - begun;
    let mut exact = vec![];
    let mut points = vec![];
    for (round, held) in (0..rounds).flat_map(|round| (0..FOLDS).map(move |held| (round, held))) {
        let fold = folds(&sample.bad, FOLDS, 100 + round);
        let (test, train): (Vec<usize>, Vec<usize>) = (0..sample.rows()).partition(|&row| fold[row] == held);
        let (train, test) = (sample.take(&train), sample.take(&test));
        let card = fit(&train, &options).expect("a card").card;
        let scored = card.score(&test.table).expect("scores");
        let of = |risk: fn(&Scored) -> f64| area(&scored.iter().map(risk).collect::<Vec<_>>(), &test.bad);
        exact.push(of(|scored| scored.log_odds));
        points.push(of(|scored| -f64::from(scored.score)));
    }
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    println!(
        "{name:<20} {:>7} x {:<3} fit {spent:>6.1} ms   AUC held out {:.4}, by points {:.4}   {} characteristics, {} left out, points within {:.2}",
        sample.rows(),
        sample.table.columns().len(),
        mean(&exact),
        mean(&points),
        fitted.characteristics.len(),
        fitted.dropped.len(),
        fitted.most_error
    );
}

fn main() {
    for (folder, rounds) in
        [("give-me-some-credit", 1), ("taiwan-default", 1), ("heloc", 1), ("german-credit", 4)]
    {
        let special = |value: f64| Special { name: value.to_string(), values: vec![value] };
        let specials = if folder == "heloc" { [-9.0, -8.0, -7.0].map(special).to_vec() } else { vec![] };
        match read(folder) {
            Some(sample) => report(folder, &sample, &specials, rounds),
            None => println!("{folder:<20} is not there"),
        }
    }
}
