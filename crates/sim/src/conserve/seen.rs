//! What is read of the files.

use std::fmt;

/// An event, as far as laws speak of it. Ids are texts as they stand in the file; moments are milliseconds since 1970.
#[derive(Debug, Clone, Copy, Default)]
pub struct EventSeen<'a> {
    /// Its id.
    pub id: &'a str,
    /// Its type.
    pub kind: &'a str,
    /// When it occurred.
    pub at: i64,
    /// The merchant.
    pub merchant: Option<&'a str>,
    /// The buyer.
    pub buyer: Option<&'a str>,
    /// The order.
    pub order: Option<&'a str>,
    /// The amount, in minor units.
    pub value: Option<i64>,
    /// The credit line.
    pub line: Option<&'a str>,
    /// Who lost a card dispute.
    pub lost_by: Option<&'a str>,
}

/// The truth about an order.
#[derive(Debug, Clone, Copy, Default)]
pub struct OrderSeen<'a> {
    /// Its id.
    pub id: &'a str,
    /// Who sold.
    pub merchant: &'a str,
    /// Who bought.
    pub buyer: &'a str,
    /// When it was placed.
    pub placed_at: i64,
    /// Amounts: to be paid, paid, given back, taken back by card issuers, credited to the merchant, kept as a fee, held.
    pub value: i64,
    /// What was paid in.
    pub paid: i64,
    /// What was refunded.
    pub refunded: i64,
    /// What card issuers took back.
    pub charged_back: i64,
    /// What was credited to the merchant.
    pub released: i64,
    /// The platform's fee.
    pub fee: i64,
    /// What the platform still holds.
    pub held: i64,
}

/// The truth about a party.
#[derive(Debug, Clone, Copy, Default)]
pub struct PartySeen<'a> {
    /// Its id.
    pub id: &'a str,
    /// True for merchants.
    pub merchant: bool,
    /// What the platform owes it, or is owed below 0.
    pub balance: i64,
    /// Of that, what is held in reserve.
    pub reserved: i64,
    /// What it paid in from outside.
    pub topped_up: i64,
    /// Outstanding credit.
    pub outstanding: i64,
}

/// A law that does not hold, and of what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The order, party, event or file.
    pub about: String,
    /// What is wrong, with the figures.
    pub detail: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.about, self.detail)
    }
}

/// The number behind the letters of an id.
pub(super) fn number(letters: &str, id: &str) -> Option<u64> {
    let digits = id.strip_prefix(letters)?;
    let plain =
        digits == "0" || (!digits.starts_with('0') && digits.bytes().all(|byte| byte.is_ascii_digit()));
    if plain { digits.parse().ok() } else { None }
}
