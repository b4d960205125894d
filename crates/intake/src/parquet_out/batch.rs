//! Rows waiting to be encoded, column by column.

use bytes::Bytes;
use parquet::data_type::ByteArray;

/// A word that a column holds again and again; copying it copies no text.
#[derive(Debug, Clone, PartialEq)]
pub struct Word(pub(super) ByteArray);

impl Word {
    /// A word known when the program was built.
    pub fn known(text: &'static str) -> Self {
        Self(ByteArray::from(Bytes::from_static(text.as_bytes())))
    }
}

impl From<String> for Word {
    fn from(text: String) -> Self {
        Self(ByteArray::from(text.into_bytes()))
    }
}

/// What one column holds.
#[derive(Debug)]
pub(super) enum Values {
    Words(Vec<ByteArray>),
    /// All texts one after the other, and where each ends.
    Texts {
        text: Vec<u8>,
        ends: Vec<usize>,
    },
    Integers(Vec<i64>),
    Doubles(Vec<f64>),
    Booleans(Vec<bool>),
}

/// A column: its values, and for each row up to the last value whether it has one (1) or not (0).
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) present: Vec<i16>,
    pub(super) values: Values,
}

/// Rows waiting to be encoded. The n-th column is the n-th of the table; a value of another kind than the column's is left out.
#[derive(Debug)]
pub struct Batch {
    pub(super) rows: usize,
    pub(super) columns: Vec<Filled>,
}

impl Filled {
    /// Notes that this row has a value.
    fn mark(&mut self, row: usize) {
        if self.present.len() < row {
            self.present.resize(row, 0);
        }
        self.present.push(1);
    }
}

impl Batch {
    /// A batch of no columns, to stand in while the real one is away.
    pub fn none() -> Self {
        Self { rows: 0, columns: Vec::new() }
    }

    /// How many rows are complete.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Whether there is no complete row.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Sets a word of the row that is being written.
    pub fn word(&mut self, column: usize, word: &Word) {
        let filled = &mut self.columns[column];
        if let Values::Words(words) = &mut filled.values {
            words.push(word.0.clone());
            filled.mark(self.rows);
        }
    }

    /// Sets a text: letters, and a number behind them. How ids are made, without the detour of formatting.
    pub fn numbered(&mut self, column: usize, letters: &str, number: u64) {
        let filled = &mut self.columns[column];
        if let Values::Texts { text, ends } = &mut filled.values {
            text.extend_from_slice(letters.as_bytes());
            push_number(text, number);
            ends.push(text.len());
            filled.mark(self.rows);
        }
    }

    /// Sets a text.
    pub fn text(&mut self, column: usize, value: &str) {
        let filled = &mut self.columns[column];
        if let Values::Texts { text, ends } = &mut filled.values {
            text.extend_from_slice(value.as_bytes());
            ends.push(text.len());
            filled.mark(self.rows);
        }
    }

    /// Sets a whole number, or a moment in milliseconds since 1970.
    pub fn integer(&mut self, column: usize, value: i64) {
        let filled = &mut self.columns[column];
        if let Values::Integers(values) = &mut filled.values {
            values.push(value);
            filled.mark(self.rows);
        }
    }

    /// Sets a number with a fraction.
    pub fn double(&mut self, column: usize, value: f64) {
        let filled = &mut self.columns[column];
        if let Values::Doubles(values) = &mut filled.values {
            values.push(value);
            filled.mark(self.rows);
        }
    }

    /// Sets true or false.
    pub fn boolean(&mut self, column: usize, value: bool) {
        let filled = &mut self.columns[column];
        if let Values::Booleans(values) = &mut filled.values {
            values.push(value);
            filled.mark(self.rows);
        }
    }

    /// The row is complete.
    pub fn end_row(&mut self) {
        self.rows += 1;
    }

    /// Empties the batch; the memory stays for the next rows.
    pub(super) fn clear(&mut self) {
        self.rows = 0;
        for column in &mut self.columns {
            column.present.clear();
            match &mut column.values {
                Values::Words(words) => words.clear(),
                Values::Texts { text, ends } => {
                    text.clear();
                    ends.clear();
                }
                Values::Integers(values) => values.clear(),
                Values::Doubles(values) => values.clear(),
                Values::Booleans(values) => values.clear(),
            }
        }
    }
}

/// Appends a number in decimal digits.
pub fn push_number(text: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_anybody_would() {
        for number in [0, 7, 10, 1_234_567_890, u64::MAX] {
            let mut text = Vec::new();
            push_number(&mut text, number);
            assert_eq!(String::from_utf8(text).unwrap(), number.to_string());
        }
    }
}
