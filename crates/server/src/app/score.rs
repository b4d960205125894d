//! Scores, their explanation and history.

use super::error::AppError;
use super::open::Probity;
use super::read::AsOf;
use super::snapshot::Snapshot;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Party, Role};
use probity_credit::score::{Explanation, Naming};
use probity_credit::tier::{TierGiven, assign};
use probity_primitives::Timestamp;
use serde::Serialize;

/// A party's score as of a moment.
#[derive(Debug, Clone, Serialize)]
pub struct ScoreAt {
    /// The party.
    pub party: String,
    /// The moment.
    pub as_of: String,
    /// The score.
    pub score: i32,
    /// Lower end of the confidence range.
    pub low: i32,
    /// Upper end of the confidence range.
    pub high: i32,
    /// The tier.
    pub tier: TierShown,
    /// Less history than the scorecard asks for.
    pub thin: bool,
    /// Events that count.
    pub events: i64,
    /// Sub-scores.
    pub dimensions: Vec<DimensionShown>,
    /// What made it.
    pub versions: Versions,
}

/// A tier as it is shown.
#[derive(Debug, Clone, Serialize)]
pub struct TierShown {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// What decided it: score, kept, thin or gate.
    pub by: String,
}

/// A dimension's sub-score.
#[derive(Debug, Clone, Serialize)]
pub struct DimensionShown {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// Sum of its points.
    pub points: i32,
    /// The sub-score, on the score's scale.
    pub score: i32,
}

/// Content hashes of what made a score.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Versions {
    /// Of the scorecard's file.
    pub scorecard: String,
    /// Of all definitions.
    pub catalogue: String,
}

/// A score with its whole trace.
#[derive(Debug, Clone, Serialize)]
pub struct Explained {
    /// The party.
    pub party: String,
    /// The moment.
    pub as_of: String,
    /// The tier.
    pub tier: TierShown,
    /// Less history than the scorecard asks for.
    pub thin: bool,
    /// The trace.
    #[serde(flatten)]
    pub explanation: Explanation,
    /// Values of the trace's lines in words, in their order.
    pub shown: Vec<String>,
    /// What made it.
    pub versions: Versions,
}

/// A score on record.
#[derive(Debug, Clone, Serialize)]
pub struct HistoryPoint {
    /// When.
    pub as_of: String,
    /// The score.
    pub score: i64,
    /// Lower end of the confidence range.
    pub low: i64,
    /// Upper end of the confidence range.
    pub high: i64,
    /// The tier.
    pub tier: String,
}

/// The tier that a snapshot gives, from the one last on record.
pub(super) fn tier_of(catalogue: &Catalogue, role: Role, snapshot: &Snapshot) -> TierGiven {
    let card = catalogue.scorecard(role);
    let scored = &*snapshot.scored;
    let previous = snapshot.recorded.last().map(|recorded| recorded.tier.as_str());
    assign(catalogue.tiers(role), scored.score, previous, card.thin_tier(scored), card.gate_tiers(scored))
}

impl Probity {
    /// A party's score as of a moment.
    ///
    /// # Errors
    /// `party-unknown`, `as-of-in-future`, `log-empty`.
    pub fn score(&self, party: &Party, as_of: AsOf) -> Result<ScoreAt, AppError> {
        let at = self.moment(as_of)?;
        let snapshot = self.snapshot(self.number(party)?, party.role, at)?;
        Ok(self.score_of(party, &snapshot))
    }

    /// The score with the indicators it was made of, for lists: party number instead of a look-up.
    ///
    /// # Errors
    /// As [`Probity::score`].
    pub fn score_with_values(
        &self,
        number: u32,
        party: &Party,
        at: Timestamp,
    ) -> Result<(ScoreAt, Vec<Option<f64>>), AppError> {
        let snapshot = self.snapshot(number, party.role, at)?;
        Ok((self.score_of(party, &snapshot), snapshot.values.to_vec()))
    }

    fn score_of(&self, party: &Party, snapshot: &Snapshot) -> ScoreAt {
        let card = self.catalogue().scorecard(party.role);
        let scored = &snapshot.scored;
        let dimensions =
            card.dimensions().iter().zip(&scored.dimensions).map(|(dimension, scored)| DimensionShown {
                name: dimension.name.clone(),
                title: dimension.title.clone(),
                points: scored.points,
                score: scored.score,
            });
        ScoreAt {
            party: party.to_string(),
            as_of: snapshot.at.to_string(),
            score: scored.score,
            low: scored.low,
            high: scored.high,
            tier: self.tier_shown(party.role, &self.tier_of(party.role, snapshot)),
            thin: scored.thin,
            events: snapshot.events,
            dimensions: dimensions.collect(),
            versions: self.versions(party.role),
        }
    }

    /// The tier that a snapshot gives, from the one last on record.
    pub(super) fn tier_of(&self, role: Role, snapshot: &Snapshot) -> TierGiven {
        tier_of(self.catalogue(), role, snapshot)
    }

    fn tier_shown(&self, role: Role, given: &TierGiven) -> TierShown {
        let tier = self.catalogue().tiers(role).list().get(given.index);
        let by = serde_json::to_value(given.by).ok().and_then(|by| by.as_str().map(str::to_owned));
        TierShown {
            name: given.name.clone(),
            title: tier.map_or_else(|| given.name.clone(), |tier| tier.title.clone()),
            by: by.unwrap_or_default(),
        }
    }

    fn versions(&self, role: Role) -> Versions {
        let catalogue = self.catalogue();
        Versions {
            scorecard: catalogue.scorecard(role).hash().to_string(),
            catalogue: catalogue.hash.to_string(),
        }
    }

    /// Why a score is what it is, and what would change it.
    ///
    /// # Errors
    /// As [`Probity::score`].
    pub fn explain(&self, party: &Party, as_of: AsOf) -> Result<Explained, AppError> {
        let at = self.moment(as_of)?;
        let snapshot = self.snapshot(self.number(party)?, party.role, at)?;
        let definitions: Vec<_> = self.catalogue().plan.definitions(party.role).collect();
        let find = |name: &str| definitions.iter().find(|definition| definition.name == name);
        let explanation = self.catalogue().scorecard(party.role).explain(&snapshot.values);
        let plan = &self.catalogue().plan;
        let explanation = explanation.named(|name| {
            let gap = plan.gap(party.role, name, &snapshot.values);
            find(name).map(|definition| Naming { title: definition.title.clone(), gap })
        });
        let shown = explanation.lines.iter().map(|line| match find(&line.indicator) {
            Some(definition) => self.shown(definition.unit, line.value),
            None => String::new(),
        });
        Ok(Explained {
            party: party.to_string(),
            as_of: at.to_string(),
            tier: self.tier_shown(party.role, &self.tier_of(party.role, &snapshot)),
            thin: snapshot.scored.thin,
            shown: shown.collect(),
            versions: self.versions(party.role),
            explanation,
        })
    }

    /// The scores on record, oldest first.
    ///
    /// # Errors
    /// As [`Probity::score`].
    pub fn history(&self, party: &Party, as_of: AsOf) -> Result<Vec<HistoryPoint>, AppError> {
        let at = self.moment(as_of)?;
        let snapshot = self.snapshot(self.number(party)?, party.role, at)?;
        let point = |recorded: &super::party::Recorded| HistoryPoint {
            as_of: recorded.at.to_string(),
            score: recorded.score,
            low: recorded.low,
            high: recorded.high,
            tier: recorded.tier.clone(),
        };
        Ok(snapshot.recorded.iter().filter(|recorded| recorded.at <= at).map(point).collect())
    }
}
