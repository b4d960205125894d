//! Why an indicator has no value, in words.

use super::compile::{Kind, Plan, Read};
use super::definition::Window;
use crate::event::Role;

/// Derived indicators within derived ones are followed no deeper; the catalogue's own go two deep.
const DEEPEST: usize = 8;

impl Plan {
    /// Why the indicator of a role has no value: over which span nothing, or too little, was known. `values` are the
    /// party's, as [`Plan::values`] gives them; of a derived indicator they say which part is missing.
    pub fn gap(&self, role: Role, name: &str, values: &[Option<f64>]) -> String {
        let mut at = self.names(role).iter().position(|known| known == name);
        let of = || self.indicators().iter().filter(|indicator| indicator.definition.of == role);
        for _ in 0..DEEPEST {
            match at.and_then(|at| of().nth(at)).map(|indicator| &indicator.kind) {
                Some(Kind::Measured(read)) => return span(read),
                Some(Kind::Derived(expression)) => {
                    let missing = |column: &usize| values.get(*column).is_none_or(Option::is_none);
                    at = expression.columns().into_iter().find(missing);
                }
                None => break,
            }
        }
        "nothing known".to_owned()
    }
}

fn span(read: &Read) -> String {
    let what = if read.minimum > 1 { "too little known" } else { "nothing known" };
    match read.window {
        Window::Days(days) | Window::Switched { long: days, .. } => format!("{what} in the last {days} days"),
        Window::Hours(hours) => format!("{what} in the last {hours} hours"),
        Window::Lifetime => format!("{what} yet"),
    }
}
