//! A tree as SQL text that reads back as the same tree.

use crate::scan::keyword;
use crate::tree::{Arithmetic, Comparison, Function, Literal, Node, Truth};
use crate::value::Type;
use probity_primitives::Timestamp;
use std::fmt::{self, Display, Formatter};

impl Function {
    /// All functions.
    pub(crate) const ALL: [Self; 21] = [
        Self::Abs,
        Self::Ceil,
        Self::Coalesce,
        Self::Exp,
        Self::Floor,
        Self::Greatest,
        Self::Hour,
        Self::InDays,
        Self::InHours,
        Self::Least,
        Self::Length,
        Self::Ln,
        Self::Lower,
        Self::NullIf,
        Self::Power,
        Self::Reporting,
        Self::Round,
        Self::Share,
        Self::Sqrt,
        Self::StartsWith,
        Self::Upper,
    ];

    /// The name in expressions.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Abs => "abs",
            Self::Ceil => "ceil",
            Self::Coalesce => "coalesce",
            Self::Exp => "exp",
            Self::Floor => "floor",
            Self::Greatest => "greatest",
            Self::Hour => "hour",
            Self::InDays => "in_days",
            Self::InHours => "in_hours",
            Self::Least => "least",
            Self::Length => "length",
            Self::Ln => "ln",
            Self::Lower => "lower",
            Self::NullIf => "nullif",
            Self::Power => "power",
            Self::Reporting => "reporting",
            Self::Round => "round",
            Self::Share => "share",
            Self::Sqrt => "sqrt",
            Self::StartsWith => "starts_with",
            Self::Upper => "upper",
        }
    }
}

impl Display for Arithmetic {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        })
    }
}

impl Display for Comparison {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Equal => "=",
            Self::NotEqual => "<>",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        })
    }
}

impl Display for Literal {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean(true) => f.write_str("TRUE"),
            Self::Boolean(false) => f.write_str("FALSE"),
            Self::Integer(integer) => write!(f, "{integer}"),
            // Debug keeps the point or the exponent: `3.0`, `1e100`.
            Self::Double(double) => write!(f, "{double:?}"),
            Self::Text(text) => quote(f, text, '\''),
            Self::Timestamp(millis) => write!(f, "TIMESTAMP '{}'", Timestamp::from_millis(*millis)),
            Self::Duration(millis) => {
                let (count, unit) = interval(*millis);
                write!(f, "INTERVAL '{count} {unit}'")
            }
            Self::Amount { minor, exponent } => {
                let sign = if *minor < 0 { "-" } else { "" };
                let width = *exponent as usize + 1;
                let digits = format!("{:0width$}", minor.unsigned_abs());
                let (whole, part) = digits.split_at(digits.len() - *exponent as usize);
                let point = if part.is_empty() { "" } else { "." };
                write!(f, "amount('{sign}{whole}{point}{part}')")
            }
        }
    }
}

/// The largest unit in which a duration is whole.
fn interval(millis: i64) -> (i64, &'static str) {
    for (unit, name) in [(86_400_000, "days"), (3_600_000, "hours"), (60_000, "minutes"), (1000, "seconds")] {
        if millis % unit == 0 {
            return (millis / unit, name);
        }
    }
    (millis, "milliseconds")
}

fn quote(f: &mut Formatter<'_>, text: &str, quote: char) -> fmt::Result {
    let doubled: String = [quote, quote].iter().collect();
    write!(f, "{quote}{}{quote}", text.replace(quote, &doubled))
}

fn column(f: &mut Formatter<'_>, name: &str) -> fmt::Result {
    // A lower-case word that means nothing else stands bare; `interval` and its like are told apart by what follows.
    let word = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if word && keyword(name).is_none() { f.write_str(name) } else { quote(f, name, '"') }
}

fn joined<T: Display>(f: &mut Formatter<'_>, all: &[T], between: &str) -> fmt::Result {
    for (n, one) in all.iter().enumerate() {
        if n > 0 {
            f.write_str(between)?;
        }
        write!(f, "{one}")?;
    }
    Ok(())
}

const fn not(negated: bool) -> &'static str {
    if negated { "NOT " } else { "" }
}

impl Display for Node {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null(of @ (Type::Boolean | Type::Integer | Type::Double | Type::Text)) => {
                write!(f, "CAST(NULL AS {of})")
            }
            Self::Null(_) => f.write_str("NULL"),
            Self::Literal(literal @ (Literal::Integer(i64::MIN..0) | Literal::Double(..0.0))) => {
                write!(f, "({literal})")
            }
            Self::Literal(literal) => write!(f, "{literal}"),
            Self::Column { name, .. } => column(f, name),
            Self::Widen(operand) => write!(f, "CAST({operand} AS DOUBLE)"),
            Self::Negate(operand) => write!(f, "(- {operand})"),
            Self::Not(operand) => write!(f, "(NOT {operand})"),
            Self::And(all) => {
                f.write_str("(")?;
                joined(f, all, " AND ")?;
                f.write_str(")")
            }
            Self::Or(all) => {
                f.write_str("(")?;
                joined(f, all, " OR ")?;
                f.write_str(")")
            }
            Self::Arithmetic { operator, left, right, .. } => write!(f, "({left} {operator} {right})"),
            Self::Compare { operator, left, right } => write!(f, "({left} {operator} {right})"),
            Self::Is { operand, truth, negated } => {
                let truth = match truth {
                    Truth::Null => "NULL",
                    Truth::True => "TRUE",
                    Truth::False => "FALSE",
                };
                write!(f, "({operand} IS {}{truth})", not(*negated))
            }
            Self::Between { operand, low, high, negated } => {
                write!(f, "({operand} {}BETWEEN {low} AND {high})", not(*negated))
            }
            Self::In { operand, among, null, negated } => {
                write!(f, "({operand} {}IN (", not(*negated))?;
                joined(f, among, ", ")?;
                f.write_str(if *null { ", NULL))" } else { "))" })
            }
            Self::Like { operand, pattern, negated } => {
                write!(f, "({operand} {}LIKE ", not(*negated))?;
                quote(f, pattern, '\'')?;
                f.write_str(")")
            }
            Self::Case { branches, otherwise, .. } => {
                f.write_str("CASE")?;
                for (condition, result) in branches {
                    write!(f, " WHEN {condition} THEN {result}")?;
                }
                if let Some(otherwise) = otherwise {
                    write!(f, " ELSE {otherwise}")?;
                }
                f.write_str(" END")
            }
            Self::Cast { operand, of } => write!(f, "CAST({operand} AS {of})"),
            Self::Call { function, arguments, .. } => {
                write!(f, "{}(", function.name())?;
                joined(f, arguments, ", ")?;
                f.write_str(")")
            }
        }
    }
}
