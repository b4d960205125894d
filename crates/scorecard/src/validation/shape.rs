//! Whether the tables of a card keep the trend that is stated of them.

use super::estimate::Z;
use crate::bins::{Bins, Split};
use crate::card::{Attribute, Characteristic, Pair};
use crate::table::Value;
use crate::{Error, Sample, Scorecard};

/// How figures run over ascending bins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// They are all the same, or there is one only.
    Flat,
    /// They rise, or stay.
    Ascending,
    /// They fall, or stay.
    Descending,
    /// They rise, then fall.
    Peak,
    /// They fall, then rise.
    Valley,
    /// They turn more than once.
    Mixed,
}

impl Shape {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Shape::Flat => "flat",
            Shape::Ascending => "ascending",
            Shape::Descending => "descending",
            Shape::Peak => "peak",
            Shape::Valley => "valley",
            Shape::Mixed => "mixed",
        }
    }

    /// Whether figures of this shape keep a stated one. Flat keeps every one; a rise or fall alone keeps peak and valley.
    pub fn keeps(self, stated: Shape) -> bool {
        match (self, stated) {
            (Shape::Flat, _) | (_, Shape::Mixed) => true,
            (Shape::Ascending | Shape::Descending, Shape::Peak | Shape::Valley) => true,
            (own, stated) => own == stated,
        }
    }
}

/// The shape of figures.
pub fn shape_of(figures: &[f64]) -> Shape {
    // The steps up and down, those of the same direction taken together.
    let mut turns: Vec<bool> =
        figures.windows(2).filter(|pair| pair[0] != pair[1]).map(|pair| pair[1] > pair[0]).collect();
    turns.dedup();
    match turns.as_slice() {
        [] => Shape::Flat,
        [true] => Shape::Ascending,
        [false] => Shape::Descending,
        [true, false] => Shape::Peak,
        [false, true] => Shape::Valley,
        _ => Shape::Mixed,
    }
}

/// What is found about the trend of one characteristic.
#[derive(Debug, Clone, PartialEq)]
pub struct TrendCheck {
    /// The characteristic.
    pub name: String,
    /// The trend that was stated, of the risk over ascending values.
    pub stated: Option<Shape>,
    /// The shape of its log-odds of bad over its regular bins.
    pub log_odds: Shape,
    /// The shape of the risk in its points: that of the points, upside down. Rounding may differ from the log-odds.
    pub points: Shape,
    /// The shape of the bad rates observed in the sample.
    pub observed: Shape,
    /// Neighbouring bins, by the first one's number, whose observed rates run against the log-odds by more than chance
    /// explains (two proportions, 95 %).
    pub reversed: Vec<usize>,
    /// What breaks a stated rise or fall, if anything: also a pair may, where the table of the characteristic alone does not.
    pub broken: Option<String>,
}

/// Checks the trends of a card's characteristics of numbers, against what is stated of them (name and shape) and against a
/// sample. Groups of categories have no order, so they have no trend.
///
/// # Errors
/// When something is stated of a characteristic that the card does not have or that is of categories, or the sample lacks a
/// column.
pub fn trends(
    card: &Scorecard,
    sample: &Sample,
    stated: &[(String, Shape)],
) -> Result<Vec<TrendCheck>, Error> {
    let parts = card.parts();
    for (name, shape) in stated {
        let found = parts.characteristics.iter().find(|characteristic| characteristic.name == *name);
        let reason = match found {
            None => "the scorecard has no such characteristic",
            Some(found) if !matches!(found.bins.split(), Split::Cuts(_)) => "its categories have no order",
            Some(_) => continue,
        };
        return Err(Error::Option {
            option: "trend",
            reason: format!("{} cannot be stated of {name:?}: {reason}", shape.name()),
        });
    }
    let mut checks = Vec::new();
    for characteristic in &parts.characteristics {
        if !matches!(characteristic.bins.split(), Split::Cuts(_)) {
            continue;
        }
        let regular = characteristic.bins.regular();
        let counts = counted(characteristic, sample)?;
        let attributes = &characteristic.attributes[..regular];
        let log_odds: Vec<f64> = attributes.iter().map(|attribute| attribute.log_odds).collect();
        let points: Vec<f64> = attributes.iter().map(|attribute| -f64::from(attribute.points)).collect();
        let rates: Vec<f64> =
            counts.iter().filter(|count| count.0 > 0.0).map(|count| count.1 / count.0).collect();
        let stated = stated.iter().find(|(name, _)| *name == characteristic.name).map(|(_, shape)| *shape);
        let mut check = TrendCheck {
            name: characteristic.name.clone(),
            stated,
            log_odds: shape_of(&log_odds),
            points: shape_of(&points),
            observed: shape_of(&rates),
            reversed: reversed(&log_odds, &counts),
            broken: None,
        };
        check.broken = stated.and_then(|stated| broken(characteristic, &parts.pairs, stated, &check));
        checks.push(check);
    }
    Ok(checks)
}

/// Of each regular bin the weight, the weight of bad rows, and the squares of weights.
fn counted(characteristic: &Characteristic, sample: &Sample) -> Result<Vec<(f64, f64, f64)>, Error> {
    let mut counts = vec![(0.0, 0.0, 0.0); characteristic.bins.count()];
    let bins = characteristic.bins.find_all(sample.table.column(&characteristic.name)?);
    for (row, bin) in bins.into_iter().enumerate() {
        let (weight, count) = (sample.weight_of(row), &mut counts[usize::from(bin)]);
        count.0 += weight;
        count.1 += if sample.bad[row] { weight } else { 0.0 };
        count.2 += weight * weight;
    }
    counts.truncate(characteristic.bins.regular());
    Ok(counts)
}

fn reversed(log_odds: &[f64], counts: &[(f64, f64, f64)]) -> Vec<usize> {
    let against = |&bin: &usize| {
        let ((n, bad, squares), (next_n, next_bad, next_squares)) = (counts[bin], counts[bin + 1]);
        if n <= 0.0 || next_n <= 0.0 {
            return false;
        }
        let sizes = [n * n / squares, next_n * next_n / next_squares];
        let (rate, next) = (bad / n, next_bad / next_n);
        let together = (rate * sizes[0] + next * sizes[1]) / (sizes[0] + sizes[1]);
        let error = (together * (1.0 - together) * (1.0 / sizes[0] + 1.0 / sizes[1])).sqrt();
        (next - rate) * (log_odds[bin + 1] - log_odds[bin]) < 0.0 && (next - rate).abs() > Z * error
    };
    (0..log_odds.len().saturating_sub(1)).filter(against).collect()
}

fn broken(
    characteristic: &Characteristic,
    pairs: &[Pair],
    stated: Shape,
    check: &TrendCheck,
) -> Option<String> {
    if !check.log_odds.keeps(stated) {
        return Some(format!("its log-odds are {}, not {}", check.log_odds.name(), stated.name()));
    }
    if !check.points.keeps(stated) {
        return Some(format!("its points make the risk {}, not {}", check.points.name(), stated.name()));
    }
    let sign = match stated {
        Shape::Ascending => 1.0,
        Shape::Descending => -1.0,
        _ => return None,
    };
    let own: Vec<&Pair> = pairs
        .iter()
        .filter(|pair| pair.first == characteristic.name || pair.second == characteristic.name)
        .collect();
    let cuts_of = |bins: &Bins| match bins.split() {
        Split::Cuts(cuts) => cuts.clone(),
        Split::Groups { .. } => Vec::new(),
    };
    let mut cuts = cuts_of(&characteristic.bins);
    for pair in &own {
        cuts.extend(cuts_of(if pair.first == characteristic.name { &pair.rows } else { &pair.columns }));
    }
    cuts.sort_by(f64::total_cmp);
    cuts.dedup();
    // The other columns of different pairs vary freely, so the worst step over a cut is the sum of each table's worst.
    cuts.iter().find_map(|&cut| {
        let sides = [cut.next_down(), cut].map(|value| characteristic.bins.find(Value::Number(value)));
        // A cut beside a special value is no border between regular bins.
        let alone =
            characteristic.attributes[sides[1]].log_odds - characteristic.attributes[sides[0]].log_odds;
        let steps = own.iter().map(|pair| worst_step(pair, &characteristic.name, cut, sign));
        let total = sign * alone + steps.sum::<f64>();
        (total < -1e-9).then(|| {
            let names: Vec<String> =
                own.iter().map(|pair| format!("{} × {}", pair.first, pair.second)).collect();
            format!("at {cut} it can turn by {:.3} log-odds together with {}", -total, names.join(", "))
        })
    })
}

/// The least step in the stated direction over a cut of one column, over all bins of the other.
fn worst_step(pair: &Pair, name: &str, cut: f64, sign: f64) -> f64 {
    let first = pair.first == name;
    let (bins, others) = if first { (&pair.rows, &pair.columns) } else { (&pair.columns, &pair.rows) };
    let sides = [cut.next_down(), cut].map(|value| bins.find(Value::Number(value)));
    let cell = |bin: usize, other: usize| -> &Attribute {
        let (row, column) = if first { (bin, other) } else { (other, bin) };
        &pair.cells[row * pair.columns.count() + column]
    };
    let step = |other: usize| sign * (cell(sides[1], other).log_odds - cell(sides[0], other).log_odds);
    (0..others.count()).map(step).fold(f64::INFINITY, f64::min)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validation::card_for_tests::{card, changed, sample};

    #[test]
    fn shapes() {
        for (figures, wanted) in [
            (&[][..], Shape::Flat),
            (&[1.0, 1.0], Shape::Flat),
            (&[1.0, 1.0, 2.0], Shape::Ascending),
            (&[3.0, 2.0, 2.0, 1.0], Shape::Descending),
            (&[1.0, 2.0, 2.0, 1.0], Shape::Peak),
            (&[2.0, 1.0, 3.0], Shape::Valley),
            (&[2.0, 1.0, 3.0, 1.0], Shape::Mixed),
        ] {
            assert_eq!(shape_of(figures), wanted, "{figures:?}");
        }
        assert!(Shape::Ascending.keeps(Shape::Peak) && Shape::Flat.keeps(Shape::Descending));
        assert!(!Shape::Peak.keeps(Shape::Ascending) && !Shape::Descending.keeps(Shape::Ascending));
    }

    #[test]
    fn a_stated_trend_is_kept_or_said_to_be_broken() {
        let stated = |shape| [("age".to_owned(), shape)];
        let check = |card: &Scorecard, shape| trends(card, &sample(), &stated(shape)).unwrap().remove(0);
        let kept = check(&card(), Shape::Descending);
        assert_eq!((kept.log_odds, kept.points, kept.broken), (Shape::Descending, Shape::Descending, None));
        let broken = check(&card(), Shape::Ascending).broken.unwrap();
        assert_eq!(broken, "its log-odds are descending, not ascending");
        // A pair turns it around, at a cut that only the pair has.
        let turned = changed(|parts| parts.pairs[0].cells[4].log_odds = 3.0);
        let broken = check(&turned, Shape::Descending).broken.unwrap();
        assert!(broken.starts_with("at 40 it can turn by 2.5") && broken.contains("age × debt"), "{broken}");
        assert_eq!(check(&turned, Shape::Mixed).broken, None);
        let points = changed(|parts| parts.characteristics[0].attributes[1].points = -80);
        assert!(check(&points, Shape::Descending).broken.unwrap().contains("points make the risk"));
        for (name, wanted) in [("home", "no order"), ("x", "no such characteristic")] {
            let error =
                trends(&card(), &sample(), &[(name.to_owned(), Shape::Ascending)]).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn reversals_beyond_chance_are_named() {
        let counts = |bads: [f64; 3]| bads.map(|bad| (100.0, bad, 100.0));
        assert_eq!(reversed(&[1.0, 0.0, -1.0], &counts([10.0, 40.0, 38.0])), [0]);
        assert_eq!(reversed(&[1.0, 0.0, -1.0], &counts([40.0, 42.0, 38.0])), [0_usize; 0]);
        assert_eq!(reversed(&[1.0, 0.0], &[(0.0, 0.0, 0.0), (10.0, 5.0, 10.0)]), [0_usize; 0]);
    }
}
