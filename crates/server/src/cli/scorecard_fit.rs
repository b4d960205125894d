//! Fitting a scorecard to a table: what is held out, what is fitted, what is said of it.

use super::Done;
use super::args::Arguments;
use super::out::{self, Bar};
use super::rehearse::write;
use super::scorecard_args::{FitArgs, MethodAsked};
use super::scorecard_files::{scale, table, told_aside};
use super::scorecard_report::write_report;
use crate::app::{AppError, Guide};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use probity_scorecard::fit::{Asked, Fitted, Options, fit};
use probity_scorecard::validation::{Performance, SplitOptions, split};
use probity_scorecard::{Error, Sample, Scorecard, format};
use serde_json::json;

const INVALID: Code = Code::new("scorecard-fit-invalid");

/// The share held out when a column of time is named and nothing else is said.
const LATEST: f64 = 0.3;

/// Words in the names of columns by which the law often forbids to score. Only told: any table may have them, for groups.
const PROTECTED: [&str; 12] = [
    "sex",
    "gender",
    "age",
    "race",
    "ethnic",
    "religion",
    "marriage",
    "marital",
    "nationality",
    "disab",
    "pregnan",
    "foreign",
];

/// Rows to fit on and rows to judge by, and what the latter are.
struct Parts {
    train: Sample,
    held: Option<(Sample, String)>,
}

/// Answers `scorecard fit`.
pub(super) fn fit_card(arguments: &Arguments, asked: &FitArgs) -> Done {
    let options = options(asked)?;
    let guide = Guide::Every { categories: asked.categories.iter().cloned().collect() };
    let file = table(&asked.train, &guide)?;
    let failed = |error: Error| {
        AppError::from(Problem::new(INVALID, error.to_string()).at(asked.train.display().to_string()))
    };
    for name in &asked.exclude {
        file.table.column(name).map_err(failed)?;
    }
    let out: Vec<&str> = asked.exclude.iter().map(String::as_str).collect();
    let sample =
        Sample::try_new(&file.table.without(&out), &asked.target, asked.weight.as_deref()).map_err(failed)?;
    let parts = parted(asked, sample).map_err(failed)?;
    let mut bar = Bar::new();
    let fitted = fit(&parts.train, &options, &mut |what, done, of| bar.at(what, done, of, false));
    bar.done();
    let fitted = fitted.map_err(failed)?;
    let judged = judged(&fitted.card, &parts).map_err(failed)?;
    write(&asked.out, &format::toml::write(&fitted.card))?;
    if let Some(path) = &asked.report {
        let held = parts.held.iter().map(|(sample, name)| (name.as_str(), sample));
        let samples: Vec<_> = [("training rows", &parts.train)].into_iter().chain(held).collect();
        write_report(path, &fitted.card, &samples)?;
    }
    let code = told_aside(&file);
    out::report_memory();
    if arguments.json {
        out::json(&answer(&fitted, &judged))?;
        return Ok(code);
    }
    tell(&fitted, &judged, &protected(&fitted.card));
    Ok(code)
}

fn options(asked: &FitArgs) -> Result<Options, AppError> {
    let stem = asked.train.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = stem.split('.').next().unwrap_or_default().to_owned();
    let texts = Asked {
        name: asked.name.as_deref().unwrap_or(&stem),
        method: match asked.method {
            MethodAsked::Auto => "auto",
            MethodAsked::Woe => "woe",
            MethodAsked::Additive => "additive",
        },
        pairs: asked.pairs.as_deref(),
        special: &asked.special,
        monotone: &asked.monotone,
        cuts: &asked.cuts,
        max_bins: asked.max_bins,
        min_share: asked.min_share,
        prior: asked.prior,
        scale: scale(&asked.scale)?,
        seed: asked.seed,
    };
    Options::try_from_asked(&texts).map_err(|error| Problem::new(INVALID, error.to_string()).into())
}

/// What is fitted on and what is held out; the column of time is no characteristic.
fn parted(asked: &FitArgs, sample: Sample) -> Result<Parts, Error> {
    let share = match (asked.holdout, &asked.time) {
        (None, None) => return Ok(Parts { train: sample, held: None }),
        (share, _) => share.unwrap_or(LATEST),
    };
    let random = asked.time.is_none().then_some(asked.seed);
    let how = SplitOptions { time: asked.time.clone(), from: None, share, random };
    let splitted = split(&sample, &how)?;
    let mut parts = [sample.take(&splitted.fit), sample.take(&splitted.test)];
    let name = match (&splitted.from, &asked.time) {
        (Some(from), Some(time)) => {
            parts.iter_mut().for_each(|part| part.table = part.table.without(&[time]));
            format!("held out: {time} from {from} on")
        }
        _ => format!("held out at random: {} rows", splitted.test.len()),
    };
    let [train, held] = parts;
    Ok(Parts { train, held: Some((held, name)) })
}

/// Figures of a part, under its name.
type Judged = Vec<(String, Performance)>;

fn judged(card: &Scorecard, parts: &Parts) -> Result<Judged, Error> {
    let of = |name: &str, sample: &Sample| -> Result<(String, Performance), Error> {
        let log_odds: Vec<f64> = card.score(&sample.table)?.iter().map(|scored| scored.calibrated).collect();
        Ok((name.to_owned(), Performance::of_log_odds(&log_odds, &sample.bad, sample.weight.as_deref())?))
    };
    let mut judged = vec![of("training rows (flattering)", &parts.train)?];
    if let Some((sample, name)) = &parts.held {
        judged.push(of(name, sample)?);
    }
    Ok(judged)
}

/// Characteristics whose names sound like what the law protects.
fn protected(card: &Scorecard) -> Vec<String> {
    let sounds = |name: &&String| {
        let lower = name.to_ascii_lowercase();
        let mut words = lower.split(|letter: char| !letter.is_ascii_alphabetic());
        words.any(|word| {
            PROTECTED
                .iter()
                .any(|protected| word == *protected || (protected.len() > 4 && word.starts_with(protected)))
        })
    };
    card.inputs().iter().filter(sounds).cloned().collect()
}

fn answer(fitted: &Fitted, judged: &Judged) -> serde_json::Value {
    let parts = fitted.card.parts();
    let figures = |(name, figures): &(String, Performance)| {
        json!({
            "rows": name, "count": figures.rows, "bad_rate": figures.bad_rate.value,
            "auc": figures.auc.value, "auc_low": figures.auc.low, "auc_high": figures.auc.high,
            "gini": figures.auc.gini().value, "ks": figures.ks.value, "brier": figures.brier.score.value,
            "log_loss": figures.log_loss.value,
        })
    };
    json!({
        "name": parts.name, "target": parts.target, "method": parts.method,
        "characteristics": parts.characteristics.iter().map(|column| &column.name).collect::<Vec<_>>(),
        "pairs": parts.pairs.iter().map(|pair| [&pair.first, &pair.second]).collect::<Vec<_>>(),
        "compared": fitted.compared.map(|compared| json!({ "woe": compared.woe, "additive": compared.additive })),
        "judged": judged.iter().map(figures).collect::<Vec<_>>(),
        "notes": fitted.notes,
    })
}

fn tell(fitted: &Fitted, judged: &Judged, protected: &[String]) {
    let parts = fitted.card.parts();
    let (columns, pairs) = (parts.characteristics.len(), parts.pairs.len());
    out::line(format!(
        "{}: method {}, {columns} characteristics, {pairs} pairs",
        shown(&parts.name),
        parts.method
    ));
    if let Some(compared) = fitted.compared {
        let (woe, additive) = (compared.woe, compared.additive);
        out::line(format!(
            "loss on rows held out in turn: weights of evidence {woe:.5}, additive {additive:.5}"
        ));
    }
    let row = |(name, figures): &(String, Performance)| {
        let interval = format!("{:.4} to {:.4}", figures.auc.low, figures.auc.high);
        vec![
            name.clone(),
            figures.rows.to_string(),
            format!("{:.2} %", 100.0 * figures.bad_rate.value),
            format!("{:.4}", figures.auc.value),
            interval,
            format!("{:.4}", figures.ks.value),
            format!("{:.4}", figures.brier.score.value),
        ]
    };
    let rows: Vec<Vec<String>> = judged.iter().map(row).collect();
    out::table(&["rows", "count", "bad rate", "AUC", "95 % interval", "KS", "Brier"], &rows);
    for note in &fitted.notes {
        out::line(format!("note: {}", shown_long(note)));
    }
    for name in protected {
        let name = shown(name);
        out::line(format!(
            "note: “{name}” sounds like what the law protects; --exclude it, unless you may score by it"
        ));
    }
}

/// A note may quote a file's names and values, and be longer than one of these.
fn shown_long(note: &str) -> String {
    note.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
