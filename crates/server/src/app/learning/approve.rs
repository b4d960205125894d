//! A card on its way into force: proposed with its figures, approved by a second person, activated; by the change control that
//! every definition goes through.

use super::super::changes::{ChangeState, state_of};
use super::super::error::{AppError, Class};
use super::super::open::Probity;
use super::judging::{CardShown, read_card, role};
use probity_credit::catalogue::Catalogue;
use probity_credit::score::{Fitted, HeldOut, Scorecard};
use probity_primitives::{Code, Problem};
use serde::Serialize;
use std::path::Path;

const NOT_VALIDATED: Code = Code::new("scorecard-not-validated");

/// What was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// The catalogue in force with this card was proposed, and passed its tests.
    Proposed,
    /// It was proposed and did not pass.
    Refused,
    /// A second person approved it.
    Approved,
    /// It comes into force with the next start.
    Activated,
}

/// A card that went a step further.
#[derive(Debug, Clone, Serialize)]
pub struct Approved {
    /// What was done.
    pub step: Step,
    /// The card.
    pub card: CardShown,
    /// The hash of the catalogue with it.
    pub catalogue: String,
    /// The hash of the catalogue before, where it was activated.
    pub before: Option<String>,
    /// What its proposal says of it.
    pub note: String,
    /// Why it was refused.
    pub reasons: Vec<String>,
}

impl Probity {
    /// Takes a card one step further: proposes the catalogue in force with it, or approves that proposal; with `activate`
    /// an approved one is put in force, too. A card that does not say how it did on rows it was not fitted on is proposed
    /// only with a reason.
    ///
    /// # Errors
    /// `scorecard-invalid`, `scorecard-not-validated`, `catalogue-change-refused`.
    pub fn approve_card(
        &self,
        path: &Path,
        by: &str,
        force_reason: Option<&str>,
        activate: bool,
    ) -> Result<Approved, AppError> {
        let (card, text) = read_card(path, self.catalogue())?;
        let mut texts = self.catalogue().texts.clone();
        texts.insert(format!("scorecards/{}.toml", role(&card).as_str()), text);
        let with = Catalogue::load(texts)?;
        let hash = with.hash.to_string();
        let state = state_of(&self.changes()?, &hash, self.clock.now());
        let note = note(&card, force_reason);
        let mut done = Approved {
            step: Step::Proposed,
            card: CardShown::new(&card, self.catalogue()),
            catalogue: hash.clone(),
            before: None,
            note: note.clone(),
            reasons: Vec::new(),
        };
        match state {
            Some(ChangeState::Tested) => {
                self.approve(&hash, by)?;
                done.step = Step::Approved;
            }
            Some(ChangeState::Approved) if activate => {}
            Some(state @ (ChangeState::Approved | ChangeState::Live)) => {
                let hint =
                    "--activate puts an approved one in force; `probity catalogue log` shows all steps";
                let detail = format!("the catalogue with this card is {} already", state.as_str());
                return Err(AppError::new(Class::Conflict, Problem::new(NOT_NEEDED, detail).hint(hint)));
            }
            None | Some(ChangeState::Refused | ChangeState::Retired) => {
                validated(&card, force_reason)?;
                let proposed = self.propose(with.texts, by, &note)?;
                if proposed.state == ChangeState::Refused {
                    done.step = Step::Refused;
                }
                done.reasons = proposed.reasons;
                return Ok(done);
            }
        }
        if activate {
            let activation = self.activate(&hash, by)?;
            (done.step, done.before) = (Step::Activated, Some(activation.before));
        }
        Ok(done)
    }
}

const NOT_NEEDED: Code = Code::new("catalogue-change-refused");

fn validated(card: &Scorecard, force_reason: Option<&str>) -> Result<(), AppError> {
    let held_out = card.fitted().and_then(|fitted| fitted.held_out.as_ref());
    if held_out.is_some() || force_reason.is_some_and(|reason| !reason.trim().is_empty()) {
        return Ok(());
    }
    let detail = format!("'{}' does not say how it did on rows that it was not fitted on", card.name());
    let hint = "train it with rows held out (--holdout or --test), or say with --force-reason why it is to be proposed all the same";
    Err(AppError::new(Class::Conflict, Problem::new(NOT_VALIDATED, detail).hint(hint)))
}

/// A card's figures in a few lines: what the second person reads.
fn note(card: &Scorecard, force_reason: Option<&str>) -> String {
    let figures = match card.fitted() {
        None => "no fitted card".to_owned(),
        Some(Fitted { label, method, rows, bad, from, to, held_out, .. }) => {
            let on = format!("{method} on {label}: {rows} rows, {bad} bad, {from} to {to}");
            match held_out {
                None => format!("{on}; not validated"),
                Some(held) => format!("{on}; held out {}", held_out_text(held)),
            }
        }
    };
    let forced = force_reason.map_or_else(String::new, |reason| format!("; forced: {}", reason.trim()));
    format!("scorecard {}: {figures}{forced}", card.name())
}

fn held_out_text(held: &HeldOut) -> String {
    let range = |[value, low, high]: [f64; 3]| format!("{value:.3} ({low:.3} to {high:.3})");
    format!(
        "{} rows, {} bad, {} to {}: AUC {}, {} has {}, difference {}; bad rate {:.4}, foretold {:.4}",
        held.rows,
        held.bad,
        held.from,
        held.to,
        range(held.auc),
        held.champion,
        range(held.champion_auc),
        range(held.difference),
        held.bad_rate.first().copied().unwrap_or_default(),
        held.predicted,
    )
}
