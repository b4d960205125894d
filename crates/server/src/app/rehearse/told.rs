//! What a rehearsed world left behind: the truth, and what the scores said meanwhile.

use probity_primitives::{Day, Timestamp};
use probity_sim::truth::{Ending, Intent, OrderTruth, PartyTruth};

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
    /// The first day at which a sanction took effect.
    pub sanctioned: Option<Day>,
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
    /// Discounts that the platform paid buyers back.
    pub discounts: i64,
    /// Held in reserve at the end.
    pub reserved: i64,
    /// Orders that both sides meant and that did not happen, or not in full, and what they would have brought.
    pub turned_away_honest: (u64, i64),
    /// Those that somebody meant ill.
    pub turned_away_ill: (u64, i64),
    /// Paid orders that both sides meant and nobody cancelled, and how many of them came on time.
    pub service: (u64, u64),
}

/// What a merchant sold that both sides meant.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Trade {
    /// Paid.
    pub paid: i64,
    /// Orders that were to arrive.
    pub due: u64,
    /// That did, on time.
    pub on_time: u64,
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
    /// Honest trade by merchant's number.
    pub trade: Vec<Trade>,
}

impl Lived {
    pub(super) fn order(&mut self, truth: &OrderTruth) {
        self.totals.order(truth);
        let place = truth.merchant as usize;
        if place >= self.trade.len() {
            self.trade.resize(place + 1, Trade::default());
        }
        if let Some(trade) = self.trade.get_mut(place).filter(|_| truth.intent == Intent::Honest) {
            let (due, on_time) = service(truth);
            trade.paid += truth.paid;
            trade.due += due;
            trade.on_time += on_time;
        }
    }
}

/// Whether an order was to arrive, and whether it did so on time, as counts.
fn service(truth: &OrderTruth) -> (u64, u64) {
    let due = truth.paid > 0 && !matches!(truth.did, Ending::BuyerCancelled | Ending::Open | Ending::Stopped);
    (u64::from(due), u64::from(due && truth.did == Ending::OnTime))
}

impl Totals {
    pub(super) fn order(&mut self, truth: &OrderTruth) {
        let honest = truth.intent == Intent::Honest;
        let less = truth.wanted - if truth.order == 0 { 0 } else { truth.value };
        let away = if honest { &mut self.turned_away_honest } else { &mut self.turned_away_ill };
        *away = (away.0 + u64::from(less > 0), away.1 + less);
        if truth.order == 0 {
            return;
        }
        self.orders += 1;
        self.paid += truth.paid;
        self.fees += truth.fee;
        self.discounts += truth.discount;
        if honest {
            let (due, on_time) = service(truth);
            self.paid_honest += truth.paid;
            self.service = (self.service.0 + due, self.service.1 + on_time);
        }
        if let Some(place) = Intent::ALL.iter().position(|intent| *intent == truth.intent)
            && let Some(harm) = self.harm.get_mut(place)
        {
            *harm += truth.harm;
        }
    }
}
