//! What came of a trial so far, as counts.

use probity_credit::decision::{Arm, Split};
use probity_credit::event::Role;
use probity_credit::policy::{Outcome, RequestKind};
use probity_primitives::Timestamp;
use probity_primitives::wire::{Reader, WireError, Writer};
use std::collections::BTreeMap;

/// The event of an answer that had no effect.
pub(in crate::app) const SHADOWED: &str = "decision.shadowed";
/// What the event of a decision says of the challenger's answer.
pub(in crate::app) const SAME: &str = "same";
pub(in crate::app) const DIFFERENT: &str = "different";
pub(in crate::app) const FAILED: &str = "failed";

/// A challenger beside the catalogue in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Trial {
    /// The number of the step that began it, and its own.
    pub(in crate::app) number: u64,
    /// Hash of the challenger.
    pub(in crate::app) catalogue: String,
    /// How parties are divided; in shadow they are not.
    pub(in crate::app) split: Option<Split>,
    /// When it began.
    pub(in crate::app) since: Timestamp,
    /// Who began it.
    pub(in crate::app) by: String,
    /// When it ended.
    pub(in crate::app) until: Option<Timestamp>,
}

/// What came of a trial so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::app) struct Tally {
    /// The trial.
    pub(in crate::app) trial: Trial,
    /// Decisions of which the challenger would have done the same.
    pub(in crate::app) same: u64,
    /// Decisions about which it could not say anything.
    pub(in crate::app) failed: u64,
    /// Decisions that it would have answered otherwise, by what was asked, the answer that counted and its own. The same
    /// outcome twice: only the terms differ.
    pub(in crate::app) different: BTreeMap<(RequestKind, Outcome, Outcome), u64>,
    /// Decisions of a split, by arm, what was asked and the answer.
    pub(in crate::app) arms: BTreeMap<(Arm, RequestKind, Outcome), u64>,
}

impl Tally {
    /// Nothing yet.
    pub(super) const fn of(trial: Trial) -> Self {
        Self { trial, same: 0, failed: 0, different: BTreeMap::new(), arms: BTreeMap::new() }
    }

    /// Decisions that the challenger would have answered otherwise.
    pub(in crate::app) fn differing(&self) -> u64 {
        self.different.values().sum()
    }

    /// Decisions that were compared.
    pub(in crate::app) fn compared(&self) -> u64 {
        self.same + self.failed + self.differing()
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        let trial = &self.trial;
        writer.unsigned(trial.number);
        writer.text(&trial.catalogue);
        writer.text(&trial.by);
        writer.signed(trial.since.millis());
        writer.signed(trial.until.map_or(i64::MIN, Timestamp::millis));
        writer.unsigned(trial.split.map_or(0, |split| u64::from(split.share)));
        writer.text(trial.split.map_or("", |split| split.of.as_str()));
        writer.unsigned(self.same);
        writer.unsigned(self.failed);
        writer.unsigned(self.different.len() as u64);
        for ((kind, was, outcome), count) in &self.different {
            [kind.as_str(), was.as_str(), outcome.as_str()].iter().for_each(|word| writer.text(word));
            writer.unsigned(*count);
        }
        writer.unsigned(self.arms.len() as u64);
        for ((arm, kind, outcome), count) in &self.arms {
            [arm.as_str(), kind.as_str(), outcome.as_str()].iter().for_each(|word| writer.text(word));
            writer.unsigned(*count);
        }
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let number = reader.unsigned()?;
        let (catalogue, by) = (reader.text()?, reader.text()?);
        let since = Timestamp::from_millis(reader.signed()?);
        let until = Some(reader.signed()?).filter(|millis| *millis != i64::MIN).map(Timestamp::from_millis);
        let share = u32::try_from(reader.unsigned()?).unwrap_or(0);
        let split = Role::parse(&reader.text()?).map(|of| Split { of, share });
        let mut tally = Self::of(Trial { number, catalogue, split, since, by, until });
        tally.same = reader.unsigned()?;
        tally.failed = reader.unsigned()?;
        for _ in 0..reader.count()? {
            let words = (reader.text()?, reader.text()?, reader.text()?);
            let count = reader.unsigned()?;
            let kind = RequestKind::parse(&words.0);
            let outcomes = Outcome::parse(&words.1).zip(Outcome::parse(&words.2));
            if let Some((kind, (was, outcome))) = kind.zip(outcomes) {
                tally.different.insert((kind, was, outcome), count);
            }
        }
        for _ in 0..reader.count()? {
            let words = (reader.text()?, reader.text()?, reader.text()?);
            let count = reader.unsigned()?;
            let asked = RequestKind::parse(&words.1).zip(Outcome::parse(&words.2));
            if let Some((arm, (kind, outcome))) = Arm::parse(&words.0).zip(asked) {
                tally.arms.insert((arm, kind, outcome), count);
            }
        }
        Ok(tally)
    }
}
