//! The books of simulated orders and their timers, and the facts derived from them.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::Event;
use probity_credit::indicator::Contributions;
use probity_credit::order::{Book, Concern};
use probity_expression::Faults;
use probity_primitives::Timestamp;
use std::collections::{BTreeSet, HashMap};

/// One step of indicators: an event that counts from a moment on, or counts no longer.
pub(super) struct Step<'a> {
    pub(super) event: &'a Event,
    pub(super) contributions: &'a Contributions,
    pub(super) known_at: Timestamp,
    pub(super) sign: i32,
}

/// An order's book, its next timer, and the facts derived so far.
#[derive(Default)]
struct Kept {
    book: Book,
    due: Option<Timestamp>,
    facts: Vec<(Event, Contributions)>,
}

/// All orders of a world, by number.
#[derive(Default)]
pub(super) struct Books {
    orders: HashMap<u64, Kept>,
    due: BTreeSet<(Timestamp, u64)>,
    touched: Vec<u64>,
}

impl Books {
    /// Takes an event about an order in.
    pub(super) fn add(&mut self, catalogue: &Catalogue, order: u64, event: &Event) {
        let kept = self.orders.entry(order).or_default();
        if kept.book.add(&catalogue.vocabulary, &catalogue.words, event) == Concern::Life {
            self.touched.push(order);
        }
    }

    /// Lets timers up to a moment go off and brings the facts of all orders up to date; `apply` is told each step.
    pub(super) fn settle(
        &mut self,
        catalogue: &Catalogue,
        until: Timestamp,
        faults: &mut Faults,
        apply: &mut dyn FnMut(&Step<'_>),
    ) {
        let mut orders = std::mem::take(&mut self.touched);
        orders.extend(self.due.iter().take_while(|(due, _)| *due <= until).map(|(_, order)| *order));
        orders.sort_unstable();
        orders.dedup();
        for number in orders {
            let Some(kept) = self.orders.get_mut(&number) else { continue };
            let (events, due) =
                kept.book.reconcile(&catalogue.vocabulary, &catalogue.words, &catalogue.clocks, Some(until));
            for event in events {
                kept.take(catalogue, event, faults, apply);
            }
            if kept.due != due {
                if let Some(before) = std::mem::replace(&mut kept.due, due) {
                    self.due.remove(&(before, number));
                }
                self.due.extend(due.map(|due| (due, number)));
            }
        }
    }
}

impl Kept {
    /// A fact, or the retraction of one, as the book wrote it.
    fn take(
        &mut self,
        catalogue: &Catalogue,
        event: Event,
        faults: &mut Faults,
        apply: &mut dyn FnMut(&Step<'_>),
    ) {
        if catalogue.marks.is_mark(event.kind) {
            let target = event.text(catalogue.vocabulary.get(event.kind), "target").unwrap_or_default();
            if let Some((fact, contributions)) =
                self.facts.iter().find(|(fact, _)| fact.id.as_str() == target)
            {
                let known_at = event.known_at.max(fact.known_at);
                apply(&Step { event: fact, contributions, known_at, sign: -1 });
            }
            return;
        }
        let contributions =
            catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, &event, faults);
        apply(&Step { event: &event, contributions: &contributions, known_at: event.known_at, sign: 1 });
        self.facts.push((event, contributions));
    }
}
