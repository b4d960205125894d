//! Proofs about a table: that its rules leave no case open, that each rule can hold, which rules overlap.
//!
//! The search splits one variable after the other into the stretches that its constants make, and looks no further where
//! the rules at hand are settled. It is exact for conditions that compare columns with constants; other parts of a condition
//! may answer anything, so a table that is covered only thanks to what they mean is refused and asks for a last rule
//! without a condition.

use super::fields::Fields;
use super::formula::{Formula, Point, Variable, points};
use std::collections::{BTreeMap, BTreeSet};

/// Looks at rules in one search at most; a table that needs more has to end with a rule without a condition.
const MOST_LOOKS: usize = 3_000_000;
/// Looks at rules in all searches over one table: about a second. What is not proved then is said to be so.
const MOST_LOOKS_IN_ALL: usize = 15_000_000;

/// A case: where each variable that matters lies.
pub(super) type Case = BTreeMap<Variable, Point>;

/// What a search found.
#[derive(Debug, PartialEq)]
pub(super) enum Found {
    /// Nothing.
    Nothing,
    /// A case.
    Case(Case),
    /// The search was given up.
    TooMuch,
}

/// Proofs about the rules of one table, as long as its looks last.
pub(super) struct Proofs<'a> {
    fields: &'a Fields,
    formulas: &'a [Formula],
    looks: usize,
}

struct Search<'a> {
    stretches: BTreeMap<Variable, Vec<Point>>,
    looks: usize,
    holds: Vec<&'a Formula>,
}

impl<'a> Search<'a> {
    fn new(fields: &Fields, holds: Vec<&'a Formula>, none: &[&'a Formula], looks: usize) -> Self {
        let all = || holds.iter().chain(none);
        let mut variables = BTreeSet::new();
        all().for_each(|formula| formula.variables(&mut variables));
        let stretch = |variable: Variable| {
            let mut constants = Vec::new();
            if let Variable::Column(place) = &variable {
                all().for_each(|formula| formula.constants(*place, &mut constants));
            }
            let points = points(&variable, fields, &constants);
            (variable, points)
        };
        let stretches = variables.into_iter().map(stretch).collect();
        Self { stretches, looks, holds }
    }

    /// A case in which none of `none` holds and all of `self.holds` do.
    fn find(&mut self, none: &[&'a Formula], case: &mut Case) -> Found {
        let Some(left) = self.looks.checked_sub(none.len() + 1) else { return Found::TooMuch };
        self.looks = left;
        let known = |variable: &Variable| case.get(variable);
        let mut undecided = None;
        for formula in &self.holds {
            match formula.truth(&known) {
                Some(Some(true)) => {}
                Some(Some(false) | None) => return Found::Nothing,
                None => undecided = undecided.or(Some(*formula)),
            }
        }
        let mut open = Vec::new();
        for formula in none {
            match formula.truth(&known) {
                Some(Some(true)) => return Found::Nothing,
                Some(_) => {}
                None => open.push(*formula),
            }
        }
        let Some(formula) = undecided.or(open.first().copied()) else { return Found::Case(case.clone()) };
        let mut asked = BTreeSet::new();
        formula.variables(&mut asked);
        let Some(variable) = asked.into_iter().find(|variable| !case.contains_key(variable)) else {
            return Found::TooMuch;
        };
        for point in self.stretches.get(&variable).cloned().unwrap_or_default() {
            case.insert(variable.clone(), point);
            match self.find(&open, case) {
                Found::Nothing => {}
                found => return found,
            }
        }
        case.remove(&variable);
        Found::Nothing
    }
}

impl<'a> Proofs<'a> {
    pub(super) const fn new(fields: &'a Fields, formulas: &'a [Formula]) -> Self {
        Self { fields, formulas, looks: MOST_LOOKS_IN_ALL }
    }

    fn search(&mut self, holds: &[usize], none: &[u32]) -> Found {
        let holds: Vec<&Formula> = holds.iter().filter_map(|place| self.formulas.get(*place)).collect();
        let none: Vec<&Formula> =
            none.iter().filter_map(|place| self.formulas.get(*place as usize)).collect();
        let looks = self.looks.min(MOST_LOOKS);
        // Setting a search up reads every formula once.
        let Some(left) = looks.checked_sub(none.len()) else { return Found::TooMuch };
        let mut search = Search::new(self.fields, holds, &none, left);
        let found = search.find(&none, &mut Case::new());
        self.looks -= looks - search.looks;
        found
    }

    /// A case that no rule covers.
    pub(super) fn open_case(&mut self) -> Found {
        if self.formulas.iter().any(|formula| matches!(formula, Formula::Known(Some(true)))) {
            return Found::Nothing;
        }
        let all: Vec<u32> = (0..self.formulas.len() as u32).collect();
        self.search(&[], &all)
    }

    /// Whether a rule can hold where none of those before it does; `before` are those that can hold where it does.
    pub(super) fn reachable(&mut self, place: usize, before: &[u32]) -> Found {
        self.search(&[place], before)
    }

    /// Whether two rules can hold at once.
    pub(super) fn overlap(&mut self, first: usize, second: usize) -> Found {
        self.search(&[first, second], &[])
    }
}

/// A case in words.
pub(super) fn told(fields: &Fields, case: &Case) -> String {
    if case.is_empty() {
        return "any request".into();
    }
    let one = |(variable, point): (&Variable, &Point)| {
        let name = match variable {
            Variable::Column(place) => fields.name(*place).to_owned(),
            Variable::Question(text) => text.clone(),
        };
        let value = match point {
            Point::Null => "NULL".to_owned(),
            Point::Boolean(value) => value.to_string().to_uppercase(),
            Point::Number(value) => match variable {
                Variable::Column(place) => fields.written(*place, *value),
                Variable::Question(_) => value.to_string(),
            },
            Point::Text(text) => format!("'{}'", text.replace('\u{1}', "…")),
        };
        format!("{name} = {value}")
    };
    case.iter().map(one).collect::<Vec<_>>().join(", ")
}
