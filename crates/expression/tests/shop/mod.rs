//! The columns and rows of the tests.
#![allow(dead_code, unreachable_pub, missing_docs, reason = "each test file uses a part")]

use probity_expression::{Columns, MoneyIn, Row, Type, Value};

pub const COLUMNS: [(&str, Type); 17] = [
    ("b", Type::Boolean),
    ("c", Type::Boolean),
    ("i", Type::Integer),
    ("j", Type::Integer),
    ("x", Type::Double),
    ("y", Type::Double),
    ("t", Type::Text),
    ("u", Type::Text),
    ("type", Type::Text),
    ("shipped_at", Type::Timestamp),
    ("ship_by", Type::Timestamp),
    ("delay", Type::Duration),
    ("value", Type::Money(MoneyIn::Event)),
    ("refund", Type::Money(MoneyIn::Event)),
    ("limit", Type::Money(MoneyIn::Reporting)),
    ("order", Type::Text),
    ("Odd Name", Type::Integer),
];

pub struct Shop;

impl Columns for Shop {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        COLUMNS.iter().position(|(column, _)| *column == name).map(|index| (index, COLUMNS[index].1))
    }

    fn names(&self) -> Vec<String> {
        COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn reporting_exponent(&self) -> Option<u32> {
        Some(2)
    }
}

#[derive(Debug, Clone)]
pub enum Cell {
    Null,
    Boolean(bool),
    Integer(i64),
    Double(f64),
    Text(String),
}

#[derive(Debug, Clone)]
pub struct Cells(pub Vec<Cell>);

impl Row for Cells {
    fn value(&self, column: usize) -> Value<'_> {
        match self.0.get(column) {
            None | Some(Cell::Null) => Value::Null,
            Some(Cell::Boolean(truth)) => Value::Boolean(*truth),
            Some(Cell::Integer(integer)) => Value::Integer(*integer),
            Some(Cell::Double(double)) => Value::Double(*double),
            Some(Cell::Text(text)) => Value::Text(text),
        }
    }

    /// Twice as much; nothing above a million.
    fn to_reporting(&self, minor: i64) -> Option<i64> {
        (minor <= 1_000_000).then_some(minor * 2)
    }
}

/// 2018-01-01T10:00:00Z
pub const SHIPPED_AT: i64 = 1_514_800_800_000;

pub fn row() -> Cells {
    Cells(vec![
        Cell::Boolean(true),
        Cell::Null,
        Cell::Integer(7),
        Cell::Null,
        Cell::Double(2.5),
        Cell::Null,
        Cell::Text("Äpfel 50%".into()),
        Cell::Null,
        Cell::Text("order.shipped_late".into()),
        Cell::Integer(SHIPPED_AT),
        Cell::Integer(SHIPPED_AT - 36 * 3_600_000),
        Cell::Integer(5_400_000),
        Cell::Integer(1230),
        Cell::Integer(410),
        Cell::Integer(500),
        Cell::Text("o1".into()),
        Cell::Integer(3),
    ])
}
