//! Tables of others: Parquet, and the real marketplace sample where it is at hand.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "what the tests call fails by panicking, too"
)]

mod process;

use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use process::House;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TEXTS: [&str; 7] = ["id", "type", "occurred_at", "merchant", "buyer", "order", "currency"];

/// Placed orders; the value column holds integers, which are minor units.
fn parquet_file(values: &[i64]) -> Vec<u8> {
    let columns: String = TEXTS.iter().map(|name| format!("required binary {name} (UTF8); ")).collect();
    let schema = parse_message_type(&format!("message orders {{ {columns}required int64 value; }}")).unwrap();
    let mut writer = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::default()).unwrap();
    let mut group = writer.next_row_group().unwrap();
    for name in TEXTS {
        let cells: Vec<ByteArray> = (0..values.len())
            .map(|n| match name {
                "id" | "order" => format!("{name}{n}"),
                "type" => "order.placed".into(),
                "occurred_at" => "2025-01-01T10:00:00Z".into(),
                "currency" => "EUR".into(),
                party => format!("{party}{}", n % 3),
            })
            .map(|text| ByteArray::from(text.as_str()))
            .collect();
        let mut column = group.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&cells, None, None).unwrap();
        column.close().unwrap();
    }
    let mut column = group.next_column().unwrap().unwrap();
    column.typed::<Int64Type>().write_batch(values, None, None).unwrap();
    column.close().unwrap();
    group.close().unwrap();
    writer.into_inner().unwrap()
}

#[test]
fn integers_of_parquet_are_minor_units() {
    let house = House::new();
    let mut values: Vec<i64> = (0..500).map(|n| n * 7 + 1).collect();
    values[250] = -5;
    let bytes = parquet_file(&values);
    let ran = house.import(&house.file("orders.parquet", &bytes)).exits(3);
    assert_eq!((ran.number("taken"), ran.number("set_aside")), (499, 1), "{ran:?}");
    let rows = house.run(["--json", "events", "--limit", "1000"]).exits(0).json();
    for row in rows.as_array().unwrap().iter().filter(|row| row["type"] == "order.placed") {
        let n: usize = row["id"].as_str().unwrap()[2..].parse().unwrap();
        let value = format!("{}.{:02}", values[n] / 100, values[n] % 100);
        assert_eq!(row["fields"]["value"], value.as_str(), "{row}");
    }
    let cut = house.import(&house.file("cut.parquet", &bytes[..bytes.len() - 20]));
    assert!(cut.code == 1 || cut.code == 2, "{cut:?}");
    assert!(cut.err.contains("intake-file-unreadable"), "{cut:?}");
    assert_eq!(house.events(), 499);
}

/// Cells of a CSV file, read in the plainest way: its records, without the header, by column name.
fn records(path: &Path) -> Vec<HashMap<String, String>> {
    let text = std::fs::read_to_string(path).unwrap();
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut chars = text.trim_start_matches('\u{feff}').chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '"' if quoted && chars.peek() == Some(&'"') => cell.push(chars.next().unwrap()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell).trim_end_matches('\r').to_owned());
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    let header = rows.remove(0);
    rows.into_iter().map(|row| header.iter().cloned().zip(row).collect()).collect()
}

fn olist() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/olist-sample");
    let folder = std::env::var_os("PROBITY_OLIST_SAMPLE").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the Olist sample is not at {}", folder.display());
    None
}

/// Of each seller with at least ten orders: orders, and those that ended badly.
fn outcomes(folder: &Path) -> BTreeMap<String, (usize, usize)> {
    let read = |name: &str| records(&folder.join(format!("olist_{name}_dataset.csv")));
    let mut bad: BTreeSet<String> = read("orders")
        .iter()
        .filter(|order| {
            order["order_status"] == "unavailable"
                || order["order_status"] == "canceled"
                || order["order_delivered_customer_date"].is_empty()
        })
        .map(|order| order["order_id"].clone())
        .collect();
    bad.extend(
        read("order_reviews")
            .iter()
            .filter(|review| review["review_score"].parse::<u8>().unwrap() <= 2)
            .map(|review| review["order_id"].clone()),
    );
    let mut orders: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for item in read("order_items") {
        orders.entry(item["seller_id"].clone()).or_default().insert(item["order_id"].clone());
    }
    orders
        .into_iter()
        .filter(|(_, orders)| orders.len() >= 10)
        .map(|(seller, orders)| {
            (seller, (orders.len(), orders.iter().filter(|order| bad.contains(*order)).count()))
        })
        .collect()
}

#[test]
fn every_row_of_the_real_sample_is_accounted_for_and_bad_sellers_rank_low() {
    let Some(folder) = olist() else { return };
    let house = House::new();
    let ran = house.run([
        "--json".as_ref(),
        "import".as_ref(),
        "--mapping".as_ref(),
        "olist".as_ref(),
        folder.as_os_str(),
    ]);
    assert!(ran.code == 0 || ran.code == 3, "{ran:?}");
    let report = ran.json();
    for (table, file) in [
        ("orders", "orders"),
        ("items", "order_items"),
        ("payments", "order_payments"),
        ("reviews", "order_reviews"),
    ] {
        let counted = records(&folder.join(format!("olist_{file}_dataset.csv"))).len() as u64;
        let of = |what: &str| report["tables"][table][what].as_u64().unwrap();
        assert_eq!(of("rows"), counted, "{table}");
        assert_eq!(of("imported") + of("set_aside"), counted, "{table}: {report}");
    }
    assert_eq!(house.events(), report["taken"].as_u64().unwrap());
    let listed = house.run(["--json", "set-aside"]).exits(0).json().as_array().unwrap().len() as u64;
    assert!(listed >= report["set_aside"].as_u64().unwrap(), "{listed}");

    let again = house.run([
        "--json".as_ref(),
        "import".as_ref(),
        "--mapping".as_ref(),
        "olist".as_ref(),
        folder.as_os_str(),
    ]);
    assert_eq!((again.number("taken"), again.number("duplicates")), (0, report["taken"].as_u64().unwrap()));

    let scores: HashMap<String, f64> = house.scores(&["latest"])[0]
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split(',');
            Some((cells.next()?.strip_prefix("merchant:")?.to_owned(), cells.next()?.parse().ok()?))
        })
        .collect();
    let mut sellers: Vec<(f64, f64)> = outcomes(&folder)
        .iter()
        .map(|(seller, (orders, bad))| (*bad as f64 / *orders as f64, scores[seller]))
        .collect();
    sellers.sort_by(|a, b| b.0.total_cmp(&a.0));
    let mean = |part: &[(f64, f64)]| part.iter().map(|(_, score)| score).sum::<f64>() / part.len() as f64;
    let (worst, rest) = (mean(&sellers[..20]), mean(&sellers[20..]));
    println!("{} sellers; the 20 worst have {worst:.0} on average, the others {rest:.0}", sellers.len());
    assert!(rest - worst > 50.0, "{worst} and {rest}");

    let told = process::reasons::check(&house.data());
    println!("{told:?}");
    assert!(told.parties > 1_000 && told.reasons > 1_000, "{told:?}");
}
