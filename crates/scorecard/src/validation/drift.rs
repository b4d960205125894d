//! Whether a distribution is still what it was: population stability index of scores, and of each characteristic.

use super::rows::Rows;
use crate::{Error, Sample, Scorecard};

/// An empty bin counts as this share where the other distribution is not empty there: its logarithm would be infinite. Where
/// the number of rows is known and half a row is more than that, it counts as half a row. A bin that is empty in both adds
/// nothing.
pub const EMPTY: f64 = 1e-4;

/// What an index says by the usual thresholds (Siddiqi, Intelligent Credit Scoring, 2017).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Below 0.1.
    Stable,
    /// From 0.1, below 0.25: look into it.
    Shifted,
    /// 0.25 or more: not the population it was.
    Unstable,
}

/// A distribution beside the expected one.
#[derive(Debug, Clone, PartialEq)]
pub struct Drift {
    /// The index: Σ (actual − expected) · ln(actual / expected) over shares.
    pub value: f64,
    /// What it says.
    pub verdict: Verdict,
    /// What two samples of these (effective) sizes from one population would show on average: (bins − 1) · (1/n + 1/m)
    /// (Yurdakul and Naranjo, Journal of Risk Model Validation 14, 2020). None when the sizes are not known.
    pub by_chance: Option<f64>,
    /// The bins.
    pub cells: Vec<DriftCell>,
}

/// One bin of a drift.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DriftCell {
    /// The share that was expected.
    pub expected: f64,
    /// The share that is found.
    pub actual: f64,
    /// What the bin adds to the index.
    pub adds: f64,
}

impl Drift {
    /// Whether the index is above 0.1 and more than twice what chance gives.
    pub fn matters(&self) -> bool {
        self.verdict != Verdict::Stable && self.by_chance.is_none_or(|chance| self.value > 2.0 * chance)
    }
}

/// The population stability index of bins, from the weight in each.
///
/// # Errors
/// When there are no bins, or not as many of both; a weight is negative or not finite; or one side weighs nothing.
pub fn psi(expected: &[f64], actual: &[f64]) -> Result<Drift, Error> {
    index(expected, actual, None)
}

/// The index, with the (effective) numbers of rows of both sides where they are known.
fn index(expected: &[f64], actual: &[f64], sizes: Option<[f64; 2]>) -> Result<Drift, Error> {
    if expected.len() != actual.len() || expected.is_empty() {
        let (one, other) = (expected.len(), actual.len());
        return Err(Error::Sample(format!(
            "drift compares bin by bin, but there are {one} expected bins and {other} actual ones"
        )));
    }
    let (expected, actual) = (shares("an expected", expected)?, shares("an actual", actual)?);
    let floors = sizes.map_or([EMPTY; 2], |sizes| sizes.map(|rows| (0.5 / rows).max(EMPTY)));
    let cells: Vec<DriftCell> = expected
        .iter()
        .zip(&actual)
        .map(|(&expected, &actual)| {
            let (one, other) = (
                if expected > 0.0 { expected } else { floors[0] },
                if actual > 0.0 { actual } else { floors[1] },
            );
            let adds = if expected == actual { 0.0 } else { (other - one) * libm::log(other / one) };
            DriftCell { expected, actual, adds }
        })
        .collect();
    let value: f64 = cells.iter().map(|cell| cell.adds).sum();
    let verdict = match value {
        value if value < 0.1 => Verdict::Stable,
        value if value < 0.25 => Verdict::Shifted,
        _ => Verdict::Unstable,
    };
    let used = cells.iter().filter(|cell| cell.expected > 0.0 || cell.actual > 0.0).count();
    let by_chance = sizes.map(|[one, other]| used.saturating_sub(1) as f64 * (1.0 / one + 1.0 / other));
    Ok(Drift { value, verdict, by_chance, cells })
}

fn shares(side: &str, weights: &[f64]) -> Result<Vec<f64>, Error> {
    if let Some(weight) = weights.iter().find(|weight| !weight.is_finite() || **weight < 0.0) {
        return Err(Error::Sample(format!("{side} bin weighs {weight}; it must be a number from 0 up")));
    }
    let all: f64 = weights.iter().sum();
    if all <= 0.0 {
        return Err(Error::Sample(format!("{side} distribution has no rows that weigh anything")));
    }
    Ok(weights.iter().map(|weight| weight / all).collect())
}

/// Bins of equal weight of the scores (or risks) of a sample, against which others are held.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreBins {
    /// The borders: a score lies in the bin numbered by how many of them are not above it.
    pub cuts: Vec<f64>,
    expected: Vec<f64>,
    rows: f64,
}

impl ScoreBins {
    /// At most so many bins of about equal weight; equal scores share a bin.
    ///
    /// # Errors
    /// When a score is not finite, there are no rows that weigh anything, or no bins are asked for.
    pub fn try_new(scores: &[f64], weight: Option<&[f64]>, bins: usize) -> Result<Self, Error> {
        if bins == 0 {
            return Err(Error::Option { option: "bins", reason: "at least one bin is needed".to_owned() });
        }
        let bad = vec![false; scores.len()];
        let rows = Rows::try_new(scores, &bad, weight)?;
        let mut order: Vec<_> = rows.iter().collect();
        order.sort_by(|a, b| a.risk.total_cmp(&b.risk));
        let each = rows.weight() / bins as f64;
        let (mut cuts, mut before, mut next) = (Vec::new(), 0.0, 1.0);
        for pair in order.windows(2) {
            before += pair[0].weight;
            if pair[0].risk != pair[1].risk && before >= each * next * (1.0 - 1e-12) {
                cuts.push(pair[1].risk);
                while each * next * (1.0 - 1e-12) <= before {
                    next += 1.0;
                }
            }
        }
        let mut made = ScoreBins { cuts, expected: Vec::new(), rows: rows.effective() };
        made.expected = made.weights(&rows);
        Ok(made)
    }

    fn weights(&self, rows: &Rows<'_>) -> Vec<f64> {
        let mut weights = vec![0.0; self.cuts.len() + 1];
        for row in rows.iter() {
            weights[self.cuts.partition_point(|cut| *cut <= row.risk)] += row.weight;
        }
        weights
    }

    /// The drift of other scores against those that the bins were made of.
    ///
    /// # Errors
    /// When a score is not finite or there are no rows that weigh anything.
    pub fn drift(&self, scores: &[f64], weight: Option<&[f64]>) -> Result<Drift, Error> {
        let bad = vec![false; scores.len()];
        let rows = Rows::try_new(scores, &bad, weight)?;
        index(&self.expected, &self.weights(&rows), Some([self.rows, rows.effective()]))
    }
}

/// How a characteristic's distribution over its bins moved between two samples.
#[derive(Debug, Clone, PartialEq)]
pub struct CharacteristicDrift {
    /// The characteristic's name.
    pub name: String,
    /// Its stability index (CSI) over the card's bins.
    pub drift: Drift,
    /// What the move did to the mean score: Σ (actual − expected) · points.
    pub points: f64,
}

/// The stability index of each characteristic of a card, over the card's own bins.
///
/// # Errors
/// When a sample lacks a column of the card or has no rows that weigh anything.
pub fn csi(card: &Scorecard, expected: &Sample, actual: &Sample) -> Result<Vec<CharacteristicDrift>, Error> {
    let effective = |sample: &Sample| {
        let risk = vec![0.0; sample.rows()];
        Rows::try_new(&risk, &sample.bad, sample.weight.as_deref()).map(|rows| rows.effective())
    };
    let (before, after) = (effective(expected)?, effective(actual)?);
    let of = |characteristic: &crate::card::Characteristic| {
        let weights = |sample: &Sample| -> Result<Vec<f64>, Error> {
            let mut weights = vec![0.0; characteristic.bins.count()];
            let bins = characteristic.bins.find_all(sample.table.column(&characteristic.name)?);
            for (row, bin) in bins.into_iter().enumerate() {
                weights[usize::from(bin)] += sample.weight_of(row);
            }
            Ok(weights)
        };
        let drift = index(&weights(expected)?, &weights(actual)?, Some([before, after]))?;
        let moved = drift.cells.iter().zip(&characteristic.attributes);
        let points =
            moved.map(|(cell, attribute)| (cell.actual - cell.expected) * f64::from(attribute.points)).sum();
        Ok(CharacteristicDrift { name: characteristic.name.clone(), drift, points })
    };
    card.parts().characteristics.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn hand_worked_indices() {
        let got = psi(&[50.0, 50.0], &[1.0, 3.0]).unwrap();
        // (0.25 − 0.5) ln ½ + (0.75 − 0.5) ln 1.5 = 0.25 · ln 3.
        assert!((got.value - 0.25 * 3.0_f64.ln()).abs() < 1e-15);
        assert_eq!(got.verdict, Verdict::Unstable);
        let empty = psi(&[1.0, 1.0, 0.0], &[1.0, 0.0, 0.0]).unwrap();
        let wanted = 0.5 * 2.0_f64.ln() + (1e-4 - 0.5) * (1e-4_f64 / 0.5).ln();
        assert!((empty.value - wanted).abs() < 1e-12 && empty.cells[2].adds == 0.0);
        assert_eq!(psi(&[1.0, 2.0], &[2.0, 4.0]).unwrap().verdict, Verdict::Stable);
        for (expected, actual, wanted) in [
            (&[1.0][..], &[1.0, 2.0][..], "1 expected bins and 2 actual"),
            (&[], &[], "0 expected"),
            (&[0.0], &[1.0], "an expected distribution has no rows"),
            (&[1.0], &[f64::NAN], "an actual bin weighs NaN"),
        ] {
            let error = psi(expected, actual).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn scores_are_held_against_bins_of_the_first_sample() {
        let before: Vec<f64> = (0..1000).map(f64::from).collect();
        let bins = ScoreBins::try_new(&before, None, 10).unwrap();
        assert_eq!(bins.cuts, (1..10).map(|cut| f64::from(cut * 100)).collect::<Vec<_>>());
        let same = bins.drift(&before, None).unwrap();
        assert_eq!((same.value, same.matters()), (0.0, false));
        assert!((same.by_chance.unwrap() - 9.0 * 0.002).abs() < 1e-15);
        let moved: Vec<f64> = before.iter().map(|score| score + 100.0).collect();
        // The lowest bin is empty, the highest holds a fifth.
        let wanted = (5e-4 - 0.1) * (5e-3_f64).ln() + 0.1 * 2.0_f64.ln();
        let got = bins.drift(&moved, None).unwrap();
        assert!((got.value - wanted).abs() < 1e-12 && got.matters());
        let few = bins.drift(&[50.0, 350.0, 450.0, 750.0, 950.0], None).unwrap();
        assert!(!few.matters(), "five rows show nothing: {few:?}");
        assert_eq!(ScoreBins::try_new(&[1.0; 5], None, 10).unwrap().cuts, [0.0; 0]);
        assert!(ScoreBins::try_new(&[1.0], None, 0).is_err() && ScoreBins::try_new(&[], None, 10).is_err());
        assert!(bins.drift(&[f64::INFINITY], None).is_err());
    }

    proptest! {
        #[test]
        fn the_index_is_never_negative_and_alike_both_ways(cells in prop::collection::vec((0..50_u8, 0..50_u8), 1..12)) {
            let expected: Vec<f64> = cells.iter().map(|cell| f64::from(cell.0)).collect();
            let actual: Vec<f64> = cells.iter().map(|cell| f64::from(cell.1)).collect();
            let (Ok(there), Ok(back)) = (psi(&expected, &actual), psi(&actual, &expected)) else { return Ok(()) };
            prop_assert!(there.value >= 0.0 && (there.value - back.value).abs() < 1e-12);
        }
    }

    #[test]
    fn characteristics_are_held_against_the_bins_of_the_card() {
        use crate::validation::card_for_tests::{card, sample};
        let sample = sample();
        let same = csi(&card(), &sample, &sample).unwrap();
        assert!(same.iter().all(|one| one.drift.value == 0.0 && one.points == 0.0));
        let later = sample.take(&[4, 5, 10, 6]);
        let moved = csi(&card(), &sample, &later).unwrap();
        let age = &moved[0];
        // Ages of twelve: 4, 3, 3, one special, one missing; of four: the three oldest and the special one.
        let rows: Vec<f64> = age.drift.cells.iter().map(|cell| (cell.expected * 12.0).round()).collect();
        let later: Vec<f64> = age.drift.cells.iter().map(|cell| (cell.actual * 4.0).round()).collect();
        assert_eq!((rows, later), (vec![4.0, 3.0, 3.0, 1.0, 1.0], vec![0.0, 0.0, 3.0, 1.0, 0.0]));
        let points: f64 = age
            .drift
            .cells
            .iter()
            .zip([-75.0, -25.0, 50.0, -10.0, 0.0])
            .map(|(cell, points)| (cell.actual - cell.expected) * points)
            .sum();
        assert!((age.points - points).abs() < 1e-12 && age.points > 0.0);
    }
}
