//! One search for each value of a column, however many tables of a card the column is in.
//!
//! A column's own table and its pairs cut it in other places. Between all these cuts taken together no table changes, so a
//! value is looked up once among them, and small maps tell from its code which bin of each table it is in.

use crate::bins::{Bins, Split};
use crate::table::{Column, MISSING, Value, Values};
use std::borrow::Cow;
use std::collections::HashMap;

/// A column with a code for each row, the same for values that no table tells apart.
pub(super) enum Codes<'a> {
    /// Numbers among cuts. Codes: the stretches between cuts, then the special values, then missing.
    Cuts { numbers: &'a [f64], cuts: Vec<f64>, specials: Vec<f64> },
    /// Different values, listed. Codes: their places, then missing.
    Listed { codes: Cow<'a, [u32]>, values: Vec<Value<'a>> },
}

impl<'a> Codes<'a> {
    /// For a column and the bins of all tables that it is in.
    pub(super) fn new(column: &'a Column, tables: &[&Bins]) -> Self {
        match &column.values {
            Values::Categories { codes, levels } => {
                let values = levels.iter().map(|level| Value::Category(level)).collect();
                Codes::Listed { codes: codes.as_slice().into(), values }
            }
            Values::Numbers(numbers) => cuts(tables)
                .map_or_else(|| listed(numbers), |(cuts, specials)| Codes::Cuts { numbers, cuts, specials }),
        }
    }

    /// The bin of each code.
    pub(super) fn bins(&self, bins: &Bins) -> Vec<u32> {
        // A bin's number fits in 16 bits; see `MOST_BINS`.
        let code = |bin: usize| bin as u32;
        let mut found: Vec<u32> = Vec::new();
        match self {
            Codes::Listed { values, .. } => {
                found.extend(values.iter().map(|value| code(bins.find(*value))));
            }
            Codes::Cuts { cuts, specials, .. } => {
                let from = std::iter::once(f64::NEG_INFINITY).chain(cuts.iter().copied());
                found.extend(from.map(|from| code(bins.find_from(Value::Number(from)))));
                found.extend(specials.iter().map(|special| code(bins.find_number(*special))));
            }
        }
        found.push(code(bins.missing()));
        found
    }

    /// The codes of some rows from one on, as many as there is room for.
    pub(super) fn fill(&self, from: usize, room: &mut [u32]) {
        let to = from + room.len();
        match self {
            Codes::Listed { codes, values } => {
                let missing = values.len() as u32;
                for (code, found) in room.iter_mut().zip(&codes[from..to]) {
                    *code = if *found == MISSING { missing } else { *found };
                }
            }
            Codes::Cuts { numbers, cuts, specials } => {
                let missing = (cuts.len() + 1 + specials.len()) as u32;
                for (code, number) in room.iter_mut().zip(&numbers[from..to]) {
                    let among = cuts.partition_point(|cut| *cut <= *number) as u32;
                    *code = if number.is_nan() { missing } else { among };
                }
                if !specials.is_empty() {
                    for (code, number) in room.iter_mut().zip(&numbers[from..to]) {
                        if let Some(place) = specials.iter().position(|special| special == number) {
                            *code = (cuts.len() + 1 + place) as u32;
                        }
                    }
                }
            }
        }
    }
}

/// All cuts and all special values, each once; None where a table groups the numbers as if they were texts.
fn cuts(tables: &[&Bins]) -> Option<(Vec<f64>, Vec<f64>)> {
    let (mut cuts, mut specials) = (Vec::new(), Vec::new());
    for bins in tables {
        let Split::Cuts(own) = bins.split() else { return None };
        cuts.extend_from_slice(own);
        specials.extend(bins.specials().iter().flat_map(|special| &special.values));
    }
    for values in [&mut cuts, &mut specials] {
        values.sort_unstable_by(f64::total_cmp);
        // Both zeros are the same value.
        values.dedup_by(|one, other| one == other);
    }
    Some((cuts, specials))
}

/// Numbers as categories: each different one is looked up once.
fn listed<'a>(numbers: &[f64]) -> Codes<'a> {
    let mut places: HashMap<u64, u32> = HashMap::new();
    let mut values = Vec::new();
    let code = |number: &f64| {
        if number.is_nan() {
            return MISSING;
        }
        *places.entry(number.to_bits()).or_insert_with(|| {
            values.push(Value::Number(*number));
            // As with categories, so many different ones do not fit in memory.
            (values.len() - 1) as u32
        })
    };
    let codes: Vec<u32> = numbers.iter().map(code).collect();
    Codes::Listed { codes: codes.into(), values }
}

#[cfg(test)]
mod tests {
    use crate::bins::{Bins, Special, Split};
    use crate::card::{Attribute, Characteristic, Pair, Parts};
    use crate::scale::Scale;
    use crate::table::Column;
    use crate::{Scorecard, Table};
    use proptest::collection::{btree_set, vec};
    use proptest::prelude::*;

    /// Cuts and special values among few numbers, so that they meet: in each other, in other tables and in the rows.
    fn cut() -> impl Strategy<Value = Bins> {
        (btree_set(-3i8..4, 0..5), btree_set(-3i8..4, 0..3)).prop_map(|(cuts, specials)| {
            let special = |value: i8| Special { name: value.to_string(), values: vec![f64::from(value)] };
            let cuts = Split::Cuts(cuts.into_iter().map(f64::from).collect());
            Bins::try_new(cuts, specials.into_iter().map(special).collect()).unwrap()
        })
    }

    fn grouped() -> impl Strategy<Value = Bins> {
        (vec(0usize..3, 5), 0usize..3).prop_map(|(of, other)| {
            let texts = ["own", "rent", "1", "-2", "0.5"];
            let mut groups = vec![Vec::new(); 3];
            for (text, group) in texts.iter().zip(of) {
                groups[group].push((*text).to_owned());
            }
            Bins::try_new(Split::Groups { groups, other }, vec![]).unwrap()
        })
    }

    fn number() -> impl Strategy<Value = f64> {
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 0.5];
        prop_oneof![3 => (-4i8..5).prop_map(f64::from), 1 => proptest::sample::select(odd.to_vec())]
    }

    fn attributes(count: usize, seed: u64) -> Vec<Attribute> {
        let of = |place: usize| {
            let dice = (place as u64 + 1).wrapping_mul(seed | 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 40;
            Attribute {
                log_odds: dice as f64 / 7e6 - 1.0,
                points: (dice % 200) as i32 - 100,
                ..Attribute::default()
            }
        };
        (0..count).map(of).collect()
    }

    fn card(bins: [&Bins; 8], seed: u64) -> Scorecard {
        let [x, y, home, x_in_y, y_in_x, x_in_z, z_in_x, home_in_z] = bins;
        let characteristic = |name: &str, bins: &Bins| Characteristic {
            name: name.to_owned(),
            dimension: String::new(),
            reason: String::new(),
            bins: bins.clone(),
            attributes: attributes(bins.count(), seed ^ name.len() as u64),
        };
        let pair = |first: &str, second: &str, rows: &Bins, columns: &Bins| Pair {
            first: first.to_owned(),
            second: second.to_owned(),
            rows: rows.clone(),
            columns: columns.clone(),
            cells: attributes(rows.count() * columns.count(), seed.rotate_left(9)),
        };
        let parts = Parts {
            name: "card".to_owned(),
            target: "bad".to_owned(),
            method: "additive".to_owned(),
            scale: Scale::default(),
            intercept: -1.5,
            base_points: 600,
            characteristics: vec![
                characteristic("x", x),
                characteristic("yy", y),
                characteristic("home", home),
            ],
            pairs: vec![
                pair("x", "yy", x_in_y, y_in_x),
                pair("x", "z", x_in_z, z_in_x),
                pair("z", "home", z_in_x, home_in_z),
            ],
            calibration: None,
            provenance: vec![],
        };
        Scorecard::try_new(parts).unwrap()
    }

    proptest! {
        /// A table is scored as its rows are one by one, to the last digit, whatever cuts its columns' tables share.
        #[test]
        fn a_table_scores_as_its_rows_do(
            cuts in vec(cut(), 6),
            groups in vec(grouped(), 2),
            rows in vec((number(), number(), number(), 0usize..7), 1..1100),
            texts in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let [x, y, x_in_y, y_in_x, x_in_z, z_in_x] = &cuts[..] else { return Ok(()) };
            let card = card([x, y, &groups[0], x_in_y, y_in_x, x_in_z, z_in_x, &groups[1]], seed);
            let home = |row: &(f64, f64, f64, usize)| {
                ["own", "rent", "1", "-2", "0.5", "new"].get(row.3).copied()
            };
            let numbers = |of: fn(&(f64, f64, f64, usize)) -> f64| rows.iter().map(of).collect::<Vec<_>>();
            let home = if texts {
                Column::categories("home", rows.iter().map(home))
            } else {
                Column::numbers("home", numbers(|row| row.1))
            };
            let table = Table::try_new(vec![
                Column::numbers("x", numbers(|row| row.0)),
                Column::numbers("yy", numbers(|row| row.1)),
                home,
                Column::numbers("z", numbers(|row| row.2)),
            ]).unwrap();
            let scored = card.score(&table).unwrap();
            prop_assert_eq!(scored.len(), rows.len());
            for (row, scored) in scored.iter().enumerate() {
                let values: Vec<_> =
                    card.inputs().iter().map(|name| table.column(name).unwrap().value(row)).collect();
                let alone = card.score_row(&values);
                prop_assert_eq!(alone.log_odds.to_bits(), scored.log_odds.to_bits(), "{:?}", values);
                prop_assert_eq!(alone.score, scored.score);
            }
        }
    }
}
