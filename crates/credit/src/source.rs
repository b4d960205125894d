//! Places in definition files, so that every refusal says `file:line:column`.

use probity_primitives::{Code, Problem};
use serde::de::DeserializeOwned;
use std::ops::Range;

/// The code of a definition file that is not TOML of the expected shape.
pub const DEFINITION_INVALID: Code = Code::new("definition-invalid");

/// A definition file: its name (for messages and pages) and its text.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// Path below the catalogue folder, for example `events/orders.toml`.
    pub file: &'a str,
    /// The whole text.
    pub text: &'a str,
}

impl Source<'_> {
    /// `file:line:column` of a byte range.
    pub fn at(&self, span: &Range<usize>) -> String {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + 1;
        format!("{}:{line}:{column}", self.file)
    }

    /// `file:line:column` of a place inside a text value that begins at `span` (an expression inside TOML): the first
    /// line of the value stands behind its opening quotes, later lines stand where they stand.
    pub fn inside(&self, span: &Range<usize>, line: u32, column: u32) -> String {
        let value = self.text.get(span.clone()).unwrap_or("");
        let quotes = if value.starts_with("\"\"\"\n") || value.starts_with("'''\n") {
            4
        } else if value.starts_with("\"\"\"") || value.starts_with("'''") {
            3
        } else {
            1
        };
        let from = span.start + quotes;
        let lines_before = self.text.get(..from).map_or(0, |before| before.matches('\n').count());
        let column = if line > 1 {
            column as usize
        } else {
            let before = self.text.get(..from).unwrap_or("");
            before.rsplit('\n').next().map_or(0, |last| last.chars().count()) + column as usize
        };
        format!("{}:{}:{column}", self.file, lines_before + line as usize)
    }

    /// Reads the file as TOML of one shape.
    ///
    /// # Errors
    /// `definition-invalid` with the place of the first thing that does not fit.
    pub fn read<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        toml::from_str(self.text).map_err(|error| {
            let at = error.span().map_or_else(|| self.file.to_owned(), |span| self.at(&span));
            Problem::new(DEFINITION_INVALID, error.message().to_owned()).at(at)
        })
    }

    /// A problem at a byte range of this file.
    pub fn problem(&self, code: Code, span: &Range<usize>, detail: impl Into<String>) -> Problem {
        Problem::new(code, detail).at(self.at(span))
    }
}
