//! Tables in and out.

use crate::refused;
use arrow_array::ffi_stream::RecordBatchStreamReader;
use arrow_array::{ArrayRef, RecordBatch};
use arrow_pyarrow::PyArrowType;
use probity_scorecard::{Error, Sample, Table};
use pyo3::prelude::*;
use std::sync::Arc;

/// Whatever gives record batches: a table of pyarrow or of any package that speaks Arrow's C stream interface.
pub(crate) type Stream = PyArrowType<RecordBatchStreamReader>;

/// A table that goes out.
pub(crate) type Batch = PyArrowType<RecordBatch>;

/// The batches of a stream. Its producer may be written in Python, so the interpreter is held.
pub(crate) fn batches(stream: Stream) -> PyResult<Vec<RecordBatch>> {
    stream.0.collect::<Result<_, _>>().map_err(refused)
}

/// Does something with a table while other threads of Python run.
pub(crate) fn with_table<T: Send>(
    py: Python<'_>,
    stream: Stream,
    work: impl FnOnce(&Table) -> Result<T, Error> + Send,
) -> PyResult<T> {
    let batches = batches(stream)?;
    py.detach(|| work(&Table::from_batches(&batches)?)).map_err(refused)
}

/// Does something with a table that holds its target, and its weight where one is named, while other threads of Python run.
pub(crate) fn with_sample<T: Send>(
    py: Python<'_>,
    stream: Stream,
    target: &str,
    weight: Option<&str>,
    work: impl FnOnce(&Sample) -> Result<T, Error> + Send,
) -> PyResult<T> {
    with_table(py, stream, |table| work(&Sample::try_new(table, target, weight)?))
}

/// Columns of one length as a table.
pub(crate) fn batch<'a>(columns: impl IntoIterator<Item = (&'a str, ArrayRef)>) -> PyResult<Batch> {
    RecordBatch::try_from_iter(columns).map(PyArrowType).map_err(refused)
}

/// A column that goes out.
pub(crate) fn column<T, A: arrow_array::Array + From<Vec<T>> + 'static>(values: Vec<T>) -> ArrayRef {
    Arc::new(A::from(values))
}
