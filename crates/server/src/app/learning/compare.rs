//! Two scorecards on the same rows: which tells bad from good better, and who changes sides.

use super::super::error::AppError;
use super::judging::{CardShown, Judge, Judged, lacking, read_card, role};
use super::measures::{Paired, Performance, paired, performance};
use super::rows::{DatasetShown, Reading, Rows, invalid};
use probity_credit::catalogue::Catalogue;
use probity_credit::tier::Tiers;
use serde::Serialize;
use std::path::Path;

/// Parties that change tier, at most so many of them.
const MOST_MOVED: usize = 1_000;

/// Rows on either side of a tier's lower end.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SwapRow {
    /// The tier.
    pub tier: String,
    /// Its lower end.
    pub from: i32,
    /// Weight of the rows that reach it under both cards, and the share of bad ones among them.
    pub both: f64,
    /// The share of bad ones among these.
    pub both_bad: Option<f64>,
    /// Weight of the rows that reach it under the first card alone.
    pub swapped_in: f64,
    /// The share of bad ones among these.
    pub swapped_in_bad: Option<f64>,
    /// Weight of the rows that reach it under the second card alone.
    pub swapped_out: f64,
    /// The share of bad ones among these.
    pub swapped_out_bad: Option<f64>,
}

/// A party whose last row stands in another tier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MovedRow {
    /// The party.
    pub party: String,
    /// The moment.
    pub as_of: String,
    /// Tier and score under the second card.
    pub from: String,
    /// Its score.
    pub from_score: i32,
    /// The tier under the first card.
    pub to: String,
    /// Its score.
    pub to_score: i32,
    /// What became of it.
    pub bad: bool,
}

/// Two cards compared.
#[derive(Debug, Clone, Serialize)]
pub struct Compared {
    /// The first: the challenger.
    pub first: CardShown,
    /// The second: the one in force unless it was named.
    pub second: CardShown,
    /// The set.
    pub dataset: DatasetShown,
    /// How the first did.
    pub first_performance: Performance,
    /// How the second did.
    pub second_performance: Performance,
    /// First less second.
    pub paired: Paired,
    /// Who reaches each tier under which card.
    pub swaps: Vec<SwapRow>,
    /// Parties whose last row changes tier; at most a thousand.
    pub moved: Vec<MovedRow>,
    /// How many there are.
    pub moved_in_all: usize,
    /// Parties.
    pub parties: usize,
    /// What else is to be known.
    pub remarks: Vec<String>,
}

/// Compares a card with another one or, where no other is given, with the one in force.
///
/// # Errors
/// `scorecard-invalid`, `training-set-invalid`, `training-refused`.
pub fn compare_cards(
    catalogue: &Catalogue,
    (first, second): (&Path, Option<&Path>),
    dataset: &Path,
    progress: Reading<'_>,
) -> Result<Compared, AppError> {
    let (one, _) = read_card(first, catalogue)?;
    let read = second.map(|path| read_card(path, catalogue)).transpose()?;
    let other = read.as_ref().map_or_else(|| catalogue.scorecard(role(&one)), |(card, _)| card);
    if other.of() != one.of() {
        let detail = format!("'{}' is of a {}, '{}' of a {}", one.name(), one.of(), other.name(), other.of());
        return Err(invalid(detail, "compare cards of one role"));
    }
    let rows = Rows::read(dataset, role(&one), progress)?;
    let judge = Judge::new(&one, catalogue);
    let (a, b) = (judge.judge(&rows)?, Judge::new(other, catalogue).judge(&rows)?);
    let mut remarks = Vec::new();
    remarks.extend(lacking([&a, &b]));
    for card in [&one, other] {
        if let Some(fitted) = card.fitted().filter(|fitted| fitted.dataset == rows.digest) {
            let until = &fitted.to;
            remarks.push(format!(
                "{} was fitted on rows of this very file, up to {until}: it does too well there",
                card.name()
            ));
        }
    }
    let (moved, moved_in_all, parties) = moved(&rows, &a, &b, judge.tiers);
    Ok(Compared {
        first: CardShown::new(&one, catalogue),
        second: CardShown::new(other, catalogue),
        dataset: rows.shown(),
        first_performance: performance(&rows, &a, &one)?,
        second_performance: performance(&rows, &b, other)?,
        paired: paired(&rows, &a, &b)?,
        swaps: swaps(&rows, &a, &b, judge.tiers),
        moved,
        moved_in_all,
        parties,
        remarks,
    })
}

/// Every tier but the worst, which everybody reaches.
fn swaps(rows: &Rows, a: &Judged, b: &Judged, tiers: &Tiers) -> Vec<SwapRow> {
    let mut found = Vec::new();
    for (place, tier) in tiers.list().iter().enumerate().skip(1) {
        // Weight of all and of the bad: under both, under the first alone, under the second alone.
        let mut sums = [(0.0, 0.0); 3];
        for (row, (one, other)) in a.tier.iter().zip(&b.tier).enumerate() {
            let slot = match (*one >= place, *other >= place) {
                (true, true) => 0,
                (true, false) => 1,
                (false, true) => 2,
                (false, false) => continue,
            };
            let weight = rows.weight_of(row);
            if let Some((all, bad)) = sums.get_mut(slot) {
                *all += weight;
                *bad += if rows.bad.get(row) == Some(&true) { weight } else { 0.0 };
            }
        }
        let rate = |(all, bad): (f64, f64)| (all > 0.0).then(|| bad / all);
        let [both, alone, other] = sums;
        found.push(SwapRow {
            tier: tier.name.clone(),
            from: tier.from,
            both: both.0,
            both_bad: rate(both),
            swapped_in: alone.0,
            swapped_in_bad: rate(alone),
            swapped_out: other.0,
            swapped_out_bad: rate(other),
        });
    }
    found
}

/// Parties whose last row is in another tier, the farthest moves first; how many, of how many parties.
fn moved(rows: &Rows, a: &Judged, b: &Judged, tiers: &Tiers) -> (Vec<MovedRow>, usize, usize) {
    let mut last: std::collections::BTreeMap<u32, usize> = std::collections::BTreeMap::new();
    for (row, party) in rows.party.iter().enumerate() {
        let later = last.get(party).is_none_or(|known| rows.at.get(*known) < rows.at.get(row));
        if later {
            last.insert(*party, row);
        }
    }
    let tier = |judged: &Judged, row: usize| judged.tier.get(row).copied().unwrap_or(0);
    let score = |judged: &Judged, row: usize| judged.score.get(row).copied().unwrap_or(0);
    let name = |place: usize| tiers.list().get(place).map(|tier| tier.name.clone()).unwrap_or_default();
    let mut rows_moved: Vec<usize> =
        last.values().copied().filter(|row| tier(a, *row) != tier(b, *row)).collect();
    rows_moved.sort_by_key(|row| (std::cmp::Reverse(tier(a, *row).abs_diff(tier(b, *row))), *row));
    let count = rows_moved.len();
    let shown = rows_moved.into_iter().take(MOST_MOVED).map(|row| MovedRow {
        party: rows
            .party
            .get(row)
            .and_then(|party| rows.parties.get(*party as usize))
            .cloned()
            .unwrap_or_default(),
        as_of: rows.at.get(row).map(ToString::to_string).unwrap_or_default(),
        from: name(tier(b, row)),
        from_score: score(b, row),
        to: name(tier(a, row)),
        to_score: score(a, row),
        bad: rows.bad.get(row) == Some(&true),
    });
    (shown.collect(), count, last.len())
}
