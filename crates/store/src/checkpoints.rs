//! The file of checkpoints beside the database: a tail cut from the database together with its checkpoints is noticed here.
//!
//! One line each: `seq hash milliseconds check`, the check being the seal of the rest in hexadecimal. A line is appended
//! and synchronised once the batch that made it is durable, by whoever made it so; so the file never promises more than
//! the database held.

use crate::contract::Checkpoint;
use crate::error::StoreError;
use crate::folder::{self, CHECKPOINTS_FILE};
use crate::seal::seal;
use probity_primitives::Timestamp;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

fn line(checkpoint: &Checkpoint) -> String {
    let content = format!("{} {} {}", checkpoint.seq, checkpoint.hash, checkpoint.at.millis());
    let check = u64::from_be_bytes(seal(CHECKPOINTS_FILE, &[], content.as_bytes()));
    format!("{content} {check:016x}\n")
}

fn parse(text: &str) -> Option<Checkpoint> {
    let mut parts = text.split(' ');
    let checkpoint = Checkpoint {
        seq: parts.next()?.parse().ok()?,
        hash: parts.next()?.parse().ok()?,
        at: Timestamp::from_millis(parts.next()?.parse().ok()?),
    };
    // Written again, it must be the same line, check included.
    (line(&checkpoint).strip_suffix('\n') == Some(text)).then_some(checkpoint)
}

/// All checkpoints of the file; none when there is no file. A last line without its end was never acknowledged and is left out.
pub(crate) fn read(folder: &Path) -> Result<Option<Vec<Checkpoint>>, StoreError> {
    let path = folder.join(CHECKPOINTS_FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(&path, &error)),
    };
    lines(&bytes).map(Some)
}

fn lines(bytes: &[u8]) -> Result<Vec<Checkpoint>, StoreError> {
    let mut out: Vec<Checkpoint> = Vec::new();
    for (n, text) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
        let Some(text) = text.strip_suffix(b"\n") else { break };
        let checkpoint = std::str::from_utf8(text).ok().and_then(parse);
        match checkpoint {
            Some(checkpoint) if out.last().is_none_or(|last| last.seq <= checkpoint.seq) => {
                out.push(checkpoint)
            }
            _ => {
                let place = format!("{CHECKPOINTS_FILE} line {}", n + 1);
                return Err(StoreError::damaged(
                    place,
                    "it does not match its checksum or stands in the wrong place",
                ));
            }
        }
    }
    Ok(out)
}

/// Appends a checkpoint and synchronises the file.
pub(crate) fn append(folder: &Path, checkpoint: &Checkpoint) -> Result<(), StoreError> {
    let path = folder.join(CHECKPOINTS_FILE);
    let write = || {
        let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
        file.write_all(line(checkpoint).as_bytes())?;
        file.sync_all()
    };
    write().map_err(|error| StoreError::io(&path, &error))
}

/// Puts the whole file, through a file of another name, so that it is there whole or not at all.
pub(crate) fn replace(folder: &Path, checkpoints: &[Checkpoint]) -> Result<(), StoreError> {
    let path = folder.join(CHECKPOINTS_FILE);
    let half = folder.join("checkpoints.part");
    let text: String = checkpoints.iter().map(line).collect();
    let write = || {
        let mut file = fs::File::create(&half)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&half, &path)
    };
    write().map_err(|error| StoreError::io(&path, &error))?;
    folder::sync_folder(folder)
}

#[cfg(test)]
mod tests {
    use super::*;
    use probity_primitives::Digest;

    fn checkpoint(seq: u64) -> Checkpoint {
        Checkpoint { seq, hash: Digest::of(&[&seq.to_be_bytes()]), at: Timestamp::from_millis(seq as i64) }
    }

    #[test]
    fn lines_are_read_as_written_and_a_torn_last_one_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(read(folder.path()).unwrap(), None);
        replace(folder.path(), &[checkpoint(3)]).unwrap();
        append(folder.path(), &checkpoint(9)).unwrap();
        let whole = fs::read(folder.path().join(CHECKPOINTS_FILE)).unwrap();
        assert_eq!(read(folder.path()).unwrap().unwrap(), [checkpoint(3), checkpoint(9)]);
        fs::write(folder.path().join(CHECKPOINTS_FILE), &whole[..whole.len() - 1]).unwrap();
        assert_eq!(read(folder.path()).unwrap().unwrap(), [checkpoint(3)]);
    }

    #[test]
    fn every_flipped_bit_is_noticed() {
        let whole = [checkpoint(3), checkpoint(9)].iter().map(line).collect::<String>().into_bytes();
        // The last byte is the end of the last line: without it, the line counts as torn.
        for bit in 0..(whole.len() - 1) * 8 {
            let mut damaged = whole.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            assert!(lines(&damaged).is_err(), "bit {bit}");
        }
    }
}
