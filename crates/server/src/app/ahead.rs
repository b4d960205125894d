//! What a checkpoint has to write, written ahead of it, in small portions with the batches before it: so nobody waits for
//! all of it at once. Written ahead or not makes no difference to a start, which goes back to the checkpoint before.

use super::error::AppError;
use super::orders::Orders;
use super::shared::{HEAVIEST, SHARDS, Shared};
use probity_primitives::Timestamp;
use probity_store::{Batch, Key, Subject};
use std::collections::VecDeque;

/// Half of the rows between two checkpoints gather first: what is written too early is soon written again.
const GATHER: u64 = 2;
/// States are written in the last quarter: of a party of which more becomes known, the last one counts.
const LAST: u64 = 4;

/// What is still to be written.
#[derive(Default)]
pub(super) struct Ahead {
    /// Subjects with postings that the store lacks, the longest waiting first.
    subjects: VecDeque<Subject>,
    /// What the states of each shard weighed when it was last looked at.
    weights: Vec<usize>,
    /// The next shard to be weighed.
    shard: usize,
    /// Rows since one was.
    unweighed: u64,
}

/// What went into a batch.
#[derive(Default)]
pub(super) struct Portion {
    subjects: Vec<Subject>,
    states: States,
    timers: Vec<(Key, Option<Timestamp>)>,
}

/// A share of what is left, so that nothing is left when the last row is reached.
fn share(left: usize, rows: u64, until: u64) -> usize {
    let part = (left as u64).saturating_mul(rows).div_ceil(until.max(1));
    usize::try_from(part).unwrap_or(left).min(left)
}

impl Ahead {
    /// A subject has postings that the store lacks, and had none before.
    pub(super) fn wait(&mut self, subject: Subject) {
        self.subjects.push_back(subject);
    }

    /// The checkpoint has written everything.
    pub(super) fn begin_anew(&mut self) {
        self.subjects.clear();
    }

    /// After so many more rows: sees to it that states do not take up too much memory, shard after shard in the time from one
    /// checkpoint to the next.
    pub(super) fn weigh(&mut self, shared: &Shared, rows: u64, every: u64) {
        self.unweighed += rows;
        self.weights.resize(SHARDS, 0);
        let mut at_most = SHARDS;
        while self.unweighed >= every / SHARDS as u64 && at_most > 0 {
            self.unweighed = self.unweighed.saturating_sub(every / SHARDS as u64);
            at_most -= 1;
            let too_much = self.weights.iter().sum::<usize>() > HEAVIEST;
            self.shard = (self.shard + 1) % SHARDS;
            if let Some(weight) = self.weights.get_mut(self.shard) {
                *weight = shared.weigh(self.shard, too_much);
            }
        }
    }

    /// Writes a portion into a batch of so many rows, so many rows after the last checkpoint; the next is due after `every`.
    /// What was taken up stands in `portion`, also when it could not be written.
    pub(super) fn write(
        &mut self,
        batch: &mut impl Batch,
        (shared, orders): (&Shared, &mut Orders),
        (rows, since, every): (u64, u64, u64),
        portion: &mut Portion,
    ) -> Result<(), AppError> {
        if since < every / GATHER {
            return Ok(());
        }
        let until = every.saturating_sub(since);
        for _ in 0..share(self.subjects.len(), rows, until) {
            let Some(subject) = self.subjects.pop_front() else { break };
            portion.subjects.push(subject);
            let seqs = shared.fresh().get(&subject).cloned().unwrap_or_default();
            batch.put_postings(subject, &seqs)?;
        }
        portion.timers = orders.take_changed(share(orders.changed(), rows, until));
        for (order, due) in &portion.timers {
            put_timer(batch, *order, *due)?;
        }
        if until <= every / LAST {
            let most = share(shared.to_be_stored().len(), rows, until);
            put_states(batch, shared, most, &mut portion.states)?;
        }
        Ok(())
    }

    /// The batch is committed.
    pub(super) fn written(&mut self, shared: &Shared, portion: Portion) {
        {
            let mut fresh = shared.fresh();
            portion.subjects.iter().for_each(|subject| drop(fresh.remove(subject)));
        }
        stored(shared, portion.states);
    }

    /// The batch is lost.
    pub(super) fn lost(&mut self, shared: &Shared, orders: &mut Orders, portion: Portion) {
        portion.subjects.into_iter().rev().for_each(|subject| self.subjects.push_front(subject));
        portion.timers.into_iter().for_each(|(order, due)| orders.restore_due(order, due));
        unstored(shared, portion.states);
    }
}

/// Puts the timer of an order, or that it has none.
pub(super) fn put_timer(batch: &mut impl Batch, order: Key, due: Option<Timestamp>) -> Result<(), AppError> {
    match due {
        Some(due) => batch.put_open_order(order, due)?,
        None => batch.drop_open_order(order)?,
    }
    Ok(())
}

/// Parties whose states were put, each as of which row; none where there was nothing to put.
pub(super) type States = Vec<(u32, Option<u64>)>;

/// Puts up to so many of the states that are to be stored. They leave the list; what became of them stands in `states`, also
/// when one could not be written.
pub(super) fn put_states(
    batch: &mut impl Batch,
    shared: &Shared,
    most: usize,
    states: &mut States,
) -> Result<(), AppError> {
    for _ in 0..most {
        let Some(number) = shared.to_be_stored().pop_front() else { break };
        // Made under the lock, written without it: others go on meanwhile.
        let state = {
            let shard = shared.shard(number);
            let hot = shard.get(&number).filter(|hot| hot.is_to_be_stored());
            hot.map(|hot| (hot.seq, hot.encode(&shared.catalogue.plan_hash)))
        };
        states.push((number, state.as_ref().map(|(seq, _)| *seq)));
        if let Some((seq, state)) = state {
            batch.put_state(number, seq, &state)?;
        }
    }
    Ok(())
}

/// These states are stored as of these rows. One that moved on by as much again meanwhile is listed once more.
pub(super) fn stored(shared: &Shared, states: States) {
    for (number, seq) in states {
        if let Some(hot) = shared.shard(number).get_mut(&number)
            && hot.looked_at(seq)
        {
            shared.to_be_stored().push_back(number);
        }
    }
}

/// These states are not stored after all.
pub(super) fn unstored(shared: &Shared, states: States) {
    let mut list = shared.to_be_stored();
    states.into_iter().rev().for_each(|(number, _)| list.push_front(number));
}

#[cfg(test)]
mod tests {
    use super::super::files::embedded_catalogue;
    use super::*;
    use probity_credit::catalogue::Catalogue;
    use probity_credit::event::{Codec, Symbols};
    use probity_store::{SqliteStore, Store};
    use std::sync::Arc;

    #[test]
    fn what_could_not_be_written_waits_on() {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open_or_create(folder.path()).unwrap();
        let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
        let codec = Codec::new(&catalogue.vocabulary, &mut Symbols::default());
        let shared = Shared::new(Arc::new(catalogue), codec, Vec::new());
        let (mut ahead, mut orders) = (Ahead::default(), Orders::default());
        let due = Timestamp::from_millis(5);
        for n in 1..4 {
            orders.restore_due([n; 16], Some(due));
            shared.fresh().insert(Subject::Party(n.into()), vec![n.into()]);
            ahead.wait(Subject::Party(n.into()));
        }
        // Timers cannot be written: their table is gone.
        let outside = rusqlite::Connection::open(folder.path().join("probity.db")).unwrap();
        outside.execute_batch("DROP TABLE open_order").unwrap();
        let mut portion = Portion::default();
        let mut batch = store.begin().unwrap();
        let all = (1, 10, 10);
        assert!(ahead.write(&mut batch, (&shared, &mut orders), all, &mut portion).is_err());
        drop(batch);
        assert_eq!((orders.changed(), ahead.subjects.len()), (0, 0));
        ahead.lost(&shared, &mut orders, portion);
        assert_eq!((orders.changed(), orders.next_due_here()), (3, Some(due)));
        let waiting: Vec<Subject> = ahead.subjects.iter().copied().collect();
        assert_eq!(waiting, [1, 2, 3].map(Subject::Party));
        assert_eq!(shared.fresh().len(), 3);
    }
}
