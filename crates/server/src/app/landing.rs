//! What comes after a commit: batches are made durable, then applied to the parties' states, then those that wait get their
//! answers. Batch after batch in their order, on a thread of its own, while the keeper writes the next one.

use super::decide::Answers;
use super::due::{changed, is_no_news};
use super::error::AppError;
use super::outcome::{Outcome, Reply};
use super::own::is_answer;
use super::party::Hot;
use super::shared::{Shared, lock};
use super::taking::Step;
use probity_credit::event::Role;
use probity_primitives::Timestamp;
use probity_store::{HANDED_OVER, SqliteSyncer, Syncer};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, PoisonError, mpsc};
use std::time::Duration;

/// Those that wait for a batch, with what they will be told once it is durable.
#[derive(Default)]
pub(super) struct Told {
    /// What became of events.
    pub(super) taken: Vec<(Reply<Vec<Outcome>>, Vec<Outcome>)>,
    /// Decisions.
    pub(super) answers: Answers,
}

impl Told {
    /// Nobody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.taken.is_empty() && self.answers.is_empty()
    }

    /// Those who asked have their answers already. A batch that nobody asked for, such as that of timers, is not among them: the
    /// keeper writes one after the other.
    fn is_unhurried(&self) -> bool {
        self.is_empty() && self.answers.early
    }

    /// The batch is durable and applied, or lost.
    pub(super) fn give(self, kept: Result<(), &AppError>) {
        for (reply, outcomes) in self.taken {
            let _ = reply.send(kept.map(|()| outcomes).map_err(Clone::clone));
        }
        self.answers.give(kept);
    }
}

/// A batch that is committed.
pub(super) struct Committed {
    /// Changes of parties' states.
    pub(super) steps: Vec<Step>,
    /// Rows that went in.
    pub(super) rows: u64,
    /// The last row of the log now.
    pub(super) last: u64,
    /// The moment of the newest event from outside.
    pub(super) latest: Option<Timestamp>,
    /// Who waits.
    pub(super) told: Told,
}

/// How long a batch stays before it is made durable when its answers were given early: the next one grows meanwhile, and larger
/// batches cost less for each of their rows.
const UNHURRIED: Duration = Duration::from_millis(4);

/// The batches that are underway.
#[derive(Default)]
pub(super) struct Underway {
    flight: Mutex<Flight>,
    changed: Condvar,
}

#[derive(Default)]
struct Flight {
    batches: u64,
    /// Somebody waits for them, or for what comes after them.
    hurried: bool,
}

impl Underway {
    fn add(&self) {
        lock(&self.flight).batches += 1;
    }

    fn landed(&self, batches: u64) {
        let mut flight = lock(&self.flight);
        flight.batches -= batches;
        flight.hurried &= flight.batches > 0;
        self.changed.notify_all();
    }

    /// True when another batch can be handed over without waiting.
    pub(super) fn has_room(&self) -> bool {
        lock(&self.flight).batches < HANDED_OVER
    }

    /// Lets what is underway land as soon as it can.
    pub(super) fn hurry(&self) {
        let mut flight = lock(&self.flight);
        flight.hurried = flight.batches > 0;
        self.changed.notify_all();
    }

    /// Stays for a while, unless somebody hurries.
    fn stay(&self) {
        let waited = self.changed.wait_timeout_while(lock(&self.flight), UNHURRIED, |flight| !flight.hurried);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn wait_for(&self, at_most: u64) {
        self.hurry();
        let left = self.changed.wait_while(lock(&self.flight), |flight| flight.batches > at_most);
        drop(left.unwrap_or_else(PoisonError::into_inner));
    }
}

/// Makes durable, applies, answers.
pub(super) struct Landing {
    shared: Arc<Shared>,
    syncer: SqliteSyncer,
    asleep: Mutex<Asleep>,
}

impl Landing {
    pub(super) fn new(shared: Arc<Shared>, syncer: SqliteSyncer) -> Self {
        Self { shared, syncer, asleep: Mutex::default() }
    }

    /// Lands batches that were committed one after the other.
    pub(super) fn land(&self, batches: Vec<Committed>) {
        match self.syncer.sync() {
            Ok(()) => {
                for Committed { steps, rows, last, latest, told } in batches {
                    self.apply(steps, last);
                    self.shared.events.fetch_add(rows, Ordering::AcqRel);
                    let latest = latest.map_or(i64::MIN, Timestamp::millis);
                    self.shared.latest.store(latest, Ordering::Release);
                    told.give(Ok(()));
                }
            }
            Err(error) => {
                let error = AppError::from(error);
                batches.into_iter().for_each(|batch| batch.told.give(Err(&error)));
            }
        }
    }

    /// What is durable becomes visible: rows first, then states.
    fn apply(&self, steps: Vec<Step>, last: u64) {
        let shared = &self.shared;
        // A decision is made between batches: what it sees is the log up to one row.
        let applying = lock(&shared.applying);
        let mut asleep = lock(&self.asleep);
        shared.durable.store(last, Ordering::Release);
        let mut news = Vec::new();
        for step in steps {
            let (event, contributions) = &*step.event;
            for (number, role) in step.numbers.into_iter().zip(Role::ALL) {
                let Some(number) = number else { continue };
                if let Err(error) = apply_to(shared, &mut asleep, number, role, &step) {
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
        drop(applying);
        // Last: a recording that begins before this is held against the news, one that begins after it has seen them.
        lock(&shared.on_record).note(&news);
    }
}

/// Rows that a party which is not in memory sleeps through before it is read again. Whoever asks for it reads them, too.
const SLEEPS_THROUGH: u8 = 32;

/// Parties that are not in memory, with how many rows each has slept through.
type Asleep = HashMap<u32, u8>;

/// True when a party sleeps on.
fn sleeps_on(asleep: &mut Asleep, number: u32) -> bool {
    let slept = asleep.entry(number).or_default();
    *slept += 1;
    if *slept > SLEEPS_THROUGH {
        asleep.remove(&number);
        return false;
    }
    true
}

/// One step of one party. A party that is not in memory need not be read for it: the store has the step already.
fn apply_to(
    shared: &Shared,
    asleep: &mut Asleep,
    number: u32,
    role: Role,
    step: &Step,
) -> Result<(), AppError> {
    let mut shard = shared.shard(number);
    let hot = match shard.entry(number) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) if step.new[usize::from(role.number())] => entry.insert(Hot::new(role)),
        // What a mark does must be in the state that is stored at the next checkpoint.
        Entry::Vacant(_) if !step.is_amended() && sleeps_on(asleep, number) => return Ok(()),
        Entry::Vacant(entry) => {
            let hot = shared.read(|reader| Hot::load(shared, reader, number, role))?;
            entry.insert(hot)
        }
    };
    let (event, contributions) = &*step.event;
    hot.apply(shared, step.seq, event, contributions, step.known_at, step.sign);
    if step.is_amended() {
        hot.want_stored();
    }
    shared.changed(number, hot);
    Ok(())
}

/// Where batches land.
pub(super) enum Lands {
    /// Where they are written, while the log is gone over at the start.
    Here(Landing),
    /// On a thread of its own.
    Aside(Runway),
}

impl Lands {
    /// Lets a batch land.
    pub(super) fn take(&self, committed: Committed) {
        match self {
            Self::Here(landing) => landing.land(vec![committed]),
            Self::Aside(runway) => runway.take(committed),
        }
    }

    /// Waits until all batches have landed.
    pub(super) fn wait(&self) {
        if let Self::Aside(runway) = self {
            runway.underway.wait_for(0);
        }
    }

    /// Lands what is underway and ends the thread.
    pub(super) fn end(self) {
        if let Self::Aside(runway) = self {
            runway.end();
        }
    }
}

/// The landing's thread, as the keeper sees it.
pub(super) struct Runway {
    batches: mpsc::Sender<Committed>,
    pub(super) underway: Arc<Underway>,
    thread: std::thread::JoinHandle<()>,
}

impl Runway {
    /// Starts the thread; `landed` is called whenever batches have landed.
    pub(super) fn start(landing: Landing, landed: impl Fn() + Send + 'static) -> std::io::Result<Self> {
        let (sender, receiver) = mpsc::channel::<Committed>();
        let underway = Arc::new(Underway::default());
        let seen = Arc::clone(&underway);
        let thread = std::thread::Builder::new().name("landing".into()).spawn(move || {
            while let Ok(first) = receiver.recv() {
                if first.told.is_unhurried() {
                    seen.stay();
                }
                let mut batches = vec![first];
                batches.extend(receiver.try_iter());
                let count = batches.len() as u64;
                landing.land(batches);
                seen.landed(count);
                landed();
            }
        })?;
        Ok(Self { batches: sender, underway, thread })
    }

    /// Hands a batch to the thread; when that is gone, those who wait for the batch are told.
    fn take(&self, committed: Committed) {
        self.underway.add();
        if let Err(mpsc::SendError(committed)) = self.batches.send(committed) {
            self.underway.landed(1);
            committed.told.give(Err(&AppError::internal("the thread that answers has ended")));
        }
    }

    fn end(self) {
        drop(self.batches);
        if self.thread.join().is_err() {
            tracing::error!("the thread that answers ended badly");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hurry_lasts_until_all_that_is_underway_has_landed() {
        let underway = Underway::default();
        let hurried = || lock(&underway.flight).hurried;
        underway.hurry();
        assert!(!hurried(), "there is nothing to hurry");
        underway.add();
        underway.add();
        assert!(!underway.has_room());
        underway.hurry();
        underway.landed(1);
        assert!(hurried(), "the second is waited for as well");
        underway.landed(1);
        assert!(!hurried() && underway.has_room());
    }

    #[test]
    fn only_answers_that_were_given_early_let_a_batch_stay() {
        let early = || {
            let mut told = Told::default();
            told.answers.early = true;
            told
        };
        assert!(early().is_unhurried());
        assert!(!Told::default().is_unhurried(), "timers");
        let (reply, _) = tokio::sync::oneshot::channel();
        let waits = Told { taken: vec![(reply, vec![])], ..early() };
        assert!(!waits.is_unhurried(), "a sender of events waits");
    }
}
