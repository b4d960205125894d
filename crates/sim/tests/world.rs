//! Worlds happen as they are set: in order, the same every time, and with those who are let in.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

use probity_primitives::{Day, Digest};
use probity_sim::event::{Event, Field, Kind, Value};
use probity_sim::platform::{Change, Platform, Standing};
use probity_sim::setting::Setting;
use probity_sim::truth::{Ending, Intent, OrderTruth, PartyTruth};
use probity_sim::world::run;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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

/// A platform that watches, and stops whom it is told to stop.
#[derive(Default)]
struct Watch {
    events: Vec<Event>,
    orders: Vec<OrderTruth>,
    parties: Vec<PartyTruth>,
    stops: Option<(i32, u32)>,
}

impl Platform for Watch {
    type Error = Infallible;

    fn event(&mut self, event: &Event) -> Result<(), Infallible> {
        self.events.push(*event);
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

    fn day_ended(&mut self, day: Day, changes: &mut Vec<Change>) -> Result<(), Infallible> {
        if let Some((on, number)) = self.stops.filter(|(on, _)| *on == day.0) {
            assert_eq!(on, day.0);
            changes.push(Change {
                merchant: true,
                number,
                standing: Standing { badge: -3, trades: false, ..Standing::PLAIN },
            });
        }
        Ok(())
    }
}

fn lived(setting: &Setting, seed: u64, stops: Option<(i32, u32)>) -> Watch {
    let mut watch = Watch { stops, ..Watch::default() };
    let Ok(_) = run(setting, seed, &mut watch, &mut |_, _, _| {});
    watch
}

fn digest(watch: &Watch) -> Digest {
    let text = format!("{:?}{:?}{:?}", watch.events, watch.orders, watch.parties);
    Digest::of(&[text.as_bytes()])
}

#[test]
fn a_seed_gives_one_world_and_another_seed_another() {
    let setting = setting(60, 600, 120);
    assert_eq!(digest(&lived(&setting, 7, None)), digest(&lived(&setting, 7, None)));
    assert_ne!(digest(&lived(&setting, 7, None)), digest(&lived(&setting, 8, None)));
}

#[test]
fn a_year_holds_every_kind_of_event_in_order() {
    let watch = lived(&setting(500, 9_000, 365), 7, None);
    assert!(watch.events.is_sorted_by(|a, b| a.at <= b.at && a.serial + 1 == b.serial));
    let kinds: BTreeSet<Kind> = watch.events.iter().map(|event| event.kind).collect();
    let missing: Vec<_> = Kind::ALL.iter().filter(|kind| !kinds.contains(kind)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    let intents: BTreeSet<Intent> = watch.orders.iter().map(|order| order.intent).collect();
    assert_eq!(intents.len(), Intent::ALL.len(), "{intents:?}");
    // Each order is told of once, and its truth once.
    let placed = watch.events.iter().filter(|event| event.kind == Kind::OrderPlaced).count();
    let truths: BTreeSet<u64> = watch.orders.iter().map(|order| order.order).collect();
    assert_eq!((placed, watch.orders.len()), (truths.len(), truths.len()));
}

#[test]
fn an_order_lives_from_its_placing_on() {
    let watch = lived(&setting(120, 2_000, 300), 11, None);
    let mut lives: HashMap<u64, Vec<&Event>> = HashMap::new();
    for event in &watch.events {
        if let Some(order) = event.id(Field::Order) {
            lives.entry(order).or_default().push(event);
        }
    }
    let at = |life: &[&Event], kind: Kind| life.iter().position(|event| event.kind == kind);
    for (order, life) in &lives {
        assert_eq!(life[0].kind, Kind::OrderPlaced, "{order}: {life:?}");
        for (first, then) in [
            (Kind::OrderPaid, Kind::OrderShipped),
            (Kind::OrderShipped, Kind::ShipmentScanned),
            (Kind::OrderShipped, Kind::OrderDelivered),
            (Kind::OrderDelivered, Kind::OrderConfirmed),
            (Kind::OrderPaid, Kind::RefundIssued),
            (Kind::ClaimOpened, Kind::ClaimDecided),
            (Kind::ReturnRequested, Kind::ReturnReceived),
        ] {
            if let Some(then) = at(life, then) {
                assert!(at(life, first).is_some_and(|first| first < then), "{order}: {life:?}");
            }
        }
    }
    for truth in &watch.orders {
        let life = &lives[&truth.order];
        let sum = |kind: Kind| -> i64 {
            life.iter().filter(|event| event.kind == kind).filter_map(|event| event.minor(Field::Value)).sum()
        };
        assert_eq!(truth.paid, sum(Kind::OrderPaid), "{truth:?}");
        assert_eq!(truth.refunded, sum(Kind::RefundIssued), "{truth:?}");
        assert!(truth.refunded + truth.charged_back <= truth.paid && truth.held >= 0, "{truth:?}");
        let delivered = at(life, Kind::OrderDelivered).is_some();
        assert_eq!(delivered, matches!(truth.did, Ending::OnTime | Ending::Late), "{truth:?}");
        assert!(!matches!(truth.would, Ending::Open | Ending::Stopped), "{truth:?}");
    }
}

#[test]
fn archetypes_can_be_left_out_and_nobody_else_changes() {
    let all = setting(200, 3_000, 200);
    let merchants: Vec<String> = all.world.merchants.keys().cloned().collect();
    let buyers: Vec<String> = all.world.buyers.keys().cloned().collect();
    let whole = lived(&all, 3, None);
    let present: BTreeSet<&str> = whole.parties.iter().map(|party| party.archetype.as_str()).collect();
    for name in merchants.iter().chain(&buyers) {
        assert!(present.contains(name.as_str()), "{name} is not there");
    }
    // Each alone, out of all.
    for name in ["exit_scam", "brusher", "ring", "refund_abuser", "over_borrower", "sybil"] {
        let mut less = all.clone();
        less.choose(None, &[name.to_owned()]).unwrap();
        let rest = lived(&less, 3, None);
        assert!(rest.parties.iter().all(|party| party.archetype != name), "{name}");
        let others = |watch: &Watch| -> BTreeMap<(bool, u32), String> {
            let of = |party: &PartyTruth| ((party.merchant, party.number), party.archetype.clone());
            watch
                .parties
                .iter()
                .filter(|party| party.number < 200 && party.archetype != name)
                .map(of)
                .collect()
        };
        let (before, after) = (others(&whole), others(&rest));
        assert!(before.iter().all(|(who, what)| after.get(who) == Some(what)), "{name} changed the others");
    }
    let mut honest = all.clone();
    honest.choose(Some(&[]), &[]).unwrap();
    let honest = lived(&honest, 3, None);
    assert!(honest.parties.iter().all(|party| !party.cheats));
    assert!(honest.orders.iter().all(|order| order.intent == Intent::Honest));
    let mut one = all.clone();
    one.choose(Some(&["exit_scam".to_owned()]), &[]).unwrap();
    let one = lived(&one, 3, None);
    assert!(one.parties.iter().all(|party| !party.cheats || party.archetype == "exit_scam"));
}

#[test]
fn whom_the_platform_stops_sells_no_more() {
    let setting = setting(20, 6_000, 200);
    let free = lived(&setting, 5, None);
    let busiest = |watch: &Watch| {
        let mut counts: BTreeMap<u32, usize> = BTreeMap::new();
        watch.orders.iter().for_each(|order| *counts.entry(order.merchant).or_default() += 1);
        counts.into_iter().max_by_key(|(_, count)| *count).unwrap().0
    };
    let (number, day) = (busiest(&free), setting.begin().unwrap().0 + 100);
    let stopped = lived(&setting, 5, Some((day, number)));
    let after = |watch: &Watch| {
        let placed = |event: &&Event| event.kind == Kind::OrderPlaced && event.merchant == Some(number);
        watch.events.iter().filter(placed).filter(|event| event.at.day().0 > day).count()
    };
    assert!(after(&free) > 20, "{}", after(&free));
    assert_eq!(after(&stopped), 0);
    // Until that evening the two worlds are one.
    let until = |watch: &Watch| {
        watch.events.iter().filter(|event| event.at.day().0 <= day).copied().collect::<Vec<_>>()
    };
    assert_eq!(until(&free), until(&stopped));
    assert!(stopped.orders.iter().any(|order| order.did == Ending::Stopped && order.merchant == number));
}

#[test]
fn impossible_worlds_are_refused_with_the_reason() {
    let check = |from: &str, to: &str, reason: &str| {
        let (world, honest) = (WORLD.replacen(from, to, 1), HONEST.replacen(from, to, 1));
        assert!(world != WORLD || honest != HONEST, "{from} is in neither file");
        let refused = Setting::read(&world, &honest).unwrap_err();
        assert_eq!(refused.code.as_str(), "world-invalid");
        assert!(refused.to_string().contains(reason), "{reason}: {refused}");
    };
    check("merchants = 200", "merchants = 0", "0 merchants");
    check("days      = 365", "days      = 0", "0 days");
    check("days      = 365", "days      = 100000", "100000 days");
    check("days      = 365", "days      = -1", "marketplace.toml");
    check("currency = \"BRL\"", "currency = \"XXX\"", "currency");
    check("begin    = \"2025-01-01\"", "begin    = \"2025-02-30\"", "begin");
    check("loyalty        = 0.25", "loyalty        = 1.25", "market.loyalty = 1.25");
    check("loyalty        = 0.25", "loyalty        = nan", "market.loyalty = NaN");
    check("loyalty        = 0.25", "loyalti        = 0.25", "unknown field `loyalti`");
    check("step_up_thief  = 0.1", "step_up_thief  = 1.1", "payments.step_up_thief = 1.1");
    check("reserve_days     = 90.0", "reserve_days     = 900.0", "payouts.reserve_days = 900");
    check("discount_response = 2.0", "discount_response = -1.0", "market.discount_response = -1");
    check("share  = 0.76", "share  = 0.96", "the shares of buyers make");
    check("cheats      = true", "cheats      = 3", "marketplace.toml");
    check("months = [5, 6, 11, 12]", "months = [5, 6, 11, 13]", "merchants.seasonal");
    check("accomplices = [10, 30]", "accomplices = [30, 10]", "merchants.brusher");
    check("accomplices = [10, 30]", "accomplices = [0, 10]", "somebody has to place");
    check("[buyers.accomplice]", "[buyers.friend]", "needs the kind of buyers 'accomplice'");
    let huge = setting(1, 1, 1);
    let mut huge = huge.clone();
    huge.world.size.buyers = u32::MAX;
    assert!(huge.check().is_err());
    let mut none = setting(10, 10, 10);
    let names: Vec<String> = none.world.merchants.keys().cloned().collect();
    assert!(none.choose(None, &names).unwrap_err().to_string().contains("nobody is left"));
    assert!(none.choose(None, &["dragon".into()]).unwrap_err().to_string().contains("no archetype 'dragon'"));
}

#[test]
fn a_world_of_one_is_a_world() {
    for (merchants, buyers, days) in [(1, 1, 1), (1, 50, 400), (50, 1, 30)] {
        let watch = lived(&setting(merchants, buyers, days), 1, None);
        assert!(watch.parties.len() >= (merchants + buyers) as usize);
    }
}

#[test]
fn whoever_stands_behind_stolen_cards_has_a_first_bad_act() {
    let seen = lived(&setting(200, 2_000, 365), 11, None);
    for archetype in ["triangulator", "mule", "ring", "cash_out"] {
        let (acted, of) = seen
            .parties
            .iter()
            .filter(|party| party.archetype == archetype)
            .fold((0, 0), |(acted, of), party| (acted + u32::from(party.first_bad_at.is_some()), of + 1));
        assert!(acted > 0, "{archetype}: {acted} of {of}");
    }
}

#[test]
fn people_with_many_accounts_have_no_more_than_their_share_of_accounts() {
    let setting = setting(20, 6_000, 60);
    let seen = lived(&setting, 3, None);
    for (name, kind) in &setting.world.buyers {
        let accounts: Vec<&PartyTruth> =
            seen.parties.iter().filter(|party| party.archetype == *name).collect();
        if kind.share > 0.0 {
            let expected = kind.share * 6_000.0;
            assert!(
                (accounts.len() as f64 - expected).abs() <= 2.0,
                "{name}: {} of {expected}",
                accounts.len()
            );
        }
        if kind.accounts[1] > 1 {
            let people: BTreeSet<u64> = accounts.iter().map(|party| party.person).collect();
            let each = accounts.len() as f64 / people.len() as f64;
            let [few, many] = kind.accounts.map(f64::from);
            assert!((few * 0.8..=many).contains(&each), "{name}: {each} accounts a person");
        }
    }
    // The device of a person with many accounts says how many it is used by.
    let most = seen.events.iter().filter(|event| event.kind == Kind::DeviceLinked);
    let most = most.filter_map(|event| event.get(Field::Accounts));
    let most =
        most.filter_map(|value| if let Value::Count(count) = value { Some(count) } else { None }).max();
    assert!(most.is_some_and(|most| (10..=20).contains(&most)), "{most:?}");
}

#[test]
fn every_kind_of_cheating_buyer_is_found_out_in_time_and_not_at_once() {
    let seen = lived(&setting(100, 6_000, 365), 4, None);
    let mut found: HashMap<u32, i32> = HashMap::new();
    for event in seen.events.iter().filter(|event| event.kind == Kind::ViolationFound) {
        if let Some(buyer) = event.buyer {
            found.entry(buyer).or_insert(event.at.day().0);
        }
    }
    for archetype in ["extortionist", "promotion_abuser", "sybil"] {
        let acted = seen.parties.iter().filter(|party| party.archetype == archetype);
        // Those who began early enough to be found in half a year.
        let acted: Vec<(u32, i32)> = acted
            .filter_map(|party| Some((party.number, party.first_bad_at?.day().0)))
            .filter(|(_, first)| *first < seen.events[0].at.day().0.max(20_089) + 183)
            .collect();
        let after = |days: i32| {
            let hits =
                acted.iter().filter(|(who, first)| found.get(who).is_some_and(|day| day - first <= days));
            hits.count() as f64 / acted.len() as f64
        };
        assert!(acted.len() > 15, "{archetype}: {}", acted.len());
        assert!(after(182) > 0.5, "{archetype}: {} found within half a year", after(182));
        assert!(after(7) < 0.5, "{archetype}: {} found within a week", after(7));
    }
}

#[test]
fn a_refund_is_told_as_what_each_side_bore() {
    let seen = lived(&setting(100, 2_000, 300), 6, None);
    let by = |event: &Event| event.get(Field::PaidBy);
    let refunds: Vec<&Event> = seen.events.iter().filter(|event| event.kind == Kind::RefundIssued).collect();
    let split = refunds.windows(2).filter(|pair| {
        let same = pair[0].at == pair[1].at && pair[0].id(Field::Order) == pair[1].id(Field::Order);
        same && by(pair[0]) == Some(Value::Word("merchant"))
            && by(pair[1]) == Some(Value::Word("guarantee_fund"))
    });
    assert!(split.count() > 0, "no refund of {} was borne by both", refunds.len());
}

#[test]
fn no_token_can_be_taken_for_a_card_number() {
    let seen = lived(&setting(200, 2_000, 300), 2, None);
    for event in &seen.events {
        for (field, value) in event.fields() {
            if let Value::Id(_, number) = value {
                assert!(*number < 1_000_000_000_000, "{}.{}: {number}", event.kind.name(), field.name());
            }
        }
    }
}
