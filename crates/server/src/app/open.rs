//! A running Probity: a data folder, a catalogue, the keeper at work.

use super::anew::each_event;
use super::clock::Clock;
use super::error::AppError;
use super::inbox::Command;
use super::keeper::{KEEPER, Keeper, PLATFORM, Remembered, SYMBOLS, TRIALS};
use super::outcome::{Outcome, Reply, Settling};
use super::prepare::{Prepared, event_of};
use super::shared::{Shared, lock};
use super::trial::Trials;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Codec, Event, Flat, Symbols, key_of};
use probity_credit::indicator::Platform;
use probity_credit::order::DERIVED_SOURCE;
use probity_expression::Faults;
use probity_primitives::{Currency, Problem, Timestamp};
use probity_store::{Batch, Reader, SetAside, SqliteReader, SqliteStore, Store, StoreError};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tokio::sync::{mpsc, oneshot};

/// Requests that may wait for the keeper.
const WAITING: usize = 1_024;
/// Connections for readers.
const READERS: usize = 8;
/// Pages in the write-ahead log (64 MiB) at which it is written into the database. Single events touch a page of the index
/// each; at half of it, by that count, one request in a hundred waits for the writing.
const DRAIN_AT: u32 = 16_384;
/// Rows replayed in one go.
const REPLAYED_AT_ONCE: usize = 10_000;

/// The record of the reporting currency.
const CURRENCY: &str = "currency";

/// Id of the first step of change control: without one no trial ever began.
const FIRST_CHANGE: &str = "catalogue.change.1";

/// Told while opening takes long: rows done, rows in all.
pub type Opening<'a> = &'a mut dyn FnMut(u64, u64);

/// A running Probity. Clones share it; when the last is gone the keeper makes a last checkpoint and ends.
#[derive(Clone)]
pub struct Probity {
    pub(super) shared: Arc<Shared>,
    /// Tells the time.
    pub clock: Clock,
    folder: PathBuf,
    sender: mpsc::Sender<Command>,
    ending: Arc<Ending>,
}

/// The reporting currency that was chosen for a folder, and whether it holds events; nothing where there is no store yet.
/// Only reads, also while another process has the folder.
///
/// # Errors
/// Those of the store.
pub fn chosen_currency(folder: &Path) -> Result<(Option<Currency>, bool), AppError> {
    let mut reader = match SqliteReader::open(folder) {
        Ok(reader) => reader,
        Err(StoreError::Missing(_)) => return Ok((None, false)),
        Err(error @ StoreError::Damaged { .. }) => return Err(error.into()),
        // Whoever opens the folder for writing meets this again, brings an older store forward, or says it better.
        Err(_) => return Ok((None, true)),
    };
    let code = reader.record(CURRENCY)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let currency = code.map(|code| Currency::try_new(&code)).transpose()?;
    Ok((currency, reader.event_count()? > 0))
}

/// Waits for the keeper when the last user is gone.
struct Ending(Mutex<Option<JoinHandle<()>>>);

impl Probity {
    /// Opens a data folder, made when it does not exist, and starts the keeper.
    ///
    /// # Errors
    /// Those of the store, and `record-undecodable` when the catalogue no longer knows what the log holds.
    pub fn open(
        folder: &Path,
        catalogue: Catalogue,
        clock: Clock,
        progress: Opening<'_>,
    ) -> Result<Self, AppError> {
        Self::open_in(folder, catalogue, clock, None, progress)
    }

    /// The same; the folder remembers a currency that was chosen for it ([`chosen_currency`]), and whoever opens it asks
    /// for a catalogue in that one.
    ///
    /// # Errors
    /// As [`Probity::open`].
    pub fn open_in(
        folder: &Path,
        catalogue: Catalogue,
        clock: Clock,
        chosen: Option<Currency>,
        progress: Opening<'_>,
    ) -> Result<Self, AppError> {
        let mut store = SqliteStore::open_or_create(folder)?;
        store.drain_at(DRAIN_AT);
        store.drain_aside()?;
        let mut reader = store.reader()?;
        if let Some(chosen) = chosen
            && reader.record(CURRENCY)?.as_deref() != Some(chosen.code().as_bytes())
        {
            let mut batch = store.begin()?;
            batch.put_record(CURRENCY, chosen.code().as_bytes())?;
            batch.commit()?;
        }
        let mut symbols = match reader.record(SYMBOLS)? {
            Some(bytes) => {
                Symbols::decode(&bytes).map_err(|error| AppError::internal(format!("symbols: {error}")))?
            }
            None => Symbols::default(),
        };
        let known = symbols.len();
        let codec = Codec::new(&catalogue.vocabulary, &mut symbols);
        if symbols.len() > known {
            let mut batch = store.begin()?;
            batch.put_record(SYMBOLS, &symbols.encode())?;
            batch.commit()?;
        }
        super::versions::keep(&mut store, &catalogue, clock.now())?;
        let readers = (0..READERS).map(|_| store.reader()).collect::<Result<Vec<_>, _>>()?;
        let shared = Arc::new(Shared::new(Arc::new(catalogue), codec, readers));
        let mut keeper = Keeper::new(store, Arc::clone(&shared), clock.clone())?;
        start(&mut keeper, &shared, &mut reader, progress)?;
        keeper.trying.resume(&shared, folder);
        drop(reader);
        let (sender, receiver) = mpsc::channel(WAITING);
        let wake = sender.downgrade();
        keeper.land_aside(move || {
            // When the queue is full the keeper need not be woken; when all senders are gone it has been told.
            if let Some(sender) = wake.upgrade() {
                let _ = sender.try_send(Command::Landed);
            }
        })?;
        let thread = std::thread::Builder::new().name("keeper".into()).spawn(move || keeper.run(receiver));
        let thread = thread
            .map_err(|error| AppError::internal(format!("the keeper could not be started: {error}")))?;
        let ending = Arc::new(Ending(Mutex::new(Some(thread))));
        let probity = Self { shared, clock, folder: folder.to_owned(), sender, ending };
        probity.warn_of_clock();
        Ok(probity)
    }

    /// Ends the keeper after all that waits, and waits for its last checkpoint.
    pub fn close(self) {
        let Self { sender, ending, .. } = self;
        drop(sender);
        if let Some(ending) = Arc::into_inner(ending)
            && let Some(thread) = ending.0.into_inner().ok().flatten()
            && thread.join().is_err()
        {
            tracing::error!("the keeper ended badly; the log's tail is replayed at the next start");
        }
    }

    /// The catalogue in force.
    pub fn catalogue(&self) -> &Catalogue {
        &self.shared.catalogue
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes an event of its flat form and computes what can be computed ahead. Pure: any thread may.
    ///
    /// # Errors
    /// Every problem of the form.
    pub fn prepare(&self, flat: Flat<'_>, source: &str, arrival: Arrival) -> Result<Prepared, Vec<Problem>> {
        let event = event_of(self.catalogue(), flat, source, arrival, self.clock.now())?;
        Ok(self.ready(event))
    }

    pub(super) fn ready(&self, event: Event) -> Prepared {
        let mut faults = Faults::default();
        let prepared = Prepared::of(self.catalogue(), &self.shared.codec, event, &mut faults);
        self.shared.faults.fetch_add(faults.total(), Ordering::Relaxed);
        prepared
    }

    /// Hands events to the keeper; the answer comes when they are on disk.
    ///
    /// # Errors
    /// `store-full`, `store-failed`: nothing was taken.
    pub async fn take(&self, items: Vec<Prepared>, settling: Settling) -> Result<Vec<Outcome>, AppError> {
        self.ask(|reply| Command::Take { items, settling, reply }).await
    }

    /// The same, from a thread that may wait.
    ///
    /// # Errors
    /// As [`Probity::take`].
    pub fn take_and_wait(&self, items: Vec<Prepared>, settling: Settling) -> Result<Vec<Outcome>, AppError> {
        self.ask_and_wait(|reply| Command::Take { items, settling, reply })
    }

    /// Hands events over without waiting for the answer, which is given to the returned handle.
    ///
    /// # Errors
    /// `stopping` when the keeper is gone.
    pub fn take_later(
        &self,
        items: Vec<Prepared>,
        settling: Settling,
    ) -> Result<oneshot::Receiver<Result<Vec<Outcome>, AppError>>, AppError> {
        let (reply, answer) = oneshot::channel();
        self.sender.blocking_send(Command::Take { items, settling, reply }).map_err(|_| stopped())?;
        Ok(answer)
    }

    /// Waits for the answer to events that were handed over.
    ///
    /// # Errors
    /// As [`Probity::take`].
    pub(super) fn wait_for(
        &self,
        answer: oneshot::Receiver<Result<Vec<Outcome>, AppError>>,
    ) -> Result<Vec<Outcome>, AppError> {
        answer.blocking_recv().map_err(|_| stopped())?
    }

    /// Keeps inputs that could not be taken.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn set_aside(&self, items: Vec<SetAside>) -> Result<(), AppError> {
        self.ask(|reply| Command::SetAside { items, once: false, reply }).await
    }

    /// Keeps inputs that could not be taken, each once: the same of the same place was kept at an earlier reading.
    ///
    /// # Errors
    /// Those of the store.
    pub fn set_aside_once(&self, items: Vec<SetAside>) -> Result<(), AppError> {
        self.ask_and_wait(|reply| Command::SetAside { items, once: true, reply })
    }

    /// Takes out set-aside inputs that were dealt with.
    ///
    /// # Errors
    /// Those of the store.
    pub fn drop_set_aside(&self, items: Vec<(u64, SetAside)>) -> Result<(), AppError> {
        self.ask_and_wait(|reply| Command::DropSetAside { items, reply })
    }

    /// Lets timers go off that fell due by now; says how many orders they were.
    ///
    /// # Errors
    /// Those of the store.
    pub fn settle_and_wait(&self) -> Result<u64, AppError> {
        let now = self.clock.now();
        self.ask_and_wait(|reply| Command::Settle { now, reply })
    }

    /// The same, for those that must not block a thread.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn settle(&self) -> Result<u64, AppError> {
        let now = self.clock.now();
        self.ask(|reply| Command::Settle { now, reply }).await
    }

    /// Breaks off what takes long and is taken up again at the next start: timers of a long history, scores of many months.
    pub fn stop_long_work(&self) {
        self.shared.stopping.store(true, Ordering::Release);
    }

    /// True when timers fell due that a read must not overlook.
    pub fn is_due(&self) -> bool {
        self.shared.next_due.load(Ordering::Acquire) <= self.clock.now().millis()
    }

    /// Makes a checkpoint now.
    ///
    /// # Errors
    /// Those of the store.
    pub fn checkpoint_and_wait(&self) -> Result<(), AppError> {
        self.ask_and_wait(|reply| Command::Checkpoint { reply })
    }

    /// Events in the log.
    pub fn event_count(&self) -> u64 {
        self.shared.events.load(Ordering::Acquire)
    }

    /// The moment of the newest event that came from outside.
    pub fn latest(&self) -> Option<Timestamp> {
        self.shared.latest()
    }

    /// Values that could not be computed since the start: overflows, divisions by zero, missing rates.
    pub fn fault_count(&self) -> u64 {
        self.shared.faults.load(Ordering::Relaxed)
    }

    /// Runs a read on the store; for audits, backups and lists of what was set aside.
    ///
    /// # Errors
    /// Those of the work.
    pub fn with_reader<T>(
        &self,
        work: impl FnOnce(&mut probity_store::SqliteReader) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        self.shared.read(work)
    }

    pub(super) async fn ask<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, AppError> {
        let (reply, answer) = oneshot::channel();
        self.sender.send(command(reply)).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }

    pub(super) fn ask_and_wait<T>(&self, command: impl FnOnce(Reply<T>) -> Command) -> Result<T, AppError> {
        let (reply, answer) = oneshot::channel();
        self.sender.blocking_send(command(reply)).map_err(|_| stopped())?;
        answer.blocking_recv().map_err(|_| stopped())?
    }
}

fn stopped() -> AppError {
    AppError::stopping("the keeper has ended; nothing more is taken")
}

/// Takes up the last checkpoint and replays what came after it. Under other definitions the platform's sums are made anew
/// from the whole log; states of parties are, one by one, when they are asked for.
fn start(
    keeper: &mut Keeper,
    shared: &Arc<Shared>,
    reader: &mut impl Reader,
    progress: Opening<'_>,
) -> Result<(), AppError> {
    let parties = u32::try_from(reader.party_count(None)?).unwrap_or(u32::MAX);
    let remembered = match reader.record(KEEPER)? {
        Some(bytes) => {
            Remembered::decode(&bytes).map_err(|error| AppError::internal(format!("keeper: {error}")))?
        }
        None => Remembered::default(),
    };
    let from = reader.last_checkpoint()?.map_or(0, |checkpoint| checkpoint.seq);
    let (last, _) = reader.last()?;
    keeper.remember(remembered, parties, from);
    let platform = reader.record(PLATFORM)?.unwrap_or_default();
    match platform.split_at_checked(16) {
        Some((made_under, bytes)) if made_under == shared.catalogue.plan_hash.half() => {
            let platform =
                Platform::decode(bytes).map_err(|error| AppError::internal(format!("platform: {error}")))?;
            *shared.platform() = platform;
        }
        _ => platform_anew(shared, reader, from, progress)?,
    }
    keeper.holding.resume(shared, reader, from, progress)?;
    let trials = match reader.record(TRIALS)? {
        Some(bytes) => {
            Trials::decode(&bytes).map_err(|error| AppError::internal(format!("trials: {error}")))?
        }
        // A folder of before there were trials had none, unless that record alone is gone.
        None if reader.find(&key_of(DERIVED_SOURCE, FIRST_CHANGE))?.is_none() => Trials::default(),
        None => Trials::make_anew(shared, reader, from, progress)?,
    };
    *lock(&shared.trials) = trials;
    let mut next = from + 1;
    while next <= last {
        let rows = reader.range(next, REPLAYED_AT_ONCE)?;
        let Some(end) = rows.last().map(|row| row.seq) else { break };
        keeper.replay(&rows)?;
        next = end + 1;
        progress(next - from, last - from);
    }
    shared.events.store(last, Ordering::Release);
    keeper.replayed(from < last)?;
    let due = [reader.next_due()?, keeper.holding.next_expiry()].into_iter().flatten().min();
    shared.next_due.fetch_min(due.map_or(i64::MAX, Timestamp::millis), Ordering::AcqRel);
    Ok(())
}

/// The platform's sums from the log up to a row.
pub(super) fn platform_anew(
    shared: &Shared,
    reader: &mut impl Reader,
    upto: u64,
    progress: Opening<'_>,
) -> Result<(), AppError> {
    each_event(shared, reader, upto, progress, |_, event, moments| {
        let mut faults = Faults::default();
        let contributions = super::party::contributions(shared, &event, &mut faults);
        let mut platform = shared.platform();
        for (moment, sign) in super::taking::changes(moments) {
            platform.apply(&shared.catalogue.plan, &event, &contributions, moment, sign);
        }
        Ok(())
    })
}
