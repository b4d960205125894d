//! When cheats come to a gate or into the lowest tier, what they cost until then, and how often honest parties do.

use super::super::estimate::{median, share};
use super::super::rehearse::{Lived, Reviewed};
use super::{CheatsSeen, HonestSeen, Placed, Separation};
use probity_primitives::Day;
use probity_sim::truth::{Intent, OrderTruth};
use std::collections::{HashMap, HashSet};

/// The first review at or after the first bad act at which a cheat stood low.
fn reached(placed: &Placed<'_>) -> Option<Day> {
    let first = placed.party.truth.first_bad_at?.day();
    placed.party.reviews.iter().find(|review| review.day >= first && review.low()).map(|review| review.day)
}

/// The orders whose harm a party answers for, by world and number.
///
/// A merchant answers for what it meant ill itself, and for stolen cards that its own person brought to any merchant (mule
/// accounts and triangulation); a buyer for what it meant ill.
pub(super) fn harms<'a>(
    lived: &'a [Lived],
    parties: &[Placed<'_>],
) -> HashMap<(usize, u32), Vec<&'a OrderTruth>> {
    let wanted: HashSet<(usize, u32)> =
        parties.iter().map(|one| (one.world, one.party.truth.number)).collect();
    let merchants = parties.iter().any(|one| one.party.truth.merchant);
    let by_person: HashMap<(usize, u64), u32> =
        parties.iter().map(|one| ((one.world, one.party.truth.person), one.party.truth.number)).collect();
    let mut harms: HashMap<(usize, u32), Vec<&OrderTruth>> = HashMap::new();
    for (world, one) in lived.iter().enumerate() {
        for order in &one.harmful {
            let person = || one.buyers.get(order.buyer as usize).map(|buyer| buyer.truth.person);
            let answers = match (merchants, order.intent) {
                (true, Intent::StolenCard) => {
                    person().and_then(|person| by_person.get(&(world, person)).copied())
                }
                (true, intent) => intent.by_merchant().then_some(order.merchant),
                (false, intent) => intent.by_buyer().then_some(order.buyer),
            };
            if let Some(number) = answers.filter(|number| wanted.contains(&(world, *number))) {
                harms.entry((world, number)).or_default().push(order);
            }
        }
    }
    harms
}

/// What was seen of a kind of cheats, all of which acted.
pub(super) fn reach(
    lived: &[Lived],
    archetype: &str,
    title: String,
    bad: &[Placed<'_>],
    separation: Vec<Separation>,
) -> CheatsSeen {
    let harms = harms(lived, bad);
    let (mut days, mut before, mut told, mut untold) = (Vec::new(), 0, 0, 0);
    let (mut harm, mut harm_until) = (0, 0);
    for one in bad {
        let first = one.party.truth.first_bad_at.map(|at| at.day());
        let day = reached(one);
        days.extend(day.zip(first).map(|(day, first)| f64::from(day.0 - first.0)));
        let earlier = one.party.reviews.iter().rev().find(|review| Some(review.day) < first);
        before += usize::from(earlier.is_some_and(Reviewed::low));
        let found = one.party.found_at.map(|at| at.day());
        told += usize::from(found.is_some());
        untold += usize::from(day.is_some_and(|day| found.is_none_or(|found| day < found)));
        for order in harms.get(&(one.world, one.party.truth.number)).into_iter().flatten() {
            harm += order.harm;
            if day.is_none_or(|day| order.placed_at <= day.end()) {
                harm_until += order.harm;
            }
        }
    }
    let of = bad.len();
    CheatsSeen {
        archetype: archetype.to_owned(),
        title,
        parties: of,
        separation,
        reached: share(days.len(), of),
        before: share(before, of),
        median_days: median(&mut days),
        told: share(told, of),
        untold: share(untold, of),
        harm_until,
        harm,
    }
}

/// How often honest parties of a kind stand low.
pub(super) fn wrongs(archetype: &str, title: String, parties: &[Placed<'_>]) -> HonestSeen {
    let reviews: Vec<&Vec<Reviewed>> =
        parties.iter().map(|one| &one.party.reviews).filter(|reviews| !reviews.is_empty()).collect();
    let count = |wrong: &dyn Fn(&[Reviewed]) -> bool| {
        share(reviews.iter().filter(|reviews| wrong(reviews)).count(), reviews.len())
    };
    let all: usize = reviews.iter().map(|reviews| reviews.len()).sum();
    let low: usize = reviews.iter().map(|reviews| reviews.iter().filter(|review| review.low()).count()).sum();
    HonestSeen {
        archetype: archetype.to_owned(),
        title,
        parties: reviews.len(),
        ever_low: count(&|reviews| reviews.iter().any(Reviewed::low)),
        ever_lowest: count(&|reviews| reviews.iter().any(|review| review.tier == 0)),
        low_at_end: count(&|reviews| reviews.last().is_some_and(Reviewed::low)),
        low_time: low as f64 / all.max(1) as f64,
    }
}
