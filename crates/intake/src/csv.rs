//! CSV as RFC 4180 has it, split over physical lines so that one broken row costs one row.
//!
//! A record may span lines inside quotes (review comments do), but at most [`MOST_LINES`] of them. Where a quoted record is
//! malformed only its first physical line is set aside and reading resumes at the next: an unclosed quote in the middle of a
//! million rows costs one row, not all that follow.
//!
//! An empty cell, quoted or not, is null. A quote inside an unquoted cell is an ordinary character (`5" disk`).

use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};

use crate::jsonl::bom;
use crate::lines::{Line, Window};
use crate::row::{Aside, Counts, Item, LONGEST_CONTENT, LONGEST_ROW, ROW_INVALID, Row};
use crate::source::{Bytes, unreadable};

/// The header row cannot name the columns of a table.
pub const HEADER_INVALID: Code = Code::new("intake-header-invalid");

/// Physical lines of one record. The longest review comment of the public Olist data has below 30; a missing closing quote must not reach far.
pub const MOST_LINES: u64 = 200;

/// Columns of a table; SQLite, into which tables are staged, allows 2,000.
pub const MOST_COLUMNS: usize = 1_000;

/// Reads the rows of a CSV file.
pub struct CsvReader {
    window: Window,
    name: String,
    delimiter: u8,
    columns: Vec<String>,
    /// Bytes at the start of the window that the last item was made of.
    taken: usize,
    record: Record,
    counts: Counts,
}

/// The cells of the record at hand: bounds in the window's bytes, or in `text` where quotes had to be removed.
#[derive(Default)]
struct Record {
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// A record found at the start of the window.
struct Found {
    /// Bytes of the record without its line end.
    content: usize,
    /// Bytes up to the next record.
    next: usize,
    lines: u64,
    quoted: bool,
}

/// Why a record was not found. Only its first physical line is meant.
struct Broken {
    content: usize,
    next: usize,
    why: String,
}

enum Outcome {
    Found(Found),
    Broken(Broken),
    TooLong,
    End,
}

impl CsvReader {
    /// Reads the header. `name` is the file's name, for messages; `delimiter` is `,` almost everywhere.
    ///
    /// # Errors
    /// `intake-header-invalid` for no header, an empty or repeated column name (letter case apart), more than 1,000 columns;
    /// `intake-file-unreadable` on I/O.
    pub fn new(source: Bytes, name: &str, delimiter: u8) -> Result<Self, Problem> {
        let mut reader = Self {
            window: Window::new(source),
            name: name.to_owned(),
            delimiter,
            columns: Vec::new(),
            taken: 0,
            record: Record::default(),
            counts: Counts::default(),
        };
        reader.read_header()?;
        Ok(reader)
    }

    /// The names of the columns, as the header has them (blanks at the ends removed).
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// What has been read so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// The next row, `None` at the end.
    ///
    /// # Errors
    /// `intake-file-unreadable` when the file cannot be read any further.
    pub fn read(&mut self) -> Result<Option<Item<'_>>, Problem> {
        let found = loop {
            self.window.consume(std::mem::take(&mut self.taken));
            match self.record()? {
                Outcome::End => return Ok(None),
                Outcome::TooLong => return self.too_long().map(Some),
                Outcome::Broken(broken) => {
                    self.counts.lines += 1;
                    self.taken = broken.next;
                    return Ok(Some(self.aside(broken.content, 1, broken.why)));
                }
                Outcome::Found(found) if found.content == 0 => {
                    self.counts.lines += 1;
                    self.counts.blank += 1;
                    self.taken = found.next;
                }
                Outcome::Found(found) => break found,
            }
        };
        if let Some(why) = self.fault(&found) {
            // A wrong number of cells in a record of several lines may be a quote gone astray: only the first line is given up.
            let (content, next, lines) = if found.lines > 1 && self.record.ends.len() != self.columns.len() {
                match self.window.line(0).map_err(|e| unreadable(&self.name, &e))? {
                    Line::Found { content, next } => (content, next, 1),
                    Line::TooLong | Line::End => (found.content, found.next, found.lines),
                }
            } else {
                (found.content, found.next, found.lines)
            };
            self.counts.lines += lines;
            self.taken = next;
            return Ok(Some(self.aside(content, lines, why)));
        }
        let line = self.counts.lines + 1;
        self.counts.lines += found.lines;
        self.counts.rows += 1;
        self.counts.row_lines += found.lines;
        self.taken = found.next;
        let (bytes, gap) = self.text_of(&found);
        // `fault` has seen that these bytes are UTF-8.
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        Ok(Some(Item::Row(Row::split(line, found.lines, text, &self.record.ends, gap))))
    }

    fn text_of(&self, found: &Found) -> (&[u8], usize) {
        if found.quoted { (&self.record.text, 0) } else { (self.window.bytes(found.content), 1) }
    }

    /// What keeps a well-formed record from being a row of this table.
    fn fault(&self, found: &Found) -> Option<String> {
        let (cells, columns) = (self.record.ends.len(), self.columns.len());
        if cells != columns {
            return Some(format!("{cells} cells where the header has {columns}"));
        }
        let (bytes, _) = self.text_of(found);
        let text = match std::str::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                return Some(format!("not valid UTF-8 near byte {} of the row", error.valid_up_to() + 1));
            }
        };
        if let Some(at) = memchr::memchr(0, bytes) {
            return Some(format!("a NUL character near byte {} of the row", at + 1));
        }
        if !found.quoted && memchr::memchr(b'\r', bytes).is_some() {
            return Some("a carriage return outside quotes".to_owned());
        }
        let again = Row::split(0, 1, text, &self.record.ends, self.text_of(found).1);
        let same = again
            .cells()
            .zip(&self.columns)
            .all(|(cell, name)| cell.text().is_some_and(|text| text.trim() == name));
        same.then(|| "the header row again (files joined together?)".to_owned())
    }

    /// Finds the record at the start of the window and fills `self.record`.
    fn record(&mut self) -> Result<Outcome, Problem> {
        let found = self.window.line(0).map_err(|e| unreadable(&self.name, &e))?;
        let (content, next) = match found {
            Line::End => return Ok(Outcome::End),
            Line::TooLong => return Ok(Outcome::TooLong),
            Line::Found { content, next } => (content, next),
        };
        let bytes = self.window.bytes(content);
        if memchr::memchr(b'"', bytes).is_some() {
            return self.quoted_record(content, next);
        }
        self.record.ends.clear();
        self.record.ends.extend(memchr::memchr_iter(self.delimiter, bytes));
        self.record.ends.push(content);
        Ok(Outcome::Found(Found { content, next, lines: 1, quoted: false }))
    }

    /// A record with at least one quote in its first line: cells are copied to `record.text` without their quotes.
    fn quoted_record(&mut self, first: usize, after_first: usize) -> Result<Outcome, Problem> {
        self.record.text.clear();
        self.record.ends.clear();
        let broken = |why: String| Ok(Outcome::Broken(Broken { content: first, next: after_first, why }));
        let (mut from, mut content, mut next, mut lines) = (0, first, after_first, 1);
        let mut within = Within::Start;
        loop {
            let line = self.window.bytes(content).get(from..).unwrap_or_default();
            match self.record.split(line, self.delimiter, within) {
                Ok(state) => within = state,
                Err(why) => return broken(why),
            }
            if within != Within::Quotes {
                self.record.ends.push(self.record.text.len());
                return Ok(Outcome::Found(Found { content, next, lines, quoted: true }));
            }
            if lines == MOST_LINES {
                return broken(format!("a quote is not closed within {MOST_LINES} lines"));
            }
            let line_end = self.window.bytes(next).get(content..).unwrap_or_default();
            self.record.text.extend_from_slice(line_end);
            from = next;
            match self.window.line(from).map_err(|e| unreadable(&self.name, &e))? {
                Line::Found { content: c, next: n } => (content, next) = (c, n),
                Line::TooLong => return broken(format!("a quote is not closed within {LONGEST_ROW} bytes")),
                Line::End => return broken("a quote is not closed before the end of the file".to_owned()),
            }
            lines += 1;
        }
    }

    fn too_long(&mut self) -> Result<Item<'static>, Problem> {
        self.counts.lines += 1;
        self.counts.aside += 1;
        self.counts.aside_lines += 1;
        let content = self.window.bytes(LONGEST_CONTENT).to_vec();
        let len = self.window.skip_line().map_err(|e| unreadable(&self.name, &e))?;
        let line = self.counts.lines;
        let problem =
            Problem::new(ROW_INVALID, format!("a line of {len} bytes; at most {LONGEST_ROW} are read"))
                .at(format!("{}:{line}", self.name));
        Ok(Item::Aside(Aside { line, lines: 1, problem, content }))
    }

    /// Sets the last `lines` counted lines aside; their bytes stand at the start of the window.
    fn aside(&mut self, content: usize, lines: u64, why: String) -> Item<'static> {
        self.counts.aside += 1;
        self.counts.aside_lines += lines;
        let line = self.counts.lines + 1 - lines;
        let content = self.window.bytes(content.min(LONGEST_CONTENT)).to_vec();
        let problem = Problem::new(ROW_INVALID, why).at(format!("{}:{line}", self.name));
        Item::Aside(Aside { line, lines, problem, content })
    }

    fn read_header(&mut self) -> Result<(), Problem> {
        let refuse = |name: &str, detail: String| {
            Problem::new(HEADER_INVALID, detail)
                .at(format!("{name}:1"))
                .hint("the first line must name the columns, each once, separated like the cells")
        };
        // The mark is 3 bytes; the first line is in the window once it has been looked for.
        self.window.line(0).map_err(|e| unreadable(&self.name, &e))?;
        self.window.consume(bom(self.window.bytes(3)));
        let found = match self.record()? {
            Outcome::Found(found) if found.content > 0 => found,
            Outcome::Found(_) => return Err(refuse(&self.name, "the first line is empty".to_owned())),
            Outcome::End => return Err(refuse(&self.name, "the file is empty".to_owned())),
            Outcome::TooLong => return Err(refuse(&self.name, "the first line is too long".to_owned())),
            Outcome::Broken(broken) => return Err(refuse(&self.name, broken.why)),
        };
        let (bytes, gap) = self.text_of(&found);
        let Ok(text) = std::str::from_utf8(bytes) else {
            return Err(refuse(&self.name, "the header is not valid UTF-8".to_owned()));
        };
        let row = Row::split(1, found.lines, text, &self.record.ends, gap);
        let columns: Vec<String> =
            row.cells().map(|c| c.text().unwrap_or_default().trim().to_owned()).collect();
        check_columns(&columns).map_err(|detail| refuse(&self.name, detail))?;
        self.columns = columns;
        self.counts.lines += found.lines;
        self.counts.header = found.lines;
        self.taken = found.next;
        Ok(())
    }
}

/// Names must be there and differ, letter case apart (SQL would not tell them apart).
pub(crate) fn check_columns(columns: &[String]) -> Result<(), String> {
    if columns.len() > MOST_COLUMNS {
        return Err(format!("{} columns; at most {MOST_COLUMNS} are read", columns.len()));
    }
    let mut seen = std::collections::HashSet::new();
    for (n, name) in columns.iter().enumerate() {
        if name.is_empty() {
            return Err(format!("column {} has no name", n + 1));
        }
        if name.chars().any(char::is_control) {
            return Err(format!("the name of column {} has a control character: “{}”", n + 1, shown(name)));
        }
        if !seen.insert(name.to_ascii_lowercase()) {
            return Err(format!("the column “{}” is named twice", shown(name)));
        }
    }
    Ok(())
}

/// Where a record stands between two bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Within {
    /// At the start of a cell.
    Start,
    /// Inside an unquoted cell.
    Plain,
    /// Inside quotes.
    Quotes,
    /// Just behind a closing quote (or the first half of a doubled one).
    Closed,
}

impl Record {
    /// Takes the bytes of one physical line without its end.
    fn split(&mut self, line: &[u8], delimiter: u8, mut within: Within) -> Result<Within, String> {
        let mut rest = line;
        while let Some((&byte, tail)) = rest.split_first() {
            match within {
                Within::Quotes => {
                    // Most of a quoted text is copied in one piece.
                    let end = memchr::memchr(b'"', rest).unwrap_or(rest.len());
                    let (inside, behind) = rest.split_at(end);
                    self.text.extend_from_slice(inside);
                    rest = behind.get(1..).unwrap_or_default();
                    if !behind.is_empty() {
                        within = Within::Closed;
                    }
                    continue;
                }
                Within::Closed if byte == b'"' => {
                    self.text.push(b'"');
                    within = Within::Quotes;
                }
                Within::Start if byte == b'"' => within = Within::Quotes,
                _ if byte == delimiter => {
                    self.ends.push(self.text.len());
                    within = Within::Start;
                }
                Within::Closed => {
                    let cell = self.ends.len() + 1;
                    return Err(format!("characters after the closing quote of cell {cell}"));
                }
                Within::Start | Within::Plain if byte == b'\r' => {
                    return Err("a carriage return outside quotes".to_owned());
                }
                Within::Start | Within::Plain => {
                    self.text.push(byte);
                    within = Within::Plain;
                }
            }
            rest = tail;
        }
        Ok(within)
    }
}
