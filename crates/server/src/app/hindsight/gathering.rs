//! Facts gathered from the log, in whatever order it tells them.

use super::super::error::AppError;
use super::super::shared::Shared;
use super::facts::{Said, Sayings, Types, line_key};
use super::judging::{Fact, Hindsight};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Event, Mark, Role, standing};
use probity_credit::order::order_key;
use probity_primitives::{ExternalId, Timestamp};
use probity_store::{Key, Reader};
use std::collections::HashMap;

/// Rows read in one go.
const ROWS: usize = 10_000;

/// Facts on their way in.
pub(in crate::app) struct Gathering<'a> {
    catalogue: &'a Catalogue,
    types: Types,
    since: Timestamp,
    until: Timestamp,
    numbers: HashMap<Key, u32>,
    parties: [HashMap<Box<str>, u32>; 2],
    of_orders: Vec<(u32, Key, Fact)>,
    of_parties: Vec<(u32, Key, Fact)>,
    marks: HashMap<Key, Vec<Mark>>,
    /// Orders that were named only when an approval was used, by decision.
    used_for: HashMap<Box<str>, Key>,
}

impl<'a> Gathering<'a> {
    /// Nothing yet. What became known before `since` is left out: it says nothing of decisions from there on.
    pub(in crate::app) fn new(catalogue: &'a Catalogue, since: Timestamp) -> Self {
        Self {
            catalogue,
            types: Types::resolve(&catalogue.vocabulary),
            since,
            until: Timestamp::EARLIEST,
            numbers: HashMap::new(),
            parties: [HashMap::new(), HashMap::new()],
            of_orders: Vec::new(),
            of_parties: Vec::new(),
            marks: HashMap::new(),
            used_for: HashMap::new(),
        }
    }

    /// Takes in what an event says, if it says anything.
    pub(in crate::app) fn take(&mut self, event: &Event) {
        if event.known_at < self.since {
            return;
        }
        self.until = self.until.max(event.known_at);
        let (marks, vocabulary) = (&self.catalogue.marks, &self.catalogue.vocabulary);
        if let Some(mark) = marks.read(vocabulary, event) {
            self.marks.entry(mark.target).or_default().push(mark);
            return;
        }
        let Some(said) = self.types.read(vocabulary, event) else {
            self.take_closing(event);
            return;
        };
        self.note(event, &said);
    }

    fn note(&mut self, event: &Event, said: &Sayings) {
        let declared = self.catalogue.vocabulary.get(event.kind);
        let rates = &self.catalogue.rates;
        let worth = |minor| rates.to_reporting(minor, event.currency?, event.occurred_at);
        let loss = said.loss.and_then(worth).unwrap_or(0);
        let key = event.key();
        let fact =
            |said: Said, loss: i64| Fact { known_at: event.known_at, until: Timestamp::LATEST, said, loss };
        let about = if said.line { "line" } else { "order" };
        if let (Some(of_order), Some(id)) = (said.order, event.text(declared, about)) {
            let order = if said.line { line_key(id) } else { order_key(id) };
            let next = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
            let number = *self.numbers.entry(order).or_insert(next);
            self.of_orders.push((number, key, fact(of_order, loss)));
        }
        for (role, of_party) in [(Role::Merchant, said.merchant), (Role::Buyer, said.buyer)] {
            if let (Some(of_party), Some(id)) = (of_party, event.party(role)) {
                let number = self.party(role, id);
                self.of_parties.push((number, key, fact(of_party, 0)));
            }
        }
    }

    /// Merchants have even numbers, buyers odd ones.
    fn party(&mut self, role: Role, id: &ExternalId) -> u32 {
        let [merchants, buyers] = &mut self.parties;
        let known = if role == Role::Merchant { merchants } else { buyers };
        if let Some(number) = known.get(id.as_str()) {
            return *number;
        }
        let number = u32::try_from(known.len()).unwrap_or(u32::MAX / 2) * 2 + u32::from(role.number());
        known.insert(id.as_str().into(), number);
        number
    }

    fn take_closing(&mut self, event: &Event) {
        let declared = self.catalogue.vocabulary.get(event.kind);
        if declared.name != "decision.closed" {
            return;
        }
        if let (Some(decision), Some(order)) =
            (event.text(declared, "decision"), event.text(declared, "order"))
        {
            self.used_for.insert(decision.into(), order_key(order));
        }
    }

    /// Everything is in: what was taken back goes, the rest can be asked about.
    pub(in crate::app) fn done(self) -> Hindsight {
        let marks = self.marks;
        // An order that ended well and was found out after the window had ended well within it: that fact is rewritten, not
        // refuted. What went badly and was taken back never was.
        let kept = |(number, key, mut fact): (u32, Key, Fact), of_order: bool| {
            let Some(marks) = marks.get(&key) else { return Some((number, fact)) };
            let moments = standing(fact.known_at, marks);
            let (last, stands) = moments.last()?;
            if !stands {
                fact.until = *last;
                let rewritten = of_order && !matches!(fact.said, Said::Ill(_)) && fact.until > fact.known_at;
                return rewritten.then_some((number, fact));
            }
            Some((number, fact))
        };
        let sorted = |facts: Vec<(u32, Key, Fact)>, of_order: bool| {
            let kept = facts.into_iter().filter_map(|fact| kept(fact, of_order));
            let mut facts: Vec<(u32, Fact)> = kept.collect();
            facts.sort_by_key(|(number, fact)| (*number, fact.known_at));
            facts
        };
        let (of_orders, of_parties) = (sorted(self.of_orders, true), sorted(self.of_parties, false));
        Hindsight::new(self.numbers, self.parties, self.used_for, of_orders, of_parties, self.until)
    }
}

impl Hindsight {
    /// From the log up to a row, in one reading.
    ///
    /// # Errors
    /// Those of the store.
    pub(in crate::app) fn of_log<R: Reader>(
        shared: &Shared,
        reader: &mut R,
        since: Timestamp,
        upto: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<Self, AppError> {
        let mut gathering = Gathering::new(&shared.catalogue, since);
        let mut next = 1;
        while next <= upto {
            let rows = reader.range(next, ROWS)?;
            let Some(end) = rows.last().map(|row| row.seq) else { break };
            for row in rows.iter().filter(|row| row.seq <= upto && !shared.codec.passes_over(&row.body)) {
                gathering.take(&shared.decode(row)?);
            }
            next = end + 1;
            progress(end.min(upto), upto);
        }
        Ok(gathering.done())
    }
}
