//! What is kept of an input that could not be taken: its place and the reason always, its content unless it holds what may
//! not be kept. One rule for files, mappings and HTTP.

use super::error::AppError;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{EVENT_JSON, Flat, Prohibited, holds_card_number, without_card_numbers};
use probity_primitives::{Digest, Problem};
use probity_store::{Batch, Reader, SetAside};
use std::borrow::Cow;
use std::collections::BTreeSet;

/// The most bytes of a content that the store keeps; what is beyond is not part of its identity either.
pub(super) const MOST_KEPT: usize = 64 << 10;

/// An input as it came.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Nothing of it is at hand.
    None,
    /// What should be a JSON object.
    Json(&'a [u8]),
    /// What should be a row of a table with these columns.
    Row(&'a [String], &'a [u8]),
}

/// The bytes that are kept: none when a prohibited field or a card number is among them.
pub fn kept(catalogue: &Catalogue, content: Content<'_>) -> Vec<u8> {
    let prohibited = &catalogue.vocabulary.prohibited;
    let (bytes, named) = match content {
        Content::None => return Vec::new(),
        Content::Json(bytes) => (bytes, names_prohibited(prohibited, bytes)),
        Content::Row(columns, bytes) => {
            (bytes, columns.iter().any(|column| prohibited.reason(column).is_some()))
        }
    };
    let bytes = bytes.get(..MOST_KEPT).unwrap_or(bytes);
    if named || holds_card_number(&String::from_utf8_lossy(bytes)) { Vec::new() } else { bytes.to_vec() }
}

/// Whether an object has a key that is prohibited. Where it cannot be read, any word may have been meant as one.
fn names_prohibited(prohibited: &Prohibited, bytes: &[u8]) -> bool {
    fn keys(flat: &Flat<'_>, prohibited: &Prohibited) -> bool {
        flat.pairs.iter().any(|(name, cell)| {
            prohibited.reason(name).is_some()
                || matches!(cell, probity_credit::event::Cell::Object(inner) if keys(inner, prohibited))
        })
    }
    match Flat::from_json(bytes) {
        Ok(flat) => keys(&flat, prohibited),
        Err(_) => String::from_utf8_lossy(bytes)
            .split(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '-'))
            .any(|word| !word.is_empty() && prohibited.reason(word).is_some()),
    }
}

/// An object that names no source, with the one that stood in for it: kept so, it is the same event when it is tried again.
pub fn with_source(json: &str, source: &str) -> String {
    let rest = json.trim_start().strip_prefix('{').unwrap_or(json);
    let comma = if rest.trim_start().starts_with('}') { "" } else { "," };
    format!("{{\"source\":\"{source}\"{comma}{rest}")
}

/// All problems in one line, each hint once, without card numbers.
pub fn reason(problems: &[Problem]) -> String {
    let mut hints = BTreeSet::new();
    let lines: Vec<String> = problems
        .iter()
        .map(|problem| {
            let mut problem = Cow::Borrowed(problem);
            if problem.hint.as_ref().is_some_and(|hint| !hints.insert(hint.clone())) {
                problem.to_mut().hint = None;
            }
            problem.to_string()
        })
        .collect();
    without_card_numbers(&lines.join("; "))
}

/// The code under which problems are set aside: the first one's.
pub(super) fn code(problems: &[Problem]) -> String {
    problems.first().map_or(EVENT_JSON, |problem| problem.code).to_string()
}

/// The record that says that an input is kept already.
fn record(item: &SetAside) -> String {
    let content = item.content.get(..MOST_KEPT).unwrap_or(&item.content);
    let parts = [item.source.as_bytes(), &item.line.to_be_bytes(), item.code.as_bytes(), content];
    let parts = parts.map(|part| Digest::of(&[part]).0);
    let identity = Digest::of(&parts.each_ref().map(|part| &part[..]));
    format!("aside/{identity}")
}

/// Keeps an input unless the same of the same place is kept for the same reason.
pub(super) fn keep_once(batch: &mut impl Batch, item: &SetAside) -> Result<(), AppError> {
    let record = record(item);
    if batch.reads().record(&record)?.is_none() {
        batch.set_aside(item)?;
        batch.put_record(&record, &[])?;
    }
    Ok(())
}

/// Forgets that an input is kept.
pub(super) fn forget(batch: &mut impl Batch, item: &SetAside) -> Result<(), AppError> {
    Ok(batch.drop_record(&record(item))?)
}
