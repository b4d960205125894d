//! The log read from its beginning, when something that was kept beside it has to be made again.

use super::error::AppError;
use super::shared::Shared;
use probity_credit::event::{Event, Mark, standing};
use probity_primitives::Timestamp;
use probity_store::Reader;
use std::collections::HashMap;

/// Rows read in one go.
const ROWS: usize = 10_000;

/// Every event up to a row that is no mark, in order, with the moments from which it stands and no longer stands.
pub(super) fn each_event<R: Reader>(
    shared: &Shared,
    reader: &mut R,
    upto: u64,
    progress: &mut dyn FnMut(u64, u64),
    mut each: impl FnMut(&mut R, Event, &[(Timestamp, bool)]) -> Result<(), AppError>,
) -> Result<(), AppError> {
    let catalogue = &shared.catalogue;
    let mut marks: HashMap<[u8; 16], Vec<Mark>> = HashMap::new();
    // Marks first: they may stand before or after what they are about.
    for pass in 0..2 {
        let mut next = 1;
        while next <= upto {
            let rows = reader.range(next, ROWS)?;
            let Some(end) = rows.last().map(|row| row.seq) else { break };
            for row in rows.iter().filter(|row| row.seq <= upto && !shared.codec.passes_over(&row.body)) {
                let event = shared.decode(row)?;
                match catalogue.marks.read(&catalogue.vocabulary, &event) {
                    Some(mark) if pass == 0 => marks.entry(mark.target).or_default().push(mark),
                    None if pass == 1 => {
                        let own = marks.get(&row.key).map_or(&[][..], Vec::as_slice);
                        let moments = standing(event.known_at, own);
                        each(reader, event, &moments)?;
                    }
                    _ => {}
                }
            }
            next = end + 1;
            progress(next / 2 + pass * upto / 2, upto);
        }
    }
    Ok(())
}
