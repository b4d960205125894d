//! The one thread that writes. It takes what was sent in groups: appended, the orders' facts derived, committed. The rest
//! (durable, applied, acknowledged) is the landing's, while the next group is written here.

use super::ahead::{Ahead, Portion, States, put_states, put_timer, stored, unstored};
use super::aside;
use super::clock::Clock;
use super::decide::{Deciding, Holding};
use super::due::OnRecord;
use super::error::AppError;
use super::inbox::{Command, Inbox};
use super::landing::{Committed, Landing, Lands, Runway, Told};
use super::orders::Orders;
use super::outcome::{Outcome, Settling};
use super::prepare::Prepared;
use super::shared::{Shared, lock};
use super::taking::{Awaited, Taken, Taking};
use super::trial::Trying;
use super::versions;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_expression::Faults;
use probity_primitives::wire::{Reader as WireReader, WireError, Writer};
use probity_primitives::{ExternalId, Timestamp};
use probity_store::{Batch, Key, SetAside, SqliteStore, Store, Subject};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio::sync::mpsc;

/// Rows after which a checkpoint is made.
const CHECKPOINT_EVERY: u64 = 50_000;
/// Orders settled in one commit at most.
const SETTLED_AT_ONCE: usize = 2_000;
/// Party numbers remembered at most.
const MOST_NUMBERS: usize = 1_000_000;

/// The writer and everything only it knows.
pub(super) struct Keeper {
    store: SqliteStore,
    shared: Arc<Shared>,
    clock: Clock,
    orders: Orders,
    /// What is open and held.
    pub(super) holding: Holding,
    /// Who challenges the catalogue in force.
    pub(super) trying: Trying,
    numbers: HashMap<(Role, ExternalId), u32>,
    awaited: Awaited,
    /// The newest `known_at` of an event from outside, marks whose target is not there yet left out.
    newest: Option<Timestamp>,
    last_recorded: Timestamp,
    /// The highest party number given.
    highest: u32,
    since_checkpoint: u64,
    /// What the next checkpoint has to write.
    ahead: Ahead,
    /// Rows of the log.
    rows: u64,
    /// Timers wait: a history is coming in.
    settle_later: bool,
    lands: Lands,
}

impl Keeper {
    pub(super) fn new(store: SqliteStore, shared: Arc<Shared>, clock: Clock) -> Result<Self, AppError> {
        let (holding, trying) = (Holding::new(&shared.catalogue), Trying::new(&shared.catalogue));
        let lands = Lands::Here(Landing::new(Arc::clone(&shared), store.syncer()?));
        Ok(Self {
            store,
            shared,
            clock,
            orders: Orders::default(),
            holding,
            trying,
            numbers: HashMap::new(),
            awaited: Awaited::new(),
            newest: None,
            last_recorded: Timestamp::EARLIEST,
            highest: 0,
            since_checkpoint: 0,
            ahead: Ahead::default(),
            rows: 0,
            settle_later: false,
            lands,
        })
    }

    /// Works until all senders are gone, then makes a last checkpoint.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut inbox = Inbox::default();
            inbox.fill(first, &mut commands);
            self.serve(inbox, &mut commands);
        }
        if self.since_checkpoint > 0
            && let Err(error) = self.checkpoint_and_wait()
        {
            tracing::error!(%error, "the last checkpoint could not be made; the log's tail is replayed at the next start");
        }
        self.lands.end();
        // The last connection to close folds the write-ahead log into the database; it must be the one that may write.
        self.shared.close_readers();
    }

    /// Lets batches land on a thread of their own from now on; `landed` is called whenever some have.
    pub(super) fn land_aside(&mut self, landed: impl Fn() + Send + 'static) -> Result<(), AppError> {
        let landing = Landing::new(Arc::clone(&self.shared), self.store.syncer()?);
        let runway = Runway::start(landing, landed)
            .map_err(|error| AppError::internal(format!("a thread could not be started: {error}")))?;
        self.lands = Lands::Aside(runway);
        Ok(())
    }

    fn serve(&mut self, mut inbox: Inbox, commands: &mut mpsc::Receiver<Command>) {
        if !inbox.is_empty() {
            let mut told = Told::default();
            match self.commit(&mut inbox, Some(commands), None, &mut told) {
                Ok(taken) => self.let_land(taken, told, true),
                Err(error) => {
                    told.give(Err(&error));
                    inbox.refuse(&error);
                }
            }
        }
        for command in std::mem::take(&mut inbox.others) {
            match command {
                Command::Settle { now, reply } => drop(reply.send(self.settle(now))),
                Command::Checkpoint { reply } => drop(reply.send(self.checkpoint_and_wait())),
                Command::SetAside { items, once, reply } => drop(reply.send(self.set_aside(&items, once))),
                Command::DropSetAside { items, reply } => drop(reply.send(self.drop_set_aside(&items))),
                Command::Try { challenger, begun, reply } => {
                    drop(reply.send(self.begin_trial(*challenger, *begun)));
                }
                Command::Take { .. } | Command::Ask(_) | Command::Landed => {}
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
        never_earlier(&mut self.last_recorded, &self.clock)
    }

    /// Writes one batch. One that is lost leaves nothing behind here either.
    fn commit(
        &mut self,
        inbox: &mut Inbox,
        commands: Option<&mut mpsc::Receiver<Command>>,
        settle: Option<Timestamp>,
        told: &mut Told,
    ) -> Result<Taken, AppError> {
        let awaited = self.awaited.clone();
        let mut portion = Portion::default();
        let result = self.write(inbox, commands, settle, told, &mut portion);
        if let Some(settling) = inbox.settling.take() {
            self.settle_later = settling == Settling::Later;
        }
        if result.is_ok() {
            self.holding.keep();
            self.ahead.written(&self.shared, portion);
        } else {
            self.ahead.lost(&self.shared, &mut self.orders, portion);
            self.holding.undo(&self.shared.catalogue);
            self.orders.forget();
            self.numbers.clear();
            self.awaited = awaited;
        }
        result
    }

    fn write(
        &mut self,
        inbox: &mut Inbox,
        mut commands: Option<&mut mpsc::Receiver<Command>>,
        settle: Option<Timestamp>,
        told: &mut Told,
        portion: &mut Portion,
    ) -> Result<Taken, AppError> {
        let mut batch = self.store.begin()?;
        let now = never_earlier(&mut self.last_recorded, &self.clock);
        let mut taking = Taking::new(
            &self.shared,
            &mut self.orders,
            &mut self.numbers,
            &mut self.awaited,
            self.highest,
            now,
        );
        let holding = &mut self.holding;
        let challenger = self.trying.challenger();
        let mut deciding = Deciding { taking: &mut taking, holding, challenger, now, followed: 0 };
        deciding.expire(&mut batch)?;
        loop {
            deciding.serve(&mut batch, &mut inbox.asks, &mut told.answers)?;
            while let Some((items, reply)) = inbox.takes.pop_front() {
                let taken: Result<Vec<Outcome>, AppError> =
                    items.into_iter().map(|item| deciding.taking.append(&mut batch, item)).collect();
                match taken {
                    Ok(outcomes) => told.taken.push((reply, outcomes)),
                    Err(error) => {
                        let _ = reply.send(Err(error.clone()));
                        return Err(error);
                    }
                }
            }
            // What was decided in this round saw none of its events; what is decided in the next must not be behind them.
            deciding.follow(&mut batch)?;
            let (Some(commands), Lands::Aside(runway)) = (commands.as_deref_mut(), &self.lands) else {
                break;
            };
            if !inbox.more(commands, &runway.underway, !told.is_empty()) {
                break;
            }
            deciding.at(never_earlier(&mut self.last_recorded, &self.clock));
        }
        let mut faults = Faults::default();
        deciding.taking.derive(&mut batch, settle, &mut faults)?;
        deciding.follow(&mut batch)?;
        let taken = taking.end();
        self.holding.write(&mut batch, now)?;
        let due = (taken.rows, self.since_checkpoint + taken.rows, CHECKPOINT_EVERY);
        self.ahead.write(&mut batch, (&self.shared, &mut self.orders), due, portion)?;
        batch.hand_over()?;
        self.shared.faults.fetch_add(faults.total(), Ordering::Relaxed);
        Ok(taken)
    }

    /// What was committed is known here at once, and to everybody once it has landed.
    fn let_land(&mut self, taken: Taken, told: Told, live: bool) {
        self.trying.follow(&self.shared, &taken.steps, live);
        self.highest = taken.highest;
        self.since_checkpoint += taken.rows;
        self.rows += taken.rows;
        self.newest = self.newest.max(taken.newest);
        {
            let mut fresh = self.shared.fresh();
            for (subject, seqs) in self.orders.fresh.drain() {
                match fresh.entry(subject) {
                    Entry::Occupied(mut known) => known.get_mut().extend(seqs),
                    Entry::Vacant(place) => {
                        place.insert(seqs);
                        self.ahead.wait(subject);
                    }
                }
            }
        }
        self.publish_due();
        self.ahead.weigh(&self.shared, taken.rows, CHECKPOINT_EVERY);
        self.pass_on(taken, told);
    }

    /// Lets what was committed land.
    fn pass_on(&self, taken: Taken, told: Told) {
        let Taken { steps, rows, .. } = taken;
        let committed = Committed { steps, rows, last: self.rows, latest: self.latest(), told };
        self.lands.take(committed);
    }

    /// Waits until all that was committed is durable and applied.
    fn rest(&self) {
        self.lands.wait();
    }

    /// The moment of the newest event from outside. A mark that still waits for its target counts, too; should that turn out
    /// to be a mark, it counts no more.
    fn latest(&self) -> Option<Timestamp> {
        self.awaited.values().copied().max().max(self.newest)
    }

    /// Lets readers know when timers must be let go off before they read.
    fn publish_due(&mut self) {
        let here = if self.settle_later { None } else { self.orders.next_due_here() };
        let here = [here, self.holding.next_expiry()].into_iter().flatten().min();
        if let Some(here) = here {
            self.shared.next_due.fetch_min(here.millis(), Ordering::AcqRel);
        }
    }

    /// Lets timers go off that fell due; says how many orders they were.
    fn settle(&mut self, now: Timestamp) -> Result<u64, AppError> {
        self.settle_later = false;
        let mut settled = 0;
        if self.holding.next_expiry().is_some_and(|expiry| expiry <= now) {
            self.commit_alone(None)?;
        }
        loop {
            let due = self.shared.read(|reader| self.orders.take_due(reader, now, SETTLED_AT_ONCE))?;
            if due.is_empty() {
                break;
            }
            if self.shared.stopping.load(Ordering::Acquire) {
                return Err(AppError::broken_off());
            }
            settled += due.len() as u64;
            self.orders.touched = due;
            self.commit_alone(Some(now))?;
            if self.since_checkpoint >= CHECKPOINT_EVERY {
                self.checkpoint()?;
            }
        }
        // A reader that finds nothing due reads at once: by then what went off must have landed.
        self.rest();
        let next = self.shared.read(|reader| self.orders.next_due(reader))?;
        let next = [next, self.holding.next_expiry()].into_iter().flatten().min();
        self.shared.next_due.store(next.map_or(i64::MAX, Timestamp::millis), Ordering::Release);
        Ok(settled)
    }

    /// A batch that nobody sent.
    fn commit_alone(&mut self, settle: Option<Timestamp>) -> Result<(), AppError> {
        let taken = self.commit(&mut Inbox::default(), None, settle, &mut Told::default())?;
        self.let_land(taken, Told::default(), true);
        Ok(())
    }

    /// A challenger takes part from the next batch on.
    fn begin_trial(&mut self, challenger: Catalogue, begun: Prepared) -> Result<(), AppError> {
        let now = self.now();
        // Its answers must be made again years from now: its files are kept before it gives any.
        versions::keep(&mut self.store, &challenger, now)?;
        let mut told = Told::default();
        let taken = self.commit(&mut Inbox::of(vec![begun]), None, None, &mut told)?;
        self.let_land(taken, told, true);
        self.rest();
        self.trying.take_up(&self.shared, Arc::new(challenger));
        Ok(())
    }

    fn set_aside(&mut self, items: &[SetAside], once: bool) -> Result<(), AppError> {
        let mut batch = self.store.begin()?;
        for item in items {
            if once { aside::keep_once(&mut batch, item)? } else { batch.set_aside(item)? }
        }
        Ok(batch.commit()?)
    }

    fn drop_set_aside(&mut self, items: &[(u64, SetAside)]) -> Result<(), AppError> {
        let mut batch = self.store.begin()?;
        for (number, item) in items {
            batch.drop_set_aside(*number)?;
            aside::forget(&mut batch, item)?;
        }
        Ok(batch.commit()?)
    }

    /// Writes what was only in memory, so that a start need not go further back than here. It lands like any batch: most was
    /// written ahead, and nobody waits for the disk.
    fn checkpoint(&mut self) -> Result<(), AppError> {
        // The platform's sums are to be those of the last row.
        self.rest();
        let shared = Arc::clone(&self.shared);
        let mut states = States::new();
        let changed = self.orders.drain_changed();
        if let Err(error) = self.write_checkpoint(&changed, &mut states) {
            changed.into_iter().for_each(|(order, due)| self.orders.restore_due(order, due));
            unstored(&shared, states);
            return Err(error);
        }
        // The keeper alone adds postings, and it is here: what was written is what there is.
        shared.fresh().clear();
        self.ahead.begin_anew();
        stored(&shared, states);
        shared.checkpointed.store(self.rows, Ordering::Release);
        self.since_checkpoint = 0;
        if self.numbers.len() > MOST_NUMBERS {
            self.numbers.clear();
        }
        self.pass_on(Taken::default(), Told::default());
        Ok(())
    }

    fn write_checkpoint(
        &mut self,
        changed: &[(Key, Option<Timestamp>)],
        states: &mut States,
    ) -> Result<(), AppError> {
        let shared = Arc::clone(&self.shared);
        let (now, remembered) = (self.now(), self.remembered());
        let fresh: Vec<(Subject, Vec<u64>)> =
            shared.fresh().iter().map(|(subject, seqs)| (*subject, seqs.clone())).collect();
        let mut batch = self.store.begin()?;
        for (subject, seqs) in &fresh {
            batch.put_postings(*subject, seqs)?;
        }
        for (order, due) in changed {
            put_timer(&mut batch, *order, *due)?;
        }
        put_states(&mut batch, &shared, usize::MAX, states)?;
        batch.put_record(PLATFORM, &stamped(&shared, &shared.platform().encode()))?;
        batch.put_record(TRIALS, &lock(&shared.trials).encode())?;
        batch.put_record(KEEPER, &remembered)?;
        batch.checkpoint(now)?;
        Ok(batch.hand_over()?)
    }

    /// A checkpoint that is on disk when this returns.
    fn checkpoint_and_wait(&mut self) -> Result<(), AppError> {
        self.checkpoint()?;
        self.rest();
        // An empty batch is refused when the synchronisation failed.
        Ok(self.store.begin()?.commit()?)
    }
}

/// Named records of the store.
pub(super) const PLATFORM: &str = "platform";
pub(super) const TRIALS: &str = "trials";
pub(super) const KEEPER: &str = "keeper";
pub(super) const SYMBOLS: &str = "symbols";

/// Bytes under the stamp of the definitions that made them.
fn stamped(shared: &Shared, bytes: &[u8]) -> Vec<u8> {
    [shared.catalogue.plan_hash.half().as_slice(), bytes].concat()
}

/// What the keeper knows beside the log, as of a checkpoint.
#[derive(Debug, Default)]
pub(super) struct Remembered {
    newest: Option<Timestamp>,
    last_recorded: Option<Timestamp>,
    awaited: Awaited,
    on_record: OnRecord,
}

impl Remembered {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = WireReader::new(bytes);
        let newest = Some(reader.signed()?).filter(|millis| *millis != i64::MIN).map(Timestamp::from_millis);
        let last_recorded = Some(Timestamp::from_millis(reader.signed()?));
        let mut awaited = Awaited::new();
        for _ in 0..reader.count()? {
            let mut key = [0; 16];
            for byte in &mut key {
                *byte = reader.byte()?;
            }
            awaited.insert(key, Timestamp::EARLIEST);
        }
        // What follows was not written by the first versions.
        if reader.is_empty() {
            return Ok(Self { newest, last_recorded, awaited, on_record: OnRecord::unknown() });
        }
        for known_at in awaited.values_mut() {
            *known_at = Timestamp::from_millis(reader.signed()?);
        }
        let on_record = OnRecord::decode(&mut reader)?;
        Ok(Self { newest, last_recorded, awaited, on_record })
    }
}

impl Keeper {
    fn remembered(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.signed(self.newest.map_or(i64::MIN, Timestamp::millis));
        writer.signed(self.last_recorded.millis());
        writer.unsigned(self.awaited.len() as u64);
        self.awaited.keys().for_each(|key| writer.bytes.extend_from_slice(key));
        self.awaited.values().for_each(|known_at| writer.signed(known_at.millis()));
        lock(&self.shared.on_record).encode(&mut writer);
        writer.bytes
    }

    /// Takes up what a checkpoint remembered.
    pub(super) fn remember(&mut self, remembered: Remembered, parties: u32, checkpointed: u64) {
        self.last_recorded = self.last_recorded.max(remembered.last_recorded.unwrap_or(Timestamp::EARLIEST));
        self.awaited = remembered.awaited;
        self.newest = remembered.newest;
        self.highest = parties;
        *lock(&self.shared.on_record) = remembered.on_record;
        self.rows = checkpointed;
        self.shared.checkpointed.store(checkpointed, Ordering::Release);
        self.shared.durable.store(checkpointed, Ordering::Release);
        self.shared.latest.store(self.latest().map_or(i64::MIN, Timestamp::millis), Ordering::Release);
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
        for step in taking.steps_from(0) {
            if !self.holding.has(step.seq) {
                self.holding.follow(&shared, batch.reads(), taking.orders, step)?;
            }
        }
        let taken = taking.end();
        batch.commit()?;
        self.holding.keep();
        self.let_land(taken, Told::default(), false);
        Ok(())
    }

    /// Once all rows were gone over, and not before (the facts of an order may stand further on than their causes): timers
    /// are known again, and facts that the log still lacks are written.
    pub(super) fn replayed(&mut self, any: bool) -> Result<(), AppError> {
        self.holding.write_whole(&self.shared, &mut self.store)?;
        if any { self.commit_alone(None) } else { Ok(()) }
    }
}

fn never_earlier(last: &mut Timestamp, clock: &Clock) -> Timestamp {
    *last = (*last).max(clock.now());
    *last
}
