//! What a reader gives out: rows of cells, objects, and what was set aside.

use std::borrow::Cow;

use probity_primitives::{Code, Problem};

/// A row of a file that cannot be taken: wrong number of cells, broken quotes, invalid UTF-8, over the limits.
pub const ROW_INVALID: Code = Code::new("intake-row-invalid");

/// The longest row of a text file in bytes. Rows of real tables are below 100 KiB; a longer one is never held in memory.
pub const LONGEST_ROW: usize = 1 << 20;

/// How much of a set-aside row is kept for the person who has to mend it.
pub const LONGEST_CONTENT: usize = 64 << 10;

/// One value of a row. Nothing is converted on the way: numbers of text formats keep their literal text.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell<'a> {
    /// Nothing: an empty CSV cell, a JSON or Parquet null.
    Null,
    /// A text. Every CSV cell that is not empty is one.
    Text(Cow<'a, str>),
    /// A number as it was written (`1.10` stays `1.10`): JSON numbers and Parquet decimals.
    Number(Cow<'a, str>),
    /// A Parquet integer.
    Integer(i64),
    /// A Parquet floating point number.
    Double(f64),
    /// True or false.
    Boolean(bool),
}

impl<'a> Cell<'a> {
    /// The value as text, `None` for null: how a foreign table is staged.
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Number(text) => Some(Cow::Borrowed(text)),
            Self::Integer(n) => Some(Cow::Owned(n.to_string())),
            Self::Double(x) => Some(Cow::Owned(x.to_string())),
            Self::Boolean(b) => Some(Cow::Borrowed(if *b { "true" } else { "false" })),
        }
    }

    /// The value as text, `None` for null, without copying what was not copied yet.
    pub fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Null => None,
            Self::Text(text) | Self::Number(text) => Some(text),
            Self::Integer(n) => Some(Cow::Owned(n.to_string())),
            Self::Double(x) => Some(Cow::Owned(x.to_string())),
            Self::Boolean(b) => Some(Cow::Borrowed(if b { "true" } else { "false" })),
        }
    }

    /// The same value with no tie to the reader.
    pub fn into_owned(self) -> Cell<'static> {
        match self {
            Self::Null => Cell::Null,
            Self::Text(text) => Cell::Text(Cow::Owned(text.into_owned())),
            Self::Number(text) => Cell::Number(Cow::Owned(text.into_owned())),
            Self::Integer(n) => Cell::Integer(n),
            Self::Double(x) => Cell::Double(x),
            Self::Boolean(b) => Cell::Boolean(b),
        }
    }
}

/// The cells of one row, as many as the table has columns.
#[derive(Debug, Clone, Copy)]
pub struct Row<'a> {
    /// The first physical line of the row (CSV) or its number (Parquet), from 1.
    pub line: u64,
    /// How many physical lines it spans; more than 1 where a quoted CSV cell holds line breaks.
    pub lines: u64,
    cells: Cells<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Cells<'a> {
    /// All cells in one text; a cell ends at its bound and the next begins `gap` bytes behind it.
    Split {
        text: &'a str,
        ends: &'a [usize],
        gap: usize,
    },
    Whole(&'a [Cell<'static>]),
}

impl<'a> Row<'a> {
    pub(crate) fn split(line: u64, lines: u64, text: &'a str, ends: &'a [usize], gap: usize) -> Self {
        Self { line, lines, cells: Cells::Split { text, ends, gap } }
    }

    pub(crate) fn whole(line: u64, cells: &'a [Cell<'static>]) -> Self {
        Self { line, lines: 1, cells: Cells::Whole(cells) }
    }

    /// How many cells the row has.
    pub fn len(&self) -> usize {
        match self.cells {
            Cells::Split { ends, .. } => ends.len(),
            Cells::Whole(cells) => cells.len(),
        }
    }

    /// Whether the row has no cells at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The cells from left to right. Borrows; nothing is copied for CSV.
    pub fn cells(&self) -> impl Iterator<Item = Cell<'a>> + use<'a> {
        let cells = self.cells;
        let (mut n, mut start) = (0, 0);
        std::iter::from_fn(move || {
            let cell = match cells {
                Cells::Split { text, ends, gap } => {
                    let end = *ends.get(n)?;
                    let cell = text.get(start..end).unwrap_or_default();
                    start = end + gap;
                    if cell.is_empty() { Cell::Null } else { Cell::Text(Cow::Borrowed(cell)) }
                }
                Cells::Whole(cells) => cells.get(n)?.clone(),
            };
            n += 1;
            Some(cell)
        })
    }
}

/// A row that was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Aside {
    /// The first physical line (CSV, JSON Lines) or the row number (Parquet), from 1.
    pub line: u64,
    /// How many physical lines were set aside with it.
    pub lines: u64,
    /// Why; `at` is `FILE:LINE`.
    pub problem: Problem,
    /// The bytes as they stand in the file, at most [`LONGEST_CONTENT`].
    pub content: Vec<u8>,
}

/// One step of reading.
#[derive(Debug)]
pub enum Item<'a> {
    /// A row of a table.
    Row(Row<'a>),
    /// A line of a JSON Lines file: UTF-8 and within the limits, not yet parsed ([`crate::jsonl::flat_object`] does that).
    Object {
        /// Physical line from 1.
        line: u64,
        /// The line without its end.
        json: &'a str,
    },
    /// A row that cannot be taken. Reading goes on behind it.
    Aside(Aside),
}

/// What has been read so far. At the end of a text file `lines = header + blank + lines of rows + lines set aside`, and
/// `rows + aside` is the number of rows of the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    /// Physical lines read (text formats), rows (Parquet).
    pub lines: u64,
    /// Rows or objects given out.
    pub rows: u64,
    /// Physical lines that those rows span.
    pub row_lines: u64,
    /// Rows set aside.
    pub aside: u64,
    /// Physical lines that those span.
    pub aside_lines: u64,
    /// Empty lines: no row, nothing lost.
    pub blank: u64,
    /// Lines of the CSV header.
    pub header: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_of_a_split_row_borrow_from_it() {
        let row = Row::split(1, 1, "ab,,c", &[2, 3, 5], 1);
        let cells: Vec<_> = row.cells().map(|cell| cell.text().map(Cow::into_owned)).collect();
        assert_eq!(cells, [Some("ab".to_owned()), None, Some("c".to_owned())]);
        assert_eq!(row.len(), 3);
    }

    #[test]
    fn numbers_keep_their_text() {
        assert_eq!(Cell::Number(Cow::Borrowed("1.10")).text().as_deref(), Some("1.10"));
        assert_eq!(Cell::Integer(-5).text().as_deref(), Some("-5"));
        assert_eq!(Cell::Boolean(true).into_owned(), Cell::Boolean(true));
    }
}
