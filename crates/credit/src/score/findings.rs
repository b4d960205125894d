//! Reading a definition file and gathering everything that is wrong with it, each with its place.

use probity_primitives::id::check_text;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, Deserializer, ValueDeserializer};

/// The longest definition file, in bytes: the largest scorecard the bounds allow, with room for its prose.
/// It bounds the parser's memory before anything is parsed.
const LONGEST_FILE: usize = 1 << 20;
/// More problems than this help nobody.
const MOST_PROBLEMS: usize = 100;

/// A definition file under examination.
pub(crate) struct Findings<'a> {
    file: &'a str,
    text: &'a str,
    code: Code,
    problems: Vec<Problem>,
}

impl<'a> Findings<'a> {
    pub(crate) fn new(file: &'a str, text: &'a str, code: Code) -> Self {
        Self { file, text, code, problems: Vec::new() }
    }

    /// Notes a problem at a place of the file.
    pub(crate) fn refuse(&mut self, span: Range<usize>, detail: impl Into<String>) {
        self.note(span, Problem::new(self.code, detail));
    }

    /// Notes a problem with advice how to mend it.
    pub(crate) fn refuse_with(&mut self, span: Range<usize>, detail: impl Into<String>, hint: &str) {
        self.note(span, Problem::new(self.code, detail).hint(hint));
    }

    /// Notes a problem found elsewhere, at a place of the file.
    pub(crate) fn note(&mut self, span: Range<usize>, problem: Problem) {
        if self.problems.len() < MOST_PROBLEMS {
            let (line, column) = position(self.text, span.start);
            self.problems.push(problem.at(format!("{}:{line}:{column}", self.file)));
        }
    }

    fn refuse_toml(&mut self, error: &toml::de::Error) {
        self.refuse(error.span().unwrap_or(0..0), error.message());
    }

    /// How many problems were found so far.
    pub(crate) fn count(&self) -> usize {
        self.problems.len()
    }

    /// The definition if nothing is wrong with it, else everything that is.
    pub(crate) fn end<T>(self, made: Option<T>) -> Result<T, Vec<Problem>> {
        match made {
            Some(made) if self.problems.is_empty() => Ok(made),
            _ => Err(self.problems),
        }
    }

    /// The file's tables; none if it is too long or is not TOML.
    pub(crate) fn tables(&mut self) -> Option<Spanned<DeTable<'a>>> {
        if self.text.len() > LONGEST_FILE {
            let detail = format!("the file has {} bytes, more than {LONGEST_FILE}", self.text.len());
            self.refuse(0..0, detail);
            return None;
        }
        let (tables, errors) = DeTable::parse_recoverable(self.text);
        for error in &errors {
            self.refuse_toml(error);
        }
        errors.is_empty().then_some(tables)
    }

    /// Takes the array of tables `key` out of the file, each item read on its own so that one bad item does not hide the next.
    pub(crate) fn items<T: Deserialize<'a>>(
        &mut self,
        tables: &mut Spanned<DeTable<'a>>,
        key: &str,
        most: usize,
    ) -> Vec<Spanned<T>> {
        let Some(value) = tables.get_mut().remove(key) else { return Vec::new() };
        let span = value.span();
        let DeValue::Array(array) = value.into_inner() else {
            self.refuse_with(span, format!("'{key}' is not a list"), &format!("write [[{key}]]"));
            return Vec::new();
        };
        if array.len() > most {
            self.refuse(span, format!("{} items of '{key}', more than {most}", array.len()));
            return Vec::new();
        }
        let mut items = Vec::with_capacity(array.len());
        for item in array {
            let span = item.span();
            match T::deserialize(ValueDeserializer::from(item)) {
                Ok(read) => items.push(Spanned::new(span, read)),
                Err(error) => self.refuse_toml(&error),
            }
        }
        items
    }

    /// Reads what is left of the file.
    pub(crate) fn rest<T: Deserialize<'a>>(&mut self, tables: Spanned<DeTable<'a>>) -> Option<T> {
        T::deserialize(Deserializer::from(tables)).map_err(|error| self.refuse_toml(&error)).ok()
    }

    /// Checks a name: a lower-case letter, then up to 63 of `a–z 0–9 _ -`.
    pub(crate) fn name(&mut self, name: &Spanned<String>) {
        let text = name.get_ref();
        let rest = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '_' | '-');
        if !(1..=64).contains(&text.len())
            || !text.starts_with(|c: char| c.is_ascii_lowercase())
            || !text.chars().all(rest)
        {
            let hint = "a lower-case letter, then up to 63 of a-z 0-9 _ -";
            self.refuse_with(name.span(), format!("'{}' is not a name", shown(text)), hint);
        }
    }

    /// Checks a text for people: not empty, safe to show, at most `longest` bytes.
    pub(crate) fn text(&mut self, text: &Spanned<String>, longest: usize) {
        if text.get_ref().trim().is_empty() {
            self.refuse(text.span(), "the text is empty");
        }
        if let Err(problem) = check_text(text.get_ref(), longest) {
            self.refuse(text.span(), problem.detail);
        }
    }

    /// Checks a number: finite and within `range`.
    pub(crate) fn number(&mut self, what: &str, number: &Spanned<f64>, range: (f64, f64)) {
        let value = *number.get_ref();
        // NaN compares false with everything, so it is refused here too.
        if !(value >= range.0 && value <= range.1) {
            let detail = format!("{what} is {value}, not between {} and {}", range.0, range.1);
            self.refuse(number.span(), detail);
        }
    }

    /// Checks a whole number and gives it; the lower end of the range stands in for a refused one.
    pub(crate) fn integer(&mut self, what: &str, number: &Spanned<i64>, range: (i32, i32)) -> i32 {
        match i32::try_from(*number.get_ref()) {
            Ok(value) if (range.0..=range.1).contains(&value) => value,
            _ => {
                let detail =
                    format!("{what} is {}, not between {} and {}", number.get_ref(), range.0, range.1);
                self.refuse(number.span(), detail);
                range.0
            }
        }
    }

    /// A number as its author wrote it (`0.10`), or in its shortest form when it was written in an unusual way.
    pub(crate) fn written(&self, number: &Spanned<f64>) -> String {
        let plain = |text: &&str| {
            text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '-'))
                && text.parse() == Ok(*number.get_ref())
        };
        match self.text.get(number.span()).filter(plain) {
            Some(text) => text.to_owned(),
            None => number.get_ref().to_string(),
        }
    }

    /// The place of a character inside a one-line string of the file, counted in bytes of the string;
    /// the string's own place when it holds escapes.
    pub(crate) fn inside(&self, string: &Spanned<String>, offset: usize) -> Range<usize> {
        let span = string.span();
        let source = self.text.get(span.clone()).unwrap_or_default();
        let bare = source.get(1..source.len().saturating_sub(1)).unwrap_or_default();
        if bare == string.get_ref() && offset <= bare.len() {
            let at = span.start + 1 + offset;
            return at..at;
        }
        span
    }
}

/// Line and column of a byte offset, both from 1, the column in characters.
fn position(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    (line, before.get(start..).map_or(0, |rest| rest.chars().count()) + 1)
}
