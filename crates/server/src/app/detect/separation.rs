//! How well the score separates cheats from honest parties of the same age and size.
//!
//! Each cheat, some days after its first bad act, is compared with honest parties of its own world at the same review, of
//! the same band of tenure and of matured orders. Its share is that of the honest ones that stand higher, ties half. The
//! area under the curve, stratified so, is the mean of these shares. The interval is a bootstrap: persons (or rings) behind
//! the cheats are drawn with replacement, their accounts together, and the honest parties of each world likewise.

use super::super::ranking::{Measured, Random, measured};
use super::super::rehearse::{Reviewed, Watched};
use super::{Placed, Separation};
use probity_primitives::Day;
use std::collections::HashMap;

/// Days after the first bad act; none for the end.
pub(super) const AGES: [Option<i32>; 4] = [Some(30), Some(60), Some(90), None];

/// Ends of the bands of tenure, in days.
const TENURES: [i32; 4] = [90, 180, 365, 730];
/// Ends of the bands of history, in matured orders.
const HISTORIES: [u32; 4] = [1, 5, 15, 40];
/// Honest parties that one cheat is compared with at most, drawn by lot.
const MOST_PEERS: usize = 40;
/// Resamplings behind an interval.
const REPLICATES: usize = 500;
/// Where their randomness starts: the same answer every time.
const SEED: u64 = 0x4445_5445_4354_494F;

/// World, review and the bands of tenure and history: who may be compared.
type Stratum = (usize, Day, usize, usize);

fn stratum(world: usize, party: &Watched, review: &Reviewed) -> Stratum {
    let tenure = review.day.0 - party.truth.opened_at.day().0;
    (
        world,
        review.day,
        TENURES.partition_point(|end| *end <= tenure),
        HISTORIES.partition_point(|end| *end <= review.history),
    )
}

/// A cheat and what it is compared with: places of honest parties, and 1 where that one stands higher, ½ where level.
struct Compared {
    cluster: (usize, u64),
    peers: Vec<(usize, f64)>,
}

/// The separation at each age.
pub(super) fn separations(
    cheats: &[Placed<'_>],
    honest: &[Placed<'_>],
    ages: &[Option<i32>],
) -> Vec<Separation> {
    let mut by_stratum: HashMap<Stratum, Vec<(usize, i32)>> = HashMap::new();
    for (place, peer) in honest.iter().enumerate() {
        for review in &peer.party.reviews {
            let of = stratum(peer.world, peer.party, review);
            by_stratum.entry(of).or_default().push((place, review.score));
        }
    }
    ages.iter().map(|age| separation(cheats, honest, &by_stratum, *age)).collect()
}

/// The review of a cheat at an age: the first one at or after it.
fn at_age(party: &Watched, age: Option<i32>) -> Option<&Reviewed> {
    let first = party.truth.first_bad_at?.day();
    match age {
        Some(days) => party.reviews.iter().find(|review| review.day.0 >= first.0 + days),
        None => party.reviews.last(),
    }
}

fn separation(
    cheats: &[Placed<'_>],
    honest: &[Placed<'_>],
    by_stratum: &HashMap<Stratum, Vec<(usize, i32)>>,
    age: Option<i32>,
) -> Separation {
    let mut random = Random(SEED);
    let compared: Vec<Compared> = cheats
        .iter()
        .filter_map(|cheat| {
            let review = at_age(cheat.party, age)?;
            let peers = by_stratum.get(&stratum(cheat.world, cheat.party, review))?;
            let peers = drawn(peers, &mut random).into_iter().map(|(place, score)| {
                (
                    place,
                    if score > review.score {
                        1.0
                    } else if score == review.score {
                        0.5
                    } else {
                        0.0
                    },
                )
            });
            let truth = &cheat.party.truth;
            // Rings and persons are numbered apart; rings have the high half to themselves.
            let behind = truth.ring.map_or(truth.person, |ring| u64::from(ring) | 1 << 63);
            Some(Compared { cluster: (cheat.world, behind), peers: peers.collect() })
        })
        .collect();
    let mut clusters: HashMap<(usize, u64), Vec<usize>> = HashMap::new();
    for (place, cheat) in compared.iter().enumerate() {
        clusters.entry(cheat.cluster).or_default().push(place);
    }
    let mut clusters: Vec<_> = clusters.into_iter().collect();
    clusters.sort_unstable();
    let clusters: Vec<Vec<usize>> = clusters.into_iter().map(|(_, members)| members).collect();
    let area = area(&compared, &clusters, honest, &mut random);
    Separation { days: age, parties: compared.len(), persons: clusters.len(), area }
}

/// At most [`MOST_PEERS`] of them, by lot.
fn drawn(peers: &[(usize, i32)], random: &mut Random) -> Vec<(usize, i32)> {
    let mut peers = peers.to_vec();
    for place in 0..peers.len().min(MOST_PEERS) {
        let other = place + random.below(peers.len() - place);
        peers.swap(place, other);
    }
    peers.truncate(MOST_PEERS);
    peers
}

fn area(
    compared: &[Compared],
    clusters: &[Vec<usize>],
    honest: &[Placed<'_>],
    random: &mut Random,
) -> Option<Measured> {
    let value = mean_share(compared, 0..compared.len(), |_| 1.0)?;
    let mut worlds: HashMap<usize, Vec<usize>> = HashMap::new();
    for (place, peer) in honest.iter().enumerate() {
        worlds.entry(peer.world).or_default().push(place);
    }
    let mut worlds: Vec<_> = worlds.into_iter().collect();
    worlds.sort_unstable_by_key(|(world, _)| *world);
    let mut samples = Vec::with_capacity(REPLICATES);
    for _ in 0..REPLICATES {
        let mut times = vec![0.0; honest.len()];
        for (_, members) in &worlds {
            for _ in members {
                let pick = members.get(random.below(members.len())).copied().unwrap_or(0);
                times.get_mut(pick).into_iter().for_each(|times| *times += 1.0);
            }
        }
        let cheats: Vec<usize> = (0..clusters.len())
            .flat_map(|_| clusters.get(random.below(clusters.len())).into_iter().flatten().copied())
            .collect();
        let weight = |place: usize| times.get(place).copied().unwrap_or(0.0);
        samples.extend(mean_share(compared, cheats, weight));
    }
    Some(measured(value, samples))
}

/// The mean over cheats of the weighted share of peers that stand higher; cheats whose peers all weigh nothing are left out.
fn mean_share(
    compared: &[Compared],
    cheats: impl IntoIterator<Item = usize>,
    weight: impl Fn(usize) -> f64,
) -> Option<f64> {
    let (mut sum, mut count) = (0.0, 0.0);
    for cheat in cheats.into_iter().filter_map(|place| compared.get(place)) {
        let (mut won, mut all) = (0.0, 0.0);
        for (place, share) in &cheat.peers {
            let weight = weight(*place);
            (won, all) = (won + weight * share, all + weight);
        }
        if all > 0.0 {
            (sum, count) = (sum + won / all, count + 1.0);
        }
    }
    (count > 0.0).then_some(sum / count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_primitives::Timestamp;
    use probity_sim::truth::PartyTruth;

    const BEGIN: i32 = 20_000;

    /// A party whose reviews stand 10 days apart from the begin, with these scores and 10 matured orders each.
    fn party(number: u32, tenure: i32, bad_after: Option<i32>, scores: &[i32]) -> Watched {
        let day = |days: i32| Day(BEGIN + days);
        Watched {
            truth: PartyTruth {
                number,
                merchant: true,
                archetype: "any".into(),
                cheats: bad_after.is_some(),
                person: u64::from(number),
                ring: None,
                opened_at: day(-tenure).start(),
                first_bad_at: bad_after.map(|days| day(days).start()),
                closed_at: None::<Timestamp>,
                balance: 0,
                reserved: 0,
                topped_up: 0,
                outstanding: 0,
            },
            reviews: (0..)
                .zip(scores)
                .map(|(n, score)| Reviewed {
                    day: day(n * 10),
                    score: *score,
                    tier: 2,
                    gated: false,
                    history: 10,
                })
                .collect(),
            stopped: None,
            sanctioned: None,
            found_at: None,
        }
    }

    fn check(cheats: &[(usize, Watched)], honest: &[(usize, Watched)], expected: [Option<f64>; 2]) {
        fn of(parties: &[(usize, Watched)]) -> Vec<Placed<'_>> {
            parties.iter().map(|(world, party)| Placed { world: *world, party }).collect()
        }
        let found = separations(&of(cheats), &of(honest), &[Some(30), None]);
        let values: Vec<Option<f64>> = found.iter().map(|one| one.area.map(|area| area.value)).collect();
        assert_eq!(values, expected);
        for area in found.iter().filter_map(|one| one.area) {
            assert!(area.low <= area.value && area.value <= area.high, "{area:?}");
        }
    }

    #[test]
    fn cheats_are_compared_with_their_like_at_the_same_review() {
        let cheat = || (0, party(1, 100, Some(0), &[600, 600, 600, 500, 400]));
        let even = |world, number, score| (world, party(number, 100, None, &[score; 5]));
        // At day 30 the cheat stands at 500, at the end at 400.
        check(&[cheat()], &[even(0, 2, 450), even(0, 3, 550)], [Some(0.5), Some(1.0)]);
        check(&[cheat()], &[even(0, 2, 500), even(0, 3, 399)], [Some(0.25), Some(0.5)]);
        // Another world, another tenure: nobody to be compared with.
        check(&[cheat()], &[even(1, 2, 450)], [None, None]);
        check(&[cheat()], &[(0, party(2, 500, None, &[900; 5]))], [None, None]);
        // Too late for 30 days; the end is there.
        let late = (0, party(1, 100, Some(35), &[600, 600, 600, 500, 400]));
        check(&[late], &[even(0, 2, 450)], [None, Some(1.0)]);
        // Each cheat counts once, however many peers it has.
        let other = (1, party(1, 100, Some(0), &[300; 5]));
        let peers = [even(0, 2, 450), even(1, 3, 400), even(1, 4, 400), even(1, 5, 400)];
        check(&[cheat(), other], &peers, [Some(0.5), Some(1.0)]);
    }
}
