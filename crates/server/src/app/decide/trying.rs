//! The challenger's part in an answer: in shadow it is asked after the catalogue in force and changes nothing; in a split it
//! answers for its share of the parties.

use super::super::error::AppError;
use super::super::shared::Shared;
use super::super::trial::{Challenger, DIFFERENT, FAILED, SAME};
use super::asked::Asked;
use super::telling::shadowed;
use super::weighing::{Answered, Sight, answer};
use probity_credit::decision::{Arm, InTrial, Record, Split};
use probity_credit::event::Event;

/// What a decision has to do with a trial.
pub(super) struct Part {
    /// The trial's number.
    pub(super) trial: u64,
    /// The side of a split by which it was made.
    pub(super) arm: Option<Arm>,
    /// What a shadowed challenger said.
    pub(super) said: Option<Said>,
}

/// What a shadowed challenger said.
pub(super) enum Said {
    Same,
    /// Something else, as the event that tells it.
    Different(Box<Event>),
    /// It could not answer.
    Failed,
}

impl Said {
    pub(super) const fn as_str(&self) -> &'static str {
        match self {
            Self::Same => SAME,
            Self::Different(_) => DIFFERENT,
            Self::Failed => FAILED,
        }
    }
}

/// Answers a request while a challenger is at work.
pub(super) fn answer_beside(
    shared: &Shared,
    challenger: &Challenger,
    asked: &Asked,
    sight: Sight,
    id: String,
) -> Result<(Answered, Option<Part>), AppError> {
    let trial = &challenger.trial;
    let Some(split) = trial.split else {
        let theirs = sight.under(&shared.catalogue, &challenger.catalogue);
        let answered = answer(&shared.catalogue, asked, sight, id.clone())?;
        let said = answer(&challenger.catalogue, asked, theirs, id)
            .and_then(|other| compare(shared, trial.number, &answered.record, &other.record));
        // Whatever it runs into stays its own: nothing of it reaches the answer.
        let said = said.unwrap_or_else(|error| {
            tracing::debug!(%error, "the challenger could not answer");
            Said::Failed
        });
        return Ok((answered, Some(Part { trial: trial.number, arm: None, said: Some(said) })));
    };
    let Some(party) = divided(asked, split) else {
        return Ok((answer(&shared.catalogue, asked, sight, id)?, None));
    };
    let arm = split.arm(&trial.catalogue, &party);
    let theirs = (arm == Arm::Challenger).then(|| sight.under(&shared.catalogue, &challenger.catalogue));
    let mut answered = answer(&shared.catalogue, asked, sight, id.clone())?;
    if let Some(theirs) = theirs {
        let sanctions = std::mem::take(&mut answered.record.sanctions);
        let other = answer(&challenger.catalogue, asked, theirs, id);
        let Ok(other) = other.inspect_err(|error| tracing::warn!(%error, "the challenger could not answer"))
        else {
            // The request is answered all the same, on neither side.
            answered.record.sanctions = sanctions;
            return Ok((answered, Some(Part { trial: trial.number, arm: None, said: Some(Said::Failed) })));
        };
        answered = other;
        // Who is sanctioned does not depend on the side on which somebody else fell.
        answered.record.sanctions = sanctions;
    }
    answered.record.trial = Some(InTrial {
        trial: trial.number,
        challenger: trial.catalogue.clone(),
        party,
        share: split.share,
        arm: arm.as_str().to_owned(),
    });
    Ok((answered, Some(Part { trial: trial.number, arm: Some(arm), said: None })))
}

/// The party of a request by which it falls on a side.
fn divided(asked: &Asked, split: Split) -> Option<String> {
    asked.request.party(split.of).map(|id| format!("{}:{id}", split.of.as_str()))
}

fn compare(shared: &Shared, trial: u64, record: &Record, other: &Record) -> Result<Said, AppError> {
    if other.does_the_same(record) {
        return Ok(Said::Same);
    }
    Ok(Said::Different(Box::new(shadowed(&shared.catalogue, trial, record, other)?)))
}
