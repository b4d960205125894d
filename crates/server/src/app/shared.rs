//! What the keeper and the readers share: states of parties, platform sums, postings not yet in the store.

use super::due::OnRecord;
use super::error::AppError;
use super::party::Hot;
use super::readers::{Length, Readers};
use super::snapshot::Kept;
use super::trial::{DecisionCounts, Trials};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Codec, Event};
use probity_credit::indicator::{Platform, Priors};
use probity_primitives::{Problem, Timestamp};
use probity_store::{LogRow, Reader, SqliteReader, Subject};
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Parties are spread over this many locks.
pub(super) const SHARDS: usize = 64;

/// Party states in memory weigh at most about this much, in bytes, before some are let go.
pub(super) const HEAVIEST: usize = 1 << 30;

/// Shared by the keeper and all readers.
pub(super) struct Shared {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) codec: Codec,
    shards: Vec<Mutex<HashMap<u32, Hot>>>,
    platform: Mutex<Platform>,
    fresh: Mutex<HashMap<Subject, Vec<u64>>>,
    /// Parties whose states are to be stored, the longest listed first.
    to_be_stored: Mutex<VecDeque<u32>>,
    pub(super) readers: Readers,
    pub(super) kept: Kept,
    /// The newest `known_at` of an event from outside.
    pub(super) latest: AtomicI64,
    /// Events in the log.
    pub(super) events: AtomicU64,
    /// The last row of the log that is durable and that states know of, or are about to.
    pub(super) durable: AtomicU64,
    /// Held while states take in what became durable, so that nobody decides half-way.
    pub(super) applying: Mutex<()>,
    /// The last row of the log at the last checkpoint.
    pub(super) checkpointed: AtomicU64,
    /// Moment of the next timer, in milliseconds.
    pub(super) next_due: AtomicI64,
    /// Moment at which the next sanction ends by itself, in milliseconds; the earliest one when nobody looked yet.
    pub(super) next_ending: AtomicI64,
    /// Held while the course of a sanction goes on: what is checked must still hold when it is written.
    pub(super) sanctioning: Mutex<()>,
    /// Values that could not be computed while events were taken in.
    pub(super) faults: AtomicU64,
    /// What challengers said and did.
    pub(super) trials: Mutex<Trials>,
    /// Decisions since the process began.
    pub(super) decisions: DecisionCounts,
    /// Up to when scores are on record.
    pub(super) on_record: Mutex<OnRecord>,
    /// Held while scores are put on record: one does it at a time.
    pub(super) recording: Mutex<()>,
    /// What takes long and can be taken up again at the next start is broken off.
    pub(super) stopping: AtomicBool,
}

/// Takes a lock whatever became of its last holder: what it guards is rebuilt from the log when in doubt.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared {
    pub(super) fn new(catalogue: Arc<Catalogue>, codec: Codec, readers: Vec<SqliteReader>) -> Self {
        Self {
            catalogue,
            codec,
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            platform: Mutex::default(),
            fresh: Mutex::default(),
            to_be_stored: Mutex::default(),
            readers: Readers::new(readers),
            kept: Kept::default(),
            latest: AtomicI64::new(i64::MIN),
            events: AtomicU64::new(0),
            durable: AtomicU64::new(u64::MAX),
            applying: Mutex::default(),
            checkpointed: AtomicU64::new(0),
            next_due: AtomicI64::new(i64::MAX),
            next_ending: AtomicI64::new(i64::MIN),
            sanctioning: Mutex::default(),
            faults: AtomicU64::new(0),
            trials: Mutex::default(),
            decisions: DecisionCounts::default(),
            on_record: Mutex::default(),
            recording: Mutex::default(),
            stopping: AtomicBool::new(false),
        }
    }

    pub(super) fn shard(&self, number: u32) -> MutexGuard<'_, HashMap<u32, Hot>> {
        self.shard_at(number as usize)
    }

    /// The shard of a place, counted round and round.
    #[expect(clippy::indexing_slicing, reason = "the remainder is below the number of shards")]
    pub(super) fn shard_at(&self, place: usize) -> MutexGuard<'_, HashMap<u32, Hot>> {
        lock(&self.shards[place % SHARDS])
    }

    pub(super) fn platform(&self) -> MutexGuard<'_, Platform> {
        lock(&self.platform)
    }

    pub(super) fn fresh(&self) -> MutexGuard<'_, HashMap<Subject, Vec<u64>>> {
        lock(&self.fresh)
    }

    /// Parties whose states are to be stored. Taken after a shard, never before one.
    pub(super) fn to_be_stored(&self) -> MutexGuard<'_, VecDeque<u32>> {
        lock(&self.to_be_stored)
    }

    /// A party's state changed, or came into memory.
    pub(super) fn changed(&self, number: u32, hot: &mut Hot) {
        if hot.is_to_be_listed() {
            self.to_be_stored().push_back(number);
        }
    }

    /// The platform's values that hold at a moment.
    pub(super) fn priors(&self, at: Timestamp) -> Arc<Priors> {
        self.platform().priors(&self.catalogue.plan, at)
    }

    pub(super) fn latest(&self) -> Option<Timestamp> {
        Some(self.latest.load(Ordering::Acquire))
            .filter(|millis| *millis != i64::MIN)
            .map(Timestamp::from_millis)
    }

    /// Runs a short read on a connection of its own.
    pub(super) fn read<T>(
        &self,
        work: impl FnOnce(&mut SqliteReader) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        self.readers.read(Length::Short, work)
    }

    /// Closes the readers' connections; nothing is read after that.
    pub(super) fn close_readers(&self) {
        self.readers.close();
    }

    /// All durable rows about a subject.
    pub(super) fn postings(&self, reader: &mut impl Reader, subject: Subject) -> Result<Vec<u64>, AppError> {
        let durable = self.durable.load(Ordering::Acquire);
        let mut seqs = self.postings_so_far(reader, subject)?;
        seqs.truncate(seqs.partition_point(|seq| *seq <= durable));
        Ok(seqs)
    }

    /// All rows about a subject, for the keeper: what the store has, and what was not yet written there.
    pub(super) fn postings_so_far(
        &self,
        reader: &mut impl Reader,
        subject: Subject,
    ) -> Result<Vec<u64>, AppError> {
        let fresh = self.fresh().get(&subject).cloned().unwrap_or_default();
        let mut seqs = reader.postings(subject)?;
        seqs.extend(fresh);
        seqs.sort_unstable();
        seqs.dedup();
        Ok(seqs)
    }

    /// The event of a row.
    pub(super) fn decode(&self, row: &LogRow) -> Result<Event, AppError> {
        self.codec.decode(&self.catalogue.vocabulary, &row.body).map_err(|problem: Problem| {
            AppError::new(super::error::Class::Internal, problem.at(format!("log row {}", row.seq)))
        })
    }

    /// The events of some rows, with their seqs; without those that a catalogue of the past passes over.
    pub(super) fn events_at(
        &self,
        reader: &mut impl Reader,
        seqs: &[u64],
    ) -> Result<Vec<(u64, Event)>, AppError> {
        let rows = reader.rows(seqs)?;
        let known = rows.iter().filter(|row| !self.codec.passes_over(&row.body));
        known.map(|row| Ok((row.seq, self.decode(row)?))).collect()
    }

    /// What the states of a shard weigh. Where all weigh too much, half of them are let go first: postings lead to all that is
    /// not stored. Which ones does not matter, they come back when asked for; but those that are to be stored stay.
    pub(super) fn weigh(&self, shard: usize, too_much: bool) -> usize {
        let mut shard = self.shard_at(shard);
        if too_much {
            let mut keep = true;
            shard.retain(|_, hot| {
                keep = !keep;
                keep || hot.is_to_be_stored()
            });
        }
        shard.values().map(Hot::weight).sum()
    }
}
