//! Measures of risks that need not come from a scorecard.

use crate::data::{Stream, with_sample};
use crate::told::{Comparison, Estimate};
use probity_scorecard::table::Values;
use probity_scorecard::{Error, Sample, validation};
use pyo3::prelude::*;

/// The risks of a sample.
fn risk<'a>(sample: &'a Sample, name: &str) -> Result<&'a [f64], Error> {
    match &sample.table.column(name)?.values {
        Values::Numbers(numbers) => Ok(numbers),
        Values::Categories { .. } => {
            Err(Error::Sample(format!("the risk {name:?} holds texts; give numbers")))
        }
    }
}

/// AUC of the column `risk`.
#[pyfunction]
pub(crate) fn auc(py: Python<'_>, data: Stream, target: &str, weight: Option<&str>) -> PyResult<Estimate> {
    with_sample(py, data, target, weight, |sample| {
        Ok(validation::auc(risk(sample, "risk")?, &sample.bad, sample.weight.as_deref())?.into())
    })
}

/// The columns `first` and `second` compared on the same rows.
#[pyfunction]
pub(crate) fn compare(
    py: Python<'_>,
    data: Stream,
    target: &str,
    weight: Option<&str>,
) -> PyResult<Comparison> {
    with_sample(py, data, target, weight, |sample| {
        let (first, second) = (risk(sample, "first")?, risk(sample, "second")?);
        Ok(validation::compare(first, second, &sample.bad, sample.weight.as_deref())?.into())
    })
}
