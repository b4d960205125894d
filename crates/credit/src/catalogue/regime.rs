//! What the law of the place lets be kept and used (`catalogue/regime.toml`).

use crate::event::Prohibited;
use crate::source::{DEFINITION_INVALID, Source};
use probity_primitives::Problem;
use serde::Deserialize;
use toml::Spanned;

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
    score_use_days: Spanned<i32>,
    #[serde(default)]
    prohibited: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    field: Spanned<String>,
    #[serde(default)]
    also: Vec<Spanned<String>>,
    reason: String,
}

impl Regime {
    /// Reads `regime.toml`.
    ///
    /// # Errors
    /// `definition-invalid` with the place.
    pub(super) fn parse(source: &Source<'_>) -> Result<Self, Problem> {
        let file: File = source.read()?;
        let refuse = |span, detail: &str| source.problem(DEFINITION_INVALID, &span, detail);
        let score_use_days = *file.score_use_days.get_ref();
        if score_use_days < 1 {
            return Err(refuse(file.score_use_days.span(), "score_use_days is at least 1"));
        }
        let mut prohibited = Prohibited::default();
        for entry in file.prohibited {
            for name in entry.also.into_iter().chain([entry.field]) {
                // A name without a letter would be met in every field.
                if !name.get_ref().chars().any(char::is_alphanumeric) {
                    return Err(refuse(name.span(), "a prohibited field has a name"));
                }
                prohibited.names.insert(name.into_inner(), entry.reason.clone());
            }
        }
        Ok(Self { score_use_days, prohibited })
    }
}
