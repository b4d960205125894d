//! Random scorecards and rows for the tests of all formats.

use crate::Scorecard;
use crate::bins::{Bins, Special, Split};
use crate::card::{Attribute, Characteristic, Curve, Pair, Parts};
use crate::scale::Scale;
use crate::table::Value;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// What texts a scorecard may hold: `Any` holds every character there is, `Tame` those that SQL and XML can write.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Texts {
    Any,
    Tame,
}

fn text(texts: Texts) -> BoxedStrategy<String> {
    match texts {
        Texts::Any => any::<String>().boxed(),
        Texts::Tame => "[ -~\t\näß'\"\\\\<&>€𝄞]{1,8}".boxed(),
    }
}

fn figure() -> impl Strategy<Value = f64> {
    prop_oneof![
        4 => -3.0..3.0f64,
        1 => any::<f64>().prop_filter("finite", |figure| figure.is_finite()),
        1 => select(vec![0.0, -0.0, 1.0, -2.0, 1e300, f64::MIN_POSITIVE]),
    ]
}

fn attribute(texts: Texts) -> impl Strategy<Value = Attribute> {
    let points = if texts == Texts::Any { any::<i32>().boxed() } else { (-200..200).boxed() };
    let log_odds = if texts == Texts::Any { figure().boxed() } else { (-3.0..3.0f64).boxed() };
    (log_odds, points, figure(), figure()).prop_map(|(log_odds, points, weight, bad)| Attribute {
        log_odds,
        points,
        weight,
        bad,
    })
}

/// Bounds with short and long decimals, whole ones, and infinite ones.
fn bound() -> impl Strategy<Value = f64> {
    prop_oneof![
        (-20..20i32).prop_map(f64::from),
        -20.0..20.0f64,
        (-999..999i32).prop_map(|hundredths| f64::from(hundredths) / 100.0),
        select(vec![f64::INFINITY, f64::NEG_INFINITY, 1e-300, -0.0]),
    ]
}

fn distinct(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    values.dedup_by(|second, first| *second == *first);
    values
}

fn specials(texts: Texts) -> impl Strategy<Value = Vec<Special>> {
    (vec(text(texts), 0..3), vec(bound(), 0..5)).prop_map(|(names, values)| {
        let mut specials: Vec<Special> =
            names.into_iter().map(|name| Special { name, values: vec![] }).collect();
        for (place, value) in distinct(values).into_iter().enumerate() {
            let count = specials.len().max(1);
            if let Some(special) = specials.get_mut(place % count) {
                special.values.push(value);
            }
        }
        specials
    })
}

fn bins(texts: Texts) -> impl Strategy<Value = Bins> {
    let cuts = vec(bound(), 0..5).prop_map(|cuts| Split::Cuts(distinct(cuts)));
    let groups = (proptest::collection::hash_set(text(texts), 0..7), 1..4usize, any::<prop::sample::Index>())
        .prop_map(|(categories, count, other)| {
            let mut groups = vec![vec![]; count];
            for (place, category) in categories.into_iter().enumerate() {
                groups[place % count].push(category);
            }
            Split::Groups { groups, other: other.index(count) }
        });
    (prop_oneof![cuts, groups], specials(texts))
        .prop_map(|(split, specials)| Bins::try_new(split, specials).unwrap())
}

fn characteristic(texts: Texts) -> impl Strategy<Value = Characteristic> {
    (bins(texts), text(texts), text(texts), text(texts)).prop_flat_map(
        move |(bins, name, dimension, reason)| {
            vec(attribute(texts), bins.count()).prop_map(move |attributes| {
                let (name, dimension, reason) = (name.clone(), dimension.clone(), reason.clone());
                Characteristic { name, dimension, reason, bins: bins.clone(), attributes }
            })
        },
    )
}

fn curve() -> impl Strategy<Value = Option<Curve>> {
    proptest::option::of(vec((-5.0..5.0f64, -4.0..4.0f64), 2..5)).prop_map(|points| {
        let (first, mut second): (Vec<f64>, Vec<f64>) = points?.into_iter().unzip();
        second.sort_by(f64::total_cmp);
        let first = distinct(first);
        Curve::try_new(first.into_iter().zip(second).collect()).ok()
    })
}

/// A scorecard of up to four characteristics and two pairs: of the first two columns, and of the first and a new one.
pub(super) fn card(texts: Texts) -> impl Strategy<Value = Scorecard> {
    let pair = move || {
        (bins(texts), bins(texts)).prop_flat_map(move |(rows, columns)| {
            let cells = vec(attribute(texts), rows.count() * columns.count());
            (Just(rows), Just(columns), cells)
        })
    };
    let head = (text(texts), text(texts), text(texts), figure_of(texts), any::<i16>());
    let facts = vec((text(texts), text(texts)), 0..3);
    (head, vec(characteristic(texts), 0..4), vec(pair(), 0..3), curve(), facts).prop_map(
        |(head, mut characteristics, tables, calibration, provenance)| {
            let (name, target, method, intercept, base) = head;
            for (place, characteristic) in characteristics.iter_mut().enumerate() {
                characteristic.name = format!("{}{place}", characteristic.name);
            }
            let column = |place: usize| {
                let known = characteristics.get(place);
                known.map_or_else(|| format!("new {place}"), |characteristic| characteristic.name.clone())
            };
            // A column is one of numbers or of categories wherever it stands.
            let kind = |place: usize, bins: Bins| {
                characteristics.get(place).map_or(bins, |known| known.bins.clone())
            };
            let mut first_bins: Option<Bins> = None;
            let pairs: Vec<_> = tables
                .into_iter()
                .enumerate()
                .map(|(place, (rows, columns, cells))| {
                    let rows = first_bins.get_or_insert_with(|| kind(0, rows)).clone();
                    let columns = kind(1 + 8 * place, columns);
                    let count = rows.count() * columns.count();
                    let cells = cells.iter().copied().cycle().take(count).collect();
                    Pair { first: column(0), second: column(1 + 8 * place), rows, columns, cells }
                })
                .collect();
            Scorecard::try_new(Parts {
                name,
                target,
                method,
                scale: Scale::default(),
                intercept,
                base_points: i32::from(base),
                characteristics,
                pairs,
                calibration,
                provenance,
            })
            .unwrap()
        },
    )
}

fn figure_of(texts: Texts) -> BoxedStrategy<f64> {
    if texts == Texts::Any { figure().boxed() } else { (-3.0..3.0f64).boxed() }
}

/// Every value worth trying on each input of a scorecard: its bounds and what lies beside them, its categories, new ones.
pub(super) fn rows(card: &Scorecard) -> Vec<Vec<Option<Cell>>> {
    let all: Vec<Vec<Option<Cell>>> = (0..card.inputs().len()).map(|input| cells(card, input)).collect();
    let most = all.iter().map(Vec::len).max().unwrap_or(1);
    // Steps that differ by column mix the columns' values with each other.
    let row = |row: usize| {
        all.iter()
            .enumerate()
            .map(move |(column, cells)| cells[(row * (column + 1) + row / 7) % cells.len()].clone())
    };
    (0..most * 3).map(|number| row(number).collect()).collect()
}

/// A value that a row holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Number(f64),
    Text(String),
}

pub(super) fn value(cell: &Option<Cell>) -> Value<'_> {
    match cell {
        None => Value::Missing,
        Some(Cell::Number(number)) => Value::Number(*number),
        Some(Cell::Text(text)) => Value::Category(text),
    }
}

fn cells(card: &Scorecard, input: usize) -> Vec<Option<Cell>> {
    let name = &card.inputs()[input];
    let parts = card.parts();
    let own = parts.characteristics.iter().filter(|own| own.name == *name).map(|own| &own.bins);
    let rows = parts.pairs.iter().filter(|pair| pair.first == *name).map(|pair| &pair.rows);
    let columns = parts.pairs.iter().filter(|pair| pair.second == *name).map(|pair| &pair.columns);
    let mut cells = vec![None];
    for bins in own.chain(rows).chain(columns) {
        match bins.split() {
            Split::Groups { groups, .. } => {
                cells.extend(groups.iter().flatten().map(|text| Some(Cell::Text(text.clone()))));
                cells.push(Some(Cell::Text("never seen".to_owned())));
            }
            Split::Cuts(cuts) => {
                let specials = bins.specials().iter().flat_map(|special| &special.values);
                for value in cuts.iter().chain(specials) {
                    let near = [*value, value.next_down(), value.next_up(), value - 1.0, value + 1.0];
                    // SQL takes the greatest finite number for infinity, and says so.
                    let usual = |value: &f64| !value.is_nan() && value.abs() != f64::MAX;
                    cells.extend(near.into_iter().filter(usual).map(|value| Some(Cell::Number(value))));
                }
                cells.extend([f64::INFINITY, f64::NEG_INFINITY, 0.0].map(|value| Some(Cell::Number(value))));
            }
        }
    }
    cells
}
