//! Which kind of model, where that is left open.

use super::{Method, Options, Progress, by_additive, by_woe};
use crate::additive::Pairs;
use crate::card::Scored;
use crate::logistic::folds;
use crate::scale::loss;
use crate::{Error, Sample};

/// From so many rows on the additive model is taken without trying both: there it was the better one on every public
/// sample that was tried, and trying costs ten fits.
const MANY_ROWS: usize = 20_000;

/// Folds of the trial, and how often rows are dealt out anew when they are few.
const FOLDS: usize = 5;
const ROUNDS_WHEN_FEW: u64 = 3;
const FEW_ROWS: usize = 5_000;

/// Both kinds of model on rows that they have not seen.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Compared {
    /// Mean negative log-likelihood of a row by weights of evidence.
    pub woe: f64,
    /// The same by an additive model without pairs.
    pub additive: f64,
}

/// Takes the kind of model whose log-likelihood is higher on rows held out.
pub(super) fn choose(
    sample: &Sample,
    options: &Options,
    progress: &mut Progress<'_>,
) -> Result<(Method, Option<Compared>), Error> {
    let bad = sample.bad.iter().filter(|bad| **bad).count();
    let fewer = bad.min(sample.rows() - bad);
    if sample.rows() >= MANY_ROWS {
        return Ok((Method::Additive, None));
    }
    if fewer < 2 * FOLDS {
        // A fold would have a row of one class at most: nothing can be compared, and the plainer model is the safer one.
        return Ok((Method::Woe, None));
    }
    let rounds = if sample.rows() < FEW_ROWS { ROUNDS_WHEN_FEW } else { 1 };
    let options = Options { pairs: Pairs::Exactly(0), ..options.clone() };
    let steps = rounds * FOLDS as u64;
    let (mut woe, mut additive, mut weight) = (0.0, 0.0, 0.0);
    for round in 0..rounds {
        let fold_of = folds(&sample.bad, FOLDS, options.seed.wrapping_add(round));
        for fold in 0..FOLDS {
            progress("comparing", round * FOLDS as u64 + fold as u64, steps);
            let rows = |held: bool| -> Vec<usize> {
                (0..sample.rows()).filter(|row| (fold_of[*row] == fold) == held).collect()
            };
            let (train, held) = (sample.take(&rows(false)), sample.take(&rows(true)));
            let (good, bad) = train.good_and_bad();
            if good == 0.0 || bad == 0.0 {
                continue;
            }
            // What cannot be fitted to most of the rows is no choice for all of them.
            let (by_woe, by_additive) = match (by_woe(&train, &options), by_additive(&train, &options)) {
                (Ok(woe), Ok(additive)) => (woe.0, additive.0),
                (Err(_), Ok(_)) => return Ok((Method::Additive, None)),
                (_, Err(_)) => return Ok((Method::Woe, None)),
            };
            woe += total_loss(&by_woe.score(&held.table)?, &held);
            additive += total_loss(&by_additive.score(&held.table)?, &held);
            weight += (0..held.rows()).map(|row| held.weight_of(row)).sum::<f64>();
        }
    }
    let compared = Compared { woe: woe / weight, additive: additive / weight };
    let method = if compared.additive < compared.woe { Method::Additive } else { Method::Woe };
    Ok((method, Some(compared)))
}

/// The weighted negative log-likelihood of rows.
fn total_loss(scored: &[Scored], held: &Sample) -> f64 {
    let of = |(row, scored): (usize, &Scored)| held.weight_of(row) * loss(scored.calibrated, held.bad[row]);
    scored.iter().enumerate().map(of).sum()
}
