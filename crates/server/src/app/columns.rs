//! A file of rows as a table in columns, for scorecards on tables that are not Probity's own.

use super::error::AppError;
use probity_intake::{Cell, FileReader, Item, Options, open};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use probity_scorecard::{Scorecard, Table, table::Column};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

const TABLE_INVALID: Code = Code::new("table-invalid");

/// Texts that mean "no value" in a column of numbers; in a column of texts only the empty cell does, for there `NA` may be
/// Namibia. The list is what common table tools write and read as missing.
const NO_NUMBER: [&str; 12] =
    ["NA", "N/A", "n/a", "#N/A", "<NA>", "NaN", "nan", "-nan", "NULL", "null", "None", "none"];

/// Which columns are read, and as what.
#[derive(Debug, Clone)]
pub enum Guide {
    /// Every column: as numbers where every value is one, else as categories; those named always as categories.
    Every {
        /// Columns of codes: numbers that only name something.
        categories: BTreeSet<String>,
    },
    /// These columns only, each as categories (true) or as numbers. A text among numbers sets its row aside.
    These(BTreeMap<String, bool>),
}

impl Guide {
    /// What a scorecard reads; every column for one that reads none, which scores a table's rows all the same.
    pub fn of(card: &Scorecard) -> Self {
        if card.inputs().is_empty() {
            return Self::Every { categories: BTreeSet::new() };
        }
        let inputs = card.inputs().iter().enumerate();
        Self::These(inputs.map(|(input, name)| (name.clone(), card.takes_categories(input))).collect())
    }

    /// The same, with a column of numbers more.
    #[must_use]
    pub fn and_numbers(mut self, name: &str) -> Self {
        if let Self::These(columns) = &mut self {
            columns.entry(name.to_owned()).or_insert(false);
        }
        self
    }

    /// The same, with a column of categories more.
    #[must_use]
    pub fn and_categories(mut self, name: &str) -> Self {
        if let Self::These(columns) = &mut self {
            columns.entry(name.to_owned()).or_insert(true);
        }
        self
    }
}

/// A file of rows, read.
#[derive(Debug)]
pub struct TableFile {
    /// The rows that could be taken, in their order.
    pub table: Table,
    /// For each row of the file whether it is in the table.
    pub taken: Vec<bool>,
    /// Why each of the others is not, with its line.
    pub aside: Vec<Problem>,
}

/// Reads a table: CSV or Parquet, packed or not, by the end of the file's name. `progress` is told bytes done and in all.
///
/// # Errors
/// What the intake refuses; `table-invalid` when the file is JSON Lines, has no row, or lacks a column that is asked for.
pub fn read_table(
    path: &Path,
    guide: &Guide,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<TableFile, AppError> {
    let mut guide = guide.clone();
    loop {
        let mut reading = Reading::begin(path, &guide)?;
        reading.read(progress)?;
        // A column that began with numbers and turned out to hold texts is read again from its start: its first cells are
        // categories too, and must be so by their own text.
        let mixed = reading.mixed();
        match &mut guide {
            Guide::Every { categories } if !mixed.is_empty() => categories.extend(mixed),
            _ => return reading.end(path),
        }
    }
}

struct Reading {
    reader: FileReader,
    builders: Vec<Option<Builder>>,
    taken: Vec<bool>,
    aside: Vec<Problem>,
    name: String,
}

/// A column while it is read.
struct Builder {
    name: String,
    cells: Cells,
    /// Whether the guide says what it holds.
    fixed: bool,
    mixed: bool,
}

enum Cells {
    Numbers(Vec<f64>),
    Texts(Texts),
}

#[derive(Default)]
struct Texts {
    rows: Vec<Option<u32>>,
    levels: Vec<String>,
    codes: std::collections::HashMap<String, u32>,
}

impl Reading {
    fn begin(path: &Path, guide: &Guide) -> Result<Self, AppError> {
        let reader = open(path, Options::default())?;
        let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        if reader.columns().is_empty() {
            let problem = Problem::new(TABLE_INVALID, "a table is read from CSV or Parquet").at(name);
            return Err(problem.hint("name it .csv, .csv.gz or .parquet").into());
        }
        let builders: Vec<_> = reader.columns().iter().map(|column| Builder::of(column, guide)).collect();
        if let Guide::These(columns) = guide {
            let lacking: Vec<&str> =
                columns.keys().filter(|name| !reader.columns().contains(name)).map(String::as_str).collect();
            if !lacking.is_empty() {
                let detail = format!("it lacks {}", quoted(&lacking));
                let hint = format!("its columns are {}", reader.columns().join(", "));
                return Err(Problem::new(TABLE_INVALID, detail).at(name).hint(hint).into());
            }
        }
        Ok(Self { reader, builders, taken: Vec::new(), aside: Vec::new(), name })
    }

    fn read(&mut self, progress: &mut dyn FnMut(u64, u64)) -> Result<(), AppError> {
        let (told, size) = (self.reader.progress(), self.reader.size());
        while let Some(item) = self.reader.read()? {
            if self.taken.len().is_multiple_of(8_192) {
                progress(told.bytes(), size);
            }
            let row = match item {
                Item::Row(row) => row,
                Item::Aside(aside) => {
                    self.taken.push(false);
                    self.aside.push(aside.problem);
                    continue;
                }
                Item::Object { .. } => continue,
            };
            let columns = self.builders.iter_mut().zip(row.cells());
            let wrong = columns
                .filter_map(|(builder, cell)| builder.as_mut().and_then(|builder| builder.push(cell)))
                .last();
            self.taken.push(wrong.is_none());
            if let Some(detail) = wrong {
                let at = format!("{}:{}", self.name, row.line);
                self.aside.push(Problem::new(probity_intake::row::ROW_INVALID, detail).at(at));
                self.builders.iter_mut().flatten().for_each(Builder::pop);
            }
        }
        Ok(())
    }

    fn mixed(&self) -> Vec<String> {
        self.builders
            .iter()
            .flatten()
            .filter(|builder| builder.mixed)
            .map(|builder| builder.name.clone())
            .collect()
    }

    fn end(self, path: &Path) -> Result<TableFile, AppError> {
        if !self.taken.contains(&true) {
            let why =
                self.aside.first().map_or_else(String::new, |problem| format!("; the first: {problem}"));
            let detail = format!("no row could be taken of {}{why}", self.taken.len());
            return Err(Problem::new(TABLE_INVALID, detail).at(path.display().to_string()).into());
        }
        let columns = self.builders.into_iter().flatten().map(Builder::end).collect();
        let table =
            Table::try_new(columns).map_err(|error| Problem::new(TABLE_INVALID, error.to_string()))?;
        Ok(TableFile { table, taken: self.taken, aside: self.aside })
    }
}

fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("“{}”", shown(name))).collect::<Vec<_>>().join(", ")
}

impl Builder {
    fn of(column: &str, guide: &Guide) -> Option<Self> {
        let (categories, fixed) = match guide {
            Guide::Every { categories } => (categories.contains(column), false),
            Guide::These(columns) => (*columns.get(column)?, true),
        };
        let cells = if categories { Cells::Texts(Texts::default()) } else { Cells::Numbers(Vec::new()) };
        Some(Self { name: column.to_owned(), cells, fixed, mixed: false })
    }

    /// Takes a cell; says why its row cannot be taken, and then holds a missing value for it.
    fn push(&mut self, cell: Cell<'_>) -> Option<String> {
        match &mut self.cells {
            Cells::Texts(texts) => texts.push(cell.text().as_deref()),
            Cells::Numbers(numbers) => match number(&cell) {
                Some(number) => numbers.push(number),
                // So far the column was empty, so it may as well be one of texts.
                None if !self.fixed && numbers.iter().all(|number| number.is_nan()) => {
                    let mut texts = Texts { rows: vec![None; numbers.len()], ..Texts::default() };
                    texts.push(cell.text().as_deref());
                    self.cells = Cells::Texts(texts);
                }
                None => {
                    numbers.push(f64::NAN);
                    if self.fixed {
                        let text = cell.text().unwrap_or_default();
                        return Some(format!(
                            "“{}” is no number; the column “{}” holds numbers",
                            shown(&text),
                            shown(&self.name)
                        ));
                    }
                    self.mixed = true;
                }
            },
        }
        None
    }

    fn pop(&mut self) {
        match &mut self.cells {
            Cells::Numbers(numbers) => drop(numbers.pop()),
            Cells::Texts(texts) => drop(texts.rows.pop()),
        }
    }

    fn end(self) -> Column {
        match self.cells {
            Cells::Numbers(numbers) => Column::numbers(self.name, numbers),
            Cells::Texts(Texts { rows, levels, .. }) => {
                let text =
                    |code: Option<u32>| code.and_then(|code| levels.get(code as usize)).map(String::as_str);
                Column::categories(self.name, rows.into_iter().map(text))
            }
        }
    }
}

impl Texts {
    fn push(&mut self, text: Option<&str>) {
        let code = text.map(|text| match self.codes.get(text) {
            Some(code) => *code,
            None => {
                // Memory ends before four thousand million different texts do.
                let code = self.levels.len() as u32;
                self.levels.push(text.to_owned());
                self.codes.insert(text.to_owned(), code);
                code
            }
        });
        self.rows.push(code);
    }
}

/// The number of a cell; NaN where there is none, nothing where there is something else.
fn number(cell: &Cell<'_>) -> Option<f64> {
    match cell {
        Cell::Null => Some(f64::NAN),
        Cell::Integer(number) => Some(*number as f64),
        Cell::Double(number) => Some(*number),
        Cell::Boolean(flag) => Some(if *flag { 1.0 } else { 0.0 }),
        Cell::Text(text) | Cell::Number(text) => {
            let text = text.trim();
            if text.is_empty() || NO_NUMBER.contains(&text) { Some(f64::NAN) } else { text.parse().ok() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_scorecard::table::Value;

    /// Reads a CSV and shows its columns; `guide` names those that are fixed, `true` as categories.
    fn shown_table(csv: &str, guide: &Guide) -> Result<(Vec<String>, Vec<String>), String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("t.csv");
        std::fs::write(&path, csv).expect("a file");
        let file = read_table(&path, guide, &mut |_, _| ()).map_err(|error| error.to_string())?;
        assert_eq!(file.taken.iter().filter(|taken| **taken).count(), file.table.rows());
        assert_eq!(file.taken.iter().filter(|taken| !**taken).count(), file.aside.len());
        let cell = |column: &Column, row| match column.value(row) {
            Value::Number(number) => number.to_string(),
            Value::Category(text) => format!("'{text}'"),
            Value::Missing => "-".to_owned(),
        };
        let column = |column: &Column| {
            let cells: Vec<_> = (0..column.rows()).map(|row| cell(column, row)).collect();
            format!("{}: {}", column.name, cells.join(" "))
        };
        Ok((
            file.table.columns().iter().map(column).collect(),
            file.aside.iter().map(ToString::to_string).collect(),
        ))
    }

    fn check(csv: &str, guide: &Guide, columns: &[&str], aside: &[&str]) {
        let (found, problems) = shown_table(csv, guide).unwrap_or_else(|error| panic!("{csv:?}: {error}"));
        assert_eq!(found, columns, "{csv:?}");
        assert_eq!(problems.len(), aside.len(), "{problems:?}");
        for (problem, part) in problems.iter().zip(aside) {
            assert!(problem.contains(part), "{problem}");
        }
    }

    fn every(categories: &[&str]) -> Guide {
        Guide::Every { categories: categories.iter().map(|name| (*name).to_owned()).collect() }
    }

    fn these(columns: &[(&str, bool)]) -> Guide {
        Guide::These(columns.iter().map(|(name, texts)| ((*name).to_owned(), *texts)).collect())
    }

    #[test]
    fn columns_are_numbers_where_every_value_is_one() {
        check("a,b\n1,x\n,y\n-2.5e3,\n", &every(&[]), &["a: 1 - -2500", "b: 'x' 'y' -"], &[]);
        check("a\nNA\nnan\nNULL\ninf\n", &every(&[]), &["a: - - - inf"], &[]);
        // Texts behind numbers make all of them categories, each by its own text.
        check("a,b\n1.0,\n2,\nx,7\n1.0,z\n", &every(&[]), &["a: '1.0' '2' 'x' '1.0'", "b: - - '7' 'z'"], &[]);
        check("a\n1\n01\n", &every(&["a"]), &["a: '1' '01'"], &[]);
        check("a\nx\nNA\n", &every(&[]), &["a: 'x' 'NA'"], &[]);
        check("a,b\n1,2\n3\n4,5\n", &every(&[]), &["a: 1 4", "b: 2 5"], &["t.csv:3: 1 cells"]);
    }

    #[test]
    fn a_guide_reads_what_it_names_and_sets_rows_aside() {
        let guide = these(&[("a", false), ("c", true)]);
        check(
            "b,c,a\n0,5,1\n0,,x\n0,z,\n",
            &guide,
            &["c: '5' 'z'", "a: 1 -"],
            &["t.csv:3: “x” is no number"],
        );
        let lacking = shown_table("b\n1\n", &guide).expect_err("refused");
        assert!(lacking.contains("lacks “a”, “c”") && lacking.contains("columns are b"), "{lacking}");
        let nothing = shown_table("a,c\nx,y\n", &guide).expect_err("refused");
        assert!(nothing.contains("no row could be taken of 1") && nothing.contains("t.csv:2"), "{nothing}");
    }
}
