//! What the score sees of known cheats: simulated worlds in which it watches and nothing follows, against the truth; and what
//! becomes of the same worlds with the policies in force.

mod separation;
mod reach;
mod in_force;

use super::error::AppError;
use super::ranking::Measured;
use super::rehearse::{Lived, Policy, RehearseProgress, Scoring, Watched, Worlds, rehearse};
pub use in_force::{CheatsStopped, HonestStopped, RoleStopped};
use in_force::{RoleSums, sums, together};
use probity_sim::setting::Setting;
use reach::{reach, wrongs};
use separation::{AGES, separations};
use serde::Serialize;
use std::collections::BTreeMap;

/// What the score sees of a kind of cheats.
#[derive(Debug, Clone, Serialize)]
pub struct CheatsSeen {
    /// The archetype.
    pub archetype: String,
    /// For people.
    pub title: String,
    /// Parties that did something bad and were reviewed afterwards.
    pub parties: usize,
    /// How well the score separates them from honest parties of the same age and size: so many days after the first bad
    /// act, and at the end.
    pub separation: Vec<Separation>,
    /// Share that came to a gate or into the lowest tier at or after the first bad act.
    pub reached: Option<Measured>,
    /// Share that were there already at the last review before it.
    pub before: Option<Measured>,
    /// Days from the first bad act until then, median of those that did.
    pub median_days: Option<f64>,
    /// Share of which the platform was told that they broke the rules.
    pub told: Option<Measured>,
    /// Share that came there before the platform was told, or without its ever being told.
    pub untold: Option<Measured>,
    /// Harm of orders placed until then (all harm of those that never did), in minor units.
    pub harm_until: i64,
    /// All their harm, in minor units.
    pub harm: i64,
}

/// How well the score separates a kind of cheats from honest parties at some age.
#[derive(Debug, Clone, Serialize)]
pub struct Separation {
    /// Days after the first bad act; none for the end of the world.
    pub days: Option<i32>,
    /// Cheats that could be compared.
    pub parties: usize,
    /// Persons or rings behind them.
    pub persons: usize,
    /// The area under the curve.
    pub area: Option<Measured>,
}

/// What the score says of a kind of honest parties.
#[derive(Debug, Clone, Serialize)]
pub struct HonestSeen {
    /// The archetype.
    pub archetype: String,
    /// For people.
    pub title: String,
    /// Parties that were reviewed.
    pub parties: usize,
    /// Share that ever stood at a gate or in the lowest tier.
    pub ever_low: Option<Measured>,
    /// Share that ever stood in the lowest tier.
    pub ever_lowest: Option<Measured>,
    /// Share that stand at a gate or in the lowest tier at the end.
    pub low_at_end: Option<Measured>,
    /// Share of all reviews at which they stood there.
    pub low_time: f64,
}

/// What was seen of a role.
#[derive(Debug, Clone, Serialize)]
pub struct RoleSeen {
    /// Cheats by archetype.
    pub cheats: Vec<CheatsSeen>,
    /// The honest by archetype, and all of them last.
    pub honest: Vec<HonestSeen>,
}

/// What was seen on some seeds.
#[derive(Debug, Clone, Serialize)]
pub struct SeedsSeen {
    /// The seeds.
    pub seeds: Vec<u64>,
    /// Events of all worlds.
    pub events: u64,
    /// Merchants.
    pub merchants: RoleSeen,
    /// Buyers.
    pub buyers: RoleSeen,
    /// The same worlds with the policies in force: merchants, buyers; none where that was not asked for.
    pub in_force: Option<[RoleStopped; 2]>,
}

/// A party in the world it lived in.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    /// Place of the world among those of the same set.
    pub(super) world: usize,
    pub(super) party: &'a Watched,
}

/// What is kept of a world under a policy: everything where it watches.
struct One {
    lived: Option<Lived>,
    sums: [RoleSums; 2],
}

/// Lets worlds happen under a watching policy and says what its score sees, for each set of seeds. With `in_force` each world
/// happens once more, with the policies in force.
///
/// # Errors
/// Those of the rehearsal.
pub fn detect(
    worlds: &Worlds,
    policy: &Policy,
    in_force: bool,
    sets: &[Vec<u64>],
    progress: RehearseProgress<'_>,
) -> Result<Vec<SeedsSeen>, AppError> {
    let all = Worlds { seeds: sets.concat(), ..worlds.clone() };
    let scorings: &[Scoring] =
        if in_force { &[Scoring::Watches, Scoring::Acts] } else { &[Scoring::Watches] };
    let policies: Vec<Policy> =
        scorings.iter().map(|scoring| Policy { scoring: *scoring, ..policy.clone() }).collect();
    let take = |_, policy: &Policy, lived: Lived| {
        let sums = sums(&lived);
        One { lived: (policy.scoring == Scoring::Watches).then_some(lived), sums }
    };
    let rehearsed = rehearse(&all, &policies, progress, &take)?;
    let mut by_world = rehearsed.into_iter().map(|world| world.by_policy);
    let seen = |seeds: &Vec<u64>| {
        let mut own: Vec<Vec<One>> = by_world.by_ref().take(seeds.len()).collect();
        let watched = own.iter_mut().flatten().filter_map(|one| one.lived.take());
        let mut seen = seen(&worlds.setting, seeds, &watched.collect::<Vec<Lived>>());
        seen.in_force = in_force.then(|| stopped(&own));
        seen
    };
    Ok(sets.iter().map(seen).collect())
}

fn stopped(worlds: &[Vec<One>]) -> [RoleStopped; 2] {
    [0, 1].map(|role: usize| {
        let paired = worlds.iter().filter_map(|world| match world.as_slice() {
            [none, acts] => Some([none.sums.get(role)?, acts.sums.get(role)?]),
            _ => None,
        });
        together(&paired.collect::<Vec<_>>())
    })
}

fn seen(setting: &Setting, seeds: &[u64], lived: &[Lived]) -> SeedsSeen {
    let title = |archetype: &str| {
        let merchant = setting.world.merchants.get(archetype).map(|kind| kind.title.clone());
        merchant
            .or_else(|| setting.world.buyers.get(archetype).map(|kind| kind.title.clone()))
            .unwrap_or_default()
    };
    SeedsSeen {
        seeds: seeds.to_vec(),
        events: lived.iter().map(|lived| lived.totals.events).sum(),
        merchants: role_seen(lived, |lived| &lived.merchants, &title),
        buyers: role_seen(lived, |lived| &lived.buyers, &title),
        in_force: None,
    }
}

fn role_seen(
    lived: &[Lived],
    of: impl Fn(&Lived) -> &Vec<Watched>,
    title: &dyn Fn(&str) -> String,
) -> RoleSeen {
    let mut kinds: BTreeMap<&str, Vec<Placed<'_>>> = BTreeMap::new();
    let mut honest = Vec::new();
    for (world, one) in lived.iter().enumerate() {
        for party in of(one) {
            let placed = Placed { world, party };
            kinds.entry(party.truth.archetype.as_str()).or_default().push(placed);
            if !party.truth.cheats {
                honest.push(placed);
            }
        }
    }
    let (cheating, upright): (Vec<_>, Vec<_>) =
        kinds.into_iter().partition(|(_, parties)| parties.iter().any(|placed| placed.party.truth.cheats));
    let cheats = cheating.into_iter().map(|(archetype, parties)| {
        let bad: Vec<Placed<'_>> = parties.into_iter().filter(acted).collect();
        reach(lived, archetype, title(archetype), &bad, separations(&bad, &honest, &AGES))
    });
    let mut upright: Vec<HonestSeen> = upright
        .into_iter()
        .map(|(archetype, parties)| wrongs(archetype, title(archetype), &parties))
        .collect();
    upright.push(wrongs("", "All honest parties".into(), &honest));
    RoleSeen { cheats: cheats.collect(), honest: upright }
}

/// It did something bad, and was reviewed at or after that.
fn acted(placed: &Placed<'_>) -> bool {
    let first = placed.party.truth.first_bad_at.map(|at| at.day());
    let last = placed.party.reviews.last().map(|review| review.day);
    first.zip(last).is_some_and(|(first, last)| first <= last)
}
