//! A policy applied to a request: the answer, and which rules made it.

use super::definition::{Effect, Hit, Outcome, Policy, Table};
use crate::event::Role;
use crate::sanction::{Ground, Sanction};
use probity_expression::{Faults, Row, Value};
use probity_primitives::Duration;
use serde::Serialize;

/// A sanction that a rule asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imposing {
    /// What it is.
    pub kind: Sanction,
    /// Whom it is against.
    pub role: Role,
    /// On what ground.
    pub ground: Ground,
    /// The most that may be open, for a limit: what the rule itself says, in minor units of the reporting currency.
    pub limit: Option<i64>,
    /// The reason of the rule, by its place.
    pub reason: usize,
}

/// A rule that held and counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Held {
    /// Its table, by place.
    pub table: u32,
    /// Its place in the table.
    pub rule: u32,
}

/// What a policy says of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The outcome; `None` when no rule gave one, which a policy that was loaded rules out.
    pub outcome: Option<Outcome>,
    /// The most that may be open, in minor units of the reporting currency.
    pub limit: Option<i64>,
    /// The rules that set that limit.
    pub limited_by: Vec<Held>,
    /// A discount in basis points.
    pub discount: Option<u32>,
    /// Time until a payout.
    pub payout_delay: Option<Duration>,
    /// Share of payouts held back, in basis points.
    pub reserve: Option<u32>,
    /// Deposit asked for, in minor units of the reporting currency.
    pub deposit: Option<i64>,
    /// Share of a loss that is covered, in basis points.
    pub cover: Option<u32>,
    /// Further proofs asked for.
    pub step_up: Vec<String>,
    /// Sanctions to be started.
    pub sanctions: Vec<Imposing>,
    /// Queues in which a case is opened.
    pub cases: Vec<String>,
    /// The reasons, by their places: of the gravest outcome first, each once.
    pub reasons: Vec<usize>,
    /// The rules that held, in the order of the tables.
    pub held: Vec<Held>,
    /// Rules looked at.
    pub looked_at: u32,
    /// Amounts that could not be computed and count as 0, so that they let nothing through.
    pub faults: u64,
}

fn least<T: Ord + Copy>(so_far: &mut Option<T>, value: Option<T>) {
    if let Some(value) = value {
        *so_far = Some(so_far.map_or(value, |so_far| so_far.min(value)));
    }
}

fn most<T: Ord + Copy>(so_far: &mut Option<T>, value: Option<T>) {
    if let Some(value) = value {
        *so_far = Some(so_far.map_or(value, |so_far| so_far.max(value)));
    }
}

impl Policy {
    /// Applies the policy.
    pub fn apply<R: Row>(&self, facts: &R) -> Applied {
        let mut applied = Applied {
            outcome: None,
            limit: None,
            limited_by: Vec::new(),
            discount: None,
            payout_delay: None,
            reserve: None,
            deposit: None,
            cover: None,
            step_up: Vec::new(),
            sanctions: Vec::new(),
            cases: Vec::new(),
            reasons: Vec::new(),
            held: Vec::new(),
            looked_at: 0,
            faults: 0,
        };
        let mut faults = Faults::default();
        let mut graded: Vec<(Option<Outcome>, usize)> = Vec::new();
        for (place, table) in (0..).zip(&self.tables) {
            for rule in table.that_hold(facts, &mut applied.looked_at, &mut faults) {
                let held = Held { table: place, rule };
                applied.held.push(held);
                let Some(rule) = table.rules.get(rule as usize) else { continue };
                applied.add(held, &rule.effect, facts, &mut faults);
                graded.extend(rule.effect.reason.map(|reason| (rule.effect.outcome, reason)));
            }
        }
        graded.sort_by_key(|(outcome, _)| std::cmp::Reverse(*outcome));
        for (_, reason) in graded {
            if !applied.reasons.contains(&reason) {
                applied.reasons.push(reason);
            }
        }
        applied.faults += faults.total();
        applied
    }
}

impl Table {
    /// The rules that hold and count.
    fn that_hold<R: Row>(&self, facts: &R, looked_at: &mut u32, faults: &mut Faults) -> Vec<u32> {
        let mut held = Vec::new();
        let mut best: Option<(i64, u32)> = None;
        self.index.each(facts, |place| {
            *looked_at += 1;
            let Some(rule) = self.rules.get(place as usize) else { return true };
            let holds =
                rule.when.as_ref().is_none_or(|when| when.evaluate(facts, faults) == Value::Boolean(true));
            match self.hit {
                Hit::First if holds => {
                    held.push(place);
                    return false;
                }
                Hit::All if holds => held.push(place),
                Hit::Priority if holds && best.is_none_or(|(priority, _)| rule.priority > priority) => {
                    best = Some((rule.priority, place));
                }
                _ => {}
            }
            true
        });
        held.extend(best.map(|(_, place)| place));
        held
    }
}

impl Applied {
    fn add<R: Row>(&mut self, held: Held, effect: &Effect, facts: &R, faults: &mut Faults) {
        let mut amount = |expression: &Option<probity_expression::Expression>| {
            let expression = expression.as_ref()?;
            match expression.evaluate(facts, faults) {
                Value::Integer(minor) => Some(minor.max(0)),
                // What cannot be computed must not let anything through.
                _ => {
                    self.faults += 1;
                    Some(0)
                }
            }
        };
        let (limit, deposit) = (amount(&effect.limit), amount(&effect.deposit));
        most(&mut self.outcome, effect.outcome);
        if limit.is_some() && self.limit.is_none_or(|before| limit < Some(before)) {
            self.limited_by.clear();
        }
        least(&mut self.limit, limit);
        self.limited_by.extend(limit.filter(|_| limit == self.limit).map(|_| held));
        least(&mut self.discount, effect.discount);
        most(&mut self.payout_delay, effect.payout_delay);
        most(&mut self.reserve, effect.reserve);
        most(&mut self.deposit, deposit);
        least(&mut self.cover, effect.cover);
        self.step_up.extend(effect.step_up.clone().filter(|step| !self.step_up.contains(step)));
        if let Some(((kind, role, ground), reason)) = effect.sanction.zip(effect.reason) {
            let imposing =
                Imposing { kind, role, ground, limit: limit.filter(|_| kind == Sanction::Limit), reason };
            if !self.sanctions.contains(&imposing) {
                self.sanctions.push(imposing);
            }
        }
        self.cases.extend(effect.case.clone().filter(|case| !self.cases.contains(case)));
    }
}
