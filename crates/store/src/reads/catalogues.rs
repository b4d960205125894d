//! Catalogues that were in force, with the texts of their files.

use crate::contract::CatalogueVersion;
use crate::error::{AtPlace, StoreError};
use crate::reads::{number, statement};
use crate::schema;
use crate::seal::{sealed, unsealed};
use probity_primitives::{Digest, Timestamp, wire};
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;

/// The schema's version that brought the tables.
const SINCE: u32 = 2;

/// A version and the hash of each file's text.
pub(crate) type Listed = (CatalogueVersion, BTreeMap<String, Digest>);

fn place() -> String {
    "catalogue version".into()
}

/// True when the store was brought forward far enough to have the tables; a reader may meet an older one.
pub(crate) fn are_kept(connection: &Connection) -> Result<bool, StoreError> {
    schema::has_reached(connection, SINCE)
}

/// A version as it is stored.
pub(crate) fn encode(number: u64, version: &CatalogueVersion, files: &BTreeMap<String, Digest>) -> Vec<u8> {
    let mut writer = wire::Writer::new();
    writer.bytes.extend_from_slice(&version.hash.0);
    writer.signed(version.first_used.millis());
    writer.unsigned(files.len() as u64);
    for (path, hash) in files {
        writer.text(path);
        writer.bytes.extend_from_slice(&hash.0);
    }
    sealed("catalogue_version", &number.to_be_bytes(), &writer.bytes)
}

fn digest(reader: &mut wire::Reader<'_>) -> Result<Digest, wire::WireError> {
    let mut digest = Digest::ZERO;
    for byte in &mut digest.0 {
        *byte = reader.byte()?;
    }
    Ok(digest)
}

fn decode(bytes: &[u8]) -> Result<Listed, wire::WireError> {
    let mut reader = wire::Reader::new(bytes);
    let hash = digest(&mut reader)?;
    let first_used = Timestamp::from_millis(reader.signed()?);
    let mut files = BTreeMap::new();
    for _ in 0..reader.count()? {
        let path = reader.text()?;
        files.insert(path, digest(&mut reader)?);
    }
    Ok((CatalogueVersion { hash, first_used }, files))
}

fn version_row(row: &Row<'_>, expected: u64) -> Result<Listed, StoreError> {
    let at = || format!("catalogue version {expected}");
    if number(row.get(0).at(at)?, at)? != expected {
        return Err(StoreError::damaged(at(), "the row is missing"));
    }
    let bytes: Vec<u8> = row.get(1).at(at)?;
    let item = unsealed("catalogue_version", &expected.to_be_bytes(), &bytes, at)?;
    decode(item).map_err(|error| StoreError::damaged(at(), error.to_string()))
}

/// All versions, the first used first. There are few, so every look goes over all of them and needs no index that could lie.
pub(crate) fn versions(connection: &Connection) -> Result<Vec<Listed>, StoreError> {
    if !are_kept(connection)? {
        return Ok(Vec::new());
    }
    let mut select = statement(connection, "SELECT number, item FROM catalogue_version ORDER BY number")?;
    let mut rows = select.query([]).at(place)?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().at(place)? {
        out.push(version_row(row, out.len() as u64 + 1)?);
    }
    Ok(out)
}

/// A text out of `hash, text`.
pub(crate) fn text_row(row: &Row<'_>) -> Result<(Digest, String), StoreError> {
    let hash = Digest(row.get(0).at(|| "catalogue text".into())?);
    let at = || format!("catalogue text {}", hash.short());
    let bytes: Vec<u8> = row.get(1).at(at)?;
    if Digest::of(&[&bytes]) != hash {
        return Err(StoreError::damaged(at(), "it does not match its hash"));
    }
    let text = String::from_utf8(bytes).map_err(|error| StoreError::damaged(at(), error.to_string()))?;
    Ok((hash, text))
}

fn text(connection: &Connection, hash: &Digest) -> Result<String, StoreError> {
    let at = || format!("catalogue text {}", hash.short());
    let mut select = statement(connection, "SELECT hash, text FROM catalogue_text WHERE hash = ?1")?;
    let mut rows = select.query([hash.0]).at(at)?;
    let row = rows.next().at(at)?.ok_or_else(|| StoreError::damaged(at(), "the row is missing"))?;
    let (found, text) = text_row(row)?;
    if found == *hash { Ok(text) } else { Err(StoreError::damaged(at(), "another text")) }
}

/// The files of a version: path and text.
pub(crate) fn texts(
    connection: &Connection,
    hash: &Digest,
) -> Result<Option<BTreeMap<String, String>>, StoreError> {
    let listed = versions(connection)?.into_iter().find(|(version, _)| version.hash == *hash);
    let Some((_, files)) = listed else { return Ok(None) };
    let texts = files.into_iter().map(|(path, hash)| Ok((path, text(connection, &hash)?)));
    texts.collect::<Result<_, _>>().map(Some)
}
