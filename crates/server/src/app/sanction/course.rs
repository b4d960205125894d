//! The course of one sanction as its events tell it, and its state at a moment.

use crate::app::docket::party_of;
use crate::app::shared::Shared;
use probity_credit::catalogue::Catalogue;
use probity_credit::event::Event;
use probity_credit::sanction::{Ground, Sanction};
use probity_primitives::{Currency, Money, Timestamp};
use serde::Serialize;

/// The steps of one sanction.
#[derive(Debug, Clone, Default)]
pub(super) struct Course {
    pub(super) id: String,
    pub(super) proposed: Option<Event>,
    pub(super) started: Option<Event>,
    pub(super) appealed: Option<Event>,
    pub(super) rejected: Option<Event>,
    pub(super) ended: Option<Event>,
}

/// What a sanction is at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// Nobody has approved it yet.
    Proposed,
    /// Nobody approved it in time.
    Lapsed,
    /// Told, and not yet in force.
    Coming,
    /// In force.
    InForce,
    /// Under appeal; in force meanwhile, or coming.
    Appealed,
    /// Lifted, or its time has passed.
    Ended,
}

impl Status {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Lapsed => "lapsed",
            Self::Coming => "coming",
            Self::InForce => "in_force",
            Self::Appealed => "appealed",
            Self::Ended => "ended",
        }
    }
}

/// A sanction as it stands at a moment. What has not happened is null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SanctionShown {
    /// Its id.
    pub id: String,
    /// The cluster of linked parties that it was started for.
    pub cluster: Option<String>,
    /// Whom it is against.
    pub party: String,
    /// `proposed`, `lapsed`, `coming`, `in_force`, `appealed` or `ended`.
    pub status: &'static str,
    /// It holds at the moment asked about.
    pub in_force: bool,
    /// `limit`, `suspend` or `terminate`.
    pub kind: String,
    /// `fraud`, `legal_order`, `rules_broken`, `risk` or `debt`.
    pub ground: String,
    /// Code of the reason.
    pub reason: String,
    /// Statement of reasons.
    pub statement: String,
    /// The most that may be open, for a limit.
    pub limit: Option<String>,
    /// Its currency, and that of `open_value`.
    pub currency: Option<String>,
    /// `rule` or `hand`.
    pub cause: Option<String>,
    /// The decision that started it.
    pub decision: Option<String>,
    /// Hash of what was proposed.
    pub content: Option<String>,
    /// Who proposed it.
    pub proposed_by: Option<String>,
    /// When.
    pub proposed_at: Option<String>,
    /// Until when it may be approved.
    pub expires_at: Option<String>,
    /// Who approved it.
    pub approved_by: Option<String>,
    /// When it was decided and told.
    pub told_at: Option<String>,
    /// When it takes effect.
    pub starts_at: Option<String>,
    /// When it ends by itself.
    pub ends_at: Option<String>,
    /// Until when it may be appealed.
    pub appeal_by: Option<String>,
    /// Orders that were open when it was decided; they stay owed.
    pub open_orders: Option<i64>,
    /// What they came to.
    pub open_value: Option<String>,
    /// When the party appealed.
    pub appealed_at: Option<String>,
    /// What it said.
    pub appeal: Option<String>,
    /// When it was lifted or its time had passed, or the appeal was rejected.
    pub answered_at: Option<String>,
    /// `lifted`, `appeal_upheld`, `appeal_rejected` or `expired`.
    pub how: Option<String>,
    /// Why.
    pub answer: Option<String>,
    /// Who decided that.
    pub decided_by: Option<String>,
}

/// Reads fields of an event by name.
pub(super) struct Fields<'a>(pub(super) &'a Catalogue, pub(super) &'a Event);

impl Fields<'_> {
    pub(super) fn text(&self, name: &str) -> Option<String> {
        self.1.text(self.0.vocabulary.get(self.1.kind), name).map(str::to_owned)
    }

    pub(super) fn integer(&self, name: &str) -> Option<i64> {
        self.1.integer(self.0.vocabulary.get(self.1.kind), name)
    }

    pub(super) fn moment(&self, name: &str) -> Option<Timestamp> {
        self.integer(name).map(Timestamp::from_millis)
    }

    fn money(&self, name: &str) -> Option<String> {
        Some(shown_money(self.integer(name)?, self.1.currency?))
    }
}

/// An amount as a decimal text.
pub(super) fn shown_money(minor: i64, currency: Currency) -> String {
    Money { minor, currency }.decimal()
}

impl Course {
    /// Takes an event in.
    fn add(&mut self, catalogue: &Catalogue, event: Event) {
        let how = Fields(catalogue, &event).text("how");
        let slot = match catalogue.vocabulary.get(event.kind).name.as_str() {
            "sanction.proposed" => &mut self.proposed,
            "sanction.started" => &mut self.started,
            "sanction.appealed" => &mut self.appealed,
            "sanction.ended" if how.as_deref() == Some("appeal_rejected") => &mut self.rejected,
            "sanction.ended" => &mut self.ended,
            _ => return,
        };
        slot.get_or_insert(event);
    }

    /// The courses that some events tell, in the order in which they began, as known at a moment.
    pub(super) fn of(shared: &Shared, events: Vec<(u64, Event)>, at: Timestamp) -> Vec<Self> {
        let catalogue = &shared.catalogue;
        let mut courses: Vec<Self> = Vec::new();
        for (_, event) in events.into_iter().filter(|(_, event)| event.known_at <= at) {
            let Some(id) = Fields(catalogue, &event).text("sanction") else { continue };
            let known = courses.iter().position(|course| course.id == id);
            let place = known.unwrap_or_else(|| {
                courses.push(Self { id, ..Self::default() });
                courses.len() - 1
            });
            if let Some(course) = courses.get_mut(place) {
                course.add(catalogue, event);
            }
        }
        courses.retain(|course| course.proposed.is_some() || course.started.is_some());
        courses
    }

    /// The event that says what the sanction is.
    pub(super) fn head(&self) -> Option<&Event> {
        self.started.as_ref().or(self.proposed.as_ref())
    }

    /// What it is and on what ground.
    pub(super) fn kind(&self, catalogue: &Catalogue) -> Option<(Sanction, Ground)> {
        let head = Fields(catalogue, self.head()?);
        Some((Sanction::parse(&head.text("kind")?)?, Ground::parse(&head.text("ground")?)?))
    }

    /// The party, written `merchant:ID`.
    pub(super) fn party(&self) -> String {
        self.head().and_then(party_of).unwrap_or_default()
    }

    fn moment(&self, catalogue: &Catalogue, name: &str) -> Option<Timestamp> {
        self.started.as_ref().and_then(|started| Fields(catalogue, started).moment(name))
    }

    pub(super) fn is_over(&self, catalogue: &Catalogue, at: Timestamp) -> bool {
        self.ended.is_some() || self.moment(catalogue, "ends_at").is_some_and(|ends_at| ends_at <= at)
    }

    /// An appeal waits for its answer.
    pub(super) fn is_appealed(&self) -> bool {
        self.appealed.is_some() && self.rejected.is_none()
    }

    /// Its state at a moment.
    pub(super) fn status(&self, catalogue: &Catalogue, at: Timestamp) -> Status {
        if self.started.is_none() {
            let expires_at =
                self.proposed.as_ref().and_then(|event| Fields(catalogue, event).moment("expires_at"));
            let lapsed = expires_at.is_some_and(|expires_at| expires_at <= at);
            return if lapsed { Status::Lapsed } else { Status::Proposed };
        }
        if self.is_over(catalogue, at) {
            Status::Ended
        } else if self.is_appealed() {
            Status::Appealed
        } else if self.moment(catalogue, "starts_at").is_some_and(|starts_at| starts_at > at) {
            Status::Coming
        } else {
            Status::InForce
        }
    }

    /// As it is shown.
    pub(super) fn shown(&self, catalogue: &Catalogue, at: Timestamp) -> Option<SanctionShown> {
        let head = Fields(catalogue, self.head()?);
        let of = |event: &Option<Event>, name: &str| {
            event.as_ref().and_then(|event| Fields(catalogue, event).text(name))
        };
        let when = |event: &Option<Event>| event.as_ref().map(|event| event.occurred_at.to_string());
        let moment = |event: &Option<Event>, name: &str| {
            let event = event.as_ref()?;
            Some(Fields(catalogue, event).moment(name)?.to_string())
        };
        let status = self.status(catalogue, at);
        let has_begun = self.moment(catalogue, "starts_at").is_some_and(|starts_at| starts_at <= at);
        let answer = if self.ended.is_some() { &self.ended } else { &self.rejected };
        Some(SanctionShown {
            id: self.id.clone(),
            cluster: head.text("cluster"),
            party: self.party(),
            status: status.as_str(),
            in_force: has_begun && !self.is_over(catalogue, at),
            kind: head.text("kind")?,
            ground: head.text("ground")?,
            reason: head.text("reason")?,
            statement: head.text("statement")?,
            limit: head.money("limit"),
            currency: head.1.currency.map(|currency| currency.code().to_owned()),
            cause: of(&self.started, "cause"),
            decision: of(&self.started, "decision"),
            content: of(&self.proposed, "content"),
            proposed_by: head.text("proposed_by"),
            proposed_at: when(&self.proposed),
            expires_at: moment(&self.proposed, "expires_at"),
            approved_by: of(&self.started, "approved_by"),
            told_at: when(&self.started),
            starts_at: moment(&self.started, "starts_at"),
            ends_at: head.moment("ends_at").map(|at| at.to_string()),
            appeal_by: moment(&self.started, "appeal_by"),
            open_orders: self.started.as_ref().and_then(|it| Fields(catalogue, it).integer("open_orders")),
            open_value: self.started.as_ref().and_then(|it| Fields(catalogue, it).money("open_value")),
            appealed_at: when(&self.appealed),
            appeal: of(&self.appealed, "statement"),
            answered_at: when(answer),
            how: of(answer, "how"),
            answer: of(answer, "statement"),
            decided_by: of(answer, "decided_by"),
        })
    }
}
