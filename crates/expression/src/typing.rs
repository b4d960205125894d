//! Which operators take which types.

use crate::literal::negated;
use crate::refusal::{CURRENCY, TYPE};
use crate::tree::{Arithmetic, Comparison, Literal, Node};
use crate::value::{MoneyIn, Type};
use probity_primitives::Problem;

/// A number as DOUBLE; a literal changes itself, anything else gets a node of its own.
pub(crate) fn widen(node: Node) -> Node {
    match node {
        // As every cast of BIGINT to DOUBLE: the nearest float.
        Node::Literal(Literal::Integer(integer)) => Node::Literal(Literal::Double(integer as f64)),
        node if node.result_type() == Type::Integer => Node::Widen(Box::new(node)),
        node => node,
    }
}

/// The refusal for two types that do not go together.
fn mismatch(left: Type, right: Type, what: &str) -> Problem {
    use Type::{Double, Duration, Integer, Money, Text, Timestamp};
    let problem = |code, hint: &str| {
        let problem = Problem::new(code, format!("{what} of {left} and {right}"));
        if hint.is_empty() { problem } else { problem.hint(hint) }
    };
    match (left, right) {
        (Money(a), Money(b)) if a != b => problem(CURRENCY, "bring both into the reporting currency: reporting(…)"),
        (Money(MoneyIn::Event), Integer | Double) | (Integer | Double, Money(MoneyIn::Event)) => {
            problem(CURRENCY, "a bare number has no currency: reporting(…) against amount('12.30')")
        }
        (Money(_), Integer | Double) | (Integer | Double, Money(_)) => {
            problem(CURRENCY, "a bare number has no currency: write amount('12.30'); divide money by money for a DOUBLE")
        }
        (Timestamp, Text) | (Text, Timestamp) => problem(TYPE, "write TIMESTAMP '2018-01-01T00:00:00Z'"),
        (Duration, Text) | (Text, Duration) => problem(TYPE, "write INTERVAL '3 days'"),
        (Duration | Timestamp, Integer | Double) | (Integer | Double, Duration | Timestamp) => {
            problem(TYPE, "write INTERVAL '3 days', or in_days(…) and in_hours(…) for a number")
        }
        (Double, Double | Integer) | (Integer, Double) => problem(TYPE, "CAST(x AS BIGINT) first"),
        _ => problem(TYPE, ""),
    }
}

/// Arithmetic on two nodes.
pub(crate) fn arithmetic(operator: Arithmetic, left: Node, right: Node) -> Result<Node, Problem> {
    use Arithmetic::{Add, Divide, Multiply, Remainder, Subtract};
    use Type::{Double, Duration, Integer, Money, Timestamp};
    let of = match (left.result_type(), operator, right.result_type()) {
        (Integer, _, Integer) => Integer,
        (Integer | Double, Add | Subtract | Multiply | Divide, Integer | Double) => {
            let (left, right) = (Box::new(widen(left)), Box::new(widen(right)));
            return Ok(Node::Arithmetic { operator, of: Double, left, right });
        }
        (Money(a), Add | Subtract, Money(b)) if a == b => Money(a),
        (Money(a), Multiply, Integer) | (Integer, Multiply, Money(a)) => Money(a),
        (Money(a), Divide, Money(b)) if a == b => Double,
        (Timestamp, Subtract, Timestamp) => Duration,
        (Timestamp, Add | Subtract, Duration) | (Duration, Add, Timestamp) => Timestamp,
        (Duration, Add | Subtract, Duration) => Duration,
        (Duration, Multiply, Integer) | (Integer, Multiply, Duration) => Duration,
        (Duration, Divide, Duration) => Double,
        (l, Add | Subtract | Multiply | Divide | Remainder, r) => return Err(mismatch(l, r, &format!("'{operator}'"))),
    };
    Ok(Node::Arithmetic { operator, of, left: Box::new(left), right: Box::new(right) })
}

/// `-x`; a literal changes its sign.
pub(crate) fn negate(operand: Node) -> Result<Node, Problem> {
    if let Node::Literal(literal) = &operand
        && let Some(other) = negated(literal)
    {
        return Ok(Node::Literal(other));
    }
    match operand.result_type() {
        Type::Integer | Type::Double | Type::Duration | Type::Money(_) => Ok(Node::Negate(Box::new(operand))),
        of => Err(Problem::new(TYPE, format!("'-' of {of}"))),
    }
}

/// The condition itself, if it is one.
pub(crate) fn condition(node: Node, what: &str) -> Result<Node, Problem> {
    match node.result_type() {
        Type::Boolean => Ok(node),
        of => Err(Problem::new(TYPE, format!("{what} takes BOOLEAN, not {of}")).hint("compare it: x = 1, x > 0, x IS NOT NULL")),
    }
}

/// Brings operands to one type. `None` is a bare NULL and takes the type of the others.
pub(crate) fn unify(all: Vec<Option<Node>>, what: &str) -> Result<(Vec<Node>, Type), Problem> {
    let mut common: Option<Type> = None;
    for node in all.iter().flatten() {
        common = Some(match (common, node.result_type()) {
            (None, of) => of,
            (Some(a), b) if a == b => a,
            (Some(Type::Integer | Type::Double), Type::Integer | Type::Double) => Type::Double,
            (Some(a), b) => return Err(mismatch(a, b, what)),
        });
    }
    let Some(of) = common else {
        return Err(Problem::new(TYPE, format!("{what}: every NULL here is without a type")).hint("CAST(NULL AS DOUBLE)"));
    };
    let typed = |node: Option<Node>| match node {
        None => Node::Null(of),
        Some(node) if of == Type::Double => widen(node),
        Some(node) => node,
    };
    Ok((all.into_iter().map(typed).collect(), of))
}

/// Two operands brought to one type.
pub(crate) fn pair(left: Node, right: Node, what: &str) -> Result<(Node, Node, Type), Problem> {
    let (both, of) = unify(vec![Some(left), Some(right)], what)?;
    match <[Node; 2]>::try_from(both) {
        Ok([left, right]) => Ok((left, right, of)),
        Err(_) => Err(Problem::new(TYPE, what)),
    }
}

/// A comparison.
pub(crate) fn compare(operator: Comparison, left: Node, right: Node) -> Result<Node, Problem> {
    let what = format!("'{operator}'");
    let (left, right, of) = pair(left, right, &what)?;
    if of == Type::Boolean && !matches!(operator, Comparison::Equal | Comparison::NotEqual) {
        return Err(Problem::new(TYPE, format!("{what} of BOOLEAN")).hint("truth values have no order; use = or <>"));
    }
    Ok(Node::Compare { operator, left: Box::new(left), right: Box::new(right) })
}

/// Refuses a type that has no order.
pub(crate) fn ordered(of: Type, what: &str) -> Result<(), Problem> {
    match of {
        Type::Boolean => Err(Problem::new(TYPE, format!("{what} of BOOLEAN")).hint("truth values have no order")),
        _ => Ok(()),
    }
}

/// Does a text pass through to the result that LOWER or UPPER makes anew?
pub(crate) fn makes_text(node: &Node) -> bool {
    match node {
        Node::Case { branches, otherwise, .. } => {
            branches.iter().any(|(_, result)| makes_text(result)) || otherwise.as_deref().is_some_and(makes_text)
        }
        Node::Call { function, arguments, of: Type::Text } => {
            use crate::tree::Function::{Lower, Upper};
            matches!(function, Lower | Upper) || arguments.iter().any(makes_text)
        }
        _ => false,
    }
}
