//! The one thread that writes. It takes what was sent in groups: appended, the orders' facts derived, committed with one
//! synchronisation; then applied to the parties' states, then acknowledged.

use super::clock::Clock;
use super::error::AppError;
use super::orders::Orders;
use super::party::{Hot, THIN};
use super::prepare::Prepared;
use super::shared::Shared;
use super::taking::{Step, Taking};
use probity_credit::event::Role;
use probity_credit::order::DERIVED_SOURCE;
use probity_expression::Faults;
use probity_primitives::wire::{Reader as WireReader, WireError, Writer};
use probity_primitives::{ExternalId, Problem, Timestamp};
use probity_store::{Batch, Key, SetAside, SqliteStore, Store, Subject};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::{mpsc, oneshot};

/// Events taken into one commit at most.
const LARGEST_GROUP: usize = 8_192;
/// Rows after which a checkpoint is made.
const CHECKPOINT_EVERY: u64 = 50_000;
/// Orders settled in one commit at most.
const SETTLED_AT_ONCE: usize = 2_000;
/// Party numbers remembered at most.
const MOST_NUMBERS: usize = 1_000_000;

/// What became of one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// In the log, at this row.
    Taken(u64),
    /// The same was there already, at this row.
    Duplicate(u64),
    /// The id stands for something else, at this row; what was sent was set aside.
    Conflict(u64, Problem),
}

/// When timers that fell due are let go off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Soon, or before the next read: events are told as they happen.
    Soon,
    /// At the end: a whole history comes in, in any order.
    Later,
}

pub(super) type Reply<T> = oneshot::Sender<Result<T, AppError>>;

/// What the keeper is asked to do.
pub(super) enum Command {
    Take { items: Vec<Prepared>, settling: Settling, reply: Reply<Vec<Outcome>> },
    SetAside { items: Vec<SetAside>, reply: Reply<()> },
    Settle { now: Timestamp, reply: Reply<u64> },
    Checkpoint { reply: Reply<()> },
}

/// The writer and everything only it knows.
pub(super) struct Keeper {
    store: SqliteStore,
    shared: Arc<Shared>,
    clock: Clock,
    orders: Orders,
    numbers: HashMap<(Role, ExternalId), u32>,
    /// Targets of marks that came before them.
    awaited: BTreeSet<Key>,
    last_recorded: Timestamp,
    /// The highest party number given.
    highest: u32,
    since_checkpoint: u64,
    /// Timers wait: a history is coming in.
    settle_later: bool,
}

impl Keeper {
    pub(super) fn new(store: SqliteStore, shared: Arc<Shared>, clock: Clock) -> Self {
        Self {
            store,
            shared,
            clock,
            orders: Orders::default(),
            numbers: HashMap::new(),
            awaited: BTreeSet::new(),
            last_recorded: Timestamp::EARLIEST,
            highest: 0,
            since_checkpoint: 0,
            settle_later: false,
        }
    }

    /// Works until all senders are gone, then makes a last checkpoint.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut group = vec![first];
            let size =
                |command: &Command| if let Command::Take { items, .. } = command { items.len() } else { 0 };
            let mut events = group.iter().map(size).sum::<usize>();
            while events < LARGEST_GROUP
                && let Ok(command) = commands.try_recv()
            {
                events += size(&command);
                group.push(command);
            }
            self.serve(group);
        }
        if self.since_checkpoint > 0
            && let Err(error) = self.checkpoint()
        {
            tracing::error!(%error, "the last checkpoint could not be made; the log's tail is replayed at the next start");
        }
        // The last connection to close folds the write-ahead log into the database; it must be the one that may write.
        self.shared.close_readers();
    }

    fn serve(&mut self, group: Vec<Command>) {
        let mut takes = Vec::new();
        let mut others = Vec::new();
        for command in group {
            match command {
                Command::Take { items, settling, reply } => {
                    self.settle_later = settling == Settling::Later;
                    takes.push((items, reply));
                }
                other => others.push(other),
            }
        }
        if !takes.is_empty() {
            let (items, replies): (Vec<_>, Vec<_>) = takes.into_iter().unzip();
            match self.take(items) {
                Ok(outcomes) => replies
                    .into_iter()
                    .zip(outcomes)
                    .for_each(|(reply, outcomes)| drop(reply.send(Ok(outcomes)))),
                Err(error) => replies.into_iter().for_each(|reply| drop(reply.send(Err(error.clone())))),
            }
        }
        for command in others {
            match command {
                Command::Settle { now, reply } => drop(reply.send(self.settle(now))),
                Command::Checkpoint { reply } => drop(reply.send(self.checkpoint())),
                Command::SetAside { items, reply } => drop(reply.send(self.set_aside(&items))),
                Command::Take { .. } => {}
            }
        }
        if self.since_checkpoint >= CHECKPOINT_EVERY
            && let Err(error) = self.checkpoint()
        {
            tracing::error!(%error, "a checkpoint could not be made; it is tried again later");
        }
    }

    /// Never earlier than before, whatever the machine's clock does.
    fn now(&mut self) -> Timestamp {
        self.last_recorded = self.last_recorded.max(self.clock.now());
        self.last_recorded
    }

    /// Appends, derives, commits, applies.
    fn take(&mut self, requests: Vec<Vec<Prepared>>) -> Result<Vec<Vec<Outcome>>, AppError> {
        let awaited = self.awaited.clone();
        let now = self.now();
        match self.commit(requests, now, None) {
            Ok((outcomes, steps)) => {
                self.apply(steps);
                Ok(outcomes)
            }
            Err(error) => {
                self.orders.forget();
                self.numbers.clear();
                self.awaited = awaited;
                Err(error)
            }
        }
    }

    fn commit(
        &mut self,
        requests: Vec<Vec<Prepared>>,
        now: Timestamp,
        settle: Option<Timestamp>,
    ) -> Result<(Vec<Vec<Outcome>>, Vec<Step>), AppError> {
        let mut batch = self.store.begin()?;
        let mut taking = Taking::new(
            &self.shared,
            &mut self.orders,
            &mut self.numbers,
            &mut self.awaited,
            self.highest,
            now,
        );
        let mut outcomes = Vec::with_capacity(requests.len());
        for items in requests {
            let taken: Result<Vec<Outcome>, AppError> =
                items.into_iter().map(|item| taking.append(&mut batch, item)).collect();
            outcomes.push(taken?);
        }
        let derived = taking.orders.reconcile(taking.shared, batch.reads(), settle)?;
        let mut faults = Faults::default();
        for event in derived {
            let prepared = Prepared::of(&taking.shared.catalogue, &taking.shared.codec, event, &mut faults);
            taking.append(&mut batch, prepared)?;
        }
        let (steps, rows, highest) = taking.end();
        batch.commit()?;
        self.highest = highest;
        self.since_checkpoint += rows;
        self.shared.events.fetch_add(rows, Ordering::AcqRel);
        self.shared.faults.fetch_add(faults.total(), Ordering::Relaxed);
        Ok((outcomes, steps))
    }

    /// What was committed becomes visible: postings first, then states.
    fn apply(&mut self, steps: Vec<Step>) {
        let shared = Arc::clone(&self.shared);
        {
            let mut fresh = shared.fresh();
            for (subject, seqs) in self.orders.fresh.drain() {
                fresh.entry(subject).or_default().extend(seqs);
            }
        }
        for step in steps {
            let (event, contributions) = &*step.event;
            for (number, role) in step.numbers.into_iter().zip(Role::ALL) {
                let Some(number) = number else { continue };
                if let Err(error) = apply_to(&shared, number, role, &step) {
                    tracing::error!(%error, party = number, "a state could not be brought up to date; it is read anew when asked for");
                    shared.shard(number).remove(&number);
                }
            }
            let mut platform = shared.platform();
            for (moment, sign) in &step.platform {
                platform.apply(&shared.catalogue.plan, event, contributions, *moment, *sign);
            }
            drop(platform);
            if event.source.as_str() != DERIVED_SOURCE {
                shared.saw(event.known_at.max(step.known_at));
            }
        }
        self.publish_due();
    }

    /// Lets readers know when timers must be let go off before they read.
    fn publish_due(&mut self) {
        let here = if self.settle_later { None } else { self.orders.next_due_here() };
        let known = self.shared.next_due.load(Ordering::Acquire);
        if let Some(here) = here
            && here.millis() < known
        {
            self.shared.next_due.store(here.millis(), Ordering::Release);
        }
    }

    /// Lets timers go off that fell due; says how many orders they were.
    fn settle(&mut self, now: Timestamp) -> Result<u64, AppError> {
        self.settle_later = false;
        let mut settled = 0;
        loop {
            let due = self.shared.read(|reader| self.orders.take_due(reader, now, SETTLED_AT_ONCE))?;
            if due.is_empty() {
                break;
            }
            settled += due.len() as u64;
            self.orders.touched = due;
            let recorded = self.now();
            match self.commit(Vec::new(), recorded, Some(now)) {
                Ok((_, steps)) => self.apply(steps),
                Err(error) => {
                    self.orders.forget();
                    self.numbers.clear();
                    return Err(error);
                }
            }
            if self.since_checkpoint >= CHECKPOINT_EVERY {
                self.checkpoint()?;
            }
        }
        let next = self.shared.read(|reader| self.orders.next_due(reader))?;
        self.shared.next_due.store(next.map_or(i64::MAX, Timestamp::millis), Ordering::Release);
        Ok(settled)
    }

    fn set_aside(&mut self, items: &[SetAside]) -> Result<(), AppError> {
        let mut batch = self.store.begin()?;
        for item in items {
            batch.set_aside(item)?;
        }
        Ok(batch.commit()?)
    }

    /// Writes what was only in memory, so that a start need not go further back than here.
    pub(super) fn checkpoint(&mut self) -> Result<(), AppError> {
        let shared = Arc::clone(&self.shared);
        let now = self.now();
        let fresh: Vec<(Subject, Vec<u64>)> =
            shared.fresh().iter().map(|(subject, seqs)| (*subject, seqs.clone())).collect();
        let mut written = Vec::new();
        let changed = self.orders.drain_changed();
        let result = (|| {
            let mut batch = self.store.begin()?;
            for (subject, seqs) in &fresh {
                batch.put_postings(*subject, seqs)?;
            }
            for (order, due) in &changed {
                match due {
                    Some(due) => batch.put_open_order(*order, *due)?,
                    None => batch.drop_open_order(*order)?,
                }
            }
            for shard in shared.shards() {
                for (number, hot) in shard.iter().filter(|(_, hot)| hot.dirty) {
                    if hot.state.events > THIN {
                        batch.put_state(*number, hot.seq, &hot.encode(&shared.catalogue.plan_hash))?;
                    }
                    written.push((*number, hot.seq));
                }
            }
            batch.put_record(PLATFORM, &stamped(&shared, &shared.platform().encode()))?;
            batch.put_record(KEEPER, &remembered(&shared, &self.awaited, self.last_recorded))?;
            batch.checkpoint(now)?;
            Ok::<(), AppError>(batch.commit()?)
        })();
        if let Err(error) = result {
            for (order, due) in changed {
                self.orders.restore_due(order, due);
            }
            return Err(error);
        }
        // The keeper alone adds postings, and it is here: what was written is what there is.
        shared.fresh().clear();
        for (number, seq) in written {
            if let Some(hot) = shared.shard(number).get_mut(&number)
                && hot.seq == seq
            {
                hot.dirty = false;
            }
        }
        self.since_checkpoint = 0;
        if self.numbers.len() > MOST_NUMBERS {
            self.numbers.clear();
        }
        shared.let_go();
        Ok(())
    }
}

/// One step of one party. A party that is not in memory is read from the store, which has the step already.
fn apply_to(shared: &Shared, number: u32, role: Role, step: &Step) -> Result<(), AppError> {
    let mut shard = shared.shard(number);
    let hot = match shard.entry(number) {
        std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
        std::collections::hash_map::Entry::Vacant(entry) if step.new[usize::from(role.number())] => {
            entry.insert(Hot::new(role))
        }
        std::collections::hash_map::Entry::Vacant(entry) => {
            let hot = shared.read(|reader| Hot::load(shared, reader, number, role))?;
            entry.insert(hot)
        }
    };
    let (event, contributions) = &*step.event;
    hot.apply(shared, step.seq, event, contributions, step.known_at, step.sign);
    Ok(())
}

/// Named records of the store.
pub(super) const PLATFORM: &str = "platform";
pub(super) const KEEPER: &str = "keeper";
pub(super) const SYMBOLS: &str = "symbols";

/// Bytes under the stamp of the definitions that made them.
fn stamped(shared: &Shared, bytes: &[u8]) -> Vec<u8> {
    [shared.catalogue.plan_hash.half().as_slice(), bytes].concat()
}

/// What the keeper knows beside the log, as of a checkpoint.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    pub(super) latest: Option<Timestamp>,
    pub(super) last_recorded: Option<Timestamp>,
    pub(super) awaited: BTreeSet<Key>,
}

fn remembered(shared: &Shared, awaited: &BTreeSet<Key>, last_recorded: Timestamp) -> Vec<u8> {
    let mut writer = Writer::new();
    writer.signed(shared.latest().map_or(i64::MIN, Timestamp::millis));
    writer.signed(last_recorded.millis());
    writer.unsigned(awaited.len() as u64);
    awaited.iter().for_each(|key| writer.bytes.extend_from_slice(key));
    writer.bytes
}

impl Remembered {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = WireReader::new(bytes);
        let latest = Some(reader.signed()?).filter(|millis| *millis != i64::MIN).map(Timestamp::from_millis);
        let last_recorded = Some(Timestamp::from_millis(reader.signed()?));
        let mut awaited = BTreeSet::new();
        for _ in 0..reader.count()? {
            let mut key = [0; 16];
            for byte in &mut key {
                *byte = reader.byte()?;
            }
            awaited.insert(key);
        }
        Ok(Self { latest, last_recorded, awaited })
    }
}

impl Keeper {
    /// Takes up what a checkpoint remembered.
    pub(super) fn remember(&mut self, remembered: Remembered, parties: u32) {
        self.last_recorded = self.last_recorded.max(remembered.last_recorded.unwrap_or(Timestamp::EARLIEST));
        self.awaited = remembered.awaited;
        self.highest = parties;
        if let Some(latest) = remembered.latest {
            self.shared.saw(latest);
        }
    }

    /// Goes over rows that came after the last checkpoint: everything but appending them.
    pub(super) fn replay(&mut self, rows: &[probity_store::LogRow]) -> Result<(), AppError> {
        let shared = Arc::clone(&self.shared);
        let mut batch = self.store.begin()?;
        let mut taking = Taking::new(
            &shared,
            &mut self.orders,
            &mut self.numbers,
            &mut self.awaited,
            self.highest,
            self.last_recorded,
        );
        taking.replaying = true;
        for row in rows {
            let event = shared.decode(row)?;
            self.last_recorded = self.last_recorded.max(row.recorded_at);
            taking.note(&mut batch, row.seq, event)?;
        }
        let (steps, rows, highest) = taking.end();
        batch.commit()?;
        self.highest = highest;
        self.since_checkpoint += rows;
        self.apply(steps);
        Ok(())
    }

    /// Once all rows were gone over, and not before (the facts of an order may stand further on than their causes): timers
    /// are known again, and facts that the log still lacks are written.
    pub(super) fn replayed(&mut self) -> Result<(), AppError> {
        let now = self.now();
        let (_, steps) = self.commit(Vec::new(), now, None)?;
        self.apply(steps);
        Ok(())
    }
}
