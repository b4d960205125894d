//! Judging a scorecard by tables: one HTML file, and a model card.

use super::Done;
use super::rehearse::write;
use super::scorecard_args::ReportArgs;
use super::scorecard_files::{read_card, refused, table, told_aside};
use crate::app::{AppError, Clock, Guide};
use probity_scorecard::card::Scored;
use probity_scorecard::report::{self, Named};
use probity_scorecard::validation::Division;
use probity_scorecard::{Error, Sample, Scorecard, Table};
use std::path::Path;

/// Columns beside those that the scorecard reads: by which rows are compared.
struct Beside {
    periods: Option<Division>,
    segments: Vec<(String, Division)>,
    groups: Vec<(String, Division)>,
}

/// Answers `scorecard report`.
pub(super) fn report(asked: &ReportArgs) -> Done {
    let card = read_card(&asked.card)?;
    let (test, beside, code) = sample(asked, &card, &asked.table, true)?;
    let train = match &asked.train {
        Some(path) => Some(sample(asked, &card, path, false)?),
        None => None,
    };
    let at = |error: Error| refused(&asked.table, &error);
    let scored = card.score(&test.table).map_err(at)?;
    let mut named = Vec::new();
    let trained: Option<(&Sample, Vec<Scored>)> = match &train {
        Some((sample, ..)) => Some((sample, card.score(&sample.table).map_err(at)?)),
        None => None,
    };
    if let Some((sample, scored)) = &trained {
        named.push(Named::new("training rows", sample, scored));
    }
    let Beside { periods, segments, groups } = beside;
    let name = asked.table.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    named.push(Named { periods, segments, groups, ..Named::new(&name, &test, &scored) });
    let options = report::Options { cut_off: asked.cutoff, moment: today(), ..report::Options::default() };
    write(&asked.out, &report::html(&card, &named, &options).map_err(at)?)?;
    if let Some(path) = &asked.model_card {
        write(path, &report::model_card(&card, &named, &options).map_err(at)?)?;
    }
    Ok(code)
}

/// The report of a fit: the rows it was fitted on, and those held out.
pub(super) fn write_report(
    path: &Path,
    card: &Scorecard,
    samples: &[(&str, &Sample)],
) -> Result<(), AppError> {
    let at = |error: Error| refused(path, &error);
    let scored: Vec<Vec<Scored>> =
        samples.iter().map(|(_, sample)| card.score(&sample.table)).collect::<Result<_, _>>().map_err(at)?;
    let named: Vec<Named<'_>> = samples
        .iter()
        .zip(&scored)
        .map(|((name, sample), scored)| Named::new(name, sample, scored))
        .collect();
    let options = report::Options { moment: today(), ..report::Options::default() };
    write(path, &report::html(card, &named, &options).map_err(at)?)
}

fn today() -> String {
    Clock::system().now().day().to_string()
}

/// The rows of a table with the target, and the columns by which they are compared.
fn sample(
    asked: &ReportArgs,
    card: &Scorecard,
    path: &Path,
    compared: bool,
) -> Result<(Sample, Beside, u8), AppError> {
    let target = asked.target.as_deref().unwrap_or(&card.parts().target);
    let mut guide = Guide::of(card).and_numbers(target);
    if let Some(weight) = &asked.weight {
        guide = guide.and_numbers(weight);
    }
    let named = if compared {
        asked.segment.iter().chain(&asked.group).chain(&asked.time).collect()
    } else {
        Vec::new()
    };
    for name in &named {
        guide = guide.and_categories(name);
    }
    let file = table(path, &guide)?;
    let at = |error: Error| refused(path, &error);
    let divided = |names: &[String]| -> Result<Vec<(String, Division)>, Error> {
        let names = names.iter().filter(|_| compared);
        names.map(|name| Ok((name.clone(), Division::of_column(file.table.column(name)?)))).collect()
    };
    let periods = match asked.time.as_ref().filter(|_| compared) {
        Some(name) => Some(periods(&file.table, name).map_err(at)?),
        None => None,
    };
    let beside = Beside {
        periods,
        segments: divided(&asked.segment).map_err(at)?,
        groups: divided(&asked.group).map_err(at)?,
    };
    let sample = Sample::try_new(&file.table, target, asked.weight.as_deref()).map_err(at)?;
    Ok((sample, beside, told_aside(&file)))
}

/// A column of time is read as texts, so that dates are dates; years and months as numbers are still numbers.
fn periods(table: &Table, name: &str) -> Result<Division, Error> {
    let column = table.column(name)?;
    let number = |row: usize| match column.value(row) {
        probity_scorecard::table::Value::Category(text) => text.trim().parse::<f64>().ok(),
        probity_scorecard::table::Value::Number(number) => Some(number),
        probity_scorecard::table::Value::Missing => None,
    };
    let numbers: Option<Vec<f64>> = (0..column.rows()).map(number).collect();
    match numbers {
        Some(numbers) => Division::periods(&probity_scorecard::table::Column::numbers(name, numbers)),
        None => Division::periods(column),
    }
}
