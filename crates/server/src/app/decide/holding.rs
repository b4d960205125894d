//! What is open and held, kept by the keeper in step with the log. Changes of a batch are noted, so that a batch that is lost
//! takes them along.

use super::super::anew::each_event;
use super::super::error::AppError;
use super::super::orders::Orders;
use super::super::shared::Shared;
use super::super::taking::Step;
use super::telling::{CLOSED, MADE};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Event, TypeIndex, standing};
use probity_credit::exposure::{Exposure, ExposureTypes, Reservation};
use probity_credit::indicator::Contributions;
use probity_credit::order::order_key;
use probity_primitives::{Duration, Timestamp};
use probity_store::Reader;
use std::sync::Arc;

/// A used approval waits this long for its payment to be told.
const WAITS_FOR_PAYMENT: Duration = Duration::days(7);
/// Claims and lines that ended this many days ago are forgotten. Orders of which nothing is open are at once: their rows are
/// found again.
const FORGOTTEN_AFTER: i32 = 400;
enum Undo {
    Reserved(Box<str>),
    /// It held this.
    Held(Box<str>, Reservation),
    Applied(Arc<(Event, Contributions)>, [Option<u32>; 2], i32),
}

/// The book of what is open, and how to take the batch at hand out of it again.
pub(in crate::app) struct Holding {
    exposure: Exposure,
    types: ExposureTypes,
    made: Option<TypeIndex>,
    closed: Option<TypeIndex>,
    undo: Vec<Undo>,
}

impl Holding {
    pub(in crate::app) fn new(catalogue: &Catalogue) -> Self {
        Self {
            exposure: Exposure::default(),
            types: ExposureTypes::resolve(&catalogue.vocabulary),
            made: catalogue.vocabulary.find(MADE),
            closed: catalogue.vocabulary.find(CLOSED),
            undo: Vec::new(),
        }
    }

    pub(in crate::app) const fn exposure(&self) -> &Exposure {
        &self.exposure
    }

    /// Takes a step in. The decision whose reservation a payment used up, with what it was.
    pub(in crate::app) fn follow(
        &mut self,
        shared: &Shared,
        reads: &mut impl Reader,
        orders: &Orders,
        step: &Step,
    ) -> Result<Option<(Box<str>, Reservation)>, AppError> {
        let catalogue = &shared.catalogue;
        let (event, _) = &*step.event;
        let order = self.exposure.lacks(&catalogue.vocabulary, &self.types, &catalogue.rates, event);
        if let Some(order) = order.map(order_key)
            // A mark's step has a row of its own, and its target is in the book.
            && orders.known(order).is_none_or(|book| {
                step.sign < 0 || book.had_money_or_an_end_beside(event.key())
            })
        {
            let seqs = orders.rows_before(shared, reads, order, step.seq)?;
            self.recall(shared, reads, &seqs)?;
        }
        Ok(self.take(catalogue, &step.event, step.numbers, step.sign))
    }

    /// Remembers an order again of which nothing was open, from its rows.
    fn recall(&mut self, shared: &Shared, reads: &mut impl Reader, seqs: &[u64]) -> Result<(), AppError> {
        let catalogue = &shared.catalogue;
        let events = shared.events_at(reads, seqs)?;
        let marks = catalogue.marks.by_target(&catalogue.vocabulary, events.iter().map(|(_, event)| event));
        let mut standing_now = Vec::new();
        for (_, event) in &events {
            let own = marks.get(&event.key()).map_or(&[][..], Vec::as_slice);
            if standing(event.known_at, own).last().is_some_and(|(_, stands)| *stands) {
                let [merchant, buyer] = numbers(reads, event)?;
                standing_now.push((event, (merchant, buyer)));
            }
        }
        self.exposure.recall(&catalogue.vocabulary, &self.types, &catalogue.rates, standing_now);
        Ok(())
    }

    /// Takes in what was committed long ago, on the way through the log.
    pub(in crate::app) fn go_over(
        &mut self,
        catalogue: &Catalogue,
        event: &Arc<(Event, Contributions)>,
        numbers: [Option<u32>; 2],
        sign: i32,
    ) {
        self.take(catalogue, event, numbers, sign);
        self.undo.clear();
    }

    fn take(
        &mut self,
        catalogue: &Catalogue,
        event: &Arc<(Event, Contributions)>,
        numbers: [Option<u32>; 2],
        sign: i32,
    ) -> Option<(Box<str>, Reservation)> {
        let told = &event.0;
        if Some(told.kind) == self.made {
            self.made(catalogue, told, numbers);
            return None;
        }
        if Some(told.kind) == self.closed {
            self.closed(catalogue, told);
            return None;
        }
        if sign == 0 {
            return None;
        }
        let [merchant, buyer] = numbers;
        let parties = (merchant, buyer);
        let used_up =
            self.exposure.apply(&catalogue.vocabulary, &self.types, &catalogue.rates, told, parties, sign);
        self.undo.push(Undo::Applied(Arc::clone(event), numbers, sign));
        if let Some((decision, reservation)) = &used_up {
            self.undo.push(Undo::Held(decision.clone(), reservation.clone()));
        }
        // One that was confirmed is closed already.
        used_up.filter(|(_, reservation)| !reservation.confirmed)
    }

    fn made(&mut self, catalogue: &Catalogue, event: &Event, [merchant, buyer]: [Option<u32>; 2]) {
        let declared = catalogue.vocabulary.get(event.kind);
        let held = event.integer(declared, "held").filter(|held| *held > 0);
        let (Some(amount), Some(decision)) = (held, event.text(declared, "decision")) else { return };
        if self.exposure.reservation(decision).is_some() {
            return;
        }
        let expires_at = event.integer(declared, "expires_at").map_or(event.known_at, Timestamp::from_millis);
        let order = event.text(declared, "order").map(Into::into);
        let reservation = Reservation { merchant, buyer, amount, expires_at, order, confirmed: false };
        self.exposure.reserve(decision, reservation);
        self.undo.push(Undo::Reserved(decision.into()));
    }

    fn closed(&mut self, catalogue: &Catalogue, event: &Event) {
        let declared = catalogue.vocabulary.get(event.kind);
        let Some(decision) = event.text(declared, "decision") else { return };
        let before = match event.text(declared, "how") {
            Some("confirmed") => {
                let order = event.text(declared, "order").map(Into::into);
                self.exposure.confirm(decision, order, event.known_at.plus(WAITS_FOR_PAYMENT))
            }
            _ => self.exposure.close(decision),
        };
        self.undo.extend(before.map(|before| Undo::Held(decision.into(), before)));
    }

    /// Reservations that are too old: those that were given an end in the log already are let go of, the others are named.
    pub(in crate::app) fn expired(&mut self, now: Timestamp) -> Vec<(Box<str>, Reservation)> {
        let mut expired = Vec::new();
        for decision in self.exposure.expired(now) {
            match self.exposure.reservation(&decision).cloned() {
                Some(reservation) if reservation.confirmed => {
                    self.exposure.close(&decision);
                    self.undo.push(Undo::Held(decision, reservation));
                }
                Some(reservation) => expired.push((decision, reservation)),
                None => {}
            }
        }
        expired
    }

    pub(in crate::app) fn next_expiry(&self) -> Option<Timestamp> {
        self.exposure.next_expiry()
    }

    /// The batch is on disk.
    pub(in crate::app) fn keep(&mut self) {
        self.undo.clear();
    }

    /// The batch is lost.
    pub(in crate::app) fn undo(&mut self, catalogue: &Catalogue) {
        for change in std::mem::take(&mut self.undo).into_iter().rev() {
            match change {
                Undo::Reserved(decision) => drop(self.exposure.close(&decision)),
                Undo::Held(decision, reservation) => {
                    self.exposure.close(&decision);
                    self.exposure.reserve(&decision, reservation);
                }
                Undo::Applied(event, [merchant, buyer], sign) => {
                    let parties = (merchant, buyer);
                    let rates = &catalogue.rates;
                    let used_up = self.exposure.apply(
                        &catalogue.vocabulary,
                        &self.types,
                        rates,
                        &event.0,
                        parties,
                        -sign,
                    );
                    // What puts a payment back is no payment.
                    if let Some((decision, reservation)) = used_up {
                        self.exposure.reserve(&decision, reservation);
                    }
                }
            }
        }
    }

    /// As stored bytes, without what is long over.
    pub(in crate::app) fn encode(&mut self, now: Timestamp) -> Vec<u8> {
        self.exposure.forget_over(now.day().plus(-FORGOTTEN_AFTER));
        self.exposure.encode()
    }

    /// From stored bytes.
    pub(in crate::app) fn restore(&mut self, bytes: &[u8]) -> Result<(), AppError> {
        self.exposure =
            Exposure::decode(bytes).map_err(|error| AppError::internal(format!("exposure: {error}")))?;
        Ok(())
    }

    /// From the log up to a row.
    pub(in crate::app) fn make_anew(
        &mut self,
        shared: &Shared,
        reader: &mut impl Reader,
        upto: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), AppError> {
        self.exposure = Exposure::default();
        each_event(shared, reader, upto, progress, |reader, event, moments| {
            let stands = moments.last().is_some_and(|(_, stands)| *stands);
            let numbers = numbers(reader, &event)?;
            let event = Arc::new((event, Contributions::default()));
            self.take(&shared.catalogue, &event, numbers, i32::from(stands));
            self.undo.clear();
            Ok(())
        })
    }
}

fn numbers(reader: &mut impl Reader, event: &Event) -> Result<[Option<u32>; 2], AppError> {
    use probity_credit::event::Role;
    let mut numbers = [None; 2];
    for (role, number) in Role::ALL.into_iter().zip(&mut numbers) {
        if let Some(id) = event.party(role) {
            *number = reader.party_number(role.number(), id.as_str())?;
        }
    }
    Ok(numbers)
}
