//! A scorecard of the catalogue on a training set, looked at from all sides.

use super::super::error::AppError;
use super::bridge::{as_table, stated};
use super::drift::{Drifted, Seen, drifted, of_training};
use super::judging::{CardShown, Judge, Judged, lacking, read_card, role, sample_of};
use super::measures::{Paired, Performance, paired, performance};
use super::rows::{DatasetShown, Reading, Rows, refused};
use super::vintages::{PartRow, by_moment, by_segment};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::score::Scorecard;
use probity_scorecard::validation::{Limits, leakage, trends};
use serde::Serialize;
use std::path::PathBuf;

/// What is validated, on what.
#[derive(Debug, Clone)]
pub struct ValidateOptions {
    /// The card's file; none: the card in force.
    pub card: Option<PathBuf>,
    /// Whose card in force, where no file says it.
    pub of: Role,
    /// The training set.
    pub dataset: PathBuf,
    /// Conditions over its columns.
    pub segments: Vec<String>,
}

/// Where points and bad rates run against each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrendShown {
    /// The indicator.
    pub indicator: String,
    /// What breaks the trend that the indicator states, in the points themselves.
    pub broken: Option<String>,
    /// Neighbouring attributes whose observed bad rates run against their points by more than chance.
    pub reversed: Vec<String>,
}

/// A column that may know the future.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeakShown {
    /// The indicator.
    pub indicator: String,
    /// What makes it suspicious.
    pub suspicion: &'static str,
    /// Why.
    pub why: String,
}

/// The set's own scores beside those that the card in force gives to its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct ScoreColumn {
    /// Rows.
    pub rows: usize,
    /// Rows in which the two differ.
    pub differ: usize,
}

/// A card that was validated.
#[derive(Debug, Clone, Serialize)]
pub struct Validated {
    /// The card.
    pub card: CardShown,
    /// The set.
    pub dataset: DatasetShown,
    /// How it did.
    pub performance: Performance,
    /// The card in force, where it is another.
    pub champion: Option<CardShown>,
    /// How that one did.
    pub champion_performance: Option<Performance>,
    /// The card less the one in force.
    pub paired: Option<Paired>,
    /// Moment by moment.
    pub vintages: Vec<PartRow>,
    /// Segment by segment.
    pub segments: Vec<PartRow>,
    /// PSI and CSI against the rows that the card was fitted on; empty for an expert's.
    pub drift: Vec<Drifted>,
    /// Columns that may know the future.
    pub leakage: Vec<LeakShown>,
    /// Characteristics whose trend is broken or runs against the data.
    pub trends: Vec<TrendShown>,
    /// Whether the set's own scores are those of the card in force; none where it has none.
    pub score_column: Option<ScoreColumn>,
    /// What else is to be known.
    pub remarks: Vec<String>,
}

/// Validates a card on a training set.
///
/// # Errors
/// `scorecard-invalid`, `training-set-invalid`, `training-refused`.
pub fn validate(
    catalogue: &Catalogue,
    options: &ValidateOptions,
    progress: Reading<'_>,
) -> Result<Validated, AppError> {
    let read = options.card.as_ref().map(|path| read_card(path, catalogue)).transpose()?;
    let card = read.as_ref().map_or_else(|| catalogue.scorecard(options.of), |(card, _)| card);
    let in_force = catalogue.scorecard(role(card));
    let rows = Rows::read(&options.dataset, role(card), progress)?;
    let own = Judge::new(card, catalogue).judge(&rows)?;
    let shown = CardShown::new(card, catalogue);
    let champion = Judge::new(in_force, catalogue).judge(&rows);
    let mut remarks = Vec::new();
    remarks.extend(lacking([&own]));
    let champion = match champion {
        Ok(champion) => Some(champion),
        Err(_) => {
            remarks.push(format!(
                "the set lacks columns of {}, the card in force: no comparison",
                in_force.name()
            ));
            None
        }
    };
    let score_column = champion.as_ref().and_then(|champion| score_column(&rows, champion));
    remarks.extend(score_column.and_then(|column| differing(column, champion.as_ref())));
    remarks.extend(same_rows(card, &rows));
    let other = champion.as_ref().filter(|_| !shown.in_force);
    let mut segments = Vec::new();
    for sql in &options.segments {
        segments.extend(by_segment(&rows, &own, card, sql)?);
    }
    Ok(Validated {
        performance: performance(&rows, &own, card)?,
        champion: other.map(|_| CardShown::new(in_force, catalogue)),
        champion_performance: other.map(|judged| performance(&rows, judged, in_force)).transpose()?,
        paired: other.map(|judged| paired(&rows, &own, judged)).transpose()?,
        vintages: by_moment(&rows, &own, card)?,
        segments,
        drift: drift(card, &own, &rows)?,
        leakage: leaks(&rows, card)?,
        trends: trends_of(card, catalogue, &rows)?,
        score_column,
        card: shown,
        dataset: rows.shown(),
        remarks,
    })
}

/// How many rows the set itself gives another score.
fn score_column(rows: &Rows, champion: &Judged) -> Option<ScoreColumn> {
    let said = rows.said.as_ref()?;
    let differ =
        said.iter().zip(&champion.score).filter(|(said, score)| **said != f64::from(**score)).count();
    Some(ScoreColumn { rows: rows.len(), differ })
}

fn differing(column: ScoreColumn, champion: Option<&Judged>) -> Option<String> {
    let ScoreColumn { rows, differ } = column;
    if differ == 0 {
        return None;
    }
    let why = if champion.is_some_and(|champion| champion.without.is_empty()) {
        "it was made under another catalogue: make it anew before trusting a comparison"
    } else {
        "gates read columns that the set lacks"
    };
    Some(format!("{differ} of {rows} scores in the set are not those of the card in force; {why}"))
}

/// A set that the card was fitted on says nothing of how it will do.
fn same_rows(card: &Scorecard, rows: &Rows) -> Option<String> {
    let fitted = card.fitted().filter(|fitted| fitted.dataset == rows.digest)?;
    Some(format!(
        "the card was fitted on rows of this very file, with moments up to {}: what it says of those is too good",
        fitted.to
    ))
}

fn drift(card: &Scorecard, judged: &Judged, rows: &Rows) -> Result<Vec<Drifted>, AppError> {
    let Some((then, cuts)) = of_training(card) else { return Ok(Vec::new()) };
    let seen = Seen { scores: &judged.ungated, weight: rows.weights(), places: &judged.places };
    drifted(card, &then, &seen.spread(&cuts))
}

fn leaks(rows: &Rows, card: &Scorecard) -> Result<Vec<LeakShown>, AppError> {
    let found =
        leakage(&sample_of(card, rows)?, None, &Limits::default()).map_err(|error| refused(&error))?;
    let shown = found.into_iter().map(|one| LeakShown {
        indicator: one.column,
        suspicion: one.suspicion.name(),
        why: one.why,
    });
    Ok(shown.collect())
}

fn trends_of(card: &Scorecard, catalogue: &Catalogue, rows: &Rows) -> Result<Vec<TrendShown>, AppError> {
    let found = trends(&as_table(card)?, &sample_of(card, rows)?, &stated(card, catalogue))
        .map_err(|error| refused(&error))?;
    let attributes = |indicator: &str, place: usize| {
        let one = card.characteristics().iter().find(|one| one.indicator == indicator)?;
        Some(format!("{} and {}", one.attributes.get(place)?.text, one.attributes.get(place + 1)?.text))
    };
    let wrong = found.into_iter().filter(|one| one.broken.is_some() || !one.reversed.is_empty());
    let shown = wrong.map(|one| TrendShown {
        reversed: one.reversed.iter().filter_map(|place| attributes(&one.name, *place)).collect(),
        indicator: one.name,
        broken: one.broken,
    });
    Ok(shown.collect())
}
