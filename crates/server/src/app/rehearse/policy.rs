//! A policy: a catalogue whose scores, tiers, terms and rules say who may trade, how far and on which terms, or none at all.

use super::super::error::AppError;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_primitives::{Code, Problem};
use probity_sim::platform::Standing;
use probity_sim::setting::{Setting, World};
use std::sync::Arc;

/// The code of a policy that cannot be rehearsed.
pub(super) const POLICY_INVALID: Code = Code::new("rehearsal-policy-invalid");

/// What scores do in a rehearsal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scoring {
    /// Policies answer payments, terms and sanctions apply, tiers set badges. Where a catalogue has no policy for payments,
    /// tiers stop parties as the world's `standing` says.
    Acts,
    /// Parties are scored and nothing follows: what would have happened happens.
    Watches,
}

/// What is rehearsed.
#[derive(Debug, Clone)]
pub struct Policy {
    /// As it was named.
    pub name: String,
    /// Its definitions; without any nobody is scored, stopped or shown with a badge.
    pub catalogue: Option<Arc<Catalogue>>,
    /// What scores do.
    pub scoring: Scoring,
}

impl Policy {
    /// Checks that the world's money can be told in the policy's reporting currency from its first day on.
    ///
    /// # Errors
    /// `rehearsal-policy-invalid`: the same events would be refused live.
    pub(super) fn has_rates(&self, setting: &Setting) -> Result<(), AppError> {
        let (currency, begin) = (setting.currency()?, setting.begin()?.start());
        let rates = self.catalogue.as_ref().map(|catalogue| &catalogue.rates);
        match rates.filter(|rates| rates.to_reporting(0, currency, begin).is_none()) {
            None => Ok(()),
            Some(rates) => {
                let detail = format!(
                    "{}: there is no rate from {currency}, the world's currency, to {} for {}",
                    self.name,
                    rates.reporting,
                    begin.day()
                );
                let hint = "add a dated rate to its rates.toml, or let it report in the world's currency";
                Err(Problem::new(POLICY_INVALID, detail).hint(hint).into())
            }
        }
    }

    /// How each tier of a role stands in a world, from the worst.
    ///
    /// # Errors
    /// `rehearsal-policy-invalid` for a tier that the world says nothing of.
    pub(super) fn standings(&self, role: Role, world: &World) -> Result<Vec<Standing>, AppError> {
        let Some(catalogue) = &self.catalogue else { return Ok(Vec::new()) };
        let standing = |tier: &probity_credit::tier::Tier| match world.standing.get(&tier.name) {
            Some(meaning) => Ok(Standing { badge: meaning.badge, trades: meaning.trades, ..Standing::PLAIN }),
            None => {
                let known: Vec<&str> = world.standing.keys().map(String::as_str).collect();
                let detail = format!(
                    "{}: the world says nothing of what the {} tier '{}' means",
                    self.name,
                    role.as_str(),
                    tier.name
                );
                Err(AppError::from(
                    Problem::new(POLICY_INVALID, detail)
                        .hint(format!("its `standing` knows {}", known.join(", "))),
                ))
            }
        };
        catalogue.tiers(role).list().iter().map(standing).collect()
    }
}
