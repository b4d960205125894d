//! What the column writer writes comes back as it was given, in the same bytes whoever encoded it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

use probity_intake::parquet_out::{Batch, Column, ColumnKind, ParquetWriter, Table, Word};
use probity_intake::{Cell, Item, Options, open};
use std::io::{self, Write};

const COLUMNS: [Column; 7] = [
    Column::known("word", ColumnKind::Word),
    Column::known("text", ColumnKind::Text),
    Column::known("counted", ColumnKind::Counted),
    Column::known("integer", ColumnKind::Integer),
    Column::known("moment", ColumnKind::Moment),
    Column::known("truth", ColumnKind::Boolean),
    Column::known("double", ColumnKind::Double),
];

/// The cells of a row; every cell is missing now and then, and one column for many rows.
fn cells(row: u64) -> [Cell<'static>; 7] {
    let text = |text: String| Cell::Text(text.into());
    let all = [
        text(["post", "swift", ""][(row % 3) as usize].to_owned()),
        text(format!("é{}", row * 7919 % 1_000)),
        text(format!("e{row}")),
        Cell::Integer(row as i64 - 50),
        text(["1969-12-31T23:59:59.999Z", "2025-03-01T10:00:00.000Z"][(row % 2) as usize].to_owned()),
        Cell::Boolean(row.is_multiple_of(2)),
        Cell::Double(row as f64 / 3.0 - 7.25),
    ];
    let mut column = 0;
    all.map(|cell| {
        column += 1;
        if (row / column).is_multiple_of(3) || (column == 4 && row < 900) { Cell::Null } else { cell }
    })
}

fn add(batch: &mut Batch, row: u64) {
    let moments = [-1, 1_740_823_200_000];
    for (column, cell) in cells(row).into_iter().enumerate() {
        match (column, cell) {
            (_, Cell::Null) => {}
            (0, Cell::Text(word)) => batch.word(0, &Word::from(word.into_owned())),
            (2, _) => batch.numbered(2, "e", row),
            (4, _) => batch.integer(4, moments[(row % 2) as usize]),
            (at, Cell::Text(text)) => batch.text(at, &text),
            (at, Cell::Integer(number)) => batch.integer(at, number),
            (at, Cell::Boolean(truth)) => batch.boolean(at, truth),
            (at, Cell::Double(number)) => batch.double(at, number),
            other => panic!("{other:?}"),
        }
    }
    batch.end_row();
}

fn written<W: Write + Send>(out: W, rows: u64, group: usize, threads: usize) -> io::Result<W> {
    let mut writer = ParquetWriter::try_new(out, Table::try_new(COLUMNS.to_vec()).unwrap(), threads)?;
    let mut batch = writer.batch();
    for row in 0..rows {
        add(&mut batch, row);
        if batch.rows() == group {
            batch = writer.write(batch)?;
            assert!(batch.is_empty());
        }
    }
    writer.write(batch)?;
    assert_eq!(writer.rows(), rows);
    writer.finish()
}

#[test]
fn rows_come_back_as_they_went_and_threads_change_no_byte() {
    for (rows, group) in [(0, 10), (1, 10), (1_000, 1_000), (2_003, 100)] {
        let bytes = written(Vec::new(), rows, group, 1).unwrap();
        for threads in [2, 3, 8] {
            assert!(
                written(Vec::new(), rows, group, threads).unwrap() == bytes,
                "{rows} rows, {threads} threads"
            );
        }
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("rows.parquet");
        std::fs::write(&path, bytes).unwrap();
        let mut reader = open(&path, Options::default()).unwrap();
        assert_eq!(reader.columns(), COLUMNS.map(|column| column.name.into_owned()));
        let mut read = 0;
        while let Some(item) = reader.read().unwrap() {
            let Item::Row(row) = item else { panic!("{item:?}") };
            assert_eq!(row.cells().collect::<Vec<_>>(), cells(read), "row {read}");
            read += 1;
        }
        assert_eq!(read, rows);
    }
}

/// A disk with room for so many bytes.
struct Full(usize);

impl Write for Full {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.checked_sub(bytes.len()).ok_or(io::ErrorKind::StorageFull)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_disk_ends_the_writing_with_its_reason() {
    for (room, threads) in [(0, 1), (5_000, 1), (5_000, 4)] {
        let error = written(Full(room), 50_000, 100, threads).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{room} bytes, {threads} threads: {error}");
    }
}
