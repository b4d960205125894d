//! Real tables of the package (version 1.0.0), with rows made up column by column and the package's own scores of them.

use super::*;
use crate::table::{Column, Table};

/// A table from a fixture's CSV; the columns of `texts` are categories.
fn table(csv: &str, texts: &[&str]) -> Table {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let rows: Vec<StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
    let columns = header.iter().enumerate().map(|(place, name)| {
        let cells = rows.iter().map(|row| &row[place]);
        if texts.contains(&name) {
            Column::categories(name, cells.map(|cell| (!cell.is_empty()).then_some(cell)))
        } else {
            Column::numbers(name, cells.map(|cell| cell.parse().unwrap_or(f64::NAN)).collect())
        }
    });
    Table::try_new(columns.collect()).unwrap()
}

fn numbers(table: &Table, name: &str) -> Vec<f64> {
    let column = table.column(name).unwrap();
    (0..table.rows())
        .map(|row| match column.value(row) {
            crate::table::Value::Number(number) => number,
            other => panic!("{other:?}"),
        })
        .collect()
}

fn special(name: &str, values: &[f64]) -> Special {
    Special { name: name.to_owned(), values: values.to_vec() }
}

fn check(bins: &str, rows: &str, texts: &[&str], options: &Options) -> Scorecard {
    let card = read(bins, options).unwrap();
    let rows = table(rows, texts);
    let lost: f64 = card.parts().provenance[1].1.parse().unwrap();
    let wanted = numbers(&rows, "score").into_iter().zip(numbers(&rows, "probability"));
    for (row, (scored, (score, probability))) in card.score(&rows).unwrap().iter().zip(wanted).enumerate() {
        let exact = card.parts().scale.score_at(scored.log_odds);
        assert!((exact - score).abs() < 1e-9, "row {row}: {exact} instead of {score}");
        assert!((scored.probability() - probability).abs() < 1e-9, "row {row}: {scored:?}, {probability}");
        assert!((f64::from(scored.score) - score).abs() <= lost + 5e-4, "row {row}: {scored:?}, {score}");
    }
    card
}

#[test]
fn numbers_with_special_codes_score_as_in_the_package() {
    let scale = Scale { score: 600.0, odds: 30.0, points_to_double: 50.0 };
    let options = Options {
        meaning: Meaning::Scale(scale),
        base_points: 0.0,
        specials: vec![special("Special", &[-9.0, -8.0, -7.0])],
    };
    let bins = include_str!("../fixtures/optbinning_heloc.csv");
    let card = check(bins, include_str!("../fixtures/optbinning_heloc_rows.csv"), &[], &options);
    let first = &card.parts().characteristics[0];
    assert_eq!((first.name.as_str(), first.bins.text(0).as_str()), ("ExternalRiskEstimate", "below 59.5"));
    assert_eq!((first.attributes[0].weight, first.attributes[0].bad), (759.0, 641.0));
    // The intercept told instead of the scale: the same card again.
    let options = Options { meaning: Meaning::Intercept(0.046_127_880_374_556_53), ..options };
    let found = read(bins, &options).unwrap().parts().scale;
    assert!((found.points_to_double - 50.0).abs() < 1e-9, "{found:?}");
    assert!((found.score_at(-f64::ln(30.0)) - 600.0).abs() < 1e-9, "{found:?}");
}

#[test]
fn categories_new_ones_and_an_intercept_score_as_in_the_package() {
    let texts = ["status_of_existing_checking_account", "purpose", "savings_account_and_bonds"];
    let options = Options {
        meaning: Meaning::Intercept(-0.848_374_023_278_156_9),
        base_points: 299.999_999_999_999_94,
        specials: vec![],
    };
    let bins = include_str!("../fixtures/optbinning_german.csv");
    check(bins, include_str!("../fixtures/optbinning_german_rows.csv"), &texts, &options);
}

#[test]
fn named_special_codes_and_long_bounds_score_as_in_the_package() {
    let options = Options {
        meaning: Meaning::Scale(Scale { score: 500.0, odds: 15.0, points_to_double: 20.0 }),
        base_points: 0.0,
        specials: vec![special("no record", &[-9.0]), special("not usable", &[-8.0, -7.0])],
    };
    let bins = include_str!("../fixtures/optbinning_generated.csv");
    let card = check(bins, include_str!("../fixtures/optbinning_generated_rows.csv"), &[], &options);
    assert_eq!(card.parts().characteristics[0].bins.specials().len(), 2);
}

#[test]
fn lists_of_categories_are_read_as_python_prints_them() {
    for (text, wanted) in [
        ("'a', 'b, c'", &["a", "b, c"][..]),
        (r#"'it\'s' "it's" 'a\\b' 'x\n' '\xe4\u20ac'"#, &["it's", "it's", "a\\b", "x\n", "ä€"]),
        ("1 2.0\n 3", &["1", "2", "3"]),
        ("True, False", &["True", "False"]),
        ("", &[]),
    ] {
        assert_eq!(numpy_list(text).unwrap(), wanted, "{text}");
    }
    for text in ["'a", "'a' ... 'b'", r"'\xzz'"] {
        assert!(numpy_list(text).is_err(), "{text}");
    }
    for (text, wanted) in [
        ("'a', 'b, c'", &["a", "b, c"][..]),
        (" 'it's \"1\"',  'it's',\n  'c'd'", &["it's \"1\"", "it's", "c'd"]),
        (r"'a\nb', 'c\d'", &["a\nb", "c\\d"]),
        ("", &[]),
    ] {
        assert_eq!(pandas_list(text).unwrap(), wanted, "{text}");
    }
    for text in ["'a", "'a',\n ...\n 'b'", "a, b"] {
        assert!(pandas_list(text).is_err(), "{text}");
    }
}

#[test]
fn what_is_no_such_table_is_refused() {
    let options = Options { meaning: Meaning::Scale(Scale::default()), base_points: 0.0, specials: vec![] };
    for (table, wanted) in [
        ("a,b\n1,2\n", "no column \"Variable\"; its columns are a, b"),
        ("Variable,Bin,Points\nx,\"(-inf, inf)\",many\n", "line 2: Points is \"many\""),
        ("Variable,Bin,Points\nx,\"(-inf, inf)\"\n", "no CSV"),
        ("Variable,Bin,Points\n,\"(-inf, inf)\",1\n", "line 2: Variable is empty"),
        (
            "Variable,Bin,Points\nx,\"(-inf, 0.02)\",1\nx,\"[0.02, 0.02)\",2\nx,\"[0.02, inf)\",3\n",
            "more digits",
        ),
        ("Variable,Bin,Points\nx,\"(-inf, 0.02)\",1\n", "above 0.02"),
        ("Variable,Bin,Points\nx,\"(-inf, inf)\",1\nx,['a'],2\n", "intervals, others"),
        ("Variable,Bin,Points\nx,\"['a' ... 'b']\",2\n", "line 2: the list of categories is cut short"),
        ("Variable,Bin,Points\nx,Missing,2\n", "x: it has no bins"),
        ("Variable,Bin,Points\nx,\"(-inf, inf)\",1e300\n", "32 bits"),
    ] {
        let error = read(table, &options).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
    let options = Options { meaning: Meaning::Intercept(0.0), ..options };
    let error = read("Variable,Bin,Points\nx,\"(-inf, inf)\",1\n", &options).unwrap_err().to_string();
    assert!(error.contains("style=\"detailed\""), "{error}");
}

proptest::proptest! {
    #[test]
    fn no_table_makes_the_reader_panic(bin in ".{0,20}", points in ".{0,6}", noise in proptest::prelude::any::<String>()) {
        let options = Options { meaning: Meaning::Intercept(0.0), base_points: 0.0, specials: vec![] };
        let quoted = bin.replace('"', "\"\"");
        let _ = read(&format!("Variable,Bin,Points,WoE,Coefficient\nx,\"{quoted}\",1,2,3\nx,\"[{quoted}]\",{points},2,3\n"), &options);
        let _ = read(&noise, &options);
        let _ = (pandas_list(&bin), pandas_list(&noise), numpy_list(&bin));
        let _ = super::super::scorecardpy::read(&format!("variable,bin,points\nbasepoints,,1\nx,\"{quoted}\",1\n"), Scale::default());
    }
}
