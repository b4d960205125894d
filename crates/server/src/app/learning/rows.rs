//! A training set, read back.

use super::super::columns::{Guide, read_table};
use super::super::error::AppError;
use probity_credit::event::Role;
use probity_primitives::problem::shown;
use probity_primitives::{Code, Digest, Problem, Timestamp};
use probity_scorecard::table::{Column, MISSING, Value, Values};
use probity_scorecard::validation::Division;
use probity_scorecard::{Error, Sample, Table};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

pub(super) const INVALID: Code = Code::new("training-set-invalid");
const REFUSED: Code = Code::new("training-refused");

/// The target's name in every training set.
pub(super) const BAD: &str = "bad";
/// The weight's name, where only a share of the good rows was kept.
const WEIGHT: &str = "weight";
const PARTY: &str = "party";
const AS_OF: &str = "as_of";
const SCORE: &str = "score";
const TIER: &str = "tier";

/// Told as a file is read: bytes done, bytes in all.
pub(super) type Reading<'a> = &'a mut dyn FnMut(u64, u64);

/// A training set that something was measured on.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetShown {
    /// The file.
    pub file: String,
    /// Its digest.
    pub digest: String,
    /// Rows.
    pub rows: usize,
    /// The bad ones among them.
    pub bad: usize,
    /// Parties.
    pub parties: usize,
    /// The first moment.
    pub from: String,
    /// The last moment.
    pub to: String,
}

/// Rows of a training set.
#[derive(Debug, Clone)]
pub(super) struct Rows {
    pub(super) file: String,
    pub(super) digest: String,
    /// The indicators.
    pub(super) table: Table,
    /// The number of each row's party.
    pub(super) party: Vec<u32>,
    /// Parties by their numbers.
    pub(super) parties: Vec<String>,
    pub(super) at: Vec<Timestamp>,
    pub(super) bad: Vec<bool>,
    pub(super) weight: Option<Vec<f64>>,
    /// What the scorecard of the day said.
    pub(super) said: Option<Vec<f64>>,
}

/// A refusal of a training set.
pub(super) fn invalid(detail: impl Into<String>, hint: &str) -> AppError {
    Problem::new(INVALID, detail).hint(hint).into()
}

/// What the crate that fits and measures refuses.
pub(super) fn refused(error: &Error) -> AppError {
    let hint =
        "a card is learned from some dozens of bad parties at least, each column from values that differ";
    Problem::new(REFUSED, error.to_string()).hint(hint).into()
}

impl Rows {
    /// Reads a training set of a role.
    ///
    /// # Errors
    /// Those of reading a table; `training-set-invalid` when it is none, or one of another role.
    pub(super) fn read(path: &Path, role: Role, progress: Reading<'_>) -> Result<Self, AppError> {
        let bytes = std::fs::read(path)
            .map_err(|error| Problem::new(INVALID, error.to_string()).at(path.display().to_string()))?;
        let digest = Digest::of(&[&bytes]).to_string();
        drop(bytes);
        let categories: BTreeSet<String> = [PARTY, AS_OF, TIER].map(str::to_owned).into();
        let read = read_table(path, &Guide::Every { categories }, progress)?;
        if let Some(first) = read.aside.first() {
            let detail = format!("{} rows cannot be read; the first: {first}", read.aside.len());
            return Err(invalid(detail, "take the file as `probity dataset` wrote it"));
        }
        let file = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        Self::of(file, digest, &read.table, role).map_err(|mut error| {
            for problem in &mut error.problems {
                problem.at = path.display().to_string();
            }
            error
        })
    }

    fn of(file: String, digest: String, table: &Table, role: Role) -> Result<Self, AppError> {
        let column = |name: &str| {
            let hint = "`probity dataset` writes party, as_of and bad into every training set";
            table.column(name).map_err(|error| invalid(error.to_string(), hint))
        };
        let (party, parties) = texts(column(PARTY)?)?;
        let prefix = format!("{}:", role.as_str());
        if let Some(other) = parties.iter().find(|party| !party.starts_with(&prefix)) {
            let detail = format!("'{}' is no {}", shown(other), role.as_str());
            return Err(invalid(detail, "the label says whose rows it takes"));
        }
        let (moment, moments) = texts(column(AS_OF)?)?;
        let moments = moments.iter().map(|text| moment_of(text)).collect::<Result<Vec<_>, _>>()?;
        let at =
            moment.iter().map(|code| moments.get(*code as usize).copied().unwrap_or(Timestamp::EARLIEST));
        let at = at.collect();
        let weighted = table.column(WEIGHT).is_ok();
        let sample = Sample::try_new(table, BAD, weighted.then_some(WEIGHT)).map_err(|error| {
            invalid(
                error.to_string(),
                "`probity dataset` tells how many rows are bad; take more moments, or another label",
            )
        })?;
        let said = table.column(SCORE).ok().and_then(numbers).map(<[f64]>::to_vec);
        let table = table.without(&[PARTY, AS_OF, BAD, WEIGHT, SCORE, TIER]);
        Ok(Self { file, digest, table, party, parties, at, bad: sample.bad, weight: sample.weight, said })
    }

    pub(super) fn len(&self) -> usize {
        self.bad.len()
    }

    pub(super) fn weights(&self) -> Option<&[f64]> {
        self.weight.as_deref()
    }

    /// How much a row counts.
    pub(super) fn weight_of(&self, row: usize) -> f64 {
        self.weights().and_then(|weight| weight.get(row).copied()).unwrap_or(1.0)
    }

    /// How many parties they are of.
    pub(super) fn parties(&self) -> usize {
        self.party.iter().collect::<BTreeSet<_>>().len()
    }

    /// The moments, ascending, each with its number of rows.
    pub(super) fn moments(&self) -> BTreeMap<Timestamp, usize> {
        let mut moments = BTreeMap::new();
        self.at.iter().for_each(|at| *moments.entry(*at).or_insert(0) += 1);
        moments
    }

    /// The rows by moment.
    ///
    /// # Errors
    /// `training-refused`; rows that were read have none.
    pub(super) fn by_moment(&self) -> Result<Division, AppError> {
        let moments: Vec<Timestamp> = self.moments().into_keys().collect();
        let names = moments.iter().map(ToString::to_string).collect();
        let of_row = self.at.iter().map(|at| moments.partition_point(|moment| moment < at));
        Division::try_new(names, of_row.collect()).map_err(|error| refused(&error))
    }

    /// Some of the rows.
    pub(super) fn take(&self, rows: &[usize]) -> Self {
        fn of<T: Copy>(all: &[T], rows: &[usize]) -> Vec<T> {
            rows.iter().filter_map(|row| all.get(*row).copied()).collect()
        }
        Self {
            file: self.file.clone(),
            digest: self.digest.clone(),
            table: self.table.take(rows),
            party: of(&self.party, rows),
            parties: self.parties.clone(),
            at: of(&self.at, rows),
            bad: of(&self.bad, rows),
            weight: self.weight.as_deref().map(|weight| of(weight, rows)),
            said: self.said.as_deref().map(|said| of(said, rows)),
        }
    }

    /// Those of them that a condition holds for, by its number.
    pub(super) fn filter(&self, mut keep: impl FnMut(usize) -> bool) -> Self {
        self.take(&(0..self.len()).filter(|row| keep(*row)).collect::<Vec<_>>())
    }

    /// Some columns, as the crate that fits wants them.
    ///
    /// # Errors
    /// `training-set-invalid` for one that is not there or holds texts.
    pub(super) fn sample(&self, columns: &[String]) -> Result<Sample, AppError> {
        let taken = columns.iter().map(|name| self.column(name).cloned()).collect::<Result<Vec<_>, _>>()?;
        Ok(Sample {
            table: Table::try_new(taken).map_err(|error| refused(&error))?,
            target: BAD.to_owned(),
            bad: self.bad.clone(),
            weight: self.weight.clone(),
            offset: None,
        })
    }

    /// A column of numbers.
    pub(super) fn column(&self, name: &str) -> Result<&Column, AppError> {
        let hint = "`probity dataset --indicators scorecard` writes what the card reads, `all` everything, or name what is wanted";
        let column = self
            .table
            .column(name)
            .map_err(|_| invalid(format!("the training set has no column '{}'", shown(name)), hint))?;
        match numbers(column) {
            Some(_) => Ok(column),
            None => Err(invalid(format!("the column '{}' holds texts, no numbers", shown(name)), hint)),
        }
    }

    pub(super) fn shown(&self) -> DatasetShown {
        let text = |at: Option<&Timestamp>| at.map(ToString::to_string).unwrap_or_default();
        DatasetShown {
            file: self.file.clone(),
            digest: self.digest.clone(),
            rows: self.len(),
            bad: self.bad.iter().filter(|bad| **bad).count(),
            parties: self.parties(),
            from: text(self.at.iter().min()),
            to: text(self.at.iter().max()),
        }
    }
}

fn numbers(column: &Column) -> Option<&[f64]> {
    match &column.values {
        Values::Numbers(numbers) => Some(numbers),
        Values::Categories { .. } => None,
    }
}

/// A value of a column of numbers; none where it is missing.
pub(super) fn number(column: &Column, row: usize) -> Option<f64> {
    match column.value(row) {
        Value::Number(number) if number.is_finite() => Some(number),
        _ => None,
    }
}

fn texts(column: &Column) -> Result<(Vec<u32>, Vec<String>), AppError> {
    match &column.values {
        Values::Categories { codes, levels } if !codes.contains(&MISSING) => {
            Ok((codes.clone(), levels.clone()))
        }
        _ => {
            let detail = format!("the column '{}' lacks values", column.name);
            Err(invalid(detail, "every row of a training set has a party and a moment"))
        }
    }
}

fn moment_of(text: &str) -> Result<Timestamp, AppError> {
    Timestamp::parse(text).map_err(|_| {
        invalid(
            format!("'{}' is no moment", shown(text)),
            "as_of is a moment such as 2026-03-01T23:59:59.999Z",
        )
    })
}
