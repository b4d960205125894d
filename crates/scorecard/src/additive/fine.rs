//! Fine bins of a column: what its shape is fitted on before bins that differ little are merged.

use crate::Error;
use crate::bins::{Bins, Special, Split};
use crate::table::{Column, MISSING, Values};
use std::collections::BTreeMap;

/// The most bins of one column with the special ones and the missing one: their numbers fit in a byte.
pub(super) const MOST: usize = 256;

/// A column in fine bins, numbered as in [`crate::bins::Bins`]: regular, special, missing.
#[derive(Debug, Clone)]
pub(super) struct Fine {
    pub(super) name: String,
    pub(super) regular: Regular,
    pub(super) specials: Vec<Special>,
    /// The bin of each row.
    pub(super) codes: Vec<u8>,
    /// The weight of the rows in each bin, and of the bad ones among them.
    pub(super) weight: Vec<f64>,
    pub(super) bad: Vec<f64>,
}

/// The regular bins.
#[derive(Debug, Clone)]
pub(super) enum Regular {
    /// Bins of ascending numbers.
    Cuts(Vec<f64>),
    /// A bin for each category; the last for all that are too rare or were never seen.
    Levels(Vec<Vec<String>>),
}

impl Fine {
    /// The fine bins of a column: at most `most` regular ones.
    pub(super) fn try_new(
        column: &Column,
        specials: &[Special],
        weight: &[f64],
        bad: &[bool],
        most: usize,
    ) -> Result<Self, Error> {
        let most = most.min(MOST - 1 - specials.len().min(MOST / 2));
        if specials.len() > MOST / 2 {
            let name = &column.name;
            return Err(Error::Option {
                option: "special",
                reason: format!("{name:?} has {} special values; at most {}", specials.len(), MOST / 2),
            });
        }
        let (regular, specials, codes) = match &column.values {
            Values::Numbers(numbers) => {
                let is_special =
                    |number: f64| specials.iter().any(|special| special.values.contains(&number));
                let cuts = cuts_of(numbers, weight, is_special, most);
                let bins = Bins::try_new(Split::Cuts(cuts.clone()), specials.to_vec())?;
                let codes = bins.find_all(column).into_iter().map(|bin| bin as u8).collect();
                (Regular::Cuts(cuts), specials.to_vec(), codes)
            }
            Values::Categories { codes, levels } => {
                let (groups, of_level) = groups_of(codes, levels, weight, most);
                let missing = groups.len();
                let code =
                    |code: &u32| if *code == MISSING { missing as u8 } else { of_level[*code as usize] };
                let codes = codes.iter().map(code).collect();
                (Regular::Levels(groups), vec![], codes)
            }
        };
        let mut fine =
            Fine { name: column.name.clone(), regular, specials, codes, weight: vec![], bad: vec![] };
        fine.weigh(weight, bad);
        Ok(fine)
    }

    fn weigh(&mut self, weight: &[f64], bad: &[bool]) {
        self.weight = vec![0.0; self.count()];
        self.bad = vec![0.0; self.count()];
        for ((code, weight), bad) in self.codes.iter().zip(weight).zip(bad) {
            self.weight[usize::from(*code)] += weight;
            if *bad {
                self.bad[usize::from(*code)] += weight;
            }
        }
    }

    /// How many regular bins there are.
    pub(super) fn regular(&self) -> usize {
        match &self.regular {
            Regular::Cuts(cuts) => cuts.len() + 1,
            Regular::Levels(levels) => levels.len(),
        }
    }

    /// How many bins there are: regular, special and missing.
    pub(super) fn count(&self) -> usize {
        self.regular() + self.specials.len() + 1
    }

    /// Whether its regular bins have an order.
    pub(super) fn ordered(&self) -> bool {
        matches!(self.regular, Regular::Cuts(_))
    }

    /// Whether any row that weighs anything is missing.
    pub(super) fn has_missing(&self) -> bool {
        self.weight.last().is_some_and(|weight| *weight > 0.0)
    }

    /// Whether its rows differ at all.
    pub(super) fn varies(&self) -> bool {
        self.weight.iter().filter(|weight| **weight > 0.0).count() > 1
    }
}

/// Cuts between the values of rows that weigh anything: each value a bin where there are few, else bins of about the same
/// weight.
fn cuts_of(numbers: &[f64], weight: &[f64], is_special: impl Fn(f64) -> bool, most: usize) -> Vec<f64> {
    let regular = |(number, weight): &(f64, f64)| *weight > 0.0 && !number.is_nan() && !is_special(*number);
    let mut seen: Vec<(f64, f64)> =
        numbers.iter().copied().zip(weight.iter().copied()).filter(regular).collect();
    seen.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    // Minus zero is zero.
    let mut values: Vec<(f64, f64)> = Vec::new();
    for (value, weight) in seen {
        match values.last_mut() {
            Some(last) if last.0 == value => last.1 += weight,
            _ => values.push((value, weight)),
        }
    }
    let mut left: f64 = values.iter().map(|value| value.1).sum();
    let (mut bins_left, mut filled, mut cuts) = (most.max(1), 0.0, Vec::new());
    let few = values.len() <= most;
    for pair in values.windows(2) {
        filled += pair[0].1;
        // A value that alone outweighs a bin must not be joined to a half-filled one.
        let full = filled + 0.5 * pair[1].1 >= left / bins_left as f64;
        if few || (full && bins_left > 1) {
            cuts.push(short_between(pair[0].0, pair[1].0));
            left -= filled;
            filled = 0.0;
            bins_left = bins_left.saturating_sub(1).max(1);
        }
    }
    cuts
}

/// The number with the fewest digits above `low` and not above `high`: what people read as the border between the two.
fn short_between(low: f64, high: f64) -> f64 {
    if high.is_infinite() {
        // Above every number seen, and still a number that every file format can hold.
        let above = if low < 1.0 { 10.0 } else { libm::pow(10.0, libm::floor(libm::log10(low)) + 1.0) };
        return if above > low && above.is_finite() { above } else { high };
    }
    if low.is_infinite() {
        return high;
    }
    let size = low.abs().max(high.abs());
    let digits = if size > 0.0 { libm::floor(libm::log10(size)) as i32 } else { 0 };
    for place in (-18..=digits).rev() {
        let unit = libm::pow(10.0, f64::from(place.abs()));
        let short =
            if place >= 0 { libm::floor(high / unit) * unit } else { libm::floor(high * unit) / unit };
        if short > low && short <= high {
            return short + 0.0;
        }
    }
    high
}

/// A bin for each of the heaviest categories and one, the last, for the others; and the bin of each level.
fn groups_of(codes: &[u32], levels: &[String], weight: &[f64], most: usize) -> (Vec<Vec<String>>, Vec<u8>) {
    let mut weights = vec![0.0; levels.len()];
    for (code, weight) in codes.iter().zip(weight) {
        if *code != MISSING {
            weights[*code as usize] += weight;
        }
    }
    let mut heaviest: Vec<usize> = (0..levels.len()).filter(|level| weights[*level] > 0.0).collect();
    heaviest.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(levels[*a].cmp(&levels[*b])));
    let kept: BTreeMap<usize, u8> =
        heaviest.iter().take(most.max(2) - 1).enumerate().map(|(bin, level)| (*level, bin as u8)).collect();
    let mut groups: Vec<Vec<String>> = vec![vec![]; kept.len() + 1];
    let other = kept.len() as u8;
    let of_level: Vec<u8> =
        (0..levels.len()).map(|level| kept.get(&level).copied().unwrap_or(other)).collect();
    // Those of the last bin are not listed: it takes whatever no other bin lists.
    for (level, bin) in &kept {
        groups[usize::from(*bin)].push(levels[*level].clone());
    }
    (groups, of_level)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn borders_have_few_digits() {
        for (low, high, wanted) in [
            (3.0, 4.0, 4.0),
            (0.0, 1.0, 1.0),
            (-1.0, 0.0, 0.0),
            (0.123456, 0.234567, 0.2),
            (0.1234, 0.1235, 0.1235),
            (99.0, 101.0, 100.0),
            (-5.5, -4.2, -5.0),
            (-0.31, -0.12, -0.2),
            (5.0, f64::INFINITY, 10.0),
            (f64::NEG_INFINITY, 2.5, 2.5),
            (1e300, 2e300, 2e300),
        ] {
            let short = short_between(low, high);
            assert!(low < short && short <= high, "{low} {short} {high}");
            assert!((short - wanted).abs() <= 1e-12 * wanted.abs(), "{low} {high}: {short}");
        }
    }

    fn check(values: &[f64], most: usize, wanted: &[f64]) {
        let cuts = cuts_of(values, &vec![1.0; values.len()], |value| value == -9.0, most);
        assert_eq!(cuts, wanted, "{values:?}");
    }

    #[test]
    fn few_values_get_a_bin_each_and_many_share() {
        check(&[1.0, 2.0, 2.0, 5.0, f64::NAN, -9.0], 10, &[2.0, 5.0]);
        check(&[f64::NAN, -9.0], 10, &[]);
        check(&[7.0, 7.0], 10, &[]);
        check(&[-0.0, 0.0, 1.0], 10, &[1.0]);
        check(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0], 4, &[3.0, 5.0, 7.0]);
        check(&[0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, 2.0, 3.0], 3, &[1.0, 2.0]);
    }

    #[test]
    fn rare_categories_share_the_last_bin() {
        let texts = ["a", "b", "b", "c", "c", "c", "d"];
        let column = Column::categories("x", texts.iter().map(|text| Some(*text)).chain([None]));
        let fine = Fine::try_new(&column, &[], &[1.0; 8], &[true; 8], 3).unwrap();
        let Regular::Levels(levels) = &fine.regular else { panic!("categories") };
        assert_eq!(levels, &[vec!["c"], vec!["b"], vec![]]);
        assert_eq!(fine.codes, [2, 1, 1, 0, 0, 0, 2, 3]);
        assert_eq!(fine.weight, [3.0, 2.0, 2.0, 1.0]);
    }
}
