//! Appeals, their answers, ends by hand, and ends by the passing of time.

use super::asked::{SANCTION_STATE, conflict, is_same, person, refuse, statement, two_persons, word};
use super::course::{Course, Fields};
use super::read::{SanctionFile, unknown};
use super::step::text;
use crate::app::docket;
use crate::app::error::AppError;
use crate::app::open::Probity;
use crate::app::shared::lock;
use probity_credit::event::Party;
use probity_primitives::Timestamp;
use std::sync::atomic::Ordering;

/// What is said of a sanction whose time has passed.
const EXPIRED: &str = "The time for which it was set has passed. 期限已满。";

/// An appeal.
#[derive(Debug, Clone, Default)]
pub struct Appeal {
    /// Who appeals: the party whom the sanction is against.
    pub party: String,
    /// What it says.
    pub statement: String,
}

/// The answer to an appeal, or a lift.
#[derive(Debug, Clone, Default)]
pub struct Ending {
    /// `appeal_upheld`, `appeal_rejected` or `lifted`.
    pub how: String,
    /// Why.
    pub statement: String,
    /// Who decides.
    pub decided_by: String,
    /// Who approves that.
    pub approved_by: String,
}

impl Probity {
    /// The one sanction of an id that has started.
    fn begun(&self, id: &str) -> Result<Course, AppError> {
        let mut courses = self.courses(id, Timestamp::LATEST)?;
        if courses.len() > 1 || courses.iter().any(|course| course.id != id) {
            let own: Vec<&str> = courses.iter().map(|course| course.id.as_str()).collect();
            let detail = format!("this is a cluster; name one of its sanctions: {}", own.join(", "));
            return Err(conflict(SANCTION_STATE, detail));
        }
        let course = courses.pop().ok_or_else(|| unknown(id))?;
        if course.started.is_none() {
            return Err(conflict(SANCTION_STATE, "it was proposed and never approved; nothing is in force"));
        }
        Ok(course)
    }

    /// The party appeals; the sanction stays as it is meanwhile. The same appeal once more is answered as before.
    ///
    /// # Errors
    /// `sanction-unknown`, `sanction-invalid`, `sanction-state` when it is too late, over, or was appealed before.
    pub fn appeal_sanction(&self, id: &str, appeal: &Appeal) -> Result<SanctionFile, AppError> {
        let now = self.clock.now();
        let said = statement("/statement", &appeal.statement)?;
        let _alone = lock(&self.shared.sanctioning);
        let course = self.begun(id)?;
        let catalogue = self.catalogue();
        let party = Party::parse(&course.party()).filter(|party| party.to_string() == appeal.party);
        let Some(party) = party else {
            return Err(refuse("/party", "only the party whom the sanction is against can appeal"));
        };
        if let Some(before) = &course.appealed {
            if Fields(catalogue, before).text("statement").as_deref() == Some(said.as_str()) {
                return self.file(id, &[course], now);
            }
            return Err(conflict(SANCTION_STATE, "it was appealed before; a sanction is appealed once"));
        }
        if course.is_over(catalogue, now) {
            return Err(conflict(SANCTION_STATE, "it is over"));
        }
        let until = course.started.as_ref().and_then(|event| Fields(catalogue, event).moment("appeal_by"));
        if let Some(until) = until.filter(|until| *until < now) {
            return Err(conflict(SANCTION_STATE, format!("it could be appealed until {until}")));
        }
        let fields = vec![("sanction", text(id)), ("statement", text(&said))];
        let event = self.step("sanction.appealed", &format!("{id}.appealed"), &party, now, fields)?;
        self.write_step(vec![event])?;
        self.file(id, &self.courses(id, Timestamp::LATEST)?, now)
    }

    /// Two persons answer an appeal, or lift a sanction. The same once more is answered as before.
    ///
    /// # Errors
    /// `sanction-unknown`, `sanction-invalid`, `sanction-same-person`, `sanction-state`.
    pub fn end_sanction(&self, id: &str, ending: &Ending) -> Result<SanctionFile, AppError> {
        let now = self.clock.now();
        let words = ["appeal_upheld", "appeal_rejected", "lifted"];
        let found = words.contains(&ending.how.as_str()).then_some(ending.how.as_str());
        let how = word("/how", &ending.how, found, &words)?;
        let said = statement("/statement", &ending.statement)?;
        let decided_by = person("/decided_by", &ending.decided_by)?;
        let approved_by = person("/approved_by", &ending.approved_by)?;
        two_persons("/approved_by", &decided_by, &approved_by, "decided it")?;
        let _alone = lock(&self.shared.sanctioning);
        let course = self.begun(id)?;
        if self.says(&course, how, &said, &decided_by, &approved_by) {
            return self.file(id, &[course], now);
        }
        if course.is_over(self.catalogue(), now) {
            return Err(conflict(SANCTION_STATE, "it is over"));
        }
        if how != "lifted" {
            if !course.is_appealed() {
                return Err(conflict(SANCTION_STATE, "no appeal waits for an answer"));
            }
            self.not_involved(&course, &decided_by)?;
        }
        self.write_step(self.ending_of(&course, now, how, &said, Some((&decided_by, &approved_by)))?)?;
        self.file(id, &self.courses(id, Timestamp::LATEST)?, now)
    }

    /// Who decides an appeal had no part in the sanction.
    fn not_involved(&self, course: &Course, decided_by: &str) -> Result<(), AppError> {
        let started = course.started.as_ref().map(|event| Fields(self.catalogue(), event));
        let involved =
            |name: &str| started.as_ref().and_then(|started| started.text(name)).unwrap_or_default();
        two_persons("/decided_by", &involved("proposed_by"), decided_by, "proposed the sanction")?;
        two_persons("/decided_by", &involved("approved_by"), decided_by, "approved the sanction")
    }

    /// Whether a sanction was ended, or its appeal answered, in these very words.
    fn says(&self, course: &Course, how: &str, said: &str, decided_by: &str, approved_by: &str) -> bool {
        let answers = [&course.ended, &course.rejected];
        answers.into_iter().flatten().map(|event| Fields(self.catalogue(), event)).any(|answer| {
            let is = |name: &str, value: &str| answer.text(name).is_some_and(|own| is_same(&own, value));
            is("how", how)
                && answer.text("statement").as_deref() == Some(said)
                && is("decided_by", decided_by)
                && is("approved_by", approved_by)
        })
    }

    /// True when the time of a sanction may have passed without its end being written down.
    pub fn is_sanction_over(&self) -> bool {
        self.shared.next_ending.load(Ordering::Acquire) <= self.clock.now().millis()
    }

    /// Writes down the ends of sanctions whose time has passed, each once, as of its own moment; says how many.
    ///
    /// # Errors
    /// Those of the store.
    pub fn end_sanctions_due(&self) -> Result<u64, AppError> {
        let now = self.clock.now();
        let _alone = lock(&self.shared.sanctioning);
        // Whatever starts while this looks makes it earlier again.
        self.shared.next_ending.store(i64::MAX, Ordering::Release);
        let ended = self.end_all_due(now);
        if ended.is_err() {
            self.shared.next_ending.fetch_min(now.millis(), Ordering::AcqRel);
        }
        ended
    }

    fn end_all_due(&self, now: Timestamp) -> Result<u64, AppError> {
        let mut ended = 0;
        for start in Course::of(&self.shared, self.filed(docket::ending())?, Timestamp::LATEST) {
            let started = start.started.as_ref().map(|event| Fields(self.catalogue(), event));
            let Some(ends_at) = started.and_then(|started| started.moment("ends_at")) else { continue };
            let courses = self.courses(&start.id, Timestamp::LATEST)?;
            let Some(course) = courses.first().filter(|course| course.ended.is_none()) else { continue };
            if ends_at > now {
                self.shared.next_ending.fetch_min(ends_at.millis(), Ordering::AcqRel);
                continue;
            }
            self.write_step(self.ending_of(course, ends_at, "expired", EXPIRED, None)?)?;
            ended += 1;
        }
        Ok(ended)
    }
}
