//! The audit: walks the chain, holds it against the checkpoints, then checks SQLite's pages and every derived row.

use crate::checkpoints;
use crate::contract::{Broken, Checkpoint, LogRow, Progress, Subject, Verified};
use crate::error::{AtPlace, DATABASE, StoreError};
use crate::folder::CHECKPOINTS_FILE;
use crate::reads::keys::{self, Fingerprint};
use crate::reads::{catalogues, live, log, number, parties, pieces, postings, statement, stored};
use crate::seal;
use probity_primitives::Digest;
use rusqlite::{Connection, Row};
use std::collections::BTreeSet;
use std::path::Path;

/// How far an audit looks for a row that stands elsewhere, in rows.
const REORDER_REACH: u64 = 10_000;
/// How often progress is told, in rows.
const PROGRESS_EVERY: u64 = 4_096;

/// Audits the store as it stands at one moment.
pub(crate) fn verify(
    connection: &Connection,
    folder: &Path,
    progress: Progress<'_>,
) -> Result<Verified, Broken> {
    // The file first: what it promises was committed before it was written, so the snapshot below must hold it.
    let file = checkpoints::read(folder)?;
    let own_snapshot = connection.is_autocommit();
    if own_snapshot {
        connection.execute_batch("BEGIN").at(|| DATABASE.into())?;
    }
    let result = audit(connection, file, progress);
    if own_snapshot {
        connection.execute_batch("COMMIT").at(|| DATABASE.into())?;
    }
    result
}

fn audit(
    connection: &Connection,
    file: Option<Vec<Checkpoint>>,
    progress: Progress<'_>,
) -> Result<Verified, Broken> {
    let table = log::checkpoints(connection, 0)?;
    if file.is_none() && !table.is_empty() {
        return Err(Broken::Elsewhere { place: CHECKPOINTS_FILE.into(), why: "the file is missing".into() });
    }
    let mut promised = file.unwrap_or_default();
    promised.extend(table);
    promised.sort_by_key(|checkpoint| checkpoint.seq);
    let indexed = if keys::are_apart(connection)? { keys::complete_to(connection)? } else { 0 };
    let Walked { rows, hash, keys } = walk(connection, &promised, indexed, progress)?;
    if let Some(cut) = promised.iter().find(|checkpoint| checkpoint.seq > rows) {
        return Err(Broken::TailCut { last: rows, seq: cut.seq, at: cut.at });
    }
    pages(connection)?;
    let derived = derived(connection, rows)? + every_key(connection, (indexed.min(rows), keys))?;
    Ok(Verified { rows, hash, checkpoints: promised.len() as u64, derived })
}

/// Damage met at a row of the log.
fn changed(seq: u64) -> impl FnOnce(StoreError) -> Broken {
    move |error| match error {
        StoreError::Damaged { why, .. } => Broken::Changed { seq, why },
        other => Broken::Unread(other),
    }
}

/// What the log is.
struct Walked {
    rows: u64,
    hash: Digest,
    /// The keys of the rows up to which the index must lack nothing.
    keys: Fingerprint,
}

fn walk(
    connection: &Connection,
    promised: &[Checkpoint],
    indexed: u64,
    progress: Progress<'_>,
) -> Result<Walked, Broken> {
    let end = log::end(connection)?;
    let mut select = statement(connection, "SELECT seq, key, recorded_at, hash, body FROM log ORDER BY seq")?;
    let mut rows = select.query([]).at(|| log::place(1)).map_err(changed(1))?;
    let (mut seq, mut before, mut keys) = (0, Digest::ZERO, Fingerprint::default());
    let mut promised = promised.iter().peekable();
    loop {
        let next = seq + 1;
        let Some(row) = rows.next().at(|| log::place(next)).map_err(changed(next))? else { break };
        let row = link(connection, row, next, &before)?;
        while let Some(checkpoint) = promised.next_if(|checkpoint| checkpoint.seq == next) {
            if checkpoint.hash != row.hash {
                let why = format!("the checkpoint of {} holds another hash", checkpoint.at);
                return Err(Broken::Changed { seq: next, why });
            }
        }
        (seq, before) = (next, row.hash);
        if seq <= indexed {
            keys.add(&row.key, seq);
        }
        if seq.is_multiple_of(PROGRESS_EVERY) {
            progress(seq, end);
        }
    }
    progress(seq, end);
    Ok(Walked { rows: seq, hash: before, keys })
}

fn link(connection: &Connection, row: &Row<'_>, seq: u64, before: &Digest) -> Result<LogRow, Broken> {
    let found: i64 = row.get(0).at(|| log::place(seq)).map_err(changed(seq))?;
    if found > stored(seq) {
        return Err(moved(connection, seq, before).unwrap_or(Broken::Missing { seq }));
    }
    if found < stored(seq) {
        return Err(Broken::Changed { seq, why: format!("a row numbered {found} stands here") });
    }
    let row = log::raw(row, seq).at(|| log::place(seq)).map_err(changed(seq))?;
    if log::follows(&row, before) {
        return Ok(row);
    }
    let changed = Broken::Changed { seq, why: "it does not match its hash".into() };
    Err(moved(connection, seq, before).unwrap_or(changed))
}

/// Looks whether the row that belongs at `seq` stands further on.
fn moved(connection: &Connection, seq: u64, before: &Digest) -> Option<Broken> {
    let sql = "SELECT seq, key, recorded_at, hash, body FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2";
    let mut select = statement(connection, sql).ok()?;
    let mut rows = select.query([stored(seq), stored(REORDER_REACH)]).ok()?;
    while let Ok(Some(row)) = rows.next() {
        let found_at = row.get::<_, i64>(0).ok().and_then(|found| u64::try_from(found).ok())?;
        let Ok(row) = log::raw(row, seq) else { continue };
        if row.hash == seal::chain(before, seq, row.recorded_at, &row.key, &row.body) {
            return Some(Broken::Reordered { seq, found_at });
        }
    }
    None
}

/// SQLite's own check of its pages: pointers, order, free pages, that every index holds exactly the rows of its table.
fn pages(connection: &Connection) -> Result<(), Broken> {
    let mut select = statement(connection, "PRAGMA integrity_check(1)")?;
    let verdict: String = select.query_row([], |row| row.get(0)).at(|| DATABASE.into())?;
    if verdict == "ok" { Ok(()) } else { Err(Broken::Elsewhere { place: DATABASE.into(), why: verdict }) }
}

/// Calls `look` for every row of a table.
fn every(
    connection: &Connection,
    sql: &str,
    place: &str,
    mut look: impl FnMut(&Row<'_>) -> Result<(), StoreError>,
) -> Result<u64, Broken> {
    let mut select = statement(connection, sql)?;
    let mut rows = select.query([]).at(|| place.into())?;
    let mut count = 0;
    while let Some(row) = rows.next().at(|| place.into())? {
        look(row)?;
        count += 1;
    }
    Ok(count)
}

fn derived(connection: &Connection, last: u64) -> Result<u64, Broken> {
    let mut party = 0;
    let mut set_aside = 0;
    let mut count =
        every(connection, "SELECT number, role, name, seal FROM party ORDER BY number", "party", |row| {
            party += 1;
            in_turn("party", parties::party(row)?.0.into(), party)
        })?;
    count += every_posting(connection, last)?;
    count += every(connection, "SELECT party, seq, bytes FROM state", "state", |row| {
        let (party, seq, _) = live::state_row(row)?;
        within(seq, last, || format!("state {party}"))
    })?;
    count += every(connection, "SELECT order_key, due, seal FROM open_order", "open order", |row| {
        live::open_order_row(row).map(|_| ())
    })?;
    count += every(connection, "SELECT name, bytes FROM record", "record", |row| {
        live::record_row(row).map(|_| ())
    })?;
    count += every(connection, "SELECT number, item FROM set_aside ORDER BY number", "set aside", |row| {
        set_aside += 1;
        in_turn("set aside", live::set_aside_row(row)?.0, set_aside)
    })?;
    Ok(count + every_piece(connection)? + every_catalogue(connection)?)
}

/// The index of keys holds those of all rows up to one, and of later ones none that stand elsewhere.
fn every_key(connection: &Connection, (complete_to, keys): (u64, Fingerprint)) -> Result<u64, Broken> {
    if !keys::are_apart(connection)? {
        return Ok(0);
    }
    let (mut found, mut later) = (Fingerprint::default(), Vec::new());
    let count = every(connection, "SELECT key, seq FROM log_key", &keys::place(), |row| {
        let key = row.get(0).at(keys::place)?;
        let seq = number(row.get(1).at(keys::place)?, keys::place)?;
        if seq <= complete_to {
            found.add(&key, seq);
        } else {
            later.push((key, seq));
        }
        Ok(())
    })?;
    later.sort_unstable_by_key(|(_, seq)| *seq);
    let whole = found == keys
        && later.iter().try_fold(true, |fits, (key, seq)| {
            Ok::<_, StoreError>(fits && log::row(connection, *seq)?.is_some_and(|row| row.key == *key))
        })?;
    if whole { Ok(count) } else { Err(lost_key(connection)?) }
}

/// Says which row it is whose key the index lacks or leads elsewhere.
fn lost_key(connection: &Connection) -> Result<Broken, StoreError> {
    let sql = "SELECT log.seq, log_key.seq FROM log LEFT JOIN log_key USING (key)
               WHERE log.seq <> coalesce(log_key.seq, 0) AND (log_key.seq NOTNULL OR log.seq <= (SELECT seq FROM log_keyed))
               ORDER BY log.seq LIMIT 1";
    let mut select = statement(connection, sql)?;
    let mut rows = select.query([]).at(keys::place)?;
    let why = match rows.next().at(keys::place)? {
        Some(row) => {
            let (seq, leads): (i64, Option<i64>) = (row.get(0).at(keys::place)?, row.get(1).at(keys::place)?);
            match leads {
                Some(leads) => format!("that of row {seq} leads to row {leads}"),
                None => format!("that of row {seq} is missing"),
            }
        }
        None => "one leads to a row that has another".into(),
    };
    Ok(Broken::Elsewhere { place: keys::place(), why })
}

fn every_piece(connection: &Connection) -> Result<u64, Broken> {
    if !pieces::are_kept(connection)? {
        return Ok(0);
    }
    let mut before = None;
    every(connection, "SELECT number, bytes FROM exposure ORDER BY number", "exposure", |row| {
        let (piece, _) = pieces::piece_row(row)?;
        pieces::follows(before, piece)?;
        before = Some(piece);
        Ok(())
    })
}

fn every_catalogue(connection: &Connection) -> Result<u64, Broken> {
    if !catalogues::are_kept(connection)? {
        return Ok(0);
    }
    let mut texts = BTreeSet::new();
    every(connection, "SELECT hash, text FROM catalogue_text", "catalogue text", |row| {
        texts.insert(catalogues::text_row(row)?.0.0);
        Ok(())
    })?;
    let versions = catalogues::versions(connection)?;
    for hash in versions.iter().flat_map(|(_, files)| files.values()) {
        if !texts.contains(&hash.0) {
            let place = format!("catalogue text {}", hash.short());
            return Err(Broken::Elsewhere { place, why: "the row is missing".into() });
        }
    }
    Ok((texts.len() + versions.len()) as u64)
}

fn in_turn(table: &str, found: u64, expected: u64) -> Result<(), StoreError> {
    if found == expected {
        Ok(())
    } else {
        Err(StoreError::damaged(format!("{table} {expected}"), "the row is missing"))
    }
}

fn within(seq: u64, last: u64, place: impl FnOnce() -> String) -> Result<(), StoreError> {
    if seq <= last {
        Ok(())
    } else {
        Err(StoreError::damaged(place(), format!("it names row {seq}, the log ends at {last}")))
    }
}

fn every_posting(connection: &Connection, last: u64) -> Result<u64, Broken> {
    let mut before: Option<(Subject, u64)> = None;
    let mut look = |subject: Subject, row: &Row<'_>| {
        let chunk = postings::chunk(row, subject)?;
        let expected = match before {
            Some((earlier, number)) if earlier == subject => number + 1,
            _ => 0,
        };
        if chunk.number != expected {
            return Err(StoreError::damaged(postings::place(subject, expected), "the chunk is missing"));
        }
        before = Some((subject, expected));
        let highest = chunk.seqs.iter().copied().max().unwrap_or(0);
        within(highest, last, || postings::place(subject, chunk.number))
    };
    let sql = "SELECT chunk, seqs, party FROM party_posting ORDER BY party, chunk";
    let parties = every(connection, sql, "postings of parties", |row| {
        let party = row.get(2).at(|| "postings of parties".into())?;
        look(Subject::Party(party), row)
    })?;
    let sql = "SELECT chunk, seqs, order_key FROM order_posting ORDER BY order_key, chunk";
    let orders = every(connection, sql, "postings of orders", |row| {
        let order = row.get(2).at(|| "postings of orders".into())?;
        look(Subject::Order(order), row)
    })?;
    Ok(parties + orders)
}
