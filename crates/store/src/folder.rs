//! The data folder: its files, its lock, its connections.

use crate::error::{AtPlace, DATABASE, StoreError};
use crate::schema::{self, Found, MIGRATIONS};
use crate::wal;
use rusqlite::{Connection, OpenFlags};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The database.
pub(crate) const DATABASE_FILE: &str = "probity.db";
/// The checkpoints beside it.
pub(crate) const CHECKPOINTS_FILE: &str = "checkpoints";
/// The lock.
pub(crate) const LOCK_FILE: &str = "lock";

/// Page cache of the writer in KiB: holds the upper pages of every index and the hot leaves. SQLite goes over all of it at the end
/// of a commit that split a page; what is not in it is read from the system's cache, which costs less.
const WRITER_CACHE_KIB: i64 = 8 << 10;
/// Page cache of a reader in KiB.
const READER_CACHE_KIB: i64 = 16 << 10;
/// How long a connection waits for another one of this process (recovery, the end of a checkpoint).
const BUSY: Duration = Duration::from_secs(10);

/// Makes the folder and its parents durable in their parents, as far as the platform can.
pub(crate) fn sync_folder(folder: &Path) -> Result<(), StoreError> {
    File::open(folder).and_then(|file| file.sync_all()).map_err(|error| StoreError::io(folder, &error))
}

fn not_ours(folder: &Path, why: &str) -> StoreError {
    StoreError::NotOurs(folder.display().to_string(), why.into())
}

/// True when there is nothing in the folder but what a failed creation leaves.
pub(crate) fn is_vacant(folder: &Path) -> Result<bool, StoreError> {
    if folder.is_file() {
        return Err(not_ours(folder, "it is a file"));
    }
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(StoreError::io(folder, &error)),
    };
    for entry in entries {
        let entry = entry.map_err(|error| StoreError::io(folder, &error))?;
        if entry.file_name() != LOCK_FILE {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The database of a folder that must hold one.
pub(crate) fn existing(folder: &Path) -> Result<PathBuf, StoreError> {
    if folder.is_file() {
        return Err(not_ours(folder, "it is a file"));
    }
    let path = folder.join(DATABASE_FILE);
    match fs::metadata(&path) {
        Ok(found) if found.len() == 0 && checkpoints_begun(folder) => Err(StoreError::damaged(
            DATABASE,
            format!("{} is empty, but its checkpoints are there", path.display()),
        )),
        Ok(_) => Ok(path),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            if checkpoints_begun(folder) {
                Err(StoreError::damaged(
                    DATABASE,
                    format!("{} is missing, but its checkpoints are there", path.display()),
                ))
            } else if is_vacant(folder)? {
                Err(StoreError::Missing(folder.display().to_string()))
            } else {
                Err(not_ours(folder, "it holds files, but no probity.db"))
            }
        }
        Err(error) => Err(StoreError::io(&path, &error)),
    }
}

fn checkpoints_begun(folder: &Path) -> bool {
    // The file is made when a creation is complete.
    folder.join(CHECKPOINTS_FILE).exists()
}

/// Takes the lock of a folder for this process; it is given back when the file is dropped or the process dies.
pub(crate) fn lock(folder: &Path) -> Result<File, StoreError> {
    let path = folder.join(LOCK_FILE);
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| StoreError::io(&path, &error))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(StoreError::InUse(folder.display().to_string())),
        Err(TryLockError::Error(error)) => Err(StoreError::io(&path, &error)),
    }
}

fn place() -> String {
    "database".into()
}

/// Opens the database for writing and brings its schema forward.
pub(crate) fn writing(folder: &Path) -> Result<Connection, StoreError> {
    let path = folder.join(DATABASE_FILE);
    // SQLite would fall back to reading without a word.
    OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|error| StoreError::io(&path, &error))?;
    wal::check(&path, &wal_of(&path))?;
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut connection = Connection::open_with_flags(&path, flags).at(place)?;
    connection.busy_timeout(BUSY).at(place)?;
    match schema::found(&connection)? {
        Found::Foreign => return Err(not_ours(folder, "probity.db is a database of another program")),
        Found::Ours(version) if version > schema::newest(MIGRATIONS) => {
            return Err(StoreError::Newer { found: version, known: schema::newest(MIGRATIONS) });
        }
        Found::Ours(_) | Found::Empty => {}
    }
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0)).at(place)?;
    if mode != "wal" {
        return Err(StoreError::Failed(format!(
            "the file system cannot hold a write-ahead log (mode {mode})"
        )));
    }
    // NORMAL: SQLite synchronises the write-ahead log before it is written into the database and when it is begun anew;
    // after a commit it is synchronised here (`durable`), so that another batch can be written meanwhile. Checkpoints of
    // it are made by the writer, which sees their errors; SQLite's own automatic ones hide them.
    for (name, value) in [("synchronous", 1), ("wal_autocheckpoint", 0), ("cache_size", -WRITER_CACHE_KIB)] {
        connection.pragma_update(None, name, value).at(place)?;
    }
    settle(&connection)?;
    schema::migrate(&mut connection, MIGRATIONS)?;
    // From now on: a batch that changes more pages than the cache holds keeps them until it is committed, rather than writing
    // some twice. A migration may change more than the memory holds.
    connection.pragma_update(None, "cache_spill", false).at(place)?;
    // What recovery found in the write-ahead log may never have been synchronised (the earlier process may have died at a
    // failed one): written into the database and synchronised there, it is durable before anything is acknowledged again.
    empty_wal(&connection)?;
    Ok(connection)
}

/// Opens a connection that writes the write-ahead log into the database, beside the writer of this process.
pub(crate) fn draining(folder: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(folder.join(DATABASE_FILE), flags).at(place)?;
    connection.busy_timeout(BUSY).at(place)?;
    for (name, value) in [("synchronous", 1), ("wal_autocheckpoint", 0)] {
        connection.pragma_update(None, name, value).at(place)?;
    }
    settle(&connection)?;
    Ok(connection)
}

/// Opens an independent read-only connection.
pub(crate) fn reading(folder: &Path) -> Result<Connection, StoreError> {
    let path = existing(folder)?;
    match reading_file(folder, &path, OpenFlags::empty()) {
        // On a medium that cannot be written to, SQLite cannot make the index of the write-ahead log that it reads by.
        // When the log is empty, the database alone is the whole store.
        Err(StoreError::Failed(_) | StoreError::ReadOnly(_)) if wal_is_empty(&path) => {
            let uri = format!("file:{}?immutable=1", escaped(&path));
            reading_file(folder, Path::new(&uri), OpenFlags::SQLITE_OPEN_URI)
        }
        other => other,
    }
}

pub(crate) fn wal_of(path: &Path) -> PathBuf {
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    wal.into()
}

fn wal_is_empty(path: &Path) -> bool {
    fs::metadata(wal_of(path)).map_or(true, |found| found.len() == 0)
}

/// A path as it stands in a URI.
fn escaped(path: &Path) -> String {
    path.display().to_string().replace('%', "%25").replace('?', "%3f").replace('#', "%23")
}

fn reading_file(folder: &Path, name: &Path, more: OpenFlags) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | more;
    let connection = Connection::open_with_flags(name, flags).at(place)?;
    connection.busy_timeout(BUSY).at(place)?;
    connection.pragma_update(None, "cache_size", -READER_CACHE_KIB).at(place)?;
    settle(&connection)?;
    let known = schema::newest(MIGRATIONS);
    match schema::found(&connection)? {
        Found::Ours(version) if (schema::OLDEST_READ..=known).contains(&version) => Ok(connection),
        Found::Ours(found) if found > known => Err(StoreError::Newer { found, known }),
        Found::Ours(found) => Err(StoreError::Older { found, known }),
        Found::Empty => Err(StoreError::Missing(folder.display().to_string())),
        Found::Foreign => Err(not_ours(folder, "probity.db is a database of another program")),
    }
}

/// Settings of every connection: no memory mapping (a disk error would be a signal, not an error), stricter page checks,
/// all statements of this crate cached.
fn settle(connection: &Connection) -> Result<(), StoreError> {
    connection.set_prepared_statement_cache_capacity(64);
    connection.pragma_update(None, "cell_size_check", 1).at(place)?;
    // Answers with the size; an in-memory database has none.
    connection
        .query_row("PRAGMA mmap_size = 0", [], |_| Ok(()))
        .or_else(|error| match error {
            rusqlite::Error::QueryReturnedNoRows => Ok(()),
            other => Err(other),
        })
        .at(place)
}

/// Pages in the write-ahead log that are not in the database yet.
pub(crate) fn wal_pages(connection: &Connection) -> Result<i64, StoreError> {
    wal(connection, "NOOP")
}

/// Writes what is in the write-ahead log into the database, as far as readers allow. Does not wait for them.
pub(crate) fn drain_wal(connection: &Connection) -> Result<(), StoreError> {
    wal(connection, "PASSIVE").map(|_| ())
}

fn empty_wal(connection: &Connection) -> Result<(), StoreError> {
    // Only when readers of other processes hold some of it back are they waited for.
    if wal(connection, "PASSIVE")? > 0 {
        wal(connection, "TRUNCATE")?;
    }
    Ok(())
}

fn wal(connection: &Connection, mode: &str) -> Result<i64, StoreError> {
    let mut statement = connection.prepare_cached(&format!("PRAGMA wal_checkpoint({mode})")).at(place)?;
    let (pages, done): (i64, i64) =
        statement.query_row([], |row| Ok((row.get(1)?, row.get(2)?))).at(place)?;
    Ok(pages - done)
}
