//! Processor time and total information value of binning: `cargo bench -p probity-scorecard --bench binning`.
//!
//! The real tables are read from ../shared/data beside the repository where they are; the made one has `PROBITY_BENCH_ROWS`
//! rows (700,000). `PROBITY_BENCH_TABLE` names a folder with one more `train.csv` whose target is `bad`; with
//! `PROBITY_BENCH_COLUMNS` each column is told of. The constraints are OptBinning's defaults: at most 20 bins, each of at
//! least 5 % of the rows with a value. Its own total with its automatic trends stands beside ours: OptBinning 1.0.0, measured
//! on the same files.
#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a bench reads files and clocks, prints, and stops when it cannot go on"
)]

mod sets;

use probity_scorecard::binning::{Constraints, Trend, bin_column};
use probity_scorecard::bins::Special;
use probity_scorecard::table::Column;
use probity_scorecard::{Sample, Table};
use sets::{milliseconds, read};

/// What comes out, and the milliseconds it takes: at least a quarter of a second is measured, since the system tells in ticks.
fn timed<T>(work: impl Fn() -> T) -> (T, f64) {
    let begun = milliseconds();
    let mut rounds = 0.0;
    loop {
        let result = work();
        rounds += 1.0;
        let spent = milliseconds() - begun;
        if spent > 250.0 {
            return (result, spent / rounds);
        }
    }
}

/// Standard normal numbers: SplitMix64 (Steele, Lea, Flood 2014) and Box and Muller's transform (1958).
struct Normal(u64);

impl Normal {
    fn even(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((mixed ^ mixed >> 31) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn next(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.even()).ln()).sqrt();
        radius * (std::f64::consts::TAU * self.even()).cos()
    }
}

/// Twenty columns of five shapes over three hidden factors, three of them with 8 % missing, and a rate with a bend, steps and
/// an interaction.
fn made(rows: usize) -> Sample {
    let mut normal = Normal(42);
    let mut columns = vec![vec![]; 20];
    let mut bad = Vec::with_capacity(rows);
    for _ in 0..rows {
        let hidden = [normal.next(), normal.next(), normal.next()];
        for (place, column) in columns.iter_mut().enumerate() {
            let value = 0.5 * hidden[place % 3] + normal.next();
            column.push(match place % 5 {
                0 => value,
                1 => value.exp(),
                2 => (4.0 * value.abs()).round(),
                3 => 1.0 / (1.0 + (-value).exp()),
                _ => value.powi(3),
            });
        }
        let last = |column: usize| columns[column].last().copied().unwrap_or_default();
        let log_odds = -3.2 + 0.6 * hidden[0] - 0.5 * hidden[1]
            + 0.35 * hidden[2].abs()
            + if last(2) > 4.0 { 0.25 } else { 0.0 }
            + if last(1) > 1.0 { 0.3 * last(0).tanh() } else { 0.0 };
        bad.push(normal.even() < 1.0 / (1.0 + (-log_odds).exp()));
        for place in [3, 7, 11] {
            if normal.even() < 0.08
                && let Some(value) = columns[place].last_mut()
            {
                *value = f64::NAN;
            }
        }
    }
    let columns =
        columns.into_iter().enumerate().map(|(place, column)| Column::numbers(format!("x{place}"), column));
    let table = Table::try_new(columns.collect()).expect("a table");
    Sample { table, target: "bad".to_owned(), bad, weight: None, offset: None }
}

fn report(name: &str, sample: &Sample, specials: &[Special], peer: Option<f64>) {
    for (trend, told) in [
        (Trend::Auto, "auto"),
        (Trend::Monotone, "monotone"),
        (Trend::Peak, "peak"),
        (Trend::Valley, "valley"),
        (Trend::Any, "any"),
    ] {
        let constraints = Constraints {
            trend,
            max_bins: 20,
            min_share: 0.05,
            min_good: 1.0,
            min_bad: 1.0,
            penalty: 0.0,
            specials: specials.to_vec(),
            ..Constraints::default()
        };
        let bin = |column: &Column| bin_column(column, sample, &constraints).expect("bins");
        let (binned, spent) = timed(|| sample.table.columns().iter().map(bin).collect::<Vec<_>>());
        let information: f64 = binned.iter().map(|binned| binned.information_value).sum();
        let (rows, columns) = (sample.rows(), binned.len());
        println!(
            "{name:<22} {rows:>8} x {columns:<3} {told:<9} {spent:>8.1} ms   information value {information:.4}"
        );
        if std::env::var_os("PROBITY_BENCH_COLUMNS").is_some() {
            for (column, binned) in sample.table.columns().iter().zip(&binned) {
                let (name, trend) = (&column.name, binned.trend);
                println!("  {name:<40} {:.6} {trend:?} {}", binned.information_value, binned.bins.regular());
            }
        }
        if trend == Trend::Auto {
            let pairs = || binned.iter().zip(sample.table.columns());
            let (found, spent) =
                timed(|| pairs().map(|(binned, column)| binned.bins.find_all(column).len()).sum::<usize>());
            println!(
                "{:<22} bins of all rows found in {spent:.1} ms: {:.1} ns each",
                "",
                spent * 1e6 / found as f64
            );
            if let Some(peer) = peer {
                println!("{:<22} OptBinning's information value: {peer:.4}", "");
            }
        }
    }
    let constraints = Constraints { specials: specials.to_vec(), ..Constraints::default() };
    let bin = |column: &Column| bin_column(column, sample, &constraints).expect("bins");
    let (bins, spent) =
        timed(|| sample.table.columns().iter().map(|column| bin(column).bins.count()).sum::<usize>());
    println!("{:<22} with the default constraints: {spent:.1} ms, {bins} bins", "");
}

fn main() {
    let peers = [
        ("give-me-some-credit", Some(3.8584)),
        ("taiwan-default", Some(3.9688)),
        ("heloc", None),
        ("german-credit", Some(2.4489)),
    ];
    for (folder, peer) in peers {
        // OptBinning puts all special values of HELOC into one bin, so its total says nothing about ours.
        let special = |value: f64| Special { name: value.to_string(), values: vec![value] };
        let specials = if folder == "heloc" { [-9.0, -8.0, -7.0].map(special).to_vec() } else { vec![] };
        match read(folder) {
            Some(sample) => report(folder, &sample, &specials, peer),
            None => println!("{folder:<22} is not there"),
        }
    }
    if let Some(sample) = std::env::var("PROBITY_BENCH_TABLE").ok().and_then(|folder| read(&folder)) {
        report("another table", &sample, &[], None);
    }
    let rows = std::env::var("PROBITY_BENCH_ROWS").ok().and_then(|rows| rows.parse().ok());
    report("made", &made(rows.unwrap_or(700_000)), &[], None);
}
