//! A fit to a simulated marketplace gives back the parameters that it was simulated with.
#![allow(clippy::unwrap_used, clippy::panic, clippy::float_cmp, reason = "tests")]

use probity_sim::fit::{CALIBRATE_IMPOSSIBLE, Fitted, Market, fit, world_of};
use probity_sim::honest::{Demand, Honest};
use probity_sim::observed::{Observed, Sampling};
use probity_sim::setting::Setting;
use probity_sim::shape::{KNOTS, Shape};
use probity_sim::weighted::total_variation;

const WORLD: &str = include_str!("../../../catalogue/worlds/marketplace.toml");
const HONEST: &str = include_str!("../../../catalogue/worlds/honest.toml");

/// A marketplace whose parameters are known: the catalogue's, without shapes and seasons (which one year cannot tell from
/// growth), and with what a case is about.
fn known() -> Setting {
    let mut setting = Setting::read(WORLD, HONEST).unwrap();
    let honest = &mut setting.honest;
    honest.demand.month_weights = vec![1.0; 12];
    for shape in [
        &mut honest.basket.price_shape,
        &mut honest.basket.freight_shape,
        &mut honest.payment.quick_shape,
        &mut honest.payment.slow_shape,
        &mut honest.fulfilment.handling_shape,
        &mut honest.fulfilment.transit_shape,
        &mut honest.fulfilment.promise_shape,
        &mut honest.reviews.after_shape,
    ] {
        *shape = Shape::default();
    }
    setting
}

/// A market of a year, seen through a sample that keeps one in three delivered orders.
fn sampled(setting: &Setting, merchants: u32, buyers: u32, seed: u64) -> (Vec<Observed>, Sampling) {
    let market = Market {
        begin: setting.begin().unwrap(),
        days: 365,
        orders: 0.0,
        kept: 1.0,
        there_at_begin: 0.5,
        merchants,
        buyers,
    };
    let world = world_of(setting, &setting.honest, &market).unwrap();
    let sampling = Sampling { delivered_weight: 3.0, nameless: [0.0, 0.9, 0.2, 0.0, 0.0] };
    (sampling.draw(&market.lived(&world, seed), seed, 0), sampling)
}

/// Asserts that a fitted figure is the known one, within a tolerance: a part of it, or for what lies near 0 that much.
fn near(what: &str, found: f64, known: f64, part: f64, least: f64) {
    let allowed = (known.abs() * part).max(least);
    assert!((found - known).abs() <= allowed, "{what}: found {found}, known {known}, allowed {allowed}");
}

fn check(setting: &Setting, merchants: u32, buyers: u32) {
    let (sample, sampling) = sampled(setting, merchants, buyers, 21);
    // The fit starts elsewhere: nothing is found by standing there already.
    let mut base = known();
    base.honest.demand.visibility_spread = 0.1;
    base.honest.demand.orders_per_buyer_year = 77.0;
    let fitted = fit(&sample, &sampling, &base, 5, &mut |_, _| {}).unwrap();
    same_orders(&fitted.honest, &setting.honest, merchants);
    same_demand(&fitted, setting, merchants);
}

fn same_orders(found: &Honest, known: &Honest, merchants: u32) {
    let (sent, was) = (&found.fulfilment, &known.fulfilment);
    // Few merchants have most orders: those of a market are worth so many that are seen alike, and two standard deviations
    // of their mean are chance.
    let alike = f64::from(merchants) / known.demand.visibility_spread.powi(2).exp();
    let chance = 2.0 * was.handling_between / alike.sqrt();
    near("handling_hours", sent.handling_hours, was.handling_hours, 0.05 + chance, 0.0);
    near("handling_between", sent.handling_between, was.handling_between, 0.2, 0.12);
    near("handling_within", sent.handling_within, was.handling_within, 0.08, 0.0);
    let (promise, told) = (&sent.ship_promise_days, &was.ship_promise_days);
    assert!(total_variation(promise, told) < 0.03, "{promise:?} {told:?}");
    near("transit_days", sent.transit_days, was.transit_days, 0.04, 0.0);
    near("transit_spread", sent.transit_spread, was.transit_spread, 0.06, 0.0);
    near("promise_days", sent.promise_days, was.promise_days, 0.03, 0.0);
    near("promise_spread", sent.promise_spread, was.promise_spread, 0.08, 0.0);
    near("promise_follows", sent.promise_follows, was.promise_follows, 0.0, 0.16);
    for (what, found, known) in [
        ("out_of_stock", sent.out_of_stock, was.out_of_stock),
        ("changed_mind", sent.changed_mind, was.changed_mind),
        ("stuck", sent.stuck, was.stuck),
        ("lost", sent.lost, was.lost),
    ] {
        near(what, found, known, 0.3, 0.001);
    }
    let bent = KNOTS[4..17].iter().map(|z| (sent.transit_shape.bend(*z) - z).abs()).fold(0.0, f64::max);
    assert!(bent < 0.15, "transit is bent by {bent}: {sent:?}");
    near("price_median", found.basket.price_median, known.basket.price_median, 0.08, 0.0);
    near("price_spread", found.basket.price_spread, known.basket.price_spread, 0.08, 0.0);
    near("freight_median", found.basket.freight_median, known.basket.freight_median, 0.03, 0.0);
    near("card", found.payment.card, known.payment.card, 0.03, 0.0);
    near("boleto", found.payment.boleto, known.payment.boleto, 0.1, 0.0);
    near("slow_hours", found.payment.slow_hours, known.payment.slow_hours, 0.08, 0.0);
    near("quick_minutes", found.payment.quick_minutes, known.payment.quick_minutes, 0.04, 0.0);
    let weights = |weights: &[f64; 5]| weights.map(|weight| weight / weights.iter().sum::<f64>());
    for (found, known, off) in [
        (&found.reviews.on_time, &known.reviews.on_time, 0.03),
        (&found.reviews.undelivered, &known.reviews.undelivered, 0.08),
    ] {
        for (found, known) in weights(found).into_iter().zip(weights(known)) {
            near("stars", found, known, 0.0, off);
        }
    }
    near("reviews.share", found.reviews.share, known.reviews.share, 0.02, 0.0);
}

fn same_demand(found: &Fitted, known: &Setting, merchants: u32) {
    let (demand, was) = (&found.honest.demand, &known.honest.demand);
    near("visibility_spread", demand.visibility_spread, was.visibility_spread, 0.0, 0.31);
    near("merchants", f64::from(found.market.merchants), f64::from(merchants), 0.25, 0.0);
    // Rate and spread make up for each other: what they make together is known better than either.
    let together = |demand: &Demand| demand.orders_per_buyer_year * demand.buyer_spread.powi(2).exp();
    near("rate and spread together", together(demand), together(was), 0.15, 0.0);
    near("orders_per_buyer_year", demand.orders_per_buyer_year, was.orders_per_buyer_year, 0.3, 0.0);
    near("buyer_spread", demand.buyer_spread, was.buyer_spread, 0.0, 0.3);
    near("there_at_begin", found.market.there_at_begin, 0.5, 0.0, 0.12);
    assert_eq!(found.remarks, Vec::<String>::new());
}

#[test]
fn a_market_of_few_large_merchants_is_found_again() {
    let mut setting = known();
    let honest = &mut setting.honest;
    (honest.demand.visibility_spread, honest.demand.buyer_spread) = (1.8, 0.5);
    honest.demand.orders_per_buyer_year = 4.0;
    check(&setting, 300, 5_000);
}

#[test]
fn a_slow_market_whose_promises_follow_the_distance_is_found_again() {
    let mut setting = known();
    let honest = &mut setting.honest;
    (honest.demand.visibility_spread, honest.demand.buyer_spread) = (1.0, 1.0);
    honest.demand.orders_per_buyer_year = 2.5;
    let sent = &mut honest.fulfilment;
    (sent.handling_hours, sent.handling_between, sent.handling_within) = (90.0, 0.3, 0.5);
    (sent.transit_days, sent.transit_spread) = (12.0, 0.5);
    (sent.promise_days, sent.promise_follows) = (18.0, 0.8);
    (sent.lost, sent.out_of_stock) = (0.03, 0.02);
    (honest.payment.card, honest.payment.boleto) = (0.55, 0.40);
    (honest.payment.voucher, honest.payment.debit_card) = (0.03, 0.02);
    check(&setting, 400, 8_000);
}

#[test]
fn a_sample_that_kept_whole_buyers_is_seen_through() {
    let mut setting = known();
    setting.honest.demand.orders_per_buyer_year = 0.3;
    let (mut sample, sampling) = sampled(&setting, 100, 40_000, 3);
    // Forty buyers of whom every purchase was kept.
    for (nth, order) in sample.iter_mut().take(160).enumerate() {
        order.buyer = Some(1_000_000 + nth as u32 / 4);
    }
    let fitted = fit(&sample, &sampling, &known(), 5, &mut |_, _| {}).unwrap();
    assert!(fitted.remarks.iter().any(|remark| remark.contains("kept such buyers whole")), "{fitted:?}");
    assert_eq!(fitted.honest.demand.buyer_spread, known().honest.demand.buyer_spread);
}

#[test]
fn what_is_fitted_can_be_written_and_read_again() {
    let text = Setting::read(WORLD, HONEST).unwrap().honest.text().unwrap();
    let again = Setting::read(WORLD, &text).unwrap();
    assert_eq!(again.honest.text().unwrap(), text);
}

#[test]
fn samples_too_small_are_refused_with_the_reason() {
    let mut setting = known();
    setting.honest.demand.orders_per_buyer_year = 4.0;
    let (sample, sampling) = sampled(&setting, 50, 2_000, 4);
    let without = |change: &dyn Fn(&mut Observed)| {
        let mut sample = sample.clone();
        sample.iter_mut().for_each(change);
        sample
    };
    for (sample, reason) in [
        (vec![], "price"),
        (sample[..25].to_vec(), "are needed"),
        (without(&|order| order.items = None), "price"),
        (without(&|order| order.delivered = None), "transit"),
        (without(&|order| order.method = None), "payment"),
        (without(&|order| order.ship_by = None), "promised dispatch"),
        (without(&|order| order.rating = None), "rating"),
    ] {
        let refused = fit(&sample, &sampling, &setting, 5, &mut |_, _| {}).unwrap_err();
        assert_eq!(refused.code, CALIBRATE_IMPOSSIBLE);
        assert!(refused.detail.contains(reason), "{reason}: {refused:?}");
    }
}
