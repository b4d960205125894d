//! A scorecard as one SQL query, for databases that hold the rows already. It is standard SQL that SQLite and PostgreSQL
//! both run, and gives the score of [`Scorecard::score`] to the point.
//!
//! - A column of numbers may be of any numeric type, a column of categories of any type that casts to text. NULL is missing;
//!   so is NaN, which only PostgreSQL can hold.
//! - Bounds with more than 15 digits or with an exponent, which SQLite does not read to the last bit, are written as a whole
//!   number over powers of two. Infinity is what lies above 1.79769313486231e308.
//! - Log-odds are sums of the same doubles in the same order. SQLite reads a decimal of 17 digits to its last bit or the one
//!   beside it, so they may differ in the fifteenth digit, and the probability with them.
//! - SQLite nests an expression at most 1,000 deep, which some 900 characteristics and pairs reach.
//! - SQLite must have its mathematical functions (`exp`), as it does by default where it is a program of its own.

use crate::bins::{Bins, Split};
use crate::card::{Attribute, Curve};
use crate::{Error, Scorecard};
use std::fmt::Write;

/// What counts as infinite: fifteen digits, which every database reads alike.
const INFINITE: &str = "1.79769313486231e308";
/// Where e^−x leaves the range that PostgreSQL takes without an error.
const STEEPEST: f64 = 700.0;

/// The query that scores the rows of a table: one row each with the columns of `keys`, then `score`, `log_odds` and
/// `probability` (of bad). The table's name may hold dots between its parts, as in `schema.table`; each part is quoted.
///
/// # Errors
/// When a name is empty or a text holds the character NUL, which SQL cannot write; when a key is called like one of the
/// three results or comes twice; or when points could add up to more than 32 bits.
pub fn select(card: &Scorecard, table: &str, keys: &[&str]) -> Result<String, Error> {
    check_points(card)?;
    for (place, key) in keys.iter().enumerate() {
        if ["score", "log_odds", "probability"].contains(key) || keys[..place].contains(key) {
            return Err(refused(format!("the key {key:?} is also the name of a result, or comes twice")));
        }
    }
    let table = table.split('.').map(identifier).collect::<Result<Vec<_>, _>>()?.join(".");
    let names = keys.iter().map(|key| identifier(key)).collect::<Result<Vec<_>, _>>()?;
    let kept: String = (0..keys.len()).map(|key| format!("key_{key}, ")).collect();
    let results: String =
        names.iter().enumerate().map(|(key, name)| format!("key_{key} AS {name}, ")).collect();
    let inputs = inputs(card, &names)?;
    let bins = numbered(card)?;
    let (score, log_odds) = (score(card), log_odds(card));
    let calibrated = card.parts().calibration.as_ref().map_or_else(|| "log_odds".to_owned(), curve);
    let probability = format!(
        "CASE WHEN calibrated < -{STEEPEST} THEN 0\n  WHEN calibrated < 0 THEN exp(calibrated) / (1 + exp(calibrated))\n  WHEN calibrated > {STEEPEST} THEN 1\n  ELSE 1 / (1 + exp(-calibrated)) END"
    );
    Ok(format!(
        "SELECT {results}score, log_odds, CAST({probability} AS double precision) AS probability\n\
         FROM (SELECT {kept}score, log_odds, {calibrated} AS calibrated\n\
         FROM (SELECT {kept}{score} AS score,\n{log_odds} AS log_odds\n\
         FROM (SELECT {kept}{bins}\n\
         FROM (SELECT {inputs}\n\
         FROM {table}) AS input) AS binned) AS summed) AS calibration\n"
    ))
}

fn refused(what: String) -> Error {
    Error::Card(format!("it cannot be written as SQL: {what}"))
}

/// A score stops at the ends of 32 bits; a database would go on, so no sum may get there.
fn check_points(card: &Scorecard) -> Result<(), Error> {
    let parts = card.parts();
    let most = |attributes: &[Attribute]| -> i64 {
        attributes.iter().map(|attribute| i64::from(attribute.points).abs()).max().unwrap_or(0)
    };
    let characteristics: i64 = parts.characteristics.iter().map(|own| most(&own.attributes)).sum();
    let pairs: i64 = parts.pairs.iter().map(|pair| most(&pair.cells)).sum();
    if i64::from(parts.base_points).abs() + characteristics + pairs > i64::from(i32::MAX) {
        return Err(refused("its points may add up to more than 32 bits hold".to_owned()));
    }
    Ok(())
}

/// The keys and every input as a number or a text.
fn inputs(card: &Scorecard, keys: &[String]) -> Result<String, Error> {
    let mut columns: Vec<String> =
        keys.iter().enumerate().map(|(key, name)| format!("{name} AS key_{key}")).collect();
    for (input, name) in card.inputs().iter().enumerate() {
        let (column, grouped) = (identifier(name)?, card.takes_categories(input));
        let kind = if grouped { "text" } else { "double precision" };
        columns.push(format!("CAST({column} AS {kind}) AS value_{input}"));
    }
    // A scorecard without inputs gives every row its intercept; a query needs a column all the same.
    if columns.is_empty() {
        columns.push("1 AS no_column".to_owned());
    }
    Ok(columns.join(",\n  "))
}

/// The bin of each characteristic and the cell of each pair.
fn numbered(card: &Scorecard) -> Result<String, Error> {
    let parts = card.parts();
    let place = |name: &str| card.inputs().iter().position(|input| input == name).unwrap_or_default();
    let mut columns = Vec::new();
    for (number, own) in parts.characteristics.iter().enumerate() {
        let bin = bin(&own.bins, place(&own.name), card)?;
        columns.push(format!("{bin} AS bin_{number}"));
    }
    for (number, pair) in parts.pairs.iter().enumerate() {
        let row = bin(&pair.rows, place(&pair.first), card)?;
        let column = bin(&pair.columns, place(&pair.second), card)?;
        let wide = pair.columns.count();
        columns.push(format!("{row} * {wide} + {column} AS cell_{number}"));
    }
    if columns.is_empty() {
        columns.push("1 AS no_column".to_owned());
    }
    Ok(columns.join(",\n"))
}

/// The bin of an input's value: missing, then special, then regular.
fn bin(bins: &Bins, input: usize, card: &Scorecard) -> Result<String, Error> {
    let value = format!("value_{input}");
    let missing = bins.missing();
    let mut text = String::from("CASE");
    match bins.split() {
        Split::Groups { groups, other } => {
            when(&mut text, &format!("{value} IS NULL"), missing);
            for (bin, group) in
                groups.iter().enumerate().filter(|(bin, group)| bin != other && !group.is_empty())
            {
                let group = group.iter().map(|text| literal(text)).collect::<Result<Vec<_>, _>>()?;
                when(&mut text, &format!("{value} IN ({})", group.join(", ")), bin);
            }
            let _ = write!(text, "\n  ELSE {other} END");
        }
        Split::Cuts(_) if card.takes_categories(input) => {
            let name = &card.inputs()[input];
            return Err(refused(format!(
                "{name:?} is a column of categories in one place and of numbers in another"
            )));
        }
        Split::Cuts(cuts) => {
            // Nothing but NaN, which PostgreSQL holds greater than all, is above zero on both sides.
            when(&mut text, &format!("{value} IS NULL OR ({value} > 0 AND -{value} > 0)"), missing);
            for (place, special) in bins.specials().iter().enumerate() {
                let equal: Vec<String> =
                    special.values.iter().map(|special| compared(&value, "=", *special)).collect();
                if !equal.is_empty() {
                    when(&mut text, &equal.join(" OR "), bins.regular() + place);
                }
            }
            for (bin, cut) in cuts.iter().enumerate() {
                when(&mut text, &compared(&value, "<", *cut), bin);
            }
            let _ = write!(text, "\n  ELSE {} END", cuts.len());
        }
    }
    Ok(text)
}

fn when(text: &mut String, condition: &str, bin: usize) {
    // Writing to a String cannot fail.
    let _ = write!(text, "\n  WHEN {condition} THEN {bin}");
}

/// Whether a value is equal to (`=`) or below (`<`) a bound.
fn compared(value: &str, operator: &str, bound: f64) -> String {
    match (operator, bound) {
        ("<", f64::INFINITY) => format!("{value} <= {INFINITE}"),
        ("<", f64::NEG_INFINITY) => "1 = 0".to_owned(),
        (_, f64::INFINITY) => format!("{value} > {INFINITE}"),
        (_, f64::NEG_INFINITY) => format!("{value} < -{INFINITE}"),
        _ => format!("{value} {operator} {}", exact(bound)),
    }
}

/// A number as a database reads it to the last bit: a decimal of up to 15 digits near one, or a whole number times or over
/// powers of two, which is exact at every step.
fn exact(value: f64) -> String {
    let decimal = format!("{value:?}");
    let digits = decimal.chars().take_while(|letter| *letter != 'e').filter(char::is_ascii_digit).count();
    if digits <= 15 && !decimal.contains('e') {
        return decimal;
    }
    let (mut whole, mut halvings, mut doublings) = (value, 0u32, 0u32);
    while whole.fract() != 0.0 {
        whole *= 2.0;
        halvings += 1;
    }
    while whole.abs() >= 9_007_199_254_740_992.0 {
        whole /= 2.0;
        doublings += 1;
    }
    let mut text = format!("CAST({whole} AS double precision)");
    for (operator, mut left) in [('/', halvings), ('*', doublings)] {
        while left > 0 {
            let step = left.min(62);
            let _ = write!(text, " {operator} {}", 1u64 << step);
            left -= step;
        }
    }
    format!("{text} /* {decimal} */")
}

fn score(card: &Scorecard) -> String {
    let mut text = format!("CAST({} AS bigint)", card.parts().base_points);
    for (bin, attributes) in tables(card) {
        let _ = write!(text, "\n+ CASE {bin}");
        for (place, attribute) in attributes.iter().enumerate() {
            let _ = write!(text, " WHEN {place} THEN {}", attribute.points);
        }
        text.push_str(" END");
    }
    text
}

fn log_odds(card: &Scorecard) -> String {
    let mut text = format!("CAST({:?} AS double precision)", card.parts().intercept);
    for (bin, attributes) in tables(card) {
        let _ = write!(text, "\n+ CAST(CASE {bin}");
        for (place, attribute) in attributes.iter().enumerate() {
            let _ = write!(text, " WHEN {place} THEN {:?}", attribute.log_odds);
        }
        text.push_str(" END AS double precision)");
    }
    text
}

/// Each table of attributes with the column that says which of them counts, in the order in which a scorecard adds them.
fn tables(card: &Scorecard) -> impl Iterator<Item = (String, &[Attribute])> {
    let parts = card.parts();
    let own = parts.characteristics.iter().enumerate();
    let own = own.map(|(number, own)| (format!("bin_{number}"), own.attributes.as_slice()));
    let pairs = parts.pairs.iter().enumerate();
    own.chain(pairs.map(|(number, pair)| (format!("cell_{number}"), pair.cells.as_slice())))
}

/// The calibration curve over `log_odds`.
fn curve(curve: &Curve) -> String {
    let points = curve.points();
    let (first, last) = (points[0], points[points.len() - 1]);
    let mut text = format!("CAST(CASE WHEN log_odds < {:?} THEN {:?}", first.0, first.1);
    for pair in points.windows(2) {
        let (from, to) = (pair[0], pair[1]);
        let slope = (to.1 - from.1) / (to.0 - from.0);
        let _ = write!(
            text,
            "\n  WHEN log_odds < {:?} THEN {:?} + (log_odds - ({:?})) * {:?}",
            to.0, from.1, from.0, slope
        );
    }
    let _ = write!(text, "\n  ELSE {:?} END AS double precision)", last.1);
    text
}

/// A name in double quotes.
fn identifier(name: &str) -> Result<String, Error> {
    if name.is_empty() || name.contains('\0') {
        return Err(refused(format!("{name:?} is no name of a column or table")));
    }
    Ok(format!("\"{}\"", name.replace('"', "\"\"")))
}

/// A text in single quotes.
fn literal(text: &str) -> Result<String, Error> {
    if text.contains('\0') {
        return Err(refused(format!("the category {text:?} holds the character NUL")));
    }
    Ok(format!("'{}'", text.replace('\'', "''")))
}

#[cfg(test)]
mod tests;
