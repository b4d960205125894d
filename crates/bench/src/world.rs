//! Made-up orders: six events each, a few shops and buyers often, most seldom.

use probity_primitives::{Duration, Timestamp};
use std::fmt::Write;

/// Makes events of orders in the order in which orders were placed.
pub(crate) struct World {
    dice: u64,
    next: u64,
    shops: u64,
    buyers: u64,
    begin: Timestamp,
    step: Duration,
    /// Hours in a history, seconds when told as they happen.
    unit: i64,
    waiting: Vec<String>,
}

impl World {
    /// Orders at some shops spread over the year before a moment, as a history.
    pub(crate) fn history(orders: u64, shops: u64, end: Timestamp) -> Self {
        let year = 365 * 86_400_000_i64;
        let step = Duration(year / i64::try_from(orders.max(1)).unwrap_or(i64::MAX));
        Self {
            dice: 7,
            next: 0,
            shops,
            buyers: (orders / 2).max(100),
            begin: Timestamp::from_millis(end.millis() - year - 40 * 86_400_000),
            step,
            unit: 3_600_000,
            waiting: Vec::new(),
        }
    }

    /// Orders as they happen, within the last minutes before a moment.
    pub(crate) fn live(orders: u64, now: Timestamp, seed: u64) -> Self {
        let begin = Timestamp::from_millis(now.millis() - 3_600_000);
        Self {
            dice: seed,
            next: seed * 1_000_000_000,
            shops: 2_000,
            buyers: (orders / 2).max(100),
            begin,
            step: Duration(0),
            unit: 1_000,
            waiting: Vec::new(),
        }
    }

    fn roll(&mut self, n: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.dice;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n
    }

    /// The next event as one JSON object.
    pub(crate) fn event(&mut self) -> String {
        if self.waiting.is_empty() {
            self.order();
        }
        self.waiting.pop().unwrap_or_default()
    }

    /// A JSON array of events.
    pub(crate) fn batch(&mut self, size: usize) -> String {
        let mut out = String::from("[");
        for n in 0..size {
            if n > 0 {
                out.push(',');
            }
            out.push_str(&self.event());
        }
        out.push(']');
        out
    }

    fn order(&mut self) {
        let number = self.next;
        self.next += 1;
        // Ids as marketplaces have them: 32 hexadecimal digits.
        let id = |kind: u64, n: u64| {
            format!(
                "{:016x}{:016x}",
                (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15),
                (n ^ (kind << 56)).wrapping_mul(0xc2b2_ae3d_27d4_eb4f)
            )
        };
        let (a, b) = (self.roll(self.shops), self.roll(self.shops));
        let shop = id(1, a.min(b));
        let buyer = id(2, self.roll(self.buyers));
        let order = id(3, number);
        let placed = self
            .begin
            .plus(Duration(self.step.0.saturating_mul(i64::try_from(number % 1_000_000_000).unwrap_or(0))));
        let hours =
            |from: Timestamp, n: u64, unit: i64| from.plus(Duration(i64::try_from(n).unwrap_or(0) * unit));
        let value = format!("{}.{:02}", 5 + self.roll(200), self.roll(100));
        let both = format!(r#""merchant":"{shop}","buyer":"{buyer}","order":"{order}""#);
        let mut events = Vec::with_capacity(6);
        let mut event = |kind: &str, at: Timestamp, rest: std::fmt::Arguments<'_>| {
            let mut out = String::with_capacity(360);
            let _ =
                write!(out, r#"{{"id":"{order}.{kind}","type":"{kind}","occurred_at":"{at}",{both}{rest}}}"#);
            events.push(out);
        };
        let (ship_by, deliver_by) = (placed.plus(Duration::days(3)), placed.plus(Duration::days(10)));
        let category = ["books", "toys", "garden", "phones", "shoes"][usize::try_from(a % 5).unwrap_or(0)];
        event(
            "order.placed",
            placed,
            format_args!(
                r#","value":"{value}","currency":"EUR","category":"{category}","items":1,"ship_by":"{ship_by}","deliver_by":"{deliver_by}""#
            ),
        );
        let paid = hours(placed, self.roll(6), self.unit);
        event("order.paid", paid, format_args!(r#","value":"{value}","currency":"EUR","method":"card""#));
        let shipped = hours(paid, 4 + self.roll(80), self.unit);
        event(
            "order.shipped",
            shipped,
            format_args!(
                r#","carrier":"post","tracking":"{number}","ship_by":"{ship_by}","paid_at":"{paid}""#
            ),
        );
        let delivered = hours(shipped, 30 + self.roll(140), self.unit);
        event(
            "order.delivered",
            delivered,
            format_args!(r#","placed_at":"{placed}","deliver_by":"{deliver_by}""#),
        );
        event("order.confirmed", hours(delivered, 1 + self.roll(48), self.unit), format_args!(""));
        let rating = 1 + self.roll(5).max(self.roll(5));
        event(
            "review.posted",
            hours(delivered, 2 + self.roll(100), self.unit),
            format_args!(r#","rating":{rating},"verified":true"#),
        );
        events.reverse();
        self.waiting = events;
    }
}
