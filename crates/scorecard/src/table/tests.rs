use super::*;
use arrow_array::builder::StringDictionaryBuilder;
use arrow_array::types::Int32Type as Key;
use arrow_array::{
    ArrayRef, BooleanArray, DictionaryArray, Float64Array, Int32Array, Int64Array, ListArray, StringArray,
    TimestampMicrosecondArray,
};
use std::sync::Arc;

fn batch(arrays: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable(arrays.into_iter().map(|(name, array)| (name, array, true)))
        .unwrap()
}

/// What a column of one Arrow array holds, in words.
fn check(array: ArrayRef, wanted: &[&str]) {
    let table = Table::from_batches(&[batch(vec![("x", array)])]).unwrap();
    let told: Vec<String> = (0..table.rows())
        .map(|row| match table.columns()[0].value(row) {
            Value::Number(number) => number.to_string(),
            Value::Category(text) => format!("'{text}'"),
            Value::Missing => "-".to_owned(),
        })
        .collect();
    assert_eq!(told, wanted);
}

#[test]
fn every_type_that_has_a_meaning_becomes_numbers_or_categories() {
    check(
        Arc::new(Float64Array::from(vec![Some(1.5), None, Some(f64::NAN), Some(f64::INFINITY)])),
        &["1.5", "-", "-", "inf"],
    );
    check(Arc::new(Float64Array::from(vec![1.5, f64::NAN])), &["1.5", "-"]);
    check(Arc::new(Int64Array::from(vec![Some(-3), None])), &["-3", "-"]);
    check(Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])), &["1", "0", "-"]);
    check(
        Arc::new(StringArray::from(vec![Some("b"), Some("a"), None, Some("b"), Some("")])),
        &["'b'", "'a'", "-", "'b'", "''"],
    );
    check(Arc::new(TimestampMicrosecondArray::from(vec![1_500_000])), &["1500"]);
    let mut dictionary = StringDictionaryBuilder::<Key>::new();
    dictionary.append_value("b");
    dictionary.append_null();
    dictionary.append_value("b");
    check(Arc::new(dictionary.finish()), &["'b'", "-", "'b'"]);
    let keys = Int32Array::from(vec![Some(1), None, Some(0), Some(2)]);
    let of = |entries: ArrayRef| Arc::new(DictionaryArray::<Key>::new(keys.clone(), entries));
    check(of(Arc::new(Int64Array::from(vec![7, -1, 0]))), &["'-1'", "-", "'7'", "'0'"]);
    check(of(Arc::new(Float64Array::from(vec![7.0, 0.5, f64::NAN]))), &["'0.5'", "-", "'7'", "-"]);
}

#[test]
fn a_dictionary_of_flags_has_no_meaning() {
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    let flags = DictionaryArray::<Key>::new(Int32Array::from(vec![0]), flags);
    let error = Table::from_batches(&[batch(vec![("x", Arc::new(flags))])]).unwrap_err().to_string();
    assert!(error.contains("a dictionary of Boolean"), "{error}");
}

#[test]
fn batches_are_joined_and_must_agree() {
    let one = batch(vec![("x", Arc::new(StringArray::from(vec!["a"])))]);
    let two = batch(vec![("x", Arc::new(StringArray::from(vec!["b", "a"])))]);
    let table = Table::from_batches(&[one.clone(), two]).unwrap();
    let Values::Categories { codes, levels } = &table.columns()[0].values else { panic!("categories") };
    assert_eq!(
        (codes.as_slice(), levels.as_slice()),
        ([0, 1, 0].as_slice(), ["a".to_owned(), "b".to_owned()].as_slice())
    );
    let other = batch(vec![("y", Arc::new(StringArray::from(vec!["a"])))]);
    assert!(Table::from_batches(&[one, other]).unwrap_err().to_string().contains("differ"));
    assert!(Table::from_batches(&[]).is_err());
}

#[test]
fn a_list_has_no_meaning() {
    let lists = ListArray::from_iter_primitive::<Key, _, _>(vec![Some(vec![Some(1)])]);
    let error = Table::from_batches(&[batch(vec![("x", Arc::new(lists))])]).unwrap_err().to_string();
    assert!(error.contains("column \"x\"") && error.contains("leave it out"), "{error}");
}

#[test]
fn columns_must_fit_together() {
    let numbers = |name: &str, rows: usize| Column::numbers(name, vec![0.0; rows]);
    assert!(Table::try_new(vec![]).is_err());
    assert!(
        Table::try_new(vec![numbers("a", 1), numbers("b", 2)])
            .unwrap_err()
            .to_string()
            .contains("has 2 rows")
    );
    assert!(
        Table::try_new(vec![numbers("a", 1), numbers("a", 1)])
            .unwrap_err()
            .to_string()
            .contains("two columns")
    );
}
