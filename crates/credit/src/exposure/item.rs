//! What one event changes about what is open.

use crate::event::{Event, Rates, TypeIndex, Vocabulary};

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

    /// What an event changes, and the id of the thing that it changes; amounts in minor units of the reporting currency.
    pub(super) fn part<'a>(
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
