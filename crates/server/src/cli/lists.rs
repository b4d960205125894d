//! Lists: scores of all parties, events, exports, what was set aside.

use super::args::{Arguments, EventsArgs, ExportArgs, ScoresArgs, SetAsideArgs};
use super::data::open_existing;
use super::look::party;
use super::out::{self, Bar};
use super::{Done, OK, PARTIAL};
use crate::app::{AppError, AsOf, Class, EventRow, Probity, Retried, ScoreAt};
use probity_credit::event::{Party, Role};
use probity_credit::order::DERIVED_SOURCE;
use probity_intake::Cell;
use probity_intake::export::{CsvWriter, JsonlWriter};
use probity_primitives::{Code, Problem};
use probity_store::Reader;
use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufWriter, ErrorKind};

const ROLE_INVALID: Code = Code::new("role-invalid");
const EXPORT_FAILED: Code = Code::new("export-failed");

/// A party's score and the values of its indicators.
type Scored = (ScoreAt, Vec<Option<f64>>);

pub(super) fn role(text: &str) -> Result<Role, AppError> {
    Role::parse(text).ok_or_else(|| {
        Problem::new(ROLE_INVALID, format!("'{}' is no role", probity_primitives::problem::shown(text)))
            .hint("merchant or buyer")
            .into()
    })
}

/// Scores of all parties of a role with their indicators, in the order of their names.
pub(super) fn all_scores(probity: &Probity, role: Role, as_of: AsOf) -> Result<Vec<Scored>, AppError> {
    let at = probity.moment(as_of)?;
    let total = probity.party_count(role)?;
    let mut bar = Bar::new();
    let mut scores = Vec::new();
    let mut after = 0;
    loop {
        let parties = probity.parties(role, after, 1_000)?;
        let Some((last, _)) = parties.last() else { break };
        after = *last;
        for (number, party) in &parties {
            let scored = probity.score_with_values(*number, party, at)?;
            // A party of which nothing was known then had no score then.
            if scored.0.events > 0 {
                scores.push(scored);
            }
        }
        bar.at("scoring", scores.len() as u64, total, false);
    }
    bar.done();
    scores.sort_by(|(a, _), (b, _)| a.party.cmp(&b.party));
    Ok(scores)
}

/// The scores of a role.
pub(super) fn scores(arguments: &Arguments, asked: &ScoresArgs) -> Done {
    let (role, as_of) = (role(&asked.of)?, AsOf::parse(&asked.as_of)?);
    let probity = open_existing(arguments)?;
    let scores = all_scores(&probity, role, as_of);
    let names = probity.catalogue().plan.names(role).to_vec();
    probity.close();
    let mut scores = scores?;
    if asked.csv {
        return scores_csv(&scores, &names);
    }
    if arguments.json {
        let rows: Vec<_> = scores
            .iter()
            .map(|(score, values)| {
                let values: serde_json::Map<String, serde_json::Value> = names.iter().cloned().zip(values.iter().map(|value| (*value).into())).collect();
                serde_json::json!({"party": score.party, "as_of": score.as_of, "score": score.score, "low": score.low, "high": score.high, "tier": score.tier.name, "thin": score.thin, "dimensions": score.dimensions, "indicators": values})
            })
            .collect();
        return out::json(&rows);
    }
    let all = scores.len();
    scores.sort_by_key(|(score, _)| score.score);
    let rows: Vec<Vec<String>> = scores
        .iter()
        .take(asked.limit)
        .map(|(score, _)| {
            vec![
                score.party.clone(),
                score.score.to_string(),
                format!("{} to {}", score.low, score.high),
                score.tier.title.clone(),
                score.events.to_string(),
            ]
        })
        .collect();
    out::table(&["party", "score", "range", "tier", "events"], &rows);
    out::remark(format!("the {} lowest of {all}", rows.len()));
    Ok(OK)
}

fn scores_csv(scores: &[Scored], names: &[String]) -> Done {
    match write_scores(scores, names) {
        // A reader that went away (`| head`) has what it wanted.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(unwritten(&error, "standard output")),
        _ => Ok(OK),
    }
}

/// A file that could not be written: the disk's fault and not the command line's.
fn unwritten(error: &std::io::Error, at: &str) -> AppError {
    let problem = Problem::new(EXPORT_FAILED, error.to_string()).at(at);
    let class = if error.kind() == ErrorKind::AlreadyExists { Class::Invalid } else { Class::Unavailable };
    AppError::new(class, problem)
}

fn write_scores(scores: &[Scored], names: &[String]) -> std::io::Result<()> {
    let dimensions: Vec<String> = scores
        .first()
        .map(|(score, _)| {
            score.dimensions.iter().map(|dimension| format!("dimension_{}", dimension.name)).collect()
        })
        .unwrap_or_default();
    let header = ["party", "score", "tier", "low", "high", "thin", "events"]
        .into_iter()
        .chain(dimensions.iter().map(String::as_str))
        .chain(names.iter().map(String::as_str));
    let mut csv = CsvWriter::new(BufWriter::new(std::io::stdout().lock()), header)?;
    for (score, values) in scores {
        let text = |text: &str| Cell::Text(Cow::Owned(text.to_owned()));
        let mut cells = vec![
            text(&score.party),
            Cell::Integer(score.score.into()),
            text(&score.tier.name),
            Cell::Integer(score.low.into()),
            Cell::Integer(score.high.into()),
            Cell::Boolean(score.thin),
            Cell::Integer(score.events),
        ];
        cells.extend(score.dimensions.iter().map(|dimension| Cell::Integer(dimension.score.into())));
        cells.extend(values.iter().map(|value| value.map_or(Cell::Null, Cell::Double)));
        csv.row(cells)?;
    }
    csv.finish().map(|_| ())
}

/// Events, or how many.
pub(super) fn events(arguments: &Arguments, asked: &EventsArgs) -> Done {
    let about = asked.party.as_deref().map(party).transpose()?;
    let probity = open_existing(arguments)?;
    let done = if asked.count {
        count(arguments, about.as_ref(), &probity)
    } else {
        list(arguments, asked, about.as_ref(), &probity)
    };
    probity.close();
    done
}

/// How many events of each type are about a party, and how many of them Probity derived.
fn count_about(probity: &Probity, party: &Party) -> Result<HashMap<String, (u64, u64)>, AppError> {
    let mut counts: HashMap<String, (u64, u64)> = HashMap::new();
    let mut next = None;
    loop {
        let page = probity.timeline(party, next, 1_000)?;
        for row in page.items {
            let (count, own) = counts.entry(row.r#type).or_default();
            *count += 1;
            *own += u64::from(row.fields.get("source").and_then(|it| it.as_str()) == Some(DERIVED_SOURCE));
        }
        next = page.next;
        if next.is_none() {
            return Ok(counts);
        }
    }
}

fn count(arguments: &Arguments, about: Option<&Party>, probity: &Probity) -> Done {
    let counts = about.map_or_else(|| probity.count_by_type(), |party| count_about(probity, party))?;
    let mut by_type: Vec<(String, (u64, u64))> = counts.into_iter().collect();
    by_type.sort();
    let total: u64 = by_type.iter().map(|(_, (count, _))| count).sum();
    let own: u64 = by_type.iter().map(|(_, (_, own))| own).sum();
    if arguments.json {
        let types: serde_json::Map<String, serde_json::Value> =
            by_type.into_iter().map(|(name, (count, _))| (name, count.into())).collect();
        return out::json(
            &serde_json::json!({"events": total, "from_outside": total - own, "derived": own, "types": types}),
        );
    }
    let rows: Vec<Vec<String>> =
        by_type.iter().map(|(name, (count, _))| vec![name.clone(), count.to_string()]).collect();
    out::table(&["type", "events"], &rows);
    out::line(format!("{total} in all, {own} of them derived"));
    Ok(OK)
}

fn list(arguments: &Arguments, asked: &EventsArgs, about: Option<&Party>, probity: &Probity) -> Done {
    let rows: Vec<EventRow> = match about {
        Some(party) => probity.timeline(party, None, asked.limit)?.items,
        None => probity.events(asked.from, asked.limit)?,
    };
    if arguments.json {
        return out::json(&rows);
    }
    let rows: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.seq.to_string(),
                row.occurred_at.clone(),
                row.r#type.clone(),
                row.id.clone(),
                row.mark.unwrap_or_default().to_owned(),
            ]
        })
        .collect();
    out::table(&["row", "occurred at", "type", "id", "mark"], &rows);
    Ok(OK)
}

/// The log in a file.
pub(super) fn export(arguments: &Arguments, asked: &ExportArgs) -> Done {
    let failed = |error: std::io::Error| unwritten(&error, &asked.to.display().to_string());
    let csv = asked.to.extension().is_some_and(|extension| extension == "csv");
    if !csv && asked.to.extension().is_none_or(|extension| extension != "jsonl") {
        return Err(Problem::new(EXPORT_FAILED, "only .jsonl and .csv are written")
            .at(asked.to.display().to_string())
            .into());
    }
    let probity = open_existing(arguments)?;
    let file = BufWriter::new(std::fs::File::create_new(&asked.to).map_err(failed)?);
    let vocabulary = &probity.catalogue().vocabulary;
    let mut columns: Vec<String> =
        ["id", "source", "type", "occurred_at", "known_at", "merchant", "buyer", "currency"]
            .map(str::to_owned)
            .to_vec();
    for (_, kind) in vocabulary.iter() {
        for field in &kind.fields {
            if !columns.contains(&field.name) {
                columns.push(field.name.clone());
            }
        }
    }
    let mut bar = Bar::new();
    let mut from = 1;
    let mut rows = 0_u64;
    let (mut table, mut lines) = if csv {
        (Some(CsvWriter::new(file, columns.iter().map(String::as_str)).map_err(failed)?), None)
    } else {
        (None, Some(JsonlWriter::new(file)))
    };
    loop {
        let page = probity.events(from, 1_000)?;
        let Some(last) = page.last() else { break };
        from = last.seq + 1;
        for row in &page {
            let derived = vocabulary.find(&row.r#type).is_some_and(|kind| vocabulary.get(kind).derived)
                || row.fields.get("source").and_then(|s| s.as_str()) == Some(DERIVED_SOURCE);
            if asked.without_derived && derived {
                continue;
            }
            rows += 1;
            let cell = |name: &str| row.fields.get(name).map_or(Cell::Null, |value| cell_of(value));
            if let Some(table) = &mut table {
                table.row(columns.iter().map(|name| cell(name))).map_err(failed)?;
            }
            if let (Some(lines), Some(object)) = (&mut lines, row.fields.as_object()) {
                lines
                    .object(object.iter().map(|(name, value)| (name.as_str(), cell_of(value))))
                    .map_err(failed)?;
            }
        }
        bar.at("exporting", from, probity.event_count(), false);
    }
    bar.done();
    table.map(CsvWriter::finish).transpose().map_err(failed)?;
    lines.map(JsonlWriter::finish).transpose().map_err(failed)?;
    probity.close();
    if arguments.json {
        return out::json(&serde_json::json!({"to": asked.to, "events": rows}));
    }
    out::remark(format!("{rows} events written to {}", asked.to.display()));
    Ok(OK)
}

fn cell_of(value: &serde_json::Value) -> Cell<'_> {
    match value {
        serde_json::Value::String(text) => Cell::Text(Cow::Borrowed(text)),
        serde_json::Value::Bool(value) => Cell::Boolean(*value),
        serde_json::Value::Number(number) => Cell::Number(Cow::Owned(number.to_string())),
        _ => Cell::Null,
    }
}

/// What was set aside, or all of it once more.
pub(super) fn set_aside(arguments: &Arguments, asked: &SetAsideArgs) -> Done {
    let probity = open_existing(arguments)?;
    if asked.retry {
        let mut bar = Bar::new();
        let report = probity.retry_set_aside(&mut |_, done, of| bar.at("once more", done, of, false));
        bar.done();
        probity.close();
        return retried(arguments, &report?);
    }
    let mut rows = Vec::new();
    let mut after = 0;
    loop {
        let page = probity.with_reader(|reader| Ok(reader.set_asides(after, 1_000)?))?;
        let Some((last, _)) = page.last() else { break };
        after = *last;
        for (_, item) in page {
            rows.push(vec![item.at.to_string(), item.source, item.line.to_string(), item.code, item.reason]);
        }
    }
    probity.close();
    if arguments.json {
        let rows: Vec<_> = rows.iter().map(|row| serde_json::json!({"at": row.first(), "source": row.get(1), "line": row.get(2), "code": row.get(3), "reason": row.get(4)})).collect();
        return out::json(&rows);
    }
    out::table(&["at", "source", "line", "code", "reason"], &rows);
    Ok(OK)
}

fn retried(arguments: &Arguments, report: &Retried) -> Done {
    if arguments.json {
        out::json(report)?;
    } else {
        out::line(format!(
            "{} tried: {} taken, {} known before, {} refused again, {} of which no content is kept; {} left",
            report.tried,
            report.taken,
            report.duplicates,
            report.refused,
            report.without_content,
            report.left
        ));
    }
    Ok(if report.left > 0 { PARTIAL } else { OK })
}
