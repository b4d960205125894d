//! The marketplace that a sample is of: its size and growth, and a world that stands for it.

use super::CALIBRATE_IMPOSSIBLE;
use crate::marginal::Growth;
use crate::observed::{Observed, Watch};
use crate::setting::{Setting, WORLD_INVALID};
use crate::world::run;
use probity_primitives::{Day, Problem};

/// Days that a world goes on after the last order that is looked at, so that all of them end.
const AFTER_DAYS: u32 = 120;
/// At least this part of the parties is there at the begin.
const FEWEST_THERE: f64 = 0.02;

/// The marketplace that a sample seems to be of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Market {
    /// The first day looked at.
    pub begin: Day,
    /// Days looked at.
    pub days: u32,
    /// Orders in them.
    pub orders: f64,
    /// Share of the sample's orders in all orders.
    pub kept: f64,
    /// Share of parties that are there at the begin; the others join evenly until the world ends.
    pub there_at_begin: f64,
    /// Merchants, with those that join later and those that nobody buys from.
    pub merchants: u32,
    /// Buyers, with those that join later and those that do not buy.
    pub buyers: u32,
}

/// A spread of visibility that was tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tried {
    /// The spread.
    pub spread: f64,
    /// Merchants at which as many are seen in a sample as in the real one.
    pub merchants: u32,
    /// How far orders per merchant then lie from the real ones: total variation, and the logarithm of the ratio of
    /// merchants seen.
    pub distance: f64,
}

impl Market {
    /// Size and growth by the months of a sample; the numbers of parties are not known yet.
    pub(super) fn of(sample: &[Observed]) -> Result<Self, Problem> {
        let growth = Growth::of(sample).ok_or_else(|| {
            Problem::new(CALIBRATE_IMPOSSIBLE, "the sample has no two months in a row with ten orders each")
        })?;
        let days = (growth.span.1.0 - growth.span.0.0).unsigned_abs();
        let within = sample.iter().filter(|order| inside(order, growth.span));
        let at_end = growth.first + growth.slope * f64::from(days + AFTER_DAYS);
        let there = if at_end > 0.0 { growth.first / at_end } else { 1.0 };
        Ok(Self {
            begin: growth.span.0,
            days,
            orders: growth.orders,
            kept: within.count() as f64 / growth.orders.max(1.0),
            there_at_begin: there.clamp(FEWEST_THERE, 1.0),
            merchants: 0,
            buyers: 0,
        })
    }

    /// Years that a party may trade in the days looked at, with the share of parties.
    pub(super) fn tenures(&self) -> Vec<(f64, f64)> {
        const POINTS: u32 = 24;
        let (days, all) = (f64::from(self.days), f64::from(self.days + AFTER_DAYS));
        let late = (1.0 - self.there_at_begin) / f64::from(POINTS);
        let joined = (0..POINTS).map(|at| (f64::from(at) + 0.5) / f64::from(POINTS) * all);
        let joined = joined.map(|joins| ((days - joins).max(0.0) / 365.0, late));
        std::iter::once((days / 365.0, self.there_at_begin)).chain(joined).collect()
    }

    /// Buyers who make up the orders at so many orders a year each.
    pub(super) fn buyers_at(&self, rate: f64) -> u32 {
        let years: f64 = self.tenures().iter().map(|(years, share)| years * share).sum();
        (self.orders / (rate * years).max(1e-9)).clamp(1.0, 2e7) as u32
    }

    /// Gives a world this size.
    pub(super) fn settle(&self, setting: &mut Setting) {
        let world = &mut setting.world;
        world.begin = self.begin.to_string();
        world.size.days = self.days + AFTER_DAYS;
        (world.size.merchants, world.size.buyers) = (self.merchants.max(1), self.buyers.max(1));
        world.market.there_at_begin = self.there_at_begin;
    }

    /// Lets a world of this size happen: the orders of the days looked at.
    pub fn lived(&self, setting: &Setting, seed: u64) -> Vec<Observed> {
        let mut watch = Watch::new(self.begin.plus(self.days as i32).start());
        let Ok(_) = run(setting, seed, &mut watch, &mut |_, _, _| {});
        watch.orders()
    }

    /// Whether an order was placed in the days looked at.
    pub fn holds(&self, order: &Observed) -> bool {
        inside(order, (self.begin, self.begin.plus(self.days as i32)))
    }
}

fn inside(order: &Observed, span: (Day, Day)) -> bool {
    order.placed >= span.0.start() && order.placed < span.1.start()
}

/// The same world with average merchants and honest buyers alone, and without whatever no sample of orders tells of.
pub(super) fn plain(base: &Setting) -> Result<Setting, Problem> {
    let mut setting = base.clone();
    let world = &mut setting.world;
    world.merchants.retain(|name, _| name == "average");
    world.buyers.retain(|name, _| name == "honest");
    let (Some(merchant), Some(buyer)) =
        (world.merchants.values_mut().next(), world.buyers.values_mut().next())
    else {
        let detail = "calibration needs merchants.average and buyers.honest, who stand for the fitted market";
        return Err(Problem::new(WORLD_INVALID, detail));
    };
    (merchant.share, buyer.share, buyer.unpaid) = (1.0, 1.0, 0.0);
    world.market.orders_per_buyer_year = None;
    (world.service.asks, world.service.logins, world.service.payment_fails) = (0.0, 0.0, 0.0);
    (world.credit.share, world.promotions.share, world.returns.share) = (0.0, 0.0, 0.0);
    (world.claims.not_received, world.claims.not_as_described, world.claims.disputes) = (0.0, 0.0, 0.0);
    world.identity.merchant.clear();
    world.identity.buyer.clear();
    Ok(setting)
}
