//! Files whose rows are flat events already.

use super::sink::{Sink, place};
use super::{ImportOptions, ImportProgress, Stage};
use crate::app::aside::{Content, with_source};
use crate::app::error::AppError;
use probity_credit::event::{Cell, Flat, Vocabulary};
use probity_credit::order::DERIVED_SOURCE;
use probity_intake::{Item, Options, Row, look, open};
use probity_primitives::Problem;
use std::path::PathBuf;
use std::sync::Arc;

/// Rows between two words on progress.
const PROGRESS_EVERY: u64 = 8_192;
/// Source of events in files when neither they nor the command name one.
const DEFAULT_SOURCE: &str = "import";

pub(super) fn import(
    sink: &mut Sink<'_>,
    paths: &[PathBuf],
    options: &ImportOptions,
    progress: ImportProgress<'_>,
) -> Result<(), AppError> {
    let source = options.source.as_deref().unwrap_or(DEFAULT_SOURCE);
    let mut before = 0;
    // A name mistyped at the end of a long list is told before the first file goes in.
    let sizes = paths.iter().map(|path| look(path, Options::default())).collect::<Result<Vec<_>, _>>()?;
    let all: u64 = sizes.iter().sum();
    for path in paths {
        let name: Arc<str> = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
            .into();
        let mut reader = open(path, Options::default())?;
        let bytes = reader.progress();
        let columns = reader.columns().to_vec();
        let mut rows = 0_u64;
        while let Some(item) = reader.read()? {
            rows += 1;
            sink.report.rows += 1;
            if rows.is_multiple_of(PROGRESS_EVERY) {
                progress(Stage::Taking, before + bytes.bytes(), all);
            }
            match item {
                Item::Aside(aside) => {
                    // The reader's problem names file and line once more.
                    let problem = Problem { at: String::new(), ..aside.problem };
                    let content = if columns.is_empty() {
                        Content::Json(&aside.content)
                    } else {
                        Content::Row(&columns, &aside.content)
                    };
                    sink.set_aside(&place(&name, aside.line), &[problem], content)?;
                }
                Item::Object { line, json } => {
                    object(sink, source, &name, line, json)?;
                }
                Item::Row(found) => table_row(sink, source, &name, &columns, &found)?,
            }
        }
        before += reader.size();
        progress(Stage::Taking, before, all);
    }
    Ok(())
}

fn object(sink: &mut Sink<'_>, source: &str, name: &Arc<str>, line: u64, json: &str) -> Result<(), AppError> {
    let read = match Flat::from_json(json.as_bytes()) {
        Ok(flat) if is_own(&flat, &sink.catalogue.vocabulary) => {
            sink.report.derived += 1;
            return Ok(());
        }
        Ok(flat) => {
            let named = flat.get("source").is_some();
            (sink.read(flat, source), named)
        }
        Err(problem) => (Err(vec![problem]), true),
    };
    match read {
        (Ok(event), _) => sink.give(event, place(name, line)),
        (Err(problems), named) => {
            let kept = if named { json.to_owned() } else { with_source(json, source) };
            sink.set_aside(&place(name, line), &problems, Content::Json(kept.as_bytes()))
        }
    }
}

fn table_row(
    sink: &mut Sink<'_>,
    source: &str,
    name: &Arc<str>,
    columns: &[String],
    row: &Row<'_>,
) -> Result<(), AppError> {
    let flat = Flat::from_row(columns, row.cells().map(cell_of));
    if is_own(&flat, &sink.catalogue.vocabulary) {
        sink.report.derived += 1;
        return Ok(());
    }
    let named = flat.get("source").is_some();
    match sink.read(flat, source) {
        Ok(event) => sink.give(event, place(name, row.line)),
        Err(problems) => {
            let content = again(columns, row, (!named).then_some(source));
            let filled: Vec<String> = columns
                .iter()
                .zip(row.cells())
                .filter(|(_, cell)| *cell != probity_intake::Cell::Null)
                .map(|(column, _)| column.clone())
                .collect();
            sink.set_aside(&place(name, row.line), &problems, Content::Row(&filled, &content))
        }
    }
}

/// What Probity derived itself and exported: a derived type under its own name, or its retraction of one.
fn is_own(flat: &Flat<'_>, vocabulary: &Vocabulary) -> bool {
    let own = |name: &str| matches!(flat.get(name), Some(Cell::Text(text)) if *text == DERIVED_SOURCE);
    let Some(Cell::Text(kind)) = flat.get("type") else { return false };
    let derived = || vocabulary.find(kind).is_some_and(|kind| vocabulary.get(kind).derived);
    own("source") && (own("target_source") || derived())
}

/// A row of a table with the header of its filled cells, as it can be read again; typed cells as an object.
fn again(columns: &[String], row: &Row<'_>, source: Option<&str>) -> Vec<u8> {
    use probity_intake::Cell;
    let texts = row.cells().all(|cell| matches!(cell, Cell::Null | Cell::Text(_)));
    let filled = || columns.iter().zip(row.cells()).filter(|(_, cell)| *cell != Cell::Null);
    if texts {
        let quoted = |text: &str| format!("\"{}\"", text.replace('"', "\"\""));
        let line = |cells: Vec<String>| cells.join(",");
        let names = filled().map(|(name, _)| quoted(name)).chain(source.map(|_| quoted("source")));
        let cells =
            filled().map(|(_, cell)| quoted(&cell.text().unwrap_or_default())).chain(source.map(quoted));
        return format!("{}\n{}\n", line(names.collect()), line(cells.collect())).into_bytes();
    }
    let mut object = serde_json::Map::new();
    for (name, cell) in filled() {
        let value = match cell {
            Cell::Integer(number) => number.into(),
            Cell::Double(number) => number.into(),
            Cell::Boolean(value) => value.into(),
            cell => cell.text().unwrap_or_default().into_owned().into(),
        };
        object.insert(name.clone(), value);
    }
    object.extend(source.map(|source| ("source".to_owned(), source.into())));
    serde_json::Value::Object(object).to_string().into_bytes()
}

/// A cell of a file as a cell of the flat form.
pub(super) fn cell_of(cell: probity_intake::Cell<'_>) -> Cell<'_> {
    match cell {
        probity_intake::Cell::Null => Cell::Null,
        probity_intake::Cell::Text(text) | probity_intake::Cell::Number(text) => Cell::Text(text),
        probity_intake::Cell::Integer(number) => Cell::Integer(number),
        probity_intake::Cell::Double(_) => Cell::Float,
        probity_intake::Cell::Boolean(value) => Cell::Boolean(value),
    }
}
