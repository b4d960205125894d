//! The scorecard crate for Python: what `probity scorecard` does, on tables that are in memory already.
//!
//! The Python half (`probity_scorecard/__init__.py`) gives it scikit-learn's interface; options come as the texts that the
//! command line takes, so that one parser reads both and the results are the same to the last digit.

use arrow_array::RecordBatch;
use arrow_array::ffi_stream::ArrowArrayStreamReader;
use arrow_pyarrow::PyArrowType;
use probity_scorecard::fit::{Asked, Options, fit};
use probity_scorecard::{Sample, Scorecard, Table, explain, format, report, validation};
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};

create_exception!(_core, ScorecardError, PyValueError, "What was refused, where, why, and how to mend it.");

fn refused(error: impl std::fmt::Display) -> PyErr {
    ScorecardError::new_err(error.to_string())
}

/// A fitted scorecard.
#[pyclass(frozen, module = "probity_scorecard._core")]
struct Card {
    card: Scorecard,
    notes: Vec<String>,
}

type Stream = PyArrowType<ArrowArrayStreamReader>;

fn table(stream: Stream) -> PyResult<Table> {
    let batches: Vec<RecordBatch> = stream.0.collect::<Result<_, _>>().map_err(refused)?;
    Table::from_batches(&batches).map_err(refused)
}
