//! The book of what is open.

use super::item::{CLAIM, CREDIT, Change, Key, ORDER, Part};
use probity_primitives::{Day, Timestamp};
use std::collections::{BTreeSet, HashMap, VecDeque};

/// A party's number, as its keeper counts parties.
pub(super) type Number = u32;

/// What is known of one order, line or claim.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Thing {
    pub(super) merchant: Option<Number>,
    pub(super) buyer: Option<Number>,
    pub(super) amount: i64,
    /// Events that ended it, less those taken back.
    pub(super) ends: i32,
    /// Events that opened it, less those taken back.
    pub(super) begins: i32,
    pub(super) kind: u8,
    /// The latest day of its events.
    pub(super) day: i32,
    /// The piece that it stands in, [`NOWHERE`] if in none.
    pub(super) piece: u64,
}

/// The number of no piece.
pub(super) const NOWHERE: u64 = 0;

/// What an approval holds until it is used, given up or too old.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The merchant.
    pub merchant: Option<u32>,
    /// The buyer.
    pub buyer: Option<u32>,
    /// The amount in minor units of the reporting currency.
    pub amount: i64,
    /// Until when.
    pub expires_at: Timestamp,
    /// The order (for credit: the line) it is for; its payment uses the reservation up.
    pub order: Option<Box<str>>,
    /// The approval was used; its payment has not been told yet.
    pub confirmed: bool,
}

impl Reservation {
    /// True when the payment of its order uses up this, which a decision holds.
    pub(super) fn is_paid(&self, decision: &str, by_order: &ByOrder) -> bool {
        let last = self.order.as_ref().and_then(|order| by_order.get(order));
        last.is_some_and(|last| **last == *decision)
    }
}

/// A reservation, and the piece that it stands in.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) reservation: Reservation,
    pub(super) piece: u64,
}

/// Things and decisions.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    pub(super) things: Vec<Key>,
    pub(super) decisions: Vec<Box<str>>,
}

/// Decisions by the order that they hold an amount for.
pub(super) type ByOrder = HashMap<Box<str>, Box<str>>;

/// The book.
#[derive(Debug, Clone, Default)]
pub struct Exposure {
    pub(super) things: HashMap<Key, Thing>,
    pub(super) reservations: HashMap<Box<str>, Held>,
    pub(super) expiries: BTreeSet<(Timestamp, Box<str>)>,
    /// Decisions by the order that they hold an amount for; of several the last.
    pub(super) by_order: ByOrder,
    parties: HashMap<Number, i64>,
    pairs: HashMap<(Number, Number), i64>,
    /// Things that stand in a piece.
    pub(super) things_written: u64,
    /// Somebody writes it down.
    pub(super) is_noting: bool,
    /// What changed since it was last written.
    pub(super) changed: Named,
    /// What the batch at hand has written.
    pub(super) written: Named,
    /// Orders of which nothing is open, still remembered, the longest over first.
    pub(super) over: VecDeque<Key>,
}

impl Thing {
    /// Takes in what an event changes (`sign` 1), or takes it back (−1).
    fn take(&mut self, change: &Change<'_>, parties: (Option<u32>, Option<u32>), sign: i32) {
        self.merchant = self.merchant.or(parties.0);
        self.buyer = self.buyer.or(parties.1);
        self.day = self.day.max(change.event.occurred_at.day().0);
        match change.part {
            Part::Order(amount) | Part::Credit(amount) => {
                self.amount = self.amount.saturating_add(amount.saturating_mul(i64::from(sign)));
            }
            Part::Claim(amount) => {
                self.amount = self.amount.saturating_add(amount.saturating_mul(i64::from(sign)));
                self.begins += sign;
            }
            Part::OrderEnds | Part::ClaimEnds => self.ends += sign,
        }
    }

    /// What counts of it, for the merchant and for the buyer.
    pub(super) fn open(&self) -> (i64, i64) {
        let amount = self.amount.max(0);
        match self.kind {
            CREDIT => (0, amount),
            CLAIM => (if self.ends > 0 || self.begins <= 0 { 0 } else { amount }, 0),
            _ if self.ends > 0 => (0, 0),
            _ => (amount, amount),
        }
    }

    /// True when it is to be written down. Of an order of which nothing is open nothing is: its rows are found again.
    pub(super) fn is_kept(&self) -> bool {
        !self.is_over() && (self.kind != ORDER || self.open() != (0, 0))
    }

    /// Nothing of it is left to remember.
    pub(super) fn is_over(&self) -> bool {
        self.amount == 0 && self.ends == 0 && self.begins == 0
    }
}

impl Exposure {
    /// Takes in what an event changes (`sign` 1) or takes it back (−1). `parties` are the numbers of its merchant and its buyer. The decision
    /// whose reservation the event used up, if it did, and what that was.
    pub fn apply(
        &mut self,
        change: &Change<'_>,
        parties: (Option<u32>, Option<u32>),
        sign: i32,
    ) -> Option<(Box<str>, Reservation)> {
        let Change { id, key, kind, part, .. } = *change;
        let before = self.things.get(&key).copied().unwrap_or(Thing { kind, ..Thing::default() });
        let mut after = before;
        after.take(change, parties, sign);
        self.shift(&before, -1);
        self.shift(&after, 1);
        self.note_thing(key);
        if after.is_over() && after.piece == NOWHERE {
            self.things.remove(&key);
        } else {
            self.things.insert(key, after);
        }
        let pays = sign > 0 && matches!(part, Part::Order(amount) | Part::Credit(amount) if amount > 0);
        let decision = if pays { self.by_order.get(id).cloned() } else { None };
        let same = |reservation: &Reservation| {
            let fits = |own: Option<u32>, of: Option<u32>| own.is_none() || own == of;
            fits(reservation.merchant, parties.0) && fits(reservation.buyer, parties.1)
        };
        let decision = decision.filter(|decision| self.reservation(decision).is_some_and(same))?;
        let used_up = self.close(&decision)?;
        Some((decision, used_up))
    }

    /// Forgets what ended before a day. What is taken back later than that opens nothing again.
    pub fn forget_before(&mut self, day: Day) {
        self.things.retain(|_, thing| thing.day >= day.0 || thing.open() != (0, 0));
    }

    /// The order that a change is about and of which nothing is remembered: it is new, or over.
    pub fn lacks<'e>(&self, change: &Change<'e>) -> Option<&'e str> {
        (change.kind == ORDER && !self.things.contains_key(&change.key)).then_some(change.id)
    }

    /// Remembers an order again, from what all events about it change that stand, with the numbers of their parties. Other
    /// things are passed over; so are all when the order is remembered.
    pub fn recall<'e>(
        &mut self,
        changes: impl IntoIterator<Item = (Change<'e>, (Option<u32>, Option<u32>))>,
    ) {
        let mut things: HashMap<Key, Thing> = HashMap::new();
        for (change, parties) in changes {
            if change.kind == ORDER {
                let fresh = Thing { kind: ORDER, ..Thing::default() };
                things.entry(change.key).or_insert(fresh).take(&change, parties, 1);
            }
        }
        for (key, thing) in things {
            if !thing.is_over() && !self.things.contains_key(&key) {
                self.shift(&thing, 1);
                self.things.insert(key, thing);
                self.note_thing(key);
            }
        }
    }

    fn note_thing(&mut self, key: Key) {
        if self.is_noting {
            self.changed.things.push(key);
        }
    }

    fn note_decision(&mut self, decision: &str) {
        if self.is_noting {
            self.changed.decisions.push(decision.into());
        }
    }

    pub(super) fn shift(&mut self, thing: &Thing, sign: i64) {
        let (merchant, buyer) = thing.open();
        self.add(thing.merchant, merchant * sign);
        self.add(thing.buyer, buyer * sign);
        if thing.kind == ORDER {
            self.add_pair(thing.merchant, thing.buyer, merchant * sign);
        }
    }

    fn add(&mut self, party: Option<Number>, amount: i64) {
        let Some(party) = party.filter(|_| amount != 0) else { return };
        let sum = self.parties.entry(party).or_default();
        *sum = sum.saturating_add(amount);
        if *sum == 0 {
            self.parties.remove(&party);
        }
    }

    fn add_pair(&mut self, merchant: Option<Number>, buyer: Option<Number>, amount: i64) {
        let Some(pair) = merchant.zip(buyer).filter(|_| amount != 0) else { return };
        let sum = self.pairs.entry(pair).or_default();
        *sum = sum.saturating_add(amount);
        if *sum == 0 {
            self.pairs.remove(&pair);
        }
    }

    /// What a party has open, reservations included.
    pub fn of(&self, party: u32) -> i64 {
        self.parties.get(&party).copied().unwrap_or(0)
    }

    /// How many orders of a party are open, and what they come to; reservations are none.
    pub fn open_orders(&self, party: u32) -> (u64, i64) {
        let own = |thing: &&Thing| {
            thing.kind == ORDER && [thing.merchant, thing.buyer].contains(&Some(party)) && thing.open().0 > 0
        };
        let open = self.things.values().filter(own);
        open.fold((0, 0), |(count, sum), thing| (count + 1, thing.open().0.saturating_add(sum)))
    }

    /// What a buyer has open with a merchant, reservations included.
    pub fn of_pair(&self, merchant: u32, buyer: u32) -> i64 {
        self.pairs.get(&(merchant, buyer)).copied().unwrap_or(0)
    }

    /// Holds an amount for a decision. A decision that holds something already keeps what it has.
    pub fn reserve(&mut self, decision: &str, reservation: Reservation) {
        if self.reservations.contains_key(decision) {
            return;
        }
        self.note_decision(decision);
        if let Some(order) = &reservation.order
            && let Some(before) = self.by_order.insert(order.clone(), decision.into())
        {
            // The payment of the order uses up another one from now on.
            self.note_decision(&before);
        }
        self.enter(decision, reservation, NOWHERE);
    }

    fn enter(&mut self, decision: &str, reservation: Reservation, piece: u64) {
        self.hold(&reservation, 1);
        self.expiries.insert((reservation.expires_at, decision.into()));
        self.reservations.insert(decision.into(), Held { reservation, piece });
    }

    /// Takes up what a piece says of a decision: nothing more is held, or this; with `is_paid` the payment of its order uses it
    /// up.
    pub(super) fn take_up(&mut self, decision: &str, held: Option<(Reservation, bool)>, piece: u64) {
        self.close(decision);
        if let Some((reservation, is_paid)) = held {
            if let Some(order) = reservation.order.as_ref().filter(|_| is_paid) {
                self.by_order.insert(order.clone(), decision.into());
            }
            self.enter(decision, reservation, piece);
        }
    }

    fn hold(&mut self, reservation: &Reservation, sign: i64) {
        let amount = reservation.amount * sign;
        self.add(reservation.merchant, amount);
        self.add(reservation.buyer, amount);
        self.add_pair(reservation.merchant, reservation.buyer, amount);
    }

    /// Lets go of what a decision holds; what it was.
    pub fn close(&mut self, decision: &str) -> Option<Reservation> {
        let Held { reservation, .. } = self.reservations.remove(decision)?;
        self.note_decision(decision);
        self.hold(&reservation, -1);
        self.expiries.remove(&(reservation.expires_at, decision.into()));
        if let Some(order) = &reservation.order
            && self.by_order.get(order).is_some_and(|own| **own == *decision)
        {
            self.by_order.remove(order);
        }
        Some(reservation)
    }

    /// An approval was used. What it holds stays held until the payment of its order comes, so that nothing is uncounted in
    /// between, but no longer than `until`; without an order nothing could be matched, and it is let go of at once. What it
    /// was before.
    pub fn confirm(
        &mut self,
        decision: &str,
        order: Option<Box<str>>,
        until: Timestamp,
    ) -> Option<Reservation> {
        let before = self.close(decision)?;
        let order = order.or_else(|| before.order.clone());
        if order.is_some() {
            let expires_at = until.max(before.expires_at);
            self.reserve(decision, Reservation { expires_at, order, confirmed: true, ..before.clone() });
        }
        Some(before)
    }

    /// What a decision holds.
    pub fn reservation(&self, decision: &str) -> Option<&Reservation> {
        self.reservations.get(decision).map(|held| &held.reservation)
    }

    /// Decisions whose reservations are too old at a moment, oldest first. They are not let go of by this.
    pub fn expired(&self, now: Timestamp) -> Vec<Box<str>> {
        let old = self.expiries.iter().take_while(|(expires_at, _)| *expires_at <= now);
        old.map(|(_, decision)| decision.clone()).collect()
    }

    /// When the next reservation becomes too old.
    pub fn next_expiry(&self) -> Option<Timestamp> {
        self.expiries.first().map(|(expires_at, _)| *expires_at)
    }
}
