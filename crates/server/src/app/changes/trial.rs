//! Trials of a proposed catalogue: begun in shadow, given a share of the parties, stopped. Each step takes effect at once.

use super::super::error::{AppError, Class};
use super::super::inbox::Command;
use super::super::open::Probity;
use super::super::prepare::Prepared;
use super::super::shared::lock;
use super::super::trial::check_fit;
use super::history::{Change, ChangeState, change_texts, state_of, step_id};
use super::steps::{ONE_AT_A_TIME, person, proposal, refuse};
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::Split;
use std::sync::PoisonError;

/// All parties, in basis points.
const WHOLE: u32 = 10_000;

impl Probity {
    /// From now on a proposed catalogue answers every request after the one in force, without effect. A trial that runs
    /// ends.
    ///
    /// # Errors
    /// `catalogue-change-refused`; `challenger-unfit` when it cannot answer the same requests on the same states.
    pub fn shadow(&self, name: &str, by: &str) -> Result<Change, AppError> {
        let by = person(by)?;
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let may = |state| !matches!(state, ChangeState::Refused | ChangeState::Live);
        let hash = self.challenger_named(name, may)?;
        let fields = [("catalogue", hash.as_str()), ("by", by)];
        let id = step_id(self.next_step()?);
        let begun = self.own("catalogue.shadowed", &id, self.clock.now(), &fields, &[])?;
        self.begin(&hash, begun)
    }

    /// From now on an approved catalogue answers for a share of the parties. A trial that runs ends; parties that were
    /// answered by the same challenger before stay with it unless the share is smaller.
    ///
    /// # Errors
    /// As [`Probity::shadow`]; `catalogue-change-refused` also without a good approval of a second person.
    pub fn split(&self, name: &str, split: Split, by: &str) -> Result<Change, AppError> {
        let by = person(by)?;
        if split.share == 0 || split.share > WHOLE {
            let detail = "a share is more than 0 % and at most 100 %";
            return Err(refuse(Class::Invalid, detail, "give a share such as 20%"));
        }
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let hash = self.challenger_named(name, |state| state == ChangeState::Approved)?;
        let fields = [("catalogue", hash.as_str()), ("by", by), ("of", split.of.as_str())];
        let id = step_id(self.next_step()?);
        let share = [("share", i64::from(split.share))];
        let begun = self.own("catalogue.split", &id, self.clock.now(), &fields, &share)?;
        self.begin(&hash, begun)
    }

    /// Ends the trial that runs.
    ///
    /// # Errors
    /// `catalogue-change-refused` when none runs.
    pub fn stop_trial(&self, by: &str) -> Result<Change, AppError> {
        let by = person(by)?;
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let running = lock(&self.shared.trials).running().map(|trial| trial.catalogue.clone());
        let hint = "`probity shadow` tells of the trials that there were";
        let running = running.ok_or_else(|| refuse(Class::Conflict, "no trial runs", hint))?;
        let fields = [("catalogue", running.as_str()), ("by", by)];
        self.change_step("catalogue.trial_stopped", self.clock.now(), &fields)?;
        self.newest_change()
    }

    /// The hash of a proposal whose state allows a trial.
    fn challenger_named(
        &self,
        name: &str,
        allows: impl FnOnce(ChangeState) -> bool,
    ) -> Result<String, AppError> {
        let all = self.changes()?;
        let hash = proposal(&all, name)?.catalogue.clone();
        let state = state_of(&all, &hash, self.clock.now());
        if state.is_some_and(allows) {
            return Ok(hash);
        }
        let state = state.map_or("unknown", ChangeState::as_str);
        let hint = "a tested catalogue may be shadowed; for a share of the parties it must be approved, less than 72 hours ago";
        Err(refuse(Class::Conflict, format!("the catalogue {hash} is {state}"), hint))
    }

    fn begin(&self, hash: &str, begun: Prepared) -> Result<Change, AppError> {
        let challenger = Catalogue::load(change_texts(self.folder(), hash)?)?;
        check_fit(self.catalogue(), &challenger)?;
        let (challenger, begun) = (Box::new(challenger), Box::new(begun));
        self.ask_and_wait(|reply| Command::Try { challenger, begun, reply })?;
        self.newest_change()
    }
}
