//! Foreign tables through a mapping: staged in a scratch database, turned into events by the mapping's queries, every row
//! of an accounted table followed to its end.

use super::sink::{Sink, place};
use super::{ImportOptions, ImportProgress, Stage, TableCount};
use crate::app::aside::{self, Content};
use crate::app::error::AppError;
use probity_credit::event::{Cell, Flat};
use probity_intake::mapping::{Table, accounted_table, parse_lines};
use probity_intake::{Item, Mapping, Options, open};
use probity_primitives::{Code, Currency, Problem};
use probity_store::staging::{Staged, StagedRow, Staging, Stop};
use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const MAPPING_UNKNOWN: Code = Code::new("mapping-unknown");
const ROW_UNUSED: Code = Code::new("import-row-unused");
const FILE_MISSING: Code = Code::new("import-file-missing");
const COLUMN_MISSING: Code = Code::new("import-column-missing");

/// A mapping's query may take this long.
const LIMIT: Duration = Duration::from_secs(3_600);

/// Lines of each accounted table, and what has become of them.
#[derive(Default)]
struct Lines {
    all: BTreeMap<String, BTreeSet<u64>>,
    imported: BTreeMap<String, BTreeSet<u64>>,
    aside: BTreeMap<String, BTreeSet<u64>>,
}

/// What an event that waits for its fate accounts for, and what would be said if it were refused.
type Covered = Vec<(String, Vec<u64>)>;

pub(super) fn import(
    sink: &mut Sink<'_>,
    folder: &Path,
    name: &str,
    options: &ImportOptions,
    progress: ImportProgress<'_>,
) -> Result<(), AppError> {
    let mapping = find(&sink.catalogue.texts, name)?;
    let mut staging = Staging::new(None)?;
    let mut lines = Lines::default();
    stage(sink, &mapping, folder, &mut staging, &mut lines, progress)?;
    for derived in &mapping.derived {
        staging
            .derive(&derived.name, &derived.sql, derived.index.iter().map(String::as_str), LIMIT)
            .map_err(|problem| problem.at(derived.at.clone()))?;
    }
    let source = options.source.as_deref().unwrap_or(&mapping.source);
    let mut covered: Vec<Covered> = Vec::new();
    sink.fates = Some(Vec::new());
    for (done, query) in mapping.events.iter().enumerate() {
        progress(Stage::Taking, done as u64, mapping.events.len() as u64);
        let mut failed = None;
        let asked = staging.query(&query.sql, LIMIT, |row| {
            match one(sink, &mapping, &query.event_type, source, row, &mut covered, &mut lines) {
                Ok(()) => Ok(Stop::No),
                Err(error) => {
                    failed = Some(error);
                    Ok(Stop::Yes)
                }
            }
        });
        asked
            .map_err(|problem| if problem.at.is_empty() { problem.at(query.at.clone()) } else { problem })?;
        if let Some(error) = failed {
            return Err(error);
        }
    }
    sink.finish()?;
    progress(Stage::Taking, 1, 1);
    for (good, covered) in sink.fates.take().unwrap_or_default().into_iter().zip(covered) {
        let place = if good { &mut lines.imported } else { &mut lines.aside };
        covered.into_iter().for_each(|(table, covered)| place.entry(table).or_default().extend(covered));
    }
    set_aside_on_purpose(sink, &mapping, &staging, &mut lines)?;
    close(sink, &mapping, &lines)
}

/// A mapping of the catalogue by name, or a file by path.
fn find(texts: &BTreeMap<String, String>, name: &str) -> Result<Mapping, AppError> {
    let path = format!("mappings/{name}.toml");
    if let Some(text) = texts.get(&path) {
        return Ok(Mapping::parse(text, &path)?);
    }
    match std::fs::read_to_string(name) {
        Ok(text) => Ok(Mapping::parse(&text, name)?),
        Err(_) => {
            let known: Vec<_> = texts
                .keys()
                .filter_map(|path| path.strip_prefix("mappings/")?.strip_suffix(".toml"))
                .collect();
            let detail = format!("'{name}' is neither a mapping of the catalogue nor a readable file");
            Err(Problem::new(MAPPING_UNKNOWN, detail)
                .hint(format!("the catalogue has: {}", known.join(", ")))
                .into())
        }
    }
}

/// The currency in which a mapping's tables tell amounts.
///
/// # Errors
/// `mapping-unknown`, `mapping-invalid`.
pub fn mapping_currency(texts: &BTreeMap<String, String>, name: &str) -> Result<Option<Currency>, AppError> {
    Ok(find(texts, name)?.currency)
}

fn stage(
    sink: &mut Sink<'_>,
    mapping: &Mapping,
    folder: &Path,
    staging: &mut Staging,
    lines: &mut Lines,
    progress: ImportProgress<'_>,
) -> Result<(), AppError> {
    if !folder.is_dir() {
        let detail = if folder.exists() { "this is not a folder" } else { "there is no such folder" };
        return Err(Problem::new(FILE_MISSING, detail)
            .at(folder.display().to_string())
            .hint(format!("the mapping '{}' reads the tables of a folder", mapping.name))
            .into());
    }
    let size = |table: &Table| folder.join(&table.file).metadata().map_or(0, |meta| meta.len());
    let all: u64 = mapping.tables.iter().map(size).sum();
    let mut before = 0;
    for table in &mapping.tables {
        let path = folder.join(&table.file);
        if !path.exists() {
            if table.required {
                let detail = format!("the mapping '{}' needs {}", mapping.name, table.file);
                return Err(Problem::new(FILE_MISSING, detail).at(folder.display().to_string()).into());
            }
            staging.load(&table.name, table.columns.iter().map(String::as_str))?;
            staging.finish(&table.name, table.index.iter().map(String::as_str))?;
            continue;
        }
        let mut reader = open(&path, Options { delimiter: table.delimiter })?;
        let columns = reader.columns().to_vec();
        if let Some(missing) = table.columns.iter().find(|column| !columns.contains(column)) {
            return Err(
                Problem::new(COLUMN_MISSING, format!("{} has no column '{missing}'", table.file)).into()
            );
        }
        staging.load(&table.name, columns.iter().map(String::as_str))?;
        let count = sink.report.tables.entry(table.name.clone()).or_default();
        let known = lines.all.entry(table.name.clone()).or_default();
        let mut refused = Vec::new();
        while let Some(item) = reader.read()? {
            count.rows += 1;
            match item {
                Item::Row(row) => {
                    staging.insert(row.line, row.cells().map(probity_intake::Cell::into_text))?;
                    known.insert(row.line);
                }
                Item::Aside(aside) => {
                    count.set_aside += 1;
                    refused.push(aside);
                }
                Item::Object { .. } => {
                    return Err(Problem::new(COLUMN_MISSING, format!("{} is not a table", table.file))
                        .hint("mappings read CSV and Parquet")
                        .into());
                }
            }
        }
        staging.finish(&table.name, table.index.iter().map(String::as_str))?;
        let file: Arc<str> = table.file.as_str().into();
        for aside in refused {
            let problem = Problem { at: String::new(), ..aside.problem };
            sink.set_aside(&place(&file, aside.line), &[problem], Content::Row(&columns, &aside.content))?;
        }
        before += reader.size();
        progress(Stage::Staging, before, all);
    }
    Ok(())
}

/// One row of a query: an event, and the lines it accounts for.
fn one(
    sink: &mut Sink<'_>,
    mapping: &Mapping,
    event_type: &str,
    source: &str,
    row: &StagedRow<'_>,
    covered: &mut Vec<Covered>,
    lines: &mut Lines,
) -> Result<(), AppError> {
    let mut flat =
        Flat { pairs: vec![(Cow::Borrowed("type"), Cell::Text(event_type.into()))], from_table: true };
    let mut rows = Covered::new();
    for (at, column) in row.columns().iter().enumerate() {
        let text: Cow<'_, str> = match row.value(at)? {
            Staged::Null => continue,
            Staged::Integer(number) => number.to_string().into(),
            Staged::Real(number) => number.to_string().into(),
            Staged::Text(text) => text.to_owned().into(),
        };
        match accounted_table(column) {
            Some(table) => rows.push((table.to_owned(), parse_lines(&text)?)),
            None => flat.pairs.push((Cow::Owned(column.clone()), Cell::Text(Cow::Owned(text.into_owned())))),
        }
    }
    let vocabulary = &sink.catalogue.vocabulary;
    let money = vocabulary.find(event_type).is_some_and(|kind| vocabulary.get(kind).has_money());
    if let Some(currency) = mapping.currency.filter(|_| money && flat.get("currency").is_none()) {
        flat.pairs.push((Cow::Borrowed("currency"), Cell::Text(currency.to_string().into())));
    }
    sink.report.rows += 1;
    match sink.read(flat, source) {
        Ok(event) => {
            let first = rows.iter().find_map(|(table, lines)| Some((table.as_str(), *lines.first()?)));
            let (table, line) = first.unwrap_or((mapping.name.as_str(), 0));
            let at = place(&table.into(), line);
            covered.push(rows);
            sink.give(event, at)
        }
        Err(problems) => {
            let (code, reason) = (aside::code(&problems), aside::reason(&problems));
            let reason = format!("{event_type}: {reason}");
            for (table, refused) in rows {
                for line in refused {
                    sink.keep_aside(&table, line, &code, &reason, Vec::new())?;
                    sink.show(&table, line, &code, &reason);
                    lines.aside.entry(table.clone()).or_default().insert(line);
                }
            }
            sink.count_reason(&code);
            Ok(())
        }
    }
}

fn set_aside_on_purpose(
    sink: &mut Sink<'_>,
    mapping: &Mapping,
    staging: &Staging,
    lines: &mut Lines,
) -> Result<(), AppError> {
    for query in &mapping.set_aside {
        let mut found: Vec<(u64, String)> = Vec::new();
        staging
            .query(&query.sql, LIMIT, |row| {
                let Staged::Integer(line) = row.value(0)? else { return Ok(Stop::No) };
                let reason = match row.value(1)? {
                    Staged::Text(text) => text.to_owned(),
                    _ => query.code.clone(),
                };
                found.push((u64::try_from(line).unwrap_or(0), reason));
                Ok(Stop::No)
            })
            .map_err(|problem| if problem.at.is_empty() { problem.at(query.at.clone()) } else { problem })?;
        for (line, reason) in found {
            if lines.aside.entry(query.table.clone()).or_default().insert(line) {
                sink.count_reason(&query.code);
                sink.show(&query.table, line, &query.code, &reason);
                sink.keep_aside(&query.table, line, &query.code, &reason, Vec::new())?;
            }
        }
    }
    Ok(())
}

/// Rows that no event and no rule of the mapping speaks for are set aside too, and the tables are counted up.
fn close(sink: &mut Sink<'_>, mapping: &Mapping, lines: &Lines) -> Result<(), AppError> {
    let none = BTreeSet::new();
    let mut counts: HashMap<String, TableCount> = HashMap::new();
    for table in mapping.tables.iter().filter(|table| table.account) {
        let of = |map: &BTreeMap<String, BTreeSet<u64>>| map.get(&table.name).unwrap_or(&none).clone();
        let (all, imported, aside) = (of(&lines.all), of(&lines.imported), of(&lines.aside));
        let unused: Vec<u64> =
            all.iter().copied().filter(|line| !imported.contains(line) && !aside.contains(line)).collect();
        for line in &unused {
            let problem = Problem::new(ROW_UNUSED, "no event of the mapping speaks for this row");
            sink.count_reason(problem.code.as_str());
            sink.show(&table.name, *line, problem.code.as_str(), &problem.detail);
            sink.keep_aside(&table.name, *line, problem.code.as_str(), &problem.detail, Vec::new())?;
        }
        let only_aside =
            aside.iter().filter(|line| !imported.contains(line)).count() as u64 + unused.len() as u64;
        sink.report.set_aside += only_aside;
        let before = sink.report.tables.get(&table.name).cloned().unwrap_or_default();
        let imported = imported.len() as u64;
        counts.insert(
            table.name.clone(),
            TableCount { imported, set_aside: before.set_aside + only_aside, ..before },
        );
    }
    sink.report.tables = counts.into_iter().collect();
    sink.finish()
}
