//! What the log tells of orders, as calibration looks at it.

use super::error::AppError;
use super::open::Probity;
use probity_credit::event::{Event, EventType};
use probity_primitives::Timestamp;
use probity_sim::observed::{Fate, METHODS, Observed, Sampling};
use std::collections::HashMap;

/// Orders by their names, parties by numbers.
#[derive(Default)]
struct Noted {
    orders: Vec<Observed>,
    places: HashMap<String, usize>,
    merchants: HashMap<String, u32>,
    buyers: HashMap<String, u32>,
}

impl Probity {
    /// All orders of the log, those that were delivered with this weight, and how such a sample is drawn.
    ///
    /// # Errors
    /// Those of the store.
    pub fn observed(&self, delivered_weight: f64) -> Result<(Vec<Observed>, Sampling), AppError> {
        let mut noted = Noted::default();
        let vocabulary = &self.catalogue().vocabulary;
        self.shared.each_event(|_, event| noted.note(event, vocabulary.get(event.kind)))?;
        let mut orders = noted.orders;
        let mut seen = [(0.0, 0.0); 5];
        for order in &mut orders {
            let fate = order.fate();
            order.weight = if fate == Fate::Delivered { delivered_weight } else { 1.0 };
            let (all, nameless) = &mut seen[fate as usize];
            *all += 1.0;
            *nameless += f64::from(u8::from(order.merchant.is_none()));
        }
        let nameless = seen.map(|(all, nameless)| if all > 0.0 { nameless / all } else { 0.0 });
        Ok((orders, Sampling { delivered_weight, nameless }))
    }
}

impl Noted {
    fn note(&mut self, event: &Event, kind: &EventType) {
        let Some(name) = event.text(kind, "order") else { return };
        let integer = |field: &str| event.integer(kind, field);
        let moment = |field: &str| integer(field).map(Timestamp::from_millis);
        if kind.name == "order.placed" {
            let number = |numbers: &mut HashMap<String, u32>, party: &str| {
                let next = numbers.len() as u32;
                *numbers.entry(party.to_owned()).or_insert(next)
            };
            let place = self.place(name, event.occurred_at);
            let merchant = event.merchant.as_ref().map(|party| number(&mut self.merchants, party.as_str()));
            let buyer = event.buyer.as_ref().map(|party| number(&mut self.buyers, party.as_str()));
            let order = &mut self.orders[place];
            (order.placed, order.merchant, order.buyer) = (event.occurred_at, merchant, buyer);
            (order.ship_by, order.deliver_by) = (moment("ship_by"), moment("deliver_by"));
            (order.value, order.goods) = (integer("value"), integer("goods_value"));
            order.items = integer("items");
            return;
        }
        let told = ["order.paid", "order.shipped", "order.delivered", "order.cancelled", "review.posted"];
        if !told.contains(&kind.name.as_str()) {
            return;
        }
        let place = self.place(name, event.occurred_at);
        let order = &mut self.orders[place];
        match kind.name.as_str() {
            "order.paid" => {
                order.paid = Some(event.occurred_at);
                let method = event.text(kind, "method");
                order.method = METHODS.iter().position(|known| Some(*known) == method);
                order.instalments = integer("instalments");
            }
            "order.shipped" => order.shipped = Some(event.occurred_at),
            "order.delivered" => order.delivered = Some(event.occurred_at),
            "order.cancelled" => order.cancelled = Some(event.text(kind, "by") == Some("seller")),
            _ => order.rating = integer("rating").map(|rating| (rating, event.known_at)),
        }
    }

    /// The place of an order; its events may come before its placing.
    fn place(&mut self, name: &str, at: Timestamp) -> usize {
        if let Some(place) = self.places.get(name) {
            return *place;
        }
        self.places.insert(name.to_owned(), self.orders.len());
        self.orders.push(Observed::placed(at));
        self.orders.len() - 1
    }
}
