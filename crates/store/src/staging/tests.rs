use super::*;

const SECOND: Duration = Duration::from_secs(5);

fn staged(folder: Option<&Path>) -> Staging {
    let mut staging = Staging::new(folder).unwrap();
    staging.load("orders", ["order_id", "line", "odd \"name"]).unwrap();
    staging.insert(2, [Some("a"), None, Some("x")]).unwrap();
    staging.insert(5, [Some("b")]).unwrap();
    staging.finish("orders", ["order_id"]).unwrap();
    staging
}

fn rows(staging: &Staging, sql: &str) -> Result<Vec<String>, Problem> {
    let mut out = Vec::new();
    staging.query(sql, SECOND, |row| {
        let values: Result<Vec<_>, _> =
            (0..row.columns().len()).map(|n| row.value(n).map(|v| format!("{v:?}"))).collect();
        out.push(values?.join(" "));
        Ok(Stop::No)
    })?;
    Ok(out)
}

#[test]
fn tables_are_staged_with_their_lines() {
    let staging = staged(None);
    let found = rows(&staging, "SELECT line, order_id, foreign_line, \"odd \"\"name\" FROM orders").unwrap();
    assert_eq!(found, ["Integer(2) Text(\"a\") Null Text(\"x\")", "Integer(5) Text(\"b\") Null Null"]);
    let mut seen = 0;
    staging
        .query("SELECT 1 AS \"rows:orders\" FROM orders", SECOND, |row| {
            assert_eq!(row.columns(), ["rows:orders"]);
            seen += 1;
            Ok(Stop::Yes)
        })
        .unwrap();
    assert_eq!(seen, 1);
}

#[test]
fn derived_tables_are_kept_and_may_only_read() {
    let mut staging = staged(None);
    staging.derive("sums", "SELECT count(*) AS n FROM orders -- all", ["n"], SECOND).unwrap();
    assert_eq!(rows(&staging, "SELECT n FROM sums").unwrap(), ["Integer(2)"]);
    for sql in ["SELECT 1; DROP TABLE orders", "DELETE FROM orders RETURNING 1", "SELECT nothing FROM orders"]
    {
        let problem = staging.derive("bad", sql, [], SECOND).unwrap_err();
        assert_eq!(problem.code, MAPPING_SQL_INVALID, "{sql}: {problem}");
    }
    assert_eq!(rows(&staging, "SELECT count(*) FROM orders").unwrap(), ["Integer(2)"]);
}

#[test]
fn hostile_queries_are_refused() {
    let staging = staged(None);
    for sql in [
        "ATTACH DATABASE '/tmp/x.sqlite' AS x",
        "PRAGMA journal_mode=WAL",
        "SELECT * FROM pragma_table_info('orders')",
        "SELECT load_extension('x')",
        "SELECT random()",
        "SELECT current_timestamp",
        "SELECT * FROM sqlite_master",
        "INSERT INTO orders VALUES (9, 'x', NULL, NULL)",
        "UPDATE orders SET order_id = 'x'",
        "DELETE FROM orders",
        "DROP TABLE orders",
        "CREATE TABLE x (y)",
        "CREATE TEMP VIEW x AS SELECT 1",
        "VACUUM INTO '/tmp/x.sqlite'",
        "BEGIN",
        "SELECT 1; SELECT 2",
        "SELECT zeroblob(1000)",
        "SELECT length(zeroblob(100000000))",
        "SELEC 1",
        "",
    ] {
        let outcome = rows(&staging, sql);
        assert!(outcome.as_ref().is_err_and(|p| p.code == MAPPING_SQL_INVALID), "{sql}: {outcome:?}");
    }
    assert_eq!(rows(&staging, "SELECT count(*) FROM orders").unwrap(), ["Integer(2)"]);
}

#[test]
fn endless_queries_end() {
    let staging = staged(None);
    let begun = Instant::now();
    let sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
    let problem = staging.query(sql, Duration::from_millis(50), |_| Ok(Stop::No)).unwrap_err();
    assert_eq!(problem.code, MAPPING_SQL_SLOW);
    assert!(begun.elapsed() < SECOND);
    assert_eq!(rows(&staging, "SELECT 1").unwrap(), ["Integer(1)"]);
}

#[test]
fn problems_of_the_caller_come_through() {
    let staging = staged(None);
    let own = Problem::new(STAGING_FAILED, "mine");
    let problem = staging.query("SELECT 1", SECOND, |_| Err(own.clone())).unwrap_err();
    assert_eq!(problem, own);
}

#[test]
fn nothing_stays_in_the_folder() {
    let folder = tempfile::tempdir().unwrap();
    let staging = staged(Some(folder.path()));
    assert_eq!(rows(&staging, "SELECT count(*) FROM orders").unwrap(), ["Integer(2)"]);
    drop(staging);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    assert_eq!(Staging::new(Some(&folder.path().join("no"))).err().unwrap().code, STAGING_FAILED);
}
