//! By hand: one person proposes, another approves the very same content.

use super::asked::{
    SANCTION_CHANGED, SANCTION_ID_REUSED, SANCTION_STATE, chosen_id, conflict, person, reason, refuse,
    statement, two_persons, word,
};
use super::course::{Course, Fields, Status};
use super::read::{SanctionFile, unknown};
use super::start::Start;
use super::step::{moment, text};
use crate::app::error::AppError;
use crate::app::open::Probity;
use crate::app::prepare::Prepared;
use crate::app::shared::lock;
use probity_credit::event::{FieldValue, Party};
use probity_credit::sanction::{Ground, Sanction};
use probity_primitives::{Currency, Digest, Duration, Money, Timestamp};

/// Parties of a cluster at most: their sanctions are one batch.
const MOST_PARTIES: usize = 100;
/// How long a proposal may be approved.
const VALID: Duration = Duration::hours(72);

/// A sanction as somebody proposes it.
#[derive(Debug, Clone, Default)]
pub struct Proposal {
    /// An id of the proposer's choice, for sending it again safely; none: one is made.
    pub id: Option<String>,
    /// One party, or several that are linked.
    pub parties: Vec<Party>,
    /// `limit`, `suspend` or `terminate`.
    pub kind: String,
    /// `fraud`, `legal_order`, `rules_broken`, `risk` or `debt`.
    pub ground: String,
    /// Code of the reason.
    pub reason: String,
    /// Statement of reasons, as the party will be given it.
    pub statement: String,
    /// The most that may be open, for a limit: a decimal text in the reporting currency.
    pub limit: Option<String>,
    /// The currency of the limit.
    pub currency: Option<String>,
    /// When it ends by itself.
    pub ends_at: Option<String>,
    /// Who proposes it.
    pub by: String,
}

/// An approval.
#[derive(Debug, Clone, Default)]
pub struct Approval {
    /// Hash of what is approved, as the proposal's answer gave it.
    pub content: String,
    /// Who approves it.
    pub by: String,
}

/// A proposal that makes sense.
struct Sound {
    parties: Vec<Party>,
    kind: Sanction,
    ground: Ground,
    reason: String,
    statement: String,
    limit: Option<i64>,
    ends_at: Option<Timestamp>,
    by: String,
}

impl Sound {
    /// The hash of everything that is proposed.
    fn content(&self) -> String {
        let parties = self.parties.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        let number = |value: Option<i64>| value.map_or_else(String::new, |value| value.to_string());
        let ends_at = number(self.ends_at.map(Timestamp::millis));
        let parts = [
            parties.as_str(),
            self.kind.as_str(),
            self.ground.as_str(),
            &self.reason,
            &self.statement,
            &number(self.limit),
            &ends_at,
            &self.by,
        ];
        // Lengths in front: no two proposals read the same when joined.
        let joined: Vec<u8> = parts
            .iter()
            .flat_map(|part| [&(part.len() as u64).to_be_bytes()[..], part.as_bytes()].concat())
            .collect();
        Digest::of(&[&joined]).to_string()
    }
}

impl Probity {
    /// Proposes a sanction, which has no effect before it is approved. The same proposal under the same id once more is
    /// answered with the first. The flag says whether it is new.
    ///
    /// # Errors
    /// `sanction-invalid` and codes of texts and amounts for what makes no sense, `party-unknown`, `sanction-id-reused`.
    pub fn propose_sanction(&self, proposal: &Proposal) -> Result<(SanctionFile, bool), AppError> {
        let now = self.clock.now();
        let sound = self.sound(proposal, now)?;
        let content = sound.content();
        let chosen = proposal.id.as_deref().map(|id| chosen_id("/id", id)).transpose()?;
        let id = chosen.unwrap_or_else(|| format!("sanc_{}", uuid::Uuid::now_v7()));
        let _alone = lock(&self.shared.sanctioning);
        let known = self.courses(&id, Timestamp::LATEST)?;
        if let Some(course) = known.first() {
            let own =
                course.proposed.as_ref().and_then(|event| Fields(self.catalogue(), event).text("content"));
            if own.as_deref() != Some(content.as_str()) {
                let detail = format!("the id '{id}' stands for another sanction");
                return Err(conflict(SANCTION_ID_REUSED, detail));
            }
            return Ok((self.file(&id, &known, now)?, false));
        }
        let is_cluster = sound.parties.len() > 1;
        let mut events = Vec::with_capacity(sound.parties.len());
        for (n, party) in sound.parties.iter().enumerate() {
            let own = if is_cluster { format!("{id}.{}", n + 1) } else { id.clone() };
            let cluster = is_cluster.then_some(id.as_str());
            events.push(self.proposing(&own, cluster, party, &sound, &content, now)?);
        }
        self.write_step(events)?;
        Ok((self.file(&id, &self.courses(&id, Timestamp::LATEST)?, now)?, true))
    }

    fn sound(&self, proposal: &Proposal, now: Timestamp) -> Result<Sound, AppError> {
        let mut parties = proposal.parties.clone();
        parties.sort();
        parties.dedup();
        if parties.len() != proposal.parties.len() {
            return Err(refuse("/cluster", "a party is named twice"));
        }
        if !(1..=MOST_PARTIES).contains(&parties.len()) {
            return Err(refuse("/cluster", format!("a sanction is against 1 to {MOST_PARTIES} parties")));
        }
        let kind = word(
            "/kind",
            &proposal.kind,
            Sanction::parse(&proposal.kind),
            &Sanction::ALL.map(Sanction::as_str),
        )?;
        let ground = word(
            "/ground",
            &proposal.ground,
            Ground::parse(&proposal.ground),
            &Ground::ALL.map(Ground::as_str),
        )?;
        let sound = Sound {
            reason: reason("/reason", &proposal.reason)?,
            statement: statement("/statement", &proposal.statement)?,
            limit: self.limit(proposal, kind)?,
            ends_at: self.ends_at(proposal, kind, ground, now)?,
            by: person("/by", &proposal.by)?,
            parties,
            kind,
            ground,
        };
        sound.parties.iter().try_for_each(|party| self.number(party).map(drop))?;
        Ok(sound)
    }

    fn limit(&self, proposal: &Proposal, kind: Sanction) -> Result<Option<i64>, AppError> {
        let reporting = self.catalogue().rates.reporting;
        match (kind, &proposal.limit, &proposal.currency) {
            (Sanction::Limit, None, _) => Err(refuse("/limit", "a limit needs its amount")),
            (Sanction::Limit, Some(amount), currency) => {
                let given = currency.as_deref().map(Currency::try_new).transpose();
                if given.map_err(|problem| problem.at("/currency"))?.is_some_and(|given| given != reporting) {
                    let detail = format!("limits are in the reporting currency, {}", reporting.code());
                    return Err(refuse("/currency", detail));
                }
                let amount = Money::parse(amount, reporting).map_err(|problem| problem.at("/limit"))?;
                if amount.minor < 0 {
                    return Err(refuse("/limit", "a limit is not below zero"));
                }
                Ok(Some(amount.minor))
            }
            (_, None, None) => Ok(None),
            (_, Some(_), _) => Err(refuse("/limit", "only a limit has an amount")),
            (_, None, Some(_)) => Err(refuse("/currency", "only a limit has a currency")),
        }
    }

    fn ends_at(
        &self,
        proposal: &Proposal,
        kind: Sanction,
        ground: Ground,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, AppError> {
        let Some(text) = &proposal.ends_at else { return Ok(None) };
        let ends_at = Timestamp::parse(text).map_err(|problem| problem.at("/ends_at"))?;
        if kind == Sanction::Terminate {
            return Err(refuse("/ends_at", "a termination does not end by itself; it is lifted"));
        }
        let starts_at = self.catalogue().notices.procedure(kind, ground, now).starts_at;
        if ends_at <= starts_at {
            return Err(refuse("/ends_at", format!("{ends_at} is not after the start, {starts_at}")));
        }
        Ok(Some(ends_at))
    }

    fn proposing(
        &self,
        id: &str,
        cluster: Option<&str>,
        party: &Party,
        sound: &Sound,
        content: &str,
        now: Timestamp,
    ) -> Result<Prepared, AppError> {
        let fields = vec![
            ("sanction", text(id)),
            ("kind", text(sound.kind.as_str())),
            ("ground", text(sound.ground.as_str())),
            ("reason", text(&sound.reason)),
            ("statement", text(&sound.statement)),
            ("limit", sound.limit.map(FieldValue::Integer)),
            ("ends_at", sound.ends_at.and_then(moment)),
            ("expires_at", moment(now.plus(VALID))),
            ("content", text(content)),
            ("cluster", cluster.and_then(text)),
            ("proposed_by", text(&sound.by)),
        ];
        self.step("sanction.proposed", &format!("{id}.proposed"), party, now, fields)
    }

    /// Approves a proposal: its sanctions start, all of them or none. The same approval once more is answered as before.
    ///
    /// # Errors
    /// `sanction-unknown`, `sanction-changed` when the approval names other content than was proposed,
    /// `sanction-same-person`, `sanction-state` when it cannot be approved any more.
    pub fn approve_sanction(&self, id: &str, approval: &Approval) -> Result<SanctionFile, AppError> {
        let now = self.clock.now();
        let by = person("/by", &approval.by)?;
        let _alone = lock(&self.shared.sanctioning);
        let courses = self.courses(id, Timestamp::LATEST)?;
        let catalogue = self.catalogue();
        let Some(first) = courses.first() else { return Err(unknown(id)) };
        let Some(proposed) = first.proposed.as_ref().map(|event| Fields(catalogue, event)) else {
            return Err(conflict(
                SANCTION_STATE,
                "a rule started this sanction; there is nothing to approve",
            ));
        };
        if let Some(cluster) = proposed.text("cluster").filter(|cluster| cluster != id) {
            let detail = format!("this sanction is one of a cluster; approve '{cluster}' as a whole");
            return Err(conflict(SANCTION_STATE, detail));
        }
        if proposed.text("content").as_deref() != Some(approval.content.as_str()) {
            let detail = "the approval names other content than what was proposed; read it again";
            return Err(conflict(SANCTION_CHANGED, detail));
        }
        let proposer = proposed.text("proposed_by").unwrap_or_default();
        two_persons("/by", &proposer, &by, "proposed it")?;
        if let Some(started) = &first.started {
            let before = Fields(catalogue, started).text("approved_by").unwrap_or_default();
            if super::asked::is_same(&before, &by) {
                return self.file(id, &courses, now);
            }
            return Err(conflict(SANCTION_STATE, "it was approved already, by somebody else"));
        }
        if first.status(catalogue, now) == Status::Lapsed {
            return Err(conflict(SANCTION_STATE, "it was not approved in time; propose it anew"));
        }
        let mut events = Vec::new();
        for course in &courses {
            events.extend(self.approving(course, &proposer, &by, now)?);
        }
        self.write_step(events)?;
        self.file(id, &self.courses(id, Timestamp::LATEST)?, now)
    }

    fn approving(
        &self,
        course: &Course,
        proposer: &str,
        by: &str,
        now: Timestamp,
    ) -> Result<Vec<Prepared>, AppError> {
        let catalogue = self.catalogue();
        let proposed = course.proposed.as_ref().map(|event| Fields(catalogue, event));
        let broken = || AppError::internal(format!("the proposal {} cannot be read", course.id));
        let party = Party::parse(&course.party());
        let ((proposed, party), (kind, ground)) =
            proposed.zip(party).zip(course.kind(catalogue)).ok_or_else(broken)?;
        let ends_at = proposed.moment("ends_at");
        let starts_at = catalogue.notices.procedure(kind, ground, now).starts_at;
        if ends_at.is_some_and(|ends_at| ends_at <= starts_at) {
            let detail = format!("it would end before it starts, at {starts_at}; propose it anew");
            return Err(conflict(SANCTION_STATE, detail));
        }
        let (reason, statement) = (proposed.text("reason"), proposed.text("statement"));
        let cluster = proposed.text("cluster");
        let start = Start {
            id: &course.id,
            party: &party,
            cluster: cluster.as_deref(),
            kind,
            ground,
            reason: &reason.unwrap_or_default(),
            statement: &statement.unwrap_or_default(),
            limit: proposed.integer("limit"),
            ends_at,
            cause: "hand",
            decision: None,
            persons: Some((proposer, by)),
        };
        self.starting(now, &start, self.open_orders(&party)?)
    }
}
