//! What is open and held, kept by the keeper in step with the log, in memory and in the store: each batch writes what it
//! changed. Changes of a batch are noted, so that a batch that is lost takes them along.

use super::super::anew::each_event;
use super::super::error::AppError;
use super::super::orders::Orders;
use super::super::shared::Shared;
use super::super::taking::Step;
use super::telling::{CLOSED, MADE};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Event, TypeIndex, standing};
use probity_credit::exposure::{Change, Exposure, ExposureTypes, Pieces, Reservation};
use probity_credit::indicator::Contributions;
use probity_credit::order::order_key;
use probity_primitives::wire::WireError;
use probity_primitives::{Duration, Timestamp};
use probity_store::{Batch, Reader, Store};
use std::sync::Arc;

/// A used approval waits this long for its payment to be told.
const WAITS_FOR_PAYMENT: Duration = Duration::days(7);
/// Claims and lines that ended this many days ago are forgotten. Orders of which nothing is open are at once: their rows are
/// found again.
const FORGOTTEN_AFTER: i32 = 400;
/// Old entries that a batch looks at for each that it writes, beside those of one piece.
const OLD_FOR_ONE: u64 = 2;
/// Pieces read in one go.
const PIECES: usize = 1_000;

/// The definitions under which the pieces were made.
const MADE_UNDER: &str = "exposure_made_under";
/// The record that the whole book was before it came in pieces, as of a checkpoint, behind such a stamp.
const WHOLE: &str = "exposure";

enum Undo {
    Reserved(Box<str>),
    /// It held this.
    Held(Box<str>, Reservation),
    Applied(Arc<(Event, Contributions)>, [Option<u32>; 2], i32),
}

/// The book of what is open, and how to take the batch at hand out of it again.
pub(in crate::app) struct Holding {
    exposure: Exposure,
    pieces: Pieces,
    /// The row up to which it holds everything; later ones are gone over again after a start.
    upto: u64,
    /// Nothing of it is in pieces yet.
    unwritten: bool,
    types: ExposureTypes,
    made: Option<TypeIndex>,
    closed: Option<TypeIndex>,
    undo: Vec<Undo>,
}

impl Holding {
    pub(in crate::app) fn new(catalogue: &Catalogue) -> Self {
        Self {
            exposure: Exposure::default(),
            pieces: Pieces::default(),
            upto: 0,
            unwritten: false,
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
        let change = self.types.change(&catalogue.vocabulary, &catalogue.rates, event);
        let order = change.and_then(|change| self.exposure.lacks(&change));
        if let Some(order) = order.map(order_key)
            // A mark's step has a row of its own, and its target is in the book.
            && orders.known(order).is_none_or(|book| {
                step.sign < 0 || book.had_money_or_an_end_beside(event.key())
            })
        {
            let seqs = orders.rows_before(shared, reads, order, step.seq)?;
            self.recall(shared, reads, &seqs)?;
        }
        Ok(self.take(catalogue, &step.event, change, step.numbers, step.sign))
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
                let change = self.types.change(&catalogue.vocabulary, &catalogue.rates, event);
                standing_now.extend(change.map(|change| (change, (merchant, buyer))));
            }
        }
        self.exposure.recall(standing_now);
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
        let change = self.types.change(&catalogue.vocabulary, &catalogue.rates, &event.0);
        self.take(catalogue, event, change, numbers, sign);
        self.undo.clear();
    }

    fn take(
        &mut self,
        catalogue: &Catalogue,
        event: &Arc<(Event, Contributions)>,
        change: Option<Change<'_>>,
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
        let change = change.filter(|_| sign != 0)?;
        let used_up = self.exposure.apply(&change, numbers.into(), sign);
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

    /// The batch is committed.
    pub(in crate::app) fn keep(&mut self) {
        self.undo.clear();
        self.exposure.keep();
        self.pieces.keep();
    }

    /// The batch is lost.
    pub(in crate::app) fn undo(&mut self, catalogue: &Catalogue) {
        self.take_back(catalogue);
        self.exposure.lose();
        self.pieces.lose();
    }

    fn take_back(&mut self, catalogue: &Catalogue) {
        for change in std::mem::take(&mut self.undo).into_iter().rev() {
            match change {
                Undo::Reserved(decision) => drop(self.exposure.close(&decision)),
                Undo::Held(decision, reservation) => {
                    self.exposure.close(&decision);
                    self.exposure.reserve(&decision, reservation);
                }
                Undo::Applied(event, numbers, sign) => {
                    let change = self.types.change(&catalogue.vocabulary, &catalogue.rates, &event.0);
                    let used_up =
                        change.and_then(|change| self.exposure.apply(&change, numbers.into(), -sign));
                    // What puts a payment back is no payment.
                    if let Some((decision, reservation)) = used_up {
                        self.exposure.reserve(&decision, reservation);
                    }
                }
            }
        }
    }

    /// Writes what the batch changed, and some of the oldest anew where most of what the store has is overruled.
    pub(in crate::app) fn write(&mut self, batch: &mut impl Batch, now: Timestamp) -> Result<(), AppError> {
        let first = self.pieces.first();
        let mut left = OLD_FOR_ONE * self.exposure.write_changes(&mut self.pieces);
        let forgotten_before = now.day().plus(-FORGOTTEN_AFTER);
        while let Some(oldest) = self.exposure.worn(&self.pieces).filter(|_| left > 0) {
            let found = batch.reads().exposure(oldest, 1)?;
            let Some((_, bytes)) = found.first().filter(|(number, _)| *number == oldest) else {
                return Err(missing(oldest));
            };
            let looked_at = self.exposure.write_anew(&mut self.pieces, bytes, forgotten_before);
            left = left.saturating_sub(looked_at.map_err(|error| unread(oldest, error))?);
        }
        for (number, bytes) in self.pieces.unwritten() {
            batch.put_exposure(number, bytes)?;
        }
        if self.pieces.first() > first {
            batch.drop_exposure(self.pieces.first())?;
        }
        Ok(())
    }

    /// Takes up what the store has. What was made under other definitions, or is not there, is made again from the log.
    pub(in crate::app) fn resume(
        &mut self,
        shared: &Shared,
        reader: &mut impl Reader,
        checkpointed: u64,
        progress: &mut dyn FnMut(u64, u64),
    ) -> Result<(), AppError> {
        let stamp = shared.catalogue.plan_hash.half();
        (self.upto, _) = reader.last()?;
        if reader.record(MADE_UNDER)?.is_some_and(|made_under| made_under == stamp) {
            return self.read(reader);
        }
        self.unwritten = true;
        match reader.record(WHOLE)?.as_deref().and_then(|whole| whole.split_at_checked(stamp.len())) {
            Some((made_under, bytes)) if made_under == stamp => {
                let exposure = Exposure::of_record(bytes);
                self.exposure = exposure.map_err(|error| AppError::internal(format!("exposure: {error}")))?;
                self.upto = checkpointed;
                Ok(())
            }
            _ => self.make_anew(shared, reader, self.upto, progress),
        }
    }

    fn read(&mut self, reader: &mut impl Reader) -> Result<(), AppError> {
        self.exposure.note_changes();
        let mut next = 0;
        loop {
            let pieces = reader.exposure(next, PIECES)?;
            // Among those of one look the store itself sees a gap.
            if next > 0 && pieces.first().is_some_and(|(number, _)| *number != next) {
                return Err(missing(next));
            }
            for (number, bytes) in &pieces {
                let taken = self.exposure.take_piece(&mut self.pieces, *number, bytes);
                taken.map_err(|error| unread(*number, error))?;
            }
            let Some((last, _)) = pieces.last() else { return Ok(()) };
            next = last + 1;
        }
    }

    /// True when a row is in the book already.
    pub(in crate::app) const fn has(&self, seq: u64) -> bool {
        seq <= self.upto
    }

    /// Writes the whole book in pieces where the store has none that hold.
    pub(in crate::app) fn write_whole(
        &mut self,
        shared: &Shared,
        store: &mut impl Store,
    ) -> Result<(), AppError> {
        if !self.unwritten {
            return Ok(());
        }
        let mut batch = store.begin()?;
        batch.drop_exposure(u64::MAX)?;
        self.pieces = Pieces::default();
        self.exposure.write_all(&mut self.pieces);
        for (number, bytes) in self.pieces.unwritten() {
            batch.put_exposure(number, bytes)?;
        }
        batch.put_record(MADE_UNDER, &shared.catalogue.plan_hash.half())?;
        batch.drop_record(WHOLE)?;
        batch.commit()?;
        self.keep();
        self.unwritten = false;
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
            self.go_over(
                &shared.catalogue,
                &Arc::new((event, Contributions::default())),
                numbers,
                i32::from(stands),
            );
            Ok(())
        })
    }
}

fn missing(piece: u64) -> AppError {
    AppError::internal(format!("exposure {piece} is missing"))
}

fn unread(piece: u64, error: WireError) -> AppError {
    AppError::internal(format!("exposure {piece}: {error}"))
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

#[cfg(test)]
mod tests {
    use super::super::asked::Form;
    use super::*;
    use crate::app::{Clock, Probity, Settling, embedded_catalogue};
    use probity_credit::event::{Arrival, Flat, Party};
    use probity_primitives::wire::Writer;
    use probity_store::SqliteStore;
    use std::path::Path;

    const NOW: i64 = 1_750_000_000_000;

    fn open(folder: &Path) -> Probity {
        let clock = Clock::of(|| Timestamp::from_millis(NOW));
        Probity::open(folder, Catalogue::load(embedded_catalogue()).unwrap(), clock, &mut |_, _| {}).unwrap()
    }

    fn pay(probity: &Probity, id: &str, minor: i64) {
        let at = Timestamp::from_millis(NOW);
        let json = format!(
            r#"{{"id":"{id}","type":"order.paid","occurred_at":"{at}","merchant":"m","buyer":"b","order":"{id}","value":"{minor}.00","currency":"EUR","method":"card"}}"#
        );
        let event =
            probity.prepare(Flat::from_json(json.as_bytes()).unwrap(), "shop", Arrival::Live).unwrap();
        probity.take_and_wait(vec![event], Settling::Soon).unwrap();
    }

    fn hold(probity: &Probity, key: &str, order: &str) -> (String, i64) {
        let text = |text: &str| Some(text.to_owned());
        let form = Form {
            kind: "payment".into(),
            merchant: text("m"),
            buyer: text("b"),
            amount: text("2.00"),
            order: text(order),
            ..Form::default()
        };
        let asked = probity.asked(&form, Some(key), "test").unwrap();
        let record = probity.decide_and_wait(vec![asked]).unwrap().pop().unwrap().unwrap().record;
        assert!(record.held > 0, "{record:?}");
        (record.id.clone(), record.held)
    }

    fn open_now(probity: &Probity) -> [i64; 2] {
        ["merchant:m", "buyer:b"]
            .map(|party| probity.exposure_and_wait(&Party::parse(party).unwrap()).unwrap())
    }

    /// The whole book as it was written before: one paid order, one decision.
    fn whole(
        stamp: [u8; 16],
        order: (&str, i64),
        (decision, held, expires_at, own): (&str, i64, i64, &str),
    ) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.bytes.extend_from_slice(&stamp);
        writer.unsigned(1);
        let key = [&[0][..], &1_u64.to_be_bytes(), b"m", order.0.as_bytes()];
        writer.bytes.extend_from_slice(&probity_primitives::Digest::of(&key).half());
        writer.unsigned(2);
        writer.unsigned(3);
        writer.signed(order.1);
        writer.signed(0);
        writer.signed(0);
        writer.byte(0);
        writer.signed(i64::from(Timestamp::from_millis(NOW).day().0));
        writer.unsigned(1);
        writer.text(decision);
        writer.unsigned(2);
        writer.unsigned(3);
        writer.signed(held);
        writer.signed(expires_at);
        writer.text(own);
        writer.byte(0);
        writer.bytes
    }

    /// Puts a folder back as the code before pieces left it: with the whole book of its last checkpoint, or without any.
    fn set_back(folder: &Path, whole: Option<&[u8]>) {
        let mut store = SqliteStore::open_or_create(folder).unwrap();
        let mut batch = store.begin().unwrap();
        batch.drop_exposure(u64::MAX).unwrap();
        batch.drop_record(MADE_UNDER).unwrap();
        if let Some(whole) = whole {
            batch.put_record(WHOLE, whole).unwrap();
        }
        batch.commit().unwrap();
    }

    fn copied(from: &Path) -> tempfile::TempDir {
        let copy = tempfile::tempdir().unwrap();
        for file in std::fs::read_dir(from).unwrap().map(Result::unwrap) {
            std::fs::copy(file.path(), copy.path().join(file.file_name())).unwrap();
        }
        copy
    }

    #[test]
    fn a_book_written_whole_is_read_and_the_rows_behind_it_gone_over() {
        let home = tempfile::tempdir().unwrap();
        let probity = open(home.path());
        pay(&probity, "o1", 100);
        let (decision, held) = hold(&probity, "k1", "o2");
        probity.checkpoint_and_wait().unwrap();
        let until = Timestamp::from_millis(NOW + 30 * 60_000);
        let stamp = probity.catalogue().plan_hash.half();
        let at_checkpoint = whole(stamp, ("o1", 10_000), (&decision, held, until.millis(), "o2"));
        // Behind the checkpoint: the reservation is used up, and another order and decision come.
        pay(&probity, "o2", 2);
        pay(&probity, "o3", 30);
        hold(&probity, "k2", "o4");
        let expected = open_now(&probity);
        assert_eq!(expected, [10_000 + 200 + 3_000 + held; 2]);
        let other_stamp = [[7; 16].as_slice(), &[1, 2, 3]].concat();
        let cases: [(&str, Option<&[u8]>); 3] = [
            ("as of the checkpoint", Some(&at_checkpoint)),
            ("made under other definitions", Some(&other_stamp)),
            ("none, as the first versions left it", None),
        ];
        for (case, whole) in cases {
            let copy = copied(home.path());
            set_back(copy.path(), whole);
            // Read, and read again from the pieces that were written then, with rows behind them in no checkpoint.
            let again = open(copy.path());
            assert_eq!(open_now(&again), expected, "{case}");
            pay(&again, "o4", 2);
            let more = open_now(&again);
            assert_eq!(more, [expected[0] + 200 - held; 2], "{case}");
            let killed = copied(copy.path());
            again.close();
            for folder in [killed.path(), copy.path()] {
                let again = open(folder);
                assert_eq!(open_now(&again), more, "{case}");
                again.close();
                let reader = probity_store::SqliteReader::open(folder).unwrap().record(WHOLE).unwrap();
                assert_eq!(reader, None, "{case}");
            }
        }
        probity.close();
    }

    #[test]
    fn a_lost_piece_is_noticed() {
        let home = tempfile::tempdir().unwrap();
        let probity = open(home.path());
        pay(&probity, "o1", 1);
        probity.close();
        let mut store = SqliteStore::open_or_create(home.path()).unwrap();
        let mut batch = store.begin().unwrap();
        batch.put_exposure(9, &[]).unwrap();
        batch.commit().unwrap();
        drop(store);
        let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
        let refused = Probity::open(home.path(), catalogue, Clock::system(), &mut |_, _| {}).err().unwrap();
        assert_eq!(refused.problems[0].code.as_str(), "store-damaged");
    }
}
