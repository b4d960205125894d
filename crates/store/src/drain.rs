//! The write-ahead log is written into the database beside the writer: that takes as long as many commits, and nobody who
//! waits for one should wait for it.

use crate::durable::Durable;
use crate::error::StoreError;
use crate::folder;
use rusqlite::Connection;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

/// Passes at most before the writer does the rest. Each finds what was committed during the one before it.
const PASSES: usize = 8;
/// Pages that the writer may find: it has written them before anybody notices.
const LITTLE: i64 = 128;
/// Pages that are written in no time. Of more, each pass has to leave less than half, or a reader holds them back.
const FEW: i64 = 1_024;

/// How long the disk is left to others between two pieces that are made durable.
const BETWEEN_PIECES: Duration = Duration::from_millis(5);

/// A thread with a connection of its own that drains when it is asked to.
#[derive(Debug)]
pub(crate) struct Drainer {
    asked: mpsc::SyncSender<()>,
    /// Little or nothing is left. Once the writer has done that between two batches, the log begins anew: it does only where
    /// a batch begins on a log that is drained whole, which this thread cannot see to.
    ended: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Drainer {
    pub(crate) fn start(folder: &Path, durable: Arc<Durable>) -> Result<Self, StoreError> {
        let connection = folder::draining(folder)?;
        // One that waits behind the one at work: what is committed from now on is not forgotten.
        let (asked, wanted) = mpsc::sync_channel(1);
        let ended = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&ended);
        let thread = std::thread::Builder::new().name("draining".into()).spawn(move || {
            yield_to_others();
            while wanted.recv().is_ok() {
                match drain(&connection, &durable) {
                    Ok(()) => told.store(true, Ordering::Release),
                    Err(error) => durable.fail(&error),
                }
            }
        });
        let thread =
            thread.map_err(|error| StoreError::Failed(format!("a thread could not be started: {error}")))?;
        Ok(Self { asked, ended, thread })
    }

    /// Lets the thread drain, unless it is at it.
    pub(crate) fn ask(&self) {
        let _ = self.asked.try_send(());
    }

    /// True once, when it has drained.
    pub(crate) fn is_done(&self) -> bool {
        self.ended.load(Ordering::Acquire) && self.ended.swap(false, Ordering::AcqRel)
    }

    /// Ends the thread; its connection is closed then.
    pub(crate) fn end(self) {
        drop(self.asked);
        let _ = self.thread.join();
    }
}

/// How much the thread steps back where processors are short: its share of one is a tenth of that of another thread.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// Nobody waits for this thread, and while it copies pages it would take a whole processor from those who are waited for.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    {
        // Where it is not allowed, it goes on as before: nothing depends on it.
        let _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), NICE);
    }
}

/// Writes what is in the write-ahead log into the database, and makes that durable piece by piece meanwhile: SQLite does it at
/// the end, all at once, and as long as the disk is at it, it does nothing else.
fn drain_in_pieces(connection: &Connection, durable: &Durable) -> Result<(), StoreError> {
    let drained = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let pieces = std::thread::Builder::new().name("draining pieces".into()).spawn_scoped(scope, || {
            yield_to_others();
            std::thread::park_timeout(BETWEEN_PIECES);
            while !drained.load(Ordering::Acquire) {
                durable.sync_database()?;
                std::thread::park_timeout(BETWEEN_PIECES);
            }
            Ok(())
        });
        let result = folder::drain_wal(connection);
        drained.store(true, Ordering::Release);
        // Without that thread all is synchronised at the end, as SQLite does it by itself.
        let Ok(pieces) = pieces else { return result };
        pieces.thread().unpark();
        let ended_badly =
            || StoreError::Failed("the thread that synchronises the database ended badly".into());
        result.and(pieces.join().unwrap_or_else(|_| Err(ended_badly())))
    })
}

/// Leaves little to the writer. Who writes the last pages synchronises the database, with all that was written into it before:
/// so that is done after each pass here, and nobody has to wait for much.
fn drain(connection: &Connection, durable: &Durable) -> Result<(), StoreError> {
    let mut before = i64::MAX;
    for _ in 0..PASSES {
        // What came during a pass is little; it is written before more comes.
        if before > FEW {
            drain_in_pieces(connection, durable)?;
        } else {
            folder::drain_wal(connection)?;
        }
        let left = folder::wal_pages(connection)?;
        if left == 0 {
            break;
        }
        durable.sync_database()?;
        if left <= LITTLE || left > FEW.max(before / 2) {
            break;
        }
        before = left;
    }
    Ok(())
}
