//! What the keeper has of trials: the challenger at work, and the counts brought in step with each batch.

use super::super::error::AppError;
use super::super::shared::{Shared, lock};
use super::super::taking::Step;
use super::super::versions::past_catalogue;
use super::challenger::{Challenger, unfit};
use super::running::TrialTypes;
use probity_credit::catalogue::Catalogue;
use probity_credit::policy::{Outcome, RequestKind};
use probity_primitives::{Code, Problem};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The code of a catalogue that cannot challenge the one in force.
pub(in crate::app) const CHALLENGER_UNFIT: Code = Code::new("challenger-unfit");

/// Decisions since the process began, for those who watch it.
#[derive(Debug, Default)]
pub(in crate::app) struct DecisionCounts {
    /// By what was asked and answered, in the order of their lists.
    made: [[AtomicU64; Outcome::ALL.len()]; RequestKind::ALL.len()],
    /// Compared with a challenger, in the order of [`SAID`].
    compared: [AtomicU64; SAID.len()],
}

/// What may be said of a challenger's answer.
const SAID: [&str; 3] = [super::SAME, super::DIFFERENT, super::FAILED];

impl DecisionCounts {
    fn note(&self, asked: Option<&str>, outcome: Option<&str>, said: Option<&str>) {
        let asked = RequestKind::ALL.iter().position(|kind| Some(kind.as_str()) == asked);
        let outcome = Outcome::ALL.iter().position(|one| Some(one.as_str()) == outcome);
        let made = asked.and_then(|asked| self.made.get(asked)).zip(outcome);
        if let Some(counter) = made.and_then(|(of_kind, outcome)| of_kind.get(outcome)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
        let said = SAID.iter().position(|known| Some(*known) == said);
        if let Some(counter) = said.and_then(|said| self.compared.get(said)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Each kind and outcome that occurred, with how often.
    pub(in crate::app) fn made(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        let of_kind = |(kind, counts): (RequestKind, &[AtomicU64; Outcome::ALL.len()])| {
            let counts: Vec<_> = Outcome::ALL
                .iter()
                .zip(counts)
                .map(|(outcome, count)| (kind.as_str(), outcome.as_str(), count.load(Ordering::Relaxed)))
                .collect();
            counts
        };
        let all: Vec<_> = RequestKind::ALL.into_iter().zip(&self.made).flat_map(of_kind).collect();
        all.into_iter().filter(|(_, _, count)| *count > 0)
    }

    /// What challengers said, with how often.
    pub(in crate::app) fn compared(&self) -> [(&'static str, u64); SAID.len()] {
        std::array::from_fn(|place| {
            let count = self.compared.get(place).map_or(0, |count| count.load(Ordering::Relaxed));
            (SAID.get(place).copied().unwrap_or_default(), count)
        })
    }
}

/// The keeper's part.
pub(in crate::app) struct Trying {
    types: TrialTypes,
    challenger: Option<Challenger>,
}

impl Trying {
    pub(in crate::app) fn new(catalogue: &Catalogue) -> Self {
        Self { types: TrialTypes::resolve(catalogue), challenger: None }
    }

    /// Who challenges, if anybody does.
    pub(in crate::app) const fn challenger(&self) -> Option<&Challenger> {
        self.challenger.as_ref()
    }

    /// Brings the counts in step with rows that are on disk; with `live` they are new, and not read again after a start.
    pub(in crate::app) fn follow(&mut self, shared: &Shared, steps: &[Step], live: bool) {
        let mut trials = None;
        for step in steps.iter().filter(|step| self.types.concern(step.event.0.kind)) {
            let event = &step.event.0;
            let trials = trials.get_or_insert_with(|| lock(&shared.trials));
            trials.follow(&self.types, &shared.catalogue, event, step.sign);
            if live && Some(event.kind) == self.types.made && step.sign > 0 {
                let declared = shared.catalogue.vocabulary.get(event.kind);
                let text = |name: &str| event.text(declared, name);
                shared.decisions.note(text("request"), text("outcome"), text("shadow"));
            }
        }
        // A trial that ended, in this batch, has no challenger any more.
        if let Some(trials) = trials
            && self.challenger.as_ref().map(|one| one.trial.number) != trials.running().map(|one| one.number)
        {
            self.challenger = None;
        }
    }

    /// The trial that runs is served by this catalogue from now on, if it is the one that the log names.
    pub(in crate::app) fn take_up(&mut self, shared: &Shared, catalogue: Arc<Catalogue>) {
        let hash = catalogue.hash.to_string();
        let trial = lock(&shared.trials).running().filter(|trial| trial.catalogue == hash).cloned();
        self.challenger = trial.map(|trial| Challenger { trial, catalogue });
    }

    /// After a start: the challenger of the trial that runs is made again of its files. Where that cannot be, or the catalogue
    /// in force is another one by now that it does not fit, decisions go on without it, and the trial says why.
    pub(in crate::app) fn resume(&mut self, shared: &Shared, folder: &Path) {
        let Some(trial) = lock(&shared.trials).running().cloned() else { return };
        match challenger(shared, folder, &trial.catalogue) {
            Ok(catalogue) => self.take_up(shared, Arc::new(catalogue)),
            Err(error) => {
                tracing::warn!(%error, trial = trial.number, "the challenger takes no part in decisions");
                lock(&shared.trials).fault = Some(error.to_string());
            }
        }
    }
}

fn challenger(shared: &Shared, folder: &Path, hash: &str) -> Result<Catalogue, AppError> {
    let catalogue = past_catalogue(folder, hash)?;
    check_fit(&shared.catalogue, &catalogue)?;
    Ok(catalogue)
}

/// Refuses a catalogue that cannot answer the requests of the one in force on the same states.
pub(in crate::app) fn check_fit(live: &Catalogue, challenger: &Catalogue) -> Result<(), AppError> {
    let hint = "a challenger differs in scorecards, tiers, terms and policies alone; what another one would have said of the past, `probity backtest` tells";
    if live.hash == challenger.hash {
        let detail = format!("{} is in force", challenger.hash);
        return Err(Problem::new(CHALLENGER_UNFIT, detail).hint(hint).into());
    }
    let why = unfit(live, challenger);
    if why.is_empty() {
        return Ok(());
    }
    Err(Problem::new(CHALLENGER_UNFIT, why.join("; ")).hint(hint).into())
}
