//! What a check of the tree found.

use std::fmt;

/// One broken rule: where, what, and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    /// Path from the root, with `:line` where a line can be named.
    pub(crate) at: String,
    /// What is wrong.
    pub(crate) what: String,
    /// What to do instead.
    pub(crate) instead: String,
}

impl Finding {
    /// A finding about a whole file or folder.
    pub(crate) fn new(at: &str, what: impl Into<String>, instead: impl Into<String>) -> Self {
        Self { at: at.to_owned(), what: what.into(), instead: instead.into() }
    }

    /// A finding about one line, counted from 1.
    pub(crate) fn on_line(
        path: &str,
        line: usize,
        what: impl Into<String>,
        instead: impl Into<String>,
    ) -> Self {
        Self::new(&format!("{path}:{line}"), what, instead)
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}\n    instead: {}", self.at, self.what, self.instead)
    }
}
