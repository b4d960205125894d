//! What `detect` found, as tables.

use crate::app::{CheatsSeen, HonestSeen, Measured, RoleSeen, SeedsSeen};
use probity_primitives::Currency;
use probity_sim::setting::Size;
use std::fmt::Write as _;

/// What was asked, as the page repeats it.
pub(super) struct Asked {
    pub(super) command: String,
    /// The first set of seeds is one that may be looked at while tuning.
    pub(super) tuned: bool,
    pub(super) size: Size,
    pub(super) review_days: u32,
    pub(super) currency: Currency,
    /// The folder of the pictures as the page names it.
    pub(super) pictures: Option<String>,
    pub(super) catalogue: String,
    /// What was put in force, as it was named.
    pub(super) policy: String,
}

/// Header and rows of a table.
pub(super) type Table = (Vec<&'static str>, Vec<Vec<String>>);

/// A role of a set of seeds.
pub(super) fn role_of<'a>(seen: &'a SeedsSeen, role: &str) -> &'a RoleSeen {
    if role == "merchants" { &seen.merchants } else { &seen.buyers }
}

/// What a set of seeds is called.
pub(super) fn set_name(asked: &Asked, place: usize) -> &'static str {
    match (asked.tuned, place) {
        (false, _) => "given",
        (true, 0) => "tuning",
        (true, _) => "other",
    }
}

/// A measured share between 0 and 1, with its interval.
pub(super) fn area(measured: Option<&Measured>) -> String {
    measured
        .map_or_else(|| "none".into(), |one| format!("{:.2} ({:.2} to {:.2})", one.value, one.low, one.high))
}

/// The same in percent.
pub(super) fn percent(measured: Option<&Measured>) -> String {
    measured.map_or_else(
        || "none".into(),
        |one| format!("{:.0} % ({:.0} to {:.0})", one.value * 100.0, one.low * 100.0, one.high * 100.0),
    )
}

pub(super) fn money(minor: i64, currency: Currency) -> String {
    let major = minor as f64 / 10_f64.powi(currency.exponent() as i32);
    format!("{major:.0}")
}

/// Cheats of all sets: archetypes in the order of the alphabet, within one the sets in their order.
pub(super) fn cheats<'a>(role: &str, seen: &'a [SeedsSeen]) -> Vec<(usize, &'a CheatsSeen)> {
    let mut all: Vec<(usize, &CheatsSeen)> = seen
        .iter()
        .enumerate()
        .flat_map(|(set, seen)| role_of(seen, role).cheats.iter().map(move |kind| (set, kind)))
        .collect();
    all.sort_by(|(a, one), (b, other)| one.archetype.cmp(&other.archetype).then(a.cmp(b)));
    all
}

/// How well cheats are told apart.
pub(super) fn rows_of_separation(asked: &Asked, role: &str, seen: &[SeedsSeen]) -> Table {
    let header =
        vec!["archetype", "seeds", "acted", "after 30 days", "after 60 days", "after 90 days", "at the end"];
    let row = |(set, kind): (usize, &CheatsSeen)| {
        let mut row = vec![kind.archetype.clone(), set_name(asked, set).into(), kind.parties.to_string()];
        row.extend(kind.separation.iter().map(|at| match &at.area {
            Some(one) => format!("{} n={}", area(Some(one)), at.parties),
            None => "nobody to compare".into(),
        }));
        row
    };
    (header, cheats(role, seen).into_iter().map(row).collect())
}

/// When cheats come to a gate or into the lowest tier, and what they cost.
pub(super) fn rows_of_reach(asked: &Asked, role: &str, seen: &[SeedsSeen]) -> Table {
    let header = vec![
        "archetype",
        "seeds",
        "acted",
        "reached",
        "median days",
        "low before",
        "told of",
        "reached untold",
        "harm until then",
        "harm in all",
        "after it",
    ];
    let row = |(set, kind): (usize, &CheatsSeen)| {
        let short = |share: Option<&Measured>| {
            share.map_or("none".into(), |one| format!("{:.0} %", one.value * 100.0))
        };
        let after = (kind.harm > 0)
            .then(|| format!("{:.0} %", 100.0 * (kind.harm - kind.harm_until) as f64 / kind.harm as f64));
        vec![
            kind.archetype.clone(),
            set_name(asked, set).into(),
            kind.parties.to_string(),
            percent(kind.reached.as_ref()),
            kind.median_days.map_or("never".into(), |days| format!("{days:.0}")),
            short(kind.before.as_ref()),
            short(kind.told.as_ref()),
            short(kind.untold.as_ref()),
            money(kind.harm_until, asked.currency),
            money(kind.harm, asked.currency),
            after.unwrap_or_else(|| "none".into()),
        ]
    };
    (header, cheats(role, seen).into_iter().map(row).collect())
}

/// How often honest parties stand low.
pub(super) fn rows_of_honest(asked: &Asked, role: &str, seen: &[SeedsSeen]) -> Table {
    let header = vec![
        "archetype",
        "seeds",
        "parties",
        "ever at a gate or lowest",
        "ever in the lowest tier",
        "low at the end",
        "share of reviews",
    ];
    let mut all: Vec<(usize, &HonestSeen)> = seen
        .iter()
        .enumerate()
        .flat_map(|(set, seen)| role_of(seen, role).honest.iter().map(move |kind| (set, kind)))
        .collect();
    let last = |kind: &HonestSeen| (kind.archetype.is_empty(), kind.archetype.clone());
    all.sort_by(|(a, one), (b, other)| last(one).cmp(&last(other)).then(a.cmp(b)));
    let row = |(set, kind): (usize, &HonestSeen)| {
        let name = if kind.archetype.is_empty() { "all honest" } else { &kind.archetype };
        let fine = |share: Option<&Measured>| {
            share.map_or("none".into(), |one| {
                format!("{:.1} % ({:.1} to {:.1})", one.value * 100.0, one.low * 100.0, one.high * 100.0)
            })
        };
        vec![
            name.to_owned(),
            set_name(asked, set).into(),
            kind.parties.to_string(),
            fine(kind.ever_low.as_ref()),
            fine(kind.ever_lowest.as_ref()),
            fine(kind.low_at_end.as_ref()),
            format!("{:.2} %", kind.low_time * 100.0),
        ]
    };
    (header, all.into_iter().map(row).collect())
}

/// A table in Markdown; figures to the right.
pub(super) fn markdown(page: &mut String, (header, rows): &Table) {
    let _ = writeln!(page, "| {} |", header.join(" | "));
    let right = |at: usize| {
        rows.iter().all(|row| {
            row.get(at).is_some_and(|cell| cell.starts_with(|c: char| c.is_ascii_digit() || c == '-'))
        })
    };
    let lines: Vec<&str> = (0..header.len()).map(|at| if right(at) { "---:" } else { "---" }).collect();
    let _ = writeln!(page, "|{}|", lines.join("|"));
    for row in rows {
        let _ = writeln!(page, "| {} |", row.join(" | "));
    }
}
