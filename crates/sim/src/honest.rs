//! How an honest marketplace behaves: the marginals that are fitted to a real one (`catalogue/worlds/honest.toml`).
//!
//! `probity calibrate` writes the file; nothing in it is set by hand. Times are in the unit that a field's name ends with;
//! a *spread* is the standard deviation of the logarithm (half the distance between the 16th and the 84th percentile), and a
//! *shape* says how the quantity differs from a log-normal with that median and spread ([`Shape`]).

use crate::shape::{COUNT, Shape};
use probity_primitives::{Code, Problem};
use serde::{Deserialize, Serialize};

/// The code of a world that cannot be.
pub const WORLD_INVALID: Code = Code::new("world-invalid");

/// The fitted marginals.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Honest {
    /// Who buys how often and from whom.
    pub demand: Demand,
    /// What is in an order.
    pub basket: Basket,
    /// How it is paid.
    pub payment: Payment,
    /// How it is sent.
    pub fulfilment: Fulfilment,
    /// What is said of it.
    pub reviews: Reviews,
}

/// Who buys how often and from whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Demand {
    /// Spread of how much merchants are seen: few sell most.
    pub visibility_spread: f64,
    /// Orders of a buyer in a year, on average.
    pub orders_per_buyer_year: f64,
    /// Spread of that rate among buyers.
    pub buyer_spread: f64,
    /// How often orders are placed by hour of the day (UTC), relative.
    pub hour_weights: Vec<f64>,
    /// The same by day of the week, Monday first.
    pub weekday_weights: Vec<f64>,
    /// The same by month, January first, growth taken out.
    pub month_weights: Vec<f64>,
}

/// What is in an order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Basket {
    /// Orders by number of articles, from 1.
    pub items: Vec<f64>,
    /// Price of an article, median over all categories, in minor units.
    pub price_median: f64,
    /// Spread of prices.
    pub price_spread: f64,
    /// Shape of prices.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub price_shape: Shape,
    /// Shipping of an article, median, in minor units.
    pub freight_median: f64,
    /// Spread of shipping.
    pub freight_spread: f64,
    /// Shape of shipping.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub freight_shape: Shape,
}

/// How it is paid.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Payment {
    /// Share of orders paid with a card.
    pub card: f64,
    /// With a bank slip that is paid within days.
    pub boleto: f64,
    /// With a voucher.
    pub voucher: f64,
    /// With a debit card.
    pub debit_card: f64,
    /// Card payments by number of instalments, from 1.
    pub instalments: Vec<f64>,
    /// Approval of quick payments, median in minutes, and its spread.
    pub quick_minutes: f64,
    /// Spread of quick approvals.
    pub quick_spread: f64,
    /// Shape of quick approvals.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub quick_shape: Shape,
    /// Approval of bank slips, median in hours.
    pub slow_hours: f64,
    /// Spread of slow approvals.
    pub slow_spread: f64,
    /// Shape of slow approvals.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub slow_shape: Shape,
}

/// How it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fulfilment {
    /// From payment to dispatch, median in hours.
    pub handling_hours: f64,
    /// Spread of that among merchants.
    pub handling_between: f64,
    /// Spread of that among the orders of one merchant.
    pub handling_within: f64,
    /// Shape of the spread within a merchant.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub handling_shape: Shape,
    /// Orders by days from payment to promised dispatch, from 1.
    pub ship_promise_days: Vec<f64>,
    /// From dispatch to the door, median in days.
    pub transit_days: f64,
    /// Spread of transit.
    pub transit_spread: f64,
    /// Shape of transit.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub transit_shape: Shape,
    /// From order to promised delivery, median in days.
    pub promise_days: f64,
    /// Spread of the promise.
    pub promise_spread: f64,
    /// Shape of the promise.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub promise_shape: Shape,
    /// Correlation of (the logarithms of) transit and promise: far parcels are promised late.
    pub promise_follows: f64,
    /// Share of orders that the seller cannot supply.
    pub out_of_stock: f64,
    /// Share of orders cancelled by the buyer.
    pub changed_mind: f64,
    /// Share of orders that never leave although paid.
    pub stuck: f64,
    /// Share of orders that leave and never arrive.
    pub lost: f64,
}

/// What is said of it: ratings from 1 to 5 by how the order went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviews {
    /// Share of orders with a review.
    pub share: f64,
    /// Days from delivery (or from giving up) to the rating, median.
    pub after_days: f64,
    /// Spread of that.
    pub after_spread: f64,
    /// Shape of that.
    #[serde(default, skip_serializing_if = "Shape::is_plain")]
    pub after_shape: Shape,
    /// Delivered by the promised day.
    pub on_time: [f64; 5],
    /// One to three days late.
    pub late_3: [f64; 5],
    /// Four to seven days late.
    pub late_7: [f64; 5],
    /// Eight days late or more.
    pub later: [f64; 5],
    /// Never delivered.
    pub undelivered: [f64; 5],
}

impl Honest {
    /// As TOML, the way the world's file holds it.
    ///
    /// # Errors
    /// `world-invalid` when it cannot be.
    pub fn text(&self) -> Result<String, Problem> {
        if let Some(detail) = self.impossible() {
            return Err(Problem::new(WORLD_INVALID, detail));
        }
        toml::to_string(self).map_err(|error| Problem::new(WORLD_INVALID, error.to_string()))
    }

    /// What is impossible about it, if anything.
    pub(crate) fn impossible(&self) -> Option<String> {
        let sent = &self.fulfilment;
        let ends = sent.out_of_stock + sent.changed_mind + sent.stuck + sent.lost;
        let pay = &self.payment;
        let mix = pay.card + pay.boleto + pay.voucher + pay.debit_card;
        let all_ends = "out_of_stock, changed_mind, stuck and lost";
        outside(&self.shares(), 0.0, 1.0, "a share from 0 to 1")
            .or_else(|| outside(&self.positive(), 1e-6, 1e9, "above 0"))
            .or_else(|| outside(&self.spreads(), 0.0, 4.0, "a spread from 0 to 4"))
            .or_else(|| self.bad_weights())
            .or_else(|| self.bad_shape())
            .or_else(|| (ends > 1.0).then(|| format!("{all_ends} make {ends}, more than all orders")))
            .or_else(|| outside(&[("promise_follows", sent.promise_follows)], -1.0, 1.0, "a correlation"))
            .or_else(|| ((mix - 1.0).abs() > 1e-6).then(|| format!("the payment shares make {mix}, not 1")))
    }

    fn shares(&self) -> [(&'static str, f64); 9] {
        let (payment, sent) = (&self.payment, &self.fulfilment);
        [
            ("payment.card", payment.card),
            ("payment.boleto", payment.boleto),
            ("payment.voucher", payment.voucher),
            ("payment.debit_card", payment.debit_card),
            ("fulfilment.out_of_stock", sent.out_of_stock),
            ("fulfilment.changed_mind", sent.changed_mind),
            ("fulfilment.stuck", sent.stuck),
            ("fulfilment.lost", sent.lost),
            ("reviews.share", self.reviews.share),
        ]
    }

    fn positive(&self) -> [(&'static str, f64); 9] {
        let (payment, sent) = (&self.payment, &self.fulfilment);
        [
            ("basket.freight_median", self.basket.freight_median),
            ("demand.orders_per_buyer_year", self.demand.orders_per_buyer_year),
            ("basket.price_median", self.basket.price_median),
            ("payment.quick_minutes", payment.quick_minutes),
            ("payment.slow_hours", payment.slow_hours),
            ("fulfilment.handling_hours", sent.handling_hours),
            ("fulfilment.transit_days", sent.transit_days),
            ("fulfilment.promise_days", sent.promise_days),
            ("reviews.after_days", self.reviews.after_days),
        ]
    }

    fn spreads(&self) -> [(&'static str, f64); 11] {
        let (payment, sent) = (&self.payment, &self.fulfilment);
        [
            ("demand.visibility_spread", self.demand.visibility_spread),
            ("demand.buyer_spread", self.demand.buyer_spread),
            ("basket.price_spread", self.basket.price_spread),
            ("basket.freight_spread", self.basket.freight_spread),
            ("payment.quick_spread", payment.quick_spread),
            ("payment.slow_spread", payment.slow_spread),
            ("fulfilment.handling_between", sent.handling_between),
            ("fulfilment.handling_within", sent.handling_within),
            ("fulfilment.transit_spread", sent.transit_spread),
            ("fulfilment.promise_spread", sent.promise_spread),
            ("reviews.after_spread", self.reviews.after_spread),
        ]
    }

    fn bad_shape(&self) -> Option<String> {
        let (basket, payment, sent) = (&self.basket, &self.payment, &self.fulfilment);
        let shapes = [
            ("basket.price_shape", &basket.price_shape),
            ("basket.freight_shape", &basket.freight_shape),
            ("payment.quick_shape", &payment.quick_shape),
            ("payment.slow_shape", &payment.slow_shape),
            ("fulfilment.handling_shape", &sent.handling_shape),
            ("fulfilment.transit_shape", &sent.transit_shape),
            ("fulfilment.promise_shape", &sent.promise_shape),
            ("reviews.after_shape", &self.reviews.after_shape),
        ];
        let (name, _) = shapes.iter().find(|(_, shape)| shape.impossible())?;
        Some(format!("{name} is neither empty nor {COUNT} numbers from -50 to 50, none below the one before"))
    }

    fn bad_weights(&self) -> Option<String> {
        let (demand, reviews) = (&self.demand, &self.reviews);
        let tables: [(&str, &[f64], usize); 11] = [
            ("demand.hour_weights", &demand.hour_weights, 24),
            ("demand.weekday_weights", &demand.weekday_weights, 7),
            ("demand.month_weights", &demand.month_weights, 12),
            ("basket.items", &self.basket.items, 0),
            ("payment.instalments", &self.payment.instalments, 0),
            ("fulfilment.ship_promise_days", &self.fulfilment.ship_promise_days, 0),
            ("reviews.on_time", &reviews.on_time, 5),
            ("reviews.late_3", &reviews.late_3, 5),
            ("reviews.late_7", &reviews.late_7, 5),
            ("reviews.later", &reviews.later, 5),
            ("reviews.undelivered", &reviews.undelivered, 5),
        ];
        let bad = |(_, weights, length): &&(&str, &[f64], usize)| {
            (*length > 0 && weights.len() != *length)
                || weights.is_empty()
                || weights.len() > 100
                || weights.iter().any(|w| !(0.0..=1e9).contains(w))
                || weights.iter().sum::<f64>() <= 0.0
        };
        tables.iter().find(bad).map(|(name, _, length)| {
            let many = if *length > 0 { length.to_string() } else { "1 to 100".into() };
            format!("{name} is not {many} weights, none negative and one above 0")
        })
    }
}

/// The first figure that does not lie within bounds, in words. What is no number lies nowhere.
fn outside(figures: &[(&str, f64)], low: f64, high: f64, what: &str) -> Option<String> {
    let (name, value) = figures.iter().find(|(_, value)| !(low..=high).contains(value))?;
    Some(format!("{name} = {value} is not {what}"))
}
