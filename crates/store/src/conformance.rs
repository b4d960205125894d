//! What every implementation of the contract must do. Call [`check`] from a test with a function that makes an empty store.
#![expect(clippy::unwrap_used, reason = "a test suite: it fails by panicking")]

use crate::contract::{
    Appended, Batch, CatalogueVersion, HANDED_OVER, Key, LONGEST_BODY, LONGEST_CONTENT, Reader, SetAside,
    Store, Subject, Syncer,
};
use probity_primitives::{Digest, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Runs the whole suite; each part on a store of its own.
///
/// # Panics
/// Where the implementation does not keep the contract.
pub fn check<S: Store>(empty: impl Fn() -> S) {
    an_empty_store(empty());
    a_key_stands_once(empty());
    the_chain_is_the_documented_one(empty());
    what_is_dropped_leaves_no_trace(empty());
    readers_see_what_is_committed(empty());
    what_was_handed_over_is_seen_once_it_is_durable(empty());
    the_log_is_read_in_every_way(empty());
    keys_are_found_however_long_ago(empty());
    parties_keep_their_numbers(empty());
    postings_are_sets(empty());
    live_records_are_replaced_and_dropped(empty());
    pieces_stand_in_a_row(empty());
    timers_fall_due_in_order(empty());
    set_asides_are_kept_and_cut(empty());
    checkpoints_and_audit(empty());
    catalogues_are_kept(empty());
}

fn key(n: u64) -> Key {
    Digest::of(&[b"key", &n.to_be_bytes()]).half()
}

fn at(n: u64) -> Timestamp {
    Timestamp::from_millis(1_500_000_000_000 + i64::try_from(n).unwrap())
}

fn body(n: u64) -> Vec<u8> {
    Digest::of(&[&n.to_be_bytes()]).0.repeat(1 + usize::try_from(n % 9).unwrap())
}

/// Appends rows `from..to` whose key, time and body follow from their number, in one batch.
fn fill<S: Store>(store: &mut S, from: u64, to: u64) {
    let mut batch = store.begin().unwrap();
    for n in from..to {
        assert_eq!(batch.append(key(n), at(n), &body(n)).unwrap(), Appended::Taken(n));
    }
    batch.commit().unwrap();
}

fn an_empty_store<S: Store>(mut store: S) {
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.last().unwrap(), (0, Digest::ZERO));
    assert_eq!(reader.event_count().unwrap(), 0);
    assert_eq!(reader.row(0).unwrap(), None);
    assert_eq!(reader.row(1).unwrap(), None);
    assert_eq!(reader.row(u64::MAX).unwrap(), None);
    assert_eq!(reader.range(0, 10).unwrap(), []);
    assert_eq!(reader.find(&key(1)).unwrap(), None);
    assert_eq!(reader.postings(Subject::Party(1)).unwrap(), []);
    assert_eq!(reader.postings(Subject::Order(key(1))).unwrap(), []);
    assert_eq!(reader.state(1).unwrap(), None);
    assert_eq!(reader.party_number(1, "m").unwrap(), None);
    assert_eq!(reader.party_name(1).unwrap(), None);
    assert_eq!(reader.next_due().unwrap(), None);
    assert_eq!(reader.record("tiles").unwrap(), None);
    assert_eq!(reader.exposure(0, 10).unwrap(), []);
    assert_eq!(reader.set_asides(0, 10).unwrap(), []);
    assert_eq!(reader.catalogue_versions().unwrap(), []);
    assert_eq!(reader.catalogue_texts(&Digest::ZERO).unwrap(), None);
    assert_eq!(reader.last_checkpoint().unwrap(), None);
    assert_eq!(reader.verify(&mut |_, _| ()).unwrap().rows, 0);
    store.begin().unwrap().commit().unwrap();
}

fn a_key_stands_once<S: Store>(mut store: S) {
    fill(&mut store, 1, 4);
    let mut batch = store.begin().unwrap();
    assert_eq!(batch.append(key(2), at(9), b"another body").unwrap(), Appended::Known(2));
    assert_eq!(batch.append(key(4), at(4), &body(4)).unwrap(), Appended::Taken(4));
    assert_eq!(batch.append(key(4), at(4), &body(4)).unwrap(), Appended::Known(4));
    assert_eq!(batch.append(key(5), at(5), &[]).unwrap(), Appended::Taken(5));
    let refused = batch.append(key(6), at(6), &vec![0; LONGEST_BODY + 1]).unwrap_err();
    assert_eq!(refused.code().as_str(), "store-refused");
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.event_count().unwrap(), 5);
    assert_eq!(reader.row(2).unwrap().unwrap().body, body(2));
    assert_eq!(reader.row(5).unwrap().unwrap().body, []);
}

fn the_chain_is_the_documented_one<S: Store>(mut store: S) {
    fill(&mut store, 1, 20);
    let mut before = Digest::ZERO;
    let mut reader = store.reader().unwrap();
    for row in reader.range(1, 100).unwrap() {
        let mut bytes = before.0.to_vec();
        bytes.extend_from_slice(&row.seq.to_be_bytes());
        bytes.extend_from_slice(&row.recorded_at.millis().to_be_bytes());
        bytes.extend_from_slice(&row.key);
        bytes.extend_from_slice(&(row.body.len() as u64).to_be_bytes());
        bytes.extend_from_slice(&row.body);
        before = Digest::of(&[&bytes]);
        assert_eq!(row.hash, before);
    }
    assert_eq!(reader.last().unwrap(), (19, before));
}

fn what_is_dropped_leaves_no_trace<S: Store>(mut store: S) {
    fill(&mut store, 1, 4);
    {
        let mut batch = store.begin().unwrap();
        batch.append(key(4), at(4), &body(4)).unwrap();
        batch.party(1, "gone").unwrap();
        batch.put_postings(Subject::Party(1), &[4]).unwrap();
        batch.put_record("tiles", b"gone").unwrap();
        batch.checkpoint(at(4)).unwrap();
    }
    assert_eq!(store.reader().unwrap().party_number(1, "gone").unwrap(), None);
    fill(&mut store, 4, 6);
    let mut batch = store.begin().unwrap();
    assert_eq!(batch.party(1, "stays").unwrap(), 1);
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.last_checkpoint().unwrap(), None);
    assert_eq!(reader.record("tiles").unwrap(), None);
    assert_eq!(reader.postings(Subject::Party(1)).unwrap(), []);
    assert_eq!(reader.verify(&mut |_, _| ()).unwrap().rows, 5);
}

fn readers_see_what_is_committed<S: Store>(mut store: S) {
    let mut reader = store.reader().unwrap();
    let mut batch = store.begin().unwrap();
    batch.append(key(1), at(1), &body(1)).unwrap();
    assert_eq!(batch.reads().event_count().unwrap(), 1);
    assert_eq!(batch.reads().find(&key(1)).unwrap(), Some(1));
    assert_eq!(reader.event_count().unwrap(), 0);
    batch.commit().unwrap();
    assert_eq!(reader.event_count().unwrap(), 1);
    let row = std::thread::spawn(move || reader.row(1).unwrap()).join().unwrap().unwrap();
    assert_eq!((row.key, row.recorded_at, row.body), (key(1), at(1), body(1)));
}

fn what_was_handed_over_is_seen_once_it_is_durable<S: Store>(mut store: S) {
    let (mut reader, syncer) = (store.reader().unwrap(), store.syncer().unwrap());
    fill(&mut store, 1, 3);
    let mut batch = store.begin().unwrap();
    for n in 3..6 {
        assert_eq!(batch.append(key(n), at(n), &body(n)).unwrap(), Appended::Taken(n));
    }
    batch.hand_over().unwrap();
    // The writer sees it at once, and goes on behind it.
    let mut batch = store.begin().unwrap();
    assert_eq!(batch.append(key(4), at(4), &body(4)).unwrap(), Appended::Known(4));
    assert_eq!(batch.reads().event_count().unwrap(), 5);
    drop(batch);
    let seen = (reader.event_count().unwrap(), reader.last().unwrap().0, reader.range(1, 10).unwrap().len());
    assert_eq!(seen, (2, 2, 2));
    assert_eq!((reader.row(3).unwrap(), reader.find(&key(3)).unwrap()), (None, None));
    assert_eq!(reader.range(3, 10).unwrap(), []);
    syncer.sync().unwrap();
    assert_eq!((reader.event_count().unwrap(), reader.find(&key(5)).unwrap()), (5, Some(5)));
    assert_eq!(reader.range(2, 10).unwrap().len(), 4);
    // However many are handed over, only so many are not durable; and a commit makes durable what is before it.
    for n in 6..6 + HANDED_OVER + 3 {
        let mut batch = store.begin().unwrap();
        assert_eq!(batch.append(key(n), at(n), &body(n)).unwrap(), Appended::Taken(n));
        batch.hand_over().unwrap();
        assert!(n - reader.event_count().unwrap() <= HANDED_OVER);
    }
    fill(&mut store, 9 + HANDED_OVER, 10 + HANDED_OVER);
    assert_eq!(reader.event_count().unwrap(), 9 + HANDED_OVER);
}

fn keys_are_found_however_long_ago<S: Store>(mut store: S) {
    const ROWS: u64 = 20_000;
    const BATCH: u64 = 400;
    let mut reader = store.reader().unwrap();
    for first in (1..ROWS).step_by(BATCH as usize) {
        let mut batch = store.begin().unwrap();
        for n in first..first + BATCH {
            // One of long ago, one of just now, and a new one.
            for again in [n / 2, n - 1].into_iter().filter(|again| *again > 0) {
                assert_eq!(batch.append(key(again), at(0), b"again").unwrap(), Appended::Known(again));
            }
            assert_eq!(batch.append(key(n), at(n), &body(n)).unwrap(), Appended::Taken(n));
        }
        if first % 3 == 0 {
            // What was lost with its batch can be written again.
            drop(batch);
            assert_eq!(reader.find(&key(first)).unwrap(), None);
            fill(&mut store, first, first + BATCH);
        } else {
            batch.commit().unwrap();
        }
        for n in (1..first + BATCH).step_by(97) {
            assert_eq!(reader.find(&key(n)).unwrap(), Some(n));
        }
    }
    assert_eq!(reader.verify(&mut |_, _| ()).unwrap().rows, ROWS);
}

fn the_log_is_read_in_every_way<S: Store>(mut store: S) {
    fill(&mut store, 1, 50);
    fill(&mut store, 50, 101);
    let mut reader = store.reader().unwrap();
    let seqs = |rows: Vec<crate::contract::LogRow>| rows.iter().map(|row| row.seq).collect::<Vec<_>>();
    assert_eq!(seqs(reader.range(0, 3).unwrap()), [1, 2, 3]);
    assert_eq!(seqs(reader.range(49, 3).unwrap()), [49, 50, 51]);
    assert_eq!(seqs(reader.range(99, 30).unwrap()), [99, 100]);
    assert_eq!(seqs(reader.range(101, 30).unwrap()), []);
    assert_eq!(seqs(reader.range(5, 0).unwrap()), []);
    assert_eq!(seqs(reader.rows(&[7, 8, 9, 3, 100, 7]).unwrap()), [7, 8, 9, 3, 100, 7]);
    assert_eq!(reader.rows(&[7, 101]).unwrap_err().code().as_str(), "store-damaged");
    for n in 1..=100 {
        assert_eq!(reader.find(&key(n)).unwrap(), Some(n));
        let row = reader.row(n).unwrap().unwrap();
        assert_eq!((row.key, row.recorded_at, row.body), (key(n), at(n), body(n)));
    }
}

fn parties_keep_their_numbers<S: Store>(mut store: S) {
    let ids = ["a", "e481f51cbdc54678b7cc49136f2d6af7", "", "ü/🙂", "a"];
    let mut batch = store.begin().unwrap();
    let numbers: Vec<u32> = ids.iter().map(|id| batch.party(1, id).unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 1]);
    assert_eq!(batch.party(2, "a").unwrap(), 5);
    batch.commit().unwrap();
    let mut batch = store.begin().unwrap();
    assert_eq!(batch.party(2, "a").unwrap(), 5);
    assert_eq!(batch.party(0, "b").unwrap(), 6);
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.party_number(1, ids[1]).unwrap(), Some(2));
    assert_eq!(reader.party_number(2, ids[1]).unwrap(), None);
    assert_eq!(reader.party_name(4).unwrap(), Some((1, ids[3].to_owned())));
    assert_eq!(reader.party_name(7).unwrap(), None);
    let page = reader.parties(Some(1), 1, 2).unwrap();
    assert_eq!(page, [(2, 1, ids[1].to_owned()), (3, 1, String::new())]);
    assert_eq!(reader.parties(None, 4, 9).unwrap().len(), 2);
    let counts = [None, Some(1), Some(2), Some(9)].map(|role| reader.party_count(role).unwrap());
    assert_eq!(counts, [6, 4, 1, 0]);
}

fn postings_are_sets<S: Store>(mut store: S) {
    fill(&mut store, 1, 20_001);
    let subjects = [
        Subject::Party(1),
        Subject::Party(2),
        Subject::Order(key(1)),
        Subject::Order(key(2)),
        Subject::Party(u32::MAX),
    ];
    let mut model: BTreeMap<Subject, BTreeSet<u64>> = BTreeMap::new();
    let mut random = 7_u64;
    for round in 0..60 {
        let mut batch = store.begin().unwrap();
        for subject in subjects {
            let mut seqs = Vec::new();
            for _ in 0..round % 40 {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                seqs.push(1 + (random >> 33) % 20_000);
            }
            batch.put_postings(subject, &seqs).unwrap();
            model.entry(subject).or_default().extend(&seqs);
        }
        batch.commit().unwrap();
    }
    let mut batch = store.begin().unwrap();
    let all: Vec<u64> = (1..=20_000).collect();
    batch.put_postings(Subject::Party(3), &all).unwrap();
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.postings(Subject::Party(3)).unwrap(), all);
    for (subject, seqs) in model {
        assert_eq!(reader.postings(subject).unwrap(), seqs.into_iter().collect::<Vec<_>>());
    }
    reader.verify(&mut |_, _| ()).unwrap();
}

fn live_records_are_replaced_and_dropped<S: Store>(mut store: S) {
    fill(&mut store, 1, 10);
    let mut batch = store.begin().unwrap();
    batch.put_state(7, 3, b"early").unwrap();
    batch.put_state(7, 9, b"later").unwrap();
    batch.put_state(8, 9, &[]).unwrap();
    batch.drop_state(99).unwrap();
    batch.put_record("tiles", &[1; 100_000]).unwrap();
    batch.put_record("symbols", b"x").unwrap();
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.state(7).unwrap(), Some((9, b"later".to_vec())));
    assert_eq!(reader.state(8).unwrap(), Some((9, Vec::new())));
    assert_eq!(reader.record("tiles").unwrap(), Some(vec![1; 100_000]));
    let mut batch = store.begin().unwrap();
    batch.drop_state(7).unwrap();
    batch.put_record("symbols", b"y").unwrap();
    batch.drop_record("tiles").unwrap();
    batch.commit().unwrap();
    assert_eq!(reader.state(7).unwrap(), None);
    assert_eq!(reader.record("symbols").unwrap(), Some(b"y".to_vec()));
    assert_eq!(reader.record("tiles").unwrap(), None);
}

fn pieces_stand_in_a_row<S: Store>(mut store: S) {
    let piece = |n: u64| (n, body(n));
    let mut batch = store.begin().unwrap();
    for n in 1..6 {
        batch.put_exposure(n, &body(n)).unwrap();
    }
    batch.put_exposure(5, &body(50)).unwrap();
    assert_eq!(batch.reads().exposure(5, 9).unwrap(), [(5, body(50))]);
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.exposure(0, 3).unwrap(), [piece(1), piece(2), piece(3)]);
    assert_eq!(reader.exposure(2, 1).unwrap(), [piece(2)]);
    let mut batch = store.begin().unwrap();
    batch.drop_exposure(4).unwrap();
    batch.put_exposure(6, &[]).unwrap();
    drop(batch);
    assert_eq!(reader.exposure(0, 9).unwrap().len(), 5);
    let mut batch = store.begin().unwrap();
    batch.drop_exposure(4).unwrap();
    batch.put_exposure(6, &[]).unwrap();
    batch.commit().unwrap();
    assert_eq!(reader.exposure(0, 9).unwrap(), [piece(4), (5, body(50)), (6, Vec::new())]);
    assert_eq!(reader.exposure(7, 9).unwrap(), []);
    assert_eq!(reader.verify(&mut |_, _| ()).unwrap().derived, 3);
    let mut batch = store.begin().unwrap();
    batch.drop_exposure(u64::MAX).unwrap();
    batch.commit().unwrap();
    assert_eq!(reader.exposure(0, 9).unwrap(), []);
}

fn timers_fall_due_in_order<S: Store>(mut store: S) {
    let mut batch = store.begin().unwrap();
    for n in 0..10 {
        batch.put_open_order(key(n), at(100 - n)).unwrap();
    }
    batch.put_open_order(key(0), at(50)).unwrap();
    batch.drop_open_order(key(9)).unwrap();
    batch.drop_open_order(key(77)).unwrap();
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.next_due().unwrap(), Some(at(50)));
    assert_eq!(reader.open_order(&key(0)).unwrap(), Some(at(50)));
    assert_eq!(reader.open_order(&key(9)).unwrap(), None);
    let due = reader.open_orders(at(93), 10).unwrap();
    assert_eq!(due, [(key(0), at(50)), (key(8), at(92)), (key(7), at(93))]);
    assert_eq!(reader.open_orders(at(93), 1).unwrap().len(), 1);
    assert_eq!(reader.open_orders(at(49), 10).unwrap(), []);
}

fn set_asides_are_kept_and_cut<S: Store>(mut store: S) {
    let item = |line: u64, length: usize| SetAside {
        source: "orders.csv".into(),
        line,
        code: "event-unknown-type".into(),
        reason: "no such type".into(),
        content: vec![0xff; length],
        at: at(line),
    };
    let mut batch = store.begin().unwrap();
    for line in 1..=5 {
        batch.set_aside(&item(line, 10)).unwrap();
    }
    batch.set_aside(&item(6, LONGEST_CONTENT + 1)).unwrap();
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.set_asides(1, 2).unwrap(), [(2, item(2, 10)), (3, item(3, 10))]);
    assert_eq!(reader.set_asides(5, 9).unwrap(), [(6, item(6, LONGEST_CONTENT))]);
    assert_eq!(reader.set_asides(6, 9).unwrap(), []);
    let mut batch = store.begin().unwrap();
    [1, 3, 6].into_iter().for_each(|number| batch.drop_set_aside(number).unwrap());
    batch.set_aside(&item(7, 1)).unwrap();
    batch.commit().unwrap();
    let left: Vec<u64> = reader.set_asides(0, 3).unwrap().into_iter().map(|(number, _)| number).collect();
    assert_eq!(left, [2, 4, 5]);
    assert_eq!(reader.set_asides(5, 9).unwrap(), [(7, item(7, 1))]);
    reader.verify(&mut |_, _| {}).unwrap();
}

fn checkpoints_and_audit<S: Store>(mut store: S) {
    fill(&mut store, 1, 5_001);
    let mut batch = store.begin().unwrap();
    batch.append(key(5_001), at(5_001), &[]).unwrap();
    let made = batch.checkpoint(at(1)).unwrap();
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!((made.seq, made.hash), reader.last().unwrap());
    assert_eq!(reader.last_checkpoint().unwrap(), Some(made));
    let mut told = (0, 0);
    let verified = reader.verify(&mut |done, all| told = (done, all)).unwrap();
    assert_eq!((verified.rows, verified.hash), (made.seq, made.hash));
    assert_eq!(told, (5_001, 5_001));
}

fn catalogues_are_kept<S: Store>(mut store: S) {
    let first = CatalogueVersion { hash: Digest::of(&[b"first"]), first_used: at(1) };
    let second = CatalogueVersion { hash: Digest::of(&[b"second"]), first_used: at(2) };
    let empty = CatalogueVersion { hash: Digest::of(&[b"empty"]), first_used: at(3) };
    let texts = |card: &'static str| BTreeMap::from([("card.toml", card), ("rates.toml", "same")]);
    let mut batch = store.begin().unwrap();
    assert!(batch.keep_catalogue(first, &texts("one")).unwrap());
    assert!(batch.keep_catalogue(second, &texts("two")).unwrap());
    batch.commit().unwrap();
    let mut batch = store.begin().unwrap();
    // Known already: neither the moment nor the texts change.
    assert!(!batch.keep_catalogue(CatalogueVersion { first_used: at(9), ..first }, &texts("other")).unwrap());
    assert!(batch.keep_catalogue(empty, &BTreeMap::new()).unwrap());
    batch.commit().unwrap();
    let mut reader = store.reader().unwrap();
    assert_eq!(reader.catalogue_versions().unwrap(), [first, second, empty]);
    for (version, card) in [(first, "one"), (second, "two")] {
        let kept = reader.catalogue_texts(&version.hash).unwrap().unwrap();
        let expected = texts(card).into_iter().map(|(path, text)| (path.to_owned(), text.to_owned()));
        assert_eq!(kept, expected.collect());
    }
    assert_eq!(reader.catalogue_texts(&empty.hash).unwrap().unwrap(), BTreeMap::new());
    assert_eq!(reader.catalogue_texts(&Digest::of(&[b"never"])).unwrap(), None);
    // Three texts, as one is shared, and three versions.
    assert_eq!(reader.verify(&mut |_, _| ()).unwrap().derived, 6);
}
