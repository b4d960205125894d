//! Keys of the newest rows, which the index of keys does not hold yet, and the order in which they come into it.
//!
//! Keys are in no order. In an index that takes each with its row, every row changes a page of its own, which is then written
//! twice: into the write-ahead log and into the database. So they gather here, sorted, and a sweep takes them into the index
//! from the lowest to the highest, as many with each batch as come in with it: those that it takes are neighbours there, and
//! several share a page.

use crate::contract::Key;
use crate::error::{AtPlace, DATABASE, StoreError};
use crate::reads::{keys, log, statement, stored};
use rusqlite::Connection;
use std::collections::{BTreeMap, HashMap};
use std::ops::Bound;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Of so many rows of the log the key of one waits. A page of the index holds some 110 keys, and a sweep meets twice as many
/// as wait: so it takes seven at once from a page.
const ROWS_A_KEY: u64 = 32;
/// Keys that wait at least: a small index has few pages. And at most: of four times as many rows the keys are read when a
/// store is opened.
const WAITING: std::ops::RangeInclusive<u64> = 4_096..=131_072;
/// Times as many that may wait when a store is opened; of more, a sweep was never finished, and all come into the index at once.
const BEHIND: u64 = 4;
/// Keys that a batch takes into the index beyond two for each of its rows, when more wait than should.
const MORE: u64 = 64;

/// The keys that wait, for the writer and its readers. Theirs is the newest state, durable or not.
#[derive(Debug, Default)]
pub(crate) struct Recent(RwLock<BTreeMap<Key, u64>>);

impl Recent {
    /// Those that the index of a store lacks.
    pub(crate) fn of(connection: &Connection) -> Result<Self, StoreError> {
        let mut all = Vec::new();
        keys::after(connection, keys::complete_to(connection)?, |key, seq| all.push((key, seq)))?;
        Ok(Self(RwLock::new(all.into_iter().collect())))
    }

    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<Key, u64>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<Key, u64>> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn add(&self, key: Key, seq: u64) {
        self.write().insert(key, seq);
    }

    pub(crate) fn forget<'k>(&self, keys: impl Iterator<Item = &'k Key>) {
        let mut all = self.write();
        for key in keys {
            all.remove(key);
        }
    }

    /// Takes all keys into the index where too many wait: a store that is opened again and again may never come to the end
    /// of a sweep.
    pub(crate) fn catch_up(&self, connection: &Connection, row: u64) -> Result<(), StoreError> {
        if self.len() <= BEHIND * waiting(row) {
            return Ok(());
        }
        let keys: Vec<(Key, u64)> = self.read().iter().map(|(key, seq)| (*key, *seq)).collect();
        let portion = Portion { keys, complete_to: Some(row) };
        statement(connection, "BEGIN IMMEDIATE")?.execute([]).at(|| DATABASE.into())?;
        let put = portion.put(connection).and_then(|()| {
            statement(connection, "COMMIT")?.execute([]).at(|| DATABASE.into())?;
            self.write().clear();
            Ok(())
        });
        if put.is_err() && !connection.is_autocommit() {
            statement(connection, "ROLLBACK")?.execute([]).at(|| DATABASE.into())?;
        }
        match put {
            // They wait on; whoever wants to write will hear of it.
            Err(StoreError::Full(_)) => Ok(()),
            other => other,
        }
    }

    fn len(&self) -> u64 {
        self.read().len() as u64
    }

    fn find(&self, key: &Key) -> Option<u64> {
        self.read().get(key).copied()
    }
}

/// Of a log that ends at a row, how many keys wait.
fn waiting(row: u64) -> u64 {
    (row / ROWS_A_KEY).clamp(*WAITING.start(), *WAITING.end())
}

/// Where a sweep stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sweep {
    /// The last key that it took.
    last: Option<Key>,
    /// The last row of the log when it began: at its end the index holds the keys up to that row.
    began_at: u64,
    /// How many keys wait, where not by the size of the log.
    waiting: Option<u32>,
}

/// What comes into the index with a batch.
#[derive(Debug, Default)]
pub(crate) struct Portion {
    pub(crate) keys: Vec<(Key, u64)>,
    /// The row up to which the index lacks nothing then, when that is another one.
    pub(crate) complete_to: Option<u64>,
}

impl Portion {
    /// Takes it into the index.
    pub(crate) fn put(&self, connection: &Connection) -> Result<(), StoreError> {
        for (key, seq) in &self.keys {
            // After a start, some of those that wait may be there already.
            let sql = "INSERT INTO log_key (key, seq) VALUES (?1, ?2) ON CONFLICT (key) DO NOTHING";
            statement(connection, sql)?.execute((key, stored(*seq))).at(keys::place)?;
        }
        if let Some(seq) = self.complete_to {
            let sql = "UPDATE log_keyed SET seq = ?1, again = ~?1";
            statement(connection, sql)?.execute([stored(seq)]).at(keys::place)?;
        }
        Ok(())
    }
}

impl Sweep {
    /// One that begins when the log ends at a row.
    pub(crate) fn begin(row: u64) -> Self {
        Self { last: None, began_at: row, waiting: None }
    }

    /// Sets how many keys wait.
    pub(crate) fn let_wait(&mut self, keys: u32) {
        self.waiting = Some(keys);
    }

    /// Goes on, with a batch of so many rows after which the log ends at `row`.
    pub(crate) fn go_on(&mut self, recent: &Recent, rows: u64, row: u64) -> Portion {
        let waiting = self.waiting.map_or_else(|| waiting(row), u64::from);
        let most = recent.len().saturating_sub(waiting).min(2 * rows + MORE);
        let most = usize::try_from(most).unwrap_or(usize::MAX);
        if most == 0 {
            return Portion::default();
        }
        let from = (self.last.map_or(Bound::Unbounded, Bound::Excluded), Bound::Unbounded);
        let keys: Vec<(Key, u64)> =
            recent.read().range(from).take(most).map(|(key, seq)| (*key, *seq)).collect();
        self.last = keys.last().map(|(key, _)| *key);
        let complete_to = (keys.len() < most).then_some(self.began_at);
        if complete_to.is_some() {
            *self = Self { waiting: self.waiting, ..Self::begin(row) };
        }
        Portion { keys, complete_to }
    }
}

/// How a connection finds keys.
#[derive(Debug)]
pub(crate) enum Keys {
    /// With those that wait in the writer's memory.
    Beside(Arc<Recent>),
    /// Outside the writer's process, or without one: with those that it reads from the log.
    Alone(Tail),
}

/// The keys of the end of the log, as far as they were looked at.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    keys: HashMap<Key, u64>,
    /// The last row whose key is here.
    row: u64,
}

impl Keys {
    /// Where a key stands, if up to a row. The row there was read, and says the same.
    pub(crate) fn find(
        &mut self,
        connection: &Connection,
        key: &Key,
        upto: u64,
    ) -> Result<Option<u64>, StoreError> {
        let found = match self {
            // In this order: a key leaves the memory only when the index that has it is committed.
            Self::Beside(recent) => match recent.find(key) {
                Some(seq) => Some(seq),
                None => keys::indexed(connection, key)?,
            },
            Self::Alone(tail) => tail.find(connection, key)?,
        };
        let Some(seq) = found.filter(|seq| *seq <= upto) else { return Ok(None) };
        // The answer came from the index alone: the row itself must say the same.
        match log::row(connection, seq)? {
            Some(row) if row.key == *key => Ok(Some(seq)),
            _ => Err(StoreError::damaged(keys::place(), format!("row {seq} has another key than they say"))),
        }
    }
}

impl Tail {
    fn find(&mut self, connection: &Connection, key: &Key) -> Result<Option<u64>, StoreError> {
        if !keys::are_apart(connection)? {
            return keys::indexed_by_log(connection, key);
        }
        // Between a look at the index and one at the log, a key may go from one into the other.
        let own_snapshot = connection.is_autocommit();
        if own_snapshot {
            statement(connection, "BEGIN")?.execute([]).at(|| DATABASE.into())?;
        }
        let found = self.look(connection, key);
        if own_snapshot {
            statement(connection, "COMMIT")?.execute([]).at(|| DATABASE.into())?;
        }
        found
    }

    fn look(&mut self, connection: &Connection, key: &Key) -> Result<Option<u64>, StoreError> {
        if let Some(seq) = keys::indexed(connection, key)? {
            return Ok(Some(seq));
        }
        let complete_to = keys::complete_to(connection)?;
        if self.row < complete_to {
            // All of it, or most, is in the index by now.
            self.keys.retain(|_, seq| *seq > complete_to);
            self.row = complete_to;
        }
        let Self { keys: tail, row } = self;
        keys::after(connection, *row, |key, seq| {
            tail.insert(key, seq);
            *row = seq;
        })?;
        Ok(tail.get(key).copied())
    }
}
