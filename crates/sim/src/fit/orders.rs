//! What single orders tell: weighted counts and quantiles.

use super::CALIBRATE_IMPOSSIBLE;
use crate::course::{LONGEST_HANDLING, SHORTEST_HANDLING, journey};
use crate::dice::{Dice, Purpose};
use crate::honest::{Basket, Demand, Fulfilment, Honest, Payment, Reviews};
use crate::marginal::{
    Growth, UNDELIVERED, article_freight, article_price, each, fates, handling_hours, hours, instalments_of,
    items_of, marks, methods, promise_days, quick_minutes, review_after_days, ship_promises, slow_hours,
    transit_days, weekdays,
};
use crate::observed::{Fate, Observed};
use crate::setting::Setting;
use crate::shape::draw;
use crate::weighted::{Form, Weighted, form, normal_points};
use probity_primitives::Problem;
use std::collections::BTreeMap;

/// Orders that a quantity must be known of.
const FEWEST: usize = 30;

/// Everything but how often buyers and merchants trade.
pub(super) fn honest(sample: &[Observed], setting: &Setting) -> Result<Honest, Problem> {
    Ok(Honest {
        demand: demand(sample, &setting.honest.demand),
        basket: basket(sample, setting)?,
        payment: payment(sample, &setting.honest.payment)?,
        fulfilment: fulfilment(sample)?,
        reviews: reviews(sample)?,
    })
}

/// Rounded to five digits: more says nothing.
pub(super) fn digits(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let scale = libm::pow(10.0, 4.0 - libm::floor(libm::log10(value.abs())));
    libm::round(value * scale) / scale
}

fn places(value: f64) -> f64 {
    libm::round(value * 1e4) / 1e4
}

/// Weights as shares.
fn shares(weights: &[f64]) -> Vec<f64> {
    let sum: f64 = weights.iter().sum();
    weights.iter().map(|weight| places(weight / sum.max(1e-300))).collect()
}

/// Weights with the mean 1.
fn relative(weights: &[f64]) -> Vec<f64> {
    let mean = weights.iter().sum::<f64>() / weights.len().max(1) as f64;
    weights.iter().map(|weight| places(weight / mean.max(1e-300))).collect()
}

fn enough(name: &str, weighted: Weighted) -> Result<Weighted, Problem> {
    let found = weighted.pairs.len();
    if found >= FEWEST {
        return Ok(weighted);
    }
    let detail = format!("{name} is known of {found} orders, {FEWEST} are needed");
    Err(Problem::new(CALIBRATE_IMPOSSIBLE, detail))
}

/// Logarithms of a quantity that orders have.
fn logs(name: &str, sample: &[Observed], of: fn(&Observed) -> Option<f64>) -> Result<Weighted, Problem> {
    enough(name, each(sample, |order| of(order).map(libm::log)))
}

/// The form of a quantity by itself.
fn own(name: &str, sample: &[Observed], of: fn(&Observed) -> Option<f64>) -> Result<Form, Problem> {
    Ok(form(&logs(name, sample, of)?, &[(0.0, 1.0)]))
}

fn demand(sample: &[Observed], before: &Demand) -> Demand {
    let months = Growth::of(sample).map_or([1.0; 12], |growth| growth.months);
    Demand {
        hour_weights: relative(&hours(sample)),
        weekday_weights: relative(&weekdays(sample)),
        month_weights: relative(&months),
        ..before.clone()
    }
}

fn basket(sample: &[Observed], setting: &Setting) -> Result<Basket, Problem> {
    let world = &setting.world;
    // Prices differ between categories and merchants already; buyers lean to the cheaper ones (in a logit choice the mean
    // logarithm falls by the weight of the price times its variance).
    let leans = world.market.price_weight * world.market.price_spread * world.market.price_spread;
    let levels = normal_points(world.market.price_spread);
    let beside = world.categories.iter().flat_map(|category| {
        let level = |(z, share): &(f64, f64)| (z - leans + libm::log(category.price), share * category.share);
        levels.iter().map(level).collect::<Vec<_>>()
    });
    let price = form(&logs("the price", sample, article_price)?, &beside.collect::<Vec<_>>());
    let freight = own("the shipping cost", sample, article_freight)?;
    Ok(Basket {
        items: shares(&items_of(sample)),
        price_median: digits(price.median),
        price_spread: digits(price.spread),
        price_shape: price.shape,
        freight_median: digits(freight.median),
        freight_spread: digits(freight.spread),
        freight_shape: freight.shape,
    })
}

fn payment(sample: &[Observed], before: &Payment) -> Result<Payment, Problem> {
    let mix = shares(&enough_methods(sample)?);
    let quick = own("the approval of quick payments", sample, quick_minutes)?;
    let mut payment = Payment {
        card: places(1.0 - mix[1] - mix[2] - mix[3]),
        boleto: mix[1],
        voucher: mix[2],
        debit_card: mix[3],
        instalments: shares(&instalments_of(sample)),
        quick_minutes: digits(quick.median),
        quick_spread: digits(quick.spread),
        quick_shape: quick.shape,
        ..before.clone()
    };
    // A market without slow payments has no use for their form.
    if let Ok(slow) = own("the approval of slow payments", sample, slow_hours) {
        (payment.slow_hours, payment.slow_spread) = (digits(slow.median), digits(slow.spread));
        payment.slow_shape = slow.shape;
    }
    Ok(payment)
}

fn enough_methods(sample: &[Observed]) -> Result<Vec<f64>, Problem> {
    enough("the way of payment", each(sample, |order| order.method.map(|method| method as f64)))?;
    Ok(methods(sample))
}

fn fulfilment(sample: &[Observed]) -> Result<Fulfilment, Problem> {
    let handling = logs("the time to dispatch", sample, handling_hours)?;
    let between = between_merchants(sample);
    let handling = form(&handling, &normal_points(between));
    let ship_promise = ship_promises(sample);
    if ship_promise.iter().sum::<f64>() <= 0.0 {
        return Err(Problem::new(CALIBRATE_IMPOSSIBLE, "no order has a promised dispatch"));
    }
    let transit = own("the time of transit", sample, transit_days)?;
    // A promise is moved to the end of its day: by half a day on average.
    let promise = own("the promised delivery", sample, |order| {
        promise_days(order).map(|days| days - 0.5).filter(|days| *days > 0.0)
    })?;
    let fate = fates(sample);
    let all: f64 = fate.iter().sum();
    let share = |which: Fate| digits(fate[which as usize] / all);
    Ok(Fulfilment {
        handling_hours: digits(handling.median),
        handling_between: digits(between),
        handling_within: digits(handling.spread),
        handling_shape: handling.shape,
        ship_promise_days: shares(&ship_promise),
        transit_days: digits(transit.median),
        transit_spread: digits(transit.spread),
        transit_shape: transit.shape,
        promise_days: digits(promise.median),
        promise_spread: digits(promise.spread),
        promise_shape: promise.shape,
        promise_follows: 0.0,
        out_of_stock: share(Fate::OutOfStock),
        changed_mind: share(Fate::Cancelled),
        stuck: share(Fate::Stuck),
        lost: share(Fate::Lost),
    })
}

/// The standard deviation between merchants of the logarithm of handling time: what is left of the whole variance when that
/// within merchants is taken away (one-way analysis of variance), of delivered orders, which all have one weight. The
/// outermost hundredth at each end is drawn in first, so that no single order decides.
fn between_merchants(sample: &[Observed]) -> f64 {
    let delivered = sample.iter().filter(|order| order.fate() == Fate::Delivered);
    let known: Vec<(u32, f64)> =
        delivered.filter_map(|order| Some((order.merchant?, libm::log(handling_hours(order)?)))).collect();
    let all = Weighted::new(known.iter().map(|(_, log)| (*log, 1.0)));
    let (low, high) = (all.quantile(0.01), all.quantile(0.99));
    let mut merchants: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
    for (merchant, log) in known {
        merchants.entry(merchant).or_default().push(log.clamp(low, high));
    }
    let (mut within, mut spare, mut orders, mut sum, mut squares) = (0.0, 0.0, 0.0, 0.0, 0.0);
    for logs in merchants.values() {
        let count = logs.len() as f64;
        let mean = logs.iter().sum::<f64>() / count;
        within += logs.iter().map(|log| (log - mean) * (log - mean)).sum::<f64>();
        spare += count - 1.0;
        orders += count;
        sum += count * mean;
        squares += count * count;
    }
    let groups = merchants.len() as f64;
    if spare < 1.0 || groups < 2.0 {
        return 0.0;
    }
    let mean = sum / orders;
    let among: f64 = merchants
        .values()
        .map(|logs| {
            let own = logs.iter().sum::<f64>() / logs.len() as f64;
            logs.len() as f64 * (own - mean) * (own - mean)
        })
        .sum();
    let usual_size = (orders - squares / orders) / (groups - 1.0);
    let variance = (among / (groups - 1.0) - within / spare) / usual_size;
    libm::sqrt(variance.max(0.0))
}

fn reviews(sample: &[Observed]) -> Result<Reviews, Problem> {
    let after = own("the time to a rating", sample, review_after_days)?;
    let weight = |rated: bool| -> f64 {
        let counted = sample.iter().filter(|order| order.rating.is_some() || !rated);
        counted.map(|order| order.weight).sum()
    };
    let stars = |class: usize| -> Result<[f64; 5], Problem> {
        let counts = marks(sample, class);
        let detail = "a class of lateness has no rating at all";
        if counts.iter().sum::<f64>() <= 0.0 {
            return Err(Problem::new(CALIBRATE_IMPOSSIBLE, detail));
        }
        let shares = shares(&counts);
        Ok([shares[0], shares[1], shares[2], shares[3], shares[4]])
    };
    Ok(Reviews {
        share: places(weight(true) / weight(false).max(1e-300)),
        after_days: digits(after.median),
        after_spread: digits(after.spread),
        after_shape: after.shape,
        on_time: stars(0)?,
        late_3: stars(1)?,
        late_7: stars(2)?,
        later: stars(3)?,
        undelivered: stars(UNDELIVERED)?,
    })
}

/// Journeys drawn for each correlation that is tried.
const JOURNEYS: u64 = 20_000;
/// Correlations tried, in twentieths.
const TWENTIETHS: std::ops::RangeInclusive<i32> = -19..=19;

/// The correlation of transit and promise at which delays lie nearest to the real ones: the largest difference between the
/// two distributions, and the difference between the shares of late deliveries. All correlations are tried with the same dice.
pub(super) fn promise_follows(sample: &[Observed], setting: &Setting, seed: u64) -> f64 {
    let real = each(sample, Observed::delay_days);
    let far = |follows: f64| {
        let delays = Weighted::new((0..JOURNEYS).map(|nth| (delay(setting, follows, seed, nth), 1.0)));
        real.kolmogorov_smirnov(&delays) + (real.above(0.0) - delays.above(0.0)).abs()
    };
    let tried = TWENTIETHS.map(|at| f64::from(at) / 20.0).map(|follows| (follows, far(follows)));
    tried.min_by(|a, b| a.1.total_cmp(&b.1)).map_or(0.0, |(follows, _)| follows)
}

/// Days from the promised to the real delivery of one made-up order.
fn delay(setting: &Setting, follows: f64, seed: u64, nth: u64) -> f64 {
    let honest = &setting.honest;
    let mut sent = honest.fulfilment.clone();
    sent.promise_follows = follows;
    let mut dice = Dice::new(seed, Purpose::Sample, nth, 99);
    let pay = &honest.payment;
    let paid = if dice.chance(pay.boleto) {
        draw(&mut dice, pay.slow_hours, pay.slow_spread, &pay.slow_shape) / 24.0
    } else {
        draw(&mut dice, pay.quick_minutes, pay.quick_spread, &pay.quick_shape) / 1_440.0
    };
    let usual = dice.log_normal(sent.handling_hours, sent.handling_between);
    let handling = draw(&mut dice, usual, sent.handling_within, &sent.handling_shape);
    let hours = |length: probity_primitives::Duration| length.0 as f64 / 3_600_000.0;
    let handling = handling.clamp(hours(SHORTEST_HANDLING), hours(LONGEST_HANDLING)) / 24.0;
    let (transit, promise) = journey(&sent, &mut dice);
    // The hour of placing: a promise is meant until the end of its day.
    let placed = dice.unit();
    placed + paid + handling + transit - libm::ceil(placed + promise)
}
