//! The file: rows under a name that no command takes, until it is whole.

use super::super::error::{AppError, Class};
use super::asking::refuse;
use probity_intake::Cell;
use probity_intake::export::CsvWriter;
use probity_intake::parquet_out::{Batch, Column, ColumnKind, ParquetWriter, Table, Word};
use probity_primitives::{Code, Problem, Timestamp};
use std::borrow::Cow;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const EXPORT_FAILED: Code = Code::new("export-failed");

/// Rows of one row group of a Parquet file.
const GROUP: usize = 16_384;

/// A row of a training set.
pub(in crate::app) struct SheetRow {
    pub(in crate::app) party: String,
    pub(in crate::app) as_of: Timestamp,
    pub(in crate::app) bad: bool,
    /// How many rows it stands for, where only a share is kept.
    pub(in crate::app) weight: f64,
    pub(in crate::app) score: i32,
    pub(in crate::app) tier: Arc<str>,
    /// All values of the role; the sheet takes those that are wanted.
    pub(in crate::app) values: Arc<Vec<Option<f64>>>,
}

/// A file that is being written.
pub(super) struct Sheet {
    form: Form,
    places: Vec<usize>,
    weighted: bool,
    unfinished: Unfinished,
}

enum Form {
    Csv(CsvWriter<BufWriter<File>>),
    Parquet { writer: Box<ParquetWriter<BufWriter<File>>>, batch: Batch },
}

/// Goes when it is not renamed.
struct Unfinished {
    path: PathBuf,
    to: PathBuf,
    kept: bool,
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be cleared away now is written over by the next run.
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn failed(at: &Path, error: &io::Error) -> AppError {
    let class = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Class::Full,
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory | io::ErrorKind::IsADirectory => {
            Class::Invalid
        }
        _ => Class::Unavailable,
    };
    AppError::new(class, Problem::new(EXPORT_FAILED, error.to_string()).at(at.display().to_string()))
}

/// Whether a file is to be Parquet.
///
/// # Errors
/// `dataset-invalid` for another ending than .csv and .parquet.
pub(super) fn is_parquet(to: &Path) -> Result<bool, AppError> {
    match to.extension().and_then(|ending| ending.to_str()) {
        Some("csv") => Ok(false),
        Some("parquet") => Ok(true),
        _ => Err(refuse(
            format!("{} is neither .csv nor .parquet", to.display()),
            "the ending of --out says which form the file has",
        )),
    }
}

impl Sheet {
    /// Begins a file; one that stands under the name stays until the new one is whole. `names` are those of `places`.
    pub(super) fn create(
        to: &Path,
        names: &[String],
        places: Vec<usize>,
        weighted: bool,
    ) -> Result<Self, AppError> {
        let parquet = is_parquet(to)?;
        if to.is_dir() {
            return Err(failed(to, &io::Error::from(io::ErrorKind::IsADirectory)));
        }
        let name = to.file_name().unwrap_or_default().to_string_lossy();
        // Two runs at once do not write into each other's file.
        let path = to.with_file_name(format!(".{name}.{}.unfinished", std::process::id()));
        let file = File::create(&path).map_err(|error| failed(to, &error))?;
        let unfinished = Unfinished { path, to: to.to_owned(), kept: false };
        let out = BufWriter::with_capacity(1 << 20, file);
        let own = [("party", ColumnKind::Text), ("as_of", ColumnKind::Moment), ("bad", ColumnKind::Integer)];
        let weight = weighted.then_some(("weight", ColumnKind::Double));
        let judged = [("score", ColumnKind::Integer), ("tier", ColumnKind::Word)];
        let mut columns: Vec<Column> = own
            .into_iter()
            .chain(weight)
            .chain(judged)
            .map(|(name, kind)| Column::known(name, kind))
            .collect();
        columns.extend(
            names.iter().map(|name| Column { name: Cow::Owned(name.clone()), kind: ColumnKind::Double }),
        );
        let made = if parquet {
            Table::try_new(columns)
                .map_err(|error| io::Error::other(error.to_string()))
                .and_then(|table| ParquetWriter::try_new(out, table, 1))
                .map(|writer| Form::Parquet { batch: writer.batch(), writer: Box::new(writer) })
        } else {
            CsvWriter::new(out, columns.iter().map(|column| column.name.as_ref())).map(Form::Csv)
        };
        let form = made.map_err(|error| failed(to, &error))?;
        Ok(Self { form, places, weighted, unfinished })
    }

    pub(super) fn row(&mut self, row: &SheetRow) -> Result<(), AppError> {
        let values = self.places.iter().map(|place| row.values.get(*place).copied().flatten());
        let done = match &mut self.form {
            Form::Csv(csv) => {
                let own = [
                    Cell::Text(Cow::Borrowed(&row.party)),
                    Cell::Text(Cow::Owned(row.as_of.to_string())),
                    Cell::Integer(row.bad.into()),
                ];
                let judged = [Cell::Integer(row.score.into()), Cell::Text(Cow::Borrowed(&row.tier))];
                let weight = self.weighted.then_some(Cell::Double(row.weight));
                let values = values.map(|value| value.map_or(Cell::Null, Cell::Double));
                csv.row(own.into_iter().chain(weight).chain(judged).chain(values))
            }
            Form::Parquet { writer, batch } => {
                batch.text(0, &row.party);
                batch.integer(1, row.as_of.millis());
                batch.integer(2, row.bad.into());
                if self.weighted {
                    batch.double(3, row.weight);
                }
                let next = 3 + usize::from(self.weighted);
                batch.integer(next, row.score.into());
                batch.word(next + 1, &Word::from(row.tier.to_string()));
                for (place, value) in values.enumerate() {
                    if let Some(value) = value {
                        batch.double(next + 2 + place, value);
                    }
                }
                batch.end_row();
                if batch.rows() < GROUP { Ok(()) } else { flushed(writer, batch) }
            }
        };
        done.map_err(|error| failed(&self.unfinished.to, &error))
    }

    /// The file is whole, durable, and takes its name.
    pub(super) fn finish(mut self) -> Result<(), AppError> {
        let to = self.unfinished.to.clone();
        let done = match self.form {
            Form::Csv(csv) => csv.finish(),
            Form::Parquet { mut writer, mut batch } => {
                flushed(&mut writer, &mut batch).and_then(|()| writer.finish())
            }
        };
        let durable = done
            .and_then(|out| out.into_inner().map_err(io::IntoInnerError::into_error))
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.unfinished.path, &to));
        durable.map_err(|error| failed(&to, &error))?;
        self.unfinished.kept = true;
        Ok(())
    }
}

fn flushed(writer: &mut ParquetWriter<BufWriter<File>>, batch: &mut Batch) -> io::Result<()> {
    *batch = writer.write(std::mem::replace(batch, Batch::none()))?;
    Ok(())
}
