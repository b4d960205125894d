//! By rule: a decision starts the sanctions that its policy asks for.

use super::asked::{LONGEST_STATEMENT, SANCTION_INVALID};
use super::effects::OpenOrders;
use super::start::Start;
use crate::app::error::{AppError, Class};
use crate::app::open::Probity;
use crate::app::outcome::{Outcome, Settling};
use crate::app::prepare::Prepared;
use crate::app::shared::lock;
use probity_credit::event::Party;
use probity_credit::sanction::{Ground, Imposed, Sanction, Sanctions};
use probity_primitives::Timestamp;

/// A sanction that a rule asks for.
#[derive(Debug, Clone)]
pub struct RuleStart<'a> {
    /// The decision whose rule it was.
    pub decision: &'a str,
    /// Whom it is against.
    pub party: &'a Party,
    /// What it is.
    pub kind: Sanction,
    /// On what ground.
    pub ground: Ground,
    /// Code of the reason.
    pub reason: &'a str,
    /// The reason in words.
    pub statement: &'a str,
    /// The most that may be open, for a limit, in minor units of the reporting currency.
    pub limit: Option<i64>,
}

impl RuleStart<'_> {
    /// Whether a sanction makes this one needless: the same is there already, or people lifted it lately.
    fn is_met_by(
        &self,
        imposed: &Imposed,
        quiet_until: impl Fn(Timestamp) -> Timestamp,
        at: Timestamp,
    ) -> bool {
        let same = imposed.kind == self.kind
            && imposed.ground == self.ground
            && *imposed.reason == *self.reason
            && imposed.limit == self.limit;
        // A lift and an end by itself come in as the same change; only a lift comes before the end.
        let is_over = imposed.ends_at.is_some_and(|ends_at| ends_at <= at);
        let lifted =
            imposed.lifted_at.filter(|lifted| imposed.ends_at.is_none_or(|ends_at| *lifted < ends_at));
        same && match lifted {
            Some(lifted_at) => at < quiet_until(lifted_at),
            None => !is_over,
        }
    }

    fn id(&self) -> String {
        let role = self.party.role.as_str();
        format!("{}.{}.{role}.{}", self.decision, self.kind.as_str(), self.ground.as_str())
    }
}

impl Probity {
    /// The events by which a rule starts a sanction; none when the same is in force or to come, or when people
    /// lifted it lately. `sanctions` is what is known of the party's, `open` its open orders.
    ///
    /// # Errors
    /// `sanction-invalid` for a limit without an amount.
    fn started_by_rule(
        &self,
        start: &RuleStart<'_>,
        sanctions: &Sanctions,
        open: OpenOrders,
        at: Timestamp,
    ) -> Result<Vec<Prepared>, AppError> {
        if (start.kind == Sanction::Limit) != start.limit.is_some() {
            return Err(AppError::invalid(SANCTION_INVALID, "a limit, and nothing else, has an amount"));
        }
        let notices = &self.catalogue().notices;
        let met =
            |imposed: &Imposed| start.is_met_by(imposed, |lifted_at| notices.quiet_until(lifted_at), at);
        if sanctions.list().iter().any(met) {
            return Ok(Vec::new());
        }
        let mut cut = start.statement.len().min(LONGEST_STATEMENT);
        while !start.statement.is_char_boundary(cut) {
            cut -= 1;
        }
        let id = start.id();
        let starting = Start {
            id: &id,
            party: start.party,
            cluster: None,
            kind: start.kind,
            ground: start.ground,
            reason: start.reason,
            statement: start.statement.get(..cut).unwrap_or_default(),
            limit: start.limit,
            ends_at: None,
            cause: "rule",
            decision: Some(start.decision),
            persons: None,
        };
        self.starting(at, &starting, open)
    }

    /// Starts the sanction that a rule asks for, unless the same is in force or to come; says whether it did. Not for the
    /// keeper's thread, which would wait for itself.
    ///
    /// # Errors
    /// `party-unknown`, `sanction-invalid`, those of the store.
    pub fn start_by_rule(&self, start: &RuleStart<'_>) -> Result<bool, AppError> {
        let _alone = lock(&self.shared.sanctioning);
        let now = self.clock.now();
        let catalogue = self.catalogue();
        // Whom no event names has nothing open, and may be sanctioned all the same.
        let open = match self.open_orders(start.party) {
            Err(error) if error.class == Class::Missing => OpenOrders { count: 0, value: 0 },
            open => open?,
        };
        let mut sanctions = Sanctions::default();
        for (_, event) in self.filed(crate::app::docket::of_party(&start.party.to_string()))? {
            sanctions.add(&catalogue.vocabulary, &catalogue.sanctions, &event);
        }
        let events = self.started_by_rule(start, &sanctions, open, now)?;
        if events.is_empty() {
            return Ok(false);
        }
        let outcomes = self.take_and_wait(events, Settling::Soon)?;
        Ok(outcomes.iter().any(|outcome| matches!(outcome, Outcome::Taken(_))))
    }
}
