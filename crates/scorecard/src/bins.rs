//! How a value finds its bin: cuts of a number, groups of categories, special values, and what is missing.

use crate::Error;
use crate::table::{Column, MISSING, Value, Values};
use std::collections::BTreeMap;

/// The most bins of one column, so that a bin's number fits in 16 bits.
pub const MOST_BINS: usize = 60_000;

/// The bins of one column. They are numbered: first the regular ones (ascending, or in the order of their groups), then each
/// special one, and last the one of missing values, which is always there.
#[derive(Debug, Clone, PartialEq)]
pub struct Bins {
    split: Split,
    specials: Vec<Special>,
    /// The group of each category that is listed: a column of ten thousand categories is read in a dozen comparisons each. In
    /// order, so that nothing that is printed or compared depends on chance.
    group_of: BTreeMap<String, usize>,
}

/// The regular bins.
#[derive(Debug, Clone, PartialEq)]
pub enum Split {
    /// A number lies in the bin numbered by how many cuts are not above it: bin `i` holds `cuts[i-1] <= value < cuts[i]`.
    Cuts(Vec<f64>),
    /// Categories lie in the group that lists them, those that no group lists in the group `other`.
    Groups {
        /// The categories of each group.
        groups: Vec<Vec<String>>,
        /// The group of a category that was never seen.
        other: usize,
    },
}

/// Values with a meaning of their own, outside the order of the others: a bin for themselves.
#[derive(Debug, Clone, PartialEq)]
pub struct Special {
    /// What they mean.
    pub name: String,
    /// The values.
    pub values: Vec<f64>,
}

/// The special values of a column of numbers: its own, where it is given any, or those of every column that it holds.
pub(crate) fn specials_of(column: &Column, own: Option<&[Special]>, every: &[Special]) -> Vec<Special> {
    let Values::Numbers(numbers) = &column.values else { return vec![] };
    let held = |special: &&Special| numbers.iter().any(|number| special.values.contains(number));
    own.map_or_else(|| every.iter().filter(held).cloned().collect(), <[Special]>::to_vec)
}

impl Bins {
    /// Bins from a split and the special values of a column of numbers.
    ///
    /// # Errors
    /// When cuts do not ascend or are not numbers, a category is in two groups, `other` is no group, a value is special
    /// twice, or there are too many bins.
    pub fn try_new(split: Split, specials: Vec<Special>) -> Result<Self, Error> {
        let mut group_of = BTreeMap::new();
        match &split {
            Split::Cuts(cuts) => {
                if let Some(cut) = cuts.iter().find(|cut| cut.is_nan()) {
                    return Err(Error::Card(format!("the cut {cut} is not a number")));
                }
                if let Some(pair) = cuts.windows(2).find(|pair| pair[0] >= pair[1]) {
                    let (first, second) = (pair[0], pair[1]);
                    return Err(Error::Card(format!("cuts must ascend, but {second} follows {first}")));
                }
            }
            Split::Groups { groups, other } => {
                for (place, group) in groups.iter().enumerate() {
                    let twice = |category: &&String| group_of.insert((*category).clone(), place).is_some();
                    if let Some(twice) = group.iter().find(twice) {
                        return Err(Error::Card(format!("the category {twice:?} is in two groups")));
                    }
                }
                if *other >= groups.len() {
                    return Err(Error::Card(format!("there is no group {other} for new categories")));
                }
            }
        }
        let mut values: Vec<f64> =
            specials.iter().flat_map(|special| special.values.iter().copied()).collect();
        values.sort_unstable_by(f64::total_cmp);
        if let Some(pair) = values.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::Card(format!("the special value {} comes twice", pair[0])));
        }
        if values.iter().any(|value| value.is_nan()) {
            return Err(Error::Card(
                "a special value is not a number; missing values have a bin already".to_owned(),
            ));
        }
        let bins = Bins { split, specials, group_of };
        if bins.count() > MOST_BINS {
            return Err(Error::Card(format!("{} bins are too many; at most {MOST_BINS}", bins.count())));
        }
        Ok(bins)
    }

    /// The regular bins.
    pub fn split(&self) -> &Split {
        &self.split
    }

    /// The special values.
    pub fn specials(&self) -> &[Special] {
        &self.specials
    }

    /// How many regular bins there are.
    pub fn regular(&self) -> usize {
        match &self.split {
            Split::Cuts(cuts) => cuts.len() + 1,
            Split::Groups { groups, .. } => groups.len(),
        }
    }

    /// How many bins there are: regular, special and missing.
    pub fn count(&self) -> usize {
        self.regular() + self.specials.len() + 1
    }

    /// The bin of missing values: the last one.
    pub fn missing(&self) -> usize {
        self.count() - 1
    }

    /// The bin of a value. A number is looked up among categories by its shortest decimal text; a text among numbers by the
    /// number that it spells, and is missing where it spells none.
    pub fn find(&self, value: Value<'_>) -> usize {
        match (value, &self.split) {
            (Value::Missing, _) => self.missing(),
            (Value::Number(number), Split::Cuts(_)) => self.find_number(number),
            (Value::Category(text), Split::Groups { .. }) => self.find_category(text),
            (Value::Number(number), Split::Groups { .. }) if number.is_nan() => self.missing(),
            (Value::Number(number), Split::Groups { .. }) => self.find_category(&number.to_string()),
            (Value::Category(text), Split::Cuts(_)) => {
                text.trim().parse().map_or(self.missing(), |number| self.find_number(number))
            }
        }
    }

    /// The bin of a number; see [`Bins::find`] for a column of categories.
    pub fn find_number(&self, number: f64) -> usize {
        let Split::Cuts(cuts) = &self.split else { return self.find(Value::Number(number)) };
        if number.is_nan() {
            return self.missing();
        }
        for (place, special) in self.specials.iter().enumerate() {
            if special.values.contains(&number) {
                return self.regular() + place;
            }
        }
        cuts.partition_point(|cut| *cut <= number)
    }

    /// The bin of the numbers from one on up to the next cut, but for those that are special: where the number itself is, it
    /// stands for the others all the same. For other values, and columns of categories, see [`Bins::find`].
    pub(crate) fn find_from(&self, value: Value<'_>) -> usize {
        match (&self.split, value) {
            (Split::Cuts(cuts), Value::Number(from)) => cuts.partition_point(|cut| *cut <= from),
            _ => self.find(value),
        }
    }

    fn find_category(&self, text: &str) -> usize {
        match &self.split {
            Split::Groups { other, .. } => self.group_of.get(text).copied().unwrap_or(*other),
            Split::Cuts(_) => self.missing(),
        }
    }

    /// The bin of each row of a column.
    pub fn find_all(&self, column: &Column) -> Vec<u16> {
        // MOST_BINS holds every bin's number inside 16 bits.
        match &column.values {
            Values::Numbers(numbers) => match &self.split {
                Split::Cuts(cuts) => self.find_numbers(numbers, cuts),
                Split::Groups { .. } => {
                    numbers.iter().map(|number| self.find(Value::Number(*number)) as u16).collect()
                }
            },
            Values::Categories { codes, levels } => {
                let of_level: Vec<u16> =
                    levels.iter().map(|level| self.find(Value::Category(level)) as u16).collect();
                let missing = self.missing() as u16;
                let find = |code: &u32| if *code == MISSING { missing } else { of_level[*code as usize] };
                codes.iter().map(find).collect()
            }
        }
    }

    /// The bin of each number of a column with cuts, as [`Bins::find_number`] has it.
    fn find_numbers(&self, numbers: &[f64], cuts: &[f64]) -> Vec<u16> {
        let mut found = among(numbers, cuts);
        let missing = self.missing() as u16;
        for (bin, number) in found.iter_mut().zip(numbers) {
            *bin = if number.is_nan() { missing } else { *bin };
        }
        for (place, special) in self.specials.iter().enumerate() {
            let special_bin = (self.regular() + place) as u16;
            for (bin, number) in found.iter_mut().zip(numbers) {
                if special.values.contains(number) {
                    *bin = special_bin;
                }
            }
        }
        found
    }

    /// A bin in words: `below 2`, `2 to 5`, `5 or more`, `rent, own`, the special value's name, `missing`.
    pub fn text(&self, bin: usize) -> String {
        let regular = self.regular();
        if bin >= regular {
            return self
                .specials
                .get(bin - regular)
                .map_or_else(|| "missing".to_owned(), |special| special.name.clone());
        }
        match &self.split {
            Split::Groups { groups, other } if *other == bin && groups[bin].is_empty() => {
                "any other".to_owned()
            }
            Split::Groups { groups, other } if *other == bin => {
                format!("{}, any other", groups[bin].join(", "))
            }
            Split::Groups { groups, .. } => groups[bin].join(", "),
            Split::Cuts(cuts) => stretch(cuts, bin),
        }
    }
}

/// Up to so many cuts, each number is compared with all of them, some numbers at a time; with more, they are searched.
const FEW_CUTS: usize = 24;

/// How many cuts are not above each number; 0 for NaN.
fn among(numbers: &[f64], cuts: &[f64]) -> Vec<u16> {
    if cuts.len() > FEW_CUTS {
        return numbers.iter().map(|number| cuts.partition_point(|cut| *cut <= *number) as u16).collect();
    }
    let mut found = vec![0; numbers.len()];
    for (found, numbers) in found.chunks_mut(128).zip(numbers.chunks(128)) {
        // As wide as what is compared, so that a comparison is a number right away.
        let mut below = [0u64; 128];
        for cut in cuts {
            below.iter_mut().zip(numbers).for_each(|(below, number)| *below += u64::from(*cut <= *number));
        }
        found.iter_mut().zip(below).for_each(|(found, below)| *found = below as u16);
    }
    found
}

/// A stretch of numbers between cuts in words.
pub(crate) fn stretch(cuts: &[f64], place: usize) -> String {
    match (place.checked_sub(1).map(|before| cuts[before]), cuts.get(place)) {
        (None, None) => "any value".to_owned(),
        (None, Some(to)) => format!("below {to}"),
        (Some(from), None) => format!("{from} or more"),
        (Some(from), Some(to)) => format!("{from} to {to}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(cuts: &[f64]) -> Bins {
        let specials = vec![
            Special { name: "no record".to_owned(), values: vec![-9.0] },
            Special { name: "not usable".to_owned(), values: vec![-8.0, -7.0] },
        ];
        Bins::try_new(Split::Cuts(cuts.to_vec()), specials).unwrap()
    }

    fn groups() -> Bins {
        let groups = vec![vec!["rent".to_owned(), "own".to_owned()], vec!["1".to_owned()]];
        Bins::try_new(Split::Groups { groups, other: 1 }, vec![]).unwrap()
    }

    fn check(bins: &Bins, value: Value<'_>, wanted: &str) {
        let bin = bins.find(value);
        assert_eq!(bins.text(bin), wanted, "{value:?}");
        let column = match value {
            Value::Number(number) => Column::numbers("x", vec![number]),
            Value::Category(text) => Column::categories("x", [Some(text)]),
            Value::Missing => Column::categories("x", [None]),
        };
        assert_eq!(usize::from(bins.find_all(&column)[0]), bin, "{value:?} in a column");
    }

    #[test]
    fn every_value_has_one_bin() {
        let bins = numbers(&[2.0, 5.5]);
        for (value, wanted) in [
            (Value::Number(f64::NEG_INFINITY), "below 2"),
            (Value::Number(1.9), "below 2"),
            (Value::Number(2.0), "2 to 5.5"),
            (Value::Number(5.5), "5.5 or more"),
            (Value::Number(f64::INFINITY), "5.5 or more"),
            (Value::Number(-9.0), "no record"),
            (Value::Number(-7.0), "not usable"),
            (Value::Number(f64::NAN), "missing"),
            (Value::Missing, "missing"),
            (Value::Category(" 3 "), "2 to 5.5"),
            (Value::Category("three"), "missing"),
        ] {
            check(&bins, value, wanted);
        }
        check(&numbers(&[]), Value::Number(0.0), "any value");
        for (value, wanted) in [
            (Value::Category("own"), "rent, own"),
            (Value::Category("never seen"), "1, any other"),
            (Value::Number(1.0), "1, any other"),
            (Value::Number(f64::NAN), "missing"),
            (Value::Missing, "missing"),
        ] {
            check(&groups(), value, wanted);
        }
    }

    #[test]
    fn bins_that_contradict_themselves_are_refused() {
        let special = |values: &[f64]| vec![Special { name: "s".to_owned(), values: values.to_vec() }];
        let group = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        for (split, specials) in [
            (Split::Cuts(vec![1.0, 1.0]), vec![]),
            (Split::Cuts(vec![f64::NAN]), vec![]),
            (Split::Cuts(vec![1.0]), special(&[1.0, 1.0])),
            (Split::Groups { groups: vec![group(&["a"]), group(&["a"])], other: 0 }, vec![]),
            (Split::Groups { groups: vec![group(&["a"])], other: 1 }, vec![]),
            (Split::Cuts((0..MOST_BINS).map(|cut| cut as f64).collect()), vec![]),
        ] {
            assert!(Bins::try_new(split, specials).is_err());
        }
    }
}
