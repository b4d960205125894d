//! What may be asked of a fit.

use crate::binning::Trend;
use crate::bins::Special;
use crate::scale::Scale;
use crate::{Error, Sample};
use std::collections::BTreeMap;

/// How many pairs of columns get a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairs {
    /// As many as cross-validation asks for, up to so many.
    Automatic(usize),
    /// So many, as far as there are.
    Exactly(usize),
}

impl Pairs {
    /// At most so many.
    pub(super) fn most(self) -> usize {
        let (Pairs::Automatic(most) | Pairs::Exactly(most)) = self;
        most
    }
}

/// What may be asked for one column.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ColumnOptions {
    /// Its special values; None: those of [`Options::specials`] that it holds.
    pub specials: Option<Vec<Special>>,
    /// Its trend; None: [`Options::trend`].
    pub trend: Option<Trend>,
}

/// What may be asked of a fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The card's name.
    pub name: String,
    /// What its scores mean.
    pub scale: Scale,
    /// Special values of every column of numbers that holds them.
    pub specials: Vec<Special>,
    /// The trend of every column of numbers: which way the bad rate may go over its ascending values, all else equal.
    /// [`Trend::Auto`] is the simplest of monotone, peak or valley, and any that the data do not contradict: it is taken when
    /// it raises the deviance by no more than the free values that the unconstrained shape has, for a constraint takes about
    /// half of them, and Akaike's criterion puts two on each.
    pub trend: Trend,
    /// What is asked for single columns, by their names.
    pub columns: BTreeMap<String, ColumnOptions>,
    /// How many pairs get a table.
    pub pairs: Pairs,
    /// The most attributes of a column's table: 2 to 250. Special and missing values count if there are any.
    pub attributes: usize,
    /// The most rows and the most columns of a pair's table: 2 to 16. Special and missing values count if there are any.
    pub rows: usize,
    /// The most fine bins of a column, on which its shape is fitted before they are merged: 2 to 250.
    pub prebins: usize,
    /// The folds of the cross-validation that chooses the number of pairs: 2 to 20.
    pub folds: usize,
    /// Decides which row lies in which fold; the same seed, the same card.
    pub seed: u64,
}

impl Default for Options {
    /// Any trend, up to 20 pairs of 12 × 12 cells, up to 30 attributes.
    fn default() -> Self {
        Options {
            name: "additive".to_owned(),
            scale: Scale::default(),
            specials: vec![],
            trend: Trend::Any,
            columns: BTreeMap::new(),
            pairs: Pairs::Automatic(20),
            attributes: 30,
            rows: 12,
            prebins: 100,
            folds: 5,
            seed: 1,
        }
    }
}

/// The most pairs: more are no card that anybody reads.
const MOST_PAIRS: usize = 100;

impl Options {
    pub(super) fn check(&self, sample: &Sample) -> Result<(), Error> {
        for name in self.columns.keys() {
            sample.table.column(name)?;
        }
        for (option, value, least, most) in [
            ("attributes", self.attributes, 2, 250),
            ("rows", self.rows, 2, super::coarse::MOST),
            ("prebins", self.prebins, 2, 250),
            ("folds", self.folds, 2, 20),
            ("pairs", self.pairs.most(), 0, MOST_PAIRS),
        ] {
            if value < least || value > most {
                return Err(Error::Option {
                    option,
                    reason: format!("{value} is not within {least} to {most}"),
                });
            }
        }
        if self.rows > self.attributes {
            return Err(Error::Option {
                option: "rows",
                reason: format!(
                    "{} is above {} attributes; a column has at least as many attributes as rows in its pairs",
                    self.rows, self.attributes
                ),
            });
        }
        Ok(())
    }

    /// The trend of a column of numbers.
    pub(super) fn trend_of(&self, name: &str) -> Trend {
        self.columns.get(name).and_then(|column| column.trend).unwrap_or(self.trend)
    }
}
