//! Probabilities that are right: a scorecard's log-odds are fitted to what happened in a sample, or moved to a known bad rate.
//!
//! Two forms. A **line** (Platt, Probabilistic Outputs for Support Vector Machines, 1999; here by maximum likelihood on the
//! log-odds) is folded into the scorecard: its log-odds and its scale change, its points do not, and it stays additive. A
//! **monotone table** (isotonic regression: Zadrozny and Elkan, Transforming Classifier Scores into Accurate Multiclass
//! Probability Estimates, 2002) follows any rising shape and is kept in the scorecard as a [`Curve`] over the sum.
//!
//! Calibrate on rows that the scorecard was not fitted on; on its own rows it looks calibrated already.

use crate::card::{Curve, Parts};
use crate::scale::{Scale, logit, loss, probability};
use crate::{Error, Sample, Scorecard};

/// A line from log-odds of bad to calibrated ones: `intercept + slope · log-odds`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Line {
    /// What is added.
    pub intercept: f64,
    /// What log-odds are multiplied by; above zero.
    pub slope: f64,
}

/// The form of a calibration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Two figures: an intercept and a slope. Enough for a scorecard that is over- or underconfident or of another time.
    Line,
    /// A monotone table. Needs a large sample: a few thousand rows with a few hundred bad ones.
    Isotonic,
}

/// The most steps of Newton's method; it needs about six.
const MOST_STEPS: usize = 60;
/// How often a step is halved before it is given up: below the last bit of a double.
const MOST_HALVINGS: usize = 60;
/// A slope below this is level but for rounding; whether it lies above or below zero is chance.
const LEVEL: f64 = 1e-9;
const NOT_WORSE: &str = "rows with higher log-odds were not worse in the sample; nothing that rises fits";

impl Line {
    /// What log-odds count as.
    pub fn at(&self, log_odds: f64) -> f64 {
        self.intercept + self.slope * log_odds
    }
}

/// The scorecard, calibrated on a sample. A line goes on top of a calibration that it has already, a table replaces it.
///
/// # Errors
/// When the sample lacks a column, its rows are not both good and bad, or they do not get worse with higher log-odds.
pub fn calibrated(card: &Scorecard, sample: &Sample, method: Method) -> Result<Scorecard, Error> {
    if sample.offset.is_some() {
        return Err(refused("the sample has an offset, which a scorecard does not know of; leave it out"));
    }
    let scored = card.score(&sample.table)?;
    let weight = sample.weight.as_deref();
    match method {
        Method::Line => {
            let log_odds: Vec<f64> = scored.iter().map(|row| row.calibrated).collect();
            with_line(card, line(&log_odds, &sample.bad, weight)?)
        }
        Method::Isotonic => {
            let log_odds: Vec<f64> = scored.iter().map(|row| row.log_odds).collect();
            with_curve(card, isotonic(&log_odds, &sample.bad, weight)?)
        }
    }
}

/// The scorecard with a line folded in. Points stay as they are; so the scale changes, on which they now stand for other odds.
///
/// # Errors
/// When the line does not rise or is not finite.
pub fn with_line(card: &Scorecard, line: Line) -> Result<Scorecard, Error> {
    if !line.intercept.is_finite() || !line.slope.is_finite() || line.slope <= 0.0 {
        return Err(refused(&format!("{line:?} must be finite and its slope above zero")));
    }
    let mut parts = card.parts().clone();
    let told = format!("{} + {} · log-odds", line.intercept, line.slope);
    parts.provenance.push(("calibrated".to_owned(), told));
    parts.scale = moved(parts.scale, line)?;
    if let Some(curve) = &parts.calibration {
        let points = curve.points().iter().map(|point| (point.0, line.at(point.1)));
        parts.calibration = Some(Curve::try_new(points.collect())?);
        return Scorecard::try_new(parts);
    }
    parts.intercept = line.at(parts.intercept);
    let own = parts.characteristics.iter_mut().flat_map(|own| &mut own.attributes);
    for attribute in own.chain(parts.pairs.iter_mut().flat_map(|pair| &mut pair.cells)) {
        attribute.log_odds *= line.slope;
    }
    Scorecard::try_new(parts)
}

/// The scale on which the same scores stand for the changed log-odds.
fn moved(scale: Scale, line: Line) -> Result<Scale, Error> {
    let points_to_double = scale.points_to_double / line.slope;
    // The score whose log-odds were changed to those of the anchor.
    let before = (-libm::log(scale.odds) - line.intercept) / line.slope;
    Scale::try_new(scale.score_at(before), scale.odds, points_to_double)
}

/// The scorecard with a monotone table.
///
/// # Errors
/// None that a checked scorecard and curve give.
pub fn with_curve(card: &Scorecard, curve: Curve) -> Result<Scorecard, Error> {
    let mut provenance = card.parts().provenance.clone();
    provenance.push(("calibrated".to_owned(), format!("a curve of {} points", curve.points().len())));
    Scorecard::try_new(Parts { calibration: Some(curve), provenance, ..card.parts().clone() })
}

/// The scorecard for a population with another bad rate than the sample that it was fitted on, as when good rows were drawn
/// sparsely: the log-odds of the one rate are exchanged for those of the other (King and Zeng, Logistic Regression in Rare
/// Events Data, 2001, section 4.1).
///
/// # Errors
/// When a rate is not between 0 and 1.
pub fn with_prior(card: &Scorecard, sample_rate: f64, population_rate: f64) -> Result<Scorecard, Error> {
    for (rate, of) in [(sample_rate, "the sample"), (population_rate, "the population")] {
        if !(rate > 0.0 && rate < 1.0) {
            return Err(refused(&format!("the bad rate of {of} is {rate}; it must lie between 0 and 1")));
        }
    }
    with_line(card, Line { intercept: logit(population_rate) - logit(sample_rate), slope: 1.0 })
}

/// The line of greatest likelihood for log-odds, outcomes and weights. The mean of its probabilities is the bad rate.
///
/// # Errors
/// When lengths differ, a figure is not finite, the rows are not both good and bad, a threshold separates them, or rows with
/// higher log-odds were not worse.
pub fn line(log_odds: &[f64], bad: &[bool], weight: Option<&[f64]>) -> Result<Line, Error> {
    let mut rows = rows(log_odds, bad, weight)?;
    check_overlap(&rows)?;
    // Around their mean the two figures hardly depend on each other, whatever the log-odds are.
    let total: f64 = rows.iter().map(|row| row.2).sum();
    let mean = rows.iter().map(|row| row.0 * row.2).sum::<f64>() / total;
    rows.iter_mut().for_each(|row| row.0 -= mean);
    let mut line = Line { intercept: mean, slope: 1.0 };
    let mut least = log_loss(&rows, line);
    for _ in 0..MOST_STEPS {
        let Some((step, promise)) = newton(&rows, line) else { break };
        let along =
            |size: f64| Line { intercept: line.intercept + size * step.0, slope: line.slope + size * step.1 };
        let sizes = std::iter::successors(Some(1.0), |size| Some(size / 2.0)).take(MOST_HALVINGS);
        let better = sizes.map(along).find(|next| log_loss(&rows, *next) <= least);
        let Some(next) = better else { break };
        line = next;
        least = log_loss(&rows, line);
        if promise <= 1e-18 * least {
            break;
        }
    }
    if line.slope <= LEVEL {
        return Err(refused(NOT_WORSE));
    }
    Ok(Line { intercept: line.intercept - line.slope * mean, slope: line.slope })
}

/// The line of greatest likelihood is finite when neither all bad rows lie above all good ones nor all below.
fn check_overlap(rows: &[Row]) -> Result<(), Error> {
    let ends = |wanted: bool| {
        let of = rows.iter().filter(move |row| row.1 == wanted).map(|row| row.0);
        of.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, x| (ends.0.min(x), ends.1.max(x)))
    };
    let (good, bad) = (ends(false), ends(true));
    match (bad.0 >= good.1, bad.1 <= good.0) {
        (true, true) => Err(refused("all rows have the same log-odds")),
        (true, false) => {
            Err(refused("log-odds separate good from bad rows completely; no line is steep enough"))
        }
        (false, true) => Err(refused(NOT_WORSE)),
        (false, false) => Ok(()),
    }
}

/// A row of a calibration: log-odds, whether it was bad, and its weight.
type Row = (f64, bool, f64);

fn rows(log_odds: &[f64], bad: &[bool], weight: Option<&[f64]>) -> Result<Vec<Row>, Error> {
    let count = log_odds.len();
    if bad.len() != count || weight.is_some_and(|weight| weight.len() != count) {
        return Err(refused("log-odds, outcomes and weights differ in length"));
    }
    let weight = |row: usize| weight.map_or(1.0, |weight| weight[row]);
    let usable = |row: &usize| log_odds[*row].is_finite() && weight(*row).is_finite() && weight(*row) >= 0.0;
    if let Some(row) = (0..count).find(|row| !usable(row)) {
        let (log_odds, weight) = (log_odds[row], weight(row));
        return Err(refused(&format!("row {} has log-odds {log_odds} and weight {weight}", row + 1)));
    }
    let rows: Vec<Row> =
        (0..count).map(|row| (log_odds[row], bad[row], weight(row))).filter(|row| row.2 > 0.0).collect();
    if rows.iter().all(|row| row.1) || rows.iter().all(|row| !row.1) {
        return Err(refused("both good and bad rows are needed"));
    }
    Ok(rows)
}

/// The loss that the line of greatest likelihood makes least.
fn log_loss(rows: &[Row], line: Line) -> f64 {
    rows.iter().map(|(log_odds, bad, weight)| weight * loss(line.at(*log_odds), *bad)).sum()
}

/// Newton's step of both figures and how much it promises; None where the rows tell nothing more.
fn newton(rows: &[Row], line: Line) -> Option<((f64, f64), f64)> {
    let (mut gradient, mut hessian) = ((0.0, 0.0), (0.0, 0.0, 0.0));
    for (log_odds, bad, weight) in rows {
        let p = probability(line.at(*log_odds));
        let miss = weight * (f64::from(*bad) - p);
        let spread = weight * p * (1.0 - p);
        gradient = (gradient.0 + miss, gradient.1 + miss * log_odds);
        hessian =
            (hessian.0 + spread, hessian.1 + spread * log_odds, hessian.2 + spread * log_odds * log_odds);
    }
    let determinant = hessian.0 * hessian.2 - hessian.1 * hessian.1;
    if determinant.is_nan() || determinant <= 1e-12 * hessian.0 * hessian.2 {
        return None;
    }
    let step = (
        (hessian.2 * gradient.0 - hessian.1 * gradient.1) / determinant,
        (hessian.0 * gradient.1 - hessian.1 * gradient.0) / determinant,
    );
    Some((step, step.0 * gradient.0 + step.1 * gradient.1))
}

/// Rows that the isotonic regression gives one rate.
#[derive(Debug, Clone, Copy)]
struct Block {
    from: f64,
    to: f64,
    weight: f64,
    bad: f64,
}

impl Block {
    fn rate(&self) -> f64 {
        self.bad / self.weight
    }
}

/// The rising table of greatest likelihood (pool adjacent violators): level where rows share a rate, straight in between. A
/// rate of 0 or 1 at either end is taken half a row off it, so that log-odds stay finite.
///
/// # Errors
/// As [`line()`]; and when rows with higher log-odds were no worse anywhere, or the table would be too long.
pub fn isotonic(log_odds: &[f64], bad: &[bool], weight: Option<&[f64]>) -> Result<Curve, Error> {
    let mut rows = rows(log_odds, bad, weight)?;
    rows.sort_by(|first, second| first.0.total_cmp(&second.0).then(first.1.cmp(&second.1)));
    let mut blocks: Vec<Block> = Vec::new();
    for (log_odds, bad, weight) in rows {
        let bad = if bad { weight } else { 0.0 };
        match blocks.last_mut() {
            // −0 and 0 are one value, too.
            Some(last) if last.from == log_odds && last.to == log_odds => {
                last.weight += weight;
                last.bad += bad;
            }
            _ => {
                pool(&mut blocks);
                blocks.push(Block { from: log_odds, to: log_odds, weight, bad });
            }
        }
    }
    pool(&mut blocks);
    if blocks.len() < 2 {
        return Err(refused(
            "rows with higher log-odds were not worse in the sample; the table would be level",
        ));
    }
    let mut rates: Vec<f64> = blocks.iter().map(Block::rate).collect();
    let last = rates.len() - 1;
    if rates[0] <= 0.0 {
        rates[0] = (0.5 / (blocks[0].weight + 1.0)).min(rates[1]);
    }
    if rates[last] >= 1.0 {
        let off = 1.0 - 0.5 / (blocks[last].weight + 1.0);
        // With two blocks the first may have been moved; both stay on their side of a half.
        rates[last] = if last == 1 { off } else { off.max(rates[last - 1]) };
    }
    let mut points = Vec::with_capacity(2 * blocks.len());
    for (block, rate) in blocks.iter().zip(rates) {
        points.push((block.from, logit(rate)));
        if block.to > block.from {
            points.push((block.to, logit(rate)));
        }
    }
    Curve::try_new(points)
}

/// Pools the last blocks while a later one has no higher rate than the one before.
fn pool(blocks: &mut Vec<Block>) {
    while let [.., before, last] = blocks[..]
        && before.rate() >= last.rate()
    {
        blocks.pop();
        blocks.pop();
        blocks.push(Block {
            from: before.from,
            to: last.to,
            weight: before.weight + last.weight,
            bad: before.bad + last.bad,
        });
    }
}

fn refused(what: &str) -> Error {
    Error::Fit(format!("calibration: {what}"))
}

#[cfg(test)]
mod tests;
