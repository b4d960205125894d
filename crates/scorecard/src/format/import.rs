//! What the imports share: rows of a foreign table, in points with decimals, become bins with log-odds and whole points.
//!
//! The foreign score is kept exactly in the log-odds: an attribute's are −points / factor of the scale, so that
//! [`Scale::score_at`] of a row's log-odds is the score that the other tool gives, decimals and all. The whole points are the
//! nearest ones; how far a score of theirs can lie from the foreign one stands in the provenance.

use crate::bins::{Bins, Special, Split};
use crate::card::{Attribute, Characteristic, Parts};
use crate::scale::Scale;
use crate::{Error, Scorecard};
use csv::{ReaderBuilder, StringRecord};

/// One row of a foreign table.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub takes: Taken,
    pub points: f64,
    pub weight: f64,
    pub bad: f64,
}

/// Which values a row takes.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Taken {
    /// Numbers from the first (included) to the second (not).
    Interval(f64, f64),
    Categories(Vec<String>),
    Special(Special),
    Missing,
}

/// A characteristic as another tool has it.
#[derive(Debug, Clone)]
pub(super) struct Foreign {
    pub name: String,
    pub rows: Vec<Row>,
    /// What the tool gives a value that no row takes.
    pub neutral: f64,
}

pub(super) fn refused(what: impl Into<String>) -> Error {
    Error::Card(what.into())
}

/// A CSV text with a header line, each row as a look-up by column.
pub(super) struct Csv {
    header: StringRecord,
    rows: Vec<StringRecord>,
}

impl Csv {
    pub(super) fn read(text: &str) -> Result<Self, Error> {
        let text = super::document::readable(text)?;
        let mut reader = ReaderBuilder::new().from_reader(text.as_bytes());
        let wrong = |error: csv::Error| refused(format!("the table is no CSV: {error}"));
        let header = reader.headers().map_err(wrong)?.clone();
        let rows = reader.records().collect::<Result<Vec<_>, _>>().map_err(wrong)?;
        Ok(Csv { header, rows })
    }

    pub(super) fn rows(&self) -> &[StringRecord] {
        &self.rows
    }

    pub(super) fn column(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name)
    }

    pub(super) fn needed(&self, name: &str) -> Result<usize, Error> {
        self.column(name).ok_or_else(|| {
            let known: Vec<&str> = self.header.iter().collect();
            refused(format!("the table has no column {name:?}; its columns are {}", known.join(", ")))
        })
    }
}

/// A finite number of a row's cell.
pub(super) fn figure(row: &StringRecord, column: usize, name: &str) -> Result<f64, Error> {
    let text = row.get(column).unwrap_or_default();
    match text.trim().parse::<f64>() {
        Ok(figure) if figure.is_finite() => Ok(figure),
        _ => Err(refused(format!("{}{name} is {:?}; it must be a number", line(row), short(text)))),
    }
}

/// The beginning of a text, as an error quotes it.
pub(super) fn short(text: &str) -> &str {
    text.char_indices().nth(40).map_or(text, |(end, _)| &text[..end])
}

/// `line 3: `
pub(super) fn line(row: &StringRecord) -> String {
    row.position().map(|position| format!("line {}: ", position.line())).unwrap_or_default()
}

/// `[1.5, 2.5)` or `(-inf, 2.5)`; None when the text is no interval.
pub(super) fn interval(text: &str) -> Option<Taken> {
    let inner = text.trim().strip_prefix(['[', '('])?.strip_suffix(')')?;
    let (from, to) = inner.split_once(',')?;
    let (from, to) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    Some(Taken::Interval(from, to))
}

/// A scorecard from foreign characteristics.
pub(super) fn card(
    foreign: Vec<Foreign>,
    scale: Scale,
    base_points: f64,
    source: &str,
) -> Result<Scorecard, Error> {
    let scale = Scale::try_new(scale.score, scale.odds, scale.points_to_double)?;
    let (base, mut lost) = whole(base_points, "the base points")?;
    let mut characteristics = Vec::with_capacity(foreign.len());
    for one in foreign {
        let name = one.name.clone();
        let (own, most) = characteristic(one, scale).map_err(|error| {
            refused(format!("{name}: {}", error.to_string().trim_start_matches("scorecard: ")))
        })?;
        lost += most;
        characteristics.push(own);
    }
    let provenance = vec![
        ("imported from".to_owned(), source.to_owned()),
        ("points lost by rounding, at most".to_owned(), format!("{lost:.3}")),
    ];
    Scorecard::try_new(Parts {
        name: "imported".to_owned(),
        target: "bad".to_owned(),
        method: "imported".to_owned(),
        scale,
        intercept: scale.log_odds_at(base_points),
        base_points: base,
        characteristics,
        pairs: vec![],
        calibration: None,
        provenance,
    })
}

/// The nearest whole points, and how far they are.
fn whole(points: f64, of: &str) -> Result<(i32, f64), Error> {
    let nearest = points.round();
    if nearest.abs() > f64::from(i32::MAX) || nearest.is_nan() {
        return Err(refused(format!("{of} are {points}; 32 bits must hold them")));
    }
    Ok((nearest as i32, (points - nearest).abs()))
}

fn characteristic(foreign: Foreign, scale: Scale) -> Result<(Characteristic, f64), Error> {
    let Foreign { name, rows, neutral } = foreign;
    let neutral = Row { takes: Taken::Missing, points: neutral, weight: 0.0, bad: 0.0 };
    let missing = rows.iter().find(|row| row.takes == Taken::Missing).unwrap_or(&neutral).clone();
    let of = |wanted: fn(&Taken) -> bool| rows.iter().filter(move |row| wanted(&row.takes)).cloned();
    let intervals: Vec<Row> = of(|takes| matches!(takes, Taken::Interval(..))).collect();
    let groups: Vec<Row> = of(|takes| matches!(takes, Taken::Categories(_))).collect();
    let specials: Vec<Row> = of(|takes| matches!(takes, Taken::Special(_))).collect();
    let (split, regular) = match (intervals.is_empty(), groups.is_empty()) {
        (false, true) => cuts(intervals)?,
        (true, false) => {
            let texts = |row: &Row| match &row.takes {
                Taken::Categories(texts) => texts.clone(),
                _ => vec![],
            };
            let mut texts: Vec<Vec<String>> = groups.iter().map(texts).collect();
            // Categories that no row takes get what the tool gives them, in a group of their own.
            texts.push(vec![]);
            let other = texts.len() - 1;
            (Split::Groups { groups: texts, other }, groups.into_iter().chain([neutral]).collect())
        }
        (true, true) => return Err(refused("it has no bins")),
        (false, false) => return Err(refused("some of its bins are intervals, others are categories")),
    };
    let special = |row: &Row| match &row.takes {
        Taken::Special(special) => Some(special.clone()),
        _ => None,
    };
    let bins = Bins::try_new(split, specials.iter().filter_map(special).collect())?;
    let mut most = 0.0f64;
    let mut attributes = Vec::with_capacity(bins.count());
    for row in regular.iter().chain(&specials).chain([&missing]) {
        let (points, lost) = whole(row.points, "the points")?;
        most = most.max(lost);
        let log_odds = -row.points / scale.factor();
        attributes.push(Attribute { log_odds, points, weight: row.weight, bad: row.bad });
    }
    Ok((Characteristic { name, dimension: String::new(), reason: String::new(), bins, attributes }, most))
}

/// Intervals in ascending order; they must take every number once.
fn cuts(mut rows: Vec<Row>) -> Result<(Split, Vec<Row>), Error> {
    let ends = |row: &Row| match row.takes {
        Taken::Interval(from, to) => (from, to),
        _ => (f64::NAN, f64::NAN),
    };
    rows.sort_by(|first, second| {
        ends(first).0.total_cmp(&ends(second).0).then(ends(first).1.total_cmp(&ends(second).1))
    });
    let mut at = f64::NEG_INFINITY;
    let mut cuts = Vec::with_capacity(rows.len());
    for row in &rows {
        let (from, to) = ends(row);
        if from != at || to <= from || to.is_nan() {
            return Err(refused(format!(
                "the interval from {from} to {to} does not follow one that ends at {at}: bounds that are rounded \
                 too far look like this; write the table with more digits"
            )));
        }
        at = to;
        cuts.push(to);
    }
    if at != f64::INFINITY {
        return Err(refused(format!("no interval takes the numbers above {at}")));
    }
    cuts.pop();
    Ok((Split::Cuts(cuts), rows))
}

/// Rows in groups of their characteristic, in the order of first appearance.
pub(super) fn grouped<T>(rows: impl IntoIterator<Item = (String, T)>) -> Vec<(String, Vec<T>)> {
    let mut groups: Vec<(String, Vec<T>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (name, row) in rows {
        let place = *places.entry(name.clone()).or_insert_with(|| {
            groups.push((name, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push(row);
    }
    groups
}
