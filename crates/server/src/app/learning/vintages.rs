//! Rows in parts: by moment (vintage), and by a condition (segment).

use super::super::error::AppError;
use super::judging::Judged;
use super::measures::Interval;
use super::rows::{Rows, invalid, number, refused};
use probity_credit::score::Scorecard;
use probity_expression::{Columns, Expression, Faults, Row, Type, Value};
use probity_scorecard::table::Column;
use probity_scorecard::validation::{Division, auc, by_part};
use serde::Serialize;

/// What is measured of a part.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct PartRow {
    /// The moment, or what the condition said.
    pub part: String,
    /// Rows.
    pub rows: usize,
    /// The bad ones.
    pub bad: usize,
    /// The share of bad ones.
    pub bad_rate: Option<Interval>,
    /// The share that the scores foretold.
    pub predicted: Option<f64>,
    /// AUC with DeLong's interval; none where all are good or all bad.
    pub auc: Option<Interval>,
    /// Too few good or bad rows for the figures to say much.
    pub small: bool,
}

impl PartRow {
    /// What was foretold lies outside the interval of what is seen.
    pub(super) fn off(&self) -> bool {
        match (self.bad_rate, self.predicted) {
            (Some(rate), Some(predicted)) => predicted < rate.low || predicted > rate.high,
            _ => false,
        }
    }
}

fn parts(
    rows: &Rows,
    judged: &Judged,
    card: &Scorecard,
    division: &Division,
) -> Result<Vec<PartRow>, AppError> {
    let found = by_part(&judged.log_odds(card), &rows.bad, rows.weights(), division, None);
    let found = found.map_err(|error| refused(&error))?;
    let row = |(place, part): (usize, probity_scorecard::validation::Part)| PartRow {
        part: part.name,
        rows: part.rows,
        bad: part.bad_rows,
        bad_rate: part.bad_rate.map(Interval::from),
        predicted: part.predicted,
        auc: ranking(rows, judged, |row| division.of_row.get(row) == Some(&place)),
        small: part.small,
    };
    Ok(found.into_iter().enumerate().map(row).collect())
}

/// AUC of the scores of some rows; none where they are all good or all bad.
fn ranking(rows: &Rows, judged: &Judged, within: impl Fn(usize) -> bool) -> Option<Interval> {
    let those: Vec<usize> = (0..rows.len()).filter(|row| within(*row)).collect();
    let part = rows.take(&those);
    let all = judged.risk();
    let risk: Vec<f64> = those.iter().filter_map(|row| all.get(*row).copied()).collect();
    auc(&risk, &part.bad, part.weights()).ok().map(Interval::from)
}

/// Each moment of the rows.
///
/// # Errors
/// `training-refused`.
pub(super) fn by_moment(rows: &Rows, judged: &Judged, card: &Scorecard) -> Result<Vec<PartRow>, AppError> {
    parts(rows, judged, card, &rows.by_moment()?)
}

struct Names<'a>(Vec<&'a Column>);

impl Columns for Names<'_> {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        self.0.iter().position(|column| column.name == name).map(|place| (place, Type::Double))
    }

    fn names(&self) -> Vec<String> {
        self.0.iter().map(|column| column.name.clone()).collect()
    }
}

struct Cells<'a>(&'a [&'a Column], usize);

impl Row for Cells<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        let value = self.0.get(column).and_then(|column| number(column, self.1));
        value.map_or(Value::Null, Value::Double)
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        // Indicators are plain numbers; none is money in a currency of its own.
        None
    }
}

/// The rows for which a condition over the set's columns holds, does not, and has no value.
///
/// # Errors
/// `training-set-invalid` for a condition that is none; `training-refused`.
pub(super) fn by_segment(
    rows: &Rows,
    judged: &Judged,
    card: &Scorecard,
    sql: &str,
) -> Result<Vec<PartRow>, AppError> {
    let names = Names(rows.table.columns().iter().collect());
    let condition = Expression::parse(sql, &names).map_err(|refusal| AppError::from(refusal.problem))?;
    if condition.result_type() != Type::Boolean {
        let detail = format!("the segment is {}, not BOOLEAN", condition.result_type());
        return Err(invalid(detail, "compare it with something, as in \"orders_365d > 10\""));
    }
    let of_row =
        (0..rows.len()).map(|row| match condition.evaluate(&Cells(&names.0, row), &mut Faults::default()) {
            Value::Boolean(true) => 0,
            Value::Boolean(false) => 1,
            _ => 2,
        });
    let parts_of = [sql.to_owned(), format!("not: {sql}"), format!("unknown: {sql}")].to_vec();
    let division = Division::try_new(parts_of, of_row.collect()).map_err(|error| refused(&error))?;
    Ok(parts(rows, judged, card, &division)?.into_iter().filter(|part| part.rows > 0).collect())
}
