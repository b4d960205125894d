//! Pieces of work on the log done by several threads, and taken in order by one.

use super::error::AppError;
use super::shared::lock;
use probity_store::SqliteReader;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError, mpsc};

/// Rows of one piece of work.
pub(super) const ROWS: u64 = 2_000;
/// Pieces that each thread may be ahead of what was taken.
const AHEAD: u64 = 4;

/// The pieces at work.
#[derive(Default)]
struct Pace {
    next: u64,
    taken: u64,
    stopped: bool,
}

struct Pacer {
    pace: Mutex<Pace>,
    moved: Condvar,
    pieces: u64,
    ahead: u64,
}

impl Pacer {
    /// The next piece, once it is not too far ahead.
    fn next(&self) -> Option<u64> {
        let pace = lock(&self.pace);
        let waits = |pace: &mut Pace| {
            !pace.stopped && pace.next < self.pieces && pace.next >= pace.taken + self.ahead
        };
        let mut pace = self.moved.wait_while(pace, waits).unwrap_or_else(PoisonError::into_inner);
        if pace.stopped || pace.next >= self.pieces {
            return None;
        }
        pace.next += 1;
        Some(pace.next - 1)
    }

    fn took(&self, piece: u64) {
        lock(&self.pace).taken = piece + 1;
        self.moved.notify_all();
    }

    fn stop(&self) {
        lock(&self.pace).stopped = true;
        self.moved.notify_all();
    }
}

/// Does `work` on each piece, each thread with a connection of its own, and takes what came of it in the order of the pieces.
///
/// # Errors
/// The first of the work or of the taking; then nothing more is begun.
pub(super) fn in_order<T: Send>(
    folder: &Path,
    pieces: u64,
    work: &(dyn Fn(&mut SqliteReader, u64) -> Result<T, AppError> + Sync),
    take: &mut dyn FnMut(T) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).max(2);
    let pacer =
        Pacer { pace: Mutex::default(), moved: Condvar::new(), pieces, ahead: threads as u64 * AHEAD };
    std::thread::scope(|scope| {
        let (done, results) = mpsc::channel::<(u64, Result<T, AppError>)>();
        for _ in 0..threads {
            let (done, pacer) = (done.clone(), &pacer);
            scope.spawn(move || {
                let mut reader = SqliteReader::open(folder).map_err(AppError::from);
                while let Some(piece) = pacer.next() {
                    let result = match &mut reader {
                        Ok(reader) => work(reader, piece),
                        Err(error) => Err(error.clone()),
                    };
                    if done.send((piece, result)).is_err() {
                        return;
                    }
                }
            });
        }
        drop(done);
        let taken = take_all(&results, &pacer, take);
        pacer.stop();
        taken
    })
}

fn take_all<T>(
    results: &mpsc::Receiver<(u64, Result<T, AppError>)>,
    pacer: &Pacer,
    take: &mut dyn FnMut(T) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let mut waiting = BTreeMap::new();
    let mut next = 0;
    while next < pacer.pieces {
        let Ok((piece, result)) = results.recv() else {
            return Err(AppError::internal("a thread that read the log ended before its work"));
        };
        waiting.insert(piece, result);
        while let Some(result) = waiting.remove(&next) {
            take(result?)?;
            pacer.took(next);
            next += 1;
        }
    }
    Ok(())
}
