//! SHA-256 of what passes by, so that a file need not be read again to know it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

/// A writer that knows the SHA-256 and the number of the bytes that went through it.
pub struct Hashed<W> {
    out: W,
    digest: Sha256,
    bytes: u64,
}

impl<W: Write> Hashed<W> {
    /// Passes on to `out`.
    pub fn new(out: W) -> Self {
        Self { out, digest: Sha256::new(), bytes: 0 }
    }

    /// What was written to, the number of bytes, and their SHA-256 in hexadecimal digits.
    pub fn into_parts(self) -> (W, u64, String) {
        (self.out, self.bytes, hexadecimal(self.digest))
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.digest.update(bytes.get(..written).unwrap_or(bytes));
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The number of bytes of a file, and their SHA-256 in hexadecimal digits.
///
/// # Errors
/// When it cannot be read.
pub fn of_file(path: &Path) -> io::Result<(u64, String)> {
    let (mut file, mut digest, mut total) = (File::open(path)?, Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((total, hexadecimal(digest)));
        }
        digest.update(buffer.get(..read).unwrap_or_default());
        total += read as u64;
    }
}

fn hexadecimal(digest: Sha256) -> String {
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
