//! The only place that writes to the terminal.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "developer commands speak through the terminal"
)]

/// A line of the answer.
pub(crate) fn say(line: &str) {
    println!("{line}");
}

/// A line about progress or about what went wrong; kept apart from the answer.
pub(crate) fn note(line: &str) {
    eprintln!("{line}");
}

/// A heading that separates the output of two steps.
pub(crate) fn heading(title: &str) {
    eprintln!("\n=== {title} ===");
}
