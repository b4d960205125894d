//! What an expression reads and gives: types, values, the columns of a row, and the faults that became null.

use std::fmt;

/// The type of an expression or a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// True, false or null.
    Boolean,
    /// A 64-bit integer.
    Integer,
    /// A finite 64-bit float.
    Double,
    /// Unicode text.
    Text,
    /// A moment: milliseconds since 1970-01-01T00:00:00Z.
    Timestamp,
    /// A length of time in milliseconds, possibly negative.
    Duration,
    /// An amount in minor units.
    Money(MoneyIn),
}

/// Which currency an amount is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MoneyIn {
    /// The row's own currency, another one in each row.
    Event,
    /// The reporting currency of the platform.
    Reporting,
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Boolean => "BOOLEAN",
            Self::Integer => "BIGINT",
            Self::Double => "DOUBLE",
            Self::Text => "TEXT",
            Self::Timestamp => "timestamp",
            Self::Duration => "duration",
            Self::Money(MoneyIn::Event) => "money in the row's own currency",
            Self::Money(MoneyIn::Reporting) => "money in the reporting currency",
        })
    }
}

/// A value at run time. Timestamps and durations (milliseconds) and money (minor units) are integers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// Unknown or absent.
    Null,
    /// A truth value.
    Boolean(bool),
    /// An integer, a timestamp, a duration or an amount.
    Integer(i64),
    /// A finite float.
    Double(f64),
    /// Text of the row or of the expression.
    Text(&'a str),
}

/// The columns an expression may name.
pub trait Columns {
    /// Position and type of a column, if there is one of that name.
    fn column(&self, name: &str) -> Option<(usize, Type)>;

    /// All names, to suggest the nearest one.
    fn names(&self) -> Vec<String>;

    /// How many digits the reporting currency has after the point; without it `amount('…')` is refused.
    fn reporting_exponent(&self) -> Option<u32> {
        None
    }
}

/// One row. A value that is not of its column's type reads as null.
pub trait Row {
    /// The value of a column, by the position that [`Columns::column`] gave.
    fn value(&self, column: usize) -> Value<'_>;

    /// Minor units of the row's own currency in minor units of the reporting currency; `None` without a rate.
    fn to_reporting(&self, minor: i64) -> Option<i64>;
}

/// How often a result became null because it could not be computed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Faults {
    /// Results outside the type's range or the function's domain: integer overflow, floats that are not finite, LN(0).
    pub overflows: u64,
    /// Divisions (and remainders) by zero.
    pub divisions_by_zero: u64,
    /// Amounts without a rate into the reporting currency.
    pub conversions: u64,
}

impl Faults {
    /// All faults together.
    pub const fn total(&self) -> u64 {
        self.overflows.saturating_add(self.divisions_by_zero).saturating_add(self.conversions)
    }
}
