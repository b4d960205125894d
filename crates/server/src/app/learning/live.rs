//! The parties of a running Probity, held against the rows that the card in force was fitted on.

use super::super::error::AppError;
use super::super::open::Probity;
use super::super::read::AsOf;
use super::drift::{Alarm, Drifted, moved};
use super::judging::CardShown;
use super::present::{EXPERT, NOBODY, Present};
use probity_credit::event::Role;
use probity_primitives::Timestamp;

/// Parties that are looked up at once.
const AT_ONCE: usize = 1_000;

/// Whether parties still are what they were when the card in force was fitted.
#[derive(Debug, Clone)]
pub struct Stability {
    /// The card.
    pub card: CardShown,
    /// The moment; none while there are no events.
    pub as_of: Option<Timestamp>,
    /// Parties: those that the card's label observes, or all of whom something was known.
    pub parties: usize,
    /// Parties by tier, from the worst.
    pub tiers: Vec<(String, usize)>,
    /// What they are held against; none for an expert's card.
    pub against: Option<String>,
    /// The index of the score (PSI), then that of each characteristic (CSI); empty where there is nothing to hold against.
    pub drift: Vec<Drifted>,
    /// Indices that want looking at.
    pub alarms: Vec<Alarm>,
    /// Why something is missing.
    pub remarks: Vec<String>,
}

impl Probity {
    /// Scores every party of a role as of the newest event and holds them against the rows that the card in force was fitted on.
    /// It takes as long as a list of all of them.
    ///
    /// # Errors
    /// Those of the store; `busy`.
    pub fn stability(&self, role: Role) -> Result<Stability, AppError> {
        let at = self.latest().map(|_| self.moment(AsOf::Latest)).transpose()?;
        let mut present = Present::nobody(self.catalogue(), role);
        if let Some(at) = at {
            self.count_in(&mut present, role, at)?;
        }
        let mut remarks = Vec::new();
        let mut held = None;
        if present.parties() == 0 {
            remarks.push(NOBODY.to_owned());
        } else {
            held = present.against_training()?;
            if held.is_none() {
                remarks.push(format!("{EXPERT}: `probity monitor --reference` holds them against a moment"));
            }
        }
        let (against, drift) = held.map_or((None, Vec::new()), |(against, drift)| (Some(against), drift));
        Ok(Stability {
            card: CardShown::new(present.card(), self.catalogue()),
            as_of: at,
            parties: present.parties(),
            tiers: present.by_tier(),
            against,
            alarms: moved(&drift),
            drift,
            remarks,
        })
    }

    fn count_in(&self, present: &mut Present<'_>, role: Role, at: Timestamp) -> Result<(), AppError> {
        let mut after = 0;
        loop {
            let parties = self.parties(role, after, AT_ONCE)?;
            let Some((last, _)) = parties.last() else { return Ok(()) };
            after = *last;
            for (number, _) in &parties {
                present.add(&self.snapshot(*number, role, at)?);
            }
        }
    }
}
