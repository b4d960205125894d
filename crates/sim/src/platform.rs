//! The platform as the world meets it: it sees every event and decides who may trade and what badge buyers see.

use crate::event::{Event, Number};
use crate::truth::{OrderTruth, PartyTruth};
use probity_primitives::Day;

/// How a party stands with the platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// What buyers see: below 0 warns, above 0 commends. Means nothing for buyers.
    pub badge: i8,
    /// Whether it may trade.
    pub trades: bool,
}

impl Standing {
    /// How everybody begins.
    pub const PLAIN: Self = Self { badge: 0, trades: true };
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

    /// Nothing more will happen to an order.
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
