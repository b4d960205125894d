//! The Olist mapping on the real sample: every row of orders, items, payments and reviews is accounted for, and the totals
//! are those of counts made straight over the tables.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use probity_intake::mapping::{accounted_table, parse_lines};
use probity_intake::{Item, Mapping, Options, open};
use probity_primitives::{Currency, ExternalId, Money, Timestamp};
use probity_store::staging::{Staged, Staging, Stop};

const LIMIT: Duration = Duration::from_secs(60);

fn sample() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/olist-sample");
    let folder = std::env::var_os("PROBITY_OLIST_SAMPLE").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the Olist sample is not at {}", folder.display());
    None
}

fn mapping() -> Mapping {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue/mappings/olist.toml");
    Mapping::parse(&std::fs::read_to_string(path).unwrap(), "olist.toml").unwrap()
}

/// Rows of each table by line: column → text.
type Tables = HashMap<String, BTreeMap<u64, HashMap<String, String>>>;

fn stage(mapping: &Mapping, folder: &Path) -> (Staging, Tables) {
    let mut staging = Staging::new(None).unwrap();
    let mut tables = Tables::new();
    for table in &mapping.tables {
        let mut reader = open(&folder.join(&table.file), Options { delimiter: table.delimiter }).unwrap();
        let columns = reader.columns().to_vec();
        for needed in &table.columns {
            assert!(columns.contains(needed), "{}: {needed}", table.name);
        }
        staging.load(&table.name, columns.iter().map(String::as_str)).unwrap();
        let rows = tables.entry(table.name.clone()).or_default();
        while let Some(item) = reader.read().unwrap() {
            let Item::Row(row) = item else { panic!("{}: {item:?}", table.name) };
            staging.insert(row.line, row.cells().map(|cell| cell.text().map(|t| t.into_owned()))).unwrap();
            let cells = columns.iter().zip(row.cells());
            let cells = cells.filter_map(|(name, cell)| Some((name.clone(), cell.text()?.into_owned())));
            rows.insert(row.line, cells.collect());
        }
        staging.finish(&table.name, table.index.iter().map(String::as_str)).unwrap();
    }
    for derived in &mapping.derived {
        staging.derive(&derived.name, &derived.sql, derived.index.iter().map(String::as_str), LIMIT).unwrap();
    }
    (staging, tables)
}

/// What the mapping gives: events as flat fields, and the lines of each table that are accounted for.
#[derive(Default, PartialEq, Debug)]
struct Outcome {
    events: Vec<(String, BTreeMap<String, String>)>,
    marked: BTreeMap<String, HashSet<u64>>,
    set_aside: BTreeMap<String, HashSet<u64>>,
}

fn run(mapping: &Mapping, staging: &Staging) -> Outcome {
    let mut outcome = Outcome::default();
    for query in &mapping.events {
        staging
            .query(&query.sql, LIMIT, |row| {
                let mut fields = BTreeMap::new();
                for (n, column) in row.columns().iter().enumerate() {
                    let text = match row.value(n)? {
                        Staged::Null => continue,
                        Staged::Integer(i) => i.to_string(),
                        Staged::Real(x) => panic!("{}: {column} is a float: {x}", query.event_type),
                        Staged::Text(text) => text.to_owned(),
                    };
                    match accounted_table(column) {
                        Some(table) => {
                            outcome.marked.entry(table.to_owned()).or_default().extend(parse_lines(&text)?)
                        }
                        None => drop(fields.insert(column.clone(), text)),
                    }
                }
                outcome.events.push((query.event_type.clone(), fields));
                Ok(Stop::No)
            })
            .unwrap();
    }
    for query in &mapping.set_aside {
        let lines = outcome.set_aside.entry(query.table.clone()).or_default();
        staging
            .query(&query.sql, LIMIT, |row| {
                let Staged::Integer(line) = row.value(0)? else { panic!("{}: no line", query.code) };
                lines.insert(line as u64);
                Ok(Stop::No)
            })
            .unwrap();
    }
    outcome
}

#[test]
fn every_row_is_accounted_for() {
    let Some(folder) = sample() else { return };
    let mapping = mapping();
    let (staging, tables) = stage(&mapping, &folder);
    let outcome = run(&mapping, &staging);
    for table in mapping.tables.iter().filter(|table| table.account) {
        let empty = HashSet::new();
        let marked = outcome.marked.get(&table.name).unwrap_or(&empty);
        let aside = outcome.set_aside.get(&table.name).unwrap_or(&empty);
        let all: HashSet<u64> = tables[&table.name].keys().copied().collect();
        assert_eq!(marked.intersection(aside).count(), 0, "{}", table.name);
        let union: HashSet<u64> = marked.union(aside).copied().collect();
        assert_eq!(union, all, "{}", table.name);
        println!("{}: {} rows, {} imported, {} set aside", table.name, all.len(), marked.len(), aside.len());
    }
    // The same files again give the same events.
    let (again, _) = stage(&mapping, &folder);
    assert_eq!(run(&mapping, &again), outcome);
}

#[test]
fn fields_are_well_formed_and_ids_unique() {
    let Some(folder) = sample() else { return };
    let mapping = mapping();
    let (staging, _) = stage(&mapping, &folder);
    let real = mapping.currency.unwrap_or_else(|| Currency::try_new("BRL").unwrap());
    let mut ids = HashSet::new();
    for (kind, fields) in &run(&mapping, &staging).events {
        for (name, text) in fields {
            match name.as_str() {
                "id" | "merchant" | "buyer" | "order" | "review" => drop(ExternalId::try_new(text).unwrap()),
                "value" | "goods_value" => assert!(Money::parse(text, real).unwrap().minor >= 0),
                name if name.ends_with("_at") || name.ends_with("_by") => {
                    assert!(Timestamp::parse(text).is_ok())
                }
                "rating" => assert!((1..=5).contains(&text.parse::<i64>().unwrap())),
                "items" => assert!(text.parse::<i64>().unwrap() > 0),
                "instalments" => assert!((0..=120).contains(&text.parse::<i64>().unwrap())),
                "method" | "category" | "by" | "reason" | "verified" => assert!(!text.is_empty()),
                other => panic!("{kind}: unexpected field {other}"),
            }
        }
        for needed in ["id", "occurred_at", "buyer", "order"] {
            assert!(fields.contains_key(needed), "{kind} without {needed}: {fields:?}");
        }
        assert!(ids.insert(fields["id"].clone()), "{kind}: {} twice", fields["id"]);
    }
}

/// Cents of a plain decimal, independent of the mapping's SQL.
fn cents(text: &str) -> i64 {
    (text.parse::<f64>().unwrap() * 100.0).round() as i64
}

#[test]
fn totals_are_those_of_the_tables() {
    let Some(folder) = sample() else { return };
    let mapping = mapping();
    let (staging, tables) = stage(&mapping, &folder);
    let events = run(&mapping, &staging).events;

    let mut sellers: HashMap<&str, HashSet<&str>> = HashMap::new();
    let mut total = 0;
    for item in tables["items"].values() {
        sellers.entry(&item["order_id"]).or_default().insert(&item["seller_id"]);
        total += cents(&item["price"]) + cents(&item["freight_value"]);
    }
    for payment in tables["payments"].values().filter(|p| !sellers.contains_key(p["order_id"].as_str())) {
        total += cents(&payment["payment_value"]);
    }
    let parts =
        |order: &HashMap<String, String>| sellers.get(order["order_id"].as_str()).map_or(1, HashSet::len);
    let orders: HashMap<&str, &HashMap<String, String>> =
        tables["orders"].values().map(|o| (o["order_id"].as_str(), o)).collect();
    let with =
        |column: &str| orders.values().filter(|o| o.contains_key(column)).map(|o| parts(o)).sum::<usize>();
    let cancelled =
        |o: &&&HashMap<String, String>| matches!(o["order_status"].as_str(), "canceled" | "unavailable");
    let reviews = tables["reviews"].values().map(|r| parts(orders[r["order_id"].as_str()])).sum::<usize>();
    let expected = [
        ("order.placed", orders.values().map(|o| parts(o)).sum()),
        ("order.paid", with("order_approved_at")),
        ("order.shipped", with("order_delivered_carrier_date")),
        ("order.delivered", with("order_delivered_customer_date")),
        ("order.cancelled", orders.values().filter(cancelled).map(|o| parts(o)).sum()),
        ("review.posted", reviews),
    ];
    for (kind, count) in expected {
        let found = events.iter().filter(|(k, _)| k == kind).count();
        println!("{kind}: {found}");
        assert_eq!(found, count, "{kind}");
    }
    let placed = events.iter().filter(|(kind, _)| kind == "order.placed");
    assert_eq!(placed.map(|(_, fields)| cents(&fields["value"])).sum::<i64>(), total);
}

/// Orders of several sellers are one order for each, the first under the order's own id.
#[test]
fn sellers_of_one_order_have_their_own() {
    let Some(folder) = sample() else { return };
    let mapping = mapping();
    let (staging, tables) = stage(&mapping, &folder);
    let outcome = run(&mapping, &staging);
    let placed: HashMap<&str, &BTreeMap<String, String>> = outcome
        .events
        .iter()
        .filter(|(kind, _)| kind == "order.placed")
        .map(|(_, fields)| (fields["order"].as_str(), fields))
        .collect();
    let mut several = 0;
    for item in tables["items"].values().filter(|item| item["order_item_id"] == "1") {
        let first = placed[item["order_id"].as_str()];
        assert_eq!(first["merchant"], item["seller_id"]);
        if let Some(second) = placed.get(format!("{}.2", item["order_id"]).as_str()) {
            assert_ne!(second["merchant"], first["merchant"]);
            several += 1;
        }
    }
    let without = placed.values().filter(|fields| !fields.contains_key("merchant")).count();
    assert_eq!(
        without,
        tables["orders"].len()
            - tables["items"].values().map(|i| &i["order_id"]).collect::<HashSet<_>>().len()
    );
    println!("{several} orders of several sellers, {without} without one");
}
