//! The rehearsal says what the real thing says.

use super::super::files::embedded_catalogue;
use super::super::{AsOf, Clock, ImportOptions, Probity};
use super::platform::{Rehearsal, Reviews};
use super::policy::{Policy, Scoring};
use super::runs::{Worlds, rehearse};
use super::told::{Lived, Watched};
use super::translate::{SOURCE, Translation};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Arrival, Flat, Party, Role};
use probity_primitives::{ExternalId, Timestamp};
use probity_sim::event::{Event, Value};
use probity_sim::platform::Platform;
use probity_sim::setting::Setting;
use probity_sim::world::run;
use std::convert::Infallible;
use std::sync::Arc;

fn setting(merchants: u32, buyers: u32, days: u32) -> Setting {
    let texts = embedded_catalogue();
    let mut setting = Setting::read(&texts["worlds/marketplace.toml"], &texts["worlds/honest.toml"]).unwrap();
    setting.world.size.merchants = merchants;
    setting.world.size.buyers = buyers;
    setting.world.size.days = days;
    setting
}

fn starter(scoring: Scoring) -> Policy {
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    Policy { name: "starter".into(), catalogue: Some(Arc::new(catalogue)), scoring }
}

/// An event as a line of its flat form, written in the plainest way.
fn flat(setting: &Setting, event: &Event) -> String {
    let mut line =
        format!(r#"{{"id":"e{}","type":"{}","occurred_at":"{}""#, event.serial, event.kind.name(), event.at);
    let parties = [("merchant", 'm', event.merchant), ("buyer", 'b', event.buyer)];
    for (role, letter, number) in parties.iter().filter_map(|(role, letter, n)| Some((role, letter, (*n)?))) {
        line += &format!(r#","{role}":"{letter}{number}""#);
    }
    for (field, value) in event.fields() {
        let value = match value {
            Value::Id(named, number) => format!("\"{}{number}\"", named.prefix()),
            Value::Minor(minor) => {
                format!(r#"{{"amount":"{}.{:02}","currency":"BRL"}}"#, minor / 100, minor % 100)
            }
            Value::Count(count) => count.to_string(),
            Value::Word(word) => format!("\"{word}\""),
            Value::Truth(truth) => truth.to_string(),
            Value::Moment(moment) => format!("\"{moment}\""),
            Value::Span(millis) => format!("\"{millis}ms\""),
            Value::Category(number) => format!("\"{}\"", setting.world.categories[usize::from(*number)].name),
            Value::Carrier(number) => format!("\"{}\"", setting.world.carriers[usize::from(*number)]),
        };
        line += &format!(r#","{}":{value}"#, field.name());
    }
    line + "}\n"
}

/// Writes down every event, and sees that the typed one is what its flat form gives.
struct Scribe<'a> {
    setting: &'a Setting,
    catalogue: &'a Catalogue,
    translation: Translation<'a>,
    lines: String,
}

impl Platform for Scribe<'_> {
    type Error = Infallible;

    fn event(&mut self, event: &Event) -> Result<(), Infallible> {
        let line = flat(self.setting, event);
        let (vocabulary, rates) = (&self.catalogue.vocabulary, &self.catalogue.rates);
        let read = Flat::from_json(line.as_bytes()).unwrap();
        let read = vocabulary.event_from_outside(read, SOURCE, Arrival::History, event.at, rates);
        assert_eq!(read.as_ref(), Ok(&self.translation.event(event).unwrap()), "{line}");
        self.lines += &line;
        Ok(())
    }
}

fn written(setting: &Setting, seed: u64) -> String {
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    let translation = Translation::new(&catalogue.vocabulary, setting).unwrap();
    let mut scribe = Scribe { setting, catalogue: &catalogue, translation, lines: String::new() };
    let Ok(_) = run(setting, seed, &mut scribe, &mut |_, _, _| {});
    scribe.lines
}

fn lived(setting: &Setting, policy: &Policy, seed: u64, reviews: Reviews) -> Lived {
    let mut platform = Rehearsal::new(policy, setting, reviews).unwrap();
    run(setting, seed, &mut platform, &mut |_, _, _| {}).unwrap();
    platform.end()
}

fn imported(lines: &str) -> (tempfile::TempDir, Probity) {
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("events.jsonl");
    std::fs::write(&file, lines).unwrap();
    let now = Timestamp::parse("2026-06-01T00:00:00Z").unwrap();
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    let probity =
        Probity::open(&home.path().join("data"), catalogue, Clock::of(move || now), &mut |_, _| {}).unwrap();
    let options = ImportOptions { source: Some(SOURCE.into()), ..ImportOptions::default() };
    let report = probity.import(&[file], &options, &mut |_, _, _| {}).unwrap();
    assert_eq!(report.set_aside, 0, "{report:?}");
    (home, probity)
}

/// Scores and tiers of a role at all reviews but those of `skip`, against those of the log.
fn same(probity: &Probity, role: Role, watched: &[Watched], tiers: bool) -> usize {
    let mut compared = 0;
    let names = probity.catalogue().tiers(role).list();
    for party in watched {
        let name = Translation::party(role, party.truth.number);
        let named = Party { role, id: ExternalId::try_new(&name).unwrap() };
        for review in &party.reviews {
            let real = probity.score(&named, AsOf::At(review.day.end())).unwrap();
            assert_eq!(review.score, real.score, "{name} on {}", review.day);
            if tiers {
                let tier = &names[usize::from(review.tier)].name;
                assert_eq!(*tier, real.tier.name, "{name} on {}", review.day);
            }
            compared += 1;
        }
    }
    compared
}

#[test]
fn scores_and_tiers_are_those_of_the_log_digit_for_digit() {
    // Everybody joins after the first day: the log would put months on record that the world does not have.
    let mut setting = setting(40, 440, 150);
    setting.world.market.there_at_begin = 0.0;
    let (_home, probity) = imported(&written(&setting, 5));
    let policy = starter(Scoring::Watches);
    for (reviews, tiers) in [(Reviews::MonthEnds, true), (Reviews::Every(37), false)] {
        let lived = lived(&setting, &policy, 5, reviews);
        let merchants = same(&probity, Role::Merchant, &lived.merchants, tiers);
        let buyers = same(&probity, Role::Buyer, &lived.buyers, tiers);
        assert!(merchants > 60 && buyers > 800, "{merchants} {buyers}");
        let low =
            |watched: &[Watched]| watched.iter().filter(|one| one.reviews.iter().any(|r| r.tier < 2)).count();
        assert!(low(&lived.merchants) > 0, "nobody ever stood low: the test says too little");
    }
    probity.close();
}

#[test]
fn results_come_in_the_order_of_seeds_whatever_the_number_of_threads() {
    let worlds =
        |threads| Worlds { setting: setting(12, 120, 60), seeds: vec![3, 1, 2], review_days: 7, threads };
    let policies =
        [starter(Scoring::Acts), Policy { name: "none".into(), catalogue: None, scoring: Scoring::Acts }];
    let told = |threads| {
        rehearse(&worlds(threads), &policies, &|_, _| {}, &|seed, policy, lived| {
            let scores: Vec<i32> = lived
                .merchants
                .iter()
                .flat_map(|one| one.reviews.iter().map(|review| review.score))
                .collect();
            (seed, policy.name.clone(), lived.totals, scores)
        })
        .unwrap()
    };
    let one = told(1);
    let named: Vec<_> =
        one.iter().flat_map(|world| world.by_policy.iter().map(|(s, n, ..)| (*s, n.as_str()))).collect();
    assert_eq!(
        named,
        [(3, "starter"), (3, "none"), (1, "starter"), (1, "none"), (2, "starter"), (2, "none")]
    );
    for threads in [2, 5] {
        for (one, many) in one.iter().zip(told(threads)) {
            assert_eq!((one.seed, &one.by_policy), (many.seed, &many.by_policy), "{threads} threads");
        }
    }
    let paid = |policy: usize| one.iter().map(|world| world.by_policy[policy].2.paid).collect::<Vec<_>>();
    assert_ne!(paid(0), paid(1), "badges move sales");
}

#[test]
fn who_is_stopped_sells_no_more() {
    let setting = setting(150, 1_500, 250);
    let lived = lived(&setting, &starter(Scoring::Acts), 4, Reviews::Every(7));
    let stopped: Vec<&Watched> = lived.merchants.iter().filter(|one| one.stopped.is_some()).collect();
    assert!(!stopped.is_empty());
    for party in stopped {
        let (day, last) = (party.stopped.unwrap(), party.reviews.last().unwrap());
        let back = party.reviews.iter().any(|review| review.day > day && review.tier > 0);
        let later = lived
            .harmful
            .iter()
            .any(|order| order.merchant == party.truth.number && order.placed_at > day.end() && !back);
        assert!(!later, "{party:?} {last:?}");
    }
}

#[test]
fn policies_terms_and_sanctions_apply() {
    let setting = setting(150, 1_500, 250);
    let starter = starter(Scoring::Acts);
    let watches = Policy { scoring: Scoring::Watches, ..starter.clone() };
    let [acted, watched] = [&starter, &watches].map(|policy| lived(&setting, policy, 4, Reviews::Every(7)));
    let (acts, none) = (&acted.totals, &watched.totals);
    // Who only watches turns nobody away and keeps nothing back.
    assert_eq!(
        (none.turned_away_honest, none.turned_away_ill, none.discounts, none.reserved),
        ((0, 0), (0, 0), 0, 0)
    );
    assert!(acts.turned_away_honest.0 > 0 && acts.turned_away_ill.0 > 0, "{acts:?}");
    assert!(acts.discounts > 0 && acts.reserved > 0, "{acts:?}");
    assert!(acts.unrecovered < none.unrecovered, "{} {}", acts.unrecovered, none.unrecovered);
    let honest = |lived: &Lived| lived.trade.iter().map(|trade| trade.paid).sum::<i64>();
    assert_eq!([honest(&acted), honest(&watched)], [acts.paid_honest, none.paid_honest]);
    // The relation with whoever was found out ends on that day: nothing is placed after it.
    let found: Vec<&Watched> =
        acted.merchants.iter().filter(|one| one.truth.cheats && one.found_at.is_some()).collect();
    assert!(found.len() > 3, "{}", found.len());
    for party in found {
        let day = party.found_at.unwrap().day();
        assert!(party.stopped.is_some_and(|stopped| stopped <= day), "{party:?}");
        let later = |order: &&probity_sim::truth::OrderTruth| {
            order.merchant == party.truth.number && order.placed_at > party.found_at.unwrap()
        };
        assert_eq!(acted.harmful.iter().filter(later).count(), 0, "{party:?}");
    }
}
