//! Training: the early moments of a set are fitted, the late ones judge what came of it.

use super::super::dataset::label_of;
use super::super::error::AppError;
use super::bridge::{scale_of, specials_of};
use super::drift::Seen;
use super::fitting::{Fit, Known, Wanted, fitted};
use super::judging::{Judge, Judged, lacking};
use super::measures::{Paired, Performance, paired, performance};
use super::rows::{DatasetShown, Reading, Rows, invalid, refused};
use super::writing::Draft;
use probity_credit::catalogue::Catalogue;
use probity_credit::indicator::Better;
use probity_credit::label::Label;
use probity_credit::score::{Fitted, HeldOut, Scorecard};
use probity_primitives::problem::shown;
use probity_primitives::{Duration, Timestamp};
use probity_scorecard::fit::Method;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// What is asked of a training.
#[derive(Debug, Clone)]
pub struct TrainOptions {
    /// The label that the set was made with.
    pub label: String,
    /// The training set.
    pub dataset: PathBuf,
    /// Rows to judge the card by, instead of the late ones of the set.
    pub test: Option<PathBuf>,
    /// The kind of model; left open, the one that foretells parties better that it was not fitted on.
    pub method: Method,
    /// Indicators beside those that the card in force reads.
    pub indicators: Vec<String>,
    /// Indicators that are not to be used.
    pub without: Vec<String>,
    /// The share of rows at the late end that is held out; 0: none.
    pub holdout: f64,
    /// Rows so close before the first that is held out are left out; none: as long as the label looks ahead.
    pub embargo: Option<Duration>,
    /// What chance begins with.
    pub seed: u64,
    /// Scores are moved so that their mean on the rows is that of the card in force, and tiers keep their meaning; else the
    /// odds of the scale in force are kept.
    pub aligned: bool,
    /// The card's name; none: `merchant-trained`.
    pub name: Option<String>,
}

/// A column that is not in the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftColumn {
    /// The indicator.
    pub indicator: String,
    /// Why.
    pub why: String,
}

/// A way of fitting, and how it foretold parties that it did not see.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TriedRow {
    /// The kind of model.
    pub method: &'static str,
    /// What counts as one piece of evidence: `rows` or `parties`.
    pub counts: &'static str,
    /// Log loss; none where it could not be fitted to a part of the rows.
    pub log_loss: Option<f64>,
    /// AUC.
    pub auc: Option<f64>,
}

/// A characteristic of the card.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TermRow {
    /// The indicator.
    pub indicator: String,
    /// Its dimension.
    pub dimension: String,
    /// Attributes.
    pub attributes: usize,
    /// The fewest points it gives.
    pub least: i32,
    /// The most.
    pub most: i32,
}

/// A card that was trained.
#[derive(Debug, Clone, Serialize)]
pub struct Trained {
    /// Its name.
    pub name: String,
    /// `merchant` or `buyer`.
    pub of: &'static str,
    /// The content hash of its file.
    pub hash: String,
    /// The kind of model.
    pub method: &'static str,
    /// What was tried by cross-validation, the one that was taken first.
    pub tried: Vec<TriedRow>,
    /// What it was fitted on.
    pub fitted_on: DatasetShown,
    /// Rows between the two that are in neither.
    pub embargoed: usize,
    /// What it is judged by.
    pub held_out: Option<DatasetShown>,
    /// How it did there.
    pub performance: Option<Performance>,
    /// How the card in force did there.
    pub champion: Option<Performance>,
    /// The card in force, by its name.
    pub champion_name: String,
    /// The new card less the one in force.
    pub paired: Option<Paired>,
    /// Its characteristics, those that move most first.
    pub terms: Vec<TermRow>,
    /// Columns that are not in it.
    pub left_out: Vec<LeftColumn>,
    /// What else is to be known.
    pub remarks: Vec<String>,
    /// Points that every score was moved by, so that its mean is that of the card in force.
    pub moved: i32,
    /// The file.
    #[serde(skip)]
    pub text: String,
}

/// Trains a card.
///
/// # Errors
/// `label-unknown`, `training-set-invalid`, `training-refused`; those of reading the files.
pub fn train(
    catalogue: &Catalogue,
    options: &TrainOptions,
    progress: Reading<'_>,
) -> Result<Trained, AppError> {
    let label = label_of(catalogue, &options.label)?;
    if !(0.0..1.0).contains(&options.holdout) {
        return Err(invalid(
            format!("--holdout {}", options.holdout),
            "a share of the rows, from 0 to below 1",
        ));
    }
    let all = Rows::read(&options.dataset, label.of(), &mut *progress)?;
    let judged_by = match &options.test {
        Some(test) => Some(Rows::read(test, label.of(), progress)?),
        None => None,
    };
    let embargo = options.embargo.unwrap_or_else(|| label.within());
    let (early, embargoed, late) = match judged_by {
        Some(test) => (all, 0, Some(test)),
        None => split(&all, options.holdout, embargo)?,
    };
    let known = candidates(catalogue, label, options)?;
    let scale = scale_of(catalogue.scorecard(label.of())).map_err(|error| refused(&error))?;
    let wanted = Wanted { columns: &known, method: options.method, scale, seed: options.seed };
    let fit = fitted(&early, &wanted)?;
    finish(catalogue, label, options, Made { early, embargoed, late, fit })
}

/// What a fit left behind.
struct Made {
    early: Rows,
    embargoed: usize,
    late: Option<Rows>,
    fit: Fit,
}

fn finish(
    catalogue: &Catalogue,
    label: &Label,
    options: &TrainOptions,
    made: Made,
) -> Result<Trained, AppError> {
    let Made { early, embargoed, late, fit } = made;
    let in_force = catalogue.scorecard(label.of());
    let of = label.of().as_str();
    let name = options.name.clone().unwrap_or_else(|| format!("{of}-trained"));
    let on = early.shown();
    let title = format!("{} trust score, trained on recorded history", capital(of));
    let reasoning = reasoning(label, &on, &fit, in_force);
    let scores = fit.card.score(&early.table).map_err(|error| refused(&error))?;
    let mut remarks = Vec::new();
    let moved = if options.aligned { moved(&scores, &early, catalogue, in_force, &mut remarks)? } else { 0 };
    let draft = Draft {
        catalogue,
        role: label.of(),
        name: &name,
        title: &title,
        reasoning: &reasoning,
        card: &fit.card,
        rows: &early,
        moved,
    };
    let clamped =
        |scored: &probity_scorecard::card::Scored| in_force.scale().clamp(scored.score.saturating_add(moved));
    let scores: Vec<i32> = scores.iter().map(clamped).collect();
    let mut section = about(label, &on, &fit, options, distribution(&scores, early.weights())?);
    let parsed = |text: &str| Scorecard::parse("the trained card", text, catalogue.plan.names(label.of()));
    let mut trained = Trained {
        name: name.clone(),
        of,
        hash: String::new(),
        method: fit.method,
        tried: fit.tried.clone(),
        fitted_on: on.clone(),
        embargoed,
        held_out: late.as_ref().map(Rows::shown),
        performance: None,
        champion: None,
        champion_name: in_force.name().to_owned(),
        paired: None,
        terms: Vec::new(),
        left_out: fit.left_out.clone(),
        remarks,
        moved,
        text: String::new(),
    };
    if let Some(late) = &late {
        let card = parsed(&draft.write(&section)?.0)?;
        let of = |card: &Scorecard| Judge::new(card, catalogue).judge(late);
        let (own, champion) = (of(&card)?, of(in_force)?);
        measure(&mut trained, late, (&card, &own), (in_force, &champion))?;
        section.held_out = held_out(&trained, late, in_force);
    }
    let (text, terms) = draft.write(&section)?;
    trained.hash = parsed(&text)?.hash().to_string();
    (trained.text, trained.terms) = (text, terms);
    Ok(trained)
}

/// By how many points scores are to be moved so that their mean is that of the card in force.
fn moved(
    scores: &[probity_scorecard::card::Scored],
    rows: &Rows,
    catalogue: &Catalogue,
    in_force: &Scorecard,
    remarks: &mut Vec<String>,
) -> Result<i32, AppError> {
    let Ok(champion) = Judge::new(in_force, catalogue).judge(rows) else {
        remarks.push(format!(
            "the set lacks columns of {}, the card in force: the scale is not aligned with it",
            in_force.name()
        ));
        return Ok(0);
    };
    let mean = |scores: &[f64]| {
        probity_scorecard::validation::mean(scores, rows.weights())
            .map(|mean| mean.value)
            .map_err(|error| refused(&error))
    };
    let own: Vec<f64> = scores.iter().map(|scored| f64::from(scored.score)).collect();
    let champion: Vec<f64> = champion.ungated.iter().map(|score| f64::from(*score)).collect();
    // Both lie within the ends of a scale or near them, so the cast is exact.
    Ok((mean(&champion)? - mean(&own)?).round() as i32)
}

fn measure(
    trained: &mut Trained,
    late: &Rows,
    (card, own): (&Scorecard, &Judged),
    (in_force, champion): (&Scorecard, &Judged),
) -> Result<(), AppError> {
    trained.performance = Some(performance(late, own, card)?);
    trained.champion = Some(performance(late, champion, in_force)?);
    trained.paired = Some(paired(late, own, champion)?);
    trained.remarks.extend(lacking([own]));
    Ok(())
}

fn held_out(trained: &Trained, late: &Rows, in_force: &Scorecard) -> Option<HeldOut> {
    let (own, champion, paired) = (trained.performance?, trained.champion?, trained.paired?);
    let shown = late.shown();
    Some(HeldOut {
        from: shown.from,
        to: shown.to,
        rows: shown.rows as u64,
        bad: shown.bad as u64,
        auc: own.auc_by_party.rounded(),
        champion: in_force.name().to_owned(),
        champion_hash: in_force.hash().to_string(),
        champion_auc: champion.auc_by_party.rounded(),
        difference: paired.by_party.rounded(),
        bad_rate: own.bad_rate.rounded(),
        predicted: (own.predicted * 1e4).round() / 1e4,
    })
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_ascii_uppercase()).into_iter().chain(letters).collect()
}

/// Rows of the early moments, how many lie too close to the late ones, and those of the late moments.
pub(super) fn split(
    all: &Rows,
    holdout: f64,
    embargo: Duration,
) -> Result<(Rows, usize, Option<Rows>), AppError> {
    if holdout == 0.0 {
        return Ok((all.clone(), 0, None));
    }
    let moments = all.moments();
    let wanted = holdout * all.len() as f64;
    let (mut late, mut first) = (0.0, None);
    for (at, rows) in moments.iter().rev() {
        // The border lies between two moments, where it comes nearest to the share.
        if first.is_some() && (late - wanted).abs() <= (late + *rows as f64 - wanted).abs() {
            break;
        }
        late += *rows as f64;
        first = Some(*at);
    }
    let first = first.unwrap_or(Timestamp::EARLIEST);
    let early = all.filter(|row| all.at.get(row).is_some_and(|at| *at < first && at.plus(embargo) <= first));
    let late = all.filter(|row| all.at.get(row).is_some_and(|at| *at >= first));
    if early.len() == 0 {
        let days = embargo.0 / Duration::days(1).0;
        let detail = format!(
            "nothing is left to learn from before {first}, when what is held out begins, with {days} days between"
        );
        let hint = "take more moments, a smaller --holdout, --embargo 0d, or --test with a set of its own";
        return Err(invalid(detail, hint));
    }
    let neither = all.len() - early.len() - late.len();
    for (rows, what) in [(&early, "what is learned from"), (&late, "what is held out")] {
        let bad = rows.bad.iter().filter(|bad| **bad).count();
        if bad == 0 || bad == rows.len() {
            let detail = format!("{what} has {bad} bad rows of {}", rows.len());
            return Err(invalid(
                detail,
                "take more moments, another --holdout, or --test with a set of its own",
            ));
        }
    }
    Ok((early, neither, Some(late)))
}

/// The columns that may enter, with what the catalogue says of each.
fn candidates(
    catalogue: &Catalogue,
    label: &Label,
    options: &TrainOptions,
) -> Result<BTreeMap<String, Known>, AppError> {
    let in_force = catalogue.scorecard(label.of());
    let unwanted: BTreeSet<&str> = options.without.iter().map(String::as_str).collect();
    let read = in_force.characteristics().iter().map(|one| one.indicator.as_str());
    let names = read.chain(options.indicators.iter().map(String::as_str));
    let mut known = BTreeMap::new();
    for name in names.filter(|name| !unwanted.contains(name)) {
        let definition = catalogue.plan.definitions(label.of()).find(|definition| definition.name == name);
        let definition = definition.ok_or_else(|| {
            let detail = format!("'{}' is no indicator of a {}", shown(name), label.of().as_str());
            invalid(detail, "`probity catalogue indicators` lists them")
        })?;
        let lower_is_better = match definition.better {
            Better::Lower => true,
            Better::Higher => false,
            Better::Neutral => {
                let detail = format!(
                    "'{name}' is better neither way: a right that is used, or a pattern for a person to look at"
                );
                return Err(invalid(
                    detail,
                    "only indicators that are better one way can give points; docs/guides/learning.md says how to choose",
                ));
            }
        };
        let specials = in_force.characteristics().iter().find(|one| one.indicator == name);
        let specials = specials.map(specials_of).unwrap_or_default();
        known.insert(name.to_owned(), Known { lower_is_better, specials });
    }
    if known.is_empty() {
        return Err(invalid("no indicator is left to learn from", "name some with --indicators"));
    }
    Ok(known)
}

/// Cuts between bins of about as many scores each, and the share of rows in each bin.
fn distribution(scores: &[i32], weight: Option<&[f64]>) -> Result<(Vec<f64>, Vec<f64>), AppError> {
    let seen = Seen { scores, weight, places: &[] };
    let cuts = seen.cuts()?;
    let weights = seen.spread(&cuts).score;
    let all: f64 = weights.iter().sum();
    Ok((cuts, weights.iter().map(|weight| (weight / all * 1e6).round() / 1e6).collect()))
}

fn about(
    label: &Label,
    on: &DatasetShown,
    fit: &Fit,
    options: &TrainOptions,
    (score_cuts, score_shares): (Vec<f64>, Vec<f64>),
) -> Fitted {
    Fitted {
        label: label.name().to_owned(),
        label_hash: label.hash().to_string(),
        dataset: on.digest.clone(),
        method: fit.method.to_owned(),
        seed: i64::try_from(options.seed).unwrap_or(i64::MAX),
        from: on.from.clone(),
        to: on.to.clone(),
        rows: on.rows as u64,
        bad: on.bad as u64,
        score_cuts,
        score_shares,
        held_out: None,
    }
}

fn reasoning(label: &Label, on: &DatasetShown, fit: &Fit, in_force: &Scorecard) -> String {
    let how = if fit.method == "woe" {
        "weights of evidence in optimal bins and a logistic regression whose coefficients cannot have the wrong sign"
    } else {
        "an additive model without pairs, each shape held to its trend"
    };
    let left: Vec<&str> = fit.left_out.iter().map(|one| one.indicator.as_str()).collect();
    let left = if left.is_empty() { "none".to_owned() } else { left.join(", ") };
    format!(
        "The score answers the question of the label {}: {}. Points were fitted by {how}, on {} rows of {} parties\n\
         with moments from {} to {}, {} of them bad.\n\
         Each characteristic may only go the way in which its indicator is said to be better, so a reason cannot be turned round.\n\
         Scale, history, dimensions and gates are those of {}, the card in force when it was trained.\n\
         Left out, because they told nothing or nothing more: {left}.",
        label.name(),
        label.title(),
        on.rows,
        on.parties,
        on.from,
        on.to,
        on.bad,
        in_force.name(),
    )
}
