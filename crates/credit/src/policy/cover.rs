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

struct Search<'a> {
    stretches: BTreeMap<Variable, Vec<Point>>,
    formulas: &'a [Formula],
    looks: usize,
}

impl<'a> Search<'a> {
    fn new(fields: &Fields, formulas: &'a [Formula]) -> Self {
        let mut variables = BTreeSet::new();
        formulas.iter().for_each(|formula| formula.variables(&mut variables));
        let stretch = |variable: Variable| {
            let mut constants = Vec::new();
            if let Variable::Column(place) = &variable {
                formulas.iter().for_each(|formula| formula.constants(*place, &mut constants));
            }
            let points = points(&variable, fields, &constants);
            (variable, points)
        };
        let stretches = variables.into_iter().map(stretch).collect();
        Self { stretches, formulas, looks: 0 }
    }

    /// A case in which none of `none` holds and, if given, `holds` does.
    fn find(&mut self, holds: Option<usize>, none: &[usize], case: &mut Case) -> Found {
        self.looks += none.len() + 1;
        if self.looks > MOST_LOOKS {
            return Found::TooMuch;
        }
        let known = |variable: &Variable| case.get(variable);
        let wanted = holds.map(|place| self.formulas[place].truth(&known));
        if matches!(wanted, Some(Some(Some(false) | None))) {
            return Found::Nothing;
        }
        let mut open = Vec::new();
        for place in none {
            match self.formulas[*place].truth(&known) {
                Some(Some(true)) => return Found::Nothing,
                Some(_) => {}
                None => open.push(*place),
            }
        }
        let undecided = match wanted {
            Some(None) => holds,
            _ => open.first().copied(),
        };
        let Some(place) = undecided else { return Found::Case(case.clone()) };
        let mut asked = BTreeSet::new();
        self.formulas[place].variables(&mut asked);
        let Some(variable) = asked.into_iter().find(|variable| !case.contains_key(variable)) else {
            return Found::TooMuch;
        };
        for point in self.stretches.get(&variable).cloned().unwrap_or_default() {
            case.insert(variable.clone(), point);
            match self.find(holds, &open, case) {
                Found::Nothing => {}
                found => return found,
            }
        }
        case.remove(&variable);
        Found::Nothing
    }
}

/// A case that no rule covers.
pub(super) fn open_case(fields: &Fields, formulas: &[Formula]) -> Found {
    if formulas.iter().any(|formula| matches!(formula, Formula::Known(Some(true)))) {
        return Found::Nothing;
    }
    let all: Vec<usize> = (0..formulas.len()).collect();
    Search::new(fields, formulas).find(None, &all, &mut Case::new())
}

/// Whether a rule can hold where none of those before it does.
pub(super) fn reachable(fields: &Fields, formulas: &[Formula], place: usize) -> Found {
    let before: Vec<usize> = (0..place).collect();
    Search::new(fields, formulas).find(Some(place), &before, &mut Case::new())
}

/// Whether two rules can hold at once.
pub(super) fn overlap(fields: &Fields, first: &Formula, second: &Formula) -> Found {
    let both = [Formula::And(vec![first.clone(), second.clone()])];
    Search::new(fields, &both).find(Some(0), &[], &mut Case::new())
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
