//! Who is who in a world: the truth about its merchants, for people.

use super::manifest::TRUTH;
use crate::app::error::AppError;
use probity_intake::{Cell, Item, Options, open};
use std::path::Path;

/// The truth about a merchant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantTruth {
    /// Its id.
    pub id: String,
    /// Its archetype.
    pub archetype: String,
    /// Whether it means to cheat.
    pub cheats: bool,
    /// Orders whose victim was cheated by the merchant, and what that cost, in minor units.
    pub harm: (u64, i64),
}

/// What orders meant ill by the merchant are meant as.
const BY_MERCHANT: [&str; 5] = ["theft", "misdescribed", "counterfeit", "fake", "cash_out"];

/// The truth about all merchants of a world, in the order of their numbers.
///
/// # Errors
/// When the file of the truth cannot be read.
pub fn merchants_of(folder: &Path) -> Result<Vec<MerchantTruth>, AppError> {
    let mut reader = open(&folder.join(TRUTH), Options::default())?;
    let columns = reader.columns().to_vec();
    let place = |name: &str| columns.iter().position(|column| column == name);
    let places = ["id", "role", "archetype", "cheats", "merchant", "intent", "harm"].map(place);
    let mut harms = std::collections::BTreeMap::<String, (u64, i64)>::new();
    let mut merchants = Vec::new();
    while let Some(item) = reader.read()? {
        let Item::Row(row) = item else { continue };
        let cells: Vec<Cell<'_>> = row.cells().collect();
        let [id, role, archetype, cheats, merchant, intent, harm] =
            places.map(|place| place.and_then(|place| cells.get(place)).cloned().unwrap_or(Cell::Null));
        let text = |cell: &Cell<'_>| cell.text().unwrap_or_default().into_owned();
        if text(&role) == "merchant" {
            let id = text(&id);
            let harm = harms.get(&id).copied().unwrap_or_default();
            merchants.push(MerchantTruth {
                id,
                archetype: text(&archetype),
                cheats: cheats == Cell::Boolean(true),
                harm,
            });
        } else if BY_MERCHANT.contains(&text(&intent).as_str())
            && let Cell::Integer(lost) = harm
        {
            let sum = harms.entry(text(&merchant)).or_default();
            *sum = (sum.0 + 1, sum.1.saturating_add(lost));
        }
    }
    Ok(merchants)
}
