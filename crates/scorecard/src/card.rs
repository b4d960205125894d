//! The scorecard: a table of log-odds and points for each characteristic and each pair of them, and how it scores.

mod codes;
mod curve;

pub use curve::Curve;

use codes::Codes;

use crate::bins::{Bins, Split};
use crate::scale::{Scale, probability};
use crate::table::{Value, Values};
use crate::{Error, Table};
use std::collections::{HashMap, HashSet};

/// Rows that are scored together, so that their codes stay in a core's own cache.
const BLOCK: usize = 512;

/// A checked scorecard. Log-odds are those of **bad**: a row's log-odds are the intercept plus what each characteristic and
/// each pair adds; its score is the base points plus the points of the same attributes, and higher is better.
#[derive(Debug, Clone, PartialEq)]
pub struct Scorecard {
    parts: Parts,
    /// Where each pair finds its two columns among the inputs; see [`Scorecard::inputs`].
    places: Vec<(usize, usize)>,
    inputs: Vec<String>,
}

/// What a scorecard is made of, before it is checked.
#[derive(Debug, Clone, PartialEq)]
pub struct Parts {
    /// Its name.
    pub name: String,
    /// What it predicts: the name of the target it was fitted to.
    pub target: String,
    /// How it was made: `woe`, `additive`, `imported`, …
    pub method: String,
    /// What its scores mean.
    pub scale: Scale,
    /// Log-odds of bad before any characteristic counts.
    pub intercept: f64,
    /// Points before any characteristic counts.
    pub base_points: i32,
    /// Its characteristics, each of another column.
    pub characteristics: Vec<Characteristic>,
    /// Its pairs, each of two other columns; they add to what the columns give on their own.
    pub pairs: Vec<Pair>,
    /// What the log-odds count as once all is added up; none: what they are.
    pub calibration: Option<Curve>,
    /// What it was fitted on, in words and figures, in this order.
    pub provenance: Vec<(String, String)>,
}

/// A column as the scorecard uses it.
#[derive(Debug, Clone, PartialEq)]
pub struct Characteristic {
    /// The column's name.
    pub name: String,
    /// The group in whose sub-score it counts; empty: none.
    pub dimension: String,
    /// Why it lowers a score, as it is told; empty: the column's name.
    pub reason: String,
    /// Its bins.
    pub bins: Bins,
    /// One for each of its bins, in their order: regular, special, missing.
    pub attributes: Vec<Attribute>,
}

/// A bin and what it gives.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Attribute {
    /// What it adds to the log-odds of bad.
    pub log_odds: f64,
    /// What it adds to the score.
    pub points: i32,
    /// The weight of the rows it was fitted on; 0 when it is not known.
    pub weight: f64,
    /// The weight of the bad ones among them.
    pub bad: f64,
}

/// Two columns that count together.
#[derive(Debug, Clone, PartialEq)]
pub struct Pair {
    /// The first column.
    pub first: String,
    /// The second column.
    pub second: String,
    /// The bins of the first: the rows of its table.
    pub rows: Bins,
    /// The bins of the second: the columns of its table.
    pub columns: Bins,
    /// Its cells, row by row: `rows.count() · columns.count()`.
    pub cells: Vec<Attribute>,
}

/// What a row of a table gets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored {
    /// Log-odds of bad: the sum of what its attributes give.
    pub log_odds: f64,
    /// Points: higher is better.
    pub score: i32,
    /// The log-odds after the scorecard's calibration; the same where it has none.
    pub calibrated: f64,
}

impl Scored {
    /// The probability of bad, by the calibrated log-odds.
    pub fn probability(&self) -> f64 {
        probability(self.calibrated)
    }
}

impl Scorecard {
    /// Checks the parts.
    ///
    /// # Errors
    /// When a column or a pair comes twice, a table has not one attribute for each bin, or a
    /// figure is not finite.
    pub fn try_new(parts: Parts) -> Result<Self, Error> {
        let mut inputs = Inputs::default();
        for characteristic in &parts.characteristics {
            let name = &characteristic.name;
            check_attributes(name, characteristic.bins.count(), &characteristic.attributes)?;
            let known = inputs.names.len();
            if inputs.place(name) < known {
                return Err(Error::Card(format!("two characteristics are called {name:?}")));
            }
        }
        let mut places: Vec<(usize, usize)> = Vec::new();
        let mut seen = HashSet::new();
        for pair in &parts.pairs {
            let name = format!("{} × {}", pair.first, pair.second);
            check_attributes(&name, pair.rows.count() * pair.columns.count(), &pair.cells)?;
            let place = (inputs.place(&pair.first), inputs.place(&pair.second));
            if place.0 == place.1 || !seen.insert((place.0.min(place.1), place.0.max(place.1))) {
                return Err(Error::Card(format!("the pair {name} comes twice, or is of one column")));
            }
            places.push(place);
        }
        let inputs = inputs.names;
        if !parts.intercept.is_finite() {
            return Err(Error::Card("the intercept is not a finite number".to_owned()));
        }
        Scale::try_new(parts.scale.score, parts.scale.odds, parts.scale.points_to_double)?;
        Ok(Scorecard { parts, places, inputs })
    }

    /// What it is made of.
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// The columns it reads, in the order in which [`Scorecard::score_row`] takes their values: the characteristics first,
    /// then those that only pairs use.
    pub fn inputs(&self) -> &[String] {
        &self.inputs
    }

    /// Whether an input is one of categories; its bins say so.
    pub fn takes_categories(&self, input: usize) -> bool {
        let grouped = |bins: &Bins| matches!(bins.split(), Split::Groups { .. });
        match self.parts.characteristics.get(input) {
            Some(characteristic) => grouped(&characteristic.bins),
            None => self.parts.pairs.iter().zip(&self.places).any(|(pair, place)| {
                (place.0 == input && grouped(&pair.rows)) || (place.1 == input && grouped(&pair.columns))
            }),
        }
    }

    /// Scores one row: a value for each of [`Scorecard::inputs`], in their order. Values that are not given are missing.
    pub fn score_row(&self, values: &[Value<'_>]) -> Scored {
        let value = |place: usize| values.get(place).copied().unwrap_or(Value::Missing);
        let mut scored = self.unscored();
        for (place, characteristic) in self.parts.characteristics.iter().enumerate() {
            scored.add(&characteristic.attributes[characteristic.bins.find(value(place))]);
        }
        for (pair, place) in self.parts.pairs.iter().zip(&self.places) {
            scored.add(
                &pair.cells[pair.rows.find(value(place.0)) * pair.columns.count()
                    + pair.columns.find(value(place.1))],
            );
        }
        scored.calibrated = self.calibrated(scored.log_odds);
        scored
    }

    /// A row before any of its attributes counts.
    fn unscored(&self) -> Scored {
        let intercept = self.parts.intercept;
        Scored { log_odds: intercept, score: self.parts.base_points, calibrated: intercept }
    }

    /// Where each pair finds its two columns among the inputs.
    pub(crate) fn places(&self) -> &[(usize, usize)] {
        &self.places
    }

    fn calibrated(&self, log_odds: f64) -> f64 {
        self.parts.calibration.as_ref().map_or(log_odds, |curve| curve.at(log_odds))
    }

    /// Scores every row of a table, in its order. Columns that the scorecard does not read are ignored.
    ///
    /// # Errors
    /// When a column is not there, or holds texts where the scorecard expects numbers.
    pub fn score(&self, table: &Table) -> Result<Vec<Scored>, Error> {
        self.check_columns(table)?;
        let mut scored = vec![self.unscored(); table.rows()];
        let tables = Tables::new(self, table)?;
        let mut codes = vec![[0; BLOCK]; self.inputs.len()];
        for (block, rows) in scored.chunks_mut(BLOCK).enumerate() {
            tables.score(block * BLOCK, rows, &mut codes);
            for row in rows {
                row.calibrated = self.calibrated(row.log_odds);
            }
        }
        Ok(scored)
    }

    /// What each characteristic, then each pair, adds to the log-odds of every row of a table: with the intercept they add up,
    /// in this order, to [`Scored::log_odds`].
    ///
    /// # Errors
    /// As [`Scorecard::score`].
    pub fn contributions(&self, table: &Table) -> Result<Vec<Vec<f64>>, Error> {
        self.check_columns(table)?;
        let mut contributions = Vec::with_capacity(self.parts.characteristics.len() + self.parts.pairs.len());
        for characteristic in &self.parts.characteristics {
            let bins = characteristic.bins.find_all(table.column(&characteristic.name)?);
            let attributes = &characteristic.attributes;
            contributions.push(bins.into_iter().map(|bin| attributes[usize::from(bin)].log_odds).collect());
        }
        for pair in &self.parts.pairs {
            let rows = pair.rows.find_all(table.column(&pair.first)?);
            let columns = pair.columns.find_all(table.column(&pair.second)?);
            let width = pair.columns.count();
            let cell = |(row, column): (u16, u16)| usize::from(row) * width + usize::from(column);
            contributions
                .push(rows.into_iter().zip(columns).map(|at| pair.cells[cell(at)].log_odds).collect());
        }
        Ok(contributions)
    }

    /// Whether a table has what the scorecard reads.
    fn check_columns(&self, table: &Table) -> Result<(), Error> {
        for (input, name) in self.inputs.iter().enumerate() {
            let column = table.column(name)?;
            if !self.takes_categories(input) && matches!(column.values, Values::Categories { .. }) {
                return Err(Error::Table(format!(
                    "column {name:?} holds texts; the scorecard expects numbers there"
                )));
            }
        }
        Ok(())
    }
}

impl Scored {
    fn add(&mut self, attribute: &Attribute) {
        self.give(&(attribute.log_odds, attribute.points));
    }

    fn give(&mut self, (log_odds, points): &Given) {
        self.log_odds += log_odds;
        self.score = self.score.saturating_add(*points);
    }
}

/// The log-odds and points of an attribute, without what it was fitted on.
type Given = (f64, i32);

/// The card's tables over the codes of a table's columns.
struct Tables<'a> {
    /// One for each input.
    codes: Vec<Codes<'a>>,
    /// For each characteristic, what each code of its column gives.
    singles: Vec<Vec<Given>>,
    pairs: Vec<PairOfCodes>,
}

/// A pair: where its two columns are among the inputs, where the codes of each lead to in its cells, and what these give.
struct PairOfCodes {
    places: (usize, usize),
    rows: Vec<u32>,
    columns: Vec<u32>,
    cells: Vec<Given>,
}

impl<'a> Tables<'a> {
    fn new(card: &Scorecard, table: &'a Table) -> Result<Self, Error> {
        let Parts { characteristics, pairs, .. } = &card.parts;
        let given = |attribute: &Attribute| (attribute.log_odds, attribute.points);
        let mut bins: Vec<Vec<&Bins>> = vec![Vec::new(); card.inputs.len()];
        for (place, characteristic) in characteristics.iter().enumerate() {
            bins[place].push(&characteristic.bins);
        }
        for (pair, place) in pairs.iter().zip(&card.places) {
            bins[place.0].push(&pair.rows);
            bins[place.1].push(&pair.columns);
        }
        let coded = |(name, bins): (&String, &Vec<&Bins>)| Ok(Codes::new(table.column(name)?, bins));
        let codes: Vec<Codes<'a>> = card.inputs.iter().zip(&bins).map(coded).collect::<Result<_, Error>>()?;
        let single = |(codes, characteristic): (&Codes<'_>, &Characteristic)| {
            let bins = codes.bins(&characteristic.bins);
            bins.into_iter().map(|bin| given(&characteristic.attributes[bin as usize])).collect()
        };
        let singles = codes.iter().zip(characteristics).map(single).collect();
        let pair = |(pair, &places): (&Pair, &(usize, usize))| {
            // 60,000 × 60,000 cells, the most by `MOST_BINS`, are fewer than 32 bits count.
            let width = pair.columns.count() as u32;
            let rows = codes[places.0].bins(&pair.rows).into_iter().map(|row| row * width).collect();
            let columns = codes[places.1].bins(&pair.columns);
            PairOfCodes { places, rows, columns, cells: pair.cells.iter().map(given).collect() }
        };
        let pairs = pairs.iter().zip(&card.places).map(pair).collect();
        Ok(Tables { codes, singles, pairs })
    }

    /// Scores rows from one on; in the order of [`Scorecard::score_row`], so that sums have the same digits.
    fn score(&self, from: usize, scored: &mut [Scored], codes: &mut [[u32; BLOCK]]) {
        for (column, room) in self.codes.iter().zip(codes.iter_mut()) {
            column.fill(from, &mut room[..scored.len()]);
        }
        for (given, codes) in self.singles.iter().zip(codes.iter()) {
            for (row, code) in scored.iter_mut().zip(codes) {
                row.give(&given[*code as usize]);
            }
        }
        for pair in &self.pairs {
            let (first, second) = (&codes[pair.places.0], &codes[pair.places.1]);
            for (row, (first, second)) in scored.iter_mut().zip(first.iter().zip(second)) {
                let cell = pair.rows[*first as usize] + pair.columns[*second as usize];
                row.give(&pair.cells[cell as usize]);
            }
        }
    }
}

/// The columns that a scorecard reads, each with its place.
#[derive(Default)]
struct Inputs {
    names: Vec<String>,
    places: HashMap<String, usize>,
}

impl Inputs {
    /// The place of a column, which it gets now unless it has one.
    fn place(&mut self, name: &str) -> usize {
        if let Some(&place) = self.places.get(name) {
            return place;
        }
        self.places.insert(name.to_owned(), self.names.len());
        self.names.push(name.to_owned());
        self.names.len() - 1
    }
}

fn check_attributes(name: &str, bins: usize, attributes: &[Attribute]) -> Result<(), Error> {
    if attributes.len() != bins {
        return Err(Error::Card(format!("{name} has {bins} bins but {} attributes", attributes.len())));
    }
    let figures = |attribute: &Attribute| [attribute.log_odds, attribute.weight, attribute.bad];
    match attributes.iter().flat_map(figures).find(|figure| !figure.is_finite()) {
        Some(figure) => Err(Error::Card(format!("{name} holds the figure {figure}; it must be finite"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::Column;

    fn attribute(log_odds: f64, points: i32) -> Attribute {
        Attribute { log_odds, points, ..Attribute::default() }
    }

    fn cuts(cuts: &[f64]) -> Bins {
        Bins::try_new(Split::Cuts(cuts.to_vec()), vec![]).unwrap()
    }

    fn parts() -> Parts {
        let groups =
            Split::Groups { groups: vec![vec!["own".to_owned()], vec!["rent".to_owned()]], other: 1 };
        let home = Bins::try_new(groups, vec![]).unwrap();
        let age = Characteristic {
            name: "age".to_owned(),
            dimension: String::new(),
            reason: String::new(),
            bins: cuts(&[30.0]),
            attributes: vec![attribute(0.5, -36), attribute(-0.5, 36), attribute(0.0, 0)],
        };
        let home = Characteristic {
            name: "home".to_owned(),
            bins: home,
            attributes: vec![attribute(-0.25, 18), attribute(0.25, -18), attribute(0.0, 0)],
            ..age.clone()
        };
        let mut cells = vec![attribute(0.0, 0); 6];
        cells[0] = attribute(1.0, -72);
        let pair = Pair {
            first: "age".to_owned(),
            second: "debt".to_owned(),
            rows: cuts(&[40.0]),
            columns: cuts(&[]),
            cells,
        };
        Parts {
            name: "test".to_owned(),
            target: "bad".to_owned(),
            method: "woe".to_owned(),
            scale: Scale::default(),
            intercept: -2.0,
            base_points: 499,
            characteristics: vec![age, home],
            pairs: vec![pair],
            calibration: None,
            provenance: vec![],
        }
    }

    #[test]
    fn a_row_gets_what_its_attributes_give_alone_and_in_a_table() {
        let card = Scorecard::try_new(parts()).unwrap();
        assert_eq!(card.inputs(), ["age", "home", "debt"]);
        assert_eq!([0, 1, 2].map(|input| card.takes_categories(input)), [false, true, false]);
        let number = |value: f64| if value.is_nan() { Value::Missing } else { Value::Number(value) };
        let rows = [(20.0, "own", 1.0), (35.0, "rent", 1.0), (50.0, "new", f64::NAN), (f64::NAN, "own", 2.0)];
        let table = Table::try_new(vec![
            Column::numbers("unused", vec![0.0; 4]),
            Column::numbers("debt", rows.iter().map(|row| row.2).collect()),
            Column::numbers("age", rows.iter().map(|row| row.0).collect()),
            Column::categories("home", rows.iter().map(|row| Some(row.1))),
        ]);
        let table = table.unwrap();
        let scored = card.score(&table).unwrap();
        let contributions = card.contributions(&table).unwrap();
        for (row, scored) in scored.iter().enumerate() {
            let sum = contributions.iter().fold(-2.0, |sum, column| sum + column[row]);
            assert_eq!((contributions.len(), sum), (3, scored.log_odds), "row {row}");
        }
        let wanted = [(-0.75, 409), (-1.25, 445), (-2.25, 517), (-2.25, 517)];
        for ((row, scored), wanted) in rows.iter().zip(scored).zip(wanted) {
            assert_eq!((scored.log_odds, scored.score), wanted, "{row:?}");
            assert_eq!(card.score_row(&[number(row.0), Value::Category(row.1), number(row.2)]), scored);
            assert!((scored.probability() - 1.0 / (1.0 + (-scored.log_odds).exp())).abs() < 1e-15);
        }
    }

    #[test]
    fn a_calibration_changes_the_probability_and_nothing_else() {
        let plain = Scorecard::try_new(parts()).unwrap();
        let curve = Curve::try_new(vec![(-4.0, -1.0), (4.0, 1.0)]).unwrap();
        let card = Scorecard::try_new(Parts { calibration: Some(curve), ..parts() }).unwrap();
        let row = [Value::Number(20.0), Value::Category("own"), Value::Number(1.0)];
        let (before, after) = (plain.score_row(&row), card.score_row(&row));
        assert_eq!((before.log_odds, before.score), (after.log_odds, after.score));
        assert_eq!((before.calibrated, after.calibrated), (-0.75, -0.1875));
        assert_eq!(after.probability(), probability(-0.1875));
    }

    #[test]
    fn a_table_without_what_is_needed_is_refused() {
        let card = Scorecard::try_new(parts()).unwrap();
        let table = |age: Column| Table::try_new(vec![age, Column::numbers("debt", vec![1.0])]).unwrap();
        let without = card.score(&table(Column::numbers("age", vec![1.0]))).unwrap_err().to_string();
        assert!(without.contains("no column \"home\""), "{without}");
        assert!(card.contributions(&table(Column::categories("age", [Some("old")]))).is_err());
        let texts = card.score(&table(Column::categories("age", [Some("old")]))).unwrap_err().to_string();
        assert!(texts.contains("\"age\" holds texts"), "{texts}");
    }

    #[test]
    fn parts_that_contradict_themselves_are_refused() {
        fn check(change: impl FnOnce(&mut Parts), wanted: &str) {
            let mut parts = parts();
            change(&mut parts);
            let error = Scorecard::try_new(parts).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        check(|parts| parts.characteristics[1].name = "age".to_owned(), "two characteristics");
        check(|parts| parts.characteristics[0].attributes.truncate(1), "3 bins but 1");
        check(|parts| parts.characteristics[0].attributes[0].log_odds = f64::NAN, "NaN");
        check(|parts| parts.pairs[0].second = "age".to_owned(), "age × age");
        check(|parts| parts.pairs.push(parts.pairs[0].clone()), "twice");
        check(|parts| parts.pairs[0].cells.truncate(1), "6 bins but 1");
        check(|parts| parts.intercept = f64::INFINITY, "intercept");
        check(|parts| parts.scale.odds = 0.0, "scale");
    }
}
