//! What the commands of scorecards share: reading a card and a table, and telling which rows were set aside.

use super::out::{self, Bar};
use super::{OK, PARTIAL};
use crate::app::{AppError, Guide, TableFile, read_table};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use probity_scorecard::{Error, Scorecard, format};
use std::path::Path;

/// A scorecard file, or an option about one, that cannot be.
pub(super) const INVALID: Code = Code::new("scorecard-file-invalid");

/// The largest scorecard file that is read, in bytes.
const LARGEST_CARD: u64 = 64 << 20;
/// Problems of rows that are shown; the rest is counted.
const MOST_PROBLEMS: usize = 10;

/// A refusal of the crate, told of a file.
pub(super) fn refused(path: &Path, error: &Error) -> AppError {
    Problem::new(INVALID, error.to_string()).at(path.display().to_string()).into()
}

/// Reads a scorecard: TOML, or JSON by the end of its name.
pub(super) fn read_card(path: &Path) -> Result<Scorecard, AppError> {
    let failed = |why: String| AppError::from(Problem::new(INVALID, why).at(path.display().to_string()));
    let size = path.metadata().map_err(|error| failed(error.to_string()))?.len();
    if size > LARGEST_CARD {
        return Err(failed(format!("it has {size} bytes, more than {LARGEST_CARD}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let json = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
    let card = if json { format::json::read(&text) } else { format::toml::read(&text) };
    card.map_err(|error| refused(path, &error))
}

/// Reads a table and tells how far it is.
pub(super) fn table(path: &Path, guide: &Guide) -> Result<TableFile, AppError> {
    let mut bar = Bar::new();
    let file = read_table(path, guide, &mut |done, of| bar.at("reading", done, of, true));
    bar.done();
    file
}

/// Tells which rows were set aside; the exit code is another then.
pub(super) fn told_aside(file: &TableFile) -> u8 {
    for problem in file.aside.iter().take(MOST_PROBLEMS) {
        out::remark(format!("set aside: {problem}"));
    }
    if let Some(more) = file.aside.len().checked_sub(MOST_PROBLEMS).filter(|more| *more > 0) {
        out::remark(format!("set aside: {more} more"));
    }
    if file.aside.is_empty() { OK } else { PARTIAL }
}

/// Three numbers: score of the anchor, its odds, points to double them.
pub(super) fn scale(text: &str) -> Result<(f64, f64, f64), AppError> {
    let parts: Result<Vec<f64>, _> = text.split(',').map(|part| part.trim().parse()).collect();
    match parts.as_deref() {
        Ok([score, odds, double]) => Ok((*score, *odds, *double)),
        _ => Err(Problem::new(INVALID, format!("--scale {}: three numbers are needed", shown(text)))
            .hint("score of the anchor, odds good to bad, points that double them: 600,30,50")
            .into()),
    }
}
