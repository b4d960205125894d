//! What a fit is asked for.

use crate::refused;
use probity_scorecard::fit::{Asked, Options};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// The options as Python's half spells them: texts where the command line takes texts.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Spelled {
    name: String,
    method: String,
    pairs: Option<String>,
    special: Vec<String>,
    monotone: Vec<String>,
    cuts: Vec<String>,
    max_bins: Option<usize>,
    min_share: Option<f64>,
    prior: Option<f64>,
    scale: (f64, f64, f64),
    seed: u64,
}

/// Reads options.
pub(crate) fn read(options: &Bound<'_, PyDict>) -> PyResult<Options> {
    let spelled: Spelled = options.extract()?;
    let asked = Asked {
        name: &spelled.name,
        method: &spelled.method,
        pairs: spelled.pairs.as_deref(),
        special: &spelled.special,
        monotone: &spelled.monotone,
        cuts: &spelled.cuts,
        max_bins: spelled.max_bins,
        min_share: spelled.min_share,
        prior: spelled.prior,
        scale: spelled.scale,
        seed: spelled.seed,
    };
    Options::try_from_asked(&asked).map_err(refused)
}
