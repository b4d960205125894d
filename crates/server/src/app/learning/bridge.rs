//! A scorecard of the catalogue as the crate that measures and reports knows one.

use super::super::error::AppError;
use super::judging::{log_odds_at, role};
use super::rows::refused;
use probity_credit::catalogue::Catalogue;
use probity_credit::indicator::Better;
use probity_credit::score::{Scorecard, Training, definition};
use probity_scorecard::Error;
use probity_scorecard::bins::{Bins, Special, Split};
use probity_scorecard::card::{Attribute, Characteristic, Parts};
use probity_scorecard::scale::Scale;
use probity_scorecard::validation::Shape;

/// The same card without its gates and the ends of its scale, which a table of points cannot say.
///
/// # Errors
/// `training-refused`; a card that could be read has none.
pub(super) fn as_table(card: &Scorecard) -> Result<probity_scorecard::Scorecard, AppError> {
    let rows = card.fitted().map_or(0.0, |fitted| fitted.rows as f64);
    let attribute = |points: i32, training: Option<Training>| {
        let share = training.map_or(0.0, |training| training.share);
        let weight = share * rows;
        Attribute {
            log_odds: -f64::from(points) / card.scale().factor(),
            points,
            weight,
            bad: weight * training.and_then(|training| training.bad_rate).unwrap_or(0.0),
        }
    };
    let characteristic = |one: &definition::Characteristic| {
        let cuts = one.attributes.iter().filter_map(|attribute| attribute.below).collect();
        let regular = one.attributes.iter().map(|it| attribute(it.points, it.training));
        let special = one.special.iter().map(|it| attribute(it.points, it.training));
        let dimension = card.dimensions().get(one.dimension).map(|dimension| dimension.name.clone());
        Ok(Characteristic {
            name: one.indicator.clone(),
            dimension: dimension.unwrap_or_default(),
            reason: one.reason.text.clone(),
            bins: Bins::try_new(Split::Cuts(cuts), specials_of(one))?,
            attributes: regular
                .chain(special)
                .chain([attribute(one.missing, one.missing_training)])
                .collect(),
        })
    };
    let made = || {
        probity_scorecard::Scorecard::try_new(Parts {
            name: card.name().to_owned(),
            target: card.fitted().map_or_else(|| "bad".to_owned(), |fitted| fitted.label.clone()),
            method: card.fitted().map_or_else(|| "expert".to_owned(), |fitted| fitted.method.clone()),
            scale: scale_of(card)?,
            intercept: log_odds_at(card, card.base_points()),
            base_points: card.base_points(),
            characteristics: card.characteristics().iter().map(characteristic).collect::<Result<_, _>>()?,
            pairs: Vec::new(),
            calibration: None,
            provenance: vec![("scorecard".to_owned(), card.hash().to_string())],
        })
    };
    made().map_err(|error| refused(&error))
}

/// What its scores mean.
///
/// # Errors
/// A card that could be read has none.
pub(super) fn scale_of(card: &Scorecard) -> Result<Scale, Error> {
    let scale = card.scale();
    Scale::try_new(f64::from(scale.score), scale.odds, scale.points_to_double)
}

/// The values that a characteristic gives points of their own.
pub(super) fn specials_of(one: &definition::Characteristic) -> Vec<Special> {
    let special =
        |special: &definition::Special| Special { name: special.title.clone(), values: vec![special.value] };
    one.special.iter().map(special).collect()
}

/// What the risk must do over ascending values, by what the indicators say of themselves; nothing of those without preference.
pub(super) fn stated(card: &Scorecard, catalogue: &Catalogue) -> Vec<(String, Shape)> {
    let mut stated = Vec::new();
    for one in card.characteristics() {
        let of = catalogue.plan.definitions(role(card)).find(|definition| definition.name == one.indicator);
        match of.map(|definition| definition.better) {
            Some(Better::Lower) => stated.push((one.indicator.clone(), Shape::Ascending)),
            Some(Better::Higher) => stated.push((one.indicator.clone(), Shape::Descending)),
            Some(Better::Neutral) | None => {}
        }
    }
    stated
}
