//! Where events and set-aside rows go during an import.

use super::rehearsal::{Fate, Rehearsal};
use super::{AsideShown, Imported};
use crate::app::aside::{self, Content};
use crate::app::clock::Clock;
use crate::app::error::AppError;
use crate::app::open::Probity;
use crate::app::outcome::{Outcome, Settling};
use crate::app::prepare::{Place, Prepared, event_of};
use crate::app::taking::EVENT_ID_REUSED;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Event, Flat};
use probity_primitives::Problem;
use probity_store::SetAside;
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Events handed to the keeper at a time.
const AT_ONCE: usize = 4_096;
/// Batches that may wait for the keeper.
const AHEAD: usize = 3;
/// Set-aside rows handed to the keeper at a time.
const ASIDE_AT_ONCE: usize = 500;
/// Set-aside rows that a report shows.
const SHOWN: usize = 20;

/// Who is told of events.
pub(super) enum Target<'a> {
    Log(&'a Probity),
    Rehearsal(Box<Rehearsal>),
}

/// A batch on its way: where its events stood, and the answer to come.
type Under = (Vec<Place>, oneshot::Receiver<Result<Vec<Outcome>, AppError>>);

pub(super) struct Sink<'a> {
    target: Target<'a>,
    pub(super) catalogue: &'a Catalogue,
    clock: &'a Clock,
    pub(super) report: Imported,
    waiting: Vec<Prepared>,
    ahead: VecDeque<Under>,
    aside: Vec<SetAside>,
    /// What became of events, in the order in which they were given; only kept when asked for.
    pub(super) fates: Option<Vec<bool>>,
}

impl<'a> Sink<'a> {
    pub(super) fn new(target: Target<'a>, catalogue: &'a Catalogue, clock: &'a Clock) -> Self {
        let dry_run = matches!(target, Target::Rehearsal(_));
        Self {
            target,
            catalogue,
            clock,
            report: Imported { dry_run, ..Imported::default() },
            waiting: Vec::with_capacity(AT_ONCE),
            ahead: VecDeque::new(),
            aside: Vec::new(),
            fates: None,
        }
    }

    /// The event of a row.
    pub(super) fn read(&self, flat: Flat<'_>, source: &str) -> Result<Event, Vec<Problem>> {
        event_of(self.catalogue, flat, source, Arrival::History, self.clock.now())
    }

    /// Gives an event on; what becomes of it may be known later.
    pub(super) fn give(&mut self, event: Event, place: Place) -> Result<(), AppError> {
        match &mut self.target {
            Target::Log(probity) => {
                let prepared = Prepared { place: Some(place), ..probity.ready(event) };
                self.waiting.push(prepared);
                if self.waiting.len() >= AT_ONCE { self.hand_over() } else { Ok(()) }
            }
            Target::Rehearsal(rehearsal) => {
                let fate = rehearsal.fate(self.catalogue, &event)?;
                self.fates.iter_mut().for_each(|fates| fates.push(fate != Fate::Conflict));
                match fate {
                    Fate::Taken => self.report.taken += 1,
                    Fate::Duplicate => self.report.duplicates += 1,
                    Fate::Conflict => {
                        let detail = format!(
                            "the id '{}' of source '{}' stands for another event",
                            event.id, event.source
                        );
                        self.count_aside(&place, &[Problem::new(EVENT_ID_REUSED, detail).at("/id")]);
                    }
                }
                Ok(())
            }
        }
    }

    fn hand_over(&mut self) -> Result<(), AppError> {
        if let Target::Log(probity) = self.target
            && !self.waiting.is_empty()
        {
            let items = std::mem::replace(&mut self.waiting, Vec::with_capacity(AT_ONCE));
            let places = items.iter().filter_map(|item| item.place.clone()).collect();
            self.ahead.push_back((places, probity.take_later(items, Settling::Later)?));
        }
        while self.ahead.len() > AHEAD {
            self.await_one()?;
        }
        Ok(())
    }

    fn await_one(&mut self) -> Result<(), AppError> {
        let Some((places, answer)) = self.ahead.pop_front() else { return Ok(()) };
        let outcomes = answer.blocking_recv().map_err(|_| AppError::internal("the keeper has ended"))??;
        for (outcome, place) in outcomes.into_iter().zip(places) {
            let good = !matches!(outcome, Outcome::Conflict(..) | Outcome::Refused(_));
            match outcome {
                Outcome::Taken(_) => self.report.taken += 1,
                Outcome::Duplicate(_) => self.report.duplicates += 1,
                // The keeper has set it aside already.
                Outcome::Conflict(_, problem) | Outcome::Refused(problem) => {
                    self.count_aside(&place, &[problem])
                }
            }
            self.fates.iter_mut().for_each(|fates| fates.push(good));
        }
        Ok(())
    }

    fn count_aside(&mut self, place: &Place, problems: &[Problem]) {
        // Where fates are kept, the rows of a mapping are counted up from them.
        if self.fates.is_none() || place.line == 0 {
            self.report.set_aside += 1;
        }
        self.count_reason(&aside::code(problems));
        self.show(&place.source, place.line, &aside::code(problems), &aside::reason(problems));
    }

    /// Counts a row that was set aside for this reason.
    pub(super) fn count_reason(&mut self, code: &str) {
        *self.report.reasons.entry(code.to_owned()).or_default() += 1;
    }

    /// Shows a row that was set aside, when it is one of the first.
    pub(super) fn show(&mut self, source: &str, line: u64, code: &str, reason: &str) {
        if self.report.first_set_aside.len() < SHOWN {
            let shown = AsideShown { source: source.into(), line, code: code.into(), reason: reason.into() };
            self.report.first_set_aside.push(shown);
        }
    }

    /// Sets a row aside: counted, shown, kept.
    pub(super) fn set_aside(
        &mut self,
        place: &Place,
        problems: &[Problem],
        content: Content<'_>,
    ) -> Result<(), AppError> {
        self.count_aside(place, problems);
        let content = aside::kept(self.catalogue, content);
        self.keep_aside(&place.source, place.line, &aside::code(problems), &aside::reason(problems), content)
    }

    /// Keeps a row that was set aside and counted.
    pub(super) fn keep_aside(
        &mut self,
        source: &str,
        line: u64,
        code: &str,
        reason: &str,
        content: Vec<u8>,
    ) -> Result<(), AppError> {
        let Target::Log(probity) = self.target else { return Ok(()) };
        let at = self.clock.now();
        let (source, code, reason) = (source.into(), code.into(), reason.into());
        self.aside.push(SetAside { source, line, code, reason, content, at });
        if self.aside.len() >= ASIDE_AT_ONCE {
            probity.set_aside_once(std::mem::take(&mut self.aside))?;
        }
        Ok(())
    }

    /// Waits until everything given is on disk.
    pub(super) fn finish(&mut self) -> Result<(), AppError> {
        self.hand_over()?;
        while !self.ahead.is_empty() {
            self.await_one()?;
        }
        match self.target {
            Target::Log(probity) if !self.aside.is_empty() => {
                probity.set_aside_once(std::mem::take(&mut self.aside))
            }
            _ => Ok(()),
        }
    }
}

/// A place in a file or table.
pub(super) fn place(source: &Arc<str>, line: u64) -> Place {
    Place { source: Arc::clone(source), line, lasting: true }
}
