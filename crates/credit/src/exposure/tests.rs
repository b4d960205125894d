use super::pieces::REMEMBERED;
use super::*;
use crate::catalogue::Catalogue;
use crate::catalogue::tests::starter;
use crate::event::{Arrival, Event, Flat};
use probity_primitives::{Day, Timestamp};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

static STARTER: LazyLock<Catalogue> = LazyLock::new(starter);

fn at(minute: i64) -> Timestamp {
    Timestamp::from_millis(1_735_689_600_000 + minute * 60_000)
}

fn event(kind: &str, thing: &str, value: i64) -> Event {
    let id = match kind.split('.').next().unwrap() {
        "claim" if kind == "claim.withdrawn" => format!(r#""claim":"{thing}","order":"o""#),
        "claim" => format!(r#""claim":"{thing}","order":"o","kind":"other""#),
        "credit" => format!(r#""line":"{thing}""#),
        _ => format!(r#""order":"{thing}""#),
    };
    let extra = match kind {
        "order.paid" => r#","method":"card""#,
        "order.cancelled" => r#","by":"buyer""#,
        "claim.decided" => r#","fault":"none""#,
        "credit.repaid" => r#","days_past_due":0"#,
        _ => "",
    };
    let money = match kind {
        "order.delivered" | "order.cancelled" | "claim.withdrawn" => String::new(),
        _ => format!(r#","value":{value},"currency":"EUR""#),
    };
    let merchant = if kind.starts_with("credit") { "" } else { r#""merchant":"m","# };
    let json = format!(
        r#"{{"id":"{kind}.{thing}.{value}","type":"{kind}","occurred_at":"2025-01-01T00:00:00Z",{merchant}"buyer":"b",{id}{extra}{money}}}"#
    );
    let flat = Flat::from_json(json.as_bytes()).unwrap();
    STARTER.vocabulary.event(flat, "shop", Arrival::History, at(1_000_000), &STARTER.rates).unwrap()
}

fn change(event: &Event) -> Option<Change<'_>> {
    ExposureTypes::resolve(&STARTER.vocabulary).change(&STARTER.vocabulary, &STARTER.rates, event)
}

fn apply(exposure: &mut Exposure, event: &Event, sign: i32) -> Option<Box<str>> {
    let parties = (event.merchant.as_ref().map(|_| 1), Some(2));
    exposure.apply(&change(event)?, parties, sign).map(|(decision, _)| decision)
}

fn sums(exposure: &Exposure) -> (i64, i64, i64) {
    (exposure.of(1), exposure.of(2), exposure.of_pair(1, 2))
}

#[test]
fn what_is_open_follows_the_life_of_orders_lines_and_claims() {
    let mut exposure = Exposure::default();
    let mut check = |kind: &str, thing: &str, value: i64, sign: i32, open: (i64, i64, i64)| {
        apply(&mut exposure, &event(kind, thing, value), sign);
        assert_eq!(sums(&exposure), open, "{kind} {thing} {value} {sign}");
    };
    check("order.paid", "o1", 500, 1, (500, 500, 500));
    check("order.paid", "o2", 300, 1, (800, 800, 800));
    check("refund.issued", "o1", 100, 1, (700, 700, 700));
    let orders = exposure.open_orders(1);
    assert_eq!((orders, exposure.open_orders(2), exposure.open_orders(3)), ((2, 700), (2, 700), (0, 0)));
    let mut check = |kind: &str, thing: &str, value: i64, sign: i32, open: (i64, i64, i64)| {
        apply(&mut exposure, &event(kind, thing, value), sign);
        assert_eq!(sums(&exposure), open, "{kind} {thing} {value} {sign}");
    };
    check("order.delivered", "o1", 0, 1, (300, 300, 300));
    check("order.delivered", "o1", 0, -1, (700, 700, 700));
    check("order.cancelled", "o2", 0, 1, (400, 400, 400));
    check("credit.drawn", "l1", 1_000, 1, (400, 1_400, 400));
    check("credit.repaid", "l1", 400, 1, (400, 1_000, 400));
    check("claim.opened", "c1", 250, 1, (650, 1_000, 400));
    check("claim.decided", "c1", 250, 1, (400, 1_000, 400));
    check("order.paid", "o1", 500, -1, (0, 600, 0));
    assert_eq!((exposure.open_orders(1), exposure.open_orders(2)), ((0, 0), (0, 0)));
    let (size, open) = (exposure.record().len(), sums(&exposure));
    exposure.forget_before(at(0).day());
    assert_eq!(exposure.record().len(), size);
    exposure.forget_before(at(2_000).day());
    assert!(exposure.record().len() < size / 2);
    assert_eq!(sums(&exposure), open);
}

#[test]
fn reservations_count_until_they_are_used_given_up_or_too_old() {
    let mut exposure = Exposure::default();
    let hold = |amount, minute, order: Option<&str>| Reservation {
        merchant: Some(1),
        buyer: Some(2),
        amount,
        expires_at: at(minute),
        order: order.map(Into::into),
        confirmed: false,
    };
    exposure.reserve("d1", hold(100, 10, Some("o1")));
    exposure.reserve("d1", hold(900, 10, Some("o1")));
    exposure.reserve("d2", hold(50, 5, None));
    exposure.reserve("d3", hold(7, 20, Some("o3")));
    assert_eq!(sums(&exposure), (157, 157, 157));
    // The payment of its order uses a reservation up, in the same stroke.
    assert_eq!(apply(&mut exposure, &event("order.paid", "o1", 120), 1).as_deref(), Some("d1"));
    assert_eq!(sums(&exposure), (177, 177, 177));
    assert_eq!((exposure.expired(at(4)).len(), exposure.next_expiry()), (0, Some(at(5))));
    assert_eq!(exposure.expired(at(5)), ["d2".into()]);
    assert!(exposure.close("d2").is_some() && exposure.close("d2").is_none());
    assert_eq!(sums(&exposure), (127, 127, 127));
    let again = Exposure::of_record(&exposure.record()).unwrap();
    assert_eq!((sums(&again), again.record()), (sums(&exposure), exposure.record()));
    assert_eq!(again.reservation("d3"), exposure.reservation("d3"));
    // Confirmed, an amount stays held until the payment comes, or a bound; without an order it is let go of at once.
    exposure.reserve("d4", hold(40, 20, None));
    assert!(exposure.confirm("d4", None, at(90)).is_some() && exposure.confirm("d4", None, at(90)).is_none());
    assert!(exposure.confirm("d3", None, at(90)).is_some());
    assert_eq!((sums(&exposure), exposure.next_expiry()), ((127, 127, 127), Some(at(90))));
    assert_eq!(apply(&mut exposure, &event("order.paid", "o3", 7), 1).as_deref(), Some("d3"));
    assert_eq!((sums(&exposure), exposure.next_expiry()), ((127, 127, 127), None));
}

#[test]
fn a_record_of_old_is_read() {
    let mut bytes = vec![1];
    bytes.extend_from_slice(&[7; 16]);
    // An order: merchant 1, no buyer, 500 open, no ends, no begins, day 3.
    bytes.extend_from_slice(&[2, 0, 0xe8, 7, 0, 0, 0, 6]);
    // A decision: no merchant, buyer 2, 5 held for a second, an order, confirmed.
    bytes.extend_from_slice(&[1, 4, b'd', 0, 3, 10, 0xd0, 15, 4, b'o', 1]);
    let book = Exposure::of_record(&bytes).unwrap();
    let held = Reservation {
        merchant: None,
        buyer: Some(2),
        amount: 5,
        expires_at: Timestamp::from_millis(1_000),
        order: Some("o".into()),
        confirmed: true,
    };
    assert_eq!((sums(&book), book.reservation("d")), ((500, 5, 0), Some(&held)));
    assert_eq!((book.open_orders(1), book.record()), ((1, 500), bytes));
}

const KINDS: [&str; 10] = [
    "order.paid",
    "refund.issued",
    "order.delivered",
    "order.cancelled",
    "credit.drawn",
    "credit.repaid",
    "credit.written_off",
    "claim.opened",
    "claim.decided",
    "claim.withdrawn",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]

    #[test]
    fn neither_order_nor_retractions_leave_a_trace(
        picks in prop::collection::vec((0_usize..10, 0_usize..3, 1_i64..1_000, any::<bool>()), 0..40),
        turn in 0_usize..40,
    ) {
        let mut seen = std::collections::BTreeSet::new();
        let events: Vec<(Event, bool)> = picks
            .into_iter()
            .filter(|(kind, thing, value, _)| seen.insert((*kind, *thing, *value)))
            .map(|(kind, thing, value, taken_back)| (event(KINDS[kind], &format!("t{thing}"), value), taken_back))
            .collect();
        let mut one = Exposure::default();
        for (event, taken_back) in &events {
            apply(&mut one, event, 1);
            if *taken_back {
                apply(&mut one, event, -1);
            }
        }
        let mut other = Exposure::default();
        let kept = events.iter().filter(|(_, taken_back)| !taken_back);
        let turn = turn % events.len().max(1);
        kept.clone().cycle().skip(turn).take(kept.count()).for_each(|(event, _)| drop(apply(&mut other, event, 1)));
        prop_assert_eq!(sums(&one), sums(&other));
        prop_assert_eq!(one.record(), other.record());
        // One that forgets orders of which nothing is open, and recalls them when there is news.
        let mut forgetful = Exposure::default();
        let mut past: Vec<&Event> = Vec::new();
        for (n, (event, taken_back)) in events.iter().enumerate() {
            for sign in if *taken_back { &[1, -1][..] } else { &[1] } {
                if (n + turn).is_multiple_of(3) {
                    forgetful.things.retain(|_, thing| thing.is_kept());
                }
                if let Some(order) = change(event).and_then(|change| forgetful.lacks(&change)) {
                    let own = |past: &&&Event| past.text(STARTER.vocabulary.get(past.kind), "order") == Some(order);
                    let own = past.iter().filter(own).filter_map(|past| Some((change(past)?, (Some(1), Some(2)))));
                    forgetful.recall(own);
                }
                apply(&mut forgetful, event, *sign);
                if *sign > 0 { past.push(event) } else { past.retain(|known| known.key() != event.key()) }
            }
            prop_assert!(forgetful.of(1) >= 0 && forgetful.of(2) >= 0);
        }
        prop_assert_eq!(sums(&forgetful), sums(&one));
        prop_assert!(one.of(1) >= 0 && one.of(2) >= 0);
        prop_assert_eq!(sums(&Exposure::of_record(&one.record()).unwrap()), sums(&one));
    }

    #[test]
    fn no_bytes_bring_the_decoder_down(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Exposure::of_record(&bytes);
        let _ = Exposure::default().take_piece(&mut Pieces::default(), 1, &bytes);
    }
}

/// Pieces as a store holds them.
#[derive(Default)]
struct Written {
    pieces: BTreeMap<u64, Vec<u8>>,
    most: usize,
}

impl Written {
    fn read(&self) -> (Exposure, Pieces) {
        let (mut book, mut pieces) = (noting(), small());
        for (number, bytes) in &self.pieces {
            book.take_piece(&mut pieces, *number, bytes).unwrap();
        }
        (book, pieces)
    }

    /// One batch: what changed, and old pieces anew; kept or lost.
    fn batch(&mut self, book: &mut Exposure, pieces: &mut Pieces, kept: bool) {
        let mut held = self.pieces.clone();
        let mut left = 2 * book.write_changes(pieces) + 4;
        while let Some(oldest) = book.worn(pieces).filter(|_| left > 0) {
            let bytes = held[&oldest].clone();
            left = left.saturating_sub(book.write_anew(pieces, &bytes, Day(0)).unwrap());
        }
        pieces.unwritten().for_each(|(number, bytes)| drop(held.insert(number, bytes.to_vec())));
        held.retain(|number, _| *number >= pieces.first());
        if kept {
            self.pieces = held;
            book.keep();
            pieces.keep();
        } else {
            pieces.lose();
            book.lose();
        }
        self.most = self.most.max(self.pieces.len());
    }
}

fn noting() -> Exposure {
    let mut book = Exposure::default();
    book.note_changes();
    book
}

/// Pieces of a few entries, of which few may be overruled.
fn small() -> Pieces {
    let mut pieces = Pieces::default();
    (pieces.full_at, pieces.spare) = (90, 6);
    pieces
}

/// A decision, what it holds, whether the payment of its order ends that.
type HeldOf = (String, Reservation, bool);

/// What matters of a book: its sums, and what each decision holds and whether its order's payment ends that.
fn told(book: &Exposure) -> (Vec<i64>, Vec<HeldOf>, Option<Timestamp>) {
    let sums = [book.of(1), book.of(2), book.of(3), book.of_pair(1, 2), book.of_pair(3, 2)];
    let mut held: Vec<_> = (0..6)
        .map(|n| format!("d{n}"))
        .filter_map(|id| {
            book.reservation(&id)
                .cloned()
                .map(|held| (id.clone(), held.clone(), held.is_paid(&id, &book.by_order)))
        })
        .collect();
    held.sort_by(|one, other| one.0.cmp(&other.0));
    (sums.to_vec(), held, book.next_expiry())
}

#[derive(Debug, Clone)]
enum Doing {
    Event(usize, usize, i64, i32),
    Reserve(usize, Option<usize>, i64),
    Close(usize),
    Confirm(usize, usize),
    Batch,
    Lost,
    Opened,
}

fn doing() -> impl Strategy<Value = Doing> {
    prop_oneof![
        6 => (0_usize..10, 0_usize..3, 1_i64..4, prop_oneof![3 => Just(1), 1 => Just(-1)])
            .prop_map(|(kind, thing, value, sign)| Doing::Event(kind, thing, value, sign)),
        4 => (0_usize..6, prop::option::of(0_usize..3), 1_i64..9)
            .prop_map(|(decision, order, amount)| Doing::Reserve(decision, order, amount)),
        2 => (0_usize..6).prop_map(Doing::Close),
        2 => (0_usize..6, 0_usize..3).prop_map(|(decision, order)| Doing::Confirm(decision, order)),
        4 => Just(Doing::Batch),
        1 => Just(Doing::Lost),
        1 => Just(Doing::Opened),
    ]
}

impl Doing {
    /// Does it to a book, as its keeper does: an order that is forgotten is recalled first, from the events that stand.
    fn take(&self, book: &mut Exposure, stand: &mut Vec<Event>) {
        match self {
            Self::Event(kind, thing, value, sign) => {
                let event = event(KINDS[*kind], &format!("t{thing}"), *value);
                let place = stand.iter().position(|known| known.key() == event.key());
                if place.is_some() == (*sign > 0) {
                    return;
                }
                if let Some(order) = change(&event).and_then(|change| book.lacks(&change)) {
                    let of = |known: &&Event| {
                        known.text(STARTER.vocabulary.get(known.kind), "order") == Some(order)
                    };
                    let own = stand
                        .iter()
                        .filter(of)
                        .filter_map(|known| Some((change(known)?, (Some(1), Some(2)))));
                    book.recall(own);
                }
                drop(apply(book, &event, *sign));
                match place {
                    Some(place) => drop(stand.remove(place)),
                    None => stand.push(event),
                }
            }
            Self::Reserve(decision, order, amount) => book.reserve(
                &format!("d{decision}"),
                Reservation {
                    merchant: Some(1 + 2 * (*decision as u32 % 2)),
                    buyer: Some(2),
                    amount: *amount,
                    expires_at: at(*amount),
                    order: order.map(|order| format!("t{order}").into()),
                    confirmed: false,
                },
            ),
            Self::Close(decision) => drop(book.close(&format!("d{decision}"))),
            Self::Confirm(decision, order) => {
                drop(book.confirm(&format!("d{decision}"), Some(format!("t{order}").into()), at(90)));
            }
            Self::Batch | Self::Lost | Self::Opened => {}
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn what_is_read_from_pieces_is_what_was_written(doings in prop::collection::vec(doing(), 1..120)) {
        let (mut book, mut pieces, mut written) = (noting(), small(), Written::default());
        // Without pieces, and without a batch that was lost.
        let mut model = Exposure::default();
        let mut at_hand: Vec<Doing> = Vec::new();
        let (mut stand, mut model_stand) = (Vec::new(), Vec::new());
        for doing in doings {
            match doing {
                Doing::Batch => {
                    at_hand.drain(..).for_each(|done| done.take(&mut model, &mut model_stand));
                    written.batch(&mut book, &mut pieces, true);
                    prop_assert_eq!(told(&written.read().0), told(&model));
                }
                Doing::Lost | Doing::Opened => {
                    if matches!(doing, Doing::Lost) {
                        written.batch(&mut book, &mut pieces, false);
                    }
                    at_hand.clear();
                    (book, pieces) = written.read();
                    stand = model_stand.clone();
                }
                other => {
                    other.take(&mut book, &mut stand);
                    at_hand.push(other);
                }
            }
        }
    }
}

fn reserve_many(book: &mut Exposure, from: usize, to: usize) {
    for n in from..to {
        let held = Reservation {
            merchant: Some(1),
            buyer: Some(2),
            amount: 1,
            expires_at: at(n as i64),
            order: None,
            confirmed: false,
        };
        book.reserve(&format!("dec_{n:032x}"), held);
    }
}

#[test]
fn pieces_do_not_outgrow_what_holds_and_no_batch_writes_much_more_than_changed() {
    let (mut book, mut pieces, mut written) = (noting(), Pieces::default(), Written::default());
    for n in 0..400 {
        reserve_many(&mut book, n * 500, (n + 1) * 500);
        // Nearly all are given up soon; every fiftieth stays.
        for gone in (n * 500).saturating_sub(20_000)..(n * 500).saturating_sub(19_500) {
            if gone % 50 != 0 {
                book.close(&format!("dec_{gone:032x}"));
            }
        }
        let before = written.pieces.clone();
        written.batch(&mut book, &mut pieces, true);
        let put = written.pieces.iter().filter(|(number, bytes)| before.get(*number) != Some(*bytes)).count();
        assert!(put < 60, "batch {n} put {put} pieces");
    }
    let holds = 20_000 + 180_000 / 50;
    let (again, _) = written.read();
    assert_eq!((again.of(1), book.of(1)), (holds, holds));
    // A piece holds more than a hundred such entries.
    assert!(written.pieces.len() < 600, "{} pieces", written.pieces.len());
    assert!(*written.pieces.keys().next().unwrap() > 1_000);
    // All of it in one batch, which overrules more than there was before it; then little by little.
    (0..200_000).for_each(|n| drop(book.close(&format!("dec_{n:032x}"))));
    written.batch(&mut book, &mut pieces, true);
    assert_eq!(written.read().0.of(1), 0);
    for n in 0..40 {
        reserve_many(&mut book, 300_000 + n * 500, 300_000 + (n + 1) * 500);
        written.batch(&mut book, &mut pieces, true);
    }
    assert_eq!(written.read().0.of(1), 20_000);
    assert!(written.pieces.len() < 600, "{} pieces", written.pieces.len());
}

#[test]
fn a_batch_that_is_lost_is_written_with_the_next() {
    let (mut book, mut pieces, mut written) = (noting(), small(), Written::default());
    reserve_many(&mut book, 0, 9);
    apply(&mut book, &event("order.paid", "o", 500), 1);
    written.batch(&mut book, &mut pieces, true);
    // It ends, and that is lost; it ends once more.
    for kept in [false, true] {
        apply(&mut book, &event("order.delivered", "o", 0), 1);
        book.close(&format!("dec_{:032x}", 4));
        written.batch(&mut book, &mut pieces, kept);
        let expected = if kept { (8, 8, 0) } else { (509, 509, 500) };
        let read = written.read().0;
        assert_eq!((read.of(1), read.of(2), read.of_pair(1, 2) - 9 + i64::from(kept)), expected);
        if !kept {
            apply(&mut book, &event("order.delivered", "o", 0), -1);
            reserve_many(&mut book, 4, 5);
        }
    }
}

#[test]
fn an_order_is_there_until_the_batch_that_forgets_it_is_kept() {
    let (mut book, mut pieces, mut written) = (noting(), small(), Written::default());
    apply(&mut book, &event("order.paid", "o", 500), 1);
    apply(&mut book, &event("order.delivered", "o", 0), 1);
    written.batch(&mut book, &mut pieces, true);
    // Of all that are remembered it is the longest over, and there is news of it.
    book.over.extend((0..REMEMBERED).map(|n| (n as u128).to_be_bytes()));
    let news = event("refund.issued", "o", 100);
    let before = book.record();
    apply(&mut book, &news, 1);
    written.batch(&mut book, &mut pieces, false);
    apply(&mut book, &news, -1);
    assert_eq!((sums(&book), book.record()), ((0, 0, 0), before));
    written.batch(&mut book, &mut pieces, true);
    assert!(change(&news).and_then(|change| book.lacks(&change)).is_some());
}
