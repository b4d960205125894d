//! The answers of a challenger that would have been others.

use super::super::decide::{answer_of, record_of};
use super::super::docket;
use super::super::error::AppError;
use super::super::open::Probity;
use probity_credit::decision::{Granted, Record};
use probity_credit::event::key_of;
use probity_credit::order::DERIVED_SOURCE;
use probity_store::Reader;
use serde::Serialize;

/// Which way a challenger's answer goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// What went ahead would not have.
    Stopped,
    /// It would have gone ahead with less.
    Cut,
    /// What did not go ahead would have.
    LetThrough,
    /// It would have gone ahead with more.
    Raised,
    /// As much would have gone ahead, on other terms or after other proofs.
    Otherwise,
}

impl Direction {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Stopped, Self::Cut, Self::LetThrough, Self::Raised, Self::Otherwise];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::Cut => "cut",
            Self::LetThrough => "let_through",
            Self::Raised => "raised",
            Self::Otherwise => "otherwise",
        }
    }

    /// From the answer that counted to the challenger's.
    pub(super) fn of(live: &Record, challenger: &Record) -> Self {
        match (goes_ahead(live), goes_ahead(challenger)) {
            (Some(_), None) => Self::Stopped,
            (None, Some(_)) => Self::LetThrough,
            (Some(with), Some(other)) if other < with => Self::Cut,
            (Some(with), Some(other)) if other > with => Self::Raised,
            _ => Self::Otherwise,
        }
    }
}

/// With how much a request goes ahead, in minor units; none when it does not. One about no amount goes ahead with nothing.
pub(super) fn goes_ahead(record: &Record) -> Option<i64> {
    let goes = matches!(record.outcome.as_str(), "approve" | "approve_with_limit" | "step_up");
    let amount = record.amount.unwrap_or(0);
    goes.then(|| record.terms.limit.map_or(amount, |limit| amount.min(limit)))
}

/// An answer, as far as two are compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnswerShown {
    /// The outcome.
    pub outcome: String,
    /// Its terms.
    pub terms: Granted,
    /// Codes of its reasons.
    pub reasons: Vec<String>,
    /// The rules that held, as `table.rule`.
    pub rules: Vec<String>,
    /// Scores of the merchant and the buyer, where they take part.
    pub scores: [Option<i32>; 2],
}

impl AnswerShown {
    fn of(record: &Record) -> Self {
        Self {
            outcome: record.outcome.clone(),
            terms: record.terms,
            reasons: record.reasons.iter().map(|reason| reason.code.clone()).collect(),
            rules: record.rules.iter().map(|(table, rule)| format!("{table}.{rule}")).collect(),
            scores: [&record.merchant, &record.buyer].map(|side| side.as_ref().map(|seen| seen.score)),
        }
    }
}

/// A decision that the challenger would have answered otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The decision.
    pub decision: String,
    /// When it was made.
    pub at: String,
    /// What was asked.
    pub kind: String,
    /// The merchant, written `merchant:ID`.
    pub merchant: Option<String>,
    /// The buyer.
    pub buyer: Option<String>,
    /// The order.
    pub order: Option<String>,
    /// The amount asked about, in minor units of the reporting currency.
    pub amount: Option<i64>,
    /// Which way it goes.
    pub direction: Direction,
    /// The answer that counted.
    pub live: AnswerShown,
    /// The challenger's.
    pub challenger: AnswerShown,
}

/// A page of differences, the newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DifferencePage {
    /// The differences.
    pub items: Vec<Difference>,
    /// Where the next page begins: a row number.
    pub next: Option<u64>,
}

impl Difference {
    fn of(live: &Record, challenger: &Record) -> Self {
        let party =
            |side: &Option<probity_credit::decision::SideSeen>| side.as_ref().map(|seen| seen.party.clone());
        Self {
            decision: live.id.clone(),
            at: live.at.clone(),
            kind: live.request.clone(),
            merchant: party(&live.merchant),
            buyer: party(&live.buyer),
            order: live.order.clone(),
            amount: live.amount,
            direction: Direction::of(live, challenger),
            live: AnswerShown::of(live),
            challenger: AnswerShown::of(challenger),
        }
    }
}

impl Probity {
    /// What a challenger would have answered otherwise, the newest first; `before` is the row at which the page before
    /// ended.
    ///
    /// # Errors
    /// `trial-unknown`; those of the store.
    pub fn trial_differences(
        &self,
        number: Option<u64>,
        before: Option<u64>,
        most: usize,
    ) -> Result<DifferencePage, AppError> {
        let number = self.trial(number)?.number;
        self.shared.read(|reader| {
            let mut seqs = self.shared.postings(reader, docket::of_trial(number))?;
            seqs.retain(|seq| before.is_none_or(|before| *seq < before));
            let from = seqs.len().saturating_sub(most);
            let page = seqs.get(from..).unwrap_or_default();
            let mut items = Vec::with_capacity(page.len());
            for seq in page.iter().rev() {
                let (live, challenger) = self.both(reader, *seq)?;
                items.push(Difference::of(&live, &challenger));
            }
            Ok(DifferencePage { items, next: page.first().copied().filter(|_| from > 0) })
        })
    }

    /// The answer that counted and that of the challenger, of the row that tells the latter.
    pub(super) fn both(&self, reader: &mut impl Reader, seq: u64) -> Result<(Record, Record), AppError> {
        let lost = || AppError::internal(format!("row {seq} of a trial does not tell of a decision"));
        let event = self.shared.decode(&reader.row(seq)?.ok_or_else(lost)?)?;
        let challenger = answer_of(self.catalogue(), &event)?.ok_or_else(lost)?;
        let of_live = reader.find(&key_of(DERIVED_SOURCE, &challenger.id))?.ok_or_else(lost)?;
        let event = self.shared.decode(&reader.row(of_live)?.ok_or_else(lost)?)?;
        Ok((record_of(self.catalogue(), &event)?.ok_or_else(lost)?, challenger))
    }
}
