//! Values and score of a party at a moment, and what is kept so that they need not be made twice.

use super::error::AppError;
use super::open::Probity;
use super::party::{Hot, Ready, Recorded, build};
use super::read::AsOf;
use super::readers::Length;
use super::shared::{Shared, lock};
use probity_credit::event::{Party, Role};
use probity_credit::indicator::{PartyState, Priors};
use probity_credit::sanction::Standing;
use probity_credit::score::Scored;
use probity_primitives::Timestamp;
use probity_store::Subject;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// Parties whose snapshot of the moment `latest` is kept at most; one takes about three kilobytes.
const MOST_KEPT: usize = 10_000;
/// Party numbers remembered at most.
const MOST_NUMBERS: usize = 200_000;

/// Everything a score is made of.
#[derive(Clone)]
pub(super) struct Snapshot {
    pub(super) at: Timestamp,
    pub(super) events: i64,
    pub(super) values: Arc<Vec<Option<f64>>>,
    pub(super) scored: Arc<Scored>,
    /// Scores that were on record at that moment, oldest first.
    pub(super) recorded: Arc<Vec<Recorded>>,
    /// What sanctions say.
    pub(super) standing: Standing,
}

impl Snapshot {
    /// Of a party of which nothing is known.
    pub(super) fn unknown(shared: &Shared, role: Role, at: Timestamp) -> Self {
        let state = PartyState::new(role);
        let values = shared.catalogue.plan.values(&state, at, &shared.priors(at));
        let scored = shared.catalogue.scorecard(role).score(&values);
        Self {
            at,
            events: 0,
            values: Arc::new(values),
            scored: Arc::new(scored),
            recorded: Arc::default(),
            standing: Standing::default(),
        }
    }
}

/// Values and score of a party now, for the keeper: all that is committed counts.
pub(super) fn now(shared: &Shared, number: u32, role: Role, at: Timestamp) -> Result<Snapshot, AppError> {
    as_of_row(shared, number, role, at, u64::MAX)
}

/// The same for whoever goes over the log with states of its own that hold the rows up to one.
pub(super) fn as_of_row(
    shared: &Shared,
    number: u32,
    role: Role,
    at: Timestamp,
    row: u64,
) -> Result<Snapshot, AppError> {
    let priors = shared.priors(at);
    match live(shared, number, role, at, &priors)? {
        Live::Snapshot(snapshot) => Ok(snapshot),
        // The keeper waits its turn: it cannot ask again later.
        Live::Past(_) => past(shared, number, role, at, (Length::Short, row), &priors),
    }
}

/// A snapshot made from events, with what it was made from.
struct Made {
    /// The party's last row when it was asked for; the snapshot holds that and perhaps later ones.
    seq: u64,
    priors: Arc<Priors>,
    snapshot: Snapshot,
}

impl Made {
    fn fits(&self, at: Timestamp, seq: u64, priors: &Arc<Priors>) -> bool {
        self.snapshot.at == at && self.seq >= seq && same(&self.priors, priors)
    }
}

fn same(one: &Arc<Priors>, other: &Arc<Priors>) -> bool {
    Arc::ptr_eq(one, other) || one == other
}

type Slot = Arc<Mutex<Option<Made>>>;

/// What readers keep. All of it can be dropped at any time.
#[derive(Default)]
pub(super) struct Kept {
    /// Snapshots of the moment `latest` of parties about which something fell due after it: an imported history ends, and
    /// its timers go off later. One is good until a row about the party goes in, `latest` moves or the platform's values
    /// change. Who makes one holds its slot, so that it is made once however many ask.
    latest: Mutex<HashMap<u32, Slot>>,
    /// Numbers of parties: given once, never changed, and read here only once they are durable.
    numbers: RwLock<HashMap<Party, u32>>,
}

impl Kept {
    fn slot(&self, number: u32) -> Slot {
        let mut slots = lock(&self.latest);
        if slots.len() >= MOST_KEPT && !slots.contains_key(&number) {
            // Those that somebody is at stay.
            slots.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(slots.entry(number).or_default())
    }

    pub(super) fn number(&self, party: &Party) -> Option<u32> {
        self.numbers.read().unwrap_or_else(PoisonError::into_inner).get(party).copied()
    }

    pub(super) fn learn(&self, party: &Party, number: u32) {
        let mut numbers = self.numbers.write().unwrap_or_else(PoisonError::into_inner);
        if numbers.len() >= MOST_NUMBERS {
            numbers.clear();
        }
        numbers.insert(party.clone(), number);
    }
}

/// What the tiles in memory can say.
enum Live {
    Snapshot(Snapshot),
    /// Something about the party became known after the moment: its events have to be read. Its last row.
    Past(u64),
}

impl Probity {
    /// Values and score of a party at a moment.
    pub(super) fn snapshot(&self, number: u32, role: Role, at: Timestamp) -> Result<Snapshot, AppError> {
        let shared = &self.shared;
        let priors = shared.priors(at);
        let seq = match live(shared, number, role, at, &priors)? {
            Live::Snapshot(snapshot) => return Ok(snapshot),
            Live::Past(seq) => seq,
        };
        if shared.latest() != Some(at) {
            return past(shared, number, role, at, (Length::Long, u64::MAX), &priors);
        }
        let slot = shared.kept.slot(number);
        let mut made = lock(&slot);
        if let Some(made) = made.as_ref().filter(|made| made.fits(at, seq, &priors)) {
            return Ok(made.snapshot.clone());
        }
        let snapshot = past(shared, number, role, at, (Length::Long, u64::MAX), &priors)?;
        *made = Some(Made { seq, priors, snapshot: snapshot.clone() });
        Ok(snapshot)
    }

    /// Whether a question about a party needs nothing but memory, so that it can be answered in microseconds. Only a hint:
    /// by the time of the answer it may be otherwise. A first question about *now* counts as such; it reads one state.
    pub fn is_at_hand(&self, party: &Party, as_of: AsOf) -> bool {
        if as_of == AsOf::Now {
            return true;
        }
        let shared = &self.shared;
        let (Ok(at), Some(number)) = (self.moment(as_of), shared.kept.number(party)) else { return false };
        let seq = match shared.shard(number).get(&number) {
            None => return false,
            Some(hot) if hot.state.newest <= at => return true,
            Some(hot) => hot.seq,
        };
        // One that is being made is not at hand.
        let slot = lock(&shared.kept.latest).get(&number).map(Arc::clone);
        slot.is_some_and(|slot| {
            slot.try_lock()
                .is_ok_and(|made| made.as_ref().is_some_and(|made| made.fits(at, seq, &shared.priors(at))))
        })
    }
}

fn live(
    shared: &Shared,
    number: u32,
    role: Role,
    at: Timestamp,
    priors: &Arc<Priors>,
) -> Result<Live, AppError> {
    let mut shard = shared.shard(number);
    let hot = match shard.entry(number) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => {
            let mut hot = shared.read(|reader| Hot::load(shared, reader, number, role))?;
            shared.changed(number, &mut hot);
            entry.insert(hot)
        }
    };
    if hot.state.newest > at {
        return Ok(Live::Past(hot.seq));
    }
    let fits = |ready: &&Ready| ready.hour == at.hour() && same(&ready.priors, priors);
    let ready = match hot.ready.as_ref().filter(fits) {
        Some(ready) => ready.clone(),
        None => {
            let values = shared.catalogue.plan.values(&hot.state, at, priors);
            let scored = shared.catalogue.scorecard(role).score(&values);
            let ready = Ready {
                hour: at.hour(),
                priors: Arc::clone(priors),
                values: Arc::new(values),
                scored: Arc::new(scored),
                recorded: Arc::new(hot.recorded.clone()),
            };
            hot.ready = Some(ready.clone());
            ready
        }
    };
    Ok(Live::Snapshot(Snapshot {
        at,
        events: hot.state.events,
        values: ready.values,
        scored: ready.scored,
        recorded: ready.recorded,
        standing: hot.sanctions.standing(at),
    }))
}

/// From its events in rows up to `upto`, read as work of that length.
pub(super) fn past(
    shared: &Shared,
    number: u32,
    role: Role,
    at: Timestamp,
    (length, upto): (Length, u64),
    priors: &Priors,
) -> Result<Snapshot, AppError> {
    let events = shared.readers.read(length, |reader| {
        let mut seqs = shared.postings(reader, Subject::Party(number))?;
        seqs.retain(|seq| *seq <= upto);
        shared.events_at(reader, &seqs)
    })?;
    let past = build(shared, role, &events, Some(at));
    let values = shared.catalogue.plan.values(&past.state, at, priors);
    let scored = shared.catalogue.scorecard(role).score(&values);
    Ok(Snapshot {
        at,
        events: past.state.events,
        values: Arc::new(values),
        scored: Arc::new(scored),
        recorded: Arc::new(past.recorded),
        standing: past.sanctions.standing(at),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::{Clock, Settling, embedded_catalogue};
    use probity_credit::catalogue::Catalogue;
    use probity_credit::event::{Arrival, Flat};

    fn take(probity: &Probity, id: &str, merchant: &str, at: &str) {
        let json = format!(
            r#"{{"id":"{id}","type":"order.placed","occurred_at":"{at}","merchant":"{merchant}","buyer":"b","order":"{id}","value":"1.00","currency":"EUR"}}"#
        );
        let flat = Flat::from_json(json.as_bytes()).unwrap();
        let event = probity.prepare(flat, "shop", Arrival::History).unwrap();
        probity.take_and_wait(vec![event], Settling::Later).unwrap();
    }

    #[test]
    fn latest_is_made_once_until_something_it_rests_on_changes() {
        let folder = tempfile::tempdir().unwrap();
        let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
        let now = Timestamp::parse("2018-07-15T00:00:00Z").unwrap();
        let probity =
            Probity::open(folder.path(), catalogue, Clock::of(move || now), &mut |_, _| {}).unwrap();
        let party = Party::parse("merchant:m").unwrap();
        take(&probity, "1", "m", "2018-05-01T10:00:00Z");
        take(&probity, "2", "m", "2018-05-02T10:00:00Z");
        probity.settle_and_wait().unwrap();
        let at_hand = || probity.is_at_hand(&party, AsOf::Latest);
        let values = || {
            let number = probity.number(&party).unwrap();
            probity.snapshot(number, Role::Merchant, probity.latest().unwrap()).unwrap().values
        };

        assert!(!at_hand());
        let first = values();
        assert!(at_hand());
        assert!(Arc::ptr_eq(&first, &values()), "it was made twice");
        // A row about somebody else changes nothing; one about the party, or a later one, does.
        take(&probity, "3", "other", "2018-05-02T10:00:00Z");
        assert!(at_hand() && Arc::ptr_eq(&first, &values()));
        for (id, merchant, at) in [("4", "m", "2018-05-02T10:00:00Z"), ("5", "other", "2018-05-03T10:00:00Z")]
        {
            let before = values();
            take(&probity, id, merchant, at);
            assert!(!at_hand(), "{id}");
            assert!(!Arc::ptr_eq(&before, &values()) && at_hand(), "{id}");
        }
        probity.close();
    }
}
