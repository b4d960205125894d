//! How a column of a table becomes the numbers that trees look at.

use crate::Error;
use probity_scorecard::Table;
use probity_scorecard::table::{Column, MISSING, Value, Values};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;

/// One column of numbers that a model sees, and the column of the table behind it. Several may come from the same one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// The column's name in the table.
    pub column: String,
    /// What is made of it.
    pub encoding: Encoding,
}

/// What is made of a column's values. A missing value stays missing (NaN) unless it says otherwise.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encoding {
    /// The number itself. The infinities become the largest and the smallest finite number.
    Number,
    /// The number as 32 bits hold it: for trees that were grown on such numbers.
    Single,
    /// 1 where there is a value and 0 where it is missing: for a column that otherwise never varied.
    Known,
    /// For a category, the smoothed bad rate that it had in the rows of the fit.
    Rate {
        /// Each category that was seen, with its rate.
        levels: Vec<(String, f64)>,
        /// The rate of a category that was not: that of all rows.
        other: f64,
    },
    /// 1 for one category and 0 for every other value, a missing one included.
    Level(String),
}

impl Input {
    /// The numbers for each row of a table.
    ///
    /// # Errors
    /// When the column is not there, or holds texts where numbers are expected.
    pub fn numbers(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let column = table.column(&self.column)?;
        match &self.encoding {
            Encoding::Number | Encoding::Single => match &column.values {
                Values::Numbers(numbers) => {
                    let single = self.encoding == Encoding::Single;
                    let held = |number: &f64| if single { f64::from(*number as f32) } else { *number };
                    Ok(numbers.iter().map(|number| finite(held(number))).collect())
                }
                Values::Categories { .. } => Err(Error::Scorecard(probity_scorecard::Error::Table(format!(
                    "column {:?} holds texts; the model expects numbers there",
                    self.column
                )))),
            },
            Encoding::Known => {
                let known = |row| if column.value(row) == Value::Missing { 0.0 } else { 1.0 };
                Ok((0..column.rows()).map(known).collect())
            }
            Encoding::Rate { levels, other } => {
                let rates: HashMap<&str, f64> =
                    levels.iter().map(|(level, rate)| (level.as_str(), *rate)).collect();
                Ok(by_text(column, f64::NAN, |text| rates.get(text).copied().unwrap_or(*other)))
            }
            Encoding::Level(level) => Ok(by_text(column, 0.0, |text| if text == level { 1.0 } else { 0.0 })),
        }
    }
}

/// A number that can be put in order with all others, or NaN.
fn finite(number: f64) -> f64 {
    if number.is_nan() { number } else { number.clamp(f64::MIN, f64::MAX) }
}

/// A number for the text of each row. Numbers are taken by their shortest decimal text, as bins take them.
fn by_text(column: &Column, missing: f64, number: impl Fn(&str) -> f64) -> Vec<f64> {
    match &column.values {
        Values::Categories { codes, levels } => {
            let of_level: Vec<f64> = levels.iter().map(|level| number(level)).collect();
            let find = |code: &u32| if *code == MISSING { missing } else { of_level[*code as usize] };
            codes.iter().map(find).collect()
        }
        Values::Numbers(numbers) => {
            let find = |value: &f64| if value.is_nan() { missing } else { number(&value.to_string()) };
            numbers.iter().map(find).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(column: Column, encoding: Encoding, wanted: &[f64]) {
        let table = Table::try_new(vec![column]).unwrap();
        let got = Input { column: "x".to_owned(), encoding: encoding.clone() }.numbers(&table).unwrap();
        let bits = |numbers: &[f64]| numbers.iter().map(|number| number.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&got), bits(wanted), "{encoding:?}: {got:?}");
    }

    #[test]
    fn every_value_becomes_a_number_or_stays_missing() {
        let numbers = || Column::numbers("x", vec![1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY]);
        let texts = || Column::categories("x", [Some("a"), None, Some("1"), Some("new")]);
        let rate = Encoding::Rate { levels: vec![("a".to_owned(), 0.1), ("1".to_owned(), 0.3)], other: 0.2 };
        check(numbers(), Encoding::Number, &[1.0, f64::NAN, f64::MAX, f64::MIN]);
        let fine = Column::numbers("x", vec![0.1, f64::NAN, 1e300]);
        check(fine, Encoding::Single, &[f64::from(0.1_f32), f64::NAN, f64::MAX]);
        check(numbers(), Encoding::Known, &[1.0, 0.0, 1.0, 1.0]);
        check(numbers(), rate.clone(), &[0.3, f64::NAN, 0.2, 0.2]);
        check(numbers(), Encoding::Level("1".to_owned()), &[1.0, 0.0, 0.0, 0.0]);
        check(texts(), Encoding::Known, &[1.0, 0.0, 1.0, 1.0]);
        check(texts(), rate, &[0.1, f64::NAN, 0.3, 0.2]);
        check(texts(), Encoding::Level("new".to_owned()), &[0.0, 0.0, 0.0, 1.0]);
    }

    #[test]
    fn a_column_that_does_not_do_is_refused() {
        let table = Table::try_new(vec![Column::categories("x", [Some("a")])]).unwrap();
        let input = |column: &str| Input { column: column.to_owned(), encoding: Encoding::Number };
        let texts = input("x").numbers(&table).unwrap_err().to_string();
        assert!(texts.contains("\"x\" holds texts"), "{texts}");
        let absent = input("y").numbers(&table).unwrap_err().to_string();
        assert!(absent.contains("no column \"y\""), "{absent}");
    }
}
