//! What a scorecard's file holds, in TOML and in JSON alike, and how it becomes a scorecard.

use crate::bins::{Bins, Special, Split};
use crate::card::{Attribute, Characteristic, Curve, Pair, Parts};
use crate::scale::Scale;
use crate::{Error, Scorecard};
use serde::de::{Deserializer, Unexpected, Visitor};
use serde::{Deserialize, Serialize, Serializer};

/// The longest text that is read: a scorecard of 10,000 attributes takes one megabyte.
pub(super) const MOST_BYTES: usize = 64 << 20;
/// The most characteristics, and the most pairs, of a file.
const MOST_ENTRIES: usize = 10_000;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Document {
    pub scorecard: Head,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<Point>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub characteristic: Vec<Table>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pair: Vec<PairTable>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub provenance: Vec<Fact>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Head {
    pub name: String,
    pub target: String,
    pub method: String,
    pub intercept: f64,
    pub base_points: i32,
    pub scale: Anchor,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Anchor {
    pub score: f64,
    pub odds: f64,
    pub points_to_double: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Point {
    pub log_odds: f64,
    pub counts_as: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Table {
    pub name: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub dimension: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    pub attributes: Vec<Row>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special: Vec<SpecialRow>,
    pub missing: MissingRow,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Row {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<Bound>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<String>>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub other: bool,
    pub points: i32,
    pub log_odds: f64,
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub weight: f64,
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub bad: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecialRow {
    pub name: String,
    pub values: Vec<Bound>,
    pub points: i32,
    pub log_odds: f64,
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub weight: f64,
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub bad: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MissingRow {
    pub points: i32,
    pub log_odds: f64,
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub weight: f64,
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub bad: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PairTable {
    pub first: Side,
    pub second: Side,
    pub points: Vec<Vec<i32>>,
    pub log_odds: Vec<Vec<f64>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<Vec<Vec<f64>>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bad: Option<Vec<Vec<f64>>>,
}

/// One column of a pair: its bins without what they give.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Side {
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cuts: Option<Vec<Bound>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub groups: Option<Vec<Group>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub special: Vec<SpecialValues>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Group {
    pub values: Vec<String>,
    #[serde(default, skip_serializing_if = "is_false")]
    pub other: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SpecialValues {
    pub name: String,
    pub values: Vec<Bound>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fact {
    pub name: String,
    pub value: String,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

/// Zero stands for unknown and need not be written; its negative twin is written, so that it comes back.
pub(super) fn is_unknown(figure: &f64) -> bool {
    figure.to_bits() == 0
}

/// A number that may be infinite. JSON has none: there it is the text `inf` or `-inf`.
#[derive(Clone, Copy)]
pub(super) struct Bound(pub f64);

impl Serialize for Bound {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_finite() {
            serializer.serialize_f64(self.0)
        } else {
            serializer.serialize_str(&self.0.to_string())
        }
    }
}

impl<'de> Deserialize<'de> for Bound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Figure;
        impl Visitor<'_> for Figure {
            type Value = Bound;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("a number, \"inf\" or \"-inf\"")
            }

            fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Bound, E> {
                Ok(Bound(value))
            }

            fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Bound, E> {
                Ok(Bound(value as f64))
            }

            fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Bound, E> {
                Ok(Bound(value as f64))
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Bound, E> {
                match value {
                    "inf" => Ok(Bound(f64::INFINITY)),
                    "-inf" => Ok(Bound(f64::NEG_INFINITY)),
                    other => Err(E::invalid_value(Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(Figure)
    }
}

/// Where in a document something is wrong, from the top down, and what.
#[derive(Debug)]
pub(super) struct Fault {
    pub place: Vec<Step>,
    pub what: String,
}

/// One step down into a document.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step {
    Key(&'static str),
    Item(usize),
}

impl Fault {
    fn new(what: impl Into<String>) -> Self {
        Fault { place: Vec::new(), what: what.into() }
    }

    fn under(mut self, steps: &[Step]) -> Self {
        self.place.splice(0..0, steps.iter().copied());
        self
    }

    /// The place as a JSON pointer (RFC 6901).
    pub(super) fn pointer(&self) -> String {
        let step = |step: &Step| match step {
            Step::Key(key) => format!("/{key}"),
            Step::Item(item) => format!("/{item}"),
        };
        self.place.iter().map(step).collect()
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::new(match error {
            Error::Card(what) => what,
            other => other.to_string(),
        })
    }
}

/// The longest error: a file may hold names of megabytes, which no screen should.
const LONGEST_ERROR: usize = 600;

/// An error that tells what is wrong where.
pub(super) fn refusal(place: &str, what: &str) -> Error {
    let short = what.char_indices().nth(LONGEST_ERROR).map(|(end, _)| format!("{}…", &what[..end]));
    Error::Card(format!("{place}{}", short.as_deref().unwrap_or(what)))
}

/// A text that is not too long to be read, without the mark of its encoding that some editors begin a file with.
pub(super) fn readable(text: &str) -> Result<&str, Error> {
    if text.len() <= MOST_BYTES {
        return Ok(text.strip_prefix('\u{feff}').unwrap_or(text));
    }
    Err(Error::Card(format!(
        "{} bytes are too long for a scorecard; at most {MOST_BYTES} are read",
        text.len()
    )))
}

impl Document {
    pub(super) fn of(card: &Scorecard) -> Self {
        let parts = card.parts();
        let scale = parts.scale;
        let curve = parts.calibration.as_ref().map_or(&[][..], Curve::points);
        Document {
            scorecard: Head {
                name: parts.name.clone(),
                target: parts.target.clone(),
                method: parts.method.clone(),
                intercept: parts.intercept,
                base_points: parts.base_points,
                scale: Anchor {
                    score: scale.score,
                    odds: scale.odds,
                    points_to_double: scale.points_to_double,
                },
            },
            calibration: curve.iter().map(|&(log_odds, counts_as)| Point { log_odds, counts_as }).collect(),
            characteristic: parts.characteristics.iter().map(Table::of).collect(),
            pair: parts.pairs.iter().map(PairTable::of).collect(),
            provenance: parts
                .provenance
                .iter()
                .map(|(name, value)| Fact { name: name.clone(), value: value.clone() })
                .collect(),
        }
    }

    pub(super) fn card(self) -> Result<Scorecard, Fault> {
        for (key, count) in [("characteristic", self.characteristic.len()), ("pair", self.pair.len())] {
            if count > MOST_ENTRIES {
                let what = format!("{count} are too many; at most {MOST_ENTRIES}");
                return Err(Fault::new(what).under(&[Step::Key(key)]));
            }
        }
        let head = self.scorecard;
        if !head.intercept.is_finite() {
            let place = [Step::Key("scorecard"), Step::Key("intercept")];
            return Err(Fault::new("the intercept is not a finite number").under(&place));
        }
        let anchor = head.scale;
        let scale = Scale::try_new(anchor.score, anchor.odds, anchor.points_to_double)
            .map_err(|error| Fault::from(error).under(&[Step::Key("scorecard"), Step::Key("scale")]))?;
        let calibration = if self.calibration.is_empty() {
            None
        } else {
            let points = self.calibration.iter().map(|point| (point.log_odds, point.counts_as)).collect();
            let curve = Curve::try_new(points);
            Some(curve.map_err(|error| Fault::from(error).under(&[Step::Key("calibration")]))?)
        };
        let characteristics = each("characteristic", self.characteristic, Table::characteristic)?;
        let pairs = each("pair", self.pair, PairTable::pair)?;
        let parts = Parts {
            name: head.name,
            target: head.target,
            method: head.method,
            scale,
            intercept: head.intercept,
            base_points: head.base_points,
            characteristics,
            pairs,
            calibration,
            provenance: self.provenance.into_iter().map(|fact| (fact.name, fact.value)).collect(),
        };
        Ok(Scorecard::try_new(parts)?)
    }
}

/// Every entry of a list, each with its place should it be wrong.
fn each<T, U>(
    key: &'static str,
    entries: Vec<T>,
    change: impl Fn(T) -> Result<U, Fault>,
) -> Result<Vec<U>, Fault> {
    let changed = entries
        .into_iter()
        .enumerate()
        .map(|(item, entry)| change(entry).map_err(|fault| fault.under(&[Step::Key(key), Step::Item(item)])));
    changed.collect()
}

impl Table {
    fn of(characteristic: &Characteristic) -> Self {
        let bins = &characteristic.bins;
        let (regular, rest) = characteristic.attributes.split_at(bins.regular());
        let row = |(bin, attribute): (usize, &Attribute)| {
            let (below, values, other) = match bins.split() {
                Split::Cuts(cuts) => (cuts.get(bin).copied().map(Bound), None, false),
                Split::Groups { groups, other } => (None, Some(groups[bin].clone()), *other == bin),
            };
            let Attribute { log_odds, points, weight, bad } = *attribute;
            Row { below, values, other, points, log_odds, weight, bad }
        };
        let special = |(special, attribute): (&Special, &Attribute)| {
            let Attribute { log_odds, points, weight, bad } = *attribute;
            let values = special.values.iter().copied().map(Bound).collect();
            SpecialRow { name: special.name.clone(), values, points, log_odds, weight, bad }
        };
        let Attribute { log_odds, points, weight, bad } = characteristic.attributes[bins.missing()];
        Table {
            name: characteristic.name.clone(),
            dimension: characteristic.dimension.clone(),
            reason: characteristic.reason.clone(),
            attributes: regular.iter().enumerate().map(row).collect(),
            special: bins.specials().iter().zip(rest).map(special).collect(),
            missing: MissingRow { points, log_odds, weight, bad },
        }
    }

    fn characteristic(self) -> Result<Characteristic, Fault> {
        let name = self.name;
        let named =
            |fault: Fault| Fault { what: format!("characteristic {name:?}: {}", fault.what), ..fault };
        let split = split_of(&self.attributes).map_err(named)?;
        let specials = self.special.iter().map(|row| special_of(&row.name, &row.values)).collect();
        let at = |key| move |error: Error| named(Fault::from(error)).under(&[Step::Key(key)]);
        let alone = Bins::try_new(split, vec![]).map_err(at("attributes"))?;
        let bins = Bins::try_new(alone.split().clone(), specials).map_err(at("special"))?;
        let rows = self.attributes.iter().map(|row| (row.points, row.log_odds, row.weight, row.bad));
        let special = self.special.iter().map(|row| (row.points, row.log_odds, row.weight, row.bad));
        let last = &self.missing;
        let all = rows.chain(special).chain([(last.points, last.log_odds, last.weight, last.bad)]);
        let (regular, count) = (bins.regular(), bins.count());
        let mut attributes = Vec::with_capacity(count);
        for (bin, (points, log_odds, weight, bad)) in all.enumerate() {
            if [log_odds, weight, bad].iter().any(|figure| !figure.is_finite()) {
                let fault = named(Fault::new("log-odds, weight and bad must be finite numbers"));
                return Err(fault.under(&match bin {
                    bin if bin < regular => vec![Step::Key("attributes"), Step::Item(bin)],
                    bin if bin + 1 < count => vec![Step::Key("special"), Step::Item(bin - regular)],
                    _ => vec![Step::Key("missing")],
                }));
            }
            attributes.push(Attribute { log_odds, points, weight, bad });
        }
        Ok(Characteristic { name, dimension: self.dimension, reason: self.reason, bins, attributes })
    }
}

fn special_of(name: &str, values: &[Bound]) -> Special {
    Special { name: name.to_owned(), values: values.iter().map(|value| value.0).collect() }
}

/// The bins of a characteristic's rows: those of categories have `values`, those of numbers all but the last `below`.
fn split_of(rows: &[Row]) -> Result<Split, Fault> {
    let at = |item: usize, what: String| Fault::new(what).under(&[Step::Key("attributes"), Step::Item(item)]);
    let Some(last) = rows.len().checked_sub(1) else {
        return Err(
            Fault::new("it has no attributes; give it one at least").under(&[Step::Key("attributes")])
        );
    };
    if rows.iter().any(|row| row.values.is_some()) {
        let mut groups = Vec::with_capacity(rows.len());
        for (item, row) in rows.iter().enumerate() {
            match (&row.values, row.below) {
                (Some(values), None) => groups.push((values.clone(), row.other)),
                (_, Some(_)) => return Err(at(item, "categories have no `below`; remove it".to_owned())),
                (None, None) => {
                    return Err(at(item, "`values` is missing; the other attributes have it".to_owned()));
                }
            }
        }
        return groups_of(groups).map_err(|fault| fault.under(&[Step::Key("attributes")]));
    }
    let mut cuts = Vec::with_capacity(last);
    for (item, row) in rows.iter().enumerate() {
        if row.other {
            return Err(at(item, "`other` belongs to `values`; numbers have no other ones".to_owned()));
        }
        match row.below {
            Some(Bound(cut)) if item < last => {
                if cut.is_nan() || cuts.last().is_some_and(|before| *before >= cut) {
                    let before = cuts.last().map_or_else(String::new, |cut| format!("{cut}, "));
                    return Err(at(item, format!("bounds must ascend: {before}{cut}")));
                }
                cuts.push(cut);
            }
            None if item == last => {}
            Some(_) => {
                let what =
                    "the last attribute takes all that is left: remove its `below`, or add one without";
                return Err(at(item, what.to_owned()));
            }
            None => return Err(at(item, "`below` is missing; only the last attribute has none".to_owned())),
        }
    }
    Ok(Split::Cuts(cuts))
}

/// Groups, exactly one of which takes the categories that none lists.
fn groups_of(groups: Vec<(Vec<String>, bool)>) -> Result<Split, Fault> {
    let takers: Vec<usize> = (0..groups.len()).filter(|&item| groups[item].1).collect();
    let other = match takers[..] {
        [one] => one,
        [] => {
            let what = "no group takes the categories that none lists: add `other = true` to one";
            return Err(Fault::new(what));
        }
        [_, second, ..] => {
            let what = "a group before takes the other categories already; only one can";
            return Err(Fault::new(what).under(&[Step::Item(second)]));
        }
    };
    Ok(Split::Groups { groups: groups.into_iter().map(|group| group.0).collect(), other })
}

impl Side {
    fn of(name: &str, bins: &Bins) -> Self {
        let (cuts, groups) = match bins.split() {
            Split::Cuts(cuts) => (Some(cuts.iter().copied().map(Bound).collect()), None),
            Split::Groups { groups, other } => {
                let group = |(bin, values): (usize, &Vec<String>)| Group {
                    values: values.clone(),
                    other: bin == *other,
                };
                (None, Some(groups.iter().enumerate().map(group).collect()))
            }
        };
        let special = |special: &Special| SpecialValues {
            name: special.name.clone(),
            values: special.values.iter().copied().map(Bound).collect(),
        };
        Side { name: name.to_owned(), cuts, groups, special: bins.specials().iter().map(special).collect() }
    }

    fn bins(&self) -> Result<Bins, Fault> {
        let split = match (&self.cuts, &self.groups) {
            (Some(cuts), None) => Split::Cuts(cuts.iter().map(|cut| cut.0).collect()),
            (None, Some(groups)) => {
                let groups = groups.iter().map(|group| (group.values.clone(), group.other)).collect();
                groups_of(groups).map_err(|fault| fault.under(&[Step::Key("groups")]))?
            }
            _ => return Err(Fault::new("it needs either `cuts` or `groups`")),
        };
        let specials = self.special.iter().map(|row| special_of(&row.name, &row.values)).collect();
        Ok(Bins::try_new(split, specials)?)
    }
}

impl PairTable {
    fn of(pair: &Pair) -> Self {
        let rows = || pair.cells.chunks(pair.columns.count());
        let figures = |figure: fn(&Attribute) -> f64| -> Vec<Vec<f64>> {
            rows().map(|row| row.iter().map(figure).collect()).collect()
        };
        let known = |table: Vec<Vec<f64>>| {
            let unknown = table.iter().flatten().all(is_unknown);
            (!unknown).then_some(table)
        };
        PairTable {
            first: Side::of(&pair.first, &pair.rows),
            second: Side::of(&pair.second, &pair.columns),
            points: rows().map(|row| row.iter().map(|cell| cell.points).collect()).collect(),
            log_odds: figures(|cell| cell.log_odds),
            weight: known(figures(|cell| cell.weight)),
            bad: known(figures(|cell| cell.bad)),
        }
    }

    fn pair(self) -> Result<Pair, Fault> {
        let rows = self.first.bins().map_err(|fault| fault.under(&[Step::Key("first")]))?;
        let columns = self.second.bins().map_err(|fault| fault.under(&[Step::Key("second")]))?;
        let (high, wide) = (rows.count(), columns.count());
        let points = cells("points", self.points, high, wide)?;
        let log_odds = finite("log_odds", Some(self.log_odds), high, wide)?;
        let weight = finite("weight", self.weight, high, wide)?;
        let bad = finite("bad", self.bad, high, wide)?;
        let figure = |table: &[f64], cell: usize| table.get(cell).copied().unwrap_or_default();
        let cell = |(cell, &points): (usize, &i32)| Attribute {
            points,
            log_odds: figure(&log_odds, cell),
            weight: figure(&weight, cell),
            bad: figure(&bad, cell),
        };
        let cells = points.iter().enumerate().map(cell).collect();
        Ok(Pair { first: self.first.name, second: self.second.name, rows, columns, cells })
    }
}

/// A table row by row, when it has the shape of its pair's bins.
fn cells<T>(key: &'static str, table: Vec<Vec<T>>, high: usize, wide: usize) -> Result<Vec<T>, Fault> {
    let shape =
        "a row for each bin of the first, a column for each bin of the second: regular, special, missing";
    if table.len() != high {
        let what = format!("{} rows instead of {high} ({shape})", table.len());
        return Err(Fault::new(what).under(&[Step::Key(key)]));
    }
    if let Some(item) = table.iter().position(|row| row.len() != wide) {
        let what = format!("{} figures in a row instead of {wide} ({shape})", table[item].len());
        return Err(Fault::new(what).under(&[Step::Key(key), Step::Item(item)]));
    }
    Ok(table.into_iter().flatten().collect())
}

/// Such a table of finite numbers; empty when there is none.
fn finite(
    key: &'static str,
    table: Option<Vec<Vec<f64>>>,
    high: usize,
    wide: usize,
) -> Result<Vec<f64>, Fault> {
    let Some(table) = table else { return Ok(Vec::new()) };
    let figures = cells(key, table, high, wide)?;
    match figures.iter().position(|figure| !figure.is_finite()) {
        None => Ok(figures),
        Some(cell) => {
            let place = [Step::Key(key), Step::Item(cell / wide), Step::Item(cell % wide)];
            Err(Fault::new("it must be a finite number").under(&place))
        }
    }
}
