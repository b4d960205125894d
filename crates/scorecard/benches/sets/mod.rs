//! The public credit sets that the benches read, and how they measure. The sets lie beside the checkout, in
//! `../shared/data`; they are not part of it.
#![allow(dead_code, unreachable_pub, reason = "each bench uses some of it")]

use probity_scorecard::table::Column;
use probity_scorecard::{Sample, Table, validation};
use std::path::Path;

/// The rows of a set to fit on, whose target is `bad`; none where it is not there.
pub fn read(folder: &str) -> Option<Sample> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let mut reader = csv::Reader::from_path(root.join(folder).join("train.csv")).ok()?;
    let names = reader.headers().expect("a header").clone();
    let records: Vec<csv::StringRecord> = reader.records().map(|record| record.expect("a row")).collect();
    let columns = names.iter().enumerate().map(|(place, name)| {
        let texts = || records.iter().map(|record| Some(&record[place]).filter(|text| !text.is_empty()));
        let number = |text: Option<&str>| text.map_or(Some(f64::NAN), |text| text.parse().ok());
        match texts().map(number).collect() {
            Some(numbers) => Column::numbers(name, numbers),
            None => Column::categories(name, texts()),
        }
    });
    let table = Table::try_new(columns.collect()).expect("a table");
    Some(Sample::try_new(&table, "bad", None).expect("a target"))
}

/// Milliseconds of processor time of this thread, or of the clock where the system does not tell.
pub fn milliseconds() -> f64 {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let spent = told.and_then(|text| text.split(' ').next().and_then(|first| first.parse::<f64>().ok()));
    spent.map_or_else(
        || std::time::UNIX_EPOCH.elapsed().map_or(0.0, |time| time.as_secs_f64() * 1e3),
        |nanoseconds| nanoseconds / 1e6,
    )
}

/// The area under the ROC curve.
pub fn auc(risk: &[f64], bad: &[bool]) -> f64 {
    validation::auc(risk, bad, None).expect("good and bad rows").value
}
