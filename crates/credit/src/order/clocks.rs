//! How long the stages of an order may take (`catalogue/orders.toml`).

use crate::source::Source;
use probity_primitives::{Duration, Problem};
use serde::Deserialize;
use toml::Spanned;

/// The clocks of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Clocks {
    /// After delivery the buyer may claim for this long; then the order is mature.
    pub claim_window: Duration,
    /// This long after the promised delivery an order without one counts as undelivered.
    pub undelivered_after: Duration,
    /// Promised delivery where none was given, from the order's placing.
    pub deliver_within: Duration,
    /// Promised dispatch where none was given, from payment.
    pub ship_within: Duration,
    /// An order without payment for this long counts as unpaid.
    pub pay_within: Duration,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    claim_window: Spanned<String>,
    undelivered_after: Spanned<String>,
    deliver_within: Spanned<String>,
    ship_within: Spanned<String>,
    pay_within: Spanned<String>,
}

impl Clocks {
    /// Reads `orders.toml`.
    ///
    /// # Errors
    /// `definition-invalid` or `time-invalid`, with the place.
    pub fn parse(source: &Source<'_>) -> Result<Self, Problem> {
        let file: File = source.read()?;
        let read = |text: &Spanned<String>| {
            Duration::parse(text.get_ref()).map_err(|problem| problem.at(source.at(&text.span())))
        };
        Ok(Self {
            claim_window: read(&file.claim_window)?,
            undelivered_after: read(&file.undelivered_after)?,
            deliver_within: read(&file.deliver_within)?,
            ship_within: read(&file.ship_within)?,
            pay_within: read(&file.pay_within)?,
        })
    }
}

impl Default for Clocks {
    /// The starter catalogue's settings.
    fn default() -> Self {
        Self {
            claim_window: Duration::days(30),
            undelivered_after: Duration::days(30),
            deliver_within: Duration::days(30),
            ship_within: Duration::days(5),
            pay_within: Duration::days(7),
        }
    }
}
