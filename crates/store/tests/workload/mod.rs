//! A workload that follows from a number, and the proof that a folder holds exactly its first batches.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, reason = "for tests; each file uses a part of it")]

use probity_primitives::{Digest, Timestamp};
use probity_store::{
    Appended, Batch, Key, LogRow, Reader, SqliteBatch, SqliteReader, SqliteStore, Store, StoreError, Subject,
};
use std::path::Path;

/// Events of a batch.
pub const EVENTS: u64 = 7;
/// Merchants that the events are spread over.
pub const PARTIES: u64 = 5;
/// Pieces of what is open that are left.
pub const PIECES: u64 = 5;

pub fn key(n: u64) -> Key {
    Digest::of(&[b"event", &n.to_be_bytes()]).half()
}

pub fn order(n: u64) -> Key {
    Digest::of(&[b"order", &(n / 3).to_be_bytes()]).half()
}

pub fn at(n: u64) -> Timestamp {
    Timestamp::from_millis(1_500_000_000_000 + n as i64)
}

pub fn body(n: u64) -> Vec<u8> {
    Digest::of(&[b"body", &n.to_be_bytes()]).0.repeat(1 + (n % 8) as usize)
}

pub fn state(batch: u64) -> Vec<u8> {
    Digest::of(&[b"state", &batch.to_be_bytes()]).0.repeat(4)
}

/// The row that must stand at `seq`, but for its hash.
pub fn is_as_written(row: &LogRow, seq: u64) -> bool {
    (row.seq, row.key, row.recorded_at) == (seq, key(seq), at(seq)) && row.body == body(seq)
}

/// Opens the store of a folder, or makes one. Few keys wait, so that many come into the index and many have not.
pub fn open(folder: &Path) -> Result<SqliteStore, StoreError> {
    let mut store = SqliteStore::open_or_create(folder)?;
    store.let_keys_wait(20);
    Ok(store)
}

/// Writes batch `n` (from 0) and waits until it is durable. Each also sends an event of the batch before again.
pub fn write(store: &mut SqliteStore, n: u64) -> Result<(), StoreError> {
    prepare(store, n)?.commit()
}

/// The same, and leaves it to others to make it durable.
pub fn hand_over(store: &mut SqliteStore, n: u64) -> Result<(), StoreError> {
    prepare(store, n)?.hand_over()
}

fn prepare(store: &mut SqliteStore, n: u64) -> Result<SqliteBatch<'_>, StoreError> {
    let mut batch = store.begin()?;
    if n > 0 {
        let again = n * EVENTS;
        assert_eq!(batch.append(key(again), at(again), &body(again))?, Appended::Known(again));
    }
    for seq in n * EVENTS + 1..=(n + 1) * EVENTS {
        assert_eq!(batch.append(key(seq), at(seq), &body(seq))?, Appended::Taken(seq));
        let party = batch.party(1, &format!("m{}", seq % PARTIES))?;
        batch.put_postings(Subject::Party(party), &[seq])?;
        batch.put_postings(Subject::Order(order(seq)), &[seq])?;
        batch.put_open_order(order(seq), at(seq))?;
    }
    batch.put_state(1, (n + 1) * EVENTS, &state(n))?;
    batch.put_record("tiles", &state(n))?;
    batch.put_exposure(n + 1, &state(n))?;
    batch.drop_exposure((n + 1).saturating_sub(PIECES - 1))?;
    if n % 4 == 3 {
        batch.checkpoint(at(n))?;
    }
    Ok(batch)
}

/// The seqs of a merchant when the log has `last` rows.
pub fn of_party(name: u64, last: u64) -> Vec<u64> {
    (1..=last).filter(|seq| seq % PARTIES == name).collect()
}

/// The seqs of an order when the log has `last` rows.
pub fn of_order(number: u64, last: u64) -> Vec<u64> {
    (1..=last).filter(|seq| seq / 3 == number).collect()
}

/// Opens the folder as a process does after a crash and proves that it holds a whole number of batches, at least those
/// that were acknowledged and at most one more, nothing lost, nothing doubled, and that the next batch is taken.
pub fn prove(folder: &Path, acknowledged: u64) -> u64 {
    prove_up_to(folder, acknowledged, acknowledged + 1)
}

/// The same, with more batches that may be there.
pub fn prove_up_to(folder: &Path, acknowledged: u64, written: u64) -> u64 {
    let mut store = open(folder).unwrap();
    let (mut reader, mut alone) = (store.reader().unwrap(), SqliteReader::open(folder).unwrap());
    let last = reader.event_count().unwrap();
    assert_eq!(last % EVENTS, 0, "a batch in part");
    let batches = last / EVENTS;
    assert!(
        (acknowledged..=written).contains(&batches),
        "{batches} batches, {acknowledged} acknowledged, {written} written"
    );
    assert_eq!(reader.verify(&mut |_, _| ()).unwrap().rows, last);
    for row in reader.range(1, usize::MAX).unwrap() {
        assert!(is_as_written(&row, row.seq), "row {}", row.seq);
    }
    for seq in 1..=last + 1 {
        let stands = (seq <= last).then_some(seq);
        let found = (reader.find(&key(seq)).unwrap(), alone.find(&key(seq)).unwrap());
        assert_eq!(found, (stands, stands), "the key of row {seq}");
    }
    for name in 0..PARTIES.min(last) {
        let party = reader.party_number(1, &format!("m{name}")).unwrap().unwrap();
        assert_eq!(reader.postings(Subject::Party(party)).unwrap(), of_party(name, last));
    }
    if last > 0 {
        assert_eq!(reader.state(1).unwrap(), Some((last, state(batches - 1))));
        assert_eq!(reader.record("tiles").unwrap(), Some(state(batches - 1)));
        let pieces: Vec<u64> =
            reader.exposure(0, 99).unwrap().into_iter().map(|(number, _)| number).collect();
        assert_eq!(pieces, (1.max((batches + 1).saturating_sub(PIECES))..=batches).collect::<Vec<_>>());
        assert_eq!(reader.exposure(batches, 1).unwrap(), [(batches, state(batches - 1))]);
        assert_eq!(reader.postings(Subject::Order(order(last))).unwrap(), of_order(last / 3, last));
    }
    write(&mut store, batches).unwrap();
    batches
}

/// Small deterministic random numbers (SplitMix64).
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }
}

/// A number from the environment: nightly runs ask for more rounds.
pub fn rounds(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
