//! Decisions within a batch: answered in the order in which they are asked, each seeing what those before it hold.

use super::super::error::{AppError, Class};
use super::super::outcome::{Outcome, Reply};
use super::super::prepare::Prepared;
use super::super::shared::lock;
use super::super::taking::Taking;
use super::super::trial::Challenger;
use super::asked::{Asked, KEY_DAYS};
use super::holding::Holding;
use super::telling::{closed, closed_id, made, record_of};
use super::trying::{Said, answer_beside};
use super::weighing::{Answered, Sight, answer};
use probity_credit::decision::Record;
use probity_credit::event::{Event, Role, key_of};
use probity_credit::exposure::Exposure;
use probity_credit::order::DERIVED_SOURCE;
use probity_expression::Faults;
use probity_primitives::{Code, Digest, Duration, ExternalId, Problem, Timestamp};
use probity_store::{Batch, Reader};
use std::collections::VecDeque;
use std::sync::Arc;
use uuid::Uuid;

const KEY_REUSED: Code = Code::new("decision-key-reused");
pub(super) const UNKNOWN: Code = Code::new("decision-unknown");
const CLOSED_OTHERWISE: Code = Code::new("decision-closed");
const HOLDS_NOTHING: Code = Code::new("decision-holds-nothing");

/// How what an approval holds comes to an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// The approval was used.
    Confirmed,
    /// It was given up.
    Released,
    /// It became too old.
    Expired,
}

impl Closing {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Decided {
    /// Everything about it.
    pub record: Arc<Record>,
    /// It was given before, to the same request.
    pub replayed: bool,
}

/// The answers to several requests, each by itself.
type Each = Vec<Result<Decided, AppError>>;

/// What the keeper is asked about decisions.
pub(in crate::app) enum Ask {
    Decide {
        asked: Vec<Asked>,
        /// The answer is given before it is on disk.
        early: bool,
        reply: Reply<Each>,
    },
    Close {
        decision: String,
        how: Closing,
        order: Option<ExternalId>,
        reply: Reply<()>,
    },
    Exposure {
        role: Role,
        id: ExternalId,
        reply: Reply<i64>,
    },
}

impl Ask {
    /// How many events it may bring.
    pub(in crate::app) fn size(&self) -> usize {
        match self {
            Self::Decide { asked, .. } => asked.len(),
            Self::Close { .. } | Self::Exposure { .. } => 0,
        }
    }

    /// Nothing could be done.
    pub(in crate::app) fn refuse(self, error: &AppError) {
        match self {
            Self::Decide { reply, .. } => drop(reply.send(Err(error.clone()))),
            Self::Close { reply, .. } => drop(reply.send(Err(error.clone()))),
            Self::Exposure { reply, .. } => drop(reply.send(Err(error.clone()))),
        }
    }
}

enum Served {
    Decided(Each),
    Closed(Result<(), AppError>),
    Open(i64),
}

/// Answers that wait for the batch to be on disk.
#[derive(Default)]
pub(in crate::app) struct Answers {
    decided: Vec<(Reply<Each>, Each)>,
    closed: Vec<(Reply<()>, Result<(), AppError>)>,
    open: Vec<(Reply<i64>, i64)>,
    /// Some were given before the batch is on disk.
    pub(in crate::app) early: bool,
}

impl Answers {
    /// Nobody waits for the batch.
    pub(in crate::app) fn is_empty(&self) -> bool {
        self.decided.is_empty() && self.closed.is_empty() && self.open.is_empty()
    }

    /// The batch is on disk, or lost.
    pub(in crate::app) fn give(self, kept: Result<(), &AppError>) {
        for (reply, answer) in self.decided {
            let _ = reply.send(kept.map(|()| answer).map_err(Clone::clone));
        }
        for (reply, answer) in self.closed {
            let _ = reply.send(kept.map_err(Clone::clone).and(answer));
        }
        for (reply, answer) in self.open {
            let _ = reply.send(kept.map(|()| answer).map_err(Clone::clone));
        }
    }
}

/// A failure of the store, which is no answer to one request but the end of the batch.
fn is_fatal(error: &AppError) -> bool {
    matches!(error.class, Class::Full | Class::Unavailable | Class::Internal)
}

fn one_by_one<T>(result: Result<T, AppError>) -> Result<Result<T, AppError>, AppError> {
    match result {
        Err(error) if is_fatal(&error) => Err(error),
        other => Ok(other),
    }
}

/// The work on decisions in one batch.
pub(in crate::app) struct Deciding<'a, 'b> {
    pub(in crate::app) taking: &'a mut Taking<'b>,
    pub(in crate::app) holding: &'a mut Holding,
    pub(in crate::app) challenger: Option<&'a Challenger>,
    pub(in crate::app) now: Timestamp,
    /// Steps that the book has taken in.
    pub(in crate::app) followed: usize,
}

impl Deciding<'_, '_> {
    /// Time goes on while the batch is open.
    pub(in crate::app) const fn at(&mut self, now: Timestamp) {
        self.now = now;
        self.taking.now = now;
    }

    /// Reservations that are too old end now.
    pub(in crate::app) fn expire(&mut self, batch: &mut impl Batch) -> Result<(), AppError> {
        for (decision, reservation) in self.holding.expired(self.now) {
            let numbers = [reservation.merchant, reservation.buyer];
            let parties = [name(batch, numbers[0])?, name(batch, numbers[1])?];
            self.close(batch, &decision, Closing::Expired, None, parties)?;
        }
        Ok(())
    }

    /// Does what is asked, in order. The answers wait for the batch, but for those that were asked for early.
    pub(in crate::app) fn serve(
        &mut self,
        batch: &mut impl Batch,
        asks: &mut VecDeque<Ask>,
        answers: &mut Answers,
    ) -> Result<(), AppError> {
        // An ask stays in the queue until it is served: who fails here can still refuse it.
        while let Some(ask) = asks.front_mut() {
            let served = match ask {
                Ask::Decide { asked, .. } => {
                    let asked = std::mem::take(asked);
                    let decided = asked.iter().map(|asked| one_by_one(self.decide(batch, asked)));
                    Served::Decided(decided.collect::<Result<_, _>>()?)
                }
                Ask::Close { decision, how, order, .. } => {
                    Served::Closed(one_by_one(self.close_asked(batch, decision, *how, order.as_ref()))?)
                }
                Ask::Exposure { role, id, .. } => {
                    let number = self.taking.number_of(batch, *role, id)?;
                    Served::Open(number.map_or(0, |number| self.exposure().of(number)))
                }
            };
            match (asks.pop_front(), served) {
                (Some(Ask::Decide { early: true, reply, .. }), Served::Decided(decided)) => {
                    let _ = reply.send(Ok(decided));
                    answers.early = true;
                }
                (Some(Ask::Decide { reply, .. }), Served::Decided(decided)) => {
                    answers.decided.push((reply, decided));
                }
                (Some(Ask::Close { reply, .. }), Served::Closed(closed)) => {
                    answers.closed.push((reply, closed))
                }
                (Some(Ask::Exposure { reply, .. }), Served::Open(open)) => answers.open.push((reply, open)),
                _ => {}
            }
        }
        Ok(())
    }

    const fn exposure(&self) -> &Exposure {
        self.holding.exposure()
    }

    fn decide(&mut self, batch: &mut impl Batch, asked: &Asked) -> Result<Decided, AppError> {
        let id = match &asked.key {
            None => format!("dec_{}", Uuid::now_v7().simple()),
            Some(key) => match self.of_key(batch, key)? {
                Ok(fresh) => fresh,
                Err(record) if record.fingerprint == asked.fingerprint => {
                    return Ok(Decided { record: Arc::new(record), replayed: true });
                }
                Err(record) => {
                    let detail =
                        format!("the key '{key}' stands for another request, decided as {}", record.id);
                    let problem = Problem::new(KEY_REUSED, detail).at("/Idempotency-Key");
                    return Err(problem.hint("give every request a key of its own").into());
                }
            },
        };
        let mut numbers = [None; 2];
        for (role, number) in Role::ALL.into_iter().zip(&mut numbers) {
            if let Some(id) = asked.request.party(role) {
                *number = self.taking.number_of(batch, role, id)?;
            }
        }
        let shared = Arc::clone(self.taking.shared);
        let sight = {
            let _still = lock(&shared.applying);
            Sight::of(&shared, asked, numbers, self.exposure(), self.now)?
        };
        let (answered, part) = match self.challenger {
            None => (answer(&shared.catalogue, asked, sight, id)?, None),
            Some(challenger) => answer_beside(&shared, challenger, asked, sight, id)?,
        };
        let Answered { record, expires_at } = answered;
        let event = made(&shared.catalogue, asked, (&record, part.as_ref()), self.now, expires_at)?;
        self.append(batch, event)?;
        if let Some(Said::Different(event)) = part.and_then(|part| part.said) {
            self.append(batch, *event)?;
        }
        Ok(Decided { record: Arc::new(record), replayed: false })
    }

    /// What a key stands for, or the id of the decision that it may stand for now. Ids follow from keys, so that the log
    /// itself holds every key once; one that is too old makes room for the next.
    fn of_key(&self, batch: &mut impl Batch, key: &ExternalId) -> Result<Result<String, Record>, AppError> {
        let mut generation = 0_u32;
        loop {
            let digest = Digest::of(&[b"decision key", &generation.to_be_bytes(), key.as_str().as_bytes()]);
            let hash = digest.to_string();
            let id = format!("dec_{}", hash.get(..32).unwrap_or_default());
            let Some((event, record)) = self.recorded(batch, &id)? else { return Ok(Ok(id)) };
            if event.known_at.plus(Duration::days(KEY_DAYS)) > self.now {
                return Ok(Err(record));
            }
            generation += 1;
        }
    }

    fn recorded(&self, batch: &mut impl Batch, id: &str) -> Result<Option<(Event, Record)>, AppError> {
        let shared = self.taking.shared;
        let reads = batch.reads();
        let Some(seq) = reads.find(&key_of(DERIVED_SOURCE, id))? else { return Ok(None) };
        let row = reads.row(seq)?.ok_or_else(|| AppError::internal(format!("row {seq} is missing")))?;
        let event = shared.decode(&row)?;
        Ok(record_of(&shared.catalogue, &event)?.map(|record| (event, record)))
    }

    fn close_asked(
        &mut self,
        batch: &mut impl Batch,
        decision: &str,
        how: Closing,
        order: Option<&ExternalId>,
    ) -> Result<(), AppError> {
        let Some((event, record)) = self.recorded(batch, decision)? else {
            let detail = format!("no decision has the id '{}'", probity_primitives::problem::shown(decision));
            return Err(AppError::new(Class::Missing, Problem::new(UNKNOWN, detail)));
        };
        let conflict =
            |code: Code, detail: String| AppError::new(Class::Conflict, Problem::new(code, detail));
        if record.held == 0 {
            return Err(conflict(
                HOLDS_NOTHING,
                format!("{decision} holds nothing: it was {}", record.outcome),
            ));
        }
        let key = key_of(DERIVED_SOURCE, &closed_id(decision));
        if let Some(seq) = batch.reads().find(&key)? {
            let row = batch.reads().row(seq)?.map(|row| self.taking.shared.decode(&row)).transpose()?;
            let vocabulary = &self.taking.shared.catalogue.vocabulary;
            let ended = row.as_ref().and_then(|event| event.text(vocabulary.get(event.kind), "how"));
            if ended == Some(how.as_str()) {
                return Ok(());
            }
            let detail = format!("{decision} was {} before", ended.unwrap_or("closed"));
            return Err(conflict(CLOSED_OTHERWISE, detail));
        }
        let parties = [event.merchant, event.buyer];
        self.close(batch, decision, how, order.map(ExternalId::as_str), parties)
    }

    fn close(
        &mut self,
        batch: &mut impl Batch,
        decision: &str,
        how: Closing,
        order: Option<&str>,
        parties: [Option<ExternalId>; 2],
    ) -> Result<(), AppError> {
        let event = closed(&self.taking.shared.catalogue, decision, how, order, parties, self.now)?;
        self.append(batch, event)
    }

    fn append(&mut self, batch: &mut impl Batch, event: Event) -> Result<(), AppError> {
        let shared = self.taking.shared;
        let mut faults = Faults::default();
        let prepared = Prepared::of(&shared.catalogue, &shared.codec, event, &mut faults);
        match self.taking.append(batch, prepared)? {
            Outcome::Taken(_) | Outcome::Duplicate(_) => {}
            // Two of the same moment never share an id: ids are looked for before they are given.
            other => {
                return Err(AppError::internal(format!("an event about a decision was refused: {other:?}")));
            }
        }
        self.follow(batch)
    }

    /// Brings the book in step with the batch; payments that used reservations up close their decisions.
    pub(in crate::app) fn follow(&mut self, batch: &mut impl Batch) -> Result<(), AppError> {
        let mut used_up = Vec::new();
        for step in self.taking.steps_from(self.followed) {
            let (shared, orders) = (self.taking.shared, &*self.taking.orders);
            let ended = self.holding.follow(shared, batch.reads(), orders, step)?;
            used_up.extend(ended.map(|(decision, _)| (decision, Arc::clone(&step.event))));
            self.followed += 1;
        }
        for (decision, payment) in used_up {
            let parties = [payment.0.merchant.clone(), payment.0.buyer.clone()];
            self.close(batch, &decision, Closing::Confirmed, None, parties)?;
        }
        Ok(())
    }
}

fn name(batch: &mut impl Batch, number: Option<u32>) -> Result<Option<ExternalId>, AppError> {
    let Some(number) = number else { return Ok(None) };
    let found = batch.reads().party_name(number)?;
    Ok(found.map(|(_, id)| ExternalId::try_new(&id)).transpose()?)
}
