//! States of parties, the platform's sums and what is open, carried along the log step by step as the keeper does, and
//! nowhere else kept.

use super::super::decide::{Holding, Seen};
use super::super::error::AppError;
use super::super::party::Hot;
use super::super::shared::Shared;
use super::super::snapshot::{Snapshot, as_of_row};
use super::super::taking::changes;
use probity_credit::event::{Event, Mark, Role, standing};
use probity_credit::exposure::Exposure;
use probity_primitives::{ExternalId, Timestamp};
use probity_store::{Key, Reader, SqliteReader, Subject};
use std::collections::{HashMap, VecDeque};
use std::path::Path;
use std::sync::Arc;

pub(super) use super::super::timeline::{Prepared, prepared};

/// A change of states.
pub(super) struct Step<'a> {
    /// Ascends from step to step; the row where rows are gone over in their order.
    pub(super) place: u64,
    pub(super) event: &'a Prepared,
    pub(super) known_at: Timestamp,
    pub(super) sign: i32,
    /// What the platform's sums see.
    pub(super) platform: &'a [(Timestamp, i32)],
}

/// Everything as it stands after some rows.
pub(super) struct Sweep {
    shared: Arc<Shared>,
    reader: SqliteReader,
    holding: Holding,
    numbers: [HashMap<ExternalId, u32>; 2],
    marks: HashMap<Key, Vec<Mark>>,
    /// Rows up to here have their postings in the store; those behind it, here.
    posted: u64,
    /// Changes that states have not taken in: a decision may not have seen the rows just before its own.
    waiting: VecDeque<Waiting>,
}

/// A change of states that waits until a decision has seen it.
struct Waiting {
    place: u64,
    event: Prepared,
    numbers: [Option<u32>; 2],
    known_at: Timestamp,
    sign: i32,
    platform: Vec<(Timestamp, i32)>,
}

/// Rows that a decision is behind the log at most; more than go into the batches that are underway at once.
const BEHIND: u64 = 100_000;

impl Sweep {
    /// For rows in their order.
    pub(super) fn by_row(folder: &Path, shared: &Arc<Shared>) -> Result<Self, AppError> {
        let posted = SqliteReader::open(folder)?.last_checkpoint()?.map_or(0, |checkpoint| checkpoint.seq);
        Self::new(folder, shared, posted)
    }

    /// For changes in the order in which they became known: no party is ever ahead of the moment, so no event is read again.
    pub(super) fn by_knowledge(folder: &Path, shared: &Arc<Shared>) -> Result<Self, AppError> {
        Self::new(folder, shared, u64::MAX)
    }

    fn new(folder: &Path, shared: &Arc<Shared>, posted: u64) -> Result<Self, AppError> {
        let reader = SqliteReader::open(folder)?;
        Ok(Self {
            holding: Holding::new(&shared.catalogue),
            shared: Arc::clone(shared),
            reader,
            numbers: [HashMap::new(), HashMap::new()],
            marks: HashMap::new(),
            posted,
            waiting: VecDeque::new(),
        })
    }

    fn number(&mut self, role: Role, id: &ExternalId) -> Result<Option<u32>, AppError> {
        let [merchants, buyers] = &mut self.numbers;
        let known = if role == Role::Merchant { merchants } else { buyers };
        if let Some(number) = known.get(id) {
            return Ok(Some(*number));
        }
        let found = self.reader.party_number(role.number(), id.as_str())?;
        if let Some(number) = found {
            known.insert(id.clone(), number);
            // It begins with nothing: what the store has of it comes from later rows.
            self.shared.shard(number).entry(number).or_insert_with(|| Hot::new(role));
        }
        Ok(found)
    }

    /// The numbers of an event's parties.
    pub(super) fn numbers(&mut self, event: &Event) -> Result<[Option<u32>; 2], AppError> {
        self.numbers_of([event.merchant.as_ref(), event.buyer.as_ref()])
    }

    /// The numbers of parties.
    pub(super) fn numbers_of(&mut self, ids: [Option<&ExternalId>; 2]) -> Result<[Option<u32>; 2], AppError> {
        let mut numbers = [None; 2];
        for ((role, id), number) in Role::ALL.into_iter().zip(ids).zip(&mut numbers) {
            if let Some(id) = id {
                *number = self.number(role, id)?;
            }
        }
        Ok(numbers)
    }

    /// What is open, after reservations that ended by themselves by a moment.
    pub(super) fn exposure(&mut self, at: Timestamp) -> &Exposure {
        // The others end by an event of their own.
        self.holding.expired(at);
        self.holding.keep();
        self.holding.exposure()
    }

    /// A party as of a moment and a row, up to which states have caught up.
    pub(super) fn seen(
        &self,
        role: Role,
        number: Option<u32>,
        at: Timestamp,
        upto: u64,
        exposure: i64,
    ) -> Result<Seen<'_>, AppError> {
        let snapshot = match number {
            Some(number) => as_of_row(&self.shared, number, role, at, upto)?,
            None => Snapshot::unknown(&self.shared, role, at),
        };
        Seen::of(&self.shared.catalogue, role, snapshot, exposure)
    }

    /// Takes a row in, as the keeper does.
    pub(super) fn take(&mut self, row: u64, prepared: &Prepared) -> Result<(), AppError> {
        let event = &prepared.0;
        let catalogue = Arc::clone(&self.shared.catalogue);
        if let Some(mark) = catalogue.marks.read(&catalogue.vocabulary, event) {
            return self.take_mark(row, &mark);
        }
        let moments = match self.marks.get(&event.key()) {
            Some(marks) => standing(event.known_at, marks),
            None => vec![(event.known_at, true)],
        };
        let (known_at, stands) = moments.last().copied().unwrap_or((event.known_at, true));
        let platform = changes(&moments);
        let sign = i32::from(stands);
        self.step(&Step { place: row, event: prepared, known_at, sign, platform: &platform })
    }

    /// A mark changes what its target counts for; one that came before its target waits for it.
    fn take_mark(&mut self, row: u64, mark: &Mark) -> Result<(), AppError> {
        let others = self.marks.entry(mark.target).or_default();
        let old: Vec<Mark> = others.iter().filter(|other| other.key != mark.key).copied().collect();
        others.push(*mark);
        let catalogue = Arc::clone(&self.shared.catalogue);
        let Some(target) = self.reader.find(&mark.target)?.filter(|target| *target < row) else {
            return Ok(());
        };
        let Some(target) = self.reader.row(target)? else { return Ok(()) };
        let target = self.shared.decode(&target)?;
        if catalogue.marks.is_mark(target.kind) {
            return Ok(());
        }
        let (was, now) =
            (standing(target.known_at, &old), standing(target.known_at, &[old, vec![*mark]].concat()));
        let stands =
            |moments: &[(Timestamp, bool)]| i32::from(moments.last().is_some_and(|(_, stands)| *stands));
        let sign = stands(&now) - stands(&was);
        let mut platform: Vec<(Timestamp, i32)> =
            changes(&was).into_iter().map(|(moment, sign)| (moment, -sign)).collect();
        platform.extend(changes(&now));
        let known_at = mark.known_at.max(target.known_at);
        let target = prepared(&self.shared, target);
        self.step(&Step { place: row, event: &target, known_at, sign, platform: &platform })
    }

    /// Applies a change to what is open, and lets states take it in when they catch up.
    pub(super) fn step(&mut self, step: &Step<'_>) -> Result<(), AppError> {
        let numbers = self.numbers(&step.event.0)?;
        self.holding.go_over(&self.shared.catalogue, step.event, numbers, step.sign);
        self.waiting.push_back(Waiting {
            place: step.place,
            event: Arc::clone(step.event),
            numbers,
            known_at: step.known_at,
            sign: step.sign,
            platform: step.platform.to_vec(),
        });
        self.catch_up(step.place.saturating_sub(BEHIND));
        Ok(())
    }

    /// States and the platform's sums take in all changes up to a place.
    pub(super) fn catch_up(&mut self, upto: u64) {
        while self.waiting.front().is_some_and(|waiting| waiting.place <= upto) {
            let Some(waiting) = self.waiting.pop_front() else { return };
            let (event, contributions) = &*waiting.event;
            for number in waiting.numbers.into_iter().flatten() {
                if waiting.place > self.posted {
                    self.shared.fresh().entry(Subject::Party(number)).or_default().push(waiting.place);
                }
                if let Some(hot) = self.shared.shard(number).get_mut(&number) {
                    let (place, sign) = (waiting.place, waiting.sign);
                    hot.apply(&self.shared, place, event, contributions, waiting.known_at, sign);
                }
            }
            let mut platform = self.shared.platform();
            for (moment, sign) in &waiting.platform {
                platform.apply(&self.shared.catalogue.plan, event, contributions, *moment, *sign);
            }
        }
    }
}
