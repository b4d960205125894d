//! Postings: which rows of the log concern a party or an order.
//!
//! A subject's postings stand in chunks numbered from 0. A chunk grows until it is [`FULL_CHUNK`] bytes long, so that a
//! busy merchant's next posting rewrites half a kilobyte, not all of it, and a buyer's few postings share one row.

use crate::contract::{Key, Subject};
use crate::error::{AtPlace, StoreError};
use crate::reads::{number, statement};
use crate::seal::unsealed;
use probity_primitives::wire;
use rusqlite::{Connection, Row};

/// A chunk of this many bytes is full; the next postings begin a new one.
pub(crate) const FULL_CHUNK: usize = 512;

/// One chunk, checked and decoded.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// Its number, from 0.
    pub(crate) number: u64,
    /// Its postings in the order in which they were put.
    pub(crate) seqs: Vec<u64>,
    /// Its postings as they are stored.
    pub(crate) bytes: Vec<u8>,
}

/// Table and identity of a subject's chunk, as they enter its seal.
pub(crate) fn identity(subject: Subject, chunk: u64) -> (&'static str, Vec<u8>) {
    let (table, mut identity) = match subject {
        Subject::Party(party) => ("party_posting", party.to_be_bytes().to_vec()),
        Subject::Order(order) => ("order_posting", order.to_vec()),
    };
    identity.extend_from_slice(&chunk.to_be_bytes());
    (table, identity)
}

/// How a chunk is called in an error.
pub(crate) fn place(subject: Subject, chunk: u64) -> String {
    match subject {
        Subject::Party(party) => format!("postings of party {party}, chunk {chunk}"),
        Subject::Order(order) => format!("postings of order {}, chunk {chunk}", hex(&order)),
    }
}

/// A key as people see it.
pub(crate) fn hex(key: &Key) -> String {
    key.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Appends postings in signed steps.
pub(crate) fn encode(bytes: &mut Vec<u8>, last: u64, seqs: &[u64]) {
    let mut writer = wire::Writer { bytes: std::mem::take(bytes) };
    let mut last = last;
    for &seq in seqs {
        writer.signed(seq.wrapping_sub(last) as i64);
        last = seq;
    }
    *bytes = writer.bytes;
}

fn decode(bytes: &[u8]) -> Option<Vec<u64>> {
    let mut reader = wire::Reader::new(bytes);
    let mut out = Vec::with_capacity(bytes.len());
    let mut last = 0_u64;
    while !reader.is_empty() {
        last = last.wrapping_add(reader.signed().ok()? as u64);
        out.push(last);
    }
    Some(out)
}

/// A chunk out of `chunk, seqs`.
pub(crate) fn chunk(row: &Row<'_>, subject: Subject) -> Result<Chunk, StoreError> {
    let stored: i64 = row.get(0).at(|| place(subject, 0))?;
    let chunk = number(stored, || place(subject, 0))?;
    let sealed: Vec<u8> = row.get(1).at(|| place(subject, chunk))?;
    let (table, identity) = identity(subject, chunk);
    let bytes = unsealed(table, &identity, &sealed, || place(subject, chunk))?;
    let seqs = decode(bytes)
        .ok_or_else(|| StoreError::damaged(place(subject, chunk), "its postings cannot be read"))?;
    Ok(Chunk { number: chunk, seqs, bytes: bytes.to_vec() })
}

/// The last chunk of a subject.
pub(crate) fn last_chunk(connection: &Connection, subject: Subject) -> Result<Option<Chunk>, StoreError> {
    let at = || place(subject, 0);
    match subject {
        Subject::Party(party) => {
            let sql = "SELECT chunk, seqs FROM party_posting WHERE party = ?1 ORDER BY chunk DESC LIMIT 1";
            let mut select = statement(connection, sql)?;
            let mut rows = select.query([party]).at(at)?;
            rows.next().at(at)?.map(|row| chunk(row, subject)).transpose()
        }
        Subject::Order(order) => {
            let sql =
                "SELECT chunk, seqs FROM order_posting WHERE order_key = ?1 ORDER BY chunk DESC LIMIT 1";
            let mut select = statement(connection, sql)?;
            let mut rows = select.query([order]).at(at)?;
            rows.next().at(at)?.map(|row| chunk(row, subject)).transpose()
        }
    }
}

/// The postings of a subject, ascending, each once.
pub(crate) fn postings(connection: &Connection, subject: Subject) -> Result<Vec<u64>, StoreError> {
    let at = || place(subject, 0);
    let mut select;
    let mut rows = match subject {
        Subject::Party(party) => {
            select = statement(
                connection,
                "SELECT chunk, seqs FROM party_posting WHERE party = ?1 ORDER BY chunk",
            )?;
            select.query([party])
        }
        Subject::Order(order) => {
            select = statement(
                connection,
                "SELECT chunk, seqs FROM order_posting WHERE order_key = ?1 ORDER BY chunk",
            )?;
            select.query([order])
        }
    }
    .at(at)?;
    let mut out = Vec::new();
    let mut expected = 0;
    while let Some(row) = rows.next().at(at)? {
        let chunk = chunk(row, subject)?;
        if chunk.number != expected {
            return Err(StoreError::damaged(place(subject, expected), "the chunk is missing"));
        }
        expected += 1;
        out.extend(chunk.seqs);
    }
    if !out.is_sorted_by(|a, b| a < b) {
        out.sort_unstable();
        out.dedup();
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn steps_are_read_as_written(seqs: Vec<u64>, more: Vec<u64>) {
            let mut bytes = Vec::new();
            encode(&mut bytes, 0, &seqs);
            encode(&mut bytes, seqs.last().copied().unwrap_or(0), &more);
            prop_assert_eq!(decode(&bytes).unwrap(), [seqs, more].concat());
        }
    }
}
