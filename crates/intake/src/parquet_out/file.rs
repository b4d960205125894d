//! The file: row groups in the order of their batches, whoever encoded them.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use parquet::errors::ParquetError;
use parquet::file::writer::SerializedFileWriter;

use super::batch::Batch;
use super::encode::{Group, Table};

/// What an encoder sends back: which batch it was, its bytes, and the batch to be filled again.
type Encoded = (u64, Result<Group, ParquetError>, Batch);

/// Writes batches of rows into a Parquet file.
pub struct ParquetWriter<W: Write + Send> {
    table: Arc<Table>,
    file: SerializedFileWriter<W>,
    helpers: Option<Helpers>,
    rows: u64,
}

/// Threads that encode, and what they have not sent back.
struct Helpers {
    threads: Vec<JoinHandle<()>>,
    given: Sender<(u64, Batch)>,
    done: Receiver<Encoded>,
    /// Encoded before the batch ahead of it was.
    early: BTreeMap<u64, Group>,
    /// The next batch to be given out, and the next to be put down.
    next: (u64, u64),
    /// Batches out at once at most; bounds memory.
    most: u64,
}

impl Helpers {
    fn start(table: &Arc<Table>, count: usize) -> io::Result<Self> {
        let (given, waiting) = channel::<(u64, Batch)>();
        let waiting = Arc::new(Mutex::new(waiting));
        let (answer, done) = channel();
        let mut threads = Vec::new();
        for _ in 0..count {
            let (table, waiting, answer) = (Arc::clone(table), Arc::clone(&waiting), answer.clone());
            let work = move || {
                loop {
                    // The lock is held while waiting, not while encoding.
                    let next = waiting.lock().ok().and_then(|waiting| waiting.recv().ok());
                    let Some((nth, mut batch)) = next else { return };
                    let group = table.encode(&mut batch);
                    if answer.send((nth, group, batch)).is_err() {
                        return;
                    }
                }
            };
            threads.push(std::thread::Builder::new().name("encode".into()).spawn(work)?);
        }
        let most = 2 * count as u64 + 1;
        Ok(Self { threads, given, done, early: BTreeMap::new(), next: (0, 0), most })
    }

    fn give(&mut self, batch: Batch) -> io::Result<()> {
        self.given.send((self.next.0, batch)).map_err(|_| gone())?;
        self.next.0 += 1;
        Ok(())
    }

    fn out(&self) -> u64 {
        self.next.0 - self.next.1
    }
}

fn gone() -> io::Error {
    io::Error::other("a thread that encodes has ended")
}

fn failed(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other.to_string()),
    }
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file. With `threads` above 1, all but the caller's encode.
    ///
    /// # Errors
    /// Those of `out`, and when no thread can be had.
    pub fn try_new(out: W, table: Table, threads: usize) -> io::Result<Self> {
        let table = Arc::new(table);
        let properties = Arc::clone(&table.properties);
        let file = SerializedFileWriter::new(out, Arc::clone(&table.schema), properties).map_err(failed)?;
        let helpers = if threads > 1 { Some(Helpers::start(&table, threads - 1)?) } else { None };
        Ok(Self { table, file, helpers, rows: 0 })
    }

    /// An empty batch.
    pub fn batch(&self) -> Batch {
        self.table.batch()
    }

    /// Rows written so far.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Writes a batch, and gives an empty one back for the rows that follow.
    ///
    /// # Errors
    /// Those of `out`; nothing more can be written after one.
    pub fn write(&mut self, mut batch: Batch) -> io::Result<Batch> {
        if batch.is_empty() {
            return Ok(batch);
        }
        self.rows += batch.rows() as u64;
        let Some(helpers) = &mut self.helpers else {
            let group = self.table.encode(&mut batch).map_err(failed)?;
            put_down(&mut self.file, group)?;
            return Ok(batch);
        };
        helpers.give(batch)?;
        if helpers.out() < helpers.most {
            return Ok(self.table.batch());
        }
        take_one(&mut self.file, helpers)
    }

    /// Writes the end of the file and hands back what was written to.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn finish(mut self) -> io::Result<W> {
        if let Some(mut helpers) = self.helpers.take() {
            while helpers.out() > 0 {
                take_one(&mut self.file, &mut helpers)?;
            }
            drop(helpers.given);
            for thread in helpers.threads {
                thread.join().map_err(|_| gone())?;
            }
        }
        self.file.into_inner().map_err(failed)
    }
}

/// Waits for one encoded batch, and puts down whatever is next in order.
fn take_one<W: Write + Send>(file: &mut SerializedFileWriter<W>, helpers: &mut Helpers) -> io::Result<Batch> {
    loop {
        let (nth, group, batch) = helpers.done.recv().map_err(|_| gone())?;
        helpers.early.insert(nth, group.map_err(failed)?);
        let mut any = false;
        while let Some(group) = helpers.early.remove(&helpers.next.1) {
            put_down(file, group)?;
            helpers.next.1 += 1;
            any = true;
        }
        if any {
            return Ok(batch);
        }
    }
}

fn put_down<W: Write + Send>(file: &mut SerializedFileWriter<W>, group: Group) -> io::Result<()> {
    let mut row_group = file.next_row_group().map_err(failed)?;
    for (bytes, close) in group {
        row_group.append_column(&bytes, close).map_err(failed)?;
    }
    row_group.close().map_err(failed)?;
    Ok(())
}
