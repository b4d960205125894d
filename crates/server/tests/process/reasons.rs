//! What is told of the scores in a folder, held against their trace.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::score::explain::{MOST_REASONS, ReasonSource};
use probity_server::app::{AsOf, Clock, Explained, Probity, embedded_catalogue};
use std::path::Path;

/// How much was told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    pub(crate) parties: usize,
    /// Reasons given for characteristics.
    pub(crate) reasons: usize,
    pub(crate) better: usize,
    pub(crate) unknown: usize,
}

/// The most parties of a role that are looked at.
const MOST_PARTIES: usize = 1_500;

/// Asserts of the first parties of a folder, as of its newest event, that each reason costs points, that no greater loss goes
/// untold, and that nothing else is told as a reason.
pub(crate) fn check(data: &Path) -> Told {
    let catalogue = Catalogue::load(embedded_catalogue()).unwrap();
    let probity = Probity::open(data, catalogue, Clock::system(), &mut |_, _| {}).unwrap();
    let mut told = Told::default();
    for role in Role::ALL {
        for (_, party) in probity.parties(role, 0, MOST_PARTIES).unwrap() {
            one(&probity.explain(&party, AsOf::Latest).unwrap(), &mut told);
        }
    }
    probity.close();
    told
}

fn one(it: &Explained, told: &mut Told) {
    let (trace, party) = (&it.explanation, &it.party);
    let line = |name: &str| trace.lines.iter().find(|line| line.indicator == name).unwrap();
    let gates = trace.reasons.iter().take_while(|reason| reason.source == ReasonSource::Gate).count();
    let losses = &trace.reasons[gates..];
    let mut before = i32::MAX;
    for reason in losses {
        assert_eq!(reason.source, ReasonSource::Characteristic, "{party}: gates come first");
        let line = line(&reason.name);
        assert!(line.points < 0, "{party}: '{}' at {:+} points", reason.text, line.points);
        assert_eq!(reason.points_lost, -line.points, "{party}: {}", reason.text);
        assert!(reason.points_lost <= before, "{party}: {} stands too low", reason.text);
        before = reason.points_lost;
    }
    assert!(trace.reasons.len() <= MOST_REASONS, "{party}");
    let least = if trace.reasons.len() < MOST_REASONS { 0 } else { before };
    for line in trace.lines.iter().filter(|line| losses.iter().all(|it| it.name != line.indicator)) {
        assert!(gates == MOST_REASONS || -line.points <= least, "{party}: {} goes untold", line.indicator);
    }
    for better in &trace.better {
        let line = line(&better.indicator);
        assert!(line.points >= 0 && line.points < line.best && line.value.is_some(), "{party}: {better:?}");
    }
    assert!(trace.unknown.iter().all(|unknown| line(&unknown.indicator).value.is_none()), "{party}");
    assert_eq!(trace.steps.iter().map(|step| step.delta).sum::<i32>(), trace.score, "{party}");
    told.parties += 1;
    told.reasons += losses.len();
    told.better += trace.better.len();
    told.unknown += trace.unknown.len();
}
