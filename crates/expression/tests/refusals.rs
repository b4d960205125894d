//! What is refused, with code and place, and that hostile text is refused quickly and on a small stack.
#![allow(
    clippy::disallowed_methods,
    reason = "a test may look at the clock: hostile texts must be refused quickly"
)]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod shop;

use probity_expression::{
    CURRENCY, Expression, NOT_ALLOWED, SYNTAX, TOO_DEEP, TOO_LONG, TYPE, UNKNOWN_COLUMN,
};
use probity_primitives::Code;
use shop::Shop;
use std::time::{Duration, Instant};

fn check(cases: &[(&str, Code, u32, u32, &str)]) {
    for (text, code, line, column, hint) in cases {
        let refusal = match Expression::parse(text, &Shop) {
            Ok(expression) => panic!("{text} is taken as {}", expression.tree()),
            Err(refusal) => refusal,
        };
        assert_eq!(refusal.problem.code, *code, "{text}: {refusal}");
        assert_eq!((refusal.line, refusal.column), (*line, *column), "{text}: {refusal}");
        assert!(refusal.to_string().contains(hint), "{text}: {refusal}");
        assert!(refusal.problem.at.is_empty());
    }
}

#[test]
fn not_an_expression() {
    check(&[
        ("", SYNTAX, 1, 1, "empty"),
        (" \n ", SYNTAX, 1, 1, "empty"),
        ("i +", SYNTAX, 1, 4, "expression"),
        ("i\n  = = 1", SYNTAX, 2, 5, ""),
        ("i == 1", SYNTAX, 1, 3, "written ="),
        ("1 + (i", SYNTAX, 1, 5, "no )"),
        ("i)", SYNTAX, 1, 2, "nothing open"),
        ("(CASE WHEN b THEN 1)", SYNTAX, 1, 20, "END"),
        ("i j", SYNTAX, 1, 3, "not expected"),
        ("'abc", SYNTAX, 1, 1, "closing"),
        ("\"abc", SYNTAX, 1, 1, "closing"),
        ("t = 'a\u{0}b'", SYNTAX, 1, 7, "U+0000"),
        ("t = 'a\u{202e}b'", SYNTAX, 1, 7, "U+202E"),
        ("i = 1\u{7}", SYNTAX, 1, 6, ""),
        ("é = 1", SYNTAX, 1, 1, ""),
        ("1.2.3", SYNTAX, 1, 1, "not a number"),
        ("1x", SYNTAX, 1, 1, "not a number"),
        ("1e", SYNTAX, 1, 1, "not a number"),
        ("i + CASE WHEN b THEN 1", SYNTAX, 1, 5, "no END"),
        ("CASE WHEN i = = 1 THEN 1 END", SYNTAX, 1, 15, ""),
        ("i IN ()", SYNTAX, 1, 7, ""),
        ("t LIKE 'a\\'", SYNTAX, 1, 1, "backslash"),
        ("i && j", SYNTAX, 1, 3, "AND"),
        ("value.x", SYNTAX, 1, 6, ""),
    ]);
}

#[test]
fn sql_that_is_left_out() {
    check(&[
        ("(SELECT 1)", NOT_ALLOWED, 1, 2, "subqueries"),
        ("i IN (SELECT 1)", NOT_ALLOWED, 1, 7, "subqueries"),
        ("EXISTS (SELECT 1)", NOT_ALLOWED, 1, 1, "subqueries"),
        ("sum(i)", NOT_ALLOWED, 1, 1, "aggregates"),
        ("1 + max(i)", NOT_ALLOWED, 1, 5, "greatest"),
        ("count(DISTINCT i)", NOT_ALLOWED, 1, 7, "aggregates"),
        ("count(*)", NOT_ALLOWED, 1, 1, ""),
        ("coalesce(*, 1)", NOT_ALLOWED, 1, 1, ""),
        ("now()", NOT_ALLOWED, 1, 1, "same value"),
        ("flor(x)", NOT_ALLOWED, 1, 1, "did you mean floor?"),
        ("i; DROP TABLE x", NOT_ALLOWED, 1, 2, "semicolon"),
        ("i -- j", NOT_ALLOWED, 1, 3, "comment"),
        ("i /* j */", NOT_ALLOWED, 1, 3, "comment"),
        ("t || 'a'", NOT_ALLOWED, 1, 3, "joined"),
        ("i::text", NOT_ALLOWED, 1, 2, "CAST"),
        ("t ILIKE 'a'", NOT_ALLOWED, 1, 3, "lower"),
        ("t LIKE u", NOT_ALLOWED, 1, 1, "literal"),
        ("i IN (1, j)", NOT_ALLOWED, 1, 10, "literals"),
        ("x'00' = t", NOT_ALLOWED, 1, 1, ""),
        ("lower(t)", NOT_ALLOWED, 1, 1, "comparisons"),
        ("coalesce(u, upper(t))", NOT_ALLOWED, 1, 1, "comparisons"),
        ("CAST(i AS DECIMAL(10, 2))", NOT_ALLOWED, 1, 6, ""),
        ("(i, j) = (1, 2)", NOT_ALLOWED, 1, 2, ""),
    ]);
}

#[test]
fn unknown_columns() {
    check(&[
        ("shiped_at > ship_by", UNKNOWN_COLUMN, 1, 1, "did you mean shipped_at?"),
        ("i > 1 AND\n colour = 'red'", UNKNOWN_COLUMN, 2, 2, "there are b, c"),
        ("\"Valu\" > 1", UNKNOWN_COLUMN, 1, 1, "did you mean value?"),
        ("i = timestamp", UNKNOWN_COLUMN, 1, 5, ""),
    ]);
}

#[test]
fn types_that_do_not_fit() {
    check(&[
        ("i + t", TYPE, 1, 1, "BIGINT and TEXT"),
        ("b + 1", TYPE, 1, 1, "BOOLEAN"),
        ("x % 2", TYPE, 1, 1, "CAST"),
        ("i AND b", TYPE, 1, 1, "AND takes BOOLEAN"),
        ("b AND i", TYPE, 1, 7, "AND takes BOOLEAN"),
        ("NOT i", TYPE, 1, 5, "NOT takes BOOLEAN"),
        ("b < c", TYPE, 1, 1, "order"),
        ("b IN (TRUE)", TYPE, 1, 7, ""),
        ("i = NULL", TYPE, 1, 5, "IS NULL"),
        ("NULL", TYPE, 1, 1, "IS NULL"),
        ("coalesce(NULL, NULL)", TYPE, 1, 1, "without a type"),
        ("i IN (NULL)", TYPE, 1, 7, "literal"),
        ("i IN ('a')", TYPE, 1, 7, ""),
        ("i LIKE 'a'", TYPE, 1, 1, "TEXT"),
        ("shipped_at > '2018-01-01'", TYPE, 1, 1, "TIMESTAMP"),
        ("delay > 3", TYPE, 1, 1, "INTERVAL"),
        ("shipped_at + shipped_at", TYPE, 1, 1, ""),
        ("delay > INTERVAL '1 month'", TYPE, 1, 18, "no fixed length"),
        ("delay > INTERVAL ''", TYPE, 1, 18, "duration"),
        ("shipped_at > TIMESTAMP 'yesterday'", TYPE, 1, 24, "RFC 3339"),
        ("abs(t)", TYPE, 1, 1, "abs takes"),
        ("abs(1, 2)", TYPE, 1, 1, "takes 1"),
        ("least(1)", TYPE, 1, 1, "2 or more"),
        ("hour(delay)", TYPE, 1, 1, "timestamp"),
        ("9223372036854775808", TYPE, 1, 1, "out of range"),
        ("1e999", TYPE, 1, 1, "out of range"),
        ("CASE WHEN b THEN 1 ELSE 'a' END", TYPE, 1, 1, "BIGINT and TEXT"),
        ("CAST(t AS BIGINT)", TYPE, 1, 6, "CAST"),
        ("limit > amount('1.234')", TYPE, 1, 9, "amount"),
        ("limit > amount('1,2')", TYPE, 1, 9, "amount"),
    ]);
}

#[test]
fn money_is_not_mixed() {
    check(&[
        ("value > 10", CURRENCY, 1, 1, "reporting(…)"),
        ("i > 1 AND 10 < value", CURRENCY, 1, 11, "reporting(…)"),
        ("limit > 10", CURRENCY, 1, 1, "amount('12.30')"),
        ("value + limit", CURRENCY, 1, 1, "reporting(…)"),
        ("value = limit", CURRENCY, 1, 1, "reporting(…)"),
        ("coalesce(value, limit)", CURRENCY, 1, 1, "reporting(…)"),
        ("value * 1.5", CURRENCY, 1, 1, ""),
        ("value IN (10)", CURRENCY, 1, 11, ""),
        ("reporting(limit)", CURRENCY, 1, 1, "already"),
    ]);
}

/// Runs on 1 MiB of stack, half of what a thread usually has, and takes the best of three tries.
fn refused_quickly(text: String) -> Code {
    let run = move || {
        let mut best = Duration::MAX;
        let mut code = None;
        for _ in 0..3 {
            let start = Instant::now();
            code = Expression::parse(&text, &Shop).err().map(|refusal| refusal.problem.code);
            best = best.min(start.elapsed());
        }
        assert!(
            best < Duration::from_millis(50),
            "{best:?} for {}",
            text.chars().take(60).collect::<String>()
        );
        code.unwrap_or_else(|| panic!("taken: {}", text.chars().take(60).collect::<String>()))
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap()
}

#[test]
fn hostile_text_is_refused_within_50_ms_on_a_small_stack() {
    let sum = |n: usize| vec!["i"; n].join("+");
    let cases: Vec<(String, Code)> = vec![
        ("(".repeat(10_000), TOO_LONG),
        ("(".repeat(4000), TOO_DEEP),
        (format!("{}i{}", "(".repeat(33), ")".repeat(33)), TOO_DEEP),
        (format!("{}b", "NOT ".repeat(1000)), TOO_DEEP),
        (format!("{}b", "NOT (".repeat(100)), TOO_DEEP),
        (format!("{}i", "- ".repeat(2000)), TOO_DEEP),
        (format!("{}i", "-".repeat(2000)), NOT_ALLOWED),
        (format!("{}i{}", format!("{}(", "- ".repeat(30)).repeat(32), ")".repeat(32)), TOO_LONG),
        (format!("{}b{}", format!("{}(", "NOT ".repeat(20)).repeat(32), ")".repeat(32)), TOO_LONG),
        (sum(5000), TOO_LONG),
        (sum(1500), TOO_LONG),
        (sum(257), TOO_DEEP),
        (vec!["b"; 1300].join(" = "), TOO_LONG),
        (vec!["i"; 1000].join(" < "), TOO_LONG),
        (format!("b{}", " IS TRUE".repeat(250)), TOO_DEEP),
        (format!("b{}", " AND b".repeat(600)), TOO_LONG),
        (["100"; 4].join("^"), SYNTAX),
        (format!("{}i{}", "abs(".repeat(32), ")".repeat(32)), TOO_DEEP),
        (format!("{}i{}", "coalesce(".repeat(32), ")".repeat(32)), TOO_DEEP),
        (format!("{}i{}", "abs(".repeat(500), ")".repeat(500)), TOO_DEEP),
        ("CASE WHEN ".repeat(300), TOO_DEEP),
        ("CASE ".repeat(31), SYNTAX),
        ("CASE WHEN b THEN ".repeat(31), SYNTAX),
        (format!("{}i{}", "CASE ".repeat(20), " WHEN 1 THEN 1 WHEN 2 THEN 2 END".repeat(20)), TOO_LONG),
        (format!("{}b{}", "CAST(CASE WHEN ".repeat(16), " THEN 1 END AS BIGINT)".repeat(16)), TOO_DEEP),
        (format!("i IN ({})", "1,".repeat(2000)), TOO_LONG),
        (format!("i IN ({}1)", "1,".repeat(600)), TOO_LONG),
        (format!("coalesce({}1)", "i,".repeat(600)), TOO_LONG),
        ("INTERVAL ".repeat(400), SYNTAX),
        (format!("{}'1 day'", "INTERVAL ".repeat(400)), SYNTAX),
        ("i BETWEEN ".repeat(100), SYNTAX),
        ("i BETWEEN ".repeat(300), TOO_LONG),
        ("i NOT ".repeat(200), SYNTAX),
        (format!("'{}", "a".repeat(4000)), SYNTAX),
        ("'".repeat(4001), SYNTAX),
        ("\"".repeat(4001), SYNTAX),
        ("1".repeat(4000), TYPE),
        ("9e99999999999999999999".to_owned(), TYPE),
        ("\u{0}".repeat(4096), SYNTAX),
        ("\u{202e}i".to_owned(), SYNTAX),
        ("i".repeat(4096), UNKNOWN_COLUMN),
        ("i,".repeat(900), SYNTAX),
        ("x".repeat(1 << 20), TOO_LONG),
        ("_a '".repeat(100), SYNTAX),
        ("f(".repeat(30), SYNTAX),
        (format!("{}i{}", "if(current_time(".repeat(16), "))".repeat(16)), NOT_ALLOWED),
        (format!("{}i{}", "round(least(1,".repeat(16), ")) x".repeat(16)), SYNTAX),
        (format!("{}i{}", "CASE ".repeat(32), " END".repeat(32)), SYNTAX),
        (format!("{}i{}", "(i,".repeat(32), ")".repeat(32)), NOT_ALLOWED),
    ];
    for (text, code) in cases {
        let shown: String = text.chars().take(60).collect();
        assert_eq!(refused_quickly(text), code, "{shown}");
    }
}

#[test]
fn what_fits_the_bounds_is_taken() {
    for text in [
        format!("{}i{}", "(".repeat(32), ")".repeat(32)),
        format!("{}i{}", "abs(".repeat(31), ")".repeat(31)),
        format!("{}b", "NOT ".repeat(31)),
        vec!["i"; 32].join("+"),
        vec!["b"; 257].join(" AND "),
        format!("i IN ({}1)", "1,".repeat(497)),
        format!("t = '{}'", "a".repeat(4090)),
    ] {
        assert!(text.len() <= 4096);
        if let Err(refusal) = Expression::parse(&text, &Shop) {
            panic!("{refusal}: {text}");
        }
    }
}
