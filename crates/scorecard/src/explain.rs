//! Why a row has its score: what each value gives, what it falls short of, and what would change it.
//!
//! A pair of columns has a line of its own, for its points belong to neither alone. A **reason** is always a column, and its
//! weight is what the score would gain were this column alone at its best, all other columns as they are and every pair
//! that it is in counted along. So the reasons named are those whose removal raises the score most, pairs or no pairs.

use crate::Scorecard;
use crate::bins::{Bins, Split, stretch};
use crate::card::Attribute;
use crate::table::Value;

/// The most reasons that are told.
pub const MOST_REASONS: usize = 4;

/// A score, taken apart.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// The score: the base points and the points of all lines.
    pub score: i32,
    /// Points before any line.
    pub base_points: i32,
    /// One for each characteristic, then one for each pair, in the card's order.
    pub lines: Vec<Line>,
    /// The columns that cost the most points, the worst first; at most [`MOST_REASONS`], none that costs nothing.
    pub reasons: Vec<Reason>,
    /// The part of the score of each dimension, in the order in which the card names them first.
    pub sub_scores: Vec<SubScore>,
}

/// What one table of the card gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// The column, or the two of a pair.
    pub columns: Vec<String>,
    /// The bin of each in words.
    pub bins: Vec<String>,
    /// Its points.
    pub points: i32,
    /// The points of its best attribute; special values and missing ones are not held up as better.
    pub best: i32,
    /// What it falls short of its best by.
    pub shortfall: i32,
    /// Its share in all shortfalls, from 0 to 1.
    pub share: f64,
}

/// A column that costs points.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The column.
    pub column: String,
    /// The text of the reason; the column's name where the card has none.
    pub text: String,
    /// The bin of its value in words.
    pub bin: String,
    /// What the score would gain were this column alone at its best.
    pub gain: i32,
    /// What would change it first; none when nothing better can be named.
    pub change: Option<Change>,
}

/// A better bin: for a number the nearest one (below or above, the nearer; of two as near the better), else the best.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The bin in words.
    pub bin: String,
    /// What the score would gain there, all other columns as they are.
    pub gain: i32,
}

/// The part of a score that comes from one dimension. A pair of columns of two dimensions counts half for each.
#[derive(Debug, Clone, PartialEq)]
pub struct SubScore {
    /// The dimension.
    pub dimension: String,
    /// Its points.
    pub points: f64,
    /// The most that its tables could give, each on its own; special and missing values included.
    pub most: f64,
    /// The least.
    pub least: f64,
}

/// Explains the score of one row: a value for each of [`Scorecard::inputs`], in their order. Values not given are missing.
pub fn explain(card: &Scorecard, values: &[Value<'_>]) -> Explanation {
    let row = Row::new(card, values);
    let mut lines = row.lines();
    let all: i64 = lines.iter().map(|line| i64::from(line.shortfall)).sum();
    for line in &mut lines {
        line.share = if all > 0 { f64::from(line.shortfall) / all as f64 } else { 0.0 };
    }
    let mut steps: Vec<Steps<'_>> =
        (0..card.inputs().len()).map(|input| Steps::of(&row, input)).filter(|steps| steps.gain > 0).collect();
    // A stable sort: of equal ones the first in the card comes first.
    steps.sort_by_key(|steps| std::cmp::Reverse(steps.gain));
    steps.truncate(MOST_REASONS);
    let reasons = steps.iter().map(|steps| row.reason(steps)).collect();
    Explanation {
        score: card.score_row(values).score,
        base_points: card.parts().base_points,
        sub_scores: sub_scores(card, &lines),
        lines,
        reasons,
    }
}

/// A row with its values.
struct Row<'a> {
    card: &'a Scorecard,
    values: Vec<Value<'a>>,
}

impl<'a> Row<'a> {
    fn new(card: &'a Scorecard, values: &[Value<'a>]) -> Self {
        let value = |place: usize| values.get(place).copied().unwrap_or(Value::Missing);
        Row { card, values: (0..card.inputs().len()).map(value).collect() }
    }

    /// The row and the column of a pair's table in which the values lie.
    fn cells(&self, pair: usize) -> (usize, usize) {
        let (place, pair) = (self.card.places()[pair], &self.card.parts().pairs[pair]);
        (pair.rows.find(self.values[place.0]), pair.columns.find(self.values[place.1]))
    }

    fn lines(&self) -> Vec<Line> {
        let parts = self.card.parts();
        let mut lines = Vec::with_capacity(parts.characteristics.len() + parts.pairs.len());
        for (characteristic, value) in parts.characteristics.iter().zip(&self.values) {
            let bin = characteristic.bins.find(*value);
            let points = characteristic.attributes[bin].points;
            let regular = &characteristic.attributes[..characteristic.bins.regular()];
            let best = regular.iter().map(|attribute| attribute.points).fold(points, i32::max);
            lines.push(Line {
                columns: vec![characteristic.name.clone()],
                bins: vec![characteristic.bins.text(bin)],
                ..Line::of(points, best)
            });
        }
        for (place, pair) in parts.pairs.iter().enumerate() {
            let (row, column) = self.cells(place);
            let width = pair.columns.count();
            let points = pair.cells[row * width + column].points;
            let regular = pair.cells.chunks(width).take(pair.rows.regular());
            let regular = regular.flat_map(|cells| &cells[..pair.columns.regular()]);
            let best = regular.map(|cell| cell.points).fold(points, i32::max);
            lines.push(Line {
                columns: vec![pair.first.clone(), pair.second.clone()],
                bins: vec![pair.rows.text(row), pair.columns.text(column)],
                ..Line::of(points, best)
            });
        }
        lines
    }

    fn reason(&self, steps: &Steps<'_>) -> Reason {
        let name = &self.card.inputs()[steps.input];
        let characteristic = self.card.parts().characteristics.get(steps.input);
        let told = characteristic.map(|characteristic| characteristic.reason.as_str()).unwrap_or_default();
        let value = self.values[steps.input];
        Reason {
            column: name.clone(),
            text: if told.is_empty() { name.clone() } else { told.to_owned() },
            bin: steps.bins.text(steps.bins.find(value)),
            gain: steps.gain,
            change: steps.change(value),
        }
    }

    /// The tables that a column is in, all other columns as they are.
    fn tables_of(&self, input: usize) -> Vec<Slice<'a>> {
        let parts = self.card.parts();
        let mut tables = Vec::new();
        if let Some(characteristic) = parts.characteristics.get(input) {
            let (bins, cells) = (&characteristic.bins, characteristic.attributes.as_slice());
            tables.push(Slice { bins, cells, first: 0, step: 1 });
        }
        for (place, (pair, &(first, second))) in parts.pairs.iter().zip(self.card.places()).enumerate() {
            if first != input && second != input {
                continue;
            }
            let ((row, column), width) = (self.cells(place), pair.columns.count());
            tables.push(if first == input {
                Slice { bins: &pair.rows, cells: &pair.cells, first: column, step: width }
            } else {
                Slice { bins: &pair.columns, cells: &pair.cells, first: row * width, step: 1 }
            });
        }
        tables
    }
}

/// What the bins of one column give in a table: a characteristic's own, or a row or a column of a pair's.
struct Slice<'a> {
    bins: &'a Bins,
    cells: &'a [Attribute],
    first: usize,
    step: usize,
}

impl Slice<'_> {
    fn points(&self, bin: usize) -> i32 {
        self.cells[self.first + bin * self.step].points
    }
}

/// The values that a column could take, one for each stretch in which no table of the card changes.
struct Steps<'a> {
    input: usize,
    /// The column's own bins, or those of the first pair it is in.
    bins: &'a Bins,
    /// Where the column is a number: the cuts of all tables that it is in.
    cuts: Vec<f64>,
    /// A value of each stretch, ascending for numbers.
    values: Vec<Value<'a>>,
    /// What the score would gain in each stretch.
    gains: Vec<i32>,
    /// The most of these, and not below zero.
    gain: i32,
}

impl<'a> Steps<'a> {
    fn of(row: &Row<'a>, input: usize) -> Self {
        let tables = row.tables_of(input);
        let (cuts, values) = stretches(tables.iter().map(|table| table.bins));
        let points = |bin: &dyn Fn(&Bins) -> usize| -> i32 {
            tables.iter().map(|table| table.points(bin(table.bins))).sum()
        };
        let here = points(&|bins| bins.find(row.values[input]));
        let gains: Vec<i32> =
            values.iter().map(|value| points(&|bins| bins.find_from(*value)) - here).collect();
        let gain = gains.iter().copied().fold(0, i32::max);
        // Every input comes from a table, so there is a first one.
        Steps { input, bins: tables[0].bins, cuts, values, gains, gain }
    }

    fn change(&self, value: Value<'_>) -> Option<Change> {
        let here = match value {
            Value::Number(number)
                if !self.cuts.is_empty() && self.bins.find_number(number) < self.bins.regular() =>
            {
                Some(self.cuts.partition_point(|cut| *cut <= number))
            }
            _ => None,
        };
        let far = |place: usize| here.map_or(0, |here| place.abs_diff(here));
        let better = (0..self.gains.len()).filter(|&place| self.gains[place] > 0);
        let place = better.min_by_key(|&place| (far(place), std::cmp::Reverse(self.gains[place])))?;
        Some(Change { bin: self.text(place), gain: self.gains[place] })
    }

    /// A stretch in words.
    fn text(&self, place: usize) -> String {
        if let Value::Category(text) = self.values[place] {
            return text.to_owned();
        }
        stretch(&self.cuts, place)
    }
}

/// The cuts of a column in all its tables, and the values that it could take: of numbers what each stretch in which no table
/// changes begins with ([`Bins::find_from`]), of categories those that a table lists.
pub(crate) fn stretches<'a>(tables: impl Iterator<Item = &'a Bins>) -> (Vec<f64>, Vec<Value<'a>>) {
    let mut cuts: Vec<f64> = Vec::new();
    let mut categories: Vec<Value<'a>> = Vec::new();
    for bins in tables {
        match bins.split() {
            Split::Cuts(more) => cuts.extend(more),
            Split::Groups { groups, .. } => {
                categories.extend(groups.iter().flatten().map(|text| Value::Category(text)));
            }
        }
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    let begins = std::iter::once(f64::NEG_INFINITY).chain(cuts.iter().copied());
    let values = if categories.is_empty() { begins.map(Value::Number).collect() } else { categories };
    (cuts, values)
}

impl Line {
    fn of(points: i32, best: i32) -> Line {
        let shortfall = best.saturating_sub(points);
        Line { columns: Vec::new(), bins: Vec::new(), points, best, shortfall, share: 0.0 }
    }
}

fn sub_scores(card: &Scorecard, lines: &[Line]) -> Vec<SubScore> {
    let parts = card.parts();
    let dimension = |name: &str| {
        let found = parts.characteristics.iter().find(|characteristic| characteristic.name == name);
        found.map(|characteristic| characteristic.dimension.as_str()).unwrap_or_default()
    };
    let mut scores: Vec<SubScore> = Vec::new();
    let mut add = |dimension: &str, part: f64, points: i32, ends: (i32, i32)| {
        if dimension.is_empty() {
            return;
        }
        let place = scores.iter().position(|score| score.dimension == dimension).unwrap_or_else(|| {
            scores.push(SubScore { dimension: dimension.to_owned(), points: 0.0, most: 0.0, least: 0.0 });
            scores.len() - 1
        });
        let score = &mut scores[place];
        score.points += part * f64::from(points);
        score.most += part * f64::from(ends.1);
        score.least += part * f64::from(ends.0);
    };
    let singles = parts.characteristics.iter().map(|characteristic| &characteristic.attributes);
    let tables = singles.chain(parts.pairs.iter().map(|pair| &pair.cells));
    for (line, table) in lines.iter().zip(tables) {
        let points = table.iter().map(|attribute| attribute.points);
        let ends = (points.clone().fold(line.points, i32::min), points.fold(line.points, i32::max));
        let part = 1.0 / line.columns.len() as f64;
        for column in &line.columns {
            add(dimension(column), part, line.points, ends);
        }
    }
    scores
}

#[cfg(test)]
mod tests;
