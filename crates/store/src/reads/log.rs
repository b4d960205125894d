//! Rows of the log, checked against the chain.

use crate::contract::{Checkpoint, LogRow};
use crate::error::{AtPlace, StoreError};
use crate::reads::{statement, stored};
use crate::seal;
use probity_primitives::{Digest, Timestamp};
use rusqlite::{Connection, Row};

/// How a row of the log is called in an error.
pub(crate) fn place(seq: u64) -> String {
    format!("log {seq}")
}

/// A row as it stands, unchecked.
pub(crate) fn raw(row: &Row<'_>, seq: u64) -> rusqlite::Result<LogRow> {
    Ok(LogRow {
        seq,
        key: row.get(1)?,
        recorded_at: Timestamp::from_millis(row.get(2)?),
        hash: Digest(row.get(3)?),
        body: row.get(4)?,
    })
}

/// True when the row follows the row of hash `before`.
pub(crate) fn follows(row: &LogRow, before: &Digest) -> bool {
    row.hash == seal::chain(before, row.seq, row.recorded_at, &row.key, &row.body)
}

fn damaged(seq: u64, why: &str) -> StoreError {
    StoreError::damaged(place(seq), why)
}

fn unchecked(connection: &Connection, seq: u64) -> Result<Option<LogRow>, StoreError> {
    let mut select =
        statement(connection, "SELECT seq, key, recorded_at, hash, body FROM log WHERE seq = ?1")?;
    let mut rows = select.query([stored(seq)]).at(|| place(seq))?;
    match rows.next().at(|| place(seq))? {
        Some(row) => raw(row, seq).map(Some).at(|| place(seq)),
        None => Ok(None),
    }
}

fn hash(connection: &Connection, seq: u64) -> Result<Digest, StoreError> {
    if seq == 0 {
        return Ok(Digest::ZERO);
    }
    let mut select = statement(connection, "SELECT hash FROM log WHERE seq = ?1")?;
    let mut rows = select.query([stored(seq)]).at(|| place(seq))?;
    match rows.next().at(|| place(seq))? {
        Some(row) => row.get(0).map(Digest).at(|| place(seq)),
        None => Err(damaged(seq, "the row is missing")),
    }
}

/// What to say of a row that does not follow the one before it: the earlier one's hash may be at fault.
fn blame(connection: &Connection, seq: u64) -> StoreError {
    let earlier = || -> Result<bool, StoreError> {
        let Some(row) = unchecked(connection, seq - 1)? else { return Ok(false) };
        Ok(follows(&row, &hash(connection, seq - 2)?))
    };
    if seq > 1 && earlier().is_ok_and(|sound| !sound) {
        return damaged(seq - 1, "it does not match its hash");
    }
    damaged(seq, "it does not match its hash")
}

/// The row at `seq`.
pub(crate) fn row(connection: &Connection, seq: u64) -> Result<Option<LogRow>, StoreError> {
    if seq == 0 {
        return Ok(None);
    }
    let Some(row) = unchecked(connection, seq)? else {
        if end(connection)? > seq {
            return Err(damaged(seq, "the row is missing"));
        }
        return Ok(None);
    };
    if follows(&row, &hash(connection, seq - 1)?) { Ok(Some(row)) } else { Err(blame(connection, seq)) }
}

/// The row at `seq` with the hash before it, in one look.
fn with_hash_before(connection: &Connection, seq: u64) -> Result<Option<(LogRow, Digest)>, StoreError> {
    let mut select = statement(
        connection,
        "SELECT seq, key, recorded_at, hash, body FROM log WHERE seq BETWEEN ?1 - 1 AND ?1 ORDER BY seq",
    )?;
    let mut rows = select.query([stored(seq)]).at(|| place(seq))?;
    let mut before = (seq == 1).then_some(Digest::ZERO);
    while let Some(next) = rows.next().at(|| place(seq))? {
        let found: i64 = next.get(0).at(|| place(seq))?;
        if found == stored(seq) {
            let row = raw(next, seq).at(|| place(seq))?;
            return Ok(before.map(|before| (row, before)));
        }
        before = Some(Digest(next.get(3).at(|| place(seq))?));
    }
    Ok(None)
}

/// The rows at these seqs.
pub(crate) fn rows(connection: &Connection, seqs: &[u64]) -> Result<Vec<LogRow>, StoreError> {
    let mut out: Vec<LogRow> = Vec::with_capacity(seqs.len());
    for &seq in seqs {
        // Neighbours in the log are often neighbours in the answer: then the hash before is at hand.
        let next = match out.last() {
            Some(last) if last.seq + 1 == seq => unchecked(connection, seq)?
                .map(|row| if follows(&row, &last.hash) { Ok(row) } else { Err(blame(connection, seq)) })
                .transpose()?,
            _ => match with_hash_before(connection, seq)? {
                Some((row, before)) if follows(&row, &before) => Some(row),
                // Something is missing or changed: looked at again, piece by piece, to say what.
                _ => row(connection, seq)?,
            },
        };
        out.push(next.ok_or_else(|| damaged(seq, "the row is missing"))?);
    }
    Ok(out)
}

/// Up to `most` rows from `from` on.
pub(crate) fn range(connection: &Connection, from: u64, most: usize) -> Result<Vec<LogRow>, StoreError> {
    let from = from.max(1);
    let mut out: Vec<LogRow> = Vec::with_capacity(most.min(4_096));
    let mut before = if from > end(connection)? { return Ok(out) } else { hash(connection, from - 1)? };
    let mut select = statement(
        connection,
        "SELECT seq, key, recorded_at, hash, body FROM log WHERE seq >= ?1 ORDER BY seq LIMIT ?2",
    )?;
    let mut rows = select.query([stored(from), stored(most as u64)]).at(|| place(from))?;
    let mut seq = from;
    while let Some(next) = rows.next().at(|| place(seq))? {
        let found: i64 = next.get(0).at(|| place(seq))?;
        if found != stored(seq) {
            return Err(damaged(seq, "the row is missing"));
        }
        let row = raw(next, seq).at(|| place(seq))?;
        if !follows(&row, &before) {
            return Err(blame(connection, seq));
        }
        before = row.hash;
        out.push(row);
        seq += 1;
    }
    Ok(out)
}

/// The highest seq, unchecked.
pub(crate) fn end(connection: &Connection) -> Result<u64, StoreError> {
    let mut select = statement(connection, "SELECT max(seq) FROM log")?;
    let last: Option<i64> = select.query_row([], |row| row.get(0)).at(|| "log".into())?;
    last.map_or(Ok(0), |last| crate::reads::number(last, || "log".into()))
}

/// Seq and hash of the last row up to one.
pub(crate) fn last(connection: &Connection, upto: u64) -> Result<(u64, Digest), StoreError> {
    match end(connection)?.min(upto) {
        0 => Ok((0, Digest::ZERO)),
        seq => row(connection, seq)?
            .map(|row| (row.seq, row.hash))
            .ok_or_else(|| damaged(seq, "the row is missing")),
    }
}

/// How a checkpoint is called in an error.
pub(crate) fn checkpoint_place(seq: i64) -> String {
    format!("checkpoint {seq}")
}

/// A checkpoint out of `seq, hash, at, seal`.
pub(crate) fn checkpoint(row: &Row<'_>) -> Result<Checkpoint, StoreError> {
    let stored: i64 = row.get(0).at(|| "checkpoint".into())?;
    let place = || checkpoint_place(stored);
    let seq = crate::reads::number(stored, place)?;
    let checkpoint = Checkpoint {
        seq,
        hash: Digest(row.get(1).at(place)?),
        at: Timestamp::from_millis(row.get(2).at(place)?),
    };
    let found: [u8; seal::SEAL] = row.get(3).at(place)?;
    if found == checkpoint_seal(&checkpoint) {
        Ok(checkpoint)
    } else {
        Err(StoreError::damaged(place(), "it does not match its checksum"))
    }
}

/// The seal of a checkpoint's row.
pub(crate) fn checkpoint_seal(checkpoint: &Checkpoint) -> [u8; seal::SEAL] {
    let mut content = checkpoint.hash.0.to_vec();
    content.extend_from_slice(&checkpoint.at.millis().to_be_bytes());
    seal::seal("checkpoint", &checkpoint.seq.to_be_bytes(), &content)
}

/// All checkpoints above `after`, ascending.
pub(crate) fn checkpoints(connection: &Connection, after: u64) -> Result<Vec<Checkpoint>, StoreError> {
    let mut select =
        statement(connection, "SELECT seq, hash, at, seal FROM checkpoint WHERE seq > ?1 ORDER BY seq")?;
    let mut rows = select.query([stored(after)]).at(|| "checkpoint".into())?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().at(|| "checkpoint".into())? {
        out.push(checkpoint(row)?);
    }
    Ok(out)
}

/// The last checkpoint.
pub(crate) fn last_checkpoint(connection: &Connection) -> Result<Option<Checkpoint>, StoreError> {
    let mut select =
        statement(connection, "SELECT seq, hash, at, seal FROM checkpoint ORDER BY seq DESC LIMIT 1")?;
    let mut rows = select.query([]).at(|| "checkpoint".into())?;
    rows.next().at(|| "checkpoint".into())?.map(checkpoint).transpose()
}
