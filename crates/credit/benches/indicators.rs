//! Events applied per second with the starter catalogue, and the time of values, score and explanation of one party.
#![expect(clippy::print_stdout, reason = "a benchmark prints its result")]
#![expect(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::panic,
    reason = "a benchmark reads files and the clock, and may stop where it stands"
)]

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Event, Flat, Role};
use probity_credit::indicator::{PartyState, Platform};
use probity_expression::Faults;
use probity_primitives::{Day, Duration, ExternalId, Timestamp};
use std::collections::{BTreeMap, HashMap};
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

fn texts(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            self::texts(root, &path, texts);
        } else if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            texts.insert(name, std::fs::read_to_string(&path).unwrap());
        }
    }
}

fn catalogue() -> Catalogue {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue");
    let mut found = BTreeMap::new();
    texts(&root, &root, &mut found);
    Catalogue::load(found).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The events of one order: placed, paid, shipped, delivered, mostly reviewed, matured; sometimes shipped late.
fn order(catalogue: &Catalogue, number: u64, merchant: u64, buyer: u64, day: i32) -> Vec<Event> {
    let at = |hours: i64| Day(day).start().plus(Duration::hours(hours + (number % 20) as i64)).to_string();
    let rating = 1 + number % 5;
    let currency = catalogue.rates.reporting.code();
    let value = format!("\"value\":{},\"currency\":\"{currency}\"", 1_000 + number % 90_000);
    let category = format!("\"category\":\"c{}\"", merchant % 9);
    let mut bodies = vec![
        (
            "order.placed",
            0,
            format!("{value},{category},\"items\":1,\"device\":\"d{buyer}\",\"ship_by\":\"{}\"", at(72)),
        ),
        ("order.paid", 1, format!("{value},{category},\"method\":\"card\"")),
        (
            "order.shipped",
            40,
            format!("\"paid_at\":\"{}\",\"ship_by\":\"{}\",\"tracking\":\"t{number}\"", at(1), at(72)),
        ),
        ("order.delivered", 120, format!("\"deliver_by\":\"{}\",\"placed_at\":\"{}\"", at(200), at(0))),
        (
            "order.matured",
            840,
            format!(
                "{value},{category},\"defective\":false,\"undelivered\":false,\"seller_cancelled\":false,\"buyer_cancelled\":false,\"unpaid\":false,\"shipped_late\":false,\"delivered_late\":false,\"refunded\":false"
            ),
        ),
    ];
    if !number.is_multiple_of(3) {
        bodies.push((
            "review.posted",
            150,
            format!("\"rating\":{rating},\"described\":{rating},{category},\"verified\":true"),
        ));
    }
    if number.is_multiple_of(20) {
        bodies.push((
            "order.shipped_late",
            72,
            format!("{value},{category},\"ship_by\":\"{}\",\"unshipped\":true", at(72)),
        ));
    }
    let now = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
    let read = |(kind, hours, fields): (&str, i64, String)| {
        let json = format!(
            "{{\"id\":\"{kind}{number}\",\"type\":\"{kind}\",\"occurred_at\":\"{}\",\"merchant\":\"m{merchant}\",\"buyer\":\"b{buyer}\",\"order\":\"o{number}\",{fields}}}",
            at(hours)
        );
        let flat = Flat::from_json(json.as_bytes()).unwrap();
        catalogue
            .vocabulary
            .event(flat, "shop", Arrival::History, now, &catalogue.rates)
            .unwrap_or_else(|problems| panic!("{json}: {problems:?}"))
    };
    bodies.into_iter().map(read).collect()
}

/// Nanoseconds of one round: the median of many.
fn median(rounds: usize, mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = Instant::now();
            run();
            start.elapsed().as_nanos() as f64
        })
        .collect();
    times.sort_unstable_by(f64::total_cmp);
    times[rounds / 2]
}

const FIRST: i32 = 19_723;

fn apply(catalogue: &Catalogue) -> Platform {
    let events: Vec<Event> = (0_u64..40_000)
        .flat_map(|number| {
            let mixed = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
            order(catalogue, number, mixed % 400, mixed % 9_001, FIRST + (number / 110) as i32)
        })
        .collect();
    let mut faults = Faults::default();
    let start = Instant::now();
    let mut rows = 0;
    for event in &events {
        rows +=
            catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, event, &mut faults).len();
    }
    let contributions = start.elapsed();
    let mut states: [HashMap<ExternalId, PartyState>; 2] = Default::default();
    let mut platform = Platform::default();
    let start = Instant::now();
    for event in &events {
        let what = catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, event, &mut faults);
        for (states, role) in states.iter_mut().zip(Role::ALL) {
            let Some(id) = event.party(role) else { continue };
            if !states.contains_key(id) {
                states.insert(id.clone(), PartyState::new(role));
            }
            if let Some(state) = states.get_mut(id) {
                state.apply(&catalogue.plan, event, &what, event.known_at, 1);
            }
        }
        platform.apply(&catalogue.plan, event, &what, event.known_at, 1);
    }
    let all = start.elapsed();
    let count = events.len() as f64;
    println!("events                          {count:>12}");
    println!("rows per event                  {:>12.1}", rows as f64 / count);
    println!("contributions only        {:>12.0} ns/event", contributions.as_nanos() as f64 / count);
    println!("contributions and applied {:>12.0} ns/event", all.as_nanos() as f64 / count);
    println!("applied per second              {:>12.0}", count / all.as_secs_f64());
    platform
}

fn read(catalogue: &Catalogue, platform: &mut Platform, orders: u64, what: &str) {
    let mut state = PartyState::new(Role::Merchant);
    let mut faults = Faults::default();
    let events: Vec<Event> = (0..orders)
        .flat_map(|number| {
            let day = FIRST + (number * 325 / orders) as i32;
            order(catalogue, 1_000_000 + number, 7, number % 211, day)
        })
        .collect();
    let count = events.len();
    let start = Instant::now();
    for event in &events {
        let what = catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, event, &mut faults);
        state.apply(&catalogue.plan, event, &what, event.known_at, 1);
    }
    println!(
        "one party's events, applied   {:>8.0} ns/event",
        start.elapsed().as_nanos() as f64 / count as f64
    );
    let at = state.newest;
    let priors = platform.priors(&catalogue.plan, at);
    let scorecard = catalogue.scorecard(Role::Merchant);
    let values = catalogue.plan.values(&state, at, &priors);
    let of = format!("{what}, {count} events");
    let nanos = |name: &str, nanos: f64| println!("{name:<10} {of:<26} {:>9.1} µs", nanos / 1_000.0);
    nanos("values", median(500, || drop(black_box(catalogue.plan.values(&state, at, &priors)))));
    nanos("score", median(500, || drop(black_box(scorecard.score(&values)))));
    nanos("explain", median(500, || drop(black_box(scorecard.explain(&values)))));
    let bytes = state.encode();
    nanos("encode", median(100, || drop(black_box(state.encode()))));
    nanos("decode", median(100, || drop(black_box(PartyState::decode(&bytes)))));
    println!("stored     {of:<26} {:>9} bytes", bytes.len());
}

fn main() {
    let catalogue = catalogue();
    let mut platform = apply(&catalogue);
    read(&catalogue, &mut platform, 1, "thin");
    read(&catalogue, &mut platform, 880, "thick");
}
