//! A fitted scorecard, for Python.

use crate::data::{Batch, Stream, batch, column, with_sample, with_table};
use crate::told::{Explanation, Figures, Reason};
use crate::{options, refused, report};
use arrow_array::{ArrayRef, Float64Array, Int32Array, StringArray};
use probity_scorecard::bins::Bins;
use probity_scorecard::card::{Attribute, Parts};
use probity_scorecard::explain::explain;
use probity_scorecard::fit::{Options, fit, weigh};
use probity_scorecard::table::Value;
use probity_scorecard::validation::Performance;
use probity_scorecard::{Error, Sample, Scorecard, Table, format};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyType};

/// A checked scorecard and what its fit had to say. `Card(text)` reads the file that the command line writes.
#[pyclass(frozen, module = "probity_scorecard._core")]
pub(crate) struct Card {
    card: Scorecard,
    /// What the fit had to say, a sentence each.
    #[pyo3(get)]
    notes: Vec<String>,
    /// Information value of each column, where weights of evidence were all that was asked for.
    #[pyo3(get)]
    information_values: Vec<(String, f64)>,
}

impl From<Scorecard> for Card {
    fn from(card: Scorecard) -> Self {
        Self { card, notes: Vec::new(), information_values: Vec::new() }
    }
}

#[pymethods]
impl Card {
    #[new]
    fn new(toml: &str) -> PyResult<Self> {
        format::toml::read(toml).map(Self::from).map_err(refused)
    }

    /// Pickles and copies are made by way of the file, which loses nothing of a scorecard.
    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (String,)) {
        (slf.get_type(), (slf.get().to_toml(),))
    }

    /// A scorecard from its JSON.
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        format::json::read(text).map(Self::from).map_err(refused)
    }

    /// Fits a scorecard to a table that holds its target, and its weight where one is named.
    #[staticmethod]
    fn fit(
        py: Python<'_>,
        data: Stream,
        target: &str,
        weight: Option<&str>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let options = options::read(options)?;
        with_sample(py, data, target, weight, |sample| {
            let fitted = fit(sample, &options, &mut |_, _, _| ())?;
            Ok(Self { notes: fitted.notes, ..Self::from(fitted.card) })
        })
    }

    /// Bins every column; the log-odds of an attribute are the weight of evidence of its bin.
    #[staticmethod]
    fn weigh(
        py: Python<'_>,
        data: Stream,
        target: &str,
        weight: Option<&str>,
        options: &Bound<'_, PyDict>,
    ) -> PyResult<Self> {
        let options = options::read(options)?;
        with_sample(py, data, target, weight, |sample| weighed(sample, &options))
    }

    /// The columns it reads.
    #[getter]
    fn inputs(&self) -> Vec<String> {
        self.card.inputs().to_vec()
    }

    /// What it predicts: the name of the target it was fitted to.
    #[getter]
    fn target(&self) -> &str {
        &self.card.parts().target
    }

    /// Log-odds of bad before any attribute counts.
    #[getter]
    fn intercept(&self) -> f64 {
        self.card.parts().intercept
    }

    /// Points before any attribute counts.
    #[getter]
    fn base_points(&self) -> i32 {
        self.card.parts().base_points
    }

    /// A row each: `log_odds` of bad (calibrated), `probability` of bad, `score` in points.
    fn score(&self, py: Python<'_>, data: Stream) -> PyResult<Batch> {
        let scored = with_table(py, data, |table| self.card.score(table))?;
        batch([
            ("log_odds", column::<_, Float64Array>(scored.iter().map(|row| row.calibrated).collect())),
            ("probability", column::<_, Float64Array>(scored.iter().map(|row| row.probability()).collect())),
            ("score", column::<_, Int32Array>(scored.iter().map(|row| row.score).collect())),
        ])
    }

    /// What each characteristic, then each pair, adds to the log-odds of a row: a column each.
    fn contributions(&self, py: Python<'_>, data: Stream) -> PyResult<Batch> {
        let contributions = with_table(py, data, |table| self.card.contributions(table))?;
        let parts = self.card.parts();
        let own = parts.characteristics.iter().map(|characteristic| characteristic.name.clone());
        let pairs = parts.pairs.iter().map(|pair| format!("{} × {}", pair.first, pair.second));
        let names: Vec<String> = own.chain(pairs).collect();
        let columns = contributions.into_iter().map(column::<_, Float64Array>);
        batch(names.iter().map(String::as_str).zip(columns))
    }

    /// Why the first row of a table has its score.
    fn explain(&self, py: Python<'_>, data: Stream) -> PyResult<Explanation> {
        with_table(py, data, |table| {
            let scored = self.card.score(table)?;
            let first = scored.first().ok_or_else(|| Error::Table("it has no rows".to_owned()))?;
            Ok(Explanation::new(explain(&self.card, &values(&self.card, table, 0)), first.probability()))
        })
    }

    /// The main reasons of each row's score.
    fn reasons(&self, py: Python<'_>, data: Stream) -> PyResult<Vec<Vec<Reason>>> {
        with_table(py, data, |table| {
            // Scored first, for what scoring refuses.
            let rows = self.card.score(table)?.len();
            let told = |row| explain(&self.card, &values(&self.card, table, row)).reasons;
            Ok((0..rows).map(|row| told(row).into_iter().map(Reason::from).collect()).collect())
        })
    }

    /// How well its calibrated log-odds tell bad rows from good ones.
    fn performance(
        &self,
        py: Python<'_>,
        data: Stream,
        target: &str,
        weight: Option<&str>,
    ) -> PyResult<Figures> {
        with_sample(py, data, target, weight, |sample| {
            let log_odds: Vec<f64> =
                self.card.score(&sample.table)?.iter().map(|row| row.calibrated).collect();
            Ok(Performance::of_log_odds(&log_odds, &sample.bad, sample.weight.as_deref())?.into())
        })
    }

    /// One HTML page that judges the card by samples (the last one foremost), or a model card in Markdown.
    fn report(
        &self,
        py: Python<'_>,
        samples: Vec<report::Rows>,
        asked: report::Asked,
        model_card: bool,
    ) -> PyResult<String> {
        report::write(py, &self.card, samples, asked, model_card)
    }

    /// A row for each bin of each characteristic.
    fn table(&self) -> PyResult<Batch> {
        let mut names = Vec::new();
        let mut rows = Rows::default();
        for characteristic in &self.card.parts().characteristics {
            for (bin, attribute) in characteristic.attributes.iter().enumerate() {
                names.push(characteristic.name.clone());
                rows.push(&characteristic.bins, bin, attribute);
            }
        }
        let named = [("characteristic", column::<_, StringArray>(names))];
        batch(named.into_iter().chain(rows.columns("bin")))
    }

    /// A row for each cell of each pair.
    fn pair_table(&self) -> PyResult<Batch> {
        let (mut first, mut second, mut bins) = (Vec::new(), Vec::new(), Vec::new());
        let mut rows = Rows::default();
        for pair in &self.card.parts().pairs {
            let columns = pair.columns.count();
            for (cell, attribute) in pair.cells.iter().enumerate() {
                first.push(pair.first.clone());
                second.push(pair.second.clone());
                bins.push(pair.rows.text(cell / columns));
                rows.push(&pair.columns, cell % columns, attribute);
            }
        }
        let named = [
            ("first", column::<_, StringArray>(first)),
            ("second", column::<_, StringArray>(second)),
            ("first_bin", column::<_, StringArray>(bins)),
        ];
        batch(named.into_iter().chain(rows.columns("second_bin")))
    }

    /// The file that the command line reads and writes.
    fn to_toml(&self) -> String {
        format::toml::write(&self.card)
    }

    /// The same for programs.
    fn to_json(&self) -> PyResult<String> {
        format::json::write(&self.card).map_err(refused)
    }

    /// One SELECT that scores a table.
    fn to_sql(&self, table: &str, keep: Vec<String>) -> PyResult<String> {
        let keys: Vec<&str> = keep.iter().map(String::as_str).collect();
        format::sql::select(&self.card, table, &keys).map_err(refused)
    }

    /// PMML 4.4: of the points, or of the log-odds with the probability.
    fn to_pmml(&self, log_odds: bool) -> PyResult<String> {
        let sum = if log_odds { format::pmml::Sum::LogOdds } else { format::pmml::Sum::Points };
        format::pmml::write(&self.card, sum).map_err(refused)
    }
}

/// The bins of a sample's columns with their weights of evidence, as a card in which nothing else counts.
fn weighed(sample: &Sample, options: &Options) -> Result<Card, Error> {
    let (mut characteristics, mut notes, mut information_values) = (Vec::new(), Vec::new(), Vec::new());
    for column in weigh(sample, options)? {
        let name = &column.characteristic.name;
        notes.extend(column.remarks.iter().map(|remark| format!("{name}: {remark}")));
        information_values.push((name.clone(), column.information_value));
        characteristics.push(column.characteristic);
    }
    let parts = Parts {
        name: options.name.clone(),
        target: sample.target.clone(),
        method: "weights of evidence".to_owned(),
        scale: options.scale,
        intercept: 0.0,
        base_points: 0,
        characteristics,
        pairs: Vec::new(),
        calibration: None,
        provenance: Vec::new(),
    };
    Ok(Card { card: Scorecard::try_new(parts)?, notes, information_values })
}

/// The values of a row, in the order of the card's inputs.
fn values<'a>(card: &Scorecard, table: &'a Table, row: usize) -> Vec<Value<'a>> {
    let value = |name: &String| table.column(name).map_or(Value::Missing, |column| column.value(row));
    card.inputs().iter().map(value).collect()
}

/// Attributes as rows of a table.
#[derive(Default)]
struct Rows {
    bins: Vec<String>,
    points: Vec<i32>,
    log_odds: Vec<f64>,
    weight: Vec<f64>,
    bad: Vec<f64>,
}

impl Rows {
    fn push(&mut self, bins: &Bins, bin: usize, attribute: &Attribute) {
        self.bins.push(bins.text(bin));
        self.points.push(attribute.points);
        self.log_odds.push(attribute.log_odds);
        self.weight.push(attribute.weight);
        self.bad.push(attribute.bad);
    }

    fn columns(self, bin: &'static str) -> [(&'static str, ArrayRef); 5] {
        [
            (bin, column::<_, StringArray>(self.bins)),
            ("points", column::<_, Int32Array>(self.points)),
            ("log_odds", column::<_, Float64Array>(self.log_odds)),
            ("weight", column::<_, Float64Array>(self.weight)),
            ("bad", column::<_, Float64Array>(self.bad)),
        ]
    }
}
