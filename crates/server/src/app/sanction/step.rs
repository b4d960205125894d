//! Making the events of a step, and writing them as a whole.

use super::asked::{SANCTION_STATE, conflict};
use super::course::{Course, Fields, shown_money};
use crate::app::error::AppError;
use crate::app::open::Probity;
use crate::app::outcome::{Outcome, Settling};
use crate::app::prepare::Prepared;
use probity_credit::event::{Event, FieldValue, Party, Role};
use probity_credit::sanction::{Ground, Sanction};
use probity_primitives::Timestamp;

/// Fields of an event; those without a value are left out.
pub(super) type Given<'a> = Vec<(&'a str, Option<FieldValue>)>;

pub(super) fn text(text: &str) -> Option<FieldValue> {
    Some(FieldValue::Text(text.into()))
}

pub(super) fn moment(at: Timestamp) -> Option<FieldValue> {
    Some(FieldValue::Integer(at.millis()))
}

/// What a notice is about.
pub(super) struct Telling<'a> {
    /// `sanction_started`, `appeal_answered` or `sanction_ended`.
    pub(super) about: &'a str,
    /// The template: `sanction` or `ended`.
    pub(super) template: &'a str,
    /// The kind of the sanction, or how it ended.
    pub(super) what: &'a str,
    pub(super) sanction: &'a str,
    pub(super) party: &'a Party,
    pub(super) kind: Sanction,
    pub(super) ground: Ground,
    pub(super) reason: &'a str,
    /// The statement of reasons, in English and Chinese surroundings.
    pub(super) reasons: [String; 2],
    pub(super) limit: Option<i64>,
    pub(super) starts_at: Timestamp,
    pub(super) ends_at: Option<Timestamp>,
    pub(super) appeal_by: Timestamp,
    pub(super) decision: Option<&'a str>,
}

impl Probity {
    /// An event of a step.
    pub(super) fn step(
        &self,
        kind: &str,
        id: &str,
        party: &Party,
        at: Timestamp,
        given: Given<'_>,
    ) -> Result<Prepared, AppError> {
        let fields: Vec<(&str, FieldValue)> =
            given.into_iter().filter_map(|(name, value)| Some((name, value?))).collect();
        let missing = || {
            conflict(SANCTION_STATE, format!("the catalogue does not declare {kind} as Probity writes it"))
        };
        let mut event: Event = self.own_event(kind, id, at, &fields).ok_or_else(missing)?;
        event.merchant = (party.role == Role::Merchant).then(|| party.id.clone());
        event.buyer = (party.role == Role::Buyer).then(|| party.id.clone());
        event.currency = Some(self.catalogue().rates.reporting);
        Ok(self.ready(event))
    }

    /// The notices of a step: to the subject, and to the members where they must be told.
    pub(super) fn notices(&self, at: Timestamp, telling: &Telling<'_>) -> Result<Vec<Prepared>, AppError> {
        let mut out = vec![self.notice(at, telling, "subject")?];
        if self.catalogue().notices.tells_members(telling.kind, telling.ground) {
            out.push(self.notice(at, telling, "members")?);
        }
        Ok(out)
    }

    fn notice(&self, at: Timestamp, telling: &Telling<'_>, to: &str) -> Result<Prepared, AppError> {
        let id = format!("{}.{}.{}.{to}", telling.sanction, telling.about, telling.what);
        let (english, chinese) = (self.told(telling, to, false), self.told(telling, to, true));
        let fields = vec![
            ("notice", text(&id)),
            ("to", text(to)),
            ("about", text(telling.about)),
            ("sanction", text(telling.sanction)),
            ("decision", telling.decision.and_then(text)),
            ("text_en", text(&english)),
            ("text_zh", text(&chinese)),
        ];
        self.step("notice.queued", &id, telling.party, at, fields)
    }

    fn told(&self, telling: &Telling<'_>, to: &str, chinese: bool) -> String {
        let (notices, reporting) = (&self.catalogue().notices, self.catalogue().rates.reporting);
        let [english_reasons, chinese_reasons] = &telling.reasons;
        let reasons = if chinese { chinese_reasons } else { english_reasons };
        // Members are told the code, not what was said to the party.
        let (template, what, reasons) = match to {
            "members" => ("members", format!("{}_members", telling.what), telling.reason.to_owned()),
            _ => (telling.template, telling.what.to_owned(), format!("{} {reasons}", telling.reason)),
        };
        let limit = telling.limit.map_or_else(String::new, |limit| {
            format!("{} {}", shown_money(limit, reporting), reporting.code())
        });
        let ends = telling.ends_at.map_or_else(|| notices.never(chinese).to_owned(), |at| at.to_string());
        let places = [
            ("party", telling.party.to_string()),
            ("reasons", reasons),
            ("limit", limit),
            ("starts", telling.starts_at.to_string()),
            ("ends", ends),
            ("appeal_by", telling.appeal_by.to_string()),
            ("advice", notices.advice(telling.ground, chinese).to_owned()),
            ("reference", telling.sanction.to_owned()),
            ("ground", notices.ground(telling.ground, chinese).to_owned()),
        ];
        let places: Vec<(&str, &str)> = places.iter().map(|(name, value)| (*name, value.as_str())).collect();
        notices.told(template, &what, chinese, &places)
    }

    /// Writes a step: all of its events or none.
    pub(super) fn write_step(&self, events: Vec<Prepared>) -> Result<(), AppError> {
        let outcomes = self.take_and_wait(events, Settling::Soon)?;
        let is_there = |outcome: &Outcome| matches!(outcome, Outcome::Taken(_) | Outcome::Duplicate(_));
        if outcomes.iter().all(is_there) {
            return Ok(());
        }
        // The lock of the steps and ids of their own rule this out.
        Err(AppError::internal(format!("a step of a sanction was not taken: {outcomes:?}")))
    }

    /// The events that end a sanction, or answer an appeal without ending it.
    pub(super) fn ending_of(
        &self,
        course: &Course,
        at: Timestamp,
        how: &str,
        statement: &str,
        persons: Option<(&str, &str)>,
    ) -> Result<Vec<Prepared>, AppError> {
        let catalogue = self.catalogue();
        let started = course.started.as_ref().map(|event| Fields(catalogue, event));
        let party = Party::parse(&course.party());
        let broken = || AppError::internal(format!("the start of the sanction {} cannot be read", course.id));
        let ((started, party), (kind, ground)) =
            started.zip(party).zip(course.kind(catalogue)).ok_or_else(broken)?;
        let stays = how == "appeal_rejected";
        let id = format!("{}.{}", course.id, if stays { "appeal_rejected" } else { "ended" });
        let fields = vec![
            ("sanction", text(&course.id)),
            ("how", text(how)),
            ("statement", text(statement)),
            ("decided_by", persons.and_then(|(decided_by, _)| text(decided_by))),
            ("approved_by", persons.and_then(|(_, approved_by)| text(approved_by))),
        ];
        let mut events = vec![self.step("sanction.ended", &id, &party, at, fields)?];
        let reason = started.text("reason").unwrap_or_default();
        let telling = Telling {
            about: if stays { "appeal_answered" } else { "sanction_ended" },
            template: "ended",
            what: how,
            sanction: &course.id,
            party: &party,
            kind,
            ground,
            reason: &reason,
            reasons: [statement.to_owned(), statement.to_owned()],
            limit: started.integer("limit"),
            starts_at: at,
            ends_at: None,
            appeal_by: started.moment("appeal_by").unwrap_or(at),
            decision: None,
        };
        events.extend(self.notices(at, &telling)?);
        Ok(events)
    }
}
