//! One request weighed: what both parties are and have open, against policy and terms.

use super::super::error::AppError;
use super::super::score::tier_of;
use super::super::shared::Shared;
use super::super::snapshot::{self, Snapshot};
use super::asked::{Asked, REQUEST_INVALID};
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::{PartyLimits, Record, Ruling, SideSeen, Told, Versions, Whence, rule};
use probity_credit::event::Role;
use probity_credit::exposure::Exposure;
use probity_credit::policy::{Facts, Request, Side};
use probity_credit::score::Naming;
use probity_credit::terms::TierTerms;
use probity_primitives::Timestamp;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// The form of the document.
const VERSION: u32 = 1;

/// What is seen of one party.
pub(in crate::app) struct Seen<'a> {
    pub(in crate::app) snapshot: Snapshot,
    pub(in crate::app) tier: String,
    pub(super) terms: &'a TierTerms,
    pub(super) exposure: i64,
}

impl<'a> Seen<'a> {
    pub(in crate::app) fn of(
        catalogue: &'a Catalogue,
        role: Role,
        snapshot: Snapshot,
        exposure: i64,
    ) -> Result<Self, AppError> {
        let tier = tier_of(catalogue, role, &snapshot).name;
        let terms = catalogue.terms(role).of_tier(&tier);
        let terms = terms.ok_or_else(|| AppError::internal(format!("no terms for {}", role.as_str())))?;
        Ok(Self { snapshot, tier, terms, exposure })
    }

    pub(in crate::app) fn side(&self) -> Side<'_> {
        let standing = &self.snapshot.standing;
        Side {
            scored: &self.snapshot.scored,
            values: &self.snapshot.values,
            tier: &self.tier,
            known: self.snapshot.events > 0,
            exposure: self.exposure,
            payment_limit: self.terms.payment_limit,
            sanction_limit: standing.limit,
            suspended: standing.suspended,
            terminated: standing.terminated,
        }
    }

    pub(in crate::app) fn limits(&self) -> PartyLimits<'_> {
        PartyLimits { terms: self.terms, exposure: self.exposure, standing: self.snapshot.standing }
    }

    pub(in crate::app) fn shown(&self, party: String) -> SideSeen {
        let (scored, standing) = (&self.snapshot.scored, &self.snapshot.standing);
        SideSeen {
            party,
            score: scored.score,
            low: scored.low,
            high: scored.high,
            tier: self.tier.clone(),
            thin: scored.thin,
            exposure: self.exposure,
            sanction_limit: standing.limit,
            suspended: standing.suspended,
            terminated: standing.terminated,
        }
    }
}

/// What an answer is made of: the request as of now, both parties where they take part, and what they have open.
#[derive(Clone)]
pub(super) struct Sight {
    request: Request,
    /// The merchant and the buyer, each with what it has open.
    sides: [Option<(Snapshot, i64)>; 2],
    pair_exposure: i64,
    /// The last row of the log that the states know of.
    seen: u64,
}

impl Sight {
    /// As of now, while no state takes anything in. `numbers` are those of the request's parties, where any event names them.
    pub(super) fn of(
        shared: &Shared,
        asked: &Asked,
        numbers: [Option<u32>; 2],
        exposure: &Exposure,
        now: Timestamp,
    ) -> Result<Self, AppError> {
        let [merchant, buyer] = numbers;
        let see = |role: Role, number: Option<u32>| {
            let seen = asked.request.party(role).map(|_| {
                let snapshot = match number {
                    Some(number) => snapshot::now(shared, number, role, now)?,
                    None => Snapshot::unknown(shared, role, now),
                };
                Ok::<_, AppError>((snapshot, number.map_or(0, |number| exposure.of(number))))
            });
            seen.transpose()
        };
        let sides = [see(Role::Merchant, merchant)?, see(Role::Buyer, buyer)?];
        let pair = merchant.zip(buyer);
        let pair_exposure = pair.map_or(0, |(merchant, buyer)| exposure.of_pair(merchant, buyer));
        let request = Request { at: now, ..asked.request.clone() };
        Ok(Self { request, sides, pair_exposure, seen: shared.durable.load(Ordering::Acquire) })
    }

    /// The same states under the scorecards of another catalogue; where they are the same, so are the scores.
    pub(super) fn under(&self, live: &Catalogue, other: &Catalogue) -> Self {
        let mut sight = self.clone();
        for (role, side) in Role::ALL.into_iter().zip(&mut sight.sides) {
            let (card, own) = (other.scorecard(role), live.scorecard(role));
            if let Some((snapshot, _)) = side.as_mut().filter(|_| card.hash() != own.hash()) {
                snapshot.scored = Arc::new(card.score(&snapshot.values));
            }
        }
        sight
    }
}

/// An answer, and until when it stands.
pub(super) struct Answered {
    pub(super) record: Record,
    pub(super) expires_at: Timestamp,
}

/// Answers a request by the definitions of a catalogue.
pub(super) fn answer(
    catalogue: &Catalogue,
    asked: &Asked,
    sight: Sight,
    id: String,
) -> Result<Answered, AppError> {
    let Sight { request, sides, pair_exposure, seen: upto } = sight;
    let policy = catalogue.policy(request.kind);
    let policy = policy.ok_or_else(|| AppError::invalid(REQUEST_INVALID, "there is no policy for this"))?;
    let seen = |role: Role, side: Option<(Snapshot, i64)>| {
        side.map(|(snapshot, exposure)| Seen::of(catalogue, role, snapshot, exposure)).transpose()
    };
    let [merchant, buyer] = sides;
    let (merchant, buyer) = (seen(Role::Merchant, merchant)?, seen(Role::Buyer, buyer)?);
    let facts = Facts {
        fields: policy.fields(),
        request: &request,
        merchant: merchant.as_ref().map(Seen::side),
        buyer: buyer.as_ref().map(Seen::side),
        pair_exposure,
    };
    let applied = policy.apply(&facts);
    let of = |role: Role| if role == Role::Merchant { merchant.as_ref() } else { buyer.as_ref() };
    let score_reasons =
        |role: Role| of(role).map_or_else(Vec::new, |seen| drivers(catalogue, role, &seen.snapshot));
    let ruling = rule(
        policy,
        &applied,
        request.reporting,
        merchant.as_ref().map(Seen::limits),
        buyer.as_ref().map(Seen::limits),
        &used_up,
        &score_reasons,
    );
    let expires_at = request.at.plus(policy.time_to_live());
    let shown = |role: Role| {
        let party = asked.request.party(role)?;
        Some(of(role)?.shown(format!("{}:{party}", role.as_str())))
    };
    let sides = [shown(Role::Merchant), shown(Role::Buyer)];
    let mut record = recorded(asked, &request, ruling, sides);
    record.id = id;
    record.seen = Some(upto);
    record.inputs = Record::inputs_of(policy, &facts);
    record.rules = policy.names_of(&applied);
    record.expires_at = expires_at.to_string();
    record.versions = Versions { policy: policy.hash().to_string(), catalogue: catalogue.hash.to_string() };
    Ok(Answered { record, expires_at })
}

/// What was asked, seen and ruled; what made it is filled in by the caller.
fn recorded(asked: &Asked, request: &Request, ruling: Ruling, sides: [Option<SideSeen>; 2]) -> Record {
    let [merchant, buyer] = sides;
    Record {
        version: VERSION,
        id: String::new(),
        request: request.kind.as_str().to_owned(),
        at: request.at.to_string(),
        asked_at: asked.asked_at.clone(),
        seen: None,
        fingerprint: asked.fingerprint.clone(),
        trace: asked.trace.clone(),
        amount: request.reporting,
        order: request.order.as_ref().map(ToString::to_string),
        inputs: BTreeMap::new(),
        merchant,
        buyer,
        outcome: ruling.outcome.as_str().to_owned(),
        terms: ruling.terms,
        held: ruling.held,
        step_up: ruling.step_up,
        sanctions: ruling.sanctions,
        cases: ruling.cases,
        reasons: ruling.reasons,
        rules: Vec::new(),
        expires_at: String::new(),
        versions: Versions { policy: String::new(), catalogue: String::new() },
        trial: None,
    }
}

/// That a party's ceiling is used up.
pub(in crate::app) fn used_up(role: Role) -> Told {
    let (code, text, advice, text_zh, advice_zh) = match role {
        Role::Merchant => (
            "LIMIT_MERCHANT",
            "The merchant's limit for what may be open at once does not reach",
            "A smaller amount is possible; the limit is free again as open orders arrive, and grows with the tier",
            "该商户未完成金额的上限不足",
            "可选择较小的金额；未完成的订单送达后额度恢复，并随等级提高",
        ),
        Role::Buyer => (
            "LIMIT_BUYER",
            "The buyer's limit for what may be open at once does not reach",
            "A smaller amount is possible; the limit is free again as open orders arrive, and grows with the tier",
            "该买家未完成金额的上限不足",
            "可选择较小的金额；未完成的订单送达后额度恢复，并随等级提高",
        ),
    };
    Told {
        code: code.into(),
        text: text.into(),
        advice: advice.into(),
        text_zh: text_zh.into(),
        advice_zh: advice_zh.into(),
        whence: Whence::Limit,
    }
}

/// What holds a score down, with what would change it.
fn drivers(catalogue: &Catalogue, role: Role, snapshot: &Snapshot) -> Vec<Told> {
    let plan = &catalogue.plan;
    let explanation = catalogue.scorecard(role).explain(&snapshot.values).named(|name| {
        let definition = plan.definitions(role).find(|definition| definition.name == name)?;
        let gap = plan.gap(role, name, &snapshot.values);
        Some(Naming { title: definition.title.clone(), gap })
    });
    explanation.drivers().map(Told::of_score).collect()
}
