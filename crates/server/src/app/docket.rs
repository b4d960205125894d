//! Where the events of sanctions, the notices and the differences of trials are found again: postings of their own, beside those of parties and orders.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Event, Role, key_of};
use probity_store::Subject;

/// No source can hold a NUL, so none of these shares a key with an event or an order.
fn subject(kind: &str, name: &str) -> Subject {
    Subject::Order(key_of(kind, name))
}

/// All steps of all sanctions of a party, written `merchant:ID`.
pub(super) fn of_party(party: &str) -> Subject {
    subject("\0sanctions", party)
}

/// All steps of one sanction; for a cluster, the proposals and starts of its sanctions.
pub(super) fn of_sanction(id: &str) -> Subject {
    subject("\0sanction", id)
}

/// All sanctions that end by themselves.
pub(super) fn ending() -> Subject {
    subject("\0ending", "")
}

/// All notices to the subject or to the members.
pub(super) fn outbox(to: &str) -> Subject {
    subject("\0notices", to)
}

/// All answers of a challenger that would have been others.
pub(super) fn of_trial(number: u64) -> Subject {
    subject("\0trial", &number.to_string())
}

/// The party that an event about one party names.
pub(super) fn party_of(event: &Event) -> Option<String> {
    let named = |role: Role| event.party(role).map(|id| format!("{}:{id}", role.as_str()));
    Role::ALL.into_iter().find_map(named)
}

/// Where an event is found again; nowhere, unless it is about a sanction or a notice.
pub(super) fn subjects(catalogue: &Catalogue, event: &Event) -> Vec<Subject> {
    let (types, kind) = (&catalogue.sanctions, catalogue.vocabulary.get(event.kind));
    if types.is_notice(event.kind) {
        return event.text(kind, "to").map(outbox).into_iter().collect();
    }
    if kind.name == "decision.shadowed" {
        let trial = event.integer(kind, "trial").and_then(|number| u64::try_from(number).ok());
        return trial.map(of_trial).into_iter().collect();
    }
    if !types.is_step(event.kind) {
        return Vec::new();
    }
    let named = ["sanction", "cluster"].into_iter().filter_map(|name| event.text(kind, name));
    let mut subjects: Vec<Subject> = named.map(of_sanction).collect();
    subjects.extend(party_of(event).map(|party| of_party(&party)));
    if kind.name == "sanction.started" && event.integer(kind, "ends_at").is_some() {
        subjects.push(ending());
    }
    subjects
}
