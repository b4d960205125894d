//! A candidate's answer to a request.

use super::super::decide::used_up;
use super::asking::Candidate;
use probity_credit::decision::{PartyLimits, Ruling, rule};
use probity_expression::{Faults, Row, Value};

/// The answer of a candidate to what a row tells. Reasons of scores are left out: nobody is told them.
pub(super) fn answered<R: Row>(
    candidate: &Candidate<'_>,
    row: &R,
    amount: Option<i64>,
    [merchant, buyer]: [Option<PartyLimits<'_>>; 2],
) -> Ruling {
    let applied = candidate.policy.apply(row);
    rule(candidate.policy, &applied, amount, merchant, buyer, &used_up, &|_| Vec::new())
}

/// The segment of a request, if requests are grouped so.
pub(super) fn segment<R: Row>(candidate: &Candidate<'_>, row: &R) -> Option<String> {
    let expression = candidate.segment.as_ref()?;
    Some(match expression.evaluate(row, &mut Faults::default()) {
        Value::Null => "unknown".to_owned(),
        Value::Boolean(value) => value.to_string(),
        Value::Integer(value) => value.to_string(),
        Value::Double(value) => value.to_string(),
        Value::Text(text) => text.to_owned(),
    })
}
