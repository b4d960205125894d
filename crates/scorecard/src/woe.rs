//! The classical scorecard: bins, their weights of evidence, and a logistic regression on these.
//!
//! The weight of evidence of a bin with `g` good and `b` bad is, as risk,
//!
//! woe = ln( (b + m·B/N) / (g + m·G/N) ) − ln(B/G),
//!
//! where G, B and N are the sums over the sample and `m` ([`Options::shrinkage`]) stands for so many rows at the overall
//! odds that each bin is lent: bins without good or bad rows have a finite weight, small ones are drawn to zero, empty ones
//! have zero. With it every coefficient must be zero or above: that more risk in a column should lower the risk of the card is
//! a sign that another column tells it already, and would corrupt the reasons. So coefficients are held at zero or above in
//! the fit, and a column held at zero is left out.

use crate::binning::{Binned, Constraints, Count, Objective, Trend, bin_column, bin_table};
use crate::card::{Attribute, Characteristic, Parts};
use crate::logistic::{
    self, Candidate, Design, Dropped, Entries, Path, PathOptions, Reason, Regressor, Selection, Sign, State,
};
use crate::points::{self, Centre};
use crate::scale::{Scale, logit};
use crate::{Error, Sample, Scorecard};
use std::collections::BTreeMap;

/// How a scorecard is fitted.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The card's name.
    pub name: String,
    /// What is asked of the bins of every column …
    pub constraints: Constraints,
    /// … but for these, which have constraints of their own.
    pub own: BTreeMap<String, Constraints>,
    /// The rows at the overall odds that each bin is lent before its weight of evidence is taken.
    pub shrinkage: f64,
    /// Which columns may enter.
    pub selection: Selection,
    /// The highest p-value of a coefficient; 1 keeps all. The column with the highest goes first, then all are fitted anew.
    pub max_p_value: f64,
    /// The penalty on the squares of the coefficients' distances from zero.
    pub penalty: Penalty,
    /// Coefficients that are given rather than fitted, by column.
    pub fixed: BTreeMap<String, f64>,
    /// The share of bad in the population, where the sample has another one: the intercept is corrected for it.
    pub bad_rate: Option<f64>,
    /// What the scores mean.
    pub scale: Scale,
    /// Where the zero of each table of points lies.
    pub centre: Centre,
}

/// How large the l2 penalty of the coefficients is.
#[derive(Debug, Clone, PartialEq)]
pub enum Penalty {
    /// This large, in units of log-likelihood: see [`logistic::Options::l2`].
    Fixed(f64),
    /// The one of a path whose loss on rows held out is lowest.
    Chosen(PathOptions),
}

/// Below so many rows what can be seen of a column is a trend, and little more.
const FEW_ROWS: usize = 5_000;

impl Options {
    /// Options for a sample of so many rows. They were chosen by cross-validation on four public credit samples and on
    /// parts of these of 560, 2,000 and 8,000 rows. With fewer than 5,000 rows trends are monotone (peaks and valleys seen
    /// there were mostly chance) and bins hold at least 5 % (but need not pay for themselves, since shrinkage guards them).
    pub fn for_rows(rows: usize) -> Self {
        if rows >= FEW_ROWS {
            return Options::default();
        }
        let constraints = Constraints {
            trend: Trend::Monotone,
            min_share: 0.05,
            penalty: 0.0,
            ..Options::default().constraints
        };
        Options { constraints, ..Options::default() }
    }
}

impl Default for Options {
    /// Those for a large sample; see [`Options::for_rows`]. Bins by likelihood, no least information value: what tells
    /// nothing is held at zero by its sign or made small by the penalty.
    fn default() -> Self {
        Options {
            name: "scorecard".to_owned(),
            constraints: Constraints { objective: Objective::Likelihood, ..Constraints::default() },
            own: BTreeMap::new(),
            shrinkage: 20.0,
            selection: Selection { min_information_value: 0.0, ..Selection::default() },
            max_p_value: 1.0,
            penalty: Penalty::Fixed(5.0),
            fixed: BTreeMap::new(),
            bad_rate: None,
            scale: Scale::default(),
            centre: Centre::Mean,
        }
    }
}

/// A fitted scorecard and how it came about.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The scorecard.
    pub card: Scorecard,
    /// Its characteristics, in the order of the sample's columns.
    pub characteristics: Vec<Told>,
    /// The columns that were left out, in the order in which they were.
    pub dropped: Vec<Dropped>,
    /// What could not be binned as asked, by column.
    pub remarks: Vec<(String, String)>,
    /// The l2 penalty.
    pub l2: f64,
    /// The path on which it was found, where it was.
    pub path: Option<Path>,
    /// The weighted negative log-likelihood of the sample.
    pub loss: f64,
    /// The most by which points are off the exact score; see [`points::Rounded`].
    pub most_error: f64,
}

/// What a characteristic tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    /// The column.
    pub name: String,
    /// Its information value.
    pub information_value: f64,
    /// The trend of its bins.
    pub trend: Trend,
    /// The weight of evidence of each of its bins.
    pub woe: Vec<f64>,
    /// Its coefficient.
    pub coefficient: f64,
    /// The coefficient's standard error; none where the coefficient was given.
    pub standard_error: Option<f64>,
    /// The coefficient's p-value.
    pub p_value: Option<f64>,
}

/// The weight of evidence of each bin; see the [module](self).
pub fn weights_of_evidence(counts: &[Count], shrinkage: f64) -> Vec<f64> {
    let good: f64 = counts.iter().map(|count| count.good).sum();
    let bad: f64 = counts.iter().map(|count| count.bad).sum();
    let all = good + bad;
    // Without any shrinkage a bin of one class counts as if it had half a row more of each.
    let least =
        |count: &Count| if count.good > 0.0 && count.bad > 0.0 { shrinkage } else { shrinkage.max(1.0) };
    let woe = |count: &Count| {
        if count.weight() <= 0.0 {
            return 0.0;
        }
        let lent = least(count);
        let odds = (count.bad + lent * bad / all) / (count.good + lent * good / all);
        libm::log(odds) - libm::log(bad / good)
    };
    counts.iter().map(woe).collect()
}

/// A column as a regression takes it up.
#[derive(Debug, Clone, PartialEq)]
pub struct Weighed {
    /// Its bins; the log-odds of an attribute are the weight of evidence of its bin. It has no points.
    pub characteristic: Characteristic,
    /// Its information value.
    pub information_value: f64,
    /// The trend of its bins.
    pub trend: Trend,
    /// What could not be binned as asked, in words.
    pub remarks: Vec<String>,
}

/// The weights of evidence of every column of a sample, in their order: what [`fit`] begins with.
///
/// # Errors
/// As [`fit`], but for what only its regression refuses.
pub fn weigh(sample: &Sample, options: &Options) -> Result<Vec<Weighed>, Error> {
    check(sample, options)?;
    let (columns, remarks) = binned(sample, options)?;
    let weighed = |column: Column| Weighed {
        characteristic: column.characteristic(1.0),
        information_value: column.binned.information_value,
        trend: column.binned.trend,
        remarks: (remarks.iter().filter(|(name, _)| *name == column.name))
            .map(|(_, remark)| remark.clone())
            .collect(),
    };
    Ok(columns.into_iter().map(weighed).collect())
}

/// Bins every column of a sample, selects, fits and gives points.
///
/// # Errors
/// When an option is out of its range or names a column that is not there, the sample cannot be learned from, or no column
/// tells good from bad.
pub fn fit(sample: &Sample, options: &Options) -> Result<Fitted, Error> {
    check(sample, options)?;
    let (columns, remarks) = binned(sample, options)?;
    let design = design(&columns, sample)?;
    let candidate = |column: &Column| Candidate {
        name: column.name.clone(),
        information_value: column.binned.information_value,
    };
    let candidates: Vec<Candidate> = columns.iter().map(candidate).collect();
    let rules = with_fixed(&options.selection, &options.fixed);
    let selected = logistic::select(&design, &candidates, &rules)?;
    let (mut kept, mut dropped) = (selected.kept, selected.dropped);
    let (fit, l2, path) = regress(&design, &columns, &mut kept, &mut dropped, options)?;
    let kept: Vec<&Column> = kept.iter().map(|&place| &columns[place]).collect();
    let told: Vec<Told> = kept.iter().zip(&fit.coefficients).map(|(column, one)| column.told(one)).collect();
    let parts = parts(&kept, &fit, sample, options, l2);
    let rounded = points::round(parts, options.centre, Some(&sample.table))?;
    Ok(Fitted {
        card: Scorecard::try_new(rounded.parts)?,
        characteristics: told,
        dropped,
        remarks,
        l2,
        path,
        loss: fit.loss,
        most_error: rounded.most_error,
    })
}

/// A column with its bins.
struct Column {
    name: String,
    binned: Binned,
    woe: Vec<f64>,
    codes: Vec<u16>,
}

impl Column {
    fn new(name: String, binned: Binned, column: &crate::table::Column, shrinkage: f64) -> Self {
        let woe = weights_of_evidence(&binned.counts, shrinkage);
        Column { name, codes: binned.bins.find_all(column), woe, binned }
    }

    /// The column in a card; its weights of evidence count so many times.
    fn characteristic(&self, coefficient: f64) -> Characteristic {
        let attribute = |(woe, count): (&f64, &Count)| Attribute {
            log_odds: coefficient * woe,
            points: 0,
            weight: count.weight(),
            bad: count.bad,
        };
        Characteristic {
            name: self.name.clone(),
            dimension: String::new(),
            reason: String::new(),
            bins: self.binned.bins.clone(),
            attributes: self.woe.iter().zip(&self.binned.counts).map(attribute).collect(),
        }
    }

    fn told(&self, coefficient: &logistic::Coefficient) -> Told {
        Told {
            name: self.name.clone(),
            information_value: self.binned.information_value,
            trend: self.binned.trend,
            woe: self.woe.clone(),
            coefficient: coefficient.value,
            standard_error: coefficient.standard_error,
            p_value: coefficient.p_value,
        }
    }
}

/// What could not be binned as asked, by column.
type Remarks = Vec<(String, String)>;

/// The columns with their bins.
fn binned(sample: &Sample, options: &Options) -> Result<(Vec<Column>, Remarks), Error> {
    let table = bin_table(sample, &options.constraints, &options.own)?;
    let mut remarks: Remarks =
        table.failed.iter().map(|(name, remark)| (name.clone(), remark.to_string())).collect();
    let mut columns = Vec::with_capacity(table.columns.len());
    for ((name, mut binned), column) in table.columns.into_iter().zip(sample.table.columns()) {
        let constraints = options.own.get(&name).unwrap_or(&options.constraints);
        if binned.bins.regular() == 1
            && let Some(pure) = pure(column, sample, constraints)?
        {
            let remark = "one of its bins has no good or no bad rows: see whether it knows the future";
            remarks.push((name.clone(), remark.to_owned()));
            binned = pure;
        }
        columns.push(Column::new(name, binned, column, options.shrinkage));
    }
    Ok((columns, remarks))
}

/// A column that tells good from bad without error has no two bins with some of each. It is the best there is, or knows the
/// future: either way it must not pass for one that tells nothing.
fn pure(
    column: &crate::table::Column,
    sample: &Sample,
    constraints: &Constraints,
) -> Result<Option<Binned>, Error> {
    let constraints = Constraints { min_good: 0.0, min_bad: 0.0, ..constraints.clone() };
    let found = bin_column(column, sample, &constraints)?;
    let regular = &found.counts[..found.bins.regular()];
    let is_pure = |count: &Count| count.weight() > 0.0 && (count.good <= 0.0 || count.bad <= 0.0);
    Ok((regular.len() > 1 && regular.iter().any(is_pure)).then_some(found))
}

fn design<'a>(columns: &'a [Column], sample: &'a Sample) -> Result<Design<'a>, Error> {
    let regressor = |column: &'a Column| Regressor {
        name: column.name.clone(),
        entries: Entries::Coded { codes: column.codes.as_slice().into(), values: column.woe.clone() },
    };
    let regressors = columns.iter().map(regressor).collect();
    Design::try_new(regressors, &sample.bad, sample.weight.as_deref(), sample.offset.as_deref())
}

/// Fits, leaves out what is held at zero or tells nothing, and fits again until nothing more goes. What is held at zero goes
/// without another fit: without it the best coefficients of the others are the same.
fn regress(
    design: &Design<'_>,
    columns: &[Column],
    kept: &mut Vec<usize>,
    dropped: &mut Vec<Dropped>,
    options: &Options,
) -> Result<(logistic::Fit, f64, Option<Path>), Error> {
    let mut chosen: Option<(f64, Option<Path>)> = None;
    loop {
        if kept.is_empty() {
            return Err(nothing_tells(dropped));
        }
        let design = design.only(kept);
        let fixed = |place: &usize| options.fixed.get(&columns[*place].name).copied();
        let how = logistic::Options {
            signs: vec![Sign::NotNegative; kept.len()],
            fixed: kept.iter().map(fixed).collect(),
            ..logistic::Options::default()
        };
        let (l2, path) = match chosen.take() {
            Some(chosen) => chosen,
            None => penalty(&design, &how, &options.penalty)?,
        };
        let mut fit = logistic::fit(&design, &logistic::Options { l2, ..how })?;
        for place in (0..kept.len()).rev() {
            if matches!(fit.coefficients[place].state, State::Held | State::Constant) {
                fit.coefficients.remove(place);
                let name = columns[kept.remove(place)].name.clone();
                dropped.push(Dropped { name, reason: Reason::WrongSign });
            }
        }
        if kept.is_empty() {
            return Err(nothing_tells(dropped));
        }
        let p_value = |place: usize| fit.coefficients[place].p_value.unwrap_or(0.0);
        let worst = (0..kept.len())
            .filter(|&place| p_value(place) > options.max_p_value)
            .reduce(|one, other| if p_value(other) > p_value(one) { other } else { one });
        let Some(worst) = worst else { return Ok((fit, l2, path)) };
        let reason = Reason::Insignificant { p_value: p_value(worst), most: options.max_p_value };
        dropped.push(Dropped { name: columns[kept.remove(worst)].name.clone(), reason });
        chosen = Some((l2, path));
    }
}

fn nothing_tells(dropped: &[Dropped]) -> Error {
    let told: Vec<String> =
        dropped.iter().map(|dropped| format!("{}: {}", dropped.name, dropped.reason)).collect();
    Error::Fit(format!("no column tells good from bad ({})", told.join("; ")))
}

fn penalty(
    design: &Design<'_>,
    how: &logistic::Options,
    penalty: &Penalty,
) -> Result<(f64, Option<Path>), Error> {
    match penalty {
        Penalty::Fixed(l2) => Ok((*l2, None)),
        Penalty::Chosen(path) => {
            let path = logistic::path(design, how, path)?;
            Ok((path.points[path.best].l2, Some(path)))
        }
    }
}

fn parts(kept: &[&Column], fit: &logistic::Fit, sample: &Sample, options: &Options, l2: f64) -> Parts {
    let (good, bad) = sample.good_and_bad();
    // King and Zeng, Logistic regression in rare events data (2001): only the intercept knows the sample's share of bad.
    let correction = options.bad_rate.map_or(0.0, |rate| logit(rate) - libm::log(bad / good));
    let characteristic = |(column, one): (&&Column, &logistic::Coefficient)| column.characteristic(one.value);
    let mut provenance = vec![
        ("rows".to_owned(), sample.rows().to_string()),
        ("good".to_owned(), good.to_string()),
        ("bad".to_owned(), bad.to_string()),
        ("shrinkage".to_owned(), options.shrinkage.to_string()),
        ("l2".to_owned(), l2.to_string()),
    ];
    if let Some(rate) = options.bad_rate {
        provenance.push(("bad rate of the population".to_owned(), rate.to_string()));
    }
    Parts {
        name: options.name.clone(),
        target: sample.target.clone(),
        method: "woe".to_owned(),
        scale: options.scale,
        intercept: fit.intercept + correction,
        base_points: 0,
        characteristics: kept.iter().zip(&fit.coefficients).map(characteristic).collect(),
        pairs: Vec::new(),
        calibration: None,
        provenance,
    }
}

/// A column whose coefficient is given is in the card.
fn with_fixed(selection: &Selection, fixed: &BTreeMap<String, f64>) -> Selection {
    let mut rules = selection.clone();
    rules.forced_in.extend(fixed.keys().cloned());
    rules
}

fn check(sample: &Sample, options: &Options) -> Result<(), Error> {
    let refuse = |option, reason: String| Err(Error::Option { option, reason });
    if !options.shrinkage.is_finite() || options.shrinkage < 0.0 {
        return refuse("shrinkage", format!("{} rows; give a finite number from 0 up", options.shrinkage));
    }
    if options.max_p_value.is_nan() || options.max_p_value <= 0.0 {
        return refuse("max-p-value", format!("{}; give a number above 0, at most 1", options.max_p_value));
    }
    if let Some(rate) = options.bad_rate
        && !(rate > 0.0 && rate < 1.0)
    {
        return refuse("bad-rate", format!("{rate}; give a share above 0 and below 1"));
    }
    for (name, value) in &options.fixed {
        sample.table.column(name)?;
        if !value.is_finite() || *value < 0.0 {
            return refuse(
                "fixed",
                format!("{value} for {name:?}; a coefficient is finite and not negative"),
            );
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
