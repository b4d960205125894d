//! Figures by order and party, and the laws that can be checked as events go by.

use super::seen::{EventSeen, OrderSeen, PartySeen, Violation, number};
use std::collections::BTreeMap;

/// Violations that are told in full; the rest is counted.
const TOLD: usize = 100;

/// Orders in a row whose placing may be missing while those behind them are still followed; bounds what a hostile id makes.
const LEFT_OUT: u64 = 1_000;

/// What events say of an order.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OrderBook {
    pub(super) placed_at: i64,
    pub(super) merchant: u32,
    pub(super) buyer: u32,
    pub(super) value: i64,
    pub(super) paid: i64,
    pub(super) refunded: i64,
    pub(super) charged_back: i64,
    pub(super) shipped: bool,
    /// The truth about it was read.
    pub(super) told: bool,
}

/// What events and orders say of a party.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct PartyBook {
    pub(super) joined: bool,
    /// Credited, paid out, and taken back again.
    pub(super) released: i64,
    pub(super) paid_out: i64,
    pub(super) taken_back: i64,
    /// Of a credit line.
    pub(super) drawn: i64,
    pub(super) repaid: i64,
    pub(super) written_off: i64,
    /// The truth about it was read.
    pub(super) told: bool,
}

/// Sums over a world; wider than any of their parts.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    pub(super) paid: i128,
    pub(super) topped_up: i128,
    pub(super) refunded: i128,
    pub(super) charged_back: i128,
    pub(super) paid_out: i128,
    pub(super) fees: i128,
    pub(super) held: i128,
    /// Balances above 0, and what is missing below 0.
    pub(super) owed: i128,
    pub(super) lost: i128,
}

/// The books of a world.
#[derive(Debug, Default)]
pub struct Books {
    pub(super) events: u64,
    serial: u64,
    last_at: Option<i64>,
    pub(super) orders: Vec<OrderBook>,
    pub(super) merchants: BTreeMap<u32, PartyBook>,
    pub(super) buyers: BTreeMap<u32, PartyBook>,
    pub(super) sums: Sums,
    pub(super) violations: Vec<Violation>,
    pub(super) violated: u64,
}

fn party(letter: &str, id: &str) -> Option<u32> {
    number(letter, id).and_then(|number| u32::try_from(number).ok())
}

impl Books {
    /// Notes a violation.
    pub fn violation(&mut self, about: impl Into<String>, detail: impl Into<String>) {
        self.violated += 1;
        if self.violations.len() < TOLD {
            self.violations.push(Violation { about: about.into(), detail: detail.into() });
        }
    }

    /// Takes the next event of the file.
    pub fn event(&mut self, event: &EventSeen<'_>) {
        self.events += 1;
        let serial = number("e", event.id);
        if serial != Some(self.serial + 1) {
            let detail = format!("it stands where e{} belongs: ids count the events", self.serial + 1);
            self.violation(format!("event {}", event.id), detail);
        }
        // Counted on from here, so that one event left out is told once.
        self.serial = serial.filter(|serial| *serial < u64::MAX).unwrap_or(self.serial + 1);
        if let Some(last) = self.last_at.replace(event.at).filter(|last| event.at < *last) {
            let detail =
                format!("it occurred {} ms before the event above it", last.saturating_sub(event.at));
            self.violation(format!("event {}", event.id), detail);
        }
        let merchant = event.merchant.map(|id| party("m", id));
        let buyer = event.buyer.map(|id| party("b", id));
        if merchant == Some(None) || buyer == Some(None) {
            self.violation(format!("event {}", event.id), "a party's id is not a letter and a number");
        }
        let (merchant, buyer) = (merchant.flatten(), buyer.flatten());
        if event.kind == "account.opened" {
            self.joins(event, merchant, buyer);
        }
        match event.order.map(|id| number("o", id)) {
            None => {}
            Some(None) => {
                self.violation(format!("event {}", event.id), "the order's id is not o and a number")
            }
            Some(Some(order)) if event.kind == "order.placed" => self.placed(order, event, merchant, buyer),
            Some(Some(order)) => self.of_order(order, event, merchant, buyer),
        }
        self.money(event, merchant, buyer);
    }

    fn joins(&mut self, event: &EventSeen<'_>, merchant: Option<u32>, buyer: Option<u32>) {
        let book = match (merchant, buyer) {
            (Some(number), None) => self.merchants.entry(number).or_default(),
            (None, Some(number)) => self.buyers.entry(number).or_default(),
            _ => return self.violation(format!("event {}", event.id), "an account is one party's"),
        };
        if std::mem::replace(&mut book.joined, true) {
            let id = event.merchant.or(event.buyer).unwrap_or_default();
            self.violation(format!("party {id}"), "it joins twice");
        }
    }

    fn placed(&mut self, order: u64, event: &EventSeen<'_>, merchant: Option<u32>, buyer: Option<u32>) {
        let about = || format!("order o{order}");
        if order != self.orders.len() as u64 + 1 {
            let detail = format!("placed where o{} belongs: ids count the orders", self.orders.len() + 1);
            self.violation(about(), detail);
            let left_out = order.checked_sub(1 + self.orders.len() as u64).filter(|count| *count <= LEFT_OUT);
            let Some(left_out) = left_out else { return };
            self.orders.extend((0..left_out).map(|_| OrderBook::default()));
        }
        let (Some(merchant), Some(buyer), Some(value)) = (merchant, buyer, event.value) else {
            self.orders.push(OrderBook::default());
            return self.violation(about(), "placed without a merchant, a buyer or a value");
        };
        let joined =
            |books: &BTreeMap<u32, PartyBook>, number| books.get(number).is_some_and(|book| book.joined);
        let there = [joined(&self.merchants, &merchant), joined(&self.buyers, &buyer)];
        for (there, id) in there.into_iter().zip([event.merchant, event.buyer]) {
            if !there {
                self.violation(about(), format!("placed although {} has not joined", id.unwrap_or_default()));
            }
        }
        self.orders.push(OrderBook { placed_at: event.at, merchant, buyer, value, ..OrderBook::default() });
    }

    fn book_of(&self, order: u64) -> Option<usize> {
        usize::try_from(order.checked_sub(1)?).ok().filter(|place| *place < self.orders.len())
    }

    fn of_order(&mut self, order: u64, event: &EventSeen<'_>, merchant: Option<u32>, buyer: Option<u32>) {
        let about = || format!("order o{order}");
        let Some(place) = self.book_of(order) else {
            return self.violation(about(), format!("{} ({}) before it was placed", event.kind, event.id));
        };
        let book = self.orders[place];
        let early = event.at < book.placed_at;
        let strangers = merchant.is_some_and(|merchant| merchant != book.merchant)
            || buyer.is_some_and(|buyer| buyer != book.buyer);
        if early {
            self.violation(about(), format!("{} ({}) before it was placed", event.kind, event.id));
        }
        if strangers {
            self.violation(about(), format!("{} ({}) between other parties", event.kind, event.id));
        }
        let value = event.value.unwrap_or(0);
        let book = &mut self.orders[place];
        match event.kind {
            "order.shipped" => book.shipped = true,
            "order.delivered" if !book.shipped => {
                self.violation(about(), format!("delivered ({}) before it was shipped", event.id));
            }
            "order.paid" => book.paid = book.paid.saturating_add(value),
            "refund.issued" => {
                book.refunded = book.refunded.saturating_add(value);
                if book.paid == 0 {
                    self.violation(about(), format!("a refund ({}) without a payment", event.id));
                }
            }
            "card_dispute.decided" if event.lost_by == Some("merchant") => {
                book.charged_back = book.charged_back.saturating_add(value);
            }
            _ => {}
        }
        let book = self.orders[place];
        if matches!(event.kind, "refund.issued" | "card_dispute.decided")
            && book.paid > 0
            && book.refunded.saturating_add(book.charged_back) > book.paid
        {
            let detail = format!(
                "{} refunded and {} charged back of {} paid ({})",
                book.refunded, book.charged_back, book.paid, event.id
            );
            self.violation(about(), detail);
        }
    }

    fn money(&mut self, event: &EventSeen<'_>, merchant: Option<u32>, buyer: Option<u32>) {
        let value = event.value.unwrap_or(0);
        if value < 0 {
            self.violation(format!("event {}", event.id), format!("an amount of {value}"));
        }
        if event.kind == "payout.made" {
            let Some(merchant) = merchant else { return };
            let book = self.merchants.entry(merchant).or_default();
            book.paid_out = book.paid_out.saturating_add(value);
            self.sums.paid_out += i128::from(value);
            return;
        }
        if !matches!(event.kind, "credit.drawn" | "credit.repaid" | "credit.written_off") {
            return;
        }
        let line = event.line.and_then(|id| party("l", id));
        let Some(buyer) = buyer.filter(|buyer| line == Some(*buyer)) else {
            return self.violation(format!("event {}", event.id), "the credit line is not the buyer's");
        };
        let book = self.buyers.entry(buyer).or_default();
        let sum = match event.kind {
            "credit.drawn" => &mut book.drawn,
            "credit.repaid" => &mut book.repaid,
            _ => &mut book.written_off,
        };
        *sum = sum.saturating_add(value);
        if book.drawn < book.repaid.saturating_add(book.written_off) {
            let detail = format!(
                "{} repaid and {} written off of {} drawn ({})",
                book.repaid, book.written_off, book.drawn, event.id
            );
            self.violation(format!("credit line l{buyer}"), detail);
        }
    }

    /// Takes the truth about an order, after all events.
    pub fn order(&mut self, order: &OrderSeen<'_>) {
        let about = || format!("order {}", order.id);
        if number("o", order.id) == Some(0) {
            return self.declined(order);
        }
        let Some(place) = number("o", order.id).and_then(|number| self.book_of(number)) else {
            return self.violation(about(), "the truth speaks of it, but it was never placed");
        };
        if std::mem::replace(&mut self.orders[place].told, true) {
            return self.violation(about(), "the truth speaks of it twice");
        }
        let book = self.orders[place];
        let same = party("m", order.merchant) == Some(book.merchant)
            && party("b", order.buyer) == Some(book.buyer)
            && order.placed_at == book.placed_at
            && order.value == book.value;
        if !same {
            self.violation(about(), "the truth has other parties, another value or another moment");
        }
        for (what, told, events) in [
            ("paid", order.paid, book.paid),
            ("refunded", order.refunded, book.refunded),
            ("charged back", order.charged_back, book.charged_back),
        ] {
            if told != events {
                self.violation(about(), format!("{told} {what} by the truth, {events} by the events"));
            }
        }
        // What was given back came out of what was held, or from the merchant.
        let from_held = i128::from(order.paid)
            - [order.released, order.fee, order.held].map(i128::from).iter().sum::<i128>();
        let given_back = i128::from(order.refunded) + i128::from(order.charged_back);
        let negative = [order.released, order.fee, order.held].into_iter().any(|amount| amount < 0);
        if negative || from_held < 0 || from_held > given_back {
            let detail = format!(
                "{} paid, but {} released, {} kept as a fee, {} held and {given_back} given back",
                order.paid, order.released, order.fee, order.held
            );
            self.violation(about(), detail);
        }
        let merchant = self.merchants.entry(book.merchant).or_default();
        merchant.released = merchant.released.saturating_add(order.released);
        let taken_back = i64::try_from(given_back - from_held).unwrap_or(i64::MAX);
        merchant.taken_back = merchant.taken_back.saturating_add(taken_back);
        let sums = &mut self.sums;
        sums.paid += i128::from(order.paid);
        sums.refunded += i128::from(order.refunded);
        sums.charged_back += i128::from(order.charged_back);
        sums.fees += i128::from(order.fee);
        sums.held += i128::from(order.held);
    }

    /// What was declined moves no money.
    fn declined(&mut self, order: &OrderSeen<'_>) {
        let OrderSeen { paid, refunded, charged_back, released, fee, held, .. } = *order;
        if [paid, refunded, charged_back, released, fee, held].iter().any(|amount| *amount != 0) {
            let about = format!("an order between {} and {}", order.merchant, order.buyer);
            self.violation(about, "it was declined, and yet money moved");
        }
    }

    /// Takes the truth about a party, after all orders.
    pub fn party(&mut self, truth: &PartySeen<'_>) {
        let about = || format!("party {}", truth.id);
        let (letter, books) =
            if truth.merchant { ("m", &mut self.merchants) } else { ("b", &mut self.buyers) };
        let Some(number) = party(letter, truth.id) else {
            return self.violation(about(), "its id is not a letter and a number");
        };
        let book = books.entry(number).or_default();
        let twice = std::mem::replace(&mut book.told, true);
        let book = *book;
        if twice {
            return self.violation(about(), "the truth speaks of it twice");
        }
        if truth.merchant {
            let balance = i128::from(book.released) - i128::from(book.paid_out) - i128::from(book.taken_back)
                + i128::from(truth.topped_up);
            if balance != i128::from(truth.balance) || truth.topped_up < 0 {
                let detail = format!(
                    "{} released, {} paid out, {} taken back and {} paid in make {balance}, not {}",
                    book.released, book.paid_out, book.taken_back, truth.topped_up, truth.balance
                );
                self.violation(about(), detail);
            }
            // A reserve is part of what is owed, and never kept from somebody who owes.
            if truth.reserved < 0 || truth.reserved > truth.balance.max(0) {
                let detail = format!("{} in reserve of {} owed", truth.reserved, truth.balance);
                self.violation(about(), detail);
            }
            self.sums.topped_up += i128::from(truth.topped_up);
            let side = if truth.balance < 0 { &mut self.sums.lost } else { &mut self.sums.owed };
            *side += i128::from(truth.balance.unsigned_abs());
        } else {
            let outstanding = i128::from(book.drawn) - i128::from(book.repaid) - i128::from(book.written_off);
            if outstanding != i128::from(truth.outstanding) || outstanding < 0 {
                let detail = format!(
                    "{} drawn, {} repaid and {} written off leave {outstanding}, not {}",
                    book.drawn, book.repaid, book.written_off, truth.outstanding
                );
                self.violation(about(), detail);
            }
        }
    }
}
