//! Orders per merchant and per buyer, seen through the sampling.

use super::FitProgress;
use super::market::{Market, Tried};
use crate::honest::Demand;
use crate::marginal::{BUYER_CLASSES, buyer_classes, merchant_classes};
use crate::observed::{Observed, Sampling};
use crate::setting::Setting;
use crate::weighted::{normal_points, total_variation};
use probity_primitives::Problem;

/// What the purchases of buyers tell.
pub(super) struct Buyers {
    /// Orders of a buyer in a year.
    pub(super) rate: f64,
    /// Spread of that among buyers.
    pub(super) spread: f64,
    /// What could not be told.
    pub(super) remark: Option<String>,
}

/// The largest spread of buyers' rates that is tried, in tenths.
const WIDEST: u32 = 16;

/// The rate by buyers who are seen twice as often as buyers who are seen once; the spread by those seen more often.
///
/// Purchases of a buyer are a Poisson process whose rate is log-normal among buyers, and so are those that a sample
/// keeps: nothing needs to be simulated. Buyers with more purchases than any spread explains cannot come from a sample
/// that was drawn order by order; then the spread stays as it was.
pub(super) fn buyers(sample: &[Observed], market: &Market, before: &Demand) -> Buyers {
    let within: Vec<Observed> = sample.iter().filter(|order| market.holds(order)).copied().collect();
    let seen = buyer_classes(&within);
    let all: f64 = seen.iter().sum();
    let (once, twice, more) = (seen[0], seen[1], seen[2..].iter().sum::<f64>());
    if once <= 0.0 || twice <= 0.0 {
        let remark = "no buyer is seen twice: the rate and spread of buyers stay as they were".to_owned();
        let (rate, spread) = (before.orders_per_buyer_year, before.buyer_spread);
        return Buyers { rate, spread, remark: Some(remark) };
    }
    let rate_at = |spread: f64| rate(twice / once, spread, market);
    let expected = |spread: f64| {
        let classes = purchases(rate_at(spread), spread, market);
        let sum: f64 = classes.iter().sum();
        classes.map(|class| class / sum.max(1e-300))
    };
    let spreads = || (0..=WIDEST).map(|tenth| f64::from(tenth) / 10.0);
    let likely = |spread: f64| spread_fit(&seen, &expected(spread));
    let most = spreads().map(|spread| all * expected(spread)[2..].iter().sum::<f64>()).fold(0.0, f64::max);
    // Three standard deviations of a count above the most that any spread explains.
    if more > most + 3.0 * libm::sqrt(most.max(1.0)) {
        let spread = before.buyer_spread;
        let remark = format!(
            "{more} buyers are seen three times or more, at most {most:.1} can be in a sample that keeps orders one by one: \
             the sample kept such buyers whole. Their number tells nothing of the market, and the spread of buyers stays {spread}"
        );
        return Buyers { rate: rate_at(spread), spread, remark: Some(remark) };
    }
    let spread = spreads().max_by(|a, b| likely(*a).total_cmp(&likely(*b))).unwrap_or(before.buyer_spread);
    Buyers { rate: rate_at(spread), spread, remark: None }
}

/// The logarithm of the likelihood of what was seen.
fn spread_fit(seen: &[f64], expected: &[f64]) -> f64 {
    seen.iter().zip(expected).map(|(seen, expected)| seen * libm::log(expected.max(1e-12))).sum()
}

/// The rate at which buyers seen twice are to those seen once as given.
fn rate(ratio: f64, spread: f64, market: &Market) -> f64 {
    let (mut low, mut high) = (libm::log(1e-5), libm::log(500.0));
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        let classes = purchases(libm::exp(middle), spread, market);
        if classes[1] < ratio * classes[0] { low = middle } else { high = middle }
    }
    libm::exp((low + high) / 2.0)
}

/// Shares of buyers seen once, twice, … in a sample.
fn purchases(rate: f64, spread: f64, market: &Market) -> [f64; BUYER_CLASSES] {
    let mut classes = [0.0; BUYER_CLASSES];
    let tenures = market.tenures();
    for (z, share) in normal_points(spread) {
        for (years, of_parties) in &tenures {
            let mean = rate * libm::exp(z - spread * spread / 2.0) * years * market.kept;
            let mut one = libm::exp(-mean);
            let mut rest = 1.0 - one;
            for (count, class) in classes.iter_mut().enumerate() {
                one *= mean / (count as f64 + 1.0);
                let here = if count + 1 == BUYER_CLASSES { rest.max(0.0) } else { one };
                rest -= one;
                *class += here * share * of_parties;
            }
        }
    }
    classes
}

/// Spreads of visibility that are tried first; then their neighbours on a finer grid.
const COARSE: [f64; 6] = [0.4, 0.8, 1.2, 1.6, 2.0, 2.4];
const FINER: [f64; 2] = [0.2, 0.1];
/// Adjustments of the number of merchants at each spread.
const ADJUSTMENTS: u32 = 4;
/// Samples drawn from each world, so that the drawing itself counts less.
const DRAWS: u64 = 3;
/// Buyers of a world that only its merchants matter of.
const FEW_BUYERS: u32 = 20_000;

/// Spreads of visibility, each with as many merchants as make the sample name as many as the real one.
pub(super) fn merchants(
    sample: &[Observed],
    sampling: &Sampling,
    setting: &Setting,
    market: &Market,
    seed: u64,
    progress: FitProgress<'_>,
) -> Result<Vec<Tried>, Problem> {
    let within: Vec<Observed> = sample.iter().filter(|order| market.holds(order)).copied().collect();
    let real = merchant_classes(&within);
    let named: f64 = real.iter().sum();
    let mut setting = setting.clone();
    // Whether few buy often or many seldom is the same to merchants, as long as nobody is loyal.
    setting.world.market.loyalty = 0.0;
    let mut market = *market;
    let few = FEW_BUYERS.min(market.buyers);
    let years = f64::from(market.buyers_at(1.0)) / f64::from(few);
    (market.buyers, setting.honest.demand.orders_per_buyer_year) = (few, years);
    market.merchants = (named * 1.5).clamp(1.0, 1e6) as u32;
    let of = (COARSE.len() + 2 * FINER.len()) as u64;
    let mut tried: Vec<Tried> = Vec::new();
    let mut attempt = |spread: f64, tried: &mut Vec<Tried>| -> Result<(), Problem> {
        progress(tried.len() as u64, of);
        setting.honest.demand.visibility_spread = spread;
        let apart = |tried: &&Tried| (tried.spread - spread).abs();
        let nearest = tried.iter().min_by(|a, b| apart(a).total_cmp(&apart(b)));
        market.merchants = nearest.map_or(market.merchants, |tried| tried.merchants);
        let mut classes = drawn(&mut setting, &market, sampling, seed)?;
        for _ in 0..ADJUSTMENTS {
            let now: f64 = classes.iter().sum::<f64>() / DRAWS as f64;
            let more = named / now.max(1.0);
            if (more - 1.0).abs() < 0.02 {
                break;
            }
            // With more merchants each has fewer orders, so of the added ones not all are seen.
            let factor = more * libm::sqrt(more);
            market.merchants = (f64::from(market.merchants) * factor).clamp(1.0, 1e6) as u32;
            classes = drawn(&mut setting, &market, sampling, seed)?;
        }
        let now: f64 = classes.iter().sum::<f64>() / DRAWS as f64;
        let distance = total_variation(&real, &classes) + libm::log(now.max(1.0) / named.max(1.0)).abs();
        tried.push(Tried { spread, merchants: market.merchants, distance });
        Ok(())
    };
    for spread in COARSE {
        attempt(spread, &mut tried)?;
    }
    for step in FINER {
        let nearest = tried.iter().min_by(|a, b| a.distance.total_cmp(&b.distance));
        let around = nearest.map_or(COARSE[0], |tried| tried.spread);
        for spread in [around - step, around + step] {
            attempt(libm::round(spread * 10.0) / 10.0, &mut tried)?;
        }
    }
    Ok(tried)
}

/// Classes of orders per merchant in some samples from one world.
fn drawn(
    setting: &mut Setting,
    market: &Market,
    sampling: &Sampling,
    seed: u64,
) -> Result<Vec<f64>, Problem> {
    market.settle(setting);
    setting.check()?;
    let all = market.lived(setting, seed);
    let mut sum = Vec::new();
    for nth in 0..DRAWS {
        let classes = merchant_classes(&sampling.draw(&all, seed, nth));
        sum.resize(classes.len(), 0.0);
        sum.iter_mut().zip(classes).for_each(|(sum, class)| *sum += class);
    }
    Ok(sum)
}
