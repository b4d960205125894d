//! What a scorecard owes to each of its columns: without it, and a bin aside.

use super::auc::{Comparison, compare};
use crate::bins::{Bins, Split};
use crate::explain::stretches;
use crate::table::{Column, Value};
use crate::{Error, Sample, Scorecard};

/// What a column of a card does.
#[derive(Debug, Clone, PartialEq)]
pub struct Influence {
    /// The column.
    pub name: String,
    /// The card as it is (first) and with the column taken away (second): what it adds alone and in pairs counts as zero.
    pub without: Comparison,
    /// The spread of the points that it gives, alone and in pairs: their standard deviation over the sample.
    pub spread: f64,
    /// Scores when values lie one bin higher, as if they stood at the lower end of that bin. None for categories, which have
    /// no order, and for a column that only pairs use.
    pub up: Option<Step>,
    /// Scores when values lie one bin lower, as if they stood just below the bin that they are in.
    pub down: Option<Step>,
}

/// What one bin aside does to scores.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Step {
    /// The share of rows that have a bin on that side; special and missing values have none.
    pub movable: f64,
    /// The mean change of their scores, in points.
    pub mean: f64,
    /// The lowest change.
    pub least: i32,
    /// The highest change.
    pub most: i32,
}

/// A table of the card as a column sees it: the bins of each row and what each bin gives.
struct Term<'a> {
    bins: &'a Bins,
    own: Vec<u16>,
    /// The other column's bin of each row, in a pair.
    other: Option<Vec<u16>>,
    /// What a bin and the other bin give: log-odds and points.
    gives: Box<dyn Fn(usize, usize) -> (f64, i32) + 'a>,
}

impl Term<'_> {
    fn at(&self, row: usize, bin: usize) -> (f64, i32) {
        (self.gives)(bin, self.other.as_ref().map_or(0, |other| usize::from(other[row])))
    }

    fn of(&self, row: usize) -> (f64, i32) {
        self.at(row, usize::from(self.own[row]))
    }
}

/// The influence of each column that a card reads, on a sample.
///
/// # Errors
/// When the sample lacks a column, or is all good or all bad.
pub fn sensitivity(card: &Scorecard, sample: &Sample) -> Result<Vec<Influence>, Error> {
    let log_odds: Vec<f64> = card.score(&sample.table)?.iter().map(|scored| scored.log_odds).collect();
    let of = |name: &String| {
        let column = sample.table.column(name)?;
        let terms = terms_of(card, sample, name, column)?;
        let gives = |row: usize| {
            terms.iter().fold((0.0, 0), |sum, term| {
                let (log_odds, points) = term.of(row);
                (sum.0 + log_odds, sum.1 + points)
            })
        };
        let given: Vec<(f64, i32)> = (0..sample.rows()).map(gives).collect();
        let without: Vec<f64> = log_odds.iter().zip(&given).map(|(all, given)| all - given.0).collect();
        let own = card.parts().characteristics.iter().find(|characteristic| characteristic.name == *name);
        let cuts = own.and_then(|own| match own.bins.split() {
            Split::Cuts(cuts) => Some((&own.bins, cuts)),
            Split::Groups { .. } => None,
        });
        Ok(Influence {
            name: name.clone(),
            without: compare(&log_odds, &without, &sample.bad, sample.weight.as_deref())?,
            spread: spread(sample, &given),
            up: cuts.map(|(bins, cuts)| step(sample, column, bins, &terms, |bin| cuts.get(bin).copied())),
            down: cuts.map(|(bins, cuts)| {
                step(sample, column, bins, &terms, |bin| Some(cuts.get(bin.checked_sub(1)?)?.next_down()))
            }),
        })
    };
    card.inputs().iter().map(of).collect()
}

/// What the score of each row would gain were a column alone at its best: its weight as a reason, as
/// [`explain`](crate::explain::explain) has it.
///
/// # Errors
/// When the sample lacks a column.
pub(crate) fn gains(card: &Scorecard, sample: &Sample, name: &str) -> Result<Vec<i32>, Error> {
    let terms = terms_of(card, sample, name, sample.table.column(name)?)?;
    let (_, values) = stretches(terms.iter().map(|term| term.bins));
    let bins = |value: &Value<'_>| terms.iter().map(|term| term.bins.find_from(*value)).collect();
    let places: Vec<Vec<usize>> = values.iter().map(bins).collect();
    let gain = |row: usize| {
        let here: i32 = terms.iter().map(|term| term.of(row).1).sum();
        let there =
            |bins: &Vec<usize>| terms.iter().zip(bins).map(|(term, bin)| term.at(row, *bin).1).sum::<i32>();
        places.iter().map(|bins| there(bins) - here).fold(0, i32::max)
    };
    Ok((0..sample.rows()).map(gain).collect())
}

fn terms_of<'a>(
    card: &'a Scorecard,
    sample: &Sample,
    name: &str,
    column: &Column,
) -> Result<Vec<Term<'a>>, Error> {
    let mut terms = Vec::new();
    for characteristic in
        card.parts().characteristics.iter().filter(|characteristic| characteristic.name == name)
    {
        let attributes = &characteristic.attributes;
        terms.push(Term {
            bins: &characteristic.bins,
            own: characteristic.bins.find_all(column),
            other: None,
            gives: Box::new(|bin, _| (attributes[bin].log_odds, attributes[bin].points)),
        });
    }
    for pair in &card.parts().pairs {
        let width = pair.columns.count();
        let cell = move |row: usize, column: usize| {
            let cell = &pair.cells[row * width + column];
            (cell.log_odds, cell.points)
        };
        if pair.first == name {
            let other = Some(pair.columns.find_all(sample.table.column(&pair.second)?));
            let own = pair.rows.find_all(column);
            terms.push(Term { bins: &pair.rows, own, other, gives: Box::new(cell) });
        } else if pair.second == name {
            let other = Some(pair.rows.find_all(sample.table.column(&pair.first)?));
            let own = pair.columns.find_all(column);
            terms.push(Term {
                bins: &pair.columns,
                own,
                other,
                gives: Box::new(move |bin, other| cell(other, bin)),
            });
        }
    }
    Ok(terms)
}

fn spread(sample: &Sample, given: &[(f64, i32)]) -> f64 {
    let (mut weight, mut sum, mut squares) = (0.0, 0.0, 0.0);
    for (row, given) in given.iter().enumerate() {
        let points = f64::from(given.1);
        weight += sample.weight_of(row);
        sum += sample.weight_of(row) * points;
        squares += sample.weight_of(row) * points * points;
    }
    (squares / weight - (sum / weight) * (sum / weight)).max(0.0).sqrt()
}

/// Moves every row's value to what `aside` says of its bin, through all tables that use it.
fn step(
    sample: &Sample,
    column: &Column,
    bins: &Bins,
    terms: &[Term<'_>],
    aside: impl Fn(usize) -> Option<f64>,
) -> Step {
    // For each bin, the bins of every table where the moved value lies; none when it has no neighbour there.
    let regular = bins.regular();
    let moved: Vec<Option<Vec<usize>>> = (0..bins.count())
        .map(|bin| {
            let value = if bin < regular { aside(bin)? } else { return None };
            // A special value beside the border stays what it is.
            (bins.find(Value::Number(value)) < regular)
                .then(|| terms.iter().map(|term| term.bins.find(Value::Number(value))).collect())
        })
        .collect();
    let own = bins.find_all(column);
    let (mut all, mut movable, mut sum) = (0.0, 0.0, 0.0);
    let (mut least, mut most) = (i32::MAX, i32::MIN);
    for (row, bin) in own.iter().enumerate() {
        let weight = sample.weight_of(row);
        all += weight;
        let Some(places) = moved[usize::from(*bin)].as_ref().filter(|_| weight > 0.0) else { continue };
        let change: i32 =
            terms.iter().zip(places).map(|(term, &place)| term.at(row, place).1 - term.of(row).1).sum();
        movable += weight;
        sum += weight * f64::from(change);
        least = least.min(change);
        most = most.max(change);
    }
    if movable <= 0.0 {
        return Step { movable: 0.0, mean: 0.0, least: 0, most: 0 };
    }
    Step { movable: movable / all, mean: sum / movable, least, most }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;
    use crate::explain::explain;
    use crate::validation::auc;
    use crate::validation::card_for_tests::{card, changed, sample};

    #[test]
    fn without_a_column_is_the_card_without_its_tables() {
        let sample = sample();
        let found = sensitivity(&card(), &sample).unwrap();
        assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["age", "home", "debt"]);
        let bare = changed(|parts| {
            parts.characteristics.remove(0);
            parts.pairs.clear();
        });
        let scored = bare.score(&sample.table).unwrap();
        let risk: Vec<f64> = scored.iter().map(|scored| scored.log_odds).collect();
        let wanted = auc(&risk, &sample.bad, None).unwrap();
        assert!((found[0].without.second.value - wanted.value).abs() < 1e-12);
        let all: Vec<f64> =
            card().score(&sample.table).unwrap().iter().map(|scored| scored.log_odds).collect();
        let with = auc(&all, &sample.bad, None).unwrap().value;
        assert!(
            (found[0].without.difference.value - (with - wanted.value)).abs() < 1e-12 && with != wanted.value
        );
        assert_eq!((found[1].up, found[2].up), (None, None));
        // Home gives 25 points seven times, −25 five times (a new category counts as rent).
        let (mean, square): (f64, f64) = (25.0 * 2.0 / 12.0, 625.0);
        assert!((found[1].spread - (square - mean * mean).sqrt()).abs() < 1e-9);
    }

    #[test]
    fn a_column_costs_in_a_sample_what_it_costs_each_row() {
        let (card, sample) = (card(), sample());
        let inputs = card.inputs();
        let told = inputs.iter().map(|name| gains(&card, &sample, name).unwrap()).collect::<Vec<_>>();
        let mut seen = 0;
        for row in 0..sample.rows() {
            let value = |name: &String| sample.table.column(name).unwrap().value(row);
            let reasons = explain(&card, &inputs.iter().map(value).collect::<Vec<_>>()).reasons;
            for (name, gains) in inputs.iter().zip(&told) {
                let reason = reasons.iter().find(|reason| reason.column == *name);
                assert_eq!(gains[row], reason.map_or(0, |reason| reason.gain), "{name} in row {row}");
                seen += usize::from(reason.is_some());
            }
        }
        assert!(seen > 12, "{seen} reasons");
    }

    #[test]
    fn a_bin_aside_moves_scores_through_every_table() {
        let sample = sample();
        let found = sensitivity(&card(), &sample).unwrap();
        let scores = |age: Vec<f64>| -> Vec<i32> {
            let mut columns = sample.table.columns().to_vec();
            columns[0] = Column::numbers("age", age);
            card()
                .score(&Table::try_new(columns).unwrap())
                .unwrap()
                .iter()
                .map(|scored| scored.score)
                .collect()
        };
        let age: Vec<f64> = (0..12)
            .map(|row| match sample.table.columns()[0].value(row) {
                Value::Number(number) => number,
                _ => f64::NAN,
            })
            .collect();
        let before = scores(age.clone());
        let check = |got: Step, moved: &dyn Fn(f64) -> Option<f64>| {
            let after = scores(age.iter().map(|age| moved(*age).unwrap_or(*age)).collect());
            let changes: Vec<i32> = (0..12)
                .filter(|&row| moved(age[row]).is_some())
                .map(|row| after[row] - before[row])
                .collect();
            assert_eq!(got.movable, changes.len() as f64 / 12.0);
            assert!((got.mean - f64::from(changes.iter().sum::<i32>()) / changes.len() as f64).abs() < 1e-9);
            assert_eq!(
                (got.least, got.most),
                (*changes.iter().min().unwrap(), *changes.iter().max().unwrap())
            );
        };
        let regular = |age: f64| age >= 0.0;
        check(found[0].up.unwrap(), &|age| {
            (regular(age) && age < 50.0).then_some(if age < 30.0 { 30.0 } else { 50.0 })
        });
        check(found[0].down.unwrap(), &|age| {
            (regular(age) && age >= 30.0).then_some(if age < 50.0 { 29.9 } else { 49.9 })
        });
    }
}
