//! States of all parties of a role, carried along what became known from moment to moment.

use super::super::error::AppError;
use super::super::party::Hot;
use super::super::reading::{ROWS, in_order};
use super::super::snapshot::{Snapshot, as_of_row};
use super::super::timeline::{Change, Chronicle, Prepared, Progress, piece_of, prepared};
use probity_credit::event::Role;
use probity_primitives::Timestamp;
use probity_store::{Reader, SqliteReader};

/// All parties of a role, in the order of their names.
pub(in crate::app) struct Parties(Vec<(Box<str>, u32)>);

impl Parties {
    /// # Errors
    /// Those of the store.
    pub(in crate::app) fn read(reader: &mut SqliteReader, role: Role) -> Result<Self, AppError> {
        let mut all = Vec::new();
        let mut after = 0;
        loop {
            let page = reader.parties(Some(role.number()), after, 10_000)?;
            let Some((last, ..)) = page.last() else { break };
            after = *last;
            all.extend(page.into_iter().map(|(number, _, id)| (id.into_boxed_str(), number)));
        }
        all.sort_unstable();
        Ok(Self(all))
    }

    /// Names and numbers.
    pub(in crate::app) fn all(&self) -> &[(Box<str>, u32)] {
        &self.0
    }

    pub(super) fn number(&self, id: &str) -> Option<u32> {
        let place = self.0.binary_search_by(|(known, _)| (**known).cmp(id)).ok()?;
        self.0.get(place).map(|(_, number)| *number)
    }
}

/// What is done at each moment; told which it is.
pub(in crate::app) type Looked<'a> = &'a mut dyn FnMut(usize, Timestamp) -> Result<(), AppError>;

/// States of parties that hold what became known up to a moment, and nothing later. They stand in the chronicle's `shared`,
/// which belongs to nobody else.
pub(in crate::app) struct Carried<'a> {
    pub(in crate::app) chronicle: &'a Chronicle<'a>,
    pub(in crate::app) role: Role,
    pub(in crate::app) parties: &'a Parties,
}

impl Carried<'_> {
    /// Goes over what became known up to the last moment (they ascend), and stops at each for a look; how many changes it
    /// went through.
    ///
    /// # Errors
    /// Those of the store and of the look.
    pub(in crate::app) fn go_over(
        &self,
        (moments, changes): (&[Timestamp], &[Change]),
        look: Looked<'_>,
        progress: Progress<'_>,
    ) -> Result<u64, AppError> {
        let last = moments.last().copied().unwrap_or(Timestamp::EARLIEST);
        let changes = changes.get(..changes.partition_point(|change| change.at <= last)).unwrap_or_default();
        let size = changes.len() as u64;
        let (mut place, mut next) = (0, 0);
        let work = |reader: &mut SqliteReader, piece: u64| {
            let events = self.chronicle.events(reader, piece_of(changes, piece))?.into_iter();
            let ready = events.map(|(change, event)| (change, prepared(self.chronicle.shared, event)));
            Ok::<Vec<(Change, Prepared)>, AppError>(ready.collect())
        };
        in_order(self.chronicle.folder, size.div_ceil(ROWS), &work, &mut |pieces| {
            for (change, event) in pieces {
                while let Some(at) = moments.get(next).filter(|at| **at < change.at) {
                    look(next, *at)?;
                    next += 1;
                }
                place += 1;
                self.apply(place, &change, &event);
            }
            progress("rebuilding", place, size);
            Ok(())
        })?;
        for (nth, at) in moments.iter().enumerate().skip(next) {
            look(nth, *at)?;
        }
        Ok(size)
    }

    /// Lets the party's state and the platform's sums take a change in, as the keeper does.
    fn apply(&self, place: u64, change: &Change, prepared: &Prepared) {
        let (event, contributions) = &**prepared;
        let (shared, sign) = (self.chronicle.shared, i32::from(change.sign));
        if let Some(number) = event.party(self.role).and_then(|id| self.parties.number(id.as_str())) {
            let mut shard = shared.shard(number);
            let hot = shard.entry(number).or_insert_with(|| Hot::new(self.role));
            hot.apply(shared, place, event, contributions, change.at, sign);
        }
        shared.platform().apply(&shared.catalogue.plan, event, contributions, change.at, sign);
    }

    /// A party at the moment that is looked at; none of whom nothing was known then: it is not there yet.
    ///
    /// # Errors
    /// Those of the store.
    pub(in crate::app) fn snapshot(&self, number: u32, at: Timestamp) -> Result<Option<Snapshot>, AppError> {
        let shared = self.chronicle.shared;
        if shared.shard(number).get(&number).is_none_or(|hot| hot.state.events <= 0) {
            return Ok(None);
        }
        as_of_row(shared, number, self.role, at, u64::MAX).map(Some)
    }
}
