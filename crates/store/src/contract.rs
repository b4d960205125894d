//! What a store promises, whatever keeps the bytes. Every implementation passes the suite in `conformance`.
//!
//! - The log is append-only and gap-free: sequence numbers run from 1. A key stands in it once.
//! - A batch is atomic; when `commit` returns, it survives a power cut. A batch that is dropped leaves no trace.
//! - What is read is what was written, or an error that names the row.

use crate::error::StoreError;
use probity_primitives::{Digest, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;

/// The identity of an event or an order: the first 16 bytes of a SHA-256.
pub type Key = [u8; 16];

/// The longest body of a row, in bytes: far beyond any event, low enough that one row cannot eat the memory.
pub const LONGEST_BODY: usize = 16 << 20;
/// How many bytes of a set-aside input are kept.
pub const LONGEST_CONTENT: usize = 64 << 10;

/// What postings lead from: to the rows of the log that concern it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A party by its number.
    Party(u32),
    /// An order by its key.
    Order(Key),
}

/// One row of the log, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Position in the log, from 1, without gaps.
    pub seq: u64,
    /// Identity; unique in the log.
    pub key: Key,
    /// When the log took it.
    pub recorded_at: Timestamp,
    /// Chain hash: SHA-256 over the hash before it, seq, recorded_at, key, length of the body, body.
    pub hash: Digest,
    /// What was appended.
    pub body: Vec<u8>,
}

/// The answer to an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Appended {
    /// New; it stands at this seq.
    Taken(u64),
    /// The key stands already at this seq; nothing was written.
    Known(u64),
}

/// What the log's tail was at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// The last row.
    pub seq: u64,
    /// Its chain hash.
    pub hash: Digest,
    /// When the checkpoint was made.
    pub at: Timestamp,
}

/// A catalogue that was in force. Its files are kept with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CatalogueVersion {
    /// The hash that scores carry.
    pub hash: Digest,
    /// When the store was first opened under it.
    pub first_used: Timestamp,
}

/// An input that could not be taken, kept so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAside {
    /// Where it came from: a file name, an endpoint.
    pub source: String,
    /// Line or item in the source, from 1; 0 when the whole is meant.
    pub line: u64,
    /// Code of the refusal.
    pub code: String,
    /// The refusal in words.
    pub reason: String,
    /// The input; at most [`LONGEST_CONTENT`] bytes of it are kept.
    pub content: Vec<u8>,
    /// When it was set aside.
    pub at: Timestamp,
}

/// The result of an audit that found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// Rows of the log.
    pub rows: u64,
    /// Chain hash of the last row.
    pub hash: Digest,
    /// Checkpoints that were compared with the log.
    pub checkpoints: u64,
    /// Rows of everything else.
    pub derived: u64,
}

/// The first thing that an audit found broken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// A row's content or hash is not what was written.
    #[error("row {seq} of the log was changed: {why}")]
    Changed {
        /// The row.
        seq: u64,
        /// What does not fit.
        why: String,
    },
    /// A row is gone although later rows exist.
    #[error("row {seq} of the log is missing")]
    Missing {
        /// The row.
        seq: u64,
    },
    /// A row stands where another one stood.
    #[error("row {seq} of the log stands at row {found_at}: the log was reordered")]
    Reordered {
        /// The first row that stands elsewhere.
        seq: u64,
        /// Where it stands now.
        found_at: u64,
    },
    /// The log ends before the last checkpoint.
    #[error("the log ends at row {last}, but a checkpoint of {at} holds row {seq}: the tail was cut")]
    TailCut {
        /// The last row that is there.
        last: u64,
        /// The row of the checkpoint.
        seq: u64,
        /// When the checkpoint was made.
        at: Timestamp,
    },
    /// A row other than the log's, or the file's own structure.
    #[error("{place} is damaged: {why}")]
    Elsewhere {
        /// Table and row, or `database`, or `checkpoints`.
        place: String,
        /// What does not fit.
        why: String,
    },
    /// The audit could not be finished.
    #[error("{0}")]
    Unread(StoreError),
}

impl From<StoreError> for Broken {
    /// Damage met while reading is a finding; that something could not be read at all stays an error.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Damaged { place, why } => Self::Elsewhere { place, why },
            other => Self::Unread(other),
        }
    }
}

impl From<Broken> for StoreError {
    fn from(broken: Broken) -> Self {
        let why = broken.to_string();
        match broken {
            Broken::Changed { seq, .. } | Broken::Missing { seq } | Broken::Reordered { seq, .. } => {
                Self::damaged(format!("log {seq}"), why)
            }
            Broken::TailCut { seq, .. } => Self::damaged(format!("log {seq}"), why),
            Broken::Elsewhere { place, why } => Self::Damaged { place, why },
            Broken::Unread(error) => error,
        }
    }
}

/// Told of long work: how much is done, of how much.
pub type Progress<'p> = &'p mut dyn FnMut(u64, u64);

/// The one writer of a store.
pub trait Store {
    /// Its batches.
    type Batch<'a>: Batch
    where
        Self: 'a;
    /// Its independent readers.
    type Reader: Reader + Send + 'static;
    /// What makes batches durable that were handed over.
    type Syncer: Syncer + 'static;

    /// Begins a batch.
    ///
    /// # Errors
    /// `store-failed` when the disk failed earlier: then the store must be opened again.
    fn begin(&mut self) -> Result<Self::Batch<'_>, StoreError>;

    /// An independent read-only connection that sees what is durable of the log.
    ///
    /// # Errors
    /// `store-failed`, `store-damaged`.
    fn reader(&self) -> Result<Self::Reader, StoreError>;

    /// What waits, on any thread, until batches that were handed over are durable.
    ///
    /// # Errors
    /// `store-failed`.
    fn syncer(&self) -> Result<Self::Syncer, StoreError>;

    /// Copies the store as it stands into a new or empty folder. A reader does the same from another thread.
    ///
    /// # Errors
    /// As [`Reader::backup`].
    fn backup(&self, to: &Path, progress: Progress<'_>) -> Result<(), StoreError> {
        self.reader()?.backup(to, progress)
    }
}

/// One atomic change. Dropped without commit, it leaves no trace.
///
/// Every method fails with `store-full` (the whole batch is lost, the store goes on when there is room), `store-failed`
/// (nothing more is written until the store is opened again) or `store-damaged`.
#[expect(clippy::missing_errors_doc, reason = "the three errors are those of the trait's own page")]
pub trait Batch {
    /// Reads inside the batch.
    type Reads: Reader;

    /// Reads that see what this batch wrote so far.
    fn reads(&mut self) -> &mut Self::Reads;

    /// Appends a row unless its key stands in the log already. The seq and the chain hash are given here.
    fn append(&mut self, key: Key, recorded_at: Timestamp, body: &[u8]) -> Result<Appended, StoreError>;

    /// The number of a party, given now when the party is new.
    fn party(&mut self, role: u8, id: &str) -> Result<u32, StoreError>;

    /// Adds rows to the postings of a subject. Any order; what stands there already may be named again.
    fn put_postings(&mut self, subject: Subject, seqs: &[u64]) -> Result<(), StoreError>;

    /// Puts the state of a party as of row `seq` in place of an earlier one.
    fn put_state(&mut self, party: u32, seq: u64, state: &[u8]) -> Result<(), StoreError>;

    /// Forgets the state of a party.
    fn drop_state(&mut self, party: u32) -> Result<(), StoreError>;

    /// Notes when an order's next timer falls due, in place of an earlier moment.
    fn put_open_order(&mut self, order: Key, due: Timestamp) -> Result<(), StoreError>;

    /// Forgets the timer of an order.
    fn drop_open_order(&mut self, order: Key) -> Result<(), StoreError>;

    /// Puts a named record in place of an earlier one.
    fn put_record(&mut self, name: &str, bytes: &[u8]) -> Result<(), StoreError>;

    /// Forgets a named record.
    fn drop_record(&mut self, name: &str) -> Result<(), StoreError>;

    /// Puts a piece of what is open and held: behind the last one, or in its place.
    fn put_exposure(&mut self, piece: u64, bytes: &[u8]) -> Result<(), StoreError>;

    /// Forgets the pieces of what is open and held below a number.
    fn drop_exposure(&mut self, below: u64) -> Result<(), StoreError>;

    /// Keeps the files of a catalogue (path and text) under its hash; does nothing when it is kept already. Says whether it
    /// was new.
    fn keep_catalogue(
        &mut self,
        version: CatalogueVersion,
        texts: &BTreeMap<&str, &str>,
    ) -> Result<bool, StoreError>;

    /// Keeps an input that could not be taken.
    fn set_aside(&mut self, item: &SetAside) -> Result<(), StoreError>;

    /// Takes out a set-aside input that was dealt with: its place stays taken and empty, nothing of it is kept.
    fn drop_set_aside(&mut self, number: u64) -> Result<(), StoreError>;

    /// Makes a checkpoint of the log as it stands in this batch; once that is durable, an audit will hold the log against it.
    fn checkpoint(&mut self, at: Timestamp) -> Result<Checkpoint, StoreError>;

    /// Makes the batch durable, and all that were handed over before it: it is on disk when this returns.
    fn commit(self) -> Result<(), StoreError>;

    /// Commits the batch and leaves it to a [`Syncer`] to make it durable, while the next one is written. Until then readers
    /// do not see its rows of the log, and a power cut may take it, with those after it. At most [`HANDED_OVER`] batches can
    /// be underway like that; one more is made durable here.
    fn hand_over(self) -> Result<(), StoreError>;
}

/// Batches at most that are committed and not durable yet.
pub const HANDED_OVER: u64 = 1;

/// Makes batches durable that were handed over.
pub trait Syncer: Send {
    /// Makes all batches durable that were handed over before the call. After a failure nobody can know what is on disk, and
    /// nothing more is written until the store is opened again.
    ///
    /// # Errors
    /// `store-failed`.
    fn sync(&self) -> Result<(), StoreError>;
}

/// Reads; each answer was checked against its hash or checksum.
///
/// Every method fails with `store-damaged` (naming the row) or `store-failed`.
#[expect(clippy::missing_errors_doc, reason = "the two errors are those of the trait's own page")]
pub trait Reader {
    /// The row at `seq`; none beyond the end.
    fn row(&mut self, seq: u64) -> Result<Option<LogRow>, StoreError>;

    /// The rows at these seqs, in the order asked for. A seq that is not in the log is damage: postings lead nowhere else.
    fn rows(&mut self, seqs: &[u64]) -> Result<Vec<LogRow>, StoreError>;

    /// Where a key stands.
    fn find(&mut self, key: &Key) -> Result<Option<u64>, StoreError>;

    /// Up to `most` rows from `from_seq` on.
    fn range(&mut self, from_seq: u64, most: usize) -> Result<Vec<LogRow>, StoreError>;

    /// Seq and hash of the last row; 0 and [`Digest::ZERO`] of an empty log.
    fn last(&mut self) -> Result<(u64, Digest), StoreError>;

    /// How many rows the log has.
    fn event_count(&mut self) -> Result<u64, StoreError>;

    /// The rows that concern a subject, ascending, each once.
    fn postings(&mut self, subject: Subject) -> Result<Vec<u64>, StoreError>;

    /// The state of a party and the row as of which it stands.
    fn state(&mut self, party: u32) -> Result<Option<(u64, Vec<u8>)>, StoreError>;

    /// The number of a party.
    fn party_number(&mut self, role: u8, id: &str) -> Result<Option<u32>, StoreError>;

    /// Role and id of the party of a number.
    fn party_name(&mut self, number: u32) -> Result<Option<(u8, String)>, StoreError>;

    /// Up to `most` parties (number, role, id) with numbers above `after`, ascending; of one role or of all.
    fn parties(
        &mut self,
        role: Option<u8>,
        after: u32,
        most: usize,
    ) -> Result<Vec<(u32, u8, String)>, StoreError>;

    /// How many parties there are; of one role or of all.
    fn party_count(&mut self, role: Option<u8>) -> Result<u64, StoreError>;

    /// Up to `most` orders whose timer falls due by `due_until`, the earliest first.
    fn open_orders(&mut self, due_until: Timestamp, most: usize)
    -> Result<Vec<(Key, Timestamp)>, StoreError>;

    /// When the timer of one order falls due.
    fn open_order(&mut self, order: &Key) -> Result<Option<Timestamp>, StoreError>;

    /// When the next timer falls due.
    fn next_due(&mut self) -> Result<Option<Timestamp>, StoreError>;

    /// Up to `most` pieces of what is open and held from a number on, ascending; one that is missing among them is damage.
    fn exposure(&mut self, from: u64, most: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError>;

    /// A named record.
    fn record(&mut self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// The catalogues that were ever in force, the first used first.
    fn catalogue_versions(&mut self) -> Result<Vec<CatalogueVersion>, StoreError>;

    /// The files of a kept catalogue: path and text.
    fn catalogue_texts(&mut self, hash: &Digest) -> Result<Option<BTreeMap<String, String>>, StoreError>;

    /// Up to `most` set-aside inputs with numbers above `after`, ascending; those that were taken out are left out.
    fn set_asides(&mut self, after: u64, most: usize) -> Result<Vec<(u64, SetAside)>, StoreError>;

    /// The last checkpoint.
    fn last_checkpoint(&mut self) -> Result<Option<Checkpoint>, StoreError>;

    /// Audits the whole store and names the first thing broken. `progress` counts rows of the log.
    fn verify(&mut self, progress: Progress<'_>) -> Result<Verified, Broken>;

    /// Copies the store as it stands into a new or empty folder while others read and write.
    fn backup(&mut self, to: &Path, progress: Progress<'_>) -> Result<(), StoreError>;
}
