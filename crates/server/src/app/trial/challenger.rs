//! The catalogue that challenges the one in force.

use super::tally::{SHADOWED, Trial};
use probity_credit::catalogue::Catalogue;
use probity_credit::policy::RequestKind;
use std::sync::Arc;

/// A challenger at work.
pub(in crate::app) struct Challenger {
    pub(in crate::app) trial: Trial,
    pub(in crate::app) catalogue: Arc<Catalogue>,
}

/// Why a catalogue cannot answer the requests of another on the same states; nothing when it can.
pub(super) fn unfit(live: &Catalogue, challenger: &Catalogue) -> Vec<String> {
    let mut why: Vec<String> =
        live.measures_otherwise(challenger).into_iter().map(|path| format!("{path} differs")).collect();
    why.extend(
        untold(live).into_iter().map(|what| format!("the catalogue in force does not declare {what}")),
    );
    for kind in RequestKind::ALL {
        let Some(own) = live.policy(kind) else { continue };
        let asked = kind.as_str();
        match challenger.policy(kind) {
            None => why.push(format!("it has no policy for {asked}")),
            Some(other) if other.attributes() != own.attributes() => {
                why.push(format!("its policy for {asked} declares other attributes"));
            }
            Some(other) if other.reserves() != own.reserves() => {
                why.push(format!(
                    "its policy for {asked} holds amounts where the other does not, or the reverse"
                ));
            }
            Some(_) => {}
        }
    }
    why
}

/// What a catalogue of before there were trials does not declare, and answers in one would have to tell.
fn untold(live: &Catalogue) -> Option<&'static str> {
    let vocabulary = &live.vocabulary;
    let made = vocabulary.find("decision.made").map(|kind| vocabulary.get(kind));
    let told =
        made.is_some_and(|made| ["trial", "arm", "shadow"].iter().all(|name| made.field(name).is_some()));
    if vocabulary.find(SHADOWED).is_none() {
        return Some(SHADOWED);
    }
    (!told).then_some("trial, arm and shadow of decision.made")
}
