//! What stands on record of a decision, read as a row of a candidate's columns.

use super::super::shared::lock;
use super::super::versions::past_catalogue;
use super::asking::{Candidate, Candidates};
use probity_credit::catalogue::Catalogue;
use probity_credit::decision::{Input, PartyLimits, Record, SideSeen};
use probity_credit::event::Role;
use probity_credit::policy::{Policy, RequestKind};
use probity_credit::sanction::Standing;
use probity_credit::terms::{Terms, TierTerms};
use probity_expression::{Row, Type, Value};
use probity_primitives::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::{Arc, Mutex};

/// Where the value of a column is found.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// In what was seen of a party.
    Side(Role, Seen),
    Amount,
    At,
    /// Among the values that the policy read which decided.
    Input(String),
    /// Nobody asks for it.
    Unread,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Score,
    Low,
    High,
    Tier,
    Thin,
    Exposure,
    PaymentLimit,
    SanctionLimit,
    Suspended,
    Terminated,
}

/// What a record tells beside scores and tiers holds under any definitions.
const fn is_scored(seen: Seen) -> bool {
    !matches!(seen, Seen::Exposure | Seen::SanctionLimit | Seen::Suspended | Seen::Terminated)
}

fn side(name: &str) -> Option<(Role, Seen)> {
    let (role, rest) = Role::ALL.into_iter().find_map(|role| {
        let rest = name.strip_prefix(role.as_str())?.strip_prefix('_')?;
        Some((role, rest))
    })?;
    let seen = match rest {
        "score" => Seen::Score,
        "score_low" => Seen::Low,
        "score_high" => Seen::High,
        "tier" => Seen::Tier,
        "thin" => Seen::Thin,
        "exposure" => Seen::Exposure,
        "payment_limit" => Seen::PaymentLimit,
        "sanction_limit" => Seen::SanctionLimit,
        "suspended" => Seen::Suspended,
        "terminated" => Seen::Terminated,
        _ => return None,
    };
    Some((role, seen))
}

/// True for a column that only the request itself tells.
pub(super) fn is_asked(policy: &Policy, name: &str) -> bool {
    matches!(name, "category" | "method")
        || policy.attributes().iter().any(|(attribute, _)| attribute == name)
}

/// How the records that one catalogue made are read by a candidate.
#[derive(Debug, Default)]
pub(super) struct Reading {
    sources: Vec<Source>,
    /// A needed column stands not on record and follows from the parties' states.
    pub(super) needs_states: bool,
    /// Needed columns of the request that stand not on record: nothing tells them.
    pub(super) untold: Vec<String>,
}

impl Reading {
    fn of(candidate: &Candidate<'_>, made: &Policy, same_states: bool) -> Self {
        let fields = candidate.policy.fields();
        let read: HashMap<&str, Type> = made
            .columns()
            .iter()
            .map(|column| (made.fields().name(*column), made.fields().type_of(*column)))
            .collect();
        let mut reading = Self::default();
        for column in &candidate.needed {
            let name = fields.name(*column);
            let of_request = is_asked(candidate.policy, name);
            let told = read.get(name) == Some(&fields.type_of(*column));
            let source = match (name, side(name)) {
                ("amount", _) => Source::Amount,
                ("at", _) => Source::At,
                (_, Some((role, seen))) if same_states || !is_scored(seen) => Source::Side(role, seen),
                _ if told && (same_states || of_request || name == "pair_exposure") => {
                    Source::Input(name.to_owned())
                }
                _ if of_request => {
                    reading.untold.push(name.to_owned());
                    Source::Unread
                }
                _ => {
                    reading.needs_states = true;
                    Source::Unread
                }
            };
            if reading.sources.len() <= *column {
                reading.sources.resize(*column + 1, Source::Unread);
            }
            if let Some(slot) = reading.sources.get_mut(*column) {
                *slot = source;
            }
        }
        reading
    }
}

/// The catalogue that made decisions, as the candidates see it.
pub(super) struct Made {
    catalogue: Option<Arc<Catalogue>>,
    /// Scores, tiers and indicators are those of the candidates.
    pub(super) same_states: bool,
    readings: BTreeMap<RequestKind, Reading>,
}

impl Made {
    /// How records of a kind are read; none where the catalogue is not known any more or had no such policy.
    pub(super) fn reading(&self, kind: RequestKind) -> Option<&Reading> {
        self.readings.get(&kind)
    }

    /// Whether a record comes out the same under what made it; none where that is not known any more.
    pub(super) fn comes_out_the_same(&self, record: &Record) -> Option<bool> {
        let catalogue = self.catalogue.as_ref()?;
        let policy = catalogue.policy(RequestKind::parse(&record.request)?)?;
        let terms = [catalogue.terms(Role::Merchant), catalogue.terms(Role::Buyer)];
        Some(record.again(policy, terms).is_empty())
    }
}

/// The catalogues of a folder that made decisions, each read once.
pub(super) struct Makers<'a> {
    folder: &'a Path,
    candidates: &'a Candidates<'a>,
    known: Mutex<HashMap<String, Arc<Made>>>,
}

/// True when both give the same scores, tiers and indicators.
fn same_states(one: &Catalogue, other: &Catalogue) -> bool {
    let judged = |catalogue: &Catalogue| -> Vec<(String, String)> {
        let judging = |path: &str| path.starts_with("scorecards/") || path.starts_with("tiers/");
        let files = catalogue.files.iter().filter(|(path, _)| judging(path));
        files.map(|(path, hash)| (path.clone(), hash.to_string())).collect()
    };
    one.plan_hash == other.plan_hash && judged(one) == judged(other)
}

impl<'a> Makers<'a> {
    pub(super) fn new(folder: &'a Path, candidates: &'a Candidates<'a>) -> Self {
        Self { folder, candidates, known: Mutex::default() }
    }

    /// The catalogue of a hash.
    pub(super) fn made(&self, hash: &str) -> Arc<Made> {
        let mut known = lock(&self.known);
        if let Some(made) = known.get(hash) {
            return Arc::clone(made);
        }
        let made = Arc::new(self.read(hash));
        known.insert(hash.to_owned(), Arc::clone(&made));
        made
    }

    fn read(&self, hash: &str) -> Made {
        // One that is gone, or that this release reads otherwise, says nothing of what its policies looked at.
        let Ok(catalogue) = past_catalogue(self.folder, hash) else {
            return Made { catalogue: None, same_states: false, readings: BTreeMap::new() };
        };
        let same_states = same_states(&catalogue, self.candidates.catalogue);
        let reading = |(kind, candidate): (&RequestKind, &Candidate<'_>)| {
            Some((*kind, Reading::of(candidate, catalogue.policy(*kind)?, same_states)))
        };
        let readings = self.candidates.by_kind.iter().filter_map(reading).collect();
        Made { catalogue: Some(Arc::new(catalogue)), same_states, readings }
    }
}

/// A record as a row of a candidate's columns.
pub(super) struct OnRecord<'a> {
    reading: &'a Reading,
    record: &'a Record,
    at: Timestamp,
    terms: [Option<&'a TierTerms>; 2],
}

impl<'a> OnRecord<'a> {
    pub(super) fn new(
        reading: &'a Reading,
        record: &'a Record,
        at: Timestamp,
        catalogue: &'a Catalogue,
    ) -> Self {
        let of = |role: Role| terms_of(catalogue.terms(role), seen_of(record, role));
        Self { reading, record, at, terms: [of(Role::Merchant), of(Role::Buyer)] }
    }

    /// What counts for both parties beside the rules.
    pub(super) fn limits(&self) -> [Option<PartyLimits<'a>>; 2] {
        let [merchant, buyer] = self.terms;
        let of = |role: Role, terms: Option<&'a TierTerms>| {
            let seen = seen_of(self.record, role)?;
            let standing = Standing {
                limit: seen.sanction_limit,
                suspended: seen.suspended,
                terminated: seen.terminated,
            };
            Some(PartyLimits { terms: terms?, exposure: seen.exposure, standing })
        };
        [of(Role::Merchant, merchant), of(Role::Buyer, buyer)]
    }
}

fn terms_of<'a>(terms: &'a Terms, seen: Option<&SideSeen>) -> Option<&'a TierTerms> {
    terms.of_tier(&seen?.tier)
}

/// What was seen of the party of a role.
pub(super) const fn seen_of(record: &Record, role: Role) -> Option<&SideSeen> {
    match role {
        Role::Merchant => record.merchant.as_ref(),
        Role::Buyer => record.buyer.as_ref(),
    }
}

/// A recorded value.
pub(super) fn value(input: Option<&Input>) -> Value<'_> {
    match input {
        None => Value::Null,
        Some(Input::Boolean(value)) => Value::Boolean(*value),
        Some(Input::Integer(value)) => Value::Integer(*value),
        Some(Input::Double(bits)) => Value::Double(f64::from_bits(*bits)),
        Some(Input::Text(value)) => Value::Text(value),
    }
}

impl Row for OnRecord<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        let whole = |value: i32| Value::Integer(i64::from(value));
        match self.reading.sources.get(column) {
            None | Some(Source::Unread) => Value::Null,
            Some(Source::Amount) => self.record.amount.map_or(Value::Null, Value::Integer),
            Some(Source::At) => Value::Integer(self.at.millis()),
            Some(Source::Input(name)) => value(self.record.inputs.get(name)),
            Some(Source::Side(role, seen)) => {
                let Some(side) = seen_of(self.record, *role) else { return Value::Null };
                match seen {
                    Seen::Score => whole(side.score),
                    Seen::Low => whole(side.low),
                    Seen::High => whole(side.high),
                    Seen::Tier => Value::Text(&side.tier),
                    Seen::Thin => Value::Boolean(side.thin),
                    Seen::Exposure => Value::Integer(side.exposure),
                    Seen::PaymentLimit => {
                        let [merchant, buyer] = self.terms;
                        let terms = if *role == Role::Merchant { merchant } else { buyer };
                        terms.map_or(Value::Null, |terms| Value::Integer(terms.payment_limit))
                    }
                    Seen::SanctionLimit => side.sanction_limit.map_or(Value::Null, Value::Integer),
                    Seen::Suspended => Value::Boolean(side.suspended),
                    Seen::Terminated => Value::Boolean(side.terminated),
                }
            }
        }
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        // Every amount on record is in the reporting currency already.
        None
    }
}
