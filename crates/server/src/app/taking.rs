//! Taking events into a batch: what each row means for postings, orders, marks and states.

use super::aside::{self, Content};
use super::docket;
use super::error::AppError;
use super::orders::Orders;
use super::outcome::Outcome;
use super::party::contributions;
use super::prepare::{Place, Prepared};
use super::shared::Shared;
use probity_credit::event::{Event, Mark, Role, standing, to_json};
use probity_credit::indicator::Contributions;
use probity_credit::order::{Book, DERIVED_SOURCE, order_key};
use probity_expression::Faults;
use probity_primitives::{Code, ExternalId, Problem, Timestamp};
use probity_store::{Appended, Batch, Key, Reader, SetAside, Subject};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The code of an id that stands for something else already.
pub(super) const EVENT_ID_REUSED: Code = Code::new("event-id-reused");
/// The code of a mark about a mark.
const TARGET_IS_MARK: Code = Code::new("target-is-mark");

/// Targets of marks that came before them, with the newest moment at which such a mark was known.
pub(super) type Awaited = BTreeMap<Key, Timestamp>;

/// One change of parties' states, to be made once the rows are committed.
pub(super) struct Step {
    pub(super) seq: u64,
    pub(super) event: Arc<(Event, Contributions)>,
    /// The merchant's and the buyer's number.
    pub(super) numbers: [Option<u32>; 2],
    /// The party was met for the first time in this batch.
    pub(super) new: [bool; 2],
    /// What the live states see: 1, −1 or 0 (only the moment moves on).
    pub(super) sign: i32,
    pub(super) known_at: Timestamp,
    /// What the platform's sums see: moments and signs.
    pub(super) platform: Vec<(Timestamp, i32)>,
}

impl Step {
    /// True when it is more than an event that came to count: a mark was about it.
    pub(super) fn is_amended(&self) -> bool {
        self.sign != 1 || self.platform.len() != 1
    }
}

/// The work on one batch.
pub(super) struct Taking<'a> {
    pub(super) shared: &'a Arc<Shared>,
    pub(super) orders: &'a mut Orders,
    numbers: &'a mut HashMap<(Role, ExternalId), u32>,
    awaited: &'a mut Awaited,
    steps: Vec<Step>,
    pub(super) now: Timestamp,
    rows: u64,
    /// The rows stand in the log already: they are read again after a start.
    pub(super) replaying: bool,
    /// Numbers above this were given in this batch.
    known_numbers: u32,
    highest: u32,
    newest: Option<Timestamp>,
}

/// What a batch leaves behind once it is committed.
#[derive(Default)]
pub(super) struct Taken {
    /// Changes of parties' states.
    pub(super) steps: Vec<Step>,
    /// Rows that went in.
    pub(super) rows: u64,
    /// The highest party number given.
    pub(super) highest: u32,
    /// The newest `known_at` of an event from outside, marks whose target is not there yet left out.
    pub(super) newest: Option<Timestamp>,
}

impl<'a> Taking<'a> {
    pub(super) fn new(
        shared: &'a Arc<Shared>,
        orders: &'a mut Orders,
        numbers: &'a mut HashMap<(Role, ExternalId), u32>,
        awaited: &'a mut Awaited,
        highest: u32,
        now: Timestamp,
    ) -> Self {
        Self {
            shared,
            orders,
            numbers,
            awaited,
            steps: Vec::new(),
            now,
            rows: 0,
            replaying: false,
            known_numbers: highest,
            highest,
            newest: None,
        }
    }

    /// What is to be done after the commit.
    pub(super) fn end(self) -> Taken {
        Taken { steps: self.steps, rows: self.rows, highest: self.highest, newest: self.newest }
    }

    /// The steps from a place on.
    pub(super) fn steps_from(&self, place: usize) -> &[Step] {
        self.steps.get(place..).unwrap_or_default()
    }

    /// The number of a party, if it has one; none is given.
    pub(super) fn number_of(
        &mut self,
        batch: &mut impl Batch,
        role: Role,
        id: &ExternalId,
    ) -> Result<Option<u32>, AppError> {
        let key = (role, id.clone());
        if let Some(given) = self.numbers.get(&key) {
            return Ok(Some(*given));
        }
        let found = batch.reads().party_number(role.number(), id.as_str())?;
        if let Some(found) = found {
            self.numbers.insert(key, found);
        }
        Ok(found)
    }

    /// Appends the facts that follow for the orders of this batch; with `settle` their timers go off, too.
    pub(super) fn derive(
        &mut self,
        batch: &mut impl Batch,
        settle: Option<Timestamp>,
        faults: &mut Faults,
    ) -> Result<(), AppError> {
        for event in self.orders.reconcile(self.shared, batch.reads(), settle)? {
            let prepared = Prepared::of(&self.shared.catalogue, &self.shared.codec, event, faults);
            self.append(batch, prepared)?;
        }
        Ok(())
    }

    /// Appends an event unless its id is known.
    pub(super) fn append(&mut self, batch: &mut impl Batch, item: Prepared) -> Result<Outcome, AppError> {
        if self.marks_a_mark(batch, &item)? {
            let problem = about_mark(&item.event);
            self.set_aside(batch, &item.event, item.place.as_ref(), &problem)?;
            return Ok(Outcome::Refused(problem));
        }
        match batch.append(item.key, self.now, &item.body)? {
            Appended::Taken(seq) => {
                self.take_in(batch, seq, Arc::new((item.event, item.contributions)))?;
                Ok(Outcome::Taken(seq))
            }
            Appended::Known(seq) => self.compare(batch, seq, &item),
        }
    }

    /// The same once more changes nothing; something else under the same id is set aside, and the first stands.
    fn compare(&self, batch: &mut impl Batch, seq: u64, item: &Prepared) -> Result<Outcome, AppError> {
        let row = batch
            .reads()
            .row(seq)?
            .ok_or_else(|| AppError::internal(format!("row {seq} of a known key is missing")))?;
        if self.shared.decode(&row)?.same_statement(&item.event) {
            return Ok(Outcome::Duplicate(seq));
        }
        let detail = format!(
            "the id '{}' of source '{}' stands for another event, recorded at {}",
            item.event.id, item.event.source, row.recorded_at
        );
        let problem = Problem::new(EVENT_ID_REUSED, detail)
            .at("/id")
            .hint("the first stands; correct it with event.retracted and a new id");
        self.set_aside(batch, &item.event, item.place.as_ref(), &problem)?;
        Ok(Outcome::Conflict(seq, problem))
    }

    /// Keeps what was sent in the one form that every way in can take again.
    fn set_aside(
        &self,
        batch: &mut impl Batch,
        event: &Event,
        place: Option<&Place>,
        problem: &Problem,
    ) -> Result<(), AppError> {
        let content = to_json(&self.shared.catalogue.vocabulary, event).to_string().into_bytes();
        let kept = SetAside {
            source: place.map_or_else(|| event.source.to_string(), |place| place.source.to_string()),
            line: place.map_or(0, |place| place.line),
            code: problem.code.to_string(),
            reason: aside::reason(std::slice::from_ref(problem)),
            content: aside::kept(&self.shared.catalogue, Content::Json(&content)),
            at: self.now,
        };
        if place.is_some_and(|place| place.lasting) {
            aside::keep_once(batch, &kept)?;
        } else {
            batch.set_aside(&kept)?;
        }
        Ok(())
    }

    /// True for a mark about a mark that is here; one that is in the log itself, having come first, is a duplicate.
    fn marks_a_mark(&self, batch: &mut impl Batch, item: &Prepared) -> Result<bool, AppError> {
        let catalogue = &self.shared.catalogue;
        let Some(mark) = catalogue.marks.read(&catalogue.vocabulary, &item.event) else { return Ok(false) };
        if mark.target == item.key {
            return Ok(true);
        }
        let Some(target) = batch.reads().find(&mark.target)? else { return Ok(false) };
        let target = batch.reads().row(target)?.map(|row| self.shared.decode(&row)).transpose()?;
        let is_mark = target.is_some_and(|target| catalogue.marks.is_mark(target.kind));
        Ok(is_mark && batch.reads().find(&item.key)?.is_none())
    }

    /// A row that the log holds already, read again after a start.
    pub(super) fn note(&mut self, batch: &mut impl Batch, seq: u64, event: Event) -> Result<(), AppError> {
        let mut faults = Faults::default();
        let contributions = contributions(self.shared, &event, &mut faults);
        self.take_in(batch, seq, Arc::new((event, contributions)))
    }

    fn take_in(
        &mut self,
        batch: &mut impl Batch,
        seq: u64,
        taken: Arc<(Event, Contributions)>,
    ) -> Result<(), AppError> {
        self.rows += 1;
        let event = &taken.0;
        let catalogue = Arc::clone(&self.shared.catalogue);
        if let Some(mark) = catalogue.marks.read(&catalogue.vocabulary, event) {
            return self.take_mark(batch, seq, &mark, event);
        }
        let (numbers, new) = self.number(batch, event)?;
        for number in numbers.into_iter().flatten() {
            self.orders.post(Subject::Party(number), seq);
        }
        for subject in docket::subjects(&catalogue, event) {
            self.orders.post(subject, seq);
            if subject == docket::ending() {
                // Whoever looks after ends looks at all of them then, so it does no harm should this batch be lost.
                let ends_at = event.integer(catalogue.vocabulary.get(event.kind), "ends_at");
                self.shared.next_ending.fetch_min(ends_at.unwrap_or(i64::MAX), Ordering::AcqRel);
            }
        }
        let order = catalogue
            .words
            .concerns(event.kind)
            .then(|| Book::order_of(&catalogue.vocabulary, event).map(order_key))
            .flatten();
        if let Some(order) = order {
            // The book first: read back from the log, it must not meet this row twice.
            self.orders.add(self.shared, batch.reads(), order, event)?;
            self.orders.post(Subject::Order(order), seq);
        }
        let mut moments = vec![(event.known_at, true)];
        let key = event.key();
        self.saw(event, event.known_at);
        if let Some(known_at) = self.awaited.remove(&key) {
            self.saw(event, known_at);
            let marks = self.marks_of(batch, key)?;
            moments = standing(event.known_at, &marks.iter().map(|(_, mark)| *mark).collect::<Vec<_>>());
            for (mark_seq, _) in marks {
                numbers
                    .into_iter()
                    .flatten()
                    .for_each(|number| self.orders.post(Subject::Party(number), mark_seq));
                order.into_iter().for_each(|order| self.orders.post(Subject::Order(order), mark_seq));
            }
            if let Some(order) = order {
                self.orders.mark(self.shared, batch.reads(), order, key, &moments)?;
            }
        }
        let stands = moments.last().is_some_and(|(_, stands)| *stands);
        let known_at = moments.last().map_or(event.known_at, |(moment, _)| *moment);
        let platform = changes(&moments);
        self.steps.push(Step {
            seq,
            numbers,
            new,
            sign: i32::from(stands),
            known_at,
            platform,
            event: taken,
        });
        Ok(())
    }

    /// A mark: what it is about changes its standing, now or when it comes.
    fn take_mark(
        &mut self,
        batch: &mut impl Batch,
        seq: u64,
        mark: &Mark,
        marking: &Event,
    ) -> Result<(), AppError> {
        let before = self.marks_of(batch, mark.target)?;
        self.orders.post(Subject::Order(mark.target), seq);
        // After a start the log holds rows that are not gone over yet: a target among them comes later, as it did then.
        let Some(target_seq) = batch.reads().find(&mark.target)?.filter(|target| *target < seq) else {
            let known_at = self.awaited.entry(mark.target).or_insert(mark.known_at);
            *known_at = mark.known_at.max(*known_at);
            return self.refuse_waiting(batch, mark.key);
        };
        let row = batch
            .reads()
            .row(target_seq)?
            .ok_or_else(|| AppError::internal(format!("row {target_seq} is missing")))?;
        let target = self.shared.decode(&row)?;
        let catalogue = Arc::clone(&self.shared.catalogue);
        if catalogue.marks.is_mark(target.kind) {
            return Ok(());
        }
        self.saw(marking, mark.known_at);
        self.refuse_waiting(batch, mark.key)?;
        let old: Vec<Mark> =
            before.into_iter().map(|(_, mark)| mark).filter(|other| other.key != mark.key).collect();
        let was = standing(target.known_at, &old);
        let now = standing(target.known_at, &[old, vec![*mark]].concat());
        let (numbers, new) = self.number(batch, &target)?;
        for number in numbers.into_iter().flatten() {
            self.orders.post(Subject::Party(number), seq);
        }
        self.mark_order(batch, seq, mark, marking, &target, &now)?;
        let stands =
            |moments: &[(Timestamp, bool)]| i32::from(moments.last().is_some_and(|(_, stands)| *stands));
        let mut platform: Vec<(Timestamp, i32)> =
            changes(&was).into_iter().map(|(moment, sign)| (moment, -sign)).collect();
        platform.extend(changes(&now));
        let mut faults = Faults::default();
        let contributions = contributions(self.shared, &target, &mut faults);
        let sign = stands(&now) - stands(&was);
        self.steps.push(Step {
            seq,
            numbers,
            new,
            sign,
            known_at: mark.known_at.max(target.known_at),
            platform,
            event: Arc::new((target, contributions)),
        });
        Ok(())
    }

    /// Tells the book of an order since when one of its events stands.
    fn mark_order(
        &mut self,
        batch: &mut impl Batch,
        seq: u64,
        mark: &Mark,
        marking: &Event,
        target: &Event,
        now: &[(Timestamp, bool)],
    ) -> Result<(), AppError> {
        let catalogue = &self.shared.catalogue;
        let order = catalogue
            .words
            .concerns(target.kind)
            .then(|| Book::order_of(&catalogue.vocabulary, target).map(order_key))
            .flatten();
        let Some(order) = order else { return Ok(()) };
        // A retraction of a derived fact came from the book itself, which knows it already.
        if marking.source.as_str() != DERIVED_SOURCE {
            self.orders.mark(self.shared, batch.reads(), order, mark.target, now)?;
        } else if self.replaying {
            let fact = target.id.as_str();
            self.orders.mark_fact(self.shared, batch.reads(), order, fact, mark.known_at)?;
        }
        self.orders.post(Subject::Order(order), seq);
        Ok(())
    }

    /// Marks about a mark that came before it: they stay in the log without effect, and are told of like those that come
    /// after it.
    fn refuse_waiting(&mut self, batch: &mut impl Batch, mark: Key) -> Result<(), AppError> {
        if self.awaited.remove(&mark).is_none() || self.replaying {
            return Ok(());
        }
        let mut seqs = self.shared.postings_so_far(batch.reads(), Subject::Order(mark))?;
        seqs.extend(self.orders.fresh.get(&Subject::Order(mark)).into_iter().flatten());
        for row in batch.reads().rows(&seqs)? {
            let event = self.shared.decode(&row)?;
            self.set_aside(batch, &event, None, &about_mark(&event))?;
        }
        Ok(())
    }

    fn saw(&mut self, event: &Event, known_at: Timestamp) {
        if event.source.as_str() != DERIVED_SOURCE {
            self.newest = self.newest.max(Some(known_at));
        }
    }

    /// The marks about an event that the log or this batch holds.
    fn marks_of(&self, batch: &mut impl Batch, target: Key) -> Result<Vec<(u64, Mark)>, AppError> {
        let mut seqs = self.shared.postings_so_far(batch.reads(), Subject::Order(target))?;
        seqs.extend(self.orders.fresh.get(&Subject::Order(target)).into_iter().flatten());
        seqs.sort_unstable();
        seqs.dedup();
        let catalogue = &self.shared.catalogue;
        let events = self.shared.events_at(batch.reads(), &seqs)?;
        Ok(events
            .iter()
            .filter_map(|(seq, event)| Some((*seq, catalogue.marks.read(&catalogue.vocabulary, event)?)))
            .collect())
    }

    fn number(
        &mut self,
        batch: &mut impl Batch,
        event: &Event,
    ) -> Result<([Option<u32>; 2], [bool; 2]), AppError> {
        let (mut numbers, mut new) = ([None; 2], [false; 2]);
        for ((role, number), new) in Role::ALL.into_iter().zip(&mut numbers).zip(&mut new) {
            let Some(id) = event.party(role) else { continue };
            let key = (role, id.clone());
            let given = match self.numbers.get(&key) {
                Some(given) => *given,
                None => {
                    let given = batch.party(role.number(), id.as_str())?;
                    self.numbers.insert(key, given);
                    given
                }
            };
            *new = given > self.known_numbers;
            self.highest = self.highest.max(given);
            *number = Some(given);
        }
        Ok((numbers, new))
    }
}

fn about_mark(event: &Event) -> Problem {
    let detail =
        format!("'{}' of source '{}' is about a mark, and marks are not taken back", event.id, event.source);
    Problem::new(TARGET_IS_MARK, detail)
        .at("/target")
        .hint("after a retraction by mistake send the event again under a new id")
}

/// The moments of a standing as steps: added, taken back, added again. One that never stood brings none.
pub(super) fn changes(moments: &[(Timestamp, bool)]) -> Vec<(Timestamp, i32)> {
    let mut stood = false;
    let mut out = Vec::with_capacity(1);
    for (moment, stands) in moments {
        if *stands != stood {
            out.push((*moment, if *stands { 1 } else { -1 }));
            stood = *stands;
        }
    }
    out
}
