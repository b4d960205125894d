//! The one writer: batches on SQLite.

use crate::checkpoints;
use crate::contract::{
    Appended, Batch, CatalogueVersion, Checkpoint, Key, LONGEST_BODY, LONGEST_CONTENT, Reader, SetAside,
    Store, Subject,
};
use crate::drain::Drainer;
use crate::durable::{Durable, SqliteSyncer};
use crate::error::{AtPlace, DATABASE, StoreError};
use crate::folder;
use crate::reader::SqliteReader;
use crate::reads::{catalogues, live, log, parties, pieces, postings, statement, stored};
use crate::recent::{Recent, Sweep};
use crate::seal::{chain, sealed};
use probity_primitives::{Digest, Timestamp};
use rusqlite::{Connection, Params};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

/// Pages of the write-ahead log (4 KiB each) at which it is written into the database: 32 MiB. Larger, a page that is
/// touched by many batches is copied once for all of them; smaller, the pause is shorter.
const DRAIN_AT: i64 = 8_192;
/// Times as many at which the writer itself does it, though a thread is there for it.
const DRAIN_HERE: i64 = 4;
/// Pages that a batch adds to it, and each of its rows: more than most do. As long as these do not fill it, nobody looks.
const PAGES_A_BATCH: i64 = 16;
const PAGES_A_ROW: i64 = 8;

/// A store on SQLite in one folder, opened for writing by this process alone.
#[derive(Debug)]
pub struct SqliteStore {
    reads: SqliteReader,
    /// Seq and hash of the last durable row.
    last: (u64, Digest),
    /// Keys that the index lacks, and how they come into it.
    recent: Arc<Recent>,
    sweep: Sweep,
    /// Highest numbers given.
    parties: u32,
    set_asides: u64,
    /// Pages of the write-ahead log at which it is written into the database.
    drain_at: i64,
    /// Pages that it may have by now, reckoned from the batches since the last look.
    undrained: i64,
    drainer: Option<Drainer>,
    /// What of it is durable, and why nothing more is written.
    durable: Arc<Durable>,
    /// Held for as long as the store is open.
    _lock: File,
}

impl SqliteStore {
    /// Opens the store of a folder, bringing its schema forward.
    ///
    /// # Errors
    /// `store-missing`, `store-in-use`, `store-read-only`, `store-not-ours`, `store-newer`, `store-damaged` (also when
    /// the log does not hold what its last checkpoint promises), `store-full`, `store-failed`.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        folder::existing(folder)?;
        Self::open_checked(folder)
    }

    /// Opens the store of a folder, or makes one in a folder that is empty or does not exist.
    ///
    /// # Errors
    /// As [`SqliteStore::open`], save `store-missing`.
    pub fn open_or_create(folder: &Path) -> Result<Self, StoreError> {
        match folder::existing(folder) {
            Ok(_) => {}
            Err(StoreError::Missing(_)) => {
                fs::create_dir_all(folder).map_err(|error| StoreError::io(folder, &error))?;
            }
            Err(error) => return Err(error),
        }
        Self::open_checked(folder)
    }

    fn open_checked(folder: &Path) -> Result<Self, StoreError> {
        let lock = folder::lock(folder)?;
        let connection = folder::writing(folder)?;
        folder::sync_folder(folder)?;
        tail_is_whole(&connection, folder)?;
        let last = log::last(&connection, u64::MAX)?;
        let parties = parties::highest(&connection)?;
        let set_asides = live::last_set_aside(&connection)?;
        let durable = Arc::new(Durable::new(folder, last.0)?);
        let recent = Arc::new(Recent::of(&connection)?);
        recent.catch_up(&connection, last.0)?;
        let reads = SqliteReader::of_writer(connection, folder, Arc::clone(&recent));
        Ok(Self {
            reads,
            last,
            recent,
            sweep: Sweep::begin(last.0),
            parties,
            set_asides,
            drain_at: DRAIN_AT,
            undrained: 0,
            drainer: None,
            durable,
            _lock: lock,
        })
    }

    /// From now on the write-ahead log is written into the database on a thread of its own.
    ///
    /// # Errors
    /// `store-failed`.
    pub fn drain_aside(&mut self) -> Result<(), StoreError> {
        self.drainer = Some(Drainer::start(self.reads.folder(), Arc::clone(&self.durable))?);
        Ok(())
    }

    /// Counts a batch of so many rows against what the write-ahead log may hold.
    fn count_pages(&mut self, rows: u64) {
        let rows = i64::try_from(rows).unwrap_or(i64::MAX);
        self.undrained =
            self.undrained.saturating_add(PAGES_A_ROW.saturating_mul(rows)).saturating_add(PAGES_A_BATCH);
    }

    /// Sees to it that the write-ahead log does not grow without end.
    fn keep_log_short(&mut self) -> Result<(), StoreError> {
        let connection = self.reads.connection();
        let done = self.drainer.as_ref().is_some_and(Drainer::is_done);
        if !done && self.undrained < self.drain_at {
            return Ok(());
        }
        let pages = folder::wal_pages(connection)?;
        self.undrained = pages;
        match &self.drainer {
            Some(_) if done => folder::drain_wal(connection),
            // Where the thread cannot keep up, the writer has to wait.
            Some(drainer) if pages < self.drain_at * DRAIN_HERE => {
                if pages >= self.drain_at {
                    drainer.ask();
                }
                Ok(())
            }
            _ if pages >= self.drain_at => folder::drain_wal(connection),
            _ => Ok(()),
        }
    }

    /// Sets at how many pages (4 KiB each) the write-ahead log is written into the database. More: fewer, longer pauses.
    pub fn drain_at(&mut self, pages: u32) {
        self.drain_at = pages.into();
    }

    /// Sets how many keys of the newest rows are kept in memory before they come into the index; by default it goes by the
    /// length of the log. More: fewer pages are written, and more rows are looked at when the store is opened.
    pub fn let_keys_wait(&mut self, keys: u32) {
        self.sweep.let_wait(keys);
    }

    fn fail(&self, error: &StoreError) {
        self.durable.fail(error);
    }
}

/// Holds the end of the log against the last checkpoints of the file and of the database, and brings the file up to the
/// database where a process died between the two.
fn tail_is_whole(connection: &Connection, folder: &Path) -> Result<(), StoreError> {
    let in_database = log::last_checkpoint(connection)?;
    let file = checkpoints::read(folder)?;
    if file.is_none() && in_database.is_some() {
        let why = "the file is missing; if the log is known to be whole, put an empty file in its place";
        return Err(StoreError::damaged(folder::CHECKPOINTS_FILE, why));
    }
    let mut file = file.unwrap_or_default();
    for checkpoint in file.last().into_iter().chain(&in_database) {
        match log::row(connection, checkpoint.seq)? {
            _ if checkpoint.seq == 0 => {}
            Some(row) if row.hash == checkpoint.hash => {}
            Some(_) => {
                let why = format!("the checkpoint of {} holds another hash", checkpoint.at);
                return Err(StoreError::damaged(log::place(checkpoint.seq), why));
            }
            None => {
                let why = format!("the tail was cut: the checkpoint of {} holds this row", checkpoint.at);
                return Err(StoreError::damaged(log::place(checkpoint.seq), why));
            }
        }
    }
    file.extend(log::checkpoints(connection, file.last().map_or(0, |last| last.seq))?);
    checkpoints::replace(folder, &file)
}

impl Store for SqliteStore {
    type Batch<'a> = SqliteBatch<'a>;
    type Reader = SqliteReader;
    type Syncer = SqliteSyncer;

    fn begin(&mut self) -> Result<SqliteBatch<'_>, StoreError> {
        if let Some(error) = self.durable.failed() {
            return Err(error);
        }
        if let Err(error) = self.reads.connection().execute_batch("BEGIN IMMEDIATE").at(|| DATABASE.into()) {
            self.fail(&error);
            return Err(error);
        }
        let (last, parties, set_asides) = (self.last, self.parties, self.set_asides);
        Ok(SqliteBatch {
            store: self,
            last,
            fresh: Vec::new(),
            parties,
            set_asides,
            checkpoint: None,
            spoilt: None,
            open: true,
        })
    }

    fn reader(&self) -> Result<SqliteReader, StoreError> {
        SqliteReader::beside(self.reads.folder(), Arc::clone(&self.durable), Arc::clone(&self.recent))
    }

    fn syncer(&self) -> Result<SqliteSyncer, StoreError> {
        Ok(SqliteSyncer(Arc::clone(&self.durable)))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        if let Some(drainer) = self.drainer.take() {
            drainer.end();
        }
        // Readers that live on find everything in the database; an error changes nothing that was acknowledged.
        if self.durable.failed().is_none() {
            let _ = folder::drain_wal(self.reads.connection());
        }
    }
}

/// One batch of a [`SqliteStore`].
#[derive(Debug)]
pub struct SqliteBatch<'a> {
    store: &'a mut SqliteStore,
    last: (u64, Digest),
    /// Keys of the rows of this batch.
    fresh: Vec<Key>,
    parties: u32,
    set_asides: u64,
    checkpoint: Option<Checkpoint>,
    /// The first error of a write: the batch can only be dropped.
    spoilt: Option<StoreError>,
    open: bool,
}

impl SqliteBatch<'_> {
    /// Does one write. After the first that failed, SQLite may have rolled back already: then nothing more may be written,
    /// or the rest would be committed without it.
    fn write<T>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, StoreError>) -> Result<T, StoreError> {
        if let Some(error) = &self.spoilt {
            return Err(error.clone());
        }
        let result = work(self);
        if let Err(error) = &result
            && !matches!(error, StoreError::Refused(_))
        {
            self.store.fail(error);
            self.spoilt = Some(error.clone());
        }
        result
    }

    fn execute(
        &self,
        sql: &str,
        params: impl Params,
        place: impl FnOnce() -> String,
    ) -> Result<usize, StoreError> {
        statement(self.store.reads.connection(), sql)?.execute(params).at(place)
    }

    fn new_party(&mut self, role: u8, id: &str) -> Result<u32, StoreError> {
        if let Some(number) = parties::party_number(self.store.reads.connection(), role, id)? {
            return Ok(number);
        }
        let number = self
            .parties
            .checked_add(1)
            .ok_or_else(|| StoreError::Refused("a store holds at most 4294967295 parties".into()))?;
        let name = parties::name(role, id);
        self.execute(
            "INSERT INTO party (number, role, name, seal) VALUES (?1, ?2, ?3, ?4)",
            (number, role, &name, parties::party_seal(number, &name)),
            || format!("party {number}"),
        )?;
        self.parties = number;
        Ok(number)
    }

    fn add_postings(&mut self, subject: Subject, seqs: &[u64]) -> Result<(), StoreError> {
        let last = postings::last_chunk(self.store.reads.connection(), subject)?;
        let (mut number, mut bytes, mut before) = match last {
            Some(chunk) => (chunk.number, chunk.bytes, chunk.seqs.last().copied().unwrap_or(0)),
            None => (0, Vec::new(), 0),
        };
        let mut rest = seqs;
        while let Some((first, after)) = rest.split_first() {
            if bytes.len() >= postings::FULL_CHUNK {
                self.put_chunk(subject, number, &bytes)?;
                (number, before) = (number + 1, 0);
                bytes.clear();
            }
            postings::encode(&mut bytes, before, &[*first]);
            (before, rest) = (*first, after);
        }
        self.put_chunk(subject, number, &bytes)
    }

    fn put_chunk(&self, subject: Subject, chunk: u64, bytes: &[u8]) -> Result<(), StoreError> {
        let (table, identity) = postings::identity(subject, chunk);
        let bytes = sealed(table, &identity, bytes);
        let place = || postings::place(subject, chunk);
        match subject {
            Subject::Party(party) => {
                let sql = "INSERT OR REPLACE INTO party_posting (party, chunk, seqs) VALUES (?1, ?2, ?3)";
                self.execute(sql, (party, stored(chunk), bytes), place)?;
            }
            Subject::Order(order) => {
                let sql = "INSERT OR REPLACE INTO order_posting (order_key, chunk, seqs) VALUES (?1, ?2, ?3)";
                self.execute(sql, (order, stored(chunk), bytes), place)?;
            }
        }
        Ok(())
    }

    fn add_row(&mut self, key: Key, recorded_at: Timestamp, body: &[u8]) -> Result<Appended, StoreError> {
        if let Some(seq) = self.store.reads.find(&key)? {
            return Ok(Appended::Known(seq));
        }
        let seq = self.last.0 + 1;
        let hash = chain(&self.last.1, seq, recorded_at, &key, body);
        self.execute(
            "INSERT INTO log (seq, key, recorded_at, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)",
            (stored(seq), key, recorded_at.millis(), hash.0, body),
            || log::place(seq),
        )?;
        self.store.recent.add(key, seq);
        self.fresh.push(key);
        self.last = (seq, hash);
        Ok(Appended::Taken(seq))
    }

    fn add_catalogue(
        &mut self,
        version: CatalogueVersion,
        texts: &BTreeMap<&str, &str>,
    ) -> Result<bool, StoreError> {
        let known = catalogues::versions(self.store.reads.connection())?;
        if known.iter().any(|(known, _)| known.hash == version.hash) {
            return Ok(false);
        }
        let mut files = BTreeMap::new();
        for (path, text) in texts {
            let hash = Digest::of(&[text.as_bytes()]);
            let sql = "INSERT INTO catalogue_text (hash, text) VALUES (?1, ?2) ON CONFLICT (hash) DO NOTHING";
            self.execute(sql, (hash.0, text.as_bytes()), || format!("catalogue text {}", hash.short()))?;
            files.insert((*path).to_owned(), hash);
        }
        let number = known.len() as u64 + 1;
        let item = catalogues::encode(number, &version, &files);
        let sql = "INSERT INTO catalogue_version (number, item) VALUES (?1, ?2)";
        self.execute(sql, (stored(number), item), || format!("catalogue version {number}"))?;
        Ok(true)
    }

    /// Commits. True when as many batches as may be are not durable.
    fn end(&mut self) -> Result<bool, StoreError> {
        let rows = self.last.0 - self.store.last.0;
        let mut sweep = self.store.sweep;
        let portion = sweep.go_on(&self.store.recent, rows, self.last.0);
        self.write(|batch| portion.put(batch.store.reads.connection()))?;
        self.write(|batch| batch.execute("COMMIT", [], || DATABASE.into()).map(|_| ()))?;
        self.open = false;
        // Not before: a reader that no longer finds them here must find them in the index.
        self.store.recent.forget(portion.keys.iter().map(|(key, _)| key));
        self.store.sweep = sweep;
        self.store.last = self.last;
        self.store.parties = self.parties;
        self.store.set_asides = self.set_asides;
        self.store.count_pages(rows);
        Ok(self.store.durable.committed(self.last.0, self.checkpoint))
    }

    /// After the database has committed: what follows can no longer undo the batch, only stop the next one.
    fn look_after(&mut self) {
        if let Err(error) = self.after_commit() {
            self.store.fail(&error);
        }
    }

    fn after_commit(&mut self) -> Result<(), StoreError> {
        let store = &mut self.store;
        store.durable.mend_file(|| log::checkpoints(store.reads.connection(), 0))?;
        store.keep_log_short()
    }
}

impl Batch for SqliteBatch<'_> {
    type Reads = SqliteReader;

    fn reads(&mut self) -> &mut SqliteReader {
        &mut self.store.reads
    }

    fn append(&mut self, key: Key, recorded_at: Timestamp, body: &[u8]) -> Result<Appended, StoreError> {
        if body.len() > LONGEST_BODY {
            return Err(StoreError::Refused(format!("a body of {} bytes is longer than 16 MiB", body.len())));
        }
        self.write(|batch| batch.add_row(key, recorded_at, body))
    }

    fn party(&mut self, role: u8, id: &str) -> Result<u32, StoreError> {
        self.write(|batch| batch.new_party(role, id))
    }

    fn put_postings(&mut self, subject: Subject, seqs: &[u64]) -> Result<(), StoreError> {
        if seqs.is_empty() {
            return Ok(());
        }
        self.write(|batch| batch.add_postings(subject, seqs))
    }

    fn put_state(&mut self, party: u32, seq: u64, state: &[u8]) -> Result<(), StoreError> {
        self.write(|batch| {
            let bytes = sealed("state", &live::state_identity(party, seq), state);
            let sql = "INSERT OR REPLACE INTO state (party, seq, bytes) VALUES (?1, ?2, ?3)";
            batch.execute(sql, (party, stored(seq), bytes), || format!("state {party}")).map(|_| ())
        })
    }

    fn drop_state(&mut self, party: u32) -> Result<(), StoreError> {
        self.write(|batch| {
            let place = || format!("state {party}");
            batch.execute("DELETE FROM state WHERE party = ?1", [party], place).map(|_| ())
        })
    }

    fn put_open_order(&mut self, order: Key, due: Timestamp) -> Result<(), StoreError> {
        self.write(|batch| {
            let sql = "INSERT OR REPLACE INTO open_order (order_key, due, seal) VALUES (?1, ?2, ?3)";
            let params = (order, due.millis(), live::open_order_seal(&order, due));
            batch.execute(sql, params, || "open order".into()).map(|_| ())
        })
    }

    fn drop_open_order(&mut self, order: Key) -> Result<(), StoreError> {
        self.write(|batch| {
            let sql = "DELETE FROM open_order WHERE order_key = ?1";
            batch.execute(sql, [order], || "open order".into()).map(|_| ())
        })
    }

    fn put_record(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(|batch| {
            let bytes = sealed("record", name.as_bytes(), bytes);
            let sql = "INSERT OR REPLACE INTO record (name, bytes) VALUES (?1, ?2)";
            batch.execute(sql, (name, bytes), || format!("record {name}")).map(|_| ())
        })
    }

    fn drop_record(&mut self, name: &str) -> Result<(), StoreError> {
        self.write(|batch| {
            let place = || format!("record {name}");
            batch.execute("DELETE FROM record WHERE name = ?1", [name], place).map(|_| ())
        })
    }

    fn put_exposure(&mut self, piece: u64, bytes: &[u8]) -> Result<(), StoreError> {
        self.write(|batch| {
            let sql = "INSERT OR REPLACE INTO exposure (number, bytes) VALUES (?1, ?2)";
            let params = (stored(piece), pieces::encode(piece, bytes));
            batch.execute(sql, params, || pieces::place(piece)).map(|_| ())
        })
    }

    fn drop_exposure(&mut self, below: u64) -> Result<(), StoreError> {
        self.write(|batch| {
            let sql = "DELETE FROM exposure WHERE number < ?1";
            batch.execute(sql, [stored(below)], || "exposure".into()).map(|_| ())
        })
    }

    fn keep_catalogue(
        &mut self,
        version: CatalogueVersion,
        texts: &BTreeMap<&str, &str>,
    ) -> Result<bool, StoreError> {
        self.write(|batch| batch.add_catalogue(version, texts))
    }

    fn set_aside(&mut self, item: &SetAside) -> Result<(), StoreError> {
        let kept = item.content.get(..LONGEST_CONTENT).unwrap_or(&item.content);
        self.write(|batch| {
            let number = batch.set_asides + 1;
            let bytes = sealed("set_aside", &number.to_be_bytes(), &live::encode_set_aside(item, kept));
            let sql = "INSERT INTO set_aside (number, item) VALUES (?1, ?2)";
            batch.execute(sql, (stored(number), bytes), || format!("set aside {number}"))?;
            batch.set_asides = number;
            Ok(())
        })
    }

    fn drop_set_aside(&mut self, number: u64) -> Result<(), StoreError> {
        self.write(|batch| {
            let bytes = sealed("set_aside", &number.to_be_bytes(), &live::encode_set_aside_taken_out());
            let sql = "UPDATE set_aside SET item = ?2 WHERE number = ?1";
            batch.execute(sql, (stored(number), bytes), || format!("set aside {number}")).map(|_| ())
        })
    }

    fn checkpoint(&mut self, at: Timestamp) -> Result<Checkpoint, StoreError> {
        self.write(|batch| {
            let checkpoint = Checkpoint { seq: batch.last.0, hash: batch.last.1, at };
            let sql = "INSERT OR REPLACE INTO checkpoint (seq, hash, at, seal) VALUES (?1, ?2, ?3, ?4)";
            let seal = log::checkpoint_seal(&checkpoint);
            let params = (stored(checkpoint.seq), checkpoint.hash.0, at.millis(), seal);
            batch.execute(sql, params, || log::checkpoint_place(stored(checkpoint.seq)))?;
            batch.checkpoint = Some(checkpoint);
            Ok(checkpoint)
        })
    }

    fn commit(mut self) -> Result<(), StoreError> {
        self.end()?;
        self.store.durable.sync()?;
        self.look_after();
        Ok(())
    }

    fn hand_over(mut self) -> Result<(), StoreError> {
        if self.end()? {
            self.store.durable.sync()?;
        }
        self.look_after();
        Ok(())
    }
}

impl Drop for SqliteBatch<'_> {
    fn drop(&mut self) {
        if self.open {
            self.store.recent.forget(self.fresh.iter());
        }
        let connection = self.store.reads.connection();
        if self.open
            && !connection.is_autocommit()
            && let Err(error) = connection.execute_batch("ROLLBACK").at(|| DATABASE.into())
        {
            self.store.fail(&error);
        }
    }
}
