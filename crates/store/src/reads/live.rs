//! States of parties, timers of orders, named records, set-aside inputs.

use crate::contract::{Key, SetAside};
use crate::error::{AtPlace, StoreError};
use crate::reads::postings::hex;
use crate::reads::{number, statement, stored};
use crate::seal::{SEAL, seal, unsealed};
use probity_primitives::{Timestamp, wire};
use rusqlite::{Connection, Row};

/// Identity of a state, as it enters its seal: the party and the row as of which it stands.
pub(crate) fn state_identity(party: u32, seq: u64) -> Vec<u8> {
    [party.to_be_bytes().as_slice(), &seq.to_be_bytes()].concat()
}

/// A state out of `party, seq, bytes`.
pub(crate) fn state_row(row: &Row<'_>) -> Result<(u32, u64, Vec<u8>), StoreError> {
    let party: i64 = row.get(0).at(|| "state".into())?;
    let place = || format!("state {party}");
    let number_ = u32::try_from(party).map_err(|_| StoreError::damaged(place(), "no such party"))?;
    let seq = number(row.get(1).at(place)?, place)?;
    let mut bytes: Vec<u8> = row.get(2).at(place)?;
    let length = unsealed("state", &state_identity(number_, seq), &bytes, place)?.len();
    bytes.truncate(length);
    Ok((number_, seq, bytes))
}

/// The state of a party.
pub(crate) fn state(connection: &Connection, party: u32) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
    let place = || format!("state {party}");
    let mut select = statement(connection, "SELECT party, seq, bytes FROM state WHERE party = ?1")?;
    let mut rows = select.query([party]).at(place)?;
    let Some(row) = rows.next().at(place)? else { return Ok(None) };
    let (found, seq, bytes) = state_row(row)?;
    if found == party { Ok(Some((seq, bytes))) } else { Err(StoreError::damaged(place(), "another party")) }
}

fn open_order_place(order: &Key) -> String {
    format!("open order {}", hex(order))
}

/// The seal of an open order.
pub(crate) fn open_order_seal(order: &Key, due: Timestamp) -> [u8; SEAL] {
    seal("open_order", order, &due.millis().to_be_bytes())
}

/// An open order out of `order_key, due, seal`.
pub(crate) fn open_order_row(row: &Row<'_>) -> Result<(Key, Timestamp), StoreError> {
    let key: Key = row.get(0).at(|| "open order".into())?;
    let due = Timestamp::from_millis(row.get(1).at(|| open_order_place(&key))?);
    let found: [u8; SEAL] = row.get(2).at(|| open_order_place(&key))?;
    if found == open_order_seal(&key, due) {
        Ok((key, due))
    } else {
        Err(StoreError::damaged(open_order_place(&key), "it does not match its checksum"))
    }
}

/// Orders whose timer falls due.
pub(crate) fn open_orders(
    connection: &Connection,
    until: Timestamp,
    most: usize,
) -> Result<Vec<(Key, Timestamp)>, StoreError> {
    let sql = "SELECT order_key, due, seal FROM open_order WHERE due <= ?1 ORDER BY due, order_key LIMIT ?2";
    let mut select = statement(connection, sql)?;
    let mut rows = select.query([until.millis(), stored(most as u64)]).at(|| "open order".into())?;
    let mut out = Vec::new();
    while let Some(row) = rows.next().at(|| "open order".into())? {
        out.push(open_order_row(row)?);
    }
    Ok(out)
}

/// When the timer of one order falls due.
pub(crate) fn open_order(connection: &Connection, order: &Key) -> Result<Option<Timestamp>, StoreError> {
    let mut select =
        statement(connection, "SELECT order_key, due, seal FROM open_order WHERE order_key = ?1")?;
    let mut rows = select.query([order]).at(|| open_order_place(order))?;
    let row = rows.next().at(|| open_order_place(order))?;
    Ok(row.map(open_order_row).transpose()?.map(|(_, due)| due))
}

/// When the next timer falls due.
pub(crate) fn next_due(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let first = open_orders(connection, Timestamp::from_millis(i64::MAX), 1)?;
    Ok(first.first().map(|(_, due)| *due))
}

/// A record out of `name, bytes`.
pub(crate) fn record_row(row: &Row<'_>) -> Result<(String, Vec<u8>), StoreError> {
    let name: String = row.get(0).at(|| "record".into())?;
    let place = || format!("record {name}");
    let mut bytes: Vec<u8> = row.get(1).at(place)?;
    let length = unsealed("record", name.as_bytes(), &bytes, place)?.len();
    bytes.truncate(length);
    Ok((name, bytes))
}

/// A named record.
pub(crate) fn record(connection: &Connection, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
    let place = || format!("record {name}");
    let mut select = statement(connection, "SELECT name, bytes FROM record WHERE name = ?1")?;
    let mut rows = select.query([name]).at(place)?;
    let Some(row) = rows.next().at(place)? else { return Ok(None) };
    let (found, bytes) = record_row(row)?;
    if found == name { Ok(Some(bytes)) } else { Err(StoreError::damaged(place(), "another name")) }
}

/// A set-aside input in the compact codec.
pub(crate) fn encode_set_aside(item: &SetAside, kept: &[u8]) -> Vec<u8> {
    let mut writer = wire::Writer::new();
    writer.text(&item.source);
    writer.unsigned(item.line);
    writer.text(&item.code);
    writer.text(&item.reason);
    writer.signed(item.at.millis());
    writer.blob(kept);
    writer.bytes
}

/// What stands in the place of an input that was taken out; no input has an empty code.
pub(crate) fn encode_set_aside_taken_out() -> Vec<u8> {
    let at = Timestamp::from_millis(0);
    let none = String::new;
    encode_set_aside(
        &SetAside { source: none(), line: 0, code: none(), reason: none(), content: vec![], at },
        &[],
    )
}

fn decode_set_aside(bytes: &[u8]) -> Result<SetAside, wire::WireError> {
    let mut reader = wire::Reader::new(bytes);
    Ok(SetAside {
        source: reader.text()?,
        line: reader.unsigned()?,
        code: reader.text()?,
        reason: reader.text()?,
        at: Timestamp::from_millis(reader.signed()?),
        content: reader.blob()?.to_vec(),
    })
}

/// A set-aside input out of `number, item`.
pub(crate) fn set_aside_row(row: &Row<'_>) -> Result<(u64, SetAside), StoreError> {
    let stored: i64 = row.get(0).at(|| "set aside".into())?;
    let place = || format!("set aside {stored}");
    let number = number(stored, place)?;
    let sealed: Vec<u8> = row.get(1).at(place)?;
    let bytes = unsealed("set_aside", &number.to_be_bytes(), &sealed, place)?;
    let item = decode_set_aside(bytes).map_err(|error| StoreError::damaged(place(), error.to_string()))?;
    Ok((number, item))
}

/// Set-aside inputs with numbers above `after`.
pub(crate) fn set_asides(
    connection: &Connection,
    after: u64,
    most: usize,
) -> Result<Vec<(u64, SetAside)>, StoreError> {
    let mut select =
        statement(connection, "SELECT number, item FROM set_aside WHERE number > ?1 ORDER BY number")?;
    let mut rows = select.query([stored(after)]).at(|| "set aside".into())?;
    let mut out: Vec<(u64, SetAside)> = Vec::new();
    let mut expected = after;
    while out.len() < most
        && let Some(row) = rows.next().at(|| "set aside".into())?
    {
        let item = set_aside_row(row)?;
        // Numbers are given without gaps; what is taken out leaves its place.
        expected += 1;
        if item.0 != expected {
            return Err(StoreError::damaged(format!("set aside {expected}"), "the row is missing"));
        }
        if !item.1.code.is_empty() {
            out.push(item);
        }
    }
    Ok(out)
}

/// The highest number of a set-aside input.
pub(crate) fn last_set_aside(connection: &Connection) -> Result<u64, StoreError> {
    let mut select = statement(connection, "SELECT max(number) FROM set_aside")?;
    let last: Option<i64> = select.query_row([], |row| row.get(0)).at(|| "set aside".into())?;
    last.map_or(Ok(0), |last| number(last, || "set aside".into()))
}
