//! Card numbers. They must never reach a log, a backup or a trace (PCI DSS 4.0.1, requirement 3).

use probity_primitives::Code;
use std::ops::Range;

/// The code of what holds a card number.
pub const CARD_NUMBER: Code = Code::new("card-number");

/// What stands in the place of a card number in texts about a refusal.
const MASK: &str = "[card number]";

/// True when a text holds a run of 13 to 19 digits (blanks and hyphens between them do not help) that passes the Luhn
/// check. One run in ten does so by chance: right for free texts, where no such run is needed, too strict for ids.
pub fn may_hold_card_number(text: &str) -> bool {
    runs(text).any(|(_, digits)| luhn(&digits))
}

/// True when a text holds what is a card number by its check digit and by the issuers' ranges and lengths (ISO/IEC 7812).
/// Digits that are part of a word, as in most tokens, are none: one token in some sixty would be taken for a card by chance.
pub fn holds_card_number(text: &str) -> bool {
    let in_a_word = |place: &Range<usize>| {
        let before = text.get(..place.start).and_then(|before| before.chars().next_back());
        let after = text.get(place.end..).and_then(|after| after.chars().next());
        [before, after].into_iter().flatten().any(char::is_alphabetic)
    };
    runs(text).any(|(place, digits)| luhn(&digits) && issued(&digits) && !in_a_word(&place))
}

/// The text without the card numbers in it.
pub fn without_card_numbers(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (place, _) in runs(text).filter(|(_, digits)| luhn(digits)) {
        out.push_str(text.get(from..place.start).unwrap_or_default());
        out.push_str(MASK);
        from = place.end;
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

/// Runs of 13 to 19 digits, from the first digit to the last.
fn runs(text: &str) -> impl Iterator<Item = (Range<usize>, Vec<u8>)> + '_ {
    let mut letters = text.char_indices().chain([(text.len(), '\0')]);
    std::iter::from_fn(move || {
        let mut digits = Vec::new();
        let mut place = 0..0;
        for (at, c) in letters.by_ref() {
            match c {
                '0'..='9' => {
                    let start = if digits.is_empty() { at } else { place.start };
                    place = start..at + 1;
                    digits.push(c as u8 - b'0');
                }
                ' ' | '-' => {}
                _ if (13..=19).contains(&digits.len()) => return Some((place, digits)),
                _ => digits.clear(),
            }
        }
        None
    })
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| {
            let digit = u32::from(*digit);
            if at % 2 == 0 {
                digit
            } else if digit > 4 {
                digit * 2 - 9
            } else {
                digit * 2
            }
        })
        .sum();
    sum.is_multiple_of(10) && digits.iter().any(|digit| *digit != 0)
}

/// Whether a network issues numbers that begin so and are so long.
fn issued(digits: &[u8]) -> bool {
    let first_four = digits.iter().take(4).fold(0_u32, |sum, digit| sum * 10 + u32::from(*digit));
    let length = digits.len();
    match first_four {
        // Visa.
        4000..=4999 => matches!(length, 13 | 16 | 18 | 19),
        // Mastercard.
        2221..=2720 | 5100..=5599 => length == 16,
        // American Express.
        3400..=3499 | 3700..=3799 => length == 15,
        // Diners Club.
        3000..=3059 | 3095 | 3600..=3699 | 3800..=3999 => (14..=19).contains(&length),
        // JCB.
        3528..=3589 => (16..=19).contains(&length),
        // Maestro and its kin, Discover, UnionPay.
        5000..=5099 | 5600..=5899 | 6000..=6999 => (13..=19).contains(&length),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn card_numbers_are_told_from_other_digits() {
        // Test numbers of the networks; (text, passes the check digit, is one of an issuer).
        let cases = [
            ("4111111111111111", true, true),
            ("4111 1111 1111 1111", true, true),
            ("paid by 4111-1111-1111-1111, thanks", true, true),
            ("5555555555554444", true, true),
            ("2223003122003222", true, true),
            ("378282246310005", true, true),
            ("30569309025904", true, true),
            ("3530111333300000", true, true),
            ("6011111111111117", true, true),
            ("6212345678901265", true, true),
            ("4111111111111112", false, false),
            // The identity of a phone: its check digit is Luhn's, too.
            ("356938035643809", true, false),
            ("1234567890123452", true, false),
            ("0000000000000000", false, false),
            ("411111111111", false, false),
            ("41111111111111111111", false, false),
            ("tok_4111111111111111", true, true),
            ("cd4398046511105", true, false),
            ("4398046511105cd", true, false),
            ("4111x1111x1111x1111", false, false),
            ("", false, false),
        ];
        for (text, may, holds) in cases {
            assert_eq!((may_hold_card_number(text), holds_card_number(text)), (may, holds), "{text}");
        }
    }

    #[test]
    fn a_masked_text_says_the_rest() {
        for (text, masked) in [
            ("the id '4111 1111 1111 1111' holds ' '", "the id '[card number]' holds ' '"),
            ("1 and 4111111111111111.", "1 and [card number]."),
            ("a 4111111111111111 b 378282246310005", "a [card number] b [card number]"),
            ("nothing", "nothing"),
        ] {
            assert_eq!(without_card_numbers(text), masked);
        }
    }
}
