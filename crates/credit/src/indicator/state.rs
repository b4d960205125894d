//! Everything one party's indicators are read from.

use super::compile::Plan;
use super::measure::{Contributions, hash};
use super::tile::{Occasion, Tiles};
use crate::event::{Event, Role};
use probity_primitives::Timestamp;
use probity_primitives::wire::{Reader, WireError, Writer};

/// The tiles of one party. Valid for any moment from [`PartyState::newest`] on; for earlier ones a state is built anew
/// from the events that were known then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyState {
    /// Whose it is.
    pub role: Role,
    /// The newest `known_at` that went in.
    pub newest: Timestamp,
    /// How many events went in, less those taken back.
    pub events: i64,
    tiles: Vec<(u16, Tiles)>,
}

/// Buckets beyond a measure's retention that may gather before they are forgotten; few in tests, so that they forget often.
const SLACK: usize = if cfg!(test) { 2 } else { 64 };

impl PartyState {
    /// A party of which nothing is known.
    pub fn new(role: Role) -> Self {
        Self { role, newest: Timestamp::EARLIEST, events: 0, tiles: Vec::new() }
    }

    /// Adds an event (`sign` 1) or takes it back (−1). `known_at` is when this step became known: the event's own, or the
    /// retraction's. `contributions` are those of [`Plan::contributions`], of which the party's own role is taken.
    pub fn apply(
        &mut self,
        plan: &Plan,
        event: &Event,
        contributions: &Contributions,
        known_at: Timestamp,
        sign: i32,
    ) {
        self.newest = self.newest.max(known_at);
        self.events += i64::from(sign);
        let other = match self.role {
            Role::Merchant => &event.buyer,
            Role::Buyer => &event.merchant,
        };
        let (day, hour) = (event.occurred_at.day(), event.occurred_at.hour());
        let mut occasion =
            Occasion { bucket: 0, occurred: event.occurred_at.millis(), key: 0, counterparty: 0, month: 0 };
        let mut paired = false;
        for (slot, contribution) in contributions {
            let Some(measure) = plan.measure(*slot).filter(|measure| measure.role == self.role) else {
                continue;
            };
            if measure.pair_cap.is_some() && !paired {
                // Hashes are dear, and only caps ask for them. Without another party there is no pair: such rows share one.
                occasion.key = first_eight(&event.key());
                occasion.counterparty = other.as_ref().map_or(0, |id| hash(id.as_str().as_bytes()));
                occasion.month = day.month();
                paired = true;
            }
            occasion.bucket = if measure.hourly { i32::try_from(hour).unwrap_or(i32::MAX) } else { day.0 };
            let tiles = match self.tiles.binary_search_by_key(slot, |(known, _)| *known) {
                Ok(at) => at,
                Err(at) => {
                    self.tiles.insert(at, (*slot, Tiles::new(measure.keeping)));
                    at
                }
            };
            let Some((_, tiles)) = self.tiles.get_mut(tiles) else { continue };
            tiles.add(measure, &occasion, contribution, sign);
            if let Some(retention) = measure.retention
                && tiles.buckets() > retention as usize + SLACK
            {
                let newest = if measure.hourly { self.newest.hour() } else { i64::from(self.newest.day().0) };
                let first = i32::try_from(newest).unwrap_or(i32::MAX).saturating_sub(retention);
                tiles.forget_before(measure, first);
            }
        }
    }

    pub(super) fn tiles(&self, slot: u16) -> Option<&Tiles> {
        let at = self.tiles.binary_search_by_key(&slot, |(known, _)| *known).ok()?;
        self.tiles.get(at).map(|(_, tiles)| tiles)
    }

    /// As stored bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.byte(self.role.number());
        writer.signed(self.newest.millis());
        writer.signed(self.events);
        writer.unsigned(self.tiles.len() as u64);
        for (slot, tiles) in &self.tiles {
            writer.unsigned(u64::from(*slot));
            tiles.encode(&mut writer);
        }
        writer.bytes
    }

    /// From stored bytes.
    ///
    /// # Errors
    /// When the bytes are not what [`PartyState::encode`] makes.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let mut reader = Reader::new(bytes);
        let role = Role::from_number(reader.byte()?).ok_or(WireError::Malformed)?;
        let newest = Timestamp::from_millis(reader.signed()?);
        let events = reader.signed()?;
        let mut tiles = Vec::new();
        for _ in 0..reader.count()? {
            let slot = u16::try_from(reader.unsigned()?).map_err(|_| WireError::Malformed)?;
            tiles.push((slot, Tiles::decode(&mut reader)?));
        }
        Ok(Self { role, newest, events, tiles })
    }

    /// A rough size in memory, in bytes, for caches.
    pub fn weight(&self) -> usize {
        200 + self.tiles.iter().map(|(_, tiles)| 48 + tiles.weight()).sum::<usize>()
    }
}

fn first_eight(key: &[u8; 16]) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&key[..8]);
    u64::from_be_bytes(first)
}
