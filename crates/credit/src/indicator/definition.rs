//! The definition of an indicator, as it stands in `catalogue/indicators/`.

use crate::event::Role;
use crate::source::Source;
use probity_primitives::{Code, Problem};
use serde::Deserialize;
use std::ops::Range;
use toml::Spanned;

/// The code of an indicator that is defined wrongly.
pub const INDICATOR_INVALID: Code = Code::new("indicator-invalid");

/// Which way is better for the party.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Better {
    /// More is better.
    Higher,
    /// Less is better.
    Lower,
    /// Neither.
    Neutral,
}

/// The unit in which a value is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// A part of one.
    Share,
    /// A number of things.
    Count,
    /// Days.
    Days,
    /// Hours.
    Hours,
    /// Major units of the reporting currency.
    Money,
    /// Marks, mostly 1 to 5.
    Rating,
    /// One quantity over another.
    Ratio,
    /// A number without a unit.
    Index,
}

/// How contributions become one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Aggregate {
    /// How many rows.
    Count,
    /// The sum of the values.
    Sum,
    /// The (weighted) mean of the values.
    Mean,
    /// The (weighted) share of rows whose value is true.
    Share,
    /// The least value.
    Min,
    /// The greatest value.
    Max,
    /// How many different values.
    Distinct,
    /// The value at a rank.
    Quantile,
    /// The sum of the values, each halved with every half-life of age.
    DecayedSum,
    /// Days since the first row.
    DaysSinceFirst,
    /// Days since the last row.
    DaysSinceLast,
}

/// The span of time that counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// The last days, today's included.
    Days(i32),
    /// The last hours, this one included.
    Hours(i32),
    /// Everything.
    Lifetime,
    /// The short one as soon as it holds enough base rows, else the long one.
    Switched {
        /// Days of the short window.
        short: i32,
        /// Days of the long window.
        long: i32,
        /// Base rows from which the short one speaks.
        switch_at: i64,
    },
}

impl Window {
    /// The longest reach in buckets (days or hours); `None` for a lifetime.
    pub fn longest(self) -> Option<i32> {
        match self {
            Self::Days(n) | Self::Hours(n) => Some(n),
            Self::Switched { long, .. } => Some(long),
            Self::Lifetime => None,
        }
    }
}

/// What few rows are pulled towards.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Prior {
    /// The platform's own value at the end of the day before.
    Platform(f64),
    /// The mean of the categories the party trades in, each weighed by its rows.
    Category(f64),
    /// A given value, and its strength in rows.
    Given(f64, f64),
}

/// One definition, its expressions still text.
#[derive(Debug, Clone)]
pub struct Definition {
    /// `snake_case`, unique for its role.
    pub name: String,
    /// For people.
    pub title: String,
    /// Whose indicator it is.
    pub of: Role,
    /// The dimension it belongs to.
    pub dimension: String,
    /// Which way is better.
    pub better: Better,
    /// The unit of its values.
    pub unit: Unit,
    /// What it means.
    pub description: String,
    /// Where it comes from.
    pub source: String,
    /// How it is made.
    pub body: Body,
    /// The declaring file.
    pub file: String,
    /// Where its name stands, `file:line:column`.
    pub at: String,
}

/// How an indicator is made.
#[derive(Debug, Clone)]
pub enum Body {
    /// From events.
    Measured(Box<Measured>),
    /// From other indicators of the same party.
    Derived(Text),
}

/// An expression's text and where it stands.
#[derive(Debug, Clone)]
pub struct Text {
    /// The SQL.
    pub text: String,
    /// Its byte range in the file.
    pub span: Range<usize>,
}

/// An indicator made from events.
#[derive(Debug, Clone)]
pub struct Measured {
    /// Names of the event types, and their places.
    pub on: Vec<Text>,
    /// Only rows for which this is true.
    pub filter: Option<Text>,
    /// What is measured.
    pub value: Option<Text>,
    /// Rows that count in the denominator.
    pub base: Option<Text>,
    /// The weight of a row.
    pub weight: Option<Text>,
    /// How rows become one value.
    pub aggregate: Aggregate,
    /// Rank of a quantile, in (0, 1].
    pub quantile: f64,
    /// Days in which a decayed sum halves.
    pub half_life: i32,
    /// Fixed-point scale of a float that is added up.
    pub scale: Option<i64>,
    /// The span that counts.
    pub window: Window,
    /// Rows that count per pair of buyer and merchant and month.
    pub pair_cap: Option<u16>,
    /// What few rows are pulled towards.
    pub prior: Option<Prior>,
    /// Fewer base rows: no value.
    pub minimum: i64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    indicator: Vec<IndicatorText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IndicatorText {
    name: Spanned<String>,
    title: String,
    of: String,
    dimension: String,
    better: Better,
    unit: Unit,
    #[serde(default)]
    description: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    on: Vec<Spanned<String>>,
    r#where: Option<Spanned<String>>,
    value: Option<Spanned<String>>,
    base: Option<Spanned<String>>,
    weight: Option<Spanned<String>>,
    aggregate: Option<Aggregate>,
    quantile: Option<f64>,
    half_life: Option<String>,
    scale: Option<i64>,
    window: Option<WindowText>,
    pair_cap: Option<u16>,
    prior: Option<PriorText>,
    minimum: Option<i64>,
    derive: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WindowText {
    One(String),
    Switched { short: String, long: String, switch_at: i64 },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PriorText {
    mean: PriorMean,
    strength: f64,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum PriorMean {
    Of(String),
    Given(f64),
}

/// Reads the definitions of one file.
///
/// # Errors
/// Every problem found, each with its place.
pub fn parse(source: &Source<'_>) -> Result<Vec<Definition>, Vec<Problem>> {
    let file: File = source.read().map_err(|problem| vec![problem])?;
    let mut definitions = Vec::new();
    let mut problems = Vec::new();
    for text in file.indicator {
        let span = text.name.span();
        match define(source, text) {
            Ok(definition) => definitions.push(definition),
            Err(why) => problems.push(source.problem(INDICATOR_INVALID, &span, why)),
        }
    }
    if problems.is_empty() { Ok(definitions) } else { Err(problems) }
}

fn define(source: &Source<'_>, text: IndicatorText) -> Result<Definition, String> {
    let name = text.name.get_ref().clone();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty()
        || name.len() > 64
        || !name.chars().all(fits)
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
    {
        return Err(format!("'{name}' is not an indicator's name: snake_case, at most 64 characters"));
    }
    let of = Role::parse(&text.of).ok_or_else(|| format!("{name}: of is merchant or buyer"))?;
    let at = source.at(&text.name.span());
    let (title, dimension, better, unit) =
        (text.title.clone(), text.dimension.clone(), text.better, text.unit);
    let (description, origin) = (text.description.clone(), text.source.clone());
    let body = body(text).map_err(|why| format!("{name}: {why}"))?;
    Ok(Definition {
        name,
        title,
        of,
        dimension,
        better,
        unit,
        description,
        source: origin,
        body,
        file: source.file.to_owned(),
        at,
    })
}

fn body(text: IndicatorText) -> Result<Body, String> {
    let own = |spanned: Spanned<String>| {
        let span = spanned.span();
        Text { text: spanned.into_inner(), span }
    };
    if let Some(derive) = text.derive {
        let measured = [
            text.on.is_empty(),
            text.r#where.is_none(),
            text.value.is_none(),
            text.base.is_none(),
            text.weight.is_none(),
        ];
        if measured.contains(&false)
            || text.aggregate.is_some()
            || text.window.is_some()
            || text.prior.is_some()
        {
            return Err("derive stands alone: no on, where, value, base, weight, aggregate, window or prior beside it".into());
        }
        return Ok(Body::Derived(own(derive)));
    }
    if text.on.is_empty() {
        return Err("names no event types in on".into());
    }
    let aggregate = text.aggregate.ok_or("needs an aggregate")?;
    let window = read_window(text.window.ok_or("needs a window")?)?;
    let prior = text.prior.map(read_prior).transpose()?;
    let half_life = match (aggregate, text.half_life) {
        (Aggregate::DecayedSum, Some(half_life)) => days(&half_life)?,
        (Aggregate::DecayedSum, None) => return Err("a decayed_sum needs a half_life".into()),
        (_, None) => 0,
        (_, Some(_)) => return Err("half_life belongs to decayed_sum".into()),
    };
    let quantile = match (aggregate, text.quantile) {
        (Aggregate::Quantile, Some(rank)) if rank > 0.0 && rank <= 1.0 => rank,
        (Aggregate::Quantile, _) => return Err("a quantile needs a rank above 0 and at most 1".into()),
        (_, None) => 0.0,
        (_, Some(_)) => return Err("quantile belongs to the aggregate quantile".into()),
    };
    let measured = Measured {
        on: text.on.into_iter().map(own).collect(),
        filter: text.r#where.map(own),
        value: text.value.map(own),
        base: text.base.map(own),
        weight: text.weight.map(own),
        aggregate,
        quantile,
        half_life,
        scale: text.scale,
        window,
        pair_cap: text.pair_cap,
        prior,
        minimum: text.minimum.unwrap_or(0),
    };
    check(&measured)?;
    Ok(Body::Measured(Box::new(measured)))
}

/// Which options go with which aggregate.
fn check(measured: &Measured) -> Result<(), String> {
    use Aggregate::{Count, DaysSinceFirst, DaysSinceLast, DecayedSum, Mean, Share};
    let aggregate = measured.aggregate;
    let ratio = matches!(aggregate, Mean | Share);
    let bare = matches!(aggregate, Count | DaysSinceFirst | DaysSinceLast);
    let rules = [
        (bare && measured.value.is_some(), "this aggregate takes no value; use where"),
        (!bare && measured.value.is_none(), "this aggregate needs a value"),
        (!ratio && measured.base.is_some(), "base belongs to share and mean"),
        (!ratio && measured.weight.is_some(), "weight belongs to share and mean"),
        (!ratio && measured.prior.is_some(), "a prior belongs to share and mean"),
        (
            measured.scale.is_some_and(|scale| !(1..=1_000_000_000).contains(&scale)),
            "scale is 1 to 1,000,000,000",
        ),
        (measured.pair_cap == Some(0), "pair_cap is at least 1"),
        (
            measured.pair_cap.is_some()
                && !(ratio || matches!(aggregate, Count | Aggregate::Sum | DecayedSum)),
            "pair_cap goes with count, sum, mean, share and decayed_sum",
        ),
        (
            matches!(measured.window, Window::Hours(_)) && measured.prior.is_some(),
            "a window in hours takes no platform prior",
        ),
        (
            matches!(measured.window, Window::Hours(_))
                && (measured.pair_cap.is_some()
                    || matches!(aggregate, DecayedSum | DaysSinceFirst | DaysSinceLast)),
            "a window in hours takes no pair_cap, no half_life and no days since",
        ),
        (measured.minimum < 0, "minimum is not negative"),
        (
            aggregate == DecayedSum && matches!(measured.window, Window::Switched { .. }),
            "a decayed_sum takes one window",
        ),
    ];
    match rules.iter().find(|(broken, _)| *broken) {
        Some((_, why)) => Err((*why).to_owned()),
        None => Ok(()),
    }
}

fn days(text: &str) -> Result<i32, String> {
    let number = text.strip_suffix('d').and_then(|number| number.parse::<i32>().ok());
    number.filter(|days| (1..=7300).contains(days)).ok_or_else(|| format!("'{text}' is not 1d to 7300d"))
}

fn read_window(text: WindowText) -> Result<Window, String> {
    match text {
        WindowText::One(word) if word == "lifetime" => Ok(Window::Lifetime),
        WindowText::One(word) if word.ends_with('h') => {
            let hours = word.strip_suffix('h').and_then(|number| number.parse::<i32>().ok());
            hours
                .filter(|hours| (1..=168).contains(hours))
                .map(Window::Hours)
                .ok_or_else(|| format!("'{word}' is not 1h to 168h"))
        }
        WindowText::One(word) => days(&word).map(Window::Days),
        WindowText::Switched { short, long, switch_at } => {
            let (short, long) = (days(&short)?, days(&long)?);
            if short >= long || switch_at < 1 {
                return Err("a switched window needs short < long and switch_at of at least 1".into());
            }
            Ok(Window::Switched { short, long, switch_at })
        }
    }
}

fn read_prior(text: PriorText) -> Result<Prior, String> {
    if !(text.strength > 0.0 && text.strength <= 1e9) {
        return Err("a prior's strength is above 0 and at most 1,000,000,000 rows".into());
    }
    match text.mean {
        PriorMean::Of(word) if word == "platform" => Ok(Prior::Platform(text.strength)),
        PriorMean::Of(word) if word == "category" => Ok(Prior::Category(text.strength)),
        PriorMean::Of(word) => Err(format!("'{word}' is not a prior: platform, category or a number")),
        PriorMean::Given(mean) if mean.is_finite() => Ok(Prior::Given(mean, text.strength)),
        PriorMean::Given(_) => Err("a prior's mean is a finite number".into()),
    }
}
