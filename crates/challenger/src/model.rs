//! A model: trees over the columns of a table, how it scores, and why.

use crate::Error;
use crate::ensemble::Ensemble;
use crate::input::{Encoding, Input};
use crate::shapley;
use probity_scorecard::Table;

/// Rows that are put together from their columns at a time, so that a block stays in the nearest cache.
const BLOCK: usize = 256;

/// Trees that give the log-odds of **bad** for a row of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    target: String,
    inputs: Vec<Input>,
    ensemble: Ensemble,
    provenance: Vec<(String, String)>,
    columns: Vec<String>,
    /// For each input, the place of its column among `columns`.
    places: Vec<usize>,
}

/// What made a row's log-odds.
#[derive(Debug, Clone, PartialEq)]
pub struct Explained {
    /// The expectation over the rows of the fit: log-odds before any column counts.
    pub base: f64,
    /// What each column added: Shapley values, in the order of [`Model::columns`]. With the base they add up to the log-odds.
    pub added: Vec<f64>,
    /// Log-odds of bad.
    pub log_odds: f64,
}

impl Model {
    /// A model from trees over inputs.
    ///
    /// # Errors
    /// When there are no inputs, or one holds a rate that is no number.
    pub fn try_new(
        target: String,
        inputs: Vec<Input>,
        ensemble: Ensemble,
        provenance: Vec<(String, String)>,
    ) -> Result<Self, Error> {
        if inputs.is_empty() {
            return Err(Error::Model("it reads no columns".to_owned()));
        }
        // Checked again, because these may be other inputs than those the trees were made for.
        let ensemble = Ensemble::try_new(ensemble.base(), ensemble.trees().to_vec(), inputs.len())?;
        let mut columns: Vec<String> = Vec::new();
        let mut places = Vec::new();
        for input in &inputs {
            if let Encoding::Rate { levels, other } = &input.encoding {
                let rates = levels.iter().map(|(_, rate)| rate).chain([other]);
                if let Some(rate) = rates.into_iter().find(|rate| !rate.is_finite()) {
                    return Err(Error::Model(format!("column {:?} has the rate {rate}", input.column)));
                }
            }
            let known = columns.iter().position(|column| *column == input.column);
            places.push(known.unwrap_or_else(|| {
                columns.push(input.column.clone());
                columns.len() - 1
            }));
        }
        Ok(Model { target, inputs, ensemble, provenance, columns, places })
    }

    /// What it predicts: the name of the target it was fitted to.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// What its trees look at.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// Its trees.
    pub fn ensemble(&self) -> &Ensemble {
        &self.ensemble
    }

    /// How it was fitted, in words and figures, in this order.
    pub fn provenance(&self) -> &[(String, String)] {
        &self.provenance
    }

    /// The columns of a table that it reads, each once.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// The log-odds of bad for every row of a table, in its order. Columns that the model does not read are ignored.
    ///
    /// # Errors
    /// When a column is not there, or holds texts where the model expects numbers.
    pub fn score(&self, table: &Table) -> Result<Vec<f64>, Error> {
        let numbers = self.numbers(table)?;
        let width = self.inputs.len();
        let mut block = vec![0.0; BLOCK * width];
        let mut log_odds = Vec::with_capacity(table.rows());
        for begin in (0..table.rows()).step_by(BLOCK) {
            let rows = BLOCK.min(table.rows() - begin);
            for (place, column) in numbers.iter().enumerate() {
                for (row, number) in column[begin..begin + rows].iter().enumerate() {
                    block[row * width + place] = *number;
                }
            }
            log_odds.extend(self.ensemble.sums(&block[..rows * width], width));
        }
        Ok(log_odds)
    }

    /// Scores some rows of a table and says what each column added.
    ///
    /// # Errors
    /// As [`Model::score`], and when a row is beyond the last one.
    pub fn explain(&self, table: &Table, rows: &[usize]) -> Result<Vec<Explained>, Error> {
        if let Some(row) = rows.iter().find(|row| **row >= table.rows()) {
            let (row, last) = (row + 1, table.rows());
            return Err(Error::Scorecard(probity_scorecard::Error::Table(format!(
                "row {row} is asked for; the last one is {last}"
            ))));
        }
        let numbers = self.numbers(&table.take(rows))?;
        let base = shapley::expectation(&self.ensemble);
        let explain = |row: usize| {
            let values: Vec<f64> = numbers.iter().map(|column| column[row]).collect();
            let mut added = vec![0.0; self.columns.len()];
            for (place, value) in self.places.iter().zip(shapley::values(&self.ensemble, &values)) {
                added[*place] += value;
            }
            Explained { base, added, log_odds: self.ensemble.sum(&values) }
        };
        Ok((0..rows.len()).map(explain).collect())
    }

    /// Why a row scored worse than the rows of the fit on the whole: at most so many columns that raised its log-odds,
    /// with how much, the strongest first.
    pub fn reasons(&self, explained: &Explained, most: usize) -> Vec<(&str, f64)> {
        let mut reasons: Vec<(&str, f64)> = self
            .columns
            .iter()
            .map(String::as_str)
            .zip(explained.added.iter().copied())
            .filter(|(_, added)| *added > 0.0)
            .collect();
        // The sort is stable: of two alike the one whose column comes first stays first.
        reasons.sort_by(|one, other| other.1.total_cmp(&one.1));
        reasons.truncate(most);
        reasons
    }

    fn numbers(&self, table: &Table) -> Result<Vec<Vec<f64>>, Error> {
        self.inputs.iter().map(|input| input.numbers(table)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ensemble::{Node, Split, Tree};
    use probity_scorecard::table::Column;

    fn stump(column: u32, threshold: f64, left: f64, right: f64) -> Tree {
        let split = Split { column, threshold, equals: false, missing_left: false, left: 1, right: 2 };
        Tree {
            nodes: vec![Node::Split(split), Node::Leaf(left), Node::Leaf(right)],
            covers: vec![4.0, 2.0, 2.0],
        }
    }

    fn model() -> Model {
        let level =
            |text: &str| Input { column: "home".to_owned(), encoding: Encoding::Level(text.to_owned()) };
        let age = Input { column: "age".to_owned(), encoding: Encoding::Number };
        let trees = vec![stump(0, 0.5, 0.25, -0.25), stump(1, 30.0, 1.0, -1.0), stump(2, 0.5, -0.5, 0.5)];
        let ensemble = Ensemble::try_new(-2.0, trees, 3).unwrap();
        Model::try_new("bad".to_owned(), vec![level("own"), age, level("rent")], ensemble, vec![]).unwrap()
    }

    #[test]
    fn what_each_column_adds_is_told_by_column_and_adds_up() {
        let model = model();
        assert_eq!(model.columns(), ["home", "age"]);
        let table = Table::try_new(vec![
            Column::numbers("unused", vec![0.0; 3]),
            Column::numbers("age", vec![20.0, 40.0, f64::NAN]),
            Column::categories("home", [Some("own"), Some("rent"), None]),
        ])
        .unwrap();
        assert_eq!(model.score(&table).unwrap(), [-1.75, -2.25, -3.25]);
        let explained = model.explain(&table, &[2, 0, 1]).unwrap();
        for (row, wanted) in [
            (&explained[1], (vec![-0.75, 1.0], vec![("age", 1.0)])),
            (&explained[2], (vec![0.75, -1.0], vec![("home", 0.75)])),
            (&explained[0], (vec![-0.25, -1.0], vec![])),
        ] {
            assert_eq!(row.base + row.added.iter().sum::<f64>(), row.log_odds);
            assert_eq!((row.added.clone(), model.reasons(row, 4)), wanted);
        }
        assert!(model.explain(&table, &[3]).unwrap_err().to_string().contains("row 4"));
    }

    #[test]
    fn the_strongest_reasons_come_first_and_no_more_than_asked() {
        let model = model();
        for (added, most, wanted) in [
            ([1.0, 2.0], 4, vec!["age", "home"]),
            ([1.0, 1.0], 4, vec!["home", "age"]),
            ([1.0, 2.0], 1, vec!["age"]),
            ([-1.0, 0.0], 4, vec![]),
        ] {
            let explained = Explained { base: 0.0, added: added.to_vec(), log_odds: 0.0 };
            let names: Vec<&str> = model.reasons(&explained, most).iter().map(|reason| reason.0).collect();
            assert_eq!(names, wanted, "{added:?}");
        }
    }

    #[test]
    fn inputs_that_do_not_fit_the_trees_are_refused() {
        let fitted = model();
        let with = |inputs: Vec<Input>| {
            Model::try_new("bad".to_owned(), inputs, fitted.ensemble().clone(), vec![])
                .unwrap_err()
                .to_string()
        };
        assert!(with(vec![]).contains("no columns"));
        assert!(with(fitted.inputs()[..2].to_vec()).contains("column 2"));
        let mut inputs = fitted.inputs().to_vec();
        inputs[0].encoding = Encoding::Rate { levels: vec![], other: f64::NAN };
        assert!(with(inputs).contains("rate NaN"));
    }
}
