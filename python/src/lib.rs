//! The scorecard crate for Python: what `probity scorecard` does, on tables that are in memory already.
//!
//! The Python half (`probity_scorecard/`) gives it scikit-learn's interface. Options come as the texts that the command line
//! takes, so that one parser reads both and the results are the same to the last digit. Tables come and go by Arrow's C
//! interface; the interpreter is let go of while the crate works.

mod data;
mod options;
mod told;
mod measures;
mod report;
mod card;

use card::Card;
use pyo3::create_exception;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;

create_exception!(
    probity_scorecard,
    ScorecardError,
    PyValueError,
    "What was refused, where, why, and how to mend it."
);

/// A refusal in the crate's words.
fn refused(error: impl std::fmt::Display) -> PyErr {
    ScorecardError::new_err(error.to_string())
}

/// The compiled half of `probity_scorecard`.
#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Card>()?;
    module.add_function(wrap_pyfunction!(measures::auc, module)?)?;
    module.add_function(wrap_pyfunction!(measures::compare, module)?)?;
    module.add("ScorecardError", module.py().get_type::<ScorecardError>())
}
