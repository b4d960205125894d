//! What is open and held, in numbered pieces.

use crate::error::{AtPlace, StoreError};
use crate::reads::{number, statement, stored};
use crate::schema;
use crate::seal::{sealed, unsealed};
use rusqlite::{Connection, Row};

/// The schema's version that brought the table.
const SINCE: u32 = 3;

/// True when the store was brought forward far enough to have the table; a reader may meet an older one.
pub(crate) fn are_kept(connection: &Connection) -> Result<bool, StoreError> {
    schema::has_reached(connection, SINCE)
}

pub(crate) fn place(piece: u64) -> String {
    format!("exposure {piece}")
}

/// A piece as it is stored.
pub(crate) fn encode(piece: u64, bytes: &[u8]) -> Vec<u8> {
    sealed("exposure", &piece.to_be_bytes(), bytes)
}

/// A piece out of `number, bytes`.
pub(crate) fn piece_row(row: &Row<'_>) -> Result<(u64, Vec<u8>), StoreError> {
    let found: i64 = row.get(0).at(|| "exposure".into())?;
    let piece = number(found, || format!("exposure {found}"))?;
    let mut bytes: Vec<u8> = row.get(1).at(|| place(piece))?;
    let length = unsealed("exposure", &piece.to_be_bytes(), &bytes, || place(piece))?.len();
    bytes.truncate(length);
    Ok((piece, bytes))
}

/// Up to `most` pieces from a number on, ascending, without a gap among them.
pub(crate) fn pieces(
    connection: &Connection,
    from: u64,
    most: usize,
) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    if !are_kept(connection)? {
        return Ok(Vec::new());
    }
    let sql = "SELECT number, bytes FROM exposure WHERE number >= ?1 ORDER BY number LIMIT ?2";
    let mut select = statement(connection, sql)?;
    let mut rows = select.query([stored(from), stored(most as u64)]).at(|| "exposure".into())?;
    let mut out: Vec<(u64, Vec<u8>)> = Vec::new();
    while let Some(row) = rows.next().at(|| "exposure".into())? {
        let piece = piece_row(row)?;
        follows(out.last().map(|(before, _)| *before), piece.0)?;
        out.push(piece);
    }
    Ok(out)
}

/// Between two pieces there is a third.
pub(crate) fn follows(before: Option<u64>, piece: u64) -> Result<(), StoreError> {
    match before {
        Some(before) if before + 1 != piece => {
            Err(StoreError::damaged(place(before + 1), "the row is missing"))
        }
        _ => Ok(()),
    }
}
