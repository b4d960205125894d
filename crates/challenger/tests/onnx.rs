//! Models that LightGBM, XGBoost and scikit-learn exported give what the reference runtime gave for the same rows
//! (`onnx/make.py`), and no file, however damaged, does more than give an error.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test stops at the first surprise")]
#![allow(clippy::disallowed_methods, reason = "the models and the answers held against them are files")]

use probity_challenger::onnx::{Onnx, Reading};
use probity_scorecard::Table;
use probity_scorecard::table::Column;
use proptest::prelude::*;
use serde_json::Value;
use std::path::Path;

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/onnx")
}

fn answers() -> Value {
    serde_json::from_slice(&std::fs::read(folder().join("answers.json")).unwrap()).unwrap()
}

fn file(name: &str) -> Vec<u8> {
    std::fs::read(folder().join(format!("{name}.onnx"))).unwrap()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// The columns stand in another order than the models take them.
fn table(answers: &Value, gaps: bool) -> Table {
    let rows = answers["rows"][if gaps { "gaps" } else { "whole" }].as_array().unwrap();
    let number = |row: &Value, place: usize| row[place].as_f64().unwrap_or(f64::NAN);
    let mut columns: Vec<Column> = ["a", "b", "c", "d", "e"]
        .iter()
        .enumerate()
        .map(|(place, name)| Column::numbers(*name, rows.iter().map(|row| number(row, place)).collect()))
        .collect();
    let home = texts(&answers["rows"]["home"]);
    columns.push(Column::categories("home", home.iter().map(|text| Some(text.as_str()))));
    columns.reverse();
    Table::try_new(columns).unwrap()
}

fn reading(answers: &Value, name: &str) -> Reading {
    Reading { columns: texts(&answers["models"][name]["columns"]), ..Reading::default() }
}

#[test]
fn exported_models_give_what_the_reference_runtime_gives() {
    let answers = answers();
    let models = answers["models"].as_object().unwrap();
    assert_eq!(models.len(), 12);
    for (name, model) in models {
        let onnx = Onnx::read(&file(name), &reading(&answers, name))
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let table = table(&answers, model["gaps"].as_bool().unwrap());
        let wanted: Vec<f64> =
            model["chances"].as_array().unwrap().iter().map(|c| c.as_f64().unwrap()).collect();
        let log_odds = onnx.score(&table).unwrap();
        assert_eq!(log_odds.len(), wanted.len());
        for (row, (log_odds, wanted)) in log_odds.iter().zip(&wanted).enumerate() {
            let chance = 1.0 / (1.0 + (-log_odds).exp());
            assert!((chance - wanted).abs() < 1e-6, "{name}, row {row}: {chance} instead of {wanted}");
        }
        let turned =
            Onnx::read(&file(name), &Reading { first_is_bad: true, ..reading(&answers, name) }).unwrap();
        assert_eq!(turned.score(&table).unwrap(), log_odds.iter().map(|odds| -odds).collect::<Vec<_>>());
    }
}

#[test]
fn trees_from_a_file_explain_themselves() {
    let answers = answers();
    for (name, gaps, only_trees) in [
        ("lightgbm", true, true),
        ("lightgbm-categories", false, true),
        ("xgboost", true, true),
        ("gradient-boosting", false, true),
        ("random-forest", false, false),
        ("logistic", true, false),
        ("columns-trees", false, false),
    ] {
        let table = table(&answers, gaps);
        for first_is_bad in [false, true] {
            let onnx = Onnx::read(&file(name), &Reading { first_is_bad, ..reading(&answers, name) }).unwrap();
            let model = match onnx.trees("bad", &table) {
                Ok(model) => model,
                Err(error) => {
                    assert!(!only_trees && error.to_string().contains("not only trees"), "{name}: {error}");
                    continue;
                }
            };
            assert!(only_trees, "{name}");
            let rows: Vec<usize> = (0..table.rows()).collect();
            let explained = model.explain(&table, &rows).unwrap();
            let mean = explained.iter().map(|row| row.log_odds).sum::<f64>() / rows.len() as f64;
            for (row, log_odds) in explained.iter().zip(onnx.score(&table).unwrap()) {
                assert!((row.log_odds - log_odds).abs() < 1e-5, "{name}");
                assert!((row.base + row.added.iter().sum::<f64>() - row.log_odds).abs() < 1e-9, "{name}");
                // The covers are those of these very rows, so with nothing known their mean is expected.
                assert!((row.base - mean).abs() < 1e-9, "{name}: {} {mean}", row.base);
            }
            let saved = probity_challenger::format::write(&model).unwrap();
            assert_eq!(probity_challenger::format::read(&saved).unwrap(), model);
        }
    }
}

#[test]
fn what_cannot_be_scored_is_refused_with_the_reason() {
    let answers = answers();
    let named = reading(&answers, "logistic");
    fn check(bytes: &[u8], reading: &Reading, wanted: &str) {
        let error = Onnx::read(bytes, reading).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(wanted), "{error} instead of {wanted}");
    }
    check(b"", &named, "no graph");
    check(b"PK\x03\x04", &named, "no ONNX file");
    let logistic = file("logistic");
    check(&logistic[..logistic.len() - 9], &named, "cut off");
    check(&logistic, &Reading::default(), "takes 5 columns that the file does not name");
    check(
        &logistic,
        &Reading { columns: vec!["a".to_owned()], ..named.clone() },
        "takes 5 columns; 1 are named",
    );
    check(
        &logistic,
        &Reading { output: Some("x".to_owned()), ..named.clone() },
        "the outputs are label, probabilities",
    );
    check(&logistic, &Reading { output: Some("label".to_owned()), ..named.clone() }, "label");
    let mut other = logistic.clone();
    // The node's name stands before its operator, both with the same text.
    let places =
        (0..other.len()).filter(|place| logistic[*place..].starts_with(b"Imputer")).collect::<Vec<_>>();
    places.into_iter().for_each(|place| other[place] = b'J');
    check(&other, &named, "Jmputer (of \"variable\"): this operator is not understood");

    let onnx = Onnx::read(&logistic, &named).unwrap();
    let without = table(&answers, false).without(&["c"]);
    assert!(onnx.score(&without).unwrap_err().to_string().contains("no column \"c\""));
    let columns = Onnx::read(&file("columns"), &Reading::default()).unwrap();
    assert_eq!(columns.columns(), ["a", "b", "c", "d", "e", "home"]);
    let missing = columns.score(&table(&answers, true)).unwrap_err().to_string();
    assert!(missing.contains("does not take missing values"), "{missing}");
}

/// A field of a message: its number, its wire type 2, its length and its bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = varint(u64::from(number) << 3 | 2);
    field.extend(varint(bytes.len() as u64));
    field.extend(bytes);
    field
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
    bytes
}

/// A file with one input `x` of so many columns and one output `y`.
fn model(width: u64, nodes: &[Vec<u8>]) -> Vec<u8> {
    let dimension = |size: u64| field(1, &[vec![8], varint(size)].concat());
    let shape = field(2, &[dimension(0), dimension(width)].concat());
    let tensor = field(2, &field(1, &[vec![8, 1], shape].concat()));
    let port = |number: u8, name: &[u8]| field(number, &[field(1, name), tensor.clone()].concat());
    let nodes: Vec<u8> = nodes.iter().flat_map(|node| field(1, node)).collect();
    field(7, &[nodes, port(11, b"x"), port(12, b"y")].concat())
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut node: Vec<u8> = inputs.iter().flat_map(|input| field(1, input.as_bytes())).collect();
    node.extend([field(2, output.as_bytes()), field(4, operator.as_bytes())].concat());
    node.extend(attributes.iter().flat_map(|attribute| field(5, attribute)));
    node
}

fn integers(name: &str, values: impl IntoIterator<Item = u64>) -> Vec<u8> {
    [field(1, name.as_bytes()), field(8, &values.into_iter().flat_map(varint).collect::<Vec<_>>())].concat()
}

fn floats(name: &str, values: &[f32]) -> Vec<u8> {
    let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    [field(1, name.as_bytes()), field(7, &bytes)].concat()
}

/// A regressor of one tree whose nodes look at column 0; the last node is its only leaf with a weight.
fn forest(nodes: &[(&str, u64, u64)]) -> Vec<u8> {
    let count = nodes.len() as u64;
    let modes: Vec<u8> = nodes.iter().flat_map(|node| field(9, node.0.as_bytes())).collect();
    let attributes = [
        integers("nodes_treeids", (0..count).map(|_| 0)),
        integers("nodes_nodeids", 0..count),
        integers("nodes_featureids", (0..count).map(|_| 0)),
        integers("nodes_truenodeids", nodes.iter().map(|node| node.1)),
        integers("nodes_falsenodeids", nodes.iter().map(|node| node.2)),
        floats("nodes_values", &vec![0.5; nodes.len()]),
        [field(1, b"nodes_modes"), modes].concat(),
        integers("target_treeids", [0]),
        integers("target_nodeids", [count - 1]),
        integers("target_ids", [0]),
        floats("target_weights", &[0.25]),
    ];
    model(1, &[node("TreeEnsembleRegressor", &["x"], "y", &attributes)])
}

#[test]
fn a_file_made_to_harm_is_refused() {
    fn check(bytes: &[u8], wanted: &str) {
        let error =
            Onnx::read(bytes, &Reading::default()).err().map(|error| error.to_string()).unwrap_or_default();
        assert!(error.contains(wanted), "{error:?} instead of {wanted}");
    }
    let leaf = ("LEAF", 0, 0);
    assert!(Onnx::read(&forest(&[("BRANCH_LT", 1, 2), leaf, leaf]), &Reading::default()).is_ok());
    check(&forest(&[("BRANCH_LT", 1, 2), ("BRANCH_LT", 0, 2), leaf]), "no root");
    check(&forest(&[("BRANCH_LT", 1, 1), leaf]), "two ways lead to node 1");
    check(&forest(&[("BRANCH_LT", 1, 9), leaf]), "no node 9");
    check(&forest(&[("BRANCH_LT", 1, 2), leaf, leaf, leaf]), "hang together");
    check(&forest(&[leaf, ("BRANCH_LT", 2, 3), ("BRANCH_LT", 1, 3), leaf]), "hang together");
    check(&forest(&[("BRANCH_IN", 1, 2), leaf, leaf]), "\"BRANCH_IN\" is not understood");
    check(&forest(&[("BRANCH_LT", 1, 2), leaf, ("BRANCH_LT", 1, 2)]), "two ways");
    let mut deep: Vec<(&str, u64, u64)> = Vec::new();
    for place in 0..2_000 {
        deep.extend([("BRANCH_LT", 2 * place + 1, 2 * place + 2), leaf]);
    }
    deep.push(leaf);
    check(&forest(&deep), "2000 splits deep");

    // Each doubles the row.
    let names: Vec<String> =
        (0..60).map(|place| if place == 0 { "x".to_owned() } else { format!("v{place}") }).collect();
    let mut doubled: Vec<Vec<u8>> = names
        .windows(2)
        .map(|pair| node("Concat", &[pair[0].as_str(), pair[0].as_str()], &pair[1], &[]))
        .collect();
    doubled.push(node("Identity", &["v59"], "y", &[]));
    check(&model(1, &doubled), "more than 100000 numbers on its way");
    let cats = integers("cats_int64s", 0..60_000);
    let wide = [
        node("OneHotEncoder", &["x"], "v", std::slice::from_ref(&cats)),
        node("OneHotEncoder", &["v"], "y", &[cats]),
    ];
    check(&model(1, &wide), "too wide");
    check(
        &model(1, &[node("Neg", &["z"], "y", &[]), node("Neg", &["y"], "z", &[])]),
        "made after it is taken",
    );
    check(&model(1, &[node("Neg", &["x"], "z", &[])]), "nothing makes the output");
    check(&model(u64::MAX, &[node("Neg", &["x"], "y", &[])]), "columns that the file does not name");
    check(&model(3, &vec![node("Neg", &["x"], "y", &[]); 10_001]), "more than 10000 nodes");
    check(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], "cut off");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]
    #[test]
    fn a_damaged_file_is_an_error_or_another_model(
        which in 0..12_usize,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        end in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let answers = answers();
        let name = answers["models"].as_object().unwrap().keys().nth(which).unwrap().clone();
        let mut bytes = file(&name);
        for (place, byte) in &changes {
            let place = place.index(bytes.len());
            bytes[place] = *byte;
        }
        if let Some(end) = end {
            bytes.truncate(end.index(bytes.len()));
        }
        if let Ok(onnx) = Onnx::read(&bytes, &reading(&answers, &name)) {
            // Whatever it is now, it answers or says why not.
            let _ = onnx.score(&table(&answers, true));
        }
    }
}
