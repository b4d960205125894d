//! Parties and their numbers.

use crate::error::{AtPlace, StoreError};
use crate::reads::{number, statement};
use crate::seal::{SEAL, seal};
use probity_primitives::wire;
use rusqlite::{Connection, Row};

/// The name under which a party is looked up: the role's byte, then the id in the compact codec.
pub(crate) fn name(role: u8, id: &str) -> Vec<u8> {
    let mut writer = wire::Writer::new();
    writer.byte(role);
    writer.text(id);
    writer.bytes
}

fn place(number: i64) -> String {
    format!("party {number}")
}

/// The seal of a party's row.
pub(crate) fn party_seal(number: u32, name: &[u8]) -> [u8; SEAL] {
    seal("party", &number.to_be_bytes(), name)
}

/// A party out of `number, role, name, seal`.
pub(crate) fn party(row: &Row<'_>) -> Result<(u32, u8, String), StoreError> {
    let stored: i64 = row.get(0).at(|| "party".into())?;
    let place = || place(stored);
    let number =
        u32::try_from(stored).map_err(|_| StoreError::damaged(place(), "no such number is given"))?;
    let role: u8 = row.get(1).at(place)?;
    let name: Vec<u8> = row.get(2).at(place)?;
    let found: [u8; SEAL] = row.get(3).at(place)?;
    let mut reader = wire::Reader::new(&name);
    let id = match (reader.byte(), reader.text()) {
        (Ok(first), Ok(id)) if first == role && found == party_seal(number, &name) => id,
        _ => return Err(StoreError::damaged(place(), "it does not match its checksum")),
    };
    Ok((number, role, id))
}

/// The number of a party.
pub(crate) fn party_number(connection: &Connection, role: u8, id: &str) -> Result<Option<u32>, StoreError> {
    let mut select = statement(connection, "SELECT number FROM party WHERE name = ?1")?;
    let mut rows = select.query([name(role, id)]).at(|| "the names of parties".into())?;
    let Some(row) = rows.next().at(|| "the names of parties".into())? else { return Ok(None) };
    let stored: i64 = row.get(0).at(|| "the names of parties".into())?;
    let wrong = || StoreError::damaged(place(stored), "the index of names leads to another party");
    let number = u32::try_from(stored).map_err(|_| wrong())?;
    match party_name(connection, number)? {
        Some((found_role, found_id)) if found_role == role && found_id == id => Ok(Some(number)),
        _ => Err(wrong()),
    }
}

/// Role and id of the party of a number.
pub(crate) fn party_name(connection: &Connection, number: u32) -> Result<Option<(u8, String)>, StoreError> {
    let mut select = statement(connection, "SELECT number, role, name, seal FROM party WHERE number = ?1")?;
    let mut rows = select.query([number]).at(|| place(number.into()))?;
    let Some(row) = rows.next().at(|| place(number.into()))? else {
        if highest(connection)? > number {
            return Err(StoreError::damaged(place(number.into()), "the row is missing"));
        }
        return Ok(None);
    };
    let (found, role, id) = party(row)?;
    if found == number {
        Ok(Some((role, id)))
    } else {
        Err(StoreError::damaged(place(number.into()), "another number"))
    }
}

/// The highest number given, 0 when there is no party.
pub(crate) fn highest(connection: &Connection) -> Result<u32, StoreError> {
    let mut select = statement(connection, "SELECT max(number) FROM party")?;
    let highest: Option<u32> = select.query_row([], |row| row.get(0)).at(|| "party".into())?;
    Ok(highest.unwrap_or(0))
}

/// Up to `most` parties with numbers above `after`.
pub(crate) fn parties(
    connection: &Connection,
    role: Option<u8>,
    after: u32,
    most: usize,
) -> Result<Vec<(u32, u8, String)>, StoreError> {
    let most = i64::try_from(most).unwrap_or(i64::MAX);
    let mut out = Vec::new();
    let mut select = match role {
        Some(_) => statement(
            connection,
            "SELECT number, role, name, seal FROM party WHERE number > ?1 AND role = ?3 ORDER BY number LIMIT ?2",
        )?,
        None => statement(
            connection,
            "SELECT number, role, name, seal FROM party WHERE number > ?1 ORDER BY number LIMIT ?2",
        )?,
    };
    let mut rows = match role {
        Some(role) => select.query((after, most, role)),
        None => select.query((after, most)),
    }
    .at(|| "party".into())?;
    while let Some(row) = rows.next().at(|| "party".into())? {
        out.push(party(row)?);
    }
    Ok(out)
}

/// How many parties there are.
pub(crate) fn party_count(connection: &Connection, role: Option<u8>) -> Result<u64, StoreError> {
    let count: i64 = match role {
        Some(role) => statement(connection, "SELECT count(*) FROM party WHERE role = ?1")?
            .query_row([role], |row| row.get(0)),
        None => statement(connection, "SELECT count(*) FROM party")?.query_row([], |row| row.get(0)),
    }
    .at(|| "party".into())?;
    number(count, || "party".into())
}
