//! Decisions as they are asked for and shown.

use super::problem::Failure;
use crate::app::{DecisionState, Form};
use axum::http::StatusCode;
use probity_credit::decision::{Granted, InTrial, Record, SideSeen, Told, Whence};
use probity_credit::event::duration_text;
use probity_primitives::{Code, Currency, Duration, Money, Problem, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

const REQUEST_INVALID: Code = Code::new("decision-request-invalid");

/// An amount with its currency, or the amount alone with the currency beside it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum AmountAsked {
    /// A decimal text.
    Text(String),
    /// With its currency.
    Money(MoneyAsked),
}

/// An amount with its currency.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MoneyAsked {
    /// A decimal text.
    #[schema(example = "12.30")]
    amount: String,
    /// ISO 4217; the reporting currency when left out.
    currency: Option<String>,
}

/// A request for a decision.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DecisionAsked {
    /// `payment`, `payout`, `listing`, `credit_line`, `onboarding` or `claim_cover`.
    #[schema(example = "payment")]
    kind: Option<String>,
    /// The merchant's id.
    merchant: Option<String>,
    /// The buyer's id.
    buyer: Option<String>,
    /// The amount: a decimal text, or an object with `amount` and `currency`.
    amount: Option<AmountAsked>,
    /// ISO 4217; the reporting currency when left out.
    currency: Option<String>,
    /// Main category of what is traded.
    category: Option<String>,
    /// Payment method.
    method: Option<String>,
    /// The order it is about (for a credit line: the line); its payment uses up what an approval holds.
    order: Option<String>,
    /// Attributes that the policy declares; those left out are null to its rules.
    #[serde(default)]
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, serde_json::Value>,
    /// When the asker says it is asked; at most five minutes ahead, and only recorded.
    at: Option<String>,
    /// In a batch: the idempotency key of this item.
    key: Option<String>,
}

impl DecisionAsked {
    /// Reads a body.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
    }

    /// The key and the request.
    pub(crate) fn form(self) -> (Option<String>, Form) {
        let (amount, currency) = match self.amount {
            None => (None, self.currency),
            Some(AmountAsked::Text(amount)) => (Some(amount), self.currency),
            Some(AmountAsked::Money(money)) => (Some(money.amount), money.currency.or(self.currency)),
        };
        let form = Form {
            kind: self.kind.unwrap_or_default(),
            merchant: self.merchant,
            buyer: self.buyer,
            amount,
            currency,
            category: self.category,
            method: self.method,
            order: self.order,
            attributes: self.attributes,
            at: self.at,
        };
        (self.key, form)
    }
}

/// A body that is no request.
pub(crate) fn unreadable(error: &serde_json::Error) -> Failure {
    let problem = Problem::new(REQUEST_INVALID, error.to_string());
    let status = if error.is_data() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::BAD_REQUEST };
    Failure { status, problems: vec![problem] }
}

/// A reason, in both languages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionReason {
    /// Stable code.
    #[schema(example = "P07")]
    code: String,
    /// `policy`, `limit` or `score`.
    from: &'static str,
    /// What it is, in English.
    text: String,
    /// What would change it, in English.
    advice: String,
    /// What it is, in Chinese; empty where there is no translation.
    text_zh: String,
    /// What would change it, in Chinese.
    advice_zh: String,
}

impl From<&Told> for DecisionReason {
    fn from(told: &Told) -> Self {
        Self {
            code: told.code.clone(),
            from: match told.whence {
                Whence::Policy => "policy",
                Whence::Limit => "limit",
                Whence::Score => "score",
            },
            text: told.text.clone(),
            advice: told.advice.clone(),
            text_zh: told.text_zh.clone(),
            advice_zh: told.advice_zh.clone(),
        }
    }
}

/// The terms that an answer grants.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionTerms {
    /// The most that the request may be about; null without a bound.
    #[schema(example = "400.00")]
    limit: Option<String>,
    /// Currency of the amounts.
    #[schema(example = "EUR")]
    currency: String,
    /// Discount in basis points.
    discount_bp: u32,
    /// Time until a payout.
    #[schema(example = "7d")]
    payout_delay: String,
    /// Share of payouts held back, in basis points.
    reserve_bp: u32,
    /// Deposit asked for.
    #[schema(example = "0.00")]
    deposit: String,
    /// Share of a buyer's loss that is covered, in basis points.
    cover_bp: u32,
}

impl DecisionTerms {
    /// Shows terms; amounts are in `currency`.
    pub(crate) fn of(terms: &Granted, currency: Currency) -> Self {
        let text = |minor: i64| Money { minor, currency }.decimal();
        Self {
            limit: terms.limit.map(text),
            currency: currency.to_string(),
            discount_bp: terms.discount,
            payout_delay: duration_text(Duration(terms.payout_delay)),
            reserve_bp: terms.reserve,
            deposit: text(terms.deposit),
            cover_bp: terms.cover,
        }
    }
}

/// What was seen of one party.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionSide {
    /// The party.
    #[schema(example = "merchant:m-1")]
    party: String,
    /// Its score.
    score: i32,
    /// Lower end of the confidence range.
    low: i32,
    /// Upper end of the confidence range.
    high: i32,
    /// Its tier.
    tier: String,
    /// Less history than the scorecard asks for.
    thin: bool,
    /// What it had open before.
    exposure: String,
}

/// A rule that held.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionRule {
    /// Its table.
    table: String,
    /// Its name.
    rule: String,
}

/// Content hashes of what made the answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionVersions {
    /// Of the policy's file.
    policy: String,
    /// Of all definitions.
    catalogue: String,
}

/// The part of an answer in a trial that divides the parties.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionTrial {
    /// The trial's number.
    trial: u64,
    /// `live` or `challenger`: by which catalogue it was made.
    arm: String,
    /// The party by which it fell on that side.
    party: String,
    /// Hash of the challenger.
    challenger: String,
    /// The challenger's share, in basis points.
    share_bp: u32,
}

impl DecisionTrial {
    fn of(part: &InTrial) -> Self {
        Self {
            trial: part.trial,
            arm: part.arm.clone(),
            party: part.party.clone(),
            challenger: part.challenger.clone(),
            share_bp: part.share,
        }
    }
}

/// An answer.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// Its id.
    id: String,
    /// What was asked.
    kind: String,
    /// When it was answered.
    at: String,
    /// `approve`, `approve_with_limit`, `step_up`, `review` or `decline`.
    #[schema(example = "approve")]
    outcome: String,
    /// Its terms.
    terms: DecisionTerms,
    /// The amount asked about, in the reporting currency.
    amount: Option<String>,
    /// What is held until it is used, given up or too old, in the reporting currency.
    held: String,
    /// The order it is about.
    order: Option<String>,
    /// Further proofs asked for.
    step_up: Vec<String>,
    /// Sanctions that it started, unless they were in force or lately lifted.
    #[schema(example = json!(["suspend merchant for risk"]))]
    sanctions: Vec<String>,
    /// Queues in which a case is to be opened.
    cases: Vec<String>,
    /// At most four, of what drove an answer that is no plain yes.
    reasons: Vec<DecisionReason>,
    /// What was seen of the merchant.
    merchant: Option<DecisionSide>,
    /// What was seen of the buyer.
    buyer: Option<DecisionSide>,
    /// The rules that held.
    rules: Vec<DecisionRule>,
    /// What made it.
    versions: DecisionVersions,
    /// Its part in a trial that divides the parties; missing for an answer that has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    trial: Option<DecisionTrial>,
    /// The id of the request that it first answered, as in the header `x-request-id`.
    trace_id: String,
    /// Until when it stands.
    expires_at: String,
    /// The same as a duration.
    #[schema(example = "30m")]
    time_to_live: String,
    /// What became of it, where it is looked at later: `held` while an amount is held, `confirmed`, `released`, `expired`;
    /// `none` when nothing was held. Not part of the first answer.
    #[schema(example = "held")]
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl Decision {
    /// Shows a record; amounts are in `currency`.
    pub(crate) fn of(record: &Record, currency: Currency) -> Self {
        let text = |minor: i64| Money { minor, currency }.decimal();
        let side = |seen: &SideSeen| DecisionSide {
            party: seen.party.clone(),
            score: seen.score,
            low: seen.low,
            high: seen.high,
            tier: seen.tier.clone(),
            thin: seen.thin,
            exposure: text(seen.exposure),
        };
        let stands = Timestamp::parse(&record.expires_at).ok().zip(Timestamp::parse(&record.at).ok());
        Self {
            id: record.id.clone(),
            kind: record.request.clone(),
            at: record.at.clone(),
            outcome: record.outcome.clone(),
            terms: DecisionTerms::of(&record.terms, currency),
            amount: record.amount.map(text),
            held: text(record.held),
            order: record.order.clone(),
            step_up: record.step_up.clone(),
            sanctions: record.sanctions.iter().map(ToString::to_string).collect(),
            cases: record.cases.clone(),
            reasons: record.reasons.iter().map(DecisionReason::from).collect(),
            merchant: record.merchant.as_ref().map(side),
            buyer: record.buyer.as_ref().map(side),
            rules: record
                .rules
                .iter()
                .map(|(table, rule)| DecisionRule { table: table.clone(), rule: rule.clone() })
                .collect(),
            versions: DecisionVersions {
                policy: record.versions.policy.clone(),
                catalogue: record.versions.catalogue.clone(),
            },
            trial: record.trial.as_ref().map(DecisionTrial::of),
            trace_id: record.trace.clone(),
            expires_at: record.expires_at.clone(),
            time_to_live: stands.map_or_else(String::new, |(end, at)| duration_text(end.since(at))),
            status: None,
        }
    }

    /// Shows a decision with what became of it.
    pub(crate) fn now(state: &DecisionState, currency: Currency) -> Self {
        Self { status: Some(state.status), ..Self::of(&state.record, currency) }
    }
}
