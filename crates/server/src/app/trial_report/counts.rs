//! Trials as they are shown, with their counts.

use super::super::error::{AppError, Class};
use super::super::open::Probity;
use super::super::shared::lock;
use super::super::trial::{Tally, Trial};
use probity_primitives::{Code, Problem};
use serde::Serialize;
use std::collections::BTreeMap;

pub(super) const TRIAL_UNKNOWN: Code = Code::new("trial-unknown");

/// How parties are divided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct SplitShown {
    /// `merchant` or `buyer`.
    pub of: &'static str,
    /// The challenger's share, in basis points.
    pub share_bp: u32,
}

/// How often an answer was another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferenceCount {
    /// What was asked.
    pub kind: &'static str,
    /// The outcome that counted.
    pub live: &'static str,
    /// The challenger's; the same where only terms differ.
    pub challenger: &'static str,
    /// How often.
    pub count: u64,
}

/// How often an arm of a split gave an answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArmCount {
    /// `live` or `challenger`.
    pub arm: &'static str,
    /// What was asked.
    pub kind: &'static str,
    /// The outcome.
    pub outcome: &'static str,
    /// How often.
    pub count: u64,
}

/// A share of a role's parties, in words.
pub fn share_text(share_bp: i64, of: &str) -> String {
    format!("{}.{:02} % of the {of}s", share_bp / 100, share_bp % 100)
}

/// A trial with its counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrialShown {
    /// The number of the step that began it.
    pub number: u64,
    /// Hash of the challenger.
    pub catalogue: String,
    /// How parties are divided; none in shadow.
    pub split: Option<SplitShown>,
    /// When it began.
    pub since: String,
    /// When it ended.
    pub until: Option<String>,
    /// Who began it.
    pub by: String,
    /// It takes part in decisions now.
    pub running: bool,
    /// Why it does not although nobody ended it.
    pub fault: Option<String>,
    /// Decisions of which the challenger was asked, in shadow.
    pub compared: u64,
    /// Those that it would have answered alike.
    pub same: u64,
    /// Those that it could not answer.
    pub failed: u64,
    /// Those that it would have answered otherwise.
    pub different: u64,
    /// The same by what was asked and by both outcomes.
    pub differences: Vec<DifferenceCount>,
    /// Decisions of a split.
    pub arms: Vec<ArmCount>,
}

impl TrialShown {
    fn of(tally: &Tally, running: bool, fault: Option<&str>) -> Self {
        let Trial { number, catalogue, split, since, by, until } = &tally.trial;
        let differences = tally.different.iter().filter(|(_, count)| **count > 0);
        let arms = tally.arms.iter().filter(|(_, count)| **count > 0);
        Self {
            number: *number,
            catalogue: catalogue.clone(),
            split: split.map(|split| SplitShown { of: split.of.as_str(), share_bp: split.share }),
            since: since.to_string(),
            until: until.map(|until| until.to_string()),
            by: by.clone(),
            running: running && fault.is_none(),
            fault: fault.filter(|_| running).map(str::to_owned),
            compared: tally.compared(),
            same: tally.same,
            failed: tally.failed,
            different: tally.differing(),
            differences: differences
                .map(|((kind, live, challenger), count)| DifferenceCount {
                    kind: kind.as_str(),
                    live: live.as_str(),
                    challenger: challenger.as_str(),
                    count: *count,
                })
                .collect(),
            arms: arms
                .map(|((arm, kind, outcome), count)| ArmCount {
                    arm: arm.as_str(),
                    kind: kind.as_str(),
                    outcome: outcome.as_str(),
                    count: *count,
                })
                .collect(),
        }
    }
}

/// Decisions since the process began, for those who watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionsCounted {
    /// By what was asked and answered.
    pub made: Vec<(&'static str, &'static str, u64)>,
    /// Compared with a shadowed challenger, by what came of it.
    pub compared: BTreeMap<&'static str, u64>,
}

impl Probity {
    /// All trials, the newest first.
    pub fn trials(&self) -> Vec<TrialShown> {
        let trials = lock(&self.shared.trials);
        let running = trials.running().map(|trial| trial.number);
        let shown = |tally: &Tally| {
            TrialShown::of(tally, running == Some(tally.trial.number), trials.fault.as_deref())
        };
        trials.all().rev().map(shown).collect()
    }

    /// A trial; the newest when none is named.
    ///
    /// # Errors
    /// `trial-unknown`.
    pub fn trial(&self, number: Option<u64>) -> Result<TrialShown, AppError> {
        let mut trials = self.trials().into_iter();
        let found = trials.find(|trial| number.is_none_or(|number| trial.number == number));
        found.ok_or_else(|| {
            let detail = number.map_or_else(
                || "there was no trial yet".to_owned(),
                |number| format!("no trial has the number {number}"),
            );
            let problem = Problem::new(TRIAL_UNKNOWN, detail);
            AppError::new(
                Class::Missing,
                problem.hint("`probity catalogue shadow HASH --by NAME` begins one"),
            )
        })
    }

    /// The trial in which a share of the parties is answered otherwise, if one runs.
    pub fn split_running(&self) -> Option<SplitShown> {
        let trials = lock(&self.shared.trials);
        let split = trials.running().filter(|_| trials.fault.is_none())?.split?;
        Some(SplitShown { of: split.of.as_str(), share_bp: split.share })
    }

    /// What was decided since the process began.
    pub fn decisions_counted(&self) -> DecisionsCounted {
        let counts = &self.shared.decisions;
        DecisionsCounted { made: counts.made().collect(), compared: counts.compared().into_iter().collect() }
    }
}
