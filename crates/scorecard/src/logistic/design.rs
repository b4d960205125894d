//! What a logistic regression is fitted to: regressors in columns, a target, weights and an offset.

use crate::Error;
use std::borrow::Cow;

/// Regressors with their target. Borrows what the caller holds; a few distinct values are held as codes, two bytes a row.
#[derive(Debug, Clone)]
pub struct Design<'a> {
    pub(super) regressors: Vec<Regressor<'a>>,
    pub(super) bad: Cow<'a, [bool]>,
    pub(super) weight: Option<Cow<'a, [f64]>>,
    pub(super) offset: Option<Cow<'a, [f64]>>,
    /// The weighted mean of each regressor; everything is computed on what is left after it is taken off.
    pub(super) means: Vec<f64>,
    /// The spread of each regressor over the rows that weigh anything: its largest less its smallest value.
    pub(super) ranges: Vec<f64>,
}

/// A column of the design.
#[derive(Debug, Clone)]
pub struct Regressor<'a> {
    /// Its name, for messages and for the result.
    pub name: String,
    /// Its values.
    pub entries: Entries<'a>,
}

/// The values of a regressor.
#[derive(Debug, Clone)]
pub enum Entries<'a> {
    /// A code for each row and a value for each code, such as a bin and its weight of evidence.
    Coded {
        /// A code for each row, below the number of values.
        codes: Cow<'a, [u16]>,
        /// The value of each code.
        values: Vec<f64>,
    },
    /// A number for each row.
    Numbers(Cow<'a, [f64]>),
}

impl Entries<'_> {
    fn rows(&self) -> usize {
        match self {
            Entries::Coded { codes, .. } => codes.len(),
            Entries::Numbers(numbers) => numbers.len(),
        }
    }

    fn all_valid(&self) -> bool {
        match self {
            Entries::Coded { codes, values } => {
                // A maximum is found several rows at a time; a search that may end early is not.
                let most = codes.iter().fold(0, |most, code| most.max(*code));
                values.iter().all(|value| value.is_finite())
                    && (codes.is_empty() || usize::from(most) < values.len())
            }
            Entries::Numbers(numbers) => numbers.iter().all(|value| value.is_finite()),
        }
    }

    /// Writes the values of some rows, less `mean`, into `block`; what is left of the block becomes zero.
    pub(super) fn fill(&self, start: usize, end: usize, mean: f64, table: &[f64], block: &mut [f64]) {
        let (filled, rest) = block.split_at_mut(end - start);
        match self {
            Entries::Coded { codes, .. } => {
                for (cell, code) in filled.iter_mut().zip(&codes[start..end]) {
                    *cell = table[usize::from(*code)];
                }
            }
            Entries::Numbers(numbers) => {
                for (cell, number) in filled.iter_mut().zip(&numbers[start..end]) {
                    *cell = number - mean;
                }
            }
        }
        rest.fill(0.0);
    }

    /// The value of each code less the mean; nothing for plain numbers.
    pub(super) fn table(&self, mean: f64) -> Vec<f64> {
        match self {
            Entries::Coded { values, .. } => values.iter().map(|value| value - mean).collect(),
            Entries::Numbers(_) => Vec::new(),
        }
    }

    fn every(&self, stride: usize) -> Entries<'static> {
        match self {
            Entries::Coded { codes, values } => {
                Entries::Coded { codes: every(codes, stride).into(), values: values.clone() }
            }
            Entries::Numbers(numbers) => Entries::Numbers(every(numbers, stride).into()),
        }
    }
}

/// The weight of the rows of each code.
fn weights_of(codes: &[u16], count: usize, weight: Option<&[f64]>) -> Vec<f64> {
    let Some(weight) = weight else {
        // Neighbouring rows often have the same code: counted apart, none waits for the other.
        let mut counts = vec![[0u32; 4]; count];
        for (row, code) in codes.iter().enumerate() {
            counts[usize::from(*code)][row % 4] += 1;
        }
        return counts.iter().map(|counts| counts.iter().copied().map(f64::from).sum()).collect();
    };
    let mut weights = vec![0.0; count];
    codes.iter().zip(weight).for_each(|(code, weight)| weights[usize::from(*code)] += weight);
    weights
}

fn every<T: Copy>(values: &[T], stride: usize) -> Vec<T> {
    values.iter().step_by(stride).copied().collect()
}

impl<'a> Design<'a> {
    /// A design.
    ///
    /// # Errors
    /// When lengths differ; a code has no value; a value, a weight or an offset is not finite; a weight is negative; or the
    /// rows that weigh anything are all good or all bad.
    pub fn try_new(
        regressors: Vec<Regressor<'a>>,
        bad: &'a [bool],
        weight: Option<&'a [f64]>,
        offset: Option<&'a [f64]>,
    ) -> Result<Self, Error> {
        let rows = bad.len();
        for regressor in &regressors {
            let (name, has) = (&regressor.name, regressor.entries.rows());
            if has != rows {
                return Err(Error::Fit(format!("column {name:?} has {has} rows, the target has {rows}")));
            }
            if !regressor.entries.all_valid() {
                return Err(Error::Fit(format!(
                    "column {name:?} holds what is not a finite number; bin or fill it first"
                )));
            }
        }
        let wrong = |values: &[f64], low: f64| {
            values.len() != rows || values.iter().any(|value| !value.is_finite() || *value < low)
        };
        if weight.is_some_and(|weight| wrong(weight, 0.0)) {
            return Err(Error::Fit(format!("the weights must be {rows} finite numbers from 0 up")));
        }
        if offset.is_some_and(|offset| wrong(offset, f64::MIN)) {
            return Err(Error::Fit(format!("the offsets must be {rows} finite numbers")));
        }
        let mut design = Design {
            regressors,
            bad: bad.into(),
            weight: weight.map(Cow::Borrowed),
            offset: offset.map(Cow::Borrowed),
            means: Vec::new(),
            ranges: Vec::new(),
        };
        let (good, bad) = design.classes();
        if good <= 0.0 || bad <= 0.0 {
            return Err(Error::Fit(format!(
                "good rows weigh {good} and bad rows {bad}; both are needed to tell them apart"
            )));
        }
        design.describe();
        Ok(design)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.bad.len()
    }

    /// The columns.
    pub fn regressors(&self) -> &[Regressor<'a>] {
        &self.regressors
    }

    /// The weights of the good rows and of the bad ones.
    pub(super) fn classes(&self) -> (f64, f64) {
        if self.weight.is_none() {
            let bad = self.bad.iter().filter(|bad| **bad).count();
            return ((self.rows() - bad) as f64, bad as f64);
        }
        let mut sums = (0.0, 0.0);
        for (row, &bad) in self.bad.iter().enumerate() {
            *if bad { &mut sums.1 } else { &mut sums.0 } += self.weight_of(row);
        }
        sums
    }

    pub(super) fn weight_of(&self, row: usize) -> f64 {
        self.weight.as_ref().map_or(1.0, |weight| weight[row])
    }

    /// Some of the regressors, by their places.
    pub(crate) fn only(&self, places: &[usize]) -> Design<'_> {
        Design {
            regressors: places.iter().map(|&place| self.regressors[place].borrowed()).collect(),
            bad: Cow::Borrowed(&self.bad),
            weight: self.weight.as_deref().map(Cow::Borrowed),
            offset: self.offset.as_deref().map(Cow::Borrowed),
            means: places.iter().map(|&place| self.means[place]).collect(),
            ranges: places.iter().map(|&place| self.ranges[place]).collect(),
        }
    }

    /// The same regressors and rows with other weights, such as those that leave a fold out.
    pub(super) fn weighted(&self, weight: Vec<f64>) -> Design<'_> {
        Design {
            regressors: self.regressors.iter().map(Regressor::borrowed).collect(),
            bad: Cow::Borrowed(&self.bad),
            weight: Some(weight.into()),
            offset: self.offset.as_deref().map(Cow::Borrowed),
            means: self.means.clone(),
            ranges: self.ranges.clone(),
        }
    }

    /// Every so many rows of it. None when they are all good or all bad.
    pub(super) fn every(&self, stride: usize) -> Option<Design<'static>> {
        let regressors = self.regressors.iter().map(|regressor| Regressor {
            name: regressor.name.clone(),
            entries: regressor.entries.every(stride),
        });
        let some = Design {
            regressors: regressors.collect(),
            bad: every(&self.bad, stride).into(),
            weight: self.weight.as_ref().map(|weight| every(weight, stride).into()),
            offset: self.offset.as_ref().map(|offset| every(offset, stride).into()),
            // The same centre as the whole, so that coefficients and moments of the two are of one kind.
            means: self.means.clone(),
            ranges: self.ranges.clone(),
        };
        let (good, bad) = some.classes();
        (good > 0.0 && bad > 0.0).then_some(some)
    }

    /// Finds means and ranges.
    fn describe(&mut self) {
        let (good, bad) = self.classes();
        let total = good + bad;
        for regressor in &self.regressors {
            let (mut low, mut high, mut sum) = (f64::INFINITY, f64::NEG_INFINITY, 0.0);
            let mut see = |value: f64, weight: f64| {
                if weight > 0.0 {
                    low = low.min(value);
                    high = high.max(value);
                    sum += weight * value;
                }
            };
            match &regressor.entries {
                Entries::Coded { codes, values } => {
                    let weights = weights_of(codes, values.len(), self.weight.as_deref());
                    values.iter().zip(&weights).for_each(|(value, weight)| see(*value, *weight));
                }
                Entries::Numbers(numbers) => {
                    numbers.iter().enumerate().for_each(|(row, value)| see(*value, self.weight_of(row)));
                }
            }
            self.means.push(sum / total);
            self.ranges.push(high - low);
        }
    }
}

impl Regressor<'_> {
    fn borrowed(&self) -> Regressor<'_> {
        let entries = match &self.entries {
            Entries::Coded { codes, values } => {
                Entries::Coded { codes: Cow::Borrowed(codes), values: values.clone() }
            }
            Entries::Numbers(numbers) => Entries::Numbers(Cow::Borrowed(numbers)),
        };
        Regressor { name: self.name.clone(), entries }
    }
}
