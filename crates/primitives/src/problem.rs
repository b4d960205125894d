//! A refusal that speaks to the person who can mend it.

use std::fmt;

/// A stable error code, for example `event-unknown-type`. Each has a page `docs/errors/<code>.md`;
/// `cargo xtask tidy` finds every `Code::new("…")` in the sources and fails where a page is missing.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(&'static str);

impl Code {
    /// Declares a code. Lower-case words joined by hyphens.
    pub const fn new(code: &'static str) -> Self {
        Self(code)
    }

    /// The code as it stands in answers and file names.
    pub const fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// What was refused, where, why, and how to mend it.
///
/// `at` is a JSON pointer (`/value`) for data, or `file:line:column` for definitions; empty when the whole is meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{detail}{}", prefix(.at), suffix(.hint))]
pub struct Problem {
    /// Stable code with a page of its own.
    pub code: Code,
    /// JSON pointer or `file:line:column`; empty when the whole input is meant.
    pub at: String,
    /// What is wrong, in one sentence, with the offending value where it is short and safe to show.
    pub detail: String,
    /// How to mend it, where that is known.
    pub hint: Option<String>,
}

fn prefix(at: &str) -> String {
    if at.is_empty() { String::new() } else { format!("{at}: ") }
}

fn suffix(hint: &Option<String>) -> String {
    hint.as_ref().map_or_else(String::new, |hint| format!(" ({hint})"))
}

impl Problem {
    /// A problem without a place and without a hint.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, at: String::new(), detail: detail.into(), hint: None }
    }

    /// The same problem at a place: a JSON pointer or `file:line:column`.
    #[must_use]
    pub fn at(mut self, at: impl Into<String>) -> Self {
        self.at = at.into();
        self
    }

    /// The same problem with a hint how to mend it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// Shows an untrusted text safely: control and format characters (bidi overrides, zero-width) escaped, cut at 60 characters.
pub fn shown(text: &str) -> String {
    const LONGEST: usize = 60;
    let mut out = String::new();
    for (n, c) in text.chars().enumerate() {
        if n == LONGEST {
            out.push('…');
            break;
        }
        if c.is_control() || is_format_character(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

/// Characters that change how their neighbours are shown without being seen (Unicode category Cf, the part that is used to deceive).
pub fn is_format_character(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_as_one_line() {
        let problem =
            Problem::new(Code::new("event-unknown-type"), "no such type").at("/type").hint("see the list");
        assert_eq!(problem.to_string(), "/type: no such type (see the list)");
    }

    #[test]
    fn hostile_text_is_shown_escaped_and_short() {
        assert_eq!(shown("a\u{202e}b\n"), "a\\u{202e}b\\u{a}");
        assert_eq!(shown(&"x".repeat(100)).chars().count(), 61);
    }
}
