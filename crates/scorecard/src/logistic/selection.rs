//! Which columns enter a fit: those that tell something, and that no other column tells already.

use super::design::Design;
use super::moments::gram;
use super::quadratic::Cholesky;
use crate::Error;

/// The rules of selection. A column that is forced in is never dropped by a rule; it only drops others.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection {
    /// The least information value.
    pub min_information_value: f64,
    /// The most correlation, in absolute terms, with a column of higher information value.
    pub max_correlation: f64,
    /// The most variance inflation: 1 / (1 − R²) of a column regressed on the others.
    pub max_inflation: f64,
    /// Columns that stay.
    pub forced_in: Vec<String>,
    /// Columns that stay out.
    pub forced_out: Vec<String>,
}

impl Default for Selection {
    /// Information value from 0.005, correlation up to 0.95, inflation up to 10.
    fn default() -> Self {
        Selection {
            min_information_value: 0.005,
            max_correlation: 0.95,
            max_inflation: 10.0,
            forced_in: Vec::new(),
            forced_out: Vec::new(),
        }
    }
}

/// A column with what it tells.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Its information value.
    pub information_value: f64,
}

/// A column that was left out, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Dropped {
    /// Its name.
    pub name: String,
    /// Why.
    pub reason: Reason,
}

/// Why a column was left out.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reason {
    /// It was to stay out.
    ForcedOut,
    /// It has one value only, or one bin.
    Constant,
    /// It could not be binned as asked.
    NotBinned(String),
    /// It tells too little.
    Uninformative {
        /// Its information value.
        information_value: f64,
        /// The least that was asked for.
        least: f64,
    },
    /// Another column tells nearly the same.
    Correlated {
        /// The other column.
        with: String,
        /// Their correlation.
        correlation: f64,
        /// The most that was allowed.
        most: f64,
    },
    /// The other columns together tell nearly the same.
    Inflated {
        /// Its variance inflation.
        inflation: f64,
        /// The most that was allowed.
        most: f64,
    },
    /// Beside the others its coefficient would have had the wrong sign.
    WrongSign,
    /// Beside the others it tells nothing that chance would not.
    Insignificant {
        /// Its p-value.
        p_value: f64,
        /// The most that was allowed.
        most: f64,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Reason::ForcedOut => write!(out, "it was to stay out"),
            Reason::Constant => write!(out, "it has the same value, or the same bin, in every row"),
            Reason::NotBinned(why) => write!(out, "it could not be binned: {why}"),
            Reason::Uninformative { information_value, least } => {
                write!(out, "its information value {information_value:.4} is below {least}")
            }
            Reason::Correlated { with, correlation, most } => {
                write!(out, "its correlation with {with} is {correlation:.3}; at most {most} is allowed")
            }
            Reason::Inflated { inflation, most } => {
                write!(
                    out,
                    "its variance inflation beside the others is {inflation:.1}; at most {most} is allowed"
                )
            }
            Reason::WrongSign => write!(out, "beside the others its coefficient would have the wrong sign"),
            Reason::Insignificant { p_value, most } => {
                write!(out, "its p-value beside the others is {p_value:.3}; at most {most} is allowed")
            }
        }
    }
}

/// The columns that stay, as places in the design in ascending order, and those that were dropped, in the order in which
/// they were.
#[derive(Debug, Clone, PartialEq)]
pub struct Selected {
    /// The places of the columns that stay.
    pub kept: Vec<usize>,
    /// The others.
    pub dropped: Vec<Dropped>,
}

/// Correlations are taken from about this many rows, evenly spaced, where there are more.
const ROWS_FOR_CORRELATION: usize = 25_000;

/// Selects columns; `candidates` stand for the design's columns, in their order.
///
/// The order of the rules: forced out; constant; too little information; correlated with a column of higher information
/// value (equal ones by their place); then, as long as some inflation is too high, the column with the highest goes (of those
/// within a hundredth of it, the one with the lowest information value).
///
/// # Errors
/// When a forced column is not among the candidates or is forced both ways, a bound is not a number, or the candidates are
/// not those of the design.
pub fn select(design: &Design<'_>, candidates: &[Candidate], rules: &Selection) -> Result<Selected, Error> {
    check(design, candidates, rules)?;
    let forced = |place: usize| rules.forced_in.contains(&candidates[place].name);
    let mut selected = Selected { kept: Vec::new(), dropped: Vec::new() };
    let mut order: Vec<usize> = Vec::new();
    for (place, candidate) in candidates.iter().enumerate() {
        let (name, information_value) = (&candidate.name, candidate.information_value);
        if rules.forced_out.contains(name) {
            selected.drop(name, Reason::ForcedOut);
        } else if design.ranges[place] <= 0.0 {
            selected.drop(name, Reason::Constant);
        } else if information_value < rules.min_information_value && !forced(place) {
            let least = rules.min_information_value;
            selected.drop(name, Reason::Uninformative { information_value, least });
        } else {
            order.push(place);
        }
    }
    order.sort_by(|&one, &other| {
        let by_value = candidates[other].information_value.total_cmp(&candidates[one].information_value);
        forced(other).cmp(&forced(one)).then(by_value).then(one.cmp(&other))
    });
    let correlations = Correlations::of(design);
    for place in order {
        let twin = selected
            .kept
            .iter()
            .map(|&kept| (kept, correlations.between(place, kept)))
            .find(|(_, correlation)| correlation.abs() > rules.max_correlation);
        match twin {
            Some((kept, correlation)) if !forced(place) => {
                let (with, most) = (candidates[kept].name.clone(), rules.max_correlation);
                selected.drop(&candidates[place].name, Reason::Correlated { with, correlation, most });
            }
            _ => selected.kept.push(place),
        }
    }
    drop_inflated(&mut selected, &correlations, candidates, rules);
    selected.kept.sort_unstable();
    Ok(selected)
}

/// Drops the column whose inflation is highest until all are low enough.
fn drop_inflated(
    selected: &mut Selected,
    correlations: &Correlations,
    candidates: &[Candidate],
    rules: &Selection,
) {
    loop {
        let inflations = correlations.inflations(&selected.kept);
        let may_go: Vec<usize> = (0..selected.kept.len())
            .filter(|&index| !rules.forced_in.contains(&candidates[selected.kept[index]].name))
            .filter(|&index| inflations[index] > rules.max_inflation)
            .collect();
        let most = may_go.iter().fold(0.0, |most: f64, &index| most.max(inflations[index]));
        // Of two that tell the same, which are inflated alike, the one that tells less goes.
        let value = |index: &usize| candidates[selected.kept[*index]].information_value;
        let worst = may_go
            .into_iter()
            .filter(|&index| inflations[index] >= 0.99 * most)
            .reduce(|one, other| if value(&other) <= value(&one) { other } else { one });
        let Some(index) = worst else { return };
        let place = selected.kept.remove(index);
        let reason = Reason::Inflated { inflation: inflations[index], most: rules.max_inflation };
        selected.drop(&candidates[place].name, reason);
    }
}

impl Selected {
    fn drop(&mut self, name: &str, reason: Reason) {
        self.dropped.push(Dropped { name: name.to_owned(), reason });
    }
}

/// Weighted correlations of all columns of a design.
struct Correlations {
    width: usize,
    cells: Vec<f64>,
}

impl Correlations {
    fn of(design: &Design<'_>) -> Self {
        let stride = design.rows() / ROWS_FOR_CORRELATION;
        let some = if stride > 1 { design.every(stride) } else { None };
        let sums = gram(some.as_ref().unwrap_or(design));
        let width = design.regressors.len();
        let all = width + 1;
        // The part of rows has means of its own.
        let covariance = |one: usize, other: usize| {
            sums[(one + 1) * all + other + 1] - sums[one + 1] * sums[other + 1] / sums[0]
        };
        let mut cells = vec![0.0; width * width];
        for one in 0..width {
            for other in 0..width {
                let scale = (covariance(one, one) * covariance(other, other)).sqrt();
                let product = covariance(one, other);
                cells[one * width + other] = match scale > 0.0 {
                    _ if one == other => 1.0,
                    true => (product / scale).clamp(-1.0, 1.0),
                    false => 0.0,
                };
            }
        }
        Correlations { width, cells }
    }

    fn between(&self, one: usize, other: usize) -> f64 {
        self.cells[one * self.width + other]
    }

    /// The diagonal of the inverse of the correlation matrix of some columns.
    fn inflations(&self, places: &[usize]) -> Vec<f64> {
        let mut matrix = Vec::with_capacity(places.len() * places.len());
        for &row in places {
            matrix.extend(places.iter().map(|&column| self.between(row, column)));
        }
        Cholesky::new(matrix, places.len()).inverse_diagonal()
    }
}

fn check(design: &Design<'_>, candidates: &[Candidate], rules: &Selection) -> Result<(), Error> {
    let known: Vec<String> = candidates.iter().map(|candidate| candidate.name.clone()).collect();
    if !known.iter().eq(design.regressors.iter().map(|regressor| &regressor.name)) {
        return Err(Error::Fit("the candidates are not the columns of the design".to_owned()));
    }
    for name in rules.forced_in.iter().chain(&rules.forced_out) {
        if !known.contains(name) {
            return Err(Error::UnknownColumn { name: name.clone(), known });
        }
    }
    if let Some(name) = rules.forced_in.iter().find(|name| rules.forced_out.contains(name)) {
        let reason = format!("{name:?} is forced in and forced out; choose one");
        return Err(Error::Option { option: "forced-in", reason });
    }
    for (option, bound) in [
        ("min-information-value", rules.min_information_value),
        ("max-correlation", rules.max_correlation),
        ("max-inflation", rules.max_inflation),
    ] {
        if bound.is_nan() {
            return Err(Error::Option { option, reason: "it is not a number".to_owned() });
        }
    }
    Ok(())
}
