//! Random events of any declared type, for the tests of the modules below.

use super::fact::{Event, FieldValue};
use super::schema::{Field, FieldKind, TypeIndex, Vocabulary};
use probity_primitives::{Currency, Day, Duration, ExternalId, Timestamp};

/// What proptest takes when nobody asks for a number.
const USUAL_CASES: u32 = 256;

/// So many random cases, or more where the environment asks for them: `PROPTEST_CASES=2000 cargo nextest run …`.
pub(crate) fn at_least(cases: u32) -> proptest::test_runner::Config {
    let asked = proptest::test_runner::Config::default();
    if asked.cases == USUAL_CASES || asked.cases < cases {
        proptest::test_runner::Config { cases, ..asked }
    } else {
        asked
    }
}

/// A small repeatable source of chance (splitmix64).
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }

    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.roll(of.len() as u64) as usize]
    }

    /// A whole number within bounds; mostly small.
    fn within(&mut self, min: i64, max: i64) -> i64 {
        let low = min.max(-3);
        low + self.roll((max.min(low.saturating_add(12)) - low + 1) as u64) as i64
    }

    /// A moment of 2024 or 2025, of one of three crowded days, or ten years earlier; often at the edge of a day or an hour.
    pub(crate) fn moment(&mut self) -> Timestamp {
        const FIRST: i32 = 19_732;
        let day = match self.roll(10) {
            0 => FIRST - 3_650,
            1..=3 => FIRST + 20 + self.roll(3) as i32,
            _ => FIRST + self.roll(420) as i32,
        };
        let within = match self.roll(6) {
            0 => 0,
            1 => 86_399_999,
            2 => self.roll(24) as i64 * 3_600_000,
            _ => self.roll(86_400_000) as i64,
        };
        Day(day).start().plus(Duration(within))
    }
}

pub(crate) fn id(text: &str) -> ExternalId {
    ExternalId::try_new(text).unwrap()
}

/// An event of a type, between one of two merchants and one of three buyers, with all that is required and most of what is not.
pub(crate) fn event(vocabulary: &Vocabulary, kind: TypeIndex, name: &str, dice: &mut Dice) -> Event {
    let declared = vocabulary.get(kind);
    let occurred_at = dice.moment();
    let later = match dice.roll(8) {
        0 | 1 => dice.roll(5 * 86_400_000),
        2 => dice.roll(400 * 86_400_000),
        _ => 0,
    };
    let known_at = occurred_at.plus(Duration(later as i64));
    let mut party = |declared: Option<bool>, of: &[&str]| match declared {
        None => None,
        Some(false) if dice.roll(6) == 0 => None,
        Some(_) => Some(id(of[dice.roll(of.len() as u64) as usize])),
    };
    let merchant = party(declared.merchant, &["m1", "m1", "m1", "m2"]);
    let buyer = party(declared.buyer, &["b1", "b1", "b2", "b3"]);
    let fields = declared
        .fields
        .iter()
        .map(|field| (field.required || dice.roll(5) > 0).then(|| value(field, occurred_at, dice)))
        .collect();
    let currency = if dice.roll(3) == 0 { "BRL" } else { "EUR" };
    let currency = declared.has_money().then(|| Currency::try_new(currency).unwrap());
    Event {
        id: id(name),
        source: id("shop"),
        kind,
        occurred_at,
        known_at,
        known_given: true,
        merchant,
        buyer,
        currency,
        fields,
    }
}

fn value(field: &Field, occurred_at: Timestamp, dice: &mut Dice) -> FieldValue {
    let words = ["a", "b", "c", "toys", "books"];
    match &field.kind {
        FieldKind::Id => FieldValue::Text((*dice.pick(&["x1", "x2", "x3", "x4"])).into()),
        FieldKind::Text(_) => FieldValue::Text((*dice.pick(&words)).into()),
        FieldKind::Boolean => FieldValue::Boolean(dice.roll(2) == 0),
        FieldKind::Integer(min, max) => FieldValue::Integer(dice.within(*min, *max)),
        FieldKind::Money(min, max) => {
            let factor = *dice.pick(&[1, 100, 12_345]);
            FieldValue::Integer(dice.within(*min, *max / 100_000) * factor)
        }
        FieldKind::Timestamp => {
            let off = dice.roll(20 * 86_400_000) as i64 - 10 * 86_400_000;
            FieldValue::Integer(occurred_at.plus(Duration(off)).millis())
        }
        FieldKind::Duration => FieldValue::Integer(dice.roll(15 * 86_400_000) as i64),
        FieldKind::Decimal(_) => FieldValue::Integer(dice.roll(2_000) as i64 - 1_000),
        FieldKind::Choice(values) => FieldValue::Choice(dice.roll(values.len() as u64) as u16),
        FieldKind::Country => FieldValue::Text((*dice.pick(&["PT", "BR", "DE"])).into()),
    }
}
