//! Files whose rows are flat events already.

use super::{ImportOptions, ImportProgress, Sink, Stage};
use crate::app::error::AppError;
use probity_credit::event::{Arrival, Cell, Flat};
use probity_intake::{Item, Options, open};
use std::borrow::Cow;
use std::path::PathBuf;

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
    let all: u64 = paths.iter().filter_map(|path| path.metadata().ok()).map(|meta| meta.len()).sum();
    for path in paths {
        let name = path
            .file_name()
            .map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned());
        let mut reader = open(path, Options::default())?;
        let bytes = reader.progress();
        let columns = reader.columns().to_vec();
        let mut rows = 0_u64;
        while let Some(item) = reader.read()? {
            rows += 1;
            if rows.is_multiple_of(PROGRESS_EVERY) {
                progress(Stage::Taking, before + bytes.bytes(), all);
            }
            let (line, flat, content): (u64, _, Cow<'_, [u8]>) = match item {
                Item::Aside(aside) => {
                    sink.set_aside(&name, aside.line, &aside.problem, &aside.content)?;
                    continue;
                }
                Item::Object { line, json } => (
                    line,
                    Flat::from_json(json.as_bytes()).map_err(|problem| vec![problem]),
                    json.as_bytes().into(),
                ),
                Item::Row(row) => {
                    let flat = Flat::from_row(&columns, row.cells().map(cell_of));
                    let again = || {
                        row.cells()
                            .map(|cell| cell.text().unwrap_or_default().into_owned())
                            .collect::<Vec<_>>()
                            .join(",")
                    };
                    match sink.probity.prepare(flat, source, Arrival::History) {
                        Ok(event) => sink.give(event)?,
                        Err(problems) => refuse(sink, &name, row.line, &problems, again().as_bytes())?,
                    }
                    continue;
                }
            };
            match flat.and_then(|flat| sink.probity.prepare(flat, source, Arrival::History)) {
                Ok(event) => sink.give(event)?,
                Err(problems) => refuse(sink, &name, line, &problems, &content)?,
            }
        }
        sink.report.rows += rows;
        before += reader.size();
        progress(Stage::Taking, before, all);
    }
    Ok(())
}

fn refuse(
    sink: &mut Sink<'_>,
    name: &str,
    line: u64,
    problems: &[probity_primitives::Problem],
    content: &[u8],
) -> Result<(), AppError> {
    let Some(first) = problems.first() else { return Ok(()) };
    let mut all = first.clone();
    let rest: Vec<String> = problems.iter().skip(1).map(ToString::to_string).collect();
    if !rest.is_empty() {
        all.detail = format!("{}; {}", all.detail, rest.join("; "));
    }
    sink.set_aside(name, line, &all, content)
}

/// A cell of a file as a cell of the flat form.
fn cell_of(cell: probity_intake::Cell<'_>) -> Cell<'_> {
    match cell {
        probity_intake::Cell::Null => Cell::Null,
        probity_intake::Cell::Text(text) | probity_intake::Cell::Number(text) => Cell::Text(text),
        probity_intake::Cell::Integer(number) => Cell::Integer(number),
        probity_intake::Cell::Double(_) => Cell::Float,
        probity_intake::Cell::Boolean(value) => Cell::Boolean(value),
    }
}
