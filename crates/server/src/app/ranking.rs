//! How well a number ranks what came later: the area under the curve, weighted, with an interval from resampled merchants.

use serde::Serialize;

/// Resamplings behind an interval.
const REPLICATES: usize = 500;
/// Where their randomness starts: the same answer every time.
const SEED: u64 = 0x5052_4F42_4954_5921;

/// One order as the rankings see it: what two rankings said beforehand, and what came.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Judged {
    /// Its merchant, the unit of resampling.
    pub(super) merchant: u32,
    /// Orders are compared only within a stratum: a date, or one for all.
    pub(super) stratum: u32,
    /// Low means bad is expected: the score, and the mean rating.
    pub(super) said: [f64; 2],
    /// It ended badly.
    pub(super) bad: bool,
    /// Orders of the market it stands for.
    pub(super) weight: f64,
}

/// A value with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Measured {
    /// The value.
    pub value: f64,
    /// Its 2.5th percentile over the resamplings.
    pub low: f64,
    /// Its 97.5th percentile.
    pub high: f64,
}

/// Two rankings of the same orders.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rankings {
    /// Area under the curve of the score.
    pub score: Measured,
    /// That of the mean rating.
    pub rating: Measured,
    /// Score minus rating, resampled together.
    pub difference: Measured,
}

/// The chance that a bad order's merchant was ranked below a good order's merchant, ties counted half: the statistic of
/// Mann and Whitney with weights. Pairs are formed within strata. `times` says how often each merchant counts.
/// `None` without a pair.
fn area(orders: &[Judged], by_said: &[usize], which: usize, times: Option<&[f64]>) -> Option<f64> {
    let (mut won, mut pairs) = (0.0, 0.0);
    let mut at = 0;
    while let Some(first) = by_said.get(at).and_then(|index| orders.get(*index)) {
        // Within a stratum, from low to high: good orders met so far were ranked below.
        let (mut bad_all, mut good_below, mut good_won) = (0.0, 0.0, 0.0);
        while let Some(head) = by_said.get(at).and_then(|index| orders.get(*index))
            && head.stratum == first.stratum
        {
            let (mut bad, mut good) = (0.0, 0.0);
            while let Some(order) = by_said.get(at).and_then(|index| orders.get(*index))
                && order.stratum == head.stratum
                && order.said.get(which) == head.said.get(which)
            {
                let count =
                    times.map_or(1.0, |times| times.get(order.merchant as usize).copied().unwrap_or(0.0));
                *(if order.bad { &mut bad } else { &mut good }) += order.weight * count;
                at += 1;
            }
            good_won += bad * (good_below + good / 2.0);
            good_below += good;
            bad_all += bad;
        }
        // Won by the bad order means: a good one stood below it. The rank is right the other way round.
        pairs += bad_all * good_below;
        won += bad_all * good_below - good_won;
    }
    (pairs > 0.0).then(|| won / pairs)
}

fn sorted(orders: &[Judged], which: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..orders.len()).collect();
    let key = |index: &usize| orders.get(*index).map(|order| (order.stratum, order.said.get(which).copied()));
    order.sort_by(|a, b| match (key(a), key(b)) {
        (Some((sa, Some(a))), Some((sb, Some(b)))) => sa.cmp(&sb).then(a.total_cmp(&b)),
        _ => std::cmp::Ordering::Equal,
    });
    order
}

/// Both rankings with intervals; `None` when all orders ended the same way. Merchants are drawn with replacement, all
/// orders of one together, since they share its conduct. Merchants are numbered from 0 to below `merchants`.
pub(super) fn rank(orders: &[Judged]) -> Option<Rankings> {
    let by = [sorted(orders, 0), sorted(orders, 1)];
    let [by_score, by_rating] = &by;
    let value = [area(orders, by_score, 0, None)?, area(orders, by_rating, 1, None)?];
    let mut merchants: Vec<u32> = orders.iter().map(|order| order.merchant).collect();
    merchants.sort_unstable();
    merchants.dedup();
    let highest = merchants.last().copied().unwrap_or(0) as usize;
    let mut random = Random(SEED);
    let mut drawn: [Vec<f64>; 3] = Default::default();
    for _ in 0..REPLICATES {
        let mut times = vec![0.0; highest + 1];
        for _ in 0..merchants.len() {
            let pick = merchants.get(random.below(merchants.len())).copied().unwrap_or(0);
            if let Some(times) = times.get_mut(pick as usize) {
                *times += 1.0;
            }
        }
        let score = area(orders, by_score, 0, Some(&times));
        let rating = area(orders, by_rating, 1, Some(&times));
        // A draw without a bad order, or without a good one, says nothing.
        let (Some(score), Some(rating)) = (score, rating) else { continue };
        for (drawn, value) in drawn.iter_mut().zip([score, rating, score - rating]) {
            drawn.push(value);
        }
    }
    let [score, rating, difference] = drawn;
    let [of_score, of_rating] = value;
    Some(Rankings {
        score: measured(of_score, score),
        rating: measured(of_rating, rating),
        difference: measured(of_score - of_rating, difference),
    })
}

/// A value with the percentiles of its resamplings.
pub(super) fn measured(value: f64, mut drawn: Vec<f64>) -> Measured {
    drawn.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let place = (share * (drawn.len().saturating_sub(1)) as f64).round() as usize;
        drawn.get(place).copied().unwrap_or(value)
    };
    Measured { value, low: at(0.025), high: at(0.975) }
}

/// SplitMix64 (Steele, Lea, Flood 2014): small, and good enough to draw merchants.
pub(super) struct Random(pub(super) u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to below `count`; the bias of the remainder is far below what 500 draws can see.
    pub(super) fn below(&mut self, count: usize) -> usize {
        (self.next() % (count.max(1) as u64)) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(merchant: u32, stratum: u32, score: f64, bad: bool, weight: f64) -> Judged {
        Judged { merchant, stratum, said: [score, 0.0], bad, weight }
    }

    /// The definition, pair by pair.
    fn plain(orders: &[Judged], which: usize) -> Option<f64> {
        let (mut won, mut pairs) = (0.0, 0.0);
        for bad in orders.iter().filter(|order| order.bad) {
            for good in orders.iter().filter(|order| !order.bad && order.stratum == bad.stratum) {
                let weight = bad.weight * good.weight;
                let share = match bad.said[which].total_cmp(&good.said[which]) {
                    std::cmp::Ordering::Less => 1.0,
                    std::cmp::Ordering::Equal => 0.5,
                    std::cmp::Ordering::Greater => 0.0,
                };
                won += weight * share;
                pairs += weight;
            }
        }
        (pairs > 0.0).then(|| won / pairs)
    }

    #[test]
    fn area_is_the_share_of_pairs_in_order() {
        let mut random = Random(7);
        let mut cases = vec![
            vec![],
            vec![order(0, 0, 1.0, true, 1.0)],
            vec![order(0, 0, 1.0, true, 1.0), order(1, 0, 2.0, false, 3.0)],
            vec![order(0, 0, 1.0, true, 1.0), order(1, 1, 2.0, false, 3.0)],
            vec![order(0, 0, 2.0, true, 1.0), order(1, 0, 2.0, false, 3.0)],
        ];
        for _ in 0..50 {
            let mut one = || random.below(6) as f64;
            cases.push(
                (0..30).map(|n| order(n % 7, one() as u32 % 3, one(), one() < 2.0, 1.0 + one())).collect(),
            );
        }
        for orders in cases {
            for which in 0..2 {
                let got = area(&orders, &sorted(&orders, which), which, None);
                match (got, plain(&orders, which)) {
                    (Some(got), Some(expected)) => assert!((got - expected).abs() < 1e-12, "{orders:?}"),
                    (got, expected) => assert_eq!(got, expected, "{orders:?}"),
                }
            }
        }
    }

    #[test]
    fn intervals_hold_their_value_and_are_the_same_every_time() {
        let orders: Vec<Judged> =
            (0..200).map(|n| order(n % 40, 0, f64::from(n % 13), n % 5 == 0 || n % 13 < 3, 1.0)).collect();
        let first = rank(&orders).unwrap();
        assert!(first.score.low < first.score.value && first.score.value < first.score.high);
        assert!((first.rating.value - 0.5).abs() < 1e-12 && (first.rating.high - 0.5).abs() < 1e-12);
        assert_eq!(Some(first), rank(&orders));
    }
}
