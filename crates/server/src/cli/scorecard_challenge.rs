//! A scorecard beside a model that need not be read: boosted trees fitted here, or a model that others fitted.

use super::Done;
use super::args::Arguments;
use super::out::{self, Bar};
use super::rehearse::write;
use super::scorecard_args::ChallengeArgs;
use super::scorecard_files::{INVALID, read_card, refused, table, told_aside};
use crate::app::{AppError, Guide};
use probity_challenger::input::Encoding;
use probity_challenger::onnx::{Onnx, Reading};
use probity_challenger::options::{Direction, Options};
use probity_challenger::{Model, fit, format};
use probity_primitives::Problem;
use probity_primitives::problem::shown;
use probity_scorecard::card::{Characteristic, Scored};
use probity_scorecard::scale::probability;
use probity_scorecard::validation::{Auc, Comparison, Shape, compare, shape_of};
use probity_scorecard::{Sample, Scorecard, Table};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

/// The largest model file that is read, in bytes.
const LARGEST_MODEL: u64 = 512 << 20;
/// Rows whose Shapley values tell how much a column matters; more change little and take milliseconds each.
const MOST_EXPLAINED: usize = 500;
/// Columns that are named of these, and reasons of a row.
const MOST_NAMED: usize = 8;
const MOST_REASONS: usize = 4;

/// The challenger.
enum Other {
    Trees(Box<Model>),
    Onnx(Box<Onnx>),
}

impl Other {
    fn score(&self, table: &Table) -> Result<Vec<f64>, probity_challenger::Error> {
        match self {
            Self::Trees(model) => model.score(table),
            Self::Onnx(model) => model.score(table),
        }
    }
}

fn failed(path: &Path, error: impl std::fmt::Display) -> AppError {
    Problem::new(INVALID, error.to_string()).at(path.display().to_string()).into()
}

/// Answers `scorecard challenge`.
pub(super) fn challenge(arguments: &Arguments, asked: &ChallengeArgs) -> Done {
    let card = read_card(&asked.card)?;
    let target = asked.target.as_deref().unwrap_or(&card.parts().target);
    let other = match (&asked.model, &asked.train) {
        (Some(path), _) => read_model(path, asked)?,
        (None, Some(train)) => grown(&card, asked, train, target)?,
        (None, None) => {
            let problem = Problem::new(INVALID, "nothing challenges the card");
            return Err(problem
                .hint("--train TRAIN fits boosted trees, --model FILE takes a model that is there")
                .into());
        }
    };
    let file = table(&asked.table, &Guide::Every { categories: categories(&card, &other) })?;
    let sample = Sample::try_new(&file.table, target, asked.weight.as_deref())
        .map_err(|error| failed(&asked.table, error))?;
    let scored = card.score(&sample.table).map_err(|error| refused(&asked.table, &error))?;
    let ours: Vec<f64> = scored.iter().map(|scored| scored.calibrated).collect();
    let theirs = other.score(&sample.table).map_err(|error| failed(&asked.table, error))?;
    let compared = compare(&ours, &theirs, &sample.bad, sample.weight.as_deref())
        .map_err(|error| refused(&asked.table, &error))?;
    if let (Some(path), Other::Trees(model)) = (&asked.out, &other) {
        write(path, &format::write(model).map_err(|error| failed(path, error))?)?;
    }
    if let Some(path) = &asked.scores {
        write(path, &scores(&file.taken, &scored, &theirs))?;
    }
    let code = told_aside(&file);
    if arguments.json {
        out::json(&answer(&compared))?;
        return Ok(code);
    }
    tell(&compared);
    if let Other::Trees(model) = &other {
        tell_shapley(model, &sample.table, asked.row).map_err(|error| failed(&asked.table, error))?;
    }
    Ok(code)
}

fn read_model(path: &Path, asked: &ChallengeArgs) -> Result<Other, AppError> {
    let size = path.metadata().map_err(|error| failed(path, error))?.len();
    if size > LARGEST_MODEL {
        return Err(failed(path, format!("it has {size} bytes, more than {LARGEST_MODEL}")));
    }
    let bytes = std::fs::read(path).map_err(|error| failed(path, error))?;
    if path.extension().is_some_and(|end| end.eq_ignore_ascii_case("onnx")) {
        let reading = Reading {
            columns: asked.columns.clone(),
            output: asked.output.clone(),
            log_odds: asked.log_odds,
            first_is_bad: asked.first_is_bad,
        };
        let model = Onnx::read(&bytes, &reading).map_err(|error| failed(path, error))?;
        return Ok(Other::Onnx(Box::new(model)));
    }
    let text = String::from_utf8(bytes).map_err(|error| failed(path, error))?;
    Ok(Other::Trees(Box::new(format::read(&text).map_err(|error| failed(path, error))?)))
}

/// Trees on the columns that the card reads, on request with the trends that its tables have.
fn grown(card: &Scorecard, asked: &ChallengeArgs, train: &Path, target: &str) -> Result<Other, AppError> {
    let mut guide = Guide::of(card).and_numbers(target);
    if let Some(weight) = &asked.weight {
        guide = guide.and_numbers(weight);
    }
    let file = table(train, &guide)?;
    let sample = Sample::try_new(&file.table, target, asked.weight.as_deref())
        .map_err(|error| failed(train, error))?;
    let trends = if asked.same_trends { trends(card) } else { BTreeMap::new() };
    let mut bar = Bar::new();
    bar.at("growing trees", 0, 1, false);
    let model = fit::fit(&sample, &Options { seed: asked.seed, trends, ..Options::default() });
    bar.done();
    Ok(Other::Trees(Box::new(model.map_err(|error| failed(train, error))?)))
}

fn trends(card: &Scorecard) -> BTreeMap<String, Direction> {
    let paired: BTreeSet<&String> =
        card.parts().pairs.iter().flat_map(|pair| [&pair.first, &pair.second]).collect();
    let of = |(input, column): (usize, &Characteristic)| {
        // What a column does in pairs its own table does not tell.
        if card.takes_categories(input) || paired.contains(&column.name) {
            return None;
        }
        let regular = column.attributes.iter().take(column.bins.regular());
        match shape_of(&regular.map(|attribute| attribute.log_odds).collect::<Vec<_>>()) {
            Shape::Ascending => Some((column.name.clone(), Direction::Ascending)),
            Shape::Descending => Some((column.name.clone(), Direction::Descending)),
            _ => None,
        }
    };
    card.parts().characteristics.iter().enumerate().filter_map(of).collect()
}

fn categories(card: &Scorecard, other: &Other) -> BTreeSet<String> {
    let inputs = card.inputs().iter().enumerate();
    let mut names: BTreeSet<String> =
        inputs.filter(|(input, _)| card.takes_categories(*input)).map(|(_, name)| name.clone()).collect();
    if let Other::Trees(model) = other {
        let texts = model
            .inputs()
            .iter()
            .filter(|input| !matches!(input.encoding, Encoding::Number | Encoding::Single));
        names.extend(texts.map(|input| input.column.clone()));
    }
    names
}

fn scores(taken: &[bool], card: &[Scored], other: &[f64]) -> String {
    let mut text = String::from("score,probability,challenger_probability\n");
    let mut rows = card.iter().zip(other);
    for taken in taken {
        match if *taken { rows.next() } else { None } {
            Some((card, other)) => {
                let _ = writeln!(text, "{},{},{}", card.score, card.probability(), probability(*other));
            }
            None => text.push_str(",,\n"),
        }
    }
    text
}

fn answer(compared: &Comparison) -> serde_json::Value {
    let auc = |auc: &Auc| serde_json::json!({ "auc": auc.value, "low": auc.low, "high": auc.high });
    let difference = &compared.difference;
    serde_json::json!({
        "card": auc(&compared.first), "challenger": auc(&compared.second),
        "difference": { "value": difference.value, "low": difference.low, "high": difference.high, "p": compared.p },
    })
}

fn tell(compared: &Comparison) {
    let row = |name: &str, value: f64, low: f64, high: f64| {
        vec![name.to_owned(), format!("{value:.4}"), format!("{low:.4} to {high:.4}")]
    };
    let (first, second, difference) = (&compared.first, &compared.second, &compared.difference);
    let rows = [
        row("the scorecard", first.value, first.low, first.high),
        row("the challenger", second.value, second.low, second.high),
        row("scorecard − challenger", difference.value, difference.low, difference.high),
    ];
    out::table(&["AUC of", "value", "95 % interval"], &rows);
    out::line(format!("p {:.3}: the probability of so large a difference by chance", compared.p));
}

/// What moves the trees' answers: by column over some rows, and for one row.
fn tell_shapley(model: &Model, table: &Table, row: Option<usize>) -> Result<(), probity_challenger::Error> {
    let step = table.rows().div_ceil(MOST_EXPLAINED).max(1);
    let rows: Vec<usize> = (0..table.rows()).step_by(step).collect();
    let explained = model.explain(table, &rows)?;
    let mean = |column: usize| {
        let added = explained.iter().filter_map(|row| row.added.get(column)).map(|added| added.abs());
        added.sum::<f64>() / explained.len().max(1) as f64
    };
    let mut named: Vec<(f64, &String)> =
        model.columns().iter().enumerate().map(|(column, name)| (mean(column), name)).collect();
    named.sort_by(|one, other| other.0.total_cmp(&one.0));
    let lines: Vec<Vec<String>> =
        named.iter().take(MOST_NAMED).map(|(mean, name)| vec![shown(name), format!("{mean:.4}")]).collect();
    out::line(
        "\nWhat moves the challenger: what a column adds to or takes from the log-odds on average (Shapley values)",
    );
    out::table(&["column", "log-odds"], &lines);
    if let Some(place) = row.and_then(|row| row.checked_sub(1)).filter(|place| *place < table.rows()) {
        for explained in model.explain(table, &[place])? {
            let (log_odds, likely) = (explained.log_odds, probability(explained.log_odds));
            out::line(format!("\nrow {}: log-odds {log_odds:.4}, probability {likely:.4}", place + 1));
            for (column, added) in model.reasons(&explained, MOST_REASONS) {
                out::line(format!("reason: {} adds {added:.4}", shown(column)));
            }
        }
    }
    Ok(())
}
