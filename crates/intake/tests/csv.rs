//! The CSV splitter: against the `csv` crate on good input, against the accounting rule on any bytes, and the poison cases.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::io::Read;

use probity_intake::csv::CsvReader;
use probity_intake::{Counts, Item};
use proptest::prelude::*;

/// What a file comes to: `LINE:cell|cell` for rows, `LINE+LINES! reason` for what was set aside.
fn read(bytes: Vec<u8>) -> (Vec<String>, Counts) {
    let mut reader = CsvReader::new(Box::new(std::io::Cursor::new(bytes)), "t.csv", b',').unwrap();
    let mut out = Vec::new();
    while let Some(item) = reader.read().unwrap() {
        out.push(match item {
            Item::Row(row) => {
                let cells: Vec<_> =
                    row.cells().map(|cell| cell.text().unwrap_or_default().into_owned()).collect();
                format!("{}:{}", row.line, cells.join("|"))
            }
            Item::Aside(aside) => {
                let at = format!("t.csv:{}", aside.line);
                assert_eq!(aside.problem.at, at);
                format!("{}+{}! {}", aside.line, aside.lines, aside.problem.detail)
            }
            Item::Object { .. } => unreachable!("CSV has no objects"),
        });
    }
    (out, reader.counts())
}

fn check(text: &str, expected: &[&str]) {
    let (found, counts) = read(text.as_bytes().to_vec());
    assert_eq!(found, expected, "{text:?}");
    adds_up(counts, text.as_bytes());
}

/// Every physical line is header, blank, part of a row or set aside.
fn adds_up(counts: Counts, bytes: &[u8]) {
    let physical = bytes.iter().filter(|b| **b == b'\n').count() + usize::from(!bytes.ends_with(b"\n"));
    assert_eq!(counts.lines, physical as u64, "{counts:?}");
    assert_eq!(
        counts.header + counts.blank + counts.row_lines + counts.aside_lines,
        counts.lines,
        "{counts:?}"
    );
}

#[test]
fn good_rows() {
    check("a,b\n1,2\n3,4", &["2:1|2", "3:3|4"]);
    check("a,b\r\n1,2\r\n3,4\r\n", &["2:1|2", "3:3|4"]);
    check("\u{feff}a,b\n1,2\n", &["2:1|2"]);
    check("\u{feff}\"a\",b\n1,2\n", &["2:1|2"]);
    check("a,b\n\n,\n\"\",\"\"\n\n", &["3:|", "4:|"]);
    check("a,b\n\"x,\"\"y\"\"\",z\n", &["2:x,\"y\"|z"]);
    check("a,b\n\"two\r\nlines\",z\n5,6\n", &["2:two\r\nlines|z", "4:5|6"]);
    check("a,b\n5\" disk,z\n", &["2:5\" disk|z"]);
    check("a\nx\n\n", &["2:x"]);
}

#[test]
fn poison_costs_one_row() {
    check("a,b\n1\n3,4\n", &["2+1! 1 cells where the header has 2", "3:3|4"]);
    check("a,b\n1,2,3\n3,4\n", &["2+1! 3 cells where the header has 2", "3:3|4"]);
    check(
        "a,b\n\"1,2\n3,4\n5,\"6\"\n",
        &["2+1! characters after the closing quote of cell 1", "3:3|4", "4:5|6"],
    );
    check("a,b\n\"1,2\n3,4\n", &["2+1! a quote is not closed before the end of the file", "3:3|4"]);
    check("a,b\n\"1\"x,2\n3,4\n", &["2+1! characters after the closing quote of cell 1", "3:3|4"]);
    check(
        "a,b\n\"1\n2\",3,4\n5,6\n",
        &["2+1! 3 cells where the header has 2", "3+1! 3 cells where the header has 2", "4:5|6"],
    );
    check("a,b\n1,\0\n3,4\n", &["2+1! a NUL character near byte 3 of the row", "3:3|4"]);
    check("a,b\n\"x\n\0\",1\n3,4\n", &["2+2! a NUL character near byte 3 of the row", "4:3|4"]);
    check("a,b\n1,2\na,b\n3,4\n", &["2:1|2", "3+1! the header row again (files joined together?)", "4:3|4"]);
    check("a,b\n1\r1,2\n3,4\n", &["2+1! a carriage return outside quotes", "3:3|4"]);
    let (found, counts) = read(b"a,b\n1,\xff\n3,4\n".to_vec());
    assert_eq!(found, ["2+1! not valid UTF-8 near byte 3 of the row", "3:3|4"]);
    assert_eq!((counts.rows, counts.aside), (1, 1));
}

#[test]
fn an_unclosed_quote_in_the_middle_of_many_rows() {
    let mut text = String::from("a,b,c\n");
    for n in 0..20_000 {
        text.push_str(if n == 10_000 { "1,\"unclosed,3\n" } else { "1,two,3\n" });
    }
    let (found, counts) = read(text.clone().into_bytes());
    assert_eq!((counts.rows, counts.aside), (19_999, 1));
    assert_eq!(found[10_000], "10002+1! a quote is not closed within 200 lines");
    adds_up(counts, text.as_bytes());
}

#[test]
fn only_unclosed_quotes_stay_quick() {
    let text = format!("a,b\n{}", "\"1,2\n".repeat(5_001));
    let (_, counts) = read(text.clone().into_bytes());
    // Each quote is met by the next one, which has characters behind it.
    assert_eq!((counts.rows, counts.aside), (0, 5_001));
    adds_up(counts, text.as_bytes());
}

#[test]
fn headers_must_name_columns() {
    for (text, part) in [
        ("", "the file is empty"),
        ("\n1,2\n", "the first line is empty"),
        ("a,\n", "column 2 has no name"),
        ("a,A\n", "“A” is named twice"),
        ("a,\"b\n", "not closed"),
        ("a,\"b\"x\n", "characters after"),
        ("\"a\nx\",b\n1,2\n", "control character"),
    ] {
        let outcome = CsvReader::new(Box::new(text.as_bytes()), "t.csv", b',');
        let problem = outcome.err().unwrap();
        assert!(problem.detail.contains(part), "{text:?}: {problem}");
        assert_eq!(problem.code.as_str(), "intake-header-invalid");
    }
    let many =
        vec!["c"; 1_001].iter().enumerate().map(|(n, c)| format!("{c}{n}")).collect::<Vec<_>>().join(",");
    assert!(CsvReader::new(Box::new(std::io::Cursor::new(many)), "t.csv", b',').is_err());
}

/// A line of 2 GB comes out of a reader that makes it up; what is held stays below a few MiB.
#[test]
fn a_line_of_two_gigabytes_is_skipped() {
    let len = if cfg!(debug_assertions) { 256 << 20 } else { 2 << 30 };
    let source = (&b"a,b\n1,2\n"[..]).chain(std::io::repeat(b'x').take(len)).chain(&b"\n3,4\n"[..]);
    let mut reader = CsvReader::new(Box::new(source), "t.csv", b',').unwrap();
    let mut seen = Vec::new();
    while let Some(item) = reader.read().unwrap() {
        seen.push(match item {
            Item::Row(row) => row.line,
            Item::Aside(aside) => {
                assert!(aside.problem.detail.contains(&(len + 1).to_string()), "{}", aside.problem);
                assert_eq!(aside.content.len(), 64 << 10);
                aside.line
            }
            Item::Object { .. } => unreachable!("CSV has no objects"),
        });
    }
    assert_eq!(seen, [2, 3, 4]);
    assert_eq!((reader.counts().rows, reader.counts().aside), (2, 1));
}

/// A quote before such a line is given up with its own line only.
#[test]
fn an_open_quote_does_not_swallow_a_long_line() {
    let text = format!("a,b\n1,\"x\n{}\n3,4\n", "y".repeat(2 << 20));
    let (found, counts) = read(text.clone().into_bytes());
    assert_eq!(found[0], "2+1! a quote is not closed within 1048576 bytes");
    assert!(found[1].starts_with("3+1! a line of 2097153 bytes"), "{}", found[1]);
    assert_eq!(found[2], "4:3|4");
    adds_up(counts, text.as_bytes());
}

fn model(bytes: &[u8]) -> Vec<Vec<String>> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(bytes);
    reader.records().map(|record| record.unwrap().iter().map(str::to_owned).collect()).collect()
}

fn a_cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z0-9 .é]{0,12}",
        1 => "[a-z\",\n\r;é ]{0,40}",
        1 => Just("line one\r\nline \"two\"\n\nline four, the last".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn agrees_with_the_csv_crate(rows in prop::collection::vec(prop::collection::vec(a_cell(), 3), 0..40), crlf: bool, always: bool) {
        let mut writer = csv::WriterBuilder::new()
            .quote_style(if always { csv::QuoteStyle::Always } else { csv::QuoteStyle::Necessary })
            .terminator(if crlf { csv::Terminator::CRLF } else { csv::Terminator::Any(b'\n') })
            .from_writer(Vec::new());
        writer.write_record(["first", "second", "third"]).unwrap();
        for row in &rows {
            writer.write_record(row).unwrap();
        }
        let bytes = writer.into_inner().unwrap();
        let expected = model(&bytes);
        let (found, counts) = read(bytes.clone());
        prop_assert_eq!(counts.aside, 0);
        let found: Vec<String> = found.iter().map(|row| row.split_once(':').unwrap().1.to_owned()).collect();
        let expected: Vec<String> = expected[1..].iter().map(|row| row.join("|")).collect();
        prop_assert_eq!(found, expected);
        adds_up(counts, &bytes);
    }

    #[test]
    fn any_bytes_are_accounted_for(tail in prop::collection::vec(prop_oneof![
        4 => Just(b','), 3 => Just(b'\n'), 2 => Just(b'"'), 1 => Just(b'\r'), 4 => b'a'..b'd', 1 => any::<u8>(),
    ], 0..400)) {
        let bytes = [b"a,b\n".to_vec(), tail].concat();
        let (found, counts) = read(bytes.clone());
        prop_assert_eq!(found.len() as u64, counts.rows + counts.aside);
        adds_up(counts, &bytes);
    }

    /// One broken line among good ones: exactly that line is set aside.
    #[test]
    fn one_bad_line_is_one_bad_row(before in 0_usize..300, after in 0_usize..300, poison in prop::sample::select(vec![
        &b"1,2"[..], b"1,2,3,4", b"\"1,2,3", b"1,\"2,3", b"1,2,\"3", b"\"1\"2,3,4", b"1,\xc3,3", b"1,\0,3", b"a,b,c",
    ])) {
        let good = b"10,twenty,30\n".as_slice();
        let bytes = [b"a,b,c\n", good.repeat(before).as_slice(), poison, b"\n", good.repeat(after).as_slice()].concat();
        let (found, counts) = read(bytes.clone());
        prop_assert_eq!(counts.rows as usize, before + after);
        prop_assert_eq!(counts.aside, 1);
        let prefix = format!("{}+1!", before + 2);
        prop_assert!(found[before].starts_with(&prefix));
        adds_up(counts, &bytes);
    }
}
