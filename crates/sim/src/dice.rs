//! Chance that is the same on every machine: streams of numbers that follow from a seed, a purpose and a number.
//!
//! A stream belongs to one thing (a buyer's tenth visit, a merchant's conduct), not to the whole run. So a change of
//! policy, or an archetype turned off, does not change what chance does to everybody else: two worlds with one seed differ
//! only by what follows from the difference between them.
//!
//! Numbers are those of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
//! Logarithms and exponentials are those of `libm`, whose digits do not depend on the platform's C library.

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

/// What a stream is for. Two purposes never share numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// What a merchant is like.
    Merchant = 1,
    /// What a buyer is like.
    Buyer,
    /// One visit of a buyer: whether, what and where it buys, and what becomes of the order.
    Visit,
    /// When a buyer comes next.
    Return,
    /// What a scheme does.
    Scheme,
    /// A credit line.
    Credit,
    /// Who becomes what.
    Roles,
    /// A sample drawn from a finished world.
    Sample,
    /// What a buyer does about an answer that is no plain yes.
    Answer,
}

/// A stream of numbers.
#[derive(Debug, Clone)]
pub struct Dice(u64);

fn mix(value: u64) -> u64 {
    let z = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Dice {
    /// The stream of a purpose and two numbers, such as a buyer and the count of its visits.
    pub fn new(seed: u64, purpose: Purpose, first: u64, second: u64) -> Self {
        let key = mix(seed.wrapping_add(GOLDEN)) ^ mix((purpose as u64).wrapping_mul(GOLDEN));
        Self(
            mix(key.wrapping_add(first.wrapping_mul(GOLDEN)))
                ^ mix(second.wrapping_add(0x5851_f42d_4c95_7f2d)),
        )
    }

    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// Evenly from 0 up to, not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Evenly from 0 up to, not including, `n`; 0 for `n` = 0.
    pub fn below(&mut self, n: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(n)) >> 64) as u64
    }

    /// Evenly from `from` up to, not including, `to`.
    pub fn between(&mut self, from: f64, to: f64) -> f64 {
        from + (to - from) * self.unit()
    }

    /// True with this probability.
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }

    /// A standard normal number, by the inverse of its distribution function (Acklam 2003, relative error below 1.2e-9).
    pub fn normal(&mut self) -> f64 {
        // Strictly between 0 and 1.
        inverse_normal((self.bits() >> 12) as f64 * (1.0 / 4_503_599_627_370_496.0) + 1.1e-16)
    }

    /// Log-normal with this median; `spread` is the standard deviation of the logarithm.
    pub fn log_normal(&mut self, median: f64, spread: f64) -> f64 {
        if spread == 0.0 { median } else { median * libm::exp(spread * self.normal()) }
    }

    /// Exponential with this mean.
    pub fn exponential(&mut self, mean: f64) -> f64 {
        -mean * libm::log(1.0 - self.unit())
    }

    /// Gumbel, the noise of a choice among utilities that follows the logit model (McFadden 1974).
    pub fn gumbel(&mut self) -> f64 {
        -libm::log(-libm::log(self.unit() + 1.1e-16))
    }

    /// A place in a list of weights, each drawn as often as it weighs; the last when all weigh nothing.
    pub fn pick(&mut self, weights: &[f64]) -> usize {
        let mut rest = self.unit() * weights.iter().sum::<f64>();
        for (place, weight) in weights.iter().enumerate() {
            rest -= weight;
            if rest < 0.0 {
                return place;
            }
        }
        weights.len().saturating_sub(1)
    }
}

/// The value below which a standard normal number lies with probability `p`, for `p` strictly between 0 and 1.
pub(crate) fn inverse_normal(p: f64) -> f64 {
    const LOW: f64 = 0.02425;
    let tail = |q: f64| {
        (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q
            - 2.549732539343734)
            * q
            + 4.374664141464968)
            * q
            + 2.938163982698783)
            / ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q
                + 3.754408661907416)
                * q
                + 1.0)
    };
    if p < LOW {
        return tail(libm::sqrt(-2.0 * libm::log(p)));
    }
    if p > 1.0 - LOW {
        return -tail(libm::sqrt(-2.0 * libm::log(1.0 - p)));
    }
    let q = p - 0.5;
    let r = q * q;
    (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r
        + 1.383_577_518_672_69e+02)
        * r
        - 3.066479806614716e+01)
        * r
        + 2.506628277459239)
        * q
        / (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r
            + 6.680131188771972e+01)
            * r
            - 1.328068155288572e+01)
            * r
            + 1.0)
}

/// Weights that are drawn from often: a draw costs the same however many there are (Walker 1977, Vose 1991).
#[derive(Debug, Clone, Default)]
pub struct Urn {
    cells: Vec<(f64, u32)>,
}

impl Urn {
    /// Fills the urn. Weights that are not positive numbers are never drawn.
    pub fn new(weights: &[f64]) -> Self {
        let weight = |w: f64| if w.is_finite() && w > 0.0 { w } else { 0.0 };
        let total: f64 = weights.iter().map(|w| weight(*w)).sum();
        if total <= 0.0 {
            return Self::default();
        }
        let mean = total / weights.len() as f64;
        let mut cells: Vec<(f64, u32)> =
            (0_u32..).zip(weights).map(|(n, w)| (weight(*w) / mean, n)).collect();
        let (mut small, mut large): (Vec<usize>, Vec<usize>) =
            (0..cells.len()).partition(|at| cells[*at].0 < 1.0);
        while let (Some(under), Some(over)) = (small.pop(), large.last().copied()) {
            cells[under].1 = over as u32;
            cells[over].0 -= 1.0 - cells[under].0;
            if cells[over].0 < 1.0 {
                large.pop();
                small.push(over);
            }
        }
        // What is left over differs from 1 by rounding only.
        for at in small.into_iter().chain(large) {
            cells[at] = (1.0, at as u32);
        }
        Self { cells }
    }

    /// A place drawn as often as it weighs; `None` when nothing weighs anything.
    pub fn draw(&self, dice: &mut Dice) -> Option<u32> {
        let at = dice.below(self.cells.len() as u64) as usize;
        let (own, other) = *self.cells.get(at)?;
        Some(if dice.unit() < own { at as u32 } else { other })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dice(n: u64) -> Dice {
        Dice::new(7, Purpose::Visit, n, 0)
    }

    #[test]
    fn streams_are_those_of_ever() {
        let mut first = dice(1);
        assert_eq!([first.bits(), first.bits()], [GOLDEN_BITS[0], GOLDEN_BITS[1]]);
        assert_eq!(dice(2).normal().to_bits(), GOLDEN_NORMAL);
    }

    const GOLDEN_BITS: [u64; 2] = [2_684_499_182_201_987_902, 6_839_520_271_415_731_421];
    const GOLDEN_NORMAL: u64 = 13_824_876_397_409_994_455;

    #[test]
    fn numbers_are_spread_as_they_say() {
        let mut dice = dice(3);
        let n = 200_000;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
        let normal: Vec<f64> = (0..n).map(|_| dice.normal()).collect();
        assert!(mean(&normal).abs() < 0.01);
        assert!((mean(&normal.iter().map(|z| z * z).collect::<Vec<_>>()) - 1.0).abs() < 0.02);
        let within = normal.iter().filter(|z| z.abs() < 1.96).count() as f64 / f64::from(n);
        assert!((within - 0.95).abs() < 0.003, "{within}");
        let exponential: Vec<f64> = (0..n).map(|_| dice.exponential(3.0)).collect();
        assert!((mean(&exponential) - 3.0).abs() < 0.05);
        let gumbel: Vec<f64> = (0..n).map(|_| dice.gumbel()).collect();
        assert!((mean(&gumbel) - 0.577_215).abs() < 0.02);
    }

    #[test]
    fn an_urn_draws_by_weight() {
        let weights = [5.0, 0.0, 1.0, 4.0, f64::NAN, -2.0];
        let (urn, mut dice) = (Urn::new(&weights), dice(4));
        let mut drawn = [0_u32; 6];
        for _ in 0..100_000 {
            drawn[urn.draw(&mut dice).unwrap() as usize] += 1;
        }
        assert_eq!([drawn[1], drawn[4], drawn[5]], [0, 0, 0], "{drawn:?}");
        for (place, share) in [(0, 0.5), (2, 0.1), (3, 0.4)] {
            assert!((f64::from(drawn[place]) / 100_000.0 - share).abs() < 0.01, "{drawn:?}");
        }
        assert_eq!(Urn::new(&[0.0]).draw(&mut dice), None);
        assert_eq!(Urn::new(&[]).draw(&mut dice), None);
    }
}
