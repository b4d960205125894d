//! What a fit can be asked for, and how that is spelled.

use crate::Error;
use crate::additive::{self, Pairs};
use crate::binning::Trend;
use crate::bins::Special;
use crate::scale::Scale;
use std::collections::BTreeMap;

/// A setting for every column, and others for some of them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PerColumn<T> {
    /// For each column that has none of its own.
    pub every: T,
    /// For these columns.
    pub of: BTreeMap<String, T>,
}

impl<T> PerColumn<T> {
    /// The same for all.
    pub fn same(every: T) -> Self {
        PerColumn { every, of: BTreeMap::new() }
    }

    /// The setting of a column.
    pub fn get(&self, column: &str) -> &T {
        self.of.get(column).unwrap_or(&self.every)
    }
}

/// The kind of model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// What cross-validation finds better.
    #[default]
    Auto,
    /// Weight of evidence in optimal bins and a logistic regression.
    Woe,
    /// An additive model.
    Additive,
}

/// What a fit is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// The scorecard's name.
    pub name: String,
    /// The kind of model.
    pub method: Method,
    /// Pairs of columns; only an additive model has them.
    pub pairs: Pairs,
    /// Values with a meaning of their own, each in a bin for itself.
    pub specials: PerColumn<Vec<Special>>,
    /// How the bad rate may run over ascending values; none: as the model's own default has it.
    pub trends: PerColumn<Option<Trend>>,
    /// Cuts given by hand.
    pub cuts: BTreeMap<String, Vec<f64>>,
    /// The most bins of a column.
    pub max_bins: Option<usize>,
    /// The smallest share of rows in a regular bin.
    pub min_share: Option<f64>,
    /// The share of bad in the population.
    pub prior: Option<f64>,
    /// What scores mean.
    pub scale: Scale,
    /// What chance begins with.
    pub seed: u64,
}

/// The options as texts: what the command line and the Python package pass on.
#[derive(Debug, Clone, Default)]
pub struct Asked<'a> {
    /// The scorecard's name.
    pub name: &'a str,
    /// `auto`, `woe` or `additive`.
    pub method: &'a str,
    /// Nothing, `auto`, or the most pairs.
    pub pairs: Option<&'a str>,
    /// `-9,-8` for every column of numbers, `debt=-1` for one.
    pub special: &'a [String],
    /// `auto` for every column, `age=descending` for one.
    pub monotone: &'a [String],
    /// `age=25,40`.
    pub cuts: &'a [String],
    /// The most bins of a column.
    pub max_bins: Option<usize>,
    /// The smallest share of rows in a regular bin.
    pub min_share: Option<f64>,
    /// The share of bad in the population.
    pub prior: Option<f64>,
    /// Score, odds and points to double.
    pub scale: (f64, f64, f64),
    /// What chance begins with.
    pub seed: u64,
}

fn refuse(option: &'static str, reason: impl Into<String>) -> Error {
    Error::Option { option, reason: reason.into() }
}

impl Options {
    /// The trend that is asked of a column.
    pub fn trend_of(&self, column: &str) -> Option<Trend> {
        *self.trends.get(column)
    }

    /// Reads options.
    ///
    /// # Errors
    /// [`Error::Option`] with the name of the one that cannot be.
    pub fn try_from_asked(asked: &Asked<'_>) -> Result<Self, Error> {
        let share = |option, share: Option<f64>| match share {
            Some(share) if !(share > 0.0 && share < 1.0) => {
                Err(refuse(option, format!("{share} is no share between 0 and 1")))
            }
            share => Ok(share),
        };
        if asked.max_bins.is_some_and(|bins| bins < 2) {
            return Err(refuse("max-bins", "at least 2; one bin says nothing"));
        }
        let (score, odds, points) = asked.scale;
        Ok(Options {
            name: asked.name.to_owned(),
            method: method(asked.method)?,
            pairs: pairs(asked.pairs)?,
            specials: per_column("special", asked.special, |text| Ok(special(&values("special", text)?)))?,
            trends: per_column("monotone", asked.monotone, |text| trend(text).map(Some))?,
            cuts: cuts(asked.cuts)?,
            max_bins: asked.max_bins,
            min_share: share("min-share", asked.min_share)?,
            prior: share("prior", asked.prior)?,
            scale: Scale::try_new(score, odds, points)?,
            seed: asked.seed,
        })
    }
}

fn method(text: &str) -> Result<Method, Error> {
    match text {
        "auto" => Ok(Method::Auto),
        "woe" => Ok(Method::Woe),
        "additive" => Ok(Method::Additive),
        other => Err(refuse("method", format!("{other:?} is none of auto, woe, additive"))),
    }
}

fn pairs(text: Option<&str>) -> Result<Pairs, Error> {
    match text {
        None => Ok(Pairs::Exactly(0)),
        Some("auto") => Ok(additive::Options::default().pairs),
        Some(text) => match text.parse() {
            Ok(0) => Ok(Pairs::Exactly(0)),
            Ok(most) => Ok(Pairs::Automatic(most)),
            Err(_) => Err(refuse("pairs", format!("{text:?} is neither auto nor a number"))),
        },
    }
}

/// The trend that a word names.
///
/// # Errors
/// When it names none.
pub fn trend(text: &str) -> Result<Trend, Error> {
    Ok(match text {
        "any" => Trend::Any,
        "auto" => Trend::Auto,
        "ascending" | "up" => Trend::Ascending,
        "descending" | "down" => Trend::Descending,
        "monotone" => Trend::Monotone,
        "peak" => Trend::Peak,
        "valley" => Trend::Valley,
        other => {
            let known = "any, auto, ascending, descending, monotone, peak, valley";
            return Err(refuse("monotone", format!("{other:?} is none of {known}")));
        }
    })
}

/// Numbers separated by commas.
fn values(option: &'static str, text: &str) -> Result<Vec<f64>, Error> {
    let read = |part: &str| match part.trim().parse::<f64>() {
        Ok(value) if !value.is_nan() => Ok(value),
        _ => Err(refuse(option, format!("{part:?} in {text:?} is no number"))),
    };
    text.split(',').map(read).collect()
}

/// Each value is a bin for itself, called by its own name.
fn special(values: &[f64]) -> Vec<Special> {
    let mut distinct: Vec<f64> = Vec::new();
    for value in values {
        if !distinct.contains(value) {
            distinct.push(*value);
        }
    }
    distinct.into_iter().map(|value| Special { name: value.to_string(), values: vec![value] }).collect()
}

/// `SETTING` for every column, `COLUMN=SETTING` for one; a column's name may hold equals signs itself.
fn per_column<T: Default>(
    option: &'static str,
    texts: &[String],
    read: impl Fn(&str) -> Result<T, Error>,
) -> Result<PerColumn<T>, Error> {
    let mut settings = PerColumn { every: T::default(), of: BTreeMap::new() };
    let mut every = false;
    for text in texts {
        match text.rsplit_once('=') {
            Some((column, setting)) => {
                if settings.of.insert(column.to_owned(), read(setting)?).is_some() {
                    return Err(refuse(option, format!("the column {column:?} is given twice")));
                }
            }
            None if every => {
                return Err(refuse(
                    option,
                    "it is given twice for every column; join the values with commas",
                ));
            }
            None => (settings.every, every) = (read(text)?, true),
        }
    }
    Ok(settings)
}

fn cuts(texts: &[String]) -> Result<BTreeMap<String, Vec<f64>>, Error> {
    let mut cuts = BTreeMap::new();
    for text in texts {
        let Some((column, listed)) = text.rsplit_once('=') else {
            return Err(refuse("cuts", format!("{text:?} names no column; write COLUMN=1,5,10")));
        };
        let listed = values("cuts", listed)?;
        if listed.windows(2).any(|pair| pair[0] >= pair[1]) {
            return Err(refuse("cuts", format!("those of {column:?} do not ascend")));
        }
        if cuts.insert(column.to_owned(), listed).is_some() {
            return Err(refuse("cuts", format!("the column {column:?} is given twice")));
        }
    }
    Ok(cuts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked<'a>() -> Asked<'a> {
        Asked { name: "card", method: "auto", scale: (600.0, 30.0, 50.0), ..Asked::default() }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn settings_are_for_every_column_or_for_one() {
        let (special, monotone, cuts) =
            (texts(&["-9,-8,-9", "debt=-1"]), texts(&["auto", "a=b=up"]), texts(&["age=25,40"]));
        let asked =
            Asked { special: &special, monotone: &monotone, cuts: &cuts, pairs: Some("5"), ..asked() };
        let options = Options::try_from_asked(&asked).unwrap();
        let values = |column: &str| -> Vec<f64> {
            options.specials.get(column).iter().flat_map(|special| special.values.clone()).collect()
        };
        assert_eq!((values("age"), values("debt")), (vec![-9.0, -8.0], vec![-1.0]));
        assert_eq!(
            (options.trend_of("age"), options.trend_of("a=b")),
            (Some(Trend::Auto), Some(Trend::Ascending))
        );
        assert_eq!(
            (options.pairs, options.cuts["age"].as_slice()),
            (Pairs::Automatic(5), [25.0, 40.0].as_slice())
        );
    }

    #[test]
    fn what_cannot_be_is_refused_by_name() {
        fn check(change: impl FnOnce(&mut Asked<'_>), wanted: &str) {
            let mut asked = asked();
            change(&mut asked);
            let error = Options::try_from_asked(&asked).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
        let one = |text: &str| -> &'static [String] { Box::leak(Box::new([text.to_owned()])) };
        let two =
            |text: &str| -> &'static [String] { Box::leak(Box::new([text.to_owned(), text.to_owned()])) };
        check(|asked| asked.method = "tree", "method: \"tree\"");
        check(|asked| asked.pairs = Some("many"), "pairs: \"many\"");
        check(|asked| asked.special = one("-9,x"), "special: \"x\"");
        check(|asked| asked.special = two("-9"), "twice for every column");
        check(|asked| asked.special = two("a=-9"), "\"a\" is given twice");
        check(|asked| asked.monotone = one("sideways"), "monotone: \"sideways\"");
        check(|asked| asked.cuts = one("1,2"), "cuts: \"1,2\" names no column");
        check(|asked| asked.cuts = one("a=2,1"), "do not ascend");
        check(|asked| asked.max_bins = Some(1), "max-bins");
        check(|asked| asked.min_share = Some(1.0), "min-share: 1");
        check(|asked| asked.prior = Some(0.0), "prior: 0");
        check(|asked| asked.scale.1 = -1.0, "scale");
    }
}
