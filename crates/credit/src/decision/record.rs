//! A decision as it goes into the log: everything the answer was made of, so that it can be made again to the last digit.

use super::ruling::{Granted, Sanctioning, Told};
use crate::policy::{Outcome, Policy};
use probity_expression::{Row, Value};
use probity_primitives::{Code, Problem};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The code of a recorded decision that cannot be read.
pub const DECISION_UNREADABLE: Code = Code::new("decision-unreadable");

/// The value of a column that the policy read. Doubles stand as their bits, so that nothing is rounded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// True or false.
    Boolean(bool),
    /// Whole numbers, moments, amounts.
    Integer(i64),
    /// The bits of a double.
    Double(u64),
    /// Text.
    Text(String),
}

/// What was seen of one party.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SideSeen {
    /// The party, as people write it.
    pub party: String,
    /// Its score.
    pub score: i32,
    /// Lower end of the confidence range.
    pub low: i32,
    /// Upper end of the confidence range.
    pub high: i32,
    /// Its tier.
    pub tier: String,
    /// Less history than the scorecard asks for.
    pub thin: bool,
    /// What it had open, in minor units of the reporting currency.
    pub exposure: i64,
    /// The limit that a sanction set, if one did.
    pub sanction_limit: Option<i64>,
    /// A suspension was in force.
    pub suspended: bool,
    /// The relation had been ended.
    pub terminated: bool,
}

/// Content hashes of what made the answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Versions {
    /// Of the policy's file.
    pub policy: String,
    /// Of all definitions.
    pub catalogue: String,
}

/// The part that an answer has in a split, by which party it was divided, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InTrial {
    /// The number of the step that began the trial.
    pub trial: u64,
    /// Hash of the challenger.
    pub challenger: String,
    /// The party that was divided, as people write it.
    pub party: String,
    /// The challenger's share, in basis points.
    pub share: u32,
    /// `live` or `challenger`: by which catalogue the answer was made.
    pub arm: String,
}

/// Everything about a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The form of this document.
    pub version: u32,
    /// Its id.
    pub id: String,
    /// What was asked: the kind of request.
    pub request: String,
    /// When it was asked, RFC 3339.
    pub at: String,
    /// When the asker says it was asked, RFC 3339; nothing is decided by it.
    pub asked_at: Option<String>,
    /// The last row of the log that the answer has seen. Documents of before this was told saw all rows before their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen: Option<u64>,
    /// Digest of the request, for comparing a repeated key.
    pub fingerprint: String,
    /// The id of the request that asked.
    pub trace: String,
    /// The amount asked about, in minor units of the reporting currency.
    pub amount: Option<i64>,
    /// The order it concerns.
    pub order: Option<String>,
    /// The values that the policy read, by column; those that were null are left out.
    pub inputs: BTreeMap<String, Input>,
    /// The merchant.
    pub merchant: Option<SideSeen>,
    /// The buyer.
    pub buyer: Option<SideSeen>,
    /// The answer.
    pub outcome: String,
    /// Its terms.
    pub terms: Granted,
    /// What is held, in minor units of the reporting currency.
    pub held: i64,
    /// Further proofs asked for.
    pub step_up: Vec<String>,
    /// Sanctions that it starts; left out of the document when there are none, as in documents of before there were any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sanctions: Vec<Sanctioning>,
    /// Queues in which a case is opened.
    pub cases: Vec<String>,
    /// The reasons.
    pub reasons: Vec<Told>,
    /// The rules that held: table and rule.
    pub rules: Vec<(String, String)>,
    /// Until when it stands, RFC 3339.
    pub expires_at: String,
    /// What made it.
    pub versions: Versions,
    /// Its part in a split; left out of the document of an answer that has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<InTrial>,
}

impl Record {
    /// As text for the log.
    ///
    /// # Errors
    /// `decision-unreadable` when it cannot be written.
    pub fn encode(&self) -> Result<String, Problem> {
        serde_json::to_string(self).map_err(|error| Problem::new(DECISION_UNREADABLE, error.to_string()))
    }

    /// From text of the log.
    ///
    /// # Errors
    /// `decision-unreadable`.
    pub fn decode(text: &str) -> Result<Self, Problem> {
        serde_json::from_str(text).map_err(|error| Problem::new(DECISION_UNREADABLE, error.to_string()))
    }

    /// The outcome.
    ///
    /// # Errors
    /// `decision-unreadable` for a word that is none: an outcome is never guessed.
    pub fn outcome(&self) -> Result<Outcome, Problem> {
        Outcome::parse(&self.outcome)
            .ok_or_else(|| Problem::new(DECISION_UNREADABLE, format!("'{}' is no outcome", self.outcome)))
    }

    /// Whether another answer to the same request would do the same: outcome, terms, what is held and asked for, how long it
    /// stands. Reasons and rules may differ.
    pub fn does_the_same(&self, other: &Self) -> bool {
        let effect = |record: &Self| (record.terms, record.held, record.expires_at.clone());
        self.outcome == other.outcome
            && effect(self) == effect(other)
            && self.step_up == other.step_up
            && self.sanctions == other.sanctions
            && self.cases == other.cases
    }

    /// The values that a policy reads in a row, by column.
    pub fn inputs_of<R: Row>(policy: &Policy, row: &R) -> BTreeMap<String, Input> {
        let one = |column: &usize| {
            let value = match row.value(*column) {
                Value::Null => return None,
                Value::Boolean(value) => Input::Boolean(value),
                Value::Integer(value) => Input::Integer(value),
                Value::Double(value) => Input::Double(value.to_bits()),
                Value::Text(value) => Input::Text(value.to_owned()),
            };
            Some((policy.fields().name(*column).to_owned(), value))
        };
        policy.columns().iter().filter_map(one).collect()
    }

    /// The recorded values as a row for a policy's conditions. A column that the policy did not read when the decision was made
    /// is null.
    pub fn row<'a>(&'a self, policy: &'a Policy) -> impl Row + 'a {
        Recorded { record: self, policy }
    }
}

struct Recorded<'a> {
    record: &'a Record,
    policy: &'a Policy,
}

impl Row for Recorded<'_> {
    fn value(&self, column: usize) -> Value<'_> {
        match self.record.inputs.get(self.policy.fields().name(column)) {
            None => Value::Null,
            Some(Input::Boolean(value)) => Value::Boolean(*value),
            Some(Input::Integer(value)) => Value::Integer(*value),
            Some(Input::Double(bits)) => Value::Double(f64::from_bits(*bits)),
            Some(Input::Text(value)) => Value::Text(value),
        }
    }

    fn to_reporting(&self, _: i64) -> Option<i64> {
        None
    }
}
