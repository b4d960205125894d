//! Whether a score treats groups of people alike, where the regime lets group data be held at all.

use super::auc::{Auc, auc};
use super::division::Division;
use super::estimate::{Estimate, Mass, Z};
use super::rows::{Row, Rows};
use crate::Error;

/// From how many rows on a group's figures are compared with those of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Smallest {
    /// Fewest rows of a group.
    pub rows: usize,
    /// Fewest good rows of a group, where only good ones count; and fewest bad ones, where those do.
    pub of_class: usize,
}

impl Default for Smallest {
    /// 100 rows, 30 of the class.
    fn default() -> Self {
        Smallest { rows: 100, of_class: 30 }
    }
}

/// The figures of one group.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// Its name.
    pub name: String,
    /// Rows that weigh something.
    pub rows: usize,
    /// The bad ones among them.
    pub bad_rows: usize,
    /// The share that is approved.
    pub approval: Option<Estimate>,
    /// Its approval rate over that of the reference group, with Katz's interval (Biometrics 34, 1978).
    pub approval_ratio: Option<Estimate>,
    /// The share of its good rows that is approved: equal opportunity asks that groups have the same.
    pub good_approved: Option<Estimate>,
    /// The share of its bad rows that is approved: equalised odds ask that groups have the same of this too.
    pub bad_approved: Option<Estimate>,
    /// The observed bad rate.
    pub bad_rate: Option<Estimate>,
    /// The mean predicted probability of bad.
    pub predicted: Option<f64>,
    /// AUC within the group.
    pub auc: Option<Auc>,
    /// What it has too few of for a judgement: rows, good rows, bad rows. Empty: enough.
    pub too_few: Vec<&'static str>,
}

/// The widest gap between groups that are large enough.
#[derive(Debug, Clone, PartialEq)]
pub struct Gap {
    /// The gap: a ratio of lowest to highest, or highest minus lowest.
    pub value: f64,
    /// The group with the lowest figure.
    pub lowest: String,
    /// The group with the highest figure.
    pub highest: String,
}

/// How a score treats groups.
#[derive(Debug, Clone, PartialEq)]
pub struct Fairness {
    /// The group that others are compared with: the one with the highest approval rate among those large enough, or the one
    /// that was named. None when no group is large enough.
    pub reference: Option<String>,
    /// The groups.
    pub groups: Vec<Group>,
    /// Lowest over highest approval rate. Below 0.8 it fails the four-fifths rule (29 CFR 1607.4 D).
    pub approval: Option<Gap>,
    /// The gap in the approval of good rows: equal opportunity (Hardt, Price and Srebro, NeurIPS 2016).
    pub opportunity: Option<Gap>,
    /// The larger of that gap and the gap in the approval of bad rows: equalised odds (same source).
    pub odds: Option<Gap>,
    /// The gap in observed minus predicted bad rate: how differently the probabilities are wrong.
    pub calibration: Option<Gap>,
    /// The gap in AUC.
    pub auc: Option<Gap>,
}

impl Fairness {
    /// Whether the lowest approval rate is at least four fifths of the highest; none when fewer than two groups are large
    /// enough.
    pub fn four_fifths(&self) -> Option<bool> {
        self.approval.as_ref().map(|gap| gap.value >= 0.8)
    }
}

/// Compares groups: log-odds of bad, which rows are approved, outcomes, weights, the group of each row, and the reference
/// group's name (none: the one that is approved most).
///
/// # Errors
/// When the rows are not fit for measuring, the slices differ in length, or there is no group of the name.
pub fn fairness(
    log_odds: &[f64],
    approved: &[bool],
    bad: &[bool],
    weight: Option<&[f64]>,
    division: &Division,
    reference: Option<&str>,
    smallest: Smallest,
) -> Result<Fairness, Error> {
    let rows = Rows::try_new(log_odds, bad, weight)?;
    if approved.len() != bad.len() || division.of_row.len() != bad.len() {
        let (decided, divided, all) = (approved.len(), division.of_row.len(), bad.len());
        return Err(Error::Sample(format!(
            "there are {decided} approvals and {divided} group members for {all} rows; give one of each a row"
        )));
    }
    if let Some(name) = reference.filter(|name| !division.names.iter().any(|group| group == name)) {
        let reason = format!("there is no group {name:?}; the groups are {}", division.names.join(", "));
        return Err(Error::Option { option: "reference", reason });
    }
    let mut members: Vec<Vec<Row>> = vec![Vec::new(); division.names.len()];
    for row in rows.iter() {
        members[division.of_row[row.place]].push(row);
    }
    let mut groups = Vec::with_capacity(members.len());
    let mut sizes = Vec::with_capacity(members.len());
    for (name, members) in division.names.iter().zip(&members) {
        let (group, size) = measured(name, members, approved, smallest)?;
        groups.push(group);
        sizes.push(size);
    }
    let place = match reference {
        Some(name) => groups.iter().position(|group| group.name == name),
        None => {
            let large = (0..groups.len()).filter(|&place| !groups[place].too_few.contains(&"rows"));
            let rate = |place: usize| groups[place].approval.map_or(0.0, |approval| approval.value);
            large.fold(None, |best: Option<usize>, place| match best {
                Some(best) if rate(best) >= rate(place) => Some(best),
                _ => Some(place),
            })
        }
    };
    if let Some((base, effective)) =
        place.and_then(|place| Some((groups[place].approval?.value, sizes[place])))
    {
        for (group, size) in groups.iter_mut().zip(&sizes) {
            group.approval_ratio = group.approval.and_then(|own| ratio(own.value, *size, base, effective));
        }
    }
    Ok(summed_up(groups, place))
}

/// The figures of a group, and its effective size.
fn measured(
    name: &str,
    members: &[Row],
    approved: &[bool],
    smallest: Smallest,
) -> Result<(Group, f64), Error> {
    let share = |of: &dyn Fn(&&Row) -> bool| {
        let (mut mass, mut yes) = (Mass::default(), 0.0);
        for row in members.iter().filter(of) {
            mass.add(row.weight);
            yes += if approved[row.place] { row.weight } else { 0.0 };
        }
        (mass.rows > 0).then(|| Estimate::wilson(yes / mass.weight, mass.effective()))
    };
    let risk: Vec<f64> = members.iter().map(|row| row.risk).collect();
    let bad: Vec<bool> = members.iter().map(|row| row.bad).collect();
    let weight: Vec<f64> = members.iter().map(|row| row.weight).collect();
    let bad_rows = bad.iter().filter(|bad| **bad).count();
    let good_rows = members.len() - bad_rows;
    let wanted = [
        (members.len() < smallest.rows, "rows"),
        (good_rows < smallest.of_class, "good rows"),
        (bad_rows < smallest.of_class, "bad rows"),
    ];
    let mut group = Group {
        name: name.to_owned(),
        rows: members.len(),
        bad_rows,
        approval: share(&|_| true),
        approval_ratio: None,
        good_approved: share(&|row| !row.bad),
        bad_approved: share(&|row| row.bad),
        bad_rate: None,
        predicted: None,
        auc: None,
        too_few: wanted.into_iter().filter_map(|(few, what)| few.then_some(what)).collect(),
    };
    if members.is_empty() {
        return Ok((group, 0.0));
    }
    let rows = Rows::try_new(&risk, &bad, Some(&weight))?;
    group.bad_rate = Some(rows.bad_rate());
    group.predicted = Some(rows.predicted());
    if bad_rows > 0 && good_rows > 0 {
        group.auc = Some(auc(&risk, &bad, Some(&weight))?);
    }
    Ok((group, rows.effective()))
}

/// A ratio of two shares with its interval; none when one of them is zero.
fn ratio(own: f64, own_size: f64, base: f64, base_size: f64) -> Option<Estimate> {
    if own <= 0.0 || base <= 0.0 {
        return (base > 0.0).then_some(Estimate { value: 0.0, low: 0.0, high: f64::INFINITY });
    }
    let value = own / base;
    let half = Z * ((1.0 - own) / (own * own_size) + (1.0 - base) / (base * base_size)).max(0.0).sqrt();
    Some(Estimate { value, low: value * libm::exp(-half), high: value * libm::exp(half) })
}

fn summed_up(groups: Vec<Group>, reference: Option<usize>) -> Fairness {
    let gap = |lacks: &[&str], figure: &dyn Fn(&Group) -> Option<f64>| {
        let large = groups.iter().filter(|group| !group.too_few.iter().any(|few| lacks.contains(few)));
        let figures: Vec<(&Group, f64)> = large.filter_map(|group| Some((group, figure(group)?))).collect();
        let lowest = figures.iter().min_by(|a, b| a.1.total_cmp(&b.1))?;
        let highest = figures.iter().rev().max_by(|a, b| a.1.total_cmp(&b.1))?;
        (figures.len() > 1).then(|| (lowest.1, highest.1, lowest.0.name.clone(), highest.0.name.clone()))
    };
    let difference =
        |(low, high, lowest, highest): (f64, f64, String, String)| Gap { value: high - low, lowest, highest };
    let value = |estimate: Option<Estimate>| estimate.map(|estimate| estimate.value);
    let approval = gap(&["rows"], &|group| value(group.approval)).map(|(low, high, lowest, highest)| Gap {
        // Nobody approved anywhere: nobody is treated worse.
        value: if high > 0.0 { low / high } else { 1.0 },
        lowest,
        highest,
    });
    let opportunity = gap(&["rows", "good rows"], &|group| value(group.good_approved)).map(difference);
    let of_bad = gap(&["rows", "bad rows"], &|group| value(group.bad_approved)).map(difference);
    let odds = match (&opportunity, of_bad) {
        (Some(good), Some(bad)) => Some(if good.value >= bad.value { good.clone() } else { bad }),
        _ => None,
    };
    let off = |group: &Group| Some(group.bad_rate?.value - group.predicted?);
    let calibration = gap(&["rows", "bad rows"], &off).map(difference);
    let auc =
        gap(&["rows", "good rows", "bad rows"], &|group| group.auc.map(|auc| auc.value)).map(difference);
    Fairness {
        reference: reference.map(|place| groups[place].name.clone()),
        approval,
        opportunity,
        odds,
        calibration,
        auc,
        groups,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// For each group: approved good, refused good, approved bad, refused bad.
    fn treated(
        counts: &[[usize; 4]],
        reference: Option<&str>,
        smallest: Smallest,
    ) -> Result<Fairness, Error> {
        let (mut log_odds, mut approved, mut bad, mut of_row) = (vec![], vec![], vec![], vec![]);
        for (group, counts) in counts.iter().enumerate() {
            for (kind, count) in counts.iter().enumerate() {
                for _ in 0..*count {
                    log_odds.push(if kind % 2 == 0 { -1.0 } else { 1.0 });
                    approved.push(kind % 2 == 0);
                    bad.push(kind >= 2);
                    of_row.push(group);
                }
            }
        }
        let names = (0..counts.len()).map(|group| format!("g{group}")).collect();
        let division = Division::try_new(names, of_row).unwrap();
        fairness(&log_odds, &approved, &bad, None, &division, reference, smallest)
    }

    #[test]
    fn gaps_are_what_they_are_defined_as() {
        let counts = [[80, 20, 20, 80], [60, 40, 35, 65], [1, 9, 0, 0], [0, 0, 0, 0]];
        let got = treated(&counts, None, Smallest::default()).unwrap();
        assert_eq!(got.reference.as_deref(), Some("g0"));
        let approval = got.approval.clone().unwrap();
        assert!((approval.value - 0.475 / 0.5).abs() < 1e-12, "the small group is left out");
        assert_eq!((approval.lowest.as_str(), approval.highest.as_str()), ("g1", "g0"));
        assert_eq!(got.four_fifths(), Some(true));
        assert!((got.opportunity.clone().unwrap().value - 0.2).abs() < 1e-12);
        assert!((got.odds.clone().unwrap().value - 0.2).abs() < 1e-12);
        assert_eq!(got.groups[2].too_few, ["rows", "good rows", "bad rows"]);
        assert_eq!((got.groups[2].auc, got.groups[3].approval, got.groups[3].rows), (None, None, 0));
        // Bad rates are both a half; predicted: the approved at 0.27, the refused at 0.73.
        let low = 1.0 / (1.0 + 1.0_f64.exp());
        let predicted = |share: f64| share * low + (1.0 - share) * (1.0 - low);
        assert!((got.calibration.clone().unwrap().value - (predicted(0.475) - predicted(0.5))).abs() < 1e-12);
        let ratio = got.groups[1].approval_ratio.unwrap();
        let half = 1.959_963_984_540_054 * (0.525_f64 / 95.0 + 0.5 / 100.0).sqrt();
        assert!((ratio.low - 0.95 * (-half).exp()).abs() < 1e-12);
    }

    #[test]
    fn four_fifths_is_four_fifths() {
        let all = Smallest { rows: 1, of_class: 1 };
        for (second, holds) in [([60, 40, 20, 80], Some(true)), ([59, 41, 20, 80], Some(false))] {
            assert_eq!(treated(&[[80, 20, 20, 80], second], None, all).unwrap().four_fifths(), holds);
        }
        assert_eq!(treated(&[[80, 20, 20, 80]], None, all).unwrap().four_fifths(), None);
        let nobody = treated(&[[0, 9, 0, 9], [0, 9, 0, 9]], None, all).unwrap();
        assert_eq!(nobody.four_fifths(), Some(true));
        let named = treated(&[[80, 20, 20, 80], [9, 1, 1, 9]], Some("g1"), all).unwrap();
        assert_eq!(
            (named.reference.as_deref(), named.groups[0].approval_ratio.unwrap().value),
            (Some("g1"), 1.0)
        );
        let error = treated(&[[1, 1, 1, 1]], Some("x"), all).unwrap_err().to_string();
        assert!(error.contains("no group \"x\"; the groups are g0"), "{error}");
        let none = treated(&[[1, 1, 1, 1]], None, Smallest::default()).unwrap();
        assert_eq!((none.reference, none.approval, none.auc), (None, None, None));
    }
}
