//! Which trial runs, and the counts of all of them, in step with the log.

use super::super::anew::each_event;
use super::super::error::AppError;
use super::super::shared::Shared;
use super::tally::{FAILED, SAME, SHADOWED, Tally, Trial};
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::{Arm, Split};
use probity_credit::event::{Event, Role, TypeIndex};
use probity_credit::policy::{Outcome, RequestKind};
use probity_primitives::wire::{Reader as WireReader, WireError, Writer};
use probity_store::Reader;
use std::collections::BTreeMap;

/// The types of events that say something about trials.
#[derive(Debug, Clone, Copy)]
pub(super) struct TrialTypes {
    pub(super) made: Option<TypeIndex>,
    shadowed: Option<TypeIndex>,
    begun: [Option<TypeIndex>; 2],
    ended: [Option<TypeIndex>; 2],
}

impl TrialTypes {
    pub(super) fn resolve(catalogue: &Catalogue) -> Self {
        let find = |name: &str| catalogue.vocabulary.find(name);
        Self {
            made: find("decision.made"),
            shadowed: find(SHADOWED),
            begun: ["catalogue.shadowed", "catalogue.split"].map(find),
            // What comes into force was compared with something else.
            ended: ["catalogue.trial_stopped", "catalogue.activated"].map(find),
        }
    }

    /// Whether an event says anything about trials.
    pub(super) fn concern(&self, kind: TypeIndex) -> bool {
        let kind = Some(kind);
        self.made == kind || self.shadowed == kind || self.begun.contains(&kind) || self.ended.contains(&kind)
    }
}

/// All trials of a folder.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Trials {
    tallies: BTreeMap<u64, Tally>,
    /// The trial that runs.
    running: Option<u64>,
    /// The newest step of change control that was seen.
    last_step: u64,
    /// Why the trial that should run does not.
    pub(in crate::app) fault: Option<String>,
}

impl Trials {
    /// The trial that runs, or should.
    pub(in crate::app) fn running(&self) -> Option<&Trial> {
        self.running.and_then(|number| self.tallies.get(&number)).map(|tally| &tally.trial)
    }

    /// All trials, oldest first.
    pub(in crate::app) fn all(&self) -> impl DoubleEndedIterator<Item = &Tally> {
        self.tallies.values()
    }

    /// Takes in what an event says. `sign` is 1 when it comes to stand, −1 when it stands no longer.
    pub(super) fn follow(&mut self, types: &TrialTypes, catalogue: &Catalogue, event: &Event, sign: i32) {
        let declared = catalogue.vocabulary.get(event.kind);
        let text = |name: &str| event.text(declared, name);
        let kind = Some(event.kind);
        let trial = event.integer(declared, "trial").and_then(|number| u64::try_from(number).ok());
        if kind == types.made || kind == types.shadowed {
            let Some(tally) = trial.and_then(|trial| self.tallies.get_mut(&trial)) else { return };
            let asked = text("request").and_then(RequestKind::parse);
            let outcome = text("outcome").and_then(Outcome::parse);
            let Some((asked, outcome)) = asked.zip(outcome) else { return };
            if kind == types.shadowed {
                let Some(was) = text("was").and_then(Outcome::parse) else { return };
                counted(tally.different.entry((asked, was, outcome)).or_default(), sign);
                return;
            }
            match text("shadow") {
                Some(SAME) => counted(&mut tally.same, sign),
                Some(FAILED) => counted(&mut tally.failed, sign),
                // One that differs is counted by the event that says how.
                _ => {}
            }
            if let Some(arm) = text("arm").and_then(Arm::parse) {
                counted(tally.arms.entry((arm, asked, outcome)).or_default(), sign);
            }
            return;
        }
        if types.begun.contains(&kind) || types.ended.contains(&kind) {
            let number = event.id.as_str().rsplit('.').next().and_then(|number| number.parse().ok());
            // Each step once: a mark about one does not take it again.
            let Some(number) = number.filter(|number| *number > self.last_step) else { return };
            self.last_step = number;
            self.end(event);
            if types.begun.contains(&kind) {
                let share = event.integer(declared, "share").and_then(|share| u32::try_from(share).ok());
                let split = text("of").and_then(Role::parse).zip(share);
                let trial = Trial {
                    number,
                    catalogue: text("catalogue").unwrap_or_default().to_owned(),
                    split: split.map(|(of, share)| Split { of, share }),
                    since: event.known_at,
                    by: text("by").unwrap_or_default().to_owned(),
                    until: None,
                };
                self.tallies.insert(number, Tally::of(trial));
                self.running = Some(number);
            }
        }
    }

    fn end(&mut self, event: &Event) {
        self.fault = None;
        if let Some(tally) = self.running.take().and_then(|number| self.tallies.get_mut(&number)) {
            tally.trial.until = Some(event.known_at);
        }
    }

    /// As stored bytes.
    pub(in crate::app) fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.unsigned(self.last_step);
        writer.unsigned(self.running.unwrap_or(0));
        writer.unsigned(self.tallies.len() as u64);
        self.tallies.values().for_each(|tally| tally.encode(&mut writer));
        writer.bytes
    }

    /// From stored bytes.
    pub(in crate::app) fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = WireReader::new(bytes);
        let mut trials = Self { last_step: reader.unsigned()?, ..Self::default() };
        trials.running = Some(reader.unsigned()?).filter(|number| *number > 0);
        for _ in 0..reader.count()? {
            let tally = Tally::decode(&mut reader)?;
            trials.tallies.insert(tally.trial.number, tally);
        }
        Ok(trials)
    }

    /// From the log up to a row.
    pub(in crate::app) fn make_anew(
        shared: &Shared,
        reader: &mut impl Reader,
        upto: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, AppError> {
        let types = TrialTypes::resolve(&shared.catalogue);
        let mut trials = Self::default();
        each_event(shared, reader, upto, progress, |_, event, moments| {
            let stands = moments.last().is_some_and(|(_, stands)| *stands);
            trials.follow(&types, &shared.catalogue, &event, i32::from(stands));
            Ok(())
        })?;
        Ok(trials)
    }
}

fn counted(count: &mut u64, sign: i32) {
    *count = count.saturating_add_signed(i64::from(sign));
}
