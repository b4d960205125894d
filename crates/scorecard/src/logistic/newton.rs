//! The fit: Newton steps, each the exact minimum of a quadratic model within the signs.

use super::design::Design;
use super::moments::{Moments, Second, gram, moments};
use super::quadratic::{Cholesky, Quadratic};
use crate::Error;

/// How a logistic regression is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The price of each coefficient's distance from zero, in units of log-likelihood.
    pub l1: f64,
    /// The price of half its squared distance from `toward`: one over the variance of a normal prior.
    pub l2: f64,
    /// Where `l2` pulls to.
    pub toward: f64,
    /// The sign that each coefficient may have; empty: all are free.
    pub signs: Vec<Sign>,
    /// Coefficients that are given rather than fitted; empty: none is.
    pub fixed: Vec<Option<f64>>,
    /// The fit ends when the step still to go is below this many standard errors (√ of the Newton decrement).
    pub tolerance: f64,
    /// The most steps.
    pub most_steps: usize,
}

impl Default for Options {
    /// No penalty, every sign, to a ten-millionth of a standard error.
    fn default() -> Self {
        Options {
            l1: 0.0,
            l2: 0.0,
            toward: 0.0,
            signs: Vec::new(),
            fixed: Vec::new(),
            tolerance: 1e-7,
            most_steps: 100,
        }
    }
}

/// The sign that a coefficient may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sign {
    /// Either.
    Free,
    /// Zero or above.
    NotNegative,
    /// Zero or below.
    NotPositive,
}

impl Sign {
    fn allowed(self) -> (bool, bool) {
        (self != Sign::NotPositive, self != Sign::NotNegative)
    }
}

/// A fitted logistic regression.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    /// The log-odds of bad where every regressor is zero.
    pub intercept: f64,
    /// One for each regressor, in their order.
    pub coefficients: Vec<Coefficient>,
    /// The weighted negative log-likelihood, without penalties.
    pub loss: f64,
    /// Steps taken over all rows.
    pub steps: usize,
}

/// A fitted coefficient.
#[derive(Debug, Clone, PartialEq)]
pub struct Coefficient {
    /// Its regressor.
    pub name: String,
    /// Its value.
    pub value: f64,
    /// Its standard error, from the inverse of the penalised Hessian over the coefficients that are not held; weights count
    /// as so many rows. None where it is held.
    pub standard_error: Option<f64>,
    /// The probability of a coefficient at least as far from zero when the true one is zero (Wald, two-sided).
    pub p_value: Option<f64>,
    /// How it came by its value.
    pub state: State,
}

/// How a coefficient came by its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// It was fitted.
    Fitted,
    /// It is zero, because the sign that it may have or its price (`l1`) holds it there.
    Held,
    /// It was given.
    Fixed,
    /// It is zero, because its regressor has the same value in every row that weighs anything.
    Constant,
}

/// From this many rows on, the fit starts on a part of them.
const MANY_ROWS: usize = 40_000;
/// The rows of that part.
const FEW_ROWS: usize = 20_000;
/// From this variance on, in units of that of a mean over the rows, a coefficient is looked at for separation.
const SUSPECT: f64 = 1e6;
/// A mean of p·(1 − p) below one over this is that of no rows which occur.
const SEPARATED: f64 = 1e9;
/// A Hessian is computed anew when a step is not below this part of the one before.
const SLOW: f64 = 0.2;
/// Up to so many columns a Hessian costs less than the passes that it saves: it is computed with every gradient …
const NARROW: usize = 32;
/// … but, where rows are many, for one that is this many standard errors or less from the one before.
const NEAR: f64 = 5e-3;
/// So near to the best coefficients of a part of the rows, in standard errors, the last step is taken without a look back.
const ROUGH: f64 = 3.0;

/// Fits a logistic regression. Equal rows with summed weights, and the rows in any other order, give the same result up to
/// the tolerance.
///
/// # Errors
/// When options do not fit the design; or without a penalty columns tell good from bad without error in some rows, so that
/// no finite coefficients are best.
pub fn fit(design: &Design<'_>, options: &Options) -> Result<Fit, Error> {
    check(design, options)?;
    let mut state = Newton::new(design, options);
    let warm = warm_start(design, options);
    let start = warm.unwrap_or_else(|| (state.start(design), None));
    let now = state.run(design, start, options.tolerance)?;
    state.finish(design, now)
}

/// The coefficients of a fit from a given start, on the centred scale: what a path needs.
pub(super) fn refit(
    design: &Design<'_>,
    options: &Options,
    start: Option<&[f64]>,
) -> Result<Vec<f64>, Error> {
    let mut state = Newton::new(design, options);
    let start = start.map_or_else(|| state.start(design), <[f64]>::to_vec);
    state.run(design, (start, None), options.tolerance)?;
    Ok(state.at)
}

pub(super) fn check(design: &Design<'_>, options: &Options) -> Result<(), Error> {
    let width = design.regressors().len();
    let refuse = |option, reason| Err(Error::Option { option, reason });
    for (option, value) in [("l1", options.l1), ("l2", options.l2)] {
        if !value.is_finite() || value < 0.0 {
            return refuse(option, format!("{value} is no penalty; give a finite number from 0 up"));
        }
    }
    if !options.toward.is_finite() {
        return refuse("toward", format!("{} is not a finite number", options.toward));
    }
    if !options.tolerance.is_finite() || options.tolerance <= 0.0 {
        return refuse("tolerance", format!("{} must be above zero", options.tolerance));
    }
    for (option, has) in [("signs", options.signs.len()), ("fixed", options.fixed.len())] {
        if has != 0 && has != width {
            return refuse(option, format!("there are {has} of them for {width} columns"));
        }
    }
    match options.fixed.iter().flatten().find(|value| !value.is_finite()) {
        Some(value) => refuse("fixed", format!("{value} is no coefficient; give a finite number")),
        None => Ok(()),
    }
}

/// A rough fit on every so many rows, scaled up: near enough that a few passes over all rows do the rest.
fn warm_start(design: &Design<'_>, options: &Options) -> Option<(Vec<f64>, Option<Vec<f64>>)> {
    if design.rows() < MANY_ROWS {
        return None;
    }
    let some = design.every(design.rows() / FEW_ROWS)?;
    let total = |(good, bad): (f64, f64)| good + bad;
    let share = total(some.classes()) / total(design.classes());
    let options = Options { l1: options.l1 * share, l2: options.l2 * share, ..options.clone() };
    let mut state = Newton::new(&some, &options);
    let start = state.start(&some);
    let mut now = state.run(&some, (start, None), ROUGH).ok()?;
    let (step, _) = state.step(&now, &now.hessian);
    state.step_unseen(&mut now, &step);
    let mut hessian = now.hessian;
    hessian.iter_mut().for_each(|cell| *cell /= share);
    Some((state.at, Some(hessian)))
}

/// The state of a fit. Everything is on the centred scale, the intercept first.
struct Newton<'a> {
    options: &'a Options,
    kinks: Vec<f64>,
    allowed: Vec<(bool, bool)>,
    /// Whether each place is fitted at all.
    moves: Vec<bool>,
    constant: Vec<bool>,
    at: Vec<f64>,
    steps: usize,
}

impl<'a> Newton<'a> {
    fn new(design: &Design<'_>, options: &'a Options) -> Self {
        let width = design.regressors.len();
        let fixed = |place: usize| options.fixed.get(place).copied().flatten();
        // A spread that is rounding beside the values is none.
        let constant: Vec<bool> =
            (0..width).map(|place| design.ranges[place] <= 1e-12 * design.means[place].abs()).collect();
        let sign = |place: usize| options.signs.get(place).copied().unwrap_or(Sign::Free);
        let mut at = vec![0.0];
        at.extend((0..width).map(|place| fixed(place).unwrap_or(0.0)));
        let mut moves = vec![true];
        moves.extend((0..width).map(|place| fixed(place).is_none() && !constant[place]));
        let mut allowed = vec![(true, true)];
        allowed.extend((0..width).map(|place| sign(place).allowed()));
        let mut kinks = vec![options.l1; width + 1];
        kinks[0] = 0.0;
        Newton { options, kinks, allowed, moves, constant, at, steps: 0 }
    }

    /// Where a fit begins: no coefficient but those given, and the intercept at the log-odds of all rows.
    fn start(&self, design: &Design<'_>) -> Vec<f64> {
        let (good, bad) = design.classes();
        let mut at = self.at.clone();
        at[0] = libm::log(bad / good);
        at
    }

    /// The price of coefficients.
    fn penalty(&self, at: &[f64]) -> f64 {
        let each = at.iter().zip(&self.moves).skip(1).filter(|(_, moves)| **moves).map(|(value, _)| {
            let away = value - self.options.toward;
            self.options.l1 * value.abs() + 0.5 * self.options.l2 * away * away
        });
        each.sum()
    }

    /// Steps until what is still to go is below the tolerance. The moments where it stands, the Hessian of a place that is
    /// [`NEAR`] at most.
    fn run(
        &mut self,
        design: &Design<'_>,
        (start, given): (Vec<f64>, Option<Vec<f64>>),
        tolerance: f64,
    ) -> Result<Moments, Error> {
        self.at = start;
        let second = if given.is_some() { Second::None } else { Second::Hessian };
        let mut now = moments(design, &self.at, second);
        let mut earlier = given.unwrap_or_default();
        let mut before = f64::INFINITY;
        let narrow = self.at.len() <= NARROW;
        loop {
            let hessian = if now.hessian.is_empty() { &earlier } else { &now.hessian };
            let (mut step, mut decrement) = self.step(&now, hessian);
            if now.hessian.is_empty() && decrement > tolerance && decrement > SLOW * before {
                now = moments(design, &self.at, Second::Hessian);
                (step, decrement) = self.step(&now, &now.hessian);
            }
            if decrement <= tolerance {
                break;
            }
            // Newton's steps square what is still to go, times a factor that the last two steps tell.
            let then = decrement * (decrement / before).powi(2);
            let known = before > 0.0 && before.is_finite() && !now.hessian.is_empty();
            if known && decrement <= NEAR && then <= tolerance {
                self.step_unseen(&mut now, &step);
                break;
            }
            if self.steps == self.options.most_steps {
                return Err(Error::Fit(format!(
                    "it did not settle in {} steps; give a penalty l2 above 0, or merge bins",
                    self.options.most_steps
                )));
            }
            self.steps += 1;
            let near = decrement <= NEAR && design.rows() >= MANY_ROWS;
            let second = if narrow && !near { Second::Hessian } else { Second::None };
            match self.advance(design, &now, &step, second) {
                Some((part, there)) => {
                    before = if part == 1.0 { decrement } else { 0.0 };
                    let hessian = std::mem::replace(&mut now, there).hessian;
                    if !hessian.is_empty() {
                        earlier = hessian;
                    }
                }
                // Nothing is lower than this by more than rounding.
                None if !now.hessian.is_empty() => break,
                None => before = 0.0,
            }
        }
        if now.hessian.is_empty() {
            // Zero stands for a step that was not taken whole.
            let near = narrow && before > 0.0 && before <= NEAR;
            now.hessian = if near { earlier } else { moments(design, &self.at, Second::Hessian).hessian };
        }
        Ok(now)
    }

    /// Takes a step so small that the moments after it are known.
    fn step_unseen(&mut self, now: &mut Moments, step: &[f64]) {
        let bend = now.hessian.chunks_exact(step.len());
        let bend: Vec<f64> = bend.map(|row| row.iter().zip(step).map(|(cell, by)| cell * by).sum()).collect();
        for (place, by) in step.iter().enumerate() {
            self.at[place] += by;
            now.loss += by * (now.gradient[place] + 0.5 * bend[place]);
        }
        now.gradient.iter_mut().zip(&bend).for_each(|(slope, by)| *slope += by);
    }

    /// Takes a step, or half of it, a quarter, … until the function falls. The part that was taken and the moments there; none
    /// when none fell.
    fn advance(
        &mut self,
        design: &Design<'_>,
        now: &Moments,
        step: &[f64],
        second: Second,
    ) -> Option<(f64, Moments)> {
        let value = now.loss + self.penalty(&self.at);
        let mut part = 1.0;
        while part > 1e-9 {
            let next: Vec<f64> = self.at.iter().zip(step).map(|(at, step)| at + part * step).collect();
            let there = moments(design, &next, second);
            // Near the end the function's change drowns in its rounding.
            if there.loss + self.penalty(&next) <= value + 1e-12 * value.abs() {
                self.at = next;
                return Some((part, there));
            }
            part *= 0.5;
        }
        None
    }

    /// The step to the minimum of the quadratic model, and √(stepᵀ·H·step).
    fn step(&self, now: &Moments, hessian: &[f64]) -> (Vec<f64>, f64) {
        let places: Vec<usize> = (0..self.at.len()).filter(|&place| self.moves[place]).collect();
        let width = self.at.len();
        let l2 = |place: usize| if place == 0 { 0.0 } else { self.options.l2 };
        let mut matrix = Vec::with_capacity(places.len() * places.len());
        for &row in &places {
            matrix.extend(places.iter().map(|&column| hessian[row * width + column]));
        }
        for (index, &place) in places.iter().enumerate() {
            let cell = &mut matrix[index * places.len() + index];
            // A pull to where the step begins: it moves no fixed point, and makes duplicated columns share their part.
            *cell = *cell * (1.0 + 1e-10) + l2(place) + f64::MIN_POSITIVE;
        }
        let start: Vec<f64> = places.iter().map(|&place| self.at[place]).collect();
        let multiplied = |vector: &[f64]| -> Vec<f64> {
            let rows = matrix.chunks_exact(places.len());
            rows.map(|row| row.iter().zip(vector).map(|(cell, value)| cell * value).sum()).collect()
        };
        let linear: Vec<f64> = multiplied(&start)
            .into_iter()
            .zip(&places)
            .map(|(product, &place)| {
                product - now.gradient[place] - l2(place) * (self.at[place] - self.options.toward)
            })
            .collect();
        let kinks: Vec<f64> = places.iter().map(|&place| self.kinks[place]).collect();
        let allowed: Vec<(bool, bool)> = places.iter().map(|&place| self.allowed[place]).collect();
        let model = Quadratic { matrix: &matrix, linear: &linear, kinks: &kinks, allowed: &allowed };
        let small: Vec<f64> =
            model.minimum(&start).iter().zip(&start).map(|(there, here)| there - here).collect();
        let decrement: f64 = small.iter().zip(multiplied(&small)).map(|(step, product)| step * product).sum();
        let mut step = vec![0.0; width];
        places.iter().zip(small).for_each(|(&place, part)| step[place] = part);
        (step, decrement.max(0.0).sqrt())
    }

    fn finish(self, design: &Design<'_>, now: Moments) -> Result<Fit, Error> {
        let width = self.at.len();
        let inner: Vec<usize> =
            (0..width).filter(|&place| self.moves[place] && (place == 0 || !self.is_held(place))).collect();
        let variances = inverse_diagonal(&now.hessian, width, &inner, self.options.l2);
        self.refuse_separation(design, &inner, &variances)?;
        let coefficient = |place: usize| {
            let value = self.at[place + 1];
            let index = inner.iter().position(|&inner| inner == place + 1);
            let standard_error = index.map(|index| variances[index].sqrt());
            let z = standard_error.map(|error| value.abs() / error);
            let state = match index {
                Some(_) => State::Fitted,
                None if self.options.fixed.get(place).copied().flatten().is_some() => State::Fixed,
                None if self.constant[place] => State::Constant,
                None => State::Held,
            };
            Coefficient {
                name: design.regressors[place].name.clone(),
                value,
                standard_error,
                p_value: z.map(|z| libm::erfc(z / std::f64::consts::SQRT_2)),
                state,
            }
        };
        let coefficients: Vec<Coefficient> = (0..width - 1).map(coefficient).collect();
        let centre: f64 = self.at[1..].iter().zip(&design.means).map(|(value, mean)| value * mean).sum();
        Ok(Fit { intercept: self.at[0] - centre, coefficients, loss: now.loss, steps: self.steps })
    }

    /// Where columns tell good from bad without error in some rows, coefficients grow until the curvature in their direction
    /// is used up. That two columns tell the same takes curvature away too, but from x·xᵀ as much as from p·(1 − p)·x·xᵀ.
    fn refuse_separation(
        &self,
        design: &Design<'_>,
        inner: &[usize],
        variances: &[f64],
    ) -> Result<(), Error> {
        if self.options.l1 > 0.0 || self.options.l2 > 0.0 {
            return Ok(());
        }
        let (good, bad) = design.classes();
        let suspect = |(place, variance): (&usize, &f64)| {
            *place > 0 && variance * (good + bad) * design.ranges[*place - 1].powi(2) > SUSPECT
        };
        if !inner.iter().zip(variances).any(suspect) {
            return Ok(());
        }
        let plain = inverse_diagonal(&gram(design), self.at.len(), inner, 0.0);
        let names: Vec<&str> = (0..inner.len())
            .filter(|&index| inner[index] > 0 && variances[index] > SEPARATED * plain[index])
            // Where all curvature is gone, it is gone for those as well that do nothing.
            .filter(|&index| self.at[inner[index]].abs() * design.ranges[inner[index] - 1] > 1.0)
            .map(|index| design.regressors[inner[index] - 1].name.as_str())
            .collect();
        if names.is_empty() {
            return Ok(());
        }
        Err(Error::Fit(format!(
            "no finite coefficients are best: {} tell good from bad without error in some rows; give a penalty l2 above 0, or merge bins",
            names.join(", ")
        )))
    }

    fn is_held(&self, place: usize) -> bool {
        self.at[place] == 0.0 && !(self.kinks[place] == 0.0 && self.allowed[place] == (true, true))
    }
}

/// The diagonal of the inverse of some rows and columns of a matrix, a ridge added to all but the intercept.
fn inverse_diagonal(matrix: &[f64], width: usize, places: &[usize], ridge: f64) -> Vec<f64> {
    let mut part = Vec::with_capacity(places.len() * places.len());
    for &row in places {
        for &column in places {
            let ridge = if row == column && row > 0 { ridge } else { 0.0 };
            part.push(matrix[row * width + column] + ridge);
        }
    }
    Cholesky::new(part, places.len()).inverse_diagonal()
}
