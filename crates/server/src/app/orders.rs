//! The books of orders in memory, and their timers.

use super::error::AppError;
use super::shared::Shared;
use probity_credit::event::{Event, Mark, standing};
use probity_credit::order::{Book, Concern, DERIVED_SOURCE};
use probity_primitives::Timestamp;
use probity_store::{Key, Reader, Subject};
use std::collections::{BTreeSet, HashMap, HashSet};

/// Books in memory at most, before those without a timer are let go.
const MOST_BOOKS: usize = 200_000;

/// Books and timers; the keeper's own.
#[derive(Default)]
pub(super) struct Orders {
    books: HashMap<Key, Book>,
    /// Next timer of orders that changed since the last checkpoint.
    changed: HashMap<Key, Option<Timestamp>>,
    due: BTreeSet<(Timestamp, Key)>,
    /// Orders about which something was learnt in the batch at hand.
    pub(super) touched: Vec<Key>,
    /// New rows of the batch at hand, by subject; the store and the readers do not have them yet.
    pub(super) fresh: HashMap<Subject, Vec<u64>>,
}

impl Orders {
    /// Forgets everything: after a batch that was lost, books come back from the log.
    pub(super) fn forget(&mut self) {
        let changed: Vec<(Key, Option<Timestamp>)> = self.changed.drain().collect();
        *self = Self::default();
        // Timers of earlier, committed batches are not in the store before the next checkpoint.
        for (order, due) in changed {
            self.set_due(order, due);
        }
    }

    pub(super) fn post(&mut self, subject: Subject, seq: u64) {
        let seqs = self.fresh.entry(subject).or_default();
        if seqs.last() != Some(&seq) {
            seqs.push(seq);
        }
    }

    /// The book of an order, if it is in memory.
    pub(super) fn known(&self, order: Key) -> Option<&Book> {
        self.books.get(&order)
    }

    /// The rows about an order before a row, those of the batch at hand included.
    pub(super) fn rows_before(
        &self,
        shared: &Shared,
        reads: &mut impl Reader,
        order: Key,
        seq: u64,
    ) -> Result<Vec<u64>, AppError> {
        let mut seqs = shared.postings_so_far(reads, Subject::Order(order))?;
        seqs.extend(self.fresh.get(&Subject::Order(order)).into_iter().flatten());
        seqs.retain(|own| *own < seq);
        seqs.sort_unstable();
        seqs.dedup();
        Ok(seqs)
    }

    /// The book of an order, read back from the log when it is not in memory.
    pub(super) fn book(
        &mut self,
        shared: &Shared,
        reads: &mut impl Reader,
        order: Key,
    ) -> Result<&mut Book, AppError> {
        if !self.books.contains_key(&order) {
            let seqs = self.rows_before(shared, reads, order, u64::MAX)?;
            let book = if seqs.is_empty() {
                Book::default()
            } else {
                read_book(shared, &shared.events_at(reads, &seqs)?)
            };
            self.books.insert(order, book);
        }
        Ok(self.books.entry(order).or_default())
    }

    /// Takes an event about an order in; the order is touched when facts may change.
    pub(super) fn add(
        &mut self,
        shared: &Shared,
        reads: &mut impl Reader,
        order: Key,
        event: &Event,
    ) -> Result<(), AppError> {
        let catalogue = std::sync::Arc::clone(&shared.catalogue);
        let book = self.book(shared, reads, order)?;
        match book.add(&catalogue.vocabulary, &catalogue.words, event) {
            Concern::Life => self.touched.push(order),
            Concern::Fact | Concern::None => {}
        }
        Ok(())
    }

    /// After a start: a retraction of a derived fact that the log holds.
    pub(super) fn mark_fact(
        &mut self,
        shared: &Shared,
        reads: &mut impl Reader,
        order: Key,
        fact: &str,
        known_at: Timestamp,
    ) -> Result<(), AppError> {
        self.book(shared, reads, order)?.mark_fact(fact, known_at);
        Ok(())
    }

    /// Says since when an event stands, after a mark.
    pub(super) fn mark(
        &mut self,
        shared: &Shared,
        reads: &mut impl Reader,
        order: Key,
        target: Key,
        moments: &[(Timestamp, bool)],
    ) -> Result<(), AppError> {
        if self.book(shared, reads, order)?.mark(target, moments) {
            self.touched.push(order);
        }
        Ok(())
    }

    /// Events that bring the touched orders' facts up to date.
    pub(super) fn reconcile(
        &mut self,
        shared: &Shared,
        reads: &mut impl Reader,
        settle: Option<Timestamp>,
    ) -> Result<Vec<Event>, AppError> {
        let catalogue = std::sync::Arc::clone(&shared.catalogue);
        let mut touched = std::mem::take(&mut self.touched);
        let mut seen = HashSet::new();
        touched.retain(|order| seen.insert(*order));
        let mut events = Vec::new();
        for order in touched {
            let book = self.book(shared, reads, order)?;
            let (facts, due) =
                book.reconcile(&catalogue.vocabulary, &catalogue.words, &catalogue.clocks, settle);
            events.extend(facts);
            self.set_due(order, due);
        }
        Ok(events)
    }

    fn set_due(&mut self, order: Key, due: Option<Timestamp>) {
        if let Some(Some(before)) = self.changed.insert(order, due) {
            self.due.remove(&(before, order));
        }
        if let Some(due) = due {
            self.due.insert((due, order));
        }
    }

    /// Puts a timer back that a checkpoint could not write.
    pub(super) fn restore_due(&mut self, order: Key, due: Option<Timestamp>) {
        self.set_due(order, due);
    }

    /// Orders whose timers fell due, at most so many; from memory, and from the store where memory knows nothing newer.
    pub(super) fn take_due(
        &self,
        reads: &mut impl Reader,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<Key>, AppError> {
        let mut orders: Vec<Key> =
            self.due.iter().take_while(|(due, _)| *due <= now).take(most).map(|(_, order)| *order).collect();
        if orders.len() < most {
            // Those of the store that changed since are skipped, so ask for as many more.
            let stored = reads.open_orders(now, most + self.changed.len())?;
            orders.extend(
                stored
                    .into_iter()
                    .map(|(order, _)| order)
                    .filter(|order| !self.changed.contains_key(order))
                    .take(most),
            );
        }
        Ok(orders)
    }

    /// The next timer, of memory and store.
    pub(super) fn next_due(&self, reads: &mut impl Reader) -> Result<Option<Timestamp>, AppError> {
        let here = self.due.first().map(|(due, _)| *due);
        let mut stored = reads.next_due()?;
        if let Some(due) = stored
            && !self.changed.is_empty()
        {
            // The earliest of the store may have changed in memory; a few tries find one that did not, else it is asked again.
            let open = reads.open_orders(due, 64)?;
            if open.len() < 64 && open.iter().all(|(order, _)| self.changed.contains_key(order)) {
                let later = reads.open_orders(Timestamp::LATEST, 64 + self.changed.len())?;
                stored = later
                    .into_iter()
                    .find(|(order, _)| !self.changed.contains_key(order))
                    .map(|(_, due)| due);
            }
        }
        Ok([here, stored].into_iter().flatten().min())
    }

    /// The next timer among orders that changed since the last checkpoint; cheap.
    pub(super) fn next_due_here(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Orders whose timer changed since it was written.
    pub(super) fn changed(&self) -> usize {
        self.changed.len()
    }

    /// Timers to be written ahead of a checkpoint, at most so many.
    pub(super) fn take_changed(&mut self, most: usize) -> Vec<(Key, Option<Timestamp>)> {
        let orders: Vec<Key> = self.changed.keys().take(most).copied().collect();
        let mut taken = Vec::with_capacity(orders.len());
        for order in orders {
            let Some(due) = self.changed.remove(&order) else { continue };
            if let Some(due) = due {
                self.due.remove(&(due, order));
            }
            taken.push((order, due));
        }
        taken
    }

    /// Timers to be written at a checkpoint, and books let go when there are too many.
    pub(super) fn drain_changed(&mut self) -> Vec<(Key, Option<Timestamp>)> {
        self.due.clear();
        if self.books.len() > MOST_BOOKS {
            self.books.clear();
        }
        self.changed.drain().collect()
    }
}

/// A book from the log's rows about an order, in the order of the log.
fn read_book(shared: &Shared, events: &[(u64, Event)]) -> Book {
    let catalogue = &shared.catalogue;
    let mut book = Book::default();
    let mut marks: HashMap<Key, Vec<Mark>> = HashMap::new();
    for (_, event) in events {
        if let Some(mark) = catalogue.marks.read(&catalogue.vocabulary, event) {
            let target = event.text(catalogue.vocabulary.get(event.kind), "target").unwrap_or_default();
            if event.source.as_str() == DERIVED_SOURCE {
                book.mark_fact(target, event.known_at);
            } else {
                marks.entry(mark.target).or_default().push(mark);
            }
        } else {
            book.add(&catalogue.vocabulary, &catalogue.words, event);
        }
    }
    for (_, event) in events {
        if let Some(marks) = marks.get(&event.key()) {
            book.mark(event.key(), &standing(event.known_at, marks));
        }
    }
    book
}
