//! Sanctions that answers start: on record before the answer is given, and once, however often it is asked for.

use super::super::error::AppError;
use super::super::open::Probity;
use super::super::sanction::RuleStart;
use super::deciding::Decided;
use probity_credit::decision::{DECISION_UNREADABLE, Record};
use probity_credit::event::Party;
use probity_primitives::Problem;

impl Probity {
    /// Starts what the answers ask for, from a thread that may wait. A repeated request starts what a power cut left out;
    /// what is in force, or was lifted by people lately, is not started again.
    ///
    /// # Errors
    /// Those of the store.
    pub fn start_sanctions(&self, decided: &[Result<Decided, AppError>]) -> Result<(), AppError> {
        for one in decided.iter().flatten() {
            self.start_sanctions_of(&one.record)?;
        }
        Ok(())
    }

    fn start_sanctions_of(&self, record: &Record) -> Result<(), AppError> {
        for sanctioning in &record.sanctions {
            let read = sanctioning.read();
            let (kind, role, ground) = read.ok_or_else(|| {
                Problem::new(DECISION_UNREADABLE, format!("'{sanctioning}' is no sanction"))
            })?;
            let sides = [&record.merchant, &record.buyer];
            let mut parties = sides.into_iter().flatten().filter_map(|side| Party::parse(&side.party));
            // A rule may name a party that a request of its kind has not.
            let Some(party) = parties.find(|party| party.role == role) else { continue };
            self.start_by_rule(&RuleStart {
                decision: &record.id,
                party: &party,
                kind,
                ground,
                reason: &sanctioning.reason,
                statement: &sanctioning.statement,
                limit: sanctioning.limit,
            })?;
        }
        Ok(())
    }
}

/// Whether an answer starts anything.
pub fn starts_any(decided: &[Result<Decided, AppError>]) -> bool {
    decided.iter().flatten().any(|one| !one.record.sanctions.is_empty())
}
