//! The outbox: what has to be told, to whom, in the order in which it came up.

use super::course::Fields;
use crate::app::docket::{outbox, party_of};
use crate::app::error::AppError;
use crate::app::open::Probity;
use serde::Serialize;

/// A notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Notice {
    /// Its row in the log.
    pub seq: u64,
    /// Its id.
    pub id: String,
    /// `subject` or `members`.
    pub to: String,
    /// `decision`, `sanction_started`, `appeal_answered` or `sanction_ended`.
    pub about: String,
    /// Whom it is about.
    pub party: String,
    /// The sanction.
    pub sanction: Option<String>,
    /// The decision.
    pub decision: Option<String>,
    /// Since when it is to be told.
    pub queued_at: String,
    /// In English.
    pub text_en: String,
    /// In Chinese.
    pub text_zh: String,
}

/// A page of the outbox, oldest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NoticePage {
    /// The notices.
    pub items: Vec<Notice>,
    /// Where the next page begins: after this row.
    pub next: Option<u64>,
}

impl Probity {
    /// Notices to the `subject` or to the `members` after a row of the log, oldest first.
    ///
    /// # Errors
    /// Those of the store.
    pub fn outbox(&self, to: &str, after: u64, most: usize) -> Result<NoticePage, AppError> {
        let shared = &self.shared;
        let (events, more) = shared.read(|reader| {
            let mut seqs = shared.postings(reader, outbox(to))?;
            seqs.retain(|seq| *seq > after);
            let more = seqs.len() > most;
            seqs.truncate(most);
            Ok((shared.events_at(reader, &seqs)?, more))
        })?;
        let notice = |(seq, event): &(u64, probity_credit::event::Event)| {
            let fields = Fields(self.catalogue(), event);
            Some(Notice {
                seq: *seq,
                id: fields.text("notice")?,
                to: fields.text("to")?,
                about: fields.text("about")?,
                party: party_of(event)?,
                sanction: fields.text("sanction"),
                decision: fields.text("decision"),
                queued_at: event.occurred_at.to_string(),
                text_en: fields.text("text_en")?,
                text_zh: fields.text("text_zh")?,
            })
        };
        let items: Vec<Notice> = events.iter().filter_map(notice).collect();
        let next = events.last().map(|(seq, _)| *seq).filter(|_| more);
        Ok(NoticePage { items, next })
    }
}
