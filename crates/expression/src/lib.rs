//! The expression language of Probity's definitions: SQL expressions over the columns of a row.
//!
//! A text is scanned (bounds on length, depth and tokens), parsed by `sqlparser`, checked into a closed typed
//! [`Node`] tree, and compiled once into steps that evaluate a row in tens of nanoseconds. A bad expression is
//! refused when it is loaded, with line and column; evaluation is total: it cannot fail, recurse without bound
//! or read anything but the row. The crate knows nothing of commerce.
//!
//! # The language
//! - Types: BOOLEAN, BIGINT, DOUBLE, TEXT, timestamp and duration (milliseconds), money (minor units) in the row's
//!   own currency or in the reporting currency. BIGINT meets DOUBLE as DOUBLE; nothing else is converted unasked.
//! - Money of different kinds does not mix, and money is not compared with a bare number: `reporting(value)` and
//!   `amount('12.30')` (an exact amount in the reporting currency) say which money is meant.
//! - Logic is three-valued as in SQL. Integer overflow, division by zero, results that are not finite, a logarithm
//!   of nothing and a conversion without a rate are null and counted in [`Faults`]. What AND, OR, CASE or COALESCE
//!   did not need to look at is not evaluated and not counted.
//! - BIGINT division truncates toward zero; ROUND goes half away from zero; LN, EXP and POWER give the same digits on
//!   every machine. Text is compared by code point; LENGTH counts characters; in LIKE `\` escapes.
//! - LEAST and GREATEST leave nulls out, as PostgreSQL does. `share(a, b)` is a·1.0/b, and null (not a fault) for b = 0.
//! - LOWER and UPPER serve comparisons; they cannot be the result of the whole expression.
//!
//! The modules stand in pipeline order; a module names only modules above it.

mod value;
mod refusal;
mod nearest;
mod scan;
mod pattern;
mod tree;
mod print;
mod literal;
mod typing;
mod function;
mod check;
mod program;
mod arithmetic;
mod evaluate;
mod compile;
mod expression;

pub use expression::Expression;
pub use refusal::{
    CURRENCY, NOT_ALLOWED, Refusal, SYNTAX, TOO_DEEP, TOO_LONG, TYPE, UNKNOWN_COLUMN,
};
pub use scan::{DEEPEST, LONGEST_TEXT};
pub use tree::{Arithmetic, Comparison, Function, Literal, MOST_NODES, Node, Truth};
pub use value::{Columns, Faults, MoneyIn, Row, Type, Value};
