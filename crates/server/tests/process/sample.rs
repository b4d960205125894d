//! A small made-up marketplace for tests: the same bytes on every machine, whatever becomes of the simulator.
//!
//! Forty shops over a year: most do well, some are slow, two stop delivering, one sells what it does not have.

use probity_primitives::{Duration, Timestamp};
use std::io::{self, Write};

/// Shops, buyers, orders.
const SHOPS: u64 = 40;
const BUYERS: u64 = 400;
const ORDERS: u64 = 3_000;
/// 2025-01-01T00:00:00Z.
const BEGIN: Timestamp = Timestamp::from_millis(1_735_689_600_000);

/// A fixed sequence of numbers (SplitMix64, Steele, Lea and Flood 2014).
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// True this often in a hundred.
    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn hours(&mut self, from: u64, to: u64) -> Duration {
        Duration(i64::try_from((from * 60 + self.below((to - from) * 60)) * 60_000).unwrap_or(0))
    }
}

/// How often in a hundred a shop ships late, never delivers, cancels for want of stock.
fn manner(shop: u64, at: Timestamp) -> (u64, u64, u64) {
    let late_year = at.since(BEGIN).0 > Duration::days(250).0;
    match shop {
        0 | 1 if late_year => (90, 85, 0),
        2 => (10, 2, 35),
        3..=7 => (45, 3, 2),
        8..=14 => (12, 1, 1),
        _ => (3, 0, 0),
    }
}

const CATEGORIES: [&str; 5] = ["books", "toys", "garden", "phones", "shoes"];

/// Writes the events as JSON Lines.
///
/// # Errors
/// Those of `out`.
pub(crate) fn write_sample(mut out: impl Write) -> io::Result<()> {
    let mut dice = Dice(7);
    for shop in 0..SHOPS {
        let at = BEGIN.plus(dice.hours(0, 200));
        writeln!(
            out,
            r#"{{"id":"shop{shop}.entity","type":"identity.verified","occurred_at":"{at}","merchant":"shop{shop}","kind":"entity"}}"#
        )?;
        writeln!(
            out,
            r#"{{"id":"shop{shop}.bank","type":"identity.verified","occurred_at":"{at}","merchant":"shop{shop}","kind":"bank_account"}}"#
        )?;
    }
    for number in 0..ORDERS {
        order(&mut out, &mut dice, number)?;
    }
    out.flush()
}

fn order(out: &mut impl Write, dice: &mut Dice, number: u64) -> io::Result<()> {
    // A few shops and buyers trade often, most seldom.
    let shop = dice.below(SHOPS).min(dice.below(SHOPS));
    let buyer = dice.below(BUYERS).min(dice.below(BUYERS));
    let placed =
        BEGIN.plus(Duration::days(i64::try_from(number * 350 / ORDERS).unwrap_or(0))).plus(dice.hours(0, 24));
    let value = format!("{}.{:02}", 5 + dice.below(120), dice.below(100));
    let category = CATEGORIES[usize::try_from(shop).unwrap_or(0) % CATEGORIES.len()];
    let (late, lost, short) = manner(shop, placed);
    let both = format!(r#""merchant":"shop{shop}","buyer":"buyer{buyer}","order":"o{number}""#);
    let ship_by = placed.plus(Duration::days(3));
    let deliver_by = placed.plus(Duration::days(10));
    let mut event = |kind: &str, at: Timestamp, rest: &str| {
        writeln!(out, r#"{{"id":"o{number}.{kind}","type":"{kind}","occurred_at":"{at}",{both}{rest}}}"#)
    };
    event(
        "order.placed",
        placed,
        &format!(
            r#","value":"{value}","currency":"EUR","category":"{category}","items":1,"ship_by":"{ship_by}","deliver_by":"{deliver_by}""#
        ),
    )?;
    if dice.chance(3) {
        return Ok(());
    }
    let paid = placed.plus(dice.hours(0, 6));
    event("order.paid", paid, &format!(r#","value":"{value}","currency":"EUR","method":"card""#))?;
    if dice.chance(short) {
        return event("order.cancelled", paid.plus(dice.hours(24, 72)), r#","by":"seller""#);
    }
    if dice.chance(lost) {
        let review = deliver_by.plus(dice.hours(24, 200));
        return if dice.chance(60) {
            event("review.posted", review, r#","rating":1,"verified":true"#)
        } else {
            Ok(())
        };
    }
    let slow = dice.chance(late);
    let shipped = if slow { ship_by.plus(dice.hours(5, 150)) } else { paid.plus(dice.hours(4, 60)) };
    event(
        "order.shipped",
        shipped,
        &format!(r#","carrier":"post","tracking":"t{number}","ship_by":"{ship_by}","paid_at":"{paid}""#),
    )?;
    let delivered = shipped.plus(dice.hours(30, 140));
    event("order.delivered", delivered, &format!(r#","placed_at":"{placed}","deliver_by":"{deliver_by}""#))?;
    if dice.chance(55) {
        let rating = if delivered > deliver_by { 1 + dice.below(3) } else { 3 + dice.below(3) };
        event(
            "review.posted",
            delivered.plus(dice.hours(4, 120)),
            &format!(r#","rating":{rating},"verified":true"#),
        )?;
    }
    Ok(())
}
