//! What the law of the place lets be kept and used (`catalogue/regime.toml`).

use crate::event::Prohibited;
use crate::source::Source;
use probity_primitives::Problem;
use serde::Deserialize;

/// The rules of a regime.
#[derive(Debug)]
pub(super) struct Regime {
    /// How many days an adverse fact may enter a score.
    pub(super) score_use_days: i32,
    /// Names of fields that may not be kept.
    pub(super) prohibited: Prohibited,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    score_use_days: i32,
    #[serde(default)]
    prohibited: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    field: String,
    #[serde(default)]
    also: Vec<String>,
    reason: String,
}

impl Regime {
    pub(super) fn parse(source: &Source<'_>) -> Result<Self, Problem> {
        let file: File = source.read()?;
        let mut prohibited = Prohibited::default();
        for entry in file.prohibited {
            for name in entry.also.into_iter().chain([entry.field]) {
                prohibited.names.insert(name, entry.reason.clone());
            }
        }
        Ok(Self { score_use_days: file.score_use_days, prohibited })
    }
}
