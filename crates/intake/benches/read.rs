//! Rows per second of the CSV and JSON Lines readers: `cargo bench -p probity-intake`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a bench prints, and stops when it cannot go on"
)]

use std::io::Cursor;
use std::time::Instant;

use probity_intake::Item;
use probity_intake::csv::CsvReader;
use probity_intake::jsonl::{JsonlReader, flat_object};

const ROWS: usize = 1_000_000;

fn report(what: &str, bytes: usize, cells: usize, begun: Instant) {
    let seconds = begun.elapsed().as_secs_f64();
    let (rate, size) = (ROWS as f64 / seconds, bytes as f64 / seconds / 1e6);
    println!("{what:<28} {:>10.0} rows/s {size:>8.0} MB/s  ({cells} cells)", rate);
}

fn csv(what: &str, row: impl Fn(usize) -> String) {
    let mut text = String::from("id,order,merchant,buyer,value,occurred_at\n");
    (0..ROWS).for_each(|n| text.push_str(&row(n)));
    let bytes = text.len();
    let begun = Instant::now();
    let mut reader = CsvReader::new(Box::new(Cursor::new(text)), "bench.csv", b',').expect("a header");
    let mut cells = 0;
    while let Some(item) = reader.read().expect("memory can be read") {
        if let Item::Row(row) = item {
            cells += row.cells().filter(|cell| cell.text().is_some()).count();
        }
    }
    report(what, bytes, cells, begun);
}

fn main() {
    csv("csv, plain", |n| format!("e{n},o{n},m{},b{},12.30,2018-01-01T00:00:00Z\n", n % 1000, n % 5000));
    csv("csv, every cell quoted", |n| {
        format!("\"e{n}\",\"o{n}\",\"m{}\",\"b{}\",\"12.30\",\"2018-01-01T00:00:00Z\"\n", n % 1000, n % 5000)
    });

    let mut text = String::new();
    for n in 0..ROWS {
        text.push_str(&format!(
            "{{\"id\":\"e{n}\",\"source\":\"shop\",\"type\":\"order.placed\",\"occurred_at\":\"2018-01-01T00:00:00Z\",\
             \"merchant\":\"m{}\",\"buyer\":\"b{n}\",\"order\":\"o{n}\",\"value\":\"12.30\",\"currency\":\"BRL\"}}\n",
            n % 1000
        ));
    }
    let bytes = text.len();
    let begun = Instant::now();
    let mut reader = JsonlReader::new(Box::new(Cursor::new(text)), "bench.jsonl");
    let mut cells = 0;
    while let Some(item) = reader.read().expect("memory can be read") {
        if let Item::Object { json, .. } = item {
            cells += flat_object(json).map_or(0, |members| members.len());
        }
    }
    report("jsonl, parsed", bytes, cells, begun);
}
