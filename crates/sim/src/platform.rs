//! The platform as the world meets it: it sees every event and decides who may trade and what badge buyers see.

use crate::event::{Event, Number};
use crate::truth::{OrderTruth, PartyTruth};
use probity_primitives::{Day, Timestamp};

/// What a platform grants a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grants {
    /// Days from delivery (or the promised day, where no delivery is told) until a merchant is credited.
    pub payout_days: u16,
    /// Share of what a merchant is credited that is held in a rolling reserve, in basis points.
    pub reserve: u16,
    /// Off the fee of a merchant, or off the prices for a buyer, in basis points of the price.
    pub discount: u16,
}

/// How a party stands with the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What buyers see: below 0 warns, above 0 commends. Means nothing for buyers.
    pub badge: i8,
    /// Whether it may trade.
    pub trades: bool,
    /// Whether money leaves for it. Who may not trade is not paid out either.
    pub paid_out: bool,
    /// Its terms; those of the world's customs where the platform has none.
    pub grants: Option<Grants>,
}

impl Standing {
    /// How everybody begins.
    pub const PLAIN: Self = Self { badge: 0, trades: true, paid_out: true, grants: None };
}

/// What the platform is asked before an order is placed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// The number that the order will have.
    pub order: u64,
    /// Who sells.
    pub merchant: Number,
    /// Who buys.
    pub buyer: Number,
    /// When.
    pub at: Timestamp,
    /// What the buyer is to pay.
    pub value: i64,
    /// What is bought: the place among the world's categories.
    pub category: u16,
    /// How it will be paid.
    pub method: &'static str,
}

/// What the platform answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// Yes.
    Approve {
        /// Up to this value; no bound when missing.
        most: Option<i64>,
        /// After a further proof.
        proof: bool,
    },
    /// No.
    Decline,
}

impl Answer {
    /// A plain yes.
    pub const YES: Self = Self::Approve { most: None, proof: false };
}

/// A change of a party's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change {
    /// True for a merchant.
    pub merchant: bool,
    /// Whose.
    pub number: Number,
    /// The new one.
    pub standing: Standing,
}

/// Why a world stopped before its end.
#[derive(Debug)]
pub struct Stopped<E>(pub E);

/// Whoever runs the marketplace, and whoever writes down what happens.
pub trait Platform {
    /// What can go wrong outside the world.
    type Error;

    /// An event happened. Events come in the order in which they happen.
    ///
    /// # Errors
    /// Stops the world.
    fn event(&mut self, event: &Event) -> Result<(), Self::Error>;

    /// May this order be placed? Who never answers approves everything.
    fn asked(&mut self, _payment: &Asked) -> Answer {
        Answer::YES
    }

    /// Nothing more will happen to an order, or it was never let happen.
    ///
    /// # Errors
    /// Stops the world.
    fn order(&mut self, _truth: &OrderTruth) -> Result<(), Self::Error> {
        Ok(())
    }

    /// The world ended; told of every party.
    ///
    /// # Errors
    /// Stops the world.
    fn party(&mut self, _truth: &PartyTruth) -> Result<(), Self::Error> {
        Ok(())
    }

    /// A day ended: whose standing is another one from now on.
    ///
    /// # Errors
    /// Stops the world.
    fn day_ended(&mut self, _day: Day, _changes: &mut Vec<Change>) -> Result<(), Self::Error> {
        Ok(())
    }
}
