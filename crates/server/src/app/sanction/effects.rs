//! What a party has open when a sanction is decided: it is written down, and nothing of it is cancelled.

use crate::app::error::AppError;
use crate::app::open::Probity;
use probity_credit::event::{Party, Role, standing};
use probity_credit::exposure::{Exposure, ExposureTypes};
use probity_store::Subject;

/// Open orders of a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OpenOrders {
    pub(super) count: i64,
    /// In minor units of the reporting currency.
    pub(super) value: i64,
}

/// The party's own number in an exposure that is about nobody else.
const OWN: u32 = 1;

impl Probity {
    /// Orders of a party that were paid and are not at their end, from its events as they stand.
    pub(super) fn open_orders(&self, party: &Party) -> Result<OpenOrders, AppError> {
        let (shared, catalogue) = (&self.shared, self.catalogue());
        let number = self.number(party)?;
        let events = shared.read(|reader| {
            let seqs = shared.postings(reader, Subject::Party(number))?;
            shared.events_at(reader, &seqs)
        })?;
        let marks = catalogue.marks.by_target(&catalogue.vocabulary, events.iter().map(|(_, event)| event));
        let types = ExposureTypes::resolve(&catalogue.vocabulary);
        let numbers = match party.role {
            Role::Merchant => (Some(OWN), None),
            Role::Buyer => (None, Some(OWN)),
        };
        let mut exposure = Exposure::default();
        for (_, event) in &events {
            let stands = marks.get(&event.key()).is_none_or(|marks| {
                standing(event.known_at, marks).last().is_some_and(|(_, stands)| *stands)
            });
            let change = types.change(&catalogue.vocabulary, &catalogue.rates, event);
            if let Some(change) = change.filter(|_| stands) {
                exposure.apply(&change, numbers, 1);
            }
        }
        let (count, value) = exposure.open_orders(OWN);
        Ok(OpenOrders { count: i64::try_from(count).unwrap_or(i64::MAX), value })
    }
}
