//! What a fitted scorecard tells of how it came about: on which rows, and how it did on rows that it was not fitted on. An
//! expert's scorecard has none of it.

use super::findings::Findings;
use probity_primitives::Timestamp;
use serde::{Deserialize, Serialize};
use std::ops::Range;
use toml::Spanned;

/// The most bins of the distribution of scores.
pub const MOST_SCORE_BINS: usize = 100;
/// By how much shares may miss one in sum; they are written with a few digits.
const SLACK: f64 = 0.01;
/// The longest of the texts, in bytes.
const LONGEST_TEXT: usize = 200;

/// How a scorecard was fitted, and how it did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fitted {
    /// The label it foretells, by its name.
    pub label: String,
    /// The content hash of the label's file.
    pub label_hash: String,
    /// The digest of the training set's file.
    pub dataset: String,
    /// The kind of model.
    pub method: String,
    /// What chance began with.
    pub seed: i64,
    /// The first moment of the rows it was fitted on.
    pub from: String,
    /// The last moment of these.
    pub to: String,
    /// How many rows it was fitted on.
    pub rows: u64,
    /// The bad ones among them.
    pub bad: u64,
    /// Where the bins of the scores of these rows end, ascending: a score lies in the bin numbered by how many are not above it.
    pub score_cuts: Vec<f64>,
    /// The share of rows in each of the bins: one more than there are cuts.
    pub score_shares: Vec<f64>,
    /// How it did on rows that it was not fitted on; none where it was never tried.
    pub held_out: Option<HeldOut>,
}

/// How a scorecard did on rows it was not fitted on, beside the scorecard that was in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// The first moment of these rows.
    pub from: String,
    /// The last.
    pub to: String,
    /// How many.
    pub rows: u64,
    /// The bad ones among them.
    pub bad: u64,
    /// AUC of the score, with the ends of its interval of 95 %: `[value, low, high]`.
    pub auc: [f64; 3],
    /// The scorecard in force, by its name.
    pub champion: String,
    /// The content hash of its file.
    pub champion_hash: String,
    /// Its AUC on the same rows.
    pub champion_auc: [f64; 3],
    /// By how much the AUC is higher than the champion's.
    pub difference: [f64; 3],
    /// The observed share of bad ones.
    pub bad_rate: [f64; 3],
    /// The share that the scores foretold.
    pub predicted: f64,
}

/// What the training rows of an attribute were.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Training {
    /// Their share in all training rows.
    pub share: f64,
    /// The share of bad ones among them; none when there were no rows.
    pub bad_rate: Option<f64>,
}

fn share(value: f64) -> bool {
    (0.0..=1.0).contains(&value)
}

fn ordered([value, low, high]: [f64; 3], least: f64) -> bool {
    least <= low && low <= value && value <= high && high <= 1.0
}

/// What is wrong with a section.
fn wrong(fitted: &Fitted) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut check = |right: bool, what: &str| {
        if !right {
            wrong.push(what.to_owned());
        }
    };
    let texts = [&fitted.label, &fitted.label_hash, &fitted.dataset, &fitted.method];
    let text = |text: &&String| !text.trim().is_empty() && text.len() <= LONGEST_TEXT;
    check(texts.iter().all(text), "label, label_hash, dataset and method are texts that are not empty");
    let span = |from: &str, to: &str| match (Timestamp::parse(from), Timestamp::parse(to)) {
        (Ok(from), Ok(to)) => from <= to,
        _ => false,
    };
    check(span(&fitted.from, &fitted.to), "from and to are moments, in this order");
    check(fitted.bad <= fitted.rows && fitted.rows > 0, "rows are at least one, and bad are some of them");
    let cuts = fitted.score_cuts.as_slice();
    let ascend =
        cuts.iter().all(|cut| cut.is_finite()) && cuts.windows(2).all(|pair| pair.first() < pair.last());
    check(ascend && cuts.len() < MOST_SCORE_BINS, "score_cuts ascend, and are fewer than 100");
    let shares = fitted.score_shares.as_slice();
    let whole = (shares.iter().sum::<f64>() - 1.0).abs() <= SLACK && shares.iter().all(|one| share(*one));
    check(whole && shares.len() == cuts.len() + 1, "score_shares are one more than score_cuts, and 1 in sum");
    if let Some(held) = &fitted.held_out {
        check(span(&held.from, &held.to), "held_out: from and to are moments, in this order");
        check(
            held.bad <= held.rows && held.rows > 0,
            "held_out: rows are at least one, and bad are some of them",
        );
        let areas = ordered(held.auc, 0.0) && ordered(held.champion_auc, 0.0) && ordered(held.bad_rate, 0.0);
        check(areas, "held_out: auc, champion_auc and bad_rate are [value, low, high] between 0 and 1");
        check(ordered(held.difference, -1.0), "held_out: difference is [value, low, high] between -1 and 1");
        check(share(held.predicted), "held_out: predicted lies between 0 and 1");
    }
    wrong
}

/// Checks the section of a file.
pub(super) fn checked(findings: &mut Findings<'_>, section: Option<Spanned<Fitted>>) -> Option<Fitted> {
    let section = section?;
    for detail in wrong(section.get_ref()) {
        findings.refuse_with(
            section.span(),
            detail,
            "`probity train` writes this section; leave it as it is",
        );
    }
    Some(section.into_inner())
}

/// Checks what a characteristic says of its training rows: nothing when the scorecard was not fitted, all of it when it was.
pub(super) fn check_training(
    findings: &mut Findings<'_>,
    at: Range<usize>,
    fitted: bool,
    all: &[Option<Training>],
) {
    let hint = "`probity train` writes shares; remove them all, with [scorecard.fitted], once points are changed by hand";
    let given: Vec<&Training> = all.iter().flatten().collect();
    if !fitted {
        if !given.is_empty() {
            findings.refuse_with(
                at,
                "shares of training rows in a scorecard without [scorecard.fitted]",
                hint,
            );
        }
        return;
    }
    let right = |one: &&Training| share(one.share) && one.bad_rate.is_none_or(share);
    let sum: f64 = given.iter().map(|one| one.share).sum();
    if given.len() < all.len() {
        findings.refuse_with(
            at,
            "an attribute of a fitted scorecard without its share of training rows",
            hint,
        );
    } else if !given.iter().all(right) || (sum - 1.0).abs() > SLACK {
        findings.refuse_with(at, format!("shares of training rows are {sum} in sum, not 1"), hint);
    }
}
