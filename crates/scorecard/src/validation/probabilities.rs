//! How true risks are as probabilities: Brier score, log loss, calibration.

use super::estimate::{Estimate, Mass, mean_and_variance, two_sided};
use super::rows::{Row, Rows};
use crate::Error;
use crate::scale::probability;

/// Probabilities are kept this far from 0 and 1 where their logarithm is taken, so that one certain error costs 34.5, not
/// infinity.
const NEAREST: f64 = 1e-15;

/// Brier's score and what it consists of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Brier {
    /// The mean squared distance between probability and outcome, with its interval.
    pub score: Estimate,
    /// How far predicted and observed rates lie apart in the bins: less is better.
    pub reliability: f64,
    /// How far the observed rates of the bins lie from that of all: more is better.
    pub resolution: f64,
    /// What the bad rate alone costs: rate · (1 − rate).
    pub uncertainty: f64,
    /// What differences inside the bins add. The score is reliability − resolution + uncertainty + this.
    pub within: f64,
    /// 1 − score / uncertainty: the share of the uncertainty that is taken away. None when all rows are alike.
    pub skill: Option<f64>,
}

/// Rows of similar predicted probability.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationBin {
    /// The lowest probability in it.
    pub lowest: f64,
    /// The highest probability in it.
    pub highest: f64,
    /// How many rows it has.
    pub rows: usize,
    /// Their weight.
    pub weight: f64,
    /// The mean predicted probability.
    pub predicted: f64,
    /// The observed bad rate with Wilson's interval.
    pub observed: Estimate,
}

/// The straight line through predicted and observed log-odds (Cox, Biometrika 45, 1958).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CalibrationLine {
    /// 1 when risks spread as they should; below 1 they are too extreme. None when good and bad rows are told apart without
    /// error, or all risks are the same.
    pub slope: Option<Estimate>,
    /// The intercept beside that slope; 0 is true.
    pub intercept: Option<Estimate>,
    /// What must be added to every row's log-odds so that the predicted bad rate is the observed one; 0 is true.
    pub in_the_large: Estimate,
}

/// Spiegelhalter's test of calibration.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spiegelhalter {
    /// Standard errors by which Brier's score lies from what it would be were the probabilities true.
    pub z: f64,
    /// The probability of at least that by chance (two-sided).
    pub p: f64,
}

/// Mean of −ln of the probability given to what happened, with its interval.
///
/// # Errors
/// When a risk is no probability or the rows are not fit for measuring.
pub fn log_loss(risk: &[f64], bad: &[bool], weight: Option<&[f64]>) -> Result<Estimate, Error> {
    let rows = Rows::of_probabilities(risk, bad, weight)?;
    let losses = rows.iter().map(|row| {
        let given = if row.bad { row.risk } else { 1.0 - row.risk };
        (-libm::log(given.clamp(NEAREST, 1.0)), row.weight)
    });
    let (value, variance) = mean_and_variance(losses);
    Ok(Estimate::normal(value, variance.unwrap_or(f64::INFINITY)))
}

/// Brier's score, decomposed (Murphy, Journal of Applied Meteorology 12, 1973) over as many bins of equal weight; what the
/// bins do not see stands apart (Stephenson and others, Weather and Forecasting 23, 2008).
///
/// # Errors
/// When a risk is no probability, the rows are not fit for measuring, or no bins are asked for.
pub fn brier(risk: &[f64], bad: &[bool], weight: Option<&[f64]>, bins: usize) -> Result<Brier, Error> {
    let rows = Rows::of_probabilities(risk, bad, weight)?;
    let squares =
        rows.iter().map(|row| ((row.risk - row.outcome()) * (row.risk - row.outcome()), row.weight));
    let (value, variance) = mean_and_variance(squares);
    let all = rows.weight();
    let rate = rows.bad_mass.weight / all;
    let (mut reliability, mut resolution) = (0.0, 0.0);
    for bin in calibration_bins(risk, bad, weight, bins)? {
        let share = bin.weight / all;
        reliability += share * (bin.predicted - bin.observed.value) * (bin.predicted - bin.observed.value);
        resolution += share * (bin.observed.value - rate) * (bin.observed.value - rate);
    }
    let uncertainty = rate * (1.0 - rate);
    Ok(Brier {
        score: Estimate::normal(value, variance.unwrap_or(f64::INFINITY)),
        reliability,
        resolution,
        uncertainty,
        within: value - (reliability - resolution + uncertainty),
        skill: (uncertainty > 0.0).then(|| 1.0 - value / uncertainty),
    })
}

/// Predicted and observed rates in at most so many bins of about equal weight, lowest first. Equal probabilities share a bin.
///
/// # Errors
/// When a risk is no probability, the rows are not fit for measuring, or no bins are asked for.
pub fn calibration_bins(
    risk: &[f64],
    bad: &[bool],
    weight: Option<&[f64]>,
    bins: usize,
) -> Result<Vec<CalibrationBin>, Error> {
    let rows = Rows::of_probabilities(risk, bad, weight)?;
    if bins == 0 {
        return Err(Error::Option { option: "bins", reason: "at least one bin is needed".to_owned() });
    }
    let mut order: Vec<Row> = rows.iter().collect();
    order.sort_by(|a, b| a.risk.total_cmp(&b.risk));
    let each = rows.weight() / bins as f64;
    let (mut found, mut from, mut before) = (Vec::new(), 0, 0.0);
    let mut next = 1.0;
    for place in 0..order.len() {
        before += order[place].weight;
        let tied = order.get(place + 1).is_some_and(|row| row.risk == order[place].risk);
        // A little short of the border counts as there: sums of weights are rounded.
        if place + 1 == order.len() || (!tied && before >= each * next * (1.0 - 1e-12)) {
            found.push(bin_of(&order[from..=place]));
            from = place + 1;
            while each * next * (1.0 - 1e-12) <= before {
                next += 1.0;
            }
        }
    }
    Ok(found)
}

fn bin_of(rows: &[Row]) -> CalibrationBin {
    let (mut mass, mut bad, mut predicted) = (Mass::default(), 0.0, 0.0);
    for row in rows {
        mass.add(row.weight);
        bad += row.weight * row.outcome();
        predicted += row.weight * row.risk;
    }
    CalibrationBin {
        lowest: rows[0].risk,
        highest: rows[rows.len() - 1].risk,
        rows: rows.len(),
        weight: mass.weight,
        predicted: predicted / mass.weight,
        observed: Estimate::wilson(bad / mass.weight, mass.effective()),
    }
}

/// The calibration line: the logistic regression of the outcome on the log-odds of the probabilities, with intervals from the
/// sandwich variance (Huber 1967, White 1980), which holds for weights too.
///
/// # Errors
/// When a risk is no probability, or the rows are not fit for measuring or all good or all bad.
pub fn calibration_line(
    risk: &[f64],
    bad: &[bool],
    weight: Option<&[f64]>,
) -> Result<CalibrationLine, Error> {
    let rows = Rows::of_both(risk, bad, weight)?;
    Rows::of_probabilities(risk, bad, weight)?;
    let points: Vec<(f64, f64, f64)> = rows
        .iter()
        .map(|row| {
            let risk = row.risk.clamp(NEAREST, 1.0 - NEAREST);
            (libm::log(risk / (1.0 - risk)), row.outcome(), row.weight)
        })
        .collect();
    let in_the_large = Line::shift(&points);
    let line = Line::fit(&points, rows.bad_mass.weight / rows.weight());
    Ok(CalibrationLine {
        slope: line.as_ref().map(|line| Estimate::normal(line.slope, line.slope_variance)),
        intercept: line.as_ref().map(|line| Estimate::normal(line.intercept, line.intercept_variance)),
        in_the_large,
    })
}

struct Line {
    intercept: f64,
    slope: f64,
    intercept_variance: f64,
    slope_variance: f64,
}

impl Line {
    /// Newton's steps on two coefficients, halved while they make the likelihood worse. None without an optimum.
    fn fit(points: &[(f64, f64, f64)], rate: f64) -> Option<Line> {
        let (mut intercept, mut slope) = (libm::log(rate / (1.0 - rate)), 0.0);
        let mut likelihood = Self::likelihood(points, intercept, slope);
        for _ in 0..100 {
            let (gradient, [a, b, c]) = Self::derivatives(points, intercept, slope);
            let determinant = a * c - b * b;
            if determinant.is_nan() || determinant <= 1e-12 * a * c {
                return None;
            }
            let step = [
                (c * gradient[0] - b * gradient[1]) / determinant,
                (a * gradient[1] - b * gradient[0]) / determinant,
            ];
            let mut part = 1.0;
            let (mut next, mut there) = ((intercept + step[0], slope + step[1]), f64::NEG_INFINITY);
            for _ in 0..40 {
                there = Self::likelihood(points, next.0, next.1);
                if there >= likelihood - 1e-12 * likelihood.abs() {
                    break;
                }
                part *= 0.5;
                next = (intercept + part * step[0], slope + part * step[1]);
            }
            likelihood = there;
            (intercept, slope) = next;
            if slope.abs() > 1e3 {
                return None;
            }
            if step[0].abs() + step[1].abs() < 1e-10 * (1.0 + intercept.abs() + slope.abs()) {
                return Self::with_variance(points, intercept, slope);
            }
        }
        None
    }

    fn likelihood(points: &[(f64, f64, f64)], intercept: f64, slope: f64) -> f64 {
        let of = |&(x, y, w): &(f64, f64, f64)| {
            let log_odds = intercept + slope * x;
            let towards = if y > 0.5 { -log_odds } else { log_odds };
            // −ln(1 + e^t), without overflow.
            -w * (towards.max(0.0) + libm::log1p(libm::exp(-towards.abs())))
        };
        points.iter().map(of).sum()
    }

    /// The gradient, and the information: 1·1, 1·x, x·x.
    fn derivatives(points: &[(f64, f64, f64)], intercept: f64, slope: f64) -> ([f64; 2], [f64; 3]) {
        let (mut gradient, mut information) = ([0.0; 2], [0.0; 3]);
        for &(x, y, w) in points {
            let p = probability(intercept + slope * x);
            let (residual, variance) = (w * (y - p), w * p * (1.0 - p));
            gradient[0] += residual;
            gradient[1] += residual * x;
            information[0] += variance;
            information[1] += variance * x;
            information[2] += variance * x * x;
        }
        (gradient, information)
    }

    /// The sandwich: information⁻¹ · Σ residual² · information⁻¹. None when the fit runs away to certainty.
    fn with_variance(points: &[(f64, f64, f64)], intercept: f64, slope: f64) -> Option<Line> {
        let (_, [a, b, c]) = Self::derivatives(points, intercept, slope);
        let weight: f64 = points.iter().map(|point| point.2).sum();
        let determinant = a * c - b * b;
        if a / weight < 1e-9 || determinant <= 0.0 {
            return None;
        }
        let (mut intercept_variance, mut slope_variance) = (0.0, 0.0);
        for &(x, y, w) in points {
            let residual = w * (y - probability(intercept + slope * x));
            let pulls = [(c - b * x) * residual / determinant, (a * x - b) * residual / determinant];
            intercept_variance += pulls[0] * pulls[0];
            slope_variance += pulls[1] * pulls[1];
        }
        Some(Line { intercept, slope, intercept_variance, slope_variance })
    }

    /// The intercept when the slope is held at 1. The predicted rate rises with it, so halving finds it and Newton's steps
    /// are not needed.
    fn shift(points: &[(f64, f64, f64)]) -> Estimate {
        let excess =
            |shift: f64| -> f64 { points.iter().map(|&(x, y, w)| w * (y - probability(shift + x))).sum() };
        let (mut low, mut high) = (-80.0, 80.0);
        for _ in 0..64 {
            let middle = 0.5 * (low + high);
            if excess(middle) > 0.0 {
                low = middle;
            } else {
                high = middle;
            }
        }
        let shift = 0.5 * (low + high);
        let (mut information, mut squares) = (0.0, 0.0);
        for &(x, y, w) in points {
            let p = probability(shift + x);
            information += w * p * (1.0 - p);
            squares += (w * (y - p)) * (w * (y - p));
        }
        Estimate::normal(shift, squares / (information * information))
    }
}

/// Spiegelhalter's z (Statistics in Medicine 5, 1986): Σ w (y − p)(1 − 2p), over its standard error if the probabilities were
/// true. Unlike the statistic of Hosmer and Lemeshow it needs no bins. None when every probability is 0, ½ or 1.
///
/// # Errors
/// When a risk is no probability or the rows are not fit for measuring.
pub fn spiegelhalter(
    risk: &[f64],
    bad: &[bool],
    weight: Option<&[f64]>,
) -> Result<Option<Spiegelhalter>, Error> {
    let rows = Rows::of_probabilities(risk, bad, weight)?;
    let (mut sum, mut variance) = (0.0, 0.0);
    for row in rows.iter() {
        let tilt = row.weight * (1.0 - 2.0 * row.risk);
        sum += (row.outcome() - row.risk) * tilt;
        variance += tilt * tilt * row.risk * (1.0 - row.risk);
    }
    Ok((variance > 0.0).then(|| {
        let z = sum / variance.sqrt();
        Spiegelhalter { z, p: two_sided(z) }
    }))
}

#[cfg(test)]
#[path = "probabilities_tests.rs"]
mod tests;
