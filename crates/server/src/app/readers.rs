//! The connections for reading, lent one at a time to whoever reads.

use super::error::{AppError, Class};
use probity_primitives::{Code, Problem};
use probity_store::SqliteReader;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

const BUSY: Code = Code::new("busy");

/// How long a read waits for a connection. Long enough for a crowd that all ask for a party's past at once; shorter than
/// what a request may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// Connections that reads of many events leave free, so that a short read, and the keeper, need not wait for them.
const FREE_FOR_SHORT: usize = 2;

/// What a read is going to do with its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Length {
    /// A look-up, a page, a state.
    Short,
    /// All events of a party.
    Long,
}

/// Connections that nobody has at the moment.
#[derive(Default)]
pub(super) struct Readers {
    free: Mutex<Vec<SqliteReader>>,
    given_back: Condvar,
}

impl Readers {
    pub(super) fn new(readers: Vec<SqliteReader>) -> Self {
        Self { free: Mutex::new(readers), given_back: Condvar::new() }
    }

    fn free(&self) -> MutexGuard<'_, Vec<SqliteReader>> {
        self.free.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs a read on a connection of its own, once one is free.
    ///
    /// # Errors
    /// `busy` when none became free in time; otherwise those of the work.
    pub(super) fn read<T>(
        &self,
        length: Length,
        work: impl FnOnce(&mut SqliteReader) -> Result<T, AppError>,
    ) -> Result<T, AppError> {
        let mut lent = self.lend(length, PATIENCE)?;
        match &mut lent.reader {
            Some(reader) => work(reader),
            None => Err(AppError::internal("a connection was lent that is not there")),
        }
    }

    fn lend(&self, length: Length, patience: Duration) -> Result<Lent<'_>, AppError> {
        let kept = if length == Length::Long { FREE_FOR_SHORT } else { 0 };
        let waited = self.given_back.wait_timeout_while(self.free(), patience, |free| free.len() <= kept);
        let (mut free, _) = waited.unwrap_or_else(PoisonError::into_inner);
        if free.len() <= kept {
            let detail = "too many parties are being read from their events at once; ask again in a moment";
            return Err(AppError::new(Class::Unavailable, Problem::new(BUSY, detail)));
        }
        Ok(Lent { readers: self, reader: free.pop() })
    }

    /// Closes those that are free; nothing is read after that.
    pub(super) fn close(&self) {
        self.free().clear();
    }
}

/// A connection that goes back whatever becomes of its borrower.
struct Lent<'a> {
    readers: &'a Readers,
    reader: Option<SqliteReader>,
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        self.readers.free().extend(self.reader.take());
        // All, not one: a long read that cannot go on yet must not swallow the word meant for a short one.
        self.readers.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_store::{SqliteStore, Store};
    use std::sync::Barrier;

    #[test]
    fn a_crowd_waits_and_short_reads_pass_long_ones() {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open_or_create(folder.path()).unwrap();
        let readers = Readers::new((0..3).map(|_| store.reader().unwrap()).collect());
        let soon = Duration::from_millis(5);

        // One long read leaves two connections, which are not for long ones.
        let long = readers.lend(Length::Long, soon).unwrap();
        let refused = readers.lend(Length::Long, soon).err().unwrap();
        assert_eq!((refused.class, refused.problems[0].code.as_str()), (Class::Unavailable, "busy"));
        let short = [readers.lend(Length::Short, soon).unwrap(), readers.lend(Length::Short, soon).unwrap()];
        assert!(readers.lend(Length::Short, soon).is_err());
        drop((long, short));

        // Far more readers than connections, for longer than half a second: each gets its turn.
        let (crowd, together) = (24, Barrier::new(24));
        let answered: usize = std::thread::scope(|scope| {
            let all: Vec<_> = (0..crowd)
                .map(|n| {
                    let (readers, together) = (&readers, &together);
                    scope.spawn(move || {
                        together.wait();
                        let length = if n % 2 == 0 { Length::Long } else { Length::Short };
                        let work = |_: &mut SqliteReader| {
                            std::thread::sleep(Duration::from_millis(60));
                            Ok(())
                        };
                        readers.read(length, work).is_ok()
                    })
                })
                .collect();
            all.into_iter().map(|one| usize::from(one.join().unwrap())).sum()
        });
        assert_eq!(answered, crowd);

        // A panic in a read loses no connection.
        let broken = std::panic::AssertUnwindSafe(|| {
            readers.read(Length::Short, |_| -> Result<(), _> { panic!("in a test") })
        });
        assert!(std::panic::catch_unwind(broken).is_err());
        assert_eq!(readers.free().len(), 3);
    }
}
