//! A training set from end to end.

use super::super::decide::beside;
use super::super::error::{AppError, Class};
use super::super::own::is_answer;
use super::super::timeline::{Change, Chronicle, Progress};
use super::asking::{DatasetOptions, Extent, columns_of, label_of};
use super::carried::{Carried, Parties};
use super::labelling::labelled;
use super::report::{Counts, Dataset, LabelShown, MomentRow};
use super::rows::Looking;
use super::sheet::{Sheet, SheetRow, is_parquet};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Event;
use probity_credit::label::Label;
use probity_credit::order::DERIVED_SOURCE;
use probity_primitives::{Code, Duration, Problem};
use probity_store::{Reader, SqliteReader};
use std::path::Path;
use std::sync::Arc;

const LOG_EMPTY: Code = Code::new("log-empty");

/// Where rows go.
pub(in crate::app) trait Sink {
    /// The names of the wanted indicators and their places among the role's, before any row.
    fn begin(&mut self, names: &[String], places: &[usize]) -> Result<(), AppError>;
    /// A row.
    fn row(&mut self, row: &SheetRow) -> Result<(), AppError>;
}

/// A file of rows.
struct ToFile<'a> {
    options: &'a DatasetOptions,
    sheet: Option<Sheet>,
}

impl Sink for ToFile<'_> {
    fn begin(&mut self, names: &[String], places: &[usize]) -> Result<(), AppError> {
        let weighted = self.options.keep_good < 1.0;
        self.sheet = Some(Sheet::create(&self.options.to, names, places.to_vec(), weighted)?);
        Ok(())
    }

    fn row(&mut self, row: &SheetRow) -> Result<(), AppError> {
        self.sheet.as_mut().map_or(Ok(()), |sheet| sheet.row(row))
    }
}

/// Writes a training set from the log of a folder. Only reads the folder, also while another process writes.
///
/// # Errors
/// `label-unknown`, `dataset-invalid`, `label-in-future`, `log-empty`, `export-failed`; those of the store.
pub fn dataset(
    folder: &Path,
    catalogue: Catalogue,
    options: &DatasetOptions,
    progress: Progress<'_>,
) -> Result<Dataset, AppError> {
    is_parquet(&options.to)?;
    let mut file = ToFile { options, sheet: None };
    let built = gathered(folder, catalogue, options, &mut file, progress)?;
    file.sheet.map_or(Ok(()), Sheet::finish)?;
    Ok(built)
}

/// The rows of a training set, wherever they go; `options.to` is only named.
///
/// # Errors
/// As [`dataset`], and those of the sink.
pub(in crate::app) fn gathered(
    folder: &Path,
    catalogue: Catalogue,
    options: &DatasetOptions,
    sink: &mut dyn Sink,
    progress: Progress<'_>,
) -> Result<Dataset, AppError> {
    options.check()?;
    let label = label_of(&catalogue, &options.label)?.name().to_owned();
    columns_of(&catalogue, label_of(&catalogue, &label)?, &options.indicators)?;
    let shared = beside(folder, catalogue)?;
    let catalogue = Arc::clone(&shared.catalogue);
    let label = label_of(&catalogue, &label)?;
    let places = columns_of(&catalogue, label, &options.indicators)?;
    let mut reader = SqliteReader::open(folder)?;
    let chronicle = Chronicle { folder, shared: &shared, upto: reader.last()?.0 };
    let (changes, extent) = known(&chronicle, &mut |_| {}, progress)?;
    let moments = options.moments(label, extent)?;
    let over = moments.over.as_slice();
    let parties = Parties::read(&mut reader, label.of())?;
    let names = catalogue.plan.names(label.of());
    let names: Vec<String> = places.iter().filter_map(|place| names.get(*place).cloned()).collect();
    sink.begin(&names, &places)?;
    let labelled = labelled(&chronicle, label, &parties, (over, &changes), progress)?;
    let carried = Carried { chronicle: &chronicle, role: label.of(), parties: &parties };
    let looking = Looking { carried: &carried, label, labelled: &labelled, keep_good: options.keep_good };
    let mut counted = vec![Counts::default(); over.len()];
    let gone_over = looking.go_over(
        (over, &changes),
        &mut |nth, counts, rows| {
            if let Some(counted) = counted.get_mut(nth) {
                *counted += counts;
            }
            rows.iter().try_for_each(|row| sink.row(row))
        },
        progress,
    )?;
    let mut total = Counts::default();
    counted.iter().for_each(|counts| total += *counts);
    let rows = over.iter().zip(counted).map(|(at, counts)| MomentRow { as_of: at.to_string(), counts });
    Ok(Dataset {
        out: options.to.display().to_string(),
        label: shown(label),
        catalogue: catalogue.hash.to_string(),
        indicators: names,
        keep_good: options.keep_good,
        latest: extent.latest.to_string(),
        total,
        moments: rows.collect(),
        left_out: moments.left_out,
        changes: gone_over,
    })
}

/// What became known, in that order, and from when to when. Answers to requests say nothing of a party. `hears` of every event,
/// in the order of the log.
///
/// # Errors
/// `log-empty`; those of the store.
pub(in crate::app) fn known(
    chronicle: &Chronicle<'_>,
    hears: &mut dyn FnMut(&Event),
    progress: Progress<'_>,
) -> Result<(Vec<Change>, Extent), AppError> {
    let catalogue = &chronicle.shared.catalogue;
    let mut extent: Option<Extent> = None;
    let mut takes = |event: &Event| {
        hears(event);
        if event.source.as_str() != DERIVED_SOURCE && !catalogue.marks.is_mark(event.kind) {
            let at = event.known_at;
            let known = extent.get_or_insert(Extent { first: at, latest: at });
            *known = Extent { first: known.first.min(at), latest: known.latest.max(at) };
        }
        !is_answer(catalogue, event)
    };
    let changes = chronicle.changes(&mut takes, progress)?;
    let extent = extent
        .ok_or_else(|| AppError::new(Class::Missing, Problem::new(LOG_EMPTY, "there are no events yet")))?;
    Ok((changes, extent))
}

fn shown(label: &Label) -> LabelShown {
    let days = |span: Duration| span.0 / Duration::days(1).0;
    LabelShown {
        name: label.name().to_owned(),
        title: label.title().to_owned(),
        of: label.of().as_str(),
        within_days: days(label.within()),
        report_days: days(label.report()),
        file: label.file().to_owned(),
        hash: label.hash().to_string(),
    }
}
