//! The three slices that every measure takes, checked once.

use super::estimate::{Estimate, Mass};
use crate::Error;
use crate::scale::probability;

/// Checked rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a> {
    pub(super) risk: &'a [f64],
    pub(super) bad: &'a [bool],
    pub(super) weight: Option<&'a [f64]>,
    pub(super) good_mass: Mass,
    pub(super) bad_mass: Mass,
}

/// A row that weighs something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) place: usize,
    pub(super) risk: f64,
    pub(super) bad: bool,
    pub(super) weight: f64,
}

impl Row {
    /// 1 for a bad row.
    pub(super) fn outcome(&self) -> f64 {
        if self.bad { 1.0 } else { 0.0 }
    }
}

impl<'a> Rows<'a> {
    /// # Errors
    /// When the slices differ in length, there are no rows, a risk or weight is not finite, a weight is below zero, or every
    /// row weighs zero.
    pub(super) fn try_new(
        risk: &'a [f64],
        bad: &'a [bool],
        weight: Option<&'a [f64]>,
    ) -> Result<Self, Error> {
        let refused = |text: String| Err(Error::Sample(text));
        let weights = weight.map_or(bad.len(), <[f64]>::len);
        if risk.len() != bad.len() || weights != bad.len() {
            let (risks, targets) = (risk.len(), bad.len());
            return refused(format!(
                "there are {risks} risks, {targets} targets and {weights} weights; give one of each a row"
            ));
        }
        if bad.is_empty() {
            return refused("it has no rows".to_owned());
        }
        if let Some(place) = risk.iter().position(|risk| !risk.is_finite()) {
            return refused(format!(
                "the risk is {} in row {}; it must be a finite number",
                risk[place],
                place + 1
            ));
        }
        let (mut good_mass, mut bad_mass) = (Mass::default(), Mass::default());
        for (place, &is_bad) in bad.iter().enumerate() {
            let weight = weight.map_or(1.0, |weight| weight[place]);
            if !weight.is_finite() || weight < 0.0 {
                return refused(format!(
                    "the weight is {weight} in row {}; it must be a number from 0 up",
                    place + 1
                ));
            }
            if is_bad { &mut bad_mass } else { &mut good_mass }.add(weight);
        }
        if good_mass.rows + bad_mass.rows == 0 {
            return refused("every row has the weight zero".to_owned());
        }
        Ok(Rows { risk, bad, weight, good_mass, bad_mass })
    }

    /// Rows of which some are bad and some good.
    ///
    /// # Errors
    /// When they are not, or not fit for any measure.
    pub(super) fn of_both(
        risk: &'a [f64],
        bad: &'a [bool],
        weight: Option<&'a [f64]>,
    ) -> Result<Self, Error> {
        let rows = Rows::try_new(risk, bad, weight)?;
        match (rows.good_mass.rows, rows.bad_mass.rows) {
            (_, 0) => Err(Error::Sample(
                "no row is bad, so there is one class only; both good and bad rows are needed".to_owned(),
            )),
            (0, _) => Err(Error::Sample(
                "every row is bad, so there is one class only; both good and bad rows are needed".to_owned(),
            )),
            _ => Ok(rows),
        }
    }

    /// Rows whose risks are probabilities.
    ///
    /// # Errors
    /// When a risk lies outside 0 to 1, or the rows are not fit for any measure.
    pub(super) fn of_probabilities(
        risk: &'a [f64],
        bad: &'a [bool],
        weight: Option<&'a [f64]>,
    ) -> Result<Self, Error> {
        let rows = Rows::try_new(risk, bad, weight)?;
        match risk.iter().position(|risk| !(0.0..=1.0).contains(risk)) {
            None => Ok(rows),
            Some(place) => Err(Error::Sample(format!(
                "the probability is {} in row {}; it must lie from 0 to 1",
                risk[place],
                place + 1
            ))),
        }
    }

    /// The rows that weigh something.
    pub(super) fn iter(&self) -> impl Iterator<Item = Row> + Clone + use<'a> {
        let (risk, bad, weight) = (self.risk, self.bad, self.weight);
        let rows = (0..bad.len()).map(move |place| Row {
            place,
            risk: risk[place],
            bad: bad[place],
            weight: weight.map_or(1.0, |weight| weight[place]),
        });
        rows.filter(|row| row.weight > 0.0)
    }

    pub(super) fn weight(&self) -> f64 {
        self.good_mass.weight + self.bad_mass.weight
    }

    pub(super) fn count(&self) -> usize {
        self.good_mass.rows + self.bad_mass.rows
    }

    pub(super) fn effective(&self) -> f64 {
        let squares = self.good_mass.squares + self.bad_mass.squares;
        self.weight() * self.weight() / squares
    }

    /// The mean probability of bad, where the risks are log-odds.
    pub(super) fn predicted(&self) -> f64 {
        self.iter().map(|row| row.weight * probability(row.risk)).sum::<f64>() / self.weight()
    }

    pub(super) fn bad_rate(&self) -> Estimate {
        Estimate::wilson(self.bad_mass.weight / self.weight(), self.effective())
    }
}

#[cfg(test)]
mod tests {
    use crate::validation::{Ranked, auc, brier, calibration_bins, log_loss};

    fn check(risk: &[f64], bad: &[bool], weight: Option<&[f64]>, wanted: &str) {
        for error in [auc(risk, bad, weight).map(|_| ()), Ranked::try_new(risk, bad, weight).map(|_| ())] {
            let error = error.unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn rows_that_cannot_be_measured_are_refused() {
        check(&[], &[], None, "no rows");
        check(&[0.1], &[true, false], None, "1 risks, 2 targets");
        check(&[0.1, 0.2], &[true, false], Some(&[1.0]), "1 weights");
        check(&[f64::NAN, 0.2], &[true, false], None, "risk is NaN in row 1");
        check(&[0.1, f64::INFINITY], &[true, false], None, "risk is inf in row 2");
        check(&[0.1, 0.2], &[true, true], None, "every row is bad");
        check(&[0.1, 0.2], &[false, false], None, "no row is bad");
        check(&[0.1, 0.2], &[true, false], Some(&[0.0, 0.0]), "the weight zero");
        check(&[0.1, 0.2], &[true, false], Some(&[0.0, 1.0]), "no row is bad");
        check(&[0.1, 0.2], &[true, false], Some(&[1.0, -1.0]), "weight is -1 in row 2");
        check(&[0.1, 0.2], &[true, false], Some(&[f64::NAN, 1.0]), "weight is NaN in row 1");
    }

    #[test]
    fn probabilities_lie_from_zero_to_one() {
        let (risk, bad) = ([0.5, 1.5], [true, false]);
        for error in [
            brier(&risk, &bad, None, 10).unwrap_err(),
            log_loss(&risk, &bad, None).unwrap_err(),
            calibration_bins(&risk, &bad, None, 10).unwrap_err(),
        ] {
            assert!(error.to_string().contains("the probability is 1.5 in row 2"), "{error}");
        }
    }
}
