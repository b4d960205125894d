//! The answer to a request.

use crate::event::Role;
use crate::policy::{Applied, Imposing, Outcome, Policy, RequestKind};
use crate::sanction::{Ground, Sanction, Standing};
use crate::score::explain::{Change, ReasonGiven};
use crate::terms::TierTerms;
use serde::{Deserialize, Serialize};
use std::fmt;

/// At most this many reasons are told: more help nobody (Regulation B, commentary 9(b)(2)).
const MOST_REASONS: usize = 4;

/// Where a reason comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Whence {
    /// A rule of the policy.
    Policy,
    /// A limit that is used up.
    Limit,
    /// What holds a score down that the rule looked at.
    Score,
}

/// A reason as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// Its code.
    pub code: String,
    /// What it is, in English.
    pub text: String,
    /// What would change it, in English.
    pub advice: String,
    /// What it is, in Chinese; empty where there is no translation.
    pub text_zh: String,
    /// What would change it, in Chinese.
    pub advice_zh: String,
    /// Where it comes from.
    pub whence: Whence,
}

impl Told {
    /// A reason of a score, with what would change it.
    pub fn of_score(reason: &ReasonGiven) -> Self {
        let change = |told: &dyn Fn(&Change) -> String| reason.change.as_ref().map_or_else(String::new, told);
        let to = change(&|change| format!(" ({}: score {})", change.to, change.score));
        let to_zh = change(&|change| format!("（{}：评分 {}）", change.to_zh, change.score));
        let chinese = !reason.text_zh.is_empty();
        Self {
            code: reason.code.clone(),
            text: reason.text.clone(),
            advice: format!("{}{to}", reason.advice),
            text_zh: reason.text_zh.clone(),
            advice_zh: if chinese { format!("{}{to_zh}", reason.advice_zh) } else { String::new() },
            whence: Whence::Score,
        }
    }
}

/// A sanction that an answer starts. It has the reason of its own rule: that of the answer may be another one's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sanctioning {
    /// `limit`, `suspend` or `terminate`.
    pub kind: String,
    /// `merchant` or `buyer`.
    pub role: String,
    /// On what ground.
    pub ground: String,
    /// The most that may be open, for a limit, in minor units of the reporting currency.
    pub limit: Option<i64>,
    /// Code of the reason.
    pub reason: String,
    /// The reason in words, in English.
    pub statement: String,
}

impl Sanctioning {
    fn of(policy: &Policy, asked: &Imposing) -> Option<Self> {
        let reason = policy.reasons().get(asked.reason)?;
        Some(Self {
            kind: asked.kind.as_str().into(),
            role: asked.role.as_str().into(),
            ground: asked.ground.as_str().into(),
            limit: asked.limit,
            reason: reason.code.clone(),
            statement: reason.text.clone(),
        })
    }

    /// Kind, role and ground read back; none for a word that is none: a sanction is never guessed.
    pub fn read(&self) -> Option<(Sanction, Role, Ground)> {
        let words = Sanction::parse(&self.kind).zip(Role::parse(&self.role)).zip(Ground::parse(&self.ground));
        words.map(|((kind, role), ground)| (kind, role, ground))
    }
}

impl fmt::Display for Sanctioning {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {} for {}", self.kind, self.role, self.ground)
    }
}

/// The terms that an answer grants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Granted {
    /// The most that the request may be about, in minor units of the reporting currency; no bound when missing.
    pub limit: Option<i64>,
    /// Discount in basis points.
    pub discount: u32,
    /// Time until a payout, in milliseconds.
    pub payout_delay: i64,
    /// Share of payouts held back, in basis points.
    pub reserve: u32,
    /// Deposit asked for, in minor units of the reporting currency.
    pub deposit: i64,
    /// Share of a buyer's loss that is covered, in basis points.
    pub cover: u32,
}

/// The answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ruling {
    /// The outcome.
    pub outcome: Outcome,
    /// Its terms.
    pub terms: Granted,
    /// What is held until the answer is used, in minor units of the reporting currency.
    pub held: i64,
    /// Further proofs asked for.
    pub step_up: Vec<String>,
    /// Sanctions to be started.
    pub sanctions: Vec<Sanctioning>,
    /// Queues in which a case is opened.
    pub cases: Vec<String>,
    /// At most four reasons.
    pub reasons: Vec<Told>,
    /// Whose limit was too small, if one was.
    pub short: Option<Role>,
}

/// What counts for one party beside the policy's rules.
#[derive(Debug, Clone, Copy)]
pub struct PartyLimits<'a> {
    /// The terms of its tier.
    pub terms: &'a TierTerms,
    /// What it has open.
    pub exposure: i64,
    /// What sanctions say.
    pub standing: Standing,
}

impl PartyLimits<'_> {
    /// What may still be opened.
    fn room(&self) -> i64 {
        let limit =
            self.standing.limit.map_or(self.terms.payment_limit, |limit| limit.min(self.terms.payment_limit));
        limit.saturating_sub(self.exposure).max(0)
    }
}

/// Whose ceiling a request of a kind counts against.
fn counts(kind: RequestKind, role: Role) -> bool {
    matches!((kind, role), (RequestKind::Payment, _) | (RequestKind::CreditLine, Role::Buyer))
}

/// Gives the answer.
///
/// `applied` is what the policy said of the request for `amount` (minor units of the reporting currency); `merchant` and
/// `buyer` are the parties' limits, where they take part; `limit_reason` and `score_reasons` tell reasons of those kinds, asked for
/// only when they are needed.
pub fn rule(
    policy: &Policy,
    applied: &Applied,
    amount: Option<i64>,
    merchant: Option<PartyLimits<'_>>,
    buyer: Option<PartyLimits<'_>>,
    limit_reason: &dyn Fn(Role) -> Told,
    score_reasons: &dyn Fn(Role) -> Vec<Told>,
) -> Ruling {
    let kind = policy.kind();
    // A policy that was loaded always has an outcome; were it not so, a person would have to look.
    let mut outcome = applied.outcome.unwrap_or(Outcome::Review);
    let rooms = [(Role::Merchant, merchant), (Role::Buyer, buyer)].into_iter();
    let rooms =
        rooms.filter_map(|(role, limits)| Some((limits.filter(|_| counts(kind, role))?.room(), role)));
    let least = rooms.min_by_key(|(room, _)| *room);
    let room = least.map(|(room, _)| room);
    let limit = [applied.limit, room].into_iter().flatten().min();
    let mut short = None;
    let mut limited = false;
    if let Some((amount, limit)) = amount.zip(limit)
        && amount > limit
    {
        short = least.filter(|(room, _)| *room == limit).map(|(_, role)| role);
        let by_limit = if limit > 0 { Outcome::ApproveWithLimit } else { Outcome::Decline };
        limited = by_limit >= outcome;
        outcome = outcome.max(by_limit);
    }
    let granted = matches!(outcome, Outcome::Approve | Outcome::ApproveWithLimit | Outcome::StepUp);
    let held = match (amount, policy.reserves() && granted) {
        (Some(amount), true) => limit.map_or(amount, |limit| amount.min(limit)),
        _ => 0,
    };
    let own = match kind {
        RequestKind::Payment | RequestKind::CreditLine => buyer.or(merchant),
        _ => merchant.or(buyer),
    };
    let terms = terms(applied, limit, own, merchant);
    let drivers = Drivers { outcome, limited, short: short.filter(|_| limited) };
    let reasons = reasons(policy, applied, &drivers, limit_reason, score_reasons);
    Ruling {
        outcome,
        terms,
        held,
        step_up: applied.step_up.clone(),
        sanctions: applied.sanctions.iter().filter_map(|asked| Sanctioning::of(policy, asked)).collect(),
        cases: applied.cases.clone(),
        reasons,
        short,
    }
}

/// The tier's terms, as far as no rule of the policy is stricter. Money terms are the merchant's, the discount is whose
/// request it is.
fn terms(
    applied: &Applied,
    limit: Option<i64>,
    own: Option<PartyLimits<'_>>,
    merchant: Option<PartyLimits<'_>>,
) -> Granted {
    let (own, seller) = (own.map(|own| own.terms), merchant.or(own).map(|limits| limits.terms));
    let discount = own.map_or(0, |terms| terms.discount);
    let cover = seller.map_or(0, |terms| terms.cover);
    Granted {
        limit,
        discount: applied.discount.map_or(discount, |rule| rule.min(discount)),
        payout_delay: seller
            .map_or(0, |terms| terms.payout_delay.0)
            .max(applied.payout_delay.map_or(0, |delay| delay.0)),
        reserve: seller.map_or(0, |terms| terms.reserve).max(applied.reserve.unwrap_or(0)),
        deposit: seller.map_or(0, |terms| terms.deposit).max(applied.deposit.unwrap_or(0)),
        cover: applied.cover.map_or(cover, |rule| rule.min(cover)),
    }
}

/// What an answer rests on.
struct Drivers {
    outcome: Outcome,
    /// It rests on a limit that was too small; a rule that was graver would have hidden it.
    limited: bool,
    /// Whose ceiling that limit was; nobody's when a rule of the policy set it.
    short: Option<Role>,
}

/// The reasons of an answer that is not a plain yes: the rules that gave it, the limit that was too small, and what holds the
/// score down that either looked at.
fn reasons(
    policy: &Policy,
    applied: &Applied,
    drivers: &Drivers,
    limit_reason: &dyn Fn(Role) -> Told,
    score_reasons: &dyn Fn(Role) -> Vec<Told>,
) -> Vec<Told> {
    let Drivers { outcome, limited, short } = *drivers;
    if outcome == Outcome::Approve {
        return Vec::new();
    }
    let mut reasons: Vec<Told> = Vec::new();
    let mut looked_at: Vec<Role> = Vec::new();
    let mut add = |told: Told| {
        if reasons.len() < MOST_REASONS && !reasons.iter().any(|known| known.code == told.code) {
            reasons.push(told);
        }
    };
    for held in &applied.held {
        let rule =
            policy.tables().get(held.table as usize).and_then(|table| table.rules.get(held.rule as usize));
        let Some(rule) = rule else { continue };
        // A rule drives the answer if it asked for it, or set the limit that was too small.
        let drives = rule.effect.outcome == Some(outcome)
            || (limited && short.is_none() && applied.limited_by.contains(held));
        if !drives {
            continue;
        }
        if let Some(reason) = rule.effect.reason.and_then(|place| policy.reasons().get(place)) {
            add(Told {
                code: reason.code.clone(),
                text: reason.text.clone(),
                advice: reason.advice.clone(),
                text_zh: reason.text_zh.clone(),
                advice_zh: reason.advice_zh.clone(),
                whence: Whence::Policy,
            });
        }
        let read =
            rule.when.iter().chain(&rule.effect.limit).flat_map(probity_expression::Expression::columns);
        for role in read.filter_map(|column| policy.fields().scored_party(column)) {
            if !looked_at.contains(&role) {
                looked_at.push(role);
            }
        }
    }
    if let Some(role) = short {
        add(limit_reason(role));
        if !looked_at.contains(&role) {
            looked_at.push(role);
        }
    }
    for role in looked_at {
        score_reasons(role).into_iter().for_each(&mut add);
    }
    reasons
}
