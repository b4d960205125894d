//! What a rehearsed world left behind: the truth, and what the scores said meanwhile.

use probity_primitives::{Day, Timestamp};
use probity_sim::truth::{Intent, OrderTruth, PartyTruth};

/// What a review said of a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reviewed {
    /// The day at whose end it was.
    pub day: Day,
    /// The score.
    pub score: i32,
    /// Place of the tier, from the worst.
    pub tier: u8,
    /// Some gate held.
    pub gated: bool,
    /// Matured orders, or whatever the scorecard calls history.
    pub history: u32,
}

impl Reviewed {
    /// At a gate or in the lowest tier.
    pub fn low(&self) -> bool {
        self.gated || self.tier == 0
    }
}

/// A party: the truth about it, and its reviews.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The truth.
    pub truth: PartyTruth,
    /// Its reviews, oldest first.
    pub reviews: Vec<Reviewed>,
    /// The first day at whose end it was told that it may not trade.
    pub stopped: Option<Day>,
    /// When a violation of it was first established: part of what the platform is told, by whomever.
    pub found_at: Option<Timestamp>,
}

/// Sums of a world, in minor units of its currency.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals {
    /// Events that happened.
    pub events: u64,
    /// Orders.
    pub orders: u64,
    /// Paid for orders that both sides meant, in all and with honest merchants.
    pub paid_honest: i64,
    /// Paid for all orders.
    pub paid: i64,
    /// The platform's fees.
    pub fees: i64,
    /// Harm by intent, in the order of [`Intent::ALL`].
    pub harm: [i64; Intent::ALL.len()],
    /// Refunds that the guarantee fund bore.
    pub compensated: i64,
    /// What the platform laid out for merchants and did not get back.
    pub unrecovered: i64,
    /// Credit written off.
    pub written_off: i64,
}

/// What a world left behind.
#[derive(Debug, Clone, Default)]
pub struct Lived {
    /// Sums.
    pub totals: Totals,
    /// Merchants by number.
    pub merchants: Vec<Watched>,
    /// Buyers by number.
    pub buyers: Vec<Watched>,
    /// Orders that harmed somebody.
    pub harmful: Vec<OrderTruth>,
}

impl Totals {
    pub(super) fn order(&mut self, truth: &OrderTruth) {
        self.orders += 1;
        self.paid += truth.paid;
        self.fees += truth.fee;
        if truth.intent == Intent::Honest {
            self.paid_honest += truth.paid;
        }
        if let Some(place) = Intent::ALL.iter().position(|intent| *intent == truth.intent)
            && let Some(harm) = self.harm.get_mut(place)
        {
            *harm += truth.harm;
        }
    }
}
