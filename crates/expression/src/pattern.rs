//! LIKE patterns: `%` any text, `_` one character, `\` takes the next character literally.

/// A checked pattern, ready to match.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pattern {
    /// No wildcard.
    Exact(Box<str>),
    /// `abc%`
    Prefix(Box<str>),
    /// `%abc`
    Suffix(Box<str>),
    /// `%abc%`
    Contains(Box<str>),
    /// Anything else.
    General(Vec<Piece>),
}

/// One element of a general pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Any text, also none.
    Any,
    /// Any one character.
    One,
    /// This character.
    Is(char),
}

impl Pattern {
    /// Reads a pattern; `None` when it ends in a lone backslash.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut pieces: Vec<Piece> = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            pieces.push(match c {
                '%' if pieces.last() == Some(&Piece::Any) => continue,
                '%' => Piece::Any,
                '_' => Piece::One,
                '\\' => Piece::Is(rest.next()?),
                c => Piece::Is(c),
            });
        }
        Some(Self::simplest(pieces))
    }

    fn simplest(pieces: Vec<Piece>) -> Self {
        let text = |pieces: &[Piece]| -> Option<Box<str>> {
            pieces.iter().map(|piece| if let Piece::Is(c) = piece { Some(*c) } else { None }).collect::<Option<String>>().map(Into::into)
        };
        let simple = match pieces.as_slice() {
            [Piece::Any, inner @ .., Piece::Any] => text(inner).map(Self::Contains),
            [Piece::Any, inner @ ..] => text(inner).map(Self::Suffix),
            [inner @ .., Piece::Any] => text(inner).map(Self::Prefix),
            all => text(all).map(Self::Exact),
        };
        simple.unwrap_or(Self::General(pieces))
    }

    /// Does the whole text match?
    pub(crate) fn matches(&self, text: &str) -> bool {
        match self {
            Self::Exact(exact) => text == &**exact,
            Self::Prefix(prefix) => text.starts_with(&**prefix),
            Self::Suffix(suffix) => text.ends_with(&**suffix),
            Self::Contains(inner) => text.contains(&**inner),
            Self::General(pieces) => general(pieces, text),
        }
    }
}

/// Matches greedily with one point of return, the latest `%`: at most pattern × text steps, no recursion.
fn general(pieces: &[Piece], text: &str) -> bool {
    let mut piece = 0;
    let mut rest = text.chars();
    let mut back: Option<(usize, std::str::Chars<'_>)> = None;
    loop {
        let before = rest.clone();
        match (pieces.get(piece), rest.next()) {
            (Some(Piece::Any), _) => {
                rest = before;
                piece += 1;
                back = Some((piece, rest.clone()));
            }
            (None, None) => return true,
            (Some(Piece::One), Some(_)) => piece += 1,
            (Some(Piece::Is(expected)), Some(c)) if *expected == c => piece += 1,
            (_, None) => return false,
            (_, Some(_)) => {
                let Some((after, from)) = &mut back else { return false };
                if from.next().is_none() {
                    return false;
                }
                piece = *after;
                rest = from.clone();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn simple(pieces: &[Piece], text: &[char]) -> bool {
        match (pieces.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((Piece::Any, rest)), tail) => {
                simple(rest, text) || tail.is_some_and(|(_, tail)| simple(pieces, tail))
            }
            (Some((Piece::One, rest)), Some((_, tail))) => simple(rest, tail),
            (Some((Piece::Is(c), rest)), Some((d, tail))) => c == d && simple(rest, tail),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn matching_equals_the_recursive_definition(pattern in "[ab%_é]{0,7}", text in "[abé]{0,9}") {
            let pieces: Vec<Piece> = pattern.chars().map(|c| match c {
                '%' => Piece::Any,
                '_' => Piece::One,
                c => Piece::Is(c),
            }).collect();
            let text_chars: Vec<char> = text.chars().collect();
            let expected = simple(&pieces, &text_chars);
            prop_assert_eq!(Pattern::parse(&pattern).unwrap().matches(&text), expected);
            prop_assert_eq!(general(&pieces, &text), expected);
        }
    }

    #[test]
    fn a_backslash_escapes() {
        assert!(Pattern::parse("50\\%").unwrap().matches("50%"));
        assert!(!Pattern::parse("50\\%").unwrap().matches("500"));
        assert_eq!(Pattern::parse("x\\"), None);
    }
}
