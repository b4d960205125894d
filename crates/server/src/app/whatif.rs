//! The same worlds under two policies: what each does to losses, sales, compensation, honest parties and cheats.

use super::error::AppError;
use super::estimate::{mean, median};
use super::ranking::Measured;
use super::rehearse::{Lived, Policy, RehearseProgress, Trade, Watched, Worlds, rehearse};
use probity_credit::event::Role;
use probity_sim::truth::Intent;
use serde::Serialize;

/// What a measure is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Counted {
    /// Minor units of the world's currency.
    Money,
    /// A share from 0 to 1.
    Share,
    /// Days.
    Days,
}

/// Which way is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// Less.
    Lower,
    /// More.
    Higher,
    /// Neither by itself.
    Neither,
}

/// One measure under both policies.
#[derive(Debug, Clone, Serialize)]
pub struct MeasureCompared {
    /// What group of measures it belongs to.
    pub group: &'static str,
    /// Its name.
    pub name: String,
    /// For people.
    pub title: String,
    /// What it is counted in.
    pub counted: Counted,
    /// Which way is better.
    pub wanted: Wanted,
    /// Mean over the worlds under each policy, with its interval.
    pub by_policy: [Option<Measured>; 2],
    /// The second less the first, world by world, with the interval of its mean.
    pub difference: Option<Measured>,
    /// Worlds in which both have a value.
    pub worlds: usize,
}

/// Two policies over the same worlds.
#[derive(Debug, Clone, Serialize)]
pub struct WhatIf {
    /// The policies as they were named.
    pub policies: Vec<String>,
    /// The seeds.
    pub seeds: Vec<u64>,
    /// The world's currency.
    pub currency: String,
    /// Events that happened, in all worlds under both.
    pub events: u64,
    /// The measures.
    pub measures: Vec<MeasureCompared>,
}

/// A measure of one world.
struct Reading {
    group: &'static str,
    name: String,
    title: String,
    counted: Counted,
    wanted: Wanted,
    value: Option<f64>,
}

/// Lets the same worlds happen under two policies and compares what came of it.
///
/// # Errors
/// Those of the rehearsal.
pub fn compare(
    worlds: &Worlds,
    policies: &[Policy; 2],
    progress: RehearseProgress<'_>,
) -> Result<WhatIf, AppError> {
    let take = |_, _: &Policy, lived: Lived| One {
        events: lived.totals.events,
        readings: readings(&lived),
        tiers: last_tiers(&lived),
        trade: lived.trade,
    };
    let rehearsed = rehearse(worlds, policies, progress, &take)?;
    let events = rehearsed.iter().flat_map(|world| &world.by_policy).map(|one| one.events).sum();
    let tiers = tiers(policies);
    let by_world: Vec<Vec<Vec<Reading>>> =
        rehearsed.into_iter().map(|world| with_circle(world.by_policy, &tiers)).collect();
    Ok(WhatIf {
        policies: policies.iter().map(|policy| policy.name.clone()).collect(),
        seeds: worlds.seeds.clone(),
        currency: worlds.setting.currency()?.to_string(),
        events,
        measures: compared(&by_world),
    })
}

/// What is kept of a world under a policy.
struct One {
    events: u64,
    readings: Vec<Reading>,
    /// By merchant's number: place of the tier of the last review.
    tiers: Vec<Option<u8>>,
    trade: Vec<Trade>,
}

/// Tiers by which merchants are told apart: those of the last policy that has any, with its place.
fn tiers(policies: &[Policy]) -> Option<(usize, Vec<String>)> {
    let (place, catalogue) =
        policies.iter().enumerate().rev().find_map(|(place, one)| Some((place, one.catalogue.as_ref()?)))?;
    let names = catalogue.tiers(Role::Merchant).list().iter().map(|tier| tier.name.clone());
    Some((place, names.collect()))
}

fn last_tiers(lived: &Lived) -> Vec<Option<u8>> {
    lived.merchants.iter().map(|one| one.reviews.last().map(|review| review.tier)).collect()
}

/// Adds to each policy's readings the honest trade of the same merchants, told apart by the tier in which they end: so what
/// terms do to the trade of those who earn them is seen on the very same shops.
fn with_circle(by_policy: Vec<One>, tiers: &Option<(usize, Vec<String>)>) -> Vec<Vec<Reading>> {
    let Some((place, names)) = tiers else { return by_policy.into_iter().map(|one| one.readings).collect() };
    let ends: Vec<Option<u8>> = by_policy.get(*place).map(|one| one.tiers.clone()).unwrap_or_default();
    let with = |mut one: One| {
        for (tier, name) in (0_u8..).zip(names) {
            let of_tier = one.trade.iter().zip(&ends).filter(|(_, end)| **end == Some(tier));
            let sum = of_tier.fold(Trade::default(), |sum, (trade, _)| Trade {
                paid: sum.paid + trade.paid,
                due: sum.due + trade.due,
                on_time: sum.on_time + trade.on_time,
            });
            one.readings.extend(circle(name, &sum));
        }
        one.readings
    };
    by_policy.into_iter().map(with).collect()
}

fn circle(tier: &str, trade: &Trade) -> [Reading; 2] {
    let group = "the circle: the same merchants, by the tier in which they end";
    let on_time = (trade.due > 0).then(|| trade.on_time as f64 / trade.due as f64);
    [
        Reading {
            group,
            name: format!("sales_of_{tier}"),
            title: format!("Honest sales of those that end {tier}"),
            counted: Counted::Money,
            wanted: Wanted::Neither,
            value: Some(trade.paid as f64),
        },
        Reading {
            group,
            name: format!("on_time_of_{tier}"),
            title: "of them on time".to_owned(),
            counted: Counted::Share,
            wanted: Wanted::Higher,
            value: on_time,
        },
    ]
}

fn compared(by_world: &[Vec<Vec<Reading>>]) -> Vec<MeasureCompared> {
    let Some(first) = by_world.first().and_then(|policies| policies.first()) else { return Vec::new() };
    let measure = |(place, reading): (usize, &Reading)| {
        let value = |world: &Vec<Vec<Reading>>, policy: usize| world.get(policy)?.get(place)?.value;
        let of = |policy: usize| -> Vec<f64> {
            by_world.iter().filter_map(|world| value(world, policy)).collect()
        };
        let paired: Vec<f64> =
            by_world.iter().filter_map(|world| Some(value(world, 1)? - value(world, 0)?)).collect();
        let [a, b] = [of(0), of(1)];
        // What never happens in any world is no row.
        let silent = reading.wanted == Wanted::Lower
            && reading.name.starts_with("harm_")
            && a.iter().chain(&b).all(|value| *value == 0.0);
        (!silent).then(|| MeasureCompared {
            group: reading.group,
            name: reading.name.clone(),
            title: reading.title.clone(),
            counted: reading.counted,
            wanted: reading.wanted,
            by_policy: [mean(&a), mean(&b)],
            difference: mean(&paired),
            worlds: paired.len(),
        })
    };
    first.iter().enumerate().filter_map(measure).collect()
}

fn readings(lived: &Lived) -> Vec<Reading> {
    let totals = &lived.totals;
    let harm: i64 = totals.harm.iter().sum();
    let mut all = Vec::new();
    let mut read = |group, name: &str, title: &str, counted, wanted, value: Option<f64>| {
        all.push(Reading { group, name: name.to_owned(), title: title.to_owned(), counted, wanted, value });
    };
    let money = |minor: i64| Some(minor as f64);
    let (losses, sales) = ("losses", "sales");
    read(losses, "harm", "Harm by cheats", Counted::Money, Wanted::Lower, money(harm));
    for (intent, harm) in Intent::ALL.into_iter().zip(totals.harm) {
        let words = intent.name().replace('_', " ");
        let (name, title) = (format!("harm_{}", intent.name()), format!("of it by {words}"));
        read(losses, &name, &title, Counted::Money, Wanted::Lower, money(harm));
    }
    let share = (totals.paid > 0).then(|| harm as f64 / totals.paid as f64);
    read(losses, "harm_rate", "Harm as a share of all sales", Counted::Share, Wanted::Lower, share);
    let net = totals.unrecovered + totals.written_off;
    read(losses, "net_losses", "Net losses of the platform", Counted::Money, Wanted::Lower, money(net));
    let title = "of it laid out for merchants, not recovered";
    read(losses, "unrecovered", title, Counted::Money, Wanted::Lower, money(totals.unrecovered));
    read(
        losses,
        "written_off",
        "of it credit written off",
        Counted::Money,
        Wanted::Lower,
        money(totals.written_off),
    );
    let title = "Paid for honest orders";
    read(sales, "paid_honest", title, Counted::Money, Wanted::Higher, money(totals.paid_honest));
    read(sales, "paid", "Paid for all orders", Counted::Money, Wanted::Neither, money(totals.paid));
    read(sales, "fees", "Fees of the platform", Counted::Money, Wanted::Higher, money(totals.fees));
    let title = "Discounts paid back to buyers";
    read(sales, "discounts", title, Counted::Money, Wanted::Neither, money(totals.discounts));
    let (due, on_time) = totals.service;
    let on_time = (due > 0).then(|| on_time as f64 / due as f64);
    read(sales, "on_time", "Honest orders on time", Counted::Share, Wanted::Higher, on_time);
    let title = "Held in reserve at the end";
    read("compensation", "reserved", title, Counted::Money, Wanted::Neither, money(totals.reserved));
    let title = "Refunds by the guarantee fund";
    read("compensation", "compensated", title, Counted::Money, Wanted::Lower, money(totals.compensated));
    turned_away(lived, &mut read);
    for (role, parties) in [("merchant", &lived.merchants), ("buyer", &lived.buyers)] {
        honest(role, parties, &mut read);
    }
    for (role, parties) in [("merchant", &lived.merchants), ("buyer", &lived.buyers)] {
        cheats(role, parties, &mut read);
    }
    all
}

fn turned_away(lived: &Lived, read: Read<'_>) {
    let (totals, group) = (&lived.totals, "trade turned away");
    let ((_, honest), (_, ill)) = (totals.turned_away_honest, totals.turned_away_ill);
    let money = |minor: i64| Some(minor as f64);
    let title = "Honest orders declined or cut";
    read(group, "turned_away_honest", title, Counted::Money, Wanted::Lower, money(honest));
    let wanted = totals.paid_honest + honest;
    let share = (wanted > 0).then(|| honest as f64 / wanted as f64);
    let title = "as a share of honest sales wanted";
    read(group, "turned_away_honest_share", title, Counted::Share, Wanted::Lower, share);
    let title = "Orders meant ill, declined or cut";
    read(group, "turned_away_ill", title, Counted::Money, Wanted::Higher, money(ill));
}

/// Takes a reading.
type Read<'a> = &'a mut dyn FnMut(&'static str, &str, &str, Counted, Wanted, Option<f64>);

fn honest(role: &str, parties: &[Watched], read: Read<'_>) {
    let honest: Vec<&Watched> = parties.iter().filter(|party| !party.truth.cheats).collect();
    let share = |wrong: &dyn Fn(&Watched) -> bool| {
        let hits = honest.iter().filter(|party| wrong(party)).count();
        (!honest.is_empty()).then(|| hits as f64 / honest.len() as f64)
    };
    let group = "honest parties wrongly limited";
    let (name, title) = (format!("honest_{role}s_stopped"), format!("Honest {role}s ever not trading"));
    read(group, &name, &title, Counted::Share, Wanted::Lower, share(&|party| party.stopped.is_some()));
    let (name, title) = (format!("honest_{role}s_lowest"), format!("Honest {role}s ever in the lowest tier"));
    let lowest = |party: &Watched| party.reviews.iter().any(|review| review.tier == 0);
    read(group, &name, &title, Counted::Share, Wanted::Lower, share(&lowest));
}

/// Days from a cheat's first bad act to the first review at or after it at which it stood low or was stopped.
fn caught_after(party: &Watched) -> Option<f64> {
    let first = party.truth.first_bad_at?.day();
    let low =
        party.reviews.iter().find(|review| review.day >= first && review.low()).map(|review| review.day);
    let day = [low, party.stopped].into_iter().flatten().min()?;
    Some(f64::from((day.0 - first.0).max(0)))
}

fn cheats(role: &str, parties: &[Watched], read: Read<'_>) {
    let acted: Vec<&Watched> =
        parties.iter().filter(|party| party.truth.cheats && party.truth.first_bad_at.is_some()).collect();
    let mut days: Vec<f64> = acted.iter().filter_map(|party| caught_after(party)).collect();
    let share = (!acted.is_empty()).then(|| days.len() as f64 / acted.len() as f64);
    let group = "cheats caught";
    let (name, title) = (format!("cheating_{role}s_caught"), format!("Cheating {role}s caught"));
    read(group, &name, &title, Counted::Share, Wanted::Higher, share);
    let (name, title) = (
        format!("cheating_{role}s_days"),
        format!("Days from a {role}'s first bad act, median of those caught"),
    );
    read(group, &name, &title, Counted::Days, Wanted::Lower, median(&mut days));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(name: &str, value: Option<f64>) -> Reading {
        Reading {
            group: "any",
            name: name.into(),
            title: String::new(),
            counted: Counted::Days,
            wanted: Wanted::Lower,
            value,
        }
    }

    #[test]
    fn differences_are_paired_world_by_world() {
        let world = |a: Option<f64>, b: Option<f64>| {
            vec![
                vec![reading("days", a), reading("harm_fake", Some(0.0))],
                vec![reading("days", b), reading("harm_fake", Some(0.0))],
            ]
        };
        let worlds = [world(Some(1.0), Some(3.0)), world(Some(100.0), Some(102.0)), world(None, Some(7.0))];
        let compared = compared(&worlds);
        assert_eq!(compared.len(), 1, "what never happens is no row");
        let days = &compared[0];
        assert_eq!(days.worlds, 2);
        // The worlds differ by 99, the policies by 2 in each: the difference is sure, the levels are not.
        assert_eq!(days.difference, Some(Measured { value: 2.0, low: 2.0, high: 2.0 }));
        assert!(days.by_policy[0].is_some_and(|a| a.high - a.low > 1_000.0), "{days:?}");
    }
}
