//! A scorecard as TOML that people can read and edit.
//!
//! ```toml
//! [scorecard]
//! name = "first"
//! target = "bad"
//! method = "woe"
//! intercept = -2.63
//! base_points = 612
//!
//! [scorecard.scale]
//! score = 600
//! odds = 30
//! points_to_double = 50
//!
//! [[characteristic]]
//! name = "age"
//! attributes = [
//!   { below = 25, points = -12, log_odds = 0.31 },
//!   { points = 9, log_odds = -0.12 },                # all that is left: 25 and more
//! ]
//! special = [
//!   { name = "no record", values = [-9], points = 3, log_odds = -0.04 },
//! ]
//! missing = { points = 0, log_odds = 0 }
//!
//! [[characteristic]]
//! name = "home"
//! attributes = [
//!   { values = ["own", "mortgage"], points = 8, log_odds = -0.11 },
//!   { values = ["rent"], other = true, points = -7, log_odds = 0.1 },  # and every category not listed
//! ]
//! missing = { points = 0, log_odds = 0 }
//! ```
//!
//! A `[[pair]]` names its two columns with their bins and holds a table of points and one of log-odds, a row for each bin of
//! the first column and a figure for each bin of the second. `[[calibration]]` holds the points of a curve, `[[provenance]]`
//! what the scorecard was fitted on. `weight` and `bad` are left out where they are not known. What a change of `points`
//! alone means is said [one module up](super).

use super::document::{
    Bound, Document, Fault, Group, Head, PairTable, Row, Side, SpecialRow, Step, Table, is_unknown, readable,
    refusal,
};
use crate::{Error, Scorecard};
use std::fmt::Write;
use toml::de::{DeTable, DeValue};

/// How much of a bin's text stands in a comment.
const LONGEST_COMMENT: usize = 40;

/// A scorecard as a TOML text.
pub fn write(card: &Scorecard) -> String {
    let document = Document::of(card);
    let mut text = String::new();
    write_head(&mut text, &document.scorecard);
    for point in &document.calibration {
        let (log_odds, counts_as) = (number(point.log_odds), number(point.counts_as));
        text += &format!("\n[[calibration]]\nlog_odds = {log_odds}\ncounts_as = {counts_as}\n");
    }
    for table in &document.characteristic {
        write_table(&mut text, table);
    }
    for (table, pair) in document.pair.iter().zip(&card.parts().pairs) {
        let texts = |bins: &crate::bins::Bins| (0..bins.count()).map(|bin| bins.text(bin)).collect();
        write_pair(&mut text, table, texts(&pair.rows), texts(&pair.columns));
    }
    for fact in &document.provenance {
        let (name, value) = (quoted(&fact.name), quoted(&fact.value));
        text += &format!("\n[[provenance]]\nname = {name}\nvalue = {value}\n");
    }
    text
}

/// The scorecard of a TOML text; equal to the last bit to the one that was written.
///
/// # Errors
/// When the text is too long, is not TOML, has an unknown or lacks a needed key, or says what no scorecard can be: with the
/// line and column where that is known.
pub fn read(text: &str) -> Result<Scorecard, Error> {
    let text = readable(text)?;
    let document: Document = ::toml::from_str(text).map_err(|error| {
        let at = error.span().map(|span| place(text, span.start)).unwrap_or_default();
        refusal(&at, error.message())
    })?;
    document.card().map_err(|fault| {
        let at = position(text, &fault).map(|start| place(text, start)).unwrap_or_default();
        refusal(&at, &fault.what)
    })
}

/// `line 3, column 5: `
fn place(text: &str, start: usize) -> String {
    let before = text.get(..start).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    format!("line {line}, column {column}: ")
}

/// Where a fault's place begins in the text: as far down as the text has the place.
fn position(text: &str, fault: &Fault) -> Option<usize> {
    let root = DeTable::parse(text).ok()?;
    let mut start = None;
    let mut steps = fault.place.iter();
    let Some(Step::Key(first)) = steps.next() else { return None };
    let mut value = root.get_ref().iter().find(|(key, _)| key.get_ref() == first).map(|(_, value)| value)?;
    loop {
        start = Some(value.span().start).or(start);
        let next = match (steps.next(), value.get_ref()) {
            (Some(Step::Key(key)), DeValue::Table(table)) => {
                table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
            }
            (Some(Step::Item(item)), DeValue::Array(array)) => array.get(*item),
            _ => None,
        };
        match next {
            Some(next) => value = next,
            None => return start,
        }
    }
}

fn write_head(text: &mut String, head: &Head) {
    let fields = [
        ("name", quoted(&head.name)),
        ("target", quoted(&head.target)),
        ("method", quoted(&head.method)),
        ("intercept", number(head.intercept)),
        ("base_points", head.base_points.to_string()),
    ];
    text.push_str("[scorecard]\n");
    write_fields(text, &fields);
    text.push_str("\n[scorecard.scale]\n");
    let scale = &head.scale;
    let fields = [
        ("score", number(scale.score)),
        ("odds", number(scale.odds)),
        ("points_to_double", number(scale.points_to_double)),
    ];
    write_fields(text, &fields);
}

fn write_fields(text: &mut String, fields: &[(&str, String)]) {
    for (key, value) in fields {
        text.push_str(&format!("{key} = {value}\n"));
    }
}

fn write_table(text: &mut String, table: &Table) {
    text.push_str("\n[[characteristic]]\n");
    write_fields(text, &[("name", quoted(&table.name))]);
    for (key, value) in [("dimension", &table.dimension), ("reason", &table.reason)] {
        if !value.is_empty() {
            write_fields(text, &[(key, quoted(value))]);
        }
    }
    text.push_str("attributes = [\n");
    for row in &table.attributes {
        let gives = gives(row.points, row.log_odds, row.weight, row.bad);
        text.push_str(&format!("  {{ {}{gives} }},\n", taken(row)));
    }
    text.push_str("]\n");
    if !table.special.is_empty() {
        text.push_str("special = [\n");
        for SpecialRow { name, values, points, log_odds, weight, bad } in &table.special {
            let (name, values) = (quoted(name), bounds(values));
            let gives = gives(*points, *log_odds, *weight, *bad);
            text.push_str(&format!("  {{ name = {name}, values = {values}, {gives} }},\n"));
        }
        text.push_str("]\n");
    }
    let missing = &table.missing;
    let gives = gives(missing.points, missing.log_odds, missing.weight, missing.bad);
    text.push_str(&format!("missing = {{ {gives} }}\n"));
}

/// Which values a row takes, with the comma after it.
fn taken(row: &Row) -> String {
    let other = if row.other { "other = true, " } else { "" };
    match (row.below, &row.values) {
        (Some(Bound(cut)), _) => format!("below = {}, ", number(cut)),
        (None, Some(values)) => format!("values = {}, {other}", texts(values)),
        (None, None) => String::new(),
    }
}

fn gives(points: i32, log_odds: f64, weight: f64, bad: f64) -> String {
    let mut text = format!("points = {points}, log_odds = {}", number(log_odds));
    for (key, figure) in [("weight", weight), ("bad", bad)] {
        if !is_unknown(&figure) {
            text += &format!(", {key} = {}", number(figure));
        }
    }
    text
}

fn write_pair(text: &mut String, pair: &PairTable, rows: Vec<String>, columns: Vec<String>) {
    text.push_str("\n[[pair]]\n");
    write_side(text, "first", &pair.first);
    write_side(text, "second", &pair.second);
    let columns: Vec<String> = columns.iter().map(|column| comment(column)).collect();
    text.push_str(&format!("# columns: {}\n", columns.join(" | ")));
    let points = pair.points.iter().map(|row| row.iter().map(i32::to_string).collect()).collect();
    write_cells(text, "points", points, &rows);
    for (key, table) in
        [("log_odds", Some(&pair.log_odds)), ("weight", pair.weight.as_ref()), ("bad", pair.bad.as_ref())]
    {
        let figures = |row: &Vec<f64>| row.iter().map(|figure| number(*figure)).collect();
        if let Some(table) = table {
            write_cells(text, key, table.iter().map(figures).collect(), &rows);
        }
    }
}

fn write_side(text: &mut String, key: &str, side: &Side) {
    let mut fields = vec![format!("name = {}", quoted(&side.name))];
    if let Some(cuts) = &side.cuts {
        fields.push(format!("cuts = {}", bounds(cuts)));
    }
    if let Some(groups) = &side.groups {
        let group = |group: &Group| {
            let other = if group.other { ", other = true" } else { "" };
            format!("{{ values = {}{other} }}", texts(&group.values))
        };
        fields.push(format!("groups = [{}]", groups.iter().map(group).collect::<Vec<_>>().join(", ")));
    }
    if !side.special.is_empty() {
        let special = side.special.iter().map(|special| {
            format!("{{ name = {}, values = {} }}", quoted(&special.name), bounds(&special.values))
        });
        fields.push(format!("special = [{}]", special.collect::<Vec<_>>().join(", ")));
    }
    text.push_str(&format!("{key} = {{ {} }}\n", fields.join(", ")));
}

/// A table with its figures in columns, each row followed by the bin that it is of.
fn write_cells(text: &mut String, key: &str, table: Vec<Vec<String>>, rows: &[String]) {
    let width = table.iter().flatten().map(String::len).max().unwrap_or_default();
    text.push_str(&format!("{key} = [\n"));
    for (row, name) in table.iter().zip(rows) {
        let figures: Vec<String> = row.iter().map(|figure| format!("{figure:>width$}")).collect();
        text.push_str(&format!("  [{}], # {}\n", figures.join(", "), comment(name)));
    }
    text.push_str("]\n");
}

/// A text as a comment can hold it: short, and without control characters.
fn comment(text: &str) -> String {
    let mut short: String = text
        .chars()
        .take(LONGEST_COMMENT)
        .map(|letter| if letter.is_control() { ' ' } else { letter })
        .collect();
    if text.chars().nth(LONGEST_COMMENT).is_some() {
        short.push('…');
    }
    short
}

/// The shortest text that stands for exactly this number; whole numbers as such.
fn number(value: f64) -> String {
    let negative_zero = value == 0.0 && value.is_sign_negative();
    if value.fract() == 0.0 && value.abs() < 1e15 && !negative_zero {
        format!("{value}")
    } else {
        format!("{value:?}")
    }
}

fn bounds(values: &[Bound]) -> String {
    let values: Vec<String> = values.iter().map(|value| number(value.0)).collect();
    format!("[{}]", values.join(", "))
}

fn texts(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
    format!("[{}]", values.join(", "))
}

/// A basic string of TOML.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Writing to a String cannot fail.
            letter if letter.is_control() => drop(write!(out, "\\u{:04X}", letter as u32)),
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests;
