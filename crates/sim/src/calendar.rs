//! What is still to happen: actions by day, in the order of their moments within a day.

use probity_primitives::{Day, Timestamp};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Days ahead that an action can lie; what lies further is put on the last of them. Longer than any chain of a life needs.
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
        let ahead = (at.day().0 - self.day.0).clamp(0, AHEAD - 1);
        if ahead == 0 {
            self.today.push(Reverse(planned));
        } else if self.day.0 + ahead <= self.last.0 {
            let place = (self.day.0 + ahead).rem_euclid(AHEAD) as usize;
            self.days[place].push(planned);
        }
    }

    /// The next action of today.
    pub(crate) fn next(&mut self) -> Option<(Timestamp, A)> {
        self.today.pop().map(|Reverse(planned)| (Timestamp::from_millis(planned.at), planned.action))
    }

    /// Turns to the next day; false when that lies behind the last.
    pub(crate) fn turn(&mut self) -> bool {
        self.day = self.day.plus(1);
        let place = self.day.0.rem_euclid(AHEAD) as usize;
        let due = std::mem::take(&mut self.days[place]);
        self.today = due.into_iter().map(Reverse).collect::<Vec<_>>().into();
        self.day.0 <= self.last.0
    }
}
