//! The checked tree: closed, typed, and simple enough to be turned into another engine's expressions.

use crate::value::{MoneyIn, Type};

/// The most nodes of a tree; literals of an IN list count.
pub const MOST_NODES: usize = 500;

/// A constant.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// TRUE or FALSE.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A finite float.
    Double(f64),
    /// Text.
    Text(String),
    /// `TIMESTAMP '…'`, in milliseconds since the epoch.
    Timestamp(i64),
    /// `INTERVAL '…'`, in milliseconds.
    Duration(i64),
    /// `amount('…')`, in minor units of the reporting currency.
    Amount {
        /// Minor units.
        minor: i64,
        /// Digits of the currency after the point.
        exponent: u32,
    },
}

impl Literal {
    /// Its type.
    pub const fn result_type(&self) -> Type {
        match self {
            Self::Boolean(_) => Type::Boolean,
            Self::Integer(_) => Type::Integer,
            Self::Double(_) => Type::Double,
            Self::Text(_) => Type::Text,
            Self::Timestamp(_) => Type::Timestamp,
            Self::Duration(_) => Type::Duration,
            Self::Amount { .. } => Type::Money(MoneyIn::Reporting),
        }
    }
}

/// `+ - * / %`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Arithmetic {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// `= <> < <= > >=`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparison {
    /// Does it hold for two values in this order?
    pub const fn holds(self, order: std::cmp::Ordering) -> bool {
        match self {
            Self::Equal => order.is_eq(),
            Self::NotEqual => order.is_ne(),
            Self::Less => order.is_lt(),
            Self::LessOrEqual => order.is_le(),
            Self::Greater => order.is_gt(),
            Self::GreaterOrEqual => order.is_ge(),
        }
    }
}

/// What IS asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Truth {
    Null,
    True,
    False,
}

/// The functions of the language. Unless said otherwise an argument that is null makes the result null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    /// `abs(x)`: numbers, durations and money.
    Abs,
    /// `ceil(x)`
    Ceil,
    /// `coalesce(a, b, …)`: the first that is not null.
    Coalesce,
    /// `exp(x)`
    Exp,
    /// `floor(x)`
    Floor,
    /// `greatest(a, b, …)` of those that are not null.
    Greatest,
    /// `hour(timestamp)`: 0 to 23, UTC.
    Hour,
    /// `in_days(duration)`: days as DOUBLE.
    InDays,
    /// `in_hours(duration)`: hours as DOUBLE.
    InHours,
    /// `least(a, b, …)` of those that are not null.
    Least,
    /// `length(text)` in characters (Unicode scalar values).
    Length,
    /// `ln(x)`
    Ln,
    /// `lower(text)`, Unicode's simple and special mappings.
    Lower,
    /// `nullif(a, b)`: null where both are equal, else a.
    NullIf,
    /// `power(x, y)`
    Power,
    /// `reporting(money)`: into the reporting currency.
    Reporting,
    /// `round(x)`: half away from zero.
    Round,
    /// `share(a, b)`: a·1.0/b, null for b = 0.
    Share,
    /// `sqrt(x)`
    Sqrt,
    /// `starts_with(text, prefix)`
    StartsWith,
    /// `upper(text)`
    Upper,
}

/// A checked expression. Operands have the types their node asks for: BIGINT is widened to DOUBLE by a node of its own.
#[derive(Debug, Clone, PartialEq)]
pub enum Node {
    /// NULL of a type.
    Null(Type),
    /// A constant.
    Literal(Literal),
    /// A column of the row.
    Column {
        /// Its position.
        index: usize,
        /// Its name.
        name: String,
        /// Its type.
        of: Type,
    },
    /// BIGINT as DOUBLE, where the other operand is one.
    Widen(Box<Self>),
    /// `-x`
    Negate(Box<Self>),
    /// NOT
    Not(Box<Self>),
    /// Two or more conditions joined by AND.
    And(Vec<Self>),
    /// Two or more conditions joined by OR.
    Or(Vec<Self>),
    /// Arithmetic. Money / money and duration / duration are DOUBLE though both sides are integers at run time.
    Arithmetic {
        /// Which.
        operator: Arithmetic,
        /// The result.
        of: Type,
        /// Left operand.
        left: Box<Self>,
        /// Right operand.
        right: Box<Self>,
    },
    /// A comparison of two operands of one type.
    Compare {
        /// Which.
        operator: Comparison,
        /// Left operand.
        left: Box<Self>,
        /// Right operand.
        right: Box<Self>,
    },
    /// `x IS [NOT] NULL | TRUE | FALSE`: never null.
    Is {
        /// What is asked about.
        operand: Box<Self>,
        /// What it is asked to be.
        truth: Truth,
        /// IS NOT
        negated: bool,
    },
    /// `x [NOT] BETWEEN low AND high`, bounds included; all of one type.
    Between {
        /// What is placed.
        operand: Box<Self>,
        /// Lower bound.
        low: Box<Self>,
        /// Upper bound.
        high: Box<Self>,
        /// NOT BETWEEN
        negated: bool,
    },
    /// `x [NOT] IN (…)`
    In {
        /// What is looked for.
        operand: Box<Self>,
        /// At least one literal of the operand's type.
        among: Vec<Literal>,
        /// The list holds NULL too: what is not found is unknown.
        null: bool,
        /// NOT IN
        negated: bool,
    },
    /// `x [NOT] LIKE 'pattern'`; `\` escapes.
    Like {
        /// The text.
        operand: Box<Self>,
        /// The pattern as written.
        pattern: String,
        /// NOT LIKE
        negated: bool,
    },
    /// `CASE WHEN … THEN … ELSE … END`; `CASE x WHEN v` has become `CASE WHEN x = v`.
    Case {
        /// Conditions and results, at least one.
        branches: Vec<(Self, Self)>,
        /// ELSE; null without it.
        otherwise: Option<Box<Self>>,
        /// The type of every result.
        of: Type,
    },
    /// `CAST(x AS BIGINT | DOUBLE)` of a number or a boolean.
    Cast {
        /// What is cast.
        operand: Box<Self>,
        /// Into what.
        of: Type,
    },
    /// A function.
    Call {
        /// Which.
        function: Function,
        /// As many as it takes.
        arguments: Vec<Self>,
        /// The result.
        of: Type,
    },
}

impl Node {
    /// The type of its value.
    pub const fn result_type(&self) -> Type {
        match self {
            Self::Null(of)
            | Self::Column { of, .. }
            | Self::Arithmetic { of, .. }
            | Self::Case { of, .. }
            | Self::Cast { of, .. }
            | Self::Call { of, .. } => *of,
            Self::Literal(literal) => literal.result_type(),
            Self::Widen(_) => Type::Double,
            // Only a number, a duration or money is negated; nested signs are bounded by the tree's depth.
            Self::Negate(operand) => operand.result_type(),
            Self::Not(_)
            | Self::And(_)
            | Self::Or(_)
            | Self::Compare { .. }
            | Self::Is { .. }
            | Self::Between { .. }
            | Self::In { .. }
            | Self::Like { .. } => Type::Boolean,
        }
    }

    /// The nodes directly below.
    pub fn children(&self) -> Vec<&Self> {
        match self {
            Self::Null(_) | Self::Literal(_) | Self::Column { .. } => Vec::new(),
            Self::Widen(operand)
            | Self::Negate(operand)
            | Self::Not(operand)
            | Self::Is { operand, .. }
            | Self::In { operand, .. }
            | Self::Like { operand, .. }
            | Self::Cast { operand, .. } => vec![operand],
            Self::And(all) | Self::Or(all) | Self::Call { arguments: all, .. } => all.iter().collect(),
            Self::Arithmetic { left, right, .. } | Self::Compare { left, right, .. } => vec![left, right],
            Self::Between { operand, low, high, .. } => vec![operand, low, high],
            Self::Case { branches, otherwise, .. } => branches
                .iter()
                .flat_map(|(condition, result)| [condition, result])
                .chain(otherwise.as_deref())
                .collect(),
        }
    }

    /// How many nodes it has, itself included.
    pub fn size(&self) -> usize {
        let own = if let Self::In { among, .. } = self { 1 + among.len() } else { 1 };
        own + self.children().into_iter().map(Self::size).sum::<usize>()
    }

    /// How many levels it has, itself included.
    pub fn levels(&self) -> usize {
        1 + self.children().into_iter().map(Self::levels).max().unwrap_or_default()
    }

    /// Calls `visit` for the position of each column read, as often as it is read.
    pub(crate) fn visit_columns(&self, visit: &mut dyn FnMut(usize)) {
        if let Self::Column { index, .. } = self {
            visit(*index);
        }
        for child in self.children() {
            child.visit_columns(visit);
        }
    }
}
