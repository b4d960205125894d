//! The real binary as a child process: bounded in time, ended by this test alone, its memory watched.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::panic,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "for tests; each file uses a part of it"
)]

pub(crate) mod marketplace;
pub(crate) mod reasons;
mod sample;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// No command of these tests may take longer, on a slow machine with others at work.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; −1 after a signal.
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
    pub(crate) took: Duration,
    /// The most memory it had resident, in KiB, as far as it was seen.
    pub(crate) most_kib: u64,
}

impl Ran {
    /// Standard output as JSON.
    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// A number of the JSON answer.
    pub(crate) fn number(&self, name: &str) -> u64 {
        self.json()[name].as_u64().unwrap_or_else(|| panic!("no {name}: {self:?}"))
    }

    /// Asserts the exit code.
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        self
    }

    /// Asserts that it failed in an orderly way, for a reason with this code.
    pub(crate) fn refused(self, code: i32, reason: &str) -> Self {
        assert_eq!(self.code, code, "{self:?}");
        assert!(self.err.contains(&format!("error[{reason}]")), "wanted {reason}: {self:?}");
        assert!(!self.err.contains("panicked"), "{self:?}");
        self
    }
}

/// A data folder of its own, and the files beside it.
pub(crate) struct House {
    home: tempfile::TempDir,
}

impl House {
    pub(crate) fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap() }
    }

    /// A path beside the data folder.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.path("data")
    }

    /// Writes a file beside the data folder.
    pub(crate) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Runs a command on the data folder.
    pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(&self, arguments: impl IntoIterator<Item = S>) -> Ran {
        run(&self.data(), arguments)
    }

    /// Imports a file.
    pub(crate) fn import(&self, file: &Path) -> Ran {
        self.run(["--json".as_ref(), "import".as_ref(), file.as_os_str()])
    }

    /// All that can be read of scores: both roles, as of these moments.
    pub(crate) fn scores(&self, moments: &[&str]) -> Vec<String> {
        scores(&self.data(), moments)
    }

    /// Events from outside.
    pub(crate) fn events(&self) -> u64 {
        self.run(["events", "--count", "--json"]).exits(0).number("from_outside")
    }
}

/// Runs the binary on a data folder until it ends.
pub(crate) fn run<S: AsRef<std::ffi::OsStr>>(data: &Path, arguments: impl IntoIterator<Item = S>) -> Ran {
    let begun = Instant::now();
    let (out, err) = (tempfile::NamedTempFile::new().unwrap(), tempfile::NamedTempFile::new().unwrap());
    let mut command = command(data, arguments);
    command.stdout(out.reopen().unwrap()).stderr(err.reopen().unwrap());
    let mut child = command.spawn().unwrap();
    let mut most_kib = 0;
    let code = loop {
        most_kib = most_kib.max(resident(&child));
        if let Some(status) = child.try_wait().unwrap() {
            break status.code().unwrap_or(-1);
        }
        if begun.elapsed() > LIMIT {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("{command:?} did not end");
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let read = |file: &tempfile::NamedTempFile| {
        String::from_utf8_lossy(&std::fs::read(file.path()).unwrap()).into_owned()
    };
    Ran { code, out: read(&out), err: read(&err), took: begun.elapsed(), most_kib }
}

/// The command, with nothing of the surroundings that could change its answer.
pub(crate) fn command<S: AsRef<std::ffi::OsStr>>(
    data: &Path,
    arguments: impl IntoIterator<Item = S>,
) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_probity"));
    for name in ["PROBITY_DATA", "PROBITY_CATALOGUE", "PROBITY_CURRENCY"] {
        command.env_remove(name);
    }
    command.env("PROBITY_LOG", "error").arg("--data").arg(data).args(arguments).stdin(Stdio::null());
    command
}

/// Starts an import and kills it after a while; true when it was still at work.
pub(crate) fn kill_import(data: &Path, file: &Path, after: Duration) -> bool {
    let mut command = command(data, ["import".as_ref(), file.as_os_str()]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    std::thread::sleep(after);
    let alive = child.try_wait().unwrap().is_none();
    child.kill().unwrap();
    child.wait().unwrap();
    alive
}

/// The most memory that a process ever had resident, in KiB.
fn resident(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

/// Scores of merchants and buyers with all indicators as of some moments, as CSV.
pub(crate) fn scores(data: &Path, moments: &[&str]) -> Vec<String> {
    let mut all = Vec::new();
    for moment in moments {
        for role in ["merchant", "buyer"] {
            all.push(run(data, ["scores", "--of", role, "--csv", "--as-of", moment]).exits(0).out);
        }
    }
    all
}

/// Asserts that two lists of scores are the same, and shows where they first differ.
pub(crate) fn same_scores(have: &[String], want: &[String], what: &str) {
    assert_eq!(have.len(), want.len());
    for (at, (have, want)) in have.iter().zip(want).enumerate() {
        let first = have.lines().zip(want.lines()).find(|(have, want)| have != want);
        assert!(
            have == want,
            "{what}: list {at} differs, {} and {} lines; first\n have {:?}\n want {:?}",
            have.lines().count(),
            want.lines().count(),
            first.map(|(have, _)| have),
            first.map(|(_, want)| want),
        );
    }
}

/// The sample marketplace, or its first orders: one event a line.
pub(crate) fn sample(lines: usize) -> String {
    let mut bytes = Vec::new();
    sample::write_sample(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    text.lines().take(lines).map(|line| format!("{line}\n")).collect()
}

/// Small deterministic random numbers (SplitMix64).
pub(crate) struct Random(pub u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for at in (1..items.len()).rev() {
            items.swap(at, usize::try_from(self.below(at as u64 + 1)).unwrap());
        }
    }
}

/// A number from the environment: nightly runs ask for more rounds.
pub(crate) fn rounds(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// A program that a test needs is not here: skipped, but not where `cargo xtask test` has made sure of it.
pub(crate) fn missing(program: &str) {
    assert!(!demanding(), "{program} is missing or does not work");
    println!("skipped: {program} is not installed");
}

/// True in a run that skips nothing.
pub(crate) fn demanding() -> bool {
    std::env::var_os("PROBITY_TEST_PROGRAMS").is_some()
}

/// True when this process may do everything.
pub(crate) fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// A small file system of its own, taken away at the end.
pub(crate) struct SmallDisk(PathBuf);

impl SmallDisk {
    /// `None` where mounting is not allowed; told, and a failure where root was to test everything.
    pub(crate) fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap();
        let size = format!("size={size}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "probity-test"]).arg(at).output();
        if done.is_ok_and(|out| out.status.success()) {
            return Some(Self(at.to_owned()));
        }
        assert!(!(demanding() && is_root()), "root cannot mount a small file system here");
        println!("skipped: no file system can be mounted here");
        None
    }

    pub(crate) fn remount(&self, options: &str) -> bool {
        let options = format!("remount,{options}");
        let done = Command::new("mount").args(["-o", &options]).arg(&self.0).output();
        done.is_ok_and(|out| out.status.success())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).output();
    }
}

/// A file of nothing but a hole of this many bytes with something before and after it.
pub(crate) fn with_hole(path: &Path, before: &str, hole: u64, after: &str) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = File::create(path).unwrap();
    file.write_all(before.as_bytes()).unwrap();
    file.seek(SeekFrom::Current(i64::try_from(hole).unwrap())).unwrap();
    file.write_all(after.as_bytes()).unwrap();
}
