//! Putting scores on record: at the end of every month, for each party about which something became known in it, or whose
//! tier moved. The moment on record is the month's end, also when a history is scored afterwards.

use super::error::AppError;
use super::keeper::Settling;
use super::open::Probity;
use super::party::{Hot, Recorded, build};
use super::prepare::Prepared;
use super::read::Snapshot;
use probity_credit::event::{Event, FieldKind, FieldValue, Mark, Party, Role, standing};
use probity_credit::order::DERIVED_SOURCE;
use probity_primitives::{Day, Digest, ExternalId, Timestamp};
use probity_store::Subject;
use std::sync::Arc;

/// A calendar month, as `year × 12 + month − 1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Period(pub i32);

impl Period {
    /// The month that holds a moment.
    pub fn of(moment: Timestamp) -> Self {
        Self(moment.day().month())
    }

    /// Its last millisecond.
    pub fn end(self) -> Timestamp {
        let (year, month) = (self.0.div_euclid(12), self.0.rem_euclid(12));
        // No month is longer than 31 days: from near its end, walk to the first day of the next one.
        let mut day = Day((year - 1970) * 365 + (year - 1969).div_euclid(4) + month * 30 - 2);
        while Self(day.month()) <= self {
            day = day.plus(1);
        }
        while Self(day.plus(-1).month()) > self {
            day = day.plus(-1);
        }
        day.plus(-1).end()
    }
}

/// Told as parties are done: how many, of how many.
pub type RecordProgress<'a> = &'a mut dyn FnMut(u64, u64);

/// Months without news after which a party's score is no longer looked at until something happens.
const QUIET_MONTHS: i32 = 13;
/// Parties whose scores go into one commit.
const PARTIES_AT_ONCE: usize = 500;

impl Probity {
    /// Records the scores of all months that ended by a moment and are not on record. Says how many were recorded.
    ///
    /// # Errors
    /// Those of the store.
    pub fn record_scores(&self, until: Timestamp, progress: RecordProgress<'_>) -> Result<u64, AppError> {
        let total = self.party_count(Role::Merchant)? + self.party_count(Role::Buyer)?;
        let (mut done, mut recorded) = (0, 0);
        for role in Role::ALL {
            let mut after = 0;
            loop {
                let parties = self.parties(role, after, PARTIES_AT_ONCE)?;
                let Some((last, _)) = parties.last() else { break };
                after = *last;
                let mut events = Vec::new();
                for (number, party) in &parties {
                    events.extend(self.unrecorded(*number, party, until)?);
                }
                recorded += events.len() as u64;
                if !events.is_empty() {
                    self.take_and_wait(events, Settling::Soon)?;
                }
                done += parties.len() as u64;
                progress(done, total);
            }
        }
        Ok(recorded)
    }

    /// The score events that a party lacks.
    fn unrecorded(&self, number: u32, party: &Party, until: Timestamp) -> Result<Vec<Prepared>, AppError> {
        let shared = &self.shared;
        let catalogue = self.catalogue();
        let events = shared.read(|reader| {
            let seqs = shared.postings(reader, Subject::Party(number))?;
            shared.events_at(reader, &seqs)
        })?;
        let own = |event: &Event| {
            matches!(catalogue.vocabulary.get(event.kind).name.as_str(), "score.recorded" | "tier.changed")
        };
        let facts: Vec<(u64, Event)> = events.iter().filter(|(_, event)| !own(event)).cloned().collect();
        let marks: Vec<Mark> = facts
            .iter()
            .filter_map(|(_, event)| catalogue.marks.read(&catalogue.vocabulary, event))
            .collect();
        let news: Vec<Timestamp> = facts
            .iter()
            .filter(|(_, event)| !catalogue.marks.is_mark(event.kind))
            .flat_map(|(_, event)| {
                let about: Vec<Mark> =
                    marks.iter().filter(|mark| mark.target == event.key()).copied().collect();
                standing(event.known_at, &about).into_iter().map(|(moment, _)| moment)
            })
            .collect();
        let (Some(first), Some(last)) = (news.iter().min(), news.iter().max()) else { return Ok(Vec::new()) };
        let mut on_record: Vec<Recorded> = build(shared, party.role, &events, None).recorded;
        let mut out = Vec::new();
        let mut period = Period::of(*first);
        let quiet = Period(Period::of(*last).0 + QUIET_MONTHS);
        while period.end() <= until && period <= quiet {
            let at = period.end();
            if !on_record.iter().any(|recorded| recorded.at == at) {
                let recorded: Vec<Recorded> =
                    on_record.iter().filter(|recorded| recorded.at < at).cloned().collect();
                let snapshot = self.past(party.role, &facts, recorded, at);
                let tier = self.tier_of(party.role, &snapshot);
                let before = snapshot.recorded.last().map(|recorded| recorded.tier.clone());
                let any_news = news.iter().any(|moment| Period::of(*moment) == period);
                if any_news || before.as_deref() != Some(&tier.name) {
                    let scored = &snapshot.scored;
                    out.extend(self.score_event(
                        party,
                        at,
                        scored.score,
                        scored.low,
                        scored.high,
                        &tier.name,
                    ));
                    if before.as_deref() != Some(&tier.name) {
                        out.extend(self.tier_event(party, at, before.as_deref(), &tier.name));
                    }
                    let (score, low, high) =
                        (i64::from(scored.score), i64::from(scored.low), i64::from(scored.high));
                    on_record.push(Recorded { at, score, low, high, tier: tier.name });
                    on_record.sort_by_key(|recorded| recorded.at);
                }
            }
            period = Period(period.0 + 1);
        }
        Ok(out)
    }

    fn past(&self, role: Role, facts: &[(u64, Event)], recorded: Vec<Recorded>, at: Timestamp) -> Snapshot {
        let shared = &self.shared;
        let Hot { state, .. } = build(shared, role, facts, Some(at));
        let values = shared.catalogue.plan.values(&state, at, &shared.priors(at));
        let scored = shared.catalogue.scorecard(role).score(&values);
        Snapshot { at, events: state.events, values: Arc::new(values), scored: Arc::new(scored), recorded }
    }

    fn score_event(
        &self,
        party: &Party,
        at: Timestamp,
        score: i32,
        low: i32,
        high: i32,
        tier: &str,
    ) -> Option<Prepared> {
        let scorecard = self.catalogue().scorecard(party.role).hash().to_string();
        let fields = [
            ("of", FieldValue::Text(party.role.as_str().into())),
            ("score", FieldValue::Integer(score.into())),
            ("low", FieldValue::Integer(low.into())),
            ("high", FieldValue::Integer(high.into())),
            ("tier", FieldValue::Text(tier.into())),
            ("scorecard", FieldValue::Text(scorecard.into())),
            ("catalogue", FieldValue::Text(self.catalogue().hash.to_string().into())),
        ];
        self.own_event("score.recorded", "score", party, at, &fields)
    }

    fn tier_event(&self, party: &Party, at: Timestamp, from: Option<&str>, to: &str) -> Option<Prepared> {
        let mut fields = vec![("to", FieldValue::Text(to.into()))];
        fields.extend(from.map(|from| ("from", FieldValue::Text(from.into()))));
        self.own_event("tier.changed", "tier", party, at, &fields)
    }

    /// An event of Probity's own about a party; `None` when the catalogue does not declare the type.
    fn own_event(
        &self,
        kind: &str,
        word: &str,
        party: &Party,
        at: Timestamp,
        fields: &[(&str, FieldValue)],
    ) -> Option<Prepared> {
        let vocabulary = &self.catalogue().vocabulary;
        let index = vocabulary.find(kind)?;
        let declared = vocabulary.get(index);
        let mut values = vec![None; declared.fields.len()];
        for (name, value) in fields {
            // A catalogue of somebody's own may be older than the field.
            let Some(place) = declared.field(name) else {
                if *name == "catalogue" { continue } else { return None }
            };
            let value = match (value, declared.fields.get(place).map(|field| &field.kind)) {
                (FieldValue::Text(text), Some(FieldKind::Choice(words))) => {
                    FieldValue::Choice(u16::try_from(words.iter().position(|word| **word == **text)?).ok()?)
                }
                _ => value.clone(),
            };
            if let Some(slot) = values.get_mut(place) {
                *slot = Some(value);
            }
        }
        let name = Digest::of(&[party.to_string().as_bytes()]).to_string();
        let id = format!("{}.{word}.{}", name.get(..32)?, Period::of(at).0);
        Some(self.ready(Event {
            id: ExternalId::try_new(&id).ok()?,
            source: ExternalId::try_new(DERIVED_SOURCE).ok()?,
            kind: index,
            occurred_at: at,
            known_at: at,
            known_given: true,
            merchant: (party.role == Role::Merchant).then(|| party.id.clone()),
            buyer: (party.role == Role::Buyer).then(|| party.id.clone()),
            currency: None,
            fields: values,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_end_where_the_calendar_says() {
        for (inside, end) in [
            ("2016-02-10T00:00:00Z", "2016-02-29T23:59:59.999Z"),
            ("2018-04-30T23:59:59Z", "2018-04-30T23:59:59.999Z"),
            ("2017-12-01T00:00:00Z", "2017-12-31T23:59:59.999Z"),
            ("1970-01-31T00:00:00Z", "1970-01-31T23:59:59.999Z"),
            ("2100-02-01T00:00:00Z", "2100-02-28T23:59:59.999Z"),
        ] {
            assert_eq!(
                Period::of(Timestamp::parse(inside).unwrap()).end(),
                Timestamp::parse(end).unwrap(),
                "{inside}"
            );
        }
    }
}
