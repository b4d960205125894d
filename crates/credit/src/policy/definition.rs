//! A policy as it was read and checked.

use super::fields::Fields;
use super::index::Index;
use super::request::RequestKind;
use crate::event::Role;
use crate::sanction::{Ground, Sanction};
use probity_expression::{Expression, Type};
use probity_primitives::{Digest, Duration};
use serde::Serialize;

/// The answer to a request, from the mildest to the gravest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Yes.
    Approve,
    /// Yes, up to the limit.
    ApproveWithLimit,
    /// Yes, after a further proof.
    StepUp,
    /// A person looks first.
    Review,
    /// No.
    Decline,
}

impl Outcome {
    /// All of them, from the mildest.
    pub const ALL: [Self; 5] =
        [Self::Approve, Self::ApproveWithLimit, Self::StepUp, Self::Review, Self::Decline];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::ApproveWithLimit => "approve_with_limit",
            Self::StepUp => "step_up",
            Self::Review => "review",
            Self::Decline => "decline",
        }
    }

    /// The outcome of that name; there is none for any other.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// Why an answer is as it is, for the subject.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Stable code, unique in the policy.
    pub code: String,
    /// What it is, in English.
    pub text: String,
    /// What would change it, in English.
    pub advice: String,
    /// What it is, in Chinese.
    pub text_zh: String,
    /// What would change it, in Chinese.
    pub advice_zh: String,
}

/// Which of the rules that hold count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Hit {
    /// The first.
    First,
    /// All of them together.
    All,
    /// The one of the highest priority; of equals the first.
    Priority,
}

/// What a rule that holds adds to the answer.
#[derive(Debug, Clone, Default)]
pub struct Effect {
    /// The outcome; of several the gravest counts.
    pub outcome: Option<Outcome>,
    /// The most that may be open, in the reporting currency; of several the least counts.
    pub limit: Option<Expression>,
    /// A discount in basis points; of several the least counts.
    pub discount: Option<u32>,
    /// Time until a payout; of several the longest counts.
    pub payout_delay: Option<Duration>,
    /// Share of payouts held back, in basis points; of several the most counts.
    pub reserve: Option<u32>,
    /// Deposit asked for, in the reporting currency; of several the most counts.
    pub deposit: Option<Expression>,
    /// Share of a loss that the protection covers, in basis points; of several the least counts.
    pub cover: Option<u32>,
    /// The further proof that is asked for.
    pub step_up: Option<String>,
    /// A sanction to be started, against whom and on what ground.
    pub sanction: Option<(Sanction, Role, Ground)>,
    /// The queue in which a case is opened.
    pub case: Option<String>,
    /// The reason, by its place.
    pub reason: Option<usize>,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, unique in the table.
    pub name: String,
    /// Its condition; without one it always holds.
    pub when: Option<Expression>,
    /// Its priority, for tables that go by it.
    pub priority: i64,
    /// What it adds.
    pub effect: Effect,
}

/// A table of rules.
#[derive(Debug)]
pub struct Table {
    /// Its name, unique in the policy.
    pub name: String,
    /// For people.
    pub title: String,
    /// Which rules count.
    pub hit: Hit,
    /// Its rules, in order.
    pub rules: Vec<Rule>,
    pub(super) index: Index,
}

/// A policy for requests of one kind.
#[derive(Debug)]
pub struct Policy {
    pub(super) name: String,
    pub(super) title: String,
    pub(super) reasoning: String,
    pub(super) fields: Fields,
    pub(super) attributes: Vec<(String, Type)>,
    pub(super) reserves: bool,
    pub(super) time_to_live: Duration,
    pub(super) tables: Vec<Table>,
    pub(super) reasons: Vec<Reason>,
    pub(super) notes: Vec<String>,
    pub(super) columns: Vec<usize>,
    pub(super) hash: Digest,
}

impl Policy {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// For people.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// Why it is as it is.
    pub fn reasoning(&self) -> &str {
        &self.reasoning
    }

    /// The kind of request it decides.
    pub fn kind(&self) -> RequestKind {
        self.fields.kind()
    }

    /// The columns of its conditions.
    pub const fn fields(&self) -> &Fields {
        &self.fields
    }

    /// Attributes that its requests may bring, with their types.
    pub fn attributes(&self) -> &[(String, Type)] {
        &self.attributes
    }

    /// Whether an approval holds the amount until the order is confirmed, released or too old.
    pub const fn reserves(&self) -> bool {
        self.reserves
    }

    /// How long an answer stands.
    pub const fn time_to_live(&self) -> Duration {
        self.time_to_live
    }

    /// Its tables, in order.
    pub fn tables(&self) -> &[Table] {
        &self.tables
    }

    /// Its reasons.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    /// What was noticed when it was loaded and is no error: rules that overlap.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The columns that it reads, each once, ascending.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// The hash of its file.
    pub const fn hash(&self) -> Digest {
        self.hash
    }
}
