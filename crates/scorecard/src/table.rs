//! A table in columns, made from Arrow or from plain vectors.

use crate::Error;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, Date64Type, Decimal128Type, Float16Type, Float32Type, Float64Type, Int8Type, Int16Type,
    Int32Type, Int64Type, TimestampMicrosecondType, TimestampMillisecondType, TimestampNanosecondType,
    TimestampSecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow_array::{Array, ArrowPrimitiveType, RecordBatch};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, TimeUnit};
use std::collections::HashMap;

/// The code of a category that is missing.
pub const MISSING: u32 = u32::MAX;

/// Columns of the same length, each with a name of its own.
#[derive(Debug, Clone)]
pub struct Table {
    columns: Vec<Column>,
    rows: usize,
}

/// A named column.
#[derive(Debug, Clone)]
pub struct Column {
    /// Its name, unique in its table.
    pub name: String,
    /// Its values, a row each.
    pub values: Values,
}

/// The values of a column.
#[derive(Debug, Clone)]
pub enum Values {
    /// Numbers; NaN is a missing one. Both infinities are values like any other: they lie in the outermost bins.
    Numbers(ScalarBuffer<f64>),
    /// Categories: a code for each row, [`MISSING`] or a place in `levels`.
    Categories {
        /// A code for each row.
        codes: Vec<u32>,
        /// The text of each code, each once, in the order of first appearance.
        levels: Vec<String>,
    },
}

/// One cell of a table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// A number; NaN counts as missing.
    Number(f64),
    /// A category.
    Category(&'a str),
    /// No value.
    Missing,
}

impl Column {
    /// A column of numbers; NaN is a missing one.
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Self {
        Column { name: name.into(), values: Values::Numbers(values.into()) }
    }

    /// A column of categories; `None` is a missing one.
    pub fn categories<'a>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = Option<&'a str>>,
    ) -> Self {
        let mut levels = Levels::default();
        let codes = values.into_iter().map(|value| value.map_or(MISSING, |text| levels.code(text))).collect();
        Column { name: name.into(), values: Values::Categories { codes, levels: levels.texts } }
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        match &self.values {
            Values::Numbers(numbers) => numbers.len(),
            Values::Categories { codes, .. } => codes.len(),
        }
    }

    /// The value of a row; missing beyond the last one.
    pub fn value(&self, row: usize) -> Value<'_> {
        match &self.values {
            Values::Numbers(numbers) => match numbers.get(row) {
                Some(number) if !number.is_nan() => Value::Number(*number),
                _ => Value::Missing,
            },
            Values::Categories { codes, levels } => {
                let level = codes.get(row).and_then(|code| levels.get(*code as usize));
                level.map_or(Value::Missing, |text| Value::Category(text))
            }
        }
    }

    fn take(&self, rows: &[usize]) -> Column {
        let values = match &self.values {
            Values::Numbers(numbers) => Values::Numbers(rows.iter().map(|&row| numbers[row]).collect()),
            Values::Categories { codes, levels } => Values::Categories {
                codes: rows.iter().map(|&row| codes[row]).collect(),
                levels: levels.clone(),
            },
        };
        Column { name: self.name.clone(), values }
    }
}

/// Gives each text a code in the order of first appearance.
#[derive(Default)]
struct Levels {
    texts: Vec<String>,
    codes: HashMap<String, u32>,
}

impl Levels {
    fn code(&mut self, text: &str) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        // A table of four thousand million different texts does not fit in memory, so the code never reaches MISSING.
        let code = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }
}

impl Table {
    /// A table of columns.
    ///
    /// # Errors
    /// When two columns differ in length or bear the same name, or there are none.
    pub fn try_new(columns: Vec<Column>) -> Result<Self, Error> {
        let Some(first) = columns.first() else {
            return Err(Error::Table("it has no columns".to_owned()));
        };
        let rows = first.rows();
        let mut seen = std::collections::HashSet::new();
        for column in &columns {
            if column.rows() != rows {
                let (name, has) = (&column.name, column.rows());
                return Err(Error::Table(format!(
                    "column {name:?} has {has} rows, {:?} has {rows}",
                    first.name
                )));
            }
            if !seen.insert(column.name.as_str()) {
                return Err(Error::Table(format!("two columns are called {:?}; rename one", column.name)));
            }
        }
        Ok(Table { columns, rows })
    }

    /// A table from Arrow record batches of one schema. Numbers, booleans, dates and times become numbers (dates in days,
    /// times in milliseconds since 1970), texts and dictionaries become categories; null and NaN are missing. The categories of a dictionary of numbers are their
    /// shortest decimal texts, by which [`crate::bins::Bins::find`] looks up numbers, too.
    ///
    /// # Errors
    /// When the batches differ in their columns, a type has no meaning here, or there is no batch.
    pub fn from_batches(batches: &[RecordBatch]) -> Result<Self, Error> {
        let Some(first) = batches.first() else {
            return Err(Error::Table("it has no rows".to_owned()));
        };
        let schema = first.schema();
        for batch in batches {
            if batch.schema().fields() != schema.fields() {
                return Err(Error::Table("its batches differ in their columns".to_owned()));
            }
        }
        let columns = schema.fields().iter().enumerate().map(|(place, field)| {
            let parts: Vec<&dyn Array> = batches.iter().map(|batch| batch.column(place).as_ref()).collect();
            column_of(field.name(), field.data_type(), &parts)
        });
        Table::try_new(columns.collect::<Result<_, _>>()?)
    }

    /// How many rows it has.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Its columns, in their order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The names of its columns, in their order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// A column by its name.
    ///
    /// # Errors
    /// When there is none of that name.
    pub fn column(&self, name: &str) -> Result<&Column, Error> {
        self.columns.iter().find(|column| column.name == name).ok_or_else(|| Error::UnknownColumn {
            name: name.to_owned(),
            known: self.names().map(str::to_owned).collect(),
        })
    }

    /// The table without some columns; names that it does not have are ignored.
    pub fn without(&self, names: &[&str]) -> Table {
        let keep = |column: &&Column| !names.contains(&column.name.as_str());
        Table { columns: self.columns.iter().filter(keep).cloned().collect(), rows: self.rows }
    }

    /// Some rows of the table, in the order given; a row may come more than once.
    ///
    /// # Panics
    /// When a row is beyond the last one.
    pub fn take(&self, rows: &[usize]) -> Table {
        Table { columns: self.columns.iter().map(|column| column.take(rows)).collect(), rows: rows.len() }
    }
}

fn column_of(name: &str, kind: &DataType, parts: &[&dyn Array]) -> Result<Column, Error> {
    let numbers = match kind {
        // One batch without nulls is taken over as it lies in memory.
        DataType::Float64 => match parts {
            [one] if one.null_count() == 0 => {
                return Ok(Column {
                    name: name.to_owned(),
                    values: Values::Numbers(one.as_primitive::<Float64Type>().values().clone()),
                });
            }
            _ => gathered::<Float64Type>(parts, |value| value),
        },
        DataType::Float16 => gathered::<Float16Type>(parts, f64::from),
        DataType::Float32 => gathered::<Float32Type>(parts, f64::from),
        DataType::Int8 => gathered::<Int8Type>(parts, f64::from),
        DataType::Int16 => gathered::<Int16Type>(parts, f64::from),
        DataType::Int32 => gathered::<Int32Type>(parts, f64::from),
        DataType::Int64 => gathered::<Int64Type>(parts, |value| value as f64),
        DataType::UInt8 => gathered::<UInt8Type>(parts, f64::from),
        DataType::UInt16 => gathered::<UInt16Type>(parts, f64::from),
        DataType::UInt32 => gathered::<UInt32Type>(parts, f64::from),
        DataType::UInt64 => gathered::<UInt64Type>(parts, |value| value as f64),
        DataType::Date32 => gathered::<Date32Type>(parts, f64::from),
        DataType::Date64 => gathered::<Date64Type>(parts, |milliseconds| milliseconds as f64 / 86_400_000.0),
        DataType::Timestamp(TimeUnit::Second, _) => {
            gathered::<TimestampSecondType>(parts, |value| value as f64 * 1e3)
        }
        DataType::Timestamp(TimeUnit::Millisecond, _) => {
            gathered::<TimestampMillisecondType>(parts, |value| value as f64)
        }
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            gathered::<TimestampMicrosecondType>(parts, |value| value as f64 / 1e3)
        }
        DataType::Timestamp(TimeUnit::Nanosecond, _) => {
            gathered::<TimestampNanosecondType>(parts, |value| value as f64 / 1e6)
        }
        DataType::Decimal128(_, scale) => {
            let unit = 10f64.powi(i32::from(*scale));
            gathered::<Decimal128Type>(parts, |value| value as f64 / unit)
        }
        DataType::Boolean => parts.iter().flat_map(|part| part.as_boolean().iter()).map(flag).collect(),
        DataType::Null => vec![f64::NAN; parts.iter().map(|part| part.len()).sum()],
        DataType::Utf8 => {
            return Ok(Column::categories(
                name,
                parts.iter().flat_map(|part| part.as_string::<i32>().iter()),
            ));
        }
        DataType::LargeUtf8 => {
            return Ok(Column::categories(
                name,
                parts.iter().flat_map(|part| part.as_string::<i64>().iter()),
            ));
        }
        DataType::Utf8View => {
            return Ok(Column::categories(name, parts.iter().flat_map(|part| part.as_string_view().iter())));
        }
        DataType::Dictionary(_, values) => return dictionary(name, values, parts),
        other => {
            return Err(Error::Table(format!(
                "column {name:?} is of type {other}; numbers, booleans, dates, times and texts can be used: leave it out or convert it"
            )));
        }
    };
    Ok(Column::numbers(name, numbers))
}

fn flag(value: Option<bool>) -> f64 {
    value.map_or(f64::NAN, |value| if value { 1.0 } else { 0.0 })
}

fn gathered<T: ArrowPrimitiveType>(parts: &[&dyn Array], number: impl Fn(T::Native) -> f64) -> Vec<f64> {
    let mut values = Vec::with_capacity(parts.iter().map(|part| part.len()).sum());
    for part in parts {
        values.extend(part.as_primitive::<T>().iter().map(|value| value.map_or(f64::NAN, &number)));
    }
    values
}

/// A dictionary's codes are renumbered by text: two of its entries may hold the same one, and batches may differ in theirs.
fn dictionary(name: &str, values: &DataType, parts: &[&dyn Array]) -> Result<Column, Error> {
    let mut cells: Vec<Option<String>> = Vec::new();
    for part in parts {
        let entries = part.as_any_dictionary();
        let texts = texts_of(name, values, entries.values().as_ref())?;
        for (row, key) in entries.normalized_keys().into_iter().enumerate() {
            cells.push(if part.is_null(row) { None } else { texts.get(key).cloned().flatten() });
        }
    }
    Ok(Column::categories(name, cells.iter().map(Option::as_deref)))
}

/// The texts of a dictionary's entries.
fn texts_of(name: &str, kind: &DataType, entries: &dyn Array) -> Result<Vec<Option<String>>, Error> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    match kind {
        DataType::Utf8 => Ok(entries.as_string::<i32>().iter().map(owned).collect()),
        DataType::LargeUtf8 => Ok(entries.as_string::<i64>().iter().map(owned).collect()),
        DataType::Utf8View => Ok(entries.as_string_view().iter().map(owned).collect()),
        kind if kind.is_integer() || kind.is_floating() => {
            let column = column_of(name, kind, &[entries])?;
            let text = |row| match column.value(row) {
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            };
            Ok((0..column.rows()).map(text).collect())
        }
        other => Err(Error::Table(format!(
            "column {name:?} is a dictionary of {other}; only one of texts or numbers can be used"
        ))),
    }
}

#[cfg(test)]
mod tests;
