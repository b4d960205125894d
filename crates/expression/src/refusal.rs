//! Why an expression was refused, and where.

use probity_primitives::{Code, Problem};
use std::fmt;

/// The text is too long or holds too many tokens, operators or nodes.
pub const TOO_LONG: Code = Code::new("expression-too-long");
/// Brackets, CASE, prefixes or operators are nested too deeply.
pub const TOO_DEEP: Code = Code::new("expression-too-deep");
/// The text is not an SQL expression.
pub const SYNTAX: Code = Code::new("expression-syntax");
/// SQL that this language leaves out on purpose.
pub const NOT_ALLOWED: Code = Code::new("expression-not-allowed");
/// A name that is no column here.
pub const UNKNOWN_COLUMN: Code = Code::new("expression-unknown-column");
/// An operator or function got a type it does not take.
pub const TYPE: Code = Code::new("expression-type");
/// Money of different or unknown currencies would be mixed.
pub const CURRENCY: Code = Code::new("expression-currency");

/// A refused expression: what is wrong, and where in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Line in the text, from 1.
    pub line: u32,
    /// Column in the line, in characters, from 1.
    pub column: u32,
    /// What is wrong and how to mend it; its `at` is empty, the caller knows the file.
    pub problem: Problem,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.problem)
    }
}

impl std::error::Error for Refusal {}
