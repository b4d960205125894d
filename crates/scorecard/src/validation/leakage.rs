//! Columns that know the future: what was not known at the moment of the decision must not be learned from.

use super::auc::{Auc, auc};
use super::estimate::{Estimate, Mass};
use super::ranked::Ranked;
use super::split::Dice;
use crate::table::{Column, MISSING, Values};
use crate::{Error, Sample};

/// Bins of a column of numbers, and categories that stand alone.
const BINS: usize = 20;
/// Categories that stand alone; rarer ones are together.
const CATEGORIES: usize = 50;

/// From where on a column is suspicious.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// AUC of the column alone.
    pub auc: f64,
    /// Its information value. Above 0.5 it is already "suspicious" to Siddiqi (2017); a good bureau score has 1 to 2.
    pub information_value: f64,
    /// AUC of nothing but whether the column has a value.
    pub missing_auc: f64,
    /// The share of rows that the column alone puts on the right side, both classes counting alike.
    pub copies: f64,
    /// The fewest rows of a value or bin that are all bad (or all good, beyond chance) before it is named.
    pub pure_rows: usize,
    /// By how much AUC of the column alone may differ before and after the observation moment.
    pub change: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            auc: 0.9,
            information_value: 3.0,
            missing_auc: 0.65,
            copies: 0.99,
            pure_rows: 50,
            change: 0.1,
        }
    }
}

/// What makes a column suspicious.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspicion {
    /// It is nearly the target itself.
    Copy,
    /// It tells good from bad better than an honest characteristic does.
    TooGood,
    /// Whether it has a value tells good from bad: it may be filled in once the outcome is known.
    MissingTells,
    /// One of its values occurs with bad rows only: it may be set because of the outcome.
    PureValue,
    /// It means something else after the observation moment than before.
    Changes,
}

impl Suspicion {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Suspicion::Copy => "copy of the target",
            Suspicion::TooGood => "too good",
            Suspicion::MissingTells => "missing values tell",
            Suspicion::PureValue => "only bad rows",
            Suspicion::Changes => "relation changes",
        }
    }
}

/// A suspicious column.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The column.
    pub column: String,
    /// What makes it suspicious.
    pub suspicion: Suspicion,
    /// The figure that says so.
    pub figure: f64,
    /// Why, in words, and what to look at.
    pub why: String,
}

/// Looks at each column of a sample for knowledge of the future. `after` says of each row whether it was observed after the
/// moment at which relations may have changed (the later half of the periods, say); without it that is not looked at. What
/// is found is a reason to ask where a column comes from; it is no proof.
///
/// # Errors
/// When the sample is all good or all bad, or `after` is of another number of rows.
pub fn leakage(sample: &Sample, after: Option<&[bool]>, limits: &Limits) -> Result<Vec<Finding>, Error> {
    let rows = sample.rows();
    if let Some(after) = after.filter(|after| after.len() != rows) {
        return Err(Error::Sample(format!("the moments are of {} rows, but there are {rows}", after.len())));
    }
    let mut found = Vec::new();
    for column in sample.table.columns() {
        let coarse = Coarse::new(column, sample);
        let alone = auc(&coarse.risk(sample, None), &sample.bad, sample.weight.as_deref())?;
        found.extend(
            copy(column, sample, limits)?.or_else(|| too_good(column, &coarse, sample, &alone, limits)),
        );
        found.extend(missing_tells(column, &coarse, sample, limits)?);
        found.extend(pure_value(column, &coarse, sample, limits));
        if let Some(after) = after {
            found.extend(changes(column, &coarse, sample, after, limits)?);
        }
    }
    Ok(found)
}

/// A column in coarse bins; the last is that of missing values.
struct Coarse {
    of_row: Vec<u16>,
    names: Vec<String>,
    /// Whether each bin is a single value, and not a range of them.
    exact: bool,
}

impl Coarse {
    fn new(column: &Column, sample: &Sample) -> Coarse {
        match &column.values {
            Values::Numbers(numbers) => Coarse::of_numbers(numbers),
            Values::Categories { codes, levels } => Coarse::of_categories(codes, levels, sample),
        }
    }

    fn of_numbers(numbers: &[f64]) -> Coarse {
        let mut sorted: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
        sorted.sort_by(f64::total_cmp);
        let mut starts: Vec<f64> = sorted.clone();
        starts.dedup();
        let exact = starts.len() <= BINS;
        if !exact {
            starts = (0..BINS).map(|bin| sorted[sorted.len() * bin / BINS]).collect();
            starts.dedup();
        }
        let name = |place: usize| match starts.get(place + 1) {
            _ if exact => format!("{}", starts[place]),
            Some(next) => format!("{} to {next}", starts[place]),
            None => format!("{} or more", starts[place]),
        };
        let mut names: Vec<String> = (0..starts.len()).map(name).collect();
        names.push("missing".to_owned());
        let of = |number: &f64| match number.is_nan() {
            true => starts.len() as u16,
            false => starts.partition_point(|start| start <= number).saturating_sub(1) as u16,
        };
        Coarse { of_row: numbers.iter().map(of).collect(), names, exact }
    }

    fn of_categories(codes: &[u32], levels: &[String], sample: &Sample) -> Coarse {
        let mut weights = vec![0.0; levels.len()];
        for (row, code) in codes.iter().enumerate().filter(|(_, code)| **code != MISSING) {
            weights[*code as usize] += sample.weight_of(row);
        }
        let mut common: Vec<usize> = (0..levels.len()).collect();
        common.sort_by(|a, b| weights[*b].total_cmp(&weights[*a]).then(levels[*a].cmp(&levels[*b])));
        common.truncate(CATEGORIES);
        let mut names: Vec<String> = common.iter().map(|level| levels[*level].clone()).collect();
        names.extend(["all others".to_owned(), "missing".to_owned()]);
        let mut place = vec![common.len() as u16; levels.len()];
        for (bin, level) in common.iter().enumerate() {
            place[*level] = bin as u16;
        }
        let missing = names.len() as u16 - 1;
        let of = |code: &u32| if *code == MISSING { missing } else { place[*code as usize] };
        Coarse { of_row: codes.iter().map(of).collect(), names, exact: true }
    }

    /// The weight of good and bad rows in each bin, and how many rows there are, among some rows.
    fn counts(&self, sample: &Sample, among: impl Fn(usize) -> bool) -> Vec<(f64, f64, Mass)> {
        let mut counts = vec![(0.0, 0.0, Mass::default()); self.names.len()];
        for (row, bin) in self.of_row.iter().enumerate().filter(|(row, _)| among(*row)) {
            let (weight, count) = (sample.weight_of(row), &mut counts[usize::from(*bin)]);
            *if sample.bad[row] { &mut count.1 } else { &mut count.0 } += weight;
            count.2.add(weight);
        }
        counts
    }

    /// Each row's risk by the bad rate of its bin among rows of the other of two halves, so that no row tells its own
    /// outcome; or, given `learned`, among those rows. Half a row of the average is mixed into every bin.
    fn risk(&self, sample: &Sample, learned: Option<&[bool]>) -> Vec<f64> {
        let mut dice = Dice(0);
        let half: Vec<bool> = (0..sample.rows()).map(|_| dice.next().is_multiple_of(2)).collect();
        let rates = |among: &dyn Fn(usize) -> bool| -> Vec<f64> {
            let counts = self.counts(sample, among);
            let sums = counts.iter().fold((0.0, 0.0, 0.0), |sum, count| {
                (sum.0 + count.0, sum.1 + count.1, sum.2 + count.2.rows as f64)
            });
            let (all, each) = (sums.0 + sums.1, (sums.0 + sums.1) / f64::max(sums.2, 1.0));
            let rate = if all > 0.0 { sums.1 / all } else { 0.5 };
            let mixed = |count: &(f64, f64, Mass)| {
                let weight = count.0 + count.1 + 0.5 * each;
                if weight > 0.0 { (count.1 + 0.5 * each * rate) / weight } else { rate }
            };
            counts.iter().map(mixed).collect()
        };
        let known = |row: usize| learned.is_none_or(|learned| learned[row]);
        let (one, other) = (rates(&|row| known(row) && half[row]), rates(&|row| known(row) && !half[row]));
        let all = learned.map(|_| rates(&known));
        let of = |(row, bin): (usize, &u16)| match &all {
            // A row that was not learned from is told by all that were.
            Some(all) if !known(row) => all[usize::from(*bin)],
            _ if half[row] => other[usize::from(*bin)],
            _ => one[usize::from(*bin)],
        };
        self.of_row.iter().enumerate().map(of).collect()
    }

    /// Σ (share of bad − share of good) · ln of their ratio, half a row in empty cells.
    fn information_value(&self, sample: &Sample) -> f64 {
        let counts = self.counts(sample, |_| true);
        let used: Vec<_> = counts.iter().filter(|count| count.2.rows > 0).collect();
        let (good, bad) = sample.good_and_bad();
        let each = (good + bad) / used.iter().map(|count| count.2.rows as f64).sum::<f64>();
        let of = |count: &&(f64, f64, Mass)| {
            let (good_share, bad_share) = (count.0.max(0.5 * each) / good, count.1.max(0.5 * each) / bad);
            (bad_share - good_share) * libm::log(bad_share / good_share)
        };
        used.iter().map(of).sum()
    }
}

/// Balanced accuracy at the best cut of a column of numbers, either way round.
fn copy(column: &Column, sample: &Sample, limits: &Limits) -> Result<Option<Finding>, Error> {
    let Values::Numbers(numbers) = &column.values else { return Ok(None) };
    // Below every number: missing values as a class of their own do not hide a copy.
    let lowest = numbers.iter().copied().filter(|number| number.is_finite()).fold(f64::INFINITY, f64::min);
    let highest =
        numbers.iter().copied().filter(|number| number.is_finite()).fold(f64::NEG_INFINITY, f64::max);
    if lowest > highest {
        return Ok(None);
    }
    let sides = [lowest - 1.0, highest + 1.0].map(|missing| {
        let risk: Vec<f64> = numbers
            .iter()
            .map(|number| if number.is_nan() { missing } else { number.clamp(lowest, highest) })
            .collect();
        let turned: Vec<f64> = risk.iter().map(|risk| -risk).collect();
        let best = |risk: &[f64]| {
            Ranked::try_new(risk, &sample.bad, sample.weight.as_deref())
                .map(|ranked| 0.5 + 0.5 * ranked.ks().value)
        };
        best(&risk).and_then(|one| Ok(best(&turned)?.max(one)))
    });
    let [one, other] = sides;
    let figure = one?.max(other?);
    Ok((figure >= limits.copies).then(|| Finding {
        column: column.name.clone(),
        suspicion: Suspicion::Copy,
        figure,
        why: format!(
            "one cut of it puts {:.1} % of good and bad rows on the right side: it is nearly {:?} itself, or made from it",
            figure * 100.0,
            sample.target
        ),
    }))
}

fn too_good(
    column: &Column,
    coarse: &Coarse,
    sample: &Sample,
    alone: &Auc,
    limits: &Limits,
) -> Option<Finding> {
    let value = coarse.information_value(sample);
    // Few rows reach a high AUC by luck: the interval's lower end must come near too.
    let by_auc = alone.value >= limits.auc && alone.low >= limits.auc - 0.05;
    (by_auc || (value >= limits.information_value && alone.low >= 0.8)).then(|| Finding {
        column: column.name.clone(),
        suspicion: Suspicion::TooGood,
        figure: alone.value,
        why: format!(
            "alone it has an AUC of {:.3} and an information value of {value:.2}; what is known before the outcome seldom has: ask when it is written",
            alone.value
        ),
    })
}

fn missing_tells(
    column: &Column,
    coarse: &Coarse,
    sample: &Sample,
    limits: &Limits,
) -> Result<Option<Finding>, Error> {
    let missing = coarse.names.len() as u16 - 1;
    let risk: Vec<f64> = coarse.of_row.iter().map(|bin| if *bin == missing { 1.0 } else { 0.0 }).collect();
    let found = auc(&risk, &sample.bad, sample.weight.as_deref())?;
    let distance = (found.value - 0.5).abs();
    let beyond_chance = found.low > 0.55 || found.high < 0.45;
    Ok((distance + 0.5 >= limits.missing_auc && beyond_chance).then(|| {
        let counts = coarse.counts(sample, |_| true);
        let rate = |counts: &[(f64, f64, Mass)]| {
            let sums = counts.iter().fold((0.0, 0.0), |sum, count| (sum.0 + count.0, sum.1 + count.1));
            sums.1 / (sums.0 + sums.1) * 100.0
        };
        let (with, without) = counts.split_at(usize::from(missing));
        Finding {
            column: column.name.clone(),
            suspicion: Suspicion::MissingTells,
            figure: distance + 0.5,
            why: format!(
                "rows without a value are bad in {:.1} % of cases, rows with one in {:.1} %: it may be filled in (or left empty) because of the outcome",
                rate(without),
                rate(with)
            ),
        }
    }))
}

/// A single value (or none, or any but the commonest) that only bad rows have. A range at the end of an honest
/// characteristic may be pure too, so ranges are not looked at.
fn pure_value(column: &Column, coarse: &Coarse, sample: &Sample, limits: &Limits) -> Option<Finding> {
    let (good, bad) = sample.good_and_bad();
    let pure = |count: &(f64, f64, Mass)| {
        let rate = count.1 / (count.0 + count.1);
        let low = Estimate::wilson(rate, count.2.effective()).low;
        // Bad rows alone, where the average would have left many good ones.
        count.2.rows >= limits.pure_rows && rate >= 0.99 && low > 2.0 * bad / (good + bad)
    };
    let missing = coarse.names.len() - 1;
    let counts = coarse.counts(sample, |_| true);
    let mut candidates: Vec<(String, (f64, f64, Mass))> = counts
        .iter()
        .enumerate()
        .filter(|(bin, _)| coarse.exact || *bin == missing)
        .map(|(bin, count)| (coarse.names[bin].clone(), *count))
        .collect();
    candidates.extend(any_but_the_commonest(column, sample));
    // Of equal ones the first: the last maximum from the end.
    let found =
        candidates.iter().rev().filter(|(_, count)| pure(count)).max_by_key(|(_, count)| count.2.rows);
    found.map(|(name, count)| {
        let rate = count.1 / (count.0 + count.1);
        let why = format!(
            "of {} rows with {name} there, {:.1} % are bad: it may be written because they turned out bad",
            count.2.rows,
            rate * 100.0
        );
        Finding { column: column.name.clone(), suspicion: Suspicion::PureValue, figure: rate, why }
    })
}

/// The rows whose number is there and not the one that half of all rows have; none without such a number.
fn any_but_the_commonest(column: &Column, sample: &Sample) -> Option<(String, (f64, f64, Mass))> {
    let Values::Numbers(numbers) = &column.values else { return None };
    let mut sorted: Vec<f64> = numbers.iter().copied().filter(|number| !number.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    // A number that half of the rows have is the middle one.
    let middle = *sorted.get(sorted.len() / 2)?;
    if sorted.iter().filter(|number| **number == middle).count() * 2 < sorted.len() {
        return None;
    }
    let mut count = (0.0, 0.0, Mass::default());
    let others = numbers.iter().enumerate().filter(|(_, number)| !number.is_nan() && **number != middle);
    for (row, _) in others {
        let weight = sample.weight_of(row);
        *if sample.bad[row] { &mut count.1 } else { &mut count.0 } += weight;
        count.2.add(weight);
    }
    Some((format!("a value other than {middle}"), count))
}

fn changes(
    column: &Column,
    coarse: &Coarse,
    sample: &Sample,
    after: &[bool],
    limits: &Limits,
) -> Result<Option<Finding>, Error> {
    let before: Vec<bool> = after.iter().map(|after| !after).collect();
    let risk = coarse.risk(sample, Some(&before));
    let of = |later: bool| {
        let rows: Vec<usize> = (0..sample.rows()).filter(|&row| after[row] == later).collect();
        let part = sample.take(&rows);
        let (good, bad) = part.good_and_bad();
        let risk: Vec<f64> = rows.iter().map(|&row| risk[row]).collect();
        (good > 0.0 && bad > 0.0).then(|| auc(&risk, &part.bad, part.weight.as_deref())).transpose()
    };
    let (Some(early), Some(late)) = (of(false)?, of(true)?) else { return Ok(None) };
    let difference = late.value - early.value;
    let Some((one, other)) = early.variance.zip(late.variance) else { return Ok(None) };
    // Three standard errors: many columns are looked at.
    if difference.abs() < limits.change || difference * difference < 9.0 * (one + other) {
        return Ok(None);
    }
    Ok(Some(Finding {
        column: column.name.clone(),
        suspicion: Suspicion::Changes,
        figure: difference,
        why: format!(
            "what it says before the moment has an AUC of {:.3} there, and of {:.3} afterwards: its meaning, or when it is written, has changed",
            early.value, late.value
        ),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Table;

    const ROWS: usize = 2000;

    /// Half the rows are bad; `x` is honest, the other column what the test makes of (row, bad, dice).
    fn sample(value: impl Fn(usize, bool, f64) -> f64) -> Sample {
        let mut dice = Dice(5);
        let mut uniform = || dice.next() as f64 / u64::MAX as f64;
        let bad: Vec<bool> = (0..ROWS).map(|_| uniform() < 0.3).collect();
        let honest = bad.iter().map(|bad| uniform() + if *bad { 0.3 } else { 0.0 }).collect();
        let other = (0..ROWS).map(|row| value(row, bad[row], uniform())).collect();
        let target = bad.iter().map(|bad| f64::from(u8::from(*bad))).collect();
        let columns =
            vec![Column::numbers("x", honest), Column::numbers("y", other), Column::numbers("bad", target)];
        Sample::try_new(&Table::try_new(columns).unwrap(), "bad", None).unwrap()
    }

    fn check(value: impl Fn(usize, bool, f64) -> f64, wanted: &[Suspicion], words: &str) {
        let after: Vec<bool> = (0..ROWS).map(|row| row >= ROWS / 2).collect();
        let found = leakage(&sample(value), Some(&after), &Limits::default()).unwrap();
        assert!(
            found.iter().all(|finding| finding.column == "y" && !finding.why.contains("NaN")),
            "{found:?}"
        );
        assert_eq!(found.iter().map(|finding| finding.suspicion).collect::<Vec<_>>(), wanted, "{found:?}");
        assert!(words.is_empty() || found.iter().any(|finding| finding.why.contains(words)), "{found:?}");
    }

    #[test]
    fn each_kind_of_leak_is_found_and_an_honest_column_is_not() {
        let flag = |bad: bool| f64::from(u8::from(bad));
        check(|_, _, u| u, &[], "");
        check(|_, bad, u| u + 0.35 * flag(bad), &[], "");
        check(|_, bad, u| 5.0 - 5.0 * flag(bad) + u, &[Suspicion::Copy], "nearly \"bad\" itself");
        check(|_, bad, u| u + if bad { 0.8 } else { 0.0 }, &[Suspicion::TooGood], "AUC of 0.9");
        check(
            |_, bad, u| if bad && u < 0.7 { f64::NAN } else { 10.0 * u },
            &[Suspicion::TooGood, Suspicion::MissingTells, Suspicion::PureValue],
            "rows without a value are bad in 100.0 %",
        );
        check(
            |_, bad, u| if bad && u < 0.3 { 1.0 } else { 0.0 },
            &[Suspicion::PureValue],
            "with 1 there, 100.0 % are bad",
        );
        check(
            |row, bad, u| u + 0.4 * flag(bad) * if row < ROWS / 2 { 1.0 } else { -1.0 },
            &[Suspicion::Changes],
            "afterwards",
        );
        check(|_, _, _| 1.0, &[], "");
        check(|_, _, _| f64::NAN, &[], "");
        check(|row, _, _| if row % 2 == 0 { f64::INFINITY } else { f64::NEG_INFINITY }, &[], "");
    }

    #[test]
    fn categories_are_looked_at_too() {
        let plain = sample(|_, _, u| u);
        let texts: Vec<String> = (0..ROWS)
            .map(|row| if plain.bad[row] { format!("lost {}", row % 3) } else { format!("row {row}") })
            .collect();
        let column = Column::categories("state", texts.iter().map(|text| Some(text.as_str())));
        let table = Table::try_new(vec![column]).unwrap();
        let found = leakage(&Sample { table, ..plain }, None, &Limits::default()).unwrap();
        assert_eq!(
            found.iter().map(|finding| finding.suspicion).collect::<Vec<_>>(),
            [Suspicion::TooGood, Suspicion::PureValue]
        );
        let error = leakage(&sample(|_, _, u| u), Some(&[true]), &Limits::default()).unwrap_err().to_string();
        assert!(error.contains("of 1 rows"), "{error}");
    }
}
