//! Where bytes come from: a file, packed or not, with a count for the progress bar and a limit against bombs.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;
use probity_primitives::{Code, Problem};
use sha2::{Digest as _, Sha256};

/// The file cannot be opened, or cannot be read any further.
pub const FILE_UNREADABLE: Code = Code::new("intake-file-unreadable");

/// The bytes are not those the manifest beside the file names.
pub const FILE_CHANGED: Code = Code::new("intake-file-changed");

/// gzip reaches about 1:1032 on zeros. Honest tables pack below 1:60, JSON Lines of repeated events below 1:100.
const LARGEST_RATIO: u64 = 200;

/// Below this many unpacked bytes the ratio is not looked at: a small file may well be all one row.
const RATIO_FROM: u64 = 64 << 20;

/// How many bytes of a file have been read so far; shared with whoever shows the progress.
#[derive(Debug, Clone, Default)]
pub struct Progress(Arc<AtomicU64>);

impl Progress {
    /// Bytes of the file as it lies on disk (packed, where it is packed).
    pub fn bytes(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn set(&self, bytes: u64) {
        self.0.store(bytes, Ordering::Relaxed);
    }
}

/// A reader that adds what passes through it to a [`Progress`].
struct Counted<R> {
    inner: R,
    progress: Progress,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(out)?;
        self.progress.0.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Unpacks gzip and stops where the content grows out of all proportion to the file.
struct Unpacked<R: Read> {
    decoder: MultiGzDecoder<BufReader<Counted<R>>>,
    packed: Progress,
    unpacked: u64,
}

impl<R: Read> Read for Unpacked<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.decoder.read(out)?;
        self.unpacked = self.unpacked.saturating_add(n as u64);
        if self.unpacked > RATIO_FROM && self.unpacked / LARGEST_RATIO > self.packed.bytes() {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "unpacks to more than {LARGEST_RATIO} times its size: taken for a decompression bomb"
                ),
            ));
        }
        Ok(n)
    }
}

/// A stream of bytes to read rows from.
pub type Bytes = Box<dyn Read + Send>;

/// Counts the bytes of `inner`; unpacks them first when `packed`.
pub fn stream(inner: impl Read + Send + 'static, packed: bool) -> (Bytes, Progress) {
    let progress = Progress::default();
    let counted = Counted { inner, progress: progress.clone() };
    if !packed {
        return (Box::new(counted), progress);
    }
    let decoder = MultiGzDecoder::new(BufReader::with_capacity(64 << 10, counted));
    (Box::new(Unpacked { decoder, packed: progress.clone(), unpacked: 0 }), progress)
}

pub(crate) fn unreadable(name: &str, error: &io::Error) -> Problem {
    Problem::new(FILE_UNREADABLE, format!("the file cannot be read: {error}")).at(name)
}

/// Checks the file against `FILE.sha256` beside it, when there is one (`sha256sum FILE > FILE.sha256` makes it).
///
/// # Errors
/// `intake-file-changed` when the manifest names another digest or none, `intake-file-unreadable` on I/O.
pub fn verify_manifest(path: &Path) -> Result<bool, Problem> {
    let name = file_name(path);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".sha256");
    let manifest = match File::open(&beside) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(unreadable(&format!("{name}.sha256"), &error)),
    };
    let mut text = String::new();
    manifest.take(4096).read_to_string(&mut text).map_err(|e| unreadable(&format!("{name}.sha256"), &e))?;
    let wanted = text.split_whitespace().next().unwrap_or_default().to_ascii_lowercase();

    let mut hash = Sha256::new();
    let mut file = File::open(path).map_err(|e| unreadable(&name, &e))?;
    let mut block = vec![0; 256 << 10];
    loop {
        let n = file.read(&mut block).map_err(|e| unreadable(&name, &e))?;
        if n == 0 {
            break;
        }
        hash.update(block.get(..n).unwrap_or_default());
    }
    let found: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    if found == wanted {
        return Ok(true);
    }
    Err(Problem::new(FILE_CHANGED, "the SHA-256 of the file is not the one its .sha256 file names")
        .at(name)
        .hint("get the file again, or make the .sha256 file anew if the change is meant"))
}

/// The last part of a path, for messages: a whole path may tell too much and is longer than it helps.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(|| path.display().to_string(), |name| name.to_string_lossy().into_owned())
}
