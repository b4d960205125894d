//! Fits over a path of penalties, judged by cross-validation.

use super::design::Design;
use super::moments::{Second, moments};
use super::newton::{Options, check, refit};
use crate::Error;
use crate::dice::{deal, mix};

/// Which penalties are tried, and how they are judged.
#[derive(Debug, Clone, PartialEq)]
pub struct PathOptions {
    /// The part of the penalty that is l1; the rest is l2.
    pub mix: f64,
    /// How many penalties, evenly spaced in their logarithms.
    pub penalties: usize,
    /// The smallest penalty as a part of the largest. The largest is the one that holds every coefficient at zero by l1
    /// (with little or no l1: that would do so were a thousandth of it l1).
    pub smallest: f64,
    /// How many folds.
    pub folds: usize,
    /// Deals the rows to the folds.
    pub seed: u64,
}

impl Default for PathOptions {
    /// Twenty l2 penalties down to a hundred-thousandth of the largest, five folds.
    fn default() -> Self {
        PathOptions { mix: 0.0, penalties: 20, smallest: 1e-5, folds: 5, seed: 1 }
    }
}

/// The penalties tried, the largest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Path {
    /// The penalties with what they gave.
    pub points: Vec<PathPoint>,
    /// The place of the lowest mean loss on rows held out.
    pub best: usize,
    /// The place of the largest penalty whose mean loss is at most one standard error above the lowest.
    pub simplest: usize,
}

/// A penalty and what it gave.
#[derive(Debug, Clone, PartialEq)]
pub struct PathPoint {
    /// The l1 penalty for the whole design; each fold's fit gets its share.
    pub l1: f64,
    /// The l2 penalty.
    pub l2: f64,
    /// Mean log-loss per unit of weight on rows held out.
    pub log_loss: f64,
    /// The standard error of that mean over the folds.
    pub standard_error: f64,
}

/// Deals rows to folds, so that each has nearly the same number of good rows and of bad ones. The same seed deals the same.
pub fn folds(bad: &[bool], count: usize, seed: u64) -> Vec<usize> {
    deal(bad, count, |row| mix(seed ^ mix(row as u64)))
}

/// Fits each fold's complement at every penalty, from the largest down, each from where the one before ended.
///
/// `options` gives signs, fixed coefficients and `toward`; its own penalties are ignored.
///
/// # Errors
/// When an option is out of its range; or a fold leaves only good or only bad rows; or a fit has no answer.
pub fn path(design: &Design<'_>, options: &Options, how: &PathOptions) -> Result<Path, Error> {
    check(design, options)?;
    check_path(design, how)?;
    let top = largest(design, options, how)?;
    let ratio = libm::pow(how.smallest, 1.0 / (how.penalties.max(2) - 1) as f64);
    let mut penalties = vec![top];
    while penalties.len() < how.penalties {
        penalties.push(penalties[penalties.len() - 1] * ratio);
    }
    let fold = folds(&design.bad, how.folds, how.seed);
    let mut losses = vec![Vec::new(); penalties.len()];
    for held in 0..how.folds {
        let weights = |inside: bool| -> Vec<f64> {
            let weight = |row: usize| if (fold[row] == held) == inside { design.weight_of(row) } else { 0.0 };
            (0..design.rows()).map(weight).collect()
        };
        let (train, test) = (design.weighted(weights(false)), design.weighted(weights(true)));
        let total = |(good, bad): (f64, f64)| good + bad;
        let (good, bad) = train.classes();
        let outside = total(test.classes());
        if good <= 0.0 || bad <= 0.0 || outside <= 0.0 {
            return Err(few_rows(how));
        }
        let share = (good + bad) / total(design.classes());
        let mut start: Option<Vec<f64>> = None;
        for (penalty, losses) in penalties.iter().zip(&mut losses) {
            let options = Options {
                l1: how.mix * penalty * share,
                l2: (1.0 - how.mix) * penalty * share,
                tolerance: options.tolerance.max(1e-4),
                ..options.clone()
            };
            let at = refit(&train, &options, start.as_deref())?;
            losses.push(moments(&test, &at, Second::None).loss / outside);
            start = Some(at);
        }
    }
    Ok(judged(&penalties, &losses, how))
}

fn judged(penalties: &[f64], losses: &[Vec<f64>], how: &PathOptions) -> Path {
    let points: Vec<PathPoint> = penalties
        .iter()
        .zip(losses)
        .map(|(penalty, losses)| {
            let count = losses.len() as f64;
            let mean = losses.iter().sum::<f64>() / count;
            let squares: f64 = losses.iter().map(|loss| (loss - mean) * (loss - mean)).sum();
            PathPoint {
                l1: how.mix * penalty,
                l2: (1.0 - how.mix) * penalty,
                log_loss: mean,
                standard_error: (squares / (count - 1.0) / count).sqrt(),
            }
        })
        .collect();
    let lower =
        |one: usize, other: usize| if points[other].log_loss < points[one].log_loss { other } else { one };
    let best = (0..points.len()).reduce(lower).unwrap_or(0);
    let bound = points[best].log_loss + points[best].standard_error;
    let simplest = points.iter().position(|point| point.log_loss <= bound).unwrap_or(best);
    Path { points, best, simplest }
}

/// The penalty whose l1 holds every coefficient at zero.
fn largest(design: &Design<'_>, options: &Options, how: &PathOptions) -> Result<f64, Error> {
    let none = Options { l1: f64::MAX / 4.0, l2: 0.0, ..options.clone() };
    let at = refit(design, &none, None)?;
    let gradient = moments(design, &at, Second::None).gradient;
    let most = gradient[1..].iter().fold(0.0f64, |most, slope| most.max(slope.abs()));
    Ok(most.max(f64::MIN_POSITIVE) / how.mix.max(1e-3))
}

fn check_path(design: &Design<'_>, how: &PathOptions) -> Result<(), Error> {
    let refuse = |option, reason: String| Err(Error::Option { option, reason });
    if !(0.0..=1.0).contains(&how.mix) {
        return refuse("mix", format!("{} is no part; give a number from 0 (l2) to 1 (l1)", how.mix));
    }
    if how.penalties == 0 || !(how.smallest > 0.0 && how.smallest <= 1.0) {
        return refuse(
            "penalties",
            "at least one is needed, the smallest a part above 0 of the largest".to_owned(),
        );
    }
    if how.folds < 2 || how.folds > design.rows() {
        return refuse(
            "folds",
            format!("{} of {} rows; give a number from 2 to the number of rows", how.folds, design.rows()),
        );
    }
    Ok(())
}

fn few_rows(how: &PathOptions) -> Error {
    Error::Option {
        option: "folds",
        reason: format!(
            "with {} of them one fold holds all good or all bad rows that weigh anything; take fewer folds",
            how.folds
        ),
    }
}
