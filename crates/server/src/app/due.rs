//! Up to which moment scores are on record, and what takes that back: news that lies before it.

use probity_credit::catalogue::Catalogue;
use probity_credit::event::Event;
use probity_primitives::Timestamp;
use probity_primitives::wire::{Reader, WireError, Writer};

/// How far the scores on record may be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OnRecord {
    /// Every month that ended by this moment is on record as what is known now makes it.
    pub(super) upto: Timestamp,
    /// What `upto` will be when the recording under way is done.
    claimed: Timestamp,
    /// The newest moment at which anything came to count or ceased to.
    pub(super) newest: Timestamp,
}

impl Default for OnRecord {
    /// Of an empty log.
    fn default() -> Self {
        Self { upto: Timestamp::EARLIEST, claimed: Timestamp::EARLIEST, newest: Timestamp::EARLIEST }
    }
}

impl OnRecord {
    /// Of a log of which nothing is remembered: everything is to be looked at.
    pub(super) fn unknown() -> Self {
        Self { newest: Timestamp::LATEST, ..Self::default() }
    }

    /// Takes note of what came to count and what ceased to: the first and the last moment of each change. What became known
    /// in a month on record is news to that month and all later ones, of any party: its share of the platform's values is
    /// part of everybody's score.
    pub(super) fn note(&mut self, news: &[(Timestamp, Timestamp)]) {
        for (first, last) in news {
            let before = Timestamp::from_millis(first.millis().saturating_sub(1));
            self.upto = self.upto.min(before);
            self.claimed = self.claimed.min(before);
            self.newest = self.newest.max(*last);
        }
    }

    /// A recording up to a month's end begins; what comes in from now on is held against that.
    pub(super) fn begin(&mut self, end: Timestamp) {
        self.claimed = end;
    }

    /// It is done.
    pub(super) fn done(&mut self) {
        self.upto = self.claimed;
    }

    pub(super) fn encode(&self, writer: &mut Writer) {
        writer.signed(self.upto.millis());
        writer.signed(self.newest.millis());
    }

    pub(super) fn decode(reader: &mut Reader<'_>) -> Result<Self, WireError> {
        let (upto, newest) = (reader.signed()?, reader.signed()?);
        let upto = Timestamp::from_millis(upto);
        Ok(Self { upto, claimed: upto, newest: Timestamp::from_millis(newest) })
    }
}

/// True for events that put a score or tier on record: they feed no score themselves.
pub(super) fn is_record(catalogue: &Catalogue, event: &Event) -> bool {
    matches!(catalogue.vocabulary.get(event.kind).name.as_str(), "score.recorded" | "tier.changed")
}

/// True for events that say nothing about how a party trades: what is on record of its score, what it was sanctioned with
/// and told. They bring no new score on record.
pub(super) fn is_no_news(catalogue: &Catalogue, event: &Event) -> bool {
    is_record(catalogue, event) || is_sanction(catalogue, event)
}

/// True for events of sanctions, and for notices. A score never changes by one.
pub(super) fn is_sanction(catalogue: &Catalogue, event: &Event) -> bool {
    catalogue.sanctions.is_step(event.kind) || catalogue.sanctions.is_notice(event.kind)
}

/// The first and the last moment at which a step changes what counts: what is taken away and put back at the same moment
/// is no change.
pub(super) fn changed(moments: &[(Timestamp, i32)]) -> Option<(Timestamp, Timestamp)> {
    let changes = |moment: Timestamp| {
        moments.iter().filter(|(other, _)| *other == moment).map(|(_, sign)| sign).sum::<i32>() != 0
    };
    let mut at = moments.iter().map(|(moment, _)| *moment).filter(|moment| changes(*moment));
    let first = at.next()?;
    Some(at.fold((first, first), |(first, last), moment| (first.min(moment), last.max(moment))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_news() {
        type Case<'a> = (&'a [(i64, i32)], Option<(i64, i64)>);
        let cases: [Case<'_>; 5] = [
            (&[], None),
            (&[(5, 1)], Some((5, 5))),
            // A retraction at 9 of what was known at 5, as a step tells it: all it was taken away, all it is put back.
            (&[(5, -1), (5, 1), (9, -1)], Some((9, 9))),
            (&[(5, -1), (5, 1)], None),
            (&[(9, 1), (5, -1), (7, 1)], Some((5, 9))),
        ];
        for (moments, expected) in cases {
            let at = Timestamp::from_millis;
            let moments: Vec<_> = moments.iter().map(|(moment, sign)| (at(*moment), *sign)).collect();
            assert_eq!(changed(&moments), expected.map(|(first, last)| (at(first), at(last))), "{moments:?}");
        }
    }
}
