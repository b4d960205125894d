//! A scorecard as PMML 4.4 (Data Mining Group, <https://dmg.org/pmml/v4-4/Scorecard.html>), for engines of that standard.
//!
//! - Each characteristic and each pair becomes a `Characteristic`; a cell of a pair is a compound predicate over both
//!   columns. Attributes are in an order in which the first that is true is the right one: missing, special, regular.
//! - A number is a `continuous` `double`, a category a `categorical` `string`; a value that is not given is missing. Engines
//!   take NaN for a number, so whoever calls one leaves it out.
//! - [`Sum::Points`] gives the score and up to four reason codes: a characteristic's reason, ordered by the points that it
//!   lies below its best attribute (`pointsBelow`, baseline `max`). [`Sum::LogOdds`] gives log-odds and the probability of
//!   bad, through the calibration curve where there is one.
//!
//! Tried with JPMML-Evaluator 1.7 (through its Python package) and PMML4S 1.5, and valid against the standard's schema.

use crate::bins::{Bins, Split};
use crate::card::{Attribute, Curve, Parts};
use crate::explain::MOST_REASONS;
use crate::{Error, Scorecard};
use std::fmt::Write;

/// What the PMML scorecard adds up: one `Scorecard` element has one sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sum {
    /// Points, with reason codes.
    Points,
    /// Log-odds of bad, with their probability.
    LogOdds,
}

/// A scorecard as a PMML document.
///
/// # Errors
/// When it has no characteristic and no pair, when an input is called like one of the results, or when a text holds a
/// character that XML 1.0 cannot (most control characters).
pub fn write(card: &Scorecard, sum: Sum) -> Result<String, Error> {
    let parts = card.parts();
    if card.inputs().is_empty() {
        return Err(refused("PMML wants at least one characteristic".to_owned()));
    }
    let results = results(parts, sum);
    if let Some(name) = card.inputs().iter().find(|name| results.iter().any(|result| result.0 == **name)) {
        return Err(refused(format!("the input {name:?} is called like a result; rename it")));
    }
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml += "<PMML xmlns=\"http://www.dmg.org/PMML-4_4\" version=\"4.4\">\n";
    let _ = writeln!(xml, "  <Header description={}>", quoted(&format!("Probability of {}", parts.target))?);
    let _ = writeln!(xml, "    <Application name=\"Probity\"/>\n  </Header>");
    let _ = writeln!(xml, "  <DataDictionary numberOfFields=\"{}\">", card.inputs().len());
    for (input, name) in card.inputs().iter().enumerate() {
        let kind = match card.takes_categories(input) {
            true => "optype=\"categorical\" dataType=\"string\"",
            false => "optype=\"continuous\" dataType=\"double\"",
        };
        let _ = writeln!(xml, "    <DataField name={} {kind}/>", quoted(name)?);
    }
    xml += "  </DataDictionary>\n";
    let (start, reasons) = match sum {
        Sum::Points => (
            parts.base_points.to_string(),
            "useReasonCodes=\"true\" reasonCodeAlgorithm=\"pointsBelow\" baselineMethod=\"max\"",
        ),
        Sum::LogOdds => (format!("{:?}", parts.intercept), "useReasonCodes=\"false\""),
    };
    let name = if parts.name.is_empty() { "scorecard" } else { &parts.name };
    let _ = writeln!(
        xml,
        "  <Scorecard modelName={} functionName=\"regression\" initialScore=\"{start}\" {reasons}>",
        quoted(name)?
    );
    xml += "    <MiningSchema>\n";
    for name in card.inputs() {
        let _ = writeln!(xml, "      <MiningField name={} invalidValueTreatment=\"asIs\"/>", quoted(name)?);
    }
    xml += "    </MiningSchema>\n    <Output>\n";
    for (_, field) in results {
        xml += &field;
    }
    xml += "    </Output>\n    <Characteristics>\n";
    characteristics(&mut xml, card, sum)?;
    xml += "    </Characteristics>\n  </Scorecard>\n</PMML>\n";
    Ok(xml)
}

fn refused(what: String) -> Error {
    Error::Card(format!("it cannot be written as PMML: {what}"))
}

/// The results' names and the elements that define them.
fn results(parts: &Parts, sum: Sum) -> Vec<(String, String)> {
    let field =
        |name: &str, rest: &str| (name.to_owned(), format!("      <OutputField name=\"{name}\" {rest}\n"));
    let double = "optype=\"continuous\" dataType=\"double\" feature=";
    if sum == Sum::Points {
        let mut all = vec![field("score", &format!("{double}\"predictedValue\"/>"))];
        let reasons = MOST_REASONS.min(parts.characteristics.len() + parts.pairs.len());
        for rank in 1..=reasons {
            let rest = "optype=\"categorical\" dataType=\"string\" feature=\"reasonCode\"";
            all.push(field(&format!("reason_{rank}"), &format!("{rest} rank=\"{rank}\"/>")));
        }
        return all;
    }
    let mut all = vec![field("log_odds", &format!("{double}\"predictedValue\"/>"))];
    let mut last = "log_odds";
    if let Some(curve) = &parts.calibration {
        all.push(field(
            "calibrated",
            &format!("{double}\"transformedValue\">\n{}      </OutputField>", norm(curve)),
        ));
        last = "calibrated";
    }
    // 1 / (1 + e^−x)
    let logistic = format!(
        "        <Apply function=\"/\"><Constant dataType=\"double\">1</Constant><Apply function=\"+\">\
         <Constant dataType=\"double\">1</Constant><Apply function=\"exp\"><Apply function=\"*\">\
         <Constant dataType=\"double\">-1</Constant><FieldRef field=\"{last}\"/></Apply></Apply></Apply></Apply>\n"
    );
    all.push(field("probability", &format!("{double}\"transformedValue\">\n{logistic}      </OutputField>")));
    all
}

/// The calibration curve: level beyond its ends.
fn norm(curve: &Curve) -> String {
    let mut xml = String::from("        <NormContinuous field=\"log_odds\" outliers=\"asExtremeValues\">\n");
    for (from, to) in curve.points() {
        // Writing to a String cannot fail, here and below.
        let _ = writeln!(xml, "          <LinearNorm orig=\"{from:?}\" norm=\"{to:?}\"/>");
    }
    xml + "        </NormContinuous>\n"
}

fn characteristics(xml: &mut String, card: &Scorecard, sum: Sum) -> Result<(), Error> {
    let parts = card.parts();
    for own in &parts.characteristics {
        let reason = if own.reason.is_empty() { &own.name } else { &own.reason };
        open(xml, &own.name, reason, &own.attributes, sum)?;
        for (bin, predicate) in predicates(&own.bins, &own.name)? {
            attribute(xml, &own.attributes[bin], &predicate, sum);
        }
        *xml += "      </Characteristic>\n";
    }
    for pair in &parts.pairs {
        let name = format!("{} × {}", pair.first, pair.second);
        open(xml, &name, &name, &pair.cells, sum)?;
        let columns = predicates(&pair.columns, &pair.second)?;
        for (row, first) in predicates(&pair.rows, &pair.first)? {
            for (column, second) in &columns {
                let both =
                    format!("<CompoundPredicate booleanOperator=\"and\">{first}{second}</CompoundPredicate>");
                attribute(xml, &pair.cells[row * pair.columns.count() + column], &both, sum);
            }
        }
        *xml += "      </Characteristic>\n";
    }
    Ok(())
}

fn open(xml: &mut String, name: &str, reason: &str, attributes: &[Attribute], sum: Sum) -> Result<(), Error> {
    let _ = write!(xml, "      <Characteristic name={}", quoted(name)?);
    if sum == Sum::Points {
        let best = attributes.iter().map(|attribute| attribute.points).max().unwrap_or(0);
        let _ = write!(xml, " reasonCode={} baselineScore=\"{best}\"", quoted(reason)?);
    }
    *xml += ">\n";
    Ok(())
}

fn attribute(xml: &mut String, attribute: &Attribute, predicate: &str, sum: Sum) {
    let gives = match sum {
        Sum::Points => attribute.points.to_string(),
        Sum::LogOdds => format!("{:?}", attribute.log_odds),
    };
    let _ = writeln!(xml, "        <Attribute partialScore=\"{gives}\">{predicate}</Attribute>");
}

/// The predicate of each bin, in an order in which the first true one is right and one is always true.
fn predicates(bins: &Bins, name: &str) -> Result<Vec<(usize, String)>, Error> {
    let field = quoted(name)?;
    let simple = |operator: &str, value: &str| {
        format!("<SimplePredicate field={field} operator=\"{operator}\" value={value}/>")
    };
    let number = |operator: &str, bound: f64| {
        let (operator, bound) = compared(operator, bound);
        simple(operator, &format!("\"{bound:?}\""))
    };
    let mut all = vec![(bins.missing(), format!("<SimplePredicate field={field} operator=\"isMissing\"/>"))];
    match bins.split() {
        Split::Groups { groups, other } => {
            for (bin, group) in
                groups.iter().enumerate().filter(|(bin, group)| bin != other && !group.is_empty())
            {
                let one = |text: &String| Ok(simple("equal", &quoted(text)?));
                let equal = group.iter().map(one).collect::<Result<Vec<_>, Error>>()?;
                all.push((bin, any_of(equal)));
            }
            all.push((*other, "<True/>".to_owned()));
        }
        Split::Cuts(cuts) => {
            for (place, special) in bins.specials().iter().enumerate() {
                if !special.values.is_empty() {
                    let one = |value: &f64| number("equal", *value);
                    all.push((bins.regular() + place, any_of(special.values.iter().map(one).collect())));
                }
            }
            for (bin, cut) in cuts.iter().enumerate().filter(|(_, cut)| **cut != f64::NEG_INFINITY) {
                all.push((bin, number("lessThan", *cut)));
            }
            all.push((cuts.len(), "<True/>".to_owned()));
        }
    }
    Ok(all)
}

fn any_of(mut predicates: Vec<String>) -> String {
    if predicates.len() == 1 {
        return predicates.remove(0);
    }
    format!("<CompoundPredicate booleanOperator=\"or\">{}</CompoundPredicate>", predicates.concat())
}

/// Whether a number is equal to (`equal`) or below (`lessThan`) a bound. Infinite bounds are told by the greatest finite
/// number: XML Schema writes them INF, which some engines do not read.
fn compared(operator: &str, bound: f64) -> (&str, f64) {
    match (operator, bound) {
        ("lessThan", f64::INFINITY) => ("lessOrEqual", f64::MAX),
        (_, f64::INFINITY) => ("greaterThan", f64::MAX),
        (_, f64::NEG_INFINITY) => ("lessThan", f64::MIN),
        // Engines in Java may compare as Java's objects do, for which −0 is another number.
        _ => (operator, bound + 0.0),
    }
}

/// A text as an attribute's value, in quotes.
fn quoted(text: &str) -> Result<String, Error> {
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // As they are, a reader would turn them into spaces.
            '\t' | '\n' | '\r' => drop(write!(out, "&#{};", letter as u32)),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => {
                return Err(refused(format!("XML has no character for the {letter:?} in {text:?}")));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    Ok(out)
}

#[cfg(test)]
mod tests;
