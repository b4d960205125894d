//! A scorecard as JSON: the same document as the one in [TOML](mod@super::toml), for programs.

use super::document::{Document, readable, refusal};
use crate::{Error, Scorecard};

/// A scorecard as a JSON text, indented. Bounds without end are the texts `"inf"` and `"-inf"`, which JSON has no numbers for.
///
/// # Errors
/// Never for a checked scorecard; the writer's own failure would be passed on.
pub fn write(card: &Scorecard) -> Result<String, Error> {
    serde_json::to_string_pretty(&Document::of(card))
        .map(|text| text + "\n")
        .map_err(|error| Error::Card(error.to_string()))
}

/// The scorecard of a JSON text; equal to the last bit to the one that was written.
///
/// # Errors
/// When the text is too long, is not JSON (with line and column), has an unknown or lacks a needed member, or says what no
/// scorecard can be (with a JSON pointer).
pub fn read(text: &str) -> Result<Scorecard, Error> {
    let text = readable(text)?;
    let document: Document = serde_json::from_str(text).map_err(|error| refusal("", &error.to_string()))?;
    document.card().map_err(|fault| match fault.pointer() {
        pointer if pointer.is_empty() => refusal("", &fault.what),
        pointer => refusal(&format!("{pointer}: "), &fault.what),
    })
}
