//! What requests come to under both answers.

use super::super::estimate::share;
use super::super::hindsight::Became;
use super::super::ranking::Measured;
use super::case::{Case, is_granted};
use probity_credit::policy::Outcome;
use serde::Serialize;

/// What requests come to under the answers of one side. Amounts are in minor units of the reporting currency.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Stood {
    /// Let through, be it in part or after a further proof.
    pub granted: u64,
    /// The share of all requests, with its 95 % interval (Wilson).
    pub approval: Option<Measured>,
    /// What was asked about and let through.
    pub through: i64,
    /// Let through, and it went badly.
    pub bad: u64,
    /// What was lost by what was let through.
    pub loss: i64,
    /// Not let through, although it went well, or would have as far as the party's other trade tells.
    pub good_blocked: u64,
    /// What they asked about.
    pub good_blocked_amount: i64,
    /// Not let through, and bad.
    pub bad_blocked: u64,
}

/// Requests, and what they come to under both answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Tally {
    /// How many.
    pub requests: u64,
    /// What they asked about, in minor units of the reporting currency.
    pub amount: i64,
    /// As it was decided.
    pub then: Stood,
    /// As the candidate decides.
    pub now: Stood,
}

/// What is lost of an amount: no more than was let through.
fn lost(became: Became, through: i64) -> i64 {
    became.loss().min(through.max(0))
}

impl Stood {
    fn add(&mut self, (outcome, through): (Outcome, i64), amount: i64, became: Became) {
        let bad = matches!(became, Became::Bad { .. });
        if is_granted(outcome) {
            self.granted += 1;
            self.through = self.through.saturating_add(through);
            self.bad += u64::from(bad);
            self.loss = self.loss.saturating_add(lost(became, through));
        } else {
            self.bad_blocked += u64::from(bad);
            if became == Became::Good {
                self.good_blocked += 1;
                self.good_blocked_amount = self.good_blocked_amount.saturating_add(amount);
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.granted += other.granted;
        self.through = self.through.saturating_add(other.through);
        self.bad += other.bad;
        self.loss = self.loss.saturating_add(other.loss);
        self.good_blocked += other.good_blocked;
        self.good_blocked_amount = self.good_blocked_amount.saturating_add(other.good_blocked_amount);
        self.bad_blocked += other.bad_blocked;
    }

    fn close(&mut self, requests: u64) {
        self.approval = rate(self.granted, requests);
    }
}

fn rate(hits: u64, of: u64) -> Option<Measured> {
    share(usize::try_from(hits).ok()?, usize::try_from(of).ok()?)
}

impl Tally {
    pub(super) fn add(&mut self, case: &Case, became: Became) {
        self.requests += 1;
        self.amount = self.amount.saturating_add(case.amount);
        self.then.add(case.then, case.amount, became);
        self.now.add(case.now, case.amount, became);
    }

    /// Both together.
    pub(super) fn and(mut self, other: &Self) -> Self {
        self.requests += other.requests;
        self.amount = self.amount.saturating_add(other.amount);
        self.then.merge(&other.then);
        self.now.merge(&other.now);
        self
    }

    pub(super) fn closed(mut self) -> Self {
        self.then.close(self.requests);
        self.now.close(self.requests);
        self
    }
}

/// Requests whose answers differ in one way, and what became of them.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Switched {
    /// How many.
    pub requests: u64,
    /// What is let through more, or less, in minor units of the reporting currency.
    pub amount: i64,
    /// They went well.
    pub good: u64,
    /// They went badly.
    pub bad: u64,
    /// They came to nothing.
    pub nothing: u64,
    /// That is not known.
    pub unknown: u64,
    /// Of those of which it is known whether they went well: the share that went badly, with its 95 % interval (Wilson).
    pub precision: Option<Measured>,
    /// What is lost less, or more.
    pub loss: i64,
    /// What those asked about that went well.
    pub good_amount: i64,
}

impl Switched {
    pub(super) fn add(&mut self, case: &Case, became: Became) {
        let (then, now) = (case.then.1, case.now.1);
        self.requests += 1;
        self.amount = self.amount.saturating_add((then - now).abs());
        match became {
            Became::Good => {
                self.good += 1;
                self.good_amount = self.good_amount.saturating_add(case.amount);
            }
            Became::Bad { .. } => self.bad += 1,
            Became::Nothing => self.nothing += 1,
            Became::Unknown => self.unknown += 1,
        }
        self.loss = self.loss.saturating_add((lost(became, then) - lost(became, now)).abs());
    }

    pub(super) fn closed(mut self) -> Self {
        self.precision = rate(self.bad, self.bad + self.good);
        self
    }
}
