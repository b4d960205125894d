//! Catalogues that were once in force on a data folder: kept in it when they are first used, and taken out again to make an
//! old score anew.

use super::error::{AppError, Class};
use probity_credit::catalogue::Catalogue;
use probity_primitives::{Code, Digest, Problem, Timestamp};
use probity_store::{Batch, CatalogueVersion, Reader, SqliteReader, SqliteStore, Store};
use std::collections::BTreeMap;
use std::path::Path;

const CATALOGUE_VERSION_UNKNOWN: Code = Code::new("catalogue-version-unknown");

/// The first characters of a hash by which a version may be named, so that it can be taken from where it is shown short.
pub(super) const SHORTEST_NAME: usize = 8;

/// Keeps the files of a catalogue, before anything is written, scored or answered under it.
pub(super) fn keep(store: &mut SqliteStore, catalogue: &Catalogue, now: Timestamp) -> Result<(), AppError> {
    let hash = catalogue.hash;
    if store.reader()?.catalogue_versions()?.iter().any(|version| version.hash == hash) {
        return Ok(());
    }
    let mut batch = store.begin()?;
    batch.keep_catalogue(CatalogueVersion { hash, first_used: now }, &catalogue.counting_texts())?;
    Ok(batch.commit()?)
}

/// The files of a catalogue that was in force on a folder, named by its hash or the beginning of it.
///
/// # Errors
/// `catalogue-version-unknown`; those of the store.
pub fn kept_catalogue(folder: &Path, name: &str) -> Result<BTreeMap<String, String>, AppError> {
    let mut reader = SqliteReader::open(folder)?;
    let versions = reader.catalogue_versions()?;
    let meant: Vec<&Digest> = versions
        .iter()
        .map(|version| &version.hash)
        .filter(|hash| name.len() >= SHORTEST_NAME && hash.to_string().starts_with(name))
        .collect();
    let unknown = |why: &str| {
        let detail = format!("'{}' {why}", probity_primitives::problem::shown(name));
        let problem = Problem::new(CATALOGUE_VERSION_UNKNOWN, detail);
        AppError::new(Class::Missing, problem.hint("`probity catalogue versions` lists those of this folder"))
    };
    match meant[..] {
        [] => Err(unknown("is no catalogue that was in force on this folder")),
        [hash] => reader
            .catalogue_texts(hash)?
            .ok_or_else(|| unknown("is no catalogue that was in force on this folder")),
        _ => Err(unknown("is the beginning of several catalogues' hashes")),
    }
}

/// A catalogue that was in force on a folder, to look at the past with: it passes over what it does not know.
///
/// # Errors
/// Those of [`kept_catalogue`], and `catalogue-version-unknown` when this release reads the files as something else.
pub fn past_catalogue(folder: &Path, name: &str) -> Result<Catalogue, AppError> {
    let mut catalogue = Catalogue::load(kept_catalogue(folder, name)?)?;
    if !catalogue.hash.to_string().starts_with(name) {
        let detail =
            format!("the files of '{name}' make another catalogue in this release: {}", catalogue.hash);
        return Err(Problem::new(CATALOGUE_VERSION_UNKNOWN, detail).into());
    }
    catalogue.vocabulary.passes_over_unknown();
    Ok(catalogue)
}
