//! The allow-list of functions: names, arguments, results.

use crate::nearest::nearest;
use crate::refusal::{CURRENCY, NOT_ALLOWED, TYPE};
use crate::tree::{Function, Node};
use crate::typing::{ordered, unify, widen};
use crate::value::{MoneyIn, Type};
use probity_primitives::Problem;
use probity_primitives::problem::shown;

/// The function of a name.
pub(crate) fn named(name: &str) -> Result<Function, Problem> {
    let lower = name.to_ascii_lowercase();
    if lower == "ceiling" {
        return Ok(Function::Ceil);
    }
    if let Some(function) = Function::ALL.into_iter().find(|function| function.name() == lower) {
        return Ok(function);
    }
    let hint = match lower.as_str() {
        "min" => "aggregates are chosen by the definition; the smaller of two is least(a, b)".to_owned(),
        "max" => "aggregates are chosen by the definition; the larger of two is greatest(a, b)".to_owned(),
        "count" | "sum" | "avg" | "mean" | "median" | "stddev" | "variance" | "first" | "last" | "any" | "all" => {
            "aggregates are chosen by the definition, not by the expression".to_owned()
        }
        "now" | "current_timestamp" | "current_date" | "random" | "rand" => {
            "an expression gives the same value whenever it is evaluated".to_owned()
        }
        "if" | "iif" => "write CASE WHEN … THEN … ELSE … END".to_owned(),
        "ifnull" | "nvl" | "isnull" => "write coalesce(a, b)".to_owned(),
        "log" => "write ln(x), the natural logarithm".to_owned(),
        "char_length" | "character_length" | "len" => "write length(x)".to_owned(),
        "extract" | "date_part" => "hour(x) is what there is".to_owned(),
        "substring" | "substr" | "trim" | "concat" | "replace" => "texts are compared, not made".to_owned(),
        _ => nearest(&lower, Function::ALL.map(Function::name)).map_or_else(all_names, |name| format!("did you mean {name}?")),
    };
    Err(Problem::new(NOT_ALLOWED, format!("the function {} is not allowed", shown(name))).hint(hint))
}

fn all_names() -> String {
    format!("there are {}, amount and CAST", Function::ALL.map(Function::name).join(", "))
}

/// A checked call. `None` is a bare NULL.
pub(crate) fn call(function: Function, arguments: Vec<Option<Node>>) -> Result<Node, Problem> {
    use Function::{
        Abs, Ceil, Coalesce, Exp, Floor, Greatest, Hour, InDays, InHours, Least, Length, Ln, Lower, NullIf, Power,
        Reporting, Round, Share, Sqrt, StartsWith, Upper,
    };
    count(function, arguments.len())?;
    let name = function.name();
    let (arguments, of) = match function {
        Coalesce | NullIf => unify(arguments, name)?,
        Least | Greatest => {
            let (arguments, of) = unify(arguments, name)?;
            ordered(of, name)?;
            (arguments, of)
        }
        Share => {
            let (arguments, of) = unify(arguments, name)?;
            match of {
                Type::Integer | Type::Double => (arguments.into_iter().map(widen).collect(), Type::Double),
                Type::Duration | Type::Money(_) => (arguments, Type::Double),
                _ => return Err(takes(function, "numbers, durations or money", of)),
            }
        }
        Abs => one(function, arguments, "a number, a duration or money", |of| match of {
            Type::Integer | Type::Double | Type::Duration | Type::Money(_) => Some(of),
            _ => None,
        })?,
        Round | Floor | Ceil => one(function, arguments, "a number", |of| match of {
            Type::Integer | Type::Double => Some(of),
            _ => None,
        })?,
        Sqrt | Ln | Exp | Power => {
            let (arguments, _) = one(function, arguments, "numbers", |of| match of {
                Type::Integer | Type::Double => Some(Type::Double),
                _ => None,
            })?;
            (arguments.into_iter().map(widen).collect(), Type::Double)
        }
        Lower | Upper => one(function, arguments, "TEXT", |of| (of == Type::Text).then_some(Type::Text))?,
        Length => one(function, arguments, "TEXT", |of| (of == Type::Text).then_some(Type::Integer))?,
        StartsWith => one(function, arguments, "TEXT", |of| (of == Type::Text).then_some(Type::Boolean))?,
        Hour => one(function, arguments, "a timestamp", |of| (of == Type::Timestamp).then_some(Type::Integer))?,
        InDays | InHours => {
            one(function, arguments, "a duration", |of| (of == Type::Duration).then_some(Type::Double))?
        }
        Reporting => reporting(arguments)?,
    };
    Ok(Node::Call { function, arguments, of })
}

fn count(function: Function, given: usize) -> Result<(), Problem> {
    let (least, most) = match function {
        Function::Coalesce | Function::Least | Function::Greatest => (2, usize::MAX),
        Function::NullIf | Function::Power | Function::Share | Function::StartsWith => (2, 2),
        _ => (1, 1),
    };
    if (least..=most).contains(&given) {
        return Ok(());
    }
    let more = if least == most { "" } else { " or more" };
    Err(Problem::new(TYPE, format!("{} takes {least}{more} arguments, not {given}", function.name())))
}

fn takes(function: Function, what: &str, of: Type) -> Problem {
    Problem::new(TYPE, format!("{} takes {what}, not {of}", function.name()))
}

/// Arguments that each must be of a type with a result; the first one's result counts.
fn one(
    function: Function,
    arguments: Vec<Option<Node>>,
    what: &str,
    result: impl Fn(Type) -> Option<Type>,
) -> Result<(Vec<Node>, Type), Problem> {
    let mut of = None;
    let mut checked = Vec::with_capacity(arguments.len());
    for node in arguments {
        let node = node.ok_or_else(|| {
            Problem::new(TYPE, format!("{} of NULL is always null", function.name()))
        })?;
        let found = node.result_type();
        of = of.or(Some(result(found).ok_or_else(|| takes(function, what, found))?));
        if result(found).is_none() {
            return Err(takes(function, what, found));
        }
        checked.push(node);
    }
    of.map(|of| (checked, of)).ok_or_else(|| Problem::new(TYPE, function.name()))
}

fn reporting(arguments: Vec<Option<Node>>) -> Result<(Vec<Node>, Type), Problem> {
    if let [Some(node)] = arguments.as_slice()
        && node.result_type() == Type::Money(MoneyIn::Reporting)
    {
        return Err(Problem::new(CURRENCY, "this is in the reporting currency already").hint("leave out reporting(…)"));
    }
    one(Function::Reporting, arguments, "money", |of| {
        (of == Type::Money(MoneyIn::Event)).then_some(Type::Money(MoneyIn::Reporting))
    })
}
