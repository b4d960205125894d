//! What one event changes about what is open.

use crate::event::{Event, Rates, TypeIndex, Vocabulary};
use probity_primitives::{Digest, ExternalId};

/// The types that open and close something.
#[derive(Debug, Clone, Copy)]
pub struct ExposureTypes {
    paid: Option<TypeIndex>,
    refunded: Option<TypeIndex>,
    delivered: Option<TypeIndex>,
    cancelled: Option<TypeIndex>,
    drawn: Option<TypeIndex>,
    repaid: Option<TypeIndex>,
    written_off: Option<TypeIndex>,
    claimed: Option<TypeIndex>,
    claim_decided: Option<TypeIndex>,
    claim_withdrawn: Option<TypeIndex>,
}

/// What something open is known by.
pub(super) type Key = [u8; 16];

/// What one event changes about one thing.
#[derive(Debug, Clone, Copy)]
pub struct Change<'e> {
    pub(super) event: &'e Event,
    /// The id of the thing.
    pub(super) id: &'e str,
    pub(super) key: Key,
    pub(super) kind: u8,
    pub(super) part: Part,
}

pub(super) const ORDER: u8 = 0;
pub(super) const CREDIT: u8 = 1;
pub(super) const CLAIM: u8 = 2;

/// What is open in one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Paid for an order, less what was refunded.
    Order(i64),
    /// The order was delivered or ended.
    OrderEnds,
    /// Drawn on a line, less what was repaid or written off.
    Credit(i64),
    /// Claimed.
    Claim(i64),
    /// The claim was decided or withdrawn.
    ClaimEnds,
}

impl Part {
    /// What kind of thing it is a part of, and whose id that thing's own is unique with.
    fn of<'e>(&self, event: &'e Event) -> (u8, &'e str) {
        let owner = |party: &'e Option<ExternalId>| party.as_ref().map_or("", |id| id.as_str());
        match self {
            Self::Order(_) | Self::OrderEnds => (ORDER, owner(&event.merchant)),
            Self::Credit(_) => (CREDIT, owner(&event.buyer)),
            Self::Claim(_) | Self::ClaimEnds => (CLAIM, owner(&event.merchant)),
        }
    }
}

fn key_of(kind: u8, owner: &str, id: &str) -> Key {
    Digest::of(&[&[kind], &(owner.len() as u64).to_be_bytes(), owner.as_bytes(), id.as_bytes()]).half()
}

impl ExposureTypes {
    /// Finds them in a vocabulary.
    pub fn resolve(vocabulary: &Vocabulary) -> Self {
        let find = |name: &str| vocabulary.find(name);
        Self {
            paid: find("order.paid"),
            refunded: find("refund.issued"),
            delivered: find("order.delivered"),
            cancelled: find("order.cancelled"),
            drawn: find("credit.drawn"),
            repaid: find("credit.repaid"),
            written_off: find("credit.written_off"),
            claimed: find("claim.opened"),
            claim_decided: find("claim.decided"),
            claim_withdrawn: find("claim.withdrawn"),
        }
    }

    /// What an event changes, if anything; amounts in minor units of the reporting currency.
    pub fn change<'e>(
        &self,
        vocabulary: &'e Vocabulary,
        rates: &Rates,
        event: &'e Event,
    ) -> Option<Change<'e>> {
        let (id, part) = self.part(vocabulary, rates, event)?;
        let (kind, owner) = part.of(event);
        Some(Change { event, id, key: key_of(kind, owner, id), kind, part })
    }

    /// The same, and the id of the thing that it changes.
    fn part<'a>(
        &self,
        vocabulary: &'a Vocabulary,
        rates: &Rates,
        event: &'a Event,
    ) -> Option<(&'a str, Part)> {
        let declared = vocabulary.get(event.kind);
        let is = |kind: Option<TypeIndex>| kind == Some(event.kind);
        let value = || {
            let minor = event.integer(declared, "value")?;
            rates.to_reporting(minor, event.currency?, event.occurred_at)
        };
        let of = |field: &str| event.text(declared, field);
        if is(self.paid) {
            Some((of("order")?, Part::Order(value()?)))
        } else if is(self.refunded) {
            Some((of("order")?, Part::Order(-value()?)))
        } else if is(self.delivered) || is(self.cancelled) {
            Some((of("order")?, Part::OrderEnds))
        } else if is(self.drawn) {
            Some((of("line")?, Part::Credit(value()?)))
        } else if is(self.repaid) || is(self.written_off) {
            Some((of("line")?, Part::Credit(-value()?)))
        } else if is(self.claimed) {
            Some((of("claim")?, Part::Claim(value().unwrap_or(0))))
        } else if is(self.claim_decided) || is(self.claim_withdrawn) {
            Some((of("claim")?, Part::ClaimEnds))
        } else {
            None
        }
    }
}
