//! A share with its 95 % interval, where parties and not decisions were divided.

use serde::Serialize;

/// 1.96 standard deviations hold 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// A share with its 95 % interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// The share.
    pub value: f64,
    /// Lower end of the interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Rate {
    /// Of each party the hits and how many there were; none without any.
    ///
    /// Decisions of one party are alike, so their number says too much. The variance of the ratio is taken over parties
    /// (linearised: Cochran, Sampling Techniques, 1977, section 6.5); what it leaves as the number of independent decisions
    /// goes into the interval of Wilson (1927), as Korn and Graubard (1998) do with that of Clopper and Pearson.
    pub(in crate::app) fn of(parties: &[(u64, u64)]) -> Option<Self> {
        let hits: u64 = parties.iter().map(|(hits, _)| hits).sum();
        let all: u64 = parties.iter().map(|(_, all)| all).sum();
        if all == 0 {
            return None;
        }
        let (count, value) = (all as f64, hits as f64 / all as f64);
        let several = parties.iter().filter(|(_, all)| *all > 0).count() as f64;
        let square = |(hits, all): &(u64, u64)| (*hits as f64 - value * *all as f64).powi(2);
        let spread: f64 = parties.iter().map(square).sum();
        let variance = several / (several - 1.0).max(1.0) * spread / count.powi(2);
        // All alike: then there are as many as parties at least.
        let independent =
            if variance > 0.0 { (value * (1.0 - value) / variance).min(count) } else { several };
        let (n, z2) = (independent.max(1.0), Z * Z);
        let centre = (value + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (value * (1.0 - value) / n + z2 / (4.0 * n * n)).sqrt();
        Some(Self { value, low: (centre - half).max(0.0), high: (centre + half).min(1.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn intervals_are_those_of_the_books() {
        let check = |parties: &[(u64, u64)], wanted: [f64; 3]| {
            let Rate { value, low, high } = Rate::of(parties).unwrap();
            for (found, wanted) in [value, low, high].iter().zip(wanted) {
                assert!((found - wanted).abs() < 5e-4, "{parties:?}: {value} {low} {high}");
            }
        };
        // One decision each: Wilson's, of 81 in 263 (Newcombe 1998, table I), but for the sample's n/(n−1).
        let each: Vec<(u64, u64)> = (0..263).map(|one| (u64::from(one < 81), 1)).collect();
        check(&each, [0.3080, 0.2553, 0.3662]);
        // All alike.
        check(&[(1, 1); 20], [1.0, 0.8389, 1.0]);
        check(&[(0, 5); 20], [0.0, 0.0, 0.1611]);
        // Twenty parties of which each has ten times the same answer say as much as twenty decisions.
        let tens: Vec<(u64, u64)> = (0..20).map(|one| (if one < 10 { 10 } else { 0 }, 10)).collect();
        let ones: Vec<(u64, u64)> = (0..20).map(|one| (u64::from(one < 10), 1)).collect();
        let Rate { value, low, high } = Rate::of(&ones).unwrap();
        check(&tens, [value, low, high]);
        assert_eq!(Rate::of(&[]), None);
        assert_eq!(Rate::of(&[(0, 0)]), None);
    }
}
