//! Tiles against the reference executor, over random streams of events and marks.

use super::reference::{Reference, Witness};
use super::{PartyState, Plan, Platform, parse_definitions};
use crate::catalogue::tests::starter;
use crate::event::sample::{Dice, at_least, event};
use crate::event::{
    Event, FieldValue, Mark, MarkTypes, Party, Prohibited, Rates, Role, TypeIndex, Vocabulary, standing,
    stands_at,
};
use crate::source::Source;
use probity_expression::Faults;
use probity_primitives::{Duration, Timestamp};
use proptest::prelude::*;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::OnceLock;

type Key = [u8; 16];

struct Shop {
    vocabulary: Vocabulary,
    rates: Rates,
    plan: Plan,
    marks: MarkTypes,
    mark_kinds: Vec<TypeIndex>,
    others: Vec<TypeIndex>,
}

impl Shop {
    fn new(vocabulary: Vocabulary, rates: Rates, plan: Plan) -> Self {
        let marks = MarkTypes::resolve(&vocabulary);
        let (mark_kinds, others) =
            vocabulary.iter().map(|(kind, _)| kind).partition(|kind| marks.is_mark(*kind));
        Self { vocabulary, rates, plan, marks, mark_kinds, others }
    }

    /// Events in the order of their arrival: of a few types, with duplicates, late ones, and marks about earlier, later
    /// and unknown events.
    fn stream(&self, focus: u64, seeds: &[u64]) -> Vec<Event> {
        let mut chance = Dice(focus);
        let kinds: Vec<TypeIndex> = (0..7).map(|_| *chance.pick(&self.others)).collect();
        let mut arrivals: Vec<Event> = Vec::new();
        for (at, seed) in seeds.iter().enumerate() {
            let mut dice = Dice(*seed);
            let name = format!("e{at}");
            if at > 0 && dice.roll(12) == 0 {
                let again = dice.pick(&arrivals).clone();
                arrivals.push(again);
            } else if dice.roll(5) == 0 {
                let kind = *dice.pick(&self.mark_kinds);
                let mut mark = event(&self.vocabulary, kind, &name, &mut dice);
                let declared = self.vocabulary.get(kind);
                let target = format!("e{}", dice.roll(seeds.len() as u64 + 2));
                mark.fields[declared.field("target").unwrap()] = Some(FieldValue::Text(target.into()));
                mark.fields[declared.field("target_source").unwrap()] = None;
                arrivals.push(mark);
            } else {
                let kind = *dice.pick(&kinds);
                arrivals.push(event(&self.vocabulary, kind, &name, &mut dice));
            }
        }
        arrivals
    }

    fn witnesses(&self, arrivals: &[Event]) -> Vec<Witness> {
        let mut known: HashMap<Key, &Event> = HashMap::new();
        let mut marks: HashMap<Key, Vec<Mark>> = HashMap::new();
        for event in arrivals {
            if known.insert(event.key(), event).is_none()
                && let Some(mark) = self.marks.read(&self.vocabulary, event)
            {
                marks.entry(mark.target).or_default().push(mark);
            }
        }
        known
            .into_values()
            .map(|event| {
                let own = marks.get(&event.key()).map_or(&[][..], Vec::as_slice);
                Witness { event: event.clone(), standing: standing(event.known_at, own) }
            })
            .collect()
    }

    /// A state built at once from what stood at a moment.
    fn rebuilt(&self, witnesses: &[Witness], party: &Party, at: Timestamp) -> PartyState {
        let mut state = PartyState::new(party.role);
        for Witness { event, standing } in witnesses {
            if stands_at(standing, at) && event.party(party.role) == Some(&party.id) {
                let what = self.contributions(event);
                state.apply(&self.plan, event, &what, event.known_at, 1);
            }
        }
        state
    }

    fn contributions(&self, event: &Event) -> super::Contributions {
        self.plan.contributions(&self.vocabulary, &self.rates, event, &mut Faults::default())
    }
}

/// States that are fed event by event as they arrive, as a live engine does it.
struct Live<'a> {
    shop: &'a Shop,
    states: HashMap<Party, PartyState>,
    platform: Platform,
    events: HashMap<Key, Event>,
    marks: HashMap<Key, Vec<Mark>>,
}

/// Adds what came to stand and takes back what ceased to, each when that became known.
fn tell(platform: &mut Platform, shop: &Shop, event: &Event, moments: &[(Timestamp, bool)], times: i32) {
    let what = shop.contributions(event);
    let mut stood = false;
    for (moment, stands) in moments {
        if *stands != stood {
            let sign = if *stands { times } else { -times };
            platform.apply(&shop.plan, event, &what, *moment, sign);
        }
        stood = *stands;
    }
}

impl<'a> Live<'a> {
    fn fed(shop: &'a Shop, arrivals: &[Event]) -> Self {
        let mut live = Self {
            shop,
            states: HashMap::new(),
            platform: Platform::default(),
            events: HashMap::new(),
            marks: HashMap::new(),
        };
        for event in arrivals {
            live.take(event);
        }
        live
    }

    fn standing(&self, event: &Event) -> Vec<(Timestamp, bool)> {
        standing(event.known_at, self.marks.get(&event.key()).map_or(&[][..], Vec::as_slice))
    }

    fn take(&mut self, event: &Event) {
        if self.events.contains_key(&event.key()) {
            return;
        }
        if let Some(mark) = self.shop.marks.read(&self.shop.vocabulary, event) {
            let target = self.events.get(&mark.target).cloned();
            let before = target.as_ref().map(|target| self.standing(target));
            self.marks.entry(mark.target).or_default().push(mark);
            if let (Some(target), Some(before)) = (target, before) {
                let after = self.standing(&target);
                self.step(&target, &before, &after, event.known_at);
            }
        }
        let after = self.standing(event);
        self.step(event, &[], &after, event.known_at);
        self.events.insert(event.key(), event.clone());
    }

    fn step(
        &mut self,
        event: &Event,
        before: &[(Timestamp, bool)],
        after: &[(Timestamp, bool)],
        known_at: Timestamp,
    ) {
        tell(&mut self.platform, self.shop, event, before, -1);
        tell(&mut self.platform, self.shop, event, after, 1);
        let stands = |moments: &[(Timestamp, bool)]| moments.last().is_some_and(|last| last.1);
        let sign = i32::from(stands(after)) - i32::from(stands(before));
        let what = self.shop.contributions(event);
        for role in Role::ALL {
            let Some(id) = event.party(role).filter(|_| sign != 0) else { continue };
            let party = Party { role, id: id.clone() };
            let state = self.states.entry(party).or_insert_with(|| PartyState::new(role));
            state.apply(&self.shop.plan, event, &what, known_at, sign);
        }
    }

    fn state(&self, party: &Party) -> PartyState {
        self.states.get(party).cloned().unwrap_or_else(|| PartyState::new(party.role))
    }
}

fn agree(
    shop: &Shop,
    party: &Party,
    at: Timestamp,
    got: &[Option<f64>],
    wanted: &[Option<f64>],
    what: &str,
) -> Result<(), TestCaseError> {
    for ((name, got), wanted) in shop.plan.names(party.role).iter().zip(got).zip(wanted) {
        prop_assert_eq!(
            got.map(f64::to_bits),
            wanted.map(f64::to_bits),
            "{} of {} at {:?}, {}: {:?}, the reference has {:?}",
            name,
            party,
            at,
            what,
            got,
            wanted
        );
    }
    prop_assert_eq!(got.len(), wanted.len());
    Ok(())
}

fn moments(arrivals: &[Event], dice: &mut Dice) -> Vec<Timestamp> {
    let newest = arrivals.iter().map(|event| event.known_at).max().unwrap_or(Timestamp::EARLIEST);
    let one = dice.pick(arrivals).known_at;
    vec![
        Timestamp::from_millis(0),
        one,
        one.plus(Duration(-1)),
        one.day().end(),
        newest,
        newest.plus(Duration::days(dice.roll(90) as i64)),
    ]
}

/// Everything that must hold of one stream.
fn hold(shop: &Shop, focus: u64, seeds: &[u64]) -> Result<(), TestCaseError> {
    let arrivals = shop.stream(focus, seeds);
    let witnesses = shop.witnesses(&arrivals);
    let reference = Reference::new(&shop.plan, &shop.vocabulary, &shop.rates, &witnesses);
    let mut live = Live::fed(shop, &arrivals);
    let mut dice = Dice(focus ^ 7);
    let mut shuffled = arrivals.clone();
    for at in (1..shuffled.len()).rev() {
        shuffled.swap(at, dice.roll(at as u64 + 1) as usize);
    }
    let mut other = Live::fed(shop, &shuffled);
    let mut stored = Platform::decode(&live.platform.encode()).unwrap();
    let newest = arrivals.iter().map(|event| event.known_at).max().unwrap();
    let parties = ["merchant:m1", "merchant:m2", "buyer:b1", "buyer:b2", "merchant:nobody"];
    let plan = &shop.plan;
    for at in moments(&arrivals, &mut dice) {
        let priors = live.platform.priors(plan, at);
        prop_assert_eq!(&*priors, &*stored.priors(plan, at), "stored platform");
        for party in parties {
            let party = Party::parse(party).unwrap();
            let wanted = reference.values(&party, at);
            let state = shop.rebuilt(&witnesses, &party, at);
            agree(shop, &party, at, &plan.values(&state, at, &priors), &wanted, "rebuilt")?;
            if at < newest {
                continue;
            }
            let state = live.state(&party);
            agree(shop, &party, at, &plan.values(&state, at, &priors), &wanted, "live")?;
            let state = PartyState::decode(&state.encode()).unwrap();
            agree(shop, &party, at, &plan.values(&state, at, &priors), &wanted, "stored")?;
            let priors = other.platform.priors(plan, at);
            let state = other.state(&party);
            agree(shop, &party, at, &plan.values(&state, at, &priors), &wanted, "other order")?;
        }
    }
    Ok(())
}

fn starter_shop() -> &'static Shop {
    static SHOP: OnceLock<Shop> = OnceLock::new();
    SHOP.get_or_init(|| {
        let catalogue = starter();
        Shop::new(catalogue.vocabulary, catalogue.rates, catalogue.plan)
    })
}

const TRADE: &str = r#"
[event."trade.done"]
title = "Done"
about = ["merchant", "buyer?"]
[event."trade.done".fields]
value = { type = "money", required = true, title = "V" }
grade = { type = "integer", title = "G" }
ratio = { type = "decimal", scale = 2, title = "R" }
dwell = { type = "duration", title = "D" }
category = { type = "text", title = "C" }
flag = { type = "boolean", title = "F" }
tag = { type = "id", title = "T" }
[event."trade.failed"]
title = "Failed"
about = ["merchant?", "buyer"]
[event."trade.failed".fields]
value = { type = "money", title = "V" }
category = { type = "text", title = "C" }
flag = { type = "boolean", title = "F" }
[event."event.retracted"]
title = "R"
about = ["merchant?"]
[event."event.retracted".fields]
target = { type = "id", required = true, title = "T" }
target_source = { type = "text", title = "S" }
[event."objection.opened"]
title = "O"
about = ["merchant?"]
[event."objection.opened".fields]
target = { type = "id", required = true, title = "T" }
target_source = { type = "text", title = "S" }
[event."objection.closed"]
title = "C"
about = ["merchant?"]
[event."objection.closed".fields]
target = { type = "id", required = true, title = "T" }
target_source = { type = "text", title = "S" }
outcome = { type = "enum", required = true, values = ["corrected", "rejected", "undetermined"], title = "O" }
"#;

const DONE: &str = r#"["trade.done"]"#;
const BOTH: &str = r#"["trade.done", "trade.failed"]"#;
const WINDOWS: [&str; 5] =
    [r#""1d""#, r#""30d""#, r#""lifetime""#, r#"{ short = "10d", long = "200d", switch_at = 3 }"#, r#""5h""#];
// What is measured: types, aggregate with its value, unit; whether caps go with it; whether hours do.
const MEASURED: [(&str, &str, &str, bool, bool); 18] = [
    (BOTH, "aggregate = \"count\"\nwhere = \"flag\"", "count", true, true),
    (BOTH, "aggregate = \"sum\"\nvalue = \"reporting(value)\"", "money", true, true),
    (DONE, "aggregate = \"sum\"\nvalue = \"grade\"", "count", true, true),
    (DONE, "aggregate = \"sum\"\nvalue = \"ratio * 1.5\"\nscale = 1000", "index", true, true),
    (DONE, "aggregate = \"mean\"\nvalue = \"dwell\"", "hours", true, true),
    (DONE, "aggregate = \"mean\"\nvalue = \"grade\"\nbase = \"flag IS NOT FALSE\"", "rating", true, true),
    (BOTH, "aggregate = \"share\"\nvalue = \"flag\"", "share", true, true),
    (
        BOTH,
        "aggregate = \"share\"\nvalue = \"type = 'trade.failed'\"\nbase = \"type = 'trade.done'\"",
        "share",
        true,
        true,
    ),
    (DONE, "aggregate = \"min\"\nvalue = \"dwell\"", "days", false, true),
    (DONE, "aggregate = \"max\"\nvalue = \"ratio\"\nscale = 100", "index", false, true),
    (DONE, "aggregate = \"quantile\"\nquantile = 0.9\nvalue = \"grade\"", "index", false, true),
    (DONE, "aggregate = \"quantile\"\nquantile = 0.5\nvalue = \"reporting(value)\"", "money", false, true),
    (DONE, "aggregate = \"distinct\"\nvalue = \"tag\"", "count", false, true),
    (DONE, "aggregate = \"distinct\"\nvalue = \"grade\"", "count", false, true),
    (DONE, "aggregate = \"distinct\"\nvalue = \"ratio\"", "count", false, true),
    (DONE, "aggregate = \"decayed_sum\"\nvalue = \"grade\"\nhalf_life = \"20d\"", "index", true, false),
    (BOTH, "aggregate = \"days_since_first\"", "days", false, false),
    (BOTH, "aggregate = \"days_since_last\"\nwhere = \"flag\"", "days", false, false),
];
const PRIORS: [&str; 4] = [
    "",
    "prior = { mean = 0.25, strength = 7 }",
    r#"prior = { mean = "platform", strength = 3 }"#,
    r#"prior = { mean = "category", strength = 2.5 }"#,
];

/// Every aggregate with every window and every option that goes with it.
fn everything() -> String {
    let mut text = String::new();
    let mut number = 0;
    for (on, what, unit, caps, hours) in MEASURED {
        let ratio = what.contains("mean") || what.contains("share");
        for window in WINDOWS {
            let hourly = window == r#""5h""#;
            let switched = window.starts_with('{');
            if (hourly && !hours) || (switched && what.contains("decayed")) {
                continue;
            }
            for cap in ["", "pair_cap = 1", "pair_cap = 2"] {
                // Only types with both parties take a cap.
                if !cap.is_empty() && (hourly || !caps) {
                    continue;
                }
                for prior in PRIORS {
                    if !prior.is_empty() && (hourly || !ratio) {
                        continue;
                    }
                    for weight in ["", "weight = \"reporting(value)\""] {
                        if !weight.is_empty() && !ratio {
                            continue;
                        }
                        number += 1;
                        let of = if number % 4 == 0 { "buyer" } else { "merchant" };
                        let minimum = number % 3;
                        // With a filter of its own an indicator shares no tiles, so that they reach no further than its window.
                        let alone = number % 2 == 0 && !what.contains("where");
                        let alone =
                            if alone { format!("where = \"{number} = {number}\"") } else { String::new() };
                        writeln!(
                            text,
                            "[[indicator]]\nname = \"i{number}\"\ntitle = \"T\"\nof = \"{of}\"\ndimension = \"d\"\n\
                             better = \"neutral\"\nunit = \"{unit}\"\non = {on}\n{what}\nwindow = {window}\n{cap}\n\
                             {prior}\n{weight}\n{alone}\nminimum = {minimum}\n"
                        )
                        .unwrap();
                    }
                }
            }
        }
    }
    text.push_str(
        "[[indicator]]\nname = \"later\"\ntitle = \"T\"\nof = \"merchant\"\ndimension = \"d\"\nbetter = \"neutral\"\n\
         unit = \"ratio\"\nderive = \"earlier + 1.0\"\n[[indicator]]\nname = \"earlier\"\ntitle = \"T\"\n\
         of = \"merchant\"\ndimension = \"d\"\nbetter = \"neutral\"\nunit = \"ratio\"\nderive = \"share(i1, i2)\"\n",
    );
    text
}

fn hand_made() -> &'static Shop {
    static SHOP: OnceLock<Shop> = OnceLock::new();
    SHOP.get_or_init(|| {
        let told = |problems: Vec<probity_primitives::Problem>| -> Vec<String> {
            problems.iter().map(ToString::to_string).collect()
        };
        let text = everything();
        let events = Source { file: "events.toml", text: TRADE };
        let indicators = Source { file: "indicators.toml", text: &text };
        let rates =
            "reporting = \"EUR\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2016-01-01\"\nrate = \"0.25\"\n";
        let rates = Rates::parse(&Source { file: "rates.toml", text: rates }).unwrap();
        let vocabulary = Vocabulary::parse(&[events], Prohibited::default()).map_err(told).unwrap();
        let definitions = parse_definitions(&indicators).map_err(told).unwrap();
        let plan =
            Plan::compile(definitions, &vocabulary, &rates, &[indicators], 1825).map_err(told).unwrap();
        Shop::new(vocabulary, rates, plan)
    })
}

proptest! {
    #![proptest_config(at_least(12))]

    #[test]
    fn the_starter_catalogue_agrees_with_the_reference(
        focus: u64,
        seeds in prop::collection::vec(any::<u64>(), 1..60),
    ) {
        hold(starter_shop(), focus, &seeds)?;
    }

    #[test]
    fn every_aggregate_window_and_option_agrees_with_the_reference(
        focus: u64,
        seeds in prop::collection::vec(any::<u64>(), 1..60),
    ) {
        hold(hand_made(), focus, &seeds)?;
    }
}

#[test]
fn a_pair_is_remembered_for_as_long_as_its_month_can_be_reached() {
    // Two rows of a pair early in a month use its cap up; others let the tiles forget these days; a third row of the pair
    // comes later in the same month.
    let shop = hand_made();
    let row = |id: usize, day: usize, buyer: &str| {
        let text = format!(
            r#"{{"id":"p{id}","type":"trade.done","occurred_at":"2025-01-{day:02}T06:00:00Z","merchant":"m1","buyer":"{buyer}","value":"1.00","currency":"EUR","ratio":"1.00"}}"#
        );
        let flat = crate::event::Flat::from_json(text.as_bytes()).unwrap();
        let now = Timestamp::parse("2026-01-01T00:00:00Z").unwrap();
        shop.vocabulary.event(flat, "shop", crate::event::Arrival::History, now, &shop.rates).unwrap()
    };
    let mut arrivals = vec![row(0, 1, "b1"), row(1, 2, "b1"), row(2, 2, "b1")];
    arrivals.extend((3..20).map(|day| row(day, day, "b2")));
    arrivals.push(row(20, 20, "b1"));
    let witnesses = shop.witnesses(&arrivals);
    let reference = Reference::new(&shop.plan, &shop.vocabulary, &shop.rates, &witnesses);
    let mut live = Live::fed(shop, &arrivals);
    let (party, at) = (Party::parse("merchant:m1").unwrap(), arrivals.last().unwrap().known_at);
    let priors = live.platform.priors(&shop.plan, at);
    let got = shop.plan.values(&live.state(&party), at, &priors);
    agree(shop, &party, at, &got, &reference.values(&party, at), "live").unwrap();
}

#[test]
fn long_histories_forget_only_what_no_window_reaches() {
    for focus in 0..2 {
        let seeds: Vec<u64> = (0..200).map(|at| at * 31 + focus).collect();
        hold(hand_made(), focus, &seeds).unwrap();
    }
}
