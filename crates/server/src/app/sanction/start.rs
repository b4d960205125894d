//! Starting sanctions: what is told to whom, and from when they hold.

use super::course::shown_money;
use super::effects::OpenOrders;
use super::step::{Telling, moment, text};
use crate::app::error::AppError;
use crate::app::open::Probity;
use crate::app::prepare::Prepared;
use probity_credit::event::{FieldValue, Party};
use probity_credit::sanction::{Ground, Sanction};
use probity_primitives::Timestamp;

/// A sanction that is to start.
pub(super) struct Start<'a> {
    pub(super) id: &'a str,
    pub(super) party: &'a Party,
    pub(super) cluster: Option<&'a str>,
    pub(super) kind: Sanction,
    pub(super) ground: Ground,
    pub(super) reason: &'a str,
    pub(super) statement: &'a str,
    pub(super) limit: Option<i64>,
    pub(super) ends_at: Option<Timestamp>,
    /// `rule` or `hand`.
    pub(super) cause: &'a str,
    pub(super) decision: Option<&'a str>,
    /// Who proposed and who approved it, when started by hand.
    pub(super) persons: Option<(&'a str, &'a str)>,
}

impl Probity {
    /// The events of a start: the sanction, and its notices.
    pub(super) fn starting(
        &self,
        at: Timestamp,
        start: &Start<'_>,
        open: OpenOrders,
    ) -> Result<Vec<Prepared>, AppError> {
        let procedure = self.catalogue().notices.procedure(start.kind, start.ground, at);
        let reasons = [false, true].map(|chinese| self.with_open(start.statement, open, chinese));
        let [english, _] = &reasons;
        let fields = vec![
            ("sanction", text(start.id)),
            ("kind", text(start.kind.as_str())),
            ("cause", text(start.cause)),
            ("ground", text(start.ground.as_str())),
            ("reason", text(start.reason)),
            ("statement", text(english)),
            ("limit", start.limit.map(FieldValue::Integer)),
            ("starts_at", moment(procedure.starts_at)),
            ("ends_at", start.ends_at.and_then(moment)),
            ("appeal_by", moment(procedure.appeal_by)),
            ("open_orders", Some(FieldValue::Integer(open.count))),
            ("open_value", Some(FieldValue::Integer(open.value))),
            ("decision", start.decision.and_then(text)),
            ("cluster", start.cluster.and_then(text)),
            ("proposed_by", start.persons.and_then(|(proposed_by, _)| text(proposed_by))),
            ("approved_by", start.persons.and_then(|(_, approved_by)| text(approved_by))),
        ];
        let id = format!("{}.started", start.id);
        let mut events = vec![self.step("sanction.started", &id, start.party, at, fields)?];
        let telling = Telling {
            about: "sanction_started",
            template: "sanction",
            what: start.kind.as_str(),
            sanction: start.id,
            party: start.party,
            kind: start.kind,
            ground: start.ground,
            reason: start.reason,
            reasons,
            limit: start.limit,
            starts_at: procedure.starts_at,
            ends_at: start.ends_at,
            appeal_by: procedure.appeal_by,
            decision: start.decision,
        };
        events.extend(self.notices(at, &telling)?);
        Ok(events)
    }

    /// A statement and, where orders are open, what becomes of them.
    fn with_open(&self, statement: &str, open: OpenOrders, chinese: bool) -> String {
        if open.count == 0 {
            return statement.to_owned();
        }
        let reporting = self.catalogue().rates.reporting;
        let value = format!("{} {}", shown_money(open.value, reporting), reporting.code());
        let count = open.count.to_string();
        let places = [("orders", count.as_str()), ("value", value.as_str())];
        format!("{statement}\n\n{}", self.catalogue().notices.told("open", "", chinese, &places))
    }
}
