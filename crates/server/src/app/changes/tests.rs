//! The steps of a change, in order and out of it.

use super::super::{AppError, Clock, Probity, embedded_catalogue};
use super::{ChangeState, Changed, activated, change_texts};
use probity_credit::catalogue::Catalogue;
use probity_primitives::Timestamp;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const HOUR: i64 = 3_600_000;

fn changed(from: &str, to: &str) -> BTreeMap<String, String> {
    let mut texts = embedded_catalogue();
    let text = texts.get_mut("scorecards/merchant.toml").unwrap();
    assert!(text.contains(from));
    *text = text.replace(from, to);
    texts
}

fn points(points: u32) -> BTreeMap<String, String> {
    changed("base_points = 600", &format!("base_points = {points}"))
}

struct House {
    home: tempfile::TempDir,
    now: Arc<AtomicI64>,
}

impl House {
    fn new() -> Self {
        let start = Timestamp::parse("2026-01-10T12:00:00Z").unwrap().millis();
        Self { home: tempfile::tempdir().unwrap(), now: Arc::new(AtomicI64::new(start)) }
    }

    fn folder(&self) -> &Path {
        self.home.path()
    }

    /// With the catalogue that the folder says, as the command line does.
    fn open(&self) -> Probity {
        let texts = activated(self.folder()).unwrap().map_or_else(embedded_catalogue, |(_, texts)| texts);
        let now = Arc::clone(&self.now);
        let clock = Clock::of(move || Timestamp::from_millis(now.load(Ordering::Relaxed)));
        Probity::open(self.folder(), Catalogue::load(texts).unwrap(), clock, &mut |_, _| {}).unwrap()
    }

    fn wait(&self, hours: i64) {
        self.now.fetch_add(hours * HOUR, Ordering::Relaxed);
    }
}

fn refused<T: std::fmt::Debug>(result: Result<T, AppError>, wanted: &str) {
    let error = result.unwrap_err();
    assert!(error.to_string().contains(wanted), "wanted {wanted}: {error}");
    assert_eq!(error.problems[0].code.as_str(), "catalogue-change-refused");
}

#[test]
fn a_change_goes_through_its_steps_and_back() {
    let house = House::new();
    let probity = house.open();
    let starter = probity.catalogue().hash.to_string();
    refused(probity.roll_back(None, "alice"), "was in force before");
    let first = probity.propose(points(610), "alice", "more for all").unwrap();
    assert_eq!((first.state, first.reasons.len()), (ChangeState::Tested, 0), "{first:?}");
    let name = &first.catalogue[..12];
    // Out of order, by the wrong person, of nobody, of nothing.
    refused(probity.activate(name, "bob"), "is tested");
    refused(probity.approve(name, " Alice "), "proposed this catalogue");
    refused(probity.approve(name, ""), "--by");
    refused(probity.approve("0123456789ab", "bob"), "was proposed");
    refused(probity.approve(&first.catalogue[..4], "bob"), "was proposed");
    probity.approve(name, "bob").unwrap();
    refused(probity.approve(name, "carol"), "is approved");
    assert_eq!(probity.catalogue().hash.to_string(), starter, "what runs stays as it is");
    let activation = probity.activate(name, "carol").unwrap();
    assert_eq!((&activation.catalogue, &activation.before), (&first.catalogue, &starter));
    refused(probity.activate(name, "carol"), "is live");
    assert_eq!(probity.catalogue().hash.to_string(), starter, "until the next start");
    probity.close();

    let probity = house.open();
    assert_eq!(probity.catalogue().hash.to_string(), first.catalogue);
    assert_eq!(
        change_texts(house.folder(), name).unwrap(),
        points(610),
        "files that count for nothing are kept, too"
    );
    let second = probity.propose(points(620), "bob", "").unwrap();
    probity.approve(&second.catalogue, "alice").unwrap();
    probity.activate(&second.catalogue, "alice").unwrap();
    assert_eq!(probity.roll_back(None, "bob").unwrap().catalogue, first.catalogue);
    assert_eq!(probity.roll_back(Some(&starter), "bob").unwrap().catalogue, starter);
    refused(probity.roll_back(Some("0123456789ab"), "bob"), "was in force before");
    probity.close();
    let probity = house.open();
    assert_eq!(probity.catalogue().hash.to_string(), starter);
    let all = probity.changes().unwrap();
    let told: Vec<String> = all.iter().map(|one| format!("{} {}", one.number, one.by)).collect();
    assert_eq!(told, ["1 alice", "2 bob", "3 carol", "4 bob", "5 alice", "6 alice", "7 bob", "8 bob"]);
    assert!(
        matches!(&all[7].changed, Changed::Activated { back: true, before } if *before == first.catalogue)
    );
    let now = probity.clock.now();
    let states = [&all[0], &all[3]].map(|one| one.state(&all, now).unwrap());
    assert_eq!(states, [ChangeState::Retired, ChangeState::Retired]);
    probity.close();
}

#[test]
fn an_approval_is_good_for_72_hours() {
    for (hours, good) in [(0, true), (72, true), (73, false)] {
        let house = House::new();
        let probity = house.open();
        let proposal = probity.propose(points(610), "alice", "").unwrap();
        probity.approve(&proposal.catalogue, "bob").unwrap();
        house.wait(hours);
        let activation = probity.activate(&proposal.catalogue, "bob");
        if good {
            activation.unwrap();
        } else {
            refused(activation, "is tested");
            probity.approve(&proposal.catalogue, "bob").unwrap();
            probity.activate(&proposal.catalogue, "bob").unwrap();
        }
        probity.close();
    }
}

#[test]
fn what_fails_its_tests_is_refused_and_never_in_force() {
    let house = House::new();
    let probity = house.open();
    let check = |texts: BTreeMap<String, String>, wanted: &str| {
        let proposal = probity.propose(texts, "alice", "").unwrap();
        assert_eq!(proposal.state, ChangeState::Refused, "{proposal:?}");
        assert!(proposal.reasons.iter().any(|reason| reason.contains(wanted)), "{wanted}: {proposal:?}");
        refused(probity.approve(&proposal.catalogue, "bob"), "is refused");
        refused(probity.activate(&proposal.catalogue, "bob"), "is refused");
    };
    let with = |file: &str, from: &str, to: &str| {
        let mut texts = embedded_catalogue();
        let text = texts.get_mut(file).unwrap();
        assert!(text.contains(from), "{file}: {from}");
        *text = text.replacen(from, to, 1);
        texts
    };
    check(
        with("policies/payment.toml", "amount('400.00')", "amount('300.00')"),
        "policies/payment.cases.toml",
    );
    let mut without = embedded_catalogue();
    without.remove("events/changes.toml");
    check(without, "catalogue.activated is gone");
    // What does not even load has no hash and is no proposal.
    let broken = with("policies/payment.toml", "merchant_terminated OR", "merchant_gone OR");
    assert_eq!(
        probity.propose(broken, "alice", "").unwrap_err().problems[0].code.as_str(),
        "expression-unknown-column"
    );
    assert_eq!(probity.changes().unwrap().len(), 2);
    probity.close();
}
