//! How many tests passed and failed, read from what the test runners print.

/// Passed and failed tests.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed, timed out or could not be started.
    pub(crate) failed: u64,
}

impl Tally {
    /// Adds another tally.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
    }

    /// The counts in a summary line of `cargo test`, cargo-nextest or pytest; nothing in any other line.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let plain = without_colours(line);
        let text = plain.trim();
        let counts = if let Some(rest) = text.strip_prefix("test result: ") {
            rest.split_once(". ")?.1.split(';').collect::<Vec<_>>()
        } else if let Some(rest) = text.strip_prefix("Summary [") {
            rest.split_once("run: ")?.1.split(',').collect()
        } else {
            of_pytest(text)?
        };
        let mut tally = Self::default();
        for count in counts {
            let Some((number, label)) = count.trim().split_once(' ') else { continue };
            let Ok(number) = number.parse::<u64>() else { continue };
            match label.split(" (").next().unwrap_or(label) {
                "passed" => tally.passed += number,
                "failed" | "timed out" | "exec failed" | "error" | "errors" => tally.failed += number,
                _ => {}
            }
        }
        Some(tally)
    }
}

/// What pytest counts in a line such as `1 failed, 2 passed in 0.12s`, with or without a frame of equals signs.
fn of_pytest(text: &str) -> Option<Vec<&str>> {
    const LABELS: [&str; 10] = [
        "passed",
        "failed",
        "error",
        "errors",
        "skipped",
        "deselected",
        "xfailed",
        "xpassed",
        "warning",
        "warnings",
    ];
    let (counts, time) = text.trim_matches('=').trim().rsplit_once(" in ")?;
    let counts: Vec<&str> = counts.split(',').collect();
    let is_count = |count: &&str| {
        let (number, label) = count.trim().split_once(' ').unwrap_or_default();
        number.parse::<u64>().is_ok() && LABELS.contains(&label)
    };
    let is_time = time.starts_with(|first: char| first.is_ascii_digit()) && time.ends_with(['s', ')']);
    (is_time && counts.iter().all(is_count)).then_some(counts)
}

/// The line without terminal colours (`ESC [ … m`).
fn without_colours(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or("").to_owned();
    parts.fold(first, |text, part| text + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_are_read_and_other_lines_are_not() {
        let cases = [
            (
                "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s",
                Some((3, 0)),
            ),
            ("test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured", Some((2, 1))),
            ("     Summary [   0.012s] 3 tests run: 3 passed, 0 skipped", Some((3, 0))),
            (
                "     Summary [   9.1s] 9 tests run: 6 passed (1 slow), 1 failed, 2 timed out, 4 skipped",
                Some((6, 3)),
            ),
            (
                "\u{1b}[32;1m     Summary\u{1b}[0m [   0.5s] \u{1b}[1m1\u{1b}[0m test run: \u{1b}[1m1\u{1b}[0m \u{1b}[32;1mpassed\u{1b}[0m, 0 skipped",
                Some((1, 0)),
            ),
            ("96 passed in 30.12s", Some((96, 0))),
            ("\u{1b}[31m1 failed\u{1b}[0m, 2 passed, 3 skipped, 1 error in 75.10s (0:01:15)", Some((2, 2))),
            ("===== 5 passed, 1 warning in 0.03s =====", Some((5, 0))),
            ("5 passed in review", None),
            ("12 rows in 3s", None),
            ("test a::b ... ok", None),
            ("running 3 tests", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(Tally::of_line(line).map(|t| (t.passed, t.failed)), expected, "{line}");
        }
    }
}
