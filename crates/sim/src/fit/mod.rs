//! Fits the honest marketplace to a sample of a real one.
//!
//! What a sample tells of single orders (delays, ratings, prices) is read off by weighted counts and quantiles. How many
//! orders a merchant or a buyer has is seen through the sampling only, so it is fitted by drawing the same kind of sample
//! from simulated marketplaces.

mod orders;
mod demand;
mod market;

pub use market::{Market, Tried};

use crate::honest::Honest;
use crate::observed::{Observed, Sampling};
use crate::setting::Setting;
use probity_primitives::{Code, Problem};

/// The code of a sample that nothing can be fitted to.
pub const CALIBRATE_IMPOSSIBLE: Code = Code::new("calibrate-impossible");

/// What was fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The marginals.
    pub honest: Honest,
    /// The marketplace that the sample seems to be of.
    pub market: Market,
    /// The spreads of visibility that were tried.
    pub tried: Vec<Tried>,
    /// What the sample could not tell, in words.
    pub remarks: Vec<String>,
}

/// Told as worlds are simulated: how many, of how many.
pub type FitProgress<'a> = &'a mut dyn FnMut(u64, u64);

/// Fits to a sample. What it cannot tell stays as `base` has it.
///
/// # Errors
/// `calibrate-impossible` when the sample lacks what is needed.
pub fn fit(
    sample: &[Observed],
    sampling: &Sampling,
    base: &Setting,
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<Fitted, Problem> {
    let mut remarks = Vec::new();
    let mut setting = market::plain(base)?;
    setting.honest = orders::honest(sample, &setting)?;
    let mut market = Market::of(sample)?;
    let buyers = demand::buyers(sample, &market, &base.honest.demand);
    remarks.extend(buyers.remark);
    setting.honest.demand.buyer_spread = buyers.spread;
    setting.honest.demand.orders_per_buyer_year = orders::digits(buyers.rate);
    market.buyers = market.buyers_at(buyers.rate);
    setting.honest.fulfilment.promise_follows = orders::promise_follows(sample, &setting, seed);
    let tried = demand::merchants(sample, sampling, &setting, &market, seed, progress)?;
    let best = tried.iter().min_by(|a, b| a.distance.total_cmp(&b.distance));
    if let Some(best) = best {
        setting.honest.demand.visibility_spread = best.spread;
        market.merchants = best.merchants;
    }
    Ok(Fitted { honest: setting.honest, market, tried, remarks })
}

/// The world of a fitted marketplace: of its size, without cheats, and without whatever the sample does not tell of.
///
/// # Errors
/// `world-invalid` when the base has no average merchants or honest buyers, or the figures make no world.
pub fn world_of(base: &Setting, honest: &Honest, market: &Market) -> Result<Setting, Problem> {
    let mut setting = market::plain(base)?;
    setting.honest = honest.clone();
    market.settle(&mut setting);
    setting.check()?;
    Ok(setting)
}
