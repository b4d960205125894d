//! Mapping files: how the tables of another system become events. Parsed and checked here; the SQL is run by whoever staged the tables.
//!
//! A mapping names foreign tables, optional derived tables (worked out once, in order), one query per kind of event, and queries that
//! say which rows are set aside on purpose. A column `rows:TABLE` of an event query holds the line numbers (separated by commas)
//! of the source rows that the event accounts for; every other column is a field of the event in its flat form, NULL meaning absent. A row of
//! an `account` table that no taken event and no set-aside query names must be reported by the caller: nothing is lost silently.

use std::collections::HashSet;

use probity_primitives::problem::shown;
use probity_primitives::{Code, Currency, Problem};
use serde::Deserialize;
use toml::Spanned;

/// The mapping file does not say what it must.
pub const MAPPING_INVALID: Code = Code::new("mapping-invalid");

/// A list of line numbers in a `rows:` column is not one.
pub const MAPPING_ROWS_INVALID: Code = Code::new("mapping-rows-invalid");

/// What marks the columns that name source rows.
const ROWS: &str = "rows:";

/// One statement; the longest of the Olist mapping has below 2 KiB.
const LONGEST_SQL: usize = 16 << 10;

/// A checked mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Its name, as given to `--mapping`.
    pub name: String,
    /// For people.
    pub title: String,
    /// The `source` of every event that does not name another.
    pub source: String,
    /// The currency of every event that does not name another.
    pub currency: Option<Currency>,
    /// The foreign tables by name, sorted.
    pub tables: Vec<Table>,
    /// Tables worked out from those above, in the order in which they build on each other.
    pub derived: Vec<Derived>,
    /// The queries that give events, in order.
    pub events: Vec<EventQuery>,
    /// The queries that name rows set aside on purpose.
    pub set_aside: Vec<SetAsideQuery>,
}

/// A foreign table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Its name in the queries.
    pub name: String,
    /// The file in the folder that is imported.
    pub file: String,
    /// Whether the import is refused without it; otherwise it is empty when missing.
    pub required: bool,
    /// Whether each of its rows must end as imported or set aside.
    pub account: bool,
    /// What stands between the cells of a CSV row.
    pub delimiter: u8,
    /// Columns without which the queries cannot run; checked against the header, and the columns of a missing file.
    pub columns: Vec<String>,
    /// Columns that are looked up often.
    pub index: Vec<String>,
}

/// A table worked out once and kept for the queries behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// Its name in the queries.
    pub name: String,
    /// One SELECT.
    pub sql: String,
    /// Columns that are looked up often.
    pub index: Vec<String>,
    /// `file:line:column` of the statement, for messages about it.
    pub at: String,
}

/// One kind of event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// The event type.
    pub event_type: String,
    /// One SELECT: a row per event.
    pub sql: String,
    /// `file:line:column` of the statement.
    pub at: String,
}

/// Rows that cannot become events, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetAsideQuery {
    /// The table whose lines it names.
    pub table: String,
    /// A code for the reason, in the mapping's own words.
    pub code: String,
    /// One SELECT: line, reason.
    pub sql: String,
    /// `file:line:column` of the statement.
    pub at: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    mapping: Spanned<HeadForm>,
    table: std::collections::BTreeMap<Spanned<String>, TableForm>,
    #[serde(default)]
    derived: Vec<DerivedForm>,
    #[serde(default)]
    event: Vec<EventForm>,
    #[serde(default)]
    set_aside: Vec<SetAsideForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HeadForm {
    name: String,
    title: String,
    source: String,
    currency: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TableForm {
    file: Spanned<String>,
    #[serde(default)]
    required: bool,
    #[serde(default)]
    account: bool,
    delimiter: Option<Spanned<String>>,
    #[serde(default)]
    columns: Vec<String>,
    #[serde(default)]
    index: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DerivedForm {
    name: Spanned<String>,
    sql: Spanned<String>,
    #[serde(default)]
    index: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EventForm {
    r#type: Spanned<String>,
    sql: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetAsideForm {
    table: Spanned<String>,
    code: Spanned<String>,
    sql: Spanned<String>,
}

/// Turns byte offsets of the file at hand into `file:line:column`.
struct Places<'t> {
    text: &'t str,
    file: &'t str,
}

impl Places<'_> {
    fn at(&self, offset: usize) -> String {
        let before = self.text.get(..offset).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.file)
    }

    fn refuse(&self, offset: usize, detail: impl Into<String>) -> Problem {
        Problem::new(MAPPING_INVALID, detail).at(self.at(offset))
    }

    /// A name that can stand in SQL without quotes and in messages without harm.
    fn name(&self, name: &Spanned<String>) -> Result<String, Problem> {
        let text = name.get_ref();
        let first = text.starts_with(|c: char| c.is_ascii_lowercase());
        let rest = text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        if first && rest && text.len() <= 64 && !text.starts_with("sqlite_") {
            return Ok(text.clone());
        }
        Err(self
            .refuse(name.span().start, format!("“{}” cannot name a table", shown(text)))
            .hint("use lower-case letters, digits and _, a letter first, at most 64"))
    }

    fn sql(&self, sql: &Spanned<String>) -> Result<(String, String), Problem> {
        let text = sql.get_ref();
        if text.trim().is_empty() || text.len() > LONGEST_SQL {
            let detail = format!("a statement of {} bytes; 1 to {LONGEST_SQL} are taken", text.trim().len());
            return Err(self.refuse(sql.span().start, detail));
        }
        Ok((text.clone(), self.at(sql.span().start)))
    }
}

impl Mapping {
    /// Parses and checks a mapping file. `file` is its name, for messages.
    ///
    /// # Errors
    /// `mapping-invalid` with file, line and column: not TOML, unknown keys, names that SQL cannot carry, a file outside the folder,
    /// unknown tables, nothing that gives events.
    pub fn parse(text: &str, file: &str) -> Result<Self, Problem> {
        let places = Places { text, file };
        let form: FileForm = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            places.refuse(start, error.message().trim().replace('\n', ", "))
        })?;
        let head_at = form.mapping.span().start;
        let head = form.mapping.into_inner();
        let currency = head.currency.as_deref().map(Currency::try_new).transpose();
        let currency = currency.map_err(|problem| places.refuse(head_at, problem.to_string()))?;
        if head.name.trim().is_empty() || head.source.trim().is_empty() {
            return Err(places.refuse(head_at, "a mapping needs a name and a source"));
        }

        let mut names = HashSet::new();
        let mut tables = Vec::with_capacity(form.table.len());
        for (name, table) in form.table {
            let table = table.check(&places, &name)?;
            names.insert(table.name.clone());
            tables.push(table);
        }
        let mut derived = Vec::with_capacity(form.derived.len());
        for entry in form.derived {
            let name = places.name(&entry.name)?;
            if !names.insert(name.clone()) {
                return Err(
                    places.refuse(entry.name.span().start, format!("the table {name} is declared twice"))
                );
            }
            let (sql, at) = places.sql(&entry.sql)?;
            derived.push(Derived { name, sql, index: entry.index, at });
        }
        if form.event.is_empty() {
            return Err(places.refuse(0, "no [[event]]: the mapping would give nothing"));
        }
        let events = form.event.into_iter().map(|e| e.check(&places)).collect::<Result<_, _>>()?;
        let set_aside =
            form.set_aside.into_iter().map(|s| s.check(&places, &tables)).collect::<Result<_, _>>()?;
        let (name, title, source) = (head.name, head.title, head.source);
        Ok(Self { name, title, source, currency, tables, derived, events, set_aside })
    }
}

impl TableForm {
    fn check(self, places: &Places<'_>, name: &Spanned<String>) -> Result<Table, Problem> {
        let file = self.file.get_ref();
        let plain = !file.is_empty() && !file.starts_with('.') && !file.contains(['/', '\\', '\0', ':']);
        if !plain {
            let detail = format!("“{}” is not the plain name of a file", shown(file));
            return Err(places
                .refuse(self.file.span().start, detail)
                .hint("name a file of the imported folder itself"));
        }
        let delimiter = match &self.delimiter {
            None => b',',
            Some(given) => match given.get_ref().as_bytes() {
                [byte] if matches!(byte, b',' | b';' | b'\t' | b'|') => *byte,
                _ => return Err(places.refuse(given.span().start, "a delimiter is one of , ; | and TAB")),
            },
        };
        Ok(Table {
            name: places.name(name)?,
            file: self.file.into_inner(),
            required: self.required,
            account: self.account,
            delimiter,
            columns: self.columns,
            index: self.index,
        })
    }
}

impl EventForm {
    fn check(self, places: &Places<'_>) -> Result<EventQuery, Problem> {
        let event_type = self.r#type.get_ref();
        let plain =
            event_type.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c));
        if event_type.is_empty() || !plain {
            let detail = format!("“{}” cannot be an event type", shown(event_type));
            return Err(places.refuse(self.r#type.span().start, detail));
        }
        let (sql, at) = places.sql(&self.sql)?;
        Ok(EventQuery { event_type: self.r#type.into_inner(), sql, at })
    }
}

impl SetAsideForm {
    fn check(self, places: &Places<'_>, tables: &[Table]) -> Result<SetAsideQuery, Problem> {
        let start = self.table.span().start;
        let table = self.table.into_inner();
        let Some(found) = tables.iter().find(|known| known.name == table) else {
            return Err(places.refuse(start, format!("there is no table “{}”", shown(&table))));
        };
        if !found.account {
            let hint = "rows are only accounted for where the table has account = true";
            return Err(places.refuse(start, format!("the table {table} is not accounted for")).hint(hint));
        }
        let plain =
            self.code.get_ref().chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if self.code.get_ref().is_empty() || !plain {
            return Err(places.refuse(self.code.span().start, "a code is lower-case words joined by hyphens"));
        }
        let (sql, at) = places.sql(&self.sql)?;
        Ok(SetAsideQuery { table, code: self.code.into_inner(), sql, at })
    }
}

/// The table whose rows a column of an event query accounts for: `rows:items` → `items`.
pub fn accounted_table(column: &str) -> Option<&str> {
    column.strip_prefix(ROWS)
}

/// The line numbers in a `rows:` column: `12,13,40`.
///
/// # Errors
/// `mapping-rows-invalid` for anything but whole numbers from 1, separated by commas.
pub fn parse_lines(text: &str) -> Result<Vec<u64>, Problem> {
    text.split(',')
        .map(|part| match part.trim().parse::<u64>() {
            Ok(line) if line > 0 => Ok(line),
            _ => Err(Problem::new(MAPPING_ROWS_INVALID, format!("“{}” is not a line number", shown(part)))
                .hint("select group_concat(t.line) or t.line for a rows: column")),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
[mapping]
name = "m"
title = "M"
source = "m"
currency = "BRL"
[table.orders]
file = "orders.csv"
required = true
account = true
[[derived]]
name = "sums"
sql = "SELECT 1"
[[event]]
type = "order.placed"
sql = "SELECT 1"
[[set_aside]]
table = "orders"
code = "no-date"
sql = "SELECT line, 'x' FROM orders"
"#;

    fn check(from: &str, to: &str, expected: &str) {
        assert!(GOOD.contains(from), "{from}");
        let problem = Mapping::parse(&GOOD.replacen(from, to, 1), "m.toml").unwrap_err();
        assert!(problem.to_string().contains(expected), "{to}: {problem}");
    }

    #[test]
    fn a_mapping_is_read() {
        let mapping = Mapping::parse(GOOD, "m.toml").unwrap();
        assert_eq!(mapping.tables.len(), 1);
        assert_eq!(mapping.derived[0].at, "m.toml:13:7");
        assert_eq!(mapping.currency, Some(Currency::try_new("BRL").unwrap()));
        assert_eq!(mapping.set_aside[0].code, "no-date");
    }

    #[test]
    fn mistakes_are_refused_with_their_place() {
        check("\"BRL\"", "\"brl\"", "m.toml:2:1");
        check("account = true", "acount = true", "m.toml:10:1: unknown field `acount`");
        check("table.orders", "table.Orders", "m.toml:7:8: “Orders” cannot name a table");
        check("table.orders", "table.\"a b\"", "cannot name a table");
        check("orders.csv", "../orders.csv", "m.toml:8:8: “../orders.csv” is not the plain name");
        check("orders.csv", "/etc/passwd", "plain name");
        check("name = \"sums\"", "name = \"orders\"", "declared twice");
        check("table = \"orders\"", "table = \"order\"", "there is no table");
        check("account = true", "account = false", "not accounted for");
        check("code = \"no-date\"", "code = \"No date\"", "m.toml:19:8");
        check("\"order.placed\"", "\"Order placed\"", "cannot be an event type");
        check("sql = \"SELECT 1\"\n[[event", "sql = \" \"\n[[event", "m.toml:13:7: a statement of 0 bytes");
        check("required = true", "required = true\ndelimiter = \"::\"", "a delimiter is one of");
        check("[mapping]", "[mapping", "m.toml:2");
    }

    #[test]
    fn row_columns_and_line_lists() {
        assert_eq!(accounted_table("rows:items"), Some("items"));
        assert_eq!(accounted_table("rows"), None);
        assert_eq!(parse_lines("2, 3,40").unwrap(), [2, 3, 40]);
        for bad in ["", "0", "-1", "1,,2", "1.0", "x"] {
            assert!(parse_lines(bad).is_err(), "{bad}");
        }
    }
}
