//! Lives of orders and the facts they yield.

use super::{Book, Clocks, Concern, DERIVED_SOURCE, FactKind};
use crate::catalogue::Catalogue;
use crate::catalogue::tests::starter;
use crate::event::sample::{Dice, at_least};
use crate::event::{Arrival, Event, Flat, Mark, key_of, standing, stands_at, to_json};
use probity_primitives::{Day, Duration, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

/// The first day of every life here: 2024-01-01.
const FIRST: Day = Day(19_723);

fn catalogue() -> &'static Catalogue {
    static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();
    CATALOGUE.get_or_init(starter)
}

/// A moment as days (and parts of a day) after the first.
fn day(days: f64) -> Timestamp {
    FIRST.start().plus(Duration((days * 86_400_000.0) as i64))
}

fn days(moment: Timestamp) -> f64 {
    moment.since(FIRST.start()).0 as f64 / 86_400_000.0
}

/// `placed 0`, `delivered 3 known 20 by=seller`: what, when, when known, further fields.
fn say(id: &str, line: &str) -> Event {
    let words: Vec<&str> = line.split_whitespace().collect();
    let moment = |text: &str| day(text.parse().unwrap()).to_string();
    let (kind, plain) = match words[0] {
        "placed" => ("order.placed", r#","value":"10.00","currency":"EUR","category":"toys","items":2"#),
        "dearer" => ("order.placed", r#","value":"99.00","currency":"EUR""#),
        "paid" => ("order.paid", r#","value":"10.00","currency":"EUR","method":"card""#),
        "shipped" => ("order.shipped", ""),
        "delivered" => ("order.delivered", ""),
        "confirmed" => ("order.confirmed", ""),
        "cancelled" => ("order.cancelled", ""),
        "refunded" => ("refund.issued", r#","value":"10.00","currency":"EUR""#),
        "reviewed" => ("review.posted", r#","verified":true"#),
        "claim" => ("claim.decided", r#","claim":"c1","kind":"damaged""#),
        "dispute" => ("card_dispute.decided", r#","dispute":"d1","value":"10.00","currency":"EUR""#),
        "retracted" => ("event.retracted", r#","reason":"wrong""#),
        "objected" => ("objection.opened", r#","reason":"wrong""#),
        "closed" => ("objection.closed", ""),
        other => panic!("{other}"),
    };
    let at = moment(words[1]);
    let known = words.iter().position(|word| *word == "known").map_or(at.clone(), |p| moment(words[p + 1]));
    let mut json =
        format!(r#"{{"id":"{id}","type":"{kind}","occurred_at":"{at}","known_at":"{known}"{plain}"#);
    let marks = ["retracted", "objected", "closed"].contains(&words[0]);
    if !marks {
        json.push_str(r#","merchant":"m1","buyer":"b1","order":"o1""#);
    }
    for (key, value) in words.iter().filter_map(|word| word.split_once('=')) {
        let value = match key {
            "ship_by" | "deliver_by" => format!("\"{}\"", moment(value)),
            "rating" => value.to_owned(),
            _ => format!("\"{value}\""),
        };
        json.push_str(&format!(r#","{key}":{value}"#));
    }
    json.push('}');
    let flat = Flat::from_json(json.as_bytes()).unwrap();
    let now = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
    let catalogue = catalogue();
    catalogue
        .vocabulary
        .event(flat, "shop", Arrival::History, now, &catalogue.rates)
        .unwrap_or_else(|problems| panic!("{line}: {problems:?}"))
}

fn life(lines: &[&str]) -> Vec<Event> {
    lines.iter().enumerate().map(|(at, line)| say(&format!("e{at}"), line)).collect()
}

/// A book and the log it writes to, as an engine keeps them.
#[derive(Default)]
struct Ledger {
    book: Book,
    told: Vec<Event>,
    marks: HashMap<[u8; 16], Vec<Mark>>,
    written: Vec<Event>,
    next_due: Option<Timestamp>,
}

impl Ledger {
    fn take(&mut self, event: &Event) {
        let catalogue = catalogue();
        self.told.push(event.clone());
        if let Some(mark) = catalogue.marks.read(&catalogue.vocabulary, event) {
            self.marks.entry(mark.target).or_default().push(mark);
            if let Some(target) = self.told.iter().find(|told| told.key() == mark.target) {
                self.book.mark(mark.target, &standing(target.known_at, &self.marks[&mark.target]));
            }
        }
        if self.book.add(&catalogue.vocabulary, &catalogue.words, event) == Concern::Life
            && let Some(marks) = self.marks.get(&event.key())
        {
            self.book.mark(event.key(), &standing(event.known_at, marks));
        }
    }

    /// Lets timers go off as an engine does: only an order whose next one fell due is looked at.
    fn settle(&mut self, end: Option<Timestamp>) {
        self.reconcile(None);
        if self.next_due.is_some_and(|due| end.is_some_and(|end| due <= end)) {
            self.reconcile(end);
        }
    }

    fn reconcile(&mut self, settle: Option<Timestamp>) -> usize {
        let catalogue = catalogue();
        let (events, next_due) =
            self.book.reconcile(&catalogue.vocabulary, &catalogue.words, &Clocks::default(), settle);
        self.next_due = next_due;
        let count = events.len();
        self.written.extend(events);
        count
    }

    /// The same book, read back from the log.
    fn reread(&self) -> Ledger {
        let catalogue = catalogue();
        let mut again = Ledger::default();
        self.told.iter().for_each(|event| again.take(event));
        for event in &self.written {
            if again.book.add(&catalogue.vocabulary, &catalogue.words, event) != Concern::Fact {
                let declared = catalogue.vocabulary.get(event.kind);
                again.book.mark_fact(event.text(declared, "target").unwrap(), event.known_at);
            }
        }
        again
    }

    /// Facts in the log that stand at a moment: everything they say but their ids.
    fn standing(&self, at: Timestamp) -> BTreeSet<String> {
        self.facts()
            .into_iter()
            .filter(|(event, moments)| stands_at(moments, at) && event.source.as_str() == DERIVED_SOURCE)
            .map(|(event, _)| {
                let mut json = to_json(&catalogue().vocabulary, &event);
                json.as_object_mut().unwrap().remove("id");
                json.to_string()
            })
            .collect()
    }

    fn facts(&self) -> Vec<(Event, Vec<(Timestamp, bool)>)> {
        let catalogue = catalogue();
        let marks: Vec<Mark> = self
            .written
            .iter()
            .filter_map(|event| catalogue.marks.read(&catalogue.vocabulary, event))
            .collect();
        let facts = self.written.iter().filter(|event| catalogue.words.concerns(event.kind));
        facts
            .map(|event| {
                let own: Vec<Mark> =
                    marks.iter().filter(|mark| mark.target == event.key()).copied().collect();
                (event.clone(), standing(event.known_at, &own))
            })
            .collect()
    }

    /// `kind occurred known [until]` of each fact that was ever known, in the order in which they were.
    fn told_facts(&self) -> Vec<String> {
        let catalogue = catalogue();
        let mut lines: Vec<(Timestamp, String)> = self
            .facts()
            .into_iter()
            .filter(|(_, moments)| moments.first().is_some_and(|first| first.1))
            .map(|(event, moments)| {
                let declared = catalogue.vocabulary.get(event.kind);
                let truths: Vec<&str> = ["defective", "undelivered", "shipped_late", "delivered_late"]
                    .into_iter()
                    .filter(|name| {
                        event.kind == catalogue.vocabulary.find("order.matured").unwrap() && {
                            let at = declared.field(name).unwrap();
                            event.field(at) == Some(&crate::event::FieldValue::Boolean(true))
                        }
                    })
                    .collect();
                let mut line = format!("{} {}", &declared.name[6..], days(event.occurred_at));
                if event.known_at != event.occurred_at {
                    line.push_str(&format!(" known {}", days(event.known_at)));
                }
                if let Some((end, _)) = moments.get(1) {
                    line.push_str(&format!(" until {}", days(*end)));
                }
                if let Some(cause) = event.text(declared, "cause") {
                    line.push_str(&format!(" {cause}"));
                }
                truths.iter().for_each(|truth| line.push_str(&format!(" {truth}")));
                (event.known_at, line)
            })
            .collect();
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

/// A life, settled on a day (`None`: no timer may go off), its facts, and the next timer.
type Case<'a> = (&'a [&'a str], Option<f64>, &'a [&'a str], Option<f64>);

fn check(cases: &[Case<'_>]) {
    for (lines, settle, expected, next) in cases {
        let mut ledger = Ledger::default();
        life(lines).iter().for_each(|event| ledger.take(event));
        ledger.reconcile(settle.map(day));
        let mut expected: Vec<String> = expected.iter().map(|line| (*line).to_owned()).collect();
        expected.sort();
        let mut told = ledger.told_facts();
        told.sort();
        assert_eq!(told, expected, "{lines:?} settled {settle:?}");
        assert_eq!(ledger.next_due.map(days), *next, "next timer of {lines:?} settled {settle:?}");
    }
}

#[test]
fn timers_go_off_when_they_are_let() {
    check(&[
        (&["placed 0"], Some(6.9), &[], Some(7.0)),
        (&["placed 0"], Some(7.0), &["unpaid 7", "matured 7"], None),
        (&["placed 0"], None, &[], Some(7.0)),
        (&["placed 0", "paid 1"], Some(5.0), &[], Some(6.0)),
        // What was believed before the next word came fell due, too.
        (&["placed 0", "shipped 20"], None, &[], Some(7.0)),
        (&["placed 0", "shipped 20"], Some(90.0), &["unpaid 7 until 20", "matured 7 until 20"], None),
        (&["placed 0", "objected 9 target=e0"], Some(8.0), &["unpaid 7 until 9", "matured 7 until 9"], None),
        (&["placed 0 ship_by=3", "paid 1"], Some(4.0), &["shipped_late 3"], Some(60.0)),
        // A promise that had passed before the money came binds nobody.
        (&["placed 0 ship_by=3", "paid 4"], Some(8.0), &[], Some(9.0)),
        (&["placed 0 ship_by=3", "paid 1", "shipped 3"], Some(59.0), &[], Some(60.0)),
        (&["placed 0 ship_by=3", "paid 1", "shipped 3.5"], Some(50.0), &["shipped_late 3"], Some(60.0)),
        (
            &["placed 0 deliver_by=10", "paid 1", "shipped 2"],
            Some(40.0),
            &["undelivered 40", "defective 40 undelivered", "matured 40 defective undelivered"],
            None,
        ),
        (
            &["placed 0 deliver_by=10", "paid 1", "shipped 2", "delivered 12"],
            Some(42.0),
            &["delivered_late 12", "matured 42 delivered_late"],
            None,
        ),
        (&["placed 0", "paid 1", "shipped 2", "delivered 5"], None, &[], Some(35.0)),
        (&["placed 0", "paid 1", "shipped 2", "delivered 5"], Some(35.0), &["matured 35"], None),
        // Receipt confirmed without a delivery on record.
        (&["placed 0", "paid 1", "shipped 2", "confirmed 6"], Some(90.0), &["matured 36"], None),
    ]);
}

#[test]
fn cancellations_count_for_the_side_that_cancelled() {
    check(&[
        (
            &["placed 0", "paid 1", "cancelled 2 by=seller"],
            Some(90.0),
            &["seller_cancelled 2", "defective 2 seller_cancelled", "matured 2 defective"],
            None,
        ),
        (&["placed 0", "paid 1", "cancelled 2 by=buyer"], Some(90.0), &["matured 2"], None),
        (&["placed 0", "cancelled 2 by=platform"], Some(90.0), &["matured 2"], None),
        (
            &["placed 0", "cancelled 2 by=seller"],
            None,
            &["seller_cancelled 2", "defective 2 seller_cancelled"],
            Some(2.0),
        ),
    ]);
}

#[test]
fn what_is_known_later_changes_what_was_said() {
    check(&[
        // The delivery comes to light after the order counted as undelivered.
        (
            &["placed 0 deliver_by=10", "paid 1", "shipped 2", "delivered 9 known 50"],
            Some(60.0),
            &[
                "undelivered 40 until 50",
                "defective 40 until 50 undelivered",
                "matured 40 until 50 defective undelivered",
                "matured 39 known 50",
            ],
            None,
        ),
        // The shipment comes to light after its promise had passed.
        (
            &["placed 0 ship_by=3", "paid 1", "shipped 2 known 8", "delivered 4 known 9"],
            Some(34.0),
            &["shipped_late 3 until 8", "matured 34"],
            None,
        ),
        // A delivery taken back.
        (
            &["placed 0", "paid 1", "shipped 2", "delivered 5", "retracted 6 target=e3"],
            Some(35.0),
            &[],
            Some(60.0),
        ),
        (
            &["placed 0", "paid 1", "shipped 2", "delivered 5", "retracted 40 target=e3"],
            Some(61.0),
            &[
                "matured 35 until 40",
                "undelivered 60",
                "defective 60 undelivered",
                "matured 60 defective undelivered",
            ],
            None,
        ),
    ]);
}

#[test]
fn a_matured_order_is_told_anew() {
    check(&[
        // A defect after maturity.
        (
            &["placed 0", "paid 1", "shipped 2", "delivered 5", "claim 50 fault=seller"],
            Some(90.0),
            &["matured 35 until 50", "defective 50 seller_fault_claim", "matured 35 known 50 defective"],
            None,
        ),
        (
            &["placed 0", "paid 1", "shipped 2", "delivered 5", "dispute 20 lost_by=merchant"],
            Some(90.0),
            &["defective 20 chargeback_lost", "matured 35 defective"],
            None,
        ),
        // An objection leaves the claim out while it is open.
        (
            &[
                "placed 0",
                "paid 1",
                "shipped 2",
                "delivered 5",
                "claim 10 fault=seller",
                "objected 12 target=e4",
                "closed 20 target=e4 outcome=rejected",
            ],
            Some(35.0),
            &[
                "defective 10 until 12 seller_fault_claim",
                "defective 10 known 20 seller_fault_claim",
                "matured 35 defective",
            ],
            None,
        ),
        // The order was placed otherwise than first told: its facts are told anew.
        (
            &["placed 0", "cancelled 2 by=seller", "retracted 5 target=e0", "dearer 0 known 5"],
            None,
            &[
                "seller_cancelled 2 until 5",
                "defective 2 until 5 seller_cancelled",
                "seller_cancelled 2 known 5",
                "defective 2 known 5 seller_cancelled",
            ],
            Some(2.0),
        ),
        (&["paid 1", "shipped 2"], Some(90.0), &[], None),
    ]);
}

#[test]
fn a_fact_shares_no_key_with_anothers() {
    let mut ledger = Ledger::default();
    life(&["placed 0", "cancelled 2 by=seller"]).iter().for_each(|event| ledger.take(event));
    assert_eq!(ledger.reconcile(Some(day(9.0))), FactKind::ALL.len() - 4);
    let keys: BTreeSet<_> = ledger.written.iter().map(Event::key).collect();
    assert_eq!(keys.len(), ledger.written.len());
    assert!(!keys.contains(&key_of("shop", "e0")));
}

/// A random life: any of the sayings, at any time, known at once or late, some taken back.
fn random_life(seeds: &[u64]) -> Vec<Event> {
    let mut events = vec![say("e0", "placed 0 deliver_by=10 ship_by=4")];
    for (at, seed) in seeds.iter().enumerate() {
        let mut dice = Dice(*seed);
        let when = dice.roll(100) as f64 / 2.0;
        let known = when + [0.0, 0.0, 0.5, 20.0, 60.0][dice.roll(5) as usize];
        let what = *dice.pick(&[
            "placed ship_by=6",
            "dearer",
            "paid",
            "paid",
            "shipped",
            "delivered",
            "confirmed",
            "cancelled by=seller",
            "cancelled by=buyer",
            "refunded",
            "reviewed rating=2",
            "claim fault=seller",
            "claim fault=buyer",
            "dispute lost_by=merchant",
            "retracted",
            "retracted",
            "objected",
            "closed outcome=rejected",
        ]);
        let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
        let marks = ["retracted", "objected", "closed"].contains(&word);
        let target =
            if marks { format!("target=e{}", dice.roll(seeds.len() as u64 + 1)) } else { String::new() };
        events.push(say(&format!("e{}", at + 1), &format!("{word} {when} known {known} {rest} {target}")));
    }
    events
}

proptest! {
    #![proptest_config(at_least(96))]

    #[test]
    fn neither_order_nor_batches_of_arrival_change_the_facts(
        seeds in prop::collection::vec(any::<u64>(), 0..14),
        chance: u64,
        end in prop::option::of(0_u32..150),
    ) {
        let mut events = random_life(&seeds);
        let end = end.map(|end| day(f64::from(end)));
        let mut once = Ledger::default();
        events.sort_by_key(|event| (event.known_at, event.key()));
        events.iter().for_each(|event| once.take(event));
        once.settle(end);

        let mut dice = Dice(chance);
        for at in (1..events.len()).rev() {
            events.swap(at, dice.roll(at as u64 + 1) as usize);
        }
        let mut piecemeal = Ledger::default();
        for event in &events {
            piecemeal.take(event);
            match (dice.roll(4), end) {
                (0, _) => drop(piecemeal.reconcile(None)),
                (1, Some(end)) => {
                    let part = dice.roll(end.since(day(0.0)).0 as u64 + 1);
                    piecemeal.reconcile(Some(day(0.0).plus(Duration(part as i64))));
                }
                _ => {}
            }
            if dice.roll(5) == 0 {
                let settled = piecemeal.book.settled;
                piecemeal = Ledger { written: piecemeal.written.clone(), ..piecemeal.reread() };
                piecemeal.book.settled_until(settled);
            }
        }
        piecemeal.settle(end);
        for half in -1..320 {
            let at = day(f64::from(half) / 2.0);
            prop_assert_eq!(once.standing(at), piecemeal.standing(at), "on day {}", f64::from(half) / 2.0);
        }
        prop_assert_eq!(once.next_due, piecemeal.next_due);
        for ledger in [&mut once, &mut piecemeal] {
            prop_assert_eq!(ledger.reconcile(end), 0, "reconciled twice");
            prop_assert_eq!(ledger.reconcile(None), 0, "reconciled thrice");
            prop_assert_eq!(ledger.reread().reconcile(None), 0, "read back");
            let keys: BTreeSet<_> = ledger.written.iter().map(Event::key).collect();
            prop_assert_eq!(keys.len(), ledger.written.len(), "ids given twice");
        }
    }
}
