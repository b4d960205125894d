//! Damage in the write-ahead log. SQLite takes the first frame that does not fit for the end of the log, as it must after a
//! power cut; a flipped bit would so cut off what was acknowledged. The two can be told apart: only so many batches are handed
//! over before the first of them is synchronised, so more whole ones behind a frame that does not fit mean that it once did.
//! Unless the log had been written into the database and was being begun anew: then the database holds what the last frame says.

use crate::contract::HANDED_OVER;
use crate::error::StoreError;
use std::fs;
use std::io::{self, Read, Seek};
use std::path::Path;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;
/// The first four bytes; the last bit says in which order words are summed.
const MAGIC: u32 = 0x377f_0682;

fn word(bytes: &[u8], at: usize) -> u32 {
    let four = bytes.get(at..at + 4).and_then(|four| four.try_into().ok());
    four.map_or(0, u32::from_be_bytes)
}

/// SQLite's checksum: over pairs of words, carried on from frame to frame.
fn summed(mut sum: (u32, u32), bytes: &[u8], big_endian: bool) -> (u32, u32) {
    let read = |four: &[u8]| {
        let four: [u8; 4] = four.try_into().unwrap_or_default();
        if big_endian { u32::from_be_bytes(four) } else { u32::from_le_bytes(four) }
    };
    for pair in bytes.chunks_exact(8) {
        let (first, second) = pair.split_at(4);
        sum.0 = sum.0.wrapping_add(read(first)).wrapping_add(sum.1);
        sum.1 = sum.1.wrapping_add(read(second)).wrapping_add(sum.0);
    }
    sum
}

/// Refuses a write-ahead log that holds whole batches behind a damaged frame, which the database does not hold. To be
/// called before SQLite opens the database.
pub(crate) fn check(database: &Path, wal: &Path) -> Result<(), StoreError> {
    let bytes = match fs::read(wal) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(StoreError::io(wal, &error)),
    };
    let Some((frame, last)) = damaged_frame(&bytes) else { return Ok(()) };
    if is_in(database, last).map_err(|error| StoreError::io(database, &error))? {
        return Ok(());
    }
    Err(StoreError::damaged(
        "the write-ahead log",
        format!("frame {frame} of probity.db-wal is not what was written, and whole batches follow it"),
    ))
}

/// True when the database holds the page of a frame as the frame has it.
fn is_in(database: &Path, frame: &[u8]) -> io::Result<bool> {
    let Some((header, page)) = frame.split_at_checked(FRAME_HEADER) else { return Ok(false) };
    let mut file = fs::File::open(database)?;
    let mut found = vec![0; page.len()];
    file.seek(io::SeekFrom::Start(u64::from(word(header, 0).saturating_sub(1)) * page.len() as u64))?;
    match file.read_exact(&mut found) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| found == page),
    }
}

/// The number of the first frame that does not fit, when whole batches follow it, and the last frame of those; 0 is the
/// log's own header.
fn damaged_frame(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let header = bytes.get(..HEADER)?;
    let (salts, page) = (header.get(16..24)?, word(header, 8) as usize);
    let page = if (512..=65_536).contains(&page) && page.is_power_of_two() { page } else { 4_096 };
    let big_endian = word(header, 0) & 1 == 1;
    let frames: Vec<&[u8]> = bytes.get(HEADER..)?.chunks_exact(FRAME_HEADER + page).collect();
    let mut sum = summed((0, 0), header.get(..24)?, big_endian);
    let fits = word(header, 0) & !1 == MAGIC && sum == (word(header, 24), word(header, 28));
    let mut good = 0;
    if fits {
        for frame in &frames {
            let next =
                summed(summed(sum, frame.get(..8)?, big_endian), frame.get(FRAME_HEADER..)?, big_endian);
            if frame.get(8..16)? != salts || next != (word(frame, 16), word(frame, 20)) {
                break;
            }
            (sum, good) = (next, good + 1);
        }
    }
    // The frame that does not fit is of a batch that may be torn, its last frame among those behind; so may be all that were
    // handed over after it, and the one that is being written.
    let first = if fits { good + 1 } else { 0 };
    let behind = frames.iter().skip(first).filter(|frame| frame.get(8..16) == Some(salts));
    let last = behind.clone().next_back()?;
    let batches = behind.filter(|frame| word(frame, 4) != 0).count();
    (batches > HANDED_OVER as usize + 1).then_some((first, *last))
}
