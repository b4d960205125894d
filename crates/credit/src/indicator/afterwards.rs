//! Indicators over a window *after* a moment: what labels are made of.
//!
//! The same definitions, compiled anew with one window in place of each one's own. A state for such a plan is fed only the
//! events of that window, so that its bounds are moments and not days.

use super::compile::{Kind, Plan};
use super::definition::{Aggregate, Body, Definition, Measured, Window};
use crate::event::{Rates, Role, Vocabulary};
use std::collections::BTreeSet;

impl Plan {
    /// A plan of the indicators of a role that `columns` (places in [`Plan::names`]) read, directly or through derived ones,
    /// each over the last `days` days instead of its own window.
    ///
    /// # Errors
    /// Why one of them says nothing about a window of that kind.
    pub fn over_days(
        &self,
        role: Role,
        columns: &[usize],
        days: i32,
        (vocabulary, rates): (&Vocabulary, &Rates),
    ) -> Result<Self, String> {
        let mut definitions = Vec::new();
        for place in self.read_by(role, columns) {
            let Some(definition) = self.definitions(role).nth(place) else { continue };
            definitions.push(over(definition, days)?);
        }
        // Windows over adverse facts are bounded by the regime; whoever asks has checked the days against it.
        Self::compile(definitions, vocabulary, rates, &[], i32::MAX).map_err(|problems| {
            let told: Vec<String> = problems.into_iter().map(|problem| problem.detail).collect();
            told.join("; ")
        })
    }

    /// The indicators of a role that some of them read, themselves included.
    fn read_by(&self, role: Role, columns: &[usize]) -> BTreeSet<usize> {
        let kinds: Vec<&Kind> = self
            .indicators()
            .iter()
            .filter(|indicator| indicator.definition.of == role)
            .map(|indicator| &indicator.kind)
            .collect();
        let mut read = BTreeSet::new();
        let mut open = columns.to_vec();
        while let Some(place) = open.pop() {
            if read.insert(place)
                && let Some(Kind::Derived(expression)) = kinds.get(place)
            {
                open.extend(expression.columns());
            }
        }
        read
    }
}

/// A definition with another window.
fn over(definition: &Definition, days: i32) -> Result<Definition, String> {
    let mut definition = definition.clone();
    if let Body::Measured(measured) = &mut definition.body {
        if let Some(why) = unfit(measured) {
            return Err(format!("'{}' {why}", definition.name));
        }
        measured.window = Window::Days(days);
    }
    Ok(definition)
}

/// Why a measure says nothing about a window after a moment.
fn unfit(measured: &Measured) -> Option<&'static str> {
    match measured.aggregate {
        Aggregate::DaysSinceFirst | Aggregate::DaysSinceLast => {
            Some("counts days up to the moment; a window after it has no such moment")
        }
        Aggregate::DecayedSum => Some("weighs facts by their age; within the window each counts the same"),
        _ if measured.prior.is_some() => {
            Some("is pulled to a prior; what happened afterwards is a fact and no estimate")
        }
        _ if matches!(measured.window, Window::Hours(_)) => {
            Some("looks for what comes together within hours; over days it would say something else")
        }
        _ => None,
    }
}
