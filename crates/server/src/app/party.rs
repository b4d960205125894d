//! A party in memory: its state, and what was recorded of its score.

use super::error::AppError;
use super::own::is_answer;
use super::shared::Shared;
use probity_credit::event::{Event, Role, standing, stands_at};
use probity_credit::indicator::{Contributions, PartyState, Priors};
use probity_credit::sanction::Sanctions;
use probity_credit::score::Scored;
use probity_expression::Faults;
use probity_primitives::wire::{Reader as WireReader, WireError, Writer};
use probity_primitives::{Digest, Timestamp};
use probity_store::{Reader, Subject};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Parties with at most this many events have no stored state: reading their events is as quick.
pub(super) const THIN: i64 = 32;

/// A state is stored at a checkpoint when so many rows have gone in since it was last: whoever reads it reads these as well.
const BEHIND: u32 = 64;

/// A score that was recorded, or a tier that was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Recorded {
    pub(super) at: Timestamp,
    pub(super) score: i64,
    pub(super) low: i64,
    pub(super) high: i64,
    pub(super) tier: String,
}

/// A party in memory.
pub(super) struct Hot {
    pub(super) state: PartyState,
    /// The last row that went in.
    pub(super) seq: u64,
    /// Rows that went in since it was stored.
    behind: u32,
    /// It stands in the list of those to be stored.
    is_listed: bool,
    pub(super) recorded: Vec<Recorded>,
    /// Sanctions, whatever their moment: what holds at one follows from them.
    pub(super) sanctions: Sanctions,
    /// The last values and score, good until a row goes in, the hour turns or the platform's values change.
    pub(super) ready: Option<Ready>,
}

/// Values and score of a moment.
#[derive(Clone)]
pub(super) struct Ready {
    pub(super) hour: i64,
    pub(super) priors: Arc<Priors>,
    pub(super) values: Arc<Vec<Option<f64>>>,
    pub(super) scored: Arc<Scored>,
    pub(super) recorded: Arc<Vec<Recorded>>,
}

impl Hot {
    pub(super) fn new(role: Role) -> Self {
        Self {
            state: PartyState::new(role),
            seq: 0,
            behind: 0,
            is_listed: false,
            recorded: Vec::new(),
            sanctions: Sanctions::default(),
            ready: None,
        }
    }

    /// A row about the party went in: an event, or a step of one (`sign`) that a mark brought.
    pub(super) fn apply(
        &mut self,
        shared: &Shared,
        seq: u64,
        event: &Event,
        contributions: &Contributions,
        known_at: Timestamp,
        sign: i32,
    ) {
        if seq <= self.seq {
            return;
        }
        self.seq = seq;
        self.behind = self.behind.saturating_add(1);
        if is_answer(&shared.catalogue, event) {
            return;
        }
        self.ready = None;
        if sign != 0 {
            self.state.apply(&shared.catalogue.plan, event, contributions, known_at, sign);
        }
        self.state.newest = self.state.newest.max(known_at);
        if let Some(recorded) = recorded(shared, event) {
            self.record(recorded, sign);
        }
        // Nobody takes a sanction's events back: they are Probity's own, and lifting one is an event too.
        if sign > 0 {
            self.sanctions.add(&shared.catalogue.vocabulary, &shared.catalogue.sanctions, event);
        }
    }

    /// Keeps scores on record by their moment, whatever order they come in: the last is the one before now.
    fn record(&mut self, recorded: Recorded, sign: i32) {
        let place = self.recorded.partition_point(|known| known.at <= recorded.at);
        if sign > 0 {
            self.recorded.insert(place, recorded);
        } else if sign < 0
            && let Some(known) = self.recorded.iter().position(|known| *known == recorded)
        {
            self.recorded.remove(known);
        }
    }

    /// It is to be stored at the next checkpoint, however few rows went in: what came last is more than a row added.
    pub(super) const fn want_stored(&mut self) {
        self.behind = BEHIND;
    }

    pub(super) const fn is_to_be_stored(&self) -> bool {
        self.behind >= BEHIND && self.state.events > THIN
    }

    /// True when it is to be put into the list of those to be stored, once.
    pub(super) const fn is_to_be_listed(&mut self) -> bool {
        let is_new = !self.is_listed && self.is_to_be_stored();
        self.is_listed |= is_new;
        is_new
    }

    /// It was looked at, and is stored as of a row or need not be. True when it is to be stored once more.
    pub(super) const fn looked_at(&mut self, stored: Option<u64>) -> bool {
        if let Some(seq) = stored
            && seq == self.seq
        {
            self.behind = 0;
        }
        self.is_listed = self.is_to_be_stored();
        self.is_listed
    }

    pub(super) fn weight(&self) -> usize {
        self.state.weight() + self.recorded.len() * 80 + self.sanctions.list().len() * 200
    }

    pub(super) fn encode(&self, plan: &Digest) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.bytes.extend_from_slice(&plan.half());
        writer.unsigned(self.recorded.len() as u64);
        for recorded in &self.recorded {
            writer.signed(recorded.at.millis());
            writer.signed(recorded.score);
            writer.signed(recorded.low);
            writer.signed(recorded.high);
            writer.text(&recorded.tier);
        }
        writer.blob(&self.state.encode());
        self.sanctions.encode(&mut writer);
        writer.bytes
    }

    /// From stored bytes; `None` when they were made under other definitions.
    fn decode(plan: &Digest, seq: u64, bytes: &[u8]) -> Result<Option<Self>, WireError> {
        let Some((made_under, rest)) = bytes.split_at_checked(16) else { return Err(WireError::Short) };
        if made_under != plan.half() {
            return Ok(None);
        }
        let mut reader = WireReader::new(rest);
        let mut recorded = Vec::new();
        for _ in 0..reader.count()? {
            recorded.push(Recorded {
                at: Timestamp::from_millis(reader.signed()?),
                score: reader.signed()?,
                low: reader.signed()?,
                high: reader.signed()?,
                tier: reader.text()?,
            });
        }
        recorded.sort_by_key(|recorded| recorded.at);
        let state = PartyState::decode(reader.blob()?)?;
        // States that the first versions wrote end here: there were no sanctions.
        let sanctions =
            if reader.is_empty() { Sanctions::default() } else { Sanctions::decode(&mut reader)? };
        Ok(Some(Self { state, seq, behind: 0, is_listed: false, recorded, sanctions, ready: None }))
    }

    /// Reads a party's state as everything known makes it: the stored one and what came after, or all its events.
    pub(super) fn load(
        shared: &Shared,
        reader: &mut impl Reader,
        number: u32,
        role: Role,
    ) -> Result<Self, AppError> {
        let seqs = shared.postings(reader, Subject::Party(number))?;
        let stored = reader.state(number)?;
        if let Some((seq, bytes)) = stored {
            let decoded = Self::decode(&shared.catalogue.plan_hash, seq, &bytes);
            let decoded = decoded
                .map_err(|error| AppError::internal(format!("the state of party {number}: {error}")))?;
            if let Some(mut hot) = decoded {
                let after: Vec<u64> = seqs.iter().copied().filter(|later| *later > seq).collect();
                let events = shared.events_at(reader, &after)?;
                let marks = events.iter().any(|(_, event)| shared.catalogue.marks.is_mark(event.kind));
                // A mark among the later rows changes what went in before, one that came before its target what goes in
                // now: then all is read anew.
                // Up to the last checkpoint no mark came before its target: a state that such a row touched was stored with
                // it. (One that was thin by then lost events to marks, which stand among these rows.)
                let checkpointed = shared.checkpointed.load(Ordering::Acquire);
                let mut tail = events.iter().filter(|(seq, _)| *seq > checkpointed);
                let awaited = tail.try_fold(false, |found, (_, event)| {
                    Ok::<bool, AppError>(
                        found || !shared.postings(reader, Subject::Order(event.key()))?.is_empty(),
                    )
                })?;
                if !marks && !awaited {
                    let mut faults = Faults::default();
                    for (seq, event) in &events {
                        let contributions = contributions(shared, event, &mut faults);
                        hot.apply(shared, *seq, event, &contributions, event.known_at, 1);
                        hot.seq = *seq;
                    }
                    return Ok(hot);
                }
            }
        }
        let events = shared.events_at(reader, &seqs)?;
        let mut hot = build(shared, role, &events, None);
        hot.seq = seqs.last().copied().unwrap_or(0);
        hot.want_stored();
        Ok(hot)
    }
}

pub(super) fn contributions(shared: &Shared, event: &Event, faults: &mut Faults) -> Contributions {
    let catalogue = &shared.catalogue;
    catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, event, faults)
}

/// A party's state from its events and the marks about them, as of a moment or with everything.
pub(super) fn build(shared: &Shared, role: Role, events: &[(u64, Event)], at: Option<Timestamp>) -> Hot {
    let catalogue = &shared.catalogue;
    let marks = catalogue.marks.by_target(&catalogue.vocabulary, events.iter().map(|(_, event)| event));
    let mut hot = Hot::new(role);
    let mut faults = Faults::default();
    let mut newest = Timestamp::EARLIEST;
    let counts = |event: &Event| !catalogue.marks.is_mark(event.kind) && !is_answer(catalogue, event);
    for (_, event) in events.iter().filter(|(_, event)| counts(event)) {
        let moments = match marks.get(&event.key()) {
            Some(marks) => standing(event.known_at, marks),
            None => vec![(event.known_at, true)],
        };
        newest = newest.max(moments.last().map_or(event.known_at, |(moment, _)| *moment));
        let stands = match at {
            Some(at) => stands_at(&moments, at),
            None => moments.last().is_some_and(|(_, stands)| *stands),
        };
        if stands {
            let contributions = contributions(shared, event, &mut faults);
            hot.state.apply(&catalogue.plan, event, &contributions, event.known_at, 1);
            hot.recorded.extend(recorded(shared, event));
            hot.sanctions.add(&catalogue.vocabulary, &catalogue.sanctions, event);
        }
    }
    hot.state.newest = at.map_or(newest, |at| newest.min(at));
    hot.recorded.sort_by_key(|recorded| recorded.at);
    hot
}

/// What an event says about a recorded score.
pub(super) fn recorded(shared: &Shared, event: &Event) -> Option<Recorded> {
    let kind = shared.catalogue.vocabulary.get(event.kind);
    if kind.name != "score.recorded" {
        return None;
    }
    Some(Recorded {
        at: event.known_at,
        score: event.integer(kind, "score")?,
        low: event.integer(kind, "low").unwrap_or(0),
        high: event.integer(kind, "high").unwrap_or(0),
        tier: event.text(kind, "tier").unwrap_or_default().to_owned(),
    })
}
