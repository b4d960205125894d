//! From the parser's tree to ours: whatever is not on the list is refused, with its place.

use crate::function::{call, named};
use crate::literal;
use crate::nearest::nearest;
use crate::pattern::Pattern;
use crate::refusal::{NOT_ALLOWED, Refusal, SYNTAX, TOO_DEEP, TOO_LONG, TYPE, UNKNOWN_COLUMN};
use crate::scan::{DEEPEST, Place, scan};
use crate::tree::{Arithmetic, Comparison, Literal, MOST_NODES, Node, Truth};
use crate::typing::{arithmetic, compare, condition, makes_text, negate, ordered, unify, widen};
use crate::value::{Columns, Type};
use probity_primitives::Problem;
use probity_primitives::problem::shown;
use sqlparser::ast::{self, BinaryOperator, DataType, Expr, Ident, Spanned, UnaryOperator};
use sqlparser::dialect::Dialect;
use sqlparser::keywords::Keyword;
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::Token;

/// How deep the parser may call itself: a bracket and an operand for each level of the tree, and some over.
const PARSER_DEPTH: usize = 3 * DEEPEST;

/// SQL with every extension of the parser off.
#[derive(Debug)]
struct Plain;

impl Dialect for Plain {
    fn is_identifier_start(&self, c: char) -> bool {
        c.is_ascii_alphabetic() || c == '_'
    }

    fn is_identifier_part(&self, c: char) -> bool {
        c.is_ascii_alphanumeric() || c == '_'
    }

    /// The scanner leaves only the language's own keywords; none of them is tried again as a name when what follows it
    /// cannot be read, so the refusal names the place that matters.
    fn is_reserved_for_identifier(&self, keyword: Keyword) -> bool {
        keyword != Keyword::NoKeyword
    }
}

/// Parses and checks a text.
pub(crate) fn check(text: &str, columns: &dyn Columns) -> Result<Node, Refusal> {
    let tokens = scan(text, columns)?;
    let mut parser =
        Parser::new(&Plain).with_recursion_limit(PARSER_DEPTH).with_tokens_with_locations(tokens);
    let expr = parser.parse_expr().map_err(|error| unread(&parser, error))?;
    let next = parser.peek_token();
    if next.token != Token::EOF {
        let problem =
            Problem::new(SYNTAX, format!("'{}' was not expected here", shown(&next.token.to_string())));
        return Err(Place::of(next.span.start)
            .refuse(problem.hint("an operator, AND or OR may be missing before it")));
    }
    let checker = Checker { columns };
    let node = checker.typed(&expr, 1)?;
    if node.size() > MOST_NODES {
        return Err(Place::START.refuse(Problem::new(TOO_LONG, format!("more than {MOST_NODES} nodes"))));
    }
    if node.levels() > DEEPEST {
        return Err(Place::START.refuse(too_deep()));
    }
    if makes_text(&node) {
        let problem = Problem::new(NOT_ALLOWED, "lower(…) or upper(…) as the result")
            .hint("they serve comparisons; bring the text into one case when it is imported");
        return Err(place(&expr).refuse(problem));
    }
    Ok(node)
}

fn too_deep() -> Problem {
    Problem::new(TOO_DEEP, format!("nested more than {DEEPEST} levels deep"))
        .hint("give parts of it a name of their own; AND and OR of many terms need no brackets")
}

/// What the parser could not read, and where it stood.
fn unread(parser: &Parser<'_>, error: ParserError) -> Refusal {
    let here = Place::of(parser.peek_token_ref().span.start);
    let message = match error {
        ParserError::RecursionLimitExceeded => return here.refuse(too_deep()),
        ParserError::ParserError(message) | ParserError::TokenizerError(message) => message,
    };
    // The parser writes the place of the word it means behind its message.
    let (what, location) = message.split_once(" at Line: ").unwrap_or((&message, ""));
    let place = location
        .split_once(", Column: ")
        .and_then(|(line, column)| Some(Place { line: line.parse().ok()?, column: column.parse().ok()? }))
        .unwrap_or(here);
    place.refuse(Problem::new(SYNTAX, shown(what)))
}

fn place(expr: &Expr) -> Place {
    Place::of(expr.span().start)
}

/// How NULL without a type is refused where it would only make everything null.
fn bare_null() -> Problem {
    Problem::new(TYPE, "NULL here makes the result null for every row")
        .hint("write x IS NULL or x IS NOT NULL")
}

struct Checker<'c> {
    columns: &'c dyn Columns,
}

impl Checker<'_> {
    /// A node of a known type; a bare NULL is refused.
    fn typed(&self, expr: &Expr, level: usize) -> Result<Node, Refusal> {
        self.nullable(expr, level)?.ok_or_else(|| place(expr).refuse(bare_null()))
    }

    fn boxed(&self, expr: &Expr, level: usize) -> Result<Box<Node>, Refusal> {
        self.typed(expr, level).map(Box::new)
    }

    fn condition(&self, expr: &Expr, level: usize, what: &str) -> Result<Node, Refusal> {
        condition(self.typed(expr, level)?, what).map_err(|problem| place(expr).refuse(problem))
    }

    /// A node, or `None` for a bare NULL.
    fn nullable(&self, expr: &Expr, level: usize) -> Result<Option<Node>, Refusal> {
        // Brackets were counted by the scanner.
        let mut expr = expr;
        while let Expr::Nested(inner) = expr {
            expr = inner;
        }
        if level > DEEPEST {
            return Err(place(expr).refuse(too_deep()));
        }
        if let Expr::Value(ast::ValueWithSpan { value: ast::Value::Null, .. }) = expr {
            return Ok(None);
        }
        self.node(expr, level + 1).map(Some)
    }

    /// One form of the parser each; `below` is the level of its operands.
    fn node(&self, expr: &Expr, below: usize) -> Result<Node, Refusal> {
        let here = |problem: Problem| place(expr).refuse(problem);
        match expr {
            Expr::Identifier(name) => self.column(name),
            Expr::Value(value) => constant(&value.value).map(Node::Literal).map_err(here),
            Expr::TypedString(_) | Expr::Interval(_) => written(expr).map(Node::Literal).map_err(here),
            Expr::UnaryOp { op, expr: operand } => self.unary(*op, operand, below),
            Expr::BinaryOp { left, op: BinaryOperator::And, right } => {
                self.chain(left, right, &BinaryOperator::And, below).map(Node::And)
            }
            Expr::BinaryOp { left, op: BinaryOperator::Or, right } => {
                self.chain(left, right, &BinaryOperator::Or, below).map(Node::Or)
            }
            Expr::BinaryOp { left, op, right } => {
                let (left, right) = (self.typed(left, below)?, self.typed(right, below)?);
                binary(op, left, right).map_err(here)
            }
            Expr::IsNull(operand) | Expr::IsUnknown(operand) => self.is(operand, Truth::Null, false, below),
            Expr::IsNotNull(operand) | Expr::IsNotUnknown(operand) => {
                self.is(operand, Truth::Null, true, below)
            }
            Expr::IsTrue(operand) => self.is(operand, Truth::True, false, below),
            Expr::IsNotTrue(operand) => self.is(operand, Truth::True, true, below),
            Expr::IsFalse(operand) => self.is(operand, Truth::False, false, below),
            Expr::IsNotFalse(operand) => self.is(operand, Truth::False, true, below),
            Expr::Between { expr: operand, negated, low, high } => {
                let all = [operand, low, high].into_iter().map(|expr| self.typed(expr, below).map(Some));
                between(all.collect::<Result<_, _>>()?, *negated).map_err(here)
            }
            Expr::InList { expr: operand, list, negated } => self.among(operand, list, *negated, below),
            Expr::Like { negated, any: false, expr: operand, pattern, escape_char: None } => {
                like(self.typed(operand, below)?, pattern, *negated).map_err(here)
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(expr, operand.as_deref(), conditions, else_result.as_deref(), below)
            }
            Expr::Cast { kind: ast::CastKind::Cast, expr: operand, data_type, format: None } => {
                let of = cast_type(data_type).map_err(here)?;
                cast(self.nullable(operand, below)?, of).map_err(here)
            }
            Expr::Function(function) => self.function(expr, function, below),
            other => Err(here(not_allowed(&shown(&other.to_string())))),
        }
    }

    fn column(&self, name: &Ident) -> Result<Node, Refusal> {
        let lower = name.value.to_ascii_lowercase();
        for name in [&name.value, &lower] {
            if let Some((index, of)) = self.columns.column(name) {
                return Ok(Node::Column { index, name: name.clone(), of });
            }
        }
        let names = self.columns.names();
        let problem = Problem::new(UNKNOWN_COLUMN, format!("there is no column {}", shown(&name.value)));
        let hint = match nearest(&name.value, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean {near}?"),
            None if names.is_empty() => "there are no columns here".to_owned(),
            None => format!("there are {}", names.iter().take(20).cloned().collect::<Vec<_>>().join(", ")),
        };
        Err(Place::of(name.span.start).refuse(problem.hint(hint)))
    }

    fn unary(&self, op: UnaryOperator, operand: &Expr, below: usize) -> Result<Node, Refusal> {
        let here = |problem: Problem| place(operand).refuse(problem);
        match op {
            UnaryOperator::Not => Ok(Node::Not(Box::new(self.condition(operand, below, "NOT")?))),
            UnaryOperator::Minus => {
                if let Expr::Value(ast::ValueWithSpan { value: ast::Value::Number(text, _), .. }) = operand {
                    return literal::number(text, true).map(Node::Literal).map_err(here);
                }
                negate(self.typed(operand, below)?).map_err(here)
            }
            UnaryOperator::Plus => {
                let node = self.typed(operand, below)?;
                match node.result_type() {
                    Type::Boolean | Type::Text | Type::Timestamp => {
                        Err(here(Problem::new(TYPE, format!("'+' of {}", node.result_type()))))
                    }
                    _ => Ok(node),
                }
            }
            other => Err(here(not_allowed(&other.to_string()))),
        }
    }

    /// The terms of a chain `a AND b AND c`, which the parser leans to the left.
    fn chain(
        &self,
        left: &Expr,
        right: &Expr,
        joint: &BinaryOperator,
        below: usize,
    ) -> Result<Vec<Node>, Refusal> {
        let mut terms = vec![right];
        let mut rest = left;
        while let Expr::BinaryOp { left, op, right } = rest
            && op == joint
        {
            terms.push(right);
            rest = left;
        }
        terms.push(rest);
        let what = joint.to_string();
        terms.into_iter().rev().map(|term| self.condition(term, below, &what)).collect()
    }

    fn is(&self, operand: &Expr, truth: Truth, negated: bool, below: usize) -> Result<Node, Refusal> {
        let operand = if truth == Truth::Null {
            self.boxed(operand, below)?
        } else {
            Box::new(self.condition(operand, below, "IS TRUE or IS FALSE")?)
        };
        Ok(Node::Is { operand, truth, negated })
    }

    fn among(&self, operand: &Expr, list: &[Expr], negated: bool, below: usize) -> Result<Node, Refusal> {
        let mut operand = self.typed(operand, below)?;
        let mut among = Vec::with_capacity(list.len());
        let mut null = false;
        for expr in list {
            match self.nullable(expr, below)? {
                None => null = true,
                Some(Node::Literal(literal)) => among.push(literal),
                Some(_) => {
                    let problem = Problem::new(NOT_ALLOWED, "IN takes literals only");
                    return Err(place(expr).refuse(problem.hint("write x = a OR x = b")));
                }
            }
        }
        let all = std::iter::once(operand).chain(among.into_iter().map(Node::Literal)).map(Some).collect();
        let (all, of) =
            unify(all, "IN").map_err(|problem| list.first().map_or(Place::START, place).refuse(problem))?;
        let mut all = all.into_iter();
        let first = all.next();
        among = all
            .filter_map(|node| if let Node::Literal(literal) = node { Some(literal) } else { None })
            .collect();
        match first {
            Some(node) if of != Type::Boolean && !among.is_empty() => operand = node,
            _ => {
                let problem =
                    Problem::new(TYPE, "IN takes at least one literal that is not NULL, and no BOOLEAN");
                return Err(list.first().map_or(Place::START, place).refuse(problem));
            }
        }
        Ok(Node::In { operand: Box::new(operand), among, null, negated })
    }

    fn case(
        &self,
        whole: &Expr,
        operand: Option<&Expr>,
        conditions: &[ast::CaseWhen],
        otherwise: Option<&Expr>,
        below: usize,
    ) -> Result<Node, Refusal> {
        let operand = operand.map(|operand| self.typed(operand, below)).transpose()?;
        if operand.as_ref().map_or(0, Node::size).saturating_mul(conditions.len()) > MOST_NODES {
            let problem = Problem::new(TOO_LONG, format!("more than {MOST_NODES} nodes"));
            return Err(place(whole).refuse(problem.hint("the operand of CASE counts once for each WHEN")));
        }
        let mut tests = Vec::with_capacity(conditions.len());
        let mut results = Vec::with_capacity(conditions.len() + 1);
        for branch in conditions {
            tests.push(match &operand {
                None => self.condition(&branch.condition, below, "WHEN")?,
                Some(operand) => {
                    let value = self.typed(&branch.condition, below)?;
                    compare(Comparison::Equal, operand.clone(), value)
                        .map_err(|problem| place(&branch.condition).refuse(problem))?
                }
            });
            results.push(self.nullable(&branch.result, below)?);
        }
        if let Some(otherwise) = otherwise {
            results.push(self.nullable(otherwise, below)?);
        }
        let (mut results, of) = unify(results, "CASE").map_err(|problem| place(whole).refuse(problem))?;
        let otherwise = if otherwise.is_some() { results.pop().map(Box::new) } else { None };
        let node = Node::Case { branches: tests.into_iter().zip(results).collect(), otherwise, of };
        // Each CASE is measured at once: copies of copies of operands must not grow first.
        if node.size() > MOST_NODES {
            return Err(place(whole).refuse(Problem::new(TOO_LONG, format!("more than {MOST_NODES} nodes"))));
        }
        Ok(node)
    }

    fn function(&self, whole: &Expr, function: &ast::Function, below: usize) -> Result<Node, Refusal> {
        let here = |problem: Problem| place(whole).refuse(problem);
        let name = function.name.to_string();
        let plain = function.over.is_none()
            && function.filter.is_none()
            && function.null_treatment.is_none()
            && function.within_group.is_empty()
            && matches!(function.parameters, ast::FunctionArguments::None);
        let ast::FunctionArguments::List(list) = &function.args else {
            return Err(here(not_allowed(&shown(&name))));
        };
        if !plain || list.duplicate_treatment.is_some() || !list.clauses.is_empty() {
            return Err(here(not_allowed(&format!("this form of {}", shown(&name)))));
        }
        let arguments = list.args.iter().map(|argument| match argument {
            ast::FunctionArg::Unnamed(ast::FunctionArgExpr::Expr(expr)) => Ok(expr),
            other => Err(here(not_allowed(&shown(&other.to_string())))),
        });
        if name.eq_ignore_ascii_case("amount") {
            let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
            return self.amount(&arguments).map(Node::Literal).map_err(here);
        }
        let function = named(&name).map_err(here)?;
        let arguments = arguments.map(|expr| self.nullable(expr?, below)).collect::<Result<Vec<_>, _>>()?;
        call(function, arguments).map_err(here)
    }

    fn amount(&self, arguments: &[&Expr]) -> Result<Literal, Problem> {
        let [Expr::Value(ast::ValueWithSpan { value: ast::Value::SingleQuotedString(text), .. })] = arguments
        else {
            return Err(Problem::new(TYPE, "amount takes one text").hint("amount('12.30')"));
        };
        match self.columns.reporting_exponent() {
            Some(exponent) => literal::amount(text, exponent),
            None => Err(Problem::new(NOT_ALLOWED, "there is no reporting currency here, so no amount(…)")),
        }
    }
}

fn not_allowed(what: &str) -> Problem {
    Problem::new(NOT_ALLOWED, format!("{what} is not allowed"))
        .hint("the language is closed; its list is in the documentation")
}

fn constant(value: &ast::Value) -> Result<Literal, Problem> {
    match value {
        ast::Value::Number(text, _) => literal::number(text, false),
        ast::Value::SingleQuotedString(text) => Ok(Literal::Text(text.clone())),
        ast::Value::Boolean(truth) => Ok(Literal::Boolean(*truth)),
        other => Err(not_allowed(&shown(&other.to_string()))),
    }
}

/// `TIMESTAMP '…'` and `INTERVAL '…'`.
fn written(expr: &Expr) -> Result<Literal, Problem> {
    match expr {
        Expr::TypedString(typed) => match (&typed.data_type, &typed.value.value) {
            (DataType::Timestamp(None, ast::TimezoneInfo::None), ast::Value::SingleQuotedString(text)) => {
                literal::timestamp(text)
            }
            _ => Err(not_allowed(&shown(&typed.to_string()))),
        },
        Expr::Interval(interval)
            if interval.leading_field.is_none() && interval.leading_precision.is_none() =>
        {
            match interval.value.as_ref() {
                Expr::Value(ast::ValueWithSpan { value: ast::Value::SingleQuotedString(text), .. }) => {
                    literal::interval(text)
                }
                other => Err(not_allowed(&shown(&other.to_string()))),
            }
        }
        other => Err(not_allowed(&shown(&other.to_string()))),
    }
}

fn binary(op: &BinaryOperator, left: Node, right: Node) -> Result<Node, Problem> {
    match op {
        BinaryOperator::Plus => arithmetic(Arithmetic::Add, left, right),
        BinaryOperator::Minus => arithmetic(Arithmetic::Subtract, left, right),
        BinaryOperator::Multiply => arithmetic(Arithmetic::Multiply, left, right),
        BinaryOperator::Divide => arithmetic(Arithmetic::Divide, left, right),
        BinaryOperator::Modulo => arithmetic(Arithmetic::Remainder, left, right),
        BinaryOperator::Eq => compare(Comparison::Equal, left, right),
        BinaryOperator::NotEq => compare(Comparison::NotEqual, left, right),
        BinaryOperator::Lt => compare(Comparison::Less, left, right),
        BinaryOperator::LtEq => compare(Comparison::LessOrEqual, left, right),
        BinaryOperator::Gt => compare(Comparison::Greater, left, right),
        BinaryOperator::GtEq => compare(Comparison::GreaterOrEqual, left, right),
        other => Err(not_allowed(&other.to_string())),
    }
}

fn between(all: Vec<Option<Node>>, negated: bool) -> Result<Node, Problem> {
    let (all, of) = unify(all, "BETWEEN")?;
    ordered(of, "BETWEEN")?;
    match <[Node; 3]>::try_from(all) {
        Ok([operand, low, high]) => Ok(Node::Between {
            operand: Box::new(operand),
            low: Box::new(low),
            high: Box::new(high),
            negated,
        }),
        Err(_) => Err(Problem::new(TYPE, "BETWEEN takes two bounds")),
    }
}

fn like(operand: Node, pattern: &Expr, negated: bool) -> Result<Node, Problem> {
    if operand.result_type() != Type::Text {
        return Err(Problem::new(TYPE, format!("LIKE takes TEXT, not {}", operand.result_type())));
    }
    let Expr::Value(ast::ValueWithSpan { value: ast::Value::SingleQuotedString(pattern), .. }) = pattern
    else {
        return Err(Problem::new(NOT_ALLOWED, "the pattern of LIKE is a literal text")
            .hint("starts_with(a, b) compares two columns"));
    };
    if Pattern::parse(pattern).is_none() {
        return Err(
            Problem::new(SYNTAX, "the pattern ends in a lone backslash").hint("a backslash itself is \\\\")
        );
    }
    Ok(Node::Like { operand: Box::new(operand), pattern: pattern.clone(), negated })
}

fn cast_type(data_type: &DataType) -> Result<Type, Problem> {
    match data_type {
        DataType::BigInt(None) => Ok(Type::Integer),
        DataType::Double(ast::ExactNumberInfo::None) => Ok(Type::Double),
        DataType::Boolean => Ok(Type::Boolean),
        DataType::Text => Ok(Type::Text),
        other => Err(Problem::new(NOT_ALLOWED, format!("CAST into {}", shown(&other.to_string())))
            .hint("CAST goes into BIGINT or DOUBLE")),
    }
}

fn cast(operand: Option<Node>, of: Type) -> Result<Node, Problem> {
    let Some(operand) = operand else { return Ok(Node::Null(of)) };
    match (operand.result_type(), of) {
        (from, to) if from == to && matches!(to, Type::Integer | Type::Double) => Ok(operand),
        (Type::Integer, Type::Double) => Ok(widen(operand)),
        (Type::Double | Type::Boolean, Type::Integer) | (Type::Boolean, Type::Double) => {
            Ok(Node::Cast { operand: Box::new(operand), of })
        }
        (from, _) => {
            let hint = match from {
                Type::Duration => "in_days(…) and in_hours(…) give a number",
                Type::Money(_) => "divide money by money: reporting(value) / amount('1')",
                Type::Timestamp => "subtract a timestamp, then in_days(…)",
                _ => "CAST takes BIGINT, DOUBLE and BOOLEAN into BIGINT or DOUBLE",
            };
            Err(Problem::new(TYPE, format!("CAST of {from} into {of}")).hint(hint))
        }
    }
}
