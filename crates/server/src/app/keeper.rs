//! The one thread that writes. It takes what was sent in groups: appended, the orders' facts derived, committed with one
//! synchronisation; then applied to the parties' states, then acknowledged.

use super::aside;
use super::clock::Clock;
use super::decide::{Answers, Ask, Deciding, Holding};
use super::due::{OnRecord, changed, is_no_news};
use super::error::AppError;
use super::orders::Orders;
use super::own::is_answer;
use super::party::{Hot, THIN};
use super::prepare::Prepared;
use super::shared::{Shared, lock};
use super::taking::{Awaited, Step, Taken, Taking};
use super::trial::Trying;
use super::versions;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_expression::Faults;
use probity_primitives::wire::{Reader as WireReader, WireError, Writer};
use probity_primitives::{ExternalId, Problem, Timestamp};
use probity_store::{Batch, SetAside, SqliteStore, Store, Subject};
use std::collections::{HashMap, VecDeque};
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
    /// What the log holds forbids it; it was set aside.
    Refused(Problem),
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
    Take {
        items: Vec<Prepared>,
        settling: Settling,
        reply: Reply<Vec<Outcome>>,
    },
    SetAside {
        items: Vec<SetAside>,
        once: bool,
        reply: Reply<()>,
    },
    DropSetAside {
        items: Vec<(u64, SetAside)>,
        reply: Reply<()>,
    },
    Settle {
        now: Timestamp,
        reply: Reply<u64>,
    },
    Checkpoint {
        reply: Reply<()>,
    },
    /// A trial begins, with the event that says so.
    Try {
        challenger: Box<Catalogue>,
        begun: Box<Prepared>,
        reply: Reply<()>,
    },
    Ask(Ask),
}

impl Command {
    /// How many events it may bring.
    fn size(&self) -> usize {
        match self {
            Self::Take { items, .. } => items.len(),
            Self::Ask(Ask::Decide { asked, .. }) => asked.len(),
            _ => 0,
        }
    }
}

/// What goes into one batch.
#[derive(Default)]
struct Work {
    /// Asked first, in order: what is answered sees what is committed, and what was held before it.
    asks: VecDeque<Ask>,
    takes: Vec<Vec<Prepared>>,
    /// Orders' timers go off that fell due by then.
    settle: Option<Timestamp>,
}

/// What came of it.
struct Worked {
    outcomes: Vec<Vec<Outcome>>,
    taken: Taken,
}

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
    /// Timers wait: a history is coming in.
    settle_later: bool,
}

impl Keeper {
    pub(super) fn new(store: SqliteStore, shared: Arc<Shared>, clock: Clock) -> Self {
        let (holding, trying) = (Holding::new(&shared.catalogue), Trying::new(&shared.catalogue));
        Self {
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
            settle_later: false,
        }
    }

    /// Works until all senders are gone, then makes a last checkpoint.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut group = vec![first];
            let mut events = group.iter().map(Command::size).sum::<usize>();
            while events < LARGEST_GROUP
                && let Ok(command) = commands.try_recv()
            {
                events += command.size();
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
        let (mut work, mut replies) = (Work::default(), Vec::new());
        let mut others = Vec::new();
        for command in group {
            match command {
                Command::Take { items, settling, reply } => {
                    self.settle_later = settling == Settling::Later;
                    work.takes.push(items);
                    replies.push(reply);
                }
                Command::Ask(ask) => work.asks.push_back(ask),
                other => others.push(other),
            }
        }
        if !replies.is_empty() || !work.asks.is_empty() {
            match self.take(work) {
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
                Command::SetAside { items, once, reply } => drop(reply.send(self.set_aside(&items, once))),
                Command::DropSetAside { items, reply } => drop(reply.send(self.drop_set_aside(&items))),
                Command::Try { challenger, begun, reply } => {
                    drop(reply.send(self.begin_trial(*challenger, *begun)));
                }
                Command::Take { .. } | Command::Ask(_) => {}
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

    /// Appends, derives, commits, applies; then those that asked for decisions get their answers.
    fn take(&mut self, mut work: Work) -> Result<Vec<Vec<Outcome>>, AppError> {
        let now = self.now();
        let mut answers = Answers::default();
        match self.commit(&mut work, now, &mut answers) {
            Ok(worked) => {
                self.apply(worked.taken, true);
                answers.give(Ok(()));
                Ok(worked.outcomes)
            }
            Err(error) => {
                answers.give(Err(&error));
                work.asks.into_iter().for_each(|ask| ask.refuse(&error));
                Err(error)
            }
        }
    }

    /// Writes one batch. One that is lost leaves nothing behind here either.
    fn commit(&mut self, work: &mut Work, now: Timestamp, answers: &mut Answers) -> Result<Worked, AppError> {
        let awaited = self.awaited.clone();
        let result = self.write(work, now, answers);
        if result.is_ok() {
            self.holding.keep();
        } else {
            self.holding.undo(&self.shared.catalogue);
            self.orders.forget();
            self.numbers.clear();
            self.awaited = awaited;
        }
        result
    }

    fn write(&mut self, work: &mut Work, now: Timestamp, answers: &mut Answers) -> Result<Worked, AppError> {
        let mut batch = self.store.begin()?;
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
        deciding.serve(&mut batch, &mut work.asks, answers)?;
        let mut outcomes = Vec::with_capacity(work.takes.len());
        for items in work.takes.drain(..) {
            let taken: Result<Vec<Outcome>, AppError> =
                items.into_iter().map(|item| deciding.taking.append(&mut batch, item)).collect();
            outcomes.push(taken?);
        }
        let mut faults = Faults::default();
        deciding.taking.derive(&mut batch, work.settle, &mut faults)?;
        deciding.follow(&mut batch)?;
        let taken = taking.end();
        batch.commit()?;
        self.shared.events.fetch_add(taken.rows, Ordering::AcqRel);
        self.shared.faults.fetch_add(faults.total(), Ordering::Relaxed);
        Ok(Worked { outcomes, taken })
    }

    /// What was committed becomes visible: postings first, then states.
    fn apply(&mut self, taken: Taken, live: bool) {
        let shared = Arc::clone(&self.shared);
        self.trying.follow(&shared, &taken.steps, live);
        self.highest = taken.highest;
        self.since_checkpoint += taken.rows;
        self.newest = self.newest.max(taken.newest);
        {
            let mut fresh = shared.fresh();
            for (subject, seqs) in self.orders.fresh.drain() {
                fresh.entry(subject).or_default().extend(seqs);
            }
        }
        let mut news = Vec::new();
        for step in taken.steps {
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
            if !is_no_news(&shared.catalogue, event) && !is_answer(&shared.catalogue, event) {
                news.extend(changed(&step.platform));
            }
        }
        // Last: a recording that begins before this is held against the news, one that begins after it has seen them.
        lock(&shared.on_record).note(&news);
        self.publish_latest();
        self.publish_due();
    }

    /// Lets readers know the moment of the newest event from outside. A mark that still waits for its target counts, too;
    /// should that turn out to be a mark, it counts no more.
    fn publish_latest(&self) {
        let latest = self.awaited.values().copied().max().max(self.newest);
        self.shared.latest.store(latest.map_or(i64::MIN, Timestamp::millis), Ordering::Release);
    }

    /// Lets readers know when timers must be let go off before they read.
    fn publish_due(&mut self) {
        let here = if self.settle_later { None } else { self.orders.next_due_here() };
        let here = [here, self.holding.next_expiry()].into_iter().flatten().min();
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
        if self.holding.next_expiry().is_some_and(|expiry| expiry <= now) {
            let recorded = self.now();
            let worked = self.commit(&mut Work::default(), recorded, &mut Answers::default())?;
            self.apply(worked.taken, true);
        }
        loop {
            let due = self.shared.read(|reader| self.orders.take_due(reader, now, SETTLED_AT_ONCE))?;
            if due.is_empty() {
                break;
            }
            settled += due.len() as u64;
            self.orders.touched = due;
            let recorded = self.now();
            let mut work = Work { settle: Some(now), ..Work::default() };
            let worked = self.commit(&mut work, recorded, &mut Answers::default())?;
            self.apply(worked.taken, true);
            if self.since_checkpoint >= CHECKPOINT_EVERY {
                self.checkpoint()?;
            }
        }
        let next = self.shared.read(|reader| self.orders.next_due(reader))?;
        let next = [next, self.holding.next_expiry()].into_iter().flatten().min();
        self.shared.next_due.store(next.map_or(i64::MAX, Timestamp::millis), Ordering::Release);
        Ok(settled)
    }

    /// A challenger takes part from the next batch on.
    fn begin_trial(&mut self, challenger: Catalogue, begun: Prepared) -> Result<(), AppError> {
        let now = self.now();
        // Its answers must be made again years from now: its files are kept before it gives any.
        versions::keep(&mut self.store, &challenger, now)?;
        let mut work = Work { takes: vec![vec![begun]], ..Work::default() };
        let worked = self.commit(&mut work, now, &mut Answers::default())?;
        self.apply(worked.taken, true);
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

    /// Writes what was only in memory, so that a start need not go further back than here.
    pub(super) fn checkpoint(&mut self) -> Result<(), AppError> {
        let shared = Arc::clone(&self.shared);
        let now = self.now();
        let fresh: Vec<(Subject, Vec<u64>)> =
            shared.fresh().iter().map(|(subject, seqs)| (*subject, seqs.clone())).collect();
        let mut written = Vec::new();
        let changed = self.orders.drain_changed();
        let remembered = self.remembered();
        let exposure = stamped(&shared, &self.holding.encode(now));
        let trials = lock(&shared.trials).encode();
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
            batch.put_record(EXPOSURE, &exposure)?;
            batch.put_record(TRIALS, &trials)?;
            batch.put_record(KEEPER, &remembered)?;
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
pub(super) const EXPOSURE: &str = "exposure";
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
    pub(super) fn remember(&mut self, remembered: Remembered, parties: u32) {
        self.last_recorded = self.last_recorded.max(remembered.last_recorded.unwrap_or(Timestamp::EARLIEST));
        self.awaited = remembered.awaited;
        self.newest = remembered.newest;
        self.highest = parties;
        *lock(&self.shared.on_record) = remembered.on_record;
        self.publish_latest();
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
            self.holding.follow(&shared.catalogue, step);
        }
        let taken = taking.end();
        batch.commit()?;
        self.holding.keep();
        self.apply(taken, false);
        Ok(())
    }

    /// Once all rows were gone over, and not before (the facts of an order may stand further on than their causes): timers
    /// are known again, and facts that the log still lacks are written.
    pub(super) fn replayed(&mut self) -> Result<(), AppError> {
        let now = self.now();
        let worked = self.commit(&mut Work::default(), now, &mut Answers::default())?;
        self.apply(worked.taken, true);
        Ok(())
    }
}
