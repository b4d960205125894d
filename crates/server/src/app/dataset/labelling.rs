//! The labels of all moments, in one pass over what became known. Each moment keeps, while its window is open, a state of the
//! few measures that the label reads; closed, it keeps only who was judged otherwise than a party of whom nothing came.

use super::super::error::AppError;
use super::super::reading::in_order;
use super::super::timeline::{Change, Chronicle, Progress, piece_of};
use super::carried::Parties;
use probity_credit::event::Event;
use probity_credit::indicator::{Contributions, PartyState};
use probity_credit::label::{Judged, Label, Window};
use probity_primitives::Timestamp;
use std::collections::HashMap;

/// The verdicts of all moments.
pub(super) struct Labelled {
    /// Of a party about which nothing happened in the window.
    quiet: Vec<Judged>,
    other: Vec<HashMap<u32, Judged>>,
}

impl Labelled {
    /// What became of a party after the n-th moment.
    pub(super) fn of(&self, moment: usize, number: u32) -> Option<Judged> {
        let other = self.other.get(moment)?;
        other.get(&number).or_else(|| self.quiet.get(moment)).copied()
    }
}

struct Open<'a> {
    label: &'a Label,
    moments: &'a [Timestamp],
    states: Vec<HashMap<u32, PartyState>>,
    closed: usize,
    labelled: Labelled,
}

type Told = Vec<(Change, Event, Contributions)>;

/// Labels every party that anything happened to after any of the moments (ascending).
///
/// # Errors
/// Those of the store.
pub(super) fn labelled(
    chronicle: &Chronicle<'_>,
    label: &Label,
    parties: &Parties,
    (moments, changes): (&[Timestamp], &[Change]),
    progress: Progress<'_>,
) -> Result<Labelled, AppError> {
    let catalogue = &chronicle.shared.catalogue;
    let window = |at: &Timestamp| label.window(*at);
    let quiet = moments.iter().map(|at| label.judge(&PartyState::new(label.of()), &window(at))).collect();
    let labelled = Labelled { quiet, other: vec![HashMap::new(); moments.len()] };
    let states = moments.iter().map(|_| HashMap::new()).collect();
    let mut open = Open { label, moments, states, closed: 0, labelled };
    let (Some(first), Some(last)) = (moments.first(), moments.last()) else { return Ok(open.labelled) };
    let begin = changes.partition_point(|change| change.at <= *first);
    let end = changes.partition_point(|change| change.at <= window(last).known_by);
    let within = changes.get(begin..end).unwrap_or_default();
    let reads = label.afterwards();
    let size = within.len() as u64;
    let mut done = 0;
    let work = |reader: &mut probity_store::SqliteReader, piece: u64| -> Result<Told, AppError> {
        let own = piece_of(within, piece).iter().filter(|change| reads.reads(change.kind));
        let events = chronicle.events(reader, &own.copied().collect::<Vec<_>>())?.into_iter();
        let with = |(change, event): (Change, Event)| {
            let contributions = label.contributions(&catalogue.vocabulary, &catalogue.rates, &event);
            (change, event, contributions)
        };
        Ok(events.map(with).filter(|(_, _, contributions)| !contributions.is_empty()).collect())
    };
    let pieces = size.div_ceil(super::super::reading::ROWS);
    in_order(chronicle.folder, pieces, &work, &mut |told: Told| {
        for (change, event, contributions) in told {
            if let Some(number) = event.party(label.of()).and_then(|id| parties.number(id.as_str())) {
                open.take(&change, &event, &contributions, number);
            }
        }
        done = (done + super::super::reading::ROWS).min(size);
        progress("labelling", done, size);
        Ok(())
    })?;
    open.close_before(Timestamp::LATEST);
    Ok(open.labelled)
}

impl Open<'_> {
    fn window(&self, at: Timestamp) -> Window {
        self.label.window(at)
    }

    fn take(&mut self, change: &Change, event: &Event, contributions: &Contributions, number: u32) {
        self.close_before(change.at);
        // Moments ascend, and so do both ends of their windows.
        let begin = self.moments.partition_point(|at| self.window(*at).upto < event.occurred_at);
        let end = self.moments.partition_point(|at| *at < event.occurred_at);
        for place in begin.max(self.closed)..end {
            let (Some(at), Some(states)) = (self.moments.get(place), self.states.get_mut(place)) else {
                return;
            };
            if self.label.window(*at).holds(event.occurred_at, change.at) {
                let state = states.entry(number).or_insert_with(|| PartyState::new(self.label.of()));
                self.label.apply(state, event, contributions, change.at, change.sign.into());
            }
        }
    }

    /// Judges the moments about which nothing that becomes known from here on says anything.
    fn close_before(&mut self, at: Timestamp) {
        while let Some(moment) =
            self.moments.get(self.closed).filter(|moment| self.window(**moment).known_by < at)
        {
            let window = self.window(*moment);
            let states = self.states.get_mut(self.closed).map(std::mem::take).unwrap_or_default();
            let quiet = self.labelled.quiet.get(self.closed).copied();
            if let Some(other) = self.labelled.other.get_mut(self.closed) {
                let judged =
                    states.into_iter().map(|(number, state)| (number, self.label.judge(&state, &window)));
                other.extend(judged.filter(|(_, judged)| Some(*judged) != quiet));
            }
            self.closed += 1;
        }
    }
}
