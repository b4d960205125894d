//! A scratch database into which foreign tables are staged, and the queries of a mapping that turn them into events.
//!
//! Nothing here lasts: the database is emptied by closing it. A mapping's SQL is foreign text, so it may only read (an
//! authorizer refuses everything else), one statement at a time, within a time limit, and rows of bounded size.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use probity_primitives::{Code, Problem};
use rusqlite::limits::Limit;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OpenFlags};

mod authorizer;
mod functions;

/// The scratch database cannot be made or written (disk full, folder read-only).
pub const STAGING_FAILED: Code = Code::new("staging-failed");

/// A query of a mapping is refused: it does not parse, would write, or names what does not exist.
pub const MAPPING_SQL_INVALID: Code = Code::new("mapping-sql-invalid");

/// A query of a mapping ran longer than it may.
pub const MAPPING_SQL_SLOW: Code = Code::new("mapping-sql-slow");

/// The longest text or row in bytes that SQLite will build: a cell is at most 1 MiB, a list of line numbers a few MiB.
const LONGEST_VALUE: i32 = 16 << 20;

/// Virtual machine steps between two looks at the clock: about a millisecond.
const STEPS_PER_LOOK: i32 = 20_000;

/// The line of the source file that a staged row came from.
const LINE: &str = "line";

/// One value of a query's answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Staged<'a> {
    /// Absent.
    Null,
    /// A whole number.
    Integer(i64),
    /// A floating point number.
    Real(f64),
    /// A text; every staged cell is one.
    Text(&'a str),
}

/// One row of a query's answer.
pub struct StagedRow<'a> {
    columns: &'a [String],
    row: &'a rusqlite::Row<'a>,
}

/// Whether a query goes on after a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// Give the next row.
    No,
    /// Enough.
    Yes,
}

impl<'a> StagedRow<'a> {
    /// The names of the columns, as the query gives them.
    pub fn columns(&self) -> &'a [String] {
        self.columns
    }

    /// The value of a column by its position.
    ///
    /// # Errors
    /// `mapping-sql-invalid` for a blob, a text that is not UTF-8, or a position beyond the last.
    pub fn value(&self, column: usize) -> Result<Staged<'_>, Problem> {
        let refuse = |what: &str| {
            let name = self.columns.get(column).map_or("?", String::as_str);
            Problem::new(MAPPING_SQL_INVALID, format!("the column {name} holds {what}"))
        };
        match self.row.get_ref(column).map_err(|error| refuse(&error.to_string()))? {
            ValueRef::Null => Ok(Staged::Null),
            ValueRef::Integer(n) => Ok(Staged::Integer(n)),
            ValueRef::Real(x) => Ok(Staged::Real(x)),
            ValueRef::Text(bytes) => {
                std::str::from_utf8(bytes).map(Staged::Text).map_err(|_| refuse("a text that is not UTF-8"))
            }
            ValueRef::Blob(_) => Err(refuse("a blob")),
        }
    }
}

/// The scratch database of one import.
pub struct Staging {
    connection: Connection,
    /// Present where the file could not be unlinked at once.
    file: Option<PathBuf>,
    /// The insert statement of the table being loaded.
    insert: String,
    columns: usize,
}

impl Staging {
    /// Makes an empty database: a file in `folder` that disappears with it (also when the process is killed, on Unix), or in
    /// memory when there is none.
    ///
    /// # Errors
    /// `staging-failed`.
    pub fn new(folder: Option<&Path>) -> Result<Self, Problem> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let (connection, file) = match folder {
            None => (Connection::open_in_memory().map_err(|e| failed(&e))?, None),
            Some(folder) => {
                let n = COUNT.fetch_add(1, Ordering::Relaxed);
                let path = folder.join(format!("staging-{}-{n}.sqlite", std::process::id()));
                // A file of that name can only be a leftover of a dead process with the same number.
                let _ = std::fs::remove_file(&path);
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
                (Connection::open_with_flags(&path, flags).map_err(|e| failed(&e))?, Some(path))
            }
        };
        // Durability is of no use here. Temporary b-trees (sorting, automatic indexes) go to files, not to memory.
        connection
            .execute_batch(
                "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA locking_mode=EXCLUSIVE;
                 PRAGMA temp_store=FILE; PRAGMA cache_size=-65536; PRAGMA trusted_schema=OFF;
                 CREATE TABLE staging_opened (x); DROP TABLE staging_opened;",
            )
            .map_err(|e| failed(&e))?;
        for (limit, value) in [
            (Limit::SQLITE_LIMIT_LENGTH, LONGEST_VALUE),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, 64 << 10),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, 200),
            (Limit::SQLITE_LIMIT_COMPOUND_SELECT, 20),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
        ] {
            connection.set_limit(limit, value).map_err(|e| failed(&e))?;
        }
        functions::register(&connection).map_err(|e| failed(&e))?;
        let file = if cfg!(unix) { file.filter(|path| std::fs::remove_file(path).is_err()) } else { file };
        Ok(Self { connection, file, insert: String::new(), columns: 0 })
    }

    /// Makes an empty table and begins to load it: text columns, and `line`, the line of the source. A foreign column that is itself
    /// called `line` becomes `foreign_line`.
    ///
    /// # Errors
    /// `staging-failed`, also for names that SQLite refuses.
    pub fn load<'c>(
        &mut self,
        table: &str,
        columns: impl IntoIterator<Item = &'c str>,
    ) -> Result<(), Problem> {
        let mut definition = format!("{LINE} INTEGER PRIMARY KEY");
        self.columns = 0;
        for column in columns {
            let name = if column.eq_ignore_ascii_case(LINE) { "foreign_line" } else { column };
            definition.push_str(&format!(", {} TEXT", quoted(name)));
            self.columns += 1;
        }
        let table = quoted(table);
        self.connection
            .execute_batch(&format!("CREATE TABLE {table} ({definition}); BEGIN"))
            .map_err(|e| failed(&e))?;
        self.insert = format!("INSERT INTO {table} VALUES (?{})", ", ?".repeat(self.columns));
        Ok(())
    }

    /// Adds one row to the table being loaded. Missing cells are null.
    ///
    /// # Errors
    /// `staging-failed`: disk full, or more cells than columns.
    pub fn insert<T: AsRef<str>>(
        &mut self,
        line: u64,
        cells: impl IntoIterator<Item = Option<T>>,
    ) -> Result<(), Problem> {
        let mut statement = self.connection.prepare_cached(&self.insert).map_err(|e| failed(&e))?;
        let line =
            i64::try_from(line).map_err(|_| Problem::new(STAGING_FAILED, "a line number beyond 2^63"))?;
        statement.raw_bind_parameter(1, line).map_err(|e| failed(&e))?;
        let mut position = 1;
        for cell in cells {
            position += 1;
            let text = cell.as_ref().map(AsRef::as_ref);
            statement.raw_bind_parameter(position, text).map_err(|e| failed(&e))?;
        }
        for missing in position..=self.columns {
            statement.raw_bind_parameter(missing + 1, None::<&str>).map_err(|e| failed(&e))?;
        }
        statement.raw_execute().map(drop).map_err(|e| failed(&e))
    }

    /// Ends the loading of a table and indexes it.
    ///
    /// # Errors
    /// `staging-failed`; `mapping-sql-invalid` for a column that is not there.
    pub fn finish<'c>(
        &mut self,
        table: &str,
        index: impl IntoIterator<Item = &'c str>,
    ) -> Result<(), Problem> {
        self.connection.execute_batch("COMMIT").map_err(|e| failed(&e))?;
        self.index(table, index)
    }

    fn index<'c>(&mut self, table: &str, columns: impl IntoIterator<Item = &'c str>) -> Result<(), Problem> {
        for column in columns {
            let name = quoted(&format!("{table}_{column}"));
            let statement = format!("CREATE INDEX {name} ON {} ({})", quoted(table), quoted(column));
            self.connection.execute_batch(&statement).map_err(|e| sql_problem(&e))?;
        }
        Ok(())
    }

    /// Works out a table from a query of the mapping and keeps it for the queries that follow.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn derive<'c>(
        &mut self,
        table: &str,
        sql: &str,
        index: impl IntoIterator<Item = &'c str>,
        limit: Duration,
    ) -> Result<(), Problem> {
        // The query is checked on its own under the authorizer; only then may the same text stand in a statement that writes.
        self.guarded(limit, |connection| connection.prepare(sql).map(|statement| statement.readonly()))?
            .then_some(())
            .ok_or_else(|| Problem::new(MAPPING_SQL_INVALID, "a mapping may only read"))?;
        self.timed(limit, |connection| {
            connection.execute(&format!("CREATE TABLE {} AS {sql}", quoted(table)), []).map(drop)
        })?;
        self.index(table, index)
    }

    /// Runs a query of the mapping and gives each row to `each` until it says stop.
    ///
    /// # Errors
    /// `mapping-sql-invalid` when the query does not parse, would do anything but read, or fails; `mapping-sql-slow` beyond `limit`
    /// (the time spent in `each` counts); whatever `each` returns.
    pub fn query(
        &self,
        sql: &str,
        limit: Duration,
        mut each: impl FnMut(&StagedRow<'_>) -> Result<Stop, Problem>,
    ) -> Result<(), Problem> {
        self.guarded(limit, |connection| {
            let mut statement = connection.prepare(sql)?;
            let columns: Vec<String> = statement.column_names().into_iter().map(str::to_owned).collect();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                match each(&StagedRow { columns: &columns, row }) {
                    Ok(Stop::No) => {}
                    Ok(Stop::Yes) => break,
                    Err(problem) => return Ok(Err(problem)),
                }
            }
            Ok(Ok(()))
        })?
    }

    /// Runs a step under the authorizer and the time limit.
    fn guarded<T>(
        &self,
        limit: Duration,
        step: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let _on = authorizer::ReadOnly::new(&self.connection).map_err(|e| failed(&e))?;
        self.timed(limit, step)
    }

    fn timed<T>(
        &self,
        limit: Duration,
        step: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<T, Problem> {
        let (begun, late) = (Instant::now(), Arc::new(AtomicU64::new(0)));
        let mark = Arc::clone(&late);
        let look = move || {
            let over = begun.elapsed() > limit;
            mark.fetch_add(u64::from(over), Ordering::Relaxed);
            over
        };
        self.connection.progress_handler(STEPS_PER_LOOK, Some(look)).map_err(|e| failed(&e))?;
        let outcome = step(&self.connection);
        self.connection.progress_handler(0, None::<fn() -> bool>).map_err(|e| failed(&e))?;
        outcome.map_err(|error| {
            if late.load(Ordering::Relaxed) == 0 {
                return sql_problem(&error);
            }
            let detail = format!("the query ran longer than {} s", limit.as_secs_f64());
            Problem::new(MAPPING_SQL_SLOW, detail)
                .hint("give the tables an index, or look for a join without a condition")
        })
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // On Windows an open file cannot be removed: it stays until the next import or until a person removes it.
        if let Some(path) = &self.file {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// A name as SQL takes it whatever it holds.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn failed(error: &rusqlite::Error) -> Problem {
    Problem::new(STAGING_FAILED, format!("the scratch database failed: {error}"))
        .hint("is there room on the disk, and may the folder be written to?")
}

fn sql_problem(error: &rusqlite::Error) -> Problem {
    use rusqlite::ErrorCode::{CannotOpen, DiskFull, SystemIoFailure};
    if matches!(error.sqlite_error_code(), Some(DiskFull | SystemIoFailure | CannotOpen)) {
        return failed(error);
    }
    let mut detail = error.to_string();
    detail.truncate(detail.floor_char_boundary(400));
    Problem::new(MAPPING_SQL_INVALID, detail)
}

#[cfg(test)]
mod tests;
