//! Rows divided into named parts: segments, groups of people, periods.

use super::moment::{moment, month};
use crate::Error;
use crate::table::{Column, MISSING, Value, Values};
use std::collections::BTreeMap;

/// The most parts that a column is divided into: what has more is put together.
pub const MOST_PARTS: usize = 24;

/// The name of the part of rows without a value.
const NO_VALUE: &str = "missing";

/// Rows in named parts.
#[derive(Debug, Clone, PartialEq)]
pub struct Division {
    /// The parts' names, in the order in which they are shown; periods ascend.
    pub names: Vec<String>,
    /// The part of each row: a place among the names.
    pub of_row: Vec<usize>,
}

impl Division {
    /// Parts from names and a place among them for each row.
    ///
    /// # Errors
    /// When a row is in no part.
    pub fn try_new(names: Vec<String>, of_row: Vec<usize>) -> Result<Self, Error> {
        match of_row.iter().position(|part| *part >= names.len()) {
            None => Ok(Division { names, of_row }),
            Some(row) => Err(Error::Sample(format!(
                "row {} is in part {}, but there are only {}",
                row + 1,
                of_row[row],
                names.len()
            ))),
        }
    }

    /// Segments by a column: one for each category or number, those without a value last. Of more than [`MOST_PARTS`]
    /// categories the commonest stand alone and the rest together; of more numbers, five parts of about as many rows each.
    pub fn of_column(column: &Column) -> Division {
        match &column.values {
            Values::Categories { codes, levels } => of_categories(codes, levels),
            Values::Numbers(numbers) => of_numbers(numbers, 5),
        }
    }

    /// Periods by a column of time, ascending. Texts must be dates and times in ISO 8601's order; they are put together by
    /// month, or by quarter or year when there are more than [`MOST_PARTS`] months. Numbers (a year, a month as 202403, a
    /// serial day) are periods as they stand; more than [`MOST_PARTS`] different ones make twelve of about as many rows each.
    ///
    /// # Errors
    /// When a value is missing, or a text names no moment.
    pub fn periods(column: &Column) -> Result<Division, Error> {
        let moments = moments_of(column)?;
        if matches!(column.values, Values::Numbers(_)) {
            return Ok(of_numbers(&moments, 12));
        }
        let months: Vec<i64> = moments
            .iter()
            .map(|moment| {
                let (year, month) = month(*moment as i64);
                year * 12 + month - 1
            })
            .collect();
        let name = |step: i64, period: i64| {
            let (year, of_year) = ((period * step).div_euclid(12), (period * step).rem_euclid(12));
            match step {
                1 => format!("{year}-{:02}", of_year + 1),
                3 => format!("{year}-Q{}", of_year / 3 + 1),
                _ => year.to_string(),
            }
        };
        for step in [1, 3, 12] {
            let periods: Vec<i64> = months.iter().map(|month| month.div_euclid(step)).collect();
            let distinct: BTreeMap<i64, usize> = periods.iter().map(|period| (*period, 0)).collect();
            if distinct.len() <= MOST_PARTS || step == 12 {
                let places: BTreeMap<i64, usize> =
                    distinct.into_keys().enumerate().map(|(place, period)| (period, place)).collect();
                let names = places.keys().map(|period| name(step, *period)).collect();
                return Ok(Division { names, of_row: periods.iter().map(|period| places[period]).collect() });
            }
        }
        Ok(of_numbers(&moments, 12))
    }

    /// For each row whether it lies in the later half of the periods, counted by rows. All false when there is one period.
    pub fn later_half(&self) -> Vec<bool> {
        let mut counts = vec![0_usize; self.names.len()];
        for part in &self.of_row {
            counts[*part] += 1;
        }
        let (mut before, mut border) = (0, self.names.len());
        for (part, count) in counts.iter().enumerate().take(self.names.len().saturating_sub(1)) {
            before += count;
            if before * 2 >= self.of_row.len() {
                border = part + 1;
                break;
            }
        }
        if border == self.names.len() && border > 1 {
            border -= 1;
        }
        self.of_row.iter().map(|part| *part >= border).collect()
    }
}

/// A number for each row by which they stand in the order of time: milliseconds since 1970 of texts, numbers as they are.
///
/// # Errors
/// When a value is missing, or a text names no moment.
pub(super) fn moments_of(column: &Column) -> Result<Vec<f64>, Error> {
    let name = &column.name;
    let missing = |row: usize| {
        Error::Sample(format!(
            "the time {name:?} is missing in row {}; leave such rows out or give their time",
            row + 1
        ))
    };
    match &column.values {
        Values::Numbers(numbers) => match numbers.iter().position(|number| !number.is_finite()) {
            Some(row) => Err(missing(row)),
            None => Ok(numbers.to_vec()),
        },
        Values::Categories { codes, levels } => {
            let read: Vec<Option<i64>> = levels.iter().map(|level| moment(level)).collect();
            let of_row = |(row, code): (usize, &u32)| {
                if *code == MISSING {
                    return Err(missing(row));
                }
                let level = *code as usize;
                read[level].map(|moment| moment as f64).ok_or_else(|| {
                    Error::Sample(format!(
                        "the time {name:?} is {:?} in row {}; write it year first: 2024, 2024-Q1, 2024-03, 2024-03-31 or 2024-03-31T12:00:00Z",
                        levels[level],
                        row + 1
                    ))
                })
            };
            codes.iter().enumerate().map(of_row).collect()
        }
    }
}

fn of_categories(codes: &[u32], levels: &[String]) -> Division {
    let mut counts = vec![0_usize; levels.len()];
    for code in codes.iter().filter(|code| **code != MISSING) {
        counts[*code as usize] += 1;
    }
    let mut common: Vec<usize> = (0..levels.len()).filter(|level| counts[*level] > 0).collect();
    let all_fit = common.len() <= MOST_PARTS;
    if !all_fit {
        common.sort_by(|a, b| counts[*b].cmp(&counts[*a]).then(levels[*a].cmp(&levels[*b])));
        common.truncate(MOST_PARTS - 1);
    }
    common.sort_by(|a, b| levels[*a].cmp(&levels[*b]));
    let mut names: Vec<String> = common.iter().map(|level| levels[*level].clone()).collect();
    let others = (!all_fit).then(|| named(&mut names, "all others"));
    let missing = codes.contains(&MISSING).then(|| named(&mut names, NO_VALUE));
    let mut place = vec![others.unwrap_or(0); levels.len()];
    for (part, level) in common.iter().enumerate() {
        place[*level] = part;
    }
    let of_row = codes.iter().map(|code| match missing {
        Some(missing) if *code == MISSING => missing,
        _ => place[*code as usize],
    });
    Division { of_row: of_row.collect(), names }
}

/// Adds a name that is not there yet, and gives its place.
fn named(names: &mut Vec<String>, name: &str) -> usize {
    let mut name = name.to_owned();
    while names.contains(&name) {
        name = format!("({name})");
    }
    names.push(name);
    names.len() - 1
}

fn of_numbers(numbers: &[f64], parts: usize) -> Division {
    let mut sorted: Vec<f64> =
        numbers.iter().copied().filter(|number| !number.is_nan()).map(|number| number + 0.0).collect();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    let (starts, mut names): (Vec<f64>, Vec<String>) = if distinct.len() <= MOST_PARTS {
        (distinct.clone(), distinct.iter().map(f64::to_string).collect())
    } else {
        let mut starts: Vec<f64> = (0..parts).map(|part| sorted[sorted.len() * part / parts]).collect();
        starts.dedup();
        let last_of = |start: usize| {
            let end = starts
                .get(start + 1)
                .map_or(distinct.len(), |next| distinct.partition_point(|value| value < next));
            distinct[end - 1]
        };
        let names =
            (0..starts.len()).map(|start| format!("{} to {}", starts[start], last_of(start))).collect();
        (starts, names)
    };
    let missing = numbers.iter().any(|number| number.is_nan()).then(|| named(&mut names, NO_VALUE));
    let of_row = numbers.iter().map(|number| match missing {
        Some(missing) if number.is_nan() => missing,
        _ => starts.partition_point(|start| start <= number).saturating_sub(1),
    });
    Division { of_row: of_row.collect(), names }
}

/// The text of a value, for messages and sides of a border.
pub(super) fn text_of(value: Value<'_>) -> String {
    match value {
        Value::Number(number) => number.to_string(),
        Value::Category(text) => text.to_owned(),
        Value::Missing => NO_VALUE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(division: &Division, names: &[&str], of_row: &[usize]) {
        assert_eq!(division.names, names);
        assert_eq!(division.of_row, of_row);
    }

    #[test]
    fn segments_take_every_row_along() {
        let column = Column::categories("c", [Some("b"), None, Some("a"), Some("b")]);
        check(&Division::of_column(&column), &["a", "b", "missing"], &[1, 2, 0, 1]);
        let column = Column::categories("c", [Some("missing"), None]);
        check(&Division::of_column(&column), &["missing", "(missing)"], &[0, 1]);
        let column = Column::numbers("n", vec![2.0, f64::NAN, -0.0, 0.0, 10.0]);
        check(&Division::of_column(&column), &["0", "2", "10", "missing"], &[1, 3, 0, 0, 2]);
        let many = Division::of_column(&Column::numbers("n", (0..100).map(f64::from).collect()));
        assert_eq!(many.names, ["0 to 19", "20 to 39", "40 to 59", "60 to 79", "80 to 99"]);
        assert_eq!((many.of_row[19], many.of_row[20], many.of_row[99]), (0, 1, 4));
        let texts: Vec<String> = (0..100).map(|text| format!("t{:02}", text / 2)).collect();
        let many =
            Division::of_column(&Column::categories("c", texts.iter().map(|text| Some(text.as_str()))));
        assert_eq!((many.names.len(), many.names[MOST_PARTS - 1].as_str()), (MOST_PARTS, "all others"));
        assert_eq!(
            many.of_row.iter().filter(|part| **part == MOST_PARTS - 1).count(),
            100 - 2 * (MOST_PARTS - 1)
        );
        assert!(Division::try_new(vec!["a".to_owned()], vec![0, 1]).is_err());
    }

    #[test]
    fn periods_ascend_and_are_not_too_many() {
        let of = |texts: &[&str]| {
            Division::periods(&Column::categories("t", texts.iter().map(|text| Some(*text))))
        };
        check(
            &of(&["2024-03-31", "2023-12-01T10:00Z", "2024-03-01"]).unwrap(),
            &["2023-12", "2024-03"],
            &[1, 0, 1],
        );
        let months: Vec<String> =
            (0..60).map(|month| format!("{}-{:02}", 2019 + month / 12, month % 12 + 1)).collect();
        let months: Vec<&str> = months.iter().map(String::as_str).collect();
        let quarters = of(&months).unwrap();
        assert_eq!(
            (quarters.names.len(), quarters.names[1].as_str(), quarters.of_row[5]),
            (20, "2019-Q2", 1)
        );
        let numbers = Division::periods(&Column::numbers("t", vec![202_402.0, 202_401.0])).unwrap();
        check(&numbers, &["202401", "202402"], &[1, 0]);
        for (column, wanted) in [
            (Column::categories("t", [Some("2024"), None]), "missing in row 2"),
            (Column::numbers("t", vec![f64::NAN]), "missing in row 1"),
            (Column::categories("t", [Some("31.12.2024")]), "\"31.12.2024\" in row 1; write it year first"),
        ] {
            let error = Division::periods(&column).unwrap_err().to_string();
            assert!(error.contains(wanted), "{error}");
        }
    }

    #[test]
    fn the_later_half_begins_at_a_period() {
        let of = |of_row: &[usize], parts: usize| {
            Division::try_new((0..parts).map(|part| part.to_string()).collect(), of_row.to_vec())
                .unwrap()
                .later_half()
        };
        assert_eq!(of(&[0, 1, 2, 3], 4), [false, false, true, true]);
        assert_eq!(of(&[0, 1, 1, 1], 2), [false, true, true, true]);
        assert_eq!(of(&[0, 0], 1), [false, false]);
    }
}
