//! The truth as rows of a table: one for each order as it ends, then one for each party.

use probity_intake::parquet_out::{Batch, Column, ColumnKind, Word};
use probity_sim::truth::{OrderTruth, PartyTruth};
use std::collections::BTreeMap;

/// Declares the columns: where each stands, its name, and what it holds.
macro_rules! columns {
    ($($place:ident $name:literal $kind:ident),* $(,)?) => {
        #[derive(Clone, Copy)]
        enum Place { $($place),* }

        /// All columns of the truth; what does not apply to a row is null.
        pub(super) fn truth_columns() -> Vec<Column> {
            vec![$(Column::known($name, ColumnKind::$kind)),*]
        }
    };
}

columns! {
    Kind "kind" Word,
    Id "id" Text,
    Role "role" Word,
    Merchant "merchant" Text,
    Buyer "buyer" Text,
    Archetype "archetype" Word,
    Cheats "cheats" Boolean,
    Person "person" Text,
    Ring "ring" Text,
    Intent "intent" Word,
    Would "would" Word,
    Did "did" Word,
    PlacedAt "placed_at" Moment,
    Value "value" Integer,
    Paid "paid" Integer,
    Refunded "refunded" Integer,
    ChargedBack "charged_back" Integer,
    Released "released" Integer,
    Fee "fee" Integer,
    Held "held" Integer,
    Harm "harm" Integer,
    OpenedAt "opened_at" Moment,
    FirstBadAt "first_bad_at" Moment,
    ClosedAt "closed_at" Moment,
    Balance "balance" Integer,
    ToppedUp "topped_up" Integer,
    Outstanding "outstanding" Integer,
}

/// Writes the truth into batches.
#[derive(Default)]
pub(super) struct TruthRows {
    archetypes: BTreeMap<String, Word>,
}

fn word(batch: &mut Batch, place: Place, text: &'static str) {
    batch.word(place as usize, &Word::known(text));
}

impl TruthRows {
    /// Adds an order.
    pub(super) fn order(batch: &mut Batch, truth: &OrderTruth) {
        word(batch, Place::Kind, "order");
        batch.numbered(Place::Id as usize, "o", truth.order);
        batch.numbered(Place::Merchant as usize, "m", u64::from(truth.merchant));
        batch.numbered(Place::Buyer as usize, "b", u64::from(truth.buyer));
        word(batch, Place::Intent, truth.intent.name());
        word(batch, Place::Would, truth.would.name());
        word(batch, Place::Did, truth.did.name());
        batch.integer(Place::PlacedAt as usize, truth.placed_at.millis());
        for (place, amount) in [
            (Place::Value, truth.value),
            (Place::Paid, truth.paid),
            (Place::Refunded, truth.refunded),
            (Place::ChargedBack, truth.charged_back),
            (Place::Released, truth.released),
            (Place::Fee, truth.fee),
            (Place::Held, truth.held),
            (Place::Harm, truth.harm),
        ] {
            batch.integer(place as usize, amount);
        }
        batch.end_row();
    }

    /// Adds a party.
    pub(super) fn party(&mut self, batch: &mut Batch, truth: &PartyTruth) {
        let archetype = self
            .archetypes
            .entry(truth.archetype.clone())
            .or_insert_with(|| Word::from(truth.archetype.clone()));
        batch.word(Place::Archetype as usize, archetype);
        word(batch, Place::Kind, "party");
        let (letter, role) = if truth.merchant { ("m", "merchant") } else { ("b", "buyer") };
        batch.numbered(Place::Id as usize, letter, u64::from(truth.number));
        word(batch, Place::Role, role);
        batch.boolean(Place::Cheats as usize, truth.cheats);
        batch.numbered(Place::Person as usize, "p", truth.person);
        if let Some(ring) = truth.ring {
            batch.numbered(Place::Ring as usize, "g", u64::from(ring));
        }
        batch.integer(Place::OpenedAt as usize, truth.opened_at.millis());
        for (place, at) in [(Place::FirstBadAt, truth.first_bad_at), (Place::ClosedAt, truth.closed_at)] {
            if let Some(at) = at {
                batch.integer(place as usize, at.millis());
            }
        }
        if truth.merchant {
            batch.integer(Place::Balance as usize, truth.balance);
            batch.integer(Place::ToppedUp as usize, truth.topped_up);
        } else {
            batch.integer(Place::Outstanding as usize, truth.outstanding);
        }
        batch.end_row();
    }
}
