//! An import that writes nothing: each event is held against the store, where there is one, and against those before it.

use crate::app::error::AppError;
use crate::app::keeper::SYMBOLS;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::{Codec, Event, Symbols};
use probity_primitives::Digest;
use probity_store::{Key, Reader, SqliteReader, StoreError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::path::Path;

/// What would become of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Taken,
    Duplicate,
    Conflict,
}

pub(super) struct Rehearsal {
    reader: Option<SqliteReader>,
    codec: Codec,
    /// What was met so far, by what it says.
    met: HashMap<Key, Digest>,
}

impl Rehearsal {
    pub(super) fn new(folder: &Path, catalogue: &Catalogue) -> Result<Self, AppError> {
        let mut reader = match SqliteReader::open(folder) {
            Ok(reader) => Some(reader),
            Err(StoreError::Missing(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let symbols = reader.as_mut().map(|reader| reader.record(SYMBOLS)).transpose()?.flatten();
        let mut symbols = symbols.map_or_else(
            || Ok(Symbols::default()),
            |bytes| Symbols::decode(&bytes).map_err(|error| AppError::internal(format!("symbols: {error}"))),
        )?;
        let codec = Codec::new(&catalogue.vocabulary, &mut symbols);
        Ok(Self { reader, codec, met: HashMap::new() })
    }

    pub(super) fn fate(&mut self, catalogue: &Catalogue, event: &Event) -> Result<Fate, AppError> {
        let key = event.key();
        let of = |same: bool| if same { Fate::Duplicate } else { Fate::Conflict };
        if let Some(reader) = &mut self.reader
            && let Some(seq) = reader.find(&key)?
            && let Some(row) = reader.row(seq)?
        {
            let stands = self.codec.decode(&catalogue.vocabulary, &row.body);
            let stands = stands.map_err(|problem| problem.at(format!("log row {seq}")))?;
            return Ok(of(stands.same_statement(event)));
        }
        let said = Digest::of(&[&self.codec.encode(event)]);
        Ok(match self.met.entry(key) {
            Entry::Occupied(entry) => of(*entry.get() == said),
            Entry::Vacant(entry) => {
                entry.insert(said);
                Fate::Taken
            }
        })
    }
}
