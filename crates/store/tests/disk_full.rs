//! A disk that fills up: the batch fails, the store stays, and works again when there is room.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "what the tests call fails by panicking, too"
)]

mod workload;

use probity_store::{Reader, SqliteReader, SqliteStore, Store, StoreError};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use workload::{EVENTS, prove, write};

/// A small file system of its own, taken away at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not allowed; told, and a failure where root was to test everything.
    fn mount(at: &Path, size: &str) -> Option<Self> {
        let size = format!("size={size}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "probity-test"]).arg(at).output();
        if done.is_ok_and(|out| out.status.success()) {
            return Some(Self(at.to_owned()));
        }
        let root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
        let demanding = std::env::var_os("PROBITY_TEST_PROGRAMS").is_some();
        assert!(!(demanding && root), "root cannot mount a small file system here");
        println!("skipped: no right to mount a small file system");
        None
    }

    fn read_only(&self) -> bool {
        let done = Command::new("mount").args(["-o", "remount,ro"]).arg(&self.0).output();
        done.is_ok_and(|out| out.status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// Writes batches from `n` on until one fails; returns how many were acknowledged in all, and the error.
fn until_full(store: &mut SqliteStore, mut n: u64) -> (u64, StoreError) {
    loop {
        match write(store, n) {
            Ok(()) => n += 1,
            Err(error) => return (n, error),
        }
        assert!(n < 100_000, "the disk never filled up");
    }
}

#[test]
fn a_full_disk_fails_the_batch_and_nothing_else() {
    let at = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(at.path(), "3m") else { return };
    let folder = disk.0.join("store");
    let filler = disk.0.join("filler");
    fs::write(&filler, vec![0; 1_500_000]).unwrap();
    let mut store = SqliteStore::open_or_create(&folder).unwrap();
    store.drain_at(100);
    let (mut n, error) = until_full(&mut store, 0);
    assert_eq!(error.code().as_str(), "store-full", "{error}");
    assert!(n > 3);
    // Reading works, and a second attempt fails in the same way without harm.
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.event_count().unwrap(), n * EVENTS);
    reader.verify(&mut |_, _| ()).unwrap();
    assert_eq!(write(&mut store, n).unwrap_err().code().as_str(), "store-full");
    // Room: the same store goes on.
    fs::write(&filler, vec![0; 700_000]).unwrap();
    write(&mut store, n).unwrap();
    n += 1;
    let (acknowledged, error) = until_full(&mut store, n);
    assert_eq!(error.code().as_str(), "store-full", "{error}");
    assert!(acknowledged > n);
    drop((store, reader));
    fs::remove_file(&filler).unwrap();
    prove(&folder, acknowledged);
}

#[test]
fn a_backup_to_a_full_disk_leaves_no_half_copy() {
    let (at, folder) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let Some(disk) = SmallDisk::mount(at.path(), "64k") else { return };
    let mut store = SqliteStore::open_or_create(folder.path()).unwrap();
    (0..60).for_each(|n| write(&mut store, n).unwrap());
    let to = disk.0.join("backup");
    let error = store.backup(&to, &mut |_, _| ()).unwrap_err();
    assert_eq!(error.code().as_str(), "store-full", "{error}");
    assert_eq!(fs::read_dir(&to).unwrap().count(), 0);
    write(&mut store, 60).unwrap();
}

#[test]
fn a_read_only_folder_is_refused_and_can_be_read() {
    let at = tempfile::tempdir().unwrap();
    let Some(disk) = SmallDisk::mount(at.path(), "3m") else { return };
    let folder = disk.0.join("store");
    let mut store = SqliteStore::open_or_create(&folder).unwrap();
    write(&mut store, 0).unwrap();
    drop(store);
    assert!(disk.read_only());
    assert_eq!(SqliteStore::open(&folder).unwrap_err().code().as_str(), "store-read-only");
    let absent = SqliteStore::open_or_create(&disk.0.join("new")).unwrap_err();
    assert_eq!(absent.code().as_str(), "store-read-only");
    let mut reader = SqliteReader::open(&folder).unwrap();
    assert_eq!(reader.event_count().unwrap(), EVENTS);
    reader.verify(&mut |_, _| ()).unwrap();
}
