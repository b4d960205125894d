//! Measures of each part of a sample: of every period, of every segment.

use super::auc::{Auc, auc};
use super::division::Division;
use super::drift::{Drift, ScoreBins};
use super::estimate::Estimate;
use super::ranked::Ranked;
use super::rows::Rows;
use crate::Error;

/// Parts with fewer good or bad rows than this have measures that say little.
pub const FEW: usize = 30;

/// What is measured of one part.
#[derive(Debug, Clone, PartialEq)]
pub struct Part {
    /// The part's name.
    pub name: String,
    /// Rows that weigh something.
    pub rows: usize,
    /// Their weight.
    pub weight: f64,
    /// The bad ones among them.
    pub bad_rows: usize,
    /// The bad rate; none without rows.
    pub bad_rate: Option<Estimate>,
    /// The mean predicted probability of bad; none without rows.
    pub predicted: Option<f64>,
    /// AUC; none without good or bad rows.
    pub auc: Option<Auc>,
    /// Kolmogorov–Smirnov; none without good or bad rows.
    pub ks: Option<f64>,
    /// Drift of the log-odds against the bins that were given; none without them or without rows.
    pub drift: Option<Drift>,
    /// Whether it has fewer than [`FEW`] good rows or bad ones.
    pub small: bool,
}

/// Measures each part: log-odds of bad, outcomes, weights; and the bins that a drift is measured against, if any.
///
/// # Errors
/// When the rows are not fit for measuring, or the division is of another number of rows.
pub fn by_part(
    log_odds: &[f64],
    bad: &[bool],
    weight: Option<&[f64]>,
    division: &Division,
    expected: Option<&ScoreBins>,
) -> Result<Vec<Part>, Error> {
    Rows::try_new(log_odds, bad, weight)?;
    if division.of_row.len() != bad.len() {
        let (rows, divided) = (bad.len(), division.of_row.len());
        return Err(Error::Sample(format!("the parts are of {divided} rows, but there are {rows}")));
    }
    let mut places: Vec<Vec<usize>> = vec![Vec::new(); division.names.len()];
    for (row, part) in division.of_row.iter().enumerate() {
        if weight.is_none_or(|weight| weight[row] > 0.0) {
            places[*part].push(row);
        }
    }
    let of = |(name, rows): (&String, &Vec<usize>)| {
        let take = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
        let (risk, weight) = (take(log_odds), weight.map(take));
        let bad: Vec<bool> = rows.iter().map(|&row| bad[row]).collect();
        measured(name, &risk, &bad, weight.as_deref(), expected)
    };
    division.names.iter().zip(&places).map(of).collect()
}

fn measured(
    name: &str,
    risk: &[f64],
    bad: &[bool],
    weight: Option<&[f64]>,
    expected: Option<&ScoreBins>,
) -> Result<Part, Error> {
    let bad_rows = bad.iter().filter(|bad| **bad).count();
    let good_rows = bad.len() - bad_rows;
    let mut part = Part {
        name: name.to_owned(),
        rows: bad.len(),
        weight: 0.0,
        bad_rows,
        bad_rate: None,
        predicted: None,
        auc: None,
        ks: None,
        drift: None,
        small: good_rows < FEW || bad_rows < FEW,
    };
    if bad.is_empty() {
        return Ok(part);
    }
    let rows = Rows::try_new(risk, bad, weight)?;
    part.weight = rows.weight();
    part.bad_rate = Some(rows.bad_rate());
    part.predicted = Some(rows.predicted());
    part.drift = expected.map(|bins| bins.drift(risk, weight)).transpose()?;
    if good_rows > 0 && bad_rows > 0 {
        part.auc = Some(auc(risk, bad, weight)?);
        part.ks = Some(Ranked::try_new(risk, bad, weight)?.ks().value);
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_measured_alone() {
        let log_odds = [0.0, 1.0, 2.0, 3.0, -1.0, 9.0];
        let bad = [false, true, false, true, false, true];
        let weight = [1.0, 1.0, 1.0, 1.0, 2.0, 0.0];
        let names = ["first", "second", "third"].map(str::to_owned).to_vec();
        let division = Division::try_new(names, vec![0, 0, 0, 0, 1, 2]).unwrap();
        let bins = ScoreBins::try_new(&log_odds[..4], None, 2).unwrap();
        let parts = by_part(&log_odds, &bad, Some(&weight), &division, Some(&bins)).unwrap();
        assert_eq!(parts[0].auc.unwrap().value, 0.75);
        assert_eq!((parts[0].bad_rate.unwrap().value, parts[0].ks, parts[0].small), (0.5, Some(0.5), true));
        assert_eq!(parts[0].drift.as_ref().unwrap().value, 0.0);
        assert_eq!((parts[1].auc, parts[1].weight, parts[1].bad_rate.unwrap().value), (None, 2.0, 0.0));
        assert!((parts[1].predicted.unwrap() - 1.0 / (1.0 + 1.0_f64.exp())).abs() < 1e-15);
        assert_eq!((parts[2].rows, parts[2].bad_rate, parts[2].drift.clone()), (0, None, None));
        let short = Division::try_new(vec!["a".to_owned()], vec![0]).unwrap();
        let error = by_part(&log_odds, &bad, None, &short, None).unwrap_err().to_string();
        assert!(error.contains("of 1 rows, but there are 6"), "{error}");
    }
}
