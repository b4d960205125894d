//! Whole points for the log-odds of a card, rounded so that what is lost stays small and is known.
//!
//! Rounding each attribute alone may err by half a point for each table of the card, all in the same direction. Here the
//! attributes of a table are rounded up or down together, so that their errors lie as close together as they can (the base
//! points take off what they have in common); then, where rows are at hand, one attribute after the other is rounded
//! against the mean error that the other tables make in its rows, as long as that lowers the mean square of the error.
//! Attributes of a table keep their order: higher log-odds of bad never get more points, and equal ones get the same.

use crate::bins::Bins;
use crate::card::{Attribute, Parts};
use crate::{Error, Table};

/// Where the zero of each table of points lies. What is taken off the tables goes into the intercept and the base points, so
/// that no row's log-odds change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Centre {
    /// The mean over the rows it was fitted on: a neutral attribute gives about 0. Tables of unknown weights: the plain mean.
    #[default]
    Mean,
    /// The best attribute gives 0, the others take off.
    Best,
    /// The worst attribute gives 0, the others add.
    Worst,
    /// Where it lies already.
    Kept,
}

/// Parts with points, and how far these are from exact ones.
#[derive(Debug, Clone, PartialEq)]
pub struct Rounded {
    /// The parts, with points everywhere; their provenance tells the two bounds.
    pub parts: Parts,
    /// No row's score, whatever its attributes, is further than this from [`crate::scale::Scale::score_at`] its log-odds.
    pub most_error: f64,
    /// Two rows whose exact scores differ by more than this never stand the other way round.
    pub never_swapped: f64,
}

/// Rows from which the errors of other tables are known: about this many, evenly spaced, where there are more.
const ROWS_FOR_ROUNDING: usize = 10_000;
/// Rounds over all attributes; after a few nothing changes.
const ROUNDS: usize = 6;
/// Scores stay far within 32 bits, whatever a row's attributes.
const MOST_POINTS: f64 = 1e9;

/// Gives points to the parts of a card; their own points are overwritten. `rows` are such as the card will score, best those
/// it was fitted on.
///
/// # Errors
/// When a table's attributes are not those of its bins or its figures are not finite; scores would leave the range of whole
/// numbers; or the rows lack a column.
pub fn round(parts: Parts, centre: Centre, rows: Option<&Table>) -> Result<Rounded, Error> {
    // The card checks bins against attributes.
    let mut parts = crate::Scorecard::try_new(parts)?.parts().clone();
    let mut shift = 0.0;
    for table in tables_mut(&mut parts) {
        let zero = zero_of(table, centre);
        table.iter_mut().for_each(|attribute| attribute.log_odds -= zero);
        shift += zero;
    }
    parts.intercept += shift;
    let factor = parts.scale.factor();
    let mut tables: Vec<Rounding> =
        tables_mut(&mut parts).map(|table| Rounding::new(table, factor)).collect();
    let base = parts.scale.score_at(parts.intercept);
    let reach: f64 = tables.iter().map(Rounding::reach).sum();
    if base.abs() + reach >= MOST_POINTS {
        return Err(Error::Option {
            option: "scale",
            reason: "scores would not fit in whole numbers; take fewer points to double the odds".to_owned(),
        });
    }
    if let Some(rows) = rows {
        feed_back(&mut tables, &codes(&parts, rows)?);
    }
    let common: f64 = tables.iter().map(Rounding::mean_error).sum();
    let base_points = (base - common).round();
    parts.base_points = base_points as i32;
    for (table, rounding) in tables_mut(&mut parts).zip(&tables) {
        for (attribute, points) in table.iter_mut().zip(&rounding.points) {
            attribute.points = *points as i32;
        }
    }
    let ends =
        tables.iter().map(Rounding::errors).fold((0.0, 0.0), |sum, ends| (sum.0 + ends.0, sum.1 + ends.1));
    let lean = base_points - base;
    let most_error = (lean + ends.0).abs().max((lean + ends.1).abs());
    let never_swapped = ends.1 - ends.0;
    // Points that were there before are gone, and what was said of them with them.
    parts.provenance.retain(|(name, _)| name != "points");
    parts.provenance.push((
        "points".to_owned(),
        format!(
            "whole; at most {most_error:.2} from the exact score, and rows whose exact scores differ by more than {never_swapped:.2} are never swapped"
        ),
    ));
    Ok(Rounded { parts, most_error, never_swapped })
}

fn tables_mut(parts: &mut Parts) -> impl Iterator<Item = &mut Vec<Attribute>> {
    let singles = parts.characteristics.iter_mut().map(|characteristic| &mut characteristic.attributes);
    singles.chain(parts.pairs.iter_mut().map(|pair| &mut pair.cells))
}

fn zero_of(table: &[Attribute], centre: Centre) -> f64 {
    let log_odds = table.iter().map(|attribute| attribute.log_odds);
    let weight: f64 = table.iter().map(|attribute| attribute.weight).sum();
    match centre {
        Centre::Kept => 0.0,
        Centre::Best => log_odds.fold(f64::INFINITY, f64::min),
        Centre::Worst => log_odds.fold(f64::NEG_INFINITY, f64::max),
        Centre::Mean if weight > 0.0 => {
            table.iter().map(|attribute| attribute.weight * attribute.log_odds).sum::<f64>() / weight
        }
        Centre::Mean => log_odds.sum::<f64>() / table.len() as f64,
    }
}

/// The code of each row in each table: its bin, or the cell of its two bins.
fn codes(parts: &Parts, rows: &Table) -> Result<Vec<Vec<u32>>, Error> {
    let stride = (rows.rows() / ROWS_FOR_ROUNDING).max(1);
    let some: Vec<usize> = (0..rows.rows()).step_by(stride).collect();
    let find = |name: &str, bins: &Bins| -> Result<Vec<u32>, Error> {
        let column = Table::try_new(vec![rows.column(name)?.clone()])?.take(&some);
        Ok(bins.find_all(&column.columns()[0]).into_iter().map(u32::from).collect())
    };
    let mut codes = Vec::new();
    for characteristic in &parts.characteristics {
        codes.push(find(&characteristic.name, &characteristic.bins)?);
    }
    for pair in &parts.pairs {
        let width = pair.columns.count() as u32;
        let second = find(&pair.second, &pair.columns)?;
        let first = find(&pair.first, &pair.rows)?;
        codes.push(first.iter().zip(&second).map(|(row, column)| row * width + column).collect());
    }
    Ok(codes)
}

/// Rounds attributes against the mean error that the other tables make in their rows.
fn feed_back(tables: &mut [Rounding], codes: &[Vec<u32>]) {
    let rows = codes.first().map_or(0, Vec::len);
    if rows == 0 {
        return;
    }
    let mut errors = vec![0.0; rows];
    for (table, codes) in tables.iter().zip(codes) {
        errors.iter_mut().zip(codes).for_each(|(error, code)| *error += table.error(*code as usize));
    }
    for _ in 0..ROUNDS {
        let mut changed = false;
        for (table, codes) in tables.iter_mut().zip(codes) {
            // The base points take off what all rows have in common.
            let common = errors.iter().sum::<f64>() / rows as f64;
            let mut sums = vec![(0.0, 0.0); table.exact.len()];
            for (error, code) in errors.iter().zip(codes) {
                let (sum, count) = &mut sums[*code as usize];
                *sum += error - common;
                *count += 1.0;
            }
            let moved = table.improve(&sums);
            if moved.iter().any(|by| *by != 0.0) {
                changed = true;
                errors.iter_mut().zip(codes).for_each(|(error, code)| *error += moved[*code as usize]);
            }
        }
        if !changed {
            return;
        }
    }
}

/// A table's exact points, and whole ones: each the next whole number below or above.
struct Rounding {
    exact: Vec<f64>,
    points: Vec<f64>,
    weights: Vec<f64>,
    /// The attributes by their exact points, ascending.
    order: Vec<usize>,
}

impl Rounding {
    fn new(table: &[Attribute], factor: f64) -> Self {
        let exact: Vec<f64> = table.iter().map(|attribute| -factor * attribute.log_odds).collect();
        let mut order: Vec<usize> = (0..exact.len()).collect();
        order.sort_by(|&one, &other| exact[one].total_cmp(&exact[other]).then(one.cmp(&other)));
        let weights = table.iter().map(|attribute| attribute.weight).collect();
        let mut rounding = Rounding { points: Vec::new(), exact, weights, order };
        rounding.bundle();
        rounding
    }

    /// Rounds up what lies above the widest gap between the fractions (seen as points on a circle), and down what lies
    /// below: of all roundings this has the smallest difference between its largest and its smallest error.
    fn bundle(&mut self) {
        let mut fractions: Vec<f64> = self.exact.iter().map(|exact| exact - exact.floor()).collect();
        fractions.sort_by(f64::total_cmp);
        let last = fractions.last().copied().unwrap_or(0.0);
        // The gap through zero first: everything rounded down.
        let mut best = (fractions.first().copied().unwrap_or(0.0) + 1.0 - last, f64::INFINITY);
        for pair in fractions.windows(2) {
            if pair[1] - pair[0] > best.0 {
                best = (pair[1] - pair[0], pair[1]);
            }
        }
        let round =
            |exact: &f64| if exact - exact.floor() >= best.1 { exact.floor() + 1.0 } else { exact.floor() };
        self.points = self.exact.iter().map(round).collect();
        // What the errors have in common is taken off, as far as whole points can: a neutral attribute stays at about 0.
        let (low, high) = self.errors();
        let common = ((low + high) / 2.0).round();
        self.points.iter_mut().for_each(|points| *points -= common);
    }

    fn error(&self, place: usize) -> f64 {
        self.points[place] - self.exact[place]
    }

    fn errors(&self) -> (f64, f64) {
        let errors = (0..self.exact.len()).map(|place| self.error(place));
        errors.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, error| (ends.0.min(error), ends.1.max(error)))
    }

    fn mean_error(&self) -> f64 {
        let total: f64 = self.weights.iter().sum();
        if total > 0.0 {
            return (0..self.exact.len()).map(|place| self.weights[place] * self.error(place)).sum::<f64>()
                / total;
        }
        let (low, high) = self.errors();
        (low + high) / 2.0
    }

    fn reach(&self) -> f64 {
        self.exact.iter().fold(0.0f64, |most, exact| most.max(exact.abs())) + 1.0
    }

    /// Rounds attributes the other way where that lowers the sum of squares of their rows' errors, of which `sums` holds sum
    /// and number. By how much each moved.
    fn improve(&mut self, sums: &[(f64, f64)]) -> Vec<f64> {
        let mut moved = vec![0.0; self.exact.len()];
        let order = std::mem::take(&mut self.order);
        let mut start = 0;
        while start < order.len() {
            // Equal ones move together.
            let exact = self.exact[order[start]];
            let end = start + order[start..].iter().take_while(|&&place| self.exact[place] == exact).count();
            let group = &order[start..end];
            let sum: f64 = group.iter().map(|&place| sums[place].0).sum();
            let count: f64 = group.iter().map(|&place| sums[place].1).sum();
            let now = self.points[group[0]];
            let other = if now > exact { exact.floor() } else { exact.floor() + 1.0 };
            let by = other - now;
            let below = start.checked_sub(1).map_or(f64::NEG_INFINITY, |before| self.points[order[before]]);
            let above = order.get(end).map_or(f64::INFINITY, |&after| self.points[after]);
            // Σ(error + by)² − Σ error² = by · (2·sum + by·count)
            if below <= other && other <= above && by * (2.0 * sum + by * count) < -1e-9 {
                for &place in group {
                    self.points[place] = other;
                    moved[place] = by;
                }
            }
            start = end;
        }
        self.order = order;
        moved
    }
}

#[cfg(test)]
mod tests;
