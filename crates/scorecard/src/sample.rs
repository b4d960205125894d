//! Rows to learn from or to judge by: a table with its target, weights and offset.

use crate::table::{Column, Value, Values};
use crate::{Error, Table};

/// A table whose rows are known to have turned out bad or not.
#[derive(Debug, Clone)]
pub struct Sample {
    /// The characteristics: every column that may be used. Neither target nor weight is among them.
    pub table: Table,
    /// The name of the target.
    pub target: String,
    /// Whether each row turned out bad.
    pub bad: Vec<bool>,
    /// How much each row counts; not negative, not all zero. None: each counts once.
    pub weight: Option<Vec<f64>>,
    /// Log-odds of bad already known for each row, to which a fit adds. None: none.
    pub offset: Option<Vec<f64>>,
}

impl Sample {
    /// A sample from a table, its target column and, where there is one, its weight column; both are taken out of the table.
    ///
    /// # Errors
    /// When a column is not there; the target is missing somewhere, or anything but 0 and 1 (false and true); a weight is
    /// missing, negative or infinite; or the rows that weigh anything are all good or all bad.
    pub fn try_new(table: &Table, target: &str, weight: Option<&str>) -> Result<Self, Error> {
        let bad = target_of(table.column(target)?)?;
        let weights = weight.map(|name| weights_of(table.column(name)?)).transpose()?;
        let mut taken = vec![target];
        taken.extend(weight);
        let sample = Sample {
            table: table.without(&taken),
            target: target.to_owned(),
            bad,
            weight: weights,
            offset: None,
        };
        sample.check_classes()?;
        Ok(sample)
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.bad.len()
    }

    /// The weight of a row.
    pub fn weight_of(&self, row: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |weight| weight[row])
    }

    /// The weight of the good rows and of the bad ones.
    pub fn good_and_bad(&self) -> (f64, f64) {
        let mut sums = (0.0, 0.0);
        for (row, &bad) in self.bad.iter().enumerate() {
            *if bad { &mut sums.1 } else { &mut sums.0 } += self.weight_of(row);
        }
        sums
    }

    /// Some of its rows, in the order given.
    pub fn take(&self, rows: &[usize]) -> Sample {
        let of = |values: &Vec<f64>| rows.iter().map(|&row| values[row]).collect();
        Sample {
            table: self.table.take(rows),
            target: self.target.clone(),
            bad: rows.iter().map(|&row| self.bad[row]).collect(),
            weight: self.weight.as_ref().map(of),
            offset: self.offset.as_ref().map(of),
        }
    }

    fn check_classes(&self) -> Result<(), Error> {
        let (good, bad) = self.good_and_bad();
        if good > 0.0 && bad > 0.0 {
            return Ok(());
        }
        let target = &self.target;
        Err(Error::Sample(match (self.rows(), good > 0.0, bad > 0.0) {
            (0, ..) => "it has no rows".to_owned(),
            (_, true, _) => format!(
                "no row has {target:?} = 1, so there is one class only; both good and bad rows are needed"
            ),
            (_, _, true) => format!(
                "no row has {target:?} = 0, so there is one class only; both good and bad rows are needed"
            ),
            _ => "every row has the weight zero".to_owned(),
        }))
    }
}

fn target_of(column: &Column) -> Result<Vec<bool>, Error> {
    let name = &column.name;
    let read = |row: usize| match column.value(row) {
        Value::Number(0.0) => Ok(false),
        Value::Number(1.0) => Ok(true),
        Value::Category(text) if text.eq_ignore_ascii_case("true") => Ok(true),
        Value::Category(text) if text.eq_ignore_ascii_case("false") => Ok(false),
        Value::Missing => {
            Err(format!("the target {name:?} is missing in row {}; leave such rows out", row + 1))
        }
        Value::Number(other) => {
            Err(format!("the target {name:?} is {other} in row {}; it must be 0 or 1", row + 1))
        }
        Value::Category(other) => {
            Err(format!("the target {name:?} is {other:?} in row {}; it must be 0 or 1", row + 1))
        }
    };
    (0..column.rows()).map(read).collect::<Result<_, _>>().map_err(Error::Sample)
}

fn weights_of(column: &Column) -> Result<Vec<f64>, Error> {
    let name = &column.name;
    let Values::Numbers(numbers) = &column.values else {
        return Err(Error::Sample(format!(
            "the weight {name:?} is a column of texts; it must be one of numbers"
        )));
    };
    match numbers.iter().position(|weight| !weight.is_finite() || *weight < 0.0) {
        None => Ok(numbers.to_vec()),
        Some(row) => {
            let found = numbers[row];
            Err(Error::Sample(format!(
                "the weight {name:?} is {found} in row {}; it must be a number from 0 up",
                row + 1
            )))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: Column, weight: Option<Vec<f64>>, wanted: Result<(f64, f64), &str>) {
        let mut columns = vec![Column::numbers("x", vec![0.0; target.rows()]), target];
        columns.extend(weight.clone().map(|weight| Column::numbers("w", weight)));
        let table = Table::try_new(columns).unwrap();
        let got = Sample::try_new(&table, "bad", weight.map(|_| "w"));
        match (got, wanted) {
            (Ok(sample), Ok(sums)) => {
                assert_eq!(sample.good_and_bad(), sums);
                assert_eq!(sample.table.names().collect::<Vec<_>>(), ["x"]);
            }
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{error}"),
            (got, wanted) => panic!("{got:?} instead of {wanted:?}"),
        }
    }

    #[test]
    fn a_target_is_zero_or_one_everywhere_and_both() {
        let numbers = |values: &[f64]| Column::numbers("bad", values.to_vec());
        check(numbers(&[0.0, 1.0, 1.0]), None, Ok((1.0, 2.0)));
        check(numbers(&[0.0, 1.0, 1.0]), Some(vec![2.0, 0.0, 0.5]), Ok((2.0, 0.5)));
        check(Column::categories("bad", [Some("true"), Some("False")]), None, Ok((1.0, 1.0)));
        check(numbers(&[0.0, 0.0]), None, Err("no row has \"bad\" = 1"));
        check(numbers(&[1.0]), None, Err("no row has \"bad\" = 0"));
        check(numbers(&[]), None, Err("no rows"));
        check(numbers(&[0.0, 2.0]), None, Err("is 2 in row 2"));
        check(numbers(&[0.0, f64::NAN]), None, Err("missing in row 2"));
        check(Column::categories("bad", [Some("yes")]), None, Err("\"yes\" in row 1"));
        check(numbers(&[0.0, 1.0]), Some(vec![0.0, 0.0]), Err("the weight zero"));
        check(numbers(&[0.0, 1.0]), Some(vec![0.0, 1.0]), Err("no row has \"bad\" = 0"));
        check(numbers(&[0.0, 1.0]), Some(vec![1.0, -1.0]), Err("-1 in row 2"));
        check(numbers(&[0.0, 1.0]), Some(vec![f64::INFINITY, 1.0]), Err("inf in row 1"));
    }

    #[test]
    fn a_column_that_is_not_there_is_named_with_those_that_are() {
        let table = Table::try_new(vec![Column::numbers("x", vec![1.0])]).unwrap();
        let error = Sample::try_new(&table, "bad", None).unwrap_err().to_string();
        assert_eq!(error, "there is no column \"bad\"; the columns are x");
    }
}
