//! Decisions as events of the log: written and read.

use super::super::error::AppError;
use super::super::own::own_event;
use super::super::trial::SHADOWED;
use super::asked::Asked;
use super::deciding::Closing;
use super::trying::Part;
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::Record;
use probity_credit::event::{Event, FieldValue};
use probity_primitives::{Code, ExternalId, Timestamp};

pub(in crate::app) const MADE: &str = "decision.made";
pub(super) const CLOSED: &str = "decision.closed";

const UNDECLARED: Code = Code::new("decision-events-missing");

fn text(text: &str) -> FieldValue {
    FieldValue::Text(text.into())
}

fn undeclared(kind: &str) -> AppError {
    AppError::invalid(
        UNDECLARED,
        format!("the catalogue does not declare {kind}, so no decision can be recorded"),
    )
}

/// The event that records a decision.
pub(super) fn made(
    catalogue: &Catalogue,
    asked: &Asked,
    (record, part): (&Record, Option<&Part>),
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<Event, AppError> {
    let mut fields = vec![
        ("decision", text(&record.id)),
        ("request", text(&record.request)),
        ("outcome", text(&record.outcome)),
        ("expires_at", FieldValue::Integer(expires_at.millis())),
        ("document", FieldValue::Text(record.encode()?.into())),
    ];
    fields.extend(record.order.as_deref().map(|order| ("order", text(order))));
    fields.extend(record.amount.map(|amount| ("value", FieldValue::Integer(amount))));
    if record.held > 0 {
        fields.push(("held", FieldValue::Integer(record.held)));
    }
    fields.extend(asked.key.as_ref().map(|key| ("key", text(key.as_str()))));
    if let Some(part) = part {
        fields.push(("trial", FieldValue::Integer(i64::try_from(part.trial).unwrap_or(i64::MAX))));
        fields.extend(part.arm.map(|arm| ("arm", text(arm.as_str()))));
        fields.extend(part.said.as_ref().map(|said| ("shadow", text(said.as_str()))));
    }
    let mut event = own_event(catalogue, MADE, &record.id, now, &fields).ok_or_else(|| undeclared(MADE))?;
    event.merchant = asked.request.merchant.clone();
    event.buyer = asked.request.buyer.clone();
    event.currency = Some(catalogue.rates.reporting);
    Ok(event)
}

/// The id of the event that tells what a challenger would have answered.
fn shadow_id(decision: &str) -> String {
    format!("{decision}.shadow")
}

/// The event that tells what a challenger would have answered.
pub(super) fn shadowed(
    catalogue: &Catalogue,
    trial: u64,
    record: &Record,
    other: &Record,
) -> Result<Event, AppError> {
    let at = Timestamp::parse(&record.at)?;
    let fields = [
        ("decision", text(&record.id)),
        ("trial", FieldValue::Integer(i64::try_from(trial).unwrap_or(i64::MAX))),
        ("request", text(&record.request)),
        ("was", text(&record.outcome)),
        ("outcome", text(&other.outcome)),
        ("document", FieldValue::Text(other.encode()?.into())),
    ];
    own_event(catalogue, SHADOWED, &shadow_id(&record.id), at, &fields).ok_or_else(|| undeclared(SHADOWED))
}

/// The id of the event that closes a decision.
pub(super) fn closed_id(decision: &str) -> String {
    format!("{decision}.closed")
}

/// The event that closes a decision.
pub(super) fn closed(
    catalogue: &Catalogue,
    decision: &str,
    how: Closing,
    order: Option<&str>,
    parties: [Option<ExternalId>; 2],
    now: Timestamp,
) -> Result<Event, AppError> {
    let mut fields = vec![("decision", text(decision)), ("how", text(how.as_str()))];
    fields.extend(order.map(|order| ("order", text(order))));
    let event = own_event(catalogue, CLOSED, &closed_id(decision), now, &fields);
    let mut event = event.ok_or_else(|| undeclared(CLOSED))?;
    [event.merchant, event.buyer] = parties;
    Ok(event)
}

/// What an event records of an answer, of one that counted or of a challenger's; none when it is no such event.
pub(in crate::app) fn answer_of(catalogue: &Catalogue, event: &Event) -> Result<Option<Record>, AppError> {
    let kind = catalogue.vocabulary.get(event.kind);
    if kind.name != SHADOWED {
        return record_of(catalogue, event);
    }
    Ok(Some(Record::decode(event.text(kind, "document").unwrap_or_default())?))
}

/// What an event records of a decision; none when it is no such event.
pub(in crate::app) fn record_of(catalogue: &Catalogue, event: &Event) -> Result<Option<Record>, AppError> {
    let kind = catalogue.vocabulary.get(event.kind);
    if kind.name != MADE {
        return Ok(None);
    }
    Ok(Some(Record::decode(event.text(kind, "document").unwrap_or_default())?))
}
