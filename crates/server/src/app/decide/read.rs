//! Asking for decisions, and looking at those that were made.

use super::super::error::{AppError, Class};
use super::super::inbox::Command;
use super::super::open::Probity;
use super::asked::{Asked, Form};
use super::deciding::{Ask, Closing, Decided, UNKNOWN};
use super::telling::{closed_id, record_of};
use probity_credit::decision::Record;
use probity_credit::event::{Party, key_of};
use probity_credit::order::DERIVED_SOURCE;
use probity_primitives::problem::shown;
use probity_primitives::{ExternalId, Problem, Timestamp};
use probity_store::{Reader, Subject};
use serde::Serialize;

/// Rows looked at in one go for a party's decisions.
const ROWS: usize = 500;

/// A decision and what became of it.
#[derive(Debug, Clone, Serialize)]
pub struct DecisionState {
    /// Everything about it.
    pub record: Record,
    /// `held` while an amount is held, `confirmed`, `released`, `expired`; `none` when nothing was held.
    pub status: &'static str,
}

/// A page of a party's decisions, newest first.
#[derive(Debug, Clone, Serialize)]
pub struct DecisionPage {
    /// The decisions.
    pub items: Vec<DecisionState>,
    /// Where the next page begins: a row number.
    pub next: Option<u64>,
}

/// What a party has open, and the most that it may have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ExposureOf {
    /// The party.
    pub party: String,
    /// The moment.
    pub at: String,
    /// What is open, in minor units of the reporting currency.
    pub open: i64,
    /// The ceiling of its tier, or that of a sanction when it is lower.
    pub limit: i64,
    /// Its tier.
    pub tier: String,
}

impl Probity {
    /// Checks a request; `key` is its idempotency key, `trace` the id of the call.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn asked(&self, form: &Form, key: Option<&str>, trace: &str) -> Result<Asked, AppError> {
        Ok(form.check(self.catalogue(), self.clock.now(), key, trace)?)
    }

    /// Answers requests in their order; each is on record when the answer comes, unless it was asked for `early`. Sanctions
    /// that answers ask for are still to be started: [`Probity::start_sanctions`].
    ///
    /// # Errors
    /// Those of the store, for all of them; each request has its own besides.
    pub async fn decide(
        &self,
        asked: Vec<Asked>,
        early: bool,
    ) -> Result<Vec<Result<Decided, AppError>>, AppError> {
        self.ask(|reply| Command::Ask(Ask::Decide { asked, early, reply })).await
    }

    /// The same, from a thread that may wait.
    ///
    /// # Errors
    /// As [`Probity::decide`].
    pub fn decide_and_wait(&self, asked: Vec<Asked>) -> Result<Vec<Result<Decided, AppError>>, AppError> {
        let decided = self.ask_and_wait(|reply| Command::Ask(Ask::Decide { asked, early: false, reply }))?;
        self.start_sanctions(&decided)?;
        Ok(decided)
    }

    /// Ends what an approval holds: it was used (then for `order`, if it was not named before) or given up.
    ///
    /// # Errors
    /// `decision-unknown`, `decision-holds-nothing`, `decision-closed` when it ended otherwise.
    pub async fn close_decision(
        &self,
        decision: String,
        how: Closing,
        order: Option<ExternalId>,
    ) -> Result<(), AppError> {
        self.ask(|reply| Command::Ask(Ask::Close { decision, how, order, reply })).await
    }

    /// The same, from a thread that may wait.
    ///
    /// # Errors
    /// As [`Probity::close_decision`].
    pub fn close_decision_and_wait(
        &self,
        decision: String,
        how: Closing,
        order: Option<ExternalId>,
    ) -> Result<(), AppError> {
        self.ask_and_wait(|reply| Command::Ask(Ask::Close { decision, how, order, reply }))
    }

    /// What a party has open now; nothing for one that no event names.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn exposure(&self, party: &Party) -> Result<i64, AppError> {
        let (role, id) = (party.role, party.id.clone());
        self.ask(|reply| Command::Ask(Ask::Exposure { role, id, reply })).await
    }

    /// The same, from a thread that may wait.
    ///
    /// # Errors
    /// Those of the store.
    pub fn exposure_and_wait(&self, party: &Party) -> Result<i64, AppError> {
        let (role, id) = (party.role, party.id.clone());
        self.ask_and_wait(|reply| Command::Ask(Ask::Exposure { role, id, reply }))
    }

    /// A decision.
    ///
    /// # Errors
    /// `decision-unknown`.
    pub fn decision(&self, id: &str) -> Result<DecisionState, AppError> {
        let found = self.shared.read(|reader| {
            let Some(seq) = reader.find(&key_of(DERIVED_SOURCE, id))? else { return Ok(None) };
            Ok(self.decision_at(reader, seq)?.map(|(_, state)| state))
        })?;
        found.ok_or_else(|| {
            let detail = format!("no decision has the id '{}'", shown(id));
            AppError::new(Class::Missing, Problem::new(UNKNOWN, detail))
        })
    }

    /// The decision of a row, with the moment at which it was made; none when the row tells of something else.
    pub(super) fn decision_at(
        &self,
        reader: &mut impl Reader,
        seq: u64,
    ) -> Result<Option<(Timestamp, DecisionState)>, AppError> {
        let catalogue = self.catalogue();
        let row = reader.row(seq)?.ok_or_else(|| AppError::internal(format!("row {seq} is missing")))?;
        if self.shared.codec.passes_over(&row.body) {
            return Ok(None);
        }
        let event = self.shared.decode(&row)?;
        let Some(record) = record_of(catalogue, &event)? else { return Ok(None) };
        let closing = reader.find(&key_of(DERIVED_SOURCE, &closed_id(&record.id)))?;
        let closing = closing.map(|seq| reader.row(seq)).transpose()?.flatten();
        let closing = closing.map(|row| self.shared.decode(&row)).transpose()?;
        let how = closing.as_ref().and_then(|event| event.text(catalogue.vocabulary.get(event.kind), "how"));
        let status = match how {
            Some("confirmed") => "confirmed",
            Some("released") => "released",
            Some(_) => "expired",
            None if record.held == 0 => "none",
            None if Timestamp::parse(&record.expires_at).is_ok_and(|at| at <= self.clock.now()) => "expired",
            None => "held",
        };
        Ok(Some((event.known_at, DecisionState { record, status })))
    }

    /// A party's decisions, newest first; `before` is the row at which the page before ended.
    ///
    /// # Errors
    /// `party-unknown`.
    pub fn decisions(
        &self,
        party: &Party,
        before: Option<u64>,
        most: usize,
    ) -> Result<DecisionPage, AppError> {
        let number = self.number(party)?;
        self.shared.read(|reader| {
            let mut seqs = self.shared.postings(reader, Subject::Party(number))?;
            seqs.retain(|seq| before.is_none_or(|before| *seq < before));
            let mut page = DecisionPage { items: Vec::new(), next: None };
            for piece in seqs.rchunks(ROWS) {
                for seq in piece.iter().rev() {
                    let Some((_, state)) = self.decision_at(reader, *seq)? else { continue };
                    if page.items.len() == most {
                        return Ok(page);
                    }
                    page.items.push(state);
                    page.next = Some(*seq);
                }
            }
            page.next = None;
            Ok(page)
        })
    }

    /// What a party has open against what it may.
    ///
    /// # Errors
    /// Those of the store.
    pub fn exposure_of(&self, party: &Party, open: i64) -> Result<ExposureOf, AppError> {
        let now = self.clock.now();
        let seen = self.seen_now(party, now)?;
        let limit = seen.standing.limit.unwrap_or(i64::MAX);
        let tier = self.tier_of(party.role, &seen).name;
        let ceiling =
            self.catalogue().terms(party.role).of_tier(&tier).map_or(0, |terms| terms.payment_limit);
        Ok(ExposureOf {
            party: party.to_string(),
            at: now.to_string(),
            open,
            limit: limit.min(ceiling),
            tier,
        })
    }
}
