//! Reading a party: now from its tiles, a past moment from its events.

use super::error::{AppError, Class};
use super::open::Probity;
use probity_credit::event::{Mark, Party, Role, standing, to_json};
use probity_credit::indicator::{Better, Definition, Unit};
use probity_credit::order::DERIVED_SOURCE;
use probity_primitives::{Code, Problem, Timestamp};
use probity_store::{Reader, Subject};
use serde::Serialize;
use std::collections::HashMap;
use std::sync::atomic::Ordering;

const PARTY_UNKNOWN: Code = Code::new("party-unknown");
const AS_OF_IN_FUTURE: Code = Code::new("as-of-in-future");
const AS_OF_INVALID: Code = Code::new("as-of-invalid");
const EVENT_UNKNOWN: Code = Code::new("event-unknown");
const LOG_EMPTY: Code = Code::new("log-empty");

/// The moment a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AsOf {
    /// This moment.
    Now,
    /// That of the newest event from outside.
    Latest,
    /// A given one.
    At(Timestamp),
}

impl AsOf {
    /// Reads `now`, `latest` or a moment.
    ///
    /// # Errors
    /// `as-of-invalid`.
    pub fn parse(text: &str) -> Result<Self, AppError> {
        match text {
            "now" => Ok(Self::Now),
            "latest" => Ok(Self::Latest),
            text => Timestamp::parse(text).map(Self::At).map_err(|problem| {
                Problem::new(AS_OF_INVALID, problem.detail)
                    .hint("latest, now, or a moment such as 2018-04-30T23:59:59Z")
                    .into()
            }),
        }
    }

    /// The moment meant, as it is `now` and with the newest event from outside at `latest`.
    ///
    /// # Errors
    /// `as-of-in-future`; `log-empty` for `latest` when there are no events.
    pub(super) fn moment(self, now: Timestamp, latest: Option<Timestamp>) -> Result<Timestamp, AppError> {
        match self {
            Self::Now => Ok(now),
            Self::Latest => latest.ok_or_else(|| {
                AppError::new(Class::Missing, Problem::new(LOG_EMPTY, "there are no events yet"))
            }),
            Self::At(at) if at > now.day().end() => {
                Err(Problem::new(AS_OF_IN_FUTURE, format!("{at} lies in the future; it is {now}"))
                    .at("/as_of")
                    .into())
            }
            Self::At(at) => Ok(at),
        }
    }
}

/// One indicator's value with what it means.
#[derive(Debug, Clone, Serialize)]
pub struct IndicatorValue {
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// The dimension.
    pub dimension: String,
    /// The value; null when missing.
    pub value: Option<f64>,
    /// The value in words.
    pub shown: String,
    /// Its unit.
    pub unit: Unit,
    /// Which way is better.
    pub better: Better,
    /// What it means.
    pub description: String,
}

/// A party's indicators as of a moment.
#[derive(Debug, Clone, Serialize)]
pub struct Indicators {
    /// The party.
    pub party: String,
    /// The moment.
    pub as_of: String,
    /// In catalogue order.
    pub indicators: Vec<IndicatorValue>,
}

/// An event as it stands in the log.
#[derive(Debug, Clone, Serialize)]
pub struct EventRow {
    /// Its row.
    pub seq: u64,
    /// Its id.
    pub id: String,
    /// Its type.
    pub r#type: String,
    /// The type's title.
    pub title: String,
    /// When it happened.
    pub occurred_at: String,
    /// When it was known.
    pub known_at: String,
    /// When the log took it.
    pub recorded_at: String,
    /// The whole event in its flat form.
    pub fields: serde_json::Value,
    /// `retracted` or `disputed`, when a mark leaves it out.
    pub mark: Option<&'static str>,
    /// The other party.
    pub counterparty: Option<String>,
}

/// A page of a party's events, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct TimelinePage {
    /// The events.
    pub items: Vec<EventRow>,
    /// Where the next page begins: a row number.
    pub next: Option<u64>,
}

impl Probity {
    /// The moment meant. A moment later today is taken as it is; a later day is refused.
    ///
    /// # Errors
    /// `as-of-in-future`; `log-empty` for `latest` when there are no events.
    pub fn moment(&self, as_of: AsOf) -> Result<Timestamp, AppError> {
        as_of.moment(self.clock.now(), self.latest())
    }

    /// The number of a party in the store.
    pub(super) fn number(&self, party: &Party) -> Result<u32, AppError> {
        if let Some(known) = self.shared.kept.number(party) {
            return Ok(known);
        }
        let found =
            self.shared.read(|reader| Ok(reader.party_number(party.role.number(), party.id.as_str())?))?;
        let number = found.ok_or_else(|| {
            AppError::new(Class::Missing, Problem::new(PARTY_UNKNOWN, format!("no event names {party}")))
        })?;
        self.shared.kept.learn(party, number);
        Ok(number)
    }

    /// A party's indicators as of a moment.
    ///
    /// # Errors
    /// `party-unknown`, `as-of-in-future`.
    pub fn indicators(&self, party: &Party, as_of: AsOf) -> Result<Indicators, AppError> {
        let at = self.moment(as_of)?;
        let snapshot = self.snapshot(self.number(party)?, party.role, at)?;
        let plan = &self.catalogue().plan;
        let one = |(definition, value): (&Definition, &Option<f64>)| IndicatorValue {
            name: definition.name.clone(),
            title: definition.title.clone(),
            dimension: definition.dimension.clone(),
            value: *value,
            shown: self.shown(definition.unit, *value),
            unit: definition.unit,
            better: definition.better,
            description: definition.description.clone(),
        };
        let indicators = plan.definitions(party.role).zip(snapshot.values.iter()).map(one).collect();
        Ok(Indicators { party: party.to_string(), as_of: at.to_string(), indicators })
    }

    /// A value in words: percent, days, money.
    pub fn shown(&self, unit: Unit, value: Option<f64>) -> String {
        let Some(value) = value else { return "no data".into() };
        match unit {
            Unit::Share => format!("{:.1} %", value * 100.0),
            Unit::Count => format!("{value:.0}"),
            Unit::Days if value.fract() == 0.0 => format!("{value:.0} days"),
            Unit::Days => format!("{value:.1} days"),
            Unit::Hours => format!("{value:.1} h"),
            Unit::Money => format!("{value:.2} {}", self.catalogue().rates.reporting),
            Unit::Rating => format!("{value:.2}"),
            Unit::Ratio | Unit::Index => format!("{value:.2}"),
        }
    }

    /// A party's events, newest rows first; `before` is the row at which the page before ended.
    ///
    /// # Errors
    /// `party-unknown`.
    pub fn timeline(
        &self,
        party: &Party,
        before: Option<u64>,
        most: usize,
    ) -> Result<TimelinePage, AppError> {
        let number = self.number(party)?;
        let shared = &self.shared;
        self.shared.read(|reader| {
            let mut seqs = shared.postings(reader, Subject::Party(number))?;
            seqs.retain(|seq| before.is_none_or(|before| *seq < before));
            let from = seqs.len().saturating_sub(most);
            let page: Vec<u64> = seqs.get(from..).unwrap_or_default().iter().rev().copied().collect();
            let next = page.last().copied().filter(|_| from > 0);
            let items = page
                .iter()
                .map(|seq| self.event_row(reader, *seq, Some(party.role)))
                .collect::<Result<_, _>>()?;
            Ok(TimelinePage { items, next })
        })
    }

    /// An event by its source and id.
    ///
    /// # Errors
    /// `event-unknown`.
    pub fn event(&self, source: &str, id: &str) -> Result<EventRow, AppError> {
        self.shared.read(|reader| {
            let seq = reader.find(&probity_credit::event::key_of(source, id))?;
            let missing = || {
                AppError::new(Class::Missing, Problem::new(EVENT_UNKNOWN, "no event has this source and id"))
            };
            self.event_row(reader, seq.ok_or_else(missing)?, None)
        })
    }

    /// The events of a stretch of the log, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub fn events(&self, from: u64, most: usize) -> Result<Vec<EventRow>, AppError> {
        self.shared.read(|reader| {
            let seqs: Vec<u64> = reader.range(from, most)?.iter().map(|row| row.seq).collect();
            seqs.into_iter().map(|seq| self.event_row(reader, seq, None)).collect()
        })
    }

    fn event_row(
        &self,
        reader: &mut impl Reader,
        seq: u64,
        seen_by: Option<Role>,
    ) -> Result<EventRow, AppError> {
        let row = reader.row(seq)?.ok_or_else(|| AppError::internal(format!("row {seq} is missing")))?;
        let event = self.shared.decode(&row)?;
        let catalogue = self.catalogue();
        let kind = catalogue.vocabulary.get(event.kind);
        let marks = self.shared.postings(reader, Subject::Order(row.key))?;
        let marks = self.shared.events_at(reader, &marks)?;
        let marks: Vec<Mark> = marks
            .iter()
            .filter_map(|(_, event)| catalogue.marks.read(&catalogue.vocabulary, event))
            .collect();
        let stands = standing(event.known_at, &marks).last().is_some_and(|(_, stands)| *stands);
        let for_good = marks.iter().any(|mark| {
            matches!(
                mark.marking,
                probity_credit::event::Marking::Retracted | probity_credit::event::Marking::Corrected
            )
        });
        let other = match seen_by {
            Some(Role::Merchant) => event.buyer.as_ref().map(|id| format!("buyer:{id}")),
            Some(Role::Buyer) => event.merchant.as_ref().map(|id| format!("merchant:{id}")),
            None => None,
        };
        Ok(EventRow {
            seq,
            id: event.id.to_string(),
            r#type: kind.name.clone(),
            title: kind.title.clone(),
            occurred_at: event.occurred_at.to_string(),
            known_at: event.known_at.to_string(),
            recorded_at: row.recorded_at.to_string(),
            mark: if stands {
                None
            } else if for_good {
                Some("retracted")
            } else {
                Some("disputed")
            },
            counterparty: other,
            fields: to_json(&catalogue.vocabulary, &event),
        })
    }

    /// All parties of a role: number and name, in the order in which they were first named.
    ///
    /// # Errors
    /// Those of the store.
    pub fn parties(&self, role: Role, after: u32, most: usize) -> Result<Vec<(u32, Party)>, AppError> {
        self.shared.read(|reader| {
            let rows = reader.parties(Some(role.number()), after, most)?;
            rows.into_iter()
                .map(|(number, _, id)| {
                    let party = Party::parse(&format!("{}:{id}", role.as_str()));
                    Ok((
                        number,
                        party.ok_or_else(|| {
                            AppError::internal(format!("party {number} has a name that no party can have"))
                        })?,
                    ))
                })
                .collect()
        })
    }

    /// How many parties of a role there are.
    ///
    /// # Errors
    /// Those of the store.
    pub fn party_count(&self, role: Role) -> Result<u64, AppError> {
        self.shared.read(|reader| Ok(reader.party_count(Some(role.number()))?))
    }

    /// How many events there are of each type, and how many of them Probity derived itself (facts, retractions of facts,
    /// scores); reads the whole log.
    ///
    /// # Errors
    /// Those of the store.
    pub fn count_by_type(&self) -> Result<HashMap<String, (u64, u64)>, AppError> {
        let mut counts: HashMap<String, (u64, u64)> = HashMap::new();
        let mut from = 1;
        loop {
            let rows = self.shared.read(|reader| Ok(reader.range(from, 10_000)?))?;
            let Some(last) = rows.last() else { return Ok(counts) };
            from = last.seq + 1;
            for row in &rows {
                let event = self.shared.decode(row)?;
                let count =
                    counts.entry(self.catalogue().vocabulary.get(event.kind).name.clone()).or_default();
                count.0 += 1;
                count.1 += u64::from(event.source.as_str() == DERIVED_SOURCE);
            }
        }
    }

    /// Timers wait to go off: true while a history comes in.
    pub fn next_due(&self) -> Option<Timestamp> {
        Some(self.shared.next_due.load(Ordering::Acquire))
            .filter(|due| *due != i64::MAX)
            .map(Timestamp::from_millis)
    }
}
