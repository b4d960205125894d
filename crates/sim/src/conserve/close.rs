//! The books are closed: what is missing, and the balance of the whole world.

use super::books::Books;
use super::seen::Violation;

/// Where the money of a world came from and where it is, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Money {
    /// Paid for orders.
    pub paid: i128,
    /// Paid in by merchants to cover recourse.
    pub topped_up: i128,
    /// What merchants owe the platform at the end: laid out and not recovered.
    pub lost: i128,
    /// Given back to buyers.
    pub refunded: i128,
    /// Taken back by card issuers.
    pub charged_back: i128,
    /// Paid to merchants.
    pub paid_out: i128,
    /// Kept as fees.
    pub fees: i128,
    /// Held for orders at the end.
    pub held: i128,
    /// Owed to merchants at the end.
    pub owed: i128,
}

/// What an audit found.
#[derive(Debug, Clone)]
pub struct Audit {
    /// Events read.
    pub events: u64,
    /// Orders.
    pub orders: u64,
    /// Merchants.
    pub merchants: u64,
    /// Buyers.
    pub buyers: u64,
    /// Where the money went.
    pub money: Money,
    /// The first violations.
    pub violations: Vec<Violation>,
    /// How many there are in all.
    pub violated: u64,
}

impl Books {
    /// Closes the books.
    pub fn close(mut self) -> Audit {
        let untold = self.orders.iter().position(|order| !order.told);
        if let Some(place) = untold {
            let count = self.orders.iter().filter(|order| !order.told).count();
            let detail = format!("the truth says nothing of it, nor of {} others", count - 1);
            self.violation(format!("order o{}", place + 1), detail);
        }
        for (letter, merchants) in [("m", true), ("b", false)] {
            let books = if merchants { &self.merchants } else { &self.buyers };
            let untold: Vec<u32> =
                books.iter().filter(|(_, book)| !book.told).map(|(number, _)| *number).collect();
            for number in untold {
                self.violation(format!("party {letter}{number}"), "the truth says nothing of it");
            }
        }
        let sums = self.sums;
        let came = sums.paid + sums.topped_up + sums.lost;
        let went = sums.refunded + sums.charged_back + sums.paid_out + sums.fees + sums.held + sums.owed;
        if came != went {
            let detail = format!(
                "{} paid, {} paid in by merchants and {} lost are {came}; {} refunded, {} charged back, {} paid out, {} fees, \
                 {} held and {} owed are {went}",
                sums.paid,
                sums.topped_up,
                sums.lost,
                sums.refunded,
                sums.charged_back,
                sums.paid_out,
                sums.fees,
                sums.held,
                sums.owed
            );
            self.violation("the world", detail);
        }
        let told = |books: &std::collections::BTreeMap<u32, super::books::PartyBook>| {
            books.values().filter(|book| book.told).count() as u64
        };
        Audit {
            events: self.events,
            orders: self.orders.len() as u64,
            merchants: told(&self.merchants),
            buyers: told(&self.buyers),
            money: Money {
                paid: sums.paid,
                topped_up: sums.topped_up,
                lost: sums.lost,
                refunded: sums.refunded,
                charged_back: sums.charged_back,
                paid_out: sums.paid_out,
                fees: sums.fees,
                held: sums.held,
                owed: sums.owed,
            },
            violations: self.violations,
            violated: self.violated,
        }
    }
}
