//! One file, whatever its format.

use std::fs::File;
use std::path::Path;

use probity_primitives::{Code, Problem};

use crate::csv::CsvReader;
use crate::jsonl::JsonlReader;
use crate::parquet::ParquetReader;
use crate::row::{Counts, Item};
use crate::source::{Progress, file_name, stream, unreadable, verify_manifest};

/// The name of the file does not say a format that is read.
pub const FORMAT_UNKNOWN: Code = Code::new("intake-format-unknown");

/// How to read a file, as far as its name does not tell.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// What stands between the cells of a CSV row.
    pub delimiter: u8,
}

impl Default for Options {
    fn default() -> Self {
        Self { delimiter: b',' }
    }
}

/// An open file: rows of a table (CSV, Parquet) or objects (JSON Lines).
pub struct FileReader {
    format: Format,
    progress: Progress,
    size: u64,
}

enum Format {
    Csv(CsvReader),
    Jsonl(JsonlReader),
    Parquet(Box<ParquetReader>),
}

/// Opens a file by the end of its name: `.csv`, `.jsonl`, `.ndjson`, these with `.gz`, or `.parquet`.
///
/// Where a `FILE.sha256` lies beside it, the whole file is checked against it first.
///
/// # Errors
/// `intake-format-unknown`, `intake-file-unreadable`, `intake-file-changed`, `intake-header-invalid`.
pub fn open(path: &Path, options: Options) -> Result<FileReader, Problem> {
    let kind = Kind::of(path)?;
    verify_manifest(path)?;
    kind.open(path, options)
}

/// Looks whether a file can be opened, without reading more than its beginning: its name, its header. Gives its size.
///
/// # Errors
/// As [`open`]; `intake-file-changed` only where nothing else can be made of the file.
pub fn look(path: &Path, options: Options) -> Result<u64, Problem> {
    let kind = Kind::of(path)?;
    let looked = kind.open(path, options).map(|reader| reader.size());
    if looked.is_err() {
        // That it was changed is the better reason for what it looks like.
        verify_manifest(path)?;
    }
    looked
}

/// A format, as far as a file's name tells.
#[derive(Clone, Copy)]
enum Kind {
    Csv { packed: bool },
    Jsonl { packed: bool },
    Parquet,
}

impl Kind {
    fn of(path: &Path) -> Result<Self, Problem> {
        let name = file_name(path);
        let lower = name.to_ascii_lowercase();
        let (plain, packed) =
            lower.strip_suffix(".gz").map_or((lower.as_str(), false), |plain| (plain, true));
        match (plain.rsplit_once('.').map_or("", |(_, extension)| extension), packed) {
            ("csv", packed) => Ok(Self::Csv { packed }),
            ("jsonl" | "ndjson", packed) => Ok(Self::Jsonl { packed }),
            ("parquet", false) => Ok(Self::Parquet),
            _ => Err(Problem::new(FORMAT_UNKNOWN, "no format that is read has this file extension")
                .at(name)
                .hint("name it .csv, .jsonl, .ndjson (each may be packed as .gz) or .parquet; turn a JSON array into lines with: jq -c '.[]'")),
        }
    }

    fn open(self, path: &Path, options: Options) -> Result<FileReader, Problem> {
        let name = file_name(path);
        let file = File::open(path).map_err(|e| unreadable(&name, &e))?;
        let size = file.metadata().map_err(|e| unreadable(&name, &e))?.len();
        let packed = match self {
            Self::Parquet => {
                let reader = Box::new(ParquetReader::open(path)?);
                return Ok(FileReader { progress: reader.progress(), size, format: Format::Parquet(reader) });
            }
            Self::Csv { packed } | Self::Jsonl { packed } => packed,
        };
        let (bytes, progress) = stream(file, packed);
        let format = if matches!(self, Self::Csv { .. }) {
            Format::Csv(CsvReader::new(bytes, &name, options.delimiter)?)
        } else {
            Format::Jsonl(JsonlReader::new(bytes, &name))
        };
        Ok(FileReader { format, progress, size })
    }
}

impl FileReader {
    /// The names of the columns; empty for JSON Lines, where each object names its own.
    pub fn columns(&self) -> &[String] {
        match &self.format {
            Format::Csv(reader) => reader.columns(),
            Format::Jsonl(_) => &[],
            Format::Parquet(reader) => reader.columns(),
        }
    }

    /// The next row, object or row set aside; `None` at the end.
    ///
    /// # Errors
    /// `intake-file-unreadable` when the file cannot be read any further; what was read before stays good.
    pub fn read(&mut self) -> Result<Option<Item<'_>>, Problem> {
        match &mut self.format {
            Format::Csv(reader) => reader.read(),
            Format::Jsonl(reader) => reader.read(),
            Format::Parquet(reader) => reader.read(),
        }
    }

    /// What has been read so far.
    pub fn counts(&self) -> Counts {
        match &self.format {
            Format::Csv(reader) => reader.counts(),
            Format::Jsonl(reader) => reader.counts(),
            Format::Parquet(reader) => reader.counts(),
        }
    }

    /// Bytes read so far, to be set against [`Self::size`]; can be kept and asked from elsewhere.
    pub fn progress(&self) -> Progress {
        self.progress.clone()
    }

    /// The size of the file on disk in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }
}
