//! What a scorecard of the catalogue says of the rows of a training set: the code that scores live, given the values of a row.

use super::super::error::AppError;
use super::rows::{Rows, number};
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Role;
use probity_credit::score::definition::Characteristic;
use probity_credit::score::{Chosen, Scorecard};
use probity_credit::tier::{Tiers, assign};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};
use probity_scorecard::Sample;
use serde::Serialize;
use std::collections::BTreeSet;
use std::path::Path;

const UNREADABLE: Code = Code::new("scorecard-invalid");

/// The largest scorecard file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 20;

/// A scorecard that something was measured of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CardShown {
    /// Its name.
    pub name: String,
    /// `merchant` or `buyer`.
    pub of: &'static str,
    /// The content hash of its file.
    pub hash: String,
    /// It is the one in force.
    pub in_force: bool,
}

impl CardShown {
    pub(super) fn new(card: &Scorecard, catalogue: &Catalogue) -> Self {
        Self {
            name: card.name().to_owned(),
            of: card.of(),
            hash: card.hash().to_string(),
            in_force: catalogue.scorecard(role(card)).hash() == card.hash(),
        }
    }
}

/// A scorecard, and what it takes to read scores as tiers and odds.
pub(super) struct Judge<'a> {
    pub(super) card: &'a Scorecard,
    pub(super) tiers: &'a Tiers,
    names: &'a [String],
}

/// What the rows of a set got.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    /// Scores, gates included.
    pub(super) score: Vec<i32>,
    /// Points before gates and before the ends of the scale.
    points: Vec<i32>,
    /// Scores without gates.
    pub(super) ungated: Vec<i32>,
    /// Tiers, by their place; as of a party that has never had one.
    pub(super) tier: Vec<usize>,
    /// The weight of rows in each place of each characteristic: attributes, special values, no value.
    pub(super) places: Vec<Vec<f64>>,
    /// Columns that gates or the measure of history read and the set has not; they count as missing.
    pub(super) without: Vec<String>,
}

impl Judged {
    /// What ranks rows: the higher the more likely bad.
    pub(super) fn risk(&self) -> Vec<f64> {
        self.score.iter().map(|score| -f64::from(*score)).collect()
    }

    /// The log-odds of bad that the points stand for: before gates, and before the ends of the scale, at which a score stands
    /// for what lies beyond as well.
    pub(super) fn log_odds(&self, card: &Scorecard) -> Vec<f64> {
        self.points.iter().map(|score| log_odds_at(card, *score)).collect()
    }
}

/// What to say where gates or the measure of history read columns that the set has not.
pub(super) fn lacking<'a>(judged: impl IntoIterator<Item = &'a Judged>) -> Option<String> {
    let mut names: Vec<&str> =
        judged.into_iter().flat_map(|judged| &judged.without).map(String::as_str).collect();
    // One card's stand in the order of the catalogue; what two lack is said once.
    let mut said = BTreeSet::new();
    names.retain(|name| said.insert(*name));
    let names = names.join(", ");
    (!names.is_empty())
        .then(|| format!("the set lacks {names}, which gates or the history read: they count as missing"))
}

/// The log-odds of bad that a score stands for.
pub(super) fn log_odds_at(card: &Scorecard, score: i32) -> f64 {
    (card.scale().offset() - f64::from(score)) / card.scale().factor()
}

/// Reads a scorecard's file for a role's indicators.
///
/// # Errors
/// `scorecard-invalid` for everything that is wrong with it.
pub(super) fn read_card(path: &Path, catalogue: &Catalogue) -> Result<(Scorecard, String), AppError> {
    let at = path.display().to_string();
    let failed = |why: String| AppError::from(Problem::new(UNREADABLE, why).at(at.clone()));
    let size = path.metadata().map_err(|error| failed(error.to_string()))?.len();
    if size > LARGEST_FILE {
        return Err(failed(format!("it has {size} bytes, more than {LARGEST_FILE}")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let role = role_of(&text)
        .ok_or_else(|| failed("it does not say whose scorecard it is (of = \"merchant\")".into()))?;
    let card = Scorecard::parse(&at, &text, catalogue.plan.names(role))?;
    // What gates and thin files name must be tiers, whoever gave the file.
    catalogue.tiers(role).fits(&card)?;
    Ok((card, text))
}

/// Whose scorecard a text is.
pub(super) fn role_of(text: &str) -> Option<Role> {
    let place = probity_credit::catalogue::place_of(text)?;
    Role::parse(place.strip_prefix("scorecards/")?.strip_suffix(".toml")?)
}

/// The columns that a card reads.
///
/// # Errors
/// `training-set-invalid` when one of them is not there.
pub(super) fn sample_of(card: &Scorecard, rows: &Rows) -> Result<Sample, AppError> {
    let read: Vec<String> = card.characteristics().iter().map(|one| one.indicator.clone()).collect();
    rows.sample(&read)
}

/// No weight in any place of any characteristic.
pub(super) fn places_of(card: &Scorecard) -> Vec<Vec<f64>> {
    let places = |one: &Characteristic| vec![0.0; one.attributes.len() + one.special.len() + 1];
    card.characteristics().iter().map(places).collect()
}

/// Adds a weight to the place of each characteristic that a row was given.
pub(super) fn count(card: &Scorecard, chosen: &[Chosen], weight: f64, places: &mut [Vec<f64>]) {
    for ((one, chosen), places) in card.characteristics().iter().zip(chosen).zip(places) {
        let place = match chosen {
            Chosen::Attribute(place) => *place,
            Chosen::Special(place) => one.attributes.len() + place,
            Chosen::Missing => one.attributes.len() + one.special.len(),
        };
        if let Some(sum) = places.get_mut(place) {
            *sum += weight;
        }
    }
}

/// The role of a card.
pub(super) fn role(card: &Scorecard) -> Role {
    if card.of() == Role::Buyer.as_str() { Role::Buyer } else { Role::Merchant }
}

impl<'a> Judge<'a> {
    pub(super) fn new(card: &'a Scorecard, catalogue: &'a Catalogue) -> Self {
        let role = role(card);
        Self { card, tiers: catalogue.tiers(role), names: catalogue.plan.names(role) }
    }

    /// Scores rows.
    ///
    /// # Errors
    /// `training-set-invalid` when a characteristic's column is not there.
    pub(super) fn judge(&self, rows: &Rows) -> Result<Judged, AppError> {
        for one in self.card.characteristics() {
            rows.column(&one.indicator)?;
        }
        let columns: Vec<_> = self.names.iter().map(|name| rows.table.column(name).ok()).collect();
        let absent = |place: &usize| columns.get(*place).is_some_and(Option::is_none);
        let gates = self.card.gates().iter().flat_map(|gate| gate.condition.columns());
        let mut without: Vec<usize> = gates.chain([self.card.history().position]).filter(absent).collect();
        without.sort_unstable();
        without.dedup();
        let name = |place: &usize| self.names.get(*place).map(|name| shown(name));
        let mut judged = Judged {
            score: Vec::with_capacity(rows.len()),
            points: Vec::with_capacity(rows.len()),
            ungated: Vec::with_capacity(rows.len()),
            tier: Vec::with_capacity(rows.len()),
            places: places_of(self.card),
            without: without.iter().filter_map(name).collect(),
        };
        for row in 0..rows.len() {
            let values: Vec<Option<f64>> =
                columns.iter().map(|column| column.and_then(|column| number(column, row))).collect();
            let scored = self.card.score(&values);
            judged.tier.push(
                assign(
                    self.tiers,
                    scored.score,
                    None,
                    self.card.thin_tier(&scored),
                    self.card.gate_tiers(&scored),
                )
                .index,
            );
            let weight = rows.weight_of(row);
            count(self.card, &scored.chosen, weight, &mut judged.places);
            judged.score.push(scored.score);
            judged.points.push(scored.points_total);
            judged.ungated.push(scored.ungated);
        }
        Ok(judged)
    }
}
