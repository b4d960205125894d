//! Marks: events about other events. A retraction takes one back; while an objection is open its target is left out.

use super::fact::{Event, key_of};
use super::schema::{TypeIndex, Vocabulary};
use probity_primitives::Timestamp;
use std::collections::HashMap;

/// What a mark does to its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Marking {
    /// Takes it back for good.
    Retracted,
    /// Leaves it out until the objection is closed.
    Objected,
    /// The objection was upheld, or nothing could be verified: taken back for good.
    Corrected,
    /// The objection was not upheld: it stands again.
    Rejected,
}

/// A mark about an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Key of the marked event.
    pub target: [u8; 16],
    /// When the mark became known.
    pub known_at: Timestamp,
    /// The mark's own key, which decides between marks of one moment.
    pub key: [u8; 16],
    /// What it does.
    pub marking: Marking,
}

/// The types that carry marks.
#[derive(Debug, Clone, Copy, Default)]
pub struct MarkTypes {
    retracted: Option<TypeIndex>,
    opened: Option<TypeIndex>,
    closed: Option<TypeIndex>,
}

impl MarkTypes {
    /// Finds them in a vocabulary; a vocabulary without them knows no marks.
    pub fn resolve(vocabulary: &Vocabulary) -> Self {
        Self {
            retracted: vocabulary.find("event.retracted"),
            opened: vocabulary.find("objection.opened"),
            closed: vocabulary.find("objection.closed"),
        }
    }

    /// True for a type that carries marks.
    pub fn is_mark(&self, kind: TypeIndex) -> bool {
        [self.retracted, self.opened, self.closed].contains(&Some(kind))
    }

    /// The mark that an event is, if it is one.
    pub fn read(&self, vocabulary: &Vocabulary, event: &Event) -> Option<Mark> {
        let declared = vocabulary.get(event.kind);
        let marking = if Some(event.kind) == self.retracted {
            Marking::Retracted
        } else if Some(event.kind) == self.opened {
            Marking::Objected
        } else if Some(event.kind) == self.closed {
            match event.text(declared, "outcome") {
                Some("rejected") => Marking::Rejected,
                // What could not be verified may not count against anybody (15 USC 1681i asks for its deletion).
                _ => Marking::Corrected,
            }
        } else {
            return None;
        };
        let source = event.text(declared, "target_source").unwrap_or(event.source.as_str());
        let target = key_of(source, event.text(declared, "target")?);
        Some(Mark { target, known_at: event.known_at, key: event.key(), marking })
    }

    /// The marks among some events, by their target.
    pub fn by_target<'e>(
        &self,
        vocabulary: &Vocabulary,
        events: impl IntoIterator<Item = &'e Event>,
    ) -> HashMap<[u8; 16], Vec<Mark>> {
        let mut marks: HashMap<[u8; 16], Vec<Mark>> = HashMap::new();
        for mark in events.into_iter().filter_map(|event| self.read(vocabulary, event)) {
            marks.entry(mark.target).or_default().push(mark);
        }
        marks
    }
}

/// Since when an event stands: ascending moments, each with whether it stands from there on. The first is when the event
/// (or a mark known before it) became known. The order in which marks arrived does not matter.
pub fn standing(known_at: Timestamp, marks: &[Mark]) -> Vec<(Timestamp, bool)> {
    let mut marks: Vec<&Mark> = marks.iter().collect();
    marks.sort_by_key(|mark| (mark.known_at, mark.key));
    let (mut retracted, mut objected) = (false, false);
    let mut moments = vec![(known_at, true)];
    for mark in marks {
        match mark.marking {
            Marking::Retracted | Marking::Corrected => retracted = true,
            Marking::Objected => objected = true,
            Marking::Rejected => objected = false,
        }
        let at = mark.known_at.max(known_at);
        let stands = !retracted && !objected;
        match moments.last_mut() {
            Some(last) if last.0 == at => last.1 = stands,
            Some(last) if last.1 == stands => {}
            _ => moments.push((at, stands)),
        }
    }
    // Marks of one moment may cancel each other out.
    moments.dedup_by(|later, earlier| later.1 == earlier.1);
    moments
}

/// Whether an event with these moments stands at a moment.
pub fn stands_at(standing: &[(Timestamp, bool)], at: Timestamp) -> bool {
    standing.iter().rev().find(|(from, _)| *from <= at).is_some_and(|(_, stands)| *stands)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(at: i64, key: u8, marking: Marking) -> Mark {
        Mark { target: [0; 16], known_at: Timestamp::from_millis(at), key: [key; 16], marking }
    }

    #[test]
    fn when_an_event_stands() {
        use Marking::{Corrected, Objected, Rejected, Retracted};
        type Case<'a> = (&'a [Mark], &'a [(i64, bool)]);
        let cases: [Case<'_>; 7] = [
            (&[], &[(10, true)]),
            (&[mark(20, 1, Retracted)], &[(10, true), (20, false)]),
            (&[mark(5, 1, Retracted)], &[(10, false)]),
            (&[mark(30, 1, Retracted), mark(20, 2, Retracted)], &[(10, true), (20, false)]),
            (&[mark(20, 1, Objected), mark(30, 2, Rejected)], &[(10, true), (20, false), (30, true)]),
            (
                &[mark(20, 1, Objected), mark(30, 2, Corrected), mark(40, 3, Rejected)],
                &[(10, true), (20, false)],
            ),
            (&[mark(20, 2, Rejected), mark(20, 1, Objected)], &[(10, true)]),
        ];
        for (marks, expected) in cases {
            let expected: Vec<_> =
                expected.iter().map(|(at, stands)| (Timestamp::from_millis(*at), *stands)).collect();
            assert_eq!(standing(Timestamp::from_millis(10), marks), expected, "{marks:?}");
        }
    }
}
