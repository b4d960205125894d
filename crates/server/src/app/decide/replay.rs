//! Decisions made again: from what was recorded, and from the log.

use super::super::error::AppError;
use super::super::open::{Probity, platform_anew};
use super::super::readers::Length;
use super::super::shared::Shared;
use super::super::snapshot::{Snapshot, past};
use super::super::versions::past_catalogue;
use super::deciding::UNKNOWN;
use super::telling::answer_of;
use super::weighing::Seen;
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::{Input, Record, SideSeen};
use probity_credit::event::{Codec, Party, Role, Symbols, key_of};
use probity_credit::indicator::Platform;
use probity_credit::order::DERIVED_SOURCE;
use probity_credit::policy::{Facts, Policy, Request, RequestKind};
use probity_primitives::{Problem, Timestamp};
use probity_store::{Reader, SqliteReader};
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Connections for looking at the past.
const READERS: usize = 4;
/// Rows read in one go.
const ROWS: usize = 10_000;

/// What came of making a decision again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Replayed {
    /// The decision.
    pub decision: String,
    /// From what was recorded, the policy that made it gives the same outcome, terms and rules, to the last digit.
    pub same_answer: bool,
    /// The log gives the same scores, tiers and indicators as of its moment.
    pub same_seen: bool,
    /// What came out differently.
    pub differences: Vec<String>,
}

/// How many catalogues are held at once while many decisions are made again: the sides of a split take turns.
const MOST_UNDERS: usize = 3;

/// Definitions that made decisions, and the states made under them.
struct Under<'a> {
    probity: &'a Probity,
    hash: String,
    shared: Arc<Shared>,
    /// The platform's sums are those of the running Probity: the same measures.
    current: bool,
    /// The same definitions, with the platform's sums as they stood before some row.
    then: Option<Arc<Shared>>,
}

impl Probity {
    /// Values and score of a party now; of one that nobody knows those of an empty file.
    pub(super) fn seen_now(&self, party: &Party, now: Timestamp) -> Result<Snapshot, AppError> {
        let found =
            self.shared.read(|reader| Ok(reader.party_number(party.role.number(), party.id.as_str())?))?;
        match found {
            Some(number) => self.snapshot(number, party.role, now),
            None => Ok(Snapshot::unknown(&self.shared, party.role, now)),
        }
    }

    /// Makes a decision again and says whether it comes out the same; or, under the decision's id with `.shadow` behind it, what
    /// a challenger would have answered instead.
    ///
    /// # Errors
    /// `decision-unknown`, `catalogue-version-unknown`, those of the store.
    pub fn replay_decision(&self, id: &str) -> Result<Replayed, AppError> {
        let found = self.shared.read(|reader| {
            let Some(seq) = reader.find(&key_of(DERIVED_SOURCE, id))? else { return Ok(None) };
            let row = reader.row(seq)?.filter(|row| !self.shared.codec.passes_over(&row.body));
            Ok(row.map(|row| self.shared.decode(&row)).transpose()?.map(|event| (seq, event)))
        })?;
        let recorded = match &found {
            Some((seq, event)) => {
                answer_of(self.catalogue(), event)?.map(|record| (*seq, event.known_at, record))
            }
            None => None,
        };
        let (seq, at, record) = recorded.ok_or_else(|| {
            let detail = format!("no decision has the id '{}'", probity_primitives::problem::shown(id));
            AppError::new(super::super::error::Class::Missing, Problem::new(UNKNOWN, detail))
        })?;
        let upto = seen(&record, seq);
        let replayed = Under::of(self, &record.versions.catalogue)?.replay(upto, at, &record)?;
        Ok(Replayed { decision: id.to_owned(), ..replayed })
    }

    /// Makes all decisions of a stretch of time again, in their order, and what a challenger would have answered instead;
    /// `told` hears of each.
    ///
    /// # Errors
    /// As [`Probity::replay_decision`].
    pub fn replay_decisions(
        &self,
        from: Timestamp,
        to: Timestamp,
        told: &mut dyn FnMut(Replayed),
    ) -> Result<(), AppError> {
        let mut unders: Vec<Under<'_>> = Vec::new();
        let mut next = 1;
        loop {
            let rows = self.shared.read(|reader| Ok(reader.range(next, ROWS)?))?;
            let Some(last) = rows.last() else { return Ok(()) };
            next = last.seq + 1;
            for row in rows.iter().filter(|row| !self.shared.codec.passes_over(&row.body)) {
                let event = self.shared.decode(row)?;
                if event.known_at < from || event.known_at > to {
                    continue;
                }
                let Some(record) = answer_of(self.catalogue(), &event)? else { continue };
                let hash = &record.versions.catalogue;
                let fitting = match unders.iter().position(|under| under.hash == *hash) {
                    Some(place) => unders.remove(place),
                    None => Under::of(self, hash)?,
                };
                // The one used last stands last; the first goes when there are too many.
                unders.drain(..unders.len().saturating_sub(MOST_UNDERS - 1));
                unders.push(fitting);
                if let Some(under) = unders.last_mut() {
                    let replayed = under.replay(seen(&record, row.seq), event.known_at, &record)?;
                    told(Replayed { decision: event.id.to_string(), ..replayed });
                }
            }
        }
    }
}

impl<'a> Under<'a> {
    fn of(probity: &'a Probity, hash: &str) -> Result<Self, AppError> {
        let shared = if probity.catalogue().hash.to_string() == hash {
            Arc::clone(&probity.shared)
        } else {
            aside(probity, past_catalogue(probity.folder(), hash)?)?
        };
        let current = shared.catalogue.plan_hash == probity.catalogue().plan_hash;
        if current && !Arc::ptr_eq(&shared, &probity.shared) {
            *shared.platform() = probity.shared.platform().clone();
        }
        Ok(Self { probity, hash: hash.to_owned(), shared, current, then: None })
    }

    /// `upto` is the last row that the decision has seen.
    fn replay(&mut self, upto: u64, at: Timestamp, record: &Record) -> Result<Replayed, AppError> {
        let catalogue = Arc::clone(&self.shared.catalogue);
        let policy = RequestKind::parse(&record.request).and_then(|kind| catalogue.policy(kind));
        let Some(policy) = policy else {
            let differences = vec!["policy".to_owned()];
            let decision = record.id.clone();
            return Ok(Replayed { decision, same_answer: false, same_seen: false, differences });
        };
        let terms = [catalogue.terms(Role::Merchant), catalogue.terms(Role::Buyer)];
        let answer = record.again(policy, terms);
        let mut seen = Vec::new();
        if !self.current || !self.seen(upto, at, record, policy, &self.shared)?.is_empty() {
            // What came in later may have moved the platform's values of a past moment: the sums as they stood then.
            let then = match self.then.take() {
                Some(then) => then,
                None => aside(self.probity, self.catalogue_again()?)?,
            };
            *then.platform() = Platform::default();
            self.probity.shared.read(|reader| platform_anew(&then, reader, upto, &mut |_, _| {}))?;
            seen = self.seen(upto, at, record, policy, &then)?;
            self.then = Some(then);
        }
        let (same_answer, same_seen) = (answer.is_empty(), seen.is_empty());
        let differences = answer.into_iter().map(str::to_owned).chain(seen).collect();
        Ok(Replayed { decision: record.id.clone(), same_answer, same_seen, differences })
    }

    fn catalogue_again(&self) -> Result<Catalogue, AppError> {
        let mut catalogue = Catalogue::load(self.shared.catalogue.texts.clone())?;
        catalogue.vocabulary.passes_over_unknown();
        Ok(catalogue)
    }

    /// What the log says of both parties that is not what was recorded.
    fn seen(
        &self,
        upto: u64,
        at: Timestamp,
        record: &Record,
        policy: &Policy,
        shared: &Shared,
    ) -> Result<Vec<String>, AppError> {
        let merchant = side(shared, Role::Merchant, record.merchant.as_ref(), upto, at)?;
        let buyer = side(shared, Role::Buyer, record.buyer.as_ref(), upto, at)?;
        let mut out = Vec::new();
        for (now, then) in [(&merchant, &record.merchant), (&buyer, &record.buyer)] {
            if let (Some((party, now)), Some(then)) = (now, then)
                && now.shown(party.clone()) != *then
            {
                out.push(format!("score of {party}"));
            }
        }
        let request = Request {
            kind: policy.kind(),
            at,
            merchant: None,
            buyer: None,
            amount: None,
            reporting: None,
            category: None,
            method: None,
            order: None,
            attributes: Vec::new(),
        };
        let facts = Facts {
            fields: policy.fields(),
            request: &request,
            merchant: merchant.as_ref().map(|(_, seen)| seen.side()),
            buyer: buyer.as_ref().map(|(_, seen)| seen.side()),
            pair_exposure: 0,
        };
        let of_parties = |inputs: &BTreeMap<String, Input>| -> BTreeMap<String, Input> {
            let own = |name: &str| name.starts_with("merchant_") || name.starts_with("buyer_");
            inputs
                .iter()
                .filter(|(name, _)| own(name))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect()
        };
        let (now, then) = (of_parties(&Record::inputs_of(policy, &facts)), of_parties(&record.inputs));
        let names = now.keys().chain(then.keys().filter(|name| !now.contains_key(*name)));
        out.extend(names.filter(|name| now.get(*name) != then.get(*name)).cloned());
        Ok(out)
    }
}

/// The last row that a decision has seen.
fn seen(record: &Record, own: u64) -> u64 {
    record.seen.unwrap_or(own - 1)
}

/// What a party was, as of a moment and a row.
fn side<'s>(
    shared: &'s Shared,
    role: Role,
    recorded: Option<&SideSeen>,
    upto: u64,
    at: Timestamp,
) -> Result<Option<(String, Seen<'s>)>, AppError> {
    let Some(recorded) = recorded else { return Ok(None) };
    let party = Party::parse(&recorded.party);
    let number = match &party {
        Some(party) => shared.read(|reader| Ok(reader.party_number(role.number(), party.id.as_str())?))?,
        None => None,
    };
    let snapshot = match number {
        Some(number) => past(shared, number, role, at, (Length::Long, upto), &shared.priors(at))?,
        None => Snapshot::unknown(shared, role, at),
    };
    let seen = Seen::of(&shared.catalogue, role, snapshot, recorded.exposure)?;
    Ok(Some((recorded.party.clone(), seen)))
}

/// Another catalogue over the same log, to look at the past with: without a keeper, nothing is written.
fn aside(probity: &Probity, catalogue: Catalogue) -> Result<Arc<Shared>, AppError> {
    let shared = beside(probity.folder(), catalogue)?;
    *shared.fresh() = probity.shared.fresh().clone();
    Ok(shared)
}

/// A catalogue over the log of a folder, without a keeper and beside anyone's: nothing is written.
pub(in crate::app) fn beside(folder: &Path, catalogue: Catalogue) -> Result<Arc<Shared>, AppError> {
    let mut readers = (0..READERS).map(|_| SqliteReader::open(folder)).collect::<Result<Vec<_>, _>>()?;
    let bytes =
        readers.first_mut().map(|reader| reader.record(super::super::keeper::SYMBOLS)).transpose()?.flatten();
    let mut symbols = match bytes {
        Some(bytes) => {
            Symbols::decode(&bytes).map_err(|error| AppError::internal(format!("symbols: {error}")))?
        }
        None => Symbols::default(),
    };
    let codec = Codec::new(&catalogue.vocabulary, &mut symbols);
    Ok(Arc::new(Shared::new(Arc::new(catalogue), codec, readers)))
}
