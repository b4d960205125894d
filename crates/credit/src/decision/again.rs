//! A recorded decision made again from what was recorded.

use super::record::Record;
use super::ruling::{PartyLimits, Ruling, Told, Whence, rule};
use crate::event::Role;
use crate::policy::{Applied, Policy};
use crate::sanction::Standing;
use crate::terms::Terms;

/// A reason that is not asked for again.
fn untold(_: Role) -> Told {
    let none = String::new;
    Told {
        code: none(),
        text: none(),
        advice: none(),
        text_zh: none(),
        advice_zh: none(),
        whence: Whence::Limit,
    }
}

impl Record {
    /// Makes the decision again from the recorded values, by the policy and the terms that made it, and names what comes out
    /// differently: nothing when it is the same to the last digit.
    pub fn again(&self, policy: &Policy, terms: [&Terms; 2]) -> Vec<&'static str> {
        let applied = policy.apply(&self.row(policy));
        let [of_merchant, of_buyer] = terms;
        let ruling = rule(
            policy,
            &applied,
            self.amount,
            self.limits(Role::Merchant, of_merchant),
            self.limits(Role::Buyer, of_buyer),
            &untold,
            &|_| Vec::new(),
        );
        self.differences(policy, &applied, &ruling)
    }

    fn limits<'a>(&self, role: Role, terms: &'a Terms) -> Option<PartyLimits<'a>> {
        let seen = match role {
            Role::Merchant => self.merchant.as_ref(),
            Role::Buyer => self.buyer.as_ref(),
        }?;
        let standing =
            Standing { limit: seen.sanction_limit, suspended: seen.suspended, terminated: seen.terminated };
        Some(PartyLimits { terms: terms.of_tier(&seen.tier)?, exposure: seen.exposure, standing })
    }

    fn differences(&self, policy: &Policy, applied: &Applied, ruling: &Ruling) -> Vec<&'static str> {
        let own = |reasons: &[Told]| -> Vec<Told> {
            reasons.iter().filter(|told| told.whence == Whence::Policy).cloned().collect()
        };
        // Reasons of a score are told with the score, whose own replay is another question; they may have left no room.
        let (told, again) = (own(&self.reasons), own(&ruling.reasons));
        let compared = [
            ("policy", self.versions.policy == policy.hash().to_string()),
            ("outcome", self.outcome == ruling.outcome.as_str()),
            ("terms", self.terms == ruling.terms),
            ("held", self.held == ruling.held),
            ("step_up", self.step_up == ruling.step_up),
            ("cases", self.cases == ruling.cases),
            ("rules", self.rules == policy.names_of(applied)),
            ("reasons", told.iter().all(|reason| again.contains(reason))),
            ("arm", self.trial.as_ref().is_none_or(super::record::InTrial::holds)),
        ];
        compared.into_iter().filter(|(_, same)| !same).map(|(name, _)| name).collect()
    }
}

impl Policy {
    /// The rules that held by their names: table and rule.
    pub fn names_of(&self, applied: &Applied) -> Vec<(String, String)> {
        let name = |held: &crate::policy::Held| {
            let table = self.tables().get(held.table as usize)?;
            Some((table.name.clone(), table.rules.get(held.rule as usize)?.name.clone()))
        };
        applied.held.iter().filter_map(name).collect()
    }
}
