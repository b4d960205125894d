//! What is still to happen: actions by day, in the order of their moments within a day.

use probity_primitives::{Day, Timestamp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Days ahead that have a list of their own. What lies further waits on the last of them and is put on again from there.
const AHEAD: i32 = 400;

/// An action: when, what, and about whom. Of two at one moment the one planned first comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Planned<A> {
    at: i64,
    nth: u64,
    action: A,
}

/// The calendar.
#[derive(Debug)]
pub(crate) struct Calendar<A> {
    days: Vec<Vec<Planned<A>>>,
    today: BinaryHeap<Reverse<Planned<A>>>,
    day: Day,
    last: Day,
    nth: u64,
}

impl<A: Copy + Ord> Calendar<A> {
    /// A calendar from a first to a last day.
    pub(crate) fn new(first: Day, last: Day) -> Self {
        let days = (0..AHEAD).map(|_| Vec::new()).collect();
        Self { days, today: BinaryHeap::new(), day: first, last, nth: 0 }
    }

    /// The day it is.
    pub(crate) fn day(&self) -> Day {
        self.day
    }

    /// Plans an action; one that lies in the past happens next, one after the last day never.
    pub(crate) fn plan(&mut self, at: Timestamp, action: A) {
        self.nth += 1;
        let planned = Planned { at: at.millis(), nth: self.nth, action };
        if at.day() <= self.day {
            self.today.push(Reverse(planned));
        } else if at.day() <= self.last {
            self.put(planned);
        }
    }

    /// Puts an action of a later day on a list.
    fn put(&mut self, planned: Planned<A>) {
        let day = Timestamp::from_millis(planned.at).day().0.min(self.day.0 + AHEAD - 1);
        self.days[day.rem_euclid(AHEAD) as usize].push(planned);
    }

    /// The next action of today.
    pub(crate) fn next(&mut self) -> Option<(Timestamp, A)> {
        self.today.pop().map(|Reverse(planned)| (Timestamp::from_millis(planned.at), planned.action))
    }

    /// Turns to the next day; false when that lies behind the last.
    pub(crate) fn turn(&mut self) -> bool {
        self.day = self.day.plus(1);
        let place = self.day.0.rem_euclid(AHEAD) as usize;
        let mut due = std::mem::take(&mut self.days[place]);
        let end = self.day.end().millis();
        due.extract_if(.., |planned| planned.at > end)
            .collect::<Vec<_>>()
            .into_iter()
            .for_each(|planned| self.put(planned));
        self.today = due.into_iter().map(Reverse).collect::<Vec<_>>().into();
        self.day.0 <= self.last.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_far_ahead_happens_on_its_day() {
        let mut calendar = Calendar::new(Day(10), Day(2_000));
        let days = [10, 11, 408, 409, 410, 411, 809, 1_500, 2_000, 2_001, 3];
        for day in days {
            calendar.plan(Day(day).start(), day);
        }
        let mut seen = Vec::new();
        loop {
            while let Some((at, day)) = calendar.next() {
                assert_eq!(at, Day(day).start());
                assert!(calendar.day() == Day(day) || day == 3, "{day} on {}", calendar.day().0);
                seen.push(day);
            }
            if !calendar.turn() {
                break;
            }
        }
        // What lies in the past happens at once, what lies behind the last day never.
        assert_eq!(seen, [3, 10, 11, 408, 409, 410, 411, 809, 1_500, 2_000]);
    }
}
