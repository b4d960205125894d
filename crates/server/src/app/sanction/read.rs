//! Looking at sanctions: of a party at a moment, and one by its id.

use super::asked::SANCTION_UNKNOWN;
use super::course::{Course, SanctionShown, shown_money};
use crate::app::docket;
use crate::app::error::{AppError, Class};
use crate::app::open::Probity;
use crate::app::read::AsOf;
use probity_credit::event::{Event, Party};
use probity_credit::sanction::Sanctions;
use probity_primitives::problem::shown;
use probity_primitives::{Problem, Timestamp};
use probity_store::Subject;
use serde::Serialize;

/// What a party may do at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StandingShown {
    /// The most that may be open, when a limit is in force.
    pub limit: Option<String>,
    /// Its currency.
    pub currency: Option<String>,
    /// It may not trade.
    pub suspended: bool,
    /// The relation has ended.
    pub terminated: bool,
}

/// A party's sanctions at a moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SanctionsOf {
    /// The party.
    pub party: String,
    /// The moment.
    pub as_of: String,
    /// What it may do.
    pub standing: StandingShown,
    /// All that were known, oldest first.
    pub sanctions: Vec<SanctionShown>,
}

/// One sanction, or those of a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SanctionFile {
    /// The id that was asked for.
    pub id: String,
    /// The moment.
    pub as_of: String,
    /// Hash of what was proposed, which an approval names; null when a rule started it.
    pub content: Option<String>,
    /// The sanction; of a cluster, one for each of its parties.
    pub sanctions: Vec<SanctionShown>,
}

impl Probity {
    /// A party's sanctions as of a moment.
    ///
    /// # Errors
    /// `party-unknown`, `as-of-in-future`.
    pub fn sanctions_of(&self, party: &Party, as_of: AsOf) -> Result<SanctionsOf, AppError> {
        let at = self.moment(as_of)?;
        self.number(party)?;
        let catalogue = self.catalogue();
        let events = self.filed(docket::of_party(&party.to_string()))?;
        let mut sanctions = Sanctions::default();
        for (_, event) in events.iter().filter(|(_, event)| event.known_at <= at) {
            sanctions.add(&catalogue.vocabulary, &catalogue.sanctions, event);
        }
        let standing = sanctions.standing(at);
        let reporting = catalogue.rates.reporting;
        let courses = Course::of(&self.shared, events, at);
        Ok(SanctionsOf {
            party: party.to_string(),
            as_of: at.to_string(),
            standing: StandingShown {
                limit: standing.limit.map(|limit| shown_money(limit, reporting)),
                currency: standing.limit.map(|_| reporting.code().to_owned()),
                suspended: standing.suspended,
                terminated: standing.terminated,
            },
            sanctions: courses.iter().filter_map(|course| course.shown(catalogue, at)).collect(),
        })
    }

    /// A sanction, or those of a cluster, as of a moment.
    ///
    /// # Errors
    /// `sanction-unknown`, `as-of-in-future`.
    pub fn sanction(&self, id: &str, as_of: AsOf) -> Result<SanctionFile, AppError> {
        let at = self.moment(as_of)?;
        self.file(id, &self.courses(id, at)?, at)
    }

    pub(super) fn file(&self, id: &str, courses: &[Course], at: Timestamp) -> Result<SanctionFile, AppError> {
        let sanctions: Vec<SanctionShown> =
            courses.iter().filter_map(|course| course.shown(self.catalogue(), at)).collect();
        let Some(first) = sanctions.first() else { return Err(unknown(id)) };
        Ok(SanctionFile {
            id: id.to_owned(),
            as_of: at.to_string(),
            content: first.content.clone(),
            sanctions,
        })
    }

    /// The events filed under a subject, in the order of the log.
    pub(super) fn filed(&self, subject: Subject) -> Result<Vec<(u64, Event)>, AppError> {
        let shared = &self.shared;
        shared.read(|reader| {
            let seqs = shared.postings(reader, subject)?;
            shared.events_at(reader, &seqs)
        })
    }

    /// The courses of a sanction or of a cluster's sanctions; none for an id that nothing has.
    pub(super) fn courses(&self, id: &str, at: Timestamp) -> Result<Vec<Course>, AppError> {
        let own = Course::of(&self.shared, self.filed(docket::of_sanction(id))?, at);
        if own.iter().all(|course| course.id == id) {
            return Ok(own);
        }
        // A cluster: what came after the starts is filed under each sanction.
        let mut courses = Vec::with_capacity(own.len());
        for course in own {
            courses.extend(Course::of(&self.shared, self.filed(docket::of_sanction(&course.id))?, at));
        }
        Ok(courses)
    }
}

pub(super) fn unknown(id: &str) -> AppError {
    let detail = format!("no sanction has the id '{}'", shown(id));
    AppError::new(Class::Missing, Problem::new(SANCTION_UNKNOWN, detail))
}
