//! The bins of all columns of a sample.

use super::constraints::{Constraints, Trend};
use super::count::Weights;
use super::{Binned, Remark, bin_with};
use crate::{Error, Sample};
use std::collections::BTreeMap;

/// The bins of a table's columns, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct BinnedTable {
    /// Each column's name and bins; those that tell nothing too.
    pub columns: Vec<(String, Binned)>,
    /// The columns that could not be binned as asked, each with every reason.
    pub failed: Vec<(String, Remark)>,
}

/// Bins every column of a sample under the same constraints, but for columns with constraints of their own.
///
/// # Errors
/// As [`super::bin_column`]; also when constraints are given for a column that is not there.
pub fn bin_table(
    sample: &Sample,
    constraints: &Constraints,
    own: &BTreeMap<String, Constraints>,
) -> Result<BinnedTable, Error> {
    for name in own.keys() {
        sample.table.column(name)?;
    }
    constraints.check()?;
    own.values().try_for_each(Constraints::check)?;
    let weights = Weights::of(sample)?;
    let mut binned = BinnedTable { columns: Vec::new(), failed: Vec::new() };
    for column in sample.table.columns() {
        let constraints = own.get(&column.name).unwrap_or(constraints);
        let mut found = bin_with(column, sample, &weights, constraints, None)?;
        if found.bins.regular() == 1 && found.remarks.is_empty() && constraints.trend != Trend::Any {
            let free = Constraints { trend: Trend::Any, ..constraints.clone() };
            let apart = bin_with(column, sample, &weights, &free, None)?.bins.regular();
            if apart > 1 {
                found.remarks.push(Remark::NoTrend { trend: constraints.trend, apart });
            }
        }
        let name = &column.name;
        binned.failed.extend(found.remarks.iter().map(|remark| (name.clone(), remark.clone())));
        binned.columns.push((name.clone(), found));
    }
    Ok(binned)
}
