//! From a score to a tier.

use super::definition::Tiers;
use serde::Serialize;

/// The tier given to a party, and what decided it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TierGiven {
    /// The tier's name.
    pub name: String,
    /// Its place among the tiers, from the worst.
    pub index: usize,
    /// What decided it.
    pub by: GivenBy,
}

/// What decided a tier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GivenBy {
    /// The score reaches it.
    Score,
    /// The score no longer reaches it, but has not fallen below what keeps it.
    Kept,
    /// A better one is not shown before there is enough history.
    Thin,
    /// A gate allows no better one.
    Gate,
}

/// Gives the tier for a score.
///
/// The score reaches the best tier whose `from` is not above it. A party that was in a better tier keeps, of that one and
/// those below it, the best whose `keep` is not above the score; so a fall in one stroke and in small steps end alike.
/// `previous` is the tier last shown; a name that is not among the tiers (renamed since) counts as none.
/// `thin` names the best tier shown for a thin file, when the file is thin; `gates` the best tiers that gates allow. A name
/// among these that is not a tier allows only the worst: what cannot be read must not let anyone through.
pub fn assign<'a>(
    tiers: &Tiers,
    score: i32,
    previous: Option<&str>,
    thin: Option<&str>,
    gates: impl IntoIterator<Item = &'a str>,
) -> TierGiven {
    let list = tiers.list();
    // Below the first tier's `from` (a scorecard whose floor it does not fit) the worst tier stands.
    let reached = list.iter().rposition(|tier| tier.from <= score).unwrap_or(0);
    let held = previous
        .and_then(|name| tiers.place(name))
        .and_then(|place| list.get(..=place)?.iter().rposition(|tier| tier.keep <= score));
    let (mut index, mut by) = match held {
        Some(held) if held > reached => (held, GivenBy::Kept),
        _ => (reached, GivenBy::Score),
    };
    let limits = thin.map(|name| (name, GivenBy::Thin)).into_iter();
    for (name, limit) in limits.chain(gates.into_iter().map(|name| (name, GivenBy::Gate))) {
        let most = tiers.place(name).unwrap_or(0);
        if most < index {
            (index, by) = (most, limit);
        }
    }
    let name = list.get(index).map_or_else(String::new, |tier| tier.name.clone());
    TierGiven { name, index, by }
}
