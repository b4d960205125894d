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

mod sets;

use probity_scorecard::Sample;
use probity_scorecard::bins::Special;
use probity_scorecard::card::Scored;
use probity_scorecard::logistic::folds;
use probity_scorecard::woe::{Options, fit};
use sets::{auc, milliseconds, read};

const FOLDS: usize = 5;

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
        let of = |risk: fn(&Scored) -> f64| auc(&scored.iter().map(risk).collect::<Vec<_>>(), &test.bad);
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
