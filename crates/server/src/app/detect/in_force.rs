//! The same worlds with the policies in force: what cheats then cost, who is stopped and sanctioned, and which honest parties.

use super::super::estimate::{mean, median, share};
use super::super::ranking::Measured;
use super::super::rehearse::{Lived, Watched};
use super::Placed;
use super::reach::harms;
use serde::Serialize;
use std::collections::BTreeMap;

/// A kind of cheats when nothing follows and when the policies are in force.
#[derive(Debug, Clone, Serialize)]
pub struct CheatsStopped {
    /// The archetype.
    pub archetype: String,
    /// Parties that did something bad, with the policies in force.
    pub parties: usize,
    /// Harm in a world when nothing follows and when the policies are in force: means in minor units.
    pub harm: [Option<Measured>; 2],
    /// The second less the first, paired world by world.
    pub difference: Option<Measured>,
    /// Share of those that acted that were out of trade at or after their first bad act.
    pub stopped: Option<Measured>,
    /// Days from the first bad act until then, median of those.
    pub median_days: Option<f64>,
    /// Share of those that acted that were under a sanction at or after their first bad act.
    pub sanctioned: Option<Measured>,
}

/// What the policies did to honest parties.
#[derive(Debug, Clone, Serialize)]
pub struct HonestStopped {
    /// Parties.
    pub parties: usize,
    /// Share ever out of trade.
    pub stopped: Option<Measured>,
    /// Share ever under a sanction.
    pub sanctioned: Option<Measured>,
}

/// A role with the policies in force.
#[derive(Debug, Clone, Serialize)]
pub struct RoleStopped {
    /// Cheats by archetype.
    pub cheats: Vec<CheatsStopped>,
    /// Harm of all of them, when nothing follows and when the policies are in force.
    pub harm: [Option<Measured>; 2],
    /// The second less the first, paired world by world.
    pub difference: Option<Measured>,
    /// The honest.
    pub honest: HonestStopped,
}

/// What is kept of the cheats of an archetype in one world.
#[derive(Debug, Clone, Default)]
struct Kind {
    harm: i64,
    acted: usize,
    sanctioned: usize,
    /// Days until each of those that were stopped was.
    days: Vec<f64>,
}

/// What is kept of a role in one world.
#[derive(Debug, Clone, Default)]
pub(super) struct RoleSums {
    kinds: BTreeMap<String, Kind>,
    honest: usize,
    honest_stopped: usize,
    honest_sanctioned: usize,
}

/// What is kept of a world: merchants, buyers.
pub(super) fn sums(lived: &Lived) -> [RoleSums; 2] {
    [&lived.merchants, &lived.buyers].map(|parties| role_sums(lived, parties))
}

fn role_sums(lived: &Lived, parties: &[Watched]) -> RoleSums {
    let mut sums = RoleSums::default();
    let mut bad = Vec::new();
    for party in parties {
        if !party.truth.cheats {
            sums.honest += 1;
            sums.honest_stopped += usize::from(party.stopped.is_some());
            sums.honest_sanctioned += usize::from(party.sanctioned.is_some());
            continue;
        }
        // An archetype of which nobody acted harmed nobody: it counts with nothing.
        let kind = sums.kinds.entry(party.truth.archetype.clone()).or_default();
        let Some(first) = party.truth.first_bad_at.map(|at| at.day()) else { continue };
        kind.acted += 1;
        kind.sanctioned += usize::from(party.sanctioned.is_some());
        // Out of trade before the first bad act is out of trade at it.
        kind.days.extend(party.stopped.map(|day| f64::from((day.0 - first.0).max(0))));
        bad.push(Placed { world: 0, party });
    }
    let harms = harms(std::slice::from_ref(lived), &bad);
    for one in &bad {
        let orders = harms.get(&(0, one.party.truth.number)).into_iter().flatten();
        let harm: i64 = orders.map(|order| order.harm).sum();
        if let Some(kind) = sums.kinds.get_mut(&one.party.truth.archetype) {
            kind.harm += harm;
        }
    }
    sums
}

/// Puts worlds together: each as it was when nothing followed, and with the policies in force.
pub(super) fn together(worlds: &[[&RoleSums; 2]]) -> RoleStopped {
    let paired = |of: &dyn Fn(&RoleSums) -> f64| {
        let [none, acts] = [0, 1].map(|side: usize| {
            worlds.iter().filter_map(|world| Some(of(world.get(side)?))).collect::<Vec<f64>>()
        });
        let difference: Vec<f64> = none.iter().zip(&acts).map(|(none, acts)| acts - none).collect();
        ([mean(&none), mean(&acts)], mean(&difference))
    };
    let mut names: Vec<&String> = worlds.iter().flatten().flat_map(|sums| sums.kinds.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let cheats = names.into_iter().map(|name| {
        let (harm, difference) = paired(&|sums| sums.kinds.get(name).map_or(0.0, |kind| kind.harm as f64));
        let mut all = Kind::default();
        for kind in worlds.iter().filter_map(|[_, acts]| acts.kinds.get(name)) {
            all.acted += kind.acted;
            all.sanctioned += kind.sanctioned;
            all.days.extend(&kind.days);
        }
        CheatsStopped {
            archetype: name.clone(),
            parties: all.acted,
            harm,
            difference,
            stopped: share(all.days.len(), all.acted),
            median_days: median(&mut all.days),
            sanctioned: share(all.sanctioned, all.acted),
        }
    });
    let cheats = cheats.collect();
    let (harm, difference) = paired(&|sums| sums.kinds.values().map(|kind| kind.harm as f64).sum());
    let count = |of: &dyn Fn(&RoleSums) -> usize| worlds.iter().map(|[_, acts]| of(acts)).sum::<usize>();
    let parties = count(&|sums| sums.honest);
    let honest = HonestStopped {
        parties,
        stopped: share(count(&|sums| sums.honest_stopped), parties),
        sanctioned: share(count(&|sums| sums.honest_sanctioned), parties),
    };
    RoleStopped { cheats, harm, difference, honest }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn worlds_are_paired_and_cheats_counted_where_the_policies_are_in_force() {
        let world = |harm: i64, days: &[f64], acted: usize| {
            let kind = Kind { harm, acted, sanctioned: days.len(), days: days.to_vec() };
            RoleSums {
                kinds: [("thief".to_owned(), kind)].into(),
                honest: 10,
                honest_stopped: usize::from(harm < 100),
                honest_sanctioned: 0,
            }
        };
        let none = [world(1_000, &[], 2), world(500, &[], 1)];
        let acts = [world(900, &[5.0], 2), world(50, &[9.0, 1.0], 2)];
        let role = together(&[[&none[0], &acts[0]], [&none[1], &acts[1]]]);
        let [thief] = role.cheats.as_slice() else { panic!("{role:?}") };
        assert_eq!((thief.parties, thief.median_days), (4, Some(5.0)));
        assert_eq!(thief.harm.map(|one| one.unwrap().value), [750.0, 475.0]);
        assert_eq!(thief.difference.unwrap().value, -275.0);
        assert_eq!(thief.stopped.unwrap().value, 0.75);
        assert_eq!(role.honest.stopped.unwrap().value, 0.05);
        assert_eq!(role.difference, thief.difference);
    }
}
