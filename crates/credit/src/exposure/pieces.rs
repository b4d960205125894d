//! The book written in pieces: each says what changed since those before it, so that to write it takes as long as what
//! changed is long, however much is open.
//!
//! Pieces are numbered from 1. A later one overrules the earlier ones. When most of what they say is overruled, the oldest
//! is read again, what still holds of it is written behind the last, and it is dropped.

use super::book::{Exposure, Held, NOWHERE, Named, Number, Reservation, Thing};
use super::item::Key;
use probity_primitives::wire::{Reader, WireError, Writer};
use probity_primitives::{Day, Timestamp};

/// Bytes at which a piece is full: with its checksum it fits a page of four KiB.
const FULL: usize = 3_840;
/// Entries that may be overruled before old pieces are dropped, beside as many as hold.
const OVERRULED: u64 = 4_096;
/// Orders of which nothing is open that are remembered, so that one more event about one need not read its rows.
pub(super) const REMEMBERED: usize = 50_000;
/// The piece of what may or may not stand in one.
const UNSURE: u64 = u64::MAX;

const THING_GONE: u8 = 0;
const THING: u8 = 1;
const HELD_NO_MORE: u8 = 2;
const HELD: u8 = 3;
/// Bits of what a reservation is.
const CONFIRMED: u8 = 1;
const NOT_PAID: u8 = 2;

/// Which pieces there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Extent {
    /// The number of the oldest; above `last` when there is none.
    first: u64,
    /// The number of the last.
    last: u64,
    /// What all of them say, overruled or not.
    entries: u64,
}

/// The pieces of a book, as far as its writer has to know them.
#[derive(Debug)]
pub struct Pieces {
    /// Bytes at which a piece is full.
    pub(super) full_at: usize,
    /// Entries that may be overruled, beside as many as hold.
    pub(super) spare: u64,
    now: Extent,
    /// As the last batch that was kept left them.
    kept: Extent,
    /// The bytes of the last piece, while there is room in it.
    open: Option<Writer>,
    /// The batch at hand added to them.
    is_touched: bool,
    /// Pieces to be put into the batch at hand, full ones.
    full: Vec<(u64, Vec<u8>)>,
}

impl Default for Pieces {
    fn default() -> Self {
        let none = Extent { first: 1, last: 0, entries: 0 };
        let (full_at, spare) = (FULL, OVERRULED);
        Self { full_at, spare, now: none, kept: none, open: None, is_touched: false, full: Vec::new() }
    }
}

impl Pieces {
    /// Where the next entry goes, and in which piece that is.
    fn room(&mut self) -> (u64, &mut Writer) {
        if let Some(writer) = self.open.take_if(|writer| writer.bytes.len() >= self.full_at)
            && self.is_touched
        {
            self.full.push((self.now.last, writer.bytes));
        }
        if self.open.is_none() {
            self.now.last += 1;
        }
        self.is_touched = true;
        self.now.entries += 1;
        (self.now.last, self.open.get_or_insert_with(Writer::new))
    }

    /// The number of the oldest piece: those below are to be dropped.
    pub const fn first(&self) -> u64 {
        self.now.first
    }

    /// What the batch at hand has to put: numbers and bytes.
    pub fn unwritten(&self) -> impl Iterator<Item = (u64, &[u8])> {
        let open = self
            .open
            .as_ref()
            .filter(|_| self.is_touched)
            .map(|writer| (self.now.last, writer.bytes.as_slice()));
        self.full.iter().map(|(number, bytes)| (*number, bytes.as_slice())).chain(open)
    }

    /// The batch is committed.
    pub fn keep(&mut self) {
        self.full.clear();
        self.is_touched = false;
        self.kept = self.now;
    }

    /// The batch is lost: the last piece stands as it stood, and the next entry begins another.
    pub fn lose(&mut self) {
        self.full.clear();
        self.is_touched = false;
        self.open = None;
        self.now = self.kept;
    }
}

/// What one entry of a piece says.
enum Entry {
    Thing(Key, Option<Thing>),
    Decision(Box<str>, Option<(Reservation, bool)>),
}

fn put_number(writer: &mut Writer, party: Option<Number>) {
    writer.unsigned(party.map_or(0, |party| u64::from(party) + 1));
}

fn number(reader: &mut Reader<'_>) -> Result<Option<Number>, WireError> {
    let plus_one = reader.unsigned()?;
    plus_one.checked_sub(1).map(Number::try_from).transpose().map_err(|_| WireError::Malformed)
}

fn small(reader: &mut Reader<'_>) -> Result<i32, WireError> {
    i32::try_from(reader.signed()?).map_err(|_| WireError::Malformed)
}

fn put_thing(writer: &mut Writer, key: &Key, thing: &Thing) {
    writer.bytes.extend_from_slice(key);
    put_number(writer, thing.merchant);
    put_number(writer, thing.buyer);
    writer.signed(thing.amount);
    writer.signed(i64::from(thing.ends));
    writer.signed(i64::from(thing.begins));
    writer.byte(thing.kind);
    writer.signed(i64::from(thing.day));
}

fn put_held(writer: &mut Writer, decision: &str, reservation: &Reservation, is_paid: bool) {
    writer.text(decision);
    put_number(writer, reservation.merchant);
    put_number(writer, reservation.buyer);
    writer.signed(reservation.amount);
    writer.signed(reservation.expires_at.millis());
    writer.text(reservation.order.as_deref().unwrap_or_default());
    let confirmed = if reservation.confirmed { CONFIRMED } else { 0 };
    writer.byte(confirmed | if is_paid { 0 } else { NOT_PAID });
}

fn key(reader: &mut Reader<'_>) -> Result<Key, WireError> {
    let mut key = [0; 16];
    for byte in &mut key {
        *byte = reader.byte()?;
    }
    Ok(key)
}

fn decision(reader: &mut Reader<'_>) -> Result<Box<str>, WireError> {
    Ok(reader.text()?.into_boxed_str())
}

/// What [`put_thing`] puts behind the key.
fn thing(reader: &mut Reader<'_>) -> Result<Thing, WireError> {
    let (merchant, buyer, amount) = (number(reader)?, number(reader)?, reader.signed()?);
    let (ends, begins, kind) = (small(reader)?, small(reader)?, reader.byte()?);
    Ok(Thing { merchant, buyer, amount, ends, begins, kind, day: small(reader)?, piece: NOWHERE })
}

/// What [`put_held`] puts behind the decision: what it holds, and whether the payment of its order uses it up.
fn held(reader: &mut Reader<'_>) -> Result<(Reservation, bool), WireError> {
    let (merchant, buyer, amount) = (number(reader)?, number(reader)?, reader.signed()?);
    let expires_at = Timestamp::from_millis(reader.signed()?);
    let order = Some(reader.text()?.into_boxed_str()).filter(|order| !order.is_empty());
    let is = reader.byte()?;
    let confirmed = is & CONFIRMED != 0;
    Ok((Reservation { merchant, buyer, amount, expires_at, order, confirmed }, is & NOT_PAID == 0))
}

fn entry(reader: &mut Reader<'_>) -> Result<Entry, WireError> {
    match reader.byte()? {
        THING_GONE => Ok(Entry::Thing(key(reader)?, None)),
        THING => Ok(Entry::Thing(key(reader)?, Some(thing(reader)?))),
        HELD_NO_MORE => Ok(Entry::Decision(decision(reader)?, None)),
        HELD => Ok(Entry::Decision(decision(reader)?, Some(held(reader)?))),
        _ => Err(WireError::Malformed),
    }
}

impl Exposure {
    /// Takes up the next piece, which overrules those before it.
    ///
    /// # Errors
    /// When the bytes are no piece.
    pub fn take_piece(&mut self, pieces: &mut Pieces, piece: u64, bytes: &[u8]) -> Result<(), WireError> {
        if pieces.now.last == 0 {
            pieces.now.first = piece;
        }
        pieces.now.last = piece;
        let mut reader = Reader::new(bytes);
        while !reader.is_empty() {
            pieces.now.entries += 1;
            match entry(&mut reader)? {
                Entry::Thing(key, thing) => {
                    if let Some(before) = self.things.remove(&key) {
                        self.shift(&before, -1);
                        self.things_written = self.things_written.saturating_sub(1);
                    }
                    if let Some(thing) = thing {
                        self.shift(&thing, 1);
                        self.things_written += 1;
                        self.things.insert(key, Thing { piece, ..thing });
                    }
                }
                Entry::Decision(decision, held) => self.take_up(&decision, held, piece),
            }
        }
        pieces.kept = pieces.now;
        self.changed = Named::default();
        Ok(())
    }

    /// Writes what changed since it was last called. Says how many entries these are.
    pub fn write_changes(&mut self, pieces: &mut Pieces) -> u64 {
        let before = pieces.now.entries;
        let mut changed = std::mem::take(&mut self.changed);
        changed.things.sort_unstable();
        changed.things.dedup();
        changed.decisions.sort_unstable();
        changed.decisions.dedup();
        for key in &changed.things {
            self.write_thing(pieces, key);
        }
        for decision in &changed.decisions {
            self.write_decision(pieces, decision);
        }
        self.written.things.append(&mut changed.things);
        self.written.decisions.append(&mut changed.decisions);
        pieces.now.entries - before
    }

    fn write_thing(&mut self, pieces: &mut Pieces, key: &Key) {
        match self.things.get_mut(key) {
            Some(thing) if thing.is_kept() => {
                let (piece, writer) = pieces.room();
                if std::mem::replace(&mut thing.piece, piece) == NOWHERE {
                    self.things_written += 1;
                }
                writer.byte(THING);
                put_thing(writer, key, thing);
            }
            over => {
                let stood_nowhere = over.as_ref().is_some_and(|thing| thing.piece == NOWHERE);
                if over.as_ref().is_some_and(|thing| thing.piece != NOWHERE) {
                    self.things_written = self.things_written.saturating_sub(1);
                }
                match over {
                    Some(over) if !over.is_over() => {
                        over.piece = NOWHERE;
                        self.over.push_back(*key);
                    }
                    _ => drop(self.things.remove(key)),
                }
                if !stood_nowhere {
                    let (_, writer) = pieces.room();
                    writer.byte(THING_GONE);
                    writer.bytes.extend_from_slice(key);
                }
            }
        }
    }

    fn write_decision(&mut self, pieces: &mut Pieces, decision: &str) {
        let (piece, writer) = pieces.room();
        if let Some(Held { reservation, piece: stands_in }) = self.reservations.get_mut(decision) {
            *stands_in = piece;
            writer.byte(HELD);
            put_held(writer, decision, reservation, reservation.is_paid(decision, &self.by_order));
        } else {
            writer.byte(HELD_NO_MORE);
            writer.text(decision);
        }
    }

    /// Whoever learns of an event about an order that was forgotten recalls it first ([`Exposure::lacks`]).
    fn forget_longest_over(&mut self) {
        while self.over.len() > REMEMBERED
            && let Some(key) = self.over.pop_front()
        {
            if self.things.get(&key).is_some_and(|thing| !thing.is_kept()) {
                self.things.remove(&key);
            }
        }
    }

    /// The oldest piece, when so much of what the pieces say is overruled that it is to be written anew and dropped. It is one
    /// that an earlier batch wrote to its end.
    pub fn worn(&self, pieces: &Pieces) -> Option<u64> {
        let holds = self.things_written + self.reservations.len() as u64;
        let worn = pieces.now.entries > 2 * holds + pieces.spare && pieces.now.first < pieces.kept.last;
        worn.then_some(pieces.now.first)
    }

    /// Writes behind the last piece what still holds of the oldest, whose bytes these are; it is to be dropped then. Claims and
    /// lines that ended before a day are forgotten: what is taken back later than that opens nothing again. Says how many
    /// entries were looked at.
    ///
    /// # Errors
    /// When the bytes are no piece.
    pub fn write_anew(
        &mut self,
        pieces: &mut Pieces,
        bytes: &[u8],
        forgotten_before: Day,
    ) -> Result<u64, WireError> {
        let oldest = pieces.now.first;
        let mut reader = Reader::new(bytes);
        let mut entries = 0;
        while !reader.is_empty() {
            entries += 1;
            match entry(&mut reader)? {
                Entry::Thing(key, _) => {
                    let Some(thing) = self.things.get(&key).filter(|thing| thing.piece == oldest) else {
                        continue;
                    };
                    if thing.open() == (0, 0) && thing.day < forgotten_before.0 {
                        self.things.remove(&key);
                        self.things_written = self.things_written.saturating_sub(1);
                        continue;
                    }
                    self.write_thing(pieces, &key);
                    self.written.things.push(key);
                }
                Entry::Decision(decision, _) => {
                    if self.reservations.get(&decision).is_some_and(|held| held.piece == oldest) {
                        self.write_decision(pieces, &decision);
                        self.written.decisions.push(decision);
                    }
                }
            }
        }
        pieces.now.entries = pieces.now.entries.saturating_sub(entries);
        pieces.now.first += 1;
        Ok(entries)
    }

    /// Writes everything, into pieces of which there are none yet, and notes from now on what changes.
    pub fn write_all(&mut self, pieces: &mut Pieces) {
        self.is_noting = true;
        self.changed.things = self.things.keys().copied().collect();
        self.changed.decisions = self.reservations.keys().cloned().collect();
        self.things.values_mut().for_each(|thing| thing.piece = NOWHERE);
        self.things_written = 0;
        self.write_changes(pieces);
    }

    /// What was written is kept. Only now is an order forgotten: one that is still to be taken out of a lost batch must be there.
    pub fn keep(&mut self) {
        self.written.things.clear();
        self.written.decisions.clear();
        self.forget_longest_over();
    }

    /// What was written is lost: it is written again with the next changes.
    pub fn lose(&mut self) {
        for key in &self.written.things {
            if let Some(thing) = self.things.get_mut(key)
                && std::mem::replace(&mut thing.piece, UNSURE) == NOWHERE
            {
                self.things_written += 1;
            }
        }
        self.changed.things.append(&mut self.written.things);
        self.changed.decisions.append(&mut self.written.decisions);
    }

    /// From the one record that the whole book was written in before it was written in pieces.
    ///
    /// # Errors
    /// When the bytes are no such record.
    pub fn of_record(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let mut exposure = Self::default();
        for _ in 0..reader.count()? {
            let (key, thing) = (key(&mut reader)?, thing(&mut reader)?);
            exposure.shift(&thing, 1);
            exposure.things.insert(key, thing);
        }
        for _ in 0..reader.count()? {
            let (decision, (reservation, _)) = (decision(&mut reader)?, held(&mut reader)?);
            exposure.reserve(&decision, reservation);
        }
        if reader.is_empty() { Ok(exposure) } else { Err(WireError::Malformed) }
    }

    /// The one record of old, which tells two books apart.
    #[cfg(test)]
    pub(super) fn record(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.unsigned(self.things.len() as u64);
        let things: std::collections::BTreeMap<_, _> = self.things.iter().collect();
        things.into_iter().for_each(|(key, thing)| put_thing(&mut writer, key, thing));
        writer.unsigned(self.reservations.len() as u64);
        let held = self.expiries.iter().filter_map(|(_, decision)| self.reservations.get_key_value(decision));
        held.for_each(|(decision, held)| put_held(&mut writer, decision, &held.reservation, true));
        writer.bytes
    }

    /// From now on what changes is noted, for [`Exposure::write_changes`].
    pub fn note_changes(&mut self) {
        self.is_noting = true;
    }
}
