//! The log in the order in which things became known, whatever order its rows were taken in: what a history without decisions
//! is gone over by.

use super::error::AppError;
use super::party::contributions;
use super::reading::{ROWS, in_order};
use super::shared::Shared;
use super::taking;
use probity_credit::event::{Event, Mark, TypeIndex, standing};
use probity_credit::indicator::Contributions;
use probity_expression::Faults;
use probity_primitives::Timestamp;
use probity_store::{Key, LogRow, Reader, SqliteReader};
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// An event with what it adds to each measure.
pub(super) type Prepared = Arc<(Event, Contributions)>;

/// Told as the work goes on: what, how far, of how much.
pub(super) type Progress<'a> = &'a mut dyn FnMut(&'static str, u64, u64);

/// Prepares an event; any thread may.
pub(super) fn prepared(shared: &Shared, event: Event) -> Prepared {
    let contributions = contributions(shared, &event, &mut Faults::default());
    Arc::new((event, contributions))
}

/// A moment at which a row comes to count, or ceases to. They sort by the moment, and of one moment as the log does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Change {
    pub(super) at: Timestamp,
    pub(super) row: u64,
    pub(super) sign: i8,
    pub(super) kind: TypeIndex,
}

/// A log up to a row.
pub(super) struct Chronicle<'a> {
    pub(super) folder: &'a Path,
    pub(super) shared: &'a Shared,
    /// The last row that is looked at.
    pub(super) upto: u64,
}

impl Chronicle<'_> {
    fn told(&self, reader: &mut SqliteReader, piece: u64) -> Result<Vec<(u64, Event)>, AppError> {
        let begin = 1 + piece * ROWS;
        let most = usize::try_from(ROWS.min((self.upto + 1).saturating_sub(begin))).unwrap_or(0);
        let rows = reader.range(begin, most)?;
        let known = rows.into_iter().filter(|row| !self.shared.codec.passes_over(&row.body));
        known.map(|row: LogRow| Ok((row.seq, self.shared.decode(&row)?))).collect()
    }

    /// All changes in the order in which they became known; of one moment in the order of the log. `takes` hears of every
    /// event in the order of the log, and says whether it counts; marks do their work in any case. In memory stand 24 bytes
    /// a row.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn changes(
        &self,
        takes: &mut dyn FnMut(&Event) -> bool,
        progress: Progress<'_>,
    ) -> Result<Vec<Change>, AppError> {
        let catalogue = &self.shared.catalogue;
        let mut marks: HashMap<Key, Vec<Mark>> = HashMap::new();
        let mut changes: Vec<Change> = Vec::new();
        let pieces = self.upto.div_ceil(ROWS);
        let mut piece = 0;
        in_order(self.folder, pieces, &|reader, piece| self.told(reader, piece), &mut |told: Vec<(
            u64,
            Event,
        )>| {
            for (row, event) in told {
                let counts = takes(&event);
                match catalogue.marks.read(&catalogue.vocabulary, &event) {
                    Some(mark) => marks.entry(mark.target).or_default().push(mark),
                    None if !counts => {}
                    None => changes.push(Change { at: event.known_at, row, sign: 1, kind: event.kind }),
                }
            }
            piece += 1;
            progress("reading the log", (piece * ROWS).min(self.upto), self.upto);
            Ok(())
        })?;
        self.mark(&mut changes, marks)?;
        changes.sort_unstable();
        Ok(changes)
    }

    /// Lets events that marks are about count when they stand, and only then. `changes` are still in the order of the rows.
    fn mark(&self, changes: &mut Vec<Change>, marks: HashMap<Key, Vec<Mark>>) -> Result<(), AppError> {
        let mut reader = SqliteReader::open(self.folder)?;
        let mut further = Vec::new();
        for (target, marks) in marks {
            // One that came before its target waits for it.
            let Some(row) = reader.find(&target)? else { continue };
            let Ok(place) = changes.binary_search_by_key(&row, |change| change.row) else { continue };
            let Some(first) = changes.get_mut(place) else { continue };
            let plain = *first;
            let moments = taking::changes(&standing(plain.at, &marks));
            let mut own = moments.into_iter().map(|(at, sign)| {
                let sign = if sign > 0 { 1 } else { -1 };
                Change { at, sign, ..plain }
            });
            match own.next() {
                Some(own) => *first = own,
                // It never stood.
                None => first.sign = 0,
            }
            further.extend(own);
        }
        changes.retain(|change| change.sign != 0);
        changes.append(&mut further);
        Ok(())
    }

    /// A piece of the changes, with their events.
    ///
    /// # Errors
    /// Those of the store.
    pub(super) fn events(
        &self,
        reader: &mut SqliteReader,
        changes: &[Change],
    ) -> Result<Vec<(Change, Event)>, AppError> {
        let rows = reader.rows(&changes.iter().map(|change| change.row).collect::<Vec<_>>())?;
        let ready = changes.iter().copied().zip(rows);
        ready.map(|(change, row)| Ok((change, self.shared.decode(&row)?))).collect()
    }
}

/// The changes of a piece of work.
pub(super) fn piece_of(changes: &[Change], piece: u64) -> &[Change] {
    let size = usize::try_from(ROWS).unwrap_or(usize::MAX);
    let from = usize::try_from(piece).unwrap_or(usize::MAX).saturating_mul(size).min(changes.len());
    let own = changes.get(from..).unwrap_or_default();
    own.get(..size.min(own.len())).unwrap_or_default()
}
