//! Power cuts: what was never synchronised is kept, torn, garbled or gone, sector by sector, as a disk may do.
//!
//! Images of the files are taken after each acknowledgement. A cut during the next batch leaves the acknowledged image,
//! with some sectors of what the batch was writing: of the write-ahead log while it commits; of the database while the
//! log is written into it, the log being synchronised by then; of the file of checkpoints at the end.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod workload;

use probity_store::{Reader, Store, Syncer};
use std::fs;
use std::path::Path;
use workload::{EVENTS, Random, hand_over, open, prove, prove_up_to, rounds, write};

const SECTOR: usize = 512;
const LOG_HEADER: usize = 32;
const FILES: [&str; 3] = ["probity.db", "probity.db-wal", "checkpoints"];
const WAL: usize = 1;

type Image = [Vec<u8>; 3];

fn image(folder: &Path) -> Image {
    FILES.map(|name| fs::read(folder.join(name)).unwrap_or_default())
}

/// A file of which the writes from `old` to `new` reached the disk only in part.
fn torn(old: &[u8], new: &[u8], random: &mut Random) -> Vec<u8> {
    let garble = random.below(4) == 0;
    let mut out = old.to_vec();
    // The file may have grown already, with what the disk held before in the new part.
    out.resize(old.len().max(random.below(new.len() as u64 + 1) as usize), 0);
    let share = random.below(101);
    for start in (0..new.len()).step_by(SECTOR) {
        let end = (start + SECTOR).min(new.len());
        if old.get(start..end) == Some(&new[start..end]) || end > out.len() {
            continue;
        }
        if random.below(100) < share {
            out[start..end].copy_from_slice(&new[start..end]);
        } else if garble && start >= old.len() {
            out[start..end].iter_mut().for_each(|byte| *byte = random.next() as u8);
        }
    }
    out
}

/// The same of the write-ahead log. When it is begun anew, its header is on disk before anything else is written.
fn torn_log(old: &[u8], new: &[u8], random: &mut Random) -> Vec<u8> {
    let begun_anew = old.get(..LOG_HEADER).is_some_and(|header| new.get(..LOG_HEADER) != Some(header));
    if begun_anew && random.below(10) == 0 {
        return old.to_vec();
    }
    let mut out = if random.below(3) == 0 {
        // As it was written, up to some sector.
        let upto = SECTOR * random.below((new.len() / SECTOR) as u64 + 1) as usize;
        [&new[..upto], old.get(upto..).unwrap_or_default()].concat()
    } else {
        torn(old, new, random)
    };
    if begun_anew && out.len() >= LOG_HEADER {
        out[..LOG_HEADER].copy_from_slice(&new[..LOG_HEADER]);
    }
    out
}

/// The end of a file that is only ever appended to is there up to some byte.
fn cut(old: &[u8], new: &[u8], random: &mut Random) -> Vec<u8> {
    new[..old.len() + random.below((new.len() - old.len()) as u64 + 1) as usize].to_vec()
}

fn crash(before: &Image, after: &Image, random: &mut Random) -> Image {
    let [database, wal, checkpoints] = before.clone();
    match random.below(3) {
        0 => [database, torn_log(&wal, &after[WAL], random), checkpoints],
        // The line of a checkpoint is written before the log is drained into the database.
        1 => [database, after[WAL].clone(), cut(&checkpoints, &after[2], random)],
        _ => [torn(&database, &after[0], random), after[WAL].clone(), after[2].clone()],
    }
}

fn lay_out(image: &Image) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in FILES.iter().zip(image) {
        if !bytes.is_empty() || *name != "probity.db-wal" {
            fs::write(folder.path().join(name), bytes).unwrap();
        }
    }
    folder
}

/// Images after each acknowledged batch of one run, short enough a log that it is drained and begun anew several times.
fn images(batches: u64, drain_at: u32) -> Vec<Image> {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    store.drain_at(drain_at);
    let mut out = vec![image(folder.path())];
    for n in 0..batches {
        write(&mut store, n).unwrap();
        out.push(image(folder.path()));
    }
    out
}

#[test]
fn acknowledged_batches_survive_a_power_cut() {
    let seed = rounds("PROBITY_SEED", 1);
    let mut random = Random(seed);
    let images = images(24, 40);
    let (mut later, rounds) = (0, rounds("PROBITY_POWER_CUTS", 150));
    for round in 0..rounds {
        let acknowledged = random.below(images.len() as u64 - 1);
        let (before, after) = (&images[acknowledged as usize], &images[acknowledged as usize + 1]);
        let folder = lay_out(&crash(before, after, &mut random));
        println!("seed {seed}, round {round}, {acknowledged} batches acknowledged");
        later += prove(folder.path(), acknowledged) - acknowledged;
    }
    // Both kinds of outcome were met, or the images are not what they should be.
    assert!(later > 0 && later < rounds, "{later} of {rounds} batches in hand survived");
}

/// Images after each batch of a run in which batches are handed over, and whether all before was durable then: it was
/// synchronised, or written into the database, which the log is synchronised for.
fn handed_over(batches: u64, drain_at: u32) -> Vec<(Image, bool)> {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    store.drain_at(drain_at);
    let syncer = store.syncer().unwrap();
    let mut out = vec![(image(folder.path()), true)];
    for n in 0..batches {
        hand_over(&mut store, n).unwrap();
        let now = image(folder.path());
        let drained = out.last().is_some_and(|(before, _)| before[0] != now[0]);
        let synced = n % 9 == 8;
        if synced {
            syncer.sync().unwrap();
        }
        // One more than may be underway is made durable at once; so is what a checkpoint promises.
        let durable = store.reader().unwrap().event_count().unwrap() == (n + 1) * EVENTS;
        assert!(durable || !synced);
        out.push((now, drained || durable));
    }
    out
}

#[test]
fn a_power_cut_takes_batches_that_were_handed_over_from_the_last_one_on() {
    let seed = rounds("PROBITY_SEED", 2);
    let mut random = Random(seed);
    let images = handed_over(40, 60);
    let underway = images.iter().filter(|(_, durable)| !durable).count();
    assert!(underway > 5, "{underway} batches were handed over");
    let (mut in_part, rounds) = (0, rounds("PROBITY_POWER_CUTS", 150));
    for round in 0..rounds {
        let written = 1 + random.below(images.len() as u64 - 1);
        let before = (0..written).rev().find(|n| images[*n as usize].1).unwrap();
        let crashed = crash(&images[before as usize].0, &images[written as usize].0, &mut random);
        let folder = lay_out(&crashed);
        println!("seed {seed}, round {round}, {before} batches durable, {written} written");
        let found = prove_up_to(folder.path(), before, written);
        in_part += u64::from(found > before && found < written);
    }
    assert!(in_part > 0, "no cut left some batches and took others");
}

#[test]
fn the_harness_sees_a_loss_when_synchronised_bytes_are_lost() {
    let images = images(8, 1_000_000);
    let mut image = images[8].clone();
    let half = image[WAL].len() / 2;
    image[WAL].truncate(half);
    let folder = lay_out(&image);
    let lost = std::panic::catch_unwind(|| prove(folder.path(), 8));
    assert!(lost.is_err());
}
