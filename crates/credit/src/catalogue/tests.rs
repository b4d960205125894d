//! The starter catalogue loads, and every case of its indicators holds.

use super::Catalogue;
use crate::event::{Arrival, Event, Flat, Mark, Party, standing, stands_at};
use crate::indicator::{PartyState, Platform};
use crate::source::Source;
use probity_expression::Faults;
use probity_primitives::Timestamp;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

fn texts() -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, texts: &mut BTreeMap<String, String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(root, &path, texts);
            } else if path.extension().is_some_and(|extension| extension == "toml") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                texts.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../catalogue");
    let mut texts = BTreeMap::new();
    walk(&root, &root, &mut texts);
    texts
}

/// The starter catalogue with the reporting currency of case tables.
pub(crate) fn starter() -> Catalogue {
    let mut texts = texts();
    let rates = texts.get_mut("rates.toml").unwrap();
    *rates =
        "reporting = \"EUR\"\n[[rate]]\ncurrency = \"BRL\"\ndate = \"2016-01-01\"\nrate = \"0.25\"\n".into();
    Catalogue::load(texts).unwrap_or_else(|problems| {
        let lines: Vec<_> = problems.iter().map(ToString::to_string).collect();
        panic!("{}", lines.join("\n"))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    #[serde(default)]
    case: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    indicator: String,
    party: String,
    events: Vec<String>,
    expect: Vec<Expected>,
    #[serde(default)]
    #[expect(dead_code, reason = "a note for the reader of the table")]
    note: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    as_of: String,
    value: Option<f64>,
}

fn values_at(catalogue: &Catalogue, events: &[Event], party: &Party, at: Timestamp) -> Vec<Option<f64>> {
    let marks: Vec<Mark> =
        events.iter().filter_map(|event| catalogue.marks.read(&catalogue.vocabulary, event)).collect();
    let mut state = PartyState::new(party.role);
    let mut platform = Platform::default();
    let mut faults = Faults::default();
    for event in events {
        let own: Vec<Mark> = marks.iter().filter(|mark| mark.target == event.key()).copied().collect();
        let moments = standing(event.known_at, &own);
        let contributions =
            catalogue.plan.contributions(&catalogue.vocabulary, &catalogue.rates, event, &mut faults);
        for (moment, stands) in &moments {
            let sign = if *stands { 1 } else { -1 };
            if *stands || moments.first().is_some_and(|first| first.1) {
                platform.apply(&catalogue.plan, event, &contributions, *moment, sign);
            }
        }
        if stands_at(&moments, at) && event.party(party.role) == Some(&party.id) {
            state.apply(&catalogue.plan, event, &contributions, event.known_at, 1);
        }
    }
    let priors = platform.priors(&catalogue.plan, at);
    catalogue.plan.values(&state, at, &priors)
}

#[test]
fn every_case_of_the_starter_catalogue_holds() {
    let catalogue = starter();
    let mut wrong = Vec::new();
    let mut covered = std::collections::BTreeSet::new();
    for (file, text) in texts().iter().filter(|(file, _)| file.ends_with(".cases.toml")) {
        let cases: Cases = Source { file, text }.read().unwrap();
        for case in cases.case {
            let party = Party::parse(&case.party).unwrap();
            let now = Timestamp::parse("2100-01-01T00:00:00Z").unwrap();
            let read = |json: &String| {
                let flat = Flat::from_json(json.as_bytes()).unwrap();
                let event = catalogue.vocabulary.event(flat, "case", Arrival::History, now, &catalogue.rates);
                event.unwrap_or_else(|problems| panic!("{file} {}: {json}: {problems:?}", case.indicator))
            };
            let events: Vec<Event> = case.events.iter().map(read).collect();
            let names = catalogue.plan.names(party.role);
            let Some(place) = names.iter().position(|name| *name == case.indicator) else {
                wrong.push(format!("{file}: {} is not defined", case.indicator));
                continue;
            };
            covered.insert((party.role, case.indicator.clone()));
            for expected in &case.expect {
                let at = Timestamp::parse(&expected.as_of).unwrap();
                let value = values_at(&catalogue, &events, &party, at)[place];
                let fits = match (value, expected.value) {
                    (Some(value), Some(wanted)) => (value - wanted).abs() <= 1e-9 * wanted.abs().max(1.0),
                    (value, wanted) => value == wanted,
                };
                if !fits {
                    wrong.push(format!(
                        "{file}: {} of {} at {}: {value:?}, not {:?}",
                        case.indicator, case.party, expected.as_of, expected.value
                    ));
                }
            }
        }
    }
    for role in crate::event::Role::ALL {
        for name in catalogue.plan.names(role) {
            if !covered.contains(&(role, name.clone())) {
                wrong.push(format!("{} {name} has no case", role.as_str()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
