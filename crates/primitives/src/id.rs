//! Ids that other systems give us.

use crate::problem::{Code, Problem, is_format_character, shown};
use std::fmt;
use unicode_normalization::is_nfc;

/// The code of every refused id.
pub const ID_INVALID: Code = Code::new("id-invalid");

/// An id given by another system: 1 to 128 characters of `A–Z a–z 0–9 . _ : @ - /`.
///
/// Nothing else is let in, so two ids that look alike are alike: no bidi overrides, no zero-width characters,
/// no homoglyphs, no decomposed letters, no control characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ExternalId(Box<str>);

impl ExternalId {
    /// The longest id, in characters.
    pub const LONGEST: usize = 128;

    /// Checks and takes an id.
    ///
    /// # Errors
    /// `id-invalid` with the first character that is not allowed, or the length.
    pub fn try_new(text: &str) -> Result<Self, Problem> {
        let refuse = |detail: String| {
            Err(Problem::new(ID_INVALID, detail).hint("1 to 128 of A-Z a-z 0-9 . _ : @ - /"))
        };
        if text.is_empty() {
            return refuse("an id is empty".into());
        }
        if text.len() > Self::LONGEST {
            return refuse(format!("an id has {} bytes, more than {}", text.len(), Self::LONGEST));
        }
        match text.chars().find(|c| !Self::allows(*c)) {
            None => Ok(Self(text.into())),
            Some(c) => refuse(format!("the id '{}' holds {} which is not allowed", shown(text), describe(c))),
        }
    }

    fn allows(c: char) -> bool {
        c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ':' | '@' | '-' | '/')
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn describe(c: char) -> String {
    format!("'{}' (U+{:04X})", shown(&c.to_string()), u32::from(c))
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The code of every refused free text.
pub const TEXT_INVALID: Code = Code::new("text-invalid");

/// Checks a free text: in normal form C, no control characters but tab and line ends, no invisible format characters,
/// at most `longest` bytes.
///
/// # Errors
/// `text-invalid` saying which rule is broken.
pub fn check_text(text: &str, longest: usize) -> Result<(), Problem> {
    let refuse = |detail: String| Err(Problem::new(TEXT_INVALID, detail));
    if text.len() > longest {
        return refuse(format!("a text has {} bytes, more than {longest}", text.len()));
    }
    let bad = |c: char| (c.is_control() && !matches!(c, '\t' | '\n' | '\r')) || is_format_character(c);
    if let Some(c) = text.chars().find(|c| bad(*c)) {
        return refuse(format!("a text holds {}", describe(c)));
    }
    if !is_nfc(text) {
        return refuse("a text is not in Unicode normal form C".into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_let_in_and_kept_out() {
        let long = "x".repeat(129);
        let cases = [
            ("e481f51cbdc54678b7cc49136f2d6af7", true),
            ("shop:7@x/y-1_2.3", true),
            ("", false),
            (long.as_str(), false),
            ("a b", false),
            ("a\u{202e}b", false),
            ("a\u{200b}", false),
            ("\u{0430}bc", false),
            ("e\u{301}", false),
            ("nul\0", false),
        ];
        for (text, good) in cases {
            assert_eq!(ExternalId::try_new(text).is_ok(), good, "{text:?}");
        }
    }

    #[test]
    fn texts_let_in_and_kept_out() {
        for (text, good) in
            [("Não chegou\n", true), ("a\u{202e}b", false), ("e\u{301}", false), ("\0", false)]
        {
            assert_eq!(check_text(text, 100).is_ok(), good, "{text:?}");
        }
        assert!(check_text(&"x".repeat(101), 100).is_err());
    }
}
