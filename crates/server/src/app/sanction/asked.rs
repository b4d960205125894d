//! What people write, checked: names, texts, words of the catalogue.

use crate::app::error::{AppError, Class};
use probity_credit::event::{CARD_NUMBER, may_hold_card_number};
use probity_primitives::id::{TEXT_INVALID, check_text};
use probity_primitives::problem::shown;
use probity_primitives::{Code, Problem};

/// The code of what makes no sense in itself.
pub(super) const SANCTION_INVALID: Code = Code::new("sanction-invalid");
/// The code of an id that no sanction has.
pub(super) const SANCTION_UNKNOWN: Code = Code::new("sanction-unknown");
/// The code of a step that the state of a sanction does not allow.
pub(super) const SANCTION_STATE: Code = Code::new("sanction-state");
/// The code of a step that takes another person.
pub(super) const SANCTION_SAME_PERSON: Code = Code::new("sanction-same-person");
/// The code of an approval of something else than what was proposed.
pub(super) const SANCTION_CHANGED: Code = Code::new("sanction-changed");
/// The code of an id that stands for another proposal.
pub(super) const SANCTION_ID_REUSED: Code = Code::new("sanction-id-reused");

/// Bytes of a statement at most: with what is open it fits into the event, and into the notice.
pub(super) const LONGEST_STATEMENT: usize = 3_000;
/// Bytes of a person's name at most.
const LONGEST_NAME: usize = 100;
/// Letters of a reason's code at most.
const LONGEST_REASON: usize = 16;

/// A refusal of something that was written.
pub(super) fn refuse(at: &str, detail: impl Into<String>) -> AppError {
    Problem::new(SANCTION_INVALID, detail).at(at).into()
}

/// A refusal by what stands.
pub(super) fn conflict(code: Code, detail: impl Into<String>) -> AppError {
    AppError::new(Class::Conflict, Problem::new(code, detail))
}

/// The name of a person: visible characters only, so that nobody is taken for two.
pub(super) fn person(at: &str, text: &str) -> Result<String, AppError> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let fine =
        |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '_' | '-' | '@' | '\'' | '+' | ':' | '/');
    if text.is_empty() || text.len() > LONGEST_NAME || !text.chars().all(fine) {
        let detail = format!(
            "'{}' is not a person's name: 1 to {LONGEST_NAME} bytes of letters, digits, blanks and . _ - @ ' + : /",
            shown(&text)
        );
        return Err(refuse(at, detail));
    }
    check_text(&text, LONGEST_NAME).map_err(|problem| problem.at(at))?;
    Ok(text)
}

/// Whether two names mean one person.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    one.trim().to_lowercase() == other.trim().to_lowercase()
}

/// Two persons, or a refusal.
pub(super) fn two_persons(at: &str, one: &str, other: &str, what: &str) -> Result<(), AppError> {
    if is_same(one, other) {
        let detail = format!("'{}' {what}; it takes another person", shown(other));
        return Err(AppError::new(Class::Conflict, Problem::new(SANCTION_SAME_PERSON, detail).at(at)));
    }
    Ok(())
}

/// A statement: something must be said, and nothing that hides or deceives.
pub(super) fn statement(at: &str, text: &str) -> Result<String, AppError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(refuse(at, "nothing is said"));
    }
    check_text(text, LONGEST_STATEMENT).map_err(|problem| problem.at(at))?;
    if may_hold_card_number(text) {
        return Err(Problem::new(CARD_NUMBER, "the text holds what looks like a card number").at(at).into());
    }
    Ok(text.to_owned())
}

/// The code of a reason.
pub(super) fn reason(at: &str, text: &str) -> Result<String, AppError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > LONGEST_REASON || !text.chars().all(fine) {
        let detail =
            format!("'{}' is not a reason's code: 1 to {LONGEST_REASON} of A-Z a-z 0-9 - _ .", shown(text));
        return Err(refuse(at, detail));
    }
    Ok(text.to_owned())
}

/// One of a few words.
pub(super) fn word<T>(at: &str, text: &str, found: Option<T>, words: &[&str]) -> Result<T, AppError> {
    found.ok_or_else(|| refuse(at, format!("'{}' is none of {}", shown(text), words.join(", "))))
}

/// An id that somebody chose.
pub(super) fn chosen_id(at: &str, text: &str) -> Result<String, AppError> {
    let fine = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if text.is_empty() || text.len() > 64 || !text.chars().all(fine) {
        let detail = format!("'{}' is not 1 to 64 of A-Z a-z 0-9 - _", shown(text));
        return Err(Problem::new(TEXT_INVALID, detail).at(at).into());
    }
    Ok(text.to_owned())
}
