//! Decisions of the past months, counted while the log is read.

use super::super::decide::MADE;
use super::super::trial_report::Rate;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Event, Role, TypeIndex};
use probity_primitives::{Duration, Timestamp};
use serde::Serialize;
use std::collections::{BTreeMap, HashMap};

/// Months of decisions that are counted.
const MONTHS: i64 = 12;

/// Answers of a month.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OutcomeCount {
    /// The month, such as 2026-03.
    pub month: String,
    /// What was asked.
    pub request: String,
    /// Decisions.
    pub decisions: u64,
    /// Of these, let through: approved, or approved up to a limit.
    pub approved: u64,
    /// Their share, with an interval that knows that decisions of one party are alike.
    pub rate: Option<Rate>,
}

/// How many decisions of each party let it through, and how many there are.
type ByParty = BTreeMap<u32, (u64, u64)>;

/// A decision about a party of the role.
struct Decided {
    at: Timestamp,
    /// Its place among the requests met so far.
    request: usize,
    /// The party's place among those met so far.
    party: u32,
    approved: bool,
}

/// Decisions as the log tells of them; in memory stand 24 bytes each.
pub(super) struct Decisions<'a> {
    catalogue: &'a Catalogue,
    made: Option<TypeIndex>,
    role: Role,
    requests: Vec<String>,
    parties: HashMap<String, u32>,
    all: Vec<Decided>,
}

impl<'a> Decisions<'a> {
    /// None yet.
    pub(super) fn new(catalogue: &'a Catalogue, role: Role) -> Self {
        let made = catalogue.vocabulary.find(MADE);
        Self { catalogue, made, role, requests: Vec::new(), parties: HashMap::new(), all: Vec::new() }
    }

    /// Takes an event in, if it tells of a decision about a party of the role.
    pub(super) fn take(&mut self, event: &Event) {
        let (Some(made), Some(party)) = (self.made, event.party(self.role)) else { return };
        if event.kind != made {
            return;
        }
        let declared = self.catalogue.vocabulary.get(made);
        let text = |name: &str| event.text(declared, name).unwrap_or_default();
        let asked = text("request");
        let request = self.requests.iter().position(|known| known == asked).unwrap_or_else(|| {
            self.requests.push(asked.to_owned());
            self.requests.len() - 1
        });
        let next = u32::try_from(self.parties.len()).unwrap_or(u32::MAX);
        let party = match self.parties.get(party.as_str()) {
            Some(known) => *known,
            None => *self.parties.entry(party.as_str().to_owned()).or_insert(next),
        };
        let approved = matches!(text("outcome"), "approve" | "approve_with_limit");
        self.all.push(Decided { at: event.known_at, request, party, approved });
    }

    /// By month and request, those of a year up to a moment.
    pub(super) fn by_month(&self, at: Timestamp) -> Vec<OutcomeCount> {
        let first = at.plus(Duration::days(-31 * MONTHS));
        let mut counted: BTreeMap<(String, &str), ByParty> = BTreeMap::new();
        for one in self.all.iter().filter(|one| first <= one.at && one.at <= at) {
            let month = one.at.to_string().chars().take(7).collect();
            let request = self.requests.get(one.request).map_or("", String::as_str);
            let (approved, all) = counted.entry((month, request)).or_default().entry(one.party).or_default();
            *all += 1;
            *approved += u64::from(one.approved);
        }
        let shown = counted.into_iter().map(|((month, request), parties)| {
            let parties: Vec<(u64, u64)> = parties.into_values().collect();
            let sum = |of: fn(&(u64, u64)) -> u64| parties.iter().map(of).sum();
            let (approved, decisions) = (sum(|(hits, _)| *hits), sum(|(_, all)| *all));
            OutcomeCount { month, request: request.to_owned(), decisions, approved, rate: Rate::of(&parties) }
        });
        shown.collect()
    }
}
