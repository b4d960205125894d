//! What is asked of a training set, and what is wrong with it.

use super::super::error::{AppError, Class};
use super::report::LeftOut;
use probity_credit::catalogue::Catalogue;
use probity_credit::label::Label;
use probity_credit::score::Scorecard;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Duration, Problem, Timestamp};
use std::collections::BTreeSet;
use std::path::PathBuf;

const INVALID: Code = Code::new("dataset-invalid");
const LABEL_UNKNOWN: Code = Code::new("label-unknown");
const LABEL_IN_FUTURE: Code = Code::new("label-in-future");

/// Moments of one training set at most.
const MOST_MOMENTS: usize = 10_000;

/// Columns beside the indicators; no indicator may be called so.
pub(super) const OWN: [&str; 6] = ["party", "as_of", "bad", "weight", "score", "tier"];

/// The moments of the rows.
#[derive(Debug, Clone)]
pub enum When {
    /// These.
    At(Vec<Timestamp>),
    /// One every so often; from the log's first day on, and up to the last whose label is over, unless it is said otherwise.
    Every {
        /// The first.
        from: Option<Timestamp>,
        /// None is later.
        to: Option<Timestamp>,
        /// From one to the next.
        every: Duration,
    },
}

/// The indicators of the rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Those that the role's scorecard reads: its characteristics, then what its gates and its measure of history look at.
    Scorecard,
    /// All of the role.
    All,
    /// These, in this order.
    Named(Vec<String>),
}

/// What a training set is made of, and where it goes.
#[derive(Debug, Clone)]
pub struct DatasetOptions {
    /// The label's name.
    pub label: String,
    /// The moments.
    pub when: When,
    /// The indicators.
    pub indicators: Wanted,
    /// The share of good rows that is kept, above 0; each then stands for 1 / share of them. Bad ones are all kept.
    pub keep_good: f64,
    /// The file: its name ends in .csv or .parquet.
    pub to: PathBuf,
}

/// What happened in a log, as far as moments go.
#[derive(Debug, Clone, Copy)]
pub(in crate::app) struct Extent {
    /// The first moment at which anything became known.
    pub(in crate::app) first: Timestamp,
    /// The moment of the newest event from outside.
    pub(in crate::app) latest: Timestamp,
}

/// The moments that can be labelled, ascending, and those that cannot yet.
pub(super) struct Moments {
    pub(super) over: Vec<Timestamp>,
    pub(super) left_out: Vec<LeftOut>,
}

pub(super) fn refuse(detail: impl Into<String>, hint: &str) -> AppError {
    Problem::new(INVALID, detail).hint(hint).into()
}

/// The label of a name.
///
/// # Errors
/// `label-unknown`, with those that there are.
pub(in crate::app) fn label_of<'a>(catalogue: &'a Catalogue, name: &str) -> Result<&'a Label, AppError> {
    catalogue.labels.get(name).ok_or_else(|| {
        let known: Vec<&str> = catalogue.labels.list().iter().map(Label::name).collect();
        let hint = if known.is_empty() {
            "the catalogue has no labels; write one in labels/".to_owned()
        } else {
            format!("there are {}", known.join(", "))
        };
        let problem = Problem::new(LABEL_UNKNOWN, format!("no label is called '{}'", shown(name)));
        AppError::new(Class::Missing, problem.hint(hint))
    })
}

/// The places of the wanted indicators among the role's.
///
/// # Errors
/// `dataset-invalid` for one that is not there, stands twice or is called as one of the other columns.
pub(super) fn columns_of(
    catalogue: &Catalogue,
    label: &Label,
    wanted: &Wanted,
) -> Result<Vec<usize>, AppError> {
    let names = catalogue.plan.names(label.of());
    let mut places: Vec<usize> = match wanted {
        Wanted::All => (0..names.len()).collect(),
        Wanted::Scorecard => read_by(catalogue.scorecard(label.of())),
        Wanted::Named(wanted) => {
            let place = |name: &String| {
                names.iter().position(|known| known == name).ok_or_else(|| {
                    let detail = format!("'{}' is no indicator of a {}", shown(name), label.of().as_str());
                    refuse(detail, "`probity catalogue indicators` lists them")
                })
            };
            let places = wanted.iter().map(place).collect::<Result<Vec<_>, _>>()?;
            let mut sorted = places.clone();
            sorted.sort_unstable();
            if sorted.windows(2).any(|pair| pair.first() == pair.last()) {
                return Err(refuse("an indicator stands twice", "name each once"));
            }
            return clear(names, places);
        }
    };
    let mut seen = BTreeSet::new();
    places.retain(|place| seen.insert(*place));
    clear(names, places)
}

/// The places of all that a scorecard reads, characteristics first: with them a row can be scored again, gates included.
fn read_by(card: &Scorecard) -> Vec<usize> {
    let characteristics = card.characteristics().iter().map(|one| one.position);
    let gates = card.gates().iter().flat_map(|gate| gate.condition.columns());
    characteristics.chain(gates).chain([card.history().position]).collect()
}

fn clear(names: &[String], places: Vec<usize>) -> Result<Vec<usize>, AppError> {
    let taken = places.iter().filter_map(|place| names.get(*place)).find(|name| OWN.contains(&name.as_str()));
    match taken {
        Some(name) => {
            let detail = format!("the indicator '{name}' is called as a column that every training set has");
            Err(refuse(detail, "call it otherwise, or name the wanted ones with --indicators"))
        }
        None => Ok(places),
    }
}

impl DatasetOptions {
    /// # Errors
    /// `dataset-invalid`.
    pub(super) fn check(&self) -> Result<(), AppError> {
        if !(self.keep_good > 0.0 && self.keep_good <= 1.0) {
            return Err(refuse(
                format!("--keep-good {}", self.keep_good),
                "a share of the good rows, above 0 and at most 1",
            ));
        }
        match &self.when {
            When::Every { every, .. } if every.0 <= 0 => {
                Err(refuse("--every of no length", "for example 30d"))
            }
            When::Every { from: Some(from), to: Some(to), .. } if from > to => {
                Err(refuse(format!("{from} to {to} is no stretch of time"), "--from is not after --to"))
            }
            _ => Ok(()),
        }
    }

    /// The moments: those whose label is over, and those whose is not.
    ///
    /// # Errors
    /// `dataset-invalid` for too many; `label-in-future` when a moment that was named is not over, or none is.
    pub(super) fn moments(&self, label: &Label, extent: Extent) -> Result<Moments, AppError> {
        let mut all = match &self.when {
            When::At(moments) => moments.clone(),
            When::Every { from, to, every } => {
                let first = from.unwrap_or_else(|| extent.first.day().end());
                // Of a log that is younger than a day it is told that its label lies in the future.
                let last = to.unwrap_or_else(|| extent.latest.max(first));
                let all = std::iter::successors(Some(first), |at| Some(at.plus(*every)));
                all.take_while(|at| *at <= last).take(MOST_MOMENTS + 1).collect()
            }
        };
        if all.len() > MOST_MOMENTS {
            return Err(refuse(format!("more than {MOST_MOMENTS} moments"), "take fewer, further apart"));
        }
        all.sort_unstable();
        all.dedup();
        let by = |at: &Timestamp| label.window(*at).known_by;
        let (over, later): (Vec<Timestamp>, Vec<Timestamp>) =
            all.into_iter().partition(|at| by(at) <= extent.latest);
        let named = matches!(self.when, When::At(_));
        if let Some(at) = later.first().filter(|_| named || over.is_empty()) {
            let detail = format!(
                "label in the future: of {at} it is known on {}, and the log ends at {}",
                by(at),
                extent.latest
            );
            let hint = format!(
                "{} looks at {} days after a moment and waits {} more for what is reported late",
                label.name(),
                label.within().0 / Duration::days(1).0,
                label.report().0 / Duration::days(1).0
            );
            return Err(Problem::new(LABEL_IN_FUTURE, detail).hint(hint).into());
        }
        if over.is_empty() {
            return Err(refuse(
                "no moment lies in that stretch of time",
                "the log's first event is the default of --from",
            ));
        }
        let left_out = later
            .iter()
            .map(|at| LeftOut { as_of: at.to_string(), label_known_at: by(at).to_string() })
            .collect();
        Ok(Moments { over, left_out })
    }
}
