//! From what happened in the window to a verdict.

use super::definition::Label;
use super::observed::{Afterwards, Observed};
use super::window::Window;
use crate::event::{Event, Rates, Vocabulary};
use crate::indicator::{Contributions, PartyState, Priors};
use probity_expression::{Expression, Faults, Row, Value};
use probity_primitives::Timestamp;

/// What became of a party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is not known to be bad.
    Good,
    /// `bad` is true.
    Bad,
    /// `bad` is not true and `indeterminate` is: no part of the sample.
    Indeterminate,
}

/// A verdict, and whether `bad` had a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Judged {
    /// What became of it.
    pub verdict: Verdict,
    /// `bad` was null, and so counts as not true.
    pub unknown: bool,
}

impl Label {
    /// The performance window of a moment.
    pub const fn window(&self, at: Timestamp) -> Window {
        Window::new(at, self.within(), self.report())
    }

    /// What an event adds for this label; nothing when no condition reads it.
    pub fn contributions(&self, vocabulary: &Vocabulary, rates: &Rates, event: &Event) -> Contributions {
        self.afterwards().contributions(vocabulary, rates, event, &mut Faults::default())
    }

    /// Takes an event of the window in (`sign` 1), or takes it back (−1). The caller looks at [`Window::holds`].
    pub fn apply(
        &self,
        state: &mut PartyState,
        event: &Event,
        contributions: &Contributions,
        known_at: Timestamp,
        sign: i32,
    ) {
        state.apply(self.afterwards(), event, contributions, known_at, sign);
    }

    /// Whether a party is in the sample: what `observe` asks for was there. One without history is none.
    pub fn observes(&self, observed: &Observed<'_>) -> bool {
        self.observe().is_none_or(|observe| is_true(observe, observed) == Some(true))
    }

    /// Whether a party is left out.
    pub fn excludes(&self, observed: &Observed<'_>) -> bool {
        self.exclude().is_some_and(|exclude| is_true(exclude, observed) == Some(true))
    }

    /// What became of a party, from the state that took the window's events in.
    pub fn judge(&self, state: &PartyState, window: &Window) -> Judged {
        let values = self.afterwards().values(state, window.upto, &Priors::default());
        let row = Afterwards(&values);
        let bad = is_true(self.bad(), &row);
        let unclear = || self.indeterminate().is_some_and(|unclear| is_true(unclear, &row) == Some(true));
        let verdict = match bad {
            Some(true) => Verdict::Bad,
            _ if unclear() => Verdict::Indeterminate,
            _ => Verdict::Good,
        };
        Judged { verdict, unknown: bad.is_none() }
    }
}

fn is_true<R: Row>(expression: &Expression, row: &R) -> Option<bool> {
    match expression.evaluate(row, &mut Faults::default()) {
        Value::Boolean(value) => Some(value),
        _ => None,
    }
}
