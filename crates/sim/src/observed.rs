//! What a log tells of orders, whether they happened or were simulated: what calibration looks at.

use crate::dice::{Dice, Purpose};
use crate::event::{Event, Field, Kind, Number, Value};
use crate::platform::Platform;
use probity_primitives::Timestamp;
use std::convert::Infallible;

/// Payment methods, in the order in which they are counted.
pub const METHODS: [&str; 4] = ["card", "boleto", "voucher", "debit_card"];

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fate {
    /// It arrived.
    Delivered,
    /// The seller could not supply.
    OutOfStock,
    /// Cancelled by anybody else.
    Cancelled,
    /// It left and never arrived.
    Lost,
    /// It never left.
    Stuck,
}

impl Fate {
    /// All of them, in order.
    pub const ALL: [Self; 5] = [Self::Delivered, Self::OutOfStock, Self::Cancelled, Self::Lost, Self::Stuck];
}

/// An order as its events tell it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Observed {
    /// Who sold, if the log says.
    pub merchant: Option<Number>,
    /// Who bought, if the log says.
    pub buyer: Option<Number>,
    /// When it was placed.
    pub placed: Timestamp,
    /// When it was paid.
    pub paid: Option<Timestamp>,
    /// When it left.
    pub shipped: Option<Timestamp>,
    /// When it arrived.
    pub delivered: Option<Timestamp>,
    /// When it was to leave.
    pub ship_by: Option<Timestamp>,
    /// When it was to arrive.
    pub deliver_by: Option<Timestamp>,
    /// Who cancelled it: true for the seller.
    pub cancelled: Option<bool>,
    /// What it costs in minor units.
    pub value: Option<i64>,
    /// Without shipping.
    pub goods: Option<i64>,
    /// Articles.
    pub items: Option<i64>,
    /// Place among [`METHODS`].
    pub method: Option<usize>,
    /// Instalments.
    pub instalments: Option<i64>,
    /// Rating, and when it was known.
    pub rating: Option<(i64, Timestamp)>,
    /// Orders of the market that it stands for.
    pub weight: f64,
}

impl Observed {
    /// An order of which nothing but its placing is known.
    pub fn placed(at: Timestamp) -> Self {
        Self {
            merchant: None,
            buyer: None,
            placed: at,
            paid: None,
            shipped: None,
            delivered: None,
            ship_by: None,
            deliver_by: None,
            cancelled: None,
            value: None,
            goods: None,
            items: None,
            method: None,
            instalments: None,
            rating: None,
            weight: 1.0,
        }
    }

    /// What became of it.
    pub fn fate(&self) -> Fate {
        match (self.cancelled, self.delivered, self.shipped) {
            (Some(true), _, _) => Fate::OutOfStock,
            (Some(false), _, _) => Fate::Cancelled,
            (None, Some(_), _) => Fate::Delivered,
            (None, None, Some(_)) => Fate::Lost,
            (None, None, None) => Fate::Stuck,
        }
    }

    /// Days from the promised to the real delivery, below 0 when early.
    pub fn delay_days(&self) -> Option<f64> {
        let (delivered, promised) = (self.delivered?, self.deliver_by?);
        (self.fate() == Fate::Delivered).then(|| delivered.since(promised).0 as f64 / 86_400_000.0)
    }
}

/// A sample that holds every order that was not delivered and a part of the delivered ones.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Orders that a delivered one stands for.
    pub delivered_weight: f64,
    /// By [`Fate`]: the share of orders that name no merchant, because it was never settled who would supply them.
    pub nameless: [f64; 5],
}

impl Sampling {
    /// Draws such a sample from all orders. `nth` tells draws from one world apart.
    pub fn draw(&self, all: &[Observed], seed: u64, nth: u64) -> Vec<Observed> {
        let mut sample = Vec::new();
        for (number, order) in (0_u64..).zip(all) {
            let mut dice = Dice::new(seed, Purpose::Sample, number, 100 + nth);
            let (kept, named, fate) = (dice.unit(), dice.unit(), order.fate());
            let weight = if fate == Fate::Delivered { self.delivered_weight } else { 1.0 };
            if kept * weight >= 1.0 {
                continue;
            }
            let nameless = named < self.nameless[fate as usize];
            let merchant = order.merchant.filter(|_| !nameless);
            sample.push(Observed { merchant, weight, ..*order });
        }
        sample
    }
}

/// A platform that does nothing but watch: it notes the orders placed until a moment.
#[derive(Debug)]
pub struct Watch {
    until: Timestamp,
    orders: Vec<Observed>,
}

impl Watch {
    /// Orders placed from `until` on are not noted.
    pub fn new(until: Timestamp) -> Self {
        Self { until, orders: Vec::new() }
    }

    /// The orders, in the order of their numbers.
    pub fn orders(mut self) -> Vec<Observed> {
        let until = self.until;
        self.orders.retain(|order| order.placed < until);
        self.orders
    }

    fn note(&mut self, event: &Event) {
        let Some(number) = event.id(Field::Order) else { return };
        if event.kind == Kind::OrderPlaced {
            let moment = |field| match event.get(field) {
                Some(Value::Moment(at)) => Some(at),
                _ => None,
            };
            self.orders.push(Observed {
                merchant: event.merchant,
                buyer: event.buyer,
                ship_by: moment(Field::ShipBy),
                deliver_by: moment(Field::DeliverBy),
                value: event.minor(Field::Value),
                goods: event.minor(Field::GoodsValue),
                items: count(event, Field::Items),
                ..Observed::placed(event.at)
            });
            return;
        }
        // Orders are numbered from 1 as they are placed.
        let place = usize::try_from(number).unwrap_or(0).wrapping_sub(1);
        let Some(order) = self.orders.get_mut(place) else { return };
        match event.kind {
            Kind::OrderPaid if order.paid.is_none() => {
                order.paid = Some(event.at);
                order.method = word(event, Field::Method)
                    .and_then(|word| METHODS.iter().position(|method| *method == word));
                order.instalments = count(event, Field::Instalments);
            }
            Kind::OrderShipped => order.shipped = Some(event.at),
            Kind::OrderDelivered => order.delivered = Some(event.at),
            Kind::OrderCancelled => order.cancelled = Some(word(event, Field::By) == Some("seller")),
            Kind::ReviewPosted => {
                order.rating = count(event, Field::Rating).map(|rating| (rating, event.at));
            }
            _ => {}
        }
    }
}

fn count(event: &Event, field: Field) -> Option<i64> {
    match event.get(field) {
        Some(Value::Count(count)) => Some(count),
        _ => None,
    }
}

fn word(event: &Event, field: Field) -> Option<&'static str> {
    match event.get(field) {
        Some(Value::Word(word)) => Some(word),
        _ => None,
    }
}

impl Platform for Watch {
    type Error = Infallible;

    fn event(&mut self, event: &Event) -> Result<(), Infallible> {
        self.note(event);
        Ok(())
    }
}
