//! Putting scores on record: at the end of every month, for each party about which something became known in it, or whose
//! tier moved. The moment on record is the month's end, also when a history is scored afterwards.

use super::due::{is_record, is_sanction};
use super::error::AppError;
use super::open::Probity;
use super::outcome::Settling;
use super::own::{is_answer, own_event};
use super::party::{Recorded, contributions, recorded};
use super::prepare::Prepared;
use super::shared::lock;
use super::snapshot::Snapshot;
use super::taking::changes;
use probity_credit::event::{Event, FieldValue, Party, Role, standing};
use probity_credit::indicator::{Contributions, PartyState};
use probity_credit::order::DERIVED_SOURCE;
use probity_credit::sanction::Standing;
use probity_credit::score::Scored;
use probity_expression::Faults;
use probity_primitives::{Day, Digest, ExternalId, Timestamp};
use probity_store::Subject;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

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

    /// The last month that had ended at a moment.
    pub(super) fn last_ended(moment: Timestamp) -> Self {
        let running = Self::of(moment);
        if running.end() <= moment { running } else { Self(running.0 - 1) }
    }

    fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Told as parties are done: how many, of how many.
pub type RecordProgress<'a> = &'a mut dyn FnMut(u64, u64);

/// Months without news after which a party's score is no longer looked at until something happens.
const QUIET_MONTHS: i32 = 13;
/// Parties whose scores go into one commit.
const PARTIES_AT_ONCE: usize = 500;

/// What the log holds of a party.
struct Known {
    facts: Vec<(Event, Contributions)>,
    /// When each fact came to count (1) or ceased to (−1), by its place, in the order of the moments.
    steps: Vec<(Timestamp, i32, usize)>,
    /// Months in which something came to count or ceased to.
    news: BTreeSet<Period>,
    /// Scores and tiers ever put on record, with whether they still stand.
    own: Vec<(Event, bool)>,
}

/// A state that takes in one month after another.
struct Grown {
    state: PartyState,
    /// Steps of [`Known::steps`] that went in.
    steps: usize,
}

impl Known {
    /// What was put on record at a moment and stands.
    fn standing(&self, at: Timestamp) -> impl Iterator<Item = &Event> {
        self.own.iter().filter(move |(own, stands)| *stands && own.occurred_at == at).map(|(own, _)| own)
    }

    /// True when a month is looked at: by what was known at its end, and by nothing later.
    fn concerns(&self, period: Period) -> bool {
        self.news.range(Period(period.0 - QUIET_MONTHS)..=period).next().is_some()
    }
}

impl Probity {
    /// True when a month has ended whose scores are not on record, or not as what is known now makes them.
    pub fn is_recording_due(&self) -> bool {
        let upto = lock(&self.shared.on_record).upto;
        self.event_count() > 0 && upto < Period::last_ended(self.clock.now()).end()
    }

    /// Brings the scores on record in line with what is known, for all months that ended by a moment: those that lack one
    /// get it, and one that later arrivals made wrong is taken back and told anew. Says how many were recorded.
    ///
    /// # Errors
    /// Those of the store.
    pub fn record_scores(&self, until: Timestamp, progress: RecordProgress<'_>) -> Result<u64, AppError> {
        let _alone = lock(&self.shared.recording);
        let last = Period::last_ended(until);
        let before = {
            let mut on_record = lock(&self.shared.on_record);
            if last.end() <= on_record.upto {
                return Ok(0);
            }
            on_record.begin(last.end());
            *on_record
        };
        let first = Period::last_ended(before.upto).next();
        let quiet = Period::of(before.newest).0.saturating_add(QUIET_MONTHS) < first.0;
        let recorded = if quiet { 0 } else { self.record_all(first, last, progress)? };
        lock(&self.shared.on_record).done();
        // That all is on record is remembered with a checkpoint; else the next start would look at everything again.
        self.checkpoint_and_wait()?;
        Ok(recorded)
    }

    fn record_all(&self, first: Period, last: Period, progress: RecordProgress<'_>) -> Result<u64, AppError> {
        let total = self.party_count(Role::Merchant)? + self.party_count(Role::Buyer)?;
        let (mut done, mut recorded) = (0, 0);
        // While the keeper writes one page's, the next one's are made.
        let mut writing = None;
        for role in Role::ALL {
            let mut after = 0;
            loop {
                let parties = self.parties(role, after, PARTIES_AT_ONCE)?;
                let Some((highest, _)) = parties.last() else { break };
                if self.shared.stopping.load(Ordering::Acquire) {
                    return Err(AppError::broken_off());
                }
                after = *highest;
                let events = self.amendments_of(&parties, first, last)?;
                recorded += events.iter().filter(|event| self.is_score(&event.event)).count() as u64;
                if let Some(written) = writing.take() {
                    self.wait_for(written)?;
                }
                if !events.is_empty() {
                    writing = Some(self.take_later(events, Settling::Soon)?);
                }
                done += parties.len() as u64;
                progress(done, total);
            }
        }
        if let Some(written) = writing {
            self.wait_for(written)?;
        }
        Ok(recorded)
    }

    /// The events that bring the records of some parties in line, made on two threads: what one party's are depends on no
    /// other's.
    fn amendments_of(
        &self,
        parties: &[(u32, Party)],
        first: Period,
        last: Period,
    ) -> Result<Vec<Prepared>, AppError> {
        let one_by_one = |parties: &[(u32, Party)]| -> Result<Vec<Prepared>, AppError> {
            let mut events = Vec::new();
            for (number, party) in parties {
                events.extend(self.amendments(*number, party, first, last)?);
            }
            Ok(events)
        };
        let (here, there) = parties.split_at(parties.len() / 2);
        std::thread::scope(|scope| {
            let there = scope.spawn(|| one_by_one(there));
            let mut events = one_by_one(here)?;
            let others =
                there.join().map_err(|_| AppError::internal("a thread that makes records ended badly"))?;
            events.extend(others?);
            Ok(events)
        })
    }

    fn is_score(&self, event: &Event) -> bool {
        self.catalogue().vocabulary.get(event.kind).name == "score.recorded"
    }

    fn known(&self, number: u32) -> Result<Known, AppError> {
        let shared = &self.shared;
        let catalogue = self.catalogue();
        let events = shared.read(|reader| {
            let seqs = shared.postings(reader, Subject::Party(number))?;
            shared.events_at(reader, &seqs)
        })?;
        let marks = catalogue.marks.by_target(&catalogue.vocabulary, events.iter().map(|(_, event)| event));
        let moments =
            |event: &Event| standing(event.known_at, marks.get(&event.key()).map_or(&[][..], Vec::as_slice));
        let mut known =
            Known { facts: Vec::new(), steps: Vec::new(), news: BTreeSet::new(), own: Vec::new() };
        let mut faults = Faults::default();
        for (_, event) in events {
            if is_answer(catalogue, &event) {
                continue;
            }
            if is_record(catalogue, &event) {
                let stands = moments(&event).last().is_some_and(|(_, stands)| *stands);
                known.own.push((event, stands));
                continue;
            }
            if is_sanction(catalogue, &event) {
                continue;
            }
            if catalogue.marks.is_mark(event.kind) {
                continue;
            }
            // A fact that never stood is no news: whether the log holds any depends on what came in which order.
            let place = known.facts.len();
            for (moment, sign) in changes(&moments(&event)) {
                known.news.insert(Period::of(moment));
                known.steps.push((moment, sign, place));
            }
            let contributions = contributions(shared, &event, &mut faults);
            known.facts.push((event, contributions));
        }
        known.steps.sort_by_key(|(moment, _, _)| *moment);
        Ok(known)
    }

    /// The events that bring a party's record in line, from one month to another.
    fn amendments(
        &self,
        number: u32,
        party: &Party,
        first: Period,
        last: Period,
    ) -> Result<Vec<Prepared>, AppError> {
        let known = self.known(number)?;
        let oldest = known.own.iter().map(|(own, _)| Period::of(own.occurred_at)).min();
        let Some(oldest) = oldest.into_iter().chain(known.news.first().copied()).min() else {
            return Ok(Vec::new());
        };
        let mut period = first.max(oldest);
        let earlier =
            known.own.iter().filter(|(own, stands)| *stands && Period::of(own.occurred_at) < period);
        let mut on_record: Vec<Recorded> =
            earlier.filter_map(|(own, _)| recorded(&self.shared, own)).collect();
        on_record.sort_by_key(|recorded| recorded.at);
        let mut out = Vec::new();
        let mut grown = Grown { state: PartyState::new(party.role), steps: 0 };
        while period <= last {
            let at = period.end();
            let have: Vec<&Event> = known.standing(at).collect();
            let wanted = if have.iter().any(|own| self.is_of_another_card(party.role, own)) {
                have.iter().map(|own| (*own).clone()).collect()
            } else {
                self.wanted(party, period, &known, &on_record, &mut grown)
            };
            on_record.extend(wanted.iter().filter_map(|own| recorded(&self.shared, own)));
            out.extend(self.difference(&known, &have, wanted));
            period = period.next();
        }
        Ok(out)
    }

    /// A score on record that another scorecard made stays: it says what was shown, and that card is not there any more to
    /// say what it should have been.
    fn is_of_another_card(&self, role: Role, own: &Event) -> bool {
        let catalogue = self.catalogue();
        let made_by = own.text(catalogue.vocabulary.get(own.kind), "scorecard");
        made_by.is_some_and(|made_by| made_by != catalogue.scorecard(role).hash().to_string())
    }

    /// What belongs on record at a month's end, after what is on record of the months before: the score, if anything came
    /// to be known in the month or the tier moved, and with it the tier that moved.
    fn wanted(
        &self,
        party: &Party,
        period: Period,
        known: &Known,
        on_record: &[Recorded],
        grown: &mut Grown,
    ) -> Vec<Event> {
        if !known.concerns(period) {
            return Vec::new();
        }
        let at = period.end();
        let snapshot = self.past(party.role, known, on_record.to_vec(), period, grown);
        let tier = self.tier_of(party.role, &snapshot).name;
        let before = snapshot.recorded.last().map(|recorded| recorded.tier.as_str());
        let moved = before != Some(tier.as_str());
        let mut wanted = Vec::new();
        if moved || known.news.contains(&period) {
            wanted.extend(self.score_event(party, at, &snapshot.scored, &tier));
        }
        if moved {
            wanted.extend(self.tier_event(party, at, before, &tier));
        }
        wanted
    }

    /// What stands and is not wanted is taken back as of its own moment, as if it had never been; what is wanted and does
    /// not stand is told, under a new id where the old one is used up.
    fn difference(&self, known: &Known, have: &[&Event], wanted: Vec<Event>) -> Vec<Prepared> {
        let same = |own: &Event, other: &Event| {
            let named = Event { id: other.id.clone(), ..own.clone() };
            named.same_statement(other)
        };
        let mut out = Vec::new();
        for own in have.iter().filter(|own| !wanted.iter().any(|want| same(own, want))) {
            out.extend(self.taken_back(own));
        }
        for mut want in wanted {
            if have.iter().any(|own| same(own, &want)) {
                continue;
            }
            let used =
                |(own, _): &&(Event, bool)| own.kind == want.kind && own.occurred_at == want.occurred_at;
            let generation = known.own.iter().filter(used).count();
            if generation > 0
                && let Ok(id) = ExternalId::try_new(&format!("{}.{generation}", want.id))
            {
                want.id = id;
            }
            out.push(self.ready(want));
        }
        out
    }

    fn taken_back(&self, own: &Event) -> Option<Prepared> {
        let fields = [
            ("target", FieldValue::Text(own.id.as_str().into())),
            ("target_source", FieldValue::Text(DERIVED_SOURCE.into())),
        ];
        let event = self.own_event("event.retracted", &format!("{}.r1", own.id), own.known_at, &fields)?;
        Some(self.ready(event))
    }

    /// Values and score at a month's end, from the state of an earlier one and what came to count or ceased to since. What is
    /// summed does not depend on the order, so that is the state of what stands at the month's end.
    fn past(
        &self,
        role: Role,
        known: &Known,
        recorded: Vec<Recorded>,
        period: Period,
        grown: &mut Grown,
    ) -> Snapshot {
        let shared = &self.shared;
        let at = period.end();
        let plan = &shared.catalogue.plan;
        let news = known.steps.get(grown.steps..).unwrap_or_default();
        for (moment, sign, place) in news.iter().take_while(|(moment, _, _)| *moment <= at) {
            if let Some((event, contributions)) = known.facts.get(*place) {
                grown.state.apply(plan, event, contributions, *moment, *sign);
            }
            grown.steps += 1;
        }
        let state = &grown.state;
        let values = shared.catalogue.plan.values(state, at, &shared.priors(at));
        let scored = shared.catalogue.scorecard(role).score(&values);
        Snapshot {
            at,
            events: state.events,
            values: Arc::new(values),
            scored: Arc::new(scored),
            recorded: Arc::new(recorded),
            standing: Standing::default(),
        }
    }

    fn score_event(&self, party: &Party, at: Timestamp, scored: &Scored, tier: &str) -> Option<Event> {
        let scorecard = self.catalogue().scorecard(party.role).hash().to_string();
        let fields = [
            ("of", FieldValue::Text(party.role.as_str().into())),
            ("score", FieldValue::Integer(scored.score.into())),
            ("low", FieldValue::Integer(scored.low.into())),
            ("high", FieldValue::Integer(scored.high.into())),
            ("tier", FieldValue::Text(tier.into())),
            ("scorecard", FieldValue::Text(scorecard.into())),
            ("catalogue", FieldValue::Text(self.catalogue().hash.to_string().into())),
        ];
        self.about("score.recorded", "score", party, at, &fields)
    }

    fn tier_event(&self, party: &Party, at: Timestamp, from: Option<&str>, to: &str) -> Option<Event> {
        let mut fields = vec![("to", FieldValue::Text(to.into()))];
        fields.extend(from.map(|from| ("from", FieldValue::Text(from.into()))));
        self.about("tier.changed", "tier", party, at, &fields)
    }

    /// An event of Probity's own about a party at a month's end.
    fn about(
        &self,
        kind: &str,
        word: &str,
        party: &Party,
        at: Timestamp,
        fields: &[(&str, FieldValue)],
    ) -> Option<Event> {
        let name = Digest::of(&[party.to_string().as_bytes()]).to_string();
        let id = format!("{}.{word}.{}", name.get(..32)?, Period::of(at).0);
        let mut event = self.own_event(kind, &id, at, fields)?;
        event.merchant = (party.role == Role::Merchant).then(|| party.id.clone());
        event.buyer = (party.role == Role::Buyer).then(|| party.id.clone());
        Some(event)
    }

    pub(super) fn own_event(
        &self,
        kind: &str,
        id: &str,
        at: Timestamp,
        fields: &[(&str, FieldValue)],
    ) -> Option<Event> {
        own_event(self.catalogue(), kind, id, at, fields)
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
