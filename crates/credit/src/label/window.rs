//! The performance window of a moment.

use probity_primitives::{Duration, Timestamp};

/// What counts for a label of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The moment: what occurred by then does not count.
    pub after: Timestamp,
    /// The window's last moment: what occurred then counts.
    pub upto: Timestamp,
    /// What became known later does not count, nor does what was taken back later.
    pub known_by: Timestamp,
}

impl Window {
    pub(super) const fn new(after: Timestamp, within: Duration, report: Duration) -> Self {
        let upto = after.plus(within);
        Self { after, upto, known_by: upto.plus(report) }
    }

    /// Whether a change that became known at one moment, of an event that occurred at another, counts.
    pub fn holds(&self, occurred_at: Timestamp, known_at: Timestamp) -> bool {
        self.after < occurred_at && occurred_at <= self.upto && known_at <= self.known_by
    }
}
