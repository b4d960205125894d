//! What the score sees of known cheats: simulated worlds in which it watches and nothing follows, against the truth.

mod separation;
mod reach;

use super::error::AppError;
use super::ranking::Measured;
use super::rehearse::{Lived, Policy, RehearseProgress, Watched, Worlds, rehearse};
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
}

/// A party in the world it lived in.
#[derive(Clone, Copy)]
pub(super) struct Placed<'a> {
    /// Place of the world among those of the same set.
    pub(super) world: usize,
    pub(super) party: &'a Watched,
}

/// Lets worlds happen under a watching policy and says what its score sees, for each set of seeds.
///
/// # Errors
/// Those of the rehearsal.
pub fn detect(
    worlds: &Worlds,
    policy: &Policy,
    sets: &[Vec<u64>],
    progress: RehearseProgress<'_>,
) -> Result<Vec<SeedsSeen>, AppError> {
    let all = Worlds { seeds: sets.concat(), ..worlds.clone() };
    let rehearsed = rehearse(&all, std::slice::from_ref(policy), progress, &|_, _, lived| lived)?;
    let mut lived = rehearsed.into_iter().flat_map(|world| world.by_policy);
    let seen = |seeds: &Vec<u64>| {
        let own: Vec<Lived> = lived.by_ref().take(seeds.len()).collect();
        seen(&worlds.setting, seeds, &own)
    };
    Ok(sets.iter().map(seen).collect())
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
