//! Calibration through the binary: on the real sample where it is at hand, and refusals anywhere.
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "tests")]

mod process;

use process::House;
use serde_json::Value;
use std::path::{Path, PathBuf};

fn olist() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/olist-sample");
    let folder = std::env::var_os("PROBITY_OLIST_SAMPLE").map_or_else(beside, PathBuf::from);
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: the Olist sample is not at {}", folder.display());
    None
}

#[test]
fn options_that_make_no_sense_are_refused() {
    let house = House::new();
    let empty = house.path("empty");
    std::fs::create_dir_all(&empty).unwrap();
    let empty = empty.to_str().unwrap();
    for (sample, weight, reason) in [
        ("/nowhere/at/all", "delivered=2", "calibrate-invalid"),
        (empty, "delivered=0.5", "calibrate-invalid"),
        (empty, "delivered=NaN", "calibrate-invalid"),
        (empty, "lost=2", "calibrate-invalid"),
        (empty, "delivered=2", "import-file-missing"),
    ] {
        house.run(["calibrate", "--sample", sample, "--weight", weight]).refused(2, reason);
    }
    assert!(!house.data().exists(), "the data folder is none of its business");
}

/// A table of two orders is read, and is too little.
#[test]
fn a_sample_that_is_too_small_is_refused_and_nothing_is_written() {
    let house = House::new();
    let table = |name: &str, text: &str| house.file(&format!("small/olist_{name}_dataset.csv"), text);
    table(
        "orders",
        "order_id,customer_id,order_status,order_purchase_timestamp,order_approved_at,order_delivered_carrier_date,order_delivered_customer_date,order_estimated_delivery_date\no1,c1,delivered,2017-03-01 10:00:00,2017-03-01 11:00:00,2017-03-02 10:00:00,2017-03-05 10:00:00,2017-03-20 00:00:00\n",
    );
    table(
        "order_items",
        "order_id,order_item_id,product_id,seller_id,shipping_limit_date,price,freight_value\no1,1,p1,s1,2017-03-05 10:00:00,10.00,2.00\n",
    );
    table(
        "order_payments",
        "order_id,payment_sequential,payment_type,payment_installments,payment_value\no1,1,credit_card,1,12.00\n",
    );
    table(
        "order_reviews",
        "review_id,order_id,review_score,review_creation_date,review_answer_timestamp\nr1,o1,5,2017-03-06 00:00:00,2017-03-07 00:00:00\n",
    );
    table("customers", "customer_id,customer_unique_id\nc1,u1\n");
    let (folder, out) = (house.path("small"), house.path("honest.toml"));
    let ran = house.run(["calibrate", "--sample", folder.to_str().unwrap(), "--out", out.to_str().unwrap()]);
    ran.refused(2, "calibrate-impossible");
    assert!(!out.exists());
}

/// The catalogue's parameters are what the command makes of the sample, and fit as the report says.
#[test]
fn the_catalogues_parameters_are_those_of_the_sample() {
    let Some(folder) = olist() else { return };
    let house = House::new();
    let out = house.path("honest.toml");
    let ran = house.run([
        "--json",
        "calibrate",
        "--sample",
        folder.to_str().unwrap(),
        "--weight",
        "delivered=18.65",
        "--worlds",
        "1",
        "--out",
        out.to_str().unwrap(),
        "--report",
        house.path("CALIBRATION.md").to_str().unwrap(),
    ]);
    let answer = ran.exits(0).json();
    let body = |text: &str| text.lines().filter(|line| !line.starts_with('#')).collect::<Vec<_>>().join("\n");
    let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue/worlds/honest.toml");
    let (made, kept) = (std::fs::read_to_string(out).unwrap(), std::fs::read_to_string(kept).unwrap());
    assert_eq!(body(&made), body(&kept), "renew it with probity calibrate");
    for marginal in answer["marginals"].as_array().unwrap() {
        let figure = |name: &str| marginal[name].as_f64().unwrap();
        let name = marginal["name"].as_str().unwrap();
        let picture = house.path(&format!("pictures/calibration-{name}.svg"));
        assert!(std::fs::read_to_string(picture).unwrap().ends_with("</svg>\n"), "{name}");
        let bound = (figure("between_halves") * 1.5).max(MOST);
        assert!(figure("distance") <= bound, "{name}: {marginal}");
    }
    assert_eq!(answer["honest"]["demand"]["hour_weights"].as_array().map(Vec::len), Some(24));
    assert!(matches!(answer["market"]["merchants"], Value::Number(_)));
}

/// No marginal lies further from the real one than this, or than half as far again as halves of the sample do.
const MOST: f64 = 0.1;
