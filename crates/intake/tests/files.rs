//! Whole files: formats by name, packing, bombs, manifests, and Parquet with flipped bytes.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "a test fails by panicking")]

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::{Compression, write::GzEncoder};
use parquet::basic::Compression as Codec;
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use probity_intake::source::stream;
use probity_intake::{Item, Options, open};
use probity_primitives::Problem;

fn write(folder: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// All rows as text, or the problem that ended the reading.
fn rows(path: &Path) -> Result<Vec<String>, Problem> {
    let mut reader = open(path, Options::default())?;
    let mut out = Vec::new();
    while let Some(item) = reader.read()? {
        out.push(match item {
            Item::Row(row) => {
                let cells: Vec<_> = row.cells().map(|c| c.text().unwrap_or_default().into_owned()).collect();
                format!("{} {}", row.line, cells.join("|"))
            }
            Item::Object { line, json } => format!("{line} {json}"),
            Item::Aside(aside) => format!("{} aside", aside.line),
        });
    }
    assert_eq!(reader.progress().bytes(), reader.size());
    Ok(out)
}

#[test]
fn the_name_says_the_format() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let csv = b"a,b\n1,2\n";
    let json = b"{\"a\":1}\n";
    assert_eq!(rows(&write(at, "x.csv", csv)).unwrap(), ["2 1|2"]);
    assert_eq!(rows(&write(at, "x.CSV.gz", &gzip(csv))).unwrap(), ["2 1|2"]);
    assert_eq!(rows(&write(at, "x.jsonl", json)).unwrap(), ["1 {\"a\":1}"]);
    assert_eq!(rows(&write(at, "x.ndjson.gz", &[gzip(json), gzip(json)].concat())).unwrap().len(), 2);
    for name in ["x.json", "x", "x.xlsx", "x.parquet.gz", ".gz"] {
        let problem = rows(&write(at, name, csv)).unwrap_err();
        assert_eq!(problem.code.as_str(), "intake-format-unknown", "{name}");
    }
    assert_eq!(rows(&at.join("none.csv")).unwrap_err().code.as_str(), "intake-file-unreadable");
}

#[test]
fn a_cut_or_garbled_gzip_is_an_error_after_the_good_rows() {
    let folder = tempfile::tempdir().unwrap();
    let text = format!("a,b\n{}", (0..50_000).map(|n| format!("{n},{}\n", n * 7)).collect::<String>());
    let packed = gzip(text.as_bytes());
    let problem = rows(&write(folder.path(), "cut.csv.gz", &packed[..packed.len() / 2])).unwrap_err();
    assert_eq!(problem.code.as_str(), "intake-file-unreadable");
    let problem = rows(&write(folder.path(), "plain.csv.gz", text.as_bytes())).unwrap_err();
    assert_eq!(problem.code.as_str(), "intake-file-unreadable");
}

#[test]
fn a_bomb_is_stopped_early() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    std::io::copy(&mut std::io::repeat(b'0').take(256 << 20), &mut encoder).unwrap();
    let (mut bytes, _) = stream(std::io::Cursor::new(encoder.finish().unwrap()), true);
    let mut block = vec![0; 64 << 10];
    let mut unpacked = 0_u64;
    let error = loop {
        match bytes.read(&mut block) {
            Ok(n) => unpacked += n as u64,
            Err(error) => break error,
        }
        assert!(unpacked < 80 << 20);
    };
    assert!(error.to_string().contains("decompression bomb"), "{error}");
}

#[test]
fn a_manifest_is_checked_first() {
    let folder = tempfile::tempdir().unwrap();
    let path = write(folder.path(), "x.csv", b"a\n1\n");
    let digest = probity_primitives::Digest::of(&[b"x"]).to_string();
    write(folder.path(), "x.csv.sha256", format!("{digest}  x.csv\n").as_bytes());
    assert_eq!(rows(&path).unwrap_err().code.as_str(), "intake-file-changed");
    write(folder.path(), "x.csv.sha256", b"");
    assert_eq!(rows(&path).unwrap_err().code.as_str(), "intake-file-changed");
    let sum = sha256(b"a\n1\n");
    write(folder.path(), "x.csv.sha256", format!("{}  x.csv\n", sum.to_uppercase()).as_bytes());
    assert_eq!(rows(&path).unwrap(), ["2 1"]);
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A flat file of 500 rows in two row groups.
fn parquet_bytes(codec: Codec, schema: &str) -> Vec<u8> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = Arc::new(WriterProperties::builder().set_compression(codec).build());
    let mut writer = SerializedFileWriter::new(Vec::new(), schema, properties).unwrap();
    for group in 0..2_i64 {
        let mut groups = writer.next_row_group().unwrap();
        let numbers: Vec<i64> = (0..250).map(|n| group * 250 + n).collect();
        let mut column = groups.next_column().unwrap().unwrap();
        column.typed::<Int64Type>().write_batch(&numbers, None, None).unwrap();
        column.close().unwrap();
        let texts: Vec<ByteArray> =
            numbers.iter().map(|n| ByteArray::from(format!("order-{n}").as_str())).collect();
        let mut column = groups.next_column().unwrap().unwrap();
        column.typed::<ByteArrayType>().write_batch(&texts, None, None).unwrap();
        column.close().unwrap();
        let mut column = groups.next_column().unwrap().unwrap();
        let levels: Vec<i16> = numbers.iter().map(|n| i16::from(n % 5 != 0)).collect();
        let values: Vec<f64> = numbers.iter().filter(|n| *n % 5 != 0).map(|n| *n as f64 / 4.0).collect();
        column.typed::<DoubleType>().write_batch(&values, Some(&levels), None).unwrap();
        column.close().unwrap();
        groups.close().unwrap();
    }
    writer.into_inner().unwrap()
}

const FLAT: &str = "message t { required int64 id; required binary name (UTF8); optional double value; }";

#[test]
fn parquet_rows_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let codecs = [
        Codec::UNCOMPRESSED,
        Codec::SNAPPY,
        Codec::ZSTD(Default::default()),
        Codec::LZ4_RAW,
        Codec::GZIP(Default::default()),
    ];
    for codec in codecs {
        let found = rows(&write(folder.path(), "x.parquet", &parquet_bytes(codec, FLAT))).unwrap();
        assert_eq!(found.len(), 500, "{codec:?}");
        assert_eq!((found[0].as_str(), found[303].as_str()), ("1 0|order-0|", "304 303|order-303|75.75"));
    }
    let nested = "message t { required int64 id; required group g { required binary name (UTF8); optional double value; } }";
    let problem =
        rows(&write(folder.path(), "n.parquet", &parquet_bytes(Codec::SNAPPY, nested))).unwrap_err();
    assert_eq!(problem.code.as_str(), "intake-header-invalid");
}

/// Seeded mutations: one flipped byte, a run of noise, or a cut. None may panic, hang or give more rows than the file has. A
/// value that was changed within its page reads as another value: Parquet carries no checksum that would tell. Only a
/// `.sha256` beside the file can, which is what the second half proves of the very same mutations.
#[test]
fn mutated_parquet_never_panics() {
    let folder = tempfile::tempdir().unwrap();
    // The decoder's own panics are caught; their messages would only bury a real one.
    let hook = std::panic::take_hook();
    let here = std::thread::current().id();
    std::panic::set_hook(Box::new(move |info| {
        if std::thread::current().id() != here {
            hook(info);
        }
    }));
    let mut seed = 0x5eed_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    let whole = rows(&write(folder.path(), "w.parquet", &parquet_bytes(Codec::SNAPPY, FLAT))).unwrap();
    let (mut good, mut changed, mut refused) = (0, 0, 0);
    let rounds = std::env::var("PROBITY_PARQUET_MUTATIONS").ok().and_then(|n| n.parse().ok()).unwrap_or(600);
    for n in 0..rounds {
        let codec = if n % 2 == 0 { Codec::SNAPPY } else { Codec::UNCOMPRESSED };
        let mut bytes = parquet_bytes(codec, FLAT);
        // Every other one in the footer, where most of the structure is.
        let from = if n % 4 < 2 { bytes.len() - bytes.len().min(900) } else { 0 };
        let at = from + next(bytes.len() - from);
        match n % 3 {
            0 => bytes[at] ^= 1 << next(8),
            1 => (0..8).for_each(|k| {
                if let Some(byte) = bytes.get_mut(at + k) {
                    *byte = next(256) as u8
                }
            }),
            _ => bytes.truncate(at),
        }
        let path = write(folder.path(), "m.parquet", &bytes);
        let outcome = std::panic::catch_unwind(|| rows(&path));
        match outcome {
            Ok(Ok(rows)) if rows == whole => good += 1,
            Ok(Ok(rows)) if rows.len() == 500 => {
                changed += 1;
                let manifest = sha256(&parquet_bytes(codec, FLAT));
                write(folder.path(), "m.parquet.sha256", manifest.as_bytes());
                let told = self::rows(&path).unwrap_err();
                assert_eq!(told.code.as_str(), "intake-file-changed", "mutation {n}");
                std::fs::remove_file(folder.path().join("m.parquet.sha256")).unwrap();
            }
            Ok(Err(_)) => refused += 1,
            Ok(Ok(rows)) => panic!("mutation {n} gave {} rows", rows.len()),
            Err(_) => panic!("mutation {n} panicked"),
        }
    }
    drop(std::panic::take_hook());
    println!(
        "{refused} refused, {good} read right, {changed} read with another value (only a manifest tells)"
    );
    assert!(refused > rounds / 3 && changed > 0, "{refused} refused, {good} read, {changed} changed");
}
