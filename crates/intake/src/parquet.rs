//! Parquet: flat tables, row by row.
//!
//! The format has no checksum that a reader could rely on: of mutated files about four in ten still read without an error,
//! with other values than were written. What can be known is checked (every page decodes, each row group and the file hold
//! as many rows as their metadata says, a panic of the decoder becomes an error); that no value was changed can only be known
//! from a manifest, so put a `FILE.sha256` beside a file that has come a long way.

use std::borrow::Cow;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use parquet::file::reader::FileReader as _;
use parquet::file::serialized_reader::SerializedFileReader;
use parquet::record::reader::RowIter;
use parquet::record::{Field, Row as Record};
use probity_primitives::Problem;

use crate::csv::{HEADER_INVALID, check_columns};
use crate::row::{Cell, Counts, Item, Row};
use crate::source::{FILE_UNREADABLE, Progress, file_name, unreadable};

/// Bytes that one row group may unpack to. Writers make groups of 64 MiB to 1 GiB; a bomb would claim more.
const LARGEST_GROUP: i64 = 2 << 30;

/// Reads the rows of a flat Parquet file.
pub struct ParquetReader {
    rows: RowIter<'static>,
    name: String,
    columns: Vec<String>,
    cells: Vec<Cell<'static>>,
    expected: u64,
    size: u64,
    progress: Progress,
    counts: Counts,
    ended: bool,
}

impl ParquetReader {
    /// Reads the metadata.
    ///
    /// # Errors
    /// `intake-file-unreadable` for damaged metadata or a group that claims to unpack beyond 2 GiB, `intake-header-invalid` for nested
    /// columns and unusable names.
    pub fn open(path: &Path) -> Result<Self, Problem> {
        let name = file_name(path);
        let file = File::open(path).map_err(|e| unreadable(&name, &e))?;
        let size = file.metadata().map_err(|e| unreadable(&name, &e))?.len();
        let (reader, columns) = guarded(&name, || {
            let reader = SerializedFileReader::new(file).map_err(|e| damaged(&name, &e.to_string()))?;
            let columns = check_metadata(&reader, &name, size)?;
            Ok((reader, columns))
        })?;
        let expected = u64::try_from(reader.metadata().file_metadata().num_rows())
            .map_err(|_| damaged(&name, "a negative number of rows"))?;
        let rows = guarded(&name, || Ok(RowIter::from_file_into(Box::new(reader))))?;
        let cells = Vec::with_capacity(columns.len());
        let (progress, counts) = (Progress::default(), Counts::default());
        Ok(Self { rows, name, columns, cells, expected, size, progress, counts, ended: false })
    }

    /// The names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What has been read so far; lines are rows here.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// A count of bytes, estimated from the rows read.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The next row, `None` at the end.
    ///
    /// # Errors
    /// `intake-file-unreadable` when a page does not decode or the number of rows is not what the metadata says. Nothing
    /// can be read behind such a place.
    pub fn read(&mut self) -> Result<Option<Item<'_>>, Problem> {
        if self.ended {
            return Ok(None);
        }
        let number = self.counts.rows + 1;
        let record = match guarded(&self.name, || Ok(self.rows.next())) {
            Ok(Some(Ok(record))) => record,
            Ok(None) if self.counts.rows == self.expected => {
                self.ended = true;
                self.progress.set(self.size);
                return Ok(None);
            }
            Ok(None) => {
                let detail = format!("{} rows where the metadata has {}", self.counts.rows, self.expected);
                return self.fail(damaged(&self.name, &detail));
            }
            Ok(Some(Err(error))) => {
                return self.fail(damaged(&format!("{}:{number}", self.name), &error.to_string()));
            }
            Err(problem) => return self.fail(problem.at(format!("{}:{number}", self.name))),
        };
        if number > self.expected || record.len() != self.columns.len() {
            return self.fail(damaged(
                &format!("{}:{number}", self.name),
                "more rows or cells than the metadata has",
            ));
        }
        if let Err(problem) = self.take(record) {
            return self.fail(problem.at(format!("{}:{number}", self.name)));
        }
        self.counts.rows = number;
        self.counts.row_lines = number;
        self.counts.lines = number;
        let share = self.size as f64 * number as f64 / self.expected.max(1) as f64;
        self.progress.set(share as u64);
        Ok(Some(Item::Row(Row::whole(number, &self.cells))))
    }

    fn fail(&mut self, problem: Problem) -> Result<Option<Item<'_>>, Problem> {
        self.ended = true;
        Err(problem)
    }

    fn take(&mut self, record: Record) -> Result<(), Problem> {
        self.cells.clear();
        for (name, field) in record.into_columns() {
            // Formatting of an absurd moment may panic too.
            let cell = guarded(&self.name, || {
                cell(field).map_err(|detail| damaged(&self.name, &format!("{name}: {detail}")))
            })?;
            self.cells.push(cell);
        }
        Ok(())
    }
}

/// Runs a step of the decoder. It holds no lock and is not used again after a panic, so nothing half-changed can be seen.
fn guarded<T>(name: &str, step: impl FnOnce() -> Result<T, Problem>) -> Result<T, Problem> {
    catch_unwind(AssertUnwindSafe(step)).unwrap_or_else(|_| Err(damaged(name, "the decoder gave up")))
}

fn damaged(at: &str, detail: &str) -> Problem {
    Problem::new(FILE_UNREADABLE, format!("damaged Parquet: {detail}"))
        .at(at)
        .hint("get the file again; a FILE.sha256 beside it lets Probity check it before anything is read")
}

/// Checks what the metadata claims against the file and gives the column names.
fn check_metadata(
    reader: &SerializedFileReader<File>,
    name: &str,
    size: u64,
) -> Result<Vec<String>, Problem> {
    let metadata = reader.metadata();
    let schema = metadata.file_metadata().schema_descr();
    let refuse = |detail: String| Problem::new(HEADER_INVALID, detail).at(name);
    let mut columns = Vec::with_capacity(schema.num_columns());
    for column in schema.columns() {
        if column.path().parts().len() != 1 || column.max_rep_level() > 0 {
            return Err(refuse(format!("the column {} is nested", column.path()))
                .hint("only flat tables are read; flatten it before the export"));
        }
        columns.push(column.name().to_owned());
    }
    check_columns(&columns).map_err(refuse)?;

    let mut rows = 0_i64;
    for group in metadata.row_groups() {
        rows = rows
            .checked_add(group.num_rows())
            .filter(|_| group.num_rows() >= 0)
            .ok_or_else(|| damaged(name, "an impossible number of rows in a row group"))?;
        let mut unpacked = 0_i64;
        for chunk in group.columns() {
            let start = chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset());
            let len = chunk.compressed_size();
            let inside =
                start >= 0 && len >= 0 && start.checked_add(len).is_some_and(|end| end as u64 <= size);
            let sized = chunk.uncompressed_size() >= 0 && chunk.num_values() >= 0;
            if !inside || !sized {
                return Err(damaged(
                    name,
                    &format!("the column {} lies outside the file", chunk.column_path()),
                ));
            }
            unpacked = unpacked.saturating_add(chunk.uncompressed_size());
        }
        if unpacked > LARGEST_GROUP {
            return Err(damaged(name, "a row group claims to unpack to more than 2 GiB"));
        }
    }
    if rows != metadata.file_metadata().num_rows() {
        return Err(damaged(name, "the row groups hold another number of rows than the file"));
    }
    Ok(columns)
}

fn cell(field: Field) -> Result<Cell<'static>, String> {
    Ok(match field {
        Field::Null => Cell::Null,
        Field::Bool(b) => Cell::Boolean(b),
        Field::Byte(n) => Cell::Integer(n.into()),
        Field::Short(n) => Cell::Integer(n.into()),
        Field::Int(n) => Cell::Integer(n.into()),
        Field::Long(n) => Cell::Integer(n),
        Field::UByte(n) => Cell::Integer(n.into()),
        Field::UShort(n) => Cell::Integer(n.into()),
        Field::UInt(n) => Cell::Integer(n.into()),
        Field::ULong(n) => Cell::Number(Cow::Owned(n.to_string())),
        Field::Float(x) => Cell::Double(x.into()),
        Field::Double(x) => Cell::Double(x),
        Field::Str(text) => text_cell(text)?,
        Field::Bytes(bytes) => {
            let text =
                std::str::from_utf8(bytes.data()).map_err(|_| "bytes that are not UTF-8 text".to_owned())?;
            text_cell(text.to_owned())?
        }
        field @ Field::Decimal(_) => Cell::Number(Cow::Owned(field.to_string())),
        field @ Field::Date(_) => Cell::Text(Cow::Owned(field.to_string())),
        // The decoder shows `2018-01-01 12:00:00.000 +00:00`; every other text of a moment here is RFC 3339, so this one too.
        field @ (Field::TimestampMillis(_) | Field::TimestampMicros(_)) => {
            let shown = field.to_string().replacen(' ', "T", 1);
            Cell::Text(Cow::Owned(shown.replacen(" +00:00", "Z", 1)))
        }
        other => return Err(format!("a value of a kind that is not read: {}", kind(&other))),
    })
}

fn text_cell(text: String) -> Result<Cell<'static>, String> {
    if text.contains('\0') {
        return Err("a NUL character".to_owned());
    }
    Ok(Cell::Text(Cow::Owned(text)))
}

fn kind(field: &Field) -> &'static str {
    match field {
        Field::Group(_) => "group",
        Field::ListInternal(_) => "list",
        Field::MapInternal(_) => "map",
        Field::Float16(_) => "half-precision float",
        _ => "time of day",
    }
}
