//! A world as it happens, written down: events into one file, the truth into another.

use super::columns::{EventRows, event_columns};
use super::lines::EventLines;
use super::manifest::{FileInfo, WorldCounts};
use super::truth::{TruthRows, truth_columns};
use probity_intake::hashed::Hashed;
use probity_intake::parquet_out::{Batch, ParquetWriter, Table};
use probity_sim::event::{Event, Kind};
use probity_sim::platform::Platform;
use probity_sim::setting::Setting;
use probity_sim::truth::{OrderTruth, PartyTruth};
use std::fs::File;
use std::io::{self, Write};

/// Rows of a row group. A batch of that many takes some 20 MB while it waits.
const GROUP: usize = 1 << 16;
/// Bytes of lines that go to the file at once.
const CHUNK: usize = 1 << 18;

/// A table that is being written.
struct Rows<W: Write + Send> {
    writer: ParquetWriter<Hashed<W>>,
    /// Taken only while it is handed over.
    batch: Batch,
}

impl<W: Write + Send> Rows<W> {
    fn try_new(out: W, table: Table, threads: usize) -> io::Result<Self> {
        let writer = ParquetWriter::try_new(Hashed::new(out), table, threads)?;
        let batch = writer.batch();
        Ok(Self { writer, batch })
    }

    fn full(&self) -> bool {
        self.batch.rows() >= GROUP
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let batch = std::mem::replace(&mut self.batch, Batch::none());
        self.batch = self.writer.write(batch)?;
        Ok(())
    }

    fn finish(mut self) -> io::Result<Hashed<W>> {
        self.hand_over()?;
        self.writer.finish()
    }
}

enum Events<W: Write + Send> {
    Parquet(Box<Rows<W>>, EventRows),
    Lines(Hashed<W>, EventLines, Vec<u8>),
}

/// Writes down what happens.
pub(super) struct Recorder<W: Write + Send> {
    events: Events<W>,
    truth: Rows<W>,
    truth_rows: TruthRows,
    by_type: Vec<u64>,
    counts: WorldCounts,
}

impl Recorder<File> {
    /// What was written and where it lies, made durable.
    pub(super) fn finish(self) -> io::Result<(WorldCounts, FileInfo, FileInfo)> {
        let (counts, events, truth) = self.end()?;
        let durable = |hashed: Hashed<File>| {
            let (file, bytes, sha256) = hashed.into_parts();
            file.sync_all().map(|()| FileInfo { bytes, sha256 })
        };
        Ok((counts, durable(events)?, durable(truth)?))
    }
}

impl<W: Write + Send> Recorder<W> {
    /// Writes Parquet. With `threads` above 1 all but one of them encode.
    pub(super) fn parquet(setting: &Setting, events: W, truth: W, threads: usize) -> io::Result<Self> {
        let table = Table::try_new(event_columns()).map_err(io::Error::other)?;
        let rows = Rows::try_new(events, table, threads)?;
        Self::new(Events::Parquet(Box::new(rows), EventRows::new(setting)), truth)
    }

    /// Writes the events as JSON Lines.
    pub(super) fn lines(setting: &Setting, events: W, truth: W) -> io::Result<Self> {
        let currency = setting.currency().map_err(io::Error::other)?;
        let lines = EventLines::new(setting, currency);
        Self::new(Events::Lines(Hashed::new(events), lines, Vec::with_capacity(2 * CHUNK)), truth)
    }

    fn new(events: Events<W>, truth: W) -> io::Result<Self> {
        let table = Table::try_new(truth_columns()).map_err(io::Error::other)?;
        Ok(Self {
            events,
            // The truth is a tenth of the events; threads would not pay.
            truth: Rows::try_new(truth, table, 1)?,
            truth_rows: TruthRows::default(),
            by_type: vec![0; Kind::ALL.len()],
            counts: WorldCounts::default(),
        })
    }

    fn end(self) -> io::Result<(WorldCounts, Hashed<W>, Hashed<W>)> {
        let events = match self.events {
            Events::Parquet(rows, _) => rows.finish()?,
            Events::Lines(mut out, _, waiting) => {
                out.write_all(&waiting)?;
                out
            }
        };
        let mut counts = self.counts;
        let told = Kind::ALL.iter().zip(self.by_type).filter(|(_, count)| *count > 0);
        counts.by_type = told.map(|(kind, count)| (kind.name().to_owned(), count)).collect();
        counts.events = counts.by_type.values().sum();
        Ok((counts, events, self.truth.finish()?))
    }
}

impl<W: Write + Send> Platform for Recorder<W> {
    type Error = io::Error;

    fn event(&mut self, event: &Event) -> io::Result<()> {
        self.by_type[event.kind as usize] += 1;
        match &mut self.events {
            Events::Parquet(rows, form) => {
                form.add(&mut rows.batch, event);
                if rows.full() { rows.hand_over() } else { Ok(()) }
            }
            Events::Lines(out, form, waiting) => {
                form.add(waiting, event);
                if waiting.len() < CHUNK {
                    return Ok(());
                }
                out.write_all(waiting)?;
                waiting.clear();
                Ok(())
            }
        }
    }

    fn order(&mut self, truth: &OrderTruth) -> io::Result<()> {
        self.counts.orders += 1;
        TruthRows::order(&mut self.truth.batch, truth);
        if self.truth.full() { self.truth.hand_over() } else { Ok(()) }
    }

    fn party(&mut self, truth: &PartyTruth) -> io::Result<()> {
        let count = if truth.merchant { &mut self.counts.merchants } else { &mut self.counts.buyers };
        *count += 1;
        match self.counts.by_archetype.get_mut(&truth.archetype) {
            Some(count) => *count += 1,
            None => {
                self.counts.by_archetype.insert(truth.archetype.clone(), 1);
            }
        }
        self.truth_rows.party(&mut self.truth.batch, truth);
        if self.truth.full() { self.truth.hand_over() } else { Ok(()) }
    }
}
