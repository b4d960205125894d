//! Cursors: where the next page begins, and of which question. Opaque to the asker.

use super::problem::Failure;
use axum::http::StatusCode;
use probity_primitives::{Code, Digest};

const CURSOR_INVALID: Code = Code::new("cursor-invalid");

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Bytes of the question's hash in front of the position.
const HASHED: usize = 8;
/// No cursor of ours is longer, in characters.
const LONGEST: usize = 512;

/// The hash of a question: what it is about and its filters.
pub(crate) struct Question([u8; HASHED]);

impl Question {
    /// Of everything that must not change between pages.
    pub(crate) fn of(parts: &[&str]) -> Self {
        let joined = parts.join("\n");
        let half = Digest::of(&[joined.as_bytes()]).half();
        let mut hash = [0; HASHED];
        hash.iter_mut().zip(half).for_each(|(to, from)| *to = from);
        Self(hash)
    }

    /// The cursor of a position.
    pub(crate) fn cursor(&self, position: &str) -> String {
        encode(&[&self.0[..], position.as_bytes()].concat())
    }

    /// The position of a cursor.
    ///
    /// # Errors
    /// `cursor-invalid` for what is no cursor, or one of another question.
    pub(crate) fn position(&self, cursor: &str) -> Result<String, Failure> {
        let refuse = |detail: &str| Failure::new(StatusCode::BAD_REQUEST, CURSOR_INVALID, detail);
        let bytes = decode(cursor).ok_or_else(|| refuse("this is not a cursor that this server gave"))?;
        let (hash, position) = bytes
            .split_at_checked(HASHED)
            .ok_or_else(|| refuse("this is not a cursor that this server gave"))?;
        if hash != self.0 {
            return Err(refuse("the cursor belongs to another question; start again without one"));
        }
        String::from_utf8(position.to_vec()).map_err(|_| refuse("this is not a cursor that this server gave"))
    }

    /// The position of a cursor, as a number.
    ///
    /// # Errors
    /// As [`Question::position`].
    pub(crate) fn number(&self, cursor: &str) -> Result<u64, Failure> {
        let refuse = || Failure::new(StatusCode::BAD_REQUEST, CURSOR_INVALID, "the cursor names no place");
        self.position(cursor)?.parse().map_err(|_| refuse())
    }
}

/// Base64 for addresses (RFC 4648 section 5), without padding.
fn encode(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len() * 4 / 3 + 2);
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..=chunk.len() {
            let six = bits >> (18 - 6 * place) & 63;
            out.extend(ALPHABET.get(six as usize).map(|letter| char::from(*letter)));
        }
    }
    out
}

fn decode(text: &str) -> Option<Vec<u8>> {
    if text.len() > LONGEST || text.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.as_bytes().chunks(4) {
        let mut bits = 0u32;
        for letter in chunk {
            bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|known| known == letter)?).ok()?;
        }
        bits <<= 6 * (4 - chunk.len());
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend(bytes.iter().take(chunk.len() - 1));
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_leads_back_to_its_position_and_to_no_other_question() {
        let question = Question::of(&["parties", "merchant", "-score"]);
        for position in ["", "a", "ab", "abc", "612 merchant-ü", "18446744073709551615"] {
            assert_eq!(question.position(&question.cursor(position)).unwrap(), position);
        }
        let cursor = question.cursor("1");
        for (question, cursor) in [
            (Question::of(&["parties", "buyer", "-score"]), cursor.as_str()),
            (Question::of(&["parties", "merchant", "-score"]), "not a cursor"),
            (Question::of(&["parties", "merchant", "-score"]), "A"),
            (Question::of(&["parties", "merchant", "-score"]), ""),
        ] {
            assert_eq!(question.position(cursor).unwrap_err().status.as_u16(), 400, "{cursor}");
        }
    }
}
