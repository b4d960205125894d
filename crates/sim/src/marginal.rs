//! The marginals that a real and a simulated marketplace are compared by, each with a distance.

use crate::dice::{Dice, Purpose};
use crate::observed::{Fate, METHODS, Observed};
use crate::weighted::{Weighted, total_variation};
use probity_primitives::Timestamp;
use std::collections::BTreeMap;

const DAY: f64 = 86_400_000.0;

/// What is drawn apart when a sample is split, so that the halves are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Orders.
    Order,
    /// Merchants with all their orders.
    Merchant,
    /// Buyers with all theirs.
    Buyer,
}

/// How a marginal looks in a sample.
#[derive(Debug, Clone, PartialEq)]
pub enum Data {
    /// Numbers.
    Numbers(Weighted),
    /// Weights of classes.
    Classes(Vec<f64>),
}

impl Data {
    /// How far two lie apart, from 0 to 1: Kolmogorov and Smirnov's distance for numbers, the total variation for classes.
    pub fn distance(&self, other: &Self) -> f64 {
        match (self, other) {
            (Self::Numbers(one), Self::Numbers(other)) => one.kolmogorov_smirnov(other),
            (Self::Classes(one), Self::Classes(other)) => total_variation(one, other),
            _ => 1.0,
        }
    }
}

/// A marginal.
#[derive(Debug, Clone)]
pub struct Marginal {
    /// Its name in files.
    pub name: &'static str,
    /// For people.
    pub title: &'static str,
    /// What the numbers or classes are.
    pub axis: &'static str,
    /// Numbers are best shown by their logarithms.
    pub logarithmic: bool,
    /// Names of the classes; none for numbers.
    pub classes: Vec<String>,
    /// What is drawn apart when a sample is split.
    pub unit: Unit,
    of: fn(&[Observed]) -> Data,
}

impl Marginal {
    /// How it looks in a sample.
    pub fn of(&self, sample: &[Observed]) -> Data {
        (self.of)(sample)
    }

    /// The distance between two halves of a sample, split at random so many times: what chance alone makes.
    pub fn between_halves(&self, sample: &[Observed], seed: u64, times: u64) -> f64 {
        let sum: f64 = (0..times).map(|nth| self.halved(sample, seed, nth)).sum();
        sum / times.max(1) as f64
    }

    fn halved(&self, sample: &[Observed], seed: u64, nth: u64) -> f64 {
        let side = |(number, order): &(u64, &Observed)| {
            let alone = (1 << 40) + number;
            let key = match self.unit {
                Unit::Order => alone,
                Unit::Merchant => order.merchant.map_or(alone, u64::from),
                Unit::Buyer => order.buyer.map_or(alone, u64::from),
            };
            Dice::new(seed, Purpose::Sample, key, (1 << 50) + nth).chance(0.5)
        };
        let (one, other): (Vec<_>, Vec<_>) = (0_u64..).zip(sample).partition(side);
        let orders =
            |half: Vec<(u64, &Observed)>| half.into_iter().map(|(_, order)| *order).collect::<Vec<_>>();
        self.of(&orders(one)).distance(&self.of(&orders(other)))
    }
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn counted(from: usize, to: usize) -> Vec<String> {
    (from..=to).map(|number| number.to_string()).collect()
}

/// Upper ends of the classes of orders per merchant.
const MERCHANT_CLASSES: [usize; 8] = [1, 2, 3, 4, 6, 10, 20, 50];
/// Orders per buyer that are told apart.
pub(crate) const BUYER_CLASSES: usize = 5;
/// Articles and instalments that are told apart.
const MOST_ITEMS: usize = 6;
const MOST_INSTALMENTS: usize = 12;
/// Days of promised dispatch that are told apart.
const MOST_SHIP_PROMISE: usize = 21;
/// A delay counts as this long at most, either way.
const MOST_DELAY: f64 = 90.0;

/// All of them.
pub fn all() -> Vec<Marginal> {
    [who(), what(), sent(), said()].concat()
}

fn classes(
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    classes: Vec<String>,
    of: fn(&[Observed]) -> Data,
) -> Marginal {
    Marginal { name, title, axis, logarithmic: false, classes, unit: Unit::Order, of }
}

fn numbers(
    name: &'static str,
    title: &'static str,
    axis: &'static str,
    of: fn(&[Observed]) -> Data,
) -> Marginal {
    Marginal { name, title, axis, logarithmic: true, classes: Vec::new(), unit: Unit::Order, of }
}

fn who() -> Vec<Marginal> {
    let many = texts(&["1", "2", "3", "4", "5-6", "7-10", "11-20", "21-50", "51+"]);
    let months = texts(&["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]);
    vec![
        Marginal {
            unit: Unit::Merchant,
            ..classes("merchants", "Orders per merchant, in the sample", "orders", many, |sample| {
                Data::Classes(merchant_classes(sample))
            })
        },
        Marginal {
            unit: Unit::Buyer,
            ..classes(
                "buyers",
                "Repeat purchases: purchases per buyer, in the sample",
                "purchases",
                texts(&["1", "2", "3", "4", "5+"]),
                |sample| Data::Classes(buyer_classes(sample)),
            )
        },
        classes("hours", "Hour of the day (UTC)", "hour", counted(0, 23), |sample| {
            Data::Classes(hours(sample))
        }),
        classes(
            "weekdays",
            "Day of the week (UTC)",
            "day",
            texts(&["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]),
            |sample| Data::Classes(weekdays(sample)),
        ),
        classes("months", "Month, growth taken out", "month", months, |sample| {
            Data::Classes(Growth::of(sample).map_or_else(Vec::new, |growth| growth.months.to_vec()))
        }),
    ]
}

fn what() -> Vec<Marginal> {
    let mut items = counted(1, MOST_ITEMS - 1);
    items.push(format!("{MOST_ITEMS}+"));
    let mut instalments = counted(1, MOST_INSTALMENTS - 1);
    instalments.push(format!("{MOST_INSTALMENTS}+"));
    vec![
        classes("items", "Articles in an order", "articles", items, |sample| Data::Classes(items_of(sample))),
        numbers("price", "Price of an article, mean of an order", "reais", |sample| {
            Data::Numbers(each(sample, |order| Some(article_price(order)? / 100.0)))
        }),
        numbers("freight", "Shipping of an article, mean of an order", "reais", |sample| {
            Data::Numbers(each(sample, |order| Some(article_freight(order)? / 100.0)))
        }),
        classes("methods", "How orders are paid", "method", texts(&METHODS), |sample| {
            Data::Classes(methods(sample))
        }),
        classes("instalments", "Instalments of card payments", "instalments", instalments, |sample| {
            Data::Classes(instalments_of(sample))
        }),
        numbers("approval-quick", "Approval of cards, debit cards and vouchers", "minutes", |sample| {
            Data::Numbers(each(sample, quick_minutes))
        }),
        numbers("approval-slow", "Approval of bank slips", "hours", |sample| {
            Data::Numbers(each(sample, slow_hours))
        }),
    ]
}

fn sent() -> Vec<Marginal> {
    let mut ship_promise = counted(1, MOST_SHIP_PROMISE - 1);
    ship_promise.push(format!("{MOST_SHIP_PROMISE}+"));
    vec![
        classes(
            "fates",
            "What became of orders",
            "fate",
            texts(&["delivered", "out of stock", "cancelled", "lost", "stuck"]),
            |sample| Data::Classes(fates(sample)),
        ),
        numbers("handling", "From payment to dispatch", "hours", |sample| {
            Data::Numbers(each(sample, handling_hours))
        }),
        classes("ship-promise", "From payment to promised dispatch", "days", ship_promise, |sample| {
            Data::Classes(ship_promises(sample))
        }),
        numbers("transit", "From dispatch to the door", "days", |sample| {
            Data::Numbers(each(sample, transit_days))
        }),
        numbers("promise", "From order to promised delivery", "days", |sample| {
            Data::Numbers(each(sample, promise_days))
        }),
        Marginal {
            logarithmic: false,
            ..numbers("delay", "Delivery against the promised day", "days late", |sample| {
                Data::Numbers(each(sample, |order| Some(order.delay_days()?.clamp(-MOST_DELAY, MOST_DELAY))))
            })
        },
        classes("lateness", "How late delivered orders are", "days late", lateness_names(), |sample| {
            Data::Classes(lateness(sample))
        }),
    ]
}

fn lateness_names() -> Vec<String> {
    texts(&["on time", "up to 3", "up to 7", "more"])
}

fn said() -> Vec<Marginal> {
    fn stars(name: &'static str, title: &'static str, of: fn(&[Observed]) -> Data) -> Marginal {
        classes(name, title, "stars", counted(1, 5), of)
    }
    vec![
        stars("marks-on-time", "Stars for orders on time", |sample| Data::Classes(marks(sample, 0))),
        stars("marks-late-3", "Stars for orders up to 3 days late", |sample| Data::Classes(marks(sample, 1))),
        stars("marks-late-7", "Stars for orders more than 3 and up to 7 days late", |sample| {
            Data::Classes(marks(sample, 2))
        }),
        stars("marks-later", "Stars for orders more than 7 days late", |sample| {
            Data::Classes(marks(sample, 3))
        }),
        stars("marks-undelivered", "Stars for orders that never arrived", |sample| {
            Data::Classes(marks(sample, UNDELIVERED))
        }),
        numbers("review-after", "From delivery to the rating", "days", |sample| {
            Data::Numbers(each(sample, review_after_days))
        }),
    ]
}

/// A number of each order that has one.
pub(crate) fn each(sample: &[Observed], of: impl Fn(&Observed) -> Option<f64>) -> Weighted {
    Weighted::new(sample.iter().filter_map(|order| Some((of(order)?, order.weight))))
}

fn class_of(sample: &[Observed], count: usize, of: impl Fn(&Observed) -> Option<usize>) -> Vec<f64> {
    let mut weights = vec![0.0; count];
    for order in sample {
        if let Some(place) = of(order).and_then(|class| weights.get_mut(class)) {
            *place += order.weight;
        }
    }
    weights
}

fn between(from: Option<Timestamp>, to: Option<Timestamp>) -> Option<f64> {
    Some(to?.since(from?).0 as f64)
}

/// Orders of each merchant that the sample names.
pub(crate) fn merchant_counts(sample: &[Observed]) -> Vec<usize> {
    let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
    for merchant in sample.iter().filter_map(|order| order.merchant) {
        *counts.entry(merchant).or_default() += 1;
    }
    counts.into_values().collect()
}

pub(crate) fn merchant_classes(sample: &[Observed]) -> Vec<f64> {
    let mut classes = vec![0.0; MERCHANT_CLASSES.len() + 1];
    for count in merchant_counts(sample) {
        let class = MERCHANT_CLASSES.iter().position(|end| count <= *end).unwrap_or(MERCHANT_CLASSES.len());
        classes[class] += 1.0;
    }
    classes
}

/// Buyers by their number of purchases. What one buyer orders at one moment is one purchase, of however many merchants.
pub(crate) fn buyer_classes(sample: &[Observed]) -> Vec<f64> {
    let mut purchases: Vec<(u32, i64)> =
        sample.iter().filter_map(|order| Some((order.buyer?, order.placed.millis()))).collect();
    purchases.sort_unstable();
    purchases.dedup();
    let mut classes = vec![0.0; BUYER_CLASSES];
    for of_one in purchases.chunk_by(|a, b| a.0 == b.0) {
        classes[of_one.len().min(BUYER_CLASSES) - 1] += 1.0;
    }
    classes
}

pub(crate) fn hours(sample: &[Observed]) -> Vec<f64> {
    class_of(sample, 24, |order| usize::try_from(order.placed.hour().rem_euclid(24)).ok())
}

pub(crate) fn weekdays(sample: &[Observed]) -> Vec<f64> {
    // 1970-01-01 was a Thursday.
    class_of(sample, 7, |order| usize::try_from((order.placed.day().0 + 3).rem_euclid(7)).ok())
}

pub(crate) fn items_of(sample: &[Observed]) -> Vec<f64> {
    class_of(sample, MOST_ITEMS, |order| Some(usize::try_from(order.items?).ok()?.clamp(1, MOST_ITEMS) - 1))
}

pub(crate) fn methods(sample: &[Observed]) -> Vec<f64> {
    class_of(sample, METHODS.len(), |order| order.method)
}

pub(crate) fn instalments_of(sample: &[Observed]) -> Vec<f64> {
    let most = MOST_INSTALMENTS;
    class_of(sample, most, |order| {
        let count = usize::try_from(order.instalments?).ok()?;
        (order.method == Some(0)).then_some(count.clamp(1, most) - 1)
    })
}

/// Price of an article, in minor units.
pub(crate) fn article_price(order: &Observed) -> Option<f64> {
    let items = order.items.filter(|items| *items > 0)?;
    Some(order.goods.filter(|goods| *goods > 0)? as f64 / items as f64)
}

/// Shipping of an article, in minor units.
pub(crate) fn article_freight(order: &Observed) -> Option<f64> {
    let (items, freight) = (order.items.filter(|items| *items > 0)?, order.value? - order.goods?);
    (freight > 0).then_some(freight as f64 / items as f64)
}

fn approval(order: &Observed, slow: bool) -> Option<f64> {
    // Less than half a minute cannot be told from none.
    let minutes = between(Some(order.placed), order.paid)? / 60_000.0;
    (METHODS.get(order.method?) == Some(&"boleto")).eq(&slow).then_some(minutes.max(0.5))
}

pub(crate) fn quick_minutes(order: &Observed) -> Option<f64> {
    approval(order, false)
}

pub(crate) fn slow_hours(order: &Observed) -> Option<f64> {
    approval(order, true).map(|minutes| minutes / 60.0)
}

pub(crate) fn fates(sample: &[Observed]) -> Vec<f64> {
    class_of(sample, Fate::ALL.len(), |order| Some(order.fate() as usize))
}

/// At least ten minutes: what left before it was paid for left at once.
pub(crate) fn handling_hours(order: &Observed) -> Option<f64> {
    Some((between(order.paid, order.shipped)? / 3_600_000.0).max(1.0 / 6.0))
}

/// Promises of dispatch in whole days; one that lay before the payment was none.
pub(crate) fn ship_promises(sample: &[Observed]) -> Vec<f64> {
    class_of(sample, MOST_SHIP_PROMISE, |order| {
        let days = libm::round(between(order.paid, order.ship_by)? / DAY);
        (days >= 1.0).then(|| (days as usize).min(MOST_SHIP_PROMISE) - 1)
    })
}

/// At least a tenth of a day.
pub(crate) fn transit_days(order: &Observed) -> Option<f64> {
    Some((between(order.shipped, order.delivered)? / DAY).max(0.1))
}

pub(crate) fn promise_days(order: &Observed) -> Option<f64> {
    between(Some(order.placed), order.deliver_by).map(|millis| millis / DAY).filter(|days| *days > 0.0)
}

/// The place of what did not arrive, behind the classes of lateness.
pub(crate) const UNDELIVERED: usize = 4;

/// On time, up to three days late, up to seven, later; then what never arrived.
fn late_class(order: &Observed) -> Option<usize> {
    if order.fate() != Fate::Delivered {
        return Some(UNDELIVERED);
    }
    let late = order.delay_days()?;
    Some(match late {
        _ if late <= 0.0 => 0,
        _ if late <= 3.0 => 1,
        _ if late <= 7.0 => 2,
        _ => 3,
    })
}

pub(crate) fn lateness(sample: &[Observed]) -> Vec<f64> {
    class_of(sample, UNDELIVERED, late_class)
}

/// Stars given to orders of a class of lateness.
pub(crate) fn marks(sample: &[Observed], class: usize) -> Vec<f64> {
    class_of(sample, 5, |order| {
        let stars = usize::try_from(order.rating?.0).ok()?.checked_sub(1)?;
        (late_class(order) == Some(class)).then_some(stars)
    })
}

/// Ratings given before the delivery are left out.
pub(crate) fn review_after_days(order: &Observed) -> Option<f64> {
    let days = between(order.delivered, order.rating.map(|(_, at)| at))? / DAY;
    (days > 0.0).then_some(days)
}

/// How orders grew, and the seasons that are left when that is taken out.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// The first day of the first whole month looked at, and the day after the last.
    pub span: (probity_primitives::Day, probity_primitives::Day),
    /// Orders a day on the first day, by the straight line through the months.
    pub first: f64,
    /// More orders a day with each day.
    pub slope: f64,
    /// Orders in the span, weighted.
    pub orders: f64,
    /// Orders of the month over those of the line, January first; 1 where no such month was seen.
    pub months: [f64; 12],
}

/// Orders that a month must have to be looked at.
const FEWEST_A_MONTH: usize = 10;

impl Growth {
    /// The longest run of months with orders enough, a straight line through their orders a day, and for each month of the
    /// year its orders over those of the line. `None` with fewer than two months.
    pub fn of(sample: &[Observed]) -> Option<Self> {
        let mut months: BTreeMap<i32, (usize, f64)> = BTreeMap::new();
        for order in sample {
            let month = months.entry(order.placed.day().month()).or_default();
            *month = (month.0 + 1, month.1 + order.weight);
        }
        let enough: Vec<(i32, f64)> = months
            .into_iter()
            .filter(|(_, (count, _))| *count >= FEWEST_A_MONTH)
            .map(|(month, (_, weight))| (month, weight))
            .collect();
        let run = enough.chunk_by(|a, b| a.0 + 1 == b.0).max_by_key(|run| run.len())?;
        let (first, last) = (run.first()?.0, run.last()?.0);
        if first == last {
            return None;
        }
        let begin = first_day(first);
        // By month: days from the begin to its middle, its length, its orders.
        let points: Vec<(f64, f64, f64)> = run
            .iter()
            .map(|(month, orders)| {
                let (from, to) = (first_day(*month), first_day(month + 1));
                let length = f64::from(to.0 - from.0);
                (f64::from(from.0 - begin.0) + length / 2.0, length, *orders)
            })
            .collect();
        let (at_begin, slope) = line(&points);
        let mut seen = [(0.0, 0.0); 12];
        for ((month, _), (middle, length, orders)) in run.iter().zip(&points) {
            // Where the line has fallen to nothing there is no ratio to it.
            let expected = ((at_begin + slope * middle) * length).max(orders / 10.0);
            let place = &mut seen[month.rem_euclid(12) as usize];
            *place = (place.0 + orders, place.1 + expected);
        }
        let ratio = |(orders, expected): (f64, f64)| if expected > 0.0 { orders / expected } else { 1.0 };
        Some(Self {
            span: (begin, first_day(last + 1)),
            first: at_begin,
            slope,
            orders: run.iter().map(|(_, orders)| orders).sum(),
            months: seen.map(ratio),
        })
    }
}

/// The first day of a month (`year × 12 + month − 1`).
fn first_day(month: i32) -> probity_primitives::Day {
    // 1970-01 is month 23640; a month has 30.4 days.
    let mut day = probity_primitives::Day((f64::from(month - 23_640) * 30.436_875) as i32 + 5);
    while day.month() >= month {
        day = day.plus(-1);
    }
    while day.month() < month {
        day = day.plus(1);
    }
    day
}

/// A straight line through orders a day by the middles of months, by least squares.
fn line(points: &[(f64, f64, f64)]) -> (f64, f64) {
    let sum = |of: &dyn Fn(&(f64, f64, f64)) -> f64| points.iter().map(of).sum::<f64>();
    let days = sum(&|point| point.1);
    let (mean_at, mean_rate) = (sum(&|point| point.0 * point.1) / days, sum(&|point| point.2) / days);
    let across = sum(&|point| point.1 * (point.0 - mean_at) * (point.2 / point.1 - mean_rate));
    let along = sum(&|point| point.1 * (point.0 - mean_at) * (point.0 - mean_at));
    let slope = if along > 0.0 { across / along } else { 0.0 };
    (mean_rate - slope * mean_at, slope)
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_primitives::Day;

    #[test]
    fn growth_is_taken_out_of_months() {
        // Twice as many in November, and a straight rise.
        let begin = Timestamp::parse("2017-01-01T12:00:00Z").unwrap().day();
        let sample: Vec<Observed> = (0..480)
            .map(|day: i32| {
                let at = begin.plus(day);
                let factor = if at.month().rem_euclid(12) == 10 { 2.0 } else { 1.0 };
                Observed { weight: factor * (10.0 + f64::from(day)), ..Observed::placed(at.start()) }
            })
            .collect();
        let growth = Growth::of(&sample).unwrap();
        assert_eq!(growth.span.0, begin);
        assert!((growth.months[10] / growth.months[5] - 2.0).abs() < 0.15, "{growth:?}");
        assert!(growth.slope > 0.8 && growth.slope < 1.3, "{growth:?}");
        assert_eq!(Growth::of(&sample[..20]), None);
        assert_eq!(Growth::of(&[]), None);
    }

    #[test]
    fn promises_of_dispatch_are_whole_days_after_the_payment() {
        let day = |day: f64| Some(Timestamp::from_millis((day * DAY) as i64));
        for (paid, ship_by, class) in [
            (day(2.0), day(6.0), Some(3)),
            (day(2.0), day(5.96), Some(3)),
            (day(2.0), day(90.0), Some(MOST_SHIP_PROMISE - 1)),
            (day(2.0), day(2.1), None),
            // The sample has promises that lay weeks before the payment.
            (day(20.0), day(1.0), None),
            (None, day(6.0), None),
        ] {
            let order = Observed { paid, ship_by, ..Observed::placed(Timestamp::from_millis(0)) };
            let found = ship_promises(&[order]).iter().position(|weight| *weight > 0.0);
            assert_eq!(found, class, "{order:?}");
        }
    }

    #[test]
    fn months_begin_on_their_first_day() {
        for month in 23_600..24_900 {
            let first = first_day(month);
            assert_eq!((first.month(), first.plus(-1).month()), (month, month - 1), "{month}");
        }
        assert_eq!(first_day(23_640), Day(0));
    }

    #[test]
    fn lateness_and_fates_are_those_of_the_events() {
        let day = |day: f64| Some(Timestamp::from_millis((day * DAY) as i64));
        let base = Observed {
            deliver_by: day(10.0),
            shipped: day(2.0),
            ..Observed::placed(Timestamp::from_millis(0))
        };
        for (delivered, cancelled, fate, class) in [
            (day(10.0), None, Fate::Delivered, Some(0)),
            (day(10.1), None, Fate::Delivered, Some(1)),
            (day(13.0), None, Fate::Delivered, Some(1)),
            (day(17.0), None, Fate::Delivered, Some(2)),
            (day(17.1), None, Fate::Delivered, Some(3)),
            (None, None, Fate::Lost, Some(4)),
            (None, Some(true), Fate::OutOfStock, Some(4)),
            (day(9.0), Some(false), Fate::Cancelled, Some(4)),
        ] {
            let order = Observed { delivered, cancelled, ..base };
            assert_eq!((order.fate(), late_class(&order)), (fate, class), "{order:?}");
        }
        assert_eq!(Observed { shipped: None, ..base }.fate(), Fate::Stuck);
    }
}
