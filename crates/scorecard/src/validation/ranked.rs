//! Rows in the order of their risk, and what can be read off that order: ROC, KS, Gini, gains, confusion.

use super::rows::Rows;
use crate::Error;

/// Rows ranked by risk, those of the same risk taken together.
#[derive(Debug, Clone, PartialEq)]
pub struct Ranked {
    /// Highest risk first.
    steps: Vec<Tied>,
    good: f64,
    bad: f64,
}

/// The weight of the rows that share a risk.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Tied {
    risk: f64,
    good: f64,
    bad: f64,
}

/// A point of the ROC curve: what is caught when every row of this risk or more is refused.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RocPoint {
    /// The risk; infinite at the start, where nothing is refused.
    pub risk: f64,
    /// The share of good rows that are refused.
    pub false_positive: f64,
    /// The share of bad rows that are refused.
    pub true_positive: f64,
}

/// The largest distance between the distributions of good and bad rows (Kolmogorov–Smirnov).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ks {
    /// The distance, 0 to 1.
    pub value: f64,
    /// Where it is reached: between the rows of this risk or more and the others. The highest such risk on a tie.
    pub risk: f64,
    /// The share of bad rows of this risk or more.
    pub bad_share: f64,
    /// The share of good rows of this risk or more.
    pub good_share: f64,
}

/// One part of the gains table; the first holds the highest risks. A tie across a border is divided in proportion, so the
/// table does not depend on the order of rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Gain {
    /// The highest risk in it.
    pub highest: f64,
    /// The lowest risk in it.
    pub lowest: f64,
    /// The weight of its rows.
    pub weight: f64,
    /// The weight of its bad rows.
    pub bad: f64,
    /// The share of all bad rows in it and the parts before.
    pub captured: f64,
    /// Its bad rate over that of all rows.
    pub lift: f64,
    /// The same of it together with the parts before.
    pub cumulative_lift: f64,
}

/// What happens at a cut-off: rows above it are refused, the others approved.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Confusion {
    /// The highest risk that is approved.
    pub cut_off: f64,
    /// The weight of bad rows that are refused.
    pub bad_refused: f64,
    /// The weight of good rows that are refused.
    pub good_refused: f64,
    /// The weight of bad rows that are approved.
    pub bad_approved: f64,
    /// The weight of good rows that are approved.
    pub good_approved: f64,
}

impl Confusion {
    fn ratio(part: f64, rest: f64) -> Option<f64> {
        (part + rest > 0.0).then(|| part / (part + rest))
    }

    /// The share of rows that are approved.
    pub fn approval_rate(&self) -> f64 {
        let approved = self.bad_approved + self.good_approved;
        approved / (approved + self.bad_refused + self.good_refused)
    }

    /// The bad rate among approved rows; none when none is approved.
    pub fn bad_rate_approved(&self) -> Option<f64> {
        Self::ratio(self.bad_approved, self.good_approved)
    }

    /// The share of bad rows that are refused: recall, sensitivity.
    pub fn recall(&self) -> f64 {
        self.bad_refused / (self.bad_refused + self.bad_approved)
    }

    /// The share of good rows that are approved.
    pub fn specificity(&self) -> f64 {
        self.good_approved / (self.good_approved + self.good_refused)
    }

    /// The share of bad rows among those refused; none when none is refused.
    pub fn precision(&self) -> Option<f64> {
        Self::ratio(self.bad_refused, self.good_refused)
    }

    /// The share of rows that are bad and refused or good and approved.
    pub fn accuracy(&self) -> f64 {
        let right = self.bad_refused + self.good_approved;
        right / (right + self.bad_approved + self.good_refused)
    }
}

impl Ranked {
    /// Ranks rows.
    ///
    /// # Errors
    /// When the rows are not fit for measuring, or are all good or all bad.
    pub fn try_new(risk: &[f64], bad: &[bool], weight: Option<&[f64]>) -> Result<Self, Error> {
        let rows = Rows::of_both(risk, bad, weight)?;
        let mut order: Vec<_> = rows.iter().collect();
        // Stable, so that sums run in the order of rows within a tie.
        order.sort_by(|a, b| b.risk.total_cmp(&a.risk));
        let mut steps: Vec<Tied> = Vec::new();
        for row in order {
            let (good, bad) = if row.bad { (0.0, row.weight) } else { (row.weight, 0.0) };
            match steps.last_mut() {
                Some(step) if step.risk == row.risk => {
                    step.good += good;
                    step.bad += bad;
                }
                _ => steps.push(Tied { risk: row.risk, good, bad }),
            }
        }
        // Summed in the order in which curves run, so that they end at exactly 1.
        let sums = steps.iter().fold((0.0, 0.0), |sums, step| (sums.0 + step.good, sums.1 + step.bad));
        Ok(Ranked { steps, good: sums.0, bad: sums.1 })
    }

    /// The weight of good rows and of bad ones.
    pub fn good_and_bad(&self) -> (f64, f64) {
        (self.good, self.bad)
    }

    /// The points of the ROC curve, from (0, 0) to (1, 1), one for each distinct risk.
    pub fn roc(&self) -> Vec<RocPoint> {
        let mut points = vec![RocPoint { risk: f64::INFINITY, false_positive: 0.0, true_positive: 0.0 }];
        let (mut good, mut bad) = (0.0, 0.0);
        for step in &self.steps {
            good += step.good;
            bad += step.bad;
            points.push(RocPoint {
                risk: step.risk,
                false_positive: good / self.good,
                true_positive: bad / self.bad,
            });
        }
        points
    }

    /// The area under the ROC curve: the probability that a bad row has a higher risk than a good one, ties by half.
    pub fn auc(&self) -> f64 {
        let (mut below, mut area) = (self.good, 0.0);
        for step in &self.steps {
            below -= step.good;
            area += step.bad * (below.max(0.0) + 0.5 * step.good);
        }
        area / (self.good * self.bad)
    }

    /// Gini coefficient (accuracy ratio, Somers' D): 2 · AUC − 1.
    pub fn gini(&self) -> f64 {
        2.0 * self.auc() - 1.0
    }

    /// Where good and bad rows lie furthest apart. Zero when no risk has bad rows ahead of good ones.
    pub fn ks(&self) -> Ks {
        let mut best = Ks { value: 0.0, risk: self.steps[0].risk, bad_share: 0.0, good_share: 0.0 };
        for point in self.roc().iter().skip(1) {
            let value = point.true_positive - point.false_positive;
            if value > best.value {
                let (bad_share, good_share) = (point.true_positive, point.false_positive);
                best = Ks { value, risk: point.risk, bad_share, good_share };
            }
        }
        best
    }

    /// The gains table in parts of equal weight: 10 for deciles.
    ///
    /// # Errors
    /// When there are to be no parts or more than 1,000.
    pub fn gains(&self, parts: usize) -> Result<Vec<Gain>, Error> {
        if !(1..=1000).contains(&parts) {
            let reason = format!("the gains table cannot have {parts} parts; 1 to 1000 can be had");
            return Err(Error::Option { option: "parts", reason });
        }
        let all = self.good + self.bad;
        let rate = self.bad / all;
        let mut gains: Vec<Gain> = Vec::with_capacity(parts);
        let (mut step, mut used) = (0, 0.0);
        let mut before = 0.0;
        for part in 1..=parts {
            let wanted = all / parts as f64;
            let (mut weight, mut bad, highest) = (0.0, 0.0, self.steps[step].risk);
            let mut lowest;
            // `used` is the share of the present step that earlier parts have taken.
            loop {
                let tied = self.steps[step];
                let left = (tied.good + tied.bad) * (1.0 - used);
                let last = step + 1 == self.steps.len();
                lowest = tied.risk;
                if part < parts && (left >= wanted - weight || last) {
                    let share = ((wanted - weight) / (tied.good + tied.bad)).clamp(0.0, 1.0 - used);
                    weight += (tied.good + tied.bad) * share;
                    bad += tied.bad * share;
                    used += share;
                    if used >= 1.0 - 1e-12 && !last {
                        (step, used) = (step + 1, 0.0);
                    }
                    break;
                }
                weight += left;
                bad += tied.bad * (1.0 - used);
                if last {
                    break;
                }
                (step, used) = (step + 1, 0.0);
            }
            before += bad;
            let share = part as f64 / parts as f64;
            gains.push(Gain {
                highest,
                lowest,
                weight,
                bad,
                captured: before / self.bad,
                lift: if weight > 0.0 { bad / weight / rate } else { 0.0 },
                cumulative_lift: before / self.bad / share,
            });
        }
        Ok(gains)
    }

    /// What happens when the rows above a risk are refused.
    pub fn confusion(&self, cut_off: f64) -> Confusion {
        let refused = self.steps.partition_point(|step| step.risk > cut_off);
        let sum =
            |steps: &[Tied]| steps.iter().fold((0.0, 0.0), |sum, step| (sum.0 + step.good, sum.1 + step.bad));
        let ((good_refused, bad_refused), (good_approved, bad_approved)) =
            (sum(&self.steps[..refused]), sum(&self.steps[refused..]));
        Confusion { cut_off, bad_refused, good_refused, bad_approved, good_approved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const RISK: [f64; 8] = [0.9, 0.8, 0.8, 0.6, 0.5, 0.5, 0.2, 0.1];
    const BAD: [bool; 8] = [true, true, false, true, false, false, false, false];

    #[test]
    fn a_hand_worked_ranking() {
        let ranked = Ranked::try_new(&RISK, &BAD, None).unwrap();
        // Bad 0.9 beats five goods, 0.8 four and a half, 0.6 four: 13.5 of 15 pairs.
        assert!((ranked.auc() - 0.9).abs() < 1e-15);
        assert!((ranked.gini() - 0.8).abs() < 1e-15);
        let ks = ranked.ks();
        assert_eq!((ks.risk, ks.bad_share, ks.good_share), (0.6, 1.0, 0.2));
        assert!((ks.value - 0.8).abs() < 1e-15);
        let roc = ranked.roc();
        assert_eq!(roc.len(), 7);
        assert_eq!((roc[2].false_positive, roc[2].true_positive), (0.2, 2.0 / 3.0));
        assert_eq!((roc[6].false_positive, roc[6].true_positive), (1.0, 1.0));
        let at = ranked.confusion(0.6);
        assert_eq!(
            (at.bad_refused, at.good_refused, at.bad_approved, at.good_approved),
            (2.0, 1.0, 1.0, 4.0)
        );
        assert_eq!((at.approval_rate(), at.accuracy(), at.specificity()), (0.625, 0.75, 0.8));
        assert_eq!(
            (at.precision(), at.bad_rate_approved(), at.recall()),
            (Some(2.0 / 3.0), Some(0.2), 2.0 / 3.0)
        );
        assert_eq!(ranked.confusion(2.0).precision(), None);
        assert_eq!(ranked.confusion(0.0).bad_rate_approved(), None);
    }

    #[test]
    fn gains_divide_ties_in_proportion() {
        let ranked = Ranked::try_new(&RISK, &BAD, None).unwrap();
        let gains = ranked.gains(4).unwrap();
        // The first quarter: 0.9 and half of the tie at 0.8.
        let bad: Vec<f64> = gains.iter().map(|gain| gain.bad).collect();
        assert_eq!(bad, [1.5, 1.5, 0.0, 0.0]);
        assert_eq!((gains[0].captured, gains[0].lift, gains[1].cumulative_lift), (0.5, 2.0, 2.0));
        assert_eq!((gains[0].highest, gains[0].lowest, gains[3].lowest), (0.9, 0.8, 0.1));
        let one = Ranked::try_new(&[0.5; 4], &[true, false, false, true], None).unwrap();
        assert!(
            one.gains(10).unwrap().iter().all(|gain| (gain.lift - 1.0).abs() < 1e-9),
            "one tie has no lift"
        );
        assert_eq!((one.auc(), one.ks().value), (0.5, 0.0));
        assert!(ranked.gains(0).is_err() && ranked.gains(1001).is_err());
    }

    fn rows() -> impl Strategy<Value = Vec<(f64, bool, f64)>> {
        let row = (0..12_u8, any::<bool>(), 0..5_u8);
        prop::collection::vec(
            row.prop_map(|(risk, bad, weight)| (f64::from(risk), bad, f64::from(weight) / 2.0)),
            2..60,
        )
    }

    proptest! {
        #[test]
        fn agrees_with_the_definitions(rows in rows(), cut in 0..12_u8) {
            let risk: Vec<f64> = rows.iter().map(|row| row.0).collect();
            let bad: Vec<bool> = rows.iter().map(|row| row.1).collect();
            let weight: Vec<f64> = rows.iter().map(|row| row.2).collect();
            let Ok(ranked) = Ranked::try_new(&risk, &bad, Some(&weight)) else { return Ok(()) };
            let (mut won, mut pairs) = (0.0, 0.0);
            for one in rows.iter().filter(|row| row.1) {
                for other in rows.iter().filter(|row| !row.1) {
                    pairs += one.2 * other.2;
                    won += one.2 * other.2 * if one.0 > other.0 { 1.0 } else if one.0 == other.0 { 0.5 } else { 0.0 };
                }
            }
            prop_assert!((ranked.auc() - won / pairs).abs() < 1e-12);
            let part = |bad: bool, from: f64| {
                let of = |row: &&(f64, bool, f64)| row.1 == bad;
                let all: f64 = rows.iter().filter(of).map(|row| row.2).sum();
                rows.iter().filter(of).filter(|row| row.0 >= from).map(|row| row.2).sum::<f64>() / all
            };
            let ks = (0..12).map(|from| part(true, f64::from(from)) - part(false, f64::from(from))).fold(0.0, f64::max);
            prop_assert!((ranked.ks().value - ks).abs() < 1e-12);
            let confusion = ranked.confusion(f64::from(cut));
            let refused: f64 = rows.iter().filter(|row| row.1 && row.0 > f64::from(cut)).map(|row| row.2).sum();
            prop_assert!((confusion.bad_refused - refused).abs() < 1e-12);
            let gains = ranked.gains(10).unwrap();
            let (good, bad) = ranked.good_and_bad();
            let sums = gains.iter().fold((0.0, 0.0), |sum, gain| (sum.0 + gain.weight, sum.1 + gain.bad));
            prop_assert!((sums.0 - good - bad).abs() < 1e-9 && (sums.1 - bad).abs() < 1e-9);
            prop_assert!(gains.iter().all(|gain| (gain.weight - (good + bad) / 10.0).abs() < 1e-9));
            prop_assert!(gains.windows(2).all(|pair| pair[0].lowest >= pair[1].highest));
        }
    }
}
