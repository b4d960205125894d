//! Fitting the columns alone: what each tells on its own, how much of that counts beside the others, and what is left.

use super::backfit::{Model, Rows};
use super::descent;
use super::fine::Fine;
use super::options::Options;
use super::term::{Axis, Sums, Term};
use super::trend::settle;
use crate::binning::Trend;
use crate::scale::probability;

/// What a column tells on its own is believed to count half beside others, as if 16 units of information had said so.
const ALONE: (f64, f64) = (0.5, 16.0);

/// How much stiffer than a shape from nothing a shape is held to what the column tells on its own.
const STIFFER: f64 = 2.0;

/// Rounds along the shapes, then free ones that adapt, then free ones that do not.
const ROUNDS: (usize, usize, usize) = (12, 9, 3);

/// Fits the columns alone. Each is first fitted by itself; then all of these shapes together get a factor each, not below
/// zero, as weights of evidence do in a scorecard; then each shape may depart from there as far as the data ask. On few rows
/// the result is near a scorecard's, which is hard to beat there; on many it is a free additive model.
pub(super) fn fit(rows: &Rows, fines: &[Fine], options: &Options) -> Model {
    let terms: Vec<Term> = fines.iter().map(term_of).collect();
    let start = rows.start();
    let shapes: Vec<Vec<f64>> =
        terms.iter().zip(&rows.codes).map(|(term, codes)| alone(term.clone(), codes, rows, start)).collect();
    let mut model = Model::new(rows, terms);
    let mut factors = vec![0.0; shapes.len()];
    for _ in 0..ROUNDS.0 {
        descent::round_along(&mut model, rows, &shapes, &mut factors, ALONE);
    }
    for ((term, shape), factor) in model.mains.iter_mut().zip(&shapes).zip(&factors) {
        term.values = shape.iter().map(|value| value * factor).collect();
        term.expect(term.values.clone(), STIFFER);
    }
    for round in 0..ROUNDS.1 + ROUNDS.2 {
        descent::round(&mut model, rows, round < ROUNDS.1);
    }
    if constrain(&mut model, rows, fines, options) {
        for _ in 0..ROUNDS.1 {
            descent::round(&mut model, rows, false);
        }
    }
    model
}

fn term_of(fine: &Fine) -> Term {
    let ordered = if fine.ordered() { fine.regular() } else { 0 };
    Term::main(Axis { ordered, size: fine.count() })
}

/// A column's shape when it is fitted by itself. Rows in a bin are taken together at the mean of their offsets: exact
/// without offsets, near enough for a belief with them.
fn alone(mut term: Term, codes: &[u8], rows: &Rows, start: f64) -> Vec<f64> {
    let mut bins = [[0.0; 3]; 256];
    for row in 0..rows.train {
        let bin = &mut bins[usize::from(codes[row])];
        bin[0] += rows.weight[row];
        bin[1] += rows.weight[row] * rows.offset[row];
        bin[2] += if rows.bad[row] { rows.weight[row] } else { 0.0 };
    }
    for round in 0..6 {
        let mut sums: Sums = [[0.0; 2]; 256];
        for ((sums, [weight, offset, bad]), value) in sums.iter_mut().zip(bins).zip(&term.values) {
            let chance = probability(start + value + offset / f64::max(weight, f64::MIN_POSITIVE));
            *sums = [weight * chance - bad, weight * f64::max(chance * (1.0 - chance), 1e-6)];
        }
        term.step(&sums, round > 0 && round < 5);
    }
    let weight: f64 = bins.iter().map(|bin| bin[0]).sum();
    let mean = term.values.iter().zip(bins).map(|(value, bin)| value * bin[0]).sum::<f64>() / weight;
    term.values.iter().map(|value| value - mean).collect()
}

/// Settles the trends and holds the shapes to them from now on; whether any shape is held.
fn constrain(model: &mut Model, rows: &Rows, fines: &[Fine], options: &Options) -> bool {
    let mut any = false;
    model.draw(rows);
    for (place, fine) in fines.iter().enumerate() {
        let trend = if fine.ordered() { options.trend_of(&fine.name) } else { Trend::Any };
        if trend == Trend::Any {
            continue;
        }
        let sums = model.sums(&rows.codes[place]);
        let curvature: Vec<f64> = sums.iter().map(|sums| sums[1]).collect();
        let term = &mut model.mains[place];
        let settled = settle(trend, &term.values[..fine.regular()], &curvature, term.freedom);
        any |= !settled.steps.is_empty();
        term.constrain_to(settled.steps, &curvature);
    }
    if any {
        model.place(rows);
    }
    any
}
