//! Merchants and buyers as the world keeps them.

use crate::event::Number;
use crate::platform::Standing;
use probity_primitives::Timestamp;

/// No merchant.
pub(crate) const NOBODY: Number = Number::MAX;

/// A merchant.
#[derive(Debug, Clone)]
pub(crate) struct Merchant {
    /// Its archetype's place.
    pub(crate) kind: u16,
    /// The person behind it.
    pub(crate) person: u64,
    /// The ring it belongs to.
    pub(crate) ring: Option<u32>,
    /// What it sells.
    pub(crate) category: u16,
    /// Its price level now, as a multiple of the market's.
    pub(crate) price: f64,
    /// How much it is seen now.
    pub(crate) visibility: f64,
    /// The value of its orders now, as a multiple of the usual.
    pub(crate) ticket: f64,
    /// Its handling time, median in hours.
    pub(crate) handling_hours: f64,
    /// When it joins.
    pub(crate) opened: Timestamp,
    /// When it left.
    pub(crate) closed: Option<Timestamp>,
    /// It has joined and not left.
    pub(crate) open: bool,
    /// What the platform says of it.
    pub(crate) standing: Standing,
    /// It takes orders and sends nothing, for now.
    pub(crate) harvests: bool,
    /// Stars given so far, and by how many.
    pub(crate) stars: u32,
    /// Ratings so far.
    pub(crate) ratings: u32,
    /// Paid orders that have not left.
    pub(crate) waiting: u32,
    /// Orders so far.
    pub(crate) orders: u32,
    /// Credited by the platform less paid out and taken back.
    pub(crate) balance: i64,
    /// Credited and held in reserve; never while the balance is below 0.
    pub(crate) reserved: i64,
    /// Paid in from outside.
    pub(crate) topped_up: i64,
    /// What it owes for a compensated claim.
    pub(crate) recourse: Option<Recourse>,
    /// First act meant ill.
    pub(crate) first_bad: Option<Timestamp>,
    /// The scheme was found out already.
    pub(crate) found: bool,
    /// Buyers who do as it says: first and last number.
    pub(crate) accomplices: (Number, Number),
    /// When its scheme begins and ends.
    pub(crate) scheme: (Timestamp, Timestamp),
    /// Names used by the person before this one.
    pub(crate) names: u32,
    /// Device and other tokens are numbered by party; a stolen or shared one is another's.
    pub(crate) token: u64,
}

impl Merchant {
    /// It can take an order now.
    pub(crate) fn sells(&self) -> bool {
        self.open && self.standing.trades
    }

    /// The price level that buyers see: a share of a lower fee is passed on to them.
    pub(crate) fn shown_price(&self, passed_on: f64) -> f64 {
        let off = self.standing.grants.map_or(0.0, |grants| f64::from(grants.discount) / 10_000.0);
        self.price * (1.0 - passed_on * off)
    }

    /// The rating that buyers see: the mean, drawn to `mean` by `prior` reviews.
    pub(crate) fn shown_rating(&self, prior: f64, mean: f64) -> f64 {
        (f64::from(self.stars) + prior * mean) / (f64::from(self.ratings) + prior)
    }
}

/// A buyer.
#[derive(Debug, Clone)]
pub(crate) struct Buyer {
    /// Its archetype's place.
    pub(crate) kind: u16,
    /// The ring it belongs to.
    pub(crate) ring: Option<u32>,
    /// The person behind it.
    pub(crate) person: u64,
    /// Orders a year.
    pub(crate) rate: f64,
    /// When it joins.
    pub(crate) opened: Timestamp,
    /// It may buy.
    pub(crate) standing: Standing,
    /// The merchant of the last order that went well.
    pub(crate) favourite: Number,
    /// Visits so far.
    pub(crate) visits: u32,
    /// Place of its credit line, if any.
    pub(crate) line: u32,
    /// First act meant ill.
    pub(crate) first_bad: Option<Timestamp>,
    /// Device and other tokens; accounts of one person share it.
    pub(crate) token: u64,
    /// Accounts that use them already.
    pub(crate) accounts_before: u32,
}

/// What a merchant owes for a compensated claim.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Recourse {
    pub(crate) id: u64,
    pub(crate) claim: u64,
    pub(crate) due: Timestamp,
    pub(crate) value: i64,
    /// The platform was told that it fell due.
    pub(crate) told: bool,
}

/// A credit line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    pub(crate) limit: i64,
    pub(crate) outstanding: i64,
    /// Until when income is short.
    pub(crate) shock_until: Timestamp,
    /// The last month for which chance decided about a shock.
    pub(crate) decided: i32,
}

/// No line.
pub(crate) const NO_LINE: u32 = u32::MAX;
