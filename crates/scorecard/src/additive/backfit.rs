//! Fitting all terms together: one term after the other takes up what the others leave, on a quadratic of the loss that is
//! drawn anew each round (local scoring; Hastie and Tibshirani, Generalized additive models, 1990, chapter 6).

use super::term::{Sums, Term};
use crate::scale::{loss, probability};

/// Rows in the order in which they are fitted: first those to fit on, then those to look at.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    /// How many are fitted on.
    pub(super) train: usize,
    pub(super) bad: Vec<bool>,
    pub(super) weight: Vec<f64>,
    /// Log-odds already known.
    pub(super) offset: Vec<f64>,
    /// The fine bin of each row, column by column.
    pub(super) codes: Vec<Vec<u8>>,
}

/// A pair of columns in the model.
#[derive(Debug, Clone)]
pub(super) struct Joint {
    pub(super) first: usize,
    pub(super) second: usize,
    /// What it promised when it was taken; see [`Term::promise`].
    pub(super) promise: f64,
    pub(super) term: Term,
    /// The cell of each row.
    pub(super) cells: Vec<u8>,
}

impl Joint {
    /// The weight of the rows in each cell, and that of the bad ones among them.
    pub(super) fn counts(&self, rows: &Rows) -> (Vec<f64>, Vec<f64>) {
        let size = self.term.values.len();
        let (mut weight, mut bad) = (vec![0.0; size], vec![0.0; size]);
        for (row, cell) in self.cells.iter().enumerate() {
            weight[usize::from(*cell)] += rows.weight[row];
            bad[usize::from(*cell)] += if rows.bad[row] { rows.weight[row] } else { 0.0 };
        }
        (weight, bad)
    }
}

/// A model under way.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) intercept: f64,
    pub(super) mains: Vec<Term>,
    pub(super) pairs: Vec<Joint>,
    /// The log-odds of each row.
    pub(super) log_odds: Vec<f64>,
    /// Gradient and curvature of each row that is fitted on.
    slopes: Vec<[f64; 2]>,
}

impl Rows {
    /// The negative log-likelihood of each row that is only looked at.
    pub(super) fn losses(&self, log_odds: &[f64]) -> Vec<f64> {
        (self.train..self.bad.len()).map(|row| loss(log_odds[row], self.bad[row])).collect()
    }

    /// The weighted mean of the negative log-likelihood of the rows that are fitted on.
    pub(super) fn mean_loss(&self, log_odds: &[f64]) -> f64 {
        let weights: f64 = self.weight[..self.train].iter().sum();
        self.loss(log_odds) / f64::max(weights, f64::MIN_POSITIVE)
    }

    /// The weighted negative log-likelihood of the rows that are fitted on.
    pub(super) fn loss(&self, log_odds: &[f64]) -> f64 {
        let rows = log_odds.iter().zip(&self.bad).zip(&self.weight).take(self.train);
        rows.map(|((log_odds, bad), weight)| weight * loss(*log_odds, *bad)).sum()
    }

    /// The log-odds at which a model starts that knows only how many rows are bad. Half a row of each kind keeps it finite
    /// when a fold has but one kind.
    pub(super) fn start(&self) -> f64 {
        let (mut all, mut bad) = (0.0, 0.0);
        for row in 0..self.train {
            all += self.weight[row];
            bad += if self.bad[row] { self.weight[row] } else { 0.0 };
        }
        libm::log((bad + 0.5) / (all - bad + 0.5))
    }
}

impl Model {
    /// A model with terms of zero.
    pub(super) fn new(rows: &Rows, mains: Vec<Term>) -> Self {
        let intercept = rows.start();
        let log_odds = rows.offset.iter().map(|offset| offset + intercept).collect();
        Model { intercept, mains, pairs: vec![], log_odds, slopes: vec![[0.0; 2]; rows.train] }
    }

    /// The terms: those of columns, then those of pairs.
    pub(super) fn terms(&self) -> impl Iterator<Item = &Term> {
        self.mains.iter().chain(self.pairs.iter().map(|joint| &joint.term))
    }

    /// The same, to be changed.
    pub(super) fn terms_mut(&mut self) -> impl Iterator<Item = &mut Term> {
        self.mains.iter_mut().chain(self.pairs.iter_mut().map(|joint| &mut joint.term))
    }

    /// Works the log-odds of all rows out from the terms.
    pub(super) fn place(&mut self, rows: &Rows) {
        self.log_odds = rows.offset.iter().map(|offset| offset + self.intercept).collect();
        let mains = self.mains.iter().zip(&rows.codes);
        let pairs = self.pairs.iter().map(|joint| (&joint.term, &joint.cells));
        for (term, codes) in mains.chain(pairs) {
            for (log_odds, code) in self.log_odds.iter_mut().zip(codes) {
                *log_odds += term.values[usize::from(*code)];
            }
        }
    }

    /// Draws the quadratic at the log-odds now, and sets the intercept right.
    pub(super) fn draw(&mut self, rows: &Rows) {
        let (mut gradient, mut curvature) = (0.0, 0.0);
        for (row, slope) in self.slopes.iter_mut().enumerate() {
            let chance = probability(self.log_odds[row]);
            let weight = rows.weight[row];
            *slope = [
                weight * (chance - f64::from(u8::from(rows.bad[row]))),
                weight * f64::max(chance * (1.0 - chance), 1e-6),
            ];
            gradient += slope[0];
            curvature += slope[1];
        }
        let step = (-gradient / f64::max(curvature, f64::MIN_POSITIVE)).clamp(-1.0, 1.0);
        self.intercept += step;
        self.log_odds.iter_mut().for_each(|log_odds| *log_odds += step);
        self.slopes.iter_mut().for_each(|slope| slope[0] += slope[1] * step);
    }

    /// One round over all terms.
    pub(super) fn round(&mut self, rows: &Rows, adapt: bool) {
        self.draw(rows);
        for (term, codes) in self.mains.iter_mut().zip(&rows.codes) {
            let sums = sums_of(&self.slopes, codes);
            let delta = term.step(&sums, adapt);
            apply(&mut self.log_odds, &mut self.slopes, codes, &delta);
            // What a constant shift adds is the intercept's; the log-odds of the rows stay.
            self.intercept += centre(term, &sums);
        }
        for joint in &mut self.pairs {
            let sums = sums_of(&self.slopes, &joint.cells);
            let delta = joint.term.step(&sums, adapt);
            apply(&mut self.log_odds, &mut self.slopes, &joint.cells, &delta);
        }
    }

    /// One round that only moves each term along a shape of its own: `factors[i] · shapes[i]`, held near `usual` with a
    /// precision and never below zero.
    pub(super) fn round_along(
        &mut self,
        rows: &Rows,
        shapes: &[Vec<f64>],
        factors: &mut [f64],
        (usual, precision): (f64, f64),
    ) {
        self.draw(rows);
        for ((shape, factor), codes) in shapes.iter().zip(factors.iter_mut()).zip(&rows.codes) {
            let sums = sums_of(&self.slopes, codes);
            let (mut gradient, mut curvature) = (0.0, 0.0);
            for (value, sums) in shape.iter().zip(&sums) {
                gradient += sums[0] * value;
                curvature += sums[1] * value * value;
            }
            let wanted = (curvature * *factor - gradient + precision * usual) / (curvature + precision);
            let step = f64::max(wanted, 0.0) - *factor;
            let delta: Vec<f64> = shape.iter().map(|value| value * step).collect();
            apply(&mut self.log_odds, &mut self.slopes, codes, &delta);
            *factor += step;
        }
    }

    /// The sums of gradient and curvature by any grouping of the rows.
    pub(super) fn sums(&self, codes: &[u8]) -> Sums {
        sums_of(&self.slopes, codes)
    }

    /// The sums of gradient and curvature over the cells of two groupings, the second of `columns` groups; at most 256 cells.
    /// Only one row in `stride` is looked at, and counts for as many.
    pub(super) fn sums_of_two(&self, first: &[u8], second: &[u8], columns: usize, stride: usize) -> Sums {
        let mut sums: Sums = [[0.0; 2]; 256];
        for ((first, second), slope) in first.iter().zip(second).zip(&self.slopes).step_by(stride) {
            let sum = &mut sums[(usize::from(*first) * columns + usize::from(*second)) & 255];
            sum[0] += slope[0];
            sum[1] += slope[1];
        }
        sums.iter_mut().flatten().for_each(|sum| *sum *= stride as f64);
        sums
    }
}

fn sums_of(slopes: &[[f64; 2]], codes: &[u8]) -> Sums {
    let mut sums: Sums = [[0.0; 2]; 256];
    for (code, slope) in codes.iter().zip(slopes) {
        let sum = &mut sums[usize::from(*code)];
        sum[0] += slope[0];
        sum[1] += slope[1];
    }
    sums
}

fn apply(log_odds: &mut [f64], slopes: &mut [[f64; 2]], codes: &[u8], delta: &[f64]) {
    let mut steps = [0.0; 256];
    steps[..delta.len()].copy_from_slice(delta);
    for ((code, log_odds), slope) in codes.iter().zip(log_odds.iter_mut()).zip(slopes.iter_mut()) {
        let step = steps[usize::from(*code)];
        *log_odds += step;
        slope[0] += slope[1] * step;
    }
    let train = slopes.len();
    for (code, log_odds) in codes[train..].iter().zip(log_odds[train..].iter_mut()) {
        *log_odds += steps[usize::from(*code)];
    }
}

/// Moves the mean of a term, weighted by curvature, into the intercept; returns it.
fn centre(term: &mut Term, sums: &Sums) -> f64 {
    let (mut sum, mut weights) = (0.0, 0.0);
    for (value, sums) in term.values.iter().zip(sums) {
        sum += value * sums[1];
        weights += sums[1];
    }
    let mean = sum / f64::max(weights, f64::MIN_POSITIVE);
    term.values.iter_mut().for_each(|value| *value -= mean);
    mean
}
