//! The parties of a moment, as a card sees them.

use super::super::error::AppError;
use super::super::score::tier_of;
use super::super::snapshot::Snapshot;
use super::drift::{Drifted, Seen, drifted, of_training};
use super::judging::{count, places_of};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::label::{Label, Observed};
use probity_credit::score::Scorecard;

/// Said where there is nobody to look at.
pub(super) const NOBODY: &str = "nobody of this role was known then";
/// Said of a card that was not fitted.
pub(super) const EXPERT: &str = "an expert's card does not say what parties were like";

/// Parties of a role at a moment: those that the label of the card observes, so that they are alike to the rows it was fitted
/// on; everybody of whom something was known where there is no such label.
pub(super) struct Present<'a> {
    catalogue: &'a Catalogue,
    role: Role,
    label: Option<&'a Label>,
    scores: Vec<i32>,
    tiers: Vec<usize>,
    places: Vec<Vec<f64>>,
}

impl<'a> Present<'a> {
    /// Nobody yet.
    pub(super) fn nobody(catalogue: &'a Catalogue, role: Role) -> Self {
        let card = catalogue.scorecard(role);
        let label = card.fitted().and_then(|fitted| catalogue.labels.get(&fitted.label));
        Self { catalogue, role, label, scores: Vec::new(), tiers: Vec::new(), places: places_of(card) }
    }

    /// The card in force.
    pub(super) fn card(&self) -> &'a Scorecard {
        self.catalogue.scorecard(self.role)
    }

    /// Counts a party, if it is one of them.
    pub(super) fn add(&mut self, snapshot: &Snapshot) {
        let tier = tier_of(self.catalogue, self.role, snapshot);
        let observed = Observed {
            values: &snapshot.values,
            scored: &snapshot.scored,
            tier: &tier.name,
            suspended: snapshot.standing.suspended,
            terminated: snapshot.standing.terminated,
        };
        let counts = self.label.is_none_or(|label| label.observes(&observed) && !label.excludes(&observed));
        if snapshot.events > 0 && counts {
            self.tiers.push(tier.index);
            self.scores.push(snapshot.scored.ungated);
            count(self.card(), &snapshot.scored.chosen, 1.0, &mut self.places);
        }
    }

    /// How many they are.
    pub(super) fn parties(&self) -> usize {
        self.scores.len()
    }

    /// How they are spread.
    pub(super) fn seen(&self) -> Seen<'_> {
        Seen { scores: &self.scores, weight: None, places: &self.places }
    }

    /// How many there are in each tier, from the worst.
    pub(super) fn by_tier(&self) -> Vec<(String, usize)> {
        let tiers = self.catalogue.tiers(self.role).list().iter().enumerate();
        let many = |place: usize| self.tiers.iter().filter(|tier| **tier == place).count();
        tiers.map(|(place, tier)| (tier.name.clone(), many(place))).collect()
    }

    /// Against the rows that the card was fitted on: which they are, and the indices; none for an expert's card.
    ///
    /// # Errors
    /// `training-refused` when there is nobody.
    pub(super) fn against_training(&self) -> Result<Option<(String, Vec<Drifted>)>, AppError> {
        let card = self.card();
        let (Some(fitted), Some((then, cuts))) = (card.fitted(), of_training(card)) else { return Ok(None) };
        let against = format!("the {} rows it was fitted on", fitted.rows);
        Ok(Some((against, drifted(card, &then, &self.seen().spread(&cuts))?)))
    }
}
