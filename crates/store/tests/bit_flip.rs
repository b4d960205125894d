//! One flipped bit anywhere in the database: a read gives what was written or an error; the audit finds what reads miss.
#![allow(clippy::unwrap_used, clippy::panic, reason = "what the tests call fails by panicking, too")]

mod workload;

use probity_primitives::Digest;
use probity_store::{
    Batch, Broken, CatalogueVersion, HANDED_OVER, Reader, SqliteReader, SqliteStore, Store, StoreError,
    Subject,
};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use workload::{
    EVENTS, PARTIES, Random, at, key, of_order, of_party, open, order, prove, rounds, state, write,
};

const BATCHES: u64 = 24;
const LAST: u64 = BATCHES * EVENTS;

/// What reading everything met.
#[derive(Debug, Default)]
struct Met {
    /// Answers that are neither what was written nor nothing.
    wrong: Vec<String>,
    /// Answers of nothing where something stands.
    absent: Vec<String>,
    /// Errors.
    refused: Vec<StoreError>,
}

impl Met {
    fn look<T: PartialEq + std::fmt::Debug>(
        &mut self,
        found: Result<T, StoreError>,
        written: T,
        nothing: &T,
    ) {
        match found {
            Ok(found) if found == written => {}
            Ok(found) if found == *nothing => self.absent.push(format!("{written:?}")),
            Ok(found) => self.wrong.push(format!("{found:?} in place of {written:?}")),
            Err(error) => self.refused.push(error),
        }
    }
}

fn version() -> CatalogueVersion {
    CatalogueVersion { hash: Digest::of(&[b"catalogue"]), first_used: at(1) }
}

fn keep_a_catalogue(store: &mut SqliteStore) {
    let mut batch = store.begin().unwrap();
    let text = "points = 7\n".repeat(200);
    batch.keep_catalogue(version(), &BTreeMap::from([("card.toml", text.as_str())])).unwrap();
    batch.commit().unwrap();
}

fn read_everything(reader: &mut SqliteReader) -> Met {
    let mut met = Met::default();
    for seq in 1..=LAST {
        let row = reader.row(seq).map(|row| row.map(|row| workload::is_as_written(&row, seq)));
        met.look(row, Some(true), &None);
        met.look(reader.find(&key(seq)), Some(seq), &None);
    }
    met.look(reader.range(1, usize::MAX).map(|rows| rows.len() as u64), LAST, &0);
    for number in 0..=LAST / 3 {
        let subject = Subject::Order(order(number * 3));
        met.look(reader.postings(subject), of_order(number, LAST), &Vec::new());
        let due = at((number * 3 + 2).min(LAST));
        met.look(reader.open_order(&order(number * 3)), Some(due), &None);
    }
    for name in 0..PARTIES {
        let id = format!("m{name}");
        // Numbers are given in the order of the first events: 1, 2, 3, 4, 0.
        let number = if name == 0 { 5 } else { name as u32 };
        met.look(reader.party_number(1, &id), Some(number), &None);
        met.look(reader.party_name(number), Some((1, id)), &None);
        met.look(reader.postings(Subject::Party(number)), of_party(name, LAST), &Vec::new());
    }
    met.look(reader.state(1), Some((LAST, state(BATCHES - 1))), &None);
    met.look(reader.record("tiles"), Some(state(BATCHES - 1)), &None);
    met.look(reader.exposure(BATCHES, 1), vec![(BATCHES, state(BATCHES - 1))], &Vec::new());
    met.look(reader.catalogue_versions(), vec![version()], &Vec::new());
    let texts = reader.catalogue_texts(&version().hash);
    met.look(texts.map(|texts| texts.map(|texts| texts["card.toml"].len())), Some(2_200), &None);
    met.look(reader.last_checkpoint().map(|found| found.map(|found| found.seq)), Some(LAST), &None);
    met
}

/// True when the audit finds the damage.
fn audit_finds(folder: &Path) -> bool {
    match SqliteReader::open(folder).map(|mut reader| reader.verify(&mut |_, _| ())) {
        Ok(Ok(_)) => false,
        Ok(Err(Broken::Unread(error))) => panic!("the audit could not be finished: {error}"),
        Ok(Err(_)) | Err(_) => true,
    }
}

#[test]
fn a_flipped_bit_never_becomes_an_answer() {
    let whole = tempfile::tempdir().unwrap();
    let mut store = open(whole.path()).unwrap();
    (0..BATCHES).for_each(|n| write(&mut store, n).unwrap());
    keep_a_catalogue(&mut store);
    drop(store);
    let database = fs::read(whole.path().join("probity.db")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::copy(whole.path().join("checkpoints"), folder.path().join("checkpoints")).unwrap();

    let seed = rounds("PROBITY_SEED", 1);
    let mut random = Random(seed);
    let (mut refused, mut absent, mut audited, mut harmless) = (0, 0, 0, 0);
    for round in 0..rounds("PROBITY_FLIPS", 300) {
        let bit = random.below(database.len() as u64 * 8);
        let mut damaged = database.clone();
        damaged[(bit / 8) as usize] ^= 1 << (bit % 8);
        fs::write(folder.path().join("probity.db"), &damaged).unwrap();
        let met = SqliteReader::open(folder.path()).map(|mut reader| read_everything(&mut reader));
        let found = audit_finds(folder.path());
        let context = format!("seed {seed}, round {round}, bit {bit}");
        match met {
            Err(_) => refused += 1,
            Ok(met) => {
                assert_eq!(met.wrong, Vec::<String>::new(), "{context}");
                // An index that lost an entry says nothing stands there; only an audit can know better.
                assert!(met.absent.is_empty() || found, "{context}: {:?}", met.absent);
                assert!(
                    met.refused.iter().all(|error| error.code().as_str() == "store-damaged"),
                    "{context}: {met:?}"
                );
                assert!(met.refused.is_empty() || found, "{context}: {:?}", met.refused);
                refused += u64::from(!met.refused.is_empty());
                absent += u64::from(met.refused.is_empty() && !met.absent.is_empty());
                audited += u64::from(met.refused.is_empty() && met.absent.is_empty() && found);
                harmless += u64::from(!found);
            }
        }
    }
    println!(
        "refused by a read {refused}, only absent {absent}, found by the audit alone {audited}, harmless {harmless}"
    );
    assert!(refused > 0 && harmless > 0);
    // The harness itself: the whole store is whole.
    fs::write(folder.path().join("probity.db"), &database).unwrap();
    prove(folder.path(), BATCHES);
}

#[test]
fn a_flipped_bit_in_the_write_ahead_log_cuts_nothing_off_unseen() {
    let folder = tempfile::tempdir().unwrap();
    let mut store = open(folder.path()).unwrap();
    (0..=BATCHES).for_each(|n| write(&mut store, n).unwrap());
    // As a process leaves it that dies now; the last checkpoint is one batch old.
    let last_row = LAST + EVENTS;
    let image = ["probity.db", "probity.db-wal", "checkpoints"]
        .map(|name| (name, fs::read(folder.path().join(name)).unwrap()));
    let wal = image[1].1.len() as u64;
    let seed = rounds("PROBITY_SEED", 5);
    let mut random = Random(seed);
    let (mut refused, mut cut, mut harmless) = (0, 0, 0);
    let all = rounds("PROBITY_WAL_FLIPS", 80);
    for round in 0..all {
        let bit = random.below(wal * 8);
        let died = tempfile::tempdir().unwrap();
        for (name, bytes) in &image {
            let mut bytes = bytes.clone();
            if *name == "probity.db-wal" {
                bytes[(bit / 8) as usize] ^= 1 << (bit % 8);
            }
            fs::write(died.path().join(name), bytes).unwrap();
        }
        let context = format!("seed {seed}, round {round}, bit {bit}");
        match SqliteStore::open(died.path()) {
            Err(error) => {
                assert_eq!(error.code().as_str(), "store-damaged", "{context}");
                refused += 1;
            }
            Ok(store) => {
                let found = store.reader().unwrap().event_count().unwrap();
                // What looks as a power cut does: a batch, those that may be handed over behind it, one being written.
                let lost = (HANDED_OVER + 2) * EVENTS;
                assert!(found >= last_row - lost, "{context}: {found} rows of {last_row}");
                assert_eq!(found % EVENTS, 0, "{context}");
                cut += u64::from(found < last_row);
                harmless += u64::from(found == last_row);
            }
        }
    }
    println!("{refused} refused, {cut} taken for a power cut, {harmless} harmless");
    assert!(refused > all * 3 / 4);
}
