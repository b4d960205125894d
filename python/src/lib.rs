//! The scorecard crate for Python: what `probity scorecard` does, on tables that are in memory already.
//!
//! The Python half (`probity_scorecard/__init__.py`) gives it scikit-learn's interface. Options come as the texts that the
//! command line takes, so that one parser reads both and the results are the same to the last digit.

use arrow_array::RecordBatch;
use arrow_array::ffi_stream::ArrowArrayStreamReader;
use arrow_pyarrow::PyArrowType;
use probity_scorecard::fit::{Asked, Options, fit};
use probity_scorecard::{Sample, Scorecard, Table, format};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

create_exception!(_core, ScorecardError, PyValueError, "What was refused, where, why, and how to mend it.");

fn refused(error: impl std::fmt::Display) -> PyErr {
    ScorecardError::new_err(error.to_string())
}

/// A fitted scorecard.
#[pyclass(frozen, module = "probity_scorecard._core")]
struct Card {
    card: Scorecard,
    #[pyo3(get)]
    notes: Vec<String>,
}

type Stream = PyArrowType<ArrowArrayStreamReader>;

fn table(stream: Stream) -> PyResult<Table> {
    let batches: Vec<RecordBatch> = stream.0.collect::<Result<_, _>>().map_err(refused)?;
    Table::from_batches(&batches).map_err(refused)
}

#[pymethods]
impl Card {
    /// Fits a scorecard to a table that holds its target, and its weight where one is named.
    #[staticmethod]
    #[pyo3(signature = (data, target, *, weight, method, monotone, special, pairs, cuts, max_bins, min_share, prior, scale, seed, name))]
    #[expect(clippy::too_many_arguments, reason = "they are keywords in Python, and its half of the package gives them defaults")]
    fn fit(
        py: Python<'_>,
        data: Stream,
        target: &str,
        weight: Option<&str>,
        method: &str,
        monotone: Vec<String>,
        special: Vec<String>,
        pairs: Option<String>,
        cuts: Vec<String>,
        max_bins: Option<usize>,
        min_share: Option<f64>,
        prior: Option<f64>,
        scale: (f64, f64, f64),
        seed: u64,
        name: &str,
    ) -> PyResult<Self> {
        let (special, monotone, cuts) = (special.as_slice(), monotone.as_slice(), cuts.as_slice());
        let asked = Asked { name, method, pairs: pairs.as_deref(), special, monotone, cuts, max_bins, min_share, prior, scale, seed };
        let options = Options::try_from_asked(&asked).map_err(refused)?;
        let table = table(data)?;
        let fitted = py.detach(|| {
            let sample = Sample::try_new(&table, target, weight)?;
            fit(&sample, &options, &mut |_, _, _| ())
        });
        let fitted = fitted.map_err(refused)?;
        Ok(Self { card: fitted.card, notes: fitted.notes })
    }

    /// Log-odds of bad, probabilities of bad and points, as the bytes of f64, f64 and i32, a row each.
    fn score<'py>(&self, py: Python<'py>, data: Stream) -> PyResult<(Bound<'py, PyBytes>, Bound<'py, PyBytes>, Bound<'py, PyBytes>)> {
        let table = table(data)?;
        let scored = py.detach(|| self.card.score(&table)).map_err(refused)?;
        let log_odds: Vec<u8> = scored.iter().flat_map(|row| row.calibrated.to_ne_bytes()).collect();
        let probability: Vec<u8> = scored.iter().flat_map(|row| row.probability().to_ne_bytes()).collect();
        let points: Vec<u8> = scored.iter().flat_map(|row| row.score.to_ne_bytes()).collect();
        Ok((PyBytes::new(py, &log_odds), PyBytes::new(py, &probability), PyBytes::new(py, &points)))
    }

    /// The columns it reads.
    #[getter]
    fn inputs(&self) -> Vec<String> {
        self.card.inputs().to_vec()
    }

    /// The file that the command line reads and writes.
    fn to_toml(&self) -> String {
        format::toml::write(&self.card)
    }

    /// A scorecard from the text of its file.
    #[staticmethod]
    fn from_toml(text: &str) -> PyResult<Self> {
        Ok(Self { card: format::toml::read(text).map_err(refused)?, notes: Vec::new() })
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

/// The compiled half of `probity_scorecard`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Card>()?;
    module.add("ScorecardError", module.py().get_type::<ScorecardError>())
}
