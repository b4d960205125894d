//! Random expressions and rows against SQLite, printing and reading back, and noise that must never panic.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod shop;

use probity_expression::{Expression, Faults, Value};
use proptest::prelude::*;
use rusqlite::types::{ToSql, ToSqlOutput, Value as Sqlite};
use shop::{Cell, Cells, Shop};

/// Expressions of each type, of one depth. Whole numbers are small, so that they seldom overflow; where they do, the
/// fault is counted and the case is left to the tables.
#[derive(Clone)]
struct Level {
    integer: BoxedStrategy<String>,
    double: BoxedStrategy<String>,
    text: BoxedStrategy<String>,
    boolean: BoxedStrategy<String>,
}

fn one_of(names: &'static [&'static str]) -> impl Strategy<Value = String> + Clone {
    prop::sample::select(names).prop_map(str::to_owned)
}

fn leaves() -> Level {
    Level {
        integer: prop_oneof![
            one_of(&["i", "j", "CAST(NULL AS BIGINT)"]),
            (-20_i64..20).prop_map(|n| n.to_string())
        ]
        .boxed(),
        double: prop_oneof![
            one_of(&["x", "y"]),
            (-80_i32..80).prop_map(|n| format!("{:?}", f64::from(n) / 8.0))
        ]
        .boxed(),
        text: prop_oneof![
            one_of(&["t", "u"]),
            "[abAB%' ]{0,4}".prop_map(|text| format!("'{}'", text.replace('\'', "''"))),
        ]
        .boxed(),
        boolean: one_of(&["b", "c", "TRUE", "FALSE"]).boxed(),
    }
}

impl Level {
    fn above(&self) -> Self {
        Self {
            integer: self.integers(),
            double: self.doubles(),
            text: self.texts(),
            boolean: self.booleans(),
        }
    }

    fn integers(&self) -> BoxedStrategy<String> {
        let below = || self.integer.clone();
        prop_oneof![
            leaves().integer,
            (below(), "[-+*/%]", below()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            below().prop_map(|a| format!("(- {a})")),
            below().prop_map(|a| format!("abs({a})")),
            (below(), below()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            (below(), below()).prop_map(|(a, b)| format!("nullif({a}, {b})")),
            self.text.clone().prop_map(|a| format!("length({a})")),
            (self.boolean.clone(), below(), below())
                .prop_map(|(c, a, b)| format!("CASE WHEN {c} THEN {a} ELSE {b} END")),
            (below(), below(), below())
                .prop_map(|(x, a, b)| format!("CASE {x} WHEN 1 THEN {a} WHEN i THEN {b} END")),
        ]
        .boxed()
    }

    fn doubles(&self) -> BoxedStrategy<String> {
        let below = || self.double.clone();
        prop_oneof![
            leaves().double,
            (below(), "[-+*/]", below()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (self.integer.clone(), "[-+*/]", below()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (below(), "[-+*/]", self.integer.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            self.integer.clone().prop_map(|a| format!("CAST({a} AS DOUBLE)")),
            below().prop_map(|a| format!("(- {a})")),
            below().prop_map(|a| format!("abs({a})")),
            (below(), below()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            (below(), below()).prop_map(|(a, b)| format!("nullif({a}, {b})")),
        ]
        .boxed()
    }

    fn texts(&self) -> BoxedStrategy<String> {
        let below = || self.text.clone();
        prop_oneof![
            leaves().text,
            below().prop_map(|a| format!("lower({a})")),
            below().prop_map(|a| format!("upper({a})")),
            (below(), below()).prop_map(|(a, b)| format!("coalesce({a}, {b})")),
            (self.boolean.clone(), below()).prop_map(|(c, a)| format!("CASE WHEN {c} THEN {a} END")),
        ]
        .boxed()
    }

    fn booleans(&self) -> BoxedStrategy<String> {
        let comparison = || one_of(&["=", "<>", "<", "<=", ">", ">="]);
        let not = || one_of(&["", "NOT "]);
        let below = || self.boolean.clone();
        let text = || self.text.clone();
        let number = || prop_oneof![self.integer.clone(), self.double.clone()];
        prop_oneof![
            leaves().boolean,
            (number(), comparison(), number()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (text(), comparison(), text()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            (below(), below()).prop_map(|(a, b)| format!("({a} = {b})")),
            prop::collection::vec(below(), 2..5).prop_map(|terms| format!("({})", terms.join(" AND "))),
            prop::collection::vec(below(), 2..5).prop_map(|terms| format!("({})", terms.join(" OR "))),
            below().prop_map(|a| format!("(NOT {a})")),
            (prop_oneof![below(), number(), text()], not()).prop_map(|(a, n)| format!("({a} IS {n}NULL)")),
            (below(), not(), one_of(&["TRUE", "FALSE"]))
                .prop_map(|(a, n, truth)| format!("({a} IS {n}{truth})")),
            (number(), not(), number(), number())
                .prop_map(|(x, n, a, b)| format!("({x} {n}BETWEEN {a} AND {b})")),
            (number(), not(), "(-?[0-9]{1,2}, ){1,4}(NULL|[0-9])")
                .prop_map(|(x, n, list)| format!("({x} {n}IN ({list}))")),
            (text(), not(), "'[abAB]{0,2}', '[ab]'(, NULL)?")
                .prop_map(|(x, n, list)| format!("({x} {n}IN ({list}))")),
            (text(), not(), "[abAB%_]{0,5}").prop_map(|(x, n, pattern)| format!("({x} {n}LIKE '{pattern}')")),
        ]
        .boxed()
    }
}

fn any_expression() -> impl Strategy<Value = String> {
    let top = leaves().above().above().above().above();
    prop_oneof![2 => top.boolean, 1 => top.integer, 1 => top.double]
}

fn cells() -> impl Strategy<Value = Cells> {
    let or_null = |cell: BoxedStrategy<Cell>| prop_oneof![1 => Just(Cell::Null), 4 => cell];
    let truth = || or_null(any::<bool>().prop_map(Cell::Boolean).boxed());
    let whole = || or_null((-30_i64..30).prop_map(Cell::Integer).boxed());
    let real = || or_null((-300_i32..300).prop_map(|n| Cell::Double(f64::from(n) / 16.0)).boxed());
    let words = || or_null("[abAB% ]{0,5}".prop_map(Cell::Text).boxed());
    (truth(), truth(), whole(), whole(), real(), real(), words(), words())
        .prop_map(|(b, c, i, j, x, y, t, u)| Cells(vec![b, c, i, j, x, y, t, u]))
}

impl ToSql for Cell {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Owned(match self {
            Self::Null => Sqlite::Null,
            Self::Boolean(truth) => Sqlite::Integer(i64::from(*truth)),
            Self::Integer(integer) => Sqlite::Integer(*integer),
            Self::Double(double) => Sqlite::Real(*double),
            Self::Text(text) => Sqlite::Text(text.clone()),
        }))
    }
}

/// SQLite's answer. The names become columns of a one-row table, so that types follow the values as in ours.
fn oracle(connection: &rusqlite::Connection, text: &str, row: &Cells) -> rusqlite::Result<Sqlite> {
    let text = text.replace("AS BIGINT", "AS INTEGER").replace("AS DOUBLE", "AS REAL");
    let sql = format!(
        "SELECT {text} FROM (SELECT ?1 AS b, ?2 AS c, ?3 AS i, ?4 AS j, ?5 AS x, ?6 AS y, ?7 AS t, ?8 AS u)"
    );
    connection.query_row(&sql, rusqlite::params_from_iter(row.0.iter()), |row| row.get(0))
}

fn agree(ours: Value<'_>, theirs: &Sqlite) -> bool {
    match (ours, theirs) {
        (Value::Null, Sqlite::Null) => true,
        (Value::Boolean(truth), Sqlite::Integer(n)) => i64::from(truth) == *n,
        (Value::Integer(n), Sqlite::Integer(m)) => n == *m,
        (Value::Double(x), Sqlite::Real(y)) => x == *y,
        _ => false,
    }
}

thread_local! {
    static SQLITE: rusqlite::Connection = {
        let connection = rusqlite::Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "case_sensitive_like", true).unwrap();
        connection
    };
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn values_equal_those_of_sqlite(text in any_expression(), row in cells()) {
        let Ok(expression) = Expression::parse(&text, &Shop) else {
            // Only the bounds may refuse what is generated here.
            prop_assert!(Expression::parse(&text, &Shop).is_err_and(|refusal| {
                ["expression-too-long", "expression-too-deep"].contains(&refusal.problem.code.as_str())
            }), "{text}: {:?}", Expression::parse(&text, &Shop).err());
            return Ok(());
        };
        let mut faults = Faults::default();
        let ours = expression.evaluate(&row, &mut faults);
        // SQLite turns an overflowing integer into a float; only what did not overflow can be compared.
        if faults.overflows == 0 {
            let theirs = SQLITE.with(|connection| oracle(connection, &text, &row)).unwrap();
            prop_assert!(agree(ours, &theirs), "{text}\nours {ours:?}, SQLite {theirs:?}");
        }
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_tree(text in any_expression()) {
        if let Ok(expression) = Expression::parse(&text, &Shop) {
            let printed = expression.tree().to_string();
            if printed.len() <= probity_expression::LONGEST_TEXT {
                let again = Expression::parse(&printed, &Shop);
                prop_assert_eq!(again.map(|again| again.tree().clone()), Ok(expression.tree().clone()), "{}", printed);
            }
        }
    }

    #[test]
    fn noise_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), text in "\\PC{0,80}") {
        let _ = Expression::parse(&String::from_utf8_lossy(&bytes), &Shop);
        let _ = Expression::parse(&text, &Shop);
    }

    #[test]
    fn soup_of_words_never_panics(words in prop::collection::vec(prop::sample::select(WORDS), 0..40), row in cells()) {
        let text = words.join(" ");
        if let Ok(expression) = Expression::parse(&text, &Shop) {
            let mut faults = Faults::default();
            let value = expression.evaluate(&row, &mut faults);
            prop_assert!(!matches!(value, Value::Double(x) if !x.is_finite()));
            let printed = expression.tree().to_string();
            if printed.len() <= probity_expression::LONGEST_TEXT {
                let again = Expression::parse(&printed, &Shop);
                prop_assert_eq!(again.map(|again| again.tree().clone()), Ok(expression.tree().clone()), "{}", printed);
            }
        }
    }
}

const WORDS: &[&str] = &[
    "(",
    ")",
    "(",
    ")",
    ",",
    "+",
    "-",
    "*",
    "/",
    "%",
    "=",
    "<>",
    "<",
    ">=",
    "AND",
    "OR",
    "NOT",
    "IS",
    "NULL",
    "TRUE",
    "FALSE",
    "UNKNOWN",
    "BETWEEN",
    "IN",
    "LIKE",
    "CASE",
    "WHEN",
    "THEN",
    "ELSE",
    "END",
    "CAST",
    "AS",
    "BIGINT",
    "DOUBLE",
    "INTERVAL",
    "TIMESTAMP",
    "'3 days'",
    "'2018-01-01T00:00:00Z'",
    "'a%'",
    "1",
    "2.5",
    "0",
    "1e300",
    "9223372036854775807",
    "b",
    "c",
    "i",
    "j",
    "x",
    "t",
    "shipped_at",
    "delay",
    "value",
    "limit",
    "abs",
    "coalesce",
    "least",
    "amount",
    "'1.50'",
    "reporting",
    "in_days",
    "share",
    "lower",
    "power",
    "_x",
    "xml",
    "date",
    "array",
    "PRIOR",
    "\"order\"",
    "interval",
    "struct",
    "values",
    "select",
    "from",
    "distinct",
    "over",
    "at",
    "zone",
    ".",
    "[",
    "]",
    "{",
    ":",
];
