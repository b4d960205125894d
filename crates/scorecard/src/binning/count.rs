//! Weights of good and bad rows, added up so that the order of the rows cannot matter.

use crate::{Error, Sample};

/// The weight of the good and of the bad rows of a bin.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Count {
    /// The weight of its good rows.
    pub good: f64,
    /// The weight of its bad rows.
    pub bad: f64,
}

impl Count {
    /// The weight of its rows.
    pub fn weight(&self) -> f64 {
        self.good + self.bad
    }

    /// The share of the bad in its weight; 0 where it has no rows.
    pub fn rate(&self) -> f64 {
        if self.weight() > 0.0 { self.bad / self.weight() } else { 0.0 }
    }

    /// Both counts together.
    pub fn and(self, other: Count) -> Count {
        Count { good: self.good + other.good, bad: self.bad + other.bad }
    }
}

/// Good and bad in whole units.
pub(super) type Whole = [u64; 2];

/// The weights of a sample as whole multiples of a power of two, so small that no sum of them is ever rounded: sums do not
/// depend on the order of the rows. Weights that are whole numbers or short binary fractions are exact; of others, what is
/// lost is below `rows / 2^52` of the largest.
pub(super) struct Weights {
    /// None: each row weighs one unit.
    whole: Option<Vec<u64>>,
    unit: f64,
    /// All good and all bad rows.
    pub(super) total: Count,
}

impl Weights {
    pub(super) fn of(sample: &Sample) -> Result<Self, Error> {
        let Some(given) = &sample.weight else {
            let bad = sample.bad.iter().filter(|bad| **bad).count();
            let total = Count { good: (sample.rows() - bad) as f64, bad: bad as f64 };
            return Weights { whole: None, unit: 1.0, total }.checked();
        };
        let rows = sample.rows();
        let largest = given.iter().copied().fold(0.0, f64::max);
        if given.len() != rows || given.iter().any(|weight| !weight.is_finite() || *weight < 0.0) {
            let reason = format!("{} weights for {rows} rows; each must be a number from 0 up", given.len());
            return Err(Error::Sample(reason));
        }
        // rows · largest < 2^bits, so that all of them together stay below 2^53 units.
        let bits = libm::frexp(largest).1 + libm::frexp(rows as f64).1;
        let scale = (52 - bits).clamp(-1_000, 1_000);
        let factor = libm::ldexp(1.0, scale);
        let whole: Vec<u64> = given.iter().map(|weight| (weight * factor).round() as u64).collect();
        let mut sums = [0u64; 2];
        for (weight, bad) in whole.iter().zip(&sample.bad) {
            sums[usize::from(*bad)] += weight;
        }
        let unit = libm::ldexp(1.0, -scale);
        let total = Count { good: sums[0] as f64 * unit, bad: sums[1] as f64 * unit };
        Weights { whole: Some(whole), unit, total }.checked()
    }

    fn checked(self) -> Result<Self, Error> {
        if self.total.good > 0.0 && self.total.bad > 0.0 {
            return Ok(self);
        }
        Err(Error::Sample("both good and bad rows that weigh something are needed".to_owned()))
    }

    /// The whole weights; None: each row weighs one.
    pub(super) fn whole(&self) -> Option<&[u64]> {
        self.whole.as_deref()
    }

    pub(super) fn count(&self, whole: Whole) -> Count {
        Count { good: whole[0] as f64 * self.unit, bad: whole[1] as f64 * self.unit }
    }

    /// The counts of each code of the rows.
    pub(super) fn by_code(
        &self,
        codes: impl Iterator<Item = usize>,
        bad: &[bool],
        most: usize,
    ) -> Vec<Whole> {
        let mut counts = vec![[0u64; 2]; most];
        match &self.whole {
            None => codes.zip(bad).for_each(|(code, bad)| counts[code][usize::from(*bad)] += 1),
            Some(whole) => {
                for ((code, bad), weight) in codes.zip(bad).zip(whole) {
                    counts[code][usize::from(*bad)] += weight;
                }
            }
        }
        counts
    }
}

/// What a bin adds to the information value. Where it has rows but no good or no bad ones, both counts are taken half a unit
/// of weight larger, so that it stays finite.
pub(super) fn information(count: Count, total: Count) -> f64 {
    let Count { mut good, mut bad } = count;
    if count.weight() <= 0.0 {
        return 0.0;
    }
    if good <= 0.0 || bad <= 0.0 {
        good += 0.5;
        bad += 0.5;
    }
    let (good, bad) = (good / total.good, bad / total.bad);
    (good - bad) * libm::log(good / bad)
}

/// What a bin adds to the log-likelihood beyond the overall bad rate.
pub(super) fn likelihood(count: Count, total: Count) -> f64 {
    let (rate, overall) = (count.rate(), total.rate());
    let part = |weight: f64, ratio: f64| if weight > 0.0 { weight * libm::log(ratio) } else { 0.0 };
    part(count.bad, rate / overall) + part(count.good, (1.0 - rate) / (1.0 - overall))
}

/// Whether a rate that should be the lower one is higher by more than `tolerance` standard errors of the difference of two
/// shares with a common rate. Bins without rows show nothing.
pub(super) fn reversed(low: Count, high: Count, tolerance: f64) -> bool {
    if low.weight() <= 0.0 || high.weight() <= 0.0 {
        return false;
    }
    let common = low.and(high).rate();
    let error = (common * (1.0 - common) * (1.0 / low.weight() + 1.0 / high.weight())).sqrt();
    low.rate() - high.rate() > tolerance * error
}
