//! The only place that writes to the terminal.
//!
//! A reader that went away (`| head`) is no failure of ours, so a failing write is ignored.

use std::io::{Write, stderr, stdout};

/// A line of the answer.
pub(crate) fn say(line: &str) {
    drop(writeln!(stdout(), "{line}"));
}

/// A line about progress or about what went wrong; kept apart from the answer.
pub(crate) fn note(line: &str) {
    drop(writeln!(stderr(), "{line}"));
}

/// A heading that separates the output of two steps.
pub(crate) fn heading(title: &str) {
    note(&format!("\n=== {title} ==="));
}
