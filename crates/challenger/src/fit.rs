//! Boosted trees from a sample.
//!
//! Trees are grown one after the other, each on the gradient of the logistic loss at the sum of those before it (Friedman,
//! "Greedy function approximation: a gradient boosting machine", 2001; second derivatives as in Chen and Guestrin,
//! "XGBoost", 2016). Splits are found by forust-ml; the loss, trends, stopping, scoring and explaining are ours. The same sample
//! and options give the same model, on any number of threads.

use crate::boost::{Boosted, Rows, boost};
use crate::ensemble::Ensemble;
use crate::input::{Encoding, Input};
use crate::options::{Categories, Direction, Options, Stopping};
use crate::parts::{deal, draw};
use crate::{Error, Model};
use probity_scorecard::Sample;
use probity_scorecard::table::{Column, MISSING, Values};

/// Fits a model. Where the sample has an offset, the model's log-odds are what must be added to it.
///
/// # Errors
/// When an option is out of its bounds or names a column that is not there, no column varies, or a part of the sample that is
/// needed has no good or no bad rows.
pub fn fit(sample: &Sample, options: &Options) -> Result<Model, Error> {
    check(sample, options)?;
    // Rows without weight say nothing; in forust they would still move the cuts.
    let rows: Vec<usize> = (0..sample.rows()).filter(|row| sample.weight_of(*row) > 0.0).collect();
    let sample = &sample.take(&rows);
    match options.stopping {
        Stopping::Never => grown(sample, None, options, options.rounds),
        Stopping::Validation { share, patience } => {
            let held = draw(&sample.bad, share, options.seed);
            let (rest, part) = divided(sample, &held)?;
            let best =
                grown(&rest, Some((&part, patience)), options, options.rounds)?.ensemble().trees().len();
            grown(sample, None, options, best)
        }
        Stopping::Folds { count, patience } => {
            let folds = deal(&sample.bad, count, options.seed);
            let mut best = 0;
            for fold in 0..count {
                let held: Vec<bool> = folds.iter().map(|of_row| *of_row == fold).collect();
                let (rest, part) = divided(sample, &held)?;
                best +=
                    grown(&rest, Some((&part, patience)), options, options.rounds)?.ensemble().trees().len();
            }
            // The mean, to the nearest round.
            grown(sample, None, options, (2 * best + count) / (2 * count))
        }
    }
}

/// Fits a model that stops when the log loss on another sample has not fallen for so many rounds, whatever
/// [`Options::stopping`] says.
///
/// # Errors
/// As [`fit`], and when the other sample lacks a column.
pub fn fit_beside(
    sample: &Sample,
    other: &Sample,
    patience: usize,
    options: &Options,
) -> Result<Model, Error> {
    check(sample, options)?;
    let rows: Vec<usize> = (0..sample.rows()).filter(|row| sample.weight_of(*row) > 0.0).collect();
    grown(&sample.take(&rows), Some((other, patience.max(1))), options, options.rounds)
}

fn check(sample: &Sample, options: &Options) -> Result<(), Error> {
    let refuse = |option, reason: String| Err(Error::Option { option, reason });
    let shares = [("row-share", options.row_share), ("column-share", options.column_share)];
    for (option, share) in shares.into_iter().chain([("learning-rate", options.learning_rate)]) {
        if !(share > 0.0 && share <= 1.0) {
            return refuse(option, format!("{share} is not above 0 and at most 1"));
        }
    }
    for (option, value) in [("leaf-weight", options.leaf_weight), ("l1", options.l1), ("l2", options.l2)] {
        if !(0.0..=1e9).contains(&value) {
            return refuse(option, format!("{value} is not between 0 and a thousand million"));
        }
    }
    for (option, value, least, most) in [
        ("rounds", options.rounds, 1, 1_000_000),
        ("leaves", options.leaves, 2, 1_000_000),
        ("depth", options.depth, 1, 64),
        ("bins", usize::from(options.bins), 2, 10_000),
    ] {
        if !(least..=most).contains(&value) {
            return refuse(option, format!("{value} is not between {least} and {most}"));
        }
    }
    match options.stopping {
        Stopping::Validation { share, .. } if !(share > 0.0 && share < 1.0) => {
            return refuse("validation-share", format!("{share} is not above 0 and below 1"));
        }
        Stopping::Folds { count, .. } if count < 2 => {
            return refuse("folds", format!("{count} is too few; at least 2"));
        }
        Stopping::Validation { patience: 0, .. } | Stopping::Folds { patience: 0, .. } => {
            return refuse("patience", "0 rounds are too few; at least 1".to_owned());
        }
        _ => {}
    }
    if let Categories::Rate { strength } = options.categories
        && !(strength > 0.0 && strength.is_finite())
    {
        return refuse("strength", format!("{strength} is not above 0"));
    }
    for name in options.trends.keys() {
        if matches!(sample.table.column(name)?.values, Values::Categories { .. }) {
            return refuse("trend", format!("{name:?} holds categories, which have no order; leave it out"));
        }
    }
    Ok(())
}

/// The rows that are not held back, and those that are.
fn divided(sample: &Sample, held: &[bool]) -> Result<(Sample, Sample), Error> {
    let rows = |held_back: bool| -> Vec<usize> {
        (0..sample.rows()).filter(|row| held[*row] == held_back).collect()
    };
    let parts = (sample.take(&rows(false)), sample.take(&rows(true)));
    for part in [&parts.0, &parts.1] {
        let (good, bad) = part.good_and_bad();
        if good <= 0.0 || bad <= 0.0 {
            return Err(Error::Fit(format!(
                "there are too few rows to hold some back: a part of {} would have no {} ones; stop after fixed rounds",
                part.rows(),
                if bad > 0.0 { "good" } else { "bad" },
            )));
        }
    }
    Ok(parts)
}

fn grown(
    sample: &Sample,
    beside: Option<(&Sample, usize)>,
    options: &Options,
    rounds: usize,
) -> Result<Model, Error> {
    let weights = weights(sample);
    let inputs = inputs(sample, &weights, options);
    if inputs.is_empty() {
        return Err(Error::Fit("no column varies, so there is nothing to tell rows apart by".to_owned()));
    }
    let trends: Vec<Option<Direction>> = inputs
        .iter()
        .map(|input| {
            let trend = options.trends.get(&input.column).copied();
            trend.filter(|_| input.encoding == Encoding::Number)
        })
        .collect();
    let rows = rows_of(sample, &inputs, weights)?;
    let there = match beside {
        Some((other, patience)) => Some((rows_of(other, &inputs, self::weights(other))?, patience)),
        None => None,
    };
    let there = there.as_ref().map(|(rows, patience)| (rows, *patience));
    let Boosted { base, trees } = boost(&rows, there, &trends, options, rounds)?;
    let rounds = trees.len();
    let ensemble = Ensemble::try_new(base, trees, inputs.len())?;
    let (good, bad) = sample.good_and_bad();
    let provenance = [
        ("method", "boosted trees".to_owned()),
        ("rows", sample.rows().to_string()),
        ("weight of good", good.to_string()),
        ("weight of bad", bad.to_string()),
        ("rounds", rounds.to_string()),
        ("learning rate", options.learning_rate.to_string()),
        ("leaves", options.leaves.to_string()),
        ("depth", options.depth.to_string()),
        ("seed", options.seed.to_string()),
    ];
    let provenance = provenance.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Model::try_new(sample.target.clone(), inputs, ensemble, provenance)
}

fn rows_of(sample: &Sample, inputs: &[Input], weights: Vec<f64>) -> Result<Rows, Error> {
    let mut data = Vec::with_capacity(inputs.len() * sample.rows());
    for input in inputs {
        data.extend(input.numbers(&sample.table)?);
    }
    Ok(Rows { data, bad: sample.bad.clone(), weights, offset: sample.offset.clone() })
}

/// Weights whose mean is 1, so that what a leaf must weigh does not depend on their unit.
fn weights(sample: &Sample) -> Vec<f64> {
    let (good, bad) = sample.good_and_bad();
    let mean = (good + bad) / sample.rows() as f64;
    (0..sample.rows()).map(|row| sample.weight_of(row) / mean).collect()
}

/// What is made of each column that varies.
fn inputs(sample: &Sample, weights: &[f64], options: &Options) -> Vec<Input> {
    let mut inputs = Vec::new();
    for column in sample.table.columns() {
        let input = |encoding| Input { column: column.name.clone(), encoding };
        match &column.values {
            Values::Numbers(numbers) => {
                let (mut least, mut most, mut missing) = (f64::INFINITY, f64::NEG_INFINITY, false);
                for number in numbers {
                    missing |= number.is_nan();
                    least = least.min(*number);
                    most = most.max(*number);
                }
                if least < most {
                    inputs.push(input(Encoding::Number));
                } else if least == most && missing {
                    inputs.push(input(Encoding::Known));
                }
            }
            Values::Categories { codes, levels } => {
                let levels = levels_of(codes, levels, sample, weights);
                inputs.extend(encodings(column, levels, sample, weights, options.categories).map(input));
            }
        }
    }
    inputs
}

/// A category with the weight of its rows and that of the bad ones among them.
type Level<'a> = (&'a str, f64, f64);

/// The categories that some row has, the heaviest first.
fn levels_of<'a>(codes: &[u32], levels: &'a [String], sample: &Sample, weights: &[f64]) -> Vec<Level<'a>> {
    let mut found: Vec<Level<'a>> = levels.iter().map(|text| (text.as_str(), 0.0, 0.0)).collect();
    for ((code, bad), weight) in codes.iter().zip(&sample.bad).zip(weights) {
        if *code != MISSING {
            let level = &mut found[*code as usize];
            level.1 += weight;
            level.2 += if *bad { *weight } else { 0.0 };
        }
    }
    found.retain(|level| level.1 > 0.0);
    found.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(other.0)));
    found
}

fn encodings(
    column: &Column,
    levels: Vec<Level<'_>>,
    sample: &Sample,
    weights: &[f64],
    categories: Categories,
) -> std::vec::IntoIter<Encoding> {
    let missing = matches!(&column.values, Values::Categories { codes, .. } if codes.contains(&MISSING));
    let varied: Vec<Encoding> = match (levels.len(), categories) {
        (0, _) => vec![],
        (1, _) if missing => vec![Encoding::Known],
        (1, _) => vec![],
        (_, Categories::Rate { strength }) => {
            let bad: f64 =
                sample.bad.iter().zip(weights).map(|(bad, weight)| if *bad { *weight } else { 0.0 }).sum();
            let other = bad / weights.iter().sum::<f64>();
            let rate = |level: &Level<'_>| (level.2 + strength * other) / (level.1 + strength);
            let rates: Vec<(String, f64)> =
                levels.iter().map(|level| (level.0.to_owned(), rate(level))).collect();
            let one_rate = rates.windows(2).all(|pair| pair[0].1 == pair[1].1);
            if one_rate { vec![] } else { vec![Encoding::Rate { levels: rates, other }] }
        }
        (_, Categories::ColumnEach { most }) => {
            levels.iter().take(most).map(|level| Encoding::Level(level.0.to_owned())).collect()
        }
    };
    varied.into_iter()
}

#[cfg(test)]
mod tests;
