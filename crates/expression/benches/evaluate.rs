//! Nanoseconds per evaluation of three typical expressions: the median of many rounds.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark reads the clock and prints its result"
)]

use probity_expression::{Columns, Expression, Faults, MoneyIn, Row, Type, Value};
use std::hint::black_box;
use std::time::Instant;

const COLUMNS: [(&str, Type); 4] = [
    ("type", Type::Text),
    ("shipped_at", Type::Timestamp),
    ("ship_by", Type::Timestamp),
    ("value", Type::Money(MoneyIn::Event)),
];

struct Order;

impl Columns for Order {
    fn column(&self, name: &str) -> Option<(usize, Type)> {
        COLUMNS.iter().enumerate().find(|(_, (column, _))| *column == name).map(|(n, (_, of))| (n, *of))
    }

    fn names(&self) -> Vec<String> {
        COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect()
    }

    fn reporting_exponent(&self) -> Option<u32> {
        Some(2)
    }
}

struct Cells([Value<'static>; 4]);

impl Row for Cells {
    fn value(&self, column: usize) -> Value<'_> {
        self.0.get(column).copied().unwrap_or(Value::Null)
    }

    fn to_reporting(&self, minor: i64) -> Option<i64> {
        minor.checked_mul(2)
    }
}

fn main() {
    let row = Cells([
        Value::Text("order.shipped_late"),
        Value::Integer(1_514_800_800_000),
        Value::Integer(1_514_700_800_000),
        Value::Integer(1230),
    ]);
    for text in [
        "type = 'order.shipped_late'",
        "shipped_at > ship_by AND reporting(value) > amount('3')",
        "CASE WHEN type IN ('order.paid', 'order.shipped') THEN 0.0 ELSE in_days(shipped_at - ship_by) * 2 + 1 END",
    ] {
        match Expression::parse(text, &Order) {
            Ok(expression) => println!("{:7.1} ns  {text}", median(&expression, &row)),
            Err(refusal) => println!("refused: {refusal}"),
        }
    }
}

fn median(expression: &Expression, row: &Cells) -> f64 {
    const ROUNDS: usize = 101;
    const EVALUATIONS: u32 = 20_000;
    let mut faults = Faults::default();
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..EVALUATIONS {
                black_box(expression.evaluate(black_box(row), &mut faults));
            }
            start.elapsed().as_nanos() as f64 / f64::from(EVALUATIONS)
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds.get(ROUNDS / 2).copied().unwrap_or_default()
}
