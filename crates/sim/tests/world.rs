//! Worlds happen as they are set, and every event is one that the vocabulary takes.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

use probity_primitives::{Day, Digest};
use probity_sim::event::{Event, Kind, Value};
use probity_sim::platform::{Change, Platform};
use probity_sim::setting::Setting;
use probity_sim::truth::{OrderTruth, PartyTruth};
use probity_sim::world::run;
use std::collections::BTreeMap;
use std::convert::Infallible;

const WORLD: &str = include_str!("../../../catalogue/worlds/marketplace.toml");
const HONEST: &str = include_str!("../../../catalogue/worlds/honest.toml");

fn setting(merchants: u32, buyers: u32, days: u32) -> Setting {
    let mut setting = Setting::read(WORLD, HONEST).unwrap();
    setting.world.size.merchants = merchants;
    setting.world.size.buyers = buyers;
    setting.world.size.days = days;
    setting
}

#[derive(Default)]
struct Seen {
    kinds: BTreeMap<&'static str, u64>,
    orders: Vec<OrderTruth>,
    parties: Vec<PartyTruth>,
    last: i64,
    digest: Vec<u8>,
}

impl Platform for Seen {
    type Error = Infallible;

    fn event(&mut self, event: &Event) -> Result<(), Infallible> {
        assert!(event.at.millis() >= self.last, "{event:?} comes after {}", self.last);
        self.last = event.at.millis();
        *self.kinds.entry(event.kind.name()).or_default() += 1;
        self.digest.extend_from_slice(&Digest::of(&[format!("{event:?}").as_bytes()]).half());
        Ok(())
    }

    fn order(&mut self, truth: &OrderTruth) -> Result<(), Infallible> {
        self.orders.push(*truth);
        Ok(())
    }

    fn party(&mut self, truth: &PartyTruth) -> Result<(), Infallible> {
        self.parties.push(truth.clone());
        Ok(())
    }

    fn day_ended(&mut self, _: Day, _: &mut Vec<Change>) -> Result<(), Infallible> {
        Ok(())
    }
}

fn lived(setting: &Setting, seed: u64) -> Seen {
    let mut seen = Seen::default();
    let Ok(_) = run(setting, seed, &mut seen, &mut |_, _, _| {});
    seen
}

#[test]
fn look() {
    let seen = lived(&setting(200, 4_000, 365), 7);
    for (kind, count) in &seen.kinds {
        println!("{kind:30} {count}");
    }
    let mut by: BTreeMap<(String, &str, &str), (u32, i64)> = BTreeMap::new();
    for order in &seen.orders {
        let archetype = seen.parties[order.merchant as usize].archetype.clone();
        let entry = by.entry((archetype, order.intent.name(), order.did.name())).or_default();
        entry.0 += 1;
        entry.1 += order.harm;
    }
    for (key, value) in by {
        println!("{key:?} {value:?}");
    }
    assert!(
        seen.kinds.len() == Kind::ALL.len(),
        "{:?}",
        Kind::ALL.iter().filter(|kind| !seen.kinds.contains_key(kind.name())).collect::<Vec<_>>()
    );
    let _ = Value::Count(1);
}

#[test]
fn whoever_stands_behind_stolen_cards_has_a_first_bad_act() {
    let seen = lived(&setting(200, 2_000, 365), 11);
    for archetype in ["triangulator", "mule", "ring", "cash_out"] {
        let (acted, of) = seen
            .parties
            .iter()
            .filter(|party| party.archetype == archetype)
            .fold((0, 0), |(acted, of), party| (acted + u32::from(party.first_bad_at.is_some()), of + 1));
        assert!(acted > 0, "{archetype}: {acted} of {of}");
    }
}
