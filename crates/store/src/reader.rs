//! An independent read-only connection.

use crate::backup;
use crate::contract::{
    Broken, CatalogueVersion, Checkpoint, Key, LogRow, Progress, Reader, SetAside, Subject, Verified,
};
use crate::durable::Durable;
use crate::error::{AtPlace, DATABASE, StoreError};
use crate::folder;
use crate::reads::{catalogues, live, log, parties, pieces, postings, statement};
use crate::recent::{Keys, Recent, Tail};
use crate::verify;
use probity_primitives::{Digest, Timestamp};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads a store that SQLite keeps.
#[derive(Debug)]
pub struct SqliteReader {
    connection: Connection,
    folder: PathBuf,
    keys: Keys,
    /// Rows that are not durable yet are not there; `None` for the writer itself and for other processes.
    durable: Option<Arc<Durable>>,
}

impl SqliteReader {
    /// Opens the store of a folder for reading, beside a process that writes it or without one. Takes no lock, changes
    /// nothing, and does not hold the tail against the checkpoints: that is what an audit is for. A store that no newer
    /// release brought forward yet is read as it stands.
    ///
    /// # Errors
    /// `store-missing`, `store-not-ours`, `store-newer`, `store-older`, `store-damaged`, `store-failed`.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let keys = Keys::Alone(Tail::default());
        Ok(Self { connection: folder::reading(folder)?, folder: folder.to_owned(), keys, durable: None })
    }

    /// The reads of a connection that the writer owns.
    pub(crate) fn of_writer(connection: Connection, folder: &Path, recent: Arc<Recent>) -> Self {
        Self { connection, folder: folder.to_owned(), keys: Keys::Beside(recent), durable: None }
    }

    /// The same, beside the writer in its process.
    pub(crate) fn beside(
        folder: &Path,
        durable: Arc<Durable>,
        recent: Arc<Recent>,
    ) -> Result<Self, StoreError> {
        Ok(Self { durable: Some(durable), keys: Keys::Beside(recent), ..Self::open(folder)? })
    }

    /// The last row of the log that may be seen.
    fn upto(&self) -> u64 {
        self.durable.as_ref().map_or(u64::MAX, |durable| durable.row())
    }

    /// The connection, for the writer's own statements.
    pub(crate) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Reader for SqliteReader {
    fn row(&mut self, seq: u64) -> Result<Option<LogRow>, StoreError> {
        if seq > self.upto() { Ok(None) } else { log::row(&self.connection, seq) }
    }

    fn rows(&mut self, seqs: &[u64]) -> Result<Vec<LogRow>, StoreError> {
        if seqs.len() < 2 || !self.connection.is_autocommit() {
            return log::rows(&self.connection, seqs);
        }
        // One look at the database for all: each by itself would lock and unlock its file.
        statement(&self.connection, "BEGIN")?.execute([]).at(|| DATABASE.into())?;
        let rows = log::rows(&self.connection, seqs);
        let ended = statement(&self.connection, "COMMIT")?.execute([]).at(|| DATABASE.into());
        let rows = rows?;
        ended.map(|_| rows)
    }

    fn find(&mut self, key: &Key) -> Result<Option<u64>, StoreError> {
        let upto = self.upto();
        self.keys.find(&self.connection, key, upto)
    }

    fn range(&mut self, from_seq: u64, most: usize) -> Result<Vec<LogRow>, StoreError> {
        let left = self.upto().saturating_add(1).saturating_sub(from_seq.max(1));
        let most = most.min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 { Ok(Vec::new()) } else { log::range(&self.connection, from_seq, most) }
    }

    fn last(&mut self) -> Result<(u64, Digest), StoreError> {
        log::last(&self.connection, self.upto())
    }

    fn event_count(&mut self) -> Result<u64, StoreError> {
        // The log has no gaps; an audit would find one.
        Ok(log::end(&self.connection)?.min(self.upto()))
    }

    fn postings(&mut self, subject: Subject) -> Result<Vec<u64>, StoreError> {
        postings::postings(&self.connection, subject)
    }

    fn state(&mut self, party: u32) -> Result<Option<(u64, Vec<u8>)>, StoreError> {
        live::state(&self.connection, party)
    }

    fn party_number(&mut self, role: u8, id: &str) -> Result<Option<u32>, StoreError> {
        parties::party_number(&self.connection, role, id)
    }

    fn party_name(&mut self, number: u32) -> Result<Option<(u8, String)>, StoreError> {
        parties::party_name(&self.connection, number)
    }

    fn parties(
        &mut self,
        role: Option<u8>,
        after: u32,
        most: usize,
    ) -> Result<Vec<(u32, u8, String)>, StoreError> {
        parties::parties(&self.connection, role, after, most)
    }

    fn party_count(&mut self, role: Option<u8>) -> Result<u64, StoreError> {
        parties::party_count(&self.connection, role)
    }

    fn open_orders(
        &mut self,
        due_until: Timestamp,
        most: usize,
    ) -> Result<Vec<(Key, Timestamp)>, StoreError> {
        live::open_orders(&self.connection, due_until, most)
    }

    fn open_order(&mut self, order: &Key) -> Result<Option<Timestamp>, StoreError> {
        live::open_order(&self.connection, order)
    }

    fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError> {
        live::next_due(&self.connection)
    }

    fn exposure(&mut self, from: u64, most: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
        pieces::pieces(&self.connection, from, most)
    }

    fn record(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        live::record(&self.connection, name)
    }

    fn catalogue_versions(&mut self) -> Result<Vec<CatalogueVersion>, StoreError> {
        Ok(catalogues::versions(&self.connection)?.into_iter().map(|(version, _)| version).collect())
    }

    fn catalogue_texts(&mut self, hash: &Digest) -> Result<Option<BTreeMap<String, String>>, StoreError> {
        catalogues::texts(&self.connection, hash)
    }

    fn set_asides(&mut self, after: u64, most: usize) -> Result<Vec<(u64, SetAside)>, StoreError> {
        live::set_asides(&self.connection, after, most)
    }

    fn last_checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError> {
        log::last_checkpoint(&self.connection)
    }

    fn verify(&mut self, progress: Progress<'_>) -> Result<Verified, Broken> {
        verify::verify(&self.connection, &self.folder, progress)
    }

    fn backup(&mut self, to: &Path, progress: Progress<'_>) -> Result<(), StoreError> {
        backup::copy(&self.connection, &self.folder, to, progress)
    }
}
