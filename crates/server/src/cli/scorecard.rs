//! Scorecards on any table: reading, scoring, showing, exporting.

use super::args::Arguments;
use super::out;
use super::rehearse::write;
use super::scorecard_args::{
    CardForm, ExportArgs, ForeignCard, ImportCardArgs, ScoreArgs, ScorecardCommand, ShowArgs,
};
use super::scorecard_challenge::challenge;
use super::scorecard_files::{INVALID, read_card, refused, scale, table, told_aside};
use super::scorecard_fit::fit_card;
use super::scorecard_report::report;
use super::{Done, OK};
use crate::app::{AppError, Guide, TableFile};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use probity_scorecard::bins::Special;
use probity_scorecard::card::{Attribute, Scored};
use probity_scorecard::explain::{Explanation, Line, Reason, explain};
use probity_scorecard::scale::Scale;
use probity_scorecard::table::{Column, Value};
use probity_scorecard::{Error, Scorecard, Table, format};
use std::io::{BufWriter, Write};
use std::path::Path;

const EXPORT_FAILED: Code = Code::new("export-failed");

/// Answers `scorecard`.
pub(super) fn scorecard(arguments: &Arguments, command: &ScorecardCommand) -> Done {
    match command {
        ScorecardCommand::Fit(asked) => fit_card(arguments, asked),
        ScorecardCommand::Score(asked) => score(asked),
        ScorecardCommand::Report(asked) => report(asked),
        ScorecardCommand::Challenge(asked) => challenge(arguments, asked),
        ScorecardCommand::Show(asked) => show(arguments, asked),
        ScorecardCommand::Export(asked) => export(asked),
        ScorecardCommand::Import(asked) => import(asked),
    }
}

fn score(asked: &ScoreArgs) -> Done {
    let card = read_card(&asked.card)?;
    let mut guide = Guide::of(&card);
    for name in &asked.keep {
        guide = guide.and_categories(name);
    }
    let file = table(&asked.table, &guide)?;
    let scored = card.score(&file.table).map_err(|error| refused(&asked.table, &error))?;
    let failed = |error: std::io::Error| {
        let at = asked
            .out
            .as_ref()
            .map_or_else(|| "standard output".to_owned(), |path| path.display().to_string());
        AppError::from(Problem::new(EXPORT_FAILED, error.to_string()).at(at))
    };
    match &asked.out {
        None => {
            let mut to = BufWriter::new(std::io::stdout().lock());
            // A reader that went away (`| head`) is no failure.
            let _ = write_scores(&mut to, asked, &card, &file, &scored).and_then(|()| to.flush());
        }
        Some(path) => {
            let mut to = BufWriter::new(std::fs::File::create(path).map_err(failed)?);
            write_scores(&mut to, asked, &card, &file, &scored).and_then(|()| to.flush()).map_err(failed)?;
            out::remark(format!(
                "{} of {} rows scored; written: {}",
                scored.len(),
                file.taken.len(),
                path.display()
            ));
        }
    }
    Ok(told_aside(&file))
}

/// One line for each row of the file, in its order; nothing in the cells of one that was set aside.
fn write_scores(
    to: &mut impl Write,
    asked: &ScoreArgs,
    card: &Scorecard,
    file: &TableFile,
    scored: &[Scored],
) -> std::io::Result<()> {
    let kept: Vec<&Column> = asked.keep.iter().filter_map(|name| file.table.column(name).ok()).collect();
    let reasons =
        if asked.reasons { ["reason_1", "reason_2", "reason_3", "reason_4"].as_slice() } else { &[] };
    let header: Vec<String> = kept.iter().map(|column| csv_cell(&column.name)).collect();
    let names = ["score", "probability"].iter().chain(reasons).map(|name| (*name).to_owned());
    writeln!(to, "{}", header.into_iter().chain(names).collect::<Vec<_>>().join(","))?;
    let mut row = 0;
    for taken in &file.taken {
        for column in &kept {
            let value = if *taken { column.value(row) } else { Value::Missing };
            write!(
                to,
                "{},",
                if let Value::Category(text) = value { csv_cell(text) } else { String::new() }
            )?;
        }
        if !taken {
            writeln!(to, ",{}", ",".repeat(reasons.len()))?;
            continue;
        }
        write!(to, "{},{}", scored[row].score, scored[row].probability())?;
        if asked.reasons {
            let told = reasons_of(card, &file.table, row);
            for place in 0..reasons.len() {
                write!(to, ",{}", told.get(place).map_or_else(String::new, |text| csv_cell(text)))?;
            }
        }
        writeln!(to)?;
        row += 1;
    }
    Ok(())
}

/// A cell as RFC 4180 has it.
fn csv_cell(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

fn show(arguments: &Arguments, asked: &ShowArgs) -> Done {
    let card = read_card(&asked.card)?;
    if let Some(path) = &asked.table {
        return show_row(arguments, &card, path, asked.row);
    }
    if arguments.json {
        out::line(format::json::write(&card).map_err(|error| refused(&asked.card, &error))?.trim_end());
        return Ok(OK);
    }
    let parts = card.parts();
    out::line(format!(
        "{}: predicts {}, made by {}",
        shown(&parts.name),
        shown(&parts.target),
        shown(&parts.method)
    ));
    let scale = parts.scale;
    let (score, odds, double) = (scale.score, scale.odds, scale.points_to_double);
    out::line(format!(
        "{score} points stand for {odds} : 1 good to bad, {double} more for twice that; base points {}",
        parts.base_points
    ));
    for characteristic in &parts.characteristics {
        out::line(format!("\n{}", shown(&characteristic.name)));
        let rows: Vec<Vec<String>> = (characteristic.attributes.iter().enumerate())
            .map(|(bin, attribute)| attribute_row(shown(&characteristic.bins.text(bin)), attribute))
            .collect();
        out::table(&["values", "points", "log-odds", "weight", "bad rate"], &rows);
    }
    for pair in &parts.pairs {
        out::line(format!("\n{} × {}", shown(&pair.first), shown(&pair.second)));
        let columns = pair.columns.count();
        let titles: Vec<String> = (0..columns).map(|bin| shown(&pair.columns.text(bin))).collect();
        let mut header = vec![""];
        header.extend(titles.iter().map(String::as_str));
        let row = |bin: usize| {
            let points =
                pair.cells.iter().skip(bin * columns).take(columns).map(|cell| cell.points.to_string());
            std::iter::once(shown(&pair.rows.text(bin))).chain(points).collect()
        };
        out::table(&header, &(0..pair.rows.count()).map(row).collect::<Vec<Vec<String>>>());
    }
    Ok(OK)
}

fn attribute_row(values: String, attribute: &Attribute) -> Vec<String> {
    let known = attribute.weight > 0.0;
    let rate =
        if known { format!("{:.2} %", 100.0 * attribute.bad / attribute.weight) } else { String::new() };
    let weight = if known { format!("{:.0}", attribute.weight) } else { String::new() };
    vec![values, attribute.points.to_string(), format!("{:.4}", attribute.log_odds), weight, rate]
}

fn export(asked: &ExportArgs) -> Done {
    let card = read_card(&asked.card)?;
    let failed = |error| refused(&asked.card, &error);
    let text = match asked.form {
        CardForm::Toml => format::toml::write(&card),
        CardForm::Json => format::json::write(&card).map_err(failed)?,
        CardForm::Sql => {
            let keys: Vec<&str> = asked.keep.iter().map(String::as_str).collect();
            format::sql::select(&card, &asked.table, &keys).map_err(failed)?
        }
        CardForm::Pmml => format::pmml::write(&card, format::pmml::Sum::Points).map_err(failed)?,
        CardForm::PmmlLogOdds => format::pmml::write(&card, format::pmml::Sum::LogOdds).map_err(failed)?,
    };
    match &asked.out {
        Some(path) => write(path, &text)?,
        None => out::line(text.trim_end()),
    }
    Ok(OK)
}

fn import(asked: &ImportCardArgs) -> Done {
    let at = |error: Error| refused(&asked.table, &error);
    let failed =
        |why: String| AppError::from(Problem::new(INVALID, why).at(asked.table.display().to_string()));
    let text = std::fs::read_to_string(&asked.table).map_err(|error| failed(error.to_string()))?;
    let scale = match &asked.scale {
        Some(text) => {
            let (score, odds, double) = scale(text)?;
            Some(Scale::try_new(score, odds, double).map_err(at)?)
        }
        None => None,
    };
    let card = match (asked.from, scale, asked.intercept) {
        (ForeignCard::Scorecardpy, Some(scale), None) => format::scorecardpy::read(&text, scale),
        (ForeignCard::Scorecardpy, ..) => {
            return Err(failed("--scale is needed: points0, 1/odds0 and pdo".to_owned()));
        }
        (ForeignCard::Optbinning, None, None) => {
            return Err(failed(
                "--scale (of pdo_odds) or --intercept is needed to know what points mean".to_owned(),
            ));
        }
        (ForeignCard::Optbinning, scale, intercept) => {
            let meaning = match (scale, intercept) {
                (Some(scale), _) => format::optbinning::Meaning::Scale(scale),
                (None, intercept) => format::optbinning::Meaning::Intercept(intercept.unwrap_or_default()),
            };
            let specials = asked.special.iter().map(|text| special(text)).collect::<Result<_, _>>()?;
            let options = format::optbinning::Options { meaning, base_points: asked.base_points, specials };
            format::optbinning::read(&text, &options)
        }
    };
    write(&asked.out, &format::toml::write(&card.map_err(at)?))?;
    Ok(OK)
}

fn special(text: &str) -> Result<Special, AppError> {
    let read = |(name, values): (&str, &str)| {
        let values: Option<Vec<f64>> = values.split(',').map(|value| value.trim().parse().ok()).collect();
        Some(Special { name: name.to_owned(), values: values? })
    };
    text.rsplit_once('=').and_then(read).ok_or_else(|| {
        Problem::new(INVALID, format!("--special {}: a bin and its values are needed", shown(text)))
            .hint("Special=-9,-8")
            .into()
    })
}

/// The values of a row, in the order of the scorecard's inputs.
fn values_of<'a>(card: &Scorecard, table: &'a Table, row: usize) -> Vec<Value<'a>> {
    let value = |name: &String| table.column(name).map_or(Value::Missing, |column| column.value(row));
    card.inputs().iter().map(value).collect()
}

fn reasons_of(card: &Scorecard, table: &Table, row: usize) -> Vec<String> {
    let told = explain(card, &values_of(card, table, row));
    told.reasons
        .into_iter()
        .map(|reason| format!("{}: {} ({:+})", reason.text, reason.bin, -reason.gain))
        .collect()
}

fn show_row(arguments: &Arguments, card: &Scorecard, path: &Path, row: usize) -> Done {
    let file = table(path, &Guide::of(card))?;
    let failed = |why: String| AppError::from(Problem::new(INVALID, why).at(path.display().to_string()));
    let place = row.checked_sub(1).filter(|place| *place < file.taken.len());
    let place = place.ok_or_else(|| failed(format!("--row {row}; it has {} rows", file.taken.len())))?;
    if !file.taken[place] {
        return Err(failed(format!("row {row} was set aside: {}", aside_before(&file, place))));
    }
    let taken = file.taken[..place].iter().filter(|taken| **taken).count();
    let values = values_of(card, &file.table, taken);
    let (told, scored) = (explain(card, &values), card.score_row(&values));
    if arguments.json {
        return out::json(&row_json(&told, scored.probability()));
    }
    out::line(format!(
        "score {}, probability of {} {:.4}",
        told.score,
        shown(&card.parts().target),
        scored.probability()
    ));
    let line = |line: &Line| {
        let bins = line.bins.iter().map(|bin| shown(bin)).collect::<Vec<_>>().join(" × ");
        let share = if line.share > 0.0 { format!("{:.0} %", 100.0 * line.share) } else { String::new() };
        vec![shown(&line.columns.join(" × ")), bins, line.points.to_string(), line.best.to_string(), share]
    };
    let lines: Vec<Vec<String>> = told.lines.iter().map(line).collect();
    out::table(&["characteristic", "values", "points", "best", "share of what is short"], &lines);
    out::line(format!("base points {}", told.base_points));
    for (nth, reason) in told.reasons.iter().enumerate() {
        let better = reason.change.as_ref().map_or_else(String::new, |change| {
            format!("; {} would give {:+}", shown(&change.bin), change.gain)
        });
        out::line(format!(
            "reason {}: {} ({}) costs {} points{better}",
            nth + 1,
            shown(&reason.text),
            shown(&reason.bin),
            reason.gain
        ));
    }
    Ok(OK)
}

/// Why the row at a place of the file was set aside.
fn aside_before(file: &TableFile, place: usize) -> String {
    let nth = file.taken[..place].iter().filter(|taken| !**taken).count();
    file.aside.get(nth).map_or_else(String::new, ToString::to_string)
}

fn row_json(told: &Explanation, probability: f64) -> serde_json::Value {
    let line = |line: &Line| serde_json::json!({ "columns": line.columns, "values": line.bins, "points": line.points, "best": line.best, "shortfall": line.shortfall, "share": line.share });
    let reason = |reason: &Reason| {
        let change = reason
            .change
            .as_ref()
            .map(|change| serde_json::json!({ "values": change.bin, "points": change.gain }));
        serde_json::json!({ "column": reason.column, "text": reason.text, "values": reason.bin, "points": reason.gain, "change": change })
    };
    serde_json::json!({
        "score": told.score, "probability": probability, "base_points": told.base_points,
        "lines": told.lines.iter().map(line).collect::<Vec<_>>(),
        "reasons": told.reasons.iter().map(reason).collect::<Vec<_>>(),
    })
}
