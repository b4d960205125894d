//! Rows out again: CSV that a spreadsheet cannot be attacked with, and exact JSON Lines.

use std::borrow::Cow;
use std::io::{self, Write};

use crate::row::Cell;

/// Writes CSV (RFC 4180, LF line ends).
///
/// A text that a spreadsheet would run as a formula (it begins with `=`, `+`, `-`, `@`, TAB or CR) gets a leading `'`, so such a text does
/// not come back unchanged; for an exact copy write JSON Lines. Numbers stay numbers, negative ones too.
pub struct CsvWriter<W> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> CsvWriter<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new<'n>(out: W, columns: impl IntoIterator<Item = &'n str>) -> io::Result<Self> {
        let mut writer = Self { out, line: Vec::new() };
        writer.row(columns.into_iter().map(|name| Cell::Text(Cow::Borrowed(name))))?;
        Ok(writer)
    }

    /// Writes one row.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn row<'c>(&mut self, cells: impl IntoIterator<Item = Cell<'c>>) -> io::Result<()> {
        self.line.clear();
        for (n, cell) in cells.into_iter().enumerate() {
            if n > 0 {
                self.line.push(b',');
            }
            let Some(text) = cell.text() else { continue };
            let guard = matches!(cell, Cell::Text(_)) && is_formula(&text);
            push_csv(&mut self.line, &text, guard);
        }
        // A row of one null would be a blank line, which readers skip.
        if self.line.is_empty() {
            self.line.extend_from_slice(b"\"\"");
        }
        self.line.push(b'\n');
        self.out.write_all(&self.line)
    }

    /// Hands back what was written to, after flushing it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

/// Whether a spreadsheet would take the text for a formula. Plain negative decimals are numbers.
fn is_formula(text: &str) -> bool {
    match text.as_bytes().first() {
        Some(b'=' | b'+' | b'@' | b'\t' | b'\r') => true,
        Some(b'-') => !is_plain_decimal(text.get(1..).unwrap_or_default()),
        _ => false,
    }
}

fn is_plain_decimal(text: &str) -> bool {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    digits(whole) && digits(fraction)
}

fn push_csv(line: &mut Vec<u8>, text: &str, guard: bool) {
    let quoted = text.bytes().any(|b| matches!(b, b'"' | b',' | b'\n' | b'\r'));
    if quoted {
        line.push(b'"');
    }
    if guard {
        line.push(b'\'');
    }
    for byte in text.bytes() {
        if byte == b'"' {
            line.push(b'"');
        }
        line.push(byte);
    }
    if quoted {
        line.push(b'"');
    }
}

/// Writes JSON Lines: one flat object a line, nulls left out, numbers digit for digit.
pub struct JsonlWriter<W> {
    out: W,
    line: Vec<u8>,
}

impl<W: Write> JsonlWriter<W> {
    /// Writes to `out`; give it a buffer.
    pub fn new(out: W) -> Self {
        Self { out, line: Vec::new() }
    }

    /// Writes one object. A number that JSON cannot carry (NaN, infinite) is refused.
    ///
    /// # Errors
    /// Those of `out`; `InvalidData` for such a number.
    pub fn object<'c>(&mut self, members: impl IntoIterator<Item = (&'c str, Cell<'c>)>) -> io::Result<()> {
        self.line.clear();
        self.line.push(b'{');
        for (key, cell) in members {
            if cell == Cell::Null {
                continue;
            }
            if self.line.len() > 1 {
                self.line.push(b',');
            }
            serde_json::to_writer(&mut self.line, key)?;
            self.line.push(b':');
            match cell {
                Cell::Text(text) => serde_json::to_writer(&mut self.line, text.as_ref())?,
                Cell::Double(x) if !x.is_finite() => {
                    return Err(io::Error::new(io::ErrorKind::InvalidData, format!("{key} is {x}")));
                }
                Cell::Double(x) => serde_json::to_writer(&mut self.line, &x)?,
                other => self.line.extend_from_slice(other.text().unwrap_or_default().as_bytes()),
            }
        }
        self.line.extend_from_slice(b"}\n");
        self.out.write_all(&self.line)
    }

    /// Hands back what was written to, after flushing it.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cell: Cell<'_>, expected: &str) {
        let mut writer = CsvWriter::new(Vec::new(), ["a"]).unwrap();
        writer.row([cell]).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(text, format!("a\n{expected}\n"));
    }

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        for (text, expected) in [
            ("=cmd()", "'=cmd()"),
            ("=1,2", "\"'=1,2\""),
            ("+1", "'+1"),
            ("-1+cmd|x", "'-1+cmd|x"),
            ("-12.30", "-12.30"),
            ("-", "'-"),
            ("@x", "'@x"),
            ("\tx", "'\tx"),
            ("\rx", "\"'\rx\""),
            ("a=b", "a=b"),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
        ] {
            check(Cell::Text(text.into()), expected);
        }
        check(Cell::Number("-1.50".into()), "-1.50");
        check(Cell::Integer(-5), "-5");
        check(Cell::Double(-0.5), "-0.5");
        check(Cell::Null, "\"\"");
    }

    #[test]
    fn json_lines_come_back_as_they_went() {
        let members = [
            ("a", Cell::Text("=x\n\"é".into())),
            ("n", Cell::Number("1.10".into())),
            ("z", Cell::Null),
            ("b", Cell::Boolean(false)),
        ];
        let mut writer = JsonlWriter::new(Vec::new());
        writer.object(members.clone()).unwrap();
        let text = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(text, "{\"a\":\"=x\\n\\\"é\",\"n\":1.10,\"b\":false}\n");
        let back = crate::jsonl::flat_object(text.trim_end()).unwrap();
        assert_eq!(back.len(), 3);
        assert_eq!(back.first().map(|m| m.1.clone()), Some(members[0].1.clone()));
        assert!(JsonlWriter::new(Vec::new()).object([("x", Cell::Double(f64::NAN))]).is_err());
    }
}
